/* Who is competent, as one would be told at a window: whom, how, when, and what to do against
 * it. */
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

/* "labour.wage-arrears (area 620423)"; without an area the category alone. */
static void print_matter(struct hub_cli *cli, const json_t *row, const char *with_area,
                         const char *without, const char *whom)
{
    char *category = shown(row, "category"), *area = shown(row, "area");
    if (area[0] != '\0')
        fprintf(cli->out, with_area, category, area, whom);
    else
        fprintf(cli->out, without, category, whom);
    free(area);
    free(category);
}

static void print_whom(struct hub_cli *cli, const json_t *row)
{
    const struct hub_cli_field name = { "route", "competent", "", HUB_CLI_FIELD_AGENCY, NULL,
                                        true };
    char *id = shown(row, "agency"), *role = shown(row, "to"), *area = shown(row, "area");
    char *called = hub_cli_field_text(cli, &name, row);
    char whom[400];
    const bool id_too = id[0] != '\0' && strcmp(called, id) != 0;
    role[strcspn(role, ".")] = '\0'; /* the agency of that role in the area */
    snprintf(whom, sizeof whom, "%.190s%s%.190s", called, id_too ? "  " : "",
             id_too ? id : "");
    print_matter(cli, row, _("%s (area %s) belongs to %s\n"), _("%s belongs to %s\n"), whom);
    if (id[0] == '\0' && area[0] != '\0')
        fprintf(cli->out, _("   of the role %s there; none is enrolled for this area\n"), role);
    else if (id[0] == '\0')
        fputs(_("   which one, the area of the matter says: --area CODE\n"), cli->out);
    free(called);
    free(area);
    free(role);
    free(id);
}

/* Not one of ours: who is, and on what ground. */
static void print_proper(struct hub_cli *cli, const json_t *row)
{
    const struct hub_cli_field who = {
        "route", "proper", "", HUB_CLI_FIELD_AGENCY, NULL, true
    };
    char *name = hub_cli_field_text(cli, &who, row);
    print_matter(cli, row, _("%s (area %s) is not accepted here; competent: %s\n"),
                 _("%s is not accepted here; competent: %s\n"), name);
    free(name);
}

void hub_cli_page_route(struct hub_cli *cli, const json_t *rows)
{
    const json_t *row = json_array_get(rows, 0);
    if (row == NULL)
        return;
    if (json_array_size(rows) > 1) {
        hub_cli_table(cli, "route", rows);
        hub_cli_note(cli, "%s", _("rhub route query CATEGORY shows one with its clocks"));
        return;
    }
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
