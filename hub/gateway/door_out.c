#include "gateway/door_out.h"

#include "gateway/door_socket.h"

#include <stdlib.h>
#include <string.h>

struct waiting {
    struct waiting *next;
    size_t bytes;
    uint8_t frame[];
};

struct hub_door_peer {
    struct hub_door_peer *next;
    uint32_t agency;
    uint8_t routing[HUB_RING_ROUTING_BYTES];
    struct waiting *first, *last;
    uint64_t bytes;
};

static struct hub_door_peer *find(struct hub_door_out *out, const uint8_t *routing)
{
    for (struct hub_door_peer *peer = out->peers; peer != NULL; peer = peer->next)
        if (memcmp(peer->routing, routing, HUB_RING_ROUTING_BYTES) == 0)
            return peer;
    return NULL;
}

/* When the list is full the oldest is forgotten; the engine then learns it at its next
 * send. */
static void report(struct hub_door_out *out, uint32_t agency, const uint8_t *routing)
{
    if (out->gone_count == HUB_DOOR_GONE_MAX) {
        out->gone_count--;
        memmove(&out->gone[0], &out->gone[1], out->gone_count * sizeof out->gone[0]);
    }
    struct hub_door_gone *gone = &out->gone[out->gone_count++];
    gone->agency = agency;
    memcpy(gone->routing, routing, HUB_RING_ROUTING_BYTES);
}

static void drop_first(struct hub_door_out *out, struct hub_door_peer *peer)
{
    struct waiting *waiting = peer->first;
    peer->first = waiting->next;
    peer->bytes -= waiting->bytes;
    out->counters->waiting_bytes -= waiting->bytes;
    free(waiting);
}

/* Unlink an empty or hopeless queue. */
static void drop_peer(struct hub_door_out *out, struct hub_door_peer *peer)
{
    struct hub_door_peer **link = &out->peers;
    while (*link != peer)
        link = &(*link)->next;
    *link = peer->next;
    while (peer->first != NULL)
        drop_first(out, peer);
    free(peer);
    out->peer_count--;
}

static struct hub_door_peer *add_peer(struct hub_door_out *out, uint32_t agency,
                                      const uint8_t *routing)
{
    struct hub_door_peer *peer =
        out->peer_count < HUB_DOOR_PEERS_MAX ? calloc(1, sizeof *peer) : NULL;
    if (peer == NULL)
        return NULL;
    peer->agency = agency;
    memcpy(peer->routing, routing, HUB_RING_ROUTING_BYTES);
    peer->next = out->peers;
    out->peers = peer;
    out->peer_count++;
    return peer;
}

static void give_up(struct hub_door_out *out, struct hub_door_peer *peer, uint32_t agency,
                    const uint8_t *routing)
{
    out->counters->stuck++;
    report(out, agency, routing);
    if (peer != NULL)
        drop_peer(out, peer);
}

static void queue(struct hub_door_out *out, struct hub_door_peer *peer, uint32_t agency,
                  const uint8_t *routing, const uint8_t *frame, size_t bytes)
{
    struct waiting *waiting = NULL;
    if (peer == NULL)
        peer = add_peer(out, agency, routing);
    if (peer != NULL && peer->bytes + bytes <= HUB_DOOR_PEER_BYTES_MAX &&
        out->counters->waiting_bytes + bytes <= HUB_DOOR_WAIT_BYTES_MAX)
        waiting = malloc(sizeof *waiting + bytes);
    if (waiting == NULL) {
        give_up(out, peer, agency, routing);
        return;
    }
    waiting->next = NULL;
    waiting->bytes = bytes;
    memcpy(waiting->frame, frame, bytes);
    if (peer->first == NULL)
        peer->first = waiting;
    else
        peer->last->next = waiting;
    peer->last = waiting;
    peer->bytes += bytes;
    out->counters->waiting_bytes += bytes;
}

enum rh_err hub_door_out_send(struct hub_door_out *out, uint32_t agency,
                              const uint8_t routing[HUB_RING_ROUTING_BYTES],
                              const uint8_t *frame, size_t bytes)
{
    struct hub_door_peer *peer = find(out, routing);
    enum rh_err err = RH_ERR_AGAIN;
    if (peer == NULL)
        err = hub_door_socket_send(out->socket, routing, frame, bytes);
    if (err == RH_ERR_AGAIN) {
        queue(out, peer, agency, routing, frame, bytes);
        return RH_OK;
    }
    if (err == RH_ERR_CLOSED) {
        out->counters->gone++;
        report(out, agency, routing);
        return RH_OK;
    }
    if (err == RH_OK)
        out->counters->sent++;
    return err;
}

enum rh_err hub_door_out_answer(struct hub_door_out *out,
                                const uint8_t routing[HUB_RING_ROUTING_BYTES],
                                const uint8_t *frame, size_t bytes)
{
    if (find(out, routing) != NULL)
        return RH_OK;
    enum rh_err err = hub_door_socket_send(out->socket, routing, frame, bytes);
    if (err == RH_OK)
        out->counters->sent++;
    return err == RH_ERR_IO ? err : RH_OK;
}

static enum rh_err flush_peer(struct hub_door_out *out, struct hub_door_peer *peer)
{
    while (peer->first != NULL) {
        enum rh_err err = hub_door_socket_send(out->socket, peer->routing, peer->first->frame,
                                               peer->first->bytes);
        if (err == RH_ERR_AGAIN)
            return RH_OK;
        if (err == RH_ERR_CLOSED) {
            out->counters->gone++;
            report(out, peer->agency, peer->routing);
            break;
        }
        if (err != RH_OK)
            return err;
        out->counters->sent++;
        drop_first(out, peer);
    }
    drop_peer(out, peer);
    return RH_OK;
}

enum rh_err hub_door_out_flush(struct hub_door_out *out)
{
    struct hub_door_peer *next;
    enum rh_err err = RH_OK;
    for (struct hub_door_peer *peer = out->peers; err == RH_OK && peer != NULL; peer = next) {
        next = peer->next;
        err = flush_peer(out, peer);
    }
    return err;
}
