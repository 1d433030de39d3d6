/* Signed notes and checkpoints in the text form of C2SP (signed-note, tlog-checkpoint): what
 * the hub publishes, what agencies cosign, what an auditor needs besides the journal.
 *
 *     hub.620423                                            origin: hub id with generation
 *     20852163                                              leaves
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=          root
 *                                                           blank line
 *     — hub.620423 Az3grlgtzPIC...                          one line for each signature
 *
 * The first lines with their newlines are the text, and the text is what is signed; the blank
 * line and the signatures are not. Anybody may add a signature line; lines of keys one does
 * not know are ignored. Source: protocol/spec/receipt.md, "Published checkpoint". */
#ifndef RH_NOTE_H
#define RH_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include <rh/codec.h>
#include <rh/hash.h>
#include <rh/id.h>
#include <rh/sign.h>

enum {
    RH_NOTE_BYTES_MAX = 64 * 1024,
    RH_NOTE_SIGNATURES_MAX = 128,
    RH_NOTE_NAME_BYTES_MAX = 128,
    RH_NOTE_BLOB_BYTES_MAX = 6 * 1024, /* decoded key id and signature of one line */
    RH_NOTE_KEY_ID_BYTES = 4,
    RH_NOTE_TYPE_ED25519 = 1, /* signature type byte of C2SP signed-note */
    RH_CHECKPOINT_TEXT_BYTES_MAX = 4 * 1024
};

struct rh_note_signature {
    struct rh_bytes name;    /* borrowed, UTF-8 without spaces or plus */
    struct rh_bytes encoded; /* borrowed, base64 of key id and signature, already checked */
    uint8_t key_id[RH_NOTE_KEY_ID_BYTES];
};

/* A note taken apart; everything is borrowed from the bytes it was parsed from. */
struct rh_note {
    struct rh_bytes text; /* the signed bytes, last newline included */
    uint32_t count;       /* 1..RH_NOTE_SIGNATURES_MAX */
    struct rh_note_signature signatures[RH_NOTE_SIGNATURES_MAX];
};

/* First four bytes of SHA-256(name || 0x0A || 0x01 || key). */
void rh_note_key_id(const char *name, const struct rh_sign_public *key,
                    uint8_t out[RH_NOTE_KEY_ID_BYTES]);

/* RH_ERR_INVALID when not of the form: not UTF-8, control characters, no signature, a line
 * that is none, base64 that is not canonical. RH_ERR_FULL above the bounds. */
enum rh_err rh_note_parse(struct rh_bytes note, struct rh_note *out);

/* RH_OK when `name` signed with `key`; RH_ERR_NOTFOUND when no line is by that name and key;
 * RH_ERR_CRYPTO when such a line exists and any of them fails. */
enum rh_err rh_note_verify(const struct rh_note *note, const char *name,
                           const struct rh_sign_public *key);

/* Add the signature of `name` to the note being built in `note`: the first text_bytes of it
 * are the text (ending in a newline), *bytes is what is filled so far, text_bytes when there
 * is no signature yet. RH_ERR_FULL when capacity does not suffice (nothing changes). */
enum rh_err rh_note_sign(char *note, size_t capacity, size_t *bytes, size_t text_bytes,
                         const char *name, const struct rh_sign_secret *key);

struct rh_checkpoint {
    struct rh_hub_id origin;
    uint64_t size; /* 0..RH_TREE_SIZE_MAX */
    struct rh_hash root;
    struct rh_bytes extensions; /* borrowed; further lines, each ended by a newline, or empty */
};

/* Write the text of a checkpoint (no terminator). RH_ERR_FULL; RH_ERR_INVALID for extensions
 * that are not non-empty lines. */
enum rh_err rh_checkpoint_format(const struct rh_checkpoint *checkpoint, char *out,
                                 size_t capacity, size_t *bytes);

/* Read the text of a checkpoint strictly; out->extensions is borrowed from it. */
enum rh_err rh_checkpoint_parse(struct rh_bytes text, struct rh_checkpoint *out);

/* All at once, for a holder of the hub's public key: the note is well formed, signed by `hub`
 * with `key`, and its text is a checkpoint of that hub. RH_OK; RH_ERR_INVALID, RH_ERR_FULL;
 * RH_ERR_DENIED when it is another hub's or generation's; RH_ERR_NOTFOUND when it bears no
 * signature of that key; RH_ERR_CRYPTO. On any error *out is not to be used. */
enum rh_err rh_checkpoint_verify(struct rh_bytes note, const struct rh_hub_id *hub,
                                 const struct rh_sign_public *key, struct rh_checkpoint *out);

#endif
