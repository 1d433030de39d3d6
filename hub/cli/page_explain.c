/* `rhub deadline explain`: every step of the computation, clock by clock. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include <rh/date.h>
#include <rh/glossary.h>
#include <rh/text.h>

enum { LABEL = 12 }; /* the widest label and a blank */

static void label(struct hub_cli *cli, const char *text)
{
    hub_cli_pad(cli->out, text, LABEL, false);
}

static char *shown(const struct hub_cli *cli, const json_t *row, const char *path,
                   enum hub_cli_field_type type, const char *group)
{
    const struct hub_cli_field field = { .object = "explanation", .path = path, .title = "",
                                         .type = type, .group = group };
    return hub_cli_field_text(cli, &field, row);
}

static long long number(const json_t *row, const char *path)
{
    return (long long)json_integer_value(hub_cli_path(row, path));
}

static void print_rule(struct hub_cli *cli, const json_t *row)
{
    char *title = shown(cli, row, "limit", HUB_CLI_FIELD_TITLED, NULL);
    char *limit = shown(cli, row, "limit", HUB_CLI_FIELD_TEXT, NULL);
    char *procedure = shown(cli, row, "procedure", HUB_CLI_FIELD_TEXT, NULL);
    char *basis = shown(cli, row, "basis", HUB_CLI_FIELD_WORD, "deadlines");
    char *instrument = shown(cli, row, "instrument", HUB_CLI_FIELD_TEXT, NULL);
    char *verification = shown(cli, row, "verification", HUB_CLI_FIELD_TEXT, NULL);
    char *area = shown(cli, row, "local_area", HUB_CLI_FIELD_TEXT, NULL);
    char *owed_by = shown(cli, row, "owed_by", HUB_CLI_FIELD_AGENCY, NULL);
    char *status = shown(cli, row, "status", HUB_CLI_FIELD_WORD, "deadlines");
    label(cli, _("step"));
    fprintf(cli->out, _("%s (%s)   rule %s, version %lld   owed by %s   %s"), title, limit,
            procedure, number(row, "procedure_version"), owed_by, status);
    fputc('\n', cli->out);
    label(cli, _("basis"));
    fprintf(cli->out, "%s  %s", basis, instrument);
    if (strcmp(verification, "policy") != 0 && verification[0] != '\0')
        fprintf(cli->out, "  [%s]", verification);
    if (area[0] != '\0')
        fprintf(cli->out, _("   (setting of area %s)"), area);
    fputc('\n', cli->out);
    free(area);
    free(verification);
    free(status);
    free(owed_by);
    free(instrument);
    free(basis);
    free(procedure);
    free(limit);
    free(title);
}

void hub_cli_count_text(const char *unit, long long n, char *out, size_t capacity)
{
    const unsigned long long count = (unsigned long long)n;
    const char *format = "%lld";
    if (strcmp(unit, "hour") == 0)
        format = rh_text_count("%lld hour", "%lld hours", count);
    else if (strcmp(unit, "calendar_day") == 0)
        format = rh_text_count("%lld calendar day", "%lld calendar days", count);
    else if (strcmp(unit, "working_day") == 0)
        format = rh_text_count("%lld working day", "%lld working days", count);
    else if (strcmp(unit, "month") == 0)
        format = rh_text_count("%lld month", "%lld months", count);
    else if (strcmp(unit, "month_criminal") == 0)
        format = rh_text_count("%lld month (criminal)", "%lld months (criminal)", count);
    snprintf(out, capacity, format, n);
}

static void print_span(struct hub_cli *cli, const char *unit, long long n)
{
    char text[80];
    hub_cli_count_text(unit, n, text, sizeof text);
    fputs(text, cli->out);
}

static void print_start(struct hub_cli *cli, const json_t *row)
{
    char *at = shown(cli, row, "started_at", HUB_CLI_FIELD_AT, NULL);
    char *unit = shown(cli, row, "unit", HUB_CLI_FIELD_TEXT, NULL);
    bool hours = strcmp(unit, "hour") == 0;
    label(cli, _("begins"));
    fprintf(cli->out, "%s  #%lld", at, number(row, "started_by"));
    if (!hours)
        fprintf(cli->out, "  %s", _("(the day itself is not counted)"));
    fputc('\n', cli->out);
    if (number(row, "first_generation") > 0) {
        label(cli, "");
        fprintf(cli->out,
                _("stored first at %s, receipt of generation %lld; stored again in #%lld"), at,
                number(row, "first_generation"), number(row, "started_by"));
        fputc('\n', cli->out);
    }
    label(cli, _("period"));
    if (json_is_true(json_object_get(row, "sender_set"))) {
        fprintf(cli->out, "%s\n", _("a date set by the sender"));
    } else {
        print_span(cli, unit, number(row, "n"));
        if (number(row, "round") > 0)
            fprintf(cli->out, _(", time %lld"), number(row, "round") + 1);
        char *calendar = shown(cli, row, "calendar.version", HUB_CLI_FIELD_TEXT, NULL);
        char *through = shown(cli, row, "calendar.valid_through", HUB_CLI_FIELD_TEXT, NULL);
        char *id = shown(cli, row, "calendar.id", HUB_CLI_FIELD_TEXT, NULL);
        if (calendar[0] != '\0')
            fprintf(cli->out, _("   calendar %s %s, valid through %s"), id, calendar, through);
        fputc('\n', cli->out);
        free(id);
        free(through);
        free(calendar);
    }
    free(unit);
    free(at);
}

/* "11-14 Saturday": the date without its year, and what it is. */
static void print_day(struct hub_cli *cli, const json_t *day)
{
    const char *date = json_string_value(json_object_get(day, "date"));
    char *name = shown(cli, day, "name", HUB_CLI_FIELD_TEXT, NULL);
    char *kind = shown(cli, day, "kind", HUB_CLI_FIELD_WORD, "days");
    fprintf(cli->out, "%s %s", date != NULL && strlen(date) == 10 ? date + 5 : "",
            name[0] != '\0' ? name : kind);
    free(kind);
    free(name);
}

/* Where the count ended, when that day could not be the last. */
static void print_nominal(struct hub_cli *cli, const json_t *days)
{
    size_t i;
    const json_t *day, *counted = NULL;
    json_array_foreach(days, i, day) {
        const char *role = json_string_value(json_object_get(day, "role"));
        if (role != NULL && strcmp(role, "counted") == 0)
            counted = day;
        if (role == NULL || strcmp(role, "moved") != 0 || counted == NULL)
            continue;
        label(cli, _("falls on"));
        print_day(cli, counted);
        fputc('\n', cli->out);
        return;
    }
}

/* Why a last day off is the last day all the same. */
static void print_kept(struct hub_cli *cli, const json_t *row)
{
    char *fact = shown(cli, row, "no_roll_fact", HUB_CLI_FIELD_WORD, "facts");
    if (fact[0] != '\0') {
        label(cli, _("stays"));
        fprintf(cli->out, _("the last day stays even on a day off: %s"), fact);
        fputc('\n', cli->out);
    }
    free(fact);
}

static void print_days_of(struct hub_cli *cli, const char *title, const json_t *days,
                          const char *role)
{
    enum { SHOWN_MAX = 24 };
    size_t i, count = 0;
    const json_t *day;
    json_array_foreach(days, i, day) {
        const char *own = json_string_value(json_object_get(day, "role"));
        if (own == NULL || strcmp(own, role) != 0)
            continue;
        if (count == 0)
            label(cli, title);
        if (count < SHOWN_MAX) {
            fputs(count > 0 ? ", " : "", cli->out);
            print_day(cli, day);
        }
        count++;
    }
    if (count > SHOWN_MAX)
        fprintf(cli->out, _(" and %llu more"), (unsigned long long)(count - SHOWN_MAX));
    if (count > 0)
        fputc('\n', cli->out);
}

static void print_pauses(struct hub_cli *cli, const json_t *row)
{
    size_t i;
    const json_t *item;
    const json_t *pauses = json_object_get(row, "pauses");
    const json_t *extensions = json_object_get(row, "extensions");
    label(cli, _("pauses"));
    fputs(json_array_size(pauses) == 0 ? _("none") : "", cli->out);
    json_array_foreach(pauses, i, item) {
        char *from = shown(cli, item, "from_at", HUB_CLI_FIELD_AT, NULL);
        char *to = shown(cli, item, "to_at", HUB_CLI_FIELD_AT, NULL);
        fprintf(cli->out, "%s%s - %s", i > 0 ? ", " : "", from,
                to[0] != '\0' ? to : _("still"));
        free(to);
        free(from);
    }
    fprintf(cli->out, "     %s  ", _("extensions"));
    fputs(json_array_size(extensions) == 0 ? _("none") : "", cli->out);
    json_array_foreach(extensions, i, item) {
        const char *unit = json_string_value(json_object_get(item, "unit"));
        fputs(i > 0 ? ", " : "", cli->out);
        print_span(cli, unit == NULL ? "" : unit, number(item, "n"));
    }
    fputc('\n', cli->out);
}

/* A job derives again what runs or is paused, nothing else. */
static bool is_live(const json_t *row)
{
    const char *status = json_string_value(json_object_get(row, "status"));
    return status != NULL && (strcmp(status, "running") == 0 || strcmp(status, "paused") == 0);
}

static void print_end(struct hub_cli *cli, const json_t *row)
{
    char *end = shown(cli, row, "end_at", HUB_CLI_FIELD_END, NULL);
    const char *utc = json_string_value(json_object_get(row, "end_at"));
    label(cli, _("ends"));
    if (utc == NULL)
        fprintf(cli->out, "%s\n", _("no date while it is paused"));
    else
        fprintf(cli->out, _("%s (%s) = before %s%s"), end, hub_cli_zone_name(), utc,
                json_is_true(json_object_get(row, "provisional"))
                    ? _("   PROVISIONAL: the holidays are not announced yet")
                    : "");
    if (utc != NULL)
        fputc('\n', cli->out);
    if (json_is_false(json_object_get(row, "agrees")))
        fprintf(cli->out, "%*s%s\n", LABEL, "",
                is_live(row)
                    ? _("The calendar in force would give another date; it is on its way.")
                    : _("The calendar in force would give another date; what has ended or "
                        "was missed keeps its own."));
    free(end);
}

static void print_now(struct hub_cli *cli, const json_t *row)
{
    char *now = shown(cli, row, "now_at", HUB_CLI_FIELD_AT, NULL);
    char *over = shown(cli, row, "overdue_s", HUB_CLI_FIELD_SPAN, NULL);
    char *left = shown(cli, row, "left_s", HUB_CLI_FIELD_SPAN, NULL);
    char *ended = shown(cli, row, "ended_at", HUB_CLI_FIELD_AT, NULL);
    label(cli, _("now"));
    fputs(now, cli->out);
    if (ended[0] != '\0')
        fprintf(cli->out, _("   ended %s"), ended);
    if (over[0] != '\0')
        fprintf(cli->out, _("   over by %s"), over);
    else if (left[0] != '\0')
        fprintf(cli->out, _("   %s left"), left);
    fputc('\n', cli->out);
    free(ended);
    free(left);
    free(over);
    free(now);
}

static void print_ladder(struct hub_cli *cli, const json_t *row)
{
    size_t i;
    const json_t *rung;
    const json_t *ladder = json_object_get(row, "ladder");
    if (json_array_size(ladder) == 0)
        return;
    label(cli, _("then"));
    json_array_foreach(ladder, i, rung) {
        char *at = shown(cli, rung, "at", HUB_CLI_FIELD_AT, NULL);
        char *action = shown(cli, rung, "action", HUB_CLI_FIELD_WORD, "kinds");
        char *to = shown(cli, rung, "to", HUB_CLI_FIELD_WORD, "actors");
        fprintf(cli->out, _("%slevel %lld: %s to %s %s%s"), i > 0 ? "; " : "",
                number(rung, "level"), action, to, at,
                json_is_true(json_object_get(rung, "fired")) ? _(" (done)") : "");
        free(to);
        free(action);
        free(at);
    }
    fputc('\n', cli->out);
}

/* The answer is an earlier one: of when, and by which records. */
static void print_known(struct hub_cli *cli, const json_t *row)
{
    char *at = shown(cli, row, "known_at", HUB_CLI_FIELD_AT, NULL);
    if (at[0] != '\0') {
        label(cli, _("as known on"));
        fprintf(cli->out, "%s   ", at);
        fprintf(cli->out, _("the rules of record #%lld and the calendar of record #%lld"),
                number(row, "rules_index"), number(row, "calendar_index"));
        fputc('\n', cli->out);
    }
    free(at);
}

static void print_move(struct hub_cli *cli, const json_t *move)
{
    char *at = shown(cli, move, "at", HUB_CLI_FIELD_AT, NULL);
    char *was = shown(cli, move, "was_end_at", HUB_CLI_FIELD_END, NULL);
    char *now = shown(cli, move, "end_at", HUB_CLI_FIELD_END, NULL);
    char *why = shown(cli, move, "why", HUB_CLI_FIELD_TEXT, NULL);
    char reason[256];
    hub_cli_why_text(why, reason, sizeof reason);
    fprintf(cli->out, _("%s: due moved from %s to %s (%s, record #%lld)"), at, was, now, reason,
            number(move, "log_index"));
    fprintf(cli->out, "; ");
    free(why);
    free(now);
    free(was);
    free(at);
}

/* What became of the clock since the day asked about. */
static void print_since(struct hub_cli *cli, const json_t *row)
{
    size_t i;
    const json_t *move;
    const json_t *since = json_object_get(row, "since");
    if (!json_is_object(since))
        return;
    label(cli, _("since then"));
    if (json_is_false(json_object_get(since, "changed"))) {
        fprintf(cli->out, "%s\n", _("nothing has changed"));
        return;
    }
    if (json_is_false(json_object_get(since, "kept"))) {
        fprintf(cli->out, "%s\n", _("not among its clocks any more"));
        return;
    }
    json_array_foreach(json_object_get(since, "moves"), i, move) {
        const char *was = json_string_value(json_object_get(move, "was_end_at"));
        const char *end = json_string_value(json_object_get(move, "end_at"));
        if (was != NULL && end != NULL && strcmp(was, end) == 0)
            fprintf(cli->out, "%s; ", _("the date is firm now"));
        else
            print_move(cli, move);
    }
    char *status = shown(cli, since, "status", HUB_CLI_FIELD_WORD, "deadlines");
    char *end = shown(cli, since, "end_at", HUB_CLI_FIELD_END, NULL);
    fprintf(cli->out, _("now %s"), status);
    fprintf(cli->out, end[0] != '\0' ? ", " : "");
    if (end[0] != '\0')
        fprintf(cli->out, _("now due %s"), end);
    fputc('\n', cli->out);
    free(end);
    free(status);
}

void hub_cli_page_explain(struct hub_cli *cli, const json_t *rows)
{
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) {
        const json_t *days = json_object_get(row, "days");
        fputs(i > 0 ? "\n" : "", cli->out);
        print_rule(cli, row);
        print_known(cli, row);
        print_start(cli, row);
        print_days_of(cli, _("skipped"), days, "skipped");
        print_days_of(cli, _("stood"), days, "paused");
        print_nominal(cli, days);
        print_days_of(cli, _("moved"), days, "moved");
        print_kept(cli, row);
        print_pauses(cli, row);
        print_end(cli, row);
        print_now(cli, row);
        print_ladder(cli, row);
        print_since(cli, row);
        if (cli->options.verbose > 0 && json_array_size(days) > 0)
            hub_cli_table(cli, "day", days);
    }
    if (json_array_size(rows) == 0)
        hub_cli_note(cli, "%s", _("this referral has no clock"));
}
