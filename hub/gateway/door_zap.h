/* Who may connect: the answers to ZeroMQ's authentication requests (RFC 27, ZAP), in a thread
 * of their own. Everything that is not exactly a CURVE handshake of an active key in our
 * domain is refused. The thread's death is the process's death: without it ZeroMQ admits
 * anybody. */
#ifndef HUB_GATEWAY_DOOR_ZAP_H
#define HUB_GATEWAY_DOOR_ZAP_H

#include "gateway/door_keys.h"

#include "gateway/door.h"

#include <pthread.h>
#include <stdatomic.h>

enum { HUB_DOOR_STRANGERS_MAX = 16, HUB_DOOR_STRANGER_MS = 60000 };

#define HUB_DOOR_ZAP_DOMAIN "rhub"

struct hub_door_zap {
    struct hub_door_keys *keys;    /* borrowed */
    const struct hub_ring *orders; /* borrowed; from the engine */
    _Atomic uint64_t obeyed;       /* position in it up to which the main thread has acted */
    _Atomic uint64_t admitted, unknown, hurried;
    pthread_mutex_t lock; /* over what follows */
    struct hub_door_stranger strangers[HUB_DOOR_STRANGERS_MAX];
    uint64_t told_ms[HUB_DOOR_STRANGERS_MAX]; /* monotonic; 0: the place is free or not told */
};

/* Bind the handler's address and start answering. Before any other socket is bound. `context`
 * is ZeroMQ's; the thread ends by itself when that is shut down. RH_ERR_IO. */
enum rh_err hub_door_zap_start(void *context, struct hub_door_zap *zap);

/* The next refused key that may be told at `now_ms`; false: none. Its place is kept for a
 * minute, so that the same key is told once in that time; keys beyond the places are only
 * counted. */
bool hub_door_zap_stranger(struct hub_door_zap *zap, uint64_t now_ms,
                           struct hub_door_stranger *out);

/* Forget all refused keys: our own self-test is no stranger. */
void hub_door_zap_forget(struct hub_door_zap *zap);

#endif
