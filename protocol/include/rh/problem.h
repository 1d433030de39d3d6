/* A problem: what is wrong with a file and what was meant, kept apart from the language in
 * which somebody will read it.
 *
 * A problem is a place (file, line, column), a sentence of the catalogue (an English message id
 * with printf directives) and its arguments, each already a text. It is put together where it
 * is found and becomes a line where it is read, in the reader's language:
 *
 *     procedures/xinfang.yaml:12:9: unknown role 'polise'; did you mean 'police'?
 *
 * Arguments inside single quotes are words of the file and stay as they are. A bare argument is
 * a word of ours and is translated too where the catalogue has it: in "%s lacks the key '%s'"
 * the first may be N_("the file"), the second never changes. A bare key ("from") stays as well.
 *
 * A list of problems is one text, one problem a line, its parts divided by RH_PROBLEM_MARK:
 *
 *     file | line | column | sentence | argument ... \n
 *
 * No part holds a control character. A line without a mark is a finished sentence. */
#ifndef RH_PROBLEM_H
#define RH_PROBLEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    RH_PROBLEM_ARGS_MAX = 8,
    RH_PROBLEM_BYTES_MAX = 2048,     /* one problem, in either form, terminator included */
    RH_PROBLEM_ARG_BYTES_MAX = 800,  /* of one argument; what is longer is cut at a character */
    RH_PROBLEM_LIST_BYTES = 16 * 1024 /* room for all problems that a loader reports */
};

#define RH_PROBLEM_MARK '\x1f'

/* One problem, taken apart. */
struct rh_problem {
    const char *file;      /* "" where there is none; so are the others */
    int line, column;      /* from 1; 0 where the problem has no place in the file */
    const char *sentence;  /* the message id, or with arg_count 0 maybe a finished sentence */
    unsigned arg_count;
    const char *args[RH_PROBLEM_ARGS_MAX];
};

/* Put one problem behind the `*bytes` bytes of a list; the list stays terminated.
 *
 * list      caller's, `capacity` bytes.
 * format    a sentence of the catalogue with at most RH_PROBLEM_ARGS_MAX directives among %s, %d,
 *           %u, %x, %zu, %lu, %llu (so PRIu32, PRIu64 as well) with flags, width and precision;
 *           the test tidy.catalogue holds a Chinese sentence against each.
 *
 * false: it does not fit; the list is as it was. */
bool rh_problem_put(char *list, size_t capacity, size_t *bytes, const char *file, int line,
                    int column, const char *format, va_list arguments)
    __attribute__((format(printf, 7, 0)));

/* Take the next problem off a list.
 *
 * *list   goes on to the next line.
 * room    caller's; what `out` points into.
 *
 * false: there is none. A line longer than `room` is cut. */
bool rh_problem_next(const char **list, char room[RH_PROBLEM_BYTES_MAX],
                     struct rh_problem *out);

/* The sentence of one problem with its arguments, without the place.
 *
 * own   true: in the language in use (rh/text.h). false: in English, for machines.
 *
 * out is terminated; what does not fit is cut at a character. Directives without an argument
 * stand there as they are; nothing that a peer sends as a sentence can do harm. */
void rh_problem_say(const struct rh_problem *problem, bool own, char *out, size_t capacity);

/* The same with its place before it: "file:line:column: sentence". */
void rh_problem_line(const struct rh_problem *problem, bool own, char *out, size_t capacity);

/* A whole list as lines, each ended by '\n' but the last. What does not fit is cut. */
void rh_problem_lines(const char *list, bool own, char *out, size_t capacity);

#endif
