/* Keys and rows of the spool. */
#include "runtime/spool_inside.h"

#include <string.h>

void spool_key_bytes(struct spool_key *key, const void *data, size_t bytes)
{
    rh_assert(bytes <= sizeof key->data - key->bytes);
    if (bytes > 0)
        memcpy(key->data + key->bytes, data, bytes);
    key->bytes += bytes;
}

static void number(struct spool_key *key, uint64_t value, size_t bytes)
{
    uint8_t big[8];
    for (size_t i = 0; i < bytes; i++)
        big[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    spool_key_bytes(key, big, bytes);
}

void spool_key_u8(struct spool_key *key, uint8_t value)
{
    number(key, value, 1);
}

void spool_key_u32(struct spool_key *key, uint32_t value)
{
    number(key, value, 4);
}

void spool_key_u64(struct spool_key *key, uint64_t value)
{
    number(key, value, 8);
}

struct rh_bytes spool_key_of(const struct spool_key *key)
{
    return (struct rh_bytes){ key->data, key->bytes };
}

struct spool_key spool_key_number(uint64_t value)
{
    struct spool_key key = { .bytes = 0 };
    spool_key_u64(&key, value);
    return key;
}

uint64_t spool_read_u64(const uint8_t *data)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++)
        value = value << 8 | data[i];
    return value;
}

uint64_t spool_key_tail(struct rh_bytes key)
{
    return key.bytes >= 8 ? spool_read_u64(key.data + key.bytes - 8) : 0;
}

enum rh_err spool_put_row(struct agent_spool *spool, enum spool_table table,
                          const struct spool_key *key, const struct rh_layout *layout,
                          const void *value)
{
    struct rh_writer writer;
    rh_writer_init(&writer, spool->row, sizeof spool->row);
    rh_layout_write(layout, value, &writer);
    rh_assert(writer.err == RH_OK);
    return spool_put(spool->env, table, spool_key_of(key),
                     (struct rh_bytes){ writer.data, writer.bytes });
}

enum rh_err spool_read_row(struct rh_bytes value, const struct rh_layout *layout, void *out)
{
    struct rh_reader reader;
    rh_reader_init(&reader, value.data, value.bytes);
    rh_layout_read(layout, &reader, out);
    return rh_reader_finish(&reader) == RH_OK ? RH_OK : RH_ERR_CORRUPT;
}

enum rh_err spool_get_row(struct agent_spool *spool, enum spool_table table,
                          const struct spool_key *key, const struct rh_layout *layout,
                          void *out)
{
    struct rh_bytes value;
    enum rh_err err = spool_get(spool->env, table, spool_key_of(key), &value);
    if (err == RH_OK)
        err = spool_read_row(value, layout, out);
    spool_read_done(spool->env);
    return err;
}

enum rh_err spool_lend(struct agent_spool *spool, enum spool_table table,
                       const struct spool_key *key, uint8_t *into, struct rh_bytes *out)
{
    struct rh_bytes value;
    enum rh_err err = spool_get(spool->env, table, spool_key_of(key), &value);
    if (err == RH_OK && value.bytes > RH_FRAME_BYTES_MAX)
        err = RH_ERR_CORRUPT;
    if (err == RH_OK) {
        if (value.bytes > 0)
            memcpy(into, value.data, value.bytes);
        *out = (struct rh_bytes){ into, value.bytes };
    }
    spool_read_done(spool->env);
    return err;
}
