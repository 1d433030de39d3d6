#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rh/local.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char dir[64];
static char path[96];

/* Answers a line with as many copies of it as its first digit says. */
static void echo(void *context, const struct rh_local_peer *peer, char *line, size_t bytes,
                 struct rh_local_reply *reply)
{
    unsigned *calls = context;
    (*calls)++;
    assert_int_equal(peer->uid, getuid());
    for (int i = 0; i < line[0] - '0'; i++) {
        if (rh_local_write(reply, line, bytes) != RH_OK)
            return;
    }
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/rht-local-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

/* If this failed, no operator could ask anything. */
static void test_local_answers_each_line(void **state)
{
    (void)state;
    unsigned calls = 0;
    struct rh_local_server *server = NULL;
    assert_int_equal(rh_local_server_open(path, echo, &calls, &server), RH_OK);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(rh_local_server_thread(server), RH_OK);

    struct rh_local_client *client = NULL;
    assert_int_equal(rh_local_client_open(path, 2000, &client), RH_OK);
    for (int round = 0; round < 100; round++) {
        assert_int_equal(rh_local_client_send(client, "2 hello", 7), RH_OK);
        for (int i = 0; i < 2; i++) {
            char *line;
            size_t bytes;
            assert_int_equal(rh_local_client_receive(client, 2000, &line, &bytes), RH_OK);
            assert_int_equal(bytes, 7);
            assert_string_equal(line, "2 hello");
        }
    }
    rh_local_client_close(&client);
    rh_local_server_close(&server);
    assert_int_equal(calls, 100);
    assert_int_not_equal(stat(path, &about), 0);
}

/* A line above the bound must cut the asker off, not grow the server. */
static void test_local_refuses_endless_line(void **state)
{
    (void)state;
    unsigned calls = 0;
    struct rh_local_server *server = NULL;
    assert_int_equal(rh_local_server_open(path, echo, &calls, &server), RH_OK);
    assert_int_equal(rh_local_server_thread(server), RH_OK);
    struct rh_local_client *client = NULL;
    assert_int_equal(rh_local_client_open(path, 2000, &client), RH_OK);
    size_t bytes = RH_LOCAL_LINE_BYTES_MAX * 3u;
    char *endless = malloc(bytes);
    assert_non_null(endless);
    memset(endless, 'x', bytes);
    enum rh_err err = rh_local_client_send(client, endless, bytes);
    char *line;
    if (err == RH_OK)
        err = rh_local_client_receive(client, 2000, &line, &bytes);
    assert_int_equal(err, RH_ERR_CLOSED);
    assert_int_equal(calls, 0);
    free(endless);
    rh_local_client_close(&client);
    rh_local_server_close(&server);
}

static void test_local_second_server_is_refused_and_stale_file_replaced(void **state)
{
    (void)state;
    unsigned calls = 0;
    struct rh_local_server *first = NULL, *second = NULL;
    assert_int_equal(rh_local_server_open(path, echo, &calls, &first), RH_OK);
    assert_int_equal(rh_local_server_open(path, echo, &calls, &second), RH_ERR_EXISTS);
    assert_int_equal(access(path, F_OK), 0);
    /* A crash leaves the file behind: imitate it with a second name for the same socket. */
    char left_over[112];
    snprintf(left_over, sizeof left_over, "%s.old", path);
    assert_int_equal(link(path, left_over), 0);
    rh_local_server_close(&first);
    assert_int_equal(rename(left_over, path), 0);
    assert_int_equal(rh_local_server_open(path, echo, &calls, &second), RH_OK);
    rh_local_server_close(&second);
}

static void test_local_nobody_there(void **state)
{
    (void)state;
    struct rh_local_client *client = NULL;
    assert_int_equal(rh_local_client_open(path, 100, &client), RH_ERR_NOTFOUND);
    assert_null(client);
}

/* ---- answers that come later ------------------------------------------------------------ */

static struct rh_local_reply *waiting[RH_LOCAL_CONNECTIONS_MAX];
static unsigned waiting_count;
static enum rh_err refused;

/* "later" waits, everything else is answered at once. */
static void sometime(void *context, const struct rh_local_peer *peer, char *line, size_t bytes,
                     struct rh_local_reply *reply)
{
    (void)context;
    (void)peer;
    if (strcmp(line, "later") != 0) {
        rh_local_write(reply, line, bytes);
        return;
    }
    refused = rh_local_later(reply);
    if (refused == RH_OK)
        waiting[waiting_count++] = reply;
    else
        rh_local_write(reply, "full", 4);
}

static struct rh_local_server *turned(const struct rh_local_manners *manners)
{
    struct rh_local_server *server = NULL;
    waiting_count = 0;
    assert_int_equal(rh_local_server_open(path, sometime, NULL, &server), RH_OK);
    if (manners != NULL)
        rh_local_server_manners(server, manners);
    return server;
}

static struct rh_local_client *asking(const char *line)
{
    struct rh_local_client *client = NULL;
    assert_int_equal(rh_local_client_open(path, 2000, &client), RH_OK);
    if (line != NULL)
        assert_int_equal(rh_local_client_send(client, line, strlen(line)), RH_OK);
    return client;
}

static void turn(struct rh_local_server *server)
{
    for (int i = 0; i < 20; i++)
        rh_local_server_turn(server);
}

/* Only for what depends on time itself. */
static void pass_ms(long ms)
{
    struct timespec pause = { .tv_nsec = ms * 1000000 };
    nanosleep(&pause, NULL);
}

static void expect_line(struct rh_local_client *client, const char *text)
{
    char *line;
    size_t bytes;
    assert_int_equal(rh_local_client_receive(client, 2000, &line, &bytes), RH_OK);
    assert_string_equal(line, text);
}

static void expect_nothing(struct rh_local_client *client, enum rh_err how)
{
    char *line;
    size_t bytes;
    assert_int_equal(rh_local_client_receive(client, 20, &line, &bytes), how);
}

/* If this failed, one clerk who waits for the hub would keep all others from their lists. */
static void test_local_an_answer_that_comes_later_keeps_nobody_waiting(void **state)
{
    (void)state;
    struct rh_local_server *server = turned(NULL);
    struct rh_local_client *patient = asking("later"), *other = asking("now");
    turn(server);
    expect_line(other, "now");
    expect_nothing(patient, RH_ERR_TIMEOUT);

    /* What he asks behind it is looked at when it is over, not before. */
    assert_int_equal(rh_local_client_send(patient, "next", 4), RH_OK);
    turn(server);
    expect_nothing(patient, RH_ERR_TIMEOUT);
    assert_int_equal(waiting_count, 1);
    assert_int_equal(rh_local_write(waiting[0], "half", 4), RH_OK);
    expect_line(patient, "half");
    assert_false(rh_local_gone(waiting[0]));
    assert_int_equal(rh_local_write(waiting[0], "done", 4), RH_OK);
    rh_local_finish(&waiting[0]);
    assert_null(waiting[0]);
    turn(server);
    expect_line(patient, "done");
    expect_line(patient, "next");
    rh_local_client_close(&patient);
    rh_local_client_close(&other);
    rh_local_server_close(&server);
}

/* If this failed, an import would go on for somebody who has hung up, or write into the answer
 * of whoever got his place. */
static void test_local_who_hangs_up_is_told_to_what_goes_on_for_him(void **state)
{
    (void)state;
    struct rh_local_server *server = turned(NULL);
    struct rh_local_client *client = asking("later");
    turn(server);
    assert_int_equal(waiting_count, 1);
    rh_local_client_close(&client);
    assert_false(rh_local_gone(waiting[0]));
    turn(server);
    assert_true(rh_local_gone(waiting[0]));
    client = asking("now");
    turn(server);
    assert_int_equal(rh_local_write(waiting[0], "lost", 4), RH_ERR_CLOSED);
    rh_local_finish(&waiting[0]);
    turn(server);
    expect_line(client, "now");
    rh_local_client_close(&client);
    rh_local_server_close(&server);
}

static void test_local_answers_under_way_are_bounded(void **state)
{
    (void)state;
    struct rh_local_server *server = turned(NULL);
    struct rh_local_client *clients[RH_LOCAL_LATER_MAX + 1];
    for (int i = 0; i <= RH_LOCAL_LATER_MAX; i++) {
        clients[i] = asking("later");
        turn(server);
    }
    assert_int_equal(waiting_count, RH_LOCAL_LATER_MAX);
    assert_int_equal(refused, RH_ERR_FULL);
    expect_line(clients[RH_LOCAL_LATER_MAX], "full");
    for (unsigned i = 0; i < waiting_count; i++)
        rh_local_finish(&waiting[i]);
    turn(server);
    assert_int_equal(rh_local_client_send(clients[RH_LOCAL_LATER_MAX], "later", 5), RH_OK);
    turn(server);
    assert_int_equal(waiting_count, RH_LOCAL_LATER_MAX + 1);
    rh_local_finish(&waiting[RH_LOCAL_LATER_MAX]);
    for (int i = 0; i <= RH_LOCAL_LATER_MAX; i++)
        rh_local_client_close(&clients[i]);
    rh_local_server_close(&server);
}

/* ---- places ----------------------------------------------------------------------------- */

/* If this failed, 64 connections that say nothing would lock operators out of their hub. */
static void test_local_silent_connections_make_room(void **state)
{
    (void)state;
    struct rh_local_manners manners = { .busy_line = "busy", .spare_ms = 1 };
    struct rh_local_server *server = turned(&manners);
    struct rh_local_client *silent[RH_LOCAL_CONNECTIONS_MAX];
    for (int i = 0; i < RH_LOCAL_CONNECTIONS_MAX; i++) {
        silent[i] = asking(NULL);
        turn(server);
    }
    pass_ms(5);
    struct rh_local_client *client = asking("now");
    turn(server);
    expect_line(client, "now");
    expect_nothing(silent[0], RH_ERR_CLOSED);  /* the oldest went */
    expect_nothing(silent[1], RH_ERR_TIMEOUT); /* and no other */
    rh_local_client_close(&client);
    for (int i = 0; i < RH_LOCAL_CONNECTIONS_MAX; i++)
        rh_local_client_close(&silent[i]);
    rh_local_server_close(&server);
}

/* If this failed, an asker who comes when all places are really taken could not tell that from
 * a hub that is not there. */
static void test_local_says_busy_when_nobody_can_leave(void **state)
{
    (void)state;
    struct rh_local_manners manners = { .busy_line = "busy", .spare_ms = 3600000 };
    struct rh_local_server *server = turned(&manners);
    struct rh_local_client *others[RH_LOCAL_CONNECTIONS_MAX];
    for (int i = 0; i < RH_LOCAL_CONNECTIONS_MAX; i++) {
        others[i] = asking(i < RH_LOCAL_LATER_MAX ? "later" : NULL);
        turn(server);
    }
    struct rh_local_client *client = asking("now");
    turn(server);
    expect_line(client, "busy");
    expect_nothing(client, RH_ERR_CLOSED);
    rh_local_client_close(&client);
    /* He comes first and asks late: the same. */
    client = asking(NULL);
    turn(server);
    assert_int_equal(rh_local_client_send(client, "now", 3), RH_OK);
    expect_line(client, "busy");
    rh_local_client_close(&client);
    for (unsigned i = 0; i < waiting_count; i++)
        rh_local_finish(&waiting[i]);
    for (int i = 0; i < RH_LOCAL_CONNECTIONS_MAX; i++)
        rh_local_client_close(&others[i]);
    rh_local_server_close(&server);
}

static void test_local_silence_ends_a_connection(void **state)
{
    (void)state;
    struct rh_local_manners manners = { .idle_ms = 20 };
    struct rh_local_server *server = turned(&manners);
    struct rh_local_client *silent = asking(NULL), *patient = asking("later");
    turn(server);
    pass_ms(40);
    turn(server);
    expect_nothing(silent, RH_ERR_CLOSED);
    expect_nothing(patient, RH_ERR_TIMEOUT); /* it is not he who keeps silent */
    rh_local_finish(&waiting[0]);
    rh_local_client_close(&silent);
    rh_local_client_close(&patient);
    rh_local_server_close(&server);
}

/* A list of a megabyte to somebody who reads slowly must not stop the server's thread. */
static void test_local_keeps_an_answer_for_a_slow_reader(void **state)
{
    (void)state;
    struct rh_local_server *server = turned(NULL);
    struct rh_local_client *slow = asking("later"), *other = NULL;
    turn(server);
    char *large = malloc(700000);
    assert_non_null(large);
    memset(large, 'x', 700000);
    assert_int_equal(rh_local_write(waiting[0], large, 700000), RH_OK);
    rh_local_finish(&waiting[0]);
    other = asking("now");
    turn(server);
    expect_line(other, "now");
    char *line;
    size_t bytes = 0;
    enum rh_err err = RH_ERR_TIMEOUT;
    for (int i = 0; i < 1000 && err == RH_ERR_TIMEOUT; i++) {
        rh_local_server_turn(server);
        err = rh_local_client_receive(slow, 1, &line, &bytes);
    }
    assert_int_equal(err, RH_OK);
    assert_int_equal(bytes, 700000);
    free(large);
    rh_local_client_close(&slow);
    rh_local_client_close(&other);
    rh_local_server_close(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local_answers_each_line),
        cmocka_unit_test(test_local_refuses_endless_line),
        cmocka_unit_test(test_local_second_server_is_refused_and_stale_file_replaced),
        cmocka_unit_test(test_local_nobody_there),
        cmocka_unit_test(test_local_an_answer_that_comes_later_keeps_nobody_waiting),
        cmocka_unit_test(test_local_who_hangs_up_is_told_to_what_goes_on_for_him),
        cmocka_unit_test(test_local_answers_under_way_are_bounded),
        cmocka_unit_test(test_local_silent_connections_make_room),
        cmocka_unit_test(test_local_says_busy_when_nobody_can_leave),
        cmocka_unit_test(test_local_silence_ends_a_connection),
        cmocka_unit_test(test_local_keeps_an_answer_for_a_slow_reader),
    };
    return cmocka_run_group_tests_name("local", tests, set_up, tear_down);
}
