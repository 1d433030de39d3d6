/* What rules may say beside clocks: dates that depend on the decision or the place, leaders in
 * charge, seals, reviews by the same agency, chains of documents. Dates are by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/town.h"

static struct rh_procedure *rule(struct rht_town *t, unsigned at)
{
    return &t->w->rules->procedures[at];
}

static struct rh_limit *limit_of(struct rh_procedure *procedure, const char *id)
{
    for (uint32_t i = 0; i < procedure->limit_count; i++) {
        if (strcmp(procedure->limits[i].id, id) == 0)
            return &procedure->limits[i];
    }
    fail_msg("no limit %s", id);
    return NULL;
}

static void put(char *out, const char *text)
{
    memcpy(out, text, strlen(text) + 1);
}

static void until_signed(struct rht_town *t, uint64_t number, const char *procedure)
{
    OK(rht_world_register(t->w, t->petitions, number, procedure));
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, number, t->court));
    OK(rht_world_step(t->w, t->court, RH_KIND_SIGN, number, NULL));
}

static void until_replied(struct rht_town *t, uint64_t number, const char *outcome)
{
    until_signed(t, number, "petition");
    OK(rht_world_step(t->w, t->court, RH_KIND_ACCEPT, number, NULL));
    OK(rht_world_step(t->w, t->court, RH_KIND_CONCLUDE, number, outcome));
    OK(rht_world_step(t->w, t->court, RH_KIND_REPLY, number, NULL));
}

/* ---- dates that depend on something ---------------------------------------------------- */

/* Items are handed over only after a decision to file, then within three days of the notice;
 * replied Mon 03-02, last day Thu 03-05. */
static void test_a_clock_waits_for_its_outcome(void **state)
{
    struct rht_town *t = *state;
    struct rh_procedure *petition = rule(t, 0);
    struct rh_limit *handover = &petition->limits[petition->limit_count++];
    *handover = *limit_of(petition, "reply");
    put(handover->id, "handover");
    handover->span = (struct rh_span){ RH_UNIT_CALENDAR_DAY, 3 };
    handover->start = RH_START_REPLIED;
    handover->states = 1u << RH_STATE_REPLIED;
    handover->owed_by = RH_ACTOR_SENDER;
    memset(&handover->met_by, 0, sizeof handover->met_by);
    rh_kind_add(&handover->met_by, RH_KIND_PROGRESS);
    put(handover->when.outcomes[0], "filed");
    until_replied(t, 1, "not-filed");
    assert_null(rht_world_clock(t->w, 1, "handover"));
    until_replied(t, 2, "filed");
    CLOCK_IS(t, 2, "handover", RUNNING);
    assert_int_equal(rht_world_clock(t->w, 2, "handover")->end_ms, rht_at(2026, 3, 6, 0));
    OK(rht_world_step(t->w, t->court, RH_KIND_PROGRESS, 2, NULL)); /* not who owes it */
    CLOCK_IS(t, 2, "handover", RUNNING);
    OK(rht_world_step(t->w, t->petitions, RH_KIND_PROGRESS, 2, NULL));
    CLOCK_IS(t, 2, "handover", MET);
}

static void state_fact(struct rht_town *t, uint64_t number, const char *key, const char *code)
{
    struct rh_public *item = rht_world_item(t->w, RH_KIND_PROGRESS, number);
    item->fact_count = 1;
    put(item->facts[0].key, key);
    put(item->facts[0].code, code);
    OK(rht_world_send(t->w, t->court));
}

/* A fact may be learnt later: the date counts from the start all the same, and goes when the
 * fact is corrected. Accepted 03-02, stated 03-04, thirty days from 03-02: Wed 04-01. */
static void test_a_clock_waits_for_its_fact(void **state)
{
    struct rht_town *t = *state;
    struct rh_procedure *petition = rule(t, 0);
    struct rh_limit *major = &petition->limits[petition->limit_count++];
    *major = *limit_of(petition, "handle");
    put(major->id, "major");
    major->span.n = 30;
    put(major->when.fact, "complexity");
    put(major->when.equals, "major");
    until_signed(t, 1, "petition");
    OK(rht_world_step(t->w, t->court, RH_KIND_ACCEPT, 1, NULL));
    t->w->now_ms = rht_at(2026, 3, 4, 9);
    state_fact(t, 1, "complexity", "simple");
    assert_null(rht_world_clock(t->w, 1, "major"));
    state_fact(t, 1, "complexity", "major");
    CLOCK_IS(t, 1, "major", RUNNING);
    assert_int_equal(rht_world_clock(t->w, 1, "major")->end_ms, rht_at(2026, 4, 2, 0));
    state_fact(t, 1, "complexity", "simple");
    CLOCK_IS(t, 1, "major", CANCELLED);
}

/* 62 counts seven days, 6204 seven working days: the longest prefix wins. Arrived Mon 03-02:
 * the seventh working day is Wed 03-11, the fifteenth day of the rule Tue 03-17. */
static void test_the_place_decides_where_sources_conflict(void **state)
{
    struct rht_town *t = *state;
    struct rh_settings *settings = &t->w->rules->settings;
    static const struct rh_local locals[] = {
        { .procedure = "petition", .limit = "notice", .area = "62",
          .span = { RH_UNIT_CALENDAR_DAY, 7 }, .verification = RH_VERIFIED_V1 },
        { .procedure = "petition", .limit = "notice", .area = "6204",
          .span = { RH_UNIT_WORKING_DAY, 7 }, .verification = RH_VERIFIED_POLICY },
        { .procedure = "overseen", .limit = "notice", .area = "35",
          .span = { RH_UNIT_WORKING_DAY, 7 }, .verification = RH_VERIFIED_V1 },
    };
    memcpy(settings->locals, locals, sizeof locals);
    settings->local_count = 3;
    until_signed(t, 1, "petition");
    const struct hub_deadline *notice = rht_world_clock(t->w, 1, "notice");
    assert_int_equal(notice->end_ms, rht_at(2026, 3, 12, 0));
    assert_int_equal(notice->unit, RH_UNIT_WORKING_DAY);
    assert_false(notice->law);
    until_signed(t, 2, "overseen");
    assert_int_equal(rht_world_clock(t->w, 2, "notice")->end_ms, rht_at(2026, 3, 18, 0));
}

/* 公告期满 before a suit: while the period runs the step is refused, from its end on it is not.
 * Registered Mon 03-02, thirty days, last day Wed 04-01. */
static void test_a_period_bars_what_must_come_after(void **state)
{
    struct rht_town *t = *state;
    struct rh_procedure *petition = rule(t, 0);
    struct rh_limit *notice = &petition->limits[petition->limit_count++];
    *notice = *limit_of(petition, "dispatch");
    put(notice->id, "public-notice");
    notice->span = (struct rh_span){ RH_UNIT_CALENDAR_DAY, 30 };
    notice->right_only = true;
    notice->ladder_count = 0;
    memset(&notice->met_by, 0, sizeof notice->met_by);
    rh_kind_add(&notice->bars, RH_KIND_TRANSFER);
    OK(rht_world_register(t->w, t->petitions, 1, "petition"));
    rht_world_until(t->w, rht_at(2026, 4, 1, 23));
    REFUSED(rht_world_dispatch(t->w, t->petitions, RH_KIND_TRANSFER, 1, t->court),
            PROCEDURE_FORBIDS);
    rht_world_until(t->w, rht_at(2026, 4, 2, 0));
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_TRANSFER, 1, t->court));
}

/* 退回补充侦查以二次为限. */
static void test_material_is_asked_for_twice_at_most(void **state)
{
    struct rht_town *t = *state;
    rule(t, 0)->supplement_times = 2;
    until_signed(t, 1, "petition");
    for (int i = 0; i < 2; i++) {
        OK(rht_world_step(t->w, t->court, RH_KIND_SUPPLEMENT_REQUEST, 1, "evidence"));
        OK(rht_world_step(t->w, t->petitions, RH_KIND_SUPPLEMENT, 1, NULL));
    }
    REFUSED(rht_world_step(t->w, t->court, RH_KIND_SUPPLEMENT_REQUEST, 1, "evidence"),
            PROCEDURE_FORBIDS);
    OK(rht_world_step(t->w, t->court, RH_KIND_ACCEPT, 1, NULL));
}

/* ---- leaders, seals -------------------------------------------------------------------- */

static uint32_t accept_with(struct rht_town *t, uint64_t number, bool leader)
{
    rht_world_item(t->w, RH_KIND_ACCEPT, number)->leader_named = leader;
    return rht_world_send(t->w, t->court);
}

static void test_a_leader_by_category_or_because_it_is_a_repeat(void **state)
{
    struct rht_town *t = *state;
    struct rh_procedure *petition = rule(t, 0);
    petition->leader_repeats = true;
    until_signed(t, 1, "petition");
    OK(accept_with(t, 1, false));
    until_signed(t, 2, "petition");
    rht_world_row(t->w, 2)->repeat_of = rht_referral_id(1);
    REFUSED(accept_with(t, 2, false), LEADER_REQUIRED);
    OK(accept_with(t, 2, true));
    until_signed(t, 3, "petition");
    state_fact(t, 3, "repeat", "no");
    OK(accept_with(t, 3, false));
    until_signed(t, 4, "petition");
    state_fact(t, 4, "repeat", "yes");
    REFUSED(accept_with(t, 4, false), LEADER_REQUIRED);
    put(petition->leader_categories[0], "appeal.criminal*");
    until_signed(t, 5, "petition");
    put(rht_world_row(t->w, 5)->category, "appeal.criminal.theft");
    REFUSED(accept_with(t, 5, false), LEADER_REQUIRED);
    until_signed(t, 6, "petition");
    put(rht_world_row(t->w, 6)->category, "appeal.civil");
    OK(accept_with(t, 6, false));
}

/* Somebody else takes charge: counted, told to who assigned it, and a person is named. */
static void test_a_change_of_leader_is_on_record(void **state)
{
    struct rht_town *t = *state;
    until_signed(t, 1, "petition");
    OK(accept_with(t, 1, true));
    REFUSED(rht_world_step(t->w, t->court, RH_KIND_LEADER, 1, "transferred-post"),
            FIELD_MISSING);
    uint32_t waiting = rht_world_waiting(t->w, t->petitions);
    struct rh_public *item = rht_world_item(t->w, RH_KIND_LEADER, 1);
    item->leader_named = true;
    put(item->code, "transferred-post");
    REFUSED(rht_world_send(t->w, t->petitions), WRONG_ACTOR);
    item = rht_world_item(t->w, RH_KIND_LEADER, 1);
    item->leader_named = true;
    put(item->code, "transferred-post");
    OK(rht_world_send(t->w, t->court));
    assert_int_equal(rht_world_row(t->w, 1)->leader_count, 2);
    assert_true(rht_world_waiting(t->w, t->petitions) > waiting);
}

/* Sealed from the first record on, whom the report names excepted; a supervisor opens it. */
static void test_a_procedure_seals_by_itself(void **state)
{
    struct rht_town *t = *state;
    rule(t, 0)->sealed = true;
    struct rh_public *item = rht_world_item(t->w, RH_KIND_REGISTER, 1);
    put(item->procedure, "petition");
    put(item->category, "minors.harm");
    put(item->area, "620423");
    put(item->source, "report");
    item->copy_count = 1;
    item->copies[0] = t->w->agencies[t->procuratorate - HUB_AGENCY_FIRST].id;
    OK(rht_world_send(t->w, t->petitions));
    assert_true(rht_world_row(t->w, 1)->sealed);
    assert_int_equal(rht_world_waiting(t->w, t->procuratorate), 1);
    REFUSED(rht_world_step(t->w, t->petitions, RH_KIND_UNSEAL, 1, NULL), WRONG_ACTOR);
    item = rht_world_item(t->w, RH_KIND_COPY, 1);
    item->to = t->w->agencies[t->police - HUB_AGENCY_FIRST].id;
    REFUSED(rht_world_send(t->w, t->petitions), NO_ROUTE);
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, 1, t->court));
}

/* Who must have a copy has it though the sender names nobody; an accused unit has none, and a
 * seal lets nobody new in. */
static void test_copies_of_the_law_are_added(void **state)
{
    struct rht_town *t = *state;
    struct rh_procedure *petition = rule(t, 0);
    petition->copy_count = 2;
    put(petition->copies[0].to, "procuratorate");
    rh_kind_add(&petition->copies[0].kinds, RH_KIND_FORWARD);
    put(petition->copies[1].to, "nobody"); /* no such agency there: no copy, no refusal */
    rh_kind_add(&petition->copies[1].kinds, RH_KIND_FORWARD);

    OK(rht_world_register(t->w, t->petitions, 1, "petition"));
    assert_int_equal(rht_world_waiting(t->w, t->procuratorate), 0);
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    assert_int_equal(rht_world_waiting(t->w, t->procuratorate), 1);

    /* Named by the sender too: once. */
    OK(rht_world_register(t->w, t->petitions, 2, "petition"));
    struct rh_public *item = rht_world_item(t->w, RH_KIND_FORWARD, 2);
    item->to = t->w->agencies[t->court - HUB_AGENCY_FIRST].id;
    item->copy_count = 1;
    item->copies[0] = t->w->agencies[t->procuratorate - HUB_AGENCY_FIRST].id;
    OK(rht_world_send(t->w, t->petitions));
    assert_int_equal(rht_world_waiting(t->w, t->procuratorate), 2);

    OK(rht_world_register(t->w, t->petitions, 3, "petition"));
    struct hub_referral *row = rht_world_row(t->w, 3);
    row->accused[row->accused_count++] = rht_world_unit(t->w, t->procuratorate);
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, 3, t->court));
    OK(rht_world_register(t->w, t->petitions, 4, "petition"));
    rht_world_row(t->w, 4)->sealed = true;
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, 4, t->court));
    assert_int_equal(rht_world_waiting(t->w, t->procuratorate), 2);
    rht_world_check(t->w);
}

/* ---- reviews --------------------------------------------------------------------------- */

static uint32_t ask_review(struct rht_town *t, uint64_t number, uint64_t child, uint32_t to)
{
    struct rh_public *item = rht_world_item(t->w, RH_KIND_REVIEW_REQUEST, number);
    item->child_count = 1;
    item->children[0] = (struct rh_child){
        .id = rht_referral_id(child), .to = t->w->agencies[to - HUB_AGENCY_FIRST].id
    };
    return rht_world_send(t->w, t->petitions);
}

/* 复议 by the agency that decided, 复核 by the one above it, and no third time. */
static void test_review_by_the_same_agency_then_above(void **state)
{
    struct rht_town *t = *state;
    struct rh_procedure *petition = rule(t, 0);
    petition->review = RH_REVIEW_SAME;
    put(petition->review_procedure, "overseen");
    until_replied(t, 1, "not-filed");
    REFUSED(ask_review(t, 1, 2, t->city), ROUTE_FORBIDDEN);
    OK(ask_review(t, 1, 2, t->court));
    assert_string_equal(rht_world_row(t->w, 2)->procedure, "overseen");
    assert_int_equal(rht_world_row(t->w, 1)->review_open, 1);
    OK(rht_world_step(t->w, t->court, RH_KIND_SIGN, 2, NULL));
    OK(rht_world_step(t->w, t->court, RH_KIND_ACCEPT, 2, NULL));
    OK(rht_world_step(t->w, t->court, RH_KIND_CONCLUDE, 2, "upheld"));
    OK(rht_world_step(t->w, t->court, RH_KIND_REPLY, 2, NULL));
    REFUSED(ask_review(t, 2, 3, t->court), ROUTE_FORBIDDEN);
    rule(t, 1)->review = RH_REVIEW_NONE;
    REFUSED(ask_review(t, 2, 3, t->city), PROCEDURE_FORBIDS);
    rule(t, 1)->review = RH_REVIEW_ABOVE;
    OK(ask_review(t, 2, 3, t->city));
    assert_int_equal(rht_world_row(t->w, 1)->review_open, 0);
}

/* ---- chains ---------------------------------------------------------------------------- */

static uint32_t register_under(struct rht_town *t, uint64_t number, uint64_t before,
                               const char *procedure)
{
    struct rh_public *item = rht_world_item(t->w, RH_KIND_REGISTER, number);
    put(item->procedure, procedure);
    put(item->category, "governance.food");
    put(item->area, "620423");
    put(item->source, "case");
    item->root_id = rht_referral_id(before);
    return rht_world_send(t->w, t->petitions);
}

/* From its arrival at the court to the court's reply. */
static void handle(struct rht_town *t, uint64_t number)
{
    OK(rht_world_step(t->w, t->court, RH_KIND_SIGN, number, NULL));
    OK(rht_world_step(t->w, t->court, RH_KIND_ACCEPT, number, NULL));
    OK(rht_world_step(t->w, t->court, RH_KIND_CONCLUDE, number, "not-adopted"));
    OK(rht_world_step(t->w, t->court, RH_KIND_REPLY, number, NULL));
}

static void answer(struct rht_town *t, uint64_t number)
{
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, number, t->court));
    handle(t, number);
}

/* The procedure "petition" as a chain of itself, asking for the next document once answered. */
static void make_chain(struct rht_town *t)
{
    struct rh_procedure *petition = rule(t, 0);
    put(petition->follows[0], "petition");
    struct rh_limit *next = &petition->limits[petition->limit_count++];
    *next = *limit_of(petition, "reply");
    put(next->id, "next");
    next->start = RH_START_REPLIED;
    next->states = 1u << RH_STATE_REPLIED;
    memset(&next->met_by, 0, sizeof next->met_by);
    rh_kind_add(&next->met_by, RH_KIND_REGISTER);
}

/* The first went out and was not answered: urged, so that the second may follow it. */
static void urge_then_register(struct rht_town *t)
{
    make_chain(t);
    OK(rht_world_register(t->w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    OK(rht_world_step(t->w, t->city, RH_KIND_URGE, 1, NULL));
    OK(register_under(t, 2, 1, "petition"));
}

/* Urged and silent, so the next document went out; answered late after all. The hub does not
 * ask for what is there, and the matter waits for the end of the chain. */
static void test_a_chain_is_not_asked_for_what_is_there(void **state)
{
    struct rht_town *t = *state;
    urge_then_register(t);
    handle(t, 1);
    assert_null(rht_world_clock(t->w, 1, "next"));
    REFUSED(rht_world_step(t->w, t->court, RH_KIND_CLOSE, 1, NULL), CHILD_OPEN);
}

/* Three documents: each of the first two is closed only when the one after it is, and the hub
 * asks for the next by a date. */
static void test_a_chain_is_closed_by_its_last(void **state)
{
    struct rht_town *t = *state;
    make_chain(t);
    OK(rht_world_register(t->w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    REFUSED(register_under(t, 2, 1, "petition"), URGE_FIRST); /* neither answered nor urged */
    OK(rht_world_step(t->w, t->city, RH_KIND_URGE, 1, NULL));
    handle(t, 1);
    CLOCK_IS(t, 1, "next", RUNNING);
    OK(register_under(t, 2, 1, "petition"));
    CLOCK_IS(t, 1, "next", MET);
    answer(t, 2);
    CLOCK_IS(t, 2, "next", RUNNING);
    OK(register_under(t, 3, 2, "petition"));
    assert_memory_equal(&rht_world_row(t->w, 3)->root, &rht_world_row(t->w, 1)->id, 16);
    assert_memory_equal(&rht_world_row(t->w, 3)->parent, &rht_world_row(t->w, 2)->id, 16);
    answer(t, 3);
    REFUSED(rht_world_step(t->w, t->court, RH_KIND_CLOSE, 1, NULL), CHILD_OPEN);
    REFUSED(rht_world_step(t->w, t->court, RH_KIND_CLOSE, 2, NULL), CHILD_OPEN);
    STATE_IS(t, 1, REPLIED);
    OK(rht_world_step(t->w, t->court, RH_KIND_CLOSE, 3, NULL));
    rht_world_until(t->w, t->w->now_ms + 1);
    STATE_IS(t, 2, CLOSED);
    STATE_IS(t, 1, CLOSED);
    rht_world_check(t->w);
}

/* Nobody ever answered the first: it ends with the last all the same, and says so. What was
 * missed stays missed, and the hub closes nothing a second time. */
static void test_a_chain_supersedes_what_was_not_answered(void **state)
{
    struct rht_town *t = *state;
    urge_then_register(t);
    answer(t, 2);
    OK(rht_world_step(t->w, t->court, RH_KIND_CLOSE, 2, NULL));
    STATE_IS(t, 1, DISPATCHED);
    rht_world_until(t->w, t->w->now_ms + 1);
    STATE_IS(t, 1, CLOSED);
    assert_string_equal(rht_world_row(t->w, 1)->outcome, "superseded");
    assert_string_equal(rht_world_row(t->w, 2)->outcome, "not-adopted");
    assert_int_equal(rht_world_row(t->w, 1)->close_ms, 0);
    REFUSED(rht_world_step(t->w, t->court, RH_KIND_SIGN, 1, NULL), WRONG_STATE);
    rht_world_check(t->w);
}

/* Between the end of the last and the hub's next look anything may come in: what then rests
 * already is left alone. */
static void test_a_chain_leaves_alone_what_rests(void **state)
{
    struct rht_town *t = *state;
    urge_then_register(t);
    answer(t, 2);
    OK(rht_world_step(t->w, t->court, RH_KIND_CLOSE, 2, NULL));
    OK(rht_world_step(t->w, t->petitions, RH_KIND_WITHDRAW, 1, NULL));
    rht_world_until(t->w, t->w->now_ms + 1);
    STATE_IS(t, 1, WITHDRAWN);
    rht_world_check(t->w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RHT_TOWN_TEST(test_a_clock_waits_for_its_outcome),
        RHT_TOWN_TEST(test_a_clock_waits_for_its_fact),
        RHT_TOWN_TEST(test_the_place_decides_where_sources_conflict),
        RHT_TOWN_TEST(test_a_period_bars_what_must_come_after),
        RHT_TOWN_TEST(test_material_is_asked_for_twice_at_most),
        RHT_TOWN_TEST(test_a_leader_by_category_or_because_it_is_a_repeat),
        RHT_TOWN_TEST(test_a_change_of_leader_is_on_record),
        RHT_TOWN_TEST(test_a_procedure_seals_by_itself),
        RHT_TOWN_TEST(test_copies_of_the_law_are_added),
        RHT_TOWN_TEST(test_review_by_the_same_agency_then_above),
        RHT_TOWN_TEST(test_a_chain_is_not_asked_for_what_is_there),
        RHT_TOWN_TEST(test_a_chain_is_closed_by_its_last),
        RHT_TOWN_TEST(test_a_chain_supersedes_what_was_not_answered),
        RHT_TOWN_TEST(test_a_chain_leaves_alone_what_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
