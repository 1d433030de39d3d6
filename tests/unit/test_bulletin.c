/* The bulletin the hub sends by itself: to more than one record holds, over kills, at its hour,
 * not while the clock is not believed; and what it says never changes. If this failed, two
 * offices of one county would hold different figures of one month, and no auditor could say
 * which are right. */
#include "audit_kit.h"

#include "assembly/assembly.h"
#include "engine/inside.h"
#include "views/bulletin.h"
#include "views/keys.h"
#include "views/month.h"

#include <rh/date.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REFERRALS = 200, CENTRES = 95, OUTSIDE = 10, TOLD_MAX = 512, WORDS_MAX = 1024 };

/* Everybody of the county gets the county's, the centres that of the whole hub. */
static const char settings_end[] = "bulletin:\n"
                                   "  hour: 9\n"
                                   "  to: [governance_centre]\n"
                                   "  areas:\n"
                                   "    - { area: \"620423\", to: [governance_centre] }\n";

/* First working days of 2026: General Office of the State Council, holidays of 2026. */
static const int first_days[13] = { 0, 4, 2, 2, 1, 6, 1, 1, 3, 1, 8, 2, 1 };

struct fixture {
    struct rht_log log;
    char keys[RHT_AUDIT_PATH_BYTES], rules[RHT_AUDIT_PATH_BYTES];
    struct hub_options options;
    struct hub_assembly assembly;
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

static void kill_hub(void)
{
    hub_assembly_close(&fixture->assembly);
    open_hub();
}

static void finish(void)
{
    assert_int_equal(hub_engine_finish(engine()), RH_OK);
    assert_int_equal(hub_engine_settle(engine()), RH_OK);
}

static void enrol(const char *id, const char *area)
{
    struct hub_command command = { .type = HUB_COMMAND_AGENCY, .operator_name = "test(0)" };
    struct hub_command_result result;
    struct hub_agency *row = &command.agency;
    assert_int_equal(rh_agency_id_parse(id, strlen(id), &row->id), RH_OK);
    rh_agency_role(&row->id, row->role);
    snprintf(row->area, sizeof row->area, "%s", area);
    row->state = HUB_AGENCY_ACTIVE;
    snprintf(row->card.owner, sizeof row->card.owner, "%s", id);
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        row->card.present[use] = true;
        rh_random(row->card.keys[use], sizeof row->card.keys[use]);
    }
    assert_int_equal(hub_engine_command(engine(), &command, &result), RH_OK);
    assert_int_equal(result.refusal, 0);
}

/* The project's rules with other readers. */
static void make_rules(void)
{
    static const char *const parts[] = { "calendars", "glossary.yaml", "procedures", "routing",
                                         "screening" };
    char path[RHT_AUDIT_PATH_BYTES + 40];
    assert_int_equal(mkdir(fixture->rules, 0700), 0);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char target[RHT_AUDIT_PATH_BYTES];
        snprintf(target, sizeof target, "%s/protocol/rules/%s", RHT_SOURCE_DIR, parts[i]);
        snprintf(path, sizeof path, "%s/%s", fixture->rules, parts[i]);
        assert_int_equal(symlink(target, path), 0);
    }
    size_t bytes;
    char *text = rht_read_file(RHT_SOURCE_DIR "/protocol/rules/settings.yaml", &bytes);
    char *at = strstr(text, "bulletin:\n");
    assert_non_null(at);
    char *whole = calloc(1, bytes + sizeof settings_end);
    assert_non_null(whole);
    memcpy(whole, text, (size_t)(at - text));
    memcpy(whole + (at - text), settings_end, sizeof settings_end);
    snprintf(path, sizeof path, "%s/settings.yaml", fixture->rules);
    rht_write_file(path, whole, strlen(whole));
    free(whole);
    free(text);
}

static int set_up(void **state)
{
    static int serial;
    char name[32];
    (void)state;
    fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(name, sizeof name, "bulletin-%d", ++serial);
    rht_audit_make(&fixture->log, name, REFERRALS, RHT_LOG_PLAIN);
    snprintf(fixture->keys, sizeof fixture->keys, "%.300s/keys", fixture->log.dir);
    snprintf(fixture->rules, sizeof fixture->rules, "%.300s/rules", fixture->log.dir);
    make_rules();
    fixture->options = (struct hub_options){
        .data_dir = fixture->log.data,
        .keys_dir = fixture->keys,
        .rules_dir = fixture->rules,
        .hub_id = "test.fill",
        .endpoint = "tcp://127.0.0.1:5550",
        .test_clock = true,
        .map_bytes = UINT64_C(1) << 30,
        .segment_bytes = 1024 * 1024,
    };
    open_hub();
    for (int i = 0; i < CENTRES + OUTSIDE; i++) {
        char id[40];
        const char *area = i < CENTRES ? "620423" : "620499";
        snprintf(id, sizeof id, "governance_centre.%s%03d", area, i);
        enrol(id, area);
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

/* ---- time ------------------------------------------------------------------------------- */

static void steer(uint64_t to_ms)
{
    assert_int_equal(hub_engine_steer(engine(), to_ms, 0, "test(0)"), RH_OK);
    finish();
}

static void fire_all(void)
{
    enum { ONCE = 64 };
    uint32_t fired = ONCE;
    while (fired == ONCE) {
        assert_int_equal(hub_engine_fire(engine(), ONCE, &fired), RH_OK);
        finish();
    }
}

/* 09:00 of the first working day of the next month, of 2026. */
static uint64_t next_send(void)
{
    struct rh_civil now = rh_date_to_civil(rh_date_of_instant(hub_engine_now(engine())));
    struct rh_date day;
    assert_int_equal(now.year, 2026);
    assert_in_range(now.month, 1, 11);
    assert_int_equal(rh_date_from_civil(2026, now.month + 1, first_days[now.month + 1], &day),
                     RH_OK);
    return rh_date_start_ms(day) + UINT64_C(9) * 3600 * 1000;
}

/* To a minute before; everything else that is due has fired. */
static uint64_t go_before_send(void)
{
    uint64_t at_ms = next_send();
    steer(at_ms - 60 * 1000);
    fire_all();
    return at_ms;
}

/* ---- what was sent ---------------------------------------------------------------------- */

static uint32_t read_told(struct hub_told told[TOLD_MAX])
{
    struct hub_cursor cursor = { .bytes = 0 };
    uint32_t count = 0;
    while (hub_views_told_next(map(), &cursor, &told[count]) == RH_OK) {
        assert_int_equal(told[count].from, HUB_AGENCY_HUB);
        assert_true(++count < TOLD_MAX);
    }
    return count;
}

static void read_outcome(uint64_t index, struct hub_outcome *out)
{
    static struct hub_record record;
    struct rh_bytes core, rest;
    assert_int_equal(hub_engine_record(engine(), index, &core, &rest), RH_OK);
    assert_int_equal(hub_record_decode(core, rest, &record), RH_OK);
    assert_int_equal(record.core.type, RH_RECORD_TIMER);
    assert_int_equal(hub_outcome_decode(record.outcome, out), RH_OK);
}

/* The words as `to` gets them: the bytes of the public part. */
static size_t read_words(const struct hub_told *told, uint8_t words[WORDS_MAX],
                         struct rh_public *item)
{
    struct hub_queued queued = { .pair_seq = 0 };
    struct rh_delivery delivery;
    while (queued.index != told->index)
        assert_int_equal(hub_views_queue_head(map(), told->to, RH_LANE_NORMAL, HUB_AGENCY_HUB,
                                              queued.pair_seq + 1, &queued),
                         RH_OK);
    assert_int_equal(hub_engine_delivery(engine(), &queued, &delivery), RH_OK);
    assert_int_equal(delivery.form, RH_DELIVERY_NOTICE);
    size_t bytes = delivery.item.public_part.bytes;
    assert_in_range(bytes, 1, WORDS_MAX);
    memcpy(words, delivery.item.public_part.data, bytes);
    if (item != NULL)
        assert_int_equal(rh_public_decode(delivery.item.public_part, item, NULL), RH_OK);
    return bytes;
}

/* A column of the ledger is other than it was, whatever the reason: as if something of that
 * month had come late. */
static void change_ledger(uint32_t month)
{
    struct hub_cursor cursor;
    struct hub_month row;
    uint8_t value[RH_COLUMN_COUNT * 8];
    hub_views_month_seek(&cursor, month);
    do {
        assert_int_equal(hub_views_month_next(map(), &cursor, &row), RH_OK);
    } while (row.agency == 0);
    assert_int_equal(row.month, month);
    for (unsigned i = 0; i < RH_COLUMN_COUNT; i++)
        hub_put_u64(value + (size_t)i * 8, row.figures[i] + 1000);
    struct hub_key key = hub_key_month(row.month, row.agency, row.procedure);
    assert_int_equal(hub_map_put(map(), HUB_TABLE_MONTH, hub_key_view(&key),
                                 (struct rh_bytes){ value, sizeof value }),
                     RH_OK);
    assert_int_equal(hub_engine_commit(engine()), RH_OK);
}

/* ---- stories ---------------------------------------------------------------------------- */

/* Silence until 08:59:59.999 in China; at 09:00 it goes. */
static void test_bulletin_goes_at_its_hour(void **state)
{
    static struct hub_told told[TOLD_MAX];
    (void)state;
    uint64_t at_ms = go_before_send();
    uint32_t before = read_told(told);
    steer(at_ms - 1);
    fire_all();
    assert_int_equal(read_told(told), before);
    steer(at_ms);
    fire_all();
    assert_int_equal(read_told(told), before + CENTRES * 2 + OUTSIDE);
}

/* A hub that does not believe its clock sends nothing, and everything once it does. */
static void test_bulletin_waits_for_a_clock_that_is_believed(void **state)
{
    static struct hub_told told[TOLD_MAX];
    (void)state;
    uint64_t at_ms = go_before_send();
    uint32_t before = read_told(told);
    engine()->firing_held = true;
    steer(at_ms + RH_DAY_MS);
    fire_all();
    assert_int_equal(read_told(told), before);
    assert_int_not_equal(hub_engine_wait_ms(engine()), 0); /* and does not spin meanwhile */
    engine()->firing_held = false;
    fire_all();
    assert_int_equal(read_told(told), before + CENTRES * 2 + OUTSIDE);
}

/* Ninety-five readers of the county and ten outside: more than a record holds. The hub dies after
 * each record, every other time before it is on disk, and the ledger changes in between: each
 * reader is told once of each edition, and all readers of one the same figures. */
static void test_bulletin_says_the_same_to_all(void **state)
{
    static struct hub_told told[TOLD_MAX];
    static struct hub_outcome first, other;
    uint32_t fired = 1, turns = 0, month = 0;
    (void)state;
    steer(go_before_send());
    for (; fired > 0 || turns % 2 == 1; turns++) {
        assert_int_equal(hub_engine_fire(engine(), 1, &fired), RH_OK);
        month = hub_engine_views(engine())->monthly.month;
        if (turns % 2 == 1)
            finish();
        if (fired > 0 && turns % 2 == 1)
            change_ledger(month);
        kill_hub();
        assert_true(turns < 100);
    }
    assert_true(turns > 2 * (3 + 3)); /* three records of each edition at least */
    uint32_t count = read_told(told), whole = 0, county = 0;
    const struct hub_told *of_whole = NULL, *of_county = NULL;
    for (uint32_t i = 0; i < count; i++) {
        read_outcome(told[i].index, &other);
        if (other.month != month)
            continue;
        bool is_county = other.month_area[0] != 0;
        const struct hub_told **example = is_county ? &of_county : &of_whole;
        if (*example == NULL)
            *example = &told[i];
        (*(is_county ? &county : &whole))++;
        read_outcome((*example)->index, &first);
        assert_memory_equal(first.month_sums, other.month_sums, sizeof first.month_sums);
        for (uint32_t k = 0; k < i; k++) /* nobody twice of one edition */
            if (told[k].to == told[i].to) {
                read_outcome(told[k].index, &first);
                assert_true(first.month != month ||
                            strcmp(first.month_area, other.month_area) != 0);
            }
    }
    assert_int_equal(whole, CENTRES + OUTSIDE);
    assert_int_equal(county, CENTRES);
}

/* What waits in a queue, what is delivered again, and what is delivered in a year are the same
 * bytes, whatever has become of the ledger. */
static void test_bulletin_never_changes(void **state)
{
    static struct hub_told told[TOLD_MAX];
    static uint8_t once[TOLD_MAX][WORDS_MAX], again[WORDS_MAX];
    static size_t bytes[TOLD_MAX];
    (void)state;
    steer(go_before_send());
    fire_all();
    uint32_t count = read_told(told);
    assert_true(count >= CENTRES * 2);
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = read_words(&told[i], once[i], NULL);
    change_ledger(hub_engine_views(engine())->monthly.month);
    steer(hub_engine_now(engine()) + 3 * RH_DAY_MS);
    fire_all();
    kill_hub();
    uint64_t sums[RH_COLUMN_COUNT];
    static struct hub_outcome outcome;
    read_outcome(told[count - 1].index, &outcome);
    assert_int_equal(hub_month_sum(hub_engine_views(engine()), outcome.month, "", sums), RH_OK);
    assert_true(sums[RH_COLUMN_MET] >= outcome.month_sums[RH_COLUMN_MET].n + 1000);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(read_words(&told[i], again, NULL), bytes[i]);
        assert_memory_equal(again, once[i], bytes[i]);
    }
}

/* ---- the auditor ------------------------------------------------------------------------ */

struct asked {
    struct hub_bulletin bulletin;
    uint64_t index;
};

static void ask_bulletin(struct hub_verb_options *options, void *arg)
{
    struct asked *asked = arg;
    options->bulletin = &asked->bulletin;
    options->pass.to = asked->index - 1; /* what the ledger said before that record */
}

static void ask_redecide(struct hub_verb_options *options, void *arg)
{
    (void)arg;
    options->pass.redecide = true;
}

static int64_t fact(const struct rh_public *item, const char *key)
{
    const struct rh_fact *found = rh_public_fact(item, key);
    assert_non_null(found);
    assert_true(found->is_number);
    return found->number;
}

static int64_t told_sum(const struct rh_public *item, uint32_t bits)
{
    int64_t total = 0;
    for (unsigned i = 0; i < RH_COLUMN_COUNT; i++)
        if (bits >> i & 1u)
            total += fact(item, rh_column_name((enum rh_column)i));
    return total;
}

/* Every figure of the notice is, part by part, what an auditor gets from a copy. */
static uint32_t compare(const struct rh_public *item, uint64_t index)
{
    struct asked asked = { .index = index };
    json_t *rows, *row;
    size_t i;
    char period[16];
    uint32_t some = 0;
    int64_t month = fact(item, "month");
    snprintf(period, sizeof period, "%04d-%02d", (int)(month / 100), (int)(month % 100));
    assert_true(hub_bulletin_period(period, &asked.bulletin));
    if (item->area[0] != 0)
        assert_true(hub_bulletin_area(item->area, &asked.bulletin));
    assert_int_equal(rht_audit_run(hub_verb_bulletin, &fixture->log, fixture->log.data,
                                   ask_bulletin, &asked, &rows),
                     RH_EXIT_OK);
    json_array_foreach(rows, i, row) {
        const struct rh_figure *figure = rh_figure_at(i);
        assert_non_null(figure);
        assert_string_equal(json_string_value(json_object_get(row, "figure")), figure->name);
        if (!rh_figure_is_told(figure))
            continue;
        assert_int_equal(rht_number(row, "numerator"), told_sum(item, figure->numerator));
        if (figure->denominator != 0)
            assert_int_equal(rht_number(row, "denominator"),
                             told_sum(item, figure->denominator));
        some += rht_number(row, "numerator") > 0;
    }
    json_decref(rows);
    return some;
}

static void test_bulletin_is_what_an_auditor_counts(void **state)
{
    static struct hub_told told[TOLD_MAX];
    static struct rh_public item;
    uint8_t words[WORDS_MAX];
    (void)state;
    steer(go_before_send());
    fire_all();
    uint32_t count = read_told(told);
    hub_assembly_close(&fixture->assembly);
    json_t *printed;
    int code = rht_audit_run(hub_verb_verify, &fixture->log, fixture->log.data, ask_redecide,
                             NULL, &printed);
    if (code != RH_EXIT_OK)
        print_error("%s\n", json_dumps(json_object_get(printed, "findings"), JSON_INDENT(1)));
    assert_int_equal(code, RH_EXIT_OK);
    json_decref(printed);
    open_hub();
    uint32_t some = 0, editions = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && told[i].index == told[i - 1].index)
            continue;
        read_words(&told[i], words, &item);
        hub_assembly_close(&fixture->assembly);
        some += compare(&item, told[i].index);
        open_hub();
        editions++;
    }
    assert_true(editions >= 6);
    assert_true(some > 20); /* there was something to count */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bulletin_goes_at_its_hour, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bulletin_waits_for_a_clock_that_is_believed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bulletin_says_the_same_to_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bulletin_never_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bulletin_is_what_an_auditor_counts, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("bulletin", tests, NULL, NULL);
}
