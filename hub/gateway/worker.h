/* Signature workers: what costs time and needs no state is done beside the engine's thread.
 *
 *     begin -> fill -> submit | any worker verifies | first -> use -> end
 *
 * The order of each agency's jobs is the order of the ring. Between agencies they are verified
 * and given back in fair turns (fair.h): who sent little does not wait behind those who sent
 * much. Memory for all jobs is carved at start; when it is used up, begin answers NULL. */
#ifndef HUB_GATEWAY_WORKER_H
#define HUB_GATEWAY_WORKER_H

#include "gateway/fair.h"
#include "gateway/ring.h"

#include <rh/wire.h>

enum {
    HUB_JOBS_MAX = HUB_FAIR_PLACES_MAX,
    HUB_JOB_ARENA_BYTES = 32 * 1024 * 1024,
    HUB_WORKERS_MAX = 8
};

enum hub_job_type { HUB_JOB_HELLO = 1, HUB_JOB_BUNDLE = 2 };

struct hub_job {
    /* the submitter's */
    enum hub_job_type type;
    uint32_t agency;
    uint8_t routing[HUB_RING_ROUTING_BYTES];
    uint64_t session;             /* BUNDLE: the session it came in */
    struct rh_sign_public key;    /* the agency's */
    struct rh_agency_id sender;   /* BUNDLE: who it must be from */
    struct rh_hub_id hub;         /* BUNDLE: for whom */
    struct rh_epoch epoch;        /* BUNDLE: of which stream */
    struct rh_sign_public hub_key; /* BUNDLE: the hub's own, for lost receipts */
    uint8_t *frame;               /* `bytes` of memory, the submitter's to fill */
    uint32_t bytes;

    /* the worker's */
    uint32_t refusal;             /* 0: verified */
    struct rh_bundle_header header; /* BUNDLE; first_n is 0 when it could not be read */
    struct rh_frame_bundle bundle;  /* BUNDLE, views into frame */
    struct rh_hash digests[RH_BUNDLE_ITEMS_MAX];
    uint32_t lost_count;            /* BUNDLE: 0, or the bundle's count of items */
    struct rh_first lost[RH_BUNDLE_ITEMS_MAX]; /* BUNDLE: by place; stored_ms 0: none */
    struct rh_frame_hello greeting; /* HELLO, views into frame */
    struct rh_hello hello;          /* HELLO, views into frame */

    /* the queue's */
    uint64_t arena_end;
    bool over;
};

struct hub_workers;

/* Start `count` threads (1..HUB_WORKERS_MAX). Each finished job makes wake_fd (an eventfd,
 * borrowed) readable. RH_ERR_NOMEM. */
enum rh_err hub_workers_open(uint32_t count, int wake_fd, struct hub_workers **out);
/* Ends the threads; what was not taken back is dropped. */
void hub_workers_close(struct hub_workers **workers);

/* A job with `bytes` of frame memory; NULL when all jobs or their memory are in use. Nothing
 * else may be begun before it is submitted. */
struct hub_job *hub_workers_begin(struct hub_workers *workers, uint32_t bytes);
void hub_workers_submit(struct hub_workers *workers);

/* After submitting: let the threads go to work. A lone job is verified here and now, because
 * waking a thread and being woken by it costs more time than the signature. */
void hub_workers_kick(struct hub_workers *workers);

/* The next job that is done, the oldest of its agency; NULL. Stays valid until end. */
struct hub_job *hub_workers_first(struct hub_workers *workers);
void hub_workers_end(struct hub_workers *workers, struct hub_job *job);

/* Jobs submitted and not ended. */
uint32_t hub_workers_count(const struct hub_workers *workers);
/* No place for another. */
bool hub_workers_full(const struct hub_workers *workers);
/* What is free for others: places and bytes. */
void hub_workers_room(const struct hub_workers *workers, uint32_t *jobs, uint64_t *bytes);

/* The lost receipts of a verified bundle (lost.c): job->lost is filled. 0, or why the bundle is
 * refused. What the journal has to say about them, the engine asks. */
uint32_t hub_lost_verify(struct hub_job *job);

#endif
