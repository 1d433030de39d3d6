#include <rh/item.h>

#include <string.h>

#include "parts.h"

static struct rh_bytes view(const void *data, size_t bytes)
{
    return (struct rh_bytes){ data, bytes };
}

static void put_u32be(uint8_t out[4], size_t value)
{
    rh_assert(value <= UINT32_MAX);
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

void rh_item_commit(const uint8_t salt[RH_SALT_BYTES], struct rh_bytes private_part,
                    struct rh_bytes body, struct rh_hash *out)
{
    uint8_t length[4];
    put_u32be(length, private_part.bytes);
    struct rh_bytes parts[] = { view(salt, RH_SALT_BYTES), view(length, sizeof length),
                                private_part, body };
    rh_hash_tagged("rhub/content/1", parts, sizeof parts / sizeof parts[0], out);
}

void rh_external_hash(const uint8_t key[32], const char *system, struct rh_bytes number,
                      struct rh_hash *out)
{
    uint8_t joined[RH_SYSTEM_BYTES_MAX + 1 + RH_EXTERNAL_NUMBER_BYTES_MAX];
    size_t system_bytes = rh_part_length(system, RH_SYSTEM_BYTES_MAX) + 1;
    size_t number_bytes = number.bytes;
    if (number_bytes > RH_EXTERNAL_NUMBER_BYTES_MAX)
        number_bytes = RH_EXTERNAL_NUMBER_BYTES_MAX;
    memcpy(joined, system, system_bytes - 1);
    joined[system_bytes - 1] = 0;
    if (number_bytes > 0)
        memcpy(joined + system_bytes, number.data, number_bytes);
    rh_hash_keyed(key, joined, system_bytes + number_bytes, out);
}

/* SHA-256 of the empty list of sealed keys (the byte 0x90), by far the most frequent one. */
static const struct rh_hash no_keys_hash = {
    { 0x9e, 0x07, 0x6c, 0xea, 0xf2, 0x46, 0xb6, 0x00, 0x3d, 0x9c, 0x26,
      0x80, 0xa2, 0xb4, 0xcf, 0x0b, 0xff, 0xd0, 0x69, 0x80, 0x59, 0x02,
      0xb0, 0xb5, 0xed, 0xee, 0xbf, 0x49, 0x03, 0x9f, 0xe4, 0xbd }
};

static bool is_no_keys(struct rh_bytes keys)
{
    return keys.bytes == 0 || (keys.bytes == 1 && keys.data[0] == 0x90);
}

void rh_item_digest(const struct rh_item *item, struct rh_hash *out)
{
    uint8_t length[4];
    struct rh_hash keys_hash = no_keys_hash;
    put_u32be(length, item->public_part.bytes);
    if (!is_no_keys(item->keys))
        rh_hash(item->keys.data, item->keys.bytes, &keys_hash);
    struct rh_bytes parts[] = { view(length, sizeof length), item->public_part,
                                view(item->commitment.bytes, RH_HASH_BYTES),
                                view(keys_hash.bytes, RH_HASH_BYTES) };
    rh_hash_tagged("rhub/item/1", parts, sizeof parts / sizeof parts[0], out);
}

enum rh_err rh_item_check(const struct rh_item *item)
{
    struct rh_hash opened;
    rh_item_commit(item->salt, item->private_part, item->body, &opened);
    return rh_hash_equal(&opened, &item->commitment) ? RH_OK : RH_ERR_CRYPTO;
}

/* One entry of the list of sealed keys. */
static void read_sealed_key(struct rh_reader *reader, struct rh_sealed_key *out)
{
    rh_part_read_exact_array(reader, 2);
    rh_part_read_agency(reader, &out->agency);
    rh_reader_bin_exact(reader, out->sealed, sizeof out->sealed);
}

struct rh_bytes rh_part_read_keys(struct rh_reader *reader)
{
    struct rh_bytes none = { NULL, 0 };
    struct rh_agency_id seen[RH_SEALED_KEYS_MAX];
    size_t begin = reader->at;
    uint32_t count = rh_reader_array(reader, RH_SEALED_KEYS_MAX);
    for (uint32_t i = 0; i < count && reader->err == RH_OK; i++) {
        struct rh_sealed_key entry;
        read_sealed_key(reader, &entry);
        if (reader->err != RH_OK)
            return none;
        seen[i] = entry.agency;
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(seen[k].text, entry.agency.text) == 0)
                rh_reader_fail(reader);
    }
    if (reader->err != RH_OK)
        return none;
    return view(reader->data + begin, reader->at - begin);
}

void rh_part_write_keys(struct rh_writer *writer, struct rh_bytes keys)
{
    if (is_no_keys(keys))
        rh_writer_array(writer, 0);
    else
        rh_writer_raw(writer, keys.data, keys.bytes);
}

/* What is too large is well formed otherwise; its sender is told so (RH-4103). */
static struct rh_bytes read_sized(struct rh_reader *reader, size_t bytes_max)
{
    struct rh_bytes value = rh_reader_bin(reader, reader->bytes);
    if (reader->err == RH_OK && value.bytes > bytes_max)
        reader->err = RH_ERR_FULL;
    return value;
}

void rh_part_read_item(struct rh_reader *reader, struct rh_item *out)
{
    size_t begin = reader->at;
    rh_part_read_exact_array(reader, 6);
    out->public_part = read_sized(reader, RH_PUBLIC_BYTES_MAX);
    rh_part_read_hash(reader, &out->commitment);
    out->keys = rh_part_read_keys(reader);
    rh_reader_bin_exact(reader, out->salt, sizeof out->salt);
    out->private_part = read_sized(reader, RH_PRIVATE_BYTES_MAX);
    out->body = read_sized(reader, RH_ITEM_BYTES_MAX);
    if (reader->err == RH_OK && reader->at - begin > RH_ITEM_BYTES_MAX)
        reader->err = RH_ERR_FULL;
}

static void write_item(struct rh_writer *writer, const struct rh_item *item)
{
    rh_writer_array(writer, 6);
    rh_writer_bin(writer, item->public_part.data, item->public_part.bytes);
    rh_writer_bin(writer, item->commitment.bytes, sizeof item->commitment.bytes);
    rh_part_write_keys(writer, item->keys);
    rh_writer_bin(writer, item->salt, sizeof item->salt);
    rh_writer_bin(writer, item->private_part.data, item->private_part.bytes);
    rh_writer_bin(writer, item->body.data, item->body.bytes);
}

enum rh_err rh_item_encode(const struct rh_item *item, struct rh_writer *writer)
{
    size_t begin = writer->bytes;
    if (item->public_part.bytes > RH_PUBLIC_BYTES_MAX ||
        item->private_part.bytes > RH_PRIVATE_BYTES_MAX)
        return RH_ERR_FULL;
    write_item(writer, item);
    if (writer->err == RH_OK && writer->bytes - begin > RH_ITEM_BYTES_MAX)
        return RH_ERR_FULL;
    return writer->err;
}

enum rh_err rh_item_decode(struct rh_bytes bytes, struct rh_item *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_codec_check(bytes.data, bytes.bytes, RH_ITEM_BYTES_MAX, NULL);
    if (err != RH_OK)
        return err;
    rh_reader_init(&reader, bytes.data, bytes.bytes);
    rh_part_read_item(&reader, out);
    return rh_reader_finish(&reader);
}

enum rh_err rh_item_keys_encode(const struct rh_sealed_key *keys, uint32_t count,
                                struct rh_writer *writer)
{
    if (count > RH_SEALED_KEYS_MAX)
        return RH_ERR_FULL;
    rh_writer_array(writer, count);
    for (uint32_t i = 0; i < count; i++) {
        rh_writer_array(writer, 2);
        rh_writer_text(writer, keys[i].agency.text);
        rh_writer_bin(writer, keys[i].sealed, sizeof keys[i].sealed);
    }
    return writer->err;
}

enum rh_err rh_item_key_for(const struct rh_item *item, const struct rh_agency_id *agency,
                            uint8_t sealed[RH_SEALED_KEY_BYTES])
{
    struct rh_reader reader;
    if (is_no_keys(item->keys))
        return RH_ERR_NOTFOUND;
    rh_reader_init(&reader, item->keys.data, item->keys.bytes);
    uint32_t count = rh_reader_array(&reader, RH_SEALED_KEYS_MAX);
    for (uint32_t i = 0; i < count && reader.err == RH_OK; i++) {
        struct rh_sealed_key entry;
        read_sealed_key(&reader, &entry);
        if (reader.err == RH_OK && strcmp(entry.agency.text, agency->text) == 0) {
            memcpy(sealed, entry.sealed, sizeof entry.sealed);
            return RH_OK;
        }
    }
    return reader.err == RH_OK ? RH_ERR_NOTFOUND : RH_ERR_INVALID;
}
