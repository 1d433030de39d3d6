/* The words of the hub in both languages, from protocol/rules/glossary.yaml.
 *
 * A group is a heading of that file: "kinds", "states", "actors", "roles", "users", "lanes",
 * "deadlines", "days", "agencies", "figures", "bulletin", "columns", "risks", "escalation",
 * "transport", "boxes", "participants", "scopes", "taking_part", "withheld". An id
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

/* The title of a clock of the rules this program was built with, `group` being the procedure:
 * for whoever is told of a date by procedure and code alone and has no rules at hand. An empty
 * procedure finds what has one title in all of them. NULL: a clock of rules of one's own, or
 * the hub's watchdog. */
const struct rh_word *rh_step_title(const char *procedure, const char *limit);

/* The word in the language of rh_text_init(); `id` itself when the group has none. The result
 * is static, or `id`. */
const char *rh_word(const char *group, const char *id);

#endif
