/* settings.yaml: what is policy of this hub and not law. Format: protocol/rules/README.md. */
#ifndef RH_LOAD_SETTINGS_H
#define RH_LOAD_SETTINGS_H

#include "load/words.h"

/* Read it from memory.
 *
 * out, roles  caller's, overwritten. After anything but RH_OK they are what makes reading the
 *             other files go on without complaints that would only follow from this one.
 * RH_ERR_CONFIG when anything is wrong, with the report; RH_ERR_NOMEM. */
enum rh_err rh_load_settings(const char *name, const char *text, size_t bytes,
                             struct rh_settings *out, struct rh_load_roles *roles,
                             struct rh_load_report *report);

#endif
