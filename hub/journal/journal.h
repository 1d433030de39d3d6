/* The journal: the hub's truth, and what auditors copy.
 *
 * It stores opaque records, densely numbered from 0, in frames (one per batch) in segment
 * files. It promises: what hub_journal_wait answered RH_OK for is on the disk; nothing that
 * changed on the disk is ever delivered as if it had not; a write cut short by a crash is
 * told from damage. What a record means is none of its business.
 *
 * Format: protocol/spec/journal.md. A record's index is also its leaf in the Merkle log.
 *
 * Threads: one thread (the engine's) appends: begin, add, submit, wait. hub_journal_read,
 * hub_journal_scan, hub_journal_state and hub_journal_ready may be called from any thread.
 * Two threads of the journal's own work behind it: one writes and syncs the submitted frame,
 * one makes the next segment. */
#ifndef HUB_JOURNAL_JOURNAL_H
#define HUB_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/codec.h>
#include <rh/err.h>
#include <rh/limits.h>

enum {
    HUB_JOURNAL_FRAME_RECORDS_MAX = 2048,           /* 1024 items, each with a bundle header */
    HUB_JOURNAL_FRAME_BYTES_MAX = 5 * 1024 * 1024,  /* on disk: a 4 MB batch and its edges */
    HUB_JOURNAL_SEGMENT_BYTES = 64 * 1024 * 1024,   /* default */
    HUB_JOURNAL_SEGMENT_BYTES_MIN = 2 * 4096,       /* header block and one small frame */
    HUB_JOURNAL_SEGMENT_BYTES_MAX = 1024 * 1024 * 1024,
    HUB_JOURNAL_RECORD_HEAD_BYTES = 48, /* fixed part of a record, both checksums included */
    HUB_JOURNAL_TEXT_BYTES = 320        /* a sentence of a report, terminator included */
};

static_assert(HUB_JOURNAL_FRAME_BYTES_MAX > 4 * RH_FRAME_BYTES_MAX,
              "a full batch of requests must fit in one frame");

struct hub_journal;

/* Opening ------------------------------------------------------------------------------- */

struct hub_journal_options {
    const char *directory; /* borrowed; made when absent, mode 0700; the parent must exist */
    const char *hub_id;    /* borrowed; written into new segments; see rh/id.h */
    uint32_t segment_bytes; /* of new segments; multiple of 4096; 0: the default */
    bool read_only;        /* for copies: no lock, no recovery; scan and read only */
    uint64_t applied_size;   /* the views have applied every index below this; 0: none */
    uint64_t published_size; /* a published checkpoint covers every index below this; 0: none */
    uint32_t retry_ms;     /* pause after the next segment could not be made; 0: 1000 */
};

/* What opening found and did. `text` is one sentence for the log and the operator, in the
 * language of the process (rh/text.h). */
struct hub_journal_report {
    bool cut;              /* an unfinished frame was moved to quarantine */
    uint64_t cut_segment;  /* first index of the segment it stood in */
    uint32_t cut_offset;   /* where it began, bytes from the start of the file */
    uint32_t cut_bytes;    /* how many bytes were moved */
    uint64_t cut_frame;    /* number it would have had */
    uint64_t cut_index;    /* first record index it would have held */
    char cut_file[64];     /* its name inside DIR/quarantine */
    char text[HUB_JOURNAL_TEXT_BYTES];
};

/* Open a journal, recovering it unless read_only: find the last valid frame, move an
 * unfinished one after it to quarantine, write the last valid frame again in place and sync
 * (the page cache is not the disk), and get the next segment made.
 *
 * options, report  caller's; report is always filled; *out is NULL unless RH_OK.
 *
 * RH_ERR_CORRUPT   a bad frame that is not an unfinished one, or the journal is shorter than
 *                  the views or a published checkpoint say; nothing was changed.
 * RH_ERR_DENIED    another process has it open for writing.
 * RH_ERR_CONFIG    not usable: segment size, missing parent, another hub's journal.
 * RH_ERR_NOSPACE   no room for the first segment or for the quarantined bytes.
 * RH_ERR_NOTFOUND  read_only and there is no segment. */
enum rh_err hub_journal_open(const struct hub_journal_options *options,
                             struct hub_journal **out, struct hub_journal_report *report);

/* A cut that is not on record yet. Its note was synced beside the quarantined bytes before the
 * segment was zeroed, and stays until somebody says that a record of it is synced: a start that
 * fails after the cut must not swallow it. */
struct hub_journal_cut {
    char file[64];  /* name of the quarantined bytes inside DIR/quarantine */
    char text[160]; /* one English sentence, printable ASCII */
};

/* At most `max` of them, in order of names, into the caller's `out`; *count how many. For a
 * journal open for writing. */
enum rh_err hub_journal_cuts(struct hub_journal *journal, struct hub_journal_cut *out,
                             size_t max, size_t *count);
/* A record of it is synced: its note goes. After a crash in between, the cut is recorded once
 * more, never not at all. */
enum rh_err hub_journal_cut_recorded(struct hub_journal *journal,
                                     const struct hub_journal_cut *cut);

/* Waits for the frame in flight, stops the threads, releases everything and nulls the
 * pointer. A second call does nothing. */
void hub_journal_close(struct hub_journal **journal);

/* State --------------------------------------------------------------------------------- */

enum hub_journal_spare {
    HUB_JOURNAL_SPARE_MAKING, /* the next segment is being written ahead */
    HUB_JOURNAL_SPARE_READY,
    HUB_JOURNAL_SPARE_MISSING /* it could not be made; spare_text says why; retried */
};

struct hub_journal_state {
    bool failed;              /* a write or sync failed: every call answers RH_ERR_IO; exit */
    uint64_t first_index;     /* first record still here (older segments may be archived) */
    uint64_t next_index;      /* synced records end here; index of the next one */
    uint64_t next_frame;      /* number of the next frame, from 0 */
    uint64_t last_term;       /* of the last frame; 0 when there is none */
    uint64_t last_time_ms;    /* its hub time; 0 when there is none */
    uint64_t last_checksum;   /* its checksum; 0 when there is none */
    uint64_t segment;         /* first index of the segment being written */
    uint32_t segment_offset;  /* bytes of it in use, header block included */
    uint32_t segment_bytes;   /* its size; 0 while there is no segment yet */
    uint32_t segment_count;   /* segment files with records */
    enum hub_journal_spare spare;
    char spare_text[HUB_JOURNAL_TEXT_BYTES]; /* "next segment missing: <reason>", else "" */
    uint64_t spare_waits;     /* how often a frame had to wait for the next segment */
    char hub_id[RH_HUB_ID_BYTES_MAX + 1]; /* of the newest segment; "" when there is none */
};

void hub_journal_state(struct hub_journal *journal, struct hub_journal_state *out);

/* Would the largest frame be taken? Ask before deciding a batch.
 * RH_OK           yes
 * RH_ERR_AGAIN    yes, but it may have to wait for the next segment, being made now
 * RH_ERR_NOSPACE  no: the next segment is missing, or less than one segment's room is left on
 *                 the disk for views and log; heals by itself
 * RH_ERR_IO       failed; exit and recover */
enum rh_err hub_journal_ready(struct hub_journal *journal);

/* Appending ----------------------------------------------------------------------------- */

struct hub_journal_record {
    uint16_t type;
    uint16_t flags;
    uint64_t index;         /* out, when reading; ignored when adding */
    uint32_t content_slot;  /* key slot of the content; 0: none */
    struct rh_bytes core;
    struct rh_bytes rest;
    struct rh_bytes content; /* ciphertext; may be empty */
};

/* Where a record stands; plain numbers, fit to be kept in a row. */
struct hub_journal_location {
    uint64_t index;
    uint64_t segment; /* first index of its segment, which names the file */
    uint32_t offset;  /* of its first byte, from the start of the file */
    uint32_t bytes;   /* its payload bytes (guard bytes not counted), padding included */
};

/* What a frame says about itself. */
struct hub_journal_frame {
    uint64_t number;      /* dense from 0; set by the journal */
    uint64_t first_index; /* set by the journal */
    uint32_t record_count; /* set by the journal */
    uint64_t term;
    uint64_t time_ms;     /* hub time, UTC */
    uint16_t schema_version;
    uint16_t decide_version;
};

/* Start a frame, discarding one that was built but not submitted. `frame`: borrowed; term,
 * time and versions are taken from it. No frame may be in flight. */
enum rh_err hub_journal_begin(struct hub_journal *journal,
                              const struct hub_journal_frame *frame);

/* Copy one record into the frame. *location (may be NULL) is its index and where it will
 * stand; both hold only if the frame's wait answers RH_OK.
 *
 * RH_ERR_FULL     the frame, or the segment it began in, has no room left: submit, wait,
 *                 begin, add again. From an empty frame it means that the record is larger
 *                 than hub_journal_record_bytes_max.
 * RH_ERR_NOSPACE  the first record of the frame needs the next segment, which is missing;
 *                 nothing happened, the frame is still empty */
enum rh_err hub_journal_add(struct hub_journal *journal,
                            const struct hub_journal_record *record,
                            struct hub_journal_location *location);

/* Largest core + rest + content that an empty frame takes in this journal. */
size_t hub_journal_record_bytes_max(const struct hub_journal *journal);

/* Hand the frame to the writing thread; exactly one hub_journal_wait must follow RH_OK.
 * RH_ERR_USAGE when the frame is empty. */
enum rh_err hub_journal_submit(struct hub_journal *journal);

/* Result of the submitted frame, blocking until it is known.
 * RH_OK           written and synced; its records may be scanned, read, applied, confirmed
 * RH_ERR_NOSPACE  nothing was stored and nothing changed; the same indexes are given again
 * RH_ERR_IO       unknown: it may or may not be found at the next start; exit */
enum rh_err hub_journal_wait(struct hub_journal *journal);

/* submit and wait in one. */
enum rh_err hub_journal_append(struct hub_journal *journal);

/* Reading ------------------------------------------------------------------------------- */

enum hub_journal_content {
    HUB_JOURNAL_CONTENT_NONE,    /* the record has none */
    HUB_JOURNAL_CONTENT_INTACT,
    HUB_JOURNAL_CONTENT_BLANKED, /* overwritten with 0xFF on purpose (spec, "Blanking") */
    HUB_JOURNAL_CONTENT_DAMAGED  /* fails its checksum */
};

/* Bytes of buffer that hub_journal_read wants for this location; 0 when the location cannot
 * be one and hub_journal_read would refuse it. Never above HUB_JOURNAL_FRAME_BYTES_MAX. */
size_t hub_journal_read_bytes(const struct hub_journal_location *location);

/* Read one synced record back and verify it.
 *
 * buffer   caller's; out's views point into it.
 * content  may be NULL; RH_OK with BLANKED leaves out->content empty.
 *
 * RH_ERR_CORRUPT   a checksum, guard byte or the index differs (DAMAGED content: core and
 *                  rest are delivered all the same)
 * RH_ERR_NOTFOUND  the segment is not here, or the record is not synced yet
 * RH_ERR_INVALID   not a possible location
 * RH_ERR_FULL      buffer too small */
enum rh_err hub_journal_read(struct hub_journal *journal,
                             const struct hub_journal_location *location, uint8_t *buffer,
                             size_t buffer_bytes, struct hub_journal_record *out,
                             enum hub_journal_content *content);

enum hub_journal_damage_kind {
    HUB_JOURNAL_DAMAGE_UNFINISHED, /* the end of a copy taken while it was written: no harm */
    HUB_JOURNAL_DAMAGE_CONTENT,    /* only a record's content */
    HUB_JOURNAL_DAMAGE_RECORD,     /* one record; the others of its frame are delivered */
    HUB_JOURNAL_DAMAGE_FRAME,      /* a range of the file that holds no readable frame */
    HUB_JOURNAL_DAMAGE_SEGMENT,    /* a header block, a file's name or length */
    HUB_JOURNAL_DAMAGE_GAP         /* the chain does not fit: records are missing in between */
};

struct hub_journal_damage {
    enum hub_journal_damage_kind kind;
    uint64_t segment;  /* first index of the segment, as its file is named */
    uint32_t offset;   /* bytes from the start of the file */
    uint32_t bytes;    /* length of the bad range */
    uint64_t frame;    /* number of the frame, expected or found */
    uint64_t index;    /* first record index concerned */
    uint64_t count;    /* records concerned; 0: not known */
    char text[HUB_JOURNAL_TEXT_BYTES]; /* one sentence with place and difference, translated */
};

/* Callbacks of a scan. All arguments are borrowed: valid for the call. */
struct hub_journal_visitor {
    /* One record, in order of index. A result other than RH_OK ends the scan with it. */
    enum rh_err (*record)(void *arg, const struct hub_journal_record *record,
                          enum hub_journal_content content,
                          const struct hub_journal_location *location,
                          const struct hub_journal_frame *frame);
    /* One damaged place; the scan goes on behind it. NULL: the scan stops at the first one
     * (an unfinished end excepted) with RH_ERR_CORRUPT, before delivering anything of that
     * frame. A result other than RH_OK ends the scan with it. */
    enum rh_err (*damage)(void *arg, const struct hub_journal_damage *damage);
    void *arg;
};

/* Deliver every record from `from_index` on, verifying everything on the way from the
 * beginning of the segment that holds it: on a journal open for writing as far as synced when
 * the scan began, on a copy as far as it reaches.
 *
 * RH_ERR_CORRUPT   stopped at damage, or the end was reached and damage was reported
 * RH_ERR_NOTFOUND  from_index lies before the first record here
 * RH_ERR_NOMEM     no memory for the two frame buffers of the scan */
enum rh_err hub_journal_scan(struct hub_journal *journal, uint64_t from_index,
                             const struct hub_journal_visitor *visitor);

#endif
