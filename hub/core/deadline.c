/* Ends by counting, not by walking.
 *
 * A period of days is a budget that is spent between pauses. With the pauses as sorted ranges
 * of civil days that do not count, each stretch between two of them offers so many days:
 *
 *     start ---- stretch ----[ pause )---- stretch ----[ pause )---- stretch ...
 *
 * calendar days by subtraction, working days by the calendar's running count. The stretch in
 * which the budget runs out holds the end, and there the end is one addition or, for working
 * days, the calendar's select. The header says what the rules are and where they come from. */
#include "core/deadline.h"

enum { HALF_MONTH_DAYS = 15 };

/* A pause without an end, in both forms below. */
#define OPEN_MS UINT64_MAX
#define OPEN_DAY INT32_MAX

struct standstill {
    uint64_t from_ms, to_ms;    /* [from, to), to may be OPEN_MS */
    int32_t from_day, to_day;   /* days that do not count, [from, to), to may be OPEN_DAY */
};

/* One computation under way. */
struct run {
    const struct rh_calendar *calendar;
    struct standstill pauses[HUB_PAUSES_MAX]; /* ascending, apart from one another */
    uint32_t pause_count;
    int32_t day;        /* last day used up */
    bool stopped;       /* an open pause was met before the budget was spent */
    bool provisional;
    uint64_t remaining; /* of the budget, when stopped */
    uint64_t counted;
};

/* ---- checks ----------------------------------------------------------------------------- */

static bool span_is_valid(const struct rh_span *span, bool half_month)
{
    if (half_month && span->unit != RH_UNIT_MONTH_CRIMINAL)
        return false;
    if (span->n > HUB_DEADLINE_N_MAX || (span->n == 0 && !half_month))
        return false;
    switch (span->unit) {
    case RH_UNIT_HOUR:
    case RH_UNIT_CALENDAR_DAY:
    case RH_UNIT_WORKING_DAY:
    case RH_UNIT_MONTH_CIVIL:
    case RH_UNIT_MONTH_CRIMINAL:
        return true;
    }
    return false;
}

static enum rh_err check_input(const struct hub_deadline_input *input)
{
    const bool hours = input->terms.span.unit == RH_UNIT_HOUR;

    if (input->start_ms >= RH_INSTANT_MS_END)
        return RH_ERR_INVALID;
    if (!span_is_valid(&input->terms.span, input->terms.half_month))
        return RH_ERR_INVALID;
    if (input->pause_count > HUB_PAUSES_MAX || input->extension_count > HUB_EXTENSIONS_MAX)
        return RH_ERR_FULL;
    for (uint32_t i = 0; i < input->extension_count; i++) {
        const struct rh_span *span = &input->extensions[i];
        if (!span_is_valid(span, false) || (span->unit == RH_UNIT_HOUR) != hours)
            return RH_ERR_INVALID;
    }
    return RH_OK;
}

/* Sort the pauses, join what touches, drop what is empty. */
static enum rh_err take_pauses(struct run *run, const struct hub_deadline_input *input)
{
    struct standstill *list = run->pauses;
    uint32_t count = 0;

    for (uint32_t i = 0; i < input->pause_count; i++) {
        const uint64_t from_ms = input->pauses[i].from_ms;
        const uint64_t to_ms = input->pauses[i].to_ms == 0 ? OPEN_MS : input->pauses[i].to_ms;
        if (from_ms > to_ms || from_ms >= RH_INSTANT_MS_END ||
            (to_ms != OPEN_MS && to_ms >= RH_INSTANT_MS_END))
            return RH_ERR_INVALID;
        if (from_ms == to_ms)
            continue;
        uint32_t at = count++;
        for (; at > 0 && list[at - 1].from_ms > from_ms; at--)
            list[at] = list[at - 1];
        list[at].from_ms = from_ms;
        list[at].to_ms = to_ms;
    }

    run->pause_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct standstill *before = run->pause_count > 0 ? &list[run->pause_count - 1] : NULL;
        if (before != NULL && list[i].from_ms <= before->to_ms) {
            if (list[i].to_ms > before->to_ms)
                before->to_ms = list[i].to_ms;
        } else {
            list[run->pause_count++] = list[i];
        }
    }
    for (uint32_t i = 0; i < run->pause_count; i++) {
        list[i].from_day = rh_date_of_instant(list[i].from_ms).days;
        list[i].to_day = list[i].to_ms == OPEN_MS ? OPEN_DAY
                                                  : rh_date_of_instant(list[i].to_ms).days;
    }
    return RH_OK;
}

/* ---- counting --------------------------------------------------------------------------- */

static struct rh_date as_date(int32_t day)
{
    return (struct rh_date){ day };
}

/* Days in (from, to] that an unpaused period of this kind uses up. */
static uint64_t days_between(const struct rh_calendar *calendar, bool working, int32_t from,
                             int32_t to)
{
    if (!working)
        return (uint64_t)(to - from);
    return rh_calendar_count(calendar, as_date(to)) -
           rh_calendar_count(calendar, as_date(from));
}

/* The day on which n days after `from` are used up, without pauses. */
static enum rh_err days_after(const struct rh_calendar *calendar, bool working, int32_t from,
                              uint64_t n, int32_t *out)
{
    struct rh_date date;

    if (!working) {
        if (n > (uint64_t)(RH_DATE_DAYS_MAX - from))
            return RH_ERR_FULL;
        *out = from + (int32_t)n;
        return RH_OK;
    }
    const enum rh_err err =
        rh_calendar_select(calendar, rh_calendar_count(calendar, as_date(from)) + n, &date);
    if (err == RH_OK)
        *out = date.days;
    return err;
}

/* Use up n more days, n at least 1: run->day becomes the day on which the last is used up, or
 * the last one that counted before an open pause. */
static enum rh_err advance(struct run *run, bool working, uint64_t n)
{
    const int32_t start = run->day;
    int32_t day = start;

    for (uint32_t i = 0; i < run->pause_count; i++) {
        const struct standstill *pause = &run->pauses[i];
        if (pause->to_day <= day + 1 || pause->from_day == pause->to_day)
            continue; /* over before the next day, or within one day */
        const int32_t until = pause->from_day > day + 1 ? pause->from_day - 1 : day;
        const uint64_t room = days_between(run->calendar, working, day, until);
        if (n <= room)
            break;
        n -= room;
        run->counted += room;
        if (pause->to_day == OPEN_DAY) {
            run->day = until;
            run->stopped = true;
            run->remaining = n;
            return RH_OK;
        }
        day = pause->to_day - 1;
    }

    const enum rh_err err = days_after(run->calendar, working, day, n, &run->day);
    if (err != RH_OK)
        return err;
    run->counted += n;
    if (working && (!rh_calendar_covers(run->calendar, as_date(start + 1)) ||
                    !rh_calendar_covers(run->calendar, as_date(run->day))))
        run->provisional = true;
    return RH_OK;
}

enum rh_err hub_deadline_add_months(struct rh_date from, uint32_t n, bool criminal,
                                    struct rh_date *out)
{
    rh_assert(rh_date_is_valid(from));
    const struct rh_civil civil = rh_date_to_civil(from);
    const int64_t months = (int64_t)civil.year * 12 + civil.month - 1 + n;
    if (months / 12 > RH_DATE_YEAR_MAX)
        return RH_ERR_FULL;

    const int32_t year = (int32_t)(months / 12);
    const int32_t month = (int32_t)(months % 12) + 1;
    const int32_t last = rh_date_days_in_month(year, month);
    const bool from_last = civil.day == rh_date_days_in_month(civil.year, civil.month);
    const int32_t day = civil.day > last || (criminal && from_last) ? last : civil.day;
    return rh_date_from_civil(year, month, day, out);
}

/* One part of a day period: the term itself or an extension. */
static enum rh_err advance_span(struct run *run, const struct rh_span *span,
                                uint32_t half_months)
{
    struct rh_date target;

    switch (span->unit) {
    case RH_UNIT_CALENDAR_DAY:
        return advance(run, false, span->n);
    case RH_UNIT_WORKING_DAY:
        return advance(run, true, span->n);
    case RH_UNIT_MONTH_CIVIL:
    case RH_UNIT_MONTH_CRIMINAL: {
        const enum rh_err err = hub_deadline_add_months(
            as_date(run->day), span->n, span->unit == RH_UNIT_MONTH_CRIMINAL, &target);
        if (err != RH_OK)
            return err;
        return advance(run, false, (uint64_t)(target.days - run->day) +
                                       (uint64_t)half_months * HALF_MONTH_DAYS);
    }
    case RH_UNIT_HOUR:
        break;
    }
    rh_panic(__FILE__, __LINE__, "check_input keeps hours out of day periods");
}

/* Move an end that is a day off to the next working day on which the clock runs at 24:00. */
static enum rh_err roll_end(struct run *run)
{
    const struct rh_date end = as_date(run->day);

    if (!rh_calendar_covers(run->calendar, end))
        run->provisional = true;
    if (rh_calendar_works(run->calendar, end))
        return RH_OK;
    const uint64_t counted = run->counted;
    const enum rh_err err = advance(run, true, 1);
    run->counted = counted;
    if (run->stopped)
        run->remaining = 0; /* the budget is spent, only the roll waits */
    return err;
}

/* Days in (from, to] that stand in a pause. */
static uint32_t paused_days(const struct run *run, int32_t from, int32_t to)
{
    uint32_t days = 0;
    for (uint32_t i = 0; i < run->pause_count; i++) {
        const struct standstill *pause = &run->pauses[i];
        const int32_t first = pause->from_day > from ? pause->from_day : from + 1;
        const int32_t end = pause->to_day <= to ? pause->to_day : to + 1;
        if (end > first)
            days += (uint32_t)(end - first);
    }
    return days;
}

static enum rh_err compute_days(struct run *run, const struct hub_deadline_input *input,
                                const struct rh_span *term, uint32_t half_months,
                                struct hub_deadline_result *out)
{
    run->day = out->start.days;
    enum rh_err err = advance_span(run, term, half_months);
    out->nominal.days = run->day;
    for (uint32_t i = 0; i < input->extension_count && err == RH_OK && !run->stopped; i++) {
        out->part = i + 1;
        err = advance_span(run, &input->extensions[i], 0);
    }
    out->extended.days = run->day;
    if (err == RH_OK && !run->stopped && input->terms.roll == RH_ROLL_NEXT_WORKING_DAY)
        err = roll_end(run);
    if (err != RH_OK)
        return err;

    out->last.days = run->day;
    out->counted = (uint32_t)run->counted;
    out->paused = paused_days(run, out->start.days, run->day);
    out->rolled = (uint32_t)(run->day - out->extended.days) -
                  paused_days(run, out->extended.days, run->day);
    out->skipped = (uint32_t)(run->day - out->start.days) - out->counted - out->paused -
                   out->rolled;
    if (!run->stopped)
        out->end_ms = rh_date_end_ms(out->last);
    return RH_OK;
}

/* Let `ms` run from *instant on, standing still in the pauses. */
static enum rh_err advance_ms(struct run *run, uint64_t *instant, uint64_t ms)
{
    for (uint32_t i = 0; i < run->pause_count; i++) {
        const struct standstill *pause = &run->pauses[i];
        if (pause->to_ms <= *instant)
            continue;
        const uint64_t room = pause->from_ms > *instant ? pause->from_ms - *instant : 0;
        if (ms <= room)
            break;
        ms -= room;
        *instant += room;
        if (pause->to_ms == OPEN_MS) {
            run->stopped = true;
            run->remaining = ms;
            return RH_OK;
        }
        *instant = pause->to_ms;
    }
    *instant += ms;
    return *instant < RH_INSTANT_MS_END ? RH_OK : RH_ERR_FULL;
}

static enum rh_err compute_hours(struct run *run, const struct hub_deadline_input *input,
                                 const struct rh_span *term, struct hub_deadline_result *out)
{
    uint64_t instant = input->start_ms;
    uint64_t hours = term->n;
    enum rh_err err = advance_ms(run, &instant, hours * RH_HOUR_MS);

    out->nominal = rh_date_of_instant(instant);
    for (uint32_t i = 0; i < input->extension_count && err == RH_OK && !run->stopped; i++) {
        out->part = i + 1;
        hours += input->extensions[i].n;
        err = advance_ms(run, &instant, input->extensions[i].n * RH_HOUR_MS);
    }
    if (err != RH_OK)
        return err;

    out->extended = rh_date_of_instant(instant);
    out->last = out->extended;
    out->paused_ms = instant - input->start_ms - (hours * RH_HOUR_MS - run->remaining);
    if (!run->stopped)
        out->end_ms = instant;
    return RH_OK;
}

/* ---- the calculus ----------------------------------------------------------------------- */

static enum rh_err compute_times(const struct rh_calendar *calendar,
                                 const struct hub_deadline_input *input, uint32_t times,
                                 struct hub_deadline_result *out)
{
    struct run run;

    *out = (struct hub_deadline_result){ .stopped = false };
    enum rh_err err = check_input(input);
    if (err != RH_OK)
        return err;
    const uint64_t n = (uint64_t)input->terms.span.n * times;
    if (n > HUB_DEADLINE_N_MAX || times > HUB_DEADLINE_N_MAX)
        return RH_ERR_FULL;
    const struct rh_span term = { input->terms.span.unit, (uint32_t)n };

    run.calendar = calendar;
    run.stopped = run.provisional = false;
    run.remaining = run.counted = 0;
    err = take_pauses(&run, input);
    if (err != RH_OK)
        return err;

    out->start = rh_date_of_instant(input->start_ms);
    if (term.unit == RH_UNIT_HOUR)
        err = compute_hours(&run, input, &term, out);
    else
        err = compute_days(&run, input, &term, input->terms.half_month ? times : 0, out);
    out->stopped = run.stopped;
    out->provisional = run.provisional && !run.stopped;
    out->remaining = run.stopped ? run.remaining : 0;
    if (!run.stopped)
        out->part = 0;
    return err;
}

enum rh_err hub_deadline_compute(const struct rh_calendar *calendar,
                                 const struct hub_deadline_input *input,
                                 struct hub_deadline_result *out)
{
    return compute_times(calendar, input, 1, out);
}

enum rh_err hub_deadline_plain(const struct rh_calendar *calendar, uint64_t start_ms,
                               const struct rh_span *span, enum rh_roll roll,
                               struct rh_date *last, uint64_t *end_ms, bool *provisional)
{
    struct hub_deadline_result result;
    const struct hub_deadline_input input = {
        .start_ms = start_ms,
        .terms = { .span = *span, .roll = roll },
    };
    const enum rh_err err = hub_deadline_compute(calendar, &input, &result);
    *last = result.last;
    *end_ms = result.end_ms;
    *provisional = result.provisional;
    return err;
}

struct hub_deadline_input hub_deadline_input_of(const struct hub_deadline *deadline)
{
    return (struct hub_deadline_input){
        .start_ms = deadline->start_ms,
        .terms = { .span = { deadline->unit, deadline->n }, .roll = deadline->roll },
        .pauses = deadline->pauses,
        .pause_count = deadline->pause_count,
        .extensions = deadline->extensions,
        .extension_count = deadline->extension_count,
    };
}

enum rh_err hub_deadline_recur(const struct rh_calendar *calendar,
                               const struct hub_deadline_input *input, uint32_t k,
                               struct hub_deadline_result *out)
{
    if (k == 0)
        return RH_ERR_INVALID;
    return compute_times(calendar, input, k, out);
}

enum rh_err hub_deadline_before(const struct rh_calendar *calendar, uint64_t end_ms,
                                const struct rh_span *span, uint64_t *out_ms)
{
    if (end_ms == 0 || end_ms > RH_INSTANT_MS_END || span->n > HUB_DEADLINE_N_MAX)
        return RH_ERR_INVALID;
    const int32_t last = rh_date_of_instant(end_ms - 1).days;
    uint64_t k;

    switch (span->unit) {
    case RH_UNIT_HOUR:
        *out_ms = end_ms > span->n * RH_HOUR_MS ? end_ms - span->n * RH_HOUR_MS : 0;
        return RH_OK;
    case RH_UNIT_CALENDAR_DAY:
        *out_ms = (uint32_t)last > span->n ? rh_date_start_ms(as_date(last - (int32_t)span->n))
                                           : 0;
        return RH_OK;
    case RH_UNIT_WORKING_DAY: {
        struct rh_date date = as_date(last);
        k = last > 0 ? rh_calendar_count(calendar, as_date(last - 1)) + UINT64_C(1) : 1;
        if (span->n >= k)
            date = as_date(0);
        else if (span->n > 0 && rh_calendar_select(calendar, k - span->n, &date) != RH_OK)
            return RH_ERR_FULL;
        *out_ms = rh_date_start_ms(date);
        return RH_OK;
    }
    case RH_UNIT_MONTH_CIVIL:
    case RH_UNIT_MONTH_CRIMINAL:
        break;
    }
    return RH_ERR_INVALID;
}

enum rh_err hub_deadline_after(const struct rh_calendar *calendar, uint64_t end_ms,
                               const struct rh_span *span, uint64_t *out_ms)
{
    if (end_ms == 0 || end_ms > RH_INSTANT_MS_END)
        return RH_ERR_INVALID;
    if (span->n == 0) {
        *out_ms = end_ms;
        return RH_OK;
    }
    struct hub_deadline_result result;
    const struct hub_deadline_input input = {
        /* A day period starts on the last day; hours start at the end itself. */
        .start_ms = span->unit == RH_UNIT_HOUR ? end_ms : end_ms - 1,
        .terms = { .span = *span, .roll = RH_ROLL_NONE },
    };
    const enum rh_err err = hub_deadline_compute(calendar, &input, &result);
    if (err == RH_OK)
        *out_ms = result.end_ms;
    return err;
}
