/* One entry under `limits` of a procedure: a clock. Inside protocol/load only. */
#ifndef RH_LOAD_LIMIT_H
#define RH_LOAD_LIMIT_H

#include "load/words.h"

/* Read what the entry says. What it means beside the rest of the procedure is judged by
 * rh_load_limit_check, once that is known. */
bool rh_load_limit(struct rh_yaml *yaml, struct fy_node *node, struct rh_limit *out);

/* Judge a clock that was read without a problem: its states can be reached, what meets it can
 * happen there, its ladder climbs, it starts in a state in which it runs.
 *
 * node       the entry it was read from, for the places.
 * procedure  the rest of the file, read. */
bool rh_load_limit_check(struct rh_yaml *yaml, struct fy_node *node,
                         const struct rh_procedure *procedure, const struct rh_limit *limit,
                         const struct rh_settings *settings);

bool rh_load_roll(struct rh_yaml *yaml, struct fy_node *node, enum rh_roll *out);
bool rh_load_verification(struct rh_yaml *yaml, struct fy_node *node,
                          enum rh_verification *out);

/* The rungs of a ladder, added behind the `*count` there are; and whether they climb, each
 * later than the one below, an urging before every level above it. */
bool rh_load_ladder(struct rh_yaml *yaml, struct fy_node *list, struct rh_rung *rungs,
                    uint32_t *count);
bool rh_load_ladder_check(struct rh_yaml *yaml, struct fy_node *list,
                          const struct rh_rung *rungs);

#endif
