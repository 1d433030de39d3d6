/* A ring of plain records between two processes that need not trust each other.
 *
 * One side only pushes, the other only pops. Both see the same memory:
 *
 *     head                     tail
 *      v                        v
 *     [record | payload .. | record | payload ..      free ...      ]   capacity 2^k
 *      consumer's position      producer's position; both only grow, bytes modulo 2^64
 *
 * What stands there is what the other side wants us to see, so nothing of it is believed: each
 * side keeps its own position in private memory and uses the shared one only to publish it; the
 * other side's position must move forwards and stay within the capacity; a record's head is
 * copied out before it is looked at, its length must fit what lies in the ring, and its payload
 * is copied out before anybody reads it. A breach breaks the ring for good: every later call
 * answers RH_ERR_CORRUPT, and the owner gets rid of the other side.
 *
 * Who sleeps says so in the ring, and only then is worth a wake-up, which is the owner's to
 * send. A side that lies about it can lose a wake-up of its own, nothing else. */
#ifndef HUB_GATEWAY_RING_H
#define HUB_GATEWAY_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>
#include <rh/limits.h>

enum {
    HUB_RING_ROUTING_BYTES = 16,
    HUB_RING_PAYLOAD_MAX = RH_FRAME_BYTES_MAX,
    HUB_RING_CAPACITY_MIN = 4 * 1024 * 1024
};

/* What stands before each payload. */
struct hub_ring_record {
    uint32_t bytes;  /* of the payload, 0..HUB_RING_PAYLOAD_MAX */
    uint32_t type;   /* meaning is the owners' (gateway/door.h) */
    uint32_t agency; /* 0 when it is about none */
    uint32_t zero;
    uint8_t routing[HUB_RING_ROUTING_BYTES];
};

static_assert(sizeof(struct hub_ring_record) == 32, "no padding may travel");
static_assert(3 * (HUB_RING_PAYLOAD_MAX + 32) <= HUB_RING_CAPACITY_MIN,
              "several of the largest records must fit");

struct hub_ring_shared;

/* One side's view. Plain memory of that side; never shared. */
struct hub_ring {
    struct hub_ring_shared *shared;
    uint8_t *data;
    uint64_t capacity; /* power of two */
    uint64_t mine;     /* our position: the truth about it */
    uint64_t theirs;   /* the other side's, as last checked */
    bool broken;
};

/* The next power of two at or above `bytes`, at least HUB_RING_CAPACITY_MIN, at most 1 GiB. */
uint64_t hub_ring_capacity(uint64_t bytes);
/* Bytes of shared memory a ring of that capacity needs; a multiple of 64. */
size_t hub_ring_bytes(uint64_t capacity);

/* `memory` is shared, all zeros when the first side attaches, aligned to 64. Both sides
 * attach before either uses it. */
void hub_ring_attach(struct hub_ring *ring, void *memory, uint64_t capacity);

/* Producer: copy one record in. RH_ERR_FULL when there is no room, RH_ERR_CORRUPT. */
enum rh_err hub_ring_push(struct hub_ring *ring, const struct hub_ring_record *record,
                          const void *payload);
/* Producer: bytes that are free now; 0 when broken. One record takes 32 more than its payload,
 * rounded up to 8. */
uint64_t hub_ring_room(struct hub_ring *ring);

/* Consumer: copy the next record out; `payload` is the caller's, HUB_RING_PAYLOAD_MAX long.
 * RH_ERR_NOTFOUND when the ring is empty, RH_ERR_CORRUPT. */
enum rh_err hub_ring_pop(struct hub_ring *ring, struct hub_ring_record *record,
                         uint8_t *payload);

/* Any thread of the consumer's process: where the producer is now. The consumer has read what
 * was there when its own position (`mine`) reaches that. */
uint64_t hub_ring_tail(const struct hub_ring *ring);

/* Consumer, before it waits: ask for a wake-up. False (and nothing asked) when something
 * has come meanwhile. */
bool hub_ring_sleep(struct hub_ring *ring);
/* Producer, after pushing: whether the consumer asked; the question is answered once. */
bool hub_ring_wakes(struct hub_ring *ring);

/* Producer, when it found too little room: ask for a wake-up. False when `bytes` are free by
 * now. */
bool hub_ring_starve(struct hub_ring *ring, uint64_t bytes);
/* Consumer, after popping: whether the producer asked. */
bool hub_ring_feeds(struct hub_ring *ring);

#endif
