/* Calendar files: YAML -> checked snapshot. The format is described, with its yearly update,
 * in protocol/rules/calendars/README.md. */
#ifndef RH_LOAD_CALENDAR_H
#define RH_LOAD_CALENDAR_H

#include <rh/calendar.h>

#include "load/report.h"

/* Read one calendar file.
 *
 * path    shown in complaints as given.
 * out     caller's (large: static or heap); usable only after RH_OK.
 * report  caller's, initialised; every problem is added as file:line:column: what is wrong;
 *         what was meant. Nothing is printed.
 *
 * RH_ERR_CONFIG when anything is wrong in the file; RH_ERR_NOTFOUND, RH_ERR_IO, RH_ERR_NOMEM. */
enum rh_err rh_load_calendar(const char *path, struct rh_calendar *out,
                             struct rh_load_report *report);

/* The same from memory; `name` stands for the path. */
enum rh_err rh_load_calendar_text(const char *name, const char *text, size_t bytes,
                                  struct rh_calendar *out, struct rh_load_report *report);

#endif
