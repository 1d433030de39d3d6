#include "gateway/worker.h"

#include <rh/refusal.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Jobs are counted from the beginning of the world; a count modulo HUB_JOBS_MAX is a place.
 *
 *     ended <= claimed <= submitted <= ended + HUB_JOBS_MAX
 *
 * Frames lie in the arena in the same order. One that does not fit before the arena's end
 * begins at its start; what is left over at the end belongs to it. */
struct hub_workers {
    pthread_mutex_t mutex;
    pthread_cond_t work;
    uint64_t submitted, claimed;     /* under the mutex, like every job's `done` */
    bool stopping;                   /* under the mutex */
    uint64_t ended;                  /* the submitter's thread only */
    uint64_t arena_begin, arena_end; /* the same; only grow, modulo the arena's size */
    bool begun;
    int wake_fd;
    uint32_t thread_count;
    pthread_t threads[HUB_WORKERS_MAX];
    uint8_t *arena;
    struct hub_job *jobs;
};

/* Verifying ----------------------------------------------------------------------------- */

static uint32_t verify_header(const struct hub_job *job)
{
    const struct rh_bundle_header *header = &job->header;
    if (strcmp(header->hub.text, job->hub.text) != 0)
        return RH_REFUSE_OTHER_HUB;
    if (strcmp(header->sender.text, job->sender.text) != 0)
        return RH_REFUSE_WRONG_SENDER;
    if (memcmp(&header->epoch, &job->epoch, sizeof header->epoch) != 0)
        return RH_REFUSE_EPOCH_CLOSED;
    if (header->suite != RH_SUITE_ED25519)
        return RH_REFUSE_SIGNATURE_BAD;
    return 0;
}

static uint32_t verify_bundle(struct hub_job *job)
{
    job->header.first_n = 0;
    job->lost_count = 0;
    enum rh_err err =
        rh_frame_bundle_decode((struct rh_bytes){ job->frame, job->bytes }, &job->bundle);
    if (err != RH_OK)
        return err == RH_ERR_FULL ? RH_REFUSE_TOO_LARGE : RH_REFUSE_MALFORMED;
    if (rh_bundle_header_decode(job->bundle.header, &job->header) != RH_OK) {
        job->header.first_n = 0;
        return RH_REFUSE_MALFORMED;
    }
    if (job->header.count != job->bundle.count)
        return RH_REFUSE_MALFORMED;
    uint32_t refusal = verify_header(job);
    if (refusal != 0)
        return refusal;

    struct rh_hash root;
    for (uint32_t i = 0; i < job->bundle.count; i++)
        rh_item_digest(&job->bundle.items[i], &job->digests[i]);
    rh_bundle_root(job->digests, job->bundle.count, &root);
    if (!rh_hash_equal(&root, &job->header.root) ||
        rh_sign_verify("rhub/bundle/1", job->bundle.header.data, job->bundle.header.bytes,
                       &job->key, &job->bundle.signature) != RH_OK)
        return RH_REFUSE_SIGNATURE_BAD;
    return hub_lost_verify(job);
}

static uint32_t verify_hello(struct hub_job *job)
{
    if (rh_frame_hello_decode((struct rh_bytes){ job->frame, job->bytes }, &job->greeting) !=
            RH_OK ||
        rh_hello_decode(job->greeting.hello, &job->hello) != RH_OK)
        return RH_REFUSE_MALFORMED;
    if (job->hello.suite != RH_SUITE_ED25519 ||
        rh_sign_verify("rhub/hello/1", job->greeting.hello.data, job->greeting.hello.bytes,
                       &job->key, &job->greeting.signature) != RH_OK)
        return RH_REFUSE_SIGNATURE_BAD;
    return 0;
}

void hub_job_verify(struct hub_job *job)
{
    job->refusal = job->type == HUB_JOB_HELLO ? verify_hello(job) : verify_bundle(job);
}

/* Threads ------------------------------------------------------------------------------- */

static struct hub_job *at(struct hub_workers *workers, uint64_t number)
{
    return &workers->jobs[number % HUB_JOBS_MAX];
}

static void wake(const struct hub_workers *workers)
{
    uint64_t one = 1;
    ssize_t written = write(workers->wake_fd, &one, sizeof one);
    (void)written; /* a full counter is readable too */
}

static void *work(void *argument)
{
    struct hub_workers *workers = argument;
    pthread_mutex_lock(&workers->mutex);
    for (;;) {
        while (!workers->stopping && workers->claimed == workers->submitted)
            pthread_cond_wait(&workers->work, &workers->mutex);
        if (workers->stopping)
            break;
        struct hub_job *job = at(workers, workers->claimed++);
        pthread_mutex_unlock(&workers->mutex);
        hub_job_verify(job);
        pthread_mutex_lock(&workers->mutex);
        job->done = true;
        wake(workers);
    }
    pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

enum rh_err hub_workers_open(uint32_t count, int wake_fd, struct hub_workers **out)
{
    rh_assert(count >= 1 && count <= HUB_WORKERS_MAX);
    *out = NULL;
    struct hub_workers *workers = calloc(1, sizeof *workers);
    if (workers == NULL)
        return RH_ERR_NOMEM;
    workers->wake_fd = wake_fd;
    workers->arena = malloc(HUB_JOB_ARENA_BYTES);
    workers->jobs = calloc(HUB_JOBS_MAX, sizeof *workers->jobs);
    pthread_mutex_init(&workers->mutex, NULL);
    pthread_cond_init(&workers->work, NULL);
    bool good = workers->arena != NULL && workers->jobs != NULL;
    for (uint32_t i = 0; good && i < count; i++) {
        good = pthread_create(&workers->threads[i], NULL, work, workers) == 0;
        workers->thread_count += good;
    }
    if (good)
        *out = workers;
    else
        hub_workers_close(&workers);
    return good ? RH_OK : RH_ERR_NOMEM;
}

void hub_workers_close(struct hub_workers **out)
{
    struct hub_workers *workers = *out;
    if (workers == NULL)
        return;
    pthread_mutex_lock(&workers->mutex);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->work);
    pthread_mutex_unlock(&workers->mutex);
    for (uint32_t i = 0; i < workers->thread_count; i++)
        pthread_join(workers->threads[i], NULL);
    pthread_cond_destroy(&workers->work);
    pthread_mutex_destroy(&workers->mutex);
    free(workers->arena);
    free(workers->jobs);
    free(workers);
    *out = NULL;
}

/* Queue --------------------------------------------------------------------------------- */

struct hub_job *hub_workers_begin(struct hub_workers *workers, uint32_t bytes)
{
    rh_assert(!workers->begun && bytes <= RH_FRAME_BYTES_MAX);
    if (workers->submitted - workers->ended == HUB_JOBS_MAX)
        return NULL;
    uint64_t begin = workers->arena_end;
    uint64_t left = HUB_JOB_ARENA_BYTES - begin % HUB_JOB_ARENA_BYTES;
    if (left < bytes)
        begin += left;
    if (begin + bytes - workers->arena_begin > HUB_JOB_ARENA_BYTES)
        return NULL;
    struct hub_job *job = at(workers, workers->submitted);
    job->frame = workers->arena + begin % HUB_JOB_ARENA_BYTES;
    job->bytes = bytes;
    job->arena_end = begin + bytes;
    job->refusal = 0;
    job->done = false;
    workers->begun = true;
    return job;
}

void hub_workers_submit(struct hub_workers *workers)
{
    rh_assert(workers->begun);
    workers->begun = false;
    workers->arena_end = at(workers, workers->submitted)->arena_end;
    pthread_mutex_lock(&workers->mutex);
    workers->submitted++;
    pthread_mutex_unlock(&workers->mutex);
}

void hub_workers_kick(struct hub_workers *workers)
{
    struct hub_job *lone = NULL;
    pthread_mutex_lock(&workers->mutex);
    if (workers->submitted - workers->ended == 1 && workers->claimed + 1 == workers->submitted)
        lone = at(workers, workers->claimed++);
    else if (workers->claimed < workers->submitted)
        pthread_cond_broadcast(&workers->work);
    pthread_mutex_unlock(&workers->mutex);
    if (lone == NULL)
        return;
    hub_job_verify(lone);
    pthread_mutex_lock(&workers->mutex);
    lone->done = true;
    pthread_mutex_unlock(&workers->mutex);
}

struct hub_job *hub_workers_first(struct hub_workers *workers)
{
    if (workers->ended == workers->submitted)
        return NULL;
    struct hub_job *job = at(workers, workers->ended);
    pthread_mutex_lock(&workers->mutex);
    bool done = job->done;
    pthread_mutex_unlock(&workers->mutex);
    return done ? job : NULL;
}

void hub_workers_end(struct hub_workers *workers)
{
    rh_assert(workers->ended < workers->submitted);
    workers->arena_begin = at(workers, workers->ended)->arena_end;
    workers->ended++;
    if (workers->ended == workers->submitted)
        workers->arena_begin = workers->arena_end;
}

uint32_t hub_workers_count(struct hub_workers *workers)
{
    return (uint32_t)(workers->submitted - workers->ended);
}
