/* The local sockets: one line of JSON asks, lines of JSON answer. Used by rhub towards rhubd
 * and rhub-agent; never leaves the machine. This is transport only: it does not look into the
 * lines. Format of the lines: protocol/spec/local.md.
 *
 * Server: a UNIX stream socket (mode 0600, its directory 0700 is the caller's), peer
 * credentials read for every connection, at most RH_LOCAL_CONNECTIONS_MAX connections, one
 * request at a time on each, a request line at most RH_LOCAL_LINE_BYTES_MAX bytes. */
#ifndef RH_LOCAL_H
#define RH_LOCAL_H

#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>

enum { RH_LOCAL_CONNECTIONS_MAX = 64, RH_LOCAL_LINE_BYTES_MAX = 1024 * 1024 };

struct rh_local_server;
struct rh_local_reply; /* where an answer goes; valid until the handler returns */

/* Who asks, from the kernel. */
struct rh_local_peer {
    uint32_t uid, gid, pid;
};

/* Called in the serving thread for each request line (terminated, without newline, borrowed).
 * Answers with rh_local_write, any number of lines. */
typedef void rh_local_handler(void *context, const struct rh_local_peer *peer, char *line,
                              size_t bytes, struct rh_local_reply *reply);

/* One line out (newline added). RH_ERR_CLOSED when the asker is gone: stop then. */
enum rh_err rh_local_write(struct rh_local_reply *reply, const char *line, size_t bytes);

/* Bind and serve. A stale socket file (nobody listens) is replaced; a live one answers
 * RH_ERR_EXISTS. */
enum rh_err rh_local_server_open(const char *path, rh_local_handler *handler, void *context,
                                 struct rh_local_server **out);
/* Descriptor to poll for POLLIN, and what to call then: serves what is ready, never blocks on
 * reading. A slow reader of answers is cut off after 5 s. */
int rh_local_server_fd(const struct rh_local_server *server);
void rh_local_server_turn(struct rh_local_server *server);
/* Or serve from a thread of its own until close. */
enum rh_err rh_local_server_thread(struct rh_local_server *server);
void rh_local_server_close(struct rh_local_server **server);

/* Client. RH_ERR_NOTFOUND: nobody there; RH_ERR_DENIED; RH_ERR_TIMEOUT. */
struct rh_local_client;
enum rh_err rh_local_client_open(const char *path, uint32_t timeout_ms,
                                 struct rh_local_client **out);
enum rh_err rh_local_client_send(struct rh_local_client *client, const char *line, size_t bytes);
/* Next line (terminated, borrowed until the next call). RH_ERR_CLOSED at the end. */
enum rh_err rh_local_client_receive(struct rh_local_client *client, uint32_t timeout_ms,
                                    char **line, size_t *bytes);
void rh_local_client_close(struct rh_local_client **client);

#endif
