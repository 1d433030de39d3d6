/* librhub against a hub in memory that can be told to misbehave. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <rhub.h>

#include "client_kit.h"

#include "support/fake_hub.h"
#include "support/rht.h"

enum { WAIT_MS = 20000 };

static struct rht_hub *hub;

static void party_connect(struct party *party)
{
    party_connect_to(party, rht_hub_card(hub));
}

static struct party *one, *two;

static bool turn_until(bool (*condition)(void))
{
    uint64_t until = rht_now_ms() + WAIT_MS;
    while (!condition()) {
        if (rht_now_ms() > until)
            return false;
        rht_hub_turn(hub, 1);
        if (one->client != NULL)
            rh_client_turn(one->client);
        if (two->client != NULL)
            rh_client_turn(two->client);
    }
    return true;
}

static void turn_for(uint64_t ms)
{
    uint64_t until = rht_now_ms() + ms;
    while (rht_now_ms() < until) {
        rht_hub_turn(hub, 1);
        if (one->client != NULL)
            rh_client_turn(one->client);
        if (two->client != NULL)
            rh_client_turn(two->client);
    }
}

static int set_up(void **state)
{
    (void)state;
    one = malloc(sizeof *one);
    two = malloc(sizeof *two);
    party_init(one, "petitions.620423");
    party_init(two, "court.620423");
    one->peer = two;
    two->peer = one;
    hub = rht_hub_open("test.620423");
    rht_hub_enrol(hub, &one->card);
    rht_hub_enrol(hub, &two->card);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    party_fini(one);
    party_fini(two);
    free(one);
    free(two);
    rht_hub_close(&hub);
    return 0;
}

static bool one_has_all_receipts(void)
{
    return one->receipts >= one->last_n;
}

static uint64_t confirms_before;

static bool one_confirmed_again(void)
{
    return one->confirms > confirms_before || one->alarms > 0;
}

static bool one_alarmed(void)
{
    return one->alarms > 0;
}

static bool one_online(void)
{
    return rh_client_is_online(one->client);
}

static bool one_offline_again(void)
{
    return one->offlines > 0;
}

static bool two_settled(void)
{
    return two->client != NULL && rht_hub_queued(hub, two->id.text) == 0 &&
           two->receipts == two->last_n && one_has_all_receipts();
}

/* If this failed nothing would ever reach anybody. */
static void test_client_sends_receives_and_answers(void **state)
{
    (void)state;
    for (int i = 0; i < 700; i++)
        party_send(one, two->id.text, rht_random_below(&party_random, 3000));
    party_connect(one);
    party_connect(two);
    assert_true(turn_until(two_settled));
    assert_int_equal(two->deliveries, 700);
    assert_int_equal(two->duplicates, 0);
    assert_int_equal(one->refused, 0);
    /* What waits travels together. */
    assert_true(rht_hub_counts(hub)->bundles < 300);
    for (uint64_t n = 1; n <= one->last_n; n++)
        assert_int_equal(rht_hub_stored(hub, &one->ids[n]), 1);
}

/* An item as large as the wire allows must not be stuck behind the frame's bound. */
static void test_client_sends_the_largest_items(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++)
        party_send(one, two->id.text, RH_ITEM_BYTES_MAX - 600);
    party_connect(one);
    party_connect(two);
    assert_true(turn_until(two_settled));
    assert_int_equal(two->deliveries, 9);
}

/* Lost confirms, busy answers and breaks: every item once in the log, every core the same. */
static void test_client_survives_loss_and_breaks(void **state)
{
    (void)state;
    struct rht_hub_knobs *knobs = rht_hub_knobs(hub);
    party_connect(one);
    party_connect(two);
    for (int round = 0; round < 12; round++) {
        uint64_t count = rht_random_between(&party_random, 1, 40);
        for (uint64_t i = 0; i < count; i++)
            party_send(one, two->id.text, 40);
        knobs->lose_confirms = (uint32_t)rht_random_below(&party_random, 3);
        knobs->lose_deliveries = (uint32_t)rht_random_below(&party_random, 3);
        knobs->busy = (uint32_t)rht_random_below(&party_random, 3);
        knobs->busy_refusal = RH_REFUSE_BUSY_QUOTA;
        knobs->busy_ms = 5;
        turn_for(rht_random_below(&party_random, 20));
        if (rht_random_once_in(&party_random, 2))
            rht_hub_restart(hub);
    }
    /* The hub in memory never repeats a lost delivery by itself. When the last of all was lost
     * nothing came after it to show the gap: one more does. */
    knobs->lose_deliveries = 0;
    party_send(one, two->id.text, 40);
    assert_true(turn_until(two_settled));
    assert_int_equal(two->deliveries, one->last_n);
    for (uint64_t n = 1; n <= one->last_n; n++)
        assert_int_equal(rht_hub_stored(hub, &one->ids[n]), 1);
    assert_int_equal(one->alarms, 0);
}

static bool one_was_told_to_wait(void)
{
    return one->busy > 0;
}

/* BUSY consumes nothing: after the pause the same numbers go again, in order. */
static void test_client_waits_when_the_hub_is_busy(void **state)
{
    (void)state;
    struct rht_hub_knobs *knobs = rht_hub_knobs(hub);
    knobs->busy = 2;
    knobs->busy_refusal = RH_REFUSE_BUSY_QUOTA;
    knobs->busy_ms = 60;
    party_connect(one);
    assert_true(turn_until(one_online));
    for (int i = 0; i < 300; i++)
        party_send(one, two->id.text, 10);
    uint64_t began = rht_now_ms();
    assert_true(turn_until(one_was_told_to_wait));
    assert_true(turn_until(one_has_all_receipts));
    assert_true(rht_now_ms() - began >= 55);
    assert_int_equal(rht_hub_next_n(hub, one->id.text), 301);
}

/* Each way a receipt can lie ends the session with an alarm, and no receipt is kept. */
static void test_client_refuses_spoilt_receipts(void **state)
{
    (void)state;
    static const enum rht_spoil spoils[] = {
        RHT_SPOIL_SIGNATURE, RHT_SPOIL_ROOT,  RHT_SPOIL_PROOF, RHT_SPOIL_DIGEST,
        RHT_SPOIL_MESSAGE_ID, RHT_SPOIL_EPOCH, RHT_SPOIL_INDEX,
    };
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        rht_hub_knobs(hub)->spoil = spoils[i];
        party_send(one, two->id.text, 10);
        party_connect(one);
        assert_true(turn_until(one_alarmed));
        assert_int_equal(one->last_alarm, RH_ALARM_RECEIPT);
        assert_int_equal(rh_client_stopped(one->client), RH_ALARM_RECEIPT);
        assert_int_equal(one->receipts, i);
        turn_for(20);
        assert_int_equal(one->receipts, i);
        /* Honest again: the same numbers, the same cores. */
        rh_client_close(&one->client);
        one->alarms = 0;
        party_connect(one);
        assert_true(turn_until(one_has_all_receipts));
        rh_client_close(&one->client);
    }
}

static bool two_refused_one(void)
{
    return rht_hub_counts(hub)->nacks > 0;
}

/* An altered delivery goes back as a dead letter, and the operator hears of it. */
static void test_client_refuses_altered_delivery(void **state)
{
    (void)state;
    rht_hub_knobs(hub)->spoil_deliveries = 1;
    party_send(one, two->id.text, 100);
    party_connect(one);
    party_connect(two);
    assert_true(turn_until(two_refused_one));
    assert_int_equal(rht_hub_counts(hub)->last_nack, RH_REFUSE_SIGNATURE_BAD);
    assert_int_equal(two->deliveries, 0);
    assert_int_equal(two->last_alarm, RH_ALARM_DELIVERY);
    assert_true(turn_until(two_settled));
}

static void test_client_knows_no_sender_without_card(void **state)
{
    (void)state;
    two->no_cards = true;
    party_send(one, two->id.text, 100);
    party_connect(one);
    party_connect(two);
    assert_true(turn_until(two_refused_one));
    assert_int_equal(rht_hub_counts(hub)->last_nack, RH_REFUSE_CARD_MISSING);
    rh_client_close(&two->client);
    two->trust = true;
    party_send(one, two->id.text, 100);
    party_connect(two);
    assert_true(turn_until(two_settled));
    assert_int_equal(two->deliveries, 1);
}

/* The reason of a failure must be the right one: the fix differs each time. */
static void test_client_names_the_reason(void **state)
{
    (void)state;
    rht_hub_knobs(hub)->deny_keys = true;
    party_connect(one);
    assert_true(turn_until(one_offline_again));
    assert_int_equal(one->last_offline, RH_REFUSE_UNKNOWN_AGENCY);
    rh_client_close(&one->client);
    rht_hub_knobs(hub)->deny_keys = false;

    struct rh_card wrong = *rht_hub_card(hub);
    struct rh_secret other;
    rh_secret_generate(RH_KEY_TRANSPORT, "test.620423", &other);
    memcpy(wrong.keys[RH_KEY_TRANSPORT], other.public_key, 32);
    one->offlines = 0;
    party_connect_to(one, &wrong);
    assert_true(turn_until(one_offline_again));
    assert_int_equal(one->last_offline, RH_REFUSE_HUB_KEY_MISMATCH);
    rh_client_close(&one->client);

    rht_hub_down(hub);
    one->offlines = 0;
    party_connect(one);
    assert_true(turn_until(one_offline_again));
    assert_int_equal(one->last_offline, RH_REFUSE_HUB_UNREACHABLE);
    rht_hub_restart(hub);
    assert_true(turn_until(one_online));

    one->offlines = 0;
    rht_hub_knobs(hub)->revoked = true;
    party_send(one, two->id.text, 10);
    assert_true(turn_until(one_offline_again));
    assert_int_equal(one->last_offline, RH_REFUSE_KEY_REVOKED);
    rht_hub_knobs(hub)->revoked = false;
    assert_true(turn_until(one_has_all_receipts));
}

/* A hub that accepts the connection and then says nothing is left and tried again. */
static void test_client_leaves_a_mute_hub(void **state)
{
    (void)state;
    rht_hub_knobs(hub)->mute = true;
    party_connect(one);
    assert_true(turn_until(one_offline_again));
    assert_int_equal(one->last_offline, RH_REFUSE_HUB_UNREACHABLE);
    rht_hub_knobs(hub)->mute = false;
    party_send(one, two->id.text, 10);
    assert_true(turn_until(one_has_all_receipts));
}

/* Another hub, and a test hub for a real agency, are no hub at all. */
static void test_client_refuses_other_hubs(void **state)
{
    (void)state;
    struct rh_card card = *rht_hub_card(hub);
    snprintf(card.owner, sizeof card.owner, "hub.620423");
    party_connect_to(one, &card);
    assert_true(turn_until(one_alarmed));
    assert_int_equal(one->last_alarm, RH_ALARM_OTHER_HUB);
    rh_client_close(&one->client);
    snprintf(card.owner, sizeof card.owner, "test.620424");
    one->alarms = 0;
    party_connect_to(one, &card);
    assert_true(turn_until(one_alarmed));
    assert_int_equal(one->last_alarm, RH_ALARM_OTHER_HUB);
    /* An older generation than the pinned one is no better. */
    rh_client_close(&one->client);
    snprintf(card.owner, sizeof card.owner, "test.620423/2");
    one->alarms = 0;
    party_connect_to(one, &card);
    assert_true(turn_until(one_alarmed));
    assert_int_equal(one->last_alarm, RH_ALARM_OTHER_HUB);
}

/* A copied spool: the same number with other content. */
static void test_client_stops_on_conflict(void **state)
{
    (void)state;
    party_send(one, two->id.text, 10);
    party_connect(one);
    assert_true(turn_until(one_has_all_receipts));
    rh_client_close(&one->client);
    free(one->items[1]);
    free(one->cores[1]);
    one->cores[1] = NULL;
    one->last_n = 0;
    one->receipts = 0;
    one->held.highest_n = 0;
    one->held.receipt_size = 0;
    one->held.first_open_n = 1;
    party_send(one, two->id.text, 10);
    party_connect(one);
    assert_true(turn_until(one_alarmed));
    assert_int_equal(one->last_alarm, RH_ALARM_CONFLICT);
    assert_int_equal(one->receipts, 0);
}

/* A spool put back from a copy knows less than the hub. */
static void test_client_stops_when_hub_knows_more(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        party_send(one, two->id.text, 10);
    party_connect(one);
    assert_true(turn_until(one_has_all_receipts));
    rh_client_close(&one->client);
    for (uint64_t n = 1; n <= one->last_n; n++) {
        free(one->items[n]);
        free(one->cores[n]);
        one->cores[n] = NULL;
    }
    one->last_n = one->receipts = 0;
    memset(&one->held, 0, sizeof one->held);
    one->held.lease = 1000;
    one->held.first_open_n = 1;
    party_connect(one);
    assert_true(turn_until(one_alarmed));
    assert_int_equal(one->last_alarm, RH_ALARM_CONFLICT);
}

static bool one_holds_newest(void)
{
    return one->checkpoint_size == rht_hub_size(hub);
}

static bool one_got_proof(void)
{
    return one->proofs > 0;
}

static void test_client_follows_checkpoints(void **state)
{
    (void)state;
    party_connect(one);
    assert_true(turn_until(one_online));
    for (int i = 0; i < 5; i++) {
        party_send(one, two->id.text, 10);
        assert_true(turn_until(one_has_all_receipts));
        rht_hub_publish(hub);
        assert_true(turn_until(one_holds_newest));
    }
    assert_int_equal(rh_client_prove(one->client, 2, 0), RH_OK);
    assert_true(turn_until(one_got_proof));
    rht_hub_restart(hub);
    assert_true(turn_until(one_offline_again));
    assert_true(turn_until(one_online));
    assert_int_equal(rht_hub_counts(hub)->last_hello.checkpoint_size, one->checkpoint_size);
    assert_int_equal(one->alarms, 0);
}

/* A hub with another past under the same name. */
static void test_client_sees_a_fork(void **state)
{
    (void)state;
    party_connect(one);
    party_send(one, two->id.text, 10);
    assert_true(turn_until(one_has_all_receipts));
    rht_hub_publish(hub);
    assert_true(turn_until(one_holds_newest));
    one->checkpoint_size = 0;
    struct rh_public notice;
    rht_hub_forget(hub, 1);
    memset(&notice, 0, sizeof notice);
    party_fresh_id(notice.message_id.bytes);
    party_fresh_id(notice.referral_id.bytes);
    notice.kind = RH_KIND_DUE_SOON;
    for (int i = 0; i < 8; i++)
        rht_hub_notify(hub, two->id.text, &notice);
    assert_true(turn_until(one_alarmed)); /* fewer numbers than we hold receipts for */
    assert_int_equal(one->last_alarm, RH_ALARM_ROLLBACK);
    one->alarms = 0;
    rht_hub_publish(hub);
    assert_true(turn_until(one_alarmed));
    assert_int_equal(one->last_alarm, RH_ALARM_FORK);
}

static bool two_saw_everything(void)
{
    return two->deliveries >= 30 && two_settled();
}

static void forget_receipts_after(struct party *party)
{
    party->receipts = 0;
    for (uint64_t n = 1; n <= party->last_n; n++)
        party->receipts += party->cores[n] != NULL ? 1 : 0;
}

/* The hub lost its newest records: nothing is sent until it is recovered, then all is sent
 * again and the log holds each message once. */
static void test_client_follows_a_new_generation(void **state)
{
    (void)state;
    one->follow = two->follow = true;
    for (int i = 0; i < 10; i++)
        party_send(one, two->id.text, 10);
    party_connect(one);
    party_connect(two);
    assert_true(turn_until(two_settled));
    for (int i = 0; i < 20; i++) {
        party_send(one, two->id.text, 10);
        turn_for(2);
    }
    assert_true(turn_until(two_settled));
    uint64_t hellos = rht_hub_counts(hub)->hellos;
    rht_hub_forget(hub, 8);
    assert_true(turn_until(one_alarmed));
    assert_int_equal(one->last_alarm, RH_ALARM_ROLLBACK);
    uint64_t items = rht_hub_counts(hub)->items;
    party_send(one, two->id.text, 10);
    turn_for(50);
    assert_int_equal(rht_hub_counts(hub)->items, items);
    assert_true(rht_hub_counts(hub)->hellos > hellos);

    rht_hub_recover(hub, rht_hub_size(hub));
    one->onlines = two->onlines = 0;
    while (one->onlines == 0 || two->onlines == 0)
        turn_for(5);
    forget_receipts_after(one);
    forget_receipts_after(two);
    assert_true(turn_until(two_saw_everything));
    assert_true(one->pinned);
    assert_string_equal(rh_client_hub(one->client)->text, "test.620423/2");
    for (uint64_t n = 1; n <= one->last_n; n++)
        assert_int_equal(rht_hub_stored(hub, &one->ids[n]), 1);

    /* What was kept keeps its receipt, with the name of the generation it was written in. */
    struct rh_receipt receipt;
    struct rh_bytes core = { one->cores[1], one->core_bytes[1] };
    assert_int_equal(rh_receipt_decode(core, &receipt), RH_OK);
    assert_string_equal(receipt.hub.text, "test.620423");
    one->alarms = 0;
    confirms_before = one->confirms;
    assert_int_equal(rh_client_ask(one->client, 1), RH_OK);
    assert_true(turn_until(one_confirmed_again));
    assert_int_equal(rh_client_stopped(one->client), RH_ALARM_NONE);
}

/* Ten items are lost and come back with their receipts. A hub that will not have those gets the
 * items all the same, and the caller hears why. */
static void show_lost(uint32_t refused)
{
    one->shows_lost = one->follow = two->follow = true;
    one->acks = false;
    party_connect(one);
    assert_true(turn_until(one_online));
    uint64_t kept = rht_hub_size(hub);
    for (int i = 0; i < 10; i++)
        party_send(one, two->id.text, 10);
    assert_true(turn_until(one_has_all_receipts));
    rht_hub_forget(hub, kept);
    assert_true(turn_until(one_alarmed));
    one->last_refusal = 0;
    rht_hub_knobs(hub)->refuse_lost = refused;
    rht_hub_recover(hub, rht_hub_size(hub));
    one->onlines = 0;
    while (one->onlines == 0)
        turn_for(5);
    forget_receipts_after(one);
    assert_true(turn_until(one_has_all_receipts));
    for (uint64_t n = 1; n <= one->last_n; n++)
        assert_int_equal(rht_hub_stored(hub, &one->ids[n]), 1);
    assert_int_equal(rh_client_stopped(one->client), RH_ALARM_NONE);
}

static void test_client_shows_lost_receipts(void **state)
{
    (void)state;
    show_lost(0);
    assert_int_equal(rht_hub_counts(hub)->lost, 10);
}

static void test_client_goes_without_lost_receipts_that_are_refused(void **state)
{
    (void)state;
    show_lost(1);
    assert_int_equal(one->last_refusal, RH_REFUSE_LOST_TIME);
}

static void test_client_waits_for_a_person_to_pin(void **state)
{
    (void)state;
    party_connect(one);
    assert_true(turn_until(one_online));
    rht_hub_recover(hub, rht_hub_size(hub));
    assert_true(turn_until(one_alarmed));
    assert_int_equal(one->last_alarm, RH_ALARM_GENERATION);
    assert_false(one->pinned);
}

/* Whoever comes later with a higher lease has the session; the older must not fight. */
static void test_client_yields_to_another_agent(void **state)
{
    (void)state;
    static struct party twin;
    party_connect(one);
    assert_true(turn_until(one_online));
    twin = *one;
    twin.client = NULL;
    twin.held.lease = 0;
    twin.last_n = 0;
    party_connect(&twin);
    uint64_t until = rht_now_ms() + WAIT_MS;
    while (twin.offlines == 0 && rht_now_ms() < until) {
        rht_hub_turn(hub, 1);
        rh_client_turn(twin.client);
        rh_client_turn(one->client);
    }
    assert_int_equal(twin.last_offline, RH_REFUSE_SECOND_SESSION);
    assert_false(rh_client_is_online(twin.client));
    rh_client_close(&twin.client);
}

int main(void)
{
    rht_random_init(&party_random);
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_client_sends_receives_and_answers),
        CASE(test_client_sends_the_largest_items),
        CASE(test_client_survives_loss_and_breaks),
        CASE(test_client_waits_when_the_hub_is_busy),
        CASE(test_client_refuses_spoilt_receipts),
        CASE(test_client_refuses_altered_delivery),
        CASE(test_client_knows_no_sender_without_card),
        CASE(test_client_names_the_reason),
        CASE(test_client_leaves_a_mute_hub),
        CASE(test_client_refuses_other_hubs),
        CASE(test_client_stops_on_conflict),
        CASE(test_client_stops_when_hub_knows_more),
        CASE(test_client_follows_checkpoints),
        CASE(test_client_sees_a_fork),
        CASE(test_client_follows_a_new_generation),
        CASE(test_client_shows_lost_receipts),
        CASE(test_client_goes_without_lost_receipts_that_are_refused),
        CASE(test_client_waits_for_a_person_to_pin),
        CASE(test_client_yields_to_another_agent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
