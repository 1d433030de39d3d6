/* Covers protocol/src/refusal.c and exit.c. If these failed, an agency would be told the wrong
 * thing to do, or a script would take a refusal for success. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rh/refusal.h>

static void test_refusal_numbers_are_unique_and_in_their_family(void **state)
{
    (void)state;
    uint32_t previous = 0;
    size_t count = 0;
    for (const struct rh_refusal_info *info; (info = rh_refusal_at(count)) != NULL; count++) {
        uint32_t number = (uint32_t)info->refusal;
        assert_in_range(number, 4000, 9999);
        for (size_t other = 0; other < count; other++)
            assert_int_not_equal(number, (uint32_t)rh_refusal_at(other)->refusal);
        assert_true(number / 1000 >= previous / 1000); /* families stand together */
        previous = number;
        assert_ptr_equal(rh_refusal_find(number), info);
    }
    assert_true(count > 60);
}

/* A retriable refusal must not end a script with "your data are wrong", nor the reverse: a
 * script that sees 75 tries again for ever. */
static void test_refusal_exit_codes_agree_with_retriable(void **state)
{
    (void)state;
    const struct rh_refusal_info *info;
    for (size_t i = 0; (info = rh_refusal_at(i)) != NULL; i++) {
        assert_int_not_equal(info->exit, RH_EXIT_OK);
        assert_string_not_equal(rh_exit_text(info->exit), "unknown exit code");
        if (info->retriable)
            assert_true(info->exit == RH_EXIT_TEMPORARY || info->exit == RH_EXIT_UNAVAILABLE ||
                        info->exit == RH_EXIT_IO);
        else
            assert_int_not_equal(info->exit, RH_EXIT_UNAVAILABLE);
        assert_true(strlen(info->title) > 8);
        assert_true(strlen(info->action) > 8);
        assert_int_not_equal(info->title[strlen(info->title) - 1], '.');
    }
}

static void test_refusal_unknown_number_still_has_texts(void **state)
{
    (void)state;
    assert_null(rh_refusal_find(4999));
    assert_null(rh_refusal_find(0));
    assert_null(rh_refusal_find(UINT64_MAX));
    assert_string_equal(rh_refusal_symbol(4999), "UNKNOWN");
    assert_string_equal(rh_refusal_symbol(0), "NONE");
    assert_string_equal(rh_refusal_symbol(4301), "WRONG_STATE");
    assert_string_equal(rh_refusal_title(4999), "A refusal this version does not know");
    assert_true(strlen(rh_refusal_action(4999)) > 0);
    assert_true(strlen(rh_refusal_title(0)) > 0);
}

static void test_refusal_text_form_goes_there_and_back(void **state)
{
    (void)state;
    char text[RH_REFUSAL_TEXT_BYTES];
    enum rh_refusal refusal = RH_REFUSE_NONE;
    const struct rh_refusal_info *info;
    for (size_t i = 0; (info = rh_refusal_at(i)) != NULL; i++) {
        rh_refusal_format((uint32_t)info->refusal, text);
        assert_int_equal(rh_refusal_parse(text, &refusal), RH_OK);
        assert_int_equal(refusal, info->refusal);
        assert_int_equal(rh_refusal_parse(text + 3, &refusal), RH_OK);
    }
    rh_refusal_format(0, text);
    assert_string_equal(text, "RH-0000");
    rh_refusal_format(UINT32_MAX, text);
    assert_string_equal(text, "RH-4294967295");
}

static void test_refusal_parse_refuses_what_is_no_code(void **state)
{
    (void)state;
    static const char *const bad[] = { "",       "RH-",     "RH",      "R",         "RH-43",
                                       "RH-430x", "RH-43011", "RH--4301", " RH-4301", "4 01" };
    enum rh_refusal refusal = RH_REFUSE_NONE;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(rh_refusal_parse(bad[i], &refusal), RH_ERR_INVALID);
    assert_int_equal(rh_refusal_parse("RH-4999", &refusal), RH_ERR_NOTFOUND);
    assert_int_equal(refusal, RH_REFUSE_NONE);
    assert_int_equal(rh_refusal_parse("rh-4120", &refusal), RH_OK);
    assert_int_equal(refusal, RH_REFUSE_CONFLICT);
}

static void test_exit_codes_ascend_and_have_texts(void **state)
{
    (void)state;
    int previous = -1;
    unsigned count = 0;
    for (const struct rh_exit_info *info; (info = rh_exit_at(count)) != NULL; count++) {
        assert_true((int)info->code > previous);
        previous = (int)info->code;
        assert_string_equal(rh_exit_text((int)info->code), info->text);
    }
    assert_int_equal(count, 16);
    assert_string_equal(rh_exit_text(2), "unknown exit code");
}

static void test_exit_of_every_result_is_listed(void **state)
{
    (void)state;
#define CHECK(name, text)                                                                      \
    assert_string_not_equal(rh_exit_text(rh_exit_of(name)), "unknown exit code");              \
    assert_true((rh_exit_of(name) == RH_EXIT_OK) == ((name) == RH_OK));
    RH_ERR_LIST(CHECK)
#undef CHECK
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusal_numbers_are_unique_and_in_their_family),
        cmocka_unit_test(test_refusal_exit_codes_agree_with_retriable),
        cmocka_unit_test(test_refusal_unknown_number_still_has_texts),
        cmocka_unit_test(test_refusal_text_form_goes_there_and_back),
        cmocka_unit_test(test_refusal_parse_refuses_what_is_no_code),
        cmocka_unit_test(test_exit_codes_ascend_and_have_texts),
        cmocka_unit_test(test_exit_of_every_result_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
