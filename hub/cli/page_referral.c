/* One referral: what it is, then its clocks, then its parts. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include <rh/glossary.h>
#include <rh/text.h>

static void print_list(struct hub_cli *cli, const char *title, const json_t *list)
{
    size_t i;
    const json_t *item;
    if (json_array_size(list) == 0)
        return;
    fprintf(cli->out, "\n%s  ", title);
    json_array_foreach(list, i, item) {
        char *raw = hub_cli_raw_text(item);
        char *text = hub_cli_escape(raw, strlen(raw));
        fprintf(cli->out, "%s%s", i > 0 ? ", " : "", text);
        free(text);
        free(raw);
    }
    fputc('\n', cli->out);
}

static void print_children(struct hub_cli *cli, const json_t *children)
{
    size_t i;
    const json_t *child;
    if (json_array_size(children) == 0)
        return;
    fprintf(cli->out, "\n%s\n", _("parts"));
    json_array_foreach(children, i, child) {
        const char *state = json_string_value(json_object_get(child, "state"));
        char *id = hub_cli_raw_text(json_object_get(child, "id"));
        char *to = hub_cli_raw_text(json_object_get(child, "to"));
        char *line = hub_cli_escape(id, strlen(id));
        char *whom = hub_cli_escape(to, strlen(to));
        fprintf(cli->out, "  %s  %s  %s%s\n", line, whom,
                state == NULL ? "" : rh_word("states", state),
                json_is_true(json_object_get(child, "mandatory")) ? "" : _("  (optional)"));
        free(whom);
        free(line);
        free(to);
        free(id);
    }
}

void hub_cli_page_referral(struct hub_cli *cli, const json_t *rows)
{
    const json_t *row = json_array_get(rows, 0);
    if (row == NULL)
        return;
    hub_cli_card(cli, rows);
    const json_t *deadlines = json_object_get(row, "deadlines");
    if (json_array_size(deadlines) > 0) {
        fprintf(cli->out, "\n%s\n", _("clocks"));
        hub_cli_table(cli, "deadline", deadlines);
    }
    const json_t *repeats = json_object_get(row, "repeats");
    if (json_array_size(repeats) > 0) {
        fprintf(cli->out, "\n%s\n", _("looks like"));
        hub_cli_table(cli, "repeat", repeats);
    }
    print_children(cli, json_object_get(row, "children"));
    print_list(cli, _("parties"), json_object_get(row, "parties"));
    print_list(cli, _("answered too"), json_object_get(row, "awaited_by"));
    print_list(cli, _("monitors"), json_object_get(row, "monitors"));
}

/* A referral as an agency knows it, with what went to and fro. */
void hub_cli_page_case(struct hub_cli *cli, const json_t *rows)
{
    const json_t *messages = json_object_get(json_array_get(rows, 0), "messages");
    hub_cli_card(cli, rows);
    if (json_array_size(messages) > 0) {
        fprintf(cli->out, "\n%s\n", _("messages"));
        hub_cli_table(cli, "message", messages);
    }
}

/* "done" for whom and on which record: whoever changed something is told what. */
void hub_cli_page_done(struct hub_cli *cli, const json_t *rows)
{
    const json_t *row = json_array_get(rows, 0);
    char *id = hub_cli_raw_text(json_object_get(row, "id"));
    char *text = hub_cli_escape(id, strlen(id));
    fprintf(cli->out, _("done: %s, record #%lld"), text,
            (long long)json_integer_value(json_object_get(row, "log_index")));
    fputc('\n', cli->out);
    free(text);
    free(id);
}
