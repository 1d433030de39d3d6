/* A hub of arrays: the world decide looks at, and the simplest thing that applies outcomes.
 *
 * Obviously right rather than fast. Agencies, referrals, queues, messages and dead letters are
 * plain lists; applying copies rows and moves queue entries. After every event it checks what
 * must always hold (rht_world_check) and ends the test with a sentence when it does not.
 * A readable trace of everything that happened can be compared as a whole. */
#ifndef RHT_WORLD_H
#define RHT_WORLD_H

#include "core/decide.h"
#include "support/rht.h"

enum {
    RHT_WORLD_AGENCIES_MAX = 60,
    RHT_WORLD_SUBSCRIPTIONS_MAX = 48,
    RHT_WORLD_TRACE_BYTES = 64 * 1024,
    RHT_WORLD_PAIRS_MAX = 4096
};

struct rht_pair {
    uint32_t from, to;
    enum rh_lane lane;
    uint64_t next;
};

struct rht_world {
    struct hub_world face;         /* what decide sees */
    struct rh_rules *rules;        /* owned */
    uint32_t agency_count;         /* agency k has number HUB_AGENCY_FIRST + k */
    struct hub_agency agencies[RHT_WORLD_AGENCIES_MAX];
    uint32_t row_count, row_capacity;
    struct hub_referral *rows;     /* rno k stands at k - 1 */
    uint32_t queue_count, queue_capacity;
    struct hub_queued *queue;      /* undelivered, in order of queueing */
    uint32_t pair_count;
    struct rht_pair pairs[RHT_WORLD_PAIRS_MAX];
    uint32_t message_count, message_capacity;
    struct hub_message *messages;  /* message number k has id rht_message_id(k) */
    uint32_t dead_count, dead_capacity;
    struct hub_dead *dead;
    uint32_t hot_count, hot_capacity;
    struct hub_hot *hots;
    uint32_t subscription_count;
    struct hub_subscription subscriptions[RHT_WORLD_SUBSCRIPTIONS_MAX];
    uint64_t now_ms, down_ms, index, slot;
    uint64_t message_number;       /* of the item being built */
    struct rh_public item;
    struct hub_event event;
    struct hub_outcome *out;       /* of the last event; owned */
    struct hub_outcome *again;     /* working memory of the twin decision */
    uint8_t *bytes_a, *bytes_b;    /* working memory of encodings */
    /* NULL, or called with each decision (world->out) before it takes effect here. */
    void (*watch)(void *arg, const struct rht_world *world, const struct hub_event *event);
    void *watch_arg;
    uint64_t lost_ms; /* of what is sent next: an earlier generation stored it then; 0 never */
    bool traced;
    size_t trace_bytes;
    char trace[RHT_WORLD_TRACE_BYTES];
};

/* A world with the rules of rht_world_rules and no agencies, at 2026-03-02 09:00 +08:00. On
 * the heap; end it with rht_world_close. */
struct rht_world *rht_world_open(void);
void rht_world_close(struct rht_world *world);

/* Enrol "role.division"; superior 0 none. Its unit_hash is the id's text, padded. */
uint32_t rht_world_agency(struct rht_world *world, const char *id, uint32_t superior);
/* What an accusation names that agency by. */
struct rh_hash rht_world_unit(const struct rht_world *world, uint32_t agency);

struct rh_referral_id rht_referral_id(uint64_t number);
struct rh_message_id rht_message_id(uint64_t number);

/* A subscription in force for ten years to `events` (one kind), that gives nothing but the
 * month. */
struct hub_subscription *rht_world_subscribe(struct rht_world *world, uint32_t agency,
                                             const char *area, const char *category,
                                             enum rh_kind event);

/* Begin an item of a kind about referral `number` (0 none): fresh message id, nothing else.
 * The item is world->item; fill it, then send. */
struct rh_public *rht_world_item(struct rht_world *world, enum rh_kind kind, uint64_t number);
/* Let an agency send it. Answers the refusal, 0 when it was stored and applied. */
uint32_t rht_world_send(struct rht_world *world, uint32_t agency);
/* Both at once for the many kinds that need a code at most (NULL none). */
uint32_t rht_world_step(struct rht_world *world, uint32_t agency, enum rh_kind kind,
                        uint64_t number, const char *code);
/* register under a procedure; and a dispatch to an agency. */
uint32_t rht_world_register(struct rht_world *world, uint32_t agency, uint64_t number,
                            const char *procedure);
uint32_t rht_world_dispatch(struct rht_world *world, uint32_t agency, enum rh_kind kind,
                            uint64_t number, uint32_t to);

/* Deliver and acknowledge everything queued for an agency (tombstones too). */
void rht_world_receive(struct rht_world *world, uint32_t agency);
/* Refuse the oldest entry queued for an agency with a code. */
uint32_t rht_world_nack(struct rht_world *world, uint32_t agency, uint32_t refusal);

/* Any other event; fills now, index and numbers, decides, applies. */
uint32_t rht_world_event(struct rht_world *world, const struct hub_event *event);

/* Let time pass to `to_ms`, firing every timer at its instant. */
void rht_world_until(struct rht_world *world, uint64_t to_ms);
/* Let time pass without firing, as if the hub had been down; `counted` says whether the hub
 * knows that it was. Then fire what is due. */
void rht_world_down(struct rht_world *world, uint64_t to_ms, bool counted);

struct hub_referral *rht_world_row(struct rht_world *world, uint64_t number);
/* Newest clock of a limit; NULL when there is none. */
struct hub_deadline *rht_world_clock(struct rht_world *world, uint64_t number,
                                     const char *limit);
/* Entries waiting for an agency. */
uint32_t rht_world_waiting(const struct rht_world *world, uint32_t agency);
/* Notes of a kind in the last outcome. */
uint32_t rht_world_notes(const struct rht_world *world, enum rh_kind kind);

/* Every row: one holder while open, a clock that runs or stands still, derived ends, children
 * that add up. Ends the test when something does not hold. */
void rht_world_check(struct rht_world *world);

/* 00:00 +08:00 of a day, plus hours. */
uint64_t rht_at(int year, int month, int day, int hour);

/* Procedures petition (objection, extension by the head), confirmation (checks), demand
 * (direct, per kind), split extension by the superior (escalated), and the calendar of 2026. */
void rht_world_rules(struct rh_rules *rules);

#endif
