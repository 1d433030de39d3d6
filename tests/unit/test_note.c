/* protocol/src/note.c: checkpoints as text. If these failed, an agency would hold a promise
 * that the hub never signed, or refuse one that another implementation can read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <rh/note.h>
#include <rh/proof.h>

#include "support/rht.h"

#define VECTORS RHT_SOURCE_DIR "/tests/data/vectors/"
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define LINE "\xe2\x80\x94 hub.620423 Az3grlgtzPICa5OS8npVmQ==\n"

static struct rh_bytes view(const char *text)
{
    return (struct rh_bytes){ (const uint8_t *)text, strlen(text) };
}

/* "name+keyid+base64(type || key)", as C2SP writes a verifier's key. */
static void take_vkey(const char *vkey, char *name, size_t capacity, struct rh_sign_public *key)
{
    uint8_t bytes[64];
    const char *plus = strchr(vkey, '+');
    assert_non_null(plus);
    const char *second = strchr(plus + 1, '+');
    assert_non_null(second);

    snprintf(name, capacity, "%.*s", (int)(plus - vkey), vkey);
    assert_int_equal(rht_base64(second + 1, bytes, sizeof bytes), 33);
    assert_int_equal(bytes[0], RH_NOTE_TYPE_ED25519);
    memcpy(key->bytes, bytes + 1, sizeof key->bytes);

    uint8_t id[RH_NOTE_KEY_ID_BYTES];
    char hex[9];
    rh_note_key_id(name, key, id);
    snprintf(hex, sizeof hex, "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
    assert_memory_equal(hex, plus + 1, 8);
}

static void test_note_agrees_with_published_vectors(void **state)
{
    (void)state;
    size_t seen = 0;
    char *text = rht_read_file(VECTORS "signed_notes_part.jsonl", NULL);

    for (char *rest = text, *line; (line = strtok_r(rest, "\n", &rest)) != NULL; seen++) {
        json_error_t error;
        json_t *vector = json_loads(line, 0, &error);
        char name[RH_NOTE_NAME_BYTES_MAX + 1];
        struct rh_sign_public key;
        struct rh_note note;

        assert_non_null(vector);
        take_vkey(json_string_value(json_object_get(vector, "vkey")), name, sizeof name, &key);
        enum rh_err err =
            rh_note_parse(view(json_string_value(json_object_get(vector, "note"))), &note);
        if (err == RH_OK)
            err = rh_note_verify(&note, name, &key);
        if ((err == RH_OK) != json_is_true(json_object_get(vector, "verifies")))
            fail_msg("%s", json_string_value(json_object_get(vector, "name")));
        json_decref(vector);
    }
    free(text);
    assert_int_equal(seen, 4);
}

static void test_note_form_is_strict(void **state)
{
    (void)state;
    static const char *const good[] = {
        "x\n\n" LINE,
        "x\n\ny\n\n" LINE LINE,
        "\xe4\xbb\xb6\n\n\xe2\x80\x94 \xe6\xa3\x80\xe5\xaf\x9f AAAAAAA=\n",
    };
    static const char *const bad[] = {
        "", "\n", "\n\n", "x\n", "x\n\n", "x\n" LINE, "\n" LINE, "x\n\n\n" "y\n",
        "x\n\n" LINE "\n", "x\n\n" LINE "x\n", "x\r\n\n" LINE, "x\t\n\n" LINE, "\xff\n\n" LINE,
        "x\n\n- hub AAAAAAA=\n", "x\n\n\xe2\x80\x94 hub\n", "x\n\n\xe2\x80\x94  AAAAAAA=\n",
        "x\n\n\xe2\x80\x94 a+b AAAAAAA=\n", "x\n\n\xe2\x80\x94 a\xc2\xa0" "b AAAAAAA=\n",
        "x\n\n\xe2\x80\x94 a\xe3\x80\x80" "b AAAAAAA=\n", "x\n\n\xe2\x80\x94 a AAAAAA==\n",
        "x\n\n\xe2\x80\x94 a AAAAAAA\n", "x\n\n\xe2\x80\x94 a AAAAAAB=\n",
        "x\n\n\xe2\x80\x94 a AAAA AAA=\n", "x\n\n\xe2\x80\x94 a AAAAAAA= \n",
        "x\n\n\xe2\x80\x94 a AAAAAA_=\n", "x\n\n" LINE "\xe2\x80\x94 a AAAAAAA=",
    };
    struct rh_note note;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (rh_note_parse(view(good[i]), &note) != RH_OK)
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (rh_note_parse(view(bad[i]), &note) != RH_ERR_INVALID)
            fail_msg("accepted: %s", bad[i]);

    assert_int_equal(rh_note_parse(view(good[1]), &note), RH_OK);
    assert_int_equal(note.count, 2);
    assert_int_equal(note.text.bytes, 5);
}

static void test_note_bounds_are_kept(void **state)
{
    (void)state;
    struct rh_note note;
    char *text = calloc(1, RH_NOTE_BYTES_MAX + 2);
    assert_non_null(text);

    memcpy(text, "x\n\n", 3);
    for (int i = 0; i < RH_NOTE_SIGNATURES_MAX; i++)
        memcpy(text + strlen(text), LINE, sizeof LINE);
    assert_int_equal(rh_note_parse(view(text), &note), RH_OK);
    memcpy(text + strlen(text), LINE, sizeof LINE);
    assert_int_equal(rh_note_parse(view(text), &note), RH_ERR_FULL);

    memset(text, 'x', RH_NOTE_BYTES_MAX + 1);
    assert_int_equal(rh_note_parse(view(text), &note), RH_ERR_FULL);

    memset(text, 'A', 9000); /* one signature longer than any scheme's */
    memcpy(text, "x\n\n\xe2\x80\x94 a ", 9);
    memcpy(text + 9 + 8200, "\n", 2);
    assert_int_equal(rh_note_parse(view(text), &note), RH_ERR_FULL);
    memcpy(text + 9 + 8192, "\n", 2);
    assert_int_equal(rh_note_parse(view(text), &note), RH_OK);
    free(text);
}

struct signer {
    struct rh_sign_public public_key;
    struct rh_sign_secret secret;
};

/* Hub and witness sign the same text; each is found by name and key, others are ignored. */
static void test_note_carries_several_signatures(void **state)
{
    (void)state;
    static const char text[] = "hub.620423\n7\n" ROOT "\n";
    struct signer hub;
    struct signer witness;
    struct signer stranger;
    char bytes[1024];
    size_t filled = sizeof text - 1;
    size_t text_bytes = filled;
    struct rh_note note;

    rh_sign_keypair(&hub.public_key, &hub.secret);
    rh_sign_keypair(&witness.public_key, &witness.secret);
    rh_sign_keypair(&stranger.public_key, &stranger.secret);
    memcpy(bytes, text, filled);
    assert_int_equal(
        rh_note_sign(bytes, sizeof bytes, &filled, text_bytes, "hub.620423", &hub.secret),
        RH_OK);
    size_t first = filled;
    assert_int_equal(
        rh_note_sign(bytes, first + 20, &filled, text_bytes, "court.620423", &witness.secret),
        RH_ERR_FULL);
    assert_int_equal(filled, first);
    assert_int_equal(
        rh_note_sign(bytes, sizeof bytes, &filled, text_bytes, "court.620423", &witness.secret),
        RH_OK);

    assert_int_equal(rh_note_parse((struct rh_bytes){ (uint8_t *)bytes, filled }, &note), RH_OK);
    assert_int_equal(note.count, 2);
    assert_int_equal(note.text.bytes, text_bytes);
    assert_int_equal(rh_note_verify(&note, "hub.620423", &hub.public_key), RH_OK);
    assert_int_equal(rh_note_verify(&note, "court.620423", &witness.public_key), RH_OK);
    assert_int_equal(rh_note_verify(&note, "hub.620423", &stranger.public_key),
                     RH_ERR_NOTFOUND);
    assert_int_equal(rh_note_verify(&note, "hub.620423", &witness.public_key),
                     RH_ERR_NOTFOUND);
    assert_int_equal(rh_note_verify(&note, "hub.62042", &hub.public_key), RH_ERR_NOTFOUND);

    bytes[11] = '8'; /* the size */
    assert_int_equal(rh_note_parse((struct rh_bytes){ (uint8_t *)bytes, filled }, &note), RH_OK);
    assert_int_equal(rh_note_verify(&note, "hub.620423", &hub.public_key), RH_ERR_CRYPTO);
}

static void test_checkpoint_text_is_strict(void **state)
{
    (void)state;
    static const char *const good[] = {
        "hub.620423\n0\n" ROOT "\n", "hub.620423/12\n4611686018427387904\n" ROOT "\n",
        "test.620423\n5\n" ROOT "\nterm 7\nmore\n",
    };
    static const char *const bad[] = {
        "", "hub.620423\n", "hub.620423\n5\n", "hub.620423\n5\n" ROOT,
        "\n5\n" ROOT "\n", "hub 620423\n5\n" ROOT "\n", "hub.620423/1\n5\n" ROOT "\n",
        "hub.620423\n\n" ROOT "\n", "hub.620423\n05\n" ROOT "\n", "hub.620423\n+5\n" ROOT "\n",
        "hub.620423\n-5\n" ROOT "\n", "hub.620423\n5 \n" ROOT "\n", "hub.620423\n0x5\n" ROOT "\n",
        "hub.620423\n4611686018427387905\n" ROOT "\n",
        "hub.620423\n18446744073709551621\n" ROOT "\n",
        "hub.620423\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",
        "hub.620423\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
        "hub.620423\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2==\n",
        "hub.620423\n5\nCsUYapGGPo4dkMgIAUqom\xecXajj7h2fB2MPA3j2jxq2I=\n",
        "hub.620423\n5\nCsUYapGGPo4dkMgIAUqo\xc3\xa9Xajj7h2fB2MPA3j2jxq2I=\n",
        "hub.620423\n5\n" ROOT "\n\n", "hub.620423\n5\n" ROOT "\nx\n\ny\n",
        "hub.620423\n5\n" ROOT "\nx",
    };
    struct rh_checkpoint checkpoint;
    char again[512];
    size_t bytes;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (rh_checkpoint_parse(view(good[i]), &checkpoint) != RH_OK)
            fail_msg("refused: %s", good[i]);
        assert_int_equal(rh_checkpoint_format(&checkpoint, again, sizeof again, &bytes), RH_OK);
        assert_int_equal(bytes, strlen(good[i]));
        assert_memory_equal(again, good[i], bytes);
        assert_int_equal(rh_checkpoint_format(&checkpoint, again, bytes - 1, &bytes),
                         RH_ERR_FULL);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (rh_checkpoint_parse(view(bad[i]), &checkpoint) != RH_ERR_INVALID)
            fail_msg("accepted: %s", bad[i]);

    checkpoint = (struct rh_checkpoint){ .size = 1, .extensions = view("a\n\n") };
    assert_int_equal(rh_hub_id_parse("hub.620423", 10, &checkpoint.origin), RH_OK);
    assert_int_equal(rh_checkpoint_format(&checkpoint, again, sizeof again, &bytes),
                     RH_ERR_INVALID);
}

/* Wrong hub, wrong generation, wrong key, a flipped bit anywhere: never believed. */
static void test_checkpoint_verify_says_what_is_wrong(void **state)
{
    (void)state;
    struct signer hub;
    struct signer other;
    struct rh_hub_id id;
    struct rh_hub_id next;
    struct rh_checkpoint checkpoint = { .size = 70000 };
    struct rh_checkpoint read;
    char note[1024];
    size_t text_bytes;

    rh_sign_keypair(&hub.public_key, &hub.secret);
    rh_sign_keypair(&other.public_key, &other.secret);
    assert_int_equal(rh_hub_id_parse("hub.620423", 10, &id), RH_OK);
    assert_int_equal(rh_hub_id_parse("hub.620423/2", 12, &next), RH_OK);
    checkpoint.origin = id;
    rh_random(checkpoint.root.bytes, sizeof checkpoint.root.bytes);
    assert_int_equal(rh_checkpoint_format(&checkpoint, note, sizeof note, &text_bytes), RH_OK);
    size_t filled = text_bytes;
    assert_int_equal(rh_note_sign(note, sizeof note, &filled, text_bytes, id.text, &hub.secret),
                     RH_OK);
    struct rh_bytes bytes = { (uint8_t *)note, filled };

    assert_int_equal(rh_checkpoint_verify(bytes, &id, &hub.public_key, &read), RH_OK);
    assert_int_equal(read.size, 70000);
    assert_true(rh_hash_equal(&read.root, &checkpoint.root));
    assert_int_equal(rh_checkpoint_verify(bytes, &next, &hub.public_key, &read), RH_ERR_DENIED);
    assert_int_equal(rh_checkpoint_verify(bytes, &id, &other.public_key, &read),
                     RH_ERR_NOTFOUND);

    for (size_t i = 0; i < filled * 8; i++) {
        note[i / 8] = (char)(note[i / 8] ^ 1 << i % 8);
        assert_int_not_equal(rh_checkpoint_verify(bytes, &id, &hub.public_key, &read), RH_OK);
        note[i / 8] = (char)(note[i / 8] ^ 1 << i % 8);
    }
    for (size_t cut = 0; cut < filled; cut++) {
        struct rh_bytes shorter = { (uint8_t *)note, cut };
        assert_int_not_equal(rh_checkpoint_verify(shorter, &id, &hub.public_key, &read), RH_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_note_agrees_with_published_vectors),
        cmocka_unit_test(test_note_form_is_strict),
        cmocka_unit_test(test_note_bounds_are_kept),
        cmocka_unit_test(test_note_carries_several_signatures),
        cmocka_unit_test(test_checkpoint_text_is_strict),
        cmocka_unit_test(test_checkpoint_verify_says_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
