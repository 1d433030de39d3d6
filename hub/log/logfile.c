#include "log/logfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum rh_err from_errno(int code)
{
    if (code == ENOENT)
        return RH_ERR_NOTFOUND;
    if (code == ENOSPC || code == EDQUOT)
        return RH_ERR_NOSPACE;
    return RH_ERR_IO;
}

static int open_again(const char *path, int flags, mode_t mode)
{
    int fd;

    do {
        fd = open(path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static enum rh_err write_all(int fd, const uint8_t *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t done = write(fd, data, bytes);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return from_errno(errno);
        data += done;
        bytes -= (size_t)done;
    }
    return RH_OK;
}

static enum rh_err make_parents(const char *path, size_t base_bytes)
{
    char part[HUB_LOGFILE_PATH_BYTES];

    for (size_t at = base_bytes; path[at] != '\0'; at++) {
        if (path[at] != '/' || at == 0)
            continue;
        memcpy(part, path, at);
        part[at] = '\0';
        if (mkdir(part, 0750) != 0 && errno != EEXIST)
            return from_errno(errno);
    }
    return RH_OK;
}

/* Bytes into an open new file; closes it in any case. A failed close can be the first word of
 * a failed write on some file systems, so it counts. */
static enum rh_err fill(int fd, const void *data, size_t bytes, bool sync)
{
    enum rh_err err = write_all(fd, data, bytes);

    if (err == RH_OK && sync && fsync(fd) != 0)
        err = from_errno(errno);
    if (err == RH_OK && !sync)
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* starts writing back */
    if (close(fd) != 0 && err == RH_OK)
        err = from_errno(errno);
    return err;
}

enum rh_err hub_logfile_write(const char *path, size_t base_bytes, const void *data,
                              size_t bytes, bool sync)
{
    char draft[HUB_LOGFILE_PATH_BYTES];
    int flags = O_WRONLY | O_CREAT | O_TRUNC;

    int length = snprintf(draft, sizeof draft, "%s.tmp", path);
    if (length < 0 || (size_t)length >= sizeof draft)
        return RH_ERR_IO;

    int fd = open_again(draft, flags, 0640);
    if (fd < 0 && errno == ENOENT) {
        enum rh_err err = make_parents(draft, base_bytes);
        if (err != RH_OK)
            return err == RH_ERR_NOTFOUND ? RH_ERR_IO : err;
        fd = open_again(draft, flags, 0640);
    }
    if (fd < 0)
        return errno == ENOENT ? RH_ERR_IO : from_errno(errno);

    enum rh_err err = fill(fd, data, bytes, sync);
    if (err == RH_OK && rename(draft, path) != 0)
        err = from_errno(errno);
    if (err != RH_OK)
        (void)unlink(draft);
    return err;
}

enum rh_err hub_logfile_read(const char *path, void *out, size_t capacity, size_t *bytes)
{
    enum rh_err err = RH_OK;
    uint8_t *to = out;
    size_t filled = 0;
    int fd = open_again(path, O_RDONLY, 0);

    *bytes = 0;
    if (fd < 0)
        return from_errno(errno);
    for (;;) {
        uint8_t beyond;
        bool full = filled == capacity;
        ssize_t done = read(fd, full ? &beyond : to + filled, full ? 1 : capacity - filled);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            err = from_errno(errno);
        else if (done > 0 && full)
            err = RH_ERR_FULL;
        if (done <= 0 || full)
            break;
        filled += (size_t)done;
    }
    (void)close(fd); /* only read from */
    *bytes = err == RH_OK ? filled : 0;
    return err;
}

enum rh_err hub_logfile_sync(const char *path)
{
    enum rh_err err = RH_OK;
    int fd = open_again(path, O_RDONLY, 0);

    if (fd < 0)
        return from_errno(errno);
    if (fsync(fd) != 0)
        err = from_errno(errno);
    (void)close(fd);
    return err;
}

static bool parse_number(const char *name, uint64_t *out)
{
    uint64_t value = 0;
    size_t digits = 0;

    for (; name[digits] != '\0'; digits++) {
        if (digits == 19 || name[digits] < '0' || name[digits] > '9')
            return false;
        value = value * 10 + (uint64_t)(name[digits] - '0');
    }
    *out = value;
    return digits == 1 || (digits > 1 && name[0] != '0');
}

enum rh_err hub_logfile_greatest(const char *path, uint64_t *out)
{
    enum rh_err err = RH_ERR_NOTFOUND;
    DIR *directory = opendir(path);

    if (directory == NULL)
        return from_errno(errno);
    errno = 0;
    for (struct dirent *item = readdir(directory); item != NULL; item = readdir(directory)) {
        uint64_t number;
        if (parse_number(item->d_name, &number) && (err != RH_OK || number > *out)) {
            *out = number;
            err = RH_OK;
        }
    }
    if (errno != 0)
        err = RH_ERR_IO;
    (void)closedir(directory);
    return err;
}

void hub_logfile_remove_directory(const char *path)
{
    char entry[HUB_LOGFILE_PATH_BYTES];
    DIR *directory = opendir(path);

    if (directory == NULL)
        return;
    for (struct dirent *item = readdir(directory); item != NULL; item = readdir(directory)) {
        int length = snprintf(entry, sizeof entry, "%s/%s", path, item->d_name);
        if (item->d_name[0] != '.' && length > 0 && (size_t)length < sizeof entry)
            (void)unlink(entry);
    }
    (void)closedir(directory);
    (void)rmdir(path);
}
