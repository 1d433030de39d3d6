/* protocol/spec/vectors/log.json, made by another implementation from the specification: we
 * accept what it calls valid and refuse the rest. If this failed, an agency that wrote its
 * own client could not use our receipts, or would be fooled where we are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <rh/note.h>
#include <rh/proof.h>

#include "support/rht.h"

enum { HASHES_MAX = 160 };

static json_t *vectors;
static struct rh_sign_public hub_key;
static struct rh_hub_id hub;

static const char *text_of(const json_t *vector, const char *key)
{
    const char *text = json_string_value(json_object_get(vector, key));

    assert_non_null(text);
    return text;
}

static uint64_t number_of(const json_t *vector, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(vector, key));
}

static struct rh_hash hash_of(const json_t *vector, const char *key)
{
    struct rh_hash hash;

    assert_int_equal(rht_hex(text_of(vector, key), hash.bytes, sizeof hash.bytes), 32);
    return hash;
}

static size_t hashes_of(const json_t *vector, const char *key, struct rh_hash out[HASHES_MAX])
{
    json_t *list = json_object_get(vector, key);
    size_t count = json_array_size(list);

    assert_true(count <= HASHES_MAX);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(rht_hex(json_string_value(json_array_get(list, i)), out[i].bytes, 32),
                         32);
    return count;
}

typedef enum rh_err check_fn(const json_t *vector);

static void run(const char *kind, check_fn *check, size_t at_least)
{
    json_t *list = json_object_get(vectors, kind);
    size_t good = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *vector = json_array_get(list, i);
        bool valid = json_is_true(json_object_get(vector, "valid"));

        if ((check(vector) == RH_OK) != valid)
            fail_msg("%s %zu: %s", kind, i, text_of(vector, "case"));
        good += valid ? 1 : 0;
    }
    assert_true(good >= 3);
    assert_true(json_array_size(list) >= at_least);
}

static enum rh_err check_inclusion(const json_t *vector)
{
    struct rh_hash proof[HASHES_MAX];
    struct rh_hash leaf = hash_of(vector, "leaf");
    struct rh_hash root = hash_of(vector, "root");
    size_t count = hashes_of(vector, "proof", proof);

    return rh_proof_inclusion_verify(&leaf, number_of(vector, "index"),
                                     number_of(vector, "size"), proof, count, &root);
}

static enum rh_err check_consistency(const json_t *vector)
{
    struct rh_hash proof[HASHES_MAX];
    struct rh_hash old_root = hash_of(vector, "old_root");
    struct rh_hash root = hash_of(vector, "root");
    size_t count = hashes_of(vector, "proof", proof);

    return rh_proof_consistency_verify(number_of(vector, "old_size"), &old_root,
                                       number_of(vector, "size"), &root, proof, count);
}

static enum rh_err check_range(const json_t *vector)
{
    struct rh_hash proof[HASHES_MAX];
    struct rh_hash leaves[HASHES_MAX];
    struct rh_hash root = hash_of(vector, "root");
    size_t count = hashes_of(vector, "proof", proof);
    size_t leaf_count = hashes_of(vector, "leaves", leaves);

    return rh_proof_range_verify(number_of(vector, "first"), leaves, leaf_count,
                                 number_of(vector, "size"), proof, count, &root);
}

static enum rh_err check_batch(const json_t *vector)
{
    uint8_t bytes[RH_BATCH_BYTES_MAX];
    struct rh_batch batch;
    size_t count = rht_hex(text_of(vector, "record"), bytes, sizeof bytes);
    enum rh_err err = rh_batch_decode((struct rh_bytes){ bytes, count }, &batch);

    if (err == RH_OK && strcmp(batch.hub.text, text_of(vector, "hub")) != 0)
        err = RH_ERR_DENIED;
    return err == RH_OK ? rh_batch_verify(&batch, &hub_key) : err;
}

static enum rh_err check_checkpoint(const json_t *vector)
{
    const char *note = text_of(vector, "note");
    struct rh_checkpoint checkpoint;

    return rh_checkpoint_verify((struct rh_bytes){ (const uint8_t *)note, strlen(note) }, &hub,
                                &hub_key, &checkpoint);
}

static void test_log_vectors_leaves(void **state)
{
    (void)state;
    json_t *list = json_object_get(vectors, "leaf");

    assert_true(json_array_size(list) >= 4);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *vector = json_array_get(list, i);
        uint8_t core[256];
        size_t bytes = rht_hex(text_of(vector, "core"), core, sizeof core);
        struct rh_hash rest_hash = hash_of(vector, "rest_hash");
        struct rh_hash expected = hash_of(vector, "leaf");
        struct rh_hash leaf;

        rh_leaf_hash((struct rh_bytes){ core, bytes }, &rest_hash, &leaf);
        assert_memory_equal(leaf.bytes, expected.bytes, sizeof leaf.bytes);
    }
}

static void test_log_vectors_inclusion(void **state)
{
    (void)state;
    run("inclusion", check_inclusion, 50);
}

static void test_log_vectors_consistency(void **state)
{
    (void)state;
    run("consistency", check_consistency, 50);
}

static void test_log_vectors_range(void **state)
{
    (void)state;
    run("range", check_range, 50);
}

static void test_log_vectors_batch(void **state)
{
    (void)state;
    run("batch", check_batch, 12);
}

static void test_log_vectors_checkpoint(void **state)
{
    (void)state;
    run("checkpoint", check_checkpoint, 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_vectors_leaves),
        cmocka_unit_test(test_log_vectors_inclusion),
        cmocka_unit_test(test_log_vectors_consistency),
        cmocka_unit_test(test_log_vectors_range),
        cmocka_unit_test(test_log_vectors_batch),
        cmocka_unit_test(test_log_vectors_checkpoint),
    };
    char *text = rht_read_file(RHT_SOURCE_DIR "/protocol/spec/vectors/log.json", NULL);
    json_error_t error;

    vectors = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (vectors == NULL)
        return 1;
    const char *name = json_string_value(json_object_get(vectors, "hub"));
    rht_hex(json_string_value(json_object_get(vectors, "public_key")), hub_key.bytes, 32);
    if (name == NULL || rh_hub_id_parse(name, strlen(name), &hub) != RH_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(vectors);
    return failed;
}
