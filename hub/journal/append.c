/* Building a frame, and the thread that writes and syncs it. */
#include "journal/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum rh_err hub_journal_fail(struct hub_journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
    journal->failed = true;
    pthread_cond_broadcast(&journal->spare_changed);
    pthread_mutex_unlock(&journal->mutex);
    return RH_ERR_IO;
}

static bool has_failed(struct hub_journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
    bool failed = journal->failed;
    pthread_mutex_unlock(&journal->mutex);
    return failed;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Largest frame, on disk, that a new segment takes. */
static uint32_t new_segment_room(const struct hub_journal *journal)
{
    return smaller(journal->segment_bytes - HUB_BLOCK_BYTES, HUB_JOURNAL_FRAME_BYTES_MAX);
}

static uint32_t current_room(const struct hub_journal *journal)
{
    if (journal->current.fd < 0)
        return 0;
    return smaller(journal->current.bytes - journal->current.offset,
                   HUB_JOURNAL_FRAME_BYTES_MAX);
}

size_t hub_journal_record_bytes_max(const struct hub_journal *journal)
{
    size_t payload = new_segment_room(journal) / HUB_SECTOR_BYTES * HUB_SECTOR_PAYLOAD;
    payload -= HUB_FRAME_HEAD_BYTES + HUB_FRAME_TRAILER_BYTES;
    return payload / HUB_RECORD_ALIGN * HUB_RECORD_ALIGN - HUB_JOURNAL_RECORD_HEAD_BYTES;
}

/* Whether others have left less than the reserve. Looked at ten times a second: it is asked
 * before every batch. Under the mutex. */
static bool room_is_low(struct hub_journal *journal)
{
    enum { LOOK_EVERY_MS = 100 };
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (now_ms - journal->room_looked_ms >= LOOK_EVERY_MS) {
        journal->room_looked_ms = now_ms;
        journal->room_low = !hub_file_has_room(journal->dir_fd, hub_journal_reserve(journal));
    }
    return journal->room_low;
}

enum rh_err hub_journal_ready(struct hub_journal *journal)
{
    enum rh_err err = RH_OK;
    pthread_mutex_lock(&journal->mutex);
    if (journal->read_only || journal->failed)
        err = RH_ERR_IO;
    else if (room_is_low(journal))
        err = RH_ERR_NOSPACE;
    else if (current_room(journal) < HUB_JOURNAL_FRAME_BYTES_MAX &&
             journal->spare.state != HUB_JOURNAL_SPARE_READY)
        err = journal->spare.state == HUB_JOURNAL_SPARE_MISSING ? RH_ERR_NOSPACE : RH_ERR_AGAIN;
    pthread_mutex_unlock(&journal->mutex);
    return err;
}

/* Room for one more segment in the list, so that the writing thread needs no memory. */
static enum rh_err reserve_segment(struct hub_journal *journal)
{
    enum rh_err err = RH_OK;
    pthread_mutex_lock(&journal->mutex);
    if (journal->segment_count == journal->segment_capacity) {
        size_t capacity = journal->segment_capacity + 256;
        uint64_t *grown = realloc(journal->segments, capacity * sizeof *grown);
        if (grown == NULL) {
            err = RH_ERR_NOMEM;
        } else {
            journal->segments = grown;
            journal->segment_capacity = capacity;
        }
    }
    pthread_mutex_unlock(&journal->mutex);
    return err;
}

/* Add a segment to the list, which must have room. Under the mutex, or before the threads. */
static void push_segment(struct hub_journal *journal, uint64_t segment)
{
    rh_assert(journal->segment_count < journal->segment_capacity);
    journal->segments[journal->segment_count++] = segment;
}

enum rh_err hub_journal_begin(struct hub_journal *journal,
                              const struct hub_journal_frame *frame)
{
    rh_assert(!journal->read_only);
    struct hub_build *build = &journal->build;
    build->begun = false;
    if (has_failed(journal))
        return RH_ERR_IO;
    rh_assert(journal->job == HUB_JOB_NONE);
    enum rh_err err = reserve_segment(journal);
    if (err != RH_OK)
        return err;
    memset(&build->head, 0, sizeof build->head);
    build->head.frame = *frame;
    build->head.frame.number = journal->next_frame;
    build->head.frame.first_index = journal->next_index;
    build->head.frame.record_count = 0;
    build->head.payload_bytes = HUB_FRAME_HEAD_BYTES;
    build->head.previous = journal->last_checksum;
    build->head.salt = journal->salt;
    build->begun = true;
    return RH_OK;
}

/* The first record decides where the frame goes: behind the last one, or into the next
 * segment when it would not fit there. */
static enum rh_err choose_place(struct hub_journal *journal, size_t need)
{
    struct hub_build *build = &journal->build;
    if (need > new_segment_room(journal))
        return RH_ERR_FULL;
    build->new_segment = need > current_room(journal);
    if (!build->new_segment) {
        build->segment = journal->current.segment;
        build->frame_offset = journal->current.offset;
        build->room = current_room(journal);
        return RH_OK;
    }
    build->segment = build->head.frame.first_index;
    build->frame_offset = HUB_BLOCK_BYTES;
    build->room = new_segment_room(journal);
    pthread_mutex_lock(&journal->mutex);
    bool missing = journal->spare.state == HUB_JOURNAL_SPARE_MISSING;
    pthread_mutex_unlock(&journal->mutex);
    return missing ? RH_ERR_NOSPACE : RH_OK;
}

enum rh_err hub_journal_add(struct hub_journal *journal,
                            const struct hub_journal_record *record,
                            struct hub_journal_location *location)
{
    struct hub_build *build = &journal->build;
    rh_assert(build->begun);
    if (record->core.bytes > HUB_JOURNAL_FRAME_BYTES_MAX ||
        record->rest.bytes > HUB_JOURNAL_FRAME_BYTES_MAX ||
        record->content.bytes > HUB_JOURNAL_FRAME_BYTES_MAX)
        return RH_ERR_FULL;
    if (build->head.frame.record_count == HUB_JOURNAL_FRAME_RECORDS_MAX)
        return RH_ERR_FULL;
    size_t bytes = hub_format_record_bytes(record->core.bytes, record->rest.bytes,
                                           record->content.bytes);
    uint32_t at = build->head.payload_bytes;
    size_t need = hub_format_disk_bytes(at + bytes + HUB_FRAME_TRAILER_BYTES);
    if (build->head.frame.record_count == 0) {
        enum rh_err err = choose_place(journal, need);
        if (err != RH_OK)
            return err;
    }
    if (need > build->room)
        return RH_ERR_FULL;
    uint32_t i = build->head.frame.record_count;
    struct hub_journal_record numbered = *record;
    numbered.index = build->head.frame.first_index + i;
    uint64_t checksum = hub_format_record_encode(&numbered, build->payload + at);
    hub_journal_put_u64(build->sums.bytes + HUB_FRAME_HEAD_BYTES + (size_t)i * 8, checksum);
    build->head.frame.record_count = i + 1;
    build->head.payload_bytes = at + (uint32_t)bytes;
    if (location != NULL)
        *location = (struct hub_journal_location){
            .index = numbered.index,
            .segment = build->segment,
            .offset = build->frame_offset + hub_format_disk_offset(at),
            .bytes = (uint32_t)bytes
        };
    return RH_OK;
}

/* Head, trailer, sectors. */
static void seal(struct hub_build *build)
{
    struct hub_frame_head *head = &build->head;
    uint32_t end = head->payload_bytes;
    head->payload_bytes = end + HUB_FRAME_TRAILER_BYTES;
    head->frame_bytes = (uint32_t)hub_format_disk_bytes(head->payload_bytes);
    rh_assert(head->frame_bytes <= build->room);
    hub_format_frame_encode(head, build->payload);
    memcpy(build->sums.bytes, build->payload, HUB_FRAME_HEAD_BYTES);
    build->checksum = hub_format_frame_checksum(&build->sums, head->frame.record_count);
    hub_journal_put_u64(build->payload + end, build->checksum);
    hub_format_stuff(build->disk, head->frame_bytes, build->payload, head->payload_bytes);
}

enum rh_err hub_journal_submit(struct hub_journal *journal)
{
    struct hub_build *build = &journal->build;
    if (has_failed(journal))
        return RH_ERR_IO;
    if (!build->begun || build->head.frame.record_count == 0)
        return RH_ERR_USAGE;
    seal(build);
    build->begun = false;
    pthread_mutex_lock(&journal->mutex);
    journal->job = HUB_JOB_SUBMITTED;
    pthread_cond_broadcast(&journal->job_changed);
    pthread_mutex_unlock(&journal->mutex);
    return RH_OK;
}

enum rh_err hub_journal_wait(struct hub_journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
    rh_assert(journal->job != HUB_JOB_NONE);
    while (journal->job != HUB_JOB_DONE)
        pthread_cond_wait(&journal->job_changed, &journal->mutex);
    journal->job = HUB_JOB_NONE;
    enum rh_err err = journal->job_result;
    pthread_mutex_unlock(&journal->mutex);
    return err;
}

enum rh_err hub_journal_append(struct hub_journal *journal)
{
    enum rh_err err = hub_journal_submit(journal);
    return err == RH_OK ? hub_journal_wait(journal) : err;
}

/* No space although the bytes were written ahead (a file system that copies on write): make
 * the place zeros again, and durably so. Otherwise parts of this frame could reach the disk
 * between parts of the next one, and no sector would be zero to tell. */
static enum rh_err take_back(struct hub_journal *journal, int fd, uint32_t from, uint32_t end)
{
    return hub_file_wipe(fd, from, end) == RH_OK ? RH_ERR_NOSPACE : hub_journal_fail(journal);
}

static enum rh_err write_behind_last(struct hub_journal *journal)
{
    struct hub_build *build = &journal->build;
    int fd = journal->current.fd;
    uint32_t from = build->frame_offset;
    enum rh_err err = hub_file_write(fd, build->disk, build->head.frame_bytes, from);
    if (err == RH_ERR_NOSPACE)
        return take_back(journal, fd, from, from + build->head.frame_bytes);
    if (err != RH_OK || hub_file_sync(fd) != RH_OK)
        return hub_journal_fail(journal);
    return RH_OK;
}

/* Header block and frame into the renamed spare. */
static enum rh_err write_first(struct hub_journal *journal, int fd)
{
    struct hub_build *build = &journal->build;
    uint8_t block[HUB_BLOCK_BYTES];
    struct hub_segment_head head = { .segment_bytes = journal->segment_bytes,
                                     .first_index = build->segment,
                                     .first_frame = build->head.frame.number,
                                     .previous = build->head.previous,
                                     .salt = journal->salt,
                                     .created_ms = build->head.frame.time_ms };
    memcpy(head.hub_id, journal->hub_id, sizeof head.hub_id);
    hub_format_segment_encode(&head, block);
    enum rh_err err = hub_file_write(fd, block, sizeof block, 0);
    if (err == RH_OK)
        err = hub_file_write(fd, build->disk, build->head.frame_bytes, HUB_BLOCK_BYTES);
    if (err == RH_ERR_NOSPACE)
        return take_back(journal, fd, 0, HUB_BLOCK_BYTES + build->head.frame_bytes);
    if (err != RH_OK || hub_file_sync(fd) != RH_OK)
        return hub_journal_fail(journal);
    return RH_OK;
}

/* The spare gets its name, durably, before the first byte goes into it: so a spare found at
 * the next start never holds anything. */
static enum rh_err write_in_new_segment(struct hub_journal *journal)
{
    char name[HUB_SEGMENT_NAME_BYTES];
    int fd;
    enum rh_err err = hub_spare_take(journal, &fd);
    if (err != RH_OK)
        return err;
    hub_segment_name(journal->build.segment, name);
    if (renameat(journal->dir_fd, HUB_SPARE_NAME, journal->dir_fd, name) != 0) {
        err = hub_file_error(errno) == RH_ERR_NOSPACE ? RH_ERR_NOSPACE
                                                      : hub_journal_fail(journal);
        hub_spare_return(journal, fd);
        return err;
    }
    err = hub_file_sync_all(journal->dir_fd) == RH_OK ? write_first(journal, fd)
                                                      : hub_journal_fail(journal);
    if (err == RH_ERR_NOSPACE &&
        (renameat(journal->dir_fd, name, journal->dir_fd, HUB_SPARE_NAME) != 0 ||
         hub_file_sync_all(journal->dir_fd) != RH_OK))
        err = hub_journal_fail(journal);
    if (err != RH_OK) {
        hub_spare_return(journal, fd);
        return err;
    }
    if (journal->current.fd >= 0)
        close(journal->current.fd);
    pthread_mutex_lock(&journal->mutex);
    journal->current = (struct hub_current){
        .fd = fd, .segment = journal->build.segment, .bytes = journal->segment_bytes
    };
    push_segment(journal, journal->build.segment);
    memcpy(journal->newest_hub_id, journal->hub_id, sizeof journal->hub_id);
    pthread_mutex_unlock(&journal->mutex);
    hub_spare_used(journal);
    return RH_OK;
}

/* The frame is on the disk: it counts from now on. Under the mutex. */
static void take_position(struct hub_journal *journal)
{
    const struct hub_build *build = &journal->build;
    const struct hub_journal_frame *frame = &build->head.frame;
    journal->current.offset = build->frame_offset + build->head.frame_bytes;
    journal->next_index = frame->first_index + frame->record_count;
    journal->next_frame = frame->number + 1;
    journal->last_term = frame->term;
    journal->last_time_ms = frame->time_ms;
    journal->last_checksum = build->checksum;
}

void *hub_journal_writer(void *arg)
{
    struct hub_journal *journal = arg;
    pthread_mutex_lock(&journal->mutex);
    for (;;) {
        while (journal->job != HUB_JOB_SUBMITTED && !journal->stopping)
            pthread_cond_wait(&journal->job_changed, &journal->mutex);
        if (journal->job != HUB_JOB_SUBMITTED)
            break;
        pthread_mutex_unlock(&journal->mutex);
        enum rh_err err = journal->build.new_segment ? write_in_new_segment(journal)
                                                     : write_behind_last(journal);
        pthread_mutex_lock(&journal->mutex);
        if (err == RH_OK)
            take_position(journal);
        journal->job_result = err;
        journal->job = HUB_JOB_DONE;
        pthread_cond_broadcast(&journal->job_changed);
    }
    pthread_mutex_unlock(&journal->mutex);
    return NULL;
}
