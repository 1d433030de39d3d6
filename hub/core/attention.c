/* Raising attention: urge 催办, supervise 督办, list 挂牌督办, escalate 提级. The state stays;
 * the level rises. A recorded urging is the precondition of every further step, whoever takes
 * it. */
#include "core/step.h"

enum { LEVEL_URGED = 2 };

uint8_t hub_attention_level(enum rh_kind kind)
{
    rh_assert(rh_kind_is_attention(kind));
    if (kind == RH_KIND_URGE)
        return LEVEL_URGED;
    if (kind == RH_KIND_SUPERVISE)
        return 3;
    return kind == RH_KIND_LIST_SUPERVISE ? 4 : 5;
}

bool hub_attention_raise(struct hub_step *step, struct hub_referral *row, enum rh_kind kind,
                         uint32_t to, const struct hub_deadline *deadline)
{
    rh_assert(row->holder != HUB_AGENCY_NONE);
    uint8_t level = hub_attention_level(kind);
    if (kind != RH_KIND_URGE && row->escalation < LEVEL_URGED)
        return hub_step_refuse(step, RH_REFUSE_URGE_FIRST, 2);
    if (level > row->escalation)
        row->escalation = level;
    uint32_t turn = deadline != NULL ? deadline->owed_by : row->holder;
    hub_step_note(step, kind, row, NULL, level, turn);
    if (deadline != NULL && step->err == RH_OK) /* its status was noted when it was missed */
        step->out->notes[step->out->note_count - 1].deadline = deadline->serial;
    (void)hub_step_deliver(step, row, to, kind);
    (void)hub_step_deliver(step, row, turn, kind);
    return step->err == RH_OK && step->out->refusal == 0;
}

static uint32_t above_holder(struct hub_step *step, enum rh_kind kind)
{
    return kind == RH_KIND_ESCALATE ? hub_actor_superior(step, step->row, step->row->holder)
                                    : HUB_AGENCY_NONE;
}

bool hub_decide_attention(struct hub_step *step)
{
    enum rh_kind kind = step->item->kind;
    return hub_attention_raise(step, step->row, kind, above_holder(step, kind), NULL) &&
           hub_step_tell(step, 0);
}

/* An operator acts for the hub. */
bool hub_decide_urged(struct hub_step *step)
{
    enum rh_kind kind = step->event->action;
    if (!rh_kind_is_attention(kind))
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_KIND, 2);
    if (hub_lifecycle_turn(step->row->state, kind, step->actors) != HUB_TURN_ALLOWED)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 2);
    return hub_attention_raise(step, step->row, kind, above_holder(step, kind), NULL);
}
