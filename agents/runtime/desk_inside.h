/* What the files of the desk share; nobody else includes this. desk.c checks and sends,
 * desk_draft.c makes the items, desk_hash.c the hashes in them, desk_content.c private part and
 * body, desk_people.c participants, desk_check.c asks the agency's profile.
 *
 * A mistake of the message is a problem in work->problems, and the work goes on, so that all
 * are found at once. An error that is returned is the spool's. */
#ifndef AGENT_DESK_INSIDE_H
#define AGENT_DESK_INSIDE_H

#include "runtime/desk.h"

/* One item in the making. */
struct desk_draft {
    struct rh_public item;
    bool with_content; /* private part and body travel in this one */
    uint8_t public_part[RH_PUBLIC_BYTES_MAX];
    size_t public_bytes;
};

struct desk_work {
    const struct agent_desk *desk;
    const struct agent_message *message;
    struct agent_problems *problems;
    uint64_t file_no;
    struct agent_case known;      /* the case it belongs to; zero when new */
    bool again;                   /* ... which is gone on with, not registered anew */
    struct rh_message_id attempt; /* of a message said again under its id; else zero */
    char content[AGENT_KEY_BYTES_MAX + 1]; /* name to find a new case by; may be empty */
    char procedure[RH_CODE_BYTES_MAX + 1];
    uint32_t count;
    struct desk_draft drafts[2]; /* a registration and what was asked for, or only the latter */
    uint8_t *private_part;       /* encoded, malloc'ed; as it travels */
    size_t private_bytes;
    uint8_t *body;               /* the same */
    size_t body_bytes;
    struct rh_agency_id reader;  /* whom a sealed amendment is for: it names no addressee */
    struct rh_sealed_key sealed[RH_SEALED_KEYS_MAX];
    uint32_t sealed_count;
    uint8_t keys[RH_SEALED_KEYS_MAX * (RH_AGENCY_BYTES_MAX + RH_SEALED_KEY_BYTES + 16) + 16];
    size_t keys_bytes;
};

/* The draft of what was asked for, after a registration if one goes before. */
struct desk_draft *desk_last(struct desk_work *work);
void desk_complain(struct desk_work *work, uint32_t refusal, const char *pointer,
                   const char *expected, const char *expected_zh);

/* Fills drafts, count, procedure and known. RH_ERR_AGAIN: see agent_desk_submit. */
enum rh_err desk_make_drafts(struct desk_work *work);
/* The hub has the registration: only the dispatch leaves, in the case work->known. */
void desk_drop_registration(struct desk_work *work);

/* "system=number", the name by which a case is found. */
void desk_external_key(const struct rh_external_number *number,
                       char out[AGENT_KEY_BYTES_MAX + 1]);
/* Hashes of numbers, persons, accused and matter into `item`. RH_ERR_AGAIN: the hub's key for
 * them, which comes with the first session, is not here yet. */
enum rh_err desk_hash_numbers(struct desk_work *work, struct rh_public *item);

/* Private part and body as they travel, unless sealed; room for the largest of either. */
void desk_encode_content(struct desk_work *work);
/* A new matter without numbers of other systems: known again by what it says. Goes on with the
 * case then, and names it for the next time either way. */
enum rh_err desk_continue_by_content(struct desk_work *work);
/* A matter registered earlier and dispatched now, without a word about it: its content is what
 * was said at its registration, if the spool still has it in the open. */
enum rh_err desk_reuse_content(struct desk_work *work);
/* Seals both parts for the addressees, and for this agency itself so that it can read what it
 * said, when the message asks for it or names participants. */
void desk_seal_content(struct desk_work *work);

/* Participants: whether this message may name them and end their part; tells the other side
 * where the message names nobody. What comes back is the spool's. */
enum rh_err desk_check_people(struct desk_work *work);
/* Remember them with the matter; the message has number n. */
enum rh_err desk_keep_people(struct desk_work *work, uint64_t n);

#endif
