/* One pass over a log: every record read once, everything checked on the way, and whoever
 * wants more of a record looks at it as it passes.
 *
 *     frames, checksums, chain     hub/journal, told as damage
 *     leaf, root, checkpoints      ledger
 *     hellos, bundles, items       roster, claims
 *     index, hub id, time          here
 *     state, digests, dates        state (unless not wanted)
 *
 * A pass goes on behind damage: what is missing is said once, what follows is still checked as
 * far as it can stand by itself. */
#ifndef HUB_AUDIT_PASS_H
#define HUB_AUDIT_PASS_H

#include "audit/claims.h"
#include "audit/ledger.h"
#include "audit/state.h"

struct hub_pass_options {
    struct hub_copy_options copy; /* what to look at */
    const char *agencies_dir;  /* cards given by the agencies; NULL: none */
    uint64_t from, to;         /* records whose signatures are checked; the pass ends behind
                                  `to`. 0 and UINT64_MAX: all */
    uint64_t until_ms;         /* ends before the first record stored later; UINT64_MAX: never */
    bool first;                /* ends at the first break */
    bool replay;               /* keep the state */
    bool redecide;             /* needs replay */
    bool progress;             /* say on standard error how far it is */
};

/* A record as it passes; everything borrowed for the call. */
struct hub_pass_record {
    const struct hub_record *record;
    const struct hub_outcome *outcome; /* NULL when there is none */
    const struct hub_journal_frame *frame;
    const struct rh_hash *leaf;
    bool altered;                      /* not the one the log covers */
};

struct hub_pass;
/* Called after the record was checked and before the state takes it: state rows are those
 * before the record. */
typedef enum rh_err hub_pass_fn(void *arg, struct hub_pass *pass,
                                const struct hub_pass_record *record);

struct hub_pass {
    struct hub_pass_options options;
    struct hub_copy copy;
    struct hub_findings findings;
    struct hub_ledger ledger;
    struct hub_roster roster;
    struct hub_claims claims;
    struct hub_state state;         /* only with options.replay */
    hub_pass_fn *look;              /* may be NULL */
    void *arg;

    uint64_t next;                  /* index expected next */
    uint64_t records;               /* read, whole and decoded */
    uint64_t missing;               /* not to be read */
    uint64_t first_ms, last_ms;     /* hub time of the first and the newest record */
    uint64_t frame_number;          /* of the newest record */
    bool framed;                    /* it is known */
    uint64_t backwards_ms;          /* largest step back of hub time */
    struct rh_hub_id hub;           /* as the records say, generation included */
    uint64_t generations, cuts, erased;
    uint64_t witnesses;             /* agencies whose signature the newest checkpoint bears */
    bool ended_early;               /* `to`, `until_ms` or the first break */
    bool gap_named;                 /* the journal named the place before the next record */
    uint64_t segment, segments_done; /* being read, and how many before it */
    uint32_t offset;                /* in it */
    uint64_t started_ms, shown_ms;  /* monotonic */

    uint64_t *blanked;              /* owned: pairs (slot, index) of blanked contents */
    size_t blanked_count, blanked_capacity;
    uint64_t *erased_slots;         /* owned */
    size_t erased_count, erased_capacity;

    struct hub_record *record;      /* working memory, owned */
    struct hub_outcome *outcome;    /* working memory, owned */
};

/* Open everything; problem (caller's) gets one English sentence on failure.
 * Errors as hub_copy_open, and RH_ERR_NOTFOUND or RH_ERR_INVALID for a card. */
enum rh_err hub_pass_open(struct hub_pass *pass, const struct hub_pass_options *options,
                          char *problem, size_t problem_bytes);
void hub_pass_close(struct hub_pass *pass);

/* Read and check. RH_OK also when there are findings; an error means that the pass itself
 * could not go on. What `look` answers beyond RH_OK ends it with that; RH_ERR_CLOSED ends it
 * quietly. */
enum rh_err hub_pass_run(struct hub_pass *pass, hub_pass_fn *look, void *arg);

/* Records that a good checkpoint covers and that are what it covers. */
uint64_t hub_pass_proven(const struct hub_pass *pass);

#endif
