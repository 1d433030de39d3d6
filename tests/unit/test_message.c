/* The JSON message: what is read, what is refused and where, what the fields of a kind are. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <rh/refusal.h>

#include "runtime/desk.h"
#include "runtime/fields.h"
#include "runtime/message.h"
#include "runtime/receipt.h"
#include "runtime/words.h"
#include "support/merkle_twin.h"
#include "support/rht.h"
#include "runtime/screen.h"

static struct agent_problems problems;

static enum rh_err read_text(const char *text, struct agent_message *out)
{
    json_error_t error;
    memset(&problems, 0, sizeof problems);
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(json);
    enum rh_err err = agent_message_read(json, RH_KIND_NONE, NULL, out, &problems);
    json_decref(json);
    return err;
}

static bool has_problem(const char *pointer, uint32_t refusal)
{
    for (uint32_t i = 0; i < problems.count; i++)
        if (strcmp(problems.list[i].pointer, pointer) == 0 &&
            problems.list[i].refusal == refusal)
            return true;
    return false;
}

static void test_message_reads_every_field(void **state)
{
    (void)state;
    struct agent_message message;
    static const char text[] =
        "{\"object\":\"message\",\"v\":1,\"kind\":\"assign\",\"id\":"
        "\"01900000-0000-7000-8000-000000000001\",\"referral\":\"R-1\",\"root\":\"R-2\","
        "\"other\":\"R-3\",\"refers_to\":\"01900000-0000-7000-8000-000000000002\","
        "\"to\":\"court.620423\",\"procedure\":\"xinfang\",\"lane\":\"urgent\","
        "\"category\":\"a.b\",\"area\":\"620423\",\"source\":\"visit\",\"code\":\"c\","
        "\"basis\":\"xfgztl-22\",\"proper\":\"police.1234\",\"due\":\"2026-03-04\","
        "\"occurred\":\"2026-03-04T09:00:00+08:00\",\"extend_n\":2,\"report_required\":true,"
        "\"information_wanted\":true,\"reply_owed\":true,\"seal\":true,"
        "\"trace\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\","
        "\"external\":[{\"system\":\"12345\",\"number\":\"号\"}],\"keys\":{\"case\":\"2\"},"
        "\"copies\":[\"petitions.620423\"],"
        "\"children\":[{\"to\":\"police.620423\",\"mandatory\":true}],"
        "\"facts\":{\"n\":-5,\"c\":\"yes\"},\"accused\":[\"court.999999\"],"
        "\"private\":{\"title\":\"t\",\"summary\":\"s\",\"document_no\":\"d\",\"leader\":\"l\","
        "\"persons\":[{\"name\":\"n\",\"role\":\"party\",\"id_number\":\"i\",\"phone\":\"p\","
        "\"address\":\"a\",\"unit\":\"u\"}],\"form\":{\"f\":\"v\"},\"attachments\":[{\"name\":"
        "\"a.pdf\",\"media_type\":\"application/pdf\",\"size\":3,\"sha256\":"
        "\"00000000000000000000000000000000000000000000000000000000000000ff\"}]},"
        "\"body\":{\"media_type\":\"text/plain\",\"base64\":\"aGk=\"}}";
    assert_int_equal(read_text(text, &message), RH_OK);
    const struct rh_public *item = &message.item;
    assert_int_equal(item->kind, RH_KIND_ASSIGN);
    assert_true(message.has_id && message.seal);
    assert_string_equal(message.referral, "R-1");
    assert_string_equal(message.other, "R-3");
    assert_int_equal(item->lane, RH_LANE_URGENT);
    assert_int_equal(item->due_ms, 1772640000000); /* 2026-03-05T00:00:00+08:00 */
    assert_int_equal(item->occurred_ms, 1772586000000);
    assert_int_equal(item->fact_count, 2);
    assert_int_equal(message.content.external_count, 2);
    assert_int_equal(message.content.attachments[0].sha256.bytes[31], 0xff);
    assert_int_equal(message.content.person_count, 1);
    assert_memory_equal(message.body, "hi", 2);
    assert_int_equal(message.accused_count, 1);
    assert_true(item->children[0].mandatory);
    agent_message_release(&message);
}

/* Each slip is found, at its place; nothing is repaired. */
static void test_message_refuses_each_slip_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pointer;
        uint32_t refusal;
    } cases[] = {
        { "{}", "/kind", RH_REFUSE_FIELD_MISSING },
        { "[]", "", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"ack\"}", "/kind", RH_REFUSE_UNKNOWN_KIND },
        { "{\"kind\":\"overdue\"}", "/kind", RH_REFUSE_UNKNOWN_KIND },
        { "{\"kind\":7}", "/kind", RH_REFUSE_UNKNOWN_KIND },
        { "{\"kind\":\"sign\",\"a/b~c\":1}", "/a~1b~0c", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"to\":\"Court.1\"}", "/to", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"code\":\"\xe7\xa0\x81\"}", "/code", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"lane\":\"fast\"}", "/lane", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"due\":\"2026-02-30\"}", "/due", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"due\":\"2026-03-04T09:00:00\"}", "/due",
          RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"extend_n\":0}", "/extend_n", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"extend_n\":1.5}", "/extend_n", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"seal\":\"yes\"}", "/seal", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"facts\":{\"A\":1}}", "/facts/A", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"facts\":{\"a\":1.5}}", "/facts/a", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"facts\":{\"a\":\"two words\"}}", "/facts/a",
          RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"keys\":{\"Big\":\"1\"}}", "/keys/Big",
          RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"keys\":{\"a\":\"\"}}", "/keys/a", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"external\":[{\"system\":\"a\"}]}", "/external/0/number",
          RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"copies\":[\"x\"]}", "/copies/0", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"children\":[{\"mandatory\":true}]}", "/children/0/to",
          RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"private\":{\"titel\":\"x\"}}", "/private/titel",
          RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"private\":{\"persons\":[{}]}}", "/private/persons/0",
          RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"private\":{\"form\":{\"F\":\"x\"}}}", "/private/form/F",
          RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"body\":{}}", "/body", RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"body\":{\"text\":\"a\",\"base64\":\"YQ==\"}}", "/body",
          RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"body\":{\"base64\":\"YR==\"}}", "/body/base64",
          RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"body\":{\"base64\":\"YQ\"}}", "/body/base64",
          RH_REFUSE_FIELD_INVALID },
        { "{\"kind\":\"sign\",\"id\":\"00000000-0000-0000-0000-000000000000\"}", "/id",
          RH_REFUSE_FIELD_INVALID },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct agent_message message;
        enum rh_err err = read_text(cases[i].text, &message);
        if (err != RH_ERR_INVALID || !has_problem(cases[i].pointer, cases[i].refusal))
            fail_msg("%s", cases[i].text);
        agent_message_release(&message);
    }
}

static void test_message_stops_at_twenty_problems(void **state)
{
    (void)state;
    struct agent_message message;
    char text[2000] = "{\"kind\":\"sign\"";
    for (int i = 0; i < 30; i++) {
        char one[32];
        snprintf(one, sizeof one, ",\"x%d\":1", i);
        strncat(text, one, sizeof text - strlen(text) - 1);
    }
    strncat(text, "}", sizeof text - strlen(text) - 1);
    assert_int_equal(read_text(text, &message), RH_ERR_INVALID);
    assert_int_equal(problems.count, AGENT_PROBLEMS_MAX);
    assert_true(problems.more);
    agent_message_release(&message);
}

/* ---- table 3 ---------------------------------------------------------------------------- */

static uint32_t field_bits(char *list)
{
    uint32_t bits = 0;
    for (char *name = strtok(list, ", "); name != NULL; name = strtok(NULL, ", ")) {
        unsigned i = 0;
        if (strcmp(name, "-") == 0)
            continue;
        while (agent_field_at(i) != NULL && strcmp(agent_field_at(i)->spec, name) != 0)
            i++;
        if (agent_field_at(i) == NULL)
            fail_msg("table 3 has a field %s the agent does not know", name);
        bits |= 1u << i;
    }
    return bits;
}

/* What the agent checks at the desk is what the specification says the hub checks. */
static void test_fields_are_those_of_the_specification(void **state)
{
    (void)state;
    char *page = rht_read_file(RHT_SOURCE_DIR "/protocol/spec/lifecycle.md", NULL);
    char *table = strstr(page, "<!-- table 3 -->"), *save = NULL;
    assert_non_null(table);
    unsigned rows = 0;
    uint32_t common = field_bits((char[]){ "lane, basis, occurred_ms, information_wanted, "
                                           "copies, facts, trace" });
    for (char *line = strtok_r(table, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char kind_name[64], required[200], optional[300];
        uint32_t needs, may;
        if (strncmp(line, "## ", 3) == 0)
            break;
        if (sscanf(line, "| %63[a-z_] | %199[^|] | %299[^|] |", kind_name, required,
                   optional) != 3)
            continue;
        enum rh_kind kind = rh_kind_find(kind_name, strlen(kind_name));
        if (kind == RH_KIND_NONE || kind == RH_KIND_ACK || kind == RH_KIND_NACK)
            continue;
        rows++;
        assert_true(agent_fields_of(kind, &needs, &may));
        uint32_t said = field_bits(required);
        if (needs != said)
            fail_msg("required fields of %s differ", kind_name);
        if ((may & ~needs) != ((field_bits(optional) | common) & ~needs))
            fail_msg("optional fields of %s differ", kind_name);
    }
    assert_true(rows > 50);
    free(page);
}

/* ---- the schema ------------------------------------------------------------------------- */

/* The schema names the same keys as the reader takes, and the same kinds. */
static void test_schema_knows_the_same_keys_and_kinds(void **state)
{
    (void)state;
    json_error_t error;
    json_t *schema = json_load_file(RHT_SOURCE_DIR "/protocol/spec/message.schema.json", 0,
                                    &error);
    assert_non_null(schema);
    const char *key;
    json_t *member;
    json_object_foreach(json_object_get(schema, "properties"), key, member) {
        struct agent_message message;
        char text[128];
        snprintf(text, sizeof text, "{\"%s\":null}", key);
        read_text(text, &message);
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/%s", key);
        for (uint32_t i = 0; i < problems.count; i++)
            if (strcmp(problems.list[i].pointer, pointer) == 0)
                assert_null(strstr(problems.list[i].expected, "no such field"));
        agent_message_release(&message);
    }
    assert_int_equal(json_object_size(json_object_get(schema, "properties")), 36);
    size_t kinds = 0;
    json_t *listed = json_object_get(
        json_object_get(json_object_get(schema, "properties"), "kind"), "enum");
    for (int kind = 1; kind < RH_KIND_END; kind++) {
        uint32_t needs, may;
        kinds += agent_fields_of((enum rh_kind)kind, &needs, &may) ? 1 : 0;
    }
    assert_int_equal(json_array_size(listed), kinds);
    for (size_t i = 0; i < json_array_size(listed); i++) {
        const char *name = json_string_value(json_array_get(listed, i));
        assert_int_not_equal(rh_kind_find(name, strlen(name)), RH_KIND_NONE);
    }
    json_decref(schema);
}

/* A slip of the pen is told from a member that never was: both languages name what was
 * meant. */
static void test_unknown_member_names_the_one_meant(void **state)
{
    (void)state;
    struct agent_message message;
    read_text("{\"kind\":\"close\",\"procdure\":\"x\",\"weather\":\"fine\"}", &message);
    agent_message_release(&message);
    bool meant = false, plain = false;
    for (uint32_t i = 0; i < problems.count; i++) {
        const struct agent_problem *problem = &problems.list[i];
        if (strcmp(problem->pointer, "/procdure") == 0)
            meant = strstr(problem->expected, "did you mean procedure?") != NULL &&
                    strstr(problem->expected_zh, "procedure") != NULL;
        if (strcmp(problem->pointer, "/weather") == 0)
            plain = strcmp(problem->expected, "no such field in a message") == 0;
    }
    assert_true(meant);
    assert_true(plain);
}

/* ---- screening ------------------------------------------------------------------------- */

/* The words stay; the rule and its version go. What somebody said already is not
 * overwritten. */
static void test_screening_says_which_rule_fired(void **state)
{
    (void)state;
    struct agent_screen *screen;
    char report[2000];
    const uint32_t *hits;
    static struct rh_public item;
    assert_int_equal(agent_screen_open(RHT_SOURCE_DIR "/protocol/rules", &screen, report,
                                       sizeof report), RH_OK);
    assert_non_null(screen);
    const char *title = "某公司拖欠工资";
    struct rh_bytes text = { (const uint8_t *)title, strlen(title) };
    assert_int_equal(agent_screen_match(screen, text, (struct rh_bytes){ 0 }, &hits), 1);
    memset(&item, 0, sizeof item);
    memcpy(item.category, "unscreened", sizeof "unscreened");
    agent_screen_fill(agent_screen_rule(screen, hits[0]), "unscreened", &item);
    assert_string_equal(item.category, "labour.wage-arrears");
    assert_string_equal(rh_public_fact(&item, "keyword_rule")->code, "wage-arrears");
    assert_int_equal(rh_public_fact(&item, "keyword_version")->number, 1);
    assert_int_equal(rh_public_fact(&item, "stars")->number, 5);
    memcpy(item.category, "urban.other", sizeof "urban.other");
    agent_screen_fill(agent_screen_rule(screen, hits[0]), NULL, &item);
    assert_string_equal(item.category, "urban.other");
    assert_int_equal(item.fact_count, 3);
    agent_screen_close(&screen);
    assert_int_equal(agent_screen_open("/nowhere", &screen, report, sizeof report), RH_OK);
    assert_null(screen);
}

/* ---- small things ----------------------------------------------------------------------- */

static void test_base64_has_one_spelling(void **state)
{
    (void)state;
    struct rht_random random;
    rht_random_init(&random);
    for (size_t bytes = 0; bytes < 70; bytes++) {
        uint8_t data[70], back[70];
        size_t used;
        rht_random_fill(&random, data, bytes);
        char *text = agent_base64((struct rh_bytes){ data, bytes });
        assert_int_equal(agent_base64_decode(text, strlen(text), back, sizeof back, &used),
                         RH_OK);
        assert_int_equal(used, bytes);
        assert_memory_equal(back, data, bytes);
        if (bytes > 0)
            assert_int_equal(agent_base64_decode(text, strlen(text), back, bytes - 1, &used),
                             RH_ERR_FULL);
        free(text);
    }
    static const char *const bad[] = { "a", "ab==c", "a===", "====", "ab c", "Zh==", "Zm9=" };
    uint8_t out[16];
    size_t used;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_not_equal(
            agent_base64_decode(bad[i], strlen(bad[i]), out, sizeof out, &used), RH_OK);
}

/* The path taken out of a range proof is the path RFC 6962 defines, for every place. */
static void test_receipt_path_is_the_audit_path(void **state)
{
    (void)state;
    enum { LEAVES = 23 };
    static struct rh_frame_confirm confirm;
    static uint8_t cores[LEAVES][1];
    struct rh_hash leaves[LEAVES];
    for (uint32_t i = 0; i < LEAVES; i++) {
        struct rh_hash rest;
        cores[i][0] = (uint8_t)i;
        memset(rest.bytes, (int)i, sizeof rest.bytes);
        rh_leaf_hash((struct rh_bytes){ cores[i], 1 }, &rest, &leaves[i]);
    }
    for (uint32_t size = 1; size <= LEAVES; size++) {
        for (uint32_t first = 0; first < size; first++) {
            for (uint32_t count = 1; first + count <= size; count++) {
                memset(&confirm, 0, sizeof confirm);
                confirm.size = size;
                confirm.first_index = first;
                confirm.record_count = count;
                confirm.proof_count = (uint32_t)rht_merkle_range(
                    (long)first, (long)(first + count), leaves, (long)size, confirm.proof);
                for (uint32_t i = 0; i < count; i++) {
                    confirm.records[i].core = (struct rh_bytes){ cores[first + i], 1 };
                    memset(confirm.records[i].rest_hash.bytes, (int)(first + i),
                           RH_HASH_BYTES);
                }
                for (uint32_t i = 0; i < count; i++) {
                    struct rh_hash mine[RH_PROOF_PATH_MAX], twin[RH_PROOF_PATH_MAX];
                    size_t used = agent_receipt_path(&confirm, i, mine);
                    assert_int_equal(used, rht_merkle_path(first + i, leaves, size, twin));
                    assert_memory_equal(mine, twin, used * sizeof mine[0]);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_reads_every_field),
        cmocka_unit_test(test_message_refuses_each_slip_with_its_place),
        cmocka_unit_test(test_message_stops_at_twenty_problems),
        cmocka_unit_test(test_fields_are_those_of_the_specification),
        cmocka_unit_test(test_schema_knows_the_same_keys_and_kinds),
        cmocka_unit_test(test_screening_says_which_rule_fired),
        cmocka_unit_test(test_unknown_member_names_the_one_meant),
        cmocka_unit_test(test_base64_has_one_spelling),
        cmocka_unit_test(test_receipt_path_is_the_audit_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
