/* The hub's clock. */
#include "operator/inside.h"

#include <stdlib.h>
#include <string.h>

#include <rh/date.h>
#include <rh/text.h>

enum { CLAIMS_MAX = 4096, CLAIMS_SHOWN = 50, RECORDS_SHOWN = 20 };

static json_t *show(const struct hub_ask *ask)
{
    json_t *row = hub_json_row("clock");
    hub_json_text(row, "id", ask->op->hub.text);
    hub_json_at(row, "now_at", ask->now_ms);
    hub_json_at(row, "wall_at", (uint64_t)((int64_t)ask->now_ms + ask->health.wall_skew_ms));
    hub_json_int(row, "wall_skew_ms", ask->health.wall_skew_ms);
    hub_json_bool(row, "firing_held", ask->health.firing_held);
    hub_json_text(row, "held_text", ask->health.firing_held ? ask->health.text : "");
    hub_json_bool(row, "listening", ask->health.listening);
    hub_json_uint(row, "start_gap_s", ask->health.start_gap_ms / 1000);
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

/* ---- what agencies say ----------------------------------------------------------------- */

/* Those that have said since the hub started what time it is with them, the furthest off
 * first: what one looks at before confirming. */
static int by_distance(const void *left, const void *right)
{
    const struct hub_session_view *a = left, *b = right;
    uint64_t far_a = a->skew_ms < 0 ? (uint64_t)-a->skew_ms : (uint64_t)a->skew_ms;
    uint64_t far_b = b->skew_ms < 0 ? (uint64_t)-b->skew_ms : (uint64_t)b->skew_ms;
    return far_a < far_b ? 1 : far_a > far_b ? -1 : 0;
}

static enum rh_err put_claims(struct hub_ask *ask, json_t *row)
{
    json_t *list = json_array();
    struct hub_session_view *claims = calloc(CLAIMS_MAX, sizeof *claims);
    uint32_t no = 0, count = 0;
    enum rh_err err = claims == NULL ? RH_ERR_NOMEM : RH_OK;
    while (err == RH_OK && count < CLAIMS_MAX) {
        err = hub_views_agency_next(ask->map, &no, ask->op->agency);
        if (err != RH_OK)
            break;
        (void)hub_find_session(ask, no, &claims[count]);
        count += claims[count].last_ms != 0 ? 1 : 0;
    }
    if (count > 1)
        qsort(claims, count, sizeof *claims, by_distance);
    for (uint32_t i = 0; i < count && i < CLAIMS_SHOWN; i++) {
        json_t *entry = hub_json_row("clock_claim");
        hub_json_agency(ask, entry, "agency", claims[i].agency);
        hub_json_int(entry, "skew_ms", claims[i].skew_ms);
        hub_json_bool(entry, "warning", hub_skew_warns(ask, claims[i].skew_ms));
        hub_json_at(entry, "heard_at", claims[i].since_ms);
        hub_json_bool(entry, "online", claims[i].online);
        json_array_append_new(list, entry);
    }
    free(claims);
    json_object_set_new(row, "claims", list);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

bool hub_skew_warns(const struct hub_ask *ask, int64_t skew_ms)
{
    return !rh_hub_id_is_test(&ask->op->hub) &&
           (skew_ms > HUB_SKEW_WARN_MS || skew_ms < -HUB_SKEW_WARN_MS);
}

/* ---- what is on record ----------------------------------------------------------------- */

struct past {
    struct hub_record *record;  /* working memory */
    uint32_t count;
    uint64_t index[RECORDS_SHOWN]; /* the newest, in order */
    json_t *list;
};

static const char *clock_word(enum hub_clock_type type)
{
    switch (type) {
    case HUB_CLOCK_JUMP:
        return "jump";
    case HUB_CLOCK_CONFIRMED:
        return "confirmed";
    case HUB_CLOCK_STEERED:
        return "steered";
    case HUB_CLOCK_STARTED:
        return "started";
    case HUB_CLOCK_HELD:
        return "held";
    }
    return "?";
}

/* In the engine's thread, which alone reads the journal. */
static enum rh_err read_past(void *context, struct hub_engine *engine,
                             struct hub_gateway *gateway)
{
    struct past *past = context;
    (void)gateway;
    for (uint32_t i = 0; i < past->count; i++) {
        struct rh_bytes core, rest;
        json_t *entry = hub_json_row("clock_record");
        hub_json_uint(entry, "log_index", past->index[i]);
        json_array_append_new(past->list, entry);
        if (hub_engine_record(engine, past->index[i], &core, &rest) != RH_OK ||
            hub_record_decode(core, rest, past->record) != RH_OK)
            continue; /* the line is shown without what the record says */
        hub_json_at(entry, "at", past->record->core.stored_ms);
        hub_json_text(entry, "what", clock_word(past->record->clock));
        hub_json_int(entry, "shift_ms", past->record->shift_ms);
        hub_json_at(entry, "wall_at", past->record->wall_ms);
        hub_json_text(entry, "operator", past->record->operator_name);
        hub_json_text(entry, "reason", past->record->reason);
    }
    return RH_OK;
}

static enum rh_err put_past(struct hub_ask *ask, json_t *row)
{
    struct past past = { .record = ask->op->record, .list = json_array() };
    enum hub_clock_type type;
    enum rh_err err = RH_OK;
    for (uint64_t index = 0; err == RH_OK; index++) {
        err = hub_views_clock_next(ask->map, &index, &type);
        if (err != RH_OK)
            break;
        if (past.count == RECORDS_SHOWN)
            memmove(past.index, past.index + 1, --past.count * sizeof past.index[0]);
        past.index[past.count++] = index;
    }
    hub_snapshot_end(ask);
    if (err == RH_ERR_NOTFOUND)
        err = hub_ask_engine(ask, read_past, &past, false);
    json_object_set_new(row, "records", past.list);
    return err;
}

enum rh_err hub_verb_clock_show(struct hub_ask *ask)
{
    enum rh_err err = hub_snapshot_begin(ask);
    if (err != RH_OK)
        return err;
    json_t *row = show(ask);
    err = put_next_timer(ask, row);
    if (err == RH_OK)
        err = put_claims(ask, row);
    if (err == RH_OK)
        err = put_past(ask, row);
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
    if (hub_args_uint(ask, "rate", 0) > RH_TIME_RATE_MAX)
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
