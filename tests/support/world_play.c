/* What happens in the hub of arrays: who sends what, time that passes, and looking at it. */
#include "support/world_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hub_subscription *rht_world_subscribe(struct rht_world *world, uint32_t agency,
                                             const char *area, const char *category,
                                             enum rh_kind event)
{
    if (world->subscription_count == RHT_WORLD_SUBSCRIPTIONS_MAX)
        abort();
    struct hub_subscription *row = &world->subscriptions[world->subscription_count++];
    memset(row, 0, sizeof *row);
    row->number = world->subscription_count;
    row->agency = agency;
    snprintf(row->area, sizeof row->area, "%s", area);
    snprintf(row->category, sizeof row->category, "%s", category);
    rh_kind_add(&row->events, event);
    row->masks[HUB_SHARE_DATE] = HUB_MASK_MONTH;
    row->given_ms = row->from_ms = world->now_ms;
    row->until_ms = world->now_ms + 3650 * RH_DAY_MS;
    return row;
}

struct rh_public *rht_world_item(struct rht_world *world, enum rh_kind kind, uint64_t number)
{
    memset(&world->item, 0, sizeof(world->item));
    world->item.kind = kind;
    world->item.message_id = rht_message_id(world->message_number++);
    if (number != 0)
        world->item.referral_id = rht_referral_id(number);
    return &world->item;
}

uint32_t rht_world_send(struct rht_world *world, uint32_t agency)
{
    struct hub_event event = {
        .type = HUB_EVENT_ITEM, .agency = agency, .item = &world->item, .item_bytes = 1000,
        .lost_ms = world->lost_ms, .lost_generation = world->lost_ms != 0 ? 1 : 0
    };
    return rht_world_event(world, &event);
}

static void put_code(char *out, size_t capacity, const char *code)
{
    if (code == NULL)
        return;
    if (strlen(code) >= capacity)
        abort();
    memcpy(out, code, strlen(code) + 1);
}

uint32_t rht_world_step(struct rht_world *world, uint32_t agency, enum rh_kind kind,
                        uint64_t number, const char *code)
{
    struct rh_public *item = rht_world_item(world, kind, number);
    put_code(item->code, sizeof(item->code), code);
    if (code != NULL && strcmp(code, "not-competent") == 0) /* then it is the hub's first agency's */
        item->proper = world->agencies[0].id;
    return rht_world_send(world, agency);
}

uint32_t rht_world_register(struct rht_world *world, uint32_t agency, uint64_t number,
                            const char *procedure)
{
    struct rh_public *item = rht_world_item(world, RH_KIND_REGISTER, number);
    put_code(item->procedure, sizeof(item->procedure), procedure);
    put_code(item->category, sizeof(item->category), "police.conduct");
    put_code(item->area, sizeof(item->area), "620423");
    put_code(item->source, sizeof(item->source), "visit");
    return rht_world_send(world, agency);
}

uint32_t rht_world_dispatch(struct rht_world *world, uint32_t agency, enum rh_kind kind,
                            uint64_t number, uint32_t to)
{
    struct rh_public *item = rht_world_item(world, kind, number);
    item->to = world->agencies[to - HUB_AGENCY_FIRST].id;
    if (kind == RH_KIND_ASSIGN)
        item->due_ms = world->now_ms + 40 * RH_DAY_MS;
    return rht_world_send(world, agency);
}

static void name_sender(struct rht_world *world, uint32_t from, struct rh_agency_id *out)
{
    if (from == HUB_AGENCY_HUB)
        put_code(out->text, sizeof(out->text), "test.620423");
    else
        *out = world->agencies[from - HUB_AGENCY_FIRST].id;
}

void rht_world_receive(struct rht_world *world, uint32_t agency)
{
    for (uint32_t i = 0; i < world->queue_count;) {
        struct hub_queued queued = world->queue[i];
        if (queued.to != agency) {
            i++;
            continue;
        }
        struct rh_public *item = rht_world_item(world, RH_KIND_ACK, 0);
        name_sender(world, queued.from, &item->from);
        item->lane = queued.lane;
        item->pair_seq = queued.pair_seq;
        if (rht_world_send(world, agency) != 0)
            rht_world_give_up(world, "an ack was refused");
        i = 0;
    }
}

uint32_t rht_world_nack(struct rht_world *world, uint32_t agency, uint32_t refusal)
{
    for (uint32_t i = 0; i < world->queue_count; i++) {
        struct hub_queued queued = world->queue[i];
        if (queued.to != agency || queued.tombstone)
            continue;
        struct rh_public *item = rht_world_item(world, RH_KIND_NACK, 0);
        name_sender(world, queued.from, &item->from);
        item->lane = queued.lane;
        item->pair_seq = queued.pair_seq;
        item->refusal = refusal;
        return rht_world_send(world, agency);
    }
    rht_world_give_up(world, "nothing to refuse");
}

static struct hub_referral *first_due(struct rht_world *world, uint64_t *at_ms)
{
    struct hub_referral *found = NULL;
    for (uint32_t i = 0; i < world->row_count; i++) {
        uint64_t wake_ms = hub_referral_wake(&world->rows[i]);
        if (wake_ms != 0 && (found == NULL || wake_ms < *at_ms)) {
            found = &world->rows[i];
            *at_ms = wake_ms;
        }
    }
    return found;
}

void rht_world_until(struct rht_world *world, uint64_t to_ms)
{
    for (;;) {
        uint64_t at_ms = 0;
        const struct hub_referral *row = first_due(world, &at_ms);
        if (row == NULL || at_ms > to_ms)
            break;
        if (at_ms > world->now_ms)
            world->now_ms = at_ms;
        struct hub_event event = { .type = HUB_EVENT_WAKE, .rno = row->rno };
        if (rht_world_event(world, &event) != 0)
            rht_world_give_up(world, "a timer was refused");
        if (hub_referral_wake(&world->rows[event.rno - 1]) == at_ms &&
            world->out->note_count == 0)
            rht_world_give_up(world, "a timer does nothing and stays");
    }
    if (to_ms > world->now_ms)
        world->now_ms = to_ms;
}

void rht_world_down(struct rht_world *world, uint64_t to_ms, bool counted)
{
    if (counted)
        world->down_ms += to_ms - world->now_ms;
    world->now_ms = to_ms;
    rht_world_until(world, to_ms);
}

struct hub_referral *rht_world_row(struct rht_world *world, uint64_t number)
{
    struct rh_referral_id id = rht_referral_id(number);
    for (uint32_t i = 0; i < world->row_count; i++) {
        if (memcmp(&world->rows[i].id, &id, sizeof(id)) == 0)
            return &world->rows[i];
    }
    rht_world_give_up(world, "no such row");
}

struct hub_deadline *rht_world_clock(struct rht_world *world, uint64_t number,
                                     const char *limit)
{
    struct hub_referral *row = rht_world_row(world, number);
    struct hub_deadline *found = NULL;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        if (strcmp(row->deadlines[i].limit, limit) == 0)
            found = &row->deadlines[i];
    }
    return found;
}

uint32_t rht_world_waiting(const struct rht_world *world, uint32_t agency)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->queue_count; i++)
        count += world->queue[i].to == agency ? 1u : 0u;
    return count;
}

uint32_t rht_world_notes(const struct rht_world *world, enum rh_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->out->note_count; i++)
        count += world->out->notes[i].kind == kind ? 1u : 0u;
    return count;
}
