/* Subscriptions: an agency that is no party hears of matters of a topic, with each field as far
 * as it was granted and no further.
 *
 * An operator gives the right; it names subscriber, topic (division and category), the events
 * that are told, how each field is masked, for how long and on what basis. A field nobody
 * named is absent. What a subscriber gets is masked before it is stored, is a notice of no
 * referral, and gives no right to ask for more: to the subscriber the matter does not exist.
 *
 * Deny rules come first: what accuses anybody and what is sealed matches no subscription, and
 * what waits in a queue when a matter is sealed is not delivered any more. Who is a party
 * hears of the matter itself and gets nothing here.
 *
 * Source: protocol/spec/lifecycle.md, "Subscriptions". */
#ifndef HUB_CORE_SHARE_H
#define HUB_CORE_SHARE_H

#include <rh/rules.h>

enum {
    HUB_SUBSCRIPTIONS_MAX = 256,       /* in force or to come, in one hub */
    HUB_SUBSCRIPTIONS_AGENCY_MAX = 16, /* of one agency */
    HUB_SHARES_OUT_MAX = 32,           /* agencies one event is shared with */
    HUB_BASIS_BYTES_MAX = 200,
    HUB_SUBSCRIPTION_BYTES_MAX = 512,
    HUB_REFERENCE_BYTES = 25,          /* a number, or a code of 16 digits; terminated */
    HUB_SHARE_WORD_BYTES = 40          /* of a list, terminated; longer ones are cut */
};

/* What a notice may carry. The date is always there, a month at the least. */
enum hub_share_field {
    HUB_SHARE_REFERENCE,
    HUB_SHARE_PROCEDURE,
    HUB_SHARE_CATEGORY,
    HUB_SHARE_AREA,
    HUB_SHARE_SOURCE,
    HUB_SHARE_DATE,
    HUB_SHARE_STATE,
    HUB_SHARE_HOLDER,
    HUB_SHARE_DUE,
    HUB_SHARE_OUTCOME,
    HUB_SHARE_FIELDS
};

/* How much of it. */
enum hub_mask {
    HUB_MASK_ABSENT = 0,
    HUB_MASK_FULL = 1,
    HUB_MASK_DAY = 2,      /* date, due */
    HUB_MASK_MONTH = 3,    /* date, due */
    HUB_MASK_PROVINCE = 4, /* area: two digits */
    HUB_MASK_CITY = 5,     /* area: four digits */
    HUB_MASK_COUNTY = 6,   /* area: six digits */
    HUB_MASK_TOP = 7,      /* category: what stands before the first dot */
    HUB_MASK_ROLE = 8,     /* holder: what kind of agency */
    HUB_MASK_CODE = 9,     /* reference: the same code for one matter and one subscription */
    HUB_MASK_END = 10
};

/* Names as in commands and JSON; static. NULL past the last. */
const char *hub_share_field_name(unsigned field);
const char *hub_mask_name(unsigned mask);
/* Whether a field can be masked so. */
bool hub_mask_fits(enum hub_share_field field, enum hub_mask mask);

/* Whether an event of the life cycle can be subscribed to: steps, dispatches, attention, clocks
 * that near their end or miss it; neither transport, information nor sealing. */
bool hub_share_is_event(enum rh_kind kind);

/* "register,dispatch,overdue" into events, where dispatch is every kind that sends a matter
 * somewhere; has_dispatch tells whether all these are in it. And "area=county,state" into
 * masks, where a field alone is given in full and the date, if it is not named, as its month.
 * False: a word is none, and stands in `bad`. */
bool hub_share_read_events(const char *list, struct rh_kind_set *events,
                           char bad[HUB_SHARE_WORD_BYTES]);
bool hub_share_has_dispatch(const struct rh_kind_set *events);
bool hub_share_read_masks(const char *list, uint8_t masks[HUB_SHARE_FIELDS],
                          char bad[HUB_SHARE_WORD_BYTES]);

/* Whether `area` is a topic's: "", or a division code of 2, 4, 6, 9 or 12 digits. */
bool hub_share_is_area(const char *area);

/* A standing right. One of an agency for one topic; a new one takes the place of one that has
 * ended or run out. */
struct hub_subscription {
    uint32_t number;                        /* from 1, never given twice */
    uint32_t agency;                        /* subscriber; once it is succeeded, who has it all */
    char area[RH_CODE_BYTES_MAX + 1];       /* hub_share_is_area; "" any */
    char category[RH_CODE_BYTES_MAX + 1];   /* this one and those below it, "labour"; "" any */
    struct rh_kind_set events;              /* hub_share_is_event each; at least one */
    uint8_t masks[HUB_SHARE_FIELDS];        /* enum hub_mask, as hub_mask_fits */
    uint64_t given_ms;                      /* by the operator */
    uint64_t from_ms, until_ms;             /* events from, and before */
    uint64_t ended_ms;                      /* by an operator, 0 not */
    char basis[HUB_BASIS_BYTES_MAX + 1];    /* law, policy or agreement it rests on */
};

bool hub_subscription_runs(const struct hub_subscription *row, uint64_t now_ms);

/* What one notice says: masked already. Empty and zero is what the subscriber is not told. */
struct hub_share_out {
    uint32_t place;                         /* the delivery of its outcome that carries it */
    uint32_t subscription;                  /* by which right */
    enum rh_kind event;
    uint64_t date_ms;                       /* the event's instant, or the first of its day or
                                               month, as date_mask says */
    uint32_t date_mask;                     /* FULL, DAY or MONTH */
    char reference[HUB_REFERENCE_BYTES];
    char procedure[RH_CODE_BYTES_MAX + 1];
    char category[RH_CODE_BYTES_MAX + 1];
    char area[RH_CODE_BYTES_MAX + 1];
    char source[RH_CODE_BYTES_MAX + 1];
    enum rh_state state;
    char holder[RH_CODE_BYTES_MAX + 1];     /* agency id, or its role */
    uint64_t due_ms;                        /* exclusive end as in the row; of DAY and MONTH the
                                               first instant of its last day or month */
    uint32_t due_mask;
    char outcome[RH_CODE_BYTES_MAX + 1];
};

#endif
