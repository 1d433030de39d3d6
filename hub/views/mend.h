/* Making a map of the views equal to another one that is known to be right, row by row: what is
 * left when rows of the store fail their checksums and the journal has told the truth again. */
#ifndef HUB_VIEWS_MEND_H
#define HUB_VIEWS_MEND_H

#include "views/keys.h"
#include "views/map.h"

struct hub_mended {
    uint64_t rows;  /* written anew or taken out */
    char text[160]; /* the first of them, one English sentence; "" without one */
};

/* Walk all tables of both maps side by side. A row of `map` that fails its check, differs or is
 * missing is written from `right`; one that `right` does not have is taken out.
 *
 * map, right   borrowed; `right` is only read. `map` is left with its changes uncommitted.
 *
 * RH_ERR_CORRUPT  a key of `map` cannot even be read, or its order is broken: nothing less than a
 *                 new map helps. Others: what a map answered. */
enum rh_err hub_views_mend(struct hub_map *map, struct hub_map *right, struct hub_mended *out);

/* Where a walk in pieces stands; zeroed: at its beginning. */
struct hub_mend_walk {
    unsigned table;
    struct hub_key next; /* in that table */
};

/* A piece of such a walk, at most `entries` of either map. Between two pieces records may be
 * applied, the same ones to both maps. The tables that hub_views_save writes are left out;
 * *over: all others are done. `out` is added to. */
enum rh_err hub_views_mend_some(struct hub_map *map, struct hub_map *right,
                                struct hub_mend_walk *walk, uint32_t entries,
                                struct hub_mended *out, bool *over);
/* Those tables, in one go, after a save of `right`: what views over `map` keep in memory must
 * be forgotten then (hub_views_close). */
enum rh_err hub_views_mend_saved(struct hub_map *map, struct hub_map *right,
                                 struct hub_mended *out);

#endif
