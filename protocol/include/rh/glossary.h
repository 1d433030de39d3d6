/* The words of the hub in both languages, from protocol/rules/glossary.yaml.
 *
 * A group is a heading of that file: "kinds", "states", "actors", "roles", "users", "lanes",
 * "deadlines", "days", "agencies", "figures", "bulletin", "columns", "risks", "escalation", "transport", "boxes". An id
 * is what JSON, YAML and messages hold. */
#ifndef RH_GLOSSARY_H
#define RH_GLOSSARY_H

#include <stddef.h>

struct rh_word {
    const char *group;
    const char *id;
    const char *zh;
    const char *en;
};

/* The entries in the order of the file; NULL past the last. */
const struct rh_word *rh_word_at(size_t index);

/* The entry, or NULL when the group has no such id. */
const struct rh_word *rh_word_find(const char *group, const char *id);

/* The word in the language of rh_text_init(); `id` itself when the group has none. The result
 * is static, or `id`. */
const char *rh_word(const char *group, const char *id);

#endif
