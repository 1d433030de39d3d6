/* What the hub's LMDB environments have in common: opening them safely, closing them, checksums
 * of values, and the translation of foreign error codes. Private to this folder.
 *
 * Opening safely means, in this order: take a lock of our own on the directory (LMDB gives no
 * error when one process opens an environment twice, and quietly loses its locks when one of
 * the two is closed); check the data file before it is mapped (datafile.h); open in LMDB's
 * default, synced mode; clear the slots of dead readers; sync the directory and its parent,
 * because LMDB syncs what it writes but not the names of the files it creates. */
#ifndef HUB_STORE_ENV_H
#define HUB_STORE_ENV_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmdb.h>

#include <rh/err.h>

#include "store/report.h"

enum {
    HUB_ENV_PATH_MAX = 1024,
    HUB_ENV_KEY_MAX = 511, /* LMDB's own bound */
    HUB_ENV_SUM_BYTES = 8  /* appended to every value */
};

struct hub_env_options {
    const char *path;   /* directory */
    uint64_t map_bytes; /* fixed for the life of the open environment */
    unsigned tables;    /* named tables at most */
    unsigned readers;   /* read transactions at most */
    bool create;        /* make directory and files when absent */
};

struct hub_env {
    MDB_env *mdb; /* NULL while not mapped */
    int lock_fd;  /* -1 while not locked */
    bool fresh;   /* there was no data file before */
    char path[HUB_ENV_PATH_MAX];
};

/* RH_ERR_DENIED when another process, or this one, has it open already. RH_ERR_NOTFOUND when
 * absent and not to be created. On failure nothing stays open. */
enum rh_err hub_env_open(struct hub_env *env, const struct hub_env_options *options,
                         struct hub_store_report *report);

/* Idempotent. No transaction may be open. */
void hub_env_close(struct hub_env *env);

/* The second half of open and the first of close, for whoever replaces the data file while
 * keeping the lock. */
enum rh_err hub_env_map(struct hub_env *env, const struct hub_env_options *options,
                        struct hub_store_report *report);
void hub_env_unmap(struct hub_env *env);

/* "<dir>/<name>" into out; RH_ERR_CONFIG when too long. */
enum rh_err hub_env_join(char out[HUB_ENV_PATH_MAX], const char *dir, const char *name);

enum rh_err hub_env_sync_dir(const char *path, struct hub_store_report *report);
/* Of the directory that holds `path`. */
enum rh_err hub_env_sync_parent(const char *path, struct hub_store_report *report);
enum rh_err hub_env_sync_file(const char *path, struct hub_store_report *report);

/* XXH3-64 over table, key and value. The value enters through its own XXH3-64, so that it need
 * not be copied behind the key; key_bytes <= HUB_ENV_KEY_MAX. */
uint64_t hub_env_sum(unsigned table, const void *key, size_t key_bytes, const void *value,
                     size_t value_bytes);
void hub_env_sum_put(uint8_t out[HUB_ENV_SUM_BYTES], uint64_t sum);

/* Whether a stored value (with its checksum at the end) is whole. Lengths are checked before
 * anything is read: they come from the disk. value_max is without checksum. */
bool hub_env_sum_holds(unsigned table, const MDB_val *key, const MDB_val *stored,
                       size_t key_max, size_t value_max);

/* Every LMDB and system code has one meaning of ours. MAP_FULL and the other bounds of LMDB are
 * FULL; a full disk or a failed write or sync is IO. */
enum rh_err hub_env_err(int code);

void hub_report(struct hub_store_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Note "<what>: <text of the code>" and return the translated code. */
enum rh_err hub_report_errno(struct hub_store_report *report, const char *what, int code);
/* Lower-case hexadecimal of at most 48 bytes, "..." after that; terminated. */
enum { HUB_REPORT_HEX_BYTES = 48 * 2 + 4 };
void hub_report_hex(char out[HUB_REPORT_HEX_BYTES], const void *data, size_t bytes);

static inline void hub_be64_put(uint8_t out[8], uint64_t value)
{
    for (int i = 7; i >= 0; i--) {
        out[i] = (uint8_t)value;
        value >>= 8;
    }
}

static inline uint64_t hub_be64_get(const uint8_t in[8])
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | in[i];
    return value;
}

#endif
