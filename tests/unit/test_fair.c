/* Whose bundle is next.
 *
 * What would break for an agency: its acknowledgements would stand behind everything that
 * others send, and nothing more would be delivered to it while they do; or one that sends
 * without end would keep the hub for itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/fair.h"
#include "support/rht.h"

#include <string.h>

enum { AGENCIES = 16, PLACES = HUB_FAIR_PLACES_MAX };

static struct hub_fair fair;
static bool used[PLACES];

static int set_up(void **state)
{
    (void)state;
    memset(used, 0, sizeof used);
    assert_int_equal(hub_fair_init(&fair, AGENCIES), RH_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hub_fair_fini(&fair);
    return 0;
}

static uint32_t push(uint32_t agency, uint64_t cost)
{
    uint32_t place = 0;
    while (used[place])
        place++;
    used[place] = true;
    hub_fair_push(&fair, place, agency, cost);
    return place;
}

/* Claim and finish everything that waits. */
static void work(void)
{
    uint32_t place;
    while ((place = hub_fair_claim(&fair)) != HUB_FAIR_NONE)
        hub_fair_done(&fair, place, fair.pieces[place].cost);
}

/* Serve one; its agency, NONE when nothing is done. */
static uint32_t serve(uint64_t *cost)
{
    uint32_t place = hub_fair_first(&fair);
    if (place == HUB_FAIR_NONE)
        return place;
    uint32_t agency = fair.pieces[place].agency;
    *cost = fair.pieces[place].cost;
    hub_fair_end(&fair, place);
    used[place] = false;
    return agency;
}

static uint32_t next(void)
{
    uint64_t cost;
    return serve(&cost);
}

static void test_fair_turns_go_by_cost(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        push(1, 30);
    for (int i = 0; i < 4; i++)
        push(2, 20);
    work();
    /*                       1 at 0, 30, 60, 90; 2 at 0, 20, 40, 60 */
    const uint32_t order[] = { 1, 2, 2, 1, 2, 1, 2, 1 };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        assert_int_equal(next(), order[i]);
    assert_int_equal(next(), HUB_FAIR_NONE);
    assert_int_equal(fair.active_count, 0);
}

static void test_fair_keeps_the_order_of_each_agency(void **state)
{
    (void)state;
    uint32_t first = push(3, 900), second = push(3, 1), other = push(4, 10);
    assert_int_equal(hub_fair_claim(&fair), first);
    assert_int_equal(hub_fair_claim(&fair), other);
    assert_int_equal(hub_fair_claim(&fair), second);
    hub_fair_done(&fair, second, 1);
    assert_int_equal(hub_fair_first(&fair), HUB_FAIR_NONE); /* it waits for the one before it, */
    hub_fair_done(&fair, other, 10);
    assert_int_equal(next(), 4); /* and nobody else does */
    hub_fair_done(&fair, first, 900);
    assert_int_equal(hub_fair_first(&fair), first);
    assert_int_equal(next(), 3);
    assert_int_equal(hub_fair_first(&fair), second);
    assert_int_equal(next(), 3);
}

/* Eight with more than can be done, one with a few acknowledgements now and then: before each
 * of them at most one piece of every other is served. */
static void test_fair_little_does_not_wait_behind_much(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        for (uint32_t agency = 0; agency < 8; agency++)
            push(agency, 300000 + agency);
        if (round == 0)
            work();
    }
    for (int i = 0; i < 30; i++) {
        push(9, 2000);
        work();
        uint32_t waited = 0;
        while (next() != 9)
            waited++;
        assert_true(waited <= 8);
        for (int j = 0; j < 5; j++) /* what a turn takes beside it */
            assert_int_not_equal(next(), HUB_FAIR_NONE);
    }
}

/* Who was silent has saved nothing: it does not shut the others out when it comes. */
static void test_fair_silence_saves_nothing(void **state)
{
    (void)state;
    uint64_t cost, late = 0, steady = 0;
    for (int i = 0; i < 200; i++)
        push(1, 10);
    work();
    for (int i = 0; i < 100; i++)
        assert_int_equal(next(), 1);
    for (int i = 0; i < 100; i++)
        push(2, 10);
    work();
    for (int i = 0; i < 100; i++)
        *(serve(&cost) == 1 ? &steady : &late) += 10;
    assert_true(late <= steady + 20 && steady <= late + 20);
}

/* Any agencies, any costs, workers that finish in any order: every one that has something
 * done gets its share, within the dearest piece of each, and nothing is lost, doubled or
 * reordered. */
static void test_fair_shares_differ_by_two_pieces_at_most(void **state)
{
    (void)state;
    enum { DEAREST = 1000, STEPS = 20000, GREEDY = 5 };
    uint64_t served[AGENCIES] = { 0 }, cost;
    uint32_t waiting[AGENCIES] = { 0 };
    struct rht_random random;
    rht_random_init(&random);
    for (int step = 0; step < STEPS; step++) {
        for (uint32_t agency = 0; agency < GREEDY; agency++)
            while (waiting[agency] < 8) {
                push(agency, 1 + rht_random_below(&random, DEAREST));
                waiting[agency]++;
            }
        uint32_t rare = GREEDY + (uint32_t)rht_random_below(&random, AGENCIES - GREEDY);
        if (rht_random_below(&random, 4) == 0 && waiting[rare] < 8) {
            push(rare, 1 + rht_random_below(&random, DEAREST));
            waiting[rare]++;
        }
        work();
        uint32_t agency = serve(&cost);
        assert_int_not_equal(agency, HUB_FAIR_NONE);
        served[agency] += cost;
        waiting[agency]--;
        for (uint32_t a = 0; a < GREEDY; a++)
            for (uint32_t b = 0; b < GREEDY; b++)
                assert_true(served[a] <= served[b] + 2 * DEAREST);
    }
    while (serve(&cost) != HUB_FAIR_NONE)
        ;
    assert_int_equal(fair.active_count, 0);
    assert_int_equal(fair.waiting, 0);
}

static void test_fair_random_work_keeps_every_queue(void **state)
{
    (void)state;
    enum { STEPS = 50000 };
    struct rht_random random;
    rht_random_init(&random);
    uint32_t queue[AGENCIES][PLACES], count[AGENCIES] = { 0 }, claimed[PLACES], claims = 0;
    uint32_t total = 0;
    for (int step = 0; step < STEPS; step++) {
        uint64_t dice = rht_random_below(&random, 4);
        uint32_t place;
        if (dice == 0 && total < PLACES) {
            uint32_t agency = (uint32_t)rht_random_below(&random, AGENCIES);
            queue[agency][count[agency]++] = push(agency, 1 + rht_random_below(&random, 50));
            total++;
        } else if (dice == 1 && (place = hub_fair_claim(&fair)) != HUB_FAIR_NONE) {
            claimed[claims++] = place;
        } else if (dice == 2 && claims > 0) {
            uint32_t at = (uint32_t)rht_random_below(&random, claims);
            hub_fair_done(&fair, claimed[at], 1 + rht_random_below(&random, 50));
            claimed[at] = claimed[--claims];
        } else if (dice == 3 && (place = hub_fair_first(&fair)) != HUB_FAIR_NONE) {
            uint32_t agency = fair.pieces[place].agency;
            assert_int_equal(queue[agency][0], place);
            memmove(queue[agency], queue[agency] + 1,
                    --count[agency] * sizeof queue[agency][0]);
            hub_fair_end(&fair, place);
            used[place] = false;
            total--;
        }
        uint32_t active = 0;
        for (uint32_t agency = 0; agency < AGENCIES; agency++)
            active += count[agency] > 0;
        assert_int_equal(fair.active_count, active);
    }
}

#define FAIR_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAIR_TEST(test_fair_turns_go_by_cost),
        FAIR_TEST(test_fair_keeps_the_order_of_each_agency),
        FAIR_TEST(test_fair_little_does_not_wait_behind_much),
        FAIR_TEST(test_fair_silence_saves_nothing),
        FAIR_TEST(test_fair_shares_differ_by_two_pieces_at_most),
        FAIR_TEST(test_fair_random_work_keeps_every_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
