/* Which clocks an event starts, and which it takes up again. */
#include "core/clock.h"

#include <string.h>

/* ---- starting -------------------------------------------------------------------------- */

#define START(start) (1u << RH_START_##start)

static const struct {
    enum rh_kind kind;
    uint32_t starts;
} starters[] = {
    { RH_KIND_REGISTER, START(REGISTERED) },
    { RH_KIND_DESIGNATE, START(STORED) },
    { RH_KIND_ARRIVED, START(ARRIVED) | START(COMPLETED) },
    { RH_KIND_SIGN, START(SIGNED) },
    { RH_KIND_OVERRULE, START(SIGNED) },
    { RH_KIND_OBJECT, START(OBJECTED) },
    { RH_KIND_UPHOLD, START(RETURNED) },
    { RH_KIND_RETURN, START(RETURNED) },
    { RH_KIND_RECALL, START(RETURNED) },
    { RH_KIND_SUPPLEMENT_REQUEST, START(SUPPLEMENT) },
    { RH_KIND_SUPPLEMENT, START(COMPLETED) },
    { RH_KIND_ACCEPT, START(ACCEPTED) },
    { RH_KIND_CONCLUDE, START(CONCLUDED) },
    { RH_KIND_REFUSE, START(CONCLUDED) },
    { RH_KIND_REPLY, START(REPLIED) },
    { RH_KIND_SUSPEND, START(SUSPENDED) },
    { RH_KIND_REVISIT, START(REVISIT) },
    { RH_KIND_REOPEN, START(REOPENED) },
    { RH_KIND_REJECT_REPORT, START(REOPENED) },
};

static uint32_t starts_of_kind(enum rh_kind kind)
{
    if (rh_kind_is_dispatch(kind))
        return START(STORED);
    for (unsigned i = 0; i < sizeof(starters) / sizeof(starters[0]); i++) {
        if (starters[i].kind == kind)
            return starters[i].starts;
    }
    return 0;
}

/* A matter taken up again gets a new handling clock; where the procedure names none for that,
 * it is the one from acceptance. */
static uint32_t starts_of(const struct rh_procedure *procedure, const struct hub_change *change)
{
    uint32_t starts = starts_of_kind(change->kind);
    if (change->kind == RH_KIND_REGISTER && change->before != RH_STATE_NONE)
        return 0; /* the next document of a chain: meets a clock here, starts its own there */
    if (change->fresh)
        starts |= START(REGISTERED);
    if ((starts & START(REOPENED)) == 0)
        return starts;
    for (uint32_t i = 0; i < procedure->limit_count; i++) {
        if (procedure->limits[i].start == RH_START_REOPENED)
            return starts;
    }
    return starts | START(ACCEPTED);
}

/* Whether the instant that a limit starts from has come in the dispatch in force. */
static bool has_begun(const struct rh_limit *limit, const struct hub_referral *row)
{
    if (limit->start == RH_START_ARRIVED || limit->start == RH_START_COMPLETED)
        return row->arrived;
    if (limit->start == RH_START_SIGNED)
        return row->signed_once;
    return true;
}

/* Counted from registration or from a date of the facts: the clock of the matter, not of one
 * agency. It goes on wherever the matter goes. */
static bool is_of_matter(const struct rh_limit *limit)
{
    return limit->start == RH_START_REGISTERED || limit->start == RH_START_FACT;
}

/* Go on where a clock stopped when the matter left. `took_out`: the time away does not count.
 */
static bool revive(struct hub_step *step, struct hub_referral *row,
                   const struct rh_limit *limit, struct hub_deadline *last, bool took_out,
                   uint64_t at_ms)
{
    uint32_t owed_by = hub_clock_owner(row, limit->owed_by);
    if (last == NULL || last->status != HUB_DEADLINE_CANCELLED || !last->left ||
        !has_begun(limit, row))
        return false;
    if (is_of_matter(limit))
        took_out = false;
    else if (last->owed_by != owed_by)
        return false;
    if (took_out && last->pause_count == HUB_PAUSES_MAX)
        return false;
    if (took_out)
        last->pauses[last->pause_count++] =
            (struct hub_pause){ .from_ms = last->ended_ms,
                                .to_ms = at_ms > last->ended_ms ? at_ms : last->ended_ms };
    last->left = false;
    last->ended_ms = 0;
    last->owed_by = owed_by;
    hub_clock_take_roll(step, row, last);
    hub_clock_run(step, row, last, limit, at_ms);
    return true;
}

/* The day a fact names, as YYYYMMDD; 0 when it is no such day. */
static uint64_t fact_day_ms(const struct rh_fact *fact)
{
    struct rh_date date;
    if (!fact->is_number || fact->number < 19700101 || fact->number > 21991231)
        return 0;
    if (rh_date_from_civil((int32_t)(fact->number / 10000), (int32_t)(fact->number / 100 % 100),
                           (int32_t)(fact->number % 100), &date) != RH_OK)
        return 0;
    return rh_date_start_ms(date);
}

static void start_from_fact(struct hub_step *step, struct hub_referral *row,
                            const struct rh_limit *limit, bool owed, bool entered)
{
    const struct rh_fact *fact = NULL;
    for (uint32_t i = 0; i < row->fact_count; i++) {
        if (strcmp(row->facts[i].key, limit->fact) == 0)
            fact = &row->facts[i];
    }
    uint64_t start_ms = fact != NULL ? fact_day_ms(fact) : 0;
    if (start_ms == 0)
        return;
    struct hub_deadline *last = hub_clock_newest(row, limit->id);
    if (last != NULL && last->start_ms == start_ms) {
        if (!owed && entered)
            (void)revive(step, row, limit, last, false, step->at_ms);
        return;
    }
    if (owed)
        hub_clock_cancel(step, row, last, false); /* the date was corrected */
    hub_clock_begin_limit(step, row, limit, start_ms, 0, 0);
}

/* The rest of a dispatch limit that was met once and is owed again after a return. */
static bool start_rest(struct hub_step *step, struct hub_referral *row,
                       const struct rh_limit *limit, const struct hub_deadline *last)
{
    if (row->state != RH_STATE_RETURNED || limit->start != RH_START_REGISTERED ||
        last == NULL || last->status != HUB_DEADLINE_MET || last->end_ms <= step->at_ms)
        return false;
    hub_clock_begin_limit(step, row, limit, last->start_ms, 0, 0);
    return true;
}

/* Entering its states when its start lies behind already ("three months from arrival, while in
 * progress"): the instant, or 0 when it has not come or was counted from before. */
static uint64_t past_start(const struct rh_limit *limit, const struct hub_referral *row,
                           const struct hub_deadline *last)
{
    uint64_t at_ms = 0, since_ms = row->dispatched_ms;
    if (limit->start == RH_START_STORED)
        at_ms = row->dispatched_ms;
    else if (limit->start == RH_START_ARRIVED)
        at_ms = row->arrived ? row->arrived_ms : 0;
    else if (limit->start == RH_START_COMPLETED)
        at_ms = row->arrived ? row->completed_ms : 0;
    else if (limit->start == RH_START_SIGNED)
        at_ms = row->signed_once ? row->signed_ms : 0;
    else if (limit->start == RH_START_ACCEPTED)
        at_ms = since_ms = row->accepted_ms;
    else if (limit->start == RH_START_CONCLUDED)
        at_ms = since_ms = row->concluded_ms;
    else if (limit->start == RH_START_REPLIED)
        at_ms = since_ms = row->replied_ms;
    else if (limit->start == RH_START_REGISTERED && last == NULL)
        at_ms = row->registered_ms;
    return last == NULL || last->start_ms < since_ms ? at_ms : 0;
}

/* What a clock depends on may come to hold when its state was entered long ago. */
static bool has_come_to_hold(const struct rh_limit *limit, const struct hub_deadline *last)
{
    return last == NULL && (limit->when.fact[0] != 0 || limit->when.outcomes[0][0] != 0);
}

static uint64_t start_instant(const struct rh_limit *limit, const struct hub_referral *row,
                              const struct hub_change *change)
{
    return limit->start == RH_START_REGISTERED ? row->registered_ms : change->at_ms;
}

static void start_limit(struct hub_step *step, struct hub_referral *row,
                        const struct rh_limit *limit, const struct hub_change *change,
                        uint32_t starts)
{
    struct hub_deadline *last = hub_clock_newest(row, limit->id);
    bool owed = last != NULL && hub_deadline_is_owed(last);
    bool entered = limit->states != 0 && (change->before == RH_STATE_NONE ||
                                          !rh_state_in(limit->states, change->before));
    bool started = (starts & (1u << (unsigned)limit->start)) != 0;
    entered = entered || has_come_to_hold(limit, last);

    bool same_agency = !started || row->no_clock_reset || change->kind == RH_KIND_SUPPLEMENT ||
                       change->kind == RH_KIND_OVERRULE;
    bool took_out = change->kind != RH_KIND_OVERRULE;
    if (limit->span.n == 0) { /* the sender's date: a new one, or the one it had before */
        if (change->due_ms != 0 && !owed)
            hub_clock_begin_limit(step, row, limit, change->at_ms, 0, change->due_ms);
        else if (!owed && same_agency && entered)
            (void)revive(step, row, limit, last, took_out, change->at_ms);
        return;
    }
    if (limit->start == RH_START_FACT) {
        start_from_fact(step, row, limit, owed, entered);
        return;
    }
    if (change->kind == RH_KIND_SUPPLEMENT && limit->start == RH_START_COMPLETED &&
        hub_step_procedure(step, row)->supplement_restarts) {
        if (owed)
            hub_clock_cancel(step, row, last, false);
        hub_clock_begin_limit(step, row, limit, change->at_ms, 0, 0);
        return;
    }
    if (owed)
        return;
    if (same_agency && (entered || started) &&
        revive(step, row, limit, last, took_out, change->at_ms))
        return;
    if (entered && start_rest(step, row, limit, last))
        return;
    uint64_t start_ms = 0;
    if (limit->start == RH_START_STATE ? entered
                                       : started && change->kind != RH_KIND_SUPPLEMENT)
        start_ms = start_instant(limit, row, change);
    else if (entered)
        start_ms = past_start(limit, row, last);
    if (start_ms != 0)
        hub_clock_begin_limit(step, row, limit, start_ms, 0, 0);
}

void hub_clocks_start(struct hub_step *step, struct hub_referral *row,
                      const struct hub_change *change)
{
    const struct rh_procedure *procedure = hub_step_procedure(step, row);
    uint32_t starts = starts_of(procedure, change);
    bool due_taken = change->due_ms == 0;
    for (uint32_t i = 0; i < procedure->limit_count; i++) {
        const struct rh_limit *limit = &procedure->limits[i];
        if (!hub_clock_applies(limit, row) || limit->start == RH_START_AFTER)
            continue;
        start_limit(step, row, limit, change, starts);
        due_taken = due_taken || limit->span.n == 0;
    }
    if (!due_taken)
        hub_clock_begin_assigned(step, row, change->at_ms, change->due_ms);
}
