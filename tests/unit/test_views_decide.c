/* Real decisions through real views. A town of agencies acts at random; beside the world of
 * arrays stand views over an ordered map. Each event is decided against both: both outcomes are
 * the same bytes. Then it becomes a record, the views apply it, and rows must be the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/lifecycle.h"
#include "support/town.h"
#include "views/memory_map.h"
#include "views/views.h"

enum { AGENCIES = 6, REFERRALS = 60, EVENTS = 4000, NESTED_MAX = 1024 * 1024 };

struct pen {
    struct rht_random random;
    struct hub_memory_map *memory;
    struct hub_views views;
    struct hub_world face;
    struct hub_outcome *again;
    struct hub_referral *row;
    uint8_t *a, *b, *rest;
    uint64_t next_n[HUB_AGENCY_FIRST + AGENCIES];
    uint32_t stored;
};

static uint64_t pick(struct pen *pen, uint64_t bound)
{
    return rht_random_below(&pen->random, bound);
}

static void write_record(struct pen *pen, struct hub_record *record, uint64_t now_ms)
{
    struct rh_writer writer;
    uint8_t core[RH_CORE_BYTES_MAX];
    record->core.index = pen->views.applied;
    record->core.stored_ms = now_ms;
    memcpy(record->core.hub.text, "test.620423", sizeof "test.620423");
    rht_random_fill(&pen->random, record->random, sizeof record->random);
    rh_writer_init(&writer, core, sizeof core);
    assert_int_equal(rh_receipt_encode(&record->core, &writer), RH_OK);
    struct rh_bytes core_bytes = { core, writer.bytes };
    rh_writer_init(&writer, pen->rest, NESTED_MAX);
    assert_int_equal(hub_record_rest_encode(record, &writer), RH_OK);
    struct rh_bytes rest_bytes = { pen->rest, writer.bytes };
    assert_int_equal(
        hub_views_apply(&pen->views, pen->views.applied, core_bytes, rest_bytes, NULL), RH_OK);
}

static void enrol(struct pen *pen, const struct hub_agency *agency)
{
    struct rh_writer writer;
    struct hub_record record;
    memset(&record, 0, sizeof record);
    rh_writer_init(&writer, pen->a, NESTED_MAX);
    assert_int_equal(hub_agency_encode(agency, &writer), RH_OK);
    record.core.type = RH_RECORD_COMMAND;
    record.command = HUB_COMMAND_AGENCY;
    record.agency_row = (struct rh_bytes){ pen->a, writer.bytes };
    write_record(pen, &record, 0);
}

/* Decide against the views too; the bytes of both outcomes are the same. */
static struct rh_bytes decide_again(struct pen *pen, const struct rht_world *world,
                                    const struct hub_event *event)
{
    struct rh_writer a, b;
    assert_int_equal(hub_decide(&pen->face, event, pen->again), RH_OK);
    rh_writer_init(&a, pen->a, NESTED_MAX);
    rh_writer_init(&b, pen->b, NESTED_MAX);
    assert_int_equal(hub_outcome_encode(world->out, &a), RH_OK);
    assert_int_equal(hub_outcome_encode(pen->again, &b), RH_OK);
    if (a.bytes != b.bytes || memcmp(pen->a, pen->b, a.bytes) != 0)
        print_error("at index %u: event %d, kind %d: %u or %u\n", (unsigned)event->index,
                    (int)event->type, event->item == NULL ? 0 : (int)event->item->kind,
                    (unsigned)world->out->refusal, (unsigned)pen->again->refusal);
    assert_int_equal(a.bytes, b.bytes);
    assert_memory_equal(pen->a, pen->b, a.bytes);
    return (struct rh_bytes){ pen->a, a.bytes };
}

static void fill_item(struct pen *pen, const struct hub_event *event, struct hub_record *record,
                      uint8_t *public_part, size_t capacity)
{
    struct rh_writer writer;
    rh_writer_init(&writer, public_part, capacity);
    assert_int_equal(rh_public_encode(event->item, &writer), RH_OK);
    record->core.type = RH_RECORD_ITEM;
    snprintf(record->core.agency.text, sizeof record->core.agency.text, "court.%u",
             620400 + event->agency);
    record->core.epoch.bytes[0] = (uint8_t)event->agency;
    record->core.n = ++pen->next_n[event->agency];
    record->core.message_id = event->item->message_id;
    record->core.digest.bytes[0] = 1;
    record->agency = event->agency;
    record->public_part = (struct rh_bytes){ public_part, writer.bytes };
    record->item_bytes = event->item_bytes;
}

/* A job of one step, about the referral of the event. */
static struct rh_bytes write_job(const struct hub_event *event, uint8_t *out, size_t capacity)
{
    struct rh_writer writer;
    const struct hub_job_row job = {
        .number = 1 + event->index % 3,
        .kind = HUB_JOB_RECOMPUTE,
        .state = HUB_JOB_RUNNING,
        .cursor = event->rno,
        .limit = event->rno + 1,
    };
    rh_writer_init(&writer, out, capacity);
    assert_int_equal(hub_job_encode(&job, &writer), RH_OK);
    return (struct rh_bytes){ out, writer.bytes };
}

static void watch(void *arg, const struct rht_world *world, const struct hub_event *event)
{
    struct pen *pen = arg;
    struct hub_record record;
    uint8_t public_part[RH_PUBLIC_BYTES_MAX];
    uint8_t job_row[HUB_JOB_BYTES_MAX];
    assert_int_equal(event->index, pen->views.applied);
    memset(&record, 0, sizeof record);
    record.outcome = decide_again(pen, world, event);
    switch (event->type) {
    case HUB_EVENT_ITEM:
        fill_item(pen, event, &record, public_part, sizeof public_part);
        record.core.outcome = world->out->refusal;
        pen->stored += world->out->refusal == 0 ? 1 : 0;
        break;
    case HUB_EVENT_WAKE:
        record.core.type = RH_RECORD_TIMER;
        record.rno = event->rno;
        break;
    case HUB_EVENT_RECOMPUTE:
        record.core.type = RH_RECORD_JOB;
        record.rno = event->rno;
        record.job_row = write_job(event, job_row, sizeof job_row);
        break;
    case HUB_EVENT_MONTHLY: /* tests/unit/test_engine.c */
    case HUB_EVENT_SUCCEED: /* tests/unit/test_succession.c */
        rh_assert(false);
        break;
    case HUB_EVENT_URGED:
        record.core.type = RH_RECORD_COMMAND;
        record.command = HUB_COMMAND_ATTENTION;
        record.action = event->action;
        break;
    case HUB_EVENT_DEAD_RETRY:
    case HUB_EVENT_DEAD_RETURN:
        record.core.type = RH_RECORD_COMMAND;
        record.command = event->type == HUB_EVENT_DEAD_RETRY ? HUB_COMMAND_DEAD_RETRY
                                                             : HUB_COMMAND_DEAD_RETURN;
        break;
    }
    write_record(pen, &record, event->now_ms);
}

/* --- the town acts ------------------------------------------------------------------------ */

static uint32_t any_agency(struct pen *pen)
{
    return HUB_AGENCY_FIRST + (uint32_t)pick(pen, AGENCIES);
}

static void dispatch(struct pen *pen, struct rht_world *w, uint64_t number)
{
    static const enum rh_kind kinds[] = { RH_KIND_FORWARD, RH_KIND_REFER, RH_KIND_ASSIGN,
                                          RH_KIND_TRANSFER, RH_KIND_CONSULT };
    uint32_t agency = w->rows[number - 1].holder;
    if (agency < HUB_AGENCY_FIRST)
        agency = any_agency(pen);
    (void)rht_world_dispatch(w, agency, kinds[pick(pen, 5)], number, any_agency(pen));
}

static void split(struct pen *pen, struct rht_world *w, uint64_t number)
{
    struct rh_public *item = rht_world_item(w, RH_KIND_SPLIT, number);
    item->child_count = 1 + (uint32_t)pick(pen, 3);
    for (uint32_t i = 0; i < item->child_count; i++) {
        item->children[i].id = rht_referral_id(w->row_count + 1 + i);
        item->children[i].to = w->agencies[pick(pen, AGENCIES)].id;
        item->children[i].mandatory = pick(pen, 2) == 0;
    }
    (void)rht_world_send(w, any_agency(pen));
}

/* Something that may be raised in the referral's state, by its holder mostly. */
static void step(struct pen *pen, struct rht_world *w, uint64_t number)
{
    const struct hub_referral *row = &w->rows[number - 1];
    for (int tries = 0; tries < 40; tries++) {
        enum rh_kind kind = (enum rh_kind)(1 + pick(pen, RH_KIND_ACK - 1));
        if (!rh_kind_is_known(kind) ||
            (kind == RH_KIND_WITHDRAW && pick(pen, 10) > 0) ||
            hub_lifecycle_turn(row->state, kind, UINT32_MAX) != HUB_TURN_ALLOWED)
            continue;
        const uint32_t who[] = { row->holder, row->addressee, row->sender, row->origin };
        uint32_t agency = pick(pen, 3) > 0 ? row->holder : who[pick(pen, 4)];
        struct rh_public *item = rht_world_item(w, kind, number);
        memcpy(item->code, "satisfied", sizeof "satisfied");
        item->leader_named = kind == RH_KIND_ACCEPT;
        if (kind == RH_KIND_CONCLUDE || pick(pen, 3) > 0)
            item->code[0] = kind == RH_KIND_CONCLUDE ? 's' : 0;
        if (kind == RH_KIND_AMEND || kind == RH_KIND_ACKNOWLEDGE_INFO)
            item->refers_to = rht_message_id(1 + pick(pen, w->message_number));
        (void)rht_world_send(w, agency < HUB_AGENCY_FIRST ? any_agency(pen) : agency);
        return;
    }
}

static void one_item(struct pen *pen, struct rht_world *w)
{
    static const char *procedures[] = { "petition", "petition", "confirmation", "demand" };
    uint64_t number = w->row_count == 0 ? 0 : 1 + pick(pen, w->row_count);
    uint64_t dice = pick(pen, 20);
    if (number == 0 || (dice < 2 && w->row_count < REFERRALS))
        (void)rht_world_register(w, any_agency(pen), w->row_count + 1,
                                 procedures[pick(pen, 4)]);
    else if (dice < 5)
        dispatch(pen, w, number);
    else if (dice < 6 && w->row_count + 4 < REFERRALS)
        split(pen, w, number);
    else
        step(pen, w, number);
}

static void second_chance(struct pen *pen, struct rht_world *w)
{
    if (w->dead_count == 0)
        return;
    struct hub_event event = { .type = pick(pen, 2) == 0 ? HUB_EVENT_DEAD_RETRY
                                                         : HUB_EVENT_DEAD_RETURN,
                               .dead = w->dead[pick(pen, w->dead_count)] };
    (void)rht_world_event(w, &event);
}

static void one_event(struct pen *pen, struct rht_world *w)
{
    uint64_t dice = pick(pen, 40);
    if (dice == 0) {
        rht_world_until(w, w->now_ms + pick(pen, 3 * RH_DAY_MS));
    } else if (dice < 4) {
        rht_world_receive(w, any_agency(pen));
    } else if (dice == 4 && w->queue_count > 0 && !w->queue[0].tombstone) {
        (void)rht_world_nack(w, w->queue[0].to, 4221);
    } else if (dice == 5) {
        second_chance(pen, w);
    } else if (dice == 6 && w->row_count > 0) {
        struct hub_event event = { .type = pick(pen, 2) ? HUB_EVENT_URGED : HUB_EVENT_RECOMPUTE,
                                   .rno = 1 + pick(pen, w->row_count),
                                   .action = (enum rh_kind)(RH_KIND_URGE + pick(pen, 4)) };
        (void)rht_world_event(w, &event);
    } else {
        one_item(pen, w);
    }
}

/* --- comparing ---------------------------------------------------------------------------- */

static void compare_rows(struct pen *pen, const struct rht_world *w)
{
    for (uint32_t i = 0; i < w->row_count; i++) {
        struct rh_writer a, b;
        assert_int_equal(hub_views_referral(pen->views.map, i + 1, pen->row), RH_OK);
        rh_writer_init(&a, pen->a, NESTED_MAX);
        rh_writer_init(&b, pen->b, NESTED_MAX);
        assert_int_equal(hub_referral_encode(pen->row, &a), RH_OK);
        assert_int_equal(hub_referral_encode(&w->rows[i], &b), RH_OK);
        assert_int_equal(a.bytes, b.bytes);
        assert_memory_equal(pen->a, pen->b, a.bytes);
    }
    uint64_t queued;
    assert_int_equal(hub_views_count(pen->views.map, "queue", &queued), RH_OK);
    assert_int_equal(queued, w->queue_count);
    for (uint32_t i = 0; i < w->queue_count; i++) {
        const struct hub_queued *wanted = &w->queue[i];
        struct hub_queued found;
        assert_int_equal(hub_views_queued(pen->views.map, wanted->to, wanted->from,
                                          wanted->lane, wanted->pair_seq, &found),
                         RH_OK);
        assert_int_equal(found.index, wanted->index);
        assert_int_equal(found.tombstone, wanted->tombstone);
    }
}

static void check(struct pen *pen, const struct rht_world *w)
{
    struct hub_views_report report;
    struct rh_hash computed[HUB_TABLES];
    assert_int_equal(hub_views_save(&pen->views), RH_OK);
    compare_rows(pen, w);
    assert_int_equal(hub_views_digest_compute(pen->views.map, computed), RH_OK);
    assert_memory_equal(computed, pen->views.digests, sizeof computed);
    assert_int_equal(hub_views_verify(pen->views.map, &report), RH_OK);
    if (report.faults != 0)
        print_error("%s\n", report.text);
    assert_int_equal(report.faults, 0);
    if (w->row_count > 0)
        assert_int_equal(pen->views.next.rno, w->row_count + 1);
}

static void pen_open(struct pen *pen, struct rht_world *w)
{
    memset(pen, 0, sizeof *pen);
    rht_random_init(&pen->random);
    assert_int_equal(hub_memory_map_new(&pen->memory, NULL), RH_OK);
    assert_int_equal(hub_views_open(&pen->views, hub_memory_map_map(pen->memory)), RH_OK);
    hub_views_world(&pen->views, w->rules, w->face.rules_index, &pen->face);
    pen->again = malloc(sizeof *pen->again);
    pen->row = malloc(sizeof *pen->row);
    pen->a = malloc(NESTED_MAX);
    pen->b = malloc(NESTED_MAX);
    pen->rest = malloc(NESTED_MAX);
    assert_true(pen->again != NULL && pen->row != NULL && pen->a != NULL && pen->b != NULL &&
                pen->rest != NULL);
    for (uint32_t i = 0; i < w->agency_count; i++)
        enrol(pen, &w->agencies[i]);
    w->index = pen->views.applied - 1; /* the next event is the next record */
    w->watch = watch;
    w->watch_arg = pen;
}

static void pen_close(struct pen *pen)
{
    hub_views_close(&pen->views);
    hub_memory_map_destroy(&pen->memory);
    free(pen->again);
    free(pen->row);
    free(pen->a);
    free(pen->b);
    free(pen->rest);
}

/* If it failed: what was decided on a running hub would not be what an auditor decides again,
 * or a decision would be taken on rows that are not the right ones. */
static void test_views_and_arrays_lead_to_the_same_decisions(void **state)
{
    struct rht_town *t = *state;
    struct pen pen;
    pen_open(&pen, t->w);
    for (int i = 0; pen.views.applied < EVENTS; i++) {
        one_event(&pen, t->w);
        if (i % 100 == 0)
            check(&pen, t->w);
    }
    check(&pen, t->w);
    assert_true(pen.stored > EVENTS / 10);
    pen_close(&pen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RHT_TOWN_TEST(test_views_and_arrays_lead_to_the_same_decisions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
