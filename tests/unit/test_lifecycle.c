/* The table of the life cycle against its specification, both ways, and decide against the
 * table: every state, every kind, every role. A pair allowed by accident would let an agency
 * move a matter that is not its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/step.h"
#include "support/town.h"

enum { CELLS = 4, CELL_BYTES = 400 };

/* [from][kind][actor] -> set of states it leads to. */
static uint32_t from_spec[RH_STATE_COUNT][RH_KIND_END][RH_ACTOR_COUNT];

/* ---- reading the page ------------------------------------------------------------------- */

struct table {
    char *text; /* owned */
    char *line;
};

/* The first row of the table behind "<!-- NAME -->". */
static void table_open(struct table *table, const char *name)
{
    table->text = rht_read_file(RHT_SOURCE_DIR "/protocol/spec/lifecycle.md", NULL);
    char *at = strstr(table->text, name);
    assert_non_null(at);
    at = strstr(at, "\n| ---");
    assert_non_null(at);
    table->line = strchr(at + 1, '\n') + 1;
}

static char *trimmed(char *text)
{
    while (*text == ' ')
        text++;
    size_t bytes = strlen(text);
    while (bytes > 0 && text[bytes - 1] == ' ')
        text[--bytes] = 0;
    return text;
}

/* Next row's cells; false after the last. */
static bool table_next(struct table *table, char cells[CELLS][CELL_BYTES], int count)
{
    if (table->line[0] != '|') {
        free(table->text);
        return false;
    }
    char *end = strchr(table->line, '\n');
    *end = 0;
    char *at = table->line + 1;
    for (int i = 0; i < count; i++) {
        char *bar = strchr(at, '|');
        assert_non_null(bar);
        *bar = 0;
        char *cell = trimmed(at);
        assert_true(strlen(cell) < CELL_BYTES);
        memcpy(cells[i], cell, strlen(cell) + 1);
        at = bar + 1;
    }
    table->line = end + 1;
    return true;
}

static uint32_t states_named(const char *name)
{
    uint32_t unfinished = 0, held = 0, any = 0;
    for (int i = 1; i < RH_STATE_COUNT; i++) {
        any |= 1u << i;
        if (rh_state_is_unfinished((enum rh_state)i))
            unfinished |= 1u << i;
        if (!rh_state_is_resting((enum rh_state)i))
            held |= 1u << i;
    }
    if (strcmp(name, "none") == 0)
        return 1u << RH_STATE_NONE;
    if (strcmp(name, "unfinished") == 0)
        return unfinished;
    if (strcmp(name, "held") == 0)
        return held;
    if (strcmp(name, "any") == 0)
        return any;
    enum rh_state state = rh_state_find(name, strlen(name));
    if (state == RH_STATE_NONE)
        fail_msg("the page names a state '%s' that is none", name);
    return 1u << state;
}

/* "a, b, c" piece by piece; NULL at the end. */
static char *piece(char **at)
{
    if (*at == NULL)
        return NULL;
    char *start = *at;
    char *comma = strchr(start, ',');
    if (comma != NULL)
        *comma = 0;
    *at = comma != NULL ? comma + 1 : NULL;
    return trimmed(start);
}

static void read_transitions(void)
{
    struct table table;
    char cells[CELLS][CELL_BYTES];
    table_open(&table, "<!-- table 1 -->");
    while (table_next(&table, cells, 4)) {
        enum rh_kind kind = rh_kind_find(cells[0], strlen(cells[0]));
        int actor = rh_actor_find(cells[2], strlen(cells[2]));
        if (kind == RH_KIND_NONE || actor < 0)
            fail_msg("the page's row '%s' by '%s' names nothing", cells[0], cells[2]);
        uint32_t from = 0;
        char *at = cells[1];
        for (char *name; (name = piece(&at)) != NULL;)
            from |= states_named(name);
        for (int i = 0; i < RH_STATE_COUNT; i++) {
            if ((from >> i & 1u) == 0)
                continue;
            uint32_t to = strcmp(cells[3], "same") == 0 ? 1u << i : states_named(cells[3]);
            if ((from_spec[i][kind][actor] & to) != 0)
                fail_msg("the page says %s twice", cells[0]);
            from_spec[i][kind][actor] |= to;
        }
    }
}

/* ---- table against page ----------------------------------------------------------------- */

static void test_table_and_page_say_the_same(void **state)
{
    (void)state;
    for (int from = 0; from < RH_STATE_COUNT; from++) {
        for (int kind = 1; kind < RH_KIND_END; kind++) {
            for (int actor = 0; actor < RH_ACTOR_COUNT; actor++) {
                uint32_t page = from_spec[from][kind][actor];
                uint32_t bit = HUB_ACTOR_BIT(actor);
                uint32_t table = 0;
                for (int to = 0; to < RH_STATE_COUNT; to++) {
                    if (hub_lifecycle_leads((enum rh_state)from, (enum rh_kind)kind, bit,
                                            (enum rh_state)to))
                        table |= 1u << to;
                }
                if (page != table)
                    fail_msg("%s %s by %s: page %x, table %x",
                             from == 0 ? "none" : rh_state_name((enum rh_state)from),
                             rh_kind_name((enum rh_kind)kind),
                             rh_actor_name((enum rh_actor)actor), page, table);
                enum hub_turn turn =
                    hub_lifecycle_turn((enum rh_state)from, (enum rh_kind)kind, bit);
                assert_int_equal(turn == HUB_TURN_ALLOWED, page != 0);
            }
        }
    }
}

/* No row of the table stands there twice, and none leads out of the archive. */
static void test_rows_are_plain(void **state)
{
    (void)state;
    uint32_t count = 0;
    for (const struct hub_transition *a; (a = hub_lifecycle_at(count)) != NULL; count++) {
        assert_true(a->from != 0);
        assert_true(rh_kind_is_known((uint64_t)a->event));
        if (a->to != RH_STATE_NONE)
            assert_false(rh_state_in(a->from, RH_STATE_ARCHIVED));
        for (uint32_t k = 0; k < count; k++) {
            const struct hub_transition *b = hub_lifecycle_at(k);
            assert_false(a->event == b->event && a->who == b->who && a->to == b->to &&
                         (a->from & b->from) != 0);
        }
    }
    assert_true(count > 90);
}

/* Every state can be reached, and left unless it is the archive. */
static void test_every_state_can_be_reached_and_left(void **state)
{
    (void)state;
    uint32_t reached = 1u << RH_STATE_NONE, before = 0;
    while (reached != before) {
        before = reached;
        for (uint32_t i = 0; hub_lifecycle_at(i) != NULL; i++) {
            const struct hub_transition *row = hub_lifecycle_at(i);
            if ((row->from & reached) != 0 && row->to != RH_STATE_NONE)
                reached |= 1u << row->to;
        }
    }
    assert_int_equal(reached, (1u << RH_STATE_COUNT) - 1);
    for (int from = 0; from < RH_STATE_ARCHIVED; from++) {
        bool left = false;
        for (uint32_t i = 0; hub_lifecycle_at(i) != NULL; i++) {
            const struct hub_transition *row = hub_lifecycle_at(i);
            left = left || (rh_state_in(row->from, (enum rh_state)from) &&
                            row->to != RH_STATE_NONE && row->to != (enum rh_state)from);
        }
        assert_true(left);
    }
}

static const char *holder_text(enum rh_state state)
{
    if (rh_state_is_resting(state))
        return "none";
    if (state == RH_STATE_DISPATCHED)
        return "sender; addressee once arrived";
    if (state == RH_STATE_REVISITING)
        return "whoever visits";
    return rh_actor_name(hub_lifecycle_holder(state, false));
}

static void test_holders_are_the_pages(void **state)
{
    (void)state;
    struct table table;
    char cells[CELLS][CELL_BYTES];
    int count = 0;
    table_open(&table, "<!-- table 2 -->");
    while (table_next(&table, cells, 4)) {
        enum rh_state named = rh_state_find(cells[0], strlen(cells[0]));
        assert_int_equal(named, ++count); /* every state, in order */
        assert_string_equal(cells[2], holder_text(named));
        assert_int_equal(strcmp(cells[3], "none") == 0, rh_state_is_resting(named));
    }
    assert_int_equal(count, RH_STATE_COUNT - 1);
    assert_int_equal(hub_lifecycle_holder(RH_STATE_DISPATCHED, true), RH_ACTOR_ADDRESSEE);
}

/* ---- fields against page ---------------------------------------------------------------- */

static const char *const field_names[34] = { NULL,
                                             "message_id",
                                             "kind",
                                             "referral_id",
                                             "root_id",
                                             "other_id",
                                             "refers_to",
                                             "to",
                                             "procedure",
                                             "lane",
                                             "category",
                                             "area",
                                             "source",
                                             "code",
                                             "basis",
                                             "proper",
                                             "due_ms",
                                             "occurred_ms",
                                             "extend_n",
                                             "report_required",
                                             "information_wanted",
                                             "reply_owed",
                                             "leader_named",
                                             "externals",
                                             "copies",
                                             "children",
                                             "facts",
                                             "trace",
                                             "from",
                                             "pair_seq",
                                             "refusal",
                                             "accused",
                                             "persons",
                                             "matter" };

static uint64_t fields_named(char *cell)
{
    uint64_t bits = 0;
    if (strcmp(cell, "-") == 0)
        return 0;
    char *at = cell;
    for (char *name; (name = piece(&at)) != NULL;) {
        int key = 1;
        while (key < 34 && strcmp(field_names[key], name) != 0)
            key++;
        if (key == 34)
            fail_msg("the page names a field '%s' that is none", name);
        bits |= UINT64_C(1) << key;
    }
    return bits;
}

static void test_fields_are_the_pages(void **state)
{
    (void)state;
    const uint64_t always = 1u << 1 | 1u << 2 | 1u << 3;
    const uint64_t common =
        1u << 9 | 1u << 14 | 1u << 17 | 1u << 20 | 1u << 24 | 1u << 26 | 1u << 27;
    bool named[RH_KIND_END] = { false };
    struct table table;
    char cells[CELLS][CELL_BYTES];
    table_open(&table, "<!-- table 3 -->");
    while (table_next(&table, cells, 3)) {
        enum rh_kind kind = rh_kind_find(cells[0], strlen(cells[0]));
        uint64_t required, optional;
        assert_true(hub_fields_of(kind, &required, &optional));
        uint64_t page_required = fields_named(cells[1]);
        uint64_t page_optional = fields_named(cells[2]);
        if (required != ((page_required | always) & required) ||
            (required & ~always) != page_required ||
            (optional & ~common & ~always & ~required) != page_optional)
            fail_msg("fields of %s differ from the page", rh_kind_name(kind));
        named[kind] = true;
    }
    for (int kind = 1; kind < RH_KIND_END; kind++) {
        uint64_t required, optional;
        assert_int_equal(hub_fields_of((enum rh_kind)kind, &required, &optional), named[kind]);
        bool sent = rh_kind_is_known((uint64_t)kind) && kind < RH_KIND_ARRIVED;
        assert_int_equal(named[kind], sent);
    }
}

/* ---- decide against page ---------------------------------------------------------------- */

static void give_required(struct rht_town *t, struct rh_public *item)
{
    uint64_t required, optional;
    assert_true(hub_fields_of(item->kind, &required, &optional));
    if ((required >> 5 & 1u) != 0)
        item->other_id = rht_referral_id(2);
    if ((required >> 6 & 1u) != 0)
        item->refers_to = rht_message_id(1);
    if ((required >> 7 & 1u) != 0 || rh_kind_is_dispatch(item->kind))
        item->to = t->w->agencies[t->police - HUB_AGENCY_FIRST].id;
    if ((required >> 13 & 1u) != 0)
        memcpy(item->code, "x", 2);
    if ((required >> 16 & 1u) != 0)
        item->due_ms = t->w->now_ms + RH_DAY_MS;
    if ((required >> 18 & 1u) != 0)
        item->extend_n = 1;
    if ((required >> 22 & 1u) != 0)
        item->leader_named = true;
    if ((required >> 25 & 1u) != 0) {
        item->child_count = 1;
        item->children[0].id = rht_referral_id(50);
        item->children[0].to = t->w->agencies[t->police - HUB_AGENCY_FIRST].id;
    }
}

/* Put the row into a state as if it had come there by itself. */
static void put_into(struct rht_town *t, enum rh_state at)
{
    struct hub_referral *row = rht_world_row(t->w, 1);
    row->state = at;
    row->arrived = true;
    row->arrived_ms = t->w->now_ms;
    row->arrival_due_ms = 0;
    row->deadline_count = 0;
    enum rh_actor holder = hub_lifecycle_holder(at, true);
    row->holder = rh_state_is_resting(at)        ? HUB_AGENCY_NONE
                  : holder == RH_ACTOR_ADDRESSEE ? t->court
                                                 : t->petitions;
    row->last_holder = t->petitions;
    if (row->holder == HUB_AGENCY_NONE)
        return;
    row->deadline_count = 1;
    struct hub_deadline *clock = &row->deadlines[0];
    memset(clock, 0, sizeof(*clock));
    clock->serial = row->deadline_serial;
    memcpy(clock->limit, "watchdog", 9);
    clock->status = HUB_DEADLINE_RUNNING;
    clock->unit = RH_UNIT_HOUR;
    clock->n = 240;
    clock->start_ms = t->w->now_ms;
    clock->end_ms = clock->step_ms = t->w->now_ms + 10 * RH_DAY_MS;
    clock->owed_by = row->holder;
}

/* What each of the cast is to that row, written down independently of actor.c. */
static uint32_t roles_of(const struct rht_town *t, uint32_t agency,
                         const struct hub_referral *row)
{
    uint32_t bits = HUB_ACTOR_BIT(RH_ACTOR_PARTY);
    if (agency == t->petitions)
        bits |= HUB_ACTOR_BIT(RH_ACTOR_ORIGIN) | HUB_ACTOR_BIT(RH_ACTOR_SENDER) |
                HUB_ACTOR_BIT(RH_ACTOR_ASSIGNER) | HUB_ACTOR_BIT(RH_ACTOR_INTAKE);
    if (agency == t->court)
        bits |= HUB_ACTOR_BIT(RH_ACTOR_ADDRESSEE) | HUB_ACTOR_BIT(RH_ACTOR_LEAD);
    if (agency == t->procuratorate)
        bits |= HUB_ACTOR_BIT(RH_ACTOR_INTAKE);
    if (agency == t->city)
        bits |= HUB_ACTOR_BIT(RH_ACTOR_SUPERIOR) | HUB_ACTOR_BIT(RH_ACTOR_COMMON_SUPERIOR) |
                HUB_ACTOR_BIT(RH_ACTOR_INTAKE);
    if (agency == t->discipline)
        bits |= HUB_ACTOR_BIT(RH_ACTOR_SUPERVISOR);
    uint32_t holder = row->holder != HUB_AGENCY_NONE ? row->holder : row->last_holder;
    if (agency == holder)
        bits |= HUB_ACTOR_BIT(RH_ACTOR_HOLDER);
    return bits;
}

static void check_one(struct rht_town *t, enum rh_state at, enum rh_kind kind, uint32_t agency)
{
    struct rht_world *w = t->w;
    struct hub_referral before = *rht_world_row(w, 1);
    uint32_t roles = roles_of(t, agency, &before);
    bool anybody = false, allowed = kind == RH_KIND_AMEND;
    for (int actor = 0; actor < RH_ACTOR_COUNT; actor++) {
        anybody = anybody || from_spec[at][kind][actor] != 0;
        if ((roles >> actor & 1u) != 0)
            allowed = allowed || from_spec[at][kind][actor] != 0;
    }
    struct rh_public *item = rht_world_item(w, kind, 1);
    give_required(t, item);
    struct hub_event event = { .type = HUB_EVENT_ITEM,
                               .now_ms = w->now_ms,
                               .index = w->index + 1,
                               .agency = agency,
                               .item = item,
                               .next_rno = w->row_count + 1,
                               .next_number = 1 };
    assert_int_equal(hub_decide(&w->face, &event, w->out), RH_OK);
    uint32_t refusal = w->out->refusal;
    bool extension = kind == RH_KIND_EXTEND_GRANT || kind == RH_KIND_EXTEND_DENY;
    uint32_t wrong_actor = extension ? RH_REFUSE_APPROVER_REQUIRED : RH_REFUSE_WRONG_ACTOR;
    uint32_t want = !anybody ? RH_REFUSE_WRONG_STATE : wrong_actor;
    if (!allowed && refusal != want)
        fail_msg("%s %s by %s: %u instead of %u", rh_state_name(at), rh_kind_name(kind),
                 w->agencies[agency - HUB_AGENCY_FIRST].id.text, refusal, want);
    if (refusal == 0 && w->out->row_count > 0) {
        enum rh_state to = w->out->rows[0].state;
        uint32_t leads = 0;
        for (int actor = 0; actor < RH_ACTOR_COUNT; actor++)
            leads |= (roles >> actor & 1u) != 0 ? from_spec[at][kind][actor] : 0;
        if (kind != RH_KIND_AMEND && (leads >> to & 1u) == 0)
            fail_msg("%s %s leads to %s", rh_state_name(at), rh_kind_name(kind),
                     rh_state_name(to));
    }
}

static void test_decide_keeps_to_the_page(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 2, "petition"));
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_ASSIGN, 1, t->court));
    const uint32_t cast[] = { t->petitions,     t->court, t->police,
                              t->procuratorate, t->city,  t->discipline };
    struct hub_referral *row = rht_world_row(w, 1);
    row->party_count = 6;
    for (uint32_t i = 0; i < 6; i++)
        row->parties[i] = HUB_AGENCY_FIRST + i;
    for (int at = 1; at < RH_STATE_COUNT; at++) {
        put_into(t, (enum rh_state)at);
        for (int kind = 1; kind < RH_KIND_ACK; kind++) {
            if (!rh_kind_is_known((uint64_t)kind) || kind == RH_KIND_REGISTER)
                continue;
            for (uint32_t i = 0; i < 6; i++)
                check_one(t, (enum rh_state)at, (enum rh_kind)kind, cast[i]);
        }
    }
}

int main(void)
{
    read_transitions();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_and_page_say_the_same),
        cmocka_unit_test(test_rows_are_plain),
        cmocka_unit_test(test_every_state_can_be_reached_and_left),
        cmocka_unit_test(test_holders_are_the_pages),
        cmocka_unit_test(test_fields_are_the_pages),
        RHT_TOWN_TEST(test_decide_keeps_to_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
