/* Signature workers: what costs time and needs no state is done beside the engine's thread.
 *
 * Jobs are taken and given back in order of arrival:
 *
 *     begin -> fill -> submit | any worker verifies | first -> use -> end
 *
 * so the order of every agency, and of all of them, is the order of the ring. Memory for all
 * jobs is carved at start; when it is used up, begin answers NULL and the ring is read no
 * further. */
#ifndef HUB_GATEWAY_WORKER_H
#define HUB_GATEWAY_WORKER_H

#include "gateway/ring.h"

#include <rh/wire.h>

enum {
    HUB_JOBS_MAX = 256,
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
    bool done;
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

/* The oldest job, once it is done; NULL. Stays valid until end. */
struct hub_job *hub_workers_first(struct hub_workers *workers);
void hub_workers_end(struct hub_workers *workers);

/* Jobs submitted and not ended. */
uint32_t hub_workers_count(struct hub_workers *workers);

/* The lost receipts of a verified bundle (lost.c): job->lost is filled. 0, or why the bundle is
 * refused. What the journal has to say about them, the engine asks. */
uint32_t hub_lost_verify(struct hub_job *job);

/* What a worker does to one job; for tests. */
void hub_job_verify(struct hub_job *job);

#endif
