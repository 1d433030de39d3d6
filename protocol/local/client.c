#include <rh/local.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct rh_local_client {
    int fd;
    uint32_t timeout_ms;
    char *buffer;
    size_t capacity, bytes; /* read so far */
    size_t taken;           /* given out as lines */
};

static uint64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static enum rh_err from_connect(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
        return RH_ERR_DENIED;
    case ENOENT:
    case ECONNREFUSED:
        return RH_ERR_NOTFOUND;
    default:
        return RH_ERR_IO;
    }
}

enum rh_err rh_local_client_open(const char *path, uint32_t timeout_ms,
                                 struct rh_local_client **out)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t bytes = strlen(path);
    if (bytes >= sizeof address.sun_path)
        return RH_ERR_INVALID;
    memcpy(address.sun_path, path, bytes + 1);

    struct rh_local_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return RH_ERR_NOMEM;
    client->timeout_ms = timeout_ms;
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    enum rh_err err = client->fd < 0 ? RH_ERR_IO : RH_OK;
    if (err == RH_OK &&
        connect(client->fd, (const struct sockaddr *)&address, sizeof address) != 0)
        err = from_connect(errno);
    if (err != RH_OK) {
        rh_local_client_close(&client);
        return err;
    }
    *out = client;
    return RH_OK;
}

/* Wait for readiness until `deadline`; RH_ERR_TIMEOUT after it. */
static enum rh_err wait_for(int fd, short what, uint64_t deadline_ms)
{
    for (;;) {
        uint64_t now = monotonic_ms();
        if (now >= deadline_ms)
            return RH_ERR_TIMEOUT;
        uint64_t left = deadline_ms - now;
        struct pollfd waiting = { .fd = fd, .events = what };
        int ready = poll(&waiting, 1, left > 1000000u ? 1000000 : (int)left);
        if (ready > 0)
            return RH_OK;
        if (ready < 0 && errno != EINTR)
            return RH_ERR_IO;
    }
}

static enum rh_err send_piece(struct rh_local_client *client, const char *data, size_t bytes,
                              uint64_t deadline_ms)
{
    while (bytes > 0) {
        ssize_t sent = send(client->fd, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            data += sent;
            bytes -= (size_t)sent;
        } else if (errno == EAGAIN) {
            enum rh_err err = wait_for(client->fd, POLLOUT, deadline_ms);
            if (err != RH_OK)
                return err;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return RH_OK; /* its last words, if any, are still to be received */
        } else if (errno != EINTR) {
            return RH_ERR_CLOSED;
        }
    }
    return RH_OK;
}

enum rh_err rh_local_client_send(struct rh_local_client *client, const char *line, size_t bytes)
{
    uint64_t deadline_ms = monotonic_ms() + client->timeout_ms;
    enum rh_err err = send_piece(client, line, bytes, deadline_ms);
    return err == RH_OK ? send_piece(client, "\n", 1, deadline_ms) : err;
}

/* Move what is left to the front and make room for more. */
static enum rh_err make_room(struct rh_local_client *client)
{
    client->bytes -= client->taken;
    if (client->bytes > 0)
        memmove(client->buffer, client->buffer + client->taken, client->bytes);
    client->taken = 0;
    if (client->bytes < client->capacity)
        return RH_OK;
    if (client->capacity > 16 * RH_LOCAL_LINE_BYTES_MAX)
        return RH_ERR_FULL;
    size_t wanted = client->capacity == 0 ? 16384 : client->capacity * 2;
    char *larger = realloc(client->buffer, wanted);
    if (larger == NULL)
        return RH_ERR_NOMEM;
    client->buffer = larger;
    client->capacity = wanted;
    return RH_OK;
}

enum rh_err rh_local_client_receive(struct rh_local_client *client, uint32_t timeout_ms,
                                    char **line, size_t *bytes)
{
    uint64_t deadline_ms = monotonic_ms() + timeout_ms;
    for (;;) {
        size_t unread = client->bytes - client->taken;
        char *start = client->buffer + client->taken;
        char *end = unread > 0 ? memchr(start, '\n', unread) : NULL;
        if (end != NULL) {
            *end = '\0';
            *line = start;
            *bytes = (size_t)(end - start);
            client->taken += *bytes + 1;
            return RH_OK;
        }
        enum rh_err err = make_room(client);
        if (err == RH_OK)
            err = wait_for(client->fd, POLLIN, deadline_ms);
        if (err != RH_OK)
            return err;
        ssize_t got = recv(client->fd, client->buffer + client->bytes,
                           client->capacity - client->bytes, MSG_DONTWAIT);
        if (got == 0)
            return RH_ERR_CLOSED;
        if (got > 0)
            client->bytes += (size_t)got;
        else if (errno != EINTR && errno != EAGAIN)
            return RH_ERR_CLOSED;
    }
}

void rh_local_client_close(struct rh_local_client **pointer)
{
    struct rh_local_client *client = *pointer;
    if (client == NULL)
        return;
    *pointer = NULL;
    if (client->fd >= 0)
        close(client->fd);
    free(client->buffer);
    free(client);
}
