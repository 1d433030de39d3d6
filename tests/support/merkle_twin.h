/* RFC 6962 as its recursive definitions read, slow and obviously right: the twin of
 * protocol/src/proof.c and hub/log. Leaves are given as leaf hashes. */
#ifndef RHT_MERKLE_TWIN_H
#define RHT_MERKLE_TWIN_H

#include <stddef.h>
#include <stdint.h>

#include <rh/hash.h>

static inline size_t rht_merkle_split(size_t leaves)
{
    size_t k = 1;

    while (k * 2 < leaves)
        k *= 2;
    return k;
}

/* MTH, section 2.1. */
static inline void rht_merkle_root(const struct rh_hash *leaves, size_t count,
                                   struct rh_hash *out)
{
    struct rh_hash left;
    struct rh_hash right;

    if (count == 0) {
        rh_hash(NULL, 0, out);
    } else if (count == 1) {
        *out = leaves[0];
    } else {
        size_t k = rht_merkle_split(count);
        rht_merkle_root(leaves, k, &left);
        rht_merkle_root(leaves + k, count - k, &right);
        rh_hash_node(&left, &right, out);
    }
}

/* PATH(m, D), section 2.1.1. Returns the number of hashes. */
static inline size_t rht_merkle_path(size_t m, const struct rh_hash *leaves, size_t count,
                                     struct rh_hash *out)
{
    if (count <= 1)
        return 0;

    size_t k = rht_merkle_split(count);
    size_t used;
    if (m < k) {
        used = rht_merkle_path(m, leaves, k, out);
        rht_merkle_root(leaves + k, count - k, &out[used]);
    } else {
        used = rht_merkle_path(m - k, leaves + k, count - k, out);
        rht_merkle_root(leaves, k, &out[used]);
    }
    return used + 1;
}

/* SUBPROOF(m, D, b), section 2.1.2. PROOF(m, D) is that with b = 1, for 0 < m < count. */
static inline size_t rht_merkle_subproof(size_t m, const struct rh_hash *leaves, size_t count,
                                         int b, struct rh_hash *out)
{
    if (m == count) {
        if (b)
            return 0;
        rht_merkle_root(leaves, count, out);
        return 1;
    }

    size_t k = rht_merkle_split(count);
    size_t used;
    if (m <= k) {
        used = rht_merkle_subproof(m, leaves, k, b, out);
        rht_merkle_root(leaves + k, count - k, &out[used]);
    } else {
        used = rht_merkle_subproof(m - k, leaves + k, count - k, 0, out);
        rht_merkle_root(leaves, k, &out[used]);
    }
    return used + 1;
}

/* RANGE(first, last, D) of protocol/spec/receipt.md: the nodes that touch no leaf of the range
 * and whose parents do, from left to right. `first` and `last` may lie outside D. */
static inline size_t rht_merkle_range(long first, long last, const struct rh_hash *leaves,
                                      long count, struct rh_hash *out)
{
    if (last <= 0 || first >= count) {
        rht_merkle_root(leaves, (size_t)count, out);
        return 1;
    }
    if (count == 1)
        return 0;

    long k = (long)rht_merkle_split((size_t)count);
    size_t used = rht_merkle_range(first, last, leaves, k, out);
    return used + rht_merkle_range(first - k, last - k, leaves + k, count - k, out + used);
}

#endif
