/* The ordered map the views are written against: get, put, del, next.
 *
 * One map holds several tables; a table is a number below HUB_TABLE_MAX. Keys are 1 to
 * HUB_MAP_KEY_MAX bytes in memcmp order, values at most HUB_MAP_VALUE_MAX bytes. There is
 * one writer; it sees its own writes at once. Behind the interface stands LMDB (hub/store)
 * or plain memory (hub/views/memory_map.c, for audit and tests).
 *
 * Every function answers RH_OK, RH_ERR_NOTFOUND where said, RH_ERR_CORRUPT (a stored value
 * fails its checksum), RH_ERR_FULL (map full) or RH_ERR_IO. After FULL or IO the open batch
 * is lost: the caller aborts and applies again from the journal, or exits and recovers. */
#ifndef HUB_VIEWS_MAP_H
#define HUB_VIEWS_MAP_H

#include <stddef.h>
#include <stdint.h>

#include <rh/codec.h>
#include <rh/err.h>

enum { HUB_TABLE_MAX = 40, HUB_MAP_KEY_MAX = 96, HUB_MAP_VALUE_MAX = 64 * 1024 };

struct hub_map;

struct hub_map_ops {
    /* Value of a key. *value is mapped: valid until the next put, del, commit or abort. */
    enum rh_err (*get)(struct hub_map *map, unsigned table, struct rh_bytes key,
                       struct rh_bytes *value);
    /* Insert or replace. `append` promises that key is above every key of the table; a
     * broken promise falls back to an ordinary insert. */
    enum rh_err (*put)(struct hub_map *map, unsigned table, struct rh_bytes key,
                       struct rh_bytes value, int append);
    /* RH_ERR_NOTFOUND when absent. */
    enum rh_err (*del)(struct hub_map *map, unsigned table, struct rh_bytes key);
    /* First entry with a key >= `from` (from.bytes 0: the first of the table).
     * RH_ERR_NOTFOUND at the end. Both results are mapped, as in get. */
    enum rh_err (*next)(struct hub_map *map, unsigned table, struct rh_bytes from,
                        struct rh_bytes *key, struct rh_bytes *value);
};

/* Every implementation begins with this. */
struct hub_map {
    const struct hub_map_ops *ops;
};

static inline enum rh_err hub_map_get(struct hub_map *map, unsigned table, struct rh_bytes key,
                                      struct rh_bytes *value)
{
    return map->ops->get(map, table, key, value);
}

static inline enum rh_err hub_map_put(struct hub_map *map, unsigned table, struct rh_bytes key,
                                      struct rh_bytes value)
{
    return map->ops->put(map, table, key, value, 0);
}

static inline enum rh_err hub_map_append(struct hub_map *map, unsigned table,
                                         struct rh_bytes key, struct rh_bytes value)
{
    return map->ops->put(map, table, key, value, 1);
}

static inline enum rh_err hub_map_del(struct hub_map *map, unsigned table, struct rh_bytes key)
{
    return map->ops->del(map, table, key);
}

static inline enum rh_err hub_map_next(struct hub_map *map, unsigned table,
                                       struct rh_bytes from, struct rh_bytes *key,
                                       struct rh_bytes *value)
{
    return map->ops->next(map, table, from, key, value);
}

#endif
