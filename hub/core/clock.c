/* One clock: its dates, and what can be done to it. */
#include "core/clock.h"

#include <string.h>

const struct rh_limit *hub_clock_limit(const struct hub_step *step,
                                       const struct hub_referral *row,
                                       const struct hub_deadline *deadline)
{
    return rh_procedure_limit(hub_step_procedure(step, row), deadline->limit);
}

bool hub_clock_is_watchdog(const struct hub_deadline *deadline)
{
    return strcmp(deadline->limit, HUB_LIMIT_WATCHDOG) == 0;
}

static bool kinds_empty(const struct rh_kind_set *set)
{
    return (set->bits[0] | set->bits[1]) == 0;
}

static bool is_of_outcome(const struct rh_when *when, const struct hub_referral *row)
{
    for (uint32_t i = 0; i < RH_WHEN_MAX && when->outcomes[i][0] != 0; i++) {
        if (strcmp(when->outcomes[i], row->outcome) == 0)
            return true;
    }
    return when->outcomes[0][0] == 0;
}

bool hub_clock_applies(const struct rh_limit *limit, const struct hub_referral *row)
{
    if (!is_of_outcome(&limit->when, row))
        return false;
    /* Nobody is asked for the next document of a chain while it is there. */
    if (row->review_open > 0 && rh_kind_in(&limit->met_by, RH_KIND_REGISTER))
        return false;
    if (limit->when.fact[0] != 0 &&
        !hub_referral_has_fact(row, limit->when.fact, limit->when.equals))
        return false;
    if (!kinds_empty(&limit->kinds) && !rh_kind_in(&limit->kinds, row->kind))
        return false;
    return limit->states == 0 || rh_state_in(limit->states, row->state);
}

uint32_t hub_clock_owner(const struct hub_referral *row, enum rh_actor actor)
{
    uint32_t agency = HUB_AGENCY_NONE;
    if (actor == RH_ACTOR_ADDRESSEE || actor == RH_ACTOR_LEAD)
        agency = row->addressee;
    else if (actor == RH_ACTOR_SENDER)
        agency = row->sender;
    else if (actor == RH_ACTOR_ORIGIN)
        agency = row->origin;
    else if (actor == RH_ACTOR_ASSIGNER)
        agency = row->assigner;
    return agency != HUB_AGENCY_NONE ? agency : row->holder;
}

bool hub_clocks_stand(const struct hub_referral *row)
{
    return row->state == RH_STATE_SUSPENDED || row->hearing;
}

/* ---- dates ----------------------------------------------------------------------------- */

/* An end the sender wrote into the assignment: moved by what it stood still, then extended. */
static bool compute_set(const struct rh_calendar *calendar, struct hub_deadline *deadline)
{
    uint64_t end_ms = deadline->set_ms;
    for (uint32_t i = 0; i < deadline->pause_count; i++) {
        if (deadline->pauses[i].to_ms == 0) {
            deadline->end_ms = 0;
            return true;
        }
        end_ms += deadline->pauses[i].to_ms - deadline->pauses[i].from_ms;
    }
    for (uint32_t i = 0; i < deadline->extension_count; i++) {
        if (hub_deadline_after(calendar, end_ms, &deadline->extensions[i], &end_ms) != RH_OK)
            return false;
    }
    deadline->end_ms = end_ms;
    deadline->nominal = rh_date_of_instant(end_ms - 1).days;
    return true;
}

bool hub_clock_compute(const struct rh_calendar *calendar, struct hub_deadline *deadline)
{
    if (deadline->sender_set)
        return compute_set(calendar, deadline);
    struct hub_deadline_input input = hub_deadline_input_of(deadline);
    struct hub_deadline_result result;
    if (hub_deadline_recur(calendar, &input, deadline->round + 1, &result) != RH_OK)
        return false;
    deadline->nominal = result.nominal.days;
    deadline->provisional = result.provisional;
    deadline->end_ms = result.stopped ? 0 : result.end_ms;
    return true;
}

void hub_clock_arm(struct hub_step *step, const struct hub_referral *row,
                   struct hub_deadline *deadline, bool fresh)
{
    rh_assert(deadline->status == HUB_DEADLINE_RUNNING);
    deadline->step_ms = deadline->end_ms;
    const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
    if (limit == NULL || limit->soon.n == 0 || (!fresh && deadline->soon_ms == 0))
        return;
    uint64_t soon_ms;
    if (hub_deadline_before(hub_step_calendar(step, row), deadline->end_ms, &limit->soon,
                            &soon_ms) != RH_OK)
        soon_ms = 0;
    deadline->soon_ms = soon_ms > deadline->start_ms ? soon_ms : 0;
}

/* ---- ending ---------------------------------------------------------------------------- */

static void quiet(struct hub_deadline *deadline)
{
    deadline->soon_ms = 0;
    deadline->step_ms = 0;
}

void hub_clock_close_pause(struct hub_deadline *deadline, uint64_t at_ms)
{
    if (deadline->pause_count == 0 || deadline->pauses[deadline->pause_count - 1].to_ms != 0)
        return;
    struct hub_pause *pause = &deadline->pauses[deadline->pause_count - 1];
    pause->to_ms = at_ms > pause->from_ms ? at_ms : pause->from_ms;
}

void hub_clock_expire(struct hub_step *step, struct hub_referral *row,
                      struct hub_deadline *deadline)
{
    rh_assert(deadline->status == HUB_DEADLINE_RUNNING);
    rh_assert(step->at_ms >= deadline->end_ms);
    quiet(deadline);
    if (deadline->right_only) {
        deadline->status = HUB_DEADLINE_LAPSED;
        deadline->ended_ms = step->at_ms;
        hub_step_note(step, RH_KIND_NOTICE, row, deadline, 0, deadline->owed_by);
        return;
    }
    deadline->status = HUB_DEADLINE_MISSED;
    deadline->missed_ms = step->event->now_ms; /* when it was recorded */
    hub_step_note(step, RH_KIND_OVERDUE, row, deadline, 0, deadline->owed_by);
}

/* Running past its end, only because the timer has not fired yet: never silent. */
static void expire_if_due(struct hub_step *step, struct hub_referral *row,
                          struct hub_deadline *deadline)
{
    if (deadline->status == HUB_DEADLINE_RUNNING && step->at_ms >= deadline->end_ms)
        hub_clock_expire(step, row, deadline);
}

void hub_clock_meet(struct hub_step *step, struct hub_referral *row,
                    struct hub_deadline *deadline, enum rh_kind kind)
{
    expire_if_due(step, row, deadline);
    if (!hub_deadline_is_owed(deadline))
        return;
    hub_clock_close_pause(deadline, step->at_ms);
    deadline->status = deadline->missed_ms != 0 ? HUB_DEADLINE_MET_LATE : HUB_DEADLINE_MET;
    deadline->ended_ms = step->at_ms;
    quiet(deadline);
    hub_step_note(step, kind, row, deadline, 0, deadline->owed_by);
}

void hub_clock_cancel(struct hub_step *step, struct hub_referral *row,
                      struct hub_deadline *deadline, bool left)
{
    expire_if_due(step, row, deadline);
    if (!hub_deadline_is_owed(deadline))
        return;
    hub_clock_close_pause(deadline, step->at_ms);
    if (deadline->status != HUB_DEADLINE_MISSED) {
        deadline->status = HUB_DEADLINE_CANCELLED;
        deadline->left = left;
    }
    deadline->ended_ms = step->at_ms;
    quiet(deadline);
}

/* ---- beginning ------------------------------------------------------------------------- */

static void drop(struct hub_referral *row, uint32_t at)
{
    memmove(&row->deadlines[at], &row->deadlines[at + 1],
            (row->deadline_count - at - 1) * sizeof(row->deadlines[0]));
    row->deadline_count--;
    memset(&row->deadlines[row->deadline_count], 0, sizeof(row->deadlines[0]));
}

/* Ended clocks are kept while there is room; the journal keeps them for ever. The first to go
 * are watchdogs, of which a matter that lies for years has many: they must not push out the
 * clock by which it is judged. Then what ended longest ago, last of all what was missed and is
 * owed. */
static bool may_drop(const struct hub_deadline *deadline, unsigned pass)
{
    if (pass == 0)
        return hub_clock_is_watchdog(deadline) && !hub_deadline_is_owed(deadline);
    if (pass == 1)
        return !hub_deadline_is_owed(deadline);
    return deadline->status == HUB_DEADLINE_MISSED;
}

static void make_room(struct hub_referral *row)
{
    if (row->deadline_count < HUB_DEADLINES_MAX)
        return;
    for (unsigned pass = 0; pass < 3; pass++) {
        for (uint32_t i = 0; i < row->deadline_count; i++) {
            if (may_drop(&row->deadlines[i], pass)) {
                drop(row, i);
                return;
            }
        }
    }
    rh_assert(false); /* more live clocks than limits of a procedure */
}

void hub_clock_pause(struct hub_step *step, const struct hub_referral *row,
                     struct hub_deadline *deadline, uint64_t at_ms)
{
    if (deadline->pause_count == HUB_PAUSES_MAX || at_ms >= deadline->end_ms)
        return;
    if (at_ms < deadline->start_ms)
        at_ms = deadline->start_ms;
    deadline->pauses[deadline->pause_count++] = (struct hub_pause){ .from_ms = at_ms };
    deadline->status = HUB_DEADLINE_PAUSED;
    deadline->step_ms = 0;
    (void)hub_clock_compute(hub_step_calendar(step, row), deadline);
    deadline->end_ms = 0;
}

/* Compute, arm, and stand still at once if everything does. A clock whose terms give no date
 * (beyond all years) does not run: the watchdog takes its place. */
void hub_clock_run(struct hub_step *step, struct hub_referral *row,
                   struct hub_deadline *deadline, const struct rh_limit *limit, uint64_t at_ms)
{
    deadline->status = HUB_DEADLINE_RUNNING;
    if (!hub_clock_compute(hub_step_calendar(step, row), deadline) || deadline->end_ms == 0) {
        deadline->status = HUB_DEADLINE_CANCELLED;
        deadline->ended_ms = step->at_ms;
        quiet(deadline);
        return;
    }
    hub_clock_arm(step, row, deadline, true);
    if (limit != NULL && limit->pausable && hub_clocks_stand(row))
        hub_clock_pause(step, row, deadline, at_ms);
}

struct hub_deadline *hub_clock_begin(struct hub_step *step, struct hub_referral *row,
                                     const char *id, uint32_t owed_by, uint64_t start_ms)
{
    make_room(row);
    struct hub_deadline *deadline = &row->deadlines[row->deadline_count++];
    memset(deadline, 0, sizeof(*deadline));
    deadline->serial = ++row->deadline_serial;
    size_t bytes = strlen(id);
    rh_assert(bytes <= RH_RULE_ID_BYTES_MAX);
    memcpy(deadline->limit, id, bytes);
    deadline->start_ms = start_ms;
    deadline->start_index = step->event->index;
    if (start_ms < step->event->now_ms)
        deadline->lost_generation = step->event->lost_generation;
    deadline->owed_by = owed_by;
    return deadline;
}

bool hub_clock_stays(const struct rh_limit *limit, const struct hub_referral *row)
{
    return limit->no_roll_fact[0] != 0 &&
           hub_referral_has_fact(row, limit->no_roll_fact, limit->no_roll_equals);
}

/* What becomes of a last day off: the rule says, or the place, and above both what forbids
 * it. */
static enum rh_roll roll_of(const struct hub_step *step, const struct hub_referral *row,
                            const struct rh_limit *limit)
{
    const struct rh_local *local =
        rh_rules_local(step->world->rules, row->procedure, limit->id, row->area);
    if (hub_clock_stays(limit, row))
        return RH_ROLL_NONE;
    return local != NULL ? local->roll : limit->roll;
}

void hub_clock_note_moved(struct hub_step *step, const struct hub_referral *row,
                          const struct hub_deadline *deadline, uint64_t was_ms)
{
    hub_step_note(step, RH_KIND_NOTICE, row, deadline, 0, deadline->owed_by);
    if (step->err != RH_OK)
        return;
    struct hub_note_out *note = &step->out->notes[step->out->note_count - 1];
    note->was_ms = was_ms;
    note->now_ms = deadline->end_ms;
}

/* An end is never put behind the instant that moves it: somebody taken into custody on a day
 * off after the last day makes nobody late who was in time until then. */
void hub_clock_take_roll(struct hub_step *step, struct hub_referral *row,
                         struct hub_deadline *deadline)
{
    const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
    if (limit == NULL || limit->no_roll_fact[0] == 0 || deadline->sender_set)
        return;
    struct hub_deadline moved = *deadline;
    moved.roll = roll_of(step, row, limit);
    if (moved.roll == deadline->roll)
        return;
    if (deadline->status != HUB_DEADLINE_RUNNING) {
        deadline->roll = moved.roll; /* counts when it runs again */
        return;
    }
    if (step->at_ms >= deadline->end_ms ||
        !hub_clock_compute(hub_step_calendar(step, row), &moved) || moved.end_ms <= step->at_ms)
        return;
    uint64_t was_ms = deadline->end_ms;
    *deadline = moved;
    if (moved.end_ms == was_ms)
        return;
    hub_clock_arm(step, row, deadline, false);
    hub_clock_note_moved(step, row, deadline, was_ms);
    (void)hub_step_deliver_record(step, row, deadline->owed_by, HUB_AGENCY_HUB, RH_KIND_NOTICE,
                                  step->event->index);
}

void hub_clock_set_terms(const struct hub_step *step, const struct hub_referral *row,
                         const struct rh_limit *limit, struct hub_deadline *deadline)
{
    const struct rh_local *local =
        rh_rules_local(step->world->rules, row->procedure, limit->id, row->area);
    const struct rh_span *span = local != NULL ? &local->span : &limit->span;
    deadline->law =
        (local != NULL ? local->verification : limit->verification) != RH_VERIFIED_POLICY;
    deadline->right_only = limit->right_only;
    deadline->unit = span->unit;
    deadline->n = span->n;
    deadline->roll = roll_of(step, row, limit);
}

void hub_clock_begin_limit(struct hub_step *step, struct hub_referral *row,
                           const struct rh_limit *limit, uint64_t start_ms, uint32_t round,
                           uint64_t set_ms)
{
    struct hub_deadline *deadline =
        hub_clock_begin(step, row, limit->id, hub_clock_owner(row, limit->owed_by), start_ms);
    hub_clock_set_terms(step, row, limit, deadline);
    deadline->round = round;
    deadline->sender_set = set_ms != 0;
    deadline->set_ms = set_ms;
    hub_clock_run(step, row, deadline, limit, start_ms);
}

void hub_clock_begin_assigned(struct hub_step *step, struct hub_referral *row, uint64_t at_ms,
                              uint64_t set_ms)
{
    struct hub_deadline *deadline = hub_clock_begin(
        step, row, HUB_LIMIT_ASSIGNED, hub_clock_owner(row, RH_ACTOR_ADDRESSEE), at_ms);
    deadline->sender_set = true;
    deadline->set_ms = set_ms;
    hub_clock_run(step, row, deadline, NULL, at_ms);
}

enum rh_refusal hub_clock_extend(struct hub_step *step, struct hub_referral *row,
                                 struct hub_deadline *deadline, uint32_t n)
{
    const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
    rh_assert(limit != NULL);
    rh_assert(deadline->extension_count < HUB_EXTENSIONS_MAX);
    struct hub_deadline longer = *deadline;
    longer.extensions[longer.extension_count++] = (struct rh_span){ limit->extend_max.unit, n };
    if (!hub_clock_compute(hub_step_calendar(step, row), &longer))
        return RH_REFUSE_EXTENSION_LIMIT;
    if (step->at_ms >= longer.end_ms)
        return RH_REFUSE_EXTENSION_LATE;
    expire_if_due(step, row, deadline);
    longer.missed_ms = deadline->missed_ms;
    longer.step = 0; /* its ladder begins at the new end */
    *deadline = longer;
    hub_clock_run(step, row, deadline, limit, step->at_ms);
    return RH_REFUSE_NONE;
}

/* Newest clock of a limit, owed or ended; NULL when there is none. */
struct hub_deadline *hub_clock_newest(struct hub_referral *row, const char *limit)
{
    struct hub_deadline *found = NULL;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        if (strcmp(row->deadlines[i].limit, limit) == 0)
            found = &row->deadlines[i];
    }
    return found;
}
