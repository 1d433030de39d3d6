/* Verification of Merkle proofs and batch checkpoints; see rh/proof.h. */
#include <rh/proof.h>

#include <stdbool.h>
#include <string.h>

static const char batch_tag[] = "rhub/batch/1";

void rh_proof_empty_root(struct rh_hash *out)
{
    rh_hash(NULL, 0, out);
}

void rh_leaf_hash(struct rh_bytes core, const struct rh_hash *rest_hash, struct rh_hash *out)
{
    static const uint8_t leaf_prefix[1] = { 0x00 };
    const struct rh_bytes parts[] = {
        { leaf_prefix, sizeof leaf_prefix },
        core,
        { rest_hash->bytes, sizeof rest_hash->bytes },
    };

    rh_hash_parts(parts, sizeof parts / sizeof parts[0], out);
}

static enum rh_err same_root(const struct rh_hash *computed, const struct rh_hash *root)
{
    return rh_hash_equal(computed, root) ? RH_OK : RH_ERR_CRYPTO;
}

/* The walk of RFC 9162, 2.1.3.2: `at` is the position of the running hash on its level and
 * `end` that of the level's last node. Where the running hash has no right sibling and is not
 * itself a right child, it stands for itself on the levels above; those are skipped. */
enum rh_err rh_proof_inclusion_verify(const struct rh_hash *leaf, uint64_t index, uint64_t size,
                                      const struct rh_hash *path, size_t count,
                                      const struct rh_hash *root)
{
    if (size > RH_TREE_SIZE_MAX || index >= size || count > RH_PROOF_PATH_MAX)
        return RH_ERR_INVALID;

    uint64_t at = index;
    uint64_t end = size - 1;
    struct rh_hash running = *leaf;

    for (size_t i = 0; i < count; i++) {
        if (end == 0)
            return RH_ERR_INVALID; /* the root is reached, hashes are left over */
        if ((at & 1) != 0 || at == end) {
            rh_hash_node(&path[i], &running, &running);
            while ((at & 1) == 0 && at != 0) {
                at >>= 1;
                end >>= 1;
            }
        } else {
            rh_hash_node(&running, &path[i], &running);
        }
        at >>= 1;
        end >>= 1;
    }
    if (end != 0)
        return RH_ERR_INVALID;
    return same_root(&running, root);
}

/* RFC 9162, 2.1.4.2, for 0 < old_size < new_size: one walk computes both roots from the same
 * hashes. Where the old tree is perfect its root is the first hash and is left out. */
static enum rh_err verify_growth(uint64_t old_size, const struct rh_hash *old_root,
                                 uint64_t new_size, const struct rh_hash *new_root,
                                 const struct rh_hash *proof, size_t count)
{
    uint64_t at = old_size - 1;
    uint64_t end = new_size - 1;
    size_t used = 0;

    while ((at & 1) != 0) {
        at >>= 1;
        end >>= 1;
    }

    struct rh_hash older = *old_root;
    if (at != 0) {
        if (count == 0)
            return RH_ERR_INVALID;
        older = proof[used++];
    }
    struct rh_hash newer = older;

    for (; used < count; used++) {
        if (end == 0)
            return RH_ERR_INVALID;
        if ((at & 1) != 0 || at == end) {
            rh_hash_node(&proof[used], &older, &older);
            rh_hash_node(&proof[used], &newer, &newer);
            while ((at & 1) == 0 && at != 0) {
                at >>= 1;
                end >>= 1;
            }
        } else {
            rh_hash_node(&newer, &proof[used], &newer);
        }
        at >>= 1;
        end >>= 1;
    }
    if (end != 0)
        return RH_ERR_INVALID;
    if (same_root(&older, old_root) != RH_OK)
        return RH_ERR_CRYPTO;
    return same_root(&newer, new_root);
}

enum rh_err rh_proof_consistency_verify(uint64_t old_size, const struct rh_hash *old_root,
                                        uint64_t new_size, const struct rh_hash *new_root,
                                        const struct rh_hash *proof, size_t count)
{
    if (new_size > RH_TREE_SIZE_MAX || old_size > new_size || count > RH_PROOF_CONSISTENCY_MAX)
        return RH_ERR_INVALID;

    if (old_size == 0) {
        struct rh_hash empty;

        rh_proof_empty_root(&empty);
        if (count != 0)
            return RH_ERR_INVALID;
        if (new_size == 0 && same_root(&empty, new_root) != RH_OK)
            return RH_ERR_CRYPTO;
        return same_root(&empty, old_root);
    }
    if (old_size == new_size)
        return count == 0 ? same_root(old_root, new_root) : RH_ERR_INVALID;
    return verify_growth(old_size, old_root, new_size, new_root, proof, count);
}

struct range_walk {
    uint64_t first; /* the range is [first, last) */
    uint64_t last;
    const struct rh_hash *leaves;
    const struct rh_hash *proof;
    size_t count;
    size_t used; /* hashes of the proof taken so far */
    bool short_of; /* the proof ended too early */
};

/* Hash of the subtree over [from, to), from the leaves where it lies in the range and from
 * the proof where it lies outside. Walking left before right takes the proof's hashes in the
 * order of their positions. As deep as the tree is high: at most 62. */
static void range_subtree(struct range_walk *walk, uint64_t from, uint64_t to,
                          struct rh_hash *out)
{
    if (to <= walk->first || from >= walk->last) {
        if (walk->used == walk->count) {
            walk->short_of = true;
            memset(out, 0, sizeof *out);
            return;
        }
        *out = walk->proof[walk->used++];
        return;
    }
    if (to - from == 1) {
        *out = walk->leaves[from - walk->first];
        return;
    }

    uint64_t half = 1;
    while (half < to - from - half)
        half *= 2;

    struct rh_hash left;
    struct rh_hash right;
    range_subtree(walk, from, from + half, &left);
    range_subtree(walk, from + half, to, &right);
    rh_hash_node(&left, &right, out);
}

enum rh_err rh_proof_range_verify(uint64_t first, const struct rh_hash *leaves,
                                  uint64_t leaf_count, uint64_t size,
                                  const struct rh_hash *proof, size_t count,
                                  const struct rh_hash *root)
{
    if (size > RH_TREE_SIZE_MAX || first >= size || leaf_count == 0 ||
        leaf_count > size - first || count > RH_PROOF_RANGE_MAX)
        return RH_ERR_INVALID;

    struct range_walk walk = {
        .first = first,
        .last = first + leaf_count,
        .leaves = leaves,
        .proof = proof,
        .count = count,
    };
    struct rh_hash computed;

    range_subtree(&walk, 0, size, &computed);
    if (walk.short_of || walk.used != count)
        return RH_ERR_INVALID;
    return same_root(&computed, root);
}

/* The exact bytes under the signature: canonical [suite, hub, size, root]. */
static size_t batch_message(const struct rh_batch *batch, uint8_t out[RH_BATCH_BYTES_MAX])
{
    struct rh_writer writer;

    rh_writer_init(&writer, out, RH_BATCH_BYTES_MAX);
    rh_writer_array(&writer, 4);
    rh_writer_uint(&writer, RH_SUITE_ED25519);
    rh_writer_text(&writer, batch->hub.text);
    rh_writer_uint(&writer, batch->size);
    rh_writer_bin(&writer, batch->root.bytes, sizeof batch->root.bytes);
    rh_assert(writer.err == RH_OK);
    return writer.bytes;
}

static bool batch_is_plausible(const struct rh_batch *batch)
{
    return batch->hub.text[0] != '\0' && batch->size >= 1 && batch->size <= RH_TREE_SIZE_MAX;
}

void rh_batch_sign(struct rh_batch *batch, const struct rh_sign_secret *key)
{
    uint8_t message[RH_BATCH_BYTES_MAX];

    rh_assert(batch_is_plausible(batch));
    size_t bytes = batch_message(batch, message);
    rh_sign(batch_tag, message, bytes, key, &batch->signature);
}

enum rh_err rh_batch_verify(const struct rh_batch *batch, const struct rh_sign_public *key)
{
    uint8_t message[RH_BATCH_BYTES_MAX];

    if (!batch_is_plausible(batch))
        return RH_ERR_INVALID;
    size_t bytes = batch_message(batch, message);
    return rh_sign_verify(batch_tag, message, bytes, key, &batch->signature);
}

enum rh_err rh_batch_encode(const struct rh_batch *batch, struct rh_writer *writer)
{
    rh_writer_array(writer, 5);
    rh_writer_uint(writer, RH_SUITE_ED25519);
    rh_writer_text(writer, batch->hub.text);
    rh_writer_uint(writer, batch->size);
    rh_writer_bin(writer, batch->root.bytes, sizeof batch->root.bytes);
    rh_writer_bin(writer, batch->signature.bytes, sizeof batch->signature.bytes);
    return writer->err;
}

enum rh_err rh_batch_decode(struct rh_bytes bytes, struct rh_batch *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_codec_check(bytes.data, bytes.bytes, RH_BATCH_BYTES_MAX, NULL);

    memset(out, 0, sizeof *out);
    if (err != RH_OK)
        return err;

    rh_reader_init(&reader, bytes.data, bytes.bytes);
    if (rh_reader_array(&reader, 5) != 5 || rh_reader_uint(&reader) != RH_SUITE_ED25519)
        rh_reader_fail(&reader);
    struct rh_bytes hub = rh_reader_str(&reader, RH_HUB_ID_BYTES_MAX);
    out->size = rh_reader_uint_max(&reader, RH_TREE_SIZE_MAX);
    rh_reader_bin_exact(&reader, out->root.bytes, sizeof out->root.bytes);
    rh_reader_bin_exact(&reader, out->signature.bytes, sizeof out->signature.bytes);

    err = rh_reader_finish(&reader);
    if (err == RH_OK)
        err = rh_hub_id_parse((const char *)hub.data, hub.bytes, &out->hub);
    if (err == RH_OK && !batch_is_plausible(out))
        err = RH_ERR_INVALID;
    return err;
}
