/* A long random walk: agencies do anything at any time, most of it out of turn. After every
 * event the world checks that each open referral has one holder and a clock, that ends follow
 * from their inputs, that numbers are dense, that children add up, and that deciding and
 * encoding again gives the same bytes. The seed is printed; RHT_SEED repeats a walk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/step.h"
#include "support/town.h"

enum { EVENTS = 100000, REFERRALS = 300, AGENCIES = 6 };

static struct rht_random source;

static uint64_t pick(uint64_t bound)
{
    return rht_random_below(&source, bound);
}

static uint32_t any_agency(void)
{
    return HUB_AGENCY_FIRST + (uint32_t)pick(AGENCIES);
}

/* Mostly one that is open and not just registered, so that matters get somewhere. */
static uint64_t any_referral(const struct rht_world *w)
{
    for (int tries = 0; tries < 30; tries++) {
        uint64_t number = 1 + pick(w->row_count + 1);
        if (number > w->row_count || pick(12) == 0)
            return number;
        enum rh_state at = w->rows[number - 1].state;
        if (!rh_state_is_resting(at) && (at != RH_STATE_REGISTERED || pick(3) == 0))
            return number;
    }
    return 1 + pick(w->row_count + 1);
}

static uint32_t open_rows(const struct rht_world *w)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->row_count; i++)
        count += rh_state_is_resting(w->rows[i].state) ? 0u : 1u;
    return count;
}

static struct rh_agency_id id_of(const struct rht_world *w, uint32_t agency)
{
    return w->agencies[agency - HUB_AGENCY_FIRST].id;
}

static void set_text(char *out, const char *text)
{
    memcpy(out, text, strlen(text) + 1);
}

/* Every required field, and now and then an optional or wrong one. */
static void fill(struct rht_world *w, struct rh_public *item)
{
    static const char *codes[] = { "satisfied", "expert-report", "begin", "end", "x" };
    uint64_t required, optional;
    if (!hub_fields_of(item->kind, &required, &optional))
        return;
    uint64_t wanted = required | (pick(3) == 0 ? optional & rht_random_u64(&source) : 0);
    if ((wanted >> 5 & 1) != 0)
        item->other_id = rht_referral_id(any_referral(w));
    if ((wanted >> 6 & 1) != 0)
        item->refers_to = rht_message_id(1 + pick(w->message_number));
    if ((wanted >> 7 & 1) != 0 || rh_kind_is_dispatch(item->kind))
        item->to = id_of(w, any_agency());
    if ((wanted >> 13 & 1) != 0)
        set_text(item->code, codes[pick(5)]);
    if ((wanted >> 16 & 1) != 0)
        item->due_ms = w->now_ms + pick(60) * RH_DAY_MS;
    if ((wanted >> 18 & 1) != 0)
        item->extend_n = (uint32_t)pick(40);
    if ((wanted >> 22 & 1) != 0 || item->kind == RH_KIND_ACCEPT)
        item->leader_named = pick(4) != 0;
    if ((wanted >> 24 & 1) != 0) {
        item->copy_count = 1 + (uint32_t)pick(3);
        for (uint32_t i = 0; i < item->copy_count; i++)
            item->copies[i] = id_of(w, any_agency());
    }
    if ((wanted >> 25 & 1) != 0) {
        item->child_count = item->kind == RH_KIND_SPLIT ? 1 + (uint32_t)pick(4) : 1;
        for (uint32_t i = 0; i < item->child_count; i++) {
            item->children[i].id = rht_referral_id(w->row_count + 1 + i);
            item->children[i].to = id_of(w, any_agency());
            item->children[i].mandatory = pick(2) == 0;
        }
    }
    if ((wanted >> 26 & 1) != 0 || item->kind == RH_KIND_TRANSFER) {
        item->fact_count = 1;
        if (pick(2) == 0) {
            set_text(item->facts[0].key, "mediating_org");
            set_text(item->facts[0].code, "yes");
        } else {
            set_text(item->facts[0].key, "agreement_effective");
            item->facts[0].is_number = true;
            item->facts[0].number = 20260101 + (int64_t)pick(31);
        }
    }
    item->lane = pick(8) == 0 ? (enum rh_lane)pick(RH_LANE_COUNT) : RH_LANE_NORMAL;
    if (rh_kind_is_dispatch(item->kind) && pick(10) == 0) {
        item->accused_count = 1;
        item->accused[0] = rht_world_unit(w, any_agency());
    }
}

static enum rh_kind any_kind(void)
{
    for (;;) {
        uint64_t kind = 1 + pick(RH_KIND_ACK - 1);
        if (rh_kind_is_known(kind))
            return (enum rh_kind)kind;
    }
}

/* A kind that somebody may raise in the state the referral is in, by whoever may. */
static void sensible(struct rht_world *w, enum rh_kind *kind, uint64_t number, uint32_t *agency)
{
    const struct hub_referral *row = &w->rows[number - 1];
    for (int tries = 0; tries < 40; tries++) {
        enum rh_kind k = any_kind();
        if (k == RH_KIND_REGISTER || (rh_kind_is_information(k) && pick(6) != 0) ||
            k == RH_KIND_WITHDRAW || k == RH_KIND_MERGE)
            continue;
        if (hub_lifecycle_turn(row->state, k, UINT32_MAX) != HUB_TURN_ALLOWED)
            continue;
        *kind = k;
        const uint32_t who[] = { row->holder,    row->holder, row->holder,
                                 row->addressee, row->sender, row->origin };
        *agency = who[pick(6)];
        if (*agency < HUB_AGENCY_FIRST)
            *agency = any_agency();
        return;
    }
}

static void one_item(struct rht_world *w)
{
    uint64_t number = any_referral(w);
    uint32_t agency = any_agency();
    enum rh_kind kind = any_kind();
    if (number <= w->row_count && pick(10) != 0)
        sensible(w, &kind, number, &agency);
    if (kind == RH_KIND_REGISTER || number > w->row_count) {
        static const char *procedures[] = { "petition", "petition",     "overseen",
                                            "overseen", "confirmation", "demand" };
        if (w->row_count < REFERRALS && open_rows(w) < 40)
            (void)rht_world_register(w, agency, w->row_count + 1, procedures[pick(6)]);
        return;
    }
    struct rh_public *item = rht_world_item(w, kind, number);
    fill(w, item);
    (void)rht_world_send(w, agency);
}

static void second_chance(struct rht_world *w)
{
    if (w->dead_count == 0)
        return;
    struct hub_event event = { .type =
                                   pick(2) == 0 ? HUB_EVENT_DEAD_RETRY : HUB_EVENT_DEAD_RETURN,
                               .dead = w->dead[pick(w->dead_count)] };
    (void)rht_world_event(w, &event);
}

static void one_event(struct rht_world *w)
{
    switch (pick(20)) {
    case 0:
        rht_world_until(w, w->now_ms + pick(3) * RH_DAY_MS + pick(RH_DAY_MS));
        break;
    case 1:
        if (pick(20) == 0)
            rht_world_down(w, w->now_ms + pick(20) * RH_DAY_MS, pick(2) == 0);
        break;
    case 2:
        rht_world_receive(w, any_agency());
        break;
    case 3: {
        uint32_t agency = any_agency();
        if (pick(10) == 0 && rht_world_waiting(w, agency) > 0 && !w->queue[0].tombstone)
            (void)rht_world_nack(w, w->queue[0].to, 4221);
        break;
    }
    case 4:
        second_chance(w);
        break;
    case 5:
        if (w->row_count > 0) {
            struct hub_event event = { .type =
                                           pick(2) == 0 ? HUB_EVENT_URGED : HUB_EVENT_RECOMPUTE,
                                       .rno = 1 + pick(w->row_count),
                                       .action = (enum rh_kind)(RH_KIND_URGE + pick(4)) };
            (void)rht_world_event(w, &event);
        }
        break;
    default:
        one_item(w);
    }
}

/* What the walk reached: a walk that never concludes anything proves little. */
static void print_reach(const struct rht_world *w)
{
    uint32_t states[RH_STATE_COUNT] = { 0 };
    for (uint32_t i = 0; i < w->row_count; i++)
        states[w->rows[i].state]++;
    for (int i = 1; i < RH_STATE_COUNT; i++) {
        if (states[i] > 0)
            (void)fprintf(stderr, "%s %u  ", rh_state_name((enum rh_state)i), states[i]);
    }
    (void)fprintf(stderr, "dead letters %u\n", w->dead_count);
}

static void test_a_long_walk_keeps_every_promise(void **state)
{
    struct rht_town *t = *state;
    uint64_t walked = 0;
    rht_random_init(&source);
    while (walked < EVENTS) {
        uint64_t first = t->w->index;
        for (int i = 0; i < 6000 && walked + (t->w->index - first) < EVENTS; i++)
            one_event(t->w);
        walked += t->w->index - first;
        print_reach(t->w);
        /* A fresh town: rows at rest would only slow the walk down. */
        assert_int_equal(rht_town_close(state), 0);
        assert_int_equal(rht_town_open(state), 0);
        t = *state;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RHT_TOWN_TEST(test_a_long_walk_keeps_every_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
