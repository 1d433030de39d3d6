#include "journal/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "journal/format.h"

static const uint8_t zeros[HUB_FILE_STEP_BYTES];

enum rh_err hub_file_error(int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return RH_ERR_NOSPACE;
    case ENOENT:
        return RH_ERR_NOTFOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return RH_ERR_DENIED;
    case ENOMEM:
        return RH_ERR_NOMEM;
    default:
        return RH_ERR_IO;
    }
}

void hub_file_error_text(int code, char *out, size_t capacity)
{
    if (strerror_r(code, out, capacity) != 0)
        snprintf(out, capacity, "error %d", code);
}

enum rh_err hub_file_write(int fd, const void *data, size_t bytes, uint64_t offset)
{
    const uint8_t *at = data;
    while (bytes > 0) {
        ssize_t put = pwrite(fd, at, bytes, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put == 0)
            errno = EIO;
        if (put <= 0)
            return hub_file_error(errno);
        at += put;
        bytes -= (size_t)put;
        offset += (uint64_t)put;
    }
    return RH_OK;
}

enum rh_err hub_file_zero(int fd, uint64_t from, uint64_t to)
{
    while (from < to) {
        size_t step = to - from < sizeof zeros ? (size_t)(to - from) : sizeof zeros;
        enum rh_err err = hub_file_write(fd, zeros, step, from);
        if (err != RH_OK)
            return err;
        from += step;
    }
    return RH_OK;
}

enum rh_err hub_file_wipe(int fd, uint64_t from, uint64_t to)
{
    enum rh_err err = hub_file_zero(fd, from + HUB_SECTOR_BYTES - 1, from + HUB_SECTOR_BYTES);
    if (err == RH_OK)
        err = hub_file_zero(fd, from + HUB_BLOCK_BYTES - 1, from + HUB_BLOCK_BYTES);
    if (err == RH_OK)
        err = hub_file_sync(fd);
    if (err == RH_OK)
        err = hub_file_zero(fd, from, to);
    return err == RH_OK ? hub_file_sync(fd) : err;
}

enum rh_err hub_file_read(int fd, void *data, size_t bytes, uint64_t offset, size_t *got)
{
    uint8_t *at = data;
    *got = 0;
    while (*got < bytes) {
        ssize_t read = pread(fd, at + *got, bytes - *got, (off_t)(offset + *got));
        if (read < 0 && errno == EINTR)
            continue;
        if (read < 0)
            return hub_file_error(errno);
        if (read == 0)
            break;
        *got += (size_t)read;
    }
    return RH_OK;
}

enum rh_err hub_file_size(int fd, uint64_t *bytes)
{
    struct stat status;
    *bytes = 0;
    if (fstat(fd, &status) != 0)
        return hub_file_error(errno);
    *bytes = (uint64_t)status.st_size;
    return RH_OK;
}

enum rh_err hub_file_sync(int fd)
{
    return fdatasync(fd) == 0 ? RH_OK : hub_file_error(errno);
}

enum rh_err hub_file_sync_all(int fd)
{
    return fsync(fd) == 0 ? RH_OK : hub_file_error(errno);
}

void hub_segment_name(uint64_t first_index, char out[HUB_SEGMENT_NAME_BYTES])
{
    snprintf(out, HUB_SEGMENT_NAME_BYTES, "segment-%016" PRIx64 ".rhj", first_index);
}

static bool parse_name(const char *name, uint64_t *first_index)
{
    static const char digits[] = "0123456789abcdef";
    static const char prefix[] = "segment-";
    size_t start = sizeof prefix - 1;
    if (strncmp(name, prefix, start) != 0 || strlen(name) != start + 16 + 4 ||
        strcmp(name + start + 16, ".rhj") != 0)
        return false;
    uint64_t value = 0;
    for (size_t i = start; i < start + 16; i++) {
        const char *digit = strchr(digits, name[i]);
        if (digit == NULL)
            return false;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    *first_index = value;
    return true;
}

static int compare_index(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;
    return (*a > *b) - (*a < *b);
}

/* Reads every entry; stops at the first error. */
static enum rh_err collect(DIR *directory, uint64_t **list, size_t *count)
{
    size_t capacity = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL)
            return errno == 0 ? RH_OK : hub_file_error(errno);
        uint64_t index;
        if (!parse_name(entry->d_name, &index))
            continue;
        if (*count == capacity) {
            capacity = capacity == 0 ? 64 : capacity * 2;
            uint64_t *grown = realloc(*list, capacity * sizeof **list);
            if (grown == NULL)
                return RH_ERR_NOMEM;
            *list = grown;
        }
        (*list)[(*count)++] = index;
    }
}

enum rh_err hub_segment_list(int dir_fd, uint64_t **list, size_t *count)
{
    *list = NULL;
    *count = 0;
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return hub_file_error(errno);
    DIR *directory = fdopendir(fd);
    if (directory == NULL) {
        enum rh_err failed = hub_file_error(errno);
        close(fd);
        return failed;
    }
    enum rh_err err = collect(directory, list, count);
    closedir(directory);
    if (err != RH_OK) {
        free(*list);
        *list = NULL;
        *count = 0;
    } else if (*count > 1) {
        qsort(*list, *count, sizeof **list, compare_index);
    }
    return err;
}

bool hub_file_has_room(int fd, uint64_t bytes)
{
    struct statvfs about;
    if (fstatvfs(fd, &about) != 0)
        return true;
    return (uint64_t)about.f_bavail * about.f_frsize >= bytes;
}
