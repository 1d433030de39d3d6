/* The gateway as its users see it: opening, turns, snapshots. */
#include "gateway/inside.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { OPEN_MS = 10000, OPEN_STEP_MS = 50, DEFAULT_WORKERS = 2 };

/* Opening and closing -------------------------------------------------------------------- */

static enum rh_err carve(struct hub_gateway *gateway, const struct hub_gateway_options *options)
{
    uint32_t workers = options->workers > 0 ? options->workers : DEFAULT_WORKERS;
    if (workers > HUB_WORKERS_MAX)
        return RH_ERR_CONFIG;
    gateway->peers = calloc(HUB_PEERS_MAX, sizeof *gateway->peers);
    gateway->outcome = calloc(1, sizeof *gateway->outcome);
    gateway->note = malloc(RH_NOTE_BYTES_MAX);
    gateway->frame_in = malloc(RH_FRAME_BYTES_MAX);
    gateway->frame_out = malloc(RH_FRAME_BYTES_MAX);
    gateway->worker_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (gateway->peers == NULL || gateway->outcome == NULL || gateway->note == NULL ||
        gateway->frame_in == NULL || gateway->frame_out == NULL || gateway->worker_fd < 0)
        return RH_ERR_NOMEM;
    enum rh_err err = hub_link_init(&gateway->link, options);
    return err == RH_OK ? hub_workers_open(workers, gateway->worker_fd, &gateway->workers)
                        : err;
}

/* Keys to the door until it is ready. A door that fails while starting is not waited for: a
 * wrong key file or a taken port does not get better. */
static enum rh_err await_door(struct hub_gateway *gateway)
{
    uint64_t end_ms = hub_link_now_ms() + OPEN_MS;
    struct hub_ring_record record;
    for (;;) {
        uint64_t now_ms = hub_link_now_ms();
        hub_link_service(&gateway->link, now_ms);
        hub_peers_push(gateway);
        hub_link_pop(&gateway->link, &record, gateway->frame_in);
        if (gateway->link.state == HUB_LINK_UP)
            return RH_OK;
        if (gateway->link.generation == 0 || gateway->link.state == HUB_LINK_DOWN)
            return RH_ERR_CONFIG;
        if (now_ms >= end_ms)
            return RH_ERR_TIMEOUT;
        struct pollfd door = { .fd = gateway->link.control, .events = POLLIN };
        uint32_t wait_ms = hub_link_wait_ms(&gateway->link, now_ms);
        poll(&door, 1, (int)(wait_ms < OPEN_STEP_MS ? wait_ms : OPEN_STEP_MS));
    }
}

enum rh_err hub_gateway_make(const struct hub_gateway_options *options,
                             struct hub_engine *engine, struct hub_gateway **out)
{
    *out = NULL;
    struct hub_gateway *gateway = calloc(1, sizeof *gateway);
    if (gateway == NULL)
        return RH_ERR_NOMEM;
    gateway->engine = engine;
    gateway->hub = *hub_engine_hub(engine);
    gateway->worker_fd = -1;
    gateway->link.control = -1;
    gateway->course_ms = hub_engine_now(engine);
    gateway->course_at_ms = hub_link_now_ms();
    gateway->course_rate = 1; /* what an agency takes for granted */
    pthread_mutex_init(&gateway->snapshot, NULL);
    enum rh_err err = carve(gateway, options);
    if (err == RH_OK)
        err = hub_peers_refresh(gateway);
    (void)hub_engine_agencies_changed(engine); /* all rows were read just now */
    *out = gateway;
    if (err != RH_OK)
        hub_gateway_close(out);
    return err;
}

enum rh_err hub_gateway_open(const struct hub_gateway_options *options,
                             struct hub_engine *engine, struct hub_gateway **out,
                             char report[HUB_DOOR_TEXT_BYTES])
{
    report[0] = '\0';
    enum rh_err err = hub_gateway_make(options, engine, out);
    if (err != RH_OK)
        return err;
    err = await_door(*out);
    (*out)->link_generation = (*out)->link.generation;
    hub_notice_door(*out);
    if (err != RH_OK) {
        memcpy(report, (*out)->link.text, HUB_DOOR_TEXT_BYTES);
        hub_gateway_close(out);
    }
    return err;
}

void hub_gateway_close(struct hub_gateway **out)
{
    struct hub_gateway *gateway = *out;
    if (gateway == NULL)
        return;
    for (uint32_t i = 0; i < gateway->session_count; i++)
        hub_out_error(gateway, gateway->sessions[i]->peer->agency,
                      gateway->sessions[i]->routing, RH_REFUSE_STOPPING, "", 0);
    if (gateway->peers != NULL)
        hub_sessions_end_all(gateway);
    hub_workers_close(&gateway->workers);
    hub_link_fini(&gateway->link);
    for (uint32_t i = 0; i < gateway->peer_end; i++)
        free(gateway->peers[i]);
    if (gateway->worker_fd >= 0)
        close(gateway->worker_fd);
    pthread_mutex_destroy(&gateway->snapshot);
    free(gateway->peers);
    free(gateway->outcome);
    free(gateway->note);
    free(gateway->frame_in);
    free(gateway->frame_out);
    free(gateway);
    *out = NULL;
}

/* Turns ---------------------------------------------------------------------------------- */

/* A door that ended took all connections with it; the next one needs all keys. */
static void follow_door(struct hub_gateway *gateway)
{
    bool lost = gateway->link.state == HUB_LINK_DOWN ||
                gateway->link.generation != gateway->link_generation;
    if (lost && gateway->session_count > 0)
        hub_sessions_end_all(gateway);
    if (gateway->link.generation != gateway->link_generation) {
        gateway->link_generation = gateway->link.generation;
        hub_peers_forget(gateway);
        memset(&gateway->counters.door, 0, sizeof gateway->counters.door);
    }
}

/* Changed rows of agencies: end sessions that may not go on, tell the door. */
static enum rh_err follow_agencies(struct hub_gateway *gateway)
{
    enum rh_err err = RH_OK;
    if (hub_engine_agencies_changed(gateway->engine))
        err = hub_peers_refresh(gateway);
    hub_peers_push(gateway);
    return err;
}

enum rh_err hub_gateway_turn(struct hub_gateway *gateway)
{
    uint64_t count;
    ssize_t got = read(gateway->worker_fd, &count, sizeof count);
    (void)got; /* nothing there is as good */
    gateway->turn_at_us = hub_link_now_us();
    hub_link_service(&gateway->link, hub_link_now_ms());
    hub_notice_door(gateway);
    follow_door(gateway);
    enum rh_err err = follow_agencies(gateway);
    return err == RH_OK ? hub_intake_turn(gateway) : err;
}

/* The newest published checkpoint, to every session that has not got it. */
static void spread_note(struct hub_gateway *gateway)
{
    struct rh_bytes note = hub_engine_note(gateway->engine);
    bool same = note.bytes == gateway->note_bytes &&
                (note.bytes == 0 || memcmp(note.data, gateway->note, note.bytes) == 0);
    if (!same && note.bytes <= RH_NOTE_BYTES_MAX) {
        if (note.bytes > 0)
            memcpy(gateway->note, note.data, note.bytes);
        gateway->note_bytes = note.bytes;
        gateway->note_serial++;
        gateway->note_cursor = 0;
    }
    while (gateway->note_cursor < gateway->session_count && hub_link_has_room(&gateway->link)) {
        struct hub_session *session = gateway->sessions[gateway->note_cursor++];
        if (session->welcomed && session->note_serial != gateway->note_serial)
            hub_out_checkpoint(gateway, session); /* the end of one moves the cursor back */
    }
}

/* Hub time that was steered or corrected, or goes on at another pace than the last time it was
 * told: agencies hear of it at once, and not with whatever they next receive. */
static void spread_time(struct hub_gateway *gateway, uint64_t now_ms)
{
    uint64_t hub_ms = hub_engine_now(gateway->engine);
    uint32_t rate = hub_engine_rate(gateway->engine);
    uint64_t slack_ms = (uint64_t)HUB_COURSE_SLACK_MS * (rate > 1 ? rate : 1);
    uint64_t expected_ms =
        gateway->course_ms + (now_ms - gateway->course_at_ms) * gateway->course_rate;
    uint64_t off_ms = hub_ms > expected_ms ? hub_ms - expected_ms : expected_ms - hub_ms;
    if (rate != gateway->course_rate || off_ms > slack_ms) {
        gateway->time_serial++;
        gateway->time_cursor = 0;
        gateway->course_rate = rate;
        gateway->course_ms = hub_ms;
        gateway->course_at_ms = now_ms;
    }
    while (gateway->time_cursor < gateway->session_count && hub_link_has_room(&gateway->link)) {
        struct hub_session *session = gateway->sessions[gateway->time_cursor++];
        if (session->welcomed && session->time_serial != gateway->time_serial)
            hub_out_time(gateway, session); /* the end of one moves the cursor back */
    }
}

enum rh_err hub_gateway_release(struct hub_gateway *gateway)
{
    uint64_t now_ms = hub_link_now_ms();
    if (hub_engine_pending(gateway->engine) > 0)
        return RH_OK; /* not durable: nothing may be shown */
    follow_door(gateway);
    /* Before the operator hears that an agency is enrolled or revoked, the door knows. */
    enum rh_err err = follow_agencies(gateway);
    spread_note(gateway);
    spread_time(gateway, now_ms);
    if (err == RH_OK)
        err = hub_intake_confirm(gateway);
    if (err == RH_OK)
        err = hub_deliver_run(gateway, now_ms);
    hub_snapshot_take(gateway, now_ms);
    return err;
}

/* Waiting -------------------------------------------------------------------------------- */

const char *hub_gateway_endpoint(const struct hub_gateway *gateway)
{
    return gateway->link.endpoint;
}

uint32_t hub_gateway_fds(struct hub_gateway *gateway, int *fds, uint32_t max)
{
    uint32_t count = 0;
    if (count < max)
        fds[count++] = gateway->worker_fd;
    if (count < max && gateway->link.control >= 0)
        fds[count++] = gateway->link.control;
    return count;
}

uint32_t hub_gateway_wait_ms(const struct hub_gateway *gateway)
{
    uint64_t now_ms = hub_link_now_ms();
    uint32_t wait_ms = hub_link_wait_ms(&gateway->link, now_ms);
    bool full = hub_workers_full(gateway->workers);
    if (wait_ms == 0 && full && gateway->link.state == HUB_LINK_UP)
        wait_ms =
            HUB_TICK_MS; /* the ring is not read before a worker is done, which wakes us */
    bool work = gateway->pending_count > 0 || hub_workers_first(gateway->workers) != NULL ||
                (gateway->hungry_count > 0 && !gateway->held && !gateway->starved &&
                 gateway->link.state == HUB_LINK_UP);
    if (work)
        return 0;
    if (gateway->session_count > 0) {
        uint64_t tick_ms = gateway->tick_at_ms > now_ms ? gateway->tick_at_ms - now_ms : 0;
        if (tick_ms < wait_ms)
            wait_ms = (uint32_t)tick_ms;
    }
    return wait_ms;
}
