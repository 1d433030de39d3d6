#include "support/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/refusal.h>

#include "core/clocks.h"

enum { ENCODED_MAX = 1024 * 1024 };

_Noreturn static void give_up(const struct rht_world *world, const char *what)
{
    (void)fprintf(stderr, "world at index %llu: %s\n", (unsigned long long)world->index, what);
    abort();
}

/* Room for one more element; the list may move. */
static void *grow(void *list, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return list;
    *capacity = *capacity == 0 ? 64 : *capacity * 2;
    void *bigger = realloc(list, *capacity * size);
    if (bigger == NULL)
        abort();
    return bigger;
}

static void put_number(uint8_t out[RH_ID_BYTES], uint64_t number)
{
    memset(out, 0, RH_ID_BYTES);
    for (int i = 0; i < 8; i++)
        out[15 - i] = (uint8_t)(number >> (8 * i));
}

static uint64_t get_number(const uint8_t id[RH_ID_BYTES])
{
    uint64_t number = 0;
    for (int i = 8; i < 16; i++)
        number = number << 8 | id[i];
    return number;
}

struct rh_referral_id rht_referral_id(uint64_t number)
{
    struct rh_referral_id id;
    put_number(id.bytes, number);
    return id;
}

struct rh_message_id rht_message_id(uint64_t number)
{
    struct rh_message_id id;
    put_number(id.bytes, number);
    return id;
}

uint64_t rht_at(int year, int month, int day, int hour)
{
    struct rh_date date;
    if (rh_date_from_civil(year, month, day, &date) != RH_OK)
        abort();
    return rh_date_start_ms(date) + (uint64_t)hour * RH_HOUR_MS;
}

/* ---- what decide sees -------------------------------------------------------------------- */

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
    uint64_t number = get_number(id->bytes);
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

static struct rht_pair *pair_of(struct rht_world *world, uint32_t from, uint32_t to,
                                enum rh_lane lane)
{
    for (uint32_t i = 0; i < world->pair_count; i++) {
        struct rht_pair *pair = &world->pairs[i];
        if (pair->from == from && pair->to == to && pair->lane == lane)
            return pair;
    }
    if (world->pair_count == RHT_WORLD_PAIRS_MAX)
        give_up(world, "too many pairs");
    struct rht_pair *pair = &world->pairs[world->pair_count++];
    *pair = (struct rht_pair){ from, to, lane, 1 };
    return pair;
}

static enum rh_err see_pair_next(void *context, uint32_t from, uint32_t to, enum rh_lane lane,
                                 uint64_t *pair_seq)
{
    *pair_seq = pair_of(context, from, to, lane)->next;
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

struct rht_world *rht_world_open(void)
{
    struct rht_world *world = calloc(1, sizeof(*world));
    if (world == NULL)
        abort();
    world->rules = calloc(1, sizeof(*world->rules));
    world->out = calloc(1, sizeof(*world->out));
    world->again = calloc(1, sizeof(*world->again));
    world->bytes_a = malloc(ENCODED_MAX);
    world->bytes_b = malloc(ENCODED_MAX);
    if (world->rules == NULL || world->out == NULL || world->again == NULL ||
        world->bytes_a == NULL || world->bytes_b == NULL)
        abort();
    rht_world_rules(world->rules);
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
    world->now_ms = rht_at(2026, 3, 2, 9);
    world->index = 100;
    world->message_number = 1;
    return world;
}

void rht_world_close(struct rht_world *world)
{
    free(world->rules);
    free(world->out);
    free(world->again);
    free(world->bytes_a);
    free(world->bytes_b);
    free(world->rows);
    free(world->queue);
    free(world->messages);
    free(world->dead);
    free(world->hots);
    free(world);
}

struct rh_hash rht_world_unit(const struct rht_world *world, uint32_t agency)
{
    struct rh_hash hash;
    const char *text = world->agencies[agency - HUB_AGENCY_FIRST].id.text;
    memset(&hash, 0, sizeof(hash));
    memcpy(hash.bytes, text, strlen(text) < 32 ? strlen(text) : 32);
    return hash;
}

uint32_t rht_world_agency(struct rht_world *world, const char *id, uint32_t superior)
{
    if (world->agency_count == RHT_WORLD_AGENCIES_MAX)
        give_up(world, "too many agencies");
    struct hub_agency *agency = &world->agencies[world->agency_count];
    agency->no = HUB_AGENCY_FIRST + world->agency_count++;
    if (rh_agency_id_parse(id, strlen(id), &agency->id) != RH_OK)
        give_up(world, id);
    size_t role = strcspn(id, ".");
    memcpy(agency->role, id, role);
    agency->superior = superior;
    agency->state = HUB_AGENCY_ACTIVE;
    agency->unit_hash = rht_world_unit(world, agency->no);
    return agency->no;
}

/* ---- trace --------------------------------------------------------------------------------
 */

__attribute__((format(printf, 2, 3))) static void trace(struct rht_world *world,
                                                        const char *format, ...)
{
    if (!world->traced)
        return;
    va_list args;
    va_start(args, format);
    int bytes = vsnprintf(world->trace + world->trace_bytes,
                          sizeof(world->trace) - world->trace_bytes, format, args);
    va_end(args);
    if (bytes > 0)
        world->trace_bytes += (size_t)bytes;
    if (world->trace_bytes >= sizeof(world->trace))
        give_up(world, "the trace is full");
}

static const char *name_of(const struct rht_world *world, uint32_t agency)
{
    if (agency == HUB_AGENCY_HUB)
        return "hub";
    if (agency == HUB_AGENCY_NONE)
        return "nobody";
    return world->agencies[agency - HUB_AGENCY_FIRST].role;
}

static void trace_outcome(struct rht_world *world, const struct hub_event *event)
{
    const struct hub_outcome *out = world->out;
    char when[RH_INSTANT_TEXT_BYTES];
    rh_instant_format(world->now_ms, when);
    trace(world, "%.5s %.5s %s", when + 5, when + 11,
          event->type == HUB_EVENT_ITEM ? name_of(world, event->agency) : "hub");
    if (event->type == HUB_EVENT_ITEM)
        trace(world, " %s", rh_kind_name(event->item->kind));
    if (out->refusal != 0) {
        trace(world, ": refused %u\n", (unsigned)out->refusal);
        return;
    }
    if (out->row_count > 0)
        trace(world, ": %s, %s's turn", rh_state_name(out->rows[0].state),
              name_of(world, out->rows[0].holder));
    for (uint32_t i = 0; i < out->note_count; i++)
        trace(world, "; %s %s", rh_kind_name(out->notes[i].kind),
              name_of(world, out->notes[i].agency));
    for (uint32_t i = 0; i < out->delivery_count; i++)
        trace(world, " > %s %s", name_of(world, out->deliveries[i].to),
              rh_kind_name(out->deliveries[i].kind));
    trace(world, "\n");
}

/* ---- applying -----------------------------------------------------------------------------
 */

static void apply_rows(struct rht_world *world)
{
    for (uint32_t i = 0; i < world->out->row_count; i++) {
        const struct hub_referral *row = &world->out->rows[i];
        if (row->rno == 0 || row->rno > world->row_count + 1)
            give_up(world, "a row has a number out of order");
        if (row->rno == world->row_count + 1) {
            world->rows =
                grow(world->rows, world->row_count, &world->row_capacity, sizeof(*world->rows));
            world->row_count++;
            world->slot++;
        }
        world->rows[row->rno - 1] = *row;
    }
}

static void remove_queued(struct rht_world *world, uint32_t at)
{
    memmove(&world->queue[at], &world->queue[at + 1],
            (world->queue_count - at - 1) * sizeof(*world->queue));
    world->queue_count--;
}

static void bury(struct rht_world *world, const struct hub_queued *queued,
                 const struct hub_queue_out *change)
{
    world->dead =
        grow(world->dead, world->dead_count, &world->dead_capacity, sizeof(*world->dead));
    world->dead[world->dead_count++] = (struct hub_dead){
        .index = queued->index,
        .to = queued->to,
        .from = queued->from,
        .lane = queued->lane,
        .pair_seq = queued->pair_seq,
        .rno = queued->rno,
        .kind = queued->kind,
        .place = queued->place,
        .refusal = change->refusal,
        .dead_ms = world->now_ms,
    };
}

static void apply_hots(struct rht_world *world)
{
    for (uint32_t i = 0; i < world->out->hot_count; i++) {
        const struct hub_hot *hot = &world->out->hots[i];
        uint32_t at = 0;
        while (at < world->hot_count && (strcmp(world->hots[at].rule, hot->rule) != 0 ||
                                         strcmp(world->hots[at].area, hot->area) != 0))
            at++;
        if (at == world->hot_count) {
            world->hots =
                grow(world->hots, world->hot_count, &world->hot_capacity, sizeof *world->hots);
            world->hot_count++;
        }
        world->hots[at] = *hot;
    }
}

static void apply_queue_change(struct rht_world *world, const struct hub_queue_out *change)
{
    uint32_t touched = 0;
    for (uint32_t i = 0; change->what != HUB_QUEUE_SETTLED && i < world->queue_count;) {
        struct hub_queued *queued = &world->queue[i];
        bool same = queued->to == change->to && queued->from == change->from &&
                    queued->lane == change->lane &&
                    (queued->pair_seq == change->pair_seq ||
                     (change->what == HUB_QUEUE_ACKED && queued->pair_seq < change->pair_seq));
        if (!same) {
            i++;
            continue;
        }
        touched++;
        if (change->what == HUB_QUEUE_TOMBSTONE) {
            queued->tombstone = true;
            i++;
            continue;
        }
        if (change->what == HUB_QUEUE_DEAD)
            bury(world, queued, change);
        remove_queued(world, i);
    }
    for (uint32_t i = 0; change->what == HUB_QUEUE_SETTLED && i < world->dead_count; i++) {
        if (world->dead[i].index == change->index && world->dead[i].to == change->to) {
            world->dead[i].settled = true;
            world->dead[i].settled_index = world->index;
            touched++;
        }
    }
    if (touched == 0)
        give_up(world, "a queue change touches nothing");
}

static void apply_deliveries(struct rht_world *world)
{
    for (uint32_t i = 0; i < world->out->delivery_count; i++) {
        const struct hub_delivery_out *delivery = &world->out->deliveries[i];
        struct rht_pair *pair = pair_of(world, delivery->from, delivery->to, delivery->lane);
        if (delivery->pair_seq != pair->next++)
            give_up(world, "pair_seq is not dense");
        world->queue = grow(world->queue, world->queue_count, &world->queue_capacity,
                            sizeof(*world->queue));
        world->queue[world->queue_count++] = (struct hub_queued){
            .to = delivery->to,
            .from = delivery->from,
            .lane = delivery->lane,
            .pair_seq = delivery->pair_seq,
            .index = delivery->index,
            .rno = delivery->rno,
            .kind = delivery->kind,
            .place = delivery->place,
            .stored_ms = world->now_ms,
        };
    }
}

static void remember_message(struct rht_world *world, const struct hub_event *event)
{
    if (event->type != HUB_EVENT_ITEM || world->out->refusal != 0)
        return;
    uint64_t number = get_number(event->item->message_id.bytes);
    while (world->message_count <= number) {
        world->messages = grow(world->messages, world->message_count, &world->message_capacity,
                               sizeof(*world->messages));
        world->messages[world->message_count++] = (struct hub_message){ 0 };
    }
    world->messages[number] = (struct hub_message){ .index = event->index,
                                                    .agency = event->agency,
                                                    .rno = world->out->rno,
                                                    .kind = event->item->kind };
}

/* Equal arguments give equal bytes: decided twice, encoded twice. */
static void check_twin(struct rht_world *world, const struct hub_event *event)
{
    struct rh_writer a, b;
    memset(world->again, 0xA5, sizeof(*world->again));
    if (hub_decide(&world->face, event, world->again) != RH_OK)
        give_up(world, "the same event failed the second time");
    rh_writer_init(&a, world->bytes_a, ENCODED_MAX);
    rh_writer_init(&b, world->bytes_b, ENCODED_MAX);
    if (hub_outcome_encode(world->out, &a) != RH_OK ||
        hub_outcome_encode(world->again, &b) != RH_OK)
        give_up(world, "an outcome cannot be encoded");
    if (a.bytes != b.bytes || memcmp(world->bytes_a, world->bytes_b, a.bytes) != 0)
        give_up(world, "the same event was decided differently");
    struct rh_bytes bytes = { world->bytes_a, a.bytes };
    if (hub_outcome_decode(bytes, world->again) != RH_OK)
        give_up(world, "an outcome cannot be read back");
}

uint32_t rht_world_event(struct rht_world *world, const struct hub_event *given)
{
    struct hub_event event = *given;
    event.now_ms = world->now_ms;
    event.down_ms = world->down_ms;
    event.index = ++world->index;
    event.next_rno = world->row_count + 1;
    for (unsigned i = 0; i < sizeof event.random; i++)
        event.random[i] = (uint8_t)(world->index >> 8 * (i % 8));
    event.next_number = world->row_count + 1;
    event.free_slot = world->slot;
    if (hub_decide(&world->face, &event, world->out) != RH_OK)
        give_up(world, "decide failed");
    check_twin(world, &event);
    trace_outcome(world, &event);
    if (world->watch != NULL)
        world->watch(world->watch_arg, world, &event);
    if (world->out->refusal != 0) {
        if (world->out->row_count + world->out->delivery_count + world->out->queue_count +
                world->out->note_count !=
            0)
            give_up(world, "a refusal has effects");
        return world->out->refusal;
    }
    apply_rows(world);
    apply_hots(world);
    for (uint32_t i = 0; i < world->out->queue_count; i++)
        apply_queue_change(world, &world->out->queue[i]);
    apply_deliveries(world);
    remember_message(world, &event);
    rht_world_check(world);
    return 0;
}

/* ---- sending ------------------------------------------------------------------------------
 */

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
            give_up(world, "an ack was refused");
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
    give_up(world, "nothing to refuse");
}

/* ---- time ---------------------------------------------------------------------------------
 */

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
            give_up(world, "a timer was refused");
        if (hub_referral_wake(&world->rows[event.rno - 1]) == at_ms &&
            world->out->note_count == 0)
            give_up(world, "a timer does nothing and stays");
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

/* ---- looking ------------------------------------------------------------------------------
 */

struct hub_referral *rht_world_row(struct rht_world *world, uint64_t number)
{
    struct rh_referral_id id = rht_referral_id(number);
    for (uint32_t i = 0; i < world->row_count; i++) {
        if (memcmp(&world->rows[i].id, &id, sizeof(id)) == 0)
            return &world->rows[i];
    }
    give_up(world, "no such row");
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

/* ---- what always holds --------------------------------------------------------------------
 */

static void check_clocks(struct rht_world *world, const struct hub_referral *row)
{
    bool live = row->arrival_due_ms != 0;
    const struct rh_calendar *calendar = &world->rules->calendars[0];
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (i > 0 && deadline->serial <= row->deadlines[i - 1].serial)
            give_up(world, "clocks are out of order");
        if (hub_deadline_is_owed(deadline) && deadline->owed_by == 0)
            give_up(world, "a clock is owed by nobody");
        if (hub_deadline_is_owed(deadline) != (deadline->ended_ms == 0))
            give_up(world, "a clock is neither owed nor ended");
        live = live || hub_deadline_is_owed(deadline);
        if (deadline->status != HUB_DEADLINE_RUNNING)
            continue;
        struct hub_deadline again = *deadline;
        if (!hub_clock_compute(calendar, &again) || again.end_ms != deadline->end_ms ||
            again.nominal != deadline->nominal)
            give_up(world, "an end does not follow from its inputs");
        if (deadline->step_ms != deadline->end_ms)
            give_up(world, "a running clock has no timer at its end");
    }
    if (live == rh_state_is_resting(row->state))
        give_up(world, live ? "a resting referral has a clock" : "an open one has none");
}

static void check_row(struct rht_world *world, const struct hub_referral *row)
{
    if (!hub_referral_is_sound(row))
        give_up(world, "a row is not sound");
    if (row->arrived != (row->arrived_ms != 0) && row->state == RH_STATE_DISPATCHED)
        give_up(world, "arrival and its instant disagree");
    enum rh_actor actor = hub_lifecycle_holder(row->state, row->arrived);
    bool up = (row->state == RH_STATE_RETURNED && row->bounce_pair >= 3) ||
              (row->state == RH_STATE_OBJECTED && row->objected_by != HUB_AGENCY_NONE &&
               row->objected_by != row->addressee);
    if (actor == RH_ACTOR_ADDRESSEE && row->holder != row->addressee)
        give_up(world, "the addressee should hold it");
    if (actor == RH_ACTOR_SENDER && row->holder != row->sender && !up)
        give_up(world, "the sender should hold it");
    if (actor == RH_ACTOR_ORIGIN && row->holder != row->origin)
        give_up(world, "the origin should hold it");
    check_clocks(world, row);
}

static void check_children(struct rht_world *world)
{
    for (uint32_t i = 0; i < world->row_count; i++) {
        const struct hub_referral *parent = &world->rows[i];
        uint32_t split = 0, review = 0;
        for (uint32_t k = 0; k < world->row_count; k++) {
            const struct hub_referral *child = &world->rows[k];
            if (!child->counted || memcmp(&child->parent, &parent->id, RH_ID_BYTES) != 0)
                continue;
            if (child->born == RH_KIND_SPLIT)
                split++;
            else
                review++;
        }
        if (split != parent->child_open || review != parent->review_open)
            give_up(world, "children do not add up");
    }
}

void rht_world_check(struct rht_world *world)
{
    for (uint32_t i = 0; i < world->out->row_count; i++)
        check_row(world, &world->out->rows[i]);
    if (world->row_count < 400)
        check_children(world);
}
