/* Small tables of a session: shares of senders, pairs that are left alone. Full tables forget
 * their first entry: a sender then begins anew, which costs fairness for one turn, nothing
 * else. */
#include "gateway/inside.h"

#include <string.h>

int64_t hub_balance_get(const struct hub_session *session, enum rh_lane lane, uint32_t from)
{
    for (uint32_t i = 0; i < session->balance_count; i++)
        if (session->balances[i].from == from && session->balances[i].lane == lane)
            return session->balances[i].bytes;
    return 0;
}

void hub_balance_set(struct hub_session *session, enum rh_lane lane, uint32_t from,
                     int64_t bytes)
{
    uint32_t i = 0;
    while (i < session->balance_count &&
           (session->balances[i].from != from || session->balances[i].lane != lane))
        i++;
    if (i < session->balance_count && bytes == 0) {
        session->balances[i] = session->balances[--session->balance_count];
        return;
    }
    if (bytes == 0)
        return;
    if (i == HUB_BALANCES_MAX) {
        memmove(&session->balances[0], &session->balances[1],
                (HUB_BALANCES_MAX - 1) * sizeof session->balances[0]);
        i--;
    } else if (i == session->balance_count) {
        session->balance_count++;
    }
    session->balances[i] = (struct hub_balance){ .from = from, .lane = lane, .bytes = bytes };
}

bool hub_stuck_is(const struct hub_session *session, enum rh_lane lane, uint32_t from,
                  uint64_t now_ms)
{
    for (uint32_t i = 0; i < HUB_STUCK_MAX; i++)
        if (session->stuck[i].from == from && session->stuck[i].lane == lane &&
            session->stuck[i].until_at_ms > now_ms)
            return true;
    return false;
}

void hub_stuck_add(struct hub_session *session, enum rh_lane lane, uint32_t from,
                   uint64_t now_ms)
{
    struct hub_stuck *oldest = &session->stuck[0];
    for (uint32_t i = 1; i < HUB_STUCK_MAX; i++)
        if (session->stuck[i].until_at_ms < oldest->until_at_ms)
            oldest = &session->stuck[i];
    *oldest =
        (struct hub_stuck){ .from = from, .lane = lane, .until_at_ms = now_ms + HUB_STUCK_MS };
}
