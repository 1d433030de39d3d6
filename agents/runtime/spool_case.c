/* What this agency knows of its cases. The hub's word decides; this is what was heard of it. */
#include "runtime/spool_inside.h"

#include <string.h>

static const struct rh_layout_field case_fields[] = {
    RH_LAYOUT_BIN(1, struct agent_case, id),
    RH_LAYOUT_TEXT(2, struct agent_case, number),
    RH_LAYOUT_TEXT(3, struct agent_case, procedure),
    RH_LAYOUT_TEXT(4, struct agent_case, category),
    RH_LAYOUT_ENUM(5, struct agent_case, state, RH_STATE_COUNT - 1),
    RH_LAYOUT_ENUM(6, struct agent_case, last_kind, RH_KIND_END - 1),
    RH_LAYOUT_TEXT(7, struct agent_case, origin.text),
    RH_LAYOUT_TEXT(8, struct agent_case, from.text),
    RH_LAYOUT_TEXT(9, struct agent_case, to.text),
    RH_LAYOUT_TEXT(10, struct agent_case, holder.text),
    RH_LAYOUT_U64(11, struct agent_case, due_ms),
    RH_LAYOUT_U64(12, struct agent_case, updated_ms),
    RH_LAYOUT_U64(13, struct agent_case, register_n),
    RH_LAYOUT_BOOL(14, struct agent_case, overdue),
    RH_LAYOUT_TEXT(15, struct agent_case, due_limit),
    RH_LAYOUT_ENUM(16, struct agent_case, due_basis, RH_DUE_POLICY),
};

static const struct rh_layout case_layout = RH_LAYOUT_OF(struct agent_case, case_fields);

static struct spool_key case_key(const struct rh_referral_id *id)
{
    struct spool_key key = { .bytes = 0 };
    spool_key_bytes(&key, id->bytes, sizeof id->bytes);
    return key;
}

static struct spool_key due_key(uint64_t due_ms, const struct rh_referral_id *id)
{
    struct spool_key key = { .bytes = 0 };
    spool_key_u64(&key, due_ms);
    spool_key_bytes(&key, id->bytes, sizeof id->bytes);
    return key;
}

enum rh_err agent_spool_case(struct agent_spool *spool, const struct rh_referral_id *id,
                             struct agent_case *out)
{
    struct spool_key key = case_key(id);
    return spool_get_row(spool, SPOOL_CASES, &key, &case_layout, out);
}

/* Where a case stands in the list of what is owed; 0: nowhere. What is with this agency, and no
 * end has been heard of yet, stands last. */
static uint64_t listed_due(const struct agent_spool *spool, const struct agent_case *value)
{
    if (rh_state_is_resting(value->state))
        return 0;
    bool ours = strcmp(value->holder.text, spool->state.agency.text) == 0;
    return value->due_ms == 0 && ours ? AGENT_DUE_UNKNOWN : value->due_ms;
}

enum rh_err agent_spool_put_case(struct agent_spool *spool, const struct agent_case *value)
{
    struct agent_case before;
    enum rh_err err = agent_spool_case(spool, &value->id, &before);
    if (err == RH_ERR_NOTFOUND) {
        memset(&before, 0, sizeof before);
        spool->state.cases++;
        spool->state_changed = true;
        err = RH_OK;
    }
    uint64_t old_due = listed_due(spool, &before), new_due = listed_due(spool, value);
    if (err == RH_OK && old_due != 0 && old_due != new_due) {
        struct spool_key key = due_key(old_due, &value->id);
        err = spool_del(spool->env, SPOOL_DUE, spool_key_of(&key));
    }
    if (err == RH_OK && new_due != 0 && old_due != new_due) {
        struct spool_key key = due_key(new_due, &value->id);
        err =
            spool_put(spool->env, SPOOL_DUE, spool_key_of(&key), (struct rh_bytes){ NULL, 0 });
    }
    struct spool_key key = case_key(&value->id);
    return err == RH_OK ? spool_put_row(spool, SPOOL_CASES, &key, &case_layout, value) : err;
}

/* ---- names ------------------------------------------------------------------------------ */

enum rh_err agent_spool_find_case(struct agent_spool *spool, const char *name,
                                  struct rh_referral_id *out)
{
    struct spool_key key = { .bytes = 0 };
    struct rh_bytes value;
    size_t bytes = strlen(name);
    if (bytes == 0 || bytes > AGENT_KEY_BYTES_MAX)
        return RH_ERR_NOTFOUND;
    spool_key_bytes(&key, name, bytes);
    enum rh_err err = spool_get(spool->env, SPOOL_KEYS, spool_key_of(&key), &value);
    if (err == RH_OK && value.bytes != sizeof out->bytes)
        err = RH_ERR_CORRUPT;
    if (err == RH_OK)
        memcpy(out->bytes, value.data, sizeof out->bytes);
    spool_read_done(spool->env);
    return err;
}

enum rh_err agent_spool_name_case(struct agent_spool *spool, const char *name,
                                  const struct rh_referral_id *id)
{
    struct spool_key key = { .bytes = 0 };
    size_t bytes = strlen(name);
    if (bytes == 0 || bytes > AGENT_KEY_BYTES_MAX)
        return RH_ERR_INVALID;
    spool_key_bytes(&key, name, bytes);
    return spool_put(spool->env, SPOOL_KEYS, spool_key_of(&key),
                     (struct rh_bytes){ id->bytes, sizeof id->bytes });
}

/* ---- dates ------------------------------------------------------------------------------ */

enum rh_err agent_spool_due_next(struct agent_spool *spool, uint64_t *due_ms,
                                 struct rh_referral_id *id)
{
    struct spool_key key = due_key(*due_ms, id);
    struct rh_bytes found, value;
    enum rh_err err = spool_seek(spool->env, SPOOL_DUE, spool_key_of(&key), &found, &value);
    if (err == RH_OK && found.bytes != 8 + sizeof id->bytes)
        err = RH_ERR_CORRUPT;
    if (err == RH_OK) {
        *due_ms = spool_read_u64(found.data);
        memcpy(id->bytes, found.data + 8, sizeof id->bytes);
    }
    spool_read_done(spool->env);
    return err;
}

/* ---- history ---------------------------------------------------------------------------- */

static struct spool_key history_key(const struct rh_referral_id *id, uint64_t at)
{
    struct spool_key key = case_key(id);
    spool_key_u64(&key, at);
    return key;
}

static bool is_of(struct rh_bytes key, const struct rh_referral_id *id)
{
    return key.bytes == sizeof id->bytes + 8 &&
           memcmp(key.data, id->bytes, sizeof id->bytes) == 0;
}

enum rh_err agent_spool_history_add(struct agent_spool *spool, const struct rh_referral_id *id,
                                    bool sent, uint64_t number)
{
    struct spool_key end = history_key(id, UINT64_MAX);
    struct rh_bytes found, value;
    uint64_t at = 0;
    enum rh_err err = spool_seek_below(spool->env, SPOOL_HISTORY, spool_key_of(&end), &found,
                                       &value);
    if (err == RH_OK && is_of(found, id))
        at = spool_key_tail(found) + 1;
    spool_read_done(spool->env);
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return err;
    struct spool_key entry = { .bytes = 0 };
    spool_key_u8(&entry, sent ? 1 : 0);
    spool_key_u64(&entry, number);
    struct spool_key key = history_key(id, at);
    return spool_put(spool->env, SPOOL_HISTORY, spool_key_of(&key), spool_key_of(&entry));
}

enum rh_err agent_spool_history_next(struct agent_spool *spool, const struct rh_referral_id *id,
                                     uint64_t *at, bool *sent, uint64_t *number)
{
    struct spool_key key = history_key(id, *at);
    struct rh_bytes found, value;
    enum rh_err err = spool_seek(spool->env, SPOOL_HISTORY, spool_key_of(&key), &found, &value);
    if (err == RH_OK && !is_of(found, id))
        err = RH_ERR_NOTFOUND;
    if (err == RH_OK && value.bytes != 9)
        err = RH_ERR_CORRUPT;
    if (err == RH_OK) {
        *at = spool_key_tail(found);
        *sent = value.data[0] == 1;
        *number = spool_read_u64(value.data + 1);
    }
    spool_read_done(spool->env);
    return err;
}
