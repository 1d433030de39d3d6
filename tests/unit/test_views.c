/* hub/views: apply, save, digests, verify, queries, against arrays that remember the same. */
#include "views_kit.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first */
#include <setjmp.h>

#include <cmocka.h>

#include "store/store.h"
#include "views/digest.h"
#include "views/memory_map.h"

static void check_digests(struct hub_views *views)
{
    struct rh_hash computed[HUB_TABLES];
    assert_int_equal(hub_views_save(views), RH_OK);
    assert_int_equal(hub_views_digest_compute(views->map, computed), RH_OK);
    for (unsigned table = 0; table < HUB_TABLES; table++) {
        if (!rh_hash_equal(&computed[table], &views->digests[table]))
            print_error("table %s at %u\n", hub_table_name(table), (unsigned)views->applied);
        assert_memory_equal(&computed[table], &views->digests[table], RH_HASH_BYTES);
    }
}

static void check_indexes(struct hub_map *map)
{
    struct hub_views_report report;
    assert_int_equal(hub_views_verify(map, &report), RH_OK);
    if (report.faults != 0)
        print_error("%u faults, first: %s\n", (unsigned)report.faults, report.text);
    assert_int_equal(report.faults, 0);
}

static struct hub_memory_map *new_memory(bool undo)
{
    struct hub_memory_map *memory;
    struct hub_memory_options options = { .undo = undo };
    assert_int_equal(hub_memory_map_new(&memory, &options), RH_OK);
    return memory;
}

/* If it failed: the page of a referral, a queue or a deadline board would show something that
 * the records do not say. */
static void test_views_answer_what_the_records_did(void **state)
{
    (void)state;
    struct kit *kit = kit_new();
    struct hub_memory_map *memory = new_memory(false);
    struct hub_views views;
    assert_int_equal(hub_views_open(&views, hub_memory_map_map(memory)), RH_OK);
    for (int round = 0; round < 700; round++) {
        kit_step(kit);
        assert_int_equal(kit_apply(kit, &views, kit->count), RH_OK);
        if (round % 4 == 0) {
            check_digests(&views);
            check_indexes(views.map);
        }
        if (round % 20 == 0)
            kit_compare(kit, views.map);
    }
    check_digests(&views);
    kit_compare(kit, views.map);
    uint64_t rno, number, slot;
    assert_int_equal(hub_views_next(&views, kit->now_ms, &rno, &number, &slot), RH_OK);
    assert_int_equal(rno, kit->row_count + 1);
    assert_int_equal(number, kit->row_count + 1);
    assert_int_equal(slot, kit->slots + 1);
    assert_int_equal(hub_views_next(&views, kit->now_ms + UINT64_C(366) * 86400000, &rno,
                                    &number, &slot),
                     RH_OK);
    assert_int_equal(number, 1); /* a new year counts from the start */
    hub_views_close(&views);
    hub_memory_map_destroy(&memory);
    kit_free(&kit);
}

struct shelf {
    struct hub_store *store;
    struct hub_views views;
    char *path;
};

static void shelf_open(struct shelf *shelf)
{
    struct hub_store_options options = { .path = shelf->path, .map_bytes = 64 << 20,
                                         .create = true };
    struct hub_store_report report;
    assert_int_equal(hub_store_open(&shelf->store, &options, &report), RH_OK);
    assert_int_equal(hub_views_open(&shelf->views, hub_store_map(shelf->store)), RH_OK);
}

/* If it failed: a standby, an auditor's replay or a recovered hub would arrive at another state
 * than the hub that wrote the records. */
static void test_views_are_equal_on_disk_and_in_memory_wherever_saved(void **state)
{
    (void)state;
    struct kit *kit = kit_new();
    struct hub_memory_map *memory = new_memory(true);
    struct hub_views views;
    struct shelf shelf = { .path = rht_tmp_path("views") };
    shelf_open(&shelf);
    assert_int_equal(hub_views_open(&views, hub_memory_map_map(memory)), RH_OK);
    while (kit->count < 1500)
        kit_step(kit);

    while (shelf.views.applied < kit->count) {
        uint64_t end = shelf.views.applied + 1 + rht_random_below(&kit->random, 60);
        uint32_t stop = end > kit->count ? kit->count : (uint32_t)end;
        assert_int_equal(kit_apply(kit, &shelf.views, stop), RH_OK);
        uint64_t dice = rht_random_below(&kit->random, 10);
        if (dice < 7) {
            assert_int_equal(hub_views_save(&shelf.views), RH_OK);
            assert_int_equal(hub_store_commit(shelf.store), RH_OK);
        }
        if (dice == 6) { /* a restart */
            hub_views_close(&shelf.views);
            hub_store_close(&shelf.store);
            shelf_open(&shelf);
            assert_int_equal(shelf.views.applied, stop);
        } else if (dice == 9) { /* a batch that is lost */
            hub_views_close(&shelf.views);
            hub_store_abort(shelf.store);
            assert_int_equal(hub_views_open(&shelf.views, hub_store_map(shelf.store)), RH_OK);
            assert_true(shelf.views.applied <= stop);
        }
    }
    check_digests(&shelf.views);
    check_indexes(shelf.views.map);
    kit_compare(kit, shelf.views.map);

    assert_int_equal(kit_apply(kit, &views, kit->count), RH_OK);
    check_digests(&views);
    for (unsigned table = 0; table < HUB_TABLES; table++)
        assert_memory_equal(&views.digests[table], &shelf.views.digests[table], RH_HASH_BYTES);

    uint8_t rows[HUB_DIGEST_ROWS_BYTES_MAX];
    struct rh_writer writer;
    unsigned table;
    rh_writer_init(&writer, rows, sizeof rows);
    assert_int_equal(hub_views_digest_encode(&views, &writer), RH_OK);
    struct rh_bytes bytes = { rows, writer.bytes };
    assert_int_equal(rh_codec_check(rows, writer.bytes, sizeof rows, NULL), RH_OK);
    assert_int_equal(hub_views_digest_check(&shelf.views, bytes, &table), RH_OK);
    hub_views_close(&views);
    hub_memory_map_destroy(&memory);
    hub_views_close(&shelf.views);
    hub_store_close(&shelf.store);
    free(shelf.path);
    kit_free(&kit);
}

/* If it failed: saving at other moments would give another digest for the same records. */
static void test_views_digest_does_not_depend_on_when_it_was_saved(void **state)
{
    (void)state;
    struct kit *kit = kit_new();
    struct hub_memory_map *often = new_memory(false);
    struct hub_memory_map *rarely = new_memory(false);
    struct hub_views a, b;
    unsigned table = HUB_TABLES;
    assert_int_equal(hub_views_open(&a, hub_memory_map_map(often)), RH_OK);
    assert_int_equal(hub_views_open(&b, hub_memory_map_map(rarely)), RH_OK);
    while (kit->count < 400)
        kit_step(kit);
    for (uint32_t end = 1; end <= kit->count; end++) {
        assert_int_equal(kit_apply(kit, &a, end), RH_OK);
        assert_int_equal(hub_views_save(&a), RH_OK);
    }
    assert_int_equal(kit_apply(kit, &b, kit->count), RH_OK);
    assert_int_equal(hub_views_save(&b), RH_OK);
    assert_memory_equal(a.digests, b.digests, sizeof a.digests);

    /* And one more record makes a difference that is named. */
    uint8_t rows[HUB_DIGEST_ROWS_BYTES_MAX];
    struct rh_writer writer;
    rh_writer_init(&writer, rows, sizeof rows);
    assert_int_equal(hub_views_digest_encode(&a, &writer), RH_OK);
    kit_register(kit);
    assert_int_equal(kit_apply(kit, &a, kit->count), RH_OK);
    struct rh_bytes bytes = { rows, writer.bytes };
    assert_int_equal(hub_views_digest_check(&a, bytes, &table), RH_ERR_NOTFOUND);
    assert_int_equal(table, HUB_TABLE_META);
    bytes.bytes--;
    assert_int_equal(hub_views_digest_check(&a, bytes, &table), RH_ERR_CORRUPT);
    hub_views_close(&a);
    hub_views_close(&b);
    hub_memory_map_destroy(&often);
    hub_memory_map_destroy(&rarely);
    kit_free(&kit);
}

/* If it failed: a record out of turn, or bytes that are none, would change rows. */
static void test_views_take_only_the_next_record_and_only_whole(void **state)
{
    (void)state;
    struct kit *kit = kit_new();
    struct hub_memory_map *memory = new_memory(false);
    struct hub_views views;
    assert_int_equal(hub_views_open(&views, hub_memory_map_map(memory)), RH_OK);
    while (kit->count < 120)
        kit_step(kit);
    assert_int_equal(kit_apply(kit, &views, 100), RH_OK);
    assert_int_equal(hub_views_save(&views), RH_OK);
    struct rh_hash before[HUB_TABLES];
    memcpy(before, views.digests, sizeof before);

    struct rh_bytes core = kit_core(kit, 100);
    struct rh_bytes rest = kit_rest(kit, 100);
    assert_int_equal(hub_views_apply(&views, 99, kit_core(kit, 99), kit_rest(kit, 99), NULL),
                     RH_ERR_CORRUPT);
    assert_int_equal(hub_views_apply(&views, 101, kit_core(kit, 101), kit_rest(kit, 101), NULL),
                     RH_ERR_CORRUPT);
    assert_int_equal(hub_views_apply(&views, 100, kit_core(kit, 101), rest, NULL),
                     RH_ERR_CORRUPT);
    for (size_t bytes = 0; bytes < rest.bytes; bytes++)
        assert_int_equal(
            hub_views_apply(&views, 100, core, (struct rh_bytes){ rest.data, bytes }, NULL),
            RH_ERR_CORRUPT);
    for (size_t bytes = 0; bytes < core.bytes; bytes++)
        assert_int_equal(
            hub_views_apply(&views, 100, (struct rh_bytes){ core.data, bytes }, rest, NULL),
            RH_ERR_CORRUPT);
    assert_int_equal(views.applied, 100);
    assert_int_equal(hub_views_save(&views), RH_OK);
    assert_memory_equal(before, views.digests, sizeof before);
    assert_int_equal(kit_apply(kit, &views, kit->count), RH_OK);
    hub_views_close(&views);
    hub_memory_map_destroy(&memory);
    kit_free(&kit);
}

/* Damaged records that still decode: apply them all the same, and stay consistent. */
static void test_views_stay_whole_under_damaged_records(void **state)
{
    (void)state;
    struct kit *kit = kit_new();
    struct hub_memory_map *memory = new_memory(false);
    struct hub_views views;
    uint32_t applied = 0;
    assert_int_equal(hub_views_open(&views, hub_memory_map_map(memory)), RH_OK);
    while (kit->count < 800)
        kit_step(kit);
    for (uint32_t i = 0; i < kit->count; i++) {
        struct rh_bytes rest = kit_rest(kit, i);
        uint8_t *bytes = malloc(rest.bytes);
        assert_non_null(bytes);
        enum rh_err err = RH_ERR_CORRUPT;
        for (int tries = 0; tries < 8 && err != RH_OK && rest.bytes > 17; tries++) {
            memcpy(bytes, rest.data, rest.bytes);
            size_t at = 17 + rht_random_below(&kit->random, rest.bytes - 17);
            bytes[at] ^= (uint8_t)(1u << rht_random_below(&kit->random, 8));
            struct rh_bytes damaged = { bytes, rest.bytes };
            err = hub_views_apply(&views, i, kit_core(kit, i), damaged, NULL);
            assert_true(err == RH_OK || err == RH_ERR_CORRUPT);
        }
        applied += err == RH_OK ? 1 : 0;
        if (err != RH_OK)
            err = hub_views_apply(&views, i, kit_core(kit, i), rest, NULL);
        assert_int_equal(err, RH_OK);
        free(bytes);
        if (i % 50 == 0)
            check_digests(&views);
    }
    assert_true(applied > 100);
    check_digests(&views);
    hub_views_close(&views);
    hub_memory_map_destroy(&memory);
    kit_free(&kit);
}

/* A map whose n-th call fails, as a disk does; everything after it too, until the abort. */
struct frail_map {
    struct hub_map map; /* first */
    struct hub_map *inner;
    uint64_t left; /* calls until the failure */
    bool failed;
};

static bool frail_fails(struct hub_map *map)
{
    struct frail_map *frail = (struct frail_map *)map;
    if (frail->left == 0)
        frail->failed = true;
    else
        frail->left--;
    return frail->failed;
}

static enum rh_err frail_get(struct hub_map *map, unsigned table, struct rh_bytes key,
                             struct rh_bytes *value)
{
    if (frail_fails(map))
        return RH_ERR_IO;
    return hub_map_get(((struct frail_map *)map)->inner, table, key, value);
}

static enum rh_err frail_put(struct hub_map *map, unsigned table, struct rh_bytes key,
                             struct rh_bytes value, int append)
{
    struct hub_map *inner = ((struct frail_map *)map)->inner;
    return frail_fails(map) ? RH_ERR_FULL : inner->ops->put(inner, table, key, value, append);
}

static enum rh_err frail_del(struct hub_map *map, unsigned table, struct rh_bytes key)
{
    return frail_fails(map) ? RH_ERR_IO
                            : hub_map_del(((struct frail_map *)map)->inner, table, key);
}

static enum rh_err frail_next(struct hub_map *map, unsigned table, struct rh_bytes from,
                              struct rh_bytes *key, struct rh_bytes *value)
{
    if (frail_fails(map))
        return RH_ERR_IO;
    return hub_map_next(((struct frail_map *)map)->inner, table, from, key, value);
}

/* Apply all, saving and committing now and then; at the failure go back and begin again from
 * there. Answers whether the failure was met. */
static bool apply_frail(const struct kit *kit, struct frail_map *frail,
                        struct hub_memory_map *memory, struct hub_views *views)
{
    bool met = false;
    enum rh_err err = hub_views_open(views, &frail->map);
    while (err != RH_OK || views->applied < kit->count) {
        if (err == RH_OK) {
            uint32_t end = (uint32_t)views->applied + 15;
            err = kit_apply(kit, views, end > kit->count ? kit->count : end);
        }
        if (err == RH_OK)
            err = hub_views_save(views);
        if (err == RH_OK) {
            hub_memory_map_commit(memory);
            continue;
        }
        assert_true(frail->failed && !met); /* nothing else may fail, and no error be lost */
        assert_true(err == RH_ERR_IO || err == RH_ERR_FULL);
        met = true;
        hub_views_close(views);
        hub_memory_map_abort(memory);
        frail->failed = false;
        frail->left = UINT64_MAX;
        err = hub_views_open(views, &frail->map);
        assert_int_equal(err, RH_OK);
    }
    assert_int_equal(met, frail->left > UINT64_MAX / 2);
    return met;
}

/* If it failed: a disk that fails once would leave rows that no record explains. */
static void test_views_recover_from_a_failure_at_every_call(void **state)
{
    (void)state;
    static const struct hub_map_ops ops = { frail_get, frail_put, frail_del, frail_next };
    struct kit *kit = kit_new();
    struct hub_memory_map *memory = new_memory(false);
    struct hub_views views;
    struct rh_hash wanted[HUB_TABLES];
    while (kit->count < 90)
        kit_step(kit);
    kit_generation(kit);
    assert_int_equal(hub_views_open(&views, hub_memory_map_map(memory)), RH_OK);
    assert_int_equal(kit_apply(kit, &views, kit->count), RH_OK);
    assert_int_equal(hub_views_save(&views), RH_OK);
    memcpy(wanted, views.digests, sizeof wanted);
    hub_views_close(&views);
    hub_memory_map_destroy(&memory);

    bool met = true;
    for (uint64_t n = 0; met; n++) {
        memory = new_memory(true);
        struct frail_map frail = { { &ops }, hub_memory_map_map(memory), n, false };
        met = apply_frail(kit, &frail, memory, &views);
        assert_memory_equal(views.digests, wanted, sizeof wanted);
        if (n % 50 == 0)
            check_indexes(frail.inner);
        hub_views_close(&views);
        hub_memory_map_destroy(&memory);
    }
    kit_free(&kit);
}

/* If it failed: damage in an index would go unnoticed until a timer does not fire. */
static void test_verify_notices_every_missing_and_every_extra_entry(void **state)
{
    (void)state;
    struct kit *kit = kit_new();
    struct hub_memory_map *memory = new_memory(true);
    struct hub_map *map = hub_memory_map_map(memory);
    struct hub_views views;
    struct hub_views_report report;
    assert_int_equal(hub_views_open(&views, map), RH_OK);
    while (kit->count < 600)
        kit_step(kit);
    assert_int_equal(kit_apply(kit, &views, kit->count), RH_OK);
    check_digests(&views);
    hub_memory_map_commit(memory);

    static const unsigned tables[] = {
        HUB_TABLE_AGENCY_ID, HUB_TABLE_NUMBER, HUB_TABLE_REFERRAL_ID, HUB_TABLE_HUMAN,
        HUB_TABLE_EXTERNAL,  HUB_TABLE_WAKE,   HUB_TABLE_DUE,         HUB_TABLE_HOLDER,
        HUB_TABLE_PARTY,     HUB_TABLE_QUEUE,  HUB_TABLE_QUEUE_REF,   HUB_TABLE_CHILD,
        HUB_TABLE_REFERRAL,  HUB_TABLE_AGENCY, HUB_TABLE_DEAD,        HUB_TABLE_PAIR,
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct rh_bytes key, value;
        uint8_t copy[HUB_MAP_KEY_MAX];
        uint64_t entries = hub_memory_map_entries(memory, tables[i]);
        if (entries == 0)
            continue;
        struct rh_bytes start = { NULL, 0 };
        assert_int_equal(hub_map_next(map, tables[i], start, &key, &value), RH_OK);
        size_t bytes = key.bytes;
        memcpy(copy, key.data, bytes);
        struct hub_dead dead;
        bool counted = tables[i] != HUB_TABLE_DEAD ||
                       (hub_dead_decode(value, &dead) == RH_OK && !dead.settled);
        assert_int_equal(hub_map_del(map, tables[i], (struct rh_bytes){ copy, bytes }), RH_OK);
        assert_int_equal(hub_views_verify(map, &report), RH_OK);
        if (report.faults == 0 && counted && tables[i] != HUB_TABLE_PAIR)
            print_error("missing in %s\n", hub_table_name(tables[i]));
        assert_true(report.faults > 0 || !counted || tables[i] == HUB_TABLE_PAIR);
        hub_memory_map_abort(memory);

        copy[bytes - 1] ^= 0x80; /* one more entry, beside the right ones */
        assert_int_equal(hub_map_put(map, tables[i], (struct rh_bytes){ copy, bytes },
                                     (struct rh_bytes){ NULL, 0 }),
                         RH_OK);
        assert_int_equal(hub_views_verify(map, &report), RH_OK);
        assert_true(report.faults > 0 || tables[i] == HUB_TABLE_PAIR);
        hub_memory_map_abort(memory);
    }
    check_indexes(map);
    hub_views_close(&views);
    hub_memory_map_destroy(&memory);
    kit_free(&kit);
}

/* If it failed: after `recover`, receivers would wait for numbers that never come. */
static void test_generation_begins_every_pair_anew(void **state)
{
    (void)state;
    struct kit *kit = kit_new();
    struct hub_memory_map *memory = new_memory(false);
    struct hub_views views;
    assert_int_equal(hub_views_open(&views, hub_memory_map_map(memory)), RH_OK);
    while (kit->count < 300)
        kit_step(kit);
    for (int round = 0; round < 3; round++) {
        kit_generation(kit);
        assert_int_equal(kit_apply(kit, &views, kit->count), RH_OK);
        check_digests(&views);
        check_indexes(views.map);
        kit_compare(kit, views.map);
        for (int i = 0; i < 40; i++)
            kit_move(kit);
        assert_int_equal(kit_apply(kit, &views, kit->count), RH_OK);
    }
    hub_views_close(&views);
    hub_memory_map_destroy(&memory);
    kit_free(&kit);
}

/* If it failed: rows of an older program would be read as something else. */
static void test_views_refuse_a_map_that_is_not_theirs(void **state)
{
    (void)state;
    static const uint8_t key[] = "x";
    struct hub_memory_map *memory = new_memory(false);
    struct hub_map *map = hub_memory_map_map(memory);
    struct hub_views views;
    struct rh_bytes bytes = { key, 1 };
    assert_int_equal(hub_map_put(map, HUB_TABLE_PARTY, bytes, bytes), RH_OK);
    assert_int_equal(hub_views_open(&views, map), RH_ERR_CORRUPT);
    hub_memory_map_destroy(&memory);

    memory = new_memory(false);
    map = hub_memory_map_map(memory);
    assert_int_equal(hub_views_open(&views, map), RH_OK);
    assert_int_equal(hub_views_save(&views), RH_OK);
    hub_views_close(&views);
    struct rh_bytes name = { (const uint8_t *)"state", 5 };
    struct rh_bytes value;
    uint8_t copy[2048];
    assert_int_equal(hub_map_get(map, HUB_TABLE_LOCAL, name, &value), RH_OK);
    assert_true(value.bytes <= sizeof copy);
    memcpy(copy, value.data, value.bytes);
    copy[3]++; /* another schema */
    value.data = copy;
    assert_int_equal(hub_map_put(map, HUB_TABLE_LOCAL, name, value), RH_OK);
    assert_int_equal(hub_views_open(&views, map), RH_ERR_CORRUPT);
    hub_memory_map_destroy(&memory);
}

/* The sum wraps at 2^256 in both directions. */
static void test_digest_sum_is_taken_modulo_two_to_the_256(void **state)
{
    (void)state;
    struct rh_hash sum, one, all;
    memset(&sum, 0, sizeof sum);
    memset(&one, 0, sizeof one);
    one.bytes[31] = 1;
    memset(&all, 0xff, sizeof all);
    hub_digest_subtract(&sum, &one);
    assert_memory_equal(&sum, &all, sizeof sum);
    hub_digest_add(&sum, &one);
    hub_digest_add(&sum, &one);
    assert_memory_equal(&sum, &one, sizeof sum);

    struct rht_random random;
    rht_random_init(&random);
    struct rh_hash terms[50];
    rht_random_fill(&random, terms, sizeof terms);
    memset(&sum, 0, sizeof sum);
    for (int i = 0; i < 50; i++)
        hub_digest_add(&sum, &terms[i]);
    for (int i = 0; i < 50; i++)
        hub_digest_subtract(&sum, &terms[(i * 7) % 50]);
    memset(&all, 0, sizeof all);
    assert_memory_equal(&sum, &all, sizeof sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_sum_is_taken_modulo_two_to_the_256),
        cmocka_unit_test(test_views_answer_what_the_records_did),
        cmocka_unit_test(test_views_are_equal_on_disk_and_in_memory_wherever_saved),
        cmocka_unit_test(test_views_digest_does_not_depend_on_when_it_was_saved),
        cmocka_unit_test(test_views_take_only_the_next_record_and_only_whole),
        cmocka_unit_test(test_views_stay_whole_under_damaged_records),
        cmocka_unit_test(test_views_recover_from_a_failure_at_every_call),
        cmocka_unit_test(test_verify_notices_every_missing_and_every_extra_entry),
        cmocka_unit_test(test_generation_begins_every_pair_anew),
        cmocka_unit_test(test_views_refuse_a_map_that_is_not_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
