/* Civil days and instants, by arithmetic alone.
 *
 * An instant is a uint64 of milliseconds since 1970-01-01T00:00:00Z. A civil date is the day
 * on a wall in China: UTC+8, all year, everywhere. Nothing here asks the C library for a time
 * zone, so the TZ of a process never changes a date.
 *
 * Dates run from 1970-01-01 to 2199-12-31. The first day is eight hours short: an instant
 * cannot be negative, so 1970-01-01 begins at instant 0. */
#ifndef RH_DATE_H
#define RH_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>

enum {
    RH_DATE_YEAR_MIN = 1970,
    RH_DATE_YEAR_MAX = 2199,
    RH_DATE_DAYS_MAX = 84005, /* 2199-12-31 */
    RH_DATE_TEXT_BYTES = 11,  /* "2026-02-24", terminated */
    RH_INSTANT_TEXT_BYTES = 26 /* "2026-02-24T23:59:59+08:00", terminated */
};

#define RH_DAY_MS UINT64_C(86400000)
#define RH_HOUR_MS UINT64_C(3600000)
/* The first instant that is no longer a valid one: 2200-01-01T00:00:00+08:00. */
#define RH_INSTANT_MS_END ((UINT64_C(84006) * 24 - 8) * 3600000)

/* A civil day, counted from 1970-01-01, which is 0. Valid from 0 to RH_DATE_DAYS_MAX. */
struct rh_date {
    int32_t days;
};

struct rh_civil {
    int32_t year;  /* RH_DATE_YEAR_MIN to RH_DATE_YEAR_MAX */
    int32_t month; /* 1 to 12 */
    int32_t day;   /* 1 to 31 */
};

bool rh_date_is_valid(struct rh_date date);

/* RH_ERR_INVALID when there is no such day in the valid years. */
enum rh_err rh_date_from_civil(int32_t year, int32_t month, int32_t day, struct rh_date *out);

/* `date` must be valid. */
struct rh_civil rh_date_to_civil(struct rh_date date);

/* 28 to 31; month is 1 to 12. */
int32_t rh_date_days_in_month(int32_t year, int32_t month);

/* 1 is Monday, 7 is Sunday. `date` must be valid. */
uint32_t rh_date_weekday(struct rh_date date);

/* Exactly "YYYY-MM-DD" of an existing day; RH_ERR_INVALID otherwise. */
enum rh_err rh_date_parse(const char *text, size_t bytes, struct rh_date *out);

/* `date` must be valid. */
void rh_date_format(struct rh_date date, char out[RH_DATE_TEXT_BYTES]);

/* The day on which an instant falls; beyond RH_INSTANT_MS_END the last valid day. */
struct rh_date rh_date_of_instant(uint64_t instant_ms);

/* 00:00 +08:00 of a valid day, and the next 00:00 +08:00, which is where the day ends: an end
 * is an exclusive instant, printed one second earlier as 23:59:59 (rh_instant_format_end). */
uint64_t rh_date_start_ms(struct rh_date date);
uint64_t rh_date_end_ms(struct rh_date date);

/* Strict RFC 3339: "2026-02-24T23:59:59+08:00", 'Z' or an offset up to 23:59, an optional
 * fraction of 1 to 9 digits (what is finer than a millisecond is cut off), years as above.
 * Refused: a missing offset, a blank instead of 'T', second 60, hour 24, an instant before
 * 1970 or from RH_INSTANT_MS_END on. RH_ERR_INVALID. */
enum rh_err rh_instant_parse(const char *text, size_t bytes, uint64_t *out_ms);

/* In +08:00, to the second (cut off). Beyond RH_INSTANT_MS_END the last valid second. */
void rh_instant_format(uint64_t instant_ms, char out[RH_INSTANT_TEXT_BYTES]);

/* The same in UTC with milliseconds: "2026-02-24T15:59:59.000Z". */
void rh_instant_format_utc(uint64_t instant_ms, char out[RH_INSTANT_TEXT_BYTES]);

/* An exclusive end, as people write it: the second before it. */
void rh_instant_format_end(uint64_t end_ms, char out[RH_INSTANT_TEXT_BYTES]);

#endif
