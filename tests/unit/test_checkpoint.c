/* hub/log/checkpoint.c: what stands on disk after a kill is a log that opens, at the newest
 * note. If these failed, a restart could lose what agencies have cosigned, or a copy of
 * yesterday could pass as today. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "log/checkpoint.h"
#include "log/tile.h"
#include "support/merkle_twin.h"
#include "support/rht.h"

enum { LEAVES_MAX = 60000, PATH_BYTES = 512, NOTE_BYTES = 1024 };

static struct rht_random random_source;
static struct rh_hash leaves[LEAVES_MAX];
static struct rh_hub_id hub;
static struct rh_sign_public public_key;
static struct rh_sign_secret secret_key;

static char *fresh_directory(void)
{
    static unsigned made;
    char name[32];

    snprintf(name, sizeof name, "checkpoint%u", made++);
    char *path = rht_tmp_path(name);
    assert_int_equal(mkdir(path, 0700), 0);
    return path;
}

static enum rh_err try_open(const char *directory, struct hub_tree **tree,
                            struct rh_checkpoint *found)
{
    struct hub_tree_options options = { .directory = directory };

    return hub_checkpoint_open(&options, &hub, &public_key, tree, found);
}

static struct hub_tree *open_log(const char *directory, uint64_t *size)
{
    struct hub_tree *tree;
    struct rh_checkpoint found;

    assert_int_equal(try_open(directory, &tree, &found), RH_OK);
    assert_int_equal(hub_tree_size(tree), found.size);
    assert_string_equal(found.origin.text, hub.text);
    struct rh_hash expected;
    rht_merkle_root(leaves, found.size, &expected);
    assert_true(rh_hash_equal(&found.root, &expected));
    *size = found.size;
    return tree;
}

static void append_until(struct hub_tree *tree, uint64_t size)
{
    for (uint64_t i = hub_tree_size(tree); i < size; i++)
        if (hub_tree_append(tree, &leaves[i]) != RH_OK)
            abort(); /* also runs in a child, where an assertion would go unseen */
}

static void publish(struct hub_tree *tree, const char *directory)
{
    char note[NOTE_BYTES];
    size_t bytes;

    if (hub_checkpoint_publish(tree, directory, &hub, &secret_key, note, sizeof note, &bytes) !=
        RH_OK)
        abort();
}

static void test_checkpoint_is_published_and_kept(void **state)
{
    (void)state;
    char *directory = fresh_directory();
    uint64_t size;
    struct hub_tree *tree = open_log(directory, &size);
    char newest[NOTE_BYTES];
    char kept[NOTE_BYTES];
    size_t newest_bytes;
    size_t kept_bytes;
    struct rh_checkpoint read;

    assert_int_equal(size, 0);
    append_until(tree, 300);
    publish(tree, directory);
    append_until(tree, 900);
    publish(tree, directory);

    assert_int_equal(hub_checkpoint_load(directory, newest, sizeof newest, &newest_bytes),
                     RH_OK);
    assert_int_equal(hub_checkpoint_load_size(directory, 900, kept, sizeof kept, &kept_bytes),
                     RH_OK);
    assert_int_equal(newest_bytes, kept_bytes);
    assert_memory_equal(newest, kept, kept_bytes);
    struct rh_bytes note = { (uint8_t *)kept, kept_bytes };
    assert_int_equal(rh_checkpoint_verify(note, &hub, &public_key, &read), RH_OK);
    assert_int_equal(read.size, 900);

    assert_int_equal(hub_checkpoint_load_size(directory, 300, kept, sizeof kept, &kept_bytes),
                     RH_OK);
    note = (struct rh_bytes){ (uint8_t *)kept, kept_bytes };
    assert_int_equal(rh_checkpoint_verify(note, &hub, &public_key, &read), RH_OK);
    assert_int_equal(read.size, 300);
    assert_int_equal(hub_checkpoint_load_size(directory, 301, kept, sizeof kept, &kept_bytes),
                     RH_ERR_NOTFOUND);
    assert_int_equal(hub_checkpoint_load(directory, kept, 20, &kept_bytes), RH_ERR_FULL);
    hub_tree_close(&tree);

    /* Removing the newest note does not take the log back to its beginning. */
    char path[PATH_BYTES];
    assert_true(snprintf(path, sizeof path, "%s/checkpoint", directory) < PATH_BYTES);
    assert_int_equal(unlink(path), 0);
    tree = open_log(directory, &size);
    assert_int_equal(size, 900);
    hub_tree_close(&tree);
    free(directory);
}

/* A note that is not ours, not for this generation, not of this key or not intact: no tree. */
static void test_checkpoint_open_believes_only_our_note(void **state)
{
    (void)state;
    char *directory = fresh_directory();
    uint64_t size;
    struct hub_tree *tree = open_log(directory, &size);
    struct hub_tree_options options = { .directory = directory };
    struct rh_checkpoint found;
    struct rh_hub_id next;
    struct rh_sign_public other;
    struct rh_sign_secret other_secret;
    char path[PATH_BYTES];
    size_t bytes;

    append_until(tree, 1000);
    publish(tree, directory);
    hub_tree_close(&tree);

    rh_hub_id_with_generation(&hub, 2, &next);
    assert_int_equal(hub_checkpoint_open(&options, &next, &public_key, &tree, &found),
                     RH_ERR_DENIED);
    rh_sign_keypair(&other, &other_secret);
    assert_int_equal(hub_checkpoint_open(&options, &hub, &other, &tree, &found),
                     RH_ERR_NOTFOUND);

    assert_true(snprintf(path, sizeof path, "%s/checkpoint", directory) < PATH_BYTES);
    char *note = rht_read_file(path, &bytes);
    for (size_t i = 0; i < bytes; i++) {
        char spoilt[NOTE_BYTES];
        memcpy(spoilt, note, bytes);
        spoilt[i] = (char)(spoilt[i] ^ 1 << rht_random_below(&random_source, 8));
        rht_write_file(path, spoilt, bytes);
        assert_int_not_equal(try_open(directory, &tree, &found), RH_OK);
        assert_null(tree);
    }
    rht_write_file(path, note, bytes);
    free(note);

    char tile[HUB_TILE_PATH_BYTES];
    hub_tile_path(0, 3, 1000 % 256, tile);
    assert_true(snprintf(path, sizeof path, "%s/%s", directory, tile) < PATH_BYTES);
    char *row = rht_read_file(path, &bytes);
    row[100] = (char)(row[100] ^ 4);
    rht_write_file(path, row, bytes);
    free(row);
    assert_int_equal(try_open(directory, &tree, &found), RH_ERR_CORRUPT);
    free(directory);
}

/* A witness's line is added to the newest note and kept. */
static void test_checkpoint_takes_more_signatures(void **state)
{
    (void)state;
    char *directory = fresh_directory();
    uint64_t size;
    struct hub_tree *tree = open_log(directory, &size);
    struct rh_sign_public witness;
    struct rh_sign_secret witness_secret;
    char note[NOTE_BYTES];
    size_t bytes;
    struct rh_note parsed;

    append_until(tree, 12);
    publish(tree, directory);
    hub_tree_close(&tree);
    assert_int_equal(hub_checkpoint_load(directory, note, sizeof note, &bytes), RH_OK);
    assert_int_equal(rh_note_parse((struct rh_bytes){ (uint8_t *)note, bytes }, &parsed),
                     RH_OK);
    size_t text_bytes = parsed.text.bytes;
    rh_sign_keypair(&witness, &witness_secret);
    assert_int_equal(rh_note_sign(note, sizeof note, &bytes, text_bytes, "court.620423",
                                  &witness_secret),
                     RH_OK);
    assert_int_equal(hub_checkpoint_store(directory, 12, note, bytes), RH_OK);

    tree = open_log(directory, &size);
    assert_int_equal(size, 12);
    hub_tree_close(&tree);
    assert_int_equal(hub_checkpoint_load_size(directory, 12, note, sizeof note, &bytes), RH_OK);
    assert_int_equal(rh_note_parse((struct rh_bytes){ (uint8_t *)note, bytes }, &parsed),
                     RH_OK);
    assert_int_equal(parsed.count, 2);
    assert_int_equal(rh_note_verify(&parsed, "court.620423", &witness), RH_OK);
    free(directory);
}

/* Append and publish until killed; one byte into the pipe for each published checkpoint. */
static void grow_for_ever(const char *directory, int pipe_in, uint64_t seed)
{
    struct rht_random own;
    struct hub_tree *tree;
    struct rh_checkpoint found;

    rht_random_seed(&own, seed);
    if (try_open(directory, &tree, &found) != RH_OK)
        abort();
    while (found.size + 2000 < LEAVES_MAX) {
        append_until(tree, hub_tree_size(tree) + rht_random_between(&own, 1, 400));
        if (rht_random_once_in(&own, 3) && hub_tree_flush(tree) != RH_OK)
            abort();
        publish(tree, directory);
        found.size = hub_tree_size(tree);
        if (write(pipe_in, "p", 1) != 1)
            abort();
    }
    for (;;)
        pause();
}

/* kill -9 in the middle of publishing: what was reported as published is never lost, and the
 * log opens at the newest note whatever the moment. */
static void test_checkpoint_survives_kill(void **state)
{
    (void)state;
    char *directory = fresh_directory();
    uint64_t before = 0;

    for (int round = 0; round < 15; round++) {
        int ends[2];
        uint64_t seed = rht_random_u64(&random_source);
        uint64_t wanted = rht_random_between(&random_source, 1, 6);
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(ends[0]);
            grow_for_ever(directory, ends[1], seed);
        }
        close(ends[1]);
        for (uint64_t i = 0; i < wanted; i++) {
            char byte;
            assert_int_equal(read(ends[0], &byte, 1), 1);
        }
        for (uint64_t i = rht_random_below(&random_source, 300000); i > 0; i--)
            rht_random_u64(&random_source); /* it is now anywhere in its next round */
        assert_int_equal(kill(child, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        close(ends[0]);

        uint64_t size;
        struct hub_tree *tree = open_log(directory, &size);
        assert_true(size >= before + wanted);
        struct rh_hash proof[RH_PROOF_CONSISTENCY_MAX];
        size_t count;
        assert_int_equal(hub_tree_prove_consistency(tree, before, size, proof, &count), RH_OK);
        before = size;
        hub_tree_close(&tree);
    }
    free(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checkpoint_is_published_and_kept),
        cmocka_unit_test(test_checkpoint_open_believes_only_our_note),
        cmocka_unit_test(test_checkpoint_takes_more_signatures),
        cmocka_unit_test(test_checkpoint_survives_kill),
    };

    rht_random_init(&random_source);
    rht_random_fill(&random_source, leaves, sizeof leaves);
    if (rh_hub_id_parse("hub.620423", 10, &hub) != RH_OK)
        return 1;
    rh_sign_keypair(&public_key, &secret_key);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
