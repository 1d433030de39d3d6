/* What happened, for the log: a bounded ring that the owner of the engine's thread empties. */
#include "gateway/inside.h"

#include <string.h>

static struct hub_notice *add(struct hub_gateway *gateway, enum hub_notice_type type,
                              const struct hub_peer *peer)
{
    static struct hub_notice beyond; /* nobody reads it: the ring is full */
    struct hub_notice *notice = &beyond;
    if (gateway->notice_count < HUB_NOTICES_MAX) {
        uint32_t at = gateway->notice_first + gateway->notice_count++;
        notice = &gateway->notices[at % HUB_NOTICES_MAX];
    }
    *notice = (struct hub_notice){ .type = type, .count = 1 };
    if (peer != NULL)
        notice->agency = peer->id;
    return notice;
}

bool hub_gateway_notice(struct hub_gateway *gateway, struct hub_notice *out)
{
    if (gateway->notice_count == 0)
        return false;
    *out = gateway->notices[gateway->notice_first];
    gateway->notice_first = (gateway->notice_first + 1) % HUB_NOTICES_MAX;
    gateway->notice_count--;
    return true;
}

void hub_notice_session(struct hub_gateway *gateway, enum hub_notice_type type,
                        const struct hub_session *session, uint32_t code)
{
    struct hub_notice *notice = add(gateway, type, session->peer);
    notice->code = code;
    memcpy(notice->software, session->software, sizeof notice->software);
}

void hub_notice_refused(struct hub_gateway *gateway, struct hub_peer *peer, uint32_t code)
{
    uint64_t now_ms = hub_link_now_ms();
    peer->refused_count++;
    if (peer->refused_code == code && now_ms - peer->refused_at_ms < HUB_NOTICE_REST_MS)
        return;
    struct hub_notice *notice = add(gateway, HUB_NOTICE_REFUSED, peer);
    notice->code = code;
    notice->count = peer->refused_count;
    peer->refused_code = code;
    peer->refused_at_ms = now_ms;
    peer->refused_count = 0;
}

void hub_notice_revoked(struct hub_gateway *gateway, const struct hub_peer *peer)
{
    add(gateway, HUB_NOTICE_REVOKED, peer);
}

static const struct hub_peer *with_key(const struct hub_gateway *gateway, const uint8_t key[32])
{
    for (uint32_t i = 0; i < gateway->peer_end; i++) {
        const struct hub_peer *peer = gateway->peers[i];
        if (peer != NULL && peer->has_transport && memcmp(peer->transport, key, 32) == 0)
            return peer;
    }
    return NULL;
}

bool hub_notice_stranger(struct hub_gateway *gateway, const uint8_t *payload, uint32_t bytes)
{
    struct hub_door_stranger stranger;
    if (bytes != sizeof stranger)
        return false;
    memcpy(&stranger, payload, sizeof stranger);
    const char *end = memchr(stranger.address, '\0', sizeof stranger.address);
    if (end == NULL)
        return false;
    for (const char *at = stranger.address; at < end; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    struct hub_notice *notice =
        add(gateway, HUB_NOTICE_STRANGER, with_key(gateway, stranger.key));
    memcpy(notice->key, stranger.key, sizeof notice->key);
    memcpy(notice->from, stranger.address, sizeof stranger.address);
    notice->count = stranger.count;
    return true;
}

void hub_notice_door(struct hub_gateway *gateway)
{
    uint32_t state = (uint32_t)gateway->link.state;
    if (state == gateway->noticed_link || state == HUB_LINK_STARTING)
        return;
    if (state == HUB_LINK_DOWN) {
        struct hub_notice *notice = add(gateway, HUB_NOTICE_DOOR_LOST, NULL);
        memcpy(notice->from, gateway->link.text, sizeof notice->from);
    } else if (gateway->link.generation > 1) {
        add(gateway, HUB_NOTICE_DOOR_UP, NULL);
    }
    gateway->noticed_link = state;
}
