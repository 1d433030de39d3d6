#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway_kit.h"

#include "support/rht.h"
#include "views/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The double of engine/engine.h ------------------------------------------------------------ */

uint64_t hub_engine_now(struct hub_engine *engine)
{
    return engine->now_ms + (engine->rate == 0 ? 0 : hub_link_now_ms() - engine->opened_ms);
}

uint32_t hub_engine_rate(const struct hub_engine *engine)
{
    return engine->rate;
}

const struct rh_hub_id *hub_engine_hub(const struct hub_engine *engine)
{
    return &engine->hub;
}

struct hub_views *hub_engine_views(struct hub_engine *engine)
{
    return &engine->views;
}

void hub_engine_sign_key(const struct hub_engine *engine, struct rh_sign_public *out)
{
    *out = engine->sign_public;
}

void hub_engine_external_key(const struct hub_engine *engine, uint8_t out[32])
{
    (void)engine;
    memset(out, 7, 32);
}

struct rh_bytes hub_engine_note(const struct hub_engine *engine)
{
    return (struct rh_bytes){ (const uint8_t *)engine->note, strlen(engine->note) };
}

static void put(struct hub_engine *engine, unsigned table, struct rh_bytes key,
                struct rh_bytes value)
{
    assert_int_equal(hub_map_put(engine->views.map, table, key, value), RH_OK);
}

static void put_stream(struct hub_engine *engine, const struct hub_stream *row)
{
    uint8_t memory[256];
    struct rh_writer writer;
    struct hub_key key = hub_key_stream(row->agency, &row->epoch);
    rh_writer_init(&writer, memory, sizeof memory);
    assert_int_equal(hub_stream_encode(row, &writer), RH_OK);
    put(engine, HUB_TABLE_STREAM, hub_key_view(&key),
        (struct rh_bytes){ memory, writer.bytes });
}

enum rh_err hub_engine_hello(struct hub_engine *engine, uint32_t agency,
                             const struct rh_hello *hello, struct rh_bytes signed_bytes,
                             const struct rh_signature *signature, struct hub_offer_result *out)
{
    struct hub_stream stream;
    (void)signed_bytes;
    (void)signature;
    *out = (struct hub_offer_result){ .answer = HUB_ANSWER_TAKEN };
    if (hub_views_stream(engine->views.map, agency, &hello->epoch, &stream) == RH_OK)
        return RH_OK;
    stream = (struct hub_stream){ .agency = agency, .epoch = hello->epoch, .next_n = 1 };
    put_stream(engine, &stream);
    engine->pending++;
    engine->next_index++;
    return RH_OK;
}

static void take_item(struct hub_engine *engine, const struct rh_bundle_header *header,
                      uint32_t agency, uint64_t n, const struct rh_hash *digest)
{
    uint8_t place[HUB_VALUE_PLACE_BYTES];
    struct hub_key key = hub_key_number(agency, &header->epoch, n);
    hub_value_place(place, engine->next_index++, digest);
    put(engine, HUB_TABLE_NUMBER, hub_key_view(&key), (struct rh_bytes){ place, sizeof place });
    engine->pending++;
}

enum rh_err hub_engine_offer(struct hub_engine *engine, uint32_t agency,
                             const struct rh_bundle_header *header,
                             const struct rh_frame_bundle *bundle,
                             const struct rh_hash *digests, const struct rh_first *lost,
                             struct hub_offer_result *out)
{
    struct hub_stream stream;
    memset(engine->lost, 0, sizeof engine->lost);
    if (lost != NULL)
        memcpy(engine->lost, lost, header->count * sizeof lost[0]);
    assert_int_equal(bundle->count, header->count);
    assert_true(engine->offer_count < KIT_OFFERS);
    engine->offer_agency[engine->offer_count] = agency;
    engine->offer_first[engine->offer_count++] = header->first_n;
    *out = (struct hub_offer_result){ .refusal = engine->refusal, .retry_ms = 77 };
    assert_int_equal(hub_views_stream(engine->views.map, agency, &header->epoch, &stream),
                     RH_OK);
    out->expected_n = stream.next_n;
    out->answer = engine->answer;
    if (out->answer == 0)
        out->answer = header->first_n > stream.next_n                    ? HUB_ANSWER_GAP
                      : header->first_n + header->count <= stream.next_n ? HUB_ANSWER_AGAIN
                                                                         : HUB_ANSWER_TAKEN;
    if (out->answer != HUB_ANSWER_TAKEN)
        return RH_OK;
    engine->next_index++; /* the bundle's own record */
    engine->pending++;
    out->first_index = engine->next_index;
    for (uint64_t n = stream.next_n; n < header->first_n + header->count; n++)
        take_item(engine, header, agency, n, &digests[n - header->first_n]);
    stream.next_n = header->first_n + header->count;
    put_stream(engine, &stream);
    return RH_OK;
}

uint32_t hub_engine_pending(const struct hub_engine *engine)
{
    return engine->pending;
}

uint32_t hub_engine_stirred(struct hub_engine *engine, uint32_t *agencies, uint32_t max)
{
    uint32_t count = engine->stirred_count < max ? engine->stirred_count : max;
    memcpy(agencies, engine->stirred, count * sizeof agencies[0]);
    engine->stirred_count = 0;
    return count;
}

bool hub_engine_agencies_changed(struct hub_engine *engine)
{
    bool changed = engine->agencies_changed;
    engine->agencies_changed = false;
    return changed;
}

enum rh_err hub_engine_confirm(struct hub_engine *engine, uint64_t first_n,
                               uint64_t first_index, uint32_t count,
                               struct rh_frame_confirm *out)
{
    assert_int_equal(engine->pending, 0); /* nothing may be shown that is not durable */
    memset(out, 0, offsetof(struct rh_frame_confirm, records));
    out->first_n = first_n;
    out->first_index = first_index;
    out->size = engine->next_index;
    out->record_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct rh_writer writer;
        struct rh_receipt receipt = { .hub = engine->hub,
                                      .type = RH_RECORD_GENESIS,
                                      .index = first_index + i,
                                      .stored_ms = 1 };
        rh_writer_init(&writer, engine->core[i], sizeof engine->core[i]);
        assert_int_equal(rh_receipt_encode(&receipt, &writer), RH_OK);
        out->records[i] = (struct rh_confirmed){ .core = { engine->core[i], writer.bytes } };
    }
    return RH_OK;
}

enum rh_err hub_engine_confirm_again(struct hub_engine *engine, uint32_t agency,
                                     const struct rh_epoch *epoch, uint64_t first_n,
                                     uint32_t count, struct rh_frame_confirm *out)
{
    uint64_t first_index = 0;
    uint32_t run = 0;
    for (; run < count; run++) {
        uint64_t index;
        struct rh_hash digest;
        enum rh_err err =
            hub_views_number(engine->views.map, agency, epoch, first_n + run, &index, &digest);
        if (err != RH_OK || (run > 0 && index != first_index + run))
            break;
        if (run == 0)
            first_index = index;
    }
    return run == 0 ? RH_ERR_NOTFOUND
                    : hub_engine_confirm(engine, first_n, first_index, run, out);
}

enum rh_err hub_engine_delivery(struct hub_engine *engine, const struct hub_queued *queued,
                                struct rh_delivery *out)
{
    memset(out, 0, sizeof *out);
    if (queued->index == engine->broken_index)
        return RH_ERR_CORRUPT;
    snprintf(out->sender.text, sizeof out->sender.text, "court.%u", (unsigned)queued->from);
    out->form = RH_DELIVERY_ITEM;
    out->lane = queued->lane;
    out->pair_seq = queued->pair_seq;
    out->index = queued->index;
    out->item.public_part = (struct rh_bytes){ engine->filler, 16 };
    out->item.body = (struct rh_bytes){ engine->filler, queued->bytes };
    out->header = (struct rh_bytes){ engine->filler, 16 };
    return RH_OK;
}

enum rh_err hub_engine_record(struct hub_engine *engine, uint64_t index, struct rh_bytes *core,
                              struct rh_bytes *rest)
{
    (void)engine;
    (void)index;
    (void)core;
    (void)rest;
    return RH_ERR_NOTFOUND;
}

enum rh_err hub_engine_proof(struct hub_engine *engine, uint64_t index,
                             struct rh_frame_proof *out)
{
    (void)engine;
    (void)index;
    (void)out;
    return RH_ERR_NOTFOUND;
}

enum rh_err hub_engine_consistency(struct hub_engine *engine, uint64_t old_size,
                                   struct rh_frame_consistency *out)
{
    (void)engine;
    (void)old_size;
    (void)out;
    return RH_ERR_NOTFOUND;
}

void hub_engine_health(struct hub_engine *engine, struct hub_engine_health *out)
{
    *out = (struct hub_engine_health){ .published = engine->published,
                                       .held_refusal = engine->held_refusal };
}

/* The test as the door -------------------------------------------------------------------- */

static void be_the_door(struct kit *kit)
{
    struct hub_link *link = &kit->gateway->link;
    size_t one = hub_ring_bytes(link->ring_capacity);
    void *memory = NULL;
    int pair[2];
    assert_int_equal(posix_memalign(&memory, 64, 2 * one), 0);
    memset(memory, 0, 2 * one);
    kit->memory = memory;
    hub_ring_attach(&link->out, kit->memory, link->ring_capacity);
    hub_ring_attach(&link->in, kit->memory + one, link->ring_capacity);
    kit->from = link->out;
    kit->to = link->in;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    link->control = pair[0];
    kit->door_fd = pair[1];
    link->state = HUB_LINK_UP;
    link->generation = kit->gateway->link_generation = 1;
}

void kit_open(struct kit *kit, uint64_t ring_bytes)
{
    static const struct hub_gateway_options plain = { .endpoint = "tcp://127.0.0.1:*",
                                                      .program = "/nowhere",
                                                      .transport_key = "none",
                                                      .workers = 2 };
    struct hub_gateway_options options = plain;
    options.ring_bytes = ring_bytes;
    memset(kit, 0, sizeof *kit);
    struct hub_engine *engine = &kit->engine;
    assert_int_equal(hub_memory_map_new(&engine->memory, NULL), RH_OK);
    engine->views.map = hub_memory_map_map(engine->memory);
    assert_int_equal(rh_hub_id_parse("test.demo", 9, &engine->hub), RH_OK);
    engine->now_ms = UINT64_C(1767225600000);
    engine->opened_ms = hub_link_now_ms();
    engine->rate = 1;
    engine->next_index = 100;
    assert_int_equal(hub_gateway_make(&options, engine, &kit->gateway), RH_OK);
    be_the_door(kit);
}

void kit_close(struct kit *kit)
{
    struct hub_link *link = &kit->gateway->link;
    close(link->control);
    close(kit->door_fd);
    link->control = -1;
    link->state = HUB_LINK_DOWN; /* nothing to be ended */
    hub_gateway_close(&kit->gateway);
    free(kit->memory);
    hub_memory_map_destroy(&kit->engine.memory);
}

static void put_agency(struct kit *kit, const struct kit_agency *agency)
{
    struct hub_agency row = { .no = agency->no, .id = agency->id, .state = agency->state };
    uint8_t memory[4096];
    struct rh_writer writer;
    struct hub_key key = hub_key_u32(agency->no);
    row.card.present[RH_KEY_TRANSPORT] = row.card.present[RH_KEY_SIGN] = true;
    memset(row.card.keys[RH_KEY_TRANSPORT], (int)agency->no, 32);
    memcpy(row.card.keys[RH_KEY_SIGN], agency->sign_public.bytes, 32);
    memcpy(row.card.owner, agency->id.text, sizeof agency->id.text);
    rh_agency_role(&agency->id, row.role);
    rh_writer_init(&writer, memory, sizeof memory);
    assert_int_equal(hub_agency_encode(&row, &writer), RH_OK);
    put(&kit->engine, HUB_TABLE_AGENCY, hub_key_view(&key),
        (struct rh_bytes){ memory, writer.bytes });
    uint8_t number[4];
    hub_put_u32(number, agency->no);
    struct hub_key id = hub_key_text(agency->id.text);
    put(&kit->engine, HUB_TABLE_AGENCY_ID, hub_key_view(&id),
        (struct rh_bytes){ number, sizeof number });
    kit->engine.agencies_changed = true;
}

struct kit_agency *kit_agency(struct kit *kit, const char *name)
{
    assert_true(kit->agency_count < KIT_AGENCIES);
    struct kit_agency *agency = &kit->agencies[kit->agency_count];
    agency->no = HUB_AGENCY_FIRST + kit->agency_count++;
    agency->state = HUB_AGENCY_ACTIVE;
    agency->next_n = 1;
    assert_int_equal(rh_agency_id_parse(name, strlen(name), &agency->id), RH_OK);
    rh_sign_keypair(&agency->sign_public, &agency->sign_secret);
    memset(agency->routing, (int)agency->no, sizeof agency->routing);
    memset(agency->epoch.bytes, (int)agency->no, sizeof agency->epoch.bytes);
    put_agency(kit, agency);
    return agency;
}

void kit_set_state(struct kit *kit, struct kit_agency *agency, enum hub_agency_state state)
{
    agency->state = state;
    put_agency(kit, agency);
}

void kit_push(struct kit *kit, const struct kit_agency *agency, const struct rh_writer *frame)
{
    struct hub_ring_record record = { .bytes = (uint32_t)frame->bytes,
                                      .type = HUB_DOOR_FRAME,
                                      .agency = agency->no };
    assert_int_equal(frame->err, RH_OK);
    memcpy(record.routing, agency->routing, sizeof record.routing);
    assert_int_equal(hub_ring_push(&kit->to, &record, frame->data), RH_OK);
}

bool kit_next(struct kit *kit, struct hub_ring_record *record, struct rh_bytes *frame)
{
    enum rh_err err;
    do {
        err = hub_ring_pop(&kit->from, record, kit->frame);
    } while (err == RH_OK && record->type != HUB_DOOR_SEND);
    assert_true(err == RH_OK || err == RH_ERR_NOTFOUND);
    *frame = (struct rh_bytes){ kit->frame, record->bytes };
    return err == RH_OK;
}

struct rh_bytes kit_expect(struct kit *kit, const struct kit_agency *agency,
                           enum rh_frame_type type)
{
    struct hub_ring_record record;
    struct rh_bytes frame;
    assert_true(kit_next(kit, &record, &frame));
    assert_int_equal(rh_frame_type_of(frame), type);
    assert_int_equal(record.agency, agency->no);
    assert_memory_equal(record.routing, agency->routing, sizeof record.routing);
    return frame;
}

void kit_expect_error(struct kit *kit, const struct kit_agency *agency, uint32_t refusal)
{
    struct rh_frame_error error;
    struct rh_bytes frame = kit_expect(kit, agency, RH_FRAME_ERROR);
    assert_int_equal(rh_frame_error_decode(frame, &error), RH_OK);
    assert_int_equal(error.refusal, refusal);
}

void kit_expect_nothing(struct kit *kit)
{
    struct hub_ring_record record;
    struct rh_bytes frame;
    assert_false(kit_next(kit, &record, &frame));
}

void kit_turn(struct kit *kit)
{
    uint64_t end_ms = rht_now_ms() + 20000;
    do {
        assert_int_equal(hub_gateway_turn(kit->gateway), RH_OK);
        assert_true(rht_now_ms() < end_ms);
    } while (hub_workers_count(kit->gateway->workers) > 0 &&
             kit->gateway->pending_count + 2 <= HUB_PENDING_MAX &&
             kit->engine.pending < HUB_TURN_RECORDS);
}

void kit_finish(struct kit *kit)
{
    kit->engine.pending = 0;
    assert_int_equal(hub_gateway_release(kit->gateway), RH_OK);
}

void kit_loop(struct kit *kit)
{
    kit_turn(kit);
    kit_finish(kit);
}

/* Frames ---------------------------------------------------------------------------------- */

void kit_send_open(struct kit *kit, const struct kit_agency *agency)
{
    struct rh_writer writer;
    struct rh_frame_open open = { .version = 1, .agency = agency->id };
    rh_writer_init(&writer, kit->scratch, sizeof kit->scratch);
    assert_int_equal(rh_frame_open_encode(&open, &writer), RH_OK);
    kit_push(kit, agency, &writer);
}

void kit_send_hello(struct kit *kit, struct kit_agency *agency,
                    const struct rh_frame_challenge *challenge, uint32_t messages,
                    uint64_t bytes)
{
    uint8_t memory[1024];
    struct rh_writer writer;
    struct rh_hello hello = { .suite = 1,
                              .hub = challenge->hub,
                              .agency = agency->id,
                              .epoch = agency->epoch,
                              .lease = agency->lease,
                              .window_messages = messages,
                              .window_bytes = bytes };
    memcpy(hello.nonce, challenge->nonce, sizeof hello.nonce);
    rh_writer_init(&writer, memory, sizeof memory);
    assert_int_equal(rh_hello_encode(&hello, &writer), RH_OK);
    struct rh_frame_hello frame = { .hello = { memory, writer.bytes } };
    rh_sign("rhub/hello/1", memory, writer.bytes, &agency->sign_secret, &frame.signature);
    rh_writer_init(&writer, kit->scratch, sizeof kit->scratch);
    assert_int_equal(rh_frame_hello_encode(&frame, &writer), RH_OK);
    kit_push(kit, agency, &writer);
}

void kit_connect(struct kit *kit, struct kit_agency *agency, uint32_t messages, uint64_t bytes)
{
    struct rh_frame_challenge challenge;
    struct rh_frame_welcome welcome;
    kit_send_open(kit, agency);
    kit_loop(kit);
    struct rh_bytes frame = kit_expect(kit, agency, RH_FRAME_CHALLENGE);
    assert_int_equal(rh_frame_challenge_decode(frame, &challenge), RH_OK);
    agency->lease++;
    kit_send_hello(kit, agency, &challenge, messages, bytes);
    kit_loop(kit);
    frame = kit_expect(kit, agency, RH_FRAME_WELCOME);
    assert_int_equal(rh_frame_welcome_decode(frame, &welcome), RH_OK);
    agency->session = welcome.session;
    agency->next_n = welcome.next_n;
}

void kit_send_window(struct kit *kit, const struct kit_agency *agency, uint32_t messages,
                     uint64_t bytes)
{
    struct rh_writer writer;
    struct rh_frame_window window = { .session = agency->session,
                                      .messages = messages,
                                      .bytes = bytes };
    rh_writer_init(&writer, kit->scratch, sizeof kit->scratch);
    assert_int_equal(rh_frame_window_encode(&window, &writer), RH_OK);
    kit_push(kit, agency, &writer);
}

void kit_attach_lost(struct kit *kit, struct rh_bytes lost)
{
    kit->engine.attached = lost;
}

void kit_send_bundle(struct kit *kit, const struct kit_agency *agency, uint64_t first_n,
                     uint32_t count)
{
    static struct rh_frame_bundle bundle;
    static struct rh_hash digests[RH_BUNDLE_ITEMS_MAX];
    static const uint8_t public_part[4] = { 0x81, 0x01, 0x02, 0x03 };
    uint8_t memory[RH_BUNDLE_HEADER_BYTES_MAX];
    struct rh_writer writer;
    struct rh_bundle_header header = { .suite = 1,
                                       .hub = kit->engine.hub,
                                       .sender = agency->id,
                                       .epoch = agency->epoch,
                                       .first_n = first_n,
                                       .count = count,
                                       .claimed_ms = 1 };
    for (uint32_t i = 0; i < count; i++) {
        struct rh_item *item = &bundle.items[i];
        *item = (struct rh_item){ .public_part = { public_part, sizeof public_part } };
        item->salt[0] = (uint8_t)(first_n + i); /* the same number, the same item */
        rh_item_commit(item->salt, item->private_part, item->body, &item->commitment);
        rh_item_digest(item, &digests[i]);
    }
    rh_bundle_root(digests, count, &header.root);
    rh_writer_init(&writer, memory, sizeof memory);
    assert_int_equal(rh_bundle_header_encode(&header, &writer), RH_OK);
    bundle.header = (struct rh_bytes){ memory, writer.bytes };
    bundle.count = count;
    bundle.lost = kit->engine.attached;
    kit->engine.attached = (struct rh_bytes){ NULL, 0 };
    rh_sign("rhub/bundle/1", memory, writer.bytes, &agency->sign_secret, &bundle.signature);
    rh_writer_init(&writer, kit->scratch, sizeof kit->scratch);
    assert_int_equal(rh_frame_bundle_encode(&bundle, &writer), RH_OK);
    kit_push(kit, agency, &writer);
}

/* Rows ------------------------------------------------------------------------------------- */

static void put_pair(struct kit *kit, uint32_t to, uint32_t from, enum rh_lane lane,
                     uint64_t next, uint64_t acked)
{
    uint8_t value[HUB_VALUE_PAIR_BYTES];
    struct hub_key key = hub_key_pair(to, from, lane);
    hub_put_u64(value, next);
    hub_put_u64(value + 8, acked);
    put(&kit->engine, HUB_TABLE_PAIR, hub_key_view(&key),
        (struct rh_bytes){ value, sizeof value });
}

void kit_queue(struct kit *kit, const struct hub_queued *row)
{
    uint8_t memory[256];
    struct rh_writer writer;
    uint64_t next, acked;
    struct hub_key key = hub_key_queue(row->to, row->lane, row->from, row->pair_seq);
    rh_writer_init(&writer, memory, sizeof memory);
    assert_int_equal(hub_queued_encode(row, &writer), RH_OK);
    put(&kit->engine, HUB_TABLE_QUEUE, hub_key_view(&key),
        (struct rh_bytes){ memory, writer.bytes });
    if (row->rno != 0) {
        key = hub_key_queue_ref(row);
        put(&kit->engine, HUB_TABLE_QUEUE_REF, hub_key_view(&key), (struct rh_bytes){ 0 });
    }
    assert_int_equal(
        hub_views_pair(kit->engine.views.map, row->to, row->from, row->lane, &next, &acked),
        RH_OK);
    put_pair(kit, row->to, row->from, row->lane, row->pair_seq + 1, acked);
}

void kit_drop(struct kit *kit, uint32_t to, uint32_t from, enum rh_lane lane, uint64_t pair_seq)
{
    struct hub_map *map = kit->engine.views.map;
    struct hub_queued row;
    if (hub_views_queue_head(map, to, lane, from, pair_seq, &row) != RH_OK ||
        row.pair_seq != pair_seq)
        return;
    struct hub_key key = hub_key_queue(to, lane, from, pair_seq);
    assert_int_equal(hub_map_del(map, HUB_TABLE_QUEUE, hub_key_view(&key)), RH_OK);
    if (row.rno != 0) {
        key = hub_key_queue_ref(&row);
        assert_int_equal(hub_map_del(map, HUB_TABLE_QUEUE_REF, hub_key_view(&key)), RH_OK);
    }
}

void kit_ack(struct kit *kit, uint32_t to, uint32_t from, enum rh_lane lane, uint64_t pair_seq)
{
    struct hub_map *map = kit->engine.views.map;
    uint64_t next, acked;
    assert_int_equal(hub_views_pair(map, to, from, lane, &next, &acked), RH_OK);
    for (uint64_t seq = acked + 1; seq <= pair_seq; seq++)
        kit_drop(kit, to, from, lane, seq);
    if (pair_seq > acked)
        put_pair(kit, to, from, lane, next, pair_seq);
}

void kit_stir(struct kit *kit, uint32_t agency)
{
    for (uint32_t i = 0; i < kit->engine.stirred_count; i++)
        if (kit->engine.stirred[i] == agency)
            return;
    kit->engine.stirred[kit->engine.stirred_count++] = agency;
}
