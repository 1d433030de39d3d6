/* Subscriptions in the engine: within their bounds, over a restart, read from the record alone,
 * and decided again by an auditor. If this failed, one operator could make every event a hundred
 * notices, or a field that was never given could be put into the log unnoticed. */
#include "audit_kit.h"

#include "assembly/assembly.h"
#include "views/verify.h"

#include <rh/date.h>
#include <rh/refusal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFERRALS = 120, READERS = 40 };

struct fixture {
    struct rht_log log;
    char keys[RHT_AUDIT_PATH_BYTES];
    struct hub_options options;
    struct hub_assembly assembly;
    uint32_t readers[READERS];
};

static struct fixture *fixture;

static struct hub_engine *engine(void)
{
    return fixture->assembly.engine;
}

static struct hub_map *map(void)
{
    return hub_engine_views(engine())->map;
}

static void open_hub(void)
{
    enum rh_err err = hub_assembly_open(&fixture->assembly, &fixture->options);
    if (err != RH_OK)
        print_error("%s\n", fixture->assembly.report);
    assert_int_equal(err, RH_OK);
}

static void finish(void)
{
    assert_int_equal(hub_engine_finish(engine()), RH_OK);
    assert_int_equal(hub_engine_settle(engine()), RH_OK);
}

static uint32_t enrol(const char *id)
{
    struct hub_command command = { .type = HUB_COMMAND_AGENCY, .operator_name = "test(0)" };
    struct hub_command_result result;
    struct hub_agency *row = &command.agency;
    assert_int_equal(rh_agency_id_parse(id, strlen(id), &row->id), RH_OK);
    rh_agency_role(&row->id, row->role);
    snprintf(row->area, sizeof row->area, "%s", strchr(id, '.') + 1);
    row->state = HUB_AGENCY_ACTIVE;
    snprintf(row->card.owner, sizeof row->card.owner, "%s", id);
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        row->card.present[use] = true;
        rh_random(row->card.keys[use], sizeof row->card.keys[use]);
    }
    assert_int_equal(hub_engine_command(engine(), &command, &result), RH_OK);
    assert_int_equal(result.refusal, 0);
    return result.agency;
}

static int set_up(void **state)
{
    static int serial;
    char name[32], id[40];
    (void)state;
    fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(name, sizeof name, "subscription-%d", ++serial);
    rht_audit_make(&fixture->log, name, REFERRALS, RHT_LOG_PLAIN);
    snprintf(fixture->keys, sizeof fixture->keys, "%.300s/keys", fixture->log.dir);
    fixture->options = (struct hub_options){
        .data_dir = fixture->log.data,
        .keys_dir = fixture->keys,
        .rules_dir = RHT_SOURCE_DIR "/protocol/rules",
        .hub_id = "test.fill",
        .endpoint = "tcp://127.0.0.1:5550",
        .test_clock = true,
        .map_bytes = UINT64_C(1) << 30,
        .segment_bytes = 1024 * 1024,
    };
    open_hub();
    for (int i = 0; i < READERS; i++) {
        snprintf(id, sizeof id, "justice.6204%02d", i + 50);
        fixture->readers[i] = enrol(id);
    }
    finish();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hub_assembly_close(&fixture->assembly);
    free(fixture);
    return 0;
}

/* ---- what operators say ------------------------------------------------------------------ */

static struct hub_command wish(uint32_t agency, const char *area, const char *category)
{
    struct hub_command command = { .type = HUB_COMMAND_SUBSCRIPTION, .operator_name = "test(0)",
                                   .reason = "agreed" };
    struct hub_subscription *row = &command.subscription;
    char bad[HUB_SHARE_WORD_BYTES];
    row->agency = agency;
    snprintf(row->area, sizeof row->area, "%s", area);
    snprintf(row->category, sizeof row->category, "%s", category);
    snprintf(row->basis, sizeof row->basis, "catalogue");
    assert_true(hub_share_read_events("due_soon,overdue,urge,close", &row->events, bad));
    assert_true(hub_share_read_masks("area=city,category=top,date=month,holder=role,state",
                                     row->masks, bad));
    row->until_ms = hub_engine_now(engine()) + 400 * RH_DAY_MS;
    return command;
}

static void test_a_field_is_named_once(void **state)
{
    (void)state;
    static const char *const twice[] = { "due=full,due=day", "area=city,area", "date=day,date" };
    uint8_t masks[HUB_SHARE_FIELDS];
    char bad[HUB_SHARE_WORD_BYTES];
    for (size_t i = 0; i < sizeof twice / sizeof twice[0]; i++)
        assert_false(hub_share_read_masks(twice[i], masks, bad));
    assert_string_equal(bad, "date");
    assert_true(hub_share_read_masks("date=full", masks, bad));
    assert_int_equal(masks[HUB_SHARE_DATE], HUB_MASK_FULL);
    assert_true(hub_share_read_masks("", masks, bad));
    assert_int_equal(masks[HUB_SHARE_DATE], HUB_MASK_MONTH);
}

static uint32_t order(const struct hub_command *command, uint32_t refusal)
{
    struct hub_command_result result;
    assert_int_equal(hub_engine_command(engine(), command, &result), RH_OK);
    assert_int_equal(result.refusal, refusal);
    return result.subscription;
}

static uint32_t give(uint32_t agency, const char *area, const char *category, uint32_t refusal)
{
    struct hub_command command = wish(agency, area, category);
    return order(&command, refusal);
}

static void end(uint32_t number, uint32_t refusal)
{
    struct hub_command command = { .type = HUB_COMMAND_SUBSCRIPTION, .operator_name = "test(0)",
                                   .reason = "over", .subscription.number = number };
    (void)order(&command, refusal);
}

static void let_days_pass(uint64_t days)
{
    enum { ONCE = 64 };
    uint32_t fired = ONCE;
    assert_int_equal(hub_engine_steer(engine(), hub_engine_now(engine()) + days * RH_DAY_MS, 0,
                                      "test(0)"),
                     RH_OK);
    while (fired == ONCE) {
        assert_int_equal(hub_engine_fire(engine(), ONCE, &fired), RH_OK);
        finish();
    }
}

/* ---- what readers get -------------------------------------------------------------------- */

/* How many notices wait for an agency; each is read as it would be delivered, and says what was
 * given and no more. */
static uint32_t read_notices(uint32_t to)
{
    struct hub_queued one = { .pair_seq = 0 };
    uint32_t count = 0;
    while (hub_views_queue_head(map(), to, RH_LANE_NORMAL, HUB_AGENCY_HUB, one.pair_seq + 1,
                                &one) == RH_OK) {
        static struct rh_delivery delivery;
        static struct rh_public notice;
        assert_int_equal(hub_engine_delivery(engine(), &one, &delivery), RH_OK);
        assert_int_equal(one.kind, RH_KIND_SHARED);
        assert_int_equal(one.rno, 0);
        assert_int_equal(delivery.form, RH_DELIVERY_NOTICE);
        assert_int_equal(delivery.number.bytes, 0);
        assert_int_equal(rh_public_decode(delivery.item.public_part, &notice, NULL), RH_OK);
        assert_true(rh_id_is_zero(notice.referral_id.bytes));
        assert_true(rh_id_is_zero(notice.root_id.bytes));
        assert_string_equal(notice.category, "judicial");
        assert_int_equal(strlen(notice.area), 4);
        assert_int_equal(notice.occurred_ms, 0);
        assert_int_equal(notice.due_ms, 0);
        assert_null(rh_public_fact(&notice, "reference"));
        assert_null(rh_public_fact(&notice, "due_day"));
        assert_non_null(rh_public_fact(&notice, "month"));
        const struct rh_fact *holder = rh_public_fact(&notice, "holder");
        assert_true(holder == NULL || strchr(holder->code, '.') == NULL);
        struct rh_civil day = rh_date_to_civil(rh_date_of_instant(delivery.stored_ms));
        assert_int_equal(day.day, 1);
        count++;
    }
    return count;
}

static uint64_t told(uint32_t number)
{
    char name[40];
    uint64_t value = 0;
    snprintf(name, sizeof name, "shared/%u", (unsigned)number);
    assert_int_equal(hub_engine_rest(engine()), RH_OK); /* figures are behind until then */
    assert_int_equal(hub_views_count(map(), name, &value), RH_OK);
    return value;
}

static void check_views(void)
{
    static struct hub_views_report report;
    assert_int_equal(hub_engine_rest(engine()), RH_OK);
    assert_int_equal(hub_views_verify(map(), &report), RH_OK);
    if (report.faults != 0)
        print_error("%s\n", report.text);
    assert_int_equal(report.faults, 0);
}

static void ask_redecide(struct hub_verb_options *options, void *arg)
{
    (void)arg;
    options->pass.redecide = true;
}

static json_t *audit(const char *data, int wanted)
{
    json_t *printed;
    int code = rht_audit_run(hub_verb_verify, &fixture->log, data, ask_redecide, NULL, &printed);
    if (code != wanted)
        print_error("%s\n", json_dumps(printed, JSON_INDENT(1)));
    assert_int_equal(code, wanted);
    return printed;
}

/* ---- tests ------------------------------------------------------------------------------- */

static void test_notices_are_given_by_topic_and_masked(void **state)
{
    (void)state;
    uint32_t wide = give(fixture->readers[0], "", "judicial", 0);
    uint32_t none = give(fixture->readers[1], "", "labour", 0);
    uint32_t ended = give(fixture->readers[2], "", "judicial", 0);
    end(ended, 0);
    end(ended, RH_REFUSE_UNKNOWN_SUBSCRIPTION);
    end(99, RH_REFUSE_UNKNOWN_SUBSCRIPTION);
    let_days_pass(120);
    uint32_t count = read_notices(fixture->readers[0]);
    print_message("%u notices\n", count);
    assert_true(count > REFERRALS / 4);
    assert_int_equal(told(wide), count);
    assert_int_equal(told(none), 0);
    assert_int_equal(read_notices(fixture->readers[1]), 0);
    assert_int_equal(read_notices(fixture->readers[2]), 0);
    check_views();
    hub_assembly_close(&fixture->assembly);
    open_hub();
    assert_int_equal(read_notices(fixture->readers[0]), count);
    assert_int_equal(told(wide), count);
}

/* Rows of a topic are found by it alone, also beside one of the same length. */
static void test_a_topic_finds_its_own_subscribers(void **state)
{
    struct hub_subscription row;
    (void)state;
    (void)give(fixture->readers[0], "6204", "judicial", 0);
    (void)give(fixture->readers[2], "6204", "judicial", 0);
    (void)give(fixture->readers[1], "6204", "juvenile", 0);
    (void)give(fixture->readers[1], "6205", "judicial", 0);
    assert_int_equal(hub_views_subscribed(map(), "6204", "judicial", 0, &row), RH_OK);
    assert_int_equal(row.agency, fixture->readers[0]);
    assert_int_equal(hub_views_subscribed(map(), "6204", "judicial", row.agency, &row), RH_OK);
    assert_int_equal(row.agency, fixture->readers[2]);
    assert_int_equal(hub_views_subscribed(map(), "6204", "judicial", row.agency, &row),
                     RH_ERR_NOTFOUND);
    assert_int_equal(hub_views_subscribed(map(), "6203", "judicial", 0, &row), RH_ERR_NOTFOUND);
    assert_int_equal(hub_views_subscribed(map(), "", "", 0, &row), RH_ERR_NOTFOUND);
    assert_int_equal(hub_views_subscribed(map(), "6204", "juvenile", 0, &row), RH_OK);
    assert_int_equal(row.agency, fixture->readers[1]);
}

static void test_bounds_hold_wherever_topics_meet(void **state)
{
    (void)state;
    char area[16];
    uint32_t last = 0;
    /* As many counties as one likes: no event lies in two of them. */
    for (int i = 0; i < READERS; i++) {
        snprintf(area, sizeof area, "6204%02d", i + 10);
        last = give(fixture->readers[i], area, "judicial", 0);
    }
    assert_int_equal(last, READERS);
    /* Above one county 31 more, whichever way they are cut. */
    for (int i = 1; i < HUB_SHARES_OUT_MAX; i++)
        (void)give(fixture->readers[i], i % 2 == 0 ? "6204" : "62",
                   i % 3 == 0 ? "judicial" : "", 0);
    (void)give(fixture->readers[HUB_SHARES_OUT_MAX], "", "judicial",
               RH_REFUSE_SUBSCRIPTIONS_FULL);
    (void)give(fixture->readers[HUB_SHARES_OUT_MAX], "620410", "judicial.procuratorial",
               RH_REFUSE_SUBSCRIPTIONS_FULL);
    /* Elsewhere there is room. */
    last = give(fixture->readers[HUB_SHARES_OUT_MAX], "6204", "labour", 0);
    assert_true(last != 0);
    check_views();
}

static void test_an_agency_has_so_many(void **state)
{
    (void)state;
    char category[16];
    uint32_t first = 0;
    for (int i = 0; i < HUB_SUBSCRIPTIONS_AGENCY_MAX; i++) {
        snprintf(category, sizeof category, "topic-%d", i);
        uint32_t number = give(fixture->readers[0], "", category, 0);
        first = i == 0 ? number : first;
    }
    (void)give(fixture->readers[0], "", "more", RH_REFUSE_SUBSCRIPTIONS_FULL);
    (void)give(fixture->readers[0], "", "topic-0", RH_REFUSE_SUBSCRIPTION_EXISTS);
    (void)give(9999, "", "more", RH_REFUSE_UNKNOWN_AGENCY);
    end(first, 0);
    uint32_t again = give(fixture->readers[0], "", "topic-0", 0);
    assert_int_equal(again, HUB_SUBSCRIPTIONS_AGENCY_MAX + 1); /* a number is not given twice */
    let_days_pass(401); /* what has run out leaves its room */
    (void)give(fixture->readers[0], "", "more", 0);
    (void)give(fixture->readers[0], "", "topic-0", 0);
    check_views();
}

static void test_what_cannot_be_given_is_refused(void **state)
{
    (void)state;
    struct hub_command command = wish(fixture->readers[0], "", "");
    command.subscription.until_ms = hub_engine_now(engine());
    (void)order(&command, RH_REFUSE_DUE_DATE);
    command = wish(fixture->readers[0], "", "");
    command.subscription.from_ms = command.subscription.until_ms;
    (void)order(&command, RH_REFUSE_DUE_DATE);
    command = wish(fixture->readers[0], "62042", "");
    (void)order(&command, RH_REFUSE_FIELD_INVALID);
    command = wish(fixture->readers[0], "", "");
    command.subscription.masks[HUB_SHARE_DATE] = HUB_MASK_ABSENT;
    (void)order(&command, RH_REFUSE_FIELD_INVALID);
    command = wish(fixture->readers[0], "", "");
    rh_kind_add(&command.subscription.events, RH_KIND_SEAL);
    (void)order(&command, RH_REFUSE_FIELD_INVALID);
    command = wish(fixture->readers[0], "", "");
    command.subscription.events = (struct rh_kind_set){ { 0, 0 } };
    (void)order(&command, RH_REFUSE_FIELD_INVALID);
}

static void test_an_auditor_decides_the_same(void **state)
{
    (void)state;
    (void)give(fixture->readers[0], "", "judicial", 0);
    (void)give(fixture->readers[1], "6204", "", 0);
    let_days_pass(60);
    uint32_t number = give(fixture->readers[2], "", "", 0);
    let_days_pass(30);
    end(number, 0);
    let_days_pass(30);
    assert_int_equal(hub_engine_rest(engine()), RH_OK);
    hub_assembly_close(&fixture->assembly);
    json_t *printed = audit(fixture->log.data, RH_EXIT_OK);
    assert_int_equal(
        rht_number(json_object_get(printed, "state"), "redecided_differently"), 0);
    json_decref(printed);
    open_hub();
}

struct plan {
    uint8_t *bytes;
    struct hub_outcome *outcome;
    uint64_t at;
};

/* The whole division code in the place of its city. */
static enum rht_forge_verdict unmask(void *arg, struct hub_record *record)
{
    struct plan *plan = arg;
    if (plan->at != 0 || record->outcome.bytes == 0 ||
        hub_outcome_decode(record->outcome, plan->outcome) != RH_OK ||
        plan->outcome->share_count == 0)
        return RHT_FORGE_KEEP;
    snprintf(plan->outcome->shares[0].area, sizeof plan->outcome->shares[0].area, "620423101");
    struct rh_writer writer;
    rh_writer_init(&writer, plan->bytes, HUB_REST_BYTES_MAX);
    assert_int_equal(hub_outcome_encode(plan->outcome, &writer), RH_OK);
    record->outcome = (struct rh_bytes){ writer.data, writer.bytes };
    plan->at = record->core.index;
    return RHT_FORGE_CHANGED;
}

/* A hub that tells more than was given is found out by its own log. */
static void test_an_auditor_finds_what_was_not_masked(void **state)
{
    (void)state;
    char forged[RHT_AUDIT_PATH_BYTES];
    struct plan plan = { .bytes = malloc(HUB_REST_BYTES_MAX),
                         .outcome = calloc(1, sizeof *plan.outcome) };
    assert_non_null(plan.bytes);
    assert_non_null(plan.outcome);
    (void)give(fixture->readers[0], "", "judicial", 0);
    let_days_pass(60);
    assert_int_equal(hub_engine_rest(engine()), RH_OK);
    hub_assembly_close(&fixture->assembly);
    snprintf(forged, sizeof forged, "%.300s/forged", fixture->log.dir);
    rht_forge(&fixture->log, forged, unmask, &plan, true);
    assert_true(plan.at != 0);
    json_t *printed = audit(forged, RH_EXIT_NO);
    rht_assert_found(printed, "redecide", plan.at);
    json_decref(printed);
    free(plan.bytes);
    free(plan.outcome);
    open_hub();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_field_is_named_once),
        cmocka_unit_test_setup_teardown(test_notices_are_given_by_topic_and_masked, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_topic_finds_its_own_subscribers, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_bounds_hold_wherever_topics_meet, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_agency_has_so_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_given_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_auditor_decides_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_auditor_finds_what_was_not_masked, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("subscription", tests, NULL, NULL);
}
