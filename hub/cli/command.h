/* The table of commands: nouns, verbs, arguments, flags, what each can honour. */
#ifndef HUB_CLI_COMMAND_H
#define HUB_CLI_COMMAND_H

#include "cli/cli.h"

enum hub_cli_where { HUB_CLI_HUB, HUB_CLI_AGENT, HUB_CLI_LOCAL };

enum hub_cli_type {
    HUB_CLI_TEXT,   /* as it is */
    HUB_CLI_NUMBER, /* a whole number */
    HUB_CLI_SWITCH, /* no value */
    HUB_CLI_WHEN,   /* hub_cli_when_parse; sent as RFC 3339 */
    HUB_CLI_FILE,   /* a readable file; sent as its absolute path */
    HUB_CLI_LIST,   /* may be repeated; sent as an array */
    HUB_CLI_PAIRS,  /* K=V, may be repeated; sent as an object of texts */
    HUB_CLI_FACTS,  /* the same; a whole number is sent as one */
    HUB_CLI_CHILDREN /* AGENCY or AGENCY:optional, may be repeated */
};

struct hub_cli_flag {
    const char *name; /* NULL past the last */
    int letter;       /* 0: none */
    enum hub_cli_type type;
    const char *key;  /* in args; NULL: the body looks at it */
    const char *word; /* for help: the value */
    const char *title;
};

struct hub_cli_arg {
    const char *word; /* NULL past the last */
    const char *key;  /* in args; NULL: the body looks at it */
    bool required;
    bool many;        /* takes all that follow */
    enum hub_cli_type type; /* TEXT or FILE */
};

/* An argument that is sent as it is. */
#define HUB_CLI_ARG(word, key, required, many) { word, key, required, many, HUB_CLI_TEXT }

/* Global flags a command can honour; the others are errors for it. */
enum {
    HUB_CLI_CAN_ROWS = 1,    /* -o --fields --no-headers --bom --fail-empty */
    HUB_CLI_CAN_PAGE = 2,    /* --limit --cursor --sort */
    HUB_CLI_CAN_RANGE = 4,   /* --since --until */
    HUB_CLI_CAN_WATCH = 8,
    HUB_CLI_CAN_CONFIRM = 16, /* -y */
    HUB_CLI_CAN_REASON = 32,
    HUB_CLI_NEEDS_REASON = 64,
    HUB_CLI_CAN_DRY_RUN = 128,
    HUB_CLI_CAN_SORT_THERE = 256 /* the socket sorts by itself */
};

enum { HUB_CLI_ARGS_MAX = 3 };

struct hub_cli_command {
    const char *noun;
    const char *verb;    /* NULL: the noun alone */
    enum hub_cli_where where;
    const char *ask;     /* verb of the socket; NULL: body */
    const char *kind;    /* of an act of the agency */
    const char *title;   /* message id */
    const char *example; /* one line or several; may be NULL */
    unsigned can;
    struct hub_cli_arg args[HUB_CLI_ARGS_MAX];
    const struct hub_cli_flag *flags; /* may be NULL */
    const char *object;  /* kind of its rows, for columns */
    hub_cli_body *body;  /* NULL: hub_cli_ask_and_show */
    hub_cli_page *page;  /* NULL: a table */
    const char *question; /* CAN_CONFIRM: message id */
};

/* In the order of help; NULL past the last. */
const struct hub_cli_command *hub_cli_command_at(size_t index);
/* By its words; verb may be NULL. */
const struct hub_cli_command *hub_cli_command_find(const char *noun, const char *verb);
bool hub_cli_is_noun(const char *noun);
/* What was probably meant, or NULL. With noun NULL: among nouns; else among its verbs. */
const char *hub_cli_command_suggest(const char *noun, const char *word);

/* The three parts of the table. */
extern const struct hub_cli_command hub_cli_commands_hub[], hub_cli_commands_agent[],
    hub_cli_commands_local[];
extern const size_t hub_cli_commands_hub_count, hub_cli_commands_agent_count,
    hub_cli_commands_local_count;

/* options.c ------------------------------------------------------------------------------ */

/* Global flags, in the order of help. `can` is what a command must be able to do, 0: always. */
struct hub_cli_global {
    const char *name;
    int letter; /* what getopt answers; a character, or above 255 where there is no letter */
    int takes;  /* no_argument, required_argument, optional_argument */
    unsigned can;
    int where;  /* -1 any, else enum hub_cli_where */
    const char *word;
    const char *title;
};
const struct hub_cli_global *hub_cli_global_at(size_t index);

/* Find the command and read its flags and arguments. RH_EXIT_OK with cli->command NULL: help or
 * version was asked for, or an outside command: *outside is its place in argv. */
enum rh_exit hub_cli_parse(struct hub_cli *cli, int argc, char **argv, int *outside);
/* The values of a flag of the command; empty when it was not given. */
const struct hub_cli_values *hub_cli_flag(const struct hub_cli *cli, const char *name);
/* Its only value, or NULL. */
const char *hub_cli_flag_text(const struct hub_cli *cli, const char *name);

/* help.c --------------------------------------------------------------------------------- */

/* fields.c ------------------------------------------------------------------------------- */

enum hub_cli_field_type {
    HUB_CLI_FIELD_TEXT,
    HUB_CLI_FIELD_NUMBER,
    HUB_CLI_FIELD_WORD,     /* of the glossary group */
    HUB_CLI_FIELD_AGENCY,   /* its name: PATH_zh, PATH_en */
    HUB_CLI_FIELD_TITLED,   /* title_zh, title_en beside it */
    HUB_CLI_FIELD_AT,
    HUB_CLI_FIELD_END,      /* an exclusive end */
    HUB_CLI_FIELD_SPAN,     /* seconds */
    HUB_CLI_FIELD_SKEW,     /* ms with a sign: how far a clock is ahead */
    HUB_CLI_FIELD_YES,
    HUB_CLI_FIELD_CODE,     /* RH-4221 with its title */
    HUB_CLI_FIELD_REST,     /* left_s or overdue_s, whichever is there */
    HUB_CLI_FIELD_RATE,
    HUB_CLI_FIELD_LIST,
    HUB_CLI_FIELD_AGENCIES, /* ids; names in PATH_zh and PATH_en, in the same order */
    HUB_CLI_FIELD_MOVES,    /* dates moved; why, as `text` beside it says */
    HUB_CLI_FIELD_BYTES,
    HUB_CLI_FIELD_SENTENCE, /* a message id of the hub's */
    HUB_CLI_FIELD_SPOKEN,   /* PATH in English, PATH_zh in Chinese */
    HUB_CLI_FIELD_RAW       /* a number for machines; people see it otherwise */
};

struct hub_cli_field {
    const char *object; /* kind of row */
    const char *path;   /* "due.end_at"; of REST: its folder, "due." or "" */
    const char *title;  /* message id */
    enum hub_cli_field_type type;
    const char *group;  /* WORD */
    bool shown;         /* by default */
};

/* The fields of a kind of row, in order; NULL past the last. */
const struct hub_cli_field *hub_cli_field_at(const char *object, size_t index);
/* Whether rows of this kind have a field of that name, shown or only in their JSON. */
bool hub_cli_field_is_known(const char *object, const char *path);
/* Why a date moved: "calendar cn 2026.2" as a record says it, in the reader's words. */
void hub_cli_why_text(const char *why, char *out, size_t capacity);
/* "1 month", "5 working days" by the name of a unit; cut where it does not fit. */
void hub_cli_count_text(const char *unit, long long n, char *out, size_t capacity);
/* The value at "a.b", or NULL. Borrowed. */
const json_t *hub_cli_path(const json_t *row, const char *path);
/* For people, in the language and zone in use; escaped; "" for nothing. The caller's. */
char *hub_cli_field_text(const struct hub_cli *cli, const struct hub_cli_field *field,
                         const json_t *row);
/* For machines: as in JSON, texts without quotes, lists and objects as JSON. The caller's. */
char *hub_cli_raw_text(const json_t *value);

/* sheet.c, card.c ------------------------------------------------------------------------ */

enum rh_exit hub_cli_sheet(struct hub_cli *cli, const char *object, const json_t *rows);
/* One row for machines as it comes: jsonl, csv, tsv, ids. `first` prints the headers. */
enum rh_exit hub_cli_sheet_row(struct hub_cli *cli, const char *object, json_t *row,
                               bool first);
/* Each row as lines of title and value. */
void hub_cli_card(struct hub_cli *cli, const json_t *rows);
/* A plain table of some rows with the default columns of a kind, indented. */
void hub_cli_table(struct hub_cli *cli, const char *object, const json_t *rows);

/* pages and bodies ----------------------------------------------------------------------- */

hub_cli_page hub_cli_page_status, hub_cli_page_referral, hub_cli_page_clock,
    hub_cli_page_explain, hub_cli_page_route, hub_cli_page_import, hub_cli_page_simulate,
    hub_cli_page_done, hub_cli_page_case, hub_cli_page_participant;
hub_cli_body hub_cli_body_check, hub_cli_body_dead_retry, hub_cli_body_dead_return,
    hub_cli_body_enrol, hub_cli_body_key_gen, hub_cli_body_key_fingerprint,
    hub_cli_body_key_show, hub_cli_body_compute, hub_cli_body_explain, hub_cli_body_help,
    hub_cli_body_completion, hub_cli_body_demo, hub_cli_body_calendar_import,
    hub_cli_body_simulate, hub_cli_body_send, hub_cli_body_clock_steer,
    hub_cli_body_import, hub_cli_body_participant;

/* Run rhub-NAME, or the demonstration; returns only when it cannot be run. */
enum rh_exit hub_cli_exec_outside(struct hub_cli *cli, const char *name, char **argv);

#endif
