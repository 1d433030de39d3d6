/* The dispatcher: from an event to the handler that decides it, and what every outcome must
 * hold before anybody sees it. */
#include "core/clocks.h"

#include <string.h>

static const struct {
    enum rh_kind kind;
    hub_handler *decide;
} handlers[] = {
    { RH_KIND_SIGN, hub_decide_sign },
    { RH_KIND_RECALL, hub_decide_recall },
    { RH_KIND_OBJECT, hub_decide_object },
    { RH_KIND_UPHOLD, hub_decide_uphold },
    { RH_KIND_OVERRULE, hub_decide_overrule },
    { RH_KIND_DESIGNATE, hub_decide_designate },
    { RH_KIND_RETURN, hub_decide_return },
    { RH_KIND_SUPPLEMENT_REQUEST, hub_decide_supplement_request },
    { RH_KIND_SUPPLEMENT, hub_decide_supplement },
    { RH_KIND_ACCEPT, hub_decide_accept },
    { RH_KIND_REFUSE, hub_decide_refuse },
    { RH_KIND_START, hub_decide_start },
    { RH_KIND_EXTEND_REQUEST, hub_decide_extend_request },
    { RH_KIND_EXTEND_GRANT, hub_decide_extend_grant },
    { RH_KIND_EXTEND_DENY, hub_decide_extend_deny },
    { RH_KIND_SUSPEND, hub_decide_suspend },
    { RH_KIND_RESUME, hub_decide_resume },
    { RH_KIND_TRANSFER_ON, hub_decide_transfer_on },
    { RH_KIND_SPLIT, hub_decide_split },
    { RH_KIND_RELEASE, hub_decide_release },
    { RH_KIND_LEADER, hub_decide_leader },
    { RH_KIND_MERGE, hub_decide_merge },
    { RH_KIND_CONCLUDE, hub_decide_conclude },
    { RH_KIND_REPORT, hub_decide_report },
    { RH_KIND_REJECT_REPORT, hub_decide_reject_report },
    { RH_KIND_REPLY, hub_decide_reply },
    { RH_KIND_REVIEW_REQUEST, hub_decide_review_request },
    { RH_KIND_REVISIT, hub_decide_revisit },
    { RH_KIND_EVALUATE, hub_decide_evaluate },
    { RH_KIND_REOPEN, hub_decide_reopen },
    { RH_KIND_CLOSE, hub_decide_close },
    { RH_KIND_WITHDRAW, hub_decide_withdraw },
    { RH_KIND_TERMINATE, hub_decide_terminate },
    { RH_KIND_ARCHIVE, hub_decide_archive },
    { RH_KIND_SEAL, hub_decide_seal },
    { RH_KIND_UNSEAL, hub_decide_unseal },
    { RH_KIND_AMEND, hub_decide_amend },
    { RH_KIND_HEARING, hub_decide_hearing },
    { RH_KIND_ACKNOWLEDGE_INFO, hub_decide_acknowledge },
};

static hub_handler *handler_of(enum rh_kind kind)
{
    if (rh_kind_is_dispatch(kind))
        return hub_decide_dispatch;
    if (rh_kind_is_attention(kind))
        return hub_decide_attention;
    for (unsigned i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (handlers[i].kind == kind)
            return handlers[i].decide;
    }
    return rh_kind_is_information(kind) ? hub_decide_information : NULL;
}

/* ---- items ------------------------------------------------------------------------------ */

static bool is_new_message(struct hub_step *step)
{
    struct hub_message message;
    enum rh_err err =
        step->world->message(step->world->context, &step->item->message_id, &message);
    if (err == RH_ERR_NOTFOUND)
        return true;
    if (err != RH_OK)
        return hub_step_fail(step, err);
    return hub_step_refuse(step, RH_REFUSE_MESSAGE_ID_REUSED, 1);
}

/* Load the referral and what the author is to it. Who may not know of it hears that there is
 * none. */
static bool load_referral(struct hub_step *step)
{
    bool found;
    struct hub_referral *row = hub_step_load(step, &step->item->referral_id, &found);
    if (step->err != RH_OK)
        return false;
    if (!found || !hub_actor_sees(step, row, step->agency))
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_REFERRAL, 3);
    hub_step_follow(step, row);
    step->row = row;
    step->before = row->state;
    step->procedure = hub_step_procedure(step, row);
    step->actors = hub_actor_bits(step, row, step->agency);
    step->out->rno = row->rno;
    return step->err == RH_OK;
}

static bool is_in_turn(struct hub_step *step)
{
    enum rh_kind kind = step->item->kind;
    uint32_t actors = step->actors;
    if (kind == RH_KIND_AMEND) /* who the author is, hub_decide_amend asks */
        actors |= HUB_ACTOR_BIT(RH_ACTOR_AUTHOR);
    enum hub_turn turn = hub_lifecycle_turn(step->row->state, kind, actors);
    if (turn == HUB_TURN_WRONG_STATE)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 2);
    if (turn == HUB_TURN_WRONG_ACTOR)
        return hub_step_refuse(step,
                               kind == RH_KIND_EXTEND_GRANT || kind == RH_KIND_EXTEND_DENY
                                   ? RH_REFUSE_APPROVER_REQUIRED
                                   : RH_REFUSE_WRONG_ACTOR,
                               2);
    return true;
}

/* Whoever acts on a matter is a party to it from then on. A monitor is not: its grant ends by
 * itself, and with it what it may know; but while it holds the matter on a return visit it must
 * be able to end that, whatever has become of the grant. */
static bool take_part(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    const uint32_t own = HUB_ACTOR_BIT(RH_ACTOR_PARTY) | HUB_ACTOR_BIT(RH_ACTOR_SUPERIOR);
    bool guest = (step->actors & HUB_ACTOR_BIT(RH_ACTOR_MONITOR)) != 0 &&
                 (step->actors & own) == 0;
    if (guest && row->holder != step->agency)
        return true;
    if (guest)
        row->visitor = step->agency;
    return hub_step_party(row, step->agency);
}

/* The visit is over. What came to the visitor with this very step it may still answer. */
static void end_visit(const struct hub_outcome *out, struct hub_referral *row)
{
    bool told = false;
    for (uint32_t i = 0; i < out->delivery_count; i++)
        told = told || (out->deliveries[i].to == row->visitor &&
                        out->deliveries[i].rno == row->rno);
    if (!told)
        hub_row_leave(row, row->visitor);
    if (row->last_holder == row->visitor) /* who held it before files it away */
        row->last_holder = row->addressee != HUB_AGENCY_NONE ? row->addressee : row->origin;
    row->visitor = HUB_AGENCY_NONE;
}

/* What every step on a referral does after its own decision. */
static bool complete(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    if (step->idle)
        return true;
    if (!take_part(step))
        return hub_step_refuse(step, RH_REFUSE_TOO_MANY_ITEMS, 2);
    if (!hub_copies_give(step))
        return false;
    hub_clocks_apply(step, row,
                     &(struct hub_change){ .kind = step->item->kind,
                                           .agency = step->agency,
                                           .before = step->before,
                                           .at_ms = step->at_ms,
                                           .fresh = step->fresh,
                                           .due_ms = step->item->due_ms });
    if (step->event->lost_ms != 0 && !rh_state_is_resting(row->state))
        row->quiet_ms = step->event->now_ms + hub_dispatch_grace_ms(step);
    return step->err == RH_OK && hub_relation_settle(step);
}

static bool decide_on_referral(struct hub_step *step)
{
    hub_handler *decide = handler_of(step->item->kind);
    if (decide == NULL)
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_KIND, 2);
    if (!load_referral(step) || !is_in_turn(step) || !hub_step_absorb(step, step->row))
        return false;
    /* Dispatch kinds ask again once their procedure is known. */
    if (!rh_kind_is_dispatch(step->item->kind) &&
        !hub_dispatch_checks(step, step->row, step->item->kind))
        return false;
    hub_dispatch_had_arrived(step, step->row);
    if (hub_clocks_bar(step, step->row, step->item->kind))
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    return decide(step) && complete(step);
}

/* rh_public_decode bounds every count; whoever hands over something else is one of us. */
static void assert_bounds(const struct rh_public *item)
{
    rh_assert(item->external_count <= RH_EXTERNALS_MAX);
    rh_assert(item->copy_count <= RH_COPIES_MAX);
    rh_assert(item->child_count <= RH_CHILDREN_MAX);
    rh_assert(item->fact_count <= RH_FACTS_MAX);
    rh_assert(item->accused_count <= sizeof(item->accused) / sizeof(item->accused[0]));
    rh_assert(item->person_count <= RH_PERSON_HASHES_MAX);
    rh_assert(item->lane < RH_LANE_COUNT);
}

/* What an agency still sends after others have taken over would be done by nobody's office. */
static bool is_in_office(struct hub_step *step)
{
    struct hub_agency unit;
    bool found;
    if (!hub_step_agency(step, step->agency, &unit, &found))
        return false;
    return found && unit.state == HUB_AGENCY_SUCCEEDED
               ? hub_step_refuse(step, RH_REFUSE_AGENCY_SUCCEEDED, 0)
               : true;
}

static bool decide_item(struct hub_step *step)
{
    const struct rh_public *item = step->item;
    assert_bounds(item);
    if (!hub_fields_check(step) || !is_new_message(step))
        return false;
    if (item->kind == RH_KIND_ACK)
        return hub_decide_ack(step);
    if (item->kind == RH_KIND_NACK)
        return hub_decide_nack(step);
    if (!is_in_office(step))
        return false;
    if (item->kind == RH_KIND_REGISTER)
        return hub_decide_register(step) && complete(step);
    if (item->kind == RH_KIND_BULLETIN && rh_id_is_zero(item->referral_id.bytes))
        return hub_decide_bulletin(step);
    if (item->kind == RH_KIND_ACKNOWLEDGE_INFO && rh_id_is_zero(item->referral_id.bytes))
        return hub_decide_acknowledge_bulletin(step);
    return decide_on_referral(step);
}

/* ---- the hub's own events --------------------------------------------------------------- */

static bool load_own(struct hub_step *step)
{
    bool found;
    struct hub_referral *row = hub_step_load_rno(step, step->event->rno, &found);
    if (step->err != RH_OK)
        return false;
    if (!found)
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_REFERRAL, 0);
    step->row = row;
    step->before = row->state;
    step->procedure = hub_step_procedure(step, row);
    step->out->rno = row->rno;
    return true;
}

static bool decide_event(struct hub_step *step)
{
    step->agency = HUB_AGENCY_HUB;
    step->actors = HUB_ACTOR_BIT(RH_ACTOR_HUB);
    switch (step->event->type) {
    case HUB_EVENT_ITEM:
        step->item = step->event->item;
        step->agency = step->event->agency;
        step->actors = 0;
        return decide_item(step);
    case HUB_EVENT_WAKE:
        return load_own(step) && hub_decide_wake(step);
    case HUB_EVENT_URGED:
        return load_own(step) && hub_decide_urged(step);
    case HUB_EVENT_DEAD_RETRY:
        return hub_decide_dead_retry(step);
    case HUB_EVENT_DEAD_RETURN:
        return hub_decide_dead_return(step);
    case HUB_EVENT_MONTHLY:
        return hub_decide_monthly(step);
    case HUB_EVENT_RECOMPUTE:
        return load_own(step) && hub_decide_recompute(step);
    case HUB_EVENT_SUCCEED:
        return (step->event->rno == 0 || load_own(step)) && hub_decide_succeed(step);
    }
    rh_assert(false); /* the engine made up an event */
    return false;
}

/* ---- every outcome ---------------------------------------------------------------------- */

/* What has come to rest is put away by a schedule (settings), what goes on again is not. */
static void schedule_archive(const struct hub_step *step, struct hub_referral *row)
{
    uint32_t days = step->world->rules->settings.archive_days;
    if (!rh_state_is_resting(row->state) || row->state == RH_STATE_ARCHIVED)
        row->archive_ms = 0;
    else if (row->archive_ms == 0 && days != 0)
        row->archive_ms = step->at_ms + days * RH_DAY_MS;
}

/* The promise of the hub about one row: one holder while open, a clock that runs, is expressly
 * paused, or has been missed with the act still owed (the arrival timer is one), and an instant
 * at which the hub looks at it again; none of these at rest, but the instant of its archiving. */
static void assert_promise(const struct hub_referral *row)
{
    rh_assert(hub_referral_is_sound(row));
    bool live = row->arrival_due_ms != 0;
    for (uint32_t i = 0; i < row->deadline_count; i++)
        live = live || hub_deadline_is_owed(&row->deadlines[i]);
    rh_assert(live != rh_state_is_resting(row->state));
    rh_assert(rh_state_is_resting(row->state) ||
              (hub_referral_wake(row) != 0 && row->archive_ms == 0));
}

static void reset(struct hub_outcome *out)
{
    out->refusal = 0;
    out->field = 0;
    out->rno = 0;
    out->row_count = 0;
    out->delivery_count = 0;
    out->queue_count = 0;
    out->note_count = 0;
    out->hot_count = 0;
    out->share_count = 0;
    out->month = 0;
    out->month_area[0] = 0;
    memset(out->month_sums, 0, sizeof out->month_sums);
    memset(&out->monthly, 0, sizeof out->monthly);
    out->holder = 0;
    out->due_ms = 0;
    memset(out->due_limit, 0, sizeof out->due_limit);
    out->due_basis = RH_DUE_NONE;
}

/* What the receipt says of the date: whoever holds the matter need not ask which one it is. */
static void tell_due(struct hub_step *step, const struct hub_deadline *deadline)
{
    if (deadline == NULL)
        return;
    step->out->due_ms = deadline->end_ms;
    memcpy(step->out->due_limit, deadline->limit, sizeof step->out->due_limit);
    step->out->due_basis =
        hub_deadline_basis(deadline, hub_clock_limit(step, step->row, deadline));
    if (step->out->due_basis == RH_DUE_NONE)
        step->out->due_basis = RH_DUE_LAW_M; /* its rule is gone: nobody vouches for the text */
}

static void finish(struct hub_step *step)
{
    struct hub_outcome *out = step->out;
    for (uint32_t i = 0; i < out->row_count; i++) {
        struct hub_referral *row = &out->rows[i];
        row->last_index = step->event->index;
        if (row->visitor != HUB_AGENCY_NONE && row->visitor != row->holder)
            end_visit(out, row);
        schedule_archive(step, &out->rows[i]);
        assert_promise(&out->rows[i]);
    }
    if (step->row == NULL)
        return;
    rh_assert(step->row == &out->rows[0]);
    out->rno = step->row->rno;
    out->holder = step->row->holder;
    tell_due(step, hub_referral_owes(step->row, step->row->holder));
}

enum rh_err hub_decide(const struct hub_world *world, const struct hub_event *event,
                       struct hub_outcome *out)
{
    rh_assert(event->type != HUB_EVENT_ITEM || event->item != NULL);
    rh_assert(event->type != HUB_EVENT_ITEM || event->agency >= HUB_AGENCY_FIRST);
    reset(out);
    if (world->rules->calendar_count == 0)
        return RH_ERR_CONFIG;

    struct hub_step step = { .world = world, .event = event, .out = out };
    step.at_ms = hub_step_instant(event);
    bool decided = decide_event(&step) && hub_share_event(&step);
    if (step.err != RH_OK) {
        reset(out);
        return step.err;
    }
    if (!decided) {
        uint32_t refusal = out->refusal;
        uint32_t field = out->field;
        uint64_t rno = out->rno;
        rh_assert(refusal != 0);
        reset(out);
        out->refusal = refusal;
        out->field = field;
        out->rno = rno;
        return RH_OK;
    }
    rh_assert(out->refusal == 0);
    finish(&step);
    return RH_OK;
}
