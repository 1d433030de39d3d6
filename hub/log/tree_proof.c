/* Proofs: which nodes, in which order; see log/tree.h and protocol/spec/receipt.md.
 *
 * All three descend from the root, at each step into the half that holds what is to be
 * proved, and hand out the other half as one hash. RFC 6962 lists inclusion and consistency
 * proofs from the leaf upwards, so those are turned round at the end. */
#include "log/tree_inside.h"

/* Leaves in the left half of a node over `leaves` of them: the largest power of two below. */
static uint64_t left_half(uint64_t leaves)
{
    uint64_t half = 1;

    rh_assert(leaves > 1);
    while (half < leaves - half)
        half *= 2;
    return half;
}

static void reverse(struct rh_hash *hashes, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct rh_hash kept = hashes[i];

        hashes[i] = hashes[count - 1 - i];
        hashes[count - 1 - i] = kept;
    }
}

/* Which siblings a descent collects: those left of the path, right of it, or both. */
enum sides { LEFT = 1, RIGHT = 2 };

static enum rh_err descend(struct hub_tree *tree, uint64_t index, uint64_t size,
                           unsigned sides, struct rh_hash *out, size_t *count)
{
    uint64_t from = 0;
    uint64_t to = size;

    while (to - from > 1) {
        enum rh_err err = RH_OK;
        uint64_t middle = from + left_half(to - from);

        if (index < middle) {
            if ((sides & RIGHT) != 0)
                err = hub_tree_node(tree, middle, to, &out[(*count)++]);
            to = middle;
        } else {
            if ((sides & LEFT) != 0)
                err = hub_tree_node(tree, from, middle, &out[(*count)++]);
            from = middle;
        }
        if (err != RH_OK)
            return err;
    }
    return RH_OK;
}

enum rh_err hub_tree_prove_inclusion(struct hub_tree *tree, uint64_t index, uint64_t size,
                                     struct rh_hash out[RH_PROOF_PATH_MAX], size_t *count)
{
    *count = 0;
    if (size > tree->size || index >= size)
        return RH_ERR_INVALID;

    enum rh_err err = descend(tree, index, size, LEFT | RIGHT, out, count);
    rh_assert(*count <= RH_PROOF_PATH_MAX);
    reverse(out, *count);
    return err;
}

enum rh_err hub_tree_prove_consistency(struct hub_tree *tree, uint64_t old_size, uint64_t size,
                                       struct rh_hash out[RH_PROOF_CONSISTENCY_MAX],
                                       size_t *count)
{
    uint64_t from = 0;
    uint64_t to = size;
    bool whole = true; /* [from, to) begins at 0: the verifier has its old root already */
    enum rh_err err = RH_OK;

    *count = 0;
    if (size > tree->size || old_size > size)
        return RH_ERR_INVALID;
    if (old_size == 0)
        return RH_OK;

    while (err == RH_OK && old_size != to) {
        uint64_t middle = from + left_half(to - from);

        if (old_size <= middle) {
            err = hub_tree_node(tree, middle, to, &out[(*count)++]);
            to = middle;
        } else {
            err = hub_tree_node(tree, from, middle, &out[(*count)++]);
            from = middle;
            whole = false;
        }
    }
    if (err == RH_OK && !whole)
        err = hub_tree_node(tree, from, to, &out[(*count)++]);
    rh_assert(*count <= RH_PROOF_CONSISTENCY_MAX);
    reverse(out, *count);
    return err;
}

/* Left of the range stand the left siblings on the way to its first leaf, met in the order of
 * their positions; right of it the right siblings on the way to its last, met backwards. */
enum rh_err hub_tree_prove_range(struct hub_tree *tree, uint64_t first, uint64_t last,
                                 uint64_t size, struct rh_hash out[RH_PROOF_RANGE_MAX],
                                 size_t *count)
{
    *count = 0;
    if (size > tree->size || first >= last || last > size)
        return RH_ERR_INVALID;

    enum rh_err err = descend(tree, first, size, LEFT, out, count);
    size_t left = *count;
    if (err == RH_OK)
        err = descend(tree, last - 1, size, RIGHT, out, count);
    rh_assert(*count <= RH_PROOF_RANGE_MAX);
    reverse(out + left, *count - left);
    return err;
}
