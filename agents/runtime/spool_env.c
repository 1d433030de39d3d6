/* LMDB, and nothing of it shows: one environment, one table for each enum spool_table, one
 * write transaction that collects a batch, readings that end before the caller waits.
 *
 * LMDB does not check its pages: a flipped bit comes back as data. So each value ends in a
 * checksum over table, key and value, and a value under another key does not pass either. The
 * default, synced mode is the only one used. */
#include "runtime/spool_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rh/hash.h>

enum { CHECKSUM_BYTES = 8, READERS_MAX = 8, PATH_BYTES = 4096 };

static const char *const table_names[SPOOL_TABLES] = {
    [SPOOL_META] = "meta",         [SPOOL_OUTBOX] = "outbox",
    [SPOOL_ITEMS] = "items",       [SPOOL_MESSAGES] = "messages",
    [SPOOL_RECEIPTS] = "receipts", [SPOOL_CONFIRMS] = "confirms",
    [SPOOL_INBOX] = "inbox",       [SPOOL_DELIVERIES] = "deliveries",
    [SPOOL_EXPECTED] = "expected", [SPOOL_SEEN] = "seen",
    [SPOOL_PLACING] = "placing",   [SPOOL_NAMES] = "names",
    [SPOOL_TAKEN] = "taken",       [SPOOL_CASES] = "cases",
    [SPOOL_KEYS] = "keys",         [SPOOL_HISTORY] = "history",
    [SPOOL_DUE] = "due",           [SPOOL_FILES] = "files",
    [SPOOL_FILE_NAMES] = "file_names", [SPOOL_ANSWERED] = "answered",
    [SPOOL_ORIGINALS] = "originals", [SPOOL_AGAIN] = "again",
    [SPOOL_IMPORTS] = "imports",
    [SPOOL_PARTICIPANTS] = "participants", [SPOOL_VIEWS] = "views",
};

struct spool_env {
    MDB_env *env;
    MDB_dbi tables[SPOOL_TABLES];
    MDB_txn *txn;    /* the batch; NULL: nothing changed */
    MDB_txn *reader; /* renewed for each reading */
    bool reading;
    enum rh_err dead; /* first error of this batch */
    int lock;         /* descriptor that says: this process has it */
    uint64_t map_bytes;
};

static enum rh_err from_mdb(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return RH_OK;
    case MDB_NOTFOUND:
        return RH_ERR_NOTFOUND;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
        return RH_ERR_FULL;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return RH_ERR_CORRUPT;
    case ENOMEM:
        return RH_ERR_NOMEM;
    case EACCES:
    case EPERM:
        return RH_ERR_DENIED;
    default:
        return RH_ERR_IO;
    }
}

static enum rh_err sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return RH_ERR_IO;
    int failed = fsync(fd);
    close(fd);
    return failed == 0 ? RH_OK : RH_ERR_IO;
}

/* One process at a time: LMDB would let a second one in, and two agents on one spool would
 * give one number twice. The lock goes with the process, however it ends. */
static enum rh_err take_lock(const char *dir, int *fd)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/agent.lock", dir);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0)
        return errno == EACCES ? RH_ERR_DENIED : RH_ERR_IO;
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (fcntl(*fd, F_SETLK, &lock) == 0)
        return RH_OK;
    return errno == EACCES || errno == EAGAIN ? RH_ERR_EXISTS : RH_ERR_IO;
}

/* A data file shorter than its own meta page says kills the process on the first touch. */
static enum rh_err check_size(struct spool_env *env, const char *path)
{
    MDB_envinfo info;
    MDB_stat about;
    struct stat file;
    char data[PATH_BYTES + 16];
    snprintf(data, sizeof data, "%s/data.mdb", path);
    if (mdb_env_info(env->env, &info) != 0 || mdb_env_stat(env->env, &about) != 0 ||
        stat(data, &file) != 0)
        return RH_ERR_IO;
    return (uint64_t)file.st_size >= ((uint64_t)info.me_last_pgno + 1) * about.ms_psize
               ? RH_OK
               : RH_ERR_CORRUPT;
}

static enum rh_err open_tables(struct spool_env *env)
{
    MDB_txn *txn;
    int code = mdb_txn_begin(env->env, NULL, 0, &txn);
    if (code != 0)
        return from_mdb(code);
    for (int i = 0; i < SPOOL_TABLES && code == 0; i++)
        code = mdb_dbi_open(txn, table_names[i], MDB_CREATE, &env->tables[i]);
    if (code != 0) {
        mdb_txn_abort(txn);
        return from_mdb(code);
    }
    code = mdb_txn_commit(txn);
    if (code == 0)
        code = mdb_txn_begin(env->env, NULL, MDB_RDONLY, &env->reader);
    if (code == 0)
        mdb_txn_reset(env->reader);
    return from_mdb(code);
}

static enum rh_err open_env(struct spool_env *env, const char *dir, const char **step)
{
    char path[PATH_BYTES];
    *step = "the spool's directory cannot be made";
    if (snprintf(path, sizeof path, "%s/spool", dir) >= (int)sizeof path - 16)
        return RH_ERR_INVALID;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return errno == EACCES ? RH_ERR_DENIED : RH_ERR_IO;
    *step = "another process has this spool";
    enum rh_err err = take_lock(dir, &env->lock);
    if (err != RH_OK)
        return err;
    *step = "the spool's files cannot be opened";
    int code = mdb_env_create(&env->env);
    if (code == 0)
        code = mdb_env_set_maxdbs(env->env, SPOOL_TABLES);
    if (code == 0)
        code = mdb_env_set_maxreaders(env->env, READERS_MAX);
    if (code == 0)
        code = mdb_env_set_mapsize(env->env, (size_t)env->map_bytes);
    if (code == 0)
        code = mdb_env_open(env->env, path, MDB_NOTLS, 0600);
    if (code != 0)
        return from_mdb(code);
    *step = "the spool's file is shorter than it says";
    err = check_size(env, path);
    if (err != RH_OK)
        return err;
    int dead = 0;
    mdb_reader_check(env->env, &dead);
    *step = "the spool's tables cannot be opened";
    err = open_tables(env);
    if (err == RH_OK)
        err = sync_dir(path);
    return err == RH_OK ? sync_dir(dir) : err;
}

enum rh_err spool_env_open(const char *dir, uint64_t map_bytes, struct spool_env **out,
                           char *report, size_t report_bytes)
{
    struct spool_env *env = calloc(1, sizeof *env);
    rh_assert(env != NULL);
    env->lock = -1;
    env->map_bytes = map_bytes;
    const char *step = "";
    enum rh_err err = open_env(env, dir, &step);
    if (err != RH_OK) {
        if (report != NULL)
            snprintf(report, report_bytes, "%s: %s", step, rh_err_text(err));
        spool_env_close(&env);
        return err;
    }
    *out = env;
    return RH_OK;
}

void spool_env_close(struct spool_env **pointer)
{
    struct spool_env *env = *pointer;
    if (env == NULL)
        return;
    *pointer = NULL;
    if (env->txn != NULL)
        mdb_txn_abort(env->txn);
    if (env->reader != NULL)
        mdb_txn_abort(env->reader);
    if (env->env != NULL)
        mdb_env_close(env->env);
    if (env->lock >= 0)
        close(env->lock);
    free(env);
}

/* ---- transactions ----------------------------------------------------------------------- */

static enum rh_err die(struct spool_env *env, enum rh_err err)
{
    if (env->dead == RH_OK)
        env->dead = err;
    return err;
}

static enum rh_err begin_writing(struct spool_env *env)
{
    if (env->dead != RH_OK)
        return env->dead;
    if (env->txn != NULL)
        return RH_OK;
    spool_read_done(env);
    enum rh_err err = from_mdb(mdb_txn_begin(env->env, NULL, 0, &env->txn));
    return err == RH_OK ? RH_OK : die(env, err);
}

/* The transaction to read in: the batch when one is open, so that it sees itself. */
static enum rh_err begin_reading(struct spool_env *env, MDB_txn **txn)
{
    if (env->dead != RH_OK)
        return env->dead;
    *txn = env->txn;
    if (env->txn != NULL)
        return RH_OK;
    *txn = env->reader;
    if (env->reading)
        return RH_OK;
    enum rh_err err = from_mdb(mdb_txn_renew(env->reader));
    env->reading = err == RH_OK;
    return err;
}

void spool_read_done(struct spool_env *env)
{
    if (!env->reading)
        return;
    mdb_txn_reset(env->reader);
    env->reading = false;
}

enum rh_err spool_env_commit(struct spool_env *env)
{
    enum rh_err err = env->dead;
    spool_read_done(env);
    if (err != RH_OK) {
        spool_env_abort(env);
        return err;
    }
    if (env->txn == NULL)
        return RH_OK;
    err = from_mdb(mdb_txn_commit(env->txn));
    env->txn = NULL;
    return err;
}

void spool_env_abort(struct spool_env *env)
{
    spool_read_done(env);
    if (env->txn != NULL)
        mdb_txn_abort(env->txn);
    env->txn = NULL;
    env->dead = RH_OK;
}

bool spool_env_is_dirty(const struct spool_env *env)
{
    return env->txn != NULL || env->dead != RH_OK;
}

enum rh_err spool_env_usage(struct spool_env *env, uint32_t *permille)
{
    MDB_txn *txn;
    uint64_t pages = 2, page_bytes = 4096;
    enum rh_err err = begin_reading(env, &txn);
    for (int i = 0; i < SPOOL_TABLES && err == RH_OK; i++) {
        MDB_stat stat;
        err = from_mdb(mdb_stat(txn, env->tables[i], &stat));
        if (err == RH_OK) {
            pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
            page_bytes = stat.ms_psize;
        }
    }
    if (env->txn == NULL)
        spool_read_done(env);
    *permille = (uint32_t)(pages * page_bytes * 1000 / env->map_bytes);
    return err;
}

/* ---- values ----------------------------------------------------------------------------- */

static uint64_t checksum_of(enum spool_table table, struct rh_bytes key, struct rh_bytes value)
{
    uint64_t three[3] = { (uint64_t)table, rh_checksum(key.data, key.bytes),
                          rh_checksum(value.data, value.bytes) };
    return rh_checksum(three, sizeof three);
}

static MDB_val to_val(struct rh_bytes bytes)
{
    /* LMDB takes no const, and does not write through it. */
    union {
        const void *constant;
        void *plain;
    } pun = { .constant = bytes.data };
    return (MDB_val){ .mv_size = bytes.bytes, .mv_data = pun.plain };
}

static enum rh_err check_value(struct spool_env *env, enum spool_table table,
                               const MDB_val *key, const MDB_val *value, struct rh_bytes *out)
{
    uint64_t sum;
    struct rh_bytes name = { key->mv_data, key->mv_size };
    if (value->mv_size < CHECKSUM_BYTES)
        return env->txn != NULL ? die(env, RH_ERR_CORRUPT) : RH_ERR_CORRUPT;
    *out = (struct rh_bytes){ value->mv_data, value->mv_size - CHECKSUM_BYTES };
    memcpy(&sum, out->data + out->bytes, sizeof sum);
    if (sum == checksum_of(table, name, *out))
        return RH_OK;
    return env->txn != NULL ? die(env, RH_ERR_CORRUPT) : RH_ERR_CORRUPT;
}

enum rh_err spool_get(struct spool_env *env, enum spool_table table, struct rh_bytes key,
                      struct rh_bytes *value)
{
    MDB_txn *txn;
    MDB_val name = to_val(key), data;
    enum rh_err err = begin_reading(env, &txn);
    if (err == RH_OK)
        err = from_mdb(mdb_get(txn, env->tables[table], &name, &data));
    if (err == RH_OK)
        err = check_value(env, table, &name, &data, value);
    return err;
}

static enum rh_err walk(struct spool_env *env, enum spool_table table, struct rh_bytes key,
                        bool below, struct rh_bytes *found, struct rh_bytes *value)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val name = to_val(key), data = { 0, NULL };
    enum rh_err err = begin_reading(env, &txn);
    if (err == RH_OK)
        err = from_mdb(mdb_cursor_open(txn, env->tables[table], &cursor));
    if (err != RH_OK)
        return err;
    int code = mdb_cursor_get(cursor, &name, &data, MDB_SET_RANGE);
    if (below)
        code = mdb_cursor_get(cursor, &name, &data, code == 0 ? MDB_PREV : MDB_LAST);
    err = from_mdb(code);
    mdb_cursor_close(cursor);
    if (err != RH_OK)
        return err;
    *found = (struct rh_bytes){ name.mv_data, name.mv_size };
    return check_value(env, table, &name, &data, value);
}

enum rh_err spool_seek(struct spool_env *env, enum spool_table table, struct rh_bytes key,
                       struct rh_bytes *found, struct rh_bytes *value)
{
    return walk(env, table, key, false, found, value);
}

enum rh_err spool_seek_below(struct spool_env *env, enum spool_table table, struct rh_bytes key,
                             struct rh_bytes *found, struct rh_bytes *value)
{
    return walk(env, table, key, true, found, value);
}

enum rh_err spool_put(struct spool_env *env, enum spool_table table, struct rh_bytes key,
                      struct rh_bytes value)
{
    enum rh_err err = begin_writing(env);
    if (err != RH_OK)
        return err;
    /* Before LMDB touches its pages: the value may lie in them. */
    uint64_t sum = checksum_of(table, key, value);
    uint8_t small[SPOOL_ROW_BYTES_MAX];
    uint8_t *copy = NULL;
    struct rh_bytes source = value;
    if (value.bytes <= sizeof small) {
        if (value.bytes > 0)
            memcpy(small, value.data, value.bytes);
        source.data = small;
    } else {
        copy = malloc(value.bytes);
        rh_assert(copy != NULL);
        memcpy(copy, value.data, value.bytes);
        source.data = copy;
    }
    MDB_val name = to_val(key), data = { value.bytes + CHECKSUM_BYTES, NULL };
    err = from_mdb(mdb_put(env->txn, env->tables[table], &name, &data, MDB_RESERVE));
    if (err == RH_OK) {
        memcpy(data.mv_data, source.data, source.bytes);
        memcpy((uint8_t *)data.mv_data + source.bytes, &sum, sizeof sum);
    }
    free(copy);
    return err == RH_OK ? RH_OK : die(env, err);
}

enum rh_err spool_del(struct spool_env *env, enum spool_table table, struct rh_bytes key)
{
    enum rh_err err = begin_writing(env);
    if (err != RH_OK)
        return err;
    MDB_val name = to_val(key);
    err = from_mdb(mdb_del(env->txn, env->tables[table], &name, NULL));
    return err == RH_OK || err == RH_ERR_NOTFOUND ? RH_OK : die(env, err);
}
