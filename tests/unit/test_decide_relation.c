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

static uint32_t merge(struct rht_town *t, uint32_t agency, uint64_t number, uint64_t master)
{
    rht_world_item(t->w, RH_KIND_MERGE, number)->other_id = rht_referral_id(master);
    return rht_world_send(t->w, agency);
}

static uint32_t replies(struct rht_town *t, uint32_t to, uint64_t number)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->w->queue_count; i++) {
        const struct hub_queued *queued = &t->w->queue[i];
        count += queued->to == to && queued->rno == number && queued->kind == RH_KIND_REPLY;
    }
    return count;
}

/* The matter of one person was merged into that of another, who then wants hers back: that
 * would leave the first without an answer. */
static void test_a_master_is_answered_not_withdrawn(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_register(w, t->petitions, 2, "petition"));
    OK(merge(t, t->petitions, 1, 2));
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_WITHDRAW, 2, NULL), CHILD_OPEN);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 2, t->court));
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_WITHDRAW, 2, NULL), CHILD_OPEN);
    OK(rht_world_step(w, t->petitions, RH_KIND_RECALL, 2, NULL)); /* back, and open */
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_WITHDRAW, 2, NULL), CHILD_OPEN);
    HOLDER_IS(t, 2, petitions);
}

/* Merged, and merged on, and passed on: each of those who asked gets the answer. */
static void test_who_was_merged_gets_the_answer(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    memcpy(w->agencies[t->discipline - HUB_AGENCY_FIRST].role, "petitions", 10);
    OK(rht_world_register(w, t->discipline, 1, "petition"));
    OK(rht_world_dispatch(w, t->discipline, RH_KIND_FORWARD, 1, t->court));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_register(w, t->city, 2, "petition"));
    OK(rht_world_dispatch(w, t->city, RH_KIND_FORWARD, 2, t->court));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 2, NULL));
    accepted_by(t, 3, t->court);
    OK(merge(t, t->court, 1, 2));
    OK(merge(t, t->court, 2, 3));
    (void)with_child(t, RH_KIND_TRANSFER_ON, 3, 4, t->police, false);
    OK(rht_world_send(w, t->court));
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 4, NULL));
    OK(rht_world_step(w, t->police, RH_KIND_ACCEPT, 4, NULL));
    OK(rht_world_step(w, t->police, RH_KIND_CONCLUDE, 4, "x"));
    OK(rht_world_step(w, t->police, RH_KIND_REPLY, 4, NULL));
    assert_int_equal(replies(t, t->petitions, 4), 1);
    assert_int_equal(replies(t, t->city, 4), 1);
    assert_int_equal(replies(t, t->discipline, 4), 1);
}

/* What is answered takes in only what the same office asks: others would hear nothing. */
static void test_an_answered_master_takes_no_strangers(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    accepted_by(t, 1, t->court);
    OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 1, "x"));
    OK(rht_world_step(w, t->court, RH_KIND_REPLY, 1, NULL));
    HOLDER_IS(t, 1, petitions);
    OK(rht_world_register(w, t->petitions, 2, "petition"));
    OK(merge(t, t->petitions, 2, 1));
    OK(rht_world_register(w, t->city, 3, "petition"));
    OK(rht_world_dispatch(w, t->city, RH_KIND_FORWARD, 3, t->petitions));
    rht_world_receive(w, t->petitions);
    OK(rht_world_step(w, t->petitions, RH_KIND_SIGN, 3, NULL));
    REFUSED(merge(t, t->petitions, 3, 1), WRONG_STATE);
}

/* A reply that the merged matter owed is owed by the master. */
static void test_a_debt_is_merged_too(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    accepted_by(t, 1, t->court);
    accepted_by(t, 2, t->court);
    assert_true(rht_world_row(w, 1)->reply_owed);
    rht_world_row(w, 2)->reply_owed = false;
    OK(merge(t, t->court, 1, 2));
    OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 2, "x"));
    REFUSED(rht_world_step(w, t->court, RH_KIND_CLOSE, 2, NULL), PROCEDURE_FORBIDS);
    OK(rht_world_step(w, t->court, RH_KIND_REPLY, 2, NULL));
}

/* Only the lead of open parts can let them go: it keeps its matter until then. */
static void test_a_parent_is_not_withdrawn_under_its_parts(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    accepted_by(t, 1, t->procuratorate);
    (void)with_child(t, RH_KIND_SPLIT, 1, 2, t->court, true);
    OK(rht_world_send(w, t->procuratorate));
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_WITHDRAW, 1, NULL), CHILD_OPEN);
    struct rh_public *item = rht_world_item(w, RH_KIND_RELEASE, 1);
    item->other_id = rht_referral_id(2);
    memcpy(item->code, "withdrawn", 10);
    OK(rht_world_send(w, t->procuratorate));
    OK(rht_world_step(w, t->petitions, RH_KIND_WITHDRAW, 1, NULL));
}

/* 终结 is no way around what a closing waits for. */
static void test_a_matter_under_review_is_not_terminated(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    accepted_by(t, 1, t->court);
    OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 1, "x"));
    OK(rht_world_step(w, t->court, RH_KIND_REPLY, 1, NULL));
    (void)with_child(t, RH_KIND_REVIEW_REQUEST, 1, 2, t->city, false);
    OK(rht_world_send(w, t->petitions));
    REFUSED(rht_world_step(w, t->city, RH_KIND_TERMINATE, 1, NULL), CHILD_OPEN);
    OK(rht_world_step(w, t->city, RH_KIND_SIGN, 2, NULL));
    OK(rht_world_step(w, t->city, RH_KIND_ACCEPT, 2, NULL));
    OK(rht_world_step(w, t->city, RH_KIND_CONCLUDE, 2, "upheld"));
    OK(rht_world_step(w, t->city, RH_KIND_TERMINATE, 1, NULL));
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
        RHT_TOWN_TEST(test_a_master_is_answered_not_withdrawn),
        RHT_TOWN_TEST(test_who_was_merged_gets_the_answer),
        RHT_TOWN_TEST(test_an_answered_master_takes_no_strangers),
        RHT_TOWN_TEST(test_a_debt_is_merged_too),
        RHT_TOWN_TEST(test_a_parent_is_not_withdrawn_under_its_parts),
        RHT_TOWN_TEST(test_a_matter_under_review_is_not_terminated),
        RHT_TOWN_TEST(test_a_review_keeps_the_matter_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
