/* Recovery: the only way a journal is opened for writing.
 *
 * Only the last segment is walked; the ones before were left whole when it began, and every
 * scan verifies what it passes. Three ends are possible behind the last good frame: nothing
 * but zeros; a frame cut short by a crash, which nobody was told of (moved to quarantine);
 * anything else, which is damage: stop, change nothing, say where.
 *
 * The crash may also have come between giving the next segment its name and its first sync:
 * then the last file has no good header block. It is taken back to being a spare. */
#include "journal/internal.h"

#include <rh/text.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rh/hash.h>

/* The last good frame, to be written again. */
struct tail {
    bool found;
    uint32_t offset, bytes;
    uint64_t term, time_ms;
};

struct recovery {
    struct hub_journal *journal;
    struct hub_journal_report *report;
    struct hub_walk *walk;
    uint64_t *list; /* first indexes of the segment files */
    size_t count;
    struct tail tail;
};

static enum rh_err io_report(struct recovery *r, enum rh_err err, const char *what,
                             uint64_t segment)
{
    char reason[128];
    hub_file_error_text(errno, reason, sizeof reason);
    snprintf(r->report->text, sizeof r->report->text, _("segment %016" PRIx64 ": %s: %s"),
             segment, rh_text(what), reason);
    return err == RH_ERR_NOTFOUND ? RH_ERR_IO : err;
}

static enum rh_err open_segment(struct recovery *r, uint64_t segment, int *fd)
{
    char name[HUB_SEGMENT_NAME_BYTES];
    hub_segment_name(segment, name);
    *fd = openat(r->journal->dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        return io_report(r, hub_file_error(errno), N_("cannot be opened"), segment);
    return RH_OK;
}

/* "<place and difference>; <why it is not an unfinished frame>" */
static enum rh_err damage(struct recovery *r, const char *why)
{
    size_t capacity = sizeof r->report->text;
    hub_walk_describe(r->walk, r->report->text, capacity);
    size_t used = strlen(r->report->text);
    if (why[0] != '\0')
        snprintf(r->report->text + used, capacity - used, "; %s", rh_text(why));
    return RH_ERR_CORRUPT;
}

/* What was confirmed, published or applied is never cut. "" when the place is free. */
static const char *why_not_cut(const struct hub_journal *journal, uint64_t index)
{
    if (index < journal->applied_size)
        return N_("the views have applied it");
    if (index < journal->published_size)
        return N_("a published checkpoint covers it");
    return "";
}

/* Head and file of the segment agree with its name and with one another. */
static enum rh_err check_segment(struct recovery *r)
{
    struct hub_walk *walk = r->walk;
    struct hub_fault *fault = &walk->bad.fault;
    if (walk->head.first_index != walk->segment)
        *fault = (struct hub_fault){ .what = N_("first index in the header block"),
                                     .expected = walk->segment,
                                     .found = walk->head.first_index };
    else if (walk->file_bytes != walk->head.segment_bytes)
        *fault = (struct hub_fault){ .what = N_("length of the file"),
                                     .expected = walk->head.segment_bytes,
                                     .found = walk->file_bytes };
    else
        return RH_OK;
    return damage(r, "");
}

/* Step to the end of the segment; the walk stands there. END or BAD or ERROR. */
static enum hub_step walk_frames(struct recovery *r)
{
    struct hub_walk *walk = r->walk;
    enum hub_step step;
    while ((step = hub_walk_step(walk)) == HUB_STEP_FRAME)
        r->tail = (struct tail){ .found = true,
                                 .offset = walk->frame_offset,
                                 .bytes = walk->frame.frame_bytes,
                                 .term = walk->frame.frame.term,
                                 .time_ms = walk->frame.frame.time_ms };
    return step;
}

/* The segment before the last one: whole up to a clean end. *fd is the caller's. */
static enum rh_err walk_earlier(struct recovery *r, uint64_t segment, int *fd)
{
    enum rh_err err = open_segment(r, segment, fd);
    if (err != RH_OK)
        return err;
    err = hub_walk_begin(r->walk, *fd, segment);
    if (err == RH_ERR_CORRUPT)
        return damage(r, "a later segment follows it");
    if (err != RH_OK)
        return io_report(r, err, N_("cannot be read"), segment);
    err = check_segment(r);
    if (err != RH_OK)
        return err;
    hub_walk_adopt(r->walk);
    enum hub_step step = walk_frames(r);
    if (step == HUB_STEP_ERROR)
        return io_report(r, r->walk->err, N_("cannot be read"), segment);
    return step == HUB_STEP_BAD ? damage(r, "a later segment follows it") : RH_OK;
}

/* The page cache is not the disk: what is good is written again, and synced. */
static enum rh_err rewrite(struct recovery *r, int fd)
{
    struct hub_walk *walk = r->walk;
    const uint8_t *data;
    enum rh_err err = RH_OK;
    if (!r->tail.found || r->tail.offset == HUB_BLOCK_BYTES) {
        data = hub_walk_bytes(walk, 0, HUB_BLOCK_BYTES);
        err = data == NULL ? walk->err : hub_file_write(fd, data, HUB_BLOCK_BYTES, 0);
    }
    if (err == RH_OK && r->tail.found) {
        data = hub_walk_bytes(walk, r->tail.offset, r->tail.bytes);
        err = data == NULL ? walk->err
                           : hub_file_write(fd, data, r->tail.bytes, r->tail.offset);
    }
    if (err == RH_OK)
        err = hub_file_sync(fd);
    if (err == RH_OK)
        return RH_OK;
    return io_report(r, err, N_("its last frame cannot be rewritten"), walk->segment);
}

/* A bad place behind the last good frame: cut it, or stop. */
static enum rh_err cut_or_stop(struct recovery *r)
{
    struct hub_walk *walk = r->walk;
    bool unfinished;
    uint32_t end;
    const char *why;
    enum rh_err err = hub_walk_unfinished(walk, &unfinished, &end, &why);
    if (err != RH_OK)
        return io_report(r, err, N_("cannot be read"), walk->segment);
    if (unfinished)
        why = why_not_cut(r->journal, walk->index);
    if (!unfinished || why[0] != '\0')
        return damage(r, why);
    err = hub_journal_quarantine(r->journal, walk, walk->offset, end, walk->number, r->report);
    return err == RH_OK
               ? RH_OK
               : io_report(r, err, N_("its unfinished end cannot be put into quarantine"),
                           walk->segment);
}

/* No good header block in the last file. With the segment before it walked, decide whether
 * it is a switch cut short, and undo it. */
static enum rh_err undo_switch(struct recovery *r, int fd, uint64_t segment)
{
    struct hub_walk *walk = r->walk;
    struct hub_journal *journal = r->journal;
    uint64_t expected = r->count > 1 ? walk->index : segment;
    uint64_t number = r->count > 1 ? walk->number : 0;
    uint32_t end, offset;
    struct hub_frame_head later;
    enum rh_err err = hub_walk_begin(walk, fd, segment);
    const uint8_t *block = NULL;
    if (err == RH_OK || err == RH_ERR_CORRUPT)
        block = hub_walk_bytes(walk, 0, HUB_BLOCK_BYTES);
    if (block == NULL || hub_walk_last_used(walk, 0, &end) != RH_OK)
        return io_report(r, RH_ERR_IO, N_("cannot be read"), segment);
    walk->offset = 0;
    walk->number = number;
    walk->index = expected;
    bool torn = block[HUB_BLOCK_BYTES - 1] == 0;
    for (size_t at = 0; at < HUB_BLOCK_BYTES; at += HUB_SECTOR_BYTES)
        torn = torn || hub_format_is_zero(block + at, HUB_SECTOR_BYTES);
    if (!torn)
        return damage(r, "every sector of the header block is there");
    if (r->count == 1 && segment != 0)
        return damage(r, "the segments before it are not here");
    if (expected != segment)
        return damage(r, "its name does not follow the segment before");
    if (end > HUB_BLOCK_BYTES + HUB_JOURNAL_FRAME_BYTES_MAX)
        return damage(r, "more than one frame stands in it");
    err = hub_walk_find(walk, HUB_BLOCK_BYTES, number + 1, &offset, &later);
    if (err == RH_OK)
        return damage(r, "a later frame stands in it");
    const char *why = why_not_cut(journal, expected);
    if (why[0] != '\0')
        return damage(r, why);
    if (end > 0) {
        err = hub_journal_quarantine(journal, walk, 0, end, number, r->report);
        if (err != RH_OK)
            return io_report(r, err, N_("it cannot be put into quarantine"), segment);
    }
    char name[HUB_SEGMENT_NAME_BYTES];
    hub_segment_name(segment, name);
    if (renameat(journal->dir_fd, name, journal->dir_fd, HUB_SPARE_NAME) != 0 ||
        hub_file_sync_all(journal->dir_fd) != RH_OK)
        return io_report(r, RH_ERR_IO, N_("cannot be renamed"), segment);
    return RH_OK;
}

/* Its header block is bad. */
static enum rh_err recover_headless(struct recovery *r, int fd)
{
    uint64_t segment = r->list[r->count - 1];
    enum rh_err err = RH_OK;
    r->walk->salted = false;
    if (r->count > 1) {
        int earlier = -1;
        err = walk_earlier(r, r->list[r->count - 2], &earlier);
        if (earlier >= 0)
            close(earlier);
    }
    if (err == RH_OK)
        err = undo_switch(r, fd, segment);
    r->tail = (struct tail){ .found = false };
    return err;
}

/* No frame in the last segment: the last frame is in the one before. */
static enum rh_err recover_frameless(struct recovery *r)
{
    const struct hub_segment_head head = r->walk->head;
    int earlier = -1;
    enum rh_err err = walk_earlier(r, r->list[r->count - 2], &earlier);
    if (err == RH_OK && (r->walk->index != head.first_index ||
                         r->walk->number != head.first_frame ||
                         r->walk->previous != head.previous)) {
        r->walk->bad.fault =
            (struct hub_fault){ .what = N_("what the next segment says follows"),
                                .expected = r->walk->previous,
                                .found = head.previous };
        err = damage(r, "");
    }
    if (err == RH_OK)
        err = rewrite(r, earlier);
    if (earlier >= 0)
        close(earlier);
    return err;
}

static bool same_hub(const char *a, const char *b)
{
    size_t length = strcspn(a, "/"); /* the generation may differ */
    return length == strcspn(b, "/") && memcmp(a, b, length) == 0;
}

/* Stand behind the last frame of the last segment. Takes fd. */
static void take_position(struct recovery *r, int fd)
{
    struct hub_journal *journal = r->journal;
    const struct hub_walk *walk = r->walk;
    journal->current = (struct hub_current){ .fd = fd,
                                             .segment = walk->segment,
                                             .bytes = walk->segment_bytes,
                                             .offset = walk->offset };
    journal->next_index = walk->index;
    journal->next_frame = walk->number;
    journal->last_checksum = walk->previous;
    journal->last_term = r->tail.term;
    journal->last_time_ms = r->tail.time_ms;
    journal->salt = walk->salt;
    memcpy(journal->newest_hub_id, walk->head.hub_id, sizeof journal->newest_hub_id);
}

/* The last segment, whose header block is good. *kept: fd is the journal's now. */
static enum rh_err recover_last(struct recovery *r, int fd, bool *kept)
{
    struct hub_walk *walk = r->walk;
    enum rh_err err = check_segment(r);
    if (err != RH_OK)
        return err;
    if (!same_hub(walk->head.hub_id, r->journal->hub_id)) {
        snprintf(r->report->text, sizeof r->report->text,
                 _("this is the journal of %s, not of %s"), walk->head.hub_id,
                 r->journal->hub_id);
        return RH_ERR_CONFIG;
    }
    hub_walk_adopt(walk);
    enum hub_step step = walk_frames(r);
    if (step == HUB_STEP_ERROR)
        return io_report(r, walk->err, N_("cannot be read"), walk->segment);
    if (step == HUB_STEP_BAD)
        err = cut_or_stop(r);
    if (err == RH_OK)
        err = rewrite(r, fd);
    if (err != RH_OK)
        return err;
    take_position(r, fd);
    *kept = true;
    if (r->tail.found || r->count == 1)
        return RH_OK;
    err = recover_frameless(r);
    r->journal->last_term = r->tail.term;
    r->journal->last_time_ms = r->tail.time_ms;
    return err;
}

/* One round: the last file either becomes current or a spare again. */
static enum rh_err recover_newest(struct recovery *r, bool *kept)
{
    uint64_t segment = r->list[r->count - 1];
    int fd;
    enum rh_err err = open_segment(r, segment, &fd);
    if (err != RH_OK)
        return err;
    err = hub_walk_begin(r->walk, fd, segment);
    if (err == RH_OK) {
        err = recover_last(r, fd, kept);
    } else if (err == RH_ERR_CORRUPT) {
        err = recover_headless(r, fd);
        r->count -= err == RH_OK;
    } else {
        err = io_report(r, err, N_("cannot be read"), segment);
    }
    if (!*kept)
        close(fd);
    return err;
}

/* Views and checkpoints may lag behind the journal, never lead. */
static enum rh_err check_length(struct recovery *r)
{
    const struct hub_journal *journal = r->journal;
    uint64_t end = journal->next_index;
    const char *who = why_not_cut(journal, end);
    if (who[0] != '\0') {
        snprintf(r->report->text, sizeof r->report->text,
                 _("the journal ends before record %" PRIu64 ", but %s"), end, rh_text(who));
        return RH_ERR_CORRUPT;
    }
    if (!r->report->cut)
        snprintf(r->report->text, sizeof r->report->text,
                 _("records: %" PRIu64 ", frames: %" PRIu64 ", segments here: %zu"), end,
                 journal->next_frame, r->count);
    else
        snprintf(r->report->text, sizeof r->report->text,
                 _("records: %" PRIu64 ", frames: %" PRIu64
                   ", segments here: %zu; an unfinished "
                   "frame of %" PRIu32 " bytes behind them is now quarantine/%s"),
                 end, journal->next_frame, r->count, r->report->cut_bytes, r->report->cut_file);
    return RH_OK;
}

enum rh_err hub_journal_recover(struct hub_journal *journal, struct hub_journal_report *report)
{
    struct recovery r = { .journal = journal, .report = report, .walk = hub_walk_new() };
    bool kept = false;
    enum rh_err err = r.walk == NULL ? RH_ERR_NOMEM
                                     : hub_segment_list(journal->dir_fd, &r.list, &r.count);
    if (err != RH_OK)
        snprintf(report->text, sizeof report->text, _("the directory cannot be read: %s"),
                 rh_text(rh_err_text(err)));
    rh_random(&journal->salt, sizeof journal->salt);
    while (err == RH_OK && !kept && r.count > 0)
        err = recover_newest(&r, &kept);
    if (err == RH_OK)
        err = check_length(&r);
    if (err == RH_OK && hub_file_sync_all(journal->dir_fd) != RH_OK)
        err = io_report(&r, RH_ERR_IO, N_("the directory cannot be synced"), 0);
    journal->segments = r.list;
    journal->segment_count = r.count;
    journal->segment_capacity = r.count;
    hub_walk_destroy(&r.walk);
    return err;
}
