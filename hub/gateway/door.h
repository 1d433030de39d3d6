/* What gateway and door say to one another: the records of the two rings, and how the door
 * is started. Both ends are the same program in the same version, so plain structs travel; the
 * gateway nevertheless checks every number of the door's (the door meets strangers). */
#ifndef HUB_GATEWAY_DOOR_H
#define HUB_GATEWAY_DOOR_H

#include "gateway/ring.h"

#include <rh/codec.h>
#include <rh/keyfile.h>

enum {
    HUB_DOOR_MEMORY_FD = 3,  /* both rings: engine to door, then door to engine */
    HUB_DOOR_CONTROL_FD = 4, /* stream socket: one byte wakes the other side, its end is ours */
    HUB_DOOR_AGENCIES_MAX = 65536,
    HUB_DOOR_TEXT_BYTES = 200
};

/* How the door's last words begin when its address is taken or not this machine's. */
#define HUB_DOOR_CANNOT_BIND "cannot bind "

enum hub_door_record {
    /* engine to door */
    HUB_DOOR_SEND = 1,      /* routing: one frame for that connection */
    HUB_DOOR_KEY = 2,       /* agency: struct hub_door_key */
    HUB_DOOR_KEYS_DONE = 3, /* the table is complete: open */
    HUB_DOOR_STOP = 4,      /* send what waits, then end */
    /* door to engine */
    HUB_DOOR_FRAME = 17,    /* agency, routing: a frame of a client, canonical, of its type */
    HUB_DOOR_READY = 18,    /* terminated endpoint, HUB_DOOR_TEXT_BYTES at most */
    HUB_DOOR_FAILED = 19,   /* terminated reason; the door ends */
    HUB_DOOR_GONE = 20,     /* agency, routing: nobody there any more, or its pipe is stuck */
    HUB_DOOR_COUNTERS = 21, /* struct hub_door_counters */
    HUB_DOOR_STRANGER = 22  /* struct hub_door_stranger */
};

/* An agency's transport key as it stands now. state 0: none, every message is refused. */
enum hub_door_state { HUB_DOOR_NONE = 0, HUB_DOOR_ACTIVE = 1, HUB_DOOR_REVOKED = 2 };

struct hub_door_key {
    uint8_t key[32];
    uint32_t state; /* enum hub_door_state */
};

/* Since the door began. Messages that were dropped or answered by the door alone. */
struct hub_door_counters {
    uint64_t frames;       /* handed on to the engine */
    uint64_t sent;         /* given to ZeroMQ */
    uint64_t admitted;     /* handshakes */
    uint64_t unknown;      /* handshakes refused: key, domain or mechanism */
    uint64_t hurried;      /* handshakes put off: too many with one key */
    uint64_t shape;        /* routing id of another form */
    uint64_t parts;        /* messages of more than one part */
    uint64_t nameless;     /* no user id: must stay 0 */
    uint64_t revoked;      /* key no longer good */
    uint64_t malformed;    /* not canonical or of unknown type */
    uint64_t quota;        /* above the agency's budget */
    uint64_t full;         /* ring full */
    uint64_t gone;         /* frames for connections that had gone */
    uint64_t stuck;        /* connections given up because their pipe stayed full */
    uint64_t waiting_bytes; /* now: frames that wait for room in pipes */
};

/* A key that was refused. Told at most once a minute for each key, for few keys at a time:
 * strangers must not be able to fill a log. */
struct hub_door_stranger {
    uint8_t key[32];   /* all zero: no CURVE handshake at all, or another domain */
    uint64_t count;    /* handshakes since it was told last */
    char address[48];  /* of the newest, terminated, printable ASCII */
};

/* First number of a BUNDLE, so that its sender knows what was not taken; 0 for any other frame
 * or one whose header cannot be read. (frame.c) */
uint64_t hub_frame_first_n(struct rh_bytes frame);

#endif
