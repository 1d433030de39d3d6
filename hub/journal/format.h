/* Bytes of the journal: sectors, segment header block, frame, record. Pure functions over
 * memory; no files here. The drawing is in protocol/spec/journal.md.
 *
 * Two addresses exist for every byte. The *payload* is what the format describes. On disk it
 * is cut into pieces of 511 bytes, each followed by one guard byte:
 *
 *      payload  0 ........ 510 | 511 ....... 1021 | 1022 ...
 *      disk     0 ... 510, A5  | 512 ... 1022, A5 | 1024 ...
 *
 * So no written sector is all zero and no frame ends in a zero, whatever the records hold:
 * a sector that the disk never got can be told from one that it got and later harmed. */
#ifndef HUB_JOURNAL_FORMAT_H
#define HUB_JOURNAL_FORMAT_H

#include "journal/journal.h"

enum {
    HUB_SECTOR_BYTES = 512,
    HUB_SECTOR_PAYLOAD = 511,
    HUB_SECTOR_GUARD = 0xA5,
    HUB_BLOCK_BYTES = 4096, /* header block; frames start at multiples of it */
    HUB_PADDING = 0xFF,

    HUB_FORMAT_VERSION = 1,
    HUB_SEGMENT_MAGIC = 0x534A4852, /* "RHJS" */
    HUB_FRAME_MAGIC = 0x464A4852,   /* "RHJF" */
    HUB_RECORD_MAGIC = 0x524A4852,  /* "RHJR" */

    HUB_SEGMENT_HEAD_BYTES = 128, /* payload bytes, checksum included */
    HUB_FRAME_HEAD_BYTES = 80,    /* payload bytes, checksum included */
    HUB_FRAME_TRAILER_BYTES = 8,
    HUB_RECORD_HEAD_BYTES = 40, /* before core; the record's checksum stands after rest */
    HUB_RECORD_ALIGN = 8,

    HUB_PAYLOAD_BYTES_MAX = HUB_JOURNAL_FRAME_BYTES_MAX / HUB_SECTOR_BYTES * HUB_SECTOR_PAYLOAD
};

static_assert(HUB_JOURNAL_FRAME_BYTES_MAX % HUB_BLOCK_BYTES == 0, "frames fill blocks");
static_assert(HUB_FRAME_HEAD_BYTES <= HUB_SECTOR_PAYLOAD, "a frame head stands in one sector");
static_assert(HUB_SEGMENT_HEAD_BYTES <= HUB_SECTOR_PAYLOAD, "so does a segment head");
static_assert(HUB_RECORD_HEAD_BYTES + 8 == HUB_JOURNAL_RECORD_HEAD_BYTES,
              "the public size of a record's fixed part");

struct hub_segment_head {
    uint32_t segment_bytes;  /* size of the file */
    uint64_t first_index;    /* of its first record; also in its name */
    uint64_t first_frame;    /* number of its first frame */
    uint64_t previous;       /* checksum of the frame before; 0 for the first segment */
    uint64_t salt;           /* random; the same in every segment and frame of a journal */
    uint64_t created_ms;     /* hub time of its first frame */
    char hub_id[RH_HUB_ID_BYTES_MAX + 1];
};

struct hub_frame_head {
    struct hub_journal_frame frame;
    uint32_t frame_bytes;   /* on disk, multiple of HUB_BLOCK_BYTES */
    uint32_t payload_bytes; /* head, records and trailer; the rest is padding */
    uint64_t previous;      /* checksum of the frame before */
    uint64_t salt;          /* of the segment */
};

/* One record inside a verified or salvaged frame. */
struct hub_place {
    uint32_t offset; /* in the payload */
    uint32_t bytes;  /* padding included */
    uint8_t content; /* enum hub_journal_content */
    bool bad;        /* header, core or rest fail their checksum */
};

/* The first difference found, in words and numbers. */
struct hub_fault {
    const char *what; /* "frame checksum", "guard byte of sector" ...; NULL: no fault.
                         A message id, translated when it is said */
    uint64_t expected;
    uint64_t found;
    uint32_t at;    /* byte in the frame, on disk */
    uint64_t index; /* record concerned, when `record` */
    bool record;    /* the fault lies in one record; the frame's structure holds */
    bool content;   /* ... and only in that record's content */
};

/* Payload <-> disk. Disk sizes are multiples of HUB_BLOCK_BYTES. */
size_t hub_format_disk_bytes(size_t payload_bytes);
uint32_t hub_format_disk_offset(size_t payload_offset);
void hub_format_stuff(uint8_t *disk, size_t disk_bytes, const uint8_t *payload,
                      size_t payload_bytes);
/* Copies 511 of every 512 bytes; `payload` may be `disk` itself. Returns the number of the
 * first sector with a wrong guard byte, or `sectors` when all are right. */
size_t hub_format_unstuff(uint8_t *payload, const uint8_t *disk, size_t sectors);
bool hub_format_is_zero(const uint8_t *data, size_t bytes);

/* Header block of a segment, HUB_BLOCK_BYTES on disk. Decoding tells the first difference
 * in `fault` and answers RH_ERR_CORRUPT. */
void hub_format_segment_encode(const struct hub_segment_head *head, uint8_t *block);
enum rh_err hub_format_segment_decode(const uint8_t *block, struct hub_segment_head *head,
                                      struct hub_fault *fault);

/* Head of a frame, at the start of its first sector. Decoding checks magic, version,
 * checksum and the bounds of every field, not the chain. */
void hub_format_frame_encode(const struct hub_frame_head *head, uint8_t *payload);
enum rh_err hub_format_frame_decode(const uint8_t *sector, struct hub_frame_head *head,
                                    struct hub_fault *fault);

/* Payload bytes of a record, checksum and padding included. Lengths must be within
 * HUB_JOURNAL_FRAME_BYTES_MAX each. */
size_t hub_format_record_bytes(size_t core_bytes, size_t rest_bytes, size_t content_bytes);
/* Writes a record of hub_format_record_bytes and returns its checksum. */
uint64_t hub_format_record_encode(const struct hub_journal_record *record, uint8_t *payload);
/* Decode the record at `payload`, at most `bytes` long: bounds first, then checksums. Views
 * in `out` point into the payload; *used is its length (0 when the lengths themselves cannot
 * be believed), *checksum the stored one.
 * RH_ERR_CORRUPT with `fault` set when the record or its content differs; with
 * fault->content, core and rest are good. */
enum rh_err hub_format_record_decode(const uint8_t *payload, size_t bytes, uint64_t index,
                                     struct hub_journal_record *out, size_t *used,
                                     uint64_t *checksum, enum hub_journal_content *content,
                                     struct hub_fault *fault);

/* Views of a record that decoding has found good before. */
void hub_format_record_view(const uint8_t *payload, struct hub_journal_record *out);

/* The frame's checksum covers its head and its records' checksums; each content has its own,
 * which its record covers. So every byte is hashed once, and a content can be blanked later
 * without breaking the chain. `sums` holds HUB_FRAME_HEAD_BYTES of head, then the records'
 * checksums as stored. */
struct hub_frame_sums {
    uint8_t bytes[HUB_FRAME_HEAD_BYTES + HUB_JOURNAL_FRAME_RECORDS_MAX * 8];
};
uint64_t hub_format_frame_checksum(const struct hub_frame_sums *sums, uint32_t record_count);

/* Everything about one frame except its place in the chain.
 *
 * disk     head->frame_bytes of it; borrowed
 * payload  caller's, HUB_PAYLOAD_BYTES_MAX; filled
 * places   caller's, HUB_JOURNAL_FRAME_RECORDS_MAX; *place_count of them filled, the
 *          damaged ones too as far as the walk can go on
 *
 * RH_ERR_CORRUPT with the gravest difference in `fault`. */
enum rh_err hub_format_frame_verify(const uint8_t *disk, const struct hub_frame_head *head,
                                    uint8_t *payload, struct hub_frame_sums *sums,
                                    struct hub_place *places, uint32_t *place_count,
                                    uint64_t *checksum, struct hub_fault *fault);

/* Fixed little-endian numbers. */
void hub_journal_put_u16(uint8_t *at, uint16_t value);
void hub_journal_put_u32(uint8_t *at, uint32_t value);
void hub_journal_put_u64(uint8_t *at, uint64_t value);
uint16_t hub_journal_get_u16(const uint8_t *at);
uint32_t hub_journal_get_u32(const uint8_t *at);
uint64_t hub_journal_get_u64(const uint8_t *at);

#endif
