/* What the files of the tree share. Inside hub/log only. */
#ifndef HUB_LOG_TREE_INSIDE_H
#define HUB_LOG_TREE_INSIDE_H

#include "log/logfile.h"
#include "log/tile.h"
#include "log/tree.h"

struct hub_tree {
    char *directory; /* NULL: memory only */
    bool keep;
    bool syncing; /* a sync is begun and not ended */
    uint64_t size;

    /* The incomplete tile of each level; its number is the count of complete ones. */
    struct hub_tile edges[HUB_TILE_LEVELS];

    /* With a directory: complete tiles not yet written, oldest first. */
    struct hub_tile *pending;
    size_t pending_count;

    /* With a directory: tiles read or written lately, in sets of a few; a tile's set follows
     * from its name. Width 0 is an empty place. */
    struct hub_tile *cache;
    uint64_t *cache_used; /* value of cache_clock when last wanted */
    size_t cache_sets;
    uint64_t cache_clock;

    /* In memory with keep: complete tiles of each level, by number; NULL is not yet there. */
    struct hub_tile **kept[HUB_TILE_LEVELS];
    size_t kept_capacity[HUB_TILE_LEVELS];

    uint64_t synced[HUB_TILE_LEVELS];          /* complete tiles known durable */
    uint64_t swept[HUB_TILE_LEVELS];           /* below: partial files are removed */
    uint64_t partial_number[HUB_TILE_LEVELS];  /* partial tile made durable last ... */
    uint32_t partial_width[HUB_TILE_LEVELS];   /* ... and its width, 0 none */

    char fault[HUB_TREE_FAULT_BYTES];
};

static_assert((int)HUB_TREE_FAULT_BYTES >= (int)HUB_TILE_PATH_BYTES, "a fault names a tile");
static_assert((int)HUB_TREE_PENDING_MAX >= (int)HUB_TILE_LEVELS,
              "one leaf can complete a tile on every level");

/* Hash over the leaves [from, to), where these are exactly one node of the tree of `to` or
 * more leaves: `from` is a multiple of the power of two that to - from fits into. */
enum rh_err hub_tree_node(struct hub_tree *tree, uint64_t from, uint64_t to,
                          struct rh_hash *out);

/* Absolute path of a tile, in caller's memory. RH_ERR_IO when too long. */
enum rh_err hub_tree_path(const char *directory, unsigned level, uint64_t number,
                          unsigned width, char out[HUB_LOGFILE_PATH_BYTES]);

#endif
