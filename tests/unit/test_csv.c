/* protocol/src/csv.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <rh/csv.h>

#include "support/rht.h"

enum { TRACE_BYTES = 4096, TEXT_BYTES = 64, FIELDS = 4 };

/* Feed `bytes` in pieces and write down what comes out: rows as [a|b], bad rows as
 * !line:column problem. */
static void trace(const char *data, size_t bytes, size_t piece, char *out)
{
    struct rh_csv_reader reader;
    struct rh_csv_field fields[FIELDS];
    char text[TEXT_BYTES];
    size_t at = 0;
    size_t used = 0;
    enum rh_csv_event event;

    rh_csv_reader_init(&reader, text, sizeof text, fields, FIELDS);
    out[0] = '\0';
    do {
        const size_t size = bytes - at < piece ? bytes - at : piece;
        size_t taken = 0;
        event = size > 0 ? rh_csv_feed(&reader, data + at, size, &taken)
                         : rh_csv_finish(&reader);
        at += taken;
        if (event == RH_CSV_BAD_ROW)
            used += (size_t)snprintf(out + used, TRACE_BYTES - used, "!%u:%u %s;",
                                     reader.problem_line, reader.problem_column,
                                     reader.problem);
        for (uint32_t i = 0; event == RH_CSV_ROW && i < reader.field_count; i++) {
            assert_int_equal(strlen(fields[i].data), fields[i].bytes);
            used += (size_t)snprintf(out + used, TRACE_BYTES - used, "%s%s%s",
                                     i == 0 ? "[" : "|", fields[i].data,
                                     i + 1 == reader.field_count ? "]" : "");
        }
        assert_true(used < TRACE_BYTES);
    } while (event != RH_CSV_END);
}

static void expect(const char *data, size_t bytes, const char *wanted)
{
    char got[TRACE_BYTES];
    for (size_t piece = 1; piece <= bytes + 1; piece++) {
        trace(data, bytes, piece, got);
        assert_string_equal(got, wanted);
    }
}

#define EXPECT(data, wanted) expect(data, sizeof(data) - 1, wanted)

/* However the bytes arrive, the rows are the same. */
static void test_csv_reads_rows(void **state)
{
    (void)state;
    EXPECT("a,b\r\nc,d\r\n", "[a|b][c|d]");
    EXPECT("a,b\nc,d", "[a|b][c|d]");
    EXPECT("a,,\n,\n", "[a||][|]");
    EXPECT(" a , b \n", "[ a | b ]");
    EXPECT("", "");
    EXPECT("\n\r\n\na\n\n", "[a]");
    EXPECT("\"\"\n", "[]");
    EXPECT("\"a,b\",\"c\"\"d\"\r\n", "[a,b|c\"d]");
    EXPECT("\"a\r\nb\n\",x\n", "[a\r\nb\n|x]");
    EXPECT("\"\"\"\"\n", "[\"]");
    EXPECT("姓名,\"信访,局\"\n", "[姓名|信访,局]");
}

/* Files from spreadsheets begin with a mark that is no part of the first column's name. */
static void test_csv_steps_over_a_byte_order_mark(void **state)
{
    (void)state;
    EXPECT("\xef\xbb\xbf" "case,n\n1,2\n", "[case|n][1|2]");
    EXPECT("\xef\xbb\xbf", "");
    EXPECT("\xef\xbb" "a\n", "[\xef\xbb" "a]");
    EXPECT("a\n\xef\xbb\xbf" "b\n", "[a][\xef\xbb\xbf" "b]");
}

/* A bad row is named and costs only itself. */
static void test_csv_names_bad_rows_and_goes_on(void **state)
{
    (void)state;
    EXPECT("a\nb\"c,d\ne\n",
           "[a]!2:2 a quote inside a field that does not begin with one;[e]");
    EXPECT("\"a\"b,c\nd\n", "!1:4 text behind a closing quote;[d]");
    EXPECT("信访,x\"\nd\n", "!1:5 a quote inside a field that does not begin with one;[d]");
    EXPECT("a\rb\nc\n", "!1:3 a carriage return without a line feed;[c]");
    EXPECT("a\r", "!1:3 a carriage return without a line feed;");
    EXPECT("a,\"b\nc", "!1:3 the quote that opens here is never closed;");
    EXPECT("a\0b,c\nd\n", "!1:2 a NUL character;[d]");
    EXPECT("1,2,3,4,5\n1,2,3,4\n", "!1:9 too many fields in a row;[1|2|3|4]");
}

/* What does not fit is refused whole, and the text of the long field never becomes a row. */
static void test_csv_bounds_rows(void **state)
{
    (void)state;
    char data[300];
    char got[TRACE_BYTES];
    int bytes = snprintf(data, sizeof data, "a,\"%080d\n1,2,3\n%020d\",b\nc,d\n", 0, 0);
    expect(data, (size_t)bytes,
           "!1:3 the row is too long; is a quote not closed?;[c|d]");

    for (int length = 0; length < 100; length++) {
        bytes = snprintf(data, sizeof data, "%0*d\nx\n", length + 1, 7);
        trace(data, (size_t)bytes, 1000, got);
        assert_string_equal(strrchr(got, '['), "[x]");
        assert_int_equal(got[0] == '!', length + 1 > TEXT_BYTES - 2);
    }
}

static void test_csv_tells_where_fields_stand(void **state)
{
    (void)state;
    static const char data[] = "a,信访,c\n\"x\ny\",z\n";
    static const uint32_t places[][2] = { { 1, 1 }, { 1, 3 }, { 1, 6 }, { 2, 1 }, { 3, 4 } };
    struct rh_csv_reader reader;
    struct rh_csv_field fields[FIELDS];
    char text[TEXT_BYTES];
    size_t at = 0;
    size_t place = 0;

    rh_csv_reader_init(&reader, text, sizeof text, fields, FIELDS);
    while (at < sizeof data - 1) {
        size_t taken;
        if (rh_csv_feed(&reader, data + at, sizeof data - 1 - at, &taken) == RH_CSV_ROW) {
            assert_int_equal(reader.row_line, fields[0].line);
            for (uint32_t i = 0; i < reader.field_count; i++, place++) {
                assert_int_equal(fields[i].line, places[place][0]);
                assert_int_equal(fields[i].column, places[place][1]);
            }
        }
        at += taken;
    }
    assert_int_equal(place, 5);
}

static void test_csv_writes_what_spreadsheets_do_not_run(void **state)
{
    (void)state;
    char data[200];
    struct rh_csv_writer writer;
    rh_csv_writer_init(&writer, data, sizeof data);
    rh_csv_write_text(&writer, "=1+1", 4);
    rh_csv_write_text(&writer, "a,\"b\"", 5);
    rh_csv_write_value(&writer, "-5");
    rh_csv_write_text(&writer, "@x,y", 4);
    rh_csv_write_text(&writer, "", 0);
    rh_csv_write_end(&writer);
    rh_csv_write_text(&writer, "", 0);
    rh_csv_write_end(&writer);
    assert_int_equal(writer.err, RH_OK);
    data[writer.bytes] = '\0';
    assert_string_equal(data, "'=1+1,\"a,\"\"b\"\"\",-5,\"'@x,y\",\r\n\"\"\r\n");

    rh_csv_writer_init(&writer, data, 5);
    rh_csv_write_value(&writer, "abc");
    rh_csv_write_value(&writer, "d");
    assert_int_equal(writer.err, RH_OK);
    rh_csv_write_end(&writer);
    assert_int_equal(writer.err, RH_ERR_FULL);
}

/* What the writer writes, the reader reads: random fields of awkward characters. */
static void test_csv_survives_a_round_trip(void **state)
{
    (void)state;
    static const char letters[] = "ab ,\"\r\n\t=';";
    struct rht_random random;
    rht_random_init(&random);
    for (int round = 0; round < 3000; round++) {
        char line[200];
        char values[FIELDS][12];
        const uint32_t count = (uint32_t)rht_random_between(&random, 1, FIELDS);
        struct rh_csv_writer writer;
        rh_csv_writer_init(&writer, line, sizeof line);
        for (uint32_t i = 0; i < count; i++) {
            const size_t bytes = rht_random_below(&random, 8);
            for (size_t j = 0; j < bytes; j++)
                values[i][j] = letters[rht_random_below(&random, sizeof letters - 1)];
            values[i][bytes] = '\0';
            rh_csv_write_value(&writer, values[i]);
        }
        rh_csv_write_end(&writer);
        assert_int_equal(writer.err, RH_OK);

        struct rh_csv_reader reader;
        struct rh_csv_field fields[FIELDS];
        char text[TEXT_BYTES];
        size_t taken;
        rh_csv_reader_init(&reader, text, sizeof text, fields, FIELDS);
        assert_int_equal(rh_csv_feed(&reader, line, writer.bytes, &taken), RH_CSV_ROW);
        assert_int_equal(taken, writer.bytes);
        assert_int_equal(reader.field_count, count);
        for (uint32_t i = 0; i < count; i++)
            assert_string_equal(fields[i].data, values[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_reads_rows),
        cmocka_unit_test(test_csv_steps_over_a_byte_order_mark),
        cmocka_unit_test(test_csv_names_bad_rows_and_goes_on),
        cmocka_unit_test(test_csv_bounds_rows),
        cmocka_unit_test(test_csv_tells_where_fields_stand),
        cmocka_unit_test(test_csv_writes_what_spreadsheets_do_not_run),
        cmocka_unit_test(test_csv_survives_a_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
