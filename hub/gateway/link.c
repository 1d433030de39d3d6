#define _GNU_SOURCE /* memfd_create, seals */
#include "gateway/link.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    RING_BYTES = 16 * 1024 * 1024,
    MEMORY_BYTES = 512 * 1024 * 1024,
    FRAMES_PER_SECOND = 2000,
    BYTES_PER_SECOND = 64 * 1024 * 1024,
    REAP_MS = 20,
    STOP_MS = 1500,
    ARGUMENTS = 18,
    NUMBER_BYTES = 24,
    FD_ABOVE = 10 /* our descriptors must not be among those the door gets */
};

uint64_t hub_link_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t hub_link_now_ms(void)
{
    return hub_link_now_us() / 1000;
}

enum rh_err hub_link_init(struct hub_link *link, const struct hub_gateway_options *options)
{
    *link = (struct hub_link){ .state = HUB_LINK_DOWN, .control = -1 };
    if (options->endpoint == NULL || options->program == NULL ||
        options->transport_key == NULL || strlen(options->endpoint) >= sizeof link->endpoint)
        return RH_ERR_CONFIG;
    memcpy(link->endpoint, options->endpoint, strlen(options->endpoint) + 1);
    link->ring_capacity =
        hub_ring_capacity(options->ring_bytes > 0 ? options->ring_bytes : RING_BYTES);
    link->memory_bytes =
        options->door_memory_bytes > 0 ? options->door_memory_bytes : MEMORY_BYTES;
    link->frames_per_second =
        options->bundles_per_second > 0 ? options->bundles_per_second : FRAMES_PER_SECOND;
    link->bytes_per_second =
        options->bytes_per_second > 0 ? options->bytes_per_second : BYTES_PER_SECOND;
    link->backoff_ms = HUB_LINK_BACKOFF_MS_MIN;
    link->program = strdup(options->program);
    link->key_path = strdup(options->transport_key);
    link->overflow = malloc(HUB_OVERFLOW_BYTES);
    if (link->program != NULL && link->key_path != NULL && link->overflow != NULL)
        return RH_OK;
    hub_link_fini(link);
    return RH_ERR_NOMEM;
}

/* Starting ------------------------------------------------------------------------------ */

/* Sealed memory for both rings, mapped here; the descriptor in *fd. */
static bool make_memory(struct hub_link *link, int *fd)
{
    size_t bytes = 2 * hub_ring_bytes(link->ring_capacity);
    int low = memfd_create("rhub-door", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    *fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, FD_ABOVE);
    if (low >= 0)
        close(low);
    if (*fd < 0 || ftruncate(*fd, (off_t)bytes) != 0 ||
        fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return false;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (memory == MAP_FAILED)
        return false;
    link->memory = memory;
    hub_ring_attach(&link->out, memory, link->ring_capacity);
    hub_ring_attach(&link->in, link->memory + bytes / 2, link->ring_capacity);
    return true;
}

static bool make_control(struct hub_link *link, int *theirs)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    link->control = pair[0];
    *theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, FD_ABOVE);
    close(pair[1]);
    return *theirs >= 0;
}

/* The door gets its standard error, the memory, its end of the socket, no environment and no
 * signal mask of ours. */
static int spawn(struct hub_link *link, char *const *argv, int memory_fd, int control_fd)
{
    static char *const no_environment[] = { NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    int failed =
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&files, memory_fd, HUB_DOOR_MEMORY_FD);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&files, control_fd, HUB_DOOR_CONTROL_FD);
    if (failed == 0)
        failed = posix_spawnattr_setsigmask(&attributes, &none);
    if (failed == 0)
        failed = posix_spawnattr_setsigdefault(&attributes, &all);
    if (failed == 0)
        failed = posix_spawnattr_setflags(&attributes,
                                          POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (failed == 0)
        failed =
            posix_spawn(&link->pid, link->program, &files, &attributes, argv, no_environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (failed != 0)
        link->pid = 0;
    return failed;
}

static int spawn_door(struct hub_link *link, int memory_fd, int control_fd)
{
    char numbers[5][NUMBER_BYTES];
    static char door[] = "--door", endpoint[] = "--endpoint", key[] = "--key",
                ring[] = "--ring", memory[] = "--memory", frames[] = "--frames",
                bytes[] = "--bytes", parent[] = "--parent";
    snprintf(numbers[0], NUMBER_BYTES, "%" PRIu64, link->ring_capacity);
    snprintf(numbers[1], NUMBER_BYTES, "%" PRIu64, link->memory_bytes);
    snprintf(numbers[2], NUMBER_BYTES, "%" PRIu32, link->frames_per_second);
    snprintf(numbers[3], NUMBER_BYTES, "%" PRIu64, link->bytes_per_second);
    snprintf(numbers[4], NUMBER_BYTES, "%ld", (long)getpid());
    char *argv[ARGUMENTS] = { link->program, door,           endpoint, link->endpoint,
                              key,           link->key_path, ring,     numbers[0],
                              memory,        numbers[1],     frames,   numbers[2],
                              bytes,         numbers[3],     parent,   numbers[4],
                              NULL };
    return spawn(link, argv, memory_fd, control_fd);
}

static void forget_door(struct hub_link *link)
{
    if (link->control >= 0)
        close(link->control);
    if (link->memory != NULL)
        munmap(link->memory, 2 * hub_ring_bytes(link->ring_capacity));
    link->control = -1;
    link->memory = NULL;
    link->overflow_first = link->overflow_end = 0;
    link->more = false;
    link->killed = false;
}

static void plan_restart(struct hub_link *link, uint64_t now_ms)
{
    if (link->state == HUB_LINK_UP && now_ms - link->up_ms >= HUB_LINK_HEALTHY_MS)
        link->backoff_ms = HUB_LINK_BACKOFF_MS_MIN;
    forget_door(link);
    link->state = HUB_LINK_DOWN;
    link->restart_at_ms = now_ms + link->backoff_ms;
    link->backoff_ms *= 2;
    if (link->backoff_ms > HUB_LINK_BACKOFF_MS_MAX)
        link->backoff_ms = HUB_LINK_BACKOFF_MS_MAX;
}

static void start(struct hub_link *link, uint64_t now_ms)
{
    int memory_fd = -1;
    int control_fd = -1;
    int failed = EIO;
    if (make_memory(link, &memory_fd) && make_control(link, &control_fd))
        failed = spawn_door(link, memory_fd, control_fd);
    if (memory_fd >= 0)
        close(memory_fd);
    if (control_fd >= 0)
        close(control_fd);
    if (failed != 0) {
        snprintf(link->text, sizeof link->text, "the door does not start: %s",
                 strerror(failed));
        plan_restart(link, now_ms);
        return;
    }
    link->generation++;
    link->text[0] = '\0';
    link->state = HUB_LINK_STARTING;
    link->started_ms = now_ms;
    link->more = true;
}

/* Losing -------------------------------------------------------------------------------- */

static void kill_door(struct hub_link *link)
{
    if (link->pid > 0 && !link->killed)
        kill(link->pid, SIGKILL);
    link->killed = true;
}

void hub_link_breach(struct hub_link *link, const char *what)
{
    if (link->killed || link->state == HUB_LINK_DOWN)
        return;
    link->violations++;
    snprintf(link->text, sizeof link->text, "the door was killed: %s", what);
    kill_door(link);
}

/* Empty the socket of wake-ups; a door that floods it gets no more than this for each turn. */
static bool door_is_there(struct hub_link *link)
{
    char bytes[256];
    for (int i = 0; i < 16; i++) {
        ssize_t got = recv(link->control, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got == 0)
            return false;
        if (got < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    }
    return true;
}

/* A door that says nothing though we listened. When we were away ourselves, it gets its time
 * again. */
static bool is_hung(struct hub_link *link, uint64_t now_ms)
{
    if (now_ms - link->served_ms > 2 * HUB_LINK_LOOK_MS)
        link->heard_ms = now_ms;
    link->served_ms = now_ms;
    return link->state == HUB_LINK_UP && now_ms - link->heard_ms > HUB_LINK_SILENT_MS;
}

void hub_link_service(struct hub_link *link, uint64_t now_ms)
{
    bool hung = is_hung(link, now_ms);
    if (link->state == HUB_LINK_DOWN) {
        if (now_ms >= link->restart_at_ms)
            start(link, now_ms);
        return;
    }
    if (!link->killed && !door_is_there(link))
        kill_door(link); /* it has closed its end: dead or as good as dead */
    if (!link->killed && link->state == HUB_LINK_STARTING &&
        now_ms - link->started_ms > HUB_LINK_START_MS) {
        snprintf(link->text, sizeof link->text, "the door was not ready in time");
        kill_door(link);
    }
    if (!link->killed && hung) {
        snprintf(link->text, sizeof link->text, "the door was killed: it did not say anything");
        kill_door(link);
    }
    int status;
    if (link->pid > 0 && waitpid(link->pid, &status, WNOHANG) == link->pid) {
        if (link->text[0] == '\0' && WIFSIGNALED(status))
            snprintf(link->text, sizeof link->text, "the door ended by signal %d",
                     WTERMSIG(status));
        else if (link->text[0] == '\0')
            snprintf(link->text, sizeof link->text, "the door ended with status %d",
                     WIFEXITED(status) ? WEXITSTATUS(status) : -1);
        link->pid = 0;
        plan_restart(link, now_ms);
    }
}

uint32_t hub_link_wait_ms(const struct hub_link *link, uint64_t now_ms)
{
    if (link->state == HUB_LINK_DOWN) {
        if (link->restart_at_ms <= now_ms)
            return 0;
        return (uint32_t)(link->restart_at_ms - now_ms);
    }
    if (link->killed)
        return REAP_MS;
    if (link->more)
        return 0;
    return link->state == HUB_LINK_STARTING ? 10 * REAP_MS : HUB_LINK_LOOK_MS;
}

static void reap_slowly(struct hub_link *link, uint32_t wait_ms)
{
    static const struct timespec pause = { .tv_nsec = 5 * 1000000 };
    uint64_t end_ms = hub_link_now_ms() + wait_ms;
    while (link->pid > 0 && waitpid(link->pid, NULL, WNOHANG) == 0) {
        if (hub_link_now_ms() >= end_ms) {
            kill(link->pid, SIGKILL);
            waitpid(link->pid, NULL, 0);
            break;
        }
        nanosleep(&pause, NULL);
    }
    link->pid = 0;
}

void hub_link_fini(struct hub_link *link)
{
    if (link->state != HUB_LINK_DOWN) {
        if (link->state == HUB_LINK_STARTING || link->killed ||
            hub_link_send(link, HUB_DOOR_STOP, 0, NULL, NULL, 0) != RH_OK ||
            link->overflow_end > 0)
            kill_door(link);
        reap_slowly(link, STOP_MS);
    }
    forget_door(link);
    link->state = HUB_LINK_DOWN;
    free(link->program);
    free(link->key_path);
    free(link->overflow);
    link->program = link->key_path = NULL;
    link->overflow = NULL;
}

/* Talking ------------------------------------------------------------------------------- */

static void wake_door(struct hub_link *link)
{
    ssize_t sent = send(link->control, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* full of wake-ups is awake; closed shows at the next service */
}

static enum rh_err push(struct hub_link *link, const struct hub_ring_record *record,
                        const void *payload)
{
    enum rh_err err = hub_ring_push(&link->out, record, payload);
    if (err == RH_ERR_CORRUPT)
        hub_link_breach(link, "it broke the ring to it");
    if (err == RH_OK && hub_ring_wakes(&link->out))
        wake_door(link);
    return err;
}

/* Move what waits into the ring, as far as it fits. */
static void drain_overflow(struct hub_link *link)
{
    while (link->overflow_first < link->overflow_end) {
        struct hub_ring_record record;
        const uint8_t *at = link->overflow + link->overflow_first;
        memcpy(&record, at, sizeof record);
        if (push(link, &record, at + sizeof record) != RH_OK) {
            hub_ring_starve(&link->out, link->ring_capacity / 2);
            return;
        }
        link->overflow_first += sizeof record + record.bytes;
    }
    link->overflow_first = link->overflow_end = 0;
}

static enum rh_err keep(struct hub_link *link, const struct hub_ring_record *record,
                        const void *payload)
{
    size_t bytes = sizeof *record + record->bytes;
    if (HUB_OVERFLOW_BYTES - link->overflow_end < bytes && link->overflow_first > 0) {
        link->overflow_end -= link->overflow_first;
        memmove(link->overflow, link->overflow + link->overflow_first, link->overflow_end);
        link->overflow_first = 0;
    }
    if (HUB_OVERFLOW_BYTES - link->overflow_end < bytes)
        return RH_ERR_FULL;
    memcpy(link->overflow + link->overflow_end, record, sizeof *record);
    if (record->bytes > 0)
        memcpy(link->overflow + link->overflow_end + sizeof *record, payload, record->bytes);
    link->overflow_end += bytes;
    return RH_OK;
}

enum rh_err hub_link_send(struct hub_link *link, uint32_t type, uint32_t agency,
                          const uint8_t *routing, const void *payload, size_t bytes)
{
    rh_assert(bytes <= HUB_RING_PAYLOAD_MAX);
    if (link->state == HUB_LINK_DOWN || link->killed)
        return RH_ERR_CLOSED;
    struct hub_ring_record record = { .bytes = (uint32_t)bytes,
                                      .type = type,
                                      .agency = agency };
    if (routing != NULL)
        memcpy(record.routing, routing, sizeof record.routing);
    drain_overflow(link);
    enum rh_err err = RH_ERR_FULL;
    if (link->overflow_end == 0)
        err = push(link, &record, payload);
    if (err == RH_ERR_CORRUPT)
        return RH_ERR_CLOSED;
    return err == RH_ERR_FULL ? keep(link, &record, payload) : err;
}

bool hub_link_has_room(struct hub_link *link)
{
    uint64_t wanted = link->ring_capacity / 4 + HUB_RING_PAYLOAD_MAX + 64;
    if (link->state != HUB_LINK_UP || link->killed)
        return false;
    drain_overflow(link);
    if (link->overflow_end == 0 && hub_ring_room(&link->out) >= wanted)
        return true;
    return link->overflow_end == 0 && !hub_ring_starve(&link->out, wanted) && !link->out.broken;
}

/* A text of the door's: terminated, printable ASCII, or it is not taken. */
static bool take_text(char out[HUB_DOOR_TEXT_BYTES], const uint8_t *payload, uint32_t bytes)
{
    memset(out, 0, HUB_DOOR_TEXT_BYTES);
    if (bytes < 2 || bytes > HUB_DOOR_TEXT_BYTES || payload[bytes - 1] != '\0')
        return false;
    for (uint32_t i = 0; i + 1 < bytes; i++)
        if (payload[i] < ' ' || payload[i] > '~')
            return false;
    memcpy(out, payload, bytes);
    return true;
}

static void take_state(struct hub_link *link, const struct hub_ring_record *record,
                       const uint8_t *payload)
{
    bool taken = true;
    if (record->type == HUB_DOOR_FAILED) {
        taken = take_text(link->text, payload, record->bytes);
    } else if (link->state != HUB_LINK_STARTING) {
        taken = false;
    } else {
        char endpoint[HUB_DOOR_TEXT_BYTES];
        taken = take_text(endpoint, payload, record->bytes);
        /* A later door binds what the first one found; what it says about that is its own
         * affair. */
        if (taken && !link->bound)
            memcpy(link->endpoint, endpoint, sizeof endpoint);
        link->bound = true;
        link->state = HUB_LINK_UP;
        link->up_ms = link->heard_ms = hub_link_now_ms();
        link->text[0] = '\0';
    }
    if (!taken)
        hub_link_breach(link, "it sent a record of another form");
}

enum rh_err hub_link_pop(struct hub_link *link, struct hub_ring_record *record,
                         uint8_t *payload)
{
    for (;;) {
        if (link->state == HUB_LINK_DOWN || link->killed)
            return RH_ERR_NOTFOUND;
        enum rh_err err = hub_ring_pop(&link->in, record, payload);
        if (err == RH_ERR_CORRUPT)
            hub_link_breach(link, "it broke the ring from it");
        if (err == RH_ERR_NOTFOUND) {
            link->more = !hub_ring_sleep(&link->in);
            if (link->more)
                continue;
        }
        if (err != RH_OK)
            return RH_ERR_NOTFOUND;
        link->more = true;
        link->heard_ms = link->served_ms;
        if (record->type != HUB_DOOR_READY && record->type != HUB_DOOR_FAILED)
            return RH_OK;
        take_state(link, record, payload);
    }
}
