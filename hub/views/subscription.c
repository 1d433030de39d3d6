/* Subscriptions: one row for each topic and subscriber, found by topic. */
#include <string.h>

#include "views/apply.h"

static enum rh_err read_row(struct rh_bytes bytes, struct hub_subscription *out)
{
    return hub_subscription_decode(bytes, out) == RH_OK ? RH_OK : RH_ERR_CORRUPT;
}

enum rh_err hub_apply_subscription(struct hub_views *views, const struct hub_subscription *row,
                                   struct rh_bytes bytes)
{
    struct hub_key key = hub_key_subscription(row->area, row->category, row->agency);
    if (row->number >= views->next.subscription && row->number != UINT32_MAX)
        views->next.subscription = row->number + 1;
    return hub_change_set(views, HUB_TABLE_SUBSCRIPTION, &key, bytes);
}

enum rh_err hub_views_subscription_next(struct hub_map *map, struct hub_cursor *cursor,
                                        struct hub_subscription *out)
{
    struct rh_bytes key, row;
    struct hub_key from = { .bytes = 0 };
    if (cursor->bytes > 0)
        from = hub_key_after((struct rh_bytes){ cursor->key, cursor->bytes });
    enum rh_err err =
        hub_map_next(map, HUB_TABLE_SUBSCRIPTION, hub_key_view(&from), &key, &row);
    if (err != RH_OK)
        return err;
    if (key.bytes > sizeof cursor->key)
        return RH_ERR_CORRUPT;
    cursor->bytes = key.bytes;
    memcpy(cursor->key, key.data, key.bytes);
    return read_row(row, out);
}

enum rh_err hub_views_subscription(struct hub_map *map, uint32_t number,
                                   struct hub_subscription *out)
{
    struct hub_cursor cursor = { .bytes = 0 };
    enum rh_err err;
    while ((err = hub_views_subscription_next(map, &cursor, out)) == RH_OK) {
        if (out->number == number)
            return RH_OK;
    }
    return err;
}

enum rh_err hub_views_subscription_of(struct hub_map *map, uint32_t agency, const char *area,
                                      const char *category, struct hub_subscription *out)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_subscription(area, category, agency);
    enum rh_err err = hub_look(map, HUB_TABLE_SUBSCRIPTION, &key, &row);
    return err == RH_OK ? read_row(row, out) : err;
}

enum rh_err hub_views_subscribed(struct hub_map *map, const char *area, const char *category,
                                 uint32_t after, struct hub_subscription *out)
{
    enum { AGENCY_BYTES = 4 };
    struct rh_bytes key, row;
    if (after == UINT32_MAX)
        return RH_ERR_NOTFOUND;
    struct hub_key from = hub_key_subscription(area, category, after + 1);
    enum rh_err err =
        hub_map_next(map, HUB_TABLE_SUBSCRIPTION, hub_key_view(&from), &key, &row);
    if (err != RH_OK)
        return err;
    if (key.bytes != from.bytes ||
        memcmp(key.data, from.data, from.bytes - AGENCY_BYTES) != 0)
        return RH_ERR_NOTFOUND;
    return read_row(row, out);
}
