/* routing/NAME.yaml: the map from a matter to whom it belongs (引导图).
 * Format: protocol/rules/README.md. */
#ifndef RH_LOAD_ROUTING_H
#define RH_LOAD_ROUTING_H

#include "load/words.h"

/* Read one file of the map and add its entries to `rules`, whose procedures are there already.
 *
 * every_procedure  false when procedures failed to load: then an unknown one is not reported.
 * RH_ERR_CONFIG when anything is wrong, with the report; RH_ERR_NOMEM. */
enum rh_err rh_load_routing(const char *name, const char *text, size_t bytes,
                            const struct rh_load_roles *roles, bool every_procedure,
                            struct rh_rules *rules, struct rh_load_report *report);

#endif
