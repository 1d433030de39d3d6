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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local_answers_each_line),
        cmocka_unit_test(test_local_refuses_endless_line),
        cmocka_unit_test(test_local_second_server_is_refused_and_stale_file_replaced),
        cmocka_unit_test(test_local_nobody_there),
    };
    return cmocka_run_group_tests_name("local", tests, set_up, tear_down);
}
