/* The same rows in every form: the table must say what the JSON says, aligned by columns of the
 * terminal, and nothing in a row may break the form. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli_kit.h"

#include <string.h>

#include <rh/csv.h>

#define REFERRAL(id, to, to_zh, state, due, left, over)                                        \
    "{\"row\":{\"object\":\"referral\",\"v\":1,\"id\":\"" id "\","                              \
    "\"from\":\"procuratorate.510603\",\"from_zh\":\"市检察院\",\"from_en\":\"Procuratorate\"," \
    "\"to\":\"" to "\",\"to_zh\":" to_zh ",\"to_en\":null,\"procedure\":\"p12309\","            \
    "\"state\":\"" state "\",\"turn\":\"" to "\",\"turn_zh\":" to_zh ",\"turn_en\":null,"       \
    "\"due\":{\"limit\":\"accept\",\"title_zh\":\"决定是否受理\",\"title_en\":\"accept\","      \
    "\"end_at\":\"" due "\",\"left_s\":" left ",\"overdue_s\":" over "},"                       \
    "\"registered_at\":\"2026-11-12T01:12:07.113Z\",\"log_index\":183990}}\n"

static const struct rht_answer three[] = {
    { "referral.list",
      REFERRAL("R-2026-000042", "court.510603", "\"市中级人民法院\"", "signed",
               "2026-11-18T16:00:00.000Z", "null", "156600")
      REFERRAL("R-2026-000007", "police.510603", "\"市公安局\"", "dispatched",
               "2026-11-20T16:00:00.000Z", "16200", "null")
      REFERRAL("R-2026-000101", "court.510604", "null", "in_progress",
               "2027-01-04T16:00:00.000Z", "3888000", "null")
      "{\"end\":{\"count\":3,\"seq\":184201}}\n" },
    { NULL, NULL },
};

static int serve_three(void **state)
{
    (void)state;
    rht_cli_serve(three);
    return 0;
}

static const struct rht_answer none[] = {
    { "referral.list", "{\"end\":{\"count\":0,\"seq\":184201}}\n" },
    { NULL, NULL },
};

static int serve_none(void **state)
{
    (void)state;
    rht_cli_serve(none);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rht_cli_stop();
    return 0;
}

/* Full-width text takes two columns: padding by bytes or characters would shift every line. */
static void test_sheet_aligns_chinese(void **state)
{
    (void)state;
    const struct rht_run *run = rht_rhub("--lang zh referral list", NULL);
    assert_int_equal(run->code, 0);
    assert_string_equal(
        run->out,
        "编号           来自      去往            程序    状态    当前责任        步骤          "
        "到期              余/超\n"
        "R-2026-000042  市检察院  市中级人民法院  p12309  已签收  市中级人民法院  决定是否受理  "
        "11-18 23:59       超 1天19小时\n"
        "R-2026-000007  市检察院  市公安局        p12309  已转出  市公安局        决定是否受理  "
        "11-20 23:59       4小时30分\n"
        "R-2026-000101  市检察院  court.510604    p12309  办理中  court.510604    决定是否受理  "
        "2027-01-04 23:59  45天\n");
    assert_string_equal(run->err, "");
    run = rht_rhub("--lang en referral list --fields id,from,state", NULL);
    assert_string_equal(run->out, "number         from           state\n"
                                  "R-2026-000042  Procuratorate  signed\n"
                                  "R-2026-000007  Procuratorate  dispatched\n"
                                  "R-2026-000101  Procuratorate  in progress\n");
}

/* Without a terminal: no colour, no notes; with one, trouble is red and has its word besides. */
static void test_sheet_colours_only_a_terminal(void **state)
{
    (void)state;
    assert_null(strchr(rht_rhub("referral list", NULL)->out, '\033'));
    const struct rht_run *run = rht_rhub("referral list --color always", NULL);
    assert_non_null(strstr(run->out, "\033[31mR-2026-000042"));
    assert_null(strstr(run->out, "\033[31mR-2026-000007"));
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    assert_non_null(strstr(rht_rhub("referral list", "")->out, "\033[31m"));
    setenv("NO_COLOR", "1", 1);
    assert_null(strchr(rht_rhub("referral list", "")->out, '\033'));
    unsetenv("NO_COLOR");
    assert_string_equal(rht_rhub("referral list", "")->err, "3 rows\n");
    assert_string_equal(rht_rhub("referral list -q", "")->err, "");
}

static json_t *parse_lines(const char *text)
{
    json_t *rows = json_array();
    while (*text != '\0') {
        size_t bytes = strcspn(text, "\n");
        json_t *row = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(row);
        json_array_append_new(rows, row);
        text += bytes + 1;
    }
    return rows;
}

static uint32_t next_row(struct rh_csv_reader *reader, const char *text, size_t *at)
{
    size_t taken;
    enum rh_csv_event event = rh_csv_feed(reader, text + *at, strlen(text + *at), &taken);
    *at += taken;
    return event == RH_CSV_ROW ? reader->field_count : 0;
}

/* Each cell of the CSV is the value of the JSON under the name in its header. */
static void test_sheet_forms_agree_field_by_field(void **state)
{
    (void)state;
    static char buffer[8192], names[16][64];
    struct rh_csv_field fields[32];
    struct rh_csv_reader reader;
    size_t at = 0;
    json_t *lines = parse_lines(rht_rhub("referral list -o jsonl", NULL)->out);
    json_t *whole = json_loads(rht_rhub("referral list -o json", NULL)->out, 0, NULL);
    assert_true(json_equal(lines, whole));
    const char *csv = rht_rhub("referral list -o csv", NULL)->out;
    rh_csv_reader_init(&reader, buffer, sizeof buffer, fields, 32);
    uint32_t columns = next_row(&reader, csv, &at);
    assert_in_range(columns, 9, 16);
    for (uint32_t c = 0; c < columns; c++)
        snprintf(names[c], sizeof names[c], "%.*s", (int)fields[c].bytes, fields[c].data);
    for (size_t r = 0; r < 3; r++) {
        assert_int_equal(next_row(&reader, csv, &at), columns);
        for (uint32_t c = 0; c < columns; c++) {
            char *wanted = hub_cli_raw_text(hub_cli_path(json_array_get(whole, r), names[c]));
            assert_string_equal(fields[c].data, wanted);
            free(wanted);
        }
    }
    assert_int_equal(csv[strlen(csv) - 2], '\r');
    json_decref(whole);
    json_decref(lines);
}

#define STEP(id, limit)                                                                        \
    "{\"row\":{\"object\":\"explanation\",\"v\":1,\"id\":\"" id "\","                           \
    "\"referral\":\"R-2026-000042\",\"limit\":\"" limit "\","                                  \
    "\"title_en\":\"title of " limit "\",\"unit\":\"calendar_day\"}}\n"

static const struct rht_answer steps[] = {
    { "deadline.explain",
      STEP("R-2026-000042#1", "dispatch") STEP("R-2026-000042#2", "notice")
      STEP("R-2026-000042#3", "handle") "{\"end\":{\"count\":3,\"seq\":184201}}\n" },
    { NULL, NULL },
};

static int serve_steps(void **state)
{
    (void)state;
    rht_cli_serve(steps);
    return 0;
}

/* Rows that no table of columns knows name their own, and each row is gone when the next one
 * comes: the names are those of the first all the same. */
static void test_sheet_keeps_the_columns_of_unlisted_rows(void **state)
{
    (void)state;
    assert_string_equal(
        rht_rhub("deadline explain R-2026-000042 -o csv", NULL)->out,
        "id,referral,limit,title_en,unit\r\n"
        "R-2026-000042#1,R-2026-000042,dispatch,title of dispatch,calendar_day\r\n"
        "R-2026-000042#2,R-2026-000042,notice,title of notice,calendar_day\r\n"
        "R-2026-000042#3,R-2026-000042,handle,title of handle,calendar_day\r\n");
}

static void test_sheet_prints_what_is_asked_for(void **state)
{
    (void)state;
    assert_string_equal(rht_rhub("referral list -o ids", NULL)->out,
                        "R-2026-000042\nR-2026-000007\nR-2026-000101\n");
    assert_string_equal(rht_rhub("referral list -o tsv --fields id,due.overdue_s", NULL)->out,
                        "id\tdue.overdue_s\nR-2026-000042\t156600\nR-2026-000007\t\n"
                        "R-2026-000101\t\n");
    assert_string_equal(rht_rhub("referral list -o csv --bom --fields id --no-headers", NULL)->out,
                        "\xEF\xBB\xBFR-2026-000042\r\nR-2026-000007\r\nR-2026-000101\r\n");
    assert_string_equal(rht_rhub("referral list -o jsonl --fields id,log_index", NULL)->out,
                        "{\"id\":\"R-2026-000042\",\"log_index\":183990}\n"
                        "{\"id\":\"R-2026-000007\",\"log_index\":183990}\n"
                        "{\"id\":\"R-2026-000101\",\"log_index\":183990}\n");
    const struct rht_run *run = rht_rhub("referral list --fields id,sate", NULL);
    assert_int_equal(run->code, RH_EXIT_USAGE);
    assert_non_null(strstr(run->err, "sate"));
    assert_non_null(strstr(run->err, "state"));
    run = rht_rhub("referral list --fields help", NULL);
    assert_int_equal(run->code, 0);
    assert_non_null(strstr(run->out, "due.end_at"));
}

/* A script with a slip in --fields must not look right until the day there is a row. */
static void test_sheet_knows_fields_without_rows(void **state)
{
    (void)state;
    static const char *const formats[] = { "", "-o json", "-o jsonl", "-o csv", "-o tsv" };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char words[120];
        snprintf(words, sizeof words, "referral list %s --fields id,sate", formats[i]);
        const struct rht_run *run = rht_rhub(words, NULL);
        assert_int_equal(run->code, RH_EXIT_USAGE);
        assert_non_null(strstr(run->err, "sate"));
        /* Columns, their parts and names, and what only the JSON has. */
        snprintf(words, sizeof words,
                 "referral list %s --fields id,due.overdue_s,due,from_zh,log_index,bounce_count",
                 formats[i]);
        assert_int_equal(rht_rhub(words, NULL)->code, RH_EXIT_OK);
    }
}

/* Sorting is by value, of all rows, and nothing comes last either way. */
static void test_sheet_sorts_here(void **state)
{
    (void)state;
    assert_string_equal(rht_rhub("referral list -o ids --sort id", NULL)->out,
                        "R-2026-000007\nR-2026-000042\nR-2026-000101\n");
    assert_string_equal(rht_rhub("referral list -o ids --sort due.overdue_s:desc", NULL)->out,
                        "R-2026-000042\nR-2026-000007\nR-2026-000101\n");
    assert_string_equal(rht_rhub("referral list -o ids --sort due.left_s", NULL)->out,
                        "R-2026-000007\nR-2026-000101\nR-2026-000042\n");
    assert_string_equal(rht_rhub("referral list -o ids --sort due.left_s:desc --limit 1",
                                 NULL)->out,
                        "R-2026-000101\n");
    assert_int_equal(rht_rhub("referral list --sort id:down", NULL)->code, RH_EXIT_USAGE);
}

/* ---- rows that mean harm --------------------------------------------------------------- */

static const struct rht_answer harmful[] = {
    { "agency.list",
      "{\"row\":{\"object\":\"agency\",\"v\":1,\"id\":\"=cmd|'/C calc'!A0\","
      "\"name_zh\":\"a\\u001b[2J\\u202eb\\nc\",\"state\":\"active\",\"queue\":-5,"
      "\"software\":\"x,\\\"y\\\"\\r\\n@z\"}}\n"
      "{\"end\":{\"count\":1,\"seq\":1}}\n" },
    { NULL, NULL },
};

static int serve_harmful(void **state)
{
    (void)state;
    rht_cli_serve(harmful);
    return 0;
}

static void test_sheet_disarms_rows(void **state)
{
    (void)state;
    const char *out = rht_rhub("agency list", NULL)->out;
    assert_null(strchr(out, '\033'));
    assert_null(strstr(out, "\xE2\x80\xAE"));
    assert_non_null(strstr(out, "a\\x1b[2J\\u202eb\\nc"));
    out = rht_rhub("agency list -o csv --fields id,queue,software", NULL)->out;
    assert_string_equal(out, "id,queue,software\r\n"
                             "'=cmd|'/C calc'!A0,-5,\"x,\"\"y\"\"\r\n@z\"\r\n");
    out = rht_rhub("agency list -o tsv --fields name_zh", NULL)->out;
    assert_string_equal(out, "name_zh\na\\x1b[2J\\u202eb\\nc\n");
    out = rht_rhub("agency list -o jsonl --fields name_zh", NULL)->out;
    assert_string_equal(out, "{\"name_zh\":\"a\\u001B[2J\\u202eb\\nc\"}\n");
    out = rht_rhub("agency list -o ids", NULL)->out;
    assert_string_equal(out, "=cmd|'/C calc'!A0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sheet_knows_fields_without_rows, serve_none, stop),
        cmocka_unit_test_setup_teardown(test_sheet_aligns_chinese, serve_three, stop),
        cmocka_unit_test_setup_teardown(test_sheet_colours_only_a_terminal, serve_three, stop),
        cmocka_unit_test_setup_teardown(test_sheet_forms_agree_field_by_field, serve_three,
                                        stop),
        cmocka_unit_test_setup_teardown(test_sheet_prints_what_is_asked_for, serve_three, stop),
        cmocka_unit_test_setup_teardown(test_sheet_keeps_the_columns_of_unlisted_rows,
                                        serve_steps, stop),
        cmocka_unit_test_setup_teardown(test_sheet_sorts_here, serve_three, stop),
        cmocka_unit_test_setup_teardown(test_sheet_disarms_rows, serve_harmful, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
