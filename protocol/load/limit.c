#include "load/limit.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define ACTOR(name) ((uint32_t)1 << RH_ACTOR_##name)

enum {
    EXTENSIONS_MAX = 4, /* the hub keeps no more of one clock */
    LEVEL_MAX = 5,
    OWES = ACTOR(HOLDER) | ACTOR(ADDRESSEE) | ACTOR(SENDER) | ACTOR(ORIGIN),
    TOLD = ACTOR(HOLDER) | ACTOR(SENDER) | ACTOR(ORIGIN) | ACTOR(SUPERIOR) | ACTOR(SUPERVISOR),
    APPROVES = ACTOR(HOLDER) | ACTOR(SENDER) | ACTOR(ORIGIN) | ACTOR(ASSIGNER) |
               ACTOR(SUPERIOR) | ACTOR(COMMON_SUPERIOR) | ACTOR(SUPERVISOR)
};

static const char *const limit_keys[] = {
    "id",           "title",   "basis",    "verification", "span",         "roll",   "start",
    "fact",         "after",   "repeats",  "kinds",        "states",       "met_by",
    "cancelled_by", "owed_by", "pausable", "right_only",   "close_at_end", "extend", "soon",
    "ladder",       "when",    "bars",     "no_roll_when"
};
static const char *const no_roll_keys[] = { "fact", "equals" };
static const char *const when_keys[] = { "outcome", "fact", "equals" };
static const char *const extend_keys[] = { "times", "max", "by" };
static const char *const rung_keys[] = { "level", "after", "action", "to" };
static const char *const verifications[] = { "V1", "V2", "M", "policy" };
static const char *const rolls[] = { "none", "next_working_day" };

static const char *const starts[] = {
    [RH_START_REGISTERED] = "registered", [RH_START_STORED] = "stored",
    [RH_START_ARRIVED] = "arrived",       [RH_START_SIGNED] = "signed",
    [RH_START_COMPLETED] = "completed",   [RH_START_ACCEPTED] = "accepted",
    [RH_START_CONCLUDED] = "concluded",   [RH_START_REPLIED] = "replied",
    [RH_START_OBJECTED] = "objected",     [RH_START_RETURNED] = "returned",
    [RH_START_SUPPLEMENT] = "supplement", [RH_START_SUSPENDED] = "suspended",
    [RH_START_REVISIT] = "revisit",       [RH_START_REOPENED] = "reopened",
    [RH_START_FACT] = "fact",             [RH_START_AFTER] = "after",
    [RH_START_STATE] = "state",
};
static_assert(COUNT(starts) == RH_START_COUNT, "every start has its word");

/* ---- one value ------------------------------------------------------------------------- */

static bool load_span(struct rh_yaml *yaml, struct fy_node *node, struct rh_limit *out)
{
    size_t bytes = 0;
    const char *text = fy_node_get_scalar(node, &bytes);
    static const char by_sender[] = "set_by_sender";

    if (text != NULL && bytes == sizeof by_sender - 1 && memcmp(text, by_sender, bytes) == 0)
        return true; /* n stays 0 */
    return rh_load_span(yaml, node, "span", 1, &out->span);
}

static bool load_choice(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                        const char *const *words, size_t count, size_t *out)
{
    *out = 0;
    return rh_yaml_choice(yaml, node, what, words, count, out);
}

bool rh_load_roll(struct rh_yaml *yaml, struct fy_node *node, enum rh_roll *out)
{
    size_t at;
    const bool good = load_choice(yaml, node, "roll", rolls, COUNT(rolls), &at);
    *out = (enum rh_roll)at;
    return good;
}

bool rh_load_verification(struct rh_yaml *yaml, struct fy_node *node, enum rh_verification *out)
{
    size_t at;
    const bool good =
        load_choice(yaml, node, "verification", verifications, COUNT(verifications), &at);
    *out = (enum rh_verification)at;
    return good;
}

/* The legal weight of a date moves with its roll, so leaving it out is no answer; hours and
 * dates set by the sender are never moved. */
static bool load_roll(struct rh_yaml *yaml, struct fy_node *limit, struct rh_limit *out)
{
    struct fy_node *node = rh_yaml_get(limit, "roll");
    const bool fixed = out->span.n == 0 || out->span.unit == RH_UNIT_HOUR;
    size_t at;

    if (node == NULL) {
        if (!fixed)
            rh_yaml_problem(yaml, limit,
                            "'%s' lacks the key 'roll'; write 'roll: next_working_day' where "
                            "a last day off moves on, else 'roll: none'",
                            out->id);
        return fixed;
    }
    if (!load_choice(yaml, node, "roll", rolls, COUNT(rolls), &at))
        return false;
    out->roll = (enum rh_roll)at;
    if (fixed && out->roll != RH_ROLL_NONE) {
        rh_yaml_problem(yaml, node,
                        out->span.n == 0
                            ? "a date set by the sender is never moved; write 'roll: none' or "
                              "leave it out"
                            : "hours run through days off and are never moved; write 'roll: "
                              "none' or leave it out");
        return false;
    }
    return true;
}

static bool load_start(struct rh_yaml *yaml, struct fy_node *limit, struct rh_limit *out)
{
    struct fy_node *node = rh_yaml_need(yaml, limit, "start", N_("the limit"));
    struct fy_node *fact = rh_yaml_get(limit, "fact");
    struct fy_node *after = rh_yaml_get(limit, "after");
    size_t at;

    if (node == NULL || !load_choice(yaml, node, "start", starts, COUNT(starts), &at))
        return false;
    out->start = (enum rh_clock_start)at;
    const bool needs_fact = out->start == RH_START_FACT;
    const bool needs_after = out->start == RH_START_AFTER;
    bool good = true;
    if (needs_fact != (fact != NULL)) {
        rh_yaml_problem(yaml, fact != NULL ? fact : node,
                        needs_fact ? "'start: fact' needs the key 'fact' with the name of a "
                                     "date in the public part"
                                   : "'fact' goes with 'start: fact' only");
        good = false;
    }
    if (needs_after != (after != NULL)) {
        rh_yaml_problem(yaml, after != NULL ? after : node,
                        needs_after ? "'start: after' needs the key 'after' with the id of "
                                      "another limit"
                                    : "'after' goes with 'start: after' only");
        good = false;
    }
    if (good && fact != NULL)
        good = rh_load_key(yaml, fact, "fact", out->fact, sizeof out->fact);
    if (good && after != NULL)
        good = rh_load_code(yaml, after, "after", out->after, sizeof out->after);
    return good;
}

static bool load_extend(struct rh_yaml *yaml, struct fy_node *node, struct rh_limit *out)
{
    uint64_t times = 0;

    if (!rh_yaml_keys(yaml, node, "extend", extend_keys, COUNT(extend_keys)))
        return false;
    struct fy_node *times_node = rh_yaml_need(yaml, node, "times", "extend");
    struct fy_node *max = rh_yaml_need(yaml, node, "max", "extend");
    struct fy_node *by = rh_yaml_need(yaml, node, "by", "extend");
    bool good = times_node != NULL &&
                rh_yaml_uint(yaml, times_node, "times", 1, EXTENSIONS_MAX, &times);
    good = max != NULL && rh_load_span(yaml, max, "max", 1, &out->extend_max) && good;
    good = by != NULL && rh_load_actor(yaml, by, "approver", APPROVES, &out->extend_by) && good;
    out->extend_times = (uint8_t)times;
    if (good && (out->span.n == 0 || (out->extend_max.unit == RH_UNIT_HOUR) !=
                                         (out->span.unit == RH_UNIT_HOUR))) {
        rh_yaml_problem(yaml, max,
                        out->span.n == 0
                            ? "a date set by the sender is extended by days or by setting "
                              "another; leave 'extend' out"
                            : "hours are extended by hours, days and months by days or months");
        good = false;
    }
    return good;
}

/* ---- what it depends on ---------------------------------------------------------------- */

static bool load_when_outcomes(struct rh_yaml *yaml, struct fy_node *list, struct rh_when *out)
{
    void *iterator = NULL;
    struct fy_node *node;
    uint32_t count = 0;
    bool good = true;

    if (!rh_load_filled(yaml, list, "outcome"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (count == RH_WHEN_MAX) {
            rh_yaml_problem(yaml, node, "a clock depends on at most %d outcomes", RH_WHEN_MAX);
            return false;
        }
        good = rh_load_code(yaml, node, "outcome", out->outcomes[count],
                            sizeof out->outcomes[count]) && good;
        count++;
    }
    return good;
}

static bool load_when(struct rh_yaml *yaml, struct fy_node *node, struct rh_when *out)
{
    if (!rh_yaml_keys(yaml, node, "when", when_keys, COUNT(when_keys)))
        return false;
    struct fy_node *outcome = rh_yaml_get(node, "outcome");
    struct fy_node *fact = rh_yaml_get(node, "fact");
    struct fy_node *equals = rh_yaml_get(node, "equals");
    bool good = outcome == NULL || load_when_outcomes(yaml, outcome, out);
    if (outcome == NULL && fact == NULL) {
        rh_yaml_problem(yaml, node, "'when' names nothing; give it 'outcome' or 'fact'");
        return false;
    }
    if (equals != NULL && fact == NULL) {
        rh_yaml_problem(yaml, equals, "'equals' goes with 'fact'");
        return false;
    }
    if (fact != NULL)
        good = rh_load_key(yaml, fact, "fact", out->fact, sizeof out->fact) && good;
    if (equals != NULL)
        good = rh_load_code(yaml, equals, "equals", out->equals, sizeof out->equals) && good;
    return good;
}

/* A fact by which the end stays on a day off. */
static bool load_no_roll(struct rh_yaml *yaml, struct fy_node *node, struct rh_limit *out)
{
    if (!rh_yaml_keys(yaml, node, "no_roll_when", no_roll_keys, COUNT(no_roll_keys)))
        return false;
    struct fy_node *fact = rh_yaml_need(yaml, node, "fact", "no_roll_when");
    struct fy_node *equals = rh_yaml_get(node, "equals");
    bool good = fact != NULL && rh_load_key(yaml, fact, "fact", out->no_roll_fact,
                                            sizeof out->no_roll_fact);
    if (equals != NULL)
        good = rh_load_code(yaml, equals, "equals", out->no_roll_equals,
                            sizeof out->no_roll_equals) && good;
    if (good && out->roll != RH_ROLL_NEXT_WORKING_DAY) {
        rh_yaml_problem(yaml, node,
                        "'%s' is never moved by a day off; remove 'no_roll_when', or write "
                        "'roll: next_working_day'",
                        out->id);
        good = false;
    }
    return good;
}

/* ---- the ladder ------------------------------------------------------------------------ */

/* What each level does. Level 1 is told as due soon and needs no message of its own. */
static enum rh_kind action_of_level(uint64_t level)
{
    static const enum rh_kind actions[LEVEL_MAX + 1] = {
        RH_KIND_NONE,      RH_KIND_WARNING,        RH_KIND_URGE,
        RH_KIND_SUPERVISE, RH_KIND_LIST_SUPERVISE, RH_KIND_ESCALATE
    };
    return actions[level];
}

static bool load_rung(struct rh_yaml *yaml, struct fy_node *node, struct rh_rung *out)
{
    uint64_t level = 0;

    if (!rh_yaml_keys(yaml, node, N_("a rung of the ladder"), rung_keys, COUNT(rung_keys)))
        return false;
    struct fy_node *level_node = rh_yaml_need(yaml, node, "level", N_("the rung"));
    struct fy_node *after = rh_yaml_need(yaml, node, "after", N_("the rung"));
    struct fy_node *action = rh_yaml_need(yaml, node, "action", N_("the rung"));
    struct fy_node *to = rh_yaml_need(yaml, node, "to", N_("the rung"));
    bool good = level_node != NULL &&
                rh_yaml_uint(yaml, level_node, "level", 1, LEVEL_MAX, &level);
    good = after != NULL && rh_load_span(yaml, after, "after", 0, &out->after) && good;
    good = action != NULL && rh_load_kind(yaml, action, "action", &out->action) && good;
    good = to != NULL && rh_load_actor(yaml, to, "recipient", TOLD, &out->to) && good;
    out->level = (uint8_t)level;
    if (good && out->action != action_of_level(level)) {
        rh_yaml_problem(yaml, action,
                        "level %u is '%s', not '%s' (1 warning, 2 urge, 3 supervise, 4 "
                        "list_supervise, 5 escalate)",
                        (unsigned)level, rh_kind_name(action_of_level(level)),
                        rh_kind_name(out->action));
        good = false;
    }
    return good;
}

bool rh_load_ladder(struct rh_yaml *yaml, struct fy_node *list, struct rh_rung *rungs,
                    uint32_t *count)
{
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (!rh_load_filled(yaml, list, "ladder"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (*count == RH_LADDER_MAX) {
            rh_yaml_problem(yaml, node, "a ladder has at most %d rungs", RH_LADDER_MAX);
            return false;
        }
        good = load_rung(yaml, node, &rungs[*count]) && good;
        ++*count;
    }
    return good;
}

/* ---- the whole ------------------------------------------------------------------------- */

static bool load_names(struct rh_yaml *yaml, struct fy_node *node, struct rh_limit *out)
{
    size_t at = 0;
    struct fy_node *id = rh_yaml_need(yaml, node, "id", N_("the limit"));
    struct fy_node *title = rh_yaml_need(yaml, node, "title", N_("the limit"));
    struct fy_node *basis = rh_yaml_need(yaml, node, "basis", N_("the limit"));
    struct fy_node *verification = rh_yaml_need(yaml, node, "verification", N_("the limit"));

    bool good = id != NULL && rh_load_code(yaml, id, "id", out->id, sizeof out->id);
    good = title != NULL && rh_load_pair(yaml, title, "title", out->title_zh, out->title_en,
                                         sizeof out->title_zh) && good;
    good = basis != NULL && rh_load_line(yaml, basis, "basis", out->basis, sizeof out->basis) &&
           good;
    good = verification != NULL &&
           load_choice(yaml, verification, "verification", verifications,
                       COUNT(verifications), &at) &&
           good;
    out->verification = (enum rh_verification)at;
    if (good && strcmp(out->id, "watchdog") == 0) {
        rh_yaml_problem(yaml, id, "'watchdog' is the hub's own clock; choose another id");
        good = false;
    }
    return good;
}

static bool load_flags(struct rh_yaml *yaml, struct fy_node *node, struct rh_limit *out)
{
    struct {
        const char *key;
        bool *value;
    } flags[] = { { "repeats", &out->repeats },
                  { "pausable", &out->pausable },
                  { "right_only", &out->right_only },
                  { "close_at_end", &out->close_at_end } };
    bool good = true;

    for (size_t i = 0; i < COUNT(flags); i++) {
        struct fy_node *value = rh_yaml_get(node, flags[i].key);
        if (value != NULL)
            good = rh_yaml_bool(yaml, value, flags[i].key, flags[i].value) && good;
    }
    return good;
}

static bool load_kinds(struct rh_yaml *yaml, struct fy_node *node, struct rh_limit *out)
{
    struct fy_node *states = rh_yaml_need(yaml, node, "states", N_("the limit"));
    struct fy_node *kinds = rh_yaml_get(node, "kinds");
    struct fy_node *met_by = rh_yaml_get(node, "met_by");
    struct fy_node *cancelled_by = rh_yaml_get(node, "cancelled_by");

    bool good = states != NULL && rh_load_states(yaml, states, "states", &out->states);
    if (kinds != NULL)
        good = rh_load_kinds(yaml, kinds, "kinds", &out->kinds) && good;
    if (met_by != NULL)
        good = rh_load_kinds(yaml, met_by, "met_by", &out->met_by) && good;
    struct fy_node *bars = rh_yaml_get(node, "bars");
    if (bars != NULL)
        good = rh_load_kinds(yaml, bars, "bars", &out->bars) && good;
    if (cancelled_by != NULL)
        good = rh_load_kinds(yaml, cancelled_by, "cancelled_by", &out->cancelled_by) && good;
    return good;
}

bool rh_load_limit(struct rh_yaml *yaml, struct fy_node *node, struct rh_limit *out)
{
    memset(out, 0, sizeof *out);
    bool good = rh_yaml_keys(yaml, node, N_("a limit"), limit_keys, COUNT(limit_keys));
    if (!fy_node_is_mapping(node))
        return false;

    good = load_names(yaml, node, out) && good;
    struct fy_node *span = rh_yaml_need(yaml, node, "span", N_("the limit"));
    const bool spanned = span != NULL && load_span(yaml, span, out);
    struct fy_node *no_roll = rh_yaml_get(node, "no_roll_when");
    if (spanned)
        good = load_roll(yaml, node, out) && good;
    if (no_roll != NULL)
        good = load_no_roll(yaml, no_roll, out) && good;
    good = load_start(yaml, node, out) && spanned && good;
    good = load_kinds(yaml, node, out) && good;
    good = load_flags(yaml, node, out) && good;

    struct fy_node *owed_by = rh_yaml_need(yaml, node, "owed_by", N_("the limit"));
    struct fy_node *extend = rh_yaml_get(node, "extend");
    struct fy_node *soon = rh_yaml_get(node, "soon");
    struct fy_node *ladder = rh_yaml_get(node, "ladder");
    good = owed_by != NULL && rh_load_actor(yaml, owed_by, "owed_by", OWES, &out->owed_by) &&
           good;
    struct fy_node *when = rh_yaml_get(node, "when");
    if (when != NULL)
        good = load_when(yaml, when, &out->when) && good;
    if (extend != NULL)
        good = load_extend(yaml, extend, out) && good;
    if (soon != NULL)
        good = rh_load_span(yaml, soon, "soon", 1, &out->soon) && good;
    if (ladder != NULL)
        good = rh_load_ladder(yaml, ladder, out->ladder, &out->ladder_count) && good;
    return good;
}
