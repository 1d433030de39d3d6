/* What a request sees: one snapshot of the store, the hub's time and the rules in force. */
#include "operator/inside.h"

#include <string.h>
#include <time.h>

#include <rh/text.h>

enum { STEP_MS = 5 };

static void sleep_ms(unsigned ms)
{
    struct timespec span = { .tv_nsec = (long)ms * 1000000L };
    (void)nanosleep(&span, NULL);
}

static enum rh_err refresh(struct hub_ask *ask)
{
    hub_snapshot_end(ask);
    return ask->op->options.refresh(ask->op->options.reader, &ask->map);
}

/* Records that the snapshot has applied. */
static enum rh_err read_position(struct hub_ask *ask)
{
    struct hub_views views;
    enum rh_err err = hub_views_open(&views, ask->map);
    if (err != RH_OK)
        return err;
    ask->seq = views.applied;
    hub_views_close(&views);
    return RH_OK;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The views follow the journal by some milliseconds. Whoever was told "stored" before this
 * question was asked expects to see it, so that much is waited for, but not for long. */
enum rh_err hub_snapshot_begin(struct hub_ask *ask)
{
    uint64_t asked = hub_args_uint(ask, "at_least_seq", 0);
    uint64_t promised = larger(asked, ask->op->changed_seq);
    uint64_t wished = larger(promised, ask->health.records);
    for (unsigned waited = 0;; waited += STEP_MS) {
        enum rh_err err = refresh(ask);
        if (err == RH_OK)
            err = read_position(ask);
        if (err != RH_OK)
            return err;
        if (ask->seq >= wished || (ask->seq >= promised && waited >= HUB_ASK_SETTLE_WAIT_MS))
            return RH_OK;
        if (waited >= HUB_ASK_SEQ_WAIT_MS || atomic_load(&ask->op->closing))
            break;
        hub_snapshot_end(ask);
        sleep_ms(STEP_MS);
    }
    /* Our own change is stored whether it can be seen yet or not; what the asker named is a
     * condition. */
    if (ask->seq >= asked)
        return RH_OK;
    hub_snapshot_end(ask);
    return hub_ask_refuse(ask, RH_REFUSE_GAP, "/args/at_least_seq",
                          N_("the hub has not applied that record yet"), NULL);
}

void hub_snapshot_end(struct hub_ask *ask)
{
    if (ask->map != NULL)
        ask->op->options.release(ask->op->options.reader);
    ask->map = NULL;
}

/* In the engine's thread: rules are copied only when another record of them is in force. */
static enum rh_err look(void *context, struct hub_engine *engine, struct hub_gateway *gateway)
{
    struct hub_ask *ask = context;
    struct hub_operator *op = ask->op;
    uint64_t index = 0;
    (void)gateway;
    ask->now_ms = hub_engine_now(engine);
    hub_engine_health(engine, &ask->health);
    enum rh_err err = hub_views_rules_newest(hub_engine_views(engine)->map, &index);
    if (err == RH_ERR_NOTFOUND)
        return RH_OK;
    if (err != RH_OK)
        return err;
    if (!op->rules_known || op->rules_index != index) {
        memcpy(op->rules, hub_engine_rules(engine), sizeof *op->rules);
        op->rules_index = index;
        op->rules_known = true;
    }
    return RH_OK;
}

enum rh_err hub_snapshot_look(struct hub_ask *ask)
{
    return hub_ask_engine(ask, look, ask, false);
}
