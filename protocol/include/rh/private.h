/* Private part and body of an item: what agencies tell one another and the hub never reads.
 *
 * The private part is a canonical map with the keys of enum rh_private_key, each optional; a
 * key that is empty is absent. The body is a canonical array [media type str, content bin].
 * Either may be missing altogether (no bytes). When the item's list of sealed keys is not
 * empty, both travel as ciphertext instead. Source: protocol/spec/wire.md, "Private part",
 * "Body", "Sealing". */
#ifndef RH_PRIVATE_H
#define RH_PRIVATE_H

#include <rh/item.h>
#include <rh/participant.h>

enum rh_private_key {
    RH_PRIVATE_TITLE = 1,
    RH_PRIVATE_SUMMARY = 2,
    RH_PRIVATE_PERSONS = 3,     /* array of maps, see enum rh_person_key */
    RH_PRIVATE_FORM = 4,        /* map: field of the form -> text */
    RH_PRIVATE_DOCUMENT = 5,    /* document number, 文号 */
    RH_PRIVATE_LEADER = 6,      /* leader in charge */
    RH_PRIVATE_ATTACHMENTS = 7, /* array of [name, media type, size, sha256 bin32] */
    RH_PRIVATE_EXTERNALS = 8,   /* array of [system, number in clear] */
    RH_PRIVATE_PARTICIPANTS = 9, /* array of maps, see enum rh_participant_key */
    RH_PRIVATE_KEY_MAX = 9
};

enum rh_person_key {
    RH_PERSON_NAME = 1,
    RH_PERSON_ROLE = 2, /* code: petitioner, party, accused, agent ... */
    RH_PERSON_ID_NUMBER = 3,
    RH_PERSON_PHONE = 4,
    RH_PERSON_ADDRESS = 5,
    RH_PERSON_UNIT = 6, /* employer, or the organisation meant */
    RH_PERSON_KEY_MAX = 6
};

enum rh_participant_key {
    RH_PARTICIPANT_ID = 1,
    RH_PARTICIPANT_NAME = 2,
    RH_PARTICIPANT_ROLE = 3,  /* of rh/participant.h */
    RH_PARTICIPANT_UNIT = 4,
    RH_PARTICIPANT_SCOPE = 5, /* uint: set of enum rh_scope */
    RH_PARTICIPANT_FROM = 6,  /* 2026-03-04 */
    RH_PARTICIPANT_UNTIL = 7,
    RH_PARTICIPANT_BASIS = 8,
    RH_PARTICIPANT_ENDED = 9,
    RH_PARTICIPANT_KEY_MAX = 9
};

enum {
    RH_SUBJECT_BYTES_MAX = 600,
    RH_SUMMARY_BYTES_MAX = 32 * 1024,
    RH_PERSONS_MAX = 64,
    RH_FORM_FIELDS_MAX = 128,
    RH_FORM_VALUE_BYTES_MAX = 8 * 1024,
    RH_ATTACHMENTS_MAX = 32,
    RH_PARTICIPANTS_MAX = 16,
    RH_LINE_BYTES_MAX = 300 /* every other text */
};

/* All texts are borrowed views of UTF-8, not terminated; bytes 0 means absent. */
struct rh_person {
    struct rh_bytes name, role, id_number, phone, address, unit;
};

/* One who takes part, or no longer does. Takes part: all but `ended`, of which unit and until
 * may be absent. Ends: id and ended alone. An entry replaces the author's earlier one of that
 * id in the same matter. */
struct rh_participant {
    struct rh_bytes id;    /* rh_participant_id_is_valid */
    struct rh_bytes name;
    struct rh_bytes role;  /* one of the list; scope lies below its ceiling */
    struct rh_bytes unit;  /* firm, committee, station; absent: none */
    uint32_t scope;        /* set of enum rh_scope, not empty */
    struct rh_bytes from, until; /* days, both included; until absent: while the matter runs */
    struct rh_bytes basis; /* why he is let in: a mandate, a decision, an article */
    struct rh_bytes ended; /* why he takes part no longer */
};

struct rh_form_field {
    struct rh_bytes key; /* [a-z][a-z0-9_]*, at most RH_FACT_KEY_BYTES_MAX */
    struct rh_bytes value;
};

struct rh_attachment {
    struct rh_bytes name;       /* required; a file name, no path */
    struct rh_bytes media_type; /* required, "application/pdf" */
    uint64_t size;              /* bytes */
    struct rh_hash sha256;
};

struct rh_external_number {
    struct rh_bytes system; /* as in rh_external */
    struct rh_bytes number; /* required */
};

struct rh_private {
    struct rh_bytes title;
    struct rh_bytes summary;
    uint32_t person_count;
    struct rh_person persons[RH_PERSONS_MAX];
    uint32_t form_count; /* decoded in order of the keys; encoded from any order */
    struct rh_form_field form[RH_FORM_FIELDS_MAX];
    struct rh_bytes document;
    struct rh_bytes leader;
    uint32_t attachment_count;
    struct rh_attachment attachments[RH_ATTACHMENTS_MAX];
    uint32_t external_count;
    struct rh_external_number externals[RH_EXTERNALS_MAX];
    uint32_t participant_count;
    struct rh_participant participants[RH_PARTICIPANTS_MAX];
};

/* Encode nothing at all when everything is empty (writer->bytes does not move).
 * RH_ERR_INVALID when a bound above, a key's alphabet or UTF-8 is broken, or two form keys are
 * equal; RH_ERR_FULL when it does not fit the writer or exceeds RH_PRIVATE_BYTES_MAX. */
enum rh_err rh_private_encode(const struct rh_private *value, struct rh_writer *writer);
/* No bytes give an empty structure. Texts are borrowed from `bytes`. *key (may be NULL) gets
 * the first offending rh_private_key, 0 for the structure. RH_ERR_INVALID or RH_ERR_FULL. */
enum rh_err rh_private_decode(struct rh_bytes bytes, struct rh_private *out, unsigned *key);

/* Whether one entry is complete, inside its bounds and below the ceiling of its role. */
bool rh_private_participant_holds(const struct rh_participant *one);

/* Value of a form field by terminated key; no bytes when absent. Borrowed. */
struct rh_bytes rh_private_form(const struct rh_private *value, const char *key);

struct rh_body {
    struct rh_bytes media_type; /* printable ASCII, 1 to 100 bytes */
    struct rh_bytes content;
};

enum rh_err rh_body_encode(const struct rh_body *body, struct rh_writer *writer);
/* No bytes give an empty body. */
enum rh_err rh_body_decode(struct rh_bytes bytes, struct rh_body *out);

/* Associated data under which the two are sealed with rh_seal_content when the list of keys is
 * not empty: the tag, a zero byte, the message id. Returns the bytes written. */
enum { RH_SEAL_LABEL_BYTES = 32 };
size_t rh_private_seal_label(const struct rh_message_id *id, uint8_t out[RH_SEAL_LABEL_BYTES]);
size_t rh_body_seal_label(const struct rh_message_id *id, uint8_t out[RH_SEAL_LABEL_BYTES]);

#endif
