/* Opening, saving, and the numbers the next event carries. */
#include "views/views.h"

#include <stdlib.h>
#include <string.h>

#include <rh/date.h>

#include "views/apply.h"
#include "views/month.h"

/* LOCAL "state": schema(4) applied(8) digests. */
enum { STATE_HEAD_BYTES = 12, STATE_BYTES = STATE_HEAD_BYTES + HUB_TABLES * RH_HASH_BYTES };

static const char state_name[] = "state";

static enum rh_err read_state(struct hub_views *views)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_text(state_name);
    enum rh_err err = hub_look(views->map, HUB_TABLE_LOCAL, &key, &row);
    if (err == RH_OK && (row.bytes != STATE_BYTES || hub_get_u32(row.data) != HUB_ROW_SCHEMA))
        return RH_ERR_CORRUPT;
    if (err != RH_OK)
        return err;
    views->applied = hub_get_u64(row.data + 4);
    memcpy(views->digests, row.data + STATE_HEAD_BYTES, sizeof views->digests);
    return RH_OK;
}

/* Nothing was ever saved: then there must be nothing at all. */
static enum rh_err check_empty(struct hub_map *map)
{
    for (unsigned table = 0; table < HUB_TABLES; table++) {
        struct rh_bytes key, value;
        enum rh_err err = hub_map_next(map, table, (struct rh_bytes){ NULL, 0 }, &key, &value);
        if (err != RH_ERR_NOTFOUND)
            return err == RH_OK ? RH_ERR_CORRUPT : err;
    }
    return RH_OK;
}

static enum rh_err read_all(struct hub_views *views)
{
    bool known;
    enum rh_err err = read_state(views);
    if (err == RH_ERR_NOTFOUND)
        err = check_empty(views->map);
    if (err == RH_OK)
        err = hub_next_read(views->map, &views->next, &known);
    if (err == RH_OK && known)
        views->next_stored = views->next;
    return err == RH_OK ? hub_monthly_read(views->map, &views->monthly) : err;
}

enum rh_err hub_views_open(struct hub_views *views, struct hub_map *map)
{
    memset(views, 0, sizeof *views);
    views->map = map;
    views->outcome = calloc(1, sizeof *views->outcome);
    views->before = calloc(1, sizeof *views->before);
    views->buffer = malloc(HUB_MAP_VALUE_MAX);
    enum rh_err err = hub_counts_new(&views->counts);
    if (err == RH_OK)
        err = hub_months_new(&views->months);
    if (views->outcome == NULL || views->before == NULL || views->buffer == NULL)
        err = RH_ERR_NOMEM;
    if (err == RH_OK)
        err = read_all(views);
    if (err != RH_OK)
        hub_views_close(views);
    return err;
}

void hub_views_close(struct hub_views *views)
{
    free(views->outcome);
    free(views->before);
    free(views->buffer);
    free(views->memos);
    hub_counts_destroy(&views->counts);
    hub_months_destroy(&views->months);
    memset(views, 0, sizeof *views);
}

enum rh_err hub_views_save(struct hub_views *views)
{
    uint8_t value[STATE_BYTES];
    enum rh_err err = hub_counts_save(views);
    if (err == RH_OK)
        err = hub_months_save(views);
    if (err != RH_OK)
        return err;
    hub_put_u32(value, HUB_ROW_SCHEMA);
    hub_put_u64(value + 4, views->applied);
    memcpy(value + STATE_HEAD_BYTES, views->digests, sizeof views->digests);
    struct hub_key key = hub_key_text(state_name);
    return hub_map_put(views->map, HUB_TABLE_LOCAL, hub_key_view(&key),
                       (struct rh_bytes){ value, sizeof value });
}

enum rh_err hub_views_next(struct hub_views *views, uint64_t now_ms, uint64_t *next_rno,
                           uint64_t *next_number, uint64_t *free_slot)
{
    uint32_t year = (uint32_t)rh_date_to_civil(rh_date_of_instant(now_ms)).year;
    *next_rno = views->next.rno;
    *next_number = year == views->next.year ? views->next.ordinal : 1;
    *free_slot = views->next.slot;
    return RH_OK;
}

const char *hub_table_name(unsigned table)
{
    static const char *const names[HUB_TABLES] = {
        "meta",     "agency",  "agency_id", "stream", "number", "message",
        "referral", "referral_id", "human", "external", "timeline", "wake",
        "due",      "holder",  "party",     "pair",   "queue",  "queue_ref",
        "dead",     "count",   "child",     "rules",  "body",   "local",
        "job",      "mark",    "query",     "hot",    "clock",
        "month",    "told",    "subscription",
    };
    return table < HUB_TABLES ? names[table] : "?";
}
