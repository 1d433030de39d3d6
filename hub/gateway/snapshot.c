/* What operators see, copied aside now and then so that nobody looks at live sessions. The
 * engine's thread tries the lock and never waits for it: a reader only makes the snapshot a
 * little older. */
#include "gateway/inside.h"

#include <string.h>

void hub_snapshot_view(const struct hub_session *session, struct hub_session_view *out)
{
    *out = (struct hub_session_view){
        .agency = session->peer->agency,
        .online = session->welcomed,
        .since_ms = session->since_ms,
        .last_ms = session->last_ms,
        .skew_ms = session->skew_ms,
        .in_flight = session->flight.count,
    };
    memcpy(out->software, session->software, sizeof out->software);
}

/* When the list is full, one that is offline makes room: there is one unless all of them are
 * connected, and then nobody else can be. */
void hub_snapshot_add(struct hub_gateway *gateway, struct hub_peer *peer)
{
    if (peer->seen)
        return;
    if (gateway->seen_count < HUB_SESSIONS_MAX) {
        gateway->seen[gateway->seen_count++] = peer->agency;
        peer->seen = true;
        return;
    }
    for (uint32_t i = 0; i < HUB_SESSIONS_MAX; i++) {
        uint32_t *place = &gateway->seen[gateway->seen_next++ % HUB_SESSIONS_MAX];
        if (gateway->peers[*place]->session != NULL)
            continue;
        gateway->peers[*place]->seen = false;
        *place = peer->agency;
        peer->seen = true;
        return;
    }
}

void hub_snapshot_take(struct hub_gateway *gateway, uint64_t now_ms)
{
    if (now_ms - gateway->snapshot_at_ms < HUB_TICK_MS ||
        pthread_mutex_trylock(&gateway->snapshot) != 0)
        return;
    gateway->snapshot_at_ms = now_ms;
    gateway->view_count = gateway->seen_count;
    for (uint32_t i = 0; i < gateway->seen_count; i++) {
        const struct hub_peer *peer = gateway->peers[gateway->seen[i]];
        if (peer->session != NULL)
            hub_snapshot_view(peer->session, &gateway->views[i]);
        else
            gateway->views[i] = peer->last;
    }

    struct hub_gateway_counters *counters = &gateway->counters;
    counters->door_up = gateway->link.state == HUB_LINK_UP;
    counters->door_starts = gateway->link.generation;
    counters->door_violations = gateway->link.violations;
    counters->sessions = gateway->session_count;
    memcpy(counters->door_text, gateway->link.text, sizeof counters->door_text);
    gateway->counters_view = *counters;
    pthread_mutex_unlock(&gateway->snapshot);
}

uint32_t hub_gateway_sessions(struct hub_gateway *gateway, struct hub_session_view *out,
                              uint32_t max)
{
    pthread_mutex_lock(&gateway->snapshot);
    uint32_t count = gateway->view_count < max ? gateway->view_count : max;
    memcpy(out, gateway->views, count * sizeof *out);
    pthread_mutex_unlock(&gateway->snapshot);
    return count;
}

void hub_gateway_counters(struct hub_gateway *gateway, struct hub_gateway_counters *out)
{
    pthread_mutex_lock(&gateway->snapshot);
    *out = gateway->counters_view;
    pthread_mutex_unlock(&gateway->snapshot);
}
