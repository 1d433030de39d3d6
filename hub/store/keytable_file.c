/* Writing the key table's file anew: after an erasure, and for a backup.
 *
 * Not by LMDB's compacting copy: that moves whole pages, and nothing promises what stands in
 * the unused middle of a page (0.9.24 happens to leave it out, up to alignment). The live rows
 * are written one by one into an environment that never saw the others, which needs no
 * promise, and every checksum is verified on the way. */
#include "store/keytable_internal.h"

#include <rh/text.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS_PER_COMMIT = 20000, ZERO_BYTES = 64 * 1024 };

struct target {
    MDB_env *mdb;
    MDB_txn *txn;
    MDB_dbi dbis[HUB_KEYTABLE_DBIS];
    unsigned rows; /* since the last commit */
};

static int target_open(struct target *target, const char *file, uint64_t map_bytes)
{
    *target = (struct target){ 0 };
    int rc = mdb_env_create(&target->mdb);
    if (rc != 0) {
        target->mdb = NULL;
        return rc;
    }
    rc = mdb_env_set_mapsize(target->mdb, map_bytes);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(target->mdb, HUB_KEYTABLE_DBIS);
    /* Nobody else knows the file, and it is synced once, at the end. */
    if (rc == 0)
        rc = mdb_env_open(target->mdb, file, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0600);
    if (rc == 0)
        rc = mdb_txn_begin(target->mdb, NULL, 0, &target->txn);
    if (rc == 0)
        rc = hub_keytable_open_dbis(target->txn, target->dbis, true);
    return rc;
}

static int target_commit(struct target *target, bool again)
{
    MDB_txn *txn = target->txn;
    target->txn = NULL;
    target->rows = 0;
    int rc = mdb_txn_commit(txn);
    if (rc == 0 && again)
        rc = mdb_txn_begin(target->mdb, NULL, 0, &target->txn);
    return rc;
}

static void target_close(struct target *target)
{
    if (target->txn != NULL)
        mdb_txn_abort(target->txn);
    if (target->mdb != NULL)
        mdb_env_close(target->mdb);
    *target = (struct target){ 0 };
}

static int copy_rows(struct target *target, MDB_txn *from, MDB_dbi dbi,
                     enum hub_keytable_dbi which)
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    int rc = mdb_cursor_open(from, dbi, &cursor);
    if (rc != 0)
        return rc;
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        if (!hub_env_sum_holds(which, &key, &value, 16, HUB_KEYTABLE_STATE_BYTES))
            rc = MDB_CORRUPTED;
        if (rc == 0)
            rc = mdb_put(target->txn, target->dbis[which], &key, &value, MDB_APPEND);
        if (rc == 0 && ++target->rows == ROWS_PER_COMMIT)
            rc = target_commit(target, true);
        if (rc != 0)
            break;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int build(struct hub_keytable *table, struct target *target)
{
    MDB_txn *from;
    int rc = mdb_txn_begin(table->env.mdb, NULL, MDB_RDONLY, &from);
    if (rc != 0)
        return rc;
    rc = copy_rows(target, from, table->dbis[HUB_KEYTABLE_KEYS], HUB_KEYTABLE_KEYS);
    if (rc == 0)
        rc = copy_rows(target, from, table->dbis[HUB_KEYTABLE_ERASED], HUB_KEYTABLE_ERASED);
    mdb_txn_abort(from);
    if (rc != 0)
        return rc;
    struct hub_keytable_state state = table->state;
    state.rewrite_due = false;
    rc = hub_keytable_put_state(target->txn, target->dbis, &state);
    return rc == 0 ? target_commit(target, false) : rc;
}

/* A complete, synced data file at `file`, which must not exist; removed again on failure. */
static enum rh_err write_file(struct hub_keytable *table, const char *file)
{
    struct target target;
    int rc = target_open(&target, file, table->options.map_bytes);
    if (rc == 0)
        rc = build(table, &target);
    target_close(&target);
    enum rh_err err = RH_OK;
    if (rc != 0)
        err = hub_keytable_failed(table, N_("write the key file anew"), rc);
    else if (hub_env_sync_file(file, NULL) != RH_OK)
        err = hub_keytable_failed(table, N_("sync the new key file"), EIO);
    if (err != RH_OK)
        (void)unlink(file);
    return err;
}

/* Overwrite what the replaced file held, unless another name (a backup by hard link) still
 * shows it. The file system may keep other copies: this is care, not the guarantee, which is
 * that nobody has the wrapping key but the hub. */
static void zero_unlinked(int fd)
{
    struct stat status;
    static const uint8_t zeros[ZERO_BYTES];
    if (fstat(fd, &status) != 0 || status.st_nlink != 0)
        return;
    for (off_t at = 0; at < status.st_size; at += ZERO_BYTES)
        if (pwrite(fd, zeros, sizeof zeros, at) < 0)
            return;
    (void)fdatasync(fd);
}

static enum rh_err reopen(struct hub_keytable *table)
{
    MDB_txn *txn;
    struct hub_store_report report = { "" };
    enum rh_err err = hub_env_map(&table->env, &table->options, &report);
    if (err != RH_OK) {
        pthread_mutex_lock(&table->cells_lock);
        table->report = report;
        pthread_mutex_unlock(&table->cells_lock);
        return err;
    }
    int rc = mdb_txn_begin(table->env.mdb, NULL, 0, &txn);
    if (rc == 0) {
        rc = hub_keytable_open_dbis(txn, table->dbis, false);
        if (rc == 0)
            rc = mdb_txn_commit(txn);
        else
            mdb_txn_abort(txn);
    }
    return rc == 0 ? RH_OK : hub_keytable_failed(table, N_("open the new key file"), rc);
}

/* Under swap (write): nobody else uses the environment. */
static enum rh_err replace(struct hub_keytable *table, const char *next, const char *data)
{
    int old = open(data, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (old < 0)
        return hub_keytable_failed(table, N_("open the old key file"), errno);
    hub_env_unmap(&table->env);
    int rc = rename(next, data) == 0 ? 0 : errno;
    enum rh_err err = rc == 0 ? RH_OK : hub_keytable_failed(table, "rename", rc);
    enum rh_err reopened = reopen(table); /* syncs the directory, in either case */
    if (reopened != RH_OK)
        atomic_store(&table->gone, true);
    if (err == RH_OK && reopened == RH_OK)
        zero_unlinked(old);
    close(old);
    return err != RH_OK ? err : reopened;
}

enum rh_err hub_keytable_rewrite(struct hub_keytable *table)
{
    char next[HUB_ENV_PATH_MAX];
    char data[HUB_ENV_PATH_MAX];
    enum rh_err err = hub_env_join(next, table->env.path, "next.mdb");
    if (err == RH_OK)
        err = hub_env_join(data, table->env.path, "data.mdb");
    if (err != RH_OK)
        return err;
    if (unlink(next) != 0 && errno != ENOENT) /* of a rewrite that was cut short */
        return hub_keytable_failed(table, N_("remove an unfinished key file"), errno);
    err = write_file(table, next);
    if (err != RH_OK)
        return err;
    pthread_rwlock_wrlock(&table->swap);
    err = replace(table, next, data);
    if (err == RH_OK)
        table->state.rewrite_due = false;
    pthread_rwlock_unlock(&table->swap);
    return err;
}

enum rh_err hub_keytable_copy(struct hub_keytable *table, const char *path)
{
    char data[HUB_ENV_PATH_MAX];
    enum rh_err err = hub_env_join(data, path, "data.mdb");
    if (err != RH_OK)
        return err;
    if (mkdir(path, 0700) != 0)
        return hub_keytable_failed(table, N_("make the directory of a copy"), errno);
    pthread_mutex_lock(&table->writing);
    err = atomic_load(&table->gone) ? RH_ERR_IO : write_file(table, data);
    pthread_mutex_unlock(&table->writing);
    if (err == RH_OK)
        err = hub_env_sync_dir(path, NULL);
    if (err == RH_OK)
        err = hub_env_sync_parent(path, NULL);
    if (err != RH_OK) {
        (void)unlink(data);
        (void)rmdir(path);
    }
    return err;
}

enum rh_err hub_keytable_usage(struct hub_keytable *table, struct hub_keytable_usage *out)
{
    *out = (struct hub_keytable_usage){ .made = hub_keytable_made(table),
                                        .applied_seq = hub_keytable_applied(table) };
    MDB_txn *txn;
    MDB_stat erased;
    struct stat status;
    mdb_filehandle_t fd;
    pthread_rwlock_rdlock(&table->swap);
    int rc = EIO;
    if (!atomic_load(&table->gone))
        rc = mdb_txn_begin(table->env.mdb, NULL, MDB_RDONLY, &txn);
    if (rc == 0) {
        rc = mdb_stat(txn, table->dbis[HUB_KEYTABLE_ERASED], &erased);
        mdb_txn_abort(txn);
    }
    if (rc == 0)
        rc = mdb_env_get_fd(table->env.mdb, &fd);
    if (rc == 0 && fstat(fd, &status) != 0)
        rc = errno;
    pthread_rwlock_unlock(&table->swap);
    if (rc != 0)
        return hub_keytable_failed(table, "usage", rc);
    out->erased = erased.ms_entries;
    out->file_bytes = (uint64_t)status.st_size;
    return RH_OK;
}
