#include <rh/hash.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>
#include <xxhash.h>

#include "library.h"

_Static_assert(crypto_generichash_BYTES == RH_HASH_BYTES, "BLAKE2b-256 fills a hash");

/* Looking an algorithm up and making a context costs more than hashing a kilobyte. So each
 * thread keeps one context with SHA-256 already chosen; starting anew with no algorithm
 * named reuses it. OpenSSL's own thread storage frees it when the thread ends. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static CRYPTO_THREAD_LOCAL slot;
static int slot_ready;

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void make_slot(void)
{
    slot_ready = CRYPTO_THREAD_init_local(&slot, free_context);
}

static EVP_MD_CTX *begin(void)
{
    rh_assert(CRYPTO_THREAD_run_once(&once, make_slot) == 1);
    rh_assert(slot_ready == 1);
    EVP_MD_CTX *context = CRYPTO_THREAD_get_local(&slot);
    if (context != NULL) {
        rh_assert(EVP_DigestInit_ex2(context, NULL, NULL) == 1);
        return context;
    }
    context = EVP_MD_CTX_new();
    rh_assert(context != NULL);
    rh_assert(EVP_DigestInit_ex2(context, EVP_sha256(), NULL) == 1);
    rh_assert(CRYPTO_THREAD_set_local(&slot, context) == 1);
    return context;
}

static void add(EVP_MD_CTX *context, const void *data, size_t bytes)
{
    if (bytes > 0)
        rh_assert(EVP_DigestUpdate(context, data, bytes) == 1);
}

static void add_parts(EVP_MD_CTX *context, const struct rh_bytes *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(context, parts[i].data, parts[i].bytes);
}

static void end(EVP_MD_CTX *context, struct rh_hash *out)
{
    unsigned bytes = 0;
    rh_assert(EVP_DigestFinal_ex(context, out->bytes, &bytes) == 1);
    rh_assert(bytes == RH_HASH_BYTES);
}

void rh_hash_parts(const struct rh_bytes *parts, size_t count, struct rh_hash *out)
{
    EVP_MD_CTX *context = begin();
    add_parts(context, parts, count);
    end(context, out);
}

void rh_hash(const void *data, size_t bytes, struct rh_hash *out)
{
    EVP_MD_CTX *context = begin();
    add(context, data, bytes);
    end(context, out);
}

void rh_hash_tagged(const char *tag, const struct rh_bytes *parts, size_t count,
                    struct rh_hash *out)
{
    EVP_MD_CTX *context = begin();
    add(context, tag, strlen(tag) + 1); /* the terminator is the 0x00 */
    add_parts(context, parts, count);
    end(context, out);
}

void rh_hash_keyed(const uint8_t key[32], const void *data, size_t bytes, struct rh_hash *out)
{
    rh_library_ready();
    rh_assert(crypto_generichash(out->bytes, RH_HASH_BYTES, data, bytes, key, 32) == 0);
}

void rh_hash_leaf(const void *data, size_t bytes, struct rh_hash *out)
{
    static const uint8_t prefix = 0x00;
    EVP_MD_CTX *context = begin();
    add(context, &prefix, 1);
    add(context, data, bytes);
    end(context, out);
}

void rh_hash_node(const struct rh_hash *left, const struct rh_hash *right, struct rh_hash *out)
{
    uint8_t node[1 + 2 * RH_HASH_BYTES] = { 0x01 };
    memcpy(node + 1, left->bytes, RH_HASH_BYTES);
    memcpy(node + 1 + RH_HASH_BYTES, right->bytes, RH_HASH_BYTES);
    rh_hash(node, sizeof node, out);
}

uint64_t rh_checksum(const void *data, size_t bytes)
{
    return XXH3_64bits(data, bytes);
}

_Bool rh_hash_is_zero(const struct rh_hash *hash)
{
    unsigned any = 0;
    for (unsigned i = 0; i < sizeof hash->bytes; i++)
        any |= hash->bytes[i];
    return any == 0;
}

_Bool rh_hash_equal(const struct rh_hash *a, const struct rh_hash *b)
{
    return sodium_memcmp(a->bytes, b->bytes, RH_HASH_BYTES) == 0;
}

void rh_random(void *out, size_t bytes)
{
    rh_library_ready();
    if (bytes > 0) /* out may be NULL then, which libsodium forbids */
        randombytes_buf(out, bytes);
}
