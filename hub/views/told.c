/* Who has been told by a bulletin of no referral, and who has acknowledged it 阅知.
 *
 * An entry is made with each delivery and completed by the first acknowledgement. */
#include <string.h>

#include <rh/item.h>

#include "views/apply.h"

enum { VALUE_BYTES = 28 }; /* from(4) sent ms(8) index(8) and ms(8) of the acknowledgement */

static void put(uint8_t out[VALUE_BYTES], const struct hub_told *told)
{
    hub_put_u32(out, told->from);
    hub_put_u64(out + 4, told->sent_ms);
    hub_put_u64(out + 12, told->read_index);
    hub_put_u64(out + 20, told->read_ms);
}

static enum rh_err get(struct rh_bytes value, struct hub_told *out)
{
    if (value.bytes != VALUE_BYTES)
        return RH_ERR_CORRUPT;
    out->from = hub_get_u32(value.data);
    out->sent_ms = hub_get_u64(value.data + 4);
    out->read_index = hub_get_u64(value.data + 12);
    out->read_ms = hub_get_u64(value.data + 20);
    return RH_OK;
}

enum rh_err hub_views_told(struct hub_map *map, uint64_t index, uint32_t to,
                           struct hub_told *out)
{
    struct rh_bytes value;
    struct hub_key key = hub_key_dead(index, to);
    memset(out, 0, sizeof *out);
    out->index = index;
    out->to = to;
    enum rh_err err = hub_look(map, HUB_TABLE_TOLD, &key, &value);
    return err == RH_OK ? get(value, out) : err;
}

enum rh_err hub_views_told_next(struct hub_map *map, struct hub_cursor *cursor,
                                struct hub_told *out)
{
    struct rh_bytes key, value;
    struct hub_key from = { .bytes = 0 };
    if (cursor->bytes > 0)
        from = hub_key_after((struct rh_bytes){ cursor->key, cursor->bytes });
    enum rh_err err = hub_map_next(map, HUB_TABLE_TOLD, hub_key_view(&from), &key, &value);
    if (err != RH_OK)
        return err;
    if (key.bytes != 12)
        return RH_ERR_CORRUPT;
    memset(out, 0, sizeof *out);
    out->index = hub_get_u64(key.data);
    out->to = hub_get_u32(key.data + 8);
    cursor->bytes = key.bytes;
    memcpy(cursor->key, key.data, key.bytes);
    return get(value, out);
}

enum rh_err hub_apply_told(struct hub_views *views, const struct hub_record *record,
                           const struct hub_delivery_out *delivery)
{
    struct hub_told told;
    uint8_t value[VALUE_BYTES];
    if (delivery->rno != 0 || delivery->kind != RH_KIND_BULLETIN)
        return RH_OK;
    enum rh_err err = hub_views_told(views->map, delivery->index, delivery->to, &told);
    if (err != RH_ERR_NOTFOUND) /* delivered again: told already */
        return err;
    told.from = delivery->from;
    told.sent_ms = record->core.stored_ms;
    put(value, &told);
    struct hub_key key = hub_key_dead(delivery->index, delivery->to);
    return hub_change_insert(views, HUB_TABLE_TOLD, &key,
                             (struct rh_bytes){ value, sizeof value });
}

enum rh_err hub_apply_read(struct hub_views *views, const struct hub_record *record)
{
    struct rh_public item;
    struct hub_message message;
    struct hub_told told;
    uint8_t before[VALUE_BYTES], after[VALUE_BYTES];
    if (rh_public_decode(record->public_part, &item, NULL) != RH_OK)
        return RH_ERR_CORRUPT;
    enum rh_err err = hub_views_message(views->map, &item.refers_to, &message);
    if (err == RH_OK)
        err = hub_views_told(views->map, message.index, record->agency, &told);
    if (err != RH_OK) /* decide has seen both */
        return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
    if (told.read_ms != 0)
        return RH_OK;
    put(before, &told);
    told.read_index = record->core.index;
    told.read_ms = record->core.stored_ms;
    put(after, &told);
    struct hub_key key = hub_key_dead(message.index, record->agency);
    return hub_change_replace(views, HUB_TABLE_TOLD, &key,
                              (struct rh_bytes){ before, sizeof before },
                              (struct rh_bytes){ after, sizeof after });
}
