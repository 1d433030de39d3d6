/* A procedure in three passes: what it is and allows, its clocks one by one, and what only the
 * whole shows. A clock is judged as soon as it and the head were read without a problem, so
 * one slip in one clock hides nothing in the others. */
#include "load/procedure.h"

#include <string.h>

#include <rh/refusal.h>

#include "load/limit.h"
#include "load/reach.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const char *const top_keys[] = { "procedure", "version", "title",  "basis",
                                        "opened_by", "allows",  "flags",  "routes",
                                        "checks",    "codes",   "limits", "leader",
                                        "review",    "follows", "applies_to",
                                        "supplement_times", "copies" };
static const char *const leader_keys[] = { "repeats", "categories" };
static const char *const review_keys[] = { "by", "procedure" };
static const char *const reviewers[] = { "above", "same", "none" };
static const char *const route_keys[] = { "from", "to", "kinds" };
static const char *const copy_keys[] = { "to", "kinds", "fact", "equals" };
static const char *const check_keys[] = { "fact", "kinds", "equals", "refusal" };
static const char *const code_keys[] = { "outcomes", "refusals", "grounds" };

struct loading {
    struct rh_yaml *yaml;
    const struct rh_load_roles *roles;
    const struct rh_settings *settings;
    struct rh_procedure *out;
};

/* ---- the head -------------------------------------------------------------------------- */

/* Whose matters a change of the file is for. */
static bool load_reach(struct rh_yaml *yaml, struct rh_procedure *out)
{
    static const char *const words[] = { "new", "open" };
    struct fy_node *node = rh_yaml_get(yaml->root, "applies_to");
    size_t at = 0;
    bool good = node == NULL || rh_yaml_choice(yaml, node, "applies_to", words, COUNT(words), &at);
    out->applies_open = good && at == 1;
    return good;
}

static bool load_names(struct loading *loading)
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

static bool load_opened_by(struct loading *loading, struct fy_node *list)
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
struct switch_word {
    const char *word;
    bool *value;
};

static bool load_switches(struct rh_yaml *yaml, struct fy_node *list, const char *what,
                          const struct switch_word *switches, size_t count)
{
    const char *words[16];
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    rh_assert(count <= COUNT(words));
    if (!rh_yaml_sequence(yaml, list, what))
        return false;
    for (size_t i = 0; i < count; i++)
        words[i] = switches[i].word;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        size_t at;
        if (!rh_yaml_choice(yaml, node, what, words, count, &at)) {
            good = false;
        } else if (*switches[at].value) {
            rh_yaml_problem(yaml, node, "'%s' is in this list already", words[at]);
            good = false;
        } else {
            *switches[at].value = true;
        }
    }
    return good;
}

static bool load_allows(struct loading *loading)
{
    struct rh_procedure *out = loading->out;
    const struct switch_word allows[] = {
        { "object", &out->may_object },         { "return", &out->may_return },
        { "refuse", &out->may_refuse },         { "supplement", &out->may_supplement },
        { "suspend", &out->may_suspend },       { "withdraw", &out->may_withdraw },
    };
    const struct switch_word flags[] = {
        { "supplement_restarts", &out->supplement_restarts },
        { "direct", &out->direct },
        { "has_start", &out->has_start },
        { "report_required", &out->report_required },
        { "reply_owed", &out->reply_owed },
        { "leader_required", &out->leader_required },
        { "sealed", &out->sealed },
        { "final", &out->final },
    };
    struct fy_node *allows_node = rh_yaml_get(loading->yaml->root, "allows");
    struct fy_node *flags_node = rh_yaml_get(loading->yaml->root, "flags");

    bool good = allows_node == NULL || load_switches(loading->yaml, allows_node, "allows",
                                                     allows, COUNT(allows));
    if (flags_node != NULL)
        good = load_switches(loading->yaml, flags_node, "flags", flags, COUNT(flags)) && good;
    if (good && out->supplement_restarts && !out->may_supplement) {
        rh_yaml_problem(loading->yaml, flags_node,
                        "'supplement_restarts' needs 'supplement' under 'allows'");
        good = false;
    }
    return good;
}

/* Up to `most` codes into equal places behind one another. */
static bool load_few_codes(struct rh_yaml *yaml, struct fy_node *list, const char *what,
                           char (*out)[RH_CODE_BYTES_MAX + 1], uint32_t most)
{
    void *iterator = NULL;
    struct fy_node *node;
    uint32_t count = 0;
    bool good = true;

    if (!rh_load_filled(yaml, list, what))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (count == most) {
            rh_yaml_problem(yaml, node, "'%s' has at most %u entries", what, (unsigned)most);
            return false;
        }
        good = rh_load_code(yaml, node, what, out[count], sizeof out[count]) && good;
        count++;
    }
    return good;
}

/* Categories may end in "*", which no code may. */
static bool load_leader_categories(struct loading *loading, struct fy_node *list)
{
    struct rh_yaml *yaml = loading->yaml;
    void *iterator = NULL;
    struct fy_node *node;
    uint32_t count = 0;
    bool good = true;

    if (!rh_load_filled(yaml, list, "categories"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        char text[RH_CODE_BYTES_MAX + 2] = "";
        if (count == RH_LEADER_CATEGORIES_MAX) {
            rh_yaml_problem(yaml, node, "at most %d categories ask for a leader",
                            RH_LEADER_CATEGORIES_MAX);
            return false;
        }
        if (!rh_yaml_text(yaml, node, "category", text, sizeof text)) {
            good = false;
            continue;
        }
        size_t bytes = strlen(text);
        size_t plain = bytes > 0 && text[bytes - 1] == '*' ? bytes - 1 : bytes;
        if (bytes > RH_CODE_BYTES_MAX || !rh_load_is_code(text, plain)) {
            rh_yaml_problem(yaml, node,
                            "'%s' is no category; write a code, or the beginning of one and "
                            "'*', such as appeal.*",
                            text);
            good = false;
            continue;
        }
        memcpy(loading->out->leader_categories[count++], text, bytes + 1);
    }
    return good;
}

static bool load_leader(struct loading *loading)
{
    struct rh_yaml *yaml = loading->yaml;
    struct fy_node *node = rh_yaml_get(yaml->root, "leader");
    if (node == NULL)
        return true;
    if (!rh_yaml_keys(yaml, node, "leader", leader_keys, COUNT(leader_keys)))
        return false;
    struct fy_node *repeats = rh_yaml_get(node, "repeats");
    struct fy_node *categories = rh_yaml_get(node, "categories");
    bool good = repeats == NULL ||
                rh_yaml_bool(yaml, repeats, "repeats", &loading->out->leader_repeats);
    if (categories != NULL)
        good = load_leader_categories(loading, categories) && good;
    if (good && loading->out->leader_required) {
        rh_yaml_problem(yaml, node, "'leader_required' asks for a leader always; remove it or "
                                    "'leader'");
        good = false;
    }
    return good;
}

static bool load_review(struct loading *loading)
{
    struct rh_yaml *yaml = loading->yaml;
    struct fy_node *node = rh_yaml_get(yaml->root, "review");
    size_t at = 0;
    if (node == NULL)
        return true;
    if (!rh_yaml_keys(yaml, node, "review", review_keys, COUNT(review_keys)))
        return false;
    struct fy_node *by = rh_yaml_need(yaml, node, "by", "review");
    struct fy_node *procedure = rh_yaml_get(node, "procedure");
    bool good = by != NULL && rh_yaml_choice(yaml, by, "by", reviewers, COUNT(reviewers), &at);
    loading->out->review = (enum rh_review)at;
    if (procedure != NULL)
        good = rh_load_code(yaml, procedure, "procedure", loading->out->review_procedure,
                            sizeof loading->out->review_procedure) && good;
    if (good && procedure != NULL && loading->out->review == RH_REVIEW_NONE) {
        rh_yaml_problem(yaml, procedure, "what nobody reviews has no procedure for it; remove "
                                         "one of the two");
        good = false;
    }
    return good;
}

/* How often material may be asked for: once, all of it in one list (一次性告知), where the rule says
 * nothing else (退回补充侦查以二次为限). */
static bool load_supplement_times(struct loading *loading)
{
    struct rh_yaml *yaml = loading->yaml;
    struct fy_node *node = rh_yaml_get(yaml->root, "supplement_times");
    uint64_t times = 0;
    loading->out->supplement_times = loading->out->may_supplement ? 1 : 0;
    if (node == NULL)
        return true;
    if (!rh_yaml_uint(yaml, node, "supplement_times", 1, UINT8_MAX, &times))
        return false;
    loading->out->supplement_times = (uint8_t)times;
    if (loading->out->may_supplement)
        return true;
    rh_yaml_problem(yaml, node, "'supplement_times' needs 'supplement' under 'allows'");
    return false;
}

static bool load_relations(struct loading *loading)
{
    struct fy_node *follows = rh_yaml_get(loading->yaml->root, "follows");
    bool good = load_leader(loading);
    good = load_review(loading) && good;
    good = load_supplement_times(loading) && good;
    return (follows == NULL || load_few_codes(loading->yaml, follows, "follows",
                                              loading->out->follows, RH_FOLLOWS_MAX)) &&
           good;
}

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

static bool load_route(struct loading *loading, struct fy_node *node, struct rh_route *out)
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

static bool load_routes(struct loading *loading)
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
        good = load_route(loading, node, &out->routes[out->route_count]) && good;
        out->route_count++;
    }
    return good;
}

/* ---- copies ---------------------------------------------------------------------------- */

/* A role, or the word for whoever stands above the author. */
static bool load_copy_to(struct loading *loading, struct fy_node *to, struct rh_copy *out)
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

static bool load_copy(struct loading *loading, struct fy_node *node, struct rh_copy *out)
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

static bool load_copies(struct loading *loading)
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

static bool load_check(struct loading *loading, struct fy_node *node, struct rh_check *out)
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

static bool load_checks(struct loading *loading)
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
static bool codes_have_use(struct loading *loading, struct fy_node *codes)
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

static bool load_codes(struct loading *loading)
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

/* ---- clocks ---------------------------------------------------------------------------- */

static struct fy_node *limit_node(struct loading *loading, uint32_t index)
{
    return fy_node_sequence_get_by_index(rh_yaml_get(loading->yaml->root, "limits"),
                                         (int)index);
}

static bool load_limits(struct loading *loading, bool head_good)
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
static bool check_after(struct loading *loading, uint32_t index)
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
static bool check_covered(struct loading *loading)
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

static bool load(struct loading *loading)
{
    struct rh_yaml *yaml = loading->yaml;
    const bool known = rh_yaml_keys(yaml, yaml->root, N_("the file"), top_keys, COUNT(top_keys));

    struct fy_node *opened_by = rh_yaml_need(yaml, yaml->root, "opened_by", N_("the file"));
    bool head = load_names(loading);
    head = opened_by != NULL && load_opened_by(loading, opened_by) && head;
    const bool allowed = load_allows(loading) && load_relations(loading) && known;
    const bool routed = load_routes(loading);
    bool good = load_copies(loading) && head && allowed && routed;
    good = load_checks(loading) && good;
    if (allowed)
        good = load_codes(loading) && good;
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
    struct loading loading = { &yaml, roles, settings, out };

    memset(out, 0, sizeof *out);
    enum rh_err err = rh_yaml_open_text(&yaml, name, text, bytes, report);
    if (err == RH_OK && !load(&loading))
        err = RH_ERR_CONFIG;
    rh_yaml_close(&yaml);
    return err;
}
