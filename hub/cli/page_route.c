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

/* A part of a remark, after a semicolon where there is something before it. */
static void add_part(FILE *stream, bool *any)
{
    if (*any)
        fputs(_("; "), stream);
    *any = true;
}

/* "a right; only if the outcome is not-filed". The caller's to free. */
static char *note_of(const json_t *limit)
{
    char *out = NULL;
    size_t i, bytes;
    bool any = false;
    const json_t *item, *outcomes = json_object_get(limit, "if_outcome");
    char *fact = shown(limit, "if_fact"), *equals = shown(limit, "if_equals");
    FILE *stream = open_memstream(&out, &bytes);
    rh_assert(stream != NULL);
    if (json_is_true(json_object_get(limit, "right"))) {
        add_part(stream, &any);
        fputs(_("a right, no duty"), stream);
    }
    if (json_array_size(outcomes) > 0) {
        add_part(stream, &any);
        fputs(_("only if the outcome is "), stream);
        json_array_foreach(outcomes, i, item)
            fprintf(stream, "%s%s", i > 0 ? _(" or ") : "", json_string_value(item));
    }
    if (fact[0] != '\0') {
        add_part(stream, &any);
        fprintf(stream, equals[0] != '\0' ? _("only if %s is %s") : _("only if there is %s"),
                rh_word("facts", fact), equals);
    }
    (void)fclose(stream);
    free(equals);
    free(fact);
    return out;
}

/* "15 calendar days", "every 1 month"; some dates are the sender's. */
static void print_length(const json_t *limit, char *out, size_t capacity)
{
    char count[80];
    const char *unit = json_string_value(json_object_get(limit, "unit"));
    if (unit == NULL) {
        snprintf(out, capacity, "%s", _("a date set by the sender"));
        return;
    }
    hub_cli_count_text(unit, (long long)json_integer_value(json_object_get(limit, "n")), count,
                       sizeof count);
    snprintf(out, capacity,
             json_is_true(json_object_get(limit, "recurring")) ? _("every %s") : "%s", count);
}

/* The clocks in words: what stands in several members of the row is one sentence here. */
static void print_limits(struct hub_cli *cli, const json_t *limits)
{
    size_t i;
    const json_t *limit;
    json_t *said = json_array();
    json_array_foreach(limits, i, limit) {
        char length[200];
        char *note = note_of(limit);
        json_t *row = json_deep_copy(limit);
        print_length(limit, length, sizeof length);
        json_object_set_new(row, "how_long", json_string(length));
        json_object_set_new(row, "only", json_string(note));
        json_array_append_new(said, row);
        free(note);
    }
    hub_cli_table(cli, "route_limit", said);
    json_decref(said);
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
        print_limits(cli, json_object_get(row, "limits"));
    }
    free(against);
    free(condition);
    free(procedure);
}
