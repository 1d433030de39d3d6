/* When the hub owes the bulletin 通报 of a month. Source: protocol/rules/settings.yaml. */
#ifndef HUB_CORE_MONTHLY_H
#define HUB_CORE_MONTHLY_H

#include "core/decide.h"

enum { HUB_MONTHLY_LOOK_MAX = 1000 }; /* agencies one event looks at */

/* 202512 of 202601. */
uint32_t hub_monthly_before(uint32_t month);

/* state   how far the last one is; month 0: not known, none is owed.
 * out     caller's; where to go on, month 0 when none is owed.
 *
 * Returns `now_ms` when one is owed, else the instant of the next, UINT64_MAX when there will
 * be none. Of several missed months only the newest is owed: the older ones are in the ledger;
 * and what was begun of an older month is not finished once the next is owed. */
uint64_t hub_monthly_due(const struct rh_rules *rules, const struct hub_monthly *state,
                         uint64_t now_ms, struct hub_monthly *out);

#endif
