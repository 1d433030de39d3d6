/* The agent: one thread that turns librhub, the doors and the local socket over one spool.
 *
 *     turn:  client (receipts, deliveries) -> spool     acks are numbered
 *            doors take, verbs            -> spool     messages are numbered
 *            commit, synced
 *            offer what is new to the hub; doors give (receipts, deliveries)
 *            answers that come later go on: a wait, a few rows of an import
 *
 * Nothing leaves before the commit that holds it: no ack, no receipt file, no answer "stored".
 * A kill between any two steps is survived: what was not committed did not happen, what was is
 * found at the next start. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <rh/local.h>
#include <rh/profile.h>
#include <rhub.h>

#include "runtime/desk.h"
#include "runtime/door.h"
#include "runtime/message.h"
#include "runtime/problem.h"
#include "runtime/screen.h"
#include "runtime/spool.h"

enum { AGENT_DOORS_MAX = 4, AGENT_VERBS_MAX = 8, AGENT_PATH_BYTES = 1024 };

struct agent;

/* ---- verbs of the local socket ---------------------------------------------------------- */

struct agent_ask;
/* A verb whose answer comes later goes on: called once a turn, after the commit. Sets *done
 * when nothing more is to be waited for. */
typedef enum rh_err agent_step_fn(struct agent_ask *ask, bool *done);

struct agent_ask {
    struct agent *agent;
    json_t *request;
    const json_t *args;          /* object, may be NULL */
    struct rh_local_reply *reply;
    uint32_t uid;                /* who asks, by the kernel */
    /* Set by a verb that is not done: others are served meanwhile. */
    agent_step_fn *step;
    uint64_t wake_at;            /* monotonic ms: no turn waits longer than that */
    void *work;                  /* the verb's, given to release; may be NULL */
    void (*release)(struct agent_ask *ask);
    uint32_t rows;               /* written so far */
    char cursor[80];             /* for the end line; empty: no more */
    /* The answer instead of the end line, when refusal is not 0. */
    uint32_t refusal;
    char pointer[AGENT_POINTER_BYTES];
    const char *detail, *detail_zh; /* what was expected there; static, may be NULL */
    struct agent_problems problems; /* more of them, for a message */
};

/* Write rows with agent_ask_row, or set the refusal. RH_ERR_CLOSED when the asker is gone. */
typedef enum rh_err agent_verb_fn(struct agent_ask *ask);

struct agent_verb {
    const char *name;
    agent_verb_fn *serve;
    const char *args[24]; /* names that are known, ended by NULL */
};

/* `row` is taken. */
enum rh_err agent_ask_row(struct agent_ask *ask, json_t *row);
/* Refuse with a code and a place ("/args/id"); RH_OK, for a tail call. */
enum rh_err agent_ask_refuse(struct agent_ask *ask, uint32_t refusal, const char *pointer);
/* The same, saying in both languages what was expected there or why; static. */
enum rh_err agent_ask_explain(struct agent_ask *ask, uint32_t refusal, const char *pointer,
                              const char *detail, const char *detail_zh);
/* Whether one more answer may come later. */
bool agent_ask_may_wait(const struct agent_ask *ask);
/* A text argument, NULL when absent; a refusal when it is no text. */
const char *agent_ask_text(struct agent_ask *ask, const char *name);

/* ---- the agent -------------------------------------------------------------------------- */

struct agent_options {
    struct rh_agency_id agency;
    const struct rh_agency_keys *keys;  /* borrowed for open; copied */
    struct rh_card hub;
    struct rh_hub_id hub_id;            /* set by open from the card's owner */
    const char *endpoint;               /* instead of the card's; may be NULL */
    const char *state_dir;              /* exists */
    const char *cards_dir;              /* cards of other agencies; may be NULL */
    const char *socket_path;            /* local socket; NULL: none */
    const struct rh_profile *profile;   /* borrowed for life; may be NULL */
    const char *profile_name;           /* for status; may be NULL */
    const char *rules_dir;              /* with the routing map, for imports; may be NULL */
    bool trust_hub, hold_generation;
    uint64_t map_bytes;                 /* 0: default */
    uint32_t heartbeat_ms, answer_ms, retry_ms_max; /* 0: defaults of rhub.h */
    const struct agent_verb *verbs;     /* beside the built-in ones; may be NULL */
    uint32_t verb_count;
};

/* Deliveries of one sender and lane that one ack speaks of at most: fewer than the 60
 * referrals the hub lets one ack bring to arrival, or the rest would come again. */
enum { AGENT_ACK_DELIVERIES_MAX = 48 };

/* What of one batch of deliveries is to be acknowledged. */
struct agent_touched {
    struct rh_agency_id sender;
    enum rh_lane lane;
    uint64_t pair_seq;   /* up to and including */
    uint32_t unanswered; /* deliveries since its last ack, repeated ones included */
};

struct agent {
    struct agent_options options;
    struct rh_agency_keys keys;
    struct agent_spool *spool;
    struct rh_cards *cards;             /* NULL: none */
    struct agent_texts *texts;
    struct agent_screen *screen;        /* keyword rules; NULL: none */
    struct agent_screen_stamp screen_seen;
    struct rh_client *client;
    struct rh_local_server *server;
    uint32_t door_count;
    struct agent_door doors[AGENT_DOORS_MAX];
    uint32_t touched_count, touched_room;
    struct agent_touched *touched;

    uint32_t generation;                /* of the hub's session */
    uint64_t repin_next_n;              /* ONLINE with a newer generation: from here again */
    bool stopping;
    bool places;                        /* a door takes deliveries */
    bool full;                          /* spool nearly full: nothing new is taken in */
    uint32_t ask_count;                 /* whose answers come later, in order of asking */
    struct agent_ask *asks[RH_LOCAL_LATER_MAX];
    enum rh_err fatal;                  /* RH_OK, or why the agent must end */
    uint64_t clean_at, cards_at;        /* monotonic ms */
    uint64_t hub_ms, hub_seen_at;       /* newest hub time known, and when (monotonic) */
    uint32_t hub_rate;                  /* its seconds in one of ours, 0: it stands */
    uint64_t online_since_ms, started_ms;
    uint32_t last_refusal;              /* of the newest trouble */
    char last_detail[200];
    uint64_t last_trouble_ms;
    enum rh_client_alarm alarm;
};

/* *report (caller's) gets an English sentence on failure. */
enum rh_err agent_open(const struct agent_options *options, struct agent **out, char *report,
                       size_t report_bytes);
void agent_close(struct agent **agent);

/* Taken over; closed with the agent. */
void agent_add_door(struct agent *agent, const struct agent_door *door);

/* One turn; waits at most wait_ms for something to do. RH_OK, or why the agent must end. */
enum rh_err agent_turn(struct agent *agent, uint32_t wait_ms);

/* This agency's time: the hub's on a test hub, else the system's. UTC ms. */
uint64_t agent_now_ms(struct agent *agent);
void agent_fill_desk(struct agent *agent, struct agent_desk *out);
/* Remember and log a trouble. */
void agent_trouble(struct agent *agent, const char *event, uint32_t refusal,
                   const char *detail);

/* ---- receive.c -------------------------------------------------------------------------- */

/* A delivery of this agent's inbox, taken apart and opened. Views point into the frame and
 * into memory of its own. */
struct agent_opened {
    struct rh_delivery delivery;
    bool has_item;                      /* a public part was there and is decoded */
    struct rh_public item;
    struct rh_private content;
    struct rh_body body;
    uint8_t *private_part, *body_part;  /* unsealed, malloc'ed; NULL when it came open */
};

/* 0, or the refusal a nack must carry: 4222 cannot be unsealed, 4221 does not match its form.
 * To be released either way. */
uint32_t agent_open_delivery(struct agent *agent, struct rh_bytes frame,
                             struct agent_opened *out);
/* The same of an item of our own, as agent_spool_original gives it. */
uint32_t agent_open_sent(struct agent *agent, struct rh_bytes item, struct agent_opened *out);
void agent_opened_release(struct agent_opened *opened);

void agent_receive(struct agent *agent, const struct rh_client_event *event);
void agent_confirmed(struct agent *agent, const struct rh_client_event *event);
/* Number the acks of what was received and not acknowledged yet. A long batch from one sender
 * and lane was acknowledged on the way, every AGENT_ACK_DELIVERIES_MAX. */
void agent_acknowledge(struct agent *agent);

/* ---- verbs.c ---------------------------------------------------------------------------- */

rh_local_handler agent_serve;
/* For the server: what it says when it has no place left. */
void agent_set_manners(struct rh_local_server *server, const struct agent_texts *texts);
/* Milliseconds until an answer that comes later has something to do; UINT32_MAX: none. */
uint32_t agent_asks_wait_ms(const struct agent *agent);
/* Let every one of them go on; and give all of them up. */
void agent_asks_go_on(struct agent *agent);
void agent_asks_give_up(struct agent *agent);

#endif
