/* RFC 4180: a reader that is fed buffers and a writer into caller's memory. No input or output
 * happens here, nothing is allocated, and the bytes between the quotes are not interpreted:
 * other encodings are turned into UTF-8 before they come here.
 *
 * The reader takes CRLF and LF, steps over a UTF-8 byte order mark and over empty lines, keeps
 * blanks, and lets quoted fields hold commas, quotes ("") and line ends. A bad row is reported
 * with its place and its reason, and reading goes on behind it. It goes on where the row ends
 * by its own quotes, never earlier: otherwise text inside a field could pass for a row. */
#ifndef RH_CSV_H
#define RH_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>

struct rh_csv_field {
    const char *data; /* terminated; in the reader's text, until the next feed */
    size_t bytes;
    uint32_t line;    /* from 1, of the field's first character (of its quote) */
    uint32_t column;  /* from 1, in characters */
};

enum rh_csv_event {
    RH_CSV_MORE,    /* all was taken; feed more or finish */
    RH_CSV_ROW,     /* fields[0 .. field_count - 1] */
    RH_CSV_BAD_ROW, /* problem, problem_line, problem_column */
    RH_CSV_END      /* finish only: nothing is left */
};

struct rh_csv_reader {
    char *text;      /* caller's: all fields of one row with their terminators must fit */
    size_t capacity;
    struct rh_csv_field *fields; /* caller's */
    uint32_t field_max;

    uint32_t field_count;    /* of the row just read */
    uint32_t row_line;       /* line on which that row begins */
    const char *problem;     /* static English text */
    uint32_t problem_line;
    uint32_t problem_column;

    /* Where it stands. */
    size_t used;
    uint32_t line, column;   /* of the next character */
    uint8_t state;
    uint8_t mark;            /* bytes of a byte order mark seen at the very beginning */
    bool done;               /* the row was handed out: the next byte begins a new one */
    bool touched;            /* the row holds more than a line end */
};

void rh_csv_reader_init(struct rh_csv_reader *reader, char *text, size_t capacity,
                        struct rh_csv_field *fields, uint32_t field_max);

/* Take bytes until a row is complete or all are taken; *taken tells how many. Call again with
 * the rest after a row. */
enum rh_csv_event rh_csv_feed(struct rh_csv_reader *reader, const char *data, size_t bytes,
                              size_t *taken);

/* The input is over: hand out a last row that has no line end, then RH_CSV_END. */
enum rh_csv_event rh_csv_finish(struct rh_csv_reader *reader);

/* Writer; sticky: RH_ERR_FULL once something did not fit, and nothing is written after it. */
struct rh_csv_writer {
    char *data;
    size_t capacity;
    size_t bytes;    /* written so far */
    size_t row_at;   /* where the row begins */
    uint32_t fields; /* of the row so far */
    enum rh_err err;
};

void rh_csv_writer_init(struct rh_csv_writer *writer, char *data, size_t capacity);

/* One field of text. A cell that a spreadsheet would run (it begins with = + - @, a tab or a
 * carriage return) gets an apostrophe in front. */
void rh_csv_write_text(struct rh_csv_writer *writer, const char *data, size_t bytes);

/* One field as it is: numbers, dates, our own words. Quoted only where the form asks for it. */
void rh_csv_write_value(struct rh_csv_writer *writer, const char *text);

/* CRLF. */
void rh_csv_write_end(struct rh_csv_writer *writer);

#endif
