/* A hub that serves: the loop of the engine's thread, and what is opened around it. Each step
 * that fails has said so in the log before its error goes up. */
#include "daemon/run.h"

#include "daemon/log.h"
#include "daemon/scrub.h"
#include "daemon/watch.h"
#include "engine/hubtime.h"
#include "operator/operator.h"

#include <rh/exit.h>
#include <rh/local.h>
#include <rh/problem.h>
#include <rh/text.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    FDS_MAX = 16,
    FIRE_LIMIT = 256,
    PATH_BYTES = 4096,
    RENEW_EVERY_MS = 60000,
    DETAIL_BYTES = 6000 /* of twenty problems and their places */
};

/* The operator's reader. What it meets is told to the engine, whoever reads. */
struct looking {
    struct hub_store_reader *reader;
    struct hub_engine *engine;
    uint64_t bad; /* rows that failed their check, as last told */
};

struct hub {
    struct hub_options own;             /* the caller's, with the endpoint really bound */
    const struct hub_options *options;
    char endpoint[HUB_DOOR_TEXT_BYTES];
    struct hub_assembly assembly;
    struct hub_gateway *gateway;
    struct hub_operator *operator;
    struct hub_watch watch;
    struct looking looking;
    struct hub_scrub scrub;
    char admin[PATH_BYTES];
    int signals;
    uint64_t looked_ms; /* monotonic; when the wall clock was looked at */
    uint64_t renewed_ms; /* monotonic; when the views were last put aside, 0 never */
    bool renew;          /* the views are beyond mending: put them aside */
    bool stop;
};

/* Failing -------------------------------------------------------------------------------- */

/* One line: what failed, with what to do, and below it where and why: problems (rh/problem.h) or
 * a sentence. All in the language of the log. */
static enum rh_err failed(enum rh_err err, const char *event, const char *sentence,
                          const char *detail)
{
    char text[DETAIL_BYTES], said[DETAIL_BYTES - 200];
    rh_problem_lines(detail != NULL ? detail : "", true, said, sizeof said);
    if (said[0] != '\0')
        snprintf(text, sizeof text, _("%s (%s)"), said, rh_text(rh_err_text(err)));
    else
        snprintf(text, sizeof text, "%s", rh_text(rh_err_text(err)));
    const struct hub_log_about about = { .detail = text };
    hub_log(HUB_LOG_ERROR, event, &about, sentence);
    return err;
}

/* Turns ---------------------------------------------------------------------------------- */

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
            static char report[RH_PROBLEM_LIST_BYTES];
            enum rh_err err =
                hub_engine_reload(hub->assembly.engine, report, sizeof report);
            if (err == RH_OK)
                hub_log(HUB_LOG_INFO, "reload", NULL, _("the rules were read again"));
            else
                (void)failed(err, "reload",
                             _("the rules cannot be used; those in force stay"), report);
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
    rh_local_notify("WATCHDOG=1");
    return hub_engine_clock_look(hub->assembly.engine);
}

/* A piece of making rows of the views anew that somebody found damaged. RH_ERR_CORRUPT: the store
 * as a whole must be. When the journal itself cannot be read nothing is stopped: what is whole stays
 * readable, and status goes on saying so. */
static enum rh_err mend(struct hub *hub)
{
    struct hub_mended mended;
    bool over, harmed;
    enum rh_err err = hub_engine_mend(hub->assembly.engine, &mended, &over, &harmed);
    if (err == RH_OK && !over)
        return RH_OK;
    struct hub_log_about about = { .count = mended.rows, .detail = mended.text };
    if (err == RH_OK && mended.rows > 0)
        hub_log(HUB_LOG_WARNING, "views", &about,
                _("damaged rows of the views were made anew from the journal; examine the disk"));
    if (err == RH_OK)
        return RH_OK;
    if (err == RH_ERR_FULL || harmed) {
        hub->renew = true;
        return RH_ERR_CORRUPT;
    }
    (void)failed(err, "views",
                 _("a row of the views is damaged and the journal cannot make it anew; do not "
                   "delete anything, compare with a copy using 'rhub-audit verify'"),
                 hub->options->data_dir);
    return RH_OK;
}

/* What timers, a release or a commit met while nothing was staged can be mended under a running
 * hub; anything else goes up. */
static enum rh_err excuse(struct hub *hub, enum rh_err err)
{
    struct hub_engine *engine = hub->assembly.engine;
    if (err != RH_ERR_CORRUPT || !hub_engine_rests(engine))
        return err;
    hub_engine_hurt(engine);
    return hub_engine_wants_mending(engine) ? RH_OK : err;
}

/* One turn: everything that arrived, decided; one frame; then the answers. `quiet` when nothing
 * arrived and no time had come but the scrub's. */
static enum rh_err turn(struct hub *hub, bool quiet)
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
        err = excuse(hub, hub_engine_fire(engine, FIRE_LIMIT, &fired));
    if (err == RH_OK)
        err = hub_engine_work(engine, HUB_WORK_LOOKS);
    if (err == RH_OK)
        err = hub_engine_finish(engine);
    if (err == RH_OK)
        err = excuse(hub, hub_gateway_release(hub->gateway));
    if (err == RH_OK)
        err = hub_operator_release(hub->operator);
    if (err == RH_OK)
        err = excuse(hub, hub_engine_settle(engine));
    if (err == RH_OK)
        hub_scrub_turn(&hub->scrub, engine, quiet);
    if (err == RH_OK && hub_engine_wants_mending(engine))
        err = mend(hub);
    hub_watch_look(&hub->watch, engine, hub->gateway);
    if (err == RH_OK && hub_operator_wants_stop(hub->operator))
        hub->stop = true;
    return err;
}

static int wait_ms(struct hub *hub)
{
    uint32_t wait = hub_engine_wait_ms(hub->assembly.engine);
    uint32_t gateway = hub_gateway_wait_ms(hub->gateway);
    uint32_t scrub = hub_scrub_wait_ms(&hub->scrub);
    if (gateway < wait)
        wait = gateway;
    return (int)(scrub < wait ? scrub : wait);
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
        int ready = poll(fds, count, wait);
        if (ready < 0 && errno != EINTR)
            return RH_ERR_IO;
        enum rh_err err = turn(hub, ready == 0);
        if (err == RH_OK && wait > 0)
            err = hub_assembly_idle(&hub->assembly);
        if (err != RH_OK)
            return err;
    }
    return RH_OK;
}

static enum rh_err refresh_reader(void *context, struct hub_map **map)
{
    struct looking *looking = context;
    enum rh_err err = hub_store_reader_refresh(looking->reader);
    *map = err == RH_OK ? hub_store_reader_map(looking->reader) : NULL;
    return err;
}

static void release_reader(void *context)
{
    struct looking *looking = context;
    uint64_t bad = hub_store_reader_bad(looking->reader);
    hub_store_reader_release(looking->reader);
    if (bad != looking->bad)
        hub_engine_hurt(looking->engine);
    looking->bad = bad;
}

static const char *reader_fault(void *context)
{
    const struct looking *looking = context;
    return hub_store_reader_report(looking->reader)->text;
}

/* The endpoint really bound, for whoever asked for a chosen port: written aside, synced and put
 * in place, so that a reader finds the old one or the new one. */
static enum rh_err write_endpoint(const struct hub *hub)
{
    char path[PATH_BYTES], aside[PATH_BYTES + 8];
    const char *endpoint = hub_gateway_endpoint(hub->gateway);
    snprintf(path, sizeof path, "%s/endpoint", hub->options->data_dir);
    snprintf(aside, sizeof aside, "%s.new", path);
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool written = fd >= 0 && dprintf(fd, "%s\n", endpoint) == (int)strlen(endpoint) + 1 &&
                   fsync(fd) == 0;
    int why = errno;
    if (fd >= 0 && close(fd) != 0)
        written = false;
    if (written && rename(aside, path) == 0)
        return RH_OK;
    if (!written)
        errno = why;
    char text[PATH_BYTES + 64];
    snprintf(text, sizeof text, "%s: %s", path, strerror(errno));
    return failed(errno == ENOSPC ? RH_ERR_NOSPACE : RH_ERR_IO, "endpoint",
                  _("the file with the hub's address cannot be written"), text);
}

static enum rh_err open_gateway(struct hub *hub)
{
    char transport[PATH_BYTES], report[HUB_DOOR_TEXT_BYTES];
    snprintf(transport, sizeof transport, "%s/transport.key", hub->options->keys_dir);
    const struct hub_gateway_options gateway = {
        .endpoint = hub->options->endpoint,
        .program = hub->options->program,
        .transport_key = transport,
        .workers = hub->options->workers == 0 ? 1 : hub->options->workers,
        .bundles_per_second = hub->options->bundles_per_second,
        .bytes_per_second = hub->options->bytes_per_second,
    };
    enum rh_err err =
        hub_gateway_open(&gateway, hub->assembly.engine, &hub->gateway, report);
    if (err == RH_OK) {
        /* Views made anew: the hub comes back where it was. */
        snprintf(hub->endpoint, sizeof hub->endpoint, "%s", hub_gateway_endpoint(hub->gateway));
        hub->own.endpoint = hub->endpoint;
        return write_endpoint(hub);
    }
    const char *sentence =
        strstr(report, HUB_DOOR_CANNOT_BIND) != NULL
            ? _("the port for agencies cannot be had: another program may listen there (`ss -ltnp` "
                "names it); stop it, or choose another --endpoint")
            : _("the door for agencies does not open; see the detail, then --endpoint and the "
                "transport key");
    return failed(err, "gateway", sentence, report);
}

static enum rh_err open_operator(struct hub *hub)
{
    const struct hub_operator_options options = {
        .path = hub->admin,
        .engine = hub->assembly.engine,
        .gateway = hub->gateway,
        .endpoint = hub_gateway_endpoint(hub->gateway),
        .data_dir = hub->options->data_dir,
        .version = RH_VERSION,
        .reader = &hub->looking,
        .refresh = refresh_reader,
        .release = release_reader,
        .fault = reader_fault,
    };
    enum rh_err err = hub_operator_open(&options, &hub->operator);
    if (err == RH_ERR_EXISTS)
        return failed(RH_ERR_CONFIG, "operator",
                      _("at the place of the admin socket stands another hub's socket or a "
                        "file; stop that hub, remove the file, or choose another --admin"),
                      hub->admin);
    if (err != RH_OK)
        return failed(err, "operator",
                      _("the admin socket cannot be made; its directory must exist and be "
                        "ours to write"),
                      hub->admin);
    return RH_OK;
}

static void harden(void)
{
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* A row of the views failed its check. What they say can be made again from the journal: they
 * are put aside, and the next start does so: here and now, unless that was done a moment ago. */
static bool renew_views(struct hub *hub)
{
    char name[32];
    uint64_t now = hub_time_system_monotonic();
    bool lately = hub->renewed_ms != 0 && now - hub->renewed_ms < RENEW_EVERY_MS;
    (void)failed(RH_ERR_CORRUPT, "views", _("a row of the views failed its check"),
                 hub->assembly.report);
    enum rh_err err = hub_assembly_renew(hub->options, name);
    hub->renewed_ms = now;
    hub->renew = false;
    if (err == RH_OK)
        hub_logf(HUB_LOG_WARNING, "views", NULL,
                 _("the damaged views were put aside as %s; a start makes them anew from the "
                   "journal"),
                 name);
    else
        (void)failed(err, "views",
                     _("the damaged views cannot be put aside; restore a backup, or move them "
                       "away by hand if the journal is complete"),
                     hub->options->data_dir);
    return err == RH_OK && !lately;
}

/* *again: the damaged views are out of the way, and another try makes them anew. */
static enum rh_err open_hub(struct hub *hub, bool *again)
{
    enum rh_err err = hub_assembly_open(&hub->assembly, hub->options);
    if (err == RH_ERR_CORRUPT && hub->assembly.views_to_blame)
        *again = renew_views(hub);
    else if (err != RH_OK)
        return failed(err, "start", _("the hub does not start; see the detail, which says what to mend"),
                      hub->assembly.report);
    else if (hub->assembly.report[0] != '\0') {
        const struct hub_log_about about = { .detail = hub->assembly.report };
        hub_log(HUB_LOG_WARNING, "recovery", &about,
                _("an unfinished frame at the end of the journal was cut; nobody had been "
                  "answered for it"));
    }
    return err;
}

/* Before anything is opened: what no later step could do better. */
static enum rh_err prepare(struct hub *hub)
{
    size_t admin_max = sizeof ((struct sockaddr_un *)0)->sun_path - 1;
    const char *wanted = hub->options->admin_path;
    int bytes = wanted != NULL
                    ? snprintf(hub->admin, sizeof hub->admin, "%s", wanted)
                    : snprintf(hub->admin, sizeof hub->admin, "%s/admin.sock",
                               hub->options->data_dir);
    if (bytes <= 0 || (size_t)bytes > admin_max) {
        char text[160];
        snprintf(text, sizeof text, "%d > %zu: %.100s...", bytes, admin_max, hub->admin);
        return failed(RH_ERR_CONFIG, "operator",
                      _("the path of the admin socket is too long for a socket; give a shorter "
                        "one with --admin"),
                      text);
    }
    hub->signals = open_signals();
    if (hub->signals < 0)
        return failed(RH_ERR_IO, "start", _("the system gives no descriptor for signals"),
                      strerror(errno));
    harden();
    return RH_OK;
}

static enum rh_err open_doors(struct hub *hub)
{
    hub->looking = (struct looking){ .engine = hub->assembly.engine };
    enum rh_err err = hub_store_reader_open(hub->assembly.store, &hub->looking.reader);
    if (err == RH_OK)
        err = hub_scrub_open(&hub->scrub, hub->assembly.store);
    if (err != RH_OK)
        return failed(err, "views",
                      _("the views cannot be opened for reading; is another program using "
                        "them?"),
                      hub_store_report(hub->assembly.store)->text);
    err = open_gateway(hub);
    return err == RH_OK ? open_operator(hub) : err;
}

/* READY until the end; the reason of the end is in the log. */
static enum rh_err serve(struct hub *hub)
{
    hub_log_hub_time(hub_engine_now(hub->assembly.engine));
    rh_local_notify("READY=1");
    hub_logf(HUB_LOG_INFO, "ready", NULL, _("%s serves agencies at %s"),
             hub_engine_hub(hub->assembly.engine)->text, hub_gateway_endpoint(hub->gateway));
    enum rh_err err = run_until_stopped(hub);
    if (err == RH_OK)
        err = hub_engine_rest(hub->assembly.engine);
    if (err == RH_OK)
        hub_log(HUB_LOG_INFO, "stop", NULL, _("the hub stopped as it was asked to"));
    else if (err == RH_ERR_FULL)
        (void)failed(err, "stop", _("the views' store is full: start again with more --map-bytes"),
                     hub_store_report(hub->assembly.store)->text);
    else
        (void)failed(err, "stop",
                     _("the hub cannot go on and stops; start it again, it recovers from the "
                       "journal"),
                     hub_store_report(hub->assembly.store)->text);
    return err;
}

/* From opening to closing. *again: the views were damaged and are to be made anew. */
static enum rh_err live(struct hub *hub, bool *again)
{
    *again = false;
    enum rh_err err = open_hub(hub, again);
    if (err != RH_OK)
        return err;
    err = open_doors(hub);
    if (err == RH_OK)
        err = serve(hub);
    if (err != RH_ERR_CORRUPT) /* else it may come back in this process */
        rh_local_notify("STOPPING=1");
    hub_operator_close(&hub->operator);
    hub_gateway_close(&hub->gateway);
    hub_scrub_close(&hub->scrub);
    hub_store_reader_close(&hub->looking.reader);
    bool renew = err == RH_ERR_CORRUPT &&
                 (hub_assembly_blames_views(&hub->assembly) || hub->renew);
    hub_assembly_close(&hub->assembly);
    if (renew)
        *again = renew_views(hub);
    return err;
}

int hub_daemon_run(const struct hub_options *options)
{
    static struct hub hub;
    bool again = true;
    hub = (struct hub){ .own = *options, .signals = -1 };
    hub.options = &hub.own;
    enum rh_err err = prepare(&hub);
    while (err == RH_OK && again) {
        err = live(&hub, &again);
        if (again && !hub.stop) {
            memset(&hub.watch, 0, sizeof hub.watch);
            err = RH_OK;
        } else {
            again = false;
        }
    }
    if (hub.signals >= 0)
        close(hub.signals);
    return rh_exit_of(err);
}

int hub_daemon_recover(const struct hub_options *options)
{
    static struct hub_assembly assembly;
    enum rh_err err = hub_assembly_open(&assembly, options);
    if (err != RH_OK) {
        (void)failed(err, "recover",
                     _("the hub does not open and no generation was begun; a hub that runs must be "
                       "stopped first"),
                     assembly.report);
        return rh_exit_of(err);
    }
    const char *name = options->operator_name;
    err = hub_engine_new_generation(assembly.engine, name == NULL ? "" : name,
                                    options->reason);
    if (err == RH_OK)
        printf("%s\n", hub_engine_hub(assembly.engine)->text);
    else
        (void)failed(err, "recover", _("the new generation could not be begun"), "");
    hub_assembly_close(&assembly);
    return rh_exit_of(err);
}
