#include "daemon/scrub.h"

#include "daemon/log.h"
#include "engine/hubtime.h"

#include <rh/text.h>

#include <string.h>

/* A quiet hub reads 1,000 rows a second: those of a million open referrals in some three hours.
 * A step is small because a cold disk may need a seek for every page of it. */
enum {
    STEP_ROWS = 200,
    STEP_MS = 200,
    BUSY_STEP_MS = 1000,
    FIRST_MS = 5000, /* after a start, when everybody comes back */
    REST_MS = 600000 /* between two walks */
};

enum rh_err hub_scrub_open(struct hub_scrub *scrub, struct hub_store *store)
{
    memset(scrub, 0, sizeof *scrub);
    scrub->next_ms = hub_time_system_monotonic() + FIRST_MS;
    return hub_store_reader_open(store, &scrub->reader);
}

void hub_scrub_close(struct hub_scrub *scrub)
{
    hub_store_reader_close(&scrub->reader);
}

/* The first bad row of a walk is a line; the others are met when it is made anew. */
static void tell(const struct hub_scrub *scrub)
{
    const struct hub_log_about about = {
        .detail = hub_store_reader_report(scrub->reader)->text,
    };
    hub_log(HUB_LOG_WARNING, "views", &about,
            _("reading through the views met a row that fails its check; examine the disk"));
}

void hub_scrub_turn(struct hub_scrub *scrub, struct hub_engine *engine, bool quiet)
{
    uint64_t now_ms = hub_time_system_monotonic();
    if (now_ms < scrub->next_ms || (!quiet && now_ms - scrub->done_ms < BUSY_STEP_MS))
        return;
    uint64_t bad = scrub->at.bad;
    enum rh_err err = hub_store_scrub_step(scrub->reader, &scrub->at, STEP_ROWS, NULL, NULL);
    if (scrub->at.bad > bad || err == RH_ERR_CORRUPT) {
        if (bad == 0)
            tell(scrub);
        hub_engine_hurt(engine);
    }
    scrub->done_ms = now_ms;
    scrub->next_ms = now_ms + STEP_MS;
    if (scrub->at.done || err != RH_OK) {
        memset(&scrub->at, 0, sizeof scrub->at);
        scrub->next_ms = now_ms + REST_MS;
    }
}

uint32_t hub_scrub_wait_ms(const struct hub_scrub *scrub)
{
    uint64_t now_ms = hub_time_system_monotonic();
    return now_ms < scrub->next_ms ? (uint32_t)(scrub->next_ms - now_ms) : 0;
}
