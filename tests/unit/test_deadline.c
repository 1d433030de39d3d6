/* hub/core/deadline.c and deadline_explain.c, on the official calendar of China. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/deadline.h"
#include "load/calendar.h"
#include "support/rht.h"

#define CHINA RHT_SOURCE_DIR "/protocol/rules/calendars/cn-2007-2026.yaml"

enum { DAYS_MAX = 4096 };

static struct rh_calendar china;
static struct hub_deadline_day days[DAYS_MAX];

static int load_china(void **state)
{
    static char text[4096];
    struct rh_load_report report;
    (void)state;
    rh_load_report_init(&report, text, sizeof text);
    return rh_load_calendar(CHINA, &china, &report) == RH_OK ? 0 : -1;
}

/* Instant on the wall in China: "2026-02-12 09:30" or a day alone, at ten in the morning. */
static uint64_t at(const char *wall)
{
    char text[32];
    uint64_t ms = 0;
    if (strlen(wall) == 10)
        (void)snprintf(text, sizeof text, "%sT10:00:00+08:00", wall);
    else
        (void)snprintf(text, sizeof text, "%.10sT%s:00+08:00", wall, wall + 11);
    assert_int_equal(rh_instant_parse(text, strlen(text), &ms), RH_OK);
    return ms;
}

static struct hub_deadline_input period(const char *start, uint32_t n, enum rh_unit unit,
                                        enum rh_roll roll)
{
    return (struct hub_deadline_input){
        .start_ms = at(start),
        .terms = { .span = { unit, n }, .roll = roll },
    };
}

static const char *day_text(struct rh_date date)
{
    static char text[RH_DATE_TEXT_BYTES];
    rh_date_format(date, text);
    return text;
}

static struct hub_deadline_result compute(const struct hub_deadline_input *input)
{
    struct hub_deadline_result result;
    assert_int_equal(hub_deadline_compute(&china, input, &result), RH_OK);
    return result;
}

static void expect_last(const struct hub_deadline_input *input, const char *last)
{
    const struct hub_deadline_result result = compute(input);
    assert_string_equal(day_text(result.last), last);
    assert_true(result.end_ms == rh_date_end_ms(result.last));
}

#define CD RH_UNIT_CALENDAR_DAY
#define WD RH_UNIT_WORKING_DAY
#define MO RH_UNIT_MONTH_CIVIL
#define MC RH_UNIT_MONTH_CRIMINAL
#define HR RH_UNIT_HOUR
#define STAY RH_ROLL_NONE
#define NEXT RH_ROLL_NEXT_WORKING_DAY

/* The worked values that were computed by hand from the notice of 2026. */
static void test_deadline_gives_the_worked_values(void **state)
{
    (void)state;
    static const struct {
        const char *start;
        uint32_t n;
        enum rh_unit unit;
        const char *nominal;
        const char *rolled;
        bool provisional;
    } table[] = {
        { "2026-02-05", 15, CD, "2026-02-20", "2026-02-24", false },
        { "2026-02-09", 15, CD, "2026-02-24", "2026-02-24", false },
        { "2026-02-10", 7, CD, "2026-02-17", "2026-02-24", false },
        { "2026-02-12", 5, WD, "2026-02-26", "2026-02-26", false },
        { "2026-02-12", 10, WD, "2026-03-04", "2026-03-04", false },
        { "2026-09-24", 5, WD, "2026-10-09", "2026-10-09", false },
        { "2026-09-30", 5, WD, "2026-10-13", "2026-10-13", false },
        { "2026-09-22", 3, CD, "2026-09-25", "2026-09-28", false },
        { "2026-09-22", 3, WD, "2026-09-28", "2026-09-28", false },
        { "2026-04-30", 3, CD, "2026-05-03", "2026-05-06", false },
        { "2026-04-30", 3, WD, "2026-05-08", "2026-05-08", false },
        { "2026-09-18", 2, CD, "2026-09-20", "2026-09-20", false },
        { "2025-12-31", 2, MO, "2026-02-28", "2026-02-28", false },
        { "2026-06-20", 3, MO, "2026-09-20", "2026-09-20", false },
        { "2026-08-01", 2, MO, "2026-10-01", "2026-10-08", false },
        { "2026-08-08", 60, CD, "2026-10-07", "2026-10-08", false },
        { "2026-11-30", 3, MO, "2027-02-28", "2027-03-01", true },
        { "2026-02-28", 1, MO, "2026-03-28", "2026-03-30", false },
        { "2026-02-28", 1, MC, "2026-03-31", "2026-03-31", false },
        { "2028-02-29", 1, MO, "2028-03-29", "2028-03-29", true },
        { "2027-01-29", 1, MO, "2027-02-28", "2027-03-01", true },
        { "2027-01-30", 1, MO, "2027-02-28", "2027-03-01", true },
        { "2027-01-31", 1, MO, "2027-02-28", "2027-03-01", true },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct hub_deadline_input input =
            period(table[i].start, table[i].n, table[i].unit, NEXT);
        const struct hub_deadline_result result = compute(&input);
        assert_string_equal(day_text(result.nominal), table[i].nominal);
        assert_string_equal(day_text(result.last), table[i].rolled);
        assert_int_equal(result.provisional, table[i].provisional);
        input.terms.roll = STAY;
        expect_last(&input, table[i].nominal);
    }
}

/* A person in custody is not kept a day longer because of a holiday. */
static void test_deadline_of_custody_is_not_rolled(void **state)
{
    (void)state;
    struct hub_deadline_input input = period("2026-02-10", 7, CD, STAY);
    expect_last(&input, "2026-02-17");
    input.terms.roll = NEXT;
    expect_last(&input, "2026-02-24");
}

/* The first day is a civil day in China, whatever the day is in UTC. */
static void test_deadline_takes_the_day_from_the_wall_in_china(void **state)
{
    (void)state;
    struct hub_deadline_input input = period("2026-03-10 00:00", 1, CD, STAY);
    expect_last(&input, "2026-03-11");
    input.start_ms--; /* 23:59:59.999 of the 9th */
    expect_last(&input, "2026-03-10");
}

static void test_deadline_in_hours_runs_exactly(void **state)
{
    (void)state;
    struct hub_deadline_input input = period("2026-02-14 09:30", 24, HR, NEXT);
    assert_true(compute(&input).end_ms == at("2026-02-15 09:30")); /* a holiday: not moved */
    input.terms.span.n = 48;
    assert_true(compute(&input).end_ms == at("2026-02-16 09:30"));

    const struct hub_pause pauses[] = {
        { at("2026-02-14 10:00"), at("2026-02-14 12:15") },
        { at("2026-02-13 10:00"), at("2026-02-13 12:00") }, /* before the start */
        { at("2026-02-15 00:00"), at("2026-02-15 00:45") },
    };
    input.terms.span.n = 24;
    input.pauses = pauses;
    input.pause_count = 3;
    const struct hub_deadline_result result = compute(&input);
    assert_true(result.end_ms == at("2026-02-15 12:30"));
    assert_true(result.paused_ms == 3 * RH_HOUR_MS);
}

static void test_deadline_knows_both_month_rules(void **state)
{
    (void)state;
    static const struct {
        const char *start;
        uint32_t n;
        bool half;
        const char *civil;
        const char *criminal;
    } table[] = {
        { "2026-01-31", 1, false, "2026-02-28", "2026-02-28" },
        { "2026-01-30", 1, false, "2026-02-28", "2026-02-28" },
        { "2026-02-28", 2, false, "2026-04-28", "2026-04-30" },
        { "2028-02-28", 1, false, "2028-03-28", "2028-03-28" },
        { "2028-02-29", 12, false, "2029-02-28", "2029-02-28" },
        { "2026-04-30", 1, false, "2026-05-30", "2026-05-31" },
        { "2026-11-30", 3, false, "2027-02-28", "2027-02-28" },
        { "2026-04-30", 0, true, NULL, "2026-05-15" },
        { "2026-01-31", 1, true, NULL, "2026-03-15" },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct hub_deadline_input input = period(table[i].start, table[i].n, MC, STAY);
        input.terms.half_month = table[i].half;
        expect_last(&input, table[i].criminal);
        if (table[i].civil != NULL) {
            input.terms.span.unit = MO;
            expect_last(&input, table[i].civil);
        }
    }
}

/* Stopping and resuming must neither give nor take a day. */
static void test_deadline_stands_still_in_pauses(void **state)
{
    (void)state;
    struct hub_deadline_input input = period("2026-03-02", 5, WD, STAY); /* a Monday */
    expect_last(&input, "2026-03-09");

    struct hub_pause pause = { at("2026-03-03 10:00"), at("2026-03-05 15:00") };
    input.pauses = &pause;
    input.pause_count = 1;
    expect_last(&input, "2026-03-11"); /* Tuesday and Wednesday do not count */
    assert_int_equal(compute(&input).paused, 2);
    pause.to_ms = at("2026-03-03 23:59");
    expect_last(&input, "2026-03-09"); /* within one day: nothing changes */
    pause.to_ms = at("2026-03-04 00:00");
    expect_last(&input, "2026-03-10"); /* the clock stood at 24:00 */
    pause = (struct hub_pause){ at("2026-03-06 18:00"), at("2026-03-09 08:00") };
    expect_last(&input, "2026-03-10"); /* only one of the three days would have worked */
    pause = (struct hub_pause){ at("2026-03-09 18:00"), at("2026-03-20 08:00") };
    expect_last(&input, "2026-03-20"); /* on its last day: there is still a last day */
    pause = (struct hub_pause){ at("2026-03-10 00:00"), at("2026-03-20 08:00") };
    expect_last(&input, "2026-03-09"); /* after the end */
    pause = (struct hub_pause){ at("2026-02-20"), at("2026-03-02 15:00") };
    expect_last(&input, "2026-03-09"); /* over before the first day that counts */
}

/* Three stops leave exactly the remaining budget; changing the target does not forget them. */
static void test_deadline_keeps_its_budget_over_three_pauses(void **state)
{
    (void)state;
    struct hub_pause pauses[3] = {
        { at("2026-03-20 09:00"), at("2026-04-10 17:00") },
        { at("2026-03-03 09:00"), at("2026-03-06 09:00") },
        { at("2026-03-10 09:00"), at("2026-03-12 00:00") },
    };
    struct hub_deadline_input input = period("2026-03-02", 20, CD, STAY);
    expect_last(&input, "2026-03-22");
    input.pauses = pauses;
    input.pause_count = 3;
    const struct hub_deadline_result result = compute(&input);
    assert_int_equal(result.counted, 20);
    assert_int_equal(result.paused, 3 + 2 + 21);
    expect_last(&input, "2026-04-17");

    input.terms.span.n = 25;
    expect_last(&input, "2026-04-22");

    pauses[0].to_ms = 0; /* still paused since 20 March */
    input.terms.span.n = 20;
    const struct hub_deadline_result stopped = compute(&input);
    assert_true(stopped.stopped);
    assert_true(stopped.end_ms == 0);
    assert_int_equal(stopped.counted, 13 - 1); /* 3..19 March less five paused days */
    assert_int_equal(stopped.counted + stopped.remaining, 20);
    assert_string_equal(day_text(stopped.last), "2026-03-19");
}

/* A roll must not lead into a pause either. */
static void test_deadline_rolls_past_a_pause(void **state)
{
    (void)state;
    struct hub_pause pause = { at("2026-03-08 09:00"), at("2026-03-11 09:00") };
    struct hub_deadline_input input = period("2026-03-02", 5, CD, NEXT); /* a Saturday */
    expect_last(&input, "2026-03-09");
    input.pauses = &pause;
    input.pause_count = 1;
    expect_last(&input, "2026-03-11");
    pause.to_ms = 0;
    assert_true(compute(&input).stopped);
    assert_true(compute(&input).remaining == 0);
}

/* Extensions count from the nominal end, not from the rolled one and not from the grant. */
static void test_deadline_extends_the_nominal_end(void **state)
{
    (void)state;
    const struct rh_span extensions[] = { { CD, 30 }, { WD, 3 }, { MO, 1 } };
    struct hub_deadline_input input = period("2026-08-08", 60, CD, NEXT);
    expect_last(&input, "2026-10-08"); /* rolled from 7 October */
    input.extensions = extensions;
    input.extension_count = 1;
    expect_last(&input, "2026-11-06"); /* 7 October and 30 days */
    const struct hub_deadline_result result = compute(&input);
    assert_string_equal(day_text(result.nominal), "2026-10-07");
    assert_int_equal(result.counted, 90);
    input.extension_count = 2;
    expect_last(&input, "2026-11-11");
    input.extension_count = 3;
    expect_last(&input, "2026-12-11");

    const struct hub_pause pause = { at("2026-10-10"), at("2026-10-12") };
    input.extension_count = 1;
    input.pauses = &pause;
    input.pause_count = 1;
    expect_last(&input, "2026-11-09"); /* 8 November is a Sunday */

    struct hub_deadline_input hours = period("2026-03-02 08:00", 24, HR, STAY);
    const struct rh_span more = { HR, 12 };
    hours.extensions = &more;
    hours.extension_count = 1;
    assert_true(compute(&hours).end_ms == at("2026-03-03 20:00"));
}

/* Answers that a later notice may change must say so, and only those. */
static void test_deadline_is_provisional_beyond_the_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *start;
        uint32_t n;
        enum rh_unit unit;
        enum rh_roll roll;
        bool provisional;
    } table[] = {
        { "2026-12-24", 5, WD, STAY, false }, /* ends on the last known day */
        { "2026-12-25", 5, WD, STAY, true },
        { "2026-12-24", 7, CD, NEXT, false },
        { "2026-12-24", 8, CD, NEXT, true },
        { "2026-12-24", 8, CD, STAY, false },
        { "2026-12-24", 2, MO, STAY, false },
        { "2026-12-24", 2000, HR, STAY, false },
        { "2006-12-28", 1, WD, STAY, true }, /* before the first known day */
        { "2006-12-29", 1, WD, STAY, false },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct hub_deadline_input input =
            period(table[i].start, table[i].n, table[i].unit, table[i].roll);
        assert_int_equal(compute(&input).provisional, table[i].provisional);
    }
}

static void test_deadline_recurs_from_its_anchor(void **state)
{
    (void)state;
    static const char *const ends[] = { "2026-02-28", "2026-03-31", "2026-04-30",
                                        "2026-05-31" };
    const struct hub_deadline_input input = period("2026-01-31", 1, MO, STAY);
    struct hub_deadline_result result;
    for (uint32_t i = 1; i <= 4; i++) {
        assert_int_equal(hub_deadline_recur(&china, &input, i, &result), RH_OK);
        assert_string_equal(day_text(result.last), ends[i - 1]);
    }
    assert_int_equal(hub_deadline_recur(&china, &input, 0, &result), RH_ERR_INVALID);
    assert_int_equal(hub_deadline_recur(&china, &input, HUB_DEADLINE_N_MAX, &result),
                     RH_ERR_FULL);
}

static void test_deadline_warns_before_and_steps_after(void **state)
{
    (void)state;
    const uint64_t end_ms = rh_date_end_ms(rh_date_of_instant(at("2026-02-24")));
    static const struct {
        struct rh_span span;
        const char *before;
        const char *after;
    } table[] = {
        { { HR, 3 }, "2026-02-24 21:00", "2026-02-25 03:00" },
        { { CD, 3 }, "2026-02-21 00:00", "2026-02-28 00:00" },
        { { WD, 3 }, "2026-02-12 00:00", "2026-02-28 00:00" },
        { { WD, 1 }, "2026-02-14 00:00", "2026-02-26 00:00" },
        { { WD, 0 }, "2026-02-24 00:00", "2026-02-25 00:00" },
        { { CD, 0 }, "2026-02-24 00:00", "2026-02-25 00:00" },
    };
    uint64_t ms;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(hub_deadline_before(&china, end_ms, &table[i].span, &ms), RH_OK);
        assert_true(ms == at(table[i].before));
        assert_int_equal(hub_deadline_after(&china, end_ms, &table[i].span, &ms), RH_OK);
        assert_true(ms == at(table[i].after));
    }
    const struct rh_span month = { MO, 1 };
    assert_int_equal(hub_deadline_before(&china, end_ms, &month, &ms), RH_ERR_INVALID);
    assert_int_equal(hub_deadline_after(&china, end_ms, &month, &ms), RH_OK);
    assert_true(ms == at("2026-03-25 00:00"));
    const struct rh_span long_ago = { WD, 90000 };
    assert_int_equal(hub_deadline_before(&china, end_ms, &long_ago, &ms), RH_OK);
    assert_true(ms == 0);
}

static void test_deadline_refuses_what_makes_no_sense(void **state)
{
    (void)state;
    struct hub_deadline_result result;
    struct hub_deadline_input input = period("2026-03-02", 0, CD, STAY);
    assert_int_equal(hub_deadline_compute(&china, &input, &result), RH_ERR_INVALID);
    input.terms.span.n = HUB_DEADLINE_N_MAX + 1;
    assert_int_equal(hub_deadline_compute(&china, &input, &result), RH_ERR_INVALID);
    input.terms.span.n = 80000; /* beyond 2199 */
    assert_int_equal(hub_deadline_compute(&china, &input, &result), RH_ERR_FULL);
    input.terms.span = (struct rh_span){ WD, 60000 };
    assert_int_equal(hub_deadline_compute(&china, &input, &result), RH_ERR_FULL);
    input.terms.span = (struct rh_span){ MO, 100000 };
    assert_int_equal(hub_deadline_compute(&china, &input, &result), RH_ERR_FULL);
    input.terms.span = (struct rh_span){ (enum rh_unit)77, 1 };
    assert_int_equal(hub_deadline_compute(&china, &input, &result), RH_ERR_INVALID);
    input.terms = (struct hub_deadline_terms){ .span = { CD, 1 }, .half_month = true };
    assert_int_equal(hub_deadline_compute(&china, &input, &result), RH_ERR_INVALID);

    const struct rh_span hours = { HR, 1 };
    input = period("2026-03-02", 1, CD, STAY);
    input.extensions = &hours;
    input.extension_count = 1;
    assert_int_equal(hub_deadline_compute(&china, &input, &result), RH_ERR_INVALID);
    input.extension_count = HUB_EXTENSIONS_MAX + 1;
    assert_int_equal(hub_deadline_compute(&china, &input, &result), RH_ERR_FULL);

    struct hub_pause pause = { at("2026-03-02 10:00"), at("2026-03-02 09:00") };
    input = period("2026-03-02", 1, CD, STAY);
    input.pauses = &pause;
    input.pause_count = 1;
    assert_int_equal(hub_deadline_compute(&china, &input, &result), RH_ERR_INVALID);
    pause = (struct hub_pause){ UINT64_MAX, 0 };
    assert_int_equal(hub_deadline_compute(&china, &input, &result), RH_ERR_INVALID);
    input.pause_count = 0;
    input.start_ms = RH_INSTANT_MS_END;
    assert_int_equal(hub_deadline_compute(&china, &input, &result), RH_ERR_INVALID);
}

/* The list that people see, as one line. */
static void test_deadline_explains_each_day(void **state)
{
    (void)state;
    const struct hub_pause pause = { at("2026-02-25 09:00"), at("2026-02-26 09:00") };
    const struct rh_span more = { CD, 2 };
    struct hub_deadline_input input = period("2026-02-12", 3, WD, NEXT);
    uint32_t count;
    char line[1024] = "";
    size_t used = 0;

    input.pauses = &pause;
    input.pause_count = 1;
    input.extensions = &more;
    input.extension_count = 1;
    assert_int_equal(hub_deadline_explain(&china, &input, days, DAYS_MAX, &count), RH_OK);
    for (uint32_t i = 0; i < count; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s %s%s %s%s %u/%u; ",
                                 day_text(days[i].date) + 5, hub_day_role_name(days[i].role),
                                 days[i].last ? "!" : "", rh_day_kind_name(days[i].day.kind),
                                 days[i].day.name, days[i].part, days[i].number);
    assert_string_equal(line,
        "02-12 start workday 0/0; 02-13 counted workday 0/1; 02-14 counted makeup春节 0/2; "
        "02-15 skipped holiday春节 0/0; 02-16 skipped holiday春节 0/0; "
        "02-17 skipped holiday春节 0/0; 02-18 skipped holiday春节 0/0; "
        "02-19 skipped holiday春节 0/0; 02-20 skipped holiday春节 0/0; "
        "02-21 skipped holiday春节 0/0; 02-22 skipped holiday春节 0/0; "
        "02-23 skipped holiday春节 0/0; 02-24 counted workday 0/3; 02-25 paused workday 1/0; "
        "02-26 counted workday 1/1; 02-27 counted! workday 1/2; ");

    assert_int_equal(hub_deadline_explain(&china, &input, days, 5, &count), RH_ERR_FULL);
    assert_int_equal(count, 16);

    input = period("2026-03-02", 5, CD, NEXT); /* Saturday */
    assert_int_equal(hub_deadline_explain(&china, &input, days, DAYS_MAX, &count), RH_OK);
    assert_int_equal(count, 8);
    assert_int_equal(days[5].role, HUB_DAY_COUNTED);
    assert_int_equal(days[7].role, HUB_DAY_MOVED);
    assert_true(days[7].last && !days[5].last);
    input.terms.span.unit = HR;
    assert_int_equal(hub_deadline_explain(&china, &input, days, DAYS_MAX, &count), RH_OK);
    assert_int_equal(count, 0);
}

/* ---- twins ------------------------------------------------------------------------------ */

struct case_memory {
    struct hub_pause pauses[HUB_PAUSES_MAX];
    struct rh_span extensions[HUB_EXTENSIONS_MAX];
};

static struct hub_deadline_input random_input(struct rht_random *random,
                                              struct case_memory *memory)
{
    const uint64_t low = at("2006-06-01");
    const enum rh_unit unit = (enum rh_unit)rht_random_between(random, CD, MC);
    struct hub_deadline_input input = {
        .start_ms = rht_random_between(random, low, at("2028-01-01")),
        .terms = { { unit, (uint32_t)rht_random_between(random, 1, unit >= MO ? 6 : 60) },
                   unit == MC && rht_random_once_in(random, 3),
                   rht_random_once_in(random, 2) ? NEXT : STAY },
        .pauses = memory->pauses,
        .pause_count = (uint32_t)rht_random_below(random, HUB_PAUSES_MAX + 1),
        .extensions = memory->extensions,
        .extension_count = (uint32_t)rht_random_below(random, HUB_EXTENSIONS_MAX + 1),
    };
    for (uint32_t i = 0; i < input.pause_count; i++) {
        const uint64_t from =
            input.start_ms + rht_random_below(random, 90 * RH_DAY_MS) - 5 * RH_DAY_MS;
        memory->pauses[i].from_ms = from;
        memory->pauses[i].to_ms = from + rht_random_below(random, 12 * RH_DAY_MS);
        if (rht_random_once_in(random, 40))
            memory->pauses[i].to_ms = 0;
        if (rht_random_once_in(random, 4)) /* at midnight exactly */
            memory->pauses[i].from_ms = rh_date_start_ms(rh_date_of_instant(from));
    }
    for (uint32_t i = 0; i < input.extension_count; i++)
        memory->extensions[i] =
            (struct rh_span){ (enum rh_unit)rht_random_between(random, CD, MC),
                              (uint32_t)rht_random_between(random, 1, 3) };
    return input;
}

/* Counting and walking derive the same end, the same days and the same sums. */
static void test_deadline_agrees_with_its_explanation(void **state)
{
    (void)state;
    struct rht_random random;
    struct case_memory memory;
    rht_random_init(&random);
    for (int round = 0; round < 20000; round++) {
        const struct hub_deadline_input input = random_input(&random, &memory);
        const struct hub_deadline_result result = compute(&input);
        uint32_t roles[6] = { 0 };
        uint32_t count;
        bool beyond = false;

        assert_int_equal(hub_deadline_explain(&china, &input, days, DAYS_MAX, &count), RH_OK);
        for (uint32_t i = 0; i < count; i++) {
            roles[days[i].role]++;
            assert_int_equal(days[i].date.days, result.start.days + (int32_t)i);
            assert_int_equal(days[i].last, i + 1 == count && !result.stopped);
            beyond = beyond || days[i].day.beyond;
        }
        assert_int_equal(roles[HUB_DAY_START], 1);
        assert_int_equal(roles[HUB_DAY_COUNTED], result.counted);
        if (!result.stopped) {
            assert_int_equal(days[count - 1].date.days, result.last.days);
            assert_int_equal(roles[HUB_DAY_SKIPPED], result.skipped);
            assert_int_equal(roles[HUB_DAY_PAUSED], result.paused);
            assert_int_equal(roles[HUB_DAY_MOVED], result.rolled);
            assert_true(!result.provisional || beyond);
            assert_true(result.end_ms == rh_date_end_ms(result.last));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadline_gives_the_worked_values),
        cmocka_unit_test(test_deadline_of_custody_is_not_rolled),
        cmocka_unit_test(test_deadline_takes_the_day_from_the_wall_in_china),
        cmocka_unit_test(test_deadline_in_hours_runs_exactly),
        cmocka_unit_test(test_deadline_knows_both_month_rules),
        cmocka_unit_test(test_deadline_stands_still_in_pauses),
        cmocka_unit_test(test_deadline_keeps_its_budget_over_three_pauses),
        cmocka_unit_test(test_deadline_rolls_past_a_pause),
        cmocka_unit_test(test_deadline_extends_the_nominal_end),
        cmocka_unit_test(test_deadline_is_provisional_beyond_the_calendar),
        cmocka_unit_test(test_deadline_recurs_from_its_anchor),
        cmocka_unit_test(test_deadline_warns_before_and_steps_after),
        cmocka_unit_test(test_deadline_refuses_what_makes_no_sense),
        cmocka_unit_test(test_deadline_explains_each_day),
        cmocka_unit_test(test_deadline_agrees_with_its_explanation),
    };
    return cmocka_run_group_tests(tests, load_china, NULL);
}
