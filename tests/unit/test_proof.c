/* protocol/src/proof.c: what an agency or an auditor believes about the log. If these failed,
 * a hub could show a receipt for a record it does not hold, or drop one it has confirmed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <rh/proof.h>

#include "support/merkle_twin.h"
#include "support/rht.h"

#define VECTORS RHT_SOURCE_DIR "/tests/data/vectors/"

enum { LEAVES_MAX = 1200 };

static struct rht_random random_source;
static struct rh_hash leaves[LEAVES_MAX];

static void fill_leaves(void)
{
    rht_random_fill(&random_source, leaves, sizeof leaves);
}

static void flip(void *data, size_t bytes)
{
    uint64_t bit = rht_random_below(&random_source, bytes * 8);

    ((uint8_t *)data)[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static bool from_base64(const json_t *text, struct rh_hash *out)
{
    uint8_t bytes[256];
    size_t count = json_is_string(text) ? rht_base64(json_string_value(text), bytes,
                                                     sizeof bytes) : 0;

    if (count != RH_HASH_BYTES)
        return false;
    memcpy(out->bytes, bytes, RH_HASH_BYTES);
    return true;
}

/* 2^64 - 1 is among the numbers; the reader gives large ones as reals. */
static uint64_t number(const json_t *object, const char *key)
{
    double value = json_number_value(json_object_get(object, key));

    return value >= 18446744073709549568.0 ? UINT64_MAX : (uint64_t)value;
}

static enum rh_err verify_vector(const json_t *vector)
{
    struct rh_hash proof[RH_PROOF_RANGE_MAX];
    struct rh_hash a;
    struct rh_hash b;
    json_t *list = json_object_get(vector, "proof");
    size_t count = json_array_size(list);

    assert_true(count <= RH_PROOF_RANGE_MAX);
    for (size_t i = 0; i < count; i++)
        if (!from_base64(json_array_get(list, i), &proof[i]))
            return RH_ERR_INVALID;
    if (json_object_get(vector, "size1") != NULL) {
        if (!from_base64(json_object_get(vector, "root1"), &a) ||
            !from_base64(json_object_get(vector, "root2"), &b))
            return RH_ERR_INVALID;
        return rh_proof_consistency_verify(number(vector, "size1"), &a,
                                           number(vector, "size2"), &b, proof, count);
    }
    if (!from_base64(json_object_get(vector, "leafHash"), &a) ||
        !from_base64(json_object_get(vector, "root"), &b))
        return RH_ERR_INVALID;
    return rh_proof_inclusion_verify(&a, number(vector, "leafIdx"), number(vector, "treeSize"),
                                     proof, count, &b);
}

static void test_proof_agrees_with_published_vectors(void **state)
{
    (void)state;
    size_t seen = 0;
    size_t good = 0;
    char *text = rht_read_file(VECTORS "merkle_rfc6962_proofs_part.jsonl", NULL);

    for (char *rest = text, *line; (line = strtok_r(rest, "\n", &rest)) != NULL; seen++) {
        json_error_t error;
        json_t *vector = json_loads(line, JSON_DECODE_INT_AS_REAL, &error);
        assert_non_null(vector);
        bool want_error = json_is_true(json_object_get(vector, "wantErr"));
        if ((verify_vector(vector) != RH_OK) != want_error)
            fail_msg("%s", json_string_value(json_object_get(vector, "file")));
        good += want_error ? 0 : 1;
        json_decref(vector);
    }
    free(text);
    assert_int_equal(seen, 38);
    assert_int_equal(good, 3);
}

/* Every hash of a proof matters, and so do leaf and root; one too few or too many is
 * refused. */
static void check_inclusion(uint64_t index, size_t size)
{
    struct rh_hash path[RH_PROOF_PATH_MAX + 2];
    struct rh_hash root;
    struct rh_hash leaf = leaves[index];
    size_t count = rht_merkle_path(index, leaves, size, path);

    rht_merkle_root(leaves, size, &root);
    assert_int_equal(rh_proof_inclusion_verify(&leaf, index, size, path, count, &root), RH_OK);

    path[count] = leaves[0];
    assert_int_equal(rh_proof_inclusion_verify(&leaf, index, size, path, count + 1, &root),
                     RH_ERR_INVALID);
    if (count > 0)
        assert_int_equal(rh_proof_inclusion_verify(&leaf, index, size, path, count - 1, &root),
                         RH_ERR_INVALID);
    for (size_t i = 0; i < count; i++) {
        struct rh_hash kept = path[i];
        flip(&path[i], sizeof path[i]);
        assert_int_equal(rh_proof_inclusion_verify(&leaf, index, size, path, count, &root),
                         RH_ERR_CRYPTO);
        path[i] = kept;
    }
    flip(&leaf, sizeof leaf);
    assert_int_equal(rh_proof_inclusion_verify(&leaf, index, size, path, count, &root),
                     RH_ERR_CRYPTO);
    flip(&root, sizeof root);
    assert_int_equal(
        rh_proof_inclusion_verify(&leaves[index], index, size, path, count, &root),
        RH_ERR_CRYPTO);
}

static void test_proof_inclusion_against_twin(void **state)
{
    (void)state;
    fill_leaves();
    for (size_t size = 1; size <= 40; size++)
        for (size_t index = 0; index < size; index++)
            check_inclusion(index, size);
    for (int i = 0; i < 150; i++) {
        size_t size = rht_random_between(&random_source, 1, LEAVES_MAX);
        check_inclusion(rht_random_below(&random_source, size), size);
    }
}

static void check_consistency(size_t old_size, size_t size)
{
    struct rh_hash proof[RH_PROOF_CONSISTENCY_MAX + 1];
    struct rh_hash old_root;
    struct rh_hash root;
    size_t count = old_size == 0 || old_size == size
                       ? 0 : rht_merkle_subproof(old_size, leaves, size, 1, proof);

    rht_merkle_root(leaves, old_size, &old_root);
    rht_merkle_root(leaves, size, &root);
    assert_int_equal(
        rh_proof_consistency_verify(old_size, &old_root, size, &root, proof, count), RH_OK);

    proof[count] = leaves[0];
    assert_int_equal(
        rh_proof_consistency_verify(old_size, &old_root, size, &root, proof, count + 1),
        RH_ERR_INVALID);
    for (size_t i = 0; i < count; i++) {
        struct rh_hash kept = proof[i];
        flip(&proof[i], sizeof proof[i]);
        assert_int_equal(
            rh_proof_consistency_verify(old_size, &old_root, size, &root, proof, count),
            RH_ERR_CRYPTO);
        proof[i] = kept;
        assert_int_equal(
            rh_proof_consistency_verify(old_size, &old_root, size, &root, proof, i),
            RH_ERR_INVALID);
    }
    struct rh_hash wrong = old_root;
    flip(&wrong, sizeof wrong);
    assert_int_equal(rh_proof_consistency_verify(old_size, &wrong, size, &root, proof, count),
                     RH_ERR_CRYPTO);
    wrong = root;
    flip(&wrong, sizeof wrong);
    if (old_size > 0 || size == 0)
        assert_int_equal(
            rh_proof_consistency_verify(old_size, &old_root, size, &wrong, proof, count),
            RH_ERR_CRYPTO);
}

static void test_proof_consistency_against_twin(void **state)
{
    (void)state;
    fill_leaves();
    for (size_t size = 0; size <= 40; size++)
        for (size_t old_size = 0; old_size <= size; old_size++)
            check_consistency(old_size, size);
    for (int i = 0; i < 150; i++) {
        size_t size = rht_random_between(&random_source, 1, LEAVES_MAX);
        check_consistency(rht_random_below(&random_source, size), size);
    }
}

/* Nothing a stranger puts in the size fields reaches past the guards; size 0 proves nothing
 * about a root that is not the empty one. */
static void test_proof_refuses_impossible_numbers(void **state)
{
    (void)state;
    struct rh_hash h = leaves[0];
    struct rh_hash many[RH_PROOF_RANGE_MAX + 1];

    memset(many, 7, sizeof many);
    assert_int_equal(rh_proof_inclusion_verify(&h, 0, 0, NULL, 0, &h), RH_ERR_INVALID);
    assert_int_equal(rh_proof_inclusion_verify(&h, 1, 1, NULL, 0, &h), RH_ERR_INVALID);
    assert_int_equal(rh_proof_inclusion_verify(&h, 0, UINT64_MAX, many, 62, &h),
                     RH_ERR_INVALID);
    assert_int_equal(rh_proof_inclusion_verify(&h, 0, RH_TREE_SIZE_MAX, many, 63, &h),
                     RH_ERR_INVALID);
    assert_int_equal(rh_proof_inclusion_verify(&h, 0, RH_TREE_SIZE_MAX, many, 62, &h),
                     RH_ERR_CRYPTO);
    assert_int_equal(rh_proof_consistency_verify(2, &h, 1, &h, NULL, 0), RH_ERR_INVALID);
    assert_int_equal(rh_proof_consistency_verify(0, &h, 5, &h, NULL, 0), RH_ERR_CRYPTO);
    assert_int_equal(rh_proof_consistency_verify(0, &h, 5, &h, many, 1), RH_ERR_INVALID);
    assert_int_equal(rh_proof_consistency_verify(3, &h, UINT64_MAX, &h, many, 63),
                     RH_ERR_INVALID);
    assert_int_equal(rh_proof_range_verify(0, &h, 0, 5, NULL, 0, &h), RH_ERR_INVALID);
    assert_int_equal(rh_proof_range_verify(5, &h, 1, 5, NULL, 0, &h), RH_ERR_INVALID);
    assert_int_equal(rh_proof_range_verify(4, &h, 2, 5, NULL, 0, &h), RH_ERR_INVALID);
    assert_int_equal(rh_proof_range_verify(UINT64_MAX, &h, 2, UINT64_MAX, NULL, 0, &h),
                     RH_ERR_INVALID);
    assert_int_equal(rh_proof_range_verify(1, &h, UINT64_MAX, 5, NULL, 0, &h), RH_ERR_INVALID);
    assert_int_equal(rh_proof_range_verify(0, &h, 1, RH_TREE_SIZE_MAX, many, 125, &h),
                     RH_ERR_INVALID);
    assert_int_equal(rh_proof_range_verify(UINT64_C(1) << 61, &h, 1, RH_TREE_SIZE_MAX, many, 62,
                                           &h),
                     RH_ERR_CRYPTO);
}

static void check_range(size_t first, size_t last, size_t size)
{
    struct rh_hash proof[RH_PROOF_RANGE_MAX + 1];
    struct rh_hash root;
    size_t count = rht_merkle_range((long)first, (long)last, leaves, (long)size, proof);
    size_t length = last - first;
    size_t height = 0;

    while ((size_t)1 << height < size)
        height++;
    assert_true(count <= 2 * height);
    rht_merkle_root(leaves, size, &root);
    assert_int_equal(
        rh_proof_range_verify(first, leaves + first, length, size, proof, count, &root), RH_OK);

    proof[count] = leaves[0];
    assert_int_equal(
        rh_proof_range_verify(first, leaves + first, length, size, proof, count + 1, &root),
        RH_ERR_INVALID);
    for (size_t i = 0; i < count; i++) {
        struct rh_hash kept = proof[i];
        flip(&proof[i], sizeof proof[i]);
        assert_int_equal(
            rh_proof_range_verify(first, leaves + first, length, size, proof, count, &root),
            RH_ERR_CRYPTO);
        proof[i] = kept;
        assert_int_equal(
            rh_proof_range_verify(first, leaves + first, length, size, proof, i, &root),
            RH_ERR_INVALID);
    }
    size_t spoilt = rht_random_between(&random_source, first, last - 1);
    struct rh_hash kept = leaves[spoilt];
    flip(&leaves[spoilt], sizeof leaves[spoilt]);
    assert_int_equal(
        rh_proof_range_verify(first, leaves + first, length, size, proof, count, &root),
        RH_ERR_CRYPTO);
    leaves[spoilt] = kept;
    flip(&root, sizeof root);
    assert_int_equal(
        rh_proof_range_verify(first, leaves + first, length, size, proof, count, &root),
        RH_ERR_CRYPTO);
}

static void test_proof_range_against_twin(void **state)
{
    (void)state;
    fill_leaves();
    for (size_t size = 1; size <= 18; size++)
        for (size_t first = 0; first < size; first++)
            for (size_t last = first + 1; last <= size; last++)
                check_range(first, last, size);
    for (int i = 0; i < 100; i++) {
        size_t size = rht_random_between(&random_source, 2, LEAVES_MAX);
        size_t first = rht_random_below(&random_source, size);
        check_range(first, rht_random_between(&random_source, first + 1, size), size);
    }
}

/* A range of one leaf holds the hashes of its inclusion proof, in another order. */
static void test_proof_range_of_one_is_inclusion(void **state)
{
    (void)state;
    struct rh_hash range[RH_PROOF_RANGE_MAX];
    struct rh_hash path[RH_PROOF_PATH_MAX];
    size_t count = rht_merkle_range(700, 701, leaves, 1000, range);

    assert_int_equal(count, rht_merkle_path(700, leaves, 1000, path));
    for (size_t i = 0; i < count; i++) {
        size_t found = 0;
        for (size_t j = 0; j < count; j++)
            found += rh_hash_equal(&range[i], &path[j]) ? 1 : 0;
        assert_int_equal(found, 1);
    }
}

static void test_proof_leaf_is_core_and_hash_of_rest(void **state)
{
    (void)state;
    static const uint8_t core[] = "core of a record";
    uint8_t data[sizeof core + RH_HASH_BYTES];
    struct rh_hash rest;
    struct rh_hash expected;
    struct rh_hash leaf;

    rh_hash("rest", 4, &rest);
    memcpy(data, core, sizeof core);
    memcpy(data + sizeof core, rest.bytes, sizeof rest.bytes);
    rh_hash_leaf(data, sizeof data, &expected);
    rh_leaf_hash((struct rh_bytes){ core, sizeof core }, &rest, &leaf);
    assert_true(rh_hash_equal(&leaf, &expected));
}

static struct rh_batch make_batch(const struct rh_sign_secret *secret)
{
    struct rh_batch batch = { .size = 70000, .root = leaves[3] };

    assert_int_equal(rh_hub_id_parse("hub.620423/2", 12, &batch.hub), RH_OK);
    rh_batch_sign(&batch, secret);
    return batch;
}

/* A batch checkpoint binds hub, generation, size and root; none can be exchanged. */
static void test_batch_signature_covers_everything(void **state)
{
    (void)state;
    struct rh_sign_public public_key;
    struct rh_sign_public other_key;
    struct rh_sign_secret secret;
    struct rh_sign_secret other_secret;

    rh_sign_keypair(&public_key, &secret);
    rh_sign_keypair(&other_key, &other_secret);
    struct rh_batch batch = make_batch(&secret);
    assert_int_equal(rh_batch_verify(&batch, &public_key), RH_OK);
    assert_int_equal(rh_batch_verify(&batch, &other_key), RH_ERR_CRYPTO);

    struct rh_batch wrong = batch;
    wrong.size++;
    assert_int_equal(rh_batch_verify(&wrong, &public_key), RH_ERR_CRYPTO);
    wrong = batch;
    flip(&wrong.root, sizeof wrong.root);
    assert_int_equal(rh_batch_verify(&wrong, &public_key), RH_ERR_CRYPTO);
    wrong = batch;
    assert_int_equal(rh_hub_id_parse("hub.620423/3", 12, &wrong.hub), RH_OK);
    assert_int_equal(rh_batch_verify(&wrong, &public_key), RH_ERR_CRYPTO);
    wrong = batch;
    flip(&wrong.signature, sizeof wrong.signature);
    assert_int_equal(rh_batch_verify(&wrong, &public_key), RH_ERR_CRYPTO);
    wrong.size = 0;
    assert_int_equal(rh_batch_verify(&wrong, &public_key), RH_ERR_INVALID);
}

static void test_batch_survives_encoding_and_nothing_else_does(void **state)
{
    (void)state;
    struct rh_sign_public public_key;
    struct rh_sign_secret secret;
    uint8_t bytes[RH_BATCH_BYTES_MAX];
    struct rh_writer writer;
    struct rh_batch read;

    rh_sign_keypair(&public_key, &secret);
    struct rh_batch batch = make_batch(&secret);
    rh_writer_init(&writer, bytes, sizeof bytes);
    assert_int_equal(rh_batch_encode(&batch, &writer), RH_OK);
    assert_int_equal(rh_batch_decode((struct rh_bytes){ bytes, writer.bytes }, &read), RH_OK);
    assert_int_equal(rh_batch_verify(&read, &public_key), RH_OK);
    assert_string_equal(read.hub.text, batch.hub.text);

    for (size_t cut = 0; cut < writer.bytes; cut++)
        assert_int_not_equal(rh_batch_decode((struct rh_bytes){ bytes, cut }, &read), RH_OK);
    for (size_t i = 0; i < writer.bytes; i++) {
        uint8_t kept = bytes[i];
        flip(&bytes[i], 1);
        if (rh_batch_decode((struct rh_bytes){ bytes, writer.bytes }, &read) == RH_OK)
            assert_int_not_equal(rh_batch_verify(&read, &public_key), RH_OK);
        bytes[i] = kept;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proof_agrees_with_published_vectors),
        cmocka_unit_test(test_proof_inclusion_against_twin),
        cmocka_unit_test(test_proof_consistency_against_twin),
        cmocka_unit_test(test_proof_refuses_impossible_numbers),
        cmocka_unit_test(test_proof_range_against_twin),
        cmocka_unit_test(test_proof_range_of_one_is_inclusion),
        cmocka_unit_test(test_proof_leaf_is_core_and_hash_of_rest),
        cmocka_unit_test(test_batch_signature_covers_everything),
        cmocka_unit_test(test_batch_survives_encoding_and_nothing_else_does),
    };

    rht_random_init(&random_source);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
