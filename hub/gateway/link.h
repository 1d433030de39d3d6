/* The gateway's end of the door: starting it, losing it, starting it again, and the two rings.
 *
 * A door begins with fresh shared memory and a fresh socket pair, so nothing an earlier one
 * left behind is ever read. The memory is sealed against shrinking: a door that cut it could
 * make us fault. Wake-ups go over a socket and not over eventfds, because whether an eventfd
 * blocks is a flag both processes share: a captured door could clear it and hang the engine's
 * thread, while a socket takes MSG_DONTWAIT with each call. */
#ifndef HUB_GATEWAY_LINK_H
#define HUB_GATEWAY_LINK_H

#include "gateway/door.h"
#include "gateway/gateway.h"

#include <sys/types.h>

enum hub_link_state {
    HUB_LINK_DOWN,     /* no process; the next start is at restart_at_ms */
    HUB_LINK_STARTING, /* takes keys, binds, tests itself */
    HUB_LINK_UP
};

enum {
    HUB_LINK_START_MS = 10000,     /* a door that is not ready by then is killed */
    HUB_LINK_BACKOFF_MS_MIN = 50,
    HUB_LINK_BACKOFF_MS_MAX = 10000,
    HUB_LINK_SILENT_MS = 20000,    /* a door that says nothing for so long hangs: killed */
    HUB_LINK_LOOK_MS = 5000,       /* service is wanted that often */
    HUB_LINK_HEALTHY_MS = 60000,   /* up for so long: the next start is quick again */
    HUB_OVERFLOW_BYTES = 4 * 1024 * 1024
};

struct hub_link {
    char *program, *key_path; /* owned */
    char endpoint[HUB_DOOR_TEXT_BYTES]; /* wanted; after the first start the one really bound */
    uint64_t ring_capacity, memory_bytes, bytes_per_second;
    uint32_t frames_per_second;

    enum hub_link_state state;
    bool bound;           /* endpoint is the real one */
    uint64_t generation;  /* doors begun; whoever remembers connections compares it */
    pid_t pid;            /* 0: none */
    int control;          /* -1: none */
    uint8_t *memory;      /* both rings, mapped; NULL: none */
    struct hub_ring in;   /* from the door */
    struct hub_ring out;  /* to the door */
    bool more;            /* the ring was not found empty: look again without waiting */
    bool killed;          /* told to die; waiting to be reaped */
    uint64_t started_ms, up_ms, restart_at_ms;
    uint64_t heard_ms;    /* last record of the door */
    uint64_t served_ms;   /* last service */
    uint32_t backoff_ms;
    uint64_t violations;  /* doors killed because they broke the ring or a record's form */
    uint8_t *overflow;    /* what did not fit the ring, in order; owned */
    size_t overflow_first, overflow_end;
    char text[HUB_DOOR_TEXT_BYTES]; /* why the last door ended, in English */
};

/* Monotonic. */
uint64_t hub_link_now_ms(void);
uint64_t hub_link_now_us(void);

/* Nothing is started yet. RH_ERR_NOMEM, RH_ERR_CONFIG. */
enum rh_err hub_link_init(struct hub_link *link, const struct hub_gateway_options *options);
/* Lets the door send what it has (a second at most), then ends it. */
void hub_link_fini(struct hub_link *link);

/* Reap, kill what is too late, start when it is time. Never waits. */
void hub_link_service(struct hub_link *link, uint64_t now_ms);

/* Milliseconds until service or reading is due. */
uint32_t hub_link_wait_ms(const struct hub_link *link, uint64_t now_ms);

/* Next record of the door; payload HUB_RING_PAYLOAD_MAX long. RH_ERR_NOTFOUND when there is
 * none. READY and FAILED are dealt with inside. A breach kills the door. */
enum rh_err hub_link_pop(struct hub_link *link, struct hub_ring_record *record,
                         uint8_t *payload);

/* A record to the door, in order; what does not fit the ring waits in the overflow.
 * RH_ERR_FULL when that is full too, RH_ERR_CLOSED when there is no door. Never waits. */
enum rh_err hub_link_send(struct hub_link *link, uint32_t type, uint32_t agency,
                          const uint8_t *routing, const void *payload, size_t bytes);

/* Whether a record of the largest size fits while a quarter of the ring stays free for answers
 * (for deliveries, which can wait). When not, the door's next reading wakes us. */
bool hub_link_has_room(struct hub_link *link);

/* It sent what it must not: kill it. */
void hub_link_breach(struct hub_link *link, const char *what);

#endif
