/* The dispatch kinds: a matter goes to an addressee, by a route the procedure provides and
 * never to a unit it accuses. The message is queued here; when it arrives its clocks start. */
#include "core/clock.h"

#include <string.h>

enum { GRACE_HOURS = 24, DUE_DAYS_MAX = 3650 };

static bool role_matches(const char *pattern, const char *role)
{
    return strcmp(pattern, "*") == 0 || strcmp(pattern, role) == 0;
}

bool hub_dispatch_route(const struct rh_procedure *procedure, const struct hub_agency *from,
                        const struct hub_agency *to, enum rh_kind kind)
{
    for (uint32_t i = 0; i < procedure->route_count; i++) {
        const struct rh_route *route = &procedure->routes[i];
        if (rh_kind_in(&route->kinds, kind) && role_matches(route->from, from->role) &&
            role_matches(route->to, to->role))
            return true;
    }
    return false;
}

/* What is addressed to an agency that others have taken over is theirs: whoever still has the
 * old address in a form must not lose a day by it (and is told, hub_decide_dispatch).
 * Unknown, revoked and denied answer alike: the sender must not learn which it is. */
bool hub_dispatch_target(struct hub_step *step, const struct hub_referral *row,
                         const struct rh_agency_id *id, struct hub_agency *out)
{
    bool found;
    if (!hub_step_agency_id(step, id, out, &found))
        return false;
    if (found && out->successor_count > 0 &&
        !hub_step_agency(step, hub_actor_heir(step, row, out->no), out, &found))
        return false;
    if (!found || out->state == HUB_AGENCY_REVOKED ||
        (row != NULL && hub_actor_is_accused(step, row, out->no)))
        return hub_step_refuse(step, RH_REFUSE_NO_ROUTE, 7);
    return true;
}

bool hub_dispatch_by_area(struct hub_step *step, const char *role, const char *area,
                          struct rh_agency_id *out, bool *found)
{
    static const size_t levels[] = { 12, 9, 6, 4, 2 };
    size_t role_bytes = strcspn(role, ".");
    size_t area_bytes = strlen(area);
    *found = false;
    for (unsigned i = 0; i < sizeof(levels) / sizeof(levels[0]) && !*found; i++) {
        if (levels[i] > area_bytes || role_bytes + 1 + levels[i] > RH_AGENCY_BYTES_MAX)
            continue;
        char text[RH_AGENCY_BYTES_MAX + 1];
        memcpy(text, role, role_bytes);
        text[role_bytes] = '.';
        memcpy(text + role_bytes + 1, area, levels[i]);
        if (rh_agency_id_parse(text, role_bytes + 1 + levels[i], out) != RH_OK)
            continue;
        struct hub_agency agency;
        if (!hub_step_agency_id(step, out, &agency, found))
            return false;
    }
    return true;
}

/* The routing map answers where the sender names nobody (引导图). */
static bool route_by_map(struct hub_step *step, const struct hub_referral *row,
                         struct rh_agency_id *out)
{
    const struct rh_routing *entry =
        rh_rules_route(step->world->rules, row->category, row->area);
    if (entry == NULL && rh_rules_proper(step->world->rules, row->category, row->area) != NULL)
        return hub_step_refuse(step, RH_REFUSE_PROPER_ELSEWHERE, 7);
    if (entry == NULL)
        return hub_step_refuse(step, RH_REFUSE_NO_ROUTE, 7);
    size_t bytes = strlen(entry->to);
    size_t dot = strcspn(entry->to, ".");
    bool found = false;
    if (dot + 1 < bytes)
        found = rh_agency_id_parse(entry->to, bytes, out) == RH_OK;
    else if (!hub_dispatch_by_area(step, entry->to, row->area, out, &found))
        return false;
    return found ? true : hub_step_refuse(step, RH_REFUSE_NO_ROUTE, 7);
}

bool hub_dispatch_checks(struct hub_step *step, const struct hub_referral *row,
                         enum rh_kind kind)
{
    const struct rh_procedure *procedure = hub_step_procedure(step, row);
    for (uint32_t i = 0; i < procedure->check_count; i++) {
        const struct rh_check *check = &procedure->checks[i];
        if (!rh_kind_in(&check->kinds, kind) ||
            hub_referral_has_fact(row, check->fact, check->equals))
            continue;
        return hub_step_refuse(step,
                               check->refusal != 0 ? (enum rh_refusal)check->refusal
                                                   : RH_REFUSE_FIELD_MISSING,
                               26);
    }
    return true;
}

bool hub_dispatch_due(struct hub_step *step)
{
    uint64_t due_ms = step->item->due_ms;
    uint64_t now_ms = step->at_ms;
    if (due_ms == 0)
        return true;
    if (due_ms <= now_ms || due_ms - now_ms > DUE_DAYS_MAX * RH_DAY_MS)
        return hub_step_refuse(step, RH_REFUSE_DUE_DATE, 16);
    return true;
}

uint64_t hub_dispatch_grace_ms(const struct hub_step *step)
{
    uint32_t hours = step->world->rules->settings.grace_hours;
    return (hours != 0 ? hours : GRACE_HOURS) * RH_HOUR_MS;
}

void hub_dispatch_arm(struct hub_step *step, struct hub_referral *row)
{
    row->arrival_due_ms = step->at_ms + hub_dispatch_grace_ms(step);
    row->down_ms = step->event->down_ms;
}

bool hub_dispatch_send(struct hub_step *step, struct hub_referral *row, uint32_t to,
                       enum rh_kind kind, enum rh_kind as)
{
    rh_assert(row->state == RH_STATE_DISPATCHED);
    if (to != row->addressee) {
        row->designated = false;
        row->no_clock_reset = false;
        row->escalation = 0;
        row->supplement_count = 0;
    }
    row->kind = kind;
    row->addressee = to;
    row->arrived = false;
    row->signed_once = false;
    row->arrived_ms = 0;
    row->signed_ms = 0;
    row->completed_ms = 0;
    row->dispatched_ms = step->at_ms;
    row->dispatch_index = step->event->index;
    row->dispatch_count++;
    hub_dispatch_arm(step, row);
    const struct hub_delivery_out *queued =
        hub_step_deliver_record(step, row, to, step->agency, as, step->event->index);
    if (queued == NULL)
        return step->err != RH_OK || step->out->refusal != 0
                   ? false
                   : hub_step_refuse(step, RH_REFUSE_NO_ROUTE, 7);
    row->dispatch_seq = queued->pair_seq;
    row->dispatch_lane = queued->lane;
    row->dispatch_from = queued->from;
    row->dispatch_to = queued->to;
    return true;
}

void hub_dispatch_grace(const struct hub_step *step, struct hub_referral *row)
{
    if (row->arrival_due_ms == 0 || step->event->down_ms <= row->down_ms)
        return;
    row->arrival_due_ms += step->event->down_ms - row->down_ms;
    row->down_ms = step->event->down_ms;
}

/* arrived = min(delivered, stored + grace): nobody stops a clock by switching off a machine. */
bool hub_dispatch_arrive(struct hub_step *step, struct hub_referral *row)
{
    rh_assert(row->state == RH_STATE_DISPATCHED);
    rh_assert(!row->arrived);
    rh_assert(row->addressee != HUB_AGENCY_NONE);
    hub_dispatch_grace(step, row);
    uint64_t at_ms = step->at_ms;
    if (row->arrival_due_ms != 0 && row->arrival_due_ms < at_ms)
        at_ms = row->arrival_due_ms;
    row->arrived = true;
    row->arrived_ms = at_ms;
    row->completed_ms = at_ms;
    row->arrival_due_ms = 0;
    row->holder = row->addressee;
    hub_step_note(step, RH_KIND_ARRIVED, row, NULL, 0, row->addressee);
    hub_clocks_apply(step, row,
                     &(struct hub_change){ .kind = RH_KIND_ARRIVED,
                                           .agency = HUB_AGENCY_HUB,
                                           .before = RH_STATE_DISPATCHED,
                                           .at_ms = at_ms });
    return step->err == RH_OK;
}

/* After a recovery the delivery is acknowledged anew, which says nothing about when it came
 * first; an act of the addressee that an earlier generation had stored does: by then it had
 * arrived. It is the addressee's own act that puts its clocks back, so nobody gains by it. */
void hub_dispatch_had_arrived(struct hub_step *step, struct hub_referral *row)
{
    uint64_t arrived_ms = row->arrived_ms;
    if (step->event->lost_ms == 0 || !row->arrived || step->agency != row->addressee ||
        step->at_ms >= arrived_ms)
        return;
    row->arrived_ms = step->at_ms;
    if (row->completed_ms == arrived_ms)
        row->completed_ms = step->at_ms;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        struct hub_deadline *deadline = &row->deadlines[i];
        if (deadline->start_ms != arrived_ms || deadline->status != HUB_DEADLINE_RUNNING)
            continue;
        deadline->start_ms = step->at_ms;
        deadline->lost_generation = step->event->lost_generation;
        if (hub_clock_compute(hub_step_calendar(step, row), deadline))
            hub_clock_arm(step, row, deadline, true);
    }
}

bool hub_dispatch_tombstone(struct hub_step *step, const struct hub_referral *row)
{
    struct hub_queued queued;
    enum rh_err err =
        step->world->queued(step->world->context, row->dispatch_to, row->dispatch_from,
                            row->dispatch_lane, row->dispatch_seq, &queued);
    if (err == RH_ERR_NOTFOUND)
        return true;
    if (err != RH_OK)
        return hub_step_fail(step, err);
    if (queued.tombstone || queued.index != row->dispatch_index)
        return true;
    hub_step_queue(step, &(struct hub_queue_out){ .to = queued.to,
                                                  .from = queued.from,
                                                  .lane = queued.lane,
                                                  .pair_seq = queued.pair_seq,
                                                  .what = HUB_QUEUE_TOMBSTONE,
                                                  .index = queued.index });
    return step->err == RH_OK;
}

/* A dispatch may put the matter under another procedure: what was registered for screening
 * goes out as what it turned out to be. A review stays the review it was asked for as: called back
 * and sent under another rule, the last one could be had again. */
static bool follow_procedure(struct hub_step *step)
{
    const char *id = step->item->procedure;
    if (id[0] == 0 || strcmp(id, step->row->procedure) == 0)
        return true;
    const struct rh_procedure *procedure = rh_rules_procedure(step->world->rules, id);
    if (procedure == NULL)
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_PROCEDURE, 8);
    if (step->row->born == RH_KIND_REVIEW_REQUEST)
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 8);
    memcpy(step->row->procedure, id, sizeof(step->row->procedure));
    step->row->procedure_version = procedure->version;
    step->row->rules_index = step->world->rules_index;
    step->row->reply_owed = step->row->reply_owed || procedure->reply_owed;
    step->procedure = procedure;
    step->fresh = true;
    hub_step_seal(step->row, procedure);
    if ((hub_actor_bits(step, step->row, step->agency) & HUB_ACTOR_BIT(RH_ACTOR_INTAKE)) == 0)
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 8);
    return true;
}

static bool find_target(struct hub_step *step, struct hub_agency *to)
{
    struct rh_agency_id id = step->item->to;
    if (id.text[0] == 0 && !route_by_map(step, step->row, &id))
        return false;
    return hub_dispatch_target(step, step->row, &id, to);
}

/* Who wrote to an address that is no more hears where the matter went. */
static bool tell_successor(struct hub_step *step, const struct hub_agency *to)
{
    const char *named = step->item->to.text;
    if (named[0] == 0 || strcmp(named, to->id.text) == 0)
        return true;
    hub_step_note(step, RH_KIND_NOTICE, step->row, NULL, 0, to->no);
    (void)hub_step_deliver_record(step, step->row, step->agency, HUB_AGENCY_HUB, RH_KIND_NOTICE,
                                  step->event->index);
    return step->err == RH_OK && step->out->refusal == 0;
}

bool hub_decide_dispatch(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    const struct rh_public *item = step->item;
    /* After the third bounce the common superior holds it, to designate and nothing else. */
    if (row->state == RH_STATE_RETURNED && row->holder != row->sender)
        return hub_step_refuse(step, RH_REFUSE_PROCEDURE_FORBIDS, 2);
    struct hub_agency from, to;
    bool found;
    if (!follow_procedure(step) || !find_target(step, &to) ||
        !hub_step_agency(step, step->agency, &from, &found))
        return false;
    if (!found || !hub_dispatch_route(step->procedure, &from, &to, item->kind))
        return hub_step_refuse(step, RH_REFUSE_ROUTE_FORBIDDEN, 7);
    if (!hub_dispatch_due(step) || !hub_dispatch_checks(step, row, item->kind))
        return false;

    row->sender = step->agency;
    row->report_required = item->kind == RH_KIND_ASSIGN || item->report_required ||
                           step->procedure->report_required;
    row->report_done = false;
    row->assigner = row->report_required ? step->agency : HUB_AGENCY_NONE;
    if (item->lane > row->lane)
        row->lane = item->lane;
    hub_step_move(step, item->kind, RH_STATE_DISPATCHED, step->agency);
    return hub_dispatch_send(step, row, to.no, item->kind, item->kind) &&
           hub_step_tell(step, 0) && tell_successor(step, &to);
}
