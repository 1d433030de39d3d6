/* SHA-256 for everything that is signed or proven (OpenSSL, for the CPU's instructions),
 * XXH3-64 for accidents on disk (libxxhash), a keyed hash for external numbers. */
#ifndef RH_HASH_H
#define RH_HASH_H

#include <stddef.h>
#include <stdint.h>

#include <rh/codec.h>
#include <rh/err.h>

enum { RH_HASH_BYTES = 32 };

struct rh_hash {
    uint8_t bytes[RH_HASH_BYTES];
};

/* SHA-256 over the concatenation of `parts` (count of them; empty parts allowed). Stops the
 * process if the library fails: there is no meaningful way to go on. */
void rh_hash_parts(const struct rh_bytes *parts, size_t count, struct rh_hash *out);
void rh_hash(const void *data, size_t bytes, struct rh_hash *out);

/* Domain-separated: SHA-256(tag || 0x00 || parts). `tag` is terminated ASCII such as
 * "rhub/item/1". */
void rh_hash_tagged(const char *tag, const struct rh_bytes *parts, size_t count,
                    struct rh_hash *out);

/* Keyed BLAKE2b-256 (libsodium) of an external number under the hub-wide key; equal numbers
 * give equal hashes, nothing else can be learnt without the key. */
void rh_hash_keyed(const uint8_t key[32], const void *data, size_t bytes, struct rh_hash *out);

/* RFC 6962 section 2.1: SHA-256(0x00 || data), SHA-256(0x01 || left || right). */
void rh_hash_leaf(const void *data, size_t bytes, struct rh_hash *out);
void rh_hash_node(const struct rh_hash *left, const struct rh_hash *right, struct rh_hash *out);

/* XXH3-64 with seed 0. */
uint64_t rh_checksum(const void *data, size_t bytes);

/* Constant-time equality. */
_Bool rh_hash_equal(const struct rh_hash *a, const struct rh_hash *b);
/* Of zeros only, which stands for none. */
_Bool rh_hash_is_zero(const struct rh_hash *hash);

/* Random bytes from the operating system (libsodium). Never used by hub/core. */
void rh_random(void *out, size_t bytes);

#endif
