/* Our reader against msgpack-c, the stupid twin: it accepts far more than we do, but what it
 * understands and packs again unchanged, and keeps our few extra rules, is exactly what we
 * must accept. Only here may its unpacker run, and never on bytes that claim 2^32 elements,
 * because it allocates what it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <msgpack.h>
#include <unistr.h>

#include <rh/codec.h>
#include <rh/limits.h>

#include "support/rht.h"

enum { VALUES = 3000, MUTATIONS = 12, KEYS_MAX = 20, KEY_BYTES = 24, ROOM = 64 * 1024 };

/* ---- random content, written by both sides at once ---- */

struct both {
    struct rht_random *random;
    struct rh_writer ours;
    msgpack_packer theirs;
    unsigned depth; /* open arrays and maps */
};

struct key {
    uint8_t data[KEY_BYTES]; /* encoded by our writer */
    size_t bytes;
    uint64_t number;
    char text[KEY_BYTES];
    size_t text_bytes;
    bool is_text;
};

/* Numbers of every width equally often. */
static uint64_t any_number(struct rht_random *random)
{
    return rht_random_u64(random) >> rht_random_below(random, 64);
}

static void put_number(struct both *both, uint64_t number)
{
    rh_writer_uint(&both->ours, number);
    msgpack_pack_uint64(&both->theirs, number);
}

static void put_negative(struct both *both)
{
    int64_t number = -1 - (int64_t)(any_number(both->random) >> 1);
    rh_writer_int(&both->ours, number);
    msgpack_pack_int64(&both->theirs, number);
}

static size_t any_length(struct rht_random *random)
{
    static const size_t edges[] = { 0, 1, 31, 32, 255, 256, 300 };
    return rht_random_once_in(random, 4)
               ? edges[rht_random_below(random, sizeof edges / sizeof edges[0])]
               : (size_t)rht_random_below(random, 12);
}

static void put_text(struct both *both)
{
    uint8_t text[512];
    size_t wanted = any_length(both->random);
    size_t bytes = 0;
    while (bytes < wanted) {
        ucs4_t point = (ucs4_t)(any_number(both->random) % 0x110000);
        int length = u8_uctomb(text + bytes, point, (ptrdiff_t)(sizeof text - bytes));
        bytes += length > 0 ? (size_t)length : 0; /* a surrogate: draw again */
    }
    rh_writer_str(&both->ours, (const char *)text, bytes);
    msgpack_pack_str(&both->theirs, bytes);
    msgpack_pack_str_body(&both->theirs, text, bytes);
}

static void put_bin(struct both *both)
{
    uint8_t bin[512];
    size_t bytes = any_length(both->random);
    rht_random_fill(both->random, bin, sizeof bin);
    rh_writer_bin(&both->ours, bin, bytes);
    msgpack_pack_bin(&both->theirs, bytes);
    msgpack_pack_bin_body(&both->theirs, bin, bytes);
}

static struct key any_key(struct rht_random *random)
{
    struct key key = { .is_text = rht_random_once_in(random, 2) };
    struct rh_writer writer;
    rh_writer_init(&writer, key.data, sizeof key.data);
    if (key.is_text) {
        key.text_bytes = rht_random_below(random, 6);
        for (size_t i = 0; i < key.text_bytes; i++)
            key.text[i] = (char)rht_random_between(random, 'a', 'd');
        rh_writer_str(&writer, key.text, key.text_bytes);
    } else {
        key.number = any_number(random);
        rh_writer_uint(&writer, key.number);
    }
    assert_int_equal(writer.err, RH_OK);
    key.bytes = writer.bytes;
    return key;
}

static int compare_bytes(const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes)
{
    int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);
    return order != 0 ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static int compare_keys(const void *a, const void *b)
{
    const struct key *left = a;
    const struct key *right = b;
    return compare_bytes(left->data, left->bytes, right->data, right->bytes);
}

static void put_value(struct both *both);

static void put_map(struct both *both)
{
    struct key keys[KEYS_MAX];
    size_t drawn = rht_random_below(both->random, rht_random_once_in(both->random, 4) ? 20 : 5);
    size_t count = 0;
    for (size_t i = 0; i < drawn; i++)
        keys[i] = any_key(both->random);
    qsort(keys, drawn, sizeof keys[0], compare_keys);
    for (size_t i = 0; i < drawn; i++) {
        if (count == 0 || compare_keys(&keys[count - 1], &keys[i]) != 0)
            keys[count++] = keys[i];
    }
    rh_writer_map(&both->ours, (uint32_t)count);
    msgpack_pack_map(&both->theirs, count);
    for (size_t i = 0; i < count; i++) {
        if (keys[i].is_text) {
            rh_writer_str(&both->ours, keys[i].text, keys[i].text_bytes);
            msgpack_pack_str(&both->theirs, keys[i].text_bytes);
            msgpack_pack_str_body(&both->theirs, keys[i].text, keys[i].text_bytes);
        } else {
            put_number(both, keys[i].number);
        }
        put_value(both);
    }
}

static void put_array(struct both *both)
{
    size_t count = rht_random_below(both->random, rht_random_once_in(both->random, 4) ? 20 : 5);
    rh_writer_array(&both->ours, (uint32_t)count);
    msgpack_pack_array(&both->theirs, count);
    for (size_t i = 0; i < count; i++)
        put_value(both);
}

static void put_value(struct both *both)
{
    bool may_open = both->depth < RH_MSGPACK_DEPTH_MAX && both->ours.bytes < ROOM / 4;
    uint64_t kind = rht_random_below(both->random, may_open ? 9 : 5);
    if (both->depth == 0)
        kind = rht_random_between(both->random, 3, 8);
    bool flag = rht_random_once_in(both->random, 2);
    switch (kind) {
    case 0:
        put_number(both, any_number(both->random));
        break;
    case 1:
        put_negative(both);
        break;
    case 2:
        rh_writer_bool(&both->ours, flag);
        (void)(flag ? msgpack_pack_true(&both->theirs) : msgpack_pack_false(&both->theirs));
        break;
    case 3:
        put_text(both);
        break;
    case 4:
        put_bin(both);
        break;
    default:
        both->depth++;
        (flag ? put_map : put_array)(both);
        both->depth--;
        break;
    }
}

/* ---- the twin's verdict ---- */

static bool ascii(const msgpack_object_str *text)
{
    for (uint32_t i = 0; i < text->size; i++) {
        if ((uint8_t)text->ptr[i] > 0x7F)
            return false;
    }
    return true;
}

static void pack(const msgpack_object *object, msgpack_sbuffer *out)
{
    msgpack_packer packer;
    msgpack_sbuffer_init(out);
    msgpack_packer_init(&packer, out, msgpack_sbuffer_write);
    assert_int_equal(msgpack_pack_object(&packer, *object), 0);
}

static bool ascending(const msgpack_object *left, const msgpack_object *right)
{
    msgpack_sbuffer a;
    msgpack_sbuffer b;
    pack(left, &a);
    pack(right, &b);
    int order = compare_bytes((const uint8_t *)a.data, a.size, (const uint8_t *)b.data, b.size);
    msgpack_sbuffer_destroy(&a);
    msgpack_sbuffer_destroy(&b);
    return order < 0;
}

static bool keeps_our_rules(const msgpack_object *object, unsigned depth);

static bool map_keeps_our_rules(const msgpack_object_map *map, unsigned depth)
{
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object *key = &map->ptr[i].key;
        bool number = key->type == MSGPACK_OBJECT_POSITIVE_INTEGER;
        bool text = key->type == MSGPACK_OBJECT_STR && ascii(&key->via.str);
        if ((!number && !text) || !keeps_our_rules(&map->ptr[i].val, depth))
            return false;
        if (i > 0 && !ascending(&map->ptr[i - 1].key, key))
            return false;
    }
    return true;
}

static bool keeps_our_rules(const msgpack_object *object, unsigned depth)
{
    switch (object->type) {
    case MSGPACK_OBJECT_BOOLEAN:
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
    case MSGPACK_OBJECT_BIN:
        return true;
    case MSGPACK_OBJECT_STR:
        return u8_check((const uint8_t *)object->via.str.ptr, object->via.str.size) == NULL;
    case MSGPACK_OBJECT_ARRAY:
        for (uint32_t i = 0; i < object->via.array.size; i++) {
            if (!keeps_our_rules(&object->via.array.ptr[i], depth + 1))
                return false;
        }
        return depth < RH_MSGPACK_DEPTH_MAX;
    case MSGPACK_OBJECT_MAP:
        return depth < RH_MSGPACK_DEPTH_MAX && map_keeps_our_rules(&object->via.map, depth + 1);
    case MSGPACK_OBJECT_NIL:
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
    case MSGPACK_OBJECT_EXT:
        break;
    }
    return false;
}

/* Equal content: our cursor walks along the twin's tree. */
static void walk_along(struct rh_reader *reader, const msgpack_object *object)
{
    struct rh_bytes view;
    switch (rh_reader_peek(reader)) {
    case RH_CODEC_UINT:
        assert_int_equal(object->type, MSGPACK_OBJECT_POSITIVE_INTEGER);
        assert_true(rh_reader_uint(reader) == object->via.u64);
        break;
    case RH_CODEC_INT:
        assert_int_equal(object->type, MSGPACK_OBJECT_NEGATIVE_INTEGER);
        assert_true(rh_reader_int(reader) == object->via.i64);
        break;
    case RH_CODEC_BOOL:
        assert_int_equal(object->type, MSGPACK_OBJECT_BOOLEAN);
        assert_int_equal(rh_reader_bool(reader), object->via.boolean);
        break;
    case RH_CODEC_STR:
        assert_int_equal(object->type, MSGPACK_OBJECT_STR);
        view = rh_reader_str(reader, SIZE_MAX);
        assert_int_equal(view.bytes, object->via.str.size);
        assert_memory_equal(view.data, object->via.str.ptr, view.bytes);
        break;
    case RH_CODEC_BIN:
        assert_int_equal(object->type, MSGPACK_OBJECT_BIN);
        view = rh_reader_bin(reader, SIZE_MAX);
        assert_int_equal(view.bytes, object->via.bin.size);
        assert_memory_equal(view.data, object->via.bin.ptr, view.bytes);
        break;
    case RH_CODEC_ARRAY:
        assert_int_equal(object->type, MSGPACK_OBJECT_ARRAY);
        assert_int_equal(rh_reader_array(reader, UINT32_MAX), object->via.array.size);
        for (uint32_t i = 0; i < object->via.array.size; i++)
            walk_along(reader, &object->via.array.ptr[i]);
        break;
    case RH_CODEC_MAP:
        assert_int_equal(object->type, MSGPACK_OBJECT_MAP);
        assert_int_equal(rh_reader_map(reader, UINT32_MAX), object->via.map.size);
        for (uint32_t i = 0; i < object->via.map.size; i++) {
            walk_along(reader, &object->via.map.ptr[i].key);
            walk_along(reader, &object->via.map.ptr[i].val);
        }
        break;
    case RH_CODEC_END:
        fail_msg("our reader stopped at offset %zu", reader->at);
    }
}

/* What the twin says of these bytes; when it agrees that they are canonical, the content
 * must be equal too. */
static bool twin_accepts(const uint8_t *data, size_t bytes)
{
    msgpack_unpacked result;
    msgpack_sbuffer again;
    size_t used = 0;
    bool canonical = false;
    msgpack_unpacked_init(&result);
    if (msgpack_unpack_next(&result, (const char *)data, bytes, &used) ==
            MSGPACK_UNPACK_SUCCESS &&
        used == bytes) {
        pack(&result.data, &again);
        canonical = again.size == bytes && memcmp(again.data, data, bytes) == 0 &&
                    keeps_our_rules(&result.data, 0);
        msgpack_sbuffer_destroy(&again);
    }
    if (canonical) {
        struct rh_reader reader;
        rh_reader_init(&reader, data, bytes);
        walk_along(&reader, &result.data);
        assert_int_equal(rh_reader_finish(&reader), RH_OK);
    }
    msgpack_unpacked_destroy(&result);
    return canonical;
}

/* ---- damage ---- */

static size_t mutate(struct rht_random *random, uint8_t *data, size_t bytes)
{
    static const uint8_t tags[] = { 0x00, 0x7F, 0x80, 0x81, 0x90, 0x91, 0xA0, 0xA1,
                                    0xC0, 0xC2, 0xC4, 0xC5, 0xCA, 0xCC, 0xCD, 0xCE,
                                    0xCF, 0xD0, 0xD1, 0xD2, 0xD3, 0xD9, 0xDA, 0xDB,
                                    0xDC, 0xDD, 0xDE, 0xDF, 0xE0, 0xFF };
    size_t at = bytes > 0 ? rht_random_below(random, bytes) : 0;
    size_t tail = bytes - at;
    switch (rht_random_below(random, 6)) {
    case 0: /* flip a bit */
        data[at] ^= (uint8_t)(1U << rht_random_below(random, 8));
        return bytes;
    case 1: /* another header */
        data[at] = tags[rht_random_below(random, sizeof tags)];
        return bytes;
    case 2: /* cut */
        return at;
    case 3: /* leave one out */
        memmove(data + at, data + at + 1, tail - 1);
        return bytes - 1;
    case 4: /* one more */
        memmove(data + at + 1, data + at, tail);
        data[at] = tags[rht_random_below(random, sizeof tags)];
        return bytes + 1;
    default: /* say something twice */
        tail = tail < 8 ? tail : 8;
        memmove(data + at + tail, data + at, bytes - at);
        return bytes + tail;
    }
}

/* The cursor on unchecked bytes: any order of calls must stay inside and end. */
static void stumble(struct rht_random *random, const uint8_t *data, size_t bytes)
{
    struct rh_reader reader;
    char text[8];
    uint8_t bin[8];
    rh_reader_init(&reader, data, bytes);
    while (rh_reader_peek(&reader) != RH_CODEC_END) {
        enum rh_codec_type type = rh_reader_peek(&reader);
        size_t before = reader.at;
        if (rht_random_once_in(random, 8))
            (void)rh_reader_skip(&reader);
        else if (type == RH_CODEC_ARRAY)
            (void)rh_reader_array(&reader, UINT32_MAX);
        else if (type == RH_CODEC_MAP)
            (void)rh_reader_map(&reader, UINT32_MAX);
        else if (type == RH_CODEC_STR)
            rh_reader_text(&reader, text, sizeof text);
        else if (type == RH_CODEC_BIN)
            rh_reader_bin_exact(&reader, bin, rht_random_below(random, sizeof bin));
        else if (type == RH_CODEC_BOOL)
            (void)rh_reader_bool(&reader);
        else
            (void)rh_reader_int(&reader);
        assert_true(reader.at > before || reader.err != RH_OK);
        assert_true(reader.at <= reader.bytes);
    }
}

struct tally {
    unsigned accepted;
    unsigned refused;
};

static void compare_damaged(struct rht_random *random, const uint8_t *data, size_t bytes,
                            struct tally *tally)
{
    uint8_t *copy = malloc(bytes + 16);
    assert_non_null(copy);
    memcpy(copy, data, bytes);
    size_t left = mutate(random, copy, bytes);
    uint8_t *exact = realloc(copy, left > 0 ? left : 1); /* so that a byte too far is seen */
    assert_non_null(exact);
    bool ours = rh_codec_check(exact, left, SIZE_MAX, NULL) == RH_OK;
    bool bomb = memchr(exact, 0xDD, left) != NULL || memchr(exact, 0xDF, left) != NULL;
    if ((ours || !bomb) && twin_accepts(exact, left) != ours)
        fail_msg("%s alone accepts %zu bytes; repeat with the seed", ours ? "we" : "the twin",
                 left);
    stumble(random, exact, left);
    free(exact);
    tally->accepted += ours;
    tally->refused += !ours;
}

static void test_codec_equals_its_twin(void **state)
{
    (void)state;
    static uint8_t room[ROOM];
    struct rht_random random;
    struct tally tally = { 0 };
    rht_random_init(&random);
    for (unsigned i = 0; i < VALUES; i++) {
        msgpack_sbuffer theirs;
        msgpack_sbuffer_init(&theirs);
        struct both both = { .random = &random };
        rh_writer_init(&both.ours, room, sizeof room);
        msgpack_packer_init(&both.theirs, &theirs, msgpack_sbuffer_write);
        put_value(&both);

        assert_int_equal(both.ours.err, RH_OK);
        assert_int_equal(both.ours.bytes, theirs.size);
        assert_memory_equal(room, theirs.data, theirs.size);
        assert_int_equal(rh_codec_check(room, theirs.size, ROOM, NULL), RH_OK);
        assert_true(twin_accepts(room, theirs.size));
        for (unsigned j = 0; j < MUTATIONS; j++)
            compare_damaged(&random, room, theirs.size, &tally);
        msgpack_sbuffer_destroy(&theirs);
    }
    print_message("damaged: %u still canonical, %u refused\n", tally.accepted, tally.refused);
    assert_true(tally.accepted > VALUES / 10); /* else the comparison would say little */
    assert_true(tally.refused > VALUES);
}

/* Sizes that cross from one header width to the next, too large for the random test. */
static void test_codec_equals_its_twin_at_width_edges(void **state)
{
    (void)state;
    static const size_t edges[] = { 15, 16, 31, 32, 255, 256, 65535, 65536, 70000 };
    size_t capacity = 1024 * 1024;
    uint8_t *data = malloc(capacity);
    assert_non_null(data);
    memset(data, 'a', capacity);
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        for (int kind = 0; kind < 4; kind++) {
            uint8_t *out = malloc(capacity);
            assert_non_null(out);
            struct rh_writer writer;
            rh_writer_init(&writer, out, capacity);
            if (kind == 0)
                rh_writer_str(&writer, (const char *)data, edges[i]);
            else if (kind == 1)
                rh_writer_bin(&writer, data, edges[i]);
            else if (kind == 2)
                rh_writer_array(&writer, (uint32_t)edges[i]);
            else
                rh_writer_map(&writer, (uint32_t)edges[i]);
            for (size_t j = 0; kind == 2 && j < edges[i]; j++)
                rh_writer_bool(&writer, true);
            for (size_t j = 0; kind == 3 && j < edges[i]; j++) {
                rh_writer_uint(&writer, j);
                rh_writer_uint(&writer, 0);
            }
            assert_int_equal(writer.err, RH_OK);
            assert_int_equal(rh_codec_check(out, writer.bytes, SIZE_MAX, NULL), RH_OK);
            assert_true(twin_accepts(out, writer.bytes));
            free(out);
        }
    }
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codec_equals_its_twin),
        cmocka_unit_test(test_codec_equals_its_twin_at_width_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
