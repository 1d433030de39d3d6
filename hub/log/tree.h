/* The Merkle log: every record of the journal is one leaf, in order, for ever.
 *
 * An incremental RFC 6962 tree. Appending costs one node hash on average, a root or a proof
 * O(log n) look-ups, for the present size and for every earlier one. Hashes live in tiles
 * (log/tile.h): the right edge of each level in memory, complete tiles in files
 *
 *     DIR/tile/0/x001/234         256 hashes, 8192 bytes, never changed
 *     DIR/tile/0/x001/235.p/17    the first 17 of an incomplete tile, for a checkpoint
 *
 * Memory does not grow with the log: the edges, up to HUB_TREE_PENDING_MAX complete tiles not
 * yet written, and a cache of tiles read back. Every tile read from disk is hashed and
 * compared with its parent, up to the root of the published checkpoint the tree was opened
 * with, so that a tampered tile can never end up in a proof.
 *
 * What is durable: nothing until hub_tree_write_tiles (or a hub_tree_sync) has answered
 * RH_OK; a published checkpoint (log/checkpoint.h) follows only then. The journal is the
 * truth: after a crash the leaves behind the newest checkpoint are appended again from it.
 *
 * One thread uses a tree; only hub_tree_sync_run may run on another one meanwhile.
 *
 * Errors everywhere: RH_ERR_IO, RH_ERR_NOSPACE; RH_ERR_CORRUPT when a tile on disk is missing
 * or does not hash to its parent (hub_tree_fault names it). An append that failed changed
 * nothing and may be repeated. */
#ifndef HUB_LOG_TREE_H
#define HUB_LOG_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/hash.h>
#include <rh/proof.h>

struct hub_tree;

enum {
    HUB_TREE_PENDING_MAX = 64,
    HUB_TREE_CACHE_DEFAULT = 256, /* tiles, 16 KiB each */
    HUB_TREE_FAULT_BYTES = 64
};

struct hub_tree_options {
    const char *directory; /* borrowed while opening; NULL: memory only. Parent must exist */
    bool keep;             /* memory only: keep complete tiles too (64 bytes for each leaf), so
                              that old roots and proofs can be had; else RH_ERR_NOTFOUND */
    size_t cache_tiles;    /* 0: HUB_TREE_CACHE_DEFAULT */
};

/* Open a log as the newest published checkpoint left it: `size` leaves with `root`, which is
 * recomputed from the tiles. The caller then appends the leaves from `size` on.
 *
 * size, root  0 and NULL for a new log, and in memory (where nothing could be loaded).
 * *out        caller's, to be closed; NULL unless RH_OK.
 *
 * RH_ERR_CORRUPT  the tiles do not lead to that root; RH_ERR_INVALID the arguments do not fit
 * together; RH_ERR_NOMEM; RH_ERR_IO. */
enum rh_err hub_tree_open(const struct hub_tree_options *options, uint64_t size,
                          const struct rh_hash *root, struct hub_tree **out);

/* Releases memory and nulls the pointer; writes nothing. A sync must have been ended. */
void hub_tree_close(struct hub_tree **tree);

/* Add one leaf hash (rh_leaf_hash). RH_ERR_FULL at RH_TREE_SIZE_MAX; RH_ERR_NOMEM (keep). */
enum rh_err hub_tree_append(struct hub_tree *tree, const struct rh_hash *leaf);

uint64_t hub_tree_size(const struct hub_tree *tree);

/* Root of the first `size` leaves. RH_ERR_INVALID above the present size. */
enum rh_err hub_tree_root(struct hub_tree *tree, uint64_t size, struct rh_hash *out);

/* Leaf hash at `index`. RH_ERR_INVALID beyond the end. */
enum rh_err hub_tree_leaf(struct hub_tree *tree, uint64_t index, struct rh_hash *out);

/* Proofs in the tree of the first `size` leaves, in the forms that rh/proof.h verifies. The
 * numbers may come from a stranger: RH_ERR_INVALID when they do not fit together.
 *     inclusion    leaf `index`                          index < size
 *     consistency  the tree of old_size is a prefix      old_size <= size; 0 gives no hashes
 *     range        leaves [first, last) stand there      first < last <= size */
enum rh_err hub_tree_prove_inclusion(struct hub_tree *tree, uint64_t index, uint64_t size,
                                     struct rh_hash out[RH_PROOF_PATH_MAX], size_t *count);
enum rh_err hub_tree_prove_consistency(struct hub_tree *tree, uint64_t old_size, uint64_t size,
                                       struct rh_hash out[RH_PROOF_CONSISTENCY_MAX],
                                       size_t *count);
enum rh_err hub_tree_prove_range(struct hub_tree *tree, uint64_t first, uint64_t last,
                                 uint64_t size, struct rh_hash out[RH_PROOF_RANGE_MAX],
                                 size_t *count);

/* Write complete tiles that wait in memory, without syncing. Appending does it by itself
 * when too many wait; call it in a quiet moment to keep that out of the way. Memory only:
 * nothing. */
enum rh_err hub_tree_flush(struct hub_tree *tree);

/* Make everything up to the present size durable: complete tiles, the partial tiles of this
 * size, their directories. Then a checkpoint of this size may be published. Every leaf must
 * be durable in the journal by then. */
enum rh_err hub_tree_write_tiles(struct hub_tree *tree);

/* The same in three steps, so that the slow middle one can run beside the engine: begin and
 * end on the tree's thread, run on any. Between begin and end the tree may be used freely,
 * but no other sync begun. `end` must be called, also after a failed run (pass its result:
 * only RH_OK counts the tiles as durable). The sync is of the size at begin. */
struct hub_tree_sync;
enum rh_err hub_tree_sync_begin(struct hub_tree *tree, struct hub_tree_sync **out);
enum rh_err hub_tree_sync_run(struct hub_tree_sync *sync);
void hub_tree_sync_end(struct hub_tree *tree, struct hub_tree_sync **sync, enum rh_err result);

/* Path, below the directory, of the tile that made the last RH_ERR_CORRUPT; "" if none.
 * Borrowed from the tree. */
const char *hub_tree_fault(const struct hub_tree *tree);

#endif
