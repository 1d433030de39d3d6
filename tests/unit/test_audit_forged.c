/* What a hub, or whoever took it over, may try with its own log: every checksum is made right
 * again, and in the second half tiles and checkpoints are signed anew with the hub's own key.
 * What agencies signed, and what they kept, must give it away all the same. */
#include "unit/audit_kit.h"

#include <stdlib.h>
#include <string.h>

enum { NOISES = 12 };

static struct rht_log made, renewed;

static int set_up(void **state)
{
    (void)state;
    rht_audit_make(&made, "made", 300, RHT_LOG_PLAIN);
    rht_audit_make(&renewed, "renewed", 120, RHT_LOG_RENEWED);
    return 0;
}

/* A forged log in a directory of its own. */
static void forge_of(const struct rht_log *log, const char *name, rht_forge_fn *change,
                     void *arg, bool sign, char out[RHT_AUDIT_PATH_BYTES])
{
    char dir[RHT_FILL_PATH_BYTES];
    rht_audit_dir(name, dir);
    snprintf(out, RHT_AUDIT_PATH_BYTES, "%s", dir);
    rht_forge(log, out, change, arg, sign);
}

static void forge(const char *name, rht_forge_fn *change, void *arg, bool sign,
                  char out[RHT_AUDIT_PATH_BYTES])
{
    forge_of(&made, name, change, arg, sign, out);
}

/* Forged, verified and refused: what the auditor printed, the caller's. */
static json_t *found_in(const struct rht_log *log, const char *name, rht_forge_fn *change,
                        void *arg, bool sign)
{
    char path[RHT_AUDIT_PATH_BYTES];
    json_t *printed;
    forge_of(log, name, change, arg, sign, path);
    assert_int_equal(rht_audit_verify(log, path, &printed), RH_EXIT_NO);
    return printed;
}

struct plan {
    uint64_t at;        /* record to be changed; found by the forger when 0 */
    enum rh_record_type type;
    uint64_t seen;      /* how many of the type were passed */
    uint64_t nth;
    uint64_t shift;     /* records dropped before */
    struct hub_agency row;
    uint8_t bytes[8192];
    uint8_t *large;     /* HUB_REST_BYTES_MAX */
    struct hub_outcome *outcome;
    struct rh_message_id id;
};

static bool is_it(struct plan *plan, const struct hub_record *record)
{
    if (plan->at != 0)
        return record->core.index == plan->at;
    if (record->core.type != plan->type || record->core.outcome != 0 ||
        plan->seen++ != plan->nth)
        return false;
    plan->at = record->core.index;
    return true;
}

static enum rht_forge_verdict keep_all(void *arg, struct hub_record *record)
{
    (void)arg;
    (void)record;
    return RHT_FORGE_KEEP;
}

/* The forger itself must not be what is found: a log written anew, unchanged, is intact. */
static void test_forged_not_at_all_is_intact(void **state)
{
    (void)state;
    char log[RHT_AUDIT_PATH_BYTES];
    forge("same", keep_all, NULL, false, log);
    assert_int_equal(rht_audit_verify(&made, log, NULL), RH_EXIT_OK);
    forge("same-signed", keep_all, NULL, true, log);
    assert_int_equal(rht_audit_verify(&made, log, NULL), RH_EXIT_OK);
}

/* ---- without the hub's key -------------------------------------------------------------- */

static enum rht_forge_verdict change_commitment(void *arg, struct hub_record *record)
{
    if (!is_it(arg, record))
        return RHT_FORGE_KEEP;
    record->commitment.bytes[7] ^= 1;
    return RHT_FORGE_CHANGED;
}

static void test_forged_item_is_named_and_nothing_else(void **state)
{
    (void)state;
    struct plan plan = { .type = RH_RECORD_ITEM, .nth = 333 };
    json_t *printed = found_in(&made, "item", change_commitment, &plan, false);
    rht_assert_found(printed, "altered", plan.at);
    rht_assert_found(printed, "item", plan.at);
    assert_int_equal(rht_number(printed, "unproven_records"), 1);
    assert_null(rht_finding(printed, "root"));
    json_decref(printed);
}

static enum rht_forge_verdict move_contents(void *arg, struct hub_record *record)
{
    const uint64_t *from = arg;
    bool near = record->core.index >= *from && record->core.index < *from + 20;
    return near && record->core.type == RH_RECORD_ITEM ? RHT_FORGE_SLOT : RHT_FORGE_KEEP;
}

/* No leaf covers the slot: a content moved to the slot of a matter that was erased could be
 * blanked as if it had been that one's. */
static void test_forged_slot_of_a_content_is_found(void **state)
{
    (void)state;
    uint64_t from = 300;
    json_t *printed = found_in(&made, "slot", move_contents, &from, false);
    const json_t *found = rht_finding(printed, "content_slot");
    assert_non_null(found);
    assert_in_range(rht_number(found, "index"), from, from + 19);
    assert_int_equal(rht_number(printed, "unproven_records"), 0);
    json_decref(printed);
}

/* Without tiles the place is between two checkpoints, and nothing behind the first is
 * proven. */
static void test_forged_item_without_tiles_is_between_checkpoints(void **state)
{
    (void)state;
    char log[RHT_AUDIT_PATH_BYTES], tiles[RHT_AUDIT_PATH_BYTES], aside[RHT_AUDIT_PATH_BYTES];
    json_t *printed;
    struct plan plan = { .type = RH_RECORD_ITEM, .nth = 333 };
    forge("no-tiles", change_commitment, &plan, false, log);
    assert_in_range(snprintf(tiles, sizeof tiles, "%s/log/tile", log), 1, 599);
    assert_in_range(snprintf(aside, sizeof aside, "%s/tile", log), 1, 599);
    assert_int_equal(rename(tiles, aside), 0);
    assert_int_equal(rht_audit_verify(&made, log, &printed), RH_EXIT_NO);
    assert_non_null(rht_finding(printed, "tiles"));
    const json_t *root = rht_finding(printed, "root");
    assert_non_null(root);
    assert_in_range(plan.at, rht_number(root, "index"),
                    rht_number(root, "index") + rht_number(root, "records") - 1);
    assert_int_equal(rht_number(printed, "unproven_records"),
                     made.made.records - rht_number(root, "index"));
    json_decref(printed);
}

static enum rht_forge_verdict end_there(void *arg, struct hub_record *record)
{
    const uint64_t *size = arg;
    return record->core.index == *size ? RHT_FORGE_END : RHT_FORGE_KEEP;
}

/* Cut where a checkpoint stands: a shorter log that is right in itself. */
static void test_forged_end_is_missed(void **state)
{
    (void)state;
    uint64_t size = made.made.records - 50;
    json_t *printed = found_in(&made, "shorter", end_there, &size, false);
    rht_assert_found(printed, "short", size);
    assert_int_equal(rht_number(rht_finding(printed, "short"), "records"), 50);
    json_decref(printed);
}

static enum rht_forge_verdict rewrite_from(void *arg, struct hub_record *record)
{
    const uint64_t *from = arg;
    if (record->core.index < *from)
        return RHT_FORGE_KEEP;
    record->random[0] ^= 1;
    return RHT_FORGE_CHANGED;
}

static void test_forged_tail_is_named_from_its_first_record(void **state)
{
    (void)state;
    uint64_t from = made.made.records - 40;
    json_t *printed = found_in(&made, "tail", rewrite_from, &from, false);
    rht_assert_found(printed, "altered", from);
    assert_int_equal(rht_number(printed, "breaks"), 40);
    json_decref(printed);
}

static enum rht_forge_verdict drop_it(void *arg, struct hub_record *record)
{
    return is_it(arg, record) ? RHT_FORGE_DROP : RHT_FORGE_KEEP;
}

static void test_forged_gap_is_named(void **state)
{
    (void)state;
    struct plan plan = { .at = 700 };
    json_t *printed = found_in(&made, "dropped", drop_it, &plan, false);
    rht_assert_found(printed, "altered", 700);
    rht_assert_found(printed, "core", 700);
    json_decref(printed);
}

/* ---- with the hub's key ----------------------------------------------------------------- */

static void give_kept_checkpoint(struct hub_verb_options *options, void *arg)
{
    static const char *paths[1];
    paths[0] = arg;
    options->pass.copy.checkpoints = paths;
    options->pass.copy.checkpoint_count = 1;
}

/* An agency that kept one checkpoint is enough against a hub with all its keys. */
static void test_forged_log_is_not_the_one_an_agency_saw(void **state)
{
    (void)state;
    char log[RHT_AUDIT_PATH_BYTES], kept[RHT_AUDIT_PATH_BYTES];
    json_t *printed;
    uint64_t from = 900;
    forge("other-history", rewrite_from, &from, true, log);
    assert_int_equal(rht_audit_verify(&made, log, NULL), RH_EXIT_OK);
    assert_in_range(snprintf(kept, sizeof kept, "%s/log/checkpoint", made.data), 1, 599);
    assert_int_equal(
        rht_audit_run(hub_verb_verify, &made, log, give_kept_checkpoint, kept, &printed),
        RH_EXIT_NO);
    assert_non_null(rht_finding(printed, "root"));
    assert_non_null(json_object_get(rht_finding(printed, "root"), "expected"));
    json_decref(printed);
}

static enum rht_forge_verdict put_instant_back(void *arg, struct hub_record *record)
{
    if (!is_it(arg, record))
        return RHT_FORGE_KEEP;
    record->lost_ms = record->core.stored_ms - 86400000;
    record->lost_generation = 1;
    return RHT_FORGE_CHANGED;
}

/* A hub with all its keys may not say by itself that something was stored earlier: without the
 * receipt that says so beside the bundle it is found. */
static void test_forged_earlier_instant_needs_its_receipt(void **state)
{
    (void)state;
    struct plan plan = { .type = RH_RECORD_ITEM, .nth = 200 };
    json_t *printed = found_in(&made, "earlier", put_instant_back, &plan, true);
    rht_assert_found(printed, "item", plan.at);
    json_decref(printed);
}

static enum rht_forge_verdict add_lost_receipt(void *arg, struct hub_record *record)
{
    /* [["test.demo", no confirm]] */
    static const uint8_t lost[] = { 0x91, 0x92, 0xa9, 't', 'e', 's', 't', '.',
                                    'd',  'e',  'm',  'o', 0xc4, 1,   0x90 };
    if (!is_it(arg, record))
        return RHT_FORGE_KEEP;
    record->lost = (struct rh_bytes){ lost, sizeof lost };
    return RHT_FORGE_CHANGED;
}

/* A receipt beside a bundle must be the hub's own word. */
static void test_forged_lost_receipt_is_found(void **state)
{
    (void)state;
    struct plan plan = { .type = RH_RECORD_BUNDLE, .nth = 1 };
    json_t *printed = found_in(&made, "lost-receipt", add_lost_receipt, &plan, true);
    rht_assert_found(printed, "bundle", plan.at);
    json_decref(printed);
}

static enum rht_forge_verdict change_agency_key(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    if (record->core.type != RH_RECORD_COMMAND || record->command != HUB_COMMAND_AGENCY ||
        plan->at != 0)
        return RHT_FORGE_KEEP;
    plan->at = record->core.index;
    assert_int_equal(hub_agency_decode(record->agency_row, &plan->row), RH_OK);
    struct rh_secret own;
    rh_secret_generate(RH_KEY_SIGN, plan->row.id.text, &own);
    memcpy(plan->row.card.keys[RH_KEY_SIGN], own.public_key, 32);
    struct rh_writer writer;
    rh_writer_init(&writer, plan->bytes, sizeof plan->bytes);
    assert_int_equal(hub_agency_encode(&plan->row, &writer), RH_OK);
    record->agency_row = (struct rh_bytes){ writer.data, writer.bytes };
    return RHT_FORGE_CHANGED;
}

/* A key put under an agency's name: its real bundles fail, and its card differs. */
static void test_forged_agency_row_is_found_twice(void **state)
{
    (void)state;
    static struct plan plan;
    json_t *printed = found_in(&made, "agency", change_agency_key, &plan, true);
    rht_assert_found(printed, "agency_key", plan.at);
    assert_non_null(rht_finding(printed, "bundle_signature"));
    assert_in_range(rht_number(rht_finding(printed, "bundle_signature"), "index"), plan.at + 1,
                    made.made.records);
    json_decref(printed);
}

static enum rht_forge_verdict backdate(void *arg, struct hub_record *record)
{
    if (!is_it(arg, record))
        return RHT_FORGE_KEEP;
    record->core.stored_ms -= UINT64_C(24) * 3600 * 1000;
    return RHT_FORGE_CHANGED;
}

static void test_forged_time_is_found(void **state)
{
    (void)state;
    struct plan plan = { .type = RH_RECORD_ITEM, .nth = 500 };
    json_t *printed = found_in(&made, "back-dated", backdate, &plan, true);
    rht_assert_found(printed, "time", plan.at);
    json_decref(printed);
}

/* Everything behind moves up by one: the core and what refers to records. */
static enum rht_forge_verdict drop_and_close_up(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    if (plan->shift == 0 && is_it(plan, record)) {
        plan->shift = 1;
        return RHT_FORGE_DROP;
    }
    if (plan->shift == 0)
        return RHT_FORGE_KEEP;
    record->core.index--;
    if (record->bundle_index > plan->at)
        record->bundle_index--;
    return RHT_FORGE_CHANGED;
}

/* A message the hub wants never to have had. */
static void test_forged_silence_is_found(void **state)
{
    (void)state;
    struct plan plan = { .type = RH_RECORD_ITEM, .nth = 600 };
    json_t *printed = found_in(&made, "unheard", drop_and_close_up, &plan, true);
    assert_true(rht_finding(printed, "bundle_short") != NULL ||
                rht_finding(printed, "item") != NULL);
    const json_t *number = rht_finding(printed, "number");
    if (number != NULL)
        assert_in_range(rht_number(number, "index"), plan.at, made.made.records);
    json_decref(printed);
}

/* The last item of a bundle: everything before it is in order. */
static enum rht_forge_verdict drop_last_of_bundle(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    struct rh_bundle_header header;
    if (plan->at == 0 && record->core.type == RH_RECORD_BUNDLE && record->core.index > 500) {
        assert_int_equal(rh_bundle_header_decode(record->header, &header), RH_OK);
        if (header.count >= 3)
            plan->at = record->core.index + header.count;
    }
    return plan->at == 0 ? RHT_FORGE_KEEP : drop_and_close_up(arg, record);
}

static void test_forged_end_of_a_bundle_is_found(void **state)
{
    (void)state;
    static struct plan plan;
    json_t *printed = found_in(&made, "last-item", drop_last_of_bundle, &plan, true);
    rht_assert_found(printed, "bundle_short", plan.at);
    assert_int_equal(rht_number(rht_finding(printed, "bundle_short"), "records"), 1);
    json_decref(printed);
}

/* A whole bundle, with its signature, as if it had never come. */
static enum rht_forge_verdict drop_bundle(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    if (plan->at == 0 && is_it(plan, record)) {
        plan->shift = 1;
        return RHT_FORGE_DROP;
    }
    if (plan->at == 0)
        return RHT_FORGE_KEEP;
    if (record->core.type == RH_RECORD_ITEM && record->bundle_index == plan->at) {
        plan->shift++;
        return RHT_FORGE_DROP;
    }
    record->core.index -= plan->shift;
    if (record->bundle_index > plan->at)
        record->bundle_index -= plan->shift;
    return RHT_FORGE_CHANGED;
}

static void test_forged_loss_of_a_bundle_is_a_hole_in_its_stream(void **state)
{
    (void)state;
    struct plan plan = { .type = RH_RECORD_BUNDLE, .nth = 40 };
    json_t *printed = found_in(&made, "no-bundle", drop_bundle, &plan, true);
    assert_non_null(rht_finding(printed, "number"));
    assert_null(rht_finding(printed, "bundle_signature"));
    json_decref(printed);
}

/* A digest on record that is not that of the state: what a replay elsewhere would notice. */
static enum rht_forge_verdict invent_digest(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    if (!is_it(plan, record))
        return RHT_FORGE_KEEP;
    struct rh_receipt core = { .hub = record->core.hub,
                               .type = RH_RECORD_DIGEST,
                               .index = record->core.index,
                               .stored_ms = record->core.stored_ms };
    struct rh_writer writer;
    static const uint8_t zeros[RH_HASH_BYTES];
    memset(record, 0, sizeof *record);
    record->core = core;
    uint32_t count = 0;
    for (unsigned table = 0; table < HUB_TABLES; table++)
        count += hub_table_is_digested(table) ? 1 : 0;
    rh_writer_init(&writer, plan->bytes, sizeof plan->bytes);
    rh_writer_array(&writer, count);
    for (unsigned table = 0; table < HUB_TABLES; table++) {
        if (!hub_table_is_digested(table))
            continue;
        rh_writer_array(&writer, 2);
        rh_writer_uint(&writer, table);
        rh_writer_bin(&writer, zeros, sizeof zeros);
    }
    record->digest_rows = (struct rh_bytes){ writer.data, writer.bytes };
    return RHT_FORGE_CHANGED;
}

static void test_forged_digest_is_found(void **state)
{
    (void)state;
    static struct plan plan = { .type = RH_RECORD_CLOCK, .nth = 5 };
    json_t *printed = found_in(&made, "digest", invent_digest, &plan, true);
    rht_assert_found(printed, "digest", plan.at);
    json_decref(printed);
}

static enum rht_forge_verdict change_seal(void *arg, struct hub_record *record)
{
    if (!is_it(arg, record))
        return RHT_FORGE_KEEP;
    record->old_root.bytes[0] ^= 1;
    return RHT_FORGE_CHANGED;
}

static void test_forged_seal_of_a_generation_is_found(void **state)
{
    (void)state;
    struct plan plan = { .type = RH_RECORD_GENERATION };
    json_t *printed = found_in(&renewed, "seal", change_seal, &plan, true);
    rht_assert_found(printed, "generation", plan.at);
    json_decref(printed);
}

static enum rht_forge_verdict move_deadline(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    if (plan->at != 0 || record->outcome.bytes == 0 || record->core.index < 400 ||
        hub_outcome_decode(record->outcome, plan->outcome) != RH_OK ||
        plan->outcome->row_count == 0)
        return RHT_FORGE_KEEP;
    struct hub_referral *row = &plan->outcome->rows[0];
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        struct hub_deadline *deadline = &row->deadlines[i];
        if (deadline->status != HUB_DEADLINE_RUNNING ||
            deadline->start_index != record->core.index)
            continue;
        deadline->end_ms += UINT64_C(24) * 3600 * 1000;
        struct rh_writer writer;
        rh_writer_init(&writer, plan->large, HUB_REST_BYTES_MAX);
        assert_int_equal(hub_outcome_encode(plan->outcome, &writer), RH_OK);
        record->outcome = (struct rh_bytes){ writer.data, writer.bytes };
        plan->at = record->core.index;
        return RHT_FORGE_CHANGED;
    }
    return RHT_FORGE_KEEP;
}

static void ask_redecide(struct hub_verb_options *options, void *arg)
{
    (void)arg;
    options->pass.redecide = true;
}

/* One day more than the law gives, for a friend. */
static void test_forged_deadline_is_derived_again(void **state)
{
    (void)state;
    char log[RHT_AUDIT_PATH_BYTES];
    json_t *printed;
    static struct plan plan;
    plan.large = malloc(HUB_REST_BYTES_MAX);
    plan.outcome = calloc(1, sizeof *plan.outcome);
    assert_non_null(plan.large);
    assert_non_null(plan.outcome);
    forge("deadline", move_deadline, &plan, true, log);
    assert_int_not_equal(plan.at, 0);
    assert_int_equal(rht_audit_run(hub_verb_verify, &made, log, ask_redecide, NULL, &printed),
                     RH_EXIT_NO);
    rht_assert_found(printed, "deadline", plan.at);
    rht_assert_found(printed, "redecide", plan.at);
    json_decref(printed);
    free(plan.large);
    free(plan.outcome);
}

/* The outcome of `record` as changed in plan->outcome. */
static enum rht_forge_verdict put_outcome(struct plan *plan, struct hub_record *record)
{
    struct rh_writer writer;
    rh_writer_init(&writer, plan->large, HUB_REST_BYTES_MAX);
    assert_int_equal(hub_outcome_encode(plan->outcome, &writer), RH_OK);
    record->outcome = (struct rh_bytes){ writer.data, writer.bytes };
    plan->at = record->core.index;
    return RHT_FORGE_CHANGED;
}

static bool has_outcome(struct plan *plan, const struct hub_record *record)
{
    return plan->at == 0 && record->outcome.bytes != 0 && record->core.index >= 400 &&
           hub_outcome_decode(record->outcome, plan->outcome) == RH_OK;
}

/* One message's delivery is left out: its receiver would never see it, nor a hole. */
static enum rht_forge_verdict drop_delivery(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    if (!has_outcome(plan, record) || plan->outcome->delivery_count != 1)
        return RHT_FORGE_KEEP;
    plan->outcome->delivery_count = 0;
    return put_outcome(plan, record);
}

/* Two messages under one number: the later hides the earlier. */
static enum rht_forge_verdict repeat_number(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    if (!has_outcome(plan, record) || plan->outcome->delivery_count != 1 ||
        plan->outcome->deliveries[0].pair_seq < 3)
        return RHT_FORGE_KEEP;
    plan->outcome->deliveries[0].pair_seq--;
    return put_outcome(plan, record);
}

/* A tombstone for a number that is not waiting: an end without a message. */
static enum rht_forge_verdict bury_nothing(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    if (!has_outcome(plan, record) || plan->outcome->delivery_count != 1 ||
        plan->outcome->queue_count != 0)
        return RHT_FORGE_KEEP;
    const struct hub_delivery_out *one = &plan->outcome->deliveries[0];
    plan->outcome->queue[0] = (struct hub_queue_out){ .to = one->to, .from = one->from,
                                                      .lane = one->lane,
                                                      .pair_seq = one->pair_seq + 7,
                                                      .what = HUB_QUEUE_TOMBSTONE };
    plan->outcome->queue_count = 1;
    return put_outcome(plan, record);
}

static void fill_plan(struct plan *plan)
{
    plan->large = malloc(HUB_REST_BYTES_MAX);
    plan->outcome = calloc(1, sizeof *plan->outcome);
    assert_non_null(plan->large);
    assert_non_null(plan->outcome);
}

static void empty_plan(struct plan *plan)
{
    free(plan->large);
    free(plan->outcome);
}

/* A receiver is promised dense numbers; a hub with all its keys may not skip one unnoticed. */
static void test_forged_delivery_numbers_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        rht_forge_fn *change;
        bool later; /* seen only at the next delivery of the pair */
    } cases[] = { { "skipped", drop_delivery, true },
                  { "repeated", repeat_number, false },
                  { "buried", bury_nothing, false } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char log[RHT_AUDIT_PATH_BYTES];
        json_t *printed;
        static struct plan plan;
        plan = (struct plan){ 0 };
        fill_plan(&plan);
        forge(cases[i].name, cases[i].change, &plan, true, log);
        assert_int_not_equal(plan.at, 0);
        assert_int_equal(rht_audit_verify(&made, log, &printed), RH_EXIT_NO);
        const json_t *found = rht_finding(printed, "pair");
        assert_non_null(found);
        if (cases[i].later)
            assert_true(rht_number(found, "index") > plan.at);
        else
            assert_int_equal(rht_number(found, "index"), plan.at);
        json_decref(printed);
        empty_plan(&plan);
    }
}

/* An open referral on which no clock runs: the promise no row of ours ever breaks. */
static enum rht_forge_verdict stop_clocks(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    if (!has_outcome(plan, record) || record->core.type != RH_RECORD_ITEM ||
        plan->outcome->row_count != 1 || plan->outcome->rows[0].deadline_count == 0)
        return RHT_FORGE_KEEP;
    plan->outcome->rows[0].deadline_count = 0;
    plan->outcome->rows[0].arrival_due_ms = 0;
    return put_outcome(plan, record);
}

/* An item that says it comes from the hub itself. */
static enum rht_forge_verdict unname_sender(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    if (record->core.index < 400 || !is_it(plan, record))
        return RHT_FORGE_KEEP;
    record->agency = HUB_AGENCY_HUB;
    return RHT_FORGE_CHANGED;
}

/* The core's assertions guard our own mistakes; a forged log must not reach one. */
static void test_forged_rows_do_not_stop_deciding_again(void **state)
{
    (void)state;
    static rht_forge_fn *const changes[] = { stop_clocks, unname_sender };
    for (size_t i = 0; i < 2; i++) {
        char log[RHT_AUDIT_PATH_BYTES], name[32];
        json_t *printed;
        static struct plan plan;
        plan = (struct plan){ .type = RH_RECORD_ITEM, .nth = 0 };
        fill_plan(&plan);
        snprintf(name, sizeof name, "unsound-%zu", i);
        forge(name, changes[i], &plan, true, log);
        assert_int_not_equal(plan.at, 0);
        assert_int_equal(
            rht_audit_run(hub_verb_verify, &made, log, ask_redecide, NULL, &printed),
            RH_EXIT_NO);
        assert_non_null(rht_finding(printed, "redecide"));
        json_decref(printed);
        empty_plan(&plan);
    }
}

static enum rht_forge_verdict reuse_id(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    if (record->core.type != RH_RECORD_ITEM || record->core.outcome != 0)
        return RHT_FORGE_KEEP;
    if (plan->seen++ == 10)
        plan->id = record->core.message_id;
    if (plan->seen != 400)
        return RHT_FORGE_KEEP;
    plan->at = record->core.index;
    record->core.message_id = plan->id;
    return RHT_FORGE_CHANGED;
}

static void test_forged_double_is_found(void **state)
{
    (void)state;
    static struct plan plan;
    json_t *printed = found_in(&made, "double", reuse_id, &plan, true);
    rht_assert_found(printed, "duplicate", plan.at);
    json_decref(printed);
}

/* ---- checkpoints ------------------------------------------------------------------------ */

/* Two roots for one size, both signed: the proof that the hub lied. */
static void test_forged_checkpoint_is_a_fork(void **state)
{
    (void)state;
    char note[RHT_AUDIT_PATH_BYTES];
    json_t *printed;
    struct rh_hash root = { { 1, 2, 3 } };
    snprintf(note, sizeof note, "%s/fork", rht_tmpdir());
    rht_forge_note(&made, "test.fill", 777, &root, note);
    assert_int_equal(
        rht_audit_run(hub_verb_verify, &made, made.data, give_kept_checkpoint, note, &printed),
        RH_EXIT_NO);
    assert_non_null(rht_finding(printed, "root"));
    /* the rest of the log stays proven by the others */
    assert_int_equal(rht_number(printed, "proven_records"), made.made.records);
    json_decref(printed);
}

/* What an earlier generation had published and the recovery lost is named, not explained
 * away. */
static void test_forged_rollback_is_named(void **state)
{
    (void)state;
    char note[RHT_AUDIT_PATH_BYTES];
    json_t *printed;
    struct rh_hash root = { { 9 } };
    snprintf(note, sizeof note, "%s/lost", rht_tmpdir());
    assert_int_equal(rht_audit_verify(&renewed, renewed.data, NULL), RH_EXIT_OK);
    rht_forge_note(&renewed, "test.fill", renewed.made.records - 1, &root, note);
    assert_int_equal(rht_audit_run(hub_verb_verify, &renewed, renewed.data,
                                   give_kept_checkpoint, note, &printed),
                     RH_EXIT_NO);
    assert_non_null(rht_finding(printed, "rollback"));
    assert_null(rht_finding(printed, "root"));
    json_decref(printed);
}

static void test_forged_signature_on_a_checkpoint_is_found(void **state)
{
    (void)state;
    char note[RHT_AUDIT_PATH_BYTES];
    json_t *printed;
    struct rh_hash root = { { 9 } };
    snprintf(note, sizeof note, "%s/stranger", rht_tmpdir());
    rht_forge_note(&renewed, "test.fill", 10, &root, note); /* another hub of the same name */
    assert_int_equal(
        rht_audit_run(hub_verb_verify, &made, made.data, give_kept_checkpoint, note, &printed),
        RH_EXIT_NO);
    assert_non_null(rht_finding(printed, "note_signature"));
    json_decref(printed);
}

static void set_case(struct hub_verb_options *options, void *arg)
{
    options->argument = arg;
}

/* Nothing in a log is trusted: whatever stands in it, there is a report. */
static void test_forged_noise_is_reported(void **state)
{
    (void)state;
    struct rht_random random;
    rht_random_init(&random);
    for (int i = 0; i < NOISES; i++) {
        char log[RHT_FILL_PATH_BYTES], name[32];
        json_t *printed;
        snprintf(name, sizeof name, "noise-%d", i);
        rht_audit_dir(name, log);
        rht_forge_noise(&renewed, log, &random, i % 2 == 0 ? 40 : 400);
        assert_int_equal(rht_audit_verify(&renewed, log, &printed), RH_EXIT_NO);
        assert_non_null(printed);
        json_decref(printed);
        char nobody[] = "R-2026-000007";
        (void)rht_audit_run(hub_verb_timeline, &renewed, log, set_case, nobody, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forged_not_at_all_is_intact),
        cmocka_unit_test(test_forged_item_is_named_and_nothing_else),
        cmocka_unit_test(test_forged_item_without_tiles_is_between_checkpoints),
        cmocka_unit_test(test_forged_end_is_missed),
        cmocka_unit_test(test_forged_tail_is_named_from_its_first_record),
        cmocka_unit_test(test_forged_gap_is_named),
        cmocka_unit_test(test_forged_log_is_not_the_one_an_agency_saw),
        cmocka_unit_test(test_forged_earlier_instant_needs_its_receipt),
        cmocka_unit_test(test_forged_lost_receipt_is_found),
        cmocka_unit_test(test_forged_agency_row_is_found_twice),
        cmocka_unit_test(test_forged_time_is_found),
        cmocka_unit_test(test_forged_silence_is_found),
        cmocka_unit_test(test_forged_end_of_a_bundle_is_found),
        cmocka_unit_test(test_forged_loss_of_a_bundle_is_a_hole_in_its_stream),
        cmocka_unit_test(test_forged_slot_of_a_content_is_found),
        cmocka_unit_test(test_forged_digest_is_found),
        cmocka_unit_test(test_forged_seal_of_a_generation_is_found),
        cmocka_unit_test(test_forged_deadline_is_derived_again),
        cmocka_unit_test(test_forged_double_is_found),
        cmocka_unit_test(test_forged_checkpoint_is_a_fork),
        cmocka_unit_test(test_forged_rollback_is_named),
        cmocka_unit_test(test_forged_delivery_numbers_are_found),
        cmocka_unit_test(test_forged_rows_do_not_stop_deciding_again),
        cmocka_unit_test(test_forged_noise_is_reported),
        cmocka_unit_test(test_forged_signature_on_a_checkpoint_is_found),
    };
    return cmocka_run_group_tests_name("audit_forged", tests, set_up, NULL);
}
