/* Deliveries sent on a session and not yet acknowledged.
 *
 * For each pair (lane, sender) they are always a run at the head of that pair's queue: what
 * comes next is the first entry above the last one in flight. So a pair without anything in
 * flight needs no memory at all, and forgetting a pair means sending it again from its head. */
#ifndef HUB_GATEWAY_FLIGHT_H
#define HUB_GATEWAY_FLIGHT_H

#include "views/views.h"

enum { HUB_FLIGHT_MAX = 1024 }; /* messages in flight on one session */

struct hub_flight_entry {
    uint64_t pair_seq;
    uint32_t bytes; /* of the frame */
    uint32_t next;  /* place of the next in the same pair, or in the free list */
};

struct hub_flight_pair {
    uint32_t from;
    enum rh_lane lane;
    uint32_t first, last; /* places of entries; a pair is never empty */
};

struct hub_flight {
    uint32_t count;     /* entries in use */
    uint64_t bytes;
    uint32_t pair_count;
    uint32_t free;      /* head of the free list */
    struct hub_flight_entry entries[HUB_FLIGHT_MAX];
    struct hub_flight_pair pairs[HUB_FLIGHT_MAX];
};

void hub_flight_clear(struct hub_flight *flight);

/* pair_seq is above hub_flight_last of the pair; count is below HUB_FLIGHT_MAX. */
void hub_flight_add(struct hub_flight *flight, enum rh_lane lane, uint32_t from,
                    uint64_t pair_seq, uint32_t bytes);

/* The newest pair_seq in flight, 0 when there is none. */
uint64_t hub_flight_last(const struct hub_flight *flight, enum rh_lane lane, uint32_t from);

/* Take out what the views no longer hold for agency `to` (acknowledged, or settled in another
 * way); *settled how many. One in the middle of a pair that was settled alone goes when it
 * comes to the front. */
enum rh_err hub_flight_settle(struct hub_flight *flight, struct hub_map *map, uint32_t to,
                              uint32_t *settled);

/* Forget what is at or above `at_least` in one pair, so that it is sent again; returns the
 * bytes. */
uint64_t hub_flight_cut(struct hub_flight *flight, enum rh_lane lane, uint32_t from,
                        uint64_t at_least);

#endif
