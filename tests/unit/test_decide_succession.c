/* An agency is succeeded by another, and what accuses the one is kept from the other: 信访工作条例
 * art. 30(3). If one of these failed, a merger would hand the accused what was written about
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/town.h"

/* The court (OLD) is merged into the police (NEW), whose superior is the city. */
static struct hub_agency *row_of(struct rht_town *t, uint32_t agency)
{
    return &t->w->agencies[agency - HUB_AGENCY_FIRST];
}

static void order(struct rht_town *t, uint32_t old, uint32_t new)
{
    struct hub_agency *row = row_of(t, old);
    assert_true(hub_agency_inherit(row_of(t, new), row));
    row->successors[row->successor_count++] =
        (struct hub_successor){ .to = new, .since_ms = t->w->now_ms };
}

static void end_job(struct rht_town *t, uint32_t old)
{
    row_of(t, old)->successors[0].done = true;
    row_of(t, old)->state = HUB_AGENCY_SUCCEEDED;
}

static void accuse(struct rht_town *t, uint64_t number, uint32_t whom)
{
    struct rh_public *item = rht_world_item(t->w, RH_KIND_REGISTER, number);
    memcpy(item->procedure, "petition", 9);
    memcpy(item->category, "police.conduct", 15);
    memcpy(item->area, "620423", 7);
    memcpy(item->source, "visit", 6);
    item->accused_count = 1;
    item->accused[0] = rht_world_unit(t->w, whom);
    OK(rht_world_send(t->w, t->petitions));
}

static struct hub_event step_of(struct rht_town *t, uint32_t old, uint32_t new, uint64_t number)
{
    (void)t;
    return (struct hub_event){
        .type = HUB_EVENT_SUCCEED, .agency = old, .successor = new, .rno = number
    };
}

/* What the job does for one agency's queue and one referral. */
static void move(struct rht_town *t, uint32_t old, uint32_t new, uint64_t number)
{
    struct hub_event event = step_of(t, old, new, number);
    for (uint32_t i = 0, count = t->w->queue_count; i < count; i++) {
        struct hub_queued *queued = &t->w->queue[i];
        if (queued->tombstone || queued->rno != number || queued->to != new)
            continue;
        event.queued = *queued;
        OK(rht_world_event(t->w, &event));
    }
    event.queued.index = 0;
    OK(rht_world_event(t->w, &event));
}

/* Entries for an agency about a referral that would be delivered. */
static uint32_t told(const struct rht_world *w, uint32_t agency, uint64_t number)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->queue_count; i++)
        count += w->queue[i].to == agency && w->queue[i].rno == number && !w->queue[i].tombstone;
    return count;
}

static bool is_party(struct rht_town *t, uint64_t number, uint32_t agency)
{
    const struct hub_referral *row = rht_world_row(t->w, number);
    bool found = false;
    for (uint32_t i = 0; i < row->party_count; i++)
        found = found || row->parties[i] == agency;
    return found;
}

/* Later accusations of the old name: no address, no copy, no superior's seat leads there. */
static void test_what_accuses_the_old_is_kept_from_the_new(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    row_of(t, t->procuratorate)->superior = t->police;
    order(t, t->court, t->police);
    end_job(t, t->court);
    accuse(t, 1, t->court);
    REFUSED(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police), NO_ROUTE);
    REFUSED(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court), NO_ROUTE);
    struct rh_public *item = rht_world_item(w, RH_KIND_FORWARD, 1);
    item->to = row_of(t, t->procuratorate)->id;
    item->copy_count = 1;
    item->copies[0] = row_of(t, t->police)->id;
    REFUSED(rht_world_send(w, t->petitions), NO_ROUTE);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->procuratorate));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_SIGN, 1, NULL));
    REFUSED(rht_world_step(w, t->police, RH_KIND_URGE, 1, NULL), UNKNOWN_REFERRAL);
    rht_world_until(w, w->now_ms + 120 * RH_DAY_MS);
    assert_true(rht_world_row(w, 1)->escalation > 0);
    assert_int_equal(rht_world_waiting(w, t->police), 0);
    assert_true(told(w, t->city, 1) > 0); /* above the accused */
}

/* A monitor's grant does not open what the merger closed. */
static void test_a_grant_ends_at_the_wall(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct hub_agency *police = row_of(t, t->police);
    police->grants[police->grant_count++] =
        (struct hub_grant){ .area = "620423", .until_ms = w->now_ms + 365 * RH_DAY_MS };
    accuse(t, 1, t->court);
    OK(rht_world_step(w, t->police, RH_KIND_PROGRESS, 1, NULL));
    order(t, t->court, t->police);
    REFUSED(rht_world_step(w, t->police, RH_KIND_PROGRESS, 1, NULL), UNKNOWN_REFERRAL);
}

/* What the successor holds already goes above it, its dates with it, and it hears nothing. */
static void test_what_the_new_has_is_taken_from_it(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    accuse(t, 1, t->court);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
    rht_world_receive(w, t->police);
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->police, RH_KIND_ACCEPT, 1, NULL));
    rht_world_receive(w, t->petitions);
    static struct hub_referral before;
    before = *rht_world_row(w, 1);
    order(t, t->court, t->police);
    REFUSED(rht_world_step(w, t->police, RH_KIND_CONCLUDE, 1, "x"), UNKNOWN_REFERRAL);
    move(t, t->court, t->police, 1);
    HOLDER_IS(t, 1, city);
    const struct hub_referral *row = rht_world_row(w, 1);
    assert_int_equal(row->addressee, t->city);
    assert_int_equal(row->deadline_count, before.deadline_count);
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        assert_int_equal(row->deadlines[i].end_ms, before.deadlines[i].end_ms);
        assert_int_not_equal(row->deadlines[i].owed_by, t->police);
    }
    assert_false(is_party(t, 1, t->police));
    assert_int_equal(told(w, t->police, 1), 0);
    assert_int_equal(told(w, t->city, 1), 1);
    assert_int_equal(told(w, t->petitions, 1), 1);
    OK(rht_world_step(w, t->city, RH_KIND_CONCLUDE, 1, "x"));
    OK(rht_world_step(w, t->city, RH_KIND_REPLY, 1, NULL));
    assert_int_equal(told(w, t->police, 1), 0);
}

/* What still waits in the successor's queue goes the same way; a mere copy goes nowhere. */
static void test_what_waits_for_the_new_is_taken_back(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    accuse(t, 1, t->court);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
    accuse(t, 2, t->court);
    struct rh_public *item = rht_world_item(w, RH_KIND_FORWARD, 2);
    item->to = row_of(t, t->procuratorate)->id;
    item->copy_count = 1;
    item->copies[0] = row_of(t, t->police)->id;
    OK(rht_world_send(w, t->petitions));
    assert_int_equal(told(w, t->police, 1), 1);
    assert_int_equal(told(w, t->police, 2), 1);
    order(t, t->court, t->police);
    move(t, t->court, t->police, 1);
    move(t, t->court, t->police, 2);
    assert_int_equal(told(w, t->police, 1), 0);
    assert_int_equal(told(w, t->police, 2), 0);
    assert_int_equal(told(w, t->city, 1), 2); /* the matter, and that it is the city's */
    assert_int_equal(told(w, t->city, 2), 0);
    assert_false(is_party(t, 1, t->police));
    assert_false(is_party(t, 2, t->police));
    assert_int_equal(rht_world_row(w, 1)->addressee, t->city);
    assert_int_equal(rht_world_row(w, 1)->dispatch_to, t->city);
    assert_int_equal(rht_world_row(w, 2)->addressee, t->procuratorate);
    rht_world_receive(w, t->city);
    OK(rht_world_step(w, t->city, RH_KIND_SIGN, 1, NULL));
    /* Asked again, nothing is left to do. */
    struct hub_event event = step_of(t, t->court, t->police, 1);
    OK(rht_world_event(w, &event));
    assert_int_equal(w->out->row_count, 0);
}

/* Nobody above: back to whoever sent it. */
static void test_without_a_superior_it_goes_back(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    row_of(t, t->police)->superior = row_of(t, t->court)->superior = HUB_AGENCY_NONE;
    accuse(t, 1, t->court);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 1, NULL));
    order(t, t->court, t->police);
    move(t, t->court, t->police, 1);
    HOLDER_IS(t, 1, petitions);
    assert_false(is_party(t, 1, t->police));
}

/* A merger of a merger, and of a part: the past is the whole past, each unit of it once. */
static void test_the_past_is_handed_on(void **state)
{
    struct rht_town *t = *state;
    order(t, t->court, t->police);
    order(t, t->police, t->discipline);
    order(t, t->court, t->discipline);
    const struct hub_agency *taker = row_of(t, t->discipline);
    assert_int_equal(taker->former_count, 2);
    assert_int_equal(taker->former[0].no, t->police);
    assert_int_equal(taker->former[1].no, t->court);
    accuse(t, 1, t->court);
    REFUSED(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, 1, t->discipline),
            NO_ROUTE);
}

/* A past that does not fit is refused whole. */
static void test_a_past_without_room_changes_nothing(void **state)
{
    static struct hub_agency taker, old, before;
    (void)state;
    taker.no = 500;
    for (uint32_t i = 0; i < HUB_FORMER_MAX - 1; i++)
        taker.former[taker.former_count++].no = 100 + i;
    before = taker;
    old.no = 501;
    old.former[old.former_count++].no = 502;
    assert_false(hub_agency_inherit(&taker, &old));
    assert_memory_equal(&taker, &before, sizeof taker);
    old.former[0].no = 100; /* known already */
    assert_true(hub_agency_inherit(&taker, &old));
    assert_int_equal(taker.former_count, HUB_FORMER_MAX);
}

/* Whose matter was merged waits for the master's answer; so does whoever succeeds it, once. */
static void test_who_waits_is_succeeded(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    memcpy(row_of(t, t->discipline)->role, "petitions", 10);
    for (uint64_t number = 1; number <= 2; number++) {
        uint32_t origin = number == 1 ? t->petitions : t->discipline;
        OK(rht_world_register(w, origin, number, "petition"));
        OK(rht_world_dispatch(w, origin, RH_KIND_FORWARD, number, t->court));
        OK(rht_world_step(w, t->court, RH_KIND_SIGN, number, NULL));
    }
    OK(rht_world_register(w, t->city, 3, "petition"));
    OK(rht_world_dispatch(w, t->city, RH_KIND_FORWARD, 3, t->court));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 3, NULL));
    OK(rht_world_step(w, t->court, RH_KIND_ACCEPT, 3, NULL));
    for (uint64_t number = 1; number <= 2; number++) {
        rht_world_item(w, RH_KIND_MERGE, number)->other_id = rht_referral_id(3);
        OK(rht_world_send(w, t->court));
    }
    assert_int_equal(rht_world_row(w, 3)->waiting_count, 2);
    order(t, t->discipline, t->petitions);
    for (uint64_t number = 1; number <= 3; number++) {
        struct hub_event event = step_of(t, t->discipline, t->petitions, number);
        if (is_party(t, number, t->discipline))
            OK(rht_world_event(w, &event));
    }
    end_job(t, t->discipline);
    assert_int_equal(rht_world_row(w, 3)->waiting_count, 1);
    assert_int_equal(rht_world_row(w, 3)->waiting[0], t->petitions);
    assert_int_equal(rht_world_row(w, 2)->origin, t->petitions);
    OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 3, "x"));
    OK(rht_world_step(w, t->court, RH_KIND_REPLY, 3, NULL)); /* the world checks who gets it */
    assert_true(told(w, t->petitions, 3) > 0);
}

/* The successor has passed the category on to somebody who is accused: past both. */
static void test_an_accused_heir_is_passed_over(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct hub_agency *police = row_of(t, t->police);
    police->successors[police->successor_count++] = (struct hub_successor){
        .to = t->discipline, .category = "police", .since_ms = w->now_ms, .done = true
    };
    accuse(t, 1, t->discipline);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    order(t, t->court, t->police);
    struct hub_event event = step_of(t, t->court, t->police, 1);
    event.queued = w->queue[w->queue_count - 1];
    assert_int_equal(event.queued.to, t->court);
    OK(rht_world_event(w, &event));
    event.queued.index = 0;
    OK(rht_world_event(w, &event));
    assert_int_equal(told(w, t->discipline, 1), 0);
    assert_int_equal(rht_world_row(w, 1)->addressee, t->city);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RHT_TOWN_TEST(test_what_accuses_the_old_is_kept_from_the_new),
        RHT_TOWN_TEST(test_a_grant_ends_at_the_wall),
        RHT_TOWN_TEST(test_what_the_new_has_is_taken_from_it),
        RHT_TOWN_TEST(test_what_waits_for_the_new_is_taken_back),
        RHT_TOWN_TEST(test_without_a_superior_it_goes_back),
        RHT_TOWN_TEST(test_the_past_is_handed_on),
        RHT_TOWN_TEST(test_a_past_without_room_changes_nothing),
        RHT_TOWN_TEST(test_who_waits_is_succeeded),
        RHT_TOWN_TEST(test_an_accused_heir_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
