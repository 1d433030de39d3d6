/* One matter and others: passed on, split among helpers, merged, reviewed above.
 *
 * A child counts at its parent (child_open or review_open) while its `counted` is set; both
 * change in the same outcome, so the counters never drift. */
#include "core/clocks.h"

#include <string.h>

/* First kind of the list that the procedure lets `from` send to `to`. A route may also name
 * the step itself (split, transfer_on). */
static enum rh_kind route_kind(const struct rh_procedure *procedure,
                               const struct hub_agency *from, const struct hub_agency *to,
                               const enum rh_kind *kinds, unsigned count, enum rh_kind step)
{
    for (unsigned i = 0; i < count; i++) {
        if (hub_dispatch_route(procedure, from, to, kinds[i]))
            return kinds[i];
    }
    return hub_dispatch_route(procedure, from, to, step) ? kinds[0] : RH_KIND_NONE;
}

static void inherit(const struct hub_referral *row, struct hub_referral *child)
{
    child->root = row->root;
    child->parent = row->id;
    child->lane = row->lane;
    child->sealed = row->sealed;
    child->sealed_by = row->sealed_by;
    memcpy(child->category, row->category, sizeof(child->category));
    memcpy(child->area, row->area, sizeof(child->area));
    memcpy(child->source, row->source, sizeof(child->source));
    child->fact_count = row->fact_count;
    memcpy(child->facts, row->facts, sizeof(child->facts));
    child->accused_count = row->accused_count;
    memcpy(child->accused, row->accused, sizeof(child->accused));
}

/* The procedure the message names; for a review that of the rule; else that of the matter. */
static const char *procedure_of_child(const struct hub_step *step)
{
    if (step->item->procedure[0] != 0)
        return step->item->procedure;
    if (step->item->kind == RH_KIND_REVIEW_REQUEST && step->procedure->review_procedure[0] != 0)
        return step->procedure->review_procedure;
    return step->row->procedure;
}

static bool give_procedure(struct hub_step *step, struct hub_referral *child)
{
    const char *id = procedure_of_child(step);
    const struct rh_procedure *procedure = rh_rules_procedure(step->world->rules, id);
    if (procedure == NULL)
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_PROCEDURE, 8);
    memcpy(child->procedure, procedure->id, sizeof(child->procedure));
    child->procedure_version = procedure->version;
    hub_step_seal(child, procedure);
    return true;
}

/* A new referral below (or beside) the row, not yet sent. */
static struct hub_referral *make_child(struct hub_step *step, const struct rh_child *child)
{
    bool found;
    (void)hub_step_peek(step, &child->id, &found);
    if (step->err != RH_OK)
        return NULL;
    if (found || rh_id_is_zero(child->id.bytes)) {
        (void)hub_step_refuse(step, RH_REFUSE_REFERRAL_EXISTS, 25);
        return NULL;
    }
    struct hub_referral *made = hub_step_make(step, &child->id);
    if (made == NULL)
        return NULL;
    inherit(step->row, made);
    made->born = step->item->kind;
    made->sender = step->agency;
    made->state = RH_STATE_DISPATCHED;
    made->holder = step->agency;
    (void)hub_step_party(made, step->agency);
    return give_procedure(step, made) ? made : NULL;
}

static bool send_child(struct hub_step *step, struct hub_referral *child, uint32_t to,
                       enum rh_kind kind)
{
    (void)hub_step_party(child, child->origin);
    if (!hub_dispatch_checks(step, child, kind) ||
        !hub_dispatch_send(step, child, to, kind, step->item->kind))
        return false;
    hub_clocks_apply(step, child,
                     &(struct hub_change){ .kind = kind,
                                           .agency = step->agency,
                                           .before = RH_STATE_NONE,
                                           .at_ms = step->at_ms,
                                           .fresh = true,
                                           .due_ms = step->item->due_ms });
    return step->err == RH_OK;
}

/* ---- passed on ------------------------------------------------------------------------- */

/* Clocks from registration go on from the first registration: passing a matter on wins no
 * time. A helper's part that is passed on still counts at the lead. */
static void continue_as(struct hub_referral *row, struct hub_referral *child)
{
    child->waiting_count = row->waiting_count;
    memcpy(child->waiting, row->waiting, sizeof(child->waiting));
    for (uint32_t i = 0; i < row->waiting_count; i++)
        (void)hub_step_party(child, row->waiting[i]); /* a new row has room */
    child->origin = row->origin;
    child->registered_ms = row->registered_ms;
    child->reply_owed = row->reply_owed;
    child->report_required = row->report_required;
    child->assigner = row->assigner;
    child->leader_named = row->leader_named;
    row->merged_into = child->id;
    if (!row->counted)
        return;
    child->parent = row->parent;
    child->born = row->born;
    child->mandatory = row->mandatory;
    child->counted = true;
    row->counted = false;
}

bool hub_decide_transfer_on(struct hub_step *step)
{
    static const enum rh_kind kinds[] = { RH_KIND_TRANSFER, RH_KIND_FORWARD, RH_KIND_REFER };
    struct hub_referral *row = step->row;
    const struct rh_public *item = step->item;
    struct hub_agency from, to;
    bool found;
    if (item->child_count != 1)
        return hub_step_refuse(step, RH_REFUSE_FIELD_INVALID, 25);
    if (item->to.text[0] != 0 && strcmp(item->to.text, item->children[0].to.text) != 0)
        return hub_step_refuse(step, RH_REFUSE_FIELD_INVALID, 7);
    if (row->child_open > 0)
        return hub_step_refuse(step, RH_REFUSE_CHILD_OPEN, 2);
    if (row->born == RH_KIND_REVIEW_REQUEST && item->procedure[0] != '\0' &&
        strcmp(item->procedure, row->procedure) != 0) /* a review stays the review it is */
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 8);
    if (!hub_dispatch_target(step, row, &item->children[0].to, &to) ||
        !hub_step_agency(step, step->agency, &from, &found))
        return false;
    enum rh_kind kind = route_kind(step->procedure, &from, &to, kinds, 3, RH_KIND_TRANSFER_ON);
    if (!found || kind == RH_KIND_NONE || to.no == step->agency)
        return hub_step_refuse(step, RH_REFUSE_ROUTE_FORBIDDEN, 25);
    struct hub_referral *child = make_child(step, &item->children[0]);
    if (child == NULL)
        return false;
    continue_as(row, child);
    hub_step_move(step, RH_KIND_TRANSFER_ON, RH_STATE_TRANSFERRED, HUB_AGENCY_NONE);
    return send_child(step, child, to.no, kind) &&
           hub_step_tell(step, HUB_TELL_SENDER | HUB_TELL_ORIGIN);
}

/* ---- split ----------------------------------------------------------------------------- */

static bool split_one(struct hub_step *step, const struct hub_agency *from,
                      const struct rh_child *part)
{
    static const enum rh_kind kinds[] = { RH_KIND_REFER, RH_KIND_FORWARD, RH_KIND_TRANSFER };
    struct hub_referral *row = step->row;
    struct hub_agency to;
    if (!hub_dispatch_target(step, row, &part->to, &to))
        return false;
    enum rh_kind kind = route_kind(step->procedure, from, &to, kinds, 3, RH_KIND_SPLIT);
    if (kind == RH_KIND_NONE || to.no == step->agency)
        return hub_step_refuse(step, RH_REFUSE_ROUTE_FORBIDDEN, 25);
    struct hub_referral *child = make_child(step, part);
    if (child == NULL)
        return false;
    child->origin = step->agency; /* the helper answers to the lead, the lead to the person */
    child->mandatory = part->mandatory;
    child->counted = part->mandatory;
    if (part->mandatory) {
        row->child_count++;
        row->child_open++;
    }
    return send_child(step, child, to.no, kind);
}

bool hub_decide_split(struct hub_step *step)
{
    struct hub_agency from;
    bool found;
    if (!hub_dispatch_due(step) || !hub_step_agency(step, step->agency, &from, &found))
        return false;
    for (uint32_t i = 0; i < step->item->child_count; i++) {
        if (!split_one(step, &from, &step->item->children[i]))
            return false;
    }
    return hub_step_tell(step, 0);
}

bool hub_decide_release(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    bool found;
    struct hub_referral *child = hub_step_load(step, &step->item->other_id, &found);
    if (step->err != RH_OK)
        return false;
    if (!found || memcmp(&child->parent, &row->id, sizeof(row->id)) != 0 ||
        child->born != RH_KIND_SPLIT)
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_REFERRAL, 5);
    hub_step_follow(step, child);
    if (!child->counted)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 5);
    rh_assert(row->child_open > 0);
    child->mandatory = false;
    child->counted = false;
    row->child_open--;
    (void)hub_step_deliver(step, child, child->addressee, RH_KIND_RELEASE);
    return hub_step_tell(step, 0);
}

/* ---- merged ---------------------------------------------------------------------------- */

/* Somebody with a part in the other matter that this one accuses. */
static bool accuses_part(struct hub_step *step, const struct hub_referral *row,
                         const struct hub_referral *master)
{
    const uint32_t parts[] = { master->origin, master->sender, master->addressee,
                               master->assigner };
    bool accused = false;
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        accused = accused || hub_actor_is_accused(step, row, parts[i]);
    for (uint32_t i = 0; i < master->waiting_count; i++)
        accused = accused || hub_actor_is_accused(step, row, master->waiting[i]);
    return accused;
}

static bool waits(const struct hub_referral *row, uint32_t agency)
{
    bool found = false;
    for (uint32_t i = 0; i < row->waiting_count; i++)
        found = found || row->waiting[i] == agency;
    return found;
}

/* `agency` waits for the master's answer from now on. One that has been given already it must
 * have got itself. */
static bool await_master(struct hub_step *step, struct hub_referral *master, uint32_t agency)
{
    bool answered = master->state == RH_STATE_REPLIED || master->state == RH_STATE_REVISITING;
    if (agency < HUB_AGENCY_FIRST || waits(master, agency))
        return true;
    if (hub_actor_is_accused(step, master, agency))
        return hub_step_refuse(step, RH_REFUSE_NO_ROUTE, 5);
    if (answered && agency != master->origin)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 5);
    if (master->waiting_count == HUB_WAITING_MAX || !hub_step_party(master, agency))
        return hub_step_refuse(step, RH_REFUSE_TOO_MANY_ITEMS, 5);
    master->waiting[master->waiting_count++] = agency;
    return true;
}

/* Everybody who has a right to an answer in the row: its origin, an assigner that has no report
 * yet, and those whose matters were merged into it before. */
static bool all_await(struct hub_step *step, const struct hub_referral *row,
                      struct hub_referral *master)
{
    uint32_t assigner =
        row->report_required && !row->report_done ? row->assigner : HUB_AGENCY_NONE;
    bool ok = await_master(step, master, row->origin) && await_master(step, master, assigner);
    for (uint32_t i = 0; i < row->waiting_count && ok; i++)
        ok = await_master(step, master, row->waiting[i]);
    master->reply_owed = master->reply_owed || row->reply_owed;
    return ok;
}

bool hub_decide_merge(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    bool found;
    if (memcmp(&step->item->other_id, &row->id, sizeof(row->id)) == 0)
        return hub_step_refuse(step, RH_REFUSE_FIELD_INVALID, 5);
    if (row->child_open > 0)
        return hub_step_refuse(step, RH_REFUSE_CHILD_OPEN, 2);
    struct hub_referral *master = hub_step_load(step, &step->item->other_id, &found);
    if (step->err != RH_OK)
        return false;
    if (!found || !hub_actor_sees(step, master, step->agency))
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_REFERRAL, 5);
    hub_step_follow(step, master);
    if (rh_state_is_resting(master->state))
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 5);
    if (master->holder != step->agency)
        return hub_step_refuse(step, RH_REFUSE_WRONG_ACTOR, 5);
    if (accuses_part(step, row, master))
        return hub_step_refuse(step, RH_REFUSE_NO_ROUTE, 5);
    if (!all_await(step, row, master) || !hub_step_wall(step, master, row))
        return false;
    if (row->state == RH_STATE_DISPATCHED && !hub_dispatch_tombstone(step, row))
        return false;
    row->merged_into = master->id;
    hub_step_move(step, RH_KIND_MERGE, RH_STATE_MERGED, HUB_AGENCY_NONE);
    return hub_step_tell(step, HUB_TELL_ORIGIN | HUB_TELL_SENDER);
}

/* ---- reviewed -------------------------------------------------------------------------- */

/* 复议 goes to the agency that decided, 复查 and 复核 to one above it: the procedure says. */
static bool reviews(struct hub_step *step, uint32_t to)
{
    if (step->procedure->review == RH_REVIEW_SAME)
        return to == step->row->addressee;
    return hub_actor_is_above(step, to, step->row->addressee);
}

/* Where the rule has a procedure for the review, no other one will do: under another, a matter
 * reviewed twice could be reviewed for ever (信访工作条例 art. 36(3)). */
static bool names_review(const struct hub_step *step)
{
    const char *asked = step->item->procedure, *ruled = step->procedure->review_procedure;
    return asked[0] == '\0' || ruled[0] == '\0' || strcmp(asked, ruled) == 0;
}

/* The same agency looks at its decision again once (反家庭暴力法 art. 31: 可以申请复议一次). */
static bool is_second_time(const struct hub_step *step)
{
    const struct rh_procedure *procedure = step->procedure;
    return procedure->review == RH_REVIEW_SAME && procedure->review_procedure[0] == '\0' &&
           step->row->born == RH_KIND_REVIEW_REQUEST;
}

bool hub_decide_review_request(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    const struct rh_public *item = step->item;
    struct hub_agency to;
    if (item->child_count != 1)
        return hub_step_refuse(step, RH_REFUSE_FIELD_INVALID, 25);
    if (step->procedure->review == RH_REVIEW_NONE || is_second_time(step) ||
        hub_clocks_right(step, row, RH_KIND_REVIEW_REQUEST) >= HUB_RIGHT_USED)
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    if (!names_review(step))
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 8);
    if (!hub_dispatch_target(step, row, &item->children[0].to, &to))
        return false;
    if (!reviews(step, to.no))
        return hub_step_refuse(step, RH_REFUSE_ROUTE_FORBIDDEN, 25);
    struct hub_referral *child = make_child(step, &item->children[0]);
    if (child == NULL)
        return false;
    child->origin = row->origin;
    child->reply_owed = row->reply_owed;
    child->counted = true;
    row->review_open++;
    return send_child(step, child, to.no, RH_KIND_REFER) &&
           hub_step_tell(step, HUB_TELL_ADDRESSEE | HUB_TELL_ORIGIN);
}

/* 复核 is of a 复查, which is of the matter itself: all of them are about the same facts. */
bool hub_relation_end_facts(struct hub_step *step)
{
    enum { ROUNDS_MAX = 4 };
    struct hub_referral *row = step->row;
    row->facts_ended = true;
    for (int i = 0; i < ROUNDS_MAX && row->born == RH_KIND_REVIEW_REQUEST; i++) {
        bool found;
        row = hub_step_load(step, &row->parent, &found);
        if (step->err != RH_OK || !found)
            return step->err == RH_OK;
        row->facts_ended = true;
    }
    return true;
}

/* Nothing it waits for, and nobody on a visit whose end closes it or takes it up again. */
static bool may_close(const struct hub_referral *row)
{
    return row->child_open == 0 && row->review_open == 0 && row->state != RH_STATE_REVISITING;
}

/* ---- chains ---------------------------------------------------------------------------- */

static bool follows(const struct rh_procedure *procedure, const struct hub_referral *before)
{
    for (uint32_t i = 0; i < RH_FOLLOWS_MAX; i++) {
        if (procedure->follows[i][0] != 0 &&
            strcmp(procedure->follows[i], before->procedure) == 0)
            return true;
    }
    return false;
}

/* 两建议一报告: a document registered under the one before it is the next step of its chain.
 * The one before must have been answered, or urged on record; it is closed only by the last. */
bool hub_relation_chain(struct hub_step *step, const struct rh_referral_id *id)
{
    struct hub_referral *row = step->row;
    bool found;
    struct hub_referral *before = hub_step_load(step, id, &found);
    if (step->err != RH_OK)
        return false;
    if (!found || !follows(step->procedure, before) || rh_state_is_resting(before->state))
        return true;
    hub_step_follow(step, before);
    bool answered = before->state == RH_STATE_REPLIED || before->state == RH_STATE_CONCLUDED ||
                    before->state == RH_STATE_NOT_ACCEPTED;
    if (before->sender != step->agency)
        return hub_step_refuse(step, RH_REFUSE_WRONG_ACTOR, 4);
    if (!answered && before->escalation < hub_attention_level(RH_KIND_URGE))
        return hub_step_refuse(step, RH_REFUSE_URGE_FIRST, 4);
    row->parent = before->id;
    row->counted = true;
    before->review_open++;
    hub_clocks_apply(step, before,
                     &(struct hub_change){ .kind = RH_KIND_REGISTER,
                                           .agency = step->agency,
                                           .before = before->state,
                                           .at_ms = step->at_ms });
    return step->err == RH_OK;
}

/* The last of a chain is closed, so the one before it is: by a record of its own, so that its
 * parties hear of their matter and of nothing else. Where it was never answered, what came
 * after it took its place: nobody owes its reply any more, its outcome says so, and a message
 * that still waits for its addressee becomes a tombstone. */
bool hub_relation_closed(struct hub_step *step, enum rh_state before)
{
    struct hub_referral *row = step->row;
    hub_step_note(step, RH_KIND_CLOSE, row, NULL, 0, row->last_holder);
    (void)hub_step_deliver(step, row, row->origin, RH_KIND_CLOSE);
    (void)hub_step_deliver(step, row, row->sender, RH_KIND_CLOSE);
    (void)hub_step_deliver(step, row, row->addressee, RH_KIND_CLOSE);
    hub_step_tell_waiting(step, row, RH_KIND_CLOSE);
    hub_clocks_apply(step, row,
                     &(struct hub_change){ .kind = RH_KIND_CLOSE,
                                           .agency = HUB_AGENCY_HUB,
                                           .before = before,
                                           .at_ms = step->at_ms });
    return step->err == RH_OK && hub_relation_settle(step);
}

bool hub_relation_close(struct hub_step *step)
{
    static const char superseded[] = "superseded";
    struct hub_referral *row = step->row;
    enum rh_state before = row->state;
    row->close_ms = 0;
    if (rh_state_is_resting(before) || !may_close(row))
        return true;
    if (before == RH_STATE_DISPATCHED && !hub_dispatch_tombstone(step, row))
        return false;
    if (row->outcome[0] == '\0')
        memcpy(row->outcome, superseded, sizeof(superseded));
    row->arrival_due_ms = 0;
    row->extend_pending = false;
    row->hearing = false;
    row->last_holder = row->holder;
    row->holder = HUB_AGENCY_NONE;
    row->state = RH_STATE_CLOSED;
    row->closed_ms = step->at_ms;
    return hub_relation_closed(step, before);
}

/* ---- counters -------------------------------------------------------------------------- */

static bool is_done(enum rh_state state)
{
    return rh_state_is_resting(state) || state == RH_STATE_CONCLUDED ||
           state == RH_STATE_NOT_ACCEPTED || state == RH_STATE_REPLIED ||
           state == RH_STATE_REVISITING;
}

static bool is_chained(const struct hub_referral *row)
{
    return row->born == RH_KIND_REGISTER;
}

static bool is_child(const struct hub_referral *row)
{
    return (row->born == RH_KIND_SPLIT && row->mandatory) ||
           row->born == RH_KIND_REVIEW_REQUEST || is_chained(row);
}

bool hub_relation_settle(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    bool done = is_chained(row) ? rh_state_is_resting(row->state) : is_done(row->state);
    bool counts = !done && is_child(row);
    if (rh_id_is_zero(row->parent.bytes) || counts == row->counted)
        return true;
    bool found;
    struct hub_referral *parent = hub_step_load(step, &row->parent, &found);
    if (step->err != RH_OK || !found)
        return step->err == RH_OK;
    uint32_t *open = row->born == RH_KIND_SPLIT ? &parent->child_open : &parent->review_open;
    if (!counts) {
        rh_assert(*open > 0);
        --*open;
    } else if (rh_state_is_resting(parent->state)) {
        return true; /* taken up again after the parent went to rest: it blocks nothing */
    } else {
        ++*open;
    }
    row->counted = counts;
    if (is_chained(row) && row->state == RH_STATE_CLOSED && may_close(parent))
        parent->close_ms = step->at_ms; /* the hub looks at it next */
    return true;
}
