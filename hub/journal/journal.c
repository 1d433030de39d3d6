/* Opening, closing, state. */
#include "journal/internal.h"

#include <rh/text.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RETRY_MS = 1000 };

static void say(struct hub_journal_report *report, const char *what, int code)
{
    char reason[160];
    hub_file_error_text(code, reason, sizeof reason);
    snprintf(report->text, sizeof report->text, "%s: %s", rh_text(what), reason);
}

/* A new directory's name is durable only when its parent is synced. */
static enum rh_err sync_parent(int dir_fd)
{
    int fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return hub_file_error(errno);
    enum rh_err err = hub_file_sync_all(fd);
    close(fd);
    return err;
}

static enum rh_err open_directory(struct hub_journal *journal,
                                  const struct hub_journal_options *options,
                                  struct hub_journal_report *report)
{
    enum rh_err err = RH_OK;
    if (!options->read_only && mkdir(options->directory, 0700) != 0 && errno != EEXIST) {
        err = hub_file_error(errno);
        say(report, N_("the directory cannot be made"), errno);
        return err == RH_ERR_NOTFOUND ? RH_ERR_CONFIG : err;
    }
    journal->dir_fd = open(options->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (journal->dir_fd < 0) {
        err = hub_file_error(errno);
        say(report, N_("the directory cannot be opened"), errno);
        return err;
    }
    if (options->read_only)
        return RH_OK;
    err = sync_parent(journal->dir_fd);
    if (err != RH_OK)
        say(report, N_("the parent of the directory cannot be synced"), errno);
    return err;
}

/* One writer: the lock dies with its process. */
static enum rh_err take_lock(struct hub_journal *journal, struct hub_journal_report *report)
{
    journal->lock_fd = openat(journal->dir_fd, HUB_LOCK_NAME,
                              O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (journal->lock_fd < 0) {
        say(report, N_("the lock file cannot be opened"), errno);
        return hub_file_error(errno);
    }
    if (flock(journal->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        int code = errno;
        say(report, N_("another process has the journal open"), code);
        return code == EWOULDBLOCK ? RH_ERR_DENIED : hub_file_error(code);
    }
    return RH_OK;
}

static enum rh_err check_options(const struct hub_journal_options *options,
                                 struct hub_journal_report *report)
{
    uint32_t bytes = options->segment_bytes;
    const char *why = NULL;
    if (bytes != 0 && (bytes < HUB_JOURNAL_SEGMENT_BYTES_MIN ||
                       bytes > HUB_JOURNAL_SEGMENT_BYTES_MAX || bytes % HUB_BLOCK_BYTES != 0))
        why = N_("the segment size is not a multiple of 4096 from 8192 to 1073741824");
    else if (!options->read_only && (options->hub_id == NULL || options->hub_id[0] == '\0' ||
                                     strlen(options->hub_id) > RH_HUB_ID_BYTES_MAX))
        why = N_("the hub id is missing or too long");
    if (why == NULL)
        return RH_OK;
    snprintf(report->text, sizeof report->text, "%s", rh_text(why));
    return RH_ERR_CONFIG;
}

/* An object with nothing open, or NULL. */
static struct hub_journal *journal_new(const struct hub_journal_options *options)
{
    struct hub_journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&journal->mutex, NULL);
    pthread_mutex_init(&journal->files_mutex, NULL);
    pthread_cond_init(&journal->job_changed, &attributes);
    pthread_cond_init(&journal->spare_changed, &attributes);
    pthread_condattr_destroy(&attributes);
    journal->dir_fd = -1;
    journal->lock_fd = -1;
    journal->current.fd = -1;
    journal->spare.fd = -1;
    journal->spare.work_fd = -1;
    for (size_t i = 0; i < HUB_FILE_CACHE; i++)
        journal->files[i].fd = -1;
    journal->read_only = options->read_only;
    journal->segment_bytes = options->segment_bytes;
    if (journal->segment_bytes == 0)
        journal->segment_bytes = HUB_JOURNAL_SEGMENT_BYTES;
    journal->retry_ms = options->retry_ms == 0 ? RETRY_MS : options->retry_ms;
    journal->applied_size = options->applied_size;
    journal->published_size = options->published_size;
    if (options->hub_id != NULL)
        snprintf(journal->hub_id, sizeof journal->hub_id, "%s", options->hub_id);
    return journal;
}

/* Signals are for the threads of the program, not for these. */
static enum rh_err start_threads(struct hub_journal *journal)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&journal->writer, NULL, hub_journal_writer, journal);
    if (failed == 0) {
        failed = pthread_create(&journal->maker, NULL, hub_spare_maker, journal);
        journal->threads = failed == 0;
        if (failed != 0) {
            pthread_mutex_lock(&journal->mutex);
            journal->stopping = true;
            pthread_cond_broadcast(&journal->job_changed);
            pthread_mutex_unlock(&journal->mutex);
            pthread_join(journal->writer, NULL);
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? RH_OK : RH_ERR_NOMEM;
}

static enum rh_err open_writing(struct hub_journal *journal, struct hub_journal_report *report)
{
    enum rh_err err = take_lock(journal, report);
    if (err != RH_OK)
        return err;
    err = hub_journal_recover(journal, report);
    if (err != RH_OK)
        return err;
    journal->build.payload = malloc(HUB_PAYLOAD_BYTES_MAX);
    journal->build.disk = malloc(HUB_JOURNAL_FRAME_BYTES_MAX);
    if (journal->build.payload == NULL || journal->build.disk == NULL) {
        snprintf(report->text, sizeof report->text, "%s", _("no memory for the frame buffers"));
        return RH_ERR_NOMEM;
    }
    err = start_threads(journal);
    if (err != RH_OK) {
        snprintf(report->text, sizeof report->text, "%s", _("no thread can be started"));
        return err;
    }
    if (journal->current.fd >= 0)
        return RH_OK;
    err = hub_spare_await(journal);
    if (err != RH_OK) {
        pthread_mutex_lock(&journal->mutex);
        snprintf(report->text, sizeof report->text, "%s",
                 journal->failed ? rh_text(rh_err_text(RH_ERR_IO)) : journal->spare.text);
        pthread_mutex_unlock(&journal->mutex);
    }
    return err;
}

static enum rh_err open_reading(struct hub_journal *journal, struct hub_journal_report *report)
{
    enum rh_err err = hub_segment_list(journal->dir_fd, &journal->segments,
                                       &journal->segment_count);
    if (err == RH_OK && journal->segment_count == 0)
        err = RH_ERR_NOTFOUND;
    if (err == RH_OK)
        snprintf(report->text, sizeof report->text, _("segments: %zu, read only"),
                 journal->segment_count);
    else
        snprintf(report->text, sizeof report->text, _("no journal can be read here: %s"),
                 rh_text(rh_err_text(err)));
    return err;
}

enum rh_err hub_journal_open(const struct hub_journal_options *options,
                             struct hub_journal **out, struct hub_journal_report *report)
{
    *out = NULL;
    memset(report, 0, sizeof *report);
    enum rh_err err = check_options(options, report);
    if (err != RH_OK)
        return err;
    struct hub_journal *journal = journal_new(options);
    if (journal == NULL)
        return RH_ERR_NOMEM;
    err = open_directory(journal, options, report);
    if (err == RH_OK)
        err = options->read_only ? open_reading(journal, report)
                                 : open_writing(journal, report);
    if (err != RH_OK)
        hub_journal_close(&journal);
    *out = journal;
    return err;
}

static void stop_threads(struct hub_journal *journal)
{
    if (!journal->threads)
        return;
    pthread_mutex_lock(&journal->mutex);
    while (journal->job == HUB_JOB_SUBMITTED)
        pthread_cond_wait(&journal->job_changed, &journal->mutex);
    journal->stopping = true;
    pthread_cond_broadcast(&journal->job_changed);
    pthread_cond_broadcast(&journal->spare_changed);
    pthread_mutex_unlock(&journal->mutex);
    pthread_join(journal->writer, NULL);
    pthread_join(journal->maker, NULL);
}

void hub_journal_close(struct hub_journal **out)
{
    struct hub_journal *journal = *out;
    if (journal == NULL)
        return;
    *out = NULL;
    stop_threads(journal);
    int fds[] = { journal->current.fd, journal->spare.fd, journal->spare.work_fd,
                  journal->lock_fd, journal->dir_fd };
    for (size_t i = 0; i < HUB_FILE_CACHE; i++) {
        if (journal->files[i].fd >= 0)
            close(journal->files[i].fd);
    }
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    pthread_cond_destroy(&journal->spare_changed);
    pthread_cond_destroy(&journal->job_changed);
    pthread_mutex_destroy(&journal->files_mutex);
    pthread_mutex_destroy(&journal->mutex);
    free(journal->segments);
    free(journal->build.payload);
    free(journal->build.disk);
    free(journal);
}

void hub_journal_state(struct hub_journal *journal, struct hub_journal_state *out)
{
    memset(out, 0, sizeof *out);
    pthread_mutex_lock(&journal->mutex);
    out->failed = journal->failed;
    out->first_index = journal->segment_count == 0 ? 0 : journal->segments[0];
    out->next_index = journal->next_index;
    out->next_frame = journal->next_frame;
    out->last_term = journal->last_term;
    out->last_time_ms = journal->last_time_ms;
    out->last_checksum = journal->last_checksum;
    out->segment = journal->current.segment;
    out->segment_offset = journal->current.offset;
    out->segment_bytes = journal->current.bytes;
    out->segment_count = (uint32_t)journal->segment_count;
    out->spare = journal->spare.state;
    memcpy(out->spare_text, journal->spare.text, sizeof out->spare_text);
    out->spare_waits = journal->spare.waits;
    memcpy(out->hub_id, journal->newest_hub_id, sizeof out->hub_id);
    pthread_mutex_unlock(&journal->mutex);
}
