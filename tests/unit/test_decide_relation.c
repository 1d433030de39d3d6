/* One matter and others: passed on, split, merged, reviewed. The counters of a parent must
 * never drift from its children (the world checks that after every event). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/town.h"

static void accepted_by(struct rht_town *t, uint64_t number, uint32_t agency)
{
    OK(rht_world_register(t->w, t->petitions, number, "petition"));
    OK(rht_world_dispatch(t->w, t->petitions, RH_KIND_FORWARD, number, agency));
    OK(rht_world_step(t->w, agency, RH_KIND_SIGN, number, NULL));
    OK(rht_world_step(t->w, agency, RH_KIND_ACCEPT, number, NULL));
}

static struct rh_public *with_child(struct rht_town *t, enum rh_kind kind, uint64_t number,
                                    uint64_t child, uint32_t to, bool mandatory)
{
    struct rh_public *item = rht_world_item(t->w, kind, number);
    item->child_count = 1;
    item->children[0].id = rht_referral_id(child);
    item->children[0].to = t->w->agencies[to - HUB_AGENCY_FIRST].id;
    item->children[0].mandatory = mandatory;
    return item;
}

/* SC-02: mandatory helpers block the conclusion until they conclude or are released. */
static void test_a_split_blocks_the_conclusion(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    accepted_by(t, 1, t->procuratorate);
    struct rh_public *item = rht_world_item(w, RH_KIND_SPLIT, 1);
    item->child_count = 3;
    const uint32_t helpers[] = { t->court, t->police, t->petitions };
    for (uint32_t i = 0; i < 3; i++) {
        item->children[i].id = rht_referral_id(11 + i);
        item->children[i].to = w->agencies[helpers[i] - HUB_AGENCY_FIRST].id;
        item->children[i].mandatory = i < 2;
    }
    OK(rht_world_send(w, t->procuratorate));
    assert_int_equal(rht_world_row(w, 1)->child_open, 2);
    assert_string_equal(rht_world_row(w, 13)->number, "R-2026-000004");
    REFUSED(rht_world_step(w, t->procuratorate, RH_KIND_CONCLUDE, 1, "x"), CHILD_OPEN);

    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 11, NULL));
    OK(rht_world_step(w, t->court, RH_KIND_ACCEPT, 11, NULL));
    OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 11, "agreement"));
    assert_int_equal(rht_world_row(w, 1)->child_open, 1);
    OK(rht_world_step(w, t->police, RH_KIND_OBJECT, 12, "not-ours"));
    item = rht_world_item(w, RH_KIND_RELEASE, 1);
    item->other_id = rht_referral_id(12);
    REFUSED(rht_world_send(w, t->procuratorate), REASONS_MISSING);
    memcpy(item->code, "not-needed", 11);
    OK(rht_world_send(w, t->procuratorate));
    REFUSED(rht_world_step(w, t->procuratorate, RH_KIND_SPLIT, 1, NULL), FIELD_MISSING);
    OK(rht_world_step(w, t->procuratorate, RH_KIND_CONCLUDE, 1, "agreement"));
}

static void test_a_rejected_helper_blocks_again(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    accepted_by(t, 1, t->procuratorate);
    (void)with_child(t, RH_KIND_SPLIT, 1, 2, t->court, true);
    OK(rht_world_send(w, t->procuratorate));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 2, NULL));
    OK(rht_world_step(w, t->court, RH_KIND_ACCEPT, 2, NULL));
    OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 2, "x"));
    OK(rht_world_step(w, t->court, RH_KIND_CLOSE, 2, NULL)); /* the lead owes the one reply */
    OK(rht_world_step(w, t->procuratorate, RH_KIND_REOPEN, 2, "incomplete"));
    assert_int_equal(rht_world_row(w, 1)->child_open, 1);
    REFUSED(rht_world_step(w, t->procuratorate, RH_KIND_CONCLUDE, 1, "x"), CHILD_OPEN);
}

/* Passed on: the matter continues as another with the same root and the same first day. */
static void test_transfer_on_continues_as_a_child(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    accepted_by(t, 1, t->court);
    w->now_ms += 10 * RH_DAY_MS;
    (void)with_child(t, RH_KIND_TRANSFER_ON, 1, 2, t->police, false);
    OK(rht_world_send(w, t->court));
    STATE_IS(t, 1, TRANSFERRED);
    STATE_IS(t, 2, DISPATCHED);
    HOLDER_IS(t, 2, court);
    const struct hub_referral *child = rht_world_row(w, 2);
    assert_memory_equal(&child->root, &rht_world_row(w, 1)->root, RH_ID_BYTES);
    assert_int_equal(child->origin, t->petitions);
    assert_int_equal(child->registered_ms, rht_at(2026, 3, 2, 9));
    assert_true(child->reply_owed);
    assert_true(rht_world_waiting(w, t->petitions) > 0); /* the origin is told */
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 2, NULL));
    (void)with_child(t, RH_KIND_TRANSFER_ON, 2, 1, t->court, false);
    REFUSED(rht_world_send(w, t->police), REFERRAL_EXISTS);
    (void)with_child(t, RH_KIND_TRANSFER_ON, 2, 3, t->police, false);
    REFUSED(rht_world_send(w, t->police), ROUTE_FORBIDDEN);
}

/* A helper passes its part on: the lead still waits for it. */
static void test_a_part_passed_on_still_counts(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    accepted_by(t, 1, t->procuratorate);
    (void)with_child(t, RH_KIND_SPLIT, 1, 2, t->court, true);
    OK(rht_world_send(w, t->procuratorate));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 2, NULL));
    (void)with_child(t, RH_KIND_TRANSFER_ON, 2, 3, t->police, false);
    OK(rht_world_send(w, t->court));
    assert_int_equal(rht_world_row(w, 1)->child_open, 1);
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 3, NULL));
    OK(rht_world_step(w, t->police, RH_KIND_ACCEPT, 3, NULL));
    OK(rht_world_step(w, t->police, RH_KIND_CONCLUDE, 3, "x"));
    assert_int_equal(rht_world_row(w, 1)->child_open, 0);
    OK(rht_world_step(w, t->procuratorate, RH_KIND_CONCLUDE, 1, "x"));
}

static void test_merging_needs_a_master_one_holds(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    accepted_by(t, 1, t->court);
    accepted_by(t, 2, t->court);
    accepted_by(t, 3, t->police);
    struct rh_public *item = rht_world_item(w, RH_KIND_MERGE, 1);
    item->other_id = rht_referral_id(1);
    REFUSED(rht_world_send(w, t->court), FIELD_INVALID);
    item->other_id = rht_referral_id(3);
    REFUSED(rht_world_send(w, t->court), UNKNOWN_REFERRAL);
    item->other_id = rht_referral_id(2);
    REFUSED(rht_world_send(w, t->petitions), WRONG_ACTOR);
    OK(rht_world_send(w, t->court));
    STATE_IS(t, 1, MERGED);
    REFUSED(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 1, "x"), WRONG_STATE);
    OK(rht_world_step(w, t->court, RH_KIND_ARCHIVE, 1, NULL));
}

/* 复查: a child at the superior; the hub does not close the parent while it is open. */
static void test_a_review_keeps_the_matter_open(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    accepted_by(t, 1, t->court);
    OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 1, "x"));
    OK(rht_world_step(w, t->court, RH_KIND_REPLY, 1, NULL));
    (void)with_child(t, RH_KIND_REVIEW_REQUEST, 1, 2, t->police, false);
    REFUSED(rht_world_send(w, t->petitions), ROUTE_FORBIDDEN);
    (void)with_child(t, RH_KIND_REVIEW_REQUEST, 1, 2, t->city, false);
    OK(rht_world_send(w, t->petitions));
    CLOCK_IS(t, 1, "remedy", MET);
    assert_int_equal(rht_world_row(w, 1)->review_open, 1);
    REFUSED(rht_world_step(w, t->court, RH_KIND_CLOSE, 1, NULL), CHILD_OPEN);
    (void)with_child(t, RH_KIND_REVIEW_REQUEST, 1, 3, t->city, false);
    REFUSED(rht_world_send(w, t->petitions), PROCEDURE_FORBIDS);
    OK(rht_world_step(w, t->city, RH_KIND_SIGN, 2, NULL));
    OK(rht_world_step(w, t->city, RH_KIND_ACCEPT, 2, NULL));
    OK(rht_world_step(w, t->city, RH_KIND_CONCLUDE, 2, "upheld"));
    assert_int_equal(rht_world_row(w, 1)->review_open, 0);
    OK(rht_world_step(w, t->court, RH_KIND_CLOSE, 1, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RHT_TOWN_TEST(test_a_split_blocks_the_conclusion),
        RHT_TOWN_TEST(test_a_rejected_helper_blocks_again),
        RHT_TOWN_TEST(test_transfer_on_continues_as_a_child),
        RHT_TOWN_TEST(test_a_part_passed_on_still_counts),
        RHT_TOWN_TEST(test_merging_needs_a_master_one_holds),
        RHT_TOWN_TEST(test_a_review_keeps_the_matter_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
