/* protocol/src/id.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rh/id.h>

#include "support/rht.h"

/* RFC 9562 appendix A.6. */
static void test_id_matches_the_rfc_example(void **state)
{
    (void)state;
    static const uint8_t random[10] = { 0xFC, 0xC3, 0xD8, 0xC4, 0xDC,
                                        0x0C, 0x0C, 0x07, 0x39, 0x8F };
    uint8_t id[RH_ID_BYTES];
    char text[RH_ID_TEXT_BYTES];
    rh_id_make(id, UINT64_C(0x017F22E279B0), random);
    rh_id_format(id, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_true(rh_id_ms(id) == UINT64_C(0x017F22E279B0));
}

static void test_id_order_is_time_order(void **state)
{
    (void)state;
    struct rht_random random;
    rht_random_init(&random);
    for (int i = 0; i < 2000; i++) {
        uint8_t noise[10];
        uint8_t a[RH_ID_BYTES];
        uint8_t b[RH_ID_BYTES];
        uint64_t ms = rht_random_below(&random, UINT64_C(1) << 48);
        uint64_t later = rht_random_between(&random, ms, (UINT64_C(1) << 48) - 1);
        rht_random_fill(&random, noise, sizeof noise);
        rh_id_make(a, ms, noise);
        rht_random_fill(&random, noise, sizeof noise);
        rh_id_make(b, later, noise);
        assert_true(rh_id_ms(a) == ms);
        assert_true(ms == later || memcmp(a, b, RH_ID_BYTES) < 0);
    }
}

static void test_id_of_a_far_future_stays_the_last(void **state)
{
    (void)state;
    static const uint8_t random[10] = { 0 };
    uint8_t id[RH_ID_BYTES];
    rh_id_make(id, UINT64_MAX, random);
    assert_true(rh_id_ms(id) == (UINT64_C(1) << 48) - 1);
}

static void test_id_text_comes_back(void **state)
{
    (void)state;
    struct rht_random random;
    rht_random_init(&random);
    for (int i = 0; i < 500; i++) {
        uint8_t id[RH_ID_BYTES];
        uint8_t again[RH_ID_BYTES];
        char text[RH_ID_TEXT_BYTES];
        rht_random_fill(&random, id, sizeof id);
        rh_id_format(id, text);
        assert_int_equal(strlen(text), RH_ID_TEXT_BYTES - 1);
        assert_int_equal(rh_id_parse(text, again), RH_OK);
        assert_memory_equal(id, again, RH_ID_BYTES);
        for (char *at = text; *at != '\0'; at++) {
            if (*at >= 'a' && *at <= 'f')
                *at = (char)(*at - 'a' + 'A');
        }
        assert_int_equal(rh_id_parse(text, again), RH_OK);
        assert_memory_equal(id, again, RH_ID_BYTES);
        text[rht_random_below(&random, RH_ID_TEXT_BYTES - 1)] = 'g';
        assert_int_equal(rh_id_parse(text, again), RH_ERR_INVALID);
    }
}

static void test_id_parse_refuses_other_shapes(void **state)
{
    (void)state;
    static const char good[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    uint8_t id[RH_ID_BYTES] = { 9 };
    char cut[sizeof good];
    for (size_t bytes = 0; bytes < sizeof good - 1; bytes++) {
        memcpy(cut, good, bytes);
        cut[bytes] = '\0';
        assert_int_equal(rh_id_parse(cut, id), RH_ERR_INVALID);
    }
    assert_int_equal(rh_id_parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f0", id), RH_ERR_INVALID);
    assert_int_equal(rh_id_parse("017f22e279b07cc398c4dc0c0c07398f", id), RH_ERR_INVALID);
    assert_int_equal(rh_id_parse("{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}", id),
                     RH_ERR_INVALID);
    assert_int_equal(id[0], 9); /* untouched */
}

static void test_id_zero(void **state)
{
    (void)state;
    uint8_t id[RH_ID_BYTES] = { 0 };
    assert_true(rh_id_is_zero(id));
    id[RH_ID_BYTES - 1] = 0x80;
    assert_false(rh_id_is_zero(id));
}

static enum rh_err agency(const char *text)
{
    struct rh_agency_id out;
    enum rh_err err = rh_agency_id_parse(text, strlen(text), &out);
    if (err == RH_OK)
        assert_string_equal(out.text, text);
    return err;
}

static void test_agency_id_form(void **state)
{
    (void)state;
    static const char *const good[] = { "court.620423",        "procuratorate.62",
                                        "a.620423001002",      "petitions_2.610100",
                                        "police.xian",         "abcdefghijklmnopqrst.12",
                                        "court.a",             "court.abcdefghijkl" };
    static const char *const bad[] = {
        "",          ".",          "court",         "court.",
        ".620423",   "Court.62",   "2court.62",     "_court.62",
        "co-urt.62", "court.6",    "court.62 ",     " court.62",
        "court.62a", "court.62.1", "court.Xian",    "court.xi_an",
        "court/62",  "co\xC3\xBCrt.62", "court.6204230010021", "court.abcdefghijklm",
        "abcdefghijklmnopqrstu.62", "court.620423\n", "../etc.62",
        "court.\xEF\xBC\x96\xEF\xBC\x92",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (agency(good[i]) != RH_OK)
            fail_msg("refused: %s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (agency(bad[i]) != RH_ERR_INVALID)
            fail_msg("accepted: %s", bad[i]);
    }
    struct rh_agency_id out;
    assert_int_equal(rh_agency_id_parse("court.62\0x", 10, &out), RH_ERR_INVALID);
    assert_int_equal(rh_agency_id_parse(NULL, 0, &out), RH_ERR_INVALID);
    assert_int_equal(rh_agency_id_parse("court.6204239", 12, &out), RH_OK); /* bytes count */
    assert_string_equal(out.text, "court.620423");
}

static void test_agency_role_is_the_first_part(void **state)
{
    (void)state;
    struct rh_agency_id id;
    char role[21];
    assert_int_equal(rh_agency_id_parse("abcdefghijklmnopqrst.12", 23, &id), RH_OK);
    rh_agency_role(&id, role);
    assert_string_equal(role, "abcdefghijklmnopqrst");
    memset(id.text, 'x', RH_AGENCY_BYTES_MAX); /* never parsed: still inside the buffer */
    id.text[RH_AGENCY_BYTES_MAX] = '\0';
    rh_agency_role(&id, role);
    assert_int_equal(strlen(role), 20);
}

static struct rh_hub_id hub(const char *text)
{
    struct rh_hub_id out;
    assert_int_equal(rh_hub_id_parse(text, strlen(text), &out), RH_OK);
    assert_string_equal(out.text, text);
    return out;
}

static void test_hub_id_form(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "hub",          "hub.",         "hub.6",           "hub.xian",
        "hubs.62",    "test",         "test.",        "court.62",        "hub.62/1",
        "hub.62/",    "hub.62/02",    "hub.62/0",     "hub.62/4294967296", "hub.62/-2",
        "hub.62/2/3", "hub.62/2 ",    "Hub.62",       "test.Demo",       "test.demo/1",
        "/2",         "test./2",      "hub.62/99999999999",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rh_hub_id out;
        if (rh_hub_id_parse(bad[i], strlen(bad[i]), &out) != RH_ERR_INVALID)
            fail_msg("accepted: %s", bad[i]);
    }
    struct rh_hub_id real = hub("hub.620423");
    struct rh_hub_id test = hub("test.demo");
    struct rh_hub_id last = hub("test.620423001002/4294967295");
    assert_false(rh_hub_id_is_test(&real));
    assert_true(rh_hub_id_is_test(&test));
    assert_int_equal(rh_hub_id_generation(&real), 1);
    assert_true(rh_hub_id_generation(&last) == UINT32_MAX);
}

static void test_hub_id_moves_between_generations(void **state)
{
    (void)state;
    struct rh_hub_id id = hub("hub.620423");
    rh_hub_id_with_generation(&id, 2, &id);
    assert_string_equal(id.text, "hub.620423/2");
    assert_int_equal(rh_hub_id_generation(&id), 2);
    rh_hub_id_with_generation(&id, UINT32_MAX, &id);
    assert_string_equal(id.text, "hub.620423/4294967295");
    rh_hub_id_with_generation(&id, 1, &id);
    assert_string_equal(id.text, "hub.620423");
}

/* Text that never went through rh_hub_id_parse has no generation, and stops nothing. */
static void test_hub_id_without_form_has_no_generation(void **state)
{
    (void)state;
    struct rh_hub_id id = { "hub.62/x" };
    assert_int_equal(rh_hub_id_generation(&id), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_id_matches_the_rfc_example),
        cmocka_unit_test(test_id_order_is_time_order),
        cmocka_unit_test(test_id_of_a_far_future_stays_the_last),
        cmocka_unit_test(test_id_text_comes_back),
        cmocka_unit_test(test_id_parse_refuses_other_shapes),
        cmocka_unit_test(test_id_zero),
        cmocka_unit_test(test_agency_id_form),
        cmocka_unit_test(test_agency_role_is_the_first_part),
        cmocka_unit_test(test_hub_id_form),
        cmocka_unit_test(test_hub_id_moves_between_generations),
        cmocka_unit_test(test_hub_id_without_form_has_no_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
