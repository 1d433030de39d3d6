/* The door process: `rhubd --door`, started by gateway/link.c.
 *
 * It holds the ROUTER socket, the transport key and the table of the agencies' transport keys,
 * nothing else. Everything strangers can send is met here first: who they are, how large it
 * is, whether it is canonical, whether its agency has budget left. What passes goes into the
 * ring; when the ring is full the answer is BUSY at once.
 *
 *     main thread: ring -> socket (sends, keys), socket -> checks -> ring
 *     ZAP thread:  handshakes against the key table
 *     ZeroMQ's I/O threads: CURVE, TCP
 *
 * The process is expendable: every doubt ends it, and the gateway starts another. It never
 * outlives its parent. */
#define _GNU_SOURCE /* close_range */
#include "gateway/door.h"

#include "gateway/door_out.h"
#include "gateway/door_socket.h"
#include "gateway/gateway.h"

#include <rh/refusal.h>
#include <rh/seal.h>
#include <rh/wire.h>

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

enum {
    EXIT_FAILED = 70,
    EXIT_USAGE = 64,
    IO_THREADS = 2,
    ARENAS = 2,              /* each reserves 64 MiB of the address space we are limited to */
    MMAP_BYTES = 128 * 1024, /* larger blocks go back to the system when freed */
    FILES_MAX = 65536,
    RECORDS_PER_TURN = 1024,
    MESSAGES_PER_TURN = 256,
    RETRY_FLUSH_MS = 1,      /* ZeroMQ cannot tell when one connection's pipe has room */
    COUNTERS_EVERY_MS = 500, /* when they changed; */
    ALIVE_EVERY_MS = 2000,   /* and in any case, or the gateway takes us for hung */
    FULL_RETRY_MS = 250
};

struct options {
    const char *endpoint, *key_path;
    uint64_t ring_capacity, memory_bytes, bytes_per_second;
    uint32_t frames_per_second;
    pid_t parent;
};

struct door {
    struct options options;
    struct rh_secret secret;
    void *context, *socket;
    struct hub_ring in;  /* from the engine */
    struct hub_ring out; /* to the engine */
    struct hub_door_keys *keys;
    struct hub_door_zap zap;
    struct hub_door_out sends;
    struct hub_door_counters counters;
    struct hub_door_counters told; /* as last pushed */
    uint64_t told_ms;
    bool keys_done, stopping;
    char text[HUB_DOOR_TEXT_BYTES];
    uint8_t frame[HUB_RING_PAYLOAD_MAX];
};

static bool read_options(int argc, char **argv, struct options *out)
{
    *out = (struct options){ 0 };
    /* argv may begin with the program's name or with --door itself. */
    int first = argc > 0 && strcmp(argv[0], "--door") == 0 ? 1 : 2;
    for (int i = first; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        uint64_t number = strtoull(value, NULL, 10);
        if (strcmp(name, "--endpoint") == 0)
            out->endpoint = value;
        else if (strcmp(name, "--key") == 0)
            out->key_path = value;
        else if (strcmp(name, "--ring") == 0)
            out->ring_capacity = number;
        else if (strcmp(name, "--memory") == 0)
            out->memory_bytes = number;
        else if (strcmp(name, "--frames") == 0)
            out->frames_per_second = (uint32_t)number;
        else if (strcmp(name, "--bytes") == 0)
            out->bytes_per_second = number;
        else if (strcmp(name, "--parent") == 0)
            out->parent = (pid_t)number;
        else
            return false;
    }
    return out->endpoint != NULL && out->key_path != NULL && out->memory_bytes > 0 &&
           out->frames_per_second > 0 && out->bytes_per_second > 0 &&
           out->ring_capacity == hub_ring_capacity(out->ring_capacity);
}

static void limit(int resource, uint64_t value)
{
    struct rlimit now;
    if (getrlimit(resource, &now) != 0)
        return;
    if (now.rlim_max == RLIM_INFINITY || now.rlim_max > value)
        now.rlim_max = (rlim_t)value;
    now.rlim_cur = now.rlim_max;
    setrlimit(resource, &now);
}

/* Give away what the door does not need, before it meets anybody. */
static bool confine(const struct options *options)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != options->parent)
        return false; /* the parent went before we could ask to be told */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    close_range(HUB_DOOR_CONTROL_FD + 1, ~0U, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, FILES_MAX);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    limit(RLIMIT_AS, options->memory_bytes); /* sanitizers reserve terabytes */
#endif
    mallopt(M_ARENA_MAX, ARENAS);
    mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
    /* Ends come from the gateway: a signal to the whole group must not cut answers short. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    return true;
}

static void wake_engine(void)
{
    ssize_t sent = send(HUB_DOOR_CONTROL_FD, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* full of wake-ups is awake; closed shows at the next receive */
}

static enum rh_err tell(struct door *door, uint32_t type, uint32_t agency,
                        const uint8_t *routing, const void *payload, size_t bytes)
{
    struct hub_ring_record record = { .bytes = (uint32_t)bytes,
                                      .type = type,
                                      .agency = agency };
    if (routing != NULL)
        memcpy(record.routing, routing, sizeof record.routing);
    enum rh_err err = hub_ring_push(&door->out, &record, payload);
    if (err == RH_OK && hub_ring_wakes(&door->out))
        wake_engine();
    return err;
}

static int fail(struct door *door, const char *text)
{
    fprintf(stderr, "rhubd door: %s\n", text);
    tell(door, HUB_DOOR_FAILED, 0, NULL, text, strlen(text) + 1);
    wake_engine();
    return EXIT_FAILED;
}

/* Answers of the door's own ------------------------------------------------------------- */

static enum rh_err answer_busy(struct door *door, const uint8_t *routing, uint32_t retry_ms,
                               const uint8_t *frame, size_t bytes)
{
    uint8_t memory[64];
    struct rh_writer writer;
    struct rh_frame_busy busy = { .refusal = RH_REFUSE_BUSY_QUOTA,
                                  .retry_ms = retry_ms,
                                  .first_n =
                                      hub_frame_first_n((struct rh_bytes){ frame, bytes }) };
    rh_writer_init(&writer, memory, sizeof memory);
    rh_assert(rh_frame_busy_encode(&busy, &writer) == RH_OK);
    return hub_door_out_answer(&door->sends, routing, memory, writer.bytes);
}

static enum rh_err answer_error(struct door *door, const uint8_t *routing, uint32_t refusal)
{
    uint8_t memory[64];
    struct rh_writer writer;
    struct rh_frame_error error = { .refusal = refusal };
    rh_writer_init(&writer, memory, sizeof memory);
    rh_assert(rh_frame_error_encode(&error, &writer) == RH_OK);
    return hub_door_out_answer(&door->sends, routing, memory, writer.bytes);
}

/* From clients -------------------------------------------------------------------------- */

static bool is_from_client(struct rh_bytes frame)
{
    unsigned type = (unsigned)rh_frame_type_of(frame);
    return type >= RH_FRAME_OPEN && type <= RH_FRAME_EXTEND;
}

/* One message of one part from an admitted connection. */
static enum rh_err take_frame(struct door *door, const uint8_t *routing, const char *user,
                              const uint8_t *frame, size_t bytes)
{
    uint32_t agency;
    enum rh_err standing = hub_door_keys_check(door->keys, user, &agency);
    if (standing == RH_ERR_INVALID) {
        door->counters.nameless++; /* the authenticator was not asked: must never happen */
        return RH_OK;
    }
    if (standing != RH_OK) {
        door->counters.revoked++;
        return answer_error(door, routing, RH_REFUSE_KEY_REVOKED);
    }
    if (bytes > RH_FRAME_BYTES_MAX)
        return answer_error(door, routing, RH_REFUSE_TOO_LARGE);
    uint32_t retry_ms = hub_door_keys_spend(door->keys, agency, bytes, hub_door_now_ms());
    if (retry_ms > 0) {
        door->counters.quota++;
        return answer_busy(door, routing, retry_ms, frame, bytes);
    }
    if (rh_codec_check(frame, bytes, RH_FRAME_BYTES_MAX, NULL) != RH_OK) {
        door->counters.malformed++;
        return answer_error(door, routing, RH_REFUSE_NOT_CANONICAL);
    }
    if (!is_from_client((struct rh_bytes){ frame, bytes })) {
        door->counters.malformed++;
        return answer_error(door, routing, RH_REFUSE_MALFORMED);
    }
    enum rh_err err = tell(door, HUB_DOOR_FRAME, agency, routing, frame, bytes);
    if (err == RH_ERR_FULL) {
        door->counters.full++;
        return answer_busy(door, routing, FULL_RETRY_MS, frame, bytes);
    }
    if (err == RH_OK)
        door->counters.frames++;
    return err;
}

/* The parts of one message: address, payload, and any that should not be there. Returns the
 * number of parts, 0 when there is no message, -1 when the socket failed. */
static int read_message(void *socket, zmq_msg_t *address, zmq_msg_t *payload)
{
    int parts = 0;
    bool more = true;
    while (more) {
        zmq_msg_t rest;
        zmq_msg_init(&rest);
        zmq_msg_t *into = parts == 0 ? address : parts == 1 ? payload : &rest;
        int bytes;
        do {
            bytes = zmq_msg_recv(into, socket, ZMQ_DONTWAIT);
        } while (bytes < 0 && zmq_errno() == EINTR);
        if (bytes >= 0) {
            more = zmq_msg_more(into) != 0;
            if (parts < 3)
                parts++;
        }
        zmq_msg_close(&rest);
        if (bytes < 0)
            return parts == 0 && zmq_errno() == EAGAIN ? 0 : -1;
    }
    return parts;
}

static enum rh_err take_message(struct door *door, bool *none)
{
    zmq_msg_t address, payload;
    enum rh_err err = RH_OK;
    zmq_msg_init(&address);
    zmq_msg_init(&payload);
    int parts = read_message(door->socket, &address, &payload);
    *none = parts == 0;
    if (parts < 0) {
        err = RH_ERR_IO;
    } else if (parts > 0) {
        const uint8_t *routing = zmq_msg_data(&address);
        if (parts != 2)
            door->counters.parts++;
        else if (zmq_msg_size(&address) != HUB_RING_ROUTING_BYTES || routing[0] == 0)
            door->counters.shape++;
        else
            err = take_frame(door, routing, zmq_msg_gets(&payload, "User-Id"),
                             zmq_msg_data(&payload), zmq_msg_size(&payload));
    }
    zmq_msg_close(&address);
    zmq_msg_close(&payload);
    return err;
}

static enum rh_err take_messages(struct door *door)
{
    bool none = false;
    enum rh_err err = RH_OK;
    for (int i = 0; err == RH_OK && !none && i < MESSAGES_PER_TURN; i++)
        err = take_message(door, &none);
    return err;
}

/* From the engine ----------------------------------------------------------------------- */

static enum rh_err obey(struct door *door, const struct hub_ring_record *record)
{
    struct hub_door_key key;
    switch (record->type) {
    case HUB_DOOR_SEND:
        if (door->socket == NULL || record->bytes == 0)
            return RH_ERR_CORRUPT;
        return hub_door_out_send(&door->sends, record->agency, record->routing, door->frame,
                                 record->bytes);
    case HUB_DOOR_KEY:
        if (record->bytes != sizeof key)
            return RH_ERR_CORRUPT;
        memcpy(&key, door->frame, sizeof key);
        hub_door_keys_set(door->keys, record->agency, &key);
        return RH_OK;
    case HUB_DOOR_KEYS_DONE:
        door->keys_done = true;
        return RH_OK;
    case HUB_DOOR_STOP:
        door->stopping = true;
        return RH_OK;
    default:
        return RH_ERR_CORRUPT;
    }
}

/* *more: the turn ended before the ring was empty. */
static enum rh_err take_orders(struct door *door, bool *more)
{
    struct hub_ring_record record;
    enum rh_err err = RH_OK;
    int i;
    *more = false;
    for (i = 0; i < RECORDS_PER_TURN; i++) {
        err = hub_ring_pop(&door->in, &record, door->frame);
        if (err == RH_OK)
            err = obey(door, &record);
        if (err != RH_OK)
            break;
        atomic_store(&door->zap.obeyed, door->in.mine);
    }
    if (i > 0 && hub_ring_feeds(&door->in))
        wake_engine();
    *more = i == RECORDS_PER_TURN;
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* Empty the socket of wake-ups. False when the engine has closed its end. */
static bool engine_is_there(void)
{
    char bytes[64];
    for (;;) {
        ssize_t got = recv(HUB_DOOR_CONTROL_FD, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got == 0)
            return false;
        if (got < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    }
}

/* Main ---------------------------------------------------------------------------------- */

static void tell_gone(struct door *door)
{
    struct hub_door_out *sends = &door->sends;
    uint32_t done = 0;
    while (done < sends->gone_count && tell(door, HUB_DOOR_GONE, sends->gone[done].agency,
                                            sends->gone[done].routing, NULL, 0) == RH_OK)
        done++;
    sends->gone_count -= done;
    memmove(&sends->gone[0], &sends->gone[done], sends->gone_count * sizeof sends->gone[0]);
}

/* Keys that were refused, as far as there is room: one that is not told is counted on. */
static void tell_strangers(struct door *door)
{
    struct hub_door_stranger stranger;
    while (hub_door_zap_stranger(&door->zap, hub_door_now_ms(), &stranger))
        (void)tell(door, HUB_DOOR_STRANGER, 0, NULL, &stranger, sizeof stranger);
}

static void tell_counters(struct door *door)
{
    uint64_t now_ms = hub_door_now_ms();
    uint64_t passed_ms = now_ms - door->told_ms;
    if (passed_ms < COUNTERS_EVERY_MS)
        return;
    door->counters.admitted = atomic_load(&door->zap.admitted);
    door->counters.unknown = atomic_load(&door->zap.unknown);
    door->counters.hurried = atomic_load(&door->zap.hurried);
    if (passed_ms < ALIVE_EVERY_MS &&
        memcmp(&door->told, &door->counters, sizeof door->told) == 0)
        return;
    door->told_ms = now_ms;
    tell_strangers(door);
    if (tell(door, HUB_DOOR_COUNTERS, 0, NULL, &door->counters, sizeof door->counters) == RH_OK)
        door->told = door->counters;
}

static long wait_ms(struct door *door, bool more)
{
    if (more || !hub_ring_sleep(&door->in))
        return 0;
    return door->sends.peer_count > 0 ? RETRY_FLUSH_MS : COUNTERS_EVERY_MS;
}

static enum rh_err turn(struct door *door)
{
    bool more;
    enum rh_err err = take_orders(door, &more);
    if (err == RH_OK)
        err = hub_door_out_flush(&door->sends);
    if (err == RH_OK)
        err = take_messages(door);
    tell_gone(door);
    tell_counters(door);
    if (err != RH_OK || door->stopping)
        return err;
    zmq_pollitem_t items[] = { { .socket = door->socket, .events = ZMQ_POLLIN },
                               { .fd = HUB_DOOR_CONTROL_FD, .events = ZMQ_POLLIN } };
    if (zmq_poll(items, 2, wait_ms(door, more)) < 0 && zmq_errno() != EINTR)
        return RH_ERR_IO;
    return engine_is_there() ? RH_OK : RH_ERR_CLOSED;
}

/* Wait for the whole key table, so that no agency is refused because we just began. */
static enum rh_err await_keys(struct door *door)
{
    while (!door->keys_done && !door->stopping) {
        bool more;
        enum rh_err err = take_orders(door, &more);
        if (err != RH_OK)
            return err;
        zmq_pollitem_t item = { .fd = HUB_DOOR_CONTROL_FD, .events = ZMQ_POLLIN };
        if (zmq_poll(&item, 1, wait_ms(door, more || door->keys_done)) < 0 &&
            zmq_errno() != EINTR)
            return RH_ERR_IO;
        if (!engine_is_there())
            return RH_ERR_CLOSED;
    }
    return RH_OK;
}

static int serve(struct door *door)
{
    char endpoint[HUB_DOOR_TEXT_BYTES];
    if (await_keys(door) != RH_OK)
        return EXIT_FAILED;
    if (hub_door_zap_start(door->context, &door->zap) != RH_OK)
        return fail(door, "the authenticator does not start");
    enum rh_err err = hub_door_socket_open(door->context, &door->secret, door->options.endpoint,
                                           &door->socket, endpoint, door->text);
    if (err != RH_OK)
        return fail(door, door->text);
    door->sends.socket = door->socket;
    door->sends.counters = &door->counters;
    if (hub_door_socket_test(door->context, &door->secret, endpoint) != RH_OK)
        return fail(door, "self-test: a key nobody knows was not refused");
    hub_door_zap_forget(&door->zap);
    rh_wipe(&door->secret, sizeof door->secret);
    if (tell(door, HUB_DOOR_READY, 0, NULL, endpoint, strlen(endpoint) + 1) != RH_OK)
        return EXIT_FAILED;

    while (err == RH_OK && !door->stopping)
        err = turn(door);
    if (err != RH_OK && err != RH_ERR_CLOSED) {
        snprintf(door->text, sizeof door->text, "stopping: %s", rh_err_text(err));
        return fail(door, door->text);
    }
    return 0;
}

static bool attach(struct door *door)
{
    size_t one = hub_ring_bytes(door->options.ring_capacity);
    uint8_t *memory =
        mmap(NULL, 2 * one, PROT_READ | PROT_WRITE, MAP_SHARED, HUB_DOOR_MEMORY_FD, 0);
    if (memory == MAP_FAILED)
        return false;
    hub_ring_attach(&door->in, memory, door->options.ring_capacity);
    hub_ring_attach(&door->out, memory + one, door->options.ring_capacity);
    return true;
}

static int run(struct door *door)
{
    if (!attach(door))
        return EXIT_FAILED;
    enum rh_err err = rh_secret_load(door->options.key_path, RH_KEY_TRANSPORT, &door->secret);
    if (err != RH_OK) {
        snprintf(door->text, sizeof door->text, "%.100s: %s", door->options.key_path,
                 rh_err_text(err));
        return fail(door, door->text);
    }
    if (hub_door_keys_new(door->options.frames_per_second, door->options.bytes_per_second,
                          &door->keys) != RH_OK)
        return fail(door, "no memory");
    door->zap.keys = door->keys;
    door->zap.orders = &door->in;
    door->context = zmq_ctx_new();
    if (door->context == NULL || zmq_ctx_set(door->context, ZMQ_IO_THREADS, IO_THREADS) != 0)
        return fail(door, "ZeroMQ does not start");

    int status = serve(door);
    if (door->socket != NULL)
        zmq_close(door->socket);
    zmq_ctx_term(door->context); /* lets what was sent out, at most the linger time */
    hub_door_keys_destroy(&door->keys);
    return status;
}

int hub_door_main(int argc, char **argv)
{
    struct options options;
    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "rhubd door: started by rhubd only\n");
        return EXIT_USAGE;
    }
    if (!confine(&options))
        return EXIT_FAILED;
    struct door *door = calloc(1, sizeof *door);
    if (door == NULL)
        return EXIT_FAILED;
    door->options = options;
    int status = run(door);
    free(door);
    return status;
}
