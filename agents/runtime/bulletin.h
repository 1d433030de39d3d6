/* The hub's monthly bulletin 通报 in words: what its numbers mean, for who reads JSON or a
 * list.
 *
 * The notice carries the columns of the ledger as facts; figures and rates are made of them by
 * the list hub and auditor use (rh/bulletin.h), so each is theirs, with both its parts. */
#ifndef AGENT_BULLETIN_H
#define AGENT_BULLETIN_H

#include <jansson.h>

#include <rh/item.h>

/* Whether a notice of the hub is one: code `monthly`. */
bool agent_bulletin_is(const struct rh_public *item);
/* {"period", "area", "text", "text_zh", "figures": [...]}: figures in the order of the report,
 * each with its words in both languages, numerator, denominator and, of enough, the rate. The
 * caller's. */
json_t *agent_bulletin_write(const struct rh_public *item);
/* Into a row: `says` and `says_zh`, month and rates in one line. */
void agent_bulletin_say(json_t *row, const struct rh_public *item);

#endif
