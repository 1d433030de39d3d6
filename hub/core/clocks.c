#include "core/clocks.h"

#include <string.h>

#include "core/clock.h"
#include "core/deadline.h"

/* ---- one step at a time ---------------------------------------------------------------- */

/* What the assigned clock without a limit waits for: the report, or else the answer. */
static bool meets_assigned(const struct hub_referral *row, enum rh_kind kind)
{
    if (row->report_required)
        return kind == RH_KIND_REPORT;
    return kind == RH_KIND_REPLY || kind == RH_KIND_CLOSE;
}

static bool assigned_runs_in(enum rh_state state)
{
    switch (state) {
    case RH_STATE_DISPATCHED:
    case RH_STATE_SIGNED:
    case RH_STATE_OBJECTED:
    case RH_STATE_SUPPLEMENTING:
    case RH_STATE_ACCEPTED:
    case RH_STATE_NOT_ACCEPTED:
    case RH_STATE_IN_PROGRESS:
    case RH_STATE_SUSPENDED:
    case RH_STATE_CONCLUDED:
        return true;
    case RH_STATE_NONE:
    case RH_STATE_REGISTERED:
    case RH_STATE_RETURNED:
    case RH_STATE_REPLIED:
    case RH_STATE_REVISITING:
    case RH_STATE_CLOSED:
    case RH_STATE_TRANSFERRED:
    case RH_STATE_MERGED:
    case RH_STATE_WITHDRAWN:
    case RH_STATE_TERMINATED:
    case RH_STATE_ARCHIVED:
    case RH_STATE_COUNT:
        return false;
    }
    return false;
}

/* A round begins on the nominal day on which the one before it ends. */
static bool has_begun(const struct hub_step *step, const struct hub_referral *row,
                      const struct hub_deadline *deadline)
{
    struct hub_deadline_input input = hub_deadline_input_of(deadline);
    struct hub_deadline_result before;
    uint64_t begins_ms = deadline->start_ms;
    if (deadline->round > 0 && hub_deadline_recur(hub_step_calendar(step, row), &input,
                                                  deadline->round, &before) == RH_OK)
        begins_ms = rh_date_start_ms(before.nominal);
    return begins_ms <= step->event->now_ms;
}

/* Who helps in a matter, and since when, is no answer to anybody. */
static bool names_helpers(const struct hub_step *step)
{
    return step->item != NULL && strcmp(step->item->code, "participants") == 0;
}

/* A progress note meets the clock of whoever owes it, nobody else's, and of one that repeats
 * no round that is still to come: a few notes in one week are not a year of monthly answers. */
static bool is_met(const struct hub_step *step, const struct hub_referral *row,
                   const struct hub_deadline *deadline, const struct hub_change *change)
{
    if (strcmp(deadline->limit, HUB_LIMIT_ASSIGNED) == 0 && deadline->sender_set &&
        hub_clock_limit(step, row, deadline) == NULL)
        return meets_assigned(row, change->kind);
    const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
    if (limit == NULL || !rh_kind_in(&limit->met_by, change->kind))
        return false;
    return !rh_kind_is_information(change->kind) ||
           (!names_helpers(step) && change->agency == deadline->owed_by &&
            (!limit->repeats || has_begun(step, row, deadline)));
}

static bool is_left(const struct hub_step *step, const struct hub_referral *row,
                    const struct hub_deadline *deadline, const struct hub_change *change)
{
    if (rh_state_is_resting(row->state))
        return true;
    const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
    if (limit != NULL)
        return !hub_clock_applies(limit, row);
    if (strcmp(deadline->limit, HUB_LIMIT_ASSIGNED) == 0)
        return !assigned_runs_in(row->state);
    return row->state != change->before; /* rules that are gone */
}

/* Steps after which the matter may come back to the same agency. */
static bool bounces(enum rh_kind kind)
{
    return kind == RH_KIND_OBJECT || kind == RH_KIND_RETURN ||
           kind == RH_KIND_SUPPLEMENT_REQUEST;
}

/* The arrival they started from did not take place after all. */
static bool is_undone(const struct hub_referral *row, const struct rh_limit *limit,
                      const struct hub_change *change)
{
    bool undone = change->kind == RH_KIND_RECALL || change->kind == RH_KIND_DEAD_LETTER;
    return undone && !row->arrived && limit != NULL &&
           (limit->start == RH_START_ARRIVED || limit->start == RH_START_COMPLETED);
}

/* Whether this very event has met an earlier round of the limit, or the clock it follows: one
 * act settles what is owed longest, not two periods at once. */
static bool is_settled(const struct hub_referral *row, const struct rh_limit *limit,
                       uint32_t met)
{
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const char *id = row->deadlines[i].limit;
        if ((met >> i & 1u) != 0 &&
            ((limit->repeats && strcmp(id, limit->id) == 0) ||
             (limit->start == RH_START_AFTER && strcmp(id, limit->after) == 0)))
            return true;
    }
    return false;
}

static_assert(HUB_DEADLINES_MAX <= 32, "the clocks of a row fit in a set of bits");

static void end_clocks(struct hub_step *step, struct hub_referral *row,
                       const struct hub_change *change)
{
    uint32_t met = 0;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        struct hub_deadline *deadline = &row->deadlines[i];
        if (!hub_deadline_is_owed(deadline) || hub_clock_is_watchdog(deadline))
            continue;
        const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
        bool settled = limit != NULL && is_settled(row, limit, met);
        if (!settled && is_met(step, row, deadline, change)) {
            hub_clock_meet(step, row, deadline, change->kind);
            met |= 1u << i;
        } else if (is_undone(row, limit, change)) {
            hub_clock_cancel(step, row, deadline, false);
        } else if (limit != NULL && rh_kind_in(&limit->cancelled_by, change->kind)) {
            hub_clock_cancel(step, row, deadline, bounces(change->kind));
        } else if (is_left(step, row, deadline, change)) {
            hub_clock_cancel(step, row, deadline,
                             !rh_state_is_resting(row->state) &&
                                 change->kind != RH_KIND_RECALL);
        }
    }
}

static void hand_over(struct hub_step *step, struct hub_referral *row)
{
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        struct hub_deadline *deadline = &row->deadlines[i];
        if (!hub_deadline_is_owed(deadline) || hub_clock_is_watchdog(deadline))
            continue;
        const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
        deadline->owed_by =
            hub_clock_owner(row, limit != NULL ? limit->owed_by : RH_ACTOR_ADDRESSEE);
    }
}

static void take_rolls(struct hub_step *step, struct hub_referral *row)
{
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        if (hub_deadline_is_live(&row->deadlines[i]))
            hub_clock_take_roll(step, row, &row->deadlines[i]);
    }
}

static void pause_clocks(struct hub_step *step, struct hub_referral *row, uint64_t at_ms)
{
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        struct hub_deadline *deadline = &row->deadlines[i];
        const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
        if (limit == NULL || !limit->pausable)
            continue;
        if (deadline->status == HUB_DEADLINE_RUNNING && hub_clocks_stand(row)) {
            hub_clock_pause(step, row, deadline, at_ms);
        } else if (deadline->status == HUB_DEADLINE_PAUSED && !hub_clocks_stand(row)) {
            hub_clock_close_pause(deadline, at_ms);
            deadline->status = HUB_DEADLINE_RUNNING;
            rh_assert(hub_clock_compute(hub_step_calendar(step, row), deadline));
            hub_clock_arm(step, row, deadline, false);
        }
    }
}

/* ---- clocks that follow a clock -------------------------------------------------------- */

static bool has_run_out(const struct hub_deadline *deadline)
{
    return deadline->status == HUB_DEADLINE_MET || deadline->status == HUB_DEADLINE_MET_LATE ||
           deadline->status == HUB_DEADLINE_MISSED;
}

static void next_round(struct hub_step *step, struct hub_referral *row,
                       const struct rh_limit *limit, struct hub_deadline *last)
{
    uint64_t anchor_ms = last->start_ms;
    uint32_t round = last->round + 1;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        struct hub_deadline *earlier = &row->deadlines[i];
        if (earlier != last && strcmp(earlier->limit, limit->id) == 0)
            hub_clock_cancel(step, row, earlier, false); /* its ladder has had a whole round */
    }
    hub_clock_begin_limit(step, row, limit, anchor_ms, round, 0);
}

static void follow(struct hub_step *step, struct hub_referral *row,
                   const struct rh_limit *limit)
{
    struct hub_deadline *own = hub_clock_newest(row, limit->id);
    if (own != NULL && hub_deadline_is_live(own))
        return;
    if (own != NULL && limit->repeats && has_run_out(own)) {
        next_round(step, row, limit, own);
        return;
    }
    if (own != NULL || limit->start != RH_START_AFTER)
        return;
    struct hub_deadline *before = hub_clock_newest(row, limit->after);
    if (before == NULL || !has_run_out(before) || before->end_ms == 0)
        return;
    struct rh_date nominal = { before->nominal };
    if (rh_date_is_valid(nominal))
        hub_clock_begin_limit(step, row, limit, rh_date_start_ms(nominal), 0, 0);
}

/* ---- the watchdog ---------------------------------------------------------------------- */

/* Whether the holder owes something by a date without the watchdog. A date that has passed
 * with the act still owed is one too: its ladder goes on. */
static bool is_covered(const struct hub_step *step, const struct hub_referral *row)
{
    if (rh_state_is_resting(row->state) || row->arrival_due_ms != 0)
        return true;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (!hub_deadline_is_due(deadline) || deadline->owed_by != row->holder ||
            hub_clock_is_watchdog(deadline))
            continue;
        const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
        if (!deadline->right_only || (limit != NULL && limit->close_at_end))
            return true;
    }
    return false;
}

static struct hub_deadline *watchdog_of(struct hub_referral *row)
{
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        if (hub_clock_is_watchdog(&row->deadlines[i]) &&
            hub_deadline_is_owed(&row->deadlines[i]))
            return &row->deadlines[i];
    }
    return NULL;
}

static void begin_watchdog(struct hub_step *step, struct hub_referral *row)
{
    struct rh_span span = step->world->rules->settings.watchdog[row->state];
    if (span.n == 0)
        span = (struct rh_span){ RH_UNIT_CALENDAR_DAY, HUB_WATCHDOG_DAYS };
    struct hub_deadline *deadline =
        hub_clock_begin(step, row, HUB_LIMIT_WATCHDOG, row->holder, step->at_ms);
    deadline->unit = span.unit;
    deadline->n = span.n;
    deadline->roll = RH_ROLL_NEXT_WORKING_DAY;
    hub_clock_run(step, row, deadline, NULL, step->at_ms);
    rh_assert(hub_deadline_is_live(deadline));
}

/* The watchdog asks its owner to do something. A step of theirs meets it, anybody else's move
 * takes it back. Missed, it is counted once and climbs its ladder while nothing happens. */
static void watch(struct hub_step *step, struct hub_referral *row,
                  const struct hub_change *change)
{
    struct hub_deadline *dog = watchdog_of(row);
    bool moved = change != NULL &&
                 (change->before != row->state || dog == NULL || dog->owed_by != row->holder);
    if (dog != NULL && moved && change->agency == dog->owed_by) {
        hub_clock_meet(step, row, dog, change->kind);
        dog = NULL;
    } else if (dog != NULL && (moved || is_covered(step, row))) {
        hub_clock_cancel(step, row, dog, false);
        dog = NULL;
    }
    if (dog == NULL && !is_covered(step, row))
        begin_watchdog(step, row);
}

void hub_clocks_follow(struct hub_step *step, struct hub_referral *row)
{
    const struct rh_procedure *procedure = hub_step_procedure(step, row);
    for (uint32_t i = 0; i < procedure->limit_count; i++) {
        if (hub_clock_applies(&procedure->limits[i], row))
            follow(step, row, &procedure->limits[i]);
    }
    watch(step, row, NULL);
}

void hub_clocks_apply(struct hub_step *step, struct hub_referral *row,
                      const struct hub_change *change)
{
    end_clocks(step, row, change);
    if (!rh_state_is_resting(row->state)) {
        hand_over(step, row);
        take_rolls(step, row);
        pause_clocks(step, row, change->at_ms);
        hub_clocks_start(step, row, change);
        const struct rh_procedure *procedure = hub_step_procedure(step, row);
        for (uint32_t i = 0; i < procedure->limit_count; i++) {
            if (hub_clock_applies(&procedure->limits[i], row))
                follow(step, row, &procedure->limits[i]);
        }
    }
    watch(step, row, change);
}

/* ---- questions ------------------------------------------------------------------------- */

struct hub_deadline *hub_clock_extendable(struct hub_step *step, struct hub_referral *row,
                                          bool *late)
{
    struct hub_deadline *found = NULL;
    *late = false;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        struct hub_deadline *deadline = &row->deadlines[i];
        const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
        if (!hub_deadline_is_due(deadline) || limit == NULL ||
            deadline->extension_count >= limit->extend_times ||
            deadline->extension_count >= HUB_EXTENSIONS_MAX)
            continue;
        if (step->at_ms >= deadline->end_ms)
            *late = true;
        else if (found == NULL || deadline->end_ms < found->end_ms)
            found = deadline;
    }
    return found;
}

bool hub_clocks_can_pause(const struct hub_step *step, const struct hub_referral *row)
{
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
        if (limit != NULL && limit->pausable && hub_deadline_is_live(deadline) &&
            deadline->pause_count == HUB_PAUSES_MAX)
            return false;
    }
    return true;
}

bool hub_clocks_bar(const struct hub_step *step, const struct hub_referral *row,
                    enum rh_kind kind)
{
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
        if (limit != NULL && rh_kind_in(&limit->bars, kind) && hub_deadline_is_live(deadline) &&
            (deadline->status == HUB_DEADLINE_PAUSED || step->at_ms < deadline->end_ms))
            return true;
    }
    return false;
}

enum hub_right hub_clocks_right(const struct hub_step *step, const struct hub_referral *row,
                                enum rh_kind kind)
{
    enum hub_right right = HUB_RIGHT_NONE;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
        if (!deadline->right_only || limit == NULL || !rh_kind_in(&limit->met_by, kind) ||
            deadline->start_ms < row->dispatched_ms)
            continue;
        bool open = deadline->status == HUB_DEADLINE_PAUSED ||
                    (deadline->status == HUB_DEADLINE_RUNNING &&
                     step->at_ms < deadline->end_ms);
        bool used = deadline->status == HUB_DEADLINE_MET ||
                    deadline->status == HUB_DEADLINE_MET_LATE;
        right = open ? HUB_RIGHT_OPEN : used ? HUB_RIGHT_USED : HUB_RIGHT_OVER;
    }
    return right;
}
