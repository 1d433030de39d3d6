/* protocol/src/hash.c. A wrong digest here would make every receipt worthless elsewhere, so
 * all values come from outside: FIPS 180, RFC 6962, Python's hashlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <threads.h>

#include <cmocka.h>
#include <jansson.h>

#include <rh/hash.h>

#include "support/rht.h"

static void expect(const struct rh_hash *hash, const char *hex)
{
    uint8_t wanted[RH_HASH_BYTES];
    assert_int_equal(rht_hex(hex, wanted, sizeof wanted), RH_HASH_BYTES);
    assert_memory_equal(hash->bytes, wanted, RH_HASH_BYTES);
}

static void test_hash_known_answers(void **state)
{
    (void)state;
    struct rh_hash hash;
    rh_hash(NULL, 0, &hash);
    expect(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    rh_hash("abc", 3, &hash);
    expect(&hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_hash_of_parts_is_hash_of_the_whole(void **state)
{
    (void)state;
    struct rht_random random;
    rht_random_init(&random);
    uint8_t data[700];
    rht_random_fill(&random, data, sizeof data);
    for (int i = 0; i < 200; i++) {
        size_t a = rht_random_below(&random, sizeof data);
        size_t b = rht_random_between(&random, a, sizeof data);
        const struct rh_bytes parts[] = {
            { data, a }, { NULL, 0 }, { data + a, b - a }, { data + b, sizeof data - b }
        };
        struct rh_hash whole;
        struct rh_hash pieces;
        rh_hash(data, sizeof data, &whole);
        rh_hash_parts(parts, 4, &pieces);
        assert_true(rh_hash_equal(&whole, &pieces));
    }
}

static void test_hash_tag_separates(void **state)
{
    (void)state;
    const struct rh_bytes abc = { (const uint8_t *)"abc", 3 };
    struct rh_hash hash;
    struct rh_hash other;
    rh_hash_tagged("rhub/item/1", &abc, 1, &hash);
    expect(&hash, "8ffd02f90cc7ef336dc5056a0493ac7542fffefdbc9153ee5d545d909cf90b55");
    rh_hash_tagged("rhub/item/2", &abc, 1, &other);
    assert_false(rh_hash_equal(&hash, &other));
}

static void test_hash_keyed_known_answer(void **state)
{
    (void)state;
    static const char number[] = "R-620423-2024-000001";
    uint8_t key[32];
    for (unsigned i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    struct rh_hash hash;
    struct rh_hash other;
    rh_hash_keyed(key, number, sizeof number - 1, &hash);
    expect(&hash, "5c014b5a02264f45fca5d67ed5873477e9f92402c8cc70e0617752f5ca5a3d5f");
    key[31] ^= 1;
    rh_hash_keyed(key, number, sizeof number - 1, &other);
    assert_false(rh_hash_equal(&hash, &other));
}

/* Root of leaves [from, to), RFC 6962 section 2.1, word by word. */
static struct rh_hash root(const struct rh_hash *leaves, size_t from, size_t to)
{
    if (to - from == 1)
        return leaves[from];
    size_t half = 1;
    while (half * 2 < to - from)
        half *= 2;
    struct rh_hash left = root(leaves, from, from + half);
    struct rh_hash right = root(leaves, from + half, to);
    struct rh_hash node;
    rh_hash_node(&left, &right, &node);
    return node;
}

static void test_hash_builds_the_rfc6962_tree(void **state)
{
    (void)state;
    json_t *file = json_load_file(
        RHT_SOURCE_DIR "/tests/data/vectors/merkle_rfc6962_roots.json", 0, NULL);
    assert_non_null(file);
    json_t *inputs = json_object_get(file, "leaves_hex");
    json_t *roots = json_object_get(file, "roots_hex");
    struct rh_hash leaves[8];
    assert_int_equal(json_array_size(inputs), 8);
    for (size_t i = 0; i < 8; i++) {
        uint8_t data[32];
        size_t bytes =
            rht_hex(json_string_value(json_array_get(inputs, i)), data, sizeof data);
        rh_hash_leaf(data, bytes, &leaves[i]);
        struct rh_hash top = root(leaves, 0, i + 1);
        expect(&top, json_string_value(json_array_get(roots, i)));
    }
    json_decref(file);
}

static void test_hash_equal_looks_at_every_bit(void **state)
{
    (void)state;
    struct rh_hash a;
    rh_hash("a", 1, &a);
    for (unsigned bit = 0; bit < 8 * RH_HASH_BYTES; bit++) {
        struct rh_hash b = a;
        assert_true(rh_hash_equal(&a, &b));
        b.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(rh_hash_equal(&a, &b));
    }
}

static void test_checksum_known_answers(void **state)
{
    (void)state;
    assert_true(rh_checksum("", 0) == UINT64_C(0x2D06800538D394C2));
    assert_true(rh_checksum(NULL, 0) == UINT64_C(0x2D06800538D394C2));
    assert_true(rh_checksum("abc", 3) == UINT64_C(0x78AF5F94892F3950));
}

static int hash_in_thread(void *arg)
{
    struct rh_hash wanted = *(const struct rh_hash *)arg;
    struct rh_hash hash;
    uint8_t noise[300] = { 0 };
    for (size_t i = 0; i < sizeof noise; i++) {
        rh_hash(noise, i, &hash);
        rh_hash("abc", 3, &hash);
        if (!rh_hash_equal(&hash, &wanted))
            return 1;
    }
    return 0;
}

/* Signature workers hash side by side; a shared context would mix their messages. */
static void test_hash_threads_do_not_meet(void **state)
{
    (void)state;
    struct rh_hash wanted;
    thrd_t threads[4];
    rh_hash("abc", 3, &wanted);
    for (int i = 0; i < 4; i++)
        assert_int_equal(thrd_create(&threads[i], hash_in_thread, &wanted), thrd_success);
    for (int i = 0; i < 4; i++) {
        int result = 1;
        assert_int_equal(thrd_join(threads[i], &result), thrd_success);
        assert_int_equal(result, 0);
    }
}

static void test_random_does_not_repeat(void **state)
{
    (void)state;
    uint8_t a[16];
    uint8_t b[16];
    rh_random(a, sizeof a);
    rh_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    rh_random(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_known_answers),
        cmocka_unit_test(test_hash_of_parts_is_hash_of_the_whole),
        cmocka_unit_test(test_hash_tag_separates),
        cmocka_unit_test(test_hash_keyed_known_answer),
        cmocka_unit_test(test_hash_builds_the_rfc6962_tree),
        cmocka_unit_test(test_hash_equal_looks_at_every_bit),
        cmocka_unit_test(test_checksum_known_answers),
        cmocka_unit_test(test_hash_threads_do_not_meet),
        cmocka_unit_test(test_random_does_not_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
