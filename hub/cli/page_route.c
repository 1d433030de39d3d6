/* Who is competent, as one would be told at a window: whom, how, when, and what to do against it. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include <rh/glossary.h>
#include <rh/text.h>

/* A text of the row, safe to print; the caller's to free. */
static char *shown(const json_t *row, const char *key)
{
    char *raw = hub_cli_raw_text(json_object_get(row, key));
    char *text = hub_cli_escape(raw, strlen(raw));
    free(raw);
    return text;
}

static void print_whom(struct hub_cli *cli, const json_t *row)
{
    const struct hub_cli_field name = { "route", "agency", "", HUB_CLI_FIELD_AGENCY, NULL, true };
    char *category = shown(row, "category"), *area = shown(row, "area");
    char *id = shown(row, "agency"), *role = shown(row, "to");
    char *called = hub_cli_field_text(cli, &name, row);
    char whom[400];
    size_t bytes = strlen(role);
    if (bytes > 0 && role[bytes - 1] == '.')
        role[bytes - 1] = '\0'; /* a role: the agency of the area */
    bool known = id[0] != '\0';
    snprintf(whom, sizeof whom, "%.190s%s%.190s", known ? called : role,
             known && strcmp(called, id) != 0 ? "  " : "",
             known && strcmp(called, id) != 0 ? id : "");
    fprintf(cli->out, _("%s (area %s) belongs to %s\n"), category, area, whom);
    if (!known)
        fprintf(cli->out, _("   of the role %s there; none is enrolled for this area\n"), role);
    free(called);
    free(role);
    free(id);
    free(area);
    free(category);
}

/* Not one of ours: who is, and on what ground. */
static void print_proper(struct hub_cli *cli, const json_t *row)
{
    const struct hub_cli_field who = { "route", "proper", "", HUB_CLI_FIELD_AGENCY, NULL, true };
    char *category = shown(row, "category"), *area = shown(row, "area");
    char *name = hub_cli_field_text(cli, &who, row);
    fprintf(cli->out, _("%s (area %s) is not accepted here; competent: %s\n"), category, area,
            name);
    free(name);
    free(area);
    free(category);
}

void hub_cli_page_route(struct hub_cli *cli, const json_t *rows)
{
    const json_t *row = json_array_get(rows, 0);
    if (row == NULL)
        return;
    const struct hub_cli_field when = { "route", "condition", "", HUB_CLI_FIELD_AGENCY, NULL,
                                        true };
    const struct hub_cli_field remedy = { "route", "remedy", "", HUB_CLI_FIELD_AGENCY, NULL,
                                          true };
    char *procedure = shown(row, "procedure");
    char *condition = hub_cli_field_text(cli, &when, row);
    char *against = hub_cli_field_text(cli, &remedy, row);
    const char *kind = json_string_value(json_object_get(row, "kind"));
    if (json_is_false(json_object_get(row, "accepted"))) {
        print_proper(cli, row);
    } else {
        print_whom(cli, row);
        fprintf(cli->out, _("procedure %s, message kind %s\n"), procedure,
                kind == NULL ? "" : rh_word("kinds", kind));
    }
    if (condition[0] != '\0')
        fprintf(cli->out, _("when: %s\n"), condition);
    if (against[0] != '\0')
        fprintf(cli->out, _("remedy: %s\n"), against);
    const char *basis = json_string_value(json_object_get(row, "basis"));
    if (basis != NULL)
        fprintf(cli->out, _("by: %s\n"), basis);
    if (json_array_size(json_object_get(row, "limits")) > 0) {
        fprintf(cli->out, "\n%s\n", _("clocks"));
        hub_cli_table(cli, "route_limit", json_object_get(row, "limits"));
    }
    free(against);
    free(condition);
    free(procedure);
}
