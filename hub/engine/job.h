/* Large events as jobs: work over many referrals that must neither stop intake nor be lost.
 *
 * A job has a row (struct hub_job_row, hub/core/row.h) that each of its records carries as it
 * is afterwards: one record when it begins, one for each referral it changes, one for each
 * group of referrals it looked at without changing any, one when it ends. A turn of the engine
 * does a bounded piece; after a kill the row says where to go on, and what was looked at after
 * the last durable record is looked at again. The oldest running job works, the others wait.
 *
 * A kind of job is a `struct hub_job_worker` in the table of jobs.c. A new kind:
 *
 *   1. its number in enum hub_job_kind (hub/core/row.h), what it needs to know in hub_job;
 *   2. its event in enum hub_event_type and its decision in hub/core: pure, one referral;
 *   3. its worker here, its line in the table of jobs.c, and hub_job_begin where it is called for;
 *   4. its event in hub/audit/redecide.c (make_event), so that auditors decide again;
 *   5. its name in hub/operator/verbs_job.c, its words in protocol/rules/glossary.yaml.
 *
 * begin, counting, recording, resuming, `rhub job` and `rhub status` are the same for all. */
#ifndef HUB_ENGINE_JOB_H
#define HUB_ENGINE_JOB_H

#include "core/decide.h"

struct hub_engine;

enum {
    HUB_JOBS_RUNNING_MAX = 8,
    HUB_JOB_GROUP = 1000,   /* referrals unchanged that one record counts */
    HUB_JOB_TURN_RECORDS = 256, /* most of one turn, */
    HUB_JOB_TURN_MS = 4     /* and how long it may take, whichever ends first */
};

/* What one look came to. */
struct hub_job_did {
    bool counted;      /* one of those that there were to do */
    bool changed;      /* engine->outcome is to be recorded */
    uint64_t rno;      /* the referral it is about; the number looked at unless look says else */
    bool entry;        /* engine->event.queued moved: recorded as it was */
    uint64_t moved;    /* added to the job's count of the same name */
    char text[160];     /* one English phrase for the record, may stay empty */
};

struct hub_job_worker {
    enum hub_job_kind kind;
    /* The first thing above job->cursor that this job is for. Most jobs are about open
     * referrals: hub_job_next_referral. Numbers rise; RH_ERR_NOTFOUND: all is done.
     * What is found need not be counted by look. */
    enum rh_err (*next)(struct hub_engine *engine, const struct hub_job_row *job,
                        uint64_t *number);
    /* Decide the job's event about it into engine->outcome (hub_job_event, hub_engine_decide).
     * Must answer the same when asked twice: what was done already is no change. */
    enum rh_err (*look)(struct hub_engine *engine, const struct hub_job_row *job,
                        uint64_t number, struct hub_job_did *did);
    /* NULL, or: how many there are to do as the job begins; without it, the open referrals. */
    enum rh_err (*count)(struct hub_engine *engine, const struct hub_job_row *wish,
                         uint64_t *total);
    /* NULL, or: the agency row, encoded into engine->agency_bytes, that the first record puts
     * into force. */
    enum rh_err (*open)(struct hub_engine *engine, const struct hub_job_row *wish,
                        struct rh_bytes *agency_row);
    /* NULL, or: a step of its own before the last record: the agency row it puts into force,
     * encoded into engine->agency_bytes, and did->text; an empty row when there is nothing to
     * do, as when asked again. */
    enum rh_err (*hand_over)(struct hub_engine *engine, const struct hub_job_row *job,
                             struct rh_bytes *agency_row, struct hub_job_did *did);
    /* NULL, or: the agency row, encoded into engine->agency_bytes, that the last record puts
     * into force with the job's end. */
    enum rh_err (*close)(struct hub_engine *engine, const struct hub_job_row *job,
                         struct rh_bytes *agency_row);
    /* Whether a timer about a referral that the job has not reached must wait for it: its look
     * is then brought forward. */
    bool before_timers;
    /* Whether a younger job of this kind does all that an older one had left. */
    bool supersedes;
};

extern const struct hub_job_worker hub_job_recompute, hub_job_successor;

/* Something was queued for `agency`: a succession of it looks at its queue again. */
void hub_job_stirred(struct hub_engine *engine, uint32_t agency);

/* Begin a job. `wish` is copied: kind, subject, from, to; the rest is given here. The record is
 * staged into the open batch. *number may be NULL.
 * RH_ERR_FULL: HUB_JOBS_RUNNING_MAX run. RH_ERR_NOSPACE. */
enum rh_err hub_job_begin(struct hub_engine *engine, const struct hub_job_row *wish,
                          uint64_t *number);

/* The running jobs as the views have them; at open, before the first turn. */
enum rh_err hub_jobs_recall(struct hub_engine *engine);

/* Whether anything can be done now. */
bool hub_jobs_can_work(const struct hub_engine *engine);

/* Bring forward what a running job would do to a referral whose timer is due. *changed: it was
 * recorded, and the timer may stand elsewhere now. */
enum rh_err hub_jobs_before_timer(struct hub_engine *engine, uint64_t rno, bool *changed);

/* For workers: the next referral above the cursor, its row in engine->job_before; whether it is
 * open is for look to see, so that a call costs the same however many are closed. */
enum rh_err hub_job_next_referral(struct hub_engine *engine, const struct hub_job_row *job,
                              uint64_t *number);
/* For workers: engine->event, cleared and filled for a job's event about a referral. */
struct hub_event *hub_job_event(struct hub_engine *engine, enum hub_event_type type,
                                uint64_t rno);

#endif
