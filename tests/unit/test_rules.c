/* protocol/load/{rules,settings,procedure,limit,limit_check,routing,reach,sources,words}.c and
 * protocol/src/rules.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <rh/text.h>

#include "core/lifecycle.h"
#include "load/import_map.h"
#include "load/profile.h"
#include "load/reach.h"
#include "load/rules.h"
#include "support/rht.h"

#define RULES RHT_SOURCE_DIR "/protocol/rules"
#define DATA RHT_SOURCE_DIR "/tests/data/rules"
#define SAMPLE "procedures/sample.yaml"

enum { REPORT_BYTES = 16 * 1024, SOURCES_BYTES = 768 * 1024, BAD_FILES_MIN = 80 };

static struct rh_rules rules;
static struct rh_rules again;
static struct rh_load_sources shipped;
static struct rh_load_sources small;
static uint8_t compiled[2][RH_RULES_BYTES_MAX];
static uint8_t kept[SOURCES_BYTES];
static char reported[REPORT_BYTES]; /* the problems */
static char said[REPORT_BYTES];     /* as English lines; see say() */

static void say(void)
{
    rh_problem_lines(reported, false, said, sizeof said);
}

static int load_shipped(void **state)
{
    struct rh_load_report report;
    (void)state;
    rh_load_report_init(&report, reported, sizeof reported);
    enum rh_err err = rh_load_sources_read(&shipped, RULES, &report);
    if (err == RH_OK)
        err = rh_load_rules_sources(&shipped, &rules, &report);
    say();
    if (err != RH_OK)
        fputs(said, stderr);
    return err == RH_OK ? 0 : -1;
}

static int drop_shipped(void **state)
{
    (void)state;
    rh_load_sources_close(&shipped);
    rh_load_sources_close(&small);
    return 0;
}

static size_t compile(const struct rh_rules *what, uint8_t *out)
{
    struct rh_writer writer;
    rh_writer_init(&writer, out, RH_RULES_BYTES_MAX);
    assert_int_equal(rh_rules_encode(what, &writer), RH_OK);
    assert_int_equal(rh_codec_check(out, writer.bytes, RH_RULES_BYTES_MAX, NULL), RH_OK);
    return writer.bytes;
}

/* Files with one replaced or added, loaded into `again`. NULL text: left out. */
static enum rh_err load_with(const struct rh_load_sources *files, const char *name,
                             const char *path, const char *text, struct rh_load_report *report)
{
    static struct rh_load_sources mixed;
    bool done = text == NULL;

    mixed.count = 0;
    rh_load_report_init(report, reported, sizeof reported);
    for (size_t i = 0; i < files->count; i++) {
        const struct rh_load_source *source = &files->list[i];
        const int order = strcmp(source->name, name);
        if (!done && order >= 0) {
            assert_int_equal(
                rh_load_sources_add(&mixed, name, path, text, strlen(text)), RH_OK);
            done = true;
        }
        if (order != 0)
            assert_int_equal(rh_load_sources_add(&mixed, source->name, NULL, source->text,
                                                 source->bytes),
                             RH_OK);
    }
    if (!done)
        assert_int_equal(rh_load_sources_add(&mixed, name, path, text, strlen(text)), RH_OK);
    const enum rh_err err = rh_load_rules_sources(&mixed, &again, report);
    say();
    assert_int_equal(err == RH_OK, report->problems == 0);
    rh_load_sources_close(&mixed);
    return err;
}

/* A hub of little: one year, the sample and two shipped procedures, no map. Quick to load. */
static void add_small(struct rh_load_sources *out, const char *name, const char *path)
{
    size_t bytes;
    char *text = rht_read_file(path, &bytes);
    assert_int_equal(rh_load_sources_add(out, name, NULL, text, bytes), RH_OK);
    free(text);
}

static const struct rh_load_sources *small_files(void)
{
    if (small.count > 0)
        return &small;
    static const char year[] = "calendar: cn\nversion: \"1\"\nvalid_from: 2026-01-01\n"
                               "valid_through: 2026-12-31\nyears:\n  - year: 2026\n"
                               "    holidays: []\n";
    assert_int_equal(rh_load_sources_add(&small, "calendars/cn.yaml", NULL, year,
                                         strlen(year)), RH_OK);
    add_small(&small, "procedures/filing.yaml", RULES "/procedures/filing-supervision.yaml");
    add_small(&small, "procedures/p12309.yaml", RULES "/procedures/p12309.yaml");
    add_small(&small, "procedures/rereview.yaml", RULES "/procedures/petition-rereview.yaml");
    add_small(&small, "procedures/review.yaml", RULES "/procedures/petition-review.yaml");
    add_small(&small, SAMPLE, DATA "/good/minimal.yaml");
    add_small(&small, "procedures/xinfang.yaml", RULES "/procedures/xinfang.yaml");
    add_small(&small, "settings.yaml", RULES "/settings.yaml");
    return &small;
}

static void expect_said(const char *part)
{
    say();
    if (strstr(said, part) == NULL)
        fail_msg("'%s' is not in:\n%s", part, said);
}

/* ---- the rules we ship ------------------------------------------------------------------- */

/* A hub that cannot read the rules it is shipped with does not start at all. */
static void test_rules_shipped_load(void **state)
{
    (void)state;
    static const char *const ids[] = { "filing-supervision", "judicial-confirmation", "p12309",
                                       "suggestion", "xinfang" };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        assert_non_null(rh_rules_procedure(&rules, ids[i]));
    assert_null(rh_rules_procedure(&rules, "xinfan"));

    const struct rh_limit *handle =
        rh_procedure_limit(rh_rules_procedure(&rules, "xinfang"), "handle");
    assert_non_null(handle);
    assert_int_equal(handle->span.unit, RH_UNIT_CALENDAR_DAY);
    assert_int_equal(handle->span.n, 60);
    assert_int_equal(handle->extend_times, 1);
    assert_int_equal(handle->extend_max.n, 30);
    assert_int_equal(handle->verification, RH_VERIFIED_V1);
    assert_int_equal(handle->ladder_count, 3);
    assert_int_equal(handle->ladder[2].action, RH_KIND_LIST_SUPERVISE);
    assert_true(rh_kind_in(&handle->met_by, RH_KIND_CONCLUDE));
    assert_false(rh_kind_in(&handle->met_by, RH_KIND_REPLY));

    const struct rh_procedure *confirmation =
        rh_rules_procedure(&rules, "judicial-confirmation");
    assert_int_equal(confirmation->check_count, 2);
    assert_int_equal(confirmation->checks[1].refusal, 4313);
    assert_string_equal(confirmation->checks[1].equals, "yes");
    assert_int_equal(rules.settings.grace_hours, 24);
    assert_int_equal(rules.settings.watchdog[RH_STATE_SUSPENDED].n, 180);
    assert_string_equal(rules.settings.supervisor_roles[0], "procuratorate");
}

/* The alias stands for every dispatch kind, also for those added later. */
static void test_rules_dispatch_is_every_dispatch_kind(void **state)
{
    (void)state;
    const struct rh_limit *dispatch =
        rh_procedure_limit(rh_rules_procedure(&rules, "xinfang"), "dispatch");
    for (unsigned i = 0; i < RH_KIND_END; i++)
        assert_int_equal(rh_kind_in(&dispatch->met_by, (enum rh_kind)i),
                         rh_kind_is_dispatch((enum rh_kind)i));
}

/* What an auditor decodes is what the hub decided by. */
static void test_rules_compiled_form_round_trip(void **state)
{
    (void)state;
    const size_t bytes = compile(&rules, compiled[0]);
    assert_int_equal(rh_rules_decode((struct rh_bytes){ compiled[0], bytes }, &again), RH_OK);
    assert_memory_equal(&rules, &again, sizeof rules);
    assert_int_equal(compile(&again, compiled[1]), bytes);
    assert_memory_equal(compiled[0], compiled[1], bytes);
    for (size_t cut = 0; cut < bytes; cut += 1 + bytes / 97)
        assert_int_equal(rh_rules_decode((struct rh_bytes){ compiled[0], cut }, &again),
                         RH_ERR_INVALID);
}

/* The sources in the journal are enough to compile the same rules again. */
static void test_rules_sources_compile_to_the_same(void **state)
{
    (void)state;
    static struct rh_load_sources back;
    struct rh_load_report report;
    struct rh_writer writer;

    rh_load_report_init(&report, reported, sizeof reported);
    rh_writer_init(&writer, kept, sizeof kept);
    assert_int_equal(rh_load_rules(RULES "/", &again, &writer, &report), RH_OK);
    assert_int_equal(report.problems, 0);
    const size_t bytes = compile(&again, compiled[0]);
    assert_int_equal(rh_codec_check(kept, writer.bytes, sizeof kept, NULL), RH_OK);

    const struct rh_bytes encoded = { kept, writer.bytes };
    assert_int_equal(rh_load_sources_decode(encoded, &back), RH_OK);
    assert_int_equal(back.count, shipped.count);
    for (size_t i = 0; i < back.count; i++) {
        assert_string_equal(back.list[i].name, shipped.list[i].name);
        assert_int_equal(back.list[i].bytes, shipped.list[i].bytes);
        assert_memory_equal(back.list[i].text, shipped.list[i].text, back.list[i].bytes);
    }
    assert_int_equal(rh_load_rules_sources(&back, &again, &report), RH_OK);
    assert_int_equal(compile(&again, compiled[1]), bytes);
    assert_memory_equal(compiled[0], compiled[1], bytes);
    rh_load_sources_close(&back);

    assert_int_equal(rh_load_sources_decode((struct rh_bytes){ kept, writer.bytes - 1 }, &back),
                     RH_ERR_INVALID);
    rh_load_sources_close(&back);
    rh_writer_init(&writer, kept, 100);
    assert_int_equal(rh_load_rules(RULES, &again, &writer, &report), RH_ERR_FULL);
    expect_said("too large to be kept");
}

/* ---- bad rules --------------------------------------------------------------------------- */

/* A line of the report begins with `place` and holds `sentence`. */
static bool is_said(const char *place, const char *sentence)
{
    for (const char *at = said; (at = strstr(at, place)) != NULL; at++) {
        const char *found = strstr(at, sentence);
        if (found != NULL && (size_t)(found - at) < strcspn(at, "\n"))
            return true;
    }
    return false;
}

/* A bad file begins with one line "# expect PLACE SENTENCE" for each of its problems: LINE:COLUMN in
 * the file, or the whole place of a line of the report where another name stands there.
 * Returns how many there are; *wrong counts those that were not reported so. */
static uint32_t expect_problems(const char *path, const char *text, unsigned *wrong)
{
    static const char mark[] = "# expect ";
    uint32_t count = 0;

    for (; strncmp(text, mark, sizeof mark - 1) == 0; count++) {
        char expected[512];
        text += sizeof mark - 1;
        const size_t place_bytes = strcspn(text, " ");
        const size_t bytes = strcspn(text, "\n");
        const bool here = strspn(text, "0123456789:") == place_bytes;
        (void)snprintf(expected, sizeof expected, "%s%s%.*s: ", here ? path : "",
                       here ? ":" : "", (int)place_bytes, text);
        char sentence[512];
        (void)snprintf(sentence, sizeof sentence, "%.*s", (int)(bytes - place_bytes - 1),
                       text + place_bytes + 1);
        if (!is_said(expected, sentence)) {
            print_error("%s: not said: %.*s\n", path, (int)bytes, text);
            (*wrong)++;
        }
        text += bytes + 1;
    }
    return count;
}

static unsigned try_bad_file(const char *file)
{
    char path[512];
    struct rh_load_report report;
    unsigned wrong = 0;

    (void)snprintf(path, sizeof path, DATA "/bad/%s", file);
    char *text = rht_read_file(path, NULL);
    const char *name = strncmp(file, "settings-", 9) == 0  ? "settings.yaml"
                       : strncmp(file, "routing-", 8) == 0 ? "routing/map.yaml"
                       : strncmp(file, "screening-", 10) == 0 ? "screening/sample.yaml"
                       : strncmp(file, "calendar-", 9) == 0 ? "calendars/cn.yaml"
                                                           : SAMPLE;
    const enum rh_err err = load_with(small_files(), name, file, text, &report);
    const uint32_t expected = expect_problems(file, text, &wrong);
    wrong += err != RH_ERR_CONFIG || report.problems != expected || expected == 0;
    if (wrong > 0)
        print_error("%s, %u problems, %u expected:\n%s", rh_err_text(err), report.problems,
                    expected, said);
    free(text);
    return wrong;
}

/* A rule author sees where each slip is and what to write instead, in one run. */
static void test_rules_bad_files_name_every_place(void **state)
{
    (void)state;
    DIR *folder = opendir(DATA "/bad");
    const struct dirent *entry;
    unsigned files = 0;
    unsigned wrong = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (strstr(entry->d_name, ".yaml") == NULL)
            continue;
        wrong += try_bad_file(entry->d_name);
        files++;
    }
    (void)closedir(folder);
    assert_int_equal(wrong, 0);
    assert_in_range(files, BAD_FILES_MIN, 1000);
}

/* ---- in the reader's language ------------------------------------------------------------ */

/* Foreign words that may stand in a Chinese sentence: what the file says and what it may say. */
static bool is_foreign_allowed(const char *word, size_t bytes)
{
    static const char *const names[] = { "UTF", "YAML", "RH", "ID", "NUL", "YYYY", "MM", "DD",
                                         "TEXT", "KEY" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == bytes && memcmp(names[i], word, bytes) == 0)
            return true;
    return false;
}

/* English is left over where two words of letters stand side by side, divided by a blank. */
static bool has_english(const char *line)
{
    unsigned row = 0;
    bool quoted = false;
    for (const char *at = line; *at != '\0';) {
        size_t bytes = 0;
        while ((at[bytes] >= 'a' && at[bytes] <= 'z') || (at[bytes] >= 'A' && at[bytes] <= 'Z'))
            bytes++;
        if (strncmp(at, "“", 3) == 0 || strncmp(at, "”", 3) == 0)
            quoted = at[2] == "“"[2];
        if (bytes > 0)
            row = quoted || is_foreign_allowed(at, bytes) ? 0 : row + 1;
        else if (*at != ' ')
            row = 0;
        if (row == 3)
            return true;
        at += bytes > 0 ? bytes : 1;
    }
    return false;
}

/* A clerk reads every problem of every bad file in Chinese, with the same place and the words of
 * the file as they stand there. */
static void test_rules_bad_files_are_told_in_chinese(void **state)
{
    (void)state;
    DIR *folder = opendir(DATA "/bad");
    const struct dirent *entry;
    unsigned wrong = 0;
    assert_non_null(folder);
    assert_int_equal(rh_text_init("zh"), RH_OK);
    while ((entry = readdir(folder)) != NULL) {
        char room[RH_PROBLEM_BYTES_MAX], line[RH_PROBLEM_BYTES_MAX], english[RH_PROBLEM_BYTES_MAX];
        struct rh_problem one;
        if (strstr(entry->d_name, ".yaml") == NULL)
            continue;
        (void)try_bad_file(entry->d_name);
        const char *list = reported;
        while (rh_problem_next(&list, room, &one)) {
            rh_problem_say(&one, true, line, sizeof line);
            rh_problem_say(&one, false, english, sizeof english);
            bool told = strcmp(line, english) != 0 && !has_english(line);
            wrong += told ? 0 : 1;
            if (!told)
                print_error("%s: %s\n    %s\n", entry->d_name, english, line);
        }
    }
    (void)closedir(folder);
    assert_int_equal(rh_text_init("en"), RH_OK);
    assert_int_equal(wrong, 0);
}

/* Both languages of a few, word for word. */
static void test_rules_problems_read_well_in_both_languages(void **state)
{
    (void)state;
    static const struct {
        const char *file, *en, *zh;
    } cases[] = {
        { "procedure-role-unknown.yaml",
          "procedure-role-unknown.yaml:6:13: opened_by: unknown role 'petition'; did you mean "
          "'petitions'?",
          "procedure-role-unknown.yaml:6:13: opened_by：没有角色“petition”，是否想写“petitions”？" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)try_bad_file(cases[i].file);
        rh_problem_lines(reported, false, said, sizeof said);
        assert_string_equal(said, cases[i].en);
        assert_int_equal(rh_text_init("zh"), RH_OK);
        rh_problem_lines(reported, true, said, sizeof said);
        assert_int_equal(rh_text_init("en"), RH_OK);
        assert_string_equal(said, cases[i].zh);
    }
}

/* The bad files are slips in these ones, so these must load. */
static void test_rules_good_files_load(void **state)
{
    (void)state;
    static const char *const files[] = { "minimal.yaml", "every-word.yaml" };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[512];
        struct rh_load_report report;
        (void)snprintf(path, sizeof path, DATA "/good/%s", files[i]);
        char *text = rht_read_file(path, NULL);
        if (load_with(small_files(), SAMPLE, files[i], text, &report) != RH_OK)
            fail_msg("%s", said);
        free(text);
        const size_t bytes = compile(&again, compiled[0]);
        assert_int_equal(rh_rules_decode((struct rh_bytes){ compiled[0], bytes }, &again),
                         RH_OK);
        assert_int_equal(compile(&again, compiled[1]), bytes);
        assert_memory_equal(compiled[0], compiled[1], bytes);
    }
    const struct rh_procedure *every = rh_rules_procedure(&again, "every-word");
    assert_int_equal(every->limit_count, RH_LIMITS_MAX);
    assert_true(every->has_start && every->leader_required && every->may_return);
    assert_int_equal(rh_procedure_limit(every, "again")->repeats, true);
    assert_int_equal(rh_procedure_limit(every, "assigned")->span.n, 0);
    assert_string_equal(rh_procedure_limit(every, "filed")->fact, "filed_on");
}

/* Every word of the grammar, in files that fit together; tidy.words holds them against the words
 * that the loaders know. */
static void test_rules_every_word_is_read(void **state)
{
    (void)state;
    static struct rh_load_sources files;
    static struct rh_import_map map;
    static struct rh_profile profile;
    static const char *const maps[] = { "", "-utf-8", "-gb18030", "-utf-16" };
    struct rh_load_report report;
    char path[512];
    rh_load_report_init(&report, reported, sizeof reported);
    files.count = 0;
    add_small(&files, "calendars/cn.yaml", RULES "/calendars/cn-2007-2026.yaml");
    add_small(&files, "calendars/every.yaml", DATA "/good/every-word-calendar.yaml");
    add_small(&files, "procedures/every-1.yaml", DATA "/good/every-word-last.yaml");
    add_small(&files, "procedures/every-2.yaml", DATA "/good/every-word-more.yaml");
    add_small(&files, "procedures/every-3.yaml", DATA "/good/every-word-reviewed.yaml");
    add_small(&files, "procedures/every-4.yaml", DATA "/good/every-word.yaml");
    add_small(&files, "routing/every.yaml", DATA "/good/every-word-routing.yaml");
    add_small(&files, "screening/every.yaml", DATA "/good/every-word-screening.yaml");
    add_small(&files, "settings.yaml", DATA "/good/every-word-settings.yaml");
    const enum rh_err err = rh_load_rules_sources(&files, &again, &report);
    rh_load_sources_close(&files);
    say();
    if (err != RH_OK)
        fail_msg("%s", said);
    assert_int_equal(again.procedure_count, 4);
    assert_int_equal(again.calendar_count, 2);
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        (void)snprintf(path, sizeof path, DATA "/good/every-word-map%s.yaml", maps[i]);
        if (rh_load_import_map(path, &map, &report) != RH_OK) {
            say();
            fail_msg("%s", said);
        }
        assert_int_equal(map.encoding, i);
    }
    if (rh_load_profile(DATA "/good/every-word-profile.yaml", &profile, &report) != RH_OK) {
        say();
        fail_msg("%s", said);
    }
    assert_int_equal(profile.check_count, 8);
}

/* ---- what only the whole directory shows ------------------------------------------------- */

static void test_rules_files_must_fit_together(void **state)
{
    (void)state;
    struct rh_load_report report;
    char *calendar = rht_read_file(RULES "/calendars/cn-2007-2026.yaml", NULL);
    char *xinfang = rht_read_file(RULES "/procedures/xinfang.yaml", NULL);

    assert_int_equal(load_with(&shipped, "settings.yaml", NULL, NULL, &report),
                     RH_ERR_CONFIG);
    expect_said("settings.yaml: is missing; a hub needs it");
    assert_int_equal(load_with(&shipped, "calendars/cn-2007-2026.yaml", NULL, NULL, &report),
                     RH_ERR_CONFIG);
    expect_said("calendars/: is missing");
    assert_int_equal(load_with(&shipped, "calendars/other.yaml", NULL, calendar, &report),
                     RH_ERR_CONFIG);
    expect_said("calendars/other.yaml: is a second calendar for the whole country, beside "
                "'cn'");
    assert_int_equal(load_with(&shipped, "procedures/zz.yaml", NULL, xinfang, &report),
                     RH_ERR_CONFIG);
    expect_said("procedures/zz.yaml: describes the procedure 'xinfang' a second time");

    /* A calendar of one area beside the nationwide one is fine, alone it is not. */
    static const char local[] = "calendar: linxia\narea: \"6229\"\nversion: \"1\"\n"
                                "valid_from: 2026-01-01\nvalid_through: 2026-12-31\n"
                                "years:\n  - year: 2026\n    holidays: []\n";
    assert_int_equal(load_with(&shipped, "calendars/linxia.yaml", NULL, local, &report), RH_OK);
    assert_string_equal(rh_rules_calendar(&again, "622901")->id, "linxia");
    assert_string_equal(rh_rules_calendar(&again, "620423")->id, "cn");
    assert_int_equal(load_with(&shipped, "calendars/cn-2007-2026.yaml", NULL, local, &report),
                     RH_ERR_CONFIG);
    expect_said("hold no calendar for the whole country");

    /* 复查 reviewed under 复查: a third round, and one after it. */
    static const char review_file[] = "procedures/petition-review.yaml";
    char *review = rht_read_file(RULES "/procedures/petition-review.yaml", NULL);
    char *at = strstr(review, "petition-rereview");
    assert_non_null(at);
    memmove(at + 9, at + 11, strlen(at + 11) + 1);
    assert_int_equal(load_with(&shipped, review_file, review_file, review, &report),
                     RH_ERR_CONFIG);
    expect_said("petition-review: is reviewed under 'petition-review', and so on in a circle");
    free(review);
    free(calendar);
    free(xinfang);
}

/* Without a watchdog every state that a matter can be held in must have a clock. */
static void test_rules_open_state_needs_a_clock(void **state)
{
    (void)state;
    struct rh_load_report report;
    static const char settings[] = "grace: 24 hour\nsupervisors: []\nwatchdog:\n"
                                   "  returned: 5 working_day\n";
    assert_int_equal(load_with(small_files(), "settings.yaml", NULL, settings, &report),
                     RH_ERR_CONFIG);
    expect_said("filing.yaml:15:3: a matter can be 'in_progress' without any clock");
    /* Each way of dispatching has a clock of its own there, but not that to an upper unit. */
    expect_said("filing.yaml:15:3: a matter can be 'dispatched' without any clock");
    expect_said("sample.yaml:12:3: a matter can be 'registered' without any clock");
    assert_null(strstr(said, "'returned' without"));
}

/* Somebody must fill the part that a rule names. */
static void test_rules_actor_needs_a_role(void **state)
{
    (void)state;
    struct rh_load_report report;
    static struct rh_load_sources files;
    static const char settings[] = "grace: 24 hour\nroles: [justice]\nsupervisors: []\n"
                                   "watchdog:\n  in_progress: 5 working_day\n";
    files.count = 0;
    add_small(&files, "calendars/cn.yaml", RULES "/calendars/cn-2007-2026.yaml");
    add_small(&files, SAMPLE, DATA "/good/every-word.yaml");
    assert_int_equal(load_with(&files, "settings.yaml", NULL, settings, &report),
                     RH_ERR_CONFIG);
    expect_said("no role is a supervisor; name one under 'supervisors' in settings.yaml");
    assert_int_equal(report.problems, 1);
    rh_load_sources_close(&files);
}

/* Sources that were not read from a folder obey its rules as well. */
static void test_rules_sources_keep_order(void **state)
{
    (void)state;
    static struct rh_load_sources files;
    files.count = 0;
    assert_int_equal(rh_load_sources_add(&files, "b", NULL, "x", 1), RH_OK);
    assert_int_equal(rh_load_sources_add(&files, "a", NULL, "x", 1), RH_ERR_EXISTS);
    assert_int_equal(rh_load_sources_add(&files, "b", NULL, "x", 1), RH_ERR_EXISTS);
    assert_int_equal(rh_load_sources_add(&files, "c d", NULL, "x", 1), RH_ERR_INVALID);
    assert_int_equal(rh_load_sources_add(&files, "", NULL, "x", 1), RH_ERR_INVALID);
    for (size_t i = files.count; i < RH_LOAD_SOURCES_MAX; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "c%03zu", i);
        assert_int_equal(rh_load_sources_add(&files, name, NULL, "", 0), RH_OK);
    }
    assert_int_equal(rh_load_sources_add(&files, "d", NULL, "", 0), RH_ERR_FULL);
    rh_load_sources_close(&files);
}

/* One wrong settings file must not make every procedure look wrong. */
static void test_rules_one_file_does_not_blame_others(void **state)
{
    (void)state;
    struct rh_load_report report;
    assert_int_equal(load_with(&shipped, "settings.yaml", NULL, "grace: soon\n", &report),
                     RH_ERR_CONFIG);
    assert_int_equal(report.problems, 3);
    assert_int_equal(load_with(&shipped, "procedures/xinfang.yaml", NULL,
                               "procedure: xinfang\n", &report),
                     RH_ERR_CONFIG);
    assert_null(strstr(said, "routing/"));
}

/* However bad a file is: at most twenty problems are shown, all are counted, time is short. */
static void test_rules_many_problems_end(void **state)
{
    (void)state;
    enum { KEYS = 2000, LINE_BYTES = 16 };
    struct rh_load_report report;
    char *text = calloc(KEYS, LINE_BYTES);
    assert_non_null(text);
    for (size_t i = 0, at = 0; i < KEYS; i++)
        at += (size_t)snprintf(text + at, LINE_BYTES, "key%zu: x\n", i);
    assert_int_equal(load_with(&shipped, "settings.yaml", NULL, text, &report), RH_ERR_CONFIG);
    assert_int_equal(report.problems, KEYS + 3);
    expect_said("settings.yaml: and more; mend these first");
    free(text);
}

static void test_rules_directory_is_read_strictly(void **state)
{
    (void)state;
    struct rh_load_report report;
    rh_load_report_init(&report, reported, sizeof reported);
    assert_int_equal(rh_load_rules("/nowhere/at/all", &again, NULL, &report), RH_ERR_CONFIG);
    expect_said("/nowhere/at/all/procedures: holds no .yaml file");
    expect_said("/nowhere/at/all/settings.yaml: cannot be opened");

    char *folder = rht_tmp_path("procedures");
    char *misnamed = rht_tmp_path("procedures/sample.yml");
    assert_int_equal(mkdir(folder, 0700), 0);
    rht_write_file(misnamed, "x", 1);
    rh_load_report_init(&report, reported, sizeof reported);
    assert_int_equal(rh_load_rules(rht_tmpdir(), &again, NULL, &report), RH_ERR_CONFIG);
    expect_said("sample.yml: in procedures would be passed over");
    free(folder);
    free(misnamed);
}

/* ---- the map ----------------------------------------------------------------------------- */

/* The longest category wins, then the longest area; a word for word one beats a prefix. */
static void test_rules_route_longest_match(void **state)
{
    (void)state;
    static const struct {
        const char *category, *area, *to;
    } map[] = {
        { "labour.*", "", "a" },          { "labour.wage*", "", "b" },
        { "labour.wage", "", "c" },       { "labour.wage", "6204", "d" },
        { "labour.wage", "620423", "e" }, { "labour.*", "620423", "f" },
        { "police", "62", "g" },
    };
    static const struct {
        const char *category, *area, *to;
    } asked[] = {
        { "labour.wage", "620423", "e" },   { "labour.wage", "620422", "d" },
        { "labour.wage", "110101", "c" },   { "labour.wages", "620423", "b" },
        { "labour.injury", "620423001", "f" }, { "labour.injury", "", "a" },
        { "police", "620423", "g" },        { "police", "110101", NULL },
        { "labour", "620423", NULL },       { "", "", NULL },
    };
    memset(&again, 0, sizeof again);
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++) {
        struct rh_routing *entry = &again.routing[again.routing_count++];
        (void)snprintf(entry->category, sizeof entry->category, "%s", map[i].category);
        (void)snprintf(entry->area, sizeof entry->area, "%s", map[i].area);
        (void)snprintf(entry->to, sizeof entry->to, "%s", map[i].to);
    }
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const struct rh_routing *found =
            rh_rules_route(&again, asked[i].category, asked[i].area);
        if (asked[i].to == NULL) {
            assert_null(found);
        } else {
            assert_non_null(found);
            assert_string_equal(found->to, asked[i].to);
        }
    }
    /* Who is competent outside: never an answer one could send to, and the longest match all
     * the same, so that an exception inside a wide entry is not lost. */
    snprintf(again.routing[2].proper_zh, sizeof again.routing[2].proper_zh, "仲裁委员会");
    again.routing[2].to[0] = '\0';
    assert_null(rh_rules_route(&again, "labour.wage", "110101"));
    assert_ptr_equal(rh_rules_proper(&again, "labour.wage", "110101"), &again.routing[2]);
    assert_null(rh_rules_proper(&again, "labour.wage", "620423"));
    assert_null(rh_rules_proper(&again, "labour.wages", "110101"));
    assert_null(rh_rules_route(&rules, "labour.dispute", "620423"));
    assert_string_equal(rh_rules_proper(&rules, "labour.dispute", "620423")->proper_zh,
                        "劳动人事争议仲裁委员会");
    /* The shipped map keeps a role with a dot: the area of the matter completes it. */
    assert_string_equal(rh_rules_route(&rules, "judicial.litigation", "620423")->to, "court.");
}

/* ---- the life cycle, told twice ---------------------------------------------------------- */

/* The loader's transitions against those the hub decides by: equal once actors are dropped. */
static void test_rules_reach_is_the_life_cycle(void **state)
{
    (void)state;
    static bool hub[RH_STATE_COUNT][RH_KIND_END][RH_STATE_COUNT];
    static bool load[RH_STATE_COUNT][RH_KIND_END][RH_STATE_COUNT];
    for (unsigned from = 0; from < RH_STATE_COUNT; from++) {
        for (uint32_t i = 0; hub_lifecycle_at(i) != NULL; i++) {
            const struct hub_transition *row = hub_lifecycle_at(i);
            if (rh_state_in(row->from, (enum rh_state)from))
                hub[from][row->event][row->to] = true;
        }
        for (uint32_t i = 0; rh_load_reach_at(i) != NULL; i++) {
            const struct rh_load_step *step = rh_load_reach_at(i);
            if (rh_state_in(step->from, (enum rh_state)from))
                load[from][step->event][step->to] = true;
        }
        for (unsigned kind = 0; kind < RH_KIND_END; kind++) {
            for (unsigned to = 0; to < RH_STATE_COUNT; to++) {
                if (hub[from][kind][to] != load[from][kind][to])
                    fail_msg("%s by %s to %s: %s", rh_state_name((enum rh_state)from),
                             rh_kind_name((enum rh_kind)kind),
                             rh_state_name((enum rh_state)to),
                             hub[from][kind][to] ? "unknown to the loader" : "not the hub's");
            }
        }
    }
}

/* next[s]: states that one step leads to from s. */
static void map_steps(const struct rh_procedure *procedure, uint32_t next[RH_STATE_COUNT])
{
    memset(next, 0, RH_STATE_COUNT * sizeof next[0]);
    for (uint32_t i = 0; rh_load_reach_at(i) != NULL; i++) {
        const struct rh_load_step *step = rh_load_reach_at(i);
        for (unsigned from = 0; from < RH_STATE_COUNT; from++) {
            if (step->to != RH_STATE_NONE &&
                rh_load_reach_leads(procedure, (enum rh_state)from, step->event, step->to))
                next[from] |= (uint32_t)1 << (unsigned)step->to;
        }
    }
}

/* Whether some way leads from a state to one where the matter rests. */
static bool ends(const uint32_t next[RH_STATE_COUNT], enum rh_state start)
{
    uint32_t states = (uint32_t)1 << (unsigned)start;
    for (uint32_t before = 0; before != states;) {
        before = states;
        for (unsigned from = 0; from < RH_STATE_CLOSED; from++)
            states |= rh_state_in(states, (enum rh_state)from) ? next[from] : 0;
    }
    return states >> RH_STATE_CLOSED != 0;
}

/* Whatever a procedure allows: no matter is caught in a state it can never leave for good. */
static void test_rules_every_state_has_an_end(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 256; flags++) {
        struct rh_procedure procedure = {
            .may_object = flags & 1,  .may_return = flags & 2, .may_refuse = flags & 4,
            .may_supplement = flags & 8, .may_suspend = flags & 16, .may_withdraw = flags & 32,
            .direct = flags & 64,     .has_start = flags & 128, .route_count = 1,
        };
        uint32_t next[RH_STATE_COUNT];
        rh_kind_add(&procedure.routes[0].kinds, RH_KIND_FORWARD);
        map_steps(&procedure, next);
        const uint32_t reached = rh_load_reach(&procedure);
        assert_int_equal(rh_state_in(reached, RH_STATE_ACCEPTED), procedure.has_start);
        assert_int_equal(rh_state_in(reached, RH_STATE_SUSPENDED), procedure.may_suspend);
        assert_int_equal(rh_state_in(reached, RH_STATE_NOT_ACCEPTED), procedure.may_refuse);
        assert_int_equal(rh_state_in(reached, RH_STATE_OBJECTED), procedure.may_object);
        for (unsigned i = RH_STATE_REGISTERED; i < RH_STATE_CLOSED; i++) {
            if (rh_state_in(reached, (enum rh_state)i))
                assert_true(ends(next, (enum rh_state)i));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_shipped_load),
        cmocka_unit_test(test_rules_dispatch_is_every_dispatch_kind),
        cmocka_unit_test(test_rules_compiled_form_round_trip),
        cmocka_unit_test(test_rules_sources_compile_to_the_same),
        cmocka_unit_test(test_rules_bad_files_name_every_place),
        cmocka_unit_test(test_rules_bad_files_are_told_in_chinese),
        cmocka_unit_test(test_rules_problems_read_well_in_both_languages),
        cmocka_unit_test(test_rules_good_files_load),
        cmocka_unit_test(test_rules_every_word_is_read),
        cmocka_unit_test(test_rules_files_must_fit_together),
        cmocka_unit_test(test_rules_open_state_needs_a_clock),
        cmocka_unit_test(test_rules_actor_needs_a_role),
        cmocka_unit_test(test_rules_sources_keep_order),
        cmocka_unit_test(test_rules_one_file_does_not_blame_others),
        cmocka_unit_test(test_rules_many_problems_end),
        cmocka_unit_test(test_rules_directory_is_read_strictly),
        cmocka_unit_test(test_rules_route_longest_match),
        cmocka_unit_test(test_rules_reach_is_the_life_cycle),
        cmocka_unit_test(test_rules_every_state_has_an_end),
    };
    return cmocka_run_group_tests_name("rules", tests, load_shipped, drop_shipped);
}
