/* Keyword rules at an agency's desk: read again when they change. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/screen.h"
#include "support/rht.h"

static void write_rules(const char *path, const char *rule)
{
    char next[600];
    snprintf(next, sizeof next, "%s.next", path);
    FILE *file = fopen(next, "w");
    assert_non_null(file);
    fprintf(file, "keywords:\n  - id: one\n    version: 1\n"
                  "    title: { zh: 一, en: one }\n    basis: x\n    %s\n    star: 3\n", rule);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(next, path), 0);
}

static uint32_t hits(struct agent_screen *screen, const char *title)
{
    const uint32_t *which;
    struct rh_bytes text = { (const uint8_t *)title, strlen(title) };
    return agent_screen_match(screen, text, (struct rh_bytes){ NULL, 0 }, &which);
}

/* An office writes a rule on Monday and must not have to restart its agent for it; nor may a
 * slip of the pen leave it without any. */
static void test_screen_is_read_again_and_bad_rules_keep_the_old(void **state)
{
    struct agent_screen *screen = NULL;
    struct agent_screen_stamp seen;
    char path[500], report[600] = "";
    bool changed;
    (void)state;
    char *dir = rht_tmp_path("screen-again");
    assert_int_equal(mkdir(dir, 0700), 0);
    snprintf(path, sizeof path, "%s/screening", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/screening/keywords.yaml", dir);
    write_rules(path, "any: [河道垃圾]");
    agent_screen_stamp(dir, &seen);
    assert_int_equal(agent_screen_open(dir, &screen, report, sizeof report), RH_OK);
    assert_int_equal(hits(screen, "某河道垃圾"), 1);
    assert_int_equal(agent_screen_again(dir, &screen, &seen, &changed, report, sizeof report),
                     RH_OK);
    assert_false(changed);
    write_rules(path, "any: [夜间噪声]");
    assert_int_equal(agent_screen_again(dir, &screen, &seen, &changed, report, sizeof report),
                     RH_OK);
    assert_true(changed);
    assert_int_equal(hits(screen, "某河道垃圾"), 0);
    assert_int_equal(hits(screen, "夜间噪声"), 1);
    write_rules(path, "anny: [河道垃圾]");
    assert_int_not_equal(
        agent_screen_again(dir, &screen, &seen, &changed, report, sizeof report), RH_OK);
    assert_non_null(strstr(report, "keywords.yaml\x1f"));
    assert_int_equal(hits(screen, "夜间噪声"), 1);
    assert_int_equal(agent_screen_again(dir, &screen, &seen, &changed, report, sizeof report),
                     RH_OK); /* said once */
    assert_false(changed);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(agent_screen_again(dir, &screen, &seen, &changed, report, sizeof report),
                     RH_ERR_NOTFOUND);
    assert_int_equal(hits(screen, "夜间噪声"), 1);
    write_rules(path, "any: [河道垃圾]");
    assert_int_equal(agent_screen_again(dir, &screen, &seen, &changed, report, sizeof report),
                     RH_OK);
    assert_int_equal(hits(screen, "某河道垃圾"), 1);
    agent_screen_close(&screen);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_screen_is_read_again_and_bad_rules_keep_the_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
