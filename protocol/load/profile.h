/* Profile files: YAML -> checked snapshot. Format: agents/README.md, "Profiles". */
#ifndef RH_LOAD_PROFILE_H
#define RH_LOAD_PROFILE_H

#include <rh/profile.h>

#include "load/report.h"

/* Read one profile.
 *
 * path    shown in complaints as given.
 * out     caller's (large: static or heap); usable only after RH_OK.
 * report  caller's, initialised; every problem as file:line:column: what is wrong; what was
 *         meant. Nothing is printed.
 *
 * RH_ERR_CONFIG when anything is wrong in the file; RH_ERR_NOTFOUND, RH_ERR_IO, RH_ERR_NOMEM. */
enum rh_err rh_load_profile(const char *path, struct rh_profile *out,
                            struct rh_load_report *report);

#endif
