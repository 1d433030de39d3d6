/* Participants of the matters this agency knows, and what each of them was shown. */
#include "runtime/spool_inside.h"

#include <stdlib.h>
#include <string.h>

#include <rh/hash.h>

static const struct rh_layout_field participant_fields[] = {
    RH_LAYOUT_TEXT(1, struct agent_participant, agency.text),
    RH_LAYOUT_TEXT(2, struct agent_participant, id),
    RH_LAYOUT_TEXT(3, struct agent_participant, name),
    RH_LAYOUT_TEXT(4, struct agent_participant, role),
    RH_LAYOUT_TEXT(5, struct agent_participant, unit),
    RH_LAYOUT_U32(6, struct agent_participant, scope),
    RH_LAYOUT_TEXT(7, struct agent_participant, from),
    RH_LAYOUT_TEXT(8, struct agent_participant, until),
    RH_LAYOUT_TEXT(9, struct agent_participant, basis),
    RH_LAYOUT_TEXT(10, struct agent_participant, ended),
    RH_LAYOUT_BOOL(11, struct agent_participant, sent),
    RH_LAYOUT_U64(12, struct agent_participant, number),
    RH_LAYOUT_BIN(13, struct agent_participant, message_id),
    RH_LAYOUT_U64(14, struct agent_participant, told_ms),
};

static const struct rh_layout participant_layout =
    RH_LAYOUT_OF(struct agent_participant, participant_fields);

static const struct rh_layout_field shown_fields[] = {
    RH_LAYOUT_U64(1, struct agent_shown, no),
    RH_LAYOUT_U64(2, struct agent_shown, at_ms),
    RH_LAYOUT_U32(3, struct agent_shown, uid),
    RH_LAYOUT_TEXT(4, struct agent_shown, by),
    RH_LAYOUT_BIN(5, struct agent_shown, referral),
    RH_LAYOUT_TEXT(6, struct agent_shown, number),
    RH_LAYOUT_TEXT(7, struct agent_shown, agency.text),
    RH_LAYOUT_TEXT(8, struct agent_shown, participant),
    RH_LAYOUT_TEXT(9, struct agent_shown, role),
    RH_LAYOUT_U32(10, struct agent_shown, scope),
    RH_LAYOUT_U32(11, struct agent_shown, refusal),
    RH_LAYOUT_U32(12, struct agent_shown, messages),
    RH_LAYOUT_TEXT(13, struct agent_shown, reason),
    RH_LAYOUT_BIN(14, struct agent_shown, chain),
};

static const struct rh_layout shown_layout = RH_LAYOUT_OF(struct agent_shown, shown_fields);

/* ---- participants ----------------------------------------------------------------------- */

static struct spool_key matter_key(const struct rh_referral_id *id)
{
    struct spool_key key = { .bytes = 0 };
    spool_key_bytes(&key, id->bytes, sizeof id->bytes);
    return key;
}

/* Matter, agency, person, order of saying; a zero ends each text, which holds none. */
static struct spool_key participant_key(const struct rh_referral_id *id,
                                        const struct agent_participant *value)
{
    struct spool_key key = matter_key(id);
    spool_key_bytes(&key, value->agency.text, strlen(value->agency.text) + 1);
    spool_key_bytes(&key, value->id, strlen(value->id) + 1);
    spool_key_u64(&key, value->number);
    return key;
}

static bool is_of(struct rh_bytes key, const struct rh_referral_id *id)
{
    return key.bytes > sizeof id->bytes && memcmp(key.data, id->bytes, sizeof id->bytes) == 0;
}

enum rh_err agent_spool_participant_add(struct agent_spool *spool,
                                        const struct rh_referral_id *id,
                                        const struct agent_participant *value)
{
    struct spool_key key = participant_key(id, value);
    return spool_put_row(spool, SPOOL_PARTICIPANTS, &key, &participant_layout, value);
}

enum rh_err agent_spool_participant_next(struct agent_spool *spool,
                                         const struct rh_referral_id *id,
                                         struct agent_participant *at)
{
    struct spool_key key = participant_key(id, at);
    struct rh_bytes found, value;
    spool_key_u8(&key, 0); /* behind it */
    enum rh_err err = spool_seek(spool->env, SPOOL_PARTICIPANTS, spool_key_of(&key), &found,
                                 &value);
    if (err == RH_OK && !is_of(found, id))
        err = RH_ERR_NOTFOUND;
    if (err == RH_OK)
        err = spool_read_row(value, &participant_layout, at);
    spool_read_done(spool->env);
    return err;
}

/* ---- what they were shown --------------------------------------------------------------- */

static void chain_of(const struct rh_hash *before, const struct agent_shown *value,
                     struct rh_hash *out)
{
    uint8_t memory[SPOOL_ROW_BYTES_MAX];
    struct agent_shown plain = *value;
    struct rh_writer writer;
    memset(&plain.chain, 0, sizeof plain.chain);
    rh_writer_init(&writer, memory, sizeof memory);
    rh_layout_write(&shown_layout, &plain, &writer);
    struct rh_bytes parts[2] = { { before->bytes, sizeof before->bytes },
                                 { writer.data, writer.bytes } };
    rh_assert(writer.err == RH_OK);
    rh_hash_tagged("rhub/agent/shown/1", parts, 2, out);
}

static enum rh_err get_shown(struct agent_spool *spool, uint64_t no, struct agent_shown *out)
{
    struct spool_key key = spool_key_number(no);
    return spool_get_row(spool, SPOOL_VIEWS, &key, &shown_layout, out);
}

/* The chain of the row before; zero before the first. A missing one is corruption: the numbers
 * are dense and nothing of this table is ever dropped. */
static enum rh_err chain_before(struct agent_spool *spool, uint64_t no, struct rh_hash *out)
{
    struct agent_shown before;
    memset(out, 0, sizeof *out);
    if (no <= 1)
        return RH_OK;
    enum rh_err err = get_shown(spool, no - 1, &before);
    if (err == RH_OK)
        *out = before.chain;
    return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
}

enum rh_err agent_spool_shown_add(struct agent_spool *spool, struct agent_shown *value)
{
    struct rh_hash before;
    value->no = spool->state.views + 1;
    enum rh_err err = chain_before(spool, value->no, &before);
    if (err == RH_OK)
        chain_of(&before, value, &value->chain);
    struct spool_key key = spool_key_number(value->no);
    if (err == RH_OK)
        err = spool_put_row(spool, SPOOL_VIEWS, &key, &shown_layout, value);
    if (err == RH_OK) {
        spool->state.views++;
        spool->state_changed = true;
    }
    return err;
}

enum rh_err agent_spool_shown_next(struct agent_spool *spool, uint64_t *no,
                                   struct agent_shown *out, bool *sound)
{
    struct rh_hash before, chain;
    struct agent_shown previous;
    *no = *no == 0 ? 1 : *no;
    if (*no > spool->state.views)
        return RH_ERR_NOTFOUND;
    enum rh_err err = get_shown(spool, *no, out);
    if (err == RH_ERR_NOTFOUND)
        return RH_ERR_CORRUPT; /* somebody took one out */
    if (err != RH_OK)
        return err;
    memset(&before, 0, sizeof before);
    if (*no > 1 && get_shown(spool, *no - 1, &previous) == RH_OK)
        before = previous.chain;
    chain_of(&before, out, &chain);
    *sound = out->no == *no && rh_hash_equal(&chain, &out->chain);
    return RH_OK;
}

/* ---- cleaning --------------------------------------------------------------------------- */

static enum rh_err forget(struct agent_spool *spool, const struct rh_referral_id *id,
                          uint32_t limit, uint32_t *dropped)
{
    struct agent_participant *at = calloc(1, sizeof *at);
    rh_assert(at != NULL);
    enum rh_err err = RH_OK;
    while (*dropped < limit) {
        err = agent_spool_participant_next(spool, id, at);
        if (err != RH_OK)
            break;
        struct spool_key key = participant_key(id, at);
        err = spool_del(spool->env, SPOOL_PARTICIPANTS, spool_key_of(&key));
        if (err != RH_OK)
            break;
        (*dropped)++;
    }
    free(at);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* The matter of the first entry at or behind `key`. */
static enum rh_err matter_at(struct agent_spool *spool, const struct spool_key *key,
                             struct rh_referral_id *out)
{
    struct rh_bytes found, value;
    enum rh_err err = spool_seek(spool->env, SPOOL_PARTICIPANTS, spool_key_of(key), &found,
                                 &value);
    if (err == RH_OK && found.bytes <= sizeof out->bytes)
        err = RH_ERR_CORRUPT;
    if (err == RH_OK)
        memcpy(out->bytes, found.data, sizeof out->bytes);
    spool_read_done(spool->env);
    return err;
}

enum rh_err spool_clean_people(struct agent_spool *spool, uint64_t before_ms, uint32_t limit,
                               uint32_t *dropped)
{
    struct rh_referral_id *at = &spool->cleaned;
    for (uint32_t i = 0; i < limit && *dropped < limit; i++) {
        struct agent_case known;
        struct spool_key key = matter_key(at);
        if (!rh_id_is_zero(at->bytes))
            spool_key_bytes(&key, "\xff", 1); /* no agency begins so: behind this matter */
        enum rh_err err = matter_at(spool, &key, at);
        if (err == RH_ERR_NOTFOUND) { /* next time from the beginning */
            memset(at, 0, sizeof *at);
            return RH_OK;
        }
        if (err == RH_OK)
            err = agent_spool_case(spool, at, &known);
        if (err == RH_OK && rh_state_is_resting(known.state) && known.updated_ms < before_ms)
            err = forget(spool, at, limit, dropped);
        if (err != RH_OK && err != RH_ERR_NOTFOUND)
            return err;
    }
    return RH_OK;
}
