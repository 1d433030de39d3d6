/* Appending, looking nodes up, roots, opening; see log/tree.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log/tree_inside.h"

enum { CACHE_WAYS = 4 };

/* Opening and closing --------------------------------------------------------------------- */

static enum rh_err allocate(struct hub_tree *tree, const struct hub_tree_options *options)
{
    tree->keep = options->directory == NULL && options->keep;
    if (options->directory == NULL)
        return RH_OK;

    size_t tiles = options->cache_tiles == 0 ? HUB_TREE_CACHE_DEFAULT : options->cache_tiles;
    tree->cache_sets = (tiles + CACHE_WAYS - 1) / CACHE_WAYS;
    tree->cache = calloc(tree->cache_sets * CACHE_WAYS, sizeof *tree->cache);
    tree->cache_used = calloc(tree->cache_sets * CACHE_WAYS, sizeof *tree->cache_used);
    tree->pending = calloc(HUB_TREE_PENDING_MAX, sizeof *tree->pending);

    size_t bytes = strlen(options->directory) + 1;
    tree->directory = malloc(bytes);
    if (tree->directory == NULL || tree->cache == NULL || tree->cache_used == NULL ||
        tree->pending == NULL)
        return RH_ERR_NOMEM;
    memcpy(tree->directory, options->directory, bytes);
    return RH_OK;
}

enum rh_err hub_tree_path(const char *directory, unsigned level, uint64_t number,
                          unsigned width, char out[HUB_LOGFILE_PATH_BYTES])
{
    char tile[HUB_TILE_PATH_BYTES];

    hub_tile_path(level, number, width, tile);
    int length = snprintf(out, HUB_LOGFILE_PATH_BYTES, "%s/%s", directory, tile);
    return length > 0 && length < HUB_LOGFILE_PATH_BYTES ? RH_OK : RH_ERR_IO;
}

/* Read the first `width` hashes of a tile into row, from the file of exactly that width or
 * from the complete one, which may have replaced it. RH_ERR_CORRUPT when neither serves. */
static enum rh_err read_row(struct hub_tree *tree, unsigned level, uint64_t number,
                            unsigned width, uint8_t row[HUB_TILE_BYTES])
{
    static const unsigned complete = HUB_TILE_WIDTH;
    const unsigned widths[2] = { width, complete };

    for (size_t i = width == complete ? 1 : 0; i < 2; i++) {
        char path[HUB_LOGFILE_PATH_BYTES];
        size_t bytes = 0;
        enum rh_err err = hub_tree_path(tree->directory, level, number, widths[i], path);

        if (err == RH_OK)
            err = hub_logfile_read(path, row, HUB_TILE_BYTES, &bytes);
        if (err == RH_OK && bytes == (size_t)widths[i] * RH_HASH_BYTES)
            return RH_OK;
        if (err != RH_OK && err != RH_ERR_NOTFOUND && err != RH_ERR_FULL)
            return err;
    }
    hub_tile_path(level, number, width, tree->fault);
    return RH_ERR_CORRUPT;
}

/* Fill the edges as they were at `size`. The edge tiles hold exactly the peaks whose hashes
 * make the root, so comparing the root vouches for every hash of them. */
static enum rh_err load_edges(struct hub_tree *tree, uint64_t size, const struct rh_hash *root)
{
    uint8_t row[HUB_TILE_BYTES];
    uint64_t nodes = size; /* complete nodes at the foot of this level */

    for (unsigned level = 0; level < HUB_TILE_LEVELS; level++) {
        uint64_t number = nodes / HUB_TILE_WIDTH;
        unsigned width = (unsigned)(nodes % HUB_TILE_WIDTH);

        if (width > 0) {
            enum rh_err err = read_row(tree, level, number, width, row);
            if (err != RH_OK)
                return err;
        }
        hub_tile_load(&tree->edges[level], level, number, row, width);
        tree->synced[level] = number;
        tree->swept[level] = number > 0 ? number - 1 : 0;
        nodes = number;
    }
    tree->size = size;

    struct rh_hash computed;
    enum rh_err err = hub_tree_root(tree, size, &computed);
    if (err == RH_OK && root != NULL && !rh_hash_equal(&computed, root))
        err = RH_ERR_CORRUPT;
    return err;
}

enum rh_err hub_tree_open(const struct hub_tree_options *options, uint64_t size,
                          const struct rh_hash *root, struct hub_tree **out)
{
    *out = NULL;
    if (size > RH_TREE_SIZE_MAX)
        return RH_ERR_INVALID;
    if (size > 0 && (options->directory == NULL || root == NULL))
        return RH_ERR_INVALID;

    struct hub_tree *tree = calloc(1, sizeof *tree);
    if (tree == NULL)
        return RH_ERR_NOMEM;

    enum rh_err err = allocate(tree, options);
    if (err == RH_OK)
        err = load_edges(tree, size, root);
    if (err == RH_OK)
        *out = tree;
    else
        hub_tree_close(&tree);
    return err;
}

void hub_tree_close(struct hub_tree **tree_pointer)
{
    struct hub_tree *tree = *tree_pointer;

    if (tree == NULL)
        return;
    rh_assert(!tree->syncing);
    for (unsigned level = 0; level < HUB_TILE_LEVELS; level++) {
        for (size_t i = 0; i < tree->kept_capacity[level]; i++)
            free(tree->kept[level][i]);
        free(tree->kept[level]);
    }
    free(tree->directory);
    free(tree->cache);
    free(tree->cache_used);
    free(tree->pending);
    free(tree);
    *tree_pointer = NULL;
}

uint64_t hub_tree_size(const struct hub_tree *tree)
{
    return tree->size;
}

const char *hub_tree_fault(const struct hub_tree *tree)
{
    return tree->fault;
}

/* Looking tiles up ------------------------------------------------------------------------ */

static size_t cache_set(const struct hub_tree *tree, unsigned level, uint64_t number)
{
    uint64_t mixed = (number + level * UINT64_C(0x9e3779b97f4a7c15)) *
                     UINT64_C(0xbf58476d1ce4e5b9);

    return (size_t)((mixed >> 32) % tree->cache_sets) * CACHE_WAYS;
}

static struct hub_tile *cache_find(struct hub_tree *tree, unsigned level, uint64_t number)
{
    size_t set = cache_set(tree, level, number);

    for (size_t i = set; i < set + CACHE_WAYS; i++) {
        struct hub_tile *tile = &tree->cache[i];
        if (tile->width != 0 && tile->number == number && tile->level == level) {
            tree->cache_used[i] = ++tree->cache_clock;
            return tile;
        }
    }
    return NULL;
}

/* The place in which this tile may be put: an empty one or the one longest unused. */
static struct hub_tile *cache_place(struct hub_tree *tree, unsigned level, uint64_t number)
{
    size_t set = cache_set(tree, level, number);
    size_t place = set;

    for (size_t i = set + 1; i < set + CACHE_WAYS; i++)
        if (tree->cache_used[i] < tree->cache_used[place])
            place = i;
    tree->cache_used[place] = ++tree->cache_clock;
    return &tree->cache[place];
}

static enum rh_err find_tile(struct hub_tree *tree, unsigned level, uint64_t number,
                             const struct hub_tile **out);

/* Read a complete tile back and believe it only when it hashes to its parent. The parent's
 * tile is checked in the same way, so the chain ends at an edge, and the edges were compared
 * with the published root. At most as deep as there are levels. */
static enum rh_err load_tile(struct hub_tree *tree, unsigned level, uint64_t number,
                             const struct hub_tile **out)
{
    const struct hub_tile *above;
    enum rh_err err = find_tile(tree, level + 1, number / HUB_TILE_WIDTH, &above);
    if (err != RH_OK)
        return err;
    struct rh_hash expected = above->nodes[hub_tile_node(0, number % HUB_TILE_WIDTH)];

    uint8_t row[HUB_TILE_BYTES];
    err = read_row(tree, level, number, HUB_TILE_WIDTH, row);
    if (err != RH_OK)
        return err;

    struct hub_tile *tile = cache_place(tree, level, number);
    hub_tile_load(tile, level, number, row, HUB_TILE_WIDTH);
    if (!rh_hash_equal(hub_tile_root(tile), &expected)) {
        tile->width = 0;
        hub_tile_path(level, number, HUB_TILE_WIDTH, tree->fault);
        return RH_ERR_CORRUPT;
    }
    *out = tile;
    return RH_OK;
}

/* *out is borrowed until the next look-up, append or flush. */
static enum rh_err find_tile(struct hub_tree *tree, unsigned level, uint64_t number,
                             const struct hub_tile **out)
{
    rh_assert(level < HUB_TILE_LEVELS);
    rh_assert(number <= tree->edges[level].number);

    *out = NULL;
    if (number == tree->edges[level].number) {
        *out = &tree->edges[level];
    } else if (tree->keep) {
        *out = tree->kept[level][number];
    } else if (tree->directory != NULL) {
        for (size_t i = tree->pending_count; i > 0 && *out == NULL; i--)
            if (tree->pending[i - 1].number == number && tree->pending[i - 1].level == level)
                *out = &tree->pending[i - 1];
        if (*out == NULL)
            *out = cache_find(tree, level, number);
        if (*out == NULL)
            return load_tile(tree, level, number, out);
    }
    return *out == NULL ? RH_ERR_NOTFOUND : RH_OK;
}

/* The perfect subtree over the leaves [index << height, (index + 1) << height). */
static enum rh_err perfect_node(struct hub_tree *tree, unsigned height, uint64_t index,
                                struct rh_hash *out)
{
    const struct hub_tile *tile;
    unsigned level = height / HUB_TILE_HEIGHT;
    unsigned row = height % HUB_TILE_HEIGHT;
    unsigned row_width = HUB_TILE_WIDTH >> row;
    unsigned position = (unsigned)(index % row_width);

    enum rh_err err = find_tile(tree, level, index / row_width, &tile);
    if (err != RH_OK)
        return err;
    rh_assert((position + 1) << row <= tile->width);
    *out = tile->nodes[hub_tile_node(row, position)];
    return RH_OK;
}

/* Roots ----------------------------------------------------------------------------------- */

/* A node over any number of leaves is a chain of perfect subtrees, one for each bit of that
 * number, the largest leftmost: 13 leaves are 8 + 4 + 1. They are joined from the right. */
enum rh_err hub_tree_node(struct hub_tree *tree, uint64_t from, uint64_t to,
                          struct rh_hash *out)
{
    uint64_t leaves = to - from;
    bool joined = false;

    rh_assert(from < to && to <= tree->size);
    for (unsigned height = 0; leaves >> height != 0; height++) {
        struct rh_hash peak;

        if ((leaves >> height & 1) == 0)
            continue;
        uint64_t begin = from + (((leaves >> height) - 1) << height);
        enum rh_err err = perfect_node(tree, height, begin >> height, &peak);
        if (err != RH_OK)
            return err;
        if (joined)
            rh_hash_node(&peak, out, out);
        else
            *out = peak;
        joined = true;
    }
    return RH_OK;
}

enum rh_err hub_tree_root(struct hub_tree *tree, uint64_t size, struct rh_hash *out)
{
    if (size > tree->size)
        return RH_ERR_INVALID;
    if (size == 0) {
        rh_proof_empty_root(out);
        return RH_OK;
    }
    return hub_tree_node(tree, 0, size, out);
}

enum rh_err hub_tree_leaf(struct hub_tree *tree, uint64_t index, struct rh_hash *out)
{
    if (index >= tree->size)
        return RH_ERR_INVALID;
    return perfect_node(tree, 0, index, out);
}

/* Appending ------------------------------------------------------------------------------- */

/* A place for the tile that `level` is about to complete, in memory with keep. */
static enum rh_err reserve_kept(struct hub_tree *tree, unsigned level)
{
    size_t number = (size_t)tree->edges[level].number;

    if (number >= tree->kept_capacity[level]) {
        size_t capacity = number < 8 ? 16 : number * 2;
        struct hub_tile **grown = realloc(tree->kept[level], capacity * sizeof *grown);

        if (grown == NULL)
            return RH_ERR_NOMEM;
        for (size_t i = tree->kept_capacity[level]; i < capacity; i++)
            grown[i] = NULL;
        tree->kept[level] = grown;
        tree->kept_capacity[level] = capacity;
    }
    if (tree->kept[level][number] == NULL)
        tree->kept[level][number] = malloc(sizeof **tree->kept[level]);
    return tree->kept[level][number] == NULL ? RH_ERR_NOMEM : RH_OK;
}

/* Before the leaf that completes a tile: what can fail, fails here, with nothing changed. */
static enum rh_err make_room(struct hub_tree *tree)
{
    unsigned full = 0; /* levels that the next leaf completes */

    while (tree->edges[full].width == HUB_TILE_WIDTH - 1)
        full++;
    if (tree->directory != NULL && tree->pending_count + full > HUB_TREE_PENDING_MAX)
        return hub_tree_flush(tree);
    for (unsigned level = 0; tree->keep && level < full; level++) {
        enum rh_err err = reserve_kept(tree, level);
        if (err != RH_OK)
            return err;
    }
    return RH_OK;
}

/* Put a completed edge away and begin the next tile of its level. */
static void retire(struct hub_tree *tree, struct hub_tile *edge)
{
    if (tree->directory != NULL)
        tree->pending[tree->pending_count++] = *edge;
    else if (tree->keep)
        *tree->kept[edge->level][edge->number] = *edge;
    edge->number++;
    edge->width = 0;
}

enum rh_err hub_tree_append(struct hub_tree *tree, const struct rh_hash *leaf)
{
    if (tree->size == RH_TREE_SIZE_MAX)
        return RH_ERR_FULL;
    if (tree->edges[0].width == HUB_TILE_WIDTH - 1) {
        enum rh_err err = make_room(tree);
        if (err != RH_OK)
            return err;
    }

    struct rh_hash up = *leaf;
    tree->size++;
    for (unsigned level = 0;; level++) {
        struct hub_tile *edge = &tree->edges[level];

        rh_assert(level < HUB_TILE_LEVELS);
        hub_tile_push(edge, &up);
        if (edge->width < HUB_TILE_WIDTH)
            return RH_OK;
        up = *hub_tile_root(edge);
        retire(tree, edge);
    }
}

enum rh_err hub_tree_flush(struct hub_tree *tree)
{
    enum rh_err err = RH_OK;
    size_t done = 0;

    for (; done < tree->pending_count; done++) {
        const struct hub_tile *tile = &tree->pending[done];
        char path[HUB_LOGFILE_PATH_BYTES];

        err = hub_tree_path(tree->directory, tile->level, tile->number, HUB_TILE_WIDTH, path);
        if (err == RH_OK)
            err = hub_logfile_write(path, strlen(tree->directory), tile->nodes, HUB_TILE_BYTES,
                                    false);
        if (err != RH_OK)
            break;
        *cache_place(tree, tile->level, tile->number) = *tile;
    }
    tree->pending_count -= done;
    memmove(tree->pending, tree->pending + done, tree->pending_count * sizeof *tree->pending);
    return err;
}
