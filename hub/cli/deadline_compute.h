/* `rhub deadline compute FILE.csv`: ends for a table of periods, without a hub.
 *
 * Columns case,start,unit,n,roll, found by the names in the first row; others are ignored.
 *   start  an instant in RFC 3339 with offset
 *   unit   hours | calendar_days | working_days | months (民法典 art. 202)
 *   n      1 to 100000
 *   roll   next_working_day | none
 * Prints case,due_date,due_at,provisional in the order of the rows, RFC 4180 with CRLF, dates
 * and instants in +08:00. No time zone of the process plays a part.
 *
 * The command line does not look into the hub: whoever assembles the program hands in the
 * calculus, which is hub_deadline_plain of hub/core with the rules told there. */
#ifndef HUB_CLI_DEADLINE_COMPUTE_H
#define HUB_CLI_DEADLINE_COMPUTE_H

#include <stdio.h>

#include <rh/calendar.h>
#include <rh/exit.h>
#include <rh/rules.h>

/* Computes one end: the last day, the exclusive end (for hours the instant itself), whether it
 * rests on days the calendar does not know. RH_OK, or why there is none. */
typedef enum rh_err hub_cli_deadline_fn(const struct rh_calendar *calendar, uint64_t start_ms,
                                        const struct rh_span *span, enum rh_roll roll,
                                        struct rh_date *last, uint64_t *end_ms,
                                        bool *provisional);

/* Read the table from `in` until its end.
 *
 * name   how complaints call the input.
 * out    the result; a row that cannot be computed is left out.
 * err    complaints as name:line:column, twenty at most and then their number.
 *
 * RH_EXIT_OK; RH_EXIT_DATA when any row or the header is wrong; RH_EXIT_IO when reading or
 * writing failed; RH_EXIT_INTERNAL without memory. */
enum rh_exit hub_cli_deadline_compute(const struct rh_calendar *calendar,
                                      hub_cli_deadline_fn *compute, const char *name, FILE *in,
                                      FILE *out, FILE *err);

#endif
