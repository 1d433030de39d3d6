#include "client/pipe.h"

#include <czmq.h>
#include <pthread.h>
#include <sys/epoll.h>

#include <rh/hash.h>
#include <rh/limits.h>
#include <rh/refusal.h>

enum {
    CONNECT_MS = 10000,
    QUEUE_FRAMES = 1000,
    ROUTING_ID_BYTES = 16,
    MONITOR_NAME_BYTES = 64
};

struct client_pipe {
    zsock_t *socket, *monitor;
    void *handle, *watched; /* their ZeroMQ sockets */
    zmq_msg_t message;      /* what receive lends out */
    int epoll;
    bool connected, failed;
    uint32_t refusal;
    const char *detail;
};

/* Before CZMQ does anything: it must not catch signals, the program does. Its own beginning is
 * not safe against another thread's first socket, so it happens here, once. */
static void begin_czmq(void)
{
    zsys_handler_set(NULL);
    zsys_init();
}

static void tame_czmq(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, begin_czmq);
}

static void fail(struct client_pipe *pipe, uint32_t refusal, const char *detail)
{
    if (pipe->failed)
        return;
    pipe->failed = true;
    pipe->refusal = refusal;
    pipe->detail = detail;
}

static int descriptor_of(void *handle)
{
    int fd = -1;
    size_t bytes = sizeof fd;
    return zmq_getsockopt(handle, ZMQ_FD, &fd, &bytes) == 0 ? fd : -1;
}

static bool add_descriptor(int epoll, void *handle)
{
    int fd = descriptor_of(handle);
    struct epoll_event event = { .events = EPOLLIN };
    return fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool has_input(void *handle)
{
    int events = 0;
    size_t bytes = sizeof events;
    return zmq_getsockopt(handle, ZMQ_EVENTS, &events, &bytes) == 0 &&
           (events & ZMQ_POLLIN) != 0;
}

/* 16 random bytes, the first not zero: an id nobody can guess, and not of the form that
 * ROUTER gives out by itself. */
static bool set_routing_id(void *handle)
{
    uint8_t id[ROUTING_ID_BYTES];
    do
        rh_random(id, sizeof id);
    while (id[0] == 0);
    return zmq_setsockopt(handle, ZMQ_ROUTING_ID, id, sizeof id) == 0;
}

static bool start_monitor(struct client_pipe *pipe)
{
    uint8_t random[16];
    char name[MONITOR_NAME_BYTES] = "inproc://rhub-";
    size_t at = strlen(name);
    rh_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++, at += 2)
        snprintf(name + at, sizeof name - at, "%02x", random[i]);
    if (zmq_socket_monitor(pipe->handle, name, ZMQ_EVENT_ALL) != 0)
        return false;
    pipe->monitor = zsock_new(ZMQ_PAIR);
    if (pipe->monitor == NULL)
        return false;
    zsock_set_linger(pipe->monitor, 0);
    pipe->watched = zsock_resolve(pipe->monitor);
    return zsock_connect(pipe->monitor, "%s", name) == 0;
}

static void set_options(struct client_pipe *pipe, const struct client_pipe_options *options)
{
    zsock_t *socket = pipe->socket;
    zsock_set_linger(socket, 0);
    zsock_set_reconnect_ivl(socket, -1);
    zsock_set_connect_timeout(socket, CONNECT_MS);
    zsock_set_handshake_ivl(socket, (int)options->handshake_ms);
    zsock_set_heartbeat_ivl(socket, (int)options->heartbeat_ms);
    zsock_set_heartbeat_timeout(socket, (int)options->heartbeat_ms * 3);
    zsock_set_maxmsgsize(socket, RH_FRAME_BYTES_MAX);
    zsock_set_sndhwm(socket, QUEUE_FRAMES);
    zsock_set_rcvhwm(socket, QUEUE_FRAMES);

    zcert_t *certificate = zcert_new_from(options->public_key, options->secret_key);
    zcert_apply(certificate, socket);
    zcert_destroy(&certificate);
    zsock_set_curve_serverkey_bin(socket, options->hub_key);
}

enum rh_err client_pipe_open(const struct client_pipe_options *options,
                             struct client_pipe **out)
{
    tame_czmq();
    struct client_pipe *pipe = calloc(1, sizeof *pipe);
    if (pipe == NULL)
        return RH_ERR_NOMEM;
    pipe->epoll = options->epoll;
    pipe->detail = "";
    zmq_msg_init(&pipe->message);
    pipe->socket = zsock_new(ZMQ_DEALER);

    enum rh_err err = RH_ERR_IO;
    if (pipe->socket != NULL) {
        pipe->handle = zsock_resolve(pipe->socket);
        set_options(pipe, options);
        if (set_routing_id(pipe->handle) && start_monitor(pipe) &&
            add_descriptor(pipe->epoll, pipe->handle) &&
            add_descriptor(pipe->epoll, pipe->watched))
            err = zsock_connect(pipe->socket, "%s", options->endpoint) == 0 ? RH_OK
                                                                            : RH_ERR_INVALID;
    }
    if (err != RH_OK) {
        client_pipe_close(&pipe, 0);
        return err;
    }
    *out = pipe;
    return RH_OK;
}

static void drop_descriptor(int epoll, void *handle)
{
    if (handle != NULL)
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor_of(handle), NULL);
}

void client_pipe_close(struct client_pipe **pointer, int linger_ms)
{
    struct client_pipe *pipe = *pointer;
    if (pipe == NULL)
        return;
    *pointer = NULL;
    drop_descriptor(pipe->epoll, pipe->handle);
    drop_descriptor(pipe->epoll, pipe->watched);
    if (pipe->handle != NULL)
        zmq_socket_monitor(pipe->handle, NULL, 0);
    if (pipe->monitor != NULL)
        zsock_destroy(&pipe->monitor);
    if (pipe->socket != NULL) {
        zsock_set_linger(pipe->socket, pipe->failed ? 0 : linger_ms);
        zsock_destroy(&pipe->socket);
    }
    zmq_msg_close(&pipe->message);
    free(pipe);
}

/* A handshake broken off by the other side right after our first box: it could not open it, so
 * it does not own the key that was pinned. Silence is something else. */
static void handshake_broken(struct client_pipe *pipe, uint32_t value)
{
    if (value == EPIPE || value == ECONNRESET)
        fail(pipe, RH_REFUSE_HUB_KEY_MISMATCH, "the other side cannot open our greeting");
    else
        fail(pipe, RH_REFUSE_HUB_UNREACHABLE, "no answer to the greeting of the transport");
}

static void take_event(struct client_pipe *pipe, uint16_t event, uint32_t value)
{
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        pipe->connected = true;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        if (value == 400)
            fail(pipe, RH_REFUSE_UNKNOWN_AGENCY, "the hub does not admit our transport key");
        else
            fail(pipe, RH_REFUSE_HUB_UNREACHABLE, "the hub cannot check keys at the moment");
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        fail(pipe, RH_REFUSE_HUB_KEY_MISMATCH, "the other side does not speak as the hub does");
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        handshake_broken(pipe, value);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        fail(pipe, RH_REFUSE_HUB_UNREACHABLE, "the connection broke");
        break;
    case ZMQ_EVENT_CLOSED:
        if (!pipe->connected)
            fail(pipe, RH_REFUSE_HUB_UNREACHABLE, "nobody listens there");
        break;
    default:
        break;
    }
}

bool client_pipe_watch(struct client_pipe *pipe)
{
    while (has_input(pipe->watched)) {
        zmq_msg_t part;
        uint16_t event = 0;
        uint32_t value = 0;
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, pipe->watched, ZMQ_DONTWAIT) < 0)
            break;
        if (zmq_msg_size(&part) == sizeof event + sizeof value) {
            memcpy(&event, zmq_msg_data(&part), sizeof event);
            memcpy(&value, (const char *)zmq_msg_data(&part) + sizeof event, sizeof value);
        }
        while (zmq_msg_more(&part) && zmq_msg_recv(&part, pipe->watched, ZMQ_DONTWAIT) >= 0)
            continue; /* the endpoint, which we know */
        zmq_msg_close(&part);
        take_event(pipe, event, value);
    }
    return !pipe->failed;
}

uint32_t client_pipe_refusal(const struct client_pipe *pipe)
{
    return pipe->refusal;
}

const char *client_pipe_detail(const struct client_pipe *pipe)
{
    return pipe->detail;
}

enum rh_err client_pipe_send(struct client_pipe *pipe, const uint8_t *data, size_t bytes)
{
    rh_assert(bytes <= RH_FRAME_BYTES_MAX);
    if (pipe->failed)
        return RH_ERR_CLOSED;
    int sent;
    do
        sent = zmq_send(pipe->handle, data, bytes, ZMQ_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return RH_OK;
    return errno == EAGAIN ? RH_ERR_AGAIN : RH_ERR_CLOSED;
}

enum rh_err client_pipe_receive(struct client_pipe *pipe, struct rh_bytes *frame)
{
    for (;;) {
        if (zmq_msg_recv(&pipe->message, pipe->handle, ZMQ_DONTWAIT) < 0) {
            if (errno == EINTR)
                continue;
            return errno == EAGAIN ? RH_ERR_AGAIN : RH_ERR_CLOSED;
        }
        if (!zmq_msg_more(&pipe->message))
            break;
        while (zmq_msg_more(&pipe->message))
            if (zmq_msg_recv(&pipe->message, pipe->handle, 0) < 0)
                return RH_ERR_CLOSED;
    }
    frame->data = zmq_msg_data(&pipe->message);
    frame->bytes = zmq_msg_size(&pipe->message);
    return RH_OK;
}

bool client_pipe_is_ready(const struct client_pipe *pipe)
{
    return has_input(pipe->handle) || has_input(pipe->watched);
}
