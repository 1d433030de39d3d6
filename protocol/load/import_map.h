/* Import maps: YAML -> checked snapshot. Format: agents/README.md, "Import maps". */
#ifndef RH_LOAD_IMPORT_MAP_H
#define RH_LOAD_IMPORT_MAP_H

#include <rh/import_map.h>

#include "load/report.h"

/* Read one map; as rh_load_profile. Patterns are compiled by whoever uses them. */
enum rh_err rh_load_import_map(const char *path, struct rh_import_map *out,
                               struct rh_load_report *report);

#endif
