/* What a clock means beside the rest of its procedure. Each of these rules is a slip that
 * reads well and would make a clock silent: one that never starts, never ends, nobody can
 * meet, or that threatens what the hub would refuse to do. */
#include "load/limit.h"

#include <string.h>

#include "load/reach.h"

#define S(state) ((uint32_t)1 << RH_STATE_##state)

enum { HANDLING = S(ACCEPTED) | S(IN_PROGRESS) };

struct checking {
    struct rh_yaml *yaml;
    struct fy_node *node;
    const struct rh_procedure *procedure;
    const struct rh_limit *limit;
    const struct rh_settings *settings;
};

/* ---- states ---------------------------------------------------------------------------- */

static bool check_states(const struct checking *checking)
{
    const uint32_t reached = rh_load_reach(checking->procedure);
    struct fy_node *list = rh_yaml_get(checking->node, "states");
    void *iterator = NULL;
    struct fy_node *element;
    bool good = true;

    while ((element = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        const enum rh_state state = rh_load_state_of(element);
        if (rh_state_in(reached, state))
            continue;
        rh_yaml_problem(checking->yaml, element,
                        "no matter of '%s' can ever be '%s'; remove it, or add what leads "
                        "there to 'allows' or 'flags'",
                        checking->procedure->id, rh_state_name(state));
        good = false;
    }
    return good;
}

/* The states a matter can be in right after the event that starts a clock. 0: any. */
static uint32_t states_after(const struct rh_procedure *procedure, enum rh_clock_start start)
{
    switch (start) {
    case RH_START_REGISTERED:
        return S(REGISTERED) | S(RETURNED);
    case RH_START_STORED:
        return S(DISPATCHED);
    case RH_START_ARRIVED:
        return S(DISPATCHED) | S(SIGNED);
    case RH_START_COMPLETED:
        return S(DISPATCHED) | S(SIGNED);
    case RH_START_SIGNED:
        return S(SIGNED);
    case RH_START_ACCEPTED:
        return procedure->has_start ? S(ACCEPTED) : S(IN_PROGRESS);
    case RH_START_CONCLUDED:
        return S(CONCLUDED) | S(NOT_ACCEPTED);
    case RH_START_REPLIED:
        return S(REPLIED);
    case RH_START_OBJECTED:
        return S(OBJECTED);
    case RH_START_RETURNED:
        return S(RETURNED);
    case RH_START_SUPPLEMENT:
        return S(SUPPLEMENTING);
    case RH_START_SUSPENDED:
        return S(SUSPENDED);
    case RH_START_REVISIT:
        return S(REVISITING);
    case RH_START_REOPENED:
        return S(IN_PROGRESS);
    case RH_START_FACT:
    case RH_START_AFTER:
    case RH_START_STATE:
    case RH_START_COUNT:
        return 0;
    }
    return 0;
}

/* "signed" or "dispatched or signed". */
static const char *first_two(uint32_t states, const char **second)
{
    const char *first = NULL;
    *second = NULL;
    for (unsigned i = 0; i < RH_STATE_COUNT; i++) {
        if (!rh_state_in(states, (enum rh_state)i))
            continue;
        if (first == NULL)
            first = rh_state_name((enum rh_state)i);
        else if (*second == NULL)
            *second = rh_state_name((enum rh_state)i);
    }
    return first;
}

static bool check_start(const struct checking *checking)
{
    const struct rh_limit *limit = checking->limit;
    const uint32_t begins = states_after(checking->procedure, limit->start);
    struct fy_node *start = rh_yaml_get(checking->node, "start");

    if (begins != 0 && (begins & limit->states) == 0) {
        const char *second;
        const char *first = first_two(begins, &second);
        if (second == NULL)
            rh_yaml_problem(checking->yaml, start,
                            "at this start the matter is '%s', which is not among 'states'; "
                            "the clock would end at once",
                            first);
        else
            rh_yaml_problem(checking->yaml, start,
                            "at this start the matter is '%s' or '%s', neither of which is "
                            "among 'states'; the clock would end at once",
                            first, second);
        return false;
    }
    if (limit->span.n == 0 && limit->start != RH_START_STORED &&
        limit->start != RH_START_ARRIVED) {
        rh_yaml_problem(checking->yaml, start,
                        "a date set by the sender comes with the dispatch; write 'start: "
                        "stored' or 'start: arrived'");
        return false;
    }
    if (limit->span.n == 0 && limit->repeats) {
        rh_yaml_problem(checking->yaml, rh_yaml_get(checking->node, "repeats"),
                        "a date set by the sender has no length and cannot repeat");
        return false;
    }
    return true;
}

/* ---- kinds ----------------------------------------------------------------------------- */

static bool happens(const struct checking *checking, struct fy_node *element)
{
    const struct rh_kind_set kinds = rh_load_kinds_of(element);
    /* The next document of a chain is registered while the one before it stands. */
    if (rh_kind_in(&kinds, RH_KIND_REGISTER))
        return true;
    for (unsigned i = 0; i < RH_KIND_END; i++) {
        if (rh_kind_in(&kinds, (enum rh_kind)i) &&
            rh_load_reach_happens(checking->procedure, checking->limit->states,
                                  (enum rh_kind)i))
            return true;
    }
    return false;
}

static bool check_kinds(const struct checking *checking, const char *key)
{
    struct fy_node *list = rh_yaml_get(checking->node, key);
    void *iterator = NULL;
    struct fy_node *element;
    bool good = true;

    if (list == NULL)
        return true;
    while ((element = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        size_t bytes = 0;
        const char *word = fy_node_get_scalar(element, &bytes);
        if (word == NULL || happens(checking, element))
            continue;
        rh_yaml_problem(checking->yaml, element,
                        "'%.*s' cannot happen in the states of '%s' under this procedure; "
                        "remove it, or see 'states', 'allows' and 'routes'",
                        (int)bytes, word, checking->limit->id);
        good = false;
    }
    return good;
}

static bool is_routed(const struct rh_procedure *procedure, enum rh_kind kind)
{
    return rh_load_reach_happens(procedure, S(REGISTERED), kind);
}

/* `kinds` narrows a clock to some ways of dispatching. */
static bool check_narrowing(const struct checking *checking)
{
    struct fy_node *list = rh_yaml_get(checking->node, "kinds");
    void *iterator = NULL;
    struct fy_node *element;
    bool good = true;

    if (list == NULL)
        return true;
    while ((element = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        const struct rh_kind_set kinds = rh_load_kinds_of(element);
        bool routed = false;
        for (unsigned i = 0; i < RH_KIND_END; i++)
            routed = routed || (rh_kind_in(&kinds, (enum rh_kind)i) &&
                                rh_kind_is_dispatch((enum rh_kind)i) &&
                                is_routed(checking->procedure, (enum rh_kind)i));
        if (!routed) {
            size_t bytes = 0;
            const char *word = fy_node_get_scalar(element, &bytes);
            rh_yaml_problem(checking->yaml, element,
                            "'%.*s' is no kind by which 'routes' of this procedure dispatch",
                            (int)bytes, word);
            good = false;
        }
    }
    return good;
}

static bool check_met(const struct checking *checking)
{
    if (rh_load_kinds_empty(&checking->limit->met_by) && !checking->limit->right_only) {
        rh_yaml_problem(checking->yaml, checking->node,
                        "nothing meets '%s'; give 'met_by' the kinds that do, or "
                        "'right_only: true' where its end only closes a right",
                        checking->limit->id);
        return false;
    }
    bool good = check_kinds(checking, "met_by");
    good = check_kinds(checking, "cancelled_by") && good;
    good = check_kinds(checking, "bars") && good;
    return check_narrowing(checking) && good;
}

/* ---- what runs beside and after -------------------------------------------------------- */

static bool check_flags(const struct checking *checking)
{
    const struct rh_limit *limit = checking->limit;
    bool good = true;

    if (limit->pausable && checking->procedure->may_suspend &&
        (limit->states & HANDLING) != 0 && !rh_state_in(limit->states, RH_STATE_SUSPENDED)) {
        rh_yaml_problem(checking->yaml, rh_yaml_get(checking->node, "pausable"),
                        "a clock that stands still in 'suspended' must name that state, else "
                        "it ends there");
        good = false;
    }
    if (limit->close_at_end &&
        !rh_load_reach_happens(checking->procedure, limit->states, RH_KIND_CLOSE)) {
        rh_yaml_problem(checking->yaml, rh_yaml_get(checking->node, "close_at_end"),
                        "the hub closes a matter in replied, concluded or not_accepted only; "
                        "name one of them in 'states'");
        good = false;
    }
    if (limit->close_at_end && !limit->right_only) {
        rh_yaml_problem(checking->yaml, rh_yaml_get(checking->node, "close_at_end"),
                        "a matter may close by itself only when nobody owes anything; add "
                        "'right_only: true'");
        good = false;
    }
    if (limit->extend_times > 0 && !rh_state_in(limit->states, RH_STATE_IN_PROGRESS)) {
        rh_yaml_problem(checking->yaml, rh_yaml_get(checking->node, "extend"),
                        "an extension is asked for and granted in 'in_progress', which is not "
                        "among 'states'");
        good = false;
    }
    if (limit->soon.n > 0 && limit->span.n > 0 &&
        rh_load_span_hours(&limit->soon) >= rh_load_span_hours(&limit->span)) {
        rh_yaml_problem(checking->yaml, rh_yaml_get(checking->node, "soon"),
                        "the reminder must come after the start; make 'soon' shorter than "
                        "'span'");
        good = false;
    }
    return good;
}

/* A clock may wait for one of several outcomes, but not for one that nothing concludes with. */
static bool check_when(const struct checking *checking)
{
    const struct rh_procedure *procedure = checking->procedure;
    struct fy_node *list = rh_yaml_get(rh_yaml_get(checking->node, "when"), "outcome");
    const uint32_t decided = S(NOT_ACCEPTED) | S(CONCLUDED) | S(REPLIED) | S(REVISITING);
    bool good = true;

    if (list == NULL)
        return true;
    if ((checking->limit->states & decided) == 0) {
        rh_yaml_problem(checking->yaml, list,
                        "a matter has an outcome only in not_accepted, concluded, replied or "
                        "revisiting; name one of them in 'states'");
        return false;
    }
    for (uint32_t i = 0; i < RH_WHEN_MAX && checking->limit->when.outcomes[i][0] != '\0'; i++) {
        const char *code = checking->limit->when.outcomes[i];
        bool known = procedure->outcomes.count == 0;
        for (uint32_t k = 0; k < procedure->outcomes.count; k++)
            known = known || strcmp(procedure->outcomes.codes[k], code) == 0;
        for (uint32_t k = 0; k < procedure->refusals.count; k++)
            known = known || strcmp(procedure->refusals.codes[k], code) == 0;
        if (known)
            continue;
        rh_yaml_problem(checking->yaml, fy_node_sequence_get_by_index(list, (int)i),
                        "'%s' is neither among 'outcomes' nor 'refusals' of '%s'; add it there "
                        "or name one of them",
                        code, procedure->id);
        good = false;
    }
    return good;
}

/* ---- the ladder ------------------------------------------------------------------------ */

static bool check_rung(struct rh_yaml *yaml, struct fy_node *node, const struct rh_rung *rung,
                       const struct rh_rung *below, bool urged)
{
    bool good = true;

    if (below != NULL && rung->level <= below->level) {
        rh_yaml_problem(yaml, rh_yaml_get(node, "level"),
                        "a ladder climbs: level %u cannot follow level %u", rung->level,
                        below->level);
        good = false;
    } else if (rung->level >= 3 && !urged) {
        rh_yaml_problem(yaml, rh_yaml_get(node, "level"),
                        "a recorded urging must come before level %u; add a rung with "
                        "'level: 2' and 'action: urge' below it",
                        rung->level);
        good = false;
    }
    if (below != NULL &&
        rh_load_span_hours(&rung->after) <= rh_load_span_hours(&below->after)) {
        rh_yaml_problem(yaml, rh_yaml_get(node, "after"),
                        "each rung comes later than the one below it; name a longer time");
        good = false;
    }
    return good;
}

bool rh_load_ladder_check(struct rh_yaml *yaml, struct fy_node *list,
                          const struct rh_rung *rungs)
{
    void *iterator = NULL;
    struct fy_node *node;
    const struct rh_rung *below = NULL;
    bool urged = false;
    bool good = true;

    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        good = check_rung(yaml, node, rungs, below, urged) && good;
        urged = urged || rungs->action == RH_KIND_URGE;
        below = rungs++;
    }
    return good;
}

static bool check_ladder(const struct checking *checking)
{
    struct fy_node *list = rh_yaml_get(checking->node, "ladder");

    if (list == NULL)
        return true;
    if (checking->limit->right_only) {
        rh_yaml_problem(checking->yaml, list,
                        "nobody fails when a right lapses, so there is nothing to urge; remove "
                        "'ladder' or 'right_only'");
        return false;
    }
    return rh_load_ladder_check(checking->yaml, list, checking->limit->ladder);
}

/* ---- actors ---------------------------------------------------------------------------- */

static bool check_supervisor(const struct checking *checking)
{
    const struct rh_limit *limit = checking->limit;
    struct fy_node *place = NULL;

    if (checking->settings->supervisor_roles[0][0] != '\0')
        return true;
    if (limit->extend_times > 0 && limit->extend_by == RH_ACTOR_SUPERVISOR)
        place = rh_yaml_get(rh_yaml_get(checking->node, "extend"), "by");
    for (uint32_t i = 0; i < limit->ladder_count && place == NULL; i++) {
        if (limit->ladder[i].to == RH_ACTOR_SUPERVISOR)
            place = rh_yaml_get(fy_node_sequence_get_by_index(
                                    rh_yaml_get(checking->node, "ladder"), (int)i), "to");
    }
    if (place != NULL)
        rh_yaml_problem(checking->yaml, place,
                        "no role is a supervisor; name one under 'supervisors' in "
                        "settings.yaml");
    return place == NULL;
}

bool rh_load_limit_check(struct rh_yaml *yaml, struct fy_node *node,
                         const struct rh_procedure *procedure, const struct rh_limit *limit,
                         const struct rh_settings *settings)
{
    const struct checking checking = { yaml, node, procedure, limit, settings };
    const bool reached = check_states(&checking);
    bool good = check_start(&checking) && reached;
    /* What happens in states nobody reaches would only repeat the complaint. */
    if (reached)
        good = check_met(&checking) && good;
    good = check_flags(&checking) && good;
    good = check_when(&checking) && good;
    good = check_ladder(&checking) && good;
    return check_supervisor(&checking) && good;
}
