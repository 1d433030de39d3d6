/* Who may connect: the answers to ZeroMQ's authentication requests (RFC 27, ZAP), in a thread
 * of their own. Everything that is not exactly a CURVE handshake of an active key in our
 * domain is refused. The thread's death is the process's death: without it ZeroMQ admits
 * anybody. */
#ifndef HUB_GATEWAY_DOOR_ZAP_H
#define HUB_GATEWAY_DOOR_ZAP_H

#include "gateway/door_keys.h"

#include <stdatomic.h>

#define HUB_DOOR_ZAP_DOMAIN "rhub"

struct hub_door_zap {
    struct hub_door_keys *keys;    /* borrowed */
    const struct hub_ring *orders; /* borrowed; from the engine */
    _Atomic uint64_t obeyed;       /* position in it up to which the main thread has acted */
    _Atomic uint64_t admitted, unknown, hurried;
};

/* Bind the handler's address and start answering. Before any other socket is bound. `context`
 * is ZeroMQ's; the thread ends by itself when that is shut down. RH_ERR_IO. */
enum rh_err hub_door_zap_start(void *context, struct hub_door_zap *zap);

#endif
