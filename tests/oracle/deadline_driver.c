/* Computes the periods of deadline_oracle.py: cases on standard input, answers on standard
 * output, one line each (the form stands in that file). Every period is also explained, and an
 * explanation that derives another end turns the answer into a complaint. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/deadline.h"
#include "load/calendar.h"

enum { LINE_BYTES = 1024, DAYS_MAX = 4096 };

static struct rh_calendar calendar;
static struct hub_deadline_day days[DAYS_MAX];

struct period {
    struct hub_deadline_input input;
    struct hub_pause pauses[HUB_PAUSES_MAX];
    struct rh_span extensions[HUB_EXTENSIONS_MAX];
};

static bool read_unit(const char *word, size_t bytes, enum rh_unit *unit)
{
    static const char *const names[] = { "hour", "calendar_day", "working_day", "month_civil",
                                         "month_criminal" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) == bytes && memcmp(names[i], word, bytes) == 0) {
            *unit = (enum rh_unit)i;
            return true;
        }
    }
    return false;
}

static bool read_pauses(char *word, struct period *period)
{
    for (char *at = word; *at != '.' && *at != '\0';) {
        if (period->input.pause_count == HUB_PAUSES_MAX)
            return false;
        struct hub_pause *pause = &period->pauses[period->input.pause_count++];
        pause->from_ms = strtoull(at, &at, 10);
        if (*at++ != '-')
            return false;
        pause->to_ms = strtoull(at, &at, 10);
        if (*at == ',')
            at++;
    }
    return true;
}

static bool read_extensions(char *word, struct period *period)
{
    for (char *at = word; *at != '.' && *at != '\0';) {
        char *colon = strchr(at, ':');
        if (colon == NULL || period->input.extension_count == HUB_EXTENSIONS_MAX)
            return false;
        struct rh_span *span = &period->extensions[period->input.extension_count++];
        if (!read_unit(at, (size_t)(colon - at), &span->unit))
            return false;
        span->n = (uint32_t)strtoul(colon + 1, &at, 10);
        if (*at == ',')
            at++;
    }
    return true;
}

static bool read_case(const char *line, struct period *period)
{
    char unit[32];
    char pauses[LINE_BYTES];
    char extensions[LINE_BYTES];
    unsigned half;
    unsigned roll;

    memset(period, 0, sizeof *period);
    struct hub_deadline_input *input = &period->input;
    if (sscanf(line, "%" SCNu64 " %31s %" SCNu32 " %u %u %1023s %1023s", &input->start_ms, unit,
               &input->terms.span.n, &half, &roll, pauses, extensions) != 7)
        return false;
    input->terms.half_month = half != 0;
    input->terms.roll = roll != 0 ? RH_ROLL_NEXT_WORKING_DAY : RH_ROLL_NONE;
    input->pauses = period->pauses;
    input->extensions = period->extensions;
    return read_unit(unit, strlen(unit), &input->terms.span.unit) &&
           read_pauses(pauses, period) && read_extensions(extensions, period);
}

/* Whether the walk arrives where the counting does. */
static bool is_explained(const struct hub_deadline_input *input,
                         const struct hub_deadline_result *result)
{
    uint32_t count;
    if (hub_deadline_explain(&calendar, input, days, DAYS_MAX, &count) != RH_OK)
        return false;
    if (input->terms.span.unit == RH_UNIT_HOUR)
        return count == 0;
    const struct hub_deadline_day *last = &days[count - 1];
    if (result->stopped)
        return !last->last && last->role == HUB_DAY_PAUSED;
    return last->last && last->date.days == result->last.days;
}

static void print_answer(const struct hub_deadline_input *input)
{
    struct hub_deadline_result result;
    char last[RH_DATE_TEXT_BYTES];
    char nominal[RH_DATE_TEXT_BYTES];

    const enum rh_err err = hub_deadline_compute(&calendar, input, &result);
    if (err != RH_OK) {
        printf("error: %s\n", rh_err_text(err));
    } else if (!is_explained(input, &result)) {
        printf("the explanation derives another end\n");
    } else if (result.stopped) {
        printf("stopped %" PRIu64 "\n", result.remaining);
    } else {
        rh_date_format(result.last, last);
        rh_date_format(result.nominal, nominal);
        printf("%s %s %" PRIu64 " %d %" PRIu32 " %" PRIu32 "\n", last, nominal, result.end_ms,
               result.provisional, result.counted, result.paused);
    }
}

int main(void)
{
    static char complaints[4096];
    static char line[LINE_BYTES];
    static struct period period;
    struct rh_load_report report;

    rh_load_report_init(&report, complaints, sizeof complaints);
    if (rh_load_calendar(RHT_SOURCE_DIR "/protocol/rules/calendars/cn-2007-2026.yaml",
                         &calendar, &report) != RH_OK) {
        fputs(complaints, stderr);
        return 1;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (!read_case(line, &period)) {
            fprintf(stderr, "not a case: %s", line);
            return 1;
        }
        print_answer(&period.input);
    }
    return 0;
}
