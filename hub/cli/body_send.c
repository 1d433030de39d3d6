/* Bodies that put a request together from files or from words of their own. */
#include "cli/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rh/keyfile.h>
#include <rh/refusal.h>
#include <rh/text.h>

enum { MESSAGE_BYTES_MAX = 512 * 1024, CARD_BYTES_MAX = 4096 };

/* A whole small file, terminated; "-" is standard input. NULL: *code is set. */
static char *read_small(struct hub_cli *cli, const char *path, size_t most, enum rh_exit *code)
{
    bool piped = strcmp(path, "-") == 0;
    FILE *in = piped ? cli->in : fopen(path, "rb");
    if (in == NULL) {
        fprintf(cli->err, "%s  %s: %s\n", _("error"), path, strerror(errno));
        *code = RH_EXIT_NOINPUT;
        return NULL;
    }
    char *text = malloc(most + 2);
    rh_assert(text != NULL);
    size_t bytes = fread(text, 1, most + 1, in);
    bool bad = ferror(in) != 0;
    if (!piped)
        (void)fclose(in);
    text[bytes] = '\0';
    if (bad || bytes > most || strlen(text) != bytes) {
        *code = hub_cli_refuse(cli, bad ? RH_REFUSE_FILE_UNREADABLE : RH_REFUSE_FILE_REFUSED,
                               NULL, NULL, path);
        free(text);
        return NULL;
    }
    return text;
}

/* ---- agency enrol ---------------------------------------------------------------------- */

enum rh_exit hub_cli_body_enrol(struct hub_cli *cli)
{
    enum rh_exit code = RH_EXIT_OK;
    json_t *rows = NULL;
    const char *path = hub_cli_flag_text(cli, "card");
    if (path == NULL)
        return hub_cli_usage(cli, _("an option is missing"), "--card", NULL);
    char *card = read_small(cli, path, CARD_BYTES_MAX, &code);
    if (card == NULL)
        return code;
    json_t *args = hub_cli_args(cli, &code);
    if (args != NULL) {
        json_object_set_new(args, "card", json_string(card));
        code = hub_cli_collect(cli, "agency.enrol", args, &rows);
    }
    if (code == RH_EXIT_OK)
        code = hub_cli_show(cli, rows);
    if (code == RH_EXIT_OK)
        hub_cli_note(cli, "%s", _("compare the fingerprint with the agency by telephone"));
    json_decref(rows);
    json_decref(args);
    free(card);
    return code;
}

/* ---- clock steer ----------------------------------------------------------------------- */

/* "90s", "15m", "2h", "3d" in seconds; false when it is of another form. */
static bool read_span(const char *text, uint64_t *out)
{
    char *end;
    if (text[0] < '0' || text[0] > '9' || strlen(text) > 10)
        return false;
    uint64_t count = strtoull(text, &end, 10);
    uint64_t unit = strcmp(end, "s") == 0 || *end == '\0' ? 1
                    : strcmp(end, "m") == 0               ? 60
                    : strcmp(end, "h") == 0               ? 3600
                    : strcmp(end, "d") == 0               ? 86400
                                                          : 0;
    *out = count * unit;
    return unit != 0;
}

enum rh_exit hub_cli_body_clock_steer(struct hub_cli *cli)
{
    enum rh_exit code = RH_EXIT_OK;
    json_t *rows = NULL;
    uint64_t by_s = 0;
    const char *by = hub_cli_flag_text(cli, "by");
    if (by != NULL && !read_span(by, &by_s))
        return hub_cli_usage(cli, _("a span like 90s, 15m, 2h or 3d is wanted"), by, NULL);
    if ((by == NULL) == (hub_cli_flag_text(cli, "to") == NULL))
        return hub_cli_usage(cli, _("give either --to or --by"), NULL, NULL);
    json_t *args = hub_cli_args(cli, &code);
    if (args == NULL)
        return code;
    if (by != NULL)
        json_object_set_new(args, "by_s", json_integer((json_int_t)by_s));
    code = hub_cli_collect(cli, "clock.steer", args, &rows);
    if (code == RH_EXIT_OK)
        code = hub_cli_show(cli, rows);
    json_decref(rows);
    json_decref(args);
    return code;
}

/* ---- send ------------------------------------------------------------------------------ */

static enum rh_exit read_message(struct hub_cli *cli, json_t **out)
{
    enum rh_exit code = RH_EXIT_OK;
    json_error_t problem;
    char value[300];
    *out = json_object();
    if (cli->word_count == 0)
        return RH_EXIT_OK;
    json_decref(*out);
    *out = NULL;
    char *text = read_small(cli, cli->words[0], MESSAGE_BYTES_MAX, &code);
    if (text == NULL)
        return code;
    *out = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
    free(text);
    if (json_is_object(*out))
        return RH_EXIT_OK;
    snprintf(value, sizeof value, "%s:%d:%d: %.160s", cli->words[0],
             *out == NULL ? problem.line : 1, *out == NULL ? problem.column : 1,
             *out == NULL ? problem.text : "not an object");
    json_decref(*out);
    *out = NULL;
    return hub_cli_refuse(cli, RH_REFUSE_MALFORMED, NULL, NULL, value);
}

/* What the flags say goes before what the file says. */
enum rh_exit hub_cli_body_send(struct hub_cli *cli)
{
    enum rh_exit code;
    json_t *message = NULL, *rows = NULL, *flags = NULL;
    const char *wait = hub_cli_flag_text(cli, "wait");
    const char *wait_s = hub_cli_flag_text(cli, "wait-seconds");
    code = read_message(cli, &message);
    if (code == RH_EXIT_OK)
        flags = hub_cli_args(cli, &code);
    if (code == RH_EXIT_OK) {
        json_object_update(message, flags);
        json_t *args = json_pack("{s:O}", "message", message);
        if (wait != NULL)
            json_object_set_new(args, "wait", json_string(wait));
        if (wait_s != NULL)
            json_object_set_new(args, "wait_s", json_integer(strtoll(wait_s, NULL, 10)));
        hub_cli_wait_longer(cli);
        code = hub_cli_collect(cli, "send", args, &rows);
        json_decref(args);
    }
    if (code == RH_EXIT_OK)
        code = hub_cli_show(cli, rows);
    if (code == RH_EXIT_OK)
        code = hub_cli_judge(cli, rows);
    json_decref(rows);
    json_decref(flags);
    json_decref(message);
    return code;
}

/* ---- import ---------------------------------------------------------------------------- */

struct importing {
    struct hub_cli *cli;
    json_t *rows;     /* errors of rows, then the figures */
    uint64_t begun_ms, told_ms; /* of this machine's monotonic clock */
};

static uint64_t monotonic_ms(void)
{
    struct timespec now;
    rh_assert(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

enum { LONG_MS = 10000 };

/* One line that is written over on a terminal, else a line every ten seconds. */
static void tell_progress(struct importing *importing, const json_t *row)
{
    struct hub_cli *cli = importing->cli;
    uint64_t now_ms = monotonic_ms();
    double bytes = json_number_value(json_object_get(row, "bytes"));
    double total = json_number_value(json_object_get(row, "bytes_total"));
    if (cli->options.quiet || cli->options.silent ||
        (!cli->err_tty && now_ms - importing->told_ms < LONG_MS))
        return;
    double part = total > 0 && bytes <= total ? bytes / total : 0;
    double spent_s = (double)(now_ms - importing->begun_ms + 1) / 1000;
    double rows = json_number_value(json_object_get(row, "rows"));
    importing->told_ms = now_ms;
    fputs(cli->err_tty ? "\r\033[K" : "", cli->err);
    fprintf(cli->err, _("rows: %lld, new: %lld, bad: %lld, %.0f/s, %.0f %%"),
            (long long)rows, (long long)json_integer_value(json_object_get(row, "new")),
            (long long)json_integer_value(json_object_get(row, "failed")), rows / spent_s,
            part * 100);
    if (now_ms - importing->begun_ms >= LONG_MS && part > 0)
        fprintf(cli->err, _(", %llu s spent, about %.0f s left"),
                (unsigned long long)spent_s, spent_s * (1 - part) / part);
    fputs(cli->err_tty ? "" : "\n", cli->err);
    (void)fflush(cli->err);
}

static bool take_imported(void *context, json_t *row)
{
    struct importing *importing = context;
    const char *object = json_string_value(json_object_get(row, "object"));
    if (object != NULL && strcmp(object, "import_progress") == 0)
        tell_progress(importing, row);
    else if (json_array_size(importing->rows) < HUB_CLI_ROWS_KEPT_MAX)
        json_array_append(importing->rows, row);
    return true;
}

/* Rows of a kind, for a form that has one header. */
static json_t *only(const json_t *rows, const char *object)
{
    json_t *out = json_array();
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)(uintptr_t)rows, i, row) { /* only looked at */
        const char *own = json_string_value(json_object_get(row, "object"));
        if (own != NULL && strcmp(own, object) == 0)
            json_array_append(out, row);
    }
    return out;
}

/* What was imported, and which lines were not. A table with an error ends with 65, the rows
 * without one are taken. */
enum rh_exit hub_cli_body_import(struct hub_cli *cli)
{
    enum rh_exit code = RH_EXIT_OK;
    struct importing importing = { .cli = cli, .rows = json_array(),
                                   .begun_ms = monotonic_ms(),
                                   .told_ms = monotonic_ms() };
    json_t *args = hub_cli_args(cli, &code);
    if (args != NULL) {
        json_object_set_new(args, "progress", json_true()); /* and a sign of life */
        code = hub_cli_request(cli, "import", args, take_imported, &importing, NULL);
        fputs(cli->err_tty ? "\r\033[K" : "", cli->err);
    }
    json_t *errors = only(importing.rows, "row_error");
    if (code == RH_EXIT_OK &&
        (cli->options.format == HUB_CLI_CSV || cli->options.format == HUB_CLI_TSV)) {
        json_t *figures = only(importing.rows, "imported");
        code = hub_cli_show(cli, figures);
        json_decref(figures);
        if (json_array_size(errors) > 0)
            hub_cli_note(cli, _("lines not taken: %llu; -o jsonl lists them"),
                         (unsigned long long)json_array_size(errors));
    } else if (code == RH_EXIT_OK) {
        code = hub_cli_show(cli, importing.rows);
    }
    if (code == RH_EXIT_OK && json_array_size(errors) > 0)
        code = RH_EXIT_DATA;
    json_decref(errors);
    json_decref(importing.rows);
    json_decref(args);
    return code;
}
