#include "daemon/options.h"

#include <rh/date.h>
#include <rh/exit.h>
#include <rh/text.h>

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    { "lang", required_argument, NULL, 'l' },
    { NULL, 0, NULL, 0 },
};

int hub_options_usage(FILE *out)
{
    fputs("rhubd init    --hub ID --keys DIR --endpoint ADDR\n"
          "rhubd run     --hub ID --keys DIR --data DIR --rules DIR --endpoint ADDR\n"
          "              [--admin PATH] [--test-clock[=INSTANT]] [--workers N]\n"
          "              [--map-bytes N] [--segment-bytes N]\n"
          "              [--bundles-per-second N] [--bytes-per-second N]\n"
          "rhubd recover --hub ID --keys DIR --data DIR --rules DIR --reason TEXT\n"
          "              [--operator NAME]\n"
          "rhubd --help | --version\n"
          "\n",
          out);
    fputs(_("  init      make the keys of a new hub, and the card that agencies need\n"
            "  run       serve until SIGTERM or `rhub stop`; SIGHUP reads the rules again\n"
            "  recover   after a rollback was seen: begin a new generation (hub stopped)\n"
            "\n"
            "  --hub ID         hub.DIVISION, or test.NAME for a test hub\n"
            "  --keys DIR       secret keys; keep it outside --data and back it up apart\n"
            "  --endpoint ADDR  tcp://ADDRESS:PORT that agencies connect to; port * is\n"
            "                   chosen and written to DIR/endpoint below --data\n"
            "  --admin PATH     socket of rhub; default DIR/admin.sock below --data\n"
            "  --test-clock     steered clock, test hubs only; INSTANT (RFC 3339) is where\n"
            "                   a new hub's time begins, else the wall clock's\n"
            "  --workers N      threads that check signatures, 1 to 8; default 1\n"
            "  --map-bytes N    the most that the views may grow to\n"
            "  --segment-bytes N\n"
            "                   size of one piece of the journal\n"
            "  --bundles-per-second N, --bytes-per-second N\n"
            "                   what one agency may send, above it it is told to wait;\n"
            "                   default 2000 and 64 MiB\n"
            "  --lang zh|en     language of this page and of the log's sentences\n"),
          out);
    return out == stdout ? RH_EXIT_OK : RH_EXIT_USAGE;
}

static bool read_number(const char *text, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] < '0' || text[0] > '9')
        return false;
    *out = value;
    return true;
}

/* The options that are numbers. */
static bool read_size(int letter, const char *text, struct hub_options *out)
{
    uint64_t number = 0;
    if (!read_number(text, &number))
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

static bool read_value(int letter, const char *text, struct hub_options *out)
{
    switch (letter) {
    case 'h': out->hub_id = text; return true;
    case 'd': out->data_dir = text; return true;
    case 'k': out->keys_dir = text; return true;
    case 'r': out->rules_dir = text; return true;
    case 'e': out->endpoint = text; return true;
    case 'a': out->admin_path = text; return true;
    case 'R': out->reason = text; return true;
    case 'O': out->operator_name = text; return true;
    case 'l': return strcmp(text, "zh") == 0 || strcmp(text, "en") == 0;
    case 't':
        out->test_clock = true;
        return text == NULL ||
               rh_instant_parse(text, strlen(text), &out->test_start_ms) == RH_OK;
    default:
        return read_size(letter, text, out);
    }
}

static const char *name_of(int letter)
{
    for (size_t i = 0; known[i].name != NULL; i++)
        if (known[i].val == letter)
            return known[i].name;
    return "";
}

static bool complain(const char *format, const char *word)
{
    fputs("rhubd: ", stderr);
    fprintf(stderr, rh_text(format), word);
    fprintf(stderr, "\n%s\n", _("`rhubd --help` lists the options"));
    return false;
}

bool hub_options_read(int argc, char **argv, struct hub_options *out)
{
    int letter;
    opterr = 0;
    optind = 2;
    while ((letter = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (letter == '?')
            return complain(N_("there is no option %s"), argv[optind - 1]);
        if (letter == ':')
            return complain(N_("%s needs a value"), argv[optind - 1]);
        if (!read_value(letter, optarg, out))
            return complain(N_("--%s does not take this value"), name_of(letter));
    }
    return optind == argc || complain(N_("%s is not understood here"), argv[optind]);
}

bool hub_options_complete(const char *verb, const struct hub_options *options)
{
    bool init = strcmp(verb, "init") == 0, recover = strcmp(verb, "recover") == 0;
    const struct {
        const char *name, *value;
        bool wanted;
    } needed[] = {
        { "--hub", options->hub_id, true },
        { "--keys", options->keys_dir, true },
        { "--data", options->data_dir, !init },
        { "--rules", options->rules_dir, !init },
        { "--endpoint", options->endpoint, !recover },
        { "--reason", options->reason, recover },
    };
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (needed[i].wanted && (needed[i].value == NULL || needed[i].value[0] == '\0'))
            return complain(N_("%s is missing"), needed[i].name);
    return true;
}
