/* Whose matter is it: objections, bounces, recalls, designations. A mistake here leaves a
 * petitioner between two agencies that each say it is the other's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/town.h"

static void open_at(struct rht_town *t, uint32_t to)
{
    OK(rht_world_register(t->w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, 1, to));
    rht_world_receive(t->w, to);
}

static void test_objection_upheld_returns_the_matter(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    open_at(t, t->court);
    REFUSED(rht_world_step(w, t->court, RH_KIND_OBJECT, 1, NULL), REASONS_MISSING);
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_OBJECT, 1, "not-ours"), WRONG_ACTOR);
    OK(rht_world_step(w, t->court, RH_KIND_OBJECT, 1, "not-ours"));
    HOLDER_IS(t, 1, petitions);
    CLOCK_IS(t, 1, "object", MET);
    CLOCK_IS(t, 1, "objection", RUNNING);
    CLOCK_IS(t, 1, "notice", CANCELLED);
    REFUSED(rht_world_step(w, t->court, RH_KIND_UPHOLD, 1, NULL), WRONG_ACTOR);
    OK(rht_world_step(w, t->petitions, RH_KIND_UPHOLD, 1, NULL));
    STATE_IS(t, 1, RETURNED);
    HOLDER_IS(t, 1, petitions);
    CLOCK_IS(t, 1, "dispatch", RUNNING); /* the rest of the fifteen days */
    assert_int_equal(rht_world_clock(w, 1, "dispatch")->start_ms, rht_at(2026, 3, 2, 9));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
    HOLDER_IS(t, 1, petitions);
    assert_int_equal(rht_world_row(w, 1)->bounce_count, 1);
}

/* SC-05: received Thu 2026-09-24, five working days: last day Fri 10-09. */
static void test_objection_is_over_after_five_working_days(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    w->now_ms = rht_at(2026, 9, 24, 10);
    open_at(t, t->court);
    assert_int_equal(rht_world_clock(w, 1, "object")->end_ms, rht_at(2026, 10, 10, 0));
    w->now_ms = rht_at(2026, 10, 10, 0) - 1;
    struct hub_referral before = *rht_world_row(w, 1);
    OK(rht_world_step(w, t->court, RH_KIND_OBJECT, 1, "not-ours"));
    *rht_world_row(w, 1) = before;
    w->now_ms = rht_at(2026, 10, 10, 0); /* the timer has not even fired */
    REFUSED(rht_world_step(w, t->court, RH_KIND_OBJECT, 1, "not-ours"), OBJECTION_LATE);
    rht_world_until(w, w->now_ms);
    CLOCK_IS(t, 1, "object", LAPSED);
    REFUSED(rht_world_step(w, t->court, RH_KIND_OBJECT, 1, "not-ours"), OBJECTION_LATE);
}

/* Overruled: the matter is the addressee's from the first arrival on, whatever time passed. */
static void test_overruling_keeps_the_original_arrival(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    open_at(t, t->court);
    uint64_t end_ms = rht_world_clock(w, 1, "notice")->end_ms;
    OK(rht_world_step(w, t->court, RH_KIND_OBJECT, 1, "not-ours"));
    w->now_ms += 3 * RH_DAY_MS;
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_OVERRULE, 1, NULL), REASONS_MISSING);
    OK(rht_world_step(w, t->petitions, RH_KIND_OVERRULE, 1, "is-yours"));
    STATE_IS(t, 1, SIGNED);
    HOLDER_IS(t, 1, court);
    CLOCK_IS(t, 1, "notice", RUNNING);
    assert_int_equal(rht_world_clock(w, 1, "notice")->end_ms, end_ms);
    assert_int_equal(rht_world_clock(w, 1, "notice")->pause_count, 0);
    REFUSED(rht_world_step(w, t->court, RH_KIND_OBJECT, 1, "not-ours"), OBJECTION_FORBIDDEN);
}

static void test_superior_of_the_sender_decides_too(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    uint32_t high_court = rht_world_agency(w, "court.620400", 0);
    w->agencies[t->court - HUB_AGENCY_FIRST].superior = high_court;
    open_at(t, t->court);
    OK(rht_world_step(w, t->court, RH_KIND_OBJECT, 1, "not-ours"));
    /* Above the addressee only: it may see, not decide. */
    REFUSED(rht_world_step(w, high_court, RH_KIND_UPHOLD, 1, NULL), WRONG_ACTOR);
    OK(rht_world_step(w, t->city, RH_KIND_UPHOLD, 1, NULL));
    STATE_IS(t, 1, RETURNED);
}

/* Returned and sent to the same agency again: its fifteen days go on where they stopped, they
 * neither begin anew nor run while it did not have the matter. */
static void test_bouncing_resets_no_clock(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    open_at(t, t->court);
    uint64_t end_ms = rht_world_clock(w, 1, "notice")->end_ms;
    w->now_ms += 4 * RH_DAY_MS;
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->court, RH_KIND_RETURN, 1, "incomplete"));
    CLOCK_IS(t, 1, "notice", CANCELLED);
    w->now_ms += 6 * RH_DAY_MS;
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    CLOCK_IS(t, 1, "notice", CANCELLED); /* not before it arrives */
    rht_world_receive(w, t->court);
    CLOCK_IS(t, 1, "notice", RUNNING);
    struct hub_deadline *clock = rht_world_clock(w, 1, "notice");
    assert_int_equal(clock->start_ms, rht_at(2026, 3, 2, 9));
    assert_int_equal(clock->pause_count, 1);
    assert_int_equal(clock->end_ms, end_ms + 6 * RH_DAY_MS);
    /* Another agency gets its own fifteen days. */
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->court, RH_KIND_RETURN, 1, "incomplete"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
    rht_world_receive(w, t->police);
    assert_int_equal(rht_world_clock(w, 1, "notice")->start_ms, w->now_ms);
    assert_int_equal(rht_world_clock(w, 1, "notice")->owed_by, t->police);
}

static void bounce(struct rht_town *t)
{
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    OK(rht_world_step(t->w, t->court, RH_KIND_OBJECT, 1, "not-ours"));
    OK(rht_world_step(t->w, t->petitions, RH_KIND_UPHOLD, 1, NULL));
}

static void test_the_third_bounce_goes_up(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    bounce(t);
    bounce(t);
    HOLDER_IS(t, 1, petitions);
    bounce(t);
    HOLDER_IS(t, 1, city);
    STATE_IS(t, 1, RETURNED);
    assert_true(rht_world_waiting(w, t->city) > 0);
    /* It must be designated: neither the sender nor the superior may simply send it. */
    REFUSED(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police), WRONG_ACTOR);
    REFUSED(rht_world_dispatch(w, t->city, RH_KIND_FORWARD, 1, t->police), PROCEDURE_FORBIDS);
    REFUSED(rht_world_dispatch(w, t->petitions, RH_KIND_DESIGNATE, 1, t->court), WRONG_ACTOR);
    OK(rht_world_dispatch(w, t->city, RH_KIND_DESIGNATE, 1, t->court));
    rht_world_receive(w, t->court);
    HOLDER_IS(t, 1, court);
    REFUSED(rht_world_step(w, t->court, RH_KIND_OBJECT, 1, "not-ours"), OBJECTION_FORBIDDEN);
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
}

static void test_bounces_of_other_pairs_do_not_add_up(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    bounce(t);
    bounce(t);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->police, RH_KIND_RETURN, 1, "incomplete"));
    HOLDER_IS(t, 1, petitions);
    assert_int_equal(rht_world_row(w, 1)->bounce_count, 3);
    bounce(t);
    HOLDER_IS(t, 1, petitions);
}

/* Two units deny a matter: no longer a question between the sender and one of them. The second
 * objection is the common superior's at once (信访工作条例 art. 24), with a date; the sender
 * waits. */
static void test_a_second_objector_goes_up(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    bounce(t);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    OK(rht_world_step(w, t->court, RH_KIND_OBJECT, 1, "not-ours"));
    HOLDER_IS(t, 1, petitions); /* the same one again */
    OK(rht_world_step(w, t->petitions, RH_KIND_UPHOLD, 1, NULL));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
    OK(rht_world_step(w, t->police, RH_KIND_OBJECT, 1, "not-ours"));
    STATE_IS(t, 1, OBJECTED);
    HOLDER_IS(t, 1, city);
    assert_true(rht_world_waiting(w, t->city) > 0);
    assert_int_equal(rht_world_clock(w, 1, "objection")->owed_by, t->city);
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_UPHOLD, 1, NULL), WRONG_ACTOR);
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_OVERRULE, 1, "x"), WRONG_ACTOR);
    OK(rht_world_dispatch(w, t->city, RH_KIND_DESIGNATE, 1, t->court));
    CLOCK_IS(t, 1, "objection", MET);
    assert_int_equal(rht_world_row(w, 1)->objected_by, 0);
    REFUSED(rht_world_step(w, t->court, RH_KIND_OBJECT, 1, "not-ours"), OBJECTION_FORBIDDEN);
}

/* Without a known common superior the matter stays with somebody: the sender. */
static void test_without_a_superior_the_sender_keeps_it(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    w->agencies[t->court - HUB_AGENCY_FIRST].superior = 0;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    for (int i = 0; i < 4; i++)
        bounce(t);
    HOLDER_IS(t, 1, petitions);
}

static void test_recall_leaves_a_tombstone(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    REFUSED(rht_world_step(w, t->court, RH_KIND_RECALL, 1, NULL), WRONG_ACTOR);
    OK(rht_world_step(w, t->petitions, RH_KIND_RECALL, 1, NULL));
    STATE_IS(t, 1, RETURNED);
    assert_int_equal(w->out->queue_count, 1);
    assert_int_equal(w->out->queue[0].what, HUB_QUEUE_TOMBSTONE);
    assert_true(w->queue[0].tombstone);
    rht_world_receive(w, t->court); /* a tombstone's ack is no arrival */
    assert_false(rht_world_row(w, 1)->arrived);
    rht_world_until(w, w->now_ms + 3 * RH_DAY_MS);
    assert_null(rht_world_clock(w, 1, "notice"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 1, NULL));
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_RECALL, 1, NULL), WRONG_STATE);
}

/* Recalled after it arrived: the addressee's clocks end with the arrival. */
static void test_recall_takes_the_arrival_back(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    open_at(t, t->court);
    HOLDER_IS(t, 1, court);
    OK(rht_world_step(w, t->petitions, RH_KIND_RECALL, 1, NULL));
    CLOCK_IS(t, 1, "notice", CANCELLED);
    HOLDER_IS(t, 1, petitions);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    w->now_ms += RH_DAY_MS / 2;
    rht_world_receive(w, t->court);
    assert_int_equal(rht_world_clock(w, 1, "notice")->start_ms, w->now_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RHT_TOWN_TEST(test_objection_upheld_returns_the_matter),
        RHT_TOWN_TEST(test_objection_is_over_after_five_working_days),
        RHT_TOWN_TEST(test_overruling_keeps_the_original_arrival),
        RHT_TOWN_TEST(test_superior_of_the_sender_decides_too),
        RHT_TOWN_TEST(test_bouncing_resets_no_clock),
        RHT_TOWN_TEST(test_the_third_bounce_goes_up),
        RHT_TOWN_TEST(test_bounces_of_other_pairs_do_not_add_up),
        RHT_TOWN_TEST(test_a_second_objector_goes_up),
        RHT_TOWN_TEST(test_without_a_superior_the_sender_keeps_it),
        RHT_TOWN_TEST(test_recall_leaves_a_tombstone),
        RHT_TOWN_TEST(test_recall_takes_the_arrival_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
