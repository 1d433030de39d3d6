/* Ed25519 signatures (suite 1, libsodium). Every signature covers a domain tag and a zero
 * byte before the exact bytes transmitted: sign(tag || 0x00 || message). */
#ifndef RH_SIGN_H
#define RH_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>

enum {
    RH_SUITE_ED25519 = 1,
    RH_SIGN_PUBLIC_BYTES = 32,
    RH_SIGN_SECRET_BYTES = 64,
    RH_SIGNATURE_BYTES = 64
};

struct rh_sign_public {
    uint8_t bytes[RH_SIGN_PUBLIC_BYTES];
};

struct rh_sign_secret {
    uint8_t bytes[RH_SIGN_SECRET_BYTES];
};

struct rh_signature {
    uint8_t bytes[RH_SIGNATURE_BYTES];
};

void rh_sign_keypair(struct rh_sign_public *public_key, struct rh_sign_secret *secret_key);
void rh_sign_public_of(const struct rh_sign_secret *secret_key, struct rh_sign_public *out);

void rh_sign(const char *tag, const void *message, size_t bytes,
             const struct rh_sign_secret *secret_key, struct rh_signature *out);

/* RH_OK or RH_ERR_CRYPTO; RH_ERR_NOMEM, only for messages above 4000 bytes, says nothing
 * about the signature. Thread-safe. */
enum rh_err rh_sign_verify(const char *tag, const void *message, size_t bytes,
                           const struct rh_sign_public *public_key,
                           const struct rh_signature *signature);

/* Raw Ed25519 without a tag: only for C2SP signed notes, whose format fixes the bytes. */
void rh_sign_raw(const void *message, size_t bytes, const struct rh_sign_secret *secret_key,
                 struct rh_signature *out);
enum rh_err rh_sign_verify_raw(const void *message, size_t bytes,
                               const struct rh_sign_public *public_key,
                               const struct rh_signature *signature);

#endif
