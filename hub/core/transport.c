/* Transport words: ack and nack of deliveries, dead letters and their second chance. Items of
 * the receiver's own stream, so nobody between can forge them. */
#include "core/clocks.h"

#include <string.h>

/* The sender an ack speaks of. The hub's own notices come from the hub. */
static bool find_sender(struct hub_step *step, uint32_t *from)
{
    const char *text = step->item->from.text;
    struct hub_agency agency;
    bool found;
    if (!hub_step_agency_id(step, &step->item->from, &agency, &found))
        return false;
    if (found) {
        *from = agency.no;
        return true;
    }
    if (strncmp(text, "hub.", 4) != 0 && strncmp(text, "test.", 5) != 0)
        return hub_step_refuse(step, RH_REFUSE_FIELD_INVALID, 28);
    *from = HUB_AGENCY_HUB;
    return true;
}

/* Kinds whose delivery can be the arrival of a referral. */
static bool may_arrive(enum rh_kind kind)
{
    return rh_kind_is_dispatch(kind) || kind == RH_KIND_DESIGNATE ||
           kind == RH_KIND_TRANSFER_ON || kind == RH_KIND_SPLIT ||
           kind == RH_KIND_REVIEW_REQUEST || kind == RH_KIND_AMEND;
}

static bool is_in_force(const struct hub_referral *row, uint64_t index, uint32_t to)
{
    return row->state == RH_STATE_DISPATCHED && row->dispatch_index == index &&
           row->dispatch_to == to;
}

enum { NOTES_NEEDED = 24 }; /* of one arrival, every clock of the row expiring */

/* One delivered entry. False with *full set when the outcome has no room for its row. */
static bool take(struct hub_step *step, const struct hub_queued *queued, bool *full)
{
    if (queued->tombstone || queued->rno == 0 || !may_arrive(queued->kind))
        return true;
    /* A row is loaded before it is known whether it changes, hence one more than arrive. */
    if (step->out->row_count >= HUB_ACK_ARRIVALS_MAX ||
        step->out->note_count + NOTES_NEEDED > HUB_NOTES_OUT_MAX) {
        *full = true;
        return false;
    }
    uint32_t count = step->out->row_count;
    bool found;
    struct hub_referral *row = hub_step_load_rno(step, queued->rno, &found);
    if (step->err != RH_OK)
        return false;
    if (found && is_in_force(row, queued->index, queued->to) && !row->arrived) {
        step->procedure = hub_step_procedure(step, row);
        return hub_dispatch_arrive(step, row);
    }
    if (step->out->row_count > count)
        step->out->row_count = count;
    return true;
}

/* Cumulative: everything of (from, lane) up to pair_seq. What is acknowledged already is no
 * mistake. Where more arrivals come at once than an outcome holds, it takes effect up to the
 * last that fits and the next ack does the rest. */
bool hub_decide_ack(struct hub_step *step)
{
    const struct rh_public *item = step->item;
    const struct hub_world *world = step->world;
    uint32_t from;
    uint64_t next;
    if (!find_sender(step, &from))
        return false;
    enum rh_err err = world->pair_next(world->context, from, step->agency, item->lane, &next);
    if (err != RH_OK)
        return hub_step_fail(step, err);
    if (item->pair_seq >= next)
        return hub_step_refuse(step, RH_REFUSE_FIELD_INVALID, 29);

    uint64_t acked = 0;
    for (uint64_t seq = 0; seq <= item->pair_seq; seq = acked + 1) {
        struct hub_queued queued;
        err = world->queued_next(world->context, step->agency, from, item->lane, seq, &queued);
        if (err == RH_ERR_NOTFOUND || (err == RH_OK && queued.pair_seq > item->pair_seq))
            break;
        if (err != RH_OK)
            return hub_step_fail(step, err);
        rh_assert(queued.pair_seq >= seq);
        bool full = false;
        if (!take(step, &queued, &full)) {
            if (full)
                break;
            return false;
        }
        acked = queued.pair_seq;
    }
    if (acked != 0)
        hub_step_queue(step, &(struct hub_queue_out){ .to = step->agency,
                                                      .from = from,
                                                      .lane = item->lane,
                                                      .pair_seq = acked,
                                                      .what = HUB_QUEUE_ACKED });
    return step->err == RH_OK;
}

/* An arrival that was none: the addressee's clocks end, the sender holds the matter. */
static void undo_arrival(struct hub_step *step, struct hub_referral *row)
{
    row->arrival_due_ms = 0;
    row->arrived = false;
    row->arrived_ms = 0;
    row->completed_ms = 0;
    row->holder = row->sender;
    hub_clocks_apply(step, row,
                     &(struct hub_change){ .kind = RH_KIND_DEAD_LETTER,
                                           .agency = HUB_AGENCY_HUB,
                                           .before = row->state,
                                           .at_ms = step->at_ms });
}

bool hub_decide_nack(struct hub_step *step)
{
    const struct rh_public *item = step->item;
    const struct hub_world *world = step->world;
    struct hub_queued queued;
    uint32_t from;
    if (!find_sender(step, &from))
        return false;
    enum rh_err err =
        world->queued(world->context, step->agency, from, item->lane, item->pair_seq, &queued);
    if (err == RH_ERR_NOTFOUND || (err == RH_OK && queued.tombstone))
        return hub_step_refuse(step, RH_REFUSE_FIELD_INVALID, 29);
    if (err != RH_OK)
        return hub_step_fail(step, err);

    hub_step_queue(step, &(struct hub_queue_out){ .to = step->agency,
                                                  .from = from,
                                                  .lane = item->lane,
                                                  .pair_seq = item->pair_seq,
                                                  .what = HUB_QUEUE_DEAD,
                                                  .refusal = item->refusal,
                                                  .index = queued.index });
    struct hub_referral *row = NULL;
    if (queued.rno != 0) {
        bool found;
        row = hub_step_load_rno(step, queued.rno, &found);
        if (step->err != RH_OK)
            return false;
        if (!found)
            row = NULL;
    }
    if (row != NULL) {
        step->row = row;
        row->dead_count++;
        hub_step_note(step, RH_KIND_DEAD_LETTER, row, NULL, 0, from);
        if (is_in_force(row, queued.index, queued.to))
            undo_arrival(step, row);
    }
    (void)hub_step_deliver_record(step, row, from, HUB_AGENCY_HUB, RH_KIND_DEAD_LETTER,
                                  step->event->index);
    return step->err == RH_OK && step->out->refusal == 0;
}

/* ---- second chance ---------------------------------------------------------------------- */

static bool load_dead(struct hub_step *step, struct hub_referral **row)
{
    const struct hub_dead *dead = &step->event->dead;
    *row = NULL;
    if (dead->settled)
        return hub_step_refuse(step, RH_REFUSE_WRONG_STATE, 0);
    if (dead->rno == 0)
        return true;
    bool found;
    *row = hub_step_load_rno(step, dead->rno, &found);
    if (step->err != RH_OK)
        return false;
    if (!found)
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_REFERRAL, 0);
    step->row = *row;
    return true;
}

static void settle_dead(struct hub_step *step)
{
    const struct hub_dead *dead = &step->event->dead;
    hub_step_queue(step, &(struct hub_queue_out){ .to = dead->to,
                                                  .from = dead->from,
                                                  .lane = dead->lane,
                                                  .pair_seq = dead->pair_seq,
                                                  .what = HUB_QUEUE_SETTLED,
                                                  .index = dead->index });
}

/* The same record again, under a new number: the old one is used up. */
bool hub_decide_dead_retry(struct hub_step *step)
{
    const struct hub_dead *dead = &step->event->dead;
    struct hub_referral *row;
    if (!load_dead(step, &row))
        return false;
    enum rh_kind kind = dead->kind != RH_KIND_NONE ? dead->kind
                        : row != NULL              ? row->kind
                                                   : RH_KIND_BULLETIN;
    struct hub_delivery_out *queued =
        hub_step_deliver_record(step, row, dead->to, dead->from, kind, dead->index);
    if (queued == NULL)
        return step->err == RH_OK ? hub_step_refuse(step, RH_REFUSE_NO_ROUTE, 0) : false;
    queued->place = dead->place;
    settle_dead(step);
    if (row == NULL)
        return step->err == RH_OK;
    hub_step_note(step, RH_KIND_DEAD_RETRY, row, NULL, 0, dead->to);
    if (!is_in_force(row, dead->index, dead->to) || row->arrived)
        return step->err == RH_OK;
    row->dispatch_seq = queued->pair_seq;
    row->dispatch_lane = queued->lane;
    row->dispatch_from = queued->from;
    row->dispatch_to = queued->to;
    hub_dispatch_arm(step, row);
    hub_clocks_apply(step, row,
                     &(struct hub_change){ .kind = RH_KIND_DEAD_RETRY,
                                           .agency = HUB_AGENCY_HUB,
                                           .before = row->state,
                                           .at_ms = step->at_ms });
    return step->err == RH_OK;
}

/* Back to its origin: the sender holds the matter and may send it anew, to whom it likes. */
bool hub_decide_dead_return(struct hub_step *step)
{
    const struct hub_dead *dead = &step->event->dead;
    struct hub_referral *row;
    if (!load_dead(step, &row))
        return false;
    settle_dead(step);
    if (row == NULL)
        return step->err == RH_OK;
    enum rh_state before = row->state;
    if (is_in_force(row, dead->index, dead->to) && !row->arrived) {
        row->no_clock_reset = false;
        hub_step_move(step, RH_KIND_RECALL, RH_STATE_RETURNED, row->sender);
        hub_clocks_apply(step, row,
                         &(struct hub_change){ .kind = RH_KIND_RECALL,
                                               .agency = HUB_AGENCY_HUB,
                                               .before = before,
                                               .at_ms = step->at_ms });
    }
    hub_step_note(step, RH_KIND_RECALL, row, NULL, 0, dead->from);
    (void)hub_step_deliver(step, row, dead->from, RH_KIND_RECALL);
    return step->err == RH_OK;
}
