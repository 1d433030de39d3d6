/* The lists of a procedure besides its clocks: routes, copies, checks, codes. */
#include "load/procedure_inside.h"

#include <string.h>

#include <rh/refusal.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const char *const route_keys[] = { "from", "to", "kinds" };
static const char *const copy_keys[] = { "to", "kinds", "fact", "equals" };
static const char *const check_keys[] = { "fact", "kinds", "equals", "refusal" };
static const char *const code_keys[] = { "outcomes", "refusals", "grounds" };

/* ---- routes ---------------------------------------------------------------------------- */

static bool all_dispatch(struct rh_yaml *yaml, struct fy_node *list)
{
    void *iterator = NULL;
    struct fy_node *element;
    bool good = true;

    while ((element = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        const struct rh_kind_set kinds = rh_load_kinds_of(element);
        for (unsigned i = 0; i < RH_KIND_END; i++) {
            if (!rh_kind_in(&kinds, (enum rh_kind)i) || rh_kind_is_dispatch((enum rh_kind)i))
                continue;
            rh_yaml_problem(yaml, element,
                            "'%s' sends nothing to anybody; a route lists dispatch kinds, "
                            "such as forward, assign, transfer",
                            rh_kind_name((enum rh_kind)i));
            good = false;
        }
    }
    return good;
}

static bool load_route(struct rh_load_draft *loading, struct fy_node *node,
                       struct rh_route *out)
{
    struct rh_yaml *yaml = loading->yaml;

    if (!rh_yaml_keys(yaml, node, N_("a route"), route_keys, COUNT(route_keys)))
        return false;
    struct fy_node *from = rh_yaml_need(yaml, node, "from", N_("the route"));
    struct fy_node *to = rh_yaml_need(yaml, node, "to", N_("the route"));
    struct fy_node *kinds = rh_yaml_need(yaml, node, "kinds", N_("the route"));
    bool good = from != NULL &&
                rh_load_role(yaml, from, "from", loading->roles, true, out->from);
    good = to != NULL && rh_load_role(yaml, to, "to", loading->roles, true, out->to) && good;
    return kinds != NULL && rh_load_kinds(yaml, kinds, "kinds", &out->kinds) &&
           all_dispatch(yaml, kinds) && good;
}

/* A line that was copied and not changed says nothing: somebody meant another one. */
static bool is_new_route(struct rh_load_draft *loading, struct fy_node *node)
{
    const struct rh_procedure *out = loading->out;
    const struct rh_route *route = &out->routes[out->route_count];
    for (uint32_t i = 0; i < out->route_count; i++) {
        const struct rh_route *known = &out->routes[i];
        if (strcmp(known->from, route->from) != 0 || strcmp(known->to, route->to) != 0 ||
            known->kinds.bits[0] != route->kinds.bits[0] ||
            known->kinds.bits[1] != route->kinds.bits[1])
            continue;
        rh_yaml_problem(loading->yaml, node,
                        "this route stands in the list already; change it or remove it");
        return false;
    }
    return true;
}

bool rh_load_routes(struct rh_load_draft *loading)
{
    struct rh_yaml *yaml = loading->yaml;
    struct rh_procedure *out = loading->out;
    struct fy_node *list = rh_yaml_need(yaml, yaml->root, "routes", N_("the file"));
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (list == NULL || !rh_load_filled(yaml, list, "routes"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (out->route_count == RH_ROUTES_MAX) {
            rh_yaml_problem(yaml, node, "a procedure has at most %d routes", RH_ROUTES_MAX);
            return false;
        }
        good = load_route(loading, node, &out->routes[out->route_count]) &&
               is_new_route(loading, node) && good;
        out->route_count++;
    }
    return good;
}

/* ---- copies ---------------------------------------------------------------------------- */

/* A role, or the word for whoever stands above the author. */
static bool load_copy_to(struct rh_load_draft *loading, struct fy_node *to, struct rh_copy *out)
{
    size_t bytes;
    const char *text = fy_node_get_scalar(to, &bytes);
    if (text != NULL && bytes == strlen(RH_COPY_SUPERIOR) &&
        memcmp(text, RH_COPY_SUPERIOR, bytes) == 0) {
        memcpy(out->to, RH_COPY_SUPERIOR, sizeof RH_COPY_SUPERIOR);
        return true;
    }
    return rh_load_role(loading->yaml, to, "to", loading->roles, false, out->to);
}

static bool load_copy(struct rh_load_draft *loading, struct fy_node *node, struct rh_copy *out)
{
    struct rh_yaml *yaml = loading->yaml;

    if (!rh_yaml_keys(yaml, node, N_("a copy"), copy_keys, COUNT(copy_keys)))
        return false;
    struct fy_node *to = rh_yaml_need(yaml, node, "to", N_("the copy"));
    struct fy_node *kinds = rh_yaml_need(yaml, node, "kinds", N_("the copy"));
    struct fy_node *fact = rh_yaml_get(node, "fact");
    struct fy_node *equals = rh_yaml_get(node, "equals");
    bool good = to != NULL && load_copy_to(loading, to, out);
    if (equals != NULL && fact == NULL) {
        rh_yaml_problem(yaml, equals, "'equals' goes with 'fact'");
        return false;
    }
    if (fact != NULL)
        good = rh_load_key(yaml, fact, "fact", out->fact, sizeof out->fact) && good;
    if (equals != NULL)
        good = rh_load_code(yaml, equals, "equals", out->equals, sizeof out->equals) && good;
    return kinds != NULL && rh_load_kinds(yaml, kinds, "kinds", &out->kinds) && good;
}

bool rh_load_copies(struct rh_load_draft *loading)
{
    struct rh_yaml *yaml = loading->yaml;
    struct rh_procedure *out = loading->out;
    struct fy_node *list = rh_yaml_get(yaml->root, "copies");
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (list == NULL)
        return true;
    if (!rh_load_filled(yaml, list, "copies"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (out->copy_count == RH_PROCEDURE_COPIES_MAX) {
            rh_yaml_problem(yaml, node, "a procedure names at most %d agencies for copies",
                            RH_PROCEDURE_COPIES_MAX);
            return false;
        }
        good = load_copy(loading, node, &out->copies[out->copy_count]) && good;
        out->copy_count++;
    }
    return good;
}

/* ---- checks and codes ------------------------------------------------------------------ */

static bool load_refusal(struct rh_yaml *yaml, struct fy_node *node, uint32_t *out)
{
    char text[32];
    enum rh_refusal refusal = RH_REFUSE_NONE;

    if (!rh_yaml_text(yaml, node, "refusal", text, sizeof text))
        return false;
    const enum rh_err err = rh_refusal_parse(text, &refusal);
    if (err == RH_ERR_NOTFOUND) {
        rh_yaml_problem(yaml, node, "'%s' is not in the catalogue; see 'rhub explain'", text);
        return false;
    }
    if (err != RH_OK || strncmp(text, "RH-", 3) != 0) {
        rh_yaml_problem(yaml, node, "'%s' is no refusal; write its number, such as RH-4313",
                        text);
        return false;
    }
    *out = (uint32_t)refusal;
    return true;
}

static bool load_check(struct rh_load_draft *loading, struct fy_node *node,
                       struct rh_check *out)
{
    struct rh_yaml *yaml = loading->yaml;

    if (!rh_yaml_keys(yaml, node, N_("a check"), check_keys, COUNT(check_keys)))
        return false;
    struct fy_node *fact = rh_yaml_need(yaml, node, "fact", N_("the check"));
    struct fy_node *kinds = rh_yaml_need(yaml, node, "kinds", N_("the check"));
    struct fy_node *refusal = rh_yaml_need(yaml, node, "refusal", N_("the check"));
    struct fy_node *equals = rh_yaml_get(node, "equals");
    bool good = fact != NULL && rh_load_key(yaml, fact, "fact", out->fact, sizeof out->fact);
    good = kinds != NULL && rh_load_kinds(yaml, kinds, "kinds", &out->kinds) && good;
    good = refusal != NULL && load_refusal(yaml, refusal, &out->refusal) && good;
    return (equals == NULL ||
            rh_load_code(yaml, equals, "equals", out->equals, sizeof out->equals)) && good;
}

bool rh_load_checks(struct rh_load_draft *loading)
{
    struct rh_procedure *out = loading->out;
    struct fy_node *list = rh_yaml_get(loading->yaml->root, "checks");
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (list == NULL)
        return true;
    if (!rh_load_filled(loading->yaml, list, "checks"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (out->check_count == RH_CHECKS_MAX) {
            rh_yaml_problem(loading->yaml, node, "a procedure has at most %d checks",
                            RH_CHECKS_MAX);
            return false;
        }
        good = load_check(loading, node, &out->checks[out->check_count]) && good;
        out->check_count++;
    }
    return good;
}

static bool load_code_list(struct rh_yaml *yaml, struct fy_node *list, const char *what,
                           struct rh_code_list *out)
{
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (!rh_load_filled(yaml, list, what))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        char code[RH_CODE_BYTES_MAX + 1];
        bool twice = false;
        if (!rh_load_code(yaml, node, what, code, sizeof code)) {
            good = false;
            continue;
        }
        for (uint32_t i = 0; i < out->count; i++)
            twice = twice || strcmp(out->codes[i], code) == 0;
        if (twice || out->count == RH_CODES_MAX) {
            if (twice)
                rh_yaml_problem(yaml, node, "'%s' is in this list already", code);
            else
                rh_yaml_problem(yaml, node, "a list has at most %d codes", RH_CODES_MAX);
            good = false;
            continue;
        }
        memcpy(out->codes[out->count++], code, strlen(code) + 1);
    }
    return good;
}

/* Codes for a step that is not allowed mean that `allows` was forgotten, or the list is. */
static bool codes_have_use(struct rh_load_draft *loading, struct fy_node *codes)
{
    const struct rh_procedure *out = loading->out;
    struct fy_node *refusals = rh_yaml_get(codes, "refusals");
    struct fy_node *grounds = rh_yaml_get(codes, "grounds");
    bool good = true;

    if (refusals != NULL && !out->may_object && !out->may_return && !out->may_refuse) {
        rh_yaml_problem(loading->yaml, refusals,
                        "'refusals' are reasons to object, return or refuse, none of which is "
                        "under 'allows'");
        good = false;
    }
    if (grounds != NULL && !out->may_suspend) {
        rh_yaml_problem(loading->yaml, grounds,
                        "'grounds' are reasons to suspend, which is not under 'allows'");
        good = false;
    }
    return good;
}

bool rh_load_codes(struct rh_load_draft *loading)
{
    struct rh_yaml *yaml = loading->yaml;
    struct fy_node *codes = rh_yaml_get(yaml->root, "codes");
    struct rh_code_list *const lists[] = { &loading->out->outcomes, &loading->out->refusals,
                                           &loading->out->grounds };

    if (codes == NULL)
        return true;
    if (!rh_yaml_keys(yaml, codes, "codes", code_keys, COUNT(code_keys)))
        return false;
    bool good = true;
    for (size_t i = 0; i < COUNT(code_keys); i++) {
        struct fy_node *list = rh_yaml_get(codes, code_keys[i]);
        if (list != NULL)
            good = load_code_list(yaml, list, code_keys[i], lists[i]) && good;
    }
    return codes_have_use(loading, codes) && good;
}
