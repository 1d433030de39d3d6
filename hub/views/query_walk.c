/* Reading: lists, an entry at a time, in key order. A cursor holds the last key seen and is a
 * plain value, so a page of a list may be read from one snapshot and the next from a later one:
 * what was inserted or removed meanwhile never makes the walk repeat or stall. */
#include "views/apply.h"

#include <string.h>

/* The first entry above `last` (bytes 0: the first), if its key begins with `prefix`. */
static enum rh_err next_in(struct hub_map *map, unsigned table, const struct hub_key *prefix,
                           const struct hub_cursor *last, size_t key_bytes,
                           struct rh_bytes *key, struct rh_bytes *value)
{
    struct hub_key from = *prefix;
    if (last->bytes >= HUB_MAP_KEY_MAX)
        return RH_ERR_USAGE;
    if (last->bytes > 0)
        from = hub_key_after((struct rh_bytes){ last->key, last->bytes });
    enum rh_err err = hub_map_next(map, table, hub_key_view(&from), key, value);
    if (err != RH_OK)
        return err;
    if (key->bytes < prefix->bytes || key->bytes >= HUB_MAP_KEY_MAX)
        return RH_ERR_CORRUPT;
    if (prefix->bytes > 0 && memcmp(key->data, prefix->data, prefix->bytes) != 0)
        return RH_ERR_NOTFOUND;
    return key_bytes != 0 && key->bytes != key_bytes ? RH_ERR_CORRUPT : RH_OK;
}

static void keep(struct hub_cursor *cursor, struct rh_bytes key)
{
    memcpy(cursor->key, key.data, key.bytes);
    cursor->bytes = key.bytes;
}

static const struct hub_key whole_table = { .bytes = 0 };

enum rh_err hub_views_agency_next(struct hub_map *map, uint32_t *no, struct hub_agency *out)
{
    if (*no == UINT32_MAX)
        return RH_ERR_NOTFOUND;
    struct rh_bytes key, row;
    struct hub_key from = hub_key_u32(*no + 1);
    enum rh_err err = hub_map_next(map, HUB_TABLE_AGENCY, hub_key_view(&from), &key, &row);
    if (err != RH_OK)
        return err;
    if (key.bytes != 4 || hub_agency_decode(row, out) != RH_OK)
        return RH_ERR_CORRUPT;
    *no = hub_get_u32(key.data);
    return RH_OK;
}

enum rh_err hub_views_referral_next(struct hub_map *map, uint64_t *rno,
                                    struct hub_referral *out)
{
    if (*rno == UINT64_MAX)
        return RH_ERR_NOTFOUND;
    struct rh_bytes key, row;
    struct hub_key from = hub_key_u64(*rno + 1);
    enum rh_err err = hub_map_next(map, HUB_TABLE_REFERRAL, hub_key_view(&from), &key, &row);
    if (err != RH_OK)
        return err;
    if (key.bytes != 8 || hub_referral_decode(row, out) != RH_OK)
        return RH_ERR_CORRUPT;
    *rno = hub_get_u64(key.data);
    return RH_OK;
}

enum rh_err hub_views_timeline_next(struct hub_map *map, uint64_t rno, uint64_t *index,
                                    enum rh_kind *kind)
{
    /* Record 0 is the hub's own birth and stands in no timeline: 0 means from the start. */
    struct rh_bytes key, row;
    struct hub_key from = hub_key_u64_u64(rno, *index + 1);
    if (*index == UINT64_MAX)
        return RH_ERR_NOTFOUND;
    enum rh_err err = hub_map_next(map, HUB_TABLE_TIMELINE, hub_key_view(&from), &key, &row);
    if (err != RH_OK)
        return err;
    if (key.bytes != 16 || row.bytes != 2)
        return RH_ERR_CORRUPT;
    if (hub_get_u64(key.data) != rno)
        return RH_ERR_NOTFOUND;
    *index = hub_get_u64(key.data + 8);
    *kind = (enum rh_kind)hub_get_u16(row.data);
    return RH_OK;
}

enum rh_err hub_views_due_next(struct hub_map *map, struct hub_cursor *cursor, uint64_t *end_ms,
                               uint64_t *rno, uint32_t *serial, uint32_t *owed_by)
{
    struct rh_bytes key, row;
    enum rh_err err = next_in(map, HUB_TABLE_DUE, &whole_table, cursor, 20, &key, &row);
    if (err == RH_OK && row.bytes != 4)
        return RH_ERR_CORRUPT;
    if (err != RH_OK)
        return err;
    *end_ms = hub_get_u64(key.data);
    *rno = hub_get_u64(key.data + 8);
    *serial = hub_get_u32(key.data + 16);
    *owed_by = hub_get_u32(row.data);
    keep(cursor, key);
    return RH_OK;
}

enum rh_err hub_views_wake_first(struct hub_map *map, uint64_t *at_ms, uint64_t *rno)
{
    struct rh_bytes key, row;
    const struct rh_bytes start = { NULL, 0 };
    enum rh_err err = hub_map_next(map, HUB_TABLE_WAKE, start, &key, &row);
    if (err == RH_OK && key.bytes != 16)
        return RH_ERR_CORRUPT;
    if (err != RH_OK)
        return err;
    *at_ms = hub_get_u64(key.data);
    *rno = hub_get_u64(key.data + 8);
    return RH_OK;
}

enum rh_err hub_views_hot_next(struct hub_map *map, struct hub_cursor *cursor,
                               struct hub_hot *out)
{
    struct rh_bytes key, row;
    struct hub_key from = { .bytes = 0 };
    if (cursor->bytes > 0)
        from = hub_key_after((struct rh_bytes){ cursor->key, cursor->bytes });
    enum rh_err err = hub_map_next(map, HUB_TABLE_HOT, hub_key_view(&from), &key, &row);
    if (err != RH_OK)
        return err;
    if (hub_hot_decode(row, out) != RH_OK)
        return RH_ERR_CORRUPT;
    keep(cursor, key);
    return RH_OK;
}

enum rh_err hub_views_dead_next(struct hub_map *map, struct hub_cursor *cursor,
                                struct hub_dead *out)
{
    struct rh_bytes key, row;
    enum rh_err err = next_in(map, HUB_TABLE_DEAD, &whole_table, cursor, 12, &key, &row);
    if (err != RH_OK)
        return err;
    if (hub_dead_decode(row, out) != RH_OK)
        return RH_ERR_CORRUPT;
    keep(cursor, key);
    return RH_OK;
}

enum rh_err hub_views_holder_next(struct hub_map *map, uint32_t holder,
                                  struct hub_cursor *cursor, enum rh_state *state,
                                  uint64_t *rno)
{
    struct rh_bytes key, row;
    struct hub_key prefix = hub_key_u32(holder);
    enum rh_err err = next_in(map, HUB_TABLE_HOLDER, &prefix, cursor, 13, &key, &row);
    if (err != RH_OK)
        return err;
    *state = (enum rh_state)key.data[4];
    *rno = hub_get_u64(key.data + 5);
    keep(cursor, key);
    return RH_OK;
}

enum rh_err hub_views_party_next(struct hub_map *map, uint32_t agency,
                                 struct hub_cursor *cursor, uint64_t *rno)
{
    struct rh_bytes key, row;
    struct hub_key prefix = hub_key_u32(agency);
    enum rh_err err = next_in(map, HUB_TABLE_PARTY, &prefix, cursor, 12, &key, &row);
    if (err != RH_OK)
        return err;
    *rno = hub_get_u64(key.data + 4);
    keep(cursor, key);
    return RH_OK;
}

enum rh_err hub_views_child_next(struct hub_map *map, const struct rh_referral_id *parent,
                                 struct hub_cursor *cursor, uint64_t *rno)
{
    struct rh_bytes key, row;
    struct hub_key prefix = hub_key_id(parent->bytes);
    enum rh_err err = next_in(map, HUB_TABLE_CHILD, &prefix, cursor, 24, &key, &row);
    if (err != RH_OK)
        return err;
    *rno = hub_get_u64(key.data + RH_ID_BYTES);
    keep(cursor, key);
    return RH_OK;
}

enum rh_err hub_views_clock_next(struct hub_map *map, uint64_t *index,
                                 enum hub_clock_type *type)
{
    struct rh_bytes key, row;
    struct hub_key from = hub_key_u64(*index);
    enum rh_err err = hub_map_next(map, HUB_TABLE_CLOCK, hub_key_view(&from), &key, &row);
    if (err != RH_OK)
        return err;
    if (key.bytes != 8 || row.bytes != 1 || row.data[0] < HUB_CLOCK_JUMP ||
        row.data[0] > HUB_CLOCK_HELD)
        return RH_ERR_CORRUPT;
    *index = hub_get_u64(key.data);
    *type = (enum hub_clock_type)row.data[0];
    return RH_OK;
}

enum rh_err hub_views_rules_newest(struct hub_map *map, uint64_t *index)
{
    struct hub_next next;
    bool known;
    enum rh_err err = hub_next_read(map, &next, &known);
    if (err != RH_OK || next.rules_size == 0)
        return err == RH_OK ? RH_ERR_NOTFOUND : err;
    *index = next.rules_size - 1;
    return RH_OK;
}

enum rh_err hub_views_job(struct hub_map *map, uint64_t number, struct hub_job_row *out)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_u64(number);
    enum rh_err err = hub_look(map, HUB_TABLE_JOB, &key, &row);
    return err == RH_OK ? hub_job_decode(row, out) : err;
}

enum rh_err hub_views_job_next(struct hub_map *map, uint64_t *number, struct hub_job_row *out)
{
    if (*number == UINT64_MAX)
        return RH_ERR_NOTFOUND;
    struct rh_bytes key, row;
    struct hub_key from = hub_key_u64(*number + 1);
    enum rh_err err = hub_map_next(map, HUB_TABLE_JOB, hub_key_view(&from), &key, &row);
    if (err != RH_OK)
        return err;
    if (key.bytes != 8 || hub_job_decode(row, out) != RH_OK)
        return RH_ERR_CORRUPT;
    *number = hub_get_u64(key.data);
    return RH_OK;
}

enum rh_err hub_views_rules_next(struct hub_map *map, struct hub_cursor *cursor,
                                 uint64_t *index)
{
    struct rh_bytes key, value;
    enum rh_err err =
        next_in(map, HUB_TABLE_RULES, &whole_table, cursor, 8, &key, &value);
    if (err != RH_OK)
        return err;
    *index = hub_get_u64(key.data);
    keep(cursor, key);
    return RH_OK;
}
