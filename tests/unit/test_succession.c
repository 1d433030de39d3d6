/* Agencies change: another takes over queue and matters, in steps, killed on the way. */
#include "audit_kit.h"

#include "assembly/assembly.h"
#include "engine/job.h"
#include "views/verify.h"

#include <rh/date.h>
#include <rh/keyfile.h>
#include <rh/refusal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFERRALS = 300, WAITING_MAX = 4096 };

static const char old_id[] = "procuratorate.620423";

struct fixture {
    struct rht_log log;
    char keys[RHT_AUDIT_PATH_BYTES];
    struct hub_options options;
    struct hub_assembly assembly;
    uint32_t old, new;
};

static struct fixture *fixture;

/* An entry of a queue, as far as it must not change, and a referral as it was. */
struct waiting {
    uint32_t from;
    enum rh_lane lane;
    uint64_t pair_seq, index, rno;
    bool tombstone;
};

struct queue {
    uint32_t count;
    struct waiting entries[WAITING_MAX];
};

static struct queue before, after, left;
static struct hub_referral rows[REFERRALS * 2];

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
        struct rh_secret secret;
        rh_secret_generate((enum rh_key_use)use, id, &secret);
        row->card.present[use] = true;
        memcpy(row->card.keys[use], secret.public_key, sizeof row->card.keys[use]);
    }
    assert_int_equal(hub_engine_command(engine(), &command, &result), RH_OK);
    assert_int_equal(result.refusal, 0);
    return result.agency;
}

/* A month goes by with the agency off line: warnings, misses and urgings wait in its queue. */
static void let_a_month_pass(void)
{
    enum { ONCE = 64 };
    uint32_t fired = ONCE;
    assert_int_equal(hub_engine_steer(engine(), hub_engine_now(engine()) + 31 * RH_DAY_MS, 0,
                                      "test(0)"),
                     RH_OK);
    while (fired == ONCE) {
        assert_int_equal(hub_engine_fire(engine(), ONCE, &fired), RH_OK);
        finish();
    }
}

static uint32_t no_of(const char *id)
{
    struct hub_agency row;
    assert_int_equal(hub_views_agency_find(map(), id, &row), RH_OK);
    return row.no;
}

static int set_up(void **state)
{
    static int serial;
    char name[32];
    (void)state;
    fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(name, sizeof name, "succession-%d", ++serial);
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
    fixture->old = no_of(old_id);
    fixture->new = enrol("procuratorate.620499");
    finish();
    let_a_month_pass();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hub_assembly_close(&fixture->assembly);
    free(fixture);
    return 0;
}

/* ---- looking ---------------------------------------------------------------------------- */

static void read_queue(uint32_t to, struct queue *out)
{
    out->count = 0;
    for (unsigned lane = 0; lane < RH_LANE_COUNT; lane++) {
        uint32_t from = 0;
        while (hub_views_queue_sender(map(), to, (enum rh_lane)lane, &from) == RH_OK) {
            struct hub_queued one = { .pair_seq = 0 };
            while (hub_views_queue_head(map(), to, (enum rh_lane)lane, from, one.pair_seq + 1,
                                        &one) == RH_OK) {
                assert_true(out->count < WAITING_MAX);
                out->entries[out->count++] =
                    (struct waiting){ from,      (enum rh_lane)lane, one.pair_seq,
                                      one.index, one.rno,            one.tombstone };
            }
        }
    }
}

static void read_rows(void)
{
    uint64_t rno = 0;
    struct hub_referral row;
    memset(rows, 0, sizeof rows);
    while (hub_views_referral_next(map(), &rno, &row) == RH_OK) {
        assert_true(rno < sizeof rows / sizeof rows[0]);
        rows[rno] = row;
    }
}

static bool has_part(const struct hub_referral *row, uint32_t agency)
{
    bool found = row->origin == agency || row->sender == agency || row->addressee == agency ||
                 row->assigner == agency || row->holder == agency ||
                 row->last_holder == agency || row->objected_by == agency ||
                 row->bounce_a == agency || row->bounce_b == agency;
    for (uint32_t i = 0; i < row->party_count; i++)
        found = found || row->parties[i] == agency;
    for (uint32_t i = 0; i < row->deadline_count; i++)
        found = found || row->deadlines[i].owed_by == agency;
    return found;
}

static struct hub_job_row job(uint64_t number)
{
    struct hub_job_row row;
    assert_int_equal(hub_views_job(map(), number, &row), RH_OK);
    return row;
}

static uint64_t succeed(const char *area, const char *category, uint32_t by, uint32_t refusal)
{
    struct hub_command command = { .type = HUB_COMMAND_AGENCY,
                                   .operator_name = "test(0)",
                                   .reason = "merged",
                                   .agency.no = fixture->old,
                                   .successor.to = by };
    struct hub_command_result result;
    snprintf(command.successor.area, sizeof command.successor.area, "%s", area);
    snprintf(command.successor.category, sizeof command.successor.category, "%s", category);
    assert_int_equal(hub_engine_command(engine(), &command, &result), RH_OK);
    assert_int_equal(result.refusal, refusal);
    if (refusal == 0)
        finish();
    return result.job;
}

/* Piece by piece; `kills` times the hub dies after a piece, every second time before it was
 * synced. */
static void work_off(uint64_t number, uint32_t kills)
{
    uint32_t turns = 0;
    while (job(number).state == HUB_JOB_RUNNING) {
        assert_true(++turns < 10000);
        assert_int_equal(hub_engine_work(engine(), 7), RH_OK);
        if (kills % 2 == 0)
            finish();
        if (kills > 0) {
            hub_assembly_close(&fixture->assembly);
            open_hub();
            kills--;
        }
    }
}

/* One record at a time, and the hub dies after every fortieth: first before it is on disk, then after
 * it. What the row says is done is what had been synced, never less and never more. */
static uint32_t die_after_records(uint64_t number)
{
    uint32_t deaths = 0;
    while (job(number).state == HUB_JOB_RUNNING) {
        for (int i = 0; i < 39 && job(number).state == HUB_JOB_RUNNING; i++)
            assert_int_equal(hub_engine_work(engine(), 1), RH_OK);
        finish();
        struct hub_job_row synced = job(number);
        if (synced.state != HUB_JOB_RUNNING)
            break;
        for (int life = 0; life < 2; life++) {
            while (hub_engine_pending(engine()) == 0 && job(number).state == HUB_JOB_RUNNING)
                assert_int_equal(hub_engine_work(engine(), 1), RH_OK);
            struct hub_job_row ahead = job(number);
            assert_true(ahead.done >= synced.done && ahead.changed >= synced.changed);
            if (life == 1) {
                finish();
                synced = ahead;
            }
            hub_assembly_close(&fixture->assembly);
            open_hub();
            struct hub_job_row row = job(number);
            assert_int_equal(row.state, synced.state);
            assert_int_equal(row.done, synced.done);
            assert_int_equal(row.changed, synced.changed);
            assert_int_equal(row.cursor, synced.cursor);
            assert_true(row.done <= row.total || row.state == HUB_JOB_DONE);
        }
        assert_true(++deaths < 10000);
    }
    return deaths;
}

/* ---- what must hold --------------------------------------------------------------------- */

static void check_views(void)
{
    struct hub_views_report report;
    assert_int_equal(hub_views_save(hub_engine_views(engine())), RH_OK);
    assert_int_equal(hub_views_verify(map(), &report), RH_OK);
    if (report.faults > 0)
        print_error("%s\n", report.text);
    assert_int_equal(report.faults, 0);
}

/* The numbers at the old address stay dense: each entry is there still, as a tombstone. */
static void check_old_queue(void)
{
    read_queue(fixture->old, &left);
    assert_int_equal(left.count, before.count);
    for (uint32_t i = 0; i < left.count; i++) {
        assert_int_equal(left.entries[i].pair_seq, before.entries[i].pair_seq);
        assert_int_equal(left.entries[i].index, before.entries[i].index);
        assert_true(left.entries[i].tombstone);
    }
}

static const struct waiting *find(const struct queue *queue, const struct waiting *like)
{
    const struct waiting *found = NULL;
    for (uint32_t i = 0; i < queue->count; i++) {
        const struct waiting *one = &queue->entries[i];
        if (one->from != like->from || one->index != like->index || one->rno != like->rno)
            continue;
        found = found == NULL || one->pair_seq < found->pair_seq ? one : found;
    }
    return found;
}

/* Everything is at the new address once, in the order it had, under numbers without a gap. */
static void check_new_queue(void)
{
    uint32_t moved = 0;
    read_queue(fixture->new, &after);
    for (uint32_t i = 0; i < after.count; i++) {
        const struct waiting *one = &after.entries[i];
        bool first = i == 0 || after.entries[i - 1].from != one->from ||
                     after.entries[i - 1].lane != one->lane;
        assert_int_equal(one->pair_seq, first ? 1 : after.entries[i - 1].pair_seq + 1);
        moved += find(&before, one) != NULL ? 1 : 0;
    }
    uint32_t meant = 0;
    for (uint32_t i = 0; i < before.count; i++) {
        const struct waiting *one = &before.entries[i];
        if (one->tombstone)
            continue;
        meant++;
        const struct waiting *there = find(&after, one);
        assert_non_null(there);
        const struct waiting *next = i + 1 < before.count ? one + 1 : NULL;
        if (next == NULL || next->from != one->from || next->lane != one->lane ||
            next->tombstone || next->index == one->index)
            continue;
        const struct waiting *behind = find(&after, next);
        assert_non_null(behind);
        if (behind->lane == there->lane)
            assert_true(behind->pair_seq > there->pair_seq);
    }
    assert_int_equal(moved, meant);
}

/* Every part is the successor's, and no clock has moved. */
static void check_rows(uint32_t *changed)
{
    struct hub_referral now;
    *changed = 0;
    for (uint64_t rno = 1; rno < sizeof rows / sizeof rows[0] && rows[rno].rno != 0; rno++) {
        const struct hub_referral *was = &rows[rno];
        assert_int_equal(hub_views_referral(map(), rno, &now), RH_OK);
        assert_false(has_part(&now, fixture->old));
        assert_int_equal(has_part(&now, fixture->new), has_part(was, fixture->old));
        *changed += has_part(was, fixture->old) ? 1 : 0;
        assert_int_equal(now.holder, was->holder == fixture->old ? fixture->new : was->holder);
        assert_int_equal(now.state, was->state);
        assert_int_equal(now.arrival_due_ms, was->arrival_due_ms);
        assert_int_equal(now.deadline_count, was->deadline_count);
        for (uint32_t i = 0; i < now.deadline_count; i++) {
            assert_int_equal(now.deadlines[i].end_ms, was->deadlines[i].end_ms);
            assert_int_equal(now.deadlines[i].start_ms, was->deadlines[i].start_ms);
            assert_int_equal(now.deadlines[i].status, was->deadlines[i].status);
        }
        if (now.state == RH_STATE_DISPATCHED && was->addressee == fixture->old &&
            !was->arrived) {
            struct hub_queued queued; /* a recall would find it */
            assert_int_equal(hub_views_queued(map(), now.dispatch_to, now.dispatch_from,
                                              now.dispatch_lane, now.dispatch_seq, &queued),
                             RH_OK);
            assert_int_equal(queued.index, now.dispatch_index);
            assert_int_equal(queued.to, fixture->new);
        }
    }
}

static void ask_redecide(struct hub_verb_options *options, void *arg)
{
    (void)arg;
    options->pass.redecide = true;
}

/* An auditor decides every step again, and the replay gives the recorded state. */
static void check_audit(void)
{
    json_t *printed;
    assert_int_equal(hub_engine_rest(engine()), RH_OK);
    hub_assembly_close(&fixture->assembly);
    int code = rht_audit_run(hub_verb_verify, &fixture->log, fixture->log.data, ask_redecide,
                             NULL, &printed);
    open_hub();
    if (code != RH_EXIT_OK)
        print_error("%s\n", json_dumps(printed, JSON_INDENT(1)));
    assert_int_equal(code, RH_EXIT_OK);
    const json_t *about = json_object_get(printed, "state");
    assert_int_equal(rht_number(about, "redecided_differently"), 0);
    json_decref(printed);
}

static const uint32_t between_records = UINT32_MAX;

static void run_whole(uint32_t kills)
{
    uint32_t changed;
    read_queue(fixture->old, &before);
    read_rows();
    print_message("%u waiting\n", before.count);
    assert_true(before.count > 20);
    uint64_t number = succeed("", "", fixture->new, 0);
    if (kills == between_records)
        assert_true(die_after_records(number) > 5);
    else
        work_off(number, kills);
    check_old_queue();
    check_new_queue();
    check_rows(&changed);
    assert_true(changed > 50);
    for (uint32_t i = 0; i < before.count; i++)
        changed += before.entries[i].tombstone ? 0 : 1;
    assert_int_equal(job(number).changed, changed);
    assert_int_equal(job(number).moved, 0); /* no date */
    check_views();
    struct hub_agency row;
    assert_int_equal(hub_views_agency(map(), fixture->old, &row), RH_OK);
    assert_int_equal(row.state, HUB_AGENCY_SUCCEEDED);
    assert_true(row.successors[0].done);
    assert_int_equal(row.successors[0].to, fixture->new);
    assert_int_equal(hub_views_agency(map(), fixture->new, &row), RH_OK);
    assert_int_equal(row.former_count, 1);
    assert_int_equal(row.former[0].no, fixture->old);
    check_audit();
    succeed("", "", fixture->new, RH_REFUSE_AGENCY_SUCCEEDED);
    fixture->old = fixture->new; /* not to one that is gone, nor back */
    succeed("", "", no_of(old_id), RH_REFUSE_UNKNOWN_AGENCY);
}

/* ---- tests ------------------------------------------------------------------------------ */

/* A bureau is merged into another: without this its matters would have a holder that is
 * gone. */
static void test_successor_takes_over_everything(void **state)
{
    (void)state;
    run_whole(0);
}

static void test_succession_survives_kills(void **state)
{
    (void)state;
    run_whole(9);
}

static void test_succession_survives_kills_between_records(void **state)
{
    (void)state;
    run_whole(between_records);
}

/* Split: the matters of one division go to one successor, the rest to another. */
static void test_split_by_area(void **state)
{
    struct hub_referral now;
    uint32_t here = 0, there = 0;
    (void)state;
    uint32_t rest = enrol("procuratorate.620498");
    read_rows();
    uint64_t first = succeed("620402", "", fixture->new, 0);
    uint64_t second = succeed("", "", rest, 0);
    work_off(first, 3);
    work_off(second, 2);
    for (uint64_t rno = 1; rno < sizeof rows / sizeof rows[0] && rows[rno].rno != 0; rno++) {
        assert_int_equal(hub_views_referral(map(), rno, &now), RH_OK);
        assert_false(has_part(&now, fixture->old));
        if (!has_part(&rows[rno], fixture->old))
            continue;
        bool of_area = strncmp(now.area, "620402", 6) == 0;
        assert_true(has_part(&now, of_area ? fixture->new : rest));
        assert_false(has_part(&now, of_area ? rest : fixture->new));
        here += of_area ? 1 : 0;
        there += of_area ? 0 : 1;
    }
    assert_true(here > 0);
    assert_true(there > 0);
    check_views();
    check_audit();
}

/* ---- what the hub itself said ------------------------------------------------------------ */

struct word {
    uint64_t index;
    uint32_t to;
    enum rh_kind kind;
    struct rh_message_id id;
};

struct words {
    uint32_t count;
    struct word list[2 * WAITING_MAX];
};

static struct words said;

/* The hub's own words that wait for an agency, each in the form in which it is delivered. */
static void read_words(uint32_t to, struct words *out)
{
    for (unsigned lane = 0; lane < RH_LANE_COUNT; lane++) {
        struct hub_queued one = { .pair_seq = 0 };
        while (hub_views_queue_head(map(), to, (enum rh_lane)lane, HUB_AGENCY_HUB,
                                    one.pair_seq + 1, &one) == RH_OK) {
            struct rh_delivery delivery;
            struct rh_public notice;
            if (one.tombstone)
                continue;
            assert_int_equal(hub_engine_delivery(engine(), &one, &delivery), RH_OK);
            assert_int_equal(delivery.form, RH_DELIVERY_NOTICE);
            assert_int_equal(rh_public_decode(delivery.item.public_part, &notice, NULL), RH_OK);
            assert_true(out->count < sizeof out->list / sizeof out->list[0]);
            out->list[out->count++] =
                (struct word){ one.index, to, one.kind, notice.message_id };
        }
    }
}

static const struct word *find_word(const struct words *words, const struct rh_message_id *id)
{
    const struct word *found = NULL;
    for (uint32_t i = 0; i < words->count; i++) {
        if (memcmp(&words->list[i].id, id, sizeof *id) != 0)
            continue;
        assert_null(found); /* a receiver would take the second for the first again */
        found = &words->list[i];
    }
    return found;
}

/* The successor had been told the same by the same records: it must get both words, each the
 * one it was, or what was said to the old agency would be dropped as a copy. */
static void test_words_keep_their_ids(void **state)
{
    static struct words there;
    uint32_t doubled = 0;
    (void)state;
    fixture->new = no_of("petitions.620423");
    said.count = there.count = 0;
    read_words(fixture->old, &said);
    read_words(fixture->new, &said);
    for (uint32_t i = 0; i < said.count; i++) {
        for (uint32_t j = 0; j < i; j++)
            doubled += said.list[i].index == said.list[j].index &&
                               said.list[i].kind == said.list[j].kind &&
                               said.list[i].to != said.list[j].to
                           ? 1
                           : 0;
    }
    print_message("%u words, %u said to both\n", said.count, doubled);
    assert_true(doubled > 0);
    work_off(succeed("", "", fixture->new, 0), 1);
    read_words(fixture->new, &there);
    for (uint32_t i = 0; i < said.count; i++) {
        const struct word *now = find_word(&there, &said.list[i].id);
        assert_non_null(now);
        assert_int_equal(now->index, said.list[i].index);
        assert_int_equal(now->kind, said.list[i].kind);
    }
    for (uint32_t i = 0; i < there.count; i++)
        assert_non_null(find_word(&there, &there.list[i].id));
    check_audit();
}

static void grant_old(const char *area, uint64_t until_ms)
{
    struct hub_command command = { .type = HUB_COMMAND_AGENCY,
                                   .operator_name = "test(0)",
                                   .reason = "visits",
                                   .agency.no = fixture->old,
                                   .grant = { .since_ms = 1, .until_ms = until_ms } };
    struct hub_command_result result;
    snprintf(command.grant.area, sizeof command.grant.area, "%s", area);
    assert_int_equal(hub_engine_command(engine(), &command, &result), RH_OK);
    assert_int_equal(result.refusal, 0);
}

/* A monitor that is merged away: its successor goes on visiting, until the day that was set.
 * What has run out is not given anew, and a kill on the way gives nothing twice. */
static void test_grants_pass_on(void **state)
{
    struct hub_agency row;
    uint64_t until_ms = hub_engine_now(engine()) + 90 * RH_DAY_MS;
    (void)state;
    grant_old("6204", until_ms);
    grant_old("6205", hub_engine_now(engine()) + 1);
    grant_old("6206", until_ms + RH_DAY_MS);
    assert_int_equal(hub_engine_steer(engine(), hub_engine_now(engine()) + RH_DAY_MS, 0,
                                      "test(0)"),
                     RH_OK);
    finish();
    work_off(succeed("", "", fixture->new, 0), 5);
    assert_int_equal(hub_views_agency(map(), fixture->new, &row), RH_OK);
    assert_int_equal(row.grant_count, 2);
    assert_string_equal(row.grants[0].area, "6204");
    assert_int_equal(row.grants[0].until_ms, until_ms);
    assert_string_equal(row.grants[1].area, "6206");
    assert_int_equal(row.state, HUB_AGENCY_ACTIVE);
    check_views();
    check_audit();
}

/* Nobody succeeds itself, an unknown one, or twice. */
static void test_succession_is_judged(void **state)
{
    (void)state;
    succeed("", "", fixture->old, RH_REFUSE_UNKNOWN_AGENCY);
    succeed("", "", 4000, RH_REFUSE_UNKNOWN_AGENCY);
    for (int i = 0; i < HUB_SUCCESSORS_MAX; i++)
        work_off(succeed("99", "", fixture->new, 0), 0);
    succeed("99", "", fixture->new, RH_REFUSE_TOO_MANY_ITEMS);
    uint32_t first = fixture->old;
    fixture->old = fixture->new; /* nor back to whom a part came from: they would never end */
    succeed("", "", first, RH_REFUSE_AGENCY_SUCCEEDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_successor_takes_over_everything, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_succession_survives_kills, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_succession_survives_kills_between_records,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_split_by_area, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_words_keep_their_ids, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_grants_pass_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_succession_is_judged, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("succession", tests, NULL, NULL);
}
