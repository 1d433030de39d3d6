/* Delivery: order, credit, fairness and redelivery against a model of what waits.
 *
 * What would break for an agency: a message before an earlier one of its matter, an urgent one
 * behind ten thousand others, a slow receiver buried or a loud sender that starves the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway_kit.h"

#include "support/rht.h"
#include "views/keys.h"

#include <string.h>

enum { FROM = 10, WINDOW_ALL = HUB_FLIGHT_MAX, BYTES_ALL = HUB_WINDOW_BYTES_MAX };

static struct kit kit;
static struct kit_agency *court;
static uint64_t next_index;

static int set_up(void **state)
{
    (void)state;
    kit_open(&kit, 0);
    court = kit_agency(&kit, "court.620423");
    next_index = 1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kit_close(&kit);
    return 0;
}

static void queue(uint32_t from, enum rh_lane lane, uint64_t pair_seq, uint64_t rno,
                  uint32_t bytes)
{
    struct hub_queued row = { .to = court->no,
                              .from = from,
                              .lane = lane,
                              .pair_seq = pair_seq,
                              .index = next_index++,
                              .rno = rno,
                              .kind = RH_KIND_NOTICE,
                              .stored_ms = 1,
                              .bytes = bytes };
    kit_queue(&kit, &row);
    kit_stir(&kit, court->no);
}

/* The next delivery, or false. */
static bool next(struct rh_delivery *out)
{
    struct hub_ring_record record;
    struct rh_bytes frame;
    if (!kit_next(&kit, &record, &frame))
        return false;
    assert_int_equal(rh_frame_type_of(frame), RH_FRAME_DELIVERY);
    assert_int_equal(rh_delivery_decode(frame, out), RH_OK);
    return true;
}

static uint32_t sender_of(const struct rh_delivery *delivery)
{
    uint32_t number = 0;
    for (const char *at = delivery->sender.text + strlen("court."); *at != '\0'; at++)
        number = number * 10 + (uint32_t)(*at - '0');
    return number;
}

static void expect(uint32_t from, enum rh_lane lane, uint64_t pair_seq)
{
    static struct rh_delivery delivery;
    assert_true(next(&delivery));
    assert_int_equal(sender_of(&delivery), from);
    assert_int_equal(delivery.lane, lane);
    assert_int_equal(delivery.pair_seq, pair_seq);
}

static void expect_none(void)
{
    kit_loop(&kit);
    kit_expect_nothing(&kit);
}

/* As an ack item that was stored. */
static void ack(uint32_t from, enum rh_lane lane, uint64_t pair_seq)
{
    kit_ack(&kit, court->no, from, lane, pair_seq);
    hub_peer_find(kit.gateway, court->no)->session->dirty = true;
    kit_stir(&kit, court->no);
}

static struct hub_session *session(void)
{
    return hub_peer_find(kit.gateway, court->no)->session;
}

/* Until nothing is left to do at once. */
static void settle(void)
{
    for (int i = 0; i < 200; i++) {
        kit_loop(&kit);
        if (kit.gateway->hungry_count == 0)
            return;
    }
    fail_msg("deliveries do not come to rest");
}

static void test_deliver_urgent_and_green_overtake_ten_thousand(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 10000; seq++)
        queue(FROM, RH_LANE_NORMAL, seq, 0, 10);
    queue(FROM + 1, RH_LANE_GREEN, 1, 0, 10);
    queue(FROM + 2, RH_LANE_URGENT, 1, 0, 10);
    kit_connect(&kit, court, 4, BYTES_ALL);
    settle();
    expect(FROM + 2, RH_LANE_URGENT, 1);
    expect(FROM + 1, RH_LANE_GREEN, 1);
    expect(FROM, RH_LANE_NORMAL, 1);
    expect(FROM, RH_LANE_NORMAL, 2);
    expect_none();
    queue(FROM + 2, RH_LANE_URGENT, 2, 0, 10);
    ack(FROM, RH_LANE_NORMAL, 1);
    settle();
    expect(FROM + 2, RH_LANE_URGENT, 2);
    expect_none();
}

/* A loud sender with large messages and quiet ones with small: bytes are shared, so the
 * quiet ones are done long before. */
static void test_deliver_shares_bytes_between_senders(void **state)
{
    (void)state;
    static struct rh_delivery delivery;
    uint64_t sent[3] = { 0 };
    for (uint64_t seq = 1; seq <= 60; seq++)
        queue(FROM, RH_LANE_NORMAL, seq, 0, 100000);
    for (uint64_t seq = 1; seq <= 300; seq++) {
        queue(FROM + 1, RH_LANE_NORMAL, seq, 0, 10000);
        queue(FROM + 2, RH_LANE_NORMAL, seq, 0, 5000);
    }
    kit_connect(&kit, court, WINDOW_ALL, BYTES_ALL);
    settle();
    for (int i = 0; i < 200 && next(&delivery); i++) {
        sent[sender_of(&delivery) - FROM] += delivery.item.body.bytes;
        uint64_t most = 0, least = UINT64_MAX;
        for (int k = 0; k < 3; k++) {
            most = sent[k] > most ? sent[k] : most;
            least = sent[k] < least ? sent[k] : least;
        }
        assert_true(most - least <= 100000 + 2 * 32768 + 10000);
    }
    assert_true(sent[0] > 0 && sent[1] > 0 && sent[2] > 0);
}

static void test_deliver_one_larger_than_the_window_goes_alone(void **state)
{
    (void)state;
    queue(FROM, RH_LANE_NORMAL, 1, 0, 50000);
    queue(FROM, RH_LANE_NORMAL, 2, 0, 10);
    kit_connect(&kit, court, 10, 1000);
    settle();
    expect(FROM, RH_LANE_NORMAL, 1);
    expect_none();
    ack(FROM, RH_LANE_NORMAL, 1);
    settle();
    expect(FROM, RH_LANE_NORMAL, 2);
}

static void test_deliver_fills_the_window_of_bytes_and_no_more(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 20; seq++)
        queue(FROM, RH_LANE_NORMAL, seq, 0, 1000);
    kit_connect(&kit, court, 20, 5000);
    settle();
    uint64_t one = session()->flight.bytes / session()->flight.count;
    assert_true(one > 1000);
    assert_true(session()->flight.bytes <= 5000 && session()->flight.bytes + one > 5000);
}

static void test_deliver_referral_in_order_across_senders_only(void **state)
{
    (void)state;
    queue(FROM, RH_LANE_NORMAL, 1, 77, 10);
    queue(FROM, RH_LANE_NORMAL, 2, 77, 10);     /* same pair: follows on the same connection */
    queue(FROM + 1, RH_LANE_NORMAL, 1, 77, 10); /* another pair: waits for the acks */
    queue(FROM + 1, RH_LANE_NORMAL, 2, 0, 10);  /* behind it in its pair */
    queue(FROM + 2, RH_LANE_NORMAL, 1, 88, 10); /* another matter: never waits */
    kit_connect(&kit, court, 10, BYTES_ALL);
    settle();
    expect(FROM, RH_LANE_NORMAL, 1);
    expect(FROM, RH_LANE_NORMAL, 2);
    expect(FROM + 2, RH_LANE_NORMAL, 1);
    expect_none();
    ack(FROM, RH_LANE_NORMAL, 1);
    settle();
    expect_none();
    ack(FROM, RH_LANE_NORMAL, 2);
    settle();
    expect(FROM + 1, RH_LANE_NORMAL, 1);
    expect(FROM + 1, RH_LANE_NORMAL, 2);
}

/* An operator retried record 1 of A behind A's record 5; B's record 3 stands between: each
 * waits for another. */
static void test_deliver_circle_of_a_retried_message_is_broken(void **state)
{
    (void)state;
    struct hub_queued row = { .to = court->no,
                              .lane = RH_LANE_NORMAL,
                              .rno = 77,
                              .kind = RH_KIND_NOTICE,
                              .stored_ms = 1,
                              .bytes = 10 };
    row.from = FROM, row.pair_seq = 4, row.index = 5;
    kit_queue(&kit, &row);
    row.from = FROM, row.pair_seq = 9, row.index = 1;
    kit_queue(&kit, &row);
    row.from = FROM + 1, row.pair_seq = 1, row.index = 3;
    kit_queue(&kit, &row);
    kit_connect(&kit, court, 10, BYTES_ALL);
    settle();
    expect(FROM + 1, RH_LANE_NORMAL, 1);
    assert_int_equal(kit.gateway->counters.overtaken, 1);
    ack(FROM + 1, RH_LANE_NORMAL, 1);
    settle();
    expect(FROM, RH_LANE_NORMAL, 4);
    expect(FROM, RH_LANE_NORMAL, 9);
}

static void test_deliver_redelivers_a_probe_after_silence(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 100; seq++)
        queue(FROM, RH_LANE_NORMAL, seq, 0, 10);
    kit_connect(&kit, court, 100, BYTES_ALL);
    settle();
    for (uint64_t seq = 1; seq <= 100; seq++)
        expect(FROM, RH_LANE_NORMAL, seq);
    uint64_t due_ms = session()->redeliver_at_ms;
    assert_true(due_ms > 0);
    uint32_t wait_ms = HUB_REDELIVER_MS_MIN;
    for (int round = 0; round < 12; round++) {
        session()->redeliver_at_ms = 1; /* long past */
        kit.gateway->tick_at_ms = 0;
        settle();
        for (uint64_t seq = 1; seq <= HUB_PROBE_MESSAGES; seq++)
            expect(FROM, RH_LANE_NORMAL, seq);
        expect_none();
        wait_ms = wait_ms * 2 > HUB_REDELIVER_MS_MAX ? HUB_REDELIVER_MS_MAX : wait_ms * 2;
        assert_int_equal(session()->backoff_ms, wait_ms);
    }
    ack(FROM, RH_LANE_NORMAL, 60); /* it had stored them after all */
    settle();
    for (uint64_t seq = 61; seq <= 100; seq++)
        expect(FROM, RH_LANE_NORMAL, seq);
    assert_int_equal(session()->backoff_ms, HUB_REDELIVER_MS_MIN);
    ack(FROM, RH_LANE_NORMAL, 100);
    settle();
    assert_int_equal(session()->redeliver_at_ms, 0);
}

static void test_deliver_resync_is_bounded(void **state)
{
    (void)state;
    uint32_t retry_ms = 0;
    uint64_t resent = 0;
    for (uint64_t seq = 1; seq <= 30; seq++)
        queue(FROM, RH_LANE_NORMAL, seq, 0, 200000);
    kit_connect(&kit, court, 30, BYTES_ALL);
    settle();
    for (uint64_t seq = 1; seq <= 30; seq++)
        expect(FROM, RH_LANE_NORMAL, seq);
    while (hub_deliver_resync(kit.gateway, session(), RH_LANE_NORMAL, FROM, 21, &retry_ms)) {
        settle();
        for (uint64_t seq = 21; seq <= 30; seq++)
            expect(FROM, RH_LANE_NORMAL, seq);
        expect_none();
        assert_true(++resent < 20);
    }
    assert_true(resent >= 2 && retry_ms > 0);
}

static void test_deliver_unreadable_record_blocks_only_its_pair(void **state)
{
    (void)state;
    queue(FROM, RH_LANE_NORMAL, 1, 0, 10);
    queue(FROM, RH_LANE_NORMAL, 2, 0, 10);
    queue(FROM + 1, RH_LANE_NORMAL, 1, 0, 10);
    kit.engine.broken_index = 1;
    kit_connect(&kit, court, 10, BYTES_ALL);
    settle();
    expect(FROM + 1, RH_LANE_NORMAL, 1);
    expect_none();
    assert_int_equal(kit.gateway->counters.unreadable, 1);
    kit.engine.broken_index = 0; /* restored */
    session()->stuck[0].until_at_ms = 0;
    kit_stir(&kit, court->no);
    settle();
    expect(FROM, RH_LANE_NORMAL, 1);
    expect(FROM, RH_LANE_NORMAL, 2);
}

static void test_deliver_nothing_while_a_rollback_is_held(void **state)
{
    (void)state;
    queue(FROM, RH_LANE_NORMAL, 1, 0, 10);
    kit_connect(&kit, court, 0, BYTES_ALL);
    kit.engine.held_refusal = RH_REFUSE_ROLLBACK;
    kit_send_window(&kit, court, 10, BYTES_ALL);
    kit_loop(&kit);
    kit_expect_nothing(&kit);
    assert_int_not_equal(hub_gateway_wait_ms(kit.gateway), 0); /* and no busy loop */
    kit.engine.held_refusal = 0;
    settle();
    expect(FROM, RH_LANE_NORMAL, 1);
}

/* The door is slow: deliveries stop while a quarter of the ring is free for answers, and go on
 * when it has read. */
static void test_deliver_leaves_the_ring_room_for_answers(void **state)
{
    (void)state;
    static struct rh_delivery delivery;
    struct kit_agency *others[12];
    char name[] = "police.6200xx";
    struct hub_queued row = {
        .from = FROM, .kind = RH_KIND_NOTICE, .stored_ms = 1, .bytes = 200000
    };
    uint64_t all = 0, got = 0;
    for (unsigned i = 0; i < 12; i++) {
        name[11] = (char)('0' + i / 10), name[12] = (char)('0' + i % 10);
        others[i] = kit_agency(&kit, name);
        kit_connect(&kit, others[i], 40, BYTES_ALL);
    }
    for (unsigned i = 0; i < 12; i++) {
        for (row.pair_seq = 1; row.pair_seq <= 30; row.pair_seq++, all++) {
            row.to = others[i]->no;
            row.index = next_index++;
            kit_queue(&kit, &row);
        }
        kit_stir(&kit, others[i]->no);
    }
    for (int i = 0; i < 20; i++)
        kit_loop(&kit);
    assert_true(kit.gateway->starved);
    assert_int_equal(kit.gateway->link.overflow_end, 0);
    assert_true(hub_ring_room(&kit.gateway->link.out) >= kit.gateway->link.ring_capacity / 4);
    for (int idle = 0; idle < 3;) {
        if (next(&delivery)) {
            got++;
            continue;
        }
        kit_loop(&kit);
        idle = kit.gateway->hungry_count == 0 ? idle + 1 : 0;
    }
    assert_int_equal(got, all);
}

/* The long walk ------------------------------------------------------------------------ */

enum { SENDERS = 6, LANES = RH_LANE_COUNT, STEPS = 4000 };

/* What the receiver and the queues are known to hold. */
struct model {
    uint32_t count;
    struct hub_queued rows[STEPS];   /* all that were ever queued */
    uint64_t queued[SENDERS][LANES]; /* last pair_seq put in */
    uint64_t seen[SENDERS][LANES];   /* last one the receiver has, without a gap */
    uint64_t acked[SENDERS][LANES];
};

/* No message of a referral before an earlier one of another pair that is not settled. */
static void check_referral(const struct model *model, const struct rh_delivery *delivery)
{
    const struct hub_queued *mine = NULL;
    for (uint32_t i = 0; i < model->count && mine == NULL; i++)
        if (model->rows[i].index == delivery->index)
            mine = &model->rows[i];
    assert_non_null(mine);
    for (uint32_t i = 0; mine->rno != 0 && i < model->count; i++) {
        const struct hub_queued *other = &model->rows[i];
        if (other->rno == mine->rno && other->index < mine->index &&
            (other->from != mine->from || other->lane != mine->lane))
            assert_true(other->pair_seq <= model->acked[other->from - FROM][other->lane]);
    }
}

static void receive_all(struct model *model)
{
    static struct rh_delivery delivery;
    while (next(&delivery)) {
        uint32_t from = sender_of(&delivery) - FROM;
        uint64_t *seen = &model->seen[from][delivery.lane];
        assert_true(delivery.pair_seq <= model->queued[from][delivery.lane]);
        assert_true(delivery.pair_seq > model->acked[from][delivery.lane]);
        assert_true(delivery.pair_seq <= *seen + 1); /* never a gap */
        check_referral(model, &delivery);
        if (delivery.pair_seq > *seen)
            *seen = delivery.pair_seq;
    }
}

static void random_step(struct model *model, struct rht_random *random, uint32_t *window)
{
    uint32_t from = (uint32_t)rht_random_below(random, SENDERS);
    enum rh_lane lane = (enum rh_lane)rht_random_below(random, LANES);
    uint64_t *acked = &model->acked[from][lane];
    switch (rht_random_below(random, 12)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        model->rows[model->count] = (struct hub_queued){
            .from = FROM + from,
            .lane = lane,
            .pair_seq = ++model->queued[from][lane],
            .index = next_index,
            .rno = rht_random_once_in(random, 2) ? 1 + rht_random_below(random, 5) : 0,
        };
        queue(FROM + from, lane, model->queued[from][lane], model->rows[model->count].rno,
              (uint32_t)rht_random_below(random, rht_random_once_in(random, 9) ? 200000 : 900));
        model->count++;
        break;
    case 5:
    case 6:
    case 7:
    case 8:
        if (model->seen[from][lane] > *acked)
            ack(FROM + from, lane,
                *acked = rht_random_between(random, *acked + 1, model->seen[from][lane]));
        break;
    case 9:
        *window = (uint32_t)rht_random_below(random, 40);
        kit_send_window(&kit, court, *window, rht_random_below(random, 400000));
        break;
    case 10:
        session()->redeliver_at_ms = session()->flight.count > 0 ? 1 : 0;
        kit.gateway->tick_at_ms = 0;
        break;
    default: {
        uint32_t retry_ms;
        hub_deliver_resync(kit.gateway, session(), lane, FROM + from,
                           rht_random_between(random, *acked + 1, *acked + 20), &retry_ms);
        break;
    }
    }
}

static void test_deliver_long_walk_loses_nothing_and_keeps_order(void **state)
{
    (void)state;
    static struct model model;
    struct rht_random random;
    uint32_t window = 20;
    memset(&model, 0, sizeof model);
    rht_random_init(&random);
    kit_connect(&kit, court, window, 200000);
    for (int step = 0; step < STEPS; step++) {
        random_step(&model, &random, &window);
        if (rht_random_once_in(&random, 3)) {
            kit_loop(&kit);
            receive_all(&model);
            /* A smaller window may come while more is in flight; it never grows then. */
            assert_true(session()->flight.count <= HUB_FLIGHT_MAX);
        }
        if (rht_random_once_in(&random, 300)) { /* the connection breaks */
            kit_loop(&kit);
            hub_session_end(kit.gateway, session(), 0);
            receive_all(&model); /* some of what was in it arrived all the same */
            kit_connect(&kit, court, window = 30, 300000);
            receive_all(&model);
        }
    }
    kit_send_window(&kit, court, 40, BYTES_ALL);
    for (int rounds = 0; rounds < 3000; rounds++) {
        bool more = false;
        kit_loop(&kit);
        receive_all(&model);
        for (uint32_t from = 0; from < SENDERS; from++)
            for (unsigned lane = 0; lane < LANES; lane++) {
                if (model.seen[from][lane] > model.acked[from][lane])
                    ack(FROM + from, (enum rh_lane)lane,
                        model.acked[from][lane] = model.seen[from][lane]);
                more = more || model.acked[from][lane] < model.queued[from][lane];
            }
        if (!more)
            break;
    }
    for (uint32_t from = 0; from < SENDERS; from++)
        for (unsigned lane = 0; lane < LANES; lane++)
            assert_int_equal(model.acked[from][lane], model.queued[from][lane]);
    settle();
    assert_int_equal(kit.gateway->counters.overtaken, 0);
    assert_int_equal(session()->flight.count, 0);
    assert_int_equal(session()->flight.bytes, 0);
}

/* In flight, against an array. */
static void test_deliver_flight_agrees_with_a_list(void **state)
{
    (void)state;
    static struct hub_flight flight;
    static struct {
        uint32_t from;
        uint64_t seq;
        uint32_t bytes;
    } list[HUB_FLIGHT_MAX];
    uint32_t count = 0;
    uint64_t last[4] = { 0 };
    struct rht_random random;
    rht_random_init(&random);
    hub_flight_clear(&flight);
    for (int step = 0; step < 20000; step++) {
        uint32_t from = (uint32_t)rht_random_below(&random, 4);
        if (rht_random_below(&random, 10) < 7 && count < HUB_FLIGHT_MAX) {
            last[from] += rht_random_between(&random, 1, 3);
            list[count].from = from;
            list[count].seq = last[from];
            list[count].bytes = (uint32_t)rht_random_below(&random, 1000);
            hub_flight_add(&flight, RH_LANE_GREEN, from, last[from], list[count].bytes);
            count++;
        } else if (rht_random_once_in(&random, 12)) {
            uint64_t at_least = last[from] - rht_random_below(&random, last[from] % 200 + 1);
            uint64_t bytes = 0;
            uint32_t kept = 0;
            uint64_t highest = 0;
            for (uint32_t i = 0; i < count; i++) {
                if (list[i].from == from && list[i].seq >= at_least) {
                    bytes += list[i].bytes;
                    continue;
                }
                if (list[i].from == from)
                    highest = list[i].seq;
                list[kept++] = list[i];
            }
            assert_int_equal(hub_flight_cut(&flight, RH_LANE_GREEN, from, at_least), bytes);
            assert_int_equal(hub_flight_last(&flight, RH_LANE_GREEN, from), highest);
            count = kept;
        }
        assert_int_equal(flight.count, count);
    }
}

#define DELIVER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DELIVER_TEST(test_deliver_urgent_and_green_overtake_ten_thousand),
        DELIVER_TEST(test_deliver_shares_bytes_between_senders),
        DELIVER_TEST(test_deliver_one_larger_than_the_window_goes_alone),
        DELIVER_TEST(test_deliver_fills_the_window_of_bytes_and_no_more),
        DELIVER_TEST(test_deliver_referral_in_order_across_senders_only),
        DELIVER_TEST(test_deliver_circle_of_a_retried_message_is_broken),
        DELIVER_TEST(test_deliver_redelivers_a_probe_after_silence),
        DELIVER_TEST(test_deliver_resync_is_bounded),
        DELIVER_TEST(test_deliver_unreadable_record_blocks_only_its_pair),
        DELIVER_TEST(test_deliver_nothing_while_a_rollback_is_held),
        DELIVER_TEST(test_deliver_leaves_the_ring_room_for_answers),
        DELIVER_TEST(test_deliver_long_walk_loses_nothing_and_keeps_order),
        cmocka_unit_test(test_deliver_flight_agrees_with_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
