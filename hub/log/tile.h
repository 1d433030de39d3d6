/* A tile: 256 neighbouring hashes of one level of the tree, and everything above them up to
 * where the next level of tiles begins. C2SP tlog-tiles, height 8.
 *
 *     tile level 1            [ t0 t1 t2 ... ]          t0 = root of level 0's tile 0
 *                               |
 *     inside tile 0           /    \        heights 1..7, kept in memory, not on disk
 *     tile level 0     h0 h1 h2 ... h255                leaf hashes
 *
 * Only the lowest row is stored in files. In memory a tile holds all rows, 511 hashes, each
 * made the moment its two children are there: that is the whole incremental tree, one node hash
 * for each leaf on average, and every perfect subtree is a look-up. Inside hub/log only. */
#ifndef HUB_LOG_TILE_H
#define HUB_LOG_TILE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/hash.h>

enum {
    HUB_TILE_HEIGHT = 8,
    HUB_TILE_WIDTH = 256,
    HUB_TILE_NODES = 511,
    HUB_TILE_BYTES = HUB_TILE_WIDTH * RH_HASH_BYTES,
    HUB_TILE_LEVELS = 8, /* enough for 2^62 leaves */
    HUB_TILE_PATH_BYTES = 64
};

static_assert(HUB_TILE_NODES == 2 * HUB_TILE_WIDTH - 1, "a perfect tree over one row");

struct hub_tile {
    uint64_t number; /* position among the tiles of its level, from 0 */
    uint32_t level;  /* 0 holds leaf hashes; below HUB_TILE_LEVELS */
    uint32_t width;  /* hashes in the lowest row, 0..256; 256 is complete */
    struct rh_hash nodes[HUB_TILE_NODES]; /* row by row, lowest first; see hub_tile_node */
};

/* Where the node at `height` (0..8) and `position` of its row stands in nodes[]. */
static inline size_t hub_tile_node(unsigned height, unsigned position)
{
    return (size_t)(2 * HUB_TILE_WIDTH - (2 * HUB_TILE_WIDTH >> height)) + position;
}

/* Add the next hash of the lowest row and make every node it completes. Not on a full tile. */
void hub_tile_push(struct hub_tile *tile, const struct rh_hash *hash);

/* Root of a complete tile, a hash of the level above. */
const struct rh_hash *hub_tile_root(const struct hub_tile *tile);

/* Make `tile` from `width` stored hashes of 32 bytes each. */
void hub_tile_load(struct hub_tile *tile, unsigned level, uint64_t number, const uint8_t *row,
                   unsigned width);

/* Path below the log's directory: "tile/0/x001/234", and for a width below 256
 * "tile/0/x001/234.p/17". Width 0 names the directory of the partial tiles. Terminated. */
void hub_tile_path(unsigned level, uint64_t number, unsigned width,
                   char out[HUB_TILE_PATH_BYTES]);

#endif
