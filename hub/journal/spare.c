/* The next segment, written ahead.
 *
 * A thread of its own writes zeros in steps of 1 MB, syncs each, and pauses between them, so
 * that the frames' own syncs are not held up. It works under a name that recovery ignores and
 * renames when all is on the disk:
 *
 *      next.tmp --(full size of zeros, synced)--> next.rhj --(first frame)--> segment-X.rhj
 *
 * So a full disk is met here, one segment early, where it hurts nobody; and the last room is
 * not taken at all, because views and log live on the same disk and cannot wait. What is
 * written is kept while waiting for space, and the attempt repeated, until it succeeds. */
#include "journal/internal.h"

#include <rh/text.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_MS = 2 };

/* Wait on spare_changed until stopping, `wanted` when asked for, or the time is over.
 * Under the mutex. */
static void pause_ms(struct hub_journal *journal, uint32_t ms, bool end_when_wanted)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (!journal->stopping && !(end_when_wanted && journal->spare.wanted)) {
        if (pthread_cond_timedwait(&journal->spare_changed, &journal->mutex, &until) != 0)
            return;
    }
}

/* Between two steps: a pause, unless frames fill their segment so fast that the next one would
 * come late; it should be there when three quarters are full. False when closing. */
static bool breathe(struct hub_journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
    uint64_t made = (uint64_t)journal->spare.work_done * journal->current.bytes;
    uint64_t used = (uint64_t)journal->segment_bytes * journal->current.offset;
    if (made / 4 > used / 3)
        pause_ms(journal, PAUSE_MS, true);
    bool going_on = !journal->stopping;
    pthread_mutex_unlock(&journal->mutex);
    return going_on;
}

static bool file_is_zero(int fd, uint64_t bytes)
{
    uint8_t *buffer = malloc(HUB_FILE_STEP_BYTES);
    bool zero = buffer != NULL;
    for (uint64_t at = 0; zero && at < bytes; at += HUB_FILE_STEP_BYTES) {
        size_t step =
            bytes - at < HUB_FILE_STEP_BYTES ? (size_t)(bytes - at) : HUB_FILE_STEP_BYTES;
        size_t got;
        zero = hub_file_read(fd, buffer, step, at, &got) == RH_OK && got == step &&
               hub_format_is_zero(buffer, step);
    }
    free(buffer);
    return zero;
}

/* One that an earlier run completed: taken only when it is what it should be. */
static bool adopt_earlier(struct hub_journal *journal, int *fd)
{
    uint64_t bytes;
    *fd = openat(journal->dir_fd, HUB_SPARE_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        return false;
    if (hub_file_size(*fd, &bytes) == RH_OK && bytes == journal->segment_bytes &&
        file_is_zero(*fd, bytes))
        return true;
    close(*fd);
    *fd = -1;
    unlinkat(journal->dir_fd, HUB_SPARE_NAME, 0);
    return false;
}

/* A failed sync may have dropped what was written: begin again from nothing. Any failure but
 * lack of space means that the device cannot be trusted. */
static enum rh_err sync_failed(struct hub_journal *journal, enum rh_err err)
{
    journal->spare.work_done = 0;
    return err == RH_ERR_NOSPACE ? err : hub_journal_fail(journal);
}

static enum rh_err write_zeros(struct hub_journal *journal)
{
    struct hub_spare *spare = &journal->spare;
    while (spare->work_done < journal->segment_bytes) {
        uint32_t end = journal->segment_bytes - spare->work_done < HUB_FILE_STEP_BYTES
                           ? journal->segment_bytes
                           : spare->work_done + HUB_FILE_STEP_BYTES;
        if (!hub_file_has_room(journal->dir_fd, journal->segment_bytes - spare->work_done +
                                                    hub_journal_reserve(journal))) {
            errno = ENOSPC;
            return RH_ERR_NOSPACE;
        }
        enum rh_err err = hub_file_zero(spare->work_fd, spare->work_done, end);
        if (err != RH_OK)
            return err;
        err = hub_file_sync(spare->work_fd);
        if (err != RH_OK)
            return sync_failed(journal, err);
        spare->work_done = end;
        if (end < journal->segment_bytes && !breathe(journal))
            return RH_ERR_CLOSED;
    }
    return RH_OK;
}

/* Make one. *fd is READY's; on failure errno tells the reason. */
static enum rh_err make(struct hub_journal *journal, int *fd)
{
    struct hub_spare *spare = &journal->spare;
    if (spare->work_fd < 0) {
        if (adopt_earlier(journal, fd))
            return RH_OK;
        spare->work_done = 0;
        spare->work_fd = openat(journal->dir_fd, HUB_SPARE_PARTIAL_NAME,
                                O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (spare->work_fd < 0)
            return hub_file_error(errno);
    }
    enum rh_err err = write_zeros(journal);
    if (err != RH_OK)
        return err;
    err = hub_file_sync_all(spare->work_fd);
    if (err != RH_OK)
        return sync_failed(journal, err);
    if (renameat(journal->dir_fd, HUB_SPARE_PARTIAL_NAME, journal->dir_fd, HUB_SPARE_NAME) != 0)
        return hub_file_error(errno);
    err = hub_file_sync_all(journal->dir_fd);
    if (err != RH_OK)
        return hub_journal_fail(journal);
    *fd = spare->work_fd;
    spare->work_fd = -1;
    spare->work_done = 0;
    return RH_OK;
}

/* Under the mutex. */
static void set_missing(struct hub_journal *journal, int code)
{
    char reason[160];
    hub_file_error_text(code, reason, sizeof reason);
    snprintf(journal->spare.text, sizeof journal->spare.text, _("next segment missing: %s"),
             reason);
    journal->spare.state = HUB_JOURNAL_SPARE_MISSING;
}

void *hub_spare_maker(void *arg)
{
    struct hub_journal *journal = arg;
    struct hub_spare *spare = &journal->spare;
    pthread_mutex_lock(&journal->mutex);
    while (!journal->stopping && !journal->failed) {
        if (spare->state == HUB_JOURNAL_SPARE_READY) {
            pthread_cond_wait(&journal->spare_changed, &journal->mutex);
            continue;
        }
        int fd = -1;
        pthread_mutex_unlock(&journal->mutex);
        errno = 0;
        enum rh_err err = make(journal, &fd);
        int code = errno;
        pthread_mutex_lock(&journal->mutex);
        if (err == RH_OK) {
            spare->fd = fd;
            spare->text[0] = '\0';
            spare->state = HUB_JOURNAL_SPARE_READY;
        } else if (err != RH_ERR_CLOSED) {
            set_missing(journal, code);
        }
        pthread_cond_broadcast(&journal->spare_changed);
        if (err != RH_OK)
            pause_ms(journal, journal->retry_ms, false);
    }
    pthread_mutex_unlock(&journal->mutex);
    return NULL;
}

enum rh_err hub_spare_await(struct hub_journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
    journal->spare.wanted = true;
    pthread_cond_broadcast(&journal->spare_changed);
    while (journal->spare.state == HUB_JOURNAL_SPARE_MAKING && !journal->failed)
        pthread_cond_wait(&journal->spare_changed, &journal->mutex);
    journal->spare.wanted = false;
    enum rh_err err = journal->failed                                       ? RH_ERR_IO
                      : journal->spare.state == HUB_JOURNAL_SPARE_READY ? RH_OK
                                                                            : RH_ERR_NOSPACE;
    pthread_mutex_unlock(&journal->mutex);
    return err;
}

enum rh_err hub_spare_take(struct hub_journal *journal, int *fd)
{
    struct hub_spare *spare = &journal->spare;
    enum rh_err err = RH_OK;
    pthread_mutex_lock(&journal->mutex);
    if (spare->state == HUB_JOURNAL_SPARE_MAKING)
        spare->waits++;
    spare->wanted = true;
    pthread_cond_broadcast(&journal->spare_changed);
    while (spare->state == HUB_JOURNAL_SPARE_MAKING && !journal->stopping && !journal->failed)
        pthread_cond_wait(&journal->spare_changed, &journal->mutex);
    spare->wanted = false;
    if (journal->failed) {
        err = RH_ERR_IO;
    } else if (spare->state == HUB_JOURNAL_SPARE_READY) {
        *fd = spare->fd;
        spare->fd = -1;
        /* Still READY, so that the making thread begins the next one only once this one has
         * its new name; hub_spare_used or hub_spare_return follows. */
    } else {
        err = spare->state == HUB_JOURNAL_SPARE_MISSING ? RH_ERR_NOSPACE : RH_ERR_CLOSED;
    }
    pthread_mutex_unlock(&journal->mutex);
    return err;
}

void hub_spare_used(struct hub_journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
    journal->spare.state = HUB_JOURNAL_SPARE_MAKING;
    pthread_cond_broadcast(&journal->spare_changed);
    pthread_mutex_unlock(&journal->mutex);
}

void hub_spare_return(struct hub_journal *journal, int fd)
{
    pthread_mutex_lock(&journal->mutex);
    journal->spare.fd = fd;
    pthread_mutex_unlock(&journal->mutex);
}
