#include "views/counts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/change.h"

enum {
    SLOTS = 1024,          /* power of two */
    SLOTS_USED_MAX = 768   /* then everything is written and the table begins anew */
};

/* A difference waiting to be written. */
struct slot {
    uint32_t figure_plus_one; /* 0: free */
    uint32_t number;
    int64_t delta;
};

struct hub_counts {
    uint32_t used;
    struct slot slots[SLOTS];
};

enum by { BY_NOTHING, BY_NUMBER, BY_STATE, BY_KIND, BY_STATUS };

static const struct {
    const char *name;
    enum by by;
} figures[HUB_FIGURES] = {
    [HUB_FIGURE_REFERRALS] = { "referrals", BY_NOTHING },
    [HUB_FIGURE_STATE] = { "state", BY_STATE },
    [HUB_FIGURE_OPEN] = { "open", BY_NOTHING },
    [HUB_FIGURE_OPEN_AGENCY] = { "open", BY_NUMBER },
    [HUB_FIGURE_OVERDUE] = { "overdue", BY_NOTHING },
    [HUB_FIGURE_OVERDUE_AGENCY] = { "overdue", BY_NUMBER },
    [HUB_FIGURE_QUEUE] = { "queue", BY_NOTHING },
    [HUB_FIGURE_QUEUE_AGENCY] = { "queue", BY_NUMBER },
    [HUB_FIGURE_DEAD] = { "dead", BY_NOTHING },
    [HUB_FIGURE_DEAD_AGENCY] = { "dead", BY_NUMBER },
    [HUB_FIGURE_AGENCIES] = { "agencies", BY_NOTHING },
    [HUB_FIGURE_STORED] = { "stored", BY_NOTHING },
    [HUB_FIGURE_STORED_KIND] = { "stored", BY_KIND },
    [HUB_FIGURE_REFUSED] = { "refused", BY_NOTHING },
    [HUB_FIGURE_REFUSED_NUMBER] = { "refused", BY_NUMBER },
    [HUB_FIGURE_NOTED_KIND] = { "noted", BY_KIND },
    [HUB_FIGURE_CLOCK_STATUS] = { "clock", BY_STATUS },
    [HUB_FIGURE_SHARED] = { "shared", BY_NOTHING },
    [HUB_FIGURE_SHARED_NUMBER] = { "shared", BY_NUMBER },
};

static const char *status_name(uint32_t status)
{
    static const char *const names[] = {
        [HUB_DEADLINE_RUNNING] = "running",   [HUB_DEADLINE_PAUSED] = "paused",
        [HUB_DEADLINE_MET] = "met",           [HUB_DEADLINE_MET_LATE] = "met_late",
        [HUB_DEADLINE_MISSED] = "missed",     [HUB_DEADLINE_CANCELLED] = "cancelled",
        [HUB_DEADLINE_LAPSED] = "lapsed",
    };
    return status < sizeof names / sizeof names[0] ? names[status] : NULL;
}

void hub_figure_name(enum hub_figure figure, uint32_t number, char out[HUB_FIGURE_NAME_BYTES])
{
    rh_assert(figure < HUB_FIGURES);
    const char *word = NULL;
    if (figures[figure].by == BY_STATE)
        word = rh_state_name((enum rh_state)number);
    else if (figures[figure].by == BY_KIND)
        word = rh_kind_name((enum rh_kind)number);
    else if (figures[figure].by == BY_STATUS)
        word = status_name(number);

    int bytes;
    if (figures[figure].by == BY_NOTHING)
        bytes = snprintf(out, HUB_FIGURE_NAME_BYTES, "%s", figures[figure].name);
    else if (word != NULL)
        bytes = snprintf(out, HUB_FIGURE_NAME_BYTES, "%s/%s", figures[figure].name, word);
    else
        bytes = snprintf(out, HUB_FIGURE_NAME_BYTES, "%s/%" PRIu32, figures[figure].name,
                         number);
    rh_assert(bytes > 0 && bytes < HUB_FIGURE_NAME_BYTES);
}

enum rh_err hub_counts_new(struct hub_counts **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? RH_ERR_NOMEM : RH_OK;
}

void hub_counts_destroy(struct hub_counts **counts)
{
    free(*counts);
    *counts = NULL;
}

/* The slot of a figure, or the free one where it belongs. */
static struct slot *find(struct hub_counts *counts, enum hub_figure figure, uint32_t number)
{
    uint32_t want = (uint32_t)figure + 1;
    uint32_t at = (number * UINT32_C(2654435761) ^ want * UINT32_C(40503)) & (SLOTS - 1);
    for (;;) {
        struct slot *slot = &counts->slots[at];
        if (slot->figure_plus_one == 0 ||
            (slot->figure_plus_one == want && slot->number == number))
            return slot;
        at = (at + 1) & (SLOTS - 1);
    }
}

enum rh_err hub_count_add(struct hub_views *views, enum hub_figure figure, uint32_t number,
                          int64_t delta)
{
    struct hub_counts *counts = views->counts;
    struct slot *slot = find(counts, figure, number);
    if (slot->figure_plus_one == 0) {
        if (counts->used == SLOTS_USED_MAX) {
            enum rh_err err = hub_counts_save(views);
            if (err != RH_OK)
                return err;
            slot = find(counts, figure, number);
        }
        *slot = (struct slot){ (uint32_t)figure + 1, number, 0 };
        counts->used++;
    }
    slot->delta += delta;
    return RH_OK;
}

enum rh_err hub_count_both(struct hub_views *views, enum hub_figure all, enum hub_figure by,
                           uint32_t number, int64_t delta)
{
    enum rh_err err = hub_count_add(views, all, 0, delta);
    return err == RH_OK ? hub_count_add(views, by, number, delta) : err;
}

/* Differences are taken modulo 2^64, so that their order does not matter. */
static enum rh_err save_slot(struct hub_views *views, const struct slot *slot)
{
    char name[HUB_FIGURE_NAME_BYTES];
    hub_figure_name((enum hub_figure)(slot->figure_plus_one - 1), slot->number, name);
    struct hub_key key = hub_key_text(name);
    struct rh_bytes old = { NULL, 0 };
    enum rh_err err = hub_look(views->map, HUB_TABLE_COUNT, &key, &old);
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return err;
    bool known = err == RH_OK;
    if (known && old.bytes != 8)
        return RH_ERR_CORRUPT;

    uint8_t value[8];
    uint64_t sum = (known ? hub_get_u64(old.data) : 0) + (uint64_t)slot->delta;
    hub_put_u64(value, sum);
    if (sum == 0)
        return known ? hub_change_remove(views, HUB_TABLE_COUNT, &key, old) : RH_OK;
    struct rh_bytes now = { value, sizeof value };
    return known ? hub_change_replace(views, HUB_TABLE_COUNT, &key, old, now)
                 : hub_change_insert(views, HUB_TABLE_COUNT, &key, now);
}

enum rh_err hub_counts_save(struct hub_views *views)
{
    struct hub_counts *counts = views->counts;
    if (counts->used == 0)
        return RH_OK;
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &counts->slots[i];
        if (slot->figure_plus_one == 0 || slot->delta == 0)
            continue;
        enum rh_err err = save_slot(views, slot);
        if (err != RH_OK)
            return err;
    }
    memset(counts, 0, sizeof *counts);
    return RH_OK;
}

enum rh_err hub_views_count(struct hub_map *map, const char *name, uint64_t *value)
{
    *value = 0;
    size_t bytes = strlen(name);
    if (bytes == 0 || bytes >= HUB_FIGURE_NAME_BYTES)
        return RH_OK;
    struct hub_key key = hub_key_text(name);
    struct rh_bytes row;
    enum rh_err err = hub_look(map, HUB_TABLE_COUNT, &key, &row);
    if (err == RH_ERR_NOTFOUND)
        return RH_OK;
    if (err == RH_OK && row.bytes != 8)
        return RH_ERR_CORRUPT;
    if (err == RH_OK)
        *value = hub_get_u64(row.data);
    return err;
}
