/* The receipt core: the part of a record that its sender gets back, identical for ever.
 * Source: protocol/spec/receipt.md. Leaf data of the log is core || SHA-256(rest). */
#ifndef RH_RECEIPT_H
#define RH_RECEIPT_H

#include <rh/hash.h>
#include <rh/id.h>

/* What a record records. */
enum rh_record_type {
    RH_RECORD_GENESIS = 1,     /* hub id, keys; first record of a hub */
    RH_RECORD_GENERATION = 2,  /* first record after `rhubd recover`: seals old root and size */
    RH_RECORD_BUNDLE = 3,      /* signed header and item digests, before the items */
    RH_RECORD_ITEM = 4,        /* one item, stored or refused */
    RH_RECORD_TIMER = 5,       /* arrived, due_soon, overdue, ladder steps */
    RH_RECORD_COMMAND = 6,     /* an operator's command that changed something */
    RH_RECORD_RULES = 7,       /* rules, calendars and settings in force from here */
    RH_RECORD_STREAM = 8,      /* an epoch registered at its first HELLO */
    RH_RECORD_DIGEST = 9,      /* state digest at this index */
    RH_RECORD_CUT = 10,        /* a torn frame was moved to quarantine */
    RH_RECORD_CLOCK = 11,      /* wall clock jump seen, or confirmed, or test clock moved */
    RH_RECORD_ERASE = 12,
    RH_RECORD_CARRY = 13,
    RH_RECORD_JOB = 14
};

/* On what a date rests: the law, as far as its text was verified (protocol/spec/procedures.md),
 * or the settings of the hub and what a sender wrote. */
enum rh_due_basis {
    RH_DUE_NONE = 0,
    RH_DUE_LAW_V1 = 1,
    RH_DUE_LAW_V2 = 2,
    RH_DUE_LAW_M = 3,
    RH_DUE_POLICY = 4
};
/* "law" or "policy"; "V1", "V2", "M", "policy"; NULL for none. */
const char *rh_due_basis_name(enum rh_due_basis basis);
const char *rh_due_verification_name(enum rh_due_basis basis);

/* Core of any record: a canonical map whose keys are the numbers in comments. 1 to 4 are
 * always there, the others only when not zero or empty. Agency, epoch and n only for the
 * records of a stream: all three and a digest for BUNDLE and ITEM, agency and epoch for STREAM
 * (n may be 0). A refused ITEM may lack the message id: its public part could not be read. */
struct rh_receipt {
    struct rh_hub_id hub;           /* 1 */
    enum rh_record_type type;       /* 2 */
    uint64_t index;                 /* 3 position in the log, from 0 */
    uint64_t stored_ms;             /* 4 hub time, UTC ms */
    struct rh_agency_id agency;     /* 5 sender of the stream */
    struct rh_epoch epoch;          /* 6 */
    uint64_t n;                     /* 7 number in the stream; a bundle's is its first n */
    struct rh_message_id message_id;/* 8 */
    struct rh_hash digest;          /* 9 item digest; a bundle's is its root */
    uint32_t outcome;               /* 10 0 stored, else the refusal's number */
    struct rh_agency_id holder;     /* 11 whose turn it is now, empty if nobody's */
    uint64_t due_ms;                /* 12 earliest end of the holder's clocks, exclusive */
    char due_limit[RH_CODE_BYTES_MAX + 1]; /* 13 which clock of the procedure that is */
    enum rh_due_basis due_basis;    /* 14 on what it rests; both or none, only with 12 */
};

enum { RH_CORE_BYTES_MAX = 512 };

/* RH_ERR_INVALID when those rules or the bounds RH_NUMBER_MAX, RH_MS_MAX are broken (nothing
 * is written), RH_ERR_FULL when it does not fit. */
enum rh_err rh_receipt_encode(const struct rh_receipt *receipt, struct rh_writer *writer);
enum rh_err rh_receipt_decode(struct rh_bytes core, struct rh_receipt *out);

#endif
