/* rhub-agent as a process of its own: killed at any instant, asked over its socket, stopped in
 * good order. The hub is in this process; the case systems are this test. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rh/local.h>

#include "agent_kit.h"
#include "support/rht.h"

enum { WAIT_MS = 60000, SEEN_MAX = 4000, NAME_BYTES = 256 };

static struct rht_random randomness;
static struct rht_hub *hub;
static struct kit_agency sender, receiver;
static pid_t processes[2];

static bool leader_named;

static uint32_t look_at_leader(void *context, const struct rh_agency_id *from,
                               const struct rh_public *item)
{
    (void)context;
    (void)from;
    leader_named = leader_named || (item->kind == RH_KIND_ACCEPT && item->leader_named);
    return 0;
}

static pid_t start(const struct kit_agency *agency)
{
    char keys[300], state[300], card[300], log[300];
    snprintf(keys, sizeof keys, "%s/keys", agency->dir);
    snprintf(state, sizeof state, "%s/state", agency->dir);
    snprintf(log, sizeof log, "%s/log", agency->dir);
    snprintf(card, sizeof card, "%s/hub.card", kit_cards_dir());
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0)
        return child;
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDERR_FILENO);
    execl(RHT_AGENT, "rhub-agent", "run", "--agency", agency->id.text, "--keys", keys,
          "--hub-card", card, "--agencies", kit_cards_dir(), "--state", state, "--exchange",
          agency->exchange, "--settle-ms", "40", "--retry-ms", "100", (char *)NULL);
    _exit(127);
}

static void kill_and_reap(pid_t *process)
{
    int status;
    if (*process == 0)
        return;
    kill(*process, SIGKILL);
    assert_int_equal(waitpid(*process, &status, 0), *process);
    assert_true(WIFSIGNALED(status));
    *process = 0;
}

static int set_up(void **state)
{
    (void)state;
    hub = rht_hub_open("test.620423");
    kit_agency_init(&sender, "petitions.620423");
    kit_agency_init(&receiver, "court.620423");
    rht_hub_enrol(hub, &sender.card);
    rht_hub_enrol(hub, &receiver.card);
    kit_save_hub_card(hub);
    assert_int_equal(folder_prepare(sender.exchange), RH_OK);
    assert_int_equal(folder_prepare(receiver.exchange), RH_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        if (processes[i] != 0) {
            kill(processes[i], SIGKILL);
            waitpid(processes[i], NULL, 0);
            processes[i] = 0;
        }
    }
    rht_hub_close(&hub);
    return 0;
}

/* ---- the receiving case system ---------------------------------------------------------- */

static char (*taken)[NAME_BYTES];
static unsigned taken_count;

static bool was_taken(const char *name)
{
    for (unsigned i = 0; i < taken_count; i++)
        if (strcmp(taken[i], name) == 0)
            return true;
    return false;
}

/* Take every file away the moment it is seen. One that comes a second time ends the test: the
 * matter would be opened twice. */
static void take_away(void)
{
    DIR *dir = opendir(kit_path(&receiver, "in", ""));
    const struct dirent *entry;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (was_taken(entry->d_name))
            fail_msg("%s came twice", entry->d_name);
        json_t *json = kit_json(&receiver, "in", entry->d_name); /* whole, whenever seen */
        assert_string_equal(json_string_value(json_object_get(json, "kind")), "forward");
        json_decref(json);
        assert_true(taken_count < SEEN_MAX);
        snprintf(taken[taken_count++], NAME_BYTES, "%s", entry->d_name);
        assert_int_equal(rename(kit_path(&receiver, "in", entry->d_name),
                                kit_path(&receiver, "done", entry->d_name)),
                         0);
    }
    closedir(dir);
}

static void drop_some(unsigned *dropped, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[32], text[400];
        snprintf(name, sizeof name, "m%05u.json", (*dropped)++);
        snprintf(text, sizeof text,
                 "{\"kind\":\"forward\",\"to\":\"court.620423\",\"procedure\":\"xinfang\","
                 "\"category\":\"labour\",\"keys\":{\"case\":\"%s\"},"
                 "\"body\":{\"text\":\"%0*u\"}}",
                 name, (int)rht_random_between(&randomness, 1, 200), *dropped);
        kit_drop(&sender, name, text);
    }
}

static void turn_for(uint64_t ms)
{
    uint64_t until = rht_now_ms() + ms;
    do {
        rht_hub_turn(hub, 1);
        take_away();
    } while (rht_now_ms() < until);
}

/* ---- kill -9 ---------------------------------------------------------------------------- */

/* The promise of the folder: every file is answered, every message arrives, none twice. */
static void test_agent_survives_kill_anywhere(void **state)
{
    (void)state;
    unsigned rounds = getenv("RHUB_TEST_LONG") != NULL ? 400 : 30, dropped = 0;
    taken = calloc(SEEN_MAX, NAME_BYTES);
    taken_count = 0;
    for (unsigned round = 0; round < rounds; round++) {
        if (processes[0] == 0)
            processes[0] = start(&sender);
        if (processes[1] == 0)
            processes[1] = start(&receiver);
        if (dropped < 2000)
            drop_some(&dropped, (unsigned)rht_random_between(&randomness, 1, 8));
        turn_for(rht_random_below(&randomness, 150));
        if (rht_random_once_in(&randomness, 8))
            rht_hub_restart(hub);
        if (!rht_random_once_in(&randomness, 6))
            kill_and_reap(&processes[rht_random_below(&randomness, 2)]);
    }
    for (int i = 0; i < 2; i++)
        if (processes[i] == 0)
            processes[i] = start(i == 0 ? &sender : &receiver);
    /* A file leaves out/ only when its receipt is on the disk: a moment later. */
    uint64_t until = rht_now_ms() + WAIT_MS;
    while ((taken_count < dropped || kit_count(&sender, "sent", NULL) < 2 * dropped ||
            kit_count(&sender, "out", NULL) > 0) &&
           rht_now_ms() < until)
        turn_for(20);
    assert_int_equal(taken_count, dropped);
    assert_int_equal(kit_count(&sender, "sent", NULL), 2 * dropped);
    assert_int_equal(kit_count(&sender, "failed", NULL), 0);
    assert_int_equal(kit_count(&sender, "out", NULL), 0);
    assert_int_equal(rht_hub_counts(hub)->conflicts, 0);
    /* One registration and one dispatch for each file, in dense numbers. */
    assert_int_equal(rht_hub_next_n(hub, sender.id.text), 2 * (uint64_t)dropped + 1);
    free(taken);
}

/* ---- the socket ------------------------------------------------------------------------- */

/* The hub needs turning while the agent answers: ask from a child, serve here. Returns the
 * last line; rows go to *rows (caller's). */
static json_t *ask(const struct kit_agency *agency, const char *request, json_t **rows)
{
    int fds[2];
    char path[400], buffer[1 << 16];
    size_t used = 0;
    snprintf(path, sizeof path, "%s/state/agent.sock", agency->dir);
    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct rh_local_client *client;
        char *line;
        size_t bytes;
        close(fds[0]);
        if (rh_local_client_open(path, 5000, &client) != RH_OK ||
            rh_local_client_send(client, request, strlen(request)) != RH_OK)
            _exit(1);
        do {
            if (rh_local_client_receive(client, 30000, &line, &bytes) != RH_OK)
                _exit(2);
            if (write(fds[1], line, bytes) < 0 || write(fds[1], "\n", 1) < 0)
                _exit(3);
        } while (strncmp(line, "{\"end\"", 6) != 0 && strncmp(line, "{\"error\"", 8) != 0);
        _exit(0);
    }
    close(fds[1]);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    for (;;) {
        ssize_t got = read(fds[0], buffer + used, sizeof buffer - 1 - used);
        if (got == 0)
            break;
        if (got > 0)
            used += (size_t)got;
        rht_hub_turn(hub, 2);
    }
    close(fds[0]);
    buffer[used] = '\0';
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    json_t *list = json_array(), *last = NULL;
    for (char *line = strtok(buffer, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        json_decref(last);
        last = json_loads(line, 0, NULL);
        assert_non_null(last);
        json_t *row = json_object_get(last, "row");
        if (row != NULL)
            json_array_append(list, row);
    }
    if (rows != NULL)
        *rows = list;
    else
        json_decref(list);
    return last;
}

static const char *text_at(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : "";
}

static json_t *ask_row(const struct kit_agency *agency, const char *request)
{
    json_t *rows;
    json_t *last = ask(agency, request, &rows);
    assert_int_equal(json_array_size(rows), 1);
    json_t *row = json_incref(json_array_get(rows, 0));
    assert_non_null(json_object_get(last, "end"));
    json_decref(last);
    json_decref(rows);
    return row;
}

static void expect_error(const struct kit_agency *agency, const char *request, const char *code,
                         const char *pointer)
{
    json_t *last = ask(agency, request, NULL);
    const json_t *error = json_object_get(last, "error");
    assert_non_null(error);
    assert_string_equal(text_at(error, "code"), code);
    assert_string_equal(text_at(error, "pointer"), pointer);
    json_decref(last);
}

static void start_both(void)
{
    processes[0] = start(&sender);
    processes[1] = start(&receiver);
    uint64_t until = rht_now_ms() + WAIT_MS;
    while (rht_hub_counts(hub)->hellos < 2 && rht_now_ms() < until)
        rht_hub_turn(hub, 5);
}

#define SEND(rest) "{\"v\":1,\"verb\":\"send\",\"args\":{\"message\":{\"kind\":\"forward\"," \
    "\"to\":\"court.620423\",\"procedure\":\"xinfang\",\"category\":\"labour\"" rest "}}}"

static void await_online(uint64_t until)
{
    json_t *row = ask_row(&sender, "{\"v\":1,\"verb\":\"status\"}");
    while (!json_is_true(json_object_get(row, "online")) && rht_now_ms() < until) {
        json_decref(row);
        row = ask_row(&sender, "{\"v\":1,\"verb\":\"status\"}");
    }
    assert_true(json_is_true(json_object_get(row, "online")));
    assert_string_equal(text_at(row, "object"), "agent");
    assert_string_equal(text_at(row, "hub"), "test.620423");
    json_decref(row);
}

static void test_agent_answers_over_its_socket(void **state)
{
    (void)state;
    start_both();
    uint64_t until = rht_now_ms() + WAIT_MS;
    await_online(until);
    json_t *row = ask_row(&sender, SEND(",\"keys\":{\"case\":\"A-1\"}"));
    assert_string_equal(text_at(row, "result"), "stored");
    char id[64], request[300];
    snprintf(id, sizeof id, "%s", text_at(row, "id"));
    json_decref(row);
    snprintf(request, sizeof request, "{\"v\":1,\"verb\":\"receipt\",\"args\":{\"id\":\"%s\"}}",
             id);
    row = ask_row(&sender, request);
    assert_true(json_array_size(json_object_get(row, "proof")) > 0);
    json_decref(row);

    while (kit_count(&receiver, "in", NULL) == 0 && rht_now_ms() < until)
        rht_hub_turn(hub, 5);
    row = ask_row(&receiver, "{\"v\":1,\"verb\":\"inbox\",\"args\":{\"state\":\"placed\"}}");
    assert_string_equal(text_at(row, "kind"), "forward");
    assert_string_equal(text_at(row, "id"), id);
    json_decref(row);
    /* It is owed, though no end has been heard of. */
    row = ask_row(&receiver, "{\"v\":1,\"verb\":\"due\",\"args\":{\"state\":\"mine\"}}");
    assert_string_equal(text_at(row, "referral"), "R-26K4-0001");
    assert_string_equal(text_at(row, "procedure"), "xinfang"); /* by which rule it came */
    assert_true(json_is_true(json_object_get(row, "mine")));
    assert_null(json_object_get(row, "overdue_s"));
    json_decref(row);
    row = ask_row(&receiver, "{\"v\":1,\"verb\":\"act\",\"args\":{\"kind\":\"sign\","
                             "\"id\":\"R-26K4-0001\",\"note\":\"收到\"}}");
    assert_string_equal(text_at(row, "result"), "stored");
    json_decref(row);
    row = ask_row(&receiver, "{\"v\":1,\"verb\":\"show\",\"args\":{\"id\":\"case=A-1\"}}");
    assert_string_equal(text_at(row, "state"), "signed");
    assert_int_equal(json_array_size(json_object_get(row, "messages")), 2);
    json_decref(row);
    /* A leader is named: the hub hears that one is, not who. */
    rht_hub_knobs(hub)->decide = look_at_leader;
    row = ask_row(&receiver, "{\"v\":1,\"verb\":\"act\",\"args\":{\"kind\":\"accept\","
                             "\"id\":\"R-26K4-0001\",\"leader\":\"李四\"}}");
    assert_string_equal(text_at(row, "result"), "stored");
    json_decref(row);
    rht_hub_knobs(hub)->decide = NULL;
    assert_true(leader_named);
    snprintf(request, sizeof request, "{\"v\":1,\"verb\":\"taken\",\"args\":{\"id\":\"%s\"}}",
             id);
    json_decref(ask_row(&receiver, request));
    row = ask_row(&receiver, "{\"v\":1,\"verb\":\"status\"}");
    assert_int_equal(json_integer_value(json_object_get(row, "inbox")), 0);
    json_decref(row);
    json_t *rows;
    json_decref(ask(&sender, "{\"v\":1,\"verb\":\"outbox\",\"args\":{\"limit\":1}}", &rows));
    assert_string_equal(text_at(json_array_get(rows, 0), "kind"), "register");
    json_decref(rows);
}

static void test_agent_refuses_wrong_requests(void **state)
{
    (void)state;
    start_both();
    expect_error(&sender, "{\"v\":1,\"verb\":\"dance\"}", "RH-4112", "/verb");
    expect_error(&sender, "{\"v\":2,\"verb\":\"status\"}", "RH-4112", "/v");
    expect_error(&sender, "nonsense", "RH-4101", "");
    expect_error(&sender, "{\"v\":1,\"verb\":\"status\",\"args\":{\"x\":1}}", "RH-4112",
                 "/args/x");
    expect_error(&sender, "{\"v\":1,\"verb\":\"send\"}", "RH-4111", "/args/message");
    expect_error(&sender, SEND(",\"colour\":1"), "RH-4112", "/colour");
    expect_error(&sender,
                 "{\"v\":1,\"verb\":\"act\",\"args\":{\"kind\":\"sign\",\"id\":\"R-0\"}}",
                 "RH-4303", "/referral");
    expect_error(&sender,
                 "{\"v\":1,\"verb\":\"act\",\"args\":{\"kind\":\"ack\",\"id\":\"R-0\"}}",
                 "RH-4110", "/kind");
    expect_error(&sender, "{\"v\":1,\"verb\":\"receipt\",\"args\":{\"id\":99}}", "RH-4303",
                 "/args/id");
    expect_error(&sender, "{\"v\":1,\"verb\":\"inbox\",\"args\":{\"state\":\"lost\"}}",
                 "RH-4112", "/args/state");
}

static void test_agent_stops_in_good_order(void **state)
{
    (void)state;
    int status = 0;
    start_both();
    kill(processes[0], SIGTERM);
    uint64_t until = rht_now_ms() + 10000;
    while (waitpid(processes[0], &status, WNOHANG) == 0 && rht_now_ms() < until)
        rht_hub_turn(hub, 2);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    processes[0] = 0;
    json_decref(ask_row(&receiver, "{\"v\":1,\"verb\":\"stop\"}"));
    while (waitpid(processes[1], &status, WNOHANG) == 0 && rht_now_ms() < until)
        rht_hub_turn(hub, 2);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    processes[1] = 0;
}

/* A second agent on the same spool would give one number twice. */
static void test_agent_second_one_is_refused(void **state)
{
    (void)state;
    int status = 0;
    start_both();
    pid_t second = start(&sender);
    assert_int_equal(waitpid(second, &status, 0), second);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 75);
    json_decref(ask_row(&sender, "{\"v\":1,\"verb\":\"status\"}")); /* the first is unharmed */
}

int main(void)
{
    rht_random_init(&randomness);
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_agent_answers_over_its_socket),
        CASE(test_agent_refuses_wrong_requests),
        CASE(test_agent_stops_in_good_order),
        CASE(test_agent_second_one_is_refused),
        CASE(test_agent_survives_kill_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
