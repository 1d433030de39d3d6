/* The life cycle as a table: who may raise what in which state, and where it leads.
 *
 * Any pair not listed is refused. Source: protocol/spec/lifecycle.md, table 1, which a test
 * compares with this one both ways. What else a step needs (a route, a period not yet over,
 * a procedure that allows it) is the business of the file that decides it. */
#ifndef HUB_CORE_LIFECYCLE_H
#define HUB_CORE_LIFECYCLE_H

#include <rh/kind.h>

/* Set of actors as bits: an agency can be several at once. */
#define HUB_ACTOR_BIT(actor) (1u << (unsigned)(actor))

/* One row; `to` RH_STATE_NONE: the state stays as it is. */
struct hub_transition {
    uint32_t from;        /* set of states, bit 1 << state; bit 0: no such referral yet */
    enum rh_kind event;
    enum rh_actor who;
    enum rh_state to;
};

/* The rows, for tests and tools; NULL past the last. */
const struct hub_transition *hub_lifecycle_at(uint32_t index);

enum hub_turn {
    HUB_TURN_ALLOWED,
    HUB_TURN_WRONG_STATE, /* nobody may do this here */
    HUB_TURN_WRONG_ACTOR  /* somebody else may */
};

/* Whether one of `actors` may raise `event` in `from`, whatever it leads to. */
enum hub_turn hub_lifecycle_turn(enum rh_state from, enum rh_kind event, uint32_t actors);

/* Whether one of `actors` may take `from` to `to` by `event`. Staying counts as `to` ==
 * from. */
bool hub_lifecycle_leads(enum rh_state from, enum rh_kind event, uint32_t actors,
                         enum rh_state to);

/* Whose turn it is in a state, and which clock must run, as the specification's table 2 says;
 * HUB (13) where nobody holds it. `arrived` matters in dispatched only. */
enum rh_actor hub_lifecycle_holder(enum rh_state state, bool arrived);

#endif
