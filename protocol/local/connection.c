/* One connection: requests in, line by line, and answers out.
 *
 *     asks -> handler -> answered at once            -> the next line is read
 *                     -> later (rh_local_later) ...  -> finished -> the next line is read
 *
 * What the asker has not read yet is kept, up to LOCAL_KEPT_BYTES_MAX; no further request of
 * his is looked at before it is gone, so one asker can never make the server hold more than one
 * answer. Only a write above that bound waits, and then the connection is cut. */
#include <pthread.h>

#include "local/inside.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINE_START_BYTES = 4096 };

uint64_t local_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

bool local_is_free(const struct rh_local_reply *place)
{
    return place->fd < 0 && !place->later;
}

bool local_is_idle(const struct rh_local_reply *place)
{
    return place->fd >= 0 && !place->later && place->kept_bytes == 0;
}

/* ---- places ----------------------------------------------------------------------------- */

/* Watch for what can be served now; hanging up is always told. */
static void watch(struct rh_local_reply *place)
{
    uint32_t wanted = place->kept_bytes > 0 ? EPOLLOUT : 0u;
    if (!place->later && !place->over && place->kept_bytes == 0)
        wanted |= EPOLLIN;
    if (place->fd < 0 || wanted == place->interest)
        return;
    struct epoll_event event = { .events = wanted, .data.ptr = place };
    if (epoll_ctl(place->server->epoll, EPOLL_CTL_MOD, place->fd, &event) == 0)
        place->interest = wanted;
    else
        place->dead = true;
}

void local_hang_up(struct rh_local_reply *place)
{
    struct rh_local_server *server = place->server;
    bool later = place->later;
    if (place->fd >= 0)
        close(place->fd);
    free(place->line);
    free(place->kept);
    *place = (struct rh_local_reply){ .server = server, .fd = -1, .later = later,
                                      .dead = true };
}

void local_seat(struct rh_local_reply *place, int fd, const struct rh_local_peer *peer)
{
    struct rh_local_server *server = place->server;
    *place = (struct rh_local_reply){
        .server = server,
        .fd = fd,
        .interest = EPOLLIN,
        .peer = *peer,
        .line = malloc(LINE_START_BYTES),
        .capacity = LINE_START_BYTES,
        .silent_since_ms = local_monotonic_ms(),
    };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = place };
    if (place->line == NULL || epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        local_hang_up(place);
}

/* ---- out -------------------------------------------------------------------------------- */

/* As much as goes without waiting; the number of bytes, or -1 when nobody reads any more. */
static ssize_t push(struct rh_local_reply *place, const char *data, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t sent = send(place->fd, data + done, bytes - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0)
            done += (size_t)sent;
        else if (sent < 0 && errno == EAGAIN)
            break;
        else if (sent == 0 || errno != EINTR)
            return -1;
    }
    return (ssize_t)done;
}

static bool drain(struct rh_local_reply *place)
{
    ssize_t gone = push(place, place->kept, place->kept_bytes);
    if (gone < 0)
        return false;
    if (gone > 0) {
        place->kept_bytes -= (size_t)gone;
        memmove(place->kept, place->kept + gone, place->kept_bytes);
        place->moved_ms = place->silent_since_ms = local_monotonic_ms();
    }
    return true;
}

/* Wait until something of `kept` has been read. */
static bool drain_some(struct rh_local_reply *place)
{
    size_t before = place->kept_bytes;
    uint64_t until_ms = local_monotonic_ms() + LOCAL_WRITE_WAIT_MS;
    while (place->kept_bytes == before) {
        uint64_t now_ms = local_monotonic_ms();
        struct pollfd waiting = { .fd = place->fd, .events = POLLOUT };
        if (now_ms >= until_ms || (poll(&waiting, 1, (int)(until_ms - now_ms)) < 0 &&
                                   errno != EINTR))
            return false;
        if (!drain(place))
            return false;
    }
    return true;
}

static bool keep(struct rh_local_reply *place, const char *data, size_t bytes)
{
    if (place->kept_bytes == 0)
        place->moved_ms = local_monotonic_ms();
    if (place->kept_capacity - place->kept_bytes < bytes) {
        size_t wanted = place->kept_capacity == 0 ? LINE_START_BYTES : place->kept_capacity;
        while (wanted < place->kept_bytes + bytes)
            wanted *= 2;
        char *larger = realloc(place->kept, wanted);
        if (larger == NULL)
            return false;
        place->kept = larger;
        place->kept_capacity = wanted;
    }
    memcpy(place->kept + place->kept_bytes, data, bytes);
    place->kept_bytes += bytes;
    return true;
}

static bool put(struct rh_local_reply *place, const char *data, size_t bytes)
{
    while (bytes > 0) {
        size_t piece = bytes > LOCAL_KEPT_BYTES_MAX ? LOCAL_KEPT_BYTES_MAX : bytes;
        ssize_t gone = place->kept_bytes == 0 ? push(place, data, piece) : 0;
        if (gone < 0)
            return false;
        data += gone;
        bytes -= (size_t)gone;
        piece -= (size_t)gone;
        while (piece > LOCAL_KEPT_BYTES_MAX - place->kept_bytes)
            if (!drain_some(place))
                return false;
        if (piece > 0 && !keep(place, data, piece))
            return false;
        data += piece;
        bytes -= piece;
    }
    return true;
}

enum rh_err rh_local_write(struct rh_local_reply *reply, const char *line, size_t bytes)
{
    rh_assert(reply != NULL);
    if (!reply->dead && (!put(reply, line, bytes) || !put(reply, "\n", 1)))
        reply->dead = true;
    if (!reply->dead && reply->later)
        watch(reply);
    return reply->dead ? RH_ERR_CLOSED : RH_OK;
}

/* ---- later ------------------------------------------------------------------------------ */

enum rh_err rh_local_later(struct rh_local_reply *reply)
{
    struct rh_local_server *server = reply->server;
    rh_assert(!server->threaded);
    rh_assert(!reply->later);
    if (server->later_count == RH_LOCAL_LATER_MAX)
        return RH_ERR_FULL;
    server->later_count++;
    reply->later = true;
    return RH_OK;
}

size_t rh_local_unread(const struct rh_local_reply *reply)
{
    return reply->kept_bytes;
}

bool rh_local_gone(const struct rh_local_reply *reply)
{
    return reply->dead;
}

void rh_local_finish(struct rh_local_reply **pointer)
{
    struct rh_local_reply *reply = *pointer;
    struct rh_local_server *server = reply->server;
    uint64_t one = 1;
    rh_assert(reply->later && server->later_count > 0);
    *pointer = NULL;
    server->later_count--;
    reply->later = false;
    if (reply->dead) {
        local_hang_up(reply);
        return;
    }
    reply->silent_since_ms = local_monotonic_ms();
    watch(reply);
    ssize_t written = write(server->wake, &one, sizeof one);
    rh_assert(written == (ssize_t)sizeof one);
}

/* ---- in --------------------------------------------------------------------------------- */

/* Room for at least one more byte; false at the bound. */
static bool make_room(struct rh_local_reply *place)
{
    if (place->bytes < place->capacity)
        return true;
    size_t wanted = place->capacity * 2;
    if (wanted > RH_LOCAL_LINE_BYTES_MAX + 1)
        return false;
    char *larger = realloc(place->line, wanted);
    if (larger == NULL)
        return false;
    place->line = larger;
    place->capacity = wanted;
    return true;
}

/* Whole lines in the buffer, as far as they may be answered now. */
static void answer_lines(struct rh_local_reply *place)
{
    struct rh_local_server *server = place->server;
    char *end;
    while (!place->dead && !place->later && place->kept_bytes == 0 &&
           (end = memchr(place->line, '\n', place->bytes)) != NULL) {
        size_t bytes = (size_t)(end - place->line);
        *end = '\0';
        server->handler(server->context, &place->peer, place->line, bytes, place);
        place->silent_since_ms = local_monotonic_ms();
        place->bytes -= bytes + 1;
        memmove(place->line, end + 1, place->bytes);
    }
}

static void read_some(struct rh_local_reply *place)
{
    if (!make_room(place)) {
        place->dead = true;
        return;
    }
    ssize_t got = recv(place->fd, place->line + place->bytes, place->capacity - place->bytes,
                       MSG_DONTWAIT);
    if (got > 0)
        place->bytes += (size_t)got;
    else if (got == 0)
        place->over = true;
    else if (errno != EAGAIN && errno != EINTR)
        place->dead = true;
}

/* Answer what may be answered, then watch for the right thing, or let it go. */
void local_go_on(struct rh_local_reply *place)
{
    answer_lines(place);
    if (!place->dead && place->over && !place->later && place->kept_bytes == 0)
        place->dead = true;
    if (!place->dead)
        watch(place);
    if (place->dead)
        local_hang_up(place);
}

void local_attend(struct rh_local_reply *place, uint32_t events)
{
    bool hung_up = (events & (EPOLLHUP | EPOLLERR)) != 0;
    if (place->fd < 0)
        return;
    if ((place->later || place->kept_bytes > 0) && hung_up)
        place->dead = true; /* nobody is left to read */
    else if ((events & EPOLLOUT) != 0 && !drain(place))
        place->dead = true;
    if (!place->dead && !place->later && !place->over && place->kept_bytes == 0)
        read_some(place);
    local_go_on(place);
}
