/* What the hub told this agency by subscriptions: matters of others, as far as they were given.
 * There is nothing behind a row: the agency is no party and cannot ask for more. */
#include "runtime/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/date.h>
#include <rh/refusal.h>

enum { ROWS_DEFAULT = 100, ROWS_MAX = 1000, EXAMINED_MAX = 20000 };

static const char *code_of(const struct rh_public *notice, const char *key)
{
    const struct rh_fact *fact = rh_public_fact(notice, key);
    return fact == NULL || fact->is_number ? "" : fact->code;
}

static int64_t number_of(const struct rh_public *notice, const char *key)
{
    const struct rh_fact *fact = rh_public_fact(notice, key);
    return fact == NULL || !fact->is_number ? 0 : fact->number;
}

/* "2026-08-17" of an instant or of 20260817, "2026-08" of 202608; nothing where none was
 * given. */
static void put_date(json_t *row, const char *key, uint64_t at_ms, int64_t day, int64_t month)
{
    char text[RH_DATE_TEXT_BYTES + 16] = "";
    if (at_ms != 0)
        rh_date_format(rh_date_of_instant(at_ms), text);
    else if (day > 0)
        snprintf(text, sizeof text, "%04d-%02d-%02d", (int)(day / 10000 % 10000),
                 (int)(day / 100 % 100), (int)(day % 100));
    else if (month > 0)
        snprintf(text, sizeof text, "%04d-%02d", (int)(month / 100 % 10000),
                 (int)(month % 100));
    agent_json_text(row, key, text);
}

/* An agency is named by its id, a kind of agency by its role. */
static void put_holder(json_t *row, const char *holder)
{
    agent_json_text(row, strchr(holder, '.') != NULL ? "holder" : "holder_role", holder);
}

static json_t *row_of(const struct agent_got *got, const struct rh_public *notice)
{
    json_t *row = json_object();
    json_object_set_new(row, "object", json_string("shared"));
    json_object_set_new(row, "v", json_integer(1));
    json_object_set_new(row, "id", json_integer((json_int_t)got->arrival));
    agent_json_id(row, "message_id", got->message_id.bytes);
    json_object_set_new(row, "subscription",
                        json_integer((json_int_t)number_of(notice, "subscription")));
    agent_json_text(row, "event", notice->code);
    agent_json_text(row, "reference", code_of(notice, "reference"));
    agent_json_text(row, "procedure", notice->procedure);
    agent_json_text(row, "category", notice->category);
    agent_json_text(row, "area", notice->area);
    agent_json_text(row, "source", notice->source);
    put_date(row, "date", notice->occurred_ms, number_of(notice, "day"),
             number_of(notice, "month"));
    agent_json_instant(row, "at", notice->occurred_ms);
    agent_json_text(row, "state", code_of(notice, "state"));
    put_holder(row, code_of(notice, "holder"));
    put_date(row, "due", notice->due_ms == 0 ? 0 : notice->due_ms - 1,
             number_of(notice, "due_day"), number_of(notice, "due_month"));
    agent_json_instant(row, "due_at", notice->due_ms);
    agent_json_text(row, "outcome", code_of(notice, "outcome"));
    agent_json_instant(row, "received_at", got->received_ms);
    return row;
}

/* One that was void before it came has no row: it says nothing of anything. */
static enum rh_err show(struct agent_ask *ask, const struct agent_got *got)
{
    struct agent *agent = ask->agent;
    struct rh_bytes frame;
    enum rh_err err = agent_spool_delivery(agent->spool, got->arrival, &frame);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    struct agent_opened *opened = malloc(sizeof *opened);
    rh_assert(opened != NULL);
    uint32_t refusal = agent_open_delivery(agent, frame, opened);
    if (refusal == 0 && opened->has_item && opened->delivery.form == RH_DELIVERY_NOTICE)
        err = agent_ask_row(ask, row_of(got, &opened->item));
    agent_opened_release(opened);
    free(opened);
    return err;
}

enum rh_err agent_verb_shared(struct agent_ask *ask)
{
    struct agent_got got;
    uint64_t arrival = agent_ask_cursor(ask);
    uint64_t limit = agent_ask_number(ask, "limit", ROWS_DEFAULT, ROWS_MAX);
    enum rh_err err = RH_OK;
    if (ask->refusal != 0)
        return RH_OK;
    for (uint32_t i = 0; err == RH_OK && i < EXAMINED_MAX && ask->rows < limit;
         i++, arrival++) {
        err = agent_spool_got_next(ask->agent->spool, &arrival, &got);
        if (err == RH_OK && got.kind == RH_KIND_SHARED)
            err = show(ask, &got);
    }
    if (err == RH_OK)
        snprintf(ask->cursor, sizeof ask->cursor, "%llu", (unsigned long long)arrival);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}
