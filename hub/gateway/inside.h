/* What the files of the gateway's engine side share. Nothing outside hub/gateway includes this.
 *
 *     link    the door, and the rings to it
 *     peer    agencies as the gateway needs them, and what the door knows of their keys
 *     session who is connected: OPEN, HELLO, WELCOME, the end
 *     intake  frames in, verified bundles to the engine, confirms out
 *     deliver queues out, within credit
 *
 * Everything runs in the engine's thread; only workers and readers of the snapshots are
 * elsewhere. All times ending in at_ms are monotonic, others hub time. */
#ifndef HUB_GATEWAY_INSIDE_H
#define HUB_GATEWAY_INSIDE_H

#include "gateway/flight.h"
#include "gateway/gateway.h"
#include "gateway/link.h"
#include "gateway/worker.h"

#include <rh/refusal.h>

#include <pthread.h>

enum {
    HUB_PEERS_MAX = HUB_DOOR_AGENCIES_MAX,
    HUB_SESSIONS_MAX = 4096,
    HUB_CHALLENGES_MAX = 4,           /* of one agency, the oldest goes first */
    HUB_CHALLENGE_MS = 60000,         /* wire.md, OPEN */
    HUB_PEER_JOBS_MAX = 128,          /* bundles of one agency being verified */
    HUB_PEER_JOB_BYTES = 8 * 1024 * 1024,
    HUB_PENDING_MAX = 1024,           /* answers that wait for the sync */
    HUB_TURN_FRAMES = 1024,
    HUB_TURN_BYTES = 4 * 1024 * 1024, /* of deliveries, twice as much */
    HUB_TURN_RECORDS = 2048,          /* offered in one turn: the engine keeps their cores */
    HUB_WINDOW_BYTES_MAX = 8 * 1024 * 1024,
    HUB_PROBE_MESSAGES = 16,          /* window after a redelivery, until something is acked */
    HUB_PROBE_BYTES = 1024 * 1024,
    HUB_REDELIVER_MS_MIN = 5000,      /* wire.md, "Redelivery" */
    HUB_REDELIVER_MS_MAX = 600000,
    HUB_QUIET_MS = 30000,             /* a connection that hears nothing is tried */
    HUB_TICK_MS = 250,
    HUB_COURSE_SLACK_MS = 1000,       /* hub time may be off its course by so much untold */
    HUB_BALANCES_MAX = 64,
    HUB_STUCK_MAX = 16,
    HUB_STUCK_MS = 60000,
    HUB_NOTICES_MAX = 256,
    HUB_NOTICE_REST_MS = 60000        /* the same refusal of the same agency is noticed again */
};

static_assert((int)HUB_PENDING_MAX >= 2 * (int)HUB_JOBS_MAX,
              "a job leaves at most two answers");

struct hub_session;

struct hub_challenge {
    uint8_t routing[HUB_RING_ROUTING_BYTES];
    uint8_t nonce[RH_NONCE_BYTES];
    uint64_t asked_at_ms; /* 0: none, or used */
};

/* An agency. Made when its row is first seen, kept while the gateway is open. */
struct hub_peer {
    uint32_t agency;
    struct rh_agency_id id;
    bool active;              /* its row says so, and it has both keys */
    bool has_transport;
    uint8_t transport[32];
    struct rh_sign_public sign;
    bool key_wanted;          /* the door must hear of its key */
    bool hungry;              /* stands in the list of those to be delivered to */
    struct hub_challenge challenges[HUB_CHALLENGES_MAX];
    uint32_t jobs;            /* being verified */
    uint64_t job_bytes;
    struct hub_session *session; /* NULL: none */
    bool seen;                /* stands in gateway->seen */
    struct hub_session_view last; /* its latest session, as it ended */
    uint32_t refused_code;        /* of its greetings, as last noticed, and when */
    uint64_t refused_at_ms;
    uint64_t refused_count;       /* since then */
};

/* How far a sender is ahead of or behind its share; kept while it has something waiting. */
struct hub_balance {
    uint32_t from;
    enum rh_lane lane;
    int64_t bytes;
};

/* A pair whose next delivery cannot be made (its record is damaged): left alone for a while. */
struct hub_stuck {
    uint32_t from;
    enum rh_lane lane;
    uint64_t until_at_ms;
};

struct hub_session {
    uint64_t id;              /* as in WELCOME, not 0 */
    uint32_t place;           /* in gateway->sessions */
    struct hub_peer *peer;
    uint8_t routing[HUB_RING_ROUTING_BYTES];
    struct rh_epoch epoch;
    uint64_t lease;
    bool welcomed;            /* WELCOME is out: deliveries may begin */
    bool dirty;               /* something of it may have been acknowledged */
    bool probing;             /* after a redelivery, until an ack */
    uint64_t since_ms, last_ms;
    int64_t skew_ms;
    char software[RH_CODE_BYTES_MAX + 1];
    uint32_t window_messages;
    uint64_t window_bytes;
    uint64_t heard_at_ms;     /* last frame from it */
    uint64_t sent_at_ms;      /* last frame to it */
    uint64_t note_serial;     /* newest published checkpoint sent */
    uint64_t time_serial;     /* newest course of hub time sent; 0: the ordinary one */
    uint32_t backoff_ms;
    uint64_t redeliver_at_ms; /* 0: nothing in flight */
    uint64_t resent_bytes;    /* by RESYNC, forgotten by and by */
    uint64_t resent_at_ms;
    uint32_t cursors[RH_LANE_COUNT]; /* sender served last */
    uint32_t balance_count;
    struct hub_balance balances[HUB_BALANCES_MAX];
    struct hub_stuck stuck[HUB_STUCK_MAX];
    struct hub_flight flight;
};

enum hub_pending_type { HUB_PENDING_CONFIRM, HUB_PENDING_AGAIN, HUB_PENDING_WELCOME };

/* An answer that may leave only when everything offered is durable. */
struct hub_pending {
    enum hub_pending_type type;
    uint32_t agency;
    uint32_t count;
    uint64_t session; /* dropped when that is no longer the agency's */
    uint64_t first_n;
    uint64_t first_index;
};

struct hub_gateway {
    struct hub_engine *engine; /* borrowed */
    struct rh_hub_id hub;
    struct hub_link link;
    uint64_t link_generation;  /* the door that sessions belong to */
    struct hub_workers *workers;
    int worker_fd;             /* eventfd: a job is done */

    struct hub_peer **peers;   /* HUB_PEERS_MAX, by agency number; NULL: none */
    uint32_t peer_end;         /* numbers below it may be there */
    uint32_t key_cursor;       /* keys below it were pushed to this door */
    bool keys_done;

    struct hub_session *sessions[HUB_SESSIONS_MAX];
    uint32_t session_count;

    uint32_t seen_count;       /* agencies that had a session, for the snapshot */
    uint32_t seen_next;        /* full: the place to look for one that is offline */
    uint32_t seen[HUB_SESSIONS_MAX];

    uint32_t pending_count;
    struct hub_pending pending[HUB_PENDING_MAX];

    uint32_t hungry_first, hungry_count; /* a ring of agency numbers */
    uint32_t hungry[HUB_PEERS_MAX];
    bool starved;              /* deliveries wait for the door, not for time */
    bool held;                 /* a rollback was seen: nothing is delivered */
    uint64_t tick_at_ms;
    uint64_t turn_at_us;       /* when this turn began, monotonic */

    uint8_t *note;             /* copy of the newest published checkpoint */
    size_t note_bytes;
    uint64_t note_serial;
    uint32_t note_cursor;      /* sessions below it have it */

    uint64_t time_serial;      /* grows whenever hub time leaves its course */
    uint32_t time_cursor;      /* sessions below it were told */
    uint64_t course_ms;        /* hub time at course_at_ms, */
    uint64_t course_at_ms;     /* monotonic, */
    uint32_t course_rate;      /* and how fast it goes on from there */

    uint8_t *frame_in, *frame_out; /* RH_FRAME_BYTES_MAX each */
    struct rh_delivery delivery;   /* too large for the stack, one at a time */
    struct rh_frame_confirm confirm;
    struct rh_frame_proof proof;
    struct rh_frame_consistency consistency;
    struct hub_outcome *outcome;   /* owned */

    struct hub_gateway_counters counters;

    uint32_t notice_first, notice_count; /* a ring */
    struct hub_notice notices[HUB_NOTICES_MAX];
    uint32_t noticed_link;               /* enum hub_link_state, as last noticed */

    pthread_mutex_t snapshot;  /* over what follows; the engine's thread never waits for it */
    uint64_t snapshot_at_ms;
    uint32_t view_count;
    struct hub_session_view views[HUB_SESSIONS_MAX];
    struct hub_gateway_counters counters_view;
};

/* gateway.c ------------------------------------------------------------------------------- */

/* Everything of hub_gateway_open but the door: for it, and for tests that play the door. */
enum rh_err hub_gateway_make(const struct hub_gateway_options *options,
                             struct hub_engine *engine, struct hub_gateway **out);

/* peer.c ---------------------------------------------------------------------------------- */

/* Look at all agencies' rows again; end sessions of those that may no longer be here. */
enum rh_err hub_peers_refresh(struct hub_gateway *gateway);
/* Tell the door of keys it has not heard of, as far as there is room. */
void hub_peers_push(struct hub_gateway *gateway);
/* A new door knows nothing. */
void hub_peers_forget(struct hub_gateway *gateway);
/* NULL when there is no such agency. */
struct hub_peer *hub_peer_find(struct hub_gateway *gateway, uint32_t agency);

/* out.c ----------------------------------------------------------------------------------- */

/* Frames to a connection. RH_ERR_FULL when not even the overflow takes it, RH_ERR_CLOSED
 * without a door. What is lost here is asked for again. */
enum rh_err hub_out_writer(struct hub_gateway *gateway, uint32_t agency, const uint8_t *routing,
                           const struct rh_writer *writer);
enum rh_err hub_out_error(struct hub_gateway *gateway, uint32_t agency, const uint8_t *routing,
                          uint32_t refusal, const char *detail, uint64_t first_n);
enum rh_err hub_out_busy(struct hub_gateway *gateway, uint32_t agency, const uint8_t *routing,
                         uint32_t refusal, uint32_t retry_ms, uint64_t first_n);
enum rh_err hub_out_gap(struct hub_gateway *gateway, uint32_t agency, const uint8_t *routing,
                        uint64_t expected_n);
/* To a session: when the frame cannot even be queued the session ends, so that its agency
 * comes back and asks. False then: the session is gone. */
bool hub_out_session(struct hub_gateway *gateway, struct hub_session *session,
                     const struct rh_writer *writer);
bool hub_out_checkpoint(struct hub_gateway *gateway, struct hub_session *session);
bool hub_out_time(struct hub_gateway *gateway, struct hub_session *session);

/* session.c ------------------------------------------------------------------------------- */

/* End and free. refusal 0: the connection hears nothing of it. */
void hub_session_end(struct hub_gateway *gateway, struct hub_session *session,
                     uint32_t refusal);
void hub_sessions_end_all(struct hub_gateway *gateway);
void hub_session_open(struct hub_gateway *gateway, struct hub_peer *peer,
                      const uint8_t *routing, struct rh_bytes frame);
/* HELLO as it comes: challenge and form. True when it went to the workers. */
bool hub_session_hello(struct hub_gateway *gateway, struct hub_peer *peer,
                       const uint8_t *routing, struct rh_bytes frame);
/* HELLO verified (or not). */
enum rh_err hub_session_greeted(struct hub_gateway *gateway, const struct hub_job *job);
/* The session's first word; what the agency held before is delivered again. */
enum rh_err hub_session_welcome(struct hub_gateway *gateway, struct hub_session *session);
/* Frames with a session in them. */
enum rh_err hub_session_frame(struct hub_gateway *gateway, struct hub_session *session,
                              enum rh_frame_type type, struct rh_bytes frame);

/* prove.c --------------------------------------------------------------------------------- */

void hub_prove_index(struct hub_gateway *gateway, struct hub_session *session,
                     const struct rh_frame_prove *wanted);
void hub_prove_extension(struct hub_gateway *gateway, struct hub_session *session,
                         uint64_t old_size);

/* intake.c -------------------------------------------------------------------------------- */

enum rh_err hub_intake_turn(struct hub_gateway *gateway);
/* Answers that waited for the sync. */
enum rh_err hub_intake_confirm(struct hub_gateway *gateway);
/* Note an answer for later. The caller has made sure of room (hub_intake_has_room). */
void hub_intake_pend(struct hub_gateway *gateway, enum hub_pending_type type,
                     const struct hub_session *session, uint64_t first_n, uint32_t count,
                     uint64_t first_index);
bool hub_intake_has_room(const struct hub_gateway *gateway);

/* deliver.c, balance.c -------------------------------------------------------------------- */

void hub_deliver_hungry(struct hub_gateway *gateway, struct hub_peer *peer);
/* What was queued since last time, timers, then rounds until credit, room or the budget of
 * one release is used up. */
enum rh_err hub_deliver_run(struct hub_gateway *gateway, uint64_t now_ms);
/* False when it asks too often: *retry_ms. */
bool hub_deliver_resync(struct hub_gateway *gateway, struct hub_session *session,
                        enum rh_lane lane, uint32_t from, uint64_t at_least,
                        uint32_t *retry_ms);

int64_t hub_balance_get(const struct hub_session *session, enum rh_lane lane, uint32_t from);
/* 0 forgets it. */
void hub_balance_set(struct hub_session *session, enum rh_lane lane, uint32_t from,
                     int64_t bytes);
bool hub_stuck_is(const struct hub_session *session, enum rh_lane lane, uint32_t from,
                  uint64_t now_ms);
void hub_stuck_add(struct hub_session *session, enum rh_lane lane, uint32_t from,
                   uint64_t now_ms);

/* notice.c --------------------------------------------------------------------------------- */

void hub_notice_session(struct hub_gateway *gateway, enum hub_notice_type type,
                        const struct hub_session *session, uint32_t code);
void hub_notice_refused(struct hub_gateway *gateway, struct hub_peer *peer, uint32_t code);
void hub_notice_revoked(struct hub_gateway *gateway, const struct hub_peer *peer);
/* False when the record is not of its form. */
bool hub_notice_stranger(struct hub_gateway *gateway, const uint8_t *payload, uint32_t bytes);
/* The door's state changed, perhaps. */
void hub_notice_door(struct hub_gateway *gateway);

/* snapshot.c ------------------------------------------------------------------------------- */

/* A session begins: its agency is shown from now on, also when it has gone. */
void hub_snapshot_add(struct hub_gateway *gateway, struct hub_peer *peer);
/* What is shown of a session. */
void hub_snapshot_view(const struct hub_session *session, struct hub_session_view *out);
/* Copy for readers of other threads what they may see, unless the last copy is fresh. */
void hub_snapshot_take(struct hub_gateway *gateway, uint64_t now_ms);

static inline struct hub_map *hub_gateway_map(struct hub_gateway *gateway)
{
    return hub_engine_views(gateway->engine)->map;
}

#endif
