/* Covers protocol/src/problem.c: a problem keeps its sentence and its arguments apart until
 * somebody reads it, whatever stands in the arguments and whoever sent them. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <rh/problem.h>
#include <rh/text.h>

static char list[RH_PROBLEM_LIST_BYTES], said[RH_PROBLEM_LIST_BYTES];
static size_t list_bytes;

static bool put(size_t capacity, const char *file, int line, int column, const char *format,
                ...) __attribute__((format(printf, 5, 6)));

static bool put(size_t capacity, const char *file, int line, int column, const char *format,
                ...)
{
    va_list arguments;
    va_start(arguments, format);
    const bool fits =
        rh_problem_put(list, capacity, &list_bytes, file, line, column, format, arguments);
    va_end(arguments);
    return fits;
}

static const char *lines(bool own)
{
    rh_problem_lines(list, own, said, sizeof said);
    return said;
}

static int clear(void **state)
{
    (void)state;
    list_bytes = 0;
    list[0] = '\0';
    return rh_text_init("en") == RH_OK ? 0 : -1;
}

static void test_problem_is_said_in_both_languages(void **state)
{
    (void)state;
    assert_true(
        put(sizeof list, "a.yaml", 3, 7, "%s lacks the key '%s'", "the file", "version"));
    assert_true(put(sizeof list, "", 0, 0, "the rules are too large to be kept together"));
    assert_string_equal(lines(false), "a.yaml:3:7: the file lacks the key 'version'\n"
                                      "the rules are too large to be kept together");
    assert_int_equal(rh_text_init("zh"), RH_OK);
    assert_string_equal(lines(true), "a.yaml:3:7: 文件缺少必填键“version”\n"
                                     "全部规则合计过大，无法一并保存");
    /* Machines read English wherever they run. */
    assert_string_equal(lines(false), "a.yaml:3:7: the file lacks the key 'version'\n"
                                      "the rules are too large to be kept together");
}

/* What the file says must not turn into another word on its way to the reader: only our own
 * bare words do, and a key of the file is no word of ours. */
static void test_problem_never_translates_words_of_the_file(void **state)
{
    (void)state;
    assert_int_equal(rh_text_init("zh"), RH_OK);
    assert_true(
        put(sizeof list, "a.yaml", 1, 1, "%s lacks the key '%s'", "the file", "the file"));
    assert_string_equal(lines(true), "a.yaml:1:1: 文件缺少必填键“the file”");
    list_bytes = 0;
    assert_true(put(sizeof list, "a.yaml", 1, 1, "%s is empty", "success"));
    assert_string_equal(lines(true), "a.yaml:1:1: success 为空");
    list_bytes = 0;
    assert_true(put(sizeof list, "a.yaml", 1, 1, "%s is empty", "a name"));
    assert_string_equal(lines(true), "a.yaml:1:1: 名称为空");
}

/* Chinese may want the arguments in another order. */
static void test_problem_arguments_change_places(void **state)
{
    (void)state;
    assert_true(put(sizeof list, "s.yaml", 0, 0,
                    "says under 'local' how long '%s' of '%s' lasts, which is no span of any "
                    "procedure", "handle", "xinfang"));
    assert_int_equal(rh_text_init("zh"), RH_OK);
    assert_string_equal(lines(true),
                        "s.yaml: 在“local”中规定了“xinfang”的期限“handle”的长度，而没有任何"
                        "程序有这一期限");
}

static void test_problem_prints_every_directive(void **state)
{
    (void)state;
    assert_true(put(sizeof list, "f", 0, 0,
                    "%d %u %zu %lu %llu %016" PRIx64 " 100%% %.3s '%.*s'", -1, 2u, (size_t)3,
                    4ul, 5ull, UINT64_C(0xabc), "abcdef", 2, "xyz"));
    assert_string_equal(lines(false), "f: -1 2 3 4 5 0000000000000abc 100% abc 'xy'");
}

/* A list may come from elsewhere: what is no number, or too long for one, is no place. */
static void test_problem_place_is_a_number(void **state)
{
    (void)state;
    char room[RH_PROBLEM_BYTES_MAX];
    struct rh_problem problem;
    const char *at = "f\x1f" "99999999999999999999\x1f" "7x\x1f" "is empty\n"
                     "g\x1f" "999999999\x1f" "12\x1f" "is empty";
    assert_true(rh_problem_next(&at, room, &problem));
    assert_int_equal(problem.line, 0);
    assert_int_equal(problem.column, 0);
    assert_true(rh_problem_next(&at, room, &problem));
    assert_int_equal(problem.line, 999999999);
    assert_int_equal(problem.column, 12);
}

/* A value of a file that holds a line feed or the mark must not make problems of its own. */
static void test_problem_parts_cannot_be_forged(void **state)
{
    (void)state;
    assert_true(put(sizeof list, "f\n", 1, 1, "'%s' is in this list already",
                    "a\nb\x1f" "9\x1f" "c\x7f"));
    assert_string_equal(lines(false), "f?:1:1: 'a?b?9?c?' is in this list already");
}

/* What does not fit is left out whole; what is too long is cut between characters. */
static void test_problem_bounds_hold(void **state)
{
    (void)state;
    char text[4 * RH_PROBLEM_BYTES_MAX];
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "字", 4);
    for (size_t capacity = 1; capacity < 60; capacity++) {
        list_bytes = 0;
        list[0] = '\0';
        const bool fits = put(capacity, "f", 1, 1, "'%s' is in this list already", "abc");
        assert_int_equal(fits, list_bytes > 0);
        assert_true(list_bytes < capacity);
        assert_int_equal(strlen(list), list_bytes);
    }
    list_bytes = 0;
    assert_true(put(sizeof list, text, 1, 1, "%s %s %s %s", text, text, text, text));
    assert_true(strlen(list) < RH_PROBLEM_BYTES_MAX + 1);
    list_bytes = 0;
    assert_true(put(sizeof list, "f", 1, 1, "'%s' is in this list already", text));
    for (size_t capacity = 1; capacity < 40; capacity++) {
        rh_problem_lines(list, false, said, capacity);
        const size_t bytes = strlen(said);
        assert_true(bytes < capacity);
        assert_true(bytes <= 8 || (bytes - 8) % 3 == 0); /* "f:1:1: '" and whole characters */
    }
}

/* A sentence that a peer sent is a text, not a format. */
static void test_problem_of_a_stranger_is_harmless(void **state)
{
    (void)state;
    static const char *const sentences[] = { "%n %s %s", "%", "100% and %9$s", "%*.*d %ll",
                                             "" };
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        const struct rh_problem one = {
            .file = "", .sentence = sentences[i], .arg_count = 1, .args = { "x" }
        };
        rh_problem_line(&one, true, said, sizeof said);
        assert_true(strlen(said) < 40);
    }
    const struct rh_problem few = { .file = "", .sentence = "%s and %s", .arg_count = 1,
                                    .args = { "one" } };
    rh_problem_line(&few, true, said, sizeof said);
    assert_string_equal(said, "one and %s");
    /* A list that was cut, or holds a finished sentence, is read as far as it goes. */
    rh_problem_lines("a finished sentence, 100%\nf\x1f" "1", false, said, sizeof said);
    assert_string_equal(said, "a finished sentence, 100%\nf:1:0: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_problem_is_said_in_both_languages, clear),
        cmocka_unit_test_setup(test_problem_never_translates_words_of_the_file, clear),
        cmocka_unit_test_setup(test_problem_arguments_change_places, clear),
        cmocka_unit_test_setup(test_problem_prints_every_directive, clear),
        cmocka_unit_test_setup(test_problem_place_is_a_number, clear),
        cmocka_unit_test_setup(test_problem_parts_cannot_be_forged, clear),
        cmocka_unit_test_setup(test_problem_bounds_hold, clear),
        cmocka_unit_test_setup(test_problem_of_a_stranger_is_harmless, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
