/* Decode any structure of the wire and encode it again. What is accepted must come back as the
 * same bytes, since every value has one encoding: a test of vectors and the fuzz targets both
 * stand on this. */
#ifndef RHT_ROUND_TRIP_H
#define RHT_ROUND_TRIP_H

#include <string.h>

#include <rh/private.h>
#include <rh/receipt.h>
#include <rh/wire.h>

enum rht_round { RHT_REFUSED, RHT_SAME, RHT_DIFFERENT };

static uint8_t rht_round_again[2 * RH_FRAME_BYTES_MAX];
static struct rh_writer rht_round_writer;

static inline struct rh_writer *rht_rewrite(void)
{
    rh_writer_init(&rht_round_writer, rht_round_again, sizeof rht_round_again);
    return &rht_round_writer;
}

static inline enum rht_round rht_compare(enum rh_err err, struct rh_bytes data)
{
    bool same = err == RH_OK && rht_round_writer.bytes == data.bytes &&
                (data.bytes == 0 || memcmp(rht_round_again, data.data, data.bytes) == 0);
    return same ? RHT_SAME : RHT_DIFFERENT;
}

#define RHT_ROUND(name, data, value)                    \
    (rh_##name##_decode((data), &(value)) != RH_OK      \
         ? RHT_REFUSED                                  \
         : rht_compare(rh_##name##_encode(&(value), rht_rewrite()), (data)))

/* ---- structures that are no frames ---- */

static inline enum rht_round rht_round_public(struct rh_bytes data)
{
    static struct rh_public value;
    return rh_public_decode(data, &value, NULL) != RH_OK
               ? RHT_REFUSED
               : rht_compare(rh_public_encode(&value, rht_rewrite()), data);
}

static inline enum rht_round rht_round_private(struct rh_bytes data)
{
    static struct rh_private value;
    return rh_private_decode(data, &value, NULL) != RH_OK
               ? RHT_REFUSED
               : rht_compare(rh_private_encode(&value, rht_rewrite()), data);
}

/* No bytes are no body; there is nothing to encode then. */
static inline enum rht_round rht_round_body(struct rh_bytes data)
{
    struct rh_body value;
    if (data.bytes == 0)
        return rh_body_decode(data, &value) == RH_OK ? RHT_SAME : RHT_REFUSED;
    return RHT_ROUND(body, data, value);
}

static inline enum rht_round rht_round_item(struct rh_bytes data)
{
    struct rh_item value;
    return RHT_ROUND(item, data, value);
}

static inline enum rht_round rht_round_header(struct rh_bytes data)
{
    struct rh_bundle_header value;
    return RHT_ROUND(bundle_header, data, value);
}

static inline enum rht_round rht_round_hello(struct rh_bytes data)
{
    struct rh_hello value;
    return RHT_ROUND(hello, data, value);
}

static inline enum rht_round rht_round_receipt(struct rh_bytes data)
{
    struct rh_receipt value;
    return RHT_ROUND(receipt, data, value);
}

/* ---- frames ---- */

static inline enum rht_round rht_round_client_frame(struct rh_bytes data)
{
    struct rh_frame_open open;
    struct rh_frame_hello hello;
    struct rh_frame_window window;
    struct rh_frame_resync resync;
    struct rh_frame_prove prove;
    uint64_t session, number;
    switch ((int)rh_frame_type_of(data)) {
    case RH_FRAME_OPEN:
        return RHT_ROUND(frame_open, data, open);
    case RH_FRAME_HELLO:
        return RHT_ROUND(frame_hello, data, hello);
    case RH_FRAME_WINDOW:
        return RHT_ROUND(frame_window, data, window);
    case RH_FRAME_RESYNC:
        return RHT_ROUND(frame_resync, data, resync);
    case RH_FRAME_PROVE:
        return RHT_ROUND(frame_prove, data, prove);
    case RH_FRAME_ASK:
        if (rh_frame_ask_decode(data, &session, &number) != RH_OK)
            return RHT_REFUSED;
        return rht_compare(rh_frame_ask_encode(session, number, rht_rewrite()), data);
    case RH_FRAME_EXTEND:
        if (rh_frame_extend_decode(data, &session, &number) != RH_OK)
            return RHT_REFUSED;
        return rht_compare(rh_frame_extend_encode(session, number, rht_rewrite()), data);
    case RH_FRAME_CLOSE:
        if (rh_frame_close_decode(data, &session) != RH_OK)
            return RHT_REFUSED;
        return rht_compare(rh_frame_close_encode(session, rht_rewrite()), data);
    default:
        return RHT_REFUSED;
    }
}

static inline enum rht_round rht_round_hub_frame(struct rh_bytes data)
{
    struct rh_frame_challenge challenge;
    struct rh_frame_welcome welcome;
    struct rh_frame_busy busy;
    struct rh_frame_error error;
    struct rh_frame_time time;
    struct rh_bytes note;
    uint64_t number;
    switch ((int)rh_frame_type_of(data)) {
    case RH_FRAME_CHALLENGE:
        return RHT_ROUND(frame_challenge, data, challenge);
    case RH_FRAME_WELCOME:
        return RHT_ROUND(frame_welcome, data, welcome);
    case RH_FRAME_BUSY:
        return RHT_ROUND(frame_busy, data, busy);
    case RH_FRAME_ERROR:
        return RHT_ROUND(frame_error, data, error);
    case RH_FRAME_TIME:
        return RHT_ROUND(frame_time, data, time);
    case RH_FRAME_GAP:
        if (rh_frame_gap_decode(data, &number) != RH_OK)
            return RHT_REFUSED;
        return rht_compare(rh_frame_gap_encode(number, rht_rewrite()), data);
    case RH_FRAME_CHECKPOINT:
        if (rh_frame_checkpoint_decode(data, &note) != RH_OK)
            return RHT_REFUSED;
        return rht_compare(rh_frame_checkpoint_encode(note, rht_rewrite()), data);
    default:
        return RHT_REFUSED;
    }
}

static inline enum rht_round rht_round_frame(struct rh_bytes data)
{
    static struct rh_frame_bundle bundle;
    static struct rh_frame_confirm confirm;
    static struct rh_frame_proof proof;
    static struct rh_frame_consistency consistency;
    static struct rh_delivery delivery;
    enum rh_frame_type type = rh_frame_type_of(data);
    switch ((int)type) {
    case RH_FRAME_BUNDLE:
        return RHT_ROUND(frame_bundle, data, bundle);
    case RH_FRAME_CONFIRM:
        return RHT_ROUND(frame_confirm, data, confirm);
    case RH_FRAME_PROOF:
        return RHT_ROUND(frame_proof, data, proof);
    case RH_FRAME_CONSISTENCY:
        return RHT_ROUND(frame_consistency, data, consistency);
    case RH_FRAME_DELIVERY:
        return RHT_ROUND(delivery, data, delivery);
    default:
        return (int)type < RH_FRAME_CHALLENGE ? rht_round_client_frame(data)
                                              : rht_round_hub_frame(data);
    }
}

#endif
