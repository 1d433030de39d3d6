#include "cli/deadline_compute.h"

#include <stdlib.h>
#include <string.h>

#include <rh/csv.h>
#include <rh/text.h>

enum {
    CHUNK_BYTES = 64 * 1024,
    ROW_BYTES = 64 * 1024,
    /* Every byte may be a quote to double; dates and the rest are short. */
    LINE_BYTES = 2 * ROW_BYTES + 256,
    FIELDS_MAX = 256,
    N_MAX = 100000, /* as in the complaint about n; the calculus takes no more */
    COMPLAINTS_MAX = 20
};

enum column { CASE, START, UNIT, N, ROLL, COLUMNS };

static const char *const column_names[COLUMNS] = { "case", "start", "unit", "n", "roll" };

static const struct {
    const char *name;
    enum rh_unit unit;
} units[] = {
    { "hours", RH_UNIT_HOUR },
    { "calendar_days", RH_UNIT_CALENDAR_DAY },
    { "working_days", RH_UNIT_WORKING_DAY },
    { "months", RH_UNIT_MONTH_CIVIL },
};

/* What a row says. */
struct period {
    uint64_t start_ms;
    struct rh_span span;
    enum rh_roll roll;
};

/* What it comes to. */
struct end {
    struct rh_date last;
    uint64_t end_ms;
    bool provisional;
};

struct table {
    const struct rh_calendar *calendar;
    hub_cli_deadline_fn *compute;
    const char *name;
    FILE *out;
    FILE *err;
    struct rh_csv_reader reader;
    bool has_header;
    uint32_t at[COLUMNS]; /* which field holds the column */
    uint64_t complaints;
    char chunk[CHUNK_BYTES];
    char row[ROW_BYTES];
    char line[LINE_BYTES];
    struct rh_csv_field fields[FIELDS_MAX];
};

/* One complaint at a place. `shown` is quoted behind the sentence unless NULL. */
static void complain(struct table *table, uint32_t line, uint32_t column, const char *sentence,
                     const char *shown)
{
    if (++table->complaints > COMPLAINTS_MAX)
        return;
    fprintf(table->err, "%s:%u:%u: %s", table->name, (unsigned)line, (unsigned)column,
            sentence);
    if (shown != NULL)
        fprintf(table->err, ": '%.80s'", shown);
    fputc('\n', table->err);
}

static void complain_field(struct table *table, const struct rh_csv_field *field,
                           const char *sentence)
{
    complain(table, field->line, field->column, sentence, field->data);
}

static bool field_is(const struct rh_csv_field *field, const char *text)
{
    return field->bytes == strlen(text) && memcmp(field->data, text, field->bytes) == 0;
}

static void take_header(struct table *table)
{
    const struct rh_csv_reader *reader = &table->reader;

    table->has_header = true;
    for (uint32_t c = 0; c < COLUMNS; c++) {
        table->at[c] = UINT32_MAX;
        for (uint32_t i = 0; i < reader->field_count; i++) {
            if (!field_is(&reader->fields[i], column_names[c]))
                continue;
            if (table->at[c] != UINT32_MAX)
                complain_field(table, &reader->fields[i], _("a column is there twice"));
            table->at[c] = i;
        }
        if (table->at[c] == UINT32_MAX)
            complain(table, reader->row_line, 1, _("the first row lacks a column"),
                     column_names[c]);
    }
}

static bool read_n(const struct rh_csv_field *field, uint32_t *n)
{
    uint32_t value = 0;

    if (field->bytes == 0 || field->bytes > 6)
        return false;
    for (size_t i = 0; i < field->bytes; i++) {
        if (field->data[i] < '0' || field->data[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(field->data[i] - '0');
    }
    *n = value;
    return value >= 1 && value <= N_MAX;
}

static bool read_unit(const struct rh_csv_field *field, enum rh_unit *unit)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (field_is(field, units[i].name)) {
            *unit = units[i].unit;
            return true;
        }
    }
    return false;
}

/* The row as a period; every bad field is named. */
static bool read_period(struct table *table, struct period *period)
{
    const struct rh_csv_field *start = &table->fields[table->at[START]];
    const struct rh_csv_field *unit = &table->fields[table->at[UNIT]];
    const struct rh_csv_field *n = &table->fields[table->at[N]];
    const struct rh_csv_field *roll = &table->fields[table->at[ROLL]];
    const uint64_t before = table->complaints;

    *period = (struct period){ .roll = RH_ROLL_NONE };
    if (rh_instant_parse(start->data, start->bytes, &period->start_ms) != RH_OK)
        complain_field(table, start,
                       _("start must be an instant with offset, like "
                         "2026-02-12T09:30:00+08:00"));
    if (!read_unit(unit, &period->span.unit))
        complain_field(table, unit,
                       _("unit must be hours, calendar_days, working_days or months"));
    if (!read_n(n, &period->span.n))
        complain_field(table, n, _("n must be a whole number from 1 to 100000"));
    if (field_is(roll, "next_working_day"))
        period->roll = RH_ROLL_NEXT_WORKING_DAY;
    else if (!field_is(roll, "none"))
        complain_field(table, roll, _("roll must be next_working_day or none"));
    return table->complaints == before;
}

static bool flush_line(struct table *table, const struct rh_csv_writer *writer)
{
    rh_assert(writer->err == RH_OK); /* LINE_BYTES holds the longest row */
    return fwrite(writer->data, 1, writer->bytes, table->out) == writer->bytes;
}

static bool print_header(struct table *table)
{
    struct rh_csv_writer writer;

    rh_csv_writer_init(&writer, table->line, sizeof table->line);
    rh_csv_write_value(&writer, "case");
    rh_csv_write_value(&writer, "due_date");
    rh_csv_write_value(&writer, "due_at");
    rh_csv_write_value(&writer, "provisional");
    rh_csv_write_end(&writer);
    return flush_line(table, &writer);
}

static bool print_end(struct table *table, enum rh_unit unit, const struct end *end)
{
    const struct rh_csv_field *name = &table->fields[table->at[CASE]];
    struct rh_csv_writer writer;
    char date[RH_DATE_TEXT_BYTES];
    char instant[RH_INSTANT_TEXT_BYTES];

    rh_date_format(end->last, date);
    if (unit == RH_UNIT_HOUR)
        rh_instant_format(end->end_ms, instant);
    else
        rh_instant_format_end(end->end_ms, instant);

    rh_csv_writer_init(&writer, table->line, sizeof table->line);
    rh_csv_write_text(&writer, name->data, name->bytes);
    rh_csv_write_value(&writer, date);
    rh_csv_write_value(&writer, instant);
    rh_csv_write_value(&writer, end->provisional ? "true" : "false");
    rh_csv_write_end(&writer);
    return flush_line(table, &writer);
}

/* One complete row. False when the result cannot be written or no row can be understood. */
static bool take_row(struct table *table, enum rh_exit *code)
{
    const struct rh_csv_reader *reader = &table->reader;
    struct period period;
    struct end end;

    if (!table->has_header) {
        take_header(table);
        *code = table->complaints > 0 ? RH_EXIT_DATA : RH_EXIT_OK;
        if (*code == RH_EXIT_OK && !print_header(table))
            *code = RH_EXIT_IO;
        return *code == RH_EXIT_OK;
    }
    for (uint32_t c = 0; c < COLUMNS; c++) {
        if (table->at[c] >= reader->field_count) {
            complain(table, reader->row_line, 1, _("the row lacks a field"),
                     column_names[c]);
            return true;
        }
    }
    if (!read_period(table, &period))
        return true;
    if (table->compute(table->calendar, period.start_ms, &period.span, period.roll, &end.last,
                       &end.end_ms, &end.provisional) != RH_OK) {
        complain_field(table, &table->fields[table->at[START]],
                       _("the period ends after the year 2199"));
        return true;
    }
    if (!print_end(table, period.span.unit, &end))
        *code = RH_EXIT_IO;
    return *code == RH_EXIT_OK;
}

static bool take_event(struct table *table, enum rh_csv_event event, enum rh_exit *code)
{
    if (event == RH_CSV_ROW)
        return take_row(table, code);
    if (event == RH_CSV_BAD_ROW)
        complain(table, table->reader.problem_line, table->reader.problem_column,
                 rh_text(table->reader.problem), NULL);
    if (event == RH_CSV_BAD_ROW && !table->has_header)
        *code = RH_EXIT_DATA;
    return *code == RH_EXIT_OK;
}

static enum rh_exit run(struct table *table, FILE *in)
{
    enum rh_exit code = RH_EXIT_OK;
    size_t bytes;

    while ((bytes = fread(table->chunk, 1, sizeof table->chunk, in)) > 0) {
        size_t at = 0;
        while (at < bytes) {
            size_t taken;
            const enum rh_csv_event event =
                rh_csv_feed(&table->reader, table->chunk + at, bytes - at, &taken);
            at += taken;
            if (!take_event(table, event, &code))
                return code;
        }
    }
    if (ferror(in))
        return RH_EXIT_IO;
    if (!take_event(table, rh_csv_finish(&table->reader), &code))
        return code;
    if (!table->has_header)
        complain(table, 1, 1, _("the file is empty"), NULL);
    if (fflush(table->out) != 0)
        return RH_EXIT_IO;
    return table->complaints > 0 ? RH_EXIT_DATA : RH_EXIT_OK;
}

enum rh_exit hub_cli_deadline_compute(const struct rh_calendar *calendar,
                                      hub_cli_deadline_fn *compute, const char *name, FILE *in,
                                      FILE *out, FILE *err)
{
    struct table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return RH_EXIT_INTERNAL;

    table->calendar = calendar;
    table->compute = compute;
    table->name = name;
    table->out = out;
    table->err = err;
    rh_csv_reader_init(&table->reader, table->row, sizeof table->row, table->fields,
                       FIELDS_MAX);
    const enum rh_exit code = run(table, in);
    if (table->complaints > COMPLAINTS_MAX)
        fprintf(err, "%s: %llu %s\n", name,
                (unsigned long long)(table->complaints - COMPLAINTS_MAX),
                _("more problems not shown"));
    if (code == RH_EXIT_IO)
        fprintf(err, "%s: %s\n", name, _("reading or writing failed"));
    free(table);
    return code;
}
