#include "views/memory_map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_ENTRIES = 128,
    CHUNK_LOW = CHUNK_ENTRIES / 4, /* below this a chunk looks for a neighbour to join */
    ALLOCATION_BYTES = 16          /* what the allocator adds to a block, roughly */
};

static_assert(CHUNK_LOW * 2 < CHUNK_ENTRIES, "a merged chunk must not split at once");
static_assert(HUB_MAP_KEY_MAX <= UINT16_MAX, "key length is stored in 16 bits");

struct entry {
    uint32_t value_bytes;
    uint16_t key_bytes;
    uint8_t data[]; /* key, then value */
};

struct chunk {
    unsigned count; /* 1 .. CHUNK_ENTRIES; an empty chunk is removed */
    struct entry *entries[CHUNK_ENTRIES];
};

struct table {
    struct chunk **chunks; /* in key order */
    size_t count;
    size_t capacity;
    uint64_t entries;
};

/* How to take one change back: the entry as it was, or only its key when it was not there. */
struct undo {
    struct entry *entry;
    unsigned table;
    bool existed;
};

struct hub_memory_map {
    struct hub_map map; /* first, so that a struct hub_map * is one of these */
    struct hub_memory_options options;
    struct table tables[HUB_TABLE_MAX];
    uint64_t bytes;
    struct undo *undo; /* oldest first */
    size_t undo_count;
    size_t undo_capacity;
};

/* Where a key is, or would be inserted. */
struct place {
    size_t chunk;
    unsigned at;
    bool found;
};

static struct hub_memory_map *from_map(struct hub_map *map)
{
    return (struct hub_memory_map *)map;
}

static struct rh_bytes entry_key(const struct entry *entry)
{
    return (struct rh_bytes){ entry->data, entry->key_bytes };
}

static struct rh_bytes entry_value(const struct entry *entry)
{
    return (struct rh_bytes){ entry->data + entry->key_bytes, entry->value_bytes };
}

static uint64_t entry_cost(size_t key_bytes, size_t value_bytes)
{
    return sizeof(struct entry) + key_bytes + value_bytes + ALLOCATION_BYTES;
}

static int compare(struct rh_bytes a, struct rh_bytes b)
{
    size_t common = a.bytes < b.bytes ? a.bytes : b.bytes;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0)
        return order;
    return a.bytes < b.bytes ? -1 : a.bytes > b.bytes;
}

static struct rh_bytes chunk_last_key(const struct chunk *chunk)
{
    return entry_key(chunk->entries[chunk->count - 1]);
}

/* The first entry with a key >= `key`. Past the end it names the slot after the last entry of
 * the last chunk, which is where an insert belongs. */
static struct place find(const struct table *table, struct rh_bytes key)
{
    size_t low = 0;
    size_t high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(chunk_last_key(table->chunks[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == table->count) {
        if (table->count == 0)
            return (struct place){ 0, 0, false };
        return (struct place){ low - 1, table->chunks[low - 1]->count, false };
    }

    const struct chunk *chunk = table->chunks[low];
    unsigned first = 0;
    unsigned last = chunk->count - 1; /* its key is >= key: one entry is sure to fit */
    while (first < last) {
        unsigned middle = first + (last - first) / 2;
        if (compare(entry_key(chunk->entries[middle]), key) < 0)
            first = middle + 1;
        else
            last = middle;
    }
    bool found = compare(entry_key(chunk->entries[first]), key) == 0;
    return (struct place){ low, first, found };
}

static struct place find_end(const struct table *table)
{
    if (table->count == 0)
        return (struct place){ 0, 0, false };
    return (struct place){ table->count - 1, table->chunks[table->count - 1]->count, false };
}

static bool above_all(const struct table *table, struct rh_bytes key)
{
    return table->count == 0 ||
           compare(key, chunk_last_key(table->chunks[table->count - 1])) > 0;
}

static bool fits(const struct hub_memory_map *map, uint64_t more)
{
    return map->options.bytes_max == 0 || (more <= map->options.bytes_max &&
                                           map->bytes <= map->options.bytes_max - more);
}

static struct entry *entry_new(struct hub_memory_map *map, struct rh_bytes key,
                               struct rh_bytes value)
{
    uint64_t cost = entry_cost(key.bytes, value.bytes);
    if (!fits(map, cost))
        return NULL;
    struct entry *entry = malloc(sizeof *entry + key.bytes + value.bytes);
    if (entry == NULL)
        return NULL;
    entry->key_bytes = (uint16_t)key.bytes;
    entry->value_bytes = (uint32_t)value.bytes;
    memcpy(entry->data, key.data, key.bytes);
    if (value.bytes > 0)
        memcpy(entry->data + key.bytes, value.data, value.bytes);
    map->bytes += cost;
    return entry;
}

static void entry_free(struct hub_memory_map *map, struct entry *entry)
{
    map->bytes -= entry_cost(entry->key_bytes, entry->value_bytes);
    free(entry);
}

/* A new empty chunk at `index`; the caller fills it at once. */
static struct chunk *chunk_insert(struct hub_memory_map *map, struct table *table, size_t index)
{
    if (!fits(map, sizeof(struct chunk)))
        return NULL;
    if (table->count == table->capacity) {
        size_t capacity = table->capacity == 0 ? 8 : table->capacity * 2;
        struct chunk **chunks = realloc(table->chunks, capacity * sizeof(struct chunk *));
        if (chunks == NULL)
            return NULL;
        table->chunks = chunks;
        table->capacity = capacity;
    }
    struct chunk *chunk = malloc(sizeof *chunk);
    if (chunk == NULL)
        return NULL;
    chunk->count = 0;
    memmove(table->chunks + index + 1, table->chunks + index,
            (table->count - index) * sizeof(struct chunk *));
    table->chunks[index] = chunk;
    table->count++;
    map->bytes += sizeof *chunk;
    return chunk;
}

static void chunk_remove(struct hub_memory_map *map, struct table *table, size_t index)
{
    free(table->chunks[index]);
    table->count--;
    memmove(table->chunks + index, table->chunks + index + 1,
            (table->count - index) * sizeof(struct chunk *));
    map->bytes -= sizeof(struct chunk);
}

/* Make room at `place`, which may move to another chunk. */
static bool make_room(struct hub_memory_map *map, struct table *table, struct place *place)
{
    if (table->count == 0)
        return chunk_insert(map, table, 0) != NULL;
    if (table->chunks[place->chunk]->count < CHUNK_ENTRIES)
        return true;

    struct chunk *right = chunk_insert(map, table, place->chunk + 1);
    if (right == NULL)
        return false;
    bool at_end = place->chunk + 2 == table->count && place->at == CHUNK_ENTRIES;
    unsigned keep = at_end ? CHUNK_ENTRIES : CHUNK_ENTRIES / 2;
    struct chunk *left = table->chunks[place->chunk];
    right->count = CHUNK_ENTRIES - keep;
    memcpy(right->entries, left->entries + keep, right->count * sizeof(struct entry *));
    left->count = keep;
    if (place->at > keep || at_end) {
        place->chunk++;
        place->at -= keep;
    }
    return true;
}

/* Taken on success. */
static bool place_insert(struct hub_memory_map *map, struct table *table, struct place place,
                         struct entry *entry)
{
    if (!make_room(map, table, &place))
        return false;
    struct chunk *chunk = table->chunks[place.chunk];
    memmove(chunk->entries + place.at + 1, chunk->entries + place.at,
            (chunk->count - place.at) * sizeof(struct entry *));
    chunk->entries[place.at] = entry;
    chunk->count++;
    table->entries++;
    return true;
}

/* Join chunk `index` with the one after it when both together are at most half full. */
static void merge(struct hub_memory_map *map, struct table *table, size_t index)
{
    if (index + 1 >= table->count)
        return;
    struct chunk *left = table->chunks[index];
    const struct chunk *right = table->chunks[index + 1];
    if (left->count + right->count > CHUNK_LOW * 2)
        return;
    memcpy(left->entries + left->count, right->entries, right->count * sizeof(struct entry *));
    left->count += right->count;
    chunk_remove(map, table, index + 1);
}

/* Take the entry out of its table; it is the caller's now. */
static struct entry *place_remove(struct hub_memory_map *map, struct table *table,
                                  struct place place)
{
    struct chunk *chunk = table->chunks[place.chunk];
    struct entry *entry = chunk->entries[place.at];
    chunk->count--;
    memmove(chunk->entries + place.at, chunk->entries + place.at + 1,
            (chunk->count - place.at) * sizeof(struct entry *));
    table->entries--;
    if (chunk->count == 0) {
        chunk_remove(map, table, place.chunk);
    } else if (chunk->count < CHUNK_LOW) {
        merge(map, table, place.chunk);
        if (place.chunk > 0)
            merge(map, table, place.chunk - 1);
    }
    return entry;
}

/* Room for one more undo record, before anything is changed. */
static bool undo_reserve(struct hub_memory_map *map)
{
    if (!map->options.undo || map->undo_count < map->undo_capacity)
        return true;
    size_t capacity = map->undo_capacity == 0 ? 64 : map->undo_capacity * 2;
    struct undo *undo = realloc(map->undo, capacity * sizeof *undo);
    if (undo == NULL)
        return false;
    map->undo = undo;
    map->undo_capacity = capacity;
    return true;
}

/* Taken: kept for abort, or freed when nobody asked for undo. */
static void undo_push(struct hub_memory_map *map, unsigned table, struct entry *entry,
                      bool existed)
{
    if (!map->options.undo) {
        entry_free(map, entry);
        return;
    }
    map->undo[map->undo_count++] = (struct undo){ entry, table, existed };
}

static void check_key(unsigned table, struct rh_bytes key)
{
    rh_assert(table < HUB_TABLE_MAX);
    rh_assert(key.bytes >= 1);
    rh_assert(key.bytes <= HUB_MAP_KEY_MAX);
}

static enum rh_err memory_get(struct hub_map *base, unsigned table, struct rh_bytes key,
                              struct rh_bytes *value)
{
    check_key(table, key);
    const struct table *t = &from_map(base)->tables[table];
    struct place place = find(t, key);
    if (!place.found)
        return RH_ERR_NOTFOUND;
    *value = entry_value(t->chunks[place.chunk]->entries[place.at]);
    return RH_OK;
}

static enum rh_err insert(struct hub_memory_map *map, unsigned table, struct place place,
                          struct entry *entry)
{
    struct entry *key_only = NULL;
    if (map->options.undo) {
        key_only = entry_new(map, entry_key(entry), (struct rh_bytes){ NULL, 0 });
        if (key_only == NULL) {
            entry_free(map, entry);
            return RH_ERR_FULL;
        }
    }
    if (!place_insert(map, &map->tables[table], place, entry)) {
        entry_free(map, entry);
        if (key_only != NULL)
            entry_free(map, key_only);
        return RH_ERR_FULL;
    }
    if (key_only != NULL)
        undo_push(map, table, key_only, false);
    return RH_OK;
}

/* Key and value may point into this very map: the new entry is complete before the old one is
 * let go. */
static enum rh_err memory_put(struct hub_map *base, unsigned table, struct rh_bytes key,
                              struct rh_bytes value, int append)
{
    check_key(table, key);
    rh_assert(value.bytes <= HUB_MAP_VALUE_MAX);
    struct hub_memory_map *map = from_map(base);
    struct table *t = &map->tables[table];
    if (!undo_reserve(map))
        return RH_ERR_FULL;

    struct place place = append && above_all(t, key) ? find_end(t) : find(t, key);
    struct entry *entry = entry_new(map, key, value);
    if (entry == NULL)
        return RH_ERR_FULL;
    if (!place.found)
        return insert(map, table, place, entry);

    struct entry **held = &t->chunks[place.chunk]->entries[place.at];
    undo_push(map, table, *held, true);
    *held = entry;
    return RH_OK;
}

static enum rh_err memory_del(struct hub_map *base, unsigned table, struct rh_bytes key)
{
    check_key(table, key);
    struct hub_memory_map *map = from_map(base);
    struct table *t = &map->tables[table];
    struct place place = find(t, key);
    if (!place.found)
        return RH_ERR_NOTFOUND;
    if (!undo_reserve(map))
        return RH_ERR_FULL;
    undo_push(map, table, place_remove(map, t, place), true);
    return RH_OK;
}

static enum rh_err memory_next(struct hub_map *base, unsigned table, struct rh_bytes from,
                               struct rh_bytes *key, struct rh_bytes *value)
{
    rh_assert(table < HUB_TABLE_MAX);
    const struct table *t = &from_map(base)->tables[table];
    struct place place = find(t, from);
    if (place.chunk >= t->count || place.at >= t->chunks[place.chunk]->count)
        return RH_ERR_NOTFOUND;
    const struct entry *entry = t->chunks[place.chunk]->entries[place.at];
    *key = entry_key(entry);
    *value = entry_value(entry);
    return RH_OK;
}

static const struct hub_map_ops memory_ops = {
    .get = memory_get,
    .put = memory_put,
    .del = memory_del,
    .next = memory_next,
};

enum rh_err hub_memory_map_new(struct hub_memory_map **out,
                               const struct hub_memory_options *options)
{
    struct hub_memory_map *map = calloc(1, sizeof *map);
    if (map == NULL)
        return RH_ERR_NOMEM;
    map->map.ops = &memory_ops;
    if (options != NULL)
        map->options = *options;
    *out = map;
    return RH_OK;
}

void hub_memory_map_destroy(struct hub_memory_map **map_taken)
{
    struct hub_memory_map *map = *map_taken;
    *map_taken = NULL;
    if (map == NULL)
        return;
    hub_memory_map_commit(map);
    for (unsigned i = 0; i < HUB_TABLE_MAX; i++) {
        struct table *table = &map->tables[i];
        for (size_t c = 0; c < table->count; c++) {
            for (unsigned e = 0; e < table->chunks[c]->count; e++)
                free(table->chunks[c]->entries[e]);
            free(table->chunks[c]);
        }
        free(table->chunks);
    }
    free(map->undo);
    free(map);
}

struct hub_map *hub_memory_map_map(struct hub_memory_map *map)
{
    return &map->map;
}

void hub_memory_map_commit(struct hub_memory_map *map)
{
    for (size_t i = 0; i < map->undo_count; i++)
        entry_free(map, map->undo[i].entry);
    map->undo_count = 0;
}

/* Newest first, so that several changes of one key end at the oldest. The bound does not apply
 * on the way back: what is restored was inside it before. */
void hub_memory_map_abort(struct hub_memory_map *map)
{
    rh_assert(map->options.undo);
    uint64_t bytes_max = map->options.bytes_max;
    map->options.bytes_max = 0;
    while (map->undo_count > 0) {
        struct undo undo = map->undo[--map->undo_count];
        struct table *table = &map->tables[undo.table];
        struct place place = find(table, entry_key(undo.entry));
        if (!undo.existed) {
            rh_assert(place.found);
            entry_free(map, place_remove(map, table, place));
            entry_free(map, undo.entry);
        } else if (place.found) {
            struct entry **held = &table->chunks[place.chunk]->entries[place.at];
            entry_free(map, *held);
            *held = undo.entry;
        } else {
            bool inserted = place_insert(map, table, place, undo.entry);
            rh_assert(inserted);
        }
    }
    map->options.bytes_max = bytes_max;
}

uint64_t hub_memory_map_entries(const struct hub_memory_map *map, unsigned table)
{
    rh_assert(table <= HUB_TABLE_MAX);
    if (table < HUB_TABLE_MAX)
        return map->tables[table].entries;
    uint64_t sum = 0;
    for (unsigned i = 0; i < HUB_TABLE_MAX; i++)
        sum += map->tables[i].entries;
    return sum;
}

uint64_t hub_memory_map_bytes(const struct hub_memory_map *map)
{
    return map->bytes;
}
