#include <rh/seal.h>

#include <sodium.h>

#include "library.h"

_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == RH_CONTENT_KEY_BYTES, "key");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == RH_SEAL_NONCE_BYTES, "nonce");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == RH_SEAL_TAG_BYTES, "tag");
_Static_assert(crypto_box_SEALBYTES + RH_CONTENT_KEY_BYTES == RH_SEALED_KEY_BYTES, "box");
_Static_assert(crypto_box_PUBLICKEYBYTES == RH_SEAL_PUBLIC_BYTES, "X25519 public key");
_Static_assert(crypto_box_SECRETKEYBYTES == RH_SEAL_SECRET_BYTES, "X25519 secret key");

void rh_seal_content(const struct rh_content_key *key, struct rh_bytes associated,
                     const uint8_t *plain, size_t bytes, uint8_t *out)
{
    rh_library_ready();
    randombytes_buf(out, RH_SEAL_NONCE_BYTES);
    int failed = crypto_aead_xchacha20poly1305_ietf_encrypt(
        out + RH_SEAL_NONCE_BYTES, NULL, plain, bytes, associated.data, associated.bytes, NULL,
        out, key->bytes);
    rh_assert(failed == 0);
}

enum rh_err rh_open_content(const struct rh_content_key *key, struct rh_bytes associated,
                            const uint8_t *sealed, size_t bytes, uint8_t *out)
{
    if (bytes < RH_SEAL_OVERHEAD_BYTES)
        return RH_ERR_CRYPTO;
    rh_library_ready();
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, NULL, NULL, sealed + RH_SEAL_NONCE_BYTES, bytes - RH_SEAL_NONCE_BYTES,
        associated.data, associated.bytes, sealed, key->bytes);
    return failed == 0 ? RH_OK : RH_ERR_CRYPTO;
}

void rh_seal_keypair(struct rh_seal_public *public_key, struct rh_seal_secret *secret_key)
{
    rh_library_ready();
    rh_assert(crypto_box_keypair(public_key->bytes, secret_key->bytes) == 0);
}

enum rh_err rh_seal_key(const struct rh_content_key *key,
                        const struct rh_seal_public *recipient,
                        uint8_t out[RH_SEALED_KEY_BYTES])
{
    rh_library_ready();
    int failed = crypto_box_seal(out, key->bytes, RH_CONTENT_KEY_BYTES, recipient->bytes);
    return failed == 0 ? RH_OK : RH_ERR_CRYPTO;
}

enum rh_err rh_open_key(const uint8_t sealed[RH_SEALED_KEY_BYTES],
                        const struct rh_seal_public *public_key,
                        const struct rh_seal_secret *secret_key, struct rh_content_key *out)
{
    rh_library_ready();
    int failed = crypto_box_seal_open(out->bytes, sealed, RH_SEALED_KEY_BYTES,
                                      public_key->bytes, secret_key->bytes);
    return failed == 0 ? RH_OK : RH_ERR_CRYPTO;
}

void rh_wipe(void *secret, size_t bytes)
{
    sodium_memzero(secret, bytes);
}
