/* Completion for bash, made from the table of commands: nouns, verbs, options. */
#include "cli/command.h"

#include <string.h>

#include <rh/text.h>

static bool is_first_of_noun(size_t index)
{
    const char *noun = hub_cli_command_at(index)->noun;
    for (size_t i = 0; i < index; i++) {
        if (strcmp(hub_cli_command_at(i)->noun, noun) == 0)
            return false;
    }
    return true;
}

static void print_nouns(FILE *out)
{
    for (size_t i = 0; hub_cli_command_at(i) != NULL; i++) {
        if (is_first_of_noun(i))
            fprintf(out, "%s%s", i > 0 ? " " : "", hub_cli_command_at(i)->noun);
    }
}

static void print_verbs(FILE *out, const char *noun)
{
    const struct hub_cli_command *command;
    const char *gap = "";
    for (size_t i = 0; (command = hub_cli_command_at(i)) != NULL; i++) {
        if (strcmp(command->noun, noun) == 0 && command->verb != NULL) {
            fprintf(out, "%s%s", gap, command->verb);
            gap = " ";
        }
    }
}

static void print_flags(FILE *out, const struct hub_cli_command *command)
{
    const struct hub_cli_global *global;
    const char *gap = "";
    for (int i = 0; command->flags != NULL && command->flags[i].name != NULL; i++) {
        fprintf(out, "%s--%s", gap, command->flags[i].name);
        gap = " ";
    }
    for (size_t i = 0; (global = hub_cli_global_at(i)) != NULL; i++) {
        bool here = global->where < 0 || global->where == (int)command->where;
        if (here && (global->can == 0 || (command->can & global->can) != 0)) {
            fprintf(out, "%s--%s", gap, global->name);
            gap = " ";
        }
    }
}

static void print_bash(FILE *out)
{
    const struct hub_cli_command *command;
    fputs("# bash completion for rhub; made by: rhub completion bash\n"
          "_rhub() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} noun=${COMP_WORDS[1]} list=\n"
          "    if [[ $COMP_CWORD -eq 1 ]]; then\n"
          "        list='",
          out);
    print_nouns(out);
    fputs("'\n"
          "    elif [[ $word == -* ]]; then\n"
          "        case \"$noun ${COMP_WORDS[2]}\" in\n",
          out);
    for (int whole = 0; whole < 2; whole++) { /* two words first: the patterns overlap */
        for (size_t i = 0; (command = hub_cli_command_at(i)) != NULL; i++) {
            if ((command->verb == NULL) != (whole == 1))
                continue;
            fprintf(out, "        \"%s %s\") list='", command->noun,
                    command->verb != NULL ? command->verb : "\"*\"");
            print_flags(out, command);
            fputs("' ;;\n", out);
        }
    }
    fputs("        esac\n"
          "    elif [[ $COMP_CWORD -eq 2 ]]; then\n"
          "        case $noun in\n",
          out);
    for (size_t i = 0; (command = hub_cli_command_at(i)) != NULL; i++) {
        if (!is_first_of_noun(i) || command->verb == NULL)
            continue;
        fprintf(out, "        %s) list='", command->noun);
        print_verbs(out, command->noun);
        fputs("' ;;\n", out);
    }
    fputs("        esac\n"
          "    fi\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$list\" -- \"$word\")\n"
          "}\n"
          "complete -o default -F _rhub rhub\n",
          out);
}

enum rh_exit hub_cli_body_completion(struct hub_cli *cli)
{
    if (strcmp(cli->words[0], "bash") != 0)
        return hub_cli_usage(cli, _("only bash is known"), cli->words[0], "bash");
    print_bash(cli->out);
    return RH_EXIT_OK;
}
