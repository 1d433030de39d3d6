/* From the decision to the archive: conclude, report, reply, visit, close, reopen, and the
 * ways out (withdraw, terminate). */
#include "core/clocks.h"

#include <string.h>

enum {
    TELL_PARTIES =
        HUB_TELL_ORIGIN | HUB_TELL_SENDER | HUB_TELL_ADDRESSEE | HUB_TELL_WAITING
};

bool hub_decide_conclude(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (row->state == RH_STATE_SIGNED && !step->procedure->direct)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 2);
    if (!hub_code_listed(&step->procedure->outcomes, step->item->code))
        return hub_step_refuse(step, RH_REFUSE_FIELD_INVALID, 13);
    if (row->child_open > 0)
        return hub_step_refuse(step, RH_REFUSE_CHILD_OPEN, 2);
    memcpy(row->outcome, step->item->code, sizeof(row->outcome));
    row->concluded_ms = step->at_ms;
    row->escalation = 0;
    hub_step_move(step, RH_KIND_CONCLUDE, RH_STATE_CONCLUDED, row->addressee);
    return hub_step_tell(step, HUB_TELL_SENDER | HUB_TELL_ORIGIN);
}

bool hub_decide_report(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (!row->report_required)
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    row->report_done = true;
    row->reported_ms = step->at_ms;
    hub_step_move(step, RH_KIND_REPORT, RH_STATE_CONCLUDED, row->addressee);
    return hub_step_tell(step, HUB_TELL_ASSIGNER);
}

bool hub_decide_reject_report(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (!row->report_done)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 2);
    if (!hub_dispatch_due(step))
        return false;
    row->report_done = false;
    row->reject_count++;
    row->escalation = 0;
    hub_step_move(step, RH_KIND_REJECT_REPORT, RH_STATE_IN_PROGRESS, row->addressee);
    return hub_step_tell(step, HUB_TELL_ADDRESSEE);
}

/* A report that is owed comes first: after the reply there is no place for it. */
bool hub_decide_reply(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (row->state == RH_STATE_CONCLUDED && row->report_required && !row->report_done)
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    if (row->state == RH_STATE_CONCLUDED && step->procedure->final &&
        !hub_relation_end_facts(step))
        return false;
    row->replied_ms = step->at_ms;
    hub_step_move(step, RH_KIND_REPLY, RH_STATE_REPLIED, row->origin);
    return hub_step_tell(step, HUB_TELL_ORIGIN | HUB_TELL_SENDER | HUB_TELL_WAITING);
}

static void rest(struct hub_step *step, enum rh_kind kind, enum rh_state state)
{
    if (step->row->closed_ms == 0 || state == RH_STATE_CLOSED)
        step->row->closed_ms = step->at_ms;
    hub_step_move(step, kind, state, HUB_AGENCY_NONE);
}

bool hub_decide_close(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (row->child_open > 0 || row->review_open > 0)
        return hub_step_refuse(step, RH_REFUSE_CHILD_OPEN, 2);
    if (row->state != RH_STATE_REPLIED && row->reply_owed)
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    if (row->state == RH_STATE_CONCLUDED && row->report_required && !row->report_done)
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    rest(step, RH_KIND_CLOSE, RH_STATE_CLOSED);
    return hub_step_tell(step, TELL_PARTIES);
}

bool hub_close_by_hub(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (row->state != RH_STATE_REPLIED || row->child_open > 0 || row->review_open > 0)
        return false;
    enum rh_state before = row->state;
    rest(step, RH_KIND_CLOSE, RH_STATE_CLOSED);
    return hub_relation_closed(step, before);
}

bool hub_decide_revisit(struct hub_step *step)
{
    hub_step_move(step, RH_KIND_REVISIT, RH_STATE_REVISITING, step->agency);
    return hub_step_tell(step, TELL_PARTIES);
}

/* Satisfied closes; anything else is noted, and reopening follows. */
bool hub_decide_evaluate(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (strcmp(step->item->code, "satisfied") != 0)
        return hub_step_tell(step, TELL_PARTIES);
    if (row->child_open > 0 || row->review_open > 0)
        return hub_step_refuse(step, RH_REFUSE_CHILD_OPEN, 2);
    rest(step, RH_KIND_EVALUATE, RH_STATE_CLOSED);
    return hub_step_tell(step, TELL_PARTIES);
}

bool hub_decide_reopen(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (row->addressee == HUB_AGENCY_NONE)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 2);
    if (!hub_dispatch_due(step))
        return false;
    row->reopen_count++;
    row->report_done = false;
    row->escalation = 0;
    row->close_ms = 0;
    hub_step_move(step, RH_KIND_REOPEN, RH_STATE_IN_PROGRESS, row->addressee);
    return hub_step_tell(step, TELL_PARTIES);
}

/* What others were merged into is answered for them whatever becomes of its own origin's wish;
 * and a lead keeps its matter until its helpers are done or released, which only it can do. */
bool hub_decide_withdraw(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (!step->procedure->may_withdraw)
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    if (row->withdrawal_forbidden)
        return hub_step_refuse(step, RH_REFUSE_WITHDRAWAL_FORBIDDEN, 2);
    if (row->child_open > 0 || row->waiting_count > 0)
        return hub_step_refuse(step, RH_REFUSE_CHILD_OPEN, 2);
    bool away = row->state != RH_STATE_REGISTERED && row->state != RH_STATE_RETURNED;
    if (row->state == RH_STATE_DISPATCHED && !hub_dispatch_tombstone(step, row))
        return false;
    rest(step, RH_KIND_WITHDRAW, RH_STATE_WITHDRAWN);
    return hub_step_tell(step, away ? TELL_PARTIES : HUB_TELL_SENDER);
}

bool hub_decide_terminate(struct hub_step *step)
{
    if (step->row->child_open > 0 || step->row->review_open > 0)
        return hub_step_refuse(step, RH_REFUSE_CHILD_OPEN, 2);
    rest(step, RH_KIND_TERMINATE, RH_STATE_TERMINATED);
    return hub_step_tell(step, TELL_PARTIES);
}

bool hub_archive_by_hub(struct hub_step *step)
{
    hub_step_note(step, RH_KIND_ARCHIVE, step->row, NULL, 0, step->row->last_holder);
    rest(step, RH_KIND_ARCHIVE, RH_STATE_ARCHIVED);
    return step->err == RH_OK;
}

bool hub_decide_archive(struct hub_step *step)
{
    rest(step, RH_KIND_ARCHIVE, RH_STATE_ARCHIVED);
    return true;
}
