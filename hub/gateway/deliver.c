/* Deliveries: from the durable queues to connections, within credit.
 *
 *     lane   urgent before green before normal, always
 *     sender fair by bytes within a lane: each in turn gets a quantum; one that sent more than
 *            its share (a message is never cut) waits until the others have had as much
 *     pair   in order of pair_seq, and no message before an earlier one of its referral
 *
 * The queues are rows and stay as they are until the receiver's acks take entries out. What a
 * session remembers is only what is in flight (gateway/flight.h). After a silence everything
 * in flight is forgotten and sent again from the head, first a few as a probe: a receiver that
 * does not store must not be buried.
 *
 * Intake and delivery share the engine's thread. What a turn took in is what will be delivered,
 * so a release may take as long as the turn before it did: with less, intake runs ahead under
 * load and every message waits for the end of the rush; with more, receipts would wait. */
#include "gateway/inside.h"

#include "views/keys.h"

#include <string.h>

enum {
    QUANTUM_BYTES = 32 * 1024,
    RELEASE_MESSAGES = 4096, /* sent in one release at most, whatever its share of time */
    RELEASE_BYTES = 2 * HUB_TURN_BYTES,
    SHARE_US_MIN = 2000, /* a release after a turn that took nothing in */
    SHARE_US_MAX = 250000,
    LOOK_EVERY = 8,        /* messages between two looks at the clock; a power of two */
    SESSION_MESSAGES = 64, /* of one session, before the next one's turn */
    STIRRED_ONCE = 256,
    EARLIER_MAX = 64,     /* messages of one referral looked at */
    RESENT_PER_MS = 1024, /* bytes of RESYNC that are forgotten in a millisecond */
    RESENT_BYTES_MAX = HUB_WINDOW_BYTES_MAX
};

/* One release, or one session's part of it. */
struct budget {
    uint32_t messages;
    uint64_t bytes;
    uint64_t now_ms;
    uint64_t until_us; /* monotonic */
    bool over;
};

/* What a look through a session's queues found. */
struct round {
    struct hub_gateway *gateway;
    struct hub_session *session;
    struct budget *budget;
    uint32_t messages; /* left of the session's turn */
    bool stopped;      /* credit, room, turn or session is over */
    bool more;         /* stopped by the turn: the session wants another */
    bool sent;         /* in this pass */
    bool owing;        /* somebody in this pass only waits for others to catch up */
    bool blocked;      /* `first_blocked` is set */
    struct hub_queued first_blocked; /* the earliest that waits for another */
};

/* The share ------------------------------------------------------------------------------- */

static struct budget share_of(const struct hub_gateway *gateway, uint64_t now_ms)
{
    uint64_t now_us = hub_link_now_us();
    uint64_t share_us = now_us - gateway->turn_at_us;
    if (share_us < SHARE_US_MIN)
        share_us = SHARE_US_MIN;
    if (share_us > SHARE_US_MAX)
        share_us = SHARE_US_MAX;
    return (struct budget){ .messages = RELEASE_MESSAGES,
                            .bytes = RELEASE_BYTES,
                            .now_ms = now_ms,
                            .until_us = now_us + share_us };
}

static void spend(struct budget *budget, uint64_t bytes)
{
    budget->messages--;
    budget->bytes -= bytes < budget->bytes ? bytes : budget->bytes;
    budget->over =
        budget->messages == 0 || budget->bytes == 0 ||
        (budget->messages % LOOK_EVERY == 0 && hub_link_now_us() >= budget->until_us);
}

/* Who wants something --------------------------------------------------------------------- */

void hub_deliver_hungry(struct hub_gateway *gateway, struct hub_peer *peer)
{
    if (peer->hungry || peer->session == NULL)
        return;
    uint32_t place = (gateway->hungry_first + gateway->hungry_count) % HUB_PEERS_MAX;
    gateway->hungry[place] = peer->agency;
    gateway->hungry_count++;
    peer->hungry = true;
}

/* NULL when nobody does. */
static struct hub_peer *next_hungry(struct hub_gateway *gateway)
{
    if (gateway->hungry_count == 0)
        return NULL;
    struct hub_peer *peer = gateway->peers[gateway->hungry[gateway->hungry_first]];
    gateway->hungry_first = (gateway->hungry_first + 1) % HUB_PEERS_MAX;
    gateway->hungry_count--;
    peer->hungry = false;
    return peer;
}

/* Those whose queues the engine has put something into. Their flight is looked at as well: an
 * entry may have been recalled. */
static void collect_stirred(struct hub_gateway *gateway)
{
    uint32_t agencies[STIRRED_ONCE];
    uint32_t count;
    do {
        count = hub_engine_stirred(gateway->engine, agencies, STIRRED_ONCE);
        for (uint32_t i = 0; i < count; i++) {
            struct hub_peer *peer = hub_peer_find(gateway, agencies[i]);
            if (peer == NULL || peer->session == NULL)
                continue;
            peer->session->dirty = true;
            hub_deliver_hungry(gateway, peer);
        }
    } while (count == STIRRED_ONCE);
}

/* Order ----------------------------------------------------------------------------------- */

/* Whether `queued` must wait for an earlier message of its referral in another pair. One of
 * the same pair is sent before it anyway, on the same connection. */
static enum rh_err must_wait(struct hub_map *map, const struct hub_queued *queued, bool *wait)
{
    enum rh_err err = hub_views_queue_blocked(map, queued, wait);
    if (err != RH_OK || !*wait)
        return err;
    /* Something earlier waits. Harmless when all of it is of the same pair: keys are to(4)
     * rno(8) index(8) rank(1) from(4) pair_seq(8). */
    enum { PREFIX = 12, INDEX = 12, RANK = 20, FROM = 21, KEY = 33 };
    struct hub_key at = hub_key_u32_u64(queued->to, queued->rno);
    *wait = true;
    for (uint32_t i = 0; i < EARLIER_MAX; i++) {
        struct rh_bytes key, value;
        err = hub_map_next(map, HUB_TABLE_QUEUE_REF, hub_key_view(&at), &key, &value);
        if (err != RH_OK && err != RH_ERR_NOTFOUND)
            return err;
        if (err == RH_ERR_NOTFOUND || key.bytes != KEY ||
            memcmp(key.data, at.data, PREFIX) != 0 ||
            hub_get_u64(key.data + INDEX) >= queued->index) {
            *wait = false;
            return RH_OK;
        }
        if (key.data[RANK] != hub_lane_rank(queued->lane) ||
            hub_get_u32(key.data + FROM) != queued->from)
            return RH_OK;
        at = hub_key_after(key);
    }
    return RH_OK;
}

/* The next unsent entry of a pair that may go now. RH_ERR_NOTFOUND when there is none. */
static enum rh_err next_of_pair(struct round *round, enum rh_lane lane, uint32_t from,
                                struct hub_queued *out)
{
    struct hub_map *map = hub_gateway_map(round->gateway);
    uint64_t last = hub_flight_last(&round->session->flight, lane, from);
    enum rh_err err =
        hub_views_queue_head(map, round->session->peer->agency, lane, from, last + 1, out);
    bool wait = false;
    if (err == RH_OK)
        err = must_wait(map, out, &wait);
    if (err != RH_OK || !wait)
        return err;
    if (!round->blocked || out->index < round->first_blocked.index)
        round->first_blocked = *out;
    round->blocked = true;
    return RH_ERR_NOTFOUND;
}

/* Sending --------------------------------------------------------------------------------- */

static bool has_credit(const struct hub_session *session, uint64_t bytes)
{
    const struct hub_flight *flight = &session->flight;
    uint32_t messages = session->window_messages;
    uint64_t window = session->window_bytes;
    if (session->probing) {
        messages = messages < HUB_PROBE_MESSAGES ? messages : HUB_PROBE_MESSAGES;
        window = window < HUB_PROBE_BYTES ? window : HUB_PROBE_BYTES;
    }
    if (flight->count >= messages)
        return false;
    return flight->count == 0 || flight->bytes + bytes <= window;
}

/* Frame of one entry in gateway->frame_out. False when it cannot be made. */
static bool encode(struct hub_gateway *gateway, const struct hub_queued *queued,
                   struct rh_writer *writer)
{
    rh_writer_init(writer, gateway->frame_out, RH_FRAME_BYTES_MAX);
    return hub_engine_delivery(gateway->engine, queued, &gateway->delivery) == RH_OK &&
           rh_delivery_encode(&gateway->delivery, writer) == RH_OK;
}

static void sent_one(struct round *round, const struct hub_queued *queued, size_t bytes)
{
    struct hub_session *session = round->session;
    hub_flight_add(&session->flight, queued->lane, queued->from, queued->pair_seq,
                   (uint32_t)bytes);
    session->sent_at_ms = round->budget->now_ms;
    if (session->redeliver_at_ms == 0)
        session->redeliver_at_ms = round->budget->now_ms + session->backoff_ms;
    round->gateway->counters.deliveries++;
    round->gateway->counters.delivered_bytes += bytes;
    spend(round->budget, bytes);
    round->messages--;
    round->sent = true;
}

/* Send one entry. *bytes of the frame; 0 when it did not leave: then the round is stopped, or
 * the pair is stuck. */
static void send_one(struct round *round, const struct hub_queued *queued, size_t *bytes)
{
    struct hub_gateway *gateway = round->gateway;
    struct hub_session *session = round->session;
    struct rh_writer writer;
    *bytes = 0;
    if (round->messages == 0 || round->budget->over) {
        round->stopped = round->more = true;
        return;
    }
    if (!has_credit(session, queued->bytes)) {
        round->stopped = true;
        return;
    }
    if (!hub_link_has_room(&gateway->link)) {
        gateway->starved = round->stopped = round->more = true;
        return;
    }
    if (!encode(gateway, queued, &writer)) {
        gateway->counters.unreadable++;
        hub_stuck_add(session, queued->lane, queued->from, round->budget->now_ms);
        return;
    }
    if (!has_credit(session, writer.bytes)) {
        round->stopped = true;
        return;
    }
    if (hub_out_writer(gateway, session->peer->agency, session->routing, &writer) != RH_OK) {
        round->stopped = true;
        return;
    }
    *bytes = writer.bytes;
    sent_one(round, queued, writer.bytes);
}

/* One sender's turn in a lane. */
static enum rh_err visit(struct round *round, enum rh_lane lane, uint32_t from)
{
    struct hub_session *session = round->session;
    struct hub_queued queued;
    if (hub_stuck_is(session, lane, from, round->budget->now_ms))
        return RH_OK;
    enum rh_err err = next_of_pair(round, lane, from, &queued);
    int64_t balance = hub_balance_get(session, lane, from);
    if (err == RH_OK && balance <= 0)
        balance += QUANTUM_BYTES;
    while (err == RH_OK && balance > 0) {
        size_t bytes;
        send_one(round, &queued, &bytes);
        if (bytes == 0)
            break;
        balance -= (int64_t)bytes;
        err = next_of_pair(round, lane, from, &queued);
    }
    if (err == RH_ERR_NOTFOUND) { /* nothing left: no debt, no savings */
        hub_balance_set(session, lane, from, 0);
        session->cursors[lane] = from;
        return RH_OK;
    }
    if (err != RH_OK)
        return err;
    hub_balance_set(session, lane, from, balance);
    round->owing = round->owing || balance <= 0;
    /* Who has something left of its share is the first to go on. */
    session->cursors[lane] = round->stopped && balance > 0 ? from - 1 : from;
    return RH_OK;
}

/* Every sender of a lane once, beginning behind the one served last. */
static enum rh_err pass(struct round *round, enum rh_lane lane)
{
    struct hub_map *map = hub_gateway_map(round->gateway);
    uint32_t to = round->session->peer->agency;
    uint32_t start = round->session->cursors[lane];
    uint32_t from = start;
    bool wrapped = false;
    round->sent = round->owing = false;
    while (!round->stopped) {
        enum rh_err err = hub_views_queue_sender(map, to, lane, &from);
        if (err == RH_ERR_NOTFOUND && !wrapped) {
            wrapped = true;
            from = 0;
            continue;
        }
        if (err == RH_ERR_NOTFOUND || (err == RH_OK && wrapped && from > start))
            return RH_OK;
        if (err == RH_OK)
            err = visit(round, lane, from);
        if (err != RH_OK)
            return err;
    }
    return RH_OK;
}

/* Two messages of a referral can wait for one another when an operator has put an old one
 * back into the queue. When nothing at all can move for that reason, the earliest goes. */
static void break_circle(struct round *round)
{
    size_t bytes;
    if (round->stopped || !round->blocked || round->session->flight.count > 0 ||
        hub_stuck_is(round->session, round->first_blocked.lane, round->first_blocked.from,
                     round->budget->now_ms))
        return;
    send_one(round, &round->first_blocked, &bytes);
    round->gateway->counters.overtaken += bytes > 0;
}

static enum rh_err serve(struct hub_gateway *gateway, struct hub_session *session,
                         struct budget *budget)
{
    static const enum rh_lane order[] = { RH_LANE_URGENT, RH_LANE_GREEN, RH_LANE_NORMAL };
    struct round round = {
        .gateway = gateway, .session = session, .budget = budget, .messages = SESSION_MESSAGES
    };
    for (size_t i = 0; i < RH_LANE_COUNT && !round.stopped; i++) {
        do {
            enum rh_err err = pass(&round, order[i]);
            if (err != RH_OK)
                return err;
        } while (!round.stopped && (round.sent || round.owing));
    }
    break_circle(&round);
    if (round.more)
        hub_deliver_hungry(gateway, session->peer);
    return RH_OK;
}

/* Acknowledgement and redelivery ----------------------------------------------------------- */

/* Take what was acknowledged out of the flight. Progress ends a probe and the back-off. */
static enum rh_err settle(struct hub_gateway *gateway, struct hub_session *session,
                          uint64_t now_ms)
{
    uint32_t settled = 0;
    session->dirty = false;
    enum rh_err err = hub_flight_settle(&session->flight, hub_gateway_map(gateway),
                                        session->peer->agency, &settled);
    if (settled > 0) {
        session->probing = false;
        session->backoff_ms = HUB_REDELIVER_MS_MIN;
        session->redeliver_at_ms = now_ms + session->backoff_ms;
    }
    if (session->flight.count == 0)
        session->redeliver_at_ms = 0;
    return err;
}

static void redeliver(struct hub_gateway *gateway, struct hub_session *session)
{
    gateway->counters.redeliveries++;
    hub_flight_clear(&session->flight);
    session->redeliver_at_ms = 0;
    session->probing = true;
    session->backoff_ms *= 2;
    if (session->backoff_ms > HUB_REDELIVER_MS_MAX)
        session->backoff_ms = HUB_REDELIVER_MS_MAX;
    hub_deliver_hungry(gateway, session->peer);
}

bool hub_deliver_resync(struct hub_gateway *gateway, struct hub_session *session,
                        enum rh_lane lane, uint32_t from, uint64_t at_least, uint32_t *retry_ms)
{
    uint64_t now_ms = hub_link_now_ms();
    uint64_t forgotten = (now_ms - session->resent_at_ms) * RESENT_PER_MS;
    session->resent_bytes -=
        forgotten < session->resent_bytes ? forgotten : session->resent_bytes;
    session->resent_at_ms = now_ms;
    if (session->resent_bytes >= RESENT_BYTES_MAX) {
        *retry_ms =
            (uint32_t)((session->resent_bytes - RESENT_BYTES_MAX) / RESENT_PER_MS + 1000);
        return false;
    }
    gateway->counters.resyncs++;
    session->resent_bytes += hub_flight_cut(&session->flight, lane, from, at_least);
    if (session->flight.count == 0)
        session->redeliver_at_ms = 0;
    hub_deliver_hungry(gateway, session->peer);
    return true;
}

/* Every quarter of a second: what is due for redelivery, and connections that have been
 * quiet: sending is the only way to learn that nobody is there. */
static void tick(struct hub_gateway *gateway, uint64_t now_ms)
{
    if (now_ms < gateway->tick_at_ms)
        return;
    gateway->tick_at_ms = now_ms + HUB_TICK_MS;
    for (uint32_t i = gateway->session_count; i > 0; i--) {
        struct hub_session *session = gateway->sessions[i - 1];
        if (!session->welcomed)
            continue;
        if (session->redeliver_at_ms != 0 && now_ms >= session->redeliver_at_ms)
            redeliver(gateway, session);
        if (now_ms - session->sent_at_ms >= HUB_QUIET_MS)
            hub_out_checkpoint(gateway, session);
    }
}

enum rh_err hub_deliver_run(struct hub_gateway *gateway, uint64_t now_ms)
{
    struct budget budget = share_of(gateway, now_ms);
    struct hub_engine_health health;
    enum rh_err err = RH_OK;
    collect_stirred(gateway);
    tick(gateway, now_ms);
    hub_engine_health(gateway->engine, &health);
    gateway->held = health.held_refusal == RH_REFUSE_ROLLBACK;
    gateway->starved = false;
    while (err == RH_OK && gateway->hungry_count > 0 && !gateway->held && !gateway->starved &&
           !budget.over) {
        struct hub_peer *peer = next_hungry(gateway);
        struct hub_session *session = peer->session;
        if (session == NULL || !session->welcomed || !peer->active)
            continue;
        if (session->dirty)
            err = settle(gateway, session, now_ms);
        if (err == RH_OK)
            err = serve(gateway, session, &budget);
        if (err != RH_OK) /* a bad row is made anew; then it goes on where it stood */
            hub_deliver_hungry(gateway, peer);
    }
    return err;
}
