/* What screening left behind: hot spots, wrong visits, the funnel of pushed clues, and what a
 * petitioner may ask by code. Every rate has its numerator, its denominator and the sentence
 * that defines them; all of it is counted from rows, so anybody can count it again. */
#include "operator/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/date.h>
#include <rh/text.h>

enum { SNAPSHOT_ROWS = 2000, GROUPS_MAX = 1024, FOLLOW_MAX = 8 };

/* ---- referral.show by code ------------------------------------------------------------- */

/* A matter that was passed on or merged goes on as another: its petitioner sees where it is. */
static enum rh_err follow(struct hub_ask *ask, struct hub_referral *row)
{
    for (int i = 0; i < FOLLOW_MAX && !rh_id_is_zero(row->merged_into.bytes); i++) {
        struct rh_referral_id next = row->merged_into;
        enum rh_err err = hub_views_referral_by_id(ask->map, &next, ask->op->other);
        if (err != RH_OK)
            return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
        if (ask->op->other->sealed)
            return RH_OK;
        *row = *ask->op->other;
    }
    return RH_OK;
}

/* Status, whose turn, dates: nothing about anybody. A sealed matter answers as if it were
 * not. */
enum rh_err hub_show_by_code(struct hub_ask *ask, const char *typed)
{
    char code[HUB_QUERY_CODE_BYTES];
    struct hub_referral *row = ask->op->referral;
    uint64_t rno = 0;
    enum rh_err err = hub_query_code_tidy(typed, code)
                          ? hub_views_query_code(ask->map, code, &rno)
                          : RH_ERR_NOTFOUND;
    if (err == RH_OK)
        err = hub_views_referral(ask->map, rno, row);
    if (err == RH_ERR_NOTFOUND || (err == RH_OK && row->sealed))
        return hub_ask_refuse(ask, RH_REFUSE_UNKNOWN_REFERRAL, "/args/code", NULL, typed);
    uint64_t registered_ms = row->registered_ms;
    if (err == RH_OK)
        err = follow(ask, row);
    if (err != RH_OK)
        return err;
    uint64_t due_ms = hub_referral_due(row, row->holder);
    json_t *out = hub_json_row("public_status");
    hub_json_text(out, "id", code);
    hub_json_text(out, "state", rh_state_name(row->state));
    hub_json_agency(ask, out, "turn", row->holder);
    hub_json_at(out, "due_at", due_ms != 0 ? due_ms : row->arrival_due_ms);
    hub_json_at(out, "registered_at", registered_ms);
    uint64_t updated_ms = row->closed_ms;
    const uint64_t steps[] = { row->replied_ms,  row->concluded_ms, row->accepted_ms,
                               row->signed_ms,   row->arrived_ms,   row->dispatched_ms,
                               row->registered_ms };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i] > updated_ms)
            updated_ms = steps[i];
    }
    hub_json_at(out, "updated_at", updated_ms);
    hub_json_uint(out, "parts", row->child_count);
    hub_json_uint(out, "parts_open", row->child_open);
    return hub_ask_row(ask, out);
}

/* ---- report.hotspot -------------------------------------------------------------------- */

static enum rh_err show_hot(struct hub_ask *ask, const struct hub_hot *hot)
{
    const struct rh_hotspot *rule =
        ask->op->rules_known ? rh_rules_hotspot(ask->op->rules, hot->rule) : NULL;
    int32_t today = rh_date_of_instant(ask->now_ms).days;
    uint32_t days = rule != NULL ? rule->window_days : hot->warned_days;
    uint32_t total = hub_hot_total(hot, today, days);
    json_t *row = hub_json_row("hotspot");
    char id[sizeof hot->rule + sizeof hot->area];
    snprintf(id, sizeof id, "%s/%s", hot->rule, hot->area);
    hub_json_text(row, "id", id);
    hub_json_text(row, "rule", hot->rule);
    hub_json_uint(row, "rule_version", rule != NULL ? rule->version : hot->rule_version);
    hub_json_text(row, "title_zh", rule == NULL ? "" : rule->title_zh);
    hub_json_text(row, "title_en", rule == NULL ? "" : rule->title_en);
    hub_json_text(row, "basis", rule == NULL ? "" : rule->basis);
    hub_json_text(row, "category", rule == NULL ? "" : rule->category);
    hub_json_text(row, "area", hot->area);
    hub_json_uint(row, "numerator", total);
    hub_json_uint(row, "denominator", rule != NULL ? rule->threshold : hot->warned_threshold);
    hub_json_uint(row, "window_days", days);
    hub_json_bool(row, "hot", rule != NULL && total >= rule->threshold);
    hub_json_at(row, "warned_at", hot->warned_ms);
    hub_json_uint(row, "warned_count", hot->warned_count);
    hub_json_agency(ask, row, "to", hot->to);
    hub_json_agency(ask, row, "copy", hot->superior);
    return hub_ask_row(ask, row);
}

enum rh_err hub_verb_report_hotspot(struct hub_ask *ask)
{
    struct hub_cursor cursor = { .bytes = 0 };
    struct hub_hot hot;
    enum rh_err err = hub_snapshot_begin(ask);
    for (uint32_t seen = 1; err == RH_OK; seen++) {
        err = hub_views_hot_next(ask->map, &cursor, &hot);
        if (err == RH_OK)
            err = show_hot(ask, &hot);
        if (err == RH_OK && seen % SNAPSHOT_ROWS == 0)
            err = hub_snapshot_begin(ask);
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* ---- counting over all referrals ------------------------------------------------------- */

struct tally {
    uint64_t since_ms, until_ms;
    uint32_t count;
    bool full;
    struct tally_group {
        char key[RH_CODE_BYTES_MAX + 1];
        uint64_t numbers[12];
    } *groups; /* GROUPS_MAX */
};

typedef enum rh_err tally_fn(struct hub_ask *ask, struct tally *tally,
                             const struct hub_referral *row);

static struct tally_group *group_of(struct tally *tally, const char *key)
{
    for (uint32_t i = 0; i < tally->count; i++) {
        if (strcmp(tally->groups[i].key, key) == 0)
            return &tally->groups[i];
    }
    if (tally->count == GROUPS_MAX) {
        tally->full = true;
        return NULL;
    }
    struct tally_group *group = &tally->groups[tally->count++];
    snprintf(group->key, sizeof group->key, "%s", key);
    return group;
}

static enum rh_err walk(struct hub_ask *ask, struct tally *tally, tally_fn *count)
{
    uint64_t rno = 0;
    enum rh_err err = hub_snapshot_begin(ask);
    for (uint32_t seen = 1; err == RH_OK; seen++) {
        err = hub_views_referral_next(ask->map, &rno, ask->op->referral);
        if (err == RH_OK && ask->op->referral->registered_ms >= tally->since_ms &&
            ask->op->referral->registered_ms < tally->until_ms)
            err = count(ask, tally, ask->op->referral);
        if (err != RH_OK || seen % SNAPSHOT_ROWS != 0)
            continue;
        err = atomic_load(&ask->op->closing) ? RH_ERR_CLOSED : hub_snapshot_begin(ask);
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static enum rh_err tally_all(struct hub_ask *ask, struct tally *tally, tally_fn *count)
{
    tally->since_ms = hub_args_instant(ask, "since", 0);
    tally->until_ms = hub_args_instant(ask, "until", UINT64_MAX);
    if (tally->until_ms > ask->now_ms)
        tally->until_ms = ask->now_ms + 1;
    tally->groups = calloc(GROUPS_MAX, sizeof tally->groups[0]);
    enum rh_err err = tally->groups == NULL ? RH_ERR_NOMEM : walk(ask, tally, count);
    if (err == RH_OK && tally->full)
        err = hub_ask_refuse(ask, RH_REFUSE_TOO_MANY_ITEMS, "/args/since", NULL, NULL);
    return err;
}

static enum rh_err show_rate(struct hub_ask *ask, const struct tally *tally, const char *object,
                             const char *group_key, const char *group, const char *figure,
                             uint64_t numerator, uint64_t denominator, const char *definition)
{
    json_t *row = hub_json_row(object);
    char id[RH_CODE_BYTES_MAX * 2];
    snprintf(id, sizeof id, "%s/%s", group[0] != 0 ? group : "all", figure);
    hub_json_text(row, "id", id);
    hub_json_text(row, group_key, group);
    hub_json_text(row, "figure", figure);
    hub_json_uint(row, "numerator", numerator);
    hub_json_uint(row, "denominator", denominator);
    json_object_set_new(row, "rate", json_null());
    if (denominator != 0)
        json_object_set_new(row, "rate", json_real((double)numerator / (double)denominator));
    hub_json_text(row, "definition", definition);
    hub_json_at(row, "since_at", tally->since_ms);
    hub_json_at(row, "until_at", tally->until_ms);
    return hub_ask_row(ask, row);
}

/* ---- report.misdirected ---------------------------------------------------------------- */

enum { SENT, MISDIRECTED };

/* Came to the wrong door: an objection upheld, a return, a recall, or passed on to whom it
 * belongs. */
static enum rh_err count_misdirected(struct hub_ask *ask, struct tally *tally,
                                     const struct hub_referral *row)
{
    (void)ask;
    if (row->dispatched_ms == 0 || row->sealed)
        return RH_OK;
    bool wrong = row->bounce_count > 0 || row->state == RH_STATE_TRANSFERRED ||
                 (row->state == RH_STATE_NOT_ACCEPTED &&
                  (strcmp(row->outcome, "not-competent") == 0 ||
                   strcmp(row->outcome, "out-of-scope") == 0));
    const char *const keys[] = { "", row->category };
    for (size_t i = 0; i < 2; i++) {
        struct tally_group *group = group_of(tally, keys[i]);
        if (group == NULL || (i == 1 && keys[i][0] == 0))
            continue;
        group->numbers[SENT]++;
        group->numbers[MISDIRECTED] += wrong ? 1 : 0;
    }
    return RH_OK;
}

enum rh_err hub_verb_report_misdirected(struct hub_ask *ask)
{
    struct tally tally = { 0 };
    enum rh_err err = tally_all(ask, &tally, count_misdirected);
    if (err == RH_OK)
        (void)group_of(&tally, "");
    for (uint32_t i = 0; i < tally.count && err == RH_OK; i++) {
        const struct tally_group *group = &tally.groups[i];
        err =
            show_rate(ask, &tally, "misdirected", "category", group->key, "misdirected",
                      group->numbers[MISDIRECTED], group->numbers[SENT],
                      N_("came to the wrong agency (returned, objection upheld, not competent, "
                         "passed on) / sent, registered in the period"));
    }
    free(tally.groups);
    return err;
}

/* ---- report.funnel --------------------------------------------------------------------- */

enum funnel {
    PUSHED,
    ANSWERED,
    VERIFIED,
    RECTIFIED,
    FILED,
    NO_PROBLEM,
    DUPLICATE,
    OUT_OF_SCOPE,
    FUNNEL
};

static const struct {
    const char *name;
    const char *definition;
    enum funnel of;
} funnel[FUNNEL] = {
    [PUSHED] = { "pushed", N_("clues with stars sent to an agency, registered in the period"),
                 PUSHED },
    [ANSWERED] = { "answered", N_("clues answered with a code / clues sent"), PUSHED },
    [VERIFIED] = { "verified", N_("verified on site / clues answered"), ANSWERED },
    [RECTIFIED] = { "rectified", N_("verified clues whose problem was put right / verified"),
                    VERIFIED },
    [FILED] = { "filed", N_("cases opened under a clue / problems put right"), RECTIFIED },
    [NO_PROBLEM] = { "no_problem", N_("answered that there is no problem / clues answered"),
                     ANSWERED },
    [DUPLICATE] = { "duplicate", N_("answered that it is known already / clues answered"),
                    ANSWERED },
    [OUT_OF_SCOPE] = { "out_of_scope", N_("answered that it is out of scope / clues answered"),
                       ANSWERED },
};

static int64_t number_fact(const struct hub_referral *row, const char *key)
{
    for (uint32_t i = 0; i < row->fact_count; i++) {
        if (strcmp(row->facts[i].key, key) == 0 && row->facts[i].is_number)
            return row->facts[i].number;
    }
    return 0;
}

static bool code_fact_is(const struct hub_referral *row, const char *key, const char *code)
{
    for (uint32_t i = 0; i < row->fact_count; i++) {
        if (strcmp(row->facts[i].key, key) == 0 && !row->facts[i].is_number)
            return strcmp(row->facts[i].code, code) == 0;
    }
    return false;
}

static struct tally_group *stars_of(struct tally *tally, const struct hub_referral *row)
{
    char key[24];
    int64_t stars = number_fact(row, "stars");
    if (stars < 1 || stars > 5)
        return NULL;
    snprintf(key, sizeof key, "%d", (int)stars);
    return group_of(tally, key);
}

/* A case under a clue shares its root: the clue is the root. */
static enum rh_err count_case(struct hub_ask *ask, struct tally *tally,
                              const struct hub_referral *row)
{
    struct hub_referral *clue = ask->op->other;
    if (row->born != RH_KIND_REGISTER || memcmp(&row->root, &row->id, sizeof row->id) == 0)
        return RH_OK;
    enum rh_err err = hub_views_referral_by_id(ask->map, &row->root, clue);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    struct tally_group *group = stars_of(tally, clue);
    if (group != NULL)
        group->numbers[FILED]++;
    return RH_OK;
}

static enum rh_err count_clue(struct hub_ask *ask, struct tally *tally,
                              const struct hub_referral *row)
{
    static const struct {
        const char *outcome;
        enum funnel figure;
    } answers[] = { { "verified", VERIFIED },
                    { "no-problem", NO_PROBLEM },
                    { "duplicate", DUPLICATE },
                    { "out-of-scope", OUT_OF_SCOPE } };
    if (row->dispatched_ms == 0 || memcmp(&row->root, &row->id, sizeof row->id) != 0)
        return count_case(ask, tally, row);
    struct tally_group *group = stars_of(tally, row);
    if (group == NULL)
        return RH_OK;
    group->numbers[PUSHED]++;
    bool answered = row->concluded_ms != 0 || row->state == RH_STATE_NOT_ACCEPTED;
    group->numbers[ANSWERED] += answered ? 1 : 0;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (answered && strcmp(row->outcome, answers[i].outcome) == 0)
            group->numbers[answers[i].figure]++;
    }
    if (answered && strcmp(row->outcome, "verified") == 0 &&
        code_fact_is(row, "rectified", "yes"))
        group->numbers[RECTIFIED]++;
    return RH_OK;
}

static int by_stars(const void *a, const void *b)
{
    return strcmp(((const struct tally_group *)b)->key, ((const struct tally_group *)a)->key);
}

enum rh_err hub_verb_report_funnel(struct hub_ask *ask)
{
    struct tally tally = { 0 };
    enum rh_err err = tally_all(ask, &tally, count_clue);
    if (err == RH_OK)
        qsort(tally.groups, tally.count, sizeof tally.groups[0], by_stars);
    for (uint32_t i = 0; i < tally.count && err == RH_OK; i++) {
        const struct tally_group *group = &tally.groups[i];
        for (int f = 0; f < FUNNEL && err == RH_OK; f++)
            err = show_rate(ask, &tally, "funnel", "stars", group->key, funnel[f].name,
                            group->numbers[f], group->numbers[funnel[f].of],
                            funnel[f].definition);
    }
    free(tally.groups);
    return err;
}
