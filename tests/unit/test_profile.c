#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "load/profile.h"
#include "support/rht.h"

#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

static struct rh_profile profile;
static char text[8192], said[8192];

static enum rh_err load(const char *path)
{
    struct rh_load_report report;
    rh_load_report_init(&report, text, sizeof text);
    return rh_load_profile(path, &profile, &report);
}

static void load_shipped(const char *role)
{
    char path[512];
    snprintf(path, sizeof path, RHT_SOURCE_DIR "/agents/%s/profile.yaml", role);
    enum rh_err err = load(path);
    if (err != RH_OK)
        print_error("%s\n", text);
    assert_int_equal(err, RH_OK);
    assert_string_equal(profile.role, role);
}

static const char *const roles[] = { "petitions", "procuratorate", "court", "police" };

/* If a shipped profile broke, an agency could not start; every example of a document number
 * must satisfy its own pattern. */
static void test_profile_shipped_ones_load(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        load_shipped(roles[i]);
        assert_int_not_equal(profile.answer_count, 0);
        assert_int_not_equal(profile.check_count, 0);
        assert_int_not_equal(profile.code_count, 0);
        for (uint32_t n = 0; n < profile.number_count; n++) {
            regex_t pattern;
            char whole[RH_PATTERN_BYTES_MAX + 8];
            snprintf(whole, sizeof whole, "^(%s)$", profile.numbers[n].pattern);
            assert_int_equal(regcomp(&pattern, whole, REG_EXTENDED | REG_NOSUB), 0);
            assert_int_equal(regexec(&pattern, profile.numbers[n].example, 0, NULL, 0), 0);
            regfree(&pattern);
        }
    }
}

/* Who may open and answer what: a court opens nothing, the police explain, the petitions
 * bureau assigns. */
static void test_profile_says_who_may_send_what(void **state)
{
    (void)state;
    load_shipped("court");
    assert_false(rh_profile_may_send(&profile, "xinfang", RH_KIND_REGISTER));
    assert_true(rh_profile_may_send(&profile, "judicial-confirmation", RH_KIND_CONCLUDE));
    assert_false(rh_profile_may_send(&profile, "filing-supervision", RH_KIND_CONCLUDE));
    load_shipped("police");
    assert_true(rh_profile_may_send(&profile, "filing-supervision", RH_KIND_CONCLUDE));
    assert_false(rh_profile_may_send(&profile, "judicial-confirmation", RH_KIND_ACCEPT));
    load_shipped("petitions");
    assert_true(rh_profile_may_send(&profile, "xinfang", RH_KIND_ASSIGN));
    assert_false(rh_profile_may_send(&profile, "suggestion", RH_KIND_SUGGESTION));
}

/* 司法确认 without a lawful mediating organisation is refused at the desk: 民诉法 art. 205. So
 * at every desk whose profile lets it hand a settlement on: named, and lawfully established. */
static void test_profile_checks_the_mediating_organisation(void **state)
{
    (void)state;
    uint32_t desks = 0;
    for (size_t p = 0; p < sizeof roles / sizeof roles[0]; p++) {
        load_shipped(roles[p]);
        if (!rh_profile_may_send(&profile, "judicial-confirmation", RH_KIND_TRANSFER))
            continue;
        bool named = false, lawful = false;
        for (uint32_t i = 0; i < profile.check_count; i++) {
            const struct rh_profile_check *check = &profile.checks[i];
            if (check->refusal != 4313 ||
                !rh_profile_check_applies(check, "judicial-confirmation", RH_KIND_TRANSFER))
                continue;
            named = named || strcmp(check->fact, "mediating_org") == 0;
            lawful = lawful || (strcmp(check->fact, "mediating_org_lawful") == 0 &&
                                strcmp(check->equals, "yes") == 0);
        }
        assert_true(named);
        assert_true(lawful);
        desks++;
    }
    assert_int_equal(desks, 2);
}

static void refuse(const char *yaml, const char *place, const char *words)
{
    char *path = rht_tmp_path("bad.yaml");
    rht_write_file(path, yaml, strlen(yaml));
    assert_int_equal(load(path), RH_ERR_CONFIG);
    rh_problem_lines(text, false, said, sizeof said);
    if (strstr(said, place) == NULL || strstr(said, words) == NULL)
        print_error("%s\n", said);
    assert_non_null(strstr(said, place));
    assert_non_null(strstr(said, words));
    free(path);
}

#define HEAD "profile: court\nrole: court\ntitle: { zh: 法院, en: Court }\n"

static void test_profile_names_what_is_wrong(void **state)
{
    (void)state;
    refuse(HEAD "answer: []\n", ":4:1", "answers");
    refuse(HEAD "answers:\n  - { procedure: x, kinds: [acept] }\n", ":5:29", "accept");
    refuse(HEAD "checks:\n  - { kinds: [refuse], of: reason, reason: { zh: 甲, en: a } }\n",
           ":5:28", "code");
    refuse(HEAD "checks:\n  - { kinds: [refuse], of: code, refusal: RH-9999, reason: { zh: 甲, "
                "en: a } }\n",
           ":5:43", "RH-");
    refuse(HEAD "forms:\n  - kinds: [accept]\n    fields:\n"
                "      - { name: a, title: { zh: 甲, en: a }, type: text, place: fact }\n",
           ":7:", "form");
}

#define DEPARTMENTS                                                            \
    HEAD "departments:\n"                                                      \
         "  - { id: criminal, title: { zh: 刑检, en: criminal } }\n"             \
         "  - { id: window, title: { zh: 窗口, en: window } }\n"

static const char *duty(const char *procedure, const char *category, const char *day)
{
    struct rh_date date;
    assert_int_equal(rh_date_parse(day, strlen(day), &date), RH_OK);
    const struct rh_profile_department *found =
        rh_profile_on_duty(&profile, procedure, category, date);
    return found == NULL ? "" : found->id;
}

/* The shift changes at midnight: what waits has another reader, and never none by mistake. */
static void test_profile_roster_says_who_reads_what_when(void **state)
{
    static const char yaml[] =
        DEPARTMENTS "roster:\n"
                    "  - { department: criminal, category: crime, until: 2026-06-30 }\n"
                    "  - { department: window, procedure: p12309, from: 2026-07-01 }\n"
                    "  - { department: criminal, category: labour.wage-arrears,\n"
                    "      from: 2026-03-04, until: 2026-03-04 }\n";
    char *path = rht_tmp_path("roster.yaml");
    (void)state;
    rht_write_file(path, yaml, strlen(yaml));
    if (load(path) != RH_OK)
        fail_msg("%s", text);
    free(path);
    assert_string_equal(duty("p12309", "crime.public-official", "2026-06-30"), "criminal");
    assert_string_equal(duty("p12309", "crime.public-official", "2026-07-01"), "window");
    assert_string_equal(duty("clue", "crime", "2026-07-01"), "");
    assert_string_equal(duty("clue", "crimes", "2026-06-30"), "");
    assert_string_equal(duty("", "labour.wage-arrears", "2026-03-03"), "");
    assert_string_equal(duty("", "labour.wage-arrears", "2026-03-04"), "criminal");
    assert_string_equal(duty("", "labour.wage-arrears", "2026-03-05"), "");
}

static void test_profile_roster_names_what_is_wrong(void **state)
{
    (void)state;
    refuse(DEPARTMENTS "roster:\n  - { department: civil }\n", ":8:19", "departments");
    refuse(DEPARTMENTS "roster:\n  - { department: window, from: 2026-02-30 }\n", ":8:33",
           "2026-03-04");
    refuse(DEPARTMENTS "roster:\n"
                       "  - { department: window, from: 2026-03-02, until: 2026-03-01 }\n",
           ":8:", "round");
    refuse(DEPARTMENTS "  - { id: window, title: { zh: 窗, en: w } }\n", ":7:11", "already");
}

int main(void)
{
    /* Patterns count characters, so they need a locale whose characters are UTF-8. */
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile_shipped_ones_load),
        cmocka_unit_test(test_profile_says_who_may_send_what),
        cmocka_unit_test(test_profile_checks_the_mediating_organisation),
        cmocka_unit_test(test_profile_names_what_is_wrong),
        cmocka_unit_test(test_profile_roster_says_who_reads_what_when),
        cmocka_unit_test(test_profile_roster_names_what_is_wrong),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
