/* The numbers on their way to the hub.
 *
 *        confirmed        sent, no answer yet         on disk          not given yet
 *     1 ........... base_n ............... next_n ........... offered_n ...
 *
 * Sending is reading items from next_n on, bundling and signing them. Anything unexpected
 * (BUSY, GAP, silence, a new session) is answered in one way: next_n goes back, and the same
 * items are sent again, perhaps bundled otherwise; an item's digest does not depend on that,
 * and the hub confirms again what it has. Source: protocol/spec/wire.md, section 7. */
#include "client/inside.h"

#include <string.h>

enum { HEADROOM_BYTES = 1024, SILENCES_MAX = 3, FULL_PIPE_MS = 20 };

static_assert(RH_ITEM_BYTES_MAX + HEADROOM_BYTES < RH_FRAME_BYTES_MAX, "one item always fits");
static_assert(RH_BUNDLE_HEADER_BYTES_MAX + RH_SIGNATURE_BYTES + 64 < HEADROOM_BYTES,
              "header and signature fit in the headroom");

static struct client_sent *sent_at(struct client_stream *stream, uint64_t n)
{
    return &stream->sent[n % CLIENT_ITEMS_MAX];
}

static struct client_bundle *bundle_at(struct client_stream *stream, uint32_t i)
{
    return &stream->bundles[(stream->bundle_first + i) % CLIENT_BUNDLES_MAX];
}

void client_stream_begin(struct rh_client *client, uint64_t first_n)
{
    struct client_stream *stream = &client->stream;
    stream->base_n = stream->next_n = first_n;
    stream->bundle_first = stream->bundle_count = 0;
    stream->bundle_bytes = 0;
    stream->quiet_until = stream->answer_by = stream->gap_until = 0;
    stream->gap_n = 0;
    stream->silences = 0;
}

/* The message id stands at the head of every public part: key 1. */
static void read_message_id(struct rh_bytes public_part, struct rh_message_id *out)
{
    struct rh_reader reader;
    rh_reader_init(&reader, public_part.data, public_part.bytes);
    if (rh_reader_map(&reader, UINT32_MAX) > 0 && rh_reader_uint(&reader) == 1)
        rh_reader_bin_exact(&reader, out->bytes, sizeof out->bytes);
    else
        memset(out->bytes, 0, sizeof out->bytes);
}

enum rh_err client_stream_sent(struct rh_client *client, uint64_t n, struct client_sent *out)
{
    struct client_stream *stream = &client->stream;
    if (n >= stream->base_n && n < stream->next_n) {
        *out = *sent_at(stream, n);
        return RH_OK;
    }
    struct rh_bytes bytes;
    struct rh_item item;
    if (n > stream->offered_n ||
        client->options.item(client->options.context, n, &bytes) != RH_OK ||
        rh_item_decode(bytes, &item) != RH_OK)
        return RH_ERR_NOTFOUND;
    rh_item_digest(&item, &out->digest);
    read_message_id(item.public_part, &out->message_id);
    return RH_OK;
}

/* Copy item `n` behind the others of this bundle. False when the bundle ends before it. */
static bool gather_one(struct rh_client *client, uint64_t n, size_t *used)
{
    struct rh_frame_bundle *bundle = client->bundle;
    struct rh_bytes bytes;
    enum rh_err err = client->options.item(client->options.context, n, &bytes);
    if (err == RH_OK && bytes.bytes > RH_ITEM_BYTES_MAX)
        err = RH_ERR_FULL;
    if (err == RH_OK &&
        *used + client->lost_bytes + bytes.bytes + HEADROOM_BYTES > RH_FRAME_BYTES_MAX)
        return false;
    struct rh_item *item = &bundle->items[bundle->count];
    if (err == RH_OK) {
        uint8_t *copy = client->items + *used;
        memcpy(copy, bytes.data, bytes.bytes);
        err = rh_item_decode((struct rh_bytes){ copy, bytes.bytes }, item);
    }
    if (err != RH_OK) {
        /* A number without its item would stop the stream for ever: say so. */
        client_stop(client, RH_ALARM_BUNDLE, RH_REFUSE_RECORD_CORRUPT,
                    "an item that was promised cannot be read", n);
        return false;
    }
    /* Its lost receipt comes along, or it begins the next bundle. */
    if (!client_lost_gather(client, n,
                            RH_FRAME_BYTES_MAX - HEADROOM_BYTES - *used - bytes.bytes))
        return false;
    *used += bytes.bytes;
    struct client_sent *sent = sent_at(&client->stream, n);
    rh_item_digest(item, &sent->digest);
    read_message_id(item->public_part, &sent->message_id);
    client->digests[bundle->count++] = sent->digest;
    return true;
}

static void gather(struct rh_client *client)
{
    struct client_stream *stream = &client->stream;
    size_t used = 0;
    client->bundle->count = 0;
    client_lost_begin(client);
    for (uint64_t n = stream->next_n;
         n <= stream->offered_n && client->bundle->count < RH_BUNDLE_ITEMS_MAX; n++) {
        if (!gather_one(client, n, &used))
            break;
    }
    client_lost_end(client);
}

static enum rh_err sign_and_send(struct rh_client *client, uint32_t *frame_bytes)
{
    struct rh_frame_bundle *bundle = client->bundle;
    struct rh_bundle_header header = {
        .suite = RH_SUITE_ED25519,
        .hub = client->hub,
        .sender = client->options.agency,
        .epoch = client->options.epoch,
        .first_n = client->stream.next_n,
        .count = bundle->count,
        .claimed_ms = client_claimed_ms(client),
    };
    uint8_t memory[RH_BUNDLE_HEADER_BYTES_MAX];
    struct rh_writer inner;
    rh_bundle_root(client->digests, bundle->count, &header.root);
    rh_writer_init(&inner, memory, sizeof memory);
    enum rh_err err = rh_bundle_header_encode(&header, &inner);
    rh_assert(err == RH_OK);
    rh_sign("rhub/bundle/1", memory, inner.bytes, &client->sign, &bundle->signature);
    bundle->header = (struct rh_bytes){ memory, inner.bytes };

    struct rh_writer writer = client_writer(client);
    err = rh_frame_bundle_encode(bundle, &writer);
    rh_assert(err == RH_OK);
    *frame_bytes = (uint32_t)writer.bytes;
    return client_pipe_send(client->pipe, writer.data, writer.bytes);
}

static bool may_send(const struct rh_client *client, uint64_t now)
{
    const struct client_stream *stream = &client->stream;
    return client->state == CLIENT_UP && !client->rollback && now >= stream->quiet_until &&
           stream->next_n <= stream->offered_n && stream->bundle_count < CLIENT_BUNDLES_MAX &&
           stream->bundle_bytes < CLIENT_BYTES_MAX;
}

void client_stream_pump(struct rh_client *client)
{
    struct client_stream *stream = &client->stream;
    uint64_t now = client_monotonic_ms();
    while (may_send(client, now)) {
        uint32_t bytes = 0;
        gather(client);
        if (client->state != CLIENT_UP)
            return;
        rh_assert(client->bundle->count > 0);
        enum rh_err err = sign_and_send(client, &bytes);
        if (err != RH_OK) {
            /* The pipe is full, or gone, which its monitor will say. */
            stream->quiet_until = now + FULL_PIPE_MS;
            return;
        }
        if (stream->bundle_count == 0)
            stream->answer_by = now + client->options.answer_ms;
        *bundle_at(stream, stream->bundle_count++) = (struct client_bundle){
            .first_n = stream->next_n, .count = client->bundle->count, .bytes = bytes
        };
        stream->bundle_bytes += bytes;
        stream->next_n += client->bundle->count;
    }
}

void client_stream_rewind(struct rh_client *client, uint64_t n)
{
    struct client_stream *stream = &client->stream;
    if (n < stream->base_n)
        n = stream->base_n;
    if (n >= stream->next_n)
        return;
    stream->next_n = n;
    while (stream->bundle_count > 0) {
        struct client_bundle *last = bundle_at(stream, stream->bundle_count - 1);
        if (last->first_n < n) {
            if (last->first_n + last->count > n)
                last->count = (uint32_t)(n - last->first_n);
            break;
        }
        stream->bundle_bytes -= last->bytes;
        stream->bundle_count--;
    }
}

/* Confirms come in the order of the numbers; one that skips some (an answer to ASK) moves
 * nothing here, and what it skipped is sent again when its own answer stays away. */
void client_stream_confirmed(struct rh_client *client, uint64_t first_n, uint64_t end_n)
{
    struct client_stream *stream = &client->stream;
    if (first_n > stream->base_n || end_n <= stream->base_n)
        return;
    stream->base_n = end_n;
    if (stream->next_n < end_n)
        stream->next_n = end_n;
    while (stream->bundle_count > 0) {
        const struct client_bundle *first = bundle_at(stream, 0);
        if (first->first_n + first->count > end_n)
            break;
        stream->bundle_bytes -= first->bytes;
        stream->bundle_first = (stream->bundle_first + 1) % CLIENT_BUNDLES_MAX;
        stream->bundle_count--;
    }
    stream->silences = 0;
    stream->answer_by = client_monotonic_ms() + client->options.answer_ms;
}

void client_stream_tick(struct rh_client *client, uint64_t now)
{
    struct client_stream *stream = &client->stream;
    if (stream->bundle_count == 0 || now < stream->answer_by)
        return;
    if (++stream->silences >= SILENCES_MAX) {
        client_drop(client, RH_REFUSE_HUB_UNREACHABLE, "the hub does not answer bundles",
                    false);
        return;
    }
    client_stream_rewind(client, stream->base_n);
    stream->answer_by = now + client->options.answer_ms;
}

uint64_t client_stream_due(const struct rh_client *client)
{
    const struct client_stream *stream = &client->stream;
    uint64_t at = stream->bundle_count > 0 ? stream->answer_by : UINT64_MAX;
    bool waiting = stream->next_n <= stream->offered_n && !client->rollback &&
                   stream->bundle_count < CLIENT_BUNDLES_MAX &&
                   stream->bundle_bytes < CLIENT_BYTES_MAX;
    if (waiting && stream->quiet_until < at)
        at = stream->quiet_until;
    return at;
}
