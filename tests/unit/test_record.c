/* hub/views/record.c and record_leaf.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first */
#include <setjmp.h>

#include <cmocka.h>

#include "support/rht.h"

#include "views/record.h"

static uint8_t pool[8 * 64];

static struct rh_bytes some(struct rht_random *random, size_t bytes)
{
    return (struct rh_bytes){ pool + rht_random_below(random, sizeof pool - bytes), bytes };
}

static void fill_stream(struct rht_random *random, struct hub_record *record)
{
    record->agency = 1 + (uint32_t)rht_random_below(random, 1000);
    snprintf(record->core.agency.text, sizeof record->core.agency.text, "court.620423");
    record->core.epoch.bytes[0] = 1;
    record->core.n = 1 + rht_random_below(random, 100);
    record->core.digest.bytes[3] = 4;
}

static void fill_event(struct rht_random *random, struct hub_record *record)
{
    record->outcome = some(random, rht_random_below(random, 60));
    record->down_ms = rht_random_below(random, 2) * 86400000;
}

static void fill_operator(struct hub_record *record)
{
    snprintf(record->operator_name, sizeof record->operator_name, "王芳(1000)");
    snprintf(record->reason, sizeof record->reason, "来函更正");
}

/* Records whose fields belong to one type alone. */
static void fill_own(struct rht_random *random, struct hub_record *record)
{
    switch (record->core.type) {
    case RH_RECORD_ITEM:
        record->public_part = some(random, 50);
        rht_random_fill(random, record->commitment.bytes, RH_HASH_BYTES);
        record->keys = some(random, rht_random_below(random, 40));
        record->bundle_index = record->core.index - rht_random_below(random, 2);
        record->position = (uint32_t)rht_random_below(random, 256);
        record->next_rno = rht_random_u64(random);
        record->free_slot = rht_random_u64(random);
        break;
    case RH_RECORD_BUNDLE:
        record->digests = some(random, 32 * (1 + rht_random_below(random, 3)));
        record->header = some(random, 80);
        rht_random_fill(random, record->signature.bytes, RH_SIGNATURE_BYTES);
        break;
    case RH_RECORD_STREAM:
        record->core.n = 0;
        memset(&record->core.digest, 0, sizeof record->core.digest);
        record->header = some(random, 200);
        break;
    case RH_RECORD_COMMAND:
        record->command = (enum hub_command_type)(1 + rht_random_below(random, 5));
        record->action = RH_KIND_URGE;
        record->agency_row = some(random, 30);
        break;
    case RH_RECORD_CLOCK:
        record->clock = HUB_CLOCK_JUMP;
        record->wall_ms = 5;
        record->shift_ms = (int64_t)rht_random_below(random, 2000) - 1000;
        break;
    case RH_RECORD_RULES:
        record->compiled = some(random, 99);
        record->sources = some(random, 33);
        break;
    case RH_RECORD_ERASE:
        record->key_slot = 77;
        record->rno = 3;
        break;
    case RH_RECORD_JOB:
        record->job_row = some(random, 40);
        record->rno = 1 + rht_random_below(random, 9);
        break;
    case RH_RECORD_TIMER:
        record->rno = 1 + rht_random_below(random, 9);
        break;
    case RH_RECORD_GENESIS:
        record->card = some(random, 10);
        break;
    case RH_RECORD_DIGEST:
        record->digest_rows = some(random, 64);
        break;
    case RH_RECORD_GENERATION:
        record->old_root.bytes[9] = 9;
        break;
    case RH_RECORD_CUT:
        snprintf(record->text, sizeof record->text, "quarantine/1");
        break;
    case RH_RECORD_CARRY:
        break;
    }
}

/* A record of a type with about half of its fields. */
static void fill(struct rht_random *random, enum rh_record_type type, struct hub_record *record)
{
    memset(record, 0, sizeof *record);
    snprintf(record->core.hub.text, sizeof record->core.hub.text, "hub.62");
    record->core.type = type;
    record->core.index = rht_random_below(random, 1000000);
    record->core.stored_ms = 1772323200000 + rht_random_below(random, 100000);
    rht_random_fill(random, record->random, sizeof record->random);
    if (type == RH_RECORD_ITEM || type == RH_RECORD_BUNDLE || type == RH_RECORD_STREAM)
        fill_stream(random, record);
    if (type == RH_RECORD_ITEM || type == RH_RECORD_TIMER || type == RH_RECORD_COMMAND ||
        type == RH_RECORD_JOB)
        fill_event(random, record);
    if (type == RH_RECORD_COMMAND || type == RH_RECORD_CLOCK || type == RH_RECORD_GENERATION ||
        type == RH_RECORD_ERASE || type == RH_RECORD_RULES)
        fill_operator(record);
    fill_own(random, record);
}

struct coded {
    uint8_t core[RH_CORE_BYTES_MAX];
    uint8_t rest[4096];
    size_t core_bytes, rest_bytes;
};

static void encode(const struct hub_record *record, struct coded *out)
{
    struct rh_writer writer;
    rh_writer_init(&writer, out->core, sizeof out->core);
    assert_int_equal(rh_receipt_encode(&record->core, &writer), RH_OK);
    out->core_bytes = writer.bytes;
    rh_writer_init(&writer, out->rest, sizeof out->rest);
    assert_int_equal(hub_record_rest_encode(record, &writer), RH_OK);
    out->rest_bytes = writer.bytes;
}

static enum rh_err decode(const struct coded *coded, struct hub_record *out)
{
    return hub_record_decode((struct rh_bytes){ coded->core, coded->core_bytes },
                             (struct rh_bytes){ coded->rest, coded->rest_bytes }, out);
}

static void assert_bytes_equal(struct rh_bytes a, struct rh_bytes b)
{
    assert_int_equal(a.bytes, b.bytes);
    if (a.bytes > 0)
        assert_memory_equal(a.data, b.data, a.bytes);
}

/* If it failed: an event could not be decided again from its record. */
static void test_record_comes_back_as_it_was(void **state)
{
    (void)state;
    struct rht_random random;
    rht_random_init(&random);
    rht_random_fill(&random, pool, sizeof pool);
    for (int round = 0; round < 500; round++) {
        struct hub_record in, out;
        struct coded coded;
        enum rh_record_type type = (enum rh_record_type)(1 + round % RH_RECORD_JOB);
        fill(&random, type, &in);
        encode(&in, &coded);
        assert_int_equal(decode(&coded, &out), RH_OK);
        assert_memory_equal(in.random, out.random, sizeof in.random);
        assert_memory_equal(&in.core, &out.core, sizeof in.core);
        assert_int_equal(in.agency, out.agency);
        assert_bytes_equal(in.public_part, out.public_part);
        assert_memory_equal(&in.commitment, &out.commitment, sizeof in.commitment);
        assert_bytes_equal(in.keys, out.keys);
        assert_int_equal(in.bundle_index, out.bundle_index);
        assert_int_equal(in.position, out.position);
        assert_int_equal(in.next_rno, out.next_rno);
        assert_int_equal(in.free_slot, out.free_slot);
        assert_int_equal(in.down_ms, out.down_ms);
        assert_bytes_equal(in.header, out.header);
        assert_memory_equal(&in.signature, &out.signature, sizeof in.signature);
        assert_bytes_equal(in.digests, out.digests);
        assert_int_equal(in.rno, out.rno);
        assert_int_equal(in.key_slot, out.key_slot);
        assert_int_equal(in.command, out.command);
        assert_int_equal(in.action, out.action);
        assert_string_equal(in.operator_name, out.operator_name);
        assert_string_equal(in.reason, out.reason);
        assert_bytes_equal(in.agency_row, out.agency_row);
        assert_bytes_equal(in.compiled, out.compiled);
        assert_bytes_equal(in.sources, out.sources);
        assert_bytes_equal(in.card, out.card);
        assert_int_equal(in.old_size, out.old_size);
        assert_memory_equal(&in.old_root, &out.old_root, sizeof in.old_root);
        assert_int_equal(in.clock, out.clock);
        assert_true(in.shift_ms == out.shift_ms);
        assert_bytes_equal(in.digest_rows, out.digest_rows);
        assert_string_equal(in.text, out.text);
        assert_bytes_equal(in.outcome, out.outcome);
    }
}

/* If it failed: two different byte strings would be the same record. */
static void test_record_has_one_form_only(void **state)
{
    (void)state;
    struct rht_random random;
    rht_random_init(&random);
    rht_random_fill(&random, pool, sizeof pool);
    for (int round = 0; round < 60; round++) {
        struct hub_record in, out;
        struct coded coded, again;
        fill(&random, (enum rh_record_type)(1 + round % RH_RECORD_JOB), &in);
        encode(&in, &coded);
        for (size_t bit = 0; bit < coded.rest_bytes * 8; bit++) {
            coded.rest[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (decode(&coded, &out) == RH_OK) {
                encode(&out, &again);
                assert_int_equal(again.rest_bytes, coded.rest_bytes);
                assert_memory_equal(again.rest, coded.rest, coded.rest_bytes);
            }
            coded.rest[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        size_t whole = coded.rest_bytes;
        for (coded.rest_bytes = 0; coded.rest_bytes < whole; coded.rest_bytes++)
            assert_int_equal(decode(&coded, &out), RH_ERR_CORRUPT);
        coded.rest[whole] = 0;
        coded.rest_bytes = whole + 1;
        assert_int_equal(decode(&coded, &out), RH_ERR_CORRUPT);
    }
}

static void test_record_refuses_fields_of_another_type(void **state)
{
    (void)state;
    struct rht_random random;
    struct hub_record record;
    struct rh_writer writer;
    uint8_t rest[4096];
    rht_random_init(&random);

    fill(&random, RH_RECORD_TIMER, &record);
    record.position = 1;
    rh_writer_init(&writer, rest, sizeof rest);
    assert_int_equal(hub_record_rest_encode(&record, &writer), RH_ERR_INVALID);
    fill(&random, RH_RECORD_ITEM, &record);
    record.agency = 0; /* needed */
    rh_writer_init(&writer, rest, sizeof rest);
    assert_int_equal(hub_record_rest_encode(&record, &writer), RH_ERR_INVALID);
    fill(&random, RH_RECORD_BUNDLE, &record);
    record.digests.bytes = 33;
    rh_writer_init(&writer, rest, sizeof rest);
    assert_int_equal(hub_record_rest_encode(&record, &writer), RH_ERR_INVALID);
    fill(&random, RH_RECORD_COMMAND, &record);
    record.command = (enum hub_command_type)7;
    rh_writer_init(&writer, rest, sizeof rest);
    assert_int_equal(hub_record_rest_encode(&record, &writer), RH_ERR_INVALID);
    fill(&random, RH_RECORD_COMMAND, &record);
    memset(record.reason, 'x', sizeof record.reason);
    rh_writer_init(&writer, rest, sizeof rest);
    assert_int_equal(hub_record_rest_encode(&record, &writer), RH_ERR_INVALID);
    fill(&random, RH_RECORD_RULES, &record);
    rh_writer_init(&writer, rest, 40);
    assert_int_equal(hub_record_rest_encode(&record, &writer), RH_ERR_FULL);
}

/* If it failed: no receipt could be checked against the log. */
static void test_leaf_is_that_of_core_and_hash_of_rest(void **state)
{
    (void)state;
    struct rht_random random;
    struct hub_record record;
    struct coded coded;
    uint8_t data[RH_CORE_BYTES_MAX + RH_HASH_BYTES];
    struct rh_hash rest_hash, leaf, wanted, wanted_rest;
    rht_random_init(&random);
    fill(&random, RH_RECORD_ITEM, &record);
    encode(&record, &coded);
    hub_record_leaf((struct rh_bytes){ coded.core, coded.core_bytes },
                    (struct rh_bytes){ coded.rest, coded.rest_bytes }, &rest_hash, &leaf);
    rh_hash(coded.rest, coded.rest_bytes, &wanted_rest);
    assert_memory_equal(&rest_hash, &wanted_rest, sizeof rest_hash);
    memcpy(data, coded.core, coded.core_bytes);
    memcpy(data + coded.core_bytes, rest_hash.bytes, RH_HASH_BYTES);
    rh_hash_leaf(data, coded.core_bytes + RH_HASH_BYTES, &wanted);
    assert_memory_equal(&leaf, &wanted, sizeof leaf);
}

static void test_kind_is_read_from_any_public_part(void **state)
{
    (void)state;
    struct rh_public value;
    struct rh_writer writer;
    uint8_t bytes[512];
    memset(&value, 0, sizeof value);
    value.message_id.bytes[0] = 1;
    value.referral_id.bytes[0] = 2;
    value.kind = RH_KIND_FORWARD;
    rh_writer_init(&writer, bytes, sizeof bytes);
    assert_int_equal(rh_public_encode(&value, &writer), RH_OK);
    assert_int_equal(hub_record_kind((struct rh_bytes){ bytes, writer.bytes }),
                     RH_KIND_FORWARD);
    for (size_t cut = 0; cut < 16; cut++)
        assert_int_equal(hub_record_kind((struct rh_bytes){ bytes, cut }), RH_KIND_NONE);
    static const uint8_t unknown[] = { 0x81, 0x02, 0x7f };
    assert_int_equal(hub_record_kind((struct rh_bytes){ unknown, sizeof unknown }),
                     RH_KIND_NONE);
    assert_int_equal(hub_record_kind((struct rh_bytes){ NULL, 0 }), RH_KIND_NONE);
}

/* If it failed: a timeline would say "due soon" of a clock that was missed. */
static void test_gravest_note_names_the_event(void **state)
{
    (void)state;
    static struct hub_outcome outcome; /* large */
    static const struct {
        enum rh_kind notes[4];
        enum rh_kind wanted;
    } cases[] = {
        { { RH_KIND_DUE_SOON, RH_KIND_OVERDUE, RH_KIND_URGE }, RH_KIND_OVERDUE },
        { { RH_KIND_URGE, RH_KIND_SUPERVISE }, RH_KIND_URGE },
        { { RH_KIND_ARRIVED, RH_KIND_DUE_SOON, RH_KIND_NOTICE }, RH_KIND_ARRIVED },
        { { RH_KIND_NOTICE, RH_KIND_DUE_SOON }, RH_KIND_DUE_SOON },
        { { RH_KIND_OVERDUE, RH_KIND_CLOSE }, RH_KIND_CLOSE },
        { { RH_KIND_NOTICE }, RH_KIND_NOTICE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outcome.note_count = 0;
        for (size_t j = 0; j < 4 && cases[i].notes[j] != RH_KIND_NONE; j++)
            outcome.notes[outcome.note_count++] =
                (struct hub_note_out){ .kind = cases[i].notes[j], .rno = 7 };
        outcome.notes[outcome.note_count++] =
            (struct hub_note_out){ .kind = RH_KIND_CLOSE, .rno = 8 };
        assert_int_equal(hub_record_noted(&outcome, 7), cases[i].wanted);
        assert_int_equal(hub_record_noted(&outcome, 9), RH_KIND_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_comes_back_as_it_was),
        cmocka_unit_test(test_record_has_one_form_only),
        cmocka_unit_test(test_record_refuses_fields_of_another_type),
        cmocka_unit_test(test_leaf_is_that_of_core_and_hash_of_rest),
        cmocka_unit_test(test_kind_is_read_from_any_public_part),
        cmocka_unit_test(test_gravest_note_names_the_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
