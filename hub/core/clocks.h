/* The clocks of one referral: which start, stop, stand still or are met when something happens.
 *
 * The rules say it per clock (struct rh_limit); here it is done for all of them after every
 * event, in this order: meet and cancel, end those whose states were left, hand over to a new
 * holder, move ends that custody keeps on a day off or no longer does, pause or go on, revive
 * and start, follow on, and last the watchdog: a clock of policy for an open state in which the
 * holder would otherwise owe nothing by any date.
 *
 * Bouncing resets nothing. A clock that ended only because the matter left its states keeps
 * that mark (`left`). When the matter comes back to the same agency it is revived: with its old
 * start where it never rightly left (an objection overruled), and with the time away taken
 * out where it did (returned and sent again, material supplied). Inside hub/core only. */
#ifndef HUB_CORE_CLOCKS_H
#define HUB_CORE_CLOCKS_H

#include "core/deadline.h"
#include "core/step.h"

#define HUB_LIMIT_WATCHDOG "watchdog"
#define HUB_LIMIT_ASSIGNED "assigned" /* the sender's due date where no limit takes it */

enum { HUB_WATCHDOG_DAYS = 30 }; /* where settings name none for a state */

/* What happened. The row is as it is afterwards. */
struct hub_change {
    enum rh_kind kind;
    uint32_t agency;        /* who did it */
    enum rh_state before;
    uint64_t at_ms;         /* instant from which clocks start; now, or earlier for an arrival */
    bool fresh;             /* the row is new, or its procedure changed: clocks from registration
                               start as well */
    uint64_t due_ms;        /* the sender's due date, 0 none */
};

void hub_clocks_apply(struct hub_step *step, struct hub_referral *row,
                      const struct hub_change *change);

/* The limit of a clock, NULL for the watchdog, the assigned clock and rules that are gone. */
const struct rh_limit *hub_clock_limit(const struct hub_step *step,
                                       const struct hub_referral *row,
                                       const struct hub_deadline *deadline);

/* Derive the dates of a clock again from its inputs. False when the terms give no date. */
bool hub_clock_compute(const struct rh_calendar *calendar, struct hub_deadline *deadline);

/* Set the timers of a running clock to its end; `fresh` warns again even if it was done. */
void hub_clock_arm(struct hub_step *step, const struct hub_referral *row,
                   struct hub_deadline *deadline, bool fresh);

/* End a running clock whose instant has come: missed, or lapsed for a mere right. */
void hub_clock_expire(struct hub_step *step, struct hub_referral *row,
                      struct hub_deadline *deadline);

/* After a clock ended by itself: clocks that follow it, the next round, the watchdog. */
void hub_clocks_follow(struct hub_step *step, struct hub_referral *row);

/* The clock an extension is for: the running one that ends first and may still be extended.
 * NULL with `late`: one could have been, but its end has passed. */
struct hub_deadline *hub_clock_extendable(struct hub_step *step, struct hub_referral *row,
                                          bool *late);

/* Moves the end of a clock that runs or was missed by `n` of its rule's units, counted from the
 * day before rolling. A missed one runs again and stays on record as missed; its ladder begins anew.
 * EXTENSION_LIMIT: no such day. EXTENSION_LATE: the new end has passed as well. On either
 * nothing was changed. */
enum rh_refusal hub_clock_extend(struct hub_step *step, struct hub_referral *row,
                                 struct hub_deadline *deadline, uint32_t n);

/* Whether every clock that would stand still has room for one more pause. */
bool hub_clocks_can_pause(const struct hub_step *step, const struct hub_referral *row);

/* Whether a period that must run out first forbids this step (a public notice before a
 * suit). */
bool hub_clocks_bar(const struct hub_step *step, const struct hub_referral *row,
                    enum rh_kind kind);

/* The right to a step, as objecting to the dispatch in force: still open, used already, over,
 * or no such right. */
enum hub_right { HUB_RIGHT_NONE, HUB_RIGHT_OPEN, HUB_RIGHT_USED, HUB_RIGHT_OVER };
enum hub_right hub_clocks_right(const struct hub_step *step, const struct hub_referral *row,
                                enum rh_kind kind);

#endif
