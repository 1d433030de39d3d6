/* A desk to import at: a spool in a directory of its own, the cards of those it may send to,
 * and everything an import hands over or says. */
#ifndef RHT_IMPORT_KIT_H
#define RHT_IMPORT_KIT_H

#include "runtime/import.h"
#include "support/rht.h"

#define DATA   RHT_SOURCE_DIR "/tests/data/import/"
#define RULES  RHT_SOURCE_DIR "/protocol/rules"
#define NOW_MS UINT64_C(1773936000000) /* 2026-03-20T00:00:00+08:00 */

enum { ERRORS_MAX = 32 };

struct place {
    struct agent_spool *spool;
    struct rh_cards *cards;
    struct agent_desk desk;
    char dir[256];
    uint64_t digest; /* of every message handed to the desk */
    uint32_t commits;
    uint32_t kill_at; /* this commit is the end of the process; 0: none */
    bool kill_before; /* before it, not behind it */
    uint32_t fail_at; /* this commit fails; 0: none */
    uint32_t error_count;
    struct agent_row_error errors[ERRORS_MAX];
    struct agent_problems problems;
    struct agent_import_figures figures;
};

/* Everything here asserts that what it needs works; what an import answers is returned. */
struct agent_spool *open_spool(const char *dir);
void open_place(struct place *place);
void close_place(struct place *place);
struct agent_import_options options_for(struct place *place, const char *file);
/* To its end, in steps of `limit` rows; figures and errors are in the place. */
enum rh_err import_run_with(struct place *place, const struct agent_import_options *options,
                            uint32_t limit);
enum rh_err import_run(struct place *place, const char *file);
/* Rows are what became of them. */
void assert_balanced(const struct agent_import_figures *figures);
/* What the spool has for one row. */
void find_row(struct place *place, const char *number, struct rh_public *registered,
              struct rh_public *dispatched);

#endif
