/* The door to agencies: a process that holds sockets and the transport key and nothing else,
 * a ring of plain records to it, and on the engine's side the sessions, signature workers and
 * credit.
 *
 *   agencies == CURVE ==> door process (ROUTER, ZAP, sizes, shape, key -> agency, budgets)
 *        <== shared-memory ring, eventfd ==>  hub_gateway_turn in the engine's thread
 *
 * The door's death costs availability: the gateway starts another and sessions say HELLO
 * again. Its capture never reaches store, signing keys or integrity. */
#ifndef HUB_GATEWAY_GATEWAY_H
#define HUB_GATEWAY_GATEWAY_H

#include "engine/engine.h"
#include "gateway/door.h"

#include <rh/id.h>

struct hub_gateway;

struct hub_gateway_options {
    const char *endpoint;        /* tcp://127.0.0.1:5550; port 0 or *: chosen, see below */
    const char *program;         /* path of rhubd itself, started again as the door */
    const char *transport_key;   /* path of the CURVE secret, opened by the door */
    uint32_t workers;            /* signature workers, 1..8 */
    uint64_t ring_bytes;         /* each way; 0: 16 MiB */
    uint64_t door_memory_bytes;  /* RLIMIT_AS of the door; 0: 512 MiB */
    uint32_t bundles_per_second; /* quota per agency, 0: 2000; above it BUSY */
    uint64_t bytes_per_second;   /* quota per agency, 0: 64 MiB */
};

/* Start the door and wait (at most 10 s) until its socket is bound and its self-test (an
 * unknown key must be refused) passed.
 *
 * RH_ERR_CONFIG: the door does not start; RH_ERR_TIMEOUT, RH_ERR_NOMEM. On failure `report`
 * (caller's) has the door's own words, or is empty. */
enum rh_err hub_gateway_open(const struct hub_gateway_options *options,
                             struct hub_engine *engine, struct hub_gateway **out,
                             char report[HUB_DOOR_TEXT_BYTES]);
void hub_gateway_close(struct hub_gateway **gateway);

/* The endpoint really bound (with the chosen port). Valid while open. */
const char *hub_gateway_endpoint(const struct hub_gateway *gateway);

/* Descriptors to poll for POLLIN; at most max, returns the count (2, or 1 while there is no
 * door). Ask again before each poll: a new door has a new one. */
uint32_t hub_gateway_fds(struct hub_gateway *gateway, int *fds, uint32_t max);

/* One turn of intake: drain the ring, verify, offer to the engine (bounded: at most 1024
 * records or 4 MB). Nothing leaves for what was offered until hub_gateway_release. */
enum rh_err hub_gateway_turn(struct hub_gateway *gateway);

/* After hub_engine_finish: send confirms, then deliveries within credit, redelivery with
 * back-off, checkpoints. Call it in every turn of the loop, also when there was nothing to
 * finish: WELCOMEs, repeated confirms and redeliveries have no record of their own. While
 * records are staged and not finished it sends nothing. */
enum rh_err hub_gateway_release(struct hub_gateway *gateway);

/* Milliseconds until redelivery or a restart of the door is due; UINT32_MAX never. */
uint32_t hub_gateway_wait_ms(const struct hub_gateway *gateway);

/* What an operator sees of one agency's connection: the present one, or since the gateway was
 * opened the latest one. */
struct hub_session_view {
    uint32_t agency;
    bool online;                   /* false: it ended, and this is how it was */
    uint64_t since_ms, last_ms;    /* hub time */
    int64_t skew_ms;               /* agency's clock minus hub time, at HELLO and at each bundle */
    uint32_t in_flight;            /* deliveries sent, not acknowledged */
    char software[RH_CODE_BYTES_MAX + 1];
};
/* Thread-safe snapshot, at most a quarter of a second old; returns the count, at most max. */
uint32_t hub_gateway_sessions(struct hub_gateway *gateway, struct hub_session_view *out,
                              uint32_t max);

/* What happened at the door that somebody who reads the hub's log should know. */
enum hub_notice_type {
    HUB_NOTICE_ONLINE = 1, /* an agency was welcomed; software */
    HUB_NOTICE_OFFLINE,    /* its session ended; code: why, 0 it left or its connection did */
    HUB_NOTICE_REFUSED,    /* its greeting was refused, code; at most once a minute for each
                              agency and code, count says how often since */
    HUB_NOTICE_REVOKED,    /* its row says that it may not be here any more */
    HUB_NOTICE_STRANGER,   /* a key was refused: key, from, count; agency when it has this key
                              but may not use it */
    HUB_NOTICE_DOOR_UP,    /* the door process began to serve again */
    HUB_NOTICE_DOOR_LOST   /* it ended; from: its last words */
};
struct hub_notice {
    enum hub_notice_type type;
    struct rh_agency_id agency; /* empty: none */
    uint32_t code;
    uint64_t count;
    uint8_t key[32];
    char from[HUB_DOOR_TEXT_BYTES];
    char software[RH_CODE_BYTES_MAX + 1];
};
/* The oldest one nobody has taken, in the engine's thread; false: none. When more than 256
 * wait, the newest are not kept. */
bool hub_gateway_notice(struct hub_gateway *gateway, struct hub_notice *out);

/* Figures since the gateway was opened; those of the door since it was started last. */
struct hub_gateway_counters {
    bool door_up;
    uint64_t door_starts;      /* 1 when it never ended */
    uint64_t door_violations;  /* doors killed for what they sent */
    uint64_t sessions_opened, hellos_refused;
    uint64_t bundles, items;   /* offered */
    uint64_t bundles_refused, bundles_busy;
    uint64_t confirms, deliveries, redeliveries, resyncs;
    uint64_t delivered_bytes;
    uint64_t unreadable;       /* deliveries that could not be made; left alone for a minute */
    uint64_t overtaken;        /* deliveries sent although an earlier one of their referral
                                  waited, because each waited for the other */
    uint64_t revoked;          /* frames and sessions of agencies that may not be here */
    uint64_t lost_sessions;    /* ended because not even an answer could be queued */
    uint32_t sessions;         /* now */
    char door_text[HUB_DOOR_TEXT_BYTES]; /* why the last door ended, empty if none did */
    struct hub_door_counters door;
};
/* Thread-safe, at most a quarter of a second old. */
void hub_gateway_counters(struct hub_gateway *gateway, struct hub_gateway_counters *out);

/* Body of `rhubd --door`: runs in the door process until its parent goes. */
int hub_door_main(int argc, char **argv);

#endif
