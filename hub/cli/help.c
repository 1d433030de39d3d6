/* Help, made from the same tables that are parsed by. Fits 80 columns in both languages. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include <uniwidth.h>
#include <unilbrk.h>

#include <rh/text.h>

enum { WIDTH = 79, TITLE_AT = 30 };

/* A text from column `at` on, broken where a line may break. */
static void print_wrapped(FILE *out, const char *text, uint32_t at)
{
    size_t bytes = strlen(text);
    char *breaks = malloc(bytes + 1);
    rh_assert(breaks != NULL);
    (void)u8_width_linebreaks((const uint8_t *)text, bytes, WIDTH - (int)at, 0, 0, NULL,
                              "UTF-8", breaks);
    for (size_t i = 0; i < bytes; i++) {
        if (breaks[i] == UC_BREAK_POSSIBLE)
            fprintf(out, "\n%*s", (int)at, "");
        /* No line ends with a blank. */
        if (text[i] != ' ' || i + 1 == bytes || breaks[i + 1] != UC_BREAK_POSSIBLE)
            fputc(text[i], out);
    }
    fputc('\n', out);
    free(breaks);
}

/* "  left       title", the title on a line of its own where left is too long. */
static void print_pair(FILE *out, const char *left, const char *title)
{
    fputs("  ", out);
    if (hub_cli_width(left) + 4 > TITLE_AT)
        fprintf(out, "%s\n%*s", left, TITLE_AT, "");
    else
        hub_cli_pad(out, left, TITLE_AT - 2, false);
    print_wrapped(out, title, TITLE_AT);
}

static void name_of(const struct hub_cli_command *command, char *out, size_t capacity)
{
    size_t used = (size_t)snprintf(out, capacity, "%s%s%s", command->noun,
                                   command->verb != NULL ? " " : "",
                                   command->verb != NULL ? command->verb : "");
    for (int i = 0; i < HUB_CLI_ARGS_MAX && command->args[i].word != NULL; i++) {
        const struct hub_cli_arg *arg = &command->args[i];
        if (used < capacity)
            used += (size_t)snprintf(out + used, capacity - used, " %s%s%s%s",
                                     arg->required ? "" : "[", rh_text(arg->word),
                                     arg->many ? "..." : "", arg->required ? "" : "]");
    }
}

static void print_commands(FILE *out, int where, const char *noun)
{
    const struct hub_cli_command *command;
    char name[120];
    for (size_t i = 0; (command = hub_cli_command_at(i)) != NULL; i++) {
        if ((where >= 0 && (int)command->where != where) ||
            (noun != NULL && strcmp(command->noun, noun) != 0))
            continue;
        name_of(command, name, sizeof name);
        print_pair(out, name, rh_text(command->title));
    }
}

static void print_global(FILE *out, const struct hub_cli_global *global)
{
    char left[80];
    char letter[8] = "    ";
    if (global->letter < 256)
        snprintf(letter, sizeof letter, "-%c, ", global->letter);
    snprintf(left, sizeof left, "%s--%s%s%s%s", letter, global->name,
             global->word == NULL       ? ""
             : global->takes == 2 ? "[="
                                        : " ",
             global->word == NULL ? "" : rh_text(global->word),
             global->takes == 2 ? "]" : "");
    print_pair(out, left, rh_text(global->title));
}

static void print_own(FILE *out, const struct hub_cli_flag *flag)
{
    char left[80];
    char letter[8] = "    ";
    if (flag->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", flag->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, flag->name, flag->word == NULL ? "" : " ",
             flag->word == NULL ? "" : rh_text(flag->word));
    print_pair(out, left, rh_text(flag->title));
}

static void help_all(struct hub_cli *cli, FILE *out)
{
    const struct hub_cli_global *global;
    (void)cli;
    fprintf(out, "%s\n\n", _("rhub NOUN VERB [ARGUMENTS] [OPTIONS]"));
    fprintf(out, "%s\n", _("At the hub (its admin socket):"));
    print_commands(out, HUB_CLI_HUB, NULL);
    fprintf(out, "\n%s\n", _("At an agency (the socket of its agent):"));
    print_commands(out, HUB_CLI_AGENT, NULL);
    fprintf(out, "\n%s\n", _("Without either:"));
    print_commands(out, HUB_CLI_LOCAL, NULL);
    fprintf(out, "\n%s\n", _("Options, where a command can honour them:"));
    for (size_t i = 0; (global = hub_cli_global_at(i)) != NULL; i++)
        print_global(out, global);
    fprintf(out, "\n");
    print_wrapped(out,
                  _("rhub X runs rhub-X if it is installed (rhub audit verify). Exit codes: "
                    "rhub help exit-codes. A code of the hub: rhub explain RH-4221."),
                  0);
}

static void help_noun(struct hub_cli *cli, const char *noun, FILE *out)
{
    (void)cli;
    fprintf(out, "rhub %s ...\n\n", noun);
    print_commands(out, -1, noun);
}

/* A line too wide for the page goes on behind a backslash, so that it can still be pasted. */
static void print_example(FILE *out, const char *line, size_t bytes)
{
    enum { FITS = WIDTH - 6 };
    const char *indent = "  ";
    while (bytes > FITS) {
        size_t cut = FITS;
        while (cut > 0 && line[cut] != ' ')
            cut--;
        if (cut == 0)
            break;
        fprintf(out, "%s%.*s \\\n", indent, (int)cut, line);
        line += cut + 1;
        bytes -= cut + 1;
        indent = "      ";
    }
    fprintf(out, "%s%.*s\n", indent, (int)bytes, line);
}

static void print_examples(FILE *out, const char *examples)
{
    fprintf(out, "%s\n", _("Examples:"));
    while (examples != NULL && *examples != '\0') {
        size_t bytes = strcspn(examples, "\n");
        print_example(out, examples, bytes);
        examples += examples[bytes] == '\n' ? bytes + 1 : bytes;
    }
    fputc('\n', out);
}

static void help_command(struct hub_cli *cli, const struct hub_cli_command *command, FILE *out)
{
    char name[120];
    const struct hub_cli_global *global;
    (void)cli;
    name_of(command, name, sizeof name);
    fprintf(out, "rhub %s: ", name);
    print_wrapped(out, rh_text(command->title), 7 + hub_cli_width(name));
    fputc('\n', out);
    if (command->example != NULL)
        print_examples(out, command->example);
    fprintf(out, "%s\n", _("Options:"));
    for (int i = 0; command->flags != NULL && command->flags[i].name != NULL; i++)
        print_own(out, &command->flags[i]);
    for (size_t i = 0; (global = hub_cli_global_at(i)) != NULL; i++) {
        bool here = global->where < 0 || global->where == (int)command->where;
        if (here && (global->can == 0 || (command->can & global->can) != 0))
            print_global(out, global);
    }
}

static enum rh_exit help_exit_codes(struct hub_cli *cli)
{
    const struct rh_exit_info *info;
    for (unsigned i = 0; (info = rh_exit_at(i)) != NULL; i++) {
        fprintf(cli->out, "%5d  ", (int)info->code);
        print_wrapped(cli->out, rh_text(info->text), 7);
    }
    return RH_EXIT_OK;
}

static enum rh_exit help_about(struct hub_cli *cli, const char *noun, const char *verb)
{
    const struct hub_cli_command *command = hub_cli_command_find(noun, verb);
    if (command != NULL) {
        help_command(cli, command, cli->out);
        return RH_EXIT_OK;
    }
    if (verb == NULL && hub_cli_is_noun(noun)) {
        help_noun(cli, noun, cli->out);
        return RH_EXIT_OK;
    }
    bool known = hub_cli_is_noun(noun);
    return hub_cli_usage(cli, known ? _("no such verb") : _("there is no such command"),
                         known ? verb : noun,
                         hub_cli_command_suggest(known ? noun : NULL, known ? verb : noun));
}

enum rh_exit hub_cli_body_help(struct hub_cli *cli)
{
    if (cli->command != NULL && cli->command->body != hub_cli_body_help) {
        help_command(cli, cli->command, cli->out);
        return RH_EXIT_OK;
    }
    if (cli->word_count == 1 && strcmp(cli->words[0], "exit-codes") == 0)
        return help_exit_codes(cli);
    if (cli->word_count > 0)
        return help_about(cli, cli->words[0], cli->word_count > 1 ? cli->words[1] : NULL);
    /* Asked for it is the answer; otherwise it is a remark about a missing command. */
    bool asked = cli->options.help || cli->command != NULL;
    help_all(cli, asked ? cli->out : cli->err);
    return asked ? RH_EXIT_OK : RH_EXIT_USAGE;
}
