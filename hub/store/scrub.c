/* Verifying every checksum, a step at a time.
 *
 * A step walks on from the last key seen. On a damaged page keys may be out of order, and a
 * search for "behind this key" could then land before it: the walk would never end. So the
 * position only ever moves up; an entry that is not above it is counted as bad, and a step does
 * not end on one. */
#include "store/store_internal.h"

#include <string.h>

static int compare(const MDB_val *a, const uint8_t *b, size_t b_bytes)
{
    size_t common = a->mv_size < b_bytes ? a->mv_size : b_bytes;
    int order = common == 0 ? 0 : memcmp(a->mv_data, b, common);
    if (order != 0)
        return order;
    return a->mv_size < b_bytes ? -1 : a->mv_size > b_bytes;
}

static void bad(struct hub_store_reader *reader, struct hub_store_scrub *scrub,
                const MDB_val *key, hub_store_scrub_fn *on_bad, void *context)
{
    scrub->bad++;
    if (on_bad == NULL)
        return;
    bool readable = key->mv_size <= HUB_ENV_KEY_MAX;
    struct rh_bytes shown = { key->mv_data, readable ? key->mv_size : 0 };
    on_bad(context, scrub->table, shown, &reader->report);
}

/* Whether the position moved. */
static bool check(struct hub_store_reader *reader, struct hub_store_scrub *scrub,
                  const MDB_val *key, const MDB_val *stored, hub_store_scrub_fn *on_bad,
                  void *context)
{
    scrub->entries++;
    bool possible = key->mv_size >= 1 && key->mv_size <= HUB_ENV_KEY_MAX;
    bool ordered = possible && (scrub->key_bytes == 0 ||
                                compare(key, scrub->key, scrub->key_bytes) > 0);
    if (!hub_env_sum_holds(scrub->table, key, stored, HUB_MAP_KEY_MAX, HUB_MAP_VALUE_MAX)) {
        hub_store_report_bad(reader->store, scrub->table, key, stored, &reader->report);
        bad(reader, scrub, key, on_bad, context);
    } else if (!ordered) {
        hub_report(&reader->report, "table %u: a key is out of order", scrub->table);
        bad(reader, scrub, key, on_bad, context);
    } else {
        scrub->bytes += key->mv_size + stored->mv_size;
    }
    if (ordered) {
        memcpy(scrub->key, key->mv_data, key->mv_size);
        scrub->key_bytes = (uint16_t)key->mv_size;
    }
    return ordered;
}

static int first(MDB_cursor *cursor, const struct hub_store_scrub *scrub, MDB_val *key,
                 MDB_val *stored)
{
    if (scrub->key_bytes == 0)
        return mdb_cursor_get(cursor, key, stored, MDB_FIRST);
    uint8_t behind[HUB_SCRUB_KEY_MAX];
    memcpy(behind, scrub->key, scrub->key_bytes);
    behind[scrub->key_bytes] = 0;
    *key = (MDB_val){ (size_t)scrub->key_bytes + 1, behind };
    return mdb_cursor_get(cursor, key, stored, MDB_SET_RANGE);
}

static int walk(struct hub_store_reader *reader, struct hub_store_scrub *scrub, unsigned *left,
                hub_store_scrub_fn *on_bad, void *context)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(reader->txn, reader->store->dbis[scrub->table], &cursor);
    if (rc != 0)
        return rc;
    MDB_val key;
    MDB_val stored;
    rc = first(cursor, scrub, &key, &stored);
    while (rc == 0) {
        if (check(reader, scrub, &key, &stored, on_bad, context) && --*left == 0)
            break;
        rc = mdb_cursor_get(cursor, &key, &stored, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return rc;
}

enum rh_err hub_store_scrub_step(struct hub_store_reader *reader, struct hub_store_scrub *scrub,
                                 unsigned entries_max, hub_store_scrub_fn *on_bad,
                                 void *context)
{
    unsigned left = entries_max == 0 ? 1 : entries_max;
    enum rh_err err = hub_store_reader_refresh(reader);
    while (err == RH_OK && left > 0 && !scrub->done) {
        int rc = walk(reader, scrub, &left, on_bad, context);
        if (rc == MDB_NOTFOUND) { /* the end of this table */
            scrub->table++;
            scrub->key_bytes = 0;
            scrub->done = scrub->table >= reader->store->tables;
        } else if (rc != 0) {
            char label[HUB_STORE_LABEL_BYTES];
            hub_store_label(reader->store, scrub->table, label);
            err = hub_report_errno(&reader->report, label, rc);
        }
    }
    hub_store_reader_release(reader);
    return err;
}
