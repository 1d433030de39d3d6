/* What decide sees of the hub of arrays. */
#include "support/world_inside.h"

#include <string.h>

static enum rh_err see_referral(void *context, const struct rh_referral_id *id,
                                struct hub_referral *out)
{
    struct rht_world *world = context;
    for (uint32_t i = 0; i < world->row_count; i++) {
        if (memcmp(&world->rows[i].id, id, sizeof(*id)) == 0) {
            *out = world->rows[i];
            return RH_OK;
        }
    }
    return RH_ERR_NOTFOUND;
}

static enum rh_err see_rno(void *context, uint64_t rno, struct hub_referral *out)
{
    struct rht_world *world = context;
    if (rno == 0 || rno > world->row_count)
        return RH_ERR_NOTFOUND;
    *out = world->rows[rno - 1];
    return RH_OK;
}

static enum rh_err see_external(void *context, const struct rh_external *external,
                                uint64_t *rno)
{
    struct rht_world *world = context;
    for (uint32_t i = 0; i < world->row_count; i++) {
        for (uint32_t k = 0; k < world->rows[i].external_count; k++) {
            const struct rh_external *known = &world->rows[i].externals[k];
            if (strcmp(known->system, external->system) == 0 &&
                memcmp(&known->hash, &external->hash, sizeof(known->hash)) == 0) {
                *rno = world->rows[i].rno;
                return RH_OK;
            }
        }
    }
    return RH_ERR_NOTFOUND;
}

static enum rh_err see_message(void *context, const struct rh_message_id *id,
                               struct hub_message *out)
{
    struct rht_world *world = context;
    uint64_t number = rht_number_of(id->bytes);
    if (number == 0 || number >= world->message_count || world->messages[number].agency == 0)
        return RH_ERR_NOTFOUND;
    *out = world->messages[number];
    return RH_OK;
}

static enum rh_err see_agency(void *context, uint32_t no, struct hub_agency *out)
{
    struct rht_world *world = context;
    if (no < HUB_AGENCY_FIRST || no - HUB_AGENCY_FIRST >= world->agency_count)
        return RH_ERR_NOTFOUND;
    *out = world->agencies[no - HUB_AGENCY_FIRST];
    return RH_OK;
}

static enum rh_err see_agency_id(void *context, const struct rh_agency_id *id,
                                 struct hub_agency *out)
{
    struct rht_world *world = context;
    for (uint32_t i = 0; i < world->agency_count; i++) {
        if (strcmp(world->agencies[i].id.text, id->text) == 0) {
            *out = world->agencies[i];
            return RH_OK;
        }
    }
    return RH_ERR_NOTFOUND;
}

struct rht_pair *rht_world_pair(struct rht_world *world, uint32_t from, uint32_t to,
                                enum rh_lane lane)
{
    for (uint32_t i = 0; i < world->pair_count; i++) {
        struct rht_pair *pair = &world->pairs[i];
        if (pair->from == from && pair->to == to && pair->lane == lane)
            return pair;
    }
    if (world->pair_count == RHT_WORLD_PAIRS_MAX)
        rht_world_give_up(world, "too many pairs");
    struct rht_pair *pair = &world->pairs[world->pair_count++];
    *pair = (struct rht_pair){ from, to, lane, 1 };
    return pair;
}

static enum rh_err see_pair_next(void *context, uint32_t from, uint32_t to, enum rh_lane lane,
                                 uint64_t *pair_seq)
{
    *pair_seq = rht_world_pair(context, from, to, lane)->next;
    return RH_OK;
}

static enum rh_err see_queued_next(void *context, uint32_t to, uint32_t from, enum rh_lane lane,
                                   uint64_t at_least, struct hub_queued *out)
{
    struct rht_world *world = context;
    const struct hub_queued *found = NULL;
    for (uint32_t i = 0; i < world->queue_count; i++) {
        const struct hub_queued *queued = &world->queue[i];
        if (queued->to == to && queued->from == from && queued->lane == lane &&
            queued->pair_seq >= at_least &&
            (found == NULL || queued->pair_seq < found->pair_seq))
            found = queued;
    }
    if (found == NULL)
        return RH_ERR_NOTFOUND;
    *out = *found;
    return RH_OK;
}

/* Newest first, by walking all rows backwards. */
static enum rh_err see_marked(void *context, const struct hub_mark *mark, uint64_t *rno)
{
    struct rht_world *world = context;
    struct hub_mark marks[HUB_MARKS_MAX];
    for (uint64_t at = *rno; at-- > 1;) {
        if (at > world->row_count)
            continue;
        uint32_t count = hub_referral_marks(&world->rows[at - 1], marks);
        for (uint32_t i = 0; i < count; i++) {
            if (marks[i].what == mark->what && rh_hash_equal(&marks[i].a, &mark->a) &&
                rh_hash_equal(&marks[i].b, &mark->b) &&
                strcmp(marks[i].category, mark->category) == 0 &&
                strcmp(marks[i].area, mark->area) == 0) {
                *rno = at;
                return RH_OK;
            }
        }
    }
    return RH_ERR_NOTFOUND;
}

static enum rh_err see_query_code(void *context, const char *code, uint64_t *rno)
{
    struct rht_world *world = context;
    for (uint32_t i = 0; i < world->row_count; i++) {
        if (strcmp(world->rows[i].query_code, code) == 0) {
            *rno = world->rows[i].rno;
            return RH_OK;
        }
    }
    return RH_ERR_NOTFOUND;
}

static enum rh_err see_hot(void *context, const char *rule, const char *area,
                           struct hub_hot *out)
{
    struct rht_world *world = context;
    for (uint32_t i = 0; i < world->hot_count; i++) {
        if (strcmp(world->hots[i].rule, rule) == 0 && strcmp(world->hots[i].area, area) == 0) {
            *out = world->hots[i];
            return RH_OK;
        }
    }
    return RH_ERR_NOTFOUND;
}

static enum rh_err see_queued(void *context, uint32_t to, uint32_t from, enum rh_lane lane,
                              uint64_t pair_seq, struct hub_queued *out)
{
    enum rh_err err = see_queued_next(context, to, from, lane, pair_seq, out);
    return err == RH_OK && out->pair_seq != pair_seq ? RH_ERR_NOTFOUND : err;
}

static enum rh_err see_queued_lane(void *context, uint32_t to, uint64_t rno, enum rh_lane *lane)
{
    struct rht_world *world = context;
    for (uint32_t i = 0; i < world->queue_count; i++) {
        if (world->queue[i].to == to && world->queue[i].rno == rno) {
            *lane = world->queue[i].lane;
            return RH_OK;
        }
    }
    return RH_ERR_NOTFOUND;
}

/* Bulletins of this world are not remembered; stories acknowledge them. */
static enum rh_err see_told(void *context, uint64_t index, uint32_t agency)
{
    (void)context;
    (void)index;
    (void)agency;
    return RH_ERR_NOTFOUND;
}

static enum rh_err see_subscribed(void *context, const char *area, const char *category,
                                  uint32_t after, struct hub_subscription *out)
{
    struct rht_world *world = context;
    const struct hub_subscription *found = NULL;
    for (uint32_t i = 0; i < world->subscription_count; i++) {
        const struct hub_subscription *row = &world->subscriptions[i];
        if (strcmp(row->area, area) == 0 && strcmp(row->category, category) == 0 &&
            row->agency > after && (found == NULL || row->agency < found->agency))
            found = row;
    }
    if (found == NULL)
        return RH_ERR_NOTFOUND;
    *out = *found;
    return RH_OK;
}

static enum rh_err see_dead(void *context, uint64_t index, uint32_t to, struct hub_dead *out)
{
    struct rht_world *world = context;
    for (uint32_t i = 0; i < world->dead_count; i++) {
        if (world->dead[i].index == index && world->dead[i].to == to) {
            *out = world->dead[i];
            return RH_OK;
        }
    }
    return RH_ERR_NOTFOUND;
}

void rht_world_see(struct rht_world *world)
{
    world->face = (struct hub_world){
        .rules = world->rules,
        .rules_index = 1,
        .context = world,
        .referral = see_referral,
        .referral_by_rno = see_rno,
        .external = see_external,
        .message = see_message,
        .agency = see_agency,
        .agency_by_id = see_agency_id,
        .pair_next = see_pair_next,
        .queued = see_queued,
        .queued_lane = see_queued_lane,
        .queued_next = see_queued_next,
        .marked = see_marked,
        .query_code = see_query_code,
        .hot = see_hot,
        .told = see_told,
        .subscribed = see_subscribed,
        .dead = see_dead,
    };
}
