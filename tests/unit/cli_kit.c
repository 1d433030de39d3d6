#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli_kit.h"

#include <string.h>

#include <rh/text.h>

#include "core/deadline.h"
#include "support/rht.h"

#define NOW_MS UINT64_C(1795174200000) /* 2026-11-20T11:30:00Z */

static struct {
    struct rh_local_server *server;
    char path[100];
    const struct rht_answer *answers;
    unsigned asked[64];
    struct rht_run run;
} kit;

static void write_lines(struct rh_local_reply *reply, const char *lines)
{
    while (*lines != '\0') {
        size_t bytes = strcspn(lines, "\n");
        (void)rh_local_write(reply, lines, bytes);
        lines += lines[bytes] == '\n' ? bytes + 1 : bytes;
    }
}

/* The entry of this verb whose turn it is. */
static const char *find_lines(const char *verb)
{
    const char *lines = NULL;
    unsigned first = 0, place = 0;
    for (unsigned i = 0; kit.answers[i].verb != NULL; i++) {
        if (strcmp(kit.answers[i].verb, verb) != 0)
            continue;
        if (place == 0)
            first = i;
        if (place++ <= kit.asked[first])
            lines = kit.answers[i].lines;
    }
    kit.asked[first]++;
    return lines;
}

static void answer(void *context, const struct rh_local_peer *peer, char *line, size_t bytes,
                   struct rh_local_reply *reply)
{
    (void)context;
    (void)peer;
    (void)bytes;
    json_t *request = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    const char *verb = json_string_value(json_object_get(request, "verb"));
    const char *lines = verb == NULL ? NULL : find_lines(verb);
    snprintf(kit.run.request, sizeof kit.run.request, "%s", line);
    kit.run.requests++;
    write_lines(reply, lines != NULL ? lines
                                     : "{\"error\":{\"code\":\"RH-4112\",\"title\":\"?\","
                                       "\"pointer\":\"/verb\",\"exit\":65}}\n");
    json_decref(request);
}

void rht_cli_serve(const struct rht_answer *answers)
{
    static int serial;
    snprintf(kit.path, sizeof kit.path, "%s/cli-%d.sock", rht_tmpdir(), ++serial);
    kit.answers = answers;
    memset(kit.asked, 0, sizeof kit.asked);
    assert_int_equal(rh_local_server_open(kit.path, answer, NULL, &kit.server), RH_OK);
    assert_int_equal(rh_local_server_thread(kit.server), RH_OK);
}

void rht_cli_stop(void)
{
    rh_local_server_close(&kit.server);
    free(kit.run.out);
    free(kit.run.err);
    kit.run.out = kit.run.err = NULL;
}

const char *rht_cli_socket(void)
{
    return kit.path;
}

static int split(char *words, char **argv, int most)
{
    int argc = 0;
    for (char *at = words; *at != '\0' && argc < most;) {
        char end = *at == '\'' ? '\'' : ' ';
        at += *at == '\'' ? 1 : 0;
        argv[argc++] = at;
        while (*at != '\0' && *at != end)
            at++;
        if (*at != '\0')
            *at++ = '\0';
        while (*at == ' ')
            at++;
    }
    return argc;
}

const struct rht_run *rht_rhub(const char *words, const char *typed)
{
    static const struct hub_cli_parts parts = { hub_deadline_plain, "0.1.0", "" };
    char text[2048], program[] = "rhub";
    char *argv[66] = { program };
    size_t out_bytes, err_bytes;
    free(kit.run.out);
    free(kit.run.err);
    snprintf(text, sizeof text, "%s", words);
    int argc = 1 + split(text, argv + 1, 64);
    argv[argc] = NULL;
    struct hub_cli cli = {
        .parts = &parts,
        .out = open_memstream(&kit.run.out, &out_bytes),
        .err = open_memstream(&kit.run.err, &err_bytes),
        .in = fmemopen((void *)(uintptr_t)(typed != NULL && *typed ? typed : "\n"),
                       typed != NULL && *typed ? strlen(typed) : 1, "r"),
        .in_tty = typed != NULL,
        .out_tty = typed != NULL,
        .err_tty = typed != NULL,
        .now_ms = NOW_MS,
    };
    assert_true(cli.out != NULL && cli.err != NULL && cli.in != NULL);
    (void)rh_text_init("en");
    assert_true(hub_cli_zone_set("Asia/Shanghai"));
    setenv("RHUB_HUB", kit.path, 1);
    setenv("RHUB_AGENT", kit.path, 1);
    kit.run.code = hub_cli_run(&cli, argc, argv);
    (void)fclose(cli.in);
    (void)fclose(cli.out);
    (void)fclose(cli.err);
    return &kit.run;
}
