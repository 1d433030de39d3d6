/* Large events: a calendar imported over many clocks, worked off in steps, killed on the
 * way. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "assembly/assembly.h"
#include "core/deadline.h"
#include "support/fill.h"
#include "support/rht.h"

#include <rh/date.h>

#include <stdio.h>
#include <string.h>

enum { REFERRALS = 300, FILE_BYTES_MAX = 64 * 1024 };

struct fixture {
    char dir[300], data[340], keys[340];
    struct hub_options options;
    struct hub_assembly assembly;
    char text[FILE_BYTES_MAX];
};

static struct fixture *fixture;

static struct hub_engine *engine(void)
{
    return fixture->assembly.engine;
}

static void open_hub(void)
{
    enum rh_err err = hub_assembly_open(&fixture->assembly, &fixture->options);
    if (err != RH_OK)
        print_error("%s\n", fixture->assembly.report);
    assert_int_equal(err, RH_OK);
}

/* Clocks are running, many of them into the week that the tests take away. */
static int set_up(void **state)
{
    static int serial;
    struct rht_fill_result made;
    (void)state;
    fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->dir, sizeof fixture->dir, "%s/jobs-%d", rht_tmpdir(), ++serial);
    snprintf(fixture->data, sizeof fixture->data, "%s/data", fixture->dir);
    snprintf(fixture->keys, sizeof fixture->keys, "%s/keys", fixture->dir);
    const struct rht_fill_options fill = {
        .dir = fixture->dir,
        .rules_dir = RHT_SOURCE_DIR "/protocol/rules",
        .referrals = REFERRALS,
        .seed = 20260302,
        .segment_bytes = 8u * 1024 * 1024,
        .start_ms = UINT64_C(1772416800000), /* 2026-03-02 10:00 +08:00 */
    };
    rht_fill(&fill, &made);
    fixture->options = (struct hub_options){
        .data_dir = fixture->data,
        .keys_dir = fixture->keys,
        .rules_dir = fill.rules_dir,
        .hub_id = "test.fill",
        .endpoint = "tcp://127.0.0.1:5550",
        .test_clock = true,
        .map_bytes = UINT64_C(1) << 30,
        .segment_bytes = 8u * 1024 * 1024,
    };
    open_hub();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hub_assembly_close(&fixture->assembly);
    free(fixture);
    return 0;
}

/* ---- what is imported ------------------------------------------------------------------ */

static void replace(char *text, size_t capacity, const char *old, const char *new)
{
    char *at = strstr(text, old);
    assert_non_null(at);
    size_t tail = strlen(at + strlen(old)) + 1;
    assert_true(strlen(text) + strlen(new) < capacity);
    memmove(at + strlen(new), at + strlen(old), tail);
    memcpy(at, new, strlen(new));
}

/* The calendar of the project with a fortnight off in the year of the clocks. */
static void make_calendar(const char *version, const char *days)
{
    char line[200];
    FILE *file = fopen(RHT_SOURCE_DIR "/protocol/rules/calendars/cn-2007-2026.yaml", "rb");
    assert_non_null(file);
    size_t bytes = fread(fixture->text, 1, sizeof fixture->text - 1, file);
    fclose(file);
    fixture->text[bytes] = '\0';
    snprintf(line, sizeof line, "version: \"%s\"", version);
    replace(fixture->text, sizeof fixture->text, "version: \"2026.1\"", line);
    snprintf(line, sizeof line, "      - name: made up for a test\n        off: [%s]\n", days);
    assert_true(strlen(fixture->text) + strlen(line) < sizeof fixture->text);
    memcpy(fixture->text + strlen(fixture->text), line, strlen(line) + 1);
}

static enum rh_err import(struct hub_import_result *out)
{
    const struct hub_import wish = {
        .name = "made-up.yaml",
        .text = fixture->text,
        .bytes = strlen(fixture->text),
        .operator_name = "test(0)",
        .reason = "amended",
    };
    return hub_engine_import_calendar(engine(), &wish, out);
}

static void finish(void)
{
    assert_int_equal(hub_engine_finish(engine()), RH_OK);
    assert_int_equal(hub_engine_settle(engine()), RH_OK);
}

/* A hub that is killed: what was not synced is gone, the views are as committed last. */
static void kill_hub(void)
{
    hub_assembly_close(&fixture->assembly);
    open_hub();
}

static struct hub_job_row job(uint64_t number)
{
    struct hub_job_row row;
    assert_int_equal(hub_views_job(hub_engine_views(engine())->map, number, &row), RH_OK);
    return row;
}

/* ---- what must hold afterwards ---------------------------------------------------------- */

static uint64_t end_by(const struct rh_calendar *calendar, const struct hub_deadline *deadline)
{
    struct hub_deadline_result result;
    const struct hub_deadline_input input = {
        .start_ms = deadline->start_ms,
        .terms = { .span = { deadline->unit, deadline->n }, .roll = deadline->roll },
        .pauses = deadline->pauses,
        .pause_count = deadline->pause_count,
        .extensions = deadline->extensions,
        .extension_count = deadline->extension_count,
    };
    assert_int_equal(hub_deadline_recur(calendar, &input, deadline->round + 1, &result), RH_OK);
    return result.end_ms;
}

/* How many running clocks have another end than the calendar in force gives. */
static uint32_t count_stale(uint32_t *open)
{
    static struct hub_referral row;
    uint64_t rno = 0;
    uint32_t stale = 0;
    *open = 0;
    while (hub_views_referral_next(hub_engine_views(engine())->map, &rno, &row) == RH_OK) {
        *open += row.holder != HUB_AGENCY_NONE ? 1 : 0;
        for (uint32_t i = 0; i < row.deadline_count; i++) {
            const struct hub_deadline *deadline = &row.deadlines[i];
            if (deadline->status != HUB_DEADLINE_RUNNING || deadline->sender_set)
                continue;
            const struct rh_calendar *calendar =
                rh_rules_calendar(hub_engine_rules(engine()), row.area);
            stale += end_by(calendar, deadline) != deadline->end_ms ? 1 : 0;
        }
    }
    return stale;
}

/* The records of a job: how many there are, how many changed a referral, how many dates they
 * say moved, with the old end and the new one, and how many readers were told. */
struct story {
    uint32_t records, steps, moved, told;
};

static struct story read_story(uint64_t number)
{
    static struct hub_record record;
    static struct hub_outcome outcome;
    struct hub_engine_health health;
    struct story story = { 0 };
    hub_engine_health(engine(), &health);
    for (uint64_t i = job(number).begun_index; i < health.records; i++) {
        struct rh_bytes core, rest;
        struct hub_job_row row;
        assert_int_equal(hub_engine_record(engine(), i, &core, &rest), RH_OK);
        assert_int_equal(hub_record_decode(core, rest, &record), RH_OK);
        if (record.core.type != RH_RECORD_JOB ||
            hub_job_decode(record.job_row, &row) != RH_OK || row.number != number)
            continue;
        story.records++;
        if (record.rno == 0)
            continue;
        story.steps++;
        assert_int_equal(hub_outcome_decode(record.outcome, &outcome), RH_OK);
        assert_non_null(strstr(record.text, "calendar cn "));
        for (uint32_t n = 0; n < outcome.note_count; n++) {
            assert_true(outcome.notes[n].was_ms != 0);
            story.moved += outcome.notes[n].was_ms != outcome.notes[n].now_ms ? 1 : 0;
        }
        story.told += outcome.delivery_count;
    }
    return story;
}

/* Piece by piece, sixteen referrals each; `kills` times the hub dies after a piece, half of
 * them before it is synced. */
static uint32_t work_off(uint64_t number, uint32_t kills)
{
    uint32_t turns = 0;
    while (job(number).state == HUB_JOB_RUNNING) {
        assert_int_equal(hub_engine_work(engine(), 16), RH_OK);
        if (kills > 0 && kills % 2 == 0) {
            kill_hub();
            kills--;
            continue;
        }
        finish();
        assert_true(++turns < 10000);
        if (kills > 0) {
            kill_hub();
            kills--;
        }
    }
    return turns;
}

/* One record at a time, and the hub dies after each: first before it is on disk, then after it. What
 * the row says is done is what had been synced, never less and never more. */
static uint32_t die_after_each_record(uint64_t number)
{
    uint32_t deaths = 0;
    while (job(number).state == HUB_JOB_RUNNING) {
        struct hub_job_row synced = job(number);
        for (int life = 0; life < 2; life++) {
            while (hub_engine_pending(engine()) == 0 && job(number).state == HUB_JOB_RUNNING)
                assert_int_equal(hub_engine_work(engine(), 1), RH_OK);
            struct hub_job_row ahead = job(number);
            assert_true(ahead.done >= synced.done && ahead.changed >= synced.changed);
            if (life == 1) {
                finish();
                synced = ahead;
            }
            kill_hub();
            struct hub_job_row row = job(number);
            assert_int_equal(row.state, synced.state);
            assert_int_equal(row.done, synced.done);
            assert_int_equal(row.changed, synced.changed);
            assert_int_equal(row.cursor, synced.cursor);
            assert_true(row.done <= row.total || row.state == HUB_JOB_DONE);
        }
        assert_true(++deaths < 10000);
    }
    return deaths;
}

/* Killed in the middle or not, the job looks at each open referral once, every date follows
 * the new calendar, and the records say which moved. */
static void check_done(uint64_t number, uint32_t stale_before)
{
    uint32_t open = 0;
    struct hub_job_row row = job(number);
    assert_int_equal(row.state, HUB_JOB_DONE);
    assert_int_equal(count_stale(&open), 0);
    assert_int_equal(row.done, open);
    assert_int_equal(row.total, open);
    assert_int_equal(row.moved, stale_before);
    struct story story = read_story(number);
    assert_int_equal(story.steps, row.changed);
    assert_int_equal(story.moved, row.moved);
    assert_true(story.told > 0);
    assert_true(story.told <= story.moved);
}

static void test_import_recomputes_every_open_clock(void **state)
{
    struct hub_import_result result;
    uint32_t open = 0;
    (void)state;
    assert_int_equal(count_stale(&open), 0);
    assert_true(open > 50);
    make_calendar("2026.2-test", "2026-06-22..2026-07-17");
    assert_int_equal(import(&result), RH_OK);
    assert_int_equal(result.job, 1);
    finish();
    uint32_t stale = count_stale(&open);
    assert_true(stale > 0);
    work_off(1, 0);
    check_done(1, stale);
}

static void test_job_survives_kills(void **state)
{
    struct hub_import_result result;
    uint32_t open = 0;
    (void)state;
    make_calendar("2026.2-test", "2026-06-22..2026-07-17");
    assert_int_equal(import(&result), RH_OK);
    finish();
    uint32_t stale = count_stale(&open);
    work_off(1, 7);
    check_done(1, stale);
    kill_hub();
    check_done(1, stale);
}

static void test_job_survives_a_kill_after_each_record(void **state)
{
    struct hub_import_result result;
    uint32_t open = 0;
    (void)state;
    make_calendar("2026.2-test", "2026-06-22..2026-07-17");
    assert_int_equal(import(&result), RH_OK);
    finish();
    uint32_t stale = count_stale(&open);
    assert_true(die_after_each_record(1) > 20);
    check_done(1, stale);
}

/* The imported calendar stays in force although rules_dir does not know it. */
static void test_import_outlives_restarts(void **state)
{
    struct hub_import_result result;
    char report[RH_PROBLEM_LIST_BYTES] = "";
    (void)state;
    make_calendar("2026.2-test", "2026-06-22..2026-07-17");
    assert_int_equal(import(&result), RH_OK);
    finish();
    kill_hub();
    assert_string_equal(rh_rules_calendar(hub_engine_rules(engine()), "")->version,
                        "2026.2-test");
    assert_int_equal(hub_engine_reload(engine(), report, sizeof report), RH_OK);
    assert_string_equal(rh_rules_calendar(hub_engine_rules(engine()), "")->version,
                        "2026.2-test");
    assert_int_equal(import(&result), RH_OK); /* exactly the same once more */
    assert_true(result.same);
    assert_int_equal(result.job, 0);
}

/* A second change ends the first job: the new one does all that was left. */
static void test_later_import_supersedes(void **state)
{
    struct hub_import_result result;
    uint32_t open = 0;
    (void)state;
    make_calendar("2026.2-test", "2026-06-22..2026-07-17");
    assert_int_equal(import(&result), RH_OK);
    make_calendar("2026.3-test", "2026-06-22..2026-07-10");
    assert_int_equal(import(&result), RH_OK);
    assert_int_equal(result.job, 2);
    finish();
    assert_int_equal(job(1).state, HUB_JOB_SUPERSEDED);
    uint32_t stale = count_stale(&open);
    work_off(2, 2);
    check_done(2, stale);
}

/* Three slips, each of which would take days away that open dates were counted by. */
static const struct {
    const char *version, *old, *new, *said;
} slips[] = {
    { "2026.1", "", "",
      "differs from the calendar in force and has the same version '2026.1'" },
    { "2026.2", "valid_through: 2026-12-31", "valid_through: 2026-12-30",
      "ends before the calendar in force, which is valid through 2026-12-31" },
    { "2026.2", "valid_from: 2006-12-30", "valid_from: 2006-12-31",
      "begins after the calendar in force, which is known from 2006-12-30" },
};

enum { SLIPS = sizeof slips / sizeof slips[0] };

static void make_slip(unsigned i)
{
    make_calendar(slips[i].version, "2026-06-22..2026-07-17");
    if (slips[i].old[0] == '\0')
        return;
    replace(fixture->text, sizeof fixture->text, slips[i].old, slips[i].new);
    if (strstr(slips[i].old, "valid_from") != NULL)
        replace(fixture->text, sizeof fixture->text, "work: [2006-12-30..2006-12-31]",
                "work: [2006-12-31]");
}

static void expect_said(const char *problems, const char *part)
{
    static char said[RH_PROBLEM_LIST_BYTES];
    rh_problem_lines(problems, false, said, sizeof said);
    if (strstr(said, part) == NULL)
        fail_msg("'%s' is not in: %s", part, said);
}

/* Whichever way a calendar comes in, it is judged alike: an editor of rules_dir who shortens
 * the file loses no days either, not at a reload and not at the next start. */
static void test_reload_and_start_judge_as_an_import_does(void **state)
{
    static char report[RH_PROBLEM_LIST_BYTES];
    char command[900], rules[360], file[420];
    (void)state;
    snprintf(rules, sizeof rules, "%s/rules", fixture->dir);
    snprintf(file, sizeof file, "%s/calendars/cn-2007-2026.yaml", rules);
    snprintf(command, sizeof command, "cp -r '%s' '%s'", fixture->options.rules_dir, rules);
    assert_int_equal(system(command), 0);
    fixture->options.rules_dir = rules;
    kill_hub();
    for (unsigned i = 0; i < SLIPS; i++) {
        make_slip(i);
        rht_write_file(file, fixture->text, strlen(fixture->text));
        report[0] = '\0';
        assert_int_equal(hub_engine_reload(engine(), report, sizeof report), RH_ERR_CONFIG);
        expect_said(report, slips[i].said);
        expect_said(report, "calendars/cn-2007-2026.yaml: ");
        assert_string_equal(rh_rules_calendar(hub_engine_rules(engine()), "")->version,
                            "2026.1");
    }
    hub_assembly_close(&fixture->assembly);
    assert_int_equal(hub_assembly_open(&fixture->assembly, &fixture->options), RH_ERR_CONFIG);
    expect_said(fixture->assembly.report, slips[SLIPS - 1].said);
    hub_assembly_close(&fixture->assembly);
    make_calendar("2026.2", "2026-06-22..2026-07-17");
    rht_write_file(file, fixture->text, strlen(fixture->text));
    open_hub();
    assert_string_equal(rh_rules_calendar(hub_engine_rules(engine()), "")->version, "2026.2");
}

static void test_import_refuses_what_is_wrong(void **state)
{
    struct hub_import_result result;
    (void)state;
    for (unsigned i = 0; i < SLIPS; i++) {
        make_slip(i);
        assert_int_equal(import(&result), RH_ERR_CONFIG);
        expect_said(result.report, slips[i].said);
    }
    make_calendar("2026.2", "2026-06-31");
    assert_int_equal(import(&result), RH_ERR_CONFIG);
    expect_said(result.report, "made-up.yaml:");
    assert_string_equal(rh_rules_calendar(hub_engine_rules(engine()), "")->version, "2026.1");
}

/* A version that was in force once keeps its meaning: explanations quote it for years. Whoever
 * wrote other days under it, by a slip, would make two calendars of one name. */
static void test_version_is_not_used_again(void **state)
{
    struct hub_import_result result;
    (void)state;
    make_calendar("2026.2", "2026-06-22..2026-07-17");
    assert_int_equal(import(&result), RH_OK);
    make_calendar("2026.1", "2026-06-22..2026-07-17");
    assert_int_equal(import(&result), RH_ERR_CONFIG);
    expect_said(result.report, "in force under the same version '2026.1'");
    finish();
    kill_hub();
    make_calendar("2026.3", "2026-06-22..2026-07-10");
    assert_int_equal(import(&result), RH_OK);
    make_calendar("2026.2", "2026-06-22..2026-07-10");
    assert_int_equal(import(&result), RH_ERR_CONFIG);
    expect_said(result.report, "in force under the same version '2026.2'");
    make_calendar("2026.2", "2026-06-22..2026-07-17"); /* the very one, once more */
    assert_int_equal(import(&result), RH_OK);
    assert_string_equal(rh_rules_calendar(hub_engine_rules(engine()), "")->version, "2026.2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_import_recomputes_every_open_clock, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_version_is_not_used_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_job_survives_kills, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_job_survives_a_kill_after_each_record, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_import_outlives_restarts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_later_import_supersedes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_import_refuses_what_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reload_and_start_judge_as_an_import_does, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
