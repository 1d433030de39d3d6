/* protocol/src/codec*.c: what is canonical, the cursor, the writer. How it compares with
 * another implementation is in test_codec_twin.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <unistr.h>

#include <rh/codec.h>
#include <rh/limits.h>

#include "support/rht.h"

/* Check a copy that ends where its allocation ends, so that a sanitizer sees one byte too
 * far. Returns the offset of the offence, or -1 when accepted. */
static long offence(const uint8_t *data, size_t bytes)
{
    uint8_t *copy = malloc(bytes > 0 ? bytes : 1);
    assert_non_null(copy);
    memcpy(copy, data, bytes);
    size_t offset = SIZE_MAX;
    enum rh_err err = rh_codec_check(copy, bytes, SIZE_MAX, &offset);
    free(copy);
    if (err == RH_OK)
        return -1;
    assert_int_equal(err, RH_ERR_INVALID);
    assert_true(offset <= bytes);
    return (long)offset;
}

static long offence_hex(const char *hex)
{
    uint8_t data[2048];
    return offence(data, rht_hex(hex, data, sizeof data));
}

static void test_codec_accepts_shortest_forms(void **state)
{
    (void)state;
    static const char *const good[] = {
        "00", "7f", "cc80", "ccff", "cd0100", "cdffff", "ce00010000", "ceffffffff",
        "cf0000000100000000", "cfffffffffffffffff", "ff", "e0", "d0df", "d080", "d1ff7f",
        "d18000", "d2ffff7fff", "d280000000", "d3ffffffff7fffffff", "d38000000000000000",
        "c2", "c3", "a0", "a161", "c400", "c401ff", "90", "80", "9100", "8100a0",
        "82 00 01 01 02", "82 01 c3 a161 c2", "82 a161 00 a162 00", "81 a0 00",
        "82 7f 00 cc80 00", "82 a2 6162 00 a3 616263 00",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (offence_hex(good[i]) != -1)
            fail_msg("refused: %s", good[i]);
    }
}

struct bad {
    const char *hex;
    long offset;
};

static void expect_offences(const struct bad *bad, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        long offset = offence_hex(bad[i].hex);
        if (offset != bad[i].offset)
            fail_msg("%s: offence at %ld, expected %ld", bad[i].hex, offset, bad[i].offset);
    }
}

/* Two encodings of one value would give one message two digests: a sender could deny one. */
static void test_codec_refuses_longer_forms(void **state)
{
    (void)state;
    static const struct bad bad[] = {
        { "cc00", 0 }, { "cc7f", 0 }, { "cd0000", 0 }, { "cd00ff", 0 }, { "ce00000000", 0 },
        { "ce0000ffff", 0 }, { "cf00000000ffffffff", 0 }, { "d000", 0 }, { "d07f", 0 },
        { "d0ff", 0 }, { "d0e0", 0 }, { "d1ff80", 0 }, { "d17fff", 0 }, { "d2ffff8000", 0 },
        { "d3ffffffff80000000", 0 }, { "d37fffffffffffffff", 0 }, { "d900", 0 },
        { "d90161", 0 }, { "da000161", 0 }, { "db0000000161", 0 }, { "c50000", 0 },
        { "c600000000", 0 }, { "dc0000", 0 }, { "dc000100", 0 }, { "dd00000000", 0 },
        { "de0000", 0 }, { "df00000000", 0 }, { "91cc01", 1 }, { "820001 01cc05", 4 },
    };
    expect_offences(bad, sizeof bad / sizeof bad[0]);
}

static void test_codec_refuses_foreign_types(void **state)
{
    (void)state;
    static const struct bad bad[] = {
        { "c0", 0 }, { "c1", 0 }, { "ca00000000", 0 }, { "cb0000000000000000", 0 },
        { "d40100", 0 }, { "d5010000", 0 }, { "d6ff00000000", 0 }, { "c70001", 0 },
        { "c8000001", 0 }, { "c90000000001", 0 }, { "d7ff0000000000000000", 0 },
        { "d80100000000000000000000000000000000", 0 }, { "92 00 c0", 2 }, { "81 00 c0", 2 },
    };
    expect_offences(bad, sizeof bad / sizeof bad[0]);
}

static void test_codec_refuses_trailing_and_missing_bytes(void **state)
{
    (void)state;
    static const struct bad bad[] = {
        { "", 0 }, { "0000", 1 }, { "9000", 1 }, { "c3c3", 1 }, { "91", 0 }, { "cc", 0 },
        { "cd01", 0 }, { "a2 61", 0 }, { "c402 00", 0 }, { "81 00", 0 }, { "92 00 a1", 2 },
        { "92 91 00", 3 }, { "93 90 91 00", 4 }, { "da0100", 0 },
    };
    expect_offences(bad, sizeof bad / sizeof bad[0]);
}

/* A key twice, or in two orders, lets two readers see two different messages. */
static void test_codec_refuses_unordered_keys(void **state)
{
    (void)state;
    static const struct bad bad[] = {
        { "82 00 00 00 00", 3 }, { "82 01 00 00 00", 3 }, { "82 a161 00 a161 00", 4 },
        { "82 a162 00 a161 00", 4 }, { "82 a161 00 00 00", 4 }, { "82 cc80 00 7f 00", 4 },
        { "82 a26162 00 a161 00", 5 }, { "82 c403000000", 1 }, { "81 c2 00", 1 },
        { "81 ff 00", 1 }, { "81 90 00", 1 }, { "81 80 00", 1 }, { "81 c400 00", 1 },
        { "81 a2c3a9 00", 1 }, { "82 00 82 0100 0000 01 00", 5 },
    };
    expect_offences(bad, sizeof bad / sizeof bad[0]);
}

static void test_codec_bounds_depth(void **state)
{
    (void)state;
    uint8_t nested[32];
    for (int map = 0; map < 2; map++) {
        size_t at = 0;
        for (int depth = 1; depth <= RH_MSGPACK_DEPTH_MAX + 1; depth++) {
            nested[at] = map ? 0x80 : 0x90;
            long expected = depth <= RH_MSGPACK_DEPTH_MAX ? -1 : (long)at;
            assert_int_equal(offence(nested, at + 1), expected);
            nested[at++] |= 1;
            if (map)
                nested[at++] = 0x00;
        }
    }
    /* Brothers are not depth. */
    assert_int_equal(offence_hex("93 91 91 00 91 91 00 91 91 00"), -1);
}

/* A few bytes that announce gigabytes must cost nothing. */
static void test_codec_survives_bombs(void **state)
{
    (void)state;
    static const struct bad bad[] = {
        { "ddff000000", 0 }, { "ddffffffff", 0 }, { "dfffffffff", 0 }, { "df80000000", 0 },
        { "dbffffffff61", 0 }, { "c6ffffffff00", 0 }, { "dcffff", 0 }, { "deffff 00 00", 0 },
        { "91ddff000000", 1 }, { "8100dfff000000", 2 },
    };
    expect_offences(bad, sizeof bad / sizeof bad[0]);

    size_t bytes = 1024 * 1024;
    uint8_t *deep = malloc(bytes);
    assert_non_null(deep);
    memset(deep, 0x91, bytes);
    assert_int_equal(offence(deep, bytes), RH_MSGPACK_DEPTH_MAX);
    struct rh_reader reader;
    rh_reader_init(&reader, deep, bytes);
    assert_int_equal(rh_reader_skip(&reader).bytes, 0);
    assert_int_equal(rh_reader_finish(&reader), RH_ERR_INVALID);
    free(deep);
}

static void test_codec_bounds_size(void **state)
{
    (void)state;
    static const uint8_t data[] = { 0x92, 0x00, 0x01 };
    assert_int_equal(rh_codec_check(data, sizeof data, sizeof data, NULL), RH_OK);
    assert_int_equal(rh_codec_check(data, sizeof data, sizeof data - 1, NULL), RH_ERR_FULL);
    assert_int_equal(rh_codec_check(NULL, 0, 0, NULL), RH_ERR_INVALID);
}

/* The suite lists every legal encoding of a value, the shortest first. */
static void test_codec_takes_one_encoding_of_the_suite(void **state)
{
    (void)state;
    json_t *suite = json_load_file(
        RHT_SOURCE_DIR "/tests/data/vectors/msgpack_test_suite_part.json", 0, NULL);
    assert_non_null(suite);
    const char *group;
    json_t *cases;
    size_t seen = 0;
    json_object_foreach(suite, group, cases) {
        size_t i;
        json_t *one;
        json_array_foreach(cases, i, one) {
            size_t j;
            json_t *form;
            json_array_foreach(json_object_get(one, "msgpack"), j, form) {
                bool wanted = j == 0 && json_object_get(one, "nil") == NULL;
                if ((offence_hex(json_string_value(form)) == -1) != wanted)
                    fail_msg("%s %zu: %s", group, i, json_string_value(form));
                seen++;
            }
        }
    }
    json_decref(suite);
    assert_true(seen > 50);
}

/* A str of these bytes, whatever they are. */
static long offence_of_str(const uint8_t *text, size_t bytes)
{
    uint8_t data[2 + 255];
    size_t head = bytes < 32 ? 1 : 2;
    assert_true(bytes <= 255);
    data[0] = bytes < 32 ? (uint8_t)(0xA0 | bytes) : 0xD9;
    data[1] = (uint8_t)bytes;
    memcpy(data + head, text, bytes);
    return offence(data, head + bytes);
}

static void test_codec_agrees_with_the_utf8_stress_test(void **state)
{
    (void)state;
    char *file =
        rht_read_file(RHT_SOURCE_DIR "/tests/data/vectors/utf8_kuhn_lines_part.jsonl", NULL);
    size_t lines = 0;
    for (char *at = file; *at != '\0'; lines++) {
        json_t *line = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);
        assert_non_null(line);
        uint8_t text[255];
        size_t bytes =
            rht_base64(json_string_value(json_object_get(line, "base64")), text, sizeof text);
        bool valid = json_is_true(json_object_get(line, "valid"));
        if ((offence_of_str(text, bytes) == -1) != valid)
            fail_msg("stress line %d", (int)json_integer_value(json_object_get(line, "line")));
        json_decref(line);
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    free(file);
    assert_int_equal(lines, 28);
}

/* Every pair of bytes, and every four that stand at a boundary of the UTF-8 table, against
 * libunistring: a name that one side accepts and the other refuses would be a dead letter. */
static void test_codec_agrees_with_libunistring(void **state)
{
    (void)state;
    static const uint8_t edge[] = { 0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                    0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                    0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF };
    uint8_t data[5] = { 0xA2 };
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        data[1] = (uint8_t)(pair >> 8);
        data[2] = (uint8_t)pair;
        bool ours = rh_codec_check(data, 3, 3, NULL) == RH_OK;
        assert_int_equal(ours, u8_check(data + 1, 2) == NULL);
    }
    data[0] = 0xA4;
    size_t count = sizeof edge;
    for (size_t i = 0; i < count * count * count * count; i++) {
        data[1] = edge[i % count];
        data[2] = edge[i / count % count];
        data[3] = edge[i / count / count % count];
        data[4] = edge[i / count / count / count];
        size_t offset = 0;
        const uint8_t *bad = u8_check(data + 1, 4);
        bool ours = rh_codec_check(data, 5, 5, &offset) == RH_OK;
        if (ours != (bad == NULL) || (!ours && data + offset != bad))
            fail_msg("%02x %02x %02x %02x", data[1], data[2], data[3], data[4]);
    }
}

/* The fuzz seeds say by their names what we must say of them. */
static void test_codec_judges_the_fuzz_seeds_by_name(void **state)
{
    (void)state;
    static const char folder[] = RHT_SOURCE_DIR "/tests/fuzz/corpus/codec";
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    unsigned good = 0;
    unsigned bad = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        bool wanted = strncmp(entry->d_name, "good_", 5) == 0;
        if (!wanted && strncmp(entry->d_name, "bad_", 4) != 0)
            continue;
        char path[4096];
        size_t bytes;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        char *data = rht_read_file(path, &bytes);
        if ((offence((const uint8_t *)data, bytes) == -1) != wanted)
            fail_msg("%s", entry->d_name);
        free(data);
        *(wanted ? &good : &bad) += 1;
    }
    closedir(dir);
    assert_true(good >= 10 && bad >= 20);
}

/* ---- the cursor ---- */

static struct rh_reader reader_of(const char *hex)
{
    static uint8_t data[2048];
    struct rh_reader reader;
    rh_reader_init(&reader, data, rht_hex(hex, data, sizeof data));
    return reader;
}

static void test_reader_reads_each_type(void **state)
{
    (void)state;
    struct rh_reader r = reader_of("9a 07 cdffff d0df 05 c3 a3616263 c4020102 8101a0 90 c2");
    char text[4];
    uint8_t bin[2];
    assert_int_equal(rh_reader_peek(&r), RH_CODEC_ARRAY);
    assert_int_equal(rh_reader_array(&r, 10), 10);
    assert_int_equal(rh_reader_uint(&r), 7);
    assert_int_equal(rh_reader_uint_max(&r, 0xFFFF), 0xFFFF);
    assert_int_equal(rh_reader_peek(&r), RH_CODEC_INT);
    assert_int_equal(rh_reader_int(&r), -33);
    assert_int_equal(rh_reader_int(&r), 5);
    assert_true(rh_reader_bool(&r));
    rh_reader_text(&r, text, sizeof text);
    assert_string_equal(text, "abc");
    rh_reader_bin_exact(&r, bin, 2);
    assert_int_equal(bin[1], 2);
    assert_int_equal(rh_reader_map(&r, 1), 1);
    assert_int_equal(rh_reader_skip(&r).bytes, 1);
    assert_int_equal(rh_reader_str(&r, 0).bytes, 0);
    assert_int_equal(rh_reader_array(&r, 0), 0);
    assert_int_equal(rh_reader_finish(&r), RH_ERR_INVALID); /* one value left */
    assert_false(rh_reader_bool(&r));
    assert_int_equal(rh_reader_peek(&r), RH_CODEC_END);
    assert_int_equal(rh_reader_finish(&r), RH_OK);
}

static void test_reader_reads_extreme_integers(void **state)
{
    (void)state;
    struct rh_reader r = reader_of("d38000000000000000 cf7fffffffffffffff cfffffffffffffffff");
    assert_true(rh_reader_int(&r) == INT64_MIN);
    assert_true(rh_reader_int(&r) == INT64_MAX);
    struct rh_reader again = r;
    assert_true(rh_reader_uint(&r) == UINT64_MAX);
    assert_int_equal(rh_reader_finish(&r), RH_OK);
    assert_int_equal(rh_reader_int(&again), 0); /* does not fit: an offence */
    assert_int_equal(rh_reader_finish(&again), RH_ERR_INVALID);
}

/* After the first offence nothing is returned any more, whatever stands there. */
static void test_reader_is_sticky(void **state)
{
    (void)state;
    struct rh_reader r = reader_of("01 02 a161 c401aa c3 9100 8100a0");
    char text[8] = "old";
    uint8_t bin[1] = { 0x55 };
    assert_int_equal(rh_reader_uint(&r), 1);
    assert_false(rh_reader_bool(&r));
    assert_int_equal(rh_reader_uint(&r), 0);
    assert_int_equal(rh_reader_int(&r), 0);
    rh_reader_text(&r, text, sizeof text);
    assert_string_equal(text, "");
    rh_reader_bin_exact(&r, bin, 1);
    assert_int_equal(bin[0], 0);
    assert_int_equal(rh_reader_array(&r, 9), 0);
    assert_int_equal(rh_reader_map(&r, 9), 0);
    assert_null(rh_reader_str(&r, 9).data);
    assert_null(rh_reader_bin(&r, 9).data);
    assert_null(rh_reader_skip(&r).data);
    assert_int_equal(rh_reader_peek(&r), RH_CODEC_END);
    assert_int_equal(rh_reader_finish(&r), RH_ERR_INVALID);
    assert_int_equal(r.at, 1);
}

static void test_reader_keeps_the_callers_bounds(void **state)
{
    (void)state;
    struct rh_reader r = reader_of("08");
    assert_int_equal(rh_reader_uint_max(&r, 7), 0);
    assert_int_equal(r.err, RH_ERR_INVALID);
    r = reader_of("a3616263");
    assert_null(rh_reader_str(&r, 2).data);
    r = reader_of("c403616263");
    assert_null(rh_reader_bin(&r, 2).data);
    r = reader_of("93000000");
    assert_int_equal(rh_reader_array(&r, 2), 0);
    assert_int_equal(r.err, RH_ERR_INVALID);
    r = reader_of("8200000100");
    assert_int_equal(rh_reader_map(&r, 1), 0);
    assert_int_equal(r.err, RH_ERR_INVALID);
}

/* A file name or an id cut short by a hidden zero byte would name something else. */
static void test_reader_text_refuses_nul_and_overflow(void **state)
{
    (void)state;
    char text[4];
    struct rh_reader r = reader_of("a3610062");
    rh_reader_text(&r, text, sizeof text);
    assert_string_equal(text, "");
    assert_int_equal(r.err, RH_ERR_INVALID);
    r = reader_of("a461626364");
    rh_reader_text(&r, text, sizeof text);
    assert_string_equal(text, "");
    assert_int_equal(r.err, RH_ERR_INVALID);
    r = reader_of("a0");
    rh_reader_text(&r, text, 1);
    assert_int_equal(rh_reader_finish(&r), RH_OK);
}

static void test_reader_bin_exact_wants_exactly(void **state)
{
    (void)state;
    uint8_t out[3];
    struct rh_reader r = reader_of("c4020102");
    rh_reader_bin_exact(&r, out, 3);
    assert_int_equal(r.err, RH_ERR_INVALID);
    assert_int_equal(out[0], 0);
    r = reader_of("c40401020304");
    rh_reader_bin_exact(&r, out, 3);
    assert_int_equal(r.err, RH_ERR_INVALID);
}

static void test_reader_skip_returns_the_whole_value(void **state)
{
    (void)state;
    struct rh_reader r = reader_of("91 8200 92a16105 01 c403010203 c3");
    struct rh_bytes value = rh_reader_skip(&r);
    assert_int_equal(value.bytes, 13);
    assert_int_equal(value.data[0], 0x91);
    assert_true(rh_codec_check(value.data, value.bytes, 64, NULL) == RH_OK);
    assert_true(rh_reader_bool(&r));
    assert_int_equal(rh_reader_finish(&r), RH_OK);
    r = reader_of("9300");
    assert_int_equal(rh_reader_peek(&r), RH_CODEC_END); /* three claimed, one there */
    assert_null(rh_reader_skip(&r).data);
    r = reader_of("92 91 00");
    assert_null(rh_reader_skip(&r).data);
    assert_int_equal(r.err, RH_ERR_INVALID);
}

static void test_reader_reports_an_offence_of_meaning(void **state)
{
    (void)state;
    struct rh_reader r = reader_of("00");
    rh_reader_fail(&r);
    assert_int_equal(rh_reader_finish(&r), RH_ERR_INVALID);
    rh_reader_init(&r, NULL, 0);
    assert_int_equal(rh_reader_peek(&r), RH_CODEC_END);
    assert_int_equal(rh_reader_finish(&r), RH_OK);
    assert_null(rh_reader_skip(&r).data);
    assert_int_equal(r.err, RH_ERR_INVALID);
}

/* ---- the writer ---- */

static void write_sample(struct rh_writer *writer)
{
    static const uint8_t bin[40] = { 1, 2, 3 };
    rh_writer_map(writer, 4);
    rh_writer_uint(writer, 1);
    rh_writer_int(writer, INT64_MIN);
    rh_writer_text(writer, "name");
    rh_writer_text(writer, "\xE6\xA3\x80\xE5\xAF\x9F\xE9\x99\xA2");
    rh_writer_text(writer, "rest");
    rh_writer_array(writer, 3);
    rh_writer_bool(writer, true);
    rh_writer_int(writer, 0);
    rh_writer_raw(writer, (const uint8_t *)"\x81\x00\xC2", 3);
    rh_writer_uint(writer, 300); /* CD 01 2C: by encoded bytes after every short string */
    rh_writer_bin(writer, bin, sizeof bin);
}

static void test_writer_output_is_canonical(void **state)
{
    (void)state;
    uint8_t data[256];
    struct rh_writer writer;
    rh_writer_init(&writer, data, sizeof data);
    write_sample(&writer);
    assert_int_equal(writer.err, RH_OK);
    assert_int_equal(offence(data, writer.bytes), -1);
}

/* Every prefix of a good message is refused, and so is every room too small for it. */
static void test_writer_and_check_at_every_length(void **state)
{
    (void)state;
    uint8_t whole[256];
    struct rh_writer writer;
    rh_writer_init(&writer, whole, sizeof whole);
    write_sample(&writer);
    size_t bytes = writer.bytes;
    for (size_t room = 0; room < bytes; room++) {
        assert_true(offence(whole, room) >= 0);
        uint8_t *data = malloc(room + 1);
        assert_non_null(data);
        rh_writer_init(&writer, data, room);
        write_sample(&writer);
        assert_int_equal(writer.err, RH_ERR_FULL);
        assert_true(writer.bytes <= room);
        free(data);
    }
}

static void test_writer_refuses_text_nobody_could_read(void **state)
{
    (void)state;
    uint8_t data[16];
    struct rh_writer writer;
    rh_writer_init(&writer, data, sizeof data);
    rh_writer_str(&writer, "\xED\xA0\x80", 3); /* a surrogate */
    assert_int_equal(writer.err, RH_ERR_INVALID);
    assert_int_equal(writer.bytes, 0);
    rh_writer_uint(&writer, 1);
    assert_int_equal(writer.bytes, 0);
    rh_writer_init(&writer, data, sizeof data);
    rh_writer_str(&writer, NULL, 0);
    rh_writer_bin(&writer, NULL, 0);
    rh_writer_raw(&writer, NULL, 0);
    assert_int_equal(writer.err, RH_OK);
    assert_memory_equal(data, "\xA0\xC4\x00", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codec_accepts_shortest_forms),
        cmocka_unit_test(test_codec_refuses_longer_forms),
        cmocka_unit_test(test_codec_refuses_foreign_types),
        cmocka_unit_test(test_codec_refuses_trailing_and_missing_bytes),
        cmocka_unit_test(test_codec_refuses_unordered_keys),
        cmocka_unit_test(test_codec_bounds_depth),
        cmocka_unit_test(test_codec_survives_bombs),
        cmocka_unit_test(test_codec_bounds_size),
        cmocka_unit_test(test_codec_takes_one_encoding_of_the_suite),
        cmocka_unit_test(test_codec_agrees_with_the_utf8_stress_test),
        cmocka_unit_test(test_codec_agrees_with_libunistring),
        cmocka_unit_test(test_codec_judges_the_fuzz_seeds_by_name),
        cmocka_unit_test(test_reader_reads_each_type),
        cmocka_unit_test(test_reader_reads_extreme_integers),
        cmocka_unit_test(test_reader_is_sticky),
        cmocka_unit_test(test_reader_keeps_the_callers_bounds),
        cmocka_unit_test(test_reader_text_refuses_nul_and_overflow),
        cmocka_unit_test(test_reader_bin_exact_wants_exactly),
        cmocka_unit_test(test_reader_skip_returns_the_whole_value),
        cmocka_unit_test(test_reader_reports_an_offence_of_meaning),
        cmocka_unit_test(test_writer_output_is_canonical),
        cmocka_unit_test(test_writer_and_check_at_every_length),
        cmocka_unit_test(test_writer_refuses_text_nobody_could_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
