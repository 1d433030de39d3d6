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

#include <rh/bulletin.h>

#include "views/record.h"
#include "views/views.h"

struct hub_month {
    uint32_t month;                         /* 202610 */
    uint32_t agency;                        /* 0 nobody */
    char procedure[RH_CODE_BYTES_MAX + 1];  /* "" with nobody */
    uint64_t figures[RH_COLUMN_COUNT];
};

/* The columns of a month: of the whole hub, or of the agencies of an area (a division code and
 * all below it). With what is not saved yet. */
enum rh_err hub_month_sum(struct hub_views *views, uint32_t month, const char *area,
                          uint64_t columns[RH_COLUMN_COUNT]);
/* Whether an agency is one of an area; "" takes in everybody, also nobody. */
enum rh_err hub_month_is_of(struct hub_map *map, uint32_t agency, const char *area, bool *is);

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
