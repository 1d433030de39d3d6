/* Key files and cards on disk. Compiled with POSIX; the text is keyfile.c's. */
#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rh/hash.h>
#include <rh/seal.h>

enum { PATH_BYTES_MAX = 4096 };

static enum rh_err from_errno(int code)
{
    switch (code) {
    case EEXIST:
        return RH_ERR_EXISTS;
    case ENOENT:
    case ENOTDIR:
        return RH_ERR_NOTFOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return RH_ERR_DENIED;
    case ENOSPC:
    case EDQUOT:
        return RH_ERR_NOSPACE;
    case ENOMEM:
        return RH_ERR_NOMEM;
    case ENAMETOOLONG:
        return RH_ERR_INVALID;
    default:
        return RH_ERR_IO;
    }
}

/* Sync the directory of a path, without which a new name may not survive a power cut. */
static enum rh_err sync_directory_of(const char *path)
{
    char directory[PATH_BYTES_MAX];
    const char *slash = strrchr(path, '/');
    size_t bytes = slash == NULL ? 0 : (size_t)(slash - path);
    if (bytes >= sizeof directory)
        return RH_ERR_INVALID;
    if (slash == NULL)
        directory[bytes++] = '.';
    else if (bytes == 0)
        directory[bytes++] = '/';
    else
        memcpy(directory, path, bytes);
    directory[bytes] = '\0';

    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return from_errno(errno);
    enum rh_err err = fsync(fd) == 0 ? RH_OK : from_errno(errno);
    close(fd);
    return err;
}

static enum rh_err write_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t written = write(fd, data, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return from_errno(errno);
        data += written;
        bytes -= (size_t)written;
    }
    return RH_OK;
}

/* A new file, written and synced; nothing is left of it when that fails. */
static enum rh_err create_file(const char *path, mode_t mode, const char *data, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return from_errno(errno);
    enum rh_err err = write_all(fd, data, bytes);
    if (err == RH_OK && fsync(fd) != 0)
        err = from_errno(errno);
    if (close(fd) != 0 && err == RH_OK)
        err = from_errno(errno);
    if (err != RH_OK)
        unlink(path);
    return err;
}

/* Up to capacity bytes of an open regular file; RH_ERR_INVALID when it holds more. */
static enum rh_err read_all(int fd, char *data, size_t capacity, size_t *bytes)
{
    *bytes = 0;
    for (;;) {
        char beyond;
        bool full = *bytes == capacity;
        ssize_t got = full ? read(fd, &beyond, 1) : read(fd, data + *bytes, capacity - *bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return from_errno(errno);
        if (got == 0)
            return RH_OK;
        if (full)
            return RH_ERR_INVALID;
        *bytes += (size_t)got;
    }
}

/* `forbidden` are the mode bits that must not be set. O_NONBLOCK: somebody else's pipe of
 * that name must not hang us; for a regular file it means nothing. */
static enum rh_err load_file(const char *path, mode_t forbidden, char *data, size_t capacity,
                             size_t *bytes)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return from_errno(errno);
    struct stat status;
    enum rh_err err = RH_OK;
    if (fstat(fd, &status) != 0)
        err = from_errno(errno);
    else if (!S_ISREG(status.st_mode))
        err = RH_ERR_INVALID;
    else if ((status.st_mode & forbidden) != 0)
        err = RH_ERR_DENIED;
    if (err == RH_OK)
        err = read_all(fd, data, capacity, bytes);
    close(fd);
    return err;
}

enum rh_err rh_secret_save(const char *path, const struct rh_secret *secret)
{
    char text[RH_KEYFILE_BYTES_MAX];
    size_t bytes;
    enum rh_err err = rh_secret_format(secret, text, sizeof text, &bytes);
    if (err == RH_OK)
        err = create_file(path, S_IRUSR | S_IWUSR, text, bytes);
    rh_wipe(text, sizeof text);
    if (err != RH_OK)
        return err;
    err = sync_directory_of(path);
    if (err != RH_OK)
        unlink(path);
    return err;
}

enum rh_err rh_secret_load(const char *path, enum rh_key_use use, struct rh_secret *out)
{
    char text[RH_KEYFILE_BYTES_MAX];
    size_t bytes;
    enum rh_err err = load_file(path, S_IRWXG | S_IRWXO, text, sizeof text, &bytes);
    if (err == RH_OK)
        err = rh_secret_parse(text, bytes, use, out);
    rh_wipe(text, sizeof text);
    return err;
}

enum rh_err rh_card_save(const char *path, const struct rh_card *card)
{
    char text[RH_KEYFILE_BYTES_MAX];
    size_t bytes;
    enum rh_err err = rh_card_format(card, text, sizeof text, &bytes);
    if (err != RH_OK)
        return err;

    /* A random name beside it: two writers, or the leavings of a dead one, cannot meet. */
    char beside[PATH_BYTES_MAX];
    uint64_t random;
    rh_random(&random, sizeof random);
    int length = snprintf(beside, sizeof beside, "%s.%016" PRIx64 ".tmp", path, random);
    if (length < 0 || (size_t)length >= sizeof beside)
        return RH_ERR_INVALID;
    err = create_file(beside, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, text, bytes);
    if (err != RH_OK)
        return err;
    if (rename(beside, path) != 0) {
        err = from_errno(errno);
        unlink(beside);
        return err;
    }
    return sync_directory_of(path);
}

enum rh_err rh_card_load(const char *path, struct rh_card *out)
{
    char text[RH_KEYFILE_BYTES_MAX];
    size_t bytes;
    enum rh_err err = load_file(path, 0, text, sizeof text, &bytes);
    return err == RH_OK ? rh_card_parse(text, bytes, out) : err;
}
