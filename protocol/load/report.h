/* What is wrong with a file, for the person who wrote it.
 *
 * One problem each, as a sentence of the catalogue with its arguments (rh/problem.h). All
 * problems of a file are collected, RH_LOAD_PROBLEMS_MAX at most, so that nobody has to mend
 * them one run at a time. Nothing is printed here; whoever reads the report makes lines of it
 * in his language: "cn-2026.yaml:12:9: '2026-05-32' is no day; write YYYY-MM-DD". */
#ifndef RH_LOAD_REPORT_H
#define RH_LOAD_REPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/problem.h>

enum { RH_LOAD_PROBLEMS_MAX = 20, RH_LOAD_REPORT_BYTES = RH_PROBLEM_LIST_BYTES };

struct rh_load_report {
    char *text;        /* caller's; a list of problems, always terminated */
    size_t capacity;   /* at least 1; what does not fit is left out, and that is said */
    size_t bytes;      /* written, without the terminator */
    uint32_t problems; /* found, also those beyond the bound or the capacity */
    bool full;         /* it has been said that there are more */
};

void rh_load_report_init(struct rh_load_report *report, char *text, size_t capacity);

/* Add one problem. line and column from 1; line 0 where a problem has no place. */
void rh_load_report_add(struct rh_load_report *report, const char *file, int line, int column,
                        const char *format, va_list arguments)
    __attribute__((format(printf, 5, 0)));
void rh_load_report_file(struct rh_load_report *report, const char *file, const char *format,
                         ...) __attribute__((format(printf, 3, 4)));

/* The candidate nearest to what was written, or NULL when none is near enough to be meant:
 * at most one edit in three characters (swapped neighbours are one edit). */
const char *rh_load_suggest(const char *written, const char *const *candidates, size_t count);

#endif
