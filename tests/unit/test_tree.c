/* hub/log/tree*.c and tile.c: the tree that makes the proofs, in memory and on disk. If these
 * failed, receipts could not be proven after a restart, or a changed tile would be believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "log/logfile.h"
#include "log/tile.h"
#include "log/tree.h"
#include "support/merkle_twin.h"
#include "support/rht.h"

#define VECTORS RHT_SOURCE_DIR "/tests/data/vectors/"

enum { LEAVES_MAX = 70000, PATH_BYTES = 512 };

static struct rht_random random_source;
static struct rh_hash leaves[LEAVES_MAX];

/* A fresh directory for each tree; the caller's, to be freed. */
static char *fresh_directory(void)
{
    static unsigned made;
    char name[32];

    snprintf(name, sizeof name, "log%u", made++);
    char *path = rht_tmp_path(name);
    assert_int_equal(mkdir(path, 0700), 0);
    return path;
}

static void tile_file(const char *directory, unsigned level, uint64_t number, unsigned width,
                      char out[PATH_BYTES])
{
    char below[HUB_TILE_PATH_BYTES];

    hub_tile_path(level, number, width, below);
    assert_true(snprintf(out, PATH_BYTES, "%s/%s", directory, below) < PATH_BYTES);
}

static bool exists(const char *directory, const char *below)
{
    char path[PATH_BYTES];
    struct stat status;

    assert_true(snprintf(path, sizeof path, "%s/%s", directory, below) < PATH_BYTES);
    return stat(path, &status) == 0;
}

static struct hub_tree *open_memory(bool keep)
{
    struct hub_tree_options options = { .keep = keep };
    struct hub_tree *tree;

    assert_int_equal(hub_tree_open(&options, 0, NULL, &tree), RH_OK);
    return tree;
}

static enum rh_err try_open(const char *directory, uint64_t size, const struct rh_hash *root,
                            struct hub_tree **tree)
{
    struct hub_tree_options options = { .directory = directory, .cache_tiles = 8 };

    return hub_tree_open(&options, size, root, tree);
}

static struct hub_tree *open_at(const char *directory, uint64_t size,
                                const struct rh_hash *root)
{
    struct hub_tree *tree;

    assert_int_equal(try_open(directory, size, root, &tree), RH_OK);
    assert_int_equal(hub_tree_size(tree), size);
    return tree;
}

static void append_until(struct hub_tree *tree, uint64_t size)
{
    for (uint64_t i = hub_tree_size(tree); i < size; i++)
        assert_int_equal(hub_tree_append(tree, &leaves[i]), RH_OK);
}

/* The root by the tree, compared with the twin's. */
static struct rh_hash root_at(struct hub_tree *tree, uint64_t size)
{
    struct rh_hash root;
    struct rh_hash expected;

    assert_int_equal(hub_tree_root(tree, size, &root), RH_OK);
    rht_merkle_root(leaves, size, &expected);
    assert_true(rh_hash_equal(&root, &expected));
    return root;
}

static void same_hashes(const struct rh_hash *a, size_t a_count, const struct rh_hash *b,
                        size_t b_count)
{
    assert_int_equal(a_count, b_count);
    if (a_count > 0)
        assert_memory_equal(a, b, a_count * sizeof *a);
}

/* One proof of each kind at a random place and size: equal to the twin's, and it verifies. */
static void check_proofs(struct hub_tree *tree, uint64_t size)
{
    struct rh_hash ours[RH_PROOF_RANGE_MAX];
    struct rh_hash twins[RH_PROOF_RANGE_MAX];
    uint64_t index = rht_random_below(&random_source, size);
    uint64_t last = index + 1 + rht_random_below(&random_source, size - index);
    uint64_t old_size = index + 1;
    struct rh_hash root = root_at(tree, size);
    struct rh_hash old_root;
    struct rh_hash leaf;
    size_t count;

    assert_int_equal(hub_tree_leaf(tree, index, &leaf), RH_OK);
    assert_true(rh_hash_equal(&leaf, &leaves[index]));

    assert_int_equal(hub_tree_prove_inclusion(tree, index, size, ours, &count), RH_OK);
    same_hashes(ours, count, twins, rht_merkle_path(index, leaves, size, twins));
    assert_int_equal(rh_proof_inclusion_verify(&leaf, index, size, ours, count, &root), RH_OK);

    assert_int_equal(hub_tree_root(tree, old_size, &old_root), RH_OK);
    assert_int_equal(hub_tree_prove_consistency(tree, old_size, size, ours, &count), RH_OK);
    same_hashes(ours, count, twins,
                old_size == size ? 0 : rht_merkle_subproof(old_size, leaves, size, 1, twins));
    assert_int_equal(
        rh_proof_consistency_verify(old_size, &old_root, size, &root, ours, count), RH_OK);

    if (last - index > 600)
        last = index + 600;
    assert_int_equal(hub_tree_prove_range(tree, index, last, size, ours, &count), RH_OK);
    same_hashes(ours, count, twins,
                rht_merkle_range((long)index, (long)last, leaves, (long)size, twins));
    assert_int_equal(rh_proof_range_verify(index, leaves + index, last - index, size, ours,
                                           count, &root),
                     RH_OK);
}

static void test_tree_gives_published_roots(void **state)
{
    (void)state;
    char *text = rht_read_file(VECTORS "merkle_rfc6962_roots.json", NULL);
    json_error_t error;
    json_t *vector = json_loads(text, 0, &error);
    struct hub_tree *tree = open_memory(false);
    struct rh_hash root;
    uint8_t expected[RH_HASH_BYTES];

    assert_non_null(vector);
    rht_hex(json_string_value(json_object_get(vector, "empty_root")), expected, 32);
    assert_int_equal(hub_tree_root(tree, 0, &root), RH_OK);
    assert_memory_equal(root.bytes, expected, RH_HASH_BYTES);

    json_t *data = json_object_get(vector, "leaves_hex");
    json_t *roots = json_object_get(vector, "roots_hex");
    assert_int_equal(json_array_size(data), 8);
    for (size_t i = 0; i < 8; i++) {
        uint8_t leaf[32];
        struct rh_hash hash;
        size_t bytes = rht_hex(json_string_value(json_array_get(data, i)), leaf, sizeof leaf);

        rh_hash_leaf(leaf, bytes, &hash);
        assert_int_equal(hub_tree_append(tree, &hash), RH_OK);
        rht_hex(json_string_value(json_array_get(roots, i)), expected, 32);
        assert_int_equal(hub_tree_root(tree, i + 1, &root), RH_OK);
        assert_memory_equal(root.bytes, expected, RH_HASH_BYTES);
    }
    hub_tree_close(&tree);
    json_decref(vector);
    free(text);
}

static void test_tree_in_memory_against_twin(void **state)
{
    (void)state;
    struct hub_tree *tree = open_memory(true);

    for (uint64_t size = 1; size <= 70; size++) {
        append_until(tree, size);
        for (int i = 0; i < 8; i++)
            check_proofs(tree, size);
    }
    append_until(tree, 4500);
    for (int i = 0; i < 100; i++)
        check_proofs(tree, rht_random_between(&random_source, 1, 4500));
    hub_tree_close(&tree);
    assert_null(tree);
    hub_tree_close(&tree);
}

/* An auditor who keeps nothing can still compute every root as it passes. */
static void test_tree_without_keeping_knows_the_present(void **state)
{
    (void)state;
    struct hub_tree *tree = open_memory(false);
    struct rh_hash proof[RH_PROOF_RANGE_MAX];
    size_t count;

    for (uint64_t size = 1; size <= 1600; size += 1 + rht_random_below(&random_source, 40)) {
        append_until(tree, size);
        root_at(tree, size);
    }
    assert_int_equal(hub_tree_prove_inclusion(tree, 3, 1500, proof, &count), RH_ERR_NOTFOUND);
    hub_tree_close(&tree);
}

static void test_tree_refuses_impossible_numbers(void **state)
{
    (void)state;
    struct hub_tree *tree = open_memory(true);
    struct rh_hash out[RH_PROOF_RANGE_MAX];
    size_t count;

    append_until(tree, 10);
    assert_int_equal(hub_tree_root(tree, 11, out), RH_ERR_INVALID);
    assert_int_equal(hub_tree_leaf(tree, 10, out), RH_ERR_INVALID);
    assert_int_equal(hub_tree_prove_inclusion(tree, 0, 0, out, &count), RH_ERR_INVALID);
    assert_int_equal(hub_tree_prove_inclusion(tree, 5, 5, out, &count), RH_ERR_INVALID);
    assert_int_equal(hub_tree_prove_inclusion(tree, 0, UINT64_MAX, out, &count),
                     RH_ERR_INVALID);
    assert_int_equal(hub_tree_prove_consistency(tree, 6, 5, out, &count), RH_ERR_INVALID);
    assert_int_equal(hub_tree_prove_consistency(tree, 6, 11, out, &count), RH_ERR_INVALID);
    assert_int_equal(hub_tree_prove_consistency(tree, 0, 10, out, &count), RH_OK);
    assert_int_equal(count, 0);
    assert_int_equal(hub_tree_prove_range(tree, 3, 3, 10, out, &count), RH_ERR_INVALID);
    assert_int_equal(hub_tree_prove_range(tree, 4, 3, 10, out, &count), RH_ERR_INVALID);
    assert_int_equal(hub_tree_prove_range(tree, 4, 11, 10, out, &count), RH_ERR_INVALID);
    assert_int_equal(hub_tree_prove_range(tree, 4, 6, 12, out, &count), RH_ERR_INVALID);
    hub_tree_close(&tree);

    assert_int_equal(try_open(NULL, 5, &leaves[0], &tree), RH_ERR_INVALID);
    assert_null(tree);
}

static void test_tile_paths_are_those_of_the_specification(void **state)
{
    (void)state;
    char path[HUB_TILE_PATH_BYTES];

    hub_tile_path(0, 0, 256, path);
    assert_string_equal(path, "tile/0/000");
    hub_tile_path(3, 1234067, 256, path);
    assert_string_equal(path, "tile/3/x001/x234/067");
    hub_tile_path(0, 273, 112, path);
    assert_string_equal(path, "tile/0/273.p/112");
    hub_tile_path(1, 1000, 0, path);
    assert_string_equal(path, "tile/1/x001/000.p");
    hub_tile_path(7, RH_TREE_SIZE_MAX, 255, path);
    assert_string_equal(path, "tile/7/x004/x611/x686/x018/x427/x387/904.p/255");
}

/* The example of tlog-tiles: 70,000 leaves are 273 complete tiles and one of 112 on level 0,
 * one complete and one of 17 on level 1, one of 1 on level 2. */
static void test_tree_on_disk_has_the_tiles_of_the_specification(void **state)
{
    (void)state;
    char *directory = fresh_directory();
    struct hub_tree *tree = open_at(directory, 0, NULL);
    char path[PATH_BYTES];
    size_t bytes;

    append_until(tree, 70000);
    assert_int_equal(hub_tree_write_tiles(tree), RH_OK);
    static const char *const there[] = {
        "tile/0/000", "tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17",
        "tile/2/000.p/1",
    };
    static const char *const absent[] = {
        "tile/0/273", "tile/0/274", "tile/1/001", "tile/2/000", "tile/3", "tile/0/000.tmp",
    };
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++)
        if (!exists(directory, there[i]))
            fail_msg("missing: %s", there[i]);
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        if (exists(directory, absent[i]))
            fail_msg("not expected: %s", absent[i]);

    tile_file(directory, 0, 100, 256, path);
    char *tile = rht_read_file(path, &bytes);
    assert_int_equal(bytes, 8192);
    assert_memory_equal(tile, &leaves[25600], 8192);
    free(tile);
    tile_file(directory, 1, 1, 17, path);
    tile = rht_read_file(path, &bytes);
    assert_int_equal(bytes, 17 * 32);
    struct rh_hash expected;
    rht_merkle_root(leaves + 272 * 256, 256, &expected);
    assert_memory_equal(tile + 16 * 32, expected.bytes, 32);
    free(tile);

    struct rh_hash root = root_at(tree, 70000);
    hub_tree_close(&tree);
    tree = open_at(directory, 70000, &root);
    for (int i = 0; i < 25; i++)
        check_proofs(tree, rht_random_between(&random_source, 1, 70000));
    hub_tree_close(&tree);
    free(directory);
}

struct published {
    uint64_t size;
    struct rh_hash root;
};

/* Publish at random sizes; lose everything behind; open at any of them, also old ones whose
 * partial tiles are swept away; append the rest from the "journal"; compare. */
static void test_tree_reopens_at_every_published_size(void **state)
{
    (void)state;
    enum { ROUNDS = 24 };
    struct published published[ROUNDS];
    char *directory = fresh_directory();
    struct hub_tree *tree = open_at(directory, 0, NULL);
    size_t swept = 0;

    for (size_t i = 0; i < ROUNDS; i++) {
        uint64_t step = rht_random_once_in(&random_source, 4)
                            ? rht_random_below(&random_source, 3)
                            : rht_random_between(&random_source, 1, 700);
        append_until(tree, hub_tree_size(tree) + step);
        published[i].size = hub_tree_size(tree);
        published[i].root = root_at(tree, published[i].size);
        assert_int_equal(hub_tree_write_tiles(tree), RH_OK);

        /* Behind the checkpoint: some written without sync, all lost with the process. */
        append_until(tree, hub_tree_size(tree) + rht_random_below(&random_source, 600));
        if (rht_random_once_in(&random_source, 2))
            assert_int_equal(hub_tree_flush(tree), RH_OK);
        hub_tree_close(&tree);
        tree = open_at(directory, published[i].size, &published[i].root);
        if (published[i].size > 0)
            check_proofs(tree, published[i].size);
    }
    hub_tree_close(&tree);

    uint64_t end = published[ROUNDS - 1].size;
    for (size_t i = 0; i < ROUNDS; i++) {
        char path[PATH_BYTES];
        struct stat status;

        if (published[i].size == 0)
            continue;
        tile_file(directory, 0, published[i].size / 256, (unsigned)(published[i].size % 256),
                  path);
        swept += stat(path, &status) != 0 ? 1 : 0;
        tree = open_at(directory, published[i].size, &published[i].root);
        append_until(tree, end);
        root_at(tree, end);
        check_proofs(tree, end);
        hub_tree_close(&tree);
    }
    assert_true(swept > 0); /* else nothing here showed the complete tile standing in */
    free(directory);
}

static void flip_file(const char *path)
{
    size_t bytes;
    char *data = rht_read_file(path, &bytes);
    uint64_t bit = rht_random_below(&random_source, bytes * 8);

    assert_true(bytes > 0);
    data[bit / 8] = (char)(data[bit / 8] ^ 1 << bit % 8);
    rht_write_file(path, data, bytes);
    free(data);
}

/* One flipped bit in a tile that the root rests on: the log does not open and names it. */
static void test_tree_does_not_open_on_a_tampered_edge(void **state)
{
    (void)state;
    static const struct { unsigned level; uint64_t number; unsigned width; } edges[] = {
        { 0, 19, 136 }, { 1, 0, 19 },
    };
    char *directory = fresh_directory();
    struct hub_tree *tree = open_at(directory, 0, NULL);
    char path[PATH_BYTES];

    append_until(tree, 5000);
    struct rh_hash root = root_at(tree, 5000);
    assert_int_equal(hub_tree_write_tiles(tree), RH_OK);
    hub_tree_close(&tree);

    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        size_t bytes;
        tile_file(directory, edges[i].level, edges[i].number, edges[i].width, path);
        char *kept = rht_read_file(path, &bytes);

        flip_file(path);
        assert_int_equal(try_open(directory, 5000, &root, &tree), RH_ERR_CORRUPT);
        rht_write_file(path, kept, bytes - 1);
        assert_int_equal(try_open(directory, 5000, &root, &tree), RH_ERR_CORRUPT);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(try_open(directory, 5000, &root, &tree), RH_ERR_CORRUPT);
        rht_write_file(path, kept, bytes);
        free(kept);
    }
    tree = open_at(directory, 5000, &root);
    hub_tree_close(&tree);
    root.bytes[7] ^= 1;
    assert_int_equal(try_open(directory, 5000, &root, &tree), RH_ERR_CORRUPT);
    free(directory);
}

/* One flipped bit in an old tile: the proofs that need it are refused, the tile is named, the
 * rest goes on. */
static void test_tree_refuses_a_tampered_tile(void **state)
{
    (void)state;
    char *directory = fresh_directory();
    struct hub_tree *tree = open_at(directory, 0, NULL);
    struct rh_hash proof[RH_PROOF_RANGE_MAX];
    char path[PATH_BYTES];
    size_t count;

    append_until(tree, 70000);
    struct rh_hash root = root_at(tree, 70000);
    assert_int_equal(hub_tree_write_tiles(tree), RH_OK);
    hub_tree_close(&tree);

    tile_file(directory, 0, 7, 256, path);
    flip_file(path);
    tree = open_at(directory, 70000, &root);
    assert_int_equal(hub_tree_prove_inclusion(tree, 7 * 256 + 5, 70000, proof, &count),
                     RH_ERR_CORRUPT);
    assert_string_equal(hub_tree_fault(tree), "tile/0/007");
    assert_int_equal(hub_tree_prove_inclusion(tree, 7 * 256 + 5, 70000, proof, &count),
                     RH_ERR_CORRUPT);
    assert_int_equal(hub_tree_prove_inclusion(tree, 8 * 256 + 5, 70000, proof, &count), RH_OK);

    tile_file(directory, 1, 0, 256, path); /* parent of 256 tiles, itself checked above */
    flip_file(path);
    hub_tree_close(&tree);
    tree = open_at(directory, 70000, &root);
    assert_int_equal(hub_tree_prove_inclusion(tree, 8 * 256 + 5, 70000, proof, &count),
                     RH_ERR_CORRUPT);
    assert_string_equal(hub_tree_fault(tree), "tile/1/000");
    assert_int_equal(hub_tree_prove_inclusion(tree, 69000, 70000, proof, &count), RH_OK);

    tile_file(directory, 0, 260, 256, path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(hub_tree_prove_inclusion(tree, 260 * 256, 70000, proof, &count),
                     RH_ERR_CORRUPT);
    hub_tree_close(&tree);
    free(directory);
}

/* A disk that refuses: the leaf that met it is not taken, and can be given again. */
static void test_tree_survives_a_refusing_disk(void **state)
{
    (void)state;
    char *directory = fresh_directory();
    struct hub_tree *tree = open_at(directory, 0, NULL);
    char obstacle[PATH_BYTES];
    enum rh_err err = RH_OK;

    assert_true(snprintf(obstacle, sizeof obstacle, "%s/tile", directory) < PATH_BYTES);
    rht_write_file(obstacle, "x", 1); /* a file where a directory must be */
    while (err == RH_OK && hub_tree_size(tree) < LEAVES_MAX)
        err = hub_tree_append(tree, &leaves[hub_tree_size(tree)]);
    assert_int_equal(err, RH_ERR_IO);
    uint64_t reached = hub_tree_size(tree);
    assert_int_equal(reached % 256, 255);
    assert_true(reached / 256 <= HUB_TREE_PENDING_MAX);
    check_proofs(tree, reached);
    assert_int_equal(hub_tree_write_tiles(tree), RH_ERR_IO);

    assert_int_equal(unlink(obstacle), 0);
    append_until(tree, reached + 3000);
    struct rh_hash root = root_at(tree, reached + 3000);
    assert_int_equal(hub_tree_write_tiles(tree), RH_OK);
    hub_tree_close(&tree);
    tree = open_at(directory, reached + 3000, &root);
    check_proofs(tree, reached + 3000);
    hub_tree_close(&tree);
    free(directory);
}

/* The engine goes on while tiles are made durable; the checkpoint is of the size at begin. */
static void test_tree_grows_during_a_sync(void **state)
{
    (void)state;
    char *directory = fresh_directory();
    struct hub_tree *tree = open_at(directory, 0, NULL);
    struct hub_tree_sync *sync;
    struct rh_hash root = leaves[0];
    uint64_t size = 0;

    for (int i = 0; i < 12; i++) {
        append_until(tree, hub_tree_size(tree) + rht_random_between(&random_source, 1, 1500));
        size = hub_tree_size(tree);
        root = root_at(tree, size);
        assert_int_equal(hub_tree_sync_begin(tree, &sync), RH_OK);
        append_until(tree, size + rht_random_below(&random_source, 1500));
        enum rh_err err = hub_tree_sync_run(sync);
        assert_int_equal(err, RH_OK);
        check_proofs(tree, hub_tree_size(tree));
        hub_tree_sync_end(tree, &sync, err);
        assert_null(sync);
    }
    hub_tree_close(&tree);
    tree = open_at(directory, size, &root);
    check_proofs(tree, size);
    hub_tree_close(&tree);
    free(directory);
}

/* Not a limit, a sign of life: the figure belongs to the log of a test run. */
static void test_tree_appends_fast(void **state)
{
    (void)state;
    enum { APPENDS = 300000 };
    struct hub_tree *tree = open_memory(false);
    uint64_t begin = rht_now_ms();

    for (size_t i = 0; i < APPENDS; i++)
        assert_int_equal(hub_tree_append(tree, &leaves[i % LEAVES_MAX]), RH_OK);
    uint64_t took = rht_now_ms() - begin;
    print_message("%d appends in %llu ms\n", APPENDS, (unsigned long long)took);
    hub_tree_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_gives_published_roots),
        cmocka_unit_test(test_tree_in_memory_against_twin),
        cmocka_unit_test(test_tree_without_keeping_knows_the_present),
        cmocka_unit_test(test_tree_refuses_impossible_numbers),
        cmocka_unit_test(test_tile_paths_are_those_of_the_specification),
        cmocka_unit_test(test_tree_on_disk_has_the_tiles_of_the_specification),
        cmocka_unit_test(test_tree_reopens_at_every_published_size),
        cmocka_unit_test(test_tree_does_not_open_on_a_tampered_edge),
        cmocka_unit_test(test_tree_refuses_a_tampered_tile),
        cmocka_unit_test(test_tree_survives_a_refusing_disk),
        cmocka_unit_test(test_tree_grows_during_a_sync),
        cmocka_unit_test(test_tree_appends_fast),
    };

    rht_random_init(&random_source);
    rht_random_fill(&random_source, leaves, sizeof leaves);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
