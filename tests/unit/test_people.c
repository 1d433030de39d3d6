/* Participants of a matter: the form they come in, what the agency remembers of them, and the
 * record of what each was shown. agents/runtime/{message_people,people,spool_people}.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <rh/glossary.h>
#include <rh/refusal.h>

#include "runtime/desk.h"
#include "runtime/people.h"
#include "spool_kit.h"

static struct agent_problems problems;

#define ONE \
    "\"id\":\"law-1\",\"name\":\"某丙\",\"role\":\"lawyer\",\"scope\":[\"facts\",\"minors\"]," \
    "\"from\":\"2026-03-04\",\"basis\":\"委托书\""

static enum rh_err read_list(const char *list, struct agent_message *out)
{
    char whole[6000];
    json_error_t error;
    memset(&problems, 0, sizeof problems);
    snprintf(whole, sizeof whole,
             "{\"kind\":\"progress\",\"referral\":\"R-1\",\"private\":{\"participants\":%s}}",
             list);
    json_t *json = json_loads(whole, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(json);
    enum rh_err err = agent_message_read(json, RH_KIND_NONE, NULL, out, &problems);
    json_decref(json);
    return err;
}

static void test_people_are_read_written_and_read_again(void **state)
{
    struct agent_message message, again;
    (void)state;
    assert_int_equal(read_list("[{" ONE ",\"unit\":\"所\",\"until\":\"2026-03-04\"},"
                               "{\"id\":\"rd-1\",\"ended\":\"任务完成\"}]",
                               &message),
                     RH_OK);
    assert_int_equal(message.content.participant_count, 2);
    const struct rh_participant *one = &message.content.participants[0];
    assert_int_equal(one->scope, RH_SCOPE_FACTS | RH_SCOPE_MINORS);
    for (uint32_t i = 0; i < 2; i++)
        assert_true(rh_private_participant_holds(&message.content.participants[i]));
    json_t *list = json_array();
    for (uint32_t i = 0; i < 2; i++)
        json_array_append_new(list, agent_participant_json(&message.content.participants[i]));
    char *text = json_dumps(list, JSON_COMPACT);
    assert_int_equal(read_list(text, &again), RH_OK);
    assert_int_equal(again.content.participants[0].scope, one->scope);
    assert_memory_equal(again.content.participants[1].ended.data, "任务完成", 12);
    free(text);
    json_decref(list);
    agent_message_release(&message);
    agent_message_release(&again);
}

/* Each slip at its place, with what is allowed there, in both languages. */
static void test_people_refuse_each_slip_with_its_place(void **state)
{
    static const struct {
        const char *list, *pointer;
        uint32_t refusal;
        const char *expected; /* part of it; NULL: any */
    } cases[] = {
        { "[{\"id\":\"Law-1\",\"ended\":\"x\"}]", "/0/id", RH_REFUSE_FIELD_INVALID, "law-1" },
        { "[{\"id\":\"李建国\",\"ended\":\"x\"}]", "/0/id", RH_REFUSE_FIELD_INVALID, NULL },
        { "[{\"id\":\"a\",\"ended\":\"x\",\"name\":\"b\"}]", "/0/name", RH_REFUSE_FIELD_INVALID,
          NULL },
        { "[{\"id\":\"a\",\"ended\":\"x\"},{\"id\":\"a\",\"ended\":\"y\"}]", "/1/id",
          RH_REFUSE_FIELD_INVALID, "nobody twice" },
        { "[{" ONE ",\"telephone\":\"1\"}]", "/0/telephone", RH_REFUSE_FIELD_INVALID, NULL },
        { "[{" ONE ",\"until\":\"2026-03-03\"}]", "/0/until", RH_REFUSE_FIELD_INVALID,
          "no earlier" },
        { "[{" ONE ",\"until\":\"2026-02-30\"}]", "/0/until", RH_REFUSE_FIELD_INVALID, NULL },
        { "[{\"id\":\"a\",\"name\":\"n\",\"role\":\"friend\",\"scope\":[\"facts\"],\"from\":"
          "\"2026-03-04\",\"basis\":\"b\"}]", "/0/role", RH_REFUSE_PARTICIPANT_ROLE,
          "people_deputy, cppcc_member" },
        { "[{\"id\":\"a\",\"name\":\"n\",\"role\":\"social_worker\",\"scope\":[\"facts\","
          "\"minors\"],\"from\":\"2026-03-04\",\"basis\":\"b\"}]", "/0/scope/1",
          RH_REFUSE_PARTICIPANT_SCOPE, "facts, parties, identity, settlement, outcome, dates" },
        { "[{\"id\":\"a\",\"name\":\"n\",\"role\":\"expert\",\"scope\":[\"all\"],\"from\":"
          "\"2026-03-04\",\"basis\":\"b\"}]", "/0/scope/0", RH_REFUSE_PARTICIPANT_SCOPE,
          "facts, outcome, dates, documents" },
        { "[{\"id\":\"a\",\"name\":\"n\",\"role\":\"expert\",\"scope\":[],\"from\":"
          "\"2026-03-04\",\"basis\":\"b\"}]", "/0/scope", RH_REFUSE_FIELD_INVALID, NULL },
        { "[{\"id\":\"a\",\"name\":\"n\",\"role\":\"expert\",\"scope\":[\"facts\"],"
          "\"basis\":\"b\"}]", "/0/from", RH_REFUSE_FIELD_INVALID, NULL },
        { "[{\"id\":\"a\",\"name\":\"n\",\"role\":\"expert\",\"scope\":[\"facts\"],"
          "\"from\":\"2026-03-04\"}]", "/0/basis", RH_REFUSE_FIELD_INVALID, NULL },
        { "{}", "", RH_REFUSE_FIELD_INVALID, NULL },
        { "[1]", "/0", RH_REFUSE_FIELD_INVALID, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct agent_message message;
        char pointer[100];
        bool found = false;
        snprintf(pointer, sizeof pointer, "/private/participants%s", cases[i].pointer);
        assert_int_equal(read_list(cases[i].list, &message), RH_ERR_INVALID);
        for (uint32_t k = 0; k < problems.count; k++) {
            const struct agent_problem *one = &problems.list[k];
            found = found || (strcmp(one->pointer, pointer) == 0 &&
                              one->refusal == cases[i].refusal && one->expected_zh[0] != '\0' &&
                              (cases[i].expected == NULL ||
                               strstr(one->expected, cases[i].expected) != NULL));
        }
        if (!found)
            print_error("case %zu: no problem at %s\n", i, pointer);
        assert_true(found);
        agent_message_release(&message);
    }
}

static void test_people_are_at_most_sixteen_in_a_list(void **state)
{
    struct agent_message message;
    char list[1000] = "[";
    (void)state;
    for (int i = 0; i < RH_PARTICIPANTS_MAX + 1; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list),
                 "%s{\"id\":\"p%d\",\"ended\":\"x\"}", i > 0 ? "," : "", i);
    strcat(list, "]");
    assert_int_equal(read_list(list, &message), RH_ERR_INVALID);
    assert_int_equal(problems.list[0].refusal, RH_REFUSE_TOO_MANY_ITEMS);
    agent_message_release(&message);
}

/* Every role and every part has its word in both languages. */
static void test_people_have_words_for_all_roles_and_parts(void **state)
{
    const struct rh_participant_role *role;
    size_t roles = 0;
    (void)state;
    for (; (role = rh_participant_role_at(roles)) != NULL; roles++) {
        assert_non_null(rh_word_find("participants", role->id));
        assert_ptr_equal(rh_participant_role_find(role->id, strlen(role->id)), role);
    }
    assert_int_equal(roles, 12);
    for (size_t i = 0; i < RH_SCOPE_COUNT; i++) {
        const char *name = rh_scope_name(i);
        assert_non_null(rh_word_find("scopes", name));
        assert_int_equal(rh_scope_find(name, strlen(name)), 1u << i);
    }
    assert_null(rh_scope_name(RH_SCOPE_COUNT));
    for (int i = AGENT_PRESENT; i <= AGENT_NOT_STORED; i++)
        assert_non_null(rh_word_find("taking_part",
                                     agent_presence_name((enum agent_presence)i)));
}

/* The schema an editor checks a file by, and the code, grant the same to each role. */
static void test_people_ceilings_are_those_of_the_schema(void **state)
{
    json_error_t error;
    (void)state;
    json_t *schema = json_load_file(RHT_SOURCE_DIR "/protocol/spec/message.schema.json", 0,
                                    &error);
    json_t *list = NULL;
    assert_int_equal(json_unpack(schema, "{s:{s:{s:{s:o}}}}", "properties", "private",
                                 "properties", "participants", &list),
                     0);
    json_t *joins = json_array_get(
        json_object_get(json_object_get(list, "items"), "oneOf"), 0);
    json_t *narrower = json_object_get(joins, "allOf");
    const struct rh_participant_role *role;
    for (size_t i = 0; (role = rh_participant_role_at(i)) != NULL; i++) {
        uint32_t most = RH_SCOPE_ALL;
        for (size_t k = 0; k < json_array_size(narrower); k++) {
            const char *name = NULL;
            json_t *parts = NULL;
            assert_int_equal(json_unpack(json_array_get(narrower, k),
                                         "{s:{s:{s:{s:s}}}, s:{s:{s:{s:{s:o}}}}}", "if",
                                         "properties", "role", "const", &name, "then",
                                         "properties", "scope", "items", "enum", &parts),
                             0);
            if (strcmp(name, role->id) != 0)
                continue;
            most = 0;
            for (size_t n = 0; n < json_array_size(parts); n++) {
                const char *part = json_string_value(json_array_get(parts, n));
                most |= rh_scope_find(part, strlen(part));
            }
        }
        assert_int_equal(most, role->most);
    }
    json_decref(schema);
}

/* A profile may ask for participants, and say which roles may be named. */
static void test_people_a_profile_says_who_may_be_named(void **state)
{
    struct rh_profile *profile = calloc(1, sizeof *profile);
    struct agent_message message;
    (void)state;
    assert_non_null(profile);
    struct rh_kind_set progress = { { 0 } };
    rh_kind_add(&progress, RH_KIND_PROGRESS);
    profile->answer_count = 1;
    snprintf(profile->answers[0].procedure, sizeof profile->answers[0].procedure, "*");
    profile->answers[0].kinds = progress;
    profile->form_count = 1;
    snprintf(profile->forms[0].procedure, sizeof profile->forms[0].procedure, "*");
    profile->forms[0].kinds = progress;
    profile->forms[0].field_count = 1;
    struct rh_profile_field *field = &profile->forms[0].fields[0];
    snprintf(field->name, sizeof field->name, "participants");
    snprintf(field->title_zh, sizeof field->title_zh, "参与人");
    snprintf(field->title_en, sizeof field->title_en, "participants");
    snprintf(field->pattern, sizeof field->pattern, "mediator|people_.*");
    field->type = RH_FIELD_PARTICIPANTS;
    field->place = RH_FIELD_FORM;
    field->required = true;

    assert_int_equal(read_list("[{" ONE "},{\"id\":\"x\",\"ended\":\"y\"}]", &message),
                     RH_OK);
    agent_desk_check(profile, &message, "xinfang", RH_KIND_PROGRESS, &problems);
    assert_int_equal(problems.count, 1); /* a lawyer; an end has no role */
    assert_string_equal(problems.list[0].pointer, "/private/participants/0/role");
    assert_int_equal(problems.list[0].refusal, RH_REFUSE_DESK_REFUSED);
    agent_message_release(&message);

    memset(&problems, 0, sizeof problems);
    memset(&message, 0, sizeof message);
    agent_desk_check(profile, &message, "xinfang", RH_KIND_PROGRESS, &problems);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.list[0].refusal, RH_REFUSE_FIELD_MISSING);
    assert_string_equal(problems.list[0].pointer, "/private/participants");
    free(profile);
}

/* ---- what is remembered ----------------------------------------------------------------- */

static struct rh_referral_id matter(uint64_t number)
{
    struct rh_referral_id id;
    id_of(3, number, id.bytes);
    return id;
}

static struct agent_spool *fresh_spool(void)
{
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    free(dir);
    return spool;
}

static void say(struct agent_spool *spool, const struct rh_referral_id *id, const char *agency,
                uint64_t number, const char *list)
{
    struct agent_message message;
    struct agent_said said = { .number = number, .told_ms = 1000 * number };
    snprintf(said.agency.text, sizeof said.agency.text, "%s", agency);
    assert_int_equal(read_list(list, &message), RH_OK);
    assert_int_equal(agent_people_keep(spool, id, &message.content, &said), RH_OK);
    agent_message_release(&message);
}

static void test_people_newest_word_holds_and_an_end_keeps_what_was(void **state)
{
    (void)state;
    struct agent_spool *spool = fresh_spool();
    struct rh_referral_id id = matter(1), other = matter(2);
    struct agent_person person;
    say(spool, &id, "court.1", 1, "[{" ONE "}]");
    say(spool, &id, "court.1", 2,
        "[{\"id\":\"law-1\",\"name\":\"某丙\",\"role\":\"lawyer\",\"scope\":[\"outcome\"],"
        "\"from\":\"2026-03-04\",\"until\":\"2026-06-30\",\"basis\":\"变更\"},"
        "{\"id\":\"rd-1\",\"name\":\"某丁\",\"role\":\"people_deputy\",\"scope\":[\"facts\"],"
        "\"from\":\"2026-03-04\",\"basis\":\"邀请\"}]");
    say(spool, &id, "police.1", 3, "[{" ONE "}]");
    assert_int_equal(agent_spool_commit(spool), RH_OK);
    assert_int_equal(agent_people_find(spool, &id, NULL, "rd-1", &person), RH_OK);
    assert_int_equal(person.since_ms, 2000);
    /* Two agencies may use one id: then it has to be said whose. */
    assert_int_equal(agent_people_find(spool, &id, NULL, "law-1", &person), RH_ERR_EXISTS);
    struct rh_agency_id court = { .text = "court.1" };
    assert_int_equal(agent_people_find(spool, &id, &court, "law-1", &person), RH_OK);
    assert_int_equal(person.now.scope, RH_SCOPE_OUTCOME);
    assert_int_equal(person.since_ms, 1000);
    assert_int_equal(person.changed_ms, 2000);
    assert_int_equal(agent_people_find(spool, &other, NULL, "law-1", &person),
                     RH_ERR_NOTFOUND);
    say(spool, &id, "court.1", 4, "[{\"id\":\"law-1\",\"ended\":\"委托解除\"}]");
    say(spool, &id, "court.1", 5, "[{\"id\":\"nobody\",\"ended\":\"x\"}]");
    assert_int_equal(agent_people_find(spool, &id, &court, "law-1", &person), RH_OK);
    assert_string_equal(person.now.ended, "委托解除");
    assert_string_equal(person.now.name, "某丙");
    struct rh_date day = { .days = 20530 };
    assert_int_equal(agent_people_presence(&person, RH_STATE_IN_PROGRESS, day), AGENT_ENDED);
    /* In order: court law-1, court rd-1, police law-1, and nobody else. */
    memset(&person, 0, sizeof person);
    static const char *const expected[] = { "law-1", "rd-1", "law-1" };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(agent_people_next(spool, &id, &person), RH_OK);
        assert_string_equal(person.now.id, expected[i]);
    }
    assert_int_equal(agent_people_next(spool, &id, &person), RH_ERR_NOTFOUND);
    /* Named anew, he takes part again. */
    say(spool, &id, "court.1", 6, "[{" ONE "}]");
    assert_int_equal(agent_people_find(spool, &id, &court, "law-1", &person), RH_OK);
    assert_int_equal(agent_people_presence(&person, RH_STATE_IN_PROGRESS, day), AGENT_PRESENT);
    agent_spool_close(&spool);
}

static void test_people_take_part_from_day_to_day(void **state)
{
    struct agent_person person = { .changed_ms = 1 };
    struct rh_date first, last;
    (void)state;
    assert_int_equal(rh_date_parse("2026-03-04", 10, &first), RH_OK);
    assert_int_equal(rh_date_parse("2026-03-06", 10, &last), RH_OK);
    snprintf(person.now.from, sizeof person.now.from, "2026-03-04");
    struct rh_date before = { .days = first.days - 1 }, after = { .days = last.days + 1 };
    enum rh_state runs = RH_STATE_IN_PROGRESS, rests = RH_STATE_CLOSED;
    assert_int_equal(agent_people_presence(&person, runs, before), AGENT_NOT_YET);
    assert_int_equal(agent_people_presence(&person, runs, first), AGENT_PRESENT);
    assert_int_equal(agent_people_presence(&person, runs, after), AGENT_PRESENT);
    assert_int_equal(agent_people_presence(&person, rests, after), AGENT_RESTS);
    snprintf(person.now.until, sizeof person.now.until, "2026-03-06");
    assert_int_equal(agent_people_presence(&person, runs, last), AGENT_PRESENT);
    assert_int_equal(agent_people_presence(&person, rests, last), AGENT_PRESENT);
    assert_int_equal(agent_people_presence(&person, runs, after), AGENT_OVER);
    person.changed_ms = 0;
    assert_int_equal(agent_people_presence(&person, runs, last), AGENT_NOT_STORED);
}

/* Names are personal data: thirty days after the matter came to rest they are gone, and those
 * of a matter that runs are not. */
static void test_people_are_forgotten_after_the_matter(void **state)
{
    (void)state;
    struct agent_spool *spool = fresh_spool();
    struct rh_referral_id ids[3] = { matter(1), matter(2), matter(3) };
    static const enum rh_state states[3] = { RH_STATE_CLOSED, RH_STATE_IN_PROGRESS,
                                             RH_STATE_CLOSED };
    static const uint64_t updated[3] = { 1000, 1000, 900000000 };
    struct agent_person person;
    uint32_t dropped = 0;
    for (int i = 0; i < 3; i++) {
        struct agent_case known;
        memset(&known, 0, sizeof known);
        known.id = ids[i];
        known.state = states[i];
        known.updated_ms = updated[i];
        assert_int_equal(agent_spool_put_case(spool, &known), RH_OK);
        say(spool, &ids[i], "court.1", 1, "[{" ONE "}]");
        say(spool, &ids[i], "court.1", 2, "[{" ONE "}]");
    }
    uint64_t month = UINT64_C(86400000) * AGENT_KEEP_DAYS;
    assert_int_equal(agent_spool_clean(spool, month + 1000, 100, &dropped), RH_OK);
    assert_int_equal(dropped, 0);
    assert_int_equal(agent_spool_clean(spool, month + 1001, 100, &dropped), RH_OK);
    assert_int_equal(dropped, 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(agent_people_find(spool, &ids[i], NULL, "law-1", &person),
                         i == 0 ? RH_ERR_NOTFOUND : RH_OK);
    agent_spool_close(&spool);
}

/* An own word that the hub has not stored, or has refused, names nobody. */
static void test_people_of_ours_hold_when_the_hub_has_stored_them(void **state)
{
    (void)state;
    struct agent_spool *spool = fresh_spool();
    struct rh_referral_id id = matter(1);
    struct agent_message message;
    struct agent_said said = { .sent = true, .number = 1 };
    struct agent_sent sent;
    struct rh_item item;
    static const uint8_t no_keys[] = { 0x90 }, nothing[] = { 0x80 };
    memset(&item, 0, sizeof item);
    memset(&sent, 0, sizeof sent);
    item.public_part = (struct rh_bytes){ nothing, sizeof nothing };
    item.keys = (struct rh_bytes){ no_keys, sizeof no_keys };
    id_of(1, 1, sent.message_id.bytes);
    sent.referral_id = id;
    sent.kind = RH_KIND_PROGRESS;
    assert_int_equal(agent_spool_send(spool, &item, &sent), RH_OK);
    said.message_id = sent.message_id;
    snprintf(said.agency.text, sizeof said.agency.text, "petitions.620423");
    assert_int_equal(read_list("[{" ONE "}]", &message), RH_OK);
    assert_int_equal(agent_people_keep(spool, &id, &message.content, &said), RH_OK);
    agent_message_release(&message);
    struct agent_person person;
    assert_int_equal(agent_people_find(spool, &id, NULL, "law-1", &person), RH_OK);
    assert_true(person.waiting);
    struct rh_date day = { .days = 20530 };
    assert_int_equal(agent_people_presence(&person, RH_STATE_IN_PROGRESS, day),
                     AGENT_NOT_STORED);
    agent_spool_close(&spool);
}

/* Whoever names somebody need not think of sealing: the hub gets nothing it could read, and the
 * agency can read it again. */
static void test_people_are_sealed_whether_asked_or_not(void **state)
{
    static const char text[] =
        "{\"kind\":\"register\",\"procedure\":\"xinfang\",\"category\":\"labour\","
        "\"private\":{\"participants\":[{" ONE "}]}}";
    (void)state;
    struct agent_spool *spool = fresh_spool();
    struct rh_seal_public own;
    struct rh_seal_secret secret;
    struct agent_message message;
    struct agent_submission out;
    struct agent_sent sent;
    struct rh_bytes bytes;
    struct rh_item item;
    uint8_t sealed[RH_SEALED_KEY_BYTES];
    json_error_t error;
    rh_seal_keypair(&own, &secret);
    struct agent_desk desk = { .spool = spool, .own_seal = own.bytes,
                               .agency = { .text = "petitions.620423" },
                               .now_ms = 1772586000000 };
    memset(&problems, 0, sizeof problems);
    json_t *json = json_loads(text, 0, &error);
    assert_int_equal(agent_message_read(json, RH_KIND_NONE, NULL, &message, &problems), RH_OK);
    json_decref(json);
    assert_int_equal(agent_desk_submit(&desk, &message, 0, &problems, &out), RH_OK);
    assert_int_equal(agent_spool_sent(spool, out.first_n, &sent), RH_OK);
    assert_int_equal(agent_spool_original(spool, out.first_n, &bytes), RH_OK);
    for (size_t at = 0; at + 6 <= bytes.bytes; at++)
        assert_int_not_equal(memcmp(bytes.data + at, "某丙", 6), 0);
    assert_int_equal(rh_item_decode(bytes, &item), RH_OK);
    assert_int_equal(rh_item_key_for(&item, &desk.agency, sealed), RH_OK);
    struct rh_content_key key;
    assert_int_equal(rh_open_key(sealed, &own, &secret, &key), RH_OK);
    struct agent_person person;
    assert_int_equal(agent_people_find(spool, &out.referral, NULL, "law-1", &person), RH_OK);
    assert_string_equal(person.now.name, "某丙");
    agent_message_release(&message);
    agent_spool_close(&spool);
}

/* A step of the life cycle has no list; what goes to nobody has nobody to seal it for. */
static void test_people_are_named_where_they_can_be_sealed(void **state)
{
    static const struct {
        const char *head, *pointer;
        uint32_t refusal;
    } cases[] = {
        { "\"kind\":\"sign\",\"referral\":\"01900000-0000-7000-8000-000000000001\"",
          "/private/participants", RH_REFUSE_FIELD_INVALID },
        { "\"kind\":\"refer\",\"procedure\":\"xinfang\",\"category\":\"labour\"", "/to",
          RH_REFUSE_FIELD_MISSING },
        { "\"kind\":\"refer\",\"procedure\":\"xinfang\",\"category\":\"labour\","
          "\"to\":\"court.620423\"", "/to", RH_REFUSE_NO_UNSEAL },
    };
    (void)state;
    struct agent_spool *spool = fresh_spool();
    struct agent_desk desk = { .spool = spool, .agency = { .text = "petitions.620423" },
                               .now_ms = 1772586000000 };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct agent_message message;
        struct agent_submission out;
        char text[600];
        json_error_t error;
        bool found = false;
        snprintf(text, sizeof text, "{%s,\"private\":{\"participants\":[{" ONE "}]}}",
                 cases[i].head);
        memset(&problems, 0, sizeof problems);
        json_t *json = json_loads(text, 0, &error);
        assert_int_equal(agent_message_read(json, RH_KIND_NONE, NULL, &message, &problems),
                         RH_OK);
        json_decref(json);
        assert_int_equal(agent_desk_submit(&desk, &message, 0, &problems, &out),
                         RH_ERR_INVALID);
        for (uint32_t k = 0; k < problems.count; k++)
            found = found || (strcmp(problems.list[k].pointer, cases[i].pointer) == 0 &&
                              problems.list[k].refusal == cases[i].refusal);
        if (!found)
            print_error("case %zu\n", i);
        assert_true(found);
        agent_message_release(&message);
    }
    assert_int_equal(agent_spool_last_n(spool), 0);
    agent_spool_close(&spool);
}

/* ---- what they were shown --------------------------------------------------------------- */

static void test_people_shown_rows_are_a_chain(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    struct agent_shown row, back;
    struct rh_hash chains[3];
    bool sound = false;
    for (uint64_t i = 0; i < 3; i++) {
        memset(&row, 0, sizeof row);
        row.at_ms = i;
        snprintf(row.participant, sizeof row.participant, "law-1");
        snprintf(row.reason, sizeof row.reason, "阅卷");
        assert_int_equal(agent_spool_shown_add(spool, &row), RH_OK);
        assert_int_equal(row.no, i + 1);
        chains[i] = row.chain;
    }
    assert_int_equal(agent_spool_commit(spool), RH_OK);
    agent_spool_close(&spool);
    spool = must_open(dir);
    for (uint64_t no = 1; no <= 3; no++) {
        assert_int_equal(agent_spool_shown_next(spool, &no, &back, &sound), RH_OK);
        assert_true(sound);
        assert_true(rh_hash_equal(&back.chain, &chains[no - 1]));
        for (uint64_t k = 0; k + 1 < no; k++)
            assert_false(rh_hash_equal(&back.chain, &chains[k]));
    }
    uint64_t past = 4;
    assert_int_equal(agent_spool_shown_next(spool, &past, &back, &sound), RH_ERR_NOTFOUND);
    agent_spool_close(&spool);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people_are_read_written_and_read_again),
        cmocka_unit_test(test_people_refuse_each_slip_with_its_place),
        cmocka_unit_test(test_people_are_at_most_sixteen_in_a_list),
        cmocka_unit_test(test_people_have_words_for_all_roles_and_parts),
        cmocka_unit_test(test_people_ceilings_are_those_of_the_schema),
        cmocka_unit_test(test_people_a_profile_says_who_may_be_named),
        cmocka_unit_test(test_people_newest_word_holds_and_an_end_keeps_what_was),
        cmocka_unit_test(test_people_take_part_from_day_to_day),
        cmocka_unit_test(test_people_are_forgotten_after_the_matter),
        cmocka_unit_test(test_people_of_ours_hold_when_the_hub_has_stored_them),
        cmocka_unit_test(test_people_are_sealed_whether_asked_or_not),
        cmocka_unit_test(test_people_are_named_where_they_can_be_sealed),
        cmocka_unit_test(test_people_shown_rows_are_a_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
