/* What leaves through the door. A connection whose pipe is full gets a queue of its own here,
 * bounded; when that is full too, the connection is given up: the engine ends its session,
 * and what was lost is asked for or delivered again. */
#ifndef HUB_GATEWAY_DOOR_OUT_H
#define HUB_GATEWAY_DOOR_OUT_H

#include "gateway/door.h"

enum {
    HUB_DOOR_PEER_BYTES_MAX = 16 * 1024 * 1024, /* waiting for one connection */
    HUB_DOOR_WAIT_BYTES_MAX = 96 * 1024 * 1024, /* for all of them */
    HUB_DOOR_PEERS_MAX = 1024,                  /* connections that may have a queue */
    HUB_DOOR_GONE_MAX = 1024
};

struct hub_door_peer;

/* Somebody the engine must hear about. */
struct hub_door_gone {
    uint32_t agency;
    uint8_t routing[HUB_RING_ROUTING_BYTES];
};

struct hub_door_out {
    void *socket;                       /* borrowed */
    struct hub_door_counters *counters; /* borrowed; gone, stuck, sent, waiting_bytes */
    struct hub_door_peer *peers;        /* those with a queue */
    uint32_t peer_count;
    uint32_t gone_count;
    struct hub_door_gone gone[HUB_DOOR_GONE_MAX]; /* the owner takes them out */
};

/* Send, or queue behind what waits for that connection. RH_ERR_IO when the socket failed. */
enum rh_err hub_door_out_send(struct hub_door_out *out, uint32_t agency,
                              const uint8_t routing[HUB_RING_ROUTING_BYTES],
                              const uint8_t *frame, size_t bytes);

/* The same for an answer of the door's own, which may be lost: never queued. */
enum rh_err hub_door_out_answer(struct hub_door_out *out,
                                const uint8_t routing[HUB_RING_ROUTING_BYTES],
                                const uint8_t *frame, size_t bytes);

/* Try again what waits. */
enum rh_err hub_door_out_flush(struct hub_door_out *out);

#endif
