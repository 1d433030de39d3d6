/* Subscriptions: who hears of what, and how much of it. If this failed, a department would read
 * what was not given to it, an accused unit would learn of the accusation, or a sealed matter
 * would go on being told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/step.h"
#include "support/town.h"

/* The only share of the last event; NULL when there is none. */
static const struct hub_share_out *share_of(const struct rht_world *w)
{
    assert_true(w->out->share_count <= 1);
    return w->out->share_count == 0 ? NULL : &w->out->shares[0];
}

static uint32_t shared(const struct rht_world *w)
{
    return w->out->share_count;
}

static struct rh_public *draft(struct rht_world *w, uint64_t number, const char *category,
                               const char *area)
{
    struct rh_public *item = rht_world_item(w, RH_KIND_REGISTER, number);
    snprintf(item->procedure, sizeof item->procedure, "petition");
    snprintf(item->category, sizeof item->category, "%s", category);
    snprintf(item->area, sizeof item->area, "%s", area);
    snprintf(item->source, sizeof item->source, "visit");
    return item;
}

static void enter(struct rht_town *t, uint64_t number, const char *category, const char *area)
{
    (void)draft(t->w, number, category, area);
    OK(rht_world_send(t->w, t->petitions));
}

static void mask(struct hub_subscription *row, enum hub_share_field field, enum hub_mask mask)
{
    assert_true(hub_mask_fits(field, mask));
    row->masks[field] = (uint8_t)mask;
}

/* Everything in full: what there is to mask, and that nothing else is in a notice. */
static struct hub_subscription *subscribe_whole(struct rht_town *t, enum rh_kind event)
{
    struct hub_subscription *row = rht_world_subscribe(t->w, t->court, "", "", event);
    for (unsigned field = 0; field < HUB_SHARE_FIELDS; field++)
        mask(row, (enum hub_share_field)field, HUB_MASK_FULL);
    return row;
}

static void test_in_full_every_field_is_told(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    (void)subscribe_whole(t, RH_KIND_REGISTER);
    enter(t, 1, "labour.wage-arrears", "620423101");
    const struct hub_referral *row = rht_world_row(w, 1);
    const struct hub_share_out *share = share_of(w);
    assert_non_null(share);
    assert_int_equal(share->event, RH_KIND_REGISTER);
    assert_int_equal(share->subscription, 1);
    assert_string_equal(share->reference, row->number);
    assert_string_equal(share->procedure, "petition");
    assert_string_equal(share->category, "labour.wage-arrears");
    assert_string_equal(share->area, "620423101");
    assert_string_equal(share->source, "visit");
    assert_int_equal(share->date_ms, w->now_ms);
    assert_int_equal(share->state, RH_STATE_REGISTERED);
    assert_string_equal(share->holder, "petitions.620423");
    assert_int_equal(share->due_ms, hub_referral_due(row, row->holder));
    assert_true(share->due_ms != 0);
    const struct hub_delivery_out *delivery = &w->out->deliveries[share->place];
    assert_int_equal(delivery->to, t->court);
    assert_int_equal(delivery->from, HUB_AGENCY_HUB);
    assert_int_equal(delivery->kind, RH_KIND_SHARED);
    assert_int_equal(delivery->rno, 0);
    assert_false(hub_row_is_party(row, t->court));
}

static void test_what_nobody_named_is_absent(void **state)
{
    struct rht_town *t = *state;
    struct hub_share_out empty;
    (void)rht_world_subscribe(t->w, t->court, "", "", RH_KIND_REGISTER);
    enter(t, 1, "labour.wage-arrears", "620423101");
    const struct hub_share_out *share = share_of(t->w);
    assert_non_null(share);
    memset(&empty, 0, sizeof empty);
    empty.place = share->place;
    empty.subscription = 1;
    empty.event = RH_KIND_REGISTER;
    empty.date_ms = rht_at(2026, 3, 1, 0); /* the world is at 2 March */
    empty.date_mask = HUB_MASK_MONTH;
    assert_memory_equal(share, &empty, sizeof empty);
}

static void test_each_mask_lets_through_what_it_says(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct hub_subscription *row = rht_world_subscribe(w, t->court, "", "", RH_KIND_REGISTER);
    static const struct {
        enum hub_mask mask;
        const char *text;
    } areas[] = { { HUB_MASK_FULL, "620423101202" }, { HUB_MASK_COUNTY, "620423" },
                  { HUB_MASK_CITY, "6204" },         { HUB_MASK_PROVINCE, "62" },
                  { HUB_MASK_ABSENT, "" } };
    uint64_t number = 1;
    for (unsigned i = 0; i < 5; i++) {
        mask(row, HUB_SHARE_AREA, areas[i].mask);
        enter(t, number++, "labour", "620423101202");
        assert_string_equal(share_of(w)->area, areas[i].text);
    }
    mask(row, HUB_SHARE_CATEGORY, HUB_MASK_TOP);
    mask(row, HUB_SHARE_HOLDER, HUB_MASK_ROLE);
    mask(row, HUB_SHARE_DATE, HUB_MASK_DAY);
    mask(row, HUB_SHARE_DUE, HUB_MASK_DAY);
    enter(t, number, "labour.wage-arrears.construction", "620423");
    const struct hub_share_out *share = share_of(w);
    uint64_t due_ms = hub_referral_due(rht_world_row(w, number), t->petitions);
    assert_string_equal(share->category, "labour");
    assert_string_equal(share->holder, "petitions");
    assert_int_equal(share->date_ms, rht_at(2026, 3, 2, 0));
    assert_int_equal(share->due_ms, rh_date_start_ms(rh_date_of_instant(due_ms - 1)));
    assert_int_equal(share->due_mask, HUB_MASK_DAY);
}

/* With the code one can count matters and follow one of them; nothing else leads from it. */
static void test_a_code_is_of_one_matter_and_one_subscription(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    char first[HUB_REFERENCE_BYTES];
    struct hub_subscription *row = rht_world_subscribe(w, t->court, "", "", RH_KIND_REGISTER);
    rh_kind_add(&row->events, RH_KIND_FORWARD);
    mask(row, HUB_SHARE_REFERENCE, HUB_MASK_CODE);
    enter(t, 1, "labour", "620423");
    memcpy(first, share_of(w)->reference, sizeof first);
    assert_int_equal(strlen(first), 16);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
    assert_string_equal(share_of(w)->reference, first);
    enter(t, 2, "labour", "620423");
    assert_string_not_equal(share_of(w)->reference, first);
    row->number = 2;
    rht_world_receive(w, t->police);
    row->events.bits[0] = row->events.bits[1] = 0;
    rh_kind_add(&row->events, RH_KIND_SIGN);
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 1, NULL));
    assert_int_equal(strlen(share_of(w)->reference), 16);
    assert_string_not_equal(share_of(w)->reference, first);
}

static void test_a_topic_takes_in_what_is_below_it(void **state)
{
    struct rht_town *t = *state;
    static const struct {
        const char *area, *category;
        bool meets;
    } topics[] = {
        { "", "", true },
        { "62", "", true },
        { "6204", "labour", true },
        { "620423", "labour.wage-arrears", true },
        { "620423101", "labour", true },
        { "620423101202", "labour", false },
        { "620423102", "labour", false },
        { "63", "", false },
        { "", "labour.wage", false },
        { "", "lab", false },
        { "", "labour.wage-arrears.construction", false },
    };
    for (unsigned i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        t->w->subscription_count = 0;
        (void)rht_world_subscribe(t->w, t->court, topics[i].area, topics[i].category,
                                  RH_KIND_REGISTER);
        enter(t, i + 1, "labour.wage-arrears", "620423101");
        if (shared(t->w) != (topics[i].meets ? 1 : 0))
            fail_msg("topic '%s' '%s'", topics[i].area, topics[i].category);
    }
}

static void test_of_two_topics_the_narrower_decides(void **state)
{
    struct rht_town *t = *state;
    (void)subscribe_whole(t, RH_KIND_REGISTER);
    struct hub_subscription *narrow =
        rht_world_subscribe(t->w, t->court, "6204", "labour", RH_KIND_REGISTER);
    enter(t, 1, "labour", "620423");
    assert_int_equal(shared(t->w), 1);
    assert_int_equal(share_of(t->w)->subscription, narrow->number);
    assert_string_equal(share_of(t->w)->area, "");
    /* Where the narrower does not want the event, the wider one tells it. */
    narrow->events = (struct rh_kind_set){ { 0, 0 } };
    rh_kind_add(&narrow->events, RH_KIND_CLOSE);
    enter(t, 2, "labour", "620423");
    assert_int_equal(share_of(t->w)->subscription, 1);
}

static void test_an_accusation_is_told_to_nobody(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    const struct hub_subscription *row = subscribe_whole(t, RH_KIND_REGISTER);
    (void)rht_world_subscribe(w, t->police, "", "", RH_KIND_REGISTER);
    struct rh_public *item = draft(w, 1, "police.conduct", "620423");
    item->accused_count = 1;
    item->accused[0] = rht_world_unit(w, t->police);
    OK(rht_world_send(w, t->petitions));
    assert_int_equal(shared(w), 0); /* not to the accused, nor to its neighbour, the court */
    assert_int_equal(rht_world_waiting(w, t->police), 0);
    assert_int_equal(rht_world_waiting(w, row->agency), 0);
}

static void test_what_turns_into_an_accusation_is_told_no_more(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct hub_subscription *row = subscribe_whole(t, RH_KIND_REGISTER);
    rh_kind_add(&row->events, RH_KIND_FORWARD);
    enter(t, 1, "police.conduct", "620423");
    assert_int_equal(shared(w), 1);
    struct rh_public *item = rht_world_item(w, RH_KIND_FORWARD, 1);
    snprintf(item->to.text, sizeof item->to.text, "procuratorate.620423");
    item->accused_count = 1;
    item->accused[0] = rht_world_unit(w, t->police);
    OK(rht_world_send(w, t->petitions));
    assert_int_equal(shared(w), 0);
}

static void test_a_sealed_matter_is_told_no_more(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct hub_subscription *row = subscribe_whole(t, RH_KIND_REGISTER);
    rh_kind_add(&row->events, RH_KIND_FORWARD);
    rh_kind_add(&row->events, RH_KIND_SIGN);
    enter(t, 1, "labour", "620423");
    assert_int_equal(shared(w), 1);
    OK(rht_world_step(w, t->petitions, RH_KIND_SEAL, 1, NULL));
    assert_int_equal(shared(w), 0);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
    assert_true(rht_world_row(w, 1)->sealed);
    assert_int_equal(shared(w), 0);
    rht_world_receive(w, t->police);
    assert_false(hub_share_is_event(RH_KIND_SEAL));
    assert_false(hub_share_is_event(RH_KIND_UNSEAL));
    OK(rht_world_step(w, t->petitions, RH_KIND_UNSEAL, 1, NULL));
    assert_int_equal(shared(w), 0);
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 1, NULL));
    assert_int_equal(shared(w), 1);
}

/* A juvenile's matter is sealed by its procedure: not even its registration is told. */
static void test_a_sealed_procedure_is_never_told(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    (void)subscribe_whole(t, RH_KIND_REGISTER);
    for (uint32_t i = 0; i < w->rules->procedure_count; i++)
        w->rules->procedures[i].sealed = true;
    enter(t, 1, "juvenile", "620423");
    assert_true(rht_world_row(w, 1)->sealed);
    assert_int_equal(shared(w), 0);
}

static void test_a_party_hears_of_the_matter_itself(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct hub_subscription *row = subscribe_whole(t, RH_KIND_REGISTER);
    rh_kind_add(&row->events, RH_KIND_FORWARD);
    rh_kind_add(&row->events, RH_KIND_SIGN);
    row->agency = t->police;
    enter(t, 1, "labour", "620423");
    assert_int_equal(shared(w), 1);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
    assert_int_equal(shared(w), 0);
    assert_int_equal(rht_world_waiting(w, t->police), 2); /* the notice before, the matter now */
    rht_world_receive(w, t->police);
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 1, NULL));
    assert_int_equal(shared(w), 0);
    row->agency = t->petitions; /* its own matter */
    enter(t, 2, "labour", "620423");
    assert_int_equal(shared(w), 0);
}

static void test_a_right_has_a_beginning_and_an_end(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct hub_subscription *row = subscribe_whole(t, RH_KIND_REGISTER);
    row->from_ms = w->now_ms + 1000;
    row->until_ms = w->now_ms + 2000;
    static const struct {
        uint64_t after_ms;
        uint32_t told;
    } moments[] = { { 0, 0 }, { 999, 0 }, { 1000, 1 }, { 1999, 1 }, { 2000, 0 } };
    uint64_t from_ms = w->now_ms;
    for (unsigned i = 0; i < 5; i++) {
        w->now_ms = from_ms + moments[i].after_ms;
        enter(t, i + 1, "labour", "620423");
        assert_int_equal(shared(w), moments[i].told);
    }
    row->until_ms += RH_DAY_MS;
    row->ended_ms = w->now_ms;
    enter(t, 9, "labour", "620423");
    assert_int_equal(shared(w), 0);
}

static void test_a_suspended_or_revoked_agency_hears_nothing(void **state)
{
    struct rht_town *t = *state;
    (void)subscribe_whole(t, RH_KIND_REGISTER);
    struct hub_agency *court = &t->w->agencies[t->court - HUB_AGENCY_FIRST];
    court->state = HUB_AGENCY_SUSPENDED;
    enter(t, 1, "labour", "620423");
    assert_int_equal(shared(t->w), 0);
    court->state = HUB_AGENCY_REVOKED;
    enter(t, 2, "labour", "620423");
    assert_int_equal(shared(t->w), 0);
}

static void test_who_has_the_whole_of_a_subscriber_hears(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    (void)subscribe_whole(t, RH_KIND_REGISTER);
    struct hub_agency *court = &w->agencies[t->court - HUB_AGENCY_FIRST];
    court->state = HUB_AGENCY_SUCCEEDED;
    court->successor_count = 1;
    court->successors[0] = (struct hub_successor){ .to = t->police, .done = true };
    enter(t, 1, "labour", "620423");
    assert_int_equal(shared(w), 1);
    assert_int_equal(w->out->deliveries[share_of(w)->place].to, t->police);
    /* Its own right to the same tells it once. */
    (void)rht_world_subscribe(w, t->police, "", "", RH_KIND_REGISTER);
    enter(t, 2, "labour", "620423");
    assert_int_equal(shared(w), 1);
}

static void test_a_missed_clock_is_told_once_and_before_all_else(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct hub_subscription *row = subscribe_whole(t, RH_KIND_DUE_SOON);
    rh_kind_add(&row->events, RH_KIND_OVERDUE);
    enter(t, 1, "labour", "620423");
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police));
    rht_world_receive(w, t->police);
    uint32_t before = rht_world_waiting(w, t->court);
    rht_world_down(w, w->now_ms + 90 * RH_DAY_MS, true);
    uint32_t overdue = 0;
    for (uint32_t i = 0; i < w->queue_count; i++)
        overdue += w->queue[i].to == t->court && w->queue[i].kind == RH_KIND_SHARED ? 1 : 0;
    assert_true(overdue > 0);
    assert_true(rht_world_waiting(w, t->court) > before);
    if (w->out->share_count > 0)
        assert_int_equal(w->out->shares[0].event, RH_KIND_OVERDUE);
}

static void test_a_refused_message_is_told_to_nobody(void **state)
{
    struct rht_town *t = *state;
    struct hub_subscription *row = subscribe_whole(t, RH_KIND_REGISTER);
    rh_kind_add(&row->events, RH_KIND_CONCLUDE);
    enter(t, 1, "labour", "620423");
    assert_true(rht_world_step(t->w, t->petitions, RH_KIND_CONCLUDE, 1, NULL) != 0);
    assert_int_equal(shared(t->w), 0);
    assert_int_equal(t->w->out->delivery_count, 0);
}

/* A notice is in no hurry, whatever the matter is: the lane would tell of it. */
static void test_notices_go_in_the_ordinary_lane(void **state)
{
    struct rht_town *t = *state;
    (void)subscribe_whole(t, RH_KIND_REGISTER);
    draft(t->w, 1, "labour", "620423")->lane = RH_LANE_URGENT;
    OK(rht_world_send(t->w, t->petitions));
    assert_int_equal(t->w->out->deliveries[share_of(t->w)->place].lane, RH_LANE_NORMAL);
}

static void test_as_many_are_told_as_there_is_room_for(void **state)
{
    struct rht_town *t = *state;
    char id[32];
    for (uint32_t i = 0; i < HUB_SHARES_OUT_MAX; i++) {
        snprintf(id, sizeof id, "labour.6204%02u", (unsigned)i + 50);
        (void)rht_world_subscribe(t->w, rht_world_agency(t->w, id, 0), "", "",
                                  RH_KIND_REGISTER);
    }
    enter(t, 1, "labour", "620423");
    assert_int_equal(shared(t->w), HUB_SHARES_OUT_MAX);
    for (uint32_t i = 0; i < HUB_SHARES_OUT_MAX; i++) {
        const struct hub_delivery_out *one = &t->w->out->deliveries[t->w->out->shares[i].place];
        assert_int_equal(one->to, t->w->subscriptions[i].agency);
    }
}

static void test_transport_and_information_are_no_events(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RH_KIND_END; i++) {
        enum rh_kind kind = (enum rh_kind)i;
        const char *name = rh_kind_name(kind);
        bool hidden = name == NULL || rh_kind_is_information(kind) || kind == RH_KIND_ACK ||
                      kind == RH_KIND_NACK || kind == RH_KIND_SEAL || kind == RH_KIND_UNSEAL ||
                      kind == RH_KIND_ARRIVED || kind == RH_KIND_DEAD_LETTER ||
                      kind == RH_KIND_DEAD_RETRY || kind == RH_KIND_SHARED;
        assert_int_equal(hub_share_is_event(kind), !hidden);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RHT_TOWN_TEST(test_in_full_every_field_is_told),
        RHT_TOWN_TEST(test_what_nobody_named_is_absent),
        RHT_TOWN_TEST(test_each_mask_lets_through_what_it_says),
        RHT_TOWN_TEST(test_a_code_is_of_one_matter_and_one_subscription),
        RHT_TOWN_TEST(test_a_topic_takes_in_what_is_below_it),
        RHT_TOWN_TEST(test_of_two_topics_the_narrower_decides),
        RHT_TOWN_TEST(test_an_accusation_is_told_to_nobody),
        RHT_TOWN_TEST(test_what_turns_into_an_accusation_is_told_no_more),
        RHT_TOWN_TEST(test_a_sealed_matter_is_told_no_more),
        RHT_TOWN_TEST(test_a_sealed_procedure_is_never_told),
        RHT_TOWN_TEST(test_a_party_hears_of_the_matter_itself),
        RHT_TOWN_TEST(test_a_right_has_a_beginning_and_an_end),
        RHT_TOWN_TEST(test_a_suspended_or_revoked_agency_hears_nothing),
        RHT_TOWN_TEST(test_who_has_the_whole_of_a_subscriber_hears),
        RHT_TOWN_TEST(test_a_missed_clock_is_told_once_and_before_all_else),
        RHT_TOWN_TEST(test_a_refused_message_is_told_to_nobody),
        RHT_TOWN_TEST(test_notices_go_in_the_ordinary_lane),
        RHT_TOWN_TEST(test_as_many_are_told_as_there_is_room_for),
        cmocka_unit_test(test_transport_and_information_are_no_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
