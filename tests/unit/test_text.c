/* Covers protocol/src/text.c: Chinese must work on a host without any Chinese locale, and the
 * choice of language must follow the surroundings as rh/text.h says. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rh/refusal.h>
#include <rh/text.h>

static void clear_surroundings(void)
{
    static const char *const names[] = { "RHUB_LANG", "LC_ALL",   "LC_MESSAGES",
                                         "LANG",      "LANGUAGE", "RHUB_LOCALEDIR" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(unsetenv(names[i]), 0);
}

static void test_text_chinese_needs_no_installed_locale(void **state)
{
    (void)state;
    clear_surroundings();
    assert_int_equal(setenv("LC_ALL", "C", 1), 0);
    assert_int_equal(rh_text_init("zh"), RH_OK);
    assert_string_equal(rh_text_language(), "zh");
    assert_string_equal(_("success"), "成功");
    assert_string_equal(rh_refusal_title(RH_REFUSE_WRONG_STATE),
                        "移送事项当前状态不允许此操作");
    /* A length of <inttypes.h> reaches its sentence only through an entry marked c-format. */
    char line[64];
    snprintf(line, sizeof line, _("content key slot %" PRIu64), UINT64_C(7));
    assert_string_equal(line, "内容密钥槽 7");
}

static void test_text_language_can_change_and_change_back(void **state)
{
    (void)state;
    clear_surroundings();
    for (int round = 0; round < 3; round++) {
        assert_int_equal(rh_text_init("en"), RH_OK);
        assert_string_equal(rh_text_language(), "en");
        assert_string_equal(_("success"), "success");
        assert_int_equal(rh_text_init("zh"), RH_OK);
        assert_string_equal(_("success"), "成功");
    }
}

static void test_text_follows_the_surroundings(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *language;
    } cases[] = {
        { "LANG", "zh_CN.UTF-8", "zh" },  { "LANG", "en_US.UTF-8", "en" },
        { "LC_MESSAGES", "zh_CN", "zh" }, { "LC_ALL", "C", "en" },
        { "LC_ALL", "zh_TW", "zh" },      { "RHUB_LANG", "en", "en" },
        { "RHUB_LANG", "zh", "zh" },      { "RHUB_LANG", "", "en" }, /* falls to LC_ALL */
    };
    clear_surroundings();
    assert_int_equal(rh_text_init(NULL), RH_OK);
    assert_string_equal(rh_text_language(), "zh");

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        clear_surroundings();
        if (cases[i].value[0] == '\0')
            assert_int_equal(setenv("LC_ALL", "en_GB.UTF-8", 1), 0);
        assert_int_equal(setenv(cases[i].name, cases[i].value, 1), 0);
        assert_int_equal(rh_text_init(NULL), RH_OK);
        assert_string_equal(rh_text_language(), cases[i].language);
    }
}

static void test_text_refuses_another_language(void **state)
{
    (void)state;
    assert_int_equal(rh_text_init("en"), RH_OK);
    assert_int_equal(rh_text_init("fr"), RH_ERR_USAGE);
    assert_int_equal(rh_text_init(""), RH_ERR_USAGE);
    assert_string_equal(rh_text_language(), "en");
}

/* Whoever asks for a language hears the first complaint in it already. */
static void test_text_follows_the_command_line(void **state)
{
    (void)state;
    static const struct {
        const char *words[4], *language;
    } cases[] = {
        { { "p", "--lang", "zh" }, "zh" },
        { { "p", "verb", "--lang=zh" }, "zh" },
        { { "p", "--lang=zh", "--lang=en" }, "en" },
        { { "p", "--lang", "fr" }, "en" }, /* as the surroundings say */
        { { "p", "--lang" }, "en" },
        { { "p" }, "en" },
    };
    clear_surroundings();
    assert_int_equal(setenv("RHUB_LANG", "en", 1), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char room[4][16];
        char *words[5] = { NULL };
        int count = 0;
        for (; count < 4 && cases[i].words[count] != NULL; count++) {
            snprintf(room[count], sizeof room[count], "%s", cases[i].words[count]);
            words[count] = room[count];
        }
        rh_text_init_from(count, words);
        assert_string_equal(rh_text_language(), cases[i].language);
    }
}

/* A package without its catalogue must still speak, in English, and say that it does. */
static void test_text_missing_catalogue_falls_back_to_english(void **state)
{
    (void)state;
    clear_surroundings();
    assert_int_equal(setenv("RHUB_LOCALEDIR", "/nonexistent", 1), 0);
    assert_int_equal(rh_text_init("zh"), RH_ERR_NOTFOUND);
    assert_string_equal(rh_text_language(), "en");
    assert_string_equal(_("success"), "success");
    assert_int_equal(unsetenv("RHUB_LOCALEDIR"), 0);
    assert_int_equal(rh_text_init("zh"), RH_OK);
    assert_string_equal(_("success"), "成功");
}

/* What the C library says follows the language too: its own words or English, never marks
 * for what it could not write. */
static void test_text_system_errors_can_be_read(void **state)
{
    (void)state;
    clear_surroundings();
    assert_int_equal(rh_text_init("zh"), RH_OK);
    assert_null(strchr(strerror(ENOENT), '?'));
}

static void test_text_unknown_and_empty_ids_come_back(void **state)
{
    (void)state;
    assert_int_equal(rh_text_init("zh"), RH_OK);
    assert_string_equal(rh_text("no source says this"), "no source says this");
    assert_string_equal(rh_text(""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_chinese_needs_no_installed_locale),
        cmocka_unit_test(test_text_language_can_change_and_change_back),
        cmocka_unit_test(test_text_follows_the_surroundings),
        cmocka_unit_test(test_text_refuses_another_language),
        cmocka_unit_test(test_text_follows_the_command_line),
        cmocka_unit_test(test_text_missing_catalogue_falls_back_to_english),
        cmocka_unit_test(test_text_system_errors_can_be_read),
        cmocka_unit_test(test_text_unknown_and_empty_ids_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
