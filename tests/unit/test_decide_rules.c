/* The procedures in protocol/rules, decided: the dates are those of the official 2026 calendar
 * and of the articles the files name, worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "load/rules.h"
#include "support/town.h"

static int open_with_rules(void **state)
{
    char text[4096];
    struct rh_load_report report;
    if (rht_town_open(state) != 0)
        return -1;
    struct rht_town *t = *state;
    rh_load_report_init(&report, text, sizeof(text));
    if (rh_load_rules(RHT_SOURCE_DIR "/protocol/rules", t->w->rules, NULL, &report) != RH_OK) {
        (void)fprintf(stderr, "%s\n", text);
        return -1;
    }
    return 0;
}

/* SC-04 and P2: registered Mon 02-09 (dispatch by Tue 02-24, in the Spring Festival's wake),
 * accepted Wed 02-11 (sixty days end Sun 04-12, rolled to Mon 04-13). */
static void test_xinfang_dates(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    w->now_ms = rht_at(2026, 2, 9, 10);
    OK(rht_world_register(w, t->petitions, 1, "xinfang"));
    assert_int_equal(rht_world_clock(w, 1, "dispatch")->end_ms, rht_at(2026, 2, 25, 0));
    w->now_ms = rht_at(2026, 2, 10, 10);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->procuratorate));
    rht_world_receive(w, t->procuratorate);
    /* Five working days after Tue 02-10: 11, 12, 13, Sat 14, then Tue 24. */
    assert_int_equal(rht_world_clock(w, 1, "object")->end_ms, rht_at(2026, 2, 25, 0));
    w->now_ms = rht_at(2026, 2, 11, 10);
    OK(rht_world_step(w, t->procuratorate, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_ACCEPT, 1, NULL));
    CLOCK_IS(t, 1, "notice", MET);
    assert_int_equal(rht_world_clock(w, 1, "handle")->end_ms, rht_at(2026, 4, 14, 0));
    struct rh_public *item = rht_world_item(w, RH_KIND_EXTEND_GRANT, 1);
    item->extend_n = 30;
    OK(rht_world_send(w, t->procuratorate));
    /* Thirty more from the nominal Sun 04-12: Tue 05-12. */
    assert_int_equal(rht_world_clock(w, 1, "handle")->end_ms, rht_at(2026, 5, 13, 0));
    REFUSED(rht_world_step(w, t->procuratorate, RH_KIND_CONCLUDE, 1, "whatever"),
            FIELD_INVALID);
    OK(rht_world_step(w, t->procuratorate, RH_KIND_CONCLUDE, 1, "supported"));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_REPLY, 1, NULL));
    assert_int_equal(w->out->holder, t->petitions);
    rht_world_until(w, rht_at(2026, 4, 1, 0));
    STATE_IS(t, 1, CLOSED);
}

/* SC-06: the agreement took effect on 01-30; thirty days end Sun 03-01, rolled to Mon 03-02. */
static void test_judicial_confirmation_dates(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    w->now_ms = rht_at(2026, 2, 5, 10);
    OK(rht_world_register(w, t->procuratorate, 1, "judicial-confirmation"));
    struct rh_public *item = rht_world_item(w, RH_KIND_TRANSFER, 1);
    item->to = w->agencies[t->court - HUB_AGENCY_FIRST].id;
    REFUSED(rht_world_send(w, t->procuratorate), MEDIATOR_MISSING);
    item->fact_count = 3;
    memcpy(item->facts[0].key, "agreement_effective", 20);
    item->facts[0].is_number = true;
    item->facts[0].number = 20260130;
    memcpy(item->facts[1].key, "mediating_org", 14);
    memcpy(item->facts[1].code, "91510603MB1", 12);
    memcpy(item->facts[2].key, "mediating_org_lawful", 21);
    memcpy(item->facts[2].code, "no", 3);
    REFUSED(rht_world_send(w, t->procuratorate), MEDIATOR_MISSING);
    memcpy(item->facts[2].code, "yes", 4);
    OK(rht_world_send(w, t->procuratorate));
    rht_world_receive(w, t->court);
    /* Three days from Thu 02-05: Sun 02-08, rolled to Mon 02-09. */
    assert_int_equal(rht_world_clock(w, 1, "acceptance")->end_ms, rht_at(2026, 2, 10, 0));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->court, RH_KIND_ACCEPT, 1, NULL));
    /* Fifteen days: Fri 02-20 in the holiday, rolled to Tue 02-24. */
    assert_int_equal(rht_world_clock(w, 1, "decision")->end_ms, rht_at(2026, 2, 25, 0));
    OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 1, "confirmed"));
    OK(rht_world_step(w, t->court, RH_KIND_REPLY, 1, NULL));
    STATE_IS(t, 1, REPLIED);
}

/* SC-22: seven days for the reasons, fifteen for the order to file. */
static void test_filing_supervision_dates(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->procuratorate, 1, "filing-supervision"));
    OK(rht_world_register(w, t->procuratorate, 2, "filing-supervision"));
    OK(rht_world_dispatch(w, t->procuratorate, RH_KIND_EXPLAIN, 1, t->police));
    OK(rht_world_dispatch(w, t->procuratorate, RH_KIND_NOTIFY_FILE, 2, t->police));
    rht_world_receive(w, t->police);
    assert_int_equal(rht_world_clock(w, 1, "explain")->end_ms, rht_at(2026, 3, 10, 0));
    assert_int_equal(rht_world_clock(w, 2, "file")->end_ms, rht_at(2026, 3, 18, 0));
    assert_null(rht_world_clock(w, 1, "file"));
    rht_world_until(w, rht_at(2026, 3, 14, 0));
    CLOCK_IS(t, 1, "explain", MISSED);
    assert_int_equal(rht_world_row(w, 1)->escalation, 5);
}

static void test_suggestion_dates(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->procuratorate, 1, "suggestion"));
    OK(rht_world_dispatch(w, t->procuratorate, RH_KIND_SUGGESTION, 1, t->police));
    rht_world_receive(w, t->police);
    /* Two months from Mon 03-02: Sat 05-02, in the holiday, rolled to Wed 05-06. */
    assert_int_equal(rht_world_clock(w, 1, "answer")->end_ms, rht_at(2026, 5, 7, 0));
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->police, RH_KIND_CONCLUDE, 1, "adopted"));
    CLOCK_IS(t, 1, "answer", RUNNING); /* the answer in writing is still owed */
    OK(rht_world_step(w, t->police, RH_KIND_REPLY, 1, NULL));
    CLOCK_IS(t, 1, "answer", MET);
}

/* 12309: three months to a first answer, then one each month. */
static void test_p12309_dates(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "p12309"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->procuratorate));
    rht_world_receive(w, t->procuratorate);
    assert_int_equal(rht_world_clock(w, 1, "seven-days")->end_ms, rht_at(2026, 3, 10, 0));
    assert_int_equal(rht_world_clock(w, 1, "result")->end_ms, rht_at(2026, 6, 3, 0));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_ACCEPT, 1, NULL));
    CLOCK_IS(t, 1, "seven-days", MET);
    rht_world_until(w, rht_at(2026, 6, 10, 9));
    CLOCK_IS(t, 1, "result", MISSED);
    /* From the nominal 06-02: Thu 07-02. */
    assert_int_equal(rht_world_clock(w, 1, "monthly")->end_ms, rht_at(2026, 7, 3, 0));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_PROGRESS, 1, NULL));
    CLOCK_IS(t, 1, "result", MET_LATE);
    CLOCK_IS(t, 1, "monthly", RUNNING); /* one act settles one period */
    OK(rht_world_step(w, t->procuratorate, RH_KIND_PROGRESS, 1, NULL));
    assert_int_equal(rht_world_clock(w, 1, "monthly")->round, 1);
    assert_int_equal(rht_world_clock(w, 1, "monthly")->end_ms, rht_at(2026, 8, 4, 0));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_with_rules, rht_town_close)
    const struct CMUnitTest tests[] = {
        TEST(test_xinfang_dates),
        TEST(test_judicial_confirmation_dates),
        TEST(test_filing_supervision_dates),
        TEST(test_suggestion_dates),
        TEST(test_p12309_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
