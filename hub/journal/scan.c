/* Scans: every record from an index on, everything verified on the way.
 *
 * A damaged place is named and passed: one record, one frame, or up to the next believable
 * head. What stands behind it is delivered as long as its numbers rise. */
#include "journal/internal.h"

#include <rh/text.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scan {
    struct hub_journal *journal;
    const struct hub_journal_visitor *visitor;
    struct hub_walk *walk;
    uint64_t *segments; /* a copy, owned */
    size_t segment_count;
    uint64_t from, end; /* [from, end) is wanted */
    bool to_the_end;    /* a copy: `end` is not known */
    bool started;       /* the walk has expectations */
    bool damaged;
};

static enum rh_err tell(struct scan *scan, struct hub_journal_damage *damage)
{
    if (damage->kind != HUB_JOURNAL_DAMAGE_UNFINISHED)
        scan->damaged = true;
    if (scan->visitor->damage != NULL)
        return scan->visitor->damage(scan->visitor->arg, damage);
    return damage->kind == HUB_JOURNAL_DAMAGE_UNFINISHED ? RH_OK : RH_ERR_CORRUPT;
}

/* The place before the walk. */
static struct hub_journal_damage here(const struct scan *scan,
                                      enum hub_journal_damage_kind kind)
{
    const struct hub_walk *walk = scan->walk;
    struct hub_journal_damage damage = { .kind = kind,
                                         .segment = walk->segment,
                                         .offset = walk->offset,
                                         .bytes = walk->bad.bytes,
                                         .frame = walk->number,
                                         .index = walk->index };
    hub_walk_describe(walk, damage.text, sizeof damage.text);
    return damage;
}

static enum rh_err deliver(struct scan *scan, uint32_t place)
{
    struct hub_journal_record record;
    struct hub_journal_location location;
    hub_walk_record(scan->walk, place, &record, &location);
    if (record.index < scan->from || record.index >= scan->end)
        return RH_OK;
    return scan->visitor->record(scan->visitor->arg, &record,
                                 (enum hub_journal_content)scan->walk->places[place].content,
                                 &location, &scan->walk->frame.frame);
}

/* All records of a good frame. */
static enum rh_err deliver_frame(struct scan *scan)
{
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; i < scan->walk->place_count && err == RH_OK; i++)
        err = deliver(scan, i);
    return err;
}

/* One record of a damaged frame: named when bad, else delivered. */
static enum rh_err salvage(struct scan *scan, uint32_t i)
{
    const struct hub_walk *walk = scan->walk;
    const struct hub_place *place = &walk->places[i];
    bool content = place->content == HUB_JOURNAL_CONTENT_DAMAGED;
    if (place->bad || content) {
        struct hub_journal_damage damage =
            here(scan, content ? HUB_JOURNAL_DAMAGE_CONTENT : HUB_JOURNAL_DAMAGE_RECORD);
        damage.offset = walk->frame_offset + hub_format_disk_offset(place->offset);
        damage.bytes = place->bytes;
        damage.frame = walk->frame.frame.number;
        damage.index = walk->frame.frame.first_index + i;
        damage.count = 1;
        snprintf(damage.text, sizeof damage.text,
                 _("segment %016" PRIx64 ", offset %" PRIu32 ", frame %" PRIu64
                   ", record %" PRIu64 ": %s fails its checksum"),
                 damage.segment, damage.offset, damage.frame, damage.index,
                 content ? _("its content") : _("it"));
        enum rh_err err = tell(scan, &damage);
        if (err != RH_OK)
            return err;
    }
    return place->bad ? RH_OK : deliver(scan, i);
}

/* A frame whose head can be believed but not all of the rest. */
static enum rh_err salvage_frame(struct scan *scan)
{
    struct hub_walk *walk = scan->walk;
    const struct hub_journal_frame *frame = &walk->frame.frame;
    enum rh_err err = RH_OK;
    if (!walk->bad.fault.record) {
        struct hub_journal_damage damage = here(scan, HUB_JOURNAL_DAMAGE_FRAME);
        if (walk->bad.chain_only && frame->first_index > walk->index) {
            damage.kind = HUB_JOURNAL_DAMAGE_GAP;
            damage.count = frame->first_index - walk->index;
        }
        err = tell(scan, &damage);
    } else if (walk->bad.fault.content && walk->bad.fault.what != NULL) {
        /* Padding behind a content is nobody's record; it is named with the frame. */
        bool content = false;
        for (uint32_t i = 0; i < walk->place_count; i++)
            content = content || walk->places[i].content == HUB_JOURNAL_CONTENT_DAMAGED;
        struct hub_journal_damage damage = here(scan, HUB_JOURNAL_DAMAGE_FRAME);
        err = content ? RH_OK : tell(scan, &damage);
    }
    for (uint32_t i = 0; i < walk->place_count && err == RH_OK; i++)
        err = salvage(scan, i);
    if (err == RH_OK && walk->place_count < frame->record_count) {
        struct hub_journal_damage damage = here(scan, HUB_JOURNAL_DAMAGE_RECORD);
        damage.index = frame->first_index + walk->place_count;
        damage.count = frame->record_count - walk->place_count;
        err = tell(scan, &damage);
    }
    return err == RH_OK ? hub_walk_pass(walk) : err;
}

/* No head to believe: pass to the next one and name the range between. */
static enum rh_err skip_range(struct scan *scan, uint64_t next_segment)
{
    struct hub_walk *walk = scan->walk;
    struct hub_journal_damage damage = here(scan, HUB_JOURNAL_DAMAGE_FRAME);
    uint32_t used;
    enum rh_err err = hub_walk_last_used(walk, walk->offset, &used);
    if (err != RH_OK)
        return err;
    err = hub_walk_pass(walk);
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return err;
    uint64_t next_index = err == RH_OK ? walk->frame.frame.first_index : next_segment;
    damage.bytes = (err == RH_OK ? walk->offset : used) - damage.offset;
    if (next_index > walk->index && next_index != UINT64_MAX)
        damage.count = next_index - walk->index;
    return tell(scan, &damage);
}

/* *ended: nothing more to read in this segment. */
static enum rh_err handle_bad(struct scan *scan, uint64_t next_segment, bool *ended)
{
    struct hub_walk *walk = scan->walk;
    bool last = next_segment == UINT64_MAX;
    if (last && scan->to_the_end) {
        bool unfinished;
        uint32_t end;
        const char *why;
        enum rh_err err = hub_walk_unfinished(walk, &unfinished, &end, &why);
        if (err != RH_OK)
            return err;
        if (unfinished) {
            struct hub_journal_damage damage = here(scan, HUB_JOURNAL_DAMAGE_UNFINISHED);
            damage.bytes = end - walk->offset;
            *ended = true;
            return tell(scan, &damage);
        }
    }
    bool rising = walk->bad.head_good && walk->frame.frame.number >= walk->number &&
                  walk->frame.frame.first_index >= walk->index;
    return rising ? salvage_frame(scan) : skip_range(scan, next_segment);
}

static enum rh_err scan_frames(struct scan *scan, uint64_t next_segment)
{
    bool ended = false;
    enum rh_err err = RH_OK;
    while (err == RH_OK && !ended && scan->walk->index < scan->end) {
        switch (hub_walk_step(scan->walk)) {
        case HUB_STEP_FRAME:
            err = deliver_frame(scan);
            break;
        case HUB_STEP_END:
            ended = true;
            break;
        case HUB_STEP_BAD:
            err = handle_bad(scan, next_segment, &ended);
            break;
        case HUB_STEP_ERROR:
            err = scan->walk->err;
            break;
        }
    }
    return err;
}

static enum rh_err tell_segment(struct scan *scan, enum hub_journal_damage_kind kind,
                                const char *what, uint64_t expected, uint64_t found)
{
    scan->walk->bad.fault = (struct hub_fault){
        .what = what, .expected = expected, .found = found
    };
    scan->walk->offset = 0;
    struct hub_journal_damage damage = here(scan, kind);
    if (kind == HUB_JOURNAL_DAMAGE_GAP && found > expected)
        damage.count = found - expected;
    scan->walk->offset = HUB_BLOCK_BYTES;
    return tell(scan, &damage);
}

/* The header block is good: does it follow? *skip: its records cannot be placed. */
static enum rh_err enter_segment(struct scan *scan, bool *skip)
{
    struct hub_walk *walk = scan->walk;
    const struct hub_segment_head *head = &walk->head;
    enum rh_err err = RH_OK;
    if (!scan->started)
        walk->index = head->first_index;
    if (head->first_index != walk->segment)
        err = tell_segment(scan, HUB_JOURNAL_DAMAGE_SEGMENT, "first index in the header block",
                           walk->segment, head->first_index);
    if (err == RH_OK && walk->file_bytes != head->segment_bytes)
        err = tell_segment(scan, HUB_JOURNAL_DAMAGE_SEGMENT, "length of the file",
                           head->segment_bytes, walk->file_bytes);
    if (err != RH_OK)
        return err;
    if (scan->started) {
        *skip = head->first_index < walk->index || head->first_frame < walk->number;
        bool chained = walk->chained;
        if (*skip || (chained && head->first_index != walk->index))
            err = tell_segment(scan, HUB_JOURNAL_DAMAGE_GAP, "first index in the header block",
                               walk->index, head->first_index);
        else if (chained && head->first_frame != walk->number)
            err = tell_segment(scan, HUB_JOURNAL_DAMAGE_SEGMENT,
                               "first frame in the header block", walk->number,
                               head->first_frame);
        else if (chained && head->previous != walk->previous)
            err = tell_segment(scan, HUB_JOURNAL_DAMAGE_SEGMENT,
                               "checksum of the frame before in the header block",
                               walk->previous, head->previous);
    }
    if (!*skip)
        hub_walk_adopt(walk);
    scan->started = true;
    return err;
}

/* The header block is bad: read what stands behind it all the same. */
static enum rh_err enter_headless(struct scan *scan, bool last, bool *skip)
{
    struct hub_walk *walk = scan->walk;
    uint32_t used;
    enum rh_err err = hub_walk_last_used(walk, 0, &used);
    if (err != RH_OK)
        return err;
    walk->offset = 0;
    if (!scan->started || walk->index < walk->segment)
        walk->index = walk->segment;
    struct hub_journal_damage damage = here(scan, HUB_JOURNAL_DAMAGE_SEGMENT);
    if (last && scan->to_the_end && used == 0) {
        damage.kind = HUB_JOURNAL_DAMAGE_UNFINISHED;
        *skip = true;
    }
    walk->offset = HUB_BLOCK_BYTES;
    walk->chained = false;
    scan->started = true;
    return tell(scan, &damage);
}

static enum rh_err scan_segment(struct scan *scan, size_t i)
{
    struct hub_walk *walk = scan->walk;
    uint64_t segment = scan->segments[i];
    uint64_t next =
        i + 1 < scan->segment_count ? scan->segments[i + 1] : UINT64_MAX;
    char name[HUB_SEGMENT_NAME_BYTES];
    hub_segment_name(segment, name);
    int fd = openat(scan->journal->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return hub_file_error(errno);
    bool skip = false;
    enum rh_err err = hub_walk_begin(walk, fd, segment);
    if (err == RH_OK)
        err = enter_segment(scan, &skip);
    else if (err == RH_ERR_CORRUPT)
        err = enter_headless(scan, next == UINT64_MAX, &skip);
    if (err == RH_OK && !skip)
        err = scan_frames(scan, next);
    close(fd);
    return err;
}

/* What is wanted, and which files hold it, as of now. */
static enum rh_err take_snapshot(struct scan *scan)
{
    struct hub_journal *journal = scan->journal;
    enum rh_err err = RH_OK;
    pthread_mutex_lock(&journal->mutex);
    scan->to_the_end = journal->read_only;
    scan->end = journal->read_only ? UINT64_MAX : journal->next_index;
    scan->segment_count = journal->segment_count;
    size_t bytes = journal->segment_count * sizeof *scan->segments;
    if (bytes > 0) {
        scan->segments = malloc(bytes);
        if (scan->segments == NULL)
            err = RH_ERR_NOMEM;
        else
            memcpy(scan->segments, journal->segments, bytes);
    }
    pthread_mutex_unlock(&journal->mutex);
    return err;
}

static enum rh_err scan_all(struct scan *scan)
{
    size_t first = 0;
    if (scan->segment_count == 0 || scan->from >= scan->end)
        return RH_OK;
    if (scan->from < scan->segments[0])
        return RH_ERR_NOTFOUND;
    while (first + 1 < scan->segment_count && scan->segments[first + 1] <= scan->from)
        first++;
    enum rh_err err = RH_OK;
    for (size_t i = first; i < scan->segment_count && err == RH_OK; i++)
        err = scan_segment(scan, i);
    if (err == RH_OK && !scan->to_the_end && scan->walk->index < scan->end) {
        scan->walk->bad = (struct hub_bad){ .fault = { .what = N_("end of the records"),
                                                       .expected = scan->end,
                                                       .found = scan->walk->index } };
        struct hub_journal_damage damage = here(scan, HUB_JOURNAL_DAMAGE_GAP);
        damage.count = scan->end - scan->walk->index;
        err = tell(scan, &damage);
    }
    return err;
}

enum rh_err hub_journal_scan(struct hub_journal *journal, uint64_t from_index,
                             const struct hub_journal_visitor *visitor)
{
    struct scan scan = {
        .journal = journal, .visitor = visitor, .from = from_index, .walk = hub_walk_new()
    };
    enum rh_err err = scan.walk == NULL ? RH_ERR_NOMEM : take_snapshot(&scan);
    if (err == RH_OK)
        err = scan_all(&scan);
    if (err == RH_OK && scan.damaged)
        err = RH_ERR_CORRUPT;
    free(scan.segments);
    hub_walk_destroy(&scan.walk);
    return err;
}
