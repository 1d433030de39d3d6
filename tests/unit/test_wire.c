/* protocol/src/wire_*.c: every frame goes through and back, and nothing else passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rh/wire.h>

#include "unit/make_item.h"

static struct rht_random source;
static uint8_t first[RH_FRAME_BYTES_MAX];
static uint8_t second[RH_FRAME_BYTES_MAX];
static struct rh_writer writer;

static struct rh_bytes view(const void *data, size_t bytes)
{
    return (struct rh_bytes){ data, bytes };
}

static struct rh_bytes text(const char *terminated)
{
    return view(terminated, strlen(terminated));
}

static uint64_t number(void)
{
    return make_number(&source, RH_NUMBER_MAX);
}

static struct rh_writer *to(uint8_t *out)
{
    rh_writer_init(&writer, out, RH_FRAME_BYTES_MAX);
    return &writer;
}

/* What stands in `first` is one canonical frame of that type. */
static struct rh_bytes written(enum rh_err err, enum rh_frame_type type)
{
    struct rh_bytes frame = view(first, writer.bytes);
    assert_int_equal(err, RH_OK);
    assert_int_equal(rh_codec_check(first, writer.bytes, RH_FRAME_BYTES_MAX, NULL), RH_OK);
    assert_int_equal(rh_frame_type_of(frame), type);
    return frame;
}

static void same_again(enum rh_err err, struct rh_bytes frame)
{
    assert_int_equal(err, RH_OK);
    assert_int_equal(writer.bytes, frame.bytes);
    assert_memory_equal(first, second, frame.bytes);
}

/* Encode, decode, encode, compare; then every shorter frame and one with another type is
 * refused. Stride keeps large frames quick. */
#define ROUND_TRIP(name, type, in, back)                                               \
    do {                                                                               \
        struct rh_bytes whole = written(rh_##name##_encode(&(in), to(first)), (type)); \
        assert_int_equal(rh_##name##_decode(whole, &(back)), RH_OK);                   \
        same_again(rh_##name##_encode(&(back), to(second)), whole);                    \
        size_t step = whole.bytes / 50 + 1;                                            \
        for (size_t cut = 0; cut < whole.bytes; cut += step)                           \
            assert_int_not_equal(rh_##name##_decode(view(first, cut), &(back)), RH_OK); \
        assert_int_equal(rh_##name##_decode(view(first, whole.bytes + 1), &(back)),    \
                         RH_ERR_INVALID);                                              \
        first[1] ^= 1;                                                                 \
        assert_int_equal(rh_##name##_decode(whole, &(back)), RH_ERR_INVALID);          \
        first[1] ^= 1;                                                                 \
    } while (0)

static void fill_hashes(struct rh_hash *hashes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        make_hash(&source, &hashes[i]);
}

/* ---- from a client ---- */

static void test_wire_small_client_frames(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct rh_frame_open open = { .version = 1 }, open_back;
        make_agency(&source, &open.agency);
        ROUND_TRIP(frame_open, RH_FRAME_OPEN, open, open_back);
        assert_string_equal(open.agency.text, open_back.agency.text);

        struct rh_frame_window window = { rht_random_u64(&source), 64, number() }, window_back;
        ROUND_TRIP(frame_window, RH_FRAME_WINDOW, window, window_back);
        assert_int_equal(window.bytes, window_back.bytes);

        struct rh_frame_resync resync = { .session = rht_random_u64(&source),
                                          .lane = RH_LANE_GREEN,
                                          .from_pair_seq = number() }, resync_back;
        make_agency(&source, &resync.sender);
        ROUND_TRIP(frame_resync, RH_FRAME_RESYNC, resync, resync_back);
        assert_int_equal(resync.from_pair_seq, resync_back.from_pair_seq);

        struct rh_frame_prove prove = { 1, number(), number() }, prove_back;
        ROUND_TRIP(frame_prove, RH_FRAME_PROVE, prove, prove_back);
        assert_int_equal(prove.index, prove_back.index);
    }
}

static void test_wire_session_and_number_frames(void **state)
{
    (void)state;
    uint64_t session = 0, n = 0;
    struct rh_bytes frame =
        written(rh_frame_ask_encode(UINT64_MAX, 7, to(first)), RH_FRAME_ASK);
    assert_int_equal(rh_frame_ask_decode(frame, &session, &n), RH_OK);
    assert_true(session == UINT64_MAX && n == 7);
    assert_int_equal(rh_frame_extend_decode(frame, &session, &n), RH_ERR_INVALID);
    frame = written(rh_frame_ask_encode(1, 0, to(first)), RH_FRAME_ASK);
    assert_int_equal(rh_frame_ask_decode(frame, &session, &n), RH_ERR_INVALID);
    frame = written(rh_frame_extend_encode(3, 0, to(first)), RH_FRAME_EXTEND);
    assert_int_equal(rh_frame_extend_decode(frame, &session, &n), RH_OK);
    assert_true(session == 3 && n == 0);
    frame = written(rh_frame_close_encode(12, to(first)), RH_FRAME_CLOSE);
    assert_int_equal(rh_frame_close_decode(frame, &session), RH_OK);
    assert_int_equal(session, 12);
    frame = written(rh_frame_gap_encode(99, to(first)), RH_FRAME_GAP);
    assert_int_equal(rh_frame_gap_decode(frame, &n), RH_OK);
    assert_int_equal(n, 99);
}

static void fill_hello(struct rh_hello *out)
{
    memset(out, 0, sizeof *out);
    out->suite = RH_SUITE_ED25519;
    out->hub = (struct rh_hub_id){ "test.620423" };
    make_agency(&source, &out->agency);
    rht_random_fill(&source, out->epoch.bytes, sizeof out->epoch.bytes);
    rht_random_fill(&source, out->nonce, sizeof out->nonce);
    out->lease = rht_random_u64(&source);
    out->highest_receipt_size = number();
    out->highest_n = number();
    out->highest_delivery_index = number();
    out->checkpoint_size = number();
    fill_hashes(&out->checkpoint_root, 1);
    out->window_messages = 64;
    out->window_bytes = number();
    out->agency_ms = rht_random_below(&source, RH_MS_MAX);
    memcpy(out->software, "rhub-agent 0.1.0", 17);
    fill_hashes(&out->receipt_root, 1);
    rht_random_fill(&source, out->receipt_signature.bytes, RH_SIGNATURE_BYTES);
    out->note = text("test.620423\n12\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n");
}

static void test_wire_hello(void **state)
{
    (void)state;
    static uint8_t note[RH_NOTE_BYTES_MAX + 1];
    struct rh_hello hello, back;
    for (int round = 0; round < 200; round++) {
        fill_hello(&hello);
        if (rht_random_once_in(&source, 2))
            hello.note = view(NULL, 0);
        assert_int_equal(rh_hello_encode(&hello, to(first)), RH_OK);
        struct rh_bytes bytes = view(first, writer.bytes);
        assert_int_equal(rh_codec_check(first, writer.bytes, RH_HELLO_BYTES_MAX, NULL), RH_OK);
        assert_int_equal(rh_hello_decode(bytes, &back), RH_OK);
        same_again(rh_hello_encode(&back, to(second)), bytes);
        assert_int_equal(back.lease, hello.lease);
        assert_string_equal(back.software, hello.software);
        for (size_t cut = 0; cut < bytes.bytes; cut += 7)
            assert_int_not_equal(rh_hello_decode(view(first, cut), &back), RH_OK);
    }
    hello.software[3] = '\n';
    assert_int_equal(rh_hello_encode(&hello, to(first)), RH_ERR_INVALID);
    fill_hello(&hello);
    memset(note, 'a', sizeof note);
    hello.note = view(note, RH_NOTE_BYTES_MAX);
    assert_int_equal(rh_hello_encode(&hello, to(first)), RH_OK);
    assert_int_equal(rh_hello_decode(view(first, writer.bytes), &back), RH_OK);
    hello.note.bytes++;
    assert_int_equal(rh_hello_encode(&hello, to(first)), RH_ERR_INVALID);

    struct rh_frame_hello frame = { .hello = view(second, 300) }, frame_back;
    rht_random_fill(&source, second, 300);
    uint8_t kept[300];
    memcpy(kept, second, sizeof kept);
    frame.hello = view(kept, sizeof kept);
    rht_random_fill(&source, frame.signature.bytes, RH_SIGNATURE_BYTES);
    ROUND_TRIP(frame_hello, RH_FRAME_HELLO, frame, frame_back);
}

/* ---- bundle and delivery ---- */

enum { ITEMS = 20 };
static struct made_item made[ITEMS];
static struct rh_frame_bundle bundle, bundle_back;
static uint8_t header_bytes[RH_BUNDLE_HEADER_BYTES_MAX];
static struct rh_hash digests[RH_BUNDLE_ITEMS_MAX];
static struct rh_sign_public sender_key;

/* A signed bundle of `count` items in `bundle`. */
static void make_bundle(uint32_t count)
{
    struct rh_sign_secret secret;
    struct rh_writer header_writer;
    struct rh_bundle_header header = { .suite = RH_SUITE_ED25519,
                                       .hub = { "hub.620423" },
                                       .sender = { "petitions.620423" },
                                       .first_n = number() / 2 + 1,
                                       .count = count,
                                       .claimed_ms = 1767225600000 };
    rht_random_fill(&source, header.epoch.bytes, sizeof header.epoch.bytes);
    for (uint32_t i = 0; i < count; i++) {
        make_item(&source, &made[i]);
        bundle.items[i] = made[i].item;
        rh_item_digest(&made[i].item, &digests[i]);
    }
    rh_bundle_root(digests, count, &header.root);
    rh_writer_init(&header_writer, header_bytes, sizeof header_bytes);
    assert_int_equal(rh_bundle_header_encode(&header, &header_writer), RH_OK);
    bundle.header = view(header_bytes, header_writer.bytes);
    bundle.count = count;
    rh_sign_keypair(&sender_key, &secret);
    rh_sign("rhub/bundle/1", header_bytes, header_writer.bytes, &secret, &bundle.signature);
}

static void test_wire_bundle(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= ITEMS; count += 3) {
        make_bundle(count);
        ROUND_TRIP(frame_bundle, RH_FRAME_BUNDLE, bundle, bundle_back);
        struct rh_bytes frame = written(rh_frame_bundle_encode(&bundle, to(first)),
                                        RH_FRAME_BUNDLE);
        assert_int_equal(rh_frame_bundle_decode(frame, &bundle_back), RH_OK);
        for (uint32_t i = 0; i < count; i++) {
            struct rh_hash digest;
            rh_item_digest(&bundle_back.items[i], &digest);
            assert_true(rh_hash_equal(&digest, &digests[i]));
            assert_int_equal(rh_item_check(&bundle_back.items[i]), RH_OK);
        }
    }
}

static void test_wire_bundle_count_must_be_the_headers(void **state)
{
    (void)state;
    make_bundle(3);
    bundle.count = 2;
    struct rh_bytes frame =
        written(rh_frame_bundle_encode(&bundle, to(first)), RH_FRAME_BUNDLE);
    assert_int_equal(rh_frame_bundle_decode(frame, &bundle_back), RH_ERR_INVALID);
    bundle.count = 0;
    assert_int_equal(rh_frame_bundle_encode(&bundle, to(first)), RH_ERR_INVALID);
    bundle.count = RH_BUNDLE_ITEMS_MAX + 1;
    assert_int_equal(rh_frame_bundle_encode(&bundle, to(first)), RH_ERR_INVALID);
}

static void make_delivery(uint32_t position, struct rh_delivery *out)
{
    memset(out, 0, sizeof *out);
    out->sender = (struct rh_agency_id){ "petitions.620423" };
    out->lane = RH_LANE_URGENT;
    out->pair_seq = number();
    out->index = number();
    out->stored_ms = 1767225600123;
    out->number = text("R-620423-2026-000017");
    out->item = bundle.items[position];
    out->header = bundle.header;
    out->signature = bundle.signature;
    out->position = position;
    out->path_count = rh_bundle_path(digests, bundle.count, position, out->path);
}

/* The receiver trusts the sender's signature, not the hub's word. */
static void test_wire_delivery_proves_its_sender(void **state)
{
    (void)state;
    struct rh_delivery delivery, back, forged;
    for (uint32_t count = 1; count <= ITEMS; count += 6) {
        make_bundle(count);
        uint32_t position = (uint32_t)rht_random_below(&source, count);
        make_delivery(position, &delivery);
        ROUND_TRIP(delivery, RH_FRAME_DELIVERY, delivery, back);
        struct rh_bytes frame =
            written(rh_delivery_encode(&delivery, to(first)), RH_FRAME_DELIVERY);
        assert_int_equal(rh_delivery_decode(frame, &back), RH_OK);
        assert_int_equal(rh_delivery_check(&back, &sender_key), RH_OK);

        forged = back;
        forged.sender = (struct rh_agency_id){ "court.620423" };
        assert_int_equal(rh_delivery_check(&forged, &sender_key), RH_ERR_CRYPTO);
        forged = back;
        forged.position++;
        assert_int_equal(rh_delivery_check(&forged, &sender_key), RH_ERR_CRYPTO);
        forged = back;
        forged.item.salt[0] ^= 1;
        assert_int_equal(rh_delivery_check(&forged, &sender_key), RH_ERR_CRYPTO);
        forged = back;
        forged.item.public_part.bytes--;
        assert_int_equal(rh_delivery_check(&forged, &sender_key), RH_ERR_CRYPTO);
        forged = back;
        forged.signature.bytes[40] ^= 1;
        assert_int_equal(rh_delivery_check(&forged, &sender_key), RH_ERR_CRYPTO);
        forged = back;
        forged.form = RH_DELIVERY_NOTICE;
        assert_int_equal(rh_delivery_check(&forged, &sender_key), RH_ERR_CRYPTO);
        struct rh_sign_public other = sender_key;
        other.bytes[0] ^= 1;
        assert_int_equal(rh_delivery_check(&back, &other), RH_ERR_CRYPTO);
    }
}

static void test_wire_delivery_other_forms(void **state)
{
    (void)state;
    struct rh_delivery delivery, back;
    make_bundle(1);
    make_delivery(0, &delivery);
    delivery.sender = (struct rh_agency_id){ "hub.620423" };
    delivery.form = RH_DELIVERY_NOTICE;
    ROUND_TRIP(delivery, RH_FRAME_DELIVERY, delivery, back);
    assert_int_equal(back.item.body.bytes, 0);
    delivery.form = RH_DELIVERY_TOMBSTONE;
    delivery.item.public_part = view(NULL, 0);
    ROUND_TRIP(delivery, RH_FRAME_DELIVERY, delivery, back);
    delivery.form = RH_DELIVERY_NOTICE;
    assert_int_equal(rh_delivery_encode(&delivery, to(first)), RH_ERR_INVALID);
    delivery.form = RH_DELIVERY_TOMBSTONE;
    delivery.pair_seq = 0;
    assert_int_equal(rh_delivery_encode(&delivery, to(first)), RH_ERR_INVALID);
}

/* The largest bundle that is allowed item by item must be told from one that is too large. */
static void test_wire_frame_size_is_bounded(void **state)
{
    (void)state;
    static uint8_t body[RH_ITEM_BYTES_MAX - 1000];
    make_bundle(5);
    for (uint32_t i = 0; i < bundle.count; i++) {
        bundle.items[i].public_part.bytes = 100;
        bundle.items[i].keys = view(NULL, 0);
        bundle.items[i].private_part = view(NULL, 0);
        bundle.items[i].body = view(body, sizeof body);
    }
    assert_int_equal(rh_frame_bundle_encode(&bundle, to(first)), RH_ERR_FULL);
    static uint8_t zeros[RH_FRAME_BYTES_MAX + 1];
    assert_int_equal(rh_frame_bundle_decode(view(zeros, sizeof zeros), &bundle_back),
                     RH_ERR_FULL);
}

/* ---- from the hub ---- */

static void test_wire_challenge_and_welcome(void **state)
{
    (void)state;
    struct rh_frame_challenge challenge = { .version = 1,
                                            .hub = { "test.620423/3" },
                                            .hub_ms = 1767225600000,
                                            .test = true }, challenge_back;
    rht_random_fill(&source, challenge.nonce, sizeof challenge.nonce);
    ROUND_TRIP(frame_challenge, RH_FRAME_CHALLENGE, challenge, challenge_back);

    struct rh_frame_welcome welcome = { .session = rht_random_u64(&source),
                                        .next_n = number(),
                                        .hub_ms = 5,
                                        .note = text("a note\n") }, welcome_back;
    rht_random_fill(&source, welcome.external_key, sizeof welcome.external_key);
    ROUND_TRIP(frame_welcome, RH_FRAME_WELCOME, welcome, welcome_back);
}

static void test_wire_confirm(void **state)
{
    (void)state;
    static struct rh_frame_confirm confirm, back;
    static uint8_t core[RH_CORE_BYTES_MAX];
    rht_random_fill(&source, core, sizeof core);
    for (int round = 0; round < 40; round++) {
        confirm.first_n = number();
        confirm.record_count = (uint32_t)rht_random_between(&source, 1, RH_CONFIRM_RECORDS_MAX);
        confirm.first_index = rht_random_below(&source, RH_NUMBER_MAX - 1000);
        confirm.size = confirm.first_index + confirm.record_count;
        make_hash(&source, &confirm.root);
        rht_random_fill(&source, confirm.signature.bytes, RH_SIGNATURE_BYTES);
        confirm.proof_count = (uint32_t)rht_random_below(&source, RH_PROOF_HASHES_MAX + 1);
        fill_hashes(confirm.proof, confirm.proof_count);
        for (uint32_t i = 0; i < confirm.record_count; i++) {
            confirm.records[i].core = view(core, rht_random_below(&source, sizeof core + 1));
            make_hash(&source, &confirm.records[i].rest_hash);
        }
        ROUND_TRIP(frame_confirm, RH_FRAME_CONFIRM, confirm, back);
    }
    confirm.size--;
    struct rh_bytes frame =
        written(rh_frame_confirm_encode(&confirm, to(first)), RH_FRAME_CONFIRM);
    assert_int_equal(rh_frame_confirm_decode(frame, &back), RH_ERR_INVALID);
    confirm.size = 0;
    frame = written(rh_frame_confirm_encode(&confirm, to(first)), RH_FRAME_CONFIRM);
    assert_int_equal(rh_frame_confirm_decode(frame, &back), RH_ERR_INVALID);
    confirm.record_count = 0;
    assert_int_equal(rh_frame_confirm_encode(&confirm, to(first)), RH_ERR_INVALID);
    confirm.record_count = 1;
    confirm.proof_count = RH_PROOF_HASHES_MAX + 1;
    assert_int_equal(rh_frame_confirm_encode(&confirm, to(first)), RH_ERR_INVALID);
}

static void test_wire_small_hub_frames(void **state)
{
    (void)state;
    struct rh_frame_busy busy = { 5101, 250, number() }, busy_back;
    ROUND_TRIP(frame_busy, RH_FRAME_BUSY, busy, busy_back);
    struct rh_frame_error error = { 7102, text("key revoked"), number() }, error_back;
    ROUND_TRIP(frame_error, RH_FRAME_ERROR, error, error_back);
    static char long_detail[RH_DETAIL_BYTES_MAX + 1];
    error.detail = view(long_detail, sizeof long_detail);
    assert_int_equal(rh_frame_error_encode(&error, to(first)), RH_ERR_INVALID);

    struct rh_frame_time time = { UINT64_C(1767225600000), RH_TIME_RATE_MAX }, time_back;
    ROUND_TRIP(frame_time, RH_FRAME_TIME, time, time_back);
    time.rate++;
    assert_int_equal(rh_frame_time_encode(&time, to(first)), RH_ERR_INVALID);

    struct rh_bytes note = text("note\n"), note_back;
    struct rh_bytes frame =
        written(rh_frame_checkpoint_encode(note, to(first)), RH_FRAME_CHECKPOINT);
    assert_int_equal(rh_frame_checkpoint_decode(frame, &note_back), RH_OK);
    assert_int_equal(note_back.bytes, note.bytes);

    static struct rh_frame_proof proof, proof_back;
    proof.index = number();
    proof.note = note;
    proof.core = text("core");
    proof.proof_count = RH_PROOF_HASHES_MAX;
    fill_hashes(proof.proof, proof.proof_count);
    ROUND_TRIP(frame_proof, RH_FRAME_PROOF, proof, proof_back);
    static struct rh_frame_consistency consistency, consistency_back;
    consistency.old_size = number();
    consistency.note = note;
    consistency.proof_count = 3;
    fill_hashes(consistency.proof, 3);
    ROUND_TRIP(frame_consistency, RH_FRAME_CONSISTENCY, consistency, consistency_back);
}

static void test_wire_type_of_strange_bytes_is_none(void **state)
{
    (void)state;
    static const uint8_t strange[][3] = { { 0x93, 0x00, 0 }, { 0x93, 0x0a, 0 },
                                          { 0x93, 0x40, 0 }, { 0x93, 0x4c, 0 },
                                          { 0x90, 0x01, 0 }, { 0x83, 0x01, 0 },
                                          { 0x93, 0xa1, 1 }, { 0x93, 0xff, 0 } };
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
        assert_int_equal(rh_frame_type_of(view(strange[i], 3)), 0);
    assert_int_equal(rh_frame_type_of(view(NULL, 0)), 0);
    assert_int_equal(rh_frame_type_of(view(strange[0], 1)), 0);
}

int main(void)
{
    rht_random_init(&source);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_small_client_frames),
        cmocka_unit_test(test_wire_session_and_number_frames),
        cmocka_unit_test(test_wire_hello),
        cmocka_unit_test(test_wire_bundle),
        cmocka_unit_test(test_wire_bundle_count_must_be_the_headers),
        cmocka_unit_test(test_wire_delivery_proves_its_sender),
        cmocka_unit_test(test_wire_delivery_other_forms),
        cmocka_unit_test(test_wire_frame_size_is_bounded),
        cmocka_unit_test(test_wire_challenge_and_welcome),
        cmocka_unit_test(test_wire_confirm),
        cmocka_unit_test(test_wire_small_hub_frames),
        cmocka_unit_test(test_wire_type_of_strange_bytes_is_none),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
