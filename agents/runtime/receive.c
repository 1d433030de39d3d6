/* What the hub brings: receipts for what we sent, deliveries from others. */
#include "runtime/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/case.h"
#include "runtime/people.h"
#include "runtime/words.h"

/* The spool's errors end the batch; the loop sees them when it commits. What is not the
 * spool's must be said here. */
static void fatal_if(struct agent *agent, enum rh_err err)
{
    if (err != RH_OK && err != RH_ERR_FULL && agent->fatal == RH_OK)
        agent->fatal = err;
}

/* ---- opening ---------------------------------------------------------------------------- */

static bool is_sealed(const struct rh_item *item)
{
    struct rh_reader reader;
    rh_reader_init(&reader, item->keys.data, item->keys.bytes);
    return item->keys.bytes > 0 && rh_reader_array(&reader, RH_SEALED_KEYS_MAX) > 0;
}

static enum rh_err unseal_part(const struct rh_content_key *key, const uint8_t *label,
                               size_t label_bytes, struct rh_bytes *part, uint8_t **memory)
{
    if (part->bytes == 0)
        return RH_OK;
    if (part->bytes < RH_SEAL_OVERHEAD_BYTES)
        return RH_ERR_CRYPTO;
    size_t bytes = part->bytes - RH_SEAL_OVERHEAD_BYTES;
    *memory = malloc(bytes + 1);
    rh_assert(*memory != NULL);
    enum rh_err err = rh_open_content(key, (struct rh_bytes){ label, label_bytes }, part->data,
                                      part->bytes, *memory);
    *part = (struct rh_bytes){ *memory, bytes };
    return err;
}

static enum rh_err unseal(struct agent *agent, struct agent_opened *opened,
                          struct rh_bytes *private_part, struct rh_bytes *body)
{
    const struct rh_secret *own = &agent->keys.secrets[RH_KEY_SEAL];
    struct rh_seal_public public_key;
    struct rh_seal_secret secret_key;
    struct rh_content_key key;
    uint8_t sealed[RH_SEALED_KEY_BYTES], label[RH_SEAL_LABEL_BYTES];
    enum rh_err err = rh_item_key_for(&opened->delivery.item, &agent->options.agency, sealed);
    if (err != RH_OK)
        return err;
    memcpy(public_key.bytes, own->public_key, sizeof public_key.bytes);
    memcpy(secret_key.bytes, own->secret, sizeof secret_key.bytes);
    err = rh_open_key(sealed, &public_key, &secret_key, &key);
    if (err == RH_OK)
        err = unseal_part(&key, label, rh_private_seal_label(&opened->item.message_id, label),
                          private_part, &opened->private_part);
    if (err == RH_OK)
        err = unseal_part(&key, label, rh_body_seal_label(&opened->item.message_id, label),
                          body, &opened->body_part);
    rh_wipe(&secret_key, sizeof secret_key);
    rh_wipe(&key, sizeof key);
    return err;
}

/* Private part and body of an item whose public part is decoded. */
static uint32_t open_content(struct agent *agent, struct agent_opened *out)
{
    const struct rh_item *item = &out->delivery.item;
    struct rh_bytes private_part = item->private_part, body = item->body;
    if (is_sealed(item) && unseal(agent, out, &private_part, &body) != RH_OK)
        return RH_REFUSE_NO_UNSEAL;
    if (rh_private_decode(private_part, &out->content, NULL) != RH_OK ||
        rh_body_decode(body, &out->body) != RH_OK)
        return RH_REFUSE_NO_SCHEMA_MATCH;
    return 0;
}

uint32_t agent_open_delivery(struct agent *agent, struct rh_bytes frame,
                             struct agent_opened *out)
{
    memset(out, 0, sizeof *out);
    if (rh_delivery_decode(frame, &out->delivery) != RH_OK)
        return RH_REFUSE_NO_SCHEMA_MATCH;
    const struct rh_item *item = &out->delivery.item;
    if (item->public_part.bytes > 0) {
        if (rh_public_decode(item->public_part, &out->item, NULL) != RH_OK)
            return RH_REFUSE_NO_SCHEMA_MATCH;
        out->has_item = true;
    }
    return out->delivery.form == RH_DELIVERY_ITEM ? open_content(agent, out) : 0;
}

uint32_t agent_open_sent(struct agent *agent, struct rh_bytes item, struct agent_opened *out)
{
    memset(out, 0, sizeof *out);
    out->delivery.form = RH_DELIVERY_ITEM;
    out->delivery.sender = agent->options.agency;
    if (rh_item_decode(item, &out->delivery.item) != RH_OK ||
        rh_public_decode(out->delivery.item.public_part, &out->item, NULL) != RH_OK)
        return RH_REFUSE_NO_SCHEMA_MATCH;
    out->has_item = true;
    return open_content(agent, out);
}

void agent_opened_release(struct agent_opened *opened)
{
    free(opened->private_part);
    free(opened->body_part);
    opened->private_part = opened->body_part = NULL;
}

/* ---- acks and nacks --------------------------------------------------------------------- */

static enum rh_err send_transport(struct agent *agent, const struct rh_public *value)
{
    static const uint8_t no_keys[] = { 0x90 };
    uint8_t memory[512];
    struct rh_writer writer;
    struct rh_item item;
    struct agent_sent sent;
    memset(&item, 0, sizeof item);
    memset(&sent, 0, sizeof sent);
    rh_writer_init(&writer, memory, sizeof memory);
    enum rh_err err = rh_public_encode(value, &writer);
    rh_assert(err == RH_OK);
    item.public_part = (struct rh_bytes){ writer.data, writer.bytes };
    item.keys = (struct rh_bytes){ no_keys, sizeof no_keys };
    rh_random(item.salt, sizeof item.salt);
    rh_item_commit(item.salt, item.private_part, item.body, &item.commitment);
    sent.kind = value->kind;
    sent.message_id = value->message_id;
    sent.generation = agent->generation;
    sent.added_ms = agent_now_ms(agent);
    return agent_spool_send(agent->spool, &item, &sent);
}

static enum rh_err answer(struct agent *agent, enum rh_kind kind,
                          const struct rh_agency_id *sender, enum rh_lane lane,
                          uint64_t pair_seq, uint32_t refusal)
{
    struct rh_public value;
    uint8_t random[10];
    memset(&value, 0, sizeof value);
    rh_random(random, sizeof random);
    rh_id_make(value.message_id.bytes, agent_now_ms(agent), random);
    value.kind = kind;
    value.from = *sender;
    value.lane = lane;
    value.pair_seq = pair_seq;
    value.refusal = refusal;
    return send_transport(agent, &value);
}

static enum rh_err acknowledge_one(struct agent *agent, struct agent_touched *one)
{
    one->unanswered = 0;
    return answer(agent, RH_KIND_ACK, &one->sender, one->lane, one->pair_seq, 0);
}

static struct agent_touched *touched_of(struct agent *agent, const struct agent_got *got)
{
    for (uint32_t i = 0; i < agent->touched_count; i++) {
        struct agent_touched *one = &agent->touched[i];
        if (one->lane == got->lane && strcmp(one->sender.text, got->sender.text) == 0)
            return one;
    }
    if (agent->touched_count == agent->touched_room) {
        agent->touched_room = agent->touched_room == 0 ? 16 : agent->touched_room * 2;
        agent->touched = realloc(agent->touched, agent->touched_room * sizeof *agent->touched);
        rh_assert(agent->touched != NULL);
    }
    struct agent_touched *one = &agent->touched[agent->touched_count++];
    *one = (struct agent_touched){ .sender = got->sender, .lane = got->lane };
    return one;
}

/* One ack for all of a batch, but the hub lets an ack bring only so many referrals to arrival
 * and sends the rest again seconds later: a long batch is acknowledged piece by piece. */
static enum rh_err touch(struct agent *agent, const struct agent_got *got, uint64_t up_to)
{
    struct agent_touched *one = touched_of(agent, got);
    if (up_to > one->pair_seq)
        one->pair_seq = up_to;
    one->unanswered++;
    return one->unanswered < AGENT_ACK_DELIVERIES_MAX ? RH_OK : acknowledge_one(agent, one);
}

void agent_acknowledge(struct agent *agent)
{
    for (uint32_t i = 0; i < agent->touched_count; i++) {
        struct agent_touched *one = &agent->touched[i];
        if (one->unanswered > 0 && acknowledge_one(agent, one) != RH_OK)
            break; /* they come again, and are acknowledged then */
    }
    agent->touched_count = 0;
}

/* ---- cases ------------------------------------------------------------------------------ */

/* The matter a delivery is about for this agency: of a message that brings it a part, the part,
 * and of one that lets a helper go, that helper's part. It is the one whose number stands with
 * the delivery. A message with two parts for one agency names neither. */
static const struct rh_referral_id *subject_of(const struct agent *agent,
                                               const struct rh_public *item)
{
    const struct rh_child *own = NULL;
    if (item->kind == RH_KIND_RELEASE)
        return &item->other_id;
    for (uint32_t i = 0; i < item->child_count; i++) {
        if (strcmp(item->children[i].to.text, agent->options.agency.text) != 0)
            continue;
        if (own != NULL)
            return &item->referral_id;
        own = &item->children[i];
    }
    return own != NULL ? &own->id : &item->referral_id;
}

/* What a message means for the case `about`, its own or that of a part that comes with it; the
 * receipt of an own one tells whose turn it is. */
static enum rh_err tell_case(struct agent *agent, const struct rh_public *item,
                             const struct rh_referral_id *about,
                             const struct rh_agency_id *from, uint64_t stored_ms,
                             const char *number, const struct rh_receipt *receipt)
{
    struct agent_case known;
    if (rh_id_is_zero(about->bytes))
        return RH_OK;
    enum rh_err err = agent_spool_case(agent->spool, about, &known);
    if (err == RH_ERR_NOTFOUND)
        memset(&known, 0, sizeof known);
    else if (err != RH_OK)
        return err;
    agent_case_apply(&known, item, from, stored_ms);
    known.id = *about;
    if (item->kind != RH_KIND_RELEASE && memcmp(about, &item->referral_id, sizeof *about) != 0)
        agent_case_begin_part(&known, from, &agent->options.agency);
    if (receipt != NULL) {
        known.holder = receipt->holder;
        known.due_ms = receipt->due_ms;
        memcpy(known.due_limit, receipt->due_limit, sizeof known.due_limit);
        known.due_basis = receipt->due_basis;
    } else if (rh_kind_is_dispatch(item->kind) &&
               strcmp(item->to.text, agent->options.agency.text) == 0) {
        known.holder = item->to; /* it is with us now */
    }
    bool named = number[0] != '\0' && strcmp(known.number, number) != 0;
    if (named)
        snprintf(known.number, sizeof known.number, "%s", number);
    err = agent_spool_put_case(agent->spool, &known);
    return err == RH_OK && named ? agent_spool_name_case(agent->spool, number, &known.id) : err;
}

static enum rh_err name_externals(struct agent *agent, const struct agent_opened *opened)
{
    for (uint32_t i = 0; i < opened->content.external_count; i++) {
        const struct rh_external_number *one = &opened->content.externals[i];
        char key[AGENT_KEY_BYTES_MAX + 1];
        snprintf(key, sizeof key, "%.*s=%.*s", (int)one->system.bytes,
                 (const char *)one->system.data, (int)one->number.bytes,
                 (const char *)one->number.data);
        enum rh_err err = agent_spool_name_case(agent->spool, key, &opened->item.referral_id);
        if (err != RH_OK)
            return err;
    }
    return RH_OK;
}

/* ---- receipts --------------------------------------------------------------------------- */

static enum rh_err settle_case(struct agent *agent, const struct rh_receipt *receipt)
{
    struct rh_bytes bytes;
    struct rh_item item;
    struct rh_public value;
    if (receipt->outcome != 0)
        return RH_OK;
    enum rh_err err = agent_spool_original(agent->spool, receipt->n, &bytes);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    if (rh_item_decode(bytes, &item) != RH_OK ||
        rh_public_decode(item.public_part, &value, NULL) != RH_OK)
        return RH_ERR_CORRUPT;
    if (value.kind == RH_KIND_ACK || value.kind == RH_KIND_NACK)
        return RH_OK;
    return tell_case(agent, &value, &value.referral_id, &agent->options.agency,
                     receipt->stored_ms, "", receipt);
}

void agent_confirmed(struct agent *agent, const struct rh_client_event *event)
{
    const struct rh_frame_confirm *confirm = event->confirm;
    bool fresh[RH_CONFIRM_RECORDS_MAX] = { false };
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; i < confirm->record_count && err == RH_OK; i++) {
        struct agent_sent sent;
        err = agent_spool_sent(agent->spool, event->receipts[i].n, &sent);
        fresh[i] = err == RH_OK && sent.state == AGENT_WAITING;
    }
    if (err == RH_OK)
        err = agent_spool_confirmed(agent->spool, agent->generation, confirm, event->receipts,
                                    event->frame, agent_now_ms(agent));
    if (err == RH_ERR_EXISTS)
        agent_trouble(agent, "receipt_differs", RH_REFUSE_SIGNATURE_BAD,
                      "the hub gave two receipts for one number");
    for (uint32_t i = 0; i < confirm->record_count && err == RH_OK; i++)
        if (fresh[i])
            err = settle_case(agent, &event->receipts[i]);
    fatal_if(agent, err);
}

/* ---- deliveries ------------------------------------------------------------------------- */

static void fill_got(struct agent *agent, const struct rh_client_event *event,
                     struct agent_got *got)
{
    const struct rh_delivery *delivery = event->delivery;
    struct rh_bytes public_part = delivery->item.public_part;
    memset(got, 0, sizeof *got);
    got->form = delivery->form;
    got->sender = delivery->sender;
    got->lane = delivery->lane;
    got->generation = agent->generation;
    got->pair_seq = delivery->pair_seq;
    got->index = delivery->index;
    got->stored_ms = delivery->stored_ms;
    got->received_ms = agent_now_ms(agent);
    got->trusted = event->trusted;
    if (delivery->number.bytes < sizeof got->number)
        memcpy(got->number, delivery->number.data, delivery->number.bytes);
    if (event->public_part != NULL) {
        got->kind = event->public_part->kind;
        got->message_id = event->public_part->message_id;
        got->referral_id = *subject_of(agent, event->public_part);
    }
    if (delivery->form == RH_DELIVERY_ITEM)
        rh_item_digest(&delivery->item, &got->digest);
    else
        rh_hash(public_part.data, public_part.bytes, &got->digest);
}

static enum rh_err refuse(struct agent *agent, const struct agent_got *got, uint32_t refusal)
{
    char code[RH_REFUSAL_TEXT_BYTES], id[RH_ID_TEXT_BYTES], record[24], number[24];
    rh_refusal_format(refusal, code);
    rh_id_format(got->message_id.bytes, id);
    snprintf(record, sizeof record, "%llu", (unsigned long long)got->index);
    snprintf(number, sizeof number, "%llu", (unsigned long long)got->pair_seq);
    /* A public part that cannot be read has no id to tell; record and number always name it.
     * The list ends at the first key that is NULL. */
    agent_log(AGENT_WARNING, "delivery_refused", "code", code, "from", got->sender.text, "lane",
              rh_lane_name(got->lane), "number", number, "record", record,
              rh_id_is_zero(got->message_id.bytes) ? NULL : "message", id, NULL);
    enum rh_err err = agent_spool_pass(agent->spool, got);
    if (err != RH_OK)
        return err;
    return answer(agent, RH_KIND_NACK, &got->sender, got->lane, got->pair_seq, refusal);
}

static enum rh_err take_in(struct agent *agent, const struct rh_client_event *event,
                           struct agent_got *got)
{
    struct agent_opened *opened = malloc(sizeof *opened);
    rh_assert(opened != NULL);
    bool shown = got->form != RH_DELIVERY_TOMBSTONE || event->public_part != NULL;
    uint32_t refusal = agent_open_delivery(agent, event->frame, opened);
    enum rh_err err;
    if (refusal != 0) {
        err = refuse(agent, got, refusal);
    } else {
        err = agent_spool_deliver(agent->spool, got, event->frame,
                                  shown && agent->places);
        if (err == RH_OK && opened->has_item && got->form != RH_DELIVERY_TOMBSTONE)
            err = tell_case(agent, &opened->item, &got->referral_id, &got->sender,
                            got->stored_ms, got->number, NULL);
        if (err == RH_OK && !rh_id_is_zero(got->referral_id.bytes))
            err = agent_spool_history_add(agent->spool, &got->referral_id, false, got->arrival);
        if (err == RH_OK && !rh_id_is_zero(got->referral_id.bytes))
            err = name_externals(agent, opened);
        if (err == RH_OK && !rh_id_is_zero(got->referral_id.bytes))
            err = agent_people_keep(agent->spool, &got->referral_id, &opened->content,
                                    &(struct agent_said){ .agency = got->sender,
                                                          .number = got->arrival,
                                                          .message_id = got->message_id,
                                                          .told_ms = got->stored_ms });
        if (err == RH_OK)
            err = touch(agent, got, got->pair_seq);
    }
    agent_opened_release(opened);
    free(opened);
    return err;
}

/* Something about a referral has come: what the hub refused as too early after its recovery is
 * said again, in the old order. */
static enum rh_err say_again(struct agent *agent, const struct rh_referral_id *id)
{
    uint64_t n = 0;
    enum rh_err err = RH_OK;
    while (err == RH_OK) {
        err = agent_spool_again_next(agent->spool, id, &n);
        if (err == RH_OK)
            err = agent_spool_send_again(agent->spool, n, agent->generation,
                                         agent_now_ms(agent));
        n++;
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

void agent_receive(struct agent *agent, const struct rh_client_event *event)
{
    struct agent_got got;
    enum agent_turn turn;
    uint64_t expected;
    fill_got(agent, event, &got);
    enum rh_err err = agent_spool_judge(agent->spool, &got, &turn, &expected);
    if (err == RH_OK) {
        switch (turn) {
        case AGENT_AHEAD:
            rh_client_resync(agent->client, &got.sender, got.lane, expected);
            break;
        case AGENT_REPEATED:
            err = touch(agent, &got, expected - 1);
            break;
        case AGENT_KNOWN:
            err = agent_spool_pass(agent->spool, &got);
            if (err == RH_OK)
                err = touch(agent, &got, got.pair_seq);
            break;
        case AGENT_REUSED:
            err = refuse(agent, &got, RH_REFUSE_MESSAGE_ID_REUSED);
            break;
        case AGENT_NEXT:
            err = event->refusal != 0 ? refuse(agent, &got, event->refusal)
                                      : take_in(agent, event, &got);
            break;
        }
    }
    if (err == RH_OK && (turn == AGENT_NEXT || turn == AGENT_KNOWN))
        err = say_again(agent, &got.referral_id);
    fatal_if(agent, err);
}
