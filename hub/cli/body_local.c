/* Small commands: what a code means, ends for a table. */
#include "cli/command.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include <rh/refusal.h>
#include <rh/text.h>

#include "load/calendar.h"

enum { PATH_BYTES = 4096 };

/* ---- explain --------------------------------------------------------------------------- */

static json_t *refusal_row(const struct rh_refusal_info *info)
{
    char code[RH_REFUSAL_TEXT_BYTES];
    rh_refusal_format((uint32_t)info->refusal, code);
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:b, s:i}", "object", "refusal", "v", 1,
                     "id", code, "symbol", info->symbol, "title", info->title, "action",
                     info->action, "retriable", info->retriable, "exit", (int)info->exit);
}

enum rh_exit hub_cli_body_explain(struct hub_cli *cli)
{
    enum rh_refusal refusal;
    json_t *rows = json_array();
    const struct rh_refusal_info *info;
    if (cli->word_count == 0) {
        for (size_t i = 0; (info = rh_refusal_at(i)) != NULL; i++)
            json_array_append_new(rows, refusal_row(info));
    } else if (rh_refusal_parse(cli->words[0], &refusal) == RH_OK) {
        json_array_append_new(rows, refusal_row(rh_refusal_find((uint64_t)refusal)));
    } else {
        json_decref(rows);
        return hub_cli_usage(cli, _("there is no such code; rhub explain lists them"),
                             cli->words[0], NULL);
    }
    enum rh_exit code = hub_cli_show(cli, rows);
    json_decref(rows);
    return code;
}

/* ---- deadline compute ------------------------------------------------------------------ */

/* The newest nationwide calendar beside the program, installed or built. */
static bool find_calendar(const struct hub_cli *cli, char out[PATH_BYTES])
{
    char pattern[PATH_BYTES];
    glob_t found;
    int bytes = snprintf(pattern, sizeof pattern, "%s/../share/rhub/rules/calendars/cn*.yaml",
                         cli->parts->program_dir);
    if (bytes < 0 || (size_t)bytes >= sizeof pattern || glob(pattern, 0, NULL, &found) != 0)
        return false;
    snprintf(out, PATH_BYTES, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    return true;
}

static enum rh_exit load_calendar(struct hub_cli *cli, struct rh_calendar *out)
{
    char path[PATH_BYTES], text[RH_LOAD_REPORT_BYTES];
    struct rh_load_report report;
    const char *given = hub_cli_flag_text(cli, "calendar");
    if (given == NULL && !find_calendar(cli, path))
        return hub_cli_usage(cli, _("no calendar is installed here"), "--calendar FILE", NULL);
    rh_load_report_init(&report, text, sizeof text);
    enum rh_err err = rh_load_calendar(given != NULL ? given : path, out, &report);
    if (err == RH_OK)
        return RH_EXIT_OK;
    (void)hub_cli_refuse(cli, RH_REFUSE_CALENDAR_WRONG, NULL, NULL, NULL);
    hub_cli_report(cli, text);
    return err == RH_ERR_NOTFOUND ? RH_EXIT_NOINPUT : RH_EXIT_CONFIG;
}

enum rh_exit hub_cli_body_compute(struct hub_cli *cli)
{
    const char *name = cli->words[0];
    struct rh_calendar *calendar = calloc(1, sizeof *calendar);
    rh_assert(calendar != NULL);
    enum rh_exit code = load_calendar(cli, calendar);
    bool piped = strcmp(name, "-") == 0;
    FILE *in = NULL;
    if (code == RH_EXIT_OK) {
        in = piped ? cli->in : fopen(name, "rb");
        if (in == NULL) {
            fprintf(cli->err, "%s  %s: %s\n", _("error"), name, strerror(errno));
            code = RH_EXIT_NOINPUT;
        }
    }
    if (code == RH_EXIT_OK)
        code = hub_cli_deadline_compute(calendar, cli->parts->compute, piped ? "stdin" : name,
                                        in, cli->out, cli->err);
    if (in != NULL && !piped)
        (void)fclose(in);
    free(calendar);
    return code;
}
