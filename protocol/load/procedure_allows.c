/* What a procedure allows: its switches, leaders, reviews, and what it follows. */
#include "load/procedure_inside.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const char *const leader_keys[] = { "repeats", "categories" };
static const char *const review_keys[] = { "by", "procedure" };
static const char *const reviewers[] = { "above", "same", "none" };

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

bool rh_load_allows(struct rh_load_draft *loading)
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
        { "sender_oversees", &out->sender_oversees },
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
static bool load_leader_categories(struct rh_load_draft *loading, struct fy_node *list)
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

static bool load_leader(struct rh_load_draft *loading)
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

static bool load_review(struct rh_load_draft *loading)
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

/* How often material may be asked for: once, all of it in one list (一次性告知), where the rule
 * says nothing else (退回补充侦查以二次为限). */
static bool load_supplement_times(struct rh_load_draft *loading)
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

bool rh_load_relations(struct rh_load_draft *loading)
{
    struct fy_node *follows = rh_yaml_get(loading->yaml->root, "follows");
    bool good = load_leader(loading);
    good = load_review(loading) && good;
    good = load_supplement_times(loading) && good;
    return (follows == NULL || load_few_codes(loading->yaml, follows, "follows",
                                              loading->out->follows, RH_FOLLOWS_MAX)) &&
           good;
}
