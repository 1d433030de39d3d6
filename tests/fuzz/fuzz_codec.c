/* The canonical check and the cursor.
 *
 * Accepted bytes: msgpack-c understands all of them, the cursor reads them to the end, and
 * our writer gives back the same bytes. Any bytes: the cursor, called in an order the input
 * itself chooses, moves only forward and ends. */
#include <stdlib.h>
#include <string.h>

#include <msgpack.h>

#include <rh/codec.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Copy one value from reader to writer; depth is bounded because the bytes were checked. */
static void copy_value(struct rh_reader *reader, struct rh_writer *writer)
{
    struct rh_bytes view;
    uint32_t count = 0;
    switch (rh_reader_peek(reader)) {
    case RH_CODEC_UINT:
        rh_writer_uint(writer, rh_reader_uint(reader));
        break;
    case RH_CODEC_INT:
        rh_writer_int(writer, rh_reader_int(reader));
        break;
    case RH_CODEC_BOOL:
        rh_writer_bool(writer, rh_reader_bool(reader));
        break;
    case RH_CODEC_STR:
        view = rh_reader_str(reader, SIZE_MAX);
        rh_writer_str(writer, (const char *)view.data, view.bytes);
        break;
    case RH_CODEC_BIN:
        view = rh_reader_bin(reader, SIZE_MAX);
        rh_writer_bin(writer, view.data, view.bytes);
        break;
    case RH_CODEC_ARRAY:
        count = rh_reader_array(reader, UINT32_MAX);
        rh_writer_array(writer, count);
        for (uint32_t i = 0; i < count; i++)
            copy_value(reader, writer);
        break;
    case RH_CODEC_MAP:
        count = rh_reader_map(reader, UINT32_MAX);
        rh_writer_map(writer, count);
        for (uint64_t i = 0; i < (uint64_t)count * 2; i++)
            copy_value(reader, writer);
        break;
    case RH_CODEC_END:
        rh_panic(__FILE__, __LINE__, "the cursor stops inside checked bytes");
    }
}

static void expect_same_again(const uint8_t *data, size_t bytes)
{
    struct rh_reader reader;
    struct rh_writer writer;
    uint8_t *out = malloc(bytes);
    rh_assert(out != NULL);
    rh_reader_init(&reader, data, bytes);
    rh_writer_init(&writer, out, bytes);
    copy_value(&reader, &writer);
    rh_assert(rh_reader_finish(&reader) == RH_OK);
    rh_assert(writer.err == RH_OK && writer.bytes == bytes);
    rh_assert(memcmp(out, data, bytes) == 0);
    free(out);
}

static void expect_twin_agrees(const uint8_t *data, size_t bytes)
{
    msgpack_unpacked result;
    size_t used = 0;
    msgpack_unpacked_init(&result);
    rh_assert(msgpack_unpack_next(&result, (const char *)data, bytes, &used) ==
              MSGPACK_UNPACK_SUCCESS);
    rh_assert(used == bytes);
    msgpack_unpacked_destroy(&result);
}

/* One call after another, chosen by the low bits of the byte at the cursor's mirror image. */
static void stumble(const uint8_t *data, size_t bytes)
{
    struct rh_reader reader;
    char text[16];
    uint8_t bin[16];
    rh_reader_init(&reader, data, bytes);
    while (reader.err == RH_OK && reader.at < bytes) {
        size_t before = reader.at;
        unsigned choice = data[bytes - 1 - before];
        if (choice % 16 == 0)
            (void)rh_reader_skip(&reader);
        else if (choice % 16 == 1)
            (void)rh_reader_int(&reader);
        else
            switch (rh_reader_peek(&reader)) {
            case RH_CODEC_UINT:
                (void)rh_reader_uint_max(&reader, choice < 128 ? 1000 : UINT64_MAX);
                break;
            case RH_CODEC_INT:
                (void)rh_reader_int(&reader);
                break;
            case RH_CODEC_BOOL:
                (void)rh_reader_bool(&reader);
                break;
            case RH_CODEC_STR:
                rh_reader_text(&reader, text, sizeof text);
                break;
            case RH_CODEC_BIN:
                rh_reader_bin_exact(&reader, bin, choice % sizeof bin);
                break;
            case RH_CODEC_ARRAY:
                (void)rh_reader_array(&reader, UINT32_MAX);
                break;
            case RH_CODEC_MAP:
                (void)rh_reader_map(&reader, UINT32_MAX);
                break;
            case RH_CODEC_END:
                rh_reader_fail(&reader);
                break;
            }
        rh_assert(reader.at <= bytes);
        rh_assert(reader.at > before || reader.err != RH_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    size_t offset = SIZE_MAX;
    enum rh_err err = rh_codec_check(data, bytes, SIZE_MAX, &offset);
    if (err == RH_OK) {
        expect_twin_agrees(data, bytes);
        expect_same_again(data, bytes);
    } else {
        rh_assert(err == RH_ERR_INVALID && offset <= bytes);
    }
    stumble(data, bytes);
    return 0;
}
