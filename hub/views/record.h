/* A record of the journal, taken apart: what happened and what it did.
 *
 * core  = rh_receipt (rh/receipt.h), canonical
 * rest  = 16 random bytes, then a canonical map with the fields below by type; a field that
 *         is zero or empty is absent
 * content (ITEM only, stored items with a referral) = rh_seal_content(content key,
 *         associated = item digest, salt(32) || u32be private bytes || private || body)
 * Source: protocol/spec/journal.md, section 10. */
#ifndef HUB_VIEWS_RECORD_H
#define HUB_VIEWS_RECORD_H

#include "core/decide.h"

#include <rh/receipt.h>

enum { HUB_REST_RANDOM_BYTES = 16, HUB_REASON_BYTES_MAX = 200, HUB_OPERATOR_BYTES_MAX = 40 };

enum hub_command_type {
    HUB_COMMAND_AGENCY = 1,    /* enrol, change, revoke, suspend: the agency row after */
    HUB_COMMAND_ATTENTION = 2, /* urge, supervise, escalate a referral */
    HUB_COMMAND_DEAD_RETRY = 3,
    HUB_COMMAND_DEAD_RETURN = 4, /* return to origin: the sender holds it, letter settled */
    HUB_COMMAND_NOTE = 5,      /* anything else worth a record, text only */
    HUB_COMMAND_SUBSCRIPTION = 6 /* given or ended: the row after */
};

enum hub_clock_type {
    HUB_CLOCK_JUMP = 1,      /* the wall clock walked away while the hub ran; ignored */
    HUB_CLOCK_CONFIRMED = 2, /* an operator said that the wall clock is right */
    HUB_CLOCK_STEERED = 3,   /* a test hub was put forward */
    HUB_CLOCK_STARTED = 4,   /* the hub started; shift is how long it had not run */
    HUB_CLOCK_HELD = 5       /* the clock is not believed: nothing fires until CONFIRMED */
};

/* Event part and outcome of any record. Views are borrowed from the rest bytes. */
struct hub_record {
    struct rh_receipt core;
    uint8_t random[HUB_REST_RANDOM_BYTES];

    uint32_t agency;            /* BUNDLE, ITEM, STREAM: author's number */

    struct rh_bytes public_part;/* ITEM */
    struct rh_hash commitment;  /* ITEM */
    struct rh_bytes keys;       /* ITEM, encoded sealed keys */
    uint64_t bundle_index;      /* ITEM: record of its bundle */
    uint32_t position;          /* ITEM: place in the bundle */
    uint32_t item_bytes;        /* ITEM: size on the wire */
    uint64_t next_rno, next_number, free_slot; /* ITEM: what the event carried */
    uint64_t down_ms;           /* ITEM, TIMER, COMMAND, JOB: what the event carried;
                                   CLOCK: as far as known now */

    struct rh_bytes header;     /* BUNDLE: exact signed header; STREAM: exact signed hello */
    struct rh_signature signature; /* BUNDLE, STREAM */
    struct rh_bytes digests;    /* BUNDLE: count * 32 bytes */
    struct rh_bytes lost;       /* BUNDLE: receipts of earlier generations that came with it, as
                                   in the frame (rh_lost_open) */
    uint64_t lost_ms;           /* ITEM: when an earlier generation stored it, 0 never; */
    uint32_t lost_generation;   /* which one */

    uint64_t rno;               /* TIMER, COMMAND, JOB, ERASE */
    uint64_t key_slot;          /* ERASE: content key that is deleted */
    enum hub_command_type command; /* COMMAND */
    enum rh_kind action;        /* COMMAND: attention kind */
    char operator_name[HUB_OPERATOR_BYTES_MAX + 1]; /* COMMAND, CLOCK, GENERATION,
                                                       ERASE; RULES: who imported */
    char reason[HUB_REASON_BYTES_MAX + 1];          /* the same */
    struct rh_bytes agency_row; /* COMMAND AGENCY, JOB SUCCESSOR at its end: hub_agency_encode
                                   form after */
    struct rh_bytes dead_row;   /* COMMAND DEAD_*: hub_dead_encode form before */

    struct rh_bytes subscription_row; /* COMMAND SUBSCRIPTION: hub_subscription_encode form
                                   after */

    struct rh_bytes compiled;   /* RULES */
    struct rh_bytes sources;    /* RULES: encoded array of [name, bytes] */

    struct rh_bytes card;       /* GENESIS: the hub's card text */
    uint64_t old_size;          /* GENERATION */
    struct rh_hash old_root;    /* GENERATION */

    enum hub_clock_type clock;  /* CLOCK */
    uint64_t wall_ms;           /* CLOCK: what the wall said */
    int64_t shift_ms;           /* CLOCK: by how much it jumped or was steered */

    struct rh_bytes digest_rows;/* DIGEST: encoded array of [table, digest] */
    char text[HUB_REASON_BYTES_MAX + 1]; /* CUT: what was cut and where it lies; JOB: which
                                            step; COMMAND NOTE: the note */

    struct rh_bytes job_row;    /* JOB: hub_job_encode form after */
    struct rh_bytes queued_row; /* JOB: hub_queued_encode form of the entry that moves, before */

    struct rh_bytes outcome;    /* ITEM, TIMER, COMMAND, JOB: hub_outcome_encode form, may be
                                   empty */
};

/* Bounded by the record of rules, which carries compiled form and sources. */
enum { HUB_REST_BYTES_MAX = 2 * 1024 * 1024 };

/* Encode the rest of a record (core is rh_receipt_encode's; record->core.type says which
 * fields belong). RH_ERR_FULL when it does not fit; RH_ERR_INVALID when a field of another type
 * is not empty, one the type needs is, or a value is out of its bounds. */
enum rh_err hub_record_rest_encode(const struct hub_record *record, struct rh_writer *writer);

/* Decode core and rest. Views of *out point into `rest`. RH_ERR_CORRUPT when either is not of
 * the form; what the nested bytes hold is not looked at. */
enum rh_err hub_record_decode(struct rh_bytes core, struct rh_bytes rest,
                              struct hub_record *out);

/* Kind and nothing else of a public part that may be anything: RH_KIND_NONE when it cannot be
 * read. For records whose item was refused because of its form. */
enum rh_kind hub_record_kind(struct rh_bytes public_part);

/* What an outcome did to a referral, in one word for its timeline: the gravest of its notes,
 * the earliest among equals; RH_KIND_NONE without notes. A hub that comes back late fires a
 * warning and the miss in one record, and the miss must not hide behind the warning. */
enum rh_kind hub_record_noted(const struct hub_outcome *outcome, uint64_t rno);

/* Leaf hash of a record: leaf data = core || SHA-256(rest). */
void hub_record_leaf(struct rh_bytes core, struct rh_bytes rest, struct rh_hash *rest_hash,
                     struct rh_hash *leaf);

#endif
