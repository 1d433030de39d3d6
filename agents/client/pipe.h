/* One connection attempt: a DEALER with CURVE, watched by its monitor, so that silence becomes
 * words. ZeroMQ's own reconnecting is off: every attempt is a new pipe with a new routing id.
 *
 * A pipe fails once and for good; `refusal` and `detail` then say what was seen:
 *     nobody listens, connection lost, no answer to the greeting     RH-5105
 *     the other side cannot read what we encrypt to the pinned key   RH-7603
 *     ZAP refused our key (unknown or revoked)                       RH-7101 */
#ifndef RH_CLIENT_PIPE_H
#define RH_CLIENT_PIPE_H

#include <stdbool.h>

#include <rh/codec.h>
#include <rh/err.h>

struct client_pipe;

struct client_pipe_options {
    const char *endpoint;
    const uint8_t *hub_key;       /* 32 bytes */
    const uint8_t *public_key;    /* ours */
    const uint8_t *secret_key;
    uint32_t heartbeat_ms;
    uint32_t handshake_ms;
    int epoll;                    /* both descriptors are added to it while the pipe lives */
};

/* RH_ERR_INVALID for an endpoint ZeroMQ cannot read, RH_ERR_IO when it gives no socket. */
enum rh_err client_pipe_open(const struct client_pipe_options *options,
                             struct client_pipe **out);
/* What was sent has linger_ms to leave. */
void client_pipe_close(struct client_pipe **pipe, int linger_ms);

/* Read the monitor. False once the pipe has failed. */
bool client_pipe_watch(struct client_pipe *pipe);
uint32_t client_pipe_refusal(const struct client_pipe *pipe);
const char *client_pipe_detail(const struct client_pipe *pipe);

/* RH_OK; RH_ERR_AGAIN when the pipe is full; RH_ERR_CLOSED. */
enum rh_err client_pipe_send(struct client_pipe *pipe, const uint8_t *data, size_t bytes);
/* The next whole frame, borrowed until the next receive; RH_ERR_AGAIN when there is none.
 * Messages of several parts are dropped. */
enum rh_err client_pipe_receive(struct client_pipe *pipe, struct rh_bytes *frame);
/* Whether a receive or watch would find something now. */
bool client_pipe_is_ready(const struct client_pipe *pipe);

#endif
