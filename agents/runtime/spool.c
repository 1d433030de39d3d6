/* Opening a spool, its counters and its places. The tables are in spool_outbox.c,
 * spool_inbox.c, spool_case.c and spool_file.c. */
#include "runtime/spool_inside.h"

#include <rh/hash.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAP_BYTES (UINT64_C(16) << 30)

static const struct rh_layout_field state_fields[] = {
    RH_LAYOUT_BIN(1, struct spool_state, epoch),
    RH_LAYOUT_TEXT(2, struct spool_state, agency.text),
    RH_LAYOUT_TEXT(3, struct spool_state, hub.text),
    RH_LAYOUT_U64(4, struct spool_state, last_n),
    RH_LAYOUT_U64(5, struct spool_state, last_arrival),
    RH_LAYOUT_U64(6, struct spool_state, last_file),
    RH_LAYOUT_U64(7, struct spool_state, open_n),
    RH_LAYOUT_U64(8, struct spool_state, highest_n),
    RH_LAYOUT_U64(9, struct spool_state, receipt_size),
    RH_LAYOUT_BIN(10, struct spool_state, receipt_root),
    RH_LAYOUT_BIN(11, struct spool_state, receipt_signature),
    RH_LAYOUT_U64(12, struct spool_state, delivery_index),
    RH_LAYOUT_U64(13, struct spool_state, lease),
    RH_LAYOUT_U64(14, struct spool_state, clean_n),
    RH_LAYOUT_U64(15, struct spool_state, waiting),
    RH_LAYOUT_U64(16, struct spool_state, refused),
    RH_LAYOUT_U64(17, struct spool_state, not_placed),
    RH_LAYOUT_U64(18, struct spool_state, not_taken),
    RH_LAYOUT_U64(19, struct spool_state, cases),
    RH_LAYOUT_U64(20, struct spool_state, got),
    RH_LAYOUT_U64(21, struct spool_state, again),
    RH_LAYOUT_U64(22, struct spool_state, views),
};

static const struct rh_layout state_layout = RH_LAYOUT_OF(struct spool_state, state_fields);

static struct spool_key meta_key(const char *name)
{
    struct spool_key key = { .bytes = 0 };
    spool_key_bytes(&key, name, strlen(name));
    return key;
}

static enum rh_err load_state(struct agent_spool *spool)
{
    struct spool_key key = meta_key("state");
    enum rh_err err = spool_get_row(spool, SPOOL_META, &key, &state_layout, &spool->state);
    if (err == RH_OK)
        spool->committed_n = spool->state.last_n;
    spool->state_changed = false;
    return err;
}

static enum rh_err begin_state(struct agent_spool *spool,
                               const struct agent_spool_options *options)
{
    memset(&spool->state, 0, sizeof spool->state);
    spool->state.agency = options->agency;
    spool->state.hub = options->hub;
    spool->state.open_n = spool->state.clean_n = 1;
    do
        rh_random(spool->state.epoch.bytes, sizeof spool->state.epoch.bytes);
    while (spool->state.epoch.bytes[0] == 0);
    spool->state_changed = true;
    return agent_spool_commit(spool);
}

/* Another agency's or another hub's spool is not this agent's memory. */
static enum rh_err check_owner(struct agent_spool *spool,
                               const struct agent_spool_options *options)
{
    struct rh_hub_id kept, given;
    rh_hub_id_with_generation(&spool->state.hub, 1, &kept);
    rh_hub_id_with_generation(&options->hub, 1, &given);
    if (strcmp(spool->state.agency.text, options->agency.text) != 0 ||
        strcmp(kept.text, given.text) != 0)
        return RH_ERR_CONFIG;
    return RH_OK;
}

enum rh_err agent_spool_open(const struct agent_spool_options *options,
                             struct agent_spool **out, char *report, size_t report_bytes)
{
    struct agent_spool *spool = calloc(1, sizeof *spool);
    rh_assert(spool != NULL);
    spool->lent = malloc(RH_FRAME_BYTES_MAX);
    spool->lent_more = malloc(RH_FRAME_BYTES_MAX);
    rh_assert(spool->lent != NULL && spool->lent_more != NULL);
    uint64_t map_bytes = options->map_bytes != 0 ? options->map_bytes : MAP_BYTES;
    enum rh_err err =
        spool_env_open(options->dir, map_bytes, &spool->env, report, report_bytes);
    if (err != RH_OK) {
        agent_spool_close(&spool);
        return err;
    }
    const char *step = "the spool's state cannot be read";
    err = load_state(spool);
    if (err == RH_ERR_NOTFOUND) {
        step = "the spool cannot be begun";
        err = begin_state(spool, options);
    } else if (err == RH_OK) {
        step = "the spool belongs to another agency or hub";
        err = check_owner(spool, options);
    }
    if (err != RH_OK) {
        if (report != NULL)
            snprintf(report, report_bytes, "%s: %s", step, rh_err_text(err));
        agent_spool_close(&spool);
        return err;
    }
    *out = spool;
    return RH_OK;
}

void agent_spool_close(struct agent_spool **spool)
{
    if (*spool == NULL)
        return;
    spool_env_close(&(*spool)->env);
    free((*spool)->lent);
    free((*spool)->lent_more);
    free(*spool);
    *spool = NULL;
}

enum rh_err agent_spool_commit(struct agent_spool *spool)
{
    struct spool_key key = meta_key("state");
    if (spool->state_changed)
        spool_put_row(spool, SPOOL_META, &key, &state_layout, &spool->state);
    enum rh_err err = spool_env_commit(spool->env);
    if (err != RH_OK) {
        load_state(spool);
        return err;
    }
    spool->state_changed = false;
    spool->committed_n = spool->state.last_n;
    return RH_OK;
}

void agent_spool_abort(struct agent_spool *spool)
{
    spool_env_abort(spool->env);
    load_state(spool);
}

bool agent_spool_is_dirty(const struct agent_spool *spool)
{
    return spool->state_changed || spool_env_is_dirty(spool->env);
}

enum rh_err agent_spool_usage(struct agent_spool *spool, uint32_t *permille)
{
    return spool_env_usage(spool->env, permille);
}

const struct rh_epoch *agent_spool_epoch(const struct agent_spool *spool)
{
    return &spool->state.epoch;
}

const struct rh_hub_id *agent_spool_hub(const struct agent_spool *spool)
{
    return &spool->state.hub;
}

uint64_t agent_spool_last_n(const struct agent_spool *spool)
{
    return spool->state.last_n;
}

uint64_t agent_spool_committed_n(const struct agent_spool *spool)
{
    return spool->committed_n;
}

enum rh_err agent_spool_external_key(struct agent_spool *spool, uint8_t out[32])
{
    struct spool_key key = meta_key("external_key");
    struct rh_bytes value;
    enum rh_err err = spool_lend(spool, SPOOL_META, &key, spool->lent, &value);
    if (err == RH_OK && value.bytes != 32)
        err = RH_ERR_CORRUPT;
    if (err == RH_OK)
        memcpy(out, value.data, 32);
    return err;
}

enum rh_err agent_spool_set_external_key(struct agent_spool *spool, const uint8_t bytes[32])
{
    struct spool_key key = meta_key("external_key");
    uint8_t kept[32];
    enum rh_err err = agent_spool_external_key(spool, kept);
    if (err == RH_OK && memcmp(kept, bytes, sizeof kept) == 0)
        return RH_OK;
    return spool_put(spool->env, SPOOL_META, spool_key_of(&key),
                     (struct rh_bytes){ bytes, 32 });
}

enum rh_err agent_spool_raise_lease(struct agent_spool *spool, uint64_t *lease)
{
    *lease = ++spool->state.lease;
    spool->state_changed = true;
    return RH_OK;
}

enum rh_err agent_spool_set_note(struct agent_spool *spool, struct rh_bytes note)
{
    struct spool_key key = meta_key("note");
    return spool_put(spool->env, SPOOL_META, spool_key_of(&key), note);
}

enum rh_err agent_spool_held(struct agent_spool *spool, struct agent_held *out)
{
    const struct spool_state *state = &spool->state;
    struct spool_key key = meta_key("note");
    *out = (struct agent_held){
        .first_open_n = state->open_n,
        .highest_n = state->highest_n,
        .receipt_size = state->receipt_size,
        .delivery_index = state->delivery_index,
        .receipt_root = state->receipt_root,
        .receipt_signature = state->receipt_signature,
    };
    enum rh_err err = spool_lend(spool, SPOOL_META, &key, spool->lent, &out->note);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

enum rh_err agent_spool_counts(struct agent_spool *spool, struct agent_counts *out)
{
    const struct spool_state *state = &spool->state;
    *out = (struct agent_counts){ .sent = state->last_n, .waiting = state->waiting,
                                  .refused = state->refused, .got = state->got,
                                  .not_placed = state->not_placed,
                                  .not_taken = state->not_taken, .cases = state->cases };
    return RH_OK;
}
