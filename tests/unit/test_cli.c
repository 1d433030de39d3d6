/* rhub from the command line to the exit code, against a socket that says what the test wants. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli_kit.h"

#include <string.h>
#include <unistd.h>

#include <rh/text.h>

#include "support/rht.h"

#define END "{\"end\":{\"count\":0,\"seq\":1}}\n"
#define DEAD(id)                                                                               \
    "{\"row\":{\"object\":\"dead\",\"v\":1,\"id\":\"" id "\",\"cause\":\"RH-4221\","            \
    "\"from\":\"petitions.1\",\"to\":\"court.1\",\"kind\":\"forward\",\"age_s\":60}}\n"
#define DONE                                                                                   \
    "{\"row\":{\"object\":\"done\",\"v\":1,\"id\":\"R-2026-000042\",\"log_index\":77}}\n" END

static const struct rht_answer answers[] = {
    { "ping", "{\"row\":{\"object\":\"pong\",\"v\":1,\"id\":\"test.demo\"}}\n" END },
    { "referral.urge", DONE },
    { "referral.supervise", DONE },
    { "stop", DONE },
    { "referral.show",
      "{\"error\":{\"code\":\"RH-4303\",\"title\":\"No such referral\",\"detail\":null,"
      "\"pointer\":\"/args/id\",\"value\":\"R-9\",\"retriable\":false,\"exit\":65}}\n" },
    { "agency.list", "{\"row\":{\"object\":\"agency\",\"v\":1,\"id\":\"a.11\"}}\n"
                     "{\"end\":{\"count\":1,\"cursor\":\"a01\",\"seq\":1}}\n" },
    { "agency.list", "{\"end\":{\"count\":0,\"cursor\":\"a02\",\"seq\":1}}\n" },
    { "agency.list", "{\"row\":{\"object\":\"agency\",\"v\":1,\"id\":\"b.22\"}}\n" END },
    { "queue.list", "{\"row\":{\"object\":\"queue\",\"v\":1,\"id\":\"a.11\"}}\n" },
    { "dead.list", DEAD("1:court.1") DEAD("2:court.1") END },
    { "dead.show", DEAD("9:court.1") END },
    { "dead.retry", DEAD("1:court.1") END },
    { "rules.list", "nonsense\n" },
    { "agency.revoke", "{\"row\":{\"object\":\"agency\",\"v\":1,\"id\":\"a.11\"}}\n" END },
    { "act", "{\"row\":{\"object\":\"receipt\",\"v\":1,\"id\":\"m1\"}}\n" END },
    { "send", "{\"row\":{\"object\":\"receipt\",\"v\":1,\"id\":\"m1\"}}\n" END },
    { "clock.show", "{\"row\":{\"object\":\"clock\",\"v\":1,"
                    "\"now_at\":\"2030-01-09T00:00:00.000Z\"}}\n" END },
    { "referral.list", END },
    { "status",
      "{\"row\":{\"object\":\"status\",\"v\":1,\"hub\":\"hub.510603\",\"condition\":\"ok\","
      "\"uptime_s\":1047600,\"clock_skew_ms\":4,\"test\":false,"
      "\"log\":{\"records\":184201,\"published\":184000},\"intake_held\":false,"
      "\"firing_held\":false,\"overdue\":{\"count\":2,\"oldest_s\":180000,"
      "\"owed_by\":\"court.510603\",\"owed_by_zh\":\"市中院\",\"owed_by_en\":\"Court\"},"
      "\"due_today\":3,\"due_3wd\":5,\"due_more\":false,"
      "\"unsigned\":{\"count\":17,\"oldest_s\":2460},\"suspended\":1,"
      "\"dead\":{\"count\":1,\"cause\":\"RH-4221\"},\"agencies\":{\"total\":4,\"online\":3,"
      "\"offline\":[{\"agency\":\"police.510603\",\"agency_zh\":\"市公安局\","
      "\"agency_en\":null,\"since_s\":1560}]},\"disk\":{\"map_percent\":12,"
      "\"used_percent\":61},\"open\":148,\"in_progress\":120,\"queue\":10}}\n" END },
    { NULL, NULL },
};

static int serve(void **state)
{
    (void)state;
    rht_cli_serve(answers);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rht_cli_stop();
    return 0;
}

static void expect(const char *words, enum rh_exit code, const char *out, const char *err)
{
    const struct rht_run *run = rht_rhub(words, NULL);
    if (run->code != code)
        print_error("rhub %s: %d\n%s\n", words, (int)run->code, run->err);
    assert_int_equal(run->code, code);
    if (out != NULL && strstr(run->out, out) == NULL)
        fail_msg("rhub %s: not in stdout: %s\n%s", words, out, run->out);
    if (err != NULL && strstr(run->err, err) == NULL)
        fail_msg("rhub %s: not in stderr: %s\n%s", words, err, run->err);
}

/* A slip ends with 64 and with what was probably meant, never with a guess carried out. */
static void test_cli_names_what_it_does_not_know(void **state)
{
    (void)state;
    expect("referal list", RH_EXIT_USAGE, NULL, "meant     referral");
    expect("referral lst", RH_EXIT_USAGE, NULL, "meant     list");
    expect("referral list --hlder x", RH_EXIT_USAGE, NULL, "meant     holder");
    expect("referral list extra", RH_EXIT_USAGE, NULL, "extra");
    expect("referral show", RH_EXIT_USAGE, NULL, "ID");
    expect("referral list -o yaml", RH_EXIT_USAGE, NULL, "yaml");
    expect("referral list --tz Mars", RH_EXIT_USAGE, NULL, "Mars");
    expect("referral list --lang fr", RH_EXIT_USAGE, NULL, "fr");
    expect("referral list --limit 3x", RH_EXIT_USAGE, NULL, "3x");
    expect("referral list --limit", RH_EXIT_USAGE, NULL, "wants a value");
    expect("referral list --to a --to b", RH_EXIT_USAGE, NULL, "twice");
    expect("queue peek a.11 -n x", RH_EXIT_USAGE, NULL, "whole number");
    expect("frobnicate", RH_EXIT_USAGE, NULL, "no such command");
    expect("../../bin/sh", RH_EXIT_USAGE, NULL, "no such command");
    expect("", RH_EXIT_USAGE, NULL, "NOUN VERB");
}

/* A flag without effect is worse than an error: somebody believes in it. */
static void test_cli_refuses_flags_it_cannot_honour(void **state)
{
    (void)state;
    expect("status --limit 3", RH_EXIT_USAGE, NULL, "--limit");
    expect("referral list --yes", RH_EXIT_USAGE, NULL, "--yes");
    expect("referral list --reason x", RH_EXIT_USAGE, NULL, "--reason");
    expect("referral show R-1 --since today", RH_EXIT_USAGE, NULL, "--since");
    expect("deadline compute x.csv -o json", RH_EXIT_USAGE, NULL, "--output");
    expect("status --agent /x", RH_EXIT_USAGE, NULL, "--agent");
    expect("inbox -H /x", RH_EXIT_USAGE, NULL, "--hub");
    expect("referral urge R-1 --dry-run", RH_EXIT_USAGE, NULL, "--dry-run");
}

/* What the socket refuses is told in full, in both languages, with the exit code it names. */
static void test_cli_tells_a_refusal(void **state)
{
    (void)state;
    expect("referral show R-9", RH_EXIT_DATA, NULL,
           "error RH-4303  No such referral\n"
           "  where     /args/id\n"
           "  value     R-9\n"
           "  do        Check the number; it may belong to another hub\n"
           "  see       rhub explain RH-4303\n");
    expect("--lang zh referral show R-9", RH_EXIT_DATA, NULL,
           "错误 RH-4303  没有此移送事项\n"
           "  位置      /args/id\n");
    const struct rht_run *run = rht_rhub("referral show R-9 -o json", NULL);
    json_t *line = json_loads(run->err, 0, NULL);
    assert_string_equal(json_string_value(hub_cli_path(line, "error.code")), "RH-4303");
    assert_string_equal(run->out, "");
    json_decref(line);
}

/* An answer that breaks off or is not of the form must not pass for one. */
static void test_cli_trusts_only_whole_answers(void **state)
{
    (void)state;
    expect("rules list", RH_EXIT_REJECTED, NULL, "RH-4101");
    expect("queue list -t 1", RH_EXIT_TIMEOUT, NULL, "--timeout");
    expect("status -H /nowhere/sock", RH_EXIT_UNAVAILABLE, NULL, "RH-5105");
    expect("inbox --agent /nowhere/sock", RH_EXIT_UNAVAILABLE, NULL, "RH-9101");
    expect("status -H unix:/nowhere/sock", RH_EXIT_UNAVAILABLE, NULL, "/nowhere/sock");
}

/* Pages are joined, empty ones between included; a bound leaves the place to go on from. */
static void test_cli_joins_pages(void **state)
{
    (void)state;
    expect("agency list -o ids", RH_EXIT_OK, "a.11\nb.22\n", NULL);
    rht_cli_stop();
    rht_cli_serve(answers);
    const struct rht_run *run = rht_rhub("agency list -o ids --limit 1", NULL);
    assert_string_equal(run->out, "a.11\n");
    assert_non_null(strstr(run->err, "--cursor a01"));
    expect("agency list -o ids --cursor a01", RH_EXIT_OK, "b.22\n", NULL);
    assert_non_null(strstr(run->request, "\"cursor\":\"a02\""));
    expect("referral list --fail-empty", RH_EXIT_NO, NULL, NULL);
    expect("referral list -o csv", RH_EXIT_OK, "id,from,to", NULL);
}

static const json_t *request_args(const struct rht_run *run, json_t **keep)
{
    *keep = json_loads(run->request, 0, NULL);
    return json_object_get(*keep, "args");
}

static void expect_args(const char *words, const char *wanted)
{
    json_t *request = NULL, *args = json_loads(wanted, 0, NULL);
    const struct rht_run *run = rht_rhub(words, NULL);
    if (run->code != RH_EXIT_OK || !json_equal(request_args(run, &request), args))
        fail_msg("rhub %s: %d\n%s\n%s", words, (int)run->code, run->request, run->err);
    json_decref(request);
    json_decref(args);
}

/* Each flag arrives at the socket under its name and with its type. */
static void test_cli_asks_what_was_typed(void **state)
{
    (void)state;
    expect_args("sign R-1", "{\"kind\":\"sign\",\"id\":\"R-1\"}");
    expect_args("extend R-1 --n 10 --code complex --fact persons=3 --copy a.11 --copy b.22",
                "{\"kind\":\"extend_request\",\"id\":\"R-1\",\"extend_n\":10,\"code\":\"complex\","
                "\"facts\":{\"persons\":3},\"copies\":[\"a.11\",\"b.22\"]}");
    expect_args("sign R-1 --fact a=-7 --fact b=007 --fact c=91510603MB1 --fact d=-",
                "{\"kind\":\"sign\",\"id\":\"R-1\",\"facts\":{\"a\":-7,\"b\":\"007\","
                "\"c\":\"91510603MB1\",\"d\":\"-\"}}");
    expect_args("split R-1 --child court.1 --child police.1:optional",
                "{\"kind\":\"split\",\"id\":\"R-1\",\"children\":[{\"to\":\"court.1\","
                "\"mandatory\":true},{\"to\":\"police.1\",\"mandatory\":false}]}");
    expect_args("referral list --since 2026-11-01 --state open",
                "{\"state\":\"open\",\"since\":\"2026-10-31T16:00:00.000Z\",\"limit\":1000}");
    /* "today" at a hub is the hub's today. */
    expect_args("referral list --since today --limit 5",
                "{\"since\":\"2030-01-08T16:00:00.000Z\",\"limit\":5}");
    expect_args("referral list --sort due --limit 5", "{\"sort\":\"due\",\"limit\":5}");
    expect_args("send --to court.1 --kind transfer --key 12345=A-7 --wait stored",
                "{\"message\":{\"to\":\"court.1\",\"kind\":\"transfer\","
                "\"keys\":{\"12345\":\"A-7\"}},\"wait\":\"stored\"}");
    expect("sign R-1 --fact persons", RH_EXIT_USAGE, NULL, "NAME=VALUE");
    expect("sign R-1 --file /nowhere/x", RH_EXIT_NOINPUT, NULL, "/nowhere/x");
    expect("referral list --since tomorrowish", RH_EXIT_USAGE, NULL, "tomorrowish");
}

/* What the file says is sent; what the flags say goes before it. */
static void test_cli_sends_a_file(void **state)
{
    (void)state;
    char words[400];
    char *path = rht_tmp_path("message.json");
    static const char good[] = "{\"to\":\"a.11\",\"body\":{\"text\":\"x\"}}";
    rht_write_file(path, good, sizeof good - 1);
    snprintf(words, sizeof words, "send %s --to court.1", path);
    expect_args(words, "{\"message\":{\"to\":\"court.1\",\"body\":{\"text\":\"x\"}}}");
    rht_write_file(path, "{\"to\":", 6);
    expect(words, RH_EXIT_DATA, NULL, "message.json:1:");
    rht_write_file(path, "[]", 2);
    expect(words, RH_EXIT_DATA, NULL, "not an object");
    expect("send /nowhere/message.json", RH_EXIT_NOINPUT, NULL, NULL);
    free(path);
}

static const struct rht_answer agent_answers[] = {
    { "act", "{\"row\":{\"object\":\"receipt\",\"v\":1,\"id\":\"m1\",\"result\":\"refused\","
             "\"refusal\":\"RH-4301\"}}\n" END },
    { "act", "{\"row\":{\"object\":\"receipt\",\"v\":1,\"id\":\"m2\",\"result\":\"waiting\"}}\n"
             END },
    { "send", "{\"error\":{\"code\":\"RH-4111\",\"title\":\"?\",\"pointer\":\"/to\","
              "\"exit\":65,\"errors\":[{\"pointer\":\"/to\",\"expected\":\"an agency\","
              "\"expected_zh\":\"应为单位编号\"},{\"pointer\":\"/kind\",\"expected\":"
              "\"a kind\"}]}}\n" },
    { "import", "{\"row\":{\"object\":\"import_progress\",\"v\":1,\"rows\":1}}\n"
                "{\"row\":{\"object\":\"row_error\",\"v\":1,\"line\":3,\"column\":7,"
                "\"field\":\"date\",\"text\":\"a date\",\"text_zh\":\"应为日期\"}}\n"
                "{\"row\":{\"object\":\"imported\",\"v\":1,\"rows\":2,\"new\":1,"
                "\"failed\":1}}\n" END },
    { "agency.list", "{\"row\":{\"object\":\"agency\",\"v\":1,\"id\":\"a.11\"}}\n"
                     "{\"row\":{\"object\":\"damaged\",\"v\":1,\"id\":\"#7\","
                     "\"code\":\"RH-6103\",\"detail\":\"views, table agency\"}}\n" END },
    { NULL, NULL },
};

static int serve_agent(void **state)
{
    (void)state;
    rht_cli_serve(agent_answers);
    return 0;
}

/* What the hub refuses ends with the refusal's code, also when the agent took it well; what has
 * not left yet is safe and no failure. */
static void test_cli_judges_receipts(void **state)
{
    (void)state;
    expect("sign R-1", RH_EXIT_DATA, "RH-4301", "state does not allow");
    expect("sign R-1", RH_EXIT_OK, "waiting", "safe in the agent's spool");
    expect("--lang zh send --to x", RH_EXIT_DATA, NULL,
           "  位置      /to   应为单位编号\n  位置      /kind   a kind\n");
}

/* A table with bad lines: each is named, the figures follow, the exit code says so. */
static void test_cli_imports_and_names_bad_lines(void **state)
{
    (void)state;
    char words[300];
    char *path = rht_tmp_path("table.csv");
    rht_write_file(path, "x", 1);
    snprintf(words, sizeof words, "--lang zh import %s --map %s", path, path);
    expect(words, RH_EXIT_DATA, "行  列  字段  问题\n 3   7  date  应为日期\n行数  新增  失败\n", NULL);
    snprintf(words, sizeof words, "import %s --map %s -o csv --fields rows,failed", path, path);
    expect(words, RH_EXIT_DATA, "rows,failed\r\n2,1\r\n", "lines not taken: 1");
    snprintf(words, sizeof words, "import %s --map %s --dry-run -o jsonl", path, path);
    const struct rht_run *run = rht_rhub(words, NULL);
    assert_non_null(strstr(run->request, "\"dry_run\":true"));
    assert_null(strstr(run->out, "import_progress"));
    free(path);
}

/* One damaged row neither hides the others nor passes unseen. */
static void test_cli_shows_damage(void **state)
{
    (void)state;
    expect("agency list", RH_EXIT_INTERNAL, "a.11", "RH-6103");
    expect("agency list -o ids", RH_EXIT_INTERNAL, "a.11\n#7\n", "#7");
    expect("agency list -o csv --fields id", RH_EXIT_INTERNAL, "a.11", "views, table agency");
}

/* A record needs a reason, a grave step a yes; without a terminal nothing is asked. */
static void test_cli_asks_only_a_terminal(void **state)
{
    (void)state;
    expect("referral supervise R-1", RH_EXIT_USAGE, NULL, "--reason");
    expect("agency revoke a.11 --reason stolen", RH_EXIT_USAGE, NULL, "--yes");
    expect("agency revoke a.11 --reason stolen --yes", RH_EXIT_OK, NULL, NULL);
    expect("stop", RH_EXIT_USAGE, NULL, "--yes");
    const struct rht_run *run = rht_rhub("referral supervise R-1", "two days over\n");
    assert_int_equal(run->code, RH_EXIT_OK);
    assert_non_null(strstr(run->request, "\"reason\":\"two days over\""));
    run = rht_rhub("agency revoke a.11 --reason stolen", "n\n");
    assert_int_equal(run->code, RH_EXIT_NO);
    assert_non_null(strstr(run->err, "nothing was changed"));
    run = rht_rhub("agency revoke a.11 --reason stolen", "y\n");
    assert_int_equal(run->code, RH_EXIT_OK);
    run = rht_rhub("agency revoke a.11 --reason stolen", "");
    assert_int_equal(run->code, RH_EXIT_NO);
}

/* Many dead letters are shown before they are touched, and a dry run touches none. */
static void test_cli_retries_dead_letters(void **state)
{
    (void)state;
    expect("dead retry --cause RH-4221 --dry-run", RH_EXIT_OK, "2:court.1", "2 would be done");
    const struct rht_run *run = rht_rhub("dead retry --cause RH-4221 -n", NULL);
    assert_null(strstr(run->request, "dead.retry"));
    expect("dead retry --cause RH-4221", RH_EXIT_USAGE, NULL, "--reason");
    expect("dead retry --cause RH-4221 --reason x", RH_EXIT_USAGE, NULL, "--yes");
    expect("dead retry --cause RH-4221 --reason x -y", RH_EXIT_OK, NULL, "2 of 2 done");
    expect("dead retry 9:court.1 --reason x -y", RH_EXIT_OK, NULL, "1 of 1 done");
    expect("dead retry", RH_EXIT_USAGE, NULL, "--cause");
    expect("dead retry 9:court.1 --cause RH-4221", RH_EXIT_USAGE, NULL, NULL);
    expect("dead return 9:court.1 --reason x -y", RH_EXIT_DATA, NULL, "0 of 1 done");
}

/* The page an operator looks at first; both languages, aligned. */
static void test_cli_shows_the_status_page(void **state)
{
    (void)state;
    const struct rht_run *run = rht_rhub("--lang zh status", NULL);
    assert_string_equal(
        run->out,
        "枢纽 hub.510603   正常   运行 12天3小时   时钟偏差 +4 ms   日志 #184201，检查点公布至 "
        "#184000\n"
        "超期         2   （最久 2天2小时，市中院）    待签收      17   最久 41分钟\n"
        "临期         5   （今日到期 3）               死信         1   原因：RH-4221 "
        "接收方认定报文不符合格式\n"
        "中止         1                                离线单位  1/4   市公安局，26分钟前失联\n"
        "磁盘      已用 61 %，数据库 12 %              未结       148   办理中 120，待投递 10\n"
        "下一步： rhub deadline board --due overdue\n");
    run = rht_rhub("status", NULL);
    assert_non_null(strstr(run->out, "overdue      2   (longest 2 d 2 h, Court)"));
    run = rht_rhub("status -o json", NULL);
    json_t *rows = json_loads(run->out, 0, NULL);
    assert_int_equal(json_array_size(rows), 1);
    json_decref(rows);
}

static void test_cli_checks_with_exit_codes(void **state)
{
    (void)state;
    expect("check ping", RH_EXIT_OK, "OK", NULL);
    expect("check all", RH_EXIT_OK, "WARN", NULL);
    expect("check deadlines --nagios", (enum rh_exit)1, "WARN", NULL);
    expect("check pong", RH_EXIT_USAGE, NULL, "meant     ping");
    expect("check all --nagios -H /nowhere", (enum rh_exit)2, NULL, NULL);
}

/* ---- help ------------------------------------------------------------------------------ */

static void check_width(const char *text, const char *about)
{
    char line[512];
    while (*text != '\0') {
        size_t bytes = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)bytes, text);
        if (strncmp(line, "  rhub ", 7) != 0 && hub_cli_width(line) > 80)
            fail_msg("%s: wider than 80 columns: %s", about, line);
        if (bytes > 0 && line[bytes - 1] == ' ')
            fail_msg("%s: blank at the end: %s", about, line);
        text += bytes + (text[bytes] == '\n' ? 1 : 0);
    }
}

/* Every command has help that fits 80 columns in both languages, with an example. */
static void test_cli_help_fits(void **state)
{
    (void)state;
    const struct hub_cli_command *command;
    for (size_t i = 0; (command = hub_cli_command_at(i)) != NULL; i++) {
        static const char *const languages[] = { "zh", "en" };
        char words[120];
        for (int l = 0; l < 2; l++) {
            snprintf(words, sizeof words, "--lang %s help %s %s", languages[l], command->noun,
                     command->verb != NULL ? command->verb : "");
            const struct rht_run *run = rht_rhub(words, NULL);
            assert_int_equal(run->code, 0);
            assert_non_null(strstr(run->out, "rhub "));
            assert_non_null(command->example);
            check_width(run->out, words);
        }
    }
    check_width(rht_rhub("--lang zh help", NULL)->out, "help");
    check_width(rht_rhub("help", NULL)->out, "help");
    check_width(rht_rhub("--lang zh help exit-codes", NULL)->out, "exit-codes");
    expect("help exit-codes", RH_EXIT_OK, "  124  ", NULL);
    expect("referral --help", RH_EXIT_OK, "rhub NOUN", NULL);
    expect("help refral", RH_EXIT_USAGE, NULL, "referral");
    expect("--version", RH_EXIT_OK, "rhub 0.1.0", NULL);
}

/* The examples are commands: each is read by the parser it is an example for. */
static void test_cli_examples_are_understood(void **state)
{
    (void)state;
    const struct hub_cli_command *command;
    for (size_t i = 0; (command = hub_cli_command_at(i)) != NULL; i++) {
        const char *at = command->example;
        while (at != NULL && *at != '\0') {
            char words[300];
            size_t bytes = strcspn(at, "\n");
            assert_memory_equal(at, "rhub ", 5);
            snprintf(words, sizeof words, "%.*s", (int)(bytes - 5), at + 5);
            at += bytes + (at[bytes] == '\n' ? 1 : 0);
            words[strcspn(words, ">")] = '\0';
            for (char *quote = words; (quote = strchr(quote, '"')) != NULL;)
                *quote = '\'';
            if (command->body == hub_cli_body_demo)
                continue;
            size_t used = strlen(words);
            snprintf(words + used, sizeof words - used, " --help");
            const struct rht_run *run = rht_rhub(words, NULL);
            if (run->code != RH_EXIT_OK)
                fail_msg("rhub %s: %s", words, run->err);
        }
    }
}

static void test_cli_completes(void **state)
{
    (void)state;
    const struct rht_run *run = rht_rhub("completion bash", NULL);
    assert_int_equal(run->code, 0);
    assert_non_null(strstr(run->out, "referral) list='list show timeline urge"));
    assert_non_null(strstr(run->out, "complete -o default -F _rhub rhub"));
    expect("completion fish", RH_EXIT_USAGE, NULL, "bash");
}

/* ---- without a socket ------------------------------------------------------------------ */

static void test_cli_explains_codes(void **state)
{
    (void)state;
    expect("explain RH-4221", RH_EXIT_OK, "The receiver found", NULL);
    expect("explain 4221", RH_EXIT_OK, "RH-4221", NULL);
    expect("--lang zh explain RH-4221", RH_EXIT_OK, "接收方", NULL);
    expect("explain RH-1", RH_EXIT_USAGE, NULL, "RH-1");
    const struct rht_run *run = rht_rhub("explain -o ids", NULL);
    assert_non_null(strstr(run->out, "RH-7111\n"));
}

/* Keys are made once, readable by their owner alone, and their card says the same. */
static void test_cli_makes_keys(void **state)
{
    (void)state;
    char words[400], first[64];
    char *dir = rht_tmp_path("keys");
    snprintf(words, sizeof words, "key gen --agency court.510603 --out %s -o csv --fields "
                                  "use,fingerprint --no-headers", dir);
    const struct rht_run *run = rht_rhub(words, NULL);
    assert_int_equal(run->code, RH_EXIT_OK);
    assert_memory_equal(run->out, "transport,", 10);
    const char *card = strstr(run->out, "card,");
    assert_non_null(card);
    snprintf(first, sizeof first, "%.19s", card + 5);
    expect(words, RH_EXIT_CANTCREATE, NULL, "never overwritten");
    snprintf(words, sizeof words, "key fingerprint %s/court.510603.pub -o ids", dir);
    expect(words, RH_EXIT_OK, "court.510603", NULL);
    snprintf(words, sizeof words, "key fingerprint %s/court.510603.pub", dir);
    expect(words, RH_EXIT_OK, first, NULL);
    snprintf(words, sizeof words, "key show %s/court.510603.sign.key", dir);
    expect(words, RH_EXIT_OK, "rhub-public-1 sign court.510603 ", NULL);
    snprintf(words, sizeof words, "key show %s/court.510603.pub", dir);
    char *shown = strdup(rht_rhub(words, NULL)->out);
    snprintf(words, sizeof words, "%s/court.510603.pub", dir);
    char *file = rht_read_file(words, NULL);
    for (char *line = strtok(shown, "\n"); line != NULL; line = strtok(NULL, "\n"))
        assert_non_null(strstr(file, line));
    free(file);
    free(shown);
    expect("key gen --agency court --out /nowhere", RH_EXIT_USAGE, NULL, "court.510603");
    expect("key fingerprint /nowhere/x", RH_EXIT_NOINPUT, NULL, NULL);
    free(dir);
}

static void test_cli_computes_deadlines(void **state)
{
    (void)state;
    char words[500];
    char *path = rht_tmp_path("periods.csv");
    static const char table[] = "case,start,unit,n,roll\n"
                                "x,2026-02-12T09:30:00+08:00,working_days,10,none\n";
    rht_write_file(path, table, sizeof table - 1);
    snprintf(words, sizeof words, "deadline compute %s --calendar %s", path,
             RHT_SOURCE_DIR "/protocol/rules/calendars/cn-2007-2026.yaml");
    expect(words, RH_EXIT_OK, "x,2026-03-04,2026-03-04T23:59:59+08:00,false\r\n", NULL);
    expect("deadline compute /nowhere.csv", RH_EXIT_USAGE, NULL, "calendar");
    free(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, serve, stop)
    const struct CMUnitTest tests[] = {
        TEST(test_cli_names_what_it_does_not_know),
        TEST(test_cli_refuses_flags_it_cannot_honour),
        TEST(test_cli_tells_a_refusal),
        TEST(test_cli_trusts_only_whole_answers),
        TEST(test_cli_joins_pages),
        TEST(test_cli_asks_what_was_typed),
        TEST(test_cli_sends_a_file),
        cmocka_unit_test_setup_teardown(test_cli_judges_receipts, serve_agent, stop),
        cmocka_unit_test_setup_teardown(test_cli_imports_and_names_bad_lines, serve_agent, stop),
        cmocka_unit_test_setup_teardown(test_cli_shows_damage, serve_agent, stop),
        TEST(test_cli_asks_only_a_terminal),
        TEST(test_cli_retries_dead_letters),
        TEST(test_cli_shows_the_status_page),
        TEST(test_cli_checks_with_exit_codes),
        TEST(test_cli_help_fits),
        TEST(test_cli_examples_are_understood),
        TEST(test_cli_completes),
        TEST(test_cli_explains_codes),
        TEST(test_cli_makes_keys),
        TEST(test_cli_computes_deadlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
