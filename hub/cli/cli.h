/* The command line: what its files share.
 *
 * One table of commands (command.h) drives parsing, help and completion. A command asks a
 * socket and shows the rows, or is a function. Data go to standard output, everything else to
 * standard error; what is shown to people is made from the same JSON that machines get. */
#ifndef HUB_CLI_CLI_H
#define HUB_CLI_CLI_H

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <rh/exit.h>
#include <rh/local.h>

#include "cli/deadline_compute.h"

struct hub_cli_command;

enum hub_cli_format {
    HUB_CLI_TABLE,
    HUB_CLI_JSON,
    HUB_CLI_JSONL,
    HUB_CLI_CSV,
    HUB_CLI_TSV,
    HUB_CLI_IDS
};

enum {
    HUB_CLI_FLAGS_MAX = 24,        /* of one command */
    HUB_CLI_WORDS_MAX = 64,        /* arguments of one command */
    HUB_CLI_LIST_MAX = 32,         /* values of a repeated flag */
    HUB_CLI_ROWS_KEPT_MAX = 100000 /* rows held in memory for a table or a sort */
};

struct hub_cli_values {
    uint32_t count;
    const char *items[HUB_CLI_LIST_MAX];
};

struct hub_cli_options {
    const char *hub, *agent;    /* sockets; NULL: surroundings, then the default */
    enum hub_cli_format format;
    const char *fields, *sort, *cursor, *since, *until, *tz, *lang, *reason;
    bool no_headers, silent, quiet, bom, fail_empty, yes, dry_run, help, version;
    bool limit_given;
    uint64_t limit;             /* 0: all */
    uint32_t watch_s;           /* 0: once */
    uint32_t timeout_ms;
    unsigned verbose;
    int color;                  /* -1 auto, 0 never, 1 always */
    struct hub_cli_values values[HUB_CLI_FLAGS_MAX]; /* by place in the command's flags */
};

/* What main hands in, so that this folder does not look into the hub. */
struct hub_cli_parts {
    hub_cli_deadline_fn *compute;
    const char *version;
    const char *program_dir; /* where rhub lies; "" when not known */
};

struct hub_cli {
    const struct hub_cli_parts *parts;
    FILE *in, *out, *err;
    bool in_tty, out_tty, err_tty;
    const struct hub_cli_command *command;
    struct hub_cli_options options;
    uint32_t word_count;
    const char *words[HUB_CLI_WORDS_MAX]; /* positional arguments */
    uint64_t now_ms;                      /* of this machine, for "today" and years left out */
    struct rh_local_client *line;         /* to the socket; NULL: not connected */
    char *fields_text;                    /* --fields, cut into pieces */
};

typedef enum rh_exit hub_cli_body(struct hub_cli *cli);
/* Show rows to a person. */
typedef void hub_cli_page(struct hub_cli *cli, const json_t *rows);

/* run.c ---------------------------------------------------------------------------------- */

/* The whole program. Streams, terminal flags, parts and now_ms are filled in. */
enum rh_exit hub_cli_run(struct hub_cli *cli, int argc, char **argv);
/* Ask the command's verb and show what comes. */
enum rh_exit hub_cli_ask_and_show(struct hub_cli *cli);
/* Show rows that are there already, in the format asked for. */
enum rh_exit hub_cli_show(struct hub_cli *cli, const json_t *rows);
/* True when the operator says yes, or said so before; otherwise *code is set. `question` is
 * shown with " [y/N] ". */
bool hub_cli_confirm(struct hub_cli *cli, const char *question, enum rh_exit *code);
/* The reason for a verb that wants one; asked for on a terminal. NULL: *code is set. */
const char *hub_cli_reason(struct hub_cli *cli, enum rh_exit *code);
/* Receipts of an act: a refused one is told as an error and decides the exit code. */
enum rh_exit hub_cli_judge(struct hub_cli *cli, const json_t *rows);
/* The agent waits before it answers; so must we. */
void hub_cli_wait_longer(struct hub_cli *cli);
/* The command's args as JSON, from words, flags and the global ones. NULL: *code is set. */
json_t *hub_cli_args(struct hub_cli *cli, enum rh_exit *code);

/* connect.c ------------------------------------------------------------------------------ */

/* Called with each row (borrowed); false ends. */
typedef bool hub_cli_row_fn(void *context, json_t *row);

/* Ask one verb once: one page. `args` is borrowed, may be NULL. *cursor (caller frees, may be
 * NULL) is the next page's, NULL at the end. Trouble is printed. */
enum rh_exit hub_cli_request(struct hub_cli *cli, const char *verb, json_t *args,
                             hub_cli_row_fn *take, void *context, char **cursor);
/* Every row of one page as an array, which becomes the caller's. */
enum rh_exit hub_cli_collect(struct hub_cli *cli, const char *verb, json_t *args,
                             json_t **rows);
void hub_cli_hang_up(struct hub_cli *cli);

/* fail.c --------------------------------------------------------------------------------- */

/* A mistake on the command line: sentence (translated), what it is about (may be NULL), what
 * was probably meant (may be NULL). Always RH_EXIT_USAGE. */
enum rh_exit hub_cli_usage(struct hub_cli *cli, const char *sentence, const char *about,
                           const char *meant);
/* The problems of a file (rh/problem.h), a line each, in our language. */
void hub_cli_report(struct hub_cli *cli, const char *problems);
/* A refusal by its number. detail is a message id, value what it is about; may be NULL. */
enum rh_exit hub_cli_refuse(struct hub_cli *cli, uint32_t refusal, const char *pointer,
                            const char *detail, const char *value);
/* An `error` object of a socket. */
enum rh_exit hub_cli_error(struct hub_cli *cli, const json_t *error);
/* A remark for people, on standard error unless -q or -s. The line end is added. */
void hub_cli_note(struct hub_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* text.c --------------------------------------------------------------------------------- */

/* Columns of a terminal that a text takes. */
uint32_t hub_cli_width(const char *text);
/* A copy with everything made visible that would move a cursor, turn the direction of writing
 * or break the line: "\n", "\t", "\x1b", "\u202e". The caller's. */
char *hub_cli_escape(const char *text, size_t bytes);
/* The same for the text of a JSON document: \u escapes inside, line ends kept. The caller's. */
char *hub_cli_escape_json(const char *text);
/* Print and fill up with blanks to `width` columns; `right`: blanks first. */
void hub_cli_pad(FILE *out, const char *text, uint32_t width, bool right);
/* The nearest of `count` words, or NULL: at most one edit in three characters. */
const char *hub_cli_nearest(const char *word, const char *const *words, size_t count);

/* when.c --------------------------------------------------------------------------------- */

enum { HUB_CLI_WHEN_BYTES = 48 };

/* Whether --tz names a zone we can show: Asia/Shanghai, UTC, +HH:MM or one of the system. */
bool hub_cli_zone_set(const char *zone);
const char *hub_cli_zone_name(void);
/* "11-18 17:30", with the year when it is not that of now; with seconds and zone on request. */
void hub_cli_when(uint64_t ms, uint64_t now_ms, bool exact, char out[HUB_CLI_WHEN_BYTES]);
/* An exclusive end: one at midnight in China is shown as the day before, 23:59. */
void hub_cli_when_end(uint64_t ms, uint64_t now_ms, bool exact, char out[HUB_CLI_WHEN_BYTES]);
/* "2天3小时", "41分钟", "8 s": the two largest units. */
void hub_cli_duration(uint64_t seconds, char out[HUB_CLI_WHEN_BYTES]);
/* RFC 3339, a date, "today", "yesterday", "week", "month", "year" (in Chinese too), "7d",
 * "12h": so long ago. */
bool hub_cli_when_parse(const char *text, uint64_t now_ms, uint64_t *out_ms);
/* RFC 3339 as rows have it; 0 when it is none. */
uint64_t hub_cli_instant(const json_t *value);

#endif
