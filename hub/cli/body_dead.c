/* `rhub dead retry` and `return`: by name, or all with one cause; shown before they are
 * done. */
#include "cli/command.h"

#include <string.h>

#include <rh/text.h>

/* The letters meant: those named, or those of --cause. */
static enum rh_exit find_letters(struct hub_cli *cli, json_t **out)
{
    const char *cause = hub_cli_flag_text(cli, "cause");
    enum rh_exit code = RH_EXIT_OK;
    *out = NULL;
    if ((cause == NULL) == (cli->word_count == 0))
        return hub_cli_usage(cli, _("name dead letters, or give --cause"), NULL, NULL);
    if (cause != NULL) {
        json_t *args = json_pack("{s:s, s:i}", "cause", cause, "limit", 1000);
        code = hub_cli_collect(cli, "dead.list", args, out);
        json_decref(args);
        return code;
    }
    *out = json_array();
    for (uint32_t i = 0; i < cli->word_count && code == RH_EXIT_OK; i++) {
        json_t *rows = NULL;
        json_t *args = json_pack("{s:s}", "id", cli->words[i]);
        code = hub_cli_collect(cli, "dead.show", args, &rows);
        if (code == RH_EXIT_OK)
            json_array_extend(*out, rows);
        json_decref(rows);
        json_decref(args);
    }
    return code;
}

static enum rh_exit settle_each(struct hub_cli *cli, const char *verb, const json_t *letters,
                                const char *reason)
{
    json_t *done = json_array();
    enum rh_exit code = RH_EXIT_OK;
    size_t i;
    const json_t *letter;
    json_array_foreach(letters, i, letter) {
        json_t *rows = NULL;
        json_t *args = json_pack("{s:O, s:s}", "id", json_object_get(letter, "id"), "reason",
                                 reason);
        enum rh_exit one = hub_cli_collect(cli, verb, args, &rows);
        if (one == RH_EXIT_OK)
            json_array_extend(done, rows);
        else
            code = one; /* the others are independent of it */
        json_decref(rows);
        json_decref(args);
    }
    if (json_array_size(done) > 0)
        (void)hub_cli_show(cli, done);
    hub_cli_note(cli, _("%llu of %llu done"), (unsigned long long)json_array_size(done),
                 (unsigned long long)json_array_size(letters));
    json_decref(done);
    return code;
}

static enum rh_exit settle(struct hub_cli *cli, const char *verb)
{
    json_t *letters = NULL;
    enum rh_exit code = find_letters(cli, &letters);
    if (code == RH_EXIT_OK && json_array_size(letters) == 0) {
        hub_cli_note(cli, "%s", _("nothing found"));
    } else if (code == RH_EXIT_OK && cli->options.dry_run) {
        code = hub_cli_show(cli, letters);
        hub_cli_note(cli, _("%llu would be done; go on with --yes --reason \"...\""),
                     (unsigned long long)json_array_size(letters));
    } else if (code == RH_EXIT_OK) {
        const char *reason = hub_cli_reason(cli, &code);
        hub_cli_note(cli, rh_text_count("%llu dead letter", "%llu dead letters",
                                        json_array_size(letters)),
                     (unsigned long long)json_array_size(letters));
        if (reason != NULL && hub_cli_confirm(cli, rh_text(cli->command->question), &code))
            code = settle_each(cli, verb, letters, reason);
    }
    json_decref(letters);
    return code;
}

enum rh_exit hub_cli_body_dead_retry(struct hub_cli *cli)
{
    return settle(cli, "dead.retry");
}

enum rh_exit hub_cli_body_dead_return(struct hub_cli *cli)
{
    return settle(cli, "dead.return");
}
