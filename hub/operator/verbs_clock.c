/* The hub's clock. */
#include "operator/inside.h"

#include <string.h>

#include <rh/date.h>
#include <rh/text.h>

static json_t *show(const struct hub_ask *ask)
{
    json_t *row = hub_json_row("clock");
    hub_json_text(row, "id", ask->op->hub.text);
    hub_json_at(row, "now_at", ask->now_ms);
    hub_json_int(row, "wall_skew_ms", ask->health.wall_skew_ms);
    hub_json_bool(row, "firing_held", ask->health.firing_held);
    hub_json_bool(row, "test", rh_hub_id_is_test(&ask->op->hub));
    return row;
}

/* When the next timer is to fire; in the past while firing is held. */
static enum rh_err put_next_timer(struct hub_ask *ask, json_t *row)
{
    uint64_t at_ms = 0, rno;
    enum rh_err err = hub_views_wake_first(ask->map, &at_ms, &rno);
    hub_json_at(row, "next_timer_at", err == RH_OK ? at_ms : 0);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

enum rh_err hub_verb_clock_show(struct hub_ask *ask)
{
    enum rh_err err = hub_snapshot_begin(ask);
    if (err != RH_OK)
        return err;
    json_t *row = show(ask);
    err = put_next_timer(ask, row);
    if (err != RH_OK) {
        json_decref(row);
        return err;
    }
    return hub_ask_row(ask, row);
}

struct errand {
    struct hub_ask *ask;
    uint64_t to_ms;
    uint64_t by_ms;
    uint32_t rate;
    const char *reason;
    enum rh_err answer; /* what the engine said to it; not final */
};

/* Answers that are about the operator's wish and not about the engine's health. */
static enum rh_err keep_answer(struct errand *errand, enum rh_err err)
{
    errand->answer = err;
    return err == RH_ERR_DENIED || err == RH_ERR_INVALID ? RH_OK : err;
}

static enum rh_err look_again(struct errand *errand, struct hub_engine *engine)
{
    errand->ask->now_ms = hub_engine_now(engine);
    hub_engine_health(engine, &errand->ask->health);
    return RH_OK;
}

static enum rh_err steer(void *context, struct hub_engine *engine, struct hub_gateway *gateway)
{
    struct errand *errand = context;
    (void)gateway;
    uint64_t to_ms = errand->to_ms != 0 ? errand->to_ms
                                        : hub_engine_now(engine) + errand->by_ms;
    enum rh_err err = keep_answer(
        errand, hub_engine_steer(engine, to_ms, errand->rate, errand->ask->who));
    return err == RH_OK ? look_again(errand, engine) : err;
}

static enum rh_err confirm(void *context, struct hub_engine *engine,
                           struct hub_gateway *gateway)
{
    struct errand *errand = context;
    (void)gateway;
    enum rh_err err = keep_answer(
        errand, hub_engine_clock_confirm(engine, errand->ask->who, errand->reason));
    return err == RH_OK ? look_again(errand, engine) : err;
}

enum rh_err hub_verb_clock_steer(struct hub_ask *ask)
{
    struct errand errand = {
        .ask = ask,
        .to_ms = hub_args_instant(ask, "to", 0),
        .by_ms = hub_args_uint(ask, "by_s", 0),
        .rate = (uint32_t)hub_args_uint(ask, "rate", 0),
    };
    if (hub_args_uint(ask, "rate", 0) > 1000000)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/rate",
                              N_("a rate is at most 1000000"), NULL);
    if (errand.to_ms != 0 && errand.by_ms != 0)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/to",
                              N_("give either an instant or a number of seconds"), NULL);
    if (errand.by_ms > RH_INSTANT_MS_END / 1000)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/by_s", NULL, NULL);
    errand.by_ms *= 1000;
    enum rh_err err = hub_ask_engine(ask, steer, &errand, true);
    if (err == RH_OK && errand.answer == RH_ERR_DENIED)
        return hub_ask_refuse(ask, RH_REFUSE_OPERATOR_DENIED, NULL,
                              N_("only a test hub's clock can be steered"), NULL);
    if (err == RH_OK && errand.answer != RH_OK)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/to",
                              N_("hub time never runs backwards"), NULL);
    return err == RH_OK ? hub_ask_row(ask, show(ask)) : err;
}

enum rh_err hub_verb_clock_confirm(struct hub_ask *ask)
{
    struct errand errand = { .ask = ask, .reason = hub_args_text(ask, "reason") };
    if (strlen(errand.reason) > HUB_REASON_BYTES_MAX)
        return hub_ask_refuse(ask, RH_REFUSE_TOO_LARGE, "/args/reason",
                              N_("a reason has at most 200 bytes"), NULL);
    enum rh_err err = hub_ask_engine(ask, confirm, &errand, true);
    if (err == RH_OK && errand.answer != RH_OK)
        return hub_ask_refuse(ask, RH_REFUSE_OPERATOR_DENIED, NULL,
                              N_("a test hub's clock is steered, not confirmed"), NULL);
    return err == RH_OK ? hub_ask_row(ask, show(ask)) : err;
}
