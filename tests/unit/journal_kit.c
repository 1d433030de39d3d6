#include "unit/journal_kit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void rht_kit_init(struct rht_kit *kit, uint32_t segment_bytes)
{
    static unsigned serial;
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0); /* thousands of opens, each with its syncs */
    memset(kit, 0, sizeof *kit);
    snprintf(kit->dir, sizeof kit->dir, "%.200s/journal%u", rht_tmpdir(), serial++);
    kit->options = (struct hub_journal_options){ .directory = kit->dir,
                                                 .hub_id = "test.lab",
                                                 .segment_bytes = segment_bytes,
                                                 .retry_ms = 5 };
}

void rht_kit_fini(struct rht_kit *kit)
{
    hub_journal_close(&kit->journal);
}

enum rh_err rht_kit_try_open(struct rht_kit *kit)
{
    assert_null(kit->journal);
    return hub_journal_open(&kit->options, &kit->journal, &kit->report);
}

void rht_kit_open(struct rht_kit *kit)
{
    enum rh_err err = rht_kit_try_open(kit);
    if (err != RH_OK)
        fail_msg("open: %s: %s", rh_err_text(err), kit->report.text);
}

void rht_kit_close(struct rht_kit *kit)
{
    hub_journal_close(&kit->journal);
    assert_null(kit->journal);
}

static struct rh_bytes some_bytes(struct rht_random *random, uint8_t *buffer, size_t most)
{
    bool large = rht_random_once_in(random, 8);
    size_t bytes = (size_t)rht_random_below(random, large ? most : most / 16 + 1);
    if (rht_random_once_in(random, 16))
        bytes = 0;
    if (rht_random_once_in(random, 5))
        memset(buffer, 0, bytes);
    else
        rht_random_fill(random, buffer, bytes);
    return (struct rh_bytes){ buffer, bytes };
}

void rht_record(uint64_t seed, uint64_t index, struct hub_journal_record *out)
{
    static uint8_t core[1024], rest[4096], content[16384];
    struct rht_random random;
    rht_random_seed(&random, seed ^ (index * UINT64_C(0xD1B54A32D192ED03)));
    memset(out, 0, sizeof *out);
    out->type = (uint16_t)rht_random_u64(&random);
    out->flags = (uint16_t)rht_random_u64(&random);
    out->index = index;
    out->content_slot = (uint32_t)rht_random_u64(&random);
    out->core = some_bytes(&random, core, sizeof core);
    out->rest = some_bytes(&random, rest, sizeof rest);
    out->content = some_bytes(&random, content, sizeof content);
}

static void assert_bytes(struct rh_bytes expected, struct rh_bytes got)
{
    assert_int_equal(expected.bytes, got.bytes);
    if (got.bytes != 0)
        assert_memory_equal(expected.data, got.data, got.bytes);
}

void rht_assert_record(uint64_t seed, const struct hub_journal_record *got)
{
    struct hub_journal_record expected;
    rht_record(seed, got->index, &expected);
    assert_int_equal(expected.type, got->type);
    assert_int_equal(expected.flags, got->flags);
    assert_int_equal(expected.content_slot, got->content_slot);
    assert_bytes(expected.core, got->core);
    assert_bytes(expected.rest, got->rest);
    assert_bytes(expected.content, got->content);
}

enum rh_err rht_try_append(struct rht_kit *kit, uint64_t seed, uint32_t count)
{
    struct hub_journal_state state;
    hub_journal_state(kit->journal, &state);
    struct hub_journal_frame frame = { .term = 3,
                                       .time_ms = 1000 + state.next_frame,
                                       .schema_version = 7,
                                       .decide_version = 9 };
    enum rh_err err = hub_journal_begin(kit->journal, &frame);
    if (err != RH_OK)
        return err;
    uint32_t added = 0;
    while (added < count) {
        struct hub_journal_record record;
        struct hub_journal_location location;
        rht_record(seed, state.next_index + added, &record);
        err = hub_journal_add(kit->journal, &record, &location);
        if (err == RH_ERR_FULL && added > 0)
            break;
        if (err != RH_OK)
            return err;
        assert_int_equal(location.index, state.next_index + added);
        added++;
    }
    return hub_journal_append(kit->journal);
}

void rht_append(struct rht_kit *kit, uint64_t seed, uint32_t count)
{
    assert_int_equal(rht_try_append(kit, seed, count), RH_OK);
}

struct verify {
    uint64_t seed, next, count;
};

static enum rh_err verify_record(void *arg, const struct hub_journal_record *record,
                                 enum hub_journal_content content,
                                 const struct hub_journal_location *location,
                                 const struct hub_journal_frame *frame)
{
    struct verify *verify = arg;
    assert_int_equal(record->index, verify->next);
    assert_int_equal(location->index, verify->next);
    assert_true(content == HUB_JOURNAL_CONTENT_NONE || content == HUB_JOURNAL_CONTENT_INTACT);
    assert_int_equal(frame->term, 3);
    assert_int_equal(frame->time_ms, 1000 + frame->number);
    assert_true(frame->first_index <= record->index);
    rht_assert_record(verify->seed, record);
    verify->next++;
    verify->count++;
    return RH_OK;
}

uint64_t rht_verify(struct rht_kit *kit, uint64_t seed, uint64_t from)
{
    struct verify verify = { .seed = seed, .next = from };
    struct hub_journal_visitor visitor = { .record = verify_record, .arg = &verify };
    assert_int_equal(hub_journal_scan(kit->journal, from, &visitor), RH_OK);
    return verify.count;
}

void rht_segment_path(const struct rht_kit *kit, uint64_t segment, char out[RHT_PATH_BYTES])
{
    snprintf(out, RHT_PATH_BYTES, "%.200s/segment-%016llx.rhj", kit->dir,
             (unsigned long long)segment);
}

void rht_file_patch(const char *path, size_t offset, const void *data, size_t bytes)
{
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(lseek(fd, (off_t)offset, SEEK_SET), offset);
    assert_int_equal(write(fd, data, bytes), bytes);
    close(fd);
}
