#include "gateway/fair.h"

#include <rh/err.h>

#include <stdlib.h>
#include <string.h>

enum rh_err hub_fair_init(struct hub_fair *fair, uint32_t agencies)
{
    memset(fair, 0, sizeof *fair);
    fair->queues = calloc(agencies, sizeof *fair->queues);
    fair->agencies = agencies;
    for (uint32_t i = 0; fair->queues != NULL && i < HUB_FAIR_PLACES_MAX; i++)
        fair->pieces[i].agency = HUB_FAIR_NONE;
    return fair->queues != NULL ? RH_OK : RH_ERR_NOMEM;
}

void hub_fair_fini(struct hub_fair *fair)
{
    free(fair->queues);
    fair->queues = NULL;
}

/* An agency without pieces keeps its tag: who has just been served and comes again at once is
 * not a newcomer. */
static void begin(struct hub_fair *fair, struct hub_fair_queue *queue, uint32_t agency,
                  uint32_t place)
{
    rh_assert(fair->active_count < HUB_FAIR_PLACES_MAX);
    if (queue->tag < fair->now)
        queue->tag = fair->now;
    queue->claimed = 0;
    queue->first = queue->fresh = place;
    queue->active = fair->active_count;
    fair->active[fair->active_count++] = agency;
}

void hub_fair_push(struct hub_fair *fair, uint32_t place, uint32_t agency, uint64_t cost)
{
    rh_assert(place < HUB_FAIR_PLACES_MAX && agency < fair->agencies && cost > 0);
    struct hub_fair_queue *queue = &fair->queues[agency];
    struct hub_fair_piece *piece = &fair->pieces[place];
    rh_assert(piece->agency == HUB_FAIR_NONE);
    *piece = (struct hub_fair_piece){
        .cost = cost, .number = fair->number++, .agency = agency, .next = HUB_FAIR_NONE
    };
    if (queue->active >= fair->active_count || fair->active[queue->active] != agency) {
        begin(fair, queue, agency, place);
    } else {
        fair->pieces[queue->last].next = place;
        if (queue->fresh == HUB_FAIR_NONE)
            queue->fresh = place;
    }
    queue->last = place;
    fair->waiting++;
}

/* Of two candidates: the least tag, then the earlier arrival. */
static bool precedes(const struct hub_fair *fair, uint64_t tag, uint32_t place,
                     uint64_t best_tag, uint32_t best)
{
    if (best == HUB_FAIR_NONE || tag != best_tag)
        return best == HUB_FAIR_NONE || tag < best_tag;
    return fair->pieces[place].number < fair->pieces[best].number;
}

uint32_t hub_fair_claim(struct hub_fair *fair)
{
    uint32_t best = HUB_FAIR_NONE;
    uint64_t best_tag = 0;
    for (uint32_t i = 0; fair->waiting > 0 && i < fair->active_count; i++) {
        const struct hub_fair_queue *queue = &fair->queues[fair->active[i]];
        uint64_t tag = queue->tag + queue->claimed;
        if (queue->fresh != HUB_FAIR_NONE &&
            precedes(fair, tag, queue->fresh, best_tag, best)) {
            best = queue->fresh;
            best_tag = tag;
        }
    }
    if (best == HUB_FAIR_NONE)
        return best;
    struct hub_fair_queue *queue = &fair->queues[fair->pieces[best].agency];
    queue->claimed += fair->pieces[best].cost;
    queue->fresh = fair->pieces[best].next;
    fair->waiting--;
    return best;
}

void hub_fair_done(struct hub_fair *fair, uint32_t place, uint64_t cost)
{
    struct hub_fair_piece *piece = &fair->pieces[place];
    rh_assert(piece->agency != HUB_FAIR_NONE && !piece->done && cost > 0);
    struct hub_fair_queue *queue = &fair->queues[piece->agency];
    queue->claimed = queue->claimed - piece->cost + cost;
    piece->cost = cost;
    piece->done = true;
}

uint32_t hub_fair_first(const struct hub_fair *fair)
{
    uint32_t best = HUB_FAIR_NONE;
    uint64_t best_tag = 0;
    for (uint32_t i = 0; i < fair->active_count; i++) {
        const struct hub_fair_queue *queue = &fair->queues[fair->active[i]];
        if (fair->pieces[queue->first].done &&
            precedes(fair, queue->tag, queue->first, best_tag, best)) {
            best = queue->first;
            best_tag = queue->tag;
        }
    }
    return best;
}

void hub_fair_end(struct hub_fair *fair, uint32_t place)
{
    struct hub_fair_piece *piece = &fair->pieces[place];
    rh_assert(piece->agency != HUB_FAIR_NONE && piece->done);
    struct hub_fair_queue *queue = &fair->queues[piece->agency];
    rh_assert(queue->first == place);
    if (fair->now < queue->tag)
        fair->now = queue->tag;
    queue->tag += piece->cost;
    queue->claimed -= piece->cost;
    queue->first = piece->next;
    piece->agency = HUB_FAIR_NONE;
    if (queue->first != HUB_FAIR_NONE)
        return;
    uint32_t moved = fair->active[--fair->active_count];
    fair->active[queue->active] = moved;
    fair->queues[moved].active = queue->active;
}
