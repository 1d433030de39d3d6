/* Files of the log: small, written whole, seen by readers either not at all or complete.
 * Inside hub/log only. Paths are terminated and borrowed.
 *
 * All answer RH_OK, RH_ERR_NOTFOUND where said, RH_ERR_NOSPACE or RH_ERR_IO. */
#ifndef HUB_LOG_LOGFILE_H
#define HUB_LOG_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>

enum { HUB_LOGFILE_PATH_BYTES = 4096 };

/* Write data under a name beside `path`, then rename it to `path`, making directories below
 * the first `base_bytes` of the path that are missing. With `sync` the bytes are on the disk
 * before the rename; the directory is not synced. Without it, writing back is only started. */
enum rh_err hub_logfile_write(const char *path, size_t base_bytes, const void *data,
                              size_t bytes, bool sync);

/* Read a whole file of at most `capacity` bytes. RH_ERR_NOTFOUND; RH_ERR_FULL when larger. */
enum rh_err hub_logfile_read(const char *path, void *out, size_t capacity, size_t *bytes);

/* Sync a file or a directory that exists. RH_ERR_NOTFOUND. */
enum rh_err hub_logfile_sync(const char *path);

/* Greatest of the names in a directory that are plain decimal numbers without leading zeros.
 * RH_ERR_NOTFOUND when there is none, or no such directory. */
enum rh_err hub_logfile_greatest(const char *path, uint64_t *out);

/* Remove a directory of files, if it is there. Left-overs are harmless: no result. */
void hub_logfile_remove_directory(const char *path);

#endif
