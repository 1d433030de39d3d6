/* The engine with everything real behind it but sockets: journal, tree, views on LMDB, key
 * table, the project's own rules. Two agencies are enrolled and talk to it in bundles. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "assembly/assembly.h"
#include "support/rht.h"

#include <rh/proof.h>
#include <rh/refusal.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct agency {
    const char *id;
    struct rh_secret keys[RH_KEY_USES];
    uint32_t no;
    struct rh_epoch epoch;
    uint64_t next_n;
};

struct fixture {
    char dir[256], data[300], keys[300];
    struct hub_options options;
    struct hub_assembly assembly;
    struct agency petitions, procuratorate;
    struct rh_frame_bundle bundle;
    const struct rh_first *lost; /* comes with the next offer; NULL */
    struct rh_frame_confirm confirm;
    struct rh_hash digests[RH_BUNDLE_ITEMS_MAX];
    uint8_t bytes[RH_FRAME_BYTES_MAX];
    size_t used;
    struct rh_sign_public hub_key;
};

static struct fixture *fixture;

static struct hub_engine *engine(void)
{
    return fixture->assembly.engine;
}

static void open_hub(void)
{
    enum rh_err err = hub_assembly_open(&fixture->assembly, &fixture->options);
    if (err != RH_OK)
        print_error("%s\n", fixture->assembly.report);
    assert_int_equal(err, RH_OK);
}

static void close_hub(void)
{
    hub_assembly_close(&fixture->assembly);
}

static void enrol(struct agency *agency, const char *id, const char *role)
{
    agency->id = id;
    struct hub_command command = { .type = HUB_COMMAND_AGENCY, .operator_name = "test(0)",
                                   .reason = "enrolled" };
    assert_int_equal(rh_agency_id_parse(id, strlen(id), &command.agency.id), RH_OK);
    snprintf(command.agency.role, sizeof command.agency.role, "%s", role);
    snprintf(command.agency.area, sizeof command.agency.area, "620423");
    snprintf(command.agency.name_zh, sizeof command.agency.name_zh, "%s", id);
    command.agency.state = HUB_AGENCY_ACTIVE;
    snprintf(command.agency.card.owner, sizeof command.agency.card.owner, "%s", id);
    for (int use = 0; use < RH_KEY_USES; use++) {
        rh_secret_generate((enum rh_key_use)use, id, &agency->keys[use]);
        command.agency.card.present[use] = true;
        memcpy(command.agency.card.keys[use], agency->keys[use].public_key, 32);
    }
    struct hub_command_result result;
    assert_int_equal(hub_engine_command(engine(), &command, &result), RH_OK);
    assert_int_equal(result.refusal, 0);
    agency->no = result.agency;
    assert_int_equal(hub_engine_finish(engine()), RH_OK);
}

static void hello(struct agency *agency)
{
    struct rh_hello hello = { .suite = RH_SUITE_ED25519, .hub = *hub_engine_hub(engine()),
                              .epoch = agency->epoch };
    assert_int_equal(rh_agency_id_parse(agency->id, strlen(agency->id), &hello.agency), RH_OK);
    uint8_t bytes[1024];
    struct rh_writer writer;
    rh_writer_init(&writer, bytes, sizeof bytes);
    assert_int_equal(rh_hello_encode(&hello, &writer), RH_OK);
    struct rh_signature signature = { { 0 } };
    struct hub_offer_result result;
    assert_int_equal(hub_engine_hello(engine(), agency->no, &hello,
                                      (struct rh_bytes){ bytes, writer.bytes }, &signature,
                                      &result),
                     RH_OK);
    assert_int_equal(result.answer, HUB_ANSWER_TAKEN);
    agency->next_n = result.expected_n;
    assert_int_equal(hub_engine_finish(engine()), RH_OK);
}

static void begin_bundle(void)
{
    fixture->bundle.count = 0;
    fixture->used = 0;
}

static void add_item(const struct rh_public *part, const char *body)
{
    struct rh_item *item = &fixture->bundle.items[fixture->bundle.count];
    memset(item, 0, sizeof *item);
    struct rh_writer writer;
    rh_writer_init(&writer, fixture->bytes + fixture->used,
                   sizeof fixture->bytes - fixture->used);
    assert_int_equal(rh_public_encode(part, &writer), RH_OK);
    item->public_part = (struct rh_bytes){ writer.data, writer.bytes };
    fixture->used += writer.bytes;
    static const uint8_t no_keys[] = { 0x90 };
    item->keys = (struct rh_bytes){ no_keys, sizeof no_keys };
    rh_random(item->salt, sizeof item->salt);
    item->body = (struct rh_bytes){ (const uint8_t *)body, strlen(body) };
    rh_item_commit(item->salt, item->private_part, item->body, &item->commitment);
    rh_item_digest(item, &fixture->digests[fixture->bundle.count++]);
}

static struct hub_offer_result offer(struct agency *agency, uint64_t first_n)
{
    struct rh_bundle_header header = { .suite = RH_SUITE_ED25519,
                                       .hub = *hub_engine_hub(engine()),
                                       .epoch = agency->epoch,
                                       .first_n = first_n,
                                       .count = fixture->bundle.count };
    assert_int_equal(rh_agency_id_parse(agency->id, strlen(agency->id), &header.sender), RH_OK);
    rh_bundle_root(fixture->digests, header.count, &header.root);
    static uint8_t bytes[512];
    struct rh_writer writer;
    rh_writer_init(&writer, bytes, sizeof bytes);
    assert_int_equal(rh_bundle_header_encode(&header, &writer), RH_OK);
    fixture->bundle.header = (struct rh_bytes){ bytes, writer.bytes };
    struct rh_sign_secret secret;
    memcpy(secret.bytes, agency->keys[RH_KEY_SIGN].secret, sizeof secret.bytes);
    rh_sign("rhub/bundle/1", bytes, writer.bytes, &secret, &fixture->bundle.signature);
    struct hub_offer_result result;
    assert_int_equal(hub_engine_offer(engine(), agency->no, &header, &fixture->bundle,
                                      fixture->digests, fixture->lost, &result),
                     RH_OK);
    return result;
}

static void fresh_id(uint8_t id[16])
{
    uint8_t random[10];
    rh_random(random, sizeof random);
    rh_id_make(id, hub_engine_now(engine()), random);
}

static struct rh_public message(enum rh_kind kind, const struct rh_referral_id *referral)
{
    struct rh_public part = { .kind = kind, .referral_id = *referral };
    fresh_id(part.message_id.bytes);
    return part;
}

static struct rh_public registration(struct rh_referral_id *referral)
{
    fresh_id(referral->bytes);
    struct rh_public part = message(RH_KIND_REGISTER, referral);
    snprintf(part.procedure, sizeof part.procedure, "p12309");
    snprintf(part.category, sizeof part.category, "judicial.procuratorial");
    snprintf(part.area, sizeof part.area, "620423");
    snprintf(part.source, sizeof part.source, "visit");
    part.reply_owed = true;
    return part;
}

static struct rh_public forward_to(const struct rh_referral_id *referral, const char *to)
{
    struct rh_public part = message(RH_KIND_FORWARD, referral);
    assert_int_equal(rh_agency_id_parse(to, strlen(to), &part.to), RH_OK);
    return part;
}

/* The confirm of a bundle: signature of the hub, range proof, cores that say `stored`. */
static void check_confirm(const struct rh_frame_confirm *confirm, uint32_t outcome)
{
    struct rh_batch batch = { .hub = *hub_engine_hub(engine()), .size = confirm->size,
                              .root = confirm->root, .signature = confirm->signature };
    assert_int_equal(rh_batch_verify(&batch, &fixture->hub_key), RH_OK);
    struct rh_hash leaves[RH_BUNDLE_ITEMS_MAX];
    for (uint32_t i = 0; i < confirm->record_count; i++) {
        const struct rh_confirmed *record = &confirm->records[i];
        rh_leaf_hash(record->core, &record->rest_hash, &leaves[i]);
        struct rh_receipt core;
        assert_int_equal(rh_receipt_decode(record->core, &core), RH_OK);
        assert_int_equal(core.outcome, outcome);
        assert_int_equal(core.index, confirm->first_index + i);
        assert_int_equal(core.n, confirm->first_n + i);
    }
    assert_int_equal(rh_proof_range_verify(confirm->first_index, leaves, confirm->record_count,
                                           confirm->size, confirm->proof, confirm->proof_count,
                                           &confirm->root),
                     RH_OK);
}

static void confirm(const struct hub_offer_result *result, uint32_t count, uint32_t outcome)
{
    assert_int_equal(result->refusal, 0);
    assert_int_equal(result->answer, HUB_ANSWER_TAKEN);
    assert_int_equal(hub_engine_finish(engine()), RH_OK);
    assert_int_equal(hub_engine_confirm(engine(), result->expected_n, result->first_index, count,
                                        &fixture->confirm),
                     RH_OK);
    check_confirm(&fixture->confirm, outcome);
}

static int set_up(void **state)
{
    (void)state;
    fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->dir, sizeof fixture->dir, "%s", rht_tmpdir());
    static int serial;
    snprintf(fixture->data, sizeof fixture->data, "%s/data-%d", fixture->dir, ++serial);
    snprintf(fixture->keys, sizeof fixture->keys, "%s/keys-%d", fixture->dir, serial);
    fixture->options = (struct hub_options){
        .data_dir = fixture->data,
        .keys_dir = fixture->keys,
        .rules_dir = RHT_SOURCE_DIR "/protocol/rules",
        .hub_id = "test.demo",
        .endpoint = "tcp://127.0.0.1:5550",
        .test_clock = true,
        .map_bytes = UINT64_C(1) << 30,
        .segment_bytes = 8u * 1024 * 1024,
    };
    char report[512];
    enum rh_err err = hub_assembly_init(&fixture->options, report, sizeof report);
    if (err != RH_OK)
        print_error("%s\n", report);
    assert_int_equal(err, RH_OK);
    char path[400];
    struct rh_card card;
    snprintf(path, sizeof path, "%s/hub.card", fixture->keys);
    assert_int_equal(rh_card_load(path, &card), RH_OK);
    memcpy(fixture->hub_key.bytes, card.keys[RH_KEY_SIGN], 32);
    open_hub();
    enrol(&fixture->petitions, "petitions.620423", "petitions");
    enrol(&fixture->procuratorate, "procuratorate.620423", "procuratorate");
    rh_random(&fixture->petitions.epoch, sizeof fixture->petitions.epoch);
    rh_random(&fixture->procuratorate.epoch, sizeof fixture->procuratorate.epoch);
    hello(&fixture->petitions);
    hello(&fixture->procuratorate);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_hub();
    free(fixture);
    return 0;
}

static struct hub_queued queued_for(uint32_t to, uint32_t from)
{
    struct hub_queued queued;
    assert_int_equal(hub_views_queue_head(hub_engine_views(engine())->map, to, RH_LANE_NORMAL,
                                          from, 0, &queued),
                     RH_OK);
    return queued;
}

/* A bundle of two: a new matter, and its way to the procuratorate with `body`. */
static void bundle_forward(struct rh_referral_id *referral, const char *body)
{
    begin_bundle();
    struct rh_public part = registration(referral);
    add_item(&part, "");
    part = forward_to(referral, "procuratorate.620423");
    add_item(&part, body);
}

/* The way of a message: register and forward in one bundle, confirmed with proof, delivered
 * with the sender's own proof, acknowledged, arrived. */
static void test_engine_carries_a_referral(void **state)
{
    (void)state;
    struct rh_referral_id referral;
    bundle_forward(&referral, "the matter itself");
    struct hub_offer_result result = offer(&fixture->petitions, 1);
    confirm(&result, 2, 0);

    struct hub_queued queued = queued_for(fixture->procuratorate.no, fixture->petitions.no);
    assert_int_equal(queued.pair_seq, 1);
    struct rh_delivery delivery;
    assert_int_equal(hub_engine_delivery(engine(), &queued, &delivery), RH_OK);
    struct rh_sign_public sender_key;
    memcpy(sender_key.bytes, fixture->petitions.keys[RH_KEY_SIGN].public_key, 32);
    assert_int_equal(rh_delivery_check(&delivery, &sender_key), RH_OK);
    assert_int_equal(delivery.item.body.bytes, strlen("the matter itself"));
    assert_memory_equal(delivery.item.body.data, "the matter itself", delivery.item.body.bytes);

    begin_bundle();
    struct rh_public ack = { .kind = RH_KIND_ACK, .pair_seq = 1, .lane = RH_LANE_NORMAL };
    fresh_id(ack.message_id.bytes);
    assert_int_equal(rh_agency_id_parse("petitions.620423", 16, &ack.from), RH_OK);
    add_item(&ack, "");
    result = offer(&fixture->procuratorate, 1);
    confirm(&result, 1, 0);
    struct hub_referral *row = calloc(1, sizeof *row);
    assert_non_null(row);
    assert_int_equal(hub_views_referral(hub_engine_views(engine())->map, queued.rno, row), RH_OK);
    assert_int_equal(row->state, RH_STATE_DISPATCHED);
    assert_true(row->arrived);
    assert_int_equal(row->holder, fixture->procuratorate.no);
    free(row);
}

/* An auditor must be able to rely on it: after any stop the same journal gives the same state,
 * and a repeated bundle gets the identical receipt cores. */
static void test_engine_recovers_to_the_same_state(void **state)
{
    (void)state;
    struct rh_referral_id referral;
    bundle_forward(&referral, "body");
    struct hub_offer_result result = offer(&fixture->petitions, 1);
    confirm(&result, 2, 0);
    uint8_t cores[2][RH_CORE_BYTES_MAX];
    size_t core_bytes[2];
    for (int i = 0; i < 2; i++) {
        core_bytes[i] = fixture->confirm.records[i].core.bytes;
        memcpy(cores[i], fixture->confirm.records[i].core.data, core_bytes[i]);
    }

    close_hub(); /* without settling: the views have seen none of it */
    open_hub();
    struct hub_views_report report;
    assert_int_equal(hub_views_verify(hub_engine_views(engine())->map, &report), RH_OK);
    assert_int_equal(report.faults, 0);

    result = offer(&fixture->petitions, 1);
    assert_int_equal(result.answer, HUB_ANSWER_AGAIN);
    struct rh_frame_confirm *again = &fixture->confirm;
    assert_int_equal(hub_engine_confirm_again(engine(), fixture->petitions.no,
                                              &fixture->petitions.epoch, 1, 2, again),
                     RH_OK);
    check_confirm(again, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(again->records[i].core.bytes, core_bytes[i]);
        assert_memory_equal(again->records[i].core.data, cores[i], core_bytes[i]);
    }
}

/* What came with an item from before a recovery: its instant is on record beside the new one,
 * the receipt says when it was stored now; what our own log has is not lost, and nothing was
 * stored in the future. Neither uses a number. */
static void test_engine_counts_from_a_lost_receipt(void **state)
{
    (void)state;
    struct rh_referral_id referral;
    struct rh_first first[2] = { { 0 } };
    fixture->lost = first;
    bundle_forward(&referral, "body");
    uint64_t now_ms = hub_engine_now(engine());
    first[0] = (struct rh_first){ .stored_ms = now_ms - RH_DAY_MS, .generation = 1 };
    first[1] = (struct rh_first){ .stored_ms = now_ms + RH_DAY_MS, .generation = 1 };
    struct hub_offer_result result = offer(&fixture->petitions, 1);
    assert_int_equal(result.refusal, RH_REFUSE_LOST_TIME);
    struct rh_bytes core, rest;
    assert_int_equal(hub_engine_record(engine(), 1, &core, &rest), RH_OK);
    struct rh_hash rest_hash;
    hub_record_leaf(core, rest, &rest_hash, &first[1].leaf);
    first[1].stored_ms = now_ms - 1000;
    first[1].index = 1;
    result = offer(&fixture->petitions, 1);
    assert_int_equal(result.answer, HUB_ANSWER_REFUSED);
    assert_int_equal(result.refusal, RH_REFUSE_LOST_KEPT);
    first[1].index = 1000000;
    result = offer(&fixture->petitions, 1);
    confirm(&result, 2, 0);
    static struct hub_record record;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(hub_engine_record(engine(), result.first_index + i, &core, &rest),
                         RH_OK);
        assert_int_equal(hub_record_decode(core, rest, &record), RH_OK);
        assert_int_equal(record.lost_ms, first[i].stored_ms);
        assert_int_equal(record.lost_generation, 1);
        assert_true(record.core.stored_ms >= now_ms);
    }
    struct hub_referral *row = calloc(1, sizeof *row);
    assert_non_null(row);
    assert_int_equal(hub_views_referral(hub_engine_views(engine())->map, 1, row), RH_OK);
    assert_int_equal(row->registered_ms, first[0].stored_ms);
    assert_int_equal(row->dispatched_ms, first[1].stored_ms);
    free(row);
    fixture->lost = NULL;
}

/* A mistake of an agency is a decision on record, never a silent loss: the number is consumed,
 * the answer has the code, and the referral is untouched. */
static void test_engine_refuses_on_record(void **state)
{
    (void)state;
    struct rh_referral_id referral;
    begin_bundle();
    struct rh_public part = registration(&referral);
    add_item(&part, "");
    part = message(RH_KIND_CONCLUDE, &referral);
    snprintf(part.code, sizeof part.code, "explained");
    add_item(&part, "");
    struct hub_offer_result result = offer(&fixture->petitions, 1);
    assert_int_equal(result.answer, HUB_ANSWER_TAKEN);
    assert_int_equal(hub_engine_finish(engine()), RH_OK);
    assert_int_equal(hub_engine_confirm(engine(), 1, result.first_index, 2, &fixture->confirm),
                     RH_OK);
    struct rh_receipt core;
    assert_int_equal(rh_receipt_decode(fixture->confirm.records[0].core, &core), RH_OK);
    assert_int_equal(core.outcome, 0);
    assert_int_equal(rh_receipt_decode(fixture->confirm.records[1].core, &core), RH_OK);
    assert_int_equal(core.outcome, RH_REFUSE_WRONG_STATE);

    begin_bundle();
    part = registration(&referral);
    add_item(&part, "");
    result = offer(&fixture->petitions, 5);
    assert_int_equal(result.answer, HUB_ANSWER_GAP);
    assert_int_equal(result.expected_n, 3);
    result = offer(&fixture->petitions, 2);
    assert_int_equal(result.answer, HUB_ANSWER_REFUSED);
    assert_int_equal(result.refusal, RH_REFUSE_CONFLICT);
}

static struct hub_offer_result hello_with(struct rh_hello *hello)
{
    hello->suite = RH_SUITE_ED25519;
    hello->hub = *hub_engine_hub(engine());
    hello->epoch = fixture->petitions.epoch;
    assert_int_equal(rh_agency_id_parse("petitions.620423", 16, &hello->agency), RH_OK);
    struct rh_signature signature = { { 0 } };
    struct hub_offer_result result;
    assert_int_equal(hub_engine_hello(engine(), fixture->petitions.no, hello,
                                      (struct rh_bytes){ 0 }, &signature, &result),
                     RH_OK);
    assert_int_equal(result.answer, HUB_ANSWER_REFUSED);
    return result;
}

/* A hub restored from yesterday must be noticed by the first agency that comes, by the hub's
 * own signature under a size or root that this journal does not have; a bare claim stops
 * nobody. */
static void test_engine_notices_that_it_is_behind(void **state)
{
    (void)state;
    struct rh_hello claim = { .highest_n = 7, .highest_receipt_size = 1000000 };
    assert_int_equal(hello_with(&claim).refusal, RH_REFUSE_HELLO_REFUSED);
    struct hub_engine_health health;
    hub_engine_health(engine(), &health);
    assert_false(health.intake_held);

    char path[400];
    struct rh_secret secret;
    snprintf(path, sizeof path, "%s/sign.key", fixture->keys);
    assert_int_equal(rh_secret_load(path, RH_KEY_SIGN, &secret), RH_OK);
    struct rh_sign_secret key;
    memcpy(key.bytes, secret.secret, sizeof key.bytes);
    struct rh_batch batch = { .hub = *hub_engine_hub(engine()), .size = 1000000 };
    rh_batch_sign(&batch, &key);
    struct rh_hello evidence = { .highest_n = 7, .highest_receipt_size = batch.size,
                                 .receipt_root = batch.root,
                                 .receipt_signature = batch.signature };
    assert_int_equal(hello_with(&evidence).refusal, RH_REFUSE_ROLLBACK);

    struct rh_referral_id referral;
    begin_bundle();
    struct rh_public part = registration(&referral);
    add_item(&part, "");
    struct hub_offer_result result = offer(&fixture->procuratorate, 1);
    assert_int_equal(result.answer, HUB_ANSWER_BUSY);
    assert_int_equal(result.refusal, RH_REFUSE_ROLLBACK);
    hub_engine_health(engine(), &health);
    assert_true(health.intake_held);
    assert_non_null(strstr(health.text, "petitions.620423"));

    /* After recover: a new generation, intake goes on, the old root is sealed. */
    uint64_t size = health.records;
    assert_int_equal(hub_engine_new_generation(engine(), "test(0)", "restored"), RH_OK);
    close_hub();
    open_hub();
    assert_string_equal(hub_engine_hub(engine())->text, "test.demo/2");
    hub_engine_health(engine(), &health);
    assert_false(health.intake_held);
    assert_true(health.records > size);
    hello(&fixture->procuratorate);
    result = offer(&fixture->procuratorate, 1);
    assert_int_equal(result.answer, HUB_ANSWER_TAKEN);
    assert_int_equal(hub_engine_finish(engine()), RH_OK);
}

/* Due dates fire once, in order, when a steered clock passes them. */
static void test_engine_fires_each_timer_once(void **state)
{
    (void)state;
    struct rh_referral_id referral;
    bundle_forward(&referral, "");
    struct hub_offer_result result = offer(&fixture->petitions, 1);
    confirm(&result, 2, 0);
    uint64_t day = UINT64_C(24) * 3600 * 1000;
    uint32_t fired = 0, total = 0;
    for (int i = 0; i < 12; i++) {
        assert_int_equal(hub_engine_steer(engine(), hub_engine_now(engine()) + day, 0, "test(0)"),
                         RH_OK);
        assert_int_equal(hub_engine_fire(engine(), 100, &fired), RH_OK);
        total += fired;
        assert_int_equal(hub_engine_fire(engine(), 100, &fired), RH_OK);
        assert_int_equal(fired, 0);
        assert_int_equal(hub_engine_finish(engine()), RH_OK);
    }
    assert_in_range(total, 3, 12); /* arrived, due soon, overdue at least */
    uint64_t overdue = 0;
    assert_int_equal(hub_views_save(hub_engine_views(engine())), RH_OK);
    assert_int_equal(hub_views_count(hub_engine_views(engine())->map, "overdue", &overdue),
                     RH_OK);
    assert_in_range(overdue, 1, 2);
}

static uint32_t count_told(uint32_t *month)
{
    struct hub_views *views = hub_engine_views(engine());
    struct hub_cursor cursor = { .bytes = 0 };
    struct hub_told told;
    uint32_t count = 0;
    while (hub_views_told_next(views->map, &cursor, &told) == RH_OK)
        count++;
    *month = views->monthly.month;
    return count;
}

static void fire_at(uint64_t days)
{
    uint32_t fired;
    uint64_t now_ms = hub_engine_now(engine()) + days * 24 * 3600 * 1000;
    if (days > 0)
        assert_int_equal(hub_engine_steer(engine(), now_ms, 0, "test(0)"), RH_OK);
    assert_int_equal(hub_engine_fire(engine(), 100, &fired), RH_OK);
    assert_int_equal(hub_engine_finish(engine()), RH_OK);
}

/* The bulletin of a month goes out once, also over a restart; of several missed, the newest. */
static void test_engine_sends_each_month_once(void **state)
{
    (void)state;
    uint32_t month, later;
    struct agency centre = { .next_n = 1 };
    enrol(&centre, "governance_centre.620423", "governance_centre");
    fire_at(0);
    assert_int_equal(count_told(&month), 0); /* nothing of a time before the hub */
    fire_at(40);
    assert_int_equal(count_told(&month), 1);
    fire_at(0);
    close_hub();
    open_hub();
    fire_at(0);
    assert_int_equal(count_told(&later), 1);
    assert_int_equal(later, month);
    fire_at(100);
    assert_int_equal(count_told(&later), 2);
    assert_true(later >= month + 3);
    for (uint32_t use = 0; use < RH_KEY_USES; use++)
        rh_wipe(&centre.keys[use], sizeof centre.keys[use]);
}

/* Figures are written with a commit. */
static bool has_figures(void *arg)
{
    struct rh_bytes key, value;
    (void)arg;
    assert_int_equal(hub_engine_settle(engine()), RH_OK);
    return hub_map_next(hub_engine_views(engine())->map, HUB_TABLE_COUNT,
                        (struct rh_bytes){ NULL, 0 }, &key, &value) == RH_OK;
}

/* A hundred new matters and their ways. */
static void store_many(uint64_t *n)
{
    enum { MATTERS = 100 };
    begin_bundle();
    for (int i = 0; i < MATTERS; i++) {
        struct rh_referral_id referral;
        struct rh_public part = registration(&referral);
        add_item(&part, "");
        part = forward_to(&referral, "procuratorate.620423");
        add_item(&part, "body");
    }
    struct hub_offer_result result = offer(&fixture->petitions, *n);
    assert_int_equal(result.answer, HUB_ANSWER_TAKEN);
    assert_int_equal(hub_engine_finish(engine()), RH_OK);
    *n += 2 * MATTERS;
}

/* To the end, `bundles` coming in meanwhile: the rows made anew, *pieces in how many steps. */
static uint64_t mend(uint32_t *pieces, uint64_t *n, uint32_t bundles)
{
    struct hub_mended mended;
    bool over = false, harmed;
    uint64_t end_ms = rht_now_ms() + 60000;
    hub_engine_hurt(engine());
    for (*pieces = 0; !over;) {
        /* While the journal is replayed beside it, the engine may wait. */
        *pieces += hub_engine_wait_ms(engine()) == 0;
        assert_true(hub_engine_wants_mending(engine()));
        assert_int_equal(hub_engine_mend(engine(), &mended, &over, &harmed), RH_OK);
        assert_false(harmed);
        if (bundles > 0 && !over) {
            store_many(n);
            bundles--;
        }
        assert_int_equal(hub_engine_settle(engine()), RH_OK);
        assert_true(rht_now_ms() < end_ms);
    }
    assert_false(hub_engine_wants_mending(engine()));
    return mended.rows;
}

/* While rows are made anew agencies go on: no turn waits for the whole of it, and what came in
 * meanwhile is whole, too. */
static void test_engine_mends_between_turns(void **state)
{
    (void)state;
    enum { TABLES_HARMED = 3 };
    static const unsigned tables[TABLES_HARMED] = { HUB_TABLE_TIMELINE, HUB_TABLE_REFERRAL_ID,
                                                    HUB_TABLE_COUNT };
    static const uint8_t other[8] = { 9, 9, 9, 9, 9, 9, 9, 9 };
    uint64_t n = 1;
    uint32_t pieces;
    for (int i = 0; i < 4; i++)
        store_many(&n);
    struct hub_map *map = hub_engine_views(engine())->map;
    assert_true(rht_wait_until(has_figures, NULL, 20000));
    for (int i = 0; i < TABLES_HARMED; i++) {
        struct rh_bytes key, value;
        uint8_t copy[HUB_MAP_KEY_MAX];
        assert_int_equal(
            hub_map_next(map, tables[i], (struct rh_bytes){ NULL, 0 }, &key, &value), RH_OK);
        memcpy(copy, key.data, key.bytes);
        assert_int_equal(hub_map_put(map, tables[i], (struct rh_bytes){ copy, key.bytes },
                                     (struct rh_bytes){ other, sizeof other }),
                         RH_OK);
    }
    assert_int_equal(mend(&pieces, &n, 3), TABLES_HARMED);
    assert_true(pieces > 5);
    store_many(&n);
    assert_int_equal(mend(&pieces, &n, 0), 0);
    close_hub(); /* and in the middle of one */
    open_hub();
    struct hub_mended mended;
    bool over, harmed;
    hub_engine_hurt(engine());
    assert_int_equal(hub_engine_mend(engine(), &mended, &over, &harmed), RH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_engine_carries_a_referral, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_engine_recovers_to_the_same_state, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_engine_refuses_on_record, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_engine_notices_that_it_is_behind, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_engine_fires_each_timer_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_engine_sends_each_month_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_engine_counts_from_a_lost_receipt, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_engine_mends_between_turns, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
