/* `rhub status`: one page that says in five seconds whether anything is late, stuck or off. */
#include "cli/command.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rh/glossary.h>
#include <rh/refusal.h>
#include <rh/text.h>

enum { RIGHT_AT = 44, LABEL = 10, COUNT = 4 };

/* Text that grows; what rows say goes in only escaped. */
struct cell {
    char text[400];
    size_t used;
};

static void put(struct cell *cell, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct cell *cell, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(cell->text + cell->used, sizeof cell->text - cell->used, format,
                          arguments);
    va_end(arguments);
    if (bytes > 0)
        cell->used += (size_t)bytes;
    if (cell->used >= sizeof cell->text)
        cell->used = sizeof cell->text - 1;
}

static void put_label(struct cell *cell, const char *label)
{
    uint32_t width = hub_cli_width(label);
    put(cell, "%s%*s", label, width < LABEL ? (int)(LABEL - width) : 1, "");
}

static long long number(const json_t *row, const char *path)
{
    return (long long)json_integer_value(hub_cli_path(row, path));
}

static char *shown(const struct hub_cli *cli, const json_t *row, const char *path,
                   enum hub_cli_field_type type)
{
    const struct hub_cli_field field = { .object = "status", .path = path, .title = "",
                                         .type = type };
    return hub_cli_field_text(cli, &field, row);
}

static void put_shown(struct cell *cell, const struct hub_cli *cli, const char *format,
                      const json_t *row, const char *path, enum hub_cli_field_type type)
    __attribute__((format(printf, 3, 0)));

/* The sentence with the value in it, or nothing when there is no value. */
static void put_shown(struct cell *cell, const struct hub_cli *cli, const char *format,
                      const json_t *row, const char *path, enum hub_cli_field_type type)
{
    char *text = shown(cli, row, path, type);
    if (text[0] != '\0')
        put(cell, format, text);
    free(text);
}

static void print_pair(FILE *out, const struct cell *left, const struct cell *right)
{
    if (right->used == 0) {
        fprintf(out, "%s\n", left->text);
        return;
    }
    hub_cli_pad(out, left->text, RIGHT_AT, false);
    fprintf(out, "  %s\n", right->text);
}

static const char *condition_word(const json_t *row)
{
    const char *condition = json_string_value(json_object_get(row, "condition"));
    if (condition == NULL || strcmp(condition, "ok") == 0)
        return _("in order");
    return strcmp(condition, "held") == 0 ? _("INTAKE HELD") : _("TIMERS HELD");
}

static void print_first(struct hub_cli *cli, const json_t *row)
{
    struct cell cell = { .used = 0 };
    put_shown(&cell, cli, _("hub %s"), row, "hub", HUB_CLI_FIELD_TEXT);
    put(&cell, "   %s", condition_word(row));
    put_shown(&cell, cli, _("   up %s"), row, "uptime_s", HUB_CLI_FIELD_SPAN);
    if (json_is_true(json_object_get(row, "test")))
        put_shown(&cell, cli, _("   test clock %s"), row, "now_at", HUB_CLI_FIELD_AT);
    else
        put_shown(&cell, cli, _("   wall clock %s"), row, "clock_skew_ms",
                  HUB_CLI_FIELD_SKEW);
    put(&cell, _("   log #%lld, published to #%lld"), number(row, "log.records"),
        number(row, "log.published"));
    fprintf(cli->out, "%s\n", cell.text);
    char *why = shown(cli, row, "held_text", HUB_CLI_FIELD_TEXT);
    char *code = shown(cli, row, "held_code", HUB_CLI_FIELD_CODE);
    if (json_is_true(json_object_get(row, "firing_held")) &&
        !json_is_true(json_object_get(row, "intake_held")))
        fprintf(cli->out, "%s\n",
                _("the clock is not believed: intake goes on, no deadline is judged until "
                  "rhub clock confirm"));
    else if (why[0] != '\0' || code[0] != '\0')
        fprintf(cli->out, "%s  %s\n", code, why);
    free(code);
    free(why);
}

static void print_overdue(struct hub_cli *cli, const json_t *row)
{
    struct cell left = { .used = 0 }, right = { .used = 0 };
    put_label(&left, _("overdue"));
    put(&left, "%*lld", COUNT, number(row, "overdue.count"));
    char *span = shown(cli, row, "overdue.oldest_s", HUB_CLI_FIELD_SPAN);
    char *agency = shown(cli, row, "overdue.owed_by", HUB_CLI_FIELD_AGENCY);
    if (span[0] != '\0')
        put(&left, _("   (longest %s, %s)"), span, agency);
    put_label(&right, _("unsigned"));
    put(&right, "%*lld", COUNT, number(row, "unsigned.count"));
    put_shown(&right, cli, _("   oldest %s"), row, "unsigned.oldest_s", HUB_CLI_FIELD_SPAN);
    print_pair(cli->out, &left, &right);
    free(agency);
    free(span);
}

static void print_soon(struct hub_cli *cli, const json_t *row)
{
    struct cell left = { .used = 0 }, right = { .used = 0 };
    put_label(&left, _("due soon"));
    put(&left, "%*lld%s", COUNT, number(row, "due_3wd"),
        json_is_true(json_object_get(row, "due_more")) ? "+" : "");
    put(&left, _("   (today %lld)"), number(row, "due_today"));
    put_label(&right, _("dead"));
    put(&right, "%*lld", COUNT, number(row, "dead.count"));
    put_shown(&right, cli, _("   cause: %s"), row, "dead.cause", HUB_CLI_FIELD_CODE);
    print_pair(cli->out, &left, &right);
}

static void print_offline(struct hub_cli *cli, const json_t *row)
{
    struct cell left = { .used = 0 }, right = { .used = 0 };
    const json_t *first = json_array_get(hub_cli_path(row, "agencies.offline"), 0);
    long long total = number(row, "agencies.total");
    put_label(&left, _("suspended"));
    put(&left, "%*lld", COUNT, number(row, "suspended"));
    put_label(&right, _("offline"));
    put(&right, "%lld/%lld", total - number(row, "agencies.online"), total);
    if (first != NULL) {
        put_shown(&right, cli, "   %s", first, "agency", HUB_CLI_FIELD_AGENCY);
        put_shown(&right, cli, _(", gone for %s"), first, "since_s", HUB_CLI_FIELD_SPAN);
    }
    print_pair(cli->out, &left, &right);
}

static void print_store(struct hub_cli *cli, const json_t *row)
{
    struct cell left = { .used = 0 }, right = { .used = 0 };
    put_label(&left, _("disk"));
    if (json_is_integer(hub_cli_path(row, "disk.used_percent")))
        put(&left, _("%lld %% used, "), number(row, "disk.used_percent"));
    put(&left, _("store %lld %%"), number(row, "disk.map_percent"));
    put_label(&right, _("open"));
    put(&right, "%*lld", COUNT, number(row, "open"));
    put(&right, _("   in progress %lld, queued %lld"), number(row, "in_progress"),
        number(row, "queue"));
    print_pair(cli->out, &left, &right);
    if (json_is_true(hub_cli_path(row, "views.damaged")))
        fprintf(cli->out, "%s\n", _("a row of the views is damaged: rhub check store"));
    else if (number(row, "views.mended") > 0)
        fprintf(cli->out, _("damaged rows of the views made anew: %lld (rhub check store)\n"),
                number(row, "views.mended"));
}

/* What runs in steps behind the daily work; a line only while something does. */
static void print_jobs(struct hub_cli *cli, const json_t *row)
{
    size_t i;
    const json_t *job;
    json_array_foreach(json_object_get(row, "jobs"), i, job) {
        struct cell cell = { .used = 0 };
        put_label(&cell, _("job"));
        put(&cell, _("%*lld   %s: %lld of %lld done, %lld changed"), COUNT, number(job, "id"),
            rh_word("jobs", json_string_value(json_object_get(job, "kind"))),
            number(job, "done"), number(job, "total"), number(job, "changed"));
        fprintf(cli->out, "%s\n", cell.text);
    }
}

/* The last step of a succession; a line only while one is due. */
static void print_revoke_due(struct hub_cli *cli, const json_t *row)
{
    size_t i;
    const json_t *id;
    json_array_foreach(hub_cli_path(row, "agencies.revoke_due"), i, id) {
        const char *text = json_string_value(id);
        if (text != NULL)
            fprintf(cli->out, _("others have all of %s, its keys are still valid: rhub agency "
                                "revoke %s\n"), text, text);
    }
}

/* What to look at next: one line, the most pressing. */
static void print_next(struct hub_cli *cli, const json_t *row)
{
    const char *next = NULL;
    if (json_is_true(json_object_get(row, "intake_held")))
        next = "rhub check all";
    else if (json_is_true(json_object_get(row, "firing_held")))
        next = "rhub clock show";
    else if (number(row, "overdue.count") > 0)
        next = "rhub deadline board --due overdue";
    else if (number(row, "dead.count") > 0)
        next = "rhub dead list";
    else if (number(row, "due_today") > 0)
        next = "rhub deadline board --due today";
    if (next != NULL)
        fprintf(cli->out, "%s %s\n", _("next:"), next);
}

void hub_cli_page_status(struct hub_cli *cli, const json_t *rows)
{
    const json_t *row = json_array_get(rows, 0);
    if (row == NULL)
        return;
    print_first(cli, row);
    print_overdue(cli, row);
    print_soon(cli, row);
    print_offline(cli, row);
    print_store(cli, row);
    print_jobs(cli, row);
    print_revoke_due(cli, row);
    print_next(cli, row);
}
