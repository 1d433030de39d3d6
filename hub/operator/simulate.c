/* What if: the decision that a job would take about each open referral, over snapshots, with
 * nothing written. The engine knows nothing of it. */
#include "operator/inside.h"

#include <stdlib.h>

enum { SNAPSHOT_REFERRALS = 500 };

struct world {
    struct hub_views views;        /* only its map: where lookups go */
    const struct rh_rules *now;    /* in force */
    struct hub_world world;
};

/* The rules in force stand for every earlier record of them: what changes against these is what
 * the asker wants to know. */
static const struct rh_procedure *in_force(void *context, uint64_t rules_index, const char *id)
{
    const struct world *world = context;
    (void)rules_index;
    return rh_rules_procedure(world->now, id);
}

bool hub_simulated_firm(const struct hub_outcome *outcome, const struct hub_note_out *note)
{
    const struct hub_deadline *clock = hub_find_clock(&outcome->rows[0], note->deadline);
    return note->was_ms == note->now_ms && clock != NULL && !clock->provisional;
}

static void count(const struct hub_referral *before, const struct hub_outcome *outcome,
                  struct hub_simulation *out)
{
    out->open++;
    if (outcome->note_count > 0 || outcome->rows[0].rules_index != before->rules_index)
        out->changed++;
    for (uint32_t i = 0; i < outcome->note_count; i++) {
        const struct hub_note_out *note = &outcome->notes[i];
        out->moved += note->was_ms != note->now_ms ? 1 : 0;
        out->firm += hub_simulated_firm(outcome, note) ? 1 : 0;
    }
}

static enum rh_err try_one(struct hub_ask *ask, const struct world *world, uint64_t rno)
{
    const struct hub_event event = {
        .type = HUB_EVENT_RECOMPUTE,
        .now_ms = ask->now_ms,
        .index = ask->health.records,
        .rno = rno,
    };
    return hub_decide(&world->world, &event, ask->op->outcome);
}

enum rh_err hub_simulate(struct hub_ask *ask, const struct rh_rules *rules,
                         hub_simulate_fn *each, void *context, struct hub_simulation *out)
{
    uint64_t rno = 0;
    struct hub_referral *row = ask->op->other;
    struct world world = { .now = ask->op->rules };
    *out = (struct hub_simulation){ 0 };
    hub_views_world(&world.views, rules, UINT64_MAX, &world.world);
    world.world.procedure = in_force;
    enum rh_err err = hub_snapshot_begin(ask);
    for (uint32_t seen = 1; err == RH_OK; seen++) {
        world.views.map = ask->map;
        err = hub_views_referral_next(ask->map, &rno, row);
        if (err == RH_OK && row->holder != HUB_AGENCY_NONE)
            err = try_one(ask, &world, rno);
        if (err == RH_OK && row->holder != HUB_AGENCY_NONE) {
            count(row, ask->op->outcome, out);
            if (each != NULL)
                err = each(context, ask, row, ask->op->outcome);
        }
        /* No snapshot is held for long: freed pages could not be used again. */
        if (err == RH_OK && seen % SNAPSHOT_REFERRALS == 0)
            err = hub_snapshot_begin(ask);
    }
    hub_snapshot_end(ask);
    free(world.views.memos); /* these views are ours alone, and were never opened */
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}
