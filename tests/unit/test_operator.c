/* The verbs of the admin socket against a real engine: what operators are told must be what the
 * hub has, and what they are told was done must be on record. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "operator_kit.h"

#include <stdio.h>
#include <string.h>

#include <rh/refusal.h>

static struct rht_agency petitions, procuratorate;
static char number[40]; /* of the referral */

static int set_up(void **state)
{
    (void)state;
    rht_hub_start();
    rht_agency_make(&petitions, "petitions.620423");
    rht_agency_make(&procuratorate, "procuratorate.620423");
    json_t *answer = rht_agency_enrol(&petitions, "景泰县信访局");
    json_t *other = rht_agency_enrol(&procuratorate, "景泰县人民检察院");
    bool good = json_object_get(answer, "error") == NULL &&
                json_object_get(other, "error") == NULL;
    json_decref(answer);
    json_decref(other);
    rht_agency_hello(&petitions);
    rht_agency_hello(&procuratorate);
    return good ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rht_hub_stop();
    return 0;
}

/* A referral that waits at the procuratorate. */
static void send_referral(struct rh_referral_id *id)
{
    rht_fresh_id(id->bytes);
    struct rh_public part = { .kind = RH_KIND_REGISTER,
                              .referral_id = *id,
                              .reply_owed = true };
    rht_fresh_id(part.message_id.bytes);
    snprintf(part.procedure, sizeof part.procedure, "p12309");
    snprintf(part.category, sizeof part.category, "judicial.procuratorial");
    snprintf(part.area, sizeof part.area, "620423");
    snprintf(part.source, sizeof part.source, "visit");
    assert_int_equal(rht_agency_send(&petitions, &part), 0);
    part = (struct rh_public){ .kind = RH_KIND_FORWARD, .referral_id = *id };
    rht_fresh_id(part.message_id.bytes);
    assert_int_equal(rh_agency_id_parse("procuratorate.620423", 20, &part.to), RH_OK);
    assert_int_equal(rht_agency_send(&petitions, &part), 0);
}

/* The procuratorate's agent has everything up to `pair_seq`: its clocks run. */
static void arrive(uint64_t pair_seq)
{
    struct rh_public ack = { .kind = RH_KIND_ACK, .pair_seq = pair_seq };
    rht_fresh_id(ack.message_id.bytes);
    assert_int_equal(rh_agency_id_parse("petitions.620423", 16, &ack.from), RH_OK);
    assert_int_equal(rht_agency_send(&procuratorate, &ack), 0);
}

static void seen(json_t *answer)
{
    snprintf(number, sizeof number, "%s", rht_text(rht_row(answer, 0), "id"));
}

/* A referral that is with the procuratorate, to be asked about. */
static void look_at_arrived(void)
{
    struct rh_referral_id id;
    send_referral(&id);
    arrive(1);
    json_t *answer = rht_ask("referral.list", NULL);
    seen(answer);
    json_decref(answer);
}

static json_t *ask_about(const char *verb, const char *more)
{
    char args[400];
    snprintf(args, sizeof args, "{\"id\":\"%s\"%s}", number, more);
    return rht_ask(verb, args);
}

/* An operator must be able to tell that the right hub answers. */
static void test_operator_answers_ping(void **state)
{
    (void)state;
    json_t *answer = rht_ask("ping", NULL);
    assert_int_equal(rht_rows(answer), 1);
    assert_string_equal(rht_text(rht_row(answer, 0), "object"), "pong");
    assert_string_equal(rht_text(rht_row(answer, 0), "id"), "test.demo");
    assert_string_equal(rht_text(rht_row(answer, 0), "version"), "0.1.0");
    json_decref(answer);
}

/* A slip of the pen must never be ignored: it would look like an answer. */
static void test_operator_refuses_what_it_does_not_know(void **state)
{
    (void)state;
    static const struct {
        const char *line, *code, *pointer;
    } slips[] = {
        { "{\"v\":1,\"verb\":\"referral.lst\"}", "RH-4112", "/verb" },
        { "{\"v\":1,\"verb\":\"referral.list\",\"args\":{\"stat\":\"x\"}}", "RH-4112",
          "/args/stat" },
        { "{\"v\":1,\"verb\":\"referral.list\",\"args\":{\"state\":\"signd\"}}", "RH-4112",
          "/args/state" },
        { "{\"v\":1,\"verb\":\"referral.list\",\"args\":{\"limit\":\"3\"}}", "RH-4112",
          "/args/limit" },
        { "{\"v\":1,\"verb\":\"referral.list\",\"args\":{\"limit\":0}}", "RH-4112",
          "/args/limit" },
        { "{\"v\":1,\"verb\":\"referral.list\",\"args\":{\"cursor\":\"zz\"}}", "RH-4112",
          "/args/cursor" },
        { "{\"v\":1,\"verb\":\"referral.list\",\"args\":{\"since\":\"2026-13-01\"}}", "RH-4112",
          "/args/since" },
        { "{\"v\":1,\"verb\":\"referral.list\",\"args\":{\"due\":\"soon\"}}", "RH-4112",
          "/args/due" },
        { "{\"v\":1,\"verb\":\"referral.list\",\"args\":{\"to\":\"court.99\"}}", "RH-7101",
          "/args/to" },
        { "{\"v\":1,\"verb\":\"referral.show\"}", "RH-4111", "/args/id" },
        { "{\"v\":1,\"verb\":\"referral.show\",\"args\":{\"id\":\"R-2026-009999\"}}", "RH-4303",
          "/args/id" },
        { "{\"v\":2,\"verb\":\"ping\"}", "RH-4112", "/v" },
        { "{\"v\":1,\"verb\":\"ping\",\"arg\":{}}", "RH-4112", "/" },
        { "{\"v\":1,\"verb\":\"ping\",\"operator\":\"\"}", "RH-4112", "/operator" },
        { "{\"v\":1,\"verb\":\"ping\",\"verb\":\"status\"}", "RH-4101", "" },
        { "[1]", "RH-4101", "" },
        { "{", "RH-4101", "" },
        { "", "RH-4101", "" },
    };
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        json_t *answer = rht_ask_line(slips[i].line);
        assert_string_equal(rht_code(answer), slips[i].code);
        json_t *error = json_object_get(answer, "error");
        assert_string_equal(rht_text(error, "pointer"), slips[i].pointer);
        assert_true(json_is_integer(json_object_get(error, "exit")));
        json_decref(answer);
    }
}

/* One referral through every way of looking at it. */
static void test_operator_shows_a_referral(void **state)
{
    (void)state;
    struct rh_referral_id id;
    send_referral(&id);
    arrive(1);
    json_t *answer = rht_ask("referral.list", "{\"to\":\"procuratorate.620423\"}");
    assert_int_equal(rht_rows(answer), 1);
    json_t *row = rht_row(answer, 0);
    assert_string_equal(rht_text(row, "state"), "dispatched");
    assert_string_equal(rht_text(row, "from"), "petitions.620423");
    assert_string_equal(rht_text(row, "to_zh"), "景泰县人民检察院");
    assert_non_null(json_object_get(json_object_get(row, "due"), "end_at"));
    seen(answer);
    json_decref(answer);

    answer = ask_about("referral.show", "");
    row = rht_row(answer, 0);
    assert_true(json_array_size(json_object_get(row, "deadlines")) > 0);
    assert_int_equal(json_array_size(json_object_get(row, "parties")), 2);
    json_decref(answer);

    answer = ask_about("referral.timeline", "");
    assert_int_equal(rht_rows(answer), 3);
    assert_string_equal(rht_text(rht_row(answer, 2), "kind"), "arrived");
    assert_string_equal(rht_text(rht_row(answer, 2), "turn"), "procuratorate.620423");
    assert_string_equal(rht_text(rht_row(answer, 0), "kind"), "register");
    assert_string_equal(rht_text(rht_row(answer, 0), "state"), "registered");
    assert_string_equal(rht_text(rht_row(answer, 1), "kind"), "forward");
    assert_string_equal(rht_text(rht_row(answer, 1), "from"), "petitions.620423");
    assert_string_equal(rht_text(rht_row(answer, 1), "to"), "procuratorate.620423");
    assert_string_equal(rht_text(rht_row(answer, 1), "state"), "dispatched");
    assert_int_equal(
        json_array_size(json_object_get(rht_row(answer, 1), "delivered_to")), 1);
    json_decref(answer);

    answer = ask_about("referral.timeline", ",\"limit\":1");
    assert_int_equal(rht_rows(answer), 1);
    char more[200];
    snprintf(more, sizeof more, ",\"limit\":2,\"cursor\":\"%s\"",
             rht_text(json_object_get(answer, "end"), "cursor"));
    json_decref(answer);
    answer = ask_about("referral.timeline", more);
    assert_int_equal(rht_rows(answer), 2);
    assert_string_equal(rht_text(rht_row(answer, 0), "kind"), "forward");
    assert_null(json_object_get(json_object_get(answer, "end"), "cursor"));
    json_decref(answer);
}

/* Each filter finds what it should and nothing else. */
static void test_operator_filters_a_list(void **state)
{
    (void)state;
    struct rh_referral_id id;
    send_referral(&id);
    arrive(1);
    static const struct {
        const char *args;
        size_t rows;
    } cases[] = {
        { "{}", 1 },
        { "{\"from\":\"petitions.620423\"}", 1 },
        { "{\"from\":\"procuratorate.620423\"}", 0 },
        { "{\"holder\":\"petitions.620423\"}", 0 },
        { "{\"holder\":\"procuratorate.620423\"}", 1 },
        { "{\"state\":\"open\"}", 1 },
        { "{\"state\":\"dispatched\"}", 1 },
        { "{\"state\":\"signed\"}", 0 },
        { "{\"procedure\":\"p12309\"}", 1 },
        { "{\"procedure\":\"xinfang\"}", 0 },
        { "{\"due\":\"overdue\"}", 0 },
        { "{\"due\":\"365d\"}", 1 },
        { "{\"sort\":\"due\"}", 1 },
        { "{\"sort\":\"number\"}", 1 },
        { "{\"since\":\"2100-01-01\"}", 0 },
        { "{\"until\":\"2000-01-01\"}", 0 },
        { "{\"key\":\"12345=none\"}", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *answer = rht_ask("referral.list", cases[i].args);
        if (rht_rows(answer) != cases[i].rows)
            print_error("%s: %zu rows\n", cases[i].args, rht_rows(answer));
        assert_int_equal(rht_rows(answer), cases[i].rows);
        json_decref(answer);
    }
}

/* Pages join without a gap or a repetition, in every order. */
static void test_operator_pages_through_a_list(void **state)
{
    (void)state;
    enum { COUNT = 7 };
    static const char *const orders[] = { "number", "number:desc", "due" };
    struct rh_referral_id id;
    for (int i = 0; i < COUNT; i++)
        send_referral(&id);
    arrive(COUNT);
    for (size_t o = 0; o < 3; o++) {
        char last[40] = "", cursor[260] = "", args[400];
        int pages = 0, found = 0;
        do {
            snprintf(args, sizeof args, "{\"sort\":\"%s\",\"limit\":2%s%s%s}", orders[o],
                     cursor[0] != '\0' ? ",\"cursor\":\"" : "", cursor,
                     cursor[0] != '\0' ? "\"" : "");
            json_t *answer = rht_ask("referral.list", args);
            for (size_t i = 0; i < rht_rows(answer); i++, found++) {
                const char *now = rht_text(rht_row(answer, i), "id");
                if (found > 0 && o != 1)
                    assert_true(strcmp(last, now) < 0);
                if (found > 0 && o == 1)
                    assert_true(strcmp(last, now) > 0);
                snprintf(last, sizeof last, "%s", now);
            }
            json_t *next = json_object_get(json_object_get(answer, "end"), "cursor");
            snprintf(cursor, sizeof cursor, "%s", next == NULL ? "" : json_string_value(next));
            json_decref(answer);
        } while (cursor[0] != '\0' && ++pages < 20);
        assert_int_equal(found, COUNT);
    }
}

/* A date nobody can explain is a date nobody believes. */
static void test_operator_explains_a_deadline(void **state)
{
    (void)state;
    look_at_arrived();
    json_t *answer = ask_about("deadline.explain", "");
    assert_true(rht_rows(answer) > 0);
    for (size_t i = 0; i < rht_rows(answer); i++) {
        json_t *row = rht_row(answer, i);
        assert_string_equal(rht_text(row, "object"), "explanation");
        if (json_is_null(json_object_get(row, "end_at")))
            continue;
        assert_true(json_is_true(json_object_get(row, "agrees")));
        json_t *days = json_object_get(row, "days");
        json_int_t counted = 0, last = 0;
        size_t d;
        json_t *day;
        json_array_foreach(days, d, day) {
            counted += strcmp(rht_text(day, "role"), "counted") == 0 ? 1 : 0;
            last += json_is_true(json_object_get(day, "last")) ? 1 : 0;
        }
        assert_int_equal(counted, json_integer_value(json_object_get(row, "counted")));
        if (json_array_size(days) > 0)
            assert_int_equal(last, 1);
    }
    json_decref(answer);
}

/* The warning and the miss fire in one turn here, as after an outage: the timeline says
 * overdue, not due soon, and names whoever was told once. */
static void timeline_says_overdue(void)
{
    json_t *answer = ask_about("referral.timeline", "");
    size_t missed = 0;
    for (size_t i = 0; i < rht_rows(answer); i++) {
        json_t *event = rht_row(answer, i);
        const json_t *told = json_object_get(event, "delivered_to");
        assert_string_not_equal(rht_text(event, "kind"), "due_soon");
        missed += strcmp(rht_text(event, "kind"), "overdue") == 0 ? 1 : 0;
        for (size_t j = 0; j < json_array_size(told); j++)
            for (size_t k = 0; k < j; k++)
                assert_false(json_equal(json_array_get(told, j), json_array_get(told, k)));
    }
    assert_in_range(missed, 1, 2);
    json_decref(answer);
}

/* Time passes, the referral goes overdue, and whoever looks sees it at once. */
static void test_operator_sees_what_is_overdue(void **state)
{
    (void)state;
    struct rh_referral_id id;
    send_referral(&id);
    arrive(1);
    json_t *answer = rht_ask("clock.steer", "{\"by_s\":8640000}");
    assert_string_equal(rht_text(rht_row(answer, 0), "object"), "clock");
    json_decref(answer);
    /* The timers fire in the hub's next turns. */
    for (int i = 0; i < 200; i++) {
        answer = rht_ask("deadline.board", "{\"due\":\"overdue\"}");
        size_t rows = rht_rows(answer);
        bool missed = rows > 0 && strcmp(rht_text(rht_row(answer, 0), "status"), "missed") == 0;
        if (missed) {
            assert_true(json_integer_value(json_object_get(rht_row(answer, 0), "overdue_s")) >
                        0);
            assert_true(json_is_null(json_object_get(rht_row(answer, 0), "left_s")));
            break;
        }
        json_decref(answer);
        answer = NULL;
    }
    assert_non_null(answer);
    json_decref(answer);
    answer = rht_ask("referral.list", "{\"due\":\"overdue\"}");
    assert_int_equal(rht_rows(answer), 1);
    seen(answer);
    json_decref(answer);
    timeline_says_overdue();
    answer = rht_ask("deadline.board", "{\"by\":\"agency\"}");
    assert_true(rht_rows(answer) >= 1);
    json_decref(answer);
    answer = rht_ask("status", NULL);
    json_t *overdue = json_object_get(rht_row(answer, 0), "overdue");
    assert_true(json_integer_value(json_object_get(overdue, "count")) >= 1);
    assert_true(json_integer_value(json_object_get(overdue, "oldest_s")) > 0);
    json_decref(answer);
}

/* "Done" means on record: the very next question sees it, with who did it and why. */
static void test_operator_urges_on_record(void **state)
{
    (void)state;
    look_at_arrived();
    json_t *answer = ask_about("referral.urge", ",\"reason\":\"overdue soon\"");
    assert_string_equal(rht_text(rht_row(answer, 0), "object"), "done");
    json_int_t index = json_integer_value(json_object_get(rht_row(answer, 0), "log_index"));
    json_decref(answer);
    answer = ask_about("referral.timeline", "");
    json_t *event = rht_row(answer, rht_rows(answer) - 1);
    assert_string_equal(rht_text(event, "kind"), "urge");
    assert_string_equal(rht_text(event, "reason"), "overdue soon");
    assert_int_equal(json_integer_value(json_object_get(event, "log_index")), index);
    assert_memory_equal(rht_text(event, "operator"), "zhang(", 6);
    json_decref(answer);
    answer = ask_about("referral.supervise", "");
    assert_string_equal(rht_code(answer), "RH-4111");
    json_decref(answer);
}

/* Keys decide who an agency is: a second use of one, or a card of somebody else, is refused. */
static void test_operator_enrols_and_revokes(void **state)
{
    (void)state;
    struct rht_agency twin = petitions;
    json_t *answer = rht_agency_enrol(&twin, "x");
    assert_string_equal(rht_code(answer), "RH-7111");
    json_decref(answer);
    twin.id = "petitions.620424";
    answer = rht_agency_enrol(&twin, "x");
    assert_string_equal(rht_code(answer), "RH-7111");
    json_decref(answer);
    rht_assert_refused("agency.enrol", "{\"id\":\"court.1\",\"card\":\"nothing\"}", "RH-4112");

    answer = rht_ask("agency.suspend", "{\"id\":\"petitions.620423\",\"reason\":\"test\"}");
    assert_string_equal(rht_text(rht_row(answer, 0), "state"), "suspended");
    json_decref(answer);
    answer = rht_ask("agency.resume", "{\"id\":\"petitions.620423\",\"reason\":\"test\"}");
    assert_string_equal(rht_text(rht_row(answer, 0), "state"), "active");
    json_decref(answer);
    answer = rht_ask("agency.revoke", "{\"id\":\"petitions.620423\",\"reason\":\"test\"}");
    assert_string_equal(rht_text(rht_row(answer, 0), "state"), "revoked");
    json_decref(answer);
    rht_assert_refused("agency.resume",
                       "{\"id\":\"petitions.620423\",\"reason\":\"test\"}", "RH-7102");
    answer = rht_ask("agency.list", "{\"limit\":1}");
    assert_int_equal(rht_rows(answer), 1);
    assert_non_null(json_object_get(json_object_get(answer, "end"), "cursor"));
    assert_int_equal(strlen(rht_text(rht_row(answer, 0), "fingerprint")), 19);
    json_decref(answer);
}

static void subscribe(const char *more, const char *code)
{
    char args[400];
    snprintf(args, sizeof args,
             "{\"id\":\"procuratorate.620423\",\"basis\":\"目录第12项\"%s}", more);
    rht_assert_refused("subscription.add", args, code);
}

/* What is no field, event, topic or term is named, and nothing is given. */
static void test_operator_cannot_give_what_is_no_subscription(void **state)
{
    static const struct {
        const char *more, *code;
    } wishes[] = {
        { ",\"events\":\"register\",\"until\":\"2030-01-01\"", "RH-4111" }, /* no topic */
        { ",\"category\":\"*\",\"events\":\"seal\",\"until\":\"2030-01-01\"", "RH-4112" },
        { ",\"category\":\"*\",\"events\":\",\",\"until\":\"2030-01-01\"", "RH-4112" },
        { ",\"area\":\"62042\",\"events\":\"close\",\"until\":\"2030-01-01\"", "RH-4112" },
        { ",\"area\":\"*\",\"events\":\"close\",\"until\":\"2020-01-01\"", "RH-4306" },
        { ",\"area\":\"*\",\"events\":\"close\",\"until\":\"2030-01-01\","
          "\"from\":\"2030-01-02\"", "RH-4306" },
        { ",\"area\":\"*\",\"events\":\"close\",\"until\":\"2030-01-01\","
          "\"give\":\"person\"", "RH-4112" },
        { ",\"area\":\"*\",\"events\":\"close\",\"until\":\"2030-01-01\","
          "\"give\":\"area=role\"", "RH-4112" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++)
        subscribe(wishes[i].more, wishes[i].code);
    json_t *answer = rht_ask("subscription.list", "{\"all\":true}");
    assert_int_equal(rht_rows(answer), 0);
    json_decref(answer);
}

/* What an operator gives is what it reads back; the answer's only row, to be released. */
static json_t *give_subscription(char id[40])
{
    json_t *answer = rht_ask(
        "subscription.add",
        "{\"id\":\"procuratorate.620423\",\"category\":\"labour\",\"area\":\"*\","
        "\"events\":\"register, dispatch,overdue\",\"give\":\"state,area=county\","
        "\"from\":\"2029-01-01\",\"until\":\"2030-01-01\",\"basis\":\"目录第12项\"}");
    json_t *row = rht_row(answer, 0);
    json_t *given = json_object_get(row, "given");
    assert_string_equal(rht_text(row, "agency"), "procuratorate.620423");
    assert_string_equal(rht_text(row, "area"), "*");
    assert_string_equal(rht_text(row, "state"), "to_come");
    assert_string_equal(rht_text(row, "basis"), "目录第12项");
    assert_string_equal(rht_text(row, "until_at"), "2030-01-01T16:00:00.000Z"); /* its last day */
    assert_string_equal(rht_text(given, "area"), "county");
    assert_string_equal(rht_text(given, "state"), "full");
    assert_string_equal(rht_text(given, "date"), "month");
    assert_string_equal(rht_text(given, "holder"), "absent");
    assert_int_equal(json_object_size(given), HUB_SHARE_FIELDS);
    assert_int_equal(json_array_size(json_object_get(row, "events")), 3);
    assert_int_equal(json_integer_value(json_object_get(row, "told")), 0);
    snprintf(id, 40, "{\"id\":\"%d\"}", (int)json_integer_value(json_object_get(row, "id")));
    return answer;
}

static void test_operator_gives_a_subscription(void **state)
{
    char id[40];
    (void)state;
    json_t *answer = give_subscription(id);
    json_decref(answer);
    answer = rht_ask("subscription.list", "{\"agency\":\"procuratorate.620423\"}");
    assert_int_equal(rht_rows(answer), 1);
    json_decref(answer);
    answer = rht_ask("subscription.list", "{\"agency\":\"petitions.620423\"}");
    assert_int_equal(rht_rows(answer), 0);
    json_decref(answer);
    answer = rht_ask("subscription.show", id);
    assert_string_equal(rht_text(rht_row(answer, 0), "category"), "labour");
    json_decref(answer);
    rht_assert_refused("subscription.end", id, "RH-4111"); /* no reason */
    memcpy(strchr(id, '}'), ",\"reason\":\"x\"}", sizeof ",\"reason\":\"x\"}");
    answer = rht_ask("subscription.end", id);
    assert_string_equal(rht_text(rht_row(answer, 0), "state"), "ended");
    json_decref(answer);
    rht_assert_refused("subscription.end", id, "RH-7114");
    rht_assert_refused("subscription.show", "{\"id\":\"0x1\"}", "RH-7114");
    answer = rht_ask("subscription.list", NULL);
    assert_int_equal(rht_rows(answer), 0);
    json_decref(answer);
    answer = rht_ask("subscription.list", "{\"all\":true}");
    assert_int_equal(rht_rows(answer), 1);
    json_decref(answer);
}

/* Looking into a queue takes nothing out of it. */
static void test_operator_peeks_without_taking(void **state)
{
    (void)state;
    struct rh_referral_id id;
    send_referral(&id);
    for (int i = 0; i < 2; i++) {
        json_t *answer = rht_ask("queue.peek", "{\"agency\":\"procuratorate.620423\"}");
        assert_int_equal(rht_rows(answer), 1);
        assert_string_equal(rht_text(rht_row(answer, 0), "kind"), "forward");
        json_decref(answer);
        answer = rht_ask("queue.list", NULL);
        assert_int_equal(rht_rows(answer), 2);
        json_t *row = rht_row(answer, 1);
        assert_string_equal(rht_text(row, "id"), "procuratorate.620423");
        assert_int_equal(json_integer_value(json_object_get(row, "count")), 1);
        assert_string_not_equal(rht_text(row, "oldest_at"), "");
        json_decref(answer);
    }
}

static json_t *refuse_message(void)
{
    struct rh_public nack = { .kind = RH_KIND_NACK, .pair_seq = 1, .refusal = 4221 };
    rht_fresh_id(nack.message_id.bytes);
    assert_int_equal(rh_agency_id_parse("petitions.620423", 16, &nack.from), RH_OK);
    assert_int_equal(rht_agency_send(&procuratorate, &nack), 0);
    return rht_ask("dead.list", "{\"cause\":\"RH-4221\"}");
}

/* What nobody can take is seen, and can be sent again by its name. */
static void test_operator_retries_a_dead_letter(void **state)
{
    (void)state;
    struct rh_referral_id id;
    send_referral(&id);
    json_t *answer = refuse_message();
    assert_int_equal(rht_rows(answer), 1);
    assert_string_equal(rht_text(rht_row(answer, 0), "cause"), "RH-4221");
    seen(answer);
    json_decref(answer);
    answer = ask_about("dead.retry", ",\"reason\":\"receiver updated\"");
    assert_true(json_is_true(json_object_get(rht_row(answer, 0), "settled")));
    json_decref(answer);
    answer = rht_ask("dead.list", NULL);
    assert_int_equal(rht_rows(answer), 0);
    json_decref(answer);
    answer = ask_about("dead.retry", ",\"reason\":\"again\"");
    assert_string_not_equal(rht_code(answer), "");
    json_decref(answer);
    rht_assert_refused("dead.show", "{\"id\":\"7\"}", "RH-4112");
    rht_assert_refused("dead.list", "{\"cause\":\"RH-1\"}", "RH-4112");
}

static json_int_t figure(json_t *answer, const char *name, const char *part)
{
    for (size_t i = 0; i < rht_rows(answer); i++) {
        if (strcmp(rht_text(rht_row(answer, i), "figure"), name) == 0)
            return json_integer_value(json_object_get(rht_row(answer, i), part));
    }
    fail_msg("no figure %s", name);
    return -1;
}

/* A rate without its parts is not a figure. */
static void test_operator_reports_with_numerator_and_denominator(void **state)
{
    (void)state;
    struct rh_referral_id id;
    for (int i = 0; i < 3; i++)
        send_referral(&id);
    json_t *answer = rht_ask("clock.steer", "{\"by_s\":60}");
    json_decref(answer);
    answer = rht_ask("report.figures", NULL);
    assert_int_equal(figure(answer, "registered", "numerator"), 3);
    assert_int_equal(figure(answer, "dispatched", "numerator"), 3);
    assert_int_equal(figure(answer, "dispatched", "denominator"), 3);
    assert_int_equal(figure(answer, "signed", "numerator"), 0);
    assert_int_equal(figure(answer, "signed", "denominator"), 3);
    json_decref(answer);
    answer = rht_ask("report.figures", "{\"by\":\"procedure\",\"until\":\"2000-01-01\"}");
    assert_int_equal(rht_rows(answer), 0);
    json_decref(answer);
    rht_assert_refused("report.figures", "{\"by\":\"weather\"}", "RH-4112");
}

/* Rules and routes are read from the snapshot in force; reloading the same changes nothing. */
static void test_operator_shows_rules_and_routes(void **state)
{
    (void)state;
    json_t *answer = rht_ask("rules.list", NULL);
    size_t procedures = rht_rows(answer);
    assert_true(procedures > 0);
    json_decref(answer);
    answer = rht_ask("rules.reload", NULL);
    assert_int_equal(rht_rows(answer), procedures);
    json_decref(answer);
    answer = rht_ask("route.query",
                     "{\"category\":\"judicial.procuratorial\",\"area\":\"620423\"}");
    assert_string_equal(rht_text(rht_row(answer, 0), "agency"), "procuratorate.620423");
    assert_string_equal(rht_text(rht_row(answer, 0), "procedure"), "p12309");
    json_decref(answer);
    answer =
        rht_ask("route.query", "{\"category\":\"civil.notarization\",\"area\":\"620423\"}");
    assert_true(json_is_false(json_object_get(rht_row(answer, 0), "accepted")));
    assert_string_equal(rht_text(rht_row(answer, 0), "proper_zh"), "公证机构");
    assert_string_equal(rht_text(rht_row(answer, 0), "proper_en"), "notary office");
    assert_true(json_is_null(json_object_get(rht_row(answer, 0), "agency")));
    json_decref(answer);
    rht_assert_refused("route.query", "{\"category\":\"weather\"}", "RH-4320");
}

/* Somebody who does not know the categories asks for none, or for what stands above them; and
 * an area that is none is said to be none, not answered for nowhere. */
static void test_operator_shows_the_routing_map(void **state)
{
    (void)state;
    json_t *answer = rht_ask("route.query", NULL);
    size_t all = rht_rows(answer), ours = 0;
    assert_true(all >= 10);
    for (size_t i = 0; i < all; i++) {
        json_t *row = rht_row(answer, i);
        assert_true(strlen(rht_text(row, "category")) > 0);
        assert_true(strlen(rht_text(row, "competent_zh")) > 0);
        ours += json_is_true(json_object_get(row, "accepted")) ? 1 : 0;
    }
    assert_true(ours > 0 && ours < all);
    json_decref(answer);
    answer = rht_ask("route.query", "{\"category\":\"judicial\",\"area\":\"620423\"}");
    size_t judicial = rht_rows(answer);
    assert_true(judicial > 1 && judicial < all);
    for (size_t i = 0; i < judicial; i++)
        assert_memory_equal(rht_text(rht_row(answer, i), "category"), "judicial.", 9);
    json_decref(answer);
    answer = rht_ask("route.query", "{\"category\":\"judicia\"}");
    assert_string_equal(rht_code(answer), "RH-4320");
    json_decref(answer);
    static const char *const none[] = { "62 04", "62O423", "62042", "6204231" };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        char args[80];
        snprintf(args, sizeof args, "{\"category\":\"judicial.procuratorial\",\"area\":\"%s\"}",
                 none[i]);
        answer = rht_ask("route.query", args);
        assert_string_equal(rht_code(answer), "RH-4112");
        json_decref(answer);
    }
}

/* A steered clock goes forward only, and never on confirmation. */
static void test_operator_steers_the_clock_forward(void **state)
{
    (void)state;
    rht_assert_refused("clock.steer", "{\"to\":\"2001-01-01\"}", "RH-4112");
    rht_assert_refused("clock.steer", "{\"to\":\"2150-01-01\",\"by_s\":5}", "RH-4112");
    json_t *answer = rht_ask("clock.steer", "{\"to\":\"2150-01-01T00:00:00+08:00\"}");
    assert_string_equal(rht_text(rht_row(answer, 0), "now_at"), "2149-12-31T16:00:00.000Z");
    json_decref(answer);
    rht_assert_refused("clock.confirm", "{\"reason\":\"looked\"}", "RH-7110");
}

/* A reader that names a record it must see is told when the hub is not there yet. */
static void test_operator_waits_for_a_record(void **state)
{
    (void)state;
    json_t *answer = rht_ask("status", "{\"at_least_seq\":1}");
    assert_int_equal(rht_rows(answer), 1);
    json_decref(answer);
    rht_assert_refused("status", "{\"at_least_seq\":1000000}", "RH-4121");
}

/* The table of verbs explains itself, and every verb of it can be asked. */
static void test_operator_lists_its_verbs(void **state)
{
    (void)state;
    json_t *answer = rht_ask("help", NULL);
    assert_true(rht_rows(answer) > 25);
    for (size_t i = 1; i < rht_rows(answer); i++)
        assert_true(strcmp(rht_text(rht_row(answer, i - 1), "name"),
                           rht_text(rht_row(answer, i), "name")) < 0);
    json_decref(answer);
}

/* Who asks for a stop gets an answer before the hub is gone. */
static void test_operator_stops_the_hub(void **state)
{
    (void)state;
    json_t *answer = rht_ask("stop", NULL);
    assert_string_equal(rht_text(rht_row(answer, 0), "object"), "done");
    json_decref(answer);
    assert_true(rht_hub_has_stopped());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_operator_answers_ping),
        TEST(test_operator_refuses_what_it_does_not_know),
        TEST(test_operator_shows_a_referral),
        TEST(test_operator_filters_a_list),
        TEST(test_operator_pages_through_a_list),
        TEST(test_operator_explains_a_deadline),
        TEST(test_operator_sees_what_is_overdue),
        TEST(test_operator_urges_on_record),
        TEST(test_operator_enrols_and_revokes),
        TEST(test_operator_cannot_give_what_is_no_subscription),
        TEST(test_operator_gives_a_subscription),
        TEST(test_operator_peeks_without_taking),
        TEST(test_operator_retries_a_dead_letter),
        TEST(test_operator_reports_with_numerator_and_denominator),
        TEST(test_operator_shows_rules_and_routes),
        TEST(test_operator_shows_the_routing_map),
        TEST(test_operator_steers_the_clock_forward),
        TEST(test_operator_waits_for_a_record),
        TEST(test_operator_lists_its_verbs),
        TEST(test_operator_stops_the_hub),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
