#include "journal/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/file.h"

#include <rh/text.h>

enum { WINDOW_LEAST = 256 * 1024 };

struct hub_walk *hub_walk_new(void)
{
    struct hub_walk *walk = calloc(1, sizeof *walk);
    if (walk == NULL)
        return NULL;
    walk->payload = malloc(HUB_PAYLOAD_BYTES_MAX);
    walk->window = malloc(HUB_JOURNAL_FRAME_BYTES_MAX);
    if (walk->payload == NULL || walk->window == NULL)
        hub_walk_destroy(&walk);
    return walk;
}

void hub_walk_destroy(struct hub_walk **walk)
{
    if (*walk == NULL)
        return;
    free((*walk)->payload);
    free((*walk)->window);
    free(*walk);
    *walk = NULL;
}

const uint8_t *hub_walk_bytes(struct hub_walk *walk, uint64_t offset, size_t bytes)
{
    rh_assert(bytes <= HUB_JOURNAL_FRAME_BYTES_MAX);
    if (offset >= walk->window_at &&
        offset + bytes <= walk->window_at + walk->window_bytes)
        return walk->window + (offset - walk->window_at);
    size_t want = bytes < WINDOW_LEAST ? WINDOW_LEAST : bytes;
    size_t got;
    walk->window_bytes = 0;
    walk->err = hub_file_read(walk->fd, walk->window, want, offset, &got);
    if (walk->err != RH_OK)
        return NULL;
    memset(walk->window + got, 0, want - got);
    walk->window_at = offset;
    walk->window_bytes = want;
    return walk->window;
}

enum rh_err hub_walk_begin(struct hub_walk *walk, int fd, uint64_t segment)
{
    walk->fd = fd;
    walk->segment = segment;
    walk->offset = HUB_BLOCK_BYTES;
    walk->frame_offset = 0;
    walk->place_count = 0;
    walk->window_bytes = 0;
    memset(&walk->bad, 0, sizeof walk->bad);
    enum rh_err err = hub_file_size(fd, &walk->file_bytes);
    if (err != RH_OK)
        return err;
    uint64_t most = walk->file_bytes < HUB_JOURNAL_SEGMENT_BYTES_MAX
                        ? walk->file_bytes
                        : HUB_JOURNAL_SEGMENT_BYTES_MAX;
    walk->segment_bytes = (uint32_t)(most / HUB_BLOCK_BYTES * HUB_BLOCK_BYTES);
    const uint8_t *block = hub_walk_bytes(walk, 0, HUB_BLOCK_BYTES);
    if (block == NULL)
        return walk->err;
    err = hub_format_segment_decode(block, &walk->head, &walk->bad.fault);
    if (err != RH_OK) {
        walk->bad.bytes = HUB_BLOCK_BYTES;
        return err;
    }
    walk->segment_bytes = walk->head.segment_bytes;
    return RH_OK;
}

void hub_walk_adopt(struct hub_walk *walk)
{
    walk->number = walk->head.first_frame;
    walk->index = walk->head.first_index;
    walk->previous = walk->head.previous;
    walk->chained = true;
    walk->salt = walk->head.salt;
    walk->salted = true;
}

enum rh_err hub_walk_last_used(struct hub_walk *walk, uint32_t from, uint32_t *end)
{
    *end = from;
    uint32_t at = from;
    while (at < walk->segment_bytes) {
        size_t step = walk->segment_bytes - at;
        if (step > HUB_FILE_STEP_BYTES)
            step = HUB_FILE_STEP_BYTES;
        const uint8_t *data = hub_walk_bytes(walk, at, step);
        if (data == NULL)
            return walk->err;
        if (!hub_format_is_zero(data, step)) {
            for (size_t i = 0; i < step; i += HUB_SECTOR_BYTES) {
                if (!hub_format_is_zero(data + i, HUB_SECTOR_BYTES))
                    *end = at + (uint32_t)i + HUB_SECTOR_BYTES;
            }
        }
        at += (uint32_t)step;
    }
    return RH_OK;
}

enum rh_err hub_walk_find(struct hub_walk *walk, uint32_t from, uint64_t number,
                          uint32_t *offset, struct hub_frame_head *head)
{
    for (uint32_t at = from; at < walk->segment_bytes; at += HUB_BLOCK_BYTES) {
        struct hub_fault fault;
        const uint8_t *sector = hub_walk_bytes(walk, at, HUB_SECTOR_BYTES);
        if (sector == NULL)
            return walk->err;
        if (hub_journal_get_u32(sector) != HUB_FRAME_MAGIC ||
            hub_format_frame_decode(sector, head, &fault) != RH_OK)
            continue;
        if (head->frame.number < number || (walk->salted && head->salt != walk->salt))
            continue;
        *offset = at;
        return RH_OK;
    }
    return RH_ERR_NOTFOUND;
}

static enum hub_step bad_step(struct hub_walk *walk, const char *what, uint64_t expected,
                              uint64_t found)
{
    walk->bad.fault = (struct hub_fault){
        .what = what, .expected = expected, .found = found
    };
    return HUB_STEP_BAD;
}

/* The sector where a frame should begin is all zero: the clean end, or a write whose first
 * sector was lost. */
static enum hub_step zero_step(struct hub_walk *walk)
{
    uint32_t end;
    walk->err = hub_walk_last_used(walk, walk->offset, &end);
    if (walk->err != RH_OK)
        return HUB_STEP_ERROR;
    if (end == walk->offset)
        return HUB_STEP_END;
    walk->bad.torn = true;
    return bad_step(walk, N_("first sector is all zero although bytes follow it up to"), 0,
                    end);
}

/* Does this frame follow what came before? Fills the fault when not. */
static bool chain_fits(struct hub_walk *walk)
{
    const struct hub_frame_head *head = &walk->frame;
    bool chained = walk->chained;
    if (chained ? head->frame.number != walk->number : head->frame.number < walk->number)
        bad_step(walk, N_("frame number"), walk->number, head->frame.number);
    else if (chained ? head->frame.first_index != walk->index
                     : head->frame.first_index < walk->index)
        bad_step(walk, N_("first index of the frame"), walk->index, head->frame.first_index);
    else if (chained && head->previous != walk->previous)
        bad_step(walk, N_("checksum of the frame before"), walk->previous, head->previous);
    else
        return true;
    return false;
}

static bool any_sector_zero(const uint8_t *disk, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += HUB_SECTOR_BYTES) {
        if (hub_format_is_zero(disk + at, HUB_SECTOR_BYTES))
            return true;
    }
    return false;
}

/* Stand behind a frame whose head is good. */
static void advance(struct hub_walk *walk)
{
    walk->offset = walk->frame_offset + walk->frame.frame_bytes;
    walk->number = walk->frame.frame.number + 1;
    walk->index = walk->frame.frame.first_index + walk->frame.frame.record_count;
    walk->previous = walk->checksum;
}

/* The head is good: verify the whole frame. */
static enum hub_step frame_step(struct hub_walk *walk)
{
    uint32_t bytes = walk->frame.frame_bytes;
    const uint8_t *disk = hub_walk_bytes(walk, walk->offset, bytes);
    if (disk == NULL)
        return HUB_STEP_ERROR;
    walk->bad.head_good = true;
    walk->bad.bytes = bytes;
    struct hub_fault fault;
    enum rh_err err =
        hub_format_frame_verify(disk, &walk->frame, walk->payload, &walk->sums, walk->places,
                                &walk->place_count, &walk->checksum, &fault);
    if (!chain_fits(walk)) {
        walk->bad.chain_only = err == RH_OK;
        return HUB_STEP_BAD;
    }
    if (err != RH_OK) {
        walk->bad.torn = any_sector_zero(disk, bytes) || disk[bytes - 1] == 0;
        walk->bad.fault = fault;
        return HUB_STEP_BAD;
    }
    advance(walk);
    walk->chained = true;
    return HUB_STEP_FRAME;
}

enum hub_step hub_walk_step(struct hub_walk *walk)
{
    memset(&walk->bad, 0, sizeof walk->bad);
    walk->place_count = 0;
    walk->frame_offset = walk->offset;
    if (walk->offset + HUB_BLOCK_BYTES > walk->segment_bytes)
        return HUB_STEP_END;
    const uint8_t *sector = hub_walk_bytes(walk, walk->offset, HUB_SECTOR_BYTES);
    if (sector == NULL)
        return HUB_STEP_ERROR;
    walk->bad.bytes = HUB_SECTOR_BYTES;
    if (hub_format_is_zero(sector, HUB_SECTOR_BYTES))
        return zero_step(walk);
    if (hub_format_frame_decode(sector, &walk->frame, &walk->bad.fault) != RH_OK) {
        /* Its extent is not known; only this sector surely belongs to it. */
        walk->bad.torn = sector[HUB_SECTOR_PAYLOAD] == 0;
        return HUB_STEP_BAD;
    }
    if (walk->salted && walk->frame.salt != walk->salt)
        return bad_step(walk, N_("salt of the frame"), walk->salt, walk->frame.salt);
    if (walk->frame.frame_bytes > walk->segment_bytes - walk->offset)
        return bad_step(walk, N_("frame reaches beyond the segment"),
                        walk->segment_bytes - walk->offset, walk->frame.frame_bytes);
    return frame_step(walk);
}

enum rh_err hub_walk_pass(struct hub_walk *walk)
{
    if (walk->bad.head_good && walk->frame.frame.number >= walk->number &&
        walk->frame.frame.first_index >= walk->index) {
        /* The trailer may be the damaged part: the next frame is taken unchained. */
        advance(walk);
        walk->chained = walk->bad.chain_only || walk->bad.fault.record;
        return RH_OK;
    }
    uint32_t offset;
    enum rh_err err = hub_walk_find(walk, walk->offset + HUB_BLOCK_BYTES, walk->number, &offset,
                                    &walk->frame);
    walk->chained = false;
    walk->offset = err == RH_OK ? offset : walk->segment_bytes;
    return err;
}

enum rh_err hub_walk_unfinished(struct hub_walk *walk, bool *unfinished, uint32_t *end,
                                const char **why)
{
    *unfinished = false;
    *why = N_("every sector of it is there");
    enum rh_err err = hub_walk_last_used(walk, walk->offset, end);
    if (err != RH_OK || !walk->bad.torn)
        return err;
    uint32_t offset;
    struct hub_frame_head head;
    *why = N_("a later frame follows it");
    err = hub_walk_find(walk, walk->offset + HUB_BLOCK_BYTES, walk->number + 1, &offset, &head);
    if (err != RH_ERR_NOTFOUND)
        return err;
    uint32_t extent = walk->bad.head_good ? walk->bad.bytes : HUB_JOURNAL_FRAME_BYTES_MAX;
    *why = N_("bytes other than zero stand behind its possible extent");
    if (*end - walk->offset > extent)
        return RH_OK;
    *why = N_("");
    *unfinished = true;
    return RH_OK;
}

void hub_walk_record(const struct hub_walk *walk, uint32_t place,
                     struct hub_journal_record *record, struct hub_journal_location *location)
{
    rh_assert(place < walk->place_count);
    rh_assert(!walk->places[place].bad);
    const struct hub_place *at = &walk->places[place];
    hub_format_record_view(walk->payload + at->offset, record);
    if (at->content == HUB_JOURNAL_CONTENT_BLANKED ||
        at->content == HUB_JOURNAL_CONTENT_DAMAGED)
        record->content.bytes = 0;
    *location = (struct hub_journal_location){
        .index = record->index,
        .segment = walk->segment,
        .offset = walk->frame_offset + hub_format_disk_offset(at->offset),
        .bytes = at->bytes
    };
}

void hub_walk_describe(const struct hub_walk *walk, char *out, size_t capacity)
{
    const struct hub_fault *fault = &walk->bad.fault;
    char record[48] = "";
    if (fault->record)
        snprintf(record, sizeof record, _("record %" PRIu64 ": "), fault->index);
    snprintf(out, capacity,
             _("segment %016" PRIx64 ", offset %" PRIu32 ", frame %" PRIu64
               ": %s%s differs at byte %" PRIu32 ": expected 0x%" PRIx64 ", found 0x%" PRIx64),
             walk->segment, walk->offset, walk->number, record,
             rh_text(fault->what == NULL ? N_("nothing") : fault->what), fault->at,
             fault->expected, fault->found);
}
