/* Secrecy at rest and end to end (libsodium).
 *
 * Content keys: one random 32-byte key per referral; private part and body are stored as
 * XChaCha20-Poly1305 (IETF) ciphertext under it, with associated data. Key wrapping uses the
 * same construction under the hub's wrapping key. Sealed keys: a content key in an anonymous
 * X25519 box (crypto_box_seal) to an agency's sealing key. */
#ifndef RH_SEAL_H
#define RH_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include <rh/codec.h>
#include <rh/err.h>

enum {
    RH_CONTENT_KEY_BYTES = 32,
    RH_SEAL_NONCE_BYTES = 24,
    RH_SEAL_TAG_BYTES = 16,
    RH_SEAL_OVERHEAD_BYTES = RH_SEAL_NONCE_BYTES + RH_SEAL_TAG_BYTES,
    RH_SEAL_PUBLIC_BYTES = 32,
    RH_SEAL_SECRET_BYTES = 32,
    RH_SEALED_KEY_BYTES = RH_CONTENT_KEY_BYTES + 48
};

struct rh_content_key {
    uint8_t bytes[RH_CONTENT_KEY_BYTES];
};

struct rh_seal_public {
    uint8_t bytes[RH_SEAL_PUBLIC_BYTES];
};

struct rh_seal_secret {
    uint8_t bytes[RH_SEAL_SECRET_BYTES];
};

/* out[bytes + RH_SEAL_OVERHEAD_BYTES] becomes nonce || ciphertext || tag, with a fresh random
 * nonce. `plain` and `out` must not overlap. */
void rh_seal_content(const struct rh_content_key *key, struct rh_bytes associated,
                     const uint8_t *plain, size_t bytes, uint8_t *out);

/* Reverse; out[bytes - RH_SEAL_OVERHEAD_BYTES]. RH_ERR_CRYPTO when it does not open. */
enum rh_err rh_open_content(const struct rh_content_key *key, struct rh_bytes associated,
                            const uint8_t *sealed, size_t bytes, uint8_t *out);

void rh_seal_keypair(struct rh_seal_public *public_key, struct rh_seal_secret *secret_key);

/* RH_ERR_CRYPTO when the recipient's key is no usable point (low order, such as all zero);
 * a key from a card is a stranger's input. */
enum rh_err rh_seal_key(const struct rh_content_key *key,
                        const struct rh_seal_public *recipient,
                        uint8_t out[RH_SEALED_KEY_BYTES]);
/* RH_ERR_CRYPTO when it does not open with these keys. */
enum rh_err rh_open_key(const uint8_t sealed[RH_SEALED_KEY_BYTES],
                        const struct rh_seal_public *public_key,
                        const struct rh_seal_secret *secret_key, struct rh_content_key *out);

/* Overwrite secrets so that the compiler cannot leave the write out. */
void rh_wipe(void *secret, size_t bytes);

#endif
