#include "load/report.h"

#include <string.h>

enum { WORD_BYTES_MAX = 63, MORE_BYTES = 40 };

void rh_load_report_init(struct rh_load_report *report, char *text, size_t capacity)
{
    report->text = text;
    report->capacity = capacity;
    report->bytes = 0;
    report->problems = 0;
    report->full = false;
    text[0] = '\0';
}

static void more(struct rh_load_report *report, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void more(struct rh_load_report *report, const char *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report->full = true;
    (void)rh_problem_put(report->text, report->capacity, &report->bytes, file, 0, 0, format,
                         arguments);
    va_end(arguments);
}

void rh_load_report_add(struct rh_load_report *report, const char *file, int line, int column,
                        const char *format, va_list arguments)
{
    const size_t kept = strlen(file) + MORE_BYTES; /* for the last sentence */
    const size_t capacity = report->capacity > kept ? report->capacity - kept : 0;

    report->problems++;
    if (report->full)
        return;
    if (report->problems > RH_LOAD_PROBLEMS_MAX ||
        !rh_problem_put(report->text, capacity, &report->bytes, file, line, column, format,
                        arguments))
        more(report, file, "and more; mend these first");
}

void rh_load_report_file(struct rh_load_report *report, const char *file, const char *format,
                         ...)
{
    va_list arguments;
    va_start(arguments, format);
    rh_load_report_add(report, file, 0, 0, format, arguments);
    va_end(arguments);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits that turn a into b: insert, delete, replace, swap neighbours. Three rows of the usual
 * table are enough. */
static size_t edit_distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    size_t rows[3][WORD_BYTES_MAX + 1];

    for (size_t j = 0; j <= b_bytes; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_bytes; j++) {
            const size_t replace = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(replace, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_bytes % 3][b_bytes];
}

const char *rh_load_suggest(const char *written, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    const size_t bytes = strlen(written);
    size_t best_edits = bytes / 3 > 0 ? bytes / 3 + 1 : 2;

    if (bytes == 0 || bytes > WORD_BYTES_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const size_t candidate_bytes = strlen(candidates[i]);
        if (candidate_bytes > WORD_BYTES_MAX)
            continue;
        const size_t edits = edit_distance(written, bytes, candidates[i], candidate_bytes);
        if (edits < best_edits) {
            best_edits = edits;
            best = candidates[i];
        }
    }
    return best;
}
