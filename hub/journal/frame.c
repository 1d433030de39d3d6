/* Records, and everything about one frame except its place in the chain.
 *
 *   record   | head 40 | core | rest | checksum 8 | content | 0xFF to a multiple of 8 |
 *              head carries the content's own checksum
 *              the record's checksum covers head, core and rest in one stretch
 *
 *   frame    | head 80 | record | record | ... | checksum 8 | 0xFF ... |
 *              the frame's checksum covers its head and the records' checksums */
#include "journal/format.h"

#include <rh/text.h>

#include <string.h>

#include <rh/hash.h>

/* Offsets in the record head; see spec/journal.md, "Record". */
enum {
    RECORD_TYPE = 4,
    RECORD_FLAGS = 6,
    RECORD_INDEX = 8,
    RECORD_CORE = 16,
    RECORD_REST = 20,
    RECORD_CONTENT = 24,
    RECORD_SLOT = 28,
    RECORD_CONTENT_CHECKSUM = 32,
    RECORD_CHECKSUM_BYTES = 8
};
static_assert(RECORD_CONTENT_CHECKSUM + 8 == HUB_RECORD_HEAD_BYTES, "core follows");

size_t hub_format_record_bytes(size_t core_bytes, size_t rest_bytes, size_t content_bytes)
{
    rh_assert(core_bytes <= HUB_JOURNAL_FRAME_BYTES_MAX);
    rh_assert(rest_bytes <= HUB_JOURNAL_FRAME_BYTES_MAX);
    rh_assert(content_bytes <= HUB_JOURNAL_FRAME_BYTES_MAX);
    size_t bytes = HUB_RECORD_HEAD_BYTES + core_bytes + rest_bytes + RECORD_CHECKSUM_BYTES +
                   content_bytes;
    return (bytes + HUB_RECORD_ALIGN - 1) / HUB_RECORD_ALIGN * HUB_RECORD_ALIGN;
}

static uint8_t *put_bytes(uint8_t *at, struct rh_bytes bytes)
{
    if (bytes.bytes != 0)
        memcpy(at, bytes.data, bytes.bytes);
    return at + bytes.bytes;
}

uint64_t hub_format_record_encode(const struct hub_journal_record *record, uint8_t *payload)
{
    size_t bytes = hub_format_record_bytes(record->core.bytes, record->rest.bytes,
                                           record->content.bytes);
    hub_journal_put_u32(payload, HUB_RECORD_MAGIC);
    hub_journal_put_u16(payload + RECORD_TYPE, record->type);
    hub_journal_put_u16(payload + RECORD_FLAGS, record->flags);
    hub_journal_put_u64(payload + RECORD_INDEX, record->index);
    hub_journal_put_u32(payload + RECORD_CORE, (uint32_t)record->core.bytes);
    hub_journal_put_u32(payload + RECORD_REST, (uint32_t)record->rest.bytes);
    hub_journal_put_u32(payload + RECORD_CONTENT, (uint32_t)record->content.bytes);
    hub_journal_put_u32(payload + RECORD_SLOT, record->content_slot);
    hub_journal_put_u64(payload + RECORD_CONTENT_CHECKSUM,
                rh_checksum(record->content.data, record->content.bytes));
    uint8_t *at = put_bytes(payload + HUB_RECORD_HEAD_BYTES, record->core);
    at = put_bytes(at, record->rest);
    uint64_t checksum = rh_checksum(payload, (size_t)(at - payload));
    hub_journal_put_u64(at, checksum);
    at = put_bytes(at + RECORD_CHECKSUM_BYTES, record->content);
    memset(at, HUB_PADDING, (size_t)(payload + bytes - at));
    return checksum;
}

static enum rh_err record_differs(struct hub_fault *fault, const char *what, uint64_t index,
                                  uint64_t expected, uint64_t found, bool content)
{
    *fault = (struct hub_fault){ .what = what,
                                 .expected = expected,
                                 .found = found,
                                 .index = index,
                                 .record = true,
                                 .content = content };
    return RH_ERR_CORRUPT;
}

static bool all_padding(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (data[i] != HUB_PADDING)
            return false;
    }
    return true;
}

/* Lengths from the disk: nothing is believed before this. Returns the record's length or 0. */
static size_t bounded_record_bytes(const uint8_t *payload, size_t bytes)
{
    if (bytes < HUB_JOURNAL_RECORD_HEAD_BYTES)
        return 0;
    uint64_t core = hub_journal_get_u32(payload + RECORD_CORE);
    uint64_t rest = hub_journal_get_u32(payload + RECORD_REST);
    uint64_t content = hub_journal_get_u32(payload + RECORD_CONTENT);
    if (core + rest + content > bytes - HUB_JOURNAL_RECORD_HEAD_BYTES)
        return 0;
    size_t total = hub_format_record_bytes((size_t)core, (size_t)rest, (size_t)content);
    return total <= bytes ? total : 0;
}

/* The content's own checksum, and the padding after it. */
static enum rh_err check_content(struct hub_journal_record *out, uint64_t expected,
                                 const uint8_t *end, enum hub_journal_content *content,
                                 struct hub_fault *fault)
{
    const uint8_t *padding = out->content.data + out->content.bytes;
    uint64_t found = rh_checksum(out->content.data, out->content.bytes);
    *content = out->content.bytes == 0 ? HUB_JOURNAL_CONTENT_NONE : HUB_JOURNAL_CONTENT_INTACT;
    if (found != expected) {
        bool blanked = out->content.bytes != 0 &&
                       all_padding(out->content.data, out->content.bytes);
        out->content.bytes = 0;
        *content = blanked ? HUB_JOURNAL_CONTENT_BLANKED : HUB_JOURNAL_CONTENT_DAMAGED;
        if (!blanked)
            return record_differs(fault, N_("content checksum"), out->index, expected, found,
                                  true);
    }
    if (!all_padding(padding, (size_t)(end - padding)))
        return record_differs(fault, N_("padding after a record"), out->index, HUB_PADDING,
                              padding[0], true);
    return RH_OK;
}

void hub_format_record_view(const uint8_t *payload, struct hub_journal_record *out)
{
    const uint8_t *core = payload + HUB_RECORD_HEAD_BYTES;
    const uint8_t *rest = core + hub_journal_get_u32(payload + RECORD_CORE);
    const uint8_t *checksum = rest + hub_journal_get_u32(payload + RECORD_REST);
    *out = (struct hub_journal_record){
        .type = hub_journal_get_u16(payload + RECORD_TYPE),
        .flags = hub_journal_get_u16(payload + RECORD_FLAGS),
        .index = hub_journal_get_u64(payload + RECORD_INDEX),
        .content_slot = hub_journal_get_u32(payload + RECORD_SLOT),
        .core = { core, hub_journal_get_u32(payload + RECORD_CORE) },
        .rest = { rest, hub_journal_get_u32(payload + RECORD_REST) },
        .content = { checksum + RECORD_CHECKSUM_BYTES,
                     hub_journal_get_u32(payload + RECORD_CONTENT) }
    };
}

enum rh_err hub_format_record_decode(const uint8_t *payload, size_t bytes, uint64_t index,
                                     struct hub_journal_record *out, size_t *used,
                                     uint64_t *checksum, enum hub_journal_content *content,
                                     struct hub_fault *fault)
{
    memset(out, 0, sizeof *out);
    *content = HUB_JOURNAL_CONTENT_NONE;
    *checksum = 0;
    *used = bounded_record_bytes(payload, bytes);
    if (*used == 0)
        return record_differs(fault, N_("record lengths"), index, bytes, 0, false);
    if (hub_journal_get_u32(payload) != HUB_RECORD_MAGIC)
        return record_differs(fault, N_("record magic"), index, HUB_RECORD_MAGIC,
                              hub_journal_get_u32(payload), false);
    out->index = hub_journal_get_u64(payload + RECORD_INDEX);
    if (out->index != index)
        return record_differs(fault, N_("record index"), index, index, out->index, false);
    hub_format_record_view(payload, out);
    const uint8_t *sum = out->rest.data + out->rest.bytes;
    *checksum = hub_journal_get_u64(sum);
    uint64_t computed = rh_checksum(payload, (size_t)(sum - payload));
    if (*checksum != computed)
        return record_differs(fault, N_("record checksum"), index, computed, *checksum, false);
    return check_content(out, hub_journal_get_u64(payload + RECORD_CONTENT_CHECKSUM),
                         payload + *used, content, fault);
}

uint64_t hub_format_frame_checksum(const struct hub_frame_sums *sums, uint32_t record_count)
{
    rh_assert(record_count <= HUB_JOURNAL_FRAME_RECORDS_MAX);
    return rh_checksum(sums->bytes, HUB_FRAME_HEAD_BYTES + (size_t)record_count * 8);
}

/* Keep the gravest fault: structure before record before content; the first of its kind. */
static void keep_fault(struct hub_fault *kept, const struct hub_fault *fault)
{
    int rank_kept = kept->what == NULL ? 0 : kept->content ? 1 : kept->record ? 2 : 3;
    int rank = fault->content ? 1 : fault->record ? 2 : 3;
    if (rank > rank_kept)
        *kept = *fault;
}

static void structure_differs(struct hub_fault *kept, const char *what, uint64_t expected,
                              uint64_t found, size_t at)
{
    struct hub_fault fault = {
        .what = what, .expected = expected, .found = found, .at = (uint32_t)at
    };
    keep_fault(kept, &fault);
}

/* May the walk go on behind a bad record of this length? Only when what follows is plainly
 * the next record, or the end of the records. */
static bool walk_goes_on(const uint8_t *payload, size_t at, size_t end, uint64_t next_index,
                         bool last)
{
    if (last)
        return at == end;
    return end - at >= HUB_JOURNAL_RECORD_HEAD_BYTES &&
           hub_journal_get_u32(payload + at) == HUB_RECORD_MAGIC &&
           hub_journal_get_u64(payload + at + RECORD_INDEX) == next_index;
}

/* Walk the records; returns where the walk ended. */
static size_t walk_records(const struct hub_frame_head *head, const uint8_t *payload,
                           struct hub_frame_sums *sums, struct hub_place *places,
                           uint32_t *place_count, struct hub_fault *kept)
{
    size_t at = HUB_FRAME_HEAD_BYTES;
    size_t end = head->payload_bytes - HUB_FRAME_TRAILER_BYTES;
    for (uint32_t i = 0; i < head->frame.record_count; i++) {
        struct hub_journal_record record;
        struct hub_fault fault;
        enum hub_journal_content content;
        size_t used;
        uint64_t checksum;
        uint64_t index = head->frame.first_index + i;
        enum rh_err err = hub_format_record_decode(payload + at, end - at, index, &record,
                                                   &used, &checksum, &content, &fault);
        bool bad = err != RH_OK && !fault.content;
        if (err != RH_OK) {
            fault.at = hub_format_disk_offset(at);
            keep_fault(kept, &fault);
        }
        places[i] = (struct hub_place){
            .offset = (uint32_t)at, .bytes = (uint32_t)used, .content = (uint8_t)content,
            .bad = bad
        };
        *place_count = i + 1;
        hub_journal_put_u64(sums->bytes + HUB_FRAME_HEAD_BYTES + (size_t)i * 8, checksum);
        if (bad && (used == 0 || !walk_goes_on(payload, at + used, end, index + 1,
                                               i + 1 == head->frame.record_count)))
            return at;
        at += used;
    }
    return at;
}

enum rh_err hub_format_frame_verify(const uint8_t *disk, const struct hub_frame_head *head,
                                    uint8_t *payload, struct hub_frame_sums *sums,
                                    struct hub_place *places, uint32_t *place_count,
                                    uint64_t *checksum, struct hub_fault *fault)
{
    size_t sectors = head->frame_bytes / HUB_SECTOR_BYTES;
    memset(fault, 0, sizeof *fault);
    *place_count = 0;
    size_t bad_sector = hub_format_unstuff(payload, disk, sectors);
    if (bad_sector != sectors) {
        size_t at = bad_sector * HUB_SECTOR_BYTES + HUB_SECTOR_PAYLOAD;
        structure_differs(fault, N_("guard byte of a sector"), HUB_SECTOR_GUARD, disk[at], at);
    }
    size_t payload_end = sectors * HUB_SECTOR_PAYLOAD;
    for (size_t i = head->payload_bytes; i < payload_end; i++) {
        if (payload[i] != HUB_PADDING) {
            structure_differs(fault, N_("padding of the frame"), HUB_PADDING, payload[i],
                              hub_format_disk_offset(i));
            break;
        }
    }
    memcpy(sums->bytes, payload, HUB_FRAME_HEAD_BYTES);
    size_t end = head->payload_bytes - HUB_FRAME_TRAILER_BYTES;
    size_t at = walk_records(head, payload, sums, places, place_count, fault);
    bool bad_record = fault->what != NULL && fault->record && !fault->content;
    *checksum = hub_journal_get_u64(payload + end);
    uint64_t computed = hub_format_frame_checksum(sums, *place_count);
    if (at != end && !bad_record)
        structure_differs(fault, N_("end of the records"), hub_format_disk_offset(end),
                          hub_format_disk_offset(at), hub_format_disk_offset(at));
    else if (*checksum != computed && !bad_record)
        structure_differs(fault, N_("frame checksum"), computed, *checksum,
                          hub_format_disk_offset(end));
    return fault->what == NULL ? RH_OK : RH_ERR_CORRUPT;
}
