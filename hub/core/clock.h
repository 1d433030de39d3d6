/* One clock of a referral: dates, beginning, standing still, ending. Used by clocks.c and
 * clocks_start.c, which know when; here is how. Inside hub/core only. */
#ifndef HUB_CORE_CLOCK_H
#define HUB_CORE_CLOCK_H

#include "core/clocks.h"

bool hub_clock_is_watchdog(const struct hub_deadline *deadline);

/* Whether a limit has a place in the row's state and dispatch kind, and what it depends on
 * holds. */
bool hub_clock_applies(const struct rh_limit *limit, const struct hub_referral *row);

/* The agency an actor stands for; the holder where nobody fills that part yet. */
uint32_t hub_clock_owner(const struct hub_referral *row, enum rh_actor actor);

/* Whether pausable clocks stand still: suspended, or a hearing is open. */
bool hub_clocks_stand(const struct hub_referral *row);

/* Newest clock of a limit, owed or ended; NULL when there is none. */
struct hub_deadline *hub_clock_newest(struct hub_referral *row, const char *limit);

/* A new clock from a limit: `set_ms` is the sender's end, 0 to derive it from the span. May
 * move the others in memory: no pointer to a clock survives it. */
void hub_clock_begin_limit(struct hub_step *step, struct hub_referral *row,
                           const struct rh_limit *limit, uint64_t start_ms, uint32_t round,
                           uint64_t set_ms);
/* What a limit says about length and roll, as settings say it for the matter's area. */
void hub_clock_set_terms(const struct hub_step *step, const struct hub_referral *row,
                         const struct rh_limit *limit, struct hub_deadline *deadline);
/* Whether what the rule says keeps its end on a day off holds now: no day off prolongs custody
 * (刑事诉讼法 art. 105). */
bool hub_clock_stays(const struct rh_limit *limit, const struct hub_referral *row);
/* That may have come to hold, or ceased to, with this step: the end moves, on record, and
 * whoever owes is told. What was missed stays missed. */
void hub_clock_take_roll(struct hub_step *step, struct hub_referral *row,
                         struct hub_deadline *deadline);
/* The record says from when to when an end was moved. */
void hub_clock_note_moved(struct hub_step *step, const struct hub_referral *row,
                          const struct hub_deadline *deadline, uint64_t was_ms);
void hub_clock_begin_assigned(struct hub_step *step, struct hub_referral *row, uint64_t at_ms,
                              uint64_t set_ms);
struct hub_deadline *hub_clock_begin(struct hub_step *step, struct hub_referral *row,
                                     const char *id, uint32_t owed_by, uint64_t start_ms);
/* Compute, arm, and stand still at once if everything does. A clock whose terms give no date
 * (beyond all years) does not run: the watchdog takes its place. */
void hub_clock_run(struct hub_step *step, struct hub_referral *row,
                   struct hub_deadline *deadline, const struct rh_limit *limit,
                   uint64_t at_ms);

void hub_clock_pause(struct hub_step *step, const struct hub_referral *row,
                     struct hub_deadline *deadline, uint64_t at_ms);
void hub_clock_close_pause(struct hub_deadline *deadline, uint64_t at_ms);

/* The act was done: met, or late when the end had passed. */
void hub_clock_meet(struct hub_step *step, struct hub_referral *row,
                    struct hub_deadline *deadline, enum rh_kind kind);
/* No longer owed. What was missed stays missed. `left`: see clocks.h. */
void hub_clock_cancel(struct hub_step *step, struct hub_referral *row,
                      struct hub_deadline *deadline, bool left);

/* Start and revive what `change` calls for (clocks_start.c). */
void hub_clocks_start(struct hub_step *step, struct hub_referral *row,
                      const struct hub_change *change);

#endif
