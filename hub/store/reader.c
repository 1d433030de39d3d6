#include "store/store_internal.h"

#include <stdlib.h>

static struct hub_store_reader *from_map(struct hub_map *map)
{
    return (struct hub_store_reader *)map;
}

static enum rh_err reader_get(struct hub_map *map, unsigned table, struct rh_bytes key,
                              struct rh_bytes *value)
{
    struct hub_store_reader *reader = from_map(map);
    rh_assert(reader->active);
    bool broken;
    enum rh_err err = hub_store_lookup(reader->store, reader->txn, table, key, value,
                                       &reader->report, &broken);
    reader->bad += err == RH_ERR_CORRUPT;
    return err;
}

static enum rh_err reader_next(struct hub_map *map, unsigned table, struct rh_bytes from,
                               struct rh_bytes *key, struct rh_bytes *value)
{
    struct hub_store_reader *reader = from_map(map);
    rh_assert(reader->active);
    bool broken;
    enum rh_err err = hub_store_seek(reader->store, reader->txn, table, from, key, value,
                                     &reader->report, &broken);
    reader->bad += err == RH_ERR_CORRUPT;
    return err;
}

static enum rh_err reader_put(struct hub_map *map, unsigned table, struct rh_bytes key,
                              struct rh_bytes value, int append)
{
    (void)map;
    (void)table;
    (void)key;
    (void)value;
    (void)append;
    return RH_ERR_DENIED;
}

static enum rh_err reader_del(struct hub_map *map, unsigned table, struct rh_bytes key)
{
    (void)map;
    (void)table;
    (void)key;
    return RH_ERR_DENIED;
}

static const struct hub_map_ops reader_ops = {
    .get = reader_get,
    .put = reader_put,
    .del = reader_del,
    .next = reader_next,
};

/* A place in the store's list, for usage and for the check at close. */
static enum rh_err enlist(struct hub_store *store, struct hub_store_reader *reader)
{
    enum rh_err err = RH_ERR_FULL;
    pthread_mutex_lock(&store->lock);
    for (unsigned i = 0; i < HUB_STORE_READERS_MAX && err != RH_OK; i++) {
        if (store->readers[i] == NULL) {
            store->readers[i] = reader;
            err = RH_OK;
        }
    }
    pthread_mutex_unlock(&store->lock);
    return err;
}

static void discharge(struct hub_store *store, const struct hub_store_reader *reader)
{
    pthread_mutex_lock(&store->lock);
    for (unsigned i = 0; i < HUB_STORE_READERS_MAX; i++)
        if (store->readers[i] == reader)
            store->readers[i] = NULL;
    pthread_mutex_unlock(&store->lock);
}

enum rh_err hub_store_reader_open(struct hub_store *store, struct hub_store_reader **out)
{
    struct hub_store_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return RH_ERR_NOMEM;
    reader->map.ops = &reader_ops;
    reader->store = store;
    enum rh_err err = enlist(store, reader);
    if (err != RH_OK) {
        free(reader);
        return err;
    }
    int rc = mdb_txn_begin(store->env.mdb, NULL, MDB_RDONLY, &reader->txn);
    if (rc != 0) {
        discharge(store, reader);
        free(reader);
        return hub_env_err(rc);
    }
    mdb_txn_reset(reader->txn);
    *out = reader;
    return RH_OK;
}

void hub_store_reader_close(struct hub_store_reader **reader_taken)
{
    struct hub_store_reader *reader = *reader_taken;
    *reader_taken = NULL;
    if (reader == NULL)
        return;
    mdb_txn_abort(reader->txn);
    discharge(reader->store, reader);
    free(reader);
}

enum rh_err hub_store_reader_refresh(struct hub_store_reader *reader)
{
    hub_store_reader_release(reader);
    int rc = mdb_txn_renew(reader->txn);
    if (rc != 0)
        return hub_report_errno(&reader->report, "snapshot", rc);
    atomic_store(&reader->snapshot, (uint64_t)mdb_txn_id(reader->txn));
    reader->active = true;
    return RH_OK;
}

void hub_store_reader_release(struct hub_store_reader *reader)
{
    if (!reader->active)
        return;
    mdb_txn_reset(reader->txn);
    atomic_store(&reader->snapshot, 0);
    reader->active = false;
}

struct hub_map *hub_store_reader_map(struct hub_store_reader *reader)
{
    return &reader->map;
}

enum rh_err hub_store_reader_entries(struct hub_store_reader *reader, unsigned table,
                                     uint64_t *out)
{
    rh_assert(reader->active);
    rh_assert(table < reader->store->tables);
    MDB_stat stat;
    int rc = mdb_stat(reader->txn, reader->store->dbis[table], &stat);
    if (rc != 0)
        return hub_report_errno(&reader->report, "entries", rc);
    *out = stat.ms_entries;
    return RH_OK;
}

uint64_t hub_store_reader_bad(const struct hub_store_reader *reader)
{
    return reader->bad;
}

const struct hub_store_report *hub_store_reader_report(const struct hub_store_reader *reader)
{
    return &reader->report;
}
