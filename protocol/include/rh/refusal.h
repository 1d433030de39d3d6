/* Refusals: the answer to a peer's, an operator's or a file's mistake.
 *
 * Every refusal has a stable number, shown as "RH-4301"; its first digit is the family: 4
 * data, 5 hub, 6 store, 7 identity, 8 rules and calendar, 9 agent. The list itself is
 * rh/errors.def, the single source for programs, screens, problem types and `rhub explain`.
 *
 * A refusal travels as its bare number. A newer peer may send one this build does not know:
 * keep such a number as it is, show its "RH-" form, and look texts up with the functions
 * below, which say so instead of failing. */
#ifndef RH_REFUSAL_H
#define RH_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>
#include <rh/exit.h>

/* RH_REFUSE_WRONG_STATE = 4301 and so on; 0 means not refused. */
enum rh_refusal {
    RH_REFUSE_NONE = 0,
#define RH_REFUSAL(symbol, number, retriable, exit, title, action) RH_REFUSE_##symbol = (number),
#include <rh/errors.def>
#undef RH_REFUSAL
};

enum { RH_REFUSAL_TEXT_BYTES = 14 }; /* "RH-" and up to ten digits, terminated */

struct rh_refusal_info {
    enum rh_refusal refusal;
    const char *symbol;  /* "WRONG_STATE": for logs and developers */
    bool retriable;      /* the same message can succeed later, unchanged */
    enum rh_exit exit;   /* how a command ends that met it */
    const char *title;   /* message id: what failed */
    const char *action;  /* message id: what to do */
};

/* The entry of a number, or NULL for a number that is none. */
const struct rh_refusal_info *rh_refusal_find(uint64_t number);

/* Walk the catalogue in the order of the list; NULL past the last. */
const struct rh_refusal_info *rh_refusal_at(size_t index);

/* What failed and what to do, in the language of rh_text_init(). Static strings, never NULL:
 * an unknown number gets a sentence that says so. */
const char *rh_refusal_title(uint64_t number);
const char *rh_refusal_action(uint64_t number);

/* "WRONG_STATE", "NONE" for 0, "UNKNOWN" for an unknown number. */
const char *rh_refusal_symbol(uint64_t number);

/* Write "RH-4301", at least four digits, terminated. */
void rh_refusal_format(uint32_t number, char out[RH_REFUSAL_TEXT_BYTES]);

/* Read "RH-4301", "rh-4301" or "4301" of a person's typing. RH_ERR_INVALID when it is not of
 * that form, RH_ERR_NOTFOUND when no such refusal exists. */
enum rh_err rh_refusal_parse(const char *text, enum rh_refusal *out);

#endif
