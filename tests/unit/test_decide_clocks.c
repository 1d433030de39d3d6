/* Clocks as decide drives them: warned once, missed once, held, extended, following, watched.
 * Dates are computed by hand from the 2026 calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/town.h"

static void handled(struct rht_town *t, const char *procedure)
{
    OK(rht_world_register(t->w, t->petitions, 1, procedure));
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    rht_world_receive(t->w, t->court);
    OK(rht_world_step(t->w, t->court, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(t->w, t->court, RH_KIND_ACCEPT, 1, NULL));
}

/* Registered Mon 03-02: fifteen days, last day Tue 03-17, end 03-18 00:00; warned at 00:00 of
 * the third day before the last. */
static void test_soon_and_overdue_fire_once(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    w->traced = true;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    assert_int_equal(rht_world_clock(w, 1, "dispatch")->end_ms, rht_at(2026, 3, 18, 0));
    rht_world_until(w, rht_at(2026, 3, 30, 0));
    rht_world_until(w, rht_at(2026, 4, 1, 0));
    assert_string_equal(
        w->trace,
        "03-02 09:00 petitions register: registered, petitions's turn\n"
        "03-14 00:00 hub: registered, petitions's turn; due_soon petitions"
        " > petitions due_soon\n"
        "03-18 00:00 hub: registered, petitions's turn; overdue petitions; urge petitions"
        " > petitions overdue > petitions urge\n"
        "03-25 00:00 hub: registered, petitions's turn; urge petitions" /* and the superior */
        " > petitions urge > petitions urge\n");
    struct hub_deadline *clock = rht_world_clock(w, 1, "dispatch");
    assert_int_equal(clock->status, HUB_DEADLINE_MISSED);
    assert_int_equal(clock->missed_ms, rht_at(2026, 3, 18, 0));
    assert_int_equal(rht_world_row(w, 1)->escalation, 2);
    assert_null(rht_world_clock(w, 1, "watchdog")); /* what is owed has its date already */
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    CLOCK_IS(t, 1, "dispatch", MET_LATE);
}

/* After a week off the steps fire once, in order, each with its own instant in mind. */
static void test_steps_fire_in_order_after_a_week_off(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    handled(t, "petition");
    uint64_t end_ms = rht_world_clock(w, 1, "handle")->end_ms;
    assert_int_equal(end_ms, rht_at(2026, 5, 7, 0)); /* 05-01 is a holiday; 05-06 Wed */
    rht_world_until(w, rht_at(2026, 4, 20, 0));
    w->traced = true;
    w->trace_bytes = 0;
    rht_world_down(w, rht_at(2026, 6, 1, 8), true);
    assert_string_equal(
        w->trace,
        "06-01 08:00 hub: in_progress, court's turn; due_soon court; overdue court; urge court;"
        " supervise court > court due_soon > court overdue > court urge >"
        " petitions supervise > court supervise\n");
    assert_int_equal(rht_world_row(w, 1)->escalation, 3);
    OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 1, "explained"));
    CLOCK_IS(t, 1, "handle", MET_LATE);
    assert_int_equal(rht_world_row(w, 1)->escalation, 0);
}

/* The act comes between the end and the timer: late, and the miss is on record. */
static void test_an_act_before_the_timer_is_late_all_the_same(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    rht_world_until(w, rht_at(2026, 3, 17, 0));
    w->now_ms = rht_at(2026, 3, 18, 0);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    CLOCK_IS(t, 1, "dispatch", MET_LATE);
    assert_int_equal(rht_world_notes(w, RH_KIND_OVERDUE), 1);
    assert_int_equal(rht_world_clock(w, 1, "dispatch")->missed_ms, w->now_ms);
}

static void test_suspension_leaves_exactly_the_rest(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    handled(t, "petition");
    w->now_ms = rht_at(2026, 3, 10, 10);
    REFUSED(rht_world_step(w, t->court, RH_KIND_SUSPEND, 1, "holiday"), PAUSE_GROUND);
    OK(rht_world_step(w, t->court, RH_KIND_SUSPEND, 1, "expert-report"));
    CLOCK_IS(t, 1, "handle", PAUSED);
    CLOCK_IS(t, 1, "watchdog", RUNNING);
    assert_int_equal(rht_world_clock(w, 1, "watchdog")->owed_by, t->court);
    w->now_ms = rht_at(2026, 3, 20, 15);
    OK(rht_world_step(w, t->court, RH_KIND_RESUME, 1, NULL));
    /* Ten days out: 05-01 plus 10 is Mon 05-11. */
    assert_int_equal(rht_world_clock(w, 1, "handle")->end_ms, rht_at(2026, 5, 12, 0));
    CLOCK_IS(t, 1, "watchdog", MET);
    for (int i = 0; i < 7; i++) {
        OK(rht_world_step(w, t->court, RH_KIND_SUSPEND, 1, "expert-report"));
        OK(rht_world_step(w, t->court, RH_KIND_RESUME, 1, NULL));
    }
    assert_int_equal(rht_world_clock(w, 1, "handle")->end_ms, rht_at(2026, 5, 12, 0));
    REFUSED(rht_world_step(w, t->court, RH_KIND_SUSPEND, 1, "expert-report"),
            PROCEDURE_FORBIDS);
}

static void test_a_hearing_holds_the_clock(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    handled(t, "petition");
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_HEARING, 1, "begin"), WRONG_ACTOR);
    OK(rht_world_step(w, t->petitions, RH_KIND_HEARING, 1, "invited"));
    CLOCK_IS(t, 1, "handle", RUNNING);
    OK(rht_world_step(w, t->court, RH_KIND_HEARING, 1, "begin"));
    CLOCK_IS(t, 1, "handle", PAUSED);
    REFUSED(rht_world_step(w, t->court, RH_KIND_HEARING, 1, "begin"), WRONG_STATE);
    OK(rht_world_step(w, t->court, RH_KIND_SUSPEND, 1, "expert-report"));
    w->now_ms += 5 * RH_DAY_MS;
    OK(rht_world_step(w, t->court, RH_KIND_RESUME, 1, NULL));
    CLOCK_IS(t, 1, "handle", PAUSED); /* the hearing still holds it */
    w->now_ms += 5 * RH_DAY_MS;
    OK(rht_world_step(w, t->court, RH_KIND_HEARING, 1, "end"));
    CLOCK_IS(t, 1, "handle", RUNNING);
    assert_int_equal(rht_world_clock(w, 1, "handle")->pause_count, 1);
}

static void test_the_head_extends_once_and_not_too_long(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    handled(t, "petition");
    struct rh_public *item = rht_world_item(w, RH_KIND_EXTEND_GRANT, 1);
    item->extend_n = 31;
    REFUSED(rht_world_send(w, t->court), EXTENSION_LIMIT);
    item->extend_n = 30;
    REFUSED(rht_world_send(w, t->petitions), APPROVER_REQUIRED);
    OK(rht_world_send(w, t->court));
    /* 60 + 30 days from 03-02: Sun 05-31, rolled to Mon 06-01. */
    assert_int_equal(rht_world_clock(w, 1, "handle")->end_ms, rht_at(2026, 6, 2, 0));
    item = rht_world_item(w, RH_KIND_EXTEND_GRANT, 1);
    item->extend_n = 1;
    REFUSED(rht_world_send(w, t->court), EXTENSION_LIMIT);
}

static void test_the_superior_decides_on_a_request(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    handled(t, "overseen");
    struct rh_public *item = rht_world_item(w, RH_KIND_EXTEND_GRANT, 1);
    item->extend_n = 10;
    REFUSED(rht_world_send(w, t->city), WRONG_STATE); /* nobody asked */
    item = rht_world_item(w, RH_KIND_EXTEND_REQUEST, 1);
    item->extend_n = 20;
    memcpy(item->code, "complex", 8);
    OK(rht_world_send(w, t->court));
    assert_int_equal(rht_world_waiting(w, t->city), 1);
    REFUSED(rht_world_step(w, t->court, RH_KIND_EXTEND_GRANT, 1, NULL), APPROVER_REQUIRED);
    OK(rht_world_step(w, t->city, RH_KIND_EXTEND_DENY, 1, "no-reason"));
    REFUSED(rht_world_step(w, t->city, RH_KIND_EXTEND_DENY, 1, "no-reason"), WRONG_STATE);
    item = rht_world_item(w, RH_KIND_EXTEND_REQUEST, 1);
    item->extend_n = 20;
    memcpy(item->code, "complex", 8);
    OK(rht_world_send(w, t->court));
    OK(rht_world_step(w, t->city, RH_KIND_EXTEND_GRANT, 1, NULL));
    assert_int_equal(rht_world_clock(w, 1, "handle")->extension_count, 1);
    assert_int_equal(rht_world_clock(w, 1, "handle")->extensions[0].n, 20);
}

static int asked_for(struct rht_town *t, uint32_t days)
{
    struct rh_public *item = rht_world_item(t->w, RH_KIND_EXTEND_REQUEST, 1);
    item->extend_n = days;
    memcpy(item->code, "complex", 8);
    return (int)rht_world_send(t->w, t->court);
}

/* Asked for in time, granted too late: counted from the day the law names, as always. */
static void test_a_request_in_time_is_granted_after_the_end(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    handled(t, "overseen");
    const uint64_t end_ms = rht_world_clock(w, 1, "handle")->end_ms;
    w->now_ms = end_ms - RH_DAY_MS;
    assert_int_equal(asked_for(t, 20), RH_REFUSE_NONE);
    rht_world_until(w, end_ms + 2 * RH_DAY_MS);
    CLOCK_IS(t, 1, "handle", MISSED);
    assert_int_equal(rht_world_step(w, t->court, RH_KIND_EXTEND_GRANT, 1, NULL),
                     RH_REFUSE_APPROVER_REQUIRED);
    OK(rht_world_step(w, t->city, RH_KIND_EXTEND_GRANT, 1, NULL));
    const struct hub_deadline *clock = rht_world_clock(w, 1, "handle");
    CLOCK_IS(t, 1, "handle", RUNNING);
    /* 60 days from 03-02 are 05-01, a day off; 20 more from there: Thu 05-21. */
    assert_int_equal(end_ms, rht_at(2026, 5, 7, 0));
    assert_int_equal(clock->end_ms, rht_at(2026, 5, 22, 0));
    assert_int_equal(clock->step, 0);
    const uint64_t missed_ms = clock->missed_ms;
    assert_true(missed_ms >= end_ms);
    OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 1, "done"));
    CLOCK_IS(t, 1, "handle", MET_LATE);
    assert_int_equal(rht_world_clock(w, 1, "handle")->missed_ms, missed_ms);
}

static void test_an_extension_can_come_too_late(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    handled(t, "overseen");
    const uint64_t end_ms = rht_world_clock(w, 1, "handle")->end_ms;
    w->now_ms = end_ms - RH_DAY_MS;
    assert_int_equal(asked_for(t, 1), RH_REFUSE_NONE);
    rht_world_until(w, end_ms + 15 * RH_DAY_MS);
    REFUSED(rht_world_step(w, t->city, RH_KIND_EXTEND_GRANT, 1, NULL), EXTENSION_LATE);
    CLOCK_IS(t, 1, "handle", MISSED);
    OK(rht_world_step(w, t->city, RH_KIND_EXTEND_DENY, 1, "too-late"));
    assert_int_equal(asked_for(t, 20), RH_REFUSE_EXTENSION_LATE);
}

static struct rh_limit *limit_of(struct rht_town *t, const char *id)
{
    for (uint32_t i = 0; i < t->w->rules->procedures[0].limit_count; i++) {
        if (strcmp(t->w->rules->procedures[0].limits[i].id, id) == 0)
            return &t->w->rules->procedures[0].limits[i];
    }
    fail_msg("no limit %s", id);
    return NULL;
}

/* A hearing opened before acceptance: the handling clock stands still from its first moment. */
static void test_a_clock_that_starts_in_a_hearing_stands(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->court, RH_KIND_HEARING, 1, "begin"));
    OK(rht_world_step(w, t->court, RH_KIND_ACCEPT, 1, NULL));
    CLOCK_IS(t, 1, "handle", PAUSED);
    CLOCK_IS(t, 1, "watchdog", RUNNING);
}

/* No warning before the beginning, no date from a mere right, no supervision without urging. */
static void test_odd_rules_keep_the_promise(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    limit_of(t, "dispatch")->soon.n = 30;
    limit_of(t, "dispatch")->ladder[0].action = RH_KIND_SUPERVISE;
    limit_of(t, "dispatch")->ladder[0].level = 3;
    rh_kind_add(&limit_of(t, "notice")->kinds, RH_KIND_ASSIGN);
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    assert_int_equal(rht_world_clock(w, 1, "dispatch")->soon_ms, 0);
    rht_world_until(w, rht_at(2026, 3, 18, 0));
    assert_int_equal(rht_world_row(w, 1)->escalation, 2);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    rht_world_receive(w, t->court);
    assert_null(rht_world_clock(w, 1, "notice"));
    CLOCK_IS(t, 1, "object", RUNNING);
    CLOCK_IS(t, 1, "watchdog", RUNNING);
    assert_int_equal(rht_world_clock(w, 1, "watchdog")->owed_by, t->court);
}

/* Three months from registration while somebody handles it: whoever that is, and from the
 * first day. */
static void test_the_clock_of_the_matter_goes_with_it(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct rh_limit *total = limit_of(t, "notice");
    memset(total, 0, sizeof(*total));
    memcpy(total->id, "total", 6);
    total->span = (struct rh_span){ RH_UNIT_MONTH_CIVIL, 3 };
    total->start = RH_START_REGISTERED;
    total->states = 1u << RH_STATE_SIGNED | 1u << RH_STATE_IN_PROGRESS;
    total->owed_by = RH_ACTOR_HOLDER;
    rh_kind_add(&total->met_by, RH_KIND_CONCLUDE);
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    assert_null(rht_world_clock(w, 1, "total"));
    const uint32_t agencies[] = { t->court, t->police };
    for (int i = 0; i < 2; i++) {
        w->now_ms += RH_DAY_MS;
        OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, agencies[i]));
        OK(rht_world_step(w, agencies[i], RH_KIND_SIGN, 1, NULL));
        CLOCK_IS(t, 1, "total", RUNNING);
        assert_int_equal(rht_world_clock(w, 1, "total")->owed_by, agencies[i]);
        assert_int_equal(rht_world_clock(w, 1, "total")->end_ms, rht_at(2026, 6, 3, 0));
        if (i == 0)
            OK(rht_world_step(w, agencies[i], RH_KIND_RETURN, 1, "x"));
    }
}

/* Material asked for: the time without it does not count, or the clock begins anew where the
 * rule says so. */
static void test_supplement_holds_or_restarts(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    rht_world_receive(w, t->court);
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->court, RH_KIND_SUPPLEMENT_REQUEST, 1, NULL));
    HOLDER_IS(t, 1, petitions);
    w->now_ms += 7 * RH_DAY_MS;
    OK(rht_world_step(w, t->petitions, RH_KIND_SUPPLEMENT, 1, NULL));
    assert_int_equal(rht_world_clock(w, 1, "notice")->start_ms, rht_at(2026, 3, 2, 9));
    assert_int_equal(rht_world_clock(w, 1, "notice")->end_ms, rht_at(2026, 3, 24, 0));

    OK(rht_world_register(w, t->procuratorate, 2, "confirmation"));
    struct rh_public *item = rht_world_item(w, RH_KIND_TRANSFER, 2);
    item->to = w->agencies[t->court - HUB_AGENCY_FIRST].id;
    item->fact_count = 1;
    memcpy(item->facts[0].key, "mediating_org", 14);
    memcpy(item->facts[0].code, "x1", 3);
    OK(rht_world_send(w, t->procuratorate));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 2, NULL));
    OK(rht_world_step(w, t->court, RH_KIND_SUPPLEMENT_REQUEST, 2, NULL));
    w->now_ms += 5 * RH_DAY_MS;
    OK(rht_world_step(w, t->procuratorate, RH_KIND_SUPPLEMENT, 2, NULL));
    assert_int_equal(rht_world_clock(w, 2, "acceptance")->start_ms, w->now_ms);
}

/* The date of the agreement is a fact; correcting it moves the clock. */
static void test_a_fact_starts_and_moves_a_clock(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->procuratorate, 1, "confirmation"));
    struct rh_message_id registered = rht_message_id(w->message_number - 1);
    assert_null(rht_world_clock(w, 1, "apply"));
    static const int64_t days[] = { 20260220, 20260225 };
    for (int i = 0; i < 2; i++) {
        struct rh_public *item = rht_world_item(w, RH_KIND_AMEND, 1);
        item->refers_to = registered;
        item->fact_count = 1;
        memcpy(item->facts[0].key, "agreement_effective", 20);
        item->facts[0].is_number = true;
        item->facts[0].number = days[i];
        OK(rht_world_send(w, t->procuratorate));
        assert_int_equal(rht_world_clock(w, 1, "apply")->end_ms,
                         i == 0 ? rht_at(2026, 3, 23, 0) : rht_at(2026, 3, 28, 0));
    }
}

/* 三个月, then every month: each round is met or missed by itself, from one anchor. */
static void test_recurring_rounds_follow_the_first(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    w->now_ms = rht_at(2026, 1, 31, 9);
    OK(rht_world_register(w, t->procuratorate, 1, "confirmation"));
    struct rh_public *item = rht_world_item(w, RH_KIND_TRANSFER, 1);
    item->to = w->agencies[t->court - HUB_AGENCY_FIRST].id;
    item->fact_count = 1;
    memcpy(item->facts[0].key, "mediating_org", 14);
    memcpy(item->facts[0].code, "x1", 3);
    OK(rht_world_send(w, t->procuratorate));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    item = rht_world_item(w, RH_KIND_ACCEPT, 1);
    item->leader_named = true;
    OK(rht_world_send(w, t->court));
    OK(rht_world_step(w, t->court, RH_KIND_START, 1, NULL));
    /* From 01-31: result 04-30; then 05-30, 06-30, 07-30. */
    assert_int_equal(rht_world_clock(w, 1, "result")->end_ms, rht_at(2026, 5, 1, 0));
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_PROGRESS, 1, NULL), UNKNOWN_REFERRAL);
    OK(rht_world_step(w, t->procuratorate, RH_KIND_PROGRESS, 1, NULL));
    CLOCK_IS(t, 1, "result", RUNNING); /* somebody else's note meets nothing */
    rht_world_until(w, rht_at(2026, 4, 10, 9));
    OK(rht_world_step(w, t->court, RH_KIND_PROGRESS, 1, NULL));
    CLOCK_IS(t, 1, "result", MET);
    CLOCK_IS(t, 1, "monthly", RUNNING);
    assert_int_equal(rht_world_clock(w, 1, "monthly")->end_ms, rht_at(2026, 5, 31, 0));
    rht_world_until(w, rht_at(2026, 6, 2, 9)); /* the first round is missed */
    assert_int_equal(rht_world_clock(w, 1, "monthly")->round, 1);
    assert_int_equal(rht_world_clock(w, 1, "monthly")->end_ms, rht_at(2026, 7, 1, 0));
    OK(rht_world_step(w, t->court, RH_KIND_PROGRESS, 1, NULL)); /* settles the missed one */
    CLOCK_IS(t, 1, "monthly", RUNNING);
    assert_int_equal(rht_world_clock(w, 1, "monthly")->round, 1);
    OK(rht_world_step(w, t->court, RH_KIND_PROGRESS, 1, NULL));
    assert_int_equal(rht_world_clock(w, 1, "monthly")->round, 2);
    assert_int_equal(rht_world_clock(w, 1, "monthly")->end_ms, rht_at(2026, 7, 31, 0));
    OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 1, "confirmed"));
    STATE_IS(t, 1, CONCLUDED);
}

/* A date the sender set on a kind for which no limit takes one. */
static void test_a_set_date_is_kept_without_a_limit(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->procuratorate, 1, "demand"));
    struct rh_public *item = rht_world_item(w, RH_KIND_CORRECTION, 1);
    item->to = w->agencies[t->police - HUB_AGENCY_FIRST].id;
    item->due_ms = rht_at(2026, 3, 21, 0);
    OK(rht_world_send(w, t->procuratorate));
    CLOCK_IS(t, 1, "assigned", RUNNING);
    rht_world_receive(w, t->police);
    assert_int_equal(hub_referral_due(rht_world_row(w, 1), t->police), rht_at(2026, 3, 21, 0));
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->police, RH_KIND_CONCLUDE, 1, "done"));
    CLOCK_IS(t, 1, "assigned", RUNNING);
    OK(rht_world_step(w, t->police, RH_KIND_REPLY, 1, NULL));
    CLOCK_IS(t, 1, "assigned", MET);
}

/* The calendar of 2026 with Tuesday 03-17 off and nothing else. */
static void announce_holiday(struct rht_world *w)
{
    struct rh_calendar *calendar = &w->rules->calendars[0];
    struct rh_date first, last;
    assert_int_equal(rh_date_from_civil(2026, 1, 1, &first), RH_OK);
    assert_int_equal(rh_date_from_civil(2026, 12, 31, &last), RH_OK);
    assert_int_equal(rh_calendar_start(calendar, "cn", "", "2026.2", first, last), RH_OK);
    assert_int_equal(rh_calendar_add_year(calendar, 2026), RH_OK);
    struct rh_date day;
    assert_int_equal(rh_date_from_civil(2026, 3, 17, &day), RH_OK);
    assert_int_equal(rh_calendar_add_day(calendar, 2026, day, RH_DAY_HOLIDAY, "新假"), RH_OK);
    assert_int_equal(rh_calendar_finish(calendar), RH_OK);
}

/* A holiday is announced while matters are open: dates move, each holder hears of it. */
static void test_a_new_calendar_moves_open_dates(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    struct hub_event recompute = { .type = HUB_EVENT_RECOMPUTE, .rno = 1 };
    OK(rht_world_event(w, &recompute));
    assert_int_equal(w->out->note_count, 0);
    announce_holiday(w);
    OK(rht_world_event(w, &recompute));
    assert_int_equal(rht_world_clock(w, 1, "dispatch")->end_ms, rht_at(2026, 3, 19, 0));
    assert_int_equal(rht_world_notes(w, RH_KIND_NOTICE), 1);
    assert_int_equal(rht_world_waiting(w, t->petitions), 1);
}

/* The holiday is announced after the fact: a date missed under the old notice stays missed, and
 * stays the date it was, so that nobody's record changes behind their back. */
static void test_a_late_holiday_leaves_what_was_missed(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    rht_world_until(w, rht_at(2026, 3, 18, 0));
    CLOCK_IS(t, 1, "dispatch", MISSED);
    announce_holiday(w);
    OK(rht_world_event(w, &(struct hub_event){ .type = HUB_EVENT_RECOMPUTE, .rno = 1 }));
    CLOCK_IS(t, 1, "dispatch", MISSED);
    assert_int_equal(rht_world_clock(w, 1, "dispatch")->end_ms, rht_at(2026, 3, 18, 0));
    assert_int_equal(rht_world_notes(w, RH_KIND_NOTICE), 0);
}

/* Run until `to_ms`, timer by timer, counting what the hub notes of one kind. */
static unsigned noted_until(struct rht_world *w, enum rh_kind kind, uint64_t to_ms)
{
    unsigned count = 0;
    for (;;) {
        uint64_t wake_ms = hub_referral_wake(rht_world_row(w, 1));
        assert_true(wake_ms > w->now_ms); /* an open matter is always looked at again */
        if (wake_ms > to_ms)
            return count;
        rht_world_until(w, wake_ms);
        count += rht_world_notes(w, kind);
    }
}

/* Nobody acts for years. The watchdog is missed once and counted once; after that it is urged
 * again after 7, 14, 28, 56 and then every 90 days, and never falls silent. Registered Mon
 * 03-02, 30 days (no number in the settings), last day Wed 04-01. */
static void test_a_missed_watchdog_is_counted_once(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    static const uint32_t after[] = { 7, 14, 28, 56, 90, 90, 90 };
    OK(rht_world_register(w, t->procuratorate, 1, "demand"));
    CLOCK_IS(t, 1, "watchdog", RUNNING);
    rht_world_until(w, rht_at(2026, 4, 2, 0));
    CLOCK_IS(t, 1, "watchdog", MISSED);
    uint64_t at_ms = rht_at(2026, 4, 2, 0);
    for (unsigned i = 0; i < sizeof after / sizeof after[0]; i++) {
        at_ms += after[i] * RH_DAY_MS;
        assert_int_equal(hub_referral_wake(rht_world_row(w, 1)), at_ms);
        rht_world_until(w, at_ms);
        assert_int_equal(rht_world_notes(w, RH_KIND_URGE), 1);
    }
    assert_int_equal(noted_until(w, RH_KIND_OVERDUE, rht_at(2032, 1, 1, 0)), 0);
    assert_int_equal(rht_world_row(w, 1)->deadline_count, 1);
    assert_int_equal(hub_referral_due(rht_world_row(w, 1), t->procuratorate),
                     rht_at(2026, 4, 2, 0));
    OK(rht_world_dispatch(w, t->procuratorate, RH_KIND_EXPLAIN, 1, t->police));
    CLOCK_IS(t, 1, "watchdog", MET_LATE);
}

/* The settings' ladder is that of clocks no rule describes: urged at the end, supervised five
 * working days later (Thu 04-09: 04-04 to 04-06 are off), escalated after ten. */
static void test_a_watchdog_climbs_the_ladder_of_policy(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct rh_settings *settings = &w->rules->settings;
    static const struct rh_rung rungs[] = {
        { 2, { RH_UNIT_WORKING_DAY, 0 }, RH_KIND_URGE, RH_ACTOR_HOLDER },
        { 3, { RH_UNIT_WORKING_DAY, 5 }, RH_KIND_SUPERVISE, RH_ACTOR_SUPERIOR },
        { 5, { RH_UNIT_WORKING_DAY, 10 }, RH_KIND_ESCALATE, RH_ACTOR_SUPERIOR },
    };
    memcpy(settings->ladder, rungs, sizeof rungs);
    settings->ladder_count = 3;
    settings->remind_days = 10;
    settings->remind_days_max = 20;
    OK(rht_world_register(w, t->procuratorate, 1, "demand"));
    rht_world_until(w, rht_at(2026, 4, 2, 0));
    assert_int_equal(rht_world_row(w, 1)->escalation, 2);
    rht_world_until(w, rht_at(2026, 4, 10, 0));
    assert_int_equal(rht_world_row(w, 1)->escalation, 3);
    rht_world_until(w, rht_at(2026, 4, 17, 0));
    assert_int_equal(rht_world_row(w, 1)->escalation, 5);
    uint64_t last_ms = hub_referral_wake(rht_world_row(w, 1));
    rht_world_until(w, last_ms);
    assert_int_equal(hub_referral_wake(rht_world_row(w, 1)), last_ms + 20 * RH_DAY_MS);
    rht_world_until(w, last_ms + 20 * RH_DAY_MS);
    assert_int_equal(hub_referral_wake(rht_world_row(w, 1)), last_ms + 40 * RH_DAY_MS);
}

/* A matter that lies for years is judged by the clock that was missed and at last met: it is
 * counted once, and nothing pushes it out of the row. */
static void test_years_do_not_displace_what_is_judged(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    handled(t, "petition");
    assert_int_equal(noted_until(w, RH_KIND_OVERDUE, rht_at(2032, 1, 1, 0)), 1);
    OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 1, "explained"));
    CLOCK_IS(t, 1, "handle", MET_LATE);
    OK(rht_world_step(w, t->court, RH_KIND_REPLY, 1, NULL));
    OK(rht_world_step(w, t->petitions, RH_KIND_REVISIT, 1, NULL));
    assert_int_equal(noted_until(w, RH_KIND_OVERDUE, rht_at(2036, 1, 1, 0)), 1);
    assert_non_null(rht_world_clock(w, 1, "dispatch"));
    CLOCK_IS(t, 1, "handle", MET_LATE);
    CLOCK_IS(t, 1, "watchdog", MISSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RHT_TOWN_TEST(test_soon_and_overdue_fire_once),
        RHT_TOWN_TEST(test_steps_fire_in_order_after_a_week_off),
        RHT_TOWN_TEST(test_an_act_before_the_timer_is_late_all_the_same),
        RHT_TOWN_TEST(test_suspension_leaves_exactly_the_rest),
        RHT_TOWN_TEST(test_a_hearing_holds_the_clock),
        RHT_TOWN_TEST(test_the_head_extends_once_and_not_too_long),
        RHT_TOWN_TEST(test_a_request_in_time_is_granted_after_the_end),
        RHT_TOWN_TEST(test_an_extension_can_come_too_late),
        RHT_TOWN_TEST(test_the_superior_decides_on_a_request),
        RHT_TOWN_TEST(test_a_clock_that_starts_in_a_hearing_stands),
        RHT_TOWN_TEST(test_odd_rules_keep_the_promise),
        RHT_TOWN_TEST(test_the_clock_of_the_matter_goes_with_it),
        RHT_TOWN_TEST(test_supplement_holds_or_restarts),
        RHT_TOWN_TEST(test_a_fact_starts_and_moves_a_clock),
        RHT_TOWN_TEST(test_recurring_rounds_follow_the_first),
        RHT_TOWN_TEST(test_a_set_date_is_kept_without_a_limit),
        RHT_TOWN_TEST(test_a_new_calendar_moves_open_dates),
        RHT_TOWN_TEST(test_a_late_holiday_leaves_what_was_missed),
        RHT_TOWN_TEST(test_a_missed_watchdog_is_counted_once),
        RHT_TOWN_TEST(test_a_watchdog_climbs_the_ladder_of_policy),
        RHT_TOWN_TEST(test_years_do_not_displace_what_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
