/* protocol/src/{kind,public,item,bundle,private}.c: what an agency hands over and what the
 * receiver can prove about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rh/private.h>

#include "unit/make_item.h"

static struct rht_random source;

static struct rh_bytes view(const void *data, size_t bytes)
{
    return (struct rh_bytes){ data, bytes };
}

/* Encode into out[RH_PUBLIC_BYTES_MAX]; what we write must be canonical. */
static size_t encode_public(const struct rh_public *value, uint8_t *out)
{
    struct rh_writer writer;
    rh_writer_init(&writer, out, RH_PUBLIC_BYTES_MAX);
    assert_int_equal(rh_public_encode(value, &writer), RH_OK);
    assert_int_equal(rh_codec_check(out, writer.bytes, RH_PUBLIC_BYTES_MAX, NULL), RH_OK);
    return writer.bytes;
}

/* ---- kinds and states ---- */

static void test_kind_names_lead_back_to_their_numbers(void **state)
{
    (void)state;
    unsigned known = 0;
    for (int i = -1; i < 300; i++) {
        const char *name = rh_kind_name((enum rh_kind)i);
        assert_int_equal(name != NULL, i >= 0 && rh_kind_is_known((uint64_t)i));
        if (name == NULL)
            continue;
        known++;
        assert_int_equal(rh_kind_find(name, strlen(name)), i);
        assert_int_equal(rh_kind_find(name, strlen(name) - 1), RH_KIND_NONE);
    }
    assert_int_equal(known, 68);
    assert_string_equal(rh_kind_name(RH_KIND_OVERDUE), "overdue");
    for (int i = 1; i < RH_STATE_COUNT; i++) {
        const char *name = rh_state_name((enum rh_state)i);
        assert_int_equal(rh_state_find(name, strlen(name)), i);
    }
    assert_null(rh_state_name(RH_STATE_NONE));
    assert_int_equal(rh_lane_find("urgent", 6), RH_LANE_URGENT);
    assert_int_equal(rh_lane_find("slow", 4), -1);
    assert_int_equal(rh_actor_find("lead", 4), RH_ACTOR_LEAD);
    assert_string_equal(rh_actor_name(RH_ACTOR_MONITOR), "monitor");
}

static void test_kind_groups_and_resting_states(void **state)
{
    (void)state;
    assert_true(rh_kind_is_dispatch(RH_KIND_CLUE));
    assert_false(rh_kind_is_dispatch(RH_KIND_REGISTER));
    assert_true(rh_kind_is_information(RH_KIND_COPY));
    assert_true(rh_kind_is_attention(RH_KIND_ESCALATE));
    assert_false(rh_kind_is_attention(RH_KIND_OVERDUE));
    unsigned resting = 0;
    unsigned unfinished = 0;
    for (int i = 0; i < RH_STATE_COUNT; i++) {
        resting += rh_state_is_resting((enum rh_state)i);
        unfinished += rh_state_is_unfinished((enum rh_state)i);
        assert_false(rh_state_is_resting((enum rh_state)i) &&
                     rh_state_is_unfinished((enum rh_state)i));
    }
    assert_int_equal(resting, 6);
    assert_int_equal(unfinished, 8);
}

/* ---- public part ---- */

/* A field lost or changed on the way would route or decide a case on other facts. */
static void test_public_survives_the_way(void **state)
{
    (void)state;
    static struct rh_public value, back;
    uint8_t first[RH_PUBLIC_BYTES_MAX];
    uint8_t second[RH_PUBLIC_BYTES_MAX];
    for (int round = 0; round < 3000; round++) {
        unsigned field = 99;
        make_public(&source, rht_random_between(&source, 1, 12), &value);
        size_t bytes = encode_public(&value, first);
        memset(&back, 0xEE, sizeof back); /* what decode leaves alone must not matter */
        assert_int_equal(rh_public_decode(view(first, bytes), &back, &field), RH_OK);
        assert_int_equal(field, 0);
        assert_int_equal(encode_public(&back, second), bytes);
        assert_memory_equal(first, second, bytes);

        assert_int_equal(back.kind, value.kind);
        assert_int_equal(back.lane, value.lane);
        assert_int_equal(back.due_ms, value.due_ms);
        assert_int_equal(back.pair_seq, value.pair_seq);
        assert_int_equal(back.reply_owed, value.reply_owed);
        assert_string_equal(back.to.text, value.to.text);
        assert_string_equal(back.basis, value.basis);
        assert_memory_equal(&back.referral_id, &value.referral_id, RH_ID_BYTES);
        assert_int_equal(back.fact_count, value.fact_count);
        for (uint32_t i = 0; i < value.fact_count; i++) {
            const struct rh_fact *fact = rh_public_fact(&back, value.facts[i].key);
            assert_non_null(fact);
            assert_int_equal(fact->is_number, value.facts[i].is_number);
            if (fact->is_number)
                assert_true(fact->number == value.facts[i].number);
            else
                assert_string_equal(fact->code, value.facts[i].code);
        }
    }
    assert_null(rh_public_fact(&back, "no_such_fact"));
}

static void test_public_with_every_list_full_fits(void **state)
{
    (void)state;
    static struct rh_public value;
    uint8_t out[RH_PUBLIC_BYTES_MAX];
    memset(&value, 0, sizeof value);
    make_public(&source, 1, &value);
    value.external_count = RH_EXTERNALS_MAX;
    for (uint32_t i = 0; i < RH_EXTERNALS_MAX; i++) {
        memset(value.externals[i].system, 'a' + (int)i, RH_SYSTEM_BYTES_MAX);
        value.externals[i].system[RH_SYSTEM_BYTES_MAX] = '\0';
    }
    value.copy_count = RH_COPIES_MAX;
    value.child_count = RH_CHILDREN_MAX;
    for (uint32_t i = 0; i < RH_COPIES_MAX; i++) {
        snprintf(value.copies[i].text, sizeof value.copies[i].text,
                 "a_very_long_role_nam.6204231234%02u", (unsigned)i);
        make_id(&source, value.children[i].id.bytes);
        value.children[i].to = value.copies[i];
        value.children[i].mandatory = true;
    }
    value.fact_count = RH_FACTS_MAX;
    for (uint32_t i = 0; i < RH_FACTS_MAX; i++) {
        memset(value.facts[i].key, 'a' + (int)i, RH_FACT_KEY_BYTES_MAX);
        value.facts[i].key[RH_FACT_KEY_BYTES_MAX] = '\0';
        value.facts[i].is_number = false;
        memset(value.facts[i].code, 'x', RH_CODE_BYTES_MAX);
        value.facts[i].code[RH_CODE_BYTES_MAX] = '\0';
    }
    value.accused_count = RH_ACCUSED_MAX;
    assert_true(encode_public(&value, out) < RH_PUBLIC_BYTES_MAX * 3 / 4);
}

static void expect_bad_field(const struct rh_public *value, unsigned expected)
{
    uint8_t out[RH_PUBLIC_BYTES_MAX];
    struct rh_writer writer;
    unsigned field = 0;
    assert_int_equal(rh_public_check(value, &field), RH_ERR_INVALID);
    assert_int_equal(field, expected);
    rh_writer_init(&writer, out, sizeof out);
    assert_int_equal(rh_public_encode(value, &writer), RH_ERR_INVALID);
    assert_int_equal(writer.bytes, 0);
}

/* The adapter's programmer is told which field the case system filled wrongly. */
static void test_public_names_the_bad_field(void **state)
{
    (void)state;
    static struct rh_public good, bad;
    make_public(&source, 1, &good);
    good.kind = RH_KIND_FORWARD;
    good.fact_count = 2;
    good.copy_count = 2;
    good.copies[0] = good.to;
    good.copies[1] = (struct rh_agency_id){ "police.11" };
    assert_int_equal(rh_public_check(&good, NULL), RH_OK);

#define SET(place, text) (void)snprintf(place, sizeof(place), "%s", text)
#define BREAK(statement, field)       \
    do {                              \
        bad = good;                   \
        statement;                    \
        expect_bad_field(&bad, field); \
    } while (0)
    BREAK(memset(&bad.message_id, 0, sizeof bad.message_id), 1);
    BREAK(bad.kind = RH_KIND_NONE, 2);
    BREAK(bad.kind = (enum rh_kind)9, 2);
    BREAK(memset(&bad.referral_id, 0, sizeof bad.referral_id), 3);
    BREAK(SET(bad.to.text, "Court.620423"), 7);
    BREAK(SET(bad.procedure, "two words"), 8);
    BREAK(memset(bad.category, 'x', sizeof bad.category), 10);
    BREAK(SET(bad.area, "\xE7\x99\xBD"), 11);
    BREAK(SET(bad.code, "-x"), 13);
    BREAK(bad.due_ms = RH_MS_MAX + 1, 16);
    BREAK(bad.external_count = RH_EXTERNALS_MAX + 1, 23);
    BREAK(bad.externals[0].system[0] = '_', 23);
    BREAK(bad.copies[1] = bad.copies[0], 24);
    BREAK(bad.children[0].to.text[0] = '\0', 25);
    BREAK(SET(bad.facts[1].key, good.facts[0].key), 26);
    BREAK(bad.facts[0].key[0] = 'K', 26);
    BREAK(bad.trace[2] = '_', 27);
    BREAK(bad.pair_seq = RH_NUMBER_MAX + 1, 29);
    BREAK(bad.accused_count = RH_ACCUSED_MAX + 1, 31);
    BREAK(bad.lane = (enum rh_lane)3, 9);
#undef BREAK
#undef SET
    bad = good;
    bad.kind = RH_KIND_ACK;
    memset(&bad.referral_id, 0, sizeof bad.referral_id);
    assert_int_equal(rh_public_check(&bad, NULL), RH_OK);
}

/* Whatever is accepted has exactly one encoding: a changed byte is either refused or says
 * something else in the same canonical form, never the same thing in other bytes. */
static void test_public_has_one_encoding(void **state)
{
    (void)state;
    static struct rh_public value, back;
    uint8_t bytes[RH_PUBLIC_BYTES_MAX];
    uint8_t again[RH_PUBLIC_BYTES_MAX];
    for (int round = 0; round < 12; round++) {
        make_public(&source, 4, &value);
        size_t length = encode_public(&value, bytes);
        for (size_t cut = 0; cut < length; cut++)
            assert_int_not_equal(rh_public_decode(view(bytes, cut), &back, NULL), RH_OK);
        for (size_t bit = 0; bit < length * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
            if (rh_public_decode(view(bytes, length), &back, NULL) == RH_OK) {
                assert_int_equal(encode_public(&back, again), length);
                assert_memory_equal(bytes, again, length);
            }
            bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        }
    }
}

/* ---- item ---- */

static void test_item_no_keys_hash_is_that_of_the_empty_list(void **state)
{
    (void)state;
    static struct made_item made;
    struct rh_hash keys_hash, with_list, without;
    make_item(&source, &made);
    uint8_t empty = 0x90;
    made.item.keys = view(&empty, 1);
    rh_item_digest(&made.item, &with_list);
    made.item.keys = view(NULL, 0);
    rh_item_digest(&made.item, &without);
    assert_true(rh_hash_equal(&with_list, &without));

    rh_hash(&empty, 1, &keys_hash);
    uint8_t length[4] = { 0, 0, (uint8_t)(made.item.public_part.bytes >> 8),
                          (uint8_t)made.item.public_part.bytes };
    struct rh_bytes parts[] = { view(length, 4), made.item.public_part,
                                view(made.item.commitment.bytes, 32),
                                view(keys_hash.bytes, 32) };
    rh_hash_tagged("rhub/item/1", parts, 4, &with_list);
    assert_true(rh_hash_equal(&with_list, &without));
}

/* Moving a byte between private part and body must not go unnoticed. */
static void test_item_commitment_binds_every_part(void **state)
{
    (void)state;
    static struct made_item made;
    struct rh_item *item = &made.item;
    do {
        make_item(&source, &made);
    } while (item->private_part.bytes < 2 || item->body.bytes < 2);
    assert_int_equal(rh_item_check(item), RH_OK);
    made.body[0] ^= 1;
    assert_int_equal(rh_item_check(item), RH_ERR_CRYPTO);
    made.body[0] ^= 1;
    made.private_part[1] ^= 0x80;
    assert_int_equal(rh_item_check(item), RH_ERR_CRYPTO);
    made.private_part[1] ^= 0x80;
    item->salt[31] ^= 4;
    assert_int_equal(rh_item_check(item), RH_ERR_CRYPTO);
    item->salt[31] ^= 4;

    uint8_t joined[4000];
    size_t total = item->private_part.bytes + item->body.bytes;
    memcpy(joined, item->private_part.data, item->private_part.bytes);
    memcpy(joined + item->private_part.bytes, item->body.data, item->body.bytes);
    size_t border = item->private_part.bytes + 1;
    item->private_part = view(joined, border);
    item->body = view(joined + border, total - border);
    assert_int_equal(rh_item_check(item), RH_ERR_CRYPTO);
}

static void test_item_travels_alone(void **state)
{
    (void)state;
    static struct made_item made;
    static uint8_t first[RH_ITEM_BYTES_MAX], second[RH_ITEM_BYTES_MAX];
    for (int round = 0; round < 300; round++) {
        struct rh_writer writer;
        struct rh_item back;
        struct rh_hash sent, got;
        make_item(&source, &made);
        rh_writer_init(&writer, first, sizeof first);
        assert_int_equal(rh_item_encode(&made.item, &writer), RH_OK);
        size_t bytes = writer.bytes;
        assert_int_equal(rh_codec_check(first, bytes, sizeof first, NULL), RH_OK);
        assert_int_equal(rh_item_decode(view(first, bytes), &back), RH_OK);
        assert_int_equal(rh_item_check(&back), RH_OK);
        rh_item_digest(&made.item, &sent);
        rh_item_digest(&back, &got);
        assert_true(rh_hash_equal(&sent, &got));
        rh_writer_init(&writer, second, sizeof second);
        assert_int_equal(rh_item_encode(&back, &writer), RH_OK);
        assert_int_equal(writer.bytes, bytes);
        assert_memory_equal(first, second, bytes);
    }
}

static void test_item_bounds(void **state)
{
    (void)state;
    static struct made_item made;
    static uint8_t large[RH_ITEM_BYTES_MAX], out[RH_ITEM_BYTES_MAX * 2];
    struct rh_writer writer;
    struct rh_item back;
    make_item(&source, &made);
    made.item.private_part = view(large, RH_PRIVATE_BYTES_MAX + 1);
    rh_writer_init(&writer, out, sizeof out);
    assert_int_equal(rh_item_encode(&made.item, &writer), RH_ERR_FULL);
    made.item.private_part = view(large, 10);
    made.item.body = view(large, RH_ITEM_BYTES_MAX);
    rh_writer_init(&writer, out, sizeof out);
    assert_int_equal(rh_item_encode(&made.item, &writer), RH_ERR_FULL);
    assert_int_equal(rh_item_decode(view(out, writer.bytes), &back), RH_ERR_FULL);
    rh_writer_init(&writer, out, 40);
    made.item.body = view(large, 100);
    assert_int_equal(rh_item_encode(&made.item, &writer), RH_ERR_FULL);
}

static void test_item_key_is_found_by_agency(void **state)
{
    (void)state;
    static struct made_item made;
    uint8_t sealed[RH_SEALED_KEY_BYTES];
    uint8_t encoded[600];
    struct rh_writer writer;
    struct rh_sealed_key keys[3] = { { .agency = { "court.62" } },
                                     { .agency = { "police.62" } },
                                     { .agency = { "petitions.62" } } };
    for (size_t i = 0; i < 3; i++)
        memset(keys[i].sealed, (int)i + 1, sizeof keys[i].sealed);
    make_item(&source, &made);
    rh_writer_init(&writer, encoded, sizeof encoded);
    assert_int_equal(rh_item_keys_encode(keys, 3, &writer), RH_OK);
    made.item.keys = view(encoded, writer.bytes);
    assert_int_equal(rh_item_key_for(&made.item, &keys[2].agency, sealed), RH_OK);
    assert_memory_equal(sealed, keys[2].sealed, sizeof sealed);
    struct rh_agency_id other = { "court.63" };
    assert_int_equal(rh_item_key_for(&made.item, &other, sealed), RH_ERR_NOTFOUND);
    made.item.keys = view(encoded, writer.bytes - 1);
    assert_int_equal(rh_item_key_for(&made.item, &keys[2].agency, sealed), RH_ERR_INVALID);
    assert_int_equal(rh_item_keys_encode(keys, RH_SEALED_KEYS_MAX + 1, &writer), RH_ERR_FULL);
}

/* ---- bundle ---- */

/* RFC 6962, 2.1, word for word. */
static void root_by_definition(const struct rh_hash *digests, uint32_t count,
                               struct rh_hash *out)
{
    if (count == 1) {
        rh_hash_leaf(digests[0].bytes, RH_HASH_BYTES, out);
        return;
    }
    uint32_t half = 1;
    while (half * 2 < count)
        half *= 2;
    struct rh_hash left, right;
    root_by_definition(digests, half, &left);
    root_by_definition(digests + half, count - half, &right);
    rh_hash_node(&left, &right, out);
}

static void test_bundle_tree_is_that_of_the_definition(void **state)
{
    (void)state;
    struct rh_hash digests[RH_BUNDLE_ITEMS_MAX];
    for (size_t i = 0; i < RH_BUNDLE_ITEMS_MAX; i++)
        make_hash(&source, &digests[i]);
    for (uint32_t count = 1; count <= RH_BUNDLE_ITEMS_MAX; count++) {
        struct rh_hash root, expected, path[RH_BUNDLE_PATH_MAX + 1];
        rh_bundle_root(digests, count, &root);
        root_by_definition(digests, count, &expected);
        assert_true(rh_hash_equal(&root, &expected));
        uint32_t step = count < 20 ? 1 : 17;
        for (uint32_t at = 0; at < count; at += step) {
            uint32_t length = rh_bundle_path(digests, count, at, path);
            assert_true(rh_bundle_path_verify(&root, count, at, &digests[at], path, length));
            assert_false(
                rh_bundle_path_verify(&root, count, count, &digests[at], path, length));
            assert_false(
                rh_bundle_path_verify(&root, count, at, &digests[at], path, length + 1));
            if (count == 1)
                continue;
            uint32_t other = (at + 1) % count;
            assert_false(
                rh_bundle_path_verify(&root, count, at, &digests[other], path, length));
            assert_false(
                rh_bundle_path_verify(&root, count, other, &digests[at], path, length));
            assert_false(
                rh_bundle_path_verify(&root, count, at, &digests[at], path, length - 1));
            path[rht_random_below(&source, length)].bytes[7] ^= 1;
            assert_false(rh_bundle_path_verify(&root, count, at, &digests[at], path, length));
        }
    }
    assert_false(rh_bundle_path_verify(&digests[0], 0, 0, &digests[0], digests, 0));
    assert_false(rh_bundle_path_verify(&digests[0], 5000, 1, &digests[0], digests, 8));
}

static void test_bundle_header_round_trip_and_bounds(void **state)
{
    (void)state;
    uint8_t bytes[RH_BUNDLE_HEADER_BYTES_MAX];
    struct rh_writer writer;
    struct rh_bundle_header header, back;
    memset(&header, 0, sizeof header);
    header.suite = RH_SUITE_ED25519;
    header.hub = (struct rh_hub_id){ "hub.620423/2" };
    for (int round = 0; round < 300; round++) {
        make_agency(&source, &header.sender);
        rht_random_fill(&source, header.epoch.bytes, sizeof header.epoch.bytes);
        header.count = (uint32_t)rht_random_between(&source, 1, RH_BUNDLE_ITEMS_MAX);
        header.first_n = make_number(&source, RH_NUMBER_MAX - RH_BUNDLE_ITEMS_MAX);
        make_hash(&source, &header.root);
        header.claimed_ms = rht_random_below(&source, RH_MS_MAX);
        rh_writer_init(&writer, bytes, sizeof bytes);
        assert_int_equal(rh_bundle_header_encode(&header, &writer), RH_OK);
        memset(&back, 0, sizeof back);
        assert_int_equal(rh_bundle_header_decode(view(bytes, writer.bytes), &back), RH_OK);
        assert_memory_equal(&header, &back, sizeof header);
    }
    header.first_n = RH_NUMBER_MAX;
    header.count = 1;
    rh_writer_init(&writer, bytes, sizeof bytes);
    assert_int_equal(rh_bundle_header_encode(&header, &writer), RH_OK);
    header.count = 2;
    assert_int_equal(rh_bundle_header_encode(&header, &writer), RH_ERR_INVALID);
    header.first_n = 0;
    assert_int_equal(rh_bundle_header_encode(&header, &writer), RH_ERR_INVALID);
    header.first_n = 1;
    header.suite = 2;
    assert_int_equal(rh_bundle_header_encode(&header, &writer), RH_ERR_INVALID);
}

/* ---- private part and body ---- */

static struct rh_bytes text(const char *terminated)
{
    return view(terminated, strlen(terminated));
}

static void fill_private(struct rh_private *out)
{
    memset(out, 0, sizeof *out);
    out->title = text("关于申请司法确认的移送");
    out->summary = text("双方达成调解协议");
    out->person_count = 2;
    out->persons[0].name = text("某甲");
    out->persons[0].role = text("petitioner");
    out->persons[0].phone = text("13800000000");
    out->persons[1].unit = text("某公司");
    out->form_count = 3;
    out->form[0] = (struct rh_form_field){ text("mediator"), text("某人民调解委员会") };
    out->form[1] = (struct rh_form_field){ text("amount"), text("12000") };
    out->form[2] = (struct rh_form_field){ text("place"), text("白银") };
    out->document = text("会检移〔2026〕17号");
    out->leader = text("某乙");
    out->attachment_count = 1;
    out->attachments[0].name = text("协议书.pdf");
    out->attachments[0].media_type = text("application/pdf");
    out->attachments[0].size = 48211;
    make_hash(&source, &out->attachments[0].sha256);
    out->external_count = 1;
    out->externals[0] =
        (struct rh_external_number){ text("12309"), text("620423-2026-000017") };
}

static void test_private_round_trip(void **state)
{
    (void)state;
    static struct rh_private value, back;
    uint8_t first[2000], second[2000];
    struct rh_writer writer;
    fill_private(&value);
    rh_writer_init(&writer, first, sizeof first);
    assert_int_equal(rh_private_encode(&value, &writer), RH_OK);
    size_t bytes = writer.bytes;
    assert_int_equal(rh_codec_check(first, bytes, sizeof first, NULL), RH_OK);
    assert_int_equal(rh_private_decode(view(first, bytes), &back, NULL), RH_OK);
    rh_writer_init(&writer, second, sizeof second);
    assert_int_equal(rh_private_encode(&back, &writer), RH_OK);
    assert_int_equal(writer.bytes, bytes);
    assert_memory_equal(first, second, bytes);
    struct rh_bytes amount = rh_private_form(&back, "amount");
    assert_int_equal(amount.bytes, 5);
    assert_memory_equal(amount.data, "12000", 5);
    assert_int_equal(rh_private_form(&back, "amounts").bytes, 0);
    for (size_t cut = 1; cut < bytes; cut++)
        assert_int_not_equal(rh_private_decode(view(first, cut), &back, NULL), RH_OK);

    memset(&value, 0, sizeof value);
    rh_writer_init(&writer, first, sizeof first);
    assert_int_equal(rh_private_encode(&value, &writer), RH_OK);
    assert_int_equal(writer.bytes, 0);
    assert_int_equal(rh_private_decode(view(first, 0), &back, NULL), RH_OK);
    assert_int_equal(back.person_count, 0);
}

/* An attachment's name becomes a file name at the receiver. */
static void test_private_refuses_what_could_do_harm(void **state)
{
    (void)state;
    static struct rh_private value;
    static char long_text[RH_SUMMARY_BYTES_MAX + 2];
    uint8_t out[RH_PRIVATE_BYTES_MAX + 100];
    static const char *const names[] = { "../x", ".profile", "a/b", "a\\b", "", "a\nb" };
    memset(long_text, 'a', sizeof long_text - 1);
    struct rh_writer writer;
#define REFUSED(statement)                                                    \
    do {                                                                      \
        fill_private(&value);                                                 \
        statement;                                                            \
        rh_writer_init(&writer, out, sizeof out);                             \
        assert_int_equal(rh_private_encode(&value, &writer), RH_ERR_INVALID); \
    } while (0)
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        REFUSED(value.attachments[0].name = text(names[i]));
    REFUSED(value.form[2].key = value.form[0].key);
    REFUSED(value.form[1].value = text(""));
    REFUSED(value.persons[1].unit = text(""));
    REFUSED(value.persons[0].role = text("two words"));
    REFUSED(value.summary = text(long_text));
    REFUSED(value.title = text("\xff"));
    REFUSED(value.person_count = RH_PERSONS_MAX + 1);
    REFUSED(value.externals[0].system = text("UP"));
#undef REFUSED
    uint8_t bad_title[] = { 0x81, 0x01, 0xa0 };
    unsigned key = 0;
    assert_int_equal(rh_private_decode(view(bad_title, 3), &value, &key), RH_ERR_INVALID);
    assert_int_equal(key, RH_PRIVATE_TITLE);
    uint8_t empty_map[] = { 0x80 };
    assert_int_equal(rh_private_decode(view(empty_map, 1), &value, &key), RH_ERR_INVALID);
}

static void test_body_round_trip(void **state)
{
    (void)state;
    uint8_t out[200];
    struct rh_writer writer;
    struct rh_body body = { text("application/json"), text("{}") };
    struct rh_body back;
    rh_writer_init(&writer, out, sizeof out);
    assert_int_equal(rh_body_encode(&body, &writer), RH_OK);
    assert_int_equal(rh_body_decode(view(out, writer.bytes), &back), RH_OK);
    assert_int_equal(back.content.bytes, 2);
    assert_int_equal(back.media_type.bytes, strlen("application/json"));
    assert_int_equal(rh_body_decode(view(out, 0), &back), RH_OK);
    assert_int_equal(back.media_type.bytes, 0);
    body.media_type = text("");
    assert_int_equal(rh_body_encode(&body, &writer), RH_ERR_INVALID);
}

static void test_seal_labels_differ_by_part_and_message(void **state)
{
    (void)state;
    uint8_t a[RH_SEAL_LABEL_BYTES], b[RH_SEAL_LABEL_BYTES];
    struct rh_message_id id;
    make_id(&source, id.bytes);
    size_t bytes = rh_private_seal_label(&id, a);
    assert_int_equal(bytes, sizeof "rhub/private/1" + RH_ID_BYTES);
    assert_memory_equal(a + bytes - RH_ID_BYTES, id.bytes, RH_ID_BYTES);
    assert_int_equal(rh_body_seal_label(&id, b), sizeof "rhub/body/1" + RH_ID_BYTES);
    assert_memory_equal(b, "rhub/body/1", sizeof "rhub/body/1");
}

int main(void)
{
    rht_random_init(&source);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kind_names_lead_back_to_their_numbers),
        cmocka_unit_test(test_kind_groups_and_resting_states),
        cmocka_unit_test(test_public_survives_the_way),
        cmocka_unit_test(test_public_with_every_list_full_fits),
        cmocka_unit_test(test_public_names_the_bad_field),
        cmocka_unit_test(test_public_has_one_encoding),
        cmocka_unit_test(test_item_no_keys_hash_is_that_of_the_empty_list),
        cmocka_unit_test(test_item_commitment_binds_every_part),
        cmocka_unit_test(test_item_travels_alone),
        cmocka_unit_test(test_item_bounds),
        cmocka_unit_test(test_item_key_is_found_by_agency),
        cmocka_unit_test(test_bundle_tree_is_that_of_the_definition),
        cmocka_unit_test(test_bundle_header_round_trip_and_bounds),
        cmocka_unit_test(test_private_round_trip),
        cmocka_unit_test(test_private_refuses_what_could_do_harm),
        cmocka_unit_test(test_body_round_trip),
        cmocka_unit_test(test_seal_labels_differ_by_part_and_message),
    };
    return cmocka_run_group_tests_name("item", tests, NULL, NULL);
}
