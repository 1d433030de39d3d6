#include <rh/problem.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/err.h>
#include <rh/text.h>

/* ---- directives ------------------------------------------------------------------------ */

enum length { LENGTH_INT, LENGTH_LONG, LENGTH_LONG_LONG, LENGTH_SIZE };

/* "%2$-3.*s": where the next directive of a sentence is, and what it asks for. */
struct directive {
    const char *start, *end; /* of its text; start is the '%' */
    unsigned place;          /* "%2$": 2; 0 where it takes the next argument */
    bool star;               /* ".*": the precision is an argument of its own */
    enum length length;
    char conversion;         /* '%' for "%%" */
};

static const char *skip_digits(const char *at)
{
    while (*at >= '0' && *at <= '9')
        at++;
    return at;
}

/* false: no directive is left. A lone '%' at the end is none. */
static bool find_directive(const char *text, struct directive *out)
{
    const char *at = strchr(text, '%');
    if (at == NULL || at[1] == '\0')
        return false;
    *out = (struct directive){ .start = at++ };
    const char *digits = skip_digits(at);
    if (digits > at && *digits == '$' && digits - at == 1) {
        out->place = (unsigned)(*at - '0');
        at = digits + 1;
    }
    while (*at != '\0' && strchr("-+ #0", *at) != NULL)
        at++;
    at = skip_digits(at);
    if (*at == '.') {
        out->star = at[1] == '*';
        at = out->star ? at + 2 : skip_digits(at + 1);
    }
    for (; *at == 'l' || *at == 'z'; at++)
        out->length = *at == 'z'                       ? LENGTH_SIZE
                      : out->length == LENGTH_LONG ? LENGTH_LONG_LONG
                                                       : LENGTH_LONG;
    out->conversion = *at;
    out->end = *at == '\0' ? at : at + 1;
    return true;
}

/* ---- putting together ------------------------------------------------------------------ */

/* Behind *bytes of `out`: no half character, no control character. false: it was cut, and
 * nothing more belongs behind it. */
static bool put_bytes(char *out, size_t capacity, size_t *bytes, const char *text, size_t count)
{
    const size_t room = capacity - 1 - *bytes;
    const bool fits = count <= room;
    if (!fits) {
        count = room;
        while (count > 0 && ((unsigned char)text[count] & 0xc0) == 0x80)
            count--;
    }
    for (size_t i = 0; i < count; i++) {
        const unsigned char byte = (unsigned char)text[i];
        out[(*bytes)++] = byte < 0x20 || byte == 0x7f ? '?' : text[i];
    }
    out[*bytes] = '\0';
    return fits;
}

/* One argument as a text. The directive is the caller's literal, checked by the compiler. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int print_number(const struct directive *directive, const char *one, char *out,
                        size_t capacity, unsigned long long value)
{
    switch (directive->length) {
    case LENGTH_INT:
        return snprintf(out, capacity, one, (unsigned)value);
    case LENGTH_LONG:
        return snprintf(out, capacity, one, (unsigned long)value);
    case LENGTH_LONG_LONG:
        return snprintf(out, capacity, one, value);
    case LENGTH_SIZE:
        return snprintf(out, capacity, one, (size_t)value);
    }
    return -1;
}
#pragma GCC diagnostic pop

static unsigned long long take_number(const struct directive *directive, va_list *arguments)
{
    switch (directive->length) {
    case LENGTH_INT:
        return va_arg(*arguments, unsigned);
    case LENGTH_LONG:
        return va_arg(*arguments, unsigned long);
    case LENGTH_LONG_LONG:
        return va_arg(*arguments, unsigned long long);
    case LENGTH_SIZE:
        return va_arg(*arguments, size_t);
    }
    return 0;
}

static void put_argument(char *out, size_t capacity, size_t *bytes,
                         const struct directive *directive, va_list *arguments)
{
    if (directive->conversion == 's') {
        const char *dot = memchr(directive->start, '.',
                                 (size_t)(directive->end - directive->start));
        size_t given = SIZE_MAX;
        if (directive->star) {
            const int precision = va_arg(*arguments, int);
            given = precision < 0 ? SIZE_MAX : (size_t)precision;
        } else if (dot != NULL) {
            given = (size_t)strtoul(dot + 1, NULL, 10);
        }
        const char *text = va_arg(*arguments, const char *);
        size_t count = 0;
        while (count < given && count < RH_PROBLEM_ARG_BYTES_MAX && text[count] != '\0')
            count++;
        if (count == RH_PROBLEM_ARG_BYTES_MAX && given > count) { /* cut by us: whole ones */
            while (count > 0 && ((unsigned char)text[count] & 0xc0) == 0x80)
                count--;
        }
        (void)put_bytes(out, capacity, bytes, text, count);
        return;
    }
    char one[24], text[80];
    const size_t length = (size_t)(directive->end - directive->start);
    rh_assert(length < sizeof one && strchr("duxX", directive->conversion) != NULL);
    memcpy(one, directive->start, length);
    one[length] = '\0';
    if (print_number(directive, one, text, sizeof text, take_number(directive, arguments)) > 0)
        (void)put_bytes(out, capacity, bytes, text, strlen(text));
}

static void put_mark(char *out, size_t capacity, size_t *bytes)
{
    if (*bytes + 1 < capacity) {
        out[(*bytes)++] = RH_PROBLEM_MARK;
        out[*bytes] = '\0';
    }
}

bool rh_problem_put(char *list, size_t capacity, size_t *bytes, const char *file, int line,
                    int column, const char *format, va_list arguments)
{
    char one[RH_PROBLEM_BYTES_MAX];
    char numbers[32];
    size_t used = 0;
    unsigned count = 0;
    struct directive directive;
    va_list rest;

    (void)put_bytes(one, sizeof one, &used, file, strlen(file));
    put_mark(one, sizeof one, &used);
    (void)snprintf(numbers, sizeof numbers, "%d", line);
    (void)put_bytes(one, sizeof one, &used, numbers, strlen(numbers));
    put_mark(one, sizeof one, &used);
    (void)snprintf(numbers, sizeof numbers, "%d", column);
    (void)put_bytes(one, sizeof one, &used, numbers, strlen(numbers));
    put_mark(one, sizeof one, &used);
    (void)put_bytes(one, sizeof one, &used, format, strlen(format));

    va_copy(rest, arguments);
    for (const char *at = format; find_directive(at, &directive); at = directive.end) {
        if (directive.conversion == '%')
            continue;
        rh_assert(count < RH_PROBLEM_ARGS_MAX && directive.place == 0);
        count++;
        put_mark(one, sizeof one, &used);
        put_argument(one, sizeof one, &used, &directive, &rest);
    }
    va_end(rest);
    if (*bytes + used + 2 > capacity)
        return false;
    memcpy(list + *bytes, one, used);
    *bytes += used;
    list[(*bytes)++] = '\n';
    list[*bytes] = '\0';
    return true;
}

/* ---- taking apart ---------------------------------------------------------------------- */

/* The part at *at ends at the next mark; *at goes behind it, or becomes NULL. */
static char *part(char **at)
{
    char *start = *at;
    char *mark = start == NULL ? NULL : strchr(start, RH_PROBLEM_MARK);
    if (mark != NULL)
        *mark++ = '\0';
    *at = mark;
    return start;
}

/* A line or column; 0, which is no place, for anything but a number of at most nine digits. */
static int place(const char *text)
{
    enum { DIGITS_MAX = 9 };
    int value = 0;
    if (text == NULL || strlen(text) > DIGITS_MAX)
        return 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        value = value * 10 + (*text - '0');
    }
    return value;
}

bool rh_problem_next(const char **list, char room[RH_PROBLEM_BYTES_MAX],
                     struct rh_problem *out)
{
    size_t used = 0;
    if (**list == '\0')
        return false;
    const size_t bytes = strcspn(*list, "\n");
    for (size_t i = 0; i < bytes && used < RH_PROBLEM_BYTES_MAX - 1; i++)
        room[used++] = (*list)[i];
    room[used] = '\0';
    *list += bytes + ((*list)[bytes] == '\n' ? 1 : 0);

    *out = (struct rh_problem){ .file = "", .sentence = room };
    if (strchr(room, RH_PROBLEM_MARK) == NULL)
        return true;
    char *at = room;
    out->file = part(&at);
    const char *line = part(&at);
    const char *column = part(&at);
    const char *sentence = part(&at);
    out->line = place(line);
    out->column = place(column);
    out->sentence = sentence != NULL ? sentence : "";
    while (at != NULL && out->arg_count < RH_PROBLEM_ARGS_MAX)
        out->args[out->arg_count++] = part(&at);
    return true;
}

/* ---- saying ---------------------------------------------------------------------------- */

/* Which arguments of the message id stand in single quotes: those are the file's words. */
static unsigned quoted(const char *sentence)
{
    struct directive directive;
    unsigned bits = 0, count = 0;
    for (const char *at = sentence; find_directive(at, &directive); at = directive.end) {
        if (directive.conversion == '%')
            continue;
        if (directive.start > sentence && directive.start[-1] == '\'' && *directive.end == '\'')
            bits |= 1u << (count & 31u);
        count++;
    }
    return bits;
}

/* A word of a file, such as a key or a unit: it has no other name in any language. */
static bool is_key(const char *text)
{
    for (; *text != '\0'; text++) {
        if (!((*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') || *text == '_'))
            return false;
    }
    return true;
}

/* One argument where `directive` stands. Answers where the sentence goes on, NULL when it was
 * cut. */
static const char *say_argument(const char *argument, bool translate,
                                const struct directive *directive, char *out, size_t capacity,
                                size_t *used)
{
    const char *said = translate && !is_key(argument) ? rh_text(argument) : argument;
    const char *next = directive->end;
    if (!put_bytes(out, capacity, used, said, strlen(said)))
        return NULL;
    /* A blank sets foreign words off from Chinese ones; these are Chinese now. */
    return said != argument && *next == ' ' ? next + 1 : next;
}

void rh_problem_say(const struct rh_problem *problem, bool own, char *out, size_t capacity)
{
    const char *text = own ? rh_text(problem->sentence) : problem->sentence;
    const unsigned verbatim = quoted(problem->sentence);
    size_t used = 0;
    unsigned next = 0;
    struct directive directive;

    out[0] = '\0';
    while (find_directive(text, &directive)) {
        const unsigned index = directive.place > 0 ? directive.place - 1 : next;
        const char *shown = directive.conversion == '%' ? "%" : directive.start;
        const size_t shown_bytes =
            directive.conversion == '%' ? 1 : (size_t)(directive.end - directive.start);
        if (!put_bytes(out, capacity, &used, text, (size_t)(directive.start - text)))
            return;
        text = directive.end;
        next += directive.conversion == '%' ? 0 : 1;
        if (directive.conversion != '%' && index < problem->arg_count)
            text = say_argument(problem->args[index], own && ((verbatim >> index) & 1u) == 0,
                                &directive, out, capacity, &used);
        else if (!put_bytes(out, capacity, &used, shown, shown_bytes))
            return;
        if (text == NULL)
            return;
    }
    (void)put_bytes(out, capacity, &used, text, strlen(text));
}

void rh_problem_line(const struct rh_problem *problem, bool own, char *out, size_t capacity)
{
    char place[32] = "";
    size_t used = 0;
    out[0] = '\0';
    if (problem->file[0] != '\0') {
        if (problem->line > 0)
            (void)snprintf(place, sizeof place, ":%d:%d", problem->line, problem->column);
        (void)put_bytes(out, capacity, &used, problem->file, strlen(problem->file));
        (void)put_bytes(out, capacity, &used, place, strlen(place));
        (void)put_bytes(out, capacity, &used, ": ", 2);
    }
    rh_problem_say(problem, own, out + used, capacity - used);
}

void rh_problem_lines(const char *list, bool own, char *out, size_t capacity)
{
    char room[RH_PROBLEM_BYTES_MAX];
    struct rh_problem problem;
    size_t used = 0;
    out[0] = '\0';
    while (used + 1 < capacity && rh_problem_next(&list, room, &problem)) {
        if (used > 0)
            out[used++] = '\n';
        rh_problem_line(&problem, own, out + used, capacity - used);
        used += strlen(out + used);
    }
}
