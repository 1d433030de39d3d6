/* Asking a socket. Format of the lines: protocol/spec/local.md. */
#include "cli/command.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rh/refusal.h>
#include <rh/text.h>

#define DEFAULT_HUB "/run/rhub/admin.sock"
#define DEFAULT_AGENT "/run/rhub-agent/agent.sock"

/* "unix:PATH" or PATH. */
static const char *address(const struct hub_cli *cli)
{
    bool agent = cli->command->where == HUB_CLI_AGENT;
    const char *text = agent ? cli->options.agent : cli->options.hub;
    const char *surroundings = getenv(agent ? "RHUB_AGENT" : "RHUB_HUB");
    if (text == NULL && surroundings != NULL && surroundings[0] != '\0')
        text = surroundings;
    if (text == NULL)
        text = agent ? DEFAULT_AGENT : DEFAULT_HUB;
    return strncmp(text, "unix:", 5) == 0 ? text + 5 : text;
}

static enum rh_exit cannot_connect(struct hub_cli *cli, enum rh_err err, const char *path)
{
    bool agent = cli->command->where == HUB_CLI_AGENT;
    if (err == RH_ERR_DENIED)
        return hub_cli_refuse(cli, RH_REFUSE_OPERATOR_DENIED, NULL,
                              N_("the socket belongs to another user"), path);
    (void)hub_cli_refuse(cli, agent ? RH_REFUSE_AGENT_UNREACHABLE : RH_REFUSE_HUB_UNREACHABLE,
                         NULL,
                         err == RH_ERR_NOTFOUND ? N_("nobody listens at this socket")
                                                : rh_err_text(err),
                         path);
    return err == RH_ERR_TIMEOUT ? RH_EXIT_TIMEOUT : RH_EXIT_UNAVAILABLE;
}

static enum rh_exit connect_line(struct hub_cli *cli)
{
    if (cli->line != NULL)
        return RH_EXIT_OK;
    const char *path = address(cli);
    enum rh_err err = rh_local_client_open(path, cli->options.timeout_ms, &cli->line);
    if (cli->options.verbose > 0)
        fprintf(cli->err, "rhub: %s: %s\n", path, rh_err_text(err));
    return err == RH_OK ? RH_EXIT_OK : cannot_connect(cli, err, path);
}

void hub_cli_hang_up(struct hub_cli *cli)
{
    rh_local_client_close(&cli->line);
}

/* The login name; the kernel tells the other side the number itself. */
static const char *who(char out[25])
{
    const struct passwd *entry = getpwuid(getuid());
    size_t bytes = entry == NULL ? 0 : strlen(entry->pw_name);
    if (bytes == 0 || bytes > 24)
        return "operator";
    memcpy(out, entry->pw_name, bytes + 1);
    return out;
}

static char *request_text(const char *verb, json_t *args)
{
    char name[25];
    json_t *request = json_pack("{s:i, s:s, s:s}", "v", 1, "verb", verb, "operator", who(name));
    if (args != NULL && json_object_size(args) > 0)
        json_object_set(request, "args", args);
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    rh_assert(text != NULL);
    return text;
}

static enum rh_exit gave_up(struct hub_cli *cli, enum rh_err err)
{
    hub_cli_hang_up(cli);
    if (err == RH_ERR_TIMEOUT) {
        (void)hub_cli_refuse(cli, cli->command->where == HUB_CLI_AGENT
                                      ? RH_REFUSE_AGENT_UNREACHABLE
                                      : RH_REFUSE_HUB_UNREACHABLE,
                             NULL, N_("no answer in time; --timeout SECONDS waits longer"),
                             NULL);
        return RH_EXIT_TIMEOUT;
    }
    (void)hub_cli_refuse(cli, RH_REFUSE_ANSWER_BROKEN, NULL,
                         N_("what came of it must not be used"), NULL);
    return RH_EXIT_TEMPORARY;
}

static enum rh_exit not_understood(struct hub_cli *cli)
{
    hub_cli_hang_up(cli);
    (void)hub_cli_refuse(cli, RH_REFUSE_MALFORMED, NULL,
                         N_("the answer is not of the form this program knows"), NULL);
    return RH_EXIT_REJECTED;
}

/* One line of the answer. *done when it was the last. */
static enum rh_exit take_line(struct hub_cli *cli, json_t *line, hub_cli_row_fn *take,
                              void *context, char **cursor, bool *done)
{
    json_t *row = json_object_get(line, "row");
    json_t *end = json_object_get(line, "end");
    json_t *error = json_object_get(line, "error");
    *done = true;
    if (json_is_object(error))
        return hub_cli_error(cli, error);
    if (json_is_object(end)) {
        const char *next = json_string_value(json_object_get(end, "cursor"));
        if (cursor != NULL && next != NULL)
            *cursor = strdup(next);
        return RH_EXIT_OK;
    }
    if (!json_is_object(row))
        return not_understood(cli);
    *done = !take(context, row);
    if (*done)
        hub_cli_hang_up(cli); /* more lines are on their way that nobody wants */
    return RH_EXIT_OK;
}

enum rh_exit hub_cli_request(struct hub_cli *cli, const char *verb, json_t *args,
                             hub_cli_row_fn *take, void *context, char **cursor)
{
    enum rh_exit code = connect_line(cli);
    if (cursor != NULL)
        *cursor = NULL;
    if (code != RH_EXIT_OK)
        return code;
    char *text = request_text(verb, args);
    if (cli->options.verbose > 1)
        fprintf(cli->err, "rhub: > %s\n", text);
    enum rh_err err = rh_local_client_send(cli->line, text, strlen(text));
    free(text);
    for (bool done = false; err == RH_OK && !done;) {
        char *answer;
        size_t bytes;
        err = rh_local_client_receive(cli->line, cli->options.timeout_ms, &answer, &bytes);
        if (err != RH_OK)
            break;
        json_t *line = json_loadb(answer, bytes, JSON_REJECT_DUPLICATES, NULL);
        code = line == NULL ? not_understood(cli)
                            : take_line(cli, line, take, context, cursor, &done);
        json_decref(line);
        if (line == NULL || code != RH_EXIT_OK)
            return code;
    }
    return err == RH_OK ? RH_EXIT_OK : gave_up(cli, err);
}

static bool append(void *context, json_t *row)
{
    json_array_append(context, row);
    return true;
}

enum rh_exit hub_cli_collect(struct hub_cli *cli, const char *verb, json_t *args, json_t **rows)
{
    *rows = json_array();
    enum rh_exit code = hub_cli_request(cli, verb, args, append, *rows, NULL);
    if (code != RH_EXIT_OK) {
        json_decref(*rows);
        *rows = NULL;
    }
    return code;
}
