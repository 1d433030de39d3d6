/* hub/journal: what a crash leaves, and what damage looks like. The two must never be taken
 * for one another: cutting a harmed frame would lose a confirmed message, refusing to start
 * over a torn one would stop the hub after every power cut. */
#include "unit/journal_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENT = 64 * 1024, BLOCK = 4096, SECTOR = 512 };

/* A journal of three frames in one segment, closed, and its bytes. */
struct world {
    struct rht_kit kit;
    char path[RHT_PATH_BYTES];
    uint8_t *good;       /* the whole file */
    uint32_t last;       /* offset of the last frame */
    uint32_t end;        /* end of the last frame */
    uint64_t last_index; /* its first record */
    uint64_t next_index;
};

static void make_world(struct world *world, uint64_t seed, uint32_t records)
{
    struct hub_journal_state state;
    memset(world, 0, sizeof *world);
    rht_kit_init(&world->kit, SEGMENT);
    rht_kit_open(&world->kit);
    rht_append(&world->kit, seed, 2);
    rht_append(&world->kit, seed, 3);
    hub_journal_state(world->kit.journal, &state);
    world->last = state.segment_offset;
    world->last_index = state.next_index;
    rht_append(&world->kit, seed, records);
    hub_journal_state(world->kit.journal, &state);
    world->end = state.segment_offset;
    world->next_index = state.next_index;
    assert_int_equal(state.segment_count, 1);
    rht_kit_close(&world->kit);
    rht_segment_path(&world->kit, 0, world->path);
    size_t bytes;
    world->good = (uint8_t *)rht_read_file(world->path, &bytes);
    assert_int_equal(bytes, SEGMENT);
}

static void free_world(struct world *world)
{
    rht_kit_fini(&world->kit);
    free(world->good);
}

static void restore(struct world *world)
{
    rht_file_patch(world->path, 0, world->good, SEGMENT);
}

/* Bytes of the last frame as written so far; the rest of the segment zeros. */
static void write_cut(struct world *world, const uint8_t *frame)
{
    static const uint8_t zeros[SEGMENT];
    rht_file_patch(world->path, 0, world->good, world->last);
    rht_file_patch(world->path, world->last, frame, world->end - world->last);
    rht_file_patch(world->path, world->end, zeros, SEGMENT - world->end);
}

/* The note of a cut outlives every start that does not say that it is recorded. */
static void expect_note(struct rht_kit *kit)
{
    struct hub_journal_cut cuts[2];
    size_t count;
    char wanted[200];
    snprintf(wanted, sizeof wanted, "frame 2 of %u bytes moved to quarantine/%s",
             kit->report.cut_bytes, kit->report.cut_file);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(hub_journal_cuts(kit->journal, cuts, 2, &count), RH_OK);
        assert_int_equal(count, 1);
        assert_string_equal(cuts[0].text, wanted);
        struct hub_journal_report first = kit->report;
        rht_kit_close(kit);
        rht_kit_open(kit);
        assert_false(kit->report.cut);
        kit->report = first;
    }
    assert_int_equal(hub_journal_cut_recorded(kit->journal, &cuts[0]), RH_OK);
    assert_int_equal(hub_journal_cuts(kit->journal, cuts, 2, &count), RH_OK);
    assert_int_equal(count, 0);
}

/* Open: the frames before are there, the cut one is in quarantine, byte for byte, and the
 * place is zeros. */
static void expect_cut(struct world *world, uint64_t seed, const uint8_t *frame)
{
    struct hub_journal_state state;
    struct rht_kit *kit = &world->kit;
    rht_kit_open(kit);
    hub_journal_state(kit->journal, &state);
    assert_int_equal(state.next_index, world->last_index);
    assert_int_equal(rht_verify(kit, seed, 0), world->last_index);
    assert_true(kit->report.cut);
    expect_note(kit);
    rht_kit_close(kit);
    assert_true(kit->report.cut);
    assert_int_equal(kit->report.cut_segment, 0);
    assert_int_equal(kit->report.cut_offset, world->last);
    assert_int_equal(kit->report.cut_index, world->last_index);
    assert_int_equal(kit->report.cut_frame, 2);
    char path[RHT_PATH_BYTES * 2];
    size_t bytes;
    snprintf(path, sizeof path, "%s/quarantine/%s", kit->dir, kit->report.cut_file);
    uint8_t *kept = (uint8_t *)rht_read_file(path, &bytes);
    assert_int_equal(bytes, kit->report.cut_bytes);
    assert_true(bytes <= world->end - world->last);
    assert_memory_equal(kept, frame, bytes);
    assert_true(hub_format_is_zero(frame + bytes, world->end - world->last - bytes));
    free(kept);
    unlink(path);
    uint8_t *file = (uint8_t *)rht_read_file(world->path, &bytes);
    assert_memory_equal(file, world->good, world->last);
    assert_true(hub_format_is_zero(file + world->last, SEGMENT - world->last));
    free(file);
}

static void expect_corrupt(struct world *world, const char *word)
{
    assert_int_equal(rht_kit_try_open(&world->kit), RH_ERR_CORRUPT);
    if (strstr(world->kit.report.text, word) == NULL)
        fail_msg("\"%s\" is missing in: %s", word, world->kit.report.text);
    assert_false(world->kit.report.cut);
}

/* A power cut after any number of sectors, or of bytes: cut, kept, and the hub starts. */
static void test_every_prefix_of_the_last_frame_is_cut(void **unused)
{
    (void)unused;
    struct world world;
    make_world(&world, 11, 3);
    uint32_t frame_bytes = world.end - world.last;
    uint8_t *frame = malloc(frame_bytes);
    for (uint32_t kept = 1; kept < frame_bytes; kept += kept % SECTOR == 0 ? 1 : 13) {
        memset(frame, 0, frame_bytes);
        memcpy(frame, world.good + world.last, kept);
        write_cut(&world, frame);
        expect_cut(&world, 11, frame);
    }
    for (uint32_t kept = SECTOR; kept < frame_bytes; kept += SECTOR) {
        memset(frame, 0, frame_bytes);
        memcpy(frame, world.good + world.last, kept);
        write_cut(&world, frame);
        expect_cut(&world, 11, frame);
    }
    free(frame);
    free_world(&world);
}

/* Disks write sectors in any order: every subset of the eight sectors of a block. */
static void test_every_subset_of_sectors_is_cut(void **unused)
{
    (void)unused;
    struct world world;
    make_world(&world, 3, 1);
    assert_int_equal(world.end - world.last, BLOCK);
    for (unsigned lost = 1; lost < 256; lost++) {
        uint8_t frame[BLOCK];
        memcpy(frame, world.good + world.last, BLOCK);
        for (unsigned sector = 0; sector < 8; sector++) {
            if (lost >> sector & 1)
                memset(frame + sector * SECTOR, 0, SECTOR);
        }
        write_cut(&world, frame);
        if (lost != 255) {
            expect_cut(&world, 3, frame);
            continue;
        }
        rht_kit_open(&world.kit); /* nothing of it arrived: a clean end */
        assert_false(world.kit.report.cut);
        assert_int_equal(rht_verify(&world.kit, 3, 0), world.last_index);
        rht_kit_close(&world.kit);
    }
    free_world(&world);
}

/* One flipped bit anywhere in the last confirmed frame is damage, never a torn frame, and
 * opening changes nothing. */
static void test_no_flipped_bit_is_taken_for_a_cut(void **unused)
{
    (void)unused;
    struct world world;
    make_world(&world, 6, 2);
    for (uint32_t at = world.last; at < world.end; at++) {
        uint8_t flipped = world.good[at] ^ (uint8_t)(1u << (at * 5 % 8));
        rht_file_patch(world.path, at, &flipped, 1);
        expect_corrupt(&world, "frame 2");
        rht_file_patch(world.path, at, world.good + at, 1);
    }
    size_t bytes;
    uint8_t *file = (uint8_t *)rht_read_file(world.path, &bytes);
    assert_memory_equal(file, world.good, SEGMENT);
    free(file);
    rht_kit_open(&world.kit);
    assert_int_equal(rht_verify(&world.kit, 6, 0), world.next_index);
    free_world(&world);
}

/* So is one in the header block or in a frame before the last. */
static void test_flipped_bits_elsewhere_stop_the_hub(void **unused)
{
    (void)unused;
    struct world world;
    make_world(&world, 6, 2);
    for (uint32_t at = 0; at < world.last; at += at < 200 ? 1 : 37) {
        uint8_t flipped = world.good[at] ^ 0x10;
        rht_file_patch(world.path, at, &flipped, 1);
        expect_corrupt(&world, "segment 0000000000000000");
        rht_file_patch(world.path, at, world.good + at, 1);
    }
    free_world(&world);
}

/* A lost sector in a frame that has a successor is damage: the successor was confirmed. */
static void test_torn_frame_with_a_successor_is_damage(void **unused)
{
    (void)unused;
    static const uint8_t zeros[SECTOR];
    struct world world;
    make_world(&world, 6, 2);
    for (uint32_t at = BLOCK; at < world.last; at += SECTOR) {
        rht_file_patch(world.path, at, zeros, SECTOR);
        expect_corrupt(&world, "a later frame follows it");
        restore(&world);
    }
    free_world(&world);
}

/* What views or checkpoints know is never cut, and a journal shorter than they say is not
 * opened: somebody restored an old copy. */
static void test_known_records_are_never_cut(void **unused)
{
    (void)unused;
    struct world world;
    make_world(&world, 6, 2);
    uint8_t zeros[SECTOR] = { 0 };
    rht_file_patch(world.path, world.end - SECTOR, zeros, SECTOR);
    world.kit.options.applied_size = world.last_index + 1;
    expect_corrupt(&world, "views have applied");
    world.kit.options.applied_size = world.last_index;
    world.kit.options.published_size = world.last_index + 1;
    expect_corrupt(&world, "checkpoint covers");
    world.kit.options.published_size = world.last_index;
    rht_kit_open(&world.kit);
    assert_true(world.kit.report.cut);
    rht_kit_close(&world.kit);
    world.kit.options.published_size = world.last_index + 1;
    expect_corrupt(&world, "the journal ends before record");
    world.kit.options.published_size = 0;
    world.kit.options.applied_size = world.last_index + 1;
    expect_corrupt(&world, "the journal ends before record");
    free_world(&world);
}

/* Bytes behind the end that no unfinished frame can explain. */
static void test_bytes_far_behind_the_end_are_damage(void **unused)
{
    (void)unused;
    struct world world;
    uint8_t one = 1;
    make_world(&world, 6, 2);
    uint8_t zeros[SECTOR] = { 0 };
    rht_file_patch(world.path, world.end - SECTOR, zeros, SECTOR);
    rht_file_patch(world.path, world.end + BLOCK, &one, 1);
    expect_corrupt(&world, "behind its possible extent");
    free_world(&world);
}

/* A body that imitates frames, at the places where frames begin, after a cut: the bytes were
 * zeroed with the cut, so they can never be taken for frames, salt known or not. */
static void test_old_body_never_imitates_a_frame(void **unused)
{
    (void)unused;
    struct world world;
    make_world(&world, 6, 2);
    struct rht_kit *kit = &world.kit;
    struct hub_frame_head head;
    struct hub_fault fault;
    assert_int_equal(hub_format_frame_decode(world.good + world.last, &head, &fault), RH_OK);
    uint64_t salt = head.salt;
    for (int salt_known = 0; salt_known < 2; salt_known++) {
        restore(&world);
        static uint8_t body[20000];
        memset(body, 7, sizeof body);
        struct hub_journal_location location;
        struct hub_journal_record record = { .content = { body, sizeof body } };
        rht_kit_open(kit);
        struct hub_journal_frame frame = { .term = 3, .time_ms = 1003 };
        assert_int_equal(hub_journal_begin(kit->journal, &frame), RH_OK);
        head.frame.number = 4;
        head.frame.first_index = world.next_index + 1;
        head.salt = salt_known ? salt : salt ^ 1;
        /* The second block of the frame begins at payload 8 * 511, the content behind the
         * two fixed heads; the record's checksum stands before it. */
        size_t content = HUB_FRAME_HEAD_BYTES + HUB_JOURNAL_RECORD_HEAD_BYTES;
        hub_format_frame_encode(&head, body + 8 * 511 - content);
        hub_format_frame_encode(&head, body + 16 * 511 - content);
        assert_int_equal(hub_journal_add(kit->journal, &record, &location), RH_OK);
        assert_int_equal(hub_journal_append(kit->journal), RH_OK);
        rht_kit_close(kit);
        uint8_t zeros[SECTOR] = { 0 };
        rht_file_patch(world.path, world.end, zeros, SECTOR);
        if (salt_known) {
            /* Nobody outside knows the salt; with it, the hub stops rather than guess. */
            expect_corrupt(&world, "a later frame follows it");
            continue;
        }
        rht_kit_open(kit);
        assert_true(kit->report.cut);
        assert_int_equal(kit->report.cut_offset, world.end);
        rht_append(kit, 6, 1); /* short: it ends where the imitation stood */
        rht_kit_close(kit);
        rht_kit_open(kit);
        assert_false(kit->report.cut);
        assert_int_equal(rht_verify(kit, 6, 0), world.next_index + 1);
        rht_kit_close(kit);
    }
    free_world(&world);
}

/* Fill the first segment so that the next frame opens the second; then cut that switch in
 * every way. */
static void make_switch(struct world *world, uint64_t seed, uint8_t *second)
{
    struct hub_journal_state state;
    memset(world, 0, sizeof *world);
    rht_kit_init(&world->kit, SEGMENT);
    rht_kit_open(&world->kit);
    do {
        hub_journal_state(world->kit.journal, &state);
        world->last_index = state.next_index;
        rht_append(&world->kit, seed, 2);
        hub_journal_state(world->kit.journal, &state);
    } while (state.segment_count == 1);
    rht_kit_close(&world->kit);
    rht_segment_path(&world->kit, world->last_index, world->path);
    size_t bytes;
    uint8_t *file = (uint8_t *)rht_read_file(world->path, &bytes);
    memcpy(second, file, SEGMENT);
    free(file);
    world->end = state.segment_offset;
}

static void test_switch_cut_short_is_undone(void **unused)
{
    (void)unused;
    static uint8_t second[SEGMENT], partial[SEGMENT];
    struct world world;
    make_switch(&world, 8, second);
    struct rht_kit *kit = &world.kit;
    for (unsigned lost = 1; lost < 0x10000; lost = lost * 3 + 1) {
        /* Bits: sectors of the header block, then of the frame's first block. */
        memcpy(partial, second, SEGMENT);
        for (unsigned sector = 0; sector < 16; sector++) {
            if (lost >> sector & 1)
                memset(partial + sector * SECTOR, 0, SECTOR);
        }
        rht_write_file(world.path, partial, SEGMENT);
        rht_kit_open(kit);
        assert_true(kit->report.cut);
        assert_int_equal(kit->report.cut_segment, world.last_index);
        assert_int_equal(rht_verify(kit, 8, 0), world.last_index);
        rht_append(kit, 8, 2);
        rht_kit_close(kit);
        rht_kit_open(kit);
        assert_int_equal(rht_verify(kit, 8, 0), world.last_index + 2);
        rht_kit_close(kit);
    }
    memset(partial, 0, SEGMENT); /* named, nothing written */
    rht_write_file(world.path, partial, SEGMENT);
    rht_kit_open(kit);
    assert_false(kit->report.cut);
    assert_int_equal(rht_verify(kit, 8, 0), world.last_index);
    rht_kit_close(kit);
    memcpy(partial, second, BLOCK); /* the header block and no frame */
    rht_write_file(world.path, partial, SEGMENT);
    rht_kit_open(kit);
    assert_false(kit->report.cut);
    assert_int_equal(rht_verify(kit, 8, 0), world.last_index);
    rht_append(kit, 8, 3);
    rht_kit_close(kit);
    free_world(&world);
}

static void test_flipped_bit_in_a_new_header_block_is_damage(void **unused)
{
    (void)unused;
    static uint8_t second[SEGMENT];
    struct world world;
    make_switch(&world, 8, second);
    for (uint32_t at = 0; at < BLOCK; at += at < 520 ? 1 : 41) {
        uint8_t flipped = second[at] ^ 0x40;
        rht_file_patch(world.path, at, &flipped, 1);
        expect_corrupt(&world, "header block");
        rht_file_patch(world.path, at, second + at, 1);
    }
    assert_int_equal(truncate(world.path, SEGMENT - BLOCK), 0);
    expect_corrupt(&world, "length of the file");
    free_world(&world);
}

/* What a scan of a damaged copy told. */
struct findings {
    uint64_t records, last_index, damages;
    uint64_t lost; /* records named as not readable */
    struct hub_journal_damage first;
    uint64_t seed;
    bool content_damaged;
};

static enum rh_err find_record(void *arg, const struct hub_journal_record *record,
                               enum hub_journal_content content,
                               const struct hub_journal_location *location,
                               const struct hub_journal_frame *frame)
{
    (void)location, (void)frame;
    struct findings *findings = arg;
    assert_true(findings->records == 0 || record->index > findings->last_index);
    if (content == HUB_JOURNAL_CONTENT_DAMAGED)
        findings->content_damaged = true;
    else
        rht_assert_record(findings->seed, record);
    findings->records++;
    findings->last_index = record->index;
    return RH_OK;
}

static enum rh_err find_damage(void *arg, const struct hub_journal_damage *damage)
{
    struct findings *findings = arg;
    if (findings->damages++ == 0)
        findings->first = *damage;
    if (damage->kind != HUB_JOURNAL_DAMAGE_CONTENT)
        findings->lost += damage->count;
    return RH_OK;
}

static enum rh_err scan_copy(struct rht_kit *kit, struct findings *findings, uint64_t seed)
{
    struct rht_kit copy = *kit;
    copy.journal = NULL;
    copy.options.read_only = true;
    *findings = (struct findings){ .seed = seed };
    struct hub_journal_visitor visitor = {
        .record = find_record, .damage = find_damage, .arg = findings
    };
    rht_kit_open(&copy);
    enum rh_err err = hub_journal_scan(copy.journal, 0, &visitor);
    rht_kit_close(&copy);
    return err;
}

/* A flipped bit is named by place, and everything it did not touch stays readable. */
static void test_damage_is_named_and_the_rest_read(void **unused)
{
    (void)unused;
    struct world world;
    make_world(&world, 6, 2);
    struct findings findings;
    assert_int_equal(scan_copy(&world.kit, &findings, 6), RH_OK);
    assert_int_equal(findings.records, world.next_index);
    for (uint32_t at = 0; at < world.end; at += 7) {
        uint8_t flipped = world.good[at] ^ (uint8_t)(1u << (at % 8));
        rht_file_patch(world.path, at, &flipped, 1);
        assert_int_equal(scan_copy(&world.kit, &findings, 6), RH_ERR_CORRUPT);
        assert_true(findings.damages >= 1);
        assert_true(findings.first.offset <= at);
        assert_true(at < findings.first.offset + findings.first.bytes + BLOCK);
        assert_non_null(strstr(findings.first.text, "segment 0000000000000000"));
        /* How many stood behind a bad head is known when another frame follows. */
        bool last_head = at >= world.last && at < world.last + HUB_FRAME_HEAD_BYTES;
        assert_int_equal(findings.records + findings.lost,
                         last_head ? world.last_index : world.next_index);
        assert_true(findings.lost <= 3);
        rht_file_patch(world.path, at, world.good + at, 1);
    }
    free_world(&world);
}

/* Content alone: core and rest of that record are delivered. */
static void test_damaged_content_leaves_the_record(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, SEGMENT);
    rht_kit_open(&kit);
    static uint8_t body[3000], buffer[8192];
    memset(body, 'x', sizeof body);
    struct hub_journal_record out, record = { .core = { (const uint8_t *)"core", 4 },
                                              .content = { body, sizeof body } };
    struct hub_journal_location location;
    struct hub_journal_frame frame = { .term = 3 };
    assert_int_equal(hub_journal_begin(kit.journal, &frame), RH_OK);
    assert_int_equal(hub_journal_add(kit.journal, &record, &location), RH_OK);
    assert_int_equal(hub_journal_append(kit.journal), RH_OK);
    char path[RHT_PATH_BYTES];
    rht_segment_path(&kit, 0, path);
    rht_file_patch(path, location.offset + 1500, "y", 1);
    enum hub_journal_content content;
    assert_int_equal(hub_journal_read(kit.journal, &location, buffer, sizeof buffer, &out,
                                      &content),
                     RH_ERR_CORRUPT);
    assert_int_equal(content, HUB_JOURNAL_CONTENT_DAMAGED);
    assert_memory_equal(out.core.data, "core", 4);
    rht_file_patch(path, location.offset + 20, "y", 1);
    assert_int_equal(hub_journal_read(kit.journal, &location, buffer, sizeof buffer, &out,
                                      &content),
                     RH_ERR_CORRUPT);
    assert_null(out.core.data);
    rht_file_patch(path, location.offset + 20, "\0", 1);
    rht_kit_close(&kit);
    struct findings findings;
    assert_int_equal(scan_copy(&kit, &findings, 6), RH_ERR_CORRUPT);
    assert_int_equal(findings.first.kind, HUB_JOURNAL_DAMAGE_CONTENT);
    assert_int_equal(findings.records, 1);
    assert_true(findings.content_damaged);
    rht_kit_fini(&kit);
}

/* A missing file in the middle is a gap with its size; the rest is read. */
static void test_missing_segment_is_a_gap(void **unused)
{
    (void)unused;
    struct rht_kit kit;
    rht_kit_init(&kit, 32 * 1024);
    rht_kit_open(&kit);
    uint64_t begins[64];
    uint32_t count = 0;
    struct hub_journal_state state;
    while (count < 5) {
        rht_append(&kit, 12, 3);
        hub_journal_state(kit.journal, &state);
        if (count < state.segment_count)
            begins[count++] = state.segment;
    }
    rht_kit_close(&kit);
    char path[RHT_PATH_BYTES];
    rht_segment_path(&kit, begins[2], path);
    assert_int_equal(unlink(path), 0);
    struct findings findings;
    assert_int_equal(scan_copy(&kit, &findings, 12), RH_ERR_CORRUPT);
    assert_int_equal(findings.damages, 1);
    assert_int_equal(findings.first.kind, HUB_JOURNAL_DAMAGE_GAP);
    assert_int_equal(findings.first.index, begins[2]);
    assert_int_equal(findings.first.count, begins[3] - begins[2]);
    assert_int_equal(findings.records, state.next_index - (begins[3] - begins[2]));
    rht_kit_fini(&kit);
}

/* Two whole frames changing places, or one left out: the chain tells. */
static void test_frames_out_of_place_are_found(void **unused)
{
    (void)unused;
    struct world world;
    make_world(&world, 6, 2);
    static uint8_t moved[SEGMENT];
    uint32_t second = BLOCK + hub_journal_get_u32(world.good + BLOCK + 16);
    /* Left out: the third frame stands where the second did. */
    memset(moved, 0, SEGMENT);
    memcpy(moved, world.good, second);
    memcpy(moved + second, world.good + world.last, world.end - world.last);
    rht_file_patch(world.path, 0, moved, SEGMENT);
    expect_corrupt(&world, "frame number");
    struct findings findings;
    assert_int_equal(scan_copy(&world.kit, &findings, 6), RH_ERR_CORRUPT);
    assert_int_equal(findings.first.kind, HUB_JOURNAL_DAMAGE_GAP);
    assert_int_equal(findings.first.count, 3);
    assert_int_equal(findings.records, world.next_index - 3);
    /* Twice: the second frame once more behind the third. */
    restore(&world);
    rht_file_patch(world.path, world.end, world.good + second, world.last - second);
    expect_corrupt(&world, "frame number");
    assert_int_equal(scan_copy(&world.kit, &findings, 6), RH_ERR_CORRUPT);
    assert_int_equal(findings.first.kind, HUB_JOURNAL_DAMAGE_FRAME);
    assert_int_equal(findings.records, world.next_index);
    free_world(&world);
}

/* Two frames of one byte of core each, behind a given file. */
static void append_two(struct world *world, const char *letters, uint8_t *out)
{
    struct hub_journal_frame frame = { .term = 3, .time_ms = 1003 };
    restore(world);
    rht_kit_open(&world->kit);
    for (int i = 0; i < 2; i++) {
        struct hub_journal_record record = { .core = { (const uint8_t *)letters + i, 1 } };
        assert_int_equal(hub_journal_begin(world->kit.journal, &frame), RH_OK);
        assert_int_equal(hub_journal_add(world->kit.journal, &record, NULL), RH_OK);
        assert_int_equal(hub_journal_append(world->kit.journal), RH_OK);
    }
    rht_kit_close(&world->kit);
    size_t bytes;
    uint8_t *file = (uint8_t *)rht_read_file(world->path, &bytes);
    memcpy(out, file, SEGMENT);
    free(file);
}

/* Two copies of one journal went on apart; a frame of one in the other has the right number
 * and the right index, and still does not fit. */
static void test_frame_of_a_diverged_copy_does_not_fit(void **unused)
{
    (void)unused;
    static uint8_t one[SEGMENT], other[SEGMENT];
    struct world world;
    make_world(&world, 6, 2);
    append_two(&world, "ab", one);
    append_two(&world, "cd", other);
    assert_memory_not_equal(one + world.end, other + world.end, BLOCK);
    memcpy(one + world.end + BLOCK, other + world.end + BLOCK, BLOCK);
    rht_file_patch(world.path, 0, one, SEGMENT);
    expect_corrupt(&world, "checksum of the frame before");
    free_world(&world);
}

/* An auditor's copy taken while the hub wrote ends in an unfinished frame: no damage. */
static void test_unfinished_end_of_a_copy_is_no_damage(void **unused)
{
    (void)unused;
    struct world world;
    make_world(&world, 6, 2);
    uint8_t zeros[SECTOR] = { 0 };
    rht_file_patch(world.path, world.end - SECTOR, zeros, SECTOR);
    struct findings findings;
    assert_int_equal(scan_copy(&world.kit, &findings, 6), RH_OK);
    assert_int_equal(findings.damages, 1);
    assert_int_equal(findings.first.kind, HUB_JOURNAL_DAMAGE_UNFINISHED);
    assert_int_equal(findings.records, world.last_index);
    free_world(&world);
}

/* A scan without a damage callback stops before the first doubtful record. */
static void test_strict_scan_stops(void **unused)
{
    (void)unused;
    struct world world;
    make_world(&world, 6, 2);
    rht_kit_open(&world.kit);
    uint8_t flipped = world.good[BLOCK + 200] ^ 1;
    rht_file_patch(world.path, BLOCK + 200, &flipped, 1);
    struct findings findings = { .seed = 6 };
    struct hub_journal_visitor visitor = { .record = find_record, .arg = &findings };
    assert_int_equal(hub_journal_scan(world.kit.journal, 0, &visitor), RH_ERR_CORRUPT);
    assert_int_equal(findings.records, 0);
    free_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_prefix_of_the_last_frame_is_cut),
        cmocka_unit_test(test_every_subset_of_sectors_is_cut),
        cmocka_unit_test(test_no_flipped_bit_is_taken_for_a_cut),
        cmocka_unit_test(test_flipped_bits_elsewhere_stop_the_hub),
        cmocka_unit_test(test_torn_frame_with_a_successor_is_damage),
        cmocka_unit_test(test_known_records_are_never_cut),
        cmocka_unit_test(test_bytes_far_behind_the_end_are_damage),
        cmocka_unit_test(test_old_body_never_imitates_a_frame),
        cmocka_unit_test(test_switch_cut_short_is_undone),
        cmocka_unit_test(test_flipped_bit_in_a_new_header_block_is_damage),
        cmocka_unit_test(test_damage_is_named_and_the_rest_read),
        cmocka_unit_test(test_damaged_content_leaves_the_record),
        cmocka_unit_test(test_missing_segment_is_a_gap),
        cmocka_unit_test(test_frames_out_of_place_are_found),
        cmocka_unit_test(test_frame_of_a_diverged_copy_does_not_fit),
        cmocka_unit_test(test_unfinished_end_of_a_copy_is_no_damage),
        cmocka_unit_test(test_strict_scan_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
