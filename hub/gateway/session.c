/* Sessions: who is connected, bound to (routing id, agency) by a signed greeting.
 *
 *              OPEN                 HELLO, verified          finish
 *     nothing ------> challenge(s) ----------------> session ------> welcomed
 *                     60 s, once                     |
 *       ended by CLOSE, a higher lease or a new epoch, a key that changed or was revoked,
 *       the connection's or the door's end
 *
 * An agency has at most one. Everything it may say in a session is checked against the one it
 * has now. */
#include "gateway/inside.h"

#include <stdlib.h>
#include <string.h>

/* Beginning and end ---------------------------------------------------------------------- */

void hub_session_end(struct hub_gateway *gateway, struct hub_session *session, uint32_t refusal)
{
    struct hub_peer *peer = session->peer;
    uint32_t last = gateway->session_count - 1;

    if (refusal != 0)
        (void)hub_out_error(gateway, peer->agency, session->routing, refusal, "", 0);
    rh_assert(gateway->sessions[session->place] == session);
    gateway->sessions[session->place] = gateway->sessions[last];
    gateway->sessions[session->place]->place = session->place;
    gateway->sessions[last] = NULL;
    gateway->session_count = last;
    if (gateway->note_cursor > session->place)
        gateway->note_cursor = session->place; /* the one moved here may lack the note */
    if (gateway->time_cursor > session->place)
        gateway->time_cursor = session->place;
    if (session->welcomed)
        hub_notice_session(gateway, HUB_NOTICE_OFFLINE, session, refusal);
    hub_snapshot_view(session, &peer->last);
    peer->last.online = false;
    peer->last.in_flight = 0;
    peer->session = NULL;
    free(session);
}

void hub_sessions_end_all(struct hub_gateway *gateway)
{
    while (gateway->session_count > 0)
        hub_session_end(gateway, gateway->sessions[gateway->session_count - 1], 0);
    for (uint32_t i = 0; i < gateway->peer_end; i++)
        if (gateway->peers[i] != NULL)
            memset(gateway->peers[i]->challenges, 0, sizeof gateway->peers[i]->challenges);
}

static uint64_t fresh_id(void)
{
    uint64_t id;
    do {
        rh_random(&id, sizeof id);
        id &= RH_NUMBER_MAX;
    } while (id == 0);
    return id;
}

static uint32_t window_messages(uint32_t wanted)
{
    return wanted < HUB_FLIGHT_MAX ? wanted : HUB_FLIGHT_MAX;
}

static uint64_t window_bytes(uint64_t wanted)
{
    return wanted < HUB_WINDOW_BYTES_MAX ? wanted : HUB_WINDOW_BYTES_MAX;
}

/* NULL when there are too many, or no memory. */
static struct hub_session *begin(struct hub_gateway *gateway, struct hub_peer *peer,
                                 const uint8_t *routing, const struct rh_hello *hello)
{
    rh_assert(peer->session == NULL);
    struct hub_session *session =
        gateway->session_count < HUB_SESSIONS_MAX ? calloc(1, sizeof *session) : NULL;
    if (session == NULL)
        return NULL;
    session->id = fresh_id();
    session->peer = peer;
    session->epoch = hello->epoch;
    session->lease = hello->lease;
    session->since_ms = session->last_ms = hub_engine_now(gateway->engine);
    session->skew_ms = (int64_t)hello->agency_ms - (int64_t)session->since_ms;
    session->window_messages = window_messages(hello->window_messages);
    session->window_bytes = window_bytes(hello->window_bytes);
    session->heard_at_ms = session->sent_at_ms = hub_link_now_ms();
    session->backoff_ms = HUB_REDELIVER_MS_MIN;
    memcpy(session->routing, routing, sizeof session->routing);
    memcpy(session->software, hello->software, sizeof session->software);
    hub_flight_clear(&session->flight);
    session->place = gateway->session_count;
    gateway->sessions[gateway->session_count++] = session;
    peer->session = session;
    hub_snapshot_add(gateway, peer);
    gateway->counters.sessions_opened++;
    return session;
}

/* OPEN ----------------------------------------------------------------------------------- */

static struct hub_challenge *place_for(struct hub_peer *peer, const uint8_t *routing)
{
    struct hub_challenge *oldest = &peer->challenges[0];
    for (uint32_t i = 0; i < HUB_CHALLENGES_MAX; i++) {
        struct hub_challenge *one = &peer->challenges[i];
        if (one->asked_at_ms != 0 && memcmp(one->routing, routing, sizeof one->routing) == 0)
            return one; /* a new OPEN of the same connection replaces its nonce */
        if (one->asked_at_ms < oldest->asked_at_ms)
            oldest = one;
    }
    return oldest;
}

void hub_session_open(struct hub_gateway *gateway, struct hub_peer *peer,
                      const uint8_t *routing, struct rh_bytes frame)
{
    struct rh_frame_open open;
    if (rh_frame_open_decode(frame, &open) != RH_OK) {
        hub_out_error(gateway, peer->agency, routing, RH_REFUSE_MALFORMED, "", 0);
        return;
    }
    if (strcmp(open.agency.text, peer->id.text) != 0) {
        gateway->counters.hellos_refused++;
        hub_notice_refused(gateway, peer, RH_REFUSE_WRONG_SENDER);
        hub_out_error(gateway, peer->agency, routing, RH_REFUSE_WRONG_SENDER, "", 0);
        return;
    }
    struct hub_challenge *challenge = place_for(peer, routing);
    memcpy(challenge->routing, routing, sizeof challenge->routing);
    rh_random(challenge->nonce, sizeof challenge->nonce);
    challenge->asked_at_ms = hub_link_now_ms();

    uint8_t memory[256];
    struct rh_writer writer;
    struct rh_frame_challenge answer = { .version = RH_WIRE_VERSION,
                                         .hub = gateway->hub,
                                         .hub_ms = hub_engine_now(gateway->engine),
                                         .test = rh_hub_id_is_test(&gateway->hub) };
    memcpy(answer.nonce, challenge->nonce, sizeof answer.nonce);
    rh_writer_init(&writer, memory, sizeof memory);
    rh_assert(rh_frame_challenge_encode(&answer, &writer) == RH_OK);
    hub_out_writer(gateway, peer->agency, routing, &writer);
}

/* HELLO ---------------------------------------------------------------------------------- */

static void refuse(struct hub_gateway *gateway, struct hub_peer *peer,
                   const uint8_t *routing, uint32_t refusal)
{
    gateway->counters.hellos_refused++;
    hub_notice_refused(gateway, peer, refusal);
    hub_out_error(gateway, peer->agency, routing, refusal,
                  refusal == RH_REFUSE_OTHER_HUB ? gateway->hub.text : "", 0);
}

static struct hub_challenge *challenge_of(struct hub_peer *peer, const uint8_t *routing,
                                          const uint8_t nonce[RH_NONCE_BYTES])
{
    uint64_t now_ms = hub_link_now_ms();
    for (uint32_t i = 0; i < HUB_CHALLENGES_MAX; i++) {
        struct hub_challenge *one = &peer->challenges[i];
        if (one->asked_at_ms != 0 && now_ms - one->asked_at_ms <= HUB_CHALLENGE_MS &&
            memcmp(one->routing, routing, sizeof one->routing) == 0 &&
            memcmp(one->nonce, nonce, sizeof one->nonce) == 0)
            return one;
    }
    return NULL;
}

bool hub_session_hello(struct hub_gateway *gateway, struct hub_peer *peer,
                       const uint8_t *routing, struct rh_bytes frame)
{
    struct rh_frame_hello greeting;
    struct rh_hello hello;
    if (rh_frame_hello_decode(frame, &greeting) != RH_OK ||
        rh_hello_decode(greeting.hello, &hello) != RH_OK) {
        refuse(gateway, peer, routing, RH_REFUSE_MALFORMED);
        return false;
    }
    struct hub_challenge *challenge = challenge_of(peer, routing, hello.nonce);
    if (challenge == NULL || strcmp(hello.agency.text, peer->id.text) != 0) {
        refuse(gateway, peer, routing, RH_REFUSE_HELLO_REFUSED);
        return false;
    }
    if (strcmp(hello.hub.text, gateway->hub.text) != 0) {
        challenge->asked_at_ms = 0;
        refuse(gateway, peer, routing, RH_REFUSE_OTHER_HUB);
        return false;
    }
    struct hub_job *job = hub_workers_begin(gateway->workers, (uint32_t)frame.bytes);
    if (job == NULL) { /* the nonce is still good */
        hub_out_busy(gateway, peer->agency, routing, RH_REFUSE_BUSY_QUOTA, 1000, 0);
        return false;
    }
    challenge->asked_at_ms = 0;
    job->type = HUB_JOB_HELLO;
    job->agency = peer->agency;
    job->session = 0;
    job->key = peer->sign;
    memcpy(job->routing, routing, sizeof job->routing);
    memcpy(job->frame, frame.data, frame.bytes);
    hub_workers_submit(gateway->workers);
    return true;
}

/* A copy of a spool has the same epoch and no higher lease; a spool that comes back has
 * raised its lease before it said HELLO. */
static bool is_second(const struct hub_session *session, const struct rh_hello *hello)
{
    return session != NULL &&
           memcmp(&session->epoch, &hello->epoch, sizeof hello->epoch) == 0 &&
           hello->lease <= session->lease;
}

enum rh_err hub_session_greeted(struct hub_gateway *gateway, const struct hub_job *job)
{
    struct hub_peer *peer = hub_peer_find(gateway, job->agency);
    rh_assert(peer != NULL);
    uint32_t refusal = job->refusal;
    if (!peer->active || memcmp(&peer->sign, &job->key, sizeof job->key) != 0)
        refusal = RH_REFUSE_KEY_REVOKED;
    else if (refusal == 0 && is_second(peer->session, &job->hello))
        refusal = RH_REFUSE_SECOND_SESSION;
    if (refusal != 0) {
        refuse(gateway, peer, job->routing, refusal);
        return RH_OK;
    }

    struct hub_offer_result result = { 0 };
    enum rh_err err = hub_engine_hello(gateway->engine, peer->agency, &job->hello,
                                       job->greeting.hello, &job->greeting.signature, &result);
    if (err != RH_OK)
        return err;
    if (result.answer == HUB_ANSWER_BUSY) {
        hub_out_busy(gateway, peer->agency, job->routing, result.refusal, result.retry_ms, 0);
        return RH_OK;
    }
    if (result.answer != HUB_ANSWER_TAKEN) {
        refuse(gateway, peer, job->routing, result.refusal);
        return RH_OK;
    }
    if (peer->session != NULL) {
        bool same = memcmp(peer->session->routing, job->routing, sizeof job->routing) == 0;
        hub_session_end(gateway, peer->session, same ? 0 : RH_REFUSE_SECOND_SESSION);
    }
    struct hub_session *session = begin(gateway, peer, job->routing, &job->hello);
    if (session == NULL)
        hub_out_busy(gateway, peer->agency, job->routing, RH_REFUSE_BUSY_QUOTA, 5000, 0);
    else
        hub_intake_pend(gateway, HUB_PENDING_WELCOME, session, 0, 0, 0);
    return RH_OK;
}

enum rh_err hub_session_welcome(struct hub_gateway *gateway, struct hub_session *session)
{
    struct hub_stream stream;
    enum rh_err err = hub_views_stream(hub_gateway_map(gateway), session->peer->agency,
                                       &session->epoch, &stream);
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return err;
    struct rh_frame_welcome welcome = {
        .session = session->id,
        .next_n = err == RH_OK ? stream.next_n : 1,
        .hub_ms = hub_engine_now(gateway->engine),
        .note = { gateway->note, gateway->note_bytes },
    };
    hub_engine_external_key(gateway->engine, welcome.external_key);
    session->note_serial = gateway->note_serial;

    struct rh_writer writer;
    rh_writer_init(&writer, gateway->frame_out, RH_FRAME_BYTES_MAX);
    rh_assert(rh_frame_welcome_encode(&welcome, &writer) == RH_OK);
    if (hub_out_session(gateway, session, &writer)) {
        session->welcomed = true;
        hub_notice_session(gateway, HUB_NOTICE_ONLINE, session, 0);
        hub_deliver_hungry(gateway, session->peer);
        if (session->time_serial != gateway->time_serial)
            hub_out_time(gateway, session); /* last: it may end the session */
    }
    return RH_OK;
}

/* Frames of a session -------------------------------------------------------------------- */

static void say_error(struct hub_gateway *gateway, const struct hub_session *session,
                      uint32_t refusal)
{
    hub_out_error(gateway, session->peer->agency, session->routing, refusal, "", 0);
}

/* Whether the frame names this session; answered when not. */
static bool is_of(struct hub_gateway *gateway, const struct hub_session *session,
                  enum rh_err decoded, uint64_t named)
{
    if (decoded != RH_OK)
        say_error(gateway, session, RH_REFUSE_MALFORMED);
    else if (named != session->id)
        say_error(gateway, session, RH_REFUSE_HELLO_REFUSED);
    else
        return true;
    return false;
}

static void set_window(struct hub_gateway *gateway, struct hub_session *session,
                       struct rh_bytes frame)
{
    struct rh_frame_window window;
    enum rh_err err = rh_frame_window_decode(frame, &window);
    if (!is_of(gateway, session, err, window.session))
        return;
    session->window_messages = window_messages(window.messages);
    session->window_bytes = window_bytes(window.bytes);
    hub_deliver_hungry(gateway, session->peer);
}

/* The number behind a delivery's sender: an agency, or the hub without its generation. */
static enum rh_err sender_number(struct hub_gateway *gateway, const struct rh_agency_id *sender,
                                 uint32_t *number)
{
    struct rh_hub_id plain;
    struct hub_agency row;
    rh_hub_id_with_generation(&gateway->hub, 1, &plain);
    *number = HUB_AGENCY_HUB;
    if (strcmp(sender->text, plain.text) == 0)
        return RH_OK;
    enum rh_err err = hub_views_agency_find(hub_gateway_map(gateway), sender->text, &row);
    *number = row.no;
    return err;
}

static enum rh_err resync(struct hub_gateway *gateway, struct hub_session *session,
                          struct rh_bytes frame)
{
    struct rh_frame_resync wanted;
    uint32_t from, retry_ms;
    enum rh_err err = rh_frame_resync_decode(frame, &wanted);
    if (!is_of(gateway, session, err, wanted.session))
        return RH_OK;
    err = sender_number(gateway, &wanted.sender, &from);
    if (err == RH_ERR_NOTFOUND) {
        say_error(gateway, session, RH_REFUSE_UNKNOWN_AGENCY);
        return RH_OK;
    }
    if (err != RH_OK)
        return err;
    if (!hub_deliver_resync(gateway, session, wanted.lane, from, wanted.from_pair_seq,
                            &retry_ms))
        hub_out_busy(gateway, session->peer->agency, session->routing, RH_REFUSE_BUSY_QUOTA,
                     retry_ms, 0);
    return RH_OK;
}

/* An own number again: a confirm, once everything that is open is durable. */
static enum rh_err ask(struct hub_gateway *gateway, struct hub_session *session,
                       struct rh_bytes frame)
{
    uint64_t named, n;
    enum rh_err err = rh_frame_ask_decode(frame, &named, &n);
    if (!is_of(gateway, session, err, named))
        return RH_OK;
    struct hub_stream stream;
    err = hub_views_stream(hub_gateway_map(gateway), session->peer->agency, &session->epoch,
                           &stream);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    if (n == 0 || n >= stream.next_n)
        hub_out_gap(gateway, session->peer->agency, session->routing, stream.next_n);
    else if (!hub_intake_has_room(gateway))
        hub_out_busy(gateway, session->peer->agency, session->routing, RH_REFUSE_BUSY_QUOTA,
                     1000, n);
    else
        hub_intake_pend(gateway, HUB_PENDING_AGAIN, session, n, 1, 0);
    return RH_OK;
}

static void prove(struct hub_gateway *gateway, struct hub_session *session,
                  struct rh_bytes frame)
{
    struct rh_frame_prove wanted;
    enum rh_err err = rh_frame_prove_decode(frame, &wanted);
    if (is_of(gateway, session, err, wanted.session))
        hub_prove_index(gateway, session, &wanted);
}

static void extend(struct hub_gateway *gateway, struct hub_session *session,
                   struct rh_bytes frame)
{
    uint64_t named, old_size;
    enum rh_err err = rh_frame_extend_decode(frame, &named, &old_size);
    if (is_of(gateway, session, err, named))
        hub_prove_extension(gateway, session, old_size);
}

static void close_session(struct hub_gateway *gateway, struct hub_session *session,
                          struct rh_bytes frame)
{
    uint64_t named;
    enum rh_err err = rh_frame_close_decode(frame, &named);
    if (is_of(gateway, session, err, named))
        hub_session_end(gateway, session, 0);
}

enum rh_err hub_session_frame(struct hub_gateway *gateway, struct hub_session *session,
                              enum rh_frame_type type, struct rh_bytes frame)
{
    switch ((unsigned)type) {
    case RH_FRAME_WINDOW:
        set_window(gateway, session, frame);
        return RH_OK;
    case RH_FRAME_RESYNC:
        return resync(gateway, session, frame);
    case RH_FRAME_ASK:
        return ask(gateway, session, frame);
    case RH_FRAME_PROVE: /* proofs are of published checkpoints: they need not wait */
        prove(gateway, session, frame);
        return RH_OK;
    case RH_FRAME_EXTEND:
        extend(gateway, session, frame);
        return RH_OK;
    case RH_FRAME_CLOSE:
        close_session(gateway, session, frame);
        return RH_OK;
    default:
        say_error(gateway, session, RH_REFUSE_MALFORMED);
        return RH_OK;
    }
}
