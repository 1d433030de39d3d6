/* Rows and records in words, for timeline, replay and diff: JSON members with the codes of the
 * wire. Names of agencies come from the roster, titles of clocks from the rules. */
#ifndef HUB_AUDIT_DESCRIBE_H
#define HUB_AUDIT_DESCRIBE_H

#include "audit/roster.h"
#include "audit/screen.h"

/* "item", "timer", ... */
const char *hub_describe_type(enum rh_record_type type);

/* What a record is about, for the timeline: the item's kind, the command's, or the first note
 * its outcome makes on the referral (arrived, overdue ...). RH_KIND_NONE for none. */
enum rh_kind hub_describe_kind(const struct hub_record *record,
                               const struct hub_outcome *outcome, uint64_t rno);

/* One clock; rules may be NULL. */
json_t *hub_describe_deadline(const struct hub_deadline *deadline,
                              const struct hub_referral *row, const struct hub_roster *roster,
                              const struct rh_rules *rules);
/* A referral with its clocks. */
json_t *hub_describe_referral(const struct hub_referral *row, const struct hub_roster *roster,
                              const struct rh_rules *rules);
/* The core of a record. */
json_t *hub_describe_core(const struct rh_receipt *core);

#endif
