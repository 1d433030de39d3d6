/* Jobs: begun, worked on a piece at a time, recorded, resumed. */
#include "engine/inside.h"

#include <string.h>

/* One line for each kind. */
static const struct hub_job_worker *const workers[] = { &hub_job_recompute,
                                                        &hub_job_successor };

static const struct hub_job_worker *worker_of(enum hub_job_kind kind)
{
    for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++) {
        if (workers[i]->kind == kind)
            return workers[i];
    }
    return NULL;
}

/* ---- records --------------------------------------------------------------------------- */

/* Stage a record of a job: its row after, and what was done if anything was. */
static enum rh_err stage_job(struct hub_engine *engine, struct hub_job_row *job,
                             const struct hub_job_did *did, struct rh_bytes agency_row)
{
    uint8_t bytes[HUB_JOB_BYTES_MAX], entry[HUB_JOB_BYTES_MAX];
    struct rh_writer writer, entry_writer;
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_JOB);
    uint64_t now_ms = did->changed ? engine->event.now_ms : hub_engine_now(engine);
    job->stepped_ms = now_ms;
    if (job->state != HUB_JOB_RUNNING) {
        job->ended_ms = now_ms;
        job->ended_index = engine->next_index;
    }
    rh_writer_init(&writer, bytes, sizeof bytes);
    rh_writer_init(&entry_writer, entry, sizeof entry);
    enum rh_err err = hub_job_encode(job, &writer);
    if (err == RH_OK && did->entry)
        err = hub_queued_encode(&engine->event.queued, &entry_writer);
    if (err == RH_OK && did->changed)
        err = hub_stage_outcome(engine, record);
    if (err != RH_OK)
        return err;
    size_t length = strlen(did->text);
    rh_assert(length < sizeof record->text);
    memcpy(record->text, did->text, length + 1);
    record->rno = did->changed ? did->rno : 0;
    record->core.stored_ms = now_ms;
    record->down_ms = engine->down_ms;
    record->job_row = (struct rh_bytes){ bytes, writer.bytes };
    record->queued_row = (struct rh_bytes){ entry, entry_writer.bytes };
    record->agency_row = agency_row;
    err = hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
    for (uint32_t i = 0; did->changed && err == RH_OK && i < engine->outcome->delivery_count;
         i++)
        hub_stir(engine, engine->outcome->deliveries[i].to);
    if (err == RH_OK && did->entry)
        hub_stir(engine, engine->event.queued.to); /* what is on its way there is a tombstone */
    return err;
}

/* A record that changes no referral: the job began, it was ended. */
static enum rh_err say(struct hub_engine *engine, struct hub_job_row *job, const char *text,
                       struct rh_bytes agency_row)
{
    struct hub_job_did did = { .changed = false };
    size_t length = strlen(text);
    rh_assert(length < sizeof did.text);
    memcpy(did.text, text, length + 1);
    return stage_job(engine, job, &did, agency_row);
}

static void drop(struct hub_engine *engine, uint32_t at)
{
    engine->job_count--;
    if (at == 0)
        engine->job_since_ms = 0;
    memmove(&engine->jobs[at], &engine->jobs[at + 1],
            (engine->job_count - at) * sizeof engine->jobs[0]);
    memmove(&engine->job_unsaid[at], &engine->job_unsaid[at + 1],
            (engine->job_count - at) * sizeof engine->job_unsaid[0]);
}

static enum rh_err supersede(struct hub_engine *engine, const struct hub_job_worker *worker)
{
    for (uint32_t i = 0; i < engine->job_count; i++) {
        struct hub_job_row *job = &engine->jobs[i];
        if (!worker->supersedes || job->kind != worker->kind)
            continue;
        job->state = HUB_JOB_SUPERSEDED;
        enum rh_err err = say(engine, job, "superseded", (struct rh_bytes){ 0 });
        if (err != RH_OK) {
            job->state = HUB_JOB_RUNNING;
            return err;
        }
        drop(engine, i);
        i--;
    }
    return RH_OK;
}

enum rh_err hub_job_begin(struct hub_engine *engine, const struct hub_job_row *wish,
                          uint64_t *number)
{
    const struct hub_job_worker *worker = worker_of(wish->kind);
    rh_assert(worker != NULL);
    enum rh_err err = supersede(engine, worker);
    if (err != RH_OK)
        return err;
    if (engine->job_count == HUB_JOBS_RUNNING_MAX)
        return RH_ERR_FULL;
    uint64_t total = 0;
    err = hub_views_save(&engine->views);
    if (err == RH_OK)
        err = worker->count != NULL ? worker->count(engine, wish, &total)
                                    : hub_views_count(engine->views.map, "open", &total);
    if (err != RH_OK)
        return err;
    struct hub_job_row job = {
        .number = engine->job_newest + 1,
        .kind = wish->kind,
        .state = HUB_JOB_RUNNING,
        .begun_index = engine->next_index,
        .begun_ms = hub_engine_now(engine),
        .subject = wish->subject,
        .from = wish->from,
        .to = wish->to,
        .limit = engine->views.next.rno,
        .total = total,
    };
    struct rh_bytes agency_row = { NULL, 0 };
    if (worker->open != NULL)
        err = worker->open(engine, wish, &agency_row);
    if (err == RH_OK)
        err = say(engine, &job, "begun", agency_row);
    if (err != RH_OK)
        return err;
    engine->job_newest = job.number;
    engine->job_unsaid[engine->job_count] = 0;
    engine->jobs[engine->job_count++] = job;
    if (number != NULL)
        *number = job.number;
    return RH_OK;
}

enum rh_err hub_jobs_recall(struct hub_engine *engine)
{
    struct hub_job_row job;
    uint64_t number = 0;
    enum rh_err err;
    engine->job_count = 0;
    engine->job_newest = 0;
    while ((err = hub_views_job_next(engine->views.map, &number, &job)) == RH_OK) {
        engine->job_newest = job.number;
        if (job.state != HUB_JOB_RUNNING)
            continue;
        if (engine->job_count == HUB_JOBS_RUNNING_MAX || worker_of(job.kind) == NULL)
            return RH_ERR_CORRUPT;
        engine->job_unsaid[engine->job_count] = 0;
        engine->jobs[engine->job_count++] = job;
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* ---- working --------------------------------------------------------------------------- */

bool hub_jobs_can_work(const struct hub_engine *engine)
{
    return engine->job_count > 0 && engine->held_refusal == 0 &&
           hub_journal_ready(engine->journal) != RH_ERR_NOSPACE;
}

enum rh_err hub_job_next_referral(struct hub_engine *engine, const struct hub_job_row *job,
                                  uint64_t *number)
{
    *number = job->cursor;
    enum rh_err err = hub_views_referral_next(engine->views.map, number, engine->job_before);
    return err == RH_OK && *number >= job->limit ? RH_ERR_NOTFOUND : err;
}

struct hub_event *hub_job_event(struct hub_engine *engine, enum hub_event_type type,
                                uint64_t rno)
{
    struct hub_event *event = &engine->event;
    memset(event, 0, sizeof *event);
    event->type = type;
    event->now_ms = hub_engine_now(engine);
    event->index = engine->next_index;
    event->rno = rno;
    event->down_ms = engine->down_ms;
    return event;
}

static enum rh_err end(struct hub_engine *engine, struct hub_job_row *job,
                       const struct hub_job_worker *worker)
{
    struct hub_job_did did = { .text = "done" }, handed = { .changed = false };
    struct rh_bytes agency_row = { NULL, 0 };
    enum rh_err err = RH_OK;
    if (worker->hand_over != NULL)
        err = worker->hand_over(engine, job, &agency_row, &handed);
    if (err == RH_OK && agency_row.bytes > 0)
        err = stage_job(engine, job, &handed, agency_row);
    if (err != RH_OK)
        return err;
    agency_row = (struct rh_bytes){ NULL, 0 };
    err = worker->close != NULL ? worker->close(engine, job, &agency_row) : RH_OK;
    if (err != RH_OK)
        return err;
    job->state = HUB_JOB_DONE;
    err = stage_job(engine, job, &did, agency_row);
    if (err == RH_OK)
        drop(engine, 0);
    return err;
}

/* The next thing of the oldest job. *recorded: a record was staged; *ended: the job is over. */
static enum rh_err advance(struct hub_engine *engine, bool *recorded, bool *ended)
{
    struct hub_job_row *job = &engine->jobs[0];
    const struct hub_job_worker *worker = worker_of(job->kind);
    struct hub_job_did did = { .changed = false };
    uint64_t number = 0;
    *recorded = *ended = false;
    enum rh_err err = worker->next(engine, job, &number);
    if (err == RH_ERR_NOTFOUND) {
        *recorded = *ended = true;
        return end(engine, job, worker);
    }
    did.rno = number;
    if (err == RH_OK)
        err = worker->look(engine, job, number, &did);
    if (err != RH_OK)
        return err;
    job->cursor = number;
    if (number >= job->limit) /* a kind that also takes what came after it began */
        job->limit = number + 1;
    job->done += did.counted ? 1 : 0;
    job->changed += did.changed ? 1 : 0;
    job->moved += did.moved;
    *recorded = did.changed || ++engine->job_unsaid[0] >= HUB_JOB_GROUP;
    if (!*recorded)
        return RH_OK;
    engine->job_unsaid[0] = 0;
    return stage_job(engine, job, &did, (struct rh_bytes){ 0 });
}

enum rh_err hub_engine_work(struct hub_engine *engine, uint32_t looks)
{
    uint64_t began_ms = engine->time.monotonic();
    uint32_t records = 0;
    if (engine->job_count > 0 && engine->job_since_ms == 0) {
        engine->job_since_ms = began_ms;
        engine->job_done_before = engine->jobs[0].done;
    }
    for (; looks > 0 && records < HUB_JOB_TURN_RECORDS; looks--) {
        bool recorded, ended;
        if (!hub_jobs_can_work(engine) ||
            engine->time.monotonic() - began_ms >= HUB_JOB_TURN_MS)
            return RH_OK;
        enum rh_err err = advance(engine, &recorded, &ended);
        if (err != RH_OK)
            return err;
        records += recorded ? 1 : 0;
    }
    return RH_OK;
}

enum rh_err hub_jobs_before_timer(struct hub_engine *engine, uint64_t rno, bool *changed)
{
    *changed = false;
    for (uint32_t i = 0; i < engine->job_count; i++) {
        struct hub_job_row *job = &engine->jobs[i];
        const struct hub_job_worker *worker = worker_of(job->kind);
        struct hub_job_did did = { .rno = rno };
        if (!worker->before_timers || rno <= job->cursor || rno >= job->limit)
            continue;
        enum rh_err err = hub_views_referral(engine->views.map, rno, engine->job_before);
        if (err == RH_OK)
            err = worker->look(engine, job, rno, &did);
        if (err != RH_OK)
            return err;
        if (!did.changed)
            continue;
        job->changed++;
        job->moved += did.moved;
        engine->job_unsaid[i] = 0;
        *changed = true;
        return stage_job(engine, job, &did, (struct rh_bytes){ 0 });
    }
    return RH_OK;
}

bool hub_engine_job_pace(const struct hub_engine *engine, uint64_t number, uint64_t *done,
                         uint64_t *ms)
{
    if (engine->job_count == 0 || engine->jobs[0].number != number || engine->job_since_ms == 0)
        return false;
    *done = engine->jobs[0].done - engine->job_done_before;
    *ms = engine->time.monotonic() - engine->job_since_ms;
    return true;
}
