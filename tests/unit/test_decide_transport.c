/* Acks, dead letters, lanes and numbers. A mistake here loses a message or says that somebody
 * has what never reached them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/town.h"

static void test_arrival_is_the_ack_or_the_grace(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    for (uint64_t number = 1; number <= 2; number++) {
        OK(rht_world_register(w, t->petitions, number, "petition"));
        OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, number,
                              number == 1 ? t->court : t->police));
    }
    HOLDER_IS(t, 1, petitions);
    w->now_ms += 5 * RH_HOUR_MS;
    rht_world_receive(w, t->court);
    assert_int_equal(rht_world_row(w, 1)->arrived_ms, w->now_ms);
    HOLDER_IS(t, 1, court);
    /* The police sleep: after a day their clocks run all the same, once. */
    rht_world_until(w, rht_at(2026, 3, 4, 0));
    assert_int_equal(rht_world_row(w, 2)->arrived_ms, rht_at(2026, 3, 3, 9));
    HOLDER_IS(t, 2, police);
    struct hub_referral before = *rht_world_row(w, 2);
    rht_world_receive(w, t->police);
    assert_memory_equal(&before, rht_world_row(w, 2), sizeof(before));
}

/* The ack comes after the grace ran out but before the timer fired: the earlier instant counts.
 */
static void test_a_late_ack_does_not_move_the_arrival(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    w->now_ms += 30 * RH_HOUR_MS;
    rht_world_receive(w, t->court);
    assert_int_equal(rht_world_row(w, 1)->arrived_ms, rht_at(2026, 3, 3, 9));
    assert_int_equal(rht_world_clock(w, 1, "notice")->start_ms, rht_at(2026, 3, 3, 9));
    /* Twelve of those hours the hub was down: the grace had not run out. */
    OK(rht_world_register(w, t->petitions, 2, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 2, t->court));
    w->now_ms += 30 * RH_HOUR_MS;
    w->down_ms += 12 * RH_HOUR_MS;
    rht_world_receive(w, t->court);
    assert_int_equal(rht_world_row(w, 2)->arrived_ms, w->now_ms);
}

/* Grace counts the time the hub was up: a hub that was down gave nobody a chance to fetch. */
static void test_grace_does_not_run_while_the_hub_is_down(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    rht_world_until(w, rht_at(2026, 3, 2, 20));
    rht_world_down(w, rht_at(2026, 3, 5, 20), true);
    assert_false(rht_world_row(w, 1)->arrived);
    rht_world_until(w, rht_at(2026, 3, 7, 0));
    assert_int_equal(rht_world_row(w, 1)->arrived_ms, rht_at(2026, 3, 6, 9));
}

static void test_acks_are_cumulative_and_may_be_repeated(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    for (uint64_t number = 1; number <= 5; number++) {
        OK(rht_world_register(w, t->petitions, number, "petition"));
        OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, number, t->court));
    }
    struct rh_public *item = rht_world_item(w, RH_KIND_ACK, 0);
    item->from = w->agencies[t->petitions - HUB_AGENCY_FIRST].id;
    item->pair_seq = 6;
    REFUSED(rht_world_send(w, t->court), FIELD_INVALID);
    item->pair_seq = 3;
    OK(rht_world_send(w, t->court));
    assert_int_equal(w->out->row_count, 3);
    assert_int_equal(rht_world_waiting(w, t->court), 2);
    item = rht_world_item(w, RH_KIND_ACK, 0);
    item->from = w->agencies[t->petitions - HUB_AGENCY_FIRST].id;
    item->pair_seq = 2;
    OK(rht_world_send(w, t->court)); /* old news */
    assert_int_equal(w->out->row_count + w->out->queue_count, 0);
    item = rht_world_item(w, RH_KIND_ACK, 0);
    memcpy(item->from.text, "nobody.620423", 14);
    item->pair_seq = 1;
    REFUSED(rht_world_send(w, t->court), FIELD_INVALID);
}

/* More arrivals than one outcome holds: it takes what fits, nothing is lost. */
static void test_a_large_ack_takes_several_steps(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    enum { MANY = 150 };
    for (uint64_t number = 1; number <= MANY; number++) {
        OK(rht_world_register(w, t->petitions, number, "petition"));
        OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, number, t->court));
    }
    int acks = 0;
    while (rht_world_waiting(w, t->court) > 0 && acks < 20) {
        struct rh_public *item = rht_world_item(w, RH_KIND_ACK, 0);
        item->from = w->agencies[t->petitions - HUB_AGENCY_FIRST].id;
        item->pair_seq = MANY;
        OK(rht_world_send(w, t->court));
        acks++;
    }
    assert_int_equal(acks, (MANY + HUB_ACK_ARRIVALS_MAX - 1) / HUB_ACK_ARRIVALS_MAX);
    for (uint64_t number = 1; number <= MANY; number++)
        assert_true(rht_world_row(w, number)->arrived);
}

static void test_a_nack_makes_a_dead_letter_the_sender_holds(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    rht_world_until(w, rht_at(2026, 3, 4, 9)); /* deemed arrived */
    HOLDER_IS(t, 1, court);
    OK(rht_world_nack(w, t->court, 4221));
    HOLDER_IS(t, 1, petitions);
    STATE_IS(t, 1, DISPATCHED);
    assert_false(rht_world_row(w, 1)->arrived);
    CLOCK_IS(t, 1, "notice", CANCELLED);
    CLOCK_IS(t, 1, "watchdog", RUNNING);
    assert_int_equal(w->dead_count, 1);
    assert_int_equal(w->dead[0].refusal, 4221);
    assert_int_equal(rht_world_waiting(w, t->petitions), 1); /* the notice */
    rht_world_receive(w, t->petitions);

    struct hub_event retry = { .type = HUB_EVENT_DEAD_RETRY, .dead = w->dead[0] };
    OK(rht_world_event(w, &retry));
    assert_int_equal(w->out->deliveries[0].pair_seq, 2);
    assert_int_equal(w->out->deliveries[0].index, w->dead[0].index);
    assert_true(w->dead[0].settled);
    retry.dead = w->dead[0];
    REFUSED(rht_world_event(w, &retry), WRONG_STATE);
    rht_world_receive(w, t->court);
    HOLDER_IS(t, 1, court);
    CLOCK_IS(t, 1, "notice", RUNNING);
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
}

static void test_an_amendment_repairs_a_dead_letter(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    struct rh_message_id broken = rht_message_id(w->message_number - 1);
    OK(rht_world_nack(w, t->court, 4221));
    struct rh_public *item = rht_world_item(w, RH_KIND_AMEND, 1);
    item->refers_to = broken;
    REFUSED(rht_world_send(w, t->city), WRONG_ACTOR);
    OK(rht_world_send(w, t->petitions));
    assert_true(w->dead[0].settled);
    assert_int_equal(rht_world_waiting(w, t->court), 1);
    rht_world_receive(w, t->court);
    HOLDER_IS(t, 1, court);
    item = rht_world_item(w, RH_KIND_AMEND, 1);
    item->refers_to = rht_message_id(9999);
    REFUSED(rht_world_send(w, t->petitions), UNKNOWN_REFERRAL);
}

static void test_a_dead_letter_returns_to_its_origin(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    OK(rht_world_nack(w, t->court, 4222));
    struct hub_event back = { .type = HUB_EVENT_DEAD_RETURN, .dead = w->dead[0] };
    OK(rht_world_event(w, &back));
    STATE_IS(t, 1, RETURNED);
    HOLDER_IS(t, 1, petitions);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
}

/* A later message takes the lane of an earlier one that still waits: it cannot overtake it,
 * nor stand before it in another lane. */
static void test_a_later_message_takes_the_earlier_lane(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    struct rh_public *item = rht_world_item(w, RH_KIND_NOTICE, 1);
    item->lane = RH_LANE_URGENT;
    OK(rht_world_send(w, t->petitions));
    assert_int_equal(w->out->deliveries[0].lane, RH_LANE_NORMAL);
    rht_world_receive(w, t->court);
    item = rht_world_item(w, RH_KIND_NOTICE, 1);
    item->lane = RH_LANE_URGENT;
    OK(rht_world_send(w, t->petitions));
    assert_int_equal(w->out->deliveries[0].lane, RH_LANE_URGENT);
    assert_int_equal(w->out->deliveries[0].pair_seq, 1); /* its own numbers */
}

/* Two parts for one agency: two deliveries of one record, two numbers. */
static void test_several_deliveries_to_one_pair_are_numbered(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->procuratorate));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_ACCEPT, 1, NULL));
    struct rh_public *item = rht_world_item(w, RH_KIND_SPLIT, 1);
    item->child_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        item->children[i].id = rht_referral_id(10 + i);
        item->children[i].to = w->agencies[t->court - HUB_AGENCY_FIRST].id;
    }
    OK(rht_world_send(w, t->procuratorate));
    assert_int_equal(w->out->delivery_count, 2);
    assert_int_equal(w->out->deliveries[0].index, w->out->deliveries[1].index);
    assert_int_equal(w->out->deliveries[1].pair_seq, w->out->deliveries[0].pair_seq + 1);
    rht_world_receive(w, t->court);
    assert_true(rht_world_row(w, 10)->arrived);
    assert_true(rht_world_row(w, 11)->arrived);
}

static void test_bulletins_need_no_referral(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct rh_public *item = rht_world_item(w, RH_KIND_BULLETIN, 0);
    item->to = w->agencies[t->court - HUB_AGENCY_FIRST].id;
    REFUSED(rht_world_send(w, t->police), WRONG_ACTOR);
    OK(rht_world_send(w, t->city));
    item->message_id = rht_message_id(w->message_number++);
    OK(rht_world_send(w, t->discipline));
    assert_int_equal(rht_world_waiting(w, t->court), 2);
    rht_world_receive(w, t->court);
    assert_int_equal(rht_world_waiting(w, t->court), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RHT_TOWN_TEST(test_arrival_is_the_ack_or_the_grace),
        RHT_TOWN_TEST(test_a_late_ack_does_not_move_the_arrival),
        RHT_TOWN_TEST(test_grace_does_not_run_while_the_hub_is_down),
        RHT_TOWN_TEST(test_acks_are_cumulative_and_may_be_repeated),
        RHT_TOWN_TEST(test_a_large_ack_takes_several_steps),
        RHT_TOWN_TEST(test_a_nack_makes_a_dead_letter_the_sender_holds),
        RHT_TOWN_TEST(test_an_amendment_repairs_a_dead_letter),
        RHT_TOWN_TEST(test_a_dead_letter_returns_to_its_origin),
        RHT_TOWN_TEST(test_a_later_message_takes_the_earlier_lane),
        RHT_TOWN_TEST(test_several_deliveries_to_one_pair_are_numbered),
        RHT_TOWN_TEST(test_bulletins_need_no_referral),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
