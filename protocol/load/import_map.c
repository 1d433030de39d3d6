#include "load/import_map.h"

#include "load/words.h"

#include <rh/item.h>

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* A column's name into out; absent is fine unless needed. */
static bool load_column(struct rh_yaml *yaml, struct fy_node *mapping, const char *key,
                        bool needed, char out[RH_COLUMN_BYTES_MAX + 1])
{
    struct fy_node *node = needed ? rh_yaml_need(yaml, mapping, key, N_("the map"))
                                  : rh_yaml_get(mapping, key);

    if (node == NULL)
        return !needed;
    return rh_load_line(yaml, node, key, out, RH_COLUMN_BYTES_MAX + 1);
}

static bool load_code(struct rh_yaml *yaml, struct fy_node *mapping, const char *key,
                      bool needed, char *out, size_t capacity)
{
    struct fy_node *node = needed ? rh_yaml_need(yaml, mapping, key, N_("the map"))
                                  : rh_yaml_get(mapping, key);

    if (node == NULL)
        return !needed;
    return rh_load_code(yaml, node, key, out, capacity);
}

static bool load_encoding(struct rh_yaml *yaml, struct rh_import_map *out)
{
    static const char *const words[] = { "auto", "utf-8", "gb18030", "utf-16" };
    struct fy_node *node = rh_yaml_get(yaml->root, "encoding");
    size_t choice = RH_ENCODING_AUTO;

    if (node != NULL && !rh_yaml_choice(yaml, node, "encoding", words, COUNT(words), &choice))
        return false;
    out->encoding = (enum rh_import_encoding)choice;
    return true;
}

/* On the wire a system is lower case and has no ':' or '/'. */
static bool load_system(struct rh_yaml *yaml, struct rh_import_map *out)
{
    struct fy_node *node = rh_yaml_need(yaml, yaml->root, "system", N_("the map"));

    if (node == NULL || !rh_load_code(yaml, node, "system", out->system, sizeof out->system))
        return false;
    for (const char *at = out->system; *at != '\0'; at++)
        if ((*at >= 'A' && *at <= 'Z') || *at == ':' || *at == '/') {
            rh_yaml_problem(yaml, node, "system: '%s' may have a-z, 0-9 and _ . - only",
                            out->system);
            return false;
        }
    return true;
}

static bool load_time(struct rh_yaml *yaml, const char *key, struct rh_import_time *out)
{
    static const char *const keys[] = { "column", "zone" };
    struct fy_node *node = rh_yaml_get(yaml->root, key);

    if (node == NULL)
        return true;
    if (!rh_yaml_keys(yaml, node, key, keys, COUNT(keys)) ||
        !load_column(yaml, node, "column", true, out->column))
        return false;
    struct fy_node *zone = rh_yaml_need(yaml, node, "zone", key);
    return zone != NULL && rh_load_line(yaml, zone, "zone", out->zone, sizeof out->zone);
}

static bool load_area(struct rh_yaml *yaml, struct rh_import_map *out)
{
    static const char *const keys[] = { "default", "column" };
    struct fy_node *node = rh_yaml_need(yaml, yaml->root, "area", N_("the map"));

    return node != NULL && rh_yaml_keys(yaml, node, "area", keys, COUNT(keys)) &&
           load_code(yaml, node, "default", true, out->area, sizeof out->area) &&
           load_column(yaml, node, "column", false, out->area_column);
}

static bool load_value(struct rh_yaml *yaml, struct fy_node_pair *pair,
                       struct rh_import_value *out)
{
    struct fy_node *key = fy_node_pair_key(pair);
    struct fy_node *value = fy_node_pair_value(pair);

    return rh_load_line(yaml, key, N_("a value"), out->value, sizeof out->value) &&
           rh_load_code(yaml, value, N_("a category"), out->code, sizeof out->code);
}

static bool load_values(struct rh_yaml *yaml, struct fy_node *node, struct rh_import_map *out)
{
    void *iterator = NULL;
    struct fy_node_pair *pair;
    bool good = true;

    if (!fy_node_is_mapping(node)) {
        rh_yaml_problem(
            yaml, node,
            "values must be pairs of a word and a category, such as 'housing: urban.other'");
        return false;
    }
    while ((pair = fy_node_mapping_iterate(node, &iterator)) != NULL) {
        if (out->value_count == RH_IMPORT_VALUES_MAX) {
            rh_yaml_problem(yaml, node, "a map has at most %d values", RH_IMPORT_VALUES_MAX);
            return false;
        }
        if (fy_node_pair_key(pair) == NULL || fy_node_pair_value(pair) == NULL) {
            rh_yaml_problem(yaml, node,
                            "values must be pairs of a word and a category, such as 'housing: "
                            "urban.other'");
            return false;
        }
        good = load_value(yaml, pair, &out->values[out->value_count++]) && good;
    }
    return good;
}

static bool load_match(struct rh_yaml *yaml, struct fy_node *node, struct rh_import_match *out)
{
    static const char *const keys[] = { "pattern", "category" };

    if (!rh_yaml_keys(yaml, node, N_("a match"), keys, COUNT(keys)))
        return false;
    struct fy_node *pattern = rh_yaml_need(yaml, node, "pattern", N_("a match"));
    struct fy_node *category = rh_yaml_need(yaml, node, "category", N_("a match"));
    return pattern != NULL && category != NULL &&
           rh_load_line(yaml, pattern, "pattern", out->pattern, sizeof out->pattern) &&
           rh_load_code(yaml, category, "category", out->category, sizeof out->category);
}

static bool load_matches(struct rh_yaml *yaml, struct fy_node *list, struct rh_import_map *out)
{
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (!rh_load_filled(yaml, list, "matches"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (out->match_count == RH_IMPORT_MATCHES_MAX) {
            rh_yaml_problem(yaml, node, "a map has at most %d matches", RH_IMPORT_MATCHES_MAX);
            return false;
        }
        good = load_match(yaml, node, &out->matches[out->match_count++]) && good;
    }
    return good;
}

/* Up to four columns' names. `what` and `many` are for the complaint. */
static bool load_columns(struct rh_yaml *yaml, struct fy_node *list, const char *what,
                         const char *many, char out[][RH_COLUMN_BYTES_MAX + 1], uint32_t *count)
{
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (!rh_load_filled(yaml, list, what))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (*count == RH_IMPORT_COLUMNS_MAX) {
            rh_yaml_problem(yaml, node, many, RH_IMPORT_COLUMNS_MAX);
            return false;
        }
        good = rh_load_line(yaml, node, N_("a column"), out[(*count)++],
                            RH_COLUMN_BYTES_MAX + 1) &&
               good;
    }
    return good;
}

static bool load_category(struct rh_yaml *yaml, struct rh_import_map *out)
{
    static const char *const keys[] = { "default", "column", "values", "columns", "matches" };
    struct fy_node *node = rh_yaml_need(yaml, yaml->root, "category", N_("the map"));

    if (node == NULL || !rh_yaml_keys(yaml, node, "category", keys, COUNT(keys)))
        return false;
    bool good = load_code(yaml, node, "default", true, out->category, sizeof out->category);
    good = load_column(yaml, node, "column", false, out->category_column) && good;
    struct fy_node *values = rh_yaml_get(node, "values");
    struct fy_node *columns = rh_yaml_get(node, "columns");
    struct fy_node *matches = rh_yaml_get(node, "matches");
    if (values != NULL)
        good = load_values(yaml, values, out) && good;
    if (columns != NULL)
        good = load_columns(yaml, columns, "columns",
                            N_("patterns look at %d columns at most"), out->match_columns,
                            &out->match_column_count) &&
               good;
    if (matches != NULL)
        good = load_matches(yaml, matches, out) && good;
    if ((matches == NULL) != (columns == NULL)) {
        rh_yaml_problem(yaml, node, "'matches' need 'columns' to look at, and the other way "
                                    "round");
        good = false;
    }
    return good;
}

static bool load_private(struct rh_yaml *yaml, struct rh_import_map *out)
{
    static const char *const keys[] = { "title", "body", "person", "id_number", "phone" };
    struct fy_node *node = rh_yaml_get(yaml->root, "private");

    return node == NULL || (rh_yaml_keys(yaml, node, "private", keys, COUNT(keys)) &&
                            load_column(yaml, node, "title", false, out->title) &&
                            load_column(yaml, node, "body", false, out->body) &&
                            load_column(yaml, node, "person", false, out->person) &&
                            load_column(yaml, node, "id_number", false, out->id_number) &&
                            load_column(yaml, node, "phone", false, out->phone));
}

static bool load_matter(struct rh_yaml *yaml, struct rh_import_map *out)
{
    struct fy_node *list = rh_yaml_get(yaml->root, "matter");

    return list == NULL ||
           load_columns(yaml, list, "matter", N_("a matter is told by %d columns at most"),
                        out->matter, &out->matter_count);
}

static bool load_stars(struct rh_yaml *yaml, struct fy_node *mapping, const char *key,
                       uint32_t *out)
{
    struct fy_node *node = rh_yaml_get(mapping, key);
    uint64_t number = 0;

    if (node == NULL)
        return true;
    if (!rh_yaml_uint(yaml, node, key, 1, RH_IMPORT_STARS_MAX, &number))
        return false;
    *out = (uint32_t)number;
    return true;
}

static bool load_lanes(struct rh_yaml *yaml, struct rh_import_map *out)
{
    static const char *const keys[] = { "urgent", "green" };
    struct fy_node *node = rh_yaml_get(yaml->root, "lanes");

    return node == NULL || (rh_yaml_keys(yaml, node, "lanes", keys, COUNT(keys)) &&
                            load_stars(yaml, node, "urgent", &out->urgent_stars) &&
                            load_stars(yaml, node, "green", &out->green_stars));
}

static bool load_fact(struct rh_yaml *yaml, struct fy_node *node, struct rh_import_fact *out)
{
    static const char *const keys[] = { "fact", "column", "type" };
    static const char *const types[] = { "code", "number" };
    size_t type = 0;

    if (!rh_yaml_keys(yaml, node, N_("a fact"), keys, COUNT(keys)))
        return false;
    struct fy_node *key = rh_yaml_need(yaml, node, "fact", N_("a fact"));
    struct fy_node *word = rh_yaml_need(yaml, node, "type", N_("a fact"));
    bool good = key != NULL &&
                rh_load_key(yaml, key, "fact", out->key, RH_FACT_KEY_BYTES_MAX + 1);
    good =
        word != NULL && rh_yaml_choice(yaml, word, "type", types, COUNT(types), &type) && good;
    out->number = type == 1;
    return load_column(yaml, node, "column", true, out->column) && good;
}

static bool load_facts(struct rh_yaml *yaml, struct rh_import_map *out)
{
    struct fy_node *list = rh_yaml_get(yaml->root, "facts");
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (list == NULL)
        return true;
    if (!rh_yaml_sequence(yaml, list, "facts"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (out->fact_count == RH_IMPORT_FACTS_MAX) {
            rh_yaml_problem(yaml, node, "a map has at most %d facts", RH_IMPORT_FACTS_MAX);
            return false;
        }
        struct rh_import_fact *fact = &out->facts[out->fact_count++];
        good = load_fact(yaml, node, fact) && good;
        for (uint32_t i = 0; good && i + 1 < out->fact_count; i++)
            if (strcmp(out->facts[i].key, fact->key) == 0) {
                rh_yaml_problem(yaml, node, "the fact '%s' is named above already", fact->key);
                good = false;
            }
    }
    return good;
}

static bool load_head(struct rh_yaml *yaml, struct rh_import_map *out)
{
    static const char *const keys[] = { "map",    "system",     "number",   "procedure",
                                        "source", "reply_owed", "area",     "opened",
                                        "due",    "closed",     "category", "private",
                                        "facts",  "encoding",   "matter",   "lanes" };
    struct fy_node *reply = rh_yaml_get(yaml->root, "reply_owed");
    bool good = rh_yaml_keys(yaml, yaml->root, N_("the map"), keys, COUNT(keys));

    good = load_code(yaml, yaml->root, "map", true, out->id, sizeof out->id) && good;
    good = load_encoding(yaml, out) && good;
    good = load_system(yaml, out) && good;
    good = load_column(yaml, yaml->root, "number", true, out->number) && good;
    good = load_code(yaml, yaml->root, "procedure", true, out->procedure,
                     sizeof out->procedure) &&
           good;
    good = load_code(yaml, yaml->root, "source", true, out->source, sizeof out->source) && good;
    return (reply == NULL || rh_yaml_bool(yaml, reply, "reply_owed", &out->reply_owed)) && good;
}

enum rh_err rh_load_import_map(const char *path, struct rh_import_map *out,
                               struct rh_load_report *report)
{
    struct rh_yaml yaml;

    memset(out, 0, sizeof *out);
    enum rh_err err = rh_yaml_open(&yaml, path, report);
    if (err == RH_OK) {
        bool good = load_head(&yaml, out);
        good = load_area(&yaml, out) && good;
        good = load_time(&yaml, "opened", &out->opened) && good;
        good = load_time(&yaml, "due", &out->due) && good;
        good = load_time(&yaml, "closed", &out->closed) && good;
        good = load_category(&yaml, out) && good;
        good = load_private(&yaml, out) && good;
        good = load_matter(&yaml, out) && good;
        good = load_lanes(&yaml, out) && good;
        good = load_facts(&yaml, out) && good;
        err = good ? RH_OK : RH_ERR_CONFIG;
    }
    rh_yaml_close(&yaml);
    return err;
}
