/* The ordered map of views/map.h in plain memory, for audit replay, simulation and tests.
 *
 * Each table is a sorted list of chunks, each chunk a short sorted array of entries:
 *
 *     table     [chunk 0]      [chunk 1]       [chunk 2]
 *                a b d          f g k m         p z
 *
 * A search halves the chunks by their last key, then halves one chunk. Inserting moves a few
 * pointers; a full chunk splits in two (at the end of the table a new one is begun instead, so
 * that growing tables stay packed); neighbours that have run low are merged. Order comes from
 * the keys alone, never from addresses, so equal operations give equal walks.
 *
 * Not thread-safe. One difference from hub/store: nothing is checksummed, because memory is not
 * a disk, so RH_ERR_CORRUPT and RH_ERR_IO do not occur. RH_ERR_FULL means the bound given at
 * birth or the machine's memory is reached; that call then changed nothing. */
#ifndef HUB_VIEWS_MEMORY_MAP_H
#define HUB_VIEWS_MEMORY_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "views/map.h"

struct hub_memory_map;

struct hub_memory_options {
    uint64_t bytes_max; /* entries and chunks together; 0: no bound of our own */
    bool undo;          /* keep what hub_memory_map_abort needs to go back */
};

/* options may be NULL (no bound, no undo). RH_ERR_NOMEM. */
enum rh_err hub_memory_map_new(struct hub_memory_map **out,
                               const struct hub_memory_options *options);

/* Taken: frees everything and nulls *map. NULL and a second call are harmless. */
void hub_memory_map_destroy(struct hub_memory_map **map);

/* The map to hand to the views; lives as long as `map`. */
struct hub_map *hub_memory_map_map(struct hub_memory_map *map);

/* With options.undo: commit makes everything so far permanent, abort returns to the last commit
 * (or to the empty map), as the store does. Without undo commit does nothing and abort is a bug
 * of the caller. */
void hub_memory_map_commit(struct hub_memory_map *map);
void hub_memory_map_abort(struct hub_memory_map *map);

/* Entries of one table; of all tables with table == HUB_TABLE_MAX. */
uint64_t hub_memory_map_entries(const struct hub_memory_map *map, unsigned table);

/* Bytes held now, as counted against bytes_max (undo included). */
uint64_t hub_memory_map_bytes(const struct hub_memory_map *map);

#endif
