/* hub/engine/rulebook.c with bad rules: whatever the loader refuses, a running hub does not reload
 * into and a hub does not start on, and what was in force stays in force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <unistd.h>

#include <cmocka.h>

#include "assembly/assembly.h"
#include "support/rht.h"

#define BAD RHT_SOURCE_DIR "/tests/data/rules/bad"

enum { PATH_BYTES = 400, START_EVERY = 20, BAD_FILES_MIN = 150 };

struct fixture {
    char rules[PATH_BYTES], data[PATH_BYTES], keys[PATH_BYTES];
    struct hub_options options;
    struct hub_assembly assembly;
};

static struct fixture *fixture;

static int set_up(void **state)
{
    char command[3 * PATH_BYTES], report[512];
    (void)state;
    fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->rules, sizeof fixture->rules, "%s/rules", rht_tmpdir());
    snprintf(fixture->data, sizeof fixture->data, "%s/data", rht_tmpdir());
    snprintf(fixture->keys, sizeof fixture->keys, "%s/keys", rht_tmpdir());
    snprintf(command, sizeof command, "cp -r '%s/protocol/rules' '%s'", RHT_SOURCE_DIR,
             fixture->rules);
    assert_int_equal(system(command), 0);
    fixture->options = (struct hub_options){
        .data_dir = fixture->data,
        .keys_dir = fixture->keys,
        .rules_dir = fixture->rules,
        .hub_id = "test.rules",
        .endpoint = "tcp://127.0.0.1:5550",
        .test_clock = true,
        .map_bytes = UINT64_C(1) << 28,
        .segment_bytes = 8u * 1024 * 1024,
    };
    assert_int_equal(hub_assembly_init(&fixture->options, report, sizeof report), RH_OK);
    assert_int_equal(hub_assembly_open(&fixture->assembly, &fixture->options), RH_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hub_assembly_close(&fixture->assembly);
    free(fixture);
    return 0;
}

/* Where a bad file stands in for a good one, as its name says. */
static void place_of(const char *name, char out[PATH_BYTES + 80])
{
    const char *place = strncmp(name, "settings-", 9) == 0    ? "settings.yaml"
                        : strncmp(name, "routing-", 8) == 0   ? "routing/map.yaml"
                        : strncmp(name, "screening-", 10) == 0 ? "screening/sample.yaml"
                        : strncmp(name, "calendar-", 9) == 0
                            ? "calendars/cn-2007-2026.yaml"
                            : "procedures/sample.yaml";
    snprintf(out, PATH_BYTES + 80, "%s/%s", fixture->rules, place);
}

static bool is_refused_at_start(void)
{
    hub_assembly_close(&fixture->assembly);
    const enum rh_err err = hub_assembly_open(&fixture->assembly, &fixture->options);
    const bool told = fixture->assembly.report[0] != '\0';
    hub_assembly_close(&fixture->assembly);
    return err == RH_ERR_CONFIG && told;
}

/* 0, or 1 with the file's name printed. */
static unsigned try_file(const char *name, bool start)
{
    static char report[RH_PROBLEM_LIST_BYTES];
    char from[PATH_BYTES], place[PATH_BYTES + 80];
    size_t bytes = 0, kept_bytes = 0;
    snprintf(from, sizeof from, BAD "/%s", name);
    place_of(name, place);
    char *bad = rht_read_file(from, &bytes);
    char *kept = access(place, F_OK) == 0 ? rht_read_file(place, &kept_bytes) : NULL;
    rht_write_file(place, bad, bytes);

    const uint32_t before = hub_engine_rules(fixture->assembly.engine)->procedure_count;
    report[0] = '\0';
    const enum rh_err err = hub_engine_reload(fixture->assembly.engine, report, sizeof report);
    bool good = err == RH_ERR_CONFIG && report[0] != '\0' &&
                hub_engine_rules(fixture->assembly.engine)->procedure_count == before;
    if (start)
        good = is_refused_at_start() && good;

    if (kept != NULL)
        rht_write_file(place, kept, kept_bytes);
    else
        assert_int_equal(unlink(place), 0);
    if (start)
        assert_int_equal(hub_assembly_open(&fixture->assembly, &fixture->options), RH_OK);
    if (!good)
        print_error("%s: %s\n", name, rh_err_text(err));
    free(kept);
    free(bad);
    return good ? 0 : 1;
}

static void test_rulebook_refuses_every_bad_file(void **state)
{
    (void)state;
    DIR *folder = opendir(BAD);
    const struct dirent *entry;
    unsigned wrong = 0, files = 0;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (strstr(entry->d_name, ".yaml") != NULL)
            wrong += try_file(entry->d_name, files++ % START_EVERY == 0);
    }
    (void)closedir(folder);
    assert_int_equal(wrong, 0);
    assert_in_range(files, BAD_FILES_MIN, 10000);
    char report[RH_PROBLEM_LIST_BYTES] = "";
    assert_int_equal(hub_engine_reload(fixture->assembly.engine, report, sizeof report), RH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rulebook_refuses_every_bad_file, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("rulebook", tests, NULL, NULL);
}
