/* The one thread that changes anything.
 *
 * A turn: offers, wakes and commands are decided and applied one after another into the open
 * batch; hub_engine_finish appends one frame, syncs it while the tree grows and the batch
 * checkpoint is signed, and only then lets results out. Views are committed behind: after the
 * receipts have left, at 50 ms, after 5 ms of silence, or at 20,000 records.
 *
 * Not thread-safe: every call from the engine's thread. Readers elsewhere use a store reader
 * and the views' read functions. A failed sync or a store that cannot be re-applied answers
 * RH_ERR_IO or RH_ERR_CORRUPT: the caller must exit, and recovery is the way back. */
#ifndef HUB_ENGINE_ENGINE_H
#define HUB_ENGINE_ENGINE_H

#include <rh/problem.h>
#include <rh/sign.h>
#include <rh/wire.h>
#include "views/mend.h"
#include "views/views.h"

struct hub_engine;

/* Of the store's usable room; intake stops here, acknowledgements go on. */
enum { HUB_MAP_HELD_PERMILLE = 800 };

struct hub_engine_options {
    const char *data_dir;       /* journal/, log/ below it; created when missing */
    const char *keys_dir;       /* outside data_dir: sign key, wrapping key, external key */
    const char *rules_dir;      /* YAML sources, read by protocol/load at assembly */
    struct rh_hub_id hub;       /* only used when the journal is new; else checked */
    struct hub_map *map;        /* borrowed: the store's open write batch */
    void *store;                /* context of the next three */
    enum rh_err (*store_commit)(void *store);
    enum rh_err (*store_abort)(void *store);
    enum rh_err (*store_usage)(void *store, uint32_t *used_permille);
    void *keytable;             /* context of the next two */
    enum rh_err (*content_key)(void *keytable, uint64_t slot, struct rh_content_key *out);
    enum rh_err (*content_ahead)(void *keytable, uint64_t first_free);
    bool steered;               /* --test-clock: only on a test hub */
    uint64_t start_ms;          /* steered: where a new hub's time begins; 0: the wall clock's */
    uint64_t segment_bytes;     /* 0: 64 MB */
    uint64_t (*wall_ms)(void);  /* UTC; NULL: the system's */
    uint64_t (*monotonic_ms)(void);
};

/* Recover and open. On refusal *report (caller's, report_bytes) says what and where.
 * RH_ERR_CORRUPT: journal, tree or views disagree; nothing was changed. */
enum rh_err hub_engine_open(const struct hub_engine_options *options, struct hub_engine **out,
                            char *report, size_t report_bytes);
void hub_engine_close(struct hub_engine **engine);

/* Hub time, UTC ms: last journal time plus the monotonic clock, or the steered clock. */
uint64_t hub_engine_now(struct hub_engine *engine);
/* Hub seconds in a second: 1, or a steered clock's pace, 0 when it stands. */
uint32_t hub_engine_rate(const struct hub_engine *engine);
const struct rh_hub_id *hub_engine_hub(const struct hub_engine *engine);
struct hub_views *hub_engine_views(struct hub_engine *engine);
const struct rh_rules *hub_engine_rules(const struct hub_engine *engine);
void hub_engine_external_key(const struct hub_engine *engine, uint8_t out[32]);

/* Newest published checkpoint note; borrowed until the next finish; empty when none. */
struct rh_bytes hub_engine_note(const struct hub_engine *engine);

/* What became of an offered bundle or hello. */
enum hub_answer {
    HUB_ANSWER_TAKEN = 1,  /* in the batch; its confirm comes with finish */
    HUB_ANSWER_AGAIN = 2,  /* every n known with the same digest: confirm at once from journal */
    HUB_ANSWER_GAP = 3,    /* first n above the expected one: *expected_n */
    HUB_ANSWER_BUSY = 4,   /* nothing consumed: *refusal, retry after retry_ms */
    HUB_ANSWER_REFUSED = 5 /* whole bundle: *refusal; no number consumed */
};

struct hub_offer_result {
    enum hub_answer answer;
    uint32_t refusal;
    uint32_t retry_ms;
    uint64_t expected_n;
    uint64_t first_index;  /* TAKEN: log index of the record of expected_n */
};

/* Register or resume an epoch. `hello` decoded and its signature verified by the gateway;
 * `signed_bytes` and signature are journalled. TAKEN or BUSY or REFUSED (7106 closed epoch,
 * 5201 the agency shows more than this journal holds: intake and delivery stop). */
enum rh_err hub_engine_hello(struct hub_engine *engine, uint32_t agency,
                             const struct rh_hello *hello, struct rh_bytes signed_bytes,
                             const struct rh_signature *signature,
                             struct hub_offer_result *out);

/* The public half of the key the hub signs with. */
void hub_engine_sign_key(const struct hub_engine *engine, struct rh_sign_public *out);

/* Offer a bundle whose header signature and item root are verified. Decided and applied at
 * once into the open batch. Numbers of it that are known already (with the same digests) are
 * passed over: the new ones begin at *expected_n, the others are had by confirm_again.
 * `lost`: what earlier generations' receipts say of each item, header->count of them verified
 * by the gateway (rh_lost_verify), or NULL. Those must not be on our log nor lie in the future
 * (REFUSED 5204, 5205); clocks start from their instants. */
enum rh_err hub_engine_offer(struct hub_engine *engine, uint32_t agency,
                             const struct rh_bundle_header *header,
                             const struct rh_frame_bundle *bundle,
                             const struct rh_hash *digests, const struct rh_first *lost,
                             struct hub_offer_result *out);

/* An operator's command. */
struct hub_command {
    enum hub_command_type type;
    char operator_name[HUB_OPERATOR_BYTES_MAX + 1];
    char reason[HUB_REASON_BYTES_MAX + 1];
    struct hub_agency agency;   /* AGENCY: the row wanted; no 0: a new one */
    struct hub_successor successor; /* AGENCY, to not 0: agency.no is succeeded by it, and nothing
                                       else of `agency` counts */
    struct hub_grant grant;     /* AGENCY, since_ms not 0: agency.no gets it, or with until_ms 0
                                   loses the one like it; nothing else of `agency` counts */
    struct hub_subscription subscription; /* SUBSCRIPTION: number 0, the one wanted (from_ms 0:
                                       from now); else the one of that number ends */
    uint64_t rno;               /* ATTENTION */
    enum rh_kind action;        /* ATTENTION */
    uint64_t dead_index;        /* DEAD_RETRY, DEAD_RETURN */
    uint32_t dead_to;
};

struct hub_command_result {
    uint32_t refusal;           /* 0 done */
    uint64_t index;             /* record */
    uint32_t agency;            /* AGENCY: its number */
    uint64_t job;               /* AGENCY with a successor: the job that does it */
    uint32_t subscription;      /* SUBSCRIPTION: its number */
};

enum rh_err hub_engine_command(struct hub_engine *engine, const struct hub_command *command,
                               struct hub_command_result *out);

/* Clock verbs. Steering moves a test hub's time forward to `to_ms` and holds it there plus
 * the monotonic clock times `rate` (0: stands still). */
enum rh_err hub_engine_steer(struct hub_engine *engine, uint64_t to_ms, uint32_t rate,
                             const char *operator_name);
enum rh_err hub_engine_clock_confirm(struct hub_engine *engine, const char *operator_name,
                                     const char *reason);
/* After a rollback was seen: begin a new generation of this hub. Its first record seals the
 * size and root that were kept, pair_seq restarts, a checkpoint under the new id is published.
 * For a hub without doors open; the batch must be empty. */
enum rh_err hub_engine_new_generation(struct hub_engine *engine, const char *operator_name,
                                      const char *reason);

/* Look at the wall clock (about once a second): a jump goes on record once and is ignored
 * until it is confirmed. */
enum rh_err hub_engine_clock_look(struct hub_engine *engine);
/* Re-read rules_dir; a change is journalled. RH_ERR_CONFIG with the problems of the files
 * (rh/problem.h, RH_PROBLEM_LIST_BYTES) in report. */
enum rh_err hub_engine_reload(struct hub_engine *engine, char *report, size_t report_bytes);

/* A calendar for the running hub: the whole file, as an operator hands it in. */
struct hub_import {
    const char *name;        /* of the file, for complaints */
    const char *text;        /* borrowed */
    size_t bytes;
    const char *operator_name, *reason; /* within the bounds of hub_record */
};

struct hub_import_result {
    bool same;               /* exactly this file is in force already: nothing was done */
    char area[RH_CALENDAR_AREA_BYTES_MAX + 1];
    uint64_t index;          /* record of rules: the new one, or the one that has it already */
    uint64_t job;            /* job that derives open dates again, 0 none is needed */
    char report[RH_PROBLEM_LIST_BYTES]; /* what is wrong (rh/problem.h); "" when nothing is */
};

/* Judge a calendar and put it into force: journalled in full as a record of
 * rules in the operator's name, kept over restarts, and followed by a job over every open
 * clock. It stands above the file of rules_dir for the same area until that one is valid longer.
 *
 * RH_ERR_CONFIG  it is wrong, or hub_engine_judge_calendar is against it; see report. Nothing
 *                happened.
 * RH_ERR_NOSPACE, RH_ERR_FULL (too many jobs run). Others are final. */
enum rh_err hub_engine_import_calendar(struct hub_engine *engine, const struct hub_import *wish,
                                       struct hub_import_result *out);

/* Every calendar that was ever in force, as far as it was noted: which version of which area
 * said what, by digest. Starts as zeros. */
struct hub_calendar_known {
    char area[RH_CALENDAR_AREA_BYTES_MAX + 1];
    char version[RH_CALENDAR_VERSION_BYTES_MAX + 1];
    struct rh_hash digest;
    uint64_t index;          /* the first record of rules that has it */
};
struct hub_calendars {
    struct hub_calendar_known *list; /* owned */
    size_t count;
};
struct rh_load_sources;
struct rh_load_report;
/* Add those of one record of rules, `files` being its sources. RH_ERR_NOMEM. */
enum rh_err hub_calendars_note(struct hub_calendars *past, const struct rh_load_sources *files,
                               uint64_t index);
void hub_calendars_fini(struct hub_calendars *past);

/* What speaks against a calendar beyond its form, `kept` being the files in force and `past` what
 * every record of rules was noted into; of use before an import too, on any thread.
 * RH_ERR_CONFIG, with a line in `report`: it has the version of the one in force for its area
 * without being it, or of one that was in force with other days, or ends before or begins after
 * the one in force, so that days known now would be lost. *same: exactly this file is in force.
 * RH_ERR_NOMEM. */
enum rh_err hub_engine_judge_calendar(const struct rh_load_sources *kept,
                                      const struct hub_calendars *past,
                                      const struct hub_import *wish,
                                      const struct rh_calendar *calendar,
                                      struct rh_load_report *report, bool *same);
/* The same question about every calendar that would be in force if `files` were the rules: asked
 * at a start and at a reload, and by who tries a directory out. */
enum rh_err hub_engine_judge_calendars(const struct rh_load_sources *kept,
                                       const struct hub_calendars *past,
                                       const struct rh_load_sources *files,
                                       struct rh_load_report *report);

/* Fire timers that are due, at most `limit` of them, into the batch; *fired how many. When it
 * equals limit, more may be due. */
enum rh_err hub_engine_fire(struct hub_engine *engine, uint32_t limit, uint32_t *fired);

/* When the next monthly bulletin is sent; now_ms, and how far it is, when one is owed, else
 * owed->month is 0 (core/monthly.h). UINT64_MAX: never. */
uint64_t hub_engine_monthly_at(const struct hub_engine *engine, uint64_t now_ms,
                               struct hub_monthly *owed);

/* A piece of the jobs that run (large events: engine/job.h) into the batch: at most `looks`
 * referrals, and less when it takes long. */
enum { HUB_WORK_LOOKS = 2048 };
enum rh_err hub_engine_work(struct hub_engine *engine, uint32_t looks);

/* How fast a running job goes: referrals looked at, and in how many ms, since this hub started
 * or the job began. False when it does not run. */
bool hub_engine_job_pace(const struct hub_engine *engine, uint64_t number, uint64_t *done,
                         uint64_t *ms);

/* Milliseconds until something must be done (timer, job, views commit, checkpoint): 0 now. */
uint32_t hub_engine_wait_ms(struct hub_engine *engine);

/* Records waiting in the open batch. */
uint32_t hub_engine_pending(const struct hub_engine *engine);

/* Append, sync, sign. After RH_OK everything offered since the last finish is durable and
 * its confirms may be built and sent. Publishes a checkpoint when 5 s have passed. */
enum rh_err hub_engine_finish(struct hub_engine *engine);

/* Views commit if it is time; call after results were sent. */
enum rh_err hub_engine_settle(struct hub_engine *engine);

/* Before a stop that somebody wished for: everything durable, views committed, the log
 * published as far as it goes. Not after a failure. */
enum rh_err hub_engine_rest(struct hub_engine *engine);

/* Agencies (numbers) for which something was queued since the last call; returns the count,
 * at most max. */
uint32_t hub_engine_stirred(struct hub_engine *engine, uint32_t *agencies, uint32_t max);

/* Agencies whose row changed since the last call (keys, state): the gateway pushes them. */
bool hub_engine_agencies_changed(struct hub_engine *engine);

/* Confirm for records [first_index, first_index + count): batch checkpoint of the newest
 * synced size, range proof, cores. Views in *out point into engine memory until the next
 * call. */
enum rh_err hub_engine_confirm(struct hub_engine *engine, uint64_t first_n,
                               uint64_t first_index, uint32_t count,
                               struct rh_frame_confirm *out);
/* Confirm for numbers already known: their records, wherever they lie (contiguous prefix). */
enum rh_err hub_engine_confirm_again(struct hub_engine *engine, uint32_t agency,
                                     const struct rh_epoch *epoch, uint64_t first_n,
                                     uint32_t count, struct rh_frame_confirm *out);

/* Everything a delivery frame needs for a queued entry: reads journal, opens the content.
 * Views point into engine memory until the next call. */
enum rh_err hub_engine_delivery(struct hub_engine *engine, const struct hub_queued *queued,
                                struct rh_delivery *out);

/* A synced record as it was written, for timelines: core and rest, views into engine memory
 * until the next call. RH_ERR_NOTFOUND, RH_ERR_CORRUPT. */
enum rh_err hub_engine_record(struct hub_engine *engine, uint64_t index, struct rh_bytes *core,
                              struct rh_bytes *rest);

/* Inclusion proof of a record against the newest published checkpoint. */
enum rh_err hub_engine_proof(struct hub_engine *engine, uint64_t index,
                             struct rh_frame_proof *out);

/* That the newest published checkpoint extends the log of old_size. RH_ERR_NOTFOUND when none
 * is published or old_size is beyond it. */
enum rh_err hub_engine_consistency(struct hub_engine *engine, uint64_t old_size,
                                   struct rh_frame_consistency *out);

/* Rows of the views that fail their check. hurt: somebody met one; from any thread. The
 * engine's thread asks wants_mending after each turn and then mends a piece: a thread beside it
 * replays the journal into memory, then the store is made equal to it, some rows after each
 * turn. Intake, timers and deliveries go on, except where they meet the bad row themselves.
 *
 * over     with RH_OK: whether that was the last piece.
 * out      caller's: with the last piece how many rows, and which was the first.
 * harmed   the store itself could not be mended: only views made anew help.
 *
 * RH_ERR_FULL      above HUB_MEND_RECORDS_MAX records, or memory: a start makes views anew.
 * RH_ERR_NOTFOUND  the journal does not begin with its first record any more.
 * others           the journal cannot be read to its end; nothing was changed. */
enum { HUB_MEND_RECORDS_MAX = 100000 };
void hub_engine_hurt(struct hub_engine *engine);
/* Nothing is staged: what was offered is durable, and views and journal agree. */
bool hub_engine_rests(const struct hub_engine *engine);
bool hub_engine_wants_mending(struct hub_engine *engine);
enum rh_err hub_engine_mend(struct hub_engine *engine, struct hub_mended *out, bool *over,
                            bool *harmed);

/* Condition of the hub, for status and for the gateway. */
struct hub_engine_health {
    uint64_t records;            /* log size */
    uint64_t published;          /* size of the newest published checkpoint */
    bool intake_held;            /* rollback seen or disk/map full */
    uint32_t held_refusal;       /* why: 5201, 6101, 6102, 5104 ... */
    bool firing_held;            /* clock not believed */
    bool listening;              /* after a gap: agencies' clocks are waited for, some seconds */
    uint64_t start_gap_ms;       /* that gap; 0 none, or confirmed */
    int64_t wall_skew_ms;        /* wall clock minus hub time */
    int64_t jump_ms;             /* a jump of the wall clock that is on record and not
                                    confirmed: the skew it made; 0 none */
    uint64_t rules_index;        /* record of the rules in force */
    uint32_t map_permille;
    bool hurt;                   /* a row of the views fails its check and is not mended yet */
    uint64_t mended;             /* rows made anew since the start */
    char text[200];              /* one English sentence when something is held */
};
void hub_engine_health(struct hub_engine *engine, struct hub_engine_health *out);

#endif
