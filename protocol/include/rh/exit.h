/* Exit codes of every program, the same meaning everywhere.
 *
 * The numbers 64 to 78 are those of BSD sysexits, so that mail systems, cron wrappers and
 * monitors read them without being told. 130 and 143 are what a shell reports for a process
 * ended by SIGINT and SIGTERM; a program that cleaned up first answers the same. */
#ifndef RH_EXIT_H
#define RH_EXIT_H

#include <rh/err.h>

enum rh_exit {
    RH_EXIT_OK = 0,           /* done, or the answer is yes */
    RH_EXIT_NO = 1,           /* the answer is no; also --fail-empty */
    RH_EXIT_USAGE = 64,       /* wrong command line */
    RH_EXIT_DATA = 65,        /* input breaks its schema, JSON or CSV */
    RH_EXIT_NOINPUT = 66,     /* input file missing or unreadable */
    RH_EXIT_UNAVAILABLE = 69, /* hub or agent not reachable */
    RH_EXIT_INTERNAL = 70,    /* our bug, or stored data damaged */
    RH_EXIT_CANTCREATE = 73,  /* output cannot be created */
    RH_EXIT_IO = 74,          /* reading or writing failed */
    RH_EXIT_TEMPORARY = 75,   /* retry later: hub full, queue paused */
    RH_EXIT_REJECTED = 76,    /* the other side rejected us */
    RH_EXIT_DENIED = 77,      /* this user may not */
    RH_EXIT_CONFIG = 78,      /* configuration error */
    RH_EXIT_TIMEOUT = 124,    /* gave up waiting (--timeout, -W) */
    RH_EXIT_INTERRUPTED = 130,
    RH_EXIT_TERMINATED = 143
};

struct rh_exit_info {
    enum rh_exit code;
    const char *text; /* message id: the English sentence, for rh_text() */
};

/* The codes in ascending order, for the page `rhub help exit-codes`; NULL past the last. */
const struct rh_exit_info *rh_exit_at(unsigned index);

/* The message id of one code; a static string, never NULL. */
const char *rh_exit_text(int code);

/* With which code a program ends when one of our own functions answered `err`. */
enum rh_exit rh_exit_of(enum rh_err err);

#endif
