/* Reading: queues. One entry per message and receiver, ordered by urgency, sender, pair_seq:
 *
 *     to 7 | urgent  from 3: 12 13      from 9: 2
 *          | green   from 3: 4
 *          | normal  from 3: 881 883    from 4: 20
 *
 * and beside it one reference per entry about a referral, ordered by record, which answers what
 * must be delivered before what. */
#include "views/change.h"

#include <string.h>

enum {
    QUEUE_KEY_BYTES = 17,
    QUEUE_PREFIX_BYTES = 9, /* to, lane rank, from */
    REF_KEY_BYTES = 33,
    REF_PREFIX_BYTES = 12   /* to, rno */
};

/* The first entry at or above `from` that shares `prefix_bytes` with it. */
static enum rh_err first_at(struct hub_map *map, const struct hub_key *from,
                            size_t prefix_bytes, struct rh_bytes *key, struct rh_bytes *row)
{
    enum rh_err err = hub_map_next(map, HUB_TABLE_QUEUE, hub_key_view(from), key, row);
    if (err != RH_OK)
        return err;
    if (key->bytes != QUEUE_KEY_BYTES)
        return RH_ERR_CORRUPT;
    return memcmp(key->data, from->data, prefix_bytes) == 0 ? RH_OK : RH_ERR_NOTFOUND;
}

enum rh_err hub_views_queue_head(struct hub_map *map, uint32_t to, enum rh_lane lane,
                                 uint32_t from, uint64_t at_least, struct hub_queued *out)
{
    struct rh_bytes found, row;
    struct hub_key key = hub_key_queue(to, lane, from, at_least);
    enum rh_err err = first_at(map, &key, QUEUE_PREFIX_BYTES, &found, &row);
    if (err != RH_OK)
        return err;
    return hub_queued_decode(row, out) == RH_OK ? RH_OK : RH_ERR_CORRUPT;
}

enum rh_err hub_views_queue_sender(struct hub_map *map, uint32_t to, enum rh_lane lane,
                                   uint32_t *from)
{
    enum { LANE_PREFIX_BYTES = 5 };
    if (*from == UINT32_MAX)
        return RH_ERR_NOTFOUND;
    struct rh_bytes found, row;
    struct hub_key key = hub_key_queue(to, lane, *from + 1, 0);
    enum rh_err err = first_at(map, &key, LANE_PREFIX_BYTES, &found, &row);
    if (err == RH_OK)
        *from = hub_get_u32(found.data + LANE_PREFIX_BYTES);
    return err;
}

enum rh_err hub_views_queued(struct hub_map *map, uint32_t to, uint32_t from, enum rh_lane lane,
                             uint64_t pair_seq, struct hub_queued *out)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_queue(to, lane, from, pair_seq);
    enum rh_err err = hub_look(map, HUB_TABLE_QUEUE, &key, &row);
    if (err != RH_OK)
        return err;
    return hub_queued_decode(row, out) == RH_OK ? RH_OK : RH_ERR_CORRUPT;
}

/* The earliest reference of (to, rno). */
static enum rh_err first_ref(struct hub_map *map, uint32_t to, uint64_t rno,
                             struct rh_bytes *key)
{
    struct rh_bytes value;
    struct hub_key from = hub_key_u32_u64(to, rno);
    enum rh_err err = hub_map_next(map, HUB_TABLE_QUEUE_REF, hub_key_view(&from), key, &value);
    if (err != RH_OK)
        return err;
    if (key->bytes != REF_KEY_BYTES)
        return RH_ERR_CORRUPT;
    return memcmp(key->data, from.data, REF_PREFIX_BYTES) == 0 ? RH_OK : RH_ERR_NOTFOUND;
}

enum rh_err hub_views_queue_blocked(struct hub_map *map, const struct hub_queued *queued,
                                    bool *blocked)
{
    struct rh_bytes key;
    *blocked = false;
    if (queued->rno == 0)
        return RH_OK;
    enum rh_err err = first_ref(map, queued->to, queued->rno, &key);
    if (err == RH_OK)
        *blocked = hub_get_u64(key.data + REF_PREFIX_BYTES) < queued->index;
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

enum rh_err hub_views_queued_lane(struct hub_map *map, uint32_t to, uint64_t rno,
                                  enum rh_lane *lane)
{
    struct rh_bytes key;
    enum rh_err err = first_ref(map, to, rno, &key);
    if (err != RH_OK)
        return err;
    uint8_t rank = key.data[REF_PREFIX_BYTES + 8];
    if (rank >= RH_LANE_COUNT)
        return RH_ERR_CORRUPT;
    *lane = hub_lane_of_rank(rank);
    return RH_OK;
}

enum rh_err hub_views_pair(struct hub_map *map, uint32_t to, uint32_t from, enum rh_lane lane,
                           uint64_t *next, uint64_t *acked)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_pair(to, from, lane);
    enum rh_err err = hub_look(map, HUB_TABLE_PAIR, &key, &row);
    *next = 1;
    *acked = 0;
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    if (row.bytes != HUB_VALUE_PAIR_BYTES)
        return RH_ERR_CORRUPT;
    *next = hub_get_u64(row.data);
    *acked = hub_get_u64(row.data + 8);
    return RH_OK;
}
