/* status: one page; ping: who answers; stop. */
#include "operator/inside.h"

#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <rh/date.h>

enum { WALK_MAX = 5000, AGENCIES_MAX = 2000, NAMED_MAX = 5 };

static void put_identity(const struct hub_ask *ask, json_t *row)
{
    const struct hub_operator_options *options = &ask->op->options;
    hub_json_text(row, "id", ask->op->hub.text);
    hub_json_text(row, "hub", ask->op->hub.text);
    hub_json_bool(row, "test", rh_hub_id_is_test(&ask->op->hub));
    hub_json_text(row, "version", options->version);
    hub_json_uint(row, "pid", (uint64_t)getpid());
    hub_json_text(row, "endpoint", options->endpoint);
}

enum rh_err hub_verb_ping(struct hub_ask *ask)
{
    json_t *row = hub_json_row("pong");
    put_identity(ask, row);
    hub_json_at(row, "now_at", ask->now_ms);
    return hub_ask_row(ask, row);
}

static enum rh_err ask_stop(void *context, struct hub_engine *engine,
                            struct hub_gateway *gateway)
{
    struct hub_operator *op = context;
    (void)engine;
    (void)gateway;
    op->stop_asked = true;
    return RH_OK;
}

enum rh_err hub_verb_stop(struct hub_ask *ask)
{
    enum rh_err err = hub_ask_engine(ask, ask_stop, ask->op, true);
    return err == RH_OK ? hub_ask_done(ask, ask->op->hub.text, ask->health.records) : err;
}

/* ---- clocks ---------------------------------------------------------------------------- */

struct pressing {
    uint64_t overdue, today, soon;
    uint64_t oldest_ms;
    uint32_t oldest_by;
    bool more; /* the walk was cut short: the counts are at least these */
};

/* The table of clocks is ordered by end: what presses stands in front. */
static enum rh_err count_pressing(struct hub_ask *ask, struct pressing *out)
{
    struct hub_cursor cursor = { .bytes = 0 };
    uint64_t from_ms, today_ms = 0, soon_ms = 0, end_ms, rno;
    uint32_t serial, owed_by;
    enum rh_err err = hub_find_window(ask, "today", &from_ms, &today_ms);
    if (err == RH_OK)
        err = hub_find_window(ask, "3wd", &from_ms, &soon_ms);
    for (uint32_t seen = 0; err == RH_OK; seen++) {
        err = hub_views_due_next(ask->map, &cursor, &end_ms, &rno, &serial, &owed_by);
        if (err != RH_OK || end_ms >= soon_ms)
            break;
        if (seen == WALK_MAX) {
            out->more = true;
            break;
        }
        if (end_ms <= ask->now_ms && out->overdue++ == 0) {
            out->oldest_ms = end_ms;
            out->oldest_by = owed_by;
        } else if (end_ms > ask->now_ms) {
            out->soon++;
            out->today += end_ms < today_ms ? 1 : 0;
        }
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static enum rh_err put_clocks(struct hub_ask *ask, json_t *row)
{
    struct pressing pressing = { 0 };
    enum rh_err err = count_pressing(ask, &pressing);
    json_t *overdue = json_object();
    uint64_t kept = hub_find_count(ask, "overdue");
    hub_json_uint(overdue, "count", kept > pressing.overdue ? kept : pressing.overdue);
    json_object_set_new(overdue, "oldest_s", json_null());
    if (pressing.oldest_ms != 0)
        hub_json_uint(overdue, "oldest_s", (ask->now_ms - pressing.oldest_ms) / 1000);
    hub_json_agency(ask, overdue, "owed_by", pressing.oldest_by);
    json_object_set_new(row, "overdue", overdue);
    hub_json_uint(row, "due_today", pressing.today);
    hub_json_uint(row, "due_3wd", pressing.soon);
    hub_json_bool(row, "due_more", pressing.more);
    return err;
}

/* ---- agencies -------------------------------------------------------------------------- */

struct muster {
    uint64_t total, online;
    uint64_t unsigned_ms; /* when the oldest referral that waits to be signed was sent */
    json_t *offline;      /* the first few */
    json_t *revoke_due;   /* the first few that others have taken over, with keys still valid */
};

/* Open referrals of one holder stand in order of states, and within one in order of numbers. */
static void look_unsigned(struct hub_ask *ask, uint32_t no, struct muster *muster)
{
    struct hub_cursor cursor = { .bytes = 0 };
    enum rh_state state;
    uint64_t rno;
    for (uint32_t seen = 0; seen < WALK_MAX; seen++) {
        if (hub_views_holder_next(ask->map, no, &cursor, &state, &rno) != RH_OK ||
            state > RH_STATE_DISPATCHED)
            return;
        if (state != RH_STATE_DISPATCHED)
            continue;
        const struct hub_referral *row = ask->op->other;
        if (hub_views_referral(ask->map, rno, ask->op->other) == RH_OK &&
            (muster->unsigned_ms == 0 || row->dispatched_ms < muster->unsigned_ms))
            muster->unsigned_ms = row->dispatched_ms;
        return;
    }
}

static void look_agency(struct hub_ask *ask, const struct hub_agency *agency,
                        struct muster *muster)
{
    struct hub_session_view session;
    look_unsigned(ask, agency->no, muster);
    if (hub_agency_revoke_due(ask, agency) && json_array_size(muster->revoke_due) < NAMED_MAX)
        json_array_append_new(muster->revoke_due, hub_json_agency_id(ask, agency->no));
    if (agency->state != HUB_AGENCY_ACTIVE)
        return;
    muster->total++;
    if (hub_find_session(ask, agency->no, &session)) {
        muster->online++;
        return;
    }
    if (json_array_size(muster->offline) >= NAMED_MAX)
        return;
    json_t *entry = json_object();
    hub_json_agency(ask, entry, "agency", agency->no);
    hub_json_at(entry, "last_seen_at", session.last_ms);
    json_object_set_new(entry, "since_s", json_null());
    if (session.last_ms != 0 && ask->now_ms > session.last_ms)
        hub_json_uint(entry, "since_s", (ask->now_ms - session.last_ms) / 1000);
    json_array_append_new(muster->offline, entry);
}

static enum rh_err put_agencies(struct hub_ask *ask, json_t *row)
{
    struct muster muster = { .offline = json_array(), .revoke_due = json_array() };
    uint32_t no = 0;
    enum rh_err err = RH_OK;
    for (uint32_t seen = 0; err == RH_OK && seen < AGENCIES_MAX; seen++) {
        err = hub_views_agency_next(ask->map, &no, ask->op->agency);
        if (err == RH_OK)
            look_agency(ask, ask->op->agency, &muster);
    }
    json_t *waiting = json_object();
    hub_json_uint(waiting, "count", hub_find_count(ask, "state/dispatched"));
    json_object_set_new(waiting, "oldest_s", json_null());
    if (muster.unsigned_ms != 0 && ask->now_ms > muster.unsigned_ms)
        hub_json_uint(waiting, "oldest_s", (ask->now_ms - muster.unsigned_ms) / 1000);
    json_object_set_new(row, "unsigned", waiting);
    json_t *agencies = json_object();
    hub_json_uint(agencies, "total", muster.total);
    hub_json_uint(agencies, "online", muster.online);
    json_object_set_new(agencies, "offline", muster.offline);
    json_object_set_new(agencies, "revoke_due", muster.revoke_due);
    json_object_set_new(row, "agencies", agencies);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* ---- dead letters ---------------------------------------------------------------------- */

static void put_dead(struct hub_ask *ask, json_t *row)
{
    struct hub_cursor cursor = { .bytes = 0 };
    struct hub_dead dead;
    uint32_t cause = 0;
    for (uint32_t seen = 0; cause == 0 && seen < WALK_MAX; seen++) {
        if (hub_views_dead_next(ask->map, &cursor, &dead) != RH_OK)
            break;
        if (!dead.settled)
            cause = dead.refusal;
    }
    json_t *entry = json_object();
    hub_json_uint(entry, "count", hub_find_count(ask, "dead"));
    hub_json_code(entry, "cause", cause);
    json_object_set_new(row, "dead", entry);
}

/* ---- the machine ----------------------------------------------------------------------- */

static void put_disk(const struct hub_ask *ask, json_t *row)
{
    struct statvfs about;
    json_t *disk = json_object();
    hub_json_uint(disk, "map_percent", ask->health.map_permille / 10);
    json_object_set_new(disk, "used_percent", json_null());
    json_object_set_new(disk, "free_bytes", json_null());
    if (ask->op->options.data_dir != NULL &&
        statvfs(ask->op->options.data_dir, &about) == 0 && about.f_blocks > 0) {
        uint64_t free_blocks = about.f_bavail;
        uint64_t all = about.f_blocks;
        hub_json_uint(disk, "used_percent", (all - free_blocks) * 100 / all);
        hub_json_uint(disk, "free_bytes", free_blocks * about.f_frsize);
    }
    json_object_set_new(row, "disk", disk);
}

/* What runs: kind, how far. The newest few of a table that is short. */
static void put_jobs(struct hub_ask *ask, json_t *row)
{
    struct hub_job_row job;
    uint64_t number = 0;
    json_t *jobs = json_array();
    while (hub_views_job_next(ask->map, &number, &job) == RH_OK) {
        if (job.state != HUB_JOB_RUNNING)
            continue;
        json_t *entry = json_object();
        hub_json_uint(entry, "id", job.number);
        hub_json_text(entry, "kind", hub_json_job_kind(job.kind));
        hub_json_uint(entry, "done", job.done);
        hub_json_uint(entry, "total", job.total);
        hub_json_uint(entry, "changed", job.changed);
        json_array_append_new(jobs, entry);
    }
    json_object_set_new(row, "jobs", jobs);
}

/* Rows of the views that failed their check: made anew since the start, or waiting for it. */
static void put_views(const struct hub_ask *ask, json_t *row)
{
    json_t *views = json_object();
    hub_json_uint(views, "mended", ask->health.mended);
    hub_json_bool(views, "damaged", ask->health.hurt);
    json_object_set_new(row, "views", views);
}

static void put_health(const struct hub_ask *ask, json_t *row)
{
    const struct hub_engine_health *health = &ask->health;
    json_t *log = json_object();
    hub_json_at(row, "now_at", ask->now_ms);
    hub_json_at(row, "started_at", ask->op->started_ms);
    hub_json_uint(row, "uptime_s",
                  ask->now_ms > ask->op->started_ms
                      ? (ask->now_ms - ask->op->started_ms) / 1000
                      : 0);
    hub_json_int(row, "clock_skew_ms", health->wall_skew_ms);
    hub_json_uint(log, "records", health->records);
    hub_json_uint(log, "published", health->published);
    json_object_set_new(row, "log", log);
    hub_json_bool(row, "intake_held", health->intake_held);
    hub_json_code(row, "held_code", health->held_refusal);
    hub_json_text(row, "held_text", health->text);
    hub_json_bool(row, "firing_held", health->firing_held);
    hub_json_text(row, "condition",
                  health->intake_held ? "held" : health->firing_held ? "clock" : "ok");
}

enum rh_err hub_verb_status(struct hub_ask *ask)
{
    enum rh_err err = hub_snapshot_begin(ask);
    if (err != RH_OK)
        return err;
    json_t *row = hub_json_row("status");
    put_identity(ask, row);
    put_health(ask, row);
    err = put_clocks(ask, row);
    if (err == RH_OK)
        err = put_agencies(ask, row);
    if (err != RH_OK) {
        json_decref(row);
        return err;
    }
    put_dead(ask, row);
    put_disk(ask, row);
    put_jobs(ask, row);
    put_views(ask, row);
    hub_json_uint(row, "referrals", hub_find_count(ask, "referrals"));
    hub_json_uint(row, "open", hub_find_count(ask, "open"));
    hub_json_uint(row, "queue", hub_find_count(ask, "queue"));
    hub_json_uint(row, "suspended", hub_find_count(ask, "state/suspended"));
    hub_json_uint(row, "in_progress", hub_find_count(ask, "state/in_progress"));
    return hub_ask_row(ask, row);
}
