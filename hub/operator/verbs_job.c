/* Jobs: large events that go on in bounded, recorded steps (engine/job.h). */
#include "operator/inside.h"

#include <stdio.h>
#include <stdlib.h>

#include <rh/text.h>

const char *hub_json_job_kind(enum hub_job_kind kind)
{
    switch (kind) {
    case HUB_JOB_RECOMPUTE:
        return "recompute";
    case HUB_JOB_SUCCESSOR:
        return "successor";
    }
    return "?";
}

static const char *state_name(enum hub_job_state state)
{
    switch (state) {
    case HUB_JOB_RUNNING:
        return "running";
    case HUB_JOB_DONE:
        return "done";
    case HUB_JOB_SUPERSEDED:
        return "superseded";
    }
    return "?";
}

struct pace {
    uint64_t number, done, ms;
    bool known;
};

static enum rh_err look_pace(void *context, struct hub_engine *engine,
                             struct hub_gateway *gateway)
{
    struct pace *pace = context;
    (void)gateway;
    pace->known = hub_engine_job_pace(engine, pace->number, &pace->done, &pace->ms);
    return RH_OK;
}

/* Per second, and what is left at that rate. A running job is timed by this hub's run of it; an
 * ended one by its records. */
static void put_pace(json_t *row, const struct hub_job_row *job, const struct pace *pace)
{
    uint64_t done = pace->known ? pace->done : job->done;
    uint64_t ms = pace->known          ? pace->ms
                  : job->ended_ms != 0 ? job->ended_ms - job->begun_ms
                                       : 0;
    bool running = job->state == HUB_JOB_RUNNING;
    uint64_t rate = ms == 0 ? 0 : done * 1000 / ms;
    json_object_set_new(row, "rate", json_null());
    json_object_set_new(row, "remaining_s", json_null());
    if (rate == 0)
        return;
    hub_json_uint(row, "rate", rate);
    if (running)
        hub_json_uint(row, "remaining_s",
                      job->total > job->done ? (job->total - job->done) / rate : 0);
}

/* An ended job is through, also where matters came to rest before it reached them. */
static uint64_t percent_of(const struct hub_job_row *job)
{
    if (job->state == HUB_JOB_DONE || job->total == 0)
        return 100;
    uint64_t percent = job->done * 100 / job->total;
    return percent > 99 ? 99 : percent;
}

json_t *hub_json_job(struct hub_ask *ask, const struct hub_job_row *job)
{
    char id[24];
    struct pace pace = { .number = job->number };
    json_t *row = hub_json_row("job");
    snprintf(id, sizeof id, "%llu", (unsigned long long)job->number);
    hub_json_text(row, "id", id);
    hub_json_text(row, "kind", hub_json_job_kind(job->kind));
    hub_json_text(row, "state", state_name(job->state));
    hub_json_uint(row, "total", job->total);
    hub_json_uint(row, "done", job->done);
    hub_json_uint(row, "percent", percent_of(job));
    hub_json_uint(row, "changed", job->changed);
    hub_json_uint(row, "moved", job->moved);
    if (job->state == HUB_JOB_RUNNING)
        (void)hub_ask_engine(ask, look_pace, &pace, false); /* without it: no rate */
    put_pace(row, job, &pace);
    hub_json_at(row, "begun_at", job->begun_ms);
    hub_json_at(row, "stepped_at", job->stepped_ms);
    hub_json_at(row, "ended_at", job->ended_ms);
    hub_json_uint(row, "log_index", job->begun_index);
    json_object_set_new(row, "ended_index", json_null());
    if (job->ended_ms != 0)
        hub_json_uint(row, "ended_index", job->ended_index);
    hub_json_uint(row, "subject", job->subject);
    bool alone = ask->map == NULL; /* names are read in a snapshot, the caller's or our own */
    if (alone && hub_snapshot_begin(ask) != RH_OK) {
        json_decref(row);
        return NULL;
    }
    hub_json_agency(ask, row, "from", job->from);
    hub_json_agency(ask, row, "to", job->to);
    if (alone)
        hub_snapshot_end(ask);
    return row;
}

/* One row, read in a snapshot of its own: its pace is asked for without holding one. */
static enum rh_err show(struct hub_ask *ask, const struct hub_job_row *job)
{
    hub_snapshot_end(ask);
    enum rh_err err = hub_ask_row(ask, hub_json_job(ask, job));
    return err == RH_OK ? hub_snapshot_begin(ask) : err;
}

enum rh_err hub_verb_job_list(struct hub_ask *ask)
{
    struct hub_job_row job;
    uint64_t number = 0;
    uint32_t limit = hub_args_limit(ask);
    size_t bytes;
    uint8_t place[8];
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_token_read(ask, 'j', place, sizeof place, &bytes);
    for (size_t i = 0; err == RH_OK && i < bytes; i++)
        number = number << 8 | place[i];
    while (err == RH_OK && ask->rows < limit) {
        err = hub_views_job_next(ask->map, &number, &job);
        if (err == RH_ERR_NOTFOUND)
            return RH_OK;
        if (err == RH_OK)
            err = show(ask, &job);
    }
    for (unsigned i = 0; i < 8; i++)
        place[i] = (uint8_t)(number >> (56 - 8 * i));
    if (err == RH_OK)
        hub_token_write(ask, 'j', place, sizeof place);
    return err;
}

enum rh_err hub_verb_job_show(struct hub_ask *ask)
{
    struct hub_job_row job;
    const char *id = hub_args_text(ask, "id");
    char *end;
    unsigned long long number = strtoull(id, &end, 10);
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = *end != '\0' || id[0] == '-' ? RH_ERR_NOTFOUND
                                           : hub_views_job(ask->map, number, &job);
    if (err == RH_ERR_NOTFOUND)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/id",
                              N_("there is no job of that number; rhub job list shows them"),
                              id);
    return err == RH_OK ? show(ask, &job) : err;
}
