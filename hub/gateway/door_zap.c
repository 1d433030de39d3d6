#include "gateway/door_zap.h"

#include "gateway/door_socket.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { PARTS = 7, PART_BYTES_MAX = 255, LATE_KEY_MS = 100 };

/* Parts of a request, in their order. */
enum { VERSION, REQUEST_ID, DOMAIN, ADDRESS, IDENTITY, MECHANISM, KEY };

struct part {
    uint8_t data[PART_BYTES_MAX];
    size_t bytes;
};

struct thread {
    void *socket;
    struct hub_door_zap *zap;
};

/* Read one whole request. False when it has another form (all of it was read), or when the
 * context ends (*gone). */
static bool read_request(void *socket, struct part parts[PARTS], bool *gone)
{
    bool fits = true;
    int more = 1;
    size_t count = 0;
    *gone = false;
    while (more) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        int bytes;
        do {
            bytes = zmq_msg_recv(&message, socket, 0);
        } while (bytes < 0 && zmq_errno() == EINTR);
        if (bytes < 0) {
            zmq_msg_close(&message);
            *gone = true;
            return false;
        }
        if (count < PARTS && zmq_msg_size(&message) <= PART_BYTES_MAX) {
            parts[count].bytes = zmq_msg_size(&message);
            memcpy(parts[count].data, zmq_msg_data(&message), parts[count].bytes);
        } else {
            fits = false;
        }
        count++;
        more = zmq_msg_more(&message);
        zmq_msg_close(&message);
    }
    return fits && count == PARTS;
}

static bool part_is(const struct part *part, const char *text)
{
    return part->bytes == strlen(text) && memcmp(part->data, text, part->bytes) == 0;
}

/* A key nobody knows may be on its way: who was just told that an agency is enrolled must find
 * its key known. What the engine had written when we were asked is waited for, no more. */
static enum hub_door_admission admit(struct hub_door_zap *zap, const uint8_t key[32],
                                     char user[HUB_DOOR_USER_BYTES])
{
    static const struct timespec pause = { .tv_nsec = 1000000 };
    uint64_t written = hub_ring_tail(zap->orders);
    for (int i = 0; i < LATE_KEY_MS; i++) {
        bool settled = atomic_load(&zap->obeyed) >= written;
        enum hub_door_admission answer =
            hub_door_keys_admit(zap->keys, key, hub_door_now_ms(), user);
        if (settled || answer != HUB_DOOR_REFUSE)
            return answer;
        nanosleep(&pause, NULL);
    }
    return HUB_DOOR_REFUSE;
}

/* Keep a refused key for the engine to hear of. */
static void note_stranger(struct hub_door_zap *zap, const struct part parts[PARTS])
{
    static const struct hub_door_stranger nobody;
    uint8_t key[32] = { 0 };
    if (part_is(&parts[DOMAIN], HUB_DOOR_ZAP_DOMAIN) && parts[KEY].bytes == sizeof key)
        memcpy(key, parts[KEY].data, sizeof key);
    pthread_mutex_lock(&zap->lock);
    struct hub_door_stranger *place = NULL;
    for (size_t i = 0; i < HUB_DOOR_STRANGERS_MAX; i++) {
        struct hub_door_stranger *one = &zap->strangers[i];
        bool taken = one->count > 0 || zap->told_ms[i] != 0;
        if (taken && memcmp(one->key, key, sizeof key) == 0) {
            place = one;
            break;
        }
        if (!taken && place == NULL)
            place = one;
    }
    if (place != NULL) {
        uint64_t count = place->count;
        *place = nobody;
        memcpy(place->key, key, sizeof key);
        place->count = count + 1;
        size_t bytes = parts[ADDRESS].bytes;
        if (bytes >= sizeof place->address)
            bytes = sizeof place->address - 1;
        for (size_t i = 0; i < bytes; i++) {
            uint8_t byte = parts[ADDRESS].data[i];
            place->address[i] = byte > ' ' && byte <= '~' ? (char)byte : '?';
        }
    }
    pthread_mutex_unlock(&zap->lock);
}

bool hub_door_zap_stranger(struct hub_door_zap *zap, uint64_t now_ms,
                           struct hub_door_stranger *out)
{
    bool found = false;
    pthread_mutex_lock(&zap->lock);
    for (size_t i = 0; i < HUB_DOOR_STRANGERS_MAX; i++) {
        struct hub_door_stranger *one = &zap->strangers[i];
        bool rests = zap->told_ms[i] != 0 && now_ms - zap->told_ms[i] < HUB_DOOR_STRANGER_MS;
        if (rests)
            continue;
        zap->told_ms[i] = 0;
        if (found || one->count == 0)
            continue;
        *out = *one;
        one->count = 0;
        zap->told_ms[i] = now_ms;
        found = true;
    }
    pthread_mutex_unlock(&zap->lock);
    return found;
}

void hub_door_zap_forget(struct hub_door_zap *zap)
{
    pthread_mutex_lock(&zap->lock);
    memset(zap->strangers, 0, sizeof zap->strangers);
    memset(zap->told_ms, 0, sizeof zap->told_ms);
    pthread_mutex_unlock(&zap->lock);
}

/* Status, text and user id of the reply. */
static const char *decide(struct hub_door_zap *zap, const struct part parts[PARTS],
                          const char **text, char user[HUB_DOOR_USER_BYTES])
{
    user[0] = '\0';
    if (!part_is(&parts[DOMAIN], HUB_DOOR_ZAP_DOMAIN) || !part_is(&parts[MECHANISM], "CURVE") ||
        parts[KEY].bytes != 32) {
        atomic_fetch_add(&zap->unknown, 1);
        note_stranger(zap, parts);
        *text = "refused";
        return "400";
    }
    switch (admit(zap, parts[KEY].data, user)) {
    case HUB_DOOR_ADMIT:
        atomic_fetch_add(&zap->admitted, 1);
        *text = "welcome";
        return "200";
    case HUB_DOOR_LATER:
        atomic_fetch_add(&zap->hurried, 1);
        user[0] = '\0';
        *text = "too many connections, try again later";
        return "300";
    case HUB_DOOR_REFUSE:
        break;
    }
    atomic_fetch_add(&zap->unknown, 1);
    note_stranger(zap, parts);
    *text = "refused";
    return "400";
}

static bool send_part(void *socket, const void *data, size_t bytes, bool more)
{
    int sent;
    do {
        sent = zmq_send(socket, data, bytes, more ? ZMQ_SNDMORE : 0);
    } while (sent < 0 && zmq_errno() == EINTR);
    return sent >= 0;
}

static bool reply(void *socket, const struct part *request_id, const char *status,
                  const char *text, const char *user)
{
    return send_part(socket, "1.0", 3, true) &&
           send_part(socket, request_id->data, request_id->bytes, true) &&
           send_part(socket, status, strlen(status), true) &&
           send_part(socket, text, strlen(text), true) &&
           send_part(socket, user, strlen(user), true) && send_part(socket, "", 0, false);
}

static void *answer(void *argument)
{
    struct thread thread = *(struct thread *)argument;
    free(argument);
    for (;;) {
        struct part parts[PARTS] = { 0 };
        char user[HUB_DOOR_USER_BYTES];
        const char *text = "refused";
        const char *status = "400";
        bool gone;
        if (read_request(thread.socket, parts, &gone) && part_is(&parts[VERSION], "1.0"))
            status = decide(thread.zap, parts, &text, user);
        else
            user[0] = '\0';
        if (gone || !reply(thread.socket, &parts[REQUEST_ID], status, text, user))
            break;
    }
    bool ending = zmq_errno() == ETERM;
    zmq_close(thread.socket);
    if (!ending) {
        static const char words[] = "rhubd door: the authenticator failed, stopping\n";
        ssize_t ignored = write(STDERR_FILENO, words, sizeof words - 1);
        (void)ignored;
        _exit(70);
    }
    return NULL;
}

enum rh_err hub_door_zap_start(void *context, struct hub_door_zap *zap)
{
    struct thread *thread = malloc(sizeof *thread);
    if (thread == NULL)
        return RH_ERR_NOMEM;
    int no_linger = 0;
    pthread_t id;
    pthread_mutex_init(&zap->lock, NULL);
    *thread = (struct thread){ .socket = zmq_socket(context, ZMQ_REP), .zap = zap };
    if (thread->socket == NULL)
        goto failed;
    if (zmq_setsockopt(thread->socket, ZMQ_LINGER, &no_linger, sizeof no_linger) != 0 ||
        zmq_bind(thread->socket, "inproc://zeromq.zap.01") != 0)
        goto failed;
    if (pthread_create(&id, NULL, answer, thread) != 0)
        goto failed;
    pthread_detach(id); /* it ends with the context; zmq_ctx_term waits for its socket */
    return RH_OK;

failed:
    if (thread->socket != NULL)
        zmq_close(thread->socket);
    free(thread);
    return RH_ERR_IO;
}
