/* The state that the records lead to: views replayed in memory, and what must hold of each
 * step on the way.
 *
 * Checked before a record is applied, on the rows as they were: that a digest on record is
 * that of the replayed state, that each date follows from its derivation under the rules then
 * in force, that no message is stored twice, and on request that hub_decide gives the recorded
 * outcome again. A state can only be believed as far as every record before it was there and
 * unaltered: hub_state_stop ends the replay, and the last state stays for looking at. */
#ifndef HUB_AUDIT_STATE_H
#define HUB_AUDIT_STATE_H

#include "audit/findings.h"
#include "views/memory_map.h"
#include "views/past.h"
#include "views/views.h"

/* The compiled form in a record of rules. */
struct hub_state_book {
    uint64_t index;
    uint8_t *bytes;
    size_t count;
};

struct hub_state {
    struct hub_findings *findings; /* borrowed */
    struct hub_memory_map *memory; /* owned */
    struct hub_views views;
    struct rh_rules *rules;        /* owned: in force */
    bool ruled;                    /* there are rules */
    uint64_t rules_index;
    size_t book_count;
    struct hub_state_book *books;  /* compiled rules of every record of them so far, owned */
    struct hub_past past;          /* procedures as they were, out of these */
    struct hub_world world;
    bool redecide;                 /* decide each event again */
    bool stopped;
    uint64_t since_save;

    uint64_t digests;              /* compared and equal */
    uint64_t deadlines;            /* dates derived again */
    uint64_t redecided, differing; /* events decided again; with another outcome */
    uint64_t undecided;            /* refused unread, or of another decide version */
    bool digest_differs;           /* said once: what follows from it is no other break */

    struct hub_referral *before;   /* working memory, owned */
    struct hub_outcome *again;     /* working memory, owned */
    struct rh_public *public_part; /* working memory, owned */
    uint8_t *bytes;                /* working memory, owned, HUB_REST_BYTES_MAX */
};

/* One record with everything the state wants to know about it. All borrowed. */
struct hub_state_record {
    const struct hub_record *record;
    const struct hub_outcome *outcome; /* decoded; NULL when the record has none */
    struct rh_bytes core, rest;
    uint16_t schema_version, decide_version; /* of its frame */
};

enum rh_err hub_state_init(struct hub_state *state, struct hub_findings *findings);
void hub_state_fini(struct hub_state *state);

/* Check and apply the next record; does nothing once stopped. Findings are not errors. */
enum rh_err hub_state_take(struct hub_state *state, const struct hub_state_record *record);

/* The replay ends before record `index`; `why` is one phrase, a message id. */
void hub_state_stop(struct hub_state *state, uint64_t index, const char *why);

/* After the last record: every index of the state against its rows. */
enum rh_err hub_state_end(struct hub_state *state);

/* redecide.c: the event of this record, decided again on the rows before it. */
enum rh_err hub_state_redecide(struct hub_state *state, const struct hub_state_record *record);
/* pairs.c: the delivery numbers this outcome gives and ends: dense for each (sender, recipient,
 * lane), tombstones included; what ends must be waiting. */
enum rh_err hub_state_check_pairs(struct hub_state *state,
                                  const struct hub_state_record *record);
/* dates.c: the dates this outcome sets or moves, derived again. */
enum rh_err hub_state_check_dates(struct hub_state *state,
                                  const struct hub_state_record *record);
/* One clock from its derivation inputs: RH_OK and *end_ms (0: it stands still), *nominal;
 * RH_ERR_INVALID when its terms give no date. Pure, and written apart from the core's own. */
enum rh_err hub_state_derive(const struct rh_calendar *calendar,
                             const struct hub_deadline *deadline, uint64_t *end_ms,
                             int32_t *nominal);

#endif
