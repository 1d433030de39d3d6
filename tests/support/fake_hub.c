#include "support/fake_hub_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "support/merkle_twin.h"
#include "support/rht.h"

enum { OPTION_ZAP_ENFORCE_DOMAIN = 93 };

/* ---- sockets ---------------------------------------------------------------------------- */

static void listen_again(struct rht_hub *hub)
{
    int zero = 0, one = 1;
    size_t bytes = sizeof hub->card.endpoint;
    hub->router = zmq_socket(hub->context, ZMQ_ROUTER);
    rh_assert(hub->router != NULL);
    zmq_setsockopt(hub->router, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(hub->router, ZMQ_CURVE_SERVER, &one, sizeof one);
    zmq_setsockopt(hub->router, ZMQ_CURVE_SECRETKEY, hub->transport.secret, 32);
    zmq_setsockopt(hub->router, ZMQ_ZAP_DOMAIN, "rht", 3);
    zmq_setsockopt(hub->router, OPTION_ZAP_ENFORCE_DOMAIN, &one, sizeof one);
    const char *endpoint = hub->card.endpoint[0] != 0 ? hub->card.endpoint
                                                      : "tcp://127.0.0.1:*";
    /* The port of a socket just closed is free again only when its thread has closed it. */
    uint64_t until = rht_now_ms() + 5000;
    int bound;
    do {
        bound = zmq_bind(hub->router, endpoint);
        if (bound != 0)
            nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    } while (bound != 0 && rht_now_ms() < until);
    rh_assert(bound == 0);
    rh_assert(zmq_getsockopt(hub->router, ZMQ_LAST_ENDPOINT, hub->card.endpoint, &bytes) == 0);
}

struct rht_hub *rht_hub_open(const char *hub_id)
{
    struct rht_hub *hub = calloc(1, sizeof *hub);
    rh_assert(hub != NULL);
    hub->records = calloc(RECORDS_MAX, sizeof *hub->records);
    hub->leaves = calloc(RECORDS_MAX, sizeof *hub->leaves);
    hub->parties = calloc(RECORDS_MAX, sizeof *hub->parties);
    hub->bundle = calloc(1, sizeof *hub->bundle);
    hub->confirm = calloc(1, sizeof *hub->confirm);
    hub->frame = calloc(1, RH_FRAME_BYTES_MAX);
    hub->agencies = calloc(RHT_HUB_AGENCIES_MAX, sizeof *hub->agencies);
    rh_assert(hub->records && hub->leaves && hub->parties && hub->bundle && hub->confirm &&
              hub->frame && hub->agencies);
    rh_assert(rh_hub_id_parse(hub_id, strlen(hub_id), &hub->id) == RH_OK);
    rh_secret_generate(RH_KEY_TRANSPORT, hub_id, &hub->transport);
    rh_secret_generate(RH_KEY_SIGN, hub_id, &hub->sign);
    memcpy(hub->sign_secret.bytes, hub->sign.secret, sizeof hub->sign_secret.bytes);
    memset(hub->external_key, 0x5a, sizeof hub->external_key);
    hub->ms = 1767225600000; /* 2026-01-01 */
    snprintf(hub->card.owner, sizeof hub->card.owner, "%s", hub_id);
    hub->card.present[RH_KEY_TRANSPORT] = hub->card.present[RH_KEY_SIGN] = true;
    memcpy(hub->card.keys[RH_KEY_TRANSPORT], hub->transport.public_key, 32);
    memcpy(hub->card.keys[RH_KEY_SIGN], hub->sign.public_key, 32);

    struct rh_receipt genesis = { .type = RH_RECORD_GENESIS };
    rht_hub_append(hub, &genesis);
    hub->context = zmq_ctx_new();
    hub->zap = zmq_socket(hub->context, ZMQ_REP);
    rh_assert(hub->zap != NULL && zmq_bind(hub->zap, "inproc://zeromq.zap.01") == 0);
    listen_again(hub);
    return hub;
}

void rht_hub_close(struct rht_hub **pointer)
{
    struct rht_hub *hub = *pointer;
    *pointer = NULL;
    if (hub->router != NULL)
        zmq_close(hub->router);
    zmq_close(hub->zap);
    zmq_ctx_term(hub->context);
    for (uint64_t i = 0; i < RECORDS_MAX; i++)
        free(hub->records[i].item);
    for (uint32_t i = 0; i < hub->agency_count; i++)
        free(hub->agencies[i].queue);
    free(hub->agencies);
    free(hub->records);
    free(hub->leaves);
    free(hub->parties);
    free(hub->bundle);
    free(hub->confirm);
    free(hub->frame);
    free(hub);
}

struct rht_hub_knobs *rht_hub_knobs(struct rht_hub *hub)
{
    return &hub->knobs;
}

const struct rht_hub_counts *rht_hub_counts(const struct rht_hub *hub)
{
    return &hub->counts;
}

const struct rh_card *rht_hub_card(const struct rht_hub *hub)
{
    return &hub->card;
}

const struct rh_hub_id *rht_hub_id(const struct rht_hub *hub)
{
    return &hub->id;
}

void rht_hub_enrol(struct rht_hub *hub, const struct rh_card *card)
{
    rh_assert(hub->agency_count < RHT_HUB_AGENCIES_MAX);
    struct fake_agency *agency = &hub->agencies[hub->agency_count++];
    memset(agency, 0, sizeof *agency);
    agency->card = *card;
    rh_assert(rh_agency_id_parse(card->owner, strlen(card->owner), &agency->id) == RH_OK);
    agency->queue = calloc(QUEUE_MAX, sizeof *agency->queue);
    agency->next_n = 1;
}

static struct fake_agency *find_agency(const struct rht_hub *hub, const char *id)
{
    for (uint32_t i = 0; i < hub->agency_count; i++)
        if (strcmp(hub->agencies[i].id.text, id) == 0)
            return &hub->agencies[i];
    return NULL;
}

static struct fake_agency *agency_by_route(struct rht_hub *hub, const uint8_t *routing)
{
    for (uint32_t i = 0; i < hub->agency_count; i++)
        if ((hub->agencies[i].online || hub->agencies[i].challenged) &&
            memcmp(hub->agencies[i].routing, routing, ROUTING_BYTES) == 0)
            return &hub->agencies[i];
    return NULL;
}

/* ZAP: seven frames in, six out; the key is the last. */
static void serve_zap(struct rht_hub *hub)
{
    char parts[8][64];
    int bytes[8] = { 0 }, count = 0, more = 1;
    size_t size = sizeof more;
    while (more != 0 && count < 8) {
        bytes[count] = zmq_recv(hub->zap, parts[count], sizeof parts[count], 0);
        count++;
        zmq_getsockopt(hub->zap, ZMQ_RCVMORE, &more, &size);
    }
    bool known = false;
    for (uint32_t i = 0; i < hub->agency_count && count == 7 && bytes[6] == 32; i++)
        known =
            known || memcmp(hub->agencies[i].card.keys[RH_KEY_TRANSPORT], parts[6], 32) == 0;
    const char *status = known && !hub->knobs.deny_keys ? "200" : "400";
    zmq_send(hub->zap, "1.0", 3, ZMQ_SNDMORE);
    zmq_send(hub->zap, parts[1], (size_t)bytes[1], ZMQ_SNDMORE);
    zmq_send(hub->zap, status, 3, ZMQ_SNDMORE);
    zmq_send(hub->zap, "", 0, ZMQ_SNDMORE);
    zmq_send(hub->zap, "user", 4, ZMQ_SNDMORE);
    zmq_send(hub->zap, "", 0, 0);
}

static void send_to(struct rht_hub *hub, const uint8_t *routing, const struct rh_writer *writer)
{
    rh_assert(writer->err == RH_OK);
    zmq_send(hub->router, routing, ROUTING_BYTES, ZMQ_SNDMORE);
    zmq_send(hub->router, writer->data, writer->bytes, 0);
}

static struct rh_writer writer_of(struct rht_hub *hub)
{
    struct rh_writer writer;
    rh_writer_init(&writer, hub->frame, RH_FRAME_BYTES_MAX);
    return writer;
}

static void send_error(struct rht_hub *hub, const uint8_t *routing, uint32_t refusal,
                       uint64_t first_n)
{
    struct rh_frame_error error = { .refusal = refusal, .first_n = first_n };
    struct rh_writer writer = writer_of(hub);
    rh_assert(rh_frame_error_encode(&error, &writer) == RH_OK);
    send_to(hub, routing, &writer);
}

/* ---- deliveries ------------------------------------------------------------------------- */

static uint64_t pair_next(const struct fake_agency *to, const char *sender, enum rh_lane lane)
{
    uint64_t next = 1;
    for (uint64_t i = 0; i < to->queue_count; i++)
        if (to->queue[i].lane == lane && strcmp(to->queue[i].sender.text, sender) == 0)
            next = to->queue[i].pair_seq + 1;
    return next;
}

static void enqueue(struct fake_agency *to, uint64_t record, const char *sender,
                    enum rh_lane lane, bool notice)
{
    rh_assert(to->queue_count < QUEUE_MAX);
    struct fake_queued *queued = &to->queue[to->queue_count];
    memset(queued, 0, sizeof *queued);
    queued->pair_seq = pair_next(to, sender, lane);
    queued->record = record;
    snprintf(queued->sender.text, sizeof queued->sender.text, "%s", sender);
    queued->lane = lane;
    queued->notice = notice;
    to->queue_count++;
}

static void send_delivery(struct rht_hub *hub, struct fake_agency *to,
                          const struct fake_queued *queued)
{
    const struct fake_record *record = &hub->records[queued->record];
    struct rh_delivery delivery = {
        .form = queued->notice ? RH_DELIVERY_NOTICE : RH_DELIVERY_ITEM,
        .sender = queued->sender, .lane = queued->lane, .pair_seq = queued->pair_seq,
        .index = queued->record, .stored_ms = record->receipt.stored_ms,
        .number = { (const uint8_t *)"R-26K4-0001", 11 },
        .header = { record->header, record->header_bytes }, .signature = record->signature,
        .position = record->position, .path_count = record->path_count,
    };
    memcpy(delivery.path, record->path, sizeof delivery.path);
    rh_assert(rh_item_decode((struct rh_bytes){ record->item, record->item_bytes },
                             &delivery.item) == RH_OK);
    struct rh_writer writer = writer_of(hub);
    rh_assert(rh_delivery_encode(&delivery, &writer) == RH_OK);
    if (hub->knobs.spoil_deliveries > 0 && !queued->notice && delivery.item.body.bytes > 0) {
        hub->knobs.spoil_deliveries--;
        for (size_t i = 0; i + delivery.item.body.bytes <= writer.bytes; i++)
            if (memcmp(writer.data + i, delivery.item.body.data, delivery.item.body.bytes) == 0)
                writer.data[i + delivery.item.body.bytes - 1] ^= 1;
    }
    send_to(hub, to->routing, &writer);
    hub->counts.deliveries++;
}

static void deliver(struct rht_hub *hub, struct fake_agency *to)
{
    uint32_t in_flight = 0;
    if (!to->online)
        return;
    for (uint64_t i = 0; i < to->queue_count; i++) {
        struct fake_queued *queued = &to->queue[i];
        if (queued->acked)
            continue;
        if (in_flight++ >= to->window_messages)
            break;
        if (queued->sent)
            continue;
        queued->sent = true;
        if (hub->knobs.lose_deliveries > 0)
            hub->knobs.lose_deliveries--;
        else
            send_delivery(hub, to, queued);
    }
}

static void settle(struct rht_hub *hub, struct fake_agency *to, const struct rh_public *ack)
{
    bool one = ack->kind == RH_KIND_NACK;
    *(one ? &hub->counts.nacks : &hub->counts.acks) += 1;
    if (one)
        hub->counts.last_nack = ack->refusal;
    for (uint64_t i = 0; i < to->queue_count; i++) {
        struct fake_queued *queued = &to->queue[i];
        if (queued->lane == ack->lane && strcmp(queued->sender.text, ack->from.text) == 0 &&
            !queued->acked &&
            (one ? queued->pair_seq == ack->pair_seq : queued->pair_seq <= ack->pair_seq)) {
            queued->acked = true;
            queued->acked_by = hub->size - 1;
        }
    }
}

static struct fake_party *party_of(struct rht_hub *hub, const struct rh_referral_id *id)
{
    for (uint64_t i = 0; i < hub->party_count; i++)
        if (memcmp(hub->parties[i].referral.bytes, id->bytes, RH_ID_BYTES) == 0)
            return &hub->parties[i];
    struct fake_party *party = &hub->parties[hub->party_count++];
    *party = (struct fake_party){ .referral = *id };
    return party;
}

/* To the addressee, or to everybody else who has to do with the referral. */
static void route(struct rht_hub *hub, struct fake_agency *from, const struct rh_public *item,
                  uint64_t record)
{
    if (item->kind == RH_KIND_ACK || item->kind == RH_KIND_NACK) {
        if (item->pair_seq != 0)
            settle(hub, from, item);
        return;
    }
    struct fake_party *party = party_of(hub, &item->referral_id);
    uint32_t self = 1u << (uint32_t)(from - hub->agencies);
    const struct fake_agency *to = find_agency(hub, item->to.text);
    uint32_t targets = party->agencies;
    if (to != NULL)
        targets = 1u << (uint32_t)(to - hub->agencies);
    party->agencies |= self | targets;
    for (uint32_t i = 0; i < hub->agency_count; i++)
        if ((targets & ~self & 1u << i) != 0)
            enqueue(&hub->agencies[i], record, from->id.text, item->lane, false);
}

/* ---- bundles ---------------------------------------------------------------------------- */

static void store_item(struct rht_hub *hub, struct fake_agency *from,
                       const struct rh_hash *digests, const struct rh_bundle_header *header,
                       uint32_t i)
{
    const struct rh_item *item = &hub->bundle->items[i];
    struct rh_public value;
    struct rh_writer writer;
    rh_assert(rh_public_decode(item->public_part, &value, NULL) == RH_OK);
    struct rh_receipt receipt = { .type = RH_RECORD_ITEM, .agency = from->id,
                                  .epoch = from->epoch, .n = header->first_n + i,
                                  .message_id = value.message_id, .digest = digests[i],
                                  .holder = value.to };
    if (value.kind == RH_KIND_ACK && value.pair_seq == 0)
        receipt.outcome = RH_REFUSE_FIELD_MISSING;
    else if (hub->knobs.decide != NULL)
        receipt.outcome = hub->knobs.decide(hub->knobs.context, &from->id, &value);
    struct fake_record *record = rht_hub_append(hub, &receipt);
    record->item = malloc(RH_ITEM_BYTES_MAX);
    rh_writer_init(&writer, record->item, RH_ITEM_BYTES_MAX);
    rh_assert(rh_item_encode(item, &writer) == RH_OK);
    record->item_bytes = writer.bytes;
    memcpy(record->header, hub->bundle->header.data, hub->bundle->header.bytes);
    record->header_bytes = hub->bundle->header.bytes;
    record->signature = hub->bundle->signature;
    record->position = i;
    record->path_count = rh_bundle_path(digests, header->count, i, record->path);
    hub->counts.items++;
    if (receipt.outcome == 0)
        route(hub, from, &value, hub->size - 1);
}

static void send_confirm(struct rht_hub *hub, struct fake_agency *to, uint64_t first_index,
                         uint32_t count)
{
    struct rh_writer writer = writer_of(hub);
    rht_hub_build_confirm(hub, first_index, count, hub->confirm);
    rht_hub_spoil(hub, hub->confirm);
    rh_assert(rh_frame_confirm_encode(hub->confirm, &writer) == RH_OK);
    send_to(hub, to->routing, &writer);
    hub->counts.confirms++;
}

/* Known numbers again, one by one; a conflict ends it. */
static bool confirm_again(struct rht_hub *hub, struct fake_agency *from,
                          const struct rh_hash *digests, const struct rh_bundle_header *header)
{
    for (uint32_t i = 0; i < header->count && header->first_n + i < from->next_n; i++) {
        uint64_t record = rht_hub_record_of(hub, from, header->first_n + i);
        rh_assert(record != UINT64_MAX);
        if (!rh_hash_equal(&hub->records[record].receipt.digest, &digests[i])) {
            hub->counts.conflicts++;
            send_error(hub, from->routing, RH_REFUSE_CONFLICT, header->first_n + i);
            return false;
        }
        send_confirm(hub, from, record, 1);
    }
    return true;
}

static void store_bundle(struct rht_hub *hub, struct fake_agency *from,
                         const struct rh_hash *digests, const struct rh_bundle_header *header)
{
    struct rh_receipt receipt = { .type = RH_RECORD_BUNDLE, .agency = from->id,
                                  .epoch = from->epoch, .n = header->first_n,
                                  .digest = header->root };
    uint64_t known = from->next_n - header->first_n;
    rht_hub_append(hub, &receipt);
    uint64_t first = hub->size;
    for (uint32_t i = (uint32_t)known; i < header->count; i++)
        store_item(hub, from, digests, header, i);
    from->next_n = header->first_n + header->count;
    if (hub->knobs.lose_confirms > 0)
        hub->knobs.lose_confirms--;
    else
        send_confirm(hub, from, first, header->count - (uint32_t)known);
}

/* Lost receipts must be good ones; counts the items they are of. */
static void take_lost(struct rht_hub *hub, const struct rh_bundle_header *header,
                      const struct rh_hash *digests)
{
    static struct rh_first first[RH_BUNDLE_ITEMS_MAX];
    struct rh_lost_check check = { .hub = hub->id, .sender = header->sender,
                                   .epoch = header->epoch, .digests = digests,
                                   .count = header->count };
    memcpy(check.key.bytes, hub->card.keys[RH_KEY_SIGN], sizeof check.key.bytes);
    rh_assert(rh_lost_verify(hub->bundle->lost, &check, first) == RH_OK);
    for (uint32_t i = 0; i < header->count; i++)
        hub->counts.lost += first[i].stored_ms != 0 ? 1 : 0;
}

static void take_bundle(struct rht_hub *hub, struct fake_agency *from, struct rh_bytes frame)
{
    struct rh_bundle_header header;
    struct rh_hash digests[RH_BUNDLE_ITEMS_MAX], root;
    struct rh_sign_public key;
    hub->counts.bundles++;
    rh_assert(rh_frame_bundle_decode(frame, hub->bundle) == RH_OK);
    rh_assert(rh_bundle_header_decode(hub->bundle->header, &header) == RH_OK);
    for (uint32_t i = 0; i < header.count; i++) {
        rh_assert(rh_item_check(&hub->bundle->items[i]) == RH_OK);
        rh_item_digest(&hub->bundle->items[i], &digests[i]);
    }
    rh_bundle_root(digests, header.count, &root);
    memcpy(key.bytes, from->card.keys[RH_KEY_SIGN], sizeof key.bytes);
    rh_assert(rh_hash_equal(&root, &header.root));
    rh_assert(rh_sign_verify("rhub/bundle/1", hub->bundle->header.data,
                             hub->bundle->header.bytes, &key,
                             &hub->bundle->signature) == RH_OK);
    bool lost = hub->bundle->lost.bytes > 0;
    if (lost)
        take_lost(hub, &header, digests);
    if (strcmp(header.hub.text, hub->id.text) != 0) {
        send_error(hub, from->routing, RH_REFUSE_OTHER_HUB, header.first_n);
    } else if (lost && hub->knobs.refuse_lost > 0) {
        hub->knobs.refuse_lost--;
        send_error(hub, from->routing, RH_REFUSE_LOST_TIME, header.first_n);
    } else if (hub->knobs.busy > 0) {
        hub->knobs.busy--;
        struct rh_frame_busy busy = { .refusal = hub->knobs.busy_refusal,
                                      .retry_ms = hub->knobs.busy_ms,
                                      .first_n = header.first_n };
        struct rh_writer writer = writer_of(hub);
        rh_assert(rh_frame_busy_encode(&busy, &writer) == RH_OK);
        send_to(hub, from->routing, &writer);
    } else if (header.first_n > from->next_n) {
        struct rh_writer writer = writer_of(hub);
        hub->counts.gaps++;
        rh_assert(rh_frame_gap_encode(from->next_n, &writer) == RH_OK);
        send_to(hub, from->routing, &writer);
    } else if (confirm_again(hub, from, digests, &header) &&
               header.first_n + header.count > from->next_n) {
        store_bundle(hub, from, digests, &header);
    }
}

/* ---- sessions --------------------------------------------------------------------------- */

static void take_open(struct rht_hub *hub, const uint8_t *routing, struct rh_bytes frame)
{
    struct rh_frame_open open;
    hub->counts.opens++;
    rh_assert(routing[0] != 0);
    rh_assert(rh_frame_open_decode(frame, &open) == RH_OK);
    struct fake_agency *agency = find_agency(hub, open.agency.text);
    rh_assert(agency != NULL);
    struct rh_frame_challenge challenge = { .version = RH_WIRE_VERSION, .hub = hub->id,
                                            .hub_ms = hub->ms,
                                            .test = rh_hub_id_is_test(&hub->id) };
    rh_random(challenge.nonce, sizeof challenge.nonce);
    memcpy(agency->nonce, challenge.nonce, sizeof agency->nonce);
    memcpy(agency->routing, routing, ROUTING_BYTES);
    agency->challenged = true;
    agency->online = false;
    struct rh_writer writer = writer_of(hub);
    rh_assert(rh_frame_challenge_encode(&challenge, &writer) == RH_OK);
    send_to(hub, routing, &writer);
}

static void take_hello(struct rht_hub *hub, struct fake_agency *agency, struct rh_bytes frame)
{
    struct rh_frame_hello signed_hello;
    struct rh_hello hello;
    struct rh_sign_public key;
    hub->counts.hellos++;
    rh_assert(rh_frame_hello_decode(frame, &signed_hello) == RH_OK);
    rh_assert(rh_hello_decode(signed_hello.hello, &hello) == RH_OK);
    memcpy(key.bytes, agency->card.keys[RH_KEY_SIGN], sizeof key.bytes);
    rh_assert(rh_sign_verify("rhub/hello/1", signed_hello.hello.data, signed_hello.hello.bytes,
                             &key, &signed_hello.signature) == RH_OK);
    rh_assert(memcmp(hello.nonce, agency->nonce, sizeof hello.nonce) == 0);
    rh_assert(strcmp(hello.hub.text, hub->id.text) == 0);
    hub->counts.last_hello = hello;
    hub->counts.last_hello.note = (struct rh_bytes){ NULL, 0 };
    if (hello.lease <= agency->lease) {
        send_error(hub, agency->routing, RH_REFUSE_SECOND_SESSION, 0);
        return;
    }
    if (!agency->registered ||
        memcmp(agency->epoch.bytes, hello.epoch.bytes, sizeof hello.epoch.bytes) != 0) {
        agency->registered = true;
        agency->epoch = hello.epoch;
        agency->next_n = 1;
    }
    agency->lease = hello.lease;
    agency->online = true;
    agency->challenged = false;
    agency->session = ++hub->sessions;
    agency->window_messages = hello.window_messages;
    for (uint64_t i = 0; i < agency->queue_count; i++)
        agency->queue[i].sent = false;
    struct rh_frame_welcome welcome = { .session = agency->session, .next_n = agency->next_n,
                                        .hub_ms = hub->ms,
                                        .note = { (const uint8_t *)hub->note,
                                                  hub->note_bytes } };
    memcpy(welcome.external_key, hub->external_key, sizeof welcome.external_key);
    struct rh_writer writer = writer_of(hub);
    rh_assert(rh_frame_welcome_encode(&welcome, &writer) == RH_OK);
    send_to(hub, agency->routing, &writer);
}

static void take_resync(struct rht_hub *hub, struct fake_agency *agency, struct rh_bytes frame)
{
    struct rh_frame_resync resync;
    rh_assert(rh_frame_resync_decode(frame, &resync) == RH_OK);
    hub->counts.resyncs++;
    for (uint64_t i = 0; i < agency->queue_count; i++) {
        struct fake_queued *queued = &agency->queue[i];
        if (queued->lane == resync.lane && queued->pair_seq >= resync.from_pair_seq &&
            strcmp(queued->sender.text, resync.sender.text) == 0)
            queued->sent = false;
    }
}

static void take_question(struct rht_hub *hub, struct fake_agency *agency,
                          struct rh_bytes frame)
{
    struct rh_writer writer = writer_of(hub);
    uint64_t session, number;
    if (rh_frame_type_of(frame) == RH_FRAME_ASK) {
        rh_assert(rh_frame_ask_decode(frame, &session, &number) == RH_OK);
        uint64_t record = rht_hub_record_of(hub, agency, number);
        rh_assert(record != UINT64_MAX);
        send_confirm(hub, agency, record, 1);
    } else if (rh_frame_type_of(frame) == RH_FRAME_EXTEND) {
        rh_assert(rh_frame_extend_decode(frame, &session, &number) == RH_OK);
        static struct rh_frame_consistency answer;
        answer.old_size = number;
        answer.note = (struct rh_bytes){ (const uint8_t *)hub->note, hub->note_bytes };
        answer.proof_count = number < hub->published
                                 ? (uint32_t)rht_merkle_subproof((size_t)number, hub->leaves,
                                                                 (size_t)hub->published, 1,
                                                                 answer.proof)
                                 : 0;
        rh_assert(rh_frame_consistency_encode(&answer, &writer) == RH_OK);
        send_to(hub, agency->routing, &writer);
    } else {
        struct rh_frame_prove prove;
        static struct rh_frame_proof answer;
        rh_assert(rh_frame_prove_decode(frame, &prove) == RH_OK);
        if (prove.index >= hub->published) {
            send_error(hub, agency->routing, RH_REFUSE_UNKNOWN_REFERRAL, 0);
            return;
        }
        const struct fake_record *record = &hub->records[prove.index];
        answer.index = prove.index;
        answer.note = (struct rh_bytes){ (const uint8_t *)hub->note, hub->note_bytes };
        answer.core = (struct rh_bytes){ record->core, record->core_bytes };
        answer.rest_hash = record->rest_hash;
        answer.proof_count = (uint32_t)rht_merkle_path((size_t)prove.index, hub->leaves,
                                                       (size_t)hub->published, answer.proof);
        rh_assert(rh_frame_proof_encode(&answer, &writer) == RH_OK);
        send_to(hub, agency->routing, &writer);
    }
}

static void take_frame(struct rht_hub *hub, const uint8_t *routing, struct rh_bytes frame)
{
    enum rh_frame_type type = rh_frame_type_of(frame);
    struct fake_agency *agency = agency_by_route(hub, routing);
    hub->ms += 7;
    if (hub->knobs.mute)
        return;
    if (hub->knobs.revoked) {
        send_error(hub, routing, RH_REFUSE_KEY_REVOKED, 0);
    } else if (type == RH_FRAME_OPEN) {
        take_open(hub, routing, frame);
    } else if (agency != NULL && type == RH_FRAME_HELLO) {
        take_hello(hub, agency, frame);
    } else if (agency != NULL && agency->online) {
        if (type == RH_FRAME_BUNDLE) {
            take_bundle(hub, agency, frame);
        } else if (type == RH_FRAME_RESYNC) {
            take_resync(hub, agency, frame);
        } else if (type == RH_FRAME_CLOSE) {
            agency->online = false;
        } else if (type == RH_FRAME_WINDOW) {
            struct rh_frame_window window;
            rh_assert(rh_frame_window_decode(frame, &window) == RH_OK);
            agency->window_messages = window.messages;
        } else {
            take_question(hub, agency, frame);
        }
    }
}

static void serve_router(struct rht_hub *hub)
{
    zmq_msg_t routing, frame;
    zmq_msg_init(&routing);
    zmq_msg_init(&frame);
    if (zmq_msg_recv(&routing, hub->router, 0) == ROUTING_BYTES && zmq_msg_more(&routing) &&
        zmq_msg_recv(&frame, hub->router, 0) >= 0) {
        uint8_t id[ROUTING_BYTES];
        memcpy(id, zmq_msg_data(&routing), sizeof id);
        take_frame(hub, id, (struct rh_bytes){ zmq_msg_data(&frame), zmq_msg_size(&frame) });
    }
    zmq_msg_close(&frame);
    zmq_msg_close(&routing);
}

void rht_hub_turn(struct rht_hub *hub, int wait_ms)
{
    for (int i = 0; i < 64; i++) {
        zmq_pollitem_t items[2] = { { hub->zap, 0, ZMQ_POLLIN, 0 },
                                    { hub->router, 0, ZMQ_POLLIN, 0 } };
        int count = hub->router != NULL ? 2 : 1;
        if (zmq_poll(items, count, i == 0 ? wait_ms : 0) <= 0)
            break;
        if (items[0].revents != 0)
            serve_zap(hub);
        if (count == 2 && items[1].revents != 0)
            serve_router(hub);
    }
    for (uint32_t i = 0; i < hub->agency_count; i++)
        deliver(hub, &hub->agencies[i]);
}

/* ---- what tests do to it ---------------------------------------------------------------- */

void rht_hub_down(struct rht_hub *hub)
{
    if (hub->router != NULL)
        zmq_close(hub->router);
    hub->router = NULL;
    for (uint32_t i = 0; i < hub->agency_count; i++)
        hub->agencies[i].online = hub->agencies[i].challenged = false;
}

void rht_hub_restart(struct rht_hub *hub)
{
    rht_hub_down(hub);
    listen_again(hub);
}

void rht_hub_publish(struct rht_hub *hub)
{
    rht_hub_make_note(hub);
    for (uint32_t i = 0; i < hub->agency_count; i++) {
        if (!hub->agencies[i].online)
            continue;
        struct rh_writer writer = writer_of(hub);
        struct rh_bytes note = { (const uint8_t *)hub->note, hub->note_bytes };
        rh_assert(rh_frame_checkpoint_encode(note, &writer) == RH_OK);
        send_to(hub, hub->agencies[i].routing, &writer);
    }
}

static void forget(struct rht_hub *hub, uint64_t keep)
{
    rh_assert(keep >= 1 && keep <= hub->size);
    for (uint64_t i = keep; i < hub->size; i++) {
        free(hub->records[i].item);
        hub->records[i].item = NULL;
    }
    hub->size = keep;
    hub->note_bytes = 0;
    hub->published = 0;
    hub->party_count = 0; /* known again from what is sent again */
    for (uint32_t a = 0; a < hub->agency_count; a++) {
        struct fake_agency *agency = &hub->agencies[a];
        agency->next_n = 1;
        for (uint64_t i = 0; i < keep; i++)
            if (hub->records[i].type == RH_RECORD_ITEM &&
                strcmp(hub->records[i].receipt.agency.text, agency->id.text) == 0)
                agency->next_n = hub->records[i].receipt.n + 1;
        uint64_t kept = 0;
        for (uint64_t i = 0; i < agency->queue_count; i++) {
            struct fake_queued *queued = &agency->queue[i];
            queued->acked = queued->acked && queued->acked_by < keep;
            if (queued->record < keep)
                agency->queue[kept++] = *queued;
        }
        agency->queue_count = kept;
        agency->lease = 0;
    }
}

void rht_hub_forget(struct rht_hub *hub, uint64_t keep)
{
    forget(hub, keep);
    rht_hub_restart(hub);
}

/* Acknowledgements that were lost with the records are lost: those entries come again, under
 * new numbers, and that must do no harm. */
void rht_hub_recover(struct rht_hub *hub, uint64_t keep)
{
    forget(hub, keep);
    rh_hub_id_with_generation(&hub->id, rh_hub_id_generation(&hub->id) + 1, &hub->id);
    for (uint32_t a = 0; a < hub->agency_count; a++) {
        struct fake_agency *agency = &hub->agencies[a];
        uint64_t count = agency->queue_count;
        agency->queue_count = 0;
        for (uint64_t i = 0; i < count; i++) {
            struct fake_queued queued = agency->queue[i];
            if (queued.acked)
                continue;
            enqueue(agency, queued.record, queued.sender.text, queued.lane, queued.notice);
        }
    }
    struct rh_receipt generation = { .type = RH_RECORD_GENERATION };
    rht_hub_append(hub, &generation);
    rht_hub_restart(hub);
}

uint64_t rht_hub_size(const struct rht_hub *hub)
{
    return hub->size;
}

uint64_t rht_hub_next_n(const struct rht_hub *hub, const char *agency)
{
    const struct fake_agency *found = find_agency(hub, agency);
    rh_assert(found != NULL);
    return found->next_n;
}

uint64_t rht_hub_queued(const struct rht_hub *hub, const char *agency)
{
    const struct fake_agency *found = find_agency(hub, agency);
    uint64_t count = 0;
    rh_assert(found != NULL);
    for (uint64_t i = 0; i < found->queue_count; i++)
        count += found->queue[i].acked ? 0 : 1;
    return count;
}

uint64_t rht_hub_stored(const struct rht_hub *hub, const struct rh_message_id *id)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < hub->size; i++) {
        const struct rh_receipt *receipt = &hub->records[i].receipt;
        if (hub->records[i].type == RH_RECORD_ITEM && receipt->outcome == 0 &&
            memcmp(receipt->message_id.bytes, id->bytes, RH_ID_BYTES) == 0)
            count++;
    }
    return count;
}

void rht_hub_notify(struct rht_hub *hub, const char *to, const struct rh_public *notice)
{
    struct fake_agency *agency = find_agency(hub, to);
    struct rh_receipt receipt = { .type = RH_RECORD_TIMER };
    struct rh_hub_id base;
    struct rh_writer writer;
    uint8_t memory[RH_PUBLIC_BYTES_MAX];
    rh_assert(agency != NULL);
    rh_writer_init(&writer, memory, sizeof memory);
    rh_assert(rh_public_encode(notice, &writer) == RH_OK);
    struct fake_record *record = rht_hub_append(hub, &receipt);
    struct rh_item item = { .public_part = { memory, writer.bytes } };
    struct rh_writer whole;
    record->item = malloc(RH_ITEM_BYTES_MAX);
    rh_writer_init(&whole, record->item, RH_ITEM_BYTES_MAX);
    rh_assert(rh_item_encode(&item, &whole) == RH_OK);
    record->item_bytes = whole.bytes;
    rh_hub_id_with_generation(&hub->id, 1, &base);
    enqueue(agency, hub->size - 1, base.text, notice->lane, true);
}

void rht_hub_repeat(struct rht_hub *hub, const char *to, uint64_t back)
{
    struct fake_agency *agency = find_agency(hub, to);
    rh_assert(agency != NULL && back < agency->queue_count && agency->online);
    send_delivery(hub, agency, &agency->queue[agency->queue_count - 1 - back]);
}
