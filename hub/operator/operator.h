/* The admin socket: what `rhub` asks a running hub.
 *
 * A thread of its own reads requests (protocol/spec/local.md) and answers them from snapshots
 * of the store. What changes something, and what only the engine's thread may look at, goes
 * through a mailbox to that thread:
 *
 *     poll(hub_operator_fd ...)
 *     hub_operator_turn          runs what was posted; changes go into the engine's batch
 *     hub_engine_finish          makes them durable
 *     hub_operator_release       only now do operators read `done`
 *
 * An operator who has just changed something sees it with the next question: reading waits
 * (at most 2 s) until the snapshot has reached the change, and a moment for everything else
 * that was stored before the question. */
#ifndef HUB_OPERATOR_OPERATOR_H
#define HUB_OPERATOR_OPERATOR_H

#include "gateway/gateway.h"

struct hub_operator;

struct hub_operator_options {
    const char *path;            /* admin socket; borrowed for open */
    struct hub_engine *engine;   /* borrowed until close */
    struct hub_gateway *gateway; /* borrowed until close; NULL: nobody is online */
    const char *endpoint;        /* where agencies connect; borrowed until close */
    const char *data_dir;        /* for the disk's figures; borrowed until close, may be NULL */
    const char *version;         /* of the program; borrowed until close, may be NULL */
    void *reader;                /* context of the next three */
    /* Begin a snapshot: its map may be used until release. Called by the operator's thread. */
    enum rh_err (*refresh)(void *reader, struct hub_map **map);
    void (*release)(void *reader);
    /* Where the last read that failed its check was: file, table, key. May be NULL. */
    const char *(*fault)(void *reader);
};

/* Bind the socket and serve. RH_ERR_EXISTS: another hub listens there; RH_ERR_INVALID: the
 * path is too long for a socket; RH_ERR_NOMEM, RH_ERR_IO. */
enum rh_err hub_operator_open(const struct hub_operator_options *options,
                              struct hub_operator **out);

/* Askers that still wait are told that the hub stops. Taken; NULL is harmless. */
void hub_operator_close(struct hub_operator **op);

/* The rest is for the engine's thread. */

/* Poll for POLLIN. */
int hub_operator_fd(const struct hub_operator *op);

/* Run everything posted. An error is the engine's and final: exit and recover. */
enum rh_err hub_operator_turn(struct hub_operator *op, struct hub_engine *engine,
                              struct hub_gateway *gateway);

/* After hub_engine_finish answered RH_OK. */
enum rh_err hub_operator_release(struct hub_operator *op);

/* Somebody asked the hub to stop; true only after the answer was released. */
bool hub_operator_wants_stop(const struct hub_operator *op);

#endif
