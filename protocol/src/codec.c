/* The writer: msgpack-c chooses the shortest forms, we own the memory. This is the only
 * file of the project that includes msgpack.h. Only its packing half is used; its unpacker
 * allocates what a header claims and is never given bytes from outside. */
#include <rh/codec.h>

#include <msgpack.h>
#include <string.h>

#include "codec_head.h"

static void fail(struct rh_writer *writer, enum rh_err err)
{
    if (writer->err == RH_OK)
        writer->err = err;
}

/* msgpack_packer_write: 0 or non-zero, the latter ends the packing call. */
static int append(void *context, const char *data, size_t bytes)
{
    struct rh_writer *writer = context;
    if (writer->err != RH_OK)
        return -1;
    if (bytes > writer->capacity - writer->bytes) {
        fail(writer, RH_ERR_FULL);
        return -1;
    }
    if (bytes > 0)
        memcpy(writer->data + writer->bytes, data, bytes);
    writer->bytes += bytes;
    return 0;
}

static msgpack_packer packer_for(struct rh_writer *writer)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, writer, append);
    return packer;
}

void rh_writer_init(struct rh_writer *writer, uint8_t *data, size_t capacity)
{
    *writer = (struct rh_writer){ .data = data, .capacity = capacity };
}

/* Results of the packing calls are not looked at: the callback has kept the first error in
 * the writer, and nothing else in them can fail. */

void rh_writer_uint(struct rh_writer *writer, uint64_t value)
{
    msgpack_packer packer = packer_for(writer);
    (void)msgpack_pack_uint64(&packer, value);
}

void rh_writer_int(struct rh_writer *writer, int64_t value)
{
    msgpack_packer packer = packer_for(writer);
    (void)msgpack_pack_int64(&packer, value);
}

void rh_writer_bool(struct rh_writer *writer, bool value)
{
    msgpack_packer packer = packer_for(writer);
    (void)(value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

void rh_writer_str(struct rh_writer *writer, const char *data, size_t bytes)
{
    if (bytes > UINT32_MAX) {
        fail(writer, RH_ERR_FULL);
        return;
    }
    if (bytes > 0 && rh_codec_utf8((const uint8_t *)data, bytes) != bytes) {
        fail(writer, RH_ERR_INVALID);
        return;
    }
    msgpack_packer packer = packer_for(writer);
    (void)msgpack_pack_str(&packer, bytes);
    (void)msgpack_pack_str_body(&packer, data, bytes);
}

void rh_writer_text(struct rh_writer *writer, const char *text)
{
    rh_writer_str(writer, text, strlen(text));
}

void rh_writer_bin(struct rh_writer *writer, const uint8_t *data, size_t bytes)
{
    if (bytes > UINT32_MAX) {
        fail(writer, RH_ERR_FULL);
        return;
    }
    msgpack_packer packer = packer_for(writer);
    (void)msgpack_pack_bin(&packer, bytes);
    (void)msgpack_pack_bin_body(&packer, data, bytes);
}

void rh_writer_array(struct rh_writer *writer, uint32_t count)
{
    msgpack_packer packer = packer_for(writer);
    (void)msgpack_pack_array(&packer, count);
}

void rh_writer_map(struct rh_writer *writer, uint32_t pairs)
{
    msgpack_packer packer = packer_for(writer);
    (void)msgpack_pack_map(&packer, pairs);
}

void rh_writer_raw(struct rh_writer *writer, const uint8_t *data, size_t bytes)
{
    (void)append(writer, (const char *)data, bytes);
}
