/* The shipped rules with slips in them, many and at random: loading never fails in another way
 * than with a place, and what is accepted still means something, by a judge of its own.
 *
 * A slip is what hands do: a word taken for another, a figure mistyped, a line lost, doubled or
 * moved, a character too many or too few, a shifted indentation. RHT_MUTATIONS says how many
 * (300), RHT_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "load/reach.h"
#include "load/rules.h"
#include "support/rht.h"

#define RULES RHT_SOURCE_DIR "/protocol/rules"

enum { TEXT_BYTES = 256 * 1024, WORDS_MAX = 20000, WORD_BYTES = 40, MUTATIONS = 300 };

static struct rh_load_sources shipped;
static struct rh_rules rules, decoded;
static uint8_t compiled[RH_RULES_BYTES_MAX];
static char text[TEXT_BYTES], report_text[RH_LOAD_REPORT_BYTES], said[RH_LOAD_REPORT_BYTES];
static char (*words)[WORD_BYTES]; /* of all shipped files: what one may be taken for */
static size_t word_count;
static struct rht_random dice;

/* ---- slips ------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static void collect_words(const struct rh_load_source *source)
{
    for (size_t at = 0; at < source->bytes && word_count < WORDS_MAX;) {
        size_t bytes = 0;
        while (at + bytes < source->bytes && is_letter(source->text[at + bytes]))
            bytes++;
        if (bytes > 1 && bytes < WORD_BYTES) {
            memcpy(words[word_count], source->text + at, bytes);
            words[word_count++][bytes] = '\0';
        }
        at += bytes + 1;
    }
}

/* Put `new` in the place of `bytes` bytes at `at`. */
static void replace(size_t at, size_t bytes, const char *new, size_t new_bytes)
{
    const size_t length = strlen(text);
    if (at + bytes > length || length + new_bytes + 1 > TEXT_BYTES)
        return;
    memmove(text + at + new_bytes, text + at + bytes, length - at - bytes + 1);
    memcpy(text + at, new, new_bytes);
}

/* A line that is no comment, by its beginning. */
static size_t some_line(void)
{
    const size_t length = strlen(text);
    size_t at = 0;
    for (int tries = 0; tries < 20; tries++) {
        at = (size_t)rht_random_below(&dice, length);
        while (at > 0 && text[at - 1] != '\n')
            at--;
        if (text[at] != '#' && text[at] != '\n')
            break;
    }
    return at;
}

static size_t line_bytes(size_t at)
{
    const size_t bytes = strcspn(text + at, "\n");
    return bytes + (text[at + bytes] == '\n' ? 1 : 0);
}

static void mistake_word(bool figure)
{
    const size_t line = some_line(), end = line + line_bytes(line);
    size_t at = line + (size_t)rht_random_below(&dice, end - line);
    while (at < end && (!is_letter(text[at]) || (figure && (text[at] < '0' || text[at] > '9'))))
        at++;
    if (at == end)
        return;
    if (figure) {
        const char digit = (char)('0' + rht_random_below(&dice, 10));
        replace(at, 1, &digit, 1);
        return;
    }
    while (at > line && is_letter(text[at - 1]))
        at--;
    size_t bytes = 0;
    while (is_letter(text[at + bytes]))
        bytes++;
    const char *word = words[rht_random_below(&dice, word_count)];
    replace(at, bytes, word, strlen(word));
}

static void slip(void)
{
    static const char signs[] = ":[]{},\"'#- \n\t*&%0a";
    static char line[4096];
    const size_t at = some_line(), bytes = line_bytes(at);
    const size_t inside = at + (size_t)rht_random_below(&dice, bytes);
    switch (rht_random_below(&dice, 9)) {
    case 0:
    case 1:
    case 2:
        mistake_word(false);
        return;
    case 3:
    case 4:
        mistake_word(true);
        return;
    case 5: /* lost */
        replace(at, bytes, "", 0);
        return;
    case 6: /* doubled, maybe elsewhere */
        if (bytes < sizeof line) {
            memcpy(line, text + at, bytes);
            replace(rht_random_once_in(&dice, 2) ? at : some_line(), 0, line, bytes);
        }
        return;
    case 7: /* shifted */
        replace(at, text[at] == ' ' ? (size_t)rht_random_below(&dice, 3) : 0, "  ",
                (size_t)rht_random_below(&dice, 3));
        return;
    default:
        replace(inside, (size_t)rht_random_below(&dice, 2),
                &signs[rht_random_below(&dice, sizeof signs - 1)], 1);
        return;
    }
}

/* ---- the judge --------------------------------------------------------------------------- */

/* Why accepted rules mean nothing, or NULL. Written against rh/rules.h and DOMAIN.md, not against
 * the loader. */
static const char *judge_ladder(const struct rh_rung *rungs, uint32_t count)
{
    static const enum rh_kind actions[] = { RH_KIND_WARNING, RH_KIND_URGE, RH_KIND_SUPERVISE,
                                            RH_KIND_LIST_SUPERVISE, RH_KIND_ESCALATE };
    bool urged = false;
    for (uint32_t i = 0; i < count; i++) {
        if (rungs[i].level < 1 || rungs[i].level > 5 ||
            rungs[i].action != actions[rungs[i].level - 1])
            return "a rung whose action is not that of its level";
        if (i > 0 && rungs[i].level <= rungs[i - 1].level)
            return "a ladder that does not climb";
        if (rungs[i].level >= 3 && !urged)
            return "supervision without an urging before it";
        urged = urged || rungs[i].action == RH_KIND_URGE;
    }
    return NULL;
}

static const char *judge_limit(const struct rh_procedure *procedure,
                               const struct rh_limit *limit)
{
    const uint32_t reached = rh_load_reach(procedure);
    if (limit->id[0] == '\0' || strcmp(limit->id, "watchdog") == 0)
        return "a clock without a name of its own";
    if (limit->title_zh[0] == '\0' || limit->title_en[0] == '\0' || limit->basis[0] == '\0')
        return "a clock without title or basis";
    if (limit->states == 0 || (limit->states & ~reached) != 0)
        return "a clock in a state nobody reaches";
    if (limit->span.n == 0 && limit->start != RH_START_STORED &&
        limit->start != RH_START_ARRIVED)
        return "a clock without a length";
    if (limit->span.n == 0 && limit->repeats)
        return "a clock without a length that repeats";
    if ((limit->met_by.bits[0] | limit->met_by.bits[1]) == 0 && !limit->right_only)
        return "a clock that nothing meets";
    if (limit->span.unit == RH_UNIT_HOUR && limit->roll != RH_ROLL_NONE)
        return "hours that roll";
    if (limit->extend_times > 0 && limit->extend_max.n == 0)
        return "an extension by nothing";
    if (limit->close_at_end && !limit->right_only)
        return "a matter that closes while somebody owes";
    return judge_ladder(limit->ladder, limit->ladder_count);
}

static const char *judge_clocks(const struct rh_procedure *procedure)
{
    const uint32_t reached = rh_load_reach(procedure);
    for (unsigned state = RH_STATE_REGISTERED; state < RH_STATE_COUNT; state++) {
        bool clocked = rules.settings.watchdog[state].n > 0;
        if (!rh_state_in(reached, (enum rh_state)state) ||
            rh_state_is_resting((enum rh_state)state))
            continue;
        for (uint32_t i = 0; i < procedure->limit_count; i++)
            clocked = clocked || rh_state_in(procedure->limits[i].states, (enum rh_state)state);
        if (!clocked)
            return "a state without a clock";
    }
    for (uint32_t i = 0; i < procedure->limit_count; i++) {
        const struct rh_limit *limit = &procedure->limits[i];
        for (uint32_t hops = 0; limit->start == RH_START_AFTER; hops++) {
            limit = rh_procedure_limit(procedure, limit->after);
            if (limit == NULL || hops > RH_LIMITS_MAX)
                return "a clock that starts after none, or in a circle";
        }
        for (uint32_t k = i + 1; k < procedure->limit_count; k++)
            if (strcmp(procedure->limits[i].id, procedure->limits[k].id) == 0)
                return "two clocks of one name";
    }
    return NULL;
}

static const char *judge_procedure(const struct rh_procedure *procedure)
{
    const char *wrong = NULL;
    if (procedure->id[0] == '\0' || procedure->version == 0 || procedure->opened_by[0][0] == '\0' ||
        procedure->route_count == 0 || procedure->limit_count == 0 ||
        procedure->title_zh[0] == '\0' || procedure->basis[0] == '\0')
        return "a procedure without name, opener, route or clock";
    for (uint32_t i = 0; i < procedure->route_count; i++) {
        const struct rh_route *route = &procedure->routes[i];
        bool any = false;
        for (unsigned kind = 0; kind < RH_KIND_END; kind++) {
            if (!rh_kind_in(&route->kinds, (enum rh_kind)kind))
                continue;
            any = true;
            if (!rh_kind_is_dispatch((enum rh_kind)kind))
                return "a route by a kind that sends nothing";
        }
        if (!any || route->from[0] == '\0' || route->to[0] == '\0')
            return "a route that leads nowhere";
        for (uint32_t k = 0; k < i; k++)
            if (memcmp(route, &procedure->routes[k], sizeof *route) == 0)
                return "one route twice";
    }
    for (uint32_t i = 0; i < procedure->limit_count && wrong == NULL; i++)
        wrong = judge_limit(procedure, &procedure->limits[i]);
    return wrong != NULL ? wrong : judge_clocks(procedure);
}

/* What procedures say of one another. */
static const char *judge_relations(void)
{
    for (uint32_t i = 0; i < rules.procedure_count; i++) {
        const struct rh_procedure *at = &rules.procedures[i];
        for (uint32_t k = i + 1; k < rules.procedure_count; k++)
            if (strcmp(at->id, rules.procedures[k].id) == 0)
                return "two procedures of one name";
        for (uint32_t k = 0; k < RH_FOLLOWS_MAX && at->follows[k][0] != '\0'; k++)
            if (rh_rules_procedure(&rules, at->follows[k]) == NULL)
                return "a procedure that follows none";
        for (uint32_t hops = 0; at->review_procedure[0] != '\0'; hops++) {
            at = rh_rules_procedure(&rules, at->review_procedure);
            if (at == NULL || hops > rules.procedure_count)
                return "a review under none, or in a circle";
        }
    }
    for (uint32_t i = 0; i < rules.routing_count; i++) {
        const struct rh_routing *entry = &rules.routing[i];
        if (entry->proper_zh[0] == '\0' &&
            (rh_rules_procedure(&rules, entry->procedure) == NULL || entry->to[0] == '\0' ||
             !rh_kind_is_dispatch(entry->kind)))
            return "an entry of the map that leads nowhere";
    }
    return NULL;
}

static const char *judge(void)
{
    struct rh_writer writer;
    const char *wrong = NULL;
    for (uint32_t i = 0; i < rules.procedure_count && wrong == NULL; i++)
        wrong = judge_procedure(&rules.procedures[i]);
    if (wrong == NULL)
        wrong = judge_relations();
    if (wrong == NULL && (rules.settings.grace_hours == 0 || rules.settings.grace_hours > 720))
        wrong = "no grace";
    if (wrong == NULL)
        wrong = judge_ladder(rules.settings.ladder, rules.settings.ladder_count);
    if (wrong == NULL && rh_rules_calendar(&rules, "") == NULL)
        wrong = "no calendar";
    rh_writer_init(&writer, compiled, sizeof compiled);
    if (wrong == NULL && (rh_rules_encode(&rules, &writer) != RH_OK ||
                          rh_rules_decode((struct rh_bytes){ compiled, writer.bytes },
                                          &decoded) != RH_OK))
        wrong = "what the journal cannot keep";
    return wrong;
}

/* ---- the campaign ------------------------------------------------------------------------ */

static enum rh_err load_with(size_t changed, struct rh_load_report *report)
{
    static struct rh_load_sources mixed;
    mixed.count = 0;
    rh_load_report_init(report, report_text, sizeof report_text);
    for (size_t i = 0; i < shipped.count; i++) {
        const struct rh_load_source *source = &shipped.list[i];
        const char *content = i == changed ? text : source->text;
        const size_t bytes = i == changed ? strlen(text) : source->bytes;
        assert_int_equal(rh_load_sources_add(&mixed, source->name, NULL, content, bytes), RH_OK);
    }
    const enum rh_err err = rh_load_rules_sources(&mixed, &rules, report);
    rh_load_sources_close(&mixed);
    return err;
}

static void test_rules_with_slips_are_refused_or_mean_something(void **state)
{
    (void)state;
    const char *wish = getenv("RHT_MUTATIONS");
    const unsigned long rounds = wish != NULL ? strtoul(wish, NULL, 10) : MUTATIONS;
    unsigned long accepted = 0;
    struct rh_load_report report;
    rh_load_report_init(&report, report_text, sizeof report_text);
    assert_int_equal(rh_load_sources_read(&shipped, RULES, &report), RH_OK);
    words = calloc(WORDS_MAX, sizeof *words);
    assert_non_null(words);
    for (size_t i = 0; i < shipped.count; i++)
        collect_words(&shipped.list[i]);
    rht_random_init(&dice);
    for (unsigned long round = 0; round < rounds; round++) {
        const size_t changed = (size_t)rht_random_below(&dice, shipped.count);
        const struct rh_load_source *source = &shipped.list[changed];
        assert_true(source->bytes < sizeof text - 4096);
        memcpy(text, source->text, source->bytes);
        text[source->bytes] = '\0';
        for (uint64_t slips = 1 + rht_random_below(&dice, 3); slips > 0; slips--)
            slip();
        const enum rh_err err = load_with(changed, &report);
        rh_problem_lines(report_text, false, said, sizeof said);
        assert_true(err == RH_OK || err == RH_ERR_CONFIG);
        assert_int_equal(err == RH_OK, report.problems == 0);
        assert_int_equal(err == RH_OK, said[0] == '\0');
        accepted += err == RH_OK ? 1 : 0;
        const char *wrong = err == RH_OK ? judge() : NULL;
        if (wrong != NULL)
            fail_msg("round %lu, %s: accepted, but has %s:\n%s", round, source->name, wrong, text);
    }
    print_message("%lu of %lu with slips accepted\n", accepted, rounds);
    assert_in_range(accepted, 1, rounds - 1);
    rh_load_sources_close(&shipped);
    free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_with_slips_are_refused_or_mean_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
