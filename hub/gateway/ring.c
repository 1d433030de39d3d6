/* The ring of gateway/ring.h. All shared words are sequentially consistent: asking for a
 * wake-up and publishing a position are a store followed by a load of the other side's word
 * ("did something come while I lay down?"), and a weaker order would let both miss. */
#include "gateway/ring.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
              "atomics between processes must not hide a lock");

struct hub_ring_shared {
    alignas(64) _Atomic uint64_t head;     /* written by the consumer */
    alignas(64) _Atomic uint64_t tail;     /* written by the producer */
    alignas(64) _Atomic uint32_t sleeping; /* the consumer wants a wake-up */
    alignas(64) _Atomic uint32_t starving; /* the producer wants one */
};

uint64_t hub_ring_capacity(uint64_t bytes)
{
    uint64_t capacity = HUB_RING_CAPACITY_MIN;
    while (capacity < bytes && capacity < UINT64_C(1) << 30)
        capacity *= 2;
    return capacity;
}

size_t hub_ring_bytes(uint64_t capacity)
{
    return sizeof(struct hub_ring_shared) + (size_t)capacity;
}

void hub_ring_attach(struct hub_ring *ring, void *memory, uint64_t capacity)
{
    rh_assert(((uintptr_t)memory & 63) == 0);
    rh_assert(capacity >= HUB_RING_CAPACITY_MIN && (capacity & (capacity - 1)) == 0);
    *ring = (struct hub_ring){
        .shared = memory,
        .data = (uint8_t *)memory + sizeof(struct hub_ring_shared),
        .capacity = capacity,
    };
}

static uint64_t room_for(uint32_t payload_bytes)
{
    return sizeof(struct hub_ring_record) + (((uint64_t)payload_bytes + 7) & ~UINT64_C(7));
}

static enum rh_err breach(struct hub_ring *ring)
{
    ring->broken = true;
    return RH_ERR_CORRUPT;
}

/* The consumer's position must lie between where it was and our own. */
static enum rh_err look_at_head(struct hub_ring *ring)
{
    uint64_t head = atomic_load(&ring->shared->head);
    if (ring->broken || head - ring->theirs > ring->mine - ring->theirs)
        return breach(ring);
    ring->theirs = head;
    return RH_OK;
}

/* The producer's must lie between where it was and one capacity beyond ours. */
static enum rh_err look_at_tail(struct hub_ring *ring)
{
    uint64_t tail = atomic_load(&ring->shared->tail);
    if (ring->broken || tail - ring->mine > ring->capacity ||
        tail - ring->mine < ring->theirs - ring->mine)
        return breach(ring);
    ring->theirs = tail;
    return RH_OK;
}

static void copy_in(struct hub_ring *ring, uint64_t at, const void *from, size_t bytes)
{
    size_t offset = (size_t)(at & (ring->capacity - 1));
    size_t first = (size_t)ring->capacity - offset;
    if (first > bytes)
        first = bytes;
    if (bytes == 0)
        return;
    memcpy(ring->data + offset, from, first);
    memcpy(ring->data, (const uint8_t *)from + first, bytes - first);
}

static void copy_out(const struct hub_ring *ring, uint64_t at, void *to, size_t bytes)
{
    size_t offset = (size_t)(at & (ring->capacity - 1));
    size_t first = (size_t)ring->capacity - offset;
    if (first > bytes)
        first = bytes;
    if (bytes == 0)
        return;
    memcpy(to, ring->data + offset, first);
    memcpy((uint8_t *)to + first, ring->data, bytes - first);
}

uint64_t hub_ring_room(struct hub_ring *ring)
{
    if (look_at_head(ring) != RH_OK)
        return 0;
    return ring->capacity - (ring->mine - ring->theirs);
}

enum rh_err hub_ring_push(struct hub_ring *ring, const struct hub_ring_record *record,
                          const void *payload)
{
    rh_assert(record->bytes <= HUB_RING_PAYLOAD_MAX);
    rh_assert(record->zero == 0);
    uint64_t room = hub_ring_room(ring);
    if (ring->broken)
        return RH_ERR_CORRUPT;
    if (room_for(record->bytes) > room)
        return RH_ERR_FULL;
    copy_in(ring, ring->mine, record, sizeof *record);
    copy_in(ring, ring->mine + sizeof *record, payload, record->bytes);
    ring->mine += room_for(record->bytes);
    atomic_store(&ring->shared->tail, ring->mine);
    return RH_OK;
}

enum rh_err hub_ring_pop(struct hub_ring *ring, struct hub_ring_record *record,
                         uint8_t *payload)
{
    if (look_at_tail(ring) != RH_OK)
        return RH_ERR_CORRUPT;
    uint64_t waiting = ring->theirs - ring->mine;
    if (waiting == 0)
        return RH_ERR_NOTFOUND;
    if (waiting < sizeof *record)
        return breach(ring);
    copy_out(ring, ring->mine, record, sizeof *record);
    /* From here on only our copy counts: the other side may write on. */
    if (record->bytes > HUB_RING_PAYLOAD_MAX || record->zero != 0 ||
        room_for(record->bytes) > waiting)
        return breach(ring);
    copy_out(ring, ring->mine + sizeof *record, payload, record->bytes);
    ring->mine += room_for(record->bytes);
    atomic_store(&ring->shared->head, ring->mine);
    return RH_OK;
}

uint64_t hub_ring_tail(const struct hub_ring *ring)
{
    return atomic_load(&ring->shared->tail);
}

bool hub_ring_sleep(struct hub_ring *ring)
{
    atomic_store(&ring->shared->sleeping, 1);
    if (look_at_tail(ring) == RH_OK && ring->theirs == ring->mine)
        return true;
    atomic_store(&ring->shared->sleeping, 0);
    return false;
}

bool hub_ring_wakes(struct hub_ring *ring)
{
    return atomic_load(&ring->shared->sleeping) != 0 &&
           atomic_exchange(&ring->shared->sleeping, 0) != 0;
}

bool hub_ring_starve(struct hub_ring *ring, uint64_t bytes)
{
    atomic_store(&ring->shared->starving, 1);
    if (hub_ring_room(ring) < bytes && !ring->broken)
        return true;
    atomic_store(&ring->shared->starving, 0);
    return false;
}

bool hub_ring_feeds(struct hub_ring *ring)
{
    return atomic_load(&ring->shared->starving) != 0 &&
           atomic_exchange(&ring->shared->starving, 0) != 0;
}
