/* Keyword rules. If matching were wrong, a complaint of a child's harm would stay unread
 * among ten thousand others, or a street lamp would be sent to the prosecutors. The
 * automaton is compared with plain search on random texts of few letters, where words
 * overlap all the time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "load/screening.h"
#include "support/rht.h"

#define SOURCE RHT_SOURCE_DIR "/protocol/rules/screening/keywords.yaml"

static struct rh_bytes bytes_of(const char *text)
{
    return (struct rh_bytes){ (const uint8_t *)text, strlen(text) };
}

static uint32_t match(const struct rh_keywords *keywords, const char *title, const char *text,
                      uint32_t out[RH_KEYWORD_RULES_MAX])
{
    void *scratch = malloc(rh_keywords_scratch_bytes(keywords));
    assert_non_null(scratch);
    uint32_t count =
        rh_keywords_match(keywords, bytes_of(title), bytes_of(text), scratch, out);
    free(scratch);
    return count;
}

static void add_rule(struct rh_keywords *keywords, const char *id, uint32_t fields)
{
    struct rh_keyword_rule rule = { .version = 1, .fields = fields };
    snprintf(rule.id, sizeof rule.id, "%s", id);
    assert_int_equal(rh_keywords_rule(keywords, &rule), RH_OK);
}

static void add_word(struct rh_keywords *keywords, enum rh_keyword_group group,
                     const char *word)
{
    assert_int_equal(rh_keywords_word(keywords, group, word, strlen(word)), RH_OK);
}

static void test_any_all_not_and_fields(void **state)
{
    (void)state;
    struct rh_keywords *keywords;
    uint32_t hits[RH_KEYWORD_RULES_MAX];
    assert_int_equal(rh_keywords_new(&keywords), RH_OK);
    add_rule(keywords, "wages", RH_KEYWORD_IN_TITLE | RH_KEYWORD_IN_TEXT);
    add_word(keywords, RH_KEYWORD_ANY, "欠薪");
    add_word(keywords, RH_KEYWORD_ANY, "薪");
    add_word(keywords, RH_KEYWORD_NOT, "薪火");
    add_rule(keywords, "both", RH_KEYWORD_IN_TITLE);
    add_word(keywords, RH_KEYWORD_ALL, "河道");
    add_word(keywords, RH_KEYWORD_ALL, "ABC");
    assert_int_equal(rh_keywords_seal(keywords), RH_OK);
    assert_int_equal(match(keywords, "", "老板欠薪", hits), 1);
    assert_int_equal(hits[0], 0);
    assert_int_equal(match(keywords, "薪火相传", "欠薪", hits), 0);
    assert_int_equal(match(keywords, "河道aBc", "", hits), 1);
    assert_int_equal(hits[0], 1);
    assert_int_equal(match(keywords, "河道", "abc", hits), 0); /* not in its field */
    assert_int_equal(match(keywords, "河", "道", hits), 0);     /* fields are not glued */
    rh_keywords_destroy(&keywords);
}

static void random_text(struct rht_random *random, char *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)('a' + (int)(rht_random_u64(random) % 3));
    out[bytes] = '\0';
}

static void test_the_automaton_agrees_with_plain_search(void **state)
{
    (void)state;
    struct rht_random random;
    rht_random_init(&random);
    for (int round = 0; round < 200; round++) {
        struct rh_keywords *keywords;
        char words[40][12], text[200];
        uint32_t hits[RH_KEYWORD_RULES_MAX], expected = 0;
        assert_int_equal(rh_keywords_new(&keywords), RH_OK);
        for (int i = 0; i < 40; i++) {
            char id[16];
            random_text(&random, words[i], 1 + (size_t)(rht_random_u64(&random) % 6));
            snprintf(id, sizeof id, "r%d", i);
            add_rule(keywords, id, RH_KEYWORD_IN_TEXT);
            add_word(keywords, RH_KEYWORD_ANY, words[i]);
        }
        assert_int_equal(rh_keywords_seal(keywords), RH_OK);
        random_text(&random, text, (size_t)(rht_random_u64(&random) % 60));
        uint32_t count = match(keywords, "", text, hits);
        for (uint32_t i = 0; i < 40; i++) {
            if (strstr(text, words[i]) == NULL)
                continue;
            assert_true(expected < count);
            assert_int_equal(hits[expected++], i);
        }
        assert_int_equal(expected, count);
        rh_keywords_destroy(&keywords);
    }
}

static void test_bounds_hold(void **state)
{
    (void)state;
    struct rh_keywords *keywords;
    char word[RH_KEYWORD_BYTES_MAX + 2];
    memset(word, 'x', sizeof word);
    assert_int_equal(rh_keywords_new(&keywords), RH_OK);
    add_rule(keywords, "one", RH_KEYWORD_IN_TEXT);
    assert_int_equal(rh_keywords_word(keywords, RH_KEYWORD_ANY, word, sizeof word),
                     RH_ERR_INVALID);
    assert_int_equal(rh_keywords_word(keywords, RH_KEYWORD_ANY, "", 0), RH_ERR_INVALID);
    for (int i = 0; i < RH_KEYWORD_WORDS_OF_RULE_MAX; i++) {
        int bytes = snprintf(word, sizeof word, "w%d", i);
        assert_int_equal(rh_keywords_word(keywords, RH_KEYWORD_ANY, word, (size_t)bytes),
                         RH_OK);
    }
    assert_int_equal(rh_keywords_word(keywords, RH_KEYWORD_ALL, "more", 4), RH_ERR_FULL);
    rh_keywords_destroy(&keywords);
    assert_null(keywords);
}

/* The rules that come with the product say what they were written for. */
static void test_the_shipped_rules_find_what_they_name(void **state)
{
    (void)state;
    struct rh_keywords *keywords;
    char text[2000];
    struct rh_load_report report;
    uint32_t hits[RH_KEYWORD_RULES_MAX];
    rh_load_report_init(&report, text, sizeof text);
    if (rh_load_keywords(SOURCE, &keywords, &report) != RH_OK)
        fail_msg("%s", text);
    assert_true(match(keywords, "工地拖欠农民工工资", "", hits) >= 1);
    assert_string_equal(rh_keywords_at(keywords, hits[0])->category, "labour.wage-arrears");
    assert_int_equal(match(keywords, "路灯不亮", "请尽快维修", hits), 0);
    assert_int_equal(match(keywords, "小学招生咨询", "儿童几岁可以报名", hits), 0);
    rh_keywords_destroy(&keywords);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_all_not_and_fields),
        cmocka_unit_test(test_the_automaton_agrees_with_plain_search),
        cmocka_unit_test(test_bounds_hold),
        cmocka_unit_test(test_the_shipped_rules_find_what_they_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
