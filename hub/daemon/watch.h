/* What the log is told of a running hub: what happened at the door, and what changed in the
 * engine since the last look. Decides nothing. */
#ifndef HUB_DAEMON_WATCH_H
#define HUB_DAEMON_WATCH_H

#include "gateway/gateway.h"

/* As last told; begin with zeros. */
struct hub_watch {
    bool begun;
    uint64_t looked_ms; /* monotonic */
    bool firing_held;
    uint32_t held_refusal;
    int64_t jump_ms;
    uint64_t rules_index;
};

/* Look, and write lines for what is new. Call it in every turn: it looks ten times a
 * second at most. */
void hub_watch_look(struct hub_watch *watch, struct hub_engine *engine,
                    struct hub_gateway *gateway);

#endif
