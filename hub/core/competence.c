/* Whose matter is it: objection, its decision, return, recall, designation.
 *
 * A matter that bounces a third time between the same two agencies goes up by itself: their
 * common superior then holds it and must designate (信访工作条例 art. 24). So does the
 * objection of a second agency, once that of a first was upheld: it is no longer a question
 * between the sender and one addressee. */
#include "core/clocks.h"

#include <string.h>

enum { BOUNCES_MAX = 3 };

/* One more bounce between sender and addressee; returns who holds the matter now. */
static uint32_t bounce(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    uint32_t low = row->sender < row->addressee ? row->sender : row->addressee;
    uint32_t high = row->sender < row->addressee ? row->addressee : row->sender;
    if (row->bounce_a != low || row->bounce_b != high) {
        row->bounce_a = low;
        row->bounce_b = high;
        row->bounce_pair = 0;
    }
    row->bounce_pair++;
    row->bounce_count++;
    row->no_clock_reset = true;
    row->designated = false;
    if (row->bounce_pair < BOUNCES_MAX)
        return row->sender;
    uint32_t above = hub_actor_common_superior(step, row);
    return above != HUB_AGENCY_NONE ? above : row->sender;
}

/* Who decides on the objection of the addressee: the sender; for a second objector the common
 * superior, who should stand above the first one too. */
static uint32_t arbiter(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (row->objected_by == HUB_AGENCY_NONE || row->objected_by == row->addressee)
        return row->sender;
    uint32_t above = hub_actor_common_superior(step, row);
    uint32_t at = above;
    while (at != HUB_AGENCY_NONE && !hub_actor_is_above(step, at, row->objected_by))
        at = hub_actor_superior(step, row, at);
    if (at != HUB_AGENCY_NONE)
        return at;
    return above != HUB_AGENCY_NONE ? above : row->sender;
}

bool hub_competence_ground(struct hub_step *step)
{
    const struct rh_public *item = step->item;
    struct hub_agency self;
    bool found;
    if (!hub_code_listed(&step->procedure->refusals, item->code))
        return hub_step_refuse(step, RH_REFUSE_REASONS_MISSING, 13);
    if (strcmp(item->code, "not-competent") != 0)
        return true;
    if (!hub_step_agency(step, step->agency, &self, &found))
        return false;
    if (found && strcmp(item->proper.text, self.id.text) == 0)
        return hub_step_refuse(step, RH_REFUSE_PROPER_MISSING, 15); /* oneself is no other */
    if (item->proper.text[0] != 0)
        return true;
    const struct rh_fact *outside = rh_public_fact(item, "proper");
    if (outside != NULL && outside->code[0] != 0)
        return true;
    return hub_step_refuse(step, RH_REFUSE_PROPER_MISSING, 15);
}

static bool told_upwards(struct hub_step *step, unsigned whom)
{
    return hub_step_tell(step, whom | HUB_TELL_HOLDER);
}

bool hub_decide_object(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (!step->procedure->may_object || row->designated)
        return hub_step_refuse(step, RH_REFUSE_OBJECTION_FORBIDDEN, 2);
    if (!hub_competence_ground(step))
        return false;
    if (row->state == RH_STATE_DISPATCHED && !row->arrived && !hub_dispatch_arrive(step, row))
        return false;
    enum hub_right right = hub_clocks_right(step, row, RH_KIND_OBJECT);
    if (right == HUB_RIGHT_USED) /* objected once and overruled */
        return hub_step_refuse(step, RH_REFUSE_OBJECTION_FORBIDDEN, 2);
    if (right == HUB_RIGHT_OVER)
        return hub_step_refuse(step, RH_REFUSE_OBJECTION_LATE, 2);
    hub_step_move(step, RH_KIND_OBJECT, RH_STATE_OBJECTED, arbiter(step));
    return told_upwards(step, HUB_TELL_SENDER);
}

/* The sender decides on the objection, or an agency above the sender; not one that only
 * stands above the addressee. What went up by itself is decided by whoever holds it. */
static bool decides_objection(struct hub_step *step)
{
    uint32_t holder = step->row->holder;
    if (holder != step->row->sender && step->agency != holder)
        return hub_step_refuse(step, RH_REFUSE_WRONG_ACTOR, 2);
    if ((step->actors & HUB_ACTOR_BIT(RH_ACTOR_SENDER)) != 0 ||
        hub_actor_is_above(step, step->agency, step->row->sender))
        return true;
    return hub_step_refuse(step, RH_REFUSE_WRONG_ACTOR, 2);
}

bool hub_decide_uphold(struct hub_step *step)
{
    if (!decides_objection(step))
        return false;
    hub_step_move(step, RH_KIND_UPHOLD, RH_STATE_RETURNED, bounce(step));
    step->row->objected_by = step->row->addressee;
    return told_upwards(step, HUB_TELL_ADDRESSEE | HUB_TELL_SENDER);
}

bool hub_decide_overrule(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (!decides_objection(step))
        return false;
    row->signed_once = true;
    if (row->signed_ms == 0)
        row->signed_ms = step->at_ms;
    hub_step_move(step, RH_KIND_OVERRULE, RH_STATE_SIGNED, row->addressee);
    return hub_step_tell(step, HUB_TELL_ADDRESSEE | HUB_TELL_SENDER);
}

bool hub_decide_return(struct hub_step *step)
{
    if (!step->procedure->may_return)
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    if (!hub_competence_ground(step))
        return false;
    hub_step_move(step, RH_KIND_RETURN, RH_STATE_RETURNED, bounce(step));
    return told_upwards(step, HUB_TELL_SENDER);
}

/* What still waits becomes a tombstone. The recall itself follows all the same: the message
 * may be on its way, and an agency that has it must hear that it is gone. */
bool hub_decide_recall(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (!hub_dispatch_tombstone(step, row))
        return false;
    row->arrived = false;
    row->arrived_ms = 0;
    row->completed_ms = 0;
    row->no_clock_reset = false;
    hub_step_move(step, RH_KIND_RECALL, RH_STATE_RETURNED, row->sender);
    return hub_step_tell(step, HUB_TELL_ADDRESSEE);
}

bool hub_decide_designate(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    struct hub_agency to;
    if (!hub_dispatch_target(step, row, &step->item->to, &to))
        return false;
    uint32_t earlier = row->addressee;
    enum rh_kind kind = row->kind;
    hub_step_move(step, RH_KIND_DESIGNATE, RH_STATE_DISPATCHED, row->sender);
    if (!hub_dispatch_send(step, row, to.no, kind, RH_KIND_DESIGNATE))
        return false;
    row->designated = true;
    row->bounce_pair = 0;
    row->objected_by = HUB_AGENCY_NONE;
    (void)hub_step_deliver(step, row, earlier, RH_KIND_DESIGNATE);
    return hub_step_tell(step, HUB_TELL_SENDER);
}
