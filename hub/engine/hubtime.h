/* The hub's time: last journal time plus the monotonic clock; only it counts.
 *
 * The wall clock is looked at when the hub starts and when an operator confirms it. While the
 * hub runs, a wall clock that walks away is reported as skew and otherwise ignored. A hub
 * marked `test` may be steered: its time stands where it was put, plus the monotonic clock
 * times `rate`. Source: DESIGN, "Time". All values UTC ms. */
#ifndef HUB_ENGINE_HUBTIME_H
#define HUB_ENGINE_HUBTIME_H

#include <stdbool.h>
#include <stdint.h>

enum { HUB_TIME_JUMP_MS = 60 * 1000 }; /* a wall clock further off than this has jumped */
#define HUB_TIME_BELIEVED_MS (UINT64_C(31) * 24 * 3600 * 1000)
/* After a gap of at least HUB_TIME_ASK_MS nothing fires until two agencies' clocks agree
 * with the hub's, or so long after the start: those whose clocks contradict it must be heard
 * first. */
#define HUB_TIME_ASK_MS (UINT64_C(3600) * 1000)
enum { HUB_TIME_LISTEN_MS = 20 * 1000 };

struct hub_time {
    uint64_t (*wall)(void);
    uint64_t (*monotonic)(void);
    uint64_t base_ms;      /* hub time when the monotonic clock stood at mark_ms */
    uint64_t mark_ms;
    uint32_t rate;         /* 1 normally; a steered clock's pace, 0 stands still */
    bool steered;
    uint64_t floor_ms;     /* newest instant given out or found in the journal */
    int64_t reported_skew; /* the jump already on record */
};

/* The clocks of the operating system. */
uint64_t hub_time_system_wall(void);
uint64_t hub_time_system_monotonic(void);

/* Start from the journal's last time (0: none). Returns true when the gap to the wall clock
 * can be believed; else hub time goes on from the journal and firing must be held. */
bool hub_time_start(struct hub_time *time, uint64_t last_ms, bool steered);

/* Now; never runs backwards. */
uint64_t hub_time_now(struct hub_time *time);

/* Wall clock minus hub time. */
int64_t hub_time_skew(struct hub_time *time);

/* Set hub time forward (backwards is refused: false) and, if steered, its pace. */
bool hub_time_set(struct hub_time *time, uint64_t to_ms, uint32_t rate);

#endif
