/* A procedure in three passes: what it is and allows, its clocks one by one, and what only the
 * whole shows. A clock is judged as soon as it and the head were read without a problem, so
 * one slip in one clock hides nothing in the others. */
#include "load/procedure.h"

#include <string.h>

#include "load/limit.h"
#include "load/procedure_inside.h"
#include "load/reach.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const char *const top_keys[] = { "procedure", "version", "title",  "basis",
                                        "opened_by", "allows",  "flags",  "routes",
                                        "checks",    "codes",   "limits", "leader",
                                        "review",    "follows", "applies_to",
                                        "supplement_times", "copies" };

/* ---- the head -------------------------------------------------------------------------- */

/* Whose matters a change of the file is for. */
static bool load_reach(struct rh_yaml *yaml, struct rh_procedure *out)
{
    static const char *const words[] = { "new", "open" };
    struct fy_node *node = rh_yaml_get(yaml->root, "applies_to");
    size_t at = 0;
    bool good =
        node == NULL || rh_yaml_choice(yaml, node, "applies_to", words, COUNT(words), &at);
    out->applies_open = good && at == 1;
    return good;
}

static bool load_names(struct rh_load_draft *loading)
{
    struct rh_yaml *yaml = loading->yaml;
    struct rh_procedure *out = loading->out;
    uint64_t version = 0;

    struct fy_node *id = rh_yaml_need(yaml, yaml->root, "procedure", N_("the file"));
    struct fy_node *number = rh_yaml_need(yaml, yaml->root, "version", N_("the file"));
    struct fy_node *title = rh_yaml_need(yaml, yaml->root, "title", N_("the file"));
    struct fy_node *basis = rh_yaml_need(yaml, yaml->root, "basis", N_("the file"));
    bool good = id != NULL && rh_load_code(yaml, id, "procedure", out->id, sizeof out->id);
    good = number != NULL && rh_yaml_uint(yaml, number, "version", 1, 1000000, &version) &&
           good;
    good = title != NULL && rh_load_pair(yaml, title, "title", out->title_zh, out->title_en,
                                         sizeof out->title_zh) && good;
    good = basis != NULL && rh_load_line(yaml, basis, "basis", out->basis, sizeof out->basis) &&
           good;
    out->version = (uint32_t)version;
    return load_reach(yaml, out) && good;
}

static bool load_opened_by(struct rh_load_draft *loading, struct fy_node *list)
{
    struct rh_yaml *yaml = loading->yaml;
    void *iterator = NULL;
    struct fy_node *node;
    uint32_t count = 0;
    bool good = true;

    if (!rh_load_filled(yaml, list, "opened_by"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        char role[RH_ROLE_BYTES_MAX + 1] = "";
        bool twice = false;
        if (!rh_load_role(yaml, node, "opened_by", loading->roles, false, role)) {
            good = false;
            continue;
        }
        for (uint32_t i = 0; i < count; i++)
            twice = twice || strcmp(loading->out->opened_by[i], role) == 0;
        if (twice) {
            rh_yaml_problem(yaml, node, "'%s' is in this list already", role);
            good = false;
        } else if (count == COUNT(loading->out->opened_by)) {
            rh_yaml_problem(yaml, node, "at most %zu roles open a procedure",
                            COUNT(loading->out->opened_by));
            return false;
        } else {
            memcpy(loading->out->opened_by[count++], role, sizeof role);
        }
    }
    return good;
}

/* A list of words, each of which sets one member. */
/* ---- clocks ---------------------------------------------------------------------------- */

static struct fy_node *limit_node(struct rh_load_draft *loading, uint32_t index)
{
    return fy_node_sequence_get_by_index(rh_yaml_get(loading->yaml->root, "limits"),
                                         (int)index);
}

static bool load_limits(struct rh_load_draft *loading, bool head_good)
{
    struct rh_yaml *yaml = loading->yaml;
    struct rh_procedure *out = loading->out;
    struct fy_node *list = rh_yaml_need(yaml, yaml->root, "limits", N_("the file"));
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (list == NULL || !rh_load_filled(yaml, list, "limits"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (out->limit_count == RH_LIMITS_MAX) {
            rh_yaml_problem(yaml, node, "a procedure has at most %d limits", RH_LIMITS_MAX);
            return false;
        }
        struct rh_limit *limit = &out->limits[out->limit_count];
        const bool read = rh_load_limit(yaml, node, limit);
        if (read && rh_procedure_limit(out, limit->id) != NULL) {
            rh_yaml_problem(yaml, rh_yaml_get(node, "id"),
                            "another limit is called '%s' already", limit->id);
            good = false;
        }
        out->limit_count++;
        if (!read)
            good = false;
        else if (head_good)
            good = rh_load_limit_check(yaml, node, out, limit, loading->settings) && good;
    }
    return good;
}

static uint32_t index_of(const struct rh_procedure *procedure, const char *id)
{
    uint32_t at = 0;
    while (at < procedure->limit_count && strcmp(procedure->limits[at].id, id) != 0)
        at++;
    return at;
}

/* A clock that starts at the end of another: the other must be there, and the chain must
 * come from a clock that starts by itself. */
static bool check_after(struct rh_load_draft *loading, uint32_t index)
{
    const struct rh_procedure *out = loading->out;
    const struct rh_limit *limit = &out->limits[index];
    const char *ids[RH_LIMITS_MAX];
    uint32_t at = index;

    for (uint32_t hops = 0; out->limits[at].start == RH_START_AFTER; hops++) {
        struct fy_node *place = rh_yaml_get(limit_node(loading, index), "after");
        if (hops == out->limit_count) {
            rh_yaml_problem(loading->yaml, place,
                            strcmp(limit->after, limit->id) == 0
                                ? "'%s' waits in a circle for its own end; a clock that runs "
                                  "again at its end says 'repeats: true'"
                                : "'%s' waits in a circle for its own end; one of the limits "
                                  "in it must start by an event",
                            limit->id);
            return false;
        }
        const uint32_t next = index_of(out, out->limits[at].after);
        if (next == out->limit_count) {
            if (at != index)
                return true; /* said where it is written */
            for (uint32_t i = 0; i < out->limit_count; i++)
                ids[i] = out->limits[i].id;
            const char *meant = rh_load_suggest(limit->after, ids, out->limit_count);
            if (meant != NULL)
                rh_yaml_problem(loading->yaml, place,
                                "no limit is called '%s'; did you mean '%s'?", limit->after,
                                meant);
            else
                rh_yaml_problem(loading->yaml, place,
                                "no limit is called '%s'; name one of this file", limit->after);
            return false;
        }
        at = next;
    }
    return true;
}

/* ---- the whole ------------------------------------------------------------------------- */

static bool covers(const struct rh_procedure *procedure, const struct rh_limit *limit,
                   enum rh_state state)
{
    if (!rh_state_in(limit->states, state) || (limit->right_only && !limit->close_at_end) ||
        limit->when.fact[0] != '\0' || limit->when.outcomes[0][0] != '\0')
        return false;
    if (rh_load_kinds_empty(&limit->kinds))
        return true;
    if (state == RH_STATE_REGISTERED)
        return false; /* nothing was dispatched yet */
    for (uint32_t i = 0; i < procedure->route_count; i++) {
        const struct rh_kind_set *routed = &procedure->routes[i].kinds;
        if ((routed->bits[0] & ~limit->kinds.bits[0]) != 0 ||
            (routed->bits[1] & ~limit->kinds.bits[1]) != 0)
            return false;
    }
    return true;
}

/* Somebody must have a date in every state that a matter can be held in. */
static bool check_covered(struct rh_load_draft *loading)
{
    const struct rh_procedure *out = loading->out;
    const uint32_t reached = rh_load_reach(out);
    bool good = true;

    for (unsigned i = RH_STATE_REGISTERED; i < RH_STATE_COUNT; i++) {
        const enum rh_state state = (enum rh_state)i;
        bool covered = !rh_state_in(reached, state) || rh_state_is_resting(state) ||
                       loading->settings->watchdog[state].n > 0;
        for (uint32_t k = 0; k < out->limit_count; k++)
            covered = covered || covers(out, &out->limits[k], state);
        if (covered)
            continue;
        rh_yaml_problem(loading->yaml, rh_yaml_get(loading->yaml->root, "limits"),
                        "a matter can be '%s' without any clock; add a limit with that state, "
                        "or a span for it under 'watchdog' in settings.yaml",
                        rh_state_name(state));
        good = false;
    }
    return good;
}

static bool load(struct rh_load_draft *loading)
{
    struct rh_yaml *yaml = loading->yaml;
    const bool known =
        rh_yaml_keys(yaml, yaml->root, N_("the file"), top_keys, COUNT(top_keys));

    struct fy_node *opened_by = rh_yaml_need(yaml, yaml->root, "opened_by", N_("the file"));
    bool head = load_names(loading);
    head = opened_by != NULL && load_opened_by(loading, opened_by) && head;
    const bool allowed = rh_load_allows(loading) && rh_load_relations(loading) && known;
    const bool routed = rh_load_routes(loading);
    bool good = rh_load_copies(loading) && head && allowed && routed;
    good = rh_load_checks(loading) && good;
    if (allowed)
        good = rh_load_codes(loading) && good;
    if (!load_limits(loading, allowed && routed))
        return false;
    for (uint32_t i = 0; i < loading->out->limit_count; i++)
        good = check_after(loading, i) && good;
    return allowed && routed && check_covered(loading) && good;
}

enum rh_err rh_load_procedure(const char *name, const char *text, size_t bytes,
                              const struct rh_load_roles *roles,
                              const struct rh_settings *settings, struct rh_procedure *out,
                              struct rh_load_report *report)
{
    struct rh_yaml yaml;
    struct rh_load_draft loading = { &yaml, roles, settings, out };

    memset(out, 0, sizeof *out);
    enum rh_err err = rh_yaml_open_text(&yaml, name, text, bytes, report);
    if (err == RH_OK && !load(&loading))
        err = RH_ERR_CONFIG;
    rh_yaml_close(&yaml);
    return err;
}
