/* What operators see, copied aside now and then so that nobody looks at live sessions. The
 * engine's thread tries the lock and never waits for it: a reader only makes the snapshot a
 * little older. */
#include "gateway/inside.h"

#include <string.h>

static void view_of(const struct hub_session *session, struct hub_session_view *out)
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

void hub_snapshot_take(struct hub_gateway *gateway, uint64_t now_ms)
{
    if (now_ms - gateway->snapshot_at_ms < HUB_TICK_MS ||
        pthread_mutex_trylock(&gateway->snapshot) != 0)
        return;
    gateway->snapshot_at_ms = now_ms;
    gateway->view_count = gateway->session_count;
    for (uint32_t i = 0; i < gateway->session_count; i++)
        view_of(gateway->sessions[i], &gateway->views[i]);

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
