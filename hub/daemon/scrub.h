/* Reading what nobody reads: every row of the views, over and over, a few at a time, so that a
 * row the disk has spoilt is found before somebody needs it. A row that fails its check is told
 * to the engine, which makes it anew (engine.h, "Rows of the views that fail their check"). */
#ifndef HUB_DAEMON_SCRUB_H
#define HUB_DAEMON_SCRUB_H

#include "engine/engine.h"
#include "store/store.h"

struct hub_scrub {
    struct hub_store_reader *reader; /* its own */
    struct hub_store_scrub at;       /* how far this walk is */
    uint64_t done_ms;                /* monotonic; of the last step */
    uint64_t next_ms;                /* monotonic; when a quiet hub takes the next */
};

/* Begins a walk. `store` outlives it. RH_ERR_FULL, RH_ERR_NOMEM; to be closed either way. */
enum rh_err hub_scrub_open(struct hub_scrub *scrub, struct hub_store *store);
void hub_scrub_close(struct hub_scrub *scrub);

/* A step, when it is time: often while `quiet`, once a second under load, and seldom after a
 * whole walk. It costs a few milliseconds at the most; what it finds, the log says. */
void hub_scrub_turn(struct hub_scrub *scrub, struct hub_engine *engine, bool quiet);

/* Until a quiet hub's next step; 0 now. */
uint32_t hub_scrub_wait_ms(const struct hub_scrub *scrub);

#endif
