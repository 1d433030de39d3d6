/* Information: told, not moved. copy, notice, progress, warning, bulletin go to whom they name
 * or to everybody concerned; a hearing may hold the clocks; amend corrects, never overwrites.
 */
#include "core/clocks.h"

#include <string.h>

enum { TELL_PARTIES = HUB_TELL_ORIGIN | HUB_TELL_SENDER | HUB_TELL_ADDRESSEE };

/* What has not been sent, or came back, concerns no addressee. */
static unsigned concerned(const struct hub_referral *row)
{
    if (row->state == RH_STATE_REGISTERED || row->state == RH_STATE_RETURNED)
        return HUB_TELL_ORIGIN | HUB_TELL_SENDER;
    return TELL_PARTIES;
}

static bool inform(struct hub_step *step)
{
    const struct rh_public *item = step->item;
    if (item->to.text[0] == 0)
        return hub_step_tell(step, item->kind == RH_KIND_COPY ? 0 : concerned(step->row));
    struct hub_agency to;
    if (!hub_dispatch_target(step, step->row, &item->to, &to))
        return false;
    if (step->row->sealed && !hub_row_is_party(step->row, to.no))
        return hub_step_refuse(step, RH_REFUSE_NO_ROUTE, 7);
    (void)hub_step_deliver(step, step->row, to.no, item->kind);
    return hub_step_tell(step, 0);
}

/* A notice may forbid, in the public interest, that the matter be withdrawn, or allow it again:
 * that is the supervisor's alone. */
static bool guard_withdrawal(struct hub_step *step)
{
    bool forbids = strcmp(step->item->code, "no-withdrawal") == 0;
    if (step->item->kind != RH_KIND_NOTICE ||
        (!forbids && strcmp(step->item->code, "withdrawal-open") != 0))
        return true;
    if ((step->actors & HUB_ACTOR_BIT(RH_ACTOR_SUPERVISOR)) == 0)
        return hub_step_refuse(step, RH_REFUSE_WRONG_ACTOR, 13);
    step->row->withdrawal_forbidden = forbids;
    return true;
}

bool hub_decide_information(struct hub_step *step)
{
    if (!guard_withdrawal(step))
        return false;
    if (step->item->kind == RH_KIND_COPY && step->item->to.text[0] == 0 &&
        step->item->copy_count == 0)
        return hub_step_refuse(step, RH_REFUSE_FIELD_MISSING, 7);
    return inform(step);
}

/* Codes begin and end open and close a hearing, whose time is not counted (信访工作条例 art.
 * 36); any other code, or none, tells of one without touching a clock. */
bool hub_decide_hearing(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    bool begins = strcmp(step->item->code, "begin") == 0;
    bool ends = strcmp(step->item->code, "end") == 0;
    if (!begins && !ends)
        return inform(step);
    if ((step->actors & HUB_ACTOR_BIT(RH_ACTOR_ADDRESSEE)) == 0)
        return hub_step_refuse(step, RH_REFUSE_WRONG_ACTOR, 2);
    bool handled = row->state == RH_STATE_SIGNED || row->state == RH_STATE_ACCEPTED ||
                   row->state == RH_STATE_IN_PROGRESS || row->state == RH_STATE_SUSPENDED;
    if (!handled || row->hearing == begins)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 2);
    if (begins && !hub_clocks_can_pause(step, row))
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    row->hearing = begins;
    return inform(step);
}

/* The earlier message an item refers to; it must belong to this referral. */
static bool find_message(struct hub_step *step, struct hub_message *out)
{
    enum rh_err err = step->world->message(step->world->context, &step->item->refers_to, out);
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return hub_step_fail(step, err);
    if (err != RH_OK || out->rno != step->row->rno)
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_REFERRAL, 6);
    return true;
}

bool hub_decide_acknowledge(struct hub_step *step)
{
    struct hub_message message;
    if (!find_message(step, &message))
        return false;
    (void)hub_step_deliver(step, step->row, message.agency, step->item->kind);
    return hub_step_tell(step, 0);
}

/* A correction of a message that somebody could not take stands in for it: delivering it is
 * delivering what was meant, and the dead letter is settled. */
static bool repair(struct hub_step *step, uint64_t index)
{
    struct hub_referral *row = step->row;
    for (uint32_t i = 0; i < row->party_count; i++) {
        struct hub_dead dead;
        enum rh_err err =
            step->world->dead(step->world->context, index, row->parties[i], &dead);
        if (err == RH_ERR_NOTFOUND || (err == RH_OK && dead.settled))
            continue;
        if (err != RH_OK)
            return hub_step_fail(step, err);
        hub_step_queue(step, &(struct hub_queue_out){ .to = dead.to,
                                                      .from = dead.from,
                                                      .lane = dead.lane,
                                                      .pair_seq = dead.pair_seq,
                                                      .what = HUB_QUEUE_SETTLED,
                                                      .index = dead.index });
        const struct hub_delivery_out *queued =
            hub_step_deliver(step, row, dead.to, RH_KIND_AMEND);
        if (queued == NULL || row->state != RH_STATE_DISPATCHED || row->arrived ||
            row->dispatch_index != index || row->dispatch_to != dead.to)
            continue;
        row->dispatch_index = step->event->index;
        row->dispatch_seq = queued->pair_seq;
        row->dispatch_lane = queued->lane;
        row->dispatch_from = queued->from;
        row->dispatch_to = queued->to;
        hub_dispatch_arm(step, row);
    }
    return step->err == RH_OK && step->out->refusal == 0;
}

bool hub_decide_amend(struct hub_step *step)
{
    struct hub_message message;
    if (!find_message(step, &message))
        return false;
    if (message.agency != step->agency)
        return hub_step_refuse(step, RH_REFUSE_WRONG_ACTOR, 6);
    return repair(step, message.index) && hub_step_tell(step, concerned(step->row));
}

/* A bulletin 通报 of no single referral: from a supervising agency, or downwards. */
static bool bulletin_to(struct hub_step *step, const struct rh_agency_id *id)
{
    struct hub_agency to;
    if (!hub_dispatch_target(step, NULL, id, &to))
        return false;
    if (!hub_actor_supervises(step, step->agency) &&
        !hub_actor_is_above(step, step->agency, to.no))
        return hub_step_refuse(step, RH_REFUSE_WRONG_ACTOR, 2);
    (void)hub_step_deliver(step, NULL, to.no, RH_KIND_BULLETIN);
    return step->err == RH_OK;
}

bool hub_decide_bulletin(struct hub_step *step)
{
    const struct rh_public *item = step->item;
    if (item->to.text[0] == 0 && item->copy_count == 0)
        return hub_step_refuse(step, RH_REFUSE_FIELD_MISSING, 7);
    if (item->to.text[0] != 0 && !bulletin_to(step, &item->to))
        return false;
    for (uint32_t i = 0; i < item->copy_count; i++) {
        if (!bulletin_to(step, &item->copies[i]))
            return false;
    }
    return true;
}

/* 阅知 of a bulletin of no referral: from whom it was sent to, told to its author. To anybody
 * else there is no such message. */
bool hub_decide_acknowledge_bulletin(struct hub_step *step)
{
    const struct hub_world *world = step->world;
    struct hub_message message;
    enum rh_err err = world->message(world->context, &step->item->refers_to, &message);
    if (err == RH_OK && (message.rno != 0 || message.kind != RH_KIND_BULLETIN))
        err = RH_ERR_NOTFOUND;
    if (err == RH_OK)
        err = world->told(world->context, message.index, step->agency);
    if (err == RH_ERR_NOTFOUND)
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_REFERRAL, 6);
    if (err != RH_OK)
        return hub_step_fail(step, err);
    if (step->item->copy_count != 0)
        return hub_step_refuse(step, RH_REFUSE_FIELD_INVALID, 24);
    (void)hub_step_deliver(step, NULL, message.agency, RH_KIND_ACKNOWLEDGE_INFO);
    return step->err == RH_OK;
}
