/* hub/cli/text.c and when.c: what a terminal is given, and times as people write them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

#include <rh/date.h>
#include <rh/text.h>

#include "cli/cli.h"

#define NOW_MS UINT64_C(1795174200000) /* 2026-11-20T19:30:00+08:00, a Friday */

static void expect_escaped(const char *text, const char *wanted)
{
    char *shown = hub_cli_escape(text, strlen(text));
    assert_string_equal(shown, wanted);
    free(shown);
}

/* A name in a case file must not move the cursor, hide itself or end a line. */
static void test_text_shows_what_it_must_not_do(void **state)
{
    (void)state;
    expect_escaped("京检民和〔2026〕17号", "京检民和〔2026〕17号");
    expect_escaped("a\033[2Jb", "a\\x1b[2Jb");
    expect_escaped("a\nb\tc\rd", "a\\nb\\tc\\rd");
    expect_escaped("\x7f", "\\x7f");
    expect_escaped("\xC2\x9B" "31m", "\\x9b31m");
    expect_escaped("abc\xE2\x80\xAE" "def", "abc\\u202edef");
    expect_escaped("\xE2\x81\xA6x\xE2\x81\xA9", "\\u2066x\\u2069");
    expect_escaped("zero\xE2\x80\x8Bwidth", "zero\\u200bwidth");
    expect_escaped("\xFF\xC3", "\\xff\\xc3");
    expect_escaped("", "");
}

/* JSON stays JSON, and reads back as what it was. */
static void test_text_keeps_json_readable(void **state)
{
    (void)state;
    json_t *row = json_pack("{s:s}", "name", "a\xE2\x80\xAE\x7f\xF3\xA0\x80\x81" "b");
    char *text = json_dumps(row, JSON_COMPACT);
    char *safe = hub_cli_escape_json(text);
    assert_string_equal(safe, "{\"name\":\"a\\u202e\\u007f\\udb40\\udc01b\"}");
    json_t *back = json_loads(safe, 0, NULL);
    assert_true(json_equal(back, row));
    json_decref(back);
    free(safe);
    free(text);
    json_decref(row);
}

/* Chinese takes two columns for each character, combining marks none. */
static void test_text_measures_columns(void **state)
{
    (void)state;
    assert_int_equal(hub_cli_width("abc"), 3);
    assert_int_equal(hub_cli_width("市中院"), 6);
    assert_int_equal(hub_cli_width("Ａ１"), 4);
    assert_int_equal(hub_cli_width("e\xCC\x81"), 1);
    assert_int_equal(hub_cli_width(""), 0);
}

static void test_text_suggests_what_was_meant(void **state)
{
    (void)state;
    static const char *const words[] = { "list", "show", "timeline", "urge", "supervise" };
    assert_string_equal(hub_cli_nearest("lst", words, 5), "list");
    assert_string_equal(hub_cli_nearest("shwo", words, 5), "show");
    assert_string_equal(hub_cli_nearest("timline", words, 5), "timeline");
    assert_string_equal(hub_cli_nearest("supervize", words, 5), "supervise");
    assert_null(hub_cli_nearest("xyz", words, 5));
    assert_null(hub_cli_nearest("", words, 5));
    char longer[200];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_null(hub_cli_nearest(longer, words, 5));
}

static void expect_when(const char *zone, bool exact, const char *wanted)
{
    char out[HUB_CLI_WHEN_BYTES];
    assert_true(hub_cli_zone_set(zone));
    hub_cli_when(NOW_MS, NOW_MS, exact, out);
    assert_string_equal(out, wanted);
}

/* One zone for everything that is shown; the data stay UTC. */
static void test_when_shows_the_zone_asked_for(void **state)
{
    (void)state;
    char out[HUB_CLI_WHEN_BYTES];
    expect_when("Asia/Shanghai", false, "11-20 19:30");
    expect_when("Asia/Shanghai", true, "2026-11-20 19:30:00.000");
    expect_when("UTC", false, "11-20 11:30");
    expect_when("+05:30", false, "11-20 17:00");
    expect_when("-03:00", false, "11-20 08:30");
    assert_false(hub_cli_zone_set("Mars/Olympus"));
    assert_false(hub_cli_zone_set("../../etc/passwd"));
    assert_false(hub_cli_zone_set(""));
    assert_true(hub_cli_zone_set("Asia/Shanghai"));
    hub_cli_when(NOW_MS - 366 * RH_DAY_MS, NOW_MS, false, out);
    assert_string_equal(out, "2025-11-19 19:30");
    /* The end of a day is shown as that day's last minute, an end by the hour as it is. */
    uint64_t end_ms;
    assert_int_equal(rh_instant_parse("2026-11-19T00:00:00+08:00", 25, &end_ms), RH_OK);
    hub_cli_when_end(end_ms, NOW_MS, false, out);
    assert_string_equal(out, "11-18 23:59");
    hub_cli_when_end(end_ms + RH_HOUR_MS, NOW_MS, false, out);
    assert_string_equal(out, "11-19 01:00");
}

static void expect_parsed(const char *text, const char *wanted)
{
    uint64_t ms = 0, wanted_ms = 0;
    assert_int_equal(rh_instant_parse(wanted, strlen(wanted), &wanted_ms), RH_OK);
    if (!hub_cli_when_parse(text, NOW_MS, &ms) || ms != wanted_ms)
        print_error("%s\n", text);
    assert_true(ms == wanted_ms);
}

static void test_when_reads_what_people_write(void **state)
{
    (void)state;
    uint64_t ms;
    expect_parsed("2026-11-01", "2026-11-01T00:00:00+08:00");
    expect_parsed("2026-11-01T08:00:00Z", "2026-11-01T16:00:00+08:00");
    expect_parsed("today", "2026-11-20T00:00:00+08:00");
    expect_parsed("今天", "2026-11-20T00:00:00+08:00");
    expect_parsed("yesterday", "2026-11-19T00:00:00+08:00");
    expect_parsed("本周", "2026-11-16T00:00:00+08:00");
    expect_parsed("month", "2026-11-01T00:00:00+08:00");
    expect_parsed("year", "2026-01-01T00:00:00+08:00");
    expect_parsed("7d", "2026-11-13T19:30:00+08:00");
    expect_parsed("36h", "2026-11-19T07:30:00+08:00");
    expect_parsed("now", "2026-11-20T19:30:00+08:00");
    static const char *const bad[] = { "", "7", "7x", "tomorrowish", "2026-13-01", "-7d",
                                       "99999999d", "2026-11-01 08:00" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(hub_cli_when_parse(bad[i], NOW_MS, &ms));
}

static void expect_span(uint64_t seconds, const char *en, const char *zh)
{
    char out[HUB_CLI_WHEN_BYTES];
    (void)rh_text_init("en");
    hub_cli_duration(seconds, out);
    assert_string_equal(out, en);
    assert_int_equal(rh_text_init("zh"), RH_OK);
    hub_cli_duration(seconds, out);
    assert_string_equal(out, zh);
}

static void test_when_says_how_long(void **state)
{
    (void)state;
    expect_span(0, "0 s", "0秒");
    expect_span(59, "59 s", "59秒");
    expect_span(60, "1 min", "1分钟");
    expect_span(3600, "1 h", "1小时");
    expect_span(3660, "1 h 1 min", "1小时1分");
    expect_span(180000, "2 d 2 h", "2天2小时");
    expect_span(172800, "2 d", "2天");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_shows_what_it_must_not_do),
        cmocka_unit_test(test_text_keeps_json_readable),
        cmocka_unit_test(test_text_measures_columns),
        cmocka_unit_test(test_text_suggests_what_was_meant),
        cmocka_unit_test(test_when_shows_the_zone_asked_for),
        cmocka_unit_test(test_when_reads_what_people_write),
        cmocka_unit_test(test_when_says_how_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
