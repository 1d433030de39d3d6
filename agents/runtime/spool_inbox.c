/* What was delivered, and what was made of it. */
#include "runtime/spool_inside.h"

#include <string.h>

static const struct rh_layout_field got_fields[] = {
    RH_LAYOUT_ENUM(1, struct agent_got, state, AGENT_TAKEN),
    RH_LAYOUT_ENUM(2, struct agent_got, form, RH_DELIVERY_TOMBSTONE),
    RH_LAYOUT_ENUM(3, struct agent_got, kind, RH_KIND_END - 1),
    RH_LAYOUT_TEXT(4, struct agent_got, sender.text),
    RH_LAYOUT_ENUM(5, struct agent_got, lane, RH_LANE_COUNT - 1),
    RH_LAYOUT_U32(6, struct agent_got, generation),
    RH_LAYOUT_U64(7, struct agent_got, pair_seq),
    RH_LAYOUT_U64(8, struct agent_got, index),
    RH_LAYOUT_U64(9, struct agent_got, stored_ms),
    RH_LAYOUT_U64(10, struct agent_got, received_ms),
    RH_LAYOUT_U64(11, struct agent_got, taken_ms),
    RH_LAYOUT_BIN(12, struct agent_got, message_id),
    RH_LAYOUT_BIN(13, struct agent_got, referral_id),
    RH_LAYOUT_BIN(14, struct agent_got, digest),
    RH_LAYOUT_TEXT(15, struct agent_got, number),
    RH_LAYOUT_TEXT(16, struct agent_got, name),
    RH_LAYOUT_BOOL(17, struct agent_got, trusted),
};

static const struct rh_layout got_layout = RH_LAYOUT_OF(struct agent_got, got_fields);

static enum rh_err put_got(struct agent_spool *spool, const struct agent_got *got)
{
    struct spool_key key = spool_key_number(got->arrival);
    return spool_put_row(spool, SPOOL_INBOX, &key, &got_layout, got);
}

enum rh_err agent_spool_got(struct agent_spool *spool, uint64_t arrival, struct agent_got *out)
{
    struct spool_key key = spool_key_number(arrival);
    enum rh_err err = spool_get_row(spool, SPOOL_INBOX, &key, &got_layout, out);
    if (err == RH_OK)
        out->arrival = arrival;
    return err;
}

enum rh_err agent_spool_got_next(struct agent_spool *spool, uint64_t *arrival,
                                 struct agent_got *out)
{
    for (; *arrival <= spool->state.last_arrival; (*arrival)++) {
        enum rh_err err = agent_spool_got(spool, *arrival, out);
        if (err != RH_ERR_NOTFOUND)
            return err;
    }
    return RH_ERR_NOTFOUND;
}

enum rh_err agent_spool_delivery(struct agent_spool *spool, uint64_t arrival,
                                 struct rh_bytes *frame)
{
    struct spool_key key = spool_key_number(arrival);
    return spool_lend(spool, SPOOL_DELIVERIES, &key, spool->lent, frame);
}

/* ---- order and repetition --------------------------------------------------------------- */

static struct spool_key expected_key(const struct agent_got *got)
{
    struct spool_key key = { .bytes = 0 };
    spool_key_u32(&key, got->generation);
    spool_key_u8(&key, (uint8_t)got->lane);
    spool_key_bytes(&key, got->sender.text, strlen(got->sender.text));
    return key;
}

static enum rh_err read_number(struct agent_spool *spool, enum spool_table table,
                               const struct spool_key *key, uint64_t missing, uint64_t *out)
{
    struct rh_bytes value;
    enum rh_err err = spool_get(spool->env, table, spool_key_of(key), &value);
    if (err == RH_OK && value.bytes != 8)
        err = RH_ERR_CORRUPT;
    *out = err == RH_OK ? spool_read_u64(value.data) : missing;
    spool_read_done(spool->env);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static struct spool_key seen_key(const struct rh_message_id *id,
                                 const struct rh_agency_id *sender)
{
    struct spool_key key = { .bytes = 0 };
    spool_key_bytes(&key, id->bytes, sizeof id->bytes);
    spool_key_bytes(&key, sender->text, strlen(sender->text));
    return key;
}

enum rh_err agent_spool_got_by_id(struct agent_spool *spool, const struct rh_message_id *id,
                                  const struct rh_agency_id *sender, struct agent_got *out)
{
    struct spool_key key = seen_key(id, sender);
    uint64_t arrival;
    enum rh_err err = read_number(spool, SPOOL_SEEN, &key, 0, &arrival);
    if (err == RH_OK && arrival == 0)
        err = RH_ERR_NOTFOUND;
    return err == RH_OK ? agent_spool_got(spool, arrival, out) : err;
}

enum rh_err agent_spool_got_by_message(struct agent_spool *spool,
                                       const struct rh_message_id *id, struct agent_got *out)
{
    struct spool_key key = { .bytes = 0 };
    struct rh_bytes found, value;
    spool_key_bytes(&key, id->bytes, sizeof id->bytes);
    enum rh_err err = spool_seek(spool->env, SPOOL_SEEN, spool_key_of(&key), &found, &value);
    if (err == RH_OK && (found.bytes < sizeof id->bytes ||
                         memcmp(found.data, id->bytes, sizeof id->bytes) != 0))
        err = RH_ERR_NOTFOUND;
    if (err == RH_OK && value.bytes != 8)
        err = RH_ERR_CORRUPT;
    uint64_t arrival = err == RH_OK ? spool_read_u64(value.data) : 0;
    spool_read_done(spool->env);
    return err == RH_OK ? agent_spool_got(spool, arrival, out) : err;
}

enum rh_err agent_spool_judge(struct agent_spool *spool, const struct agent_got *got,
                              enum agent_turn *turn, uint64_t *expected)
{
    struct spool_key key = expected_key(got);
    enum rh_err err = read_number(spool, SPOOL_EXPECTED, &key, 1, expected);
    if (err != RH_OK)
        return err;
    if (got->pair_seq != *expected) {
        *turn = got->pair_seq < *expected ? AGENT_REPEATED : AGENT_AHEAD;
        return RH_OK;
    }
    *turn = AGENT_NEXT;
    if (rh_id_is_zero(got->message_id.bytes))
        return RH_OK;
    struct agent_got known;
    err = agent_spool_got_by_id(spool, &got->message_id, &got->sender, &known);
    if (err == RH_OK)
        *turn = rh_hash_equal(&known.digest, &got->digest) ? AGENT_KNOWN : AGENT_REUSED;
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

enum rh_err agent_spool_pass(struct agent_spool *spool, const struct agent_got *got)
{
    struct spool_key key = expected_key(got);
    struct spool_key next = spool_key_number(got->pair_seq + 1);
    if (got->index + 1 > spool->state.delivery_index) {
        spool->state.delivery_index = got->index + 1;
        spool->state_changed = true;
    }
    return spool_put(spool->env, SPOOL_EXPECTED, spool_key_of(&key), spool_key_of(&next));
}

static enum rh_err put_placing(struct agent_spool *spool, uint64_t arrival,
                               enum agent_placing step)
{
    struct spool_key key = spool_key_number(arrival);
    uint8_t value = (uint8_t)step;
    return spool_put(spool->env, SPOOL_PLACING, spool_key_of(&key),
                     (struct rh_bytes){ &value, 1 });
}

enum rh_err agent_spool_deliver(struct agent_spool *spool, struct agent_got *got,
                                struct rh_bytes frame, bool place)
{
    got->arrival = ++spool->state.last_arrival;
    got->state = AGENT_DELIVERED;
    spool->state.got++;
    spool->state.not_placed += place ? 1 : 0;
    spool->state.not_taken++;
    spool->state_changed = true;

    struct spool_key arrival = spool_key_number(got->arrival);
    enum rh_err err = put_got(spool, got);
    if (err == RH_OK)
        err = spool_put(spool->env, SPOOL_DELIVERIES, spool_key_of(&arrival), frame);
    if (err == RH_OK && !rh_id_is_zero(got->message_id.bytes)) {
        struct spool_key seen = seen_key(&got->message_id, &got->sender);
        err = spool_put(spool->env, SPOOL_SEEN, spool_key_of(&seen), spool_key_of(&arrival));
    }
    if (err == RH_OK && place)
        err = put_placing(spool, got->arrival, AGENT_PLACING_WAITS);
    return err == RH_OK ? agent_spool_pass(spool, got) : err;
}

/* ---- on to the doors -------------------------------------------------------------------- */

enum rh_err agent_spool_placing_next(struct agent_spool *spool, uint64_t *arrival,
                                     enum agent_placing *step)
{
    struct spool_key key = spool_key_number(*arrival);
    struct rh_bytes found, value;
    enum rh_err err = spool_seek(spool->env, SPOOL_PLACING, spool_key_of(&key), &found, &value);
    if (err == RH_OK && (found.bytes != 8 || value.bytes != 1))
        err = RH_ERR_CORRUPT;
    if (err == RH_OK) {
        *arrival = spool_key_tail(found);
        *step = (enum agent_placing)value.data[0];
    }
    spool_read_done(spool->env);
    return err;
}

enum rh_err agent_spool_staged(struct agent_spool *spool, uint64_t arrival, const char *name)
{
    struct agent_got got;
    enum rh_err err = agent_spool_got(spool, arrival, &got);
    if (err != RH_OK)
        return err;
    rh_assert(strlen(name) <= AGENT_NAME_BYTES_MAX);
    memcpy(got.name, name, strlen(name) + 1);
    struct spool_key key = { .bytes = 0 };
    struct spool_key number = spool_key_number(arrival);
    spool_key_bytes(&key, name, strlen(name));
    err = put_got(spool, &got);
    if (err == RH_OK)
        err = spool_put(spool->env, SPOOL_NAMES, spool_key_of(&key), spool_key_of(&number));
    return err == RH_OK ? put_placing(spool, arrival, AGENT_PLACING_STAGED) : err;
}

enum rh_err agent_spool_placed(struct agent_spool *spool, uint64_t arrival)
{
    struct agent_got got;
    struct spool_key key = spool_key_number(arrival);
    enum rh_err err = agent_spool_got(spool, arrival, &got);
    if (err != RH_OK)
        return err;
    if (got.state == AGENT_DELIVERED)
        got.state = AGENT_PLACED;
    spool->state.not_placed--;
    spool->state_changed = true;
    err = spool_del(spool->env, SPOOL_PLACING, spool_key_of(&key));
    return err == RH_OK ? put_got(spool, &got) : err;
}

enum rh_err agent_spool_taken(struct agent_spool *spool, uint64_t arrival, uint64_t now_ms)
{
    struct agent_got got;
    enum rh_err err = agent_spool_got(spool, arrival, &got);
    if (err != RH_OK || got.state == AGENT_TAKEN)
        return err;
    got.state = AGENT_TAKEN;
    got.taken_ms = now_ms;
    spool->state.not_taken--;
    spool->state_changed = true;
    struct spool_key key = { .bytes = 0 };
    spool_key_u64(&key, now_ms);
    spool_key_u64(&key, arrival);
    err = spool_put(spool->env, SPOOL_TAKEN, spool_key_of(&key), (struct rh_bytes){ NULL, 0 });
    return err == RH_OK ? put_got(spool, &got) : err;
}

enum rh_err agent_spool_arrival_of_name(struct agent_spool *spool, const char *name,
                                        uint64_t *arrival)
{
    struct spool_key key = { .bytes = 0 };
    size_t bytes = strlen(name);
    if (bytes == 0 || bytes > AGENT_NAME_BYTES_MAX)
        return RH_ERR_NOTFOUND;
    spool_key_bytes(&key, name, bytes);
    enum rh_err err = read_number(spool, SPOOL_NAMES, &key, 0, arrival);
    return err == RH_OK && *arrival == 0 ? RH_ERR_NOTFOUND : err;
}
