/* The random walk of test_decide_walk.c under the procedures of protocol/rules: a county's and
 * a city's agencies, of every role that opens a matter or receives one, go through each
 * procedure by its own routes and codes, with steps out of turn between. After every event the
 * world checks that each open referral has one holder and a clock, that what was merged still
 * gets an answer, and that nothing rests above open parts. RHT_SEED repeats a walk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/step.h"
#include "load/rules.h"
#include "support/town.h"

enum { ROUNDS = 6, EVENTS = 5000, REFERRALS = 220, OPEN_MAX = 40 };

static struct rht_random source;
static uint32_t begun[RH_PROCEDURES_MAX], sent[RH_PROCEDURES_MAX], ended[RH_PROCEDURES_MAX];
static uint64_t reached[RH_STATE_COUNT];
static uint32_t merged, kept; /* merged; withdrawals refused because of others */

static uint32_t pick(uint32_t bound)
{
    return (uint32_t)rht_random_below(&source, bound);
}

static void set_text(char *out, const char *text)
{
    memcpy(out, text, strlen(text) + 1);
}

static struct rht_world *open_county(void)
{
    static const char *const county[] = {
        "procuratorate.620423",  "petitions.620423",         "court.620423",
        "police.620423",         "governance_centre.620423", "justice.620423",
        "labour.620423",         "administration.620423",    "civil_affairs.620423",
        "reporting_unit.620423", "discipline.620423",        "federation.620423",
        "education.620423",      "government.620423",
    };
    static const char *const city[] = { "procuratorate.620400", "petitions.620400",
                                        "court.620400", "police.620400" };
    char text[4096];
    struct rh_load_report report;
    struct rht_world *w = rht_world_open();
    uint32_t above[4];
    rh_load_report_init(&report, text, sizeof(text));
    if (rh_load_rules(RHT_SOURCE_DIR "/protocol/rules", w->rules, NULL, &report) != RH_OK)
        fail_msg("%s", text);
    for (size_t i = 0; i < 4; i++)
        above[i] = rht_world_agency(w, city[i], 0);
    for (size_t i = 0; i < sizeof(county) / sizeof(county[0]); i++)
        (void)rht_world_agency(w, county[i], i < 4 ? above[i] : 0);
    return w;
}

static uint32_t any_agency(const struct rht_world *w)
{
    return HUB_AGENCY_FIRST + pick(w->agency_count);
}

/* One of that role, if the county has one. */
static uint32_t of_role(const struct rht_world *w, const char *role)
{
    uint32_t first = pick(w->agency_count);
    for (uint32_t i = 0; i < w->agency_count && strcmp(role, "*") != 0; i++) {
        const struct hub_agency *agency = &w->agencies[(first + i) % w->agency_count];
        if (strcmp(agency->role, role) == 0)
            return agency->no;
    }
    return HUB_AGENCY_FIRST + first;
}

static const struct rh_procedure *procedure_of(const struct rht_world *w, uint64_t number)
{
    const struct rh_procedure *found =
        rh_rules_procedure(w->rules, w->rows[number - 1].procedure);
    assert_non_null(found);
    return found;
}

static uint32_t index_of(const struct rht_world *w, const struct rh_procedure *procedure)
{
    return (uint32_t)(procedure - w->rules->procedures);
}

static const char *code_for(const struct rh_procedure *procedure, enum rh_kind kind)
{
    static const char *const others[] = { "satisfied", "unsatisfied", "begin", "end", "x" };
    const struct rh_code_list *list =
        kind == RH_KIND_CONCLUDE  ? &procedure->outcomes
        : kind == RH_KIND_SUSPEND ? &procedure->grounds
        : kind == RH_KIND_REFUSE || kind == RH_KIND_OBJECT || kind == RH_KIND_RETURN
            ? &procedure->refusals
            : NULL;
    if (list != NULL && list->count > 0)
        return list->codes[pick(list->count)];
    return others[pick(5)];
}

/* What the procedure asks for before it lets this kind through. */
static void add_facts(const struct rh_procedure *procedure, struct rh_public *item)
{
    for (uint32_t i = 0; i < procedure->check_count; i++) {
        const struct rh_check *check = &procedure->checks[i];
        if (!rh_kind_in(&check->kinds, item->kind) || item->fact_count == RH_FACTS_MAX)
            continue;
        set_text(item->facts[item->fact_count].key, check->fact);
        if (check->equals[0] != '\0') {
            set_text(item->facts[item->fact_count].code, check->equals);
        } else {
            item->facts[item->fact_count].is_number = true;
            item->facts[item->fact_count].number = 20260201 + (int64_t)pick(28);
        }
        item->fact_count++;
    }
}

/* For a merger something that the same agency holds, for a release a part; else anything. */
static uint64_t other_of(const struct rht_world *w, enum rh_kind kind, uint64_t number)
{
    const struct hub_referral *row = &w->rows[number - 1];
    uint64_t chosen = 1 + pick(w->row_count), fitting = 0;
    for (uint32_t i = 0; i < w->row_count; i++) {
        const struct hub_referral *one = &w->rows[i];
        bool fits = kind == RH_KIND_MERGE
                        ? one != row && one->holder == row->holder
                        : memcmp(&one->parent, &row->id, sizeof one->parent) == 0;
        if (fits && pick((uint32_t)++fitting) == 0)
            chosen = i + 1;
    }
    return chosen;
}

static uint32_t send_step(struct rht_world *w, enum rh_kind kind, uint64_t number, uint32_t to,
                          uint32_t agency)
{
    uint64_t required, optional;
    const struct rh_procedure *procedure = procedure_of(w, number);
    struct rh_public *item = rht_world_item(w, kind, number);
    if (!hub_fields_of(kind, &required, &optional))
        return RH_REFUSE_FIELD_INVALID;
    if (rh_kind_is_dispatch(kind) || kind == RH_KIND_DESIGNATE)
        item->to = w->agencies[to - HUB_AGENCY_FIRST].id;
    if ((required >> 13 & 1) != 0 || kind == RH_KIND_HEARING)
        set_text(item->code, code_for(procedure, kind));
    if ((required >> 16 & 1) != 0)
        item->due_ms = w->now_ms + (1 + pick(60)) * RH_DAY_MS;
    if ((required >> 18 & 1) != 0)
        item->extend_n = 1 + pick(35);
    item->leader_named = (required >> 22 & 1) != 0 || kind == RH_KIND_ACCEPT;
    if ((required >> 25 & 1) != 0) {
        item->child_count = kind == RH_KIND_SPLIT ? 1 + pick(3) : 1;
        for (uint32_t i = 0; i < item->child_count; i++) {
            item->children[i].id = rht_referral_id(w->row_count + 1 + i);
            item->children[i].to = w->agencies[to - HUB_AGENCY_FIRST].id;
            item->children[i].mandatory = pick(2) == 0;
        }
    }
    if ((required >> 5 & 1) != 0)
        item->other_id = rht_referral_id(other_of(w, kind, number));
    add_facts(procedure, item);
    uint32_t refusal = rht_world_send(w, agency);
    merged += kind == RH_KIND_MERGE && refusal == 0 ? 1 : 0;
    kept += kind == RH_KIND_WITHDRAW && refusal == RH_REFUSE_CHILD_OPEN ? 1 : 0;
    return refusal;
}

/* The first dispatch, or the next: along one of the procedure's routes. */
static void dispatch(struct rht_world *w, uint64_t number)
{
    const struct rh_procedure *procedure = procedure_of(w, number);
    const struct rh_route *route = &procedure->routes[pick(procedure->route_count)];
    for (int tries = 0; tries < 60; tries++) {
        enum rh_kind kind = (enum rh_kind)(1 + pick(RH_KIND_ACK - 1));
        if (!rh_kind_is_known(kind) || !rh_kind_is_dispatch(kind) ||
            !rh_kind_in(&route->kinds, kind))
            continue;
        if (send_step(w, kind, number, of_role(w, route->to), w->rows[number - 1].holder) == 0)
            sent[index_of(w, procedure)]++;
        return;
    }
}

static void any_step(struct rht_world *w, uint64_t number)
{
    const struct hub_referral *row = &w->rows[number - 1];
    for (int tries = 0; tries < 40; tries++) {
        enum rh_kind kind = (enum rh_kind)(1 + pick(RH_KIND_ACK - 1));
        if (!rh_kind_is_known(kind) || kind == RH_KIND_REGISTER ||
            ((kind == RH_KIND_WITHDRAW || kind == RH_KIND_MERGE ||
              rh_kind_is_information(kind)) &&
             pick(8) != 0) ||
            hub_lifecycle_turn(row->state, kind, UINT32_MAX) != HUB_TURN_ALLOWED)
            continue;
        const struct rh_procedure *procedure = procedure_of(w, number);
        const uint32_t who[] = { row->holder, row->holder, row->addressee, row->sender,
                                 row->origin };
        uint32_t agency = who[pick(5)];
        if (agency < HUB_AGENCY_FIRST || pick(20) == 0)
            agency = any_agency(w);
        if (send_step(w, kind, number, any_agency(w), agency) == 0 && kind == RH_KIND_CONCLUDE)
            ended[index_of(w, procedure)]++;
        return;
    }
}

static uint64_t any_open(const struct rht_world *w, uint32_t *open)
{
    uint64_t chosen = 0;
    *open = 0;
    for (uint32_t i = 0; i < w->row_count; i++) {
        if (!rh_state_is_resting(w->rows[i].state) && pick(++*open) == 0)
            chosen = i + 1;
    }
    return chosen;
}

static void begin_matter(struct rht_world *w)
{
    uint32_t of = pick(w->rules->procedure_count), roles = 0;
    const struct rh_procedure *procedure = &w->rules->procedures[of];
    while (roles < 8 && procedure->opened_by[roles][0] != '\0')
        roles++;
    uint32_t agency =
        roles == 0 ? any_agency(w) : of_role(w, procedure->opened_by[pick(roles)]);
    struct rh_public *item = rht_world_item(w, RH_KIND_REGISTER, w->row_count + 1);
    set_text(item->procedure, procedure->id);
    set_text(item->category, "judicial.procuratorial");
    set_text(item->area, "620423");
    set_text(item->source, "letter");
    add_facts(procedure, item);
    begun[of] += rht_world_send(w, agency) == 0 ? 1 : 0;
}

static void one_event(struct rht_world *w)
{
    uint32_t open;
    uint64_t number = any_open(w, &open);
    if (number == 0 || (open < OPEN_MAX && w->row_count < REFERRALS && pick(4) == 0)) {
        if (w->row_count < REFERRALS)
            begin_matter(w);
        return;
    }
    enum rh_state state = w->rows[number - 1].state;
    reached[state]++;
    if (pick(12) == 0)
        rht_world_until(w, w->now_ms + pick(5) * RH_DAY_MS + pick(RH_DAY_MS));
    else if (pick(8) == 0)
        rht_world_receive(w, any_agency(w));
    else if ((state == RH_STATE_REGISTERED || state == RH_STATE_RETURNED) && pick(4) != 0)
        dispatch(w, number);
    else
        any_step(w, number);
}

static void test_every_procedure_keeps_its_holder_and_clock(void **state)
{
    (void)state;
    rht_random_init(&source);
    uint32_t procedures = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct rht_world *w = open_county();
        procedures = w->rules->procedure_count;
        for (int i = 0; i < EVENTS; i++)
            one_event(w);
        rht_world_close(w);
    }
    uint32_t opened = 0, dispatched = 0, concluded = 0;
    for (uint32_t i = 0; i < procedures; i++) {
        opened += begun[i] > 0 ? 1 : 0;
        dispatched += sent[i] > 0 ? 1 : 0;
        concluded += ended[i] > 0 ? 1 : 0;
    }
    (void)fprintf(stderr, "%u procedures: %u begun, %u sent, %u concluded\n", procedures,
                  opened, dispatched, concluded);
    for (int i = RH_STATE_REGISTERED; i <= RH_STATE_REVISITING; i++) {
        (void)fprintf(stderr, "%s %llu  ", rh_state_name((enum rh_state)i),
                      (unsigned long long)reached[i]);
    }
    (void)fprintf(stderr, "\n%u merged, %u not withdrawn\n", merged, kept);
    /* A walk that never gets anywhere proves little. */
    assert_true(opened * 10 >= procedures * 9);
    assert_true(dispatched * 10 >= procedures * 9);
    assert_true(concluded * 3 >= procedures);
    assert_true(merged > 20);
    assert_true(kept > 0);
    /* One procedure alone separates acceptance from the start of handling
     * (labour-inspection). */
    for (int i = RH_STATE_REGISTERED; i <= RH_STATE_REVISITING; i++)
        assert_true(reached[i] > 0 || i == RH_STATE_ACCEPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_procedure_keeps_its_holder_and_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
