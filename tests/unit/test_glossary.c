/* Covers protocol/src/glossary.c and protocol/rules/glossary.yaml. If these failed, a screen
 * would show an English id to a Chinese desk, or one word for two different acts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libfyaml.h>

#include <rh/glossary.h>
#include <rh/kind.h>
#include <rh/text.h>

#define GLOSSARY RHT_SOURCE_DIR "/protocol/rules/glossary.yaml"

static const char *scalar(struct fy_node *entry, const char *key)
{
    return fy_node_mapping_lookup_scalar0_by_simple_key(entry, key, FY_NT);
}

/* The twin: a real YAML reader sees exactly the entries that the build's own reader saw. */
static void test_glossary_table_is_what_yaml_says(void **state)
{
    (void)state;
    struct fy_document *document = fy_document_build_from_file(NULL, GLOSSARY);
    assert_non_null(document);
    struct fy_node *root = fy_document_root(document);

    size_t index = 0;
    void *at_group = NULL;
    struct fy_node_pair *pair;
    while ((pair = fy_node_mapping_iterate(root, &at_group)) != NULL) {
        struct fy_node *entry;
        void *at_entry = NULL;
        while ((entry = fy_node_sequence_iterate(fy_node_pair_value(pair), &at_entry)) !=
               NULL) {
            const struct rh_word *word = rh_word_at(index++);
            assert_non_null(word);
            assert_string_equal(fy_node_get_scalar0(fy_node_pair_key(pair)), word->group);
            assert_string_equal(scalar(entry, "id"), word->id);
            assert_string_equal(scalar(entry, "zh"), word->zh);
            assert_string_equal(scalar(entry, "en"), word->en);
        }
    }
    assert_null(rh_word_at(index));
    assert_true(index > 150);
    fy_document_destroy(document);
}

static void test_glossary_has_every_kind_state_lane_and_actor(void **state)
{
    (void)state;
#define IN_KINDS(symbol, number, name, group) assert_non_null(rh_word_find("kinds", name));
    RH_KIND_LIST(IN_KINDS)
#undef IN_KINDS
#define IN_STATES(symbol, number, name) assert_non_null(rh_word_find("states", name));
    RH_STATE_LIST(IN_STATES)
#undef IN_STATES
#define IN_ACTORS(symbol, number, name) assert_non_null(rh_word_find("actors", name));
    RH_ACTOR_LIST(IN_ACTORS)
#undef IN_ACTORS
    assert_non_null(rh_word_find("lanes", "normal"));
    assert_non_null(rh_word_find("lanes", "green"));
    assert_non_null(rh_word_find("lanes", "urgent"));
}

/* Within a group an id and each of its words name one thing only. */
static void test_glossary_words_are_unique_within_a_group(void **state)
{
    (void)state;
    const struct rh_word *one;
    for (size_t i = 0; (one = rh_word_at(i)) != NULL; i++)
        for (size_t k = 0; k < i; k++) {
            const struct rh_word *other = rh_word_at(k);
            if (strcmp(one->group, other->group) != 0)
                continue;
            assert_string_not_equal(one->id, other->id);
            assert_string_not_equal(one->zh, other->zh);
            assert_string_not_equal(one->en, other->en);
        }
}

static void test_glossary_chinese_is_chinese_and_english_is_ascii(void **state)
{
    (void)state;
    const struct rh_word *word;
    for (size_t i = 0; (word = rh_word_at(i)) != NULL; i++) {
        assert_true(((unsigned char)word->zh[0] & 0x80) != 0);
        for (const char *at = word->en; *at != '\0'; at++)
            assert_in_range(*at, ' ', '~');
    }
}

static void test_glossary_word_follows_the_language(void **state)
{
    (void)state;
    assert_int_equal(rh_text_init("zh"), RH_OK);
    assert_string_equal(rh_word("states", "signed"), "已签收");
    assert_string_equal(rh_word("kinds", "accept"), "受理");
    assert_int_equal(rh_text_init("en"), RH_OK);
    assert_string_equal(rh_word("states", "signed"), "signed");
    assert_string_equal(rh_word("states", "no such"), "no such");
    assert_null(rh_word_find("no such", "signed"));
}

/* A clock's title, as its file has it; without a procedure only what means one thing
 * everywhere. */
static void test_glossary_knows_the_steps(void **state)
{
    (void)state;
    const struct rh_word *step = rh_step_title("xinfang", "handle");
    assert_non_null(step);
    assert_string_equal(step->group, "xinfang");
    const struct rh_word *seven = rh_step_title("", "seven-days");
    assert_non_null(seven);
    assert_string_equal(seven->zh, "七日程序性答复");
    assert_string_equal(seven->en, "procedural answer in seven days");
    assert_null(rh_step_title("", "dispatch"));
    assert_null(rh_step_title("xinfang", "seven-days"));
    assert_null(rh_step_title("no-such", "handle"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_glossary_table_is_what_yaml_says),
        cmocka_unit_test(test_glossary_has_every_kind_state_lane_and_actor),
        cmocka_unit_test(test_glossary_words_are_unique_within_a_group),
        cmocka_unit_test(test_glossary_chinese_is_chinese_and_english_is_ascii),
        cmocka_unit_test(test_glossary_word_follows_the_language),
        cmocka_unit_test(test_glossary_knows_the_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
