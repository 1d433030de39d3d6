/* protocol/spec/vectors of the wire, tried on the C library. They were written by another
 * program from the specification alone (tests/interop), so an encoding that only we
 * understand fails here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <rh/proof.h>
#include <rh/wire.h>

#include "support/rht.h"
#include "support/round_trip.h"

enum { ROOM = 2 * RH_FRAME_BYTES_MAX };

static struct rh_bytes view(const void *data, size_t bytes)
{
    return (struct rh_bytes){ data, bytes };
}

/* Accepted bytes that do not come back as they were are a failure, whatever was expected. */
static bool same(enum rht_round round)
{
    assert_int_not_equal(round, RHT_DIFFERENT);
    return round == RHT_SAME;
}

/* ---- members of a vector ---- */

static const char *text_of(json_t *vector, const char *member)
{
    const char *text = json_string_value(json_object_get(vector, member));
    return text != NULL ? text : "";
}

static void key_of(json_t *vector, struct rh_sign_public *out)
{
    assert_int_equal(rht_hex(text_of(vector, "key"), out->bytes, sizeof out->bytes),
                     sizeof out->bytes);
}

static bool digest_is(json_t *vector, const struct rh_hash *digest)
{
    struct rh_hash wanted;
    assert_int_equal(rht_hex(text_of(vector, "digest"), wanted.bytes, RH_HASH_BYTES),
                     RH_HASH_BYTES);
    return rh_hash_equal(digest, &wanted);
}

/* Bytes of "hex", where "(61*600)" is 600 bytes 0x61; the caller's, to be freed. */
static uint8_t *bytes_of(json_t *vector, size_t *bytes)
{
    uint8_t *out = malloc(ROOM);
    assert_non_null(out);
    *bytes = 0;
    for (const char *at = text_of(vector, "hex"); *at != '\0';) {
        bool run = *at == '(';
        char cell[3] = { at[run], at[run + 1], '\0' };
        char *end = NULL;
        unsigned long count = run ? strtoul(at + 4, &end, 10) : 1;
        assert_true(count <= ROOM - *bytes);
        memset(out + *bytes, (int)strtoul(cell, NULL, 16), count);
        *bytes += count;
        at = run ? end + 1 : at + 2;
    }
    /* An allocation that ends where the bytes end, so that a sanitizer sees one too far. */
    uint8_t *exact = realloc(out, *bytes > 0 ? *bytes : 1);
    assert_non_null(exact);
    return exact;
}

/* ---- one function for each type: is it accepted, and does it come back unchanged ---- */

static bool try_value(json_t *vector, struct rh_bytes data)
{
    (void)vector;
    return rh_codec_check(data.data, data.bytes, RH_FRAME_BYTES_MAX, NULL) == RH_OK;
}

static void compare_public(json_t *value, const struct rh_public *got)
{
    uint8_t id[RH_ID_BYTES];
    assert_int_equal(json_integer_value(json_object_get(value, "2")), got->kind);
    (void)rht_hex(text_of(value, "1"), id, sizeof id);
    assert_memory_equal(id, got->message_id.bytes, sizeof id);
    assert_string_equal(text_of(value, "7"), got->to.text);
    assert_string_equal(text_of(value, "8"), got->procedure);
    assert_string_equal(text_of(value, "13"), got->code);
    assert_string_equal(text_of(value, "27"), got->trace);
    assert_int_equal(json_integer_value(json_object_get(value, "9")), got->lane);
    assert_int_equal(json_integer_value(json_object_get(value, "16")), got->due_ms);
    assert_int_equal(json_is_true(json_object_get(value, "19")), got->report_required);
    assert_int_equal(json_is_true(json_object_get(value, "21")), got->reply_owed);
    assert_int_equal(json_array_size(json_object_get(value, "23")), got->external_count);
    assert_int_equal(json_array_size(json_object_get(value, "24")), got->copy_count);
    assert_int_equal(json_array_size(json_object_get(value, "25")), got->child_count);
    assert_int_equal(json_array_size(json_object_get(value, "31")), got->accused_count);
    assert_int_equal(json_array_size(json_object_get(value, "32")), got->person_count);
    json_t *facts = json_object_get(value, "26");
    assert_int_equal(json_object_size(facts), got->fact_count);
    for (uint32_t i = 0; i < got->fact_count; i++) {
        json_t *one = json_object_get(facts, got->facts[i].key);
        assert_int_equal(json_is_integer(one), got->facts[i].is_number);
        if (json_is_integer(one))
            assert_true(json_integer_value(one) == got->facts[i].number);
        else
            assert_string_equal(json_string_value(one), got->facts[i].code);
    }
}

static bool try_public(json_t *vector, struct rh_bytes data)
{
    static struct rh_public value;
    if (rh_public_decode(data, &value, NULL) != RH_OK)
        return false;
    if (json_object_get(vector, "value") != NULL)
        compare_public(json_object_get(vector, "value"), &value);
    return same(rht_round_public(data));
}

static bool try_private(json_t *vector, struct rh_bytes data)
{
    (void)vector;
    return same(rht_round_private(data));
}

static bool try_body(json_t *vector, struct rh_bytes data)
{
    (void)vector;
    return same(rht_round_body(data));
}

static bool try_item(json_t *vector, struct rh_bytes data)
{
    struct rh_item item;
    struct rh_hash digest;
    if (rh_item_decode(data, &item) != RH_OK || rh_item_check(&item) != RH_OK)
        return false;
    if (json_object_get(vector, "digest") != NULL) {
        rh_item_digest(&item, &digest);
        assert_true(digest_is(vector, &digest));
    }
    return same(rht_round_item(data));
}

static bool try_external_hash(json_t *vector, struct rh_bytes data)
{
    struct rh_sign_public key; /* 32 bytes of another kind of key */
    struct rh_hash hash;
    const char *system = (const char *)data.data;
    size_t at = strlen(system) + 1;
    key_of(vector, &key);
    rh_external_hash(key.bytes, system, view(data.data + at, data.bytes - at), &hash);
    return digest_is(vector, &hash);
}

static bool try_header(json_t *vector, struct rh_bytes data)
{
    (void)vector;
    return same(rht_round_header(data));
}

static bool try_bundle(json_t *vector, struct rh_bytes data)
{
    static struct rh_frame_bundle frame;
    static struct rh_public value;
    struct rh_bundle_header header;
    struct rh_hash digests[RH_BUNDLE_ITEMS_MAX], root;
    struct rh_sign_public key;
    if (rh_frame_bundle_decode(data, &frame) != RH_OK ||
        rh_bundle_header_decode(frame.header, &header) != RH_OK)
        return false;
    for (uint32_t i = 0; i < frame.count; i++) {
        rh_item_digest(&frame.items[i], &digests[i]);
        if (rh_item_check(&frame.items[i]) != RH_OK ||
            rh_public_decode(frame.items[i].public_part, &value, NULL) != RH_OK)
            return false;
    }
    rh_bundle_root(digests, frame.count, &root);
    key_of(vector, &key);
    return rh_hash_equal(&root, &header.root) &&
           rh_sign_verify("rhub/bundle/1", frame.header.data, frame.header.bytes, &key,
                          &frame.signature) == RH_OK &&
           same(rht_round_frame(data));
}

static bool try_lost(json_t *vector, struct rh_bytes data)
{
    static struct rh_frame_bundle frame;
    struct rh_bundle_header header;
    struct rh_first first[RH_BUNDLE_ITEMS_MAX];
    struct rh_hash digests[RH_BUNDLE_ITEMS_MAX];
    struct rh_lost_check check = { .digests = digests };
    const char *hub = text_of(vector, "hub");
    if (rh_frame_bundle_decode(data, &frame) != RH_OK ||
        rh_bundle_header_decode(frame.header, &header) != RH_OK)
        return false;
    for (uint32_t i = 0; i < frame.count; i++)
        rh_item_digest(&frame.items[i], &digests[i]);
    assert_int_equal(rh_hub_id_parse(hub, strlen(hub), &check.hub), RH_OK);
    key_of(vector, &check.key);
    check.sender = header.sender;
    check.epoch = header.epoch;
    check.count = frame.count;
    if (rh_lost_verify(frame.lost, &check, first) != RH_OK)
        return false;
    json_t *believed = json_object_get(vector, "value");
    assert_int_equal(json_array_size(believed), frame.count);
    for (uint32_t i = 0; i < frame.count; i++)
        assert_int_equal(json_integer_value(json_array_get(believed, i)), first[i].stored_ms);
    return same(rht_round_frame(data));
}

static bool try_delivery(json_t *vector, struct rh_bytes data)
{
    struct rh_delivery delivery;
    struct rh_sign_public key;
    static struct rh_public value;
    key_of(vector, &key);
    return rh_delivery_decode(data, &delivery) == RH_OK &&
           rh_delivery_check(&delivery, &key) == RH_OK &&
           rh_public_decode(delivery.item.public_part, &value, NULL) == RH_OK &&
           same(rht_round_frame(data));
}

static bool try_hello(json_t *vector, struct rh_bytes data)
{
    struct rh_sign_public key;
    struct rh_signature signature;
    key_of(vector, &key);
    (void)rht_hex(text_of(vector, "signature"), signature.bytes, sizeof signature.bytes);
    return rh_sign_verify("rhub/hello/1", data.data, data.bytes, &key, &signature) == RH_OK &&
           same(rht_round_hello(data));
}

static bool try_receipt(json_t *vector, struct rh_bytes data)
{
    struct rh_receipt receipt;
    if (rh_receipt_decode(data, &receipt) != RH_OK)
        return false;
    json_t *value = json_object_get(vector, "value");
    if (value != NULL) {
        assert_string_equal(text_of(value, "1"), receipt.hub.text);
        assert_int_equal(json_integer_value(json_object_get(value, "2")), receipt.type);
        assert_int_equal(json_integer_value(json_object_get(value, "3")), receipt.index);
        assert_int_equal(json_integer_value(json_object_get(value, "7")), receipt.n);
        assert_int_equal(json_integer_value(json_object_get(value, "10")), receipt.outcome);
        assert_string_equal(text_of(value, "11"), receipt.holder.text);
        assert_int_equal(json_integer_value(json_object_get(value, "12")), receipt.due_ms);
    }
    return same(rht_round_receipt(data));
}

/* What the holder of a confirm checks: spec/receipt.md. */
static bool confirm_holds(json_t *vector, const struct rh_frame_confirm *confirm)
{
    struct rh_hash leaves[RH_CONFIRM_RECORDS_MAX];
    struct rh_sign_public key;
    struct rh_batch batch = { .size = confirm->size,
                              .root = confirm->root,
                              .signature = confirm->signature };
    const char *hub = text_of(vector, "hub");
    key_of(vector, &key);
    assert_int_equal(rh_hub_id_parse(hub, strlen(hub), &batch.hub), RH_OK);
    if (rh_batch_verify(&batch, &key) != RH_OK)
        return false;
    for (uint32_t i = 0; i < confirm->record_count; i++) {
        struct rh_receipt receipt;
        if (rh_receipt_decode(confirm->records[i].core, &receipt) != RH_OK ||
            receipt.type != RH_RECORD_ITEM || receipt.index != confirm->first_index + i ||
            receipt.n != confirm->first_n + i || strcmp(receipt.hub.text, hub) != 0)
            return false;
        rh_leaf_hash(confirm->records[i].core, &confirm->records[i].rest_hash, &leaves[i]);
    }
    return rh_proof_range_verify(confirm->first_index, leaves, confirm->record_count,
                                 confirm->size, confirm->proof, confirm->proof_count,
                                 &confirm->root) == RH_OK;
}

static bool try_confirm(json_t *vector, struct rh_bytes data)
{
    static struct rh_frame_confirm confirm;
    return rh_frame_confirm_decode(data, &confirm) == RH_OK &&
           confirm_holds(vector, &confirm) &&
           same(rht_round_frame(data));
}

static bool try_frame(json_t *vector, struct rh_bytes data)
{
    (void)vector;
    return same(rht_round_frame(data));
}

static const struct {
    const char *type;
    bool (*accepts)(json_t *vector, struct rh_bytes data);
} types[] = {
    { "value", try_value },       { "public", try_public },     { "private", try_private },
    { "body", try_body },         { "item", try_item },         { "header", try_header },
    { "bundle", try_bundle },     { "delivery", try_delivery }, { "hello", try_hello },
    { "lost", try_lost },
    { "receipt", try_receipt },   { "confirm", try_confirm },   { "frame", try_frame },
    { "external_hash", try_external_hash },
};

static bool accepts(json_t *vector, struct rh_bytes data)
{
    const char *type = text_of(vector, "type");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].type, type) == 0)
            return types[i].accepts(vector, data);
    fail_msg("unknown type of vector: %s", type);
    return false;
}

/* Try every vector of a file; all that differ are named before the test fails. */
static void try_file(const char *name, size_t refused_min)
{
    char path[512];
    json_error_t trouble;
    snprintf(path, sizeof path, RHT_SOURCE_DIR "/protocol/spec/vectors/%s.json", name);
    json_t *root = json_load_file(path, 0, &trouble);
    if (root == NULL)
        fail_msg("%s: %s", path, trouble.text);
    json_t *vectors = json_object_get(root, "vectors");
    size_t wrong = 0, refused = 0;
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        json_t *vector = json_array_get(vectors, i);
        size_t bytes;
        uint8_t *data = bytes_of(vector, &bytes);
        bool wanted = strcmp(text_of(vector, "expect"), "accept") == 0;
        if (accepts(vector, view(data, bytes)) != wanted) {
            print_error("%s: %s: should be %s: %s\n", name, text_of(vector, "name"),
                        wanted ? "accepted" : "refused", text_of(vector, "why"));
            wrong++;
        }
        refused += !wanted;
        free(data);
    }
    json_decref(root);
    assert_int_equal(wrong, 0);
    assert_true(refused >= refused_min);
}

static void test_vectors_codec(void **state)
{
    (void)state;
    try_file("codec", 50);
}

static void test_vectors_public(void **state)
{
    (void)state;
    try_file("public", 60);
}

static void test_vectors_private(void **state)
{
    (void)state;
    try_file("private", 44);
}

static void test_vectors_item(void **state)
{
    (void)state;
    try_file("item", 15);
}

static void test_vectors_bundle(void **state)
{
    (void)state;
    try_file("bundle", 30);
}

static void test_vectors_lost(void **state)
{
    (void)state;
    try_file("lost", 24);
}

static void test_vectors_delivery(void **state)
{
    (void)state;
    try_file("delivery", 12);
}

static void test_vectors_session(void **state)
{
    (void)state;
    try_file("session", 14);
}

static void test_vectors_receipt(void **state)
{
    (void)state;
    try_file("receipt", 34);
}

static void test_vectors_frames(void **state)
{
    (void)state;
    try_file("frames", 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_codec),    cmocka_unit_test(test_vectors_public),
        cmocka_unit_test(test_vectors_private),  cmocka_unit_test(test_vectors_item),
        cmocka_unit_test(test_vectors_bundle),   cmocka_unit_test(test_vectors_delivery),
        cmocka_unit_test(test_vectors_session),  cmocka_unit_test(test_vectors_receipt),
        cmocka_unit_test(test_vectors_frames),   cmocka_unit_test(test_vectors_lost),
    };
    return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
