/* A small server for small conversations: every connection has one buffer for one request
 * line; the handler answers before the next request is read. Writing is the only place that
 * may wait, at most WRITE_WAIT_MS, and then the connection is cut. */
#include <rh/local.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { WRITE_WAIT_MS = 5000, LINE_START_BYTES = 4096, TURN_EVENTS = 16 };

struct connection {
    int fd; /* -1: free */
    struct rh_local_peer peer;
    char *line;
    size_t bytes, capacity;
};

struct rh_local_server {
    int listener, epoll, stop;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    rh_local_handler *handler;
    void *context;
    struct connection connections[RH_LOCAL_CONNECTIONS_MAX];
    pthread_t thread;
    bool threaded;
};

struct rh_local_reply {
    int fd;
    bool dead;
};

static bool send_all(struct rh_local_reply *reply, const char *data, size_t bytes)
{
    while (bytes > 0 && !reply->dead) {
        ssize_t sent = send(reply->fd, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            data += sent;
            bytes -= (size_t)sent;
            continue;
        }
        if (sent < 0 && errno == EINTR)
            continue;
        struct pollfd waiting = { .fd = reply->fd, .events = POLLOUT };
        if (sent < 0 && errno == EAGAIN && poll(&waiting, 1, WRITE_WAIT_MS) > 0)
            continue;
        reply->dead = true;
    }
    return !reply->dead;
}

enum rh_err rh_local_write(struct rh_local_reply *reply, const char *line, size_t bytes)
{
    rh_assert(reply != NULL);
    if (!send_all(reply, line, bytes) || !send_all(reply, "\n", 1))
        return RH_ERR_CLOSED;
    return RH_OK;
}

static void hang_up(struct connection *connection)
{
    close(connection->fd);
    free(connection->line);
    *connection = (struct connection){ .fd = -1 };
}

static void welcome(struct rh_local_server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct ucred who;
    socklen_t bytes = sizeof who;
    struct connection *free_place = NULL;
    for (size_t i = 0; i < RH_LOCAL_CONNECTIONS_MAX && free_place == NULL; i++) {
        if (server->connections[i].fd < 0)
            free_place = &server->connections[i];
    }
    if (free_place == NULL || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &bytes) != 0) {
        close(fd);
        return;
    }
    *free_place = (struct connection){
        .fd = fd,
        .peer = { .uid = who.uid, .gid = who.gid, .pid = (uint32_t)who.pid },
        .line = malloc(LINE_START_BYTES),
        .capacity = LINE_START_BYTES,
    };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = free_place };
    if (free_place->line == NULL || epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        hang_up(free_place);
}

/* Room for at least one more byte; false at the bound. */
static bool make_room(struct connection *connection)
{
    if (connection->bytes < connection->capacity)
        return true;
    size_t wanted = connection->capacity * 2;
    if (wanted > RH_LOCAL_LINE_BYTES_MAX + 1)
        return false;
    char *larger = realloc(connection->line, wanted);
    if (larger == NULL)
        return false;
    connection->line = larger;
    connection->capacity = wanted;
    return true;
}

/* Answer every whole line in the buffer; false when the connection must go. */
static bool answer_lines(struct rh_local_server *server, struct connection *connection)
{
    char *end;
    while ((end = memchr(connection->line, '\n', connection->bytes)) != NULL) {
        size_t bytes = (size_t)(end - connection->line);
        *end = '\0';
        struct rh_local_reply reply = { .fd = connection->fd };
        server->handler(server->context, &connection->peer, connection->line, bytes, &reply);
        if (reply.dead)
            return false;
        connection->bytes -= bytes + 1;
        memmove(connection->line, end + 1, connection->bytes);
    }
    return true;
}

static bool read_some(struct rh_local_server *server, struct connection *connection)
{
    if (!make_room(connection))
        return false;
    ssize_t got = recv(connection->fd, connection->line + connection->bytes,
                       connection->capacity - connection->bytes, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0)
        return false;
    connection->bytes += (size_t)got;
    return answer_lines(server, connection);
}

static void serve_ready(struct rh_local_server *server, int wait_ms)
{
    struct epoll_event events[TURN_EVENTS];
    int count = epoll_wait(server->epoll, events, TURN_EVENTS, wait_ms);
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection == NULL)
            welcome(server);
        else if (connection->fd >= 0 && !read_some(server, connection))
            hang_up(connection);
    }
}

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
    return RH_OK;
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
    for (size_t i = 0; i < RH_LOCAL_CONNECTIONS_MAX; i++)
        server->connections[i].fd = -1;
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    enum rh_err err = RH_ERR_IO;
    if (strlen(path) >= sizeof server->path) {
        err = RH_ERR_INVALID;
    } else if (server->epoll >= 0 && server->stop >= 0) {
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

int rh_local_server_fd(const struct rh_local_server *server)
{
    return server->epoll;
}

void rh_local_server_turn(struct rh_local_server *server)
{
    serve_ready(server, 0);
}

static void *serve_thread(void *argument)
{
    struct rh_local_server *server = argument;
    struct pollfd fds[2] = {
        { .fd = server->epoll, .events = POLLIN },
        { .fd = server->stop, .events = POLLIN },
    };
    while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
        if (fds[1].revents != 0)
            break;
        serve_ready(server, 0);
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
        if (server->connections[i].fd >= 0)
            hang_up(&server->connections[i]);
    }
    if (server->path[0] != '\0')
        unlink(server->path);
    if (server->listener >= 0)
        close(server->listener);
    if (server->epoll >= 0)
        close(server->epoll);
    if (server->stop >= 0)
        close(server->stop);
    free(server);
}
