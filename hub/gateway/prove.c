/* PROVE and EXTEND: what the published log says, to those who may know. */
#include "gateway/inside.h"

#include <string.h>

/* Whether a record is the agency's own or was put into its queue. That is on record for ever,
 * while the queue forgets what was acknowledged. What was shared with a subscriber is less than
 * the record's core says, which has author, holder and date: it proves nothing to that one. */
static bool may_see(struct hub_gateway *gateway, uint32_t agency, uint64_t index)
{
    struct rh_bytes core, rest;
    struct hub_record record;
    if (hub_engine_record(gateway->engine, index, &core, &rest) != RH_OK ||
        hub_record_decode(core, rest, &record) != RH_OK)
        return false;
    if (record.agency == agency)
        return true;
    if (record.outcome.bytes == 0 ||
        hub_outcome_decode(record.outcome, gateway->outcome) != RH_OK)
        return false;
    for (uint32_t i = 0; i < gateway->outcome->delivery_count; i++) {
        const struct hub_delivery_out *delivery = &gateway->outcome->deliveries[i];
        if (delivery->to == agency && delivery->index == index &&
            delivery->kind != RH_KIND_SHARED)
            return true;
    }
    return false;
}

/* Not there, not covered and not for you are one answer. */
static void refuse(struct hub_gateway *gateway, const struct hub_session *session)
{
    hub_out_error(gateway, session->peer->agency, session->routing, RH_REFUSE_UNKNOWN_REFERRAL,
                  "", 0);
}

void hub_prove_index(struct hub_gateway *gateway, struct hub_session *session,
                     const struct rh_frame_prove *wanted)
{
    struct hub_engine_health health;
    struct rh_writer writer;
    hub_engine_health(gateway->engine, &health);
    rh_writer_init(&writer, gateway->frame_out, RH_FRAME_BYTES_MAX);
    if (wanted->index < health.published && wanted->size <= health.published &&
        may_see(gateway, session->peer->agency, wanted->index) &&
        hub_engine_proof(gateway->engine, wanted->index, &gateway->proof) == RH_OK &&
        rh_frame_proof_encode(&gateway->proof, &writer) == RH_OK)
        hub_out_session(gateway, session, &writer);
    else
        refuse(gateway, session);
}

void hub_prove_extension(struct hub_gateway *gateway, struct hub_session *session,
                         uint64_t old_size)
{
    struct rh_writer writer;
    rh_writer_init(&writer, gateway->frame_out, RH_FRAME_BYTES_MAX);
    if (hub_engine_consistency(gateway->engine, old_size, &gateway->consistency) == RH_OK &&
        rh_frame_consistency_encode(&gateway->consistency, &writer) == RH_OK)
        hub_out_session(gateway, session, &writer);
    else
        refuse(gateway, session);
}
