#include "gateway/door_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

/* The constant is only in the draft part of zmq.h; the option works by number in Debian's
 * build, and the set-up below checks that it was taken. Without it a missing authenticator
 * lets everybody in. */
enum { OPTION_ZAP_ENFORCE_DOMAIN = 93 };

enum {
    SEND_MARK = 32, /* messages in one connection's pipe, each way; ours bound the bytes */
    RECEIVE_MARK = 64,
    LINGER_MS = 500,
    BACKLOG = 512,
    HANDSHAKE_MS = 10000,
    HEARTBEAT_MS = 10000,
    HEARTBEAT_LATE_MS = 30000, /* a busy reader must not cost healthy clients their pipe */
    TEST_MS = 5000,
    BIND_WAIT_MS = 2000,
    BIND_RETRY_MS = 50
};

uint64_t hub_door_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool set_number(void *socket, int option, int value)
{
    int back = 0;
    size_t bytes = sizeof back;
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0 &&
           (option == ZMQ_ROUTER_MANDATORY || option == ZMQ_ROUTER_HANDOVER ||
            (zmq_getsockopt(socket, option, &back, &bytes) == 0 && back == value));
}

static bool set_options(void *socket, const struct rh_secret *secret)
{
    static const struct {
        int option, value;
    } numbers[] = {
        { ZMQ_CURVE_SERVER, 1 },
        { OPTION_ZAP_ENFORCE_DOMAIN, 1 },
        { ZMQ_ROUTER_MANDATORY, 1 }, /* a send to nobody fails instead of vanishing */
        { ZMQ_ROUTER_HANDOVER, 0 },  /* else a stranger takes over a routing id it guessed */
        { ZMQ_SNDHWM, SEND_MARK },
        { ZMQ_RCVHWM, RECEIVE_MARK },
        { ZMQ_LINGER, LINGER_MS },
        { ZMQ_BACKLOG, BACKLOG },
        { ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS },
        { ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS },
        { ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_LATE_MS },
        { ZMQ_HEARTBEAT_TTL, HEARTBEAT_LATE_MS },
        { ZMQ_TCP_KEEPALIVE, 1 },
        { ZMQ_IPV6, 0 },
    };
    int64_t frame_bytes_max = RH_FRAME_BYTES_MAX;
    char domain[16];
    size_t bytes = sizeof domain;

    if (zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, HUB_DOOR_ZAP_DOMAIN,
                       strlen(HUB_DOOR_ZAP_DOMAIN)) != 0 ||
        zmq_getsockopt(socket, ZMQ_ZAP_DOMAIN, domain, &bytes) != 0 ||
        strcmp(domain, HUB_DOOR_ZAP_DOMAIN) != 0)
        return false;
    /* The public half is derived from the secret one by ZeroMQ itself. */
    if (zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret->secret, 32) != 0 ||
        zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_bytes_max, sizeof frame_bytes_max) != 0)
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!set_number(socket, numbers[i].option, numbers[i].value))
            return false;
    return true;
}

/* After a hub was killed its door may live a moment longer and hold the address: wait for it a
 * little, as a supervisor that starts the next hub at once would have to. */
static bool bind_patiently(void *socket, const char *wanted)
{
    const struct timespec pause = { .tv_nsec = BIND_RETRY_MS * 1000000L };
    for (unsigned waited_ms = 0;; waited_ms += BIND_RETRY_MS) {
        if (zmq_bind(socket, wanted) == 0)
            return true;
        if (zmq_errno() != EADDRINUSE || waited_ms >= BIND_WAIT_MS)
            return false;
        nanosleep(&pause, NULL);
    }
}

enum rh_err hub_door_socket_open(void *context, const struct rh_secret *secret,
                                 const char *wanted, void **out, char *endpoint, char *report)
{
    size_t bytes = HUB_DOOR_TEXT_BYTES;
    *out = NULL;
    if (strncmp(wanted, "tcp://", 6) != 0) {
        snprintf(report, HUB_DOOR_TEXT_BYTES, "%.100s: not of the form tcp://address:port",
                 wanted);
        return RH_ERR_CONFIG;
    }
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    if (socket == NULL || !set_options(socket, secret)) {
        snprintf(report, HUB_DOOR_TEXT_BYTES, "ZeroMQ refuses an option: %s",
                 zmq_strerror(zmq_errno()));
    } else if (!bind_patiently(socket, wanted)) {
        snprintf(report, HUB_DOOR_TEXT_BYTES, HUB_DOOR_CANNOT_BIND "%.100s: %s", wanted,
                 zmq_strerror(zmq_errno()));
    } else if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &bytes) != 0) {
        snprintf(report, HUB_DOOR_TEXT_BYTES, "the bound endpoint is unknown: %s",
                 zmq_strerror(zmq_errno()));
    } else {
        *out = socket;
        return RH_OK;
    }
    if (socket != NULL)
        zmq_close(socket);
    return RH_ERR_IO;
}

/* Wait until the handshake of the watched socket was decided. */
static bool see_refusal(void *monitor)
{
    uint64_t end_ms = hub_door_now_ms() + TEST_MS;
    for (;;) {
        uint64_t now_ms = hub_door_now_ms();
        zmq_pollitem_t item = { .socket = monitor, .events = ZMQ_POLLIN };
        if (now_ms >= end_ms || zmq_poll(&item, 1, (long)(end_ms - now_ms)) <= 0)
            return false;
        uint8_t event[6];
        char peer[256];
        if (zmq_recv(monitor, event, sizeof event, 0) != (int)sizeof event ||
            zmq_recv(monitor, peer, sizeof peer, 0) < 0)
            return false;
        uint16_t what;
        uint32_t status;
        memcpy(&what, event, sizeof what);
        memcpy(&status, event + 2, sizeof status);
        if (what == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
            return status == 400;
        if (what == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            return false;
    }
}

/* Where this machine reaches a socket bound to every address. */
static void reachable(const char *endpoint, char out[HUB_DOOR_TEXT_BYTES])
{
    static const char any[] = "tcp://0.0.0.0:";
    if (strncmp(endpoint, any, sizeof any - 1) == 0)
        snprintf(out, HUB_DOOR_TEXT_BYTES, "tcp://127.0.0.1:%s", endpoint + sizeof any - 1);
    else
        snprintf(out, HUB_DOOR_TEXT_BYTES, "%s", endpoint);
}

enum rh_err hub_door_socket_test(void *context, const struct rh_secret *secret,
                                 const char *endpoint)
{
    static const char address[] = "inproc://rhub.selftest";
    char public_key[41];
    char secret_key[41];
    char target[HUB_DOOR_TEXT_BYTES];
    bool refused = false;
    void *client = zmq_socket(context, ZMQ_DEALER);
    void *monitor = zmq_socket(context, ZMQ_PAIR);

    reachable(endpoint, target);
    if (client != NULL && monitor != NULL && zmq_curve_keypair(public_key, secret_key) == 0 &&
        set_number(client, ZMQ_LINGER, 0) && set_number(monitor, ZMQ_LINGER, 0) &&
        zmq_setsockopt(client, ZMQ_CURVE_SERVERKEY, secret->public_key, 32) == 0 &&
        zmq_setsockopt(client, ZMQ_CURVE_PUBLICKEY, public_key, 40) == 0 &&
        zmq_setsockopt(client, ZMQ_CURVE_SECRETKEY, secret_key, 40) == 0 &&
        zmq_socket_monitor(client, address,
                           ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_SUCCEEDED) ==
            0 &&
        zmq_connect(monitor, address) == 0 && zmq_connect(client, target) == 0)
        refused = see_refusal(monitor);
    /* Watching ends first: an event with nobody left to read it blocks ZeroMQ's I/O thread for
     * ever, and with it every connection of the door. */
    if (client != NULL) {
        (void)zmq_socket_monitor(client, NULL, 0);
        zmq_close(client);
    }
    if (monitor != NULL)
        zmq_close(monitor);
    return refused ? RH_OK : RH_ERR_DENIED;
}

enum rh_err hub_door_socket_send(void *socket, const uint8_t routing[HUB_RING_ROUTING_BYTES],
                                 const uint8_t *frame, size_t bytes)
{
    int sent;
    do {
        sent = zmq_send(socket, routing, HUB_RING_ROUTING_BYTES, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    } while (sent < 0 && zmq_errno() == EINTR);
    if (sent < 0) {
        int why = zmq_errno();
        return why == EAGAIN ? RH_ERR_AGAIN : why == EHOSTUNREACH ? RH_ERR_CLOSED : RH_ERR_IO;
    }
    /* The pipe that took the address takes the rest. */
    do {
        sent = zmq_send(socket, frame, bytes, ZMQ_DONTWAIT);
    } while (sent < 0 && zmq_errno() == EINTR);
    if (sent < 0)
        return zmq_errno() == EHOSTUNREACH ? RH_ERR_CLOSED : RH_ERR_IO;
    return RH_OK;
}
