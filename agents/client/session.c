/* The conversation: OPEN, CHALLENGE, HELLO, WELCOME, and what each later frame of the hub
 * means. Source: protocol/spec/wire.md, sections 5 to 7 and 11.
 *
 * Generations. A CHALLENGE that names a newer generation of the pinned hub comes over CURVE
 * from the pinned transport key. That alone moves nothing: the client follows it only when its
 * caller said so, and tells the caller to keep the new id only once the pinned *signing* key
 * has signed something under it (the note of the WELCOME, else the first confirm). So who
 * captured the door cannot make an agency forget the generation it knows. */
#include "client/inside.h"

#include <string.h>

void client_greet(struct rh_client *client)
{
    struct rh_frame_open open = { .version = RH_WIRE_VERSION,
                                  .agency = client->options.agency };
    struct rh_writer writer = client_writer(client);
    enum rh_err err = rh_frame_open_encode(&open, &writer);
    rh_assert(err == RH_OK);
    client->state = CLIENT_GREETING;
    client->step_by = client_monotonic_ms() + client->options.answer_ms;
    client_send(client, &writer);
}

static bool same_but_newer(const struct rh_hub_id *pinned, const struct rh_hub_id *shown)
{
    struct rh_hub_id base_pinned, base_shown;
    rh_hub_id_with_generation(pinned, 1, &base_pinned);
    rh_hub_id_with_generation(shown, 1, &base_shown);
    return strcmp(base_pinned.text, base_shown.text) == 0 &&
           rh_hub_id_generation(shown) > rh_hub_id_generation(pinned);
}

/* Whether the hub that challenges is ours; stops or drops when it is not. */
static bool accept_hub(struct rh_client *client, const struct rh_frame_challenge *challenge)
{
    if (challenge->version != RH_WIRE_VERSION) {
        client_drop(client, RH_REFUSE_OTHER_HUB, "the hub speaks another version", true);
        return false;
    }
    if (challenge->test != rh_hub_id_is_test(&client->pinned)) {
        client_stop(client, RH_ALARM_OTHER_HUB, RH_REFUSE_TEST_MISMATCH,
                    "a test hub and a real agency meet", 0);
        return false;
    }
    client->hub = challenge->hub;
    client->proven = strcmp(challenge->hub.text, client->pinned.text) == 0;
    if (client->proven)
        return true;
    if (!same_but_newer(&client->pinned, &challenge->hub)) {
        client_stop(client, RH_ALARM_OTHER_HUB, RH_REFUSE_OTHER_HUB,
                    "the hub is not the pinned one", 0);
        return false;
    }
    if (!client->options.follow_generation) {
        client_stop(client, RH_ALARM_GENERATION, RH_REFUSE_OTHER_HUB,
                    "the hub shows a newer generation that nobody has pinned", 0);
        return false;
    }
    return true;
}

static void fill_hello(struct rh_client *client, const struct rh_frame_challenge *challenge,
                       struct rh_hello *out)
{
    const struct rh_client_held *held = &client->held;
    *out = (struct rh_hello){
        .suite = RH_SUITE_ED25519,
        .hub = client->hub,
        .agency = client->options.agency,
        .epoch = client->options.epoch,
        .lease = held->lease,
        .highest_n = held->highest_n,
        .highest_receipt_size = held->receipt_size,
        .receipt_root = held->receipt_root,
        .receipt_signature = held->receipt_signature,
        .highest_delivery_index = held->delivery_index,
        .checkpoint_size = client->checkpoint.size,
        .note = { client->note, client->note_bytes },
        .window_messages = client->options.window_messages,
        .window_bytes = client->options.window_bytes,
        .agency_ms = client_claimed_ms(client),
    };
    if (client->checkpoint.size > 0)
        out->checkpoint_root = client->checkpoint.root;
    memcpy(out->nonce, challenge->nonce, sizeof out->nonce);
    memcpy(out->software, client->software, sizeof out->software);
    if (client->proven)
        return;
    /* Nothing signed for one generation is good in another: begin with empty hands. */
    out->highest_n = out->highest_receipt_size = out->highest_delivery_index = 0;
    memset(&out->receipt_root, 0, sizeof out->receipt_root);
    memset(&out->receipt_signature, 0, sizeof out->receipt_signature);
    out->checkpoint_size = 0;
    memset(&out->checkpoint_root, 0, sizeof out->checkpoint_root);
    out->note = (struct rh_bytes){ NULL, 0 };
}

static void say_hello(struct rh_client *client, const struct rh_frame_challenge *challenge)
{
    static const char tag[] = "rhub/hello/1";
    memset(&client->held, 0, sizeof client->held);
    enum rh_err err = client->options.held(client->options.context, &client->held);
    if (err != RH_OK) {
        client_drop(client, 0, rh_err_text(err), true);
        return;
    }
    client_checkpoint_load(client, client->held.note);
    client->held.note = (struct rh_bytes){ NULL, 0 };

    struct rh_hello hello;
    struct rh_writer inner;
    struct rh_frame_hello frame;
    fill_hello(client, challenge, &hello);
    rh_writer_init(&inner, client->items, RH_HELLO_BYTES_MAX);
    err = rh_hello_encode(&hello, &inner);
    if (err == RH_OK) {
        frame.hello = (struct rh_bytes){ inner.data, inner.bytes };
        rh_sign(tag, inner.data, inner.bytes, &client->sign, &frame.signature);
        struct rh_writer writer = client_writer(client);
        err = rh_frame_hello_encode(&frame, &writer);
        if (err == RH_OK)
            client_send(client, &writer);
    }
    if (err != RH_OK) {
        client_drop(client, RH_REFUSE_HELLO_REFUSED, "what the spool holds makes no greeting",
                    true);
        return;
    }
    client->state = CLIENT_HELLO;
    client->step_by = client_monotonic_ms() + client->options.answer_ms;
}

static void take_challenge(struct rh_client *client, struct rh_bytes frame)
{
    struct rh_frame_challenge challenge;
    if (client->state != CLIENT_GREETING ||
        rh_frame_challenge_decode(frame, &challenge) != RH_OK)
        return;
    if (accept_hub(client, &challenge))
        say_hello(client, &challenge);
}

/* Where to begin sending, or an alarm when hub and spool cannot both be right. */
static bool agree_on_numbers(struct rh_client *client, uint64_t next_n, uint64_t *first_n)
{
    const struct rh_client_held *held = &client->held;
    uint64_t offered = client->stream.offered_n;
    if (next_n > (offered > held->highest_n ? offered : held->highest_n) + 1) {
        client_stop(client, RH_ALARM_CONFLICT, RH_REFUSE_EPOCH_CLOSED,
                    "the hub knows numbers this spool has not given: it was copied or put back",
                    next_n);
        return false;
    }
    *first_n = next_n < held->first_open_n ? next_n : held->first_open_n;
    if (client->proven && next_n <= held->highest_n) {
        client->rollback = true;
        *first_n = held->first_open_n;
    }
    return true;
}

static void take_welcome(struct rh_client *client, struct rh_bytes frame)
{
    struct rh_frame_welcome welcome;
    uint64_t first_n = 0;
    if (client->state != CLIENT_HELLO || rh_frame_welcome_decode(frame, &welcome) != RH_OK)
        return;
    if (!agree_on_numbers(client, welcome.next_n, &first_n))
        return;
    client->session = welcome.session;
    client->lost_refused = false;
    client->state = CLIENT_UP;
    client->retry_ms = 0;
    client_stream_begin(client, first_n);

    struct rh_client_event event = {
        .type = RH_CLIENT_ONLINE, .next_n = welcome.next_n, .hub_ms = welcome.hub_ms,
        .hub = &client->hub, .repinned = !client->proven,
        .external_key = welcome.external_key,
    };
    client_emit(client, &event);
    if (client->state != CLIENT_UP)
        return;
    if (client->rollback) {
        struct rh_client_event alarm = { .type = RH_CLIENT_ALARM,
                                         .alarm = RH_ALARM_ROLLBACK,
                                         .refusal = RH_REFUSE_ROLLBACK,
                                         .first_n = welcome.next_n,
                                         .detail =
                                             "the hub has lost records we hold receipts for" };
        client_emit(client, &alarm);
    }
    if (client->state == CLIENT_UP && welcome.note.bytes > 0)
        client_take_note(client, welcome.note);
}

static void take_busy(struct rh_client *client, struct rh_bytes frame)
{
    enum { QUIET_MS_MIN = 50, QUIET_MS_MAX = 60000 };
    struct rh_frame_busy busy;
    if (client->state != CLIENT_UP || rh_frame_busy_decode(frame, &busy) != RH_OK)
        return;
    uint32_t quiet = busy.retry_ms;
    quiet = quiet < QUIET_MS_MIN ? QUIET_MS_MIN : quiet > QUIET_MS_MAX ? QUIET_MS_MAX : quiet;
    client_stream_rewind(client, busy.first_n);
    client->stream.quiet_until = client_monotonic_ms() + quiet;
    struct rh_client_event event = { .type = RH_CLIENT_BUSY, .refusal = busy.refusal,
                                     .retry_ms = quiet, .first_n = busy.first_n };
    client_emit(client, &event);
}

/* Several bundles may be on their way when the first of them meets a gap; each is answered
 * with the same number, and only the first answer may start sending again. */
static void take_gap(struct rh_client *client, struct rh_bytes frame)
{
    uint64_t expected;
    struct client_stream *stream = &client->stream;
    if (client->state != CLIENT_UP || rh_frame_gap_decode(frame, &expected) != RH_OK)
        return;
    uint64_t now = client_monotonic_ms();
    if (expected == stream->gap_n && now < stream->gap_until)
        return;
    stream->gap_n = expected;
    stream->gap_until = now + 1000;
    if (expected < stream->base_n) {
        client_drop(client, RH_REFUSE_GAP, "the hub asks for numbers it has confirmed", true);
        return;
    }
    client_stream_rewind(client, expected);
}

/* Refusals after which the session is worth nothing. */
static bool ends_session(uint32_t refusal)
{
    switch (refusal) {
    case RH_REFUSE_UNKNOWN_AGENCY:
    case RH_REFUSE_KEY_REVOKED:
    case RH_REFUSE_SIGNATURE_BAD:
    case RH_REFUSE_OTHER_HUB:
    case RH_REFUSE_WRONG_SENDER:
    case RH_REFUSE_SECOND_SESSION:
    case RH_REFUSE_HELLO_REFUSED:
    case RH_REFUSE_STOPPING:
        return true;
    default:
        return false;
    }
}

/* The bundle was refused for what came along with it: nothing of it is used, it goes again. */
static void go_without_lost(struct rh_client *client, const struct rh_frame_error *error,
                            const char *detail)
{
    client->lost_refused = true;
    client_stream_rewind(client, error->first_n);
    struct rh_client_event event = { .type = RH_CLIENT_ERROR, .refusal = error->refusal,
                                     .detail = detail, .first_n = error->first_n };
    client_emit(client, &event);
}

static void take_error(struct rh_client *client, struct rh_bytes frame)
{
    struct rh_frame_error error;
    if (rh_frame_error_decode(frame, &error) != RH_OK)
        return;
    char detail[RH_DETAIL_BYTES_MAX + 1] = "";
    if (error.detail.bytes <= RH_DETAIL_BYTES_MAX)
        memcpy(detail, error.detail.data, error.detail.bytes);

    bool online = client->state == CLIENT_UP;
    if (error.refusal == RH_REFUSE_EPOCH_CLOSED) {
        client_stop(client, RH_ALARM_CLOSED, error.refusal, detail, error.first_n);
    } else if (error.refusal == RH_REFUSE_TEST_MISMATCH) {
        client_stop(client, RH_ALARM_OTHER_HUB, error.refusal, detail, 0);
    } else if (online && error.refusal == RH_REFUSE_CONFLICT) {
        client_stop(client, RH_ALARM_CONFLICT, error.refusal, detail, error.first_n);
    } else if (online && error.refusal == RH_REFUSE_SECOND_SESSION) {
        client_stop(client, RH_ALARM_TAKEN_OVER, error.refusal, detail, 0);
    } else if (!online || ends_session(error.refusal)) {
        client_drop(client, error.refusal, detail, true);
    } else if (error.first_n != 0 && client_lost_is_about(error.refusal)) {
        go_without_lost(client, &error, detail);
    } else if (error.first_n != 0) {
        client_stop(client, RH_ALARM_BUNDLE, error.refusal, detail, error.first_n);
    } else {
        struct rh_client_event event = { .type = RH_CLIENT_ERROR, .refusal = error.refusal,
                                         .detail = detail };
        client_emit(client, &event);
    }
}

static void take_time(struct rh_client *client, struct rh_bytes frame)
{
    struct rh_frame_time time;
    if (client->state != CLIENT_UP || rh_frame_time_decode(frame, &time) != RH_OK)
        return;
    struct rh_client_event event = { .type = RH_CLIENT_TIME, .hub_ms = time.hub_ms,
                                     .hub_rate = time.rate };
    client_emit(client, &event);
}

void client_take_frame(struct rh_client *client, struct rh_bytes frame)
{
    struct rh_bytes note;
    switch ((int)rh_frame_type_of(frame)) {
    case RH_FRAME_CHALLENGE:
        take_challenge(client, frame);
        break;
    case RH_FRAME_WELCOME:
        take_welcome(client, frame);
        break;
    case RH_FRAME_CONFIRM:
        client_take_confirm(client, frame);
        break;
    case RH_FRAME_DELIVERY:
        client_take_delivery(client, frame);
        break;
    case RH_FRAME_BUSY:
        take_busy(client, frame);
        break;
    case RH_FRAME_GAP:
        take_gap(client, frame);
        break;
    case RH_FRAME_ERROR:
        take_error(client, frame);
        break;
    case RH_FRAME_CHECKPOINT:
        if (client->state == CLIENT_UP && rh_frame_checkpoint_decode(frame, &note) == RH_OK)
            client_take_note(client, note);
        break;
    case RH_FRAME_PROOF:
        client_take_proof(client, frame);
        break;
    case RH_FRAME_CONSISTENCY:
        client_take_consistency(client, frame);
        break;
    case RH_FRAME_TIME:
        take_time(client, frame);
        break;
    default:
        break; /* nothing we asked for */
    }
}
