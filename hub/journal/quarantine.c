/* What is cut is kept: an unfinished frame is copied to DIR/quarantine before its place is
 * zeroed, with a note beside it that stays until the cut is on record. The rest of the segment
 * is zeroed too, all of it: a shorter frame written there later must not leave old bytes behind
 * that look like a frame. */
#include "journal/internal.h"

#include <dirent.h>
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

/* Notes ---------------------------------------------------------------------------------- */

static const char torn_end[] = ".torn", note_end[] = ".note";

/* "<stem>.torn" to "<stem>.note" or back; false when it is neither. */
static bool swap_end(const char *name, const char *from, const char *to, char out[64])
{
    size_t bytes = strlen(name), end = strlen(from);
    if (bytes <= end || bytes - end + strlen(to) >= 64 ||
        strcmp(name + bytes - end, from) != 0)
        return false;
    snprintf(out, 64, "%.*s%s", (int)(bytes - end), name, to);
    return true;
}

static enum rh_err write_note(int dir_fd, const char *file, uint64_t frame, uint32_t bytes)
{
    char name[64];
    char text[sizeof((struct hub_journal_cut *)0)->text];
    rh_assert(swap_end(file, torn_end, note_end, name));
    int used = snprintf(text, sizeof text,
                        "frame %" PRIu64 " of %" PRIu32 " bytes moved to quarantine/%s", frame,
                        bytes, file);
    rh_assert(used > 0 && (size_t)used < sizeof text);
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return hub_file_error(errno);
    enum rh_err err = hub_file_write(fd, text, (size_t)used, 0);
    if (err == RH_OK)
        err = hub_file_sync_all(fd);
    close(fd);
    return err;
}

/* What stands in a note, if it is still what we wrote; else only which file it is about. */
static void read_note(int dir_fd, const char *name, struct hub_journal_cut *out)
{
    size_t got = 0;
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) {
        if (hub_file_read(fd, out->text, sizeof out->text - 1, 0, &got) != RH_OK)
            got = 0;
        close(fd);
    }
    out->text[got] = '\0';
    for (size_t i = 0; i < got; i++)
        if (out->text[i] < ' ' || out->text[i] > '~')
            got = 0;
    if (got == 0)
        snprintf(out->text, sizeof out->text, "a frame moved to quarantine/%s", out->file);
}

/* Into its place by name; of more than `max` the last ones are left out. */
static void add_cut(struct hub_journal_cut *out, size_t max, size_t *count, const char *file)
{
    size_t at = *count;
    while (at > 0 && strcmp(out[at - 1].file, file) > 0)
        at--;
    if (at == max)
        return;
    size_t kept = *count < max ? *count : max - 1;
    memmove(&out[at + 1], &out[at], (kept - at) * sizeof out[0]);
    snprintf(out[at].file, sizeof out[at].file, "%s", file);
    *count = kept + 1;
}

enum rh_err hub_journal_cuts(struct hub_journal *journal, struct hub_journal_cut *out,
                             size_t max, size_t *count)
{
    *count = 0;
    int dir_fd = openat(journal->dir_fd, HUB_QUARANTINE_NAME,
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return errno == ENOENT ? RH_OK : hub_file_error(errno);
    DIR *directory = fdopendir(dir_fd);
    if (directory == NULL) {
        enum rh_err err = hub_file_error(errno);
        close(dir_fd);
        return err;
    }
    const struct dirent *entry;
    errno = 0;
    while ((entry = readdir(directory)) != NULL) {
        char file[64];
        if (swap_end(entry->d_name, note_end, torn_end, file))
            add_cut(out, max, count, file);
        errno = 0;
    }
    enum rh_err err = errno != 0 ? hub_file_error(errno) : RH_OK;
    for (size_t i = 0; err == RH_OK && i < *count; i++) {
        char name[64];
        rh_assert(swap_end(out[i].file, torn_end, note_end, name));
        read_note(dir_fd, name, &out[i]);
    }
    closedir(directory);
    return err;
}

enum rh_err hub_journal_cut_recorded(struct hub_journal *journal,
                                     const struct hub_journal_cut *cut)
{
    char name[64];
    rh_assert(swap_end(cut->file, torn_end, note_end, name));
    int dir_fd = openat(journal->dir_fd, HUB_QUARANTINE_NAME,
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return hub_file_error(errno);
    enum rh_err err = RH_OK;
    if (unlinkat(dir_fd, name, 0) != 0 && errno != ENOENT)
        err = hub_file_error(errno);
    if (err == RH_OK)
        err = hub_file_sync_all(dir_fd);
    close(dir_fd);
    return err;
}

/* The cut --------------------------------------------------------------------------------- */

static enum rh_err keep_copy(struct hub_journal *journal, struct hub_walk *walk, uint32_t from,
                             uint32_t end, uint64_t frame,
                             struct hub_journal_report *report)
{
    int dir_fd = -1;
    int fd = -1;
    enum rh_err err = open_quarantine(journal, &dir_fd);
    if (err == RH_OK)
        err = create_new(dir_fd, walk->segment, from, report, &fd);
    if (err == RH_OK)
        err = copy_bytes(walk, fd, from, end);
    if (err == RH_OK)
        err = write_note(dir_fd, report->cut_file, frame, end - from);
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
    enum rh_err err = keep_copy(journal, walk, from, end, frame, report);
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
