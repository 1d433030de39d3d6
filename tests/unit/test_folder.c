/* The folder door, with two agents over a hub in memory: what a case system sees. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent_kit.h"
#include "runtime/words.h"
#include "support/rht.h"

enum { WAIT_MS = 20000 };

static struct rht_hub *hub;
static struct kit_agency sender, receiver;
static struct kit_agency *const both[] = { &sender, &receiver };
static uint32_t refuse_next; /* refusal for the next forward */
static bool strict, forwarded; /* nothing may be signed that was not sent in this generation */

static const char forward[] =
    "{\"kind\":\"forward\",\"to\":\"court.620423\",\"procedure\":\"xinfang\","
    "\"category\":\"labour.wage-arrears\",\"area\":\"620423\",\"source\":\"visit\","
    "\"keys\":{\"12345\":\"GD-2026-7\"},\"facts\":{\"persons\":3},"
    "\"private\":{\"title\":\"讨薪\",\"persons\":[{\"name\":\"张三\",\"role\":\"petitioner\"}],"
    "\"form\":{\"petitioner\":\"张三\"}},"
    "\"body\":{\"media_type\":\"text/plain\",\"text\":\"正文 𠮷\"}}";

static uint32_t decide(void *context, const struct rh_agency_id *from,
                       const struct rh_public *item)
{
    (void)context;
    (void)from;
    if (item->kind == RH_KIND_SIGN && strict && !forwarded)
        return RH_REFUSE_UNKNOWN_REFERRAL;
    if (!rh_kind_is_dispatch(item->kind))
        return 0;
    forwarded = true;
    uint32_t refusal = refuse_next;
    refuse_next = 0;
    return refusal;
}

/* The agents' clock stands still here while the test holds it, so that a machine that is slow
 * to come back to the case system's next write is not taken for a case system at rest. */
static uint64_t held_ms, ahead_ms; /* held_ms 0: it goes, so much ahead of the true one */

uint64_t __real_agent_monotonic_ms(void);
uint64_t __wrap_agent_monotonic_ms(void);

uint64_t __wrap_agent_monotonic_ms(void)
{
    return held_ms != 0 ? held_ms : __real_agent_monotonic_ms() + ahead_ms;
}

static void hold_clock(void)
{
    held_ms = agent_monotonic_ms();
}

static void let_clock_go(void)
{
    uint64_t now = __real_agent_monotonic_ms() + ahead_ms;
    ahead_ms += held_ms > now ? held_ms - now : 0;
    held_ms = 0;
}

static int set_up(void **state)
{
    (void)state;
    held_ms = 0;
    hub = rht_hub_open("test.620423");
    kit_agency_init(&sender, "petitions.620423");
    kit_agency_init(&receiver, "court.620423");
    rht_hub_enrol(hub, &sender.card);
    rht_hub_enrol(hub, &receiver.card);
    rht_hub_knobs(hub)->decide = decide;
    kit_open(&sender, hub);
    kit_open(&receiver, hub);
    refuse_next = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kit_close(&sender);
    kit_close(&receiver);
    rht_hub_close(&hub);
    return 0;
}

static const char *awaited_room, *awaited_name;
static struct kit_agency *awaited_at;

static bool is_there(void)
{
    return kit_exists(awaited_at, awaited_room, awaited_name);
}

static bool wait_for(struct kit_agency *agency, const char *room, const char *name)
{
    awaited_at = agency;
    awaited_room = room;
    awaited_name = name;
    return kit_turn(hub, both, 2, is_there, WAIT_MS);
}

static unsigned awaited_count;

static bool has_count(void)
{
    return kit_count(awaited_at, awaited_room, NULL) >= awaited_count;
}

static bool wait_count(struct kit_agency *agency, const char *room, unsigned count)
{
    awaited_at = agency;
    awaited_room = room;
    awaited_count = count;
    return kit_turn(hub, both, 2, has_count, WAIT_MS);
}

static bool never(void)
{
    return false;
}

static void turn_for(uint64_t ms)
{
    assert_false(kit_turn(hub, both, 2, never, ms));
}

static const char *text_at(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : "";
}

/* The whole way: file, receipt with a proof, delivery, content as it was written. */
static void test_folder_sends_and_places(void **state)
{
    (void)state;
    char name[256] = "";
    kit_drop(&sender, "a.json", forward);
    assert_true(wait_for(&sender, "sent", "a.receipt.json"));
    assert_true(kit_exists(&sender, "sent", "a.json"));
    assert_false(kit_exists(&sender, "out", "a.json"));
    json_t *receipt = kit_json(&sender, "sent", "a.receipt.json");
    const json_t *receipts = json_object_get(receipt, "receipts");
    assert_int_equal(json_array_size(receipts), 2); /* a registration and its dispatch */
    const json_t *last = json_array_get(receipts, 1);
    assert_string_equal(text_at(last, "result"), "stored");
    assert_string_equal(text_at(last, "hub"), "test.620423");
    assert_true(json_integer_value(json_object_get(last, "log_index")) > 0);

    assert_true(wait_count(&receiver, "in", 1));
    kit_count(&receiver, "in", name);
    assert_non_null(strstr(name, "R-26K4-0001-forward-"));
    assert_non_null(strstr(name, text_at(last, "id")));
    json_t *got = kit_json(&receiver, "in", name);
    assert_string_equal(text_at(got, "kind"), "forward");
    assert_string_equal(text_at(got, "from"), "petitions.620423");
    assert_string_equal(text_at(got, "referral"), text_at(last, "referral"));
    assert_true(json_is_true(json_object_get(got, "verified")));
    const json_t *parts = json_object_get(got, "private");
    assert_string_equal(text_at(parts, "title"), "讨薪");
    assert_string_equal(text_at(json_array_get(json_object_get(parts, "persons"), 0), "name"),
                        "张三");
    assert_string_equal(text_at(json_object_get(got, "body"), "text"), "正文 𠮷");
    assert_string_equal(text_at(json_array_get(json_object_get(got, "external"), 0), "number"),
                        "GD-2026-7");
    json_decref(got);
    json_decref(receipt);
}

/* Anybody can check the receipt in the file with RFC 6962 and the hub's public key. */
static void test_folder_receipt_proves_itself(void **state)
{
    (void)state;
    uint8_t core[RH_CORE_BYTES_MAX];
    struct rh_hash rest, leaf, path[RH_PROOF_PATH_MAX];
    struct rh_batch batch;
    struct rh_sign_public key;
    for (int i = 0; i < 9; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%d.json", i);
        kit_drop(&sender, name, "{\"kind\":\"register\",\"procedure\":\"xinfang\","
                                "\"category\":\"labour\"}");
    }
    assert_true(wait_count(&sender, "sent", 18));
    json_t *json = kit_json(&sender, "sent", "p3.receipt.json");
    const json_t *one = json_array_get(json_object_get(json, "receipts"), 0);
    const json_t *checkpoint = json_object_get(one, "checkpoint");
    const json_t *proof = json_object_get(one, "proof");
    size_t core_bytes = rht_base64(text_at(one, "core"), core, sizeof core);
    rht_base64(text_at(one, "rest_hash"), rest.bytes, sizeof rest.bytes);
    rht_base64(text_at(checkpoint, "root"), batch.root.bytes, sizeof batch.root.bytes);
    rht_base64(text_at(checkpoint, "signature"), batch.signature.bytes,
               sizeof batch.signature.bytes);
    batch.hub = *rht_hub_id(hub);
    batch.size = (uint64_t)json_integer_value(json_object_get(checkpoint, "size"));
    memcpy(key.bytes, rht_hub_card(hub)->keys[RH_KEY_SIGN], sizeof key.bytes);
    assert_int_equal(rh_batch_verify(&batch, &key), RH_OK);
    for (size_t i = 0; i < json_array_size(proof); i++)
        rht_base64(json_string_value(json_array_get(proof, i)), path[i].bytes, RH_HASH_BYTES);
    rh_leaf_hash((struct rh_bytes){ core, core_bytes }, &rest, &leaf);
    uint64_t index = (uint64_t)json_integer_value(json_object_get(one, "log_index"));
    assert_int_equal(rh_proof_inclusion_verify(&leaf, index, batch.size, path,
                                               json_array_size(proof), &batch.root),
                     RH_OK);
    json_decref(json);
}

/* The same file again gives the same receipt and no second message. */
static void test_folder_same_file_again_is_the_same_message(void **state)
{
    (void)state;
    kit_drop(&sender, "a.json", forward);
    assert_true(wait_for(&sender, "sent", "a.receipt.json"));
    uint64_t items = rht_hub_counts(hub)->items;
    char *before = rht_read_file(kit_path(&sender, "sent", "a.receipt.json"), NULL);
    unlink(kit_path(&sender, "sent", "a.receipt.json"));
    kit_drop(&sender, "a.json", forward);
    assert_true(wait_for(&sender, "sent", "a.receipt.json"));
    char *after = rht_read_file(kit_path(&sender, "sent", "a.receipt.json"), NULL);
    assert_string_equal(before, after);
    turn_for(100);
    assert_int_equal(rht_hub_next_n(hub, "petitions.620423"), 3);
    assert_true(rht_hub_counts(hub)->items <= items + 2); /* acks of the receiver only */
    free(before);
    free(after);
    /* The same name with another content is another message, and keeps both files. */
    char other[2048];
    snprintf(other, sizeof other, "%s", forward);
    memcpy(strstr(other, "GD-2026-7"), "GD-2026-8", 9);
    kit_drop(&sender, "a.json", other);
    assert_true(wait_count(&sender, "sent", 4));
    assert_int_equal(rht_hub_next_n(hub, "petitions.620423"), 5);
}

/* Everything wrong with a file at once, with places, in both languages; nothing leaves. */
static void test_folder_tells_all_problems(void **state)
{
    (void)state;
    kit_drop(&sender, "bad.json",
             "{\"kind\":\"assign\",\"to\":\"Court\",\"procedure\":\"xin fang\",\"colour\":1,"
             "\"private\":{\"persons\":[{\"nam\":\"李四\"}]},\"due\":\"yesterday\"}");
    assert_true(wait_for(&sender, "failed", "bad.error.json"));
    assert_true(kit_exists(&sender, "failed", "bad.json"));
    assert_false(kit_exists(&sender, "out", "bad.json"));
    json_t *json = kit_json(&sender, "failed", "bad.error.json");
    const json_t *errors = json_object_get(json, "errors");
    static const char *const wanted[] = { "/to", "/procedure", "/colour",
                                          "/private/persons/0/nam", "/due" };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        bool found = false;
        for (size_t k = 0; k < json_array_size(errors); k++)
            found = found ||
                    strcmp(text_at(json_array_get(errors, k), "pointer"), wanted[i]) == 0;
        if (!found)
            fail_msg("no problem at %s", wanted[i]);
    }
    assert_string_equal(text_at(json, "code"), "RH-4112");
    assert_true(strlen(text_at(json, "title_zh")) > 0);
    char *text = rht_read_file(kit_path(&sender, "failed", "bad.error.json"), NULL);
    assert_null(strstr(text, "李四")); /* never what was written there */
    free(text);
    json_decref(json);
    turn_for(50);
    assert_int_equal(rht_hub_next_n(hub, "petitions.620423"), 1);
}

static void test_folder_refuses_what_is_no_message(void **state)
{
    (void)state;
    char *huge = malloc(1200000);
    memset(huge, ' ', 1199999);
    huge[1199999] = '\0';
    kit_drop(&sender, "broken.json", "{\"kind\":\n  forward}");
    kit_drop(&sender, "twice.json", "{\"kind\":\"register\",\"kind\":\"forward\"}");
    kit_drop(&sender, "huge.json", huge);
    kit_drop(&sender, "table.csv", "a,b\n");
    kit_drop(&sender, "half.json.part", "{");
    kit_drop(&sender, ".hidden.json", "{");
    assert_true(wait_for(&sender, "failed", "broken.error.json"));
    assert_true(wait_for(&sender, "failed", "twice.error.json"));
    assert_true(wait_for(&sender, "failed", "huge.error.json"));
    assert_true(wait_for(&sender, "failed", "table.csv.error.json"));
    json_t *json = kit_json(&sender, "failed", "broken.error.json");
    assert_string_equal(text_at(json, "code"), "RH-9103");
    assert_non_null(strstr(text_at(json, "detail"), "line 2"));
    json_decref(json);
    json = kit_json(&sender, "failed", "huge.error.json");
    assert_string_equal(text_at(json, "code"), "RH-9104");
    json_decref(json);
    turn_for(150);
    assert_true(kit_exists(&sender, "out", "half.json.part"));
    assert_true(kit_exists(&sender, "out", ".hidden.json"));
    free(huge);
}

static unsigned turns_left;

static bool turns_are_over(void)
{
    return turns_left-- == 0;
}

/* So much later by the agents' clock, whatever the machine takes for it. */
static void turn_after(uint64_t ms)
{
    held_ms += ms;
    turns_left = 3;
    assert_true(kit_turn(hub, both, 2, turns_are_over, WAIT_MS));
}

static void expect_untouched(const char *name)
{
    assert_true(kit_exists(&sender, "out", name));
    assert_false(kit_exists(&sender, "failed", name));
    assert_int_equal(rht_hub_next_n(hub, sender.id.text), 1);
}

/* A file written in place is taken only when it has been left alone. If this failed, halves of
 * messages would be refused, or sent. */
static void test_folder_waits_until_a_file_has_settled(void **state)
{
    (void)state;
    size_t cut = sizeof forward / 2;
    char path[700];
    snprintf(path, sizeof path, "%s", kit_path(&sender, "out", "slow.json"));
    hold_clock();
    for (size_t i = 0; i < 6; i++) {
        rht_write_file(path, forward, cut + i);
        turn_after(0); /* seen as it is */
        expect_untouched("slow.json");
        turn_after(KIT_SETTLE_MS - 1);
        expect_untouched("slow.json");
    }
    rht_write_file(path, forward, strlen(forward));
    turn_after(0);
    turn_after(KIT_SETTLE_MS);
    let_clock_go();
    assert_true(wait_for(&sender, "sent", "slow.receipt.json"));
    /* Half a message that nobody goes on writing is one all the same, and a wrong one. */
    rht_write_file(kit_path(&sender, "out", "half.json"), forward, cut);
    assert_true(wait_for(&sender, "failed", "half.error.json"));
}

static void test_folder_hub_refusal_becomes_a_problem(void **state)
{
    (void)state;
    refuse_next = RH_REFUSE_ROUTE_FORBIDDEN;
    kit_drop(&sender, "no.json", forward);
    assert_true(wait_for(&sender, "failed", "no.error.json"));
    assert_true(kit_exists(&sender, "failed", "no.json"));
    json_t *json = kit_json(&sender, "failed", "no.error.json");
    assert_string_equal(text_at(json, "code"), "RH-4305");
    /* The refusal is on record too, with its proof. */
    const json_t *last = json_array_get(json_object_get(json, "receipts"), 1);
    assert_string_equal(text_at(last, "result"), "refused");
    assert_true(strlen(text_at(last, "core")) > 0);
    json_decref(json);
}

/* The dispatch of `first` is refused; `second` goes on with its registration. */
static void expect_one_registration(const char *name, const char *first, const char *second)
{
    char file[64], error[80], other[80], receipt[80];
    snprintf(file, sizeof file, "%s.json", name);
    snprintf(error, sizeof error, "%s.error.json", name);
    snprintf(other, sizeof other, "%s-again.json", name);
    snprintf(receipt, sizeof receipt, "%s-again.receipt.json", name);
    refuse_next = RH_REFUSE_ROUTE_FORBIDDEN;
    kit_drop(&sender, file, first);
    assert_true(wait_for(&sender, "failed", error));
    kit_drop(&sender, other, second);
    assert_true(wait_for(&sender, "sent", receipt));
    json_t *refused = kit_json(&sender, "failed", error);
    json_t *stored = kit_json(&sender, "sent", receipt);
    const json_t *before = json_object_get(refused, "receipts");
    const json_t *after = json_object_get(stored, "receipts");
    assert_int_equal(json_array_size(before), 2);
    assert_int_equal(json_array_size(after), 1); /* the dispatch alone */
    const char *referral = text_at(json_array_get(after, 0), "referral");
    assert_string_equal(referral, text_at(json_array_get(before, 0), "referral"));
    assert_string_equal(text_at(json_array_get(after, 0), "kind"), "forward");
    json_decref(refused);
    json_decref(stored);
}

/* If this failed, every correction of a refused dispatch would leave a registered matter behind
 * that nobody looks after, and whose clock runs. */
static void test_folder_a_corrected_dispatch_makes_no_second_registration(void **state)
{
    (void)state;
    static const char by_content[] =
        "{\"kind\":\"forward\",\"to\":\"court.620423\",\"procedure\":\"xinfang\","
        "\"category\":\"land.other\",\"private\":{\"title\":\"占地\"}}";
    static const char by_id[] =
        "{\"id\":\"%s\",\"kind\":\"forward\","
        "\"to\":\"court.620423\",\"procedure\":\"xinfang\",\"category\":\"land.other\"%s}";
    static const uint8_t chance[10] = { 7 };
    char first[300], second[300], id[RH_ID_TEXT_BYTES];
    uint8_t bytes[RH_ID_BYTES];
    rh_id_make(bytes, rht_now_ms(), chance);
    rh_id_format(bytes, id);
    expect_one_registration("number", forward, forward);
    expect_one_registration("content", by_content, by_content);
    /* Once it stands, the same words again are another matter. */
    kit_drop(&sender, "more.json", by_content);
    assert_true(wait_for(&sender, "sent", "more.receipt.json"));
    json_t *json = kit_json(&sender, "sent", "more.receipt.json");
    assert_int_equal(json_array_size(json_object_get(json, "receipts")), 2);
    json_decref(json);
    snprintf(first, sizeof first, by_id, id, "");
    snprintf(second, sizeof second, by_id, id, ",\"lane\":\"green\"");
    expect_one_registration("id", first, second);
    snprintf(second, sizeof second, by_id, id, ",\"lane\":\"urgent\"");
    kit_drop(&sender, "third.json", second); /* now it has been used */
    assert_true(wait_for(&sender, "failed", "third.error.json"));
    json = kit_json(&sender, "failed", "third.error.json");
    assert_string_equal(text_at(json, "code"), "RH-4122");
    json_decref(json);
}

static void expect_addressee_refused(const char *name, const char *to, const char *more)
{
    char text[300], file[64], error[80];
    snprintf(file, sizeof file, "%s.json", name);
    snprintf(error, sizeof error, "%s.error.json", name);
    snprintf(text, sizeof text,
             "{\"kind\":\"forward\",\"to\":\"%s\",\"procedure\":\"xinfang\","
             "\"category\":\"land.other\"%s}", to, more);
    kit_drop(&sender, file, text);
    assert_true(wait_for(&sender, "failed", error));
    json_t *json = kit_json(&sender, "failed", error);
    const json_t *first = json_array_get(json_object_get(json, "errors"), 0);
    assert_string_equal(text_at(json, "code"), "RH-4320");
    assert_string_equal(text_at(first, "pointer"), "/to");
    json_decref(json);
}

/* If this failed, the registration would leave although its dispatch cannot. */
static void test_folder_looks_at_the_addressee_before_anything_leaves(void **state)
{
    (void)state;
    expect_addressee_refused("nobody", "police.999999", "");
    expect_addressee_refused("self", "petitions.620423", "");
    expect_addressee_refused("accused", "court.620423", ",\"accused\":[\"court.620423\"]");
    assert_int_equal(rht_hub_next_n(hub, sender.id.text), 1);
}

static void test_folder_acts_by_name(void **state)
{
    (void)state;
    kit_drop(&sender, "a.json", forward);
    assert_true(wait_count(&receiver, "in", 1));
    kit_drop(&receiver, "R-26K4-0001.sign.json", "");
    kit_drop(&receiver, "R-26K4-0001.accept.json", "{\"note\":\"已受理\"}");
    assert_true(wait_for(&receiver, "sent", "R-26K4-0001.sign.receipt.json"));
    assert_true(wait_for(&receiver, "sent", "R-26K4-0001.accept.receipt.json"));
    assert_true(wait_count(&sender, "in", 2));
    kit_drop(&receiver, "12345=GD-2026-7.progress.json", "{\"note\":\"x\"}");
    assert_true(wait_for(&receiver, "sent", "12345=GD-2026-7.progress.receipt.json"));
    kit_drop(&receiver, "R-26K4-9999.sign.json", "{}");
    assert_true(wait_for(&receiver, "failed", "R-26K4-9999.sign.error.json"));
    json_t *json = kit_json(&receiver, "failed", "R-26K4-9999.sign.error.json");
    assert_string_equal(text_at(json, "code"), "RH-4303");
    json_decref(json);
}

static void test_folder_reads_gb18030(void **state)
{
    (void)state;
    /* {"kind":"register",... "private":{"title":"信访𠮷"}} in GB18030 */
    static const char text[] =
        "{\"kind\":\"register\",\"procedure\":\"xinfang\",\"category\":\"labour\","
        "\"private\":{\"title\":\"\xD0\xC5\xB7\xC3\x95\x34\xB2\x35\"}}";
    kit_close(&sender);
    sender.encoding = "gb18030";
    kit_open(&sender, hub);
    kit_drop(&sender, "gb.json", text);
    assert_true(wait_for(&sender, "sent", "gb.receipt.json"));
    char *kept = rht_read_file(kit_path(&sender, "sent", "gb.json"), NULL);
    assert_string_equal(kept, text); /* as it came */
    free(kept);
    struct rh_bytes bytes;
    struct rh_item item;
    struct rh_private content;
    assert_int_equal(agent_spool_original(sender.agent->spool, 1, &bytes), RH_OK);
    assert_int_equal(rh_item_decode(bytes, &item), RH_OK);
    assert_int_equal(rh_private_decode(item.private_part, &content, NULL), RH_OK);
    assert_memory_equal(content.title.data, "信访𠮷", strlen("信访𠮷"));
    kit_drop(&sender, "cut.json", "{\"kind\":\"\xD0\"}");
    assert_true(wait_for(&sender, "failed", "cut.error.json"));
}

/* A body that is no text travels as a file beside, both ways. */
static void test_folder_carries_a_binary_body(void **state)
{
    (void)state;
    static const uint8_t pdf[] = { '%', 'P', 'D', 'F', 0, 0xFF, 0xFE, 1, 2, 3 };
    char name[256] = "", message[2048];
    snprintf(message, sizeof message, "%s", forward);
    strstr(message, "\"body\"")[0] = '\0';
    strncat(message, "\"body\":{\"media_type\":\"application/pdf\",\"file\":\"x.pdf\"}}",
            sizeof message - strlen(message) - 1);
    assert_int_equal(mkdir(kit_path(&sender, "out", "b.d"), 0700), 0);
    rht_write_file(kit_path(&sender, "out", "b.d/x.pdf"), pdf, sizeof pdf);
    kit_drop(&sender, "b.json", message);
    assert_true(wait_for(&sender, "sent", "b.receipt.json"));
    assert_true(kit_exists(&sender, "sent", "b.d/x.pdf"));
    assert_true(wait_count(&receiver, "in", 2)); /* X.json and X.d */
    kit_count(&receiver, "in", name);
    char *end = strstr(name, ".d");
    assert_non_null(end);
    char file[300];
    snprintf(file, sizeof file, "%.*s.d/body.bin", (int)(end - name), name);
    size_t bytes;
    char *data = rht_read_file(kit_path(&receiver, "in", file), &bytes);
    assert_int_equal(bytes, sizeof pdf);
    assert_memory_equal(data, pdf, sizeof pdf);
    free(data);
    kit_drop(&sender, "c.json", message); /* without c.d */
    assert_true(wait_for(&sender, "failed", "c.error.json"));
}

static bool one_is_taken(void)
{
    struct agent_counts counts;
    return agent_spool_counts(receiver.agent->spool, &counts) == RH_OK && counts.not_taken == 0;
}

static void test_folder_done_means_taken(void **state)
{
    (void)state;
    char name[256] = "";
    kit_drop(&sender, "a.json", forward);
    assert_true(wait_count(&receiver, "in", 1));
    kit_count(&receiver, "in", name);
    assert_false(one_is_taken());
    assert_int_equal(rename(kit_path(&receiver, "in", name), kit_path(&receiver, "done", name)),
                     0);
    assert_true(kit_turn(hub, both, 2, one_is_taken, WAIT_MS));
}

/* A matter registered today and sent tomorrow goes with what was said at its registration. */
static void test_folder_dispatch_takes_the_registered_content(void **state)
{
    (void)state;
    char name[256] = "";
    kit_drop(&sender, "r.json",
             "{\"kind\":\"register\",\"procedure\":\"xinfang\",\"category\":\"labour\","
             "\"keys\":{\"12345\":\"A1\"},\"private\":{\"title\":\"登记内容\"}}");
    assert_true(wait_for(&sender, "sent", "r.receipt.json"));
    kit_drop(&sender, "12345=A1.forward.json", "{\"to\":\"court.620423\"}");
    assert_true(wait_count(&receiver, "in", 1));
    kit_count(&receiver, "in", name);
    json_t *got = kit_json(&receiver, "in", name);
    assert_string_equal(text_at(json_object_get(got, "private"), "title"), "登记内容");
    json_decref(got);
    /* The number is taken: registering it again is stopped at the desk. */
    kit_drop(&sender, "again.json",
             "{\"kind\":\"register\",\"procedure\":\"xinfang\",\"category\":\"labour\","
             "\"keys\":{\"12345\":\"A1\"},\"private\":{\"title\":\"x\"}}");
    assert_true(wait_for(&sender, "failed", "again.error.json"));
    got = kit_json(&sender, "failed", "again.error.json");
    assert_string_equal(text_at(got, "code"), "RH-4316");
    json_decref(got);
}

/* End to end: the hub cannot read it, the addressee can, and another key cannot. */
static void test_folder_seals_for_the_addressee(void **state)
{
    (void)state;
    char name[256] = "", message[2048];
    snprintf(message, sizeof message, "{\"seal\":true,%s", forward + 1);
    kit_drop(&sender, "s.json", message);
    assert_true(wait_count(&receiver, "in", 1));
    kit_count(&receiver, "in", name);
    json_t *got = kit_json(&receiver, "in", name);
    assert_string_equal(text_at(json_object_get(got, "private"), "title"), "讨薪");
    json_decref(got);
    struct rh_bytes bytes;
    assert_int_equal(agent_spool_original(sender.agent->spool, 2, &bytes), RH_OK);
    for (size_t i = 0; i + 6 < bytes.bytes; i++)
        assert_memory_not_equal(bytes.data + i, "讨薪", 6);
    /* The receiver's key is replaced: it cannot open what is sealed to the old one. */
    kit_close(&receiver);
    rh_secret_generate(RH_KEY_SEAL, receiver.id.text, &receiver.keys.secrets[RH_KEY_SEAL]);
    kit_open(&receiver, hub);
    memcpy(strstr(message, "GD-2026-7"), "GD-2026-9", 9);
    kit_drop(&sender, "t.json", message);
    assert_true(wait_for(&sender, "sent", "t.receipt.json"));
    uint64_t until = rht_now_ms() + WAIT_MS;
    while (rht_hub_counts(hub)->nacks == 0 && rht_now_ms() < until)
        turn_for(5);
    assert_int_equal(rht_hub_counts(hub)->last_nack, RH_REFUSE_NO_UNSEAL);
}

/* The profile's own check, with its reason in both languages. */
static void test_folder_desk_check_stops_it(void **state)
{
    (void)state;
    static struct rh_profile profile;
    memset(&profile, 0, sizeof profile);
    snprintf(profile.id, sizeof profile.id, "petitions");
    profile.open_count = profile.check_count = 1;
    snprintf(profile.opens[0].procedure, sizeof profile.opens[0].procedure, "*");
    rh_kind_add(&profile.opens[0].kinds, RH_KIND_REGISTER);
    rh_kind_add(&profile.opens[0].kinds, RH_KIND_FORWARD);
    struct rh_profile_check *check = &profile.checks[0];
    snprintf(check->procedure, sizeof check->procedure, "*");
    rh_kind_add(&check->kinds, RH_KIND_FORWARD);
    check->of = RH_CHECK_FACT;
    snprintf(check->fact, sizeof check->fact, "mediating_org");
    check->refusal = RH_REFUSE_MEDIATOR_MISSING;
    snprintf(check->reason_en, sizeof check->reason_en, "name the organisation");
    snprintf(check->reason_zh, sizeof check->reason_zh, "须写明调解组织");
    kit_close(&sender);
    sender.profile = &profile;
    kit_open(&sender, hub);
    kit_drop(&sender, "m.json", forward);
    assert_true(wait_for(&sender, "failed", "m.error.json"));
    json_t *json = kit_json(&sender, "failed", "m.error.json");
    assert_string_equal(text_at(json, "code"), "RH-4313");
    assert_string_equal(text_at(json, "detail_zh"), "须写明调解组织");
    assert_string_equal(text_at(json_array_get(json_object_get(json, "errors"), 0), "pointer"),
                        "/facts/mediating_org");
    json_decref(json);
    kit_drop(&sender, "w.json", "{\"kind\":\"withdraw\",\"referral\":"
                                "\"01900000-0000-7000-8000-000000000001\"}");
    assert_true(wait_for(&sender, "failed", "w.error.json"));
    json = kit_json(&sender, "failed", "w.error.json");
    assert_string_equal(text_at(json, "code"), "RH-9106");
    json_decref(json);
    sender.profile = NULL;
}

/* Redelivery, resubmission and a new generation: one file each, whatever happens. */
static void test_folder_places_once(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        char name[32], message[2048];
        snprintf(name, sizeof name, "o%d.json", i);
        snprintf(message, sizeof message, "%s", forward);
        strstr(message, "GD-2026-7")[8] = (char)('0' + i);
        kit_drop(&sender, name, message);
    }
    assert_true(wait_count(&receiver, "in", 5));
    turn_for(30);
    /* The case system takes them all away. */
    for (int i = 0; i < 5; i++) {
        char name[256] = "";
        kit_count(&receiver, "in", name);
        assert_int_equal(unlink(kit_path(&receiver, "in", name)), 0);
    }
    for (uint64_t back = 0; back < 5; back++)
        rht_hub_repeat(hub, "court.620423", back);
    turn_for(50);
    assert_int_equal(kit_count(&receiver, "in", NULL), 0);
    /* The hub loses its newest records, acks among them, and begins a new generation. */
    rht_hub_recover(hub, 6);
    turn_for(600);
    assert_int_equal(kit_count(&receiver, "in", NULL), 0);
    assert_string_equal(agent_spool_hub(receiver.agent->spool)->text, "test.620423/2");
    assert_int_equal(rht_hub_queued(hub, "court.620423"), 0);
    kit_drop(&sender, "new.json", "{\"kind\":\"forward\",\"to\":\"court.620423\","
                                  "\"procedure\":\"xinfang\",\"category\":\"labour\"}");
    assert_true(wait_count(&receiver, "in", 1));
}

static bool sign_is_stored(void)
{
    struct agent_sent sent;
    for (uint64_t n = agent_spool_last_n(receiver.agent->spool); n > 0; n--)
        if (agent_spool_sent(receiver.agent->spool, n, &sent) == RH_OK &&
            sent.kind == RH_KIND_SIGN && sent.again_of != 0)
            return sent.state == AGENT_STORED;
    return false;
}

static bool sign_is_refused(void)
{
    struct agent_counts counts;
    return agent_spool_counts(receiver.agent->spool, &counts) == RH_OK && counts.refused > 0;
}

/* The hub lost the dispatch and its signing, and the addressee comes back first. */
static void test_folder_answer_is_said_again_after_recovery(void **state)
{
    (void)state;
    strict = true;
    forwarded = false;
    kit_drop(&sender, "a.json", forward);
    assert_true(wait_count(&receiver, "in", 1));
    kit_drop(&receiver, "R-26K4-0001.sign.json", "");
    assert_true(wait_for(&receiver, "sent", "R-26K4-0001.sign.receipt.json"));
    kit_close(&sender);
    forwarded = false;
    rht_hub_recover(hub, 1);
    assert_true(kit_turn(hub, both, 2, sign_is_refused, WAIT_MS));
    kit_open(&sender, hub);
    assert_true(kit_turn(hub, both, 2, sign_is_stored, WAIT_MS));
    assert_int_equal(kit_count(&receiver, "in", NULL), 1);
    strict = false;
}

enum { BURST = 150, ARRIVALS_OF_ONE_ACK = 60 }; /* the second is the hub's bound */

static bool burst_is_queued(void)
{
    return rht_hub_queued(hub, receiver.id.text) == BURST;
}

static bool burst_is_settled(void)
{
    return rht_hub_queued(hub, receiver.id.text) == 0;
}

/* What waited for a receiver that was away comes at once. An ack that spoke of more than the
 * hub lets one ack bring to arrival would leave the rest until it is sent again. */
static void test_folder_acknowledges_a_burst_in_pieces(void **state)
{
    (void)state;
    struct agent_sent sent;
    struct rh_bytes bytes;
    struct rh_item item;
    struct rh_public value;
    char name[32], text[200];
    uint64_t acked = 0;
    uint32_t acks = 0;
    kit_close(&receiver);
    for (unsigned i = 0; i < BURST; i++) {
        snprintf(name, sizeof name, "b%03u.json", i);
        snprintf(text, sizeof text,
                 "{\"kind\":\"forward\",\"to\":\"court.620423\",\"procedure\":\"xinfang\","
                 "\"category\":\"labour\",\"keys\":{\"case\":\"%u\"}}", i);
        kit_drop(&sender, name, text);
    }
    assert_true(kit_turn(hub, both, 2, burst_is_queued, WAIT_MS));
    kit_open(&receiver, hub);
    assert_true(kit_turn(hub, both, 2, burst_is_settled, WAIT_MS));
    struct agent_spool *spool = receiver.agent->spool;
    for (uint64_t n = 1; agent_spool_sent_next(spool, &n, &sent) == RH_OK; n++) {
        if (sent.kind != RH_KIND_ACK)
            continue;
        assert_int_equal(agent_spool_item(spool, n, 1, &bytes), RH_OK);
        assert_int_equal(rh_item_decode(bytes, &item), RH_OK);
        assert_int_equal(rh_public_decode(item.public_part, &value, NULL), RH_OK);
        assert_true(value.pair_seq > acked);
        assert_true(value.pair_seq - acked <= ARRIVALS_OF_ONE_ACK);
        acked = value.pair_seq;
        acks++;
    }
    assert_int_equal(acked, BURST);
    assert_true(acks < BURST); /* still many at once */
}

/* ---- what is no message ----------------------------------------------------------------- */

static bool odd_ones_are_named(void)
{
    return kit_exists(&sender, "failed", "link.error.json") &&
           kit_exists(&sender, "failed", "pipe.error.json") &&
           kit_exists(&sender, "failed", "dir.error.json") &&
           kit_exists(&sender, "failed", "empty.error.json") &&
           kit_exists(&sender, "failed", "locked.error.json") &&
           kit_count(&sender, "failed", NULL) >= 9;
}

static void expect_reason(const char *file, const char *code, const char *said)
{
    json_t *error = kit_json(&sender, "failed", file);
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    assert_non_null(strstr(json_string_value(json_object_get(error, "detail")), said));
    assert_true(json_string_length(json_object_get(error, "detail_zh")) > 0);
    json_decref(error);
}

/* If this failed, people would wait for the answer to something nobody ever took up; or a link
 * in out/ would send what lies elsewhere on the machine. */
static void test_folder_names_what_is_no_plain_file(void **state)
{
    (void)state;
    const char *secret = kit_path(&sender, "tmp", "elsewhere");
    struct stat about;
    rht_write_file(secret, "{\"kind\":\"register\"}", 19);
    assert_int_equal(symlink(secret, kit_path(&sender, "out", "link.json")), 0);
    assert_int_equal(mkfifo(kit_path(&sender, "out", "pipe.json"), 0600), 0);
    assert_int_equal(mkdir(kit_path(&sender, "out", "dir.json"), 0700), 0);
    kit_drop(&sender, "empty.json", "");
    kit_drop(&sender, "\xff\xfe.json", "{}");
    kit_drop(&sender, "locked.json", "{}");
    assert_int_equal(chmod(kit_path(&sender, "out", "locked.json"), 0), 0);
    assert_true(kit_turn(hub, both, 2, odd_ones_are_named, WAIT_MS));
    expect_reason("link.error.json", "RH-9108", "links are never followed");
    expect_reason("pipe.error.json", "RH-9108", "a pipe");
    expect_reason("dir.error.json", "RH-9108", "a directory");
    expect_reason("empty.error.json", "RH-9103", "empty");
    /* They stay, untouched, and are not said twice. */
    assert_int_equal(lstat(kit_path(&sender, "out", "link.json"), &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_true(kit_exists(&sender, "out", "pipe.json"));
    assert_true(kit_exists(&sender, "out", "dir.json"));
    assert_true(kit_exists(&sender, "tmp", "elsewhere"));
    assert_int_equal(rht_hub_next_n(hub, sender.id.text), 1);
    const char *named = kit_path(&sender, "failed", "link.error.json");
    assert_int_equal(stat(named, &about), 0);
    ino_t first = about.st_ino;
    kit_close(&sender);
    kit_open(&sender, hub);
    kit_drop(&sender, "again.json", "");
    assert_true(wait_for(&sender, "failed", "again.error.json"));
    assert_int_equal(stat(kit_path(&sender, "failed", "link.error.json"), &about), 0);
    assert_int_equal(about.st_ino, first);
    /* A name that is no UTF-8 is told by its bytes. */
    char name[256] = "";
    DIR *dir = opendir(kit_path(&sender, "failed", ""));
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        if (strncmp(entry->d_name, "unnamed-", 8) == 0 &&
            strstr(entry->d_name, ".error.json") != NULL)
            snprintf(name, sizeof name, "%s", entry->d_name);
    closedir(dir);
    expect_reason(name, "RH-9104", "a name");
    json_t *error = kit_json(&sender, "failed", name);
    assert_string_equal(json_string_value(json_object_get(error, "instance")),
                        "file:out/%FF%FE.json");
    json_decref(error);
    /* A message in its place is taken like any other. */
    assert_int_equal(unlink(kit_path(&sender, "out", "link.json")), 0);
    unlink(named);
    kit_drop(&sender, "link.json", "[]");
    assert_true(wait_for(&sender, "failed", "link.json"));
}

static void test_folder_names(void **state)
{
    (void)state;
    enum rh_kind kind;
    char referral[300];
    assert_int_equal(folder_judge_name("a.json"), FOLDER_NAME_MESSAGE);
    assert_int_equal(folder_judge_name("案件一.json"), FOLDER_NAME_MESSAGE);
    assert_int_equal(folder_judge_name(".a.json"), FOLDER_NAME_IGNORED);
    assert_int_equal(folder_judge_name("a.json.tmp"), FOLDER_NAME_IGNORED);
    assert_int_equal(folder_judge_name("a.part"), FOLDER_NAME_IGNORED);
    assert_int_equal(folder_judge_name("a.json~"), FOLDER_NAME_IGNORED);
    assert_int_equal(folder_judge_name("a.d"), FOLDER_NAME_IGNORED);
    assert_int_equal(folder_judge_name("a.csv"), FOLDER_NAME_REFUSED);
    assert_int_equal(folder_judge_name("a\n.json"), FOLDER_NAME_REFUSED);
    assert_int_equal(folder_judge_name("\xff.json"), FOLDER_NAME_REFUSED);
    folder_read_name("R-26K4-0042.sign.json", &kind, referral, sizeof referral);
    assert_int_equal(kind, RH_KIND_SIGN);
    assert_string_equal(referral, "R-26K4-0042");
    folder_read_name("a.b.json", &kind, referral, sizeof referral);
    assert_int_equal(kind, RH_KIND_NONE);
    folder_read_name("sign.json", &kind, referral, sizeof referral);
    assert_int_equal(kind, RH_KIND_NONE);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folder_names),
        CASE(test_folder_sends_and_places),
        CASE(test_folder_names_what_is_no_plain_file),
        CASE(test_folder_receipt_proves_itself),
        CASE(test_folder_same_file_again_is_the_same_message),
        CASE(test_folder_tells_all_problems),
        CASE(test_folder_refuses_what_is_no_message),
        CASE(test_folder_waits_until_a_file_has_settled),
        CASE(test_folder_hub_refusal_becomes_a_problem),
        CASE(test_folder_a_corrected_dispatch_makes_no_second_registration),
        CASE(test_folder_looks_at_the_addressee_before_anything_leaves),
        CASE(test_folder_acts_by_name),
        CASE(test_folder_reads_gb18030),
        CASE(test_folder_carries_a_binary_body),
        CASE(test_folder_done_means_taken),
        CASE(test_folder_dispatch_takes_the_registered_content),
        CASE(test_folder_seals_for_the_addressee),
        CASE(test_folder_desk_check_stops_it),
        CASE(test_folder_places_once),
        CASE(test_folder_answer_is_said_again_after_recovery),
        CASE(test_folder_acknowledges_a_burst_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
