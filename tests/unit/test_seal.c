/* protocol/src/seal.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rh/hash.h>
#include <rh/seal.h>

#include "support/rht.h"

/* draft-irtf-cfrg-xchacha-03, appendix A.3.1: other languages must open what we seal. */
static void test_seal_opens_the_published_vector(void **state)
{
    (void)state;
    static const char plain[] =
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        "future, sunscreen would be it.";
    static const char sealed_hex[] =
        "404142434445464748494a4b4c4d4e4f5051525354555657"
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa644"
        "0bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e"
        "3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e"
        "c0875924c1c7987947deafd8780acf49";
    struct rh_content_key key;
    for (unsigned i = 0; i < sizeof key.bytes; i++)
        key.bytes[i] = (uint8_t)(0x80 + i);
    uint8_t associated[12];
    uint8_t sealed[256];
    uint8_t opened[256];
    rht_hex("50515253c0c1c2c3c4c5c6c7", associated, sizeof associated);
    size_t bytes = rht_hex(sealed_hex, sealed, sizeof sealed);
    assert_int_equal(bytes, sizeof plain - 1 + RH_SEAL_OVERHEAD_BYTES);
    struct rh_bytes with = { associated, sizeof associated };
    assert_int_equal(rh_open_content(&key, with, sealed, bytes, opened), RH_OK);
    assert_memory_equal(opened, plain, sizeof plain - 1);
}

static void test_seal_content_comes_back(void **state)
{
    (void)state;
    static const size_t lengths[] = { 0, 1, 63, 64, 65, 1000, 200000 };
    static const struct rh_bytes with = { (const uint8_t *)"slot 7", 6 };
    struct rh_content_key key;
    rh_random(key.bytes, sizeof key.bytes);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t bytes = lengths[i];
        uint8_t *plain = malloc(bytes + 1);
        uint8_t *sealed = malloc(bytes + RH_SEAL_OVERHEAD_BYTES);
        uint8_t *opened = malloc(bytes + 1);
        assert_true(plain != NULL && sealed != NULL && opened != NULL);
        rh_random(plain, bytes);
        rh_seal_content(&key, with, plain, bytes, sealed);
        size_t sealed_bytes = bytes + RH_SEAL_OVERHEAD_BYTES;
        assert_int_equal(rh_open_content(&key, with, sealed, sealed_bytes, opened), RH_OK);
        assert_memory_equal(opened, plain, bytes);
        free(plain);
        free(sealed);
        free(opened);
    }
}

/* A body put under another referral's record, or bent, must not open as something. */
static void test_seal_content_every_bit_counts(void **state)
{
    (void)state;
    static const struct rh_bytes with = { (const uint8_t *)"slot 7", 6 };
    static const struct rh_bytes other = { (const uint8_t *)"slot 8", 6 };
    struct rh_content_key key;
    uint8_t sealed[5 + RH_SEAL_OVERHEAD_BYTES];
    uint8_t opened[sizeof sealed];
    rh_random(key.bytes, sizeof key.bytes);
    rh_seal_content(&key, with, (const uint8_t *)"hello", 5, sealed);
    for (unsigned bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(rh_open_content(&key, with, sealed, sizeof sealed, opened),
                         RH_ERR_CRYPTO);
        sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bytes = 0; bytes < sizeof sealed; bytes++)
        assert_int_equal(rh_open_content(&key, with, sealed, bytes, opened), RH_ERR_CRYPTO);
    assert_int_equal(rh_open_content(&key, other, sealed, sizeof sealed, opened),
                     RH_ERR_CRYPTO);
    key.bytes[0] ^= 1;
    assert_int_equal(rh_open_content(&key, with, sealed, sizeof sealed, opened),
                     RH_ERR_CRYPTO);
}

static void test_seal_content_never_uses_a_nonce_twice(void **state)
{
    (void)state;
    static const struct rh_bytes none = { NULL, 0 };
    struct rh_content_key key = { { 0 } };
    uint8_t first[1 + RH_SEAL_OVERHEAD_BYTES];
    uint8_t second[1 + RH_SEAL_OVERHEAD_BYTES];
    rh_seal_content(&key, none, (const uint8_t *)"x", 1, first);
    rh_seal_content(&key, none, (const uint8_t *)"x", 1, second);
    assert_memory_not_equal(first, second, RH_SEAL_NONCE_BYTES);
}

static void test_seal_key_only_for_its_recipient(void **state)
{
    (void)state;
    struct rh_seal_public public_key;
    struct rh_seal_public other_public;
    struct rh_seal_secret secret;
    struct rh_seal_secret other_secret;
    struct rh_content_key key;
    struct rh_content_key opened;
    uint8_t sealed[RH_SEALED_KEY_BYTES];
    rh_seal_keypair(&public_key, &secret);
    rh_seal_keypair(&other_public, &other_secret);
    rh_random(key.bytes, sizeof key.bytes);
    assert_int_equal(rh_seal_key(&key, &public_key, sealed), RH_OK);
    assert_int_equal(rh_open_key(sealed, &public_key, &secret, &opened), RH_OK);
    assert_memory_equal(opened.bytes, key.bytes, sizeof key.bytes);
    assert_int_equal(rh_open_key(sealed, &other_public, &other_secret, &opened),
                     RH_ERR_CRYPTO);
    sealed[RH_SEALED_KEY_BYTES - 1] ^= 1;
    assert_int_equal(rh_open_key(sealed, &public_key, &secret, &opened), RH_ERR_CRYPTO);
}

/* A card may carry any 32 bytes; sealing to a point of low order would tell the key to all. */
static void test_seal_key_refuses_unusable_recipient(void **state)
{
    (void)state;
    struct rh_seal_public zero = { { 0 } };
    struct rh_seal_public one = { { 1 } };
    struct rh_content_key key = { { 7 } };
    uint8_t sealed[RH_SEALED_KEY_BYTES];
    assert_int_equal(rh_seal_key(&key, &zero, sealed), RH_ERR_CRYPTO);
    assert_int_equal(rh_seal_key(&key, &one, sealed), RH_ERR_CRYPTO);
}

static void test_wipe_leaves_zeros(void **state)
{
    (void)state;
    uint8_t secret[33];
    memset(secret, 0xAA, sizeof secret);
    rh_wipe(secret, 32);
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(secret[i], 0);
    assert_int_equal(secret[32], 0xAA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal_opens_the_published_vector),
        cmocka_unit_test(test_seal_content_comes_back),
        cmocka_unit_test(test_seal_content_every_bit_counts),
        cmocka_unit_test(test_seal_content_never_uses_a_nonce_twice),
        cmocka_unit_test(test_seal_key_only_for_its_recipient),
        cmocka_unit_test(test_seal_key_refuses_unusable_recipient),
        cmocka_unit_test(test_wipe_leaves_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
