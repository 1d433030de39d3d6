/* Files, so that a reader never sees half of one and a crash leaves either all or nothing. All
 * names are relative to open directories: a room that is renamed away stays the room. */
#include "doors/folder/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rh/refusal.h>

#include "runtime/words.h"

enum { TROUBLE_MS = 5000 };

static enum rh_err from_errno(int code)
{
    switch (code) {
    case ENOENT:
        return RH_ERR_NOTFOUND;
    case EACCES:
    case EPERM:
        return RH_ERR_DENIED;
    case ENOSPC:
    case EDQUOT:
        return RH_ERR_NOSPACE;
    case EISDIR:
    case ELOOP:
    case ENXIO:
        return RH_ERR_INVALID;
    default:
        return RH_ERR_IO;
    }
}

enum rh_err folder_sync(int room)
{
    return fsync(room) == 0 ? RH_OK : from_errno(errno);
}

static enum rh_err write_all(int fd, const uint8_t *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t put = write(fd, data, bytes);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return from_errno(errno);
        data += put;
        bytes -= (size_t)put;
    }
    return fsync(fd) == 0 ? RH_OK : from_errno(errno);
}

enum rh_err folder_write_plain(int room, const char *name, const void *data, size_t bytes)
{
    int fd = openat(room, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return from_errno(errno);
    enum rh_err err = write_all(fd, data, bytes);
    if (close(fd) != 0 && err == RH_OK)
        err = from_errno(errno);
    return err;
}

enum rh_err folder_write(int room, const char *name, const void *data, size_t bytes)
{
    char hidden[AGENT_NAME_BYTES_MAX + 16];
    snprintf(hidden, sizeof hidden, ".%.240s.part", name);
    enum rh_err err = folder_write_plain(room, hidden, data, bytes);
    if (err == RH_OK && renameat(room, hidden, room, name) != 0)
        err = from_errno(errno);
    if (err != RH_OK)
        unlinkat(room, hidden, 0);
    return err;
}

enum rh_err folder_write_json(int room, const char *name, json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    if (text == NULL)
        return RH_ERR_NOMEM;
    enum rh_err err = folder_write(room, name, text, strlen(text));
    free(text);
    return err;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_ino == b->st_ino &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static enum rh_err read_open(int fd, size_t max, uint8_t **data, size_t *bytes)
{
    struct stat before, after;
    if (fstat(fd, &before) != 0)
        return from_errno(errno);
    if (!S_ISREG(before.st_mode))
        return RH_ERR_INVALID;
    if ((uint64_t)before.st_size > max)
        return RH_ERR_FULL;
    *data = malloc((size_t)before.st_size + 1);
    rh_assert(*data != NULL);
    *bytes = 0;
    while (*bytes < (size_t)before.st_size) {
        ssize_t got = read(fd, *data + *bytes, (size_t)before.st_size - *bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        *bytes += (size_t)got;
    }
    (*data)[*bytes] = 0;
    if (fstat(fd, &after) != 0 || !same_file(&before, &after) ||
        *bytes != (size_t)before.st_size)
        return RH_ERR_AGAIN;
    return RH_OK;
}

enum rh_err folder_read(int room, const char *name, size_t max, uint8_t **data, size_t *bytes)
{
    *data = NULL;
    int fd = openat(room, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return from_errno(errno);
    enum rh_err err = read_open(fd, max, data, bytes);
    close(fd);
    if (err != RH_OK) {
        free(*data);
        *data = NULL;
    }
    return err;
}

bool folder_holds(int room, const char *name, const struct rh_hash *hash, size_t max)
{
    uint8_t *data;
    size_t bytes;
    struct rh_hash own;
    if (folder_read(room, name, max, &data, &bytes) != RH_OK)
        return false;
    rh_hash(data, bytes, &own);
    free(data);
    return rh_hash_equal(&own, hash);
}

void folder_with_end(const char *name, const char *end, char *out)
{
    size_t bytes = strlen(name), tail = strlen(".json");
    if (bytes > tail && strcmp(name + bytes - tail, ".json") == 0)
        bytes -= tail;
    rh_assert(bytes + strlen(end) <= AGENT_NAME_BYTES_MAX);
    memcpy(out, name, bytes);
    memcpy(out + bytes, end, strlen(end) + 1);
}

DIR *folder_entries(int fd)
{
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir != NULL)
        rewinddir(dir); /* a duplicate stands where the room was read last */
    else if (fd >= 0)
        close(fd);
    return dir;
}

void folder_remove_dir(int room, const char *name)
{
    DIR *dir =
        folder_entries(openat(room, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    const struct dirent *entry;
    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    unlinkat(room, name, AT_REMOVEDIR);
}

void folder_disk_trouble(struct folder *folder, enum rh_err err, const char *what)
{
    folder->give_at = agent_monotonic_ms() + TROUBLE_MS;
    agent_trouble(folder->options.agent, "folder_trouble",
                  err == RH_ERR_NOSPACE ? RH_REFUSE_DISK_FULL : RH_REFUSE_FILE_UNREADABLE,
                  what);
}
