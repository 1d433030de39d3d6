/* protocol/src/receipt.c: the part of a record its sender keeps for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rh/receipt.h>

#include "unit/make_item.h"

static struct rht_random source;

static void make_receipt(struct rh_receipt *out)
{
    static const struct rh_hub_id hubs[] = { { "hub.620423" }, { "test.620423/12" } };
    memset(out, 0, sizeof *out);
    out->hub = hubs[rht_random_below(&source, 2)];
    out->type = (enum rh_record_type)rht_random_between(&source, RH_RECORD_GENESIS,
                                                        RH_RECORD_JOB);
    out->index = make_number(&source, RH_NUMBER_MAX) - 1;
    out->stored_ms = rht_random_below(&source, RH_MS_MAX);
    bool stream = out->type == RH_RECORD_BUNDLE || out->type == RH_RECORD_ITEM;
    if (stream || out->type == RH_RECORD_STREAM) {
        make_agency(&source, &out->agency);
        rht_random_fill(&source, out->epoch.bytes, sizeof out->epoch.bytes);
        out->epoch.bytes[3] |= 1;
    }
    if (stream) {
        out->n = make_number(&source, RH_NUMBER_MAX - 1);
        make_hash(&source, &out->digest);
        if (rht_random_once_in(&source, 2))
            make_id(&source, out->message_id.bytes);
        if (rht_random_once_in(&source, 3))
            out->outcome = (uint32_t)rht_random_between(&source, 4101, 9999);
    }
    if (rht_random_once_in(&source, 2)) {
        make_agency(&source, &out->holder);
        out->due_ms = make_number(&source, RH_MS_MAX - 1);
        if (out->due_ms != 0 && rht_random_once_in(&source, 2)) {
            memcpy(out->due_limit, "notice", sizeof "notice");
            out->due_basis = (enum rh_due_basis)rht_random_between(&source, 1, RH_DUE_POLICY);
        }
    }
}

static size_t encode(const struct rh_receipt *receipt, uint8_t out[RH_CORE_BYTES_MAX])
{
    struct rh_writer writer;
    rh_writer_init(&writer, out, RH_CORE_BYTES_MAX);
    assert_int_equal(rh_receipt_encode(receipt, &writer), RH_OK);
    assert_int_equal(rh_codec_check(out, writer.bytes, RH_CORE_BYTES_MAX, NULL), RH_OK);
    return writer.bytes;
}

static void test_receipt_round_trip(void **state)
{
    (void)state;
    struct rh_receipt receipt, back;
    uint8_t bytes[RH_CORE_BYTES_MAX], again[RH_CORE_BYTES_MAX];
    for (int round = 0; round < 5000; round++) {
        make_receipt(&receipt);
        size_t length = encode(&receipt, bytes);
        memset(&back, 0xEE, sizeof back);
        assert_int_equal(rh_receipt_decode((struct rh_bytes){ bytes, length }, &back), RH_OK);
        assert_int_equal(encode(&back, again), length);
        assert_memory_equal(bytes, again, length);
        assert_int_equal(back.type, receipt.type);
        assert_int_equal(back.index, receipt.index);
        assert_int_equal(back.n, receipt.n);
        assert_int_equal(back.outcome, receipt.outcome);
        assert_string_equal(back.hub.text, receipt.hub.text);
        assert_string_equal(back.holder.text, receipt.holder.text);
        assert_true(rh_hash_equal(&back.digest, &receipt.digest));
    }
}

/* A receipt must be the same bytes for ever, so it may have only one encoding. */
static void test_receipt_has_one_encoding(void **state)
{
    (void)state;
    struct rh_receipt receipt, back;
    uint8_t bytes[RH_CORE_BYTES_MAX], again[RH_CORE_BYTES_MAX];
    for (int round = 0; round < 30; round++) {
        make_receipt(&receipt);
        size_t length = encode(&receipt, bytes);
        for (size_t cut = 0; cut < length; cut++)
            assert_int_not_equal(rh_receipt_decode((struct rh_bytes){ bytes, cut }, &back),
                                 RH_OK);
        for (size_t bit = 0; bit < length * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
            if (rh_receipt_decode((struct rh_bytes){ bytes, length }, &back) == RH_OK) {
                assert_int_equal(encode(&back, again), length);
                assert_memory_equal(bytes, again, length);
            }
            bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        }
    }
}

static void test_receipt_stream_fields_belong_to_streams(void **state)
{
    (void)state;
    struct rh_receipt good, bad;
    uint8_t bytes[RH_CORE_BYTES_MAX];
    struct rh_writer writer;
    do {
        make_receipt(&good);
    } while (good.type != RH_RECORD_ITEM);
#define REFUSED(statement)                                                    \
    do {                                                                      \
        bad = good;                                                           \
        statement;                                                            \
        rh_writer_init(&writer, bytes, sizeof bytes);                         \
        assert_int_equal(rh_receipt_encode(&bad, &writer), RH_ERR_INVALID);   \
        assert_int_equal(writer.bytes, 0);                                    \
    } while (0)
    REFUSED(bad.agency.text[0] = '\0');
    REFUSED(memset(&bad.epoch, 0, sizeof bad.epoch));
    REFUSED(bad.n = 0);
    REFUSED(memset(&bad.digest, 0, sizeof bad.digest));
    REFUSED(bad.type = RH_RECORD_TIMER);
    REFUSED(bad.type = (enum rh_record_type)15);
    REFUSED(bad.type = (enum rh_record_type)0);
    REFUSED(bad.index = RH_NUMBER_MAX + 1);
    REFUSED(bad.stored_ms = RH_MS_MAX + 1);
#undef REFUSED
    bad = good;
    memset(&bad.message_id, 0, sizeof bad.message_id);
    (void)encode(&bad, bytes);
}

static void test_receipt_largest_fits(void **state)
{
    (void)state;
    struct rh_receipt receipt;
    uint8_t bytes[RH_CORE_BYTES_MAX];
    do {
        make_receipt(&receipt);
    } while (receipt.type != RH_RECORD_ITEM);
    receipt.hub = (struct rh_hub_id){ "test.620423123412/4294967295" };
    receipt.agency = (struct rh_agency_id){ "a_very_long_role_nam.620423123412" };
    receipt.holder = receipt.agency;
    receipt.index = receipt.n = RH_NUMBER_MAX;
    receipt.stored_ms = receipt.due_ms = RH_MS_MAX;
    receipt.outcome = UINT32_MAX;
    make_id(&source, receipt.message_id.bytes);
    assert_true(encode(&receipt, bytes) < 300);
}

int main(void)
{
    rht_random_init(&source);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receipt_round_trip),
        cmocka_unit_test(test_receipt_has_one_encoding),
        cmocka_unit_test(test_receipt_stream_fields_belong_to_streams),
        cmocka_unit_test(test_receipt_largest_fits),
    };
    return cmocka_run_group_tests_name("receipt", tests, NULL, NULL);
}
