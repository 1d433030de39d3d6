/* hub/journal: appending, scanning, reading. Recovery and damage: test_journal_recovery.c;
 * failing devices: test_journal_faults.c. */
#include "unit/journal_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL = 64 * 1024, BLOCK = 4096 };

static struct rh_bytes text(const char *string)
{
    return (struct rh_bytes){ (const uint8_t *)string, strlen(string) };
}

static const struct hub_journal_frame frame_1 = {
    .term = 3, .time_ms = 1000, .schema_version = 7, .decide_version = 9
};

/* What was confirmed comes back byte for byte, with its place and its frame. */
static void test_record_comes_back(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, SMALL);
    rht_kit_open(&kit);
    struct hub_journal_record in = { .type = 5,
                                     .flags = 0x8001,
                                     .content_slot = 77,
                                     .core = text("core"),
                                     .rest = text("rest of it"),
                                     .content = text("body") };
    struct hub_journal_record out;
    struct hub_journal_location location;
    uint8_t buffer[4096];
    enum hub_journal_content content;
    assert_int_equal(hub_journal_begin(kit.journal, &frame_1), RH_OK);
    assert_int_equal(hub_journal_add(kit.journal, &in, &location), RH_OK);
    assert_int_equal(location.index, 0);
    assert_int_equal(hub_journal_read(kit.journal, &location, buffer, sizeof buffer, &out,
                                      &content),
                     RH_ERR_NOTFOUND);
    assert_int_equal(hub_journal_append(kit.journal), RH_OK);
    assert_int_equal(hub_journal_read(kit.journal, &location, buffer, sizeof buffer, &out,
                                      &content),
                     RH_OK);
    assert_int_equal(content, HUB_JOURNAL_CONTENT_INTACT);
    assert_int_equal(out.type, 5);
    assert_int_equal(out.flags, 0x8001);
    assert_int_equal(out.content_slot, 77);
    assert_int_equal(out.index, 0);
    assert_memory_equal(out.core.data, "core", 4);
    assert_memory_equal(out.rest.data, "rest of it", 10);
    assert_memory_equal(out.content.data, "body", 4);
    struct hub_journal_state state;
    hub_journal_state(kit.journal, &state);
    assert_int_equal(state.next_index, 1);
    assert_int_equal(state.next_frame, 1);
    assert_int_equal(state.last_term, 3);
    assert_int_equal(state.last_time_ms, 1000);
    assert_string_equal(state.hub_id, "test.lab");
    rht_kit_fini(&kit);
}

/* The numbers of the journal and its chain go on after a restart. */
static void test_reopen_goes_on(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, SMALL);
    for (uint32_t round = 0; round < 6; round++) {
        rht_kit_open(&kit);
        struct hub_journal_state state;
        hub_journal_state(kit.journal, &state);
        assert_int_equal(state.next_index, round * 6);
        assert_int_equal(state.next_frame, round * 2);
        rht_append(&kit, 1, 2);
        rht_append(&kit, 1, 4);
        assert_int_equal(rht_verify(&kit, 1, 0), round * 6 + 6);
        assert_false(kit.report.cut);
        rht_kit_close(&kit);
    }
    rht_kit_fini(&kit);
}

/* No frame spans two files, and a scan can begin anywhere. */
static void test_segments_follow_one_another(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, 32 * 1024);
    rht_kit_open(&kit);
    for (int i = 0; i < 60; i++)
        rht_append(&kit, 2, 2);
    struct hub_journal_state state;
    hub_journal_state(kit.journal, &state);
    assert_true(state.segment_count > 5);
    assert_int_equal(rht_verify(&kit, 2, 0), state.next_index);
    for (uint64_t from = 0; from <= state.next_index; from += 7)
        assert_int_equal(rht_verify(&kit, 2, from), state.next_index - from);
    rht_kit_close(&kit);
    rht_kit_open(&kit);
    assert_int_equal(rht_verify(&kit, 2, 0), state.next_index);
    rht_append(&kit, 2, 1);
    assert_int_equal(rht_verify(&kit, 2, 0), state.next_index + 1);
    rht_kit_fini(&kit);
}

/* A frame's bounds are answers, not accidents. */
static void test_frame_bounds(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, 1024 * 1024);
    rht_kit_open(&kit);
    struct hub_journal_record record = { .type = 1, .core = text("c") };
    assert_int_equal(hub_journal_begin(kit.journal, &frame_1), RH_OK);
    assert_int_equal(hub_journal_submit(kit.journal), RH_ERR_USAGE);
    for (uint32_t i = 0; i < HUB_JOURNAL_FRAME_RECORDS_MAX; i++)
        assert_int_equal(hub_journal_add(kit.journal, &record, NULL), RH_OK);
    assert_int_equal(hub_journal_add(kit.journal, &record, NULL), RH_ERR_FULL);
    assert_int_equal(hub_journal_append(kit.journal), RH_OK);
    size_t most = hub_journal_record_bytes_max(kit.journal);
    uint8_t *body = calloc(1, most + 1);
    assert_non_null(body);
    record.core.bytes = 0;
    record.content = (struct rh_bytes){ body, most + 1 };
    assert_int_equal(hub_journal_begin(kit.journal, &frame_1), RH_OK);
    assert_int_equal(hub_journal_add(kit.journal, &record, NULL), RH_ERR_FULL);
    record.content.bytes = most;
    assert_int_equal(hub_journal_add(kit.journal, &record, NULL), RH_OK);
    assert_int_equal(hub_journal_append(kit.journal), RH_OK);
    record.content.bytes = (size_t)HUB_JOURNAL_FRAME_BYTES_MAX + 1;
    assert_int_equal(hub_journal_begin(kit.journal, &frame_1), RH_OK);
    assert_int_equal(hub_journal_add(kit.journal, &record, NULL), RH_ERR_FULL);
    free(body);
    rht_kit_close(&kit);
    rht_kit_open(&kit);
    struct hub_journal_state state;
    hub_journal_state(kit.journal, &state);
    assert_int_equal(state.next_index, HUB_JOURNAL_FRAME_RECORDS_MAX + 1);
    assert_int_equal(state.segment_count, 2);
    rht_kit_fini(&kit);
}

/* The largest frame of all, in a segment of ordinary size. */
static void test_largest_frame(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, 8 * 1024 * 1024);
    rht_kit_open(&kit);
    size_t most = hub_journal_record_bytes_max(kit.journal);
    uint8_t *body = calloc(1, most);
    struct hub_journal_record out, record = { .content = { body, most } };
    struct hub_journal_location location;
    assert_int_equal(hub_journal_begin(kit.journal, &frame_1), RH_OK);
    assert_int_equal(hub_journal_add(kit.journal, &record, &location), RH_OK);
    assert_int_equal(hub_journal_append(kit.journal), RH_OK);
    size_t bytes = hub_journal_read_bytes(&location);
    assert_true(bytes > most && bytes <= HUB_JOURNAL_FRAME_BYTES_MAX);
    uint8_t *buffer = malloc(bytes);
    assert_int_equal(hub_journal_read(kit.journal, &location, buffer, bytes - 1, &out, NULL),
                     RH_ERR_FULL);
    assert_int_equal(hub_journal_read(kit.journal, &location, buffer, bytes, &out, NULL),
                     RH_OK);
    assert_int_equal(out.content.bytes, most);
    assert_memory_equal(out.content.data, body, most);
    free(buffer);
    free(body);
    rht_kit_close(&kit);
    rht_kit_open(&kit);
    rht_kit_fini(&kit);
}

/* Bodies full of zeros must not look like sectors that were never written. */
static void test_no_sector_of_a_frame_is_zero(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, 256 * 1024);
    rht_kit_open(&kit);
    static const uint8_t zeros[20000];
    struct hub_journal_state state;
    for (size_t i = 0; i < 8; i++) {
        struct hub_journal_record record = { .core = { zeros, 40 + i },
                                             .rest = { zeros, 500 + i * 211 },
                                             .content = { zeros, 1000 + i * 2311 } };
        assert_int_equal(hub_journal_begin(kit.journal, &frame_1), RH_OK);
        assert_int_equal(hub_journal_add(kit.journal, &record, NULL), RH_OK);
        assert_int_equal(hub_journal_append(kit.journal), RH_OK);
    }
    hub_journal_state(kit.journal, &state);
    rht_kit_close(&kit);
    char path[RHT_PATH_BYTES];
    size_t bytes;
    rht_segment_path(&kit, 0, path);
    uint8_t *data = (uint8_t *)rht_read_file(path, &bytes);
    assert_int_equal(state.segment_offset % 4096, 0);
    for (size_t at = 0; at < state.segment_offset; at += 512) {
        assert_false(hub_format_is_zero(data + at, 512));
        assert_int_equal(data[at + 511], 0xA5);
    }
    assert_true(hub_format_is_zero(data + state.segment_offset, bytes - state.segment_offset));
    free(data);
    rht_kit_open(&kit);
    rht_kit_fini(&kit);
}

/* The worked example of protocol/spec/journal.md, section 6, byte for byte: whoever writes a
 * reader from that page can trust it. */
static void test_worked_example_of_the_specification(void **unused)
{
    (void)unused;
    static uint8_t payload[BLOCK], disk[BLOCK], expected[256];
    struct hub_segment_head segment = { .segment_bytes = 67108864,
                                        .salt = 0x1122334455667788,
                                        .created_ms = 1785542400000,
                                        .hub_id = "hub.620423" };
    hub_format_segment_encode(&segment, disk);
    rht_hex("52484a53 01000010 00000004 0a000000 0000000000000000 0000000000000000"
            "0000000000000000 8877665544332211 00d89eba9f010000 6875622e36323034 3233",
            expected, sizeof expected);
    assert_memory_equal(disk, expected, 66);
    assert_true(hub_format_is_zero(disk + 66, 54));
    rht_hex("ebd6b10bb9b5644c ffff", expected, sizeof expected);
    assert_memory_equal(disk + 120, expected, 10);
    assert_int_equal(disk[511], 0xA5);

    struct hub_journal_record record = { .type = 4,
                                         .content_slot = 7,
                                         .core = text("core"),
                                         .rest = text("rest"),
                                         .content = text("content") };
    struct hub_frame_head head = { .frame = { .record_count = 1,
                                              .term = 1,
                                              .time_ms = 1785542400000,
                                              .schema_version = 1,
                                              .decide_version = 1 },
                                   .frame_bytes = BLOCK,
                                   .payload_bytes = 152,
                                   .salt = segment.salt };
    struct hub_frame_sums sums;
    uint64_t checksum = hub_format_record_encode(&record, payload + HUB_FRAME_HEAD_BYTES);
    hub_format_frame_encode(&head, payload);
    memcpy(sums.bytes, payload, HUB_FRAME_HEAD_BYTES);
    hub_journal_put_u64(sums.bytes + HUB_FRAME_HEAD_BYTES, checksum);
    hub_journal_put_u64(payload + 144, hub_format_frame_checksum(&sums, 1));
    hub_format_stuff(disk, BLOCK, payload, 152);
    rht_hex("52484a46 01000100 01000000 01000000 00100000 98000000 0000000000000000"
            "0100000000000000 0000000000000000 00d89eba9f010000 0000000000000000"
            "8877665544332211 d61d80f3c3c534a0 52484a52 04000000 0000000000000000"
            "04000000 04000000 07000000 07000000 64aacf6a1ab3f255 636f7265 72657374"
            "5a8ce7a6e730f6c7 636f6e74656e74 ff df695110c58dcf62 ffff",
            expected, sizeof expected);
    assert_memory_equal(disk, expected, 154);
}

/* Two daemons on one journal would destroy it. */
static void test_second_writer_is_denied(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, SMALL);
    rht_kit_open(&kit);
    struct hub_journal *second;
    struct hub_journal_report report;
    assert_int_equal(hub_journal_open(&kit.options, &second, &report), RH_ERR_DENIED);
    assert_null(second);
    assert_non_null(strstr(report.text, "another process"));
    rht_append(&kit, 1, 3);
    rht_kit_close(&kit);
    rht_kit_open(&kit);
    assert_int_equal(rht_verify(&kit, 1, 0), 3);
    rht_kit_fini(&kit);
}

static void test_options_are_checked(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, 5000);
    assert_int_equal(rht_kit_try_open(&kit), RH_ERR_CONFIG);
    kit.options.segment_bytes = 4096;
    assert_int_equal(rht_kit_try_open(&kit), RH_ERR_CONFIG);
    kit.options.segment_bytes = SMALL;
    kit.options.hub_id = "";
    assert_int_equal(rht_kit_try_open(&kit), RH_ERR_CONFIG);
    kit.options.hub_id = "test.lab";
    kit.options.read_only = true;
    assert_int_equal(rht_kit_try_open(&kit), RH_ERR_NOTFOUND);
    kit.options.read_only = false;
    rht_kit_open(&kit);
    rht_append(&kit, 1, 1);
    rht_kit_close(&kit);
    kit.options.hub_id = "test.other";
    assert_int_equal(rht_kit_try_open(&kit), RH_ERR_CONFIG);
    assert_non_null(strstr(kit.report.text, "test.lab"));
    kit.options.hub_id = "test.lab/2";
    rht_kit_open(&kit);
    rht_kit_fini(&kit);
}

/* An auditor's copy is read without a lock and without writing. */
static void test_copy_is_read_without_writing(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, SMALL);
    rht_kit_open(&kit);
    for (int i = 0; i < 20; i++)
        rht_append(&kit, 4, 3);
    struct hub_journal_state state;
    hub_journal_state(kit.journal, &state);
    struct rht_kit copy = kit;
    copy.journal = NULL;
    copy.options.read_only = true;
    copy.options.hub_id = NULL;
    rht_kit_open(&copy);
    assert_int_equal(rht_verify(&copy, 4, 0), state.next_index);
    assert_int_equal(hub_journal_ready(copy.journal), RH_ERR_IO);
    rht_kit_close(&copy);
    rht_kit_fini(&kit);
}

static enum rh_err stop_at_third(void *arg, const struct hub_journal_record *record,
                                 enum hub_journal_content content,
                                 const struct hub_journal_location *location,
                                 const struct hub_journal_frame *frame)
{
    (void)content, (void)location, (void)frame;
    *(uint64_t *)arg = record->index;
    return record->index == 2 ? RH_ERR_AGAIN : RH_OK;
}

static void test_visitor_ends_the_scan(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, SMALL);
    rht_kit_open(&kit);
    rht_append(&kit, 1, 9);
    uint64_t last = 0;
    struct hub_journal_visitor visitor = { .record = stop_at_third, .arg = &last };
    assert_int_equal(hub_journal_scan(kit.journal, 0, &visitor), RH_ERR_AGAIN);
    assert_int_equal(last, 2);
    rht_kit_fini(&kit);
}

/* A row that points to the wrong place is noticed, never answered with other bytes. */
static void test_wrong_location_is_refused(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, SMALL);
    rht_kit_open(&kit);
    struct hub_journal_record out, record = { .core = text("one"), .content = text("two") };
    struct hub_journal_location good, location;
    static uint8_t buffer[HUB_JOURNAL_FRAME_BYTES_MAX];
    assert_int_equal(hub_journal_begin(kit.journal, &frame_1), RH_OK);
    assert_int_equal(hub_journal_add(kit.journal, &record, NULL), RH_OK);
    assert_int_equal(hub_journal_add(kit.journal, &record, &good), RH_OK);
    assert_int_equal(hub_journal_append(kit.journal), RH_OK);
    for (uint32_t offset = 0; offset < SMALL + 8192; offset++) {
        location = good;
        location.offset = offset;
        enum rh_err err =
            hub_journal_read(kit.journal, &location, buffer, sizeof buffer, &out, NULL);
        assert_true(offset == good.offset ? err == RH_OK
                                          : err == RH_ERR_CORRUPT || err == RH_ERR_INVALID);
    }
    for (uint32_t bytes = 0; bytes < 4096; bytes++) {
        location = good;
        location.bytes = bytes;
        enum rh_err err =
            hub_journal_read(kit.journal, &location, buffer, sizeof buffer, &out, NULL);
        assert_true(bytes == good.bytes ? err == RH_OK
                                        : err == RH_ERR_CORRUPT || err == RH_ERR_INVALID);
    }
    location = good;
    location.index = 0;
    assert_int_equal(hub_journal_read(kit.journal, &location, buffer, sizeof buffer, &out,
                                      NULL),
                     RH_ERR_CORRUPT);
    location = good;
    location.segment = 5;
    assert_int_equal(hub_journal_read(kit.journal, &location, buffer, sizeof buffer, &out,
                                      NULL),
                     RH_ERR_NOTFOUND);
    location = (struct hub_journal_location){ .offset = UINT32_MAX, .bytes = UINT32_MAX };
    assert_int_equal(hub_journal_read_bytes(&location), 0);
    rht_kit_fini(&kit);
}

/* Content blanked in an archived segment: the record stays good, the chain whole. */
static void test_blanked_content_is_not_damage(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, SMALL);
    rht_kit_open(&kit);
    static uint8_t body[3000], buffer[8192];
    memset(body, 'x', sizeof body);
    struct hub_journal_record out,
        record = { .core = text("core"), .content = { body, sizeof body } };
    struct hub_journal_location location;
    assert_int_equal(hub_journal_begin(kit.journal, &frame_1), RH_OK);
    assert_int_equal(hub_journal_add(kit.journal, &record, &location), RH_OK);
    assert_int_equal(hub_journal_append(kit.journal), RH_OK);
    rht_kit_close(&kit);
    char path[RHT_PATH_BYTES];
    size_t bytes;
    rht_segment_path(&kit, 0, path);
    uint8_t *data = (uint8_t *)rht_read_file(path, &bytes);
    size_t from = HUB_FRAME_HEAD_BYTES + HUB_RECORD_HEAD_BYTES + record.core.bytes + 8;
    for (size_t i = from; i < from + sizeof body; i++) {
        assert_int_equal(data[4096 + hub_format_disk_offset(i)], 'x');
        data[4096 + hub_format_disk_offset(i)] = 0xFF;
    }
    rht_write_file(path, data, bytes);
    rht_kit_open(&kit);
    enum hub_journal_content content;
    assert_int_equal(hub_journal_read(kit.journal, &location, buffer, sizeof buffer, &out,
                                      &content),
                     RH_OK);
    assert_int_equal(content, HUB_JOURNAL_CONTENT_BLANKED);
    assert_int_equal(out.content.bytes, 0);
    assert_memory_equal(out.core.data, "core", 4);
    free(data);
    rht_kit_fini(&kit);
}

/* Places told at add time are the places of the scan, and all can be read back. */
struct places {
    struct rht_kit *kit;
    const struct hub_journal_location *told;
};

static enum rh_err compare_place(void *arg, const struct hub_journal_record *record,
                                 enum hub_journal_content content,
                                 const struct hub_journal_location *location,
                                 const struct hub_journal_frame *frame)
{
    (void)content, (void)frame;
    static uint8_t buffer[RHT_BODY_MAX];
    struct places *places = arg;
    struct hub_journal_record read;
    assert_memory_equal(location, &places->told[record->index], sizeof *location);
    assert_int_equal(hub_journal_read(places->kit->journal, location, buffer, sizeof buffer,
                                      &read, NULL),
                     RH_OK);
    rht_assert_record(5, &read);
    return RH_OK;
}

static void test_places_told_are_places_found(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    static struct hub_journal_location told[400];
    rht_kit_init(&kit, SMALL);
    rht_kit_open(&kit);
    uint64_t index = 0;
    while (index < 400) {
        assert_int_equal(hub_journal_begin(kit.journal, &frame_1), RH_OK);
        for (int i = 0; i < 13 && index < 400; i++) {
            struct hub_journal_record record;
            rht_record(5, index, &record);
            enum rh_err err = hub_journal_add(kit.journal, &record, &told[index]);
            if (err == RH_ERR_FULL && i > 0)
                break;
            assert_int_equal(err, RH_OK);
            index++;
        }
        assert_int_equal(hub_journal_append(kit.journal), RH_OK);
    }
    struct places places = { &kit, told };
    struct hub_journal_visitor visitor = { .record = compare_place, .arg = &places };
    assert_int_equal(hub_journal_scan(kit.journal, 0, &visitor), RH_OK);
    rht_kit_fini(&kit);
}

/* A spare left by an earlier run is used only if it holds nothing but zeros. */
static void test_dirty_spare_is_made_anew(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, 32 * 1024);
    rht_kit_open(&kit);
    rht_append(&kit, 9, 1);
    rht_kit_close(&kit);
    char path[RHT_PATH_BYTES + 16];
    static uint8_t dirty[32 * 1024];
    memset(dirty + 31000, 'A', 1000);
    snprintf(path, sizeof path, "%s/next.rhj", kit.dir);
    rht_write_file(path, dirty, sizeof dirty);
    struct hub_journal_state state;
    rht_kit_open(&kit);
    do {
        rht_append(&kit, 9, 1);
        hub_journal_state(kit.journal, &state);
    } while (state.segment == 0);
    rht_kit_close(&kit);
    rht_kit_open(&kit);
    assert_int_equal(rht_verify(&kit, 9, 0), state.next_index);
    rht_kit_fini(&kit);
}

/* The twin: an array in memory, here a function of the index. Random frames, random
 * restarts, compared after each. */
static void test_twin_with_random_restarts(void **unused)
{
    (void)unused;
    struct rht_random random;
    rht_random_init(&random);
    for (int world = 0; world < 3; world++) {
        uint64_t seed = rht_random_u64(&random), expected = 0;
        struct rht_kit kit;
        rht_kit_init(&kit, 128 * 1024);
        rht_kit_open(&kit);
        for (int step = 0; step < 120; step++) {
            struct hub_journal_state now;
            rht_append(&kit, seed, 1 + (uint32_t)rht_random_below(&random, 40));
            hub_journal_state(kit.journal, &now);
            assert_true(now.next_index > expected);
            expected = now.next_index;
            if (rht_random_once_in(&random, 10)) {
                rht_kit_close(&kit);
                rht_kit_open(&kit);
                assert_int_equal(rht_verify(&kit, seed, 0), expected);
            } else if (rht_random_once_in(&random, 4)) {
                uint64_t from = rht_random_below(&random, expected + 1);
                assert_int_equal(rht_verify(&kit, seed, from), expected - from);
            }
        }
        rht_kit_fini(&kit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_comes_back),
        cmocka_unit_test(test_reopen_goes_on),
        cmocka_unit_test(test_segments_follow_one_another),
        cmocka_unit_test(test_frame_bounds),
        cmocka_unit_test(test_largest_frame),
        cmocka_unit_test(test_no_sector_of_a_frame_is_zero),
        cmocka_unit_test(test_worked_example_of_the_specification),
        cmocka_unit_test(test_second_writer_is_denied),
        cmocka_unit_test(test_options_are_checked),
        cmocka_unit_test(test_copy_is_read_without_writing),
        cmocka_unit_test(test_visitor_ends_the_scan),
        cmocka_unit_test(test_wrong_location_is_refused),
        cmocka_unit_test(test_blanked_content_is_not_damage),
        cmocka_unit_test(test_places_told_are_places_found),
        cmocka_unit_test(test_dirty_spare_is_made_anew),
        cmocka_unit_test(test_twin_with_random_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
