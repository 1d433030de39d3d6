/* Frames that leave, other than deliveries. */
#include "gateway/inside.h"

#include <string.h>

enum { SMALL_BYTES = RH_DETAIL_BYTES_MAX + 64 };

enum rh_err hub_out_writer(struct hub_gateway *gateway, uint32_t agency, const uint8_t *routing,
                           const struct rh_writer *writer)
{
    rh_assert(writer->err == RH_OK);
    return hub_link_send(&gateway->link, HUB_DOOR_SEND, agency, routing, writer->data,
                         writer->bytes);
}

enum rh_err hub_out_error(struct hub_gateway *gateway, uint32_t agency, const uint8_t *routing,
                          uint32_t refusal, const char *detail, uint64_t first_n)
{
    uint8_t memory[SMALL_BYTES];
    struct rh_writer writer;
    struct rh_frame_error error = { .refusal = refusal,
                                    .detail = { (const uint8_t *)detail, strlen(detail) },
                                    .first_n = first_n };
    rh_writer_init(&writer, memory, sizeof memory);
    rh_assert(rh_frame_error_encode(&error, &writer) == RH_OK);
    return hub_out_writer(gateway, agency, routing, &writer);
}

enum rh_err hub_out_busy(struct hub_gateway *gateway, uint32_t agency, const uint8_t *routing,
                         uint32_t refusal, uint32_t retry_ms, uint64_t first_n)
{
    uint8_t memory[SMALL_BYTES];
    struct rh_writer writer;
    struct rh_frame_busy busy = { .refusal = refusal,
                                  .retry_ms = retry_ms,
                                  .first_n = first_n };
    rh_writer_init(&writer, memory, sizeof memory);
    rh_assert(rh_frame_busy_encode(&busy, &writer) == RH_OK);
    return hub_out_writer(gateway, agency, routing, &writer);
}

enum rh_err hub_out_gap(struct hub_gateway *gateway, uint32_t agency, const uint8_t *routing,
                        uint64_t expected_n)
{
    uint8_t memory[SMALL_BYTES];
    struct rh_writer writer;
    rh_writer_init(&writer, memory, sizeof memory);
    rh_assert(rh_frame_gap_encode(expected_n, &writer) == RH_OK);
    return hub_out_writer(gateway, agency, routing, &writer);
}

bool hub_out_session(struct hub_gateway *gateway, struct hub_session *session,
                     const struct rh_writer *writer)
{
    enum rh_err err = hub_out_writer(gateway, session->peer->agency, session->routing, writer);
    session->sent_at_ms = hub_link_now_ms();
    if (err == RH_OK)
        return true;
    gateway->counters.lost_sessions++;
    hub_session_end(gateway, session, 0);
    return false;
}

bool hub_out_checkpoint(struct hub_gateway *gateway, struct hub_session *session)
{
    struct rh_writer writer;
    session->note_serial = gateway->note_serial;
    if (gateway->note_bytes == 0)
        return true;
    rh_writer_init(&writer, gateway->frame_out, RH_FRAME_BYTES_MAX);
    if (rh_frame_checkpoint_encode((struct rh_bytes){ gateway->note, gateway->note_bytes },
                                   &writer) != RH_OK)
        return true;
    return hub_out_session(gateway, session, &writer);
}

bool hub_out_time(struct hub_gateway *gateway, struct hub_session *session)
{
    uint8_t memory[SMALL_BYTES];
    struct rh_writer writer;
    struct rh_frame_time time = { .hub_ms = hub_engine_now(gateway->engine),
                                  .rate = hub_engine_rate(gateway->engine) };
    session->time_serial = gateway->time_serial;
    rh_writer_init(&writer, memory, sizeof memory);
    rh_assert(rh_frame_time_encode(&time, &writer) == RH_OK);
    return hub_out_session(gateway, session, &writer);
}
