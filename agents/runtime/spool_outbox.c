/* What this agency has sent: numbers, items, receipts. */
#include "runtime/spool_inside.h"

#include <string.h>

#include <rh/refusal.h>

#define KEEP_MS (UINT64_C(86400000) * AGENT_KEEP_DAYS)

static const struct rh_layout_field sent_fields[] = {
    RH_LAYOUT_ENUM(2, struct agent_sent, state, AGENT_REFUSED),
    RH_LAYOUT_ENUM(3, struct agent_sent, kind, RH_KIND_END - 1),
    RH_LAYOUT_BIN(4, struct agent_sent, message_id),
    RH_LAYOUT_BIN(5, struct agent_sent, referral_id),
    RH_LAYOUT_TEXT(6, struct agent_sent, to.text),
    RH_LAYOUT_U32(7, struct agent_sent, generation),
    RH_LAYOUT_U64(8, struct agent_sent, file_no),
    RH_LAYOUT_U64(9, struct agent_sent, added_ms),
    RH_LAYOUT_U32(10, struct agent_sent, refusal),
    RH_LAYOUT_U64(11, struct agent_sent, settled_ms),
    RH_LAYOUT_U64(12, struct agent_sent, index),
    RH_LAYOUT_U64(13, struct agent_sent, stored_ms),
    RH_LAYOUT_TEXT(14, struct agent_sent, holder.text),
    RH_LAYOUT_U64(15, struct agent_sent, due_ms),
    RH_LAYOUT_U64(16, struct agent_sent, again_of),
    RH_LAYOUT_TEXT(17, struct agent_sent, due_limit),
    RH_LAYOUT_ENUM(18, struct agent_sent, due_basis, RH_DUE_POLICY),
};

static const struct rh_layout sent_layout = RH_LAYOUT_OF(struct agent_sent, sent_fields);

static bool is_transport(const struct agent_sent *sent)
{
    return sent->kind == RH_KIND_ACK || sent->kind == RH_KIND_NACK;
}

/* Acks come and go by the thousand; the counters are about matters. */
static void count(struct agent_spool *spool, const struct agent_sent *sent, bool add)
{
    uint64_t one = is_transport(sent) ? 0 : 1;
    uint64_t *counter = sent->state == AGENT_WAITING   ? &spool->state.waiting
                        : sent->state == AGENT_REFUSED ? &spool->state.refused
                                                       : NULL;
    if (counter == NULL)
        return;
    rh_assert(add || *counter >= one);
    *counter = add ? *counter + one : *counter - one;
    spool->state_changed = true;
}

static enum rh_err put_sent(struct agent_spool *spool, const struct agent_sent *sent)
{
    struct spool_key key = spool_key_number(sent->n);
    return spool_put_row(spool, SPOOL_OUTBOX, &key, &sent_layout, sent);
}

enum rh_err agent_spool_sent(struct agent_spool *spool, uint64_t n, struct agent_sent *out)
{
    struct spool_key key = spool_key_number(n);
    enum rh_err err = spool_get_row(spool, SPOOL_OUTBOX, &key, &sent_layout, out);
    if (err == RH_OK)
        out->n = n;
    return err;
}

static struct spool_key message_key(const struct rh_message_id *id)
{
    struct spool_key key = { .bytes = 0 };
    spool_key_bytes(&key, id->bytes, sizeof id->bytes);
    return key;
}

static enum rh_err n_of_message(struct agent_spool *spool, const struct rh_message_id *id,
                                uint64_t *n)
{
    struct spool_key key = message_key(id);
    struct rh_bytes value;
    enum rh_err err = spool_get(spool->env, SPOOL_MESSAGES, spool_key_of(&key), &value);
    if (err == RH_OK && value.bytes != 8)
        err = RH_ERR_CORRUPT;
    if (err == RH_OK)
        *n = spool_read_u64(value.data);
    spool_read_done(spool->env);
    return err;
}

enum rh_err agent_spool_sent_by_id(struct agent_spool *spool, const struct rh_message_id *id,
                                   struct agent_sent *out)
{
    uint64_t n;
    enum rh_err err = n_of_message(spool, id, &n);
    return err == RH_OK ? agent_spool_sent(spool, n, out) : err;
}

enum rh_err agent_spool_sent_next(struct agent_spool *spool, uint64_t *n,
                                  struct agent_sent *out)
{
    for (; *n <= spool->state.last_n; (*n)++) {
        enum rh_err err = agent_spool_sent(spool, *n, out);
        if (err != RH_ERR_NOTFOUND)
            return err;
    }
    return RH_ERR_NOTFOUND;
}

/* Give the item the next number: row, bytes and message id in this transaction. */
static enum rh_err number_item(struct agent_spool *spool, struct rh_bytes bytes,
                               struct agent_sent *sent)
{
    sent->n = ++spool->state.last_n;
    sent->state = AGENT_WAITING;
    count(spool, sent, true);
    struct spool_key number = spool_key_number(sent->n);
    struct spool_key message = message_key(&sent->message_id);
    enum rh_err err = spool_put(spool->env, SPOOL_ITEMS, spool_key_of(&number), bytes);
    if (err == RH_OK)
        err = spool_put(spool->env, SPOOL_MESSAGES, spool_key_of(&message),
                        spool_key_of(&number));
    return err == RH_OK ? put_sent(spool, sent) : err;
}

enum rh_err agent_spool_send(struct agent_spool *spool, const struct rh_item *item,
                             struct agent_sent *sent)
{
    uint64_t n;
    enum rh_err err = n_of_message(spool, &sent->message_id, &n);
    if (err == RH_OK) {
        sent->n = n;
        return RH_ERR_EXISTS;
    }
    if (err != RH_ERR_NOTFOUND)
        return err;
    struct rh_writer writer;
    rh_writer_init(&writer, spool->lent, RH_FRAME_BYTES_MAX);
    err = rh_item_encode(item, &writer);
    if (err != RH_OK)
        return err; /* too large: nothing was changed */

    sent->n = ++spool->state.last_n;
    sent->state = AGENT_WAITING;
    count(spool, sent, true);
    spool->state_changed = true;
    struct spool_key number = spool_key_number(sent->n);
    struct spool_key message = message_key(&sent->message_id);
    struct rh_bytes bytes = { writer.data, writer.bytes };
    err = spool_put(spool->env, SPOOL_ITEMS, spool_key_of(&number), bytes);
    if (err == RH_OK)
        err = spool_put(spool->env, SPOOL_MESSAGES, spool_key_of(&message),
                        spool_key_of(&number));
    if (err == RH_OK)
        err = put_sent(spool, sent);
    return err;
}

/* ---- items ------------------------------------------------------------------------------ */

/* An ack that names no delivery: the hub refuses it (a required field is missing), and its
 * number is used. Made from the message id alone, so that it is the same whenever asked for. */
static enum rh_err make_void(struct agent_spool *spool, const struct rh_message_id *id,
                             struct rh_bytes *out)
{
    struct rh_public value;
    struct rh_item item;
    struct rh_hash salt;
    struct rh_bytes part = { id->bytes, sizeof id->bytes };
    struct rh_writer writer;
    memset(&value, 0, sizeof value);
    memset(&item, 0, sizeof item);
    value.message_id = *id;
    value.kind = RH_KIND_ACK;
    rh_writer_init(&writer, spool->lent_more, RH_PUBLIC_BYTES_MAX);
    enum rh_err err = rh_public_encode(&value, &writer);
    rh_assert(err == RH_OK);
    item.public_part = (struct rh_bytes){ writer.data, writer.bytes };
    rh_hash_tagged("rhub/void/1", &part, 1, &salt);
    memcpy(item.salt, salt.bytes, sizeof item.salt);
    rh_item_commit(item.salt, item.private_part, item.body, &item.commitment);
    rh_writer_init(&writer, spool->lent, RH_FRAME_BYTES_MAX);
    err = rh_item_encode(&item, &writer);
    rh_assert(err == RH_OK);
    *out = (struct rh_bytes){ writer.data, writer.bytes };
    return RH_OK;
}

enum rh_err agent_spool_original(struct agent_spool *spool, uint64_t n, struct rh_bytes *item)
{
    struct spool_key key = spool_key_number(n);
    return spool_lend(spool, SPOOL_ITEMS, &key, spool->lent, item);
}

enum rh_err agent_spool_item(struct agent_spool *spool, uint64_t n, uint32_t generation,
                             struct rh_bytes *item)
{
    struct agent_sent sent;
    enum rh_err err = agent_spool_sent(spool, n, &sent);
    if (err != RH_OK)
        return err;
    if (is_transport(&sent) && sent.generation != generation)
        return make_void(spool, &sent.message_id, item);
    err = agent_spool_original(spool, n, item);
    return err == RH_ERR_NOTFOUND ? make_void(spool, &sent.message_id, item) : err;
}

/* ---- receipts --------------------------------------------------------------------------- */

static struct spool_key receipt_key(uint32_t generation, uint64_t n)
{
    struct spool_key key = { .bytes = 0 };
    spool_key_u32(&key, generation);
    spool_key_u64(&key, n);
    return key;
}

static struct spool_key confirm_key(uint32_t generation, uint64_t first_index, uint64_t size)
{
    struct spool_key key = receipt_key(generation, first_index);
    spool_key_u64(&key, size);
    return key;
}

/* Value: key of the confirm (20 bytes), rest hash (32), core. */
enum { CONFIRM_KEY_BYTES = 20, RECEIPT_HEAD_BYTES = CONFIRM_KEY_BYTES + RH_HASH_BYTES };

static enum rh_err put_receipt(struct agent_spool *spool, const struct spool_key *key,
                               const struct spool_key *confirm,
                               const struct rh_confirmed *record)
{
    uint8_t value[RECEIPT_HEAD_BYTES + RH_CORE_BYTES_MAX];
    rh_assert(confirm->bytes == CONFIRM_KEY_BYTES && record->core.bytes <= RH_CORE_BYTES_MAX);
    memcpy(value, confirm->data, CONFIRM_KEY_BYTES);
    memcpy(value + CONFIRM_KEY_BYTES, record->rest_hash.bytes, RH_HASH_BYTES);
    memcpy(value + RECEIPT_HEAD_BYTES, record->core.data, record->core.bytes);
    struct rh_bytes bytes = { value, RECEIPT_HEAD_BYTES + record->core.bytes };
    return spool_put(spool->env, SPOOL_RECEIPTS, spool_key_of(key), bytes);
}

/* Whether a receipt is there already; RH_ERR_EXISTS when its core is another one. */
static enum rh_err known_receipt(struct agent_spool *spool, const struct spool_key *key,
                                 struct rh_bytes core, bool *known)
{
    struct rh_bytes value;
    enum rh_err err = spool_get(spool->env, SPOOL_RECEIPTS, spool_key_of(key), &value);
    *known = err == RH_OK;
    if (err == RH_OK && (value.bytes != RECEIPT_HEAD_BYTES + core.bytes ||
                         memcmp(value.data + RECEIPT_HEAD_BYTES, core.data, core.bytes) != 0))
        err = RH_ERR_EXISTS;
    spool_read_done(spool->env);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* ---- said again ------------------------------------------------------------------------- */

static struct spool_key again_key(const struct rh_referral_id *id, uint64_t n)
{
    struct spool_key key = { .bytes = 0 };
    spool_key_bytes(&key, id->bytes, sizeof id->bytes);
    spool_key_u64(&key, n);
    return key;
}

/* The receipt of a number, taken apart; confirm is the key of its confirm. */
static enum rh_err read_receipt(struct agent_spool *spool, uint32_t generation, uint64_t n,
                                struct rh_receipt *core, struct spool_key *confirm)
{
    struct spool_key key = receipt_key(generation, n);
    struct rh_bytes value;
    enum rh_err err = spool_get(spool->env, SPOOL_RECEIPTS, spool_key_of(&key), &value);
    if (err == RH_OK && value.bytes <= RECEIPT_HEAD_BYTES)
        err = RH_ERR_CORRUPT;
    if (err == RH_OK) {
        struct rh_bytes bytes = { value.data + RECEIPT_HEAD_BYTES,
                                  value.bytes - RECEIPT_HEAD_BYTES };
        confirm->bytes = 0;
        spool_key_bytes(confirm, value.data, CONFIRM_KEY_BYTES);
        err = rh_receipt_decode(bytes, core) == RH_OK ? RH_OK : RH_ERR_CORRUPT;
    }
    spool_read_done(spool->env);
    return err;
}

enum rh_err agent_spool_lost(struct agent_spool *spool, uint64_t n, uint32_t generation,
                             struct rh_lost *out)
{
    struct agent_sent sent;
    enum rh_err err = agent_spool_sent(spool, n, &sent);
    if (err == RH_OK && (is_transport(&sent) || n < spool->state.clean_n))
        err = RH_ERR_NOTFOUND; /* goes as a void item */
    if (err != RH_OK)
        return err;
    uint64_t first = sent.again_of != 0 ? sent.again_of : n;
    for (uint32_t earlier = 1; earlier < generation; earlier++) {
        struct rh_receipt core;
        struct spool_key confirm;
        err = read_receipt(spool, earlier, first, &core, &confirm);
        if (err == RH_ERR_NOTFOUND || (err == RH_OK && core.outcome != 0))
            continue;
        if (err != RH_OK)
            return err;
        rh_hub_id_with_generation(&spool->state.hub, earlier, &out->hub);
        return spool_lend(spool, SPOOL_CONFIRMS, &confirm, spool->lent_more, &out->confirm);
    }
    return RH_ERR_NOTFOUND;
}

/* Whether a generation before this one had stored the number. */
static bool stored_before(struct agent_spool *spool, uint32_t generation, uint64_t n)
{
    bool stored = false;
    while (--generation > 0 && !stored) {
        struct rh_receipt core;
        struct spool_key confirm;
        stored = read_receipt(spool, generation, n, &core, &confirm) == RH_OK &&
                 core.outcome == 0;
    }
    return stored;
}

/* Came back before what it answers? Then its turn comes when that has arrived. */
static enum rh_err keep_for_again(struct agent_spool *spool, const struct agent_sent *sent,
                                  uint32_t generation)
{
    uint64_t first = sent->again_of != 0 ? sent->again_of : sent->n;
    bool early = sent->refusal == RH_REFUSE_WRONG_STATE ||
                 sent->refusal == RH_REFUSE_WRONG_ACTOR ||
                 sent->refusal == RH_REFUSE_UNKNOWN_REFERRAL;
    if (!early || is_transport(sent) || rh_id_is_zero(sent->referral_id.bytes) ||
        !stored_before(spool, generation, first))
        return RH_OK;
    struct spool_key key = again_key(&sent->referral_id, first);
    spool->state.again++;
    spool->state_changed = true;
    return spool_put(spool->env, SPOOL_AGAIN, spool_key_of(&key), (struct rh_bytes){ NULL, 0 });
}

enum rh_err agent_spool_again_next(struct agent_spool *spool, const struct rh_referral_id *id,
                                   uint64_t *n)
{
    struct spool_key key = again_key(id, *n);
    struct rh_bytes found, value;
    if (spool->state.again == 0)
        return RH_ERR_NOTFOUND;
    enum rh_err err = spool_seek(spool->env, SPOOL_AGAIN, spool_key_of(&key), &found, &value);
    if (err == RH_OK && (found.bytes != sizeof id->bytes + 8 ||
                         memcmp(found.data, id->bytes, sizeof id->bytes) != 0))
        err = RH_ERR_NOTFOUND;
    if (err == RH_OK)
        *n = spool_key_tail(found);
    spool_read_done(spool->env);
    return err;
}

enum rh_err agent_spool_send_again(struct agent_spool *spool, uint64_t n, uint32_t generation,
                                   uint64_t now_ms)
{
    struct agent_sent before;
    struct rh_bytes bytes;
    enum rh_err err = agent_spool_sent(spool, n, &before);
    if (err != RH_OK)
        return err;
    struct spool_key key = again_key(&before.referral_id, n);
    rh_assert(spool->state.again > 0);
    spool->state.again--;
    spool->state_changed = true;
    err = spool_del(spool->env, SPOOL_AGAIN, spool_key_of(&key));
    if (err == RH_OK)
        err = agent_spool_original(spool, n, &bytes);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_OK : err; /* too old to be said again */
    struct agent_sent sent = { .kind = before.kind, .message_id = before.message_id,
                               .referral_id = before.referral_id, .to = before.to,
                               .generation = generation, .again_of = n, .added_ms = now_ms };
    return number_item(spool, bytes, &sent);
}

static enum rh_err settle(struct agent_spool *spool, const struct rh_receipt *receipt,
                          uint32_t generation, uint64_t now_ms)
{
    struct agent_sent sent;
    enum rh_err err = agent_spool_sent(spool, receipt->n, &sent);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
    bool refused = receipt->outcome != 0;
    bool first = sent.settled_ms == 0;
    count(spool, &sent, false);
    sent.state = refused ? AGENT_REFUSED : AGENT_STORED;
    count(spool, &sent, true);
    sent.refusal = receipt->outcome;
    sent.settled_ms = now_ms;
    sent.index = receipt->index;
    sent.stored_ms = receipt->stored_ms;
    sent.holder = receipt->holder;
    sent.due_ms = receipt->due_ms;
    memcpy(sent.due_limit, receipt->due_limit, sizeof sent.due_limit);
    sent.due_basis = receipt->due_basis;
    err = put_sent(spool, &sent);
    if (err == RH_OK && sent.file_no != 0 && first)
        err = spool_file_settled(spool, sent.file_no, refused);
    return err == RH_OK ? keep_for_again(spool, &sent, generation) : err;
}

static void advance(struct agent_spool *spool, uint32_t generation)
{
    struct spool_state *state = &spool->state;
    bool known = true;
    while (known && state->open_n <= state->highest_n) {
        struct spool_key key = receipt_key(generation, state->open_n);
        struct rh_bytes value;
        known = spool_get(spool->env, SPOOL_RECEIPTS, spool_key_of(&key), &value) == RH_OK;
        state->open_n += known ? 1 : 0;
    }
    spool_read_done(spool->env);
}

enum rh_err agent_spool_confirmed(struct agent_spool *spool, uint32_t generation,
                                  const struct rh_frame_confirm *confirm,
                                  const struct rh_receipt *receipts, struct rh_bytes frame,
                                  uint64_t now_ms)
{
    struct spool_state *state = &spool->state;
    struct spool_key whole = confirm_key(generation, confirm->first_index, confirm->size);
    bool kept = false;
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; i < confirm->record_count && err == RH_OK; i++) {
        struct spool_key key = receipt_key(generation, receipts[i].n);
        bool known;
        err = known_receipt(spool, &key, confirm->records[i].core, &known);
        if (err != RH_OK || known)
            continue;
        if (!kept)
            err = spool_put(spool->env, SPOOL_CONFIRMS, spool_key_of(&whole), frame);
        kept = true;
        if (err == RH_OK)
            err = put_receipt(spool, &key, &whole, &confirm->records[i]);
        if (err == RH_OK)
            err = settle(spool, &receipts[i], generation, now_ms);
        if (receipts[i].n > state->highest_n)
            state->highest_n = receipts[i].n;
    }
    if (err != RH_OK)
        return err;
    if (confirm->size > state->receipt_size) {
        state->receipt_size = confirm->size;
        state->receipt_root = confirm->root;
        state->receipt_signature = confirm->signature;
    }
    advance(spool, generation);
    spool->state_changed = true;
    return RH_OK;
}

enum rh_err agent_spool_receipt(struct agent_spool *spool, uint64_t n,
                                struct agent_receipt *out)
{
    for (uint32_t generation = rh_hub_id_generation(&spool->state.hub); generation > 0;
         generation--) {
        struct spool_key key = receipt_key(generation, n);
        struct rh_bytes value;
        enum rh_err err = spool_lend(spool, SPOOL_RECEIPTS, &key, spool->lent_more, &value);
        if (err == RH_ERR_NOTFOUND)
            continue;
        if (err == RH_OK && value.bytes < RECEIPT_HEAD_BYTES)
            err = RH_ERR_CORRUPT;
        if (err != RH_OK)
            return err;
        struct spool_key whole = { .bytes = 0 };
        spool_key_bytes(&whole, value.data, CONFIRM_KEY_BYTES);
        out->generation = generation;
        memcpy(out->rest_hash.bytes, value.data + CONFIRM_KEY_BYTES, RH_HASH_BYTES);
        out->core = (struct rh_bytes){ value.data + RECEIPT_HEAD_BYTES,
                                       value.bytes - RECEIPT_HEAD_BYTES };
        err = spool_lend(spool, SPOOL_CONFIRMS, &whole, spool->lent, &out->confirm);
        return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
    }
    return RH_ERR_NOTFOUND;
}

/* ---- generations and cleaning ----------------------------------------------------------- */

enum rh_err agent_spool_repin(struct agent_spool *spool, const struct rh_hub_id *hub,
                              uint64_t next_n)
{
    struct spool_state *state = &spool->state;
    rh_assert(next_n >= 1);
    state->hub = *hub;
    state->open_n = next_n;
    state->highest_n = 0;
    state->receipt_size = 0;
    state->delivery_index = 0;
    memset(&state->receipt_root, 0, sizeof state->receipt_root);
    memset(&state->receipt_signature, 0, sizeof state->receipt_signature);
    spool->state_changed = true;
    enum rh_err err = agent_spool_set_note(spool, (struct rh_bytes){ NULL, 0 });
    for (uint64_t n = next_n; n <= state->last_n && err == RH_OK; n++) {
        struct agent_sent sent;
        err = agent_spool_sent(spool, n, &sent);
        if (err != RH_OK || sent.state == AGENT_WAITING)
            continue;
        count(spool, &sent, false);
        sent.state = AGENT_WAITING;
        count(spool, &sent, true);
        err = put_sent(spool, &sent);
    }
    return err;
}

static enum rh_err clean_sent(struct agent_spool *spool, uint64_t hub_ms, uint32_t limit,
                              uint32_t *dropped)
{
    struct spool_state *state = &spool->state;
    while (state->clean_n <= state->last_n && *dropped < limit) {
        struct agent_sent sent;
        enum rh_err err = agent_spool_sent(spool, state->clean_n, &sent);
        if (err != RH_OK)
            return err;
        if (sent.state == AGENT_WAITING || hub_ms < sent.stored_ms + KEEP_MS)
            return RH_OK;
        struct spool_key key = spool_key_number(state->clean_n);
        err = spool_del(spool->env, SPOOL_ITEMS, spool_key_of(&key));
        if (err != RH_OK)
            return err;
        state->clean_n++;
        spool->state_changed = true;
        (*dropped)++;
    }
    return RH_OK;
}

static enum rh_err clean_got(struct agent_spool *spool, uint64_t hub_ms, uint32_t limit,
                             uint32_t *dropped)
{
    for (uint32_t i = 0; i < limit; i++) {
        struct spool_key first = { .bytes = 0 };
        struct rh_bytes found, value;
        spool_key_u64(&first, 0);
        enum rh_err err = spool_seek(spool->env, SPOOL_TAKEN, spool_key_of(&first), &found,
                                     &value);
        if (err == RH_OK && found.bytes != 16)
            err = RH_ERR_CORRUPT;
        if (err == RH_ERR_NOTFOUND || (err == RH_OK &&
                                       hub_ms < spool_read_u64(found.data) + KEEP_MS)) {
            spool_read_done(spool->env);
            return RH_OK;
        }
        if (err != RH_OK)
            return err;
        struct spool_key whole = { .bytes = 0 };
        spool_key_bytes(&whole, found.data, found.bytes);
        struct spool_key arrival = spool_key_number(spool_key_tail(found));
        spool_read_done(spool->env);
        err = spool_del(spool->env, SPOOL_DELIVERIES, spool_key_of(&arrival));
        if (err == RH_OK)
            err = spool_del(spool->env, SPOOL_TAKEN, spool_key_of(&whole));
        if (err != RH_OK)
            return err;
        (*dropped)++;
    }
    return RH_OK;
}

enum rh_err agent_spool_clean(struct agent_spool *spool, uint64_t hub_ms, uint32_t limit,
                              uint32_t *dropped)
{
    uint32_t sent = 0, got = 0, people = 0;
    enum rh_err err = clean_sent(spool, hub_ms, limit, &sent);
    if (err == RH_OK)
        err = clean_got(spool, hub_ms, limit, &got);
    if (err == RH_OK && hub_ms > KEEP_MS)
        err = spool_clean_people(spool, hub_ms - KEEP_MS, limit, &people);
    if (dropped != NULL)
        *dropped = sent + got + people;
    return err;
}
