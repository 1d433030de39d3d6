/* rhubd: which verb; no decisions.
 *
 *     rhubd init --hub ID --keys DIR --endpoint ADDR    keys and card of a new hub
 *     rhubd run --hub ID --data DIR --keys DIR --rules DIR --endpoint ADDR
 *     rhubd recover ... --reason TEXT                   a new generation after a rollback
 *     rhubd --door ...                                  started by run itself
 */
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/run.h"
#include "gateway/gateway.h"

#include <rh/exit.h>
#include <rh/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool ended; /* with an exit code of ours, about which the log has been told */

/* A library that calls exit() must not leave an empty log behind. */
static void at_exit(void)
{
    if (!ended && !hub_log_has_error())
        hub_log(HUB_LOG_ERROR, "stop", NULL,
                _("the hub was ended from inside a library; start it again and report this"));
}

static int end(int code)
{
    if (code != RH_EXIT_OK && !hub_log_has_error())
        hub_logf(HUB_LOG_ERROR, "stop", NULL, _("rhubd ends with exit code %d: %s"), code,
                 rh_text(rh_exit_text(code)));
    ended = true;
    return code;
}

/* This program's own path, to start the door with. */
static bool find_self(char *out, size_t capacity)
{
    ssize_t bytes = readlink("/proc/self/exe", out, capacity - 1);
    if (bytes <= 0)
        return false;
    out[bytes] = '\0';
    return true;
}

static int init(const struct hub_options *options)
{
    char report[1024];
    enum rh_err err = hub_assembly_init(options, report, sizeof report);
    fprintf(err == RH_OK ? stdout : stderr, "%s\n", report);
    if (err == RH_OK)
        return fflush(stdout) == 0 ? RH_EXIT_OK : RH_EXIT_IO;
    return err == RH_ERR_EXISTS ? RH_EXIT_CANTCREATE : (int)rh_exit_of(err);
}

/* What serves writes a log, in which a failure must be. */
static int long_verb(const char *verb, struct hub_options *options)
{
    static char self[4096];
    options->program = self;
    atexit(at_exit);
    if (!find_self(self, sizeof self)) {
        hub_log(HUB_LOG_ERROR, "start", NULL, _("/proc/self/exe cannot be read; mount /proc"));
        return end(RH_EXIT_CONFIG);
    }
    return end(strcmp(verb, "run") == 0 ? hub_daemon_run(options)
                                        : hub_daemon_recover(options));
}

int main(int argc, char **argv)
{
    static struct hub_options options;
    if (argc >= 2 && strcmp(argv[1], "--door") == 0)
        return hub_door_main(argc - 1, argv + 1);
    rh_text_init_from(argc, argv);
    if (argc < 2)
        return hub_options_usage(stderr);
    const char *verb = argv[1];
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "help") == 0)
        return hub_options_usage(stdout);
    if (strcmp(verb, "--version") == 0) {
        puts("rhubd " RH_VERSION);
        return RH_EXIT_OK;
    }
    bool known = strcmp(verb, "init") == 0 || strcmp(verb, "run") == 0 ||
                 strcmp(verb, "recover") == 0;
    if (!known) {
        fprintf(stderr, _("rhubd: %s is no verb; there are init, run and recover\n"), verb);
        return RH_EXIT_USAGE;
    }
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0)
            return hub_options_usage(stdout);
    if (!hub_options_read(argc, argv, &options) || !hub_options_complete(verb, &options))
        return RH_EXIT_USAGE;
    return strcmp(verb, "init") == 0 ? init(&options) : long_verb(verb, &options);
}
