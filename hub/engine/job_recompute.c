/* Dates derived again: another calendar is in force, or rules that reach open matters. */
#include "engine/inside.h"

#include <stdio.h>

/* Which calendar the dates now come from, for the record. */
static void name_calendar(struct hub_engine *engine, struct hub_job_did *did)
{
    const struct rh_calendar *calendar =
        hub_decide_calendar(&engine->world, &engine->outcome->rows[0]);
    snprintf(did->text, sizeof did->text, "calendar %s %s", calendar->id, calendar->version);
}

static enum rh_err look(struct hub_engine *engine, const struct hub_job_row *job, uint64_t rno,
                        struct hub_job_did *did)
{
    (void)job;
    did->counted = engine->job_before->holder != HUB_AGENCY_NONE;
    if (!did->counted)
        return RH_OK; /* at rest: no clock runs */
    (void)hub_job_event(engine, HUB_EVENT_RECOMPUTE, rno);
    enum rh_err err = hub_engine_decide(engine);
    if (err != RH_OK)
        return err;
    const struct hub_outcome *outcome = engine->outcome;
    rh_assert(outcome->row_count >= 1);
    for (uint32_t i = 0; i < outcome->note_count; i++)
        did->moved += outcome->notes[i].was_ms != outcome->notes[i].now_ms;
    did->changed = outcome->note_count > 0 ||
                   outcome->rows[0].rules_index != engine->job_before->rules_index;
    if (did->changed)
        name_calendar(engine, did);
    return RH_OK;
}

const struct hub_job_worker hub_job_recompute = {
    .kind = HUB_JOB_RECOMPUTE,
    .next = hub_job_next_referral,
    .look = look,
    .before_timers = true, /* a clock that the new calendar gives more time is not missed */
    .supersedes = true,    /* whichever job comes by computes with the newest calendar */
};
