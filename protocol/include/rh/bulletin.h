/* The figures of the bulletin 通报: the columns of the ledger of a month, and what is made of
 * them. Hub, auditor and agency share this list, so that a figure is the same sum wherever it
 * is shown.
 *
 * A column counts acts or clocks of one month. A figure is the sum of some columns, or, a rate,
 * that sum over another; a rate is never shown without both. */
#ifndef RH_BULLETIN_H
#define RH_BULLETIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rh_column {
    RH_COLUMN_REGISTERED,   /* by who registered it */
    RH_COLUMN_REPEATED,     /* of these: repeats or relapses of an earlier one */
    RH_COLUMN_DISPATCHED,   /* sent to somebody; by the sender */
    RH_COLUMN_RECEIVED,     /* the same by the addressee */
    RH_COLUMN_SIGNED,       /* from here on by the addressee */
    RH_COLUMN_ACCEPTED,
    RH_COLUMN_NOT_ACCEPTED, /* refused with reasons */
    RH_COLUMN_OBJECTED,
    RH_COLUMN_RETURNED,
    RH_COLUMN_CONCLUDED,
    RH_COLUMN_REPLIED,
    RH_COLUMN_CLOSED,
    RH_COLUMN_REOPENED,
    RH_COLUMN_REVISIT_REOPENED, /* of these: from a return visit */
    RH_COLUMN_REJECTED,     /* report sent back by the assigner */
    RH_COLUMN_VISITED,
    RH_COLUMN_SATISFIED,
    RH_COLUMN_DISSATISFIED, /* evaluated with any other code */
    RH_COLUMN_MET,          /* clocks, by who owes them: met in time */
    RH_COLUMN_MISSED,       /* their end passed first; rights left out */
    RH_COLUMN_MET_LATE,     /* of those missed in any month: done late in this one */
    RH_COLUMNS_TOLD,        /* the columns from here on are not sent to anybody */
    RH_COLUMN_SEALED = RH_COLUMNS_TOLD, /* matters registered or put under seal */
    RH_COLUMN_RECORDS,      /* records of the log; under nobody */
    RH_COLUMN_COUNT
};

/* A rate of fewer is a coincidence: its parts are shown, the rate is not. */
enum { RH_RATE_OF_MIN = 5 };

/* "registered": key of the fact in the hub's bulletin, word of the glossary's group
 * `columns`. */
const char *rh_column_name(enum rh_column column);

struct rh_figure {
    const char *name;       /* word of the glossary's group `bulletin` */
    const char *definition; /* English; rh_text has the Chinese */
    uint32_t numerator, denominator; /* bits of rh_column; denominator 0: a count */
    bool revisits;          /* one of those about return visits 回访 */
};

/* In the order of display; NULL behind the last. */
const struct rh_figure *rh_figure_at(size_t index);
/* The sum of the columns that `bits` names. */
uint64_t rh_figure_sum(const uint64_t columns[RH_COLUMN_COUNT], uint32_t bits);
/* Whether all columns of a figure are told by the hub's own bulletin. */
bool rh_figure_is_told(const struct rh_figure *figure);

#endif
