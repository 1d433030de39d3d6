/* Timers: whatever the wake index says is due, decided one after another, oldest first. */
#include "engine/inside.h"

#include <string.h>

#include "core/monthly.h"

static enum rh_err fire_one(struct hub_engine *engine, uint64_t rno, uint64_t now_ms)
{
    struct hub_event *event = &engine->event;
    memset(event, 0, sizeof *event);
    event->type = HUB_EVENT_WAKE;
    event->now_ms = now_ms;
    event->index = engine->next_index;
    event->rno = rno;
    event->down_ms = engine->down_ms;
    enum rh_err err = hub_engine_decide(engine);
    if (err != RH_OK)
        return err;
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_TIMER);
    record->rno = rno;
    record->down_ms = engine->down_ms;
    err = hub_stage_outcome(engine, record);
    if (err == RH_OK)
        err = hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
    for (uint32_t i = 0; err == RH_OK && i < engine->outcome->delivery_count; i++)
        hub_stir(engine, engine->outcome->deliveries[i].to);
    return err;
}

uint64_t hub_engine_monthly_at(const struct hub_engine *engine, uint64_t now_ms,
                               struct hub_monthly *owed)
{
    return hub_monthly_due(engine->world.rules, &engine->views.monthly, now_ms, owed);
}

/* The bulletin of a month, to the next agencies in order. Its id is found again by whoever
 * acknowledges it, so it stands in the record. */
static enum rh_err fire_month(struct hub_engine *engine, const struct hub_monthly *owed,
                              uint64_t now_ms)
{
    struct hub_event *event = &engine->event;
    memset(event, 0, sizeof *event);
    event->type = HUB_EVENT_MONTHLY;
    event->now_ms = now_ms;
    event->index = engine->next_index;
    event->monthly = *owed;
    event->down_ms = engine->down_ms;
    enum rh_err err = hub_engine_decide(engine);
    if (err != RH_OK)
        return err;
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_TIMER);
    record->down_ms = engine->down_ms;
    err = hub_stage_outcome(engine, record);
    if (engine->outcome->delivery_count > 0)
        rh_id_make(record->core.message_id.bytes, now_ms, record->random);
    if (err == RH_OK)
        err = hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
    for (uint32_t i = 0; err == RH_OK && i < engine->outcome->delivery_count; i++)
        hub_stir(engine, engine->outcome->deliveries[i].to);
    return err;
}

static enum rh_err fire_months(struct hub_engine *engine, uint32_t limit, uint32_t *fired)
{
    struct hub_monthly owed;
    enum rh_err err = RH_OK;
    while (*fired < limit && err == RH_OK) {
        uint64_t now_ms = hub_engine_now(engine);
        (void)hub_engine_monthly_at(engine, now_ms, &owed);
        if (owed.month == 0 || hub_journal_ready(engine->journal) == RH_ERR_NOSPACE)
            break;
        err = fire_month(engine, &owed, now_ms);
        (*fired)++;
    }
    return err;
}

enum rh_err hub_engine_fire(struct hub_engine *engine, uint32_t limit, uint32_t *fired)
{
    *fired = 0;
    if (engine->firing_held || engine->held_refusal != 0 || hub_engine_clock_listens(engine))
        return RH_OK;
    while (*fired < limit) {
        uint64_t now_ms = hub_engine_now(engine);
        uint64_t at_ms, rno;
        enum rh_err err = hub_views_wake_first(engine->views.map, &at_ms, &rno);
        if (err == RH_ERR_NOTFOUND || (err == RH_OK && at_ms > now_ms))
            return fire_months(engine, limit, fired); /* after what the month left due */
        if (err == RH_OK && hub_journal_ready(engine->journal) == RH_ERR_NOSPACE)
            return RH_OK; /* kept for when there is room; nothing is lost by waiting */
        bool changed = false;
        if (err == RH_OK)
            err = hub_jobs_before_timer(engine, rno, &changed);
        if (err == RH_OK && !changed)
            err = fire_one(engine, rno, now_ms);
        if (err != RH_OK)
            return err;
        (*fired)++;
        if (changed)
            continue; /* its instant may have moved */
        uint64_t next_ms, next_rno;
        err = hub_views_wake_first(engine->views.map, &next_ms, &next_rno);
        /* A timer that is still due after it fired would fire for ever: our bug. */
        rh_assert(err != RH_OK || next_rno != rno || next_ms != at_ms);
    }
    return RH_OK;
}
