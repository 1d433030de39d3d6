/* Subscriptions are given and ended by operators; each change is a COMMAND record with the row.
 *
 * What one event costs is bounded here, once, and not where events are decided: no place among
 * the topics may lie in more subscriptions than one outcome has room for. When they run is not
 * asked, so that the bound holds on every later day too. */
#include "engine/inside.h"

#include <stdlib.h>
#include <string.h>

struct topics {
    uint32_t count, of_agency;   /* in force or to come: all, and those of the subscriber */
    struct hub_subscription *rows; /* HUB_SUBSCRIPTIONS_MAX, owned */
};

/* Everything that has neither ended nor run out. */
static enum rh_err gather(struct hub_engine *engine, uint32_t agency, struct topics *out)
{
    struct hub_cursor cursor = { .bytes = 0 };
    struct hub_subscription row;
    uint64_t now_ms = hub_engine_now(engine);
    enum rh_err err;
    while ((err = hub_views_subscription_next(engine->views.map, &cursor, &row)) == RH_OK) {
        if (row.ended_ms != 0 || row.until_ms <= now_ms)
            continue;
        rh_assert(out->count < HUB_SUBSCRIPTIONS_MAX);
        out->of_agency += row.agency == agency ? 1 : 0;
        out->rows[out->count++] = row;
        if (out->count == HUB_SUBSCRIPTIONS_MAX)
            return RH_OK;
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static bool is_prefix(const char *above, const char *text)
{
    return strncmp(text, above, strlen(above)) == 0;
}

static bool is_above(const char *category, const char *of)
{
    size_t bytes = strlen(category);
    return bytes == 0 || (is_prefix(category, of) && (of[bytes] == '\0' || of[bytes] == '.'));
}

/* How many lie at one place: an area and a category. */
static uint32_t count_at(const struct topics *topics, const char *area, const char *category)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < topics->count; i++)
        count += is_prefix(topics->rows[i].area, area) &&
                         is_above(topics->rows[i].category, category)
                     ? 1
                     : 0;
    return count;
}

/* Most subscriptions that any one matter of the new topic can lie in: topics are prefixes, so
 * it is enough to look where a topic begins. */
static uint32_t most_at_once(const struct topics *topics, const struct hub_subscription *wish)
{
    uint32_t most = count_at(topics, wish->area, wish->category);
    for (uint32_t i = 0; i < topics->count; i++) {
        const char *area = topics->rows[i].area;
        if (!is_prefix(wish->area, area))
            area = wish->area;
        for (uint32_t j = 0; j < topics->count; j++) {
            const char *category = topics->rows[j].category;
            if (!is_above(wish->category, category))
                category = wish->category;
            uint32_t count = count_at(topics, area, category);
            most = count > most ? count : most;
        }
    }
    return most;
}

static enum rh_err judge(struct hub_engine *engine, const struct hub_subscription *wish,
                         uint32_t *refusal)
{
    struct hub_agency *subscriber = &engine->agency;
    struct hub_subscription other;
    uint64_t now_ms = hub_engine_now(engine);
    enum rh_err err = hub_views_agency(engine->views.map, wish->agency, subscriber);
    if (err == RH_ERR_NOTFOUND || (err == RH_OK && subscriber->state != HUB_AGENCY_ACTIVE)) {
        *refusal = RH_REFUSE_UNKNOWN_AGENCY;
        return RH_OK;
    }
    if (err == RH_OK)
        err = hub_views_subscription_of(engine->views.map, wish->agency, wish->area,
                                        wish->category, &other);
    if (err == RH_OK && other.ended_ms == 0 && other.until_ms > now_ms)
        *refusal = RH_REFUSE_SUBSCRIPTION_EXISTS;
    if ((err != RH_OK && err != RH_ERR_NOTFOUND) || *refusal != 0)
        return err;
    struct topics topics = { .rows = calloc(HUB_SUBSCRIPTIONS_MAX, sizeof *topics.rows) };
    err = topics.rows == NULL ? RH_ERR_NOMEM : gather(engine, wish->agency, &topics);
    if (err == RH_OK && (topics.count == HUB_SUBSCRIPTIONS_MAX ||
                         topics.of_agency >= HUB_SUBSCRIPTIONS_AGENCY_MAX ||
                         most_at_once(&topics, wish) >= HUB_SHARES_OUT_MAX))
        *refusal = RH_REFUSE_SUBSCRIPTIONS_FULL;
    free(topics.rows);
    return err;
}

static enum rh_err stage_row(struct hub_engine *engine, struct hub_record *record,
                             const struct hub_subscription *row)
{
    uint8_t bytes[HUB_SUBSCRIPTION_BYTES_MAX];
    struct rh_writer writer;
    rh_writer_init(&writer, bytes, sizeof bytes);
    enum rh_err err = hub_subscription_encode(row, &writer);
    if (err != RH_OK)
        return err;
    record->subscription_row = (struct rh_bytes){ bytes, writer.bytes };
    return hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
}

static enum rh_err give(struct hub_engine *engine, struct hub_record *record,
                        const struct hub_subscription *wish, struct hub_command_result *out)
{
    struct hub_subscription row = *wish;
    row.given_ms = hub_engine_now(engine);
    if (row.from_ms == 0)
        row.from_ms = row.given_ms;
    row.ended_ms = 0;
    row.number = engine->views.next.subscription;
    if (row.until_ms <= row.given_ms || row.until_ms <= row.from_ms)
        out->refusal = RH_REFUSE_DUE_DATE;
    else if (!hub_subscription_is_sound(&row))
        out->refusal = RH_REFUSE_FIELD_INVALID;
    if (out->refusal != 0)
        return RH_OK;
    enum rh_err err = judge(engine, &row, &out->refusal);
    if (err != RH_OK || out->refusal != 0)
        return err;
    out->subscription = row.number;
    return stage_row(engine, record, &row);
}

static enum rh_err end(struct hub_engine *engine, struct hub_record *record, uint32_t number,
                       struct hub_command_result *out)
{
    struct hub_subscription row;
    uint64_t now_ms = hub_engine_now(engine);
    enum rh_err err = hub_views_subscription(engine->views.map, number, &row);
    if (err == RH_ERR_NOTFOUND ||
        (err == RH_OK && (row.ended_ms != 0 || row.until_ms <= now_ms))) {
        out->refusal = RH_REFUSE_UNKNOWN_SUBSCRIPTION;
        return RH_OK;
    }
    if (err != RH_OK)
        return err;
    row.ended_ms = now_ms;
    out->subscription = row.number;
    return stage_row(engine, record, &row);
}

enum rh_err hub_command_subscription(struct hub_engine *engine, struct hub_record *record,
                                     const struct hub_subscription *wish,
                                     struct hub_command_result *out)
{
    return wish->number == 0 ? give(engine, record, wish, out)
                             : end(engine, record, wish->number, out);
}
