/* How full the store is, and its backup. */
#include "store/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Pages on the free list, from the counts that begin its rows. LMDB's number for that table is
 * zero; only a read transaction may open it. */
static int count_free(MDB_txn *txn, uint64_t *out)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, 0, &cursor);
    if (rc != 0)
        return rc;
    MDB_val key;
    MDB_val list;
    uint64_t sum = 0;
    while ((rc = mdb_cursor_get(cursor, &key, &list, MDB_NEXT)) == 0) {
        size_t count = 0;
        if (list.mv_size >= sizeof count)
            memcpy(&count, list.mv_data, sizeof count);
        sum += count;
    }
    mdb_cursor_close(cursor);
    *out = sum;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static void count_readers(struct hub_store *store, struct hub_store_usage *out)
{
    pthread_mutex_lock(&store->lock);
    for (unsigned i = 0; i < HUB_STORE_READERS_MAX; i++) {
        const struct hub_store_reader *reader = store->readers[i];
        if (reader == NULL)
            continue;
        out->readers++;
        uint64_t snapshot = atomic_load(&reader->snapshot);
        if (snapshot != 0 && snapshot < out->txn && out->txn - snapshot > out->reader_lag)
            out->reader_lag = out->txn - snapshot;
    }
    pthread_mutex_unlock(&store->lock);
}

enum rh_err hub_store_usage(struct hub_store *store, struct hub_store_usage *out)
{
    *out = (struct hub_store_usage){ 0 };
    MDB_txn *txn;
    MDB_stat stat;
    MDB_envinfo info;
    struct statvfs disk;
    uint64_t free_pages = 0;
    int rc = mdb_txn_begin(store->env.mdb, NULL, MDB_RDONLY, &txn);
    if (rc != 0)
        return hub_env_err(rc);
    rc = mdb_env_info(store->env.mdb, &info);
    if (rc == 0)
        rc = mdb_env_stat(store->env.mdb, &stat);
    if (rc == 0)
        rc = count_free(txn, &free_pages);
    mdb_txn_abort(txn);
    if (rc != 0)
        return hub_env_err(rc);
    if (statvfs(store->env.path, &disk) != 0)
        return hub_env_err(errno);

    uint64_t pages = (uint64_t)info.me_last_pgno + 1;
    /* A commit may slip in between the two looks; never show less than nothing. */
    uint64_t used = free_pages < pages ? pages - free_pages : 0;
    out->map_bytes = info.me_mapsize;
    out->high_bytes = pages * stat.ms_psize;
    out->used_bytes = used * stat.ms_psize;
    out->disk_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    out->txn = info.me_last_txnid;
    uint64_t percent = out->map_bytes / 100;
    out->used_percent =
        percent == 0 ? 100 : (unsigned)((out->used_bytes + percent - 1) / percent);
    count_readers(store, out);
    return RH_OK;
}

enum rh_err hub_store_copy(struct hub_store *store, const char *path,
                           struct hub_store_report *report)
{
    char data[HUB_ENV_PATH_MAX];
    enum rh_err err = hub_env_join(data, path, "data.mdb");
    if (err != RH_OK)
        return err;
    if (mkdir(path, 0700) != 0)
        return hub_report_errno(report, path, errno);

    /* LMDB does not sync a copy. */
    int rc = mdb_env_copy2(store->env.mdb, path, MDB_CP_COMPACT);
    err = rc == 0 ? hub_env_sync_file(data, report) : hub_report_errno(report, path, rc);
    if (err == RH_OK)
        err = hub_env_sync_dir(path, report);
    if (err == RH_OK)
        err = hub_env_sync_parent(path, report);
    if (err != RH_OK) {
        (void)unlink(data);
        (void)rmdir(path);
    }
    return err;
}
