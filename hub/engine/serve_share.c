/* A subscriber's notice: what its record says was shared with it, and nothing of the row. */
#include "engine/inside.h"

#include <stdio.h>
#include <string.h>

#include <rh/date.h>

static void add_number(struct rh_public *notice, const char *key, int64_t number)
{
    struct rh_fact *fact = &notice->facts[notice->fact_count++];
    snprintf(fact->key, sizeof fact->key, "%s", key);
    fact->is_number = true;
    fact->number = number;
}

static void add_code(struct rh_public *notice, const char *key, const char *code)
{
    if (code == NULL || code[0] == '\0')
        return;
    struct rh_fact *fact = &notice->facts[notice->fact_count++];
    snprintf(fact->key, sizeof fact->key, "%s", key);
    snprintf(fact->code, sizeof fact->code, "%s", code);
}

/* As facts write days and months: 20260817, 202608. An instant stands in a field of its own. */
static void add_date(struct rh_public *notice, const char *day_key, const char *month_key,
                     uint64_t at_ms, uint32_t mask)
{
    struct rh_civil civil = rh_date_to_civil(rh_date_of_instant(at_ms));
    int64_t month = (int64_t)civil.year * 100 + civil.month;
    if (mask == HUB_MASK_DAY)
        add_number(notice, day_key, month * 100 + civil.day);
    if (mask == HUB_MASK_MONTH)
        add_number(notice, month_key, month);
}

const struct hub_share_out *hub_engine_share(const struct hub_outcome *outcome, uint32_t place)
{
    for (uint32_t i = 0; i < outcome->share_count; i++) {
        if (outcome->shares[i].place == place)
            return &outcome->shares[i];
    }
    return NULL;
}

void hub_engine_describe_share(const struct hub_share_out *share, struct rh_public *notice)
{
    snprintf(notice->code, sizeof notice->code, "%s", rh_kind_name(share->event));
    memcpy(notice->procedure, share->procedure, sizeof notice->procedure);
    memcpy(notice->category, share->category, sizeof notice->category);
    memcpy(notice->area, share->area, sizeof notice->area);
    memcpy(notice->source, share->source, sizeof notice->source);
    notice->occurred_ms = share->date_mask == HUB_MASK_FULL ? share->date_ms : 0;
    notice->due_ms = share->due_mask == HUB_MASK_FULL ? share->due_ms : 0;
    add_number(notice, "subscription", share->subscription);
    add_date(notice, "day", "month", share->date_ms, share->date_mask);
    add_date(notice, "due_day", "due_month", share->due_ms, share->due_mask);
    add_code(notice, "reference", share->reference);
    if (share->state != RH_STATE_NONE)
        add_code(notice, "state", rh_state_name(share->state));
    add_code(notice, "holder", share->holder);
    add_code(notice, "outcome", share->outcome);
}

/* What may not be told any more: the matter was sealed, or accuses somebody, since. */
enum rh_err hub_engine_share_is_void(struct hub_engine *engine, uint64_t rno, bool *is_void)
{
    struct hub_referral *row = engine->views.before;
    enum rh_err err = hub_views_referral(engine->views.map, rno, row);
    *is_void = err == RH_OK && (row->sealed || row->accused_count > 0);
    return err;
}
