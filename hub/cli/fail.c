/* What went wrong, where, and what to do; the last line is the action. */
#include "cli/command.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rh/problem.h>
#include <rh/refusal.h>
#include <rh/text.h>

enum { LABEL_WIDTH = 10 };

static bool for_machines(const struct hub_cli *cli)
{
    return cli->options.format == HUB_CLI_JSON || cli->options.format == HUB_CLI_JSONL;
}

static void print_json(struct hub_cli *cli, json_t *error)
{
    json_t *line = json_pack("{s:O}", "error", error);
    char *text = json_dumps(line, JSON_COMPACT);
    char *safe = hub_cli_escape_json(text);
    fprintf(cli->err, "%s\n", safe);
    free(safe);
    free(text);
    json_decref(line);
}

/* "  what      text", the text made harmless; each further line of it below the first. */
static void print_line(struct hub_cli *cli, const char *label, const char *text)
{
    while (text != NULL && text[0] != '\0') {
        size_t bytes = strcspn(text, "\n");
        char *safe = hub_cli_escape(text, bytes);
        fputs("  ", cli->err);
        hub_cli_pad(cli->err, label, LABEL_WIDTH, false);
        fprintf(cli->err, "%s\n", safe);
        free(safe);
        text += bytes + (text[bytes] == '\n' ? 1 : 0);
        label = "";
    }
}

static const char *text_of(const json_t *error, const char *key)
{
    const char *text = json_string_value(json_object_get(error, key));
    return text == NULL ? "" : text;
}

/* A problem of a file, in our language; "" when that is none. */
static void say_problem(const json_t *one, char *out, size_t capacity)
{
    size_t i;
    const json_t *argument;
    const json_t *arguments = json_object_get(one, "args");
    struct rh_problem problem = {
        .file = text_of(one, "file"),
        .line = (int)(json_integer_value(json_object_get(one, "line")) & INT32_MAX),
        .column = (int)(json_integer_value(json_object_get(one, "column")) & INT32_MAX),
        .sentence = text_of(one, "text"),
    };
    json_array_foreach(arguments, i, argument) {
        const char *text = json_string_value(argument);
        if (problem.arg_count < RH_PROBLEM_ARGS_MAX)
            problem.args[problem.arg_count++] = text != NULL ? text : "";
    }
    out[0] = '\0';
    if (problem.sentence[0] != '\0')
        rh_problem_line(&problem, true, out, capacity);
}

/* The problems of a file, each on its line. */
static void print_file(struct hub_cli *cli, const json_t *problems)
{
    size_t i;
    const json_t *one;
    const char *label = _("value");
    json_array_foreach(problems, i, one) {
        char line[RH_PROBLEM_BYTES_MAX];
        say_problem(one, line, sizeof line);
        print_line(cli, label, line);
        label = "";
    }
}

/* Each problem of a message: its place and what was expected there. */
static void print_problems(struct hub_cli *cli, const json_t *errors)
{
    bool chinese = strcmp(rh_text_language(), "zh") == 0;
    size_t i;
    const json_t *one;
    json_array_foreach(errors, i, one) {
        char line[400 + RH_PROBLEM_BYTES_MAX], said[RH_PROBLEM_BYTES_MAX];
        const char *expected = text_of(one, chinese ? "expected_zh" : "expected");
        if (expected[0] == '\0')
            expected = text_of(one, "expected");
        if (expected[0] == '\0')
            expected = text_of(one, chinese ? "title_zh" : "title");
        say_problem(json_object_get(one, "problem"), said, sizeof said);
        snprintf(line, sizeof line, "%s   %s", text_of(one, "pointer"),
                 said[0] != '\0' ? said : expected);
        print_line(cli, _("where"), line);
    }
}

static void print_people(struct hub_cli *cli, const json_t *error)
{
    const json_t *errors = json_object_get(error, "errors");
    enum rh_refusal refusal;
    const char *code = text_of(error, "code");
    bool chinese = strcmp(rh_text_language(), "zh") == 0;
    const char *detail = text_of(error, chinese ? "detail_zh" : "detail");
    if (detail[0] == '\0')
        detail = text_of(error, "detail");
    bool known = rh_refusal_parse(code, &refusal) == RH_OK;
    const char *title = known ? rh_refusal_title((uint64_t)refusal) : text_of(error, "title");
    char *safe = hub_cli_escape(title, strlen(title));
    fprintf(cli->err, "%s %s  %s\n", _("error"), code, safe);
    free(safe);
    if (json_array_size(errors) > 0) { /* its first is the detail */
        print_problems(cli, errors);
    } else {
        print_line(cli, _("where"), text_of(error, "pointer"));
        print_line(cli, _("details"), detail[0] == '\0' ? "" : rh_text(detail));
    }
    if (json_array_size(json_object_get(error, "problems")) > 0)
        print_file(cli, json_object_get(error, "problems"));
    else
        print_line(cli, _("value"), text_of(error, "value"));
    if (!known)
        return;
    print_line(cli, _("do"), rh_refusal_action((uint64_t)refusal));
    char see[64];
    snprintf(see, sizeof see, "rhub explain %s", code);
    print_line(cli, _("see"), see);
}

enum rh_exit hub_cli_error(struct hub_cli *cli, const json_t *error)
{
    const json_t *code = json_object_get(error, "exit");
    json_int_t number = json_integer_value(code);
    if (for_machines(cli))
        print_json(cli, (json_t *)(uintptr_t)error); /* only its count changes */
    else
        print_people(cli, error);
    return number > 0 && number < 126 ? (enum rh_exit)number : RH_EXIT_INTERNAL;
}

void hub_cli_report(struct hub_cli *cli, const char *problems)
{
    char room[RH_PROBLEM_BYTES_MAX], line[RH_PROBLEM_BYTES_MAX];
    struct rh_problem one;
    while (rh_problem_next(&problems, room, &one)) {
        rh_problem_line(&one, true, line, sizeof line);
        char *safe = hub_cli_escape(line, strlen(line));
        fprintf(cli->err, "%s\n", safe);
        free(safe);
    }
}

enum rh_exit hub_cli_refuse(struct hub_cli *cli, uint32_t refusal, const char *pointer,
                            const char *detail, const char *value)
{
    char code[RH_REFUSAL_TEXT_BYTES];
    const struct rh_refusal_info *info = rh_refusal_find(refusal);
    rh_assert(info != NULL);
    rh_refusal_format(refusal, code);
    json_t *error = json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:b, s:i}", "code", code, "title",
                              info->title, "detail", detail, "pointer", pointer, "value", value,
                              "retriable", info->retriable, "exit", (int)info->exit);
    rh_assert(error != NULL);
    enum rh_exit exit_code = hub_cli_error(cli, error);
    json_decref(error);
    return exit_code;
}

static void print_help_line(struct hub_cli *cli)
{
    const struct hub_cli_command *command = cli->command;
    char line[120];
    if (command == NULL)
        snprintf(line, sizeof line, "rhub help");
    else
        snprintf(line, sizeof line, "rhub %s%s%s --help", command->noun,
                 command->verb != NULL ? " " : "", command->verb != NULL ? command->verb : "");
    print_line(cli, _("see"), line);
}

enum rh_exit hub_cli_usage(struct hub_cli *cli, const char *sentence, const char *about,
                           const char *meant)
{
    if (for_machines(cli)) {
        json_t *error = json_pack("{s:n, s:s, s:s?, s:s?, s:b, s:i}", "code", "title", sentence,
                                  "value", about, "meant", meant, "retriable", 0, "exit",
                                  (int)RH_EXIT_USAGE);
        rh_assert(error != NULL);
        print_json(cli, error);
        json_decref(error);
        return RH_EXIT_USAGE;
    }
    fprintf(cli->err, "%s  %s", _("error"), sentence);
    if (about != NULL) {
        char *safe = hub_cli_escape(about, strlen(about));
        fprintf(cli->err, ": %s", safe);
        free(safe);
    }
    fputc('\n', cli->err);
    print_line(cli, _("meant"), meant);
    print_help_line(cli);
    return RH_EXIT_USAGE;
}

void hub_cli_note(struct hub_cli *cli, const char *format, ...)
{
    if (cli->options.quiet || cli->options.silent)
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(cli->err, format, arguments);
    va_end(arguments);
    fputc('\n', cli->err);
}
