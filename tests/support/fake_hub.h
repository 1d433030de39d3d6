/* A hub for tests of the agencies' side: it speaks the wire (CURVE, ZAP, sessions, bundles,
 * confirms with true proofs, deliveries with credit, checkpoints, generations), keeps all in
 * memory, decides nothing, and can be told to misbehave. It shares no code with hub/.
 *
 * One thread: the test turns it, in alternation with the client under test. Proofs come from
 * merkle_twin.h, so some hundreds of records are fine and a million are not. */
#ifndef RHT_FAKE_HUB_H
#define RHT_FAKE_HUB_H

#include <rh/keyfile.h>
#include <rh/wire.h>

enum { RHT_HUB_AGENCIES_MAX = 8 };

/* What to spoil in the next confirm; each is used up by one confirm. */
enum rht_spoil {
    RHT_SPOIL_NONE,
    RHT_SPOIL_SIGNATURE,  /* batch signature */
    RHT_SPOIL_ROOT,       /* another root, signed well: the proof leads elsewhere */
    RHT_SPOIL_PROOF,      /* one bit of a proof hash */
    RHT_SPOIL_DIGEST,     /* a true record, about something the agency never sent */
    RHT_SPOIL_MESSAGE_ID, /* the same for the message id */
    RHT_SPOIL_EPOCH,      /* another stream's record */
    RHT_SPOIL_INDEX       /* first index off by one */
};

struct rht_hub;

/* Outcome of an item: 0 stored, else its refusal. */
typedef uint32_t rht_hub_decide_fn(void *context, const struct rh_agency_id *sender,
                                   const struct rh_public *item);

/* Knobs, to be changed at any time between turns. */
struct rht_hub_knobs {
    uint32_t busy;            /* answer so many bundles BUSY */
    uint32_t busy_refusal, busy_ms;
    uint32_t lose_confirms;   /* store, but do not answer, so many bundles */
    uint32_t lose_deliveries; /* so many deliveries never leave, and are not sent again alone */
    uint32_t spoil_deliveries;/* flip a bit in the body of so many */
    enum rht_spoil spoil;
    uint32_t refuse_lost;     /* refuse so many bundles for the lost receipts they bring */
    bool deny_keys;           /* ZAP refuses every key */
    bool revoked;             /* every frame is answered ERROR RH-7102 */
    bool mute;                /* read, and answer nothing */
    rht_hub_decide_fn *decide;
    void *context;
};

/* Counters a test may look at. */
struct rht_hub_counts {
    uint64_t opens, hellos, bundles, items, confirms, gaps, deliveries, acks, nacks, resyncs,
        conflicts;
    uint64_t lost;            /* items that came with their lost receipt */
    uint32_t last_nack;       /* refusal in the newest nack */
    struct rh_hello last_hello; /* note not kept */
};

/* Fresh keys; listens on a free port of 127.0.0.1. */
struct rht_hub *rht_hub_open(const char *hub_id);
void rht_hub_close(struct rht_hub **hub);
struct rht_hub_knobs *rht_hub_knobs(struct rht_hub *hub);
const struct rht_hub_counts *rht_hub_counts(const struct rht_hub *hub);
/* Card with endpoint. */
const struct rh_card *rht_hub_card(const struct rht_hub *hub);
const struct rh_hub_id *rht_hub_id(const struct rht_hub *hub);
void rht_hub_enrol(struct rht_hub *hub, const struct rh_card *agency);

/* Serve what comes, waiting at most wait_ms for the first. */
void rht_hub_turn(struct rht_hub *hub, int wait_ms);

/* Drop every connection and all sessions, then listen on the same port again. */
void rht_hub_restart(struct rht_hub *hub);
/* Go away until the next restart: nobody listens. */
void rht_hub_down(struct rht_hub *hub);
/* Publish a checkpoint over all records and tell every session. */
void rht_hub_publish(struct rht_hub *hub);
/* Yesterday's backup: forget all records from `keep` on (streams and queues too), restart. */
void rht_hub_forget(struct rht_hub *hub, uint64_t keep);
/* The same, then the next generation: pair_seq begins at 1 again. */
void rht_hub_recover(struct rht_hub *hub, uint64_t keep);

uint64_t rht_hub_size(const struct rht_hub *hub);
/* Next n expected of an agency's only stream. */
uint64_t rht_hub_next_n(const struct rht_hub *hub, const char *agency);
/* Undelivered entries of an agency's queue. */
uint64_t rht_hub_queued(const struct rht_hub *hub, const char *agency);
/* Stored (outcome 0) items with this message id. */
uint64_t rht_hub_stored(const struct rht_hub *hub, const struct rh_message_id *id);
/* A notice of the hub to an agency. */
void rht_hub_notify(struct rht_hub *hub, const char *agency, const struct rh_public *notice);
/* Send a delivery again that was acknowledged: the `back`-th newest (0: the newest). */
void rht_hub_repeat(struct rht_hub *hub, const char *agency, uint64_t back);

#endif
