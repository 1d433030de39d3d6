/* A rules directory: YAML -> one checked snapshot. Formats: protocol/rules/README.md.
 *
 *     settings.yaml    grace, roles, supervisors, watchdogs
 *     procedures/      one file per procedure
 *     calendars/       working days; one calendar for the whole country, others by area
 *     routing/         which matter belongs to whom; may be missing
 *     imported/        (from a journal only) calendars imported into the running hub: each
 *                      stands above the file in calendars/ for the same area, unless that one
 *                      is valid longer
 *
 * Files are read in the order of their names. All or nothing: whoever is handed a snapshot
 * may rely on it. */
#ifndef RH_LOAD_RULES_H
#define RH_LOAD_RULES_H

#include <rh/rules.h>

#include "load/report.h"
#include "load/sources.h"

/* Sources so named are no files of the directory: calendars that an operator imported into a
 * running hub. Only the hub's journal keeps them. */
#define RH_LOAD_IMPORTED "imported/"

/* The name of such a source: "imported/country.yaml", "imported/620423.yaml". */
void rh_load_imported_name(const struct rh_calendar *calendar,
                           char out[RH_LOAD_NAME_BYTES_MAX + 1]);

/* Read, judge and hand out.
 *
 * dir      shown in complaints as given.
 * out      caller's (2.6 MB: static or heap); usable only after RH_OK.
 * sources  caller's, or NULL; the exact bytes that were judged: a canonical array of [name,
 *          bytes], ascending by name ("procedures/xinfang.yaml"). The same files give the same
 *          bytes, whatever the directory is called.
 * report   caller's, initialised; every problem as file:line:column: what is wrong; what was
 *          meant. Empty after RH_OK.
 *
 * RH_ERR_CONFIG  the rules are wrong, or incomplete, or too large in compiled form.
 * RH_ERR_FULL    `sources` is too small; in the report as well.
 * RH_ERR_IO, RH_ERR_NOMEM. */
enum rh_err rh_load_rules(const char *dir, struct rh_rules *out, struct rh_writer *sources,
                          struct rh_load_report *report);

/* The same from files that were read already, or that come out of a journal
 * (rh_load_sources_decode). */
enum rh_err rh_load_rules_sources(const struct rh_load_sources *sources, struct rh_rules *out,
                                  struct rh_load_report *report);

/* Where a file that was handed in by itself belongs among `sources`, by what it says and not by
 * what it is called: the name of the file that describes the same procedure, or "settings.yaml"
 * for settings. NULL: it is neither, or describes a procedure that is new. Judges nothing. */
const char *rh_load_rules_place(const struct rh_load_sources *sources, const char *text,
                                size_t bytes);

#endif
