/* Which states a matter can reach under a procedure, and what can happen in each.
 *
 * The life cycle is decided in hub/core, which a loader must not know: agencies and auditors
 * read rules too. So the transitions stand here a second time, without the actors and with
 * what a procedure must allow for each; tests/unit/test_rules.c compares both tables row by
 * row, so that neither can change alone. Source: protocol/spec/lifecycle.md, table 1. */
#ifndef RH_LOAD_REACH_H
#define RH_LOAD_REACH_H

#include <rh/rules.h>

/* One transition; `to` RH_STATE_NONE: the state stays as it is. */
struct rh_load_step {
    uint32_t from; /* set of states, bit 1 << state; bit 0: no such matter yet */
    enum rh_kind event;
    enum rh_state to;
};

/* The rows, for the test; NULL past the last. */
const struct rh_load_step *rh_load_reach_at(uint32_t index);

/* Whether the procedure's flags and routes let `event` happen in `from` and lead to `to`
 * (RH_STATE_NONE: staying). */
bool rh_load_reach_leads(const struct rh_procedure *procedure, enum rh_state from,
                         enum rh_kind event, enum rh_state to);

/* Whether `event` can happen in one of `states` at all. */
bool rh_load_reach_happens(const struct rh_procedure *procedure, uint32_t states,
                           enum rh_kind event);

/* Every state that a matter of this procedure can come into, as bits. */
uint32_t rh_load_reach(const struct rh_procedure *procedure);

#endif
