/* protocol/src/date.c, calendar.c, calendar_codec.c and protocol/load/calendar.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rh/calendar.h>
#include <rh/csv.h>

#include "load/calendar.h"
#include "support/rht.h"

#define CHINA RHT_SOURCE_DIR "/protocol/rules/calendars/cn-2007-2026.yaml"
#define EXCEPTIONS RHT_SOURCE_DIR "/tests/data/calendar/exceptions_2007_2026.csv"

static struct rh_calendar china;
static struct rh_calendar other;

static struct rh_date date_of(const char *text)
{
    struct rh_date date;
    assert_int_equal(rh_date_parse(text, strlen(text), &date), RH_OK);
    return date;
}

static int load_china(void **state)
{
    static char text[4096];
    struct rh_load_report report;
    (void)state;
    rh_load_report_init(&report, text, sizeof text);
    const enum rh_err err = rh_load_calendar(CHINA, &china, &report);
    if (err != RH_OK)
        fputs(text, stderr);
    return err == RH_OK ? 0 : -1;
}

/* ---- dates ------------------------------------------------------------------------------- */

/* Every day there is, against a wall calendar that is turned page by page. */
static void test_date_turns_every_page(void **state)
{
    (void)state;
    int32_t year = 1970;
    int32_t month = 1;
    int32_t day = 1;
    for (int32_t days = 0; days <= RH_DATE_DAYS_MAX; days++) {
        struct rh_date date;
        const struct rh_civil civil = rh_date_to_civil((struct rh_date){ days });
        assert_int_equal(civil.year, year);
        assert_int_equal(civil.month, month);
        assert_int_equal(civil.day, day);
        assert_int_equal(rh_date_from_civil(year, month, day, &date), RH_OK);
        assert_int_equal(date.days, days);
        assert_int_equal(rh_date_weekday(date), (days + 3) % 7 + 1);
        if (++day > rh_date_days_in_month(year, month)) {
            day = 1;
            year += month == 12;
            month = month % 12 + 1;
        }
    }
    assert_int_equal(year, 2200);
}

static void test_date_knows_well_known_days(void **state)
{
    (void)state;
    assert_int_equal(date_of("2000-03-01").days, 11017);
    assert_int_equal(rh_date_weekday(date_of("2026-02-14")), 6);
    assert_int_equal(rh_date_weekday(date_of("2026-09-20")), 7);
    assert_int_equal(rh_date_days_in_month(2100, 2), 28);
    assert_int_equal(rh_date_days_in_month(2000, 2), 29);
    static const char *const bad[] = { "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00",
                                       "1969-12-31", "2200-01-01", "2026-1-1",   "2026/01/01",
                                       "2026-01-01 ", "20260101",  "",           "-026-01-01" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rh_date date;
        assert_int_equal(rh_date_parse(bad[i], strlen(bad[i]), &date), RH_ERR_INVALID);
    }
}

static void test_instant_reads_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01T08:00:00+08:00", 0 },
        { "1969-12-31T23:00:00-01:00", UINT64_MAX },
        { "2026-02-12T01:12:07.113Z", UINT64_C(1770858727113) },
        { "2026-02-12t09:12:07.1139+08:00", UINT64_C(1770858727113) },
        { "2026-02-11T20:12:07.5-05:00", UINT64_C(1770858727500) },
        { "2026-02-12T06:42:07.000000001+05:30", UINT64_C(1770858727000) },
        { "2199-12-31T23:59:59.999+08:00", RH_INSTANT_MS_END - 1 },
        { "2026-02-12T01:12:07-00:00", UINT64_C(1770858727000) },
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t ms = UINT64_MAX;
        const enum rh_err err = rh_instant_parse(good[i].text, strlen(good[i].text), &ms);
        assert_int_equal(err, good[i].ms == UINT64_MAX ? RH_ERR_INVALID : RH_OK);
        assert_true(ms == good[i].ms);
    }
    static const char *const bad[] = {
        "2026-02-12T01:12:07",       "2026-02-12 01:12:07Z",
        "2026-02-12T24:00:00Z",      "2026-02-12T01:60:00Z",
        "2026-12-31T23:59:60Z",      "2026-02-12T01:12:07.Z",
        "2026-02-12T01:12:07+0800",  "2026-02-12T01:12:07+08",
        "2026-02-12T01:12:07+24:00", "2026-02-12T01:12:07+08:60",
        "2026-02-12T01:12:07Zx",     "2026-02-12T01:12Z",
        "2026-02-30T01:12:07Z",      "2026-02-12T01:12:07.0123456789Z",
        "1970-01-01T00:00:00+08:00", "2199-12-31T23:00:00-05:00",
        "2026-02-12T+1:12:07Z",      "",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t ms;
        if (rh_instant_parse(bad[i], strlen(bad[i]), &ms) != RH_ERR_INVALID)
            fail_msg("%s was taken", bad[i]);
    }
}

static void test_instant_prints_the_wall_in_china(void **state)
{
    (void)state;
    char text[RH_INSTANT_TEXT_BYTES];
    const struct rh_date date = date_of("2026-02-24");
    rh_instant_format_end(rh_date_end_ms(date), text);
    assert_string_equal(text, "2026-02-24T23:59:59+08:00");
    rh_instant_format(rh_date_start_ms(date), text);
    assert_string_equal(text, "2026-02-24T00:00:00+08:00");
    rh_instant_format_utc(rh_date_start_ms(date) + 113, text);
    assert_string_equal(text, "2026-02-23T16:00:00.113Z");
    rh_instant_format(UINT64_MAX, text);
    assert_string_equal(text, "2199-12-31T23:59:59+08:00");
    assert_int_equal(rh_date_of_instant(rh_date_end_ms(date) - 1).days, date.days);
    assert_int_equal(rh_date_of_instant(rh_date_end_ms(date)).days, date.days + 1);
}

/* ---- the calendar of China -------------------------------------------------------------- */

/* The file of rules says the same of every day as the list it was taken from. */
static void test_calendar_agrees_with_the_list(void **state)
{
    (void)state;
    static uint8_t kinds[RH_DATE_DAYS_MAX + 1];
    struct rh_csv_reader reader;
    struct rh_csv_field fields[8];
    char text[1024];
    size_t bytes;
    size_t at = 0;
    uint32_t rows = 0;
    char *data = rht_read_file(EXCEPTIONS, &bytes);

    rh_csv_reader_init(&reader, text, sizeof text, fields, 8);
    while (at < bytes) {
        size_t taken;
        const enum rh_csv_event event = rh_csv_feed(&reader, data + at, bytes - at, &taken);
        at += taken;
        if (event != RH_CSV_ROW || rows++ == 0)
            continue;
        const struct rh_date date = date_of(fields[0].data);
        struct rh_calendar_day day;
        rh_calendar_day(&china, date, &day);
        const bool makeup = strcmp(fields[1].data, "makeup") == 0;
        kinds[date.days] = makeup ? 2 : 1;
        assert_false(day.beyond);
        assert_int_equal(day.works, makeup);
        /* One make-up day of 2020 was a Monday: an ordinary working day in our terms. */
        if (rh_date_weekday(date) >= 6 || !makeup) {
            assert_int_equal(day.kind, makeup ? RH_DAY_MAKEUP : RH_DAY_HOLIDAY);
            assert_string_equal(day.name, fields[2].data);
        }
    }
    free(data);
    assert_int_equal(rows, 679);
    for (int32_t d = china.first_day.days; d <= china.last_day.days; d++) {
        const bool weekend = rh_date_weekday((struct rh_date){ d }) >= 6;
        const bool works = kinds[d] == 0 ? !weekend : kinds[d] == 2;
        assert_int_equal(rh_calendar_works(&china, (struct rh_date){ d }), works);
    }
}

static void test_calendar_has_the_published_sums(void **state)
{
    (void)state;
    static const uint32_t sums[] = { 250, 250, 249, 250, 249, 249, 251, 248, 248 };
    for (int32_t year = 2018; year <= 2026; year++) {
        struct rh_date first;
        struct rh_date last;
        assert_int_equal(rh_date_from_civil(year - 1, 12, 31, &first), RH_OK);
        assert_int_equal(rh_date_from_civil(year, 12, 31, &last), RH_OK);
        assert_int_equal(rh_calendar_count(&china, last) - rh_calendar_count(&china, first),
                         sums[year - 2018]);
    }
}

/* The running count and its reverse, over every valid day, inside the data and outside. */
static void test_calendar_counts_every_day(void **state)
{
    (void)state;
    uint32_t count = 0;
    for (int32_t d = 0; d <= RH_DATE_DAYS_MAX; d++) {
        const struct rh_date date = { d };
        struct rh_calendar_day day;
        struct rh_date found;
        rh_calendar_day(&china, date, &day);
        assert_int_equal(day.works, rh_calendar_works(&china, date));
        assert_int_equal(day.beyond, d < china.first_day.days || d > china.last_day.days);
        count += day.works;
        assert_int_equal(rh_calendar_count(&china, date), count);
        if (day.works) {
            assert_int_equal(rh_calendar_select(&china, count, &found), RH_OK);
            assert_int_equal(found.days, d);
        }
    }
    struct rh_date found;
    assert_int_equal(rh_calendar_select(&china, count + 1, &found), RH_ERR_FULL);
    assert_int_equal(rh_calendar_select(&china, UINT64_MAX, &found), RH_ERR_FULL);
}

static void test_calendar_tells_what_a_day_is(void **state)
{
    (void)state;
    struct rh_calendar_day day;
    rh_calendar_day(&china, date_of("2026-02-14"), &day);
    assert_int_equal(day.kind, RH_DAY_MAKEUP);
    assert_string_equal(day.name, "春节");
    assert_non_null(strstr(day.notice, "gov.cn"));
    rh_calendar_day(&china, date_of("2006-12-30"), &day);
    assert_int_equal(day.kind, RH_DAY_MAKEUP);
    assert_string_equal(day.notice, "");
    rh_calendar_day(&china, date_of("2020-02-03"), &day);
    assert_int_equal(day.kind, RH_DAY_WORKDAY);
    rh_calendar_day(&china, date_of("2019-05-02"), &day);
    assert_non_null(strstr(day.notice, "2019-03")); /* the later notice changed Labour Day */
    rh_calendar_day(&china, date_of("2027-01-01"), &day);
    assert_true(day.beyond);
    assert_int_equal(day.kind, RH_DAY_WORKDAY);
}

/* ---- the journalled form ---------------------------------------------------------------- */

static uint8_t encoded[RH_CALENDAR_ENCODED_BYTES_MAX];

static size_t encode(const struct rh_calendar *calendar)
{
    struct rh_writer writer;
    rh_writer_init(&writer, encoded, sizeof encoded);
    assert_int_equal(rh_calendar_encode(calendar, &writer), RH_OK);
    return writer.bytes;
}

static void test_calendar_returns_from_the_journal(void **state)
{
    (void)state;
    static uint8_t first[RH_CALENDAR_ENCODED_BYTES_MAX];
    const size_t bytes = encode(&china);
    assert_int_equal(rh_codec_check(encoded, bytes, sizeof encoded, NULL), RH_OK);
    assert_true(bytes < 16 * 1024);
    memcpy(first, encoded, bytes);

    assert_int_equal(rh_calendar_decode(first, bytes, &other), RH_OK);
    assert_int_equal(encode(&other), bytes);
    assert_memory_equal(encoded, first, bytes);
    for (int32_t d = 0; d <= RH_DATE_DAYS_MAX; d += 3) {
        struct rh_calendar_day a;
        struct rh_calendar_day b;
        rh_calendar_day(&china, (struct rh_date){ d }, &a);
        rh_calendar_day(&other, (struct rh_date){ d }, &b);
        assert_int_equal(a.kind, b.kind);
        assert_string_equal(a.name, b.name);
        assert_string_equal(a.notice, b.notice);
        assert_int_equal(rh_calendar_count(&china, (struct rh_date){ d }),
                         rh_calendar_count(&other, (struct rh_date){ d }));
    }

    struct rh_writer writer;
    rh_writer_init(&writer, encoded, bytes - 1);
    assert_int_equal(rh_calendar_encode(&china, &writer), RH_ERR_FULL);
}

/* Changed bytes are refused, or they are a calendar whose only encoding they are. */
static void test_calendar_refuses_changed_bytes(void **state)
{
    (void)state;
    static uint8_t changed[RH_CALENDAR_ENCODED_BYTES_MAX];
    struct rht_random random;
    rht_random_init(&random);
    const size_t bytes = encode(&china);
    memcpy(changed, encoded, bytes);
    for (size_t cut = 0; cut < bytes; cut += 97)
        assert_int_equal(rh_calendar_decode(changed, cut, &other), RH_ERR_INVALID);
    uint32_t taken = 0;
    for (int round = 0; round < 1500; round++) {
        const size_t at = rht_random_below(&random, bytes);
        const uint8_t before = changed[at];
        changed[at] = (uint8_t)rht_random_u64(&random);
        if (rh_calendar_decode(changed, bytes, &other) == RH_OK) {
            taken++;
            assert_int_equal(encode(&other), bytes);
            assert_memory_equal(encoded, changed, bytes);
        }
        changed[at] = before;
    }
    assert_true(taken < 1000);
}

/* ---- files ------------------------------------------------------------------------------ */

#define HEAD "calendar: cn\nversion: \"1\"\nvalid_from: 2026-01-01\nvalid_through: 2026-12-31\n"
#define YEAR "years:\n  - year: 2026\n    holidays:\n"

static const struct {
    const char *yaml;
    const char *complaint;
} slips[] = {
    { HEAD "yeers: []\n", "f:5:1: unknown key 'yeers'; did you mean 'years'?" },
    { HEAD YEAR "      - nmae: A\n        off: [2026-01-01]\n",
      "f:8:9: unknown key 'nmae'; did you mean 'name'?" },
    { HEAD YEAR "      - name: A\n        off: [2026-02-30]\n",
      "f:9:15: '2026-02-30' is no day; write YYYY-MM-DD" },
    { HEAD YEAR "      - name: A\n        off: [2026-02-03..2026-02-01]\n",
      "f:9:15: a range goes from a day to a later one" },
    { HEAD YEAR "      - name: A\n        off: [2026-02-03, 2026-02-02]\n",
      "f:9:27: the days of 'off' must run forward" },
    { HEAD YEAR "      - name: A\n        work: [2026-02-16]\n",
      "f:9:16: 2026-02-16 is a Monday to Friday" },
    { HEAD YEAR "      - name: A\n        off: [2026-02-16]\n"
                "      - name: B\n        off: [2026-02-15..2026-02-17]\n",
      "f:11:15: 2026-02-16 is listed already, as a day off of 'A'" },
    { HEAD YEAR "      - name: A\n        off: [2025-12-31]\n",
      "f:9:15: 2025-12-31 lies outside valid_from" },
    { HEAD YEAR "      - name: A\n        off: [2025-06-01]\n",
      "f:9:15: 2025-06-01 does not belong under the notice of 2026" },
    { HEAD YEAR "      - name: A\n        off: 2026-02-16\n",
      "f:9:14: off must be a list" },
    { HEAD YEAR "      - name: A\n", "f:8:9: 'A' names no day" },
    { HEAD YEAR "      - off: [2026-02-16]\n", "f:8:9: the holiday lacks the key 'name'" },
    { HEAD "years:\n  - year: 2027\n    holidays: []\n", "f:6:3: years must run from" },
    { HEAD "years:\n  - year: 2026\n    holidays: []\n  - year: 2028\n    holidays: []\n",
      "f:8:11: 2028 follows 2026" },
    { HEAD "years:\n  - year: 20x6\n    holidays: []\n", "f:6:11: a year must be a whole" },
    { HEAD "years: 2026\n", "f:5:8: years must be a list" },
    { HEAD "years:\n", "f:5:1: years must be a list" },
    { HEAD "version: 2\nyears: []\n", "f:5:1: this is no YAML: duplicate key" },
    { "calendar: CN\nversion: 1\nvalid_from: 2026-01-01\nvalid_through: 2026-12-31\n"
      "years: []\n",
      "f:1:11: calendar must be a small-letter code" },
    { "calendar: cn\nvalid_from: 2026-01-01\nvalid_through: 2026-12-31\nyears: []\n",
      "f:1:1: the file lacks the key 'version'" },
    { "calendar: cn\nversion: 1\nvalid_from: 2026-01-01\nvalid_through: 2025-12-31\n"
      "years: []\n",
      "f:4:16: valid_through lies before valid_from" },
    { HEAD "years: [\n",
      "f:6:1: this is no YAML: flow sequence without a closing bracket" },
    { "- a\n", "f: must hold keys with values" },
    { "", "f: holds no YAML document" },
    { HEAD "years: []\n---\na: 1\n", "f: holds more than one document" },
    { "calendar: &a cn\nversion: *a\nvalid_from: 2026-01-01\nvalid_through: 2026-12-31\n"
      "years: []\n",
      "f:2:11: version: aliases" },
};

/* A slip of the pen must be found before it moves deadlines, and the place must be named. */
static void test_calendar_file_errors_have_a_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        char text[2048], said[2048];
        struct rh_load_report report;
        rh_load_report_init(&report, text, sizeof text);
        assert_int_equal(rh_load_calendar_text("f", slips[i].yaml, strlen(slips[i].yaml),
                                               &other, &report),
                         RH_ERR_CONFIG);
        assert_true(report.problems >= 1);
        rh_problem_lines(text, false, said, sizeof said);
        if (strncmp(said, slips[i].complaint, strlen(slips[i].complaint)) != 0)
            fail_msg("wanted: %s\ngot:    %s", slips[i].complaint, said);
    }
}

static void test_calendar_file_shows_all_problems_at_once(void **state)
{
    (void)state;
    static const char yaml[] = HEAD YEAR "      - name: A\n"
                                         "        off: [2026-02-30, x]\n"
                                         "      - name: B\n"
                                         "        work: [2026-02-16]\n";
    char text[2048], said[2048];
    struct rh_load_report report;
    rh_load_report_init(&report, text, sizeof text);
    assert_int_equal(rh_load_calendar_text("f", yaml, sizeof yaml - 1, &other, &report),
                     RH_ERR_CONFIG);
    assert_int_equal(report.problems, 3);
    rh_problem_lines(text, false, said, sizeof said);
    assert_non_null(strstr(said, "f:9:27: 'x' is no day"));
    assert_non_null(strstr(said, "f:11:16: 2026-02-16"));

    /* What has no room is left out whole, and that is said; everything is counted. */
    char small[160];
    rh_load_report_init(&report, small, sizeof small);
    assert_int_equal(rh_load_calendar_text("f", yaml, sizeof yaml - 1, &other, &report),
                     RH_ERR_CONFIG);
    assert_int_equal(report.problems, 3);
    rh_problem_lines(small, false, said, sizeof said);
    assert_string_equal(said, "f:9:15: '2026-02-30' is no day; write YYYY-MM-DD or "
                              "YYYY-MM-DD..YYYY-MM-DD\nf: and more; mend these first");
    char tiny[1];
    rh_load_report_init(&report, tiny, sizeof tiny);
    assert_int_equal(rh_load_calendar_text("f", yaml, sizeof yaml - 1, &other, &report),
                     RH_ERR_CONFIG);
    assert_string_equal(tiny, "");
}

static void test_calendar_file_missing(void **state)
{
    (void)state;
    char text[512];
    struct rh_load_report report;
    rh_load_report_init(&report, text, sizeof text);
    assert_int_equal(rh_load_calendar("/nonexistent/c.yaml", &other, &report), RH_ERR_NOTFOUND);
    assert_string_equal(text, "/nonexistent/c.yaml\x1f"
                              "0\x1f"
                              "0\x1f"
                              "cannot be opened: %s\x1f"
                              "No such file or directory\n");
}

/* A county's holiday counts beside the country's; behind the last day that the county has
 * decided, the country's days are still known and yet not final; the journalled form keeps
 * it. */
static void test_overlay_of_a_local_calendar(void **state)
{
    static struct rh_calendar base, local, both, again;
    static uint8_t bytes[RH_CALENDAR_ENCODED_BYTES_MAX];
    struct rh_calendar_day found;
    struct rh_writer writer;
    (void)state;
    assert_int_equal(rh_calendar_start(&base, "cn", "", "1", date_of("2026-01-01"),
                                       date_of("2027-12-31")),
                     RH_OK);
    assert_int_equal(rh_calendar_add_year(&base, 2026), RH_OK);
    assert_int_equal(rh_calendar_add_notice(&base, 2026, "the notice"), RH_OK);
    assert_int_equal(rh_calendar_add_year(&base, 2027), RH_OK);
    assert_int_equal(
        rh_calendar_add_day(&base, 2026, date_of("2026-05-01"), RH_DAY_HOLIDAY, "A"), RH_OK);
    assert_int_equal(rh_calendar_finish(&base), RH_OK);
    assert_int_equal(rh_calendar_start(&local, "county", "620423", "2", date_of("2026-01-01"),
                                       date_of("2026-12-31")),
                     RH_OK);
    assert_int_equal(rh_calendar_add_year(&local, 2026), RH_OK);
    assert_int_equal(
        rh_calendar_add_day(&local, 2026, date_of("2026-05-04"), RH_DAY_HOLIDAY, "B"), RH_OK);
    assert_int_equal(rh_calendar_finish(&local), RH_OK);
    assert_int_equal(rh_calendar_overlay(&base, &local, &both), RH_OK);

    rh_writer_init(&writer, bytes, sizeof bytes);
    assert_int_equal(rh_calendar_encode(&both, &writer), RH_OK);
    assert_int_equal(rh_calendar_decode(bytes, writer.bytes, &again), RH_OK);
    assert_memory_equal(&both, &again, sizeof both);
    assert_string_equal(again.version, "1+2");
    assert_string_equal(again.area, "620423");
    assert_false(rh_calendar_works(&again, date_of("2026-05-01")));
    assert_false(rh_calendar_works(&again, date_of("2026-05-04")));
    assert_true(rh_calendar_works(&base, date_of("2026-05-04")));
    rh_calendar_day(&again, date_of("2026-05-01"), &found);
    assert_string_equal(found.notice, "the notice");
    rh_calendar_day(&again, date_of("2026-05-04"), &found);
    assert_string_equal(found.name, "B");
    assert_string_equal(found.notice, ""); /* no notice of the State Council says so */
    assert_true(rh_calendar_covers(&again, date_of("2026-12-31")));
    assert_false(rh_calendar_covers(&again, date_of("2027-01-01")));
    assert_int_equal(rh_calendar_firm_day(&again).days, date_of("2026-12-31").days);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_date_turns_every_page),
        cmocka_unit_test(test_date_knows_well_known_days),
        cmocka_unit_test(test_instant_reads_rfc_3339),
        cmocka_unit_test(test_instant_prints_the_wall_in_china),
        cmocka_unit_test(test_calendar_agrees_with_the_list),
        cmocka_unit_test(test_calendar_has_the_published_sums),
        cmocka_unit_test(test_calendar_counts_every_day),
        cmocka_unit_test(test_calendar_tells_what_a_day_is),
        cmocka_unit_test(test_calendar_returns_from_the_journal),
        cmocka_unit_test(test_calendar_refuses_changed_bytes),
        cmocka_unit_test(test_calendar_file_errors_have_a_place),
        cmocka_unit_test(test_calendar_file_shows_all_problems_at_once),
        cmocka_unit_test(test_overlay_of_a_local_calendar),
        cmocka_unit_test(test_calendar_file_missing),
    };
    return cmocka_run_group_tests(tests, load_china, NULL);
}
