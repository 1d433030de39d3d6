/* What the files of the engine share. Nothing outside hub/engine includes this. */
#ifndef HUB_ENGINE_INSIDE_H
#define HUB_ENGINE_INSIDE_H

#include "engine/engine.h"
#include "engine/hubtime.h"
#include "engine/job.h"
#include "journal/journal.h"
#include "log/checkpoint.h"
#include "log/tree.h"
#include "views/past.h"

#include <rh/proof.h>
#include <rh/refusal.h>

#include <stdatomic.h>

enum {
    HUB_TERM = 1,                      /* one machine: the term never changes */
    HUB_RECENT_MAX = 4096,             /* records of a turn whose cores stay in memory */
    HUB_RECENT_BYTES = 2 * 1024 * 1024,
    HUB_CONTENT_BYTES_MAX = RH_ITEM_BYTES_MAX + RH_SALT_BYTES + 4 + RH_SEAL_OVERHEAD_BYTES,
    HUB_SLOTS_AHEAD = 1024,            /* content keys that must exist before intake goes on */
    HUB_STIRRED_MAX = 4096,
    HUB_DIGEST_EVERY = 10000,          /* records between two digest records */
    HUB_COMMIT_RECORDS = 20000,        /* views commit at the latest after so many records */
    HUB_COMMIT_AFTER_MS = 50,
    HUB_COMMIT_IDLE_MS = 5,
    HUB_PUBLISH_EVERY_MS = 5000,
    HUB_AGENCIES_MAX = 65536,
    HUB_NOTE_BYTES = 1024,
    HUB_CUTS_MAX = 8                   /* recorded at one start; more wait for the next one */
};

/* Cores of the records staged in this turn, for their confirms. */
struct hub_recent {
    uint64_t first_index;
    uint32_t count;
    uint32_t bytes;
    uint32_t at[HUB_RECENT_MAX];
    uint16_t core_bytes[HUB_RECENT_MAX];
    struct rh_hash rest_hash[HUB_RECENT_MAX];
    uint8_t arena[HUB_RECENT_BYTES];
};

/* Bundles whose items are being delivered: read, and their trees built, once each. */
enum { HUB_BUNDLES_REMEMBERED = 16 };

struct hub_bundle_memo {
    uint64_t index_plus_one; /* 0: free */
    struct rh_signature signature;
    size_t header_bytes;
    uint8_t header[RH_BUNDLE_HEADER_BYTES_MAX];
    struct rh_bundle_tree tree;
};

/* How far one pair of the queue of an agency that is being succeeded was looked at. */
enum { HUB_JOB_SEEN_MAX = 1024 };
struct hub_job_seen {
    enum rh_lane lane;
    uint32_t from;
    uint64_t pair_seq;
};

struct hub_job_walk {
    uint64_t job;                  /* whose walk it is, 0 none */
    bool walled;                   /* the successor has no part any more in what accuses either;
                                      false: this is its queue, these are its referrals */
    bool queue_done;               /* nothing to move waits in its queue */
    bool found;                    /* this walk over the referrals has changed one */
    struct hub_queued entry;       /* to be looked at now; index 0: a referral */
    struct hub_cursor party;
    uint32_t seen_count;
    struct hub_job_seen seen[HUB_JOB_SEEN_MAX];
};

struct hub_engine {
    struct hub_engine_options options;
    char *journal_dir, *log_dir, *rules_dir; /* owned */
    struct rh_hub_id hub;
    struct rh_sign_secret sign_key;
    struct rh_sign_public sign_public;
    uint8_t external_key[32];

    struct hub_journal *journal;
    struct hub_tree *tree;
    struct hub_views views;
    struct rh_rules *rules;     /* in force, decoded from the journalled form */
    uint64_t rules_index;
    struct hub_world world;
    struct hub_time time;

    /* the open batch */
    bool frame_open;
    uint32_t staged;            /* records since the last finish */
    uint64_t next_index;
    uint64_t leaf_count;
    struct rh_hash leaves[HUB_JOURNAL_FRAME_RECORDS_MAX];
    struct rh_batch batch;      /* newest signed and synced */
    bool turn_over;             /* results of a finished turn are out: recent may be reused */
    struct hub_recent *recent;

    /* behind the batch */
    uint64_t unsettled;         /* records applied since the last views commit */
    uint64_t unsettled_since_ms, last_stage_ms;
    uint64_t last_digest_index;
    uint64_t published_size, published_at_ms;
    char note[HUB_NOTE_BYTES];
    size_t note_bytes;

    /* conditions */
    uint32_t held_refusal;      /* 5201 once a rollback was seen; cleared only by recover */
    bool firing_held;
    bool start_believed;        /* the gap at start is short enough, or the clock steered */
    uint64_t last_stored_ms;    /* of the newest record found at start */
    uint64_t start_gap_ms;      /* how far the wall clock was ahead of the journal at start */
    uint32_t doubter;           /* first agency whose clock contradicts that gap, 0 none */
    uint32_t witness;           /* first agency whose clock agrees with it, 0 none */
    uint64_t listen_until_ms;   /* monotonic: nothing fires before; 0 not listening */
    char held_text[200];
    uint32_t map_permille;

    atomic_bool hurt;           /* a reader met a row that fails its check */
    uint64_t mend_at_ms;        /* monotonic; not before */
    uint64_t mended;            /* rows, since the start */
    struct hub_mending *mending;      /* what goes on of it (mend.c), NULL nothing; owned */
    struct hub_mending *mending_past; /* the last one, whose memory is being let go; owned */

    uint32_t stirred_count;
    uint32_t stirred[HUB_STIRRED_MAX];
    bool agencies_changed;
    uint32_t agency_count;      /* names known: numbers below it */
    struct rh_agency_id *agencies; /* by number, HUB_AGENCIES_MAX */
    struct hub_agency agency;      /* working memory for one row */
    uint64_t down_ms;           /* how long the hub has not run since its first record */
    size_t cut_count;           /* cuts that are to go on record */
    struct hub_journal_cut cuts[HUB_CUTS_MAX];

    struct hub_past past;       /* procedures of earlier records of rules */
    uint32_t job_count;         /* running, the oldest first */
    struct hub_job_row jobs[HUB_JOBS_RUNNING_MAX];
    uint32_t job_unsaid[HUB_JOBS_RUNNING_MAX]; /* looked at since the job's last record */
    uint64_t job_newest;        /* number of the newest job, 0 none yet */
    uint64_t job_done_before;   /* the oldest job's count when it came to be worked on, */
    uint64_t job_since_ms;      /* and the monotonic instant; 0: not yet */

    struct hub_job_walk job_walk;    /* where a succession stands; nothing is lost with it */

    uint32_t random_left;            /* of `random`, not used yet; its beginning */
    uint8_t random[2048];

    /* working memory, carved at open */
    uint8_t agency_bytes[HUB_AGENCY_BYTES_MAX];
    struct hub_referral *job_before; /* the referral a job looks at, as it is */
    struct hub_event event;
    struct hub_outcome *outcome;
    struct rh_public *public_part;
    struct hub_record *record;
    uint8_t *outcome_bytes, *rest_bytes, *content_bytes, *plain_bytes;
    uint8_t *read_bytes[2];
    size_t read_capacity[2];
    uint8_t *confirm_cores;
    struct hub_record *read_record[2];
    uint32_t read_slot[2]; /* content key slot of that record */
    uint8_t notice[RH_PUBLIC_BYTES_MAX];
    struct hub_bundle_memo *bundles; /* HUB_BUNDLES_REMEMBERED */
    uint32_t next_bundle;       /* the one that is forgotten next */
};

/* stage.c: one record into frame and views ------------------------------------------------ */

/* Fill hub, index, stored_ms, random; encode; add to the frame; apply; remember the leaf.
 * `content` may be empty. Fields of record->core that name type, stream, outcome, holder and
 * due are the caller's. RH_ERR_NOSPACE: nothing happened. Any other error is fatal. */
enum rh_err hub_stage(struct hub_engine *engine, struct hub_record *record,
                      struct rh_bytes content, uint32_t content_slot);

/* Write out the frame that is open: journal and tree, no signature. */
enum rh_err hub_stage_flush(struct hub_engine *engine);

/* Encode outcome into record->outcome and set outcome, holder, due of the core. */
enum rh_err hub_stage_outcome(struct hub_engine *engine, struct hub_record *record);

/* Remember who got something in a queue. */
void hub_stir(struct hub_engine *engine, uint32_t agency);

/* Text id of an agency number; empty for none, the hub's own for HUB_AGENCY_HUB. */
struct rh_agency_id hub_engine_agency_text(const struct hub_engine *engine, uint32_t no);
enum rh_err hub_engine_agencies_read(struct hub_engine *engine);

/* A cleared record of a type, ready to be filled; the engine's own. */
struct hub_record *hub_record_begin(struct hub_engine *engine, enum rh_record_type type);

/* Decide engine->event into engine->outcome; also RH_ERR_* when an earlier record of rules that
 * it needed cannot be read. */
enum rh_err hub_engine_decide(struct hub_engine *engine);

/* batch.c -------------------------------------------------------------------------------- */

/* Views commit now; nothing may be staged. */
enum rh_err hub_engine_commit(struct hub_engine *engine);

/* command.c: the clock's own records ------------------------------------------------------ */

/* The hub starts after `down_ms` without running: on record, because grace counts up-time. */
enum rh_err hub_engine_clock_started(struct hub_engine *engine, uint64_t down_ms);
/* After that record: whether anything may fire, and whether agencies' clocks are asked first. */
enum rh_err hub_engine_clock_begin(struct hub_engine *engine, bool believed);
/* An agency says what time it is: believe the gap at start, or put on record that nothing
 * fires. */
enum rh_err hub_engine_clock_hear(struct hub_engine *engine, uint32_t agency,
                                  uint64_t agency_ms);
/* Whether agencies' clocks are still waited for. */
bool hub_engine_clock_listens(struct hub_engine *engine);

/* recover.c ------------------------------------------------------------------------------ */

enum rh_err hub_engine_recover(struct hub_engine *engine, char *report, size_t report_bytes);

/* rulebook.c ----------------------------------------------------------------------------- */

/* Read rules_dir; stage a RULES record when it differs from the one in force. */
enum rh_err hub_rulebook_load(struct hub_engine *engine, char *report, size_t report_bytes);
/* Take up the rules of the newest RULES record in the journal; RH_ERR_NOTFOUND when none. */
enum rh_err hub_rulebook_recall(struct hub_engine *engine);

/* serve.c -------------------------------------------------------------------------------- */

/* Read a record back into buffer `which` (0 or 1) and take it apart; *content its ciphertext. */
enum rh_err hub_engine_read(struct hub_engine *engine, unsigned which, uint64_t index,
                            struct rh_bytes *core, struct rh_bytes *rest,
                            struct rh_bytes *content, struct hub_record **out);

/* serve_share.c -------------------------------------------------------------------------- */

/* What the delivery at a place of an outcome shares; NULL when nothing. Borrowed. */
const struct hub_share_out *hub_engine_share(const struct hub_outcome *outcome, uint32_t place);
/* Into a notice that has nothing yet but its id and kind. */
void hub_engine_describe_share(const struct hub_share_out *share, struct rh_public *notice);
/* Whether a matter may not be told of any more. */
enum rh_err hub_engine_share_is_void(struct hub_engine *engine, uint64_t rno, bool *is_void);

/* subscribe.c ---------------------------------------------------------------------------- */

/* Give a subscription (number 0) or end one; `record` is the command's, begun. */
enum rh_err hub_command_subscription(struct hub_engine *engine, struct hub_record *record,
                                     const struct hub_subscription *wish,
                                     struct hub_command_result *out);

/* mend.c --------------------------------------------------------------------------------- */

/* A record was applied to the views: to what mends them, too. */
void hub_mending_follow(struct hub_engine *engine, uint64_t index, struct rh_bytes core,
                        struct rh_bytes rest, const struct hub_location *place);
/* Until the next piece of mending; UINT32_MAX: there is none. */
uint32_t hub_mending_wait_ms(const struct hub_engine *engine);
void hub_mending_close(struct hub_engine *engine);

/* publish.c ------------------------------------------------------------------------------ */

/* Publish a checkpoint of the present size; the journal must be synced that far. */
enum rh_err hub_engine_publish(struct hub_engine *engine);

#endif
