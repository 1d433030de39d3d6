/* Two ordered walks in step:
 *
 *     map     a   b!  c   e      b fails its check, e should not be there, d is missing
 *     right   a   b   c   d
 *             =   w   =   w x    written, written, taken out */
#include "views/mend.h"

#include "views/keys.h"
#include "views/views.h"

#include <stdio.h>
#include <string.h>

/* A place in one of the maps. The key is a copy: changes make the mapped one invalid. */
struct place {
    bool end;
    bool bad; /* the row's checksum fails */
    size_t key_bytes;
    uint8_t key[HUB_MAP_KEY_MAX];
    struct rh_bytes value; /* mapped */
};

static struct rh_bytes key_of(const struct place *place)
{
    return (struct rh_bytes){ place->key, place->key_bytes };
}

/* The first entry at or above `from`. */
static enum rh_err look(struct hub_map *map, unsigned table, struct rh_bytes from,
                        struct place *out)
{
    struct rh_bytes key = { NULL, 0 };
    enum rh_err err = hub_map_next(map, table, from, &key, &out->value);
    out->end = err == RH_ERR_NOTFOUND;
    out->bad = err == RH_ERR_CORRUPT;
    if (out->end)
        return RH_OK;
    if (err != RH_OK && !out->bad)
        return err;
    if (key.bytes == 0 || key.bytes >= HUB_MAP_KEY_MAX)
        return RH_ERR_CORRUPT;
    /* An entry below where we asked: its order is broken. */
    size_t common = key.bytes < from.bytes ? key.bytes : from.bytes;
    int order = common == 0 ? 0 : memcmp(key.data, from.data, common);
    if (order < 0 || (order == 0 && key.bytes < from.bytes))
        return RH_ERR_CORRUPT;
    memcpy(out->key, key.data, key.bytes);
    out->key_bytes = key.bytes;
    return RH_OK;
}

/* Below 0: `a` stands before `b`. An end stands behind everything. */
static int compare(const struct place *a, const struct place *b)
{
    if (a->end || b->end)
        return (int)a->end - (int)b->end;
    size_t common = a->key_bytes < b->key_bytes ? a->key_bytes : b->key_bytes;
    int order = memcmp(a->key, b->key, common);
    if (order != 0)
        return order;
    return a->key_bytes < b->key_bytes ? -1 : a->key_bytes > b->key_bytes;
}

static bool same_value(const struct place *a, const struct place *b)
{
    return a->value.bytes == b->value.bytes &&
           (a->value.bytes == 0 || memcmp(a->value.data, b->value.data, a->value.bytes) == 0);
}

static void note(struct hub_mended *out, unsigned table, const struct place *place,
                 const char *what)
{
    if (out->rows++ > 0)
        return;
    int used = snprintf(out->text, sizeof out->text, "table %u (%s) key ", table,
                        hub_table_name(table));
    enum { SHOWN = 32 };
    for (size_t i = 0; i < place->key_bytes && i < SHOWN; i++)
        used += snprintf(out->text + used, sizeof out->text - (size_t)used, "%02x",
                         place->key[i]);
    snprintf(out->text + used, sizeof out->text - (size_t)used, "%s: %s",
             place->key_bytes > SHOWN ? "..." : "", what);
}

/* One entry of the two; *next is where both walks go on. */
static enum rh_err step(struct hub_map *map, unsigned table, const struct place *found,
                        const struct place *right, struct hub_key *next, struct hub_mended *out)
{
    int order = compare(found, right);
    if (order < 0) {
        note(out, table, found, "it should not be there");
        *next = hub_key_after(key_of(found));
        enum rh_err err = hub_map_del(map, table, key_of(found));
        return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
    }
    *next = hub_key_after(key_of(right));
    if (order == 0 && !found->bad && same_value(found, right))
        return RH_OK;
    note(out, table, right,
         order > 0     ? "it was missing"
         : found->bad ? "it failed its check"
                       : "it differed from what the journal says");
    return hub_map_put(map, table, key_of(right), right->value);
}

/* From *next on, at most *entries of them; *over: the table is at its end. */
static enum rh_err mend_table(struct hub_map *map, struct hub_map *right, unsigned table,
                              struct hub_key *next, uint32_t *entries, struct hub_mended *out,
                              bool *over)
{
    struct place found, truth;
    *over = false;
    for (; *entries > 0; --*entries) {
        struct rh_bytes from = hub_key_view(next);
        enum rh_err err = look(map, table, from, &found);
        if (err == RH_OK)
            err = look(right, table, from, &truth);
        *over = err == RH_OK && found.end && truth.end;
        if (err == RH_OK && !*over)
            err = step(map, table, &found, &truth, next, out);
        if (err != RH_OK || *over)
            return err;
    }
    return RH_OK;
}

static enum rh_err mend_whole(struct hub_map *map, struct hub_map *right, unsigned table,
                              struct hub_mended *out)
{
    struct hub_key next = { .bytes = 0 };
    enum rh_err err = RH_OK;
    bool over = false;
    while (err == RH_OK && !over) {
        uint32_t entries = UINT32_MAX;
        err = mend_table(map, right, table, &next, &entries, out, &over);
    }
    return err;
}

enum rh_err hub_views_mend(struct hub_map *map, struct hub_map *right, struct hub_mended *out)
{
    enum rh_err err = RH_OK;
    *out = (struct hub_mended){ .rows = 0 };
    for (unsigned table = 0; table < HUB_TABLES && err == RH_OK; table++)
        err = mend_whole(map, right, table, out);
    return err;
}

/* Tables that are behind the position until hub_views_save. */
static bool is_saved_later(unsigned table)
{
    return table == HUB_TABLE_COUNT || table == HUB_TABLE_MONTH || table == HUB_TABLE_LOCAL;
}

enum rh_err hub_views_mend_some(struct hub_map *map, struct hub_map *right,
                                struct hub_mend_walk *walk, uint32_t entries,
                                struct hub_mended *out, bool *over)
{
    enum rh_err err = RH_OK;
    while (err == RH_OK && entries > 0 && walk->table < HUB_TABLES) {
        bool done = is_saved_later(walk->table);
        if (!done)
            err = mend_table(map, right, walk->table, &walk->next, &entries, out, &done);
        if (err == RH_OK && done) {
            walk->table++;
            walk->next.bytes = 0;
        }
    }
    *over = walk->table == HUB_TABLES;
    return err;
}

enum rh_err hub_views_mend_saved(struct hub_map *map, struct hub_map *right,
                                 struct hub_mended *out)
{
    enum rh_err err = RH_OK;
    for (unsigned table = 0; table < HUB_TABLES && err == RH_OK; table++)
        if (is_saved_later(table))
            err = mend_whole(map, right, table, out);
    return err;
}
