/* Sectors, heads and numbers. Records and whole frames are in frame.c. */
#include "journal/format.h"

#include <string.h>

#include <rh/hash.h>

void hub_journal_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

void hub_journal_put_u32(uint8_t *at, uint32_t value)
{
    hub_journal_put_u16(at, (uint16_t)value);
    hub_journal_put_u16(at + 2, (uint16_t)(value >> 16));
}

void hub_journal_put_u64(uint8_t *at, uint64_t value)
{
    hub_journal_put_u32(at, (uint32_t)value);
    hub_journal_put_u32(at + 4, (uint32_t)(value >> 32));
}

uint16_t hub_journal_get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

uint32_t hub_journal_get_u32(const uint8_t *at)
{
    return (uint32_t)hub_journal_get_u16(at) | (uint32_t)hub_journal_get_u16(at + 2) << 16;
}

uint64_t hub_journal_get_u64(const uint8_t *at)
{
    return (uint64_t)hub_journal_get_u32(at) | (uint64_t)hub_journal_get_u32(at + 4) << 32;
}

bool hub_format_is_zero(const uint8_t *data, size_t bytes)
{
    return bytes == 0 || (data[0] == 0 && memcmp(data, data + 1, bytes - 1) == 0);
}

size_t hub_format_disk_bytes(size_t payload_bytes)
{
    size_t sectors = (payload_bytes + HUB_SECTOR_PAYLOAD - 1) / HUB_SECTOR_PAYLOAD;
    size_t bytes = sectors * HUB_SECTOR_BYTES;
    return (bytes + HUB_BLOCK_BYTES - 1) / HUB_BLOCK_BYTES * HUB_BLOCK_BYTES;
}

uint32_t hub_format_disk_offset(size_t payload_offset)
{
    return (uint32_t)(payload_offset / HUB_SECTOR_PAYLOAD * HUB_SECTOR_BYTES +
                      payload_offset % HUB_SECTOR_PAYLOAD);
}

void hub_format_stuff(uint8_t *disk, size_t disk_bytes, const uint8_t *payload,
                      size_t payload_bytes)
{
    rh_assert(disk_bytes % HUB_SECTOR_BYTES == 0);
    rh_assert(payload_bytes <= disk_bytes / HUB_SECTOR_BYTES * HUB_SECTOR_PAYLOAD);
    size_t left = payload_bytes;
    for (size_t at = 0; at < disk_bytes; at += HUB_SECTOR_BYTES) {
        size_t piece = left < HUB_SECTOR_PAYLOAD ? left : HUB_SECTOR_PAYLOAD;
        memcpy(disk + at, payload, piece);
        memset(disk + at + piece, HUB_PADDING, HUB_SECTOR_PAYLOAD - piece);
        disk[at + HUB_SECTOR_PAYLOAD] = HUB_SECTOR_GUARD;
        payload += piece;
        left -= piece;
    }
}

size_t hub_format_unstuff(uint8_t *payload, const uint8_t *disk, size_t sectors)
{
    size_t first_bad = sectors;
    for (size_t i = 0; i < sectors; i++) {
        const uint8_t *sector = disk + i * HUB_SECTOR_BYTES;
        if (sector[HUB_SECTOR_PAYLOAD] != HUB_SECTOR_GUARD && first_bad == sectors)
            first_bad = i;
        /* In place, the target never lies behind the source. */
        memmove(payload + i * HUB_SECTOR_PAYLOAD, sector, HUB_SECTOR_PAYLOAD);
    }
    return first_bad;
}

static enum rh_err differs(struct hub_fault *fault, const char *what, uint64_t expected,
                           uint64_t found, uint32_t at)
{
    *fault = (struct hub_fault){
        .what = what, .expected = expected, .found = found, .at = at
    };
    return RH_ERR_CORRUPT;
}

/* Offsets in the segment head; see spec/journal.md, "Segment". */
enum {
    SEGMENT_VERSION = 4,
    SEGMENT_BLOCK = 6,
    SEGMENT_BYTES = 8,
    SEGMENT_HUB_BYTES = 12,
    SEGMENT_INDEX = 16,
    SEGMENT_FRAME = 24,
    SEGMENT_PREVIOUS = 32,
    SEGMENT_SALT = 40,
    SEGMENT_CREATED = 48,
    SEGMENT_HUB = 56,
    SEGMENT_CHECKSUM = 120
};
static_assert(SEGMENT_CHECKSUM - SEGMENT_HUB >= RH_HUB_ID_BYTES_MAX, "a hub id must fit");
static_assert(SEGMENT_CHECKSUM + 8 == HUB_SEGMENT_HEAD_BYTES, "the checksum comes last");

void hub_format_segment_encode(const struct hub_segment_head *head, uint8_t *block)
{
    uint8_t payload[HUB_SEGMENT_HEAD_BYTES] = { 0 };
    size_t hub_bytes = strnlen(head->hub_id, RH_HUB_ID_BYTES_MAX);
    hub_journal_put_u32(payload, HUB_SEGMENT_MAGIC);
    hub_journal_put_u16(payload + SEGMENT_VERSION, HUB_FORMAT_VERSION);
    hub_journal_put_u16(payload + SEGMENT_BLOCK, HUB_BLOCK_BYTES);
    hub_journal_put_u32(payload + SEGMENT_BYTES, head->segment_bytes);
    hub_journal_put_u32(payload + SEGMENT_HUB_BYTES, (uint32_t)hub_bytes);
    hub_journal_put_u64(payload + SEGMENT_INDEX, head->first_index);
    hub_journal_put_u64(payload + SEGMENT_FRAME, head->first_frame);
    hub_journal_put_u64(payload + SEGMENT_PREVIOUS, head->previous);
    hub_journal_put_u64(payload + SEGMENT_SALT, head->salt);
    hub_journal_put_u64(payload + SEGMENT_CREATED, head->created_ms);
    memcpy(payload + SEGMENT_HUB, head->hub_id, hub_bytes);
    hub_journal_put_u64(payload + SEGMENT_CHECKSUM, rh_checksum(payload, SEGMENT_CHECKSUM));
    hub_format_stuff(block, HUB_BLOCK_BYTES, payload, sizeof payload);
}

/* Every byte after the head is padding or guard. */
static enum rh_err check_block_tail(const uint8_t *block, struct hub_fault *fault)
{
    for (uint32_t at = HUB_SEGMENT_HEAD_BYTES; at < HUB_BLOCK_BYTES; at++) {
        bool guard = at % HUB_SECTOR_BYTES == HUB_SECTOR_PAYLOAD;
        uint8_t expected = guard ? HUB_SECTOR_GUARD : HUB_PADDING;
        if (block[at] != expected)
            return differs(fault, guard ? "header block: guard byte" : "header block: padding",
                           expected, block[at], at);
    }
    return RH_OK;
}

enum rh_err hub_format_segment_decode(const uint8_t *block, struct hub_segment_head *head,
                                      struct hub_fault *fault)
{
    memset(head, 0, sizeof *head);
    if (hub_journal_get_u32(block) != HUB_SEGMENT_MAGIC)
        return differs(fault, "header block: magic", HUB_SEGMENT_MAGIC,
                       hub_journal_get_u32(block), 0);
    uint64_t checksum = rh_checksum(block, SEGMENT_CHECKSUM);
    if (hub_journal_get_u64(block + SEGMENT_CHECKSUM) != checksum)
        return differs(fault, "header block: checksum", checksum,
                       hub_journal_get_u64(block + SEGMENT_CHECKSUM), SEGMENT_CHECKSUM);
    if (hub_journal_get_u16(block + SEGMENT_VERSION) != HUB_FORMAT_VERSION)
        return differs(fault, "header block: format version", HUB_FORMAT_VERSION,
                       hub_journal_get_u16(block + SEGMENT_VERSION), SEGMENT_VERSION);
    if (hub_journal_get_u16(block + SEGMENT_BLOCK) != HUB_BLOCK_BYTES)
        return differs(fault, "header block: block size", HUB_BLOCK_BYTES,
                       hub_journal_get_u16(block + SEGMENT_BLOCK), SEGMENT_BLOCK);
    uint32_t hub_bytes = hub_journal_get_u32(block + SEGMENT_HUB_BYTES);
    if (hub_bytes > RH_HUB_ID_BYTES_MAX)
        return differs(fault, "header block: length of the hub id", RH_HUB_ID_BYTES_MAX,
                       hub_bytes, SEGMENT_HUB_BYTES);
    head->segment_bytes = hub_journal_get_u32(block + SEGMENT_BYTES);
    if (head->segment_bytes < HUB_JOURNAL_SEGMENT_BYTES_MIN ||
        head->segment_bytes > HUB_JOURNAL_SEGMENT_BYTES_MAX ||
        head->segment_bytes % HUB_BLOCK_BYTES != 0)
        return differs(fault, "header block: segment size", HUB_JOURNAL_SEGMENT_BYTES,
                       head->segment_bytes, SEGMENT_BYTES);
    head->first_index = hub_journal_get_u64(block + SEGMENT_INDEX);
    head->first_frame = hub_journal_get_u64(block + SEGMENT_FRAME);
    head->previous = hub_journal_get_u64(block + SEGMENT_PREVIOUS);
    head->salt = hub_journal_get_u64(block + SEGMENT_SALT);
    head->created_ms = hub_journal_get_u64(block + SEGMENT_CREATED);
    memcpy(head->hub_id, block + SEGMENT_HUB, hub_bytes);
    return check_block_tail(block, fault);
}

/* Offsets in the frame head; see spec/journal.md, "Frame". */
enum {
    FRAME_VERSION = 4,
    FRAME_SCHEMA = 6,
    FRAME_DECIDE = 8,
    FRAME_RESERVED = 10,
    FRAME_RECORDS = 12,
    FRAME_BYTES = 16,
    FRAME_PAYLOAD = 20,
    FRAME_NUMBER = 24,
    FRAME_TERM = 32,
    FRAME_INDEX = 40,
    FRAME_TIME = 48,
    FRAME_PREVIOUS = 56,
    FRAME_SALT = 64,
    FRAME_CHECKSUM = 72
};
static_assert(FRAME_CHECKSUM + 8 == HUB_FRAME_HEAD_BYTES, "the checksum comes last");

void hub_format_frame_encode(const struct hub_frame_head *head, uint8_t *payload)
{
    hub_journal_put_u32(payload, HUB_FRAME_MAGIC);
    hub_journal_put_u16(payload + FRAME_VERSION, HUB_FORMAT_VERSION);
    hub_journal_put_u16(payload + FRAME_SCHEMA, head->frame.schema_version);
    hub_journal_put_u16(payload + FRAME_DECIDE, head->frame.decide_version);
    hub_journal_put_u16(payload + FRAME_RESERVED, 0);
    hub_journal_put_u32(payload + FRAME_RECORDS, head->frame.record_count);
    hub_journal_put_u32(payload + FRAME_BYTES, head->frame_bytes);
    hub_journal_put_u32(payload + FRAME_PAYLOAD, head->payload_bytes);
    hub_journal_put_u64(payload + FRAME_NUMBER, head->frame.number);
    hub_journal_put_u64(payload + FRAME_TERM, head->frame.term);
    hub_journal_put_u64(payload + FRAME_INDEX, head->frame.first_index);
    hub_journal_put_u64(payload + FRAME_TIME, head->frame.time_ms);
    hub_journal_put_u64(payload + FRAME_PREVIOUS, head->previous);
    hub_journal_put_u64(payload + FRAME_SALT, head->salt);
    hub_journal_put_u64(payload + FRAME_CHECKSUM, rh_checksum(payload, FRAME_CHECKSUM));
}

/* The head's own checksum holds; may its numbers be true? */
static enum rh_err check_frame_bounds(const struct hub_frame_head *head,
                                      struct hub_fault *fault)
{
    uint32_t count = head->frame.record_count;
    if (count == 0 || count > HUB_JOURNAL_FRAME_RECORDS_MAX)
        return differs(fault, "frame head: record count", HUB_JOURNAL_FRAME_RECORDS_MAX, count,
                       FRAME_RECORDS);
    size_t least = HUB_FRAME_HEAD_BYTES + HUB_FRAME_TRAILER_BYTES +
                   (size_t)count * HUB_JOURNAL_RECORD_HEAD_BYTES;
    if (head->payload_bytes < least || head->payload_bytes > HUB_PAYLOAD_BYTES_MAX ||
        head->payload_bytes % HUB_RECORD_ALIGN != 0)
        return differs(fault, "frame head: payload bytes", least, head->payload_bytes,
                       FRAME_PAYLOAD);
    size_t bytes = hub_format_disk_bytes(head->payload_bytes);
    if (head->frame_bytes != bytes)
        return differs(fault, "frame head: frame bytes", bytes, head->frame_bytes, FRAME_BYTES);
    if (head->frame.first_index > UINT64_MAX - count)
        return differs(fault, "frame head: first index", UINT64_MAX - count,
                       head->frame.first_index, FRAME_INDEX);
    return RH_OK;
}

enum rh_err hub_format_frame_decode(const uint8_t *sector, struct hub_frame_head *head,
                                    struct hub_fault *fault)
{
    memset(head, 0, sizeof *head);
    if (hub_journal_get_u32(sector) != HUB_FRAME_MAGIC)
        return differs(fault, "frame head: magic", HUB_FRAME_MAGIC,
                       hub_journal_get_u32(sector), 0);
    uint64_t checksum = rh_checksum(sector, FRAME_CHECKSUM);
    if (hub_journal_get_u64(sector + FRAME_CHECKSUM) != checksum)
        return differs(fault, "frame head: checksum", checksum,
                       hub_journal_get_u64(sector + FRAME_CHECKSUM), FRAME_CHECKSUM);
    if (hub_journal_get_u16(sector + FRAME_VERSION) != HUB_FORMAT_VERSION)
        return differs(fault, "frame head: format version", HUB_FORMAT_VERSION,
                       hub_journal_get_u16(sector + FRAME_VERSION), FRAME_VERSION);
    if (hub_journal_get_u16(sector + FRAME_RESERVED) != 0)
        return differs(fault, "frame head: reserved", 0,
                       hub_journal_get_u16(sector + FRAME_RESERVED), FRAME_RESERVED);
    head->frame.schema_version = hub_journal_get_u16(sector + FRAME_SCHEMA);
    head->frame.decide_version = hub_journal_get_u16(sector + FRAME_DECIDE);
    head->frame.record_count = hub_journal_get_u32(sector + FRAME_RECORDS);
    head->frame_bytes = hub_journal_get_u32(sector + FRAME_BYTES);
    head->payload_bytes = hub_journal_get_u32(sector + FRAME_PAYLOAD);
    head->frame.number = hub_journal_get_u64(sector + FRAME_NUMBER);
    head->frame.term = hub_journal_get_u64(sector + FRAME_TERM);
    head->frame.first_index = hub_journal_get_u64(sector + FRAME_INDEX);
    head->frame.time_ms = hub_journal_get_u64(sector + FRAME_TIME);
    head->previous = hub_journal_get_u64(sector + FRAME_PREVIOUS);
    head->salt = hub_journal_get_u64(sector + FRAME_SALT);
    return check_frame_bounds(head, fault);
}
