/* An agency is merged, split, renamed or gets another division code: what was its own goes to
 * its successor, one queue entry or one referral at a time.
 *
 *     queue of OLD   7 8 9   ->   7t 8t 9t        tombstones: its numbers stay dense
 *     queue of NEW   ...     ->   ... 41 42 43    the same records under new numbers
 *
 * Entries move in the order of their records, and before the referrals they are about (the job
 * sees to that), so nobody's order changes. While a referral is still OLD's, what is sent to it
 * waits in OLD's queue and moves as well. A referral then changes hands in every part that OLD
 * had in it; its clocks keep their starts and ends, and whoever else has a part is told.
 *
 * What a deny rule keeps from the successor goes past it, to its superior or else back. That
 * is what accuses either of the two: from the order on OLD is a part of what NEW has been
 * (struct hub_former), so a matter that accuses OLD and lay with NEW is taken from NEW as well,
 * with what of it waits in NEW's queue. Where NEW only had a copy, nobody gets it instead. */
#include "core/step.h"

static void take_over(uint32_t *agency, uint32_t old, uint32_t new)
{
    if (*agency == old)
        *agency = new;
}

/* Who gets what `from` has: the successor, unless the matter accuses it; then whoever stands
 * above the two, or had a part before. HUB_AGENCY_NONE: it stays where it is. */
static uint32_t find_taker(struct hub_step *step, const struct hub_referral *row, uint32_t from)
{
    uint32_t old = step->event->agency;
    uint32_t new = step->event->successor;
    uint32_t heir = hub_actor_heir(step, row, new);
    if (from == new && (row == NULL || !hub_actor_is_accused(step, row, new)))
        return HUB_AGENCY_NONE;
    if (from != new && (row == NULL || !hub_actor_is_accused(step, row, heir)))
        return heir;
    const uint32_t others[] = { hub_actor_superior(step, row, heir),
                                hub_actor_superior(step, row, old), row->sender, row->origin,
                                row->assigner };
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        uint32_t other = hub_actor_heir(step, row, others[i]);
        if (other >= HUB_AGENCY_FIRST && other != old && other != new &&
            !hub_actor_is_accused(step, row, other))
            return other;
    }
    return HUB_AGENCY_NONE;
}

/* Waits once, however many of the two waited. */
static void replace_waiting(struct hub_referral *row, uint32_t old, uint32_t new)
{
    uint32_t kept = 0;
    bool there = false;
    for (uint32_t i = 0; i < row->waiting_count; i++) {
        uint32_t one = row->waiting[i] == old ? new : row->waiting[i];
        if (one != new || !there)
            row->waiting[kept++] = one;
        there = there || one == new;
    }
    for (uint32_t i = kept; i < row->waiting_count; i++)
        row->waiting[i] = HUB_AGENCY_NONE;
    row->waiting_count = kept;
}

static void replace_party(struct hub_referral *row, uint32_t old, uint32_t new)
{
    hub_row_leave(row, old);
    bool fits = row->party_count < HUB_PARTIES_MAX ? hub_step_party(row, new)
                                                   : hub_row_is_party(row, new);
    rh_assert(fits); /* one left */
}

/* Every part that `old` had. dispatch_from stays: it names a pair whose numbers go on. */
static void change_hands(struct hub_referral *row, uint32_t old, uint32_t new)
{
    uint32_t *const parts[] = { &row->origin,     &row->sender,   &row->addressee,
                                &row->assigner,   &row->holder,   &row->last_holder,
                                &row->sealed_by,  &row->bounce_a, &row->bounce_b,
                                &row->objected_by, &row->visitor };
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        take_over(parts[i], old, new);
    if (row->bounce_a > row->bounce_b) {
        uint32_t high = row->bounce_a;
        row->bounce_a = row->bounce_b;
        row->bounce_b = high;
    }
    for (uint32_t i = 0; i < row->deadline_count; i++)
        take_over(&row->deadlines[i].owed_by, old, new);
    replace_waiting(row, old, new);
    replace_party(row, old, new);
}

/* Whoever has a part in an open matter hears who acts in it from now on; so does the taker. */
static void tell_parts(struct hub_step *step, struct hub_referral *row, uint32_t taker)
{
    const uint32_t parts[] = { row->origin, row->sender, row->addressee, row->assigner,
                               row->holder, taker };
    hub_step_note(step, RH_KIND_NOTICE, row, NULL, 0, taker);
    if (rh_state_is_resting(row->state))
        return;
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        (void)hub_step_deliver(step, row, parts[i], RH_KIND_NOTICE);
}

static void move_part(struct hub_step *step, struct hub_referral *row, uint32_t from,
                      uint32_t taker)
{
    change_hands(row, from, taker);
    tell_parts(step, row, taker);
}

/* More than a copy: who acts in it, waits for it or owes something. */
static bool has_part(const struct hub_referral *row, uint32_t agency)
{
    const uint32_t parts[] = { row->origin,   row->sender,      row->addressee,
                               row->assigner, row->holder,      row->last_holder,
                               row->bounce_a, row->bounce_b,    row->sealed_by,
                               row->objected_by };
    bool found = false;
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        found = found || parts[i] == agency;
    for (uint32_t i = 0; i < row->deadline_count; i++)
        found = found || row->deadlines[i].owed_by == agency;
    for (uint32_t i = 0; i < row->waiting_count; i++)
        found = found || row->waiting[i] == agency;
    return found;
}

/* OLD's part, and NEW's where the matter is kept from it. */
static bool move_referral(struct hub_step *step, struct hub_referral *row)
{
    const uint32_t from[] = { step->event->agency, step->event->successor };
    bool moved = false;
    for (unsigned i = 0; i < sizeof(from) / sizeof(from[0]) && step->err == RH_OK; i++) {
        if (!hub_row_is_party(row, from[i]))
            continue;
        uint32_t taker = find_taker(step, row, from[i]);
        bool copy = from[i] == step->event->successor && !has_part(row, from[i]) &&
                    hub_actor_is_accused(step, row, from[i]);
        if (copy)
            hub_row_leave(row, from[i]);
        else if (taker != HUB_AGENCY_NONE)
            move_part(step, row, from[i], taker);
        moved = moved || copy || taker != HUB_AGENCY_NONE;
    }
    return moved;
}

static void end_entry(struct hub_step *step)
{
    const struct hub_queued *entry = &step->event->queued;
    hub_step_queue(step, &(struct hub_queue_out){ .to = entry->to,
                                                  .from = entry->from,
                                                  .lane = entry->lane,
                                                  .pair_seq = entry->pair_seq,
                                                  .what = HUB_QUEUE_TOMBSTONE,
                                                  .index = entry->index });
}

static bool move_entry(struct hub_step *step, struct hub_referral *row, uint32_t taker)
{
    const struct hub_queued *entry = &step->event->queued;
    /* With every place taken there is none for both: this matter changes hands at once. */
    if (row != NULL && row->party_count == HUB_PARTIES_MAX && !hub_row_is_party(row, taker))
        change_hands(row, entry->to, taker);
    end_entry(step);
    step->lane = entry->lane;
    struct hub_delivery_out *queued =
        hub_step_deliver_record(step, row, taker, entry->from, entry->kind, entry->index);
    if (step->err != RH_OK)
        return false;
    rh_assert(queued != NULL); /* not accused, a place among the parties, the only delivery */
    queued->place = entry->place;
    if (row != NULL && row->dispatch_to == entry->to && row->dispatch_index == entry->index &&
        row->dispatch_seq == entry->pair_seq && row->dispatch_lane == entry->lane) {
        row->dispatch_to = queued->to;
        row->dispatch_seq = queued->pair_seq;
        row->dispatch_lane = queued->lane;
    }
    return true;
}

/* False: nothing is changed, or step->err. */
static bool decide_entry(struct hub_step *step, struct hub_referral *row)
{
    uint32_t from = step->event->queued.to;
    uint32_t taker = find_taker(step, row, from);
    if (row != NULL && from == step->event->successor && !has_part(row, from) &&
        hub_actor_is_accused(step, row, from)) {
        end_entry(step);
        return step->err == RH_OK;
    }
    return taker != HUB_AGENCY_NONE && move_entry(step, row, taker);
}

bool hub_decide_succeed(struct hub_step *step)
{
    struct hub_referral *row = step->row;
    rh_assert(row != NULL || step->event->queued.index != 0);
    bool moved = step->event->queued.index != 0 ? decide_entry(step, row)
                                                : move_referral(step, row);
    if (!moved && step->err == RH_OK) {
        step->out->row_count = 0; /* nothing is changed, so nothing is written */
        step->row = NULL;
    }
    return step->err == RH_OK;
}
