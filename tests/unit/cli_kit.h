/* rhub run inside the test, against a socket that answers what the test says. */
#ifndef RHT_CLI_KIT_H
#define RHT_CLI_KIT_H

#include "cli/command.h"

/* What the socket answers to a verb: its lines, one string, ended by "\n" each. */
struct rht_answer {
    const char *verb;
    const char *lines;
};

struct rht_run {
    enum rh_exit code;
    char *out, *err;     /* freed by the next run */
    char request[8192];  /* the last one the socket got */
    unsigned requests;
};

/* Begin answering; `answers` ends with a NULL verb and stays the test's. The same verb may
 * stand there several times: one for each time it is asked, the last one for ever. */
void rht_cli_serve(const struct rht_answer *answers);
void rht_cli_stop(void);
/* The socket's path. */
const char *rht_cli_socket(void);

/* Words are split at blanks; 'x y' in single quotes is one. `typed` is standard input; a
 * terminal is pretended when it is not NULL. now is 2026-11-20 19:30 in Beijing. */
const struct rht_run *rht_rhub(const char *words, const char *typed);

#endif
