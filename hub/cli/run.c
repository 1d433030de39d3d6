/* From the command line to the exit code. */
#include "cli/command.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rh/date.h>
#include <rh/refusal.h>
#include <rh/text.h>

enum { PAGE_ROWS = 1000, TERMINAL_ROWS = 100 };

/* ---- questions ------------------------------------------------------------------------- */

static bool can_ask(const struct hub_cli *cli)
{
    return cli->in_tty && cli->err_tty;
}

bool hub_cli_confirm(struct hub_cli *cli, const char *question, enum rh_exit *code)
{
    char answer[16];
    if (cli->options.yes)
        return true;
    if (!can_ask(cli)) {
        *code = hub_cli_usage(cli, _("this needs a yes, and there is no terminal to ask"),
                              "--yes", NULL);
        return false;
    }
    fprintf(cli->err, "%s [y/N] ", question);
    (void)fflush(cli->err);
    bool yes = fgets(answer, sizeof answer, cli->in) != NULL &&
               (answer[0] == 'y' || answer[0] == 'Y') &&
               (answer[1] == '\n' || strcmp(answer + 1, "es\n") == 0);
    if (!yes) {
        hub_cli_note(cli, "%s", _("nothing was changed"));
        *code = RH_EXIT_NO;
    }
    return yes;
}

const char *hub_cli_reason(struct hub_cli *cli, enum rh_exit *code)
{
    static char typed[201];
    *code = RH_EXIT_OK;
    if (cli->options.reason != NULL || (cli->command->can & HUB_CLI_NEEDS_REASON) == 0)
        return cli->options.reason;
    if (can_ask(cli)) {
        fprintf(cli->err, "%s: ", _("reason"));
        (void)fflush(cli->err);
        if (fgets(typed, sizeof typed, cli->in) != NULL) {
            typed[strcspn(typed, "\n")] = '\0';
            if (typed[0] != '\0')
                return typed;
        }
    }
    *code = hub_cli_usage(cli, _("this goes on record and needs a reason"), "--reason", NULL);
    return NULL;
}

/* ---- arguments ------------------------------------------------------------------------- */

static bool keep_hub_time(void *context, json_t *row)
{
    uint64_t *ms = context;
    *ms = hub_cli_instant(json_object_get(row, "now_at"));
    return true;
}

/* "today" at a hub is the hub's today: a test hub's clock may stand anywhere. */
static enum rh_exit read_when(struct hub_cli *cli, const char *text, uint64_t *out_ms)
{
    uint64_t now_ms = cli->now_ms;
    if (cli->command->where == HUB_CLI_HUB && !isdigit((unsigned char)text[0])) {
        enum rh_exit code =
            hub_cli_request(cli, "clock.show", NULL, keep_hub_time, &now_ms, NULL);
        if (code != RH_EXIT_OK)
            return code;
    }
    if (!hub_cli_when_parse(text, now_ms, out_ms))
        return hub_cli_usage(cli, _("this is no time: RFC 3339, a date, today, week, 7d"), text,
                             NULL);
    return RH_EXIT_OK;
}

static enum rh_exit put_when(struct hub_cli *cli, json_t *args, const char *key,
                             const char *text)
{
    char out[RH_INSTANT_TEXT_BYTES];
    uint64_t ms = 0;
    if (text == NULL)
        return RH_EXIT_OK;
    enum rh_exit code = read_when(cli, text, &ms);
    if (code != RH_EXIT_OK)
        return code;
    rh_instant_format_utc(ms, out);
    json_object_set_new(args, key, json_string(out));
    return RH_EXIT_OK;
}

static enum rh_exit put_file(struct hub_cli *cli, json_t *args, const char *key,
                             const char *text)
{
    char path[PATH_MAX];
    if (realpath(text, path) == NULL || access(path, R_OK) != 0) {
        fprintf(cli->err, "%s  %s: %s\n", _("error"), text, strerror(errno));
        return RH_EXIT_NOINPUT;
    }
    json_object_set_new(args, key, json_string(path));
    return RH_EXIT_OK;
}

/* A whole number as JSON, or the text. Division codes and the like have up to 15 digits, too
 * few to lose any as numbers. */
static json_t *fact_value(const char *text)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    size_t count = strspn(digits, "0123456789");
    bool number = count > 0 && count <= 15 && digits[count] == '\0' &&
                  (digits[0] != '0' || count == 1);
    return number ? json_integer(strtoll(text, NULL, 10)) : json_string(text);
}

static enum rh_exit put_pairs(struct hub_cli *cli, json_t *args,
                              const struct hub_cli_flag *flag,
                              const struct hub_cli_values *values)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < values->count; i++) {
        const char *equals = strchr(values->items[i], '=');
        if (equals == NULL || equals == values->items[i] || equals[1] == '\0') {
            json_decref(object);
            return hub_cli_usage(cli, _("NAME=VALUE is wanted"), values->items[i], NULL);
        }
        char *name = strndup(values->items[i], (size_t)(equals - values->items[i]));
        json_object_set_new(object, name,
                            flag->type == HUB_CLI_FACTS ? fact_value(equals + 1)
                                                        : json_string(equals + 1));
        free(name);
    }
    json_object_set_new(args, flag->key, object);
    return RH_EXIT_OK;
}

static void put_children(json_t *args, const char *key, const struct hub_cli_values *values)
{
    static const char suffix[] = ":optional";
    json_t *list = json_array();
    for (uint32_t i = 0; i < values->count; i++) {
        size_t bytes = strlen(values->items[i]);
        size_t tail = sizeof suffix - 1;
        bool optional = bytes > tail && strcmp(values->items[i] + bytes - tail, suffix) == 0;
        json_array_append_new(
            list, json_pack("{s:s%, s:b}", "to", values->items[i], optional ? bytes - tail
                                                                            : bytes,
                            "mandatory", !optional));
    }
    json_object_set_new(args, key, list);
}

static enum rh_exit put_flag(struct hub_cli *cli, json_t *args, const struct hub_cli_flag *flag,
                             const struct hub_cli_values *values)
{
    const char *text = values->items[0];
    switch (flag->type) {
    case HUB_CLI_TEXT:
        json_object_set_new(args, flag->key, json_string(text));
        return RH_EXIT_OK;
    case HUB_CLI_NUMBER:
        json_object_set_new(args, flag->key, json_integer(strtoll(text, NULL, 10)));
        return RH_EXIT_OK;
    case HUB_CLI_SWITCH:
        json_object_set_new(args, flag->key, json_true());
        return RH_EXIT_OK;
    case HUB_CLI_WHEN:
        return put_when(cli, args, flag->key, text);
    case HUB_CLI_FILE:
        return put_file(cli, args, flag->key, text);
    case HUB_CLI_PAIRS:
    case HUB_CLI_FACTS:
        return put_pairs(cli, args, flag, values);
    case HUB_CLI_CHILDREN:
        put_children(args, flag->key, values);
        return RH_EXIT_OK;
    case HUB_CLI_LIST:
        break;
    }
    json_t *list = json_array();
    for (uint32_t i = 0; i < values->count; i++)
        json_array_append_new(list, json_string(values->items[i]));
    json_object_set_new(args, flag->key, list);
    return RH_EXIT_OK;
}

static enum rh_exit put_words(struct hub_cli *cli, json_t *args)
{
    enum rh_exit code = RH_EXIT_OK;
    for (uint32_t i = 0; i < cli->word_count && i < HUB_CLI_ARGS_MAX; i++) {
        const struct hub_cli_arg *arg = &cli->command->args[i];
        if (arg->word == NULL || arg->many)
            break;
        if (arg->key == NULL)
            continue;
        if (arg->type == HUB_CLI_FILE)
            code = put_file(cli, args, arg->key, cli->words[i]);
        else
            json_object_set_new(args, arg->key, json_string(cli->words[i]));
        if (code != RH_EXIT_OK)
            return code;
    }
    return code;
}

static enum rh_exit put_globals(struct hub_cli *cli, json_t *args)
{
    enum rh_exit code = put_when(cli, args, "since", cli->options.since);
    if (code == RH_EXIT_OK)
        code = put_when(cli, args, "until", cli->options.until);
    if (code != RH_EXIT_OK)
        return code;
    const char *reason = hub_cli_reason(cli, &code);
    if (reason != NULL)
        json_object_set_new(args, "reason", json_string(reason));
    if (cli->options.dry_run && cli->command->ask != NULL)
        json_object_set_new(args, "dry_run", json_true());
    if (cli->command->kind != NULL)
        json_object_set_new(args, "kind", json_string(cli->command->kind));
    return code;
}

json_t *hub_cli_args(struct hub_cli *cli, enum rh_exit *code)
{
    json_t *args = json_object();
    const struct hub_cli_flag *flags = cli->command->flags;
    *code = put_words(cli, args);
    for (int i = 0; *code == RH_EXIT_OK && flags != NULL && flags[i].name != NULL; i++) {
        const struct hub_cli_values *values = &cli->options.values[i];
        if (values->count > 0 && flags[i].key != NULL)
            *code = put_flag(cli, args, &flags[i], values);
    }
    if (*code == RH_EXIT_OK)
        *code = put_globals(cli, args);
    if (*code == RH_EXIT_OK)
        return args;
    json_decref(args);
    return NULL;
}

/* ---- asking ---------------------------------------------------------------------------- */

struct gathering {
    struct hub_cli *cli;
    bool stream;      /* print each row as it comes */
    uint64_t limit;   /* 0: all */
    uint64_t count;
    json_t *rows;     /* kept */
    const json_t *before; /* of the last round of --watch; NULL: none */
    bool damaged;     /* a stored row failed its check */
    enum rh_exit code;
};

static bool seen_before(const struct gathering *gathering, const json_t *row)
{
    size_t i;
    const json_t *other;
    json_array_foreach(gathering->before, i, other) {
        if (json_equal(other, row))
            return true;
    }
    return false;
}

/* A row that the hub could not read stands in its place in the list. It is told on standard
 * error as well, whatever the format, and the command does not end with 0. */
static void tell_damaged(struct gathering *gathering, const json_t *row)
{
    const char *object = json_string_value(json_object_get(row, "object"));
    if (object == NULL || strcmp(object, "damaged") != 0)
        return;
    gathering->damaged = true;
    (void)hub_cli_refuse(gathering->cli, RH_REFUSE_RECORD_CORRUPT,
                         json_string_value(json_object_get(row, "id")), NULL,
                         json_string_value(json_object_get(row, "detail")));
}

static bool gather(void *context, json_t *row)
{
    struct gathering *gathering = context;
    struct hub_cli *cli = gathering->cli;
    tell_damaged(gathering, row);
    if (gathering->stream && !seen_before(gathering, row))
        gathering->code =
            hub_cli_sheet_row(cli, cli->command->object, row, gathering->count == 0);
    if (!gathering->stream || cli->options.watch_s > 0)
        json_array_append(gathering->rows, row);
    gathering->count++;
    if (json_array_size(gathering->rows) > HUB_CLI_ROWS_KEPT_MAX)
        gathering->code = hub_cli_usage(
            cli, _("too many rows to hold: narrow the list, or take jsonl without --sort"),
            NULL, NULL);
    return gathering->code == RH_EXIT_OK;
}

static void set_page(const struct gathering *gathering, json_t *args, const char *cursor)
{
    uint64_t left = gathering->limit == 0 ? PAGE_ROWS : gathering->limit - gathering->count;
    if ((gathering->cli->command->can & HUB_CLI_CAN_PAGE) == 0)
        return;
    json_object_set_new(args, "limit",
                        json_integer((json_int_t)(left < PAGE_ROWS ? left : PAGE_ROWS)));
    if (cursor != NULL)
        json_object_set_new(args, "cursor", json_string(cursor));
}

/* Page after page. *cursor (caller frees): where the rest begins, NULL when there is none. */
static enum rh_exit fetch(struct gathering *gathering, json_t *args, char **cursor)
{
    struct hub_cli *cli = gathering->cli;
    const char *given = cli->options.cursor;
    *cursor = NULL;
    for (;;) {
        set_page(gathering, args, *cursor != NULL ? *cursor : given);
        free(*cursor);
        given = NULL;
        enum rh_exit code =
            hub_cli_request(cli, cli->command->ask, args, gather, gathering, cursor);
        if (code == RH_EXIT_OK)
            code = gathering->code;
        bool enough = gathering->limit != 0 && gathering->count >= gathering->limit;
        if (code != RH_EXIT_OK || *cursor == NULL || enough)
            return code;
    }
}

/* ---- sorting here ---------------------------------------------------------------------- */

static struct {
    char path[64];
    bool down;
} order;

static int compare_values(const json_t *a, const json_t *b)
{
    bool a_none = a == NULL || json_is_null(a), b_none = b == NULL || json_is_null(b);
    if (a_none || b_none)
        return (int)a_none - (int)b_none; /* nothing comes last, in either direction */
    int sign = order.down ? -1 : 1;
    if (json_is_number(a) && json_is_number(b)) {
        double left = json_number_value(a), right = json_number_value(b);
        return sign * ((left > right) - (left < right));
    }
    if (json_is_string(a) && json_is_string(b))
        return sign * strcmp(json_string_value(a), json_string_value(b));
    return sign * ((int)json_is_true(a) - (int)json_is_true(b));
}

struct place {
    json_t *row;
    size_t index; /* equal rows keep their order */
};

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    int result = compare_values(hub_cli_path(left->row, order.path),
                                hub_cli_path(right->row, order.path));
    return result != 0 ? result : (left->index > right->index) - (left->index < right->index);
}

static json_t *sorted(json_t *rows, uint64_t limit)
{
    size_t count = json_array_size(rows);
    struct place *places = calloc(count + 1, sizeof places[0]);
    json_t *out = json_array();
    rh_assert(places != NULL);
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){ json_array_get(rows, i), i };
    qsort(places, count, sizeof places[0], compare_places);
    for (size_t i = 0; i < count && (limit == 0 || i < limit); i++)
        json_array_append(out, places[i].row);
    free(places);
    return out;
}

/* "FIELD" or "FIELD:desc". False: not of that form. */
static bool read_order(const char *text)
{
    size_t bytes = strcspn(text, ":");
    const char *tail = text + bytes;
    if (bytes == 0 || bytes >= sizeof order.path ||
        (tail[0] != '\0' && strcmp(tail, ":desc") != 0 && strcmp(tail, ":asc") != 0))
        return false;
    memcpy(order.path, text, bytes);
    order.path[bytes] = '\0';
    order.down = strcmp(tail, ":desc") == 0;
    return true;
}

static bool sorts_there(const struct hub_cli *cli)
{
    static const char *const there[] = { "number", "number:desc", "due" };
    for (size_t i = 0; cli->options.sort != NULL && i < 3; i++) {
        if ((cli->command->can & HUB_CLI_CAN_SORT_THERE) != 0 &&
            strcmp(cli->options.sort, there[i]) == 0)
            return true;
    }
    return false;
}

/* ---- showing --------------------------------------------------------------------------- */

enum rh_exit hub_cli_show(struct hub_cli *cli, const json_t *rows)
{
    if (cli->options.format == HUB_CLI_TABLE && cli->options.fields == NULL &&
        cli->command->page != NULL) {
        cli->command->page(cli, rows);
        return RH_EXIT_OK;
    }
    return hub_cli_sheet(cli, cli->command->object, rows);
}

static bool is_interactive(const struct hub_cli *cli)
{
    return cli->out_tty && cli->options.format == HUB_CLI_TABLE;
}

static void add_remarks(struct hub_cli *cli, const struct gathering *gathering,
                        const char *cursor)
{
    if ((cli->command->can & HUB_CLI_CAN_PAGE) == 0 || cli->options.watch_s > 0)
        return;
    if (cursor != NULL)
        hub_cli_note(cli, _("rows: %llu; more: --cursor %s, or --limit 0"),
                     (unsigned long long)gathering->count, cursor);
    else if (gathering->count == 0 && cli->options.format == HUB_CLI_TABLE)
        hub_cli_note(cli, "%s", _("nothing found"));
    else if (is_interactive(cli))
        hub_cli_note(cli, rh_text_count("%llu row", "%llu rows", gathering->count),
                     (unsigned long long)gathering->count);
}

static bool is_machine_stream(const struct hub_cli *cli)
{
    return cli->options.format == HUB_CLI_JSONL || cli->options.format == HUB_CLI_CSV ||
           cli->options.format == HUB_CLI_TSV || cli->options.format == HUB_CLI_IDS;
}

/* One round: ask, show. *rows (caller's) is what came, for the next round to compare with. */
static enum rh_exit one_round(struct hub_cli *cli, json_t *args, const json_t *before,
                              json_t **rows)
{
    bool here = cli->options.sort != NULL && !sorts_there(cli);
    uint64_t limit = cli->options.limit_given ? cli->options.limit
                     : is_interactive(cli)    ? TERMINAL_ROWS
                                              : 0;
    struct gathering gathering = {
        .cli = cli,
        .stream = is_machine_stream(cli) && !here && cli->command->kind == NULL,
        .limit = here || (cli->command->can & HUB_CLI_CAN_PAGE) == 0 ? 0 : limit,
        .rows = json_array(),
        .before = before,
    };
    char *cursor = NULL;
    if (sorts_there(cli))
        json_object_set_new(args, "sort", json_string(cli->options.sort));
    enum rh_exit code = fetch(&gathering, args, &cursor);
    if (code == RH_EXIT_OK && here) {
        json_t *all = gathering.rows;
        gathering.rows = sorted(all, limit);
        gathering.count = json_array_size(gathering.rows);
        json_decref(all);
    }
    bool headers_only = gathering.stream && gathering.count == 0 && before == NULL;
    if (code == RH_EXIT_OK && (!gathering.stream || headers_only))
        code = hub_cli_show(cli, gathering.rows);
    if (code == RH_EXIT_OK)
        add_remarks(cli, &gathering, cursor);
    if (code == RH_EXIT_OK && cli->options.fail_empty && gathering.count == 0)
        code = RH_EXIT_NO;
    if (code == RH_EXIT_OK && gathering.damaged)
        code = RH_EXIT_INTERNAL;
    if (code == RH_EXIT_OK && cli->command->kind != NULL)
        code = hub_cli_judge(cli, gathering.rows);
    free(cursor);
    *rows = gathering.rows;
    return code;
}

static enum rh_exit watch(struct hub_cli *cli, json_t *args)
{
    json_t *before = NULL;
    for (;;) {
        json_t *rows = NULL;
        if (is_interactive(cli))
            fputs("\033[H\033[2J", cli->out);
        enum rh_exit code = one_round(cli, args, before, &rows);
        json_decref(before);
        before = rows;
        hub_cli_hang_up(cli);
        (void)fflush(cli->out);
        if (code != RH_EXIT_OK || ferror(cli->out)) {
            json_decref(before);
            return code;
        }
        struct timespec pause = { .tv_sec = (time_t)cli->options.watch_s };
        (void)nanosleep(&pause, NULL);
    }
}

static bool wants_field_list(const struct hub_cli *cli)
{
    return cli->options.fields != NULL && strcmp(cli->options.fields, "help") == 0;
}

/* What kind of rows the command answers. A board by agency or procedure counts. */
static const char *object_wanted(const struct hub_cli *cli)
{
    const char *object = cli->command->object;
    bool counts = strcmp(object, "deadline") == 0 && hub_cli_flag_text(cli, "by") != NULL;
    return counts ? "deadline_count" : object;
}

enum rh_exit hub_cli_judge(struct hub_cli *cli, const json_t *rows)
{
    enum rh_exit code = RH_EXIT_OK;
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) {
        enum rh_refusal refusal;
        const char *result = json_string_value(json_object_get(row, "result"));
        const char *text = json_string_value(json_object_get(row, "refusal"));
        if (result != NULL && strcmp(result, "waiting") == 0)
            hub_cli_note(cli, "%s",
                         _("safe in the agent's spool; the hub has not answered yet"));
        if (result == NULL || strcmp(result, "refused") != 0)
            continue;
        code = RH_EXIT_REJECTED;
        if (text != NULL && rh_refusal_parse(text, &refusal) == RH_OK)
            code = hub_cli_refuse(cli, (uint32_t)refusal, NULL, NULL, NULL);
    }
    return code;
}

void hub_cli_wait_longer(struct hub_cli *cli)
{
    enum { AGENT_WAIT_S = 10 }; /* how long an agent waits by itself */
    const char *text = hub_cli_flag_text(cli, "wait-seconds");
    unsigned long seconds = text == NULL ? AGENT_WAIT_S : strtoul(text, NULL, 10);
    cli->options.timeout_ms += (uint32_t)(seconds > 3600 ? 3600 : seconds) * 1000;
}

enum rh_exit hub_cli_ask_and_show(struct hub_cli *cli)
{
    enum rh_exit code = RH_EXIT_OK;
    json_t *rows = NULL;
    if (cli->command->kind != NULL)
        hub_cli_wait_longer(cli);
    if (cli->options.sort != NULL && !sorts_there(cli) && !read_order(cli->options.sort))
        return hub_cli_usage(cli, _("FIELD or FIELD:desc is wanted"), cli->options.sort, NULL);
    json_t *args = hub_cli_args(cli, &code);
    if (args == NULL)
        return code;
    if (cli->command->question != NULL &&
        !hub_cli_confirm(cli, rh_text(cli->command->question), &code)) {
        json_decref(args);
        return code;
    }
    code = cli->options.watch_s > 0 ? watch(cli, args) : one_round(cli, args, NULL, &rows);
    json_decref(rows);
    json_decref(args);
    return code;
}

/* ---- the whole ------------------------------------------------------------------------- */

static enum rh_exit run_command(struct hub_cli *cli)
{
    if (cli->options.help || cli->command == NULL)
        return hub_cli_body_help(cli);
    if (wants_field_list(cli) && cli->command->object != NULL) {
        json_t *none = json_array();
        enum rh_exit code = hub_cli_sheet(cli, object_wanted(cli), none);
        json_decref(none);
        return code;
    }
    return cli->command->body != NULL ? cli->command->body(cli) : hub_cli_ask_and_show(cli);
}

enum rh_exit hub_cli_run(struct hub_cli *cli, int argc, char **argv)
{
    int outside = 0;
    cli->options.timeout_ms = 10000;
    cli->options.color = -1;
    enum rh_exit code = hub_cli_parse(cli, argc, argv, &outside);
    if (code == RH_EXIT_OK && outside != 0)
        code = hub_cli_exec_outside(cli, argv[outside], argv + outside);
    else if (code == RH_EXIT_OK && cli->options.version)
        fprintf(cli->out, "rhub %s\n", cli->parts->version);
    else if (code == RH_EXIT_OK)
        code = run_command(cli);
    hub_cli_hang_up(cli);
    free(cli->fields_text);
    cli->fields_text = NULL;
    if (fflush(cli->out) != 0 || ferror(cli->out))
        return code == RH_EXIT_OK ? RH_EXIT_IO : code;
    return code;
}
