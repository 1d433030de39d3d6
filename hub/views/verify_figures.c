/* Figures that rows determine, counted again. Those that count since ever have no row to be
 * counted from; they are covered by the state digest. */
#include "views/verify.h"

#include <string.h>

static enum rh_err check(struct hub_verify *verify, enum hub_figure figure, uint32_t number,
                         uint64_t wanted)
{
    uint64_t value;
    char name[HUB_FIGURE_NAME_BYTES];
    hub_figure_name(figure, number, name);
    enum rh_err err = hub_views_count(verify->map, name, &value);
    if (err == RH_OK && value != wanted) {
        struct hub_key key = hub_key_text(name);
        hub_verify_fault(verify, HUB_TABLE_COUNT, "another figure than rows say",
                         hub_key_view(&key));
    }
    return err;
}

static enum rh_err check_agency(struct hub_verify *verify, uint32_t agency)
{
    const struct hub_tally *tally = &verify->by_agency[agency];
    enum rh_err err = check(verify, HUB_FIGURE_OPEN_AGENCY, agency, tally->open);
    if (err == RH_OK)
        err = check(verify, HUB_FIGURE_OVERDUE_AGENCY, agency, tally->overdue);
    if (err == RH_OK)
        err = check(verify, HUB_FIGURE_QUEUE_AGENCY, agency, tally->queue);
    if (err == RH_OK)
        err = check(verify, HUB_FIGURE_DEAD_AGENCY, agency, tally->dead);
    return err;
}

static enum rh_err check_row(struct hub_verify *verify, const struct hub_key *key,
                             struct rh_bytes value)
{
    if (value.bytes != 8 || hub_get_u64(value.data) == 0)
        hub_verify_fault(verify, HUB_TABLE_COUNT, "a figure of 0 has no row",
                         hub_key_view(key));
    return RH_OK;
}

enum rh_err hub_verify_figures(struct hub_verify *verify)
{
    const struct {
        enum hub_figure figure;
        uint64_t wanted;
    } all[] = {
        { HUB_FIGURE_REFERRALS, verify->referrals },
        { HUB_FIGURE_AGENCIES, verify->agency_rows },
        { HUB_FIGURE_OPEN, verify->all.open },
        { HUB_FIGURE_OVERDUE, verify->all.overdue },
        { HUB_FIGURE_QUEUE, verify->all.queue },
        { HUB_FIGURE_DEAD, verify->all.dead },
    };
    enum rh_err err = hub_verify_walk(verify, HUB_TABLE_COUNT, check_row);
    for (size_t i = 0; i < sizeof all / sizeof all[0] && err == RH_OK; i++)
        err = check(verify, all[i].figure, 0, all[i].wanted);
    for (uint32_t state = 1; state < RH_STATE_COUNT && err == RH_OK; state++)
        err = check(verify, HUB_FIGURE_STATE, state, verify->states[state]);
    for (uint32_t agency = 0; agency < verify->agencies && err == RH_OK; agency++)
        err = check_agency(verify, agency);

    const struct hub_tally *strange = &verify->by_agency[verify->agencies];
    if (strange->open + strange->overdue + strange->queue + strange->dead > 0)
        hub_verify_fault(verify, HUB_TABLE_COUNT, "rows name agencies that were never enrolled",
                         (struct rh_bytes){ NULL, 0 });
    return err;
}
