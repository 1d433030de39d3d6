/* Every delivery has the next number of its (sender, recipient, lane): a receiver is promised a
 * dense row, in which each number is a message or a tombstone. So a number that was passed over
 * is a message somebody was never to see, and one given twice hides another. Numbers end by an
 * acknowledgement, a dead letter or a tombstone; what ends must be waiting. */
#include "audit/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rh/item.h>

enum { NAME_BYTES = 64 };

struct pair {
    uint32_t to, from;
    enum rh_lane lane;
};

static void name(struct hub_state *state, uint32_t no, char out[NAME_BYTES])
{
    static struct hub_agency row; /* large */
    if (no == HUB_AGENCY_HUB)
        snprintf(out, NAME_BYTES, "%s", "hub");
    else if (hub_views_agency(state->views.map, no, &row) == RH_OK)
        snprintf(out, NAME_BYTES, "%.*s", NAME_BYTES - 1, row.id.text);
    else
        snprintf(out, NAME_BYTES, "#%" PRIu32, no);
}

static const char *lane_name(enum rh_lane lane)
{
    const char *found = (unsigned)lane < RH_LANE_COUNT ? rh_lane_name(lane) : NULL;
    return found != NULL ? found : "?";
}

static void complain(struct hub_state *state, uint64_t index, const struct pair *pair,
                     uint64_t number, uint64_t expected)
{
    char from[NAME_BYTES], to[NAME_BYTES];
    name(state, pair->from, from);
    name(state, pair->to, to);
    struct hub_finding finding =
        expected != 0
            ? hub_finding_make(HUB_FINDING_PAIR, index,
                               N_("%s to %s, lane %s: number %" PRIu64 ", expected %" PRIu64),
                               from, to, lane_name(pair->lane), number, expected)
            : hub_finding_make(HUB_FINDING_PAIR, index,
                               N_("%s to %s, lane %s: number %" PRIu64
                                  " ends, and is not waiting"),
                               from, to, lane_name(pair->lane), number);
    finding.count = 1;
    hub_findings_add(state->findings, &finding);
}

static enum rh_err next_of(struct hub_state *state, const struct pair *pair, uint64_t *next)
{
    uint64_t acked;
    return hub_views_pair(state->views.map, pair->to, pair->from, pair->lane, next, &acked);
}

/* Deliveries of one outcome to the same pair follow one another. */
static enum rh_err check_delivery(struct hub_state *state, uint64_t index,
                                  const struct hub_outcome *outcome, uint32_t at)
{
    const struct hub_delivery_out *one = &outcome->deliveries[at];
    const struct pair pair = { one->to, one->from, one->lane };
    uint64_t expected;
    enum rh_err err = next_of(state, &pair, &expected);
    for (uint32_t i = 0; i < at; i++) {
        const struct hub_delivery_out *other = &outcome->deliveries[i];
        if (other->to == one->to && other->from == one->from && other->lane == one->lane)
            expected++;
    }
    if (err == RH_OK && one->pair_seq != expected)
        complain(state, index, &pair, one->pair_seq, expected);
    return err;
}

static enum rh_err check_end(struct hub_state *state, uint64_t index,
                             const struct hub_queue_out *out)
{
    const struct pair pair = { out->to, out->from, out->lane };
    struct hub_queued queued;
    uint64_t next;
    if (out->what == HUB_QUEUE_SETTLED)
        return RH_OK; /* it names a dead letter, no number */
    enum rh_err err = next_of(state, &pair, &next);
    if (err != RH_OK)
        return err;
    if (out->pair_seq == 0 || out->pair_seq >= next) {
        complain(state, index, &pair, out->pair_seq, 0);
        return RH_OK;
    }
    if (out->what == HUB_QUEUE_ACKED)
        return RH_OK; /* cumulative: the entry itself may have ended before */
    err = hub_views_queued(state->views.map, pair.to, pair.from, pair.lane, out->pair_seq,
                           &queued);
    if (err == RH_ERR_NOTFOUND)
        complain(state, index, &pair, out->pair_seq, 0);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

enum rh_err hub_state_check_pairs(struct hub_state *state,
                                  const struct hub_state_record *record)
{
    const struct hub_outcome *outcome = record->outcome;
    uint64_t index = record->record->core.index;
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; err == RH_OK && i < outcome->delivery_count; i++)
        err = check_delivery(state, index, outcome, i);
    for (uint32_t i = 0; err == RH_OK && i < outcome->queue_count; i++)
        err = check_end(state, index, &outcome->queue[i]);
    return err;
}
