/* A working-day calendar: a checked snapshot of data that is decreed once a year.
 *
 * Saturdays and Sundays are days off. A yearly notice adds days off (holidays) and turns some
 * weekend days into working days (make-up days, 调休). So the calendar is data with a version,
 * a scope and a last day. Beyond its days the calendar knows nothing: Monday to Friday is
 * assumed and every answer says so (`beyond`), because a later notice may change it.
 *
 * The snapshot also holds what makes counting fast: one bit per day and the number of working
 * days before each word of bits. "How many working days up to d" is then one look-up and "the
 * k-th working day" a binary search, however far apart the days are. Outside the snapshot the
 * Monday-to-Friday rule has a formula, so both questions are answered for every valid date.
 *
 * Immutable once finished: threads may share it. About 90 KB: keep it static or on the heap.
 *
 * Sources: 全国年节及纪念日放假办法 (2024), the yearly notices of the State Council's General
 * Office; art. 4 there is why a calendar has an area. */
#ifndef RH_CALENDAR_H
#define RH_CALENDAR_H

#include <rh/codec.h>
#include <rh/date.h>
#include <rh/limits.h>

enum {
    RH_CALENDAR_AREA_BYTES_MAX = 12,     /* GB/T 2260 division with lower levels */
    RH_CALENDAR_FILE_VERSION_BYTES_MAX = 32, /* as a file names it; laid over one another, */
    RH_CALENDAR_VERSION_BYTES_MAX = 100,     /* calendars are called BASE+LOCAL */
    RH_CALENDAR_YEARS_MAX = 64,
    RH_CALENDAR_DAYS_MAX = 64 * 366,
    RH_CALENDAR_WORDS_MAX = 366,         /* words of 64 days */
    RH_CALENDAR_NOTICES_MAX = 4,         /* of one year: the first, and later changes */
    RH_CALENDAR_NOTICE_BYTES_MAX = 160,
    RH_CALENDAR_NAMES_MAX = 128,         /* distinct holiday names */
    RH_CALENDAR_NAME_BYTES_MAX = 96,
    RH_CALENDAR_EXCEPTIONS_MAX = 4096,
    RH_CALENDAR_ENCODED_BYTES_MAX = 128 * 1024
};

static_assert(RH_CALENDAR_DAYS_MAX <= RH_CALENDAR_WORDS_MAX * 64, "one bit for each day");
static_assert(RH_CALENDAR_YEARS_MAX * RH_CALENDAR_NOTICES_MAX *
                          (RH_CALENDAR_NOTICE_BYTES_MAX + 3) +
                      RH_CALENDAR_NAMES_MAX * (RH_CALENDAR_NAME_BYTES_MAX + 3) +
                      RH_CALENDAR_EXCEPTIONS_MAX * 9 + 1024 <=
                  RH_CALENDAR_ENCODED_BYTES_MAX,
              "the largest calendar can be encoded");

/* What a day is. The values are stored in journals: never renumber. */
enum rh_day_kind {
    RH_DAY_WORKDAY = 1, /* Monday to Friday, nothing decreed */
    RH_DAY_WEEKEND = 2, /* Saturday or Sunday, nothing decreed */
    RH_DAY_HOLIDAY = 3, /* off by notice, also when it falls on a weekend */
    RH_DAY_MAKEUP = 4   /* a Saturday or Sunday that is worked */
};

/* Beside the kind of an exception: it comes from a local calendar, not from the notice of the
 * year. Stored in journals. */
enum { RH_DAY_LOCAL = 16 };

/* A year whose notice is in the calendar. A notice may name days of the neighbouring year. */
struct rh_calendar_year {
    int32_t year;
    uint32_t notice_count; /* 0 when the sources are not known */
    char notices[RH_CALENDAR_NOTICES_MAX][RH_CALENDAR_NOTICE_BYTES_MAX + 1];
};

struct rh_calendar_exception {
    struct rh_date date;
    uint16_t year_index;   /* in years[]: whose notice says so */
    uint8_t kind;          /* RH_DAY_HOLIDAY or RH_DAY_MAKEUP, RH_DAY_LOCAL with either */
    uint8_t name_index;    /* in names[] */
};

struct rh_calendar {
    char id[RH_CODE_BYTES_MAX + 1];                     /* "cn" */
    char area[RH_CALENDAR_AREA_BYTES_MAX + 1];          /* empty: nationwide */
    char version[RH_CALENDAR_VERSION_BYTES_MAX + 1];    /* "2026.1" */
    struct rh_date first_day;                           /* first and last day that are known; */
    struct rh_date last_day;                            /* last_day is valid_through */
    struct rh_date firm_day; /* last day that nobody may still change: last_day, or earlier where
                                a local calendar laid over it ends before */
    uint32_t year_count;
    struct rh_calendar_year years[RH_CALENDAR_YEARS_MAX]; /* ascending */
    uint32_t name_count;
    char names[RH_CALENDAR_NAMES_MAX][RH_CALENDAR_NAME_BYTES_MAX + 1];
    uint32_t exception_count;
    struct rh_calendar_exception exceptions[RH_CALENDAR_EXCEPTIONS_MAX]; /* ascending */

    /* Derived by rh_calendar_finish; read only through the functions below. */
    uint64_t works[RH_CALENDAR_WORDS_MAX];       /* bit i of word w: day first_day + 64w + i */
    uint32_t works_before[RH_CALENDAR_WORDS_MAX]; /* working days in the words before w */
    uint32_t word_count;
    uint32_t works_total;
};

/* Build: start, add in any order, finish. Every text is copied.
 * RH_ERR_INVALID for a value out of its form, RH_ERR_FULL for a bound, RH_ERR_EXISTS for a
 * year or day that is there already.
 *
 * id       [a-z][a-z0-9_-]*, at most RH_CODE_BYTES_MAX.
 * area     empty, or 2 to 12 digits.
 * version  1 to 32 bytes without blanks or controls. */
enum rh_err rh_calendar_start(struct rh_calendar *calendar, const char *id, const char *area,
                              const char *version, struct rh_date first_day,
                              struct rh_date last_day);
enum rh_err rh_calendar_add_year(struct rh_calendar *calendar, int32_t year);
enum rh_err rh_calendar_add_notice(struct rh_calendar *calendar, int32_t year,
                                   const char *notice);
enum rh_err rh_calendar_add_day(struct rh_calendar *calendar, int32_t year,
                                struct rh_date date, enum rh_day_kind kind,
                                const char *name);

/* Sort, check the whole and derive the counts; the calendar is usable only after RH_OK.
 * RH_ERR_INVALID when a day lies outside first_day to last_day, a day is named twice, a
 * make-up day is no Saturday or Sunday, or a year is missing. */
enum rh_err rh_calendar_finish(struct rh_calendar *calendar);

/* Lay a local calendar over that of the wider area: id and area of the local one, version
 * BASE+LOCAL, the days of the base, and in their place or beside them the local ones. Local
 * days outside the base's range are left out; what lies beyond the local calendar's last day is
 * known by the base and yet provisional.
 *
 * base, local  finished, borrowed. out  caller's, finished; neither of the two.
 * RH_ERR_FULL  a bound is reached. */
enum rh_err rh_calendar_overlay(const struct rh_calendar *base, const struct rh_calendar *local,
                                struct rh_calendar *out);
/* The last day whose kind is final. */
struct rh_date rh_calendar_firm_day(const struct rh_calendar *calendar);

/* What one day is. */
struct rh_calendar_day {
    enum rh_day_kind kind;
    bool works;
    bool beyond;        /* outside the data, where Monday to Friday is assumed, or behind the
                           last firm day */
    const char *name;   /* holiday's name, "" where there is none; borrowed from calendar */
    const char *notice; /* newest notice of the year that decreed it, or ""; borrowed */
};

/* `date` must be valid; the same holds for every function below. */
void rh_calendar_day(const struct rh_calendar *calendar, struct rh_date date,
                     struct rh_calendar_day *out);
bool rh_calendar_works(const struct rh_calendar *calendar, struct rh_date date);
/* Whether what is known of the day is final: within the data, up to the last firm day. */
bool rh_calendar_covers(const struct rh_calendar *calendar, struct rh_date date);
const char *rh_day_kind_name(enum rh_day_kind kind); /* "workday" ... */

/* Working days from 1970-01-01 to `date`, both included. */
uint32_t rh_calendar_count(const struct rh_calendar *calendar, struct rh_date date);

/* The day that is the k-th working day from 1970-01-01, k from 1: the reverse of the count.
 * RH_ERR_FULL when it lies beyond the last valid date. */
enum rh_err rh_calendar_select(const struct rh_calendar *calendar, uint64_t k,
                               struct rh_date *out);

/* Canonical MessagePack of the whole snapshot, for the journal: equal calendars give equal
 * bytes. RH_ERR_FULL when it does not fit; RH_CALENDAR_ENCODED_BYTES_MAX always does. */
enum rh_err rh_calendar_encode(const struct rh_calendar *calendar, struct rh_writer *writer);

/* Reverse; overwrites *out and finishes it. RH_ERR_INVALID when the bytes are not exactly
 * one calendar that passes every check of rh_calendar_finish. */
enum rh_err rh_calendar_decode(const uint8_t *data, size_t bytes, struct rh_calendar *out);

#endif
