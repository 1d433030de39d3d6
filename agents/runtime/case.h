/* What one stored message means for the case as this agency knows it. Only a picture: the hub
 * decides, and states it does not tell us about are not known here. Pure. */
#ifndef AGENT_CASE_H
#define AGENT_CASE_H

#include "runtime/spool.h"

/* Take a stored or delivered message into the case. `from` wrote it (the hub for notices). */
void agent_case_apply(struct agent_case *value, const struct rh_public *item,
                      const struct rh_agency_id *from, uint64_t stored_ms);

/* The message brought this case to `to` as a part of another one: it is new here. */
void agent_case_begin_part(struct agent_case *value, const struct rh_agency_id *from,
                           const struct rh_agency_id *to);

#endif
