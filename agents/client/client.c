/* Opening, closing, turning. The conversation itself is in session.c, the numbers in stream.c,
 * what ends a line and when the next is tried in link.c. */
#include "client/inside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    WINDOW_MESSAGES = 256,
    WINDOW_BYTES = 8 * 1024 * 1024,
    HEARTBEAT_MS = 10000,
    ANSWER_MS = 30000,
    RETRY_MS_MAX = 30000,
    LINGER_MS = 1000,
    WAIT_MS_MAX = 60000
};

static void *carve(size_t bytes)
{
    void *memory = calloc(1, bytes);
    rh_assert(memory != NULL);
    return memory;
}

static void carve_all(struct rh_client *client)
{
    client->stream.sent = carve(CLIENT_ITEMS_MAX * sizeof *client->stream.sent);
    client->note = carve(RH_NOTE_BYTES_MAX);
    client->bundle = carve(sizeof *client->bundle);
    client->confirm = carve(sizeof *client->confirm);
    client->proof = carve(sizeof *client->proof);
    client->consistency = carve(sizeof *client->consistency);
    client->receipts = carve(RH_CONFIRM_RECORDS_MAX * sizeof *client->receipts);
    client->delivery = carve(sizeof *client->delivery);
    client->public_part = carve(sizeof *client->public_part);
    client->digests = carve(RH_BUNDLE_ITEMS_MAX * sizeof *client->digests);
    client->items = carve(RH_FRAME_BYTES_MAX);
    client->lost = carve(RH_FRAME_BYTES_MAX);
    client->lost_array = carve(RH_FRAME_BYTES_MAX);
    client->frame = carve(RH_FRAME_BYTES_MAX);
}

static bool keys_fit(const struct rh_client_options *options)
{
    const struct rh_card *hub = options->hub;
    struct rh_hub_id id;
    const char *endpoint = options->endpoint != NULL ? options->endpoint : hub->endpoint;
    return rh_hub_id_parse(hub->owner, strlen(hub->owner), &id) == RH_OK &&
           hub->present[RH_KEY_TRANSPORT] && hub->present[RH_KEY_SIGN] && endpoint[0] != 0 &&
           strlen(endpoint) <= RH_ENDPOINT_BYTES_MAX &&
           options->transport->use == RH_KEY_TRANSPORT && options->sign->use == RH_KEY_SIGN &&
           strcmp(options->transport->owner, options->agency.text) == 0 &&
           strcmp(options->sign->owner, options->agency.text) == 0 &&
           (options->software == NULL || strlen(options->software) <= RH_CODE_BYTES_MAX);
}

static void take_options(struct rh_client *client, const struct rh_client_options *options)
{
    const struct rh_card *hub = options->hub;
    client->options = *options;
    client->options.hub = NULL;
    client->options.transport = client->options.sign = NULL;
    struct rh_client_options *own = &client->options;
    own->window_messages = own->window_messages != 0 ? own->window_messages : WINDOW_MESSAGES;
    own->window_bytes = own->window_bytes != 0 ? own->window_bytes : WINDOW_BYTES;
    own->heartbeat_ms = own->heartbeat_ms != 0 ? own->heartbeat_ms : HEARTBEAT_MS;
    own->answer_ms = own->answer_ms != 0 ? own->answer_ms : ANSWER_MS;
    own->retry_ms_max = own->retry_ms_max != 0 ? own->retry_ms_max : RETRY_MS_MAX;

    const char *endpoint = options->endpoint != NULL ? options->endpoint : hub->endpoint;
    memcpy(client->endpoint, endpoint, strlen(endpoint) + 1);
    if (options->software != NULL)
        memcpy(client->software, options->software, strlen(options->software) + 1);
    enum rh_err err = rh_hub_id_parse(hub->owner, strlen(hub->owner), &client->pinned);
    rh_assert(err == RH_OK);
    client->hub = client->pinned;
    memcpy(client->hub_sign.bytes, hub->keys[RH_KEY_SIGN], sizeof client->hub_sign.bytes);
    memcpy(client->hub_transport, hub->keys[RH_KEY_TRANSPORT], sizeof client->hub_transport);
    client->transport = *options->transport;
    memcpy(client->sign.bytes, options->sign->secret, sizeof client->sign.bytes);
}

enum rh_err rh_client_open(const struct rh_client_options *options, struct rh_client **out)
{
    rh_assert(options->event != NULL && options->item != NULL);
    rh_assert(options->held != NULL && options->sender_key != NULL);
    if (!keys_fit(options))
        return RH_ERR_CONFIG;
    struct rh_client *client = carve(sizeof *client);
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (client->epoll < 0) {
        free(client);
        return RH_ERR_IO;
    }
    take_options(client, options);
    carve_all(client);
    client->stream.base_n = client->stream.next_n = 1;
    *out = client;
    return RH_OK;
}

void rh_client_close(struct rh_client **pointer)
{
    struct rh_client *client = *pointer;
    if (client == NULL)
        return;
    *pointer = NULL;
    if (client->state == CLIENT_UP) {
        struct rh_writer writer = client_writer(client);
        if (rh_frame_close_encode(client->session, &writer) == RH_OK)
            client_send(client, &writer);
    }
    client_pipe_close(&client->pipe, LINGER_MS);
    close(client->epoll);
    rh_wipe(&client->transport, sizeof client->transport);
    rh_wipe(&client->sign, sizeof client->sign);
    void *const memory[] = { client->stream.sent, client->note,      client->bundle,
                             client->confirm,     client->proof,     client->consistency,
                             client->receipts,    client->delivery,  client->public_part,
                             client->digests,     client->items,     client->lost,
                             client->lost_array,  client->frame };
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++)
        free(memory[i]);
    free(client);
}

static void attempt(struct rh_client *client)
{
    struct client_pipe_options options = {
        .endpoint = client->endpoint,
        .hub_key = client->hub_transport,
        .public_key = client->transport.public_key,
        .secret_key = client->transport.secret,
        .heartbeat_ms = client->options.heartbeat_ms,
        .handshake_ms = client->options.answer_ms,
        .epoll = client->epoll,
    };
    enum rh_err err = client_pipe_open(&options, &client->pipe);
    if (err != RH_OK) {
        client_drop(client, RH_REFUSE_HUB_UNREACHABLE, rh_err_text(err), true);
        return;
    }
    client_greet(client);
}

/* Whether the pipe still carries; drops the session when it does not. */
static bool pipe_holds(struct rh_client *client)
{
    if (client_pipe_watch(client->pipe))
        return true;
    uint32_t refusal = client_pipe_refusal(client->pipe);
    const char *detail = client_pipe_detail(client->pipe);
    bool patient = refusal == RH_REFUSE_UNKNOWN_AGENCY || refusal == RH_REFUSE_HUB_KEY_MISMATCH;
    client_drop(client, refusal, detail, patient);
    return false;
}

/* What came before the pipe broke still counts: frames first, then the monitor. */
static void take_frames(struct rh_client *client)
{
    struct rh_bytes frame;
    for (int i = 0; i < CLIENT_TURN_FRAMES && client->pipe != NULL; i++) {
        if (client_pipe_receive(client->pipe, &frame) != RH_OK)
            return;
        client_take_frame(client, frame);
    }
}

static void turn(struct rh_client *client)
{
    uint64_t now = client_monotonic_ms();
    if (client->state == CLIENT_DOWN && now >= client->retry_at)
        attempt(client);
    if (client->pipe == NULL)
        return;
    take_frames(client);
    if (client->pipe == NULL || !pipe_holds(client))
        return;
    now = client_monotonic_ms();
    if (client->state == CLIENT_UP) {
        client_stream_tick(client, now);
        client_stream_pump(client);
    } else if (now >= client->step_by) {
        client_drop(client, RH_REFUSE_HUB_UNREACHABLE, "the hub does not answer", false);
    }
}

void rh_client_turn(struct rh_client *client)
{
    rh_assert(!client->turning);
    client->turning = true;
    turn(client);
    client->turning = false;
}

int rh_client_fd(const struct rh_client *client)
{
    return client->epoll;
}

static uint64_t due(const struct rh_client *client)
{
    switch (client->state) {
    case CLIENT_DOWN:
        return client->retry_at;
    case CLIENT_GREETING:
    case CLIENT_HELLO:
        return client->step_by;
    case CLIENT_UP:
        return client_stream_due(client);
    case CLIENT_STOPPED:
        break;
    }
    return UINT64_MAX;
}

uint32_t rh_client_wait_ms(const struct rh_client *client)
{
    if (client->pipe != NULL && client_pipe_is_ready(client->pipe))
        return 0;
    uint64_t now = client_monotonic_ms();
    uint64_t at = due(client);
    if (at <= now)
        return 0;
    return at - now < WAIT_MS_MAX ? (uint32_t)(at - now) : WAIT_MS_MAX;
}

void rh_client_offer(struct rh_client *client, uint64_t last_n)
{
    rh_assert(last_n <= RH_NUMBER_MAX);
    if (last_n > client->stream.offered_n)
        client->stream.offered_n = last_n;
    if (client->state == CLIENT_UP && !client->turning)
        client_stream_pump(client);
}

void rh_client_resync(struct rh_client *client, const struct rh_agency_id *sender,
                      enum rh_lane lane, uint64_t from_pair_seq)
{
    uint64_t now = client_monotonic_ms();
    if (client->state != CLIENT_UP)
        return;
    for (uint32_t i = 0; i < CLIENT_RESYNC_SLOTS; i++) {
        const struct client_resync *asked = &client->resyncs[i];
        if (asked->from == from_pair_seq && asked->lane == lane &&
            strcmp(asked->sender.text, sender->text) == 0 &&
            now - asked->at < CLIENT_RESYNC_MS)
            return;
    }
    client->resyncs[client->resync_next] =
        (struct client_resync){ .sender = *sender, .lane = lane, .from = from_pair_seq,
                                .at = now };
    client->resync_next = (client->resync_next + 1) % CLIENT_RESYNC_SLOTS;
    struct rh_frame_resync resync = { .session = client->session, .sender = *sender,
                                      .lane = lane, .from_pair_seq = from_pair_seq };
    struct rh_writer writer = client_writer(client);
    if (rh_frame_resync_encode(&resync, &writer) == RH_OK)
        client_send(client, &writer);
}

void rh_client_window(struct rh_client *client, uint32_t messages, uint64_t bytes)
{
    client->options.window_messages = messages;
    client->options.window_bytes = bytes;
    if (client->state != CLIENT_UP)
        return;
    struct rh_frame_window window = { .session = client->session, .messages = messages,
                                      .bytes = bytes };
    struct rh_writer writer = client_writer(client);
    if (rh_frame_window_encode(&window, &writer) == RH_OK)
        client_send(client, &writer);
}

enum rh_err rh_client_ask(struct rh_client *client, uint64_t n)
{
    if (client->state != CLIENT_UP)
        return RH_ERR_CLOSED;
    struct rh_writer writer = client_writer(client);
    enum rh_err err = rh_frame_ask_encode(client->session, n, &writer);
    if (err == RH_OK)
        client_send(client, &writer);
    return err;
}

enum rh_err rh_client_prove(struct rh_client *client, uint64_t index, uint64_t size)
{
    if (client->state != CLIENT_UP)
        return RH_ERR_CLOSED;
    struct rh_frame_prove prove = { .session = client->session, .index = index, .size = size };
    struct rh_writer writer = client_writer(client);
    enum rh_err err = rh_frame_prove_encode(&prove, &writer);
    if (err == RH_OK)
        client_send(client, &writer);
    return err;
}

bool rh_client_is_online(const struct rh_client *client)
{
    return client->state == CLIENT_UP;
}

enum rh_client_alarm rh_client_stopped(const struct rh_client *client)
{
    return client->alarm;
}

uint64_t rh_client_in_flight(const struct rh_client *client)
{
    return client->stream.next_n - client->stream.base_n;
}

const struct rh_hub_id *rh_client_hub(const struct rh_client *client)
{
    return &client->pinned;
}
