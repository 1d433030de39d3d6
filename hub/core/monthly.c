/* The bulletin 通报 the hub sends by itself: once for each month, on the first working day of the
 * next, to whom the settings name. Figures are no part of the decision: the notice has them from
 * the months of the ledger, where everybody can count them again. */
#include "core/monthly.h"

#include <string.h>

#include "core/step.h"

enum { HOUR_MS = 3600 * 1000, MONTHS = 12, DAYS_MAX = 27 };

uint32_t hub_monthly_before(uint32_t month)
{
    return month % 100 > 1 ? month - 1 : month - 100 + (MONTHS - 1);
}

static uint32_t month_after(uint32_t month)
{
    return month % 100 < MONTHS ? month + 1 : month + 100 - (MONTHS - 1);
}

/* First working day of a month, at the hour. */
static uint64_t sent_at(const struct rh_rules *rules, uint32_t month)
{
    const struct rh_calendar *calendar = rh_rules_calendar(rules, "");
    struct rh_calendar_day day = { .works = false };
    struct rh_date date;
    if (calendar == NULL ||
        rh_date_from_civil((int32_t)(month / 100), (int32_t)(month % 100), 1, &date) != RH_OK)
        return UINT64_MAX;
    rh_calendar_day(calendar, date, &day);
    for (int i = 0; i < DAYS_MAX && !day.works; i++) {
        date.days++;
        rh_calendar_day(calendar, date, &day);
    }
    return rh_date_start_ms(date) + (uint64_t)rules->settings.bulletin.hour * HOUR_MS;
}

static uint32_t month_of(uint64_t instant_ms)
{
    struct rh_civil day = rh_date_to_civil(rh_date_of_instant(instant_ms));
    return (uint32_t)day.year * 100 + (uint32_t)day.month;
}

uint64_t hub_monthly_due(const struct rh_rules *rules, uint32_t last, uint32_t unfinished,
                         uint64_t now_ms, uint32_t *month, uint32_t *agency)
{
    *month = 0;
    *agency = HUB_AGENCY_FIRST;
    if (!rules->settings.bulletin.sent || last == 0)
        return UINT64_MAX;
    uint32_t this_month = month_of(now_ms);
    uint32_t newest = hub_monthly_before(this_month);
    uint64_t next_ms = sent_at(rules, this_month);
    if (next_ms > now_ms)
        newest = hub_monthly_before(newest);
    else
        next_ms = sent_at(rules, month_after(this_month));
    if (newest == last && unfinished != 0)
        *agency = unfinished;
    else if (newest <= last)
        return next_ms;
    *month = newest;
    return now_ms;
}

static bool is_reader(const struct rh_monthly *monthly, const struct hub_agency *agency)
{
    bool reads = monthly->role_count == 0;
    for (uint32_t i = 0; i < monthly->role_count; i++)
        reads = reads || strcmp(agency->role, monthly->roles[i]) == 0;
    return reads && agency->state == HUB_AGENCY_ACTIVE;
}

bool hub_decide_monthly(struct hub_step *step)
{
    const struct rh_monthly *monthly = &step->world->rules->settings.bulletin;
    struct hub_outcome *out = step->out;
    uint32_t no = step->event->agency;
    rh_assert(step->event->month != 0);
    out->month = step->event->month;
    for (uint32_t i = 0; i < HUB_MONTHLY_LOOK_MAX; i++, no++) {
        struct hub_agency agency;
        bool found;
        if (!hub_step_agency(step, no, &agency, &found))
            return false;
        if (!found)
            return true; /* numbers have no gaps: that was the last */
        if (out->delivery_count == HUB_DELIVERIES_OUT_MAX)
            break;
        if (is_reader(monthly, &agency))
            (void)hub_step_deliver_record(step, NULL, no, HUB_AGENCY_HUB, RH_KIND_BULLETIN,
                                          step->event->index);
        if (step->err != RH_OK)
            return false;
    }
    out->month_agency = no;
    return true;
}
