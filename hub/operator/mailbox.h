/* A small mailbox from operators' threads to the engine's thread.
 *
 *     operator's thread                       engine's thread
 *     hub_mailbox_ask: posts, waits ------->  hub_mailbox_turn: runs it
 *                                             hub_engine_finish
 *     ... returns          <----------------  hub_mailbox_release
 *
 * What only looks is answered by the turn itself; what changes (durable) by the release, so
 * that no answer leaves before the change is on the disk. */
#ifndef HUB_OPERATOR_MAILBOX_H
#define HUB_OPERATOR_MAILBOX_H

#include <pthread.h>

#include "gateway/gateway.h"

/* Runs in the engine's thread. An error is the engine's and final; what an operator did wrong
 * is written into the context instead. */
typedef enum rh_err hub_mail_fn(void *context, struct hub_engine *engine,
                                struct hub_gateway *gateway);

enum hub_mail_state { HUB_MAIL_POSTED, HUB_MAIL_TAKEN, HUB_MAIL_DONE };

struct hub_mail {
    hub_mail_fn *run;
    void *context;
    bool durable; /* wait for the release */
    /* the mailbox's own */
    enum hub_mail_state state;
    enum rh_err err;
    struct hub_mail *next;
};

struct hub_mailbox {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int fd; /* eventfd: something was posted */
    bool closed;
    struct hub_mail *posted;   /* in order of arrival */
    struct hub_mail *executed; /* durable ones, waiting for the release */
};

/* RH_ERR_IO when the system gives no descriptor. */
enum rh_err hub_mailbox_init(struct hub_mailbox *mailbox);
/* After close, when no asker is left. */
void hub_mailbox_fini(struct hub_mailbox *mailbox);

/* Post and wait. `mail` stays the caller's and is free again on return.
 *
 * RH_ERR_TIMEOUT  the engine did not get to it in wait_ms: nothing happened.
 * RH_ERR_CLOSED   the hub stops; a durable mail that ran may or may not be stored.
 * any other       what run answered. */
enum rh_err hub_mailbox_ask(struct hub_mailbox *mailbox, struct hub_mail *mail,
                            uint32_t wait_ms);

/* The engine's thread. */
enum rh_err hub_mailbox_turn(struct hub_mailbox *mailbox, struct hub_engine *engine,
                             struct hub_gateway *gateway);
void hub_mailbox_release(struct hub_mailbox *mailbox);
/* Nobody will run anything any more: everybody is sent home with RH_ERR_CLOSED. */
void hub_mailbox_close(struct hub_mailbox *mailbox);

#endif
