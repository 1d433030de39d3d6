/* Making tiles durable before a checkpoint names them; see log/tree.h.
 *
 * Order on disk: the bytes of every file, then its name in its directory, then that
 * directory in the one above, up to the log's own. Only then may the note be written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log/tree_inside.h"

enum { SEEN_MAX = 48 };

struct level_sync {
    uint64_t first; /* complete tiles [first, last) are written and get synced */
    uint64_t last;
    uint64_t sweep_first; /* complete and durable since the checkpoint before: their partial */
    uint64_t sweep_last;  /* files are of no more use */
    uint64_t partial_number;
    uint32_t partial_width; /* 0: no partial tile, or nothing new in it */
    uint8_t partial[HUB_TILE_BYTES];
};

struct hub_tree_sync {
    const char *directory; /* borrowed from the tree */
    struct level_sync levels[HUB_TILE_LEVELS];
    size_t seen_count; /* directories synced already, paths below `directory` */
    char seen[SEEN_MAX][HUB_TILE_PATH_BYTES];
};

enum rh_err hub_tree_sync_begin(struct hub_tree *tree, struct hub_tree_sync **out)
{
    *out = NULL;
    rh_assert(tree->directory != NULL);
    rh_assert(!tree->syncing);

    enum rh_err err = hub_tree_flush(tree);
    if (err != RH_OK)
        return err;

    struct hub_tree_sync *sync = calloc(1, sizeof *sync);
    if (sync == NULL)
        return RH_ERR_NOMEM;

    sync->directory = tree->directory;
    for (unsigned level = 0; level < HUB_TILE_LEVELS; level++) {
        struct level_sync *plan = &sync->levels[level];
        const struct hub_tile *edge = &tree->edges[level];

        plan->first = tree->synced[level];
        plan->last = edge->number;
        plan->sweep_first = tree->swept[level];
        plan->sweep_last = tree->synced[level];
        plan->partial_number = edge->number;
        if (tree->partial_number[level] != edge->number ||
            tree->partial_width[level] != edge->width)
            plan->partial_width = edge->width;
        memcpy(plan->partial, edge->nodes, edge->width * (size_t)RH_HASH_BYTES);
    }
    tree->syncing = true;
    *out = sync;
    return RH_OK;
}

static bool seen_before(struct hub_tree_sync *sync, const char *path)
{
    for (size_t i = 0; i < sync->seen_count; i++)
        if (strcmp(sync->seen[i], path) == 0)
            return true;
    if (sync->seen_count == SEEN_MAX)
        sync->seen_count = 0; /* forgetting costs a second sync, nothing more */
    memcpy(sync->seen[sync->seen_count++], path, strlen(path) + 1);
    return false;
}

/* Sync the directories that lead to a tile, deepest first, each once in a run. Also those
 * that existed: an earlier process may have made them and died before its sync. */
static enum rh_err sync_directories(struct hub_tree_sync *sync, unsigned level,
                                    uint64_t number, unsigned width)
{
    char below[HUB_TILE_PATH_BYTES];

    hub_tile_path(level, number, width, below);
    for (char *slash = strrchr(below, '/'); slash != NULL; slash = strrchr(below, '/')) {
        char path[HUB_LOGFILE_PATH_BYTES];

        *slash = '\0';
        if (seen_before(sync, below))
            return RH_OK;
        int length = snprintf(path, sizeof path, "%s/%s", sync->directory, below);
        if (length < 0 || (size_t)length >= sizeof path)
            return RH_ERR_IO;
        enum rh_err err = hub_logfile_sync(path);
        if (err != RH_OK)
            return err;
    }
    return seen_before(sync, "") ? RH_OK : hub_logfile_sync(sync->directory);
}

/* The bytes of one level: complete tiles are written already, the partial one is not. */
static enum rh_err sync_files(struct hub_tree_sync *sync, unsigned level)
{
    const struct level_sync *plan = &sync->levels[level];
    char path[HUB_LOGFILE_PATH_BYTES];

    for (uint64_t number = plan->first; number < plan->last; number++) {
        enum rh_err err = hub_tree_path(sync->directory, level, number, HUB_TILE_WIDTH, path);
        if (err == RH_OK)
            err = hub_logfile_sync(path);
        if (err != RH_OK)
            return err;
    }
    if (plan->partial_width == 0)
        return RH_OK;
    enum rh_err err = hub_tree_path(sync->directory, level, plan->partial_number,
                                    plan->partial_width, path);
    if (err == RH_OK)
        err = hub_logfile_write(path, strlen(sync->directory), plan->partial,
                                plan->partial_width * (size_t)RH_HASH_BYTES, true);
    return err;
}

static enum rh_err sync_names(struct hub_tree_sync *sync, unsigned level)
{
    const struct level_sync *plan = &sync->levels[level];
    enum rh_err err = RH_OK;

    for (uint64_t number = plan->first; err == RH_OK && number < plan->last; number++)
        err = sync_directories(sync, level, number, HUB_TILE_WIDTH);
    if (err == RH_OK && plan->partial_width > 0)
        err = sync_directories(sync, level, plan->partial_number, plan->partial_width);
    return err;
}

/* All files before any directory: a file of a higher level may need a new directory in one
 * that a lower level would already have synced. */
enum rh_err hub_tree_sync_run(struct hub_tree_sync *sync)
{
    enum rh_err err = RH_OK;

    for (unsigned level = 0; err == RH_OK && level < HUB_TILE_LEVELS; level++)
        err = sync_files(sync, level);
    for (unsigned level = 0; err == RH_OK && level < HUB_TILE_LEVELS; level++)
        err = sync_names(sync, level);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_ERR_IO : err;

    /* The complete tiles swept here were durable before this run began, so whoever still
     * reads by an older checkpoint finds the complete file in the partial one's place. */
    for (unsigned level = 0; level < HUB_TILE_LEVELS; level++) {
        const struct level_sync *plan = &sync->levels[level];

        for (uint64_t number = plan->sweep_first; number < plan->sweep_last; number++) {
            char path[HUB_LOGFILE_PATH_BYTES];
            if (hub_tree_path(sync->directory, level, number, 0, path) == RH_OK)
                hub_logfile_remove_directory(path);
        }
    }
    return RH_OK;
}

void hub_tree_sync_end(struct hub_tree *tree, struct hub_tree_sync **sync, enum rh_err result)
{
    rh_assert(tree->syncing);
    rh_assert(*sync != NULL);

    for (unsigned level = 0; result == RH_OK && level < HUB_TILE_LEVELS; level++) {
        const struct level_sync *plan = &(*sync)->levels[level];

        tree->synced[level] = plan->last;
        tree->swept[level] = plan->sweep_last;
        if (plan->partial_width > 0) {
            tree->partial_number[level] = plan->partial_number;
            tree->partial_width[level] = plan->partial_width;
        }
    }
    tree->syncing = false;
    free(*sync);
    *sync = NULL;
}

enum rh_err hub_tree_write_tiles(struct hub_tree *tree)
{
    struct hub_tree_sync *sync = NULL;
    enum rh_err err;

    if (tree->directory == NULL)
        return RH_OK;
    err = hub_tree_sync_begin(tree, &sync);
    if (err != RH_OK)
        return err;
    err = hub_tree_sync_run(sync);
    hub_tree_sync_end(tree, &sync, err);
    return err;
}
