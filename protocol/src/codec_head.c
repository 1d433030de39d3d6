#include "codec_head.h"

#include <string.h>

/* The formats 0xC0 to 0xDF. `least` is the smallest value that has no shorter form; for
 * negative integers it counts from -1 downwards (value -1 - n has rank n), which lets one
 * comparison serve all rows. A zero width is a one-byte format or a refused one: nil (C0),
 * the never used C1, floats, ext. Source: protocol/spec/wire.md, "Encoding". */
struct format {
    enum rh_codec_type type;
    unsigned width; /* bytes of the big-endian number after the first byte */
    uint64_t least;
};

static const struct format formats[32] = {
    [0x04] = { RH_CODEC_BIN, 1, 0 },
    [0x05] = { RH_CODEC_BIN, 2, 0x100 },
    [0x06] = { RH_CODEC_BIN, 4, 0x10000 },
    [0x0C] = { RH_CODEC_UINT, 1, 0x80 },
    [0x0D] = { RH_CODEC_UINT, 2, 0x100 },
    [0x0E] = { RH_CODEC_UINT, 4, 0x10000 },
    [0x0F] = { RH_CODEC_UINT, 8, 0x100000000 },
    [0x10] = { RH_CODEC_INT, 1, 0x20 },
    [0x11] = { RH_CODEC_INT, 2, 0x80 },
    [0x12] = { RH_CODEC_INT, 4, 0x8000 },
    [0x13] = { RH_CODEC_INT, 8, 0x80000000 },
    [0x19] = { RH_CODEC_STR, 1, 0x20 },
    [0x1A] = { RH_CODEC_STR, 2, 0x100 },
    [0x1B] = { RH_CODEC_STR, 4, 0x10000 },
    [0x1C] = { RH_CODEC_ARRAY, 2, 0x10 },
    [0x1D] = { RH_CODEC_ARRAY, 4, 0x10000 },
    [0x1E] = { RH_CODEC_MAP, 2, 0x10 },
    [0x1F] = { RH_CODEC_MAP, 4, 0x10000 },
};

static bool refuse(struct rh_codec_head *out)
{
    *out = (struct rh_codec_head){ .type = RH_CODEC_END };
    return false;
}

static uint64_t big_endian(const uint8_t *data, unsigned width)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++)
        value = value << 8 | data[i];
    return value;
}

/* Rank of a two's complement number: -1 - number. False when it is not negative. */
static bool rank_of(uint64_t raw, unsigned width, uint64_t *rank)
{
    uint64_t sign = UINT64_C(1) << (8 * width - 1);
    if ((raw & sign) == 0)
        return false;
    *rank = ~raw & (sign - 1);
    return true;
}

static bool wide(uint8_t first, const uint8_t *data, size_t bytes, struct rh_codec_head *out)
{
    const struct format *format = &formats[first - 0xC0];
    if (format->width == 0 || bytes - 1 < format->width)
        return false;
    uint64_t value = big_endian(data + 1, format->width);
    if (format->type == RH_CODEC_INT && !rank_of(value, format->width, &value))
        return false;
    if (value < format->least)
        return false;
    *out = (struct rh_codec_head){ format->type, value, 1 + (size_t)format->width };
    return true;
}

/* The headers whose value sits in the first byte. */
static bool narrow(uint8_t first, struct rh_codec_head *out)
{
    if (first < 0x80)
        *out = (struct rh_codec_head){ RH_CODEC_UINT, first, 1 };
    else if (first < 0x90)
        *out = (struct rh_codec_head){ RH_CODEC_MAP, first & 0x0FU, 1 };
    else if (first < 0xA0)
        *out = (struct rh_codec_head){ RH_CODEC_ARRAY, first & 0x0FU, 1 };
    else if (first < 0xC0)
        *out = (struct rh_codec_head){ RH_CODEC_STR, first & 0x1FU, 1 };
    else if (first == 0xC2 || first == 0xC3)
        *out = (struct rh_codec_head){ RH_CODEC_BOOL, first & 1U, 1 };
    else if (first >= 0xE0)
        *out = (struct rh_codec_head){ RH_CODEC_INT, 0xFFU - first, 1 };
    else
        return false;
    return true;
}

static bool room_for(const struct rh_codec_head *head, size_t left)
{
    switch (head->type) {
    case RH_CODEC_STR:
    case RH_CODEC_BIN:
    case RH_CODEC_ARRAY:
        return head->value <= left;
    case RH_CODEC_MAP:
        return head->value <= left / 2;
    case RH_CODEC_END:
    case RH_CODEC_UINT:
    case RH_CODEC_INT:
    case RH_CODEC_BOOL:
        break;
    }
    return true;
}

bool rh_codec_head(const uint8_t *data, size_t bytes, struct rh_codec_head *out)
{
    if (bytes == 0)
        return refuse(out);
    if (!narrow(data[0], out) &&
        (data[0] < 0xC0 || data[0] > 0xDF || !wide(data[0], data, bytes, out)))
        return refuse(out);
    if (!room_for(out, bytes - out->bytes))
        return refuse(out);
    return true;
}

size_t rh_codec_ascii(const uint8_t *data, size_t bytes)
{
    size_t at = 0;
    while (bytes - at >= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, data + at, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
        at += sizeof word;
    }
    while (at < bytes && data[at] < 0x80)
        at++;
    return at;
}

/* Length of the well-formed sequence at data, 0 when there is none. Only the second byte has
 * a range that depends on the first; that is where overlong forms, surrogates and everything
 * above U+10FFFF drop out. */
static size_t sequence(const uint8_t *data, size_t bytes)
{
    uint8_t first = data[0];
    if (first < 0x80)
        return 1;
    size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (first < 0xC2 || first > 0xF4 || bytes < length)
        return 0;
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (data[1] < low || data[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((data[i] & 0xC0) != 0x80)
            return 0;
    }
    return length;
}

size_t rh_codec_utf8(const uint8_t *data, size_t bytes)
{
    size_t at = rh_codec_ascii(data, bytes);
    while (at < bytes) {
        size_t length = sequence(data + at, bytes - at);
        if (length == 0)
            return at;
        at += length;
    }
    return bytes;
}
