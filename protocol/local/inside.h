/* What the server's two files share. */
#ifndef RH_LOCAL_INSIDE_H
#define RH_LOCAL_INSIDE_H

#include <rh/local.h>

#include <sys/un.h>

enum {
    LOCAL_WRITE_WAIT_MS = 5000,          /* without a byte being read: cut off */
    LOCAL_KEPT_BYTES_MAX = 1024 * 1024,  /* of an answer, until the asker reads it */
    LOCAL_BUSY_BYTES = 1024
};

/* A place for one connection, and at the same time where its answer goes. */
struct rh_local_reply {
    struct rh_local_server *server;
    int fd;                  /* -1: free, or its asker is gone and the answer not finished */
    bool later;              /* the handler has returned, the answer is not over */
    bool dead;               /* nobody will read anything any more */
    bool over;               /* nothing more will be asked */
    uint32_t interest;       /* what epoll watches for */
    struct rh_local_peer peer;
    char *line;              /* of the request, and what came behind it */
    size_t bytes, capacity;
    char *kept;              /* of the answer: not read yet */
    size_t kept_bytes, kept_capacity;
    uint64_t silent_since_ms; /* nothing asked and nothing answered since; monotonic */
    uint64_t moved_ms;       /* when the asker last read something of `kept` */
};

struct rh_local_server {
    int listener, epoll, stop;
    int wake;                /* in epoll: a finished answer lets its next request be read */
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    char busy_line[LOCAL_BUSY_BYTES];
    uint32_t idle_ms, spare_ms;
    uint64_t swept_ms;
    uint32_t later_count;
    rh_local_handler *handler;
    void *context;
    struct rh_local_reply places[RH_LOCAL_CONNECTIONS_MAX];
    pthread_t thread;
    bool threaded;
};

/* ---- connection.c ----------------------------------------------------------------------- */

uint64_t local_monotonic_ms(void);
bool local_is_free(const struct rh_local_reply *place);
/* Neither asks nor waits for anything. */
bool local_is_idle(const struct rh_local_reply *place);
/* Take a free place for a descriptor, taken. */
void local_seat(struct rh_local_reply *place, int fd, const struct rh_local_peer *peer);
void local_hang_up(struct rh_local_reply *place);
/* What epoll says of it. */
void local_attend(struct rh_local_reply *place, uint32_t events);
/* Requests that came while an answer was under way. */
void local_go_on(struct rh_local_reply *place);

#endif
