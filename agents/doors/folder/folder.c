#include "doors/folder/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <rh/refusal.h>

#include "runtime/words.h"

enum { SETTLE_MS = 2000, RESCAN_MS = 10000, BYTES_MAX = 1024 * 1024 };

static const char *const room_names[ROOMS] = {
    [ROOM_OUT] = "out",       [ROOM_IN] = "in",     [ROOM_SENT] = "sent",
    [ROOM_FAILED] = "failed", [ROOM_DONE] = "done", [ROOM_TMP] = "tmp",
};

static enum rh_err from_errno(int code)
{
    return code == ENOENT                     ? RH_ERR_NOTFOUND
           : code == EACCES || code == EPERM ? RH_ERR_DENIED
           : code == ENOSPC                   ? RH_ERR_NOSPACE
                                              : RH_ERR_IO;
}

static enum rh_err open_rooms(const char *dir, int rooms[ROOMS])
{
    int base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (base < 0)
        return from_errno(errno);
    enum rh_err err = RH_OK;
    for (int i = 0; i < ROOMS && err == RH_OK; i++) {
        if (mkdirat(base, room_names[i], 0770) != 0 && errno != EEXIST)
            err = from_errno(errno);
        rooms[i] = openat(base, room_names[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (rooms[i] < 0 && err == RH_OK)
            err = from_errno(errno);
    }
    if (err == RH_OK && fsync(base) != 0)
        err = RH_ERR_IO;
    close(base);
    return err;
}

static void close_rooms(int rooms[ROOMS])
{
    for (int i = 0; i < ROOMS; i++)
        if (rooms[i] >= 0)
            close(rooms[i]);
}

enum rh_err folder_prepare(const char *dir)
{
    int rooms[ROOMS] = { -1, -1, -1, -1, -1, -1 };
    enum rh_err err = open_rooms(dir, rooms);
    close_rooms(rooms);
    return err;
}

/* ---- changes ---------------------------------------------------------------------------- */

static void watch_rooms(struct folder *folder, const char *dir)
{
    char path[AGENT_PATH_BYTES];
    folder->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (folder->events < 0)
        return; /* the rescan finds everything, later */
    snprintf(path, sizeof path, "%s/%s", dir, room_names[ROOM_OUT]);
    folder->watch_out = inotify_add_watch(folder->events, path, IN_MOVED_TO | IN_CLOSE_WRITE);
    snprintf(path, sizeof path, "%s/%s", dir, room_names[ROOM_DONE]);
    folder->watch_done = inotify_add_watch(folder->events, path, IN_MOVED_TO | IN_CLOSE_WRITE);
}

static void take_event(struct folder *folder, const struct inotify_event *event)
{
    if ((event->mask & IN_Q_OVERFLOW) != 0)
        folder->scan_at = 0;
    else if (event->len > 0 && event->wd == folder->watch_out)
        folder_note_event(folder, event->name, (event->mask & IN_MOVED_TO) != 0);
    else if (event->len > 0 && event->wd == folder->watch_done)
        folder_note_done(folder, event->name);
}

static void read_events(struct folder *folder)
{
    union {
        struct inotify_event event; /* for its alignment */
        char bytes[16384];
    } buffer;
    ssize_t got;
    while (folder->events >= 0 &&
           (got = read(folder->events, buffer.bytes, sizeof buffer.bytes)) > 0) {
        for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= got;) {
            struct inotify_event event;
            memcpy(&event, buffer.bytes + at, sizeof event);
            /* The name follows the head; hand both on from where they lie. */
            const struct inotify_event *whole = (const void *)(buffer.bytes + at);
            take_event(folder, whole);
            at += (ssize_t)(sizeof event + event.len);
        }
    }
}

/* ---- the door --------------------------------------------------------------------------- */

static uint32_t fds_of(void *context, int *fds, uint32_t max)
{
    const struct folder *folder = context;
    if (folder->events < 0 || max == 0)
        return 0;
    fds[0] = folder->events;
    return 1;
}

static uint32_t wait_ms_of(void *context)
{
    return folder_out_wait_ms(context);
}

static enum rh_err take(void *context)
{
    struct folder *folder = context;
    uint64_t now = agent_monotonic_ms();
    read_events(folder);
    if (now >= folder->scan_at) {
        bool first = folder->scan_at == 0;
        folder->scan_at = now + folder->options.rescan_ms;
        folder_scan_out(folder);
        folder_scan_done(folder, first);
    }
    return folder_take(folder);
}

static enum rh_err give(void *context)
{
    struct folder *folder = context;
    if (agent_monotonic_ms() < folder->give_at)
        return RH_OK;
    enum rh_err err = folder_give_answers(folder);
    return err == RH_OK ? folder_give_deliveries(folder) : err;
}

static void hold(void *context, bool on)
{
    struct folder *folder = context;
    folder->hold = on;
}

static void close_folder(void *context)
{
    struct folder *folder = context;
    folder_forget_all(folder);
    close_rooms(folder->rooms);
    if (folder->events >= 0)
        close(folder->events);
    free(folder->files);
    free(folder);
}

static bool known_encoding(const char **encoding)
{
    static const char *const names[] = { "gb18030", "GB18030", "gbk", "GBK" };
    if (*encoding == NULL || strcmp(*encoding, "utf-8") == 0 ||
        strcmp(*encoding, "UTF-8") == 0) {
        *encoding = NULL;
        return true;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(*encoding, names[i]) == 0) {
            *encoding = "GB18030"; /* GBK is a part of it */
            return true;
        }
    return false;
}

enum rh_err folder_open(const struct folder_options *options, struct agent_door *out)
{
    struct folder *folder = calloc(1, sizeof *folder);
    rh_assert(folder != NULL);
    folder->options = *options;
    folder->events = folder->watch_out = folder->watch_done = -1;
    for (int i = 0; i < ROOMS; i++)
        folder->rooms[i] = -1;
    folder->files = calloc(FOLDER_FILES_MAX, sizeof(struct folder_file *));
    rh_assert(folder->files != NULL);
    struct folder_options *own = &folder->options;
    own->settle_ms = own->settle_ms != 0 ? own->settle_ms : SETTLE_MS;
    own->rescan_ms = own->rescan_ms != 0 ? own->rescan_ms : RESCAN_MS;
    own->bytes_max = own->bytes_max != 0 ? own->bytes_max : BYTES_MAX;

    enum rh_err err = known_encoding(&own->encoding) ? open_rooms(options->dir, folder->rooms)
                                                     : RH_ERR_CONFIG;
    if (err != RH_OK) {
        close_folder(folder);
        return err;
    }
    watch_rooms(folder, options->dir);
    own->dir = NULL;
    *out = (struct agent_door){ .name = "folder",
                                .context = folder,
                                .places = true,
                                .fds = fds_of,
                                .wait_ms = wait_ms_of,
                                .take = take,
                                .give = give,
                                .hold = hold,
                                .close = close_folder };
    return RH_OK;
}
