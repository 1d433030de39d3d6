#include "runtime/import_ask.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rh/exit.h>
#include <rh/local.h>
#include <rh/refusal.h>
#include <rh/text.h>

#include "runtime/words.h"

enum {
    CONNECT_MS = 5000,
    ANSWER_MS = 120000,
    PATH_BYTES = 4096,
    LONG_MS = 10000 /* from then on with times; and between two lines to a file */
};

struct telling {
    const struct agent_import_request *request;
    uint64_t begun_ms, told_ms; /* monotonic */
    bool terminal;
    bool line; /* one stands there unfinished */
    int code;
};

/* A sentence in the language in use, where both came. */
static const char *sentence(const json_t *object, const char *english, const char *chinese)
{
    const char *zh = json_string_value(json_object_get(object, chinese));
    const char *en = json_string_value(json_object_get(object, english));
    bool use_zh = zh != NULL && strcmp(rh_text_language(), "zh") == 0;
    return use_zh ? zh : en != NULL ? en : "";
}

static long long number(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

/* Errors and figures stand on lines of their own. */
static void clear_line(struct telling *telling)
{
    if (telling->line)
        fputs("\r\033[K", stderr);
    telling->line = false;
}

/* How far it is, how fast, and when it may be over: of the bytes, which are known
 * beforehand. */
static void show_progress(struct telling *telling, const json_t *row)
{
    uint64_t now_ms = agent_monotonic_ms(), spent_ms = now_ms - telling->begun_ms;
    double done = (double)number(row, "bytes"), total = (double)number(row, "bytes_total");
    double part = total > 0 && done <= total ? done / total : 0;
    if (spent_ms == 0 || (!telling->terminal && now_ms - telling->told_ms < LONG_MS))
        return;
    telling->told_ms = now_ms;
    clear_line(telling);
    fprintf(stderr, _("rows: %lld, new: %lld, bad: %lld, %.0f/s, %.0f %%"),
            number(row, "rows"), number(row, "new"), number(row, "failed"),
            (double)number(row, "rows") * 1000 / (double)spent_ms, part * 100);
    if (spent_ms >= LONG_MS && part > 0)
        fprintf(stderr, _(", %llu s spent, about %.0f s left"),
                (unsigned long long)(spent_ms / 1000),
                (double)spent_ms / 1000 * (1 - part) / part);
    fputs(telling->terminal ? "" : "\n", stderr);
    telling->line = telling->terminal;
    (void)fflush(stderr);
}

static void show_row_error(const struct agent_import_request *request, const json_t *row)
{
    const char *field = json_string_value(json_object_get(row, "field"));
    const char *slash = strrchr(request->file, '/');
    fprintf(stderr, "%s:%lld:%lld: %s%s%s [%s]\n", slash != NULL ? slash + 1 : request->file,
            number(row, "line"), number(row, "column"), field != NULL ? field : "",
            field != NULL ? ": " : "", rh_text(sentence(row, "text", "text_zh")),
            json_string_value(json_object_get(row, "code")));
}

static void show_counts(const json_t *row, const char *list, const char *key)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(row, list), i, one)
        if (number(one, "dispatched") > 0)
            printf("  %-40s %8lld\n", json_string_value(json_object_get(one, key)),
                   number(one, "dispatched"));
}

static void show_figures(const json_t *row)
{
    if (json_is_true(json_object_get(row, "dry_run")))
        printf("%s\n", _("Nothing was sent: this was a trial."));
    printf(_("rows: %lld; registered: %lld (sent on: %lld, awaiting screening: %lld), known "
             "already: %lld, bad: %lld\n"),
           number(row, "rows"), number(row, "new"), number(row, "dispatched"),
           number(row, "screening"), number(row, "known"), number(row, "failed"));
    if (number(row, "continued") > 0)
        printf(_("%lld of the registered ones were taken in before the import broke off\n"),
               number(row, "continued"));
    if (number(row, "unroutable") > 0)
        printf(_("%lld have an answer in the routing map, but no card of such an agency is "
                 "here\n"),
               number(row, "unroutable"));
    if (number(row, "screened") > 0) {
        size_t i;
        const json_t *one;
        printf("%s\n", _("Found by keyword rules:"));
        json_array_foreach(json_object_get(row, "by_rule"), i, one)
            printf("  %-40s %8lld\n", json_string_value(json_object_get(one, "rule")),
                   number(one, "rows"));
    }
    if (number(row, "dispatched") == 0)
        return;
    printf("%s\n", _("Sent on, by category and by agency:"));
    show_counts(row, "by_category", "category");
    show_counts(row, "by_agency", "agency");
}

static int show_error(const json_t *error)
{
    size_t i;
    json_t *one;
    const json_t *errors = json_object_get(error, "errors");
    const char *detail = sentence(error, "detail", "detail_zh");
    fprintf(stderr, "rhub-agent: %s: %s\n", json_string_value(json_object_get(error, "code")),
            sentence(error, "title", "title_zh"));
    json_array_foreach(errors, i, one)
        fprintf(stderr, "  %s\n", sentence(one, "expected", "expected_zh"));
    if (json_array_size(errors) == 0 && detail[0] != '\0')
        fprintf(stderr, "  %s\n", detail);
    return (int)number(error, "exit");
}

/* One line of the answer; -1: more follow. */
static int take_line(struct telling *telling, const json_t *line)
{
    const json_t *row = json_object_get(line, "row");
    const json_t *error = json_object_get(line, "error");
    const char *object = json_string_value(json_object_get(row, "object"));
    if (object != NULL && strcmp(object, "import_progress") == 0) {
        show_progress(telling, row);
        return -1;
    }
    clear_line(telling);
    if (error != NULL)
        return show_error(error);
    if (json_object_get(line, "end") != NULL)
        return telling->code;
    if (object != NULL && strcmp(object, "row_error") == 0) {
        show_row_error(telling->request, row);
        telling->code = RH_EXIT_DATA;
    } else if (object != NULL && strcmp(object, "imported") == 0) {
        show_figures(row);
    }
    return -1;
}

static char *make_request(const struct agent_import_request *request, char *file, char *map)
{
    json_t *args = json_object(), *whole = json_object();
    json_object_set_new(args, "file", json_string(file));
    json_object_set_new(args, "map", json_string(map));
    /* Keeps the line alive while a long table is read. */
    json_object_set_new(args, "progress", json_true());
    if (request->dry_run)
        json_object_set_new(args, "dry_run", json_true());
    json_object_set_new(whole, "v", json_integer(1));
    json_object_set_new(whole, "verb", json_string("import"));
    json_object_set_new(whole, "args", args);
    char *text = json_dumps(whole, JSON_COMPACT);
    json_decref(whole);
    return text;
}

/* An agent that is not there is one thing, an answer that ends in the middle another: then
 * what was taken in is safe, and the same command goes on with it. */
static int gave_up(struct telling *telling, enum rh_err err, bool asked)
{
    clear_line(telling);
    uint64_t refusal = asked ? RH_REFUSE_ANSWER_BROKEN : RH_REFUSE_AGENT_UNREACHABLE;
    char code[RH_REFUSAL_TEXT_BYTES];
    rh_refusal_format((uint32_t)refusal, code);
    fprintf(stderr, "rhub-agent: %s: %s: %s\n", code, rh_refusal_title(refusal),
            telling->request->socket);
    if (asked)
        fprintf(stderr, "  %s\n", _("what was taken in is safe; repeat the import to go on"));
    return err == RH_ERR_TIMEOUT ? RH_EXIT_TIMEOUT
           : asked               ? RH_EXIT_TEMPORARY
                                 : RH_EXIT_UNAVAILABLE;
}

/* The agent may stand in another directory. */
static bool full_path(const char *path, char out[PATH_BYTES])
{
    size_t used = 0;
    bool good = access(path, R_OK) == 0;
    if (good && path[0] != '/') {
        good = getcwd(out, PATH_BYTES - 1) != NULL;
        used = good ? strlen(out) : 0;
        out[used++] = '/';
    }
    good = good && strlen(path) < PATH_BYTES - used;
    if (good)
        memcpy(out + used, path, strlen(path) + 1);
    else
        fprintf(stderr, "rhub-agent: %s: %s\n", rh_err_text(RH_ERR_NOTFOUND), path);
    return good;
}

int agent_import_ask(const struct agent_import_request *request)
{
    char file[PATH_BYTES], map[PATH_BYTES];
    struct rh_local_client *client = NULL;
    struct telling telling = { .request = request, .begun_ms = agent_monotonic_ms(),
                               .terminal = isatty(STDERR_FILENO) == 1, .code = RH_EXIT_OK };
    int end = -1;
    telling.told_ms = telling.begun_ms;
    if (!full_path(request->file, file) || !full_path(request->map, map))
        return RH_EXIT_NOINPUT;
    char *text = make_request(request, file, map);
    enum rh_err err = text == NULL ? RH_ERR_INVALID
                                   : rh_local_client_open(request->socket, CONNECT_MS, &client);
    bool asked = err == RH_OK;
    if (err == RH_OK)
        err = rh_local_client_send(client, text, strlen(text));
    while (err == RH_OK && end < 0) {
        char *line;
        size_t bytes;
        err = rh_local_client_receive(client, ANSWER_MS, &line, &bytes);
        json_t *answer = err == RH_OK ? json_loadb(line, bytes, 0, NULL) : NULL;
        if (err == RH_OK)
            end = take_line(&telling, answer);
        json_decref(answer);
    }
    if (err != RH_OK)
        end = gave_up(&telling, err, asked);
    rh_local_client_close(&client);
    free(text);
    return end;
}
