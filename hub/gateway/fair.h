/* In which order work of many agencies is done: fairly, by what it costs.
 *
 * Each agency has a queue of its own. What an agency had done moves its tag on by the cost;
 * whose tag is least is next (start-time fair queueing). An agency that comes with nothing
 * waiting begins where the others stand, so a few acknowledgements go before eight senders'
 * loads, and nobody saves up a share by being silent:
 *
 *     A  ████████|████████|████████|      each piece as long as its cost; served are those whose
 *     B  ██████|██████|██████|            beginning is furthest to the left: A B B A B A ...
 *     C              ▪                    comes late: its turn is next, not behind A and B
 *
 * Between two agencies that both always have something waiting, what was served differs by no
 * more than the dearest piece of each; a newcomer waits for one piece of each other agency at
 * most. Within one agency nothing is reordered.
 *
 * A piece stands at a place, a number below HUB_FAIR_PLACES_MAX, that its owner names:
 *
 *     push -> claim (somebody begins with it) -> done -> first -> end
 *
 * claim and first both go by the same tags. A piece claimed and not done holds up its own
 * agency only. Not thread-safe. */
#ifndef HUB_GATEWAY_FAIR_H
#define HUB_GATEWAY_FAIR_H

#include <rh/err.h>

#include <stdbool.h>
#include <stdint.h>

enum { HUB_FAIR_PLACES_MAX = 512 };
#define HUB_FAIR_NONE UINT32_MAX

struct hub_fair_piece {
    uint64_t cost;
    uint64_t number; /* in order of arrival over all: the earlier of equal tags goes first */
    uint32_t agency;
    uint32_t next;   /* place of the agency's next piece */
    bool done;
};

struct hub_fair_queue {
    uint64_t tag;     /* where its first piece begins */
    uint64_t claimed; /* cost of what is claimed and not ended */
    uint32_t first, last;
    uint32_t fresh;   /* the first that is not claimed */
    uint32_t active;  /* its place in `active`, while it has pieces */
};

struct hub_fair {
    struct hub_fair_queue *queues; /* by agency; owned */
    uint32_t agencies;
    uint64_t now;     /* tag of the newest piece that was ended; never falls */
    uint64_t number;
    uint32_t waiting; /* pieces not claimed */
    uint32_t active_count;
    uint32_t active[HUB_FAIR_PLACES_MAX]; /* agencies with pieces */
    struct hub_fair_piece pieces[HUB_FAIR_PLACES_MAX];
};

/* Agencies are numbers below `agencies`. RH_ERR_NOMEM; fini is needed in any case. */
enum rh_err hub_fair_init(struct hub_fair *fair, uint32_t agencies);
void hub_fair_fini(struct hub_fair *fair);

/* At the end of the agency's queue. `place` holds no piece; cost is at least 1. */
void hub_fair_push(struct hub_fair *fair, uint32_t place, uint32_t agency, uint64_t cost);
/* The place of the next piece to begin with, which is claimed now; NONE. */
uint32_t hub_fair_claim(struct hub_fair *fair);
/* A claimed piece is ready, and what it costs is known. */
void hub_fair_done(struct hub_fair *fair, uint32_t place, uint64_t cost);
/* The place of the next piece that is done, the first of its agency; NONE. */
uint32_t hub_fair_first(const struct hub_fair *fair);
/* Take out that piece, or any other that is done and the first of its agency. */
void hub_fair_end(struct hub_fair *fair, uint32_t place);

#endif
