/* A segment file that somebody harmed or forged. The input is a list of edits to a small good
 * one: byte 0 says which checksums are made good again afterwards (so that edits get past
 * them), then triples offset (2 bytes, little-endian) and value.
 *
 * Scanned as a copy: nothing crashes, indexes rise, every record handed out is whole and can
 * be read back at the place told. Opened for writing: either refused, or a strict scan of what
 * is left finds no fault. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rh/hash.h>

#include "journal/format.h"
#include "journal/journal.h"
#include "support/rht.h"

enum { BYTES = 32 * 1024, FRAMES = 4, RECORDS = 3, SEGMENT_SUM = 120, FRAME_SUM = 72 };

enum { MEND_SEGMENT = 1, MEND_FRAMES = 2, MEND_GUARDS = 4, MEND_RECORDS = 8, WRITING = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static uint8_t image[BYTES];
static uint8_t good[BYTES];

/* Four frames of three records, some with contents, built without a file. */
static void build_good(void)
{
    static uint8_t payload[BYTES], filler[3000];
    struct hub_segment_head segment = { .segment_bytes = BYTES,
                                        .salt = 99,
                                        .hub_id = "test.f" };
    size_t at = HUB_BLOCK_BYTES;
    uint64_t previous = 0;
    hub_format_segment_encode(&segment, good);
    for (uint32_t f = 0; f < FRAMES; f++) {
        struct hub_frame_sums sums;
        struct hub_frame_head head = { .frame = { .number = f,
                                                  .first_index = (uint64_t)f * RECORDS,
                                                  .record_count = RECORDS },
                                       .previous = previous,
                                       .salt = segment.salt,
                                       .payload_bytes = HUB_FRAME_HEAD_BYTES };
        for (uint32_t i = 0; i < RECORDS; i++) {
            struct hub_journal_record record = {
                .type = (uint16_t)(i + 1), .index = f * RECORDS + i,
                .core = { filler, 20 + i }, .rest = { filler, 100 * f + i },
                .content = { filler, i == 1 ? 900 * f : 0 }
            };
            uint64_t sum = hub_format_record_encode(&record, payload + head.payload_bytes);
            hub_journal_put_u64(sums.bytes + HUB_FRAME_HEAD_BYTES + (size_t)i * 8, sum);
            head.payload_bytes += (uint32_t)hub_format_record_bytes(
                record.core.bytes, record.rest.bytes, record.content.bytes);
        }
        uint32_t end = head.payload_bytes;
        head.payload_bytes += HUB_FRAME_TRAILER_BYTES;
        head.frame_bytes = (uint32_t)hub_format_disk_bytes(head.payload_bytes);
        hub_format_frame_encode(&head, payload);
        memcpy(sums.bytes, payload, HUB_FRAME_HEAD_BYTES);
        previous = hub_format_frame_checksum(&sums, RECORDS);
        hub_journal_put_u64(payload + end, previous);
        hub_format_stuff(good + at, head.frame_bytes, payload, head.payload_bytes);
        at += head.frame_bytes;
    }
}

/* Record checksums of the frame at `at`, as far as its lengths lead; then its own. */
static void mend_frame(uint8_t *disk, size_t most, bool records)
{
    static uint8_t payload[BYTES];
    struct hub_frame_sums sums;
    size_t sectors = most / HUB_SECTOR_BYTES;
    hub_format_unstuff(payload, disk, sectors);
    hub_journal_put_u64(payload + FRAME_SUM, rh_checksum(payload, FRAME_SUM));
    uint32_t count = hub_journal_get_u32(payload + 12);
    uint32_t total = hub_journal_get_u32(payload + 20);
    size_t at = HUB_FRAME_HEAD_BYTES;
    size_t end = sectors * HUB_SECTOR_PAYLOAD;
    for (uint32_t i = 0; records && i < count && i < 64; i++) {
        if (end - at < HUB_JOURNAL_RECORD_HEAD_BYTES)
            break;
        uint64_t hashed = HUB_RECORD_HEAD_BYTES +
                          (uint64_t)hub_journal_get_u32(payload + at + 16) +
                          hub_journal_get_u32(payload + at + 20);
        uint64_t content = hub_journal_get_u32(payload + at + 24);
        if (hashed + 8 + content > end - at)
            break;
        uint8_t *sum = payload + at + hashed;
        hub_journal_put_u64(payload + at + 32, rh_checksum(sum + 8, (size_t)content));
        hub_journal_put_u64(sum, rh_checksum(payload + at, (size_t)hashed));
        memcpy(sums.bytes + HUB_FRAME_HEAD_BYTES + (size_t)i * 8, sum, 8);
        at += (size_t)((hashed + 8 + content + 7) / 8 * 8);
        if (i + 1 == count && total >= 8 && total <= end) {
            memcpy(sums.bytes, payload, HUB_FRAME_HEAD_BYTES);
            hub_journal_put_u64(payload + total - 8, hub_format_frame_checksum(&sums, count));
        }
    }
    for (size_t i = 0; i < sectors; i++)
        memcpy(disk + i * HUB_SECTOR_BYTES, payload + i * HUB_SECTOR_PAYLOAD,
               HUB_SECTOR_PAYLOAD);
}

static void mend(unsigned what)
{
    if (what & MEND_GUARDS) {
        for (size_t at = HUB_SECTOR_PAYLOAD; at < BYTES; at += HUB_SECTOR_BYTES) {
            if (!hub_format_is_zero(image + at - HUB_SECTOR_PAYLOAD, HUB_SECTOR_PAYLOAD))
                image[at] = HUB_SECTOR_GUARD;
        }
    }
    if (what & MEND_SEGMENT)
        hub_journal_put_u64(image + SEGMENT_SUM, rh_checksum(image, SEGMENT_SUM));
    if ((what & (MEND_FRAMES | MEND_RECORDS)) == 0)
        return;
    for (size_t at = HUB_BLOCK_BYTES; at < BYTES; at += HUB_BLOCK_BYTES) {
        uint32_t bytes = hub_journal_get_u32(image + at + 16);
        if (hub_journal_get_u32(image + at) == HUB_FRAME_MAGIC && bytes >= HUB_BLOCK_BYTES &&
            bytes <= BYTES - at && bytes % HUB_BLOCK_BYTES == 0)
            mend_frame(image + at, bytes, (what & MEND_RECORDS) != 0);
    }
}

struct seen {
    struct hub_journal *journal;
    uint64_t next;
};

static enum rh_err check_record(void *arg, const struct hub_journal_record *record,
                                enum hub_journal_content content,
                                const struct hub_journal_location *location,
                                const struct hub_journal_frame *frame)
{
    static uint8_t buffer[BYTES];
    struct seen *seen = arg;
    struct hub_journal_record again;
    enum hub_journal_content found;
    rh_assert(record->index >= seen->next);
    rh_assert(record->index == location->index);
    rh_assert(record->index - frame->first_index < frame->record_count);
    seen->next = record->index + 1;
    enum rh_err err = hub_journal_read(seen->journal, location, buffer, sizeof buffer, &again,
                                       &found);
    /* A wrong guard byte spoils a read, while the scan goes by the record's own checksum. */
    rh_assert(err == RH_OK || err == RH_ERR_CORRUPT);
    if (err == RH_OK) {
        rh_assert(found == content);
        rh_assert(again.core.bytes == record->core.bytes);
        rh_assert(memcmp(again.core.data, record->core.data, record->core.bytes) == 0);
        rh_assert(again.content.bytes == record->content.bytes);
    }
    return RH_OK;
}

static enum rh_err pass_damage(void *arg, const struct hub_journal_damage *damage)
{
    (void)arg;
    rh_assert(memchr(damage->text, '\0', sizeof damage->text) != NULL);
    rh_assert(damage->offset <= HUB_JOURNAL_SEGMENT_BYTES_MAX);
    return RH_OK;
}

static enum rh_err scan(struct hub_journal *journal, bool strict)
{
    struct seen seen = { .journal = journal };
    struct hub_journal_visitor visitor = {
        .record = check_record, .damage = strict ? NULL : pass_damage, .arg = &seen
    };
    return hub_journal_scan(journal, 0, &visitor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static char *directory, *segment;
    struct hub_journal *journal;
    struct hub_journal_report report;
    if (directory == NULL) {
        build_good();
        directory = rht_tmp_path("journal");
        segment = rht_tmp_path("journal/segment-0000000000000000.rhj");
        struct hub_journal_options make = { .directory = directory,
                                            .hub_id = "test.f",
                                            .segment_bytes = BYTES };
        rh_assert(hub_journal_open(&make, &journal, &report) == RH_OK);
        hub_journal_close(&journal);
    }
    if (bytes == 0)
        return 0;
    memcpy(image, good, BYTES);
    for (size_t i = 1; i + 3 <= bytes; i += 3)
        image[hub_journal_get_u16(data + i) % BYTES] = data[i + 2];
    mend(data[0]);
    rht_write_file(segment, image, BYTES);

    struct hub_journal_options options = { .directory = directory, .read_only = true };
    rh_assert(hub_journal_open(&options, &journal, &report) == RH_OK);
    enum rh_err err = scan(journal, false);
    rh_assert(err == RH_OK || err == RH_ERR_CORRUPT);
    rh_assert(bytes > 1 || err == RH_OK);
    hub_journal_close(&journal);
    if ((data[0] & WRITING) == 0)
        return 0;
    options = (struct hub_journal_options){ .directory = directory,
                                            .hub_id = "test.f",
                                            .segment_bytes = BYTES };
    err = hub_journal_open(&options, &journal, &report);
    rh_assert(err == RH_OK || err == RH_ERR_CORRUPT || err == RH_ERR_CONFIG);
    if (err == RH_OK)
        rh_assert(scan(journal, true) == RH_OK);
    hub_journal_close(&journal);
    if (report.cut) {
        char kept[sizeof report.cut_file + 32];
        snprintf(kept, sizeof kept, "journal/quarantine/%s", report.cut_file);
        char *path = rht_tmp_path(kept);
        unlink(path);
        free(path);
    }
    return 0;
}
