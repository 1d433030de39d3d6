/* rhub-audit: reads a hub's log, never needs the hub, writes nothing but --out. */
#include "audit/verbs.h"
#include "views/bulletin.h"

#include <getopt.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHECKPOINTS_MAX = 64 };

static const struct verb {
    const char *name;
    int (*run)(const struct hub_verb_options *options);
    int arguments;
} verbs[] = {
    { "verify", hub_verb_verify, 1 }, { "timeline", hub_verb_timeline, 2 },
    { "replay", hub_verb_replay, 1 }, { "receipt", hub_verb_receipt, 1 },
    { "diff", hub_verb_diff, 2 }, { "bulletin", hub_verb_bulletin, 1 },
};

enum { VERBS = (int)(sizeof verbs / sizeof verbs[0]) };

static int usage(FILE *out)
{
    fputs(_("examples:\n"
            "  rhub-audit verify   LOG --hub-card hub.card --agencies cards/\n"
            "  rhub-audit timeline LOG R-2026-000042\n"
            "  rhub-audit replay   LOG --at 2026-11-18T18:00+08:00 --out state.json\n"
            "  rhub-audit receipt  FILE --hub-card hub.card\n"
            "  rhub-audit diff     LOG_A LOG_B\n"
            "  rhub-audit bulletin LOG --month 2026-10 --by agency -o json\n"
            "\n"
            "LOG is a copy of a hub's data directory (journal/ and log/) or a journal "
            "directory.\n"
            "\n"
            "  --hub-card FILE    the hub's public card, as handed out at enrolment\n"
            "  --agencies DIR     the agencies' public cards, *.pub\n"
            "  --checkpoint FILE  a published checkpoint from elsewhere; may be repeated\n"
            "  --from I --to J    check signatures of these records only, stop behind J\n"
            "  --first            stop at the first break\n"
            "  --redecide         decide every event again and compare\n"
            "  --at T             up to this instant: RFC 3339, or a day (its end)\n"
            "  --index N          up to N records\n"
            "  --month M          bulletin: 2026-10, 2026-Q4 or 2026\n"
            "  --by WHAT          bulletin: agency, procedure or both\n"
            "  --area CODE        bulletin: of the agencies of this division only\n"
            "  --out FILE         verify: certificate in JSON; replay: the state; - is stdout\n"
            "  -o table|json      form of the output\n"
            "  --lang zh|en       language of texts\n"
            "\n"
            "exit: 0 holds, 1 does not, 64 wrong usage, 65 input unusable, 66 input missing\n"),
          out);
    return out == stdout ? RH_EXIT_OK : RH_EXIT_USAGE;
}

/* Edits from one word to the other; short words only. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[16];
    size_t bytes = strlen(b);
    if (bytes >= 15 || strlen(a) >= 15)
        return 100;
    for (unsigned j = 0; j <= bytes; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned corner = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= bytes; j++) {
            unsigned above = row[j];
            unsigned best = corner + (a[i - 1] == b[j - 1] ? 0u : 1u);
            best = above + 1 < best ? above + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            corner = above;
        }
    }
    return row[bytes];
}

static const struct verb *find_verb(const char *name)
{
    const struct verb *nearest = &verbs[0];
    for (int i = 0; i < VERBS; i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
        if (distance(name, verbs[i].name) < distance(name, nearest->name))
            nearest = &verbs[i];
    }
    fprintf(stderr, _("rhub-audit: unknown verb %s; did you mean %s?\n"), name, nearest->name);
    return NULL;
}

static bool read_number(const char *text, uint64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0')
        return false;
    *out = strtoull(text, NULL, 10);
    return true;
}

/* "2026-11-18T18:00:00+08:00", without seconds too, or a day, which means its end. */
static bool read_instant(const char *text, uint64_t *out)
{
    struct rh_date date;
    char longer[48];
    size_t bytes = strlen(text);
    if (rh_date_parse(text, bytes, &date) == RH_OK) {
        *out = rh_date_end_ms(date) - 1;
        return true;
    }
    if (rh_instant_parse(text, bytes, out) == RH_OK)
        return true;
    if (bytes < 17 || bytes > 40)
        return false;
    snprintf(longer, sizeof longer, "%.16s:00%s", text, text + 16);
    return rh_instant_parse(longer, strlen(longer), out) == RH_OK;
}

struct command_line {
    struct hub_verb_options verb;
    const char *checkpoints[CHECKPOINTS_MAX];
    struct hub_bulletin bulletin;
    bool limited; /* --at or --index */
};

static const struct option known[] = {
    { "hub-card", required_argument, NULL, 'c' }, { "agencies", required_argument, NULL, 'a' },
    { "checkpoint", required_argument, NULL, 'k' }, { "from", required_argument, NULL, 'f' },
    { "to", required_argument, NULL, 't' }, { "first", no_argument, NULL, '1' },
    { "redecide", no_argument, NULL, 'r' }, { "at", required_argument, NULL, 'T' },
    { "index", required_argument, NULL, 'n' },
    { "month", required_argument, NULL, 'm' }, { "by", required_argument, NULL, 'b' },
    { "area", required_argument, NULL, 'A' }, { "out", required_argument, NULL, 'O' },
    { "output", required_argument, NULL, 'o' }, { "lang", required_argument, NULL, 'l' },
    { "quiet", no_argument, NULL, 'q' }, { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 },
};

static bool take_option(struct command_line *line, int letter, const char *value)
{
    struct hub_pass_options *pass = &line->verb.pass;
    uint64_t number;
    switch (letter) {
    case 'c': pass->copy.hub_card = value; return true;
    case 'a': pass->agencies_dir = value; return true;
    case '1': pass->first = true; return true;
    case 'r': pass->redecide = true; return true;
    case 'O': line->verb.out_file = value; return true;
    case 'q': pass->progress = false; return true;
    case 'm': return hub_bulletin_period(value, &line->bulletin);
    case 'b': return hub_bulletin_by(value, &line->bulletin);
    case 'A': return hub_bulletin_area(value, &line->bulletin);
    case 'l': return strcmp(value, "zh") == 0 || strcmp(value, "en") == 0;
    case 'f': return read_number(value, &pass->from);
    case 't': return read_number(value, &pass->to);
    case 'T': line->limited = true; return read_instant(value, &pass->until_ms);
    case 'n':
        /* N records: the last has index N - 1. */
        line->limited = true;
        if (!read_number(value, &number) || number == 0)
            return false;
        pass->to = number - 1;
        return true;
    case 'k':
        if (pass->copy.checkpoint_count == CHECKPOINTS_MAX)
            return false;
        line->checkpoints[pass->copy.checkpoint_count++] = value;
        return true;
    case 'o':
        line->verb.json = strcmp(value, "json") == 0;
        return line->verb.json || strcmp(value, "table") == 0;
    default:
        return false;
    }
}

/* A flag that a verb cannot honour is an error, never ignored. */
static const char *misused(const struct command_line *line, const struct verb *verb)
{
    const struct hub_pass_options *pass = &line->verb.pass;
    bool verify = verb->run == hub_verb_verify, replay = verb->run == hub_verb_replay;
    bool timeline = verb->run == hub_verb_timeline, receipt = verb->run == hub_verb_receipt;
    bool diff = verb->run == hub_verb_diff, bulletin = verb->run == hub_verb_bulletin;
    if (bulletin != (line->bulletin.from != 0))
        return bulletin ? N_("bulletin needs --month") : N_("--month is for bulletin");
    if (!bulletin && line->bulletin.by != HUB_BULLETIN_ALL)
        return N_("--by is for bulletin");
    if (!bulletin && line->bulletin.area[0] != 0)
        return N_("--area is for bulletin");
    if (!verify && (pass->from != 0 || pass->first || pass->redecide))
        return N_("--from, --first and --redecide are for verify");
    if (line->limited && !replay && !timeline && !bulletin)
        return N_("--at and --index are for replay, timeline and bulletin");
    if (pass->to != UINT64_MAX && !verify && !line->limited)
        return N_("--to is for verify");
    if (line->verb.out_file != NULL && !verify && !replay)
        return N_("--out is for verify and replay");
    if (replay && (!line->limited || line->verb.out_file == NULL))
        return N_("replay needs --at or --index, and --out");
    if (receipt && pass->copy.hub_card == NULL)
        return N_("receipt needs --hub-card");
    if (receipt && pass->copy.checkpoint_count > 1)
        return N_("receipt takes one --checkpoint");
    if (diff && (pass->copy.hub_card != NULL || pass->copy.checkpoint_count > 0))
        return N_("diff takes two logs and nothing else");
    if ((diff || receipt) && pass->agencies_dir != NULL)
        return N_("--agencies is for verify, timeline and replay");
    return NULL;
}

static int complain(const char *sentence)
{
    fprintf(stderr, "rhub-audit: %s\n", rh_text(sentence));
    return RH_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static struct command_line line = {
        .verb = { .pass = { .to = UINT64_MAX, .until_ms = UINT64_MAX, .progress = true } }
    };
    rh_text_init_from(argc, argv);
    line.verb.pass.copy.checkpoints = line.checkpoints;
    line.verb.bulletin = &line.bulletin;
    line.verb.out = stdout;
    line.verb.err = stderr;
    int letter;
    while ((letter = getopt_long(argc, argv, "o:qh", known, NULL)) != -1) {
        if (letter == 'h')
            return usage(stdout);
        if (letter == 'V') {
            puts("rhub-audit " RH_VERSION);
            return RH_EXIT_OK;
        }
        if (letter == '?')
            return RH_EXIT_USAGE;
        if (!take_option(&line, letter, optarg)) {
            fprintf(stderr, _("rhub-audit: %s cannot be used here\n"), optarg);
            return RH_EXIT_USAGE;
        }
    }
    if (optind == argc)
        return usage(stderr);
    const struct verb *verb = find_verb(argv[optind]);
    if (verb == NULL)
        return RH_EXIT_USAGE;
    if (argc - optind - 1 != verb->arguments)
        return complain(verb->arguments == 1 ? N_("this verb takes one argument")
                                             : N_("this verb takes two arguments"));
    const char *wrong = misused(&line, verb);
    if (wrong != NULL)
        return complain(wrong);
    line.verb.pass.copy.path = argv[optind + 1];
    line.verb.argument = argv[optind + verb->arguments];
    int code = verb->run(&line.verb);
    return fflush(stdout) == 0 ? code : RH_EXIT_IO;
}
