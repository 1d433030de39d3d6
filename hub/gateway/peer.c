/* Agencies: their rows as the gateway needs them, and what the door knows of their keys. */
#include "gateway/inside.h"

#include <stdlib.h>
#include <string.h>

struct hub_peer *hub_peer_find(struct hub_gateway *gateway, uint32_t agency)
{
    return agency < HUB_PEERS_MAX ? gateway->peers[agency] : NULL;
}

static struct hub_peer *make(struct hub_gateway *gateway, uint32_t agency)
{
    struct hub_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        return NULL;
    peer->agency = agency;
    gateway->peers[agency] = peer;
    if (gateway->peer_end <= agency)
        gateway->peer_end = agency + 1;
    return peer;
}

/* Take over what changed. A session lives as long as the agency is active and its keys are
 * those it was opened with. */
static void update(struct hub_gateway *gateway, struct hub_peer *peer,
                   const struct hub_agency *row)
{
    const struct rh_card *card = &row->card;
    bool transport = card->present[RH_KEY_TRANSPORT];
    bool active = (row->state == HUB_AGENCY_ACTIVE || row->state == HUB_AGENCY_SUCCEEDED) &&
                  transport && card->present[RH_KEY_SIGN];
    bool same_transport = transport == peer->has_transport &&
                          memcmp(peer->transport, card->keys[RH_KEY_TRANSPORT], 32) == 0;
    bool same_sign = memcmp(peer->sign.bytes, card->keys[RH_KEY_SIGN], 32) == 0;

    peer->id = row->id;
    if (!same_transport || active != peer->active)
        peer->key_wanted = true;
    if (peer->session != NULL && (!active || !same_transport || !same_sign)) {
        gateway->counters.revoked++;
        hub_session_end(gateway, peer->session, RH_REFUSE_KEY_REVOKED);
    }
    if (peer->active && !active)
        hub_notice_revoked(gateway, peer);
    peer->has_transport = transport;
    memcpy(peer->transport, card->keys[RH_KEY_TRANSPORT], 32);
    memcpy(peer->sign.bytes, card->keys[RH_KEY_SIGN], 32);
    peer->active = active;
}

enum rh_err hub_peers_refresh(struct hub_gateway *gateway)
{
    struct hub_agency row;
    uint32_t agency = HUB_AGENCY_HUB;
    for (;;) {
        enum rh_err err = hub_views_agency_next(hub_gateway_map(gateway), &agency, &row);
        if (err == RH_ERR_NOTFOUND)
            break;
        if (err != RH_OK)
            return err;
        if (agency < HUB_AGENCY_FIRST || agency >= HUB_PEERS_MAX)
            continue; /* not in the table: refused */
        struct hub_peer *peer = gateway->peers[agency];
        if (peer == NULL)
            peer = make(gateway, agency);
        if (peer == NULL)
            return RH_ERR_NOMEM;
        update(gateway, peer, &row);
    }
    gateway->key_cursor = 0;
    return RH_OK;
}

void hub_peers_forget(struct hub_gateway *gateway)
{
    for (uint32_t i = 0; i < gateway->peer_end; i++)
        if (gateway->peers[i] != NULL)
            gateway->peers[i]->key_wanted = true;
    gateway->key_cursor = 0;
    gateway->keys_done = false;
}

static bool push(struct hub_gateway *gateway, struct hub_peer *peer)
{
    struct hub_door_key key = { .state = HUB_DOOR_NONE };
    if (peer->has_transport) {
        memcpy(key.key, peer->transport, sizeof key.key);
        key.state = peer->active ? HUB_DOOR_ACTIVE : HUB_DOOR_REVOKED;
    }
    if (hub_link_send(&gateway->link, HUB_DOOR_KEY, peer->agency, NULL, &key, sizeof key) !=
        RH_OK)
        return false;
    peer->key_wanted = false;
    return true;
}

void hub_peers_push(struct hub_gateway *gateway)
{
    if (gateway->link.state == HUB_LINK_DOWN)
        return;
    for (; gateway->key_cursor < gateway->peer_end; gateway->key_cursor++) {
        struct hub_peer *peer = gateway->peers[gateway->key_cursor];
        if (peer != NULL && peer->key_wanted && !push(gateway, peer))
            return; /* goes on in the next turn */
    }
    if (!gateway->keys_done)
        gateway->keys_done =
            hub_link_send(&gateway->link, HUB_DOOR_KEYS_DONE, 0, NULL, NULL, 0) == RH_OK;
}
