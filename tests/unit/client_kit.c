#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "client_kit.h"

#include <stdio.h>
#include <string.h>

struct rht_random party_random;

void party_init(struct party *party, const char *id)
{
    memset(party, 0, sizeof *party);
    assert_int_equal(rh_agency_id_parse(id, strlen(id), &party->id), RH_OK);
    snprintf(party->card.owner, sizeof party->card.owner, "%s", id);
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        rh_secret_generate((enum rh_key_use)use, id, &party->secrets[use]);
        party->card.present[use] = true;
        memcpy(party->card.keys[use], party->secrets[use].public_key, 32);
    }
    rht_random_fill(&party_random, party->epoch.bytes, sizeof party->epoch.bytes);
    party->expected = 1;
    party->acks = true;
    party->held.first_open_n = 1;
}

void party_fini(struct party *party)
{
    rh_client_close(&party->client);
    for (uint64_t n = 1; n <= party->last_n; n++) {
        free(party->items[n]);
        free(party->cores[n]);
        free(party->frames[n]);
    }
}

/* Number an item and offer it. */
static uint64_t party_add(struct party *party, const struct rh_public *value,
                          struct rh_bytes body)
{
    uint8_t memory[RH_PUBLIC_BYTES_MAX];
    struct rh_writer writer;
    struct rh_item item = { .body = body };
    rh_writer_init(&writer, memory, sizeof memory);
    assert_int_equal(rh_public_encode(value, &writer), RH_OK);
    item.public_part = (struct rh_bytes){ memory, writer.bytes };
    rht_random_fill(&party_random, item.salt, sizeof item.salt);
    rh_item_commit(item.salt, item.private_part, item.body, &item.commitment);

    uint64_t n = ++party->last_n;
    assert_true(n <= ITEMS_MAX);
    size_t capacity = writer.bytes + body.bytes + 256;
    party->items[n] = malloc(capacity);
    rh_writer_init(&writer, party->items[n], capacity);
    assert_int_equal(rh_item_encode(&item, &writer), RH_OK);
    party->item_bytes[n] = writer.bytes;
    party->ids[n] = value->message_id;
    if (party->client != NULL)
        rh_client_offer(party->client, n);
    return n;
}

void party_fresh_id(uint8_t out[RH_ID_BYTES])
{
    uint8_t bytes[10];
    rht_random_fill(&party_random, bytes, sizeof bytes);
    rh_id_make(out, 1767225600000, bytes);
}

uint64_t party_send(struct party *party, const char *to, size_t body_bytes)
{
    static uint8_t body[RH_ITEM_BYTES_MAX];
    struct rh_public value;
    memset(&value, 0, sizeof value);
    party_fresh_id(value.message_id.bytes);
    party_fresh_id(value.referral_id.bytes);
    value.kind = RH_KIND_FORWARD;
    snprintf(value.to.text, sizeof value.to.text, "%s", to);
    rht_random_fill(&party_random, body, body_bytes);
    return party_add(party, &value, (struct rh_bytes){ body, body_bytes });
}

static void answer(struct party *party, const struct rh_delivery *delivery, enum rh_kind kind,
                   uint32_t refusal)
{
    struct rh_public value;
    memset(&value, 0, sizeof value);
    party_fresh_id(value.message_id.bytes);
    value.kind = kind;
    value.lane = delivery->lane;
    value.from = delivery->sender;
    value.pair_seq = delivery->pair_seq;
    value.refusal = refusal;
    if (party->acks)
        party_add(party, &value, (struct rh_bytes){ NULL, 0 });
}

static void on_delivery(struct party *party, const struct rh_client_event *event)
{
    const struct rh_delivery *delivery = event->delivery;
    if (delivery->pair_seq > party->expected) {
        party->ahead++;
        rh_client_resync(party->client, &delivery->sender, delivery->lane, party->expected);
        return;
    }
    if (delivery->pair_seq < party->expected) {
        party->duplicates++;
    } else {
        party->expected++;
        if (event->refusal == 0)
            party->deliveries++;
        party->held.delivery_index = delivery->index + 1;
    }
    answer(party, delivery, event->refusal == 0 ? RH_KIND_ACK : RH_KIND_NACK, event->refusal);
    party->last_refusal = event->refusal;
}

/* The first generation's word about everything, for the next. */
static void keep_confirm(struct party *party, const struct rh_client_event *event)
{
    if (!party->shows_lost || strchr(rh_client_hub(party->client)->text, '/') != NULL)
        return;
    for (uint32_t i = 0; i < event->confirm->record_count; i++) {
        uint64_t n = event->receipts[i].n;
        if (party->frames[n] != NULL)
            continue;
        party->frames[n] = malloc(event->frame.bytes);
        memcpy(party->frames[n], event->frame.data, event->frame.bytes);
        party->frame_bytes[n] = event->frame.bytes;
    }
}

static void on_confirmed(struct party *party, const struct rh_client_event *event)
{
    const struct rh_frame_confirm *confirm = event->confirm;
    keep_confirm(party, event);
    for (uint32_t i = 0; i < confirm->record_count; i++) {
        uint64_t n = event->receipts[i].n;
        struct rh_bytes core = confirm->records[i].core;
        assert_true(n >= 1 && n <= party->last_n);
        if (party->cores[n] != NULL) {
            /* Asked again, the core is the same bytes. */
            assert_int_equal(party->core_bytes[n], core.bytes);
            assert_memory_equal(party->cores[n], core.data, core.bytes);
            continue;
        }
        party->cores[n] = malloc(core.bytes);
        memcpy(party->cores[n], core.data, core.bytes);
        party->core_bytes[n] = core.bytes;
        party->receipts++;
        party->refused += event->receipts[i].outcome != 0 ? 1 : 0;
        if (n > party->held.highest_n)
            party->held.highest_n = n;
    }
    while (party->held.first_open_n <= party->last_n &&
           party->cores[party->held.first_open_n] != NULL)
        party->held.first_open_n++;
    if (confirm->size > party->held.receipt_size) {
        party->held.receipt_size = confirm->size;
        party->held.receipt_root = confirm->root;
        party->held.receipt_signature = confirm->signature;
    }
}

/* An ack of an earlier generation names deliveries that mean others now (wire.md, 11): a void
 * one takes its number. */
static void make_void(struct party *party, uint64_t n)
{
    struct rh_item item;
    struct rh_public value;
    struct rh_writer writer;
    uint8_t memory[RH_PUBLIC_BYTES_MAX];
    struct rh_bytes bytes = { party->items[n], party->item_bytes[n] };
    assert_int_equal(rh_item_decode(bytes, &item), RH_OK);
    assert_int_equal(rh_public_decode(item.public_part, &value, NULL), RH_OK);
    if (value.kind != RH_KIND_ACK && value.kind != RH_KIND_NACK)
        return;
    memset(&value.from, 0, sizeof value.from);
    value.pair_seq = 0;
    value.refusal = 0;
    rh_writer_init(&writer, memory, sizeof memory);
    assert_int_equal(rh_public_encode(&value, &writer), RH_OK);
    item.public_part = (struct rh_bytes){ memory, writer.bytes };
    uint8_t *whole = malloc(party->item_bytes[n]); /* it only becomes shorter */
    rh_writer_init(&writer, whole, party->item_bytes[n]);
    assert_int_equal(rh_item_encode(&item, &writer), RH_OK);
    free(party->items[n]);
    party->items[n] = whole;
    party->item_bytes[n] = writer.bytes;
}

static void on_event(void *context, const struct rh_client_event *event)
{
    struct party *party = context;
    switch (event->type) {
    case RH_CLIENT_ONLINE:
        party->onlines++;
        if (event->repinned) {
            party->expected = 1;
            for (uint64_t n = event->next_n; n <= party->last_n; n++) {
                free(party->cores[n]);
                party->cores[n] = NULL;
                make_void(party, n);
            }
        }
        break;
    case RH_CLIENT_OFFLINE:
        party->offlines++;
        party->last_offline = event->refusal;
        break;
    case RH_CLIENT_CONFIRMED:
        party->confirms++;
        on_confirmed(party, event);
        break;
    case RH_CLIENT_DELIVERY:
        on_delivery(party, event);
        break;
    case RH_CLIENT_CHECKPOINT:
        party->checkpoint_size = event->checkpoint->size;
        memcpy(party->note, event->frame.data, event->frame.bytes);
        party->held.note = (struct rh_bytes){ party->note, event->frame.bytes };
        break;
    case RH_CLIENT_ALARM:
        party->alarms++;
        party->last_alarm = event->alarm;
        break;
    case RH_CLIENT_TIME:
    case RH_CLIENT_PROOF:
        party->proofs++;
        break;
    case RH_CLIENT_BUSY:
        party->busy++;
        break;
    case RH_CLIENT_ERROR:
        party->last_refusal = event->refusal;
        break;
    case RH_CLIENT_PINNED:
        party->pinned = true;
        snprintf(party->hub.owner, sizeof party->hub.owner, "%s", event->hub->text);
        break;
    }
}

static enum rh_err hand_out(void *context, uint64_t n, struct rh_bytes *item)
{
    struct party *party = context;
    assert_true(n >= 1 && n <= party->last_n);
    *item = (struct rh_bytes){ party->items[n], party->item_bytes[n] };
    return RH_OK;
}

static enum rh_err hand_out_lost(void *context, uint64_t n, struct rh_lost *out)
{
    struct party *party = context;
    if (party->frames[n] == NULL)
        return RH_ERR_NOTFOUND;
    rh_hub_id_with_generation(rh_client_hub(party->client), 1, &out->hub);
    out->confirm = (struct rh_bytes){ party->frames[n], party->frame_bytes[n] };
    return RH_OK;
}

static enum rh_err what_is_held(void *context, struct rh_client_held *out)
{
    struct party *party = context;
    party->held.lease++;
    *out = party->held;
    return RH_OK;
}

static enum rh_err key_of(void *context, const struct rh_agency_id *agency,
                          struct rh_sign_public *out)
{
    const struct party *party = context;
    if (party->no_cards || party->peer == NULL ||
        strcmp(agency->text, party->peer->id.text) != 0)
        return RH_ERR_NOTFOUND;
    memcpy(out->bytes, party->peer->card.keys[RH_KEY_SIGN], sizeof out->bytes);
    return RH_OK;
}

void party_connect_to(struct party *party, const struct rh_card *card)
{
    party->hub = *card;
    struct rh_client_options options = {
        .hub = &party->hub, .agency = party->id,
        .transport = &party->secrets[RH_KEY_TRANSPORT], .sign = &party->secrets[RH_KEY_SIGN],
        .epoch = party->epoch, .follow_generation = party->follow, .trust_hub = party->trust,
        .software = "test 1", .heartbeat_ms = 200, .answer_ms = 600, .retry_ms_max = 200,
        .event = on_event, .item = hand_out, .held = what_is_held, .sender_key = key_of,
        .lost = party->shows_lost ? hand_out_lost : NULL, .context = party,
    };
    assert_int_equal(rh_client_open(&options, &party->client), RH_OK);
    rh_client_offer(party->client, party->last_n);
}
