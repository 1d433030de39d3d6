/* By when: the deadline calculus.
 *
 * Pure arithmetic on instants (UTC ms) and civil days (UTC+8), over one calendar snapshot.
 * Nothing here walks over days, so a computation costs the same for 3 days and for 30 years;
 * only hub_deadline_explain walks, because it lists what it sees.
 *
 * How a period runs
 *
 *   hours         Exactly n hours after the start, through nights and holidays, never moved.
 *                 (民法典 art. 201(2); the roll rule of art. 203 names days, not hours.)
 *   first day     The day on which the period starts is not counted: 民法典 art. 201,
 *                 民诉法 art. 85, 刑诉法 art. 105. The same for every unit below.
 *   calendar day  The n-th day after the start day.
 *   working day   The n-th working day after the start day; make-up days count.
 *   month, civil  The day with the same number n months later, or the last day of that month
 *                 where it has no such day (民法典 art. 202).
 *   month, crim.  As above, but from the last day of a month to the last day of the month n
 *                 months later; half a month is always 15 days (刑诉解释 (2021) art. 202).
 *   roll          NEXT_WORKING_DAY: a last day that is not a working day moves to the first
 *                 working day after it (民法典 art. 203). NONE: it stays, as for a person in
 *                 custody (刑诉法 art. 105). Without effect on hours.
 *   end           24:00 of the last day (民法典 art. 203(2)): as an exclusive instant the
 *                 next 00:00 +08:00. A step is in time when its instant is below end_ms.
 *
 * Pauses
 *
 *   A pause is [from, to). An hour period simply stands still in it. For days: a day is used
 *   up at its 24:00, so a day does not count when the clock stands at that moment. In civil
 *   days a pause therefore takes out [day of from, day of to):
 *
 *       paused Tue 10:00, resumed Thu 15:00      Tue and Wed do not count, Thu does
 *       paused and resumed on one day            nothing changes
 *
 *   Pauses that touch or overlap act as one, the order does not matter, and however often a
 *   clock is stopped what remains of its budget is exactly n less the days used up. Nor can an
 *   end fall into a pause: the last day is always one on which the clock ran at 24:00. The
 *   roll obeys this too.
 *   Months become a budget of days first: from the start day to the day that the months give
 *   without pauses; each paused day on the way then puts the end off by a day.
 *
 * Extensions
 *
 *   Added one after the other to the nominal end, that is to the end after pauses and before
 *   any roll; only the final day is rolled. When an extension was granted plays no part: one
 *   granted after the end has passed counts from the same nominal end. Months are added to the
 *   nominal day, not to the start day. Hours are extended by hours only, days and months by
 *   days and months.
 *
 * Beyond the calendar Monday to Friday is assumed, and a result for which such a day was looked
 * at is `provisional`: it may move when the next notice is imported. */
#ifndef HUB_CORE_DEADLINE_H
#define HUB_CORE_DEADLINE_H

#include "core/row.h"

/* Largest n of a span, extensions and repetitions included: 100,000 hours are 11 years. */
enum { HUB_DEADLINE_N_MAX = 100000 };

/* What a rule says. */
struct hub_deadline_terms {
    struct rh_span span; /* n at least 1, or 0 with half_month */
    bool half_month;     /* and 15 days more; MONTH_CRIMINAL only */
    enum rh_roll roll;
};

/* What happened to one clock. Pauses and extensions are borrowed. */
struct hub_deadline_input {
    uint64_t start_ms; /* instant of the starting event, below RH_INSTANT_MS_END */
    struct hub_deadline_terms terms;
    const struct hub_pause *pauses; /* any order; to_ms 0 is still paused */
    uint32_t pause_count;           /* at most HUB_PAUSES_MAX */
    const struct rh_span *extensions;
    uint32_t extension_count; /* at most HUB_EXTENSIONS_MAX */
};

/* For an hour period the three dates are those on which its ends fall, and the day counts
 * are 0. For the others:
 *
 *     last - start = counted + skipped + paused + rolled                           (days) */
struct hub_deadline_result {
    bool stopped;     /* an open pause holds: there is no end; the dates are those of the last
                         day used up, end_ms is 0 and `remaining` tells what is left */
    bool provisional; /* beyond the calendar, see above */
    struct rh_date start;    /* day of the start, not counted */
    struct rh_date nominal;  /* last day by the terms, pauses included */
    struct rh_date extended; /* after the extensions */
    struct rh_date last;     /* after the roll: the last day */
    uint64_t end_ms;         /* exclusive; for hours the instant itself */
    uint32_t counted;        /* days counted */
    uint32_t skipped;        /* days off passed over by a working-day period */
    uint32_t paused;         /* days that did not count because of a pause */
    uint32_t rolled;         /* days by which the end was moved */
    uint64_t paused_ms;      /* hour periods: how long it stood still before its end */
    uint64_t remaining;      /* stopped: working or calendar days, or ms of an hour period,
                                that the part in which it stands still has */
    uint32_t part;           /* stopped: 0 the term itself, k the k-th extension */
};

/* Compute one end.
 *
 * RH_ERR_INVALID  a start beyond the valid years, n out of range, half_month without
 *                 MONTH_CRIMINAL, a pause that ends before it begins, hours mixed with days.
 * RH_ERR_FULL     too many pauses or extensions, or the end lies beyond the valid years. */
enum rh_err hub_deadline_compute(const struct rh_calendar *calendar,
                                 const struct hub_deadline_input *input,
                                 struct hub_deadline_result *out);

/* A period without pauses and extensions, told in types of the protocol only: what a program
 * that must not know the core is handed to compute with. Errors as above. */
enum rh_err hub_deadline_plain(const struct rh_calendar *calendar, uint64_t start_ms,
                               const struct rh_span *span, enum rh_roll roll,
                               struct rh_date *last, uint64_t *end_ms, bool *provisional);

/* What a row says of its clock; for one whose end no sender set. Borrows pauses and extensions
 * from the row. */
struct hub_deadline_input hub_deadline_input_of(const struct hub_deadline *deadline);

/* The k-th end, k from 1, of a clock that recurs: k times the span from the same anchor, so
 * monthly from 31 January gives 28 February, 31 March, 30 April. Where a clock starts when
 * another ends, its anchor is that one's nominal day: start_ms = rh_date_start_ms(nominal). */
enum rh_err hub_deadline_recur(const struct rh_calendar *calendar,
                               const struct hub_deadline_input *input, uint32_t k,
                               struct hub_deadline_result *out);

/* The instant `span` before the end `end_ms`, for a warning: hours exactly; days and working
 * days at 00:00 of the n-th such day before the last day (n 0: of the last day itself).
 * Months: RH_ERR_INVALID. Never below 0. */
enum rh_err hub_deadline_before(const struct rh_calendar *calendar, uint64_t end_ms,
                                const struct rh_span *span, uint64_t *out_ms);

/* The same to the other side, for the rungs of a ladder: hours exactly; the end of the n-th
 * day or working day after the last day; months by their rule. n 0: end_ms itself. */
enum rh_err hub_deadline_after(const struct rh_calendar *calendar, uint64_t end_ms,
                               const struct rh_span *span, uint64_t *out_ms);

enum hub_day_role {
    HUB_DAY_START = 1,   /* day of the event: not counted */
    HUB_DAY_COUNTED = 2,
    HUB_DAY_SKIPPED = 3, /* a day off in a working-day period */
    HUB_DAY_PAUSED = 4,  /* the clock stood at 24:00 */
    HUB_DAY_MOVED = 5    /* behind the counted end: passed over, or arrived at, by the roll */
};

struct hub_deadline_day {
    struct rh_date date;
    enum hub_day_role role;
    uint32_t number;  /* COUNTED: its number in its part, from 1; else 0 */
    uint32_t part;    /* 0 the term itself, k the k-th extension */
    bool last;        /* the day at whose 24:00 the period ends */
    struct rh_calendar_day day; /* what the day is, and by which notice; borrowed texts */
};

/* List every day from the start to the last, in order, with its role and what it is.
 *
 * days   caller's; at most `capacity` entries are written.
 * count  the number of days there are, also when more than fit.
 *
 * RH_ERR_FULL when they do not fit (what fits is written). Otherwise as compute. An hour
 * period has no days: *count is 0. A stopped clock ends with the first day of the pause that
 * holds it; no day is marked last. */
enum rh_err hub_deadline_explain(const struct rh_calendar *calendar,
                                 const struct hub_deadline_input *input,
                                 struct hub_deadline_day *days, uint32_t capacity,
                                 uint32_t *count);

/* n months from a day, by either month rule. RH_ERR_FULL beyond the valid years. */
enum rh_err hub_deadline_add_months(struct rh_date from, uint32_t n, bool criminal,
                                    struct rh_date *out);

/* "start", "counted", "skipped", "paused" or "moved". */
const char *hub_day_role_name(enum hub_day_role role);

#endif
