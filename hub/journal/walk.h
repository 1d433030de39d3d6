/* Walking the frames of one segment file: what recovery and every scan are made of.
 *
 * The walk verifies everything: heads, guard bytes, records, chain. It never writes. It
 * tells four things apart: a good frame, the clean end (nothing but zeros follows), a bad
 * frame, and a file that could not be read. */
#ifndef HUB_JOURNAL_WALK_H
#define HUB_JOURNAL_WALK_H

#include "journal/format.h"

enum hub_step {
    HUB_STEP_FRAME, /* a good frame is in payload and places; the walk stands behind it */
    HUB_STEP_END,   /* clean end of the segment */
    HUB_STEP_BAD,   /* `bad` tells; the walk stands before it */
    HUB_STEP_ERROR  /* the file could not be read; `err` tells */
};

/* A place where no good frame stands although one should, or the chain does not fit. */
struct hub_bad {
    struct hub_fault fault;
    bool torn;        /* shaped as a write cut short: see spec/journal.md, "Torn frames" */
    bool head_good;   /* the head can be believed, so its extent too; places are filled */
    bool chain_only;  /* a good frame, but not the one that should follow */
    uint32_t bytes;   /* its extent; HUB_SECTOR_BYTES when the head cannot be believed */
};

struct hub_walk {
    int fd;                 /* borrowed */
    uint64_t segment;       /* first index, as the file is named */
    uint64_t file_bytes;    /* length of the file */
    uint32_t segment_bytes; /* as its head says; else the file's length in whole blocks */
    struct hub_segment_head head; /* valid when hub_walk_begin said RH_OK */

    /* What the next frame must be. */
    uint32_t offset;
    uint64_t number, index, previous;
    bool chained; /* false behind damage: number and index are lower bounds, previous unknown */
    uint64_t salt;
    bool salted; /* false: the head is damaged, any salt is taken */

    /* The frame just stepped over, or the bad one stood before. */
    struct hub_frame_head frame;
    uint32_t frame_offset;
    uint64_t checksum; /* its trailer, as stored */
    uint32_t place_count;
    struct hub_bad bad;
    enum rh_err err;

    uint8_t *payload; /* HUB_PAYLOAD_BYTES_MAX, owned */
    uint8_t *window;  /* HUB_JOURNAL_FRAME_BYTES_MAX of the file, owned */
    uint64_t window_at;
    size_t window_bytes;
    struct hub_frame_sums sums;
    struct hub_place places[HUB_JOURNAL_FRAME_RECORDS_MAX];
};

/* NULL when out of memory. */
struct hub_walk *hub_walk_new(void);
void hub_walk_destroy(struct hub_walk **walk);

/* Stand before the first frame of the segment in `fd` (borrowed until the next begin).
 * Expectations (number, index, previous, chained, salt) are left as they are: compare them
 * with head, then hub_walk_adopt.
 * RH_ERR_CORRUPT: the header block differs, bad.fault tells. */
enum rh_err hub_walk_begin(struct hub_walk *walk, int fd, uint64_t segment);
/* Expect what the header block promises. */
void hub_walk_adopt(struct hub_walk *walk);

enum hub_step hub_walk_step(struct hub_walk *walk);

/* Step behind a bad place: behind its extent when the head is good, else to the next block
 * that holds a believable head of a later frame, which `frame` then shows. RH_ERR_NOTFOUND
 * when there is none; the walk then stands at the end of the segment. */
enum rh_err hub_walk_pass(struct hub_walk *walk);

/* The next believable head of a frame numbered `number` or later, at `from` or behind. Any
 * salt is taken while the walk is not salted. RH_ERR_NOTFOUND when there is none. */
enum rh_err hub_walk_find(struct hub_walk *walk, uint32_t from, uint64_t number,
                          uint32_t *offset, struct hub_frame_head *head);

/* End of the last sector in [from, segment end) with a byte other than zero; `from` when
 * there is none. */
enum rh_err hub_walk_last_used(struct hub_walk *walk, uint32_t from, uint32_t *end);

/* Is the bad place before the walk an unfinished frame and nothing more: torn, nothing but
 * zeros behind its possible extent, no later frame? *end is the end of its bytes. When not,
 * *why (static) says what speaks against it. */
enum rh_err hub_walk_unfinished(struct hub_walk *walk, bool *unfinished, uint32_t *end,
                                const char **why);

/* `bytes` of the file at `offset`, zeros behind its end; valid until the next call.
 * NULL when the file cannot be read; walk->err tells. */
const uint8_t *hub_walk_bytes(struct hub_walk *walk, uint64_t offset, size_t bytes);

/* One record of the current frame; content is left empty when blanked or damaged. */
void hub_walk_record(const struct hub_walk *walk, uint32_t place,
                     struct hub_journal_record *record, struct hub_journal_location *location);

/* One sentence with place and difference. */
void hub_walk_describe(const struct hub_walk *walk, char *out, size_t capacity);

#endif
