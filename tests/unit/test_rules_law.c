/* protocol/rules/procedures: the numbers in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "load/rules.h"

static struct rh_rules rules;

static int load_shipped(void **state)
{
    static char said[8192];
    struct rh_load_report report;
    (void)state;
    rh_load_report_init(&report, said, sizeof said);
    const enum rh_err err =
        rh_load_rules(RHT_SOURCE_DIR "/protocol/rules", &rules, NULL, &report);
    if (err != RH_OK)
        fputs(said, stderr);
    return err == RH_OK ? 0 : -1;
}

/* Numbers and their standing as the instruments have them, written down here once more by
 * hand: a slip of the pen in a rule file moves real dates. */
static const struct {
    const char *procedure, *limit;
    uint32_t n;
    enum rh_unit unit;
    enum rh_verification verification;
    uint32_t extend;
} law[] = {
    { "xinfang", "dispatch", 15, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "xinfang", "object", 5, RH_UNIT_WORKING_DAY, RH_VERIFIED_V1, 0 },
    { "xinfang", "notice", 15, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "xinfang", "handle", 60, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 30 },
    { "xinfang", "remedy", 30, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "petition-review", "opinion", 30, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "petition-rereview", "opinion", 30, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "p12309", "seven-days", 7, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "p12309", "result", 3, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V1, 0 },
    { "p12309", "monthly", 1, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V2, 0 },
    { "police-report", "take", 24, RH_UNIT_HOUR, RH_VERIFIED_V1, 0 },
    { "police-report", "decide", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V2, 27 },
    { "police-report", "reply", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "police-report", "rest", 7, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "criminal-transfer", "dispatch", 24, RH_UNIT_HOUR, RH_VERIFIED_V1, 0 },
    { "criminal-transfer", "take", 24, RH_UNIT_HOUR, RH_VERIFIED_V1, 0 },
    { "criminal-transfer", "supplement", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "criminal-transfer", "decide", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "criminal-transfer", "rest", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "reverse-transfer", "dispatch", 10, RH_UNIT_WORKING_DAY, RH_VERIFIED_V2, 0 },
    { "reverse-transfer", "answer", 2, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_M, 0 },
    { "filing-supervision", "explain", 7, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "filing-supervision", "file", 15, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "correction", "release", 10, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "correction", "objection", 7, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "mandatory-report", "dispatch", 24, RH_UNIT_HOUR, RH_VERIFIED_POLICY, 0 },
    { "mandatory-report", "reply", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_M, 0 },
    { "judicial-aid", "opinion", 10, RH_UNIT_WORKING_DAY, RH_VERIFIED_V2, 0 },
    { "judicial-aid", "pay", 2, RH_UNIT_WORKING_DAY, RH_VERIFIED_V2, 0 },
    { "legal-aid", "dispatch", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "legal-aid", "appoint", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "legal-aid", "decide", 7, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "legal-aid", "assign", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "community-corrections", "dispatch", 5, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "community-corrections", "documents", 10, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "community-corrections", "receipt", 5, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_M, 0 },
    { "community-corrections", "report-in", 10, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "corrections-watch", "await", 10, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "corrections-watch", "objection", 7, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "corrections-proposal", "ruling", 30, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "corrections-proposal", "arrest", 48, RH_UNIT_HOUR, RH_VERIFIED_V1, 0 },
    { "judicial-confirmation", "apply", 30, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "judicial-confirmation", "acceptance", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "judicial-confirmation", "decision", 15, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 10 },
    { "judicial-confirmation", "ceiling", 30, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 30 },
    { "support-suit", "handle", 60, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_POLICY, 30 },
    { "suggestion", "answer", 2, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V2, 0 },
    { "suggestion-minors", "answer", 1, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V1, 0 },
    { "public-interest", "answer", 2, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V2, 0 },
    { "public-interest", "urgent", 15, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V2, 0 },
    { "court-supervision", "answer", 3, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V2, 1 },
    { "court-supervision", "explain", 15, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V2, 0 },
    { "court-supervision", "protest", 30, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "labour-inspection", "investigate", 60, RH_UNIT_WORKING_DAY, RH_VERIFIED_V1, 30 },
    { "internal-clue", "dispatch", 7, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "internal-clue", "reply", 10, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "police-reconsideration", "decide", 30, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 30 },
    { "police-reconsideration", "rest", 7, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "police-rereview", "decide", 30, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 30 },
    { "transfer-reconsideration", "decide", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "transfer-reconsideration", "rest", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "criminal-transfer", "handover", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "transfer-supervision", "review", 3, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "supervision-reconsideration", "decide", 7, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "supervision-rereview", "decide", 15, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "filing-supervision", "tell", 10, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "filing-supervision", "conclude-filed", 3, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V1, 0 },
    { "filing-reconsideration", "decide", 7, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "filing-rereview", "decide", 15, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "litigation-letter", "dispatch", 15, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "litigation-letter", "object", 5, RH_UNIT_WORKING_DAY, RH_VERIFIED_V1, 0 },
    { "litigation-letter", "take", 15, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_POLICY, 0 },
    { "litigation-letter", "handle", 3, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_POLICY, 3 },
    { "litigation-complaint", "opinion", 15, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "litigation-complaint", "defender", 10, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "p12309", "no-filing", 15, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "prosecution-review", "supplement", 1, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V1, 0 },
    { "prosecution-review", "decide", 1, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V1, 15 },
    { "prosecution-review", "jurisdiction", 5, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "protection-order", "ruling", 72, RH_UNIT_HOUR, RH_VERIFIED_V1, 0 },
    { "protection-order", "urgent", 24, RH_UNIT_HOUR, RH_VERIFIED_V1, 0 },
    { "protection-order", "rest", 5, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "sealing-query", "answer", 7, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "legal-aid", "pass-on", 24, RH_UNIT_HOUR, RH_VERIFIED_V1, 0 },
    { "legal-aid-objection", "decide", 5, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "sentence-assessment", "report", 10, RH_UNIT_WORKING_DAY, RH_VERIFIED_M, 0 },
    { "sentence-assessment", "fast", 5, RH_UNIT_WORKING_DAY, RH_VERIFIED_M, 0 },
    { "civil-public-interest", "notice", 30, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "civil-public-interest", "serve", 5, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "court-supervision-upper", "answer", 3, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V2, 0 },
    { "civil-supervision-application", "decide", 3, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V1,
      0 },
    { "civil-supervision-application", "documents", 15, RH_UNIT_CALENDAR_DAY,
      RH_VERIFIED_V1, 0 },
    { "administrative-reconsideration", "apply", 60, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1,
      0 },
    { "administrative-reconsideration", "accept", 5, RH_UNIT_WORKING_DAY, RH_VERIFIED_V1,
      0 },
    { "administrative-reconsideration", "decide", 60, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1,
      30 },
    { "administrative-reconsideration", "simplified", 30, RH_UNIT_CALENDAR_DAY,
      RH_VERIFIED_V1, 0 },
    { "administrative-reconsideration", "report", 60, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1,
      0 },
    { "state-compensation", "decide", 2, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V1, 0 },
    { "state-compensation", "reply", 10, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "state-compensation", "rest", 30, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
    { "compensation-reconsideration", "decide", 2, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V1, 0 },
    { "compensation-committee", "decide", 3, RH_UNIT_MONTH_CIVIL, RH_VERIFIED_V1, 3 },
    { "official-crime-clue", "dispatch", 5, RH_UNIT_WORKING_DAY, RH_VERIFIED_POLICY, 0 },
    { "assigned-petition", "dispatch", 7, RH_UNIT_CALENDAR_DAY, RH_VERIFIED_V1, 0 },
};

static void test_rules_law_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof law / sizeof law[0]; i++) {
        const struct rh_procedure *procedure = rh_rules_procedure(&rules, law[i].procedure);
        const struct rh_limit *limit =
            procedure != NULL ? rh_procedure_limit(procedure, law[i].limit) : NULL;
        if (limit == NULL || limit->span.n != law[i].n || limit->span.unit != law[i].unit ||
            limit->verification != law[i].verification || limit->extend_max.n != law[i].extend)
            fail_msg("%s %s is not what the instrument says", law[i].procedure, law[i].limit);
    }
}

/* Clocks of criminal procedure, or of what is done for people held in it, that no day off moves
 * while anybody is in custody (刑事诉讼法 art. 105). */
static const char *const of_custody[][2] = {
    { "prosecution-review", "jurisdiction" }, { "prosecution-review", "supplement" },
    { "prosecution-review", "decide" },       { "filing-supervision", "explain" },
    { "filing-supervision", "file" },         { "filing-reconsideration", "decide" },
    { "filing-rereview", "decide" },          { "litigation-complaint", "opinion" },
    { "litigation-complaint", "defender" },   { "corrections-proposal", "ruling" },
    { "community-corrections", "report-in" }, { "legal-aid", "dispatch" },
    { "legal-aid", "appoint" },               { "legal-aid", "decide" },
    { "legal-aid", "assign" },
};

static bool is_of_custody(const struct rh_procedure *procedure, const struct rh_limit *limit)
{
    for (size_t i = 0; i < sizeof of_custody / sizeof of_custody[0]; i++) {
        if (strcmp(of_custody[i][0], procedure->id) == 0 &&
            strcmp(of_custody[i][1], limit->id) == 0)
            return true;
    }
    return false;
}

/* A last day off moves on (刑事诉讼法 105, 民事诉讼法 85, 民法典 203; by analogy where an
 * instrument is silent), a working day cannot be one, and a proposal to release is about
 * somebody held. */
static enum rh_roll roll_of_law(const struct rh_procedure *procedure,
                                const struct rh_limit *limit)
{
    const bool release =
        strcmp(procedure->id, "correction") == 0 && strcmp(limit->id, "release") == 0;
    if (limit->span.n == 0 || limit->span.unit == RH_UNIT_HOUR ||
        limit->span.unit == RH_UNIT_WORKING_DAY || release)
        return RH_ROLL_NONE;
    return RH_ROLL_NEXT_WORKING_DAY;
}

static void test_rules_law_days_off(void **state)
{
    (void)state;
    size_t held = 0;
    for (uint32_t i = 0; i < rules.procedure_count; i++) {
        const struct rh_procedure *procedure = &rules.procedures[i];
        for (uint32_t k = 0; k < procedure->limit_count; k++) {
            const struct rh_limit *limit = &procedure->limits[k];
            const bool custody = strcmp(limit->no_roll_fact, "custody") == 0 &&
                                 strcmp(limit->no_roll_equals, "yes") == 0;
            if (limit->roll != roll_of_law(procedure, limit))
                fail_msg("%s %s: its last day off", procedure->id, limit->id);
            if (custody != is_of_custody(procedure, limit) ||
                custody != (limit->no_roll_fact[0] != '\0'))
                fail_msg("%s %s: custody", procedure->id, limit->id);
            held += custody ? 1 : 0;
        }
    }
    assert_int_equal(held, sizeof of_custody / sizeof of_custody[0]);
}

/* Where a grievance or a case is handled, whoever finds its risk high tells the agency above by
 * saying so (S4-3); what is sealed goes nowhere new, and papers between offices have no risk. */
static const char *const at_risk[] = {
    "xinfang", "p12309", "governance-centre", "assigned-petition", "petition-review",
    "petition-rereview", "litigation-complaint", "litigation-letter", "prosecution-review",
    "police-report", "criminal-transfer", "labour-inspection", "state-compensation",
    "compensation-reconsideration", "compensation-committee", "civil-supervision-application",
    "support-suit", "clue",
};

static void test_rules_law_risk(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < rules.procedure_count; i++) {
        const struct rh_procedure *procedure = &rules.procedures[i];
        bool told = false, named = false;
        for (uint32_t k = 0; k < procedure->copy_count; k++) {
            const struct rh_copy *copy = &procedure->copies[k];
            told = told || (strcmp(copy->to, RH_COPY_SUPERIOR) == 0 &&
                            strcmp(copy->fact, "risk") == 0 && strcmp(copy->equals, "high") == 0);
        }
        for (size_t k = 0; k < sizeof at_risk / sizeof at_risk[0]; k++)
            named = named || strcmp(at_risk[k], procedure->id) == 0;
        if (told != named || (told && procedure->sealed))
            fail_msg("%s: a high risk and the agency above", procedure->id);
    }
}

/* What has the standing of law names its article; what is policy says so. */
static void test_rules_law_basis(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < rules.procedure_count; i++) {
        const struct rh_procedure *procedure = &rules.procedures[i];
        for (uint32_t k = 0; k < procedure->limit_count; k++) {
            const struct rh_limit *limit = &procedure->limits[k];
            const bool policy = strstr(limit->basis, "枢纽设定") != NULL;
            if (policy != (limit->verification == RH_VERIFIED_POLICY))
                fail_msg("%s %s: '%s' and its verification disagree", procedure->id, limit->id,
                         limit->basis);
            if (limit->verification == RH_VERIFIED_V1 && strstr(limit->basis, "条") == NULL)
                fail_msg("%s %s: no article", procedure->id, limit->id);
        }
    }
}

/* "`procedure.limit`", optionally followed by its mark: both as the files have them. */
static unsigned check_name(const char *name, size_t bytes, const char *mark)
{
    static const char *const marks[] = { "V1", "V2", "M", "policy" };
    char text[128];
    char *dot;
    if (bytes >= sizeof text)
        return 0;
    memcpy(text, name, bytes);
    text[bytes] = '\0';
    if (memchr(text, '/', bytes) != NULL || strstr(text, ".yaml") != NULL ||
        (dot = strchr(text, '.')) == NULL)
        return 0;
    *dot = '\0';
    const struct rh_procedure *procedure = rh_rules_procedure(&rules, text);
    const struct rh_limit *limit =
        procedure != NULL ? rh_procedure_limit(procedure, dot + 1) : NULL;
    if (limit == NULL)
        fail_msg("procedures.md names %s.%s, which is in no file", text, dot + 1);
    for (unsigned i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (strncmp(mark, marks[i], strlen(marks[i])) == 0 &&
            limit->verification != (enum rh_verification)i)
            fail_msg("procedures.md: %s.%s is not %s", text, dot + 1, marks[i]);
    }
    return 1;
}

/* Whoever reads the table of steps finds each of its clocks in the rules, with the same mark;
 * and no procedure is missing from it. */
static void test_rules_law_table_agrees(void **state)
{
    (void)state;
    static char text[64 * 1024];
    FILE *file = fopen(RHT_SOURCE_DIR "/protocol/spec/procedures.md", "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    unsigned named = 0;
    for (const char *at = strchr(text, '`'); at != NULL; at = strchr(at, '`')) {
        const char *end = strchr(at + 1, '`');
        assert_non_null(end);
        named += check_name(at + 1, (size_t)(end - at - 1), end[1] == ' ' ? end + 2 : "");
        at = end + 1;
    }
    assert_true(named > 100);
    for (uint32_t i = 0; i < rules.procedure_count; i++) {
        if (strstr(text, rules.procedures[i].id) == NULL)
            fail_msg("procedures.md does not name %s", rules.procedures[i].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_law_numbers),
        cmocka_unit_test(test_rules_law_days_off),
        cmocka_unit_test(test_rules_law_risk),
        cmocka_unit_test(test_rules_law_basis),
        cmocka_unit_test(test_rules_law_table_agrees),
    };
    return cmocka_run_group_tests_name("rules_law", tests, load_shipped, NULL);
}
