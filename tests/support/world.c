#include "support/world_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/refusal.h>

#include "core/clocks.h"

enum { ENCODED_MAX = 1024 * 1024 };

_Noreturn void rht_world_give_up(const struct rht_world *world, const char *what)
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

uint64_t rht_number_of(const uint8_t id[RH_ID_BYTES])
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
    rht_world_see(world);
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
        rht_world_give_up(world, "too many agencies");
    struct hub_agency *agency = &world->agencies[world->agency_count];
    agency->no = HUB_AGENCY_FIRST + world->agency_count++;
    if (rh_agency_id_parse(id, strlen(id), &agency->id) != RH_OK)
        rht_world_give_up(world, id);
    size_t role = strcspn(id, ".");
    memcpy(agency->role, id, role);
    agency->superior = superior;
    agency->state = HUB_AGENCY_ACTIVE;
    agency->unit_hash = rht_world_unit(world, agency->no);
    return agency->no;
}

/* ---- trace ------------------------------------------------------------------------------ */

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
        rht_world_give_up(world, "the trace is full");
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

/* ---- applying --------------------------------------------------------------------------- */

static void apply_rows(struct rht_world *world)
{
    for (uint32_t i = 0; i < world->out->row_count; i++) {
        const struct hub_referral *row = &world->out->rows[i];
        if (row->rno == 0 || row->rno > world->row_count + 1)
            rht_world_give_up(world, "a row has a number out of order");
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
        rht_world_give_up(world, "a queue change touches nothing");
}

static void apply_deliveries(struct rht_world *world)
{
    for (uint32_t i = 0; i < world->out->delivery_count; i++) {
        const struct hub_delivery_out *delivery = &world->out->deliveries[i];
        struct rht_pair *pair =
            rht_world_pair(world, delivery->from, delivery->to, delivery->lane);
        if (delivery->pair_seq != pair->next++)
            rht_world_give_up(world, "pair_seq is not dense");
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
    uint64_t number = rht_number_of(event->item->message_id.bytes);
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
        rht_world_give_up(world, "the same event failed the second time");
    rh_writer_init(&a, world->bytes_a, ENCODED_MAX);
    rh_writer_init(&b, world->bytes_b, ENCODED_MAX);
    if (hub_outcome_encode(world->out, &a) != RH_OK ||
        hub_outcome_encode(world->again, &b) != RH_OK)
        rht_world_give_up(world, "an outcome cannot be encoded");
    if (a.bytes != b.bytes || memcmp(world->bytes_a, world->bytes_b, a.bytes) != 0)
        rht_world_give_up(world, "the same event was decided differently");
    struct rh_bytes bytes = { world->bytes_a, a.bytes };
    if (hub_outcome_decode(bytes, world->again) != RH_OK)
        rht_world_give_up(world, "an outcome cannot be read back");
}

static void check_answered(struct rht_world *world, const struct hub_event *event);

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
        rht_world_give_up(world, "decide failed");
    check_twin(world, &event);
    trace_outcome(world, &event);
    if (world->watch != NULL)
        world->watch(world->watch_arg, world, &event);
    if (world->out->refusal != 0) {
        if (world->out->row_count + world->out->delivery_count + world->out->queue_count +
                world->out->note_count !=
            0)
            rht_world_give_up(world, "a refusal has effects");
        return world->out->refusal;
    }
    apply_rows(world);
    apply_hots(world);
    for (uint32_t i = 0; i < world->out->queue_count; i++)
        apply_queue_change(world, &world->out->queue[i]);
    apply_deliveries(world);
    remember_message(world, &event);
    check_answered(world, &event);
    rht_world_check(world);
    return 0;
}

/* ---- what always holds ------------------------------------------------------------------ */

static void check_clocks(struct rht_world *world, const struct hub_referral *row)
{
    bool live = row->arrival_due_ms != 0;
    const struct rh_calendar *calendar = &world->rules->calendars[0];
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (i > 0 && deadline->serial <= row->deadlines[i - 1].serial)
            rht_world_give_up(world, "clocks are out of order");
        if (hub_deadline_is_owed(deadline) && deadline->owed_by == 0)
            rht_world_give_up(world, "a clock is owed by nobody");
        if (hub_deadline_is_owed(deadline) != (deadline->ended_ms == 0))
            rht_world_give_up(world, "a clock is neither owed nor ended");
        live = live || hub_deadline_is_owed(deadline);
        if (deadline->status != HUB_DEADLINE_RUNNING)
            continue;
        struct hub_deadline again = *deadline;
        if (!hub_clock_compute(calendar, &again) || again.end_ms != deadline->end_ms ||
            again.nominal != deadline->nominal)
            rht_world_give_up(world, "an end does not follow from its inputs");
        if (deadline->step_ms != deadline->end_ms)
            rht_world_give_up(world, "a running clock has no timer at its end");
    }
    if (live == rh_state_is_resting(row->state))
        rht_world_give_up(world,
                          live ? "a resting referral has a clock" : "an open one has none");
}

static void check_row(struct rht_world *world, const struct hub_referral *row)
{
    if (!hub_referral_is_sound(row))
        rht_world_give_up(world, "a row is not sound");
    if (row->arrived != (row->arrived_ms != 0) && row->state == RH_STATE_DISPATCHED)
        rht_world_give_up(world, "arrival and its instant disagree");
    enum rh_actor actor = hub_lifecycle_holder(row->state, row->arrived);
    bool up = (row->state == RH_STATE_RETURNED && row->bounce_pair >= 3) ||
              (row->state == RH_STATE_OBJECTED && row->objected_by != HUB_AGENCY_NONE &&
               row->objected_by != row->addressee);
    if (actor == RH_ACTOR_ADDRESSEE && row->holder != row->addressee)
        rht_world_give_up(world, "the addressee should hold it");
    if (actor == RH_ACTOR_SENDER && row->holder != row->sender && !up)
        rht_world_give_up(world, "the sender should hold it");
    if (actor == RH_ACTOR_ORIGIN && row->holder != row->origin)
        rht_world_give_up(world, "the origin should hold it");
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
            rht_world_give_up(world, "children do not add up");
    }
}

static const struct hub_referral *row_by_id(const struct rht_world *world,
                                            const struct rh_referral_id *id)
{
    for (uint32_t i = 0; i < world->row_count; i++) {
        if (memcmp(&world->rows[i].id, id, sizeof *id) == 0)
            return &world->rows[i];
    }
    return NULL;
}

static bool waits_in(const struct hub_referral *row, uint32_t agency)
{
    bool found = agency < HUB_AGENCY_FIRST;
    for (uint32_t i = 0; i < row->waiting_count; i++)
        found = found || row->waiting[i] == agency;
    return found;
}

/* What was merged goes on in a matter that is answered: whoever waited for the one waits for
 * the other, wherever it was passed on to, and nobody withdraws it. */
static void check_merged(struct rht_world *world)
{
    for (uint32_t i = 0; i < world->row_count; i++) {
        const struct hub_referral *row = &world->rows[i], *master = row;
        if (rh_state_is_resting(row->state) && row->child_open > 0)
            rht_world_give_up(world, "a matter rests and its parts are open");
        if (row->state == RH_STATE_WITHDRAWN && row->waiting_count > 0)
            rht_world_give_up(world, "withdrawn, and others wait for its answer");
        if (row->state != RH_STATE_MERGED)
            continue;
        do {
            master = row_by_id(world, &master->merged_into);
            if (master == NULL)
                rht_world_give_up(world, "merged into nothing");
            if (!waits_in(master, row->origin))
                rht_world_give_up(world, "merged, and its origin waits for no answer");
            for (uint32_t k = 0; k < row->waiting_count; k++) {
                if (!waits_in(master, row->waiting[k]))
                    rht_world_give_up(world, "merged, and who waited for it is forgotten");
            }
        } while (!rh_id_is_zero(master->merged_into.bytes));
    }
}

/* An answer reaches everybody who waits for it. */
static void check_answered(struct rht_world *world, const struct hub_event *event)
{
    if (event->type != HUB_EVENT_ITEM || event->item->kind != RH_KIND_REPLY)
        return;
    const struct hub_referral *row = &world->rows[world->out->rno - 1];
    for (uint32_t i = 0; i < row->waiting_count; i++) {
        bool told = row->waiting[i] == event->agency;
        for (uint32_t k = 0; k < world->out->delivery_count; k++)
            told = told || (world->out->deliveries[k].to == row->waiting[i] &&
                            world->out->deliveries[k].kind == RH_KIND_REPLY);
        if (!told)
            rht_world_give_up(world, "who waited for the answer did not get it");
    }
}

void rht_world_check(struct rht_world *world)
{
    for (uint32_t i = 0; i < world->out->row_count; i++)
        check_row(world, &world->out->rows[i]);
    if (world->row_count < 400) {
        check_children(world);
        check_merged(world);
    }
}
