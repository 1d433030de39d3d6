#include <rh/kind.h>

#include <string.h>

static const struct {
    const char *name;
    char group;
} kinds[RH_KIND_END] = {
#define KIND_ROW(symbol, number, name, group) [number] = { name, #group[0] },
    RH_KIND_LIST(KIND_ROW)
#undef KIND_ROW
};

static const char *const states[RH_STATE_COUNT] = {
#define STATE_ROW(symbol, number, name) [number] = name,
    RH_STATE_LIST(STATE_ROW)
#undef STATE_ROW
};

static const char *const lanes[RH_LANE_COUNT] = { "normal", "green", "urgent" };

static const char *const actors[RH_ACTOR_COUNT] = {
#define ACTOR_ROW(symbol, number, name) [number] = name,
    RH_ACTOR_LIST(ACTOR_ROW)
#undef ACTOR_ROW
};

const char *rh_kind_name(enum rh_kind kind)
{
    return (size_t)kind < RH_KIND_END ? kinds[kind].name : NULL;
}

const char *rh_state_name(enum rh_state state)
{
    return (size_t)state < RH_STATE_COUNT ? states[state] : NULL;
}

const char *rh_lane_name(enum rh_lane lane)
{
    return (size_t)lane < RH_LANE_COUNT ? lanes[lane] : NULL;
}

const char *rh_actor_name(enum rh_actor actor)
{
    return (size_t)actor < RH_ACTOR_COUNT ? actors[actor] : NULL;
}

static bool same(const char *known, const char *name, size_t bytes)
{
    return known != NULL && strlen(known) == bytes && memcmp(known, name, bytes) == 0;
}

static int find(const char *const *names, int count, const char *name, size_t bytes)
{
    for (int i = 0; i < count; i++)
        if (same(names[i], name, bytes))
            return i;
    return -1;
}

enum rh_kind rh_kind_find(const char *name, size_t bytes)
{
    for (int i = 0; i < RH_KIND_END; i++)
        if (same(kinds[i].name, name, bytes))
            return (enum rh_kind)i;
    return RH_KIND_NONE;
}

enum rh_state rh_state_find(const char *name, size_t bytes)
{
    int index = find(states, RH_STATE_COUNT, name, bytes);
    return index < 0 ? RH_STATE_NONE : (enum rh_state)index;
}

int rh_lane_find(const char *name, size_t bytes)
{
    return find(lanes, RH_LANE_COUNT, name, bytes);
}

int rh_actor_find(const char *name, size_t bytes)
{
    return find(actors, RH_ACTOR_COUNT, name, bytes);
}

bool rh_kind_is_known(uint64_t number)
{
    return number < RH_KIND_END && kinds[number].name != NULL;
}

static bool is_group(enum rh_kind kind, char group)
{
    return (size_t)kind < RH_KIND_END && kinds[kind].group == group;
}

bool rh_kind_is_dispatch(enum rh_kind kind)
{
    return is_group(kind, 'D');
}

bool rh_kind_is_information(enum rh_kind kind)
{
    return is_group(kind, 'I');
}

bool rh_kind_is_attention(enum rh_kind kind)
{
    return is_group(kind, 'A');
}

static bool is_among(enum rh_state state, const enum rh_state *set, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (set[i] == state)
            return true;
    return false;
}

bool rh_state_is_resting(enum rh_state state)
{
    static const enum rh_state resting[] = { RH_STATE_CLOSED,    RH_STATE_TRANSFERRED,
                                             RH_STATE_MERGED,    RH_STATE_WITHDRAWN,
                                             RH_STATE_TERMINATED, RH_STATE_ARCHIVED };
    return is_among(state, resting, sizeof resting / sizeof resting[0]);
}

bool rh_state_is_unfinished(enum rh_state state)
{
    static const enum rh_state unfinished[] = {
        RH_STATE_REGISTERED,    RH_STATE_DISPATCHED, RH_STATE_SIGNED,      RH_STATE_RETURNED,
        RH_STATE_SUPPLEMENTING, RH_STATE_ACCEPTED,   RH_STATE_IN_PROGRESS, RH_STATE_SUSPENDED
    };
    return is_among(state, unfinished, sizeof unfinished / sizeof unfinished[0]);
}
