/* protocol/src/sign.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <rh/sign.h>

#include "support/rht.h"

static size_t field(json_t *line, const char *name, uint8_t *out, size_t capacity)
{
    return rht_hex(json_string_value(json_object_get(line, name)), out, capacity);
}

static void expect_vector(json_t *line)
{
    struct rh_sign_secret secret;
    struct rh_sign_public public_key;
    struct rh_sign_public derived;
    struct rh_signature wanted;
    struct rh_signature made;
    uint8_t message[2048];
    assert_int_equal(field(line, "seed", secret.bytes, 32), 32);
    assert_int_equal(field(line, "public", public_key.bytes, 32), 32);
    memcpy(secret.bytes + 32, public_key.bytes, 32);
    assert_int_equal(field(line, "signature", wanted.bytes, 64), 64);
    size_t bytes = field(line, "message", message, sizeof message);

    rh_sign_public_of(&secret, &derived);
    assert_memory_equal(derived.bytes, public_key.bytes, 32);
    rh_sign_raw(message, bytes, &secret, &made);
    assert_memory_equal(made.bytes, wanted.bytes, 64);
    assert_int_equal(rh_sign_verify_raw(message, bytes, &public_key, &wanted), RH_OK);
    message[bytes] = 0;
    assert_int_equal(rh_sign_verify_raw(message, bytes + 1, &public_key, &wanted),
                     RH_ERR_CRYPTO);
}

static void test_sign_rfc8032_vectors(void **state)
{
    (void)state;
    char *file =
        rht_read_file(RHT_SOURCE_DIR "/tests/data/vectors/ed25519_rfc8032.jsonl", NULL);
    int lines = 0;
    for (char *at = file; *at != '\0'; lines++) {
        json_t *line = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);
        assert_non_null(line);
        expect_vector(line);
        json_decref(line);
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    free(file);
    assert_int_equal(lines, 5);
}

/* A signed header must not pass for a signed checkpoint of the same bytes. */
static void test_sign_tag_separates(void **state)
{
    (void)state;
    struct rh_sign_public public_key;
    struct rh_sign_secret secret;
    struct rh_signature signature;
    struct rh_signature raw;
    rh_sign_keypair(&public_key, &secret);
    rh_sign("rhub/a/1", "text", 4, &secret, &signature);
    assert_int_equal(rh_sign_verify("rhub/a/1", "text", 4, &public_key, &signature), RH_OK);
    assert_int_equal(rh_sign_verify("rhub/b/1", "text", 4, &public_key, &signature),
                     RH_ERR_CRYPTO);
    assert_int_equal(rh_sign_verify_raw("text", 4, &public_key, &signature), RH_ERR_CRYPTO);
    rh_sign_raw("rhub/a/1\0text", 13, &secret, &raw);
    assert_memory_equal(raw.bytes, signature.bytes, sizeof raw.bytes);
}

static void test_sign_every_bit_counts(void **state)
{
    (void)state;
    struct rh_sign_public public_key;
    struct rh_sign_secret secret;
    struct rh_signature signature;
    uint8_t message[12] = "twelve bytes";
    rh_sign_keypair(&public_key, &secret);
    rh_sign("t", message, sizeof message, &secret, &signature);
    for (unsigned bit = 0; bit < 8 * sizeof message; bit++) {
        message[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(rh_sign_verify("t", message, sizeof message, &public_key, &signature),
                         RH_ERR_CRYPTO);
        message[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (unsigned bit = 0; bit < 8 * RH_SIGNATURE_BYTES; bit++) {
        struct rh_signature bent = signature;
        bent.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(rh_sign_verify("t", message, sizeof message, &public_key, &bent),
                         RH_ERR_CRYPTO);
    }
}

/* Around the size where the message moves from the stack to the heap. */
static void test_sign_messages_of_any_length(void **state)
{
    (void)state;
    static const size_t lengths[] = { 0, 1, 4092, 4093, 4094, 4095, 4096, 4097, 300000 };
    struct rh_sign_public public_key;
    struct rh_sign_secret secret;
    struct rh_signature signature;
    rh_sign_keypair(&public_key, &secret);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t *message = calloc(1, lengths[i] + 1);
        assert_non_null(message);
        rh_sign("tag", message, lengths[i], &secret, &signature);
        assert_int_equal(rh_sign_verify("tag", message, lengths[i], &public_key, &signature),
                         RH_OK);
        assert_int_equal(
            rh_sign_verify("tag", message, lengths[i] + 1, &public_key, &signature),
            RH_ERR_CRYPTO);
        free(message);
    }
    rh_sign("tag", NULL, 0, &secret, &signature);
    assert_int_equal(rh_sign_verify("tag", NULL, 0, &public_key, &signature), RH_OK);
}

/* Under the neutral point as key, R = neutral and S = 0 would fit every message. */
static void test_sign_refuses_small_order_key(void **state)
{
    (void)state;
    struct rh_sign_public neutral = { .bytes = { 1 } };
    struct rh_signature forged = { .bytes = { 1 } };
    assert_int_equal(rh_sign_verify("t", "m", 1, &neutral, &forged), RH_ERR_CRYPTO);
    assert_int_equal(rh_sign_verify_raw("m", 1, &neutral, &forged), RH_ERR_CRYPTO);
}

/* S + L signs as well as S unless refused: a second signature, so a second digest. */
static void test_sign_refuses_malleable_signature(void **state)
{
    (void)state;
    static const uint8_t order[32] = { 0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6,
                                       0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, [31] = 0x10 };
    struct rh_sign_public public_key;
    struct rh_sign_secret secret;
    struct rh_signature signature;
    rh_sign_keypair(&public_key, &secret);
    rh_sign("t", "m", 1, &secret, &signature);
    unsigned carry = 0;
    for (unsigned i = 0; i < 32; i++) {
        carry += (unsigned)signature.bytes[32 + i] + order[i];
        signature.bytes[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_int_equal(rh_sign_verify("t", "m", 1, &public_key, &signature), RH_ERR_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign_rfc8032_vectors),
        cmocka_unit_test(test_sign_tag_separates),
        cmocka_unit_test(test_sign_every_bit_counts),
        cmocka_unit_test(test_sign_messages_of_any_length),
        cmocka_unit_test(test_sign_refuses_small_order_key),
        cmocka_unit_test(test_sign_refuses_malleable_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
