/* Third parties of a matter: the message that names one or ends his part, and what one may be
 * shown. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include <rh/glossary.h>
#include <rh/text.h>

/* ---- add, end --------------------------------------------------------------------------- */

static void put_text(struct hub_cli *cli, json_t *out, const char *key, const char *flag)
{
    const char *text = hub_cli_flag_text(cli, flag);
    if (text != NULL)
        json_object_set_new(out, key, json_string(text));
}

/* "--scope facts,outcome --scope dates" as a list. */
static json_t *scope_of(const struct hub_cli *cli)
{
    const struct hub_cli_values *values = hub_cli_flag(cli, "scope");
    json_t *scope = json_array();
    for (uint32_t i = 0; i < values->count; i++) {
        const char *at = values->items[i];
        while (*at != '\0') {
            size_t bytes = strcspn(at, ",");
            if (bytes > 0)
                json_array_append_new(scope, json_stringn(at, bytes));
            at += bytes + (at[bytes] == ',' ? 1 : 0);
        }
    }
    return scope;
}

static json_t *joins(struct hub_cli *cli)
{
    json_t *one = json_object();
    json_object_set_new(one, "id", json_string(cli->words[1]));
    put_text(cli, one, "name", "name");
    put_text(cli, one, "role", "role");
    put_text(cli, one, "unit", "unit");
    json_object_set_new(one, "scope", scope_of(cli));
    put_text(cli, one, "from", "first-day");
    put_text(cli, one, "until", "last-day");
    put_text(cli, one, "basis", "basis");
    return one;
}

static json_t *leaves(const struct hub_cli *cli, const json_t *reason)
{
    json_t *one = json_object();
    json_object_set_new(one, "id", json_string(cli->words[1]));
    json_object_set(one, "ended", (json_t *)(uintptr_t)reason); /* counted, not changed */
    return one;
}

enum rh_exit hub_cli_body_participant(struct hub_cli *cli)
{
    static const char *const needed[] = { "name", "role", "scope", "basis" };
    bool ends = strcmp(cli->command->verb, "end") == 0;
    enum rh_exit code = RH_EXIT_OK;
    json_t *rows = NULL, *list = json_array();
    for (size_t i = 0; !ends && i < sizeof needed / sizeof needed[0]; i++) {
        char flag[16];
        snprintf(flag, sizeof flag, "--%s", needed[i]);
        if (hub_cli_flag(cli, needed[i])->count == 0) {
            json_decref(list);
            return hub_cli_usage(cli, _("an option is missing"), flag, NULL);
        }
    }
    json_t *args = hub_cli_args(cli, &code);
    if (args != NULL) {
        json_array_append_new(list, ends ? leaves(cli, json_object_get(args, "reason"))
                                         : joins(cli));
        json_object_del(args, "reason");
        json_object_set_new(args, "code", json_string("participants"));
        json_object_set(args, "participants", list);
        hub_cli_wait_longer(cli);
        code = hub_cli_collect(cli, "act", args, &rows);
    }
    if (code == RH_EXIT_OK)
        code = hub_cli_show(cli, rows);
    if (code == RH_EXIT_OK)
        code = hub_cli_judge(cli, rows);
    json_decref(rows);
    json_decref(args);
    json_decref(list);
    return code;
}

/* ---- show ------------------------------------------------------------------------------- */

static void print_line(struct hub_cli *cli, const char *title, const json_t *value)
{
    if (value == NULL)
        return;
    char *raw = hub_cli_raw_text(value);
    char *text = hub_cli_escape(raw, strlen(raw));
    fprintf(cli->out, "  %s  %s\n", title, text);
    free(text);
    free(raw);
}

static void print_pairs(struct hub_cli *cli, const char *title, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        char *raw = hub_cli_raw_text(value);
        char *text = hub_cli_escape(raw, strlen(raw));
        fprintf(cli->out, "  %s  %s = %s\n", title, key, text);
        free(text);
        free(raw);
    }
}

static void print_persons(struct hub_cli *cli, const json_t *persons)
{
    static const char *const keys[] = { "name", "role", "id_number", "phone", "address",
                                        "unit" };
    size_t i;
    const json_t *person;
    json_array_foreach(persons, i, person) {
        fprintf(cli->out, "  %s ", _("person"));
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            const json_t *value = json_object_get(person, keys[k]);
            if (value == NULL)
                continue;
            char *raw = hub_cli_raw_text(value);
            char *text = hub_cli_escape(raw, strlen(raw));
            fprintf(cli->out, " %s", text);
            free(text);
            free(raw);
        }
        fputc('\n', cli->out);
    }
}

static void print_message(struct hub_cli *cli, const json_t *message)
{
    char when[HUB_CLI_WHEN_BYTES] = "";
    uint64_t ms = hub_cli_instant(json_object_get(message, "stored_at"));
    const char *kind = json_string_value(json_object_get(message, "kind"));
    const char *from = json_string_value(json_object_get(message, "from"));
    const char *missing = json_string_value(json_object_get(message, "missing"));
    if (ms != 0)
        hub_cli_when(ms, cli->now_ms, cli->options.verbose > 0, when);
    fprintf(cli->out, "\n%s%s%s  %s\n", when, ms != 0 ? "  " : "",
            kind == NULL ? "" : rh_word("kinds", kind), from == NULL ? "" : from);
    print_line(cli, _("code"), json_object_get(message, "code"));
    print_line(cli, _("title"), json_object_get(message, "title"));
    print_line(cli, _("summary"), json_object_get(message, "summary"));
    print_line(cli, _("text"), json_object_get(message, "text"));
    print_pairs(cli, _("fact"), json_object_get(message, "facts"));
    print_pairs(cli, _("form"), json_object_get(message, "form"));
    print_persons(cli, json_object_get(message, "persons"));
    print_line(cli, _("document number"), json_object_get(message, "document_no"));
    print_line(cli, _("attachments"), json_object_get(message, "attachments"));
    if (missing != NULL)
        fprintf(cli->out, "  %s  %s\n", _("left out"), rh_word("withheld", missing));
}

void hub_cli_page_participant(struct hub_cli *cli, const json_t *rows)
{
    const json_t *row = json_array_get(rows, 0), *one;
    size_t i;
    hub_cli_card(cli, rows);
    json_array_foreach(json_object_get(row, "messages"), i, one)
        print_message(cli, one);
    const json_t *withheld = json_object_get(row, "withheld");
    if (json_array_size(withheld) > 0)
        fprintf(cli->out, "\n%s\n", _("left out"));
    json_array_foreach(withheld, i, one) {
        const char *part = json_string_value(json_object_get(one, "part"));
        const char *why = json_string_value(json_object_get(one, "why"));
        fprintf(cli->out, "  %s: %s\n", part == NULL ? "" : rh_word("scopes", part),
                why == NULL ? "" : rh_word("withheld", why));
    }
}
