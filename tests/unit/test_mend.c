/* hub/views/mend.c: after a disk has changed rows behind the hub's back, its views must be what
 * the journal says again, all of them, and the report must name what was wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "support/rht.h"
#include "views/memory_map.h"
#include "views/mend.h"
#include "views/views.h"

enum { ROWS = 300, BAD_MAX = 64, TABLES_USED = 5 };

/* A map some of whose rows fail their check until they are written again. */
struct sick {
    struct hub_map map; /* first */
    struct hub_map *inner;
    uint32_t bad_count;
    struct {
        unsigned table;
        size_t bytes;
        uint8_t key[8];
    } bad[BAD_MAX];
};

static struct sick *from(struct hub_map *map)
{
    return (struct sick *)map;
}

static uint32_t find_bad(const struct sick *sick, unsigned table, struct rh_bytes key)
{
    uint32_t i = 0;
    while (i < sick->bad_count &&
           (sick->bad[i].table != table || sick->bad[i].bytes != key.bytes ||
            memcmp(sick->bad[i].key, key.data, key.bytes) != 0))
        i++;
    return i;
}

static void heal(struct sick *sick, unsigned table, struct rh_bytes key)
{
    uint32_t at = find_bad(sick, table, key);
    if (at < sick->bad_count)
        sick->bad[at] = sick->bad[--sick->bad_count];
}

static enum rh_err sick_get(struct hub_map *map, unsigned table, struct rh_bytes key,
                            struct rh_bytes *value)
{
    struct sick *sick = from(map);
    if (find_bad(sick, table, key) < sick->bad_count)
        return RH_ERR_CORRUPT;
    return hub_map_get(sick->inner, table, key, value);
}

static enum rh_err sick_put(struct hub_map *map, unsigned table, struct rh_bytes key,
                            struct rh_bytes value, int append)
{
    struct sick *sick = from(map);
    heal(sick, table, key);
    return append ? hub_map_append(sick->inner, table, key, value)
                  : hub_map_put(sick->inner, table, key, value);
}

static enum rh_err sick_del(struct hub_map *map, unsigned table, struct rh_bytes key)
{
    heal(from(map), table, key);
    return hub_map_del(from(map)->inner, table, key);
}

static enum rh_err sick_next(struct hub_map *map, unsigned table, struct rh_bytes at,
                             struct rh_bytes *key, struct rh_bytes *value)
{
    struct sick *sick = from(map);
    enum rh_err err = hub_map_next(sick->inner, table, at, key, value);
    if (err == RH_OK && find_bad(sick, table, *key) < sick->bad_count)
        return RH_ERR_CORRUPT;
    return err;
}

static const struct hub_map_ops sick_ops = {
    .get = sick_get, .put = sick_put, .del = sick_del, .next = sick_next
};

struct pair {
    struct hub_memory_map *right, *wrong;
    struct sick sick;
};

/* Keys of one to three bytes, so that one can be the beginning of another. */
static void put_random(struct rht_random *random, struct hub_map *a, struct hub_map *b)
{
    uint8_t key[3], value[6];
    const unsigned table = (unsigned)rht_random_below(random, TABLES_USED);
    const struct rh_bytes k = { key, 1 + rht_random_below(random, 3) };
    const struct rh_bytes v = { value, rht_random_below(random, sizeof value + 1) };
    rht_random_fill(random, key, sizeof key);
    rht_random_fill(random, value, sizeof value);
    assert_int_equal(hub_map_put(a, table, k, v), RH_OK);
    if (b != NULL)
        assert_int_equal(hub_map_put(b, table, k, v), RH_OK);
}

static void begin(struct pair *pair, struct rht_random *random)
{
    memset(pair, 0, sizeof *pair);
    assert_int_equal(hub_memory_map_new(&pair->right, NULL), RH_OK);
    assert_int_equal(hub_memory_map_new(&pair->wrong, NULL), RH_OK);
    pair->sick.map.ops = &sick_ops;
    pair->sick.inner = hub_memory_map_map(pair->wrong);
    for (int i = 0; i < ROWS; i++)
        put_random(random, hub_memory_map_map(pair->right), pair->sick.inner);
}

static void end(struct pair *pair)
{
    hub_memory_map_destroy(&pair->right);
    hub_memory_map_destroy(&pair->wrong);
}

/* The next entry at or behind a random place; false at the end. */
static bool pick(struct rht_random *random, struct hub_map *map, unsigned *table,
                 uint8_t key[3], struct rh_bytes *out)
{
    struct rh_bytes found, value;
    uint8_t at = (uint8_t)rht_random_below(random, 256);
    *table = (unsigned)rht_random_below(random, TABLES_USED);
    if (hub_map_next(map, *table, (struct rh_bytes){ &at, 1 }, &found, &value) != RH_OK)
        return false;
    memcpy(key, found.data, found.bytes);
    *out = (struct rh_bytes){ key, found.bytes };
    return true;
}

/* What a disk may do: a row that fails its check, a lost one, one too many, another value. */
static void harm(struct rht_random *random, struct pair *pair)
{
    uint8_t key[3];
    struct rh_bytes at;
    unsigned table;
    switch (rht_random_below(random, 4)) {
    case 0:
        if (pair->sick.bad_count < BAD_MAX &&
            pick(random, pair->sick.inner, &table, key, &at) &&
            find_bad(&pair->sick, table, at) == pair->sick.bad_count) {
            pair->sick.bad[pair->sick.bad_count].table = table;
            pair->sick.bad[pair->sick.bad_count].bytes = at.bytes;
            memcpy(pair->sick.bad[pair->sick.bad_count++].key, at.data, at.bytes);
        }
        break;
    case 1:
        if (pick(random, pair->sick.inner, &table, key, &at))
            assert_int_equal(sick_del(&pair->sick.map, table, at), RH_OK);
        break;
    case 2:
        put_random(random, &pair->sick.map, NULL);
        break;
    default:
        if (pick(random, pair->sick.inner, &table, key, &at))
            assert_int_equal(sick_put(&pair->sick.map, table, at,
                                      (struct rh_bytes){ (const uint8_t *)"other", 5 }, 0),
                             RH_OK);
        break;
    }
}

/* The same entries in the same order, by a walk of its own. */
static void expect_equal(struct hub_map *a, struct hub_map *b)
{
    for (unsigned table = 0; table < HUB_TABLES; table++) {
        uint8_t place[8] = { 0 };
        struct rh_bytes at = { NULL, 0 };
        for (;;) {
            struct rh_bytes key_a, key_b, value_a, value_b;
            enum rh_err err = hub_map_next(a, table, at, &key_a, &value_a);
            assert_int_equal(hub_map_next(b, table, at, &key_b, &value_b), err);
            if (err == RH_ERR_NOTFOUND)
                break;
            assert_int_equal(err, RH_OK);
            assert_int_equal(key_a.bytes, key_b.bytes);
            assert_memory_equal(key_a.data, key_b.data, key_a.bytes);
            assert_int_equal(value_a.bytes, value_b.bytes);
            if (value_a.bytes > 0)
                assert_memory_equal(value_a.data, value_b.data, value_a.bytes);
            memcpy(place, key_a.data, key_a.bytes);
            place[key_a.bytes] = 0;
            at = (struct rh_bytes){ place, key_a.bytes + 1 };
        }
    }
}

/* Whatever was done to it, the map is the right one afterwards, and a second look finds
 * nothing. */
static void test_mend_makes_any_map_equal(void **state)
{
    (void)state;
    struct rht_random random;
    rht_random_init(&random);
    for (int round = 0; round < 200; round++) {
        struct pair pair;
        struct hub_mended mended;
        begin(&pair, &random);
        uint64_t harms = rht_random_below(&random, 40);
        for (uint64_t i = 0; i < harms; i++)
            harm(&random, &pair);
        struct hub_map *right = hub_memory_map_map(pair.right);
        assert_int_equal(hub_views_mend(&pair.sick.map, right, &mended), RH_OK);
        assert_true(mended.rows <= harms);
        assert_int_equal(pair.sick.bad_count, 0);
        expect_equal(&pair.sick.map, right);
        assert_int_equal(hub_views_mend(&pair.sick.map, right, &mended), RH_OK);
        assert_int_equal(mended.rows, 0);
        assert_string_equal(mended.text, "");
        end(&pair);
    }
}

/* In pieces, while records go on changing both maps, the result is the same; no piece is longer
 * than what it was given, or the hub would stand still. */
static void test_mend_in_pieces_while_records_go_on(void **state)
{
    (void)state;
    struct rht_random random;
    rht_random_init(&random);
    for (int round = 0; round < 200; round++) {
        struct pair pair;
        struct hub_mended mended = { .rows = 0 }, again = { .rows = 0 };
        struct hub_mend_walk walk = { .table = 0 };
        begin(&pair, &random);
        struct hub_map *right = hub_memory_map_map(pair.right);
        uint64_t harms = rht_random_below(&random, 40), pieces = 0;
        for (uint64_t i = 0; i < harms; i++)
            harm(&random, &pair);
        uint32_t length = 1 + (uint32_t)rht_random_below(&random, 20);
        for (bool over = false; !over; pieces++) {
            assert_int_equal(hub_views_mend_some(&pair.sick.map, right, &walk, length, &mended,
                                                 &over),
                             RH_OK);
            if (rht_random_once_in(&random, 3))
                put_random(&random, right, &pair.sick.map);
        }
        assert_true(pieces >= hub_memory_map_entries(pair.right, HUB_TABLE_MAX) / length / 2);
        assert_int_equal(hub_views_mend_saved(&pair.sick.map, right, &mended), RH_OK);
        assert_true(mended.rows <= harms);
        expect_equal(&pair.sick.map, right);
        assert_int_equal(hub_views_mend(&pair.sick.map, right, &again), RH_OK);
        assert_int_equal(again.rows, 0);
        end(&pair);
    }
}

/* The log must say which row it was. */
static void test_mend_names_the_first_row(void **state)
{
    (void)state;
    struct rht_random random;
    struct pair pair;
    struct hub_mended mended;
    const struct rh_bytes key = { (const uint8_t *)"\x01\xfe", 2 };
    const struct rh_bytes value = { (const uint8_t *)"v", 1 };
    rht_random_init(&random);
    begin(&pair, &random);
    assert_int_equal(
        hub_map_put(hub_memory_map_map(pair.right), HUB_TABLE_REFERRAL, key, value), RH_OK);
    assert_int_equal(
        hub_views_mend(&pair.sick.map, hub_memory_map_map(pair.right), &mended), RH_OK);
    assert_int_equal(mended.rows, 1);
    assert_string_equal(mended.text, "table 6 (referral) key 01fe: it was missing");
    end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mend_makes_any_map_equal),
        cmocka_unit_test(test_mend_in_pieces_while_records_go_on),
        cmocka_unit_test(test_mend_names_the_first_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
