/* When the hub owes the bulletin 通报 of a month. Source: protocol/rules/settings.yaml. */
#ifndef HUB_CORE_MONTHLY_H
#define HUB_CORE_MONTHLY_H

#include "core/decide.h"

enum { HUB_MONTHLY_LOOK_MAX = 1000 }; /* agencies one event looks at */

/* 202512 of 202601. */
uint32_t hub_monthly_before(uint32_t month);

/* last        the newest month whose bulletin was begun, 202610; 0: not known, none is owed.
 * unfinished  the first agency not yet told of it, 0 all were.
 *
 * Returns `now_ms` when one is owed: *month is whose, *agency where to go on. Of several missed
 * months only the newest is owed: the older ones are in the ledger. Otherwise *month is 0 and
 * the instant of the next is returned, UINT64_MAX when there will be none. */
uint64_t hub_monthly_due(const struct rh_rules *rules, uint32_t last, uint32_t unfinished,
                         uint64_t now_ms, uint32_t *month, uint32_t *agency);

#endif
