#include "gateway/flight.h"

enum { NOWHERE = HUB_FLIGHT_MAX };

void hub_flight_clear(struct hub_flight *flight)
{
    flight->count = 0;
    flight->bytes = 0;
    flight->pair_count = 0;
    flight->free = 0;
    for (uint32_t i = 0; i < HUB_FLIGHT_MAX; i++)
        flight->entries[i].next = i + 1; /* the last one: NOWHERE */
}

/* Place of a pair, or pair_count. */
static uint32_t find(const struct hub_flight *flight, enum rh_lane lane, uint32_t from)
{
    uint32_t i = 0;
    while (i < flight->pair_count &&
           (flight->pairs[i].from != from || flight->pairs[i].lane != lane))
        i++;
    return i;
}

void hub_flight_add(struct hub_flight *flight, enum rh_lane lane, uint32_t from,
                    uint64_t pair_seq, uint32_t bytes)
{
    rh_assert(flight->count < HUB_FLIGHT_MAX && flight->free != NOWHERE);
    uint32_t place = flight->free;
    flight->free = flight->entries[place].next;
    flight->entries[place] =
        (struct hub_flight_entry){ .pair_seq = pair_seq, .bytes = bytes, .next = NOWHERE };
    flight->count++;
    flight->bytes += bytes;

    uint32_t pair = find(flight, lane, from);
    if (pair == flight->pair_count) {
        flight->pair_count++;
        flight->pairs[pair] = (struct hub_flight_pair){
            .from = from, .lane = lane, .first = place, .last = place
        };
        return;
    }
    rh_assert(flight->entries[flight->pairs[pair].last].pair_seq < pair_seq);
    flight->entries[flight->pairs[pair].last].next = place;
    flight->pairs[pair].last = place;
}

uint64_t hub_flight_last(const struct hub_flight *flight, enum rh_lane lane, uint32_t from)
{
    uint32_t pair = find(flight, lane, from);
    return pair == flight->pair_count ? 0 : flight->entries[flight->pairs[pair].last].pair_seq;
}

/* Give an entry back; returns the one behind it. */
static uint32_t release(struct hub_flight *flight, uint32_t place)
{
    uint32_t next = flight->entries[place].next;
    flight->bytes -= flight->entries[place].bytes;
    flight->count--;
    flight->entries[place].next = flight->free;
    flight->free = place;
    return next;
}

static void drop_pair(struct hub_flight *flight, uint32_t pair)
{
    flight->pair_count--;
    flight->pairs[pair] = flight->pairs[flight->pair_count];
}

/* Whether the front of a pair still waits in its queue. */
static enum rh_err is_queued(struct hub_map *map, uint32_t to,
                             const struct hub_flight_pair *pair, uint64_t pair_seq,
                             bool *queued)
{
    struct hub_queued row;
    enum rh_err err = hub_views_queue_head(map, to, pair->lane, pair->from, pair_seq, &row);
    *queued = err == RH_OK && row.pair_seq == pair_seq;
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* *empty: nothing is left of the pair. */
static enum rh_err settle_pair(struct hub_flight *flight, struct hub_map *map, uint32_t to,
                               struct hub_flight_pair *pair, bool *empty)
{
    uint64_t next, acked;
    enum rh_err err = hub_views_pair(map, to, pair->from, pair->lane, &next, &acked);
    *empty = false;
    while (err == RH_OK) {
        uint64_t front = flight->entries[pair->first].pair_seq;
        bool queued = false;
        if (front > acked)
            err = is_queued(map, to, pair, front, &queued);
        if (err != RH_OK || queued)
            return err;
        pair->first = release(flight, pair->first);
        if (pair->first == NOWHERE) {
            *empty = true;
            return RH_OK;
        }
    }
    return err;
}

enum rh_err hub_flight_settle(struct hub_flight *flight, struct hub_map *map, uint32_t to,
                              uint32_t *settled)
{
    uint32_t before = flight->count;
    enum rh_err err = RH_OK;
    for (uint32_t pair = 0; err == RH_OK && pair < flight->pair_count;) {
        bool empty;
        err = settle_pair(flight, map, to, &flight->pairs[pair], &empty);
        if (empty)
            drop_pair(flight, pair);
        else
            pair++;
    }
    *settled = before - flight->count;
    return err;
}

uint64_t hub_flight_cut(struct hub_flight *flight, enum rh_lane lane, uint32_t from,
                        uint64_t at_least)
{
    uint64_t before = flight->bytes;
    uint32_t at = find(flight, lane, from);
    if (at == flight->pair_count)
        return 0;
    struct hub_flight_pair *pair = &flight->pairs[at];
    uint32_t last = NOWHERE;
    uint32_t place = pair->first;
    while (place != NOWHERE && flight->entries[place].pair_seq < at_least) {
        last = place;
        place = flight->entries[place].next;
    }
    while (place != NOWHERE)
        place = release(flight, place);
    if (last == NOWHERE) {
        drop_pair(flight, at);
    } else {
        flight->entries[last].next = NOWHERE;
        pair->last = last;
    }
    return before - flight->bytes;
}
