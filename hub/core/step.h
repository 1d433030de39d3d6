/* One decision in the making: what the files of hub/core hand to one another. Inside hub/core
 * only; the world outside sees decide.h.
 *
 * A handler answers true to go on and false to end. Why it ended stands in the step: either
 * the outcome is a refusal, or `err` says what the world (or one of our bounds) answered. */
#ifndef HUB_CORE_STEP_H
#define HUB_CORE_STEP_H

#include <rh/refusal.h>

#include "core/decide.h"
#include "core/lifecycle.h"

struct hub_step {
    const struct hub_world *world;
    const struct hub_event *event;
    struct hub_outcome *out;
    uint64_t at_ms;                 /* instant from which it counts: now; for an item that an
                                       earlier generation had stored that instant, but none
                                       before what the loaded rows have seen */
    const struct rh_public *item;   /* the item; NULL for the hub's own events */
    uint32_t agency;                /* who acts; HUB_AGENCY_HUB for the hub's own events */
    uint32_t actors;                /* what it is to the referral, HUB_ACTOR_BIT */
    struct hub_referral *row;       /* &out->rows[0] once loaded */
    const struct rh_procedure *procedure; /* of row; never NULL once loaded */
    enum rh_state before;           /* row's state before the event */
    uint32_t rows_made;             /* new referrals so far */
    bool fresh;                     /* row is new or follows another procedure from now on */
    enum rh_lane lane;              /* of what is delivered, where no item says: at least this */
    bool idle;                      /* said already: clocks and counters stay as they are */
    enum rh_err err;
};

typedef bool hub_handler(struct hub_step *step);

/* ---- ending ---------------------------------------------------------------------------- */

/* Refuse; `field` is the key of the offending field, or 0. Always false. */
bool hub_step_refuse(struct hub_step *step, enum rh_refusal refusal, unsigned field);
/* The world answered something else than RH_OK. Always false. */
bool hub_step_fail(struct hub_step *step, enum rh_err err);

/* ---- the instant ----------------------------------------------------------------------- */

/* The instant from which an event counts as far as the event alone says it: now, or, for an
 * item that an earlier generation had stored, when that was. Never later than now. */
uint64_t hub_step_instant(const struct hub_event *event);
/* That instant again, now that a row is known: not before anything that has happened to it but
 * its arrival (which an acknowledgement after a recovery dates too late). */
void hub_step_follow(struct hub_step *step, const struct hub_referral *row);

/* ---- rows ------------------------------------------------------------------------------ */

/* The procedure of a row, or an empty one when the rules no longer know it. */
const struct rh_procedure *hub_step_procedure(const struct hub_step *step,
                                              const struct hub_referral *row);
const struct rh_calendar *hub_step_calendar(const struct hub_step *step,
                                            const struct hub_referral *row);

/* Load a referral into the outcome, there to be changed; the same row is loaded once. NULL
 * with step->err RH_ERR_NOTFOUND cleared when there is none: test `*found`. */
struct hub_referral *hub_step_load(struct hub_step *step, const struct rh_referral_id *id,
                                   bool *found);
struct hub_referral *hub_step_load_rno(struct hub_step *step, uint64_t rno, bool *found);
/* The same for reading only: the row stands behind the last one and is gone with the next
 * load, peek or new row. */
const struct hub_referral *hub_step_peek(struct hub_step *step, const struct rh_referral_id *id,
                                         bool *found);

/* A new referral with its numbers, slot and registration instant; NULL when full. */
struct hub_referral *hub_step_make(struct hub_step *step, const struct rh_referral_id *id);

/* The same by number, for one that is only looked at. */
const struct hub_referral *hub_step_peek_rno(struct hub_step *step, uint64_t rno, bool *found);

/* An agency row into *out. False: unknown (found false) or failed. */
bool hub_step_agency(struct hub_step *step, uint32_t no, struct hub_agency *out, bool *found);
bool hub_step_agency_id(struct hub_step *step, const struct rh_agency_id *id,
                        struct hub_agency *out, bool *found);

/* ---- effects --------------------------------------------------------------------------- */

/* Put `agency` among the row's parties; false when they are full. */
bool hub_step_party(struct hub_referral *row, uint32_t agency);
bool hub_row_is_party(const struct hub_referral *row, uint32_t agency);
/* It is none from now on; no harm when it was none. */
void hub_row_leave(struct hub_referral *row, uint32_t agency);

/* Queue the event's own record for `to`, under the referral `row` (NULL: none), as `kind`.
 * Quietly does nothing for nobody, for the author itself, for an accused unit, and for a
 * second copy of the same from the same to the same. Returns the delivery, or NULL when there is none. */
struct hub_delivery_out *hub_step_deliver(struct hub_step *step, struct hub_referral *row,
                                          uint32_t to, enum rh_kind kind);
/* The same for another record and sender (a retried dead letter). */
struct hub_delivery_out *hub_step_deliver_record(struct hub_step *step,
                                                 struct hub_referral *row, uint32_t to,
                                                 uint32_t from, enum rh_kind kind,
                                                 uint64_t index);

/* A subscriber's notice of this event, of no referral; behind everything else, in the lane of
 * what does not hurry, and in the room that is kept for these. */
bool hub_step_deliver_share(struct hub_step *step, uint32_t to);

/* Whom to tell, for hub_step_tell. */
enum {
    HUB_TELL_ORIGIN = 1,
    HUB_TELL_SENDER = 2,
    HUB_TELL_ADDRESSEE = 4,
    HUB_TELL_ASSIGNER = 8,
    HUB_TELL_HOLDER = 16,
    HUB_TELL_WAITING = 32 /* whose matters were merged into it */
};

/* Queue the item for each of them, and for the copies the item names. */
bool hub_step_tell(struct hub_step *step, unsigned whom);
/* Queue the event's own record for those whose matters were merged into the row. */
void hub_step_tell_waiting(struct hub_step *step, struct hub_referral *row, enum rh_kind kind);

void hub_step_note(struct hub_step *step, enum rh_kind kind, const struct hub_referral *row,
                   const struct hub_deadline *deadline, uint8_t level, uint32_t agency);
void hub_step_queue(struct hub_step *step, const struct hub_queue_out *entry);

/* Move row to a state; the table must allow it for this event and these actors. */
void hub_step_move(struct hub_step *step, enum rh_kind kind, enum rh_state to, uint32_t holder);

/* Sealed by the procedure, from this record on: only a supervisor may unseal. */
void hub_step_seal(struct hub_referral *row, const struct rh_procedure *procedure);

/* What goes on from another matter keeps its walls: whom that accuses this accuses too
 * (信访工作条例 art. 30(3)), and what is under seal stays so. False: refused. */
bool hub_step_wall(struct hub_step *step, struct hub_referral *row,
                   const struct hub_referral *other);

/* Take over what the item says beside its kind: facts, externals, accused units. */
bool hub_step_absorb(struct hub_step *step, struct hub_referral *row);

/* ---- who is who (actor.c) -------------------------------------------------------------- */

/* What an agency is to a referral, as bits. */
uint32_t hub_actor_bits(struct hub_step *step, const struct hub_referral *row, uint32_t agency);
/* Whether it may know that the referral exists. */
bool hub_actor_sees(struct hub_step *step, const struct hub_referral *row, uint32_t agency);
/* Whether the matter accuses it, or whom it succeeded. */
bool hub_actor_is_accused(struct hub_step *step, const struct hub_referral *row,
                          uint32_t agency);
/* Whether `above` stands over `agency` in the tree. */
bool hub_actor_is_above(struct hub_step *step, uint32_t above, uint32_t agency);
/* Nearest superior who may see the referral; 0 none known. */
uint32_t hub_actor_superior(struct hub_step *step, const struct hub_referral *row,
                            uint32_t agency);
/* Nearest agency above the addressee that is the sender or stands above it; 0 none known. */
uint32_t hub_actor_common_superior(struct hub_step *step, const struct hub_referral *row);
/* Who has what was `agency`'s in this matter (NULL: in none): itself, or, once that is over, its
 * successor or the successor's. */
uint32_t hub_actor_heir(struct hub_step *step, const struct hub_referral *row,
                        uint32_t agency);
/* Of a role that may supervise. */
bool hub_actor_supervises(struct hub_step *step, uint32_t agency);

/* ---- screening (screening.c) ----------------------------------------------------------- */

/* A referral was registered: its query code, what it repeats, and what it adds to the hot-spot
 * map; tells who registered it. */
bool hub_screening_registered(struct hub_step *step);
/* A referral was sealed: it counts in no hot spot any more. */
bool hub_screening_sealed(struct hub_step *step);

/* ---- fields (fields.c) ----------------------------------------------------------------- */

/* Whether the item has what its kind needs and nothing else; refuses otherwise. */
bool hub_fields_check(struct hub_step *step);
/* For the specification's test: keys as bits. False for a kind agencies do not send. */
bool hub_fields_of(enum rh_kind kind, uint64_t *required, uint64_t *optional);

/* ---- dispatch (dispatch.c) ------------------------------------------------------------- */

/* Whether the procedure lets `from` send `kind` to `to`. */
bool hub_dispatch_route(const struct rh_procedure *procedure, const struct hub_agency *from,
                        const struct hub_agency *to, enum rh_kind kind);
/* "court" or "court." becomes the agency of that role for an area: the area itself, else the
 * county, city or province it lies in. False only when the world failed. */
bool hub_dispatch_by_area(struct hub_step *step, const char *role, const char *area,
                          struct rh_agency_id *out, bool *found);
/* The agency an item is addressed to, checked against the deny rules; refuses otherwise. */
bool hub_dispatch_target(struct hub_step *step, const struct hub_referral *row,
                         const struct rh_agency_id *id, struct hub_agency *out);
/* Send `row` to `to`: fields, queue entry, arrival timer. `kind` is the dispatch kind in
 * force, `as` the kind it is queued under. The state is the caller's. */
bool hub_dispatch_send(struct hub_step *step, struct hub_referral *row, uint32_t to,
                       enum rh_kind kind, enum rh_kind as);
/* How long an arrival may take (settings; policy). */
uint64_t hub_dispatch_grace_ms(const struct hub_step *step);
/* An act of the addressee that an earlier generation had stored dates the arrival back. */
void hub_dispatch_had_arrived(struct hub_step *step, struct hub_referral *row);
/* Arm the arrival timer of the dispatch in force. */
void hub_dispatch_arm(struct hub_step *step, struct hub_referral *row);
/* Grace counts the time the hub was up: what it was down since is added to its end. */
void hub_dispatch_grace(const struct hub_step *step, struct hub_referral *row);
/* The message has arrived, now or when the grace ran out. */
bool hub_dispatch_arrive(struct hub_step *step, struct hub_referral *row);
/* Required facts of a kind. */
bool hub_dispatch_checks(struct hub_step *step, const struct hub_referral *row,
                         enum rh_kind kind);

/* Mark the dispatch in force as a tombstone if it still waits in the addressee's queue. */
bool hub_dispatch_tombstone(struct hub_step *step, const struct hub_referral *row);
/* Whether the item's due date, if any, lies in the future and within reason. */
bool hub_dispatch_due(struct hub_step *step);

/* ---- competence (competence.c) --------------------------------------------------------- */

/* A step that declines gives a ground the procedure knows, and who says that it is not competent
 * says who is (信访工作条例 art. 23(3)): `proper`, or for a body outside the hub the code fact
 * `proper`; never itself. Refuses with REASONS_MISSING or PROPER_MISSING. */
bool hub_competence_ground(struct hub_step *step);

/* ---- between referrals (relation.c) ---------------------------------------------------- */

/* After the step: tell the parent's counters whether this child is still open. */
bool hub_relation_settle(struct hub_step *step);
/* The same after the hub closed the row, which was `before`: noted, told to its parties, its
 * clocks at an end. */
bool hub_relation_closed(struct hub_step *step, enum rh_state before);

/* Tie a new matter to the one it was registered under (`id`), where its procedure makes it the
 * next step of a chain; refuses where that one was neither answered nor urged. */
bool hub_relation_chain(struct hub_step *step, const struct rh_referral_id *id);
/* The last word on a matter has been said: it and what it reviewed may not be repeated. */
bool hub_relation_end_facts(struct hub_step *step);
/* At the row's close_ms: close it, since what came after it in its chain has ended. Does nothing
 * where it rests already, waits for somebody else, or is visited. */
bool hub_relation_close(struct hub_step *step);

/* ---- copies (copies.c) ------------------------------------------------------------------ */

/* Queue the item for whom the procedure says must have a copy of this kind of step. */
bool hub_copies_give(struct hub_step *step);

/* ---- subscriptions (share.c) ------------------------------------------------------------ */

/* After everything else: tell those who have subscribed to what happened to the row, masked. */
bool hub_share_event(struct hub_step *step);

/* ---- attention (attention.c) ----------------------------------------------------------- */

/* Level an attention kind raises to; and its record and delivery for `row`, which name the
 * clock where there is one (deadline, else NULL). */
uint8_t hub_attention_level(enum rh_kind kind);
bool hub_attention_raise(struct hub_step *step, struct hub_referral *row, enum rh_kind kind,
                         uint32_t to, const struct hub_deadline *deadline);

/* ---- handlers, one for each kind or family --------------------------------------------- */

hub_handler hub_decide_register, hub_decide_dispatch;
hub_handler hub_decide_recall, hub_decide_object, hub_decide_uphold, hub_decide_overrule,
    hub_decide_designate, hub_decide_return;
hub_handler hub_decide_sign, hub_decide_supplement_request, hub_decide_supplement,
    hub_decide_accept, hub_decide_refuse, hub_decide_start, hub_decide_suspend,
    hub_decide_resume, hub_decide_extend_request, hub_decide_extend_grant,
    hub_decide_extend_deny, hub_decide_seal, hub_decide_unseal, hub_decide_leader;
hub_handler hub_decide_transfer_on, hub_decide_split, hub_decide_release, hub_decide_merge,
    hub_decide_review_request;
hub_handler hub_decide_conclude, hub_decide_report, hub_decide_reject_report, hub_decide_reply,
    hub_decide_revisit, hub_decide_evaluate, hub_decide_reopen, hub_decide_close,
    hub_decide_withdraw, hub_decide_terminate, hub_decide_archive;
hub_handler hub_decide_attention, hub_decide_urged;
hub_handler hub_decide_information, hub_decide_hearing, hub_decide_acknowledge,
    hub_decide_amend, hub_decide_bulletin, hub_decide_acknowledge_bulletin;
hub_handler hub_decide_ack, hub_decide_nack, hub_decide_dead_retry, hub_decide_dead_return;
hub_handler hub_decide_wake, hub_decide_recompute, hub_decide_succeed, hub_decide_monthly;

/* Close by the hub: the remedy term has run. */
bool hub_close_by_hub(struct hub_step *step);

/* Put away by the hub: it has rested as long as the settings say. Nobody is told: nothing changes
 * for anybody but that it can only be read. */
bool hub_archive_by_hub(struct hub_step *step);

/* Whether `code` stands in a list (an empty list takes any). */
bool hub_code_listed(const struct rh_code_list *list, const char *code);

#endif
