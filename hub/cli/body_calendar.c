/* Calendars and rules handed to the hub as what stands in them: the hub's user need not be able
 * to read the operator's files. */
#include "cli/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rh/text.h>

#include "load/sources.h"

enum {
    FILE_BYTES_MAX = 512 * 1024,
    PATIENCE_MS = 600 * 1000 /* every open referral is looked at before the first line comes */
};

/* The text of a file; caller frees. NULL: told, *code set. */
static char *read_text(struct hub_cli *cli, const char *path, enum rh_exit *code)
{
    bool piped = strcmp(path, "-") == 0;
    FILE *file = piped ? cli->in : fopen(path, "rb");
    char *text = malloc(FILE_BYTES_MAX + 2);
    rh_assert(text != NULL);
    size_t bytes = file == NULL ? 0 : fread(text, 1, FILE_BYTES_MAX + 1, file);
    *code = RH_EXIT_OK;
    if (file == NULL || ferror(file)) {
        fprintf(cli->err, "%s  %s: %s\n", _("error"), path, strerror(errno));
        *code = RH_EXIT_NOINPUT;
    } else if (bytes > FILE_BYTES_MAX || memchr(text, 0, bytes) != NULL) {
        fprintf(cli->err, "%s  %s: %s\n", _("error"), path,
                _("this is no text, or more than 512 KiB"));
        *code = RH_EXIT_DATA;
    }
    if (file != NULL && !piped)
        (void)fclose(file);
    text[bytes <= FILE_BYTES_MAX ? bytes : 0] = '\0';
    if (*code == RH_EXIT_OK)
        return text;
    free(text);
    return NULL;
}

static enum rh_exit put_text(struct hub_cli *cli, json_t *args, const char *key,
                             const char *path)
{
    enum rh_exit code;
    char *text = read_text(cli, path, &code);
    json_t *value = text == NULL ? NULL : json_string(text);
    if (text != NULL && value == NULL) {
        fprintf(cli->err, "%s  %s: %s\n", _("error"), path, _("this is not UTF-8"));
        code = RH_EXIT_DATA;
    }
    if (value != NULL)
        json_object_set_new(args, key, value);
    free(text);
    return code;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static enum rh_exit ask(struct hub_cli *cli, const char *verb, json_t *args)
{
    json_t *rows = NULL;
    cli->options.timeout_ms += PATIENCE_MS;
    enum rh_exit code = hub_cli_collect(cli, verb, args, &rows);
    if (code == RH_EXIT_OK)
        code = hub_cli_show(cli, rows);
    json_decref(rows);
    return code;
}

/* ---- calendar import -------------------------------------------------------------------- */

enum rh_exit hub_cli_body_calendar_import(struct hub_cli *cli)
{
    enum rh_exit code = RH_EXIT_OK;
    const char *path = cli->words[0];
    const char *reason = cli->options.dry_run ? cli->options.reason
                                              : hub_cli_reason(cli, &code);
    if (code != RH_EXIT_OK)
        return code;
    json_t *args = json_object();
    if (reason != NULL)
        json_object_set_new(args, "reason", json_string(reason));
    json_object_set_new(args, "name", json_string(base_name(path)));
    json_object_set_new(args, "dry_run", json_boolean(cli->options.dry_run));
    code = put_text(cli, args, "text", path);
    if (code == RH_EXIT_OK)
        code = ask(cli, "calendar.import", args);
    json_decref(args);
    return code;
}

void hub_cli_page_import(struct hub_cli *cli, const json_t *rows)
{
    const json_t *row = json_array_get(rows, 0);
    hub_cli_card(cli, rows);
    long long job = (long long)json_integer_value(json_object_get(row, "job"));
    if (json_is_true(json_object_get(row, "already_in_force")))
        hub_cli_note(cli, "%s",
                     _("exactly this calendar is in force already; nothing was done"));
    else if (json_is_true(json_object_get(row, "dry_run")))
        hub_cli_note(cli, "%s", _("only tried; nothing was changed"));
    else if (job != 0)
        hub_cli_note(cli, _("open dates are derived again: rhub job show %lld"), job);
}

/* ---- deadline simulate ------------------------------------------------------------------ */

static void put_file(json_t *files, const char *name, const char *text)
{
    json_array_append_new(files, json_pack("{s:s, s:s}", "name", name, "text", text));
}

static enum rh_exit put_directory(struct hub_cli *cli, json_t *files, const char *path)
{
    char text[RH_LOAD_REPORT_BYTES];
    struct rh_load_report report;
    struct rh_load_sources *sources = calloc(1, sizeof *sources);
    rh_assert(sources != NULL);
    rh_load_report_init(&report, text, sizeof text);
    enum rh_err err = rh_load_sources_read(sources, path, &report);
    if (err != RH_OK)
        hub_cli_report(cli, text);
    for (size_t i = 0; err == RH_OK && i < sources->count; i++)
        put_file(files, sources->list[i].name, sources->list[i].text);
    rh_load_sources_close(sources);
    free(sources);
    return err == RH_OK ? RH_EXIT_OK : RH_EXIT_CONFIG;
}

/* One file: settings, or a procedure, by its name. */
static enum rh_exit put_one(struct hub_cli *cli, json_t *files, const char *path)
{
    enum rh_exit code;
    char name[RH_LOAD_NAME_BYTES_MAX + 1];
    const char *base = base_name(path);
    char *text = read_text(cli, path, &code);
    int bytes = snprintf(name, sizeof name, "%s%s",
                         strcmp(base, "settings.yaml") == 0 ? "" : "procedures/", base);
    if (text != NULL && bytes > 0 && (size_t)bytes < sizeof name)
        put_file(files, name, text);
    else if (text != NULL)
        code = hub_cli_usage(cli, _("this file name is too long"), base, NULL);
    free(text);
    return code;
}

static enum rh_exit put_rules(struct hub_cli *cli, json_t *args, const char *path)
{
    struct stat about;
    json_t *files = json_array();
    bool whole = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
    enum rh_exit code = whole ? put_directory(cli, files, path) : put_one(cli, files, path);
    json_object_set_new(args, "files", files);
    json_object_set_new(args, "whole", json_boolean(whole));
    return code;
}

/* Counts by procedure, or with --list each date; of those there may be none. */
void hub_cli_page_simulate(struct hub_cli *cli, const json_t *rows)
{
    const bool list = hub_cli_flag(cli, "list")->count > 0;
    if (json_array_size(rows) == 0)
        hub_cli_note(cli, "%s",
                     list ? _("no open date would move") : _("no referral is open"));
    else
        (void)hub_cli_sheet(cli, cli->command->object, rows);
}

enum rh_exit hub_cli_body_simulate(struct hub_cli *cli)
{
    const char *rules = hub_cli_flag_text(cli, "rules");
    const char *calendar = hub_cli_flag_text(cli, "calendar");
    if (rules == NULL && calendar == NULL)
        return hub_cli_usage(cli, _("an option is missing"), "--rules, --calendar", NULL);
    enum rh_exit code;
    json_t *args = hub_cli_args(cli, &code);
    if (args == NULL)
        return code;
    if (rules != NULL)
        code = put_rules(cli, args, rules);
    if (code == RH_EXIT_OK && calendar != NULL) {
        json_object_set_new(args, "calendar_name", json_string(base_name(calendar)));
        code = put_text(cli, args, "calendar", calendar);
    }
    if (code == RH_EXIT_OK)
        code = ask(cli, "deadline.simulate", args);
    json_decref(args);
    return code;
}
