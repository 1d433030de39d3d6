/* Programs that stand outside: `rhub NAME` runs rhub-NAME, `rhub demo` the demonstration. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rh/text.h>

enum { PATH_BYTES = 4096 };

static bool is_program_name(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if ((*at < 'a' || *at > 'z') && (*at < '0' || *at > '9') && *at != '-')
            return false;
    }
    return name[0] >= 'a' && name[0] <= 'z' && strlen(name) < 64;
}

/* $RHUB_DEMO, or beside the program, installed or built. It is told where this program lies, so
 * that it starts the others from there and not those of another installation. */
static enum rh_exit exec_demo(struct hub_cli *cli, char **argv)
{
    char path[PATH_BYTES];
    const char *given = getenv("RHUB_DEMO");
    (void)setenv("RHUB_BIN_DIR", cli->parts->program_dir, 0);
    if (given != NULL && given[0] != '\0')
        execv(given, argv);
    snprintf(path, sizeof path, "%s/../share/rhub/demo", cli->parts->program_dir);
    execv(path, argv);
    return hub_cli_usage(cli, _("the demonstration is not installed here"), "RHUB_DEMO", NULL);
}

enum rh_exit hub_cli_exec_outside(struct hub_cli *cli, const char *name, char **argv)
{
    char path[PATH_BYTES];
    (void)fflush(cli->out);
    if (strcmp(name, "demo") == 0)
        return exec_demo(cli, argv);
    if (is_program_name(name)) {
        snprintf(path, sizeof path, "%s/rhub-%s", cli->parts->program_dir, name);
        execv(path, argv);
        snprintf(path, sizeof path, "rhub-%s", name);
        execvp(path, argv);
    }
    return hub_cli_usage(cli, _("there is no such command"), name,
                         hub_cli_command_suggest(NULL, name));
}

enum rh_exit hub_cli_body_demo(struct hub_cli *cli)
{
    char word[] = "demo";
    char *argv[HUB_CLI_WORDS_MAX + 2] = { word };
    for (uint32_t i = 0; i < cli->word_count; i++)
        argv[i + 1] = (char *)(uintptr_t)cli->words[i]; /* exec takes them so */
    return exec_demo(cli, argv);
}
