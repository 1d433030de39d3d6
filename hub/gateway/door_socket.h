/* The door's ZeroMQ socket: options, the proof that strangers stay outside, sending. */
#ifndef HUB_GATEWAY_DOOR_SOCKET_H
#define HUB_GATEWAY_DOOR_SOCKET_H

#include "gateway/door.h"
#include "gateway/door_zap.h"

/* Monotonic. */
uint64_t hub_door_now_ms(void);

/* A ROUTER with CURVE, bound. The authenticator must be running. *endpoint gets the real
 * address with the chosen port (HUB_DOOR_TEXT_BYTES). On failure *report (the same size) gets a
 * sentence. RH_ERR_CONFIG for an endpoint that is none of ours, RH_ERR_IO. */
enum rh_err hub_door_socket_open(void *context, const struct rh_secret *secret,
                                 const char *wanted, void **socket, char *endpoint,
                                 char *report);

/* Connect with a key nobody knows and see it refused. RH_ERR_DENIED when it was let in or not
 * refused in time. */
enum rh_err hub_door_socket_test(void *context, const struct rh_secret *secret,
                                 const char *endpoint);

/* RH_OK; RH_ERR_AGAIN when its pipe is full, RH_ERR_CLOSED when nobody is there, RH_ERR_IO
 * when the socket is no good. Never waits. */
enum rh_err hub_door_socket_send(void *socket, const uint8_t routing[HUB_RING_ROUTING_BYTES],
                                 const uint8_t *frame, size_t bytes);

#endif
