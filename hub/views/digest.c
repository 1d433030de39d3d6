#include "views/digest.h"

#include <string.h>

#include "views/keys.h"

void hub_digest_entry(unsigned table, struct rh_bytes key, struct rh_bytes value,
                      struct rh_hash *out)
{
    rh_assert(key.bytes <= HUB_MAP_KEY_MAX);
    const uint8_t head[3] = { (uint8_t)table, (uint8_t)(key.bytes >> 8), (uint8_t)key.bytes };
    const struct rh_bytes parts[] = { { head, sizeof head }, key, value };
    rh_hash_parts(parts, sizeof parts / sizeof parts[0], out);
}

void hub_digest_add(struct rh_hash *sum, const struct rh_hash *entry)
{
    unsigned carry = 0;
    for (unsigned i = RH_HASH_BYTES; i-- > 0;) {
        carry += (unsigned)sum->bytes[i] + entry->bytes[i];
        sum->bytes[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

void hub_digest_subtract(struct rh_hash *sum, const struct rh_hash *entry)
{
    unsigned borrow = 0;
    for (unsigned i = RH_HASH_BYTES; i-- > 0;) {
        unsigned take = (unsigned)entry->bytes[i] + borrow;
        borrow = sum->bytes[i] < take ? 1 : 0;
        sum->bytes[i] = (uint8_t)(sum->bytes[i] + (borrow << 8) - take);
    }
}

bool hub_table_is_digested(unsigned table)
{
    return table < HUB_TABLES && table != HUB_TABLE_BODY && table != HUB_TABLE_LOCAL;
}

enum rh_err hub_views_digest_encode(struct hub_views *views, struct rh_writer *writer)
{
    enum rh_err err = hub_views_save(views);
    if (err != RH_OK)
        return err;
    uint32_t count = 0;
    for (unsigned table = 0; table < HUB_TABLES; table++)
        count += hub_table_is_digested(table) ? 1 : 0;
    rh_writer_array(writer, count);
    for (unsigned table = 0; table < HUB_TABLES; table++) {
        if (!hub_table_is_digested(table))
            continue;
        rh_writer_array(writer, 2);
        rh_writer_uint(writer, table);
        rh_writer_bin(writer, views->digests[table].bytes, RH_HASH_BYTES);
    }
    return writer->err;
}

enum rh_err hub_views_digest_check(struct hub_views *views, struct rh_bytes digest_rows,
                                   unsigned *table)
{
    uint8_t bytes[HUB_DIGEST_ROWS_BYTES_MAX];
    struct rh_writer writer;
    rh_writer_init(&writer, bytes, sizeof bytes);
    enum rh_err err = hub_views_digest_encode(views, &writer);
    if (err != RH_OK)
        return err;
    if (digest_rows.bytes != writer.bytes)
        return RH_ERR_CORRUPT;
    if (memcmp(digest_rows.data, bytes, writer.bytes) == 0)
        return RH_OK;

    struct rh_reader reader;
    rh_reader_init(&reader, digest_rows.data, digest_rows.bytes);
    uint32_t count = rh_reader_array(&reader, HUB_TABLES);
    for (uint32_t i = 0; i < count && reader.err == RH_OK; i++) {
        struct rh_hash digest;
        uint32_t width = rh_reader_array(&reader, 2);
        unsigned which = (unsigned)rh_reader_uint_max(&reader, HUB_TABLES - 1);
        rh_reader_bin_exact(&reader, digest.bytes, sizeof digest.bytes);
        if (reader.err != RH_OK || width != 2 || !hub_table_is_digested(which))
            return RH_ERR_CORRUPT;
        if (!rh_hash_equal(&digest, &views->digests[which])) {
            *table = which;
            return RH_ERR_NOTFOUND;
        }
    }
    return RH_ERR_CORRUPT;
}

enum rh_err hub_views_digest_compute(struct hub_map *map, struct rh_hash out[HUB_TABLES])
{
    memset(out, 0, HUB_TABLES * sizeof out[0]);
    for (unsigned table = 0; table < HUB_TABLES; table++) {
        if (!hub_table_is_digested(table))
            continue;
        struct hub_key from = { .bytes = 0 };
        for (;;) {
            struct rh_bytes key, value;
            enum rh_err err = hub_map_next(map, table, hub_key_view(&from), &key, &value);
            if (err == RH_ERR_NOTFOUND)
                break;
            if (err != RH_OK)
                return err;
            if (key.bytes >= HUB_MAP_KEY_MAX)
                return RH_ERR_CORRUPT;
            struct rh_hash entry;
            hub_digest_entry(table, key, value, &entry);
            hub_digest_add(&out[table], &entry);
            from = hub_key_after(key);
        }
    }
    return RH_OK;
}
