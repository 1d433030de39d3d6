/* The key table: keys made ahead, given out, and erased so that nothing of them is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/keytable.h"
#include "support/rht.h"

enum { WRAPPED_BYTES = RH_CONTENT_KEY_BYTES + RH_SEAL_OVERHEAD_BYTES, FOUND_MAX = 16 };

static const struct rh_content_key wrapping = { { 1, 2, 3 } };
static const struct rh_content_key other_wrapping = { { 1, 2, 4 } };
static struct rh_hash external = { { 7, 8, 9 } };

static enum rh_err try_open(const char *path, const struct rh_content_key *key, bool create,
                            struct hub_keytable **out, struct hub_store_report *report)
{
    struct hub_keytable_options options = {
        .path = path,
        .wrapping = key,
        .external = &external,
        .map_bytes = 64 << 20,
        .create = create,
    };
    report->text[0] = 0;
    return hub_keytable_open(out, &options, report);
}

static struct hub_keytable *must_open(const char *path)
{
    struct hub_keytable *table = NULL;
    struct hub_store_report report;
    enum rh_err err = try_open(path, &wrapping, true, &table, &report);
    if (err != RH_OK)
        print_error("%s\n", report.text);
    assert_int_equal(err, RH_OK);
    return table;
}

static struct rh_content_key must_get(struct hub_keytable *table, uint64_t slot)
{
    struct rh_content_key key;
    assert_int_equal(hub_keytable_get(table, slot, &key), RH_OK);
    return key;
}

static char *file_in(const char *path, const char *name)
{
    char joined[96];
    (void)snprintf(joined, sizeof joined, "%.60s/%.20s", strrchr(path, '/') + 1, name);
    return rht_tmp_path(joined);
}

/* Wrapped keys of a slot as they stand in the file, however many copies of old pages there are:
 * LMDB puts sizes, flags, key and value one after the other. */
struct copies {
    size_t count;
    uint8_t wrapped[FOUND_MAX][WRAPPED_BYTES];
};

static struct copies find_copies(const char *file, uint64_t slot)
{
    struct copies copies = { 0 };
    uint8_t node[16] = { WRAPPED_BYTES + 8, 0, 0, 0, 0, 0, 8, 0 };
    for (int i = 0; i < 8; i++)
        node[8 + i] = (uint8_t)(slot >> (56 - 8 * i));
    size_t bytes;
    char *data = rht_read_file(file, &bytes);
    for (size_t i = 0; i + sizeof node + WRAPPED_BYTES <= bytes; i++)
        if (memcmp(data + i, node, sizeof node) == 0 && copies.count < FOUND_MAX)
            memcpy(copies.wrapped[copies.count++], data + i + sizeof node, WRAPPED_BYTES);
    free(data);
    return copies;
}

static bool file_has(const char *file, const void *needle, size_t wanted)
{
    size_t bytes;
    char *data = rht_read_file(file, &bytes);
    bool found = false;
    for (size_t i = 0; i + wanted <= bytes && !found; i++)
        found = memcmp(data + i, needle, wanted) == 0;
    free(data);
    return found;
}

/* A key given out once is the same for ever, or its referral cannot be read again. */
static void test_keytable_keeps_keys_across_reopen(void **state)
{
    (void)state;
    char *path = rht_tmp_path("keep");
    struct hub_keytable *table = must_open(path);
    struct rh_content_key key;
    assert_int_equal(hub_keytable_made(table), 0);
    assert_int_equal(hub_keytable_get(table, 0, &key), RH_ERR_NOTFOUND);
    assert_int_equal(hub_keytable_ensure(table, 0, 10), RH_OK);
    assert_int_equal(hub_keytable_made(table), HUB_KEYTABLE_BLOCK);
    assert_int_equal(hub_keytable_ensure(table, 10, 100), RH_OK);
    assert_int_equal(hub_keytable_made(table), HUB_KEYTABLE_BLOCK);
    assert_int_equal(hub_keytable_ensure(table, 10, 3 * HUB_KEYTABLE_BLOCK), RH_OK);
    assert_int_equal(hub_keytable_made(table), 4 * HUB_KEYTABLE_BLOCK);

    static struct rh_content_key keys[4 * HUB_KEYTABLE_BLOCK];
    for (uint64_t i = 0; i < 4 * HUB_KEYTABLE_BLOCK; i++)
        keys[i] = must_get(table, i);
    assert_memory_not_equal(&keys[0], &keys[1], sizeof key);
    hub_keytable_close(&table);
    hub_keytable_close(&table);

    table = must_open(path);
    assert_int_equal(hub_keytable_made(table), 4 * HUB_KEYTABLE_BLOCK);
    for (uint64_t i = 0; i < 4 * HUB_KEYTABLE_BLOCK; i++) {
        key = must_get(table, i);
        assert_memory_equal(&key, &keys[i], sizeof key);
    }
    assert_int_equal(hub_keytable_get(table, 4 * HUB_KEYTABLE_BLOCK, &key), RH_ERR_NOTFOUND);
    char *file = file_in(path, "data.mdb");
    assert_false(file_has(file, &keys[77], sizeof key)); /* never unwrapped on disk */
    free(file);
    hub_keytable_close(&table);
    free(path);
}

static void test_keytable_wrong_wrapping_key_is_crypto(void **state)
{
    (void)state;
    char *path = rht_tmp_path("wrong");
    struct hub_keytable *table = must_open(path);
    assert_int_equal(hub_keytable_ensure(table, 0, 1), RH_OK);
    hub_keytable_close(&table);
    struct hub_store_report report;
    assert_int_equal(try_open(path, &other_wrapping, true, &table, &report), RH_ERR_CRYPTO);
    assert_non_null(strstr(report.text, "wrapping key"));
    assert_null(table);
    char *absent = rht_tmp_path("absent");
    assert_int_equal(try_open(absent, &wrapping, false, &table, &report), RH_ERR_NOTFOUND);
    free(absent);
    free(path);
}

/* Agencies hash external numbers with the hub's external key. Under another one nobody's old
 * numbers would be found, and nothing would say why. */
static void test_keytable_wrong_external_key_is_crypto(void **state)
{
    (void)state;
    char *path = rht_tmp_path("external");
    struct hub_keytable *table = must_open(path);
    hub_keytable_close(&table);
    struct hub_store_report report;
    external.bytes[31] ^= 1;
    assert_int_equal(try_open(path, &wrapping, true, &table, &report), RH_ERR_CRYPTO);
    assert_non_null(strstr(report.text, "external.key is another one"));
    assert_null(table);
    external.bytes[31] ^= 1;
    table = must_open(path);
    assert_int_equal(hub_keytable_ensure(table, 0, 1), RH_OK);
    hub_keytable_close(&table);
    free(path);
}

/* An old key table under a newer journal: a second key under a used number would be taken for
 * the first, and what that sealed could never be opened. */
static void test_keytable_older_than_the_journal_makes_nothing(void **state)
{
    (void)state;
    char *path = rht_tmp_path("older");
    struct hub_keytable *table = must_open(path);
    assert_int_equal(hub_keytable_ensure(table, 0, 1), RH_OK);
    assert_int_equal(hub_keytable_ensure(table, HUB_KEYTABLE_BLOCK + 1, 1), RH_ERR_CORRUPT);
    struct hub_store_report report;
    hub_keytable_report(table, &report);
    assert_non_null(strstr(report.text, "older than the journal"));
    assert_int_equal(hub_keytable_made(table), HUB_KEYTABLE_BLOCK);
    assert_int_equal(hub_keytable_ensure(table, HUB_KEYTABLE_BLOCK, 1), RH_OK);
    hub_keytable_close(&table);
    free(path);
}

/* The right to erasure rests on this: after it no byte of the wrapped key is in the file. */
static void test_keytable_erase_leaves_no_wrapped_bytes(void **state)
{
    (void)state;
    char *path = rht_tmp_path("erase");
    char *file = file_in(path, "data.mdb");
    static const uint64_t slots[] = { 0, 1, 137, 2048, HUB_KEYTABLE_BLOCK - 1,
                                      HUB_KEYTABLE_BLOCK, 2 * HUB_KEYTABLE_BLOCK - 1 };
    enum { COUNT = sizeof slots / sizeof slots[0] };
    struct copies before[COUNT];
    struct rh_content_key key;
    struct hub_keytable *table = must_open(path);
    assert_int_equal(hub_keytable_ensure(table, 0, 2 * HUB_KEYTABLE_BLOCK), RH_OK);
    struct rh_content_key neighbour = must_get(table, 138);
    for (unsigned i = 0; i < COUNT; i++) {
        (void)must_get(table, slots[i]);
        before[i] = find_copies(file, slots[i]);
        assert_true(before[i].count > 0); /* or this test shows nothing */
    }

    assert_int_equal(hub_keytable_erase(table, slots, 1, 40), RH_OK);
    assert_int_equal(hub_keytable_erase(table, slots + 1, COUNT - 1, 50), RH_OK);
    for (unsigned i = 0; i < COUNT; i++) {
        for (size_t c = 0; c < before[i].count; c++)
            assert_false(file_has(file, before[i].wrapped[c], 24));
        assert_int_equal(find_copies(file, slots[i]).count, 0);
        assert_int_equal(hub_keytable_get(table, slots[i], &key), RH_ERR_DENIED);
    }
    key = must_get(table, 138);
    assert_memory_equal(&key, &neighbour, sizeof key);
    assert_int_equal(hub_keytable_applied(table), 50);

    /* Recovery repeats erasures; a repeated one changes nothing. */
    assert_int_equal(hub_keytable_erase(table, slots, COUNT, 45), RH_OK);
    assert_int_equal(hub_keytable_applied(table), 50);
    static const uint64_t never = 2 * HUB_KEYTABLE_BLOCK;
    assert_int_equal(hub_keytable_erase(table, &never, 1, 60), RH_ERR_NOTFOUND);
    assert_int_equal(hub_keytable_applied(table), 50);
    assert_int_equal(hub_keytable_erase(table, NULL, 0, 70), RH_OK);
    struct hub_keytable_usage usage;
    assert_int_equal(hub_keytable_usage(table, &usage), RH_OK);
    assert_int_equal(usage.erased, COUNT);
    assert_int_equal(usage.made, 2 * HUB_KEYTABLE_BLOCK);
    assert_int_equal(usage.applied_seq, 70);
    hub_keytable_close(&table);

    table = must_open(path);
    assert_int_equal(hub_keytable_applied(table), 70);
    assert_int_equal(hub_keytable_get(table, 0, &key), RH_ERR_DENIED);
    key = must_get(table, 138);
    assert_memory_equal(&key, &neighbour, sizeof key);
    assert_int_equal(hub_keytable_ensure(table, never, 1), RH_OK);
    (void)must_get(table, never);
    hub_keytable_close(&table);
    free(file);
    free(path);
}

/* Killed between marking a slot and rewriting the file: the next open finishes it. */
static void test_keytable_interrupted_rewrite_is_finished(void **state)
{
    (void)state;
    char *path = rht_tmp_path("cut");
    char *file = file_in(path, "data.mdb");
    char *next = file_in(path, "next.mdb");
    static const uint64_t slot = 9;
    struct hub_keytable *table = must_open(path);
    assert_int_equal(hub_keytable_ensure(table, 0, 1), RH_OK);
    struct copies before = find_copies(file, slot);
    assert_true(before.count > 0);
    assert_int_equal(mkdir(next, 0700), 0); /* the new file cannot be made */
    assert_int_not_equal(hub_keytable_erase(table, &slot, 1, 5), RH_OK);
    struct rh_content_key key;
    assert_int_equal(hub_keytable_get(table, slot, &key), RH_ERR_DENIED);
    hub_keytable_close(&table);
    assert_true(file_has(file, before.wrapped[0], 24));

    assert_int_equal(rmdir(next), 0);
    rht_write_file(next, "half a file", 11);
    table = must_open(path);
    assert_false(file_has(file, before.wrapped[0], 24));
    assert_int_equal(hub_keytable_get(table, slot, &key), RH_ERR_DENIED);
    assert_int_equal(hub_keytable_applied(table), 5);
    assert_int_equal(access(next, F_OK), -1);
    (void)must_get(table, slot + 1);
    hub_keytable_close(&table);
    free(next);
    free(file);
    free(path);
}

/* A flipped bit in a wrapped key is named; the other slots stay readable. */
static void test_keytable_names_a_flipped_key(void **state)
{
    (void)state;
    char *path = rht_tmp_path("flipped");
    char *file = file_in(path, "data.mdb");
    struct hub_keytable *table = must_open(path);
    assert_int_equal(hub_keytable_ensure(table, 0, 1), RH_OK);
    hub_keytable_close(&table);
    struct copies copies = find_copies(file, 1234);
    assert_true(copies.count > 0);
    size_t bytes;
    char *data = rht_read_file(file, &bytes);
    for (size_t i = 0; i + WRAPPED_BYTES <= bytes; i++)
        for (size_t c = 0; c < copies.count; c++)
            if (memcmp(data + i, copies.wrapped[c], WRAPPED_BYTES) == 0)
                data[i + 30] ^= 1;
    int fd = open(file, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, bytes, 0), (ssize_t)bytes);
    close(fd);
    free(data);

    table = must_open(path);
    struct rh_content_key key;
    assert_int_equal(hub_keytable_get(table, 1234, &key), RH_ERR_CORRUPT);
    struct hub_store_report report;
    hub_keytable_report(table, &report);
    assert_non_null(strstr(report.text, "slot 1234"));
    (void)must_get(table, 1233);
    hub_keytable_close(&table);
    free(file);
    free(path);
}

static void test_keytable_copy_opens_with_the_same_key(void **state)
{
    (void)state;
    char *path = rht_tmp_path("source");
    char *copy = rht_tmp_path("backup");
    static const uint64_t slot = 3;
    struct hub_keytable *table = must_open(path);
    struct hub_keytable *second = NULL;
    struct hub_store_report report;
    assert_int_equal(hub_keytable_ensure(table, 0, 1), RH_OK);
    assert_int_equal(hub_keytable_erase(table, &slot, 1, 8), RH_OK);
    struct rh_content_key key = must_get(table, 4);
    assert_int_equal(try_open(path, &wrapping, true, &second, &report), RH_ERR_DENIED);
    assert_int_equal(hub_keytable_copy(table, copy), RH_OK);
    assert_int_equal(hub_keytable_copy(table, copy), RH_ERR_EXISTS);
    second = must_open(copy);
    struct rh_content_key copied = must_get(second, 4);
    assert_memory_equal(&key, &copied, sizeof key);
    assert_int_equal(hub_keytable_get(second, slot, &key), RH_ERR_DENIED);
    assert_int_equal(hub_keytable_applied(second), 8);
    hub_keytable_close(&second);
    hub_keytable_close(&table);
    free(copy);
    free(path);
}

struct getting {
    struct hub_keytable *table;
    _Atomic uint64_t erased_below; /* slots below are erased for certain */
    _Atomic bool stop;
    _Atomic uint64_t wrong;
    _Atomic uint64_t got;
};

static void *get_on(void *context)
{
    struct getting *getting = context;
    struct rht_random random;
    rht_random_seed(&random, 7);
    while (!atomic_load(&getting->stop)) {
        uint64_t below = atomic_load(&getting->erased_below);
        uint64_t slot = rht_random_below(&random, 40);
        struct rh_content_key key;
        enum rh_err err = hub_keytable_get(getting->table, slot, &key);
        bool fine = err == RH_ERR_DENIED || (err == RH_OK && slot >= below);
        if (!fine)
            atomic_fetch_add(&getting->wrong, 1);
        atomic_fetch_add(&getting->got, 1);
    }
    return NULL;
}

static bool has_got(void *arg)
{
    struct getting *getting = arg;
    return atomic_load(&getting->got) > 0;
}

/* Keys are read by several threads while others make and erase: an erased key must not come
 * back from memory, and a living one must not be missed while the file changes. */
static void test_keytable_readers_go_on_during_erasures(void **state)
{
    (void)state;
    char *path = rht_tmp_path("threads");
    struct getting getting = { .table = must_open(path) };
    pthread_t threads[2];
    assert_int_equal(hub_keytable_ensure(getting.table, 0, 1), RH_OK);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_on, &getting), 0);
    assert_true(rht_wait_until(has_got, &getting, 10000));
    for (uint64_t slot = 0; slot < 20; slot++) {
        assert_int_equal(hub_keytable_erase(getting.table, &slot, 1, slot + 1), RH_OK);
        atomic_store(&getting.erased_below, slot + 1);
        if (slot == 10)
            assert_int_equal(hub_keytable_ensure(getting.table, HUB_KEYTABLE_BLOCK, 1), RH_OK);
    }
    atomic_store(&getting.stop, true);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(getting.wrong, 0);
    hub_keytable_close(&getting.table);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keytable_keeps_keys_across_reopen),
        cmocka_unit_test(test_keytable_wrong_wrapping_key_is_crypto),
        cmocka_unit_test(test_keytable_wrong_external_key_is_crypto),
        cmocka_unit_test(test_keytable_older_than_the_journal_makes_nothing),
        cmocka_unit_test(test_keytable_erase_leaves_no_wrapped_bytes),
        cmocka_unit_test(test_keytable_interrupted_rewrite_is_finished),
        cmocka_unit_test(test_keytable_names_a_flipped_key),
        cmocka_unit_test(test_keytable_copy_opens_with_the_same_key),
        cmocka_unit_test(test_keytable_readers_go_on_during_erasures),
    };
    return cmocka_run_group_tests_name("keytable", tests, NULL, NULL);
}
