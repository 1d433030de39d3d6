/* Deliveries: is this item really its sender's, unaltered? The hub stands between, and the
 * check needs nothing of it: the sender's card, the signed bundle header, the path from item to
 * root. Source: protocol/spec/wire.md, section 8. */
#include "client/inside.h"

#include <string.h>

/* 0, or what a nack must say. */
static uint32_t judge_item(struct rh_client *client, const struct rh_delivery *delivery,
                           bool *trusted)
{
    struct rh_sign_public key;
    enum rh_err err = client->options.sender_key(client->options.context, &delivery->sender,
                                                 &key);
    if (err != RH_OK) {
        *trusted = client->options.trust_hub;
        if (!*trusted)
            return RH_REFUSE_CARD_MISSING;
        return rh_item_check(&delivery->item) == RH_OK ? 0 : RH_REFUSE_SIGNATURE_BAD;
    }
    return rh_delivery_check_with(delivery, &key, &client->headers) == RH_OK
               ? 0
               : RH_REFUSE_SIGNATURE_BAD;
}

/* The hub speaks for itself only under its own name, which has no generation. */
static bool from_hub(const struct rh_client *client, const struct rh_delivery *delivery)
{
    struct rh_hub_id base;
    rh_hub_id_with_generation(&client->hub, 1, &base);
    return strcmp(base.text, delivery->sender.text) == 0;
}

static uint32_t judge(struct rh_client *client, const struct rh_delivery *delivery,
                      struct rh_client_event *event)
{
    struct rh_bytes public_part = delivery->item.public_part;
    if (delivery->form == RH_DELIVERY_ITEM) {
        uint32_t refusal = judge_item(client, delivery, &event->trusted);
        if (refusal != 0)
            return refusal;
    } else if (delivery->form == RH_DELIVERY_NOTICE && !from_hub(client, delivery)) {
        return RH_REFUSE_WRONG_SENDER;
    }
    if (delivery->form == RH_DELIVERY_TOMBSTONE && public_part.bytes == 0)
        return 0;
    if (rh_public_decode(public_part, client->public_part, NULL) != RH_OK)
        return RH_REFUSE_NO_SCHEMA_MATCH;
    event->public_part = client->public_part;
    return 0;
}

void client_take_delivery(struct rh_client *client, struct rh_bytes frame)
{
    struct rh_delivery *delivery = client->delivery;
    if (client->state != CLIENT_UP)
        return;
    struct rh_client_event event = { .type = RH_CLIENT_DELIVERY, .delivery = delivery,
                                     .frame = frame };
    if (rh_delivery_decode(frame, delivery) != RH_OK) {
        /* Without a number there is nothing to answer; it comes again. */
        event = (struct rh_client_event){ .type = RH_CLIENT_ALARM, .alarm = RH_ALARM_DELIVERY,
                                          .refusal = RH_REFUSE_MALFORMED,
                                          .detail = "a delivery cannot be read" };
        client_emit(client, &event);
        return;
    }
    event.refusal = judge(client, delivery, &event);
    if (event.refusal == RH_REFUSE_SIGNATURE_BAD || event.refusal == RH_REFUSE_WRONG_SENDER) {
        struct rh_client_event alarm = event;
        alarm.type = RH_CLIENT_ALARM;
        alarm.alarm = RH_ALARM_DELIVERY;
        alarm.detail = "a delivery was altered on its way";
        client_emit(client, &alarm);
    }
    if (client->state == CLIENT_UP)
        client_emit(client, &event);
}
