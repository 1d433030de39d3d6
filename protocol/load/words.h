/* Words that rule files have in common: spans of time, kinds, states, actors, roles, codes.
 *
 * Each function reads one node and is true when the value is usable; otherwise a problem was
 * reported at the node, with the nearest valid word or an example of the form. `what` names
 * the value in the sentence: "span", "met_by". Formats: protocol/rules/README.md. */
#ifndef RH_LOAD_WORDS_H
#define RH_LOAD_WORDS_H

#include <rh/rules.h>

#include "load/yaml.h"

enum {
    RH_LOAD_ROLES_MAX = 32,
    RH_LOAD_SPAN_MAX = 9999 /* largest number of a span: 27 years of days */
};

/* Agency roles that rule files may name. */
struct rh_load_roles {
    bool any; /* the list could not be read: take every well-formed role */
    uint32_t count;
    char names[RH_LOAD_ROLES_MAX][RH_ROLE_BYTES_MAX + 1];
};

/* petitions, procuratorate, court, police: the roles every hub knows. */
void rh_load_roles_init(struct rh_load_roles *roles);
bool rh_load_roles_have(const struct rh_load_roles *roles, const char *role);
/* [a-z][a-z0-9_]*, at most RH_ROLE_BYTES_MAX bytes. */
bool rh_load_is_role(const char *text);

/* A role, or "*" where `star` allows it. */
bool rh_load_role(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                  const struct rh_load_roles *roles, bool star,
                  char out[RH_ROLE_BYTES_MAX + 1]);

/* An agency, or a role whose agency is found by the area: that is kept as "court.". `role` is
 * that of either; of an agency it is not compared with `roles`. */
bool rh_load_addressee(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                       const struct rh_load_roles *roles, char out[RH_AGENCY_BYTES_MAX + 1],
                       char role[RH_ROLE_BYTES_MAX + 1]);

/* "7 calendar_day", from `min` on. */
bool rh_load_span(struct rh_yaml *yaml, struct fy_node *node, const char *what, uint32_t min,
                  struct rh_span *out);

/* About how long a span is at least, in hours: a working day counts as a day, a month as 28
 * days. Enough to see which of two spans is longer where units differ. */
uint64_t rh_load_span_hours(const struct rh_span *span);

/* One message kind that agencies send. */
bool rh_load_kind(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                  enum rh_kind *out);
/* A list of them, not empty, none twice; `dispatch` stands for every dispatch kind. */
bool rh_load_kinds(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                   struct rh_kind_set *out);
bool rh_load_kinds_empty(const struct rh_kind_set *set);
/* The kinds one element of such a list stands for; a quiet second look at what was read. */
struct rh_kind_set rh_load_kinds_of(struct fy_node *element);

/* A list of states in which somebody holds the matter. */
bool rh_load_states(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                    uint32_t *out);
bool rh_load_state(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                   enum rh_state *out);
enum rh_state rh_load_state_of(struct fy_node *element);

/* One of `allowed`, bits 1 << actor. */
bool rh_load_actor(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                   uint32_t allowed, enum rh_actor *out);

/* [A-Za-z0-9][A-Za-z0-9_.:/-]*, the alphabet of every code on the wire; at most
 * RH_CODE_BYTES_MAX bytes, and less than `capacity`. */
bool rh_load_code(struct rh_yaml *yaml, struct fy_node *node, const char *what, char *out,
                  size_t capacity);
bool rh_load_is_code(const char *text, size_t bytes);
/* [a-z][a-z0-9_]*: key of a fact. */
bool rh_load_key(struct rh_yaml *yaml, struct fy_node *node, const char *what, char *out,
                 size_t capacity);

/* A line for people: UTF-8 without control characters. */
bool rh_load_line(struct rh_yaml *yaml, struct fy_node *node, const char *what, char *out,
                  size_t capacity);
/* { zh: ..., en: ... } */
bool rh_load_pair(struct rh_yaml *yaml, struct fy_node *node, const char *what, char *zh,
                  char *en, size_t capacity);

/* A list with at least one element. */
bool rh_load_filled(struct rh_yaml *yaml, struct fy_node *node, const char *what);

#endif
