/* Screening: what repeats what, what makes a hot spot, and which code a petitioner gets. If it
 * failed, a leader would not be asked for a matter that comes the fifth time, or an accused
 * unit would learn of an accusation by a mark on something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/town.h"

static struct rh_hash hash_of(const char *text)
{
    struct rh_hash out;
    rh_hash_parts(&(struct rh_bytes){ (const uint8_t *)text, strlen(text) }, 1, &out);
    return out;
}

static void repeat_rule(struct rht_world *w, const char *id, uint32_t match, uint32_t days)
{
    struct rh_repeat *rule = &w->rules->repeats[w->rules->repeat_count++];
    strcpy(rule->id, id);
    rule->version = 3;
    rule->match = match;
    rule->window_days = days;
    rule->area_digits = match == RH_MATCH_PLACE ? 9 : 0;
}

static void all_rules(struct rht_world *w)
{
    repeat_rule(w, "place", RH_MATCH_PLACE, 30);
    repeat_rule(w, "person", RH_MATCH_PERSON, 365);
    repeat_rule(w, "matter", RH_MATCH_MATTER, 0);
    repeat_rule(w, "both", RH_MATCH_PERSON | RH_MATCH_MATTER, 0);
}

/* register with a person, a matter (NULL none) and an area. */
static struct rh_public *draft(struct rht_world *w, uint64_t number, const char *person,
                               const char *matter, const char *area)
{
    struct rh_public *item = rht_world_item(w, RH_KIND_REGISTER, number);
    strcpy(item->procedure, "petition");
    strcpy(item->category, "labour.wages");
    strcpy(item->area, area);
    strcpy(item->source, "visit");
    if (person != NULL) {
        item->person_count = 1;
        item->persons[0] = hash_of(person);
    }
    if (matter != NULL)
        item->matter = hash_of(matter);
    return item;
}

static void enter(struct rht_town *t, uint64_t number, const char *person, const char *matter)
{
    (void)draft(t->w, number, person, matter, "620423");
    OK(rht_world_send(t->w, t->petitions));
}

static void hit_is(struct rht_world *w, uint64_t number, uint32_t at, const char *rule,
                   enum rh_relation relation, uint64_t earlier)
{
    const struct hub_referral *row = rht_world_row(w, number);
    struct rh_referral_id id = rht_referral_id(earlier);
    assert_true(row->hit_count > at);
    assert_string_equal(row->hits[at].rule, rule);
    assert_int_equal(row->hits[at].rule_version, 3);
    assert_int_equal(row->hits[at].relation, relation);
    assert_memory_equal(&row->hits[at].id, &id, sizeof id);
}

static void test_three_relations_are_kept_apart(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    all_rules(w);
    enter(t, 1, "wang", "wages");
    assert_int_equal(rht_world_row(w, 1)->hit_count, 0);
    assert_false(rht_world_row(w, 1)->repeat);
    enter(t, 2, "li", "wages");
    hit_is(w, 2, 0, "matter", RH_RELATION_SAME_MATTER, 1);
    assert_false(rht_world_row(w, 2)->repeat);
    enter(t, 3, "wang", "land");
    hit_is(w, 3, 0, "person", RH_RELATION_SAME_PERSON, 1);
    assert_int_equal(rht_world_row(w, 3)->hit_count, 1);
    assert_false(rht_world_row(w, 3)->repeat);
    enter(t, 4, "wang", "wages");
    hit_is(w, 4, 0, "both", RH_RELATION_REPEAT, 1);
    assert_true(rht_world_row(w, 4)->repeat);
    struct rh_referral_id first = rht_referral_id(1);
    assert_memory_equal(&rht_world_row(w, 4)->repeat_of, &first, sizeof first);
    STATE_IS(t, 4, REGISTERED); /* it marks, it does not drop */
}

static void test_a_window_ends_and_a_place_has_a_level(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    all_rules(w);
    (void)draft(w, 1, "wang", NULL, "620423101201");
    OK(rht_world_send(w, t->petitions));
    (void)draft(w, 2, "li", NULL, "620423101");
    OK(rht_world_send(w, t->petitions));
    hit_is(w, 2, 0, "place", RH_RELATION_RELATED, 1);
    (void)draft(w, 3, "zhao", NULL, "620423102");
    OK(rht_world_send(w, t->petitions));
    assert_int_equal(rht_world_row(w, 3)->hit_count, 0);
    rht_world_until(w, w->now_ms + 31 * RH_DAY_MS);
    (void)draft(w, 4, "sun", NULL, "620423101");
    OK(rht_world_send(w, t->petitions));
    assert_int_equal(rht_world_row(w, 4)->hit_count, 0);
    (void)draft(w, 5, "wang", NULL, "620423");
    OK(rht_world_send(w, t->petitions));
    hit_is(w, 5, 0, "person", RH_RELATION_SAME_PERSON, 1);
    rht_world_until(w, w->now_ms + 400 * RH_DAY_MS);
    (void)draft(w, 6, "wang", NULL, "620423");
    OK(rht_world_send(w, t->petitions));
    assert_int_equal(rht_world_row(w, 6)->hit_count, 0);
}

static void test_sealed_matters_are_found_by_nobody(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    all_rules(w);
    enter(t, 1, "wang", "wages");
    OK(rht_world_step(w, t->petitions, RH_KIND_SEAL, 1, "minor"));
    enter(t, 2, "wang", "wages");
    assert_int_equal(rht_world_row(w, 2)->hit_count, 0);
    assert_false(rht_world_row(w, 2)->repeat);
    OK(rht_world_step(w, t->petitions, RH_KIND_UNSEAL, 1, NULL));
    enter(t, 3, "wang", "wages");
    assert_int_equal(rht_world_row(w, 3)->hit_count, 2);
}

/* Whoever must not learn of the earlier one must not learn of the new one either. */
static void test_an_accusation_is_found_only_by_the_same_accusation(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    all_rules(w);
    struct rh_public *item = draft(w, 1, "wang", "beating", "620423");
    item->accused_count = 1;
    item->accused[0] = rht_world_unit(w, t->police);
    OK(rht_world_send(w, t->petitions));

    enter(t, 2, "wang", "beating");
    assert_int_equal(rht_world_row(w, 2)->hit_count, 0);
    assert_false(rht_world_row(w, 2)->repeat);

    item = draft(w, 3, "wang", "beating", "620423");
    item->accused_count = 2;
    item->accused[0] = rht_world_unit(w, t->court);
    item->accused[1] = rht_world_unit(w, t->police);
    OK(rht_world_send(w, t->petitions));
    assert_true(rht_world_row(w, 3)->repeat);
}

/* What somebody may not see is marked, but not told. */
static void test_a_hit_is_told_to_whoever_may_know(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    all_rules(w);
    enter(t, 1, "wang", "wages");
    (void)draft(w, 2, "wang", "wages", "620423");
    OK(rht_world_send(w, t->procuratorate));
    assert_true(rht_world_row(w, 2)->repeat);
    assert_false(rht_world_row(w, 2)->hits[0].told);
    assert_int_equal(rht_world_waiting(w, t->procuratorate), 0);
    enter(t, 3, "wang", "wages");
    assert_true(rht_world_row(w, 3)->hit_count == 2);
    assert_int_equal(rht_world_waiting(w, t->petitions), 1);
}

static void test_a_code_is_given_once_and_tells_nothing(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct rh_public *item = draft(w, 1, NULL, NULL, "620423");
    item->reply_owed = true;
    OK(rht_world_send(w, t->petitions));
    enter(t, 2, NULL, NULL);
    const char *one = rht_world_row(w, 1)->query_code, *two = rht_world_row(w, 2)->query_code;
    assert_int_equal(strlen(one), HUB_QUERY_CODE_BYTES - 1);
    assert_int_equal(strspn(one, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-"), strlen(one));
    assert_true(one[4] == '-' && one[9] == '-');
    assert_string_not_equal(one, two);
    assert_int_equal(rht_world_waiting(w, t->petitions), 1); /* the one a petitioner waits for */
}

static void hot_rule(struct rht_world *w, const char *to)
{
    struct rh_hotspot *rule = &w->rules->hotspots[w->rules->hotspot_count++];
    strcpy(rule->id, "wages");
    rule->version = 2;
    strcpy(rule->category, "labour.*");
    strcpy(rule->to, to);
    rule->area_digits = 6;
    rule->threshold = 3;
    rule->window_days = 10;
}

static void test_a_hot_spot_warns_once_in_a_window(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    hot_rule(w, "procuratorate.");
    enter(t, 1, NULL, NULL);
    enter(t, 2, NULL, NULL);
    assert_int_equal(rht_world_waiting(w, t->procuratorate), 0);
    rht_world_until(w, w->now_ms + 3 * RH_DAY_MS);
    enter(t, 3, NULL, NULL);
    assert_int_equal(w->out->hots[0].warned_count, 3);
    assert_int_equal(w->out->hots[0].to, t->procuratorate);
    assert_int_equal(rht_world_waiting(w, t->procuratorate), 1);
    assert_int_equal(rht_world_waiting(w, t->city), 1);
    enter(t, 4, NULL, NULL);
    assert_int_equal(rht_world_waiting(w, t->procuratorate), 1);
    /* Eleven days later the first three days are outside: 1 and 2 no longer count. */
    rht_world_until(w, w->now_ms + 9 * RH_DAY_MS);
    enter(t, 5, NULL, NULL);
    assert_int_equal(rht_world_waiting(w, t->procuratorate), 1);
    rht_world_until(w, w->now_ms + RH_DAY_MS);
    enter(t, 6, NULL, NULL);
    enter(t, 7, NULL, NULL);
    assert_int_equal(rht_world_waiting(w, t->procuratorate), 2);
    assert_int_equal(w->out->hots[0].warned_count, 3);
}

static void test_sealed_and_accusing_matters_heat_nothing(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    hot_rule(w, "police.");
    enter(t, 1, NULL, NULL);
    OK(rht_world_step(w, t->petitions, RH_KIND_SEAL, 1, "minor"));
    for (uint64_t i = 2; i <= 4; i++) {
        struct rh_public *item = draft(w, i, NULL, NULL, "620423");
        item->accused_count = 1;
        item->accused[0] = rht_world_unit(w, t->police);
        OK(rht_world_send(w, t->petitions));
    }
    enter(t, 5, NULL, NULL);
    enter(t, 6, NULL, NULL);
    assert_int_equal(rht_world_waiting(w, t->police), 0);
    enter(t, 7, NULL, NULL);
    assert_int_equal(rht_world_waiting(w, t->police), 1);
}

/* However often somebody has come: eight are looked at, four kept. */
static void test_reads_stay_bounded(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    all_rules(w);
    for (uint64_t i = 1; i <= 40; i++)
        enter(t, i, "wang", "wages");
    assert_true(rht_world_row(w, 40)->hit_count <= HUB_HITS_MAX);
    hit_is(w, 40, 0, "both", RH_RELATION_REPEAT, 39);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RHT_TOWN_TEST(test_three_relations_are_kept_apart),
        RHT_TOWN_TEST(test_a_window_ends_and_a_place_has_a_level),
        RHT_TOWN_TEST(test_sealed_matters_are_found_by_nobody),
        RHT_TOWN_TEST(test_an_accusation_is_found_only_by_the_same_accusation),
        RHT_TOWN_TEST(test_a_hit_is_told_to_whoever_may_know),
        RHT_TOWN_TEST(test_a_code_is_given_once_and_tells_nothing),
        RHT_TOWN_TEST(test_a_hot_spot_warns_once_in_a_window),
        RHT_TOWN_TEST(test_sealed_and_accusing_matters_heat_nothing),
        RHT_TOWN_TEST(test_reads_stay_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
