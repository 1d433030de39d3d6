/* A small server for small conversations: places for RH_LOCAL_CONNECTIONS_MAX connections, who
 * gets one, and who must leave. What goes on at a place: connection.c. */
#include <pthread.h>

#include "local/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TURN_EVENTS = 16, SWEEP_MS = 1000 };

/* ---- who gets a place ------------------------------------------------------------------- */

/* A free place, or that of the connection that has been silent longest. Who has only just come
 * is left the time to ask. */
static struct rh_local_reply *find_place(struct rh_local_server *server)
{
    struct rh_local_reply *oldest = NULL;
    for (size_t i = 0; i < RH_LOCAL_CONNECTIONS_MAX; i++) {
        struct rh_local_reply *place = &server->places[i];
        if (local_is_free(place))
            return place;
        if (local_is_idle(place) &&
            (oldest == NULL || place->silent_since_ms < oldest->silent_since_ms))
            oldest = place;
    }
    if (oldest == NULL ||
        local_monotonic_ms() - oldest->silent_since_ms < server->spare_ms)
        return NULL;
    local_hang_up(oldest);
    return oldest;
}

static void welcome(struct rh_local_server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct ucred who;
    socklen_t bytes = sizeof who;
    struct rh_local_reply *place = find_place(server);
    if (place == NULL) {
        /* Short enough for any socket buffer; whoever cannot take it sees the end. */
        (void)send(fd, server->busy_line, strlen(server->busy_line),
                   MSG_NOSIGNAL | MSG_DONTWAIT);
        close(fd);
    } else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &bytes) != 0) {
        close(fd);
    } else {
        struct rh_local_peer peer = { .uid = who.uid, .gid = who.gid,
                                      .pid = (uint32_t)who.pid };
        local_seat(place, fd, &peer);
    }
}

/* Who has been silent too long, or does not read his answer, leaves. */
static void sweep(struct rh_local_server *server)
{
    uint64_t now_ms = local_monotonic_ms();
    if (now_ms - server->swept_ms < SWEEP_MS && server->idle_ms > SWEEP_MS)
        return;
    server->swept_ms = now_ms;
    for (size_t i = 0; i < RH_LOCAL_CONNECTIONS_MAX; i++) {
        struct rh_local_reply *place = &server->places[i];
        bool idle = local_is_idle(place) && now_ms - place->silent_since_ms > server->idle_ms;
        bool deaf = place->fd >= 0 && place->kept_bytes > 0 &&
                    now_ms - place->moved_ms > LOCAL_WRITE_WAIT_MS;
        if (idle || deaf)
            local_hang_up(place);
    }
}

/* Answers were finished since: what was asked behind them may be looked at. */
static void woken(struct rh_local_server *server)
{
    uint64_t count;
    if (read(server->wake, &count, sizeof count) != (ssize_t)sizeof count)
        return;
    for (size_t i = 0; i < RH_LOCAL_CONNECTIONS_MAX; i++)
        if (local_is_idle(&server->places[i]) && server->places[i].bytes > 0)
            local_go_on(&server->places[i]);
}

static void serve_ready(struct rh_local_server *server)
{
    struct epoll_event events[TURN_EVENTS];
    int count = epoll_wait(server->epoll, events, TURN_EVENTS, 0);
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == NULL)
            welcome(server);
        else if (events[i].data.ptr == server)
            woken(server);
        else
            local_attend(events[i].data.ptr, events[i].events);
    }
    sweep(server);
}

/* ---- opening and closing ---------------------------------------------------------------- */

/* A socket file that nobody answers is left over from a crash and may go. */
static enum rh_err clear_stale(const struct sockaddr_un *address)
{
    struct stat about;
    if (lstat(address->sun_path, &about) != 0)
        return errno == ENOENT ? RH_OK : RH_ERR_IO;
    if (!S_ISSOCK(about.st_mode))
        return RH_ERR_EXISTS;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return RH_ERR_IO;
    int alive = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    close(fd);
    if (alive)
        return RH_ERR_EXISTS;
    return unlink(address->sun_path) == 0 ? RH_OK : RH_ERR_IO;
}

static enum rh_err bind_listener(struct rh_local_server *server)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, server->path, sizeof address.sun_path);
    enum rh_err err = clear_stale(&address);
    if (err != RH_OK)
        return err;
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->listener < 0)
        return RH_ERR_IO;
    mode_t before = umask(0177);
    int bound = bind(server->listener, (const struct sockaddr *)&address, sizeof address);
    umask(before);
    if (bound != 0 || listen(server->listener, RH_LOCAL_CONNECTIONS_MAX) != 0)
        return RH_ERR_IO;
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &event) != 0)
        return RH_ERR_IO;
    event.data.ptr = server;
    return epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->wake, &event) == 0 ? RH_OK
                                                                               : RH_ERR_IO;
}

enum rh_err rh_local_server_open(const char *path, rh_local_handler *handler, void *context,
                                 struct rh_local_server **out)
{
    rh_assert(handler != NULL);
    struct rh_local_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return RH_ERR_NOMEM;
    server->listener = -1;
    server->handler = handler;
    server->context = context;
    server->idle_ms = RH_LOCAL_IDLE_MS;
    server->spare_ms = RH_LOCAL_SPARE_MS;
    for (size_t i = 0; i < RH_LOCAL_CONNECTIONS_MAX; i++)
        server->places[i] = (struct rh_local_reply){ .server = server, .fd = -1 };
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    enum rh_err err = RH_ERR_IO;
    if (strlen(path) >= sizeof server->path) {
        err = RH_ERR_INVALID;
    } else if (server->epoll >= 0 && server->stop >= 0 && server->wake >= 0) {
        memcpy(server->path, path, strlen(path) + 1);
        err = bind_listener(server);
    }
    if (err != RH_OK) {
        if (server->listener < 0)
            server->path[0] = '\0'; /* not ours: leave the file alone */
        rh_local_server_close(&server);
        return err;
    }
    *out = server;
    return RH_OK;
}

void rh_local_server_manners(struct rh_local_server *server,
                             const struct rh_local_manners *manners)
{
    size_t bytes = manners->busy_line != NULL ? strlen(manners->busy_line) : 0;
    rh_assert(!server->threaded);
    rh_assert(bytes + 2 <= sizeof server->busy_line);
    if (bytes > 0)
        memcpy(server->busy_line, manners->busy_line, bytes);
    server->busy_line[bytes] = bytes > 0 ? '\n' : '\0';
    server->busy_line[bytes + 1] = '\0';
    server->idle_ms = manners->idle_ms != 0 ? manners->idle_ms : RH_LOCAL_IDLE_MS;
    server->spare_ms = manners->spare_ms != 0 ? manners->spare_ms : RH_LOCAL_SPARE_MS;
}

int rh_local_server_fd(const struct rh_local_server *server)
{
    return server->epoll;
}

void rh_local_server_turn(struct rh_local_server *server)
{
    serve_ready(server);
}

static void *serve_thread(void *argument)
{
    struct rh_local_server *server = argument;
    struct pollfd fds[2] = {
        { .fd = server->epoll, .events = POLLIN },
        { .fd = server->stop, .events = POLLIN },
    };
    while (poll(fds, 2, SWEEP_MS) >= 0 || errno == EINTR) {
        if (fds[1].revents != 0)
            break;
        serve_ready(server);
    }
    return NULL;
}

enum rh_err rh_local_server_thread(struct rh_local_server *server)
{
    rh_assert(!server->threaded);
    if (pthread_create(&server->thread, NULL, serve_thread, server) != 0)
        return RH_ERR_NOMEM;
    server->threaded = true;
    return RH_OK;
}

void rh_local_server_close(struct rh_local_server **pointer)
{
    struct rh_local_server *server = *pointer;
    if (server == NULL)
        return;
    *pointer = NULL;
    if (server->threaded) {
        uint64_t one = 1;
        ssize_t written = write(server->stop, &one, sizeof one);
        rh_assert(written == (ssize_t)sizeof one);
        pthread_join(server->thread, NULL);
    }
    for (size_t i = 0; i < RH_LOCAL_CONNECTIONS_MAX; i++) {
        server->places[i].later = false;
        local_hang_up(&server->places[i]);
    }
    if (server->path[0] != '\0')
        unlink(server->path);
    if (server->listener >= 0)
        close(server->listener);
    if (server->epoll >= 0)
        close(server->epoll);
    if (server->stop >= 0)
        close(server->stop);
    if (server->wake >= 0)
        close(server->wake);
    free(server);
}
