/* What happened in each month, by agency and procedure: the ledger behind the bulletin 通报.
 *
 * Counted as records are applied, each act in the month (of China) in which the hub stored it,
 * each clock in the month of its last day. So a month's figures stand still once its last
 * timers have fired, and a replay of the records gives the same ones. Acts are told from the
 * row before and after, so that what a split, a transfer or a timer does counts like a message.
 *
 * Matters under seal count once, as SEALED, under nobody and no procedure. */
#ifndef HUB_VIEWS_MONTH_H
#define HUB_VIEWS_MONTH_H

#include "views/record.h"
#include "views/views.h"

enum hub_month_figure {
    HUB_MONTH_REGISTERED,   /* by who registered it */
    HUB_MONTH_REPEATED,     /* of these: repeats or relapses of an earlier one */
    HUB_MONTH_DISPATCHED,   /* sent to somebody; by the sender */
    HUB_MONTH_RECEIVED,     /* the same by the addressee */
    HUB_MONTH_SIGNED,       /* from here on by the addressee */
    HUB_MONTH_ACCEPTED,
    HUB_MONTH_NOT_ACCEPTED, /* refused with reasons */
    HUB_MONTH_OBJECTED,
    HUB_MONTH_RETURNED,
    HUB_MONTH_CONCLUDED,
    HUB_MONTH_REPLIED,
    HUB_MONTH_CLOSED,
    HUB_MONTH_REOPENED,
    HUB_MONTH_REJECTED,     /* report sent back by the assigner */
    HUB_MONTH_VISITED,
    HUB_MONTH_SATISFIED,
    HUB_MONTH_DISSATISFIED, /* evaluated with any other code */
    HUB_MONTH_MET,          /* clocks, by who owes them: met in time */
    HUB_MONTH_MISSED,       /* their end passed first; rights left out */
    HUB_MONTH_MET_LATE,     /* of those missed in any month: done late in this one */
    HUB_MONTH_SEALED,       /* matters registered or put under seal */
    HUB_MONTH_RECORDS,      /* records of the log; under nobody */
    HUB_MONTH_FIGURES
};

struct hub_month {
    uint32_t month;                         /* 202610 */
    uint32_t agency;                        /* 0 nobody */
    char procedure[RH_CODE_BYTES_MAX + 1];  /* "" with nobody */
    uint64_t figures[HUB_MONTH_FIGURES];
};

/* 202610 of an instant, in China. */
uint32_t hub_month_of(uint64_t instant_ms);

struct hub_months;
/* RH_ERR_NOMEM. */
enum rh_err hub_months_new(struct hub_months **out);
void hub_months_destroy(struct hub_months **months);

/* Count a record; what it does to one row (before NULL: new); an evaluation of a row. */
enum rh_err hub_month_record(struct hub_views *views, const struct hub_record *record);
enum rh_err hub_month_row(struct hub_views *views, const struct hub_record *record,
                          const struct hub_referral *before, const struct hub_referral *row);
/* Write what has changed, as hub_counts_save. */
enum rh_err hub_months_save(struct hub_views *views);

/* The first entry behind the cursor, by month, agency and procedure. */
enum rh_err hub_views_month_next(struct hub_map *map, struct hub_cursor *cursor,
                                 struct hub_month *out);
/* A cursor in front of a month. */
void hub_views_month_seek(struct hub_cursor *cursor, uint32_t month);

#endif
