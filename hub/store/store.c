#include "store/store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/text.h>

/* The one row of the table "store": what the values look like. */
static const char format_key[] = "format";
static const char format_value[] = "rhub-store-1";

enum {
    OWN_TABLES = 1,    /* "store" */
    SPARE_READERS = 8  /* copy, usage and the like beside HUB_STORE_READERS_MAX */
};

static struct hub_store *from_map(struct hub_map *map)
{
    return (struct hub_store *)map;
}

void hub_store_label(const struct hub_store *store, unsigned table,
                     char out[HUB_STORE_LABEL_BYTES])
{
    const char *name = store->names == NULL ? NULL : store->names[table];
    if (name == NULL)
        (void)snprintf(out, HUB_STORE_LABEL_BYTES, _("table %u"), table);
    else
        (void)snprintf(out, HUB_STORE_LABEL_BYTES, _("table %u (%.40s)"), table, name);
}

void hub_store_report_bad(const struct hub_store *store, unsigned table, const MDB_val *key,
                          const MDB_val *stored, struct hub_store_report *report)
{
    char label[HUB_STORE_LABEL_BYTES];
    char hex[HUB_REPORT_HEX_BYTES];
    hub_store_label(store, table, label);
    bool readable = key->mv_size <= HUB_ENV_KEY_MAX;
    hub_report_hex(hex, key->mv_data, readable ? key->mv_size : 0);
    hub_report(report, "%.300s: %s key %s: %zu stored bytes fail their checksum",
               store->env.path, label, readable ? hex : N_("(impossible length)"),
               stored->mv_size);
}

static enum rh_err mdb_failed(const struct hub_store *store, unsigned table, const char *what,
                              int rc, struct hub_store_report *report)
{
    char label[HUB_STORE_LABEL_BYTES];
    hub_store_label(store, table, label);
    hub_report(report, "%.300s: %s: %s: %s", store->env.path, label, what, mdb_strerror(rc));
    enum rh_err err = hub_env_err(rc);
    /* To the map's contract memory is one more bound. */
    return err == RH_ERR_NOMEM ? RH_ERR_FULL : err;
}

enum rh_err hub_store_lookup(const struct hub_store *store, MDB_txn *txn, unsigned table,
                             struct rh_bytes key, struct rh_bytes *value,
                             struct hub_store_report *report, bool *broken)
{
    uint8_t copy[HUB_MAP_KEY_MAX]; /* LMDB wants its keys writable */
    rh_assert(table < store->tables);
    rh_assert(key.bytes >= 1);
    rh_assert(key.bytes <= sizeof copy);
    memcpy(copy, key.data, key.bytes);

    MDB_val wanted = { key.bytes, copy };
    MDB_val stored;
    *broken = false;
    int rc = mdb_get(txn, store->dbis[table], &wanted, &stored);
    if (rc == MDB_NOTFOUND)
        return RH_ERR_NOTFOUND;
    if (rc != 0) {
        *broken = true;
        return mdb_failed(store, table, "get", rc, report);
    }
    if (!hub_env_sum_holds(table, &wanted, &stored, HUB_MAP_KEY_MAX, HUB_MAP_VALUE_MAX)) {
        hub_store_report_bad(store, table, &wanted, &stored, report);
        return RH_ERR_CORRUPT;
    }
    *value = (struct rh_bytes){ stored.mv_data, stored.mv_size - HUB_ENV_SUM_BYTES };
    return RH_OK;
}

/* A cursor per call: several live cursors in a write transaction are where this LMDB version
 * has its known faults. */
static int seek(MDB_txn *txn, MDB_dbi dbi, struct rh_bytes from, MDB_val *key, MDB_val *stored)
{
    uint8_t copy[HUB_MAP_KEY_MAX + 1]; /* one more: "just behind this key" */
    rh_assert(from.bytes <= sizeof copy);
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, dbi, &cursor);
    if (rc != 0)
        return rc;
    if (from.bytes == 0) {
        rc = mdb_cursor_get(cursor, key, stored, MDB_FIRST);
    } else {
        memcpy(copy, from.data, from.bytes);
        *key = (MDB_val){ from.bytes, copy };
        rc = mdb_cursor_get(cursor, key, stored, MDB_SET_RANGE);
    }
    mdb_cursor_close(cursor);
    return rc;
}

enum rh_err hub_store_seek(const struct hub_store *store, MDB_txn *txn, unsigned table,
                           struct rh_bytes from, struct rh_bytes *key, struct rh_bytes *value,
                           struct hub_store_report *report, bool *broken)
{
    rh_assert(table < store->tables);
    MDB_val found;
    MDB_val stored;
    *broken = false;
    int rc = seek(txn, store->dbis[table], from, &found, &stored);
    if (rc == MDB_NOTFOUND)
        return RH_ERR_NOTFOUND;
    if (rc != 0) {
        *broken = true;
        return mdb_failed(store, table, "next", rc, report);
    }
    bool key_sound = found.mv_size >= 1 && found.mv_size <= HUB_MAP_KEY_MAX;
    *key = (struct rh_bytes){ found.mv_data, key_sound ? found.mv_size : 0 };
    if (!hub_env_sum_holds(table, &found, &stored, HUB_MAP_KEY_MAX, HUB_MAP_VALUE_MAX)) {
        hub_store_report_bad(store, table, &found, &stored, report);
        return RH_ERR_CORRUPT;
    }
    *value = (struct rh_bytes){ stored.mv_data, stored.mv_size - HUB_ENV_SUM_BYTES };
    return RH_OK;
}

/* Remember why the batch is lost, so that nobody commits half of it. */
static enum rh_err lose(struct hub_store *store, enum rh_err err)
{
    store->lost = err;
    return err;
}

static enum rh_err begin(struct hub_store *store)
{
    if (store->lost != RH_OK)
        return store->lost;
    if (store->txn != NULL) {
        rh_assert(pthread_equal(store->writer, pthread_self()));
        return RH_OK;
    }
    int rc = mdb_txn_begin(store->env.mdb, NULL, 0, &store->txn);
    if (rc != 0) {
        store->txn = NULL;
        return lose(store, mdb_failed(store, 0, "begin", rc, &store->report));
    }
    store->writer = pthread_self();
    store->pending = 0;
    return RH_OK;
}

static enum rh_err store_get(struct hub_map *map, unsigned table, struct rh_bytes key,
                             struct rh_bytes *value)
{
    struct hub_store *store = from_map(map);
    enum rh_err err = begin(store);
    if (err != RH_OK)
        return err;
    bool broken;
    err = hub_store_lookup(store, store->txn, table, key, value, &store->report, &broken);
    return broken ? lose(store, err) : err;
}

static enum rh_err store_next(struct hub_map *map, unsigned table, struct rh_bytes from,
                              struct rh_bytes *key, struct rh_bytes *value)
{
    struct hub_store *store = from_map(map);
    enum rh_err err = begin(store);
    if (err != RH_OK)
        return err;
    bool broken;
    err = hub_store_seek(store, store->txn, table, from, key, value, &store->report, &broken);
    return broken ? lose(store, err) : err;
}

static enum rh_err store_put(struct hub_map *map, unsigned table, struct rh_bytes key,
                             struct rh_bytes value, int append)
{
    struct hub_store *store = from_map(map);
    uint8_t copy[HUB_MAP_KEY_MAX];
    rh_assert(table < store->tables);
    rh_assert(key.bytes >= 1);
    rh_assert(key.bytes <= sizeof copy);
    rh_assert(value.bytes <= HUB_MAP_VALUE_MAX);
    enum rh_err err = begin(store);
    if (err != RH_OK)
        return err;

    memcpy(copy, key.data, key.bytes);
    if (value.bytes > 0)
        memcpy(store->scratch, value.data, value.bytes);
    hub_env_sum_put(store->scratch + value.bytes,
                    hub_env_sum(table, copy, key.bytes, store->scratch, value.bytes));
    MDB_val mdb_key = { key.bytes, copy };
    MDB_val mdb_value = { value.bytes + HUB_ENV_SUM_BYTES, store->scratch };
    int rc = mdb_put(store->txn, store->dbis[table], &mdb_key, &mdb_value,
                     append ? MDB_APPEND : 0);
    if (append && rc == MDB_KEYEXIST) /* not above every key after all */
        rc = mdb_put(store->txn, store->dbis[table], &mdb_key, &mdb_value, 0);
    if (rc != 0)
        return lose(store, mdb_failed(store, table, "put", rc, &store->report));
    store->pending++;
    return RH_OK;
}

static enum rh_err store_del(struct hub_map *map, unsigned table, struct rh_bytes key)
{
    struct hub_store *store = from_map(map);
    uint8_t copy[HUB_MAP_KEY_MAX];
    rh_assert(table < store->tables);
    rh_assert(key.bytes >= 1);
    rh_assert(key.bytes <= sizeof copy);
    enum rh_err err = begin(store);
    if (err != RH_OK)
        return err;

    memcpy(copy, key.data, key.bytes);
    MDB_val mdb_key = { key.bytes, copy };
    int rc = mdb_del(store->txn, store->dbis[table], &mdb_key, NULL);
    if (rc == MDB_NOTFOUND)
        return RH_ERR_NOTFOUND;
    if (rc != 0)
        return lose(store, mdb_failed(store, table, "del", rc, &store->report));
    store->pending++;
    return RH_OK;
}

static const struct hub_map_ops store_ops = {
    .get = store_get,
    .put = store_put,
    .del = store_del,
    .next = store_next,
};

/* The format row is written in the transaction that makes the tables, so an environment has
 * either all of them or nothing. */
static int open_format(MDB_txn *txn, bool create)
{
    MDB_dbi dbi;
    MDB_dbi main_dbi;
    MDB_stat stat;
    char name[sizeof format_key];
    char value[sizeof format_value];
    memcpy(name, format_key, sizeof name);
    memcpy(value, format_value, sizeof value);
    MDB_val key = { sizeof name - 1, name };
    MDB_val data = { sizeof value - 1, value };

    int rc = mdb_dbi_open(txn, NULL, 0, &main_dbi);
    if (rc == 0)
        rc = mdb_stat(txn, main_dbi, &stat);
    if (rc != 0)
        return rc;
    bool empty = stat.ms_entries == 0;
    rc = mdb_dbi_open(txn, "store", empty && create ? MDB_CREATE : 0, &dbi);
    if (rc == 0 && empty)
        return mdb_put(txn, dbi, &key, &data, 0);
    if (rc == 0)
        rc = mdb_get(txn, dbi, &key, &data);
    if (rc == MDB_NOTFOUND)
        return MDB_INVALID;
    if (rc == 0 && (data.mv_size != sizeof format_value - 1 ||
                    memcmp(data.mv_data, format_value, data.mv_size) != 0))
        return MDB_VERSION_MISMATCH;
    return rc;
}

static enum rh_err open_tables(struct hub_store *store, bool create)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env.mdb, NULL, 0, &txn);
    if (rc != 0)
        return hub_report_errno(&store->report, store->env.path, rc);
    rc = open_format(txn, create);
    for (unsigned i = 0; i < store->tables && rc == 0; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "t%02u", i);
        rc = mdb_dbi_open(txn, name, MDB_CREATE, &store->dbis[i]);
    }
    if (rc == 0)
        rc = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    return rc == 0 ? RH_OK : hub_report_errno(&store->report, store->env.path, rc);
}

enum rh_err hub_store_open(struct hub_store **out, const struct hub_store_options *options,
                           struct hub_store_report *report)
{
    rh_assert(options->tables <= HUB_TABLE_MAX);
    struct hub_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return RH_ERR_NOMEM;
    store->map.ops = &store_ops;
    store->tables = options->tables == 0 ? HUB_TABLE_MAX : options->tables;
    store->names = options->table_names;
    struct hub_env_options env = {
        .path = options->path,
        .map_bytes = options->map_bytes == 0 ? HUB_STORE_MAP_BYTES : options->map_bytes,
        .tables = store->tables + OWN_TABLES,
        .readers = HUB_STORE_READERS_MAX + SPARE_READERS,
        .create = options->create,
    };
    enum rh_err err = hub_env_open(&store->env, &env, &store->report);
    if (err == RH_OK) {
        err = open_tables(store, options->create);
        if (err != RH_OK)
            hub_env_close(&store->env);
    }
    if (err != RH_OK) {
        if (report != NULL)
            *report = store->report;
        free(store);
        return err;
    }
    int rc = pthread_mutex_init(&store->lock, NULL);
    rh_assert(rc == 0);
    *out = store;
    return RH_OK;
}

void hub_store_close(struct hub_store **store_taken)
{
    struct hub_store *store = *store_taken;
    *store_taken = NULL;
    if (store == NULL)
        return;
    for (unsigned i = 0; i < HUB_STORE_READERS_MAX; i++)
        rh_assert(store->readers[i] == NULL);
    hub_store_abort(store);
    hub_env_close(&store->env);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

struct hub_map *hub_store_map(struct hub_store *store)
{
    return &store->map;
}

enum rh_err hub_store_commit(struct hub_store *store)
{
    if (store->lost != RH_OK)
        return store->lost;
    if (store->txn == NULL)
        return RH_OK;
    rh_assert(pthread_equal(store->writer, pthread_self()));

    MDB_txn *txn = store->txn;
    store->txn = NULL; /* LMDB frees it, whatever it answers */
    int rc = mdb_txn_commit(txn);
    if (rc == 0) {
        store->pending = 0;
        return RH_OK;
    }
    enum rh_err err = mdb_failed(store, 0, "commit", rc, &store->report);
    if (err != RH_ERR_FULL)
        store->dead = true;
    return lose(store, err == RH_ERR_FULL ? RH_ERR_FULL : RH_ERR_IO);
}

void hub_store_abort(struct hub_store *store)
{
    if (store->txn != NULL) {
        rh_assert(pthread_equal(store->writer, pthread_self()));
        mdb_txn_abort(store->txn);
        store->txn = NULL;
    }
    store->pending = 0;
    if (!store->dead)
        store->lost = RH_OK;
}

uint64_t hub_store_pending(const struct hub_store *store)
{
    return store->pending;
}

enum rh_err hub_store_entries(struct hub_store *store, unsigned table, uint64_t *out)
{
    rh_assert(table < store->tables);
    enum rh_err err = begin(store);
    if (err != RH_OK)
        return err;
    MDB_stat stat;
    int rc = mdb_stat(store->txn, store->dbis[table], &stat);
    if (rc != 0)
        return lose(store, mdb_failed(store, table, "stat", rc, &store->report));
    *out = stat.ms_entries;
    return RH_OK;
}

const struct hub_store_report *hub_store_report(const struct hub_store *store)
{
    return &store->report;
}
