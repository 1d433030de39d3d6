/* rhubd: options, assembly, run; no decisions.
 *
 *     rhubd init --hub ID --keys DIR --endpoint ADDR    keys and card of a new hub
 *     rhubd run --hub ID --data DIR --keys DIR --rules DIR --endpoint ADDR
 *     rhubd recover ... --reason TEXT                   a new generation after a rollback
 *     rhubd --door ...                                  started by run itself
 */
#include "assembly/assembly.h"
#include "engine/hubtime.h"
#include "gateway/gateway.h"
#include "assembly/notify.h"
#include "operator/operator.h"

#include <rh/date.h>
#include <rh/exit.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { FDS_MAX = 16, FIRE_LIMIT = 256 };

struct hub {
    struct hub_options options;
    struct hub_assembly assembly;
    struct hub_gateway *gateway;
    struct hub_operator *operator;
    int signals;
    uint64_t looked_ms; /* monotonic; when the wall clock was looked at */
    bool stop;
};

/* One line of JSON on standard error; never payload. */
static void say(const char *level, const char *event, const char *text)
{
    fprintf(stderr, "{\"level\":\"%s\",\"event\":\"%s\",\"text\":\"", level, event);
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\')
            fprintf(stderr, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(stderr, "\\u%04x", byte);
        else
            fputc(byte, stderr);
    }
    fprintf(stderr, "\"}\n");
}

static int usage(FILE *out)
{
    fputs("usage: rhubd init    --hub ID --keys DIR --endpoint ADDR\n"
          "       rhubd run     --hub ID --keys DIR --data DIR --rules DIR --endpoint ADDR\n"
          "                     [--admin PATH] [--test-clock[=INSTANT]] [--workers N]\n"
          "                     [--map-bytes N] [--segment-bytes N]\n"
          "                     [--bundles-per-second N] [--bytes-per-second N]\n"
          "       rhubd recover --hub ID --keys DIR --data DIR --rules DIR --reason TEXT\n"
          "                     [--operator NAME]\n"
          "\n"
          "  --hub ID         hub.DIVISION, or test.NAME for a test hub\n"
          "  --endpoint ADDR  tcp://ADDRESS:PORT that agencies connect to; port * is chosen\n"
          "  --admin PATH     socket of rhub; default DIR/admin.sock below --data\n"
          "  --test-clock     steered clock, test hubs only; INSTANT (RFC 3339) is where a new\n"
          "                   hub's time begins, else the wall clock's\n"
          "  --bundles-per-second N, --bytes-per-second N\n"
          "                   what one agency may send, above it BUSY; default 2000 and 64 MiB\n",
          out);
    return out == stdout ? RH_EXIT_OK : RH_EXIT_USAGE;
}

static bool read_number(const char *text, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-')
        return false;
    *out = value;
    return true;
}

/* The options that are numbers. */
static bool read_size(int letter, struct hub_options *out)
{
    uint64_t number = 0;
    if (!read_number(optarg, &number))
        return false;
    switch (letter) {
    case 'w':
        out->workers = (uint32_t)number;
        return number >= 1 && number <= 8;
    case 'm':
        out->map_bytes = number;
        return true;
    case 's':
        out->segment_bytes = number;
        return true;
    case 'b':
        out->bundles_per_second = (uint32_t)number;
        return number >= 1 && number <= 1000000;
    case 'B':
        out->bytes_per_second = number;
        return number >= 1;
    default:
        return false;
    }
}

static bool read_options(int argc, char **argv, struct hub_options *out)
{
    static const struct option known[] = {
        { "hub", required_argument, NULL, 'h' },
        { "data", required_argument, NULL, 'd' },
        { "keys", required_argument, NULL, 'k' },
        { "rules", required_argument, NULL, 'r' },
        { "endpoint", required_argument, NULL, 'e' },
        { "admin", required_argument, NULL, 'a' },
        { "test-clock", optional_argument, NULL, 't' },
        { "workers", required_argument, NULL, 'w' },
        { "map-bytes", required_argument, NULL, 'm' },
        { "segment-bytes", required_argument, NULL, 's' },
        { "bundles-per-second", required_argument, NULL, 'b' },
        { "bytes-per-second", required_argument, NULL, 'B' },
        { "reason", required_argument, NULL, 'R' },
        { "operator", required_argument, NULL, 'O' },
        { NULL, 0, NULL, 0 },
    };
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'h': out->hub_id = optarg; break;
        case 'd': out->data_dir = optarg; break;
        case 'k': out->keys_dir = optarg; break;
        case 'r': out->rules_dir = optarg; break;
        case 'e': out->endpoint = optarg; break;
        case 'a': out->admin_path = optarg; break;
        case 't':
            out->test_clock = true;
            if (optarg != NULL &&
                rh_instant_parse(optarg, strlen(optarg), &out->test_start_ms) != RH_OK)
                return false;
            break;
        case 'R': out->reason = optarg; break;
        case 'O': out->operator_name = optarg; break;
        case '?':
            return false;
        default:
            if (!read_size(letter, out))
                return false;
        }
    }
    return optind == argc;
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

static int open_signals(void)
{
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void take_signals(struct hub *hub)
{
    struct signalfd_siginfo info;
    while (read(hub->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            char report[1024];
            enum rh_err err =
                hub_engine_reload(hub->assembly.engine, report, sizeof report);
            say(err == RH_OK ? "info" : "error", "reload",
                err == RH_OK ? "rules read again" : report);
        } else {
            hub->stop = true;
        }
    }
}

static enum rh_err look_at_clock(struct hub *hub)
{
    uint64_t now = hub_time_system_monotonic();
    if (now - hub->looked_ms < 1000)
        return RH_OK;
    hub->looked_ms = now;
    hub_notify("WATCHDOG=1");
    return hub_engine_clock_look(hub->assembly.engine);
}

/* One turn: everything that arrived, decided; one frame; then the answers. */
static enum rh_err turn(struct hub *hub)
{
    struct hub_engine *engine = hub->assembly.engine;
    uint32_t fired;
    take_signals(hub);
    enum rh_err err = look_at_clock(hub);
    if (err == RH_OK)
        err = hub_gateway_turn(hub->gateway);
    if (err == RH_OK)
        err = hub_operator_turn(hub->operator, engine, hub->gateway);
    if (err == RH_OK)
        err = hub_engine_fire(engine, FIRE_LIMIT, &fired);
    if (err == RH_OK)
        err = hub_engine_finish(engine);
    if (err == RH_OK)
        err = hub_gateway_release(hub->gateway);
    if (err == RH_OK)
        err = hub_operator_release(hub->operator);
    if (err == RH_OK)
        err = hub_engine_settle(engine);
    if (err == RH_OK && hub_operator_wants_stop(hub->operator))
        hub->stop = true;
    return err;
}

static int wait_ms(struct hub *hub)
{
    uint32_t wait = hub_engine_wait_ms(hub->assembly.engine);
    uint32_t gateway = hub_gateway_wait_ms(hub->gateway);
    if (gateway < wait)
        wait = gateway;
    return (int)wait;
}

static enum rh_err run_until_stopped(struct hub *hub)
{
    while (!hub->stop) {
        int numbers[FDS_MAX];
        struct pollfd fds[FDS_MAX];
        uint32_t count = hub_gateway_fds(hub->gateway, numbers, FDS_MAX - 2);
        numbers[count++] = hub_operator_fd(hub->operator);
        numbers[count++] = hub->signals;
        for (uint32_t i = 0; i < count; i++)
            fds[i] = (struct pollfd){ .fd = numbers[i], .events = POLLIN };
        int wait = wait_ms(hub);
        if (poll(fds, count, wait) < 0 && errno != EINTR)
            return RH_ERR_IO;
        enum rh_err err = turn(hub);
        if (err == RH_OK && wait > 0)
            err = hub_assembly_idle(&hub->assembly);
        if (err != RH_OK)
            return err;
    }
    return RH_OK;
}

static enum rh_err refresh_reader(void *context, struct hub_map **map)
{
    enum rh_err err = hub_store_reader_refresh(context);
    *map = err == RH_OK ? hub_store_reader_map(context) : NULL;
    return err;
}

static void release_reader(void *context)
{
    hub_store_reader_release(context);
}

static const char *reader_fault(void *context)
{
    return hub_store_reader_report(context)->text;
}

/* The endpoint really bound, for whoever asked for a chosen port. */
static void write_endpoint(const struct hub *hub)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/endpoint", hub->options.data_dir);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return;
    fprintf(file, "%s\n", hub_gateway_endpoint(hub->gateway));
    fclose(file);
}

static enum rh_err open_doors(struct hub *hub, struct hub_store_reader *reader)
{
    char transport[4096], admin[4096];
    snprintf(transport, sizeof transport, "%s/transport.key", hub->options.keys_dir);
    snprintf(admin, sizeof admin, "%s/admin.sock", hub->options.data_dir);
    const struct hub_gateway_options gateway = {
        .endpoint = hub->options.endpoint,
        .program = hub->options.program,
        .transport_key = transport,
        .workers = hub->options.workers == 0 ? 1 : hub->options.workers,
        .bundles_per_second = hub->options.bundles_per_second,
        .bytes_per_second = hub->options.bytes_per_second,
    };
    enum rh_err err = hub_gateway_open(&gateway, hub->assembly.engine, &hub->gateway);
    if (err != RH_OK) {
        say("error", "gateway", rh_err_text(err));
        return err;
    }
    write_endpoint(hub);
    const struct hub_operator_options options = {
        .path = hub->options.admin_path != NULL ? hub->options.admin_path : admin,
        .engine = hub->assembly.engine,
        .gateway = hub->gateway,
        .endpoint = hub_gateway_endpoint(hub->gateway),
        .data_dir = hub->options.data_dir,
        .version = RH_VERSION,
        .reader = reader,
        .refresh = refresh_reader,
        .release = release_reader,
        .fault = reader_fault,
    };
    err = hub_operator_open(&options, &hub->operator);
    if (err != RH_OK)
        say("error", "operator", rh_err_text(err));
    return err;
}

static void harden(void)
{
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* A row of the views failed its check. What they say can be made again from the journal: they
 * are put aside, and the next start does so. */
static void renew_views(const struct hub *hub)
{
    char name[32], text[128];
    say("error", "views", hub->assembly.report);
    enum rh_err err = hub_assembly_renew(&hub->options, name);
    if (err == RH_OK)
        snprintf(text, sizeof text, "put aside as %s; the next start makes them anew", name);
    else
        snprintf(text, sizeof text, "cannot be made anew: %s", rh_err_text(err));
    say("warning", "views", text);
}

static enum rh_err open_hub(struct hub *hub)
{
    enum rh_err err = hub_assembly_open(&hub->assembly, &hub->options);
    if (err != RH_OK)
        say("error", "start", hub->assembly.report);
    if (err == RH_ERR_CORRUPT && hub->assembly.views_to_blame)
        renew_views(hub);
    else if (err == RH_OK && hub->assembly.report[0] != '\0')
        say("warning", "recovery", hub->assembly.report);
    return err;
}

static int run(struct hub *hub)
{
    struct hub_store_reader *reader = NULL;
    hub->signals = open_signals();
    harden();
    enum rh_err err = open_hub(hub);
    if (err != RH_OK)
        return rh_exit_of(err);
    err = hub_store_reader_open(hub->assembly.store, &reader);
    if (err == RH_OK)
        err = open_doors(hub, reader);
    if (err == RH_OK) {
        hub_notify("READY=1");
        say("info", "ready", hub_gateway_endpoint(hub->gateway));
        err = run_until_stopped(hub);
        if (err == RH_OK)
            err = hub_engine_rest(hub->assembly.engine);
        say(err == RH_OK ? "info" : "error", "stop",
            err == RH_ERR_FULL ? "the views' store is full: start again with more --map-bytes"
                               : rh_err_text(err));
    }
    hub_notify("STOPPING=1");
    hub_operator_close(&hub->operator);
    hub_gateway_close(&hub->gateway);
    hub_store_reader_close(&reader);
    bool renew = err == RH_ERR_CORRUPT && hub_assembly_blames_views(&hub->assembly);
    hub_assembly_close(&hub->assembly);
    if (renew)
        renew_views(hub);
    close(hub->signals);
    return rh_exit_of(err);
}

static int recover(struct hub *hub)
{
    struct hub_assembly *assembly = &hub->assembly;
    enum rh_err err = hub_assembly_open(assembly, &hub->options);
    if (err != RH_OK) {
        say("error", "recover", assembly->report);
        return rh_exit_of(err);
    }
    const char *name = hub->options.operator_name;
    err = hub_engine_new_generation(assembly->engine, name == NULL ? "" : name,
                                    hub->options.reason);
    if (err == RH_OK)
        printf("%s\n", hub_engine_hub(assembly->engine)->text);
    else
        say("error", "recover", rh_err_text(err));
    hub_assembly_close(assembly);
    return rh_exit_of(err);
}

static int init(const struct hub_options *options)
{
    char report[512];
    if (options->hub_id == NULL || options->keys_dir == NULL || options->endpoint == NULL)
        return usage(stderr);
    enum rh_err err = hub_assembly_init(options, report, sizeof report);
    fprintf(err == RH_OK ? stdout : stderr, "%s\n", report);
    return rh_exit_of(err);
}

int main(int argc, char **argv)
{
    static struct hub hub;
    static char self[4096];
    if (argc < 2)
        return usage(stderr);
    const char *verb = argv[1];
    if (strcmp(verb, "--door") == 0)
        return hub_door_main(argc - 1, argv + 1);
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "help") == 0)
        return usage(stdout);
    if (strcmp(verb, "--version") == 0) {
        puts("rhubd " RH_VERSION);
        return RH_EXIT_OK;
    }
    if (!find_self(self, sizeof self) || !read_options(argc - 1, argv + 1, &hub.options))
        return usage(stderr);
    hub.options.program = self;
    if (strcmp(verb, "init") == 0)
        return init(&hub.options);
    if (hub.options.hub_id == NULL || hub.options.keys_dir == NULL ||
        hub.options.data_dir == NULL || hub.options.rules_dir == NULL)
        return usage(stderr);
    if (strcmp(verb, "run") == 0 && hub.options.endpoint != NULL)
        return run(&hub);
    if (strcmp(verb, "recover") == 0 && hub.options.reason != NULL)
        return recover(&hub);
    return usage(stderr);
}
