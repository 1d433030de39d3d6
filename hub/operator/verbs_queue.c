/* Queues: what waits for whom. Looking takes nothing out. */
#include "operator/inside.h"

#include <rh/text.h>

enum { SENDERS_MAX = 1024 };

static const enum rh_lane lanes[] = { RH_LANE_URGENT, RH_LANE_GREEN, RH_LANE_NORMAL };
enum { LANES = sizeof lanes / sizeof lanes[0] };

/* When the oldest waiting message for an agency was stored; 0 when nothing waits. */
static uint64_t oldest(struct hub_ask *ask, uint32_t to)
{
    uint64_t oldest_ms = 0;
    for (size_t l = 0; l < LANES; l++) {
        uint32_t from = 0;
        for (uint32_t s = 0; s < SENDERS_MAX; s++) {
            struct hub_queued head;
            if (hub_views_queue_sender(ask->map, to, lanes[l], &from) != RH_OK)
                break;
            if (hub_views_queue_head(ask->map, to, lanes[l], from, 0, &head) == RH_OK &&
                (oldest_ms == 0 || head.stored_ms < oldest_ms))
                oldest_ms = head.stored_ms;
        }
    }
    return oldest_ms;
}

static enum rh_err show_queue(struct hub_ask *ask, uint32_t no)
{
    struct hub_session_view session;
    uint64_t count = hub_find_count_of(ask, "queue", no);
    uint64_t oldest_ms = count == 0 ? 0 : oldest(ask, no);
    bool online = hub_find_session(ask, no, &session);
    json_t *row = hub_json_row("queue");
    json_object_set_new(row, "id", hub_json_agency_id(ask, no));
    hub_json_agency(ask, row, "agency", no);
    hub_json_uint(row, "count", count);
    hub_json_at(row, "oldest_at", oldest_ms);
    json_object_set_new(row, "oldest_s", json_null());
    if (oldest_ms != 0)
        hub_json_uint(row, "oldest_s",
                      ask->now_ms > oldest_ms ? (ask->now_ms - oldest_ms) / 1000 : 0);
    hub_json_bool(row, "online", online);
    hub_json_uint(row, "in_flight", session.in_flight);
    hub_json_at(row, "last_seen_at", session.last_ms);
    return hub_ask_row(ask, row);
}

enum rh_err hub_verb_queue_list(struct hub_ask *ask)
{
    return hub_find_each_agency(ask, 'q', show_queue);
}

static enum rh_err show_queued(struct hub_ask *ask, const struct hub_queued *queued)
{
    bool blocked = false;
    json_t *row = hub_json_row("queued");
    hub_json_uint(row, "id", queued->index);
    hub_json_uint(row, "log_index", queued->index);
    hub_json_agency(ask, row, "from", queued->from);
    hub_json_agency(ask, row, "to", queued->to);
    hub_json_text(row, "lane", rh_lane_name(queued->lane));
    hub_json_uint(row, "pair_seq", queued->pair_seq);
    hub_json_text(row, "kind", rh_kind_name(queued->kind));
    hub_json_text(row, "referral", NULL);
    if (queued->rno != 0 &&
        hub_views_referral(ask->map, queued->rno, ask->op->other) == RH_OK)
        hub_json_text(row, "referral", ask->op->other->number);
    hub_json_bool(row, "tombstone", queued->tombstone);
    hub_json_at(row, "stored_at", queued->stored_ms);
    hub_json_uint(row, "bytes", queued->bytes);
    (void)hub_views_queue_blocked(ask->map, queued, &blocked);
    hub_json_bool(row, "blocked", blocked);
    return hub_ask_row(ask, row);
}

static enum rh_err peek_lane(struct hub_ask *ask, uint32_t to, enum rh_lane lane,
                             uint32_t limit)
{
    uint32_t from = 0;
    enum rh_err err = RH_OK;
    while (err == RH_OK && ask->rows < limit) {
        if (hub_views_queue_sender(ask->map, to, lane, &from) != RH_OK)
            return RH_OK;
        struct hub_queued queued = { .pair_seq = 0 };
        while (err == RH_OK && ask->rows < limit) {
            err = hub_views_queue_head(ask->map, to, lane, from, queued.pair_seq + 1, &queued);
            if (err == RH_OK)
                err = show_queued(ask, &queued);
        }
        if (err == RH_ERR_NOTFOUND)
            err = RH_OK; /* this sender has no more */
    }
    return err;
}

enum rh_err hub_verb_queue_peek(struct hub_ask *ask)
{
    uint32_t to;
    uint32_t limit = hub_args_limit(ask);
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_agency(ask, "agency", &to);
    for (size_t l = 0; l < LANES && err == RH_OK; l++)
        err = peek_lane(ask, to, lanes[l], limit);
    return err;
}
