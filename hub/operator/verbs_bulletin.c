/* report.bulletin: a month, a quarter or a year of the ledger (views/bulletin.h). */
#include "operator/inside.h"

#include <rh/text.h>

#include "views/bulletin.h"

static enum rh_err send_row(void *context, json_t *row)
{
    return hub_ask_row(context, row);
}

enum rh_err hub_verb_report_bulletin(struct hub_ask *ask)
{
    struct hub_bulletin bulletin = { .by = HUB_BULLETIN_ALL };
    const char *period = hub_args_text(ask, "period");
    const char *by = hub_args_text(ask, "by");
    if (!hub_bulletin_period(period, &bulletin))
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/period",
                              N_("2026-10, 2026-Q4 or 2026 is wanted"), period);
    if (by != NULL && !hub_bulletin_by(by, &bulletin))
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/by",
                              N_("agency, procedure or both is wanted"), by);
    enum rh_err err = hub_snapshot_begin(ask);
    return err == RH_OK ? hub_bulletin_rows(ask->map, &bulletin, send_row, ask) : err;
}
