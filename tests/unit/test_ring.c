/* The ring between engine and door: against a plain queue, between two threads, and against a
 * side that lies.
 *
 * If a lie passed, a captured door could make the engine read outside the ring, or read the
 * same memory twice with two contents: the one thing a process of its own is there to
 * prevent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/ring.h"
#include "support/rht.h"

enum { CAPACITY = HUB_RING_CAPACITY_MIN, WORD_HEAD = 0, WORD_TAIL = 64 / 8, QUEUE_MAX = 4096 };

/* Shared memory, and both sides of it. */
struct pair {
    uint8_t *memory;
    uint64_t *words; /* the shared words as a liar sees them */
    struct hub_ring producer, consumer;
};

static uint8_t payload[HUB_RING_PAYLOAD_MAX];
static uint8_t got[HUB_RING_PAYLOAD_MAX];

static void pair_init(struct pair *pair)
{
    void *memory = NULL;
    assert_int_equal(posix_memalign(&memory, 64, hub_ring_bytes(CAPACITY)), 0);
    memset(memory, 0, hub_ring_bytes(CAPACITY));
    pair->memory = memory;
    pair->words = memory;
    hub_ring_attach(&pair->producer, memory, CAPACITY);
    hub_ring_attach(&pair->consumer, memory, CAPACITY);
}

static void pair_fini(struct pair *pair)
{
    free(pair->memory);
}

/* Where the records begin. */
static uint8_t *data_of(struct pair *pair)
{
    return pair->memory + (hub_ring_bytes(CAPACITY) - CAPACITY);
}

static struct hub_ring_record make_record(uint32_t bytes, uint32_t type)
{
    struct hub_ring_record record = { .bytes = bytes, .type = type, .agency = type * 3 };
    memset(record.routing, (int)(type & 0xff), sizeof record.routing);
    return record;
}

/* Content that tells its record's number. */
static void fill(uint8_t *out, uint32_t bytes, uint32_t type)
{
    for (uint32_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(type * 31 + i * 7);
}

static void test_ring_gives_back_what_was_pushed(void **state)
{
    (void)state;
    struct pair pair;
    struct rht_random random;
    uint32_t sizes[QUEUE_MAX];
    uint32_t first = 0, next = 0;
    uint64_t full = 0, wrapped = 0;

    rht_random_init(&random);
    pair_init(&pair);
    for (int step = 0; step < 20000; step++) {
        bool push = rht_random_below(&random, 100) < (step / 2000 % 2 == 0 ? 70U : 30U);
        if (push && next - first < QUEUE_MAX) {
            uint32_t bytes = rht_random_once_in(&random, 50)
                                 ? HUB_RING_PAYLOAD_MAX - (uint32_t)rht_random_below(&random, 9)
                                 : (uint32_t)rht_random_below(&random, 3000);
            struct hub_ring_record record = make_record(bytes, next);
            fill(payload, bytes, next);
            enum rh_err err = hub_ring_push(&pair.producer, &record, payload);
            if (err == RH_ERR_FULL) {
                full++;
                assert_true(hub_ring_room(&pair.producer) < 32 + (uint64_t)bytes + 7);
            } else {
                assert_int_equal(err, RH_OK);
                sizes[next++ % QUEUE_MAX] = bytes;
            }
        } else if (!push) {
            struct hub_ring_record record;
            enum rh_err err = hub_ring_pop(&pair.consumer, &record, got);
            if (first == next) {
                assert_int_equal(err, RH_ERR_NOTFOUND);
                continue;
            }
            assert_int_equal(err, RH_OK);
            struct hub_ring_record wanted = make_record(sizes[first % QUEUE_MAX], first);
            assert_memory_equal(&record, &wanted, sizeof wanted);
            fill(payload, wanted.bytes, first);
            assert_memory_equal(got, payload, wanted.bytes);
            first++;
        }
        wrapped = pair.consumer.mine / CAPACITY;
    }
    assert_true(full > 0);
    assert_true(wrapped > 2);
    pair_fini(&pair);
}

enum { CROSS = 60000 };

static struct pair crossing;
static int wakes;

static void *produce(void *argument)
{
    (void)argument;
    static uint8_t mine[5000];
    for (uint32_t i = 0; i < CROSS; i++) {
        struct hub_ring_record record = make_record(i % 5000, i);
        fill(mine, record.bytes, i);
        while (hub_ring_push(&crossing.producer, &record, mine) == RH_ERR_FULL)
            sched_yield();
        if (hub_ring_wakes(&crossing.producer))
            __atomic_fetch_add(&wakes, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* A consumer that lies down must be woken for what comes afterwards: a lost wake-up would
 * leave messages lying until the next one. */
static void test_ring_between_threads_loses_nothing_and_no_wake_up(void **state)
{
    (void)state;
    pthread_t thread;
    int slept = 0;

    pair_init(&crossing);
    assert_int_equal(pthread_create(&thread, NULL, produce, NULL), 0);
    for (uint32_t i = 0; i < CROSS;) {
        struct hub_ring_record record;
        enum rh_err err = hub_ring_pop(&crossing.consumer, &record, got);
        if (err == RH_OK) {
            struct hub_ring_record wanted = make_record(i % 5000, i);
            assert_memory_equal(&record, &wanted, sizeof wanted);
            fill(payload, wanted.bytes, i);
            assert_memory_equal(got, payload, wanted.bytes);
            i++;
            continue;
        }
        assert_int_equal(err, RH_ERR_NOTFOUND);
        if (!hub_ring_sleep(&crossing.consumer))
            continue;
        slept++;
        uint64_t end_ms = rht_now_ms() + 20000;
        while (__atomic_load_n(&wakes, __ATOMIC_SEQ_CST) < slept) {
            assert_true(rht_now_ms() < end_ms);
            sched_yield();
        }
    }
    pthread_join(thread, NULL);
    assert_true(slept > 0);
    pair_fini(&crossing);
}

static void test_ring_wakes_only_who_asked(void **state)
{
    (void)state;
    struct pair pair;
    struct hub_ring_record record = make_record(8, 1);

    pair_init(&pair);
    assert_false(hub_ring_wakes(&pair.producer));
    assert_true(hub_ring_sleep(&pair.consumer));
    assert_int_equal(hub_ring_push(&pair.producer, &record, payload), RH_OK);
    assert_true(hub_ring_wakes(&pair.producer));
    assert_false(hub_ring_wakes(&pair.producer));
    assert_false(hub_ring_sleep(&pair.consumer)); /* something is there */
    assert_false(hub_ring_wakes(&pair.producer)); /* so nothing was asked */

    uint64_t room = hub_ring_room(&pair.producer);
    assert_false(hub_ring_starve(&pair.producer, room));
    assert_false(hub_ring_feeds(&pair.consumer));
    assert_true(hub_ring_starve(&pair.producer, room + 1));
    assert_true(hub_ring_feeds(&pair.consumer));
    pair_fini(&pair);
}

/* A tail that runs away, goes back or points into the middle of a record. */
static void test_ring_consumer_refuses_a_lying_tail(void **state)
{
    (void)state;
    static const uint64_t lies[] = { CAPACITY + 1, UINT64_MAX, 1,  8,
                                     31,           33,         39, UINT64_C(1) << 63 };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct pair pair;
        struct hub_ring_record record = make_record(3, 1);
        pair_init(&pair);
        assert_int_equal(hub_ring_push(&pair.producer, &record, payload), RH_OK);
        pair.words[WORD_TAIL] = lies[i];
        assert_int_equal(hub_ring_pop(&pair.consumer, &record, got), RH_ERR_CORRUPT);
        pair.words[WORD_TAIL] = 40; /* an honest one now comes too late */
        assert_int_equal(hub_ring_pop(&pair.consumer, &record, got), RH_ERR_CORRUPT);
        assert_false(hub_ring_sleep(&pair.consumer));
        pair_fini(&pair);
    }
}

static void test_ring_consumer_refuses_a_tail_that_goes_back(void **state)
{
    (void)state;
    struct pair pair;
    struct hub_ring_record record = make_record(0, 1);
    pair_init(&pair);
    for (int i = 0; i < 3; i++)
        assert_int_equal(hub_ring_push(&pair.producer, &record, payload), RH_OK);
    assert_int_equal(hub_ring_pop(&pair.consumer, &record, got), RH_OK);
    pair.words[WORD_TAIL] = 64;
    assert_int_equal(hub_ring_pop(&pair.consumer, &record, got), RH_ERR_CORRUPT);
    pair_fini(&pair);
}

/* A record that claims more than lies in the ring, or more than any buffer takes. */
static void test_ring_consumer_refuses_a_lying_length(void **state)
{
    (void)state;
    static const uint32_t lies[] = {
        9, 100, HUB_RING_PAYLOAD_MAX, HUB_RING_PAYLOAD_MAX + 1, INT32_MAX, UINT32_MAX
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct pair pair;
        struct hub_ring_record record = make_record(8, 1);
        pair_init(&pair);
        assert_int_equal(hub_ring_push(&pair.producer, &record, payload), RH_OK);
        memcpy(data_of(&pair), &lies[i], sizeof lies[i]);
        assert_int_equal(hub_ring_pop(&pair.consumer, &record, got), RH_ERR_CORRUPT);
        pair_fini(&pair);
    }
}

/* The engine is the producer of the other ring: a consumer's head must not make it write over
 * what was not read, nor count room that is not there. */
static void test_ring_producer_refuses_a_lying_head(void **state)
{
    (void)state;
    static const uint64_t lies[] = { 41, CAPACITY, UINT64_MAX, UINT64_C(1) << 63 };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct pair pair;
        struct hub_ring_record record = make_record(8, 1);
        pair_init(&pair);
        assert_int_equal(hub_ring_push(&pair.producer, &record, payload), RH_OK);
        pair.words[WORD_HEAD] = lies[i];
        assert_int_equal(hub_ring_push(&pair.producer, &record, payload), RH_ERR_CORRUPT);
        assert_int_equal(hub_ring_room(&pair.producer), 0);
        pair_fini(&pair);
    }
}

/* Random bytes anywhere in the shared memory: every answer is one of the three, and a
 * sanitizer would see a step outside. */
static void test_ring_survives_random_lies(void **state)
{
    (void)state;
    struct rht_random random;
    rht_random_init(&random);
    for (int round = 0; round < 300; round++) {
        struct pair pair;
        pair_init(&pair);
        for (int i = 0; i < 60; i++) {
            struct hub_ring_record record =
                make_record((uint32_t)rht_random_below(&random, 200), (uint32_t)i);
            (void)hub_ring_push(&pair.producer, &record, payload);
            if (rht_random_once_in(&random, 8)) {
                size_t span = rht_random_once_in(&random, 2) ? 256 : 4096;
                pair.memory[rht_random_below(&random, span)] = (uint8_t)rht_random_u64(&random);
            }
            enum rh_err err = hub_ring_pop(&pair.consumer, &record, got);
            assert_true(err == RH_OK || err == RH_ERR_NOTFOUND || err == RH_ERR_CORRUPT);
        }
        pair_fini(&pair);
    }
}

static void test_ring_capacity_is_a_bounded_power_of_two(void **state)
{
    (void)state;
    assert_int_equal(hub_ring_capacity(0), HUB_RING_CAPACITY_MIN);
    assert_int_equal(hub_ring_capacity(HUB_RING_CAPACITY_MIN + 1), 2 * HUB_RING_CAPACITY_MIN);
    assert_int_equal(hub_ring_capacity(16 << 20), 16 << 20);
    assert_int_equal(hub_ring_capacity(UINT64_MAX), 1 << 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_gives_back_what_was_pushed),
        cmocka_unit_test(test_ring_between_threads_loses_nothing_and_no_wake_up),
        cmocka_unit_test(test_ring_wakes_only_who_asked),
        cmocka_unit_test(test_ring_consumer_refuses_a_lying_tail),
        cmocka_unit_test(test_ring_consumer_refuses_a_tail_that_goes_back),
        cmocka_unit_test(test_ring_consumer_refuses_a_lying_length),
        cmocka_unit_test(test_ring_producer_refuses_a_lying_head),
        cmocka_unit_test(test_ring_survives_random_lies),
        cmocka_unit_test(test_ring_capacity_is_a_bounded_power_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
