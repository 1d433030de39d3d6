/* protocol/src/keyfile.c and keyfile_io.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <rh/keyfile.h>
#include <rh/seal.h>
#include <rh/sign.h>

#include "support/rht.h"

static char *fresh_path(void)
{
    static int count;
    char name[32];
    snprintf(name, sizeof name, "key-%d", count++);
    return rht_tmp_path(name);
}

static void write_text(const char *path, const char *text)
{
    rht_write_file(path, text, strlen(text));
    assert_int_equal(chmod(path, 0600), 0);
}

static void test_secret_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < RH_KEY_USES; i++) {
        enum rh_key_use use = (enum rh_key_use)i;
        struct rh_secret made;
        struct rh_secret read;
        char *path = fresh_path();
        rh_secret_generate(use, "court.620423", &made);
        assert_int_equal(rh_secret_save(path, &made), RH_OK);
        assert_int_equal(rh_secret_load(path, use, &read), RH_OK);
        assert_int_equal(read.use, use);
        assert_string_equal(read.owner, "court.620423");
        assert_int_equal(read.secret_bytes,
                         use == RH_KEY_SIGN || use == RH_KEY_WITNESS ? 64 : 32);
        assert_memory_equal(read.secret, made.secret, made.secret_bytes);
        assert_memory_equal(read.public_key, made.public_key, 32);
        free(path);
    }
}

/* The keys are what their uses need: a seal key opens, a sign key signs. */
static void test_secret_is_usable(void **state)
{
    (void)state;
    struct rh_secret secret;
    rh_secret_generate(RH_KEY_SEAL, "court.620423", &secret);
    struct rh_seal_public to;
    struct rh_seal_secret from;
    struct rh_content_key key = { { 5 } };
    struct rh_content_key opened;
    uint8_t sealed[RH_SEALED_KEY_BYTES];
    memcpy(to.bytes, secret.public_key, 32);
    memcpy(from.bytes, secret.secret, 32);
    assert_int_equal(rh_seal_key(&key, &to, sealed), RH_OK);
    assert_int_equal(rh_open_key(sealed, &to, &from, &opened), RH_OK);

    rh_secret_generate(RH_KEY_SIGN, "court.620423", &secret);
    struct rh_sign_secret signer;
    struct rh_sign_public reader;
    struct rh_signature signature;
    memcpy(signer.bytes, secret.secret, 64);
    memcpy(reader.bytes, secret.public_key, 32);
    rh_sign("t", "m", 1, &signer, &signature);
    assert_int_equal(rh_sign_verify("t", "m", 1, &reader, &signature), RH_OK);
}

static void test_secret_file_is_as_documented(void **state)
{
    (void)state;
    struct rh_secret secret;
    struct rh_card card = { 0 };
    char fingerprint[RH_FINGERPRINT_BYTES];
    char first[128];
    char *path = fresh_path();
    rh_secret_generate(RH_KEY_TRANSPORT, "court.620423", &secret);
    assert_int_equal(rh_secret_save(path, &secret), RH_OK);
    card.present[RH_KEY_TRANSPORT] = true;
    memcpy(card.keys[RH_KEY_TRANSPORT], secret.public_key, 32);
    rh_card_fingerprint(&card, fingerprint);
    int length = snprintf(first, sizeof first,
                          "# rhub transport key of court.620423, fingerprint %s\n"
                          "rhub-secret-1 transport court.620423 ",
                          fingerprint);
    char *text = rht_read_file(path, NULL);
    assert_memory_equal(text, first, (size_t)length);
    assert_int_equal(strlen(text), (size_t)length + 44 + 1);
    free(text);
    free(path);
}

/* Even under an open umask nobody else may read it, and an old key is never written over. */
static void test_secret_save_is_private_and_exclusive(void **state)
{
    (void)state;
    struct rh_secret secret;
    struct stat status;
    char *path = fresh_path();
    rh_secret_generate(RH_KEY_SIGN, "court.620423", &secret);
    mode_t before = umask(0);
    assert_int_equal(rh_secret_save(path, &secret), RH_OK);
    umask(before);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);

    struct rh_secret other;
    struct rh_secret read;
    rh_secret_generate(RH_KEY_SIGN, "court.620423", &other);
    assert_int_equal(rh_secret_save(path, &other), RH_ERR_EXISTS);
    assert_int_equal(rh_secret_load(path, RH_KEY_SIGN, &read), RH_OK);
    assert_memory_equal(read.secret, secret.secret, 64);

    char *link = fresh_path();
    assert_int_equal(symlink("nowhere", link), 0); /* must not be followed */
    assert_int_equal(rh_secret_save(link, &other), RH_ERR_EXISTS);
    free(link);
    free(path);
}

static void test_secret_load_refuses_open_files(void **state)
{
    (void)state;
    static const mode_t open_modes[] = { 0640, 0620, 0604, 0602, 0601, 0644, 0666 };
    struct rh_secret secret;
    char *path = fresh_path();
    rh_secret_generate(RH_KEY_SEAL, "court.620423", &secret);
    assert_int_equal(rh_secret_save(path, &secret), RH_OK);
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        assert_int_equal(chmod(path, open_modes[i]), 0);
        assert_int_equal(rh_secret_load(path, RH_KEY_SEAL, &secret), RH_ERR_DENIED);
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(rh_secret_load(path, RH_KEY_SEAL, &secret), RH_OK);
    free(path);
}

static void test_secret_paths_that_cannot_be(void **state)
{
    (void)state;
    struct rh_secret secret;
    rh_secret_generate(RH_KEY_SEAL, "court.620423", &secret);
    char *missing = rht_tmp_path("no-such-dir/key");
    assert_int_equal(rh_secret_load(missing, RH_KEY_SEAL, &secret), RH_ERR_NOTFOUND);
    assert_int_equal(rh_secret_save(missing, &secret), RH_ERR_NOTFOUND);
    free(missing);
    char *pipe_path = fresh_path();
    assert_int_equal(mkfifo(pipe_path, 0600), 0); /* must not hang */
    assert_int_equal(rh_secret_load(pipe_path, RH_KEY_SEAL, &secret), RH_ERR_INVALID);
    free(pipe_path);
    assert_int_equal(rh_secret_load(rht_tmpdir(), RH_KEY_SEAL, &secret), RH_ERR_INVALID);

    char *path = fresh_path();
    rh_secret_generate(RH_KEY_SEAL, "not an id", &secret);
    assert_int_equal(rh_secret_save(path, &secret), RH_ERR_INVALID);
    assert_int_equal(access(path, F_OK), -1);
    free(path);
}

/* RFC 8032 test 1 as a key file, and the ways it can be spoilt. */
#define SIGN_BASE64                                                                          \
    "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg=="
#define BENT_BASE64                                                                          \
    "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGw=="

static void test_secret_load_refuses_spoilt_text(void **state)
{
    (void)state;
    static const char *const good[] = {
        "rhub-secret-1 sign court.620423 " SIGN_BASE64 "\n",
        "rhub-secret-1 sign court.620423 " SIGN_BASE64,
        "# a\r\n\r\nrhub-secret-1 sign court.620423 " SIGN_BASE64 " \r\n# b\n\n",
        "rhub-secret-1 sign hub.620423/3 " SIGN_BASE64 "\n",
    };
    static const char *const bad[] = {
        "", "\n", "# only a remark\n", "rhub-secret-1", "rhub-secret-1 sign",
        "rhub-secret-2 sign court.620423 " SIGN_BASE64 "\n",
        "rhub-public-1 sign court.620423 " SIGN_BASE64 "\n",
        "rhub-secret-1 witness court.620423 " SIGN_BASE64 "\n", /* another use */
        "rhub-secret-1 seal court.620423 " SIGN_BASE64 "\n",
        "rhub-secret-1 sign Court.620423 " SIGN_BASE64 "\n",
        "rhub-secret-1  sign court.620423 " SIGN_BASE64 "\n",
        " rhub-secret-1 sign court.620423 " SIGN_BASE64 "\n",
        "rhub-secret-1 sign court.620423 x" SIGN_BASE64 "\n",
        "rhub-secret-1 sign court.620423 " SIGN_BASE64 " x\n",
        "rhub-secret-1 sign court.620423 " BENT_BASE64 "\n", /* halves do not match */
        "rhub-secret-1 sign court.620423 nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n",
        "rhub-secret-1 sign court.620423 " SIGN_BASE64 "\nrhub-secret-1 sign court.620423 "
        SIGN_BASE64 "\n",
    };
    struct rh_secret secret;
    char *path = fresh_path();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        write_text(path, good[i]);
        if (rh_secret_load(path, RH_KEY_SIGN, &secret) != RH_OK)
            fail_msg("refused: %s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_text(path, bad[i]);
        memset(&secret, 0xAA, sizeof secret);
        if (rh_secret_load(path, RH_KEY_SIGN, &secret) != RH_ERR_INVALID)
            fail_msg("accepted: %s", bad[i]);
        for (size_t j = 0; j < sizeof secret.secret; j++)
            assert_int_equal(secret.secret[j], 0); /* nothing half read is left */
    }
    char large[5000];
    memset(large, '\n', sizeof large);
    rht_write_file(path, large, sizeof large);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(rh_secret_load(path, RH_KEY_SIGN, &secret), RH_ERR_INVALID);
    free(path);
}

/* ---- cards ---- */

static struct rh_card sample_card(void)
{
    struct rh_card card = { .owner = "court.620423" };
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        card.present[use] = true;
        memset(card.keys[use], (int)use + 1, 32);
    }
    return card;
}

/* Expected values made with Python's hashlib. */
static void test_card_fingerprint_known_answers(void **state)
{
    (void)state;
    char text[RH_FINGERPRINT_BYTES];
    struct rh_card card = sample_card();
    rh_card_fingerprint(&card, text);
    assert_string_equal(text, "4BHS-2KNZ-V1E6-FTNH");
    card.present[RH_KEY_SEAL] = false;
    card.present[RH_KEY_WITNESS] = false;
    rh_card_fingerprint(&card, text);
    assert_string_equal(text, "JC7D-VF6E-AP0N-6K05");
    card = sample_card();
    card.present[RH_KEY_TRANSPORT] = false;
    card.present[RH_KEY_SIGN] = false;
    card.present[RH_KEY_WITNESS] = false;
    rh_card_fingerprint(&card, text);
    assert_string_equal(text, "HM5T-E60D-S1NH-NY2F");
}

static void expect_equal(const struct rh_card *a, const struct rh_card *b)
{
    assert_string_equal(a->owner, b->owner);
    assert_string_equal(a->endpoint, b->endpoint);
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        assert_int_equal(a->present[use], b->present[use]);
        assert_memory_equal(a->keys[use], b->keys[use], 32);
    }
}

static unsigned entries(const char *directory)
{
    DIR *dir = opendir(directory);
    assert_non_null(dir);
    unsigned count = 0;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static void test_card_comes_back_and_is_replaced(void **state)
{
    (void)state;
    struct rh_card agency = sample_card();
    struct rh_card hub = { .owner = "hub.620423/2", .endpoint = "tcp://[::1]:5570" };
    struct rh_card read;
    struct stat status;
    hub.present[RH_KEY_TRANSPORT] = true;
    hub.present[RH_KEY_SIGN] = true;
    memset(hub.keys[RH_KEY_SIGN], 0xFB, 32);
    char *path = fresh_path();
    mode_t before = umask(022);
    assert_int_equal(rh_card_save(path, &agency), RH_OK);
    unsigned count = entries(rht_tmpdir());
    assert_int_equal(rh_card_load(path, &read), RH_OK);
    expect_equal(&read, &agency);
    assert_int_equal(rh_card_save(path, &hub), RH_OK);
    umask(before);
    assert_int_equal(rh_card_load(path, &read), RH_OK);
    expect_equal(&read, &hub);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
    assert_int_equal(entries(rht_tmpdir()), count); /* no temporary file is left */
    free(path);
    char *missing = rht_tmp_path("no-such-card");
    assert_int_equal(rh_card_load(missing, &read), RH_ERR_NOTFOUND);
    free(missing);
}

/* A save that cannot take its place leaves what was there, and nothing beside it. */
static void test_card_save_cleans_up_after_failure(void **state)
{
    (void)state;
    struct rh_card card = sample_card();
    char *path = fresh_path();
    assert_int_equal(mkdir(path, 0700), 0); /* a file cannot replace a directory */
    unsigned count = entries(rht_tmpdir());
    assert_int_not_equal(rh_card_save(path, &card), RH_OK);
    assert_int_equal(entries(rht_tmpdir()), count);
    free(path);
}

static void test_card_save_refuses_what_it_could_not_read(void **state)
{
    (void)state;
    static const char *const endpoints[] = { "tcp://h:0",  "tcp://h:65536", "tcp://:1",
                                             "tcp://h",    "tcp://h:",      "tcp://h:1x",
                                             "http://h:1", "tcp://h :1",    "tcp://h\n:1",
                                             "tcp://h:000001" };
    char *path = fresh_path();
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        struct rh_card card = sample_card();
        memcpy(card.endpoint, endpoints[i], strlen(endpoints[i]));
        if (rh_card_save(path, &card) != RH_ERR_INVALID)
            fail_msg("accepted: %s", endpoints[i]);
    }
    struct rh_card card = sample_card();
    card.owner[0] = '\0';
    assert_int_equal(rh_card_save(path, &card), RH_ERR_INVALID);
    struct rh_card none = { .owner = "court.620423" };
    assert_int_equal(rh_card_save(path, &none), RH_ERR_INVALID);
    assert_int_equal(access(path, F_OK), -1);
    free(path);
}

#define PUBLIC_A "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define LINE_A "rhub-public-1 sign court.620423 " PUBLIC_A "\n"

static void test_card_parse_is_strict(void **state)
{
    (void)state;
    static const char *const good[] = {
        LINE_A,
        "\n# pasted from a mail\n" LINE_A "\n",
        "rhub-public-1 sign court.620423 " PUBLIC_A "  \r\n",
        LINE_A "rhub-endpoint-1 tcp://hub.example:5570\n",
        "rhub-endpoint-1 tcp://hub.example:65535\n" LINE_A,
    };
    static const char *const bad[] = {
        "", "# nothing\n", "rhub-endpoint-1 tcp://h:1\n", LINE_A LINE_A, LINE_A "hello\n",
        LINE_A "rhub-public-1 seal court.620424 " PUBLIC_A "\n", /* another owner */
        LINE_A "rhub-endpoint-1 tcp://h:1\nrhub-endpoint-1 tcp://h:1\n",
        LINE_A "rhub-endpoint-1\n", "rhub-public-1 sign court.620423\n",
        "rhub-public-1 sign court.620423 \n", "rhub-public-1 signs court.620423 " PUBLIC_A "\n",
        "rhub-public-1 sign court " PUBLIC_A "\n", "rhub-public-1 sign  " PUBLIC_A "\n",
        "rhub-public-1 sign court.620423 AQEB\n",
        "rhub-public-1 sign court.620423 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n",
        "rhub-public-1 sign court.620423 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF=\n",
        "rhub-public-1 sign court.620423 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==\n",
        "rhub-public-1 sign court.620423 AQEBAQEBAQEB\tAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n",
        "rhub-secret-1 sign court.620423 " PUBLIC_A "\n",
    };
    struct rh_card card;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (rh_card_parse(good[i], strlen(good[i]), &card) != RH_OK)
            fail_msg("refused: %s", good[i]);
        assert_string_equal(card.owner, "court.620423");
        assert_true(card.present[RH_KEY_SIGN]);
        assert_int_equal(card.keys[RH_KEY_SIGN][31], 1);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (rh_card_parse(bad[i], strlen(bad[i]), &card) != RH_ERR_INVALID)
            fail_msg("accepted: %s", bad[i]);
    }
    assert_int_equal(rh_card_parse(NULL, 0, &card), RH_ERR_INVALID);
}

/* A card is pasted from anywhere: damage must be refused or harmless, never out of bounds. */
static void test_card_parse_survives_damage(void **state)
{
    (void)state;
    static const char text[] = "# card\n" LINE_A "rhub-endpoint-1 tcp://h:1\n";
    struct rht_random random;
    rht_random_init(&random);
    for (int i = 0; i < 20000; i++) {
        size_t bytes = rht_random_between(&random, 1, sizeof text - 1);
        char *copy = malloc(bytes);
        struct rh_card card;
        assert_non_null(copy);
        memcpy(copy, text, bytes);
        for (uint64_t n = rht_random_below(&random, 4); n > 0; n--)
            copy[rht_random_below(&random, bytes)] = (char)rht_random_u64(&random);
        if (rh_card_parse(copy, bytes, &card) == RH_OK) {
            assert_true(strlen(card.owner) <= RH_HUB_ID_BYTES_MAX);
            assert_true(strlen(card.endpoint) <= RH_ENDPOINT_BYTES_MAX);
        }
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret_comes_back),
        cmocka_unit_test(test_secret_is_usable),
        cmocka_unit_test(test_secret_file_is_as_documented),
        cmocka_unit_test(test_secret_save_is_private_and_exclusive),
        cmocka_unit_test(test_secret_load_refuses_open_files),
        cmocka_unit_test(test_secret_paths_that_cannot_be),
        cmocka_unit_test(test_secret_load_refuses_spoilt_text),
        cmocka_unit_test(test_card_fingerprint_known_answers),
        cmocka_unit_test(test_card_comes_back_and_is_replaced),
        cmocka_unit_test(test_card_save_cleans_up_after_failure),
        cmocka_unit_test(test_card_save_refuses_what_it_could_not_read),
        cmocka_unit_test(test_card_parse_is_strict),
        cmocka_unit_test(test_card_parse_survives_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
