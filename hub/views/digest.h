/* The state digest of one table: the sum modulo 2^256, big-endian, over all its entries of
 *
 *     SHA-256(table byte || key bytes u16 || key || value)
 *
 * A sum because it does not depend on order: a change takes the old entry off and adds the new
 * one, wherever in the table it stands. It is an honest machine's comparison, not a commitment:
 * what protects against forgery is the log, which covers the records that made the rows. */
#ifndef HUB_VIEWS_DIGEST_H
#define HUB_VIEWS_DIGEST_H

#include "views/views.h"

void hub_digest_entry(unsigned table, struct rh_bytes key, struct rh_bytes value,
                      struct rh_hash *out);
void hub_digest_add(struct rh_hash *sum, const struct rh_hash *entry);
void hub_digest_subtract(struct rh_hash *sum, const struct rh_hash *entry);

#endif
