#include "store/env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rh/hash.h>
#include <rh/problem.h>
#include <rh/text.h>

#include "store/datafile.h"

void hub_report(struct hub_store_report *report, const char *format, ...)
{
    if (report == NULL)
        return;
    char problem[RH_PROBLEM_BYTES_MAX] = "";
    size_t bytes = 0;
    va_list arguments;
    va_start(arguments, format);
    (void)rh_problem_put(problem, sizeof problem, &bytes, "", 0, 0, format, arguments);
    va_end(arguments);
    rh_problem_lines(problem, true, report->text, sizeof report->text);
}

enum rh_err hub_report_errno(struct hub_store_report *report, const char *what, int code)
{
    hub_report(report, "%s: %s", what, mdb_strerror(code));
    return hub_env_err(code);
}

void hub_report_hex(char out[HUB_REPORT_HEX_BYTES], const void *data, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = data;
    size_t shown = bytes < 48 ? bytes : 48;
    for (size_t i = 0; i < shown; i++) {
        out[i * 2] = digits[from[i] >> 4];
        out[i * 2 + 1] = digits[from[i] & 15];
    }
    (void)snprintf(out + shown * 2, 4, "%s", bytes > shown ? "..." : "");
}

enum rh_err hub_env_err(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return RH_OK;
    case MDB_NOTFOUND:
    case ENOENT:
        return RH_ERR_NOTFOUND;
    case MDB_KEYEXIST:
    case EEXIST:
        return RH_ERR_EXISTS;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case MDB_DBS_FULL:
    case MDB_READERS_FULL:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL:
    case MDB_TLS_FULL:
        return RH_ERR_FULL;
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return RH_ERR_CORRUPT;
    case ENOMEM:
        return RH_ERR_NOMEM;
    case EACCES:
    case EPERM:
    case EROFS:
        return RH_ERR_DENIED;
    case MDB_BAD_VALSIZE:
    case EINVAL:
    case ENAMETOOLONG:
        return RH_ERR_INVALID;
    default: /* EIO, ENOSPC, EDQUOT, EFBIG, MDB_PANIC, MDB_BAD_TXN and what we never saw */
        return RH_ERR_IO;
    }
}

enum rh_err hub_env_join(char out[HUB_ENV_PATH_MAX], const char *dir, const char *name)
{
    int bytes = snprintf(out, HUB_ENV_PATH_MAX, "%s/%s", dir, name);
    return bytes > 0 && bytes < HUB_ENV_PATH_MAX ? RH_OK : RH_ERR_CONFIG;
}

static enum rh_err sync_path(const char *path, int flags, struct hub_store_report *report)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0)
        return hub_report_errno(report, path, errno);
    enum rh_err err = fsync(fd) == 0 ? RH_OK : hub_report_errno(report, path, errno);
    close(fd);
    return err;
}

enum rh_err hub_env_sync_dir(const char *path, struct hub_store_report *report)
{
    return sync_path(path, O_DIRECTORY, report);
}

enum rh_err hub_env_sync_file(const char *path, struct hub_store_report *report)
{
    return sync_path(path, 0, report);
}

enum rh_err hub_env_sync_parent(const char *path, struct hub_store_report *report)
{
    char parent[HUB_ENV_PATH_MAX];
    enum rh_err err = hub_env_join(parent, path, "..");
    return err == RH_OK ? hub_env_sync_dir(parent, report) : err;
}

uint64_t hub_env_sum(unsigned table, const void *key, size_t key_bytes, const void *value,
                     size_t value_bytes)
{
    uint8_t head[8 + HUB_ENV_KEY_MAX + 8];
    rh_assert(key_bytes <= HUB_ENV_KEY_MAX);
    hub_be64_put(head, table);
    memcpy(head + 8, key, key_bytes);
    hub_be64_put(head + 8 + key_bytes, rh_checksum(value, value_bytes));
    return rh_checksum(head, 8 + key_bytes + 8);
}

void hub_env_sum_put(uint8_t out[HUB_ENV_SUM_BYTES], uint64_t sum)
{
    hub_be64_put(out, sum);
}

bool hub_env_sum_holds(unsigned table, const MDB_val *key, const MDB_val *stored,
                       size_t key_max, size_t value_max)
{
    if (key->mv_size == 0 || key->mv_size > key_max || stored->mv_size < HUB_ENV_SUM_BYTES ||
        stored->mv_size > value_max + HUB_ENV_SUM_BYTES)
        return false;
    size_t bytes = stored->mv_size - HUB_ENV_SUM_BYTES;
    const uint8_t *data = stored->mv_data;
    return hub_be64_get(data + bytes) ==
           hub_env_sum(table, key->mv_data, key->mv_size, data, bytes);
}

static enum rh_err make_dir(const char *path, bool create, struct hub_store_report *report)
{
    struct stat status;
    if (stat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return RH_OK;
        hub_report(report, "%s: not a directory", path);
        return RH_ERR_CONFIG;
    }
    if (errno != ENOENT || !create)
        return hub_report_errno(report, path, errno);
    return mkdir(path, 0700) == 0 ? RH_OK : hub_report_errno(report, path, errno);
}

/* flock belongs to the open file, not to the process: it stops a second open in this process
 * as well as another process, and it goes when the last descriptor does. */
static enum rh_err take_lock(struct hub_env *env, struct hub_store_report *report)
{
    char path[HUB_ENV_PATH_MAX];
    enum rh_err err = hub_env_join(path, env->path, "hub.lock");
    if (err != RH_OK)
        return err;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return hub_report_errno(report, path, errno);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            hub_report(report, "%s: already open in this or another process", env->path);
            err = RH_ERR_DENIED;
        } else {
            err = hub_report_errno(report, path, errno);
        }
        close(fd);
        return err;
    }
    env->lock_fd = fd;
    return RH_OK;
}

static enum rh_err map_checked(struct hub_env *env, const struct hub_env_options *options,
                               struct hub_store_report *report)
{
    int rc = mdb_env_create(&env->mdb);
    if (rc != 0) {
        env->mdb = NULL;
        return hub_report_errno(report, env->path, rc);
    }
    rc = mdb_env_set_mapsize(env->mdb, options->map_bytes);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(env->mdb, options->tables);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(env->mdb, options->readers);
    if (rc == 0)
        rc = mdb_env_open(env->mdb, env->path, MDB_NOTLS, 0600);
    if (rc == 0)
        rc = mdb_reader_check(env->mdb, NULL);
    enum rh_err err = rc == 0 ? RH_OK : hub_report_errno(report, env->path, rc);
    if (err == RH_OK)
        err = hub_env_sync_dir(env->path, report);
    if (err == RH_OK)
        err = hub_env_sync_parent(env->path, report);
    if (err != RH_OK)
        hub_env_unmap(env);
    return err;
}

enum rh_err hub_env_map(struct hub_env *env, const struct hub_env_options *options,
                        struct hub_store_report *report)
{
    char data[HUB_ENV_PATH_MAX];
    enum rh_err err = hub_env_join(data, env->path, "data.mdb");
    if (err != RH_OK)
        return err;
    err = hub_datafile_check(data, report);
    env->fresh = err == RH_ERR_NOTFOUND;
    if (env->fresh && !options->create) {
        hub_report(report, "%s: no data file", env->path);
        return err;
    }
    if (err != RH_OK && !env->fresh)
        return err;
    return map_checked(env, options, report);
}

void hub_env_unmap(struct hub_env *env)
{
    if (env->mdb != NULL)
        mdb_env_close(env->mdb);
    env->mdb = NULL;
}

enum rh_err hub_env_open(struct hub_env *env, const struct hub_env_options *options,
                         struct hub_store_report *report)
{
    *env = (struct hub_env){ .lock_fd = -1 };
    int bytes = snprintf(env->path, sizeof env->path, "%s", options->path);
    if (bytes <= 0 || bytes >= HUB_ENV_PATH_MAX - 32) {
        hub_report(report, "the path of a store is empty or too long");
        return RH_ERR_CONFIG;
    }
    enum rh_err err = make_dir(env->path, options->create, report);
    if (err == RH_OK)
        err = take_lock(env, report);
    if (err == RH_OK)
        err = hub_env_map(env, options, report);
    if (err != RH_OK)
        hub_env_close(env);
    return err;
}

void hub_env_close(struct hub_env *env)
{
    hub_env_unmap(env);
    if (env->lock_fd >= 0)
        close(env->lock_fd);
    env->lock_fd = -1;
}
