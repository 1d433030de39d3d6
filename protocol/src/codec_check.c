/* The canonical check: one pass over the bytes with a stack of at most
 * RH_MSGPACK_DEPTH_MAX open arrays and maps, no recursion, no allocation.
 *
 * Each open level counts the values it still expects. A map of n pairs expects 2n values;
 * while the count is even the next one is a key. Example, { 1: [true], 2: 7 }:
 *
 *     82        open map, expects 4
 *     01        key    (4 left, even)      levels: map 3
 *     91        value, open array          levels: map 2, array 1
 *     C3        element, array closes      levels: map 2
 *     02        key    (2 left, even), above the previous key 01
 *     07        value, map closes, nothing open: the one value is complete
 *
 * Because a header is believed only when the buffer has a byte for everything it announces,
 * the work is linear in the bytes and no count needs a bound of its own. */
#include <rh/codec.h>
#include <rh/limits.h>

#include <string.h>

#include "codec_head.h"

struct level {
    uint64_t left;    /* values still expected */
    bool map;         /* else an array */
    size_t key_at;    /* the previous key, to compare the next one with */
    size_t key_bytes; /* its encoded length; 0 before the first */
};

struct walk {
    const uint8_t *data;
    size_t bytes;
    size_t at; /* next value, or the offence after a refusal */
    unsigned depth;
    struct level levels[RH_MSGPACK_DEPTH_MAX];
};

/* Keys are unsigned integers or ASCII strings, strictly ascending by encoded bytes, which
 * also refuses a repeated key. `end` is one past the key. */
static bool check_key(struct walk *walk, struct level *level, const struct rh_codec_head *head,
                      size_t end)
{
    if (head->type == RH_CODEC_STR) {
        const uint8_t *text = walk->data + walk->at + head->bytes;
        if (rh_codec_ascii(text, (size_t)head->value) != head->value)
            return false;
    } else if (head->type != RH_CODEC_UINT) {
        return false;
    }
    size_t bytes = end - walk->at;
    if (level->key_bytes > 0) {
        size_t common = bytes < level->key_bytes ? bytes : level->key_bytes;
        int order = memcmp(walk->data + level->key_at, walk->data + walk->at, common);
        if (order > 0 || (order == 0 && level->key_bytes >= bytes))
            return false;
    }
    level->key_at = walk->at;
    level->key_bytes = bytes;
    return true;
}

static bool open_level(struct walk *walk, const struct rh_codec_head *head)
{
    if (walk->depth == RH_MSGPACK_DEPTH_MAX)
        return false;
    bool map = head->type == RH_CODEC_MAP;
    walk->levels[walk->depth++] =
        (struct level){ .left = map ? head->value * 2 : head->value, .map = map };
    return true;
}

/* Check the value at walk->at and step to the next; an array or map only opens. */
static bool check_value(struct walk *walk)
{
    struct rh_codec_head head;
    if (walk->at == walk->bytes ||
        !rh_codec_head(walk->data + walk->at, walk->bytes - walk->at, &head))
        return false;

    size_t body = walk->at + head.bytes;
    size_t end = body;
    if (head.type == RH_CODEC_STR || head.type == RH_CODEC_BIN)
        end += (size_t)head.value;
    if (walk->depth > 0) {
        struct level *level = &walk->levels[walk->depth - 1];
        bool key = level->map && level->left % 2 == 0;
        level->left--;
        if (key && !check_key(walk, level, &head, end))
            return false;
    }
    if (head.type == RH_CODEC_STR) {
        size_t bad = rh_codec_utf8(walk->data + body, end - body);
        if (bad < end - body) {
            walk->at = body + bad;
            return false;
        }
    }
    if ((head.type == RH_CODEC_ARRAY || head.type == RH_CODEC_MAP) && !open_level(walk, &head))
        return false;
    walk->at = end;
    return true;
}

static bool check_all(struct walk *walk)
{
    do {
        if (!check_value(walk))
            return false;
        while (walk->depth > 0 && walk->levels[walk->depth - 1].left == 0)
            walk->depth--;
    } while (walk->depth > 0);
    return walk->at == walk->bytes;
}

enum rh_err rh_codec_check(const uint8_t *data, size_t bytes, size_t bytes_max, size_t *offset)
{
    if (bytes > bytes_max)
        return RH_ERR_FULL;
    struct walk walk = { .data = data, .bytes = bytes };
    if (check_all(&walk))
        return RH_OK;
    if (offset != NULL)
        *offset = walk.at;
    return RH_ERR_INVALID;
}
