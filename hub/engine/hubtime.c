#include "engine/hubtime.h"

#include <rh/err.h>

#include <time.h>

static uint64_t read_clock(clockid_t which)
{
    struct timespec now;
    rh_assert(clock_gettime(which, &now) == 0);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

uint64_t hub_time_system_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t hub_time_system_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

bool hub_time_start(struct hub_time *time, uint64_t last_ms, bool steered)
{
    rh_assert(time->wall != NULL && time->monotonic != NULL);
    uint64_t wall = time->wall();
    bool believed = last_ms == 0 || steered ||
                    (wall >= last_ms && wall - last_ms <= HUB_TIME_BELIEVED_MS);
    /* A little backwards is an ordinary correction of the wall clock, not a jump. */
    if (!believed && wall < last_ms && last_ms - wall <= HUB_TIME_JUMP_MS)
        believed = true;
    bool from_wall = !steered && believed && wall > last_ms;
    time->base_ms = from_wall || last_ms == 0 ? wall : last_ms;
    time->mark_ms = time->monotonic();
    time->rate = steered ? 0 : 1;
    time->steered = steered;
    time->floor_ms = last_ms;
    time->reported_skew = 0;
    return believed;
}

uint64_t hub_time_now(struct hub_time *time)
{
    uint64_t now = time->base_ms + (time->monotonic() - time->mark_ms) * time->rate;
    if (now < time->floor_ms)
        now = time->floor_ms;
    time->floor_ms = now;
    return now;
}

int64_t hub_time_skew(struct hub_time *time)
{
    return (int64_t)time->wall() - (int64_t)hub_time_now(time);
}

bool hub_time_set(struct hub_time *time, uint64_t to_ms, uint32_t rate)
{
    if (to_ms < hub_time_now(time))
        return false;
    time->base_ms = to_ms;
    time->mark_ms = time->monotonic();
    time->floor_ms = to_ms;
    if (time->steered)
        time->rate = rate;
    return true;
}
