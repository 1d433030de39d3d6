#include "load/routing.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

enum { AREA_DIGITS_MIN = 2, AREA_DIGITS_MAX = 12 };

static const char *const top_keys[] = { "routing" };
static const char *const entry_keys[] = { "category", "area",      "to",    "procedure",
                                          "kind",     "condition", "remedy", "proper" };

struct loading {
    struct rh_yaml *yaml;
    const struct rh_load_roles *roles;
    bool every_procedure;
    struct rh_rules *rules;
};

/* ---- what is matched ------------------------------------------------------------------- */

static bool load_category(struct rh_yaml *yaml, struct fy_node *node, struct rh_routing *out)
{
    if (!rh_yaml_text(yaml, node, "category", out->category, sizeof out->category))
        return false;
    const size_t bytes = strlen(out->category);
    const bool prefix = out->category[bytes - 1] == '*';
    if ((prefix && bytes == 1) || rh_load_is_code(out->category, prefix ? bytes - 1 : bytes))
        return true;
    rh_yaml_problem(yaml, node,
                    "'%s' is no category; write a code such as labour.wage-arrears, or a "
                    "prefix such as \"labour.*\"",
                    out->category);
    return false;
}

static bool load_area(struct rh_yaml *yaml, struct fy_node *node, struct rh_routing *out)
{
    if (!rh_yaml_text(yaml, node, "area", out->area, sizeof out->area))
        return false;
    const size_t bytes = strlen(out->area);
    if (bytes >= AREA_DIGITS_MIN && bytes <= AREA_DIGITS_MAX &&
        strspn(out->area, "0123456789") == bytes)
        return true;
    rh_yaml_problem(yaml, node,
                    "'%s' is no area; write 2 to 12 digits of a division code, such as "
                    "\"620423\", or leave it out for everywhere",
                    out->area);
    return false;
}

/* The map is read as one, whichever file an entry stands in. */
static bool is_new(const struct loading *loading, struct fy_node *node,
                   const struct rh_routing *entry)
{
    for (uint32_t i = 0; i < loading->rules->routing_count; i++) {
        const struct rh_routing *known = &loading->rules->routing[i];
        if (strcmp(known->category, entry->category) != 0 ||
            strcmp(known->area, entry->area) != 0)
            continue;
        if (entry->area[0] != '\0')
            rh_yaml_problem(loading->yaml, rh_yaml_get(node, "category"),
                            "'%s' has an answer for '%s' already; keep one of the two",
                            entry->category, entry->area);
        else
            rh_yaml_problem(loading->yaml, rh_yaml_get(node, "category"),
                            "'%s' has an answer for everywhere already; keep one of the two",
                            entry->category);
        return false;
    }
    return true;
}

/* ---- where it leads -------------------------------------------------------------------- */

static bool load_to(const struct loading *loading, struct fy_node *node, struct rh_routing *out,
                    char role[RH_ROLE_BYTES_MAX + 1])
{
    if (!rh_load_addressee(loading->yaml, node, "to", loading->roles, out->to, role))
        return false;
    if (rh_load_roles_have(loading->roles, role))
        return true;
    rh_yaml_problem(loading->yaml, node,
                    "to: unknown role '%s'; name it under 'roles' in settings.yaml", role);
    return false;
}

static const struct rh_procedure *load_procedure(const struct loading *loading,
                                                 struct fy_node *node, struct rh_routing *out,
                                                 bool *good)
{
    const struct rh_rules *rules = loading->rules;
    const char *ids[RH_PROCEDURES_MAX];

    *good = rh_load_code(loading->yaml, node, "procedure", out->procedure,
                         sizeof out->procedure);
    if (!*good)
        return NULL;
    const struct rh_procedure *found = rh_rules_procedure(rules, out->procedure);
    if (found != NULL || !loading->every_procedure)
        return found;
    for (uint32_t i = 0; i < rules->procedure_count; i++)
        ids[i] = rules->procedures[i].id;
    const char *meant = rh_load_suggest(out->procedure, ids, rules->procedure_count);
    if (meant != NULL)
        rh_yaml_problem(loading->yaml, node, "unknown procedure '%s'; did you mean '%s'?",
                        out->procedure, meant);
    else
        rh_yaml_problem(loading->yaml, node,
                        "unknown procedure '%s'; see the folder procedures", out->procedure);
    *good = false;
    return NULL;
}

static bool can_go(const struct rh_procedure *procedure, enum rh_kind kind, const char *role)
{
    for (uint32_t i = 0; i < procedure->route_count; i++) {
        const struct rh_route *route = &procedure->routes[i];
        if (rh_kind_in(&route->kinds, kind) &&
            (strcmp(route->to, "*") == 0 || strcmp(route->to, role) == 0))
            return true;
    }
    return false;
}

static bool load_target(const struct loading *loading, struct fy_node *node,
                        struct rh_routing *out)
{
    struct rh_yaml *yaml = loading->yaml;
    char role[RH_ROLE_BYTES_MAX + 1] = "";
    bool named = false;

    struct fy_node *to = rh_yaml_need(yaml, node, "to", N_("the entry"));
    struct fy_node *id = rh_yaml_need(yaml, node, "procedure", N_("the entry"));
    struct fy_node *kind = rh_yaml_need(yaml, node, "kind", N_("the entry"));
    if (to == NULL || id == NULL || kind == NULL)
        return false;
    const bool addressed = load_to(loading, to, out, role);
    const struct rh_procedure *procedure = load_procedure(loading, id, out, &named);
    if (!rh_load_kind(yaml, kind, "kind", &out->kind))
        return false;
    if (!rh_kind_is_dispatch(out->kind)) {
        rh_yaml_problem(yaml, kind,
                        "'%s' sends nothing to anybody; name a dispatch kind, such as forward",
                        rh_kind_name(out->kind));
        return false;
    }
    if (addressed && procedure != NULL && !can_go(procedure, out->kind, role)) {
        rh_yaml_problem(yaml, kind, "no route of '%s' lets anybody send '%s' to '%s'",
                        procedure->id, rh_kind_name(out->kind), role);
        return false;
    }
    return addressed && named;
}

/* Somebody outside: who, in both languages; nothing can be sent there. */
static bool load_proper(const struct loading *loading, struct fy_node *node,
                        struct fy_node *proper, struct rh_routing *out)
{
    static const char *const others[] = { "to", "procedure", "kind" };
    bool good = true;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct fy_node *other = rh_yaml_get(node, others[i]);
        if (other == NULL)
            continue;
        rh_yaml_problem(loading->yaml, other,
                        "'%s' beside 'proper': an entry leads to one of our agencies or names "
                        "who is competent outside, not both",
                        others[i]);
        good = false;
    }
    return rh_load_pair(loading->yaml, proper, "proper", out->proper_zh, out->proper_en,
                        sizeof out->proper_zh) &&
           good;
}

/* ---- the list -------------------------------------------------------------------------- */

static bool load_entry(const struct loading *loading, struct fy_node *node,
                       struct rh_routing *out)
{
    struct rh_yaml *yaml = loading->yaml;

    memset(out, 0, sizeof *out);
    if (!rh_yaml_keys(yaml, node, N_("an entry of the map"), entry_keys, COUNT(entry_keys)))
        return false;
    struct fy_node *category = rh_yaml_need(yaml, node, "category", N_("the entry"));
    struct fy_node *area = rh_yaml_get(node, "area");
    struct fy_node *condition = rh_yaml_need(yaml, node, "condition", N_("the entry"));
    struct fy_node *remedy = rh_yaml_need(yaml, node, "remedy", N_("the entry"));

    bool good = category != NULL && load_category(yaml, category, out);
    if (area != NULL)
        good = load_area(yaml, area, out) && good;
    good = good && is_new(loading, node, out);
    struct fy_node *proper = rh_yaml_get(node, "proper");
    good = (proper != NULL ? load_proper(loading, node, proper, out)
                           : load_target(loading, node, out)) &&
           good;
    good = condition != NULL && rh_load_pair(yaml, condition, "condition", out->condition_zh,
                                             out->condition_en, sizeof out->condition_zh) &&
           good;
    return remedy != NULL && rh_load_pair(yaml, remedy, "remedy", out->remedy_zh,
                                          out->remedy_en, sizeof out->remedy_zh) && good;
}

static bool load(const struct loading *loading)
{
    struct rh_yaml *yaml = loading->yaml;
    struct rh_rules *rules = loading->rules;
    void *iterator = NULL;
    struct fy_node *node;

    bool good = rh_yaml_keys(yaml, yaml->root, N_("the file"), top_keys, COUNT(top_keys));
    struct fy_node *list = rh_yaml_need(yaml, yaml->root, "routing", N_("the file"));
    if (list == NULL || !rh_yaml_sequence(yaml, list, "routing"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (rules->routing_count == RH_ROUTING_MAX) {
            rh_yaml_problem(yaml, node, "the map has at most %d entries in all files",
                            RH_ROUTING_MAX);
            return false;
        }
        if (load_entry(loading, node, &rules->routing[rules->routing_count]))
            rules->routing_count++;
        else
            good = false;
    }
    return good;
}

enum rh_err rh_load_routing(const char *name, const char *text, size_t bytes,
                            const struct rh_load_roles *roles, bool every_procedure,
                            struct rh_rules *rules, struct rh_load_report *report)
{
    struct rh_yaml yaml;
    const struct loading loading = { &yaml, roles, every_procedure, rules };

    enum rh_err err = rh_yaml_open_text(&yaml, name, text, bytes, report);
    if (err == RH_OK && !load(&loading))
        err = RH_ERR_CONFIG;
    rh_yaml_close(&yaml);
    return err;
}
