#include "views/change.h"

#include <string.h>

#include "views/digest.h"

enum rh_err hub_look(struct hub_map *map, unsigned table, const struct hub_key *key,
                     struct rh_bytes *value)
{
    return hub_map_get(map, table, hub_key_view(key), value);
}

static enum rh_err put_new(struct hub_views *views, unsigned table, const struct hub_key *key,
                           struct rh_bytes value, bool append)
{
    struct rh_hash entry;
    rh_assert(hub_table_is_digested(table));
    hub_digest_entry(table, hub_key_view(key), value, &entry);
    enum rh_err err = append ? hub_map_append(views->map, table, hub_key_view(key), value)
                             : hub_map_put(views->map, table, hub_key_view(key), value);
    if (err == RH_OK)
        hub_digest_add(&views->digests[table], &entry);
    return err;
}

enum rh_err hub_change_insert(struct hub_views *views, unsigned table,
                              const struct hub_key *key, struct rh_bytes value)
{
    return put_new(views, table, key, value, false);
}

enum rh_err hub_change_append(struct hub_views *views, unsigned table,
                              const struct hub_key *key, struct rh_bytes value)
{
    return put_new(views, table, key, value, true);
}

enum rh_err hub_change_replace(struct hub_views *views, unsigned table,
                               const struct hub_key *key, struct rh_bytes old,
                               struct rh_bytes value)
{
    if (old.bytes == value.bytes &&
        (old.bytes == 0 || memcmp(old.data, value.data, old.bytes) == 0))
        return RH_OK;
    struct rh_hash entry;
    hub_digest_entry(table, hub_key_view(key), old, &entry);
    enum rh_err err = put_new(views, table, key, value, false);
    if (err == RH_OK)
        hub_digest_subtract(&views->digests[table], &entry);
    return err;
}

enum rh_err hub_change_remove(struct hub_views *views, unsigned table,
                              const struct hub_key *key, struct rh_bytes old)
{
    struct rh_hash entry;
    rh_assert(hub_table_is_digested(table));
    hub_digest_entry(table, hub_key_view(key), old, &entry);
    enum rh_err err = hub_map_del(views->map, table, hub_key_view(key));
    if (err == RH_ERR_NOTFOUND)
        return RH_ERR_CORRUPT;
    if (err == RH_OK)
        hub_digest_subtract(&views->digests[table], &entry);
    return err;
}

enum rh_err hub_change_set(struct hub_views *views, unsigned table, const struct hub_key *key,
                           struct rh_bytes value)
{
    struct rh_bytes old;
    enum rh_err err = hub_look(views->map, table, key, &old);
    if (err == RH_ERR_NOTFOUND)
        return hub_change_insert(views, table, key, value);
    return err == RH_OK ? hub_change_replace(views, table, key, old, value) : err;
}

enum rh_err hub_change_clear(struct hub_views *views, unsigned table,
                             const struct hub_key *key)
{
    struct rh_bytes old;
    enum rh_err err = hub_look(views->map, table, key, &old);
    if (err == RH_ERR_NOTFOUND)
        return RH_OK;
    return err == RH_OK ? hub_change_remove(views, table, key, old) : err;
}
