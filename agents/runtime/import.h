/* Importing a table: every row becomes a registration, and where the routing map has an answer
 * a dispatch as well.
 *
 * A row is known by its number in the system it comes from, and a number that this agency has
 * registered is not registered again; the numbers are kept with the cases, in the transaction
 * that numbers the row's messages. So a second import of the same file creates nothing.
 *
 * An import is a job of the agency, with a row of its own in the spool, written in the same
 * transactions. One that was broken off, by whatever, is gone on with by asking for it again:
 * the table is read from its beginning, what stands in the spool from first_n on was registered
 * by this import and is counted so, and the figures come out as if nothing had happened.
 *
 * Work is done in steps of a few rows, so that receipts and deliveries go on in between, and
 * memory does not grow with the file. The format of maps: agents/README.md, "Import maps".
 *
 *     bytes -> import_text -> UTF-8 -> rh/csv -> row -> import_row -> message -> desk -> spool
 */
#ifndef AGENT_IMPORT_H
#define AGENT_IMPORT_H

#include "runtime/desk.h"

struct agent_import;

enum {
    AGENT_IMPORT_WAITING_MAX = 4096, /* unconfirmed messages above which a step takes no rows */
    AGENT_IMPORT_ROW_BYTES_MAX = 1024 * 1024,
    AGENT_IMPORT_FIELDS_MAX = 1024,
    AGENT_IMPORT_COUNTS_MAX = 256,
    AGENT_IMPORT_FIELD_BYTES_MAX = 100
};

/* A row that is not taken. */
struct agent_row_error {
    uint32_t line, column;  /* from 1; of the field, or of the row */
    char field[AGENT_IMPORT_FIELD_BYTES_MAX + 1]; /* name of its column; empty: the whole row */
    uint32_t refusal;       /* number of the catalogue */
    char text[AGENT_EXPECTED_BYTES];    /* English, never what stands there */
    char text_zh[AGENT_EXPECTED_BYTES]; /* may be empty */
};

typedef void agent_row_error_fn(void *context, const struct agent_row_error *error);

/* As agent_desk_submit into the open transaction, and as agent_spool_commit. */
typedef enum rh_err agent_import_submit_fn(void *context, const struct agent_message *message,
                                           struct agent_problems *problems,
                                           struct agent_submission *out);
typedef enum rh_err agent_import_commit_fn(void *context);

struct agent_import_options {
    const char *file, *map;        /* borrowed for open */
    const char *rules;             /* directory with the routing map; NULL: nothing sent on */
    struct agent_spool *spool;     /* borrowed until close, as cards */
    const struct rh_cards *cards;  /* known agencies; may be NULL */
    struct rh_agency_id agency;    /* whose import it is */
    bool dry_run;                  /* judge and count, change nothing */
    uint64_t first_n;              /* registered from it on: by this import; 0: it is new */
    uint64_t waiting_max;          /* 0: AGENT_IMPORT_WAITING_MAX */
    agent_import_submit_fn *submit;
    agent_import_commit_fn *commit;
    agent_row_error_fn *row_error; /* may be NULL */
    void *context;
};

/* RH_ERR_INVALID: problems say what is wrong with map, rules, file or header. */
enum rh_err agent_import_open(const struct agent_import_options *options,
                              struct agent_import **out, struct agent_problems *problems);
void agent_import_close(struct agent_import **import);

/* Take at most `limit` rows, and commit. now_ms is this agency's time. *done: the file is over.
 *
 * RH_OK           go on.
 * RH_ERR_AGAIN    nothing could be taken now: too much is unconfirmed, or the hub's key for
 *                 numbers has not come yet. Call again later.
 * RH_ERR_FULL     the spool is nearly full; what was taken is safe, begin anew later.
 * RH_ERR_INVALID  the file's header does not fit the map (found only here where the encoding
 *                 had to be found out first); problems say how.
 * other           the spool's or the file's: the import is over; what was committed is safe. */
enum rh_err agent_import_step(struct agent_import *import, uint64_t now_ms, uint32_t limit,
                              bool *done, struct agent_problems *problems);

struct agent_import_count {
    char key[RH_CODE_BYTES_MAX + 1];
    uint64_t rows, registered, dispatched; /* the last two of this run */
};

/* rows = registered + unchanged + bad, always. */
struct agent_import_figures {
    uint64_t rows;
    uint64_t registered; /* new here; with those also dispatched */
    uint64_t dispatched; /* of them, sent on to an agency; the rest awaits screening */
    uint64_t continued;  /* of registered: before this import was broken off */
    uint64_t unchanged;  /* number known already */
    uint64_t bad;        /* named by row_error */
    uint64_t unroutable; /* of registered: the map has an answer, but no such agency is known */
    const char *encoding;        /* what was found; "auto" before */
    uint64_t screened;   /* of registered: a keyword rule fired */
    uint64_t taken, total;       /* bytes of the file */
    uint32_t rule_count;         /* keyword rules that fired first, and how often */
    struct agent_import_count rules[AGENT_IMPORT_COUNTS_MAX];
    uint32_t category_count, agency_count;
    struct agent_import_count categories[AGENT_IMPORT_COUNTS_MAX]; /* in order of appearance */
    struct agent_import_count agencies[AGENT_IMPORT_COUNTS_MAX];   /* dispatched to them */
};

/* Borrowed until the next step. Once the room for counts is used up, the last of them, with
 * the key "others", takes the rest. */
const struct agent_import_figures *agent_import_figures(struct agent_import *import);

/* The verb `import` of the local socket; protocol/spec/local.md. */
struct agent_ask;
enum rh_err agent_verb_import(struct agent_ask *ask);
/* `imports`: the jobs, newest last. */
enum rh_err agent_verb_imports(struct agent_ask *ask);

#endif
