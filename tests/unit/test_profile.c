#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "load/profile.h"
#include "load/rules.h"
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

/* Who may open and answer what: a court registers no petition, the police explain, the petitions
 * bureau assigns. */
static void test_profile_says_who_may_send_what(void **state)
{
    (void)state;
    load_shipped("court");
    assert_false(rh_profile_may_send(&profile, "xinfang", RH_KIND_REGISTER));
    assert_true(rh_profile_may_send(&profile, "judicial-confirmation", RH_KIND_CONCLUDE));
    assert_false(rh_profile_may_send(&profile, "filing-supervision", RH_KIND_EXPLAIN));
    load_shipped("police");
    assert_true(rh_profile_may_send(&profile, "filing-supervision", RH_KIND_CONCLUDE));
    assert_false(rh_profile_may_send(&profile, "judicial-confirmation", RH_KIND_TRANSFER));
    load_shipped("petitions");
    assert_true(rh_profile_may_send(&profile, "xinfang", RH_KIND_ASSIGN));
    assert_false(rh_profile_may_send(&profile, "suggestion", RH_KIND_SUGGESTION));
}

static bool is_listed(const char list[8][RH_ROLE_BYTES_MAX + 1], const char *role)
{
    for (size_t i = 0; i < 8; i++) {
        if (strcmp(list[i], role) == 0)
            return true;
    }
    return false;
}

/* Every way the rules have for a role to send a matter on is open at its desk. */
static void check_routes(const struct rh_procedure *procedure, const char *role)
{
    for (uint32_t r = 0; r < procedure->route_count; r++) {
        const struct rh_route *route = &procedure->routes[r];
        if (strcmp(route->from, role) != 0 && strcmp(route->from, "*") != 0)
            continue;
        for (unsigned kind = 1; kind < RH_KIND_END; kind++) {
            if (rh_kind_in(&route->kinds, (enum rh_kind)kind) &&
                !rh_profile_may_send(&profile, procedure->id, (enum rh_kind)kind))
                fail_msg("%s cannot %s under %s", role, rh_kind_name((enum rh_kind)kind),
                         procedure->id);
        }
    }
}

/* A procedure that no desk lets through is one nobody can run: each shipped profile opens what the
 * rules let its role register, nothing else, and every step of a matter is open to it. */
static void test_profile_opens_what_the_rules_let_it(void **state)
{
    static struct rh_rules rules;
    static const enum rh_kind steps[] = {
        RH_KIND_SIGN,    RH_KIND_ACCEPT, RH_KIND_START,  RH_KIND_REFUSE,  RH_KIND_SUPPLEMENT,
        RH_KIND_EXTEND_GRANT, RH_KIND_CONCLUDE, RH_KIND_REPLY, RH_KIND_REVIEW_REQUEST,
        RH_KIND_OVERRULE, RH_KIND_ARCHIVE, RH_KIND_REVISIT, RH_KIND_PROGRESS,
    };
    struct rh_load_report report;
    (void)state;
    rh_load_report_init(&report, text, sizeof text);
    assert_int_equal(rh_load_rules(RHT_SOURCE_DIR "/protocol/rules", &rules, NULL, &report),
                     RH_OK);
    for (size_t p = 0; p < sizeof roles / sizeof roles[0]; p++) {
        load_shipped(roles[p]);
        for (uint32_t i = 0; i < rules.procedure_count; i++) {
            const struct rh_procedure *procedure = &rules.procedures[i];
            const bool opens = is_listed(procedure->opened_by, roles[p]);
            if (opens != rh_profile_may_send(&profile, procedure->id, RH_KIND_REGISTER))
                fail_msg("%s: register under %s", roles[p], procedure->id);
            if (opens)
                check_routes(procedure, roles[p]);
            for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++)
                assert_true(rh_profile_may_send(&profile, procedure->id, steps[k]));
        }
    }
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
        cmocka_unit_test(test_profile_opens_what_the_rules_let_it),
        cmocka_unit_test(test_profile_checks_the_mediating_organisation),
        cmocka_unit_test(test_profile_names_what_is_wrong),
        cmocka_unit_test(test_profile_roster_says_who_reads_what_when),
        cmocka_unit_test(test_profile_roster_names_what_is_wrong),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
