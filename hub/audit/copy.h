/* A log as it was handed to the auditor: a hub's data directory (journal/ and log/ below it)
 * or a journal directory alone. Opened for reading, never written.
 *
 * Also the two things one must hold besides it: the hub's public key, and checkpoints that
 * came by other ways than this copy. */
#ifndef HUB_AUDIT_COPY_H
#define HUB_AUDIT_COPY_H

#include "audit/findings.h"
#include "journal/journal.h"

#include <rh/keyfile.h>
#include <rh/note.h>

enum { HUB_COPY_PATH_BYTES = 4096, HUB_COPY_CHECKPOINTS_MAX = 16 * 1024 * 1024 };

/* A checkpoint with a good signature of the hub. */
struct hub_copy_checkpoint {
    uint64_t size;
    struct rh_hash root;
    uint32_t generation;
    bool given;  /* by the auditor, not found in the copy */
    bool passed; /* of a generation that ended before this size: nothing to compare with */
};

struct hub_copy {
    char journal_dir[HUB_COPY_PATH_BYTES];
    char log_dir[HUB_COPY_PATH_BYTES]; /* "" when the copy has none */
    struct hub_journal *journal;       /* owned */
    uint64_t bytes;                    /* of all segment files, for the progress */
    uint64_t first_index;              /* of the oldest segment */
    uint32_t segment_count;

    bool carded;               /* the hub's card was given */
    bool keyed;                /* hub_key is known at all */
    struct rh_hub_id hub;      /* first generation's id; "" when not known */
    struct rh_sign_public hub_key;
    char fingerprint[RH_FINGERPRINT_BYTES]; /* of the card used; "" when not known */

    struct hub_copy_checkpoint *checkpoints; /* owned; ascending by size, no repeats */
    size_t checkpoint_count, checkpoint_capacity;
    uint64_t notes;            /* read, good or not */
    char *newest_note;         /* owned; the note of the newest checkpoint, NULL when none */
    size_t newest_note_bytes;
    uint64_t newest_size;
    uint32_t newest_generation;
};

/* What opening looks at. All borrowed. */
struct hub_copy_options {
    const char *path;
    const char *hub_card;            /* file; NULL: the card in the journal's first record */
    const char *const *checkpoints;  /* files of notes given by the auditor */
    size_t checkpoint_count;
};

/* Open; problem (caller's) gets one English sentence when it cannot be.
 *
 * RH_ERR_NOTFOUND  no such path, or no segment in it, or a file given is missing
 * RH_ERR_INVALID   the card is none
 * RH_ERR_IO, RH_ERR_DENIED, RH_ERR_NOMEM */
enum rh_err hub_copy_open(struct hub_copy *copy, const struct hub_copy_options *options,
                          char *problem, size_t problem_bytes);
void hub_copy_close(struct hub_copy *copy);

/* Read every note of the copy and those given, check their signatures, and sort them. What is
 * wrong with one is a finding. */
enum rh_err hub_copy_read_checkpoints(struct hub_copy *copy,
                                      const struct hub_copy_options *options,
                                      struct hub_findings *findings);

/* A whole file of at most bytes_max bytes; *out is the caller's, to be freed, with one zero
 * byte behind. RH_ERR_NOTFOUND, RH_ERR_FULL, RH_ERR_NOMEM, RH_ERR_DENIED, RH_ERR_IO. */
enum rh_err hub_copy_read_file(const char *path, size_t bytes_max, char **out, size_t *bytes);

#endif
