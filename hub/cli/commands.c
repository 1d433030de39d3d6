/* Looking things up in the table of commands. */
#include "cli/command.h"

#include <string.h>

const struct hub_cli_command *hub_cli_command_at(size_t index)
{
    if (index < hub_cli_commands_hub_count)
        return &hub_cli_commands_hub[index];
    index -= hub_cli_commands_hub_count;
    if (index < hub_cli_commands_agent_count)
        return &hub_cli_commands_agent[index];
    index -= hub_cli_commands_agent_count;
    return index < hub_cli_commands_local_count ? &hub_cli_commands_local[index] : NULL;
}

const struct hub_cli_command *hub_cli_command_find(const char *noun, const char *verb)
{
    const struct hub_cli_command *command;
    for (size_t i = 0; (command = hub_cli_command_at(i)) != NULL; i++) {
        if (strcmp(command->noun, noun) != 0 || (command->verb == NULL) != (verb == NULL))
            continue;
        if (verb == NULL || strcmp(command->verb, verb) == 0)
            return command;
    }
    return NULL;
}

bool hub_cli_is_noun(const char *noun)
{
    const struct hub_cli_command *command;
    for (size_t i = 0; (command = hub_cli_command_at(i)) != NULL; i++) {
        if (strcmp(command->noun, noun) == 0)
            return true;
    }
    return false;
}

const char *hub_cli_command_suggest(const char *noun, const char *word)
{
    const char *words[256];
    size_t count = 0;
    const struct hub_cli_command *command;
    for (size_t i = 0; count < 256 && (command = hub_cli_command_at(i)) != NULL; i++) {
        if (noun == NULL)
            words[count++] = command->noun;
        else if (strcmp(command->noun, noun) == 0 && command->verb != NULL)
            words[count++] = command->verb;
    }
    return hub_cli_nearest(word, words, count);
}
