/* hub/cli/deadline_compute.c; run under several time zones, which must not matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rh/csv.h>

#include "cli/deadline_compute.h"
#include "core/deadline.h"
#include "load/calendar.h"
#include "support/rht.h"

#define CHINA RHT_SOURCE_DIR "/protocol/rules/calendars/cn-2007-2026.yaml"
#define EXAMPLES RHT_SOURCE_DIR "/tests/data/calendar/examples.csv"

static struct rh_calendar china;

static int load_china(void **state)
{
    static char text[4096];
    struct rh_load_report report;
    (void)state;
    rh_load_report_init(&report, text, sizeof text);
    return rh_load_calendar(CHINA, &china, &report) == RH_OK ? 0 : -1;
}

/* What the command prints; the caller frees both. */
static enum rh_exit run(const char *input, size_t bytes, char **out, char **err)
{
    char *in_path = rht_tmp_path("in.csv");
    size_t out_bytes;
    size_t err_bytes;
    rht_write_file(in_path, input, bytes);
    FILE *in_file = fopen(in_path, "rb");
    FILE *out_file = open_memstream(out, &out_bytes);
    FILE *err_file = open_memstream(err, &err_bytes);
    assert_non_null(in_file);
    const enum rh_exit code = hub_cli_deadline_compute(
        &china, hub_deadline_plain, "f.csv", in_file, out_file, err_file);
    (void)fclose(in_file);
    (void)fclose(out_file);
    (void)fclose(err_file);
    free(in_path);
    return code;
}

static void expect(const char *input, enum rh_exit code, const char *out, const char *err)
{
    char *got_out;
    char *got_err;
    assert_int_equal(run(input, strlen(input), &got_out, &got_err), code);
    assert_string_equal(got_out, out);
    assert_string_equal(got_err, err);
    free(got_out);
    free(got_err);
}

/* The next row of a text; false at its end. */
static bool next_row(struct rh_csv_reader *reader, const char *text, size_t *at)
{
    size_t taken;
    const enum rh_csv_event event = rh_csv_feed(reader, text + *at, strlen(text + *at), &taken);
    *at += taken;
    return event == RH_CSV_ROW;
}

/* 150 periods that others computed: holidays, make-up days, year ends, leap days, offsets. */
static void test_deadline_compute_agrees_with_the_examples(void **state)
{
    (void)state;
    size_t bytes;
    char *examples = rht_read_file(EXAMPLES, &bytes);
    char *out;
    char *err;
    assert_int_equal(run(examples, bytes, &out, &err), RH_EXIT_OK);
    assert_string_equal(err, "");

    struct rh_csv_reader wanted;
    struct rh_csv_reader got;
    struct rh_csv_field wanted_fields[16];
    struct rh_csv_field got_fields[16];
    char wanted_text[1024];
    char got_text[1024];
    size_t wanted_at = 0;
    size_t got_at = 0;
    uint32_t rows = 0;
    rh_csv_reader_init(&wanted, wanted_text, sizeof wanted_text, wanted_fields, 16);
    rh_csv_reader_init(&got, got_text, sizeof got_text, got_fields, 16);
    while (next_row(&wanted, examples, &wanted_at)) {
        assert_true(next_row(&got, out, &got_at));
        assert_int_equal(got.field_count, 4);
        if (rows++ == 0) {
            assert_string_equal(got_fields[3].data, "provisional");
            continue;
        }
        assert_string_equal(got_fields[0].data, wanted_fields[0].data);
        assert_string_equal(got_fields[1].data, wanted_fields[5].data);
        assert_string_equal(got_fields[2].data, wanted_fields[6].data);
    }
    assert_false(next_row(&got, out, &got_at));
    assert_int_equal(rows, 151);
    free(examples);
    free(out);
    free(err);
}

#define OUT "case,due_date,due_at,provisional\r\n"

static void test_deadline_compute_finds_its_columns(void **state)
{
    (void)state;
    expect("note,roll,n,unit,start,case\n"
           "\"a, b\",none,24,hours,2026-02-14T09:30:00.5Z,\"x,y\"\n"
           "\n"
           ",next_working_day,1,months,2026-11-30T09:30:00+08:00,=2",
           RH_EXIT_OK,
           OUT "\"x,y\",2026-02-15,2026-02-15T17:30:00+08:00,false\r\n"
               "'=2,2026-12-30,2026-12-30T23:59:59+08:00,false\r\n",
           "");
    expect("case,start,unit,n,roll\n1,2026-12-30T00:00:00Z,working_days,3,none\n", RH_EXIT_OK,
           OUT "1,2027-01-04,2027-01-04T23:59:59+08:00,true\r\n", "");
}

/* A bad row is named and left out; the others are computed. */
static void test_deadline_compute_names_what_is_wrong(void **state)
{
    (void)state;
    expect("case,start,unit,n,roll\n"
           "1,2026-02-12,working_days,5,none\n"
           "2,2026-02-12T00:00:00Z,workdays,05x,roll\n"
           "3,2026-02-12T00:00:00Z,hours,1\n"
           "4,a\"b\n"
           "5,2026-02-12T00:00:00Z,calendar_days,90000,none\n"
           "6,2026-02-12T00:00:00Z,hours,1,none\n",
           RH_EXIT_DATA, OUT "6,2026-02-12,2026-02-12T09:00:00+08:00,false\r\n",
           "f.csv:2:3: start must be an instant with offset, like 2026-02-12T09:30:00+08:00: "
           "'2026-02-12'\n"
           "f.csv:3:24: unit must be hours, calendar_days, working_days or months: "
           "'workdays'\n"
           "f.csv:3:33: n must be a whole number from 1 to 100000: '05x'\n"
           "f.csv:3:37: roll must be next_working_day or none: 'roll'\n"
           "f.csv:4:1: the row lacks a field: 'roll'\n"
           "f.csv:5:4: a quote inside a field that does not begin with one\n"
           "f.csv:6:3: the period ends after the year 2199: '2026-02-12T00:00:00Z'\n");
    expect("case,start,unit,n,roll\n"
           "1,2026-02-12T00:00:00Z,hours,100000,none\n"
           "2,2026-02-12T00:00:00Z,hours,100001,none\n",
           RH_EXIT_DATA, OUT "1,2037-07-11,2037-07-11T00:00:00+08:00,false\r\n",
           "f.csv:3:30: n must be a whole number from 1 to 100000: '100001'\n");
    expect("case,start,unit,n\n", RH_EXIT_DATA, "",
           "f.csv:1:1: the first row lacks a column: 'roll'\n");
    expect("case,start,unit,n,roll,n\n", RH_EXIT_DATA, "",
           "f.csv:1:24: a column is there twice: 'n'\n");
    expect("", RH_EXIT_DATA, "", "f.csv:1:1: the file is empty\n");
}

static void test_deadline_compute_stops_complaining(void **state)
{
    (void)state;
    char input[4096] = "case,start,unit,n,roll\n";
    char *out;
    char *err;
    for (int i = 0; i < 30; i++)
        (void)snprintf(input + strlen(input), sizeof input - strlen(input), "%d\n", i);
    assert_int_equal(run(input, strlen(input), &out, &err), RH_EXIT_DATA);
    assert_string_equal(out, OUT);
    assert_non_null(strstr(err, "f.csv:21:1:"));
    assert_null(strstr(err, "f.csv:22:1:"));
    assert_non_null(strstr(err, "f.csv: 10 more problems not shown\n"));
    free(out);
    free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadline_compute_agrees_with_the_examples),
        cmocka_unit_test(test_deadline_compute_finds_its_columns),
        cmocka_unit_test(test_deadline_compute_names_what_is_wrong),
        cmocka_unit_test(test_deadline_compute_stops_complaining),
    };
    return cmocka_run_group_tests(tests, load_china, NULL);
}
