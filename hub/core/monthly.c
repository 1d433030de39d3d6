/* The bulletin 通报 the hub sends by itself: once for each month, on the first working day of
 * the next, to whom the settings name. Figures are no part of the decision: the notice has them
 * from the months of the ledger, where everybody can count them again. */
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

/* The readers of the first edition, in the order of area codes, whose area stands behind
 * `after` (NULL: of the very first); NULL: there is none. */
static const struct rh_readers *next_readers(const struct rh_monthly *bulletin,
                                             const char *after)
{
    const struct rh_readers *first = NULL;
    for (uint32_t i = 0; i < bulletin->edition_count; i++) {
        const struct rh_readers *one = &bulletin->editions[i];
        if ((after == NULL || strcmp(one->area, after) > 0) &&
            (first == NULL || strcmp(one->area, first->area) < 0))
            first = one;
    }
    return first;
}

static void begin(struct hub_monthly *out, uint32_t month, const struct rh_readers *readers)
{
    memset(out, 0, sizeof *out);
    out->month = month;
    if (readers == NULL)
        return; /* all were told */
    out->agency = HUB_AGENCY_FIRST;
    memcpy(out->area, readers->area, sizeof out->area);
}

uint64_t hub_monthly_due(const struct rh_rules *rules, const struct hub_monthly *state,
                         uint64_t now_ms, struct hub_monthly *out)
{
    const struct rh_monthly *bulletin = &rules->settings.bulletin;
    memset(out, 0, sizeof *out);
    if (bulletin->edition_count == 0 || state->month == 0)
        return UINT64_MAX;
    uint32_t this_month = month_of(now_ms);
    uint32_t newest = hub_monthly_before(this_month);
    uint64_t next_ms = sent_at(rules, this_month);
    if (next_ms > now_ms)
        newest = hub_monthly_before(newest);
    else
        next_ms = sent_at(rules, month_after(this_month));
    if (newest == state->month && state->agency != 0)
        *out = *state;
    else if (newest <= state->month)
        return next_ms;
    else
        begin(out, newest, next_readers(bulletin, NULL));
    return now_ms;
}

/* Whether an agency is one of an area and has one of the roles. */
static bool is_reader(const struct rh_readers *readers, const struct hub_agency *agency)
{
    bool reads = readers->role_count == 0;
    for (uint32_t i = 0; i < readers->role_count; i++)
        reads = reads || strcmp(agency->role, readers->roles[i]) == 0;
    return reads && agency->state == HUB_AGENCY_ACTIVE &&
           strncmp(agency->area, readers->area, strlen(readers->area)) == 0;
}

/* What it says: what the ledger says when the first one is told. */
static bool read_figures(struct hub_step *step)
{
    const struct hub_world *world = step->world;
    const struct hub_monthly *from = &step->event->monthly;
    struct hub_outcome *out = step->out;
    uint64_t columns[RH_COLUMN_COUNT];
    memcpy(out->month_sums, from->sums, sizeof out->month_sums);
    if (from->agency != HUB_AGENCY_FIRST)
        return true;
    enum rh_err err = world->month(world->context, from->month, from->area, columns);
    for (unsigned i = 0; err == RH_OK && i < RH_COLUMN_COUNT; i++)
        out->month_sums[i].n = columns[i];
    return err == RH_OK || hub_step_fail(step, err);
}

/* Tell the next agencies; *no becomes the first that is left, 0 when none is. */
static bool tell(struct hub_step *step, const struct rh_readers *readers, uint32_t *no)
{
    struct hub_agency agency;
    bool found;
    for (uint32_t i = 0; i < HUB_MONTHLY_LOOK_MAX; i++, (*no)++) {
        if (!hub_step_agency(step, *no, &agency, &found))
            return false;
        if (!found) /* numbers have no gaps: that was the last */
            *no = 0;
        if (!found || step->out->delivery_count == HUB_DELIVERIES_OUT_MAX)
            break;
        if (is_reader(readers, &agency))
            (void)hub_step_deliver_record(step, NULL, *no, HUB_AGENCY_HUB, RH_KIND_BULLETIN,
                                          step->event->index);
        if (step->err != RH_OK)
            return false;
    }
    return true;
}

bool hub_decide_monthly(struct hub_step *step)
{
    const struct rh_monthly *bulletin = &step->world->rules->settings.bulletin;
    const struct hub_monthly *from = &step->event->monthly;
    const struct rh_readers *readers = NULL;
    struct hub_outcome *out = step->out;
    uint32_t no = from->agency;
    if (from->month == 0 || from->agency == 0)
        return true; /* none is owed: an auditor asks so of a record that should not be */
    for (uint32_t i = 0; i < bulletin->edition_count; i++) {
        if (strcmp(bulletin->editions[i].area, from->area) == 0)
            readers = &bulletin->editions[i];
    }
    out->month = from->month;
    memcpy(out->month_area, from->area, sizeof out->month_area);
    if (readers == NULL)
        no = 0; /* the settings have changed since it was begun */
    else if (!read_figures(step) || !tell(step, readers, &no))
        return false;
    if (no == 0) {
        begin(&out->monthly, from->month, next_readers(bulletin, from->area));
        return true;
    }
    out->monthly = *from;
    out->monthly.agency = no;
    memcpy(out->monthly.sums, out->month_sums, sizeof out->monthly.sums);
    return true;
}
