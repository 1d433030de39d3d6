/* What the files of hub/operator share. Nothing outside this folder includes it. */
#ifndef HUB_OPERATOR_INSIDE_H
#define HUB_OPERATOR_INSIDE_H

#include <jansson.h>

#include <stdatomic.h>

#include <rh/local.h>
#include <rh/problem.h>
#include <rh/refusal.h>

#include "operator/mailbox.h"
#include "operator/operator.h"

enum {
    HUB_ASK_ROWS_DEFAULT = 100,
    HUB_ASK_ROWS_MAX = 1000,      /* rows of one page */
    HUB_ASK_EXAMINED_MAX = 5000,  /* rows looked at for one page, found or not */
    HUB_ASK_WAIT_MS = 8000,       /* for the engine's thread */
    HUB_ASK_SEQ_WAIT_MS = 2000,   /* for a snapshot that is new enough */
    HUB_ASK_SETTLE_WAIT_MS = 250, /* for what was stored before the question */
    HUB_ASK_NAME_BYTES_MAX = 24,  /* of an operator, before "(uid)" */
    HUB_ASK_TEXT_BYTES_MAX = 400, /* of an argument, unless its verb says otherwise */
    HUB_ASK_FILE_BYTES_MAX = 512 * 1024,
    HUB_TOKEN_BYTES = 2 * HUB_MAP_KEY_MAX + 2, /* a cursor as text, terminated */
    HUB_SKEW_WARN_MS = 5000,      /* an agency's clock further off than this is worth a word */
    HUB_NAMES_MAX = 64,           /* agencies whose names one page remembers */
    HUB_SESSIONS_MAX = 4096
};

/* ---- one request ----------------------------------------------------------------------- */

struct hub_ask;
/* Answers rows, or hub_ask_refuse; RH_ERR_CLOSED when the asker is gone. Any other error is
 * told to the asker as trouble of the hub's. */
typedef enum rh_err hub_verb_fn(struct hub_ask *ask);

enum hub_arg_type {
    HUB_ARG_TEXT,    /* not empty, no control characters */
    HUB_ARG_LONG,    /* the same, up to 4096 bytes, line ends allowed */
    HUB_ARG_FILE,    /* what stands in a file, up to HUB_ASK_FILE_BYTES_MAX; tabs too */
    HUB_ARG_FILES,   /* a list of {"name","text"}, each text as above */
    HUB_ARG_SWITCH,  /* true or false */
    HUB_ARG_UINT,    /* 0 to RH_NUMBER_MAX */
    HUB_ARG_INSTANT, /* RFC 3339, or a date: its 00:00 in China */
    HUB_ARG_LIMIT    /* rows of a page, 1 to HUB_ASK_ROWS_MAX; more is cut to that */
};

struct hub_arg {
    const char *name; /* NULL past the last */
    enum hub_arg_type type;
    bool required;
};

enum { HUB_VERB_ARGS_MAX = 14 };

struct hub_verb {
    const char *name;
    const char *summary;
    hub_verb_fn *serve;
    struct hub_arg args[HUB_VERB_ARGS_MAX]; /* at_least_seq is known to every verb */
};

/* In the table, NULL when there is none. */
const struct hub_verb *hub_verb_find(const char *name);

/* Names of agencies as one page shows them. */
struct hub_name {
    uint32_t no;
    struct rh_agency_id id;
    char zh[RH_TITLE_BYTES_MAX + 1];
    char en[RH_TITLE_BYTES_MAX + 1];
};

struct hub_ask {
    struct hub_operator *op;
    const struct hub_verb *verb;
    json_t *args;                        /* checked against the verb; borrowed by serve */
    char who[HUB_OPERATOR_BYTES_MAX + 1]; /* "zhang(1000)" */
    struct rh_local_reply *reply;
    struct hub_map *map;                 /* of the snapshot; NULL outside one */
    uint64_t now_ms;                     /* hub time when the request came */
    struct hub_engine_health health;     /* at that moment */
    const struct rh_rules *procedures;   /* what limits are shown by; NULL: those in force */
    const struct rh_rules *calendars;    /* what days are counted by; NULL: those in force */
    uint64_t seq;                        /* records the newest snapshot had applied */
    uint32_t rows;                       /* sent */
    char cursor[HUB_TOKEN_BYTES];        /* for the next page; "" when there is none */
    /* A refusal: code, static sentence (message id), place, and the value it is about. */
    uint32_t refusal;
    const char *detail;
    char pointer[64];
    char value[1024];
    char problems[RH_PROBLEM_LIST_BYTES]; /* of a file (rh/problem.h); "" none */
    bool sessions_known;                 /* op->sessions was filled for this request */
    uint32_t session_count;
    uint32_t name_count;
    struct hub_name names[HUB_NAMES_MAX];
};

struct hub_operator {
    struct hub_operator_options options;
    struct rh_local_server *server;
    struct hub_mailbox mailbox;
    struct rh_hub_id hub;
    uint8_t external_key[32];
    uint64_t started_ms; /* hub time */
    atomic_bool closing;
    /* the operator's thread */
    struct rh_rules *rules;   /* a copy; see hub_snapshot_rules */
    uint64_t rules_index;     /* its record */
    bool rules_known;
    uint64_t changed_seq;     /* records there must be before the next snapshot is shown */
    struct hub_ask ask;
    struct hub_referral *referral, *other; /* working memory of the verb being answered */
    struct hub_agency *agency;
    struct hub_agency *named; /* hub_json_name's */
    struct hub_outcome *outcome;
    struct hub_record *record;
    struct hub_session_view *sessions; /* HUB_SESSIONS_MAX */
    /* the engine's thread */
    bool stop_asked, stop_released;
};

/* server.c ------------------------------------------------------------------------------- */

/* A row in the place of one that fails its check, in a list of many. */
enum rh_err hub_ask_damaged(struct hub_ask *ask, uint64_t number);

/* One row out; taken. RH_ERR_CLOSED when the asker is gone. NULL is out of memory. */
enum rh_err hub_ask_row(struct hub_ask *ask, json_t *row);
/* Refuse: `pointer` is the place in the request ("/args/id", "" for none), `detail` a message
 * id marked with N_(), `value` what it is about; each may be NULL. Answers RH_ERR_USAGE, for
 * the verb to return. */
enum rh_err hub_ask_refuse(struct hub_ask *ask, uint32_t refusal, const char *pointer,
                           const char *detail, const char *value);
/* The same about a file: `problems` is a list of problems (rh/problem.h). They go out one by
 * one under "problems", for the asker to say in his language, and as English lines under
 * "value". */
enum rh_err hub_ask_refuse_file(struct hub_ask *ask, uint32_t refusal, const char *pointer,
                                const char *detail, const char *problems);
/* Run in the engine's thread; waits. */
enum rh_err hub_ask_engine(struct hub_ask *ask, hub_mail_fn *run, void *context, bool durable);
/* "done" about `id`, with the record that holds it. */
enum rh_err hub_ask_done(struct hub_ask *ask, const char *id, uint64_t index);

/* args.c --------------------------------------------------------------------------------- */

/* Check args against the verb; refuses. */
enum rh_err hub_args_check(struct hub_ask *ask);
/* NULL when absent. */
const char *hub_args_text(const struct hub_ask *ask, const char *name);
uint64_t hub_args_uint(const struct hub_ask *ask, const char *name, uint64_t otherwise);
/* An instant in ms; `otherwise` when absent. */
uint64_t hub_args_instant(const struct hub_ask *ask, const char *name, uint64_t otherwise);
uint32_t hub_args_limit(const struct hub_ask *ask);
bool hub_args_switch(const struct hub_ask *ask, const char *name);
/* The list of files; NULL when absent. */
const json_t *hub_args_files(const struct hub_ask *ask, const char *name);

/* Cursor tokens: a letter of the walk, then bytes in hex. */
void hub_token_write(struct hub_ask *ask, char walk, const void *data, size_t bytes);
/* The cursor given, if any, must be of that walk; refuses. *bytes 0: from the start. */
enum rh_err hub_token_read(struct hub_ask *ask, char walk, void *data, size_t capacity,
                           size_t *bytes);

/* snapshot.c ----------------------------------------------------------------------------- */

/* Begin (or begin again, forgetting what was mapped) a snapshot that has everything an
 * operator changed, and args.at_least_seq; refuses after HUB_ASK_SEQ_WAIT_MS. What was stored
 * before the question it has unless the views are HUB_ASK_SETTLE_WAIT_MS behind. */
enum rh_err hub_snapshot_begin(struct hub_ask *ask);
void hub_snapshot_end(struct hub_ask *ask);
/* Hub time, health and rules from the engine; called once for each request. */
enum rh_err hub_snapshot_look(struct hub_ask *ask);

/* json.c --------------------------------------------------------------------------------- */

/* {"object":name,"v":1} */
json_t *hub_json_row(const char *object);
/* Level of a division code of so many digits (verbs_route.c): province 2, city 4, county 6,
 * town 9, village 12; "" for any other. Static text. */
const char *hub_json_level(size_t digits);
/* Absent, empty and zero instants are null, so that every row of a kind has the same keys. */
void hub_json_text(json_t *row, const char *key, const char *text);
void hub_json_uint(json_t *row, const char *key, uint64_t value);
void hub_json_int(json_t *row, const char *key, int64_t value);
void hub_json_bool(json_t *row, const char *key, bool value);
void hub_json_at(json_t *row, const char *key, uint64_t ms);
void hub_json_date(json_t *row, const char *key, int32_t days);
void hub_json_code(json_t *row, const char *key, uint32_t refusal); /* "RH-4221" */
/* [{"file","line","column","text","args"}]: text is the English message id. New. */
json_t *hub_json_problems(const char *problems);
void hub_json_uuid(json_t *row, const char *key, const uint8_t id[RH_ID_BYTES]);
/* `key`: the agency's id, `key`_zh and `key`_en: its names. */
void hub_json_agency(struct hub_ask *ask, json_t *row, const char *key, uint32_t no);
/* The id alone; NULL for nobody. */
json_t *hub_json_agency_id(struct hub_ask *ask, uint32_t no);
const struct hub_name *hub_json_name(struct hub_ask *ask, uint32_t no);
void hub_json_span(json_t *row, const char *unit_key, const char *n_key, enum rh_unit unit,
                   uint32_t n);

/* json_referral.c ------------------------------------------------------------------------ */

json_t *hub_json_referral(struct hub_ask *ask, const struct hub_referral *row);
/* With deadlines, parties and children. */
json_t *hub_json_referral_whole(struct hub_ask *ask, const struct hub_referral *row);
json_t *hub_json_deadline(struct hub_ask *ask, const struct hub_referral *row,
                          const struct hub_deadline *deadline);

/* Whether others have all that was this agency's and it has taken in what lay for it: its keys
 * are for nothing any more and `agency.revoke` is the last step. A stolen one goes earlier. */
bool hub_agency_revoke_due(struct hub_ask *ask, const struct hub_agency *agency);

/* verbs_agency.c, verbs_succession.c */
const char *hub_json_agency_state(enum hub_agency_state state);
void hub_json_grants(struct hub_ask *ask, json_t *row, const struct hub_agency *agency);
/* Who may look on by a grant; a new array. Uses op->agency. */
json_t *hub_json_monitors(struct hub_ask *ask, const struct hub_referral *of);
void hub_json_successors(struct hub_ask *ask, json_t *row, const struct hub_agency *agency);

/* verbs_job.c */
json_t *hub_json_job(struct hub_ask *ask, const struct hub_job_row *job);
const char *hub_json_job_kind(enum hub_job_kind kind);

/* book.c --------------------------------------------------------------------------------- */

struct rh_load_sources;

/* A record of rules and the bytes it points into. No snapshot may be held while it is read.
 * Close in any case. */
struct hub_book {
    uint8_t *bytes;
    struct hub_record record;
};
enum rh_err hub_book_read(struct hub_ask *ask, uint64_t index, struct hub_book *out);
void hub_book_close(struct hub_book *book);
/* The files of the rules in force, imported calendars among them. The caller closes. */
enum rh_err hub_book_sources(struct hub_ask *ask, struct rh_load_sources *out);
/* Every calendar that was ever in force, out of all records of rules. No snapshot may be held.
 * The caller calls hub_calendars_fini, after an error too. */
enum rh_err hub_book_calendars(struct hub_ask *ask, struct hub_calendars *out);
/* Judge files as the hub would; refuses with what is wrong. */
enum rh_err hub_book_compile(struct hub_ask *ask, const struct rh_load_sources *sources,
                             struct rh_rules *out);

/* simulate.c ----------------------------------------------------------------------------- */

/* What other rules would do to open dates. */
struct hub_simulation {
    uint64_t open;     /* open referrals looked at */
    uint64_t changed;  /* of them with a date that would move, or a procedure that would change */
    uint64_t moved;    /* dates that would move */
    uint64_t firm;     /* provisional dates that would become firm as they are */
};

/* Called with each open referral and what the job would decide about it; RH_OK to go on. */
typedef enum rh_err hub_simulate_fn(void *context, struct hub_ask *ask,
                                    const struct hub_referral *before,
                                    const struct hub_outcome *outcome);

/* Derive every open date again under `rules`, in snapshots, and write nothing. `each` may be
 * NULL. Needs no snapshot, leaves none. */
enum rh_err hub_simulate(struct hub_ask *ask, const struct rh_rules *rules,
                         hub_simulate_fn *each, void *context, struct hub_simulation *out);
/* A date that stays and was provisional; one that became so is no gain. */
bool hub_simulated_firm(const struct hub_outcome *outcome, const struct hub_note_out *note);

/* find.c --------------------------------------------------------------------------------- */

/* The referral named in args.`name` ("R-2026-000042", a UUID, or system=number). Refuses. */
enum rh_err hub_find_referral(struct hub_ask *ask, const char *name, struct hub_referral *out);
/* The agency in args.`name`; *no 0 when the argument is absent. Refuses an unknown one. */
enum rh_err hub_find_agency(struct hub_ask *ask, const char *name, uint32_t *no);
/* The same, or who has taken all of it over: in whose name its matters stand by now. For looking
 * among matters as they are, where an old letter names an office that a reform has closed. */
enum rh_err hub_find_heir(struct hub_ask *ask, const char *name, uint32_t *no);
/* A page of all agencies in the order of their numbers: `show` answers a row for each, with the
 * agency's row in ask->op->agency. `walk` is the mark of this list's tokens. */
typedef enum rh_err hub_find_agency_fn(struct hub_ask *ask, uint32_t no);
enum rh_err hub_find_each_agency(struct hub_ask *ask, char walk, hub_find_agency_fn *show);
/* A dead letter's "index:agency". */
enum rh_err hub_find_dead(struct hub_ask *ask, struct hub_dead *out);
/* Bounds of a `due` argument: ends e with *from_ms <= e < *to_ms. Refuses. */
enum rh_err hub_find_window(struct hub_ask *ask, const char *due, uint64_t *from_ms,
                            uint64_t *to_ms);
/* The clock an operator would name first: of those owed, the earliest end. NULL: none. */
const struct hub_deadline *hub_find_urgent(const struct hub_referral *row);
const struct hub_deadline *hub_find_clock(const struct hub_referral *row, uint32_t serial);
const struct rh_limit *hub_find_limit(const struct hub_ask *ask, const struct hub_referral *row,
                                      const struct hub_deadline *deadline);
/* The calendar of a row, or NULL when the rules have none. */
const struct rh_calendar *hub_find_calendar(const struct hub_ask *ask, const char *area);
/* The same by the referral's area or, where none was given, that of who must act on it. Needs a
 * snapshot. */
const struct rh_calendar *hub_find_calendar_of(struct hub_ask *ask,
                                               const struct hub_referral *row);
/* Whether an agency's clock is so far from hub time that somebody should look at it. */
bool hub_skew_warns(const struct hub_ask *ask, int64_t skew_ms);
/* The connection of an agency; false when it is offline (out zeroed). */
bool hub_find_session(struct hub_ask *ask, uint32_t no, struct hub_session_view *out);
uint64_t hub_find_count(struct hub_ask *ask, const char *name);
uint64_t hub_find_count_of(struct hub_ask *ask, const char *name, uint32_t no);

/* command.c ------------------------------------------------------------------------------ */

/* Send a command to the engine in the asker's name and with args.reason, and wait until its
 * record is durable. `id` is what a refusal is about. Refuses. */
enum rh_err hub_command_ask(struct hub_ask *ask, struct hub_command *command, const char *id,
                            struct hub_command_result *result);

/* verbs_screening.c ---------------------------------------------------------------------- */

/* What a petitioner may know, by the code somebody typed; within a snapshot. */
enum rh_err hub_show_by_code(struct hub_ask *ask, const char *typed);

/* known.c -------------------------------------------------------------------------------- */

enum { HUB_KNOWN_MOVES_MAX = 64 };

/* A date that moved after the day asked about. */
struct hub_known_move {
    uint32_t serial;
    uint64_t at_ms, index, was_ms, now_ms;
    char text[HUB_REASON_BYTES_MAX + 1];
};

/* What the hub knew of one referral, and by which rules: now, or at an earlier instant. */
struct hub_known {
    uint64_t at_ms;               /* 0: now */
    struct hub_referral *present; /* the row as it is; NULL when asked about now; owned */
    uint64_t calendar_index;      /* records of rules: the calendar then in force, */
    uint64_t procedure_index;     /* and the procedure of the referral */
    struct rh_rules *procedures, *calendars; /* read for it, NULL where those in force do; owned */
    uint32_t move_count;
    struct hub_known_move moves[HUB_KNOWN_MOVES_MAX];
};

/* The referral in op->referral as args.as_known_on asks for it: the row becomes the one of that
 * instant, and limits and days are shown by the rules of then. Ends the snapshot. Refuses.
 * Close after RH_OK; nothing is held otherwise. */
enum rh_err hub_known_open(struct hub_ask *ask, struct hub_known *out);
void hub_known_close(struct hub_ask *ask, struct hub_known *known);
/* Whether the answer is an earlier one, and what became of the clock since. */
void hub_known_put(struct hub_ask *ask, json_t *row, const struct hub_deadline *deadline,
                   const struct hub_known *known);

/* verbs_*.c ------------------------------------------------------------------------------ */

hub_verb_fn hub_verb_agency_grant, hub_verb_agency_succeed, hub_verb_agency_tree,
    hub_verb_agency_ungrant;
hub_verb_fn hub_verb_subscription_add, hub_verb_subscription_end, hub_verb_subscription_list,
    hub_verb_subscription_show;
hub_verb_fn hub_verb_agency_enrol, hub_verb_agency_list, hub_verb_agency_resume,
    hub_verb_agency_revoke, hub_verb_agency_show, hub_verb_agency_suspend,
    hub_verb_calendar_import, hub_verb_calendar_list, hub_verb_calendar_show,
    hub_verb_deadline_simulate, hub_verb_clock_confirm, hub_verb_clock_show,
    hub_verb_clock_steer, hub_verb_dead_list, hub_verb_dead_retry, hub_verb_dead_return,
    hub_verb_dead_show, hub_verb_deadline_board, hub_verb_deadline_explain, hub_verb_help,
    hub_verb_job_list, hub_verb_job_show, hub_verb_ping, hub_verb_queue_list,
    hub_verb_queue_peek, hub_verb_referral_escalate, hub_verb_referral_list,
    hub_verb_referral_show, hub_verb_referral_supervise, hub_verb_referral_timeline,
    hub_verb_referral_urge, hub_verb_report_bulletin, hub_verb_report_figures,
    hub_verb_report_funnel, hub_verb_report_hotspot, hub_verb_report_misdirected,
    hub_verb_report_revisit, hub_verb_route_query, hub_verb_rules_list, hub_verb_rules_reload,
    hub_verb_status, hub_verb_stop;

#endif
