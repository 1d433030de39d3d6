/* Procedures as they were: a referral keeps the rules it was registered under, which stand in
 * an earlier record of rules. The few that are asked for are kept; the rest is read again.
 *
 * The answer stays good while HUB_PAST_MAX others are not asked for, which is longer than any
 * decision: it looks at HUB_ROWS_OUT_MAX rows at most. */
#ifndef HUB_VIEWS_PAST_H
#define HUB_VIEWS_PAST_H

#include "core/decide.h"

enum { HUB_PAST_MAX = HUB_ROWS_OUT_MAX + 32 };

struct hub_past_entry;

struct hub_past {
    /* Rules of a record into *out, which is large and the callee's to overwrite. */
    enum rh_err (*read)(void *context, uint64_t index, struct rh_rules *out);
    void *context;
    enum rh_err err;                /* the first answer of read that was not RH_OK; the caller
                                       looks after each decision and may not go on */
    uint64_t clock;
    struct hub_past_entry *entries; /* HUB_PAST_MAX, made at the first question; owned */
    struct rh_rules *rules;         /* of record rules_index; owned */
    uint64_t rules_index;
    bool rules_read;
};

void hub_past_init(struct hub_past *past,
                   enum rh_err (*read)(void *context, uint64_t index, struct rh_rules *out),
                   void *context);
void hub_past_fini(struct hub_past *past);

/* The procedure in the record of rules; NULL when it was not in it or cannot be read. */
const struct rh_procedure *hub_past_procedure(struct hub_past *past, uint64_t rules_index,
                                              const char *id);

#endif
