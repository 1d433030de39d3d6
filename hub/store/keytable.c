#include "store/keytable_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rh/hash.h>
#include <rh/text.h>

static const char magic[] = "rhub-keys-1";
static const char state_key[] = "state";
static const char wrap_domain[] = "rhub/keyslot/1";
static const uint64_t probe_slot = UINT64_MAX;

enum { MAGIC_BYTES = sizeof magic - 1 };

#define MAP_BYTES_DEFAULT (UINT64_C(16) << 30)

static_assert(MAGIC_BYTES == 11, "HUB_KEYTABLE_STATE_BYTES counts on it");

enum rh_err hub_keytable_failed(struct hub_keytable *table, const char *what, int code)
{
    pthread_mutex_lock(&table->cells_lock);
    hub_report(&table->report, "%.300s: %s: %s", table->env.path, what, mdb_strerror(code));
    pthread_mutex_unlock(&table->cells_lock);
    return hub_env_err(code);
}

static enum rh_err failed_slot(struct hub_keytable *table, uint64_t slot, const char *what,
                               enum rh_err err)
{
    pthread_mutex_lock(&table->cells_lock);
    hub_report(&table->report, "%.300s: slot %llu %s", table->env.path,
               (unsigned long long)slot, what);
    pthread_mutex_unlock(&table->cells_lock);
    return err;
}

/* Store a value with its checksum; value_bytes is at most HUB_KEYTABLE_STATE_BYTES. */
static int put_value(MDB_txn *txn, const MDB_dbi *dbis, enum hub_keytable_dbi which,
                     const void *key, size_t key_bytes, const void *value, size_t value_bytes,
                     unsigned flags)
{
    uint8_t key_copy[16];
    uint8_t stored[HUB_KEYTABLE_STATE_BYTES + HUB_ENV_SUM_BYTES];
    rh_assert(key_bytes <= sizeof key_copy);
    rh_assert(value_bytes <= HUB_KEYTABLE_STATE_BYTES);
    memcpy(key_copy, key, key_bytes);
    memcpy(stored, value, value_bytes);
    hub_env_sum_put(stored + value_bytes,
                    hub_env_sum(which, key, key_bytes, value, value_bytes));
    MDB_val mdb_key = { key_bytes, key_copy };
    MDB_val mdb_value = { value_bytes + HUB_ENV_SUM_BYTES, stored };
    return mdb_put(txn, dbis[which], &mdb_key, &mdb_value, flags);
}

/* The value of a key, verified; mapped. MDB_CORRUPTED when its checksum fails. */
static int value_of(MDB_txn *txn, const MDB_dbi *dbis, enum hub_keytable_dbi which,
                    const void *key, size_t key_bytes, struct rh_bytes *out)
{
    uint8_t key_copy[16];
    rh_assert(key_bytes <= sizeof key_copy);
    memcpy(key_copy, key, key_bytes);
    MDB_val mdb_key = { key_bytes, key_copy };
    MDB_val stored;
    int rc = mdb_get(txn, dbis[which], &mdb_key, &stored);
    if (rc != 0)
        return rc;
    if (!hub_env_sum_holds(which, &mdb_key, &stored, sizeof key_copy, HUB_KEYTABLE_STATE_BYTES))
        return MDB_CORRUPTED;
    *out = (struct rh_bytes){ stored.mv_data, stored.mv_size - HUB_ENV_SUM_BYTES };
    return 0;
}

int hub_keytable_put_state(MDB_txn *txn, const MDB_dbi *dbis,
                           const struct hub_keytable_state *state)
{
    uint8_t row[HUB_KEYTABLE_STATE_BYTES];
    uint8_t *at = row;
    memcpy(at, magic, MAGIC_BYTES);
    at += MAGIC_BYTES;
    hub_be64_put(at, state->made);
    hub_be64_put(at + 8, state->applied_seq);
    at += 16;
    memcpy(at, state->id, sizeof state->id);
    at += sizeof state->id;
    *at++ = state->rewrite_due ? 1 : 0;
    memcpy(at, state->probe, sizeof state->probe);
    return put_value(txn, dbis, HUB_KEYTABLE_STATE, state_key, sizeof state_key - 1, row,
                     sizeof row, 0);
}

static int load_state(MDB_txn *txn, const MDB_dbi *dbis, struct hub_keytable_state *out)
{
    struct rh_bytes row;
    int rc = value_of(txn, dbis, HUB_KEYTABLE_STATE, state_key, sizeof state_key - 1, &row);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? MDB_INVALID : rc;
    if (row.bytes != HUB_KEYTABLE_STATE_BYTES || memcmp(row.data, magic, MAGIC_BYTES) != 0)
        return MDB_VERSION_MISMATCH;
    const uint8_t *at = row.data + MAGIC_BYTES;
    out->made = hub_be64_get(at);
    out->applied_seq = hub_be64_get(at + 8);
    at += 16;
    memcpy(out->id, at, sizeof out->id);
    at += sizeof out->id;
    out->rewrite_due = *at++ != 0;
    memcpy(out->probe, at, sizeof out->probe);
    return 0;
}

/* What a wrapped key is bound to: this table and this slot. */
enum { ASSOCIATED_BYTES = sizeof wrap_domain - 1 + RH_ID_BYTES + 8 };

static void associated(const struct hub_keytable_state *state, uint64_t slot,
                       uint8_t out[ASSOCIATED_BYTES])
{
    memcpy(out, wrap_domain, sizeof wrap_domain - 1);
    memcpy(out + sizeof wrap_domain - 1, state->id, RH_ID_BYTES);
    hub_be64_put(out + sizeof wrap_domain - 1 + RH_ID_BYTES, slot);
}

static void wrap(const struct hub_keytable *table, uint64_t slot,
                 const struct rh_content_key *key, uint8_t out[HUB_KEYTABLE_WRAPPED_BYTES])
{
    uint8_t bound[ASSOCIATED_BYTES];
    associated(&table->state, slot, bound);
    rh_seal_content(&table->wrapping, (struct rh_bytes){ bound, sizeof bound }, key->bytes,
                    sizeof key->bytes, out);
}

static enum rh_err unwrap(const struct hub_keytable *table, uint64_t slot,
                          const uint8_t wrapped[HUB_KEYTABLE_WRAPPED_BYTES],
                          struct rh_content_key *out)
{
    uint8_t bound[ASSOCIATED_BYTES];
    associated(&table->state, slot, bound);
    return rh_open_content(&table->wrapping, (struct rh_bytes){ bound, sizeof bound }, wrapped,
                           HUB_KEYTABLE_WRAPPED_BYTES, out->bytes);
}

static struct hub_keytable_cell *cell_of(struct hub_keytable *table, uint64_t slot)
{
    return &table->cells[slot % HUB_KEYTABLE_CELLS];
}

static void cell_put(struct hub_keytable *table, uint64_t slot,
                     const struct rh_content_key *key)
{
    pthread_mutex_lock(&table->cells_lock);
    *cell_of(table, slot) = (struct hub_keytable_cell){ slot + 1, *key };
    pthread_mutex_unlock(&table->cells_lock);
}

static bool cell_get(struct hub_keytable *table, uint64_t slot, struct rh_content_key *out)
{
    pthread_mutex_lock(&table->cells_lock);
    const struct hub_keytable_cell *cell = cell_of(table, slot);
    bool found = cell->slot_next == slot + 1;
    if (found)
        *out = cell->key;
    pthread_mutex_unlock(&table->cells_lock);
    return found;
}

static void cell_wipe(struct hub_keytable *table, uint64_t slot)
{
    pthread_mutex_lock(&table->cells_lock);
    struct hub_keytable_cell *cell = cell_of(table, slot);
    if (cell->slot_next == slot + 1)
        rh_wipe(cell, sizeof *cell);
    pthread_mutex_unlock(&table->cells_lock);
}

int hub_keytable_open_dbis(MDB_txn *txn, MDB_dbi dbis[HUB_KEYTABLE_DBIS], bool create)
{
    static const char *const names[HUB_KEYTABLE_DBIS] = { "keys", "erased", "state" };
    int rc = 0;
    for (unsigned i = 0; i < HUB_KEYTABLE_DBIS && rc == 0; i++)
        rc = mdb_dbi_open(txn, names[i], create ? MDB_CREATE : 0, &dbis[i]);
    return rc == MDB_NOTFOUND ? MDB_INVALID : rc;
}

static int give_birth(struct hub_keytable *table, MDB_txn *txn)
{
    rh_random(table->state.id, sizeof table->state.id);
    wrap(table, probe_slot, &table->external, table->state.probe);
    return hub_keytable_put_state(txn, table->dbis, &table->state);
}

/* Tables and state: made in one transaction when the environment is empty, read otherwise. */
static enum rh_err open_state(struct hub_keytable *table, bool create)
{
    MDB_txn *txn;
    MDB_dbi main_dbi;
    MDB_stat stat;
    int rc = mdb_txn_begin(table->env.mdb, NULL, 0, &txn);
    if (rc != 0)
        return hub_keytable_failed(table, "begin", rc);
    rc = mdb_dbi_open(txn, NULL, 0, &main_dbi);
    if (rc == 0)
        rc = mdb_stat(txn, main_dbi, &stat);
    bool birth = rc == 0 && stat.ms_entries == 0 && create;
    if (rc == 0)
        rc = hub_keytable_open_dbis(txn, table->dbis, birth);
    if (rc == 0)
        rc = birth ? give_birth(table, txn) : load_state(txn, table->dbis, &table->state);
    if (rc == 0)
        rc = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    if (rc != 0)
        return hub_keytable_failed(table, "open", rc);

    struct rh_content_key external;
    enum rh_err err = unwrap(table, probe_slot, table->state.probe, &external);
    if (err != RH_OK)
        return failed_slot(table, 0, N_("and all others: the wrapping key is another one"),
                           RH_ERR_CRYPTO);
    if (memcmp(external.bytes, table->external.bytes, sizeof external.bytes) != 0) {
        hub_report(&table->report, "%.300s: external.key is another one than at its making",
                   table->env.path);
        return RH_ERR_CRYPTO;
    }
    atomic_store(&table->made, table->state.made);
    atomic_store(&table->applied_seq, table->state.applied_seq);
    return RH_OK;
}

static void destroy(struct hub_keytable *table)
{
    hub_env_close(&table->env);
    if (table->cells != NULL)
        rh_wipe(table->cells, HUB_KEYTABLE_CELLS * sizeof table->cells[0]);
    free(table->cells);
    pthread_mutex_destroy(&table->writing);
    pthread_rwlock_destroy(&table->swap);
    pthread_mutex_destroy(&table->cells_lock);
    rh_wipe(&table->wrapping, sizeof table->wrapping);
    free(table);
}

static struct hub_keytable *create(const struct hub_keytable_options *options)
{
    struct hub_keytable *table = calloc(1, sizeof *table);
    if (table == NULL)
        return NULL;
    table->env.lock_fd = -1;
    table->wrapping = *options->wrapping;
    memcpy(table->external.bytes, options->external->bytes, sizeof table->external.bytes);
    int rc = pthread_mutex_init(&table->writing, NULL);
    rh_assert(rc == 0);
    rc = pthread_rwlock_init(&table->swap, NULL);
    rh_assert(rc == 0);
    rc = pthread_mutex_init(&table->cells_lock, NULL);
    rh_assert(rc == 0);
    table->cells = calloc(HUB_KEYTABLE_CELLS, sizeof table->cells[0]);
    if (table->cells == NULL) {
        destroy(table);
        return NULL;
    }
    return table;
}

enum rh_err hub_keytable_open(struct hub_keytable **out,
                              const struct hub_keytable_options *options,
                              struct hub_store_report *report)
{
    struct hub_keytable *table = create(options);
    if (table == NULL)
        return RH_ERR_NOMEM;
    table->options = (struct hub_env_options){
        .path = options->path,
        .map_bytes = options->map_bytes == 0 ? MAP_BYTES_DEFAULT : options->map_bytes,
        .tables = HUB_KEYTABLE_DBIS,
        .readers = 126,
        .create = options->create,
    };
    enum rh_err err = hub_env_open(&table->env, &table->options, &table->report);
    table->options.path = table->env.path;
    table->options.create = false; /* a data file that vanishes is never made anew */
    if (err == RH_OK)
        err = open_state(table, options->create);
    if (err == RH_OK && table->state.rewrite_due)
        err = hub_keytable_rewrite(table);
    if (err != RH_OK) {
        if (report != NULL)
            *report = table->report;
        destroy(table);
        return err;
    }
    *out = table;
    return RH_OK;
}

void hub_keytable_close(struct hub_keytable **table_taken)
{
    struct hub_keytable *table = *table_taken;
    *table_taken = NULL;
    if (table != NULL)
        destroy(table);
}

uint64_t hub_keytable_made(const struct hub_keytable *table)
{
    return atomic_load(&table->made);
}

uint64_t hub_keytable_applied(const struct hub_keytable *table)
{
    return atomic_load(&table->applied_seq);
}

/* A transaction that could not be written: unless a bound of LMDB was met, what the page cache
 * holds is unknown from here on, and nothing is read or tried again. */
static enum rh_err commit_failed(struct hub_keytable *table, const char *what, int rc)
{
    enum rh_err err = hub_keytable_failed(table, what, rc);
    if (err != RH_ERR_FULL && err != RH_ERR_NOMEM)
        atomic_store(&table->gone, true);
    return err;
}

/* The state last, then the commit; undone where `rc` says that something before it failed. */
static enum rh_err finish(struct hub_keytable *table, MDB_txn *txn, int rc,
                          const struct hub_keytable_state *state, const char *what)
{
    if (rc == 0)
        rc = hub_keytable_put_state(txn, table->dbis, state);
    if (rc == 0)
        rc = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    return rc == 0 ? RH_OK : commit_failed(table, what, rc);
}

/* One block in one synced transaction; then the keys are handed to memory. */
static enum rh_err make_block(struct hub_keytable *table, struct rh_content_key *fresh)
{
    struct hub_keytable_state state = table->state;
    rh_random(fresh, HUB_KEYTABLE_BLOCK * sizeof *fresh);
    MDB_txn *txn;
    int rc = mdb_txn_begin(table->env.mdb, NULL, 0, &txn);
    if (rc != 0)
        return hub_keytable_failed(table, "begin", rc);
    for (uint64_t i = 0; i < HUB_KEYTABLE_BLOCK && rc == 0; i++) {
        uint8_t key[8];
        uint8_t wrapped[HUB_KEYTABLE_WRAPPED_BYTES];
        hub_be64_put(key, state.made + i);
        wrap(table, state.made + i, &fresh[i], wrapped);
        /* MDB_APPEND also refuses to write a slot twice. */
        rc = put_value(txn, table->dbis, HUB_KEYTABLE_KEYS, key, sizeof key, wrapped,
                       sizeof wrapped, MDB_APPEND);
    }
    state.made += HUB_KEYTABLE_BLOCK;
    enum rh_err err = finish(table, txn, rc, &state, "make a block of keys");
    if (err != RH_OK)
        return err;

    for (uint64_t i = 0; i < HUB_KEYTABLE_BLOCK; i++)
        cell_put(table, table->state.made + i, &fresh[i]);
    table->state.made = state.made; /* only what changed: others read the id meanwhile */
    atomic_store(&table->made, state.made);
    return RH_OK;
}

enum rh_err hub_keytable_ensure(struct hub_keytable *table, uint64_t first_unused,
                                uint64_t ahead)
{
    rh_assert(ahead <= UINT64_MAX - first_unused);
    uint64_t wanted = first_unused + ahead;
    if (first_unused <= hub_keytable_made(table) && wanted <= hub_keytable_made(table))
        return RH_OK;
    struct rh_content_key *fresh = malloc(HUB_KEYTABLE_BLOCK * sizeof *fresh);
    if (fresh == NULL)
        return RH_ERR_NOMEM;

    pthread_mutex_lock(&table->writing);
    pthread_rwlock_rdlock(&table->swap);
    enum rh_err err = atomic_load(&table->gone) ? RH_ERR_IO : RH_OK;
    if (err == RH_OK && first_unused > table->state.made)
        err = failed_slot(table, table->state.made,
                          N_("was never made here, but records go beyond it: this key table "
                             "is older than the journal"),
                          RH_ERR_CORRUPT);
    while (err == RH_OK && table->state.made < wanted)
        err = make_block(table, fresh);
    pthread_rwlock_unlock(&table->swap);
    pthread_mutex_unlock(&table->writing);

    rh_wipe(fresh, HUB_KEYTABLE_BLOCK * sizeof *fresh);
    free(fresh);
    return err;
}

/* What is stored of a slot: its wrapped key, or why there is none. */
static enum rh_err read_slot(struct hub_keytable *table, MDB_txn *txn, uint64_t slot,
                             uint8_t out[HUB_KEYTABLE_WRAPPED_BYTES])
{
    uint8_t key[8];
    struct rh_bytes value;
    hub_be64_put(key, slot);
    int rc = value_of(txn, table->dbis, HUB_KEYTABLE_KEYS, key, sizeof key, &value);
    if (rc == 0 && value.bytes != HUB_KEYTABLE_WRAPPED_BYTES)
        rc = MDB_CORRUPTED;
    if (rc == 0) {
        memcpy(out, value.data, HUB_KEYTABLE_WRAPPED_BYTES);
        return RH_OK;
    }
    if (rc == MDB_CORRUPTED)
        return failed_slot(table, slot, N_("fails its checksum"), RH_ERR_CORRUPT);
    if (rc != MDB_NOTFOUND)
        return hub_keytable_failed(table, N_("read a slot"), rc);
    rc = value_of(txn, table->dbis, HUB_KEYTABLE_ERASED, key, sizeof key, &value);
    if (rc == 0)
        return RH_ERR_DENIED;
    if (rc == MDB_NOTFOUND || rc == MDB_CORRUPTED)
        return failed_slot(table, slot, N_("is gone without an erasure"), RH_ERR_CORRUPT);
    return hub_keytable_failed(table, N_("read an erasure"), rc);
}

enum rh_err hub_keytable_get(struct hub_keytable *table, uint64_t slot,
                             struct rh_content_key *out)
{
    if (slot >= hub_keytable_made(table))
        return RH_ERR_NOTFOUND;
    if (cell_get(table, slot, out))
        return RH_OK;

    uint8_t wrapped[HUB_KEYTABLE_WRAPPED_BYTES];
    MDB_txn *txn;
    pthread_rwlock_rdlock(&table->swap);
    enum rh_err err = atomic_load(&table->gone) ? RH_ERR_IO : RH_OK;
    if (err == RH_OK) {
        int rc = mdb_txn_begin(table->env.mdb, NULL, MDB_RDONLY, &txn);
        if (rc == 0) {
            err = read_slot(table, txn, slot, wrapped);
            mdb_txn_abort(txn);
        } else {
            err = hub_keytable_failed(table, "begin", rc);
        }
    }
    if (err == RH_OK) {
        err = unwrap(table, slot, wrapped, out);
        if (err != RH_OK)
            err = failed_slot(table, slot, N_("does not unwrap"), RH_ERR_CRYPTO);
    }
    /* Still under swap: an erasure cannot slip in between reading and remembering. */
    if (err == RH_OK)
        cell_put(table, slot, out);
    pthread_rwlock_unlock(&table->swap);
    return err;
}

static int erase_slot(struct hub_keytable *table, MDB_txn *txn, uint64_t slot, uint64_t seq,
                      bool *removed)
{
    uint8_t key[8];
    uint8_t value[8];
    hub_be64_put(key, slot);
    hub_be64_put(value, seq);
    MDB_val mdb_key = { sizeof key, key };
    int rc = mdb_del(txn, table->dbis[HUB_KEYTABLE_KEYS], &mdb_key, NULL);
    if (rc == 0)
        *removed = true;
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    /* The first erasure stands. */
    rc = put_value(txn, table->dbis, HUB_KEYTABLE_ERASED, key, sizeof key, value, sizeof value,
                   MDB_NOOVERWRITE);
    return rc == MDB_KEYEXIST ? 0 : rc;
}

/* Under writing and swap (write). */
static enum rh_err erase_marked(struct hub_keytable *table, const uint64_t *slots, size_t count,
                                uint64_t applied_seq)
{
    struct hub_keytable_state state = table->state;
    bool removed = false;
    MDB_txn *txn;
    int rc = mdb_txn_begin(table->env.mdb, NULL, 0, &txn);
    if (rc != 0)
        return hub_keytable_failed(table, "begin", rc);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = erase_slot(table, txn, slots[i], applied_seq, &removed);
    state.rewrite_due = state.rewrite_due || removed;
    if (applied_seq > state.applied_seq)
        state.applied_seq = applied_seq;
    enum rh_err err = finish(table, txn, rc, &state, "erase");
    if (err != RH_OK)
        return err;

    for (size_t i = 0; i < count; i++)
        cell_wipe(table, slots[i]);
    table->state = state;
    atomic_store(&table->applied_seq, state.applied_seq);
    return RH_OK;
}

enum rh_err hub_keytable_erase(struct hub_keytable *table, const uint64_t *slots, size_t count,
                               uint64_t applied_seq)
{
    enum rh_err err = RH_OK;
    pthread_mutex_lock(&table->writing);
    for (size_t i = 0; i < count && err == RH_OK; i++)
        if (slots[i] >= table->state.made)
            err = failed_slot(table, slots[i], N_("was never made"), RH_ERR_NOTFOUND);
    if (err == RH_OK) {
        pthread_rwlock_wrlock(&table->swap);
        err = atomic_load(&table->gone) ? RH_ERR_IO
                                        : erase_marked(table, slots, count, applied_seq);
        pthread_rwlock_unlock(&table->swap);
    }
    if (err == RH_OK && table->state.rewrite_due)
        err = hub_keytable_rewrite(table);
    pthread_mutex_unlock(&table->writing);
    return err;
}

void hub_keytable_report(struct hub_keytable *table, struct hub_store_report *out)
{
    pthread_mutex_lock(&table->cells_lock);
    *out = table->report;
    pthread_mutex_unlock(&table->cells_lock);
}
