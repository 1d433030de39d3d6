/* The straight way of a referral, and what is refused on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/step.h"
#include "support/town.h"

/* A petition from registration to rest, read as a story. */
static void test_a_petition_finds_its_way(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    w->traced = true;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->procuratorate));
    w->now_ms += RH_HOUR_MS;
    rht_world_receive(w, t->procuratorate);
    OK(rht_world_step(w, t->procuratorate, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_ACCEPT, 1, NULL));
    w->now_ms = rht_at(2026, 3, 20, 10);
    OK(rht_world_step(w, t->procuratorate, RH_KIND_CONCLUDE, 1, "supported"));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_REPLY, 1, NULL));
    rht_world_until(w, rht_at(2026, 4, 30, 0));
    assert_string_equal(
        w->trace,
        "03-02 09:00 petitions register: registered, petitions's turn\n"
        "03-02 09:00 petitions forward: dispatched, petitions's turn; forward petitions"
        " > procuratorate forward\n"
        "03-02 10:00 procuratorate ack: dispatched, procuratorate's turn; arrived "
        "procuratorate\n"
        "03-02 10:00 procuratorate sign: signed, procuratorate's turn > petitions sign\n"
        "03-02 10:00 procuratorate accept: in_progress, procuratorate's turn; "
        "accept procuratorate > petitions accept\n"
        "03-20 10:00 procuratorate conclude: concluded, procuratorate's turn; "
        "conclude procuratorate > petitions conclude\n"
        "03-20 10:00 procuratorate reply: replied, petitions's turn; "
        "reply procuratorate > petitions reply\n"
        "04-21 00:00 hub: closed, nobody's turn; notice petitions; close petitions"
        " > petitions close > procuratorate close\n");
}

/* Issue order of an assignment: the report comes before the reply. */
static void test_an_assignment_owes_a_report(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_ASSIGN, 1, t->procuratorate));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_ACCEPT, 1, NULL));
    assert_int_equal(rht_world_clock(w, 1, "assigned")->end_ms,
                     rht_at(2026, 3, 2, 9) + 40 * RH_DAY_MS);
    OK(rht_world_step(w, t->procuratorate, RH_KIND_CONCLUDE, 1, "explained"));
    REFUSED(rht_world_step(w, t->procuratorate, RH_KIND_REPLY, 1, NULL), PROCEDURE_FORBIDS);
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_REJECT_REPORT, 1, "thin"), WRONG_STATE);
    OK(rht_world_step(w, t->procuratorate, RH_KIND_REPORT, 1, NULL));
    assert_int_equal(rht_world_clock(w, 1, "assigned")->status, HUB_DEADLINE_MET);
    REFUSED(rht_world_step(w, t->court, RH_KIND_REJECT_REPORT, 1, "thin"), UNKNOWN_REFERRAL);
    OK(rht_world_step(w, t->petitions, RH_KIND_REJECT_REPORT, 1, "thin"));
    STATE_IS(t, 1, IN_PROGRESS);
    assert_int_equal(rht_world_row(w, 1)->reject_count, 1);
    assert_int_equal(rht_world_clock(w, 1, "handle")->status, HUB_DEADLINE_RUNNING);
    OK(rht_world_step(w, t->procuratorate, RH_KIND_CONCLUDE, 1, "explained"));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_REPORT, 1, NULL));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_REPLY, 1, NULL));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_CLOSE, 1, NULL));
    STATE_IS(t, 1, CLOSED);
}

static void test_a_due_date_must_lie_in_the_future(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    struct rh_public *item = rht_world_item(w, RH_KIND_ASSIGN, 1);
    item->to = w->agencies[t->court - HUB_AGENCY_FIRST].id;
    REFUSED(rht_world_send(w, t->petitions), DUE_DATE);
    item->due_ms = w->now_ms;
    REFUSED(rht_world_send(w, t->petitions), DUE_DATE);
    item->due_ms = w->now_ms + 4000 * RH_DAY_MS;
    REFUSED(rht_world_send(w, t->petitions), DUE_DATE);
    item->due_ms = w->now_ms + 1;
    OK(rht_world_send(w, t->petitions));
}

static void test_missing_and_superfluous_fields_are_refused(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct rh_public *item = rht_world_item(w, RH_KIND_REGISTER, 1);
    REFUSED(rht_world_send(w, t->petitions), FIELD_MISSING);
    assert_int_equal(w->out->field, 8);
    memcpy(item->procedure, "petition", 9);
    REFUSED(rht_world_send(w, t->petitions), CATEGORY_MISSING);
    memcpy(item->category, "x", 2);
    memcpy(item->area, "62", 3);
    REFUSED(rht_world_send(w, t->petitions), FIELD_MISSING);
    assert_int_equal(w->out->field, 12);
    memcpy(item->source, "visit", 6);
    item->extend_n = 3;
    REFUSED(rht_world_send(w, t->petitions), FIELD_INVALID);
    assert_int_equal(w->out->field, 18);
    item->extend_n = 0;
    memcpy(item->procedure, "nothing", 8);
    REFUSED(rht_world_send(w, t->petitions), UNKNOWN_PROCEDURE);
    memcpy(item->procedure, "petition", 9);
    REFUSED(rht_world_send(w, t->court), WRONG_ACTOR);
    OK(rht_world_send(w, t->petitions));
    assert_string_equal(rht_world_row(w, 1)->number, "R-2026-000001");
    REFUSED(rht_world_send(w, t->petitions), MESSAGE_ID_REUSED);
    REFUSED(rht_world_register(w, t->petitions, 1, "petition"), REFERRAL_EXISTS);
    REFUSED(rht_world_step(w, t->procuratorate, (enum rh_kind)99, 1, NULL), UNKNOWN_KIND);
    REFUSED(rht_world_step(w, t->procuratorate, RH_KIND_ARRIVED, 1, NULL), UNKNOWN_KIND);
}

/* Agencies that are no party hear the same as if there were no such referral. */
static void test_strangers_learn_nothing(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->procuratorate));
    for (int kind = 1; kind < RH_KIND_END; kind++) {
        enum rh_kind k = (enum rh_kind)kind;
        if (!rh_kind_is_known((uint64_t)kind) || kind >= RH_KIND_ACK || k == RH_KIND_REGISTER ||
            k == RH_KIND_BULLETIN)
            continue;
        struct rh_public *item = rht_world_item(w, k, 1);
        uint64_t required, optional;
        assert_true(hub_fields_of(k, &required, &optional));
        if ((required >> 13 & 1u) != 0)
            memcpy(item->code, "code", 5);
        if (rh_kind_is_dispatch(k))
            item->due_ms = w->now_ms + RH_DAY_MS;
        if (k == RH_KIND_DESIGNATE)
            item->to = w->agencies[0].id;
        if (k == RH_KIND_EXTEND_REQUEST)
            item->extend_n = 1;
        if (k == RH_KIND_TRANSFER_ON || k == RH_KIND_SPLIT || k == RH_KIND_REVIEW_REQUEST)
            item->child_count = 1;
        item->leader_named = k == RH_KIND_LEADER;
        if (k == RH_KIND_MERGE || k == RH_KIND_RELEASE)
            item->other_id = rht_referral_id(7);
        if (k == RH_KIND_AMEND || k == RH_KIND_ACKNOWLEDGE_INFO)
            item->refers_to = rht_message_id(1);
        uint32_t hidden = rht_world_send(w, t->court);
        uint64_t rno = w->out->rno;
        item->message_id = rht_message_id(w->message_number++);
        item->referral_id = rht_referral_id(999);
        assert_int_equal(hidden, RH_REFUSE_UNKNOWN_REFERRAL);
        assert_int_equal(rno, 0);
        assert_int_equal(rht_world_send(w, t->court), hidden);
    }
}

/* An accusation reaches the accused on no way: address, copy, map, child, designation. */
static void test_the_accused_is_never_reached(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    struct rh_public *item = rht_world_item(w, RH_KIND_REGISTER, 1);
    memcpy(item->procedure, "petition", 9);
    memcpy(item->category, "police.conduct", 15);
    memcpy(item->area, "620423", 7);
    memcpy(item->source, "visit", 6);
    item->accused_count = 1;
    item->accused[0] = rht_world_unit(w, t->police);
    OK(rht_world_send(w, t->petitions));
    REFUSED(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->police), NO_ROUTE);
    (void)rht_world_item(w, RH_KIND_FORWARD, 1); /* the map says police */
    REFUSED(rht_world_send(w, t->petitions), NO_ROUTE);
    item = rht_world_item(w, RH_KIND_FORWARD, 1);
    item->to = w->agencies[t->procuratorate - HUB_AGENCY_FIRST].id;
    item->copy_count = 1;
    item->copies[0] = w->agencies[t->police - HUB_AGENCY_FIRST].id;
    REFUSED(rht_world_send(w, t->petitions), NO_ROUTE);
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->procuratorate));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_SIGN, 1, NULL));
    item = rht_world_item(w, RH_KIND_TRANSFER_ON, 1);
    item->child_count = 1;
    item->children[0].id = rht_referral_id(2);
    item->children[0].to = w->agencies[t->police - HUB_AGENCY_FIRST].id;
    REFUSED(rht_world_send(w, t->procuratorate), NO_ROUTE);
    /* Not even as the superior of whoever holds it. */
    w->agencies[t->procuratorate - HUB_AGENCY_FIRST].superior = t->police;
    REFUSED(rht_world_step(w, t->police, RH_KIND_URGE, 1, NULL), UNKNOWN_REFERRAL);
    assert_int_equal(rht_world_waiting(w, t->police), 0);
}

static void test_the_map_finds_the_addressee(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    (void)rht_world_item(w, RH_KIND_FORWARD, 1);
    OK(rht_world_send(w, t->petitions));
    assert_int_equal(rht_world_row(w, 1)->addressee, t->police);
}

/* 司法确认 without a mediating organisation leaves the hub as it came: refused, with its own
 * number. */
static void test_confirmation_needs_a_mediating_organisation(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->procuratorate, 1, "confirmation"));
    REFUSED(rht_world_dispatch(w, t->procuratorate, RH_KIND_TRANSFER, 1, t->court),
            MEDIATOR_MISSING);
    REFUSED(rht_world_dispatch(w, t->procuratorate, RH_KIND_FORWARD, 1, t->court),
            ROUTE_FORBIDDEN);
    struct rh_public *item = rht_world_item(w, RH_KIND_TRANSFER, 1);
    item->to = w->agencies[t->court - HUB_AGENCY_FIRST].id;
    item->fact_count = 1;
    memcpy(item->facts[0].key, "mediating_org", 14);
    memcpy(item->facts[0].code, "91510603MB1", 12);
    OK(rht_world_send(w, t->procuratorate));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    REFUSED(rht_world_step(w, t->court, RH_KIND_ACCEPT, 1, NULL), LEADER_REQUIRED);
    item = rht_world_item(w, RH_KIND_ACCEPT, 1);
    item->leader_named = true;
    OK(rht_world_send(w, t->court));
    STATE_IS(t, 1, ACCEPTED);
    OK(rht_world_step(w, t->court, RH_KIND_START, 1, NULL));
    STATE_IS(t, 1, IN_PROGRESS);
}

static void test_signing_twice_changes_nothing(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    struct hub_referral before = *rht_world_row(w, 1);
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    assert_int_equal(w->out->delivery_count, 0);
    before.last_index = rht_world_row(w, 1)->last_index;
    assert_memory_equal(&before, rht_world_row(w, 1), sizeof(before));
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_SIGN, 1, NULL), WRONG_ACTOR);
    REFUSED(rht_world_step(w, t->court, RH_KIND_START, 1, NULL), WRONG_STATE);
}

static void test_an_external_number_belongs_to_one_referral(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    for (uint64_t number = 1; number <= 2; number++) {
        struct rh_public *item = rht_world_item(w, RH_KIND_REGISTER, number);
        memcpy(item->procedure, "petition", 9);
        memcpy(item->category, "x", 2);
        memcpy(item->area, "62", 3);
        memcpy(item->source, "12345", 6);
        item->external_count = 1;
        memcpy(item->externals[0].system, "12345", 6);
        item->externals[0].hash.bytes[0] = 7;
        assert_int_equal(rht_world_send(w, t->petitions),
                         number == 1 ? 0 : RH_REFUSE_REFERRAL_EXISTS);
    }
    assert_int_equal(w->row_count, 1);
}

/* A direct procedure has no acceptance; each demand has its own clock. */
static void test_a_demand_is_answered_directly(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->procuratorate, 1, "demand"));
    OK(rht_world_dispatch(w, t->procuratorate, RH_KIND_EXPLAIN, 1, t->police));
    rht_world_receive(w, t->police);
    assert_non_null(rht_world_clock(w, 1, "explain"));
    assert_null(rht_world_clock(w, 1, "file"));
    REFUSED(rht_world_step(w, t->police, RH_KIND_OBJECT, 1, "x"), OBJECTION_FORBIDDEN);
    OK(rht_world_step(w, t->police, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->police, RH_KIND_CONCLUDE, 1, "reasons-given"));
    assert_int_equal(rht_world_clock(w, 1, "explain")->status, HUB_DEADLINE_MET);
    OK(rht_world_step(w, t->police, RH_KIND_CLOSE, 1, NULL)); /* no reply is owed */
    STATE_IS(t, 1, CLOSED);
}

static void test_revisit_reopens_and_closes(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 1, NULL));
    OK(rht_world_step(w, t->court, RH_KIND_ACCEPT, 1, NULL));
    for (int round = 0; round < 2; round++) {
        OK(rht_world_step(w, t->court, RH_KIND_CONCLUDE, 1, "explained"));
        REFUSED(rht_world_step(w, t->court, RH_KIND_CLOSE, 1, NULL), PROCEDURE_FORBIDS);
        OK(rht_world_step(w, t->court, RH_KIND_REPLY, 1, NULL));
        OK(rht_world_step(w, t->petitions, RH_KIND_REVISIT, 1, NULL));
        HOLDER_IS(t, 1, petitions);
        if (round == 0) {
            OK(rht_world_step(w, t->petitions, RH_KIND_EVALUATE, 1, "dissatisfied"));
            STATE_IS(t, 1, REVISITING);
            OK(rht_world_step(w, t->petitions, RH_KIND_REOPEN, 1, "dissatisfied"));
            HOLDER_IS(t, 1, court);
        }
    }
    OK(rht_world_step(w, t->petitions, RH_KIND_EVALUATE, 1, "satisfied"));
    STATE_IS(t, 1, CLOSED);
    assert_int_equal(rht_world_row(w, 1)->reopen_count, 1);
    REFUSED(rht_world_step(w, t->court, RH_KIND_ARCHIVE, 1, NULL), WRONG_ACTOR);
    OK(rht_world_step(w, t->petitions, RH_KIND_ARCHIVE, 1, NULL));
    STATE_IS(t, 1, ARCHIVED);
}

static void test_urging_comes_first(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_ASSIGN, 1, t->court));
    rht_world_receive(w, t->court);
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_SUPERVISE, 1, NULL), URGE_FIRST);
    struct hub_event operator= { .type = HUB_EVENT_URGED,
                                 .rno = 1,
                                 .action = RH_KIND_ESCALATE };
    REFUSED(rht_world_event(w, &operator), URGE_FIRST);
    REFUSED(rht_world_step(w, t->court, RH_KIND_URGE, 1, NULL), WRONG_ACTOR);
    OK(rht_world_step(w, t->petitions, RH_KIND_URGE, 1, NULL));
    assert_int_equal(rht_world_row(w, 1)->escalation, 2);
    OK(rht_world_step(w, t->petitions, RH_KIND_SUPERVISE, 1, NULL));
    OK(rht_world_event(w, &operator));
    assert_int_equal(rht_world_row(w, 1)->escalation, 5);
    assert_int_equal(rht_world_waiting(w, t->city), 1);
}

static void test_sealed_matters_reach_nobody_new(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->procuratorate));
    OK(rht_world_step(w, t->procuratorate, RH_KIND_SEAL, 1, NULL));
    REFUSED(rht_world_dispatch(w, t->procuratorate, RH_KIND_COPY, 1, t->police), NO_ROUTE);
    OK(rht_world_dispatch(w, t->procuratorate, RH_KIND_COPY, 1, t->petitions));
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_UNSEAL, 1, NULL), WRONG_ACTOR);
    OK(rht_world_step(w, t->procuratorate, RH_KIND_UNSEAL, 1, NULL));
    OK(rht_world_dispatch(w, t->procuratorate, RH_KIND_COPY, 1, t->police));
    /* Whoever got a copy may read and say something, not change what gates depend on. */
    struct rh_public *item = rht_world_item(w, RH_KIND_NOTICE, 1);
    item->fact_count = 1;
    memcpy(item->facts[0].key, "persons", 8);
    item->facts[0].is_number = true;
    item->facts[0].number = 3;
    REFUSED(rht_world_send(w, t->police), WRONG_ACTOR);
    OK(rht_world_step(w, t->police, RH_KIND_NOTICE, 1, NULL));
}

static void test_withdrawal_and_termination_rest(void **state)
{
    struct rht_town *t = *state;
    struct rht_world *w = t->w;
    OK(rht_world_register(w, t->petitions, 1, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 1, t->court));
    OK(rht_world_step(w, t->petitions, RH_KIND_WITHDRAW, 1, NULL));
    STATE_IS(t, 1, WITHDRAWN);
    OK(rht_world_register(w, t->petitions, 2, "petition"));
    OK(rht_world_dispatch(w, t->petitions, RH_KIND_FORWARD, 2, t->court));
    OK(rht_world_step(w, t->court, RH_KIND_SIGN, 2, NULL));
    memcpy(rht_world_item(w, RH_KIND_REFUSE, 2)->code, "not-competent", 13);
    REFUSED(rht_world_send(w, t->court), PROPER_MISSING);
    OK(rht_world_step(w, t->court, RH_KIND_REFUSE, 2, "not-competent"));
    OK(rht_world_step(w, t->court, RH_KIND_REPLY, 2, NULL));
    REFUSED(rht_world_step(w, t->petitions, RH_KIND_TERMINATE, 2, NULL), WRONG_ACTOR);
    OK(rht_world_step(w, t->city, RH_KIND_TERMINATE, 2, NULL));
    STATE_IS(t, 2, TERMINATED);
    struct rh_public *item = rht_world_item(w, RH_KIND_REGISTER, 3);
    memcpy(item->procedure, "petition", 9);
    memcpy(item->category, "x", 2);
    memcpy(item->area, "62", 3);
    memcpy(item->source, "visit", 6);
    item->other_id = rht_referral_id(2);
    REFUSED(rht_world_send(w, t->petitions), SAME_FACTS);
    item->other_id = rht_referral_id(1);
    OK(rht_world_send(w, t->petitions));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RHT_TOWN_TEST(test_a_petition_finds_its_way),
        RHT_TOWN_TEST(test_an_assignment_owes_a_report),
        RHT_TOWN_TEST(test_a_due_date_must_lie_in_the_future),
        RHT_TOWN_TEST(test_missing_and_superfluous_fields_are_refused),
        RHT_TOWN_TEST(test_strangers_learn_nothing),
        RHT_TOWN_TEST(test_the_accused_is_never_reached),
        RHT_TOWN_TEST(test_the_map_finds_the_addressee),
        RHT_TOWN_TEST(test_confirmation_needs_a_mediating_organisation),
        RHT_TOWN_TEST(test_signing_twice_changes_nothing),
        RHT_TOWN_TEST(test_an_external_number_belongs_to_one_referral),
        RHT_TOWN_TEST(test_a_demand_is_answered_directly),
        RHT_TOWN_TEST(test_revisit_reopens_and_closes),
        RHT_TOWN_TEST(test_urging_comes_first),
        RHT_TOWN_TEST(test_sealed_matters_reach_nobody_new),
        RHT_TOWN_TEST(test_withdrawal_and_termination_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
