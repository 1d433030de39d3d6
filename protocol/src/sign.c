#include <rh/sign.h>

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "library.h"

_Static_assert(crypto_sign_PUBLICKEYBYTES == RH_SIGN_PUBLIC_BYTES, "Ed25519 public key");
_Static_assert(crypto_sign_SECRETKEYBYTES == RH_SIGN_SECRET_BYTES, "Ed25519 secret key");
_Static_assert(crypto_sign_BYTES == RH_SIGNATURE_BYTES, "Ed25519 signature");

/* Plain Ed25519 reads its message twice, so libsodium wants it in one piece: tag, zero byte
 * and message are laid side by side. Headers and checkpoints fit on the stack; only an
 * unusually long message needs the heap. */
struct tagged {
    uint8_t *data;
    size_t bytes;
    uint8_t *heap; /* freed afterwards; NULL when `small` was enough */
    uint8_t small[4096];
};

static enum rh_err tagged_make(struct tagged *tagged, const char *tag, const void *message,
                               size_t bytes)
{
    size_t prefix = strlen(tag) + 1; /* the terminator is the 0x00 */
    rh_assert(bytes <= SIZE_MAX - prefix);
    tagged->bytes = prefix + bytes;
    tagged->heap = NULL;
    tagged->data = tagged->small;
    if (tagged->bytes > sizeof tagged->small) {
        tagged->heap = malloc(tagged->bytes);
        if (tagged->heap == NULL)
            return RH_ERR_NOMEM;
        tagged->data = tagged->heap;
    }
    memcpy(tagged->data, tag, prefix);
    if (bytes > 0)
        memcpy(tagged->data + prefix, message, bytes);
    return RH_OK;
}

void rh_sign_keypair(struct rh_sign_public *public_key, struct rh_sign_secret *secret_key)
{
    rh_library_ready();
    rh_assert(crypto_sign_keypair(public_key->bytes, secret_key->bytes) == 0);
}

void rh_sign_public_of(const struct rh_sign_secret *secret_key, struct rh_sign_public *out)
{
    rh_assert(crypto_sign_ed25519_sk_to_pk(out->bytes, secret_key->bytes) == 0);
}

void rh_sign(const char *tag, const void *message, size_t bytes,
             const struct rh_sign_secret *secret_key, struct rh_signature *out)
{
    struct tagged tagged;
    rh_assert(tagged_make(&tagged, tag, message, bytes) == RH_OK);
    rh_sign_raw(tagged.data, tagged.bytes, secret_key, out);
    free(tagged.heap);
}

enum rh_err rh_sign_verify(const char *tag, const void *message, size_t bytes,
                           const struct rh_sign_public *public_key,
                           const struct rh_signature *signature)
{
    struct tagged tagged;
    enum rh_err err = tagged_make(&tagged, tag, message, bytes);
    if (err != RH_OK)
        return err;
    err = rh_sign_verify_raw(tagged.data, tagged.bytes, public_key, signature);
    free(tagged.heap);
    return err;
}

void rh_sign_raw(const void *message, size_t bytes, const struct rh_sign_secret *secret_key,
                 struct rh_signature *out)
{
    rh_library_ready();
    rh_assert(crypto_sign_detached(out->bytes, NULL, message, bytes, secret_key->bytes) == 0);
}

enum rh_err rh_sign_verify_raw(const void *message, size_t bytes,
                               const struct rh_sign_public *public_key,
                               const struct rh_signature *signature)
{
    rh_library_ready();
    int bad = crypto_sign_verify_detached(signature->bytes, message, bytes, public_key->bytes);
    return bad == 0 ? RH_OK : RH_ERR_CRYPTO;
}
