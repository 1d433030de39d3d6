/* Time as other people's tables write it: with an offset, or on a wall somewhere.
 *
 * A zone is a list of the instants at which its offset changes. The C library knows the zones
 * of the world, but only through the TZ of the whole process; it is asked once, when a zone is
 * opened, and TZ is put back. After that everything here is arithmetic. */
#ifndef AGENT_IMPORT_ZONE_H
#define AGENT_IMPORT_ZONE_H

#include <rh/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agent_zone;

/* By name of the tz database ("Asia/Shanghai") or as a fixed offset ("+08:00"). Not while
 * another thread asks for local time. RH_ERR_NOTFOUND: this machine knows no such zone. */
enum rh_err agent_zone_open(const char *name, struct agent_zone **out);
void agent_zone_close(struct agent_zone **zone);

/* Read a cell: an instant with offset as agent_instant_parse takes it, or
 * "2020-01-07 21:31:53.000", with 'T' or a blank, '-' or '/', one or two digits, seconds and
 * clock optional. A day without a clock is its beginning, or its end where `end`.
 * RH_ERR_INVALID. */
enum rh_err agent_zone_parse(const struct agent_zone *zone, const char *text, bool end,
                             uint64_t *ms);

#endif
