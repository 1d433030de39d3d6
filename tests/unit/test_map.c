/* The ordered map: memory and LMDB against the same stupid twin, an unsorted array.
 *
 * If the two differ anywhere, an auditor's replay would end in other rows than the hub's, and
 * nobody could tell damage from a difference of libraries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "support/rht.h"
#include "views/memory_map.h"

enum { TABLES = 3, TWIN_MAX = 2000, KEY_MAX = 24, VALUE_MAX = 60 };

/* One implementation under test. */
struct subject {
    struct hub_memory_map *memory; /* one of these two is set */
    struct hub_store *store;
    const char *path;
    struct hub_map *map;
};

struct row {
    unsigned table;
    uint8_t key[KEY_MAX];
    size_t key_bytes;
    uint8_t value[VALUE_MAX];
    size_t value_bytes;
    uint8_t kind; /* long values are `value_bytes` times this byte */
};

struct twin {
    struct row rows[TWIN_MAX];
    size_t count;
};

static struct twin now;  /* what the map must hold */
static struct twin then; /* at the last commit */

static void open_store(struct subject *subject)
{
    struct hub_store_options options = {
        .path = subject->path, .map_bytes = 64 << 20, .tables = TABLES, .create = true
    };
    struct hub_store_report report = { "" };
    enum rh_err err = hub_store_open(&subject->store, &options, &report);
    if (err != RH_OK)
        print_error("%s\n", report.text);
    assert_int_equal(err, RH_OK);
    subject->map = hub_store_map(subject->store);
}

static void commit(struct subject *subject)
{
    if (subject->memory != NULL)
        hub_memory_map_commit(subject->memory);
    else
        assert_int_equal(hub_store_commit(subject->store), RH_OK);
    then = now;
}

static void abort_batch(struct subject *subject)
{
    if (subject->memory != NULL)
        hub_memory_map_abort(subject->memory);
    else
        hub_store_abort(subject->store);
    now = then;
}

/* Close without commit and open again: back at the last commit. */
static void reopen(struct subject *subject)
{
    if (subject->memory != NULL) {
        hub_memory_map_abort(subject->memory);
    } else {
        hub_store_close(&subject->store);
        open_store(subject);
    }
    now = then;
}

static int order(struct rh_bytes a, struct rh_bytes b)
{
    for (size_t i = 0; i < a.bytes && i < b.bytes; i++)
        if (a.data[i] != b.data[i])
            return a.data[i] < b.data[i] ? -1 : 1;
    return a.bytes < b.bytes ? -1 : a.bytes > b.bytes;
}

static struct rh_bytes key_of(const struct row *row)
{
    return (struct rh_bytes){ row->key, row->key_bytes };
}

static struct row *twin_find(unsigned table, struct rh_bytes key)
{
    for (size_t i = 0; i < now.count; i++)
        if (now.rows[i].table == table && order(key_of(&now.rows[i]), key) == 0)
            return &now.rows[i];
    return NULL;
}

static struct row *twin_next(unsigned table, struct rh_bytes from)
{
    struct row *best = NULL;
    for (size_t i = 0; i < now.count; i++) {
        struct row *row = &now.rows[i];
        if (row->table == table && order(key_of(row), from) >= 0 &&
            (best == NULL || order(key_of(row), key_of(best)) < 0))
            best = row;
    }
    return best;
}

static void check_value(const struct row *row, struct rh_bytes value)
{
    assert_int_equal(value.bytes, row->value_bytes);
    if (row->value_bytes <= VALUE_MAX) {
        if (row->value_bytes > 0)
            assert_memory_equal(value.data, row->value, row->value_bytes);
        return;
    }
    for (size_t i = 0; i < value.bytes; i++)
        assert_int_equal(value.data[i], row->kind);
}

static void random_key(struct rht_random *random, struct row *row)
{
    row->table = (unsigned)rht_random_below(random, TABLES);
    /* Few different bytes: shared prefixes and keys that are prefixes of others. */
    row->key_bytes = rht_random_between(random, 1, rht_random_once_in(random, 4) ? 20 : 4);
    for (size_t i = 0; i < row->key_bytes; i++)
        row->key[i] = (uint8_t)(rht_random_below(random, 4) * 85);
}

static struct rh_bytes random_value(struct rht_random *random, struct row *row)
{
    static uint8_t big[HUB_MAP_VALUE_MAX];
    if (rht_random_once_in(random, 60)) { /* LMDB keeps these on pages of their own */
        row->value_bytes = rht_random_between(random, VALUE_MAX + 1, sizeof big);
        row->kind = (uint8_t)rht_random_u64(random);
        memset(big, row->kind, row->value_bytes);
        return (struct rh_bytes){ big, row->value_bytes };
    }
    row->value_bytes = rht_random_below(random, VALUE_MAX + 1);
    rht_random_fill(random, row->value, row->value_bytes);
    return (struct rh_bytes){ row->value, row->value_bytes };
}

static void step_put(struct subject *subject, struct rht_random *random)
{
    struct row row = { 0 };
    random_key(random, &row);
    struct rh_bytes value = random_value(random, &row);
    struct row *old = twin_find(row.table, key_of(&row));
    if (old == NULL && now.count == TWIN_MAX)
        return;
    /* Half of the appends break their promise. */
    bool append = rht_random_once_in(random, 3);
    enum rh_err err = append ? hub_map_append(subject->map, row.table, key_of(&row), value)
                             : hub_map_put(subject->map, row.table, key_of(&row), value);
    assert_int_equal(err, RH_OK);
    if (old != NULL)
        *old = row;
    else
        now.rows[now.count++] = row;
}

/* Key and value of a put may lie in the map itself. */
static void step_copy(struct subject *subject, struct rht_random *random)
{
    struct row to = { 0 };
    random_key(random, &to);
    const struct row *from = twin_next(to.table, (struct rh_bytes){ NULL, 0 });
    struct row *old = twin_find(to.table, key_of(&to));
    if (from == NULL || (old == NULL && now.count == TWIN_MAX))
        return;
    struct rh_bytes value;
    assert_int_equal(hub_map_get(subject->map, to.table, key_of(from), &value), RH_OK);
    assert_int_equal(hub_map_put(subject->map, to.table, key_of(&to), value), RH_OK);
    to.value_bytes = from->value_bytes;
    to.kind = from->kind;
    memcpy(to.value, from->value, VALUE_MAX);
    if (old != NULL)
        *old = to;
    else
        now.rows[now.count++] = to;
}

static void step_del(struct subject *subject, struct rht_random *random)
{
    struct row row = { 0 };
    random_key(random, &row);
    struct row *old = twin_find(row.table, key_of(&row));
    if (old == NULL && rht_random_once_in(random, 2))
        old = twin_next(row.table, key_of(&row));
    struct rh_bytes key = old != NULL ? key_of(old) : key_of(&row);
    enum rh_err err = hub_map_del(subject->map, row.table, key);
    assert_int_equal(err, old != NULL ? RH_OK : RH_ERR_NOTFOUND);
    if (old != NULL)
        *old = now.rows[--now.count];
}

static void step_get(struct subject *subject, struct rht_random *random)
{
    struct row row = { 0 };
    random_key(random, &row);
    const struct row *held = twin_find(row.table, key_of(&row));
    struct rh_bytes value;
    enum rh_err err = hub_map_get(subject->map, row.table, key_of(&row), &value);
    assert_int_equal(err, held != NULL ? RH_OK : RH_ERR_NOTFOUND);
    if (held != NULL)
        check_value(held, value);
}

static void step_next(struct subject *subject, struct rht_random *random)
{
    struct row row = { 0 };
    random_key(random, &row);
    if (rht_random_once_in(random, 5))
        row.key_bytes = 0;
    const struct row *held = twin_next(row.table, key_of(&row));
    struct rh_bytes key;
    struct rh_bytes value;
    enum rh_err err = hub_map_next(subject->map, row.table, key_of(&row), &key, &value);
    assert_int_equal(err, held != NULL ? RH_OK : RH_ERR_NOTFOUND);
    if (held == NULL)
        return;
    assert_int_equal(order(key, key_of(held)), 0);
    check_value(held, value);
}

/* Walk everything: the same rows, in order, no more and no fewer. */
static void check_all(struct subject *subject)
{
    size_t seen = 0;
    for (unsigned table = 0; table < TABLES; table++) {
        uint8_t from[HUB_MAP_KEY_MAX + 1];
        size_t from_bytes = 0;
        uint64_t in_table = 0;
        struct rh_bytes key;
        struct rh_bytes value;
        while (hub_map_next(subject->map, table, (struct rh_bytes){ from, from_bytes }, &key,
                            &value) == RH_OK) {
            const struct row *held = twin_find(table, key);
            assert_non_null(held);
            check_value(held, value);
            memcpy(from, key.data, key.bytes);
            from[key.bytes] = 0;
            from_bytes = key.bytes + 1;
            in_table++;
        }
        uint64_t counted = 0;
        if (subject->memory != NULL)
            counted = hub_memory_map_entries(subject->memory, table);
        else
            assert_int_equal(hub_store_entries(subject->store, table, &counted), RH_OK);
        assert_int_equal(counted, in_table);
        seen += in_table;
    }
    assert_int_equal(seen, now.count);
}

static void run_twin(struct subject *subject, unsigned steps)
{
    struct rht_random random;
    rht_random_init(&random);
    memset(&now, 0, sizeof now);
    memset(&then, 0, sizeof then);
    for (unsigned i = 0; i < steps; i++) {
        /* Filling up and emptying out take turns, so that pages split and merge. */
        unsigned puts = i / 3000 % 2 == 0 ? 50 : 15;
        uint64_t dice = rht_random_below(&random, 100);
        if (dice < puts)
            step_put(subject, &random);
        else if (dice < 65)
            step_del(subject, &random);
        else if (dice < 70)
            step_copy(subject, &random);
        else if (dice < 83)
            step_get(subject, &random);
        else
            step_next(subject, &random);
        if (rht_random_once_in(&random, 150))
            commit(subject);
        if (rht_random_once_in(&random, 400))
            abort_batch(subject);
        if (rht_random_once_in(&random, 1500))
            reopen(subject);
        if (rht_random_once_in(&random, 1500))
            check_all(subject);
    }
    check_all(subject);
}

static void test_memory_agrees_with_twin(void **state)
{
    (void)state;
    struct subject subject = { 0 };
    struct hub_memory_options options = { .undo = true };
    assert_int_equal(hub_memory_map_new(&subject.memory, &options), RH_OK);
    subject.map = hub_memory_map_map(subject.memory);
    run_twin(&subject, 24000);
    hub_memory_map_destroy(&subject.memory);
    hub_memory_map_destroy(&subject.memory);
}

static void test_store_agrees_with_twin(void **state)
{
    (void)state;
    char *path = rht_tmp_path("twin");
    struct subject subject = { .path = path };
    open_store(&subject);
    run_twin(&subject, 12000);
    hub_store_close(&subject.store);
    free(path);
}

static struct rh_bytes number_key(uint8_t out[8], uint64_t number)
{
    for (int i = 7; i >= 0; i--) {
        out[i] = (uint8_t)number;
        number >>= 8;
    }
    return (struct rh_bytes){ out, 8 };
}

/* A replay that outgrows its bound must say so and keep what it has. */
static void test_memory_bound_is_full_and_changes_nothing(void **state)
{
    (void)state;
    static const uint8_t value[100] = { 7 };
    struct hub_memory_map *memory;
    struct hub_memory_options options = { .bytes_max = 100000 };
    assert_int_equal(hub_memory_map_new(&memory, &options), RH_OK);
    struct hub_map *map = hub_memory_map_map(memory);
    uint8_t key[8];
    uint64_t count = 0;
    enum rh_err err = RH_OK;
    while ((err = hub_map_put(map, 0, number_key(key, count),
                              (struct rh_bytes){ value, sizeof value })) == RH_OK)
        count++;
    assert_int_equal(err, RH_ERR_FULL);
    assert_true(count > 500);
    assert_int_equal(hub_memory_map_entries(memory, HUB_TABLE_MAX), count);
    assert_true(hub_memory_map_bytes(memory) <= options.bytes_max);
    for (uint64_t i = 0; i < count; i++)
        assert_int_equal(hub_map_del(map, 0, number_key(key, i)), RH_OK);
    assert_int_equal(hub_memory_map_bytes(memory), 0);
    hub_memory_map_destroy(&memory);
}

/* Growing tables stay packed, and scattered deletes do not leave thousands of chunks behind. */
static void test_memory_stays_packed(void **state)
{
    (void)state;
    struct hub_memory_map *memory;
    assert_int_equal(hub_memory_map_new(&memory, NULL), RH_OK);
    struct hub_map *map = hub_memory_map_map(memory);
    enum { COUNT = 50000 };
    uint8_t key[8];
    for (uint64_t i = 0; i < COUNT; i++)
        assert_int_equal(
            hub_map_append(map, 5, number_key(key, i), (struct rh_bytes){ key, 8 }), RH_OK);
    assert_true(hub_memory_map_bytes(memory) < COUNT * 64);
    for (uint64_t i = 0; i < COUNT; i++)
        if (i % 100 != 0)
            assert_int_equal(hub_map_del(map, 5, number_key(key, i)), RH_OK);
    assert_int_equal(hub_memory_map_entries(memory, 5), COUNT / 100);
    assert_true(hub_memory_map_bytes(memory) < COUNT / 100 * 128);
    hub_memory_map_destroy(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_agrees_with_twin),
        cmocka_unit_test(test_store_agrees_with_twin),
        cmocka_unit_test(test_memory_bound_is_full_and_changes_nothing),
        cmocka_unit_test(test_memory_stays_packed),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
