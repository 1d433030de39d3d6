/* rhub against a real hub: what the tables of the command line call by name must be in the
 * rows, and what one side sends the other must understand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli_kit.h"
#include "operator_kit.h"

#include <string.h>

#include "support/rht.h"

static struct rht_agency petitions, procuratorate;

static const struct rht_run *at_hub(const char *words)
{
    char all[700];
    snprintf(all, sizeof all, "%s -H %s", words, rht_hub_socket());
    return rht_rhub(all, NULL);
}

static const struct rht_run *done(const char *words)
{
    const struct rht_run *run = at_hub(words);
    if (run->code != RH_EXIT_OK)
        fail_msg("rhub %s: %d\n%s", words, (int)run->code, run->err);
    return run;
}

static void send(struct rht_agency *from, struct rh_public part,
                 const struct rh_referral_id *id)
{
    part.referral_id = *id;
    rht_fresh_id(part.message_id.bytes);
    assert_int_equal(rht_agency_send(from, &part), 0);
}

static void send_referral(void)
{
    struct rh_referral_id id;
    struct rh_public part = { .kind = RH_KIND_REGISTER, .procedure = "p12309",
                              .category = "judicial.procuratorial", .area = "620423",
                              .source = "visit" };
    rht_fresh_id(id.bytes);
    send(&petitions, part, &id);
    part = (struct rh_public){ .kind = RH_KIND_FORWARD, .to = { "procuratorate.620423" } };
    send(&petitions, part, &id);
}

static void answer_delivery(enum rh_kind kind, uint64_t pair_seq)
{
    struct rh_public part = { .kind = kind,
                              .pair_seq = pair_seq,
                              .from = { "petitions.620423" },
                              .refusal = kind == RH_KIND_NACK ? 4221 : 0 };
    rht_fresh_id(part.message_id.bytes);
    assert_int_equal(rht_agency_send(&procuratorate, &part), 0);
}

static int set_up(void **state)
{
    (void)state;
    rht_hub_start();
    rht_agency_make(&petitions, "petitions.620423");
    rht_agency_make(&procuratorate, "procuratorate.620423");
    json_decref(rht_agency_enrol(&petitions, "景泰县信访局"));
    json_decref(rht_agency_enrol(&procuratorate, "景泰县人民检察院"));
    rht_agency_hello(&petitions);
    rht_agency_hello(&procuratorate);
    for (int i = 0; i < 4; i++)
        send_referral();
    answer_delivery(RH_KIND_ACK, 1);
    answer_delivery(RH_KIND_NACK, 2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rht_hub_stop();
    return 0;
}

/* What a row holds can be asked for by its name also where there is no row: --fields of an
 * empty list knows it from the table alone. */
static void check_members(const char *words, const char *object, const json_t *row)
{
    unsigned missing = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)row, key, value) {
        if (hub_cli_field_is_known(object, key))
            continue;
        print_error("rhub %s: '%s' of %s is in no table\n", words, key, object);
        missing++;
    }
    assert_int_equal(missing, 0);
}

/* A column nobody fills would be a lie by omission. */
static void check_fields(const char *words, const char *object)
{
    char all[300];
    const struct hub_cli_field *field;
    snprintf(all, sizeof all, "%s -o json", words);
    json_t *rows = json_loads(done(all)->out, 0, NULL);
    assert_true(json_array_size(rows) > 0);
    const json_t *row = json_array_get(rows, 0);
    assert_string_equal(json_string_value(json_object_get(row, "object")), object);
    for (size_t i = 0; (field = hub_cli_field_at(object, i)) != NULL; i++) {
        char path[80], spoken[80];
        snprintf(path, sizeof path, "%s%s", field->path,
                 field->type == HUB_CLI_FIELD_REST ? "left_s" : "");
        snprintf(spoken, sizeof spoken, "%s_zh", field->path); /* a name without an id */
        if (hub_cli_path(row, path) == NULL && hub_cli_path(row, spoken) == NULL)
            fail_msg("rhub %s: no %s in %s", words, path, object);
    }
    check_members(words, object, row);
    json_decref(rows);
    /* And a person is shown something. */
    assert_true(strlen(done(words)->out) > 20);
}

static void test_cli_hub_fills_every_column(void **state)
{
    (void)state;
    check_fields("referral list --sort number", "referral");
    check_fields("referral show R-2026-000001", "referral");
    check_fields("referral timeline R-2026-000001", "event");
    check_fields("deadline board", "deadline");
    check_fields("deadline board --by agency", "deadline_count");
    check_fields("deadline board --by procedure", "deadline_count");
    check_fields("queue list", "queue");
    check_fields("queue peek procuratorate.620423 -n 5", "queued");
    check_fields("dead list", "dead");
    check_fields("agency list", "agency");
    check_fields("agency show petitions.620423", "agency");
    check_fields("clock show", "clock");
    check_fields("rules list", "procedure");
    check_fields("route query judicial.procuratorial --area 620423", "route");
    check_fields("route query", "route");
    check_fields("report figures", "figure");
    check_fields("report figures --by agency --since year", "figure");
    check_fields("report misdirected", "misdirected");
    check_fields("check all", "check");
    assert_true(strlen(done("status")->out) > 100);
    assert_non_null(strstr(done("deadline explain R-2026-000001 -v")->out, "not counted"));
}

/* Asked for no month, a report is about the one that is over: who wants the figures of last
 * month need not know how it is written. */
static void test_cli_hub_reports_last_month(void **state)
{
    static const char *const reports[] = { "report bulletin -o json",
                                           "report revisit -o json" };
    (void)state;
    json_t *clock = json_loads(done("clock show -o json")->out, 0, NULL);
    const json_t *now = json_object_get(json_array_get(clock, 0), "now_at");
    const struct rh_civil today = rh_date_to_civil(rh_date_of_instant(hub_cli_instant(now)));
    const bool january = today.month == 1; /* months of China, not of UTC */
    char wanted[32];
    snprintf(wanted, sizeof wanted, "%04d-%02d", (int)(january ? today.year - 1 : today.year),
             (int)(january ? 12 : today.month - 1));
    for (size_t i = 0; i < sizeof reports / sizeof reports[0]; i++) {
        json_t *rows = json_loads(done(reports[i])->out, 0, NULL);
        const json_t *row = json_array_get(rows, 0);
        assert_string_equal(json_string_value(json_object_get(row, "period")), wanted);
        json_decref(rows);
    }
    json_decref(clock);
}

/* The map tells whole: by when one may object or ask for a review, that the bulletin to the
 * petitioner comes each month, and what only some outcomes bring. */
static void test_cli_hub_tells_rights_and_conditions(void **state)
{
    (void)state;
    char *said = strdup(done("route query judicial.procuratorial --area 620423")->out);
    assert_non_null(strstr(said, "5 working days"));
    assert_non_null(strstr(said, "a right, no duty"));
    assert_non_null(strstr(said, "every 1 month"));
    assert_non_null(strstr(said, "only if the outcome is not-filed"));
    free(said);
}

/* Where nothing would move, a person is told so. */
static void test_cli_hub_says_that_nothing_moves(void **state)
{
    (void)state;
    const struct rht_run *run = done("deadline simulate --list --calendar " RHT_SOURCE_DIR
                                     "/protocol/rules/calendars/cn-2007-2026.yaml");
    assert_non_null(strstr(run->err, "no open date would move"));
}

/* What a petitioner may know, by a code typed as people type; and nothing by a wrong one. */
static void test_cli_hub_answers_a_query_code(void **state)
{
    (void)state;
    char words[200], code[64];
    json_t *rows = json_loads(done("referral show R-2026-000001 -o json")->out, 0, NULL);
    const char *given = json_string_value(json_object_get(json_array_get(rows, 0),
                                                          "query_code"));
    assert_int_equal(strlen(given), 14);
    size_t bytes = 0;
    for (const char *at = given; *at != '\0'; at++) {
        if (*at != '-')
            code[bytes++] = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    }
    code[bytes] = '\0';
    snprintf(words, sizeof words, "referral show --code %s", code);
    check_fields(words, "public_status");
    assert_null(strstr(done(words)->out, "R-2026")); /* the number is an ordinal, not theirs */
    code[0] = code[0] == '2' ? '3' : '2';
    snprintf(words, sizeof words, "referral show --code %s", code);
    const struct rht_run *run = at_hub(words);
    assert_int_equal(run->code, RH_EXIT_DATA);
    assert_non_null(strstr(run->err, "RH-4303"));
    assert_int_equal(at_hub("referral show")->code, RH_EXIT_USAGE);
    json_decref(rows);
}

/* From a directory of keys to an enrolled agency, by the commands of the handbook. */
static void test_cli_hub_enrols_by_hand(void **state)
{
    (void)state;
    char words[500];
    char *dir = rht_tmp_path("by-hand");
    snprintf(words, sizeof words, "key gen --agency court.620423 --out %s", dir);
    assert_int_equal(rht_rhub(words, NULL)->code, RH_EXIT_OK);
    snprintf(words, sizeof words, "agency enrol court.620423 --card %s/court.620423.pub "
                                  "--name 景泰县人民法院 --superior petitions.620423", dir);
    assert_non_null(strstr(done(words)->out, "景泰县人民法院"));
    const struct rht_run *run = at_hub(words);
    assert_int_equal(run->code, RH_EXIT_DATA);
    assert_non_null(strstr(run->err, "RH-7111"));
    done("agency suspend court.620423 --reason check --yes");
    assert_non_null(strstr(done("agency show court.620423")->out, "suspended"));
    free(dir);
}

/* The whole list, page by page and at once, in every form the same. */
static void test_cli_hub_pages_agree(void **state)
{
    (void)state;
    char *whole = strdup(done("referral list -o ids --sort number")->out);
    char joined[400] = "", words[400], cursor[300] = "";
    for (int i = 0; i < 10; i++) {
        snprintf(words, sizeof words, "referral list -o ids --sort number --limit 1 %s%s",
                 cursor[0] != '\0' ? "--cursor " : "", cursor);
        const struct rht_run *run = done(words);
        size_t used = strlen(joined);
        snprintf(joined + used, sizeof joined - used, "%s", run->out);
        const char *next = strstr(run->err, "--cursor ");
        if (next == NULL)
            break;
        snprintf(cursor, sizeof cursor, "%.*s", (int)strcspn(next + 9, ","), next + 9);
    }
    assert_string_equal(joined, whole);
    assert_int_equal(strlen(whole), 4 * 14);
    free(whole);
}

static void test_cli_hub_acts_and_sees_it(void **state)
{
    (void)state;
    assert_non_null(strstr(done("referral urge R-2026-000001 --reason soon")->out, "done"));
    assert_non_null(strstr(done("referral timeline R-2026-000001")->out, "urge"));
    const struct rht_run *run = done("dead retry --cause RH-4221 --reason updated --yes");
    assert_non_null(strstr(run->err, "1 of 1 done"));
    assert_non_null(strstr(run->out, "settled by record")); /* the letter as it is now */
    assert_string_equal(done("dead list -o ids")->out, "");
    done("clock steer --by 400d");
    assert_true(strlen(done("deadline board --due overdue --limit 3")->out) > 50);
    assert_int_equal(at_hub("clock steer --to 2001-01-01")->code, RH_EXIT_DATA);
    assert_int_equal(at_hub("referral show R-2026-000099")->code, RH_EXIT_DATA);
    assert_int_equal(at_hub("stop --yes")->code, RH_EXIT_OK);
    assert_true(rht_hub_has_stopped());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_cli_hub_fills_every_column),
        TEST(test_cli_hub_reports_last_month),
        TEST(test_cli_hub_tells_rights_and_conditions),
        TEST(test_cli_hub_says_that_nothing_moves),
        TEST(test_cli_hub_answers_a_query_code),
        TEST(test_cli_hub_enrols_by_hand),
        TEST(test_cli_hub_pages_agree),
        TEST(test_cli_hub_acts_and_sees_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
