/* Which fields a kind needs and which it may have: table 3 of protocol/spec/lifecycle.md, so
 * that a desk hears of every slip at once, with its place, before anything leaves. The hub
 * decides again. unit.message compares this table with the page. */
#ifndef AGENT_FIELDS_H
#define AGENT_FIELDS_H

#include <rh/item.h>

#include "runtime/problem.h"

/* A field by the name in table 3 and in JSON, as "due_ms" and "due". */
struct agent_field {
    const char *spec;
    const char *json;
};
/* NULL past the last; the index is the bit below. */
const struct agent_field *agent_field_at(unsigned index);

/* Sets of fields as bits. False for a kind an agency does not send. */
bool agent_fields_of(enum rh_kind kind, uint32_t *required, uint32_t *optional);
uint32_t agent_fields_present(const struct rh_public *item);

/* Problems for what is missing and for what does not belong. */
void agent_fields_check(const struct rh_public *item, struct agent_problems *problems);

#endif
