/* What an audit found: breaks, each independent of the others, and notices that are no break.
 *
 * A finding has a code for programs, a sentence for people, the place, and what exactly
 * differs, both in the language of the process. Nothing here decides; it remembers. */
#ifndef HUB_AUDIT_FINDINGS_H
#define HUB_AUDIT_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/hash.h>
#include <rh/text.h>

enum {
    HUB_FINDINGS_MAX = 10000, /* kept; more are counted only */
    HUB_FINDING_DETAIL_BYTES = 360
};

#define HUB_FINDING_NOWHERE UINT64_MAX

/* X(symbol, is a break, code, sentence) */
#define HUB_FINDING_LIST(X)                                                                   \
    X(FRAME, true, "frame", N_("a part of the journal cannot be read"))                       \
    X(RECORD, true, "record", N_("a record fails its checksum"))                              \
    X(CONTENT, true, "content", N_("the content of a record fails its checksum"))             \
    X(SEGMENT, true, "segment", N_("a segment file is damaged"))                              \
    X(GAP, true, "gap", N_("records are missing"))                                            \
    X(BEGIN, true, "begin", N_("the journal does not begin with record 0"))                   \
    X(ORDER, true, "order", N_("a record stands twice or out of order"))                      \
    X(FORM, true, "form", N_("a record cannot be decoded"))                                   \
    X(CORE, true, "core", N_("a record does not say where it stands"))                        \
    X(TIME, true, "time", N_("hub time runs backwards"))                                      \
    X(CLOCK, true, "clock", N_("a real hub ran on a steered clock"))                          \
    X(ALTERED, true, "altered", N_("a record is not the one the log covers"))                 \
    X(ROOT, true, "root", N_("the records do not lead to a published checkpoint"))            \
    X(SHORT, true, "short", N_("a published checkpoint covers records that are not here"))    \
    X(ROLLBACK, true, "rollback", N_("an earlier generation published more than was kept"))   \
    X(NOTE, true, "note", N_("a checkpoint is not of the form or not of this hub"))           \
    X(NOTE_SIGNATURE, true, "note_signature", N_("a checkpoint lacks the hub's signature"))   \
    X(TILES, true, "tiles", N_("the tiles do not lead to the newest checkpoint"))             \
    X(WITNESS, true, "witness", N_("the signature of a witness on a checkpoint fails"))       \
    X(HUB_KEY, true, "hub_key", N_("the journal names another hub or key than its card"))     \
    X(AGENCY_KEY, true, "agency_key", N_("an agency was enrolled with a key not its own"))    \
    X(AGENCY, true, "agency", N_("a record names an agency that is not enrolled"))            \
    X(STREAM, true, "stream", N_("the hello that opened a stream fails its check"))           \
    X(BUNDLE, true, "bundle", N_("a bundle does not fit its record"))                         \
    X(BUNDLE_SIGNATURE, true, "bundle_signature", N_("the sender's signature fails"))         \
    X(BUNDLE_SHORT, true, "bundle_short", N_("items of a bundle are missing"))                \
    X(ITEM, true, "item", N_("an item is not the one its sender signed"))                     \
    X(NUMBER, true, "number", N_("the numbers of a stream are not dense"))                    \
    X(DUPLICATE, true, "duplicate", N_("a message was stored twice"))                         \
    X(PAIR, true, "pair", N_("a delivery does not take the next number of its pair"))         \
    X(GENERATION, true, "generation", N_("a generation does not seal the one before"))        \
    X(RULES, true, "rules", N_("journalled rules cannot be decoded"))                         \
    X(APPLY, true, "apply", N_("a record cannot be applied to the state"))                    \
    X(DIGEST, true, "digest", N_("the replayed state is not the recorded one"))               \
    X(DEADLINE, true, "deadline", N_("a date does not follow from its derivation"))           \
    X(STATE, true, "state", N_("the indexes of the state do not agree"))                      \
    X(ERASED, true, "erased", N_("content was blanked without an erasure on record"))         \
    X(CONTENT_SLOT, true, "content_slot", N_("content is kept under the key of another"))     \
    X(REDECIDE, true, "redecide", N_("deciding again gives another outcome"))                 \
    X(UNFINISHED, false, "unfinished", N_("the copy ends in the middle of a write"))          \
    X(NO_CHECKPOINT, false, "no_checkpoint", N_("no checkpoint vouches for these records"))   \
    X(NO_CARD, false, "no_card", N_("the hub's key was taken from the journal itself"))       \
    X(NO_AGENCY_CARD, false, "no_agency_card", N_("no card was given for an enrolled agency")) \
    X(INACTIVE, false, "inactive", N_("a revoked or suspended agency was heard"))             \
    X(STOPPED, false, "replay_stopped", N_("the state was replayed only up to here"))         \
    X(VERSION, false, "version", N_("records of another version were not decided again"))

enum hub_finding_code {
#define HUB_FINDING_ENUM(symbol, is_break, code, sentence) HUB_FINDING_##symbol,
    HUB_FINDING_LIST(HUB_FINDING_ENUM)
#undef HUB_FINDING_ENUM
    HUB_FINDING_CODES
};

struct hub_finding {
    enum hub_finding_code code;
    uint64_t index;   /* first record concerned; HUB_FINDING_NOWHERE: none */
    uint64_t count;   /* records concerned; 0: not known, or not about records */
    bool placed;      /* the next three say where in the files */
    uint64_t segment; /* first index of the segment, which names the file */
    uint32_t offset;
    uint64_t frame;
    bool hashed;      /* the next two differ */
    struct rh_hash expected, actual;
    uint64_t last_good; /* size of the last checkpoint that agreed when it was found */
    char detail[HUB_FINDING_DETAIL_BYTES]; /* what differs, in the language of the process */
};

struct hub_findings {
    struct hub_finding *list; /* owned */
    size_t count, capacity;
    uint64_t breaks, notices; /* all, kept or not */
    bool first;               /* stop at the first break */
    bool over;                /* it was found, or memory ran out */
    uint64_t last_good;       /* noted in every finding */
};

void hub_findings_init(struct hub_findings *findings, bool first);
void hub_findings_fini(struct hub_findings *findings);

/* Start a finding: placed nowhere in the files, no hashes, the detail printed. The format is a
 * message id marked with N_(), and so are the phrases among its arguments, which the caller
 * translates. */
struct hub_finding hub_finding_make(enum hub_finding_code code, uint64_t index,
                                    const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Remember it. */
void hub_findings_add(struct hub_findings *findings, const struct hub_finding *finding);
/* make and add in one. */
void hub_findings_say(struct hub_findings *findings, enum hub_finding_code code, uint64_t index,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

bool hub_finding_is_break(enum hub_finding_code code);
/* "bundle_signature". */
const char *hub_finding_name(enum hub_finding_code code);
/* The sentence, in the language of the process. */
const char *hub_finding_sentence(enum hub_finding_code code);

#endif
