/* hub/journal on a device that fails: full disks, failing writes and syncs, power cuts.
 *
 * The linker routes the journal's pwrite, fdatasync, fsync and renameat through the wrappers
 * below (--wrap). They count operations, fail the n-th, and remember what each write replaced
 * until the file is synced. A power cut is then: from some operation on everything fails, and
 * of what was never synced each 512-byte sector is kept or lost at random, each unsynced
 * rename too. Whatever happens, what was confirmed must be there afterwards, and nothing may
 * be there that was never appended. */
#include "unit/journal_kit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENT = 32 * 1024, SECTOR = 512, FILES = 256, RENAMES = 64, WRITES = 4096 };

ssize_t __wrap_pwrite(int fd, const void *data, size_t bytes, off_t offset);
ssize_t __real_pwrite(int fd, const void *data, size_t bytes, off_t offset);
int __wrap_fdatasync(int fd);
int __real_fdatasync(int fd);
int __wrap_fsync(int fd);
int __real_fsync(int fd);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);

struct file {
    ino_t inode;
    int fd; /* a copy, keeps the file alive */
};

struct write {
    ino_t inode; /* 0: synced since */
    off_t offset;
    size_t bytes;
    uint8_t *before;
};

struct pending_rename {
    int dir_fd;
    char from[64], to[64];
};

static struct {
    pthread_mutex_t mutex;
    uint64_t operations;
    uint64_t fail_at;  /* 0: never */
    int fail_errno;
    bool fail_frames;  /* only writes that do not make a file longer count and fail */
    bool die;          /* all operations after fail_at fail as well */
    bool dead;
    bool disk_full;    /* no file may grow */
    bool remember;
    struct rht_random random;
    struct file files[FILES];
    size_t file_count;
    struct write writes[WRITES];
    size_t write_count;
    struct pending_rename renames[RENAMES];
    size_t rename_count;
} device = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static struct stat status_of(int fd)
{
    struct stat status;
    rh_assert(fstat(fd, &status) == 0);
    return status;
}

/* Counts; true when this operation must fail with errno set. Under the mutex. */
static bool must_fail(void)
{
    device.operations++;
    if (device.fail_at != 0 && device.operations == device.fail_at) {
        device.dead = device.die;
        errno = device.fail_errno;
        return true;
    }
    errno = EIO;
    return device.dead;
}

static void keep_file(int fd, ino_t inode)
{
    for (size_t i = 0; i < device.file_count; i++) {
        if (device.files[i].inode == inode)
            return;
    }
    rh_assert(device.file_count < FILES);
    device.files[device.file_count++] = (struct file){ inode, dup(fd) };
}

static void keep_write(int fd, ino_t inode, size_t bytes, off_t offset)
{
    if (!device.remember || bytes == 0)
        return;
    rh_assert(device.write_count < WRITES);
    keep_file(fd, inode);
    uint8_t *before = calloc(1, bytes);
    rh_assert(before != NULL);
    if (pread(fd, before, bytes, offset) < 0)
        memset(before, 0, bytes); /* opened for writing only: a new file */
    device.writes[device.write_count++] = (struct write){ inode, offset, bytes, before };
}

static void forget_writes(ino_t inode)
{
    for (size_t i = 0; i < device.write_count; i++) {
        if (device.writes[i].inode == inode) {
            free(device.writes[i].before);
            device.writes[i] = (struct write){ 0 };
        }
    }
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
    pthread_mutex_lock(&device.mutex);
    struct stat status = status_of(fd);
    bool grows = offset + (off_t)bytes > status.st_size;
    bool counted = !(device.fail_frames && grows);
    ssize_t put = -1;
    bool was_dead = device.dead;
    if (device.disk_full && grows) {
        errno = ENOSPC;
    } else if (!counted || !must_fail()) {
        keep_write(fd, status.st_ino, bytes, offset);
        put = __real_pwrite(fd, data, bytes, offset);
    } else if (!was_dead) {
        /* The failing write itself may have got anywhere. */
        int code = errno;
        size_t part = (size_t)rht_random_below(&device.random, bytes + 1);
        keep_write(fd, status.st_ino, part, offset);
        rh_assert(__real_pwrite(fd, data, part, offset) == (ssize_t)part);
        errno = code;
    }
    pthread_mutex_unlock(&device.mutex);
    return put;
}

static int sync_with(int (*sync)(int fd), int fd)
{
    pthread_mutex_lock(&device.mutex);
    struct stat status = status_of(fd);
    int result = -1;
    if (device.fail_frames || !must_fail()) {
        result = sync(fd);
        forget_writes(status.st_ino);
        if (S_ISDIR(status.st_mode))
            device.rename_count = 0;
    }
    pthread_mutex_unlock(&device.mutex);
    return result;
}

int __wrap_fdatasync(int fd)
{
    return sync_with(__real_fdatasync, fd);
}

int __wrap_fsync(int fd)
{
    return sync_with(__real_fsync, fd);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    pthread_mutex_lock(&device.mutex);
    int result = -1;
    if (device.fail_frames || !must_fail()) {
        result = __real_renameat(from_fd, from, to_fd, to);
        if (device.remember && result == 0) {
            rh_assert(device.rename_count < RENAMES);
            struct pending_rename *kept = &device.renames[device.rename_count++];
            kept->dir_fd = dup(from_fd);
            snprintf(kept->from, sizeof kept->from, "%s", from);
            snprintf(kept->to, sizeof kept->to, "%s", to);
        }
    }
    pthread_mutex_unlock(&device.mutex);
    return result;
}

static void device_reset(uint64_t seed)
{
    for (size_t i = 0; i < device.write_count; i++)
        free(device.writes[i].before);
    for (size_t i = 0; i < device.file_count; i++)
        close(device.files[i].fd);
    for (size_t i = 0; i < device.rename_count; i++)
        close(device.renames[i].dir_fd);
    device.write_count = device.file_count = device.rename_count = 0;
    device.operations = device.fail_at = 0;
    device.dead = device.die = device.disk_full = device.remember = device.fail_frames = false;
    rht_random_seed(&device.random, seed);
}

/* What was never synced: each rename and each sector is kept or lost, in no order. */
static void power_cut(void)
{
    for (size_t i = device.rename_count; i-- > 0;) {
        const struct pending_rename *kept = &device.renames[i];
        if (rht_random_once_in(&device.random, 2) &&
            faccessat(kept->dir_fd, kept->from, F_OK, 0) != 0)
            __real_renameat(kept->dir_fd, kept->to, kept->dir_fd, kept->from);
    }
    /* All kept, all lost, or a mixture. */
    uint64_t lose_one_in = 1 + rht_random_below(&device.random, 3);
    for (size_t i = device.write_count; i-- > 0;) {
        const struct write *write = &device.writes[i];
        if (write->inode == 0)
            continue;
        int fd = -1;
        for (size_t k = 0; k < device.file_count; k++) {
            if (device.files[k].inode == write->inode)
                fd = device.files[k].fd;
        }
        for (size_t at = 0; at < write->bytes;) {
            size_t step = SECTOR - (size_t)(write->offset + (off_t)at) % SECTOR;
            if (step > write->bytes - at)
                step = write->bytes - at;
            if (rht_random_once_in(&device.random, lose_one_in))
                rh_assert(__real_pwrite(fd, write->before + at, step,
                                        write->offset + (off_t)at) == (ssize_t)step);
            at += step;
        }
    }
}

/* Fill until the journal refuses; asserts that it refuses cleanly. */
static uint64_t fill_up(struct rht_kit *kit, uint64_t seed)
{
    struct hub_journal_state state;
    enum rh_err err;
    do {
        err = rht_try_append(kit, seed, 1);
    } while (err == RH_OK);
    assert_int_equal(err, RH_ERR_NOSPACE);
    hub_journal_state(kit->journal, &state);
    assert_false(state.failed);
    return state.next_index;
}

static bool is_missing(void *arg)
{
    struct hub_journal_state state;
    hub_journal_state(((struct rht_kit *)arg)->journal, &state);
    return state.spare == HUB_JOURNAL_SPARE_MISSING;
}

static bool is_ready(void *arg)
{
    return hub_journal_ready(((struct rht_kit *)arg)->journal) == RH_OK;
}

/* A full disk is told one segment early, refused cleanly when reached, and heals. */
static void test_full_disk_is_met_before_it_hurts(void **unused)
{
    (void)unused;
    device_reset(1);
    struct rht_kit kit;
    rht_kit_init(&kit, SEGMENT);
    rht_kit_open(&kit);
    for (int round = 0; round < 3; round++) {
        assert_true(rht_wait_until(is_ready, &kit, 5000));
        struct hub_journal_state before, state;
        device.disk_full = true;
        hub_journal_state(kit.journal, &before);
        do { /* into the segment that is ready; its successor cannot be made */
            rht_append(&kit, 21, 1);
            hub_journal_state(kit.journal, &state);
        } while (state.segment == before.segment && before.next_index != 0);
        assert_true(rht_wait_until(is_missing, &kit, 5000));
        hub_journal_state(kit.journal, &state);
        assert_non_null(strstr(state.spare_text, "next segment missing: "));
        assert_int_equal(hub_journal_ready(kit.journal), RH_ERR_NOSPACE);
        rht_append(&kit, 21, 1); /* told early: there is room still */
        uint64_t index = fill_up(&kit, 21);
        assert_int_equal(fill_up(&kit, 21), index);
        assert_int_equal(rht_verify(&kit, 21, 0), index);
        device.disk_full = false;
        assert_true(rht_wait_until(is_ready, &kit, 5000));
        rht_append(&kit, 21, 1);
        assert_int_equal(rht_verify(&kit, 21, 0), index + 1);
    }
    rht_kit_close(&kit);
    device.disk_full = true; /* a start needs no new space */
    rht_kit_open(&kit);
    rht_kit_close(&kit);
    device.disk_full = false;
    rht_kit_open(&kit);
    rht_kit_fini(&kit);
}

static void test_first_start_on_a_full_disk(void **unused)
{
    (void)unused;
    device_reset(1);
    struct rht_kit kit;
    rht_kit_init(&kit, SEGMENT);
    device.disk_full = true;
    assert_int_equal(rht_kit_try_open(&kit), RH_ERR_NOSPACE);
    assert_non_null(strstr(kit.report.text, "next segment missing"));
    device.disk_full = false;
    rht_kit_open(&kit);
    rht_kit_fini(&kit);
}

/* No space in a place that was written ahead (copy on write): taken back, nothing harmed. */
static void test_no_space_in_the_middle_of_a_segment(void **unused)
{
    (void)unused;
    for (uint64_t at = 1; at < 60; at++) {
        device_reset(at);
        struct rht_kit kit;
        rht_kit_init(&kit, SEGMENT);
        rht_kit_open(&kit);
        device.fail_frames = true;
        device.fail_at = at;
        device.fail_errno = ENOSPC;
        uint64_t stored = 0;
        uint32_t refused = 0;
        for (int i = 0; i < 25; i++) {
            enum rh_err err = rht_try_append(&kit, 22, 2 + (uint32_t)i % 3);
            assert_true(err == RH_OK || err == RH_ERR_NOSPACE);
            refused += err == RH_ERR_NOSPACE;
            struct hub_journal_state state;
            hub_journal_state(kit.journal, &state);
            assert_false(state.failed);
            assert_true(err != RH_OK || state.next_index > stored);
            stored = state.next_index;
        }
        assert_true(refused <= 1);
        assert_int_equal(rht_verify(&kit, 22, 0), stored);
        device_reset(at);
        rht_kit_close(&kit);
        rht_kit_open(&kit);
        assert_int_equal(rht_verify(&kit, 22, 0), stored);
        rht_append(&kit, 22, 1);
        rht_kit_fini(&kit);
    }
}

/* Append until a failure or the end; what was confirmed and what was tried. */
struct run {
    uint64_t confirmed; /* records */
    uint64_t tried;
};

static enum rh_err run_appends(struct rht_kit *kit, uint64_t seed, int frames, struct run *run)
{
    for (int i = 0; i < frames; i++) {
        struct hub_journal_state state;
        uint32_t count = 1 + (uint32_t)i % 4;
        enum rh_err err = rht_try_append(kit, seed, count);
        hub_journal_state(kit->journal, &state);
        if (err != RH_OK) {
            run->tried = state.next_index + count;
            if (err == RH_ERR_IO) {
                assert_true(state.failed);
                assert_int_equal(rht_try_append(kit, seed, 1), RH_ERR_IO);
                assert_int_equal(hub_journal_ready(kit->journal), RH_ERR_IO);
            }
            return err;
        }
        run->confirmed = run->tried = state.next_index;
    }
    return RH_OK;
}

/* After everything: all that was confirmed, nothing that was not tried. */
static void expect_kept(struct rht_kit *kit, uint64_t seed, const struct run *run)
{
    struct hub_journal_state state;
    kit->options.applied_size = run->confirmed;
    rht_kit_open(kit);
    hub_journal_state(kit->journal, &state);
    assert_true(state.next_index >= run->confirmed);
    assert_true(state.next_index <= run->tried);
    assert_int_equal(rht_verify(kit, seed, 0), state.next_index);
    rht_append(kit, seed, 1);
    assert_int_equal(rht_verify(kit, seed, 0), state.next_index + 1);
    rht_kit_close(kit);
}

/* Each operation fails once. A failed sync is never tried again: the journal says IO for
 * good, and the next start finds everything. */
static void each_operation_fails(int code)
{
    bool reached = true;
    for (uint64_t at = 1; reached; at++) {
        device_reset(at);
        struct rht_kit kit;
        struct run run = { 0 };
        rht_kit_init(&kit, SEGMENT);
        device.fail_at = at;
        device.fail_errno = code;
        if (rht_kit_try_open(&kit) == RH_OK)
            run_appends(&kit, 23, 14, &run);
        rht_kit_close(&kit);
        reached = device.operations >= at;
        device.fail_at = 0;
        expect_kept(&kit, 23, &run);
        rht_kit_fini(&kit);
    }
}

static void test_each_operation_fails_with_io(void **unused)
{
    (void)unused;
    each_operation_fails(EIO);
}

static void test_each_operation_fails_for_lack_of_space(void **unused)
{
    (void)unused;
    each_operation_fails(ENOSPC);
}

/* The power goes at each operation, and again at some operation of the recovery. Every other
 * time the first is only a kill: what was not synced is still in the page cache, recovery
 * sees it, and the power cut comes after that. What a successful open showed must stay. */
static void test_power_cuts(void **unused)
{
    (void)unused;
    struct rht_random random;
    rht_random_init(&random);
    bool reached = true;
    for (uint64_t at = 1; reached; at++) {
        for (int again = 0; again < 6; again++) {
            uint64_t seed = rht_random_u64(&random);
            device_reset(seed);
            struct rht_kit kit;
            struct run run = { 0 };
            rht_kit_init(&kit, SEGMENT);
            device.remember = device.die = true;
            device.fail_at = at;
            device.fail_errno = EIO;
            if (rht_kit_try_open(&kit) == RH_OK)
                run_appends(&kit, seed, 14, &run);
            rht_kit_close(&kit);
            reached = device.operations >= at;
            if (again % 2 == 0) {
                power_cut();
                device_reset(seed + 1);
            }
            device.remember = device.die = true;
            device.dead = false;
            device.operations = 0;
            device.fail_at = 1 + rht_random_below(&random, 12);
            kit.options.applied_size = run.confirmed;
            enum rh_err err = rht_kit_try_open(&kit);
            assert_int_not_equal(err, RH_ERR_CORRUPT);
            if (err == RH_OK) {
                struct hub_journal_state state;
                hub_journal_state(kit.journal, &state);
                assert_true(state.next_index <= run.tried);
                run.confirmed = state.next_index;
            }
            rht_kit_close(&kit);
            power_cut();

            device_reset(seed + 2);
            expect_kept(&kit, seed, &run);
            rht_kit_fini(&kit);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_disk_is_met_before_it_hurts),
        cmocka_unit_test(test_first_start_on_a_full_disk),
        cmocka_unit_test(test_no_space_in_the_middle_of_a_segment),
        cmocka_unit_test(test_each_operation_fails_with_io),
        cmocka_unit_test(test_each_operation_fails_for_lack_of_space),
        cmocka_unit_test(test_power_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
