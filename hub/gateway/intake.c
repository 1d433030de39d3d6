/* Intake: frames from the ring, bundles verified by the workers and offered to the engine in
 * fair turns of the agencies (fair.h), and the answers that may leave only after the sync.
 *
 * What waits for the engine waits here, in a queue for each agency, and not in the ring, which
 * knows no agencies: a receiver's acknowledgements would stand in line behind all that others
 * send, and while they do nothing is delivered to it. */
#include "gateway/inside.h"

#include <string.h>

enum { RETRY_MS = 1000 };

bool hub_intake_has_room(const struct hub_gateway *gateway)
{
    return gateway->pending_count + 2 <= HUB_PENDING_MAX;
}

void hub_intake_pend(struct hub_gateway *gateway, enum hub_pending_type type,
                     const struct hub_session *session, uint64_t first_n, uint32_t count,
                     uint64_t first_index)
{
    rh_assert(gateway->pending_count < HUB_PENDING_MAX);
    gateway->pending[gateway->pending_count++] = (struct hub_pending){
        .type = type,
        .agency = session->peer->agency,
        .session = session->id,
        .first_n = first_n,
        .count = count,
        .first_index = first_index,
    };
}

/* Frames --------------------------------------------------------------------------------- */

/* Whether an agency may have so much more waiting: within its own bounds, and at most half of
 * what it leaves free for others. However many send as much as they can, something stays free
 * for who comes next. */
static bool has_share(const struct hub_gateway *gateway, const struct hub_peer *peer,
                      uint64_t bytes)
{
    uint32_t free_jobs;
    uint64_t free_bytes;
    hub_workers_room(gateway->workers, &free_jobs, &free_bytes);
    return peer->jobs < HUB_PEER_JOBS_MAX && peer->jobs < free_jobs / 2 &&
           peer->job_bytes + bytes <= HUB_PEER_JOB_BYTES &&
           peer->job_bytes + bytes <= free_bytes / 2;
}

/* A bundle to the workers. */
static void take_bundle(struct hub_gateway *gateway, struct hub_session *session,
                        struct rh_bytes frame)
{
    struct hub_peer *peer = session->peer;
    struct hub_job *job = NULL;
    if (has_share(gateway, peer, frame.bytes))
        job = hub_workers_begin(gateway->workers, (uint32_t)frame.bytes);
    if (job == NULL) {
        gateway->counters.bundles_busy++;
        hub_out_busy(gateway, peer->agency, session->routing, RH_REFUSE_BUSY_QUOTA, 200,
                     hub_frame_first_n(frame));
        return;
    }
    job->type = HUB_JOB_BUNDLE;
    job->agency = peer->agency;
    job->session = session->id;
    job->key = peer->sign;
    job->sender = peer->id;
    job->hub = gateway->hub;
    hub_engine_sign_key(gateway->engine, &job->hub_key);
    job->epoch = session->epoch;
    memcpy(job->routing, session->routing, sizeof job->routing);
    memcpy(job->frame, frame.data, frame.bytes);
    peer->jobs++;
    peer->job_bytes += frame.bytes;
    hub_workers_submit(gateway->workers);
}

static enum rh_err take_frame(struct hub_gateway *gateway, const struct hub_ring_record *record)
{
    struct rh_bytes frame = { gateway->frame_in, record->bytes };
    enum rh_frame_type type = rh_frame_type_of(frame);
    struct hub_peer *peer = hub_peer_find(gateway, record->agency);
    if (peer == NULL || !peer->active) {
        gateway->counters.revoked++;
        if (peer != NULL)
            hub_out_error(gateway, peer->agency, record->routing, RH_REFUSE_KEY_REVOKED, "", 0);
        return RH_OK;
    }
    if (type == RH_FRAME_OPEN) {
        hub_session_open(gateway, peer, record->routing, frame);
        return RH_OK;
    }
    if (type == RH_FRAME_HELLO) {
        hub_session_hello(gateway, peer, record->routing, frame);
        return RH_OK;
    }
    struct hub_session *session = peer->session;
    if (session == NULL ||
        memcmp(session->routing, record->routing, sizeof session->routing) != 0) {
        hub_out_error(gateway, peer->agency, record->routing, RH_REFUSE_HELLO_REFUSED, "", 0);
        return RH_OK;
    }
    session->last_ms = hub_engine_now(gateway->engine);
    session->heard_at_ms = hub_link_now_ms();
    if (type == RH_FRAME_BUNDLE) {
        take_bundle(gateway, session, frame);
        return RH_OK;
    }
    return hub_session_frame(gateway, session, type, frame);
}

/* The connection is gone; its session with it. */
static void take_gone(struct hub_gateway *gateway, const struct hub_ring_record *record)
{
    struct hub_peer *peer = hub_peer_find(gateway, record->agency);
    if (peer != NULL && peer->session != NULL &&
        memcmp(peer->session->routing, record->routing, sizeof record->routing) == 0)
        hub_session_end(gateway, peer->session, 0);
}

static enum rh_err take_record(struct hub_gateway *gateway,
                               const struct hub_ring_record *record)
{
    switch (record->type) {
    case HUB_DOOR_FRAME:
        return take_frame(gateway, record);
    case HUB_DOOR_GONE:
        take_gone(gateway, record);
        return RH_OK;
    case HUB_DOOR_COUNTERS:
        if (record->bytes == sizeof gateway->counters.door) {
            memcpy(&gateway->counters.door, gateway->frame_in, record->bytes);
            return RH_OK;
        }
        break;
    case HUB_DOOR_STRANGER:
        if (hub_notice_stranger(gateway, gateway->frame_in, record->bytes))
            return RH_OK;
        break;
    default:
        break;
    }
    hub_link_breach(&gateway->link, "it sent a record of another form");
    return RH_OK;
}

/* Read the ring until it is empty, the turn is full or the workers have no place left.
 * Everything that is there, so that each agency's share of this turn is taken from all that it
 * sent. */
static enum rh_err drain(struct hub_gateway *gateway)
{
    struct hub_ring_record record;
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; err == RH_OK && i < HUB_TURN_FRAMES; i++) {
        if (hub_workers_full(gateway->workers) || !hub_intake_has_room(gateway) ||
            hub_link_pop(&gateway->link, &record, gateway->frame_in) != RH_OK)
            break;
        err = take_record(gateway, &record);
    }
    hub_workers_kick(gateway->workers);
    return err;
}

/* Bundles -------------------------------------------------------------------------------- */

/* The number that has two digests, so that the sender can look for it. */
static uint64_t conflicting_n(struct hub_gateway *gateway, const struct hub_job *job)
{
    for (uint32_t i = 0; i < job->header.count; i++) {
        uint64_t index;
        struct rh_hash digest;
        if (hub_views_number(hub_gateway_map(gateway), job->agency, &job->header.epoch,
                             job->header.first_n + i, &index, &digest) != RH_OK)
            break;
        if (!rh_hash_equal(&digest, &job->digests[i]))
            return job->header.first_n + i;
    }
    return job->header.first_n;
}

static void refuse(struct hub_gateway *gateway, const struct hub_job *job, uint32_t refusal)
{
    uint64_t first_n = job->header.first_n;
    gateway->counters.bundles_refused++;
    if (refusal == RH_REFUSE_CONFLICT)
        first_n = conflicting_n(gateway, job);
    hub_out_error(gateway, job->agency, job->routing, refusal,
                  refusal == RH_REFUSE_OTHER_HUB ? gateway->hub.text : "", first_n);
}

/* Taken, possibly behind a part that was known: that one is confirmed again. */
static void taken(struct hub_gateway *gateway, struct hub_session *session,
                  const struct hub_job *job, const struct hub_offer_result *result)
{
    uint64_t first_n = job->header.first_n;
    uint32_t known = 0;
    if (result->expected_n > first_n && result->expected_n < first_n + job->header.count)
        known = (uint32_t)(result->expected_n - first_n);
    if (known > 0)
        hub_intake_pend(gateway, HUB_PENDING_AGAIN, session, first_n, known, 0);
    hub_intake_pend(gateway, HUB_PENDING_CONFIRM, session, first_n + known,
                    job->header.count - known, result->first_index);
    if (session->flight.count > 0) { /* there may be acks among them */
        session->dirty = true;
        hub_deliver_hungry(gateway, session->peer);
    }
}

static enum rh_err offer(struct hub_gateway *gateway, struct hub_session *session,
                         const struct hub_job *job)
{
    struct hub_offer_result result = { 0 };
    enum rh_err err = hub_engine_offer(gateway->engine, job->agency, &job->header, &job->bundle,
                                       job->digests, job->lost_count > 0 ? job->lost : NULL,
                                       &result);
    if (err != RH_OK)
        return err;
    gateway->counters.bundles++;
    gateway->counters.items += job->header.count;
    /* A bundle is signed when it leaves: what its sender's clock says now. */
    if (session != NULL)
        session->skew_ms = (int64_t)job->header.claimed_ms -
                           (int64_t)hub_engine_now(gateway->engine);
    switch (result.answer) {
    case HUB_ANSWER_TAKEN:
        taken(gateway, session, job, &result);
        break;
    case HUB_ANSWER_AGAIN:
        hub_intake_pend(gateway, HUB_PENDING_AGAIN, session, job->header.first_n,
                        job->header.count, 0);
        break;
    case HUB_ANSWER_GAP:
        hub_out_gap(gateway, job->agency, job->routing, result.expected_n);
        break;
    case HUB_ANSWER_BUSY:
        gateway->counters.bundles_busy++;
        hub_out_busy(gateway, job->agency, job->routing, result.refusal, result.retry_ms,
                     job->header.first_n);
        break;
    case HUB_ANSWER_REFUSED:
        refuse(gateway, job, result.refusal);
        break;
    }
    return RH_OK;
}

static enum rh_err finish_bundle(struct hub_gateway *gateway, const struct hub_job *job)
{
    struct hub_peer *peer = hub_peer_find(gateway, job->agency);
    rh_assert(peer != NULL && peer->jobs > 0);
    peer->jobs--;
    peer->job_bytes -= job->bytes;
    /* Its session may have ended while it was verified, or its key been revoked. */
    if (peer->session == NULL || peer->session->id != job->session)
        return RH_OK;
    if (job->refusal != 0) {
        refuse(gateway, job, job->refusal);
        return RH_OK;
    }
    return offer(gateway, peer->session, job);
}

/* What the workers have done, in fair turns. */
static enum rh_err offer_done(struct hub_gateway *gateway)
{
    enum rh_err err = RH_OK;
    while (err == RH_OK && hub_intake_has_room(gateway) &&
           hub_engine_pending(gateway->engine) < HUB_TURN_RECORDS) {
        struct hub_job *job = hub_workers_first(gateway->workers);
        if (job == NULL)
            break;
        err = job->type == HUB_JOB_HELLO ? hub_session_greeted(gateway, job)
                                         : finish_bundle(gateway, job);
        hub_workers_end(gateway->workers, job);
    }
    return err;
}

enum rh_err hub_intake_turn(struct hub_gateway *gateway)
{
    enum rh_err err = drain(gateway);
    return err == RH_OK ? offer_done(gateway) : err;
}

/* Answers after the sync ------------------------------------------------------------------ */

/* A record that cannot be read back is the storage's fault: its sender is told, and nothing
 * else stops. A device that is gone shows at the next sync. A row of the views is made anew in
 * a moment: ask again then. */
static void not_confirmed(struct hub_gateway *gateway, struct hub_session *session, uint64_t n)
{
    struct hub_engine_health health;
    hub_engine_health(gateway->engine, &health);
    if (health.hurt) {
        hub_out_busy(gateway, session->peer->agency, session->routing, RH_REFUSE_BUSY_HELD,
                     RETRY_MS, n);
        return;
    }
    gateway->counters.unreadable++;
    hub_out_error(gateway, session->peer->agency, session->routing, RH_REFUSE_RECORD_CORRUPT,
                  "", n);
}

/* Send gateway->confirm. False: the session is gone. */
static bool send_confirm(struct hub_gateway *gateway, struct hub_session *session)
{
    struct rh_writer writer;
    rh_writer_init(&writer, gateway->frame_out, RH_FRAME_BYTES_MAX);
    rh_assert(rh_frame_confirm_encode(&gateway->confirm, &writer) == RH_OK);
    gateway->counters.confirms++;
    return hub_out_session(gateway, session, &writer);
}

static void confirm(struct hub_gateway *gateway, struct hub_session *session,
                    const struct hub_pending *pending)
{
    enum rh_err err =
        hub_engine_confirm(gateway->engine, pending->first_n, pending->first_index,
                           pending->count, &gateway->confirm);
    if (err == RH_OK)
        send_confirm(gateway, session);
    else
        not_confirmed(gateway, session, pending->first_n);
}

/* Records that lie apart take a confirm for each run. */
static void confirm_again(struct hub_gateway *gateway, struct hub_session *session,
                          const struct hub_pending *pending)
{
    uint64_t n = pending->first_n;
    uint32_t left = pending->count;
    while (left > 0) {
        enum rh_err err = hub_engine_confirm_again(gateway->engine, pending->agency,
                                                   &session->epoch, n, left, &gateway->confirm);
        if (err != RH_OK) {
            not_confirmed(gateway, session, n);
            return;
        }
        uint32_t run = gateway->confirm.record_count;
        rh_assert(run >= 1 && run <= left);
        if (!send_confirm(gateway, session))
            return;
        n += run;
        left -= run;
    }
}

enum rh_err hub_intake_confirm(struct hub_gateway *gateway)
{
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; err == RH_OK && i < gateway->pending_count; i++) {
        const struct hub_pending *pending = &gateway->pending[i];
        struct hub_peer *peer = hub_peer_find(gateway, pending->agency);
        struct hub_session *session = peer->session;
        if (session == NULL || session->id != pending->session)
            continue;
        switch (pending->type) {
        case HUB_PENDING_CONFIRM:
            confirm(gateway, session, pending);
            break;
        case HUB_PENDING_AGAIN:
            confirm_again(gateway, session, pending);
            break;
        case HUB_PENDING_WELCOME:
            err = hub_session_welcome(gateway, session);
            break;
        }
    }
    gateway->pending_count = 0;
    return err;
}
