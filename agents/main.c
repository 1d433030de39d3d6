/* rhub-agent: options, assembly, run. No decisions here. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rh/exit.h>
#include <rh/local.h>
#include <rh/text.h>

#include "doors/folder/folder.h"
#include "load/profile.h"
#include "runtime/agent.h"
#include "runtime/import_ask.h"
#include "runtime/lint.h"
#include "runtime/screen.h"
#include "runtime/words.h"

enum { TURN_MS = 10000, TELL_MS = 1000, STATUS_BYTES = 160 };

struct options {
    const char *agency, *keys, *hub_card, *agencies, *state, *exchange, *profile, *socket,
        *endpoint, *encoding, *lang, *rules, *map, *output;
    bool trust_hub, hold_generation, dry_run;
    uint32_t settle_ms, retry_ms;
};

enum { O_AGENCY = 256, O_KEYS, O_HUB_CARD, O_AGENCIES, O_STATE, O_EXCHANGE, O_PROFILE, O_SOCKET,
       O_ENDPOINT, O_ENCODING, O_LANG, O_TRUST, O_HOLD, O_SETTLE, O_RETRY, O_RULES,
       O_MAP, O_DRY_RUN, O_OUTPUT, O_HELP, O_VERSION };

static const struct option long_options[] = {
    { "agency", required_argument, NULL, O_AGENCY },
    { "keys", required_argument, NULL, O_KEYS },
    { "hub-card", required_argument, NULL, O_HUB_CARD },
    { "agencies", required_argument, NULL, O_AGENCIES },
    { "state", required_argument, NULL, O_STATE },
    { "exchange", required_argument, NULL, O_EXCHANGE },
    { "profile", required_argument, NULL, O_PROFILE },
    { "socket", required_argument, NULL, O_SOCKET },
    { "endpoint", required_argument, NULL, O_ENDPOINT },
    { "encoding", required_argument, NULL, O_ENCODING },
    { "lang", required_argument, NULL, O_LANG },
    { "trust-hub", no_argument, NULL, O_TRUST },
    { "hold-generation", no_argument, NULL, O_HOLD },
    { "settle-ms", required_argument, NULL, O_SETTLE },
    { "retry-ms", required_argument, NULL, O_RETRY },
    { "rules", required_argument, NULL, O_RULES },
    { "map", required_argument, NULL, O_MAP },
    { "dry-run", no_argument, NULL, O_DRY_RUN },
    { "output", required_argument, NULL, O_OUTPUT },
    { "help", no_argument, NULL, O_HELP },
    { "version", no_argument, NULL, O_VERSION },
    { NULL, 0, NULL, 0 },
};

static const char usage[] = N_(
    "rhub-agent run --agency ID --keys DIR --hub-card FILE --state DIR [options]\n"
    "rhub-agent init --agency ID --keys DIR --state DIR [--exchange DIR]\n"
    "rhub-agent lint [--profile NAME] FILE...\n"
    "rhub-agent import --state DIR --map MAP.yaml [--dry-run] FILE.csv\n"
    "rhub-agent screen --rules DIR --map MAP.yaml [-o table|json] FILE.csv\n"
    "rhub-agent due|inbox|outbox --state DIR [options of rhub]\n"
    "\n"
    "  --agency ID        this agency, as court.620423\n"
    "  --keys DIR         its four key files (init makes them)\n"
    "  --hub-card FILE    the hub's public keys and address\n"
    "  --state DIR        spool and local socket; never copy it\n"
    "  --agencies DIR     cards of the other agencies, *.pub\n"
    "  --exchange DIR     folder door: out/ in/ sent/ failed/ done/ tmp/\n"
    "  --encoding NAME    of files in out/: utf-8 or gb18030\n"
    "  --profile NAME     petitions, procuratorate, court, police, or a file\n"
    "  --socket PATH      local socket (default STATE/agent.sock)\n"
    "  --endpoint ADDR    instead of the card's, as tcp://host:5550\n"
    "  --rules DIR        rules as the hub has them: their routing map sends imports on\n"
    "  --trust-hub        take messages of agencies whose card is missing\n"
    "  --hold-generation  stop when the hub begins a new generation\n"
    "  --lang zh|en\n");

static int complain(int code, const char *text, const char *what)
{
    if (what != NULL)
        fprintf(stderr, "rhub-agent: %s: %s\n", text, what);
    else
        fprintf(stderr, "rhub-agent: %s\n", text);
    return code;
}

static bool read_ms(const char *text, uint32_t *out)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *out = (uint32_t)value;
    return end != text && *end == '\0' && value > 0 && value <= 3600000;
}

/* RH_EXIT_OK, or how to end; -1: ended well already (help, version). */
static int read_options(int argc, char **argv, struct options *out)
{
    int letter;
    bool help = false;
    while ((letter = getopt_long(argc, argv, "o:", long_options, NULL)) != -1) {
        switch (letter) {
        case 'o':
        case O_OUTPUT: out->output = optarg; break;
        case O_AGENCY: out->agency = optarg; break;
        case O_KEYS: out->keys = optarg; break;
        case O_HUB_CARD: out->hub_card = optarg; break;
        case O_AGENCIES: out->agencies = optarg; break;
        case O_STATE: out->state = optarg; break;
        case O_EXCHANGE: out->exchange = optarg; break;
        case O_PROFILE: out->profile = optarg; break;
        case O_SOCKET: out->socket = optarg; break;
        case O_ENDPOINT: out->endpoint = optarg; break;
        case O_ENCODING: out->encoding = optarg; break;
        case O_RULES: out->rules = optarg; break;
        case O_MAP: out->map = optarg; break;
        case O_DRY_RUN: out->dry_run = true; break;
        case O_LANG: out->lang = optarg; break;
        case O_TRUST: out->trust_hub = true; break;
        case O_HOLD: out->hold_generation = true; break;
        case O_SETTLE:
            if (!read_ms(optarg, &out->settle_ms))
                return complain(RH_EXIT_USAGE, _("a number of milliseconds is wanted"), optarg);
            break;
        case O_RETRY:
            if (!read_ms(optarg, &out->retry_ms))
                return complain(RH_EXIT_USAGE, _("a number of milliseconds is wanted"), optarg);
            break;
        case O_HELP: help = true; break; /* in the language that may be named behind it */
        case O_VERSION:
            printf("rhub-agent %s\n", RH_VERSION);
            return -1;
        default:
            return RH_EXIT_USAGE; /* getopt has said why */
        }
    }
    if (help) {
        rh_text_init(out->lang);
        printf("%s", rh_text(usage));
        return -1;
    }
    return RH_EXIT_OK;
}

/* ---- profiles --------------------------------------------------------------------------- */

/* NAME stands for the file beside the installed program, or where it was built. */
static bool profile_path(const char *name, char *out, size_t capacity)
{
    char self[AGENT_PATH_BYTES];
    if (strchr(name, '/') != NULL || strchr(name, '.') != NULL)
        return snprintf(out, capacity, "%s", name) < (int)capacity;
    ssize_t bytes = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = NULL;
    if (bytes > 0) {
        self[bytes] = '\0';
        slash = strrchr(self, '/');
    }
    if (slash != NULL) {
        *slash = '\0';
        if (snprintf(out, capacity, "%s/../share/rhub/profiles/%s.yaml", self, name) <
                (int)capacity &&
            access(out, R_OK) == 0)
            return true;
    }
    return snprintf(out, capacity, "%s/%s.yaml", RH_PROFILE_DIR, name) < (int)capacity;
}

static int load_profile(const char *name, struct rh_profile **out)
{
    static struct rh_profile profile;
    struct rh_load_report report;
    char path[AGENT_PATH_BYTES + 64], text[RH_PROBLEM_LIST_BYTES];
    *out = NULL;
    if (name == NULL)
        return RH_EXIT_OK;
    if (!profile_path(name, path, sizeof path))
        return complain(RH_EXIT_USAGE, _("the profile cannot be read"), name);
    rh_load_report_init(&report, text, sizeof text);
    enum rh_err err = rh_load_profile(path, &profile, &report);
    if (err != RH_OK) {
        char said[RH_PROBLEM_LIST_BYTES];
        rh_problem_lines(text, true, said, sizeof said);
        fprintf(stderr, "%s\n", said);
        complain(RH_EXIT_CONFIG, _("the profile cannot be read"), path);
        return err == RH_ERR_NOTFOUND ? RH_EXIT_NOINPUT : RH_EXIT_CONFIG;
    }
    *out = &profile;
    return RH_EXIT_OK;
}

/* ---- init ------------------------------------------------------------------------------- */

static int make_dir(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return RH_EXIT_OK;
    return complain(RH_EXIT_CANTCREATE, strerror(errno), path);
}

/* The keys that are missing, and the card of all four. */
static int make_keys(const struct rh_agency_id *agency, const char *dir)
{
    struct rh_card card;
    char path[AGENT_PATH_BYTES], fingerprint[RH_FINGERPRINT_BYTES];
    memset(&card, 0, sizeof card);
    snprintf(card.owner, sizeof card.owner, "%s", agency->text);
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        struct rh_secret secret;
        snprintf(path, sizeof path, "%s/%s.%s.key", dir, agency->text,
                 rh_key_use_name((enum rh_key_use)use));
        enum rh_err err = rh_secret_load(path, (enum rh_key_use)use, &secret);
        if (err == RH_ERR_NOTFOUND) {
            rh_secret_generate((enum rh_key_use)use, agency->text, &secret);
            err = rh_secret_save(path, &secret);
        }
        if (err != RH_OK)
            return complain(rh_exit_of(err), rh_err_text(err), path);
        card.present[use] = true;
        memcpy(card.keys[use], secret.public_key, sizeof card.keys[use]);
        rh_wipe(&secret, sizeof secret);
    }
    snprintf(path, sizeof path, "%s/%s.pub", dir, agency->text);
    enum rh_err err = rh_card_save(path, &card);
    if (err != RH_OK)
        return complain(rh_exit_of(err), rh_err_text(err), path);
    rh_card_fingerprint(&card, fingerprint);
    printf("%s  %s\n", path, fingerprint);
    return RH_EXIT_OK;
}

static int run_init(const struct options *options, const struct rh_agency_id *agency)
{
    int code = make_dir(options->state, 0700);
    if (code == RH_EXIT_OK)
        code = make_dir(options->keys, 0700);
    if (code == RH_EXIT_OK)
        code = make_keys(agency, options->keys);
    if (code == RH_EXIT_OK && options->exchange != NULL) {
        code = make_dir(options->exchange, 0770);
        enum rh_err err = code == RH_EXIT_OK ? folder_prepare(options->exchange) : RH_OK;
        if (err != RH_OK)
            code = complain(RH_EXIT_CANTCREATE, rh_err_text(err), options->exchange);
    }
    if (code == RH_EXIT_OK)
        printf("%s\n", _("Give the .pub file to the hub's administrator and compare the "
                         "fingerprint by telephone."));
    return code;
}

/* ---- run -------------------------------------------------------------------------------- */

/* Signals come in like everything else: readable, and looked at once a turn. */
struct signals {
    struct agent *agent;
    int fd;
};

static uint32_t signal_fds(void *context, int *fds, uint32_t max)
{
    const struct signals *signals = context;
    if (max > 0)
        fds[0] = signals->fd;
    return max > 0 ? 1 : 0;
}

static uint32_t signal_wait_ms(void *context)
{
    (void)context;
    return UINT32_MAX;
}

static enum rh_err signal_take(void *context)
{
    struct signals *signals = context;
    struct signalfd_siginfo info;
    while (read(signals->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            signals->agent->clean_at = 0; /* look at the cards again */
        else
            signals->agent->stopping = true;
    }
    return RH_OK;
}

static enum rh_err signal_give(void *context)
{
    (void)context;
    return RH_OK;
}

static void signal_hold(void *context, bool on)
{
    (void)context;
    (void)on;
}

static void signal_close(void *context)
{
    const struct signals *signals = context;
    close(signals->fd);
}

/* Before any thread starts, so that all inherit the mask. */
static int block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void tell_manager(struct agent *agent, bool first)
{
    char text[STATUS_BYTES];
    struct agent_counts counts;
    if (agent_spool_counts(agent->spool, &counts) != RH_OK)
        return;
    snprintf(text, sizeof text, "%sSTATUS=%s, %llu to send, %llu to take\nWATCHDOG=1",
             first ? "READY=1\n" : "",
             rh_client_is_online(agent->client) ? "online" : "offline",
             (unsigned long long)counts.waiting, (unsigned long long)counts.not_taken);
    rh_local_notify(text);
}

static int run_loop(struct agent *agent)
{
    enum rh_err err = RH_OK;
    agent_log(AGENT_INFO, "started", "agency", agent->options.agency.text, NULL);
    tell_manager(agent, true);
    uint64_t told_at = agent_monotonic_ms();
    while (err == RH_OK && !agent->stopping) {
        err = agent_turn(agent, TURN_MS);
        if (agent_monotonic_ms() - told_at < TELL_MS)
            continue;
        told_at = agent_monotonic_ms();
        tell_manager(agent, false);
    }
    rh_local_notify("STOPPING=1");
    agent_log(err == RH_OK ? AGENT_INFO : AGENT_ERROR, "stopped", "why",
              err == RH_OK ? NULL : rh_err_text(err), NULL);
    return err == RH_OK ? RH_EXIT_OK : (int)rh_exit_of(err);
}

static int add_doors(struct agent *agent, const struct options *options,
                     struct signals *signals)
{
    struct agent_door door = { .name = "signals", .context = signals, .fds = signal_fds,
                               .wait_ms = signal_wait_ms, .take = signal_take,
                               .give = signal_give, .hold = signal_hold,
                               .close = signal_close };
    signals->agent = agent;
    agent_add_door(agent, &door);
    if (options->exchange == NULL)
        return RH_EXIT_OK;
    struct folder_options folder = { .agent = agent, .dir = options->exchange,
                                     .encoding = options->encoding,
                                     .settle_ms = options->settle_ms };
    enum rh_err err = folder_open(&folder, &door);
    if (err != RH_OK)
        return complain(rh_exit_of(err), rh_err_text(err), options->exchange);
    agent_add_door(agent, &door);
    return RH_EXIT_OK;
}

/* A directory that was named and is not there is a mistake in the settings, not of a disk. */
static int check_dir(const char *path)
{
    struct stat about;
    if (path == NULL)
        return RH_EXIT_OK;
    int code = stat(path, &about) == 0 ? (S_ISDIR(about.st_mode) ? 0 : ENOTDIR) : errno;
    return code == 0 ? RH_EXIT_OK : complain(RH_EXIT_CONFIG, strerror(code), path);
}

/* What is wrong with the file of a secret key, and what helps. */
static const char *key_sentence(enum rh_err err)
{
    return err == RH_ERR_DENIED
               ? _("the file may be read by others, or not by you; chmod 600 helps")
               : rh_err_text(err);
}

static int run_agent(const struct options *options, const struct rh_agency_id *agency)
{
    struct signals signals = { .fd = block_signals() };
    struct agent_options own = {
        .agency = *agency,
        .endpoint = options->endpoint,
        .state_dir = options->state,
        .cards_dir = options->agencies,
        .profile_name = options->profile,
        .rules_dir = options->rules,
        .trust_hub = options->trust_hub,
        .hold_generation = options->hold_generation,
        .retry_ms_max = options->retry_ms,
    };
    struct rh_agency_keys keys;
    struct rh_profile *profile;
    struct agent *agent = NULL;
    char path[AGENT_PATH_BYTES], report[RH_PROBLEM_LIST_BYTES] = "",
                                 said[RH_PROBLEM_LIST_BYTES];
    int code = load_profile(options->profile, &profile);
    if (code == RH_EXIT_OK)
        code = check_dir(options->state);
    if (code == RH_EXIT_OK)
        code = check_dir(options->agencies);
    if (code != RH_EXIT_OK)
        return code;
    enum rh_err err = rh_card_load(options->hub_card, &own.hub);
    if (err != RH_OK)
        return complain(rh_exit_of(err), rh_err_text(err), options->hub_card);
    err = rh_agency_keys_load(options->keys, agency, &keys, path, sizeof path);
    if (err != RH_OK)
        return complain(rh_exit_of(err), key_sentence(err), path);
    snprintf(path, sizeof path, "%s/agent.sock", options->state);
    own.socket_path = options->socket != NULL ? options->socket : path;
    own.keys = &keys;
    own.profile = profile;
    err = agent_open(&own, &agent, report, sizeof report);
    rh_agency_keys_wipe(&keys);
    if (err != RH_OK) {
        code = err == RH_ERR_EXISTS ? RH_EXIT_TEMPORARY : (int)rh_exit_of(err);
        rh_problem_lines(report, true, said, sizeof said);
        return complain(code, said, options->state);
    }
    code = add_doors(agent, options, &signals);
    if (code == RH_EXIT_OK)
        code = run_loop(agent);
    agent_close(&agent);
    return code;
}

/* ---- which of them ---------------------------------------------------------------------- */

static int need(const char *value, const char *name)
{
    return value != NULL ? RH_EXIT_OK
                         : complain(RH_EXIT_USAGE, _("this option is needed"), name);
}

static int run_lint(const struct options *options, char **files, int count)
{
    struct rh_profile *profile;
    int code = load_profile(options->profile, &profile);
    for (int i = 0; i < count && code <= RH_EXIT_NO; i++)
        if (!agent_lint_file(files[i], profile, stdout))
            code = RH_EXIT_DATA;
    return code;
}

static int run_import(const struct options *options, char **files, int count)
{
    char path[AGENT_PATH_BYTES];
    int code = need(options->map, "--map");
    if (code == RH_EXIT_OK && options->socket == NULL)
        code = need(options->state, "--state");
    if (code != RH_EXIT_OK)
        return code;
    if (count != 1)
        return complain(RH_EXIT_USAGE, _("one table is imported at a time"), NULL);
    if (options->socket == NULL)
        snprintf(path, sizeof path, "%s/agent.sock", options->state);
    struct agent_import_request request = {
        .socket = options->socket != NULL ? options->socket : path, .file = files[0],
        .map = options->map, .dry_run = options->dry_run,
    };
    return agent_import_ask(&request);
}

static int run_screen(const struct options *options, char **files, int count)
{
    int code = need(options->map, "--map");
    if (code == RH_EXIT_OK)
        code = need(options->rules, "--rules");
    if (code != RH_EXIT_OK)
        return code;
    if (count != 1)
        return complain(RH_EXIT_USAGE, _("one table is screened at a time"), NULL);
    const char *output = options->output != NULL ? options->output : "table";
    if (strcmp(output, "table") != 0 && strcmp(output, "json") != 0)
        return complain(RH_EXIT_USAGE, _("the output is table or json"), output);
    const struct agent_screen_request request = {
        .file = files[0], .map = options->map, .rules = options->rules,
        .json = strcmp(output, "json") == 0, .chinese = strcmp(rh_text_language(), "zh") == 0,
    };
    return agent_screen_table(&request, stdout, stderr);
}

/* due, inbox, outbox: what rhub shows of an agency that runs; rhub stands beside this
 * program. */
static int run_view(int argc, char **argv)
{
    enum { PATH_BYTES = 4096, WORDS_MAX = 64 };
    static char socket_path[PATH_BYTES], program[PATH_BYTES];
    char *words[WORDS_MAX] = { program, NULL };
    int count = 1;
    for (int i = 1; i < argc; i++) {
        if (count + 3 >= WORDS_MAX)
            return complain(RH_EXIT_USAGE, _("too many words"), argv[1]);
        bool state = strcmp(argv[i], "--state") == 0;
        if ((state || strcmp(argv[i], "--socket") == 0) && i + 1 < argc) {
            snprintf(socket_path, sizeof socket_path, "%s%s", argv[++i],
                     state ? "/agent.sock" : "");
            words[count++] = "--agent";
            words[count++] = socket_path;
        } else {
            words[count++] = argv[i];
        }
    }
    if (readlink("/proc/self/exe", program, sizeof program - sizeof "rhub") < 0)
        program[0] = '\0';
    char *slash = strrchr(program, '/');
    memcpy(slash != NULL ? slash + 1 : program, "rhub", sizeof "rhub");
    execvp(program, words);
    return complain(RH_EXIT_UNAVAILABLE, strerror(errno), program);
}

int main(int argc, char **argv)
{
    struct options options = { .agency = NULL };
    if (argc > 1 && (strcmp(argv[1], "due") == 0 || strcmp(argv[1], "inbox") == 0 ||
                     strcmp(argv[1], "outbox") == 0))
        return run_view(argc, argv);
    struct rh_agency_id agency;
    rh_text_init(NULL);
    int code = read_options(argc, argv, &options);
    if (code != RH_EXIT_OK)
        return code < 0 ? RH_EXIT_OK : code;
    if (options.lang != NULL && rh_text_init(options.lang) == RH_ERR_USAGE)
        return complain(RH_EXIT_USAGE, _("the language is zh or en"), options.lang);
    const char *command = optind < argc ? argv[optind++] : "";
    if (strcmp(command, "lint") == 0)
        return run_lint(&options, argv + optind, argc - optind);
    if (strcmp(command, "import") == 0)
        return run_import(&options, argv + optind, argc - optind);
    if (strcmp(command, "screen") == 0)
        return run_screen(&options, argv + optind, argc - optind);
    bool init = strcmp(command, "init") == 0;
    if ((!init && strcmp(command, "run") != 0) || optind < argc) {
        fprintf(stderr, "%s", rh_text(usage));
        return RH_EXIT_USAGE;
    }
    code = need(options.agency, "--agency");
    if (code == RH_EXIT_OK)
        code = need(options.keys, "--keys");
    if (code == RH_EXIT_OK)
        code = need(options.state, "--state");
    if (code == RH_EXIT_OK && !init)
        code = need(options.hub_card, "--hub-card");
    if (code != RH_EXIT_OK)
        return code;
    if (rh_agency_id_parse(options.agency, strlen(options.agency), &agency) != RH_OK)
        return complain(RH_EXIT_USAGE, _("this is no agency id"), options.agency);
    return init ? run_init(&options, &agency) : run_agent(&options, &agency);
}
