/* Key files: one secret per file, created with O_EXCL and mode 0600, never readable by
 * others even for a moment; public cards that are one line per key and safe to paste.
 *
 * Secret file, two lines of ASCII:
 *     # rhub transport key of court.620423, fingerprint 7Q4M-9T2K-XH3C-ZP51
 *     rhub-secret-1 transport court.620423 <base64 of the secret>
 * `use` is transport, sign, seal or witness. Transport keys are CURVE (X25519, 32 bytes, Z85
 * only where ZeroMQ wants it), sign and witness Ed25519 (64), seal X25519 (32).
 *
 * Public card ("NAME.pub" of an agency, "hub.card" of a hub), one line per key:
 *     rhub-public-1 transport court.620423 <base64 of the public key>
 * An agency's card has four lines; a hub's card has transport, sign and one more line
 *     rhub-endpoint-1 tcp://host:port
 * Fingerprint: Crockford base32 of the first 10 bytes of SHA-256("rhub/card/1" || 0 || all
 * public keys present, in the order transport, sign, seal, witness), in groups of four. In a
 * secret file it is that of a card holding this one key.
 *
 * Reading skips empty lines and lines that begin with '#', and forgives spaces or a carriage
 * return at the end of a line; pasting adds them. Everything else must be as written: one
 * space between fields, padded standard base64, one owner throughout, no line twice. */
#ifndef RH_KEYFILE_H
#define RH_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>
#include <rh/limits.h>

enum rh_key_use { RH_KEY_TRANSPORT, RH_KEY_SIGN, RH_KEY_SEAL, RH_KEY_WITNESS, RH_KEY_USES };

enum { RH_FINGERPRINT_BYTES = 20, RH_ENDPOINT_BYTES_MAX = 128 };

/* The four public keys of a party; present[] tells which are known. */
struct rh_card {
    char owner[RH_HUB_ID_BYTES_MAX + 1];
    bool present[RH_KEY_USES];
    uint8_t keys[RH_KEY_USES][32];
    char endpoint[RH_ENDPOINT_BYTES_MAX + 1]; /* hub cards only, else empty */
};

/* A secret key in memory; secret_bytes is 32 or 64 by use. Wipe after use. */
struct rh_secret {
    enum rh_key_use use;
    char owner[RH_HUB_ID_BYTES_MAX + 1];
    uint8_t secret[64];
    size_t secret_bytes;
    uint8_t public_key[32];
};

const char *rh_key_use_name(enum rh_key_use use);

/* Fresh random key of a use for an owner (an agency or hub id). An owner not of that form is
 * left empty, which rh_secret_save refuses. */
void rh_secret_generate(enum rh_key_use use, const char *owner, struct rh_secret *out);

/* RH_ERR_EXISTS when the file is there; RH_ERR_INVALID when the owner is no id;
 * RH_ERR_NOTFOUND, RH_ERR_DENIED, RH_ERR_NOSPACE, RH_ERR_IO as the storage says. File and
 * directory are synced; on failure no file of ours is left. */
enum rh_err rh_secret_save(const char *path, const struct rh_secret *secret);

/* RH_ERR_NOTFOUND; RH_ERR_DENIED when group or others may touch it, or we may not;
 * RH_ERR_INVALID when it is no secret file of this use, or its two halves do not belong
 * together (a spoilt Ed25519 key can give itself away by signing); RH_ERR_IO. */
enum rh_err rh_secret_load(const char *path, enum rh_key_use use, struct rh_secret *out);

/* Write or replace a card atomically and synced, mode 0644 less the umask. RH_ERR_INVALID
 * when the owner is no id, no key is present or the endpoint is not of the form. */
enum rh_err rh_card_save(const char *path, const struct rh_card *card);
/* RH_ERR_NOTFOUND, RH_ERR_DENIED, RH_ERR_INVALID, RH_ERR_IO. */
enum rh_err rh_card_load(const char *path, struct rh_card *out);
/* From text (borrowed, at most 4096 bytes, not terminated). At least one key line. */
enum rh_err rh_card_parse(const char *text, size_t bytes, struct rh_card *out);

/* "7Q4M-9T2K-XH3C-ZP51", terminated. */
void rh_card_fingerprint(const struct rh_card *card, char out[RH_FINGERPRINT_BYTES]);

#endif
