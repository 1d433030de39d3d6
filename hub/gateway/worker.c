#include "gateway/worker.h"

#include "gateway/door.h"

#include <rh/refusal.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ITEM_BYTES = 2048 };

/* Jobs are counted from the beginning of the world; a count modulo HUB_JOBS_MAX is a place.
 *
 *     freed <= submitted <= freed + HUB_JOBS_MAX
 *
 * Frames lie in the arena in order of arrival. One that does not fit before the arena's end
 * begins at its start; what is left over at the end belongs to it. Jobs end in another order
 * (fair.h), so place and memory of one are free when it and all that came before it have ended.
 * The oldest job is the first of its agency and its tag does not grow while it waits: it is not
 * kept for long. */
struct hub_workers {
    pthread_mutex_t mutex;
    pthread_cond_t work;
    struct hub_fair fair;            /* under the mutex: whose job is next */
    bool stopping;                   /* under the mutex */
    uint64_t submitted, freed;       /* the submitter's thread only, like every job's `over` */
    uint32_t open;                   /* the same; submitted and not ended */
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

static void verify_job(struct hub_job *job)
{
    job->refusal = job->type == HUB_JOB_HELLO ? verify_hello(job) : verify_bundle(job);
}

/* Threads ------------------------------------------------------------------------------- */

static struct hub_job *at(struct hub_workers *workers, uint64_t number)
{
    return &workers->jobs[number % HUB_JOBS_MAX];
}

/* What a job costs the engine: its bytes, and each item as much as so many. */
static uint64_t cost_of(const struct hub_job *job)
{
    bool items = job->type == HUB_JOB_BUNDLE && job->refusal == 0;
    return job->bytes + 1 + (items ? (uint64_t)job->bundle.count * ITEM_BYTES : 0);
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
        while (!workers->stopping && workers->fair.waiting == 0)
            pthread_cond_wait(&workers->work, &workers->mutex);
        if (workers->stopping)
            break;
        uint32_t place = hub_fair_claim(&workers->fair);
        pthread_mutex_unlock(&workers->mutex);
        verify_job(&workers->jobs[place]);
        pthread_mutex_lock(&workers->mutex);
        hub_fair_done(&workers->fair, place, cost_of(&workers->jobs[place]));
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
    enum rh_err fair = hub_fair_init(&workers->fair, HUB_DOOR_AGENCIES_MAX);
    workers->arena = malloc(HUB_JOB_ARENA_BYTES);
    workers->jobs = calloc(HUB_JOBS_MAX, sizeof *workers->jobs);
    pthread_mutex_init(&workers->mutex, NULL);
    pthread_cond_init(&workers->work, NULL);
    bool good = fair == RH_OK && workers->arena != NULL && workers->jobs != NULL;
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
    hub_fair_fini(&workers->fair);
    free(workers->arena);
    free(workers->jobs);
    free(workers);
    *out = NULL;
}

/* Queue --------------------------------------------------------------------------------- */

struct hub_job *hub_workers_begin(struct hub_workers *workers, uint32_t bytes)
{
    rh_assert(!workers->begun && bytes <= RH_FRAME_BYTES_MAX);
    if (hub_workers_full(workers))
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
    job->over = false;
    workers->begun = true;
    return job;
}

void hub_workers_submit(struct hub_workers *workers)
{
    rh_assert(workers->begun);
    struct hub_job *job = at(workers, workers->submitted);
    uint32_t place = (uint32_t)(workers->submitted % HUB_JOBS_MAX);
    workers->begun = false;
    workers->arena_end = job->arena_end;
    workers->submitted++;
    workers->open++;
    pthread_mutex_lock(&workers->mutex);
    hub_fair_push(&workers->fair, place, job->agency, job->bytes + 1u);
    pthread_mutex_unlock(&workers->mutex);
}

void hub_workers_kick(struct hub_workers *workers)
{
    uint32_t lone = HUB_FAIR_NONE;
    pthread_mutex_lock(&workers->mutex);
    if (workers->open == 1)
        lone = hub_fair_claim(&workers->fair);
    else if (workers->fair.waiting > 0)
        pthread_cond_broadcast(&workers->work);
    pthread_mutex_unlock(&workers->mutex);
    if (lone == HUB_FAIR_NONE)
        return;
    verify_job(&workers->jobs[lone]);
    pthread_mutex_lock(&workers->mutex);
    hub_fair_done(&workers->fair, lone, cost_of(&workers->jobs[lone]));
    pthread_mutex_unlock(&workers->mutex);
}

struct hub_job *hub_workers_first(struct hub_workers *workers)
{
    if (workers->open == 0)
        return NULL;
    pthread_mutex_lock(&workers->mutex);
    uint32_t place = hub_fair_first(&workers->fair);
    pthread_mutex_unlock(&workers->mutex);
    return place == HUB_FAIR_NONE ? NULL : &workers->jobs[place];
}

void hub_workers_end(struct hub_workers *workers, struct hub_job *job)
{
    rh_assert(workers->open > 0 && !job->over);
    pthread_mutex_lock(&workers->mutex);
    hub_fair_end(&workers->fair, (uint32_t)(job - workers->jobs));
    pthread_mutex_unlock(&workers->mutex);
    job->over = true;
    workers->open--;
    while (workers->freed < workers->submitted && at(workers, workers->freed)->over) {
        workers->arena_begin = at(workers, workers->freed)->arena_end;
        workers->freed++;
    }
    if (workers->freed == workers->submitted)
        workers->arena_begin = workers->arena_end;
}

uint32_t hub_workers_count(const struct hub_workers *workers)
{
    return workers->open;
}

bool hub_workers_full(const struct hub_workers *workers)
{
    return workers->submitted - workers->freed == HUB_JOBS_MAX;
}

void hub_workers_room(const struct hub_workers *workers, uint32_t *jobs, uint64_t *bytes)
{
    *jobs = HUB_JOBS_MAX - (uint32_t)(workers->submitted - workers->freed);
    *bytes = HUB_JOB_ARENA_BYTES - (workers->arena_end - workers->arena_begin);
}
