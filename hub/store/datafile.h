/* Is a data file long enough to be mapped?
 *
 * LMDB reads its file through a memory map, and touching a page beyond the end of the file is
 * SIGBUS: a file that lost its tail (a bad copy, a full disk during restore) would kill the hub
 * at some later moment. So before mapping we read the two meta pages with plain reads and
 * compare the page count they promise with the size of the file.
 *
 * A shorter file can still be sound: LMDB does not write pages that were allocated and given
 * back within one transaction, it only lists them as free. The file is therefore accepted when
 * every missing page is in the free list, and refused otherwise.
 *
 * Source: the layout of LMDB data version 1 (MDB_meta, MDB_page, MDB_node), 64-bit. */
#ifndef HUB_STORE_DATAFILE_H
#define HUB_STORE_DATAFILE_H

#include <rh/err.h>

#include "store/report.h"

/* path     borrowed; the data file itself.
 * report   caller's; names the offence.
 *
 * RH_OK            may be mapped.
 * RH_ERR_NOTFOUND  absent or empty: LMDB will begin a new one.
 * RH_ERR_CORRUPT   not an LMDB file of this layout, or pages in use are missing.
 * RH_ERR_IO, RH_ERR_DENIED, RH_ERR_NOMEM */
enum rh_err hub_datafile_check(const char *path, struct hub_store_report *report);

#endif
