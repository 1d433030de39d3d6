/* One byte, one step:
 *
 *     BEGIN -- " --> QUOTED -- " --> CLOSED -- " --> QUOTED      "" is one quote
 *       |              (any byte)      |-- , --> BEGIN
 *       |-- other --> PLAIN            |-- CR LF, LF --> row
 *       |-- , --> BEGIN
 *
 * A row that turned bad keeps stepping without storing, so that its end is found by the same
 * rules; only where the quotes themselves are broken (BROKEN) the line end decides. */
#include <rh/csv.h>

#include <string.h>

#include <rh/text.h>

enum state { BEGIN, PLAIN, QUOTED, CLOSED, CARRIAGE, BROKEN };

static const unsigned char byte_order_mark[3] = { 0xef, 0xbb, 0xbf };

void rh_csv_reader_init(struct rh_csv_reader *reader, char *text, size_t capacity,
                        struct rh_csv_field *fields, uint32_t field_max)
{
    rh_assert(capacity > 0 && field_max > 0);
    *reader = (struct rh_csv_reader){
        .text = text,
        .capacity = capacity,
        .fields = fields,
        .field_max = field_max,
        .line = 1,
        .column = 1,
        .state = BEGIN,
        .done = true,
    };
}

static void fail_at(struct rh_csv_reader *reader, const char *problem, uint32_t line,
                    uint32_t column)
{
    if (reader->problem != NULL)
        return; /* the first one of a row counts */
    reader->problem = problem;
    reader->problem_line = line;
    reader->problem_column = column;
}

static void fail(struct rh_csv_reader *reader, const char *problem)
{
    fail_at(reader, problem, reader->line, reader->column);
}

static void store(struct rh_csv_reader *reader, char byte)
{
    if (reader->problem != NULL)
        return;
    if (byte == '\0') {
        fail(reader, N_("a NUL character"));
    } else if (reader->used + 1 >= reader->capacity) {
        const struct rh_csv_field *field = &reader->fields[reader->field_count - 1];
        fail_at(reader, N_("the row is too long; is a quote not closed?"), field->line,
                field->column);
    } else {
        reader->text[reader->used++] = byte;
    }
}

static void begin_field(struct rh_csv_reader *reader)
{
    if (reader->problem != NULL)
        return;
    if (reader->field_count == reader->field_max) {
        fail(reader, N_("too many fields in a row"));
        return;
    }
    reader->fields[reader->field_count++] = (struct rh_csv_field){
        .data = reader->text + reader->used,
        .line = reader->line,
        .column = reader->column,
    };
}

static void end_field(struct rh_csv_reader *reader)
{
    if (reader->problem != NULL)
        return;
    struct rh_csv_field *field = &reader->fields[reader->field_count - 1];
    field->bytes = reader->used - (size_t)(field->data - reader->text);
    reader->text[reader->used] = '\0'; /* store leaves room for it */
    if (reader->used + 1 < reader->capacity)
        reader->used++;
    else
        fail_at(reader, N_("the row is too long"), field->line, field->column);
}

static void begin_row(struct rh_csv_reader *reader)
{
    reader->done = false;
    reader->touched = false;
    reader->used = 0;
    reader->field_count = 0;
    reader->problem = NULL;
    reader->row_line = reader->line;
    reader->state = BEGIN;
    begin_field(reader);
}

static enum rh_csv_event end_row(struct rh_csv_reader *reader)
{
    end_field(reader);
    reader->state = BEGIN;
    reader->done = true;
    return reader->problem != NULL ? RH_CSV_BAD_ROW : RH_CSV_ROW;
}

static void advance(struct rh_csv_reader *reader, char byte)
{
    if (byte == '\n') {
        reader->line++;
        reader->column = 1;
    } else if (((unsigned char)byte & 0xc0) != 0x80) {
        reader->column++; /* a character of several bytes counts once */
    }
}

/* A separator or a byte of an unquoted field; the line ends are handled by the caller. */
static void step_plain(struct rh_csv_reader *reader, char byte)
{
    if (byte == ',') {
        end_field(reader);
        reader->column++; /* the next field begins behind the comma */
        begin_field(reader);
        reader->column--;
        reader->state = BEGIN;
    } else if (byte == '"' && reader->state == BEGIN) {
        reader->state = QUOTED;
    } else if (byte == '"') {
        fail(reader, N_("a quote inside a field that does not begin with one"));
        reader->state = BROKEN;
    } else {
        reader->state = PLAIN;
        store(reader, byte);
    }
}

/* One byte. True when it ended the row. */
static bool step(struct rh_csv_reader *reader, char byte)
{
    switch ((enum state)reader->state) {
    case QUOTED:
        if (byte == '"')
            reader->state = CLOSED;
        else
            store(reader, byte);
        return false;
    case CLOSED:
        if (byte == '"') {
            store(reader, byte);
            reader->state = QUOTED;
            return false;
        }
        if (byte != ',' && byte != '\r' && byte != '\n') {
            fail(reader, N_("text behind a closing quote"));
            reader->state = BROKEN;
            return false;
        }
        break;
    case CARRIAGE:
        if (byte == '\n')
            return true;
        fail(reader, N_("a carriage return without a line feed"));
        reader->state = BROKEN;
        return false;
    case BROKEN:
        return byte == '\n';
    case BEGIN:
    case PLAIN:
        break;
    }
    if (byte == '\n')
        return true;
    if (byte == '\r')
        reader->state = CARRIAGE;
    else
        step_plain(reader, byte);
    return false;
}

/* True while the byte belongs to a byte order mark at the very beginning. */
static bool skip_mark(struct rh_csv_reader *reader, char byte)
{
    if (reader->mark >= sizeof byte_order_mark)
        return false;
    if ((unsigned char)byte == byte_order_mark[reader->mark]) {
        reader->mark++;
        return true;
    }
    return false;
}

static enum rh_csv_event take(struct rh_csv_reader *reader, char byte)
{
    if (reader->done)
        begin_row(reader);
    if (byte != '\r' && byte != '\n')
        reader->touched = true;
    const bool ended = step(reader, byte);
    advance(reader, byte);
    if (!ended)
        return RH_CSV_MORE;
    const enum rh_csv_event event = end_row(reader);
    return reader->touched || event == RH_CSV_BAD_ROW ? event : RH_CSV_MORE;
}

/* The beginning of a mark that turned out to be none: those bytes are text. */
static void settle_mark(struct rh_csv_reader *reader)
{
    const uint8_t seen = reader->mark < sizeof byte_order_mark ? reader->mark : 0;

    reader->mark = sizeof byte_order_mark;
    for (uint8_t i = 0; i < seen; i++)
        (void)take(reader, (char)byte_order_mark[i]);
}

enum rh_csv_event rh_csv_feed(struct rh_csv_reader *reader, const char *data, size_t bytes,
                              size_t *taken)
{
    *taken = 0;
    while (*taken < bytes) {
        const char byte = data[(*taken)++];
        if (skip_mark(reader, byte))
            continue;
        settle_mark(reader);
        const enum rh_csv_event event = take(reader, byte);
        if (event != RH_CSV_MORE)
            return event;
    }
    return RH_CSV_MORE;
}

enum rh_csv_event rh_csv_finish(struct rh_csv_reader *reader)
{
    settle_mark(reader);
    if (reader->done)
        return RH_CSV_END;
    if (reader->state == QUOTED && reader->problem == NULL) {
        const struct rh_csv_field *field = &reader->fields[reader->field_count - 1];
        fail_at(reader, N_("the quote that opens here is never closed"), field->line,
                field->column);
    } else if (reader->state == CARRIAGE) {
        fail(reader, N_("a carriage return without a line feed"));
    }
    return end_row(reader);
}

/* ---- writing ----------------------------------------------------------------------------- */

void rh_csv_writer_init(struct rh_csv_writer *writer, char *data, size_t capacity)
{
    *writer = (struct rh_csv_writer){ .data = data, .capacity = capacity, .err = RH_OK };
}

static void put(struct rh_csv_writer *writer, const char *data, size_t bytes)
{
    if (writer->err != RH_OK)
        return;
    if (bytes > writer->capacity - writer->bytes) {
        writer->err = RH_ERR_FULL;
        return;
    }
    if (bytes > 0)
        memcpy(writer->data + writer->bytes, data, bytes);
    writer->bytes += bytes;
}

static bool needs_quotes(const char *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (data[i] == ',' || data[i] == '"' || data[i] == '\r' || data[i] == '\n')
            return true;
    }
    return bytes > 0 && (data[0] == ' ' || data[bytes - 1] == ' ');
}

static void put_field(struct rh_csv_writer *writer, const char *guard, const char *data,
                      size_t bytes)
{
    if (writer->fields++ > 0)
        put(writer, ",", 1);
    if (!needs_quotes(data, bytes)) {
        put(writer, guard, strlen(guard));
        put(writer, data, bytes);
        return;
    }
    put(writer, "\"", 1);
    put(writer, guard, strlen(guard));
    for (size_t i = 0; i < bytes; i++) {
        if (data[i] == '"')
            put(writer, "\"", 1);
        put(writer, data + i, 1);
    }
    put(writer, "\"", 1);
}

void rh_csv_write_text(struct rh_csv_writer *writer, const char *data, size_t bytes)
{
    const bool runs = bytes > 0 && data[0] != '\0' && strchr("=+-@\t\r", data[0]) != NULL;
    put_field(writer, runs ? "'" : "", data, bytes);
}

void rh_csv_write_value(struct rh_csv_writer *writer, const char *text)
{
    put_field(writer, "", text, strlen(text));
}

void rh_csv_write_end(struct rh_csv_writer *writer)
{
    /* A row of one empty field would read back as an empty line. */
    if (writer->fields == 1 && writer->bytes == writer->row_at)
        put(writer, "\"\"", 2);
    put(writer, "\r\n", 2);
    writer->fields = 0;
    writer->row_at = writer->bytes;
}
