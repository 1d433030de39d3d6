/* The line to the hub while it lasts: what is said through it, what its owner is told, and how
 * it ends, for a while or for good. */
#include "client/inside.h"

#include <time.h>

enum { RETRY_MS_MIN = 100 };

uint64_t client_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t client_claimed_ms(const struct rh_client *client)
{
    if (client->options.now_ms != NULL)
        return client->options.now_ms(client->options.context);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void client_emit(struct rh_client *client, struct rh_client_event *event)
{
    if (event->detail == NULL)
        event->detail = "";
    client->options.event(client->options.context, event);
}

struct rh_writer client_writer(struct rh_client *client)
{
    struct rh_writer writer;
    rh_writer_init(&writer, client->frame, RH_FRAME_BYTES_MAX);
    return writer;
}

void client_send(struct rh_client *client, const struct rh_writer *writer)
{
    rh_assert(writer->err == RH_OK);
    if (client->pipe != NULL)
        client_pipe_send(client->pipe, writer->data, writer->bytes);
}

/* Twice the last pause, up to the bound, and a quarter of it left to chance, so that a hundred
 * agencies do not come back in the same millisecond. */
static uint32_t next_pause(struct rh_client *client, bool patient)
{
    uint32_t max = client->options.retry_ms_max;
    uint32_t pause = client->retry_ms == 0 ? RETRY_MS_MIN : client->retry_ms * 2;
    if (patient || pause > max)
        pause = max;
    client->retry_ms = pause;
    uint16_t chance;
    rh_random(&chance, sizeof chance);
    return pause - pause / 4 + (uint32_t)((uint64_t)(pause / 4) * chance / UINT16_MAX);
}

static void hang_up(struct rh_client *client)
{
    client_pipe_close(&client->pipe, 0);
    client->session = 0;
    client->rollback = false;
}

void client_drop(struct rh_client *client, uint32_t refusal, const char *detail, bool patient)
{
    if (client->state == CLIENT_STOPPED)
        return;
    hang_up(client);
    uint32_t pause = next_pause(client, patient);
    client->state = CLIENT_DOWN;
    client->retry_at = client_monotonic_ms() + pause;
    struct rh_client_event event = { .type = RH_CLIENT_OFFLINE, .refusal = refusal,
                                     .detail = detail, .retry_ms = pause };
    client_emit(client, &event);
}

void client_stop(struct rh_client *client, enum rh_client_alarm alarm, uint32_t refusal,
                 const char *detail, uint64_t first_n)
{
    if (client->state == CLIENT_STOPPED)
        return;
    hang_up(client);
    client->state = CLIENT_STOPPED;
    client->alarm = alarm;
    struct rh_client_event event = { .type = RH_CLIENT_ALARM, .alarm = alarm,
                                     .refusal = refusal, .detail = detail,
                                     .first_n = first_n };
    client_emit(client, &event);
}
