/* Files of a journal directory: names, whole reads and writes, syncs, errors translated at
 * the border. No errno leaves this folder. */
#ifndef HUB_JOURNAL_FILE_H
#define HUB_JOURNAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>

enum { HUB_SEGMENT_NAME_BYTES = 32, HUB_FILE_STEP_BYTES = 1024 * 1024 };

#define HUB_SPARE_NAME         "next.rhj" /* the next segment: zeros, complete, synced */
#define HUB_SPARE_PARTIAL_NAME "next.tmp" /* the next segment being written ahead */
#define HUB_LOCK_NAME          "lock"
#define HUB_QUARANTINE_NAME    "quarantine"

/* ENOSPC, EDQUOT and EFBIG are RH_ERR_NOSPACE; ENOENT RH_ERR_NOTFOUND; EACCES and EPERM
 * RH_ERR_DENIED; ENOMEM RH_ERR_NOMEM; all else RH_ERR_IO. */
enum rh_err hub_file_error(int code);
/* The system's sentence for an errno, always terminated. */
void hub_file_error_text(int code, char *out, size_t capacity);

/* Whether the file system of `fd` has `bytes` left for us; yes when it does not say. */
bool hub_file_has_room(int fd, uint64_t bytes);

/* Whole writes; errno stays that of the failing call. */
enum rh_err hub_file_write(int fd, const void *data, size_t bytes, uint64_t offset);
enum rh_err hub_file_zero(int fd, uint64_t from, uint64_t to);
/* Zeros over an unfinished frame or header block at `from`, up to `to`, synced. The last byte
 * of its first sector and of its first block go first, on their own: so it stays recognisable
 * as unfinished at every moment, should the wiping be cut short in its turn. */
enum rh_err hub_file_wipe(int fd, uint64_t from, uint64_t to);
/* Reads until `bytes` or the end of the file; *got says how many. */
enum rh_err hub_file_read(int fd, void *data, size_t bytes, uint64_t offset, size_t *got);
enum rh_err hub_file_size(int fd, uint64_t *bytes);
/* fdatasync. After a failure the state of the pages is unknown: never try again. */
enum rh_err hub_file_sync(int fd);
/* fsync, for directories and for sizes. */
enum rh_err hub_file_sync_all(int fd);

/* segment-<16 hex digits of the first index>.rhj */
void hub_segment_name(uint64_t first_index, char out[HUB_SEGMENT_NAME_BYTES]);
/* First indexes of all segment files, ascending; *list is the caller's, to be freed. */
enum rh_err hub_segment_list(int dir_fd, uint64_t **list, size_t *count);

#endif
