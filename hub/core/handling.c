/* From signing to the decision's eve: sign, supplement, accept, refuse, start, suspend, extend;
 * and sealing, which hides a matter without moving it. */
#include "core/clocks.h"

#include <string.h>

bool hub_decide_sign(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (row->state == RH_STATE_SIGNED) {
        step->idle = true;
        return true;
    }
    if (!row->arrived && !hub_dispatch_arrive(step, row))
        return false;
    row->signed_once = true;
    row->signed_ms = step->at_ms;
    hub_step_move(step, RH_KIND_SIGN, RH_STATE_SIGNED, row->addressee);
    return hub_step_tell(step, HUB_TELL_SENDER);
}

bool hub_decide_supplement_request(struct hub_step *step)
{
    if (!step->procedure->may_supplement ||
        step->row->supplement_count >= step->procedure->supplement_times)
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    step->row->supplement_count++;
    hub_step_move(step, RH_KIND_SUPPLEMENT_REQUEST, RH_STATE_SUPPLEMENTING, step->row->sender);
    return hub_step_tell(step, HUB_TELL_SENDER);
}

bool hub_decide_supplement(struct hub_step *step)
{
    step->row->completed_ms = step->at_ms;
    hub_step_move(step, RH_KIND_SUPPLEMENT, RH_STATE_SIGNED, step->row->addressee);
    return hub_step_tell(step, HUB_TELL_ADDRESSEE);
}

/* A leader in charge 领导包案 is owed for whole procedures, for categories (首次信访 of the
 * three types), and for what was raised before. */
static bool needs_leader(const struct rh_procedure *procedure, const struct hub_referral *row)
{
    if (procedure->leader_required)
        return true;
    bool repeated = row->repeat || !rh_id_is_zero(row->repeat_of.bytes) ||
                    (hub_referral_has_fact(row, "repeat", "") &&
                     !hub_referral_has_fact(row, "repeat", "no"));
    if (procedure->leader_repeats && repeated)
        return true;
    for (uint32_t i = 0; i < RH_LEADER_CATEGORIES_MAX; i++) {
        const char *pattern = procedure->leader_categories[i];
        if (pattern[0] != 0 && rh_category_matches(pattern, row->category))
            return true;
    }
    return false;
}

static void name_leader(struct hub_referral *row)
{
    row->leader_named = true;
    row->leader_count++;
}

/* Another person takes charge, or the first one: on record, and the assigner hears of it. */
bool hub_decide_leader(struct hub_step *step)
{
    name_leader(step->row);
    return hub_step_tell(step, HUB_TELL_SENDER | HUB_TELL_ORIGIN | HUB_TELL_ASSIGNER);
}

bool hub_decide_accept(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (step->item->leader_named)
        name_leader(row);
    if (needs_leader(step->procedure, row) && !row->leader_named)
        return hub_step_refuse(step, RH_REFUSE_LEADER_REQUIRED, 22);
    row->objected_by = HUB_AGENCY_NONE;
    row->accepted_ms = step->at_ms;
    hub_step_move(step, RH_KIND_ACCEPT,
                  step->procedure->has_start ? RH_STATE_ACCEPTED : RH_STATE_IN_PROGRESS,
                  row->addressee);
    return hub_step_tell(step, HUB_TELL_SENDER | HUB_TELL_ORIGIN);
}

bool hub_decide_refuse(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (!step->procedure->may_refuse)
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    if (!hub_competence_ground(step))
        return false;
    memcpy(row->outcome, step->item->code, sizeof(row->outcome));
    hub_step_move(step, RH_KIND_REFUSE, RH_STATE_NOT_ACCEPTED, row->addressee);
    return hub_step_tell(step, HUB_TELL_SENDER | HUB_TELL_ORIGIN);
}

bool hub_decide_start(struct hub_step *step)
{
    hub_step_move(step, RH_KIND_START, RH_STATE_IN_PROGRESS, step->row->addressee);
    return hub_step_tell(step, HUB_TELL_SENDER);
}

bool hub_decide_suspend(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (!step->procedure->may_suspend || !hub_clocks_can_pause(step, row))
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    if (!hub_code_listed(&step->procedure->grounds, step->item->code))
        return hub_step_refuse(step, RH_REFUSE_PAUSE_GROUND, 13);
    row->suspended_ms = step->at_ms;
    hub_step_move(step, RH_KIND_SUSPEND, RH_STATE_SUSPENDED, row->addressee);
    return hub_step_tell(step, HUB_TELL_SENDER | HUB_TELL_ORIGIN);
}

bool hub_decide_resume(struct hub_step *step)
{
    hub_step_move(step, RH_KIND_RESUME, RH_STATE_IN_PROGRESS, step->row->addressee);
    return hub_step_tell(step, HUB_TELL_SENDER | HUB_TELL_ORIGIN);
}

/* ---- extension: longest length and number of times are the rule's ----------------------- */

static bool within(struct hub_step *step, const struct hub_deadline *deadline, bool late,
                   uint32_t n)
{
    if (deadline == NULL)
        return hub_step_refuse(
            step, late ? RH_REFUSE_EXTENSION_LATE : RH_REFUSE_EXTENSION_LIMIT, 18);
    const struct rh_limit *limit = hub_clock_limit(step, step->row, deadline);
    rh_assert(limit != NULL);
    if (n == 0)
        return hub_step_refuse(step, RH_REFUSE_FIELD_MISSING, 18);
    if (n > limit->extend_max.n)
        return hub_step_refuse(step, RH_REFUSE_EXTENSION_LIMIT, 18);
    return true;
}

bool hub_decide_extend_request(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (row->extend_pending)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 2);
    bool late;
    const struct hub_deadline *deadline = hub_clock_extendable(step, row, &late);
    if (!within(step, deadline, late, step->item->extend_n))
        return false;
    row->extend_pending = true;
    row->extend_n = step->item->extend_n;
    row->extend_serial = deadline->serial;
    const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
    if (limit->extend_by == RH_ACTOR_SUPERIOR)
        (void)hub_step_deliver(step, row, hub_actor_superior(step, row, row->addressee),
                               RH_KIND_EXTEND_REQUEST);
    return hub_step_tell(step, HUB_TELL_SENDER);
}

/* The clock asked for; without a request the holder's own head may decide straight away. What
 * was asked for in time may be granted when the end has passed: who asked did not delay. */
static struct hub_deadline *clock_to_extend(struct hub_step *step, bool *late)
{
    struct hub_referral *row = step->row;
    if (!row->extend_pending)
        return hub_clock_extendable(step, row, late);
    *late = false;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        struct hub_deadline *deadline = &row->deadlines[i];
        if (deadline->serial == row->extend_serial && hub_deadline_is_due(deadline))
            return deadline;
    }
    return NULL;
}

bool hub_decide_extend_grant(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    bool late;
    struct hub_deadline *deadline = clock_to_extend(step, &late);
    uint32_t n = step->item->extend_n != 0 || !row->extend_pending ? step->item->extend_n
                                                                   : row->extend_n;
    if (!within(step, deadline, late, n))
        return false;
    const struct rh_limit *limit = hub_clock_limit(step, row, deadline);
    if ((step->actors & HUB_ACTOR_BIT(limit->extend_by)) == 0)
        return hub_step_refuse(step, RH_REFUSE_APPROVER_REQUIRED, 2);
    if (!row->extend_pending && limit->extend_by != RH_ACTOR_HOLDER &&
        limit->extend_by != RH_ACTOR_ADDRESSEE)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 2);
    const enum rh_refusal refusal = hub_clock_extend(step, row, deadline, n);
    if (refusal != RH_REFUSE_NONE)
        return hub_step_refuse(step, refusal, 18);
    row->extend_pending = false;
    return hub_step_tell(step, HUB_TELL_ADDRESSEE | HUB_TELL_SENDER | HUB_TELL_ORIGIN);
}

bool hub_decide_extend_deny(struct hub_step *step)
{
    if (!step->row->extend_pending)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 2);
    step->row->extend_pending = false;
    return hub_step_tell(step, HUB_TELL_ADDRESSEE | HUB_TELL_SENDER);
}

/* ---- sealing ---------------------------------------------------------------------------- */

enum { TELL_PARTIES = HUB_TELL_ORIGIN | HUB_TELL_SENDER | HUB_TELL_ADDRESSEE };

bool hub_decide_seal(struct hub_step *step)
{
    if (step->row->sealed)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 2);
    step->row->sealed = true;
    step->row->sealed_by = step->agency;
    return hub_screening_sealed(step) && hub_step_tell(step, TELL_PARTIES);
}

bool hub_decide_unseal(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (!row->sealed)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 2);
    if (row->sealed_by != step->agency &&
        (step->actors & HUB_ACTOR_BIT(RH_ACTOR_SUPERVISOR)) == 0)
        return hub_step_refuse(step, RH_REFUSE_WRONG_ACTOR, 2);
    row->sealed = false;
    row->sealed_by = HUB_AGENCY_NONE;
    return hub_step_tell(step, TELL_PARTIES);
}
