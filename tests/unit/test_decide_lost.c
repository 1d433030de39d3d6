/* After a recovery: what an earlier generation of the hub had stored comes back with its
 * receipt, and the clocks go on from then. Each story is played twice in two worlds, once as it
 * happened and once as it comes back days later; in the end both must owe the same by the same
 * dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/town.h"

static uint64_t at(int day, int hour)
{
    return rht_at(2026, 3, day, hour);
}

/* Now, or, in the second world, on the 12th with a receipt that says when. */
static void when(struct rht_world *w, uint64_t instant_ms, bool lost)
{
    if (lost)
        w->lost_ms = instant_ms;
    else
        w->now_ms = instant_ms;
}

static void same_clocks(struct rht_world *a, struct rht_world *b, uint64_t number)
{
    const struct hub_referral *one = rht_world_row(a, number);
    const struct hub_referral *other = rht_world_row(b, number);
    assert_int_equal(one->state, other->state);
    assert_int_equal(one->registered_ms, other->registered_ms);
    assert_int_equal(one->dispatched_ms, other->dispatched_ms);
    assert_int_equal(one->arrived_ms, other->arrived_ms);
    assert_int_equal(one->signed_ms, other->signed_ms);
    assert_int_equal(one->accepted_ms, other->accepted_ms);
    for (uint32_t i = 0; i < one->deadline_count; i++) {
        const struct hub_deadline *was = &one->deadlines[i];
        if (strcmp(was->limit, "watchdog") == 0)
            continue; /* of policy: it asks whether something is done now */
        const struct hub_deadline *is = rht_world_clock(b, number, was->limit);
        assert_non_null(is);
        assert_int_equal(is->status, was->status);
        assert_int_equal(is->start_ms, was->start_ms);
        assert_int_equal(is->end_ms, was->end_ms);
        assert_int_equal(is->owed_by, was->owed_by);
    }
}

/* Registered on the 2nd, sent on the 3rd and signed there, accepted on the 6th. `early`: the
 * addressee's agent acknowledges the delivery before it says its own part again. */
static void story(struct rht_town *t, bool lost, bool early)
{
    struct rht_world *w = t->w;
    if (lost)
        w->now_ms = at(12, 9);
    when(w, at(2, 9), lost);
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    when(w, at(3, 10), lost);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    if (!lost)
        w->now_ms = at(3, 15);
    if (!lost || early) {
        uint64_t kept = w->lost_ms;
        w->lost_ms = 0;
        rht_world_receive(w, t->court);
        w->lost_ms = kept;
    }
    when(w, at(3, 15), lost);
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    when(w, at(6, 11), lost);
    OK(rht_world_step(w, t->court, RH_KIND_ACCEPT, 1, NULL));
    w->lost_ms = 0;
}

static void test_lost_instants_give_the_same_dates(void **state)
{
    struct rht_town *t = *state;
    void *other = NULL;
    for (int early = 0; early < 2; early++) {
        assert_int_equal(rht_town_open(&other), 0);
        struct rht_town *again = other;
        if (early == 0)
            story(t, false, false);
        story(again, true, early != 0);
        same_clocks(t->w, again->w, 1);
        const struct hub_deadline *handle = rht_world_clock(again->w, 1, "handle");
        assert_int_equal(handle->lost_generation, 1);
        assert_int_equal(rht_world_clock(t->w, 1, "handle")->lost_generation, 0);
        rht_town_close(&other);
    }
}

/* Registered on 03-02: fifteen days end on 03-18 00:00. It comes back on 03-20, when that is
 * over, and the forwarding of 03-04 a while after it: met in time, nobody is blamed. */
static void test_lost_acts_are_waited_for_before_anybody_is_late(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    w->now_ms = at(20, 9);
    w->lost_ms = at(2, 9);
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    assert_int_equal(rht_world_clock(w, 1, "dispatch")->end_ms, at(18, 0));
    w->lost_ms = 0;
    rht_world_until(w, at(20, 19));
    CLOCK_IS(t, 1, "dispatch", RUNNING);
    w->lost_ms = at(4, 9);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    w->lost_ms = 0;
    CLOCK_IS(t, 1, "dispatch", MET);
    assert_int_equal(rht_world_clock(w, 1, "dispatch")->missed_ms, 0);
}

/* But not for ever: a day later what is over is over. */
static void test_a_lost_matter_is_overdue_a_day_later(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    w->now_ms = at(20, 9);
    w->lost_ms = at(2, 9);
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    w->lost_ms = 0;
    rht_world_until(w, at(21, 8));
    CLOCK_IS(t, 1, "dispatch", RUNNING);
    rht_world_until(w, at(21, 10));
    CLOCK_IS(t, 1, "dispatch", MISSED);
    assert_int_equal(rht_world_clock(w, 1, "dispatch")->missed_ms, at(21, 9));
}

/* No instant lies in the future, and none before what the matter has seen. */
static void test_lost_instants_keep_their_order(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    w->now_ms = at(10, 9);
    w->lost_ms = at(11, 9);
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    assert_int_equal(rht_world_row(w, 1)->registered_ms, at(10, 9));
    w->lost_ms = at(2, 9);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    assert_int_equal(rht_world_row(w, 1)->dispatched_ms, at(10, 9));
    w->now_ms = at(12, 9);
    w->lost_ms = at(11, 9);
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    assert_int_equal(rht_world_row(w, 1)->signed_ms, at(11, 9));
    assert_int_equal(rht_world_row(w, 1)->arrived_ms, at(11, 9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RHT_TOWN_TEST(test_lost_instants_give_the_same_dates),
        RHT_TOWN_TEST(test_lost_acts_are_waited_for_before_anybody_is_late),
        RHT_TOWN_TEST(test_a_lost_matter_is_overdue_a_day_later),
        RHT_TOWN_TEST(test_lost_instants_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
