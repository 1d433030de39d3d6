/* Checking what the log claims: that a record is in it (inclusion), that a run of records is
 * in it (range), that an older log is a prefix of a newer one (consistency), and that the hub
 * has put its name to a root (batch checkpoint). Published checkpoints are in rh/note.h.
 *
 * Everything here is pure and shares no code with the hub's generator (hub/log), so that a
 * mistake there cannot hide itself here. Hashes are RFC 6962: leaf H(0x00 || data), node
 * H(0x01 || left || right), SHA-256; the tree of n > 1 leaves splits at the largest power of
 * two below n. Source: protocol/spec/receipt.md.
 *
 * All counts, indexes and sizes may come from a stranger: nothing is asserted about them.
 * The verifiers answer
 *     RH_OK           the claim holds
 *     RH_ERR_INVALID  the numbers do not fit together, or the proof has a hash too many or
 *                     too few: it proves nothing, for whatever root
 *     RH_ERR_CRYPTO   well formed, but it leads to another root */
#ifndef RH_PROOF_H
#define RH_PROOF_H

#include <stddef.h>
#include <stdint.h>

#include <rh/codec.h>
#include <rh/hash.h>
#include <rh/id.h>
#include <rh/sign.h>

/* Leaves a log may hold; a size above it is refused everywhere. */
#define RH_TREE_SIZE_MAX (UINT64_C(1) << 62)

enum {
    RH_PROOF_PATH_MAX = 62,  /* hashes of an inclusion proof */
    RH_PROOF_CONSISTENCY_MAX = 63,
    RH_PROOF_RANGE_MAX = 124, /* two for each level */
    RH_BATCH_BYTES_MAX = 256  /* an encoded batch checkpoint */
};

/* Root of the tree without leaves: SHA-256 of nothing. */
void rh_proof_empty_root(struct rh_hash *out);

/* Leaf hash of a record: its core in the open, its rest only as SHA-256(rest), so that the
 * holder of a receipt can check it without seeing what others may see. */
void rh_leaf_hash(struct rh_bytes core, const struct rh_hash *rest_hash, struct rh_hash *out);

/* `leaf` is at `index` in the tree of `size` leaves with `root`; path[count] runs from the
 * leaf's sibling upwards (RFC 6962, 2.1.1). */
enum rh_err rh_proof_inclusion_verify(const struct rh_hash *leaf, uint64_t index, uint64_t size,
                                      const struct rh_hash *path, size_t count,
                                      const struct rh_hash *root);

/* The tree of old_size leaves with old_root is a prefix of the tree of new_size with new_root
 * (RFC 6962, 2.1.2). Equal sizes need equal roots and an empty proof. old_size 0 needs the
 * empty root and an empty proof; it says nothing about the new root, so who holds no
 * checkpoint yet has to pin one by other means. */
enum rh_err rh_proof_consistency_verify(uint64_t old_size, const struct rh_hash *old_root,
                                        uint64_t new_size, const struct rh_hash *new_root,
                                        const struct rh_hash *proof, size_t count);

/* leaves[leaf_count] stand at first, first + 1, ... in the tree of `size` with `root`.
 * proof[count] holds the hashes left and right of the range, in the order of their positions
 * in the log (spec: "Range proof"). leaf_count is at least 1 and is bounded by the caller;
 * the work is about two node hashes for each leaf. */
enum rh_err rh_proof_range_verify(uint64_t first, const struct rh_hash *leaves,
                                  uint64_t leaf_count, uint64_t size,
                                  const struct rh_hash *proof, size_t count,
                                  const struct rh_hash *root);

/* A batch checkpoint: the hub vouches that its log of `size` leaves has `root`. Two of them
 * for one hub and size with different roots prove to anybody that the hub lied. */
struct rh_batch {
    struct rh_hub_id hub; /* generation included */
    uint64_t size;        /* leaves, 1..RH_TREE_SIZE_MAX */
    struct rh_hash root;
    struct rh_signature signature;
};

/* Fill batch->signature over hub, size and root with tag "rhub/batch/1". */
void rh_batch_sign(struct rh_batch *batch, const struct rh_sign_secret *key);

/* RH_OK; RH_ERR_INVALID for a size out of range or an empty hub; RH_ERR_CRYPTO. */
enum rh_err rh_batch_verify(const struct rh_batch *batch, const struct rh_sign_public *key);

/* The form in which a batch checkpoint is kept and shown to others: one canonical array
 * [suite, hub, size, root, signature]. Decode checks form and ranges, not the signature. */
enum rh_err rh_batch_encode(const struct rh_batch *batch, struct rh_writer *writer);
enum rh_err rh_batch_decode(struct rh_bytes bytes, struct rh_batch *out);

#endif
