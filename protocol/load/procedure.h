/* procedures/NAME.yaml: one procedure. Format: protocol/rules/README.md. */
#ifndef RH_LOAD_PROCEDURE_H
#define RH_LOAD_PROCEDURE_H

#include "load/words.h"

/* Read and judge one procedure from memory.
 *
 * roles, settings  borrowed; from rh_load_settings: who there is, and which states have a
 *                  watchdog.
 * out              caller's, overwritten; usable only after RH_OK.
 * RH_ERR_CONFIG when anything is wrong, with the report; RH_ERR_NOMEM. */
enum rh_err rh_load_procedure(const char *name, const char *text, size_t bytes,
                              const struct rh_load_roles *roles,
                              const struct rh_settings *settings, struct rh_procedure *out,
                              struct rh_load_report *report);

#endif
