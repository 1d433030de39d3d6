#include "load/screening.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

enum { VERSION_MAX = 1000000, WINDOW_MAX = 36500, THRESHOLD_MAX = 100000 };

static const char *const top_keys[] = { "repeats", "hotspots", "keywords" };
static const char *const repeat_keys[] = { "id",    "version", "title",      "basis",
                                           "match", "window",  "area_digits" };
static const char *const hotspot_keys[] = { "id",        "version",  "title",
                                            "basis",     "category", "area_digits",
                                            "threshold", "window",   "to" };
static const char *const keyword_keys[] = { "id",       "version",   "title", "basis",
                                            "in",       "any",       "all",   "not",
                                            "category", "procedure", "star" };

struct loading {
    struct rh_yaml *yaml;
    const struct rh_load_roles *roles; /* NULL: keywords only */
    struct rh_rules *rules;            /* NULL: the same */
    struct rh_keywords *keywords;      /* never NULL while keywords are read */
};

/* ---- what every rule has --------------------------------------------------------------- */

struct head {
    char *id;
    uint32_t *version;
    char *zh, *en, *basis;
};

static bool load_head(struct rh_yaml *yaml, struct fy_node *node, const struct head *head)
{
    uint64_t version = 0;
    struct fy_node *id = rh_yaml_need(yaml, node, "id", N_("the rule"));
    struct fy_node *number = rh_yaml_need(yaml, node, "version", N_("the rule"));
    struct fy_node *title = rh_yaml_need(yaml, node, "title", N_("the rule"));
    struct fy_node *basis = rh_yaml_need(yaml, node, "basis", N_("the rule"));
    bool good = id != NULL && rh_load_code(yaml, id, "id", head->id, RH_RULE_ID_BYTES_MAX + 1);
    good = number != NULL && rh_yaml_uint(yaml, number, "version", 1, VERSION_MAX, &version) &&
           good;
    good = title != NULL &&
           rh_load_pair(yaml, title, "title", head->zh, head->en, RH_TITLE_BYTES_MAX + 1) &&
           good;
    good = basis != NULL && rh_load_line(yaml, basis, "basis", head->basis,
                                         RH_BASIS_BYTES_MAX + 1) && good;
    *head->version = (uint32_t)version;
    return good;
}

static bool load_days(struct rh_yaml *yaml, struct fy_node *node, uint32_t max, uint32_t *out)
{
    struct rh_span span;
    if (!rh_load_span(yaml, node, "window", 1, &span))
        return false;
    if (span.unit != RH_UNIT_CALENDAR_DAY || span.n > max) {
        rh_yaml_problem(yaml, node, "window counts whole days; write 1 to %u calendar_day",
                        (unsigned)max);
        return false;
    }
    *out = span.n;
    return true;
}

/* 2 province, 4 city, 6 county, 9 town, 12 village. */
static bool load_digits(struct rh_yaml *yaml, struct fy_node *node, const uint32_t *allowed,
                        size_t count, const char *meant, uint32_t *out)
{
    uint64_t digits = 0;
    if (!rh_yaml_uint(yaml, node, "area_digits", 1, RH_AREA_DIGITS_MAX, &digits))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (allowed[i] == digits) {
            *out = allowed[i];
            return true;
        }
    }
    rh_yaml_problem(yaml, node, "no level of division codes has %u digits here; write %s",
                    (unsigned)digits, meant);
    return false;
}

/* ---- repeats --------------------------------------------------------------------------- */

static bool load_match(struct rh_yaml *yaml, struct fy_node *list, uint32_t *out)
{
    static const char *const words[] = { "person", "matter", "place" };
    static const uint32_t bits[] = { RH_MATCH_PERSON, RH_MATCH_MATTER, RH_MATCH_PLACE };
    void *iterator = NULL;
    struct fy_node *node;
    *out = 0;
    if (!rh_load_filled(yaml, list, "match"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        size_t at;
        if (!rh_yaml_choice(yaml, node, "match", words, COUNT(words), &at))
            return false;
        *out |= bits[at];
    }
    if ((*out & RH_MATCH_PLACE) == 0 || *out == RH_MATCH_PLACE)
        return true;
    rh_yaml_problem(yaml, list, "a place stands alone, it means the same category too; write "
                                "[place], [person], [matter] or [person, matter]");
    return false;
}

static bool load_repeat(struct loading *loading, struct fy_node *node, struct rh_repeat *out)
{
    static const uint32_t levels[] = { 9, 12 };
    struct rh_yaml *yaml = loading->yaml;
    const struct head head = { out->id, &out->version, out->title_zh, out->title_en,
                               out->basis };
    memset(out, 0, sizeof *out);
    if (!rh_yaml_keys(yaml, node, N_("a rule for repeats"), repeat_keys, COUNT(repeat_keys)))
        return false;
    bool good = load_head(yaml, node, &head);
    struct fy_node *match = rh_yaml_need(yaml, node, "match", N_("the rule"));
    struct fy_node *window = rh_yaml_get(node, "window");
    struct fy_node *digits = rh_yaml_get(node, "area_digits");
    if (match == NULL || !load_match(yaml, match, &out->match))
        return false;
    if (window != NULL)
        good = load_days(yaml, window, WINDOW_MAX, &out->window_days) && good;
    if (out->match == RH_MATCH_PLACE && (digits == NULL || window == NULL)) {
        rh_yaml_problem(yaml, node, "a place needs 'area_digits' (9 town, 12 village) and a "
                                    "'window', or everything repeats");
        return false;
    }
    if (digits != NULL && out->match != RH_MATCH_PLACE) {
        rh_yaml_problem(yaml, digits, "area_digits belongs to match: [place]; leave it out");
        return false;
    }
    if (digits != NULL)
        good = load_digits(yaml, digits, levels, COUNT(levels), N_("9 or 12"),
                           &out->area_digits) &&
               good;
    if (good && rh_rules_repeat(loading->rules, out->id) != NULL) {
        rh_yaml_problem(yaml, node, "the rule '%s' is there already; give it another id",
                        out->id);
        return false;
    }
    return good;
}

/* ---- hot spots ------------------------------------------------------------------------- */

static bool load_category(struct rh_yaml *yaml, struct fy_node *node, char *out,
                          size_t capacity)
{
    if (!rh_yaml_text(yaml, node, "category", out, capacity))
        return false;
    const size_t bytes = strlen(out);
    const bool prefix = out[bytes - 1] == '*';
    if ((prefix && bytes == 1) || rh_load_is_code(out, prefix ? bytes - 1 : bytes))
        return true;
    rh_yaml_problem(yaml, node,
                    "'%s' is no category; write a code such as environment.river, or a "
                    "prefix such as \"environment.*\"",
                    out);
    return false;
}

static bool load_hotspot(struct loading *loading, struct fy_node *node, struct rh_hotspot *out)
{
    static const uint32_t levels[] = { 2, 4, 6, 9, 12 };
    struct rh_yaml *yaml = loading->yaml;
    uint64_t threshold = 0;
    char role[RH_ROLE_BYTES_MAX + 1];
    const struct head head = { out->id, &out->version, out->title_zh, out->title_en,
                               out->basis };
    memset(out, 0, sizeof *out);
    if (!rh_yaml_keys(yaml, node, "a hot-spot rule", hotspot_keys, COUNT(hotspot_keys)))
        return false;
    bool good = load_head(yaml, node, &head);
    struct fy_node *category = rh_yaml_need(yaml, node, "category", N_("the rule"));
    struct fy_node *digits = rh_yaml_need(yaml, node, "area_digits", N_("the rule"));
    struct fy_node *number = rh_yaml_need(yaml, node, "threshold", N_("the rule"));
    struct fy_node *window = rh_yaml_need(yaml, node, "window", N_("the rule"));
    struct fy_node *to = rh_yaml_need(yaml, node, "to", N_("the rule"));
    good = category != NULL &&
           load_category(yaml, category, out->category, sizeof out->category) && good;
    good = digits != NULL &&
           load_digits(yaml, digits, levels, COUNT(levels), N_("2, 4, 6, 9 or 12"),
                       &out->area_digits) &&
           good;
    good = number != NULL &&
           rh_yaml_uint(yaml, number, "threshold", 2, THRESHOLD_MAX, &threshold) && good;
    good = window != NULL && load_days(yaml, window, RH_HOTSPOT_DAYS_MAX, &out->window_days) &&
           good;
    good = to != NULL &&
           rh_load_addressee(loading->yaml, to, "to", loading->roles, out->to, role) && good;
    out->threshold = (uint32_t)threshold;
    if (good && rh_rules_hotspot(loading->rules, out->id) != NULL) {
        rh_yaml_problem(yaml, node, "the rule '%s' is there already; give it another id",
                        out->id);
        return false;
    }
    return good;
}

/* ---- keywords -------------------------------------------------------------------------- */

static bool load_fields(struct rh_yaml *yaml, struct fy_node *list, uint32_t *out)
{
    static const char *const words[] = { "title", "text" };
    void *iterator = NULL;
    struct fy_node *node;
    *out = 0;
    if (!rh_load_filled(yaml, list, "in"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        size_t at;
        if (!rh_yaml_choice(yaml, node, "in", words, COUNT(words), &at))
            return false;
        *out |= at == 0 ? RH_KEYWORD_IN_TITLE : RH_KEYWORD_IN_TEXT;
    }
    return true;
}

static bool load_words(struct loading *loading, struct fy_node *list, const char *what,
                       enum rh_keyword_group group)
{
    struct rh_yaml *yaml = loading->yaml;
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;
    if (!rh_load_filled(yaml, list, what))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        char word[RH_KEYWORD_BYTES_MAX + 1];
        if (!rh_load_line(yaml, node, what, word, sizeof word)) {
            good = false;
            continue;
        }
        enum rh_err err = rh_keywords_word(loading->keywords, group, word, strlen(word));
        if (err == RH_OK)
            continue;
        rh_yaml_problem(yaml, node,
                        err == RH_ERR_EXISTS
                            ? "'%s' stands in this list already; once is enough"
                            : "'%s' is one word too many; a rule has at most 64, "
                              "all rules 4096",
                        word);
        good = false;
    }
    return good;
}

static bool load_groups(struct loading *loading, struct fy_node *node)
{
    static const char *const names[] = { "any", "all", "not" };
    bool good = true, wanted = false;
    for (int group = RH_KEYWORD_ANY; group <= RH_KEYWORD_NOT; group++) {
        struct fy_node *list = rh_yaml_get(node, names[group]);
        wanted = wanted || (list != NULL && group != RH_KEYWORD_NOT);
        if (list != NULL)
            good =
                load_words(loading, list, names[group], (enum rh_keyword_group)group) && good;
    }
    if (wanted)
        return good;
    rh_yaml_problem(loading->yaml, node,
                    "names no word to look for; write 'any' or 'all' with a list of words");
    return false;
}

static bool load_effect(struct loading *loading, struct fy_node *node,
                        struct rh_keyword_rule *out)
{
    struct rh_yaml *yaml = loading->yaml;
    uint64_t star = 0;
    bool good = true;
    struct fy_node *category = rh_yaml_get(node, "category");
    struct fy_node *procedure = rh_yaml_get(node, "procedure");
    struct fy_node *stars = rh_yaml_get(node, "star");
    if (category != NULL)
        good = rh_load_code(yaml, category, "category", out->category, sizeof out->category);
    if (procedure != NULL)
        good = rh_load_code(yaml, procedure, "procedure", out->procedure,
                            sizeof out->procedure) && good;
    if (stars != NULL)
        good = rh_yaml_uint(yaml, stars, "star", 3, 5, &star) && good;
    out->star = (uint32_t)star;
    if (procedure != NULL && loading->rules != NULL && good &&
        rh_rules_procedure(loading->rules, out->procedure) == NULL &&
        loading->rules->procedure_count > 0) {
        rh_yaml_problem(yaml, procedure, "unknown procedure '%s'; see the folder procedures",
                        out->procedure);
        return false;
    }
    if (category != NULL || procedure != NULL || stars != NULL)
        return good;
    rh_yaml_problem(yaml, node,
                    "leads to nothing; name a 'category', a 'procedure' or a 'star'");
    return false;
}

static bool load_keyword(struct loading *loading, struct fy_node *node)
{
    struct rh_yaml *yaml = loading->yaml;
    struct rh_keyword_rule rule = { .fields = RH_KEYWORD_IN_TITLE | RH_KEYWORD_IN_TEXT };
    const struct head head = { rule.id, &rule.version, rule.title_zh, rule.title_en,
                               rule.basis };
    if (!rh_yaml_keys(yaml, node, N_("a keyword rule"), keyword_keys, COUNT(keyword_keys)))
        return false;
    bool good = load_head(yaml, node, &head);
    struct fy_node *fields = rh_yaml_get(node, "in");
    if (fields != NULL)
        good = load_fields(yaml, fields, &rule.fields) && good;
    good = load_effect(loading, node, &rule) && good;
    enum rh_err err = good ? rh_keywords_rule(loading->keywords, &rule) : RH_OK;
    if (err != RH_OK) {
        rh_yaml_problem(yaml, node,
                        err == RH_ERR_EXISTS
                            ? "the rule '%s' is there already; give it another id"
                            : "'%s' is one rule too many; at most 256",
                        rule.id);
        return false;
    }
    return good && load_groups(loading, node);
}

/* ---- the file -------------------------------------------------------------------------- */

static bool load_one(struct loading *loading, struct fy_node *node, size_t list)
{
    struct rh_rules *rules = loading->rules;
    if (list == 2)
        return load_keyword(loading, node);
    if (rules == NULL)
        return true;
    uint32_t *count = list == 0 ? &rules->repeat_count : &rules->hotspot_count;
    const uint32_t max = list == 0 ? RH_REPEATS_MAX : RH_HOTSPOTS_MAX;
    if (*count == max) {
        rh_yaml_problem(loading->yaml, node,
                        "is one rule too many; all files together have at "
                        "most %u under '%s'",
                        (unsigned)max, top_keys[list]);
        return false;
    }
    bool good = list == 0 ? load_repeat(loading, node, &rules->repeats[*count])
                          : load_hotspot(loading, node, &rules->hotspots[*count]);
    *count += good ? 1 : 0;
    return good;
}

static bool load(struct loading *loading)
{
    struct rh_yaml *yaml = loading->yaml;
    bool good = rh_yaml_keys(yaml, yaml->root, N_("the file"), top_keys, COUNT(top_keys));
    for (size_t i = 0; i < COUNT(top_keys); i++) {
        void *iterator = NULL;
        struct fy_node *node, *list = rh_yaml_get(yaml->root, top_keys[i]);
        if (list == NULL)
            continue;
        if (!rh_yaml_sequence(yaml, list, top_keys[i])) {
            good = false;
            continue;
        }
        while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL)
            good = load_one(loading, node, i) && good;
    }
    return good;
}

enum rh_err rh_load_screening(const char *name, const char *text, size_t bytes,
                              const struct rh_load_roles *roles, struct rh_rules *rules,
                              struct rh_load_report *report)
{
    struct rh_yaml yaml;
    struct loading loading = { .yaml = &yaml, .roles = roles, .rules = rules };
    enum rh_err err = rh_keywords_new(&loading.keywords);
    if (err != RH_OK)
        return err;
    err = rh_yaml_open_text(&yaml, name, text, bytes, report);
    if (err == RH_OK && !load(&loading))
        err = RH_ERR_CONFIG;
    rh_yaml_close(&yaml);
    rh_keywords_destroy(&loading.keywords);
    return err;
}

enum rh_err rh_load_keywords(const char *path, struct rh_keywords **out,
                             struct rh_load_report *report)
{
    struct rh_yaml yaml;
    struct loading loading = { .yaml = &yaml };
    *out = NULL;
    enum rh_err err = rh_keywords_new(&loading.keywords);
    if (err != RH_OK)
        return err;
    err = rh_yaml_open(&yaml, path, report);
    if (err == RH_OK && !load(&loading))
        err = RH_ERR_CONFIG;
    rh_yaml_close(&yaml);
    if (err == RH_OK)
        err = rh_keywords_seal(loading.keywords);
    if (err == RH_OK)
        *out = loading.keywords;
    else
        rh_keywords_destroy(&loading.keywords);
    return err;
}
