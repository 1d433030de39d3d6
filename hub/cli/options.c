/* Reading the command line: find the command, then its flags with getopt_long, from one list of
 * the global flags and the command's own. A flag the command cannot honour is an error. */
#include "cli/command.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <rh/item.h>
#include <rh/text.h>

enum letter {
    L_FIELDS = 256,
    L_NO_HEADERS,
    L_BOM,
    L_FAIL_EMPTY,
    L_SORT,
    L_LIMIT,
    L_CURSOR,
    L_SINCE,
    L_UNTIL,
    L_TZ,
    L_LANG,
    L_WATCH,
    L_REASON,
    L_COLOR,
    L_AGENT,
    L_VERSION,
    L_OWN = 512 /* the command's own, by place */
};

static const struct hub_cli_global globals[] = {
    { "hub", 'H', required_argument, 0, HUB_CLI_HUB, N_("SOCKET"),
      N_("the hub's admin socket (RHUB_HUB)") },
    { "agent", L_AGENT, required_argument, 0, HUB_CLI_AGENT, N_("SOCKET"),
      N_("the agent's socket (RHUB_AGENT)") },
    { "output", 'o', required_argument, HUB_CLI_CAN_ROWS, -1, N_("FORMAT"),
      N_("table, json, jsonl, csv, tsv or ids") },
    { "fields", L_FIELDS, required_argument, HUB_CLI_CAN_ROWS, -1, N_("A,B,C"),
      N_("choose and order columns; 'help' lists them") },
    { "no-headers", L_NO_HEADERS, no_argument, HUB_CLI_CAN_ROWS, -1, NULL,
      N_("no header line in table, csv, tsv") },
    { "bom", L_BOM, no_argument, HUB_CLI_CAN_ROWS, -1, NULL,
      N_("begin csv with a byte order mark, for Excel") },
    { "fail-empty", L_FAIL_EMPTY, no_argument, HUB_CLI_CAN_ROWS, -1, NULL,
      N_("exit 1 when nothing was found") },
    { "sort", L_SORT, required_argument, HUB_CLI_CAN_PAGE, -1, N_("FIELD[:desc]"),
      N_("order of the rows") },
    { "limit", L_LIMIT, required_argument, HUB_CLI_CAN_PAGE, -1, N_("N"),
      N_("at most N rows, 0 all; 100 on a terminal") },
    { "cursor", L_CURSOR, required_argument, HUB_CLI_CAN_PAGE, -1, N_("TOKEN"),
      N_("go on where an earlier list ended") },
    { "since", L_SINCE, required_argument, HUB_CLI_CAN_RANGE, -1, N_("T"),
      N_("from then on: RFC 3339, date, today, week, 7d") },
    { "until", L_UNTIL, required_argument, HUB_CLI_CAN_RANGE, -1, N_("T"),
      N_("before then") },
    { "watch", L_WATCH, optional_argument, HUB_CLI_CAN_WATCH, -1, N_("SECS"),
      N_("run again and again; jsonl shows changes only") },
    { "yes", 'y', no_argument, HUB_CLI_CAN_CONFIRM, -1, NULL,
      N_("answer the question with yes") },
    { "reason", L_REASON, required_argument, HUB_CLI_CAN_REASON, -1, N_("TEXT"),
      N_("why; goes on record") },
    { "dry-run", 'n', no_argument, HUB_CLI_CAN_DRY_RUN, -1, NULL,
      N_("show what would happen") },
    { "silent", 's', no_argument, 0, -1, NULL, N_("no headers, no notes") },
    { "quiet", 'q', no_argument, 0, -1, NULL, N_("no notes") },
    { "tz", L_TZ, required_argument, 0, -1, N_("ZONE"),
      N_("zone shown: Asia/Shanghai, UTC, +08:00 ...") },
    { "lang", L_LANG, required_argument, 0, -1, N_("LANG"), N_("zh or en") },
    { "color", L_COLOR, required_argument, 0, -1, N_("WHEN"), N_("auto, always or never") },
    { "timeout", 't', required_argument, 0, -1, N_("SECS"), N_("give up after that, 10") },
    { "verbose", 'v', no_argument, 0, -1, NULL, N_("more; twice: the requests too") },
    { "version", L_VERSION, no_argument, 0, -1, NULL, N_("which version this is") },
    { "help", 'h', no_argument, 0, -1, NULL, N_("this page") },
};
enum { GLOBALS = sizeof globals / sizeof globals[0] };

const struct hub_cli_global *hub_cli_global_at(size_t index)
{
    return index < GLOBALS ? &globals[index] : NULL;
}

/* ---- which command --------------------------------------------------------------------- */

static const struct hub_cli_global *find_global(const char *token, bool *has_value)
{
    *has_value = false;
    for (size_t i = 0; i < GLOBALS; i++) {
        const struct hub_cli_global *global = &globals[i];
        if (token[1] != '-') {
            if (global->letter < 256 && token[1] == global->letter) {
                *has_value = token[2] != '\0';
                return global;
            }
            continue;
        }
        size_t bytes = strcspn(token + 2, "=");
        if (strlen(global->name) == bytes && strncmp(global->name, token + 2, bytes) == 0) {
            *has_value = token[2 + bytes] == '=';
            return global;
        }
    }
    return NULL;
}

/* Places of the first two words, flags passed over; 0 where there is none. */
static void find_words(int argc, char **argv, int words[2])
{
    int count = 0;
    words[0] = words[1] = 0;
    for (int i = 1; i < argc && count < 2; i++) {
        bool has_value;
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            words[count++] = i;
            continue;
        }
        if (strcmp(argv[i], "--") == 0)
            return;
        const struct hub_cli_global *global = find_global(argv[i], &has_value);
        if (global == NULL && count == 0)
            return; /* told by getopt */
        if (global == NULL)
            return;
        if (global->takes == required_argument && !has_value)
            i++;
    }
}

static enum rh_exit unknown_word(struct hub_cli *cli, const char *noun, const char *word)
{
    const char *sentence = noun == NULL ? _("there is no such command") : _("no such verb");
    return hub_cli_usage(cli, sentence, word, hub_cli_command_suggest(noun, word));
}

/* cli->command from the words; *used how many of them are its name. */
static enum rh_exit find_command(struct hub_cli *cli, char **argv, const int words[2],
                                 int *used, int *outside)
{
    const char *noun = words[0] == 0 ? NULL : argv[words[0]];
    const char *verb = words[1] == 0 ? NULL : argv[words[1]];
    *used = 0;
    *outside = 0;
    if (noun == NULL)
        return RH_EXIT_OK;
    if (verb != NULL)
        cli->command = hub_cli_command_find(noun, verb);
    if (cli->command != NULL) {
        *used = 2;
        return RH_EXIT_OK;
    }
    cli->command = hub_cli_command_find(noun, NULL);
    *used = 1;
    if (cli->command != NULL && cli->command->body != hub_cli_body_demo)
        return RH_EXIT_OK;
    if (cli->command != NULL || !hub_cli_is_noun(noun)) {
        *outside = words[0];
        return RH_EXIT_OK;
    }
    return verb != NULL ? unknown_word(cli, noun, verb) : RH_EXIT_OK;
}

/* ---- flags ----------------------------------------------------------------------------- */

struct parser {
    struct option longs[GLOBALS + HUB_CLI_FLAGS_MAX + 1];
    char shorts[2 * (GLOBALS + HUB_CLI_FLAGS_MAX) + 4];
};

static void add_short(struct parser *parser, int letter, int takes)
{
    size_t used = strlen(parser->shorts);
    parser->shorts[used++] = (char)letter;
    if (takes == required_argument)
        parser->shorts[used++] = ':';
    parser->shorts[used] = '\0';
}

static const struct hub_cli_flag *own_flags(const struct hub_cli *cli)
{
    static const struct hub_cli_flag none[] = { { .name = NULL } };
    return cli->command == NULL || cli->command->flags == NULL ? none : cli->command->flags;
}

static void build(const struct hub_cli *cli, struct parser *parser)
{
    const struct hub_cli_flag *flags = own_flags(cli);
    size_t count = 0;
    memset(parser, 0, sizeof *parser);
    parser->shorts[0] = ':';
    /* A letter of the command's own hides the global one: -n N of peek. */
    for (int i = 0; flags[i].name != NULL; i++) {
        int takes = flags[i].type == HUB_CLI_SWITCH ? no_argument : required_argument;
        rh_assert(i < HUB_CLI_FLAGS_MAX);
        parser->longs[count++] = (struct option){ flags[i].name, takes, NULL, L_OWN + i };
        if (flags[i].letter != 0)
            add_short(parser, flags[i].letter, takes);
    }
    for (size_t i = 0; i < GLOBALS; i++) {
        parser->longs[count++] =
            (struct option){ globals[i].name, globals[i].takes, NULL, globals[i].letter };
        if (globals[i].letter < 256 && strchr(parser->shorts, globals[i].letter) == NULL)
            add_short(parser, globals[i].letter, globals[i].takes);
    }
}

static bool read_number(const char *text, uint64_t most, uint64_t *out)
{
    uint64_t value = 0;
    if (text[0] == '\0' || strlen(text) > 15)
        return false;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9')
            return false;
        value = value * 10 + (uint64_t)(*at - '0');
    }
    *out = value;
    return value <= most;
}

static bool read_format(const char *text, enum hub_cli_format *out)
{
    static const char *const names[] = { "table", "json", "jsonl", "csv", "tsv", "ids" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum hub_cli_format)i;
            return true;
        }
    }
    return false;
}

static bool read_color(const char *text, int *out)
{
    *out = strcmp(text, "always") == 0 ? 1 : strcmp(text, "never") == 0 ? 0 : -1;
    return *out >= 0 || strcmp(text, "auto") == 0;
}

/* A global flag with a value. False: the value is not allowed. */
static bool take_value(struct hub_cli_options *options, int letter, const char *value)
{
    uint64_t number = 0;
    switch (letter) {
    case 'H':
        options->hub = value;
        return true;
    case L_AGENT:
        options->agent = value;
        return true;
    case 'o':
        return read_format(value, &options->format);
    case L_FIELDS:
        options->fields = value;
        return value[0] != '\0';
    case L_SORT:
        options->sort = value;
        return value[0] != '\0';
    case L_LIMIT:
        options->limit_given = true;
        return read_number(value, UINT32_MAX, &options->limit);
    case L_CURSOR:
        options->cursor = value;
        return value[0] != '\0';
    case L_SINCE:
        options->since = value;
        return true;
    case L_UNTIL:
        options->until = value;
        return true;
    case L_REASON:
        options->reason = value;
        return value[0] != '\0';
    case L_TZ:
        options->tz = value;
        return hub_cli_zone_set(value);
    case L_LANG:
        options->lang = value;
        return rh_text_init(value) != RH_ERR_USAGE;
    case L_COLOR:
        return read_color(value, &options->color);
    case 't':
        if (!read_number(value, 86400, &number) || number == 0)
            return false;
        options->timeout_ms = (uint32_t)number * 1000;
        return true;
    case L_WATCH:
        number = 2;
        if (value != NULL && (!read_number(value, 86400, &number) || number == 0))
            return false;
        options->watch_s = (uint32_t)number;
        return true;
    default:
        return false;
    }
}

static bool take_switch(struct hub_cli_options *options, int letter)
{
    switch (letter) {
    case L_NO_HEADERS:
        options->no_headers = true;
        return true;
    case L_BOM:
        options->bom = true;
        return true;
    case L_FAIL_EMPTY:
        options->fail_empty = true;
        return true;
    case 'y':
        options->yes = true;
        return true;
    case 'n':
        options->dry_run = true;
        return true;
    case 's':
        options->silent = options->no_headers = true;
        return true;
    case 'q':
        options->quiet = true;
        return true;
    case 'v':
        options->verbose++;
        return true;
    case L_VERSION:
        options->version = true;
        return true;
    case 'h':
        options->help = true;
        return true;
    default:
        return false;
    }
}

static bool honours(const struct hub_cli *cli, const struct hub_cli_global *global)
{
    const struct hub_cli_command *command = cli->command;
    if (command == NULL)
        return global->can == 0;
    if (global->where >= 0 && global->where != (int)command->where)
        return false;
    return global->can == 0 || (command->can & global->can) != 0;
}

static enum rh_exit take_global(struct hub_cli *cli, int letter, const char *value)
{
    const struct hub_cli_global *global = NULL;
    char shown[32];
    for (size_t i = 0; i < GLOBALS; i++) {
        if (globals[i].letter == letter)
            global = &globals[i];
    }
    rh_assert(global != NULL);
    snprintf(shown, sizeof shown, "--%s", global->name);
    if (!honours(cli, global) && cli->command != NULL)
        return hub_cli_usage(cli, _("this command has no use for the option"), shown, NULL);
    if (global->takes == no_argument ? take_switch(&cli->options, letter)
                                     : take_value(&cli->options, letter, value))
        return RH_EXIT_OK;
    return hub_cli_usage(cli, _("this value is not allowed"), value, rh_text(global->title));
}

static enum rh_exit take_own(struct hub_cli *cli, int place, const char *value)
{
    const struct hub_cli_flag *flag = &own_flags(cli)[place];
    struct hub_cli_values *values = &cli->options.values[place];
    uint64_t number;
    bool many = flag->type == HUB_CLI_LIST || flag->type == HUB_CLI_PAIRS ||
                flag->type == HUB_CLI_FACTS || flag->type == HUB_CLI_CHILDREN;
    if (flag->type == HUB_CLI_NUMBER && !read_number(value, RH_NUMBER_MAX, &number))
        return hub_cli_usage(cli, _("a whole number is wanted"), value, NULL);
    if (!many && values->count > 0)
        return hub_cli_usage(cli, _("the option is given twice"), flag->name, NULL);
    if (values->count == HUB_CLI_LIST_MAX)
        return hub_cli_usage(cli, _("the option is given too often"), flag->name, NULL);
    values->items[values->count++] = value == NULL ? "" : value;
    return RH_EXIT_OK;
}

static const char *suggest_flag(const struct parser *parser, const char *token)
{
    const char *names[GLOBALS + HUB_CLI_FLAGS_MAX];
    size_t count = 0;
    char word[64];
    if (strncmp(token, "--", 2) != 0)
        return NULL;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(token + 2, "="), token + 2);
    for (; parser->longs[count].name != NULL; count++)
        names[count] = parser->longs[count].name;
    return hub_cli_nearest(word, names, count);
}

static enum rh_exit read_flags(struct hub_cli *cli, int argc, char **argv,
                               struct parser *parser)
{
    enum rh_exit code = RH_EXIT_OK;
    optind = 0; /* from the start, also the second time */
    opterr = 0;
    while (code == RH_EXIT_OK) {
        int before = optind == 0 ? 1 : optind;
        int letter = getopt_long(argc, argv, parser->shorts, parser->longs, NULL);
        if (letter == -1)
            break;
        const char *token = argv[optind > before ? optind - 1 : before];
        const struct hub_cli_flag *flags = own_flags(cli);
        if (letter == '?')
            return hub_cli_usage(cli, _("unknown option"), token, suggest_flag(parser, token));
        if (letter == ':')
            return hub_cli_usage(cli, _("the option wants a value"), token, NULL);
        int own = letter >= L_OWN ? letter - L_OWN : -1;
        for (int i = 0; own < 0 && letter < 256 && flags[i].name != NULL; i++)
            own = flags[i].letter == letter ? i : -1;
        code = own >= 0 ? take_own(cli, own, optarg) : take_global(cli, letter, optarg);
    }
    return code;
}

static enum rh_exit take_words(struct hub_cli *cli, int argc, char **argv, int used)
{
    uint32_t least = 0, most = 0;
    for (int i = optind; i < argc; i++) {
        if (used > 0) {
            used--; /* the command's own name */
            continue;
        }
        if (cli->word_count == HUB_CLI_WORDS_MAX)
            return hub_cli_usage(cli, _("too many arguments"), argv[i], NULL);
        cli->words[cli->word_count++] = argv[i];
    }
    if (cli->command == NULL || cli->options.help || cli->options.version)
        return RH_EXIT_OK;
    for (int i = 0; i < HUB_CLI_ARGS_MAX && cli->command->args[i].word != NULL; i++) {
        least += cli->command->args[i].required ? 1 : 0;
        most = cli->command->args[i].many ? HUB_CLI_WORDS_MAX : most + 1;
    }
    if (cli->command->verb != NULL && strcmp(cli->command->verb, "show") == 0 &&
        hub_cli_flag(cli, "code")->count > 0)
        least = 0; /* a query code says which one */
    if (cli->word_count < least)
        return hub_cli_usage(cli, _("an argument is missing"),
                             rh_text(cli->command->args[cli->word_count].word), NULL);
    if (cli->word_count > most)
        return hub_cli_usage(cli, _("too many arguments"), cli->words[most], NULL);
    return RH_EXIT_OK;
}

/* Also what is wrong before --lang is said in its language. */
static void listen_for_language(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--lang=", 7) == 0)
            (void)rh_text_init(argv[i] + 7);
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            (void)rh_text_init(argv[i + 1]);
    }
}

enum rh_exit hub_cli_parse(struct hub_cli *cli, int argc, char **argv, int *outside)
{
    struct parser parser;
    int words[2], used;
    listen_for_language(argc, argv);
    find_words(argc, argv, words);
    enum rh_exit code = find_command(cli, argv, words, &used, outside);
    if (code != RH_EXIT_OK || *outside != 0)
        return code;
    build(cli, &parser);
    code = read_flags(cli, argc, argv, &parser);
    return code == RH_EXIT_OK ? take_words(cli, argc, argv, used) : code;
}

const struct hub_cli_values *hub_cli_flag(const struct hub_cli *cli, const char *name)
{
    static const struct hub_cli_values none;
    const struct hub_cli_flag *flags = own_flags(cli);
    for (int i = 0; flags[i].name != NULL; i++) {
        if (strcmp(flags[i].name, name) == 0)
            return &cli->options.values[i];
    }
    return &none;
}

const char *hub_cli_flag_text(const struct hub_cli *cli, const char *name)
{
    const struct hub_cli_values *values = hub_cli_flag(cli, name);
    return values->count == 0 ? NULL : values->items[0];
}
