/* Timers of one referral: arrival by grace, due soon, overdue, the rungs of the ladder, rights
 * that lapse, clocks that follow. Each fires once and in the order of its instants, also when
 * the hub comes back after a week; what does not fit into one outcome fires at the next wake,
 * which the row still asks for. */
#include "core/clock.h"
#include "core/clocks.h"

enum {
    LEVEL_WARNED = 1,
    REMIND_DAYS = 7, /* where the settings have no number */
    REMIND_DAYS_MAX = 90,
    /* Room one firing may need: notes, deliveries. */
    NOTES_NEEDED = 24,
    DELIVERIES_NEEDED = 6
};

static uint64_t next_instant(const struct hub_deadline *deadline)
{
    uint64_t instant_ms = 0;
    if (hub_deadline_is_owed(deadline))
        instant_ms = deadline->step_ms;
    if (deadline->status == HUB_DEADLINE_RUNNING && deadline->soon_ms != 0 &&
        (instant_ms == 0 || deadline->soon_ms < instant_ms))
        instant_ms = deadline->soon_ms;
    return instant_ms;
}

static struct hub_deadline *earliest(struct hub_referral *row, uint64_t now_ms)
{
    struct hub_deadline *found = NULL;
    uint64_t found_ms = 0;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        uint64_t instant_ms = next_instant(&row->deadlines[i]);
        if (instant_ms == 0 || instant_ms > now_ms)
            continue;
        if (found == NULL || instant_ms < found_ms) {
            found = &row->deadlines[i];
            found_ms = instant_ms;
        }
    }
    return found;
}

static void fire_soon(struct hub_step *step, struct hub_referral *row,
                      struct hub_deadline *deadline)
{
    deadline->soon_ms = 0;
    if (row->escalation < LEVEL_WARNED)
        row->escalation = LEVEL_WARNED;
    hub_step_note(step, RH_KIND_DUE_SOON, row, deadline, LEVEL_WARNED, deadline->owed_by);
    (void)hub_step_deliver(step, row, deadline->owed_by, RH_KIND_DUE_SOON);
}

/* The rungs a missed clock climbs: its rule's, else those of policy. */
static const struct rh_rung *ladder_of(const struct hub_step *step,
                                       const struct hub_referral *row,
                                       const struct hub_deadline *deadline, uint32_t *count)
{
    const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
    const struct rh_settings *settings = &step->world->rules->settings;
    *count = limit != NULL ? limit->ladder_count : settings->ladder_count;
    return limit != NULL ? limit->ladder : settings->ladder;
}

/* Above the last rung the hub does not fall silent: it urges again, each time after twice as
 * long. `last_ms` is the instant of the step before; what a stop of the hub made late by more
 * than one reminder is reminded of once. */
static uint64_t remind_at(const struct hub_step *step, uint64_t last_ms, uint32_t times)
{
    const struct rh_settings *settings = &step->world->rules->settings;
    uint32_t days = settings->remind_days != 0 ? settings->remind_days : REMIND_DAYS;
    uint32_t most = settings->remind_days_max != 0 ? settings->remind_days_max
                                                   : REMIND_DAYS_MAX;
    for (uint32_t i = 0; i < times && days < most; i++)
        days *= 2;
    if (days > most)
        days = most;
    if (last_ms + days * RH_DAY_MS <= step->event->now_ms)
        last_ms = step->event->now_ms;
    return last_ms + days * RH_DAY_MS;
}

static void arm_rung(struct hub_step *step, const struct hub_referral *row,
                     struct hub_deadline *deadline, uint64_t last_ms)
{
    uint32_t count;
    const struct rh_rung *ladder = ladder_of(step, row, deadline, &count);
    uint64_t at_ms;
    if (deadline->step < count &&
        hub_deadline_after(hub_step_calendar(step, row), deadline->end_ms,
                           &ladder[deadline->step].after, &at_ms) == RH_OK)
        deadline->step_ms = at_ms;
    else
        deadline->step_ms =
            remind_at(step, last_ms, deadline->step > count ? deadline->step - count : 0);
}

static void fire_end(struct hub_step *step, struct hub_referral *row,
                     struct hub_deadline *deadline)
{
    const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
    bool closes = limit != NULL && limit->close_at_end;
    hub_clock_expire(step, row, deadline);
    if (deadline->status == HUB_DEADLINE_LAPSED) {
        if (!closes || !hub_close_by_hub(step))
            hub_clocks_follow(step, row);
        return;
    }
    (void)hub_step_deliver(step, row, deadline->owed_by, RH_KIND_OVERDUE);
    arm_rung(step, row, deadline, deadline->end_ms);
    hub_clocks_follow(step, row);
}

static uint32_t rung_reader(struct hub_step *step, const struct hub_referral *row,
                            const struct hub_deadline *deadline, enum rh_actor actor)
{
    switch (actor) {
    case RH_ACTOR_SENDER:
        return row->sender;
    case RH_ACTOR_ORIGIN:
        return row->origin;
    case RH_ACTOR_ASSIGNER:
        return row->assigner;
    case RH_ACTOR_SUPERIOR:
        return hub_actor_superior(step, row, deadline->owed_by);
    case RH_ACTOR_COMMON_SUPERIOR:
        return hub_actor_common_superior(step, row);
    case RH_ACTOR_SUPERVISOR:
        for (uint32_t i = 0; i < row->party_count; i++) {
            if (hub_actor_supervises(step, row->parties[i]))
                return row->parties[i];
        }
        return HUB_AGENCY_NONE;
    case RH_ACTOR_INTAKE:
    case RH_ACTOR_ADDRESSEE:
    case RH_ACTOR_HOLDER:
    case RH_ACTOR_LEAD:
    case RH_ACTOR_APPROVER:
    case RH_ACTOR_AUTHOR:
    case RH_ACTOR_PARTY:
    case RH_ACTOR_HUB:
    case RH_ACTOR_MONITOR:
    case RH_ACTOR_COUNT:
        return deadline->owed_by;
    }
    return deadline->owed_by;
}

static void remind(struct hub_step *step, struct hub_referral *row,
                   const struct hub_deadline *deadline)
{
    (void)hub_attention_raise(step, row, RH_KIND_URGE,
                              hub_actor_superior(step, row, deadline->owed_by), deadline);
}

/* A rung above the urging needs one on record; where there is none, this rung is it. */
static void fire_rung(struct hub_step *step, struct hub_referral *row,
                      struct hub_deadline *deadline)
{
    uint32_t count;
    uint32_t at = deadline->step;
    const struct rh_rung *rung = &ladder_of(step, row, deadline, &count)[at < count ? at : 0];
    if (deadline->step < UINT8_MAX)
        deadline->step++;
    arm_rung(step, row, deadline, deadline->step_ms);
    if (at >= count) {
        remind(step, row, deadline);
        return;
    }
    uint32_t reader = rung_reader(step, row, deadline, rung->to);
    if (!rh_kind_is_attention(rung->action)) {
        if (rung->level > row->escalation)
            row->escalation = rung->level;
        hub_step_note(step, RH_KIND_OVERDUE, row, deadline, rung->level, deadline->owed_by);
        (void)hub_step_deliver(step, row, reader, RH_KIND_OVERDUE);
        return;
    }
    bool urged = row->escalation >= hub_attention_level(RH_KIND_URGE);
    (void)hub_attention_raise(step, row, urged ? rung->action : RH_KIND_URGE, reader,
                              deadline);
    if (urged && rung->level > row->escalation)
        row->escalation = rung->level;
}

static void fire(struct hub_step *step, struct hub_referral *row, struct hub_deadline *deadline)
{
    bool warns = deadline->status == HUB_DEADLINE_RUNNING && deadline->soon_ms != 0 &&
                 deadline->soon_ms <= deadline->step_ms &&
                 deadline->soon_ms <= step->at_ms;
    if (warns)
        fire_soon(step, row, deadline);
    else if (deadline->status == HUB_DEADLINE_RUNNING)
        fire_end(step, row, deadline);
    else
        fire_rung(step, row, deadline);
}

static void fire_arrival(struct hub_step *step, struct hub_referral *row)
{
    if (row->arrival_due_ms == 0)
        return;
    hub_dispatch_grace(step, row);
    if (row->arrival_due_ms <= step->at_ms)
        (void)hub_dispatch_arrive(step, row);
}

bool hub_decide_wake(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (rh_state_is_resting(row->state) && row->archive_ms != 0 &&
        row->archive_ms <= step->at_ms)
        return hub_archive_by_hub(step);
    if (row->close_ms != 0 && row->close_ms <= step->at_ms)
        return hub_relation_close(step);
    fire_arrival(step, row);
    while (step->err == RH_OK && !rh_state_is_resting(row->state) &&
           step->out->note_count + NOTES_NEEDED <= HUB_NOTES_OUT_MAX &&
           step->out->delivery_count + DELIVERIES_NEEDED <= HUB_DELIVERIES_OUT_MAX) {
        struct hub_deadline *deadline = earliest(row, step->at_ms);
        if (deadline == NULL)
            break;
        fire(step, row, deadline);
    }
    return step->err == RH_OK && step->out->refusal == 0;
}

/* ---- dates derived again --------------------------------------------------------------- */

/* Rules that reach open matters (`applies_to: open`) take the place of those the referral was
 * registered under; its clocks get their new terms. What the sender set stays the sender's. */
static void take_rules(struct hub_step *step, struct hub_referral *row)
{
    const struct rh_procedure *now = rh_rules_procedure(step->world->rules, row->procedure);
    if (now == NULL || !now->applies_open || row->rules_index == step->world->rules_index ||
        rh_procedure_equal(now, hub_step_procedure(step, row)))
        return;
    row->rules_index = step->world->rules_index;
    row->procedure_version = now->version;
    step->procedure = now;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        struct hub_deadline *deadline = &row->deadlines[i];
        const struct rh_limit *limit = rh_procedure_limit(now, deadline->limit);
        if (!hub_deadline_is_live(deadline) || limit == NULL || deadline->sender_set ||
            limit->span.n == 0)
            continue;
        hub_clock_set_terms(step, row, limit, deadline);
    }
}

/* Another calendar, or rules for open matters: dates move, the record says from what to what,
 * and whoever owes is told. What was missed stays missed. A clock to which the new terms give
 * no date keeps the one it has. */
bool hub_decide_recompute(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (rh_state_is_resting(row->state))
        return true;
    take_rules(step, row);
    const struct rh_calendar *calendar = hub_step_calendar(step, row);
    for (uint32_t i = 0; i < row->deadline_count && step->err == RH_OK; i++) {
        struct hub_deadline *deadline = &row->deadlines[i];
        if (deadline->status != HUB_DEADLINE_RUNNING)
            continue;
        uint64_t end_ms = deadline->end_ms;
        bool provisional = deadline->provisional;
        if (!hub_clock_compute(calendar, deadline) ||
            (deadline->end_ms == end_ms && deadline->provisional == provisional))
            continue;
        hub_clock_arm(step, row, deadline, false);
        hub_clock_note_moved(step, row, deadline, end_ms);
        if (deadline->end_ms != end_ms)
            (void)hub_step_deliver(step, row, deadline->owed_by, RH_KIND_NOTICE);
    }
    return step->err == RH_OK;
}
