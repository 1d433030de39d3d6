/* What senders signed, against what the hub recorded of it: hellos, bundles, items.
 *
 *     hello   signed by the agency's key as enrolled then          -> STREAM
 *     header  signed by the same key, root over all item digests   -> BUNDLE
 *     item    public part, commitment and sealed keys give exactly
 *             the digest at its position; n dense in the stream    -> ITEM ITEM ITEM
 *
 *     lost    what an earlier generation's receipts, kept beside the bundle, say of an item is
 *             signed by this hub, and is the instant its clocks were started from
 *
 * An item that was never sent, was changed, left out, doubled or moved breaks one of these,
 * whoever holds the hub's keys. */
#ifndef HUB_AUDIT_CLAIMS_H
#define HUB_AUDIT_CLAIMS_H

#include "audit/roster.h"

#include <rh/wire.h>

struct hub_claims {
    struct hub_roster *roster;     /* borrowed */
    struct hub_findings *findings; /* borrowed */
    uint64_t from, to;             /* signatures and digests are checked for records in
                                      [from, to]; order is checked for all */
    uint64_t signatures;           /* that verified */
    uint64_t bundles, items, streams;
    uint64_t lost;                 /* items whose instant comes from an earlier generation */
    struct rh_sign_public hub_key; /* for what earlier generations signed */
    bool hub_key_known;

    bool open;                     /* a bundle whose items are awaited */
    uint64_t bundle_index;
    uint64_t bundle_damage;        /* roster.damage when it was read */
    struct rh_bundle_header header;
    struct rh_hash digests[RH_BUNDLE_ITEMS_MAX];
    struct rh_first first[RH_BUNDLE_ITEMS_MAX]; /* what lost receipts say, by place */
    uint32_t position;             /* of the next item */
    bool begun;                    /* position is known: the first item was seen */
};

void hub_claims_init(struct hub_claims *claims, struct hub_roster *roster,
                     struct hub_findings *findings);

/* Any record, in order; those of other types only end a bundle. */
enum rh_err hub_claims_take(struct hub_claims *claims, const struct hub_record *record);
/* Records are missing before the next one. */
void hub_claims_miss(struct hub_claims *claims);
/* There are no more. */
void hub_claims_end(struct hub_claims *claims, uint64_t index);

#endif
