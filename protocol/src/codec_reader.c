/* The cursor. Every step decodes one header again with rh_codec_head, which bounds what it
 * announces by the buffer; that is all the safety there is to it, and it needs no check
 * to have run before. */
#include <rh/codec.h>

#include <string.h>

#include "codec_head.h"

void rh_reader_init(struct rh_reader *reader, const uint8_t *data, size_t bytes)
{
    *reader = (struct rh_reader){ .data = data, .bytes = bytes };
}

void rh_reader_fail(struct rh_reader *reader)
{
    if (reader->err == RH_OK)
        reader->err = RH_ERR_INVALID;
}

enum rh_err rh_reader_finish(const struct rh_reader *reader)
{
    if (reader->err != RH_OK)
        return reader->err;
    return reader->at == reader->bytes ? RH_OK : RH_ERR_INVALID;
}

/* The header at the cursor without moving it; false at the end, after an offence and on
 * bytes that are no canonical header. */
static bool look(const struct rh_reader *reader, struct rh_codec_head *head)
{
    if (reader->err != RH_OK || reader->at >= reader->bytes)
        return false;
    return rh_codec_head(reader->data + reader->at, reader->bytes - reader->at, head);
}

/* Step over a header of this type, or fail without moving. */
static bool take(struct rh_reader *reader, enum rh_codec_type type, uint64_t max,
                 uint64_t *value)
{
    struct rh_codec_head head;
    if (!look(reader, &head) || head.type != type || head.value > max) {
        rh_reader_fail(reader);
        return false;
    }
    reader->at += head.bytes;
    *value = head.value;
    return true;
}

enum rh_codec_type rh_reader_peek(const struct rh_reader *reader)
{
    struct rh_codec_head head;
    return look(reader, &head) ? head.type : RH_CODEC_END;
}

uint64_t rh_reader_uint(struct rh_reader *reader)
{
    return rh_reader_uint_max(reader, UINT64_MAX);
}

uint64_t rh_reader_uint_max(struct rh_reader *reader, uint64_t max)
{
    uint64_t value;
    return take(reader, RH_CODEC_UINT, max, &value) ? value : 0;
}

int64_t rh_reader_int(struct rh_reader *reader)
{
    uint64_t value;
    if (rh_reader_peek(reader) == RH_CODEC_INT)
        return take(reader, RH_CODEC_INT, INT64_MAX, &value) ? -1 - (int64_t)value : 0;
    return (int64_t)rh_reader_uint_max(reader, INT64_MAX);
}

bool rh_reader_bool(struct rh_reader *reader)
{
    uint64_t value;
    return take(reader, RH_CODEC_BOOL, 1, &value) && value == 1;
}

static struct rh_bytes take_bytes(struct rh_reader *reader, enum rh_codec_type type,
                                  size_t bytes_max)
{
    uint64_t length;
    if (!take(reader, type, bytes_max, &length))
        return (struct rh_bytes){ NULL, 0 };
    struct rh_bytes view = { reader->data + reader->at, (size_t)length };
    reader->at += view.bytes;
    return view;
}

struct rh_bytes rh_reader_str(struct rh_reader *reader, size_t bytes_max)
{
    return take_bytes(reader, RH_CODEC_STR, bytes_max);
}

struct rh_bytes rh_reader_bin(struct rh_reader *reader, size_t bytes_max)
{
    return take_bytes(reader, RH_CODEC_BIN, bytes_max);
}

void rh_reader_bin_exact(struct rh_reader *reader, uint8_t *out, size_t bytes)
{
    struct rh_bytes view = take_bytes(reader, RH_CODEC_BIN, bytes);
    if (view.bytes != bytes)
        rh_reader_fail(reader);
    if (bytes == 0)
        return;
    if (reader->err == RH_OK)
        memcpy(out, view.data, bytes);
    else
        memset(out, 0, bytes);
}

void rh_reader_text(struct rh_reader *reader, char *out, size_t capacity)
{
    rh_assert(capacity > 0);
    struct rh_bytes view = take_bytes(reader, RH_CODEC_STR, capacity - 1);
    if (view.bytes > 0 && memchr(view.data, 0, view.bytes) != NULL)
        rh_reader_fail(reader);
    if (reader->err != RH_OK)
        view.bytes = 0;
    if (view.bytes > 0)
        memcpy(out, view.data, view.bytes);
    out[view.bytes] = '\0';
}

uint32_t rh_reader_array(struct rh_reader *reader, uint32_t max)
{
    uint64_t count;
    return take(reader, RH_CODEC_ARRAY, max, &count) ? (uint32_t)count : 0;
}

uint32_t rh_reader_map(struct rh_reader *reader, uint32_t max)
{
    uint64_t count;
    return take(reader, RH_CODEC_MAP, max, &count) ? (uint32_t)count : 0;
}

/* Walks by counting what is still owed instead of nesting, so hostile depth costs nothing.
 * Owing more values than bytes are left is an offence at once, which keeps the sum small. */
struct rh_bytes rh_reader_skip(struct rh_reader *reader)
{
    size_t start = reader->at;
    uint64_t owed = 1;
    while (owed > 0) {
        struct rh_codec_head head;
        if (!look(reader, &head)) {
            rh_reader_fail(reader);
            return (struct rh_bytes){ NULL, 0 };
        }
        reader->at += head.bytes;
        owed--;
        if (head.type == RH_CODEC_STR || head.type == RH_CODEC_BIN)
            reader->at += (size_t)head.value;
        else if (head.type == RH_CODEC_ARRAY)
            owed += head.value;
        else if (head.type == RH_CODEC_MAP)
            owed += head.value * 2;
        if (owed > reader->bytes - reader->at) {
            rh_reader_fail(reader);
            return (struct rh_bytes){ NULL, 0 };
        }
    }
    return (struct rh_bytes){ reader->data + start, reader->at - start };
}
