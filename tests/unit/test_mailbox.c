/* hub/operator/mailbox.c: no operator reads "done" before the change is durable, and nobody
 * waits for ever. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdatomic.h>

#include "operator/mailbox.h"
#include "support/rht.h"

static struct hub_mailbox mailbox;

/* One operator's thread and what became of his mail. */
struct asker {
    struct hub_mail mail;
    uint32_t wait_ms;
    atomic_uint ran;
    atomic_bool back;
    enum rh_err err;
    pthread_t thread;
};

static enum rh_err count(void *context, struct hub_engine *engine, struct hub_gateway *gateway)
{
    struct asker *asker = context;
    (void)engine;
    (void)gateway;
    atomic_fetch_add(&asker->ran, 1);
    return RH_OK;
}

static enum rh_err break_down(void *context, struct hub_engine *engine,
                              struct hub_gateway *gateway)
{
    (void)count(context, engine, gateway);
    return RH_ERR_IO;
}

static void *ask(void *context)
{
    struct asker *asker = context;
    asker->err = hub_mailbox_ask(&mailbox, &asker->mail, asker->wait_ms);
    atomic_store(&asker->back, true);
    return NULL;
}

static void start(struct asker *asker, hub_mail_fn *run, bool durable, uint32_t wait_ms)
{
    *asker = (struct asker){ .mail = { .run = run, .context = asker, .durable = durable },
                             .wait_ms = wait_ms };
    assert_int_equal(pthread_create(&asker->thread, NULL, ask, asker), 0);
}

static enum rh_err finish(struct asker *asker)
{
    pthread_join(asker->thread, NULL);
    return asker->err;
}

static bool is_back(void *context)
{
    return atomic_load(&((struct asker *)context)->back);
}

/* Turn until the asker's mail ran. */
static void turn_until_it_ran(struct asker *asker)
{
    uint64_t end = rht_now_ms() + 5000;
    while (atomic_load(&asker->ran) == 0 && rht_now_ms() < end)
        (void)hub_mailbox_turn(&mailbox, NULL, NULL);
    assert_int_equal(atomic_load(&asker->ran), 1);
}

static int set_up(void **state)
{
    (void)state;
    return hub_mailbox_init(&mailbox) == RH_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    hub_mailbox_fini(&mailbox);
    return 0;
}

/* "Done" said before the sync would be a promise nobody can keep. */
static void test_mailbox_answers_a_change_only_when_released(void **state)
{
    (void)state;
    struct asker asker;
    start(&asker, count, true, 10000);
    turn_until_it_ran(&asker);
    assert_false(rht_wait_until(is_back, &asker, 100));
    assert_int_equal(hub_mailbox_turn(&mailbox, NULL, NULL), RH_OK);
    assert_false(is_back(&asker));
    hub_mailbox_release(&mailbox);
    assert_int_equal(finish(&asker), RH_OK);
    assert_int_equal(atomic_load(&asker.ran), 1);
}

static void test_mailbox_answers_a_look_at_once(void **state)
{
    (void)state;
    struct asker asker;
    start(&asker, count, false, 10000);
    turn_until_it_ran(&asker);
    assert_int_equal(finish(&asker), RH_OK);
}

/* "Timed out" must mean that nothing happened, then or later. */
static void test_mailbox_forgets_what_timed_out(void **state)
{
    (void)state;
    struct asker asker;
    start(&asker, count, true, 20);
    assert_int_equal(finish(&asker), RH_ERR_TIMEOUT);
    assert_int_equal(hub_mailbox_turn(&mailbox, NULL, NULL), RH_OK);
    assert_int_equal(atomic_load(&asker.ran), 0);
}

/* What ran is waited for longer than the asker's patience, because it may be stored. */
static void test_mailbox_waits_for_what_ran(void **state)
{
    (void)state;
    struct asker asker;
    start(&asker, count, true, 300);
    turn_until_it_ran(&asker);
    assert_false(rht_wait_until(is_back, &asker, 600));
    hub_mailbox_release(&mailbox);
    assert_int_equal(finish(&asker), RH_OK);
}

/* A stopping hub sends everybody home: those who wait, those whose mail ran, those who come. */
static void test_mailbox_sends_everybody_home(void **state)
{
    (void)state;
    struct asker ran, waits, late;
    start(&ran, count, true, 10000);
    turn_until_it_ran(&ran);
    start(&waits, count, true, 10000);
    hub_mailbox_close(&mailbox);
    assert_int_equal(finish(&ran), RH_ERR_CLOSED);
    assert_int_equal(finish(&waits), RH_ERR_CLOSED);
    start(&late, count, false, 10000);
    assert_int_equal(finish(&late), RH_ERR_CLOSED);
    assert_int_equal(atomic_load(&late.ran), 0);
}

/* After an error that ends the engine nothing more may touch it. */
static void test_mailbox_stops_at_a_final_error(void **state)
{
    (void)state;
    enum { ASKERS = 4 };
    struct asker askers[ASKERS];
    struct hub_mail *list = NULL;
    for (int i = 0; i < ASKERS; i++)
        start(&askers[i], break_down, true, 10000);
    uint64_t end = rht_now_ms() + 5000;
    for (int posted = 0; posted < ASKERS && rht_now_ms() < end;) {
        posted = 0;
        pthread_mutex_lock(&mailbox.lock);
        for (list = mailbox.posted; list != NULL; list = list->next)
            posted++;
        pthread_mutex_unlock(&mailbox.lock);
    }
    assert_int_equal(hub_mailbox_turn(&mailbox, NULL, NULL), RH_ERR_IO);
    unsigned ran = 0, closed = 0;
    for (int i = 0; i < ASKERS; i++) {
        closed += finish(&askers[i]) == RH_ERR_CLOSED ? 1 : 0;
        ran += atomic_load(&askers[i].ran);
    }
    assert_int_equal(ran, 1);
    assert_int_equal(closed, ASKERS - 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_mailbox_answers_a_change_only_when_released),
        TEST(test_mailbox_answers_a_look_at_once),
        TEST(test_mailbox_forgets_what_timed_out),
        TEST(test_mailbox_waits_for_what_ran),
        TEST(test_mailbox_sends_everybody_home),
        TEST(test_mailbox_stops_at_a_final_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
