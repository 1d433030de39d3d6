/* Making a map of the views equal to another one that is known to be right, row by row: what is
 * left when rows of the store fail their checksums and the journal has told the truth again. */
#ifndef HUB_VIEWS_MEND_H
#define HUB_VIEWS_MEND_H

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

#endif
