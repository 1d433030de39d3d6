/* An agency's successor: its queue first, entry by entry in the order of their records, then
 * every referral in which it has a part (hub/core/succession.c).
 *
 * Before that the walls: in the same way the job goes through the successor's queue and
 * referrals for what accuses the old agency, and takes it from it. From the job's first record
 * on, which carries the successor's row with the old agency in its past, no more gets there.
 *
 * The queue comes first at every step. As long as a referral is the old agency's, what is sent
 * to it waits in that queue; it changes hands at a moment when nothing of it waits there, so
 * what is sent later cannot overtake what was sent before.
 *
 * Where the walk stands is memory: what has moved is a tombstone in the old queue and no party
 * any more, so that after a kill the walk finds the rest by itself. */
#include "engine/inside.h"

#include <stdio.h>
#include <string.h>

enum { COUNT_MAX = 65536 }; /* a larger one is told as that many until it is through */

/* ---- whose it is ------------------------------------------------------------------------ */

static enum rh_err read_old(struct hub_engine *engine, const struct hub_job_row *job)
{
    return hub_views_agency(engine->views.map, job->from, &engine->agency);
}

/* Whose queue and referrals the walk goes through. */
static uint32_t walked(const struct hub_engine *engine, const struct hub_job_row *job)
{
    return engine->job_walk.walled ? job->from : job->to;
}

/* Whether this job is for what belongs to referral `rno` (0: to none); the row into
 * job_before. */
static enum rh_err is_meant(struct hub_engine *engine, const struct hub_job_row *job,
                            uint64_t rno, bool *meant)
{
    *meant = false;
    enum rh_err err = hub_views_agency(engine->views.map, walked(engine, job), &engine->agency);
    if (err == RH_OK && rno != 0)
        err = hub_views_referral(engine->views.map, rno, engine->job_before);
    if (err != RH_OK)
        return err;
    if (!engine->job_walk.walled) {
        *meant = rno != 0 && hub_agency_is_accused(&engine->agency, engine->job_before);
        return RH_OK;
    }
    const struct hub_successor *next =
        hub_agency_successor(&engine->agency, rno == 0 ? NULL : engine->job_before);
    *meant = next != NULL && next->to == job->to;
    return RH_OK;
}

/* ---- the queue -------------------------------------------------------------------------- */

static struct hub_job_seen *find_seen(struct hub_engine *engine, enum rh_lane lane,
                                      uint32_t from)
{
    struct hub_job_walk *walk = &engine->job_walk;
    for (uint32_t i = 0; i < walk->seen_count; i++) {
        if (walk->seen[i].lane == lane && walk->seen[i].from == from)
            return &walk->seen[i];
    }
    if (walk->seen_count == HUB_JOB_SEEN_MAX)
        return NULL; /* its queue is read from the start each time: slower, not wrong */
    struct hub_job_seen *seen = &walk->seen[walk->seen_count++];
    *seen = (struct hub_job_seen){ .lane = lane, .from = from };
    return seen;
}

/* The first entry of a pair that this job is to move. */
static enum rh_err head_of(struct hub_engine *engine, const struct hub_job_row *job,
                           enum rh_lane lane, uint32_t from, struct hub_queued *out)
{
    struct hub_job_seen *seen = find_seen(engine, lane, from);
    uint64_t at = seen == NULL ? 0 : seen->pair_seq + 1;
    for (;;) {
        bool meant;
        enum rh_err err =
            hub_views_queue_head(engine->views.map, walked(engine, job), lane, from, at,
                                 out);
        if (err != RH_OK)
            return err;
        err = out->tombstone ? RH_OK : is_meant(engine, job, out->rno, &meant);
        if (err != RH_OK)
            return err;
        if (!out->tombstone && meant)
            return RH_OK;
        if (seen != NULL)
            seen->pair_seq = out->pair_seq;
        at = out->pair_seq + 1;
    }
}

/* Of all pairs the entry whose record is the earliest. */
static enum rh_err next_entry(struct hub_engine *engine, const struct hub_job_row *job,
                              struct hub_queued *out)
{
    bool found = false;
    for (unsigned lane = 0; lane < RH_LANE_COUNT; lane++) {
        uint32_t from = 0;
        enum rh_err err;
        while ((err = hub_views_queue_sender(engine->views.map, walked(engine, job),
                                             (enum rh_lane)lane, &from)) == RH_OK) {
            struct hub_queued head;
            err = head_of(engine, job, (enum rh_lane)lane, from, &head);
            if (err == RH_OK && (!found || head.index < out->index)) {
                *out = head;
                found = true;
            }
            if (err != RH_OK && err != RH_ERR_NOTFOUND)
                return err;
        }
        if (err != RH_ERR_NOTFOUND)
            return err;
    }
    return found ? RH_OK : RH_ERR_NOTFOUND;
}

/* ---- the referrals ---------------------------------------------------------------------- */

static enum rh_err next_party(struct hub_engine *engine, const struct hub_job_row *job,
                              uint64_t *rno)
{
    struct hub_job_walk *walk = &engine->job_walk;
    for (;;) {
        enum rh_err err =
            hub_views_party_next(engine->views.map, walked(engine, job), &walk->party, rno);
        if (err != RH_ERR_NOTFOUND || !walk->found)
            return err;
        walk->found = false; /* once more from the start, until a walk finds nothing */
        walk->party.bytes = 0;
    }
}

void hub_job_stirred(struct hub_engine *engine, uint32_t agency)
{
    if (engine->job_count > 0 && engine->jobs[0].kind == HUB_JOB_SUCCESSOR &&
        engine->jobs[0].from == agency)
        engine->job_walk.queue_done = false;
}

static enum rh_err next_of(struct hub_engine *engine, const struct hub_job_row *job,
                           uint64_t *number)
{
    struct hub_job_walk *walk = &engine->job_walk;
    walk->entry.index = 0;
    if (!walk->queue_done) {
        enum rh_err err = next_entry(engine, job, &walk->entry);
        *number = job->cursor;
        if (err != RH_ERR_NOTFOUND)
            return err;
        walk->entry.index = 0;
        walk->queue_done = true;
    }
    return next_party(engine, job, number);
}

static enum rh_err next(struct hub_engine *engine, const struct hub_job_row *job,
                        uint64_t *number)
{
    struct hub_job_walk *walk = &engine->job_walk;
    if (walk->job != job->number) { /* another job, or this hub has just started */
        memset(walk, 0, sizeof *walk);
        walk->job = job->number;
    }
    enum rh_err err = next_of(engine, job, number);
    if (err != RH_ERR_NOTFOUND || walk->walled)
        return err;
    memset(walk, 0, sizeof *walk);
    walk->job = job->number;
    walk->walled = true;
    return next_of(engine, job, number);
}

static enum rh_err decide(struct hub_engine *engine, const struct hub_job_row *job,
                          uint64_t rno, const struct hub_queued *entry)
{
    struct hub_event *event = hub_job_event(engine, HUB_EVENT_SUCCEED, rno);
    event->agency = job->from;
    event->successor = job->to;
    event->queued = *entry;
    return hub_engine_decide(engine);
}

static enum rh_err look(struct hub_engine *engine, const struct hub_job_row *job,
                        uint64_t number, struct hub_job_did *did)
{
    struct hub_job_walk *walk = &engine->job_walk;
    struct hub_queued entry = walk->entry;
    bool meant;
    did->entry = entry.index != 0;
    did->rno = did->entry ? entry.rno : number;
    enum rh_err err = is_meant(engine, job, did->rno, &meant);
    if (err != RH_OK || !meant)
        return err;
    err = decide(engine, job, did->rno, &entry);
    if (err != RH_OK)
        return err;
    const struct hub_outcome *outcome = engine->outcome;
    did->changed =
        outcome->row_count > 0 || outcome->delivery_count > 0 || outcome->queue_count > 0;
    did->counted = did->changed;
    if (did->entry) { /* looked at, whatever became of it */
        struct hub_job_seen *seen = find_seen(engine, entry.lane, entry.from);
        if (seen != NULL)
            seen->pair_seq = entry.pair_seq;
        did->entry = did->changed;
        snprintf(did->text, sizeof did->text, "delivery %llu %s",
                 (unsigned long long)entry.pair_seq,
                 outcome->delivery_count > 0 ? "moved" : "kept back");
        if (seen == NULL && !did->changed)
            walk->queue_done = true; /* it stays, and nobody remembers: do not look again */
        return RH_OK;
    }
    walk->found = walk->found || did->changed;
    bool kept = outcome->note_count == 0; /* the successor's copy: nobody gets it instead */
    snprintf(did->text, sizeof did->text, kept ? "kept from %.64s" : "goes to %.64s",
             hub_engine_agency_text(engine, kept ? job->to : outcome->notes[0].agency).text);
    return RH_OK;
}

/* ---- begin and end ---------------------------------------------------------------------- */

static enum rh_err count(struct hub_engine *engine, const struct hub_job_row *wish,
                         uint64_t *total)
{
    char name[40];
    struct hub_cursor cursor = { .bytes = 0 };
    uint64_t rno, parties = 0;
    enum rh_err err = RH_OK;
    while (parties < COUNT_MAX && err == RH_OK) {
        err = hub_views_party_next(engine->views.map, wish->from, &cursor, &rno);
        parties += err == RH_OK ? 1 : 0;
    }
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return err;
    snprintf(name, sizeof name, "queue/%u", (unsigned)wish->from);
    err = hub_views_count(engine->views.map, name, total);
    *total += parties;
    return err;
}

static bool is_whole(const struct hub_successor *next_one)
{
    return next_one->area[0] == '\0' && next_one->category[0] == '\0';
}

static struct rh_bytes encode_row(struct hub_engine *engine, struct hub_agency *row,
                                  enum rh_err *err)
{
    struct rh_writer writer;
    row->changed_ms = hub_engine_now(engine);
    rh_writer_init(&writer, engine->agency_bytes, sizeof engine->agency_bytes);
    *err = hub_agency_encode(row, &writer);
    engine->agencies_changed = true;
    return (struct rh_bytes){ engine->agency_bytes, writer.bytes };
}

static bool is_same_grant(const struct hub_grant *one, const struct hub_grant *other)
{
    return memcmp(&one->referral, &other->referral, sizeof one->referral) == 0 &&
           strcmp(one->area, other->area) == 0 && strcmp(one->category, other->category) == 0;
}

/* One that both have runs as long as the longer. False: nothing changed; *fits whether that is
 * because there is no place. */
static bool add_grant(struct hub_agency *row, const struct hub_grant *grant, bool *fits)
{
    *fits = true;
    for (uint32_t i = 0; i < row->grant_count; i++) {
        struct hub_grant *mine = &row->grants[i];
        if (!is_same_grant(mine, grant))
            continue;
        bool longer = grant->until_ms > mine->until_ms;
        mine->until_ms = longer ? grant->until_ms : mine->until_ms;
        return longer;
    }
    *fits = row->grant_count < HUB_GRANTS_MAX;
    if (*fits)
        row->grants[row->grant_count++] = *grant;
    return *fits;
}

/* From now on the old agency is a part of what the successor has been. */
static enum rh_err open_job(struct hub_engine *engine, const struct hub_job_row *wish,
                            struct rh_bytes *agency_row)
{
    struct hub_agency taker;
    enum rh_err err = read_old(engine, wish);
    if (err == RH_OK)
        err = hub_views_agency(engine->views.map, wish->to, &taker);
    if (err != RH_OK)
        return err;
    bool fits = hub_agency_inherit(&taker, &engine->agency);
    rh_assert(fits); /* the order was judged */
    *agency_row = encode_row(engine, &taker, &err);
    return err;
}

/* Where the old agency may look on, the one that has the whole of it may from now on. What
 * finds no place there stays in the old row, where an operator sees it. */
static enum rh_err hand_over(struct hub_engine *engine, const struct hub_job_row *job,
                             struct rh_bytes *agency_row, struct hub_job_did *did)
{
    struct hub_agency taker;
    struct hub_agency *old = &engine->agency;
    uint64_t now_ms = hub_engine_now(engine);
    uint32_t passed = 0, left = 0;
    bool whole = false;
    enum rh_err err = read_old(engine, job);
    if (err == RH_OK)
        err = hub_views_agency(engine->views.map, job->to, &taker);
    if (err != RH_OK)
        return err;
    for (uint32_t i = 0; i < old->successor_count; i++)
        whole = whole || (old->successors[i].to == job->to && is_whole(&old->successors[i]));
    for (uint32_t i = 0; whole && i < old->grant_count; i++) {
        bool fits = true;
        if (old->grants[i].until_ms > now_ms && add_grant(&taker, &old->grants[i], &fits))
            passed++;
        left += fits ? 0 : 1;
    }
    if (passed == 0)
        return RH_OK;
    snprintf(did->text, sizeof did->text, "%u grants passed on, %u found no place",
             (unsigned)passed, (unsigned)left);
    *agency_row = encode_row(engine, &taker, &err);
    return err;
}

/* From the end on the successor is meant wherever the old agency is named. An agency of which
 * nothing is left may only take in its tombstones. */
static enum rh_err close_job(struct hub_engine *engine, const struct hub_job_row *job,
                             struct rh_bytes *agency_row)
{
    enum rh_err err = read_old(engine, job);
    if (err != RH_OK)
        return err;
    struct hub_agency *old = &engine->agency;
    for (uint32_t i = 0; i < old->successor_count; i++) {
        struct hub_successor *next_one = &old->successors[i];
        if (next_one->to != job->to || next_one->done)
            continue;
        next_one->done = true;
        if (is_whole(next_one) && old->state != HUB_AGENCY_REVOKED)
            old->state = HUB_AGENCY_SUCCEEDED;
        break;
    }
    *agency_row = encode_row(engine, old, &err);
    return err;
}

const struct hub_job_worker hub_job_successor = {
    .kind = HUB_JOB_SUCCESSOR,
    .next = next,
    .look = look,
    .count = count,
    .open = open_job,
    .hand_over = hand_over,
    .close = close_job,
};
