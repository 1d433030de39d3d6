/* What is cut is kept: an unfinished frame is copied to DIR/quarantine before its place is
 * zeroed. The rest of the segment is zeroed too, all of it: a shorter frame written there
 * later must not leave old bytes behind that look like a frame. */
#include "journal/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 1000 };

/* The directory, made when missing. */
static enum rh_err open_quarantine(struct hub_journal *journal, int *fd)
{
    if (mkdirat(journal->dir_fd, HUB_QUARANTINE_NAME, 0700) != 0 && errno != EEXIST)
        return hub_file_error(errno);
    *fd = openat(journal->dir_fd, HUB_QUARANTINE_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return hub_file_error(errno);
    return hub_file_sync_all(journal->dir_fd);
}

/* A new file named after the place; never over an older one. */
static enum rh_err create_new(int dir_fd, uint64_t segment, uint32_t from,
                              struct hub_journal_report *report, int *fd)
{
    for (unsigned i = 0; i < NAMES_MAX; i++) {
        snprintf(report->cut_file, sizeof report->cut_file,
                 "segment-%016" PRIx64 "-%08" PRIx32 "-%03u.torn", segment, from, i);
        *fd = openat(dir_fd, report->cut_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (*fd >= 0)
            return RH_OK;
        if (errno != EEXIST)
            return hub_file_error(errno);
    }
    return RH_ERR_EXISTS;
}

static enum rh_err copy_bytes(struct hub_walk *walk, int fd, uint32_t from, uint32_t end)
{
    for (uint32_t at = from; at < end;) {
        uint32_t step = end - at < HUB_FILE_STEP_BYTES ? end - at : HUB_FILE_STEP_BYTES;
        const uint8_t *data = hub_walk_bytes(walk, at, step);
        enum rh_err err = data == NULL ? walk->err : hub_file_write(fd, data, step, at - from);
        if (err != RH_OK)
            return err;
        at += step;
    }
    return hub_file_sync_all(fd);
}

static enum rh_err keep_copy(struct hub_journal *journal, struct hub_walk *walk, uint32_t from,
                             uint32_t end, struct hub_journal_report *report)
{
    int dir_fd = -1;
    int fd = -1;
    enum rh_err err = open_quarantine(journal, &dir_fd);
    if (err == RH_OK)
        err = create_new(dir_fd, walk->segment, from, report, &fd);
    if (err == RH_OK)
        err = copy_bytes(walk, fd, from, end);
    if (err == RH_OK)
        err = hub_file_sync_all(dir_fd);
    if (err != RH_OK && fd >= 0)
        unlinkat(dir_fd, report->cut_file, 0);
    if (fd >= 0)
        close(fd);
    if (dir_fd >= 0)
        close(dir_fd);
    return err;
}

enum rh_err hub_journal_quarantine(struct hub_journal *journal, struct hub_walk *walk,
                                   uint32_t from, uint32_t end, uint64_t frame,
                                   struct hub_journal_report *report)
{
    rh_assert(!journal->read_only);
    enum rh_err err = keep_copy(journal, walk, from, end, report);
    if (err == RH_OK)
        err = hub_file_wipe(walk->fd, from, walk->segment_bytes);
    walk->window_bytes = 0;
    if (err != RH_OK)
        return err;
    report->cut = true;
    report->cut_segment = walk->segment;
    report->cut_offset = from;
    report->cut_bytes = end - from;
    report->cut_frame = frame;
    report->cut_index = walk->index;
    return RH_OK;
}
