/* A period, day by day.
 *
 * This walk is written from the rules again and shares nothing with the counting in
 * deadline.c but the months: what people are shown is a second derivation of the same end,
 * and the tests hold the two against each other. */
#include "core/deadline.h"

enum { HALF_MONTH_DAYS = 15 };

enum stand { RUNS, STANDS, STANDS_OPEN };

struct walk {
    const struct rh_calendar *calendar;
    const struct hub_deadline_input *input;
    struct hub_deadline_day *days;
    uint32_t capacity;
    uint32_t count;
    int32_t day;
    uint32_t part;
    bool stopped;
};

/* Whether the clock stands at 24:00 of a day. */
static enum stand stand_at_end(const struct hub_deadline_input *input, struct rh_date date)
{
    const uint64_t end_ms = rh_date_end_ms(date);
    enum stand stand = RUNS;

    for (uint32_t i = 0; i < input->pause_count; i++) {
        const struct hub_pause *pause = &input->pauses[i];
        if (pause->from_ms >= end_ms || pause->from_ms == pause->to_ms)
            continue;
        if (pause->to_ms == 0)
            return STANDS_OPEN;
        if (pause->to_ms >= end_ms)
            stand = STANDS;
    }
    return stand;
}

static void list_day(struct walk *walk, enum hub_day_role role, uint32_t number)
{
    if (walk->count < walk->capacity) {
        struct hub_deadline_day *entry = &walk->days[walk->count];
        *entry = (struct hub_deadline_day){
            .date = { walk->day },
            .role = role,
            .number = number,
            .part = walk->part,
        };
        rh_calendar_day(walk->calendar, entry->date, &entry->day);
    }
    walk->count++;
}

/* Step to the next day. True when it is a day on which the clock runs; a paused one is listed
 * here. */
static enum rh_err step(struct walk *walk, bool *runs)
{
    if (walk->day >= RH_DATE_DAYS_MAX)
        return RH_ERR_FULL;
    walk->day++;
    const enum stand stand = stand_at_end(walk->input, (struct rh_date){ walk->day });
    *runs = stand == RUNS;
    if (stand != RUNS)
        list_day(walk, HUB_DAY_PAUSED, 0);
    walk->stopped = stand == STANDS_OPEN;
    return RH_OK;
}

static enum rh_err walk_budget(struct walk *walk, bool working, uint32_t budget)
{
    uint32_t number = 0;

    while (number < budget) {
        bool runs;
        const enum rh_err err = step(walk, &runs);
        if (err != RH_OK || walk->stopped)
            return err;
        if (!runs)
            continue;
        if (working && !rh_calendar_works(walk->calendar, (struct rh_date){ walk->day }))
            list_day(walk, HUB_DAY_SKIPPED, 0);
        else
            list_day(walk, HUB_DAY_COUNTED, ++number);
    }
    return RH_OK;
}

static enum rh_err walk_span(struct walk *walk, const struct rh_span *span, bool half_month)
{
    struct rh_date target;
    uint32_t budget = span->n;

    if (span->unit == RH_UNIT_MONTH_CIVIL || span->unit == RH_UNIT_MONTH_CRIMINAL) {
        const enum rh_err err =
            hub_deadline_add_months((struct rh_date){ walk->day }, span->n,
                                    span->unit == RH_UNIT_MONTH_CRIMINAL, &target);
        if (err != RH_OK)
            return err;
        budget = (uint32_t)(target.days - walk->day) + (half_month ? HALF_MONTH_DAYS : 0);
    }
    return walk_budget(walk, span->unit == RH_UNIT_WORKING_DAY, budget);
}

static enum rh_err walk_roll(struct walk *walk)
{
    while (!rh_calendar_works(walk->calendar, (struct rh_date){ walk->day })) {
        bool runs;
        do {
            const enum rh_err err = step(walk, &runs);
            if (err != RH_OK || walk->stopped)
                return err;
        } while (!runs);
        list_day(walk, HUB_DAY_MOVED, 0);
    }
    return RH_OK;
}

enum rh_err hub_deadline_explain(const struct rh_calendar *calendar,
                                 const struct hub_deadline_input *input,
                                 struct hub_deadline_day *days, uint32_t capacity,
                                 uint32_t *count)
{
    struct hub_deadline_result result;
    struct walk walk = {
        .calendar = calendar, .input = input, .days = days, .capacity = capacity,
    };

    *count = 0;
    enum rh_err err = hub_deadline_compute(calendar, input, &result);
    if (err != RH_OK || input->terms.span.unit == RH_UNIT_HOUR)
        return err;

    walk.day = rh_date_of_instant(input->start_ms).days;
    list_day(&walk, HUB_DAY_START, 0);
    err = walk_span(&walk, &input->terms.span, input->terms.half_month);
    for (uint32_t i = 0; i < input->extension_count && err == RH_OK && !walk.stopped; i++) {
        walk.part = i + 1;
        err = walk_span(&walk, &input->extensions[i], false);
    }
    if (err == RH_OK && !walk.stopped && input->terms.roll == RH_ROLL_NEXT_WORKING_DAY)
        err = walk_roll(&walk);
    if (err != RH_OK)
        return err;

    *count = walk.count;
    if (walk.count > capacity)
        return RH_ERR_FULL;
    days[walk.count - 1].last = !walk.stopped;
    return RH_OK;
}

const char *hub_day_role_name(enum hub_day_role role)
{
    switch (role) {
    case HUB_DAY_START:
        return "start";
    case HUB_DAY_COUNTED:
        return "counted";
    case HUB_DAY_SKIPPED:
        return "skipped";
    case HUB_DAY_PAUSED:
        return "paused";
    case HUB_DAY_MOVED:
        return "moved";
    }
    rh_panic(__FILE__, __LINE__, "a day has one of five roles");
}
