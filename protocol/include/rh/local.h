/* The local sockets: one line of JSON asks, lines of JSON answer. Used by rhub towards rhubd
 * and rhub-agent; never leaves the machine. This is transport only: it does not look into the
 * lines. Format of the lines: protocol/spec/local.md.
 *
 * Server: a UNIX stream socket (mode 0600, its directory 0700 is the caller's), peer
 * credentials read for every connection, at most RH_LOCAL_CONNECTIONS_MAX connections, one
 * request at a time on each, a request line at most RH_LOCAL_LINE_BYTES_MAX bytes.
 *
 * Nobody can lock it by saying nothing: a connection on which nothing is asked is closed after
 * idle_ms, and when all places are taken the one that has been silent longest makes room for
 * the next asker. When none has been silent for spare_ms the next asker is told `busy_line` and
 * let go. */
#ifndef RH_LOCAL_H
#define RH_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>

enum {
    RH_LOCAL_CONNECTIONS_MAX = 64,
    RH_LOCAL_LATER_MAX = 32, /* answers that come later, at one time */
    RH_LOCAL_LINE_BYTES_MAX = 1024 * 1024,
    RH_LOCAL_IDLE_MS = 600000,
    RH_LOCAL_SPARE_MS = 1000
};

struct rh_local_server;
/* Where an answer goes; valid until the handler returns, or, of one that comes later, until
 * rh_local_finish. */
struct rh_local_reply;

/* Who asks, from the kernel. */
struct rh_local_peer {
    uint32_t uid, gid, pid;
};

/* Called in the serving thread for each request line (terminated, without newline, borrowed).
 * Answers with rh_local_write, any number of lines. */
typedef void rh_local_handler(void *context, const struct rh_local_peer *peer, char *line,
                              size_t bytes, struct rh_local_reply *reply);

/* One line out (newline added). RH_ERR_CLOSED when the asker is gone: stop then. What the asker
 * does not read at once is kept for him, up to a bound; only above it does a write wait. */
enum rh_err rh_local_write(struct rh_local_reply *reply, const char *line, size_t bytes);

/* Inside the handler: the answer is not over when the handler returns. Its next request is read
 * only after rh_local_finish. Only with a server that is turned, and from its thread.
 * RH_ERR_FULL: RH_LOCAL_LATER_MAX answers are under way; the handler answers something. */
enum rh_err rh_local_later(struct rh_local_reply *reply);
/* Bytes of the answer that the asker has not read yet: whoever makes a long one waits. */
size_t rh_local_unread(const struct rh_local_reply *reply);
/* The asker has hung up: what is done for him alone may stop. */
bool rh_local_gone(const struct rh_local_reply *reply);
/* The answer is over, or given up. Taken. */
void rh_local_finish(struct rh_local_reply **reply);

/* Bind and serve. A stale socket file (nobody listens) is replaced; a live one answers
 * RH_ERR_EXISTS. */
enum rh_err rh_local_server_open(const char *path, rh_local_handler *handler, void *context,
                                 struct rh_local_server **out);
struct rh_local_manners {
    const char *busy_line;  /* borrowed for the call; NULL: none, the asker is only let go */
    uint32_t idle_ms;       /* 0: RH_LOCAL_IDLE_MS */
    uint32_t spare_ms;      /* 0: RH_LOCAL_SPARE_MS */
};
/* Before the server is turned or has its thread. */
void rh_local_server_manners(struct rh_local_server *server,
                             const struct rh_local_manners *manners);
/* Descriptor to poll for POLLIN, and what to call then and at least every few seconds: serves
 * what is ready, never blocks on reading. Who does not read his answer for 5 s is cut off. */
int rh_local_server_fd(const struct rh_local_server *server);
void rh_local_server_turn(struct rh_local_server *server);
/* Or serve from a thread of its own until close. */
enum rh_err rh_local_server_thread(struct rh_local_server *server);
/* Answers that were to come later are dead with it: finish them first. */
void rh_local_server_close(struct rh_local_server **server);

/* Client. RH_ERR_NOTFOUND: nobody there; RH_ERR_DENIED; RH_ERR_TIMEOUT. A send to a server that
 * has hung up is RH_OK: what it said before that, or RH_ERR_CLOSED, is received. */
struct rh_local_client;
enum rh_err rh_local_client_open(const char *path, uint32_t timeout_ms,
                                 struct rh_local_client **out);
enum rh_err rh_local_client_send(struct rh_local_client *client, const char *line,
                                 size_t bytes);
/* Next line (terminated, borrowed until the next call). RH_ERR_CLOSED at the end. */
enum rh_err rh_local_client_receive(struct rh_local_client *client, uint32_t timeout_ms,
                                    char **line, size_t *bytes);
void rh_local_client_close(struct rh_local_client **client);

/* Tell the service manager "READY=1", "STATUS=...", "WATCHDOG=1" or "STOPPING=1", lines of
 * sd_notify(3). Does nothing when nobody asked (NOTIFY_SOCKET is not set); a failure to send is
 * nobody's trouble. */
void rh_local_notify(const char *state);

#endif
