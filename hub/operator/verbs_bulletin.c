/* report.bulletin: a month, a quarter or a year of the ledger (views/bulletin.h); who has
 * acknowledged the bulletins that were sent. */
#include "operator/inside.h"

#include <stdio.h>

#include <rh/date.h>
#include <rh/text.h>

#include "views/bulletin.h"

static enum rh_err send_row(void *context, json_t *row)
{
    return hub_ask_row(context, row);
}

/* Who has acknowledged a bulletin of no referral, and who has not. */
static enum rh_err show_told(struct hub_ask *ask)
{
    struct hub_cursor cursor = { .bytes = 0 };
    struct hub_told told;
    char id[24 + RH_AGENCY_BYTES_MAX];
    enum rh_err err = hub_snapshot_begin(ask);
    while (err == RH_OK) {
        err = hub_views_told_next(ask->map, &cursor, &told);
        if (err != RH_OK)
            break;
        json_t *row = hub_json_row("acknowledged");
        snprintf(id, sizeof id, "%llu:%s", (unsigned long long)told.index,
                 hub_json_name(ask, told.to)->id.text);
        hub_json_text(row, "id", id);
        hub_json_uint(row, "record", told.index);
        hub_json_agency(ask, row, "from", told.from);
        hub_json_agency(ask, row, "to", told.to);
        hub_json_at(row, "sent_at", told.sent_ms);
        hub_json_bool(row, "acknowledged", told.read_ms != 0);
        hub_json_at(row, "acknowledged_at", told.read_ms);
        err = hub_ask_row(ask, row);
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* "2026-10" in November: the month that is over, whose bulletin one asks for. */
static void last_month(const struct hub_ask *ask, char *out, size_t capacity)
{
    struct rh_civil day = rh_date_to_civil(rh_date_of_instant(ask->now_ms));
    const bool january = day.month == 1;
    snprintf(out, capacity, "%04d-%02d", (int)(january ? day.year - 1 : day.year),
             (int)(january ? 12 : day.month - 1));
}

static enum rh_err show_period(struct hub_ask *ask, bool revisits)
{
    struct hub_bulletin bulletin = { .by = HUB_BULLETIN_ALL, .revisits = revisits };
    char month[32];
    last_month(ask, month, sizeof month);
    const char *named = hub_args_text(ask, "period");
    const char *period = named != NULL ? named : month;
    const char *by = hub_args_text(ask, "by");
    const char *area = hub_args_text(ask, "area");
    if (!hub_bulletin_period(period, &bulletin))
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/period",
                              N_("2026-10, 2026-Q4 or 2026 is wanted"), period);
    if (by != NULL && !hub_bulletin_by(by, &bulletin))
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/by",
                              N_("agency, procedure or both is wanted"), by);
    if (area != NULL && !hub_bulletin_area(area, &bulletin))
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/area",
                              N_("a division code of 2 to 12 digits is wanted"), area);
    enum rh_err err = hub_snapshot_begin(ask);
    return err == RH_OK ? hub_bulletin_rows(ask->map, &bulletin, send_row, ask) : err;
}

enum rh_err hub_verb_report_bulletin(struct hub_ask *ask)
{
    return hub_args_switch(ask, "acknowledged") ? show_told(ask) : show_period(ask, false);
}

/* 回访: of the same ledger what is about return visits. */
enum rh_err hub_verb_report_revisit(struct hub_ask *ask)
{
    return show_period(ask, true);
}
