/* Rows and outcomes: what is written is what comes back, in one form only, and damaged bytes
 * are noticed. A mistake here would make a replay differ from what was promised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/decide.h"
#include "support/rht.h"

enum { ROUNDS = 400, BUFFER = 1024 * 1024 };

static struct rht_random random_source;
static uint8_t buffer_a[BUFFER];
static uint8_t buffer_b[BUFFER];
static struct hub_outcome outcome_a;
static struct hub_outcome outcome_b;

static uint64_t pick(uint64_t bound)
{
    return rht_random_below(&random_source, bound);
}

/* Often zero, often small, sometimes huge: the forms MessagePack tells apart. */
static uint64_t number(void)
{
    switch (pick(4)) {
    case 0:
        return 0;
    case 1:
        return pick(200);
    default:
        return rht_random_u64(&random_source) >> pick(64);
    }
}

static void text(char *out, size_t capacity)
{
    size_t bytes = pick(3) == 0 ? 0 : pick(capacity);
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)('a' + (int)pick(26));
    out[bytes] = 0;
}

static void fill_deadline(struct hub_deadline *out)
{
    out->serial = (uint32_t)number();
    text(out->limit, sizeof(out->limit));
    out->status = (enum hub_deadline_status)(1 + pick(7));
    out->law = pick(2) == 1;
    out->left = pick(2) == 1;
    out->unit = (enum rh_unit)pick(5);
    out->n = (uint32_t)number();
    out->roll = (enum rh_roll)pick(2);
    out->start_ms = number();
    out->nominal = (int32_t)pick(200000) - 100000;
    out->end_ms = number();
    out->step = (uint8_t)pick(256);
    out->pause_count = (uint32_t)pick(HUB_PAUSES_MAX + 1);
    for (uint32_t i = 0; i < out->pause_count; i++)
        out->pauses[i] = (struct hub_pause){ number(), number() };
    out->extension_count = (uint32_t)pick(HUB_EXTENSIONS_MAX + 1);
    for (uint32_t i = 0; i < out->extension_count; i++)
        out->extensions[i] = (struct rh_span){ (enum rh_unit)pick(5), (uint32_t)number() };
}

static void fill_referral(struct hub_referral *out)
{
    memset(out, 0, sizeof(*out));
    out->rno = number();
    if (pick(2))
        rht_random_fill(&random_source, &out->id, sizeof(out->id));
    text(out->number, sizeof(out->number));
    text(out->procedure, sizeof(out->procedure));
    out->state = (enum rh_state)(1 + pick(RH_STATE_COUNT - 1));
    out->holder = rh_state_is_resting(out->state) ? 0 : 1 + (uint32_t)pick(1000);
    out->kind = (enum rh_kind)pick(RH_KIND_END);
    out->lane = (enum rh_lane)pick(RH_LANE_COUNT);
    out->arrived = pick(2) == 1;
    out->sealed = pick(2) == 1;
    out->escalation = (uint8_t)pick(6);
    out->bounce_count = (uint32_t)number();
    text(out->category, sizeof(out->category));
    out->registered_ms = number();
    out->external_count = (uint32_t)pick(RH_EXTERNALS_MAX + 1);
    for (uint32_t i = 0; i < out->external_count; i++) {
        text(out->externals[i].system, sizeof(out->externals[i].system));
        rht_random_fill(&random_source, &out->externals[i].hash, RH_HASH_BYTES);
    }
    out->fact_count = (uint32_t)pick(RH_FACTS_MAX + 1);
    for (uint32_t i = 0; i < out->fact_count; i++) {
        text(out->facts[i].key, sizeof(out->facts[i].key));
        out->facts[i].is_number = pick(2) == 1;
        out->facts[i].number = (int64_t)number();
    }
    out->party_count = (uint32_t)pick(HUB_PARTIES_MAX + 1);
    for (uint32_t i = 0; i < out->party_count; i++)
        out->parties[i] = (uint32_t)number();
    out->waiting_count = (uint32_t)pick(HUB_WAITING_MAX + 1);
    for (uint32_t i = 0; i < out->waiting_count; i++)
        out->waiting[i] = (uint32_t)number();
    out->accused_count = (uint32_t)pick(HUB_ACCUSED_MAX + 1);
    for (uint32_t i = 0; i < out->accused_count; i++)
        rht_random_fill(&random_source, &out->accused[i], RH_HASH_BYTES);
    text(out->query_code, sizeof(out->query_code));
    out->person_count = (uint32_t)pick(RH_PERSON_HASHES_MAX + 1);
    for (uint32_t i = 0; i < out->person_count; i++)
        rht_random_fill(&random_source, &out->persons[i], RH_HASH_BYTES);
    out->hit_count = (uint32_t)pick(HUB_HITS_MAX + 1);
    for (uint32_t i = 0; i < out->hit_count; i++) {
        text(out->hits[i].rule, sizeof(out->hits[i].rule));
        out->hits[i].relation = (enum rh_relation)pick(RH_RELATION_COUNT);
        out->hits[i].rno = number();
    }
    out->deadline_count = (uint32_t)pick(HUB_DEADLINES_MAX + 1);
    for (uint32_t i = 0; i < out->deadline_count; i++)
        fill_deadline(&out->deadlines[i]);
}

static struct rh_bytes encode_referral(const struct hub_referral *row, uint8_t *buffer)
{
    struct rh_writer writer;
    rh_writer_init(&writer, buffer, BUFFER);
    assert_int_equal(hub_referral_encode(row, &writer), RH_OK);
    return (struct rh_bytes){ buffer, writer.bytes };
}

static void test_referral_survives_the_round_trip(void **state)
{
    (void)state;
    static struct hub_referral row, back;
    for (int i = 0; i < ROUNDS; i++) {
        fill_referral(&row);
        struct rh_bytes bytes = encode_referral(&row, buffer_a);
        assert_int_equal(rh_codec_check(bytes.data, bytes.bytes, BUFFER, NULL), RH_OK);
        assert_int_equal(hub_referral_decode(bytes, &back), RH_OK);
        assert_memory_equal(&row, &back, sizeof(row));
        struct rh_bytes again = encode_referral(&back, buffer_b);
        assert_int_equal(again.bytes, bytes.bytes);
        assert_memory_equal(again.data, bytes.data, bytes.bytes);
    }
}

/* The largest row must fit the bound that stores and journals count on. */
static void test_largest_referral_fits_its_bound(void **state)
{
    (void)state;
    static struct hub_referral row;
    memset(&row, 0xFF, sizeof(row));
    row.state = RH_STATE_IN_PROGRESS;
    row.kind = row.born = RH_KIND_DEAD_RETRY;
    row.lane = row.dispatch_lane = RH_LANE_URGENT;
    row.arrived = row.signed_once = row.designated = row.report_required = true;
    row.report_done = row.reply_owed = row.leader_named = row.sealed = true;
    row.extend_pending = row.no_clock_reset = row.hearing = row.counted = true;
    row.withdrawal_forbidden = true;
    row.mandatory = true;
    char *const texts[] = { row.procedure, row.category, row.area, row.source, row.outcome };
    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        memset(texts[i], 'x', RH_CODE_BYTES_MAX);
        texts[i][RH_CODE_BYTES_MAX] = 0;
    }
    memset(row.number, 'x', sizeof(row.number) - 1);
    row.number[sizeof(row.number) - 1] = 0;
    row.external_count = RH_EXTERNALS_MAX;
    for (uint32_t i = 0; i < RH_EXTERNALS_MAX; i++) {
        memset(row.externals[i].system, 'x', sizeof(row.externals[i].system) - 1);
        row.externals[i].system[sizeof(row.externals[i].system) - 1] = 0;
    }
    row.fact_count = RH_FACTS_MAX;
    for (uint32_t i = 0; i < RH_FACTS_MAX; i++) {
        memset(&row.facts[i], 'x', sizeof(row.facts[i]));
        row.facts[i].key[sizeof(row.facts[i].key) - 1] = 0;
        row.facts[i].code[sizeof(row.facts[i].code) - 1] = 0;
        row.facts[i].is_number = true;
    }
    row.deadline_count = HUB_DEADLINES_MAX;
    for (uint32_t i = 0; i < HUB_DEADLINES_MAX; i++) {
        struct hub_deadline *deadline = &row.deadlines[i];
        memset(deadline, 0xFF, sizeof(*deadline));
        memset(deadline->limit, 'x', sizeof(deadline->limit));
        deadline->limit[sizeof(deadline->limit) - 1] = 0;
        deadline->status = HUB_DEADLINE_LAPSED;
        deadline->law = deadline->right_only = deadline->provisional = true;
        deadline->sender_set = deadline->left = true;
        deadline->unit = RH_UNIT_MONTH_CRIMINAL;
        deadline->roll = RH_ROLL_NEXT_WORKING_DAY;
        deadline->pause_count = HUB_PAUSES_MAX;
        deadline->extension_count = HUB_EXTENSIONS_MAX;
        for (uint32_t k = 0; k < HUB_EXTENSIONS_MAX; k++)
            deadline->extensions[k] = (struct rh_span){ RH_UNIT_MONTH_CIVIL, UINT32_MAX };
    }
    row.party_count = HUB_PARTIES_MAX;
    memset(row.parties, 0xFF, sizeof(row.parties));
    row.waiting_count = HUB_WAITING_MAX;
    memset(row.waiting, 0xFF, sizeof(row.waiting));
    row.accused_count = HUB_ACCUSED_MAX;
    memset(row.accused, 0xFF, sizeof(row.accused));
    row.person_count = RH_PERSON_HASHES_MAX;
    memset(row.query_code, 'x', sizeof(row.query_code) - 1);
    row.query_code[sizeof(row.query_code) - 1] = 0;
    row.hit_count = HUB_HITS_MAX;
    for (uint32_t i = 0; i < HUB_HITS_MAX; i++) {
        memset(&row.hits[i], 0xFF, sizeof(row.hits[i]));
        memset(row.hits[i].rule, 'x', sizeof(row.hits[i].rule) - 1);
        row.hits[i].rule[sizeof(row.hits[i].rule) - 1] = 0;
        row.hits[i].relation = RH_RELATION_RELATED;
        row.hits[i].told = true;
    }
    assert_true(encode_referral(&row, buffer_a).bytes < HUB_REFERRAL_BYTES_MAX);
}

/* The longest past, successors and grants still fit where an agency's row is encoded. */
static void test_largest_agency_fits(void **state)
{
    (void)state;
    static struct hub_agency row;
    struct rh_writer writer;
    memset(&row, 0, sizeof(row));
    memset(row.id.text, 'x', sizeof(row.id.text) - 1);
    memset(row.name_zh, 'x', sizeof(row.name_zh) - 1);
    memset(row.name_en, 'x', sizeof(row.name_en) - 1);
    memset(row.role, 'x', sizeof(row.role) - 1);
    memset(row.area, 'x', sizeof(row.area) - 1);
    memset(row.card.owner, 'x', sizeof(row.card.owner) - 1);
    memset(row.card.endpoint, 'x', sizeof(row.card.endpoint) - 1);
    memset(row.card.keys, 0xFF, sizeof(row.card.keys));
    memset(&row.unit_hash, 0xFF, sizeof(row.unit_hash));
    row.state = HUB_AGENCY_SUCCEEDED;
    row.enrolled_ms = row.changed_ms = UINT64_MAX;
    row.successor_count = HUB_SUCCESSORS_MAX;
    row.grant_count = HUB_GRANTS_MAX;
    for (uint32_t i = 0; i < HUB_GRANTS_MAX; i++) {
        struct hub_successor *next = &row.successors[i];
        struct hub_grant *grant = &row.grants[i];
        next->to = UINT32_MAX;
        memset(next->area, 'x', sizeof(next->area) - 1);
        memset(next->category, 'x', sizeof(next->category) - 1);
        memset(grant, 0xFF, sizeof(*grant));
        memcpy(grant->area, next->area, sizeof(next->area));
        memcpy(grant->category, next->category, sizeof(next->category));
        next->since_ms = UINT64_MAX;
        next->done = true;
    }
    row.former_count = HUB_FORMER_MAX;
    memset(row.former, 0xFF, sizeof(row.former));
    rh_writer_init(&writer, buffer_a, HUB_AGENCY_BYTES_MAX);
    assert_int_equal(hub_agency_encode(&row, &writer), RH_OK);
}

static void test_truncated_or_lengthened_rows_are_corrupt(void **state)
{
    (void)state;
    static struct hub_referral row, back;
    for (int i = 0; i < 20; i++) {
        fill_referral(&row);
        struct rh_bytes bytes = encode_referral(&row, buffer_a);
        for (size_t cut = 0; cut < bytes.bytes; cut += 1 + pick(40)) {
            struct rh_bytes part = { bytes.data, cut };
            assert_int_equal(hub_referral_decode(part, &back), RH_ERR_CORRUPT);
        }
        struct rh_bytes longer = { bytes.data, bytes.bytes + 1 };
        assert_int_equal(hub_referral_decode(longer, &back), RH_ERR_CORRUPT);
    }
}

/* Whatever a damaged row decodes to, it is a row that encodes to exactly those bytes: there
 * is no second form of anything. */
static void test_damaged_rows_have_no_second_form(void **state)
{
    (void)state;
    static struct hub_referral row, back;
    for (int i = 0; i < ROUNDS * 5; i++) {
        fill_referral(&row);
        struct rh_bytes bytes = encode_referral(&row, buffer_a);
        buffer_a[pick(bytes.bytes)] ^= (uint8_t)(1u << pick(8));
        if (hub_referral_decode(bytes, &back) != RH_OK ||
            rh_codec_check(bytes.data, bytes.bytes, BUFFER, NULL) != RH_OK)
            continue;
        struct rh_bytes again = encode_referral(&back, buffer_b);
        assert_int_equal(again.bytes, bytes.bytes);
        assert_memory_equal(again.data, bytes.data, bytes.bytes);
    }
}

static void test_open_row_without_holder_is_corrupt(void **state)
{
    (void)state;
    struct rh_writer writer;
    static struct hub_referral back;
    rh_writer_init(&writer, buffer_a, BUFFER);
    rh_writer_map(&writer, 1);
    rh_writer_uint(&writer, 11);
    rh_writer_uint(&writer, RH_STATE_SIGNED);
    struct rh_bytes bytes = { buffer_a, writer.bytes };
    assert_int_equal(hub_referral_decode(bytes, &back), RH_ERR_CORRUPT);
}

#define ROUND_TRIP(kind, fill)                                                                 \
    static void test_##kind##_survives_the_round_trip(void **state)                            \
    {                                                                                          \
        (void)state;                                                                           \
        struct hub_##kind row, back;                                                           \
        for (int i = 0; i < ROUNDS; i++) {                                                     \
            struct rh_writer writer;                                                           \
            memset(&row, 0, sizeof(row));                                                      \
            fill(&row);                                                                        \
            rh_writer_init(&writer, buffer_a, BUFFER);                                         \
            assert_int_equal(hub_##kind##_encode(&row, &writer), RH_OK);                       \
            struct rh_bytes bytes = { buffer_a, writer.bytes };                                \
            assert_int_equal(rh_codec_check(buffer_a, writer.bytes, BUFFER, NULL), RH_OK);     \
            assert_int_equal(hub_##kind##_decode(bytes, &back), RH_OK);                        \
            assert_memory_equal(&row, &back, sizeof(row));                                     \
            bytes.bytes--;                                                                     \
            assert_int_equal(hub_##kind##_decode(bytes, &back), RH_ERR_CORRUPT);               \
        }                                                                                      \
    }

static void fill_agency(struct hub_agency *out)
{
    out->no = (uint32_t)number();
    text(out->id.text, sizeof(out->id.text));
    text(out->name_zh, sizeof(out->name_zh));
    text(out->role, sizeof(out->role));
    out->superior = (uint32_t)number();
    out->state = (enum hub_agency_state)(1 + pick(3));
    if (pick(2)) {
        out->card.present[RH_KEY_SEAL] = true;
        rht_random_fill(&random_source, out->card.keys[RH_KEY_SEAL], 32);
        text(out->card.owner, sizeof(out->card.owner));
        rht_random_fill(&random_source, &out->unit_hash, sizeof(out->unit_hash));
    }
    out->enrolled_ms = number();
    out->former_count = (uint32_t)pick(HUB_FORMER_MAX + 1);
    for (uint32_t i = 0; i < out->former_count; i++) {
        out->former[i].no = (uint32_t)number();
        rht_random_fill(&random_source, &out->former[i].unit_hash, RH_HASH_BYTES);
    }
}

static void fill_stream(struct hub_stream *out)
{
    out->agency = (uint32_t)number();
    rht_random_fill(&random_source, &out->epoch, sizeof(out->epoch));
    out->next_n = number();
    out->closed = pick(2) == 1;
    out->last_ms = number();
}

static void fill_queued(struct hub_queued *out)
{
    out->to = (uint32_t)number();
    out->from = (uint32_t)number();
    out->lane = (enum rh_lane)pick(RH_LANE_COUNT);
    out->pair_seq = number();
    out->index = number();
    out->rno = number();
    out->kind = (enum rh_kind)pick(RH_KIND_END);
    out->tombstone = pick(2) == 1;
    out->bytes = (uint32_t)number();
    out->place = (uint32_t)number();
}

static void fill_dead(struct hub_dead *out)
{
    out->index = number();
    out->to = (uint32_t)number();
    out->refusal = (uint32_t)number();
    out->settled = pick(2) == 1;
    out->settled_index = number();
    out->place = (uint32_t)number();
}

ROUND_TRIP(agency, fill_agency)
ROUND_TRIP(stream, fill_stream)
ROUND_TRIP(queued, fill_queued)
ROUND_TRIP(dead, fill_dead)

static void fill_subscription(struct hub_subscription *out)
{
    static const char *const areas[] = { "", "62", "6204", "620423", "620423101", "620423101202" };
    out->number = 1 + (uint32_t)pick(1000);
    out->agency = HUB_AGENCY_FIRST + (uint32_t)pick(1000);
    snprintf(out->area, sizeof out->area, "%s", areas[pick(6)]);
    snprintf(out->category, sizeof out->category, "%s", pick(2) == 0 ? "" : "labour.wage");
    while (out->events.bits[0] == 0 && out->events.bits[1] == 0) {
        for (unsigned i = 1; i < RH_KIND_END; i++) {
            if (hub_share_is_event((enum rh_kind)i) && pick(3) == 0)
                rh_kind_add(&out->events, (enum rh_kind)i);
        }
    }
    for (unsigned field = 0; field < HUB_SHARE_FIELDS; field++) {
        unsigned mask = (unsigned)pick(HUB_MASK_END);
        while (!hub_mask_fits((enum hub_share_field)field, (enum hub_mask)mask))
            mask = (mask + 1) % HUB_MASK_END;
        out->masks[field] = (uint8_t)mask;
    }
    out->given_ms = number();
    out->from_ms = (uint64_t)pick(1000);
    out->until_ms = out->from_ms + 1 + (uint64_t)pick(1000);
    out->ended_ms = number();
    snprintf(out->basis, sizeof out->basis, "%s", pick(2) == 0 ? "" : "目录第12项");
}

ROUND_TRIP(subscription, fill_subscription)

/* A grant ends at its instant, not a moment later, and takes in what it says and nothing else: else
 * an agency that is no party would go on looking at other people's matters. */
static void test_grant_ends_by_itself(void **state)
{
    (void)state;
    struct hub_agency agency = { .grant_count = 3 };
    struct hub_referral row = { .area = "620423101", .category = "labour.wage-arrears" };
    memset(row.id.bytes, 7, sizeof row.id.bytes);
    agency.grants[0] = (struct hub_grant){ .area = "620499", .until_ms = 9000 };
    agency.grants[1] = (struct hub_grant){ .area = "620423", .category = "labour",
                                           .since_ms = 500, .until_ms = 1000 };
    agency.grants[2] = (struct hub_grant){ .referral = row.id, .until_ms = 2000 };
    assert_ptr_equal(hub_agency_grant(&agency, &row, 999), &agency.grants[1]);
    assert_ptr_equal(hub_agency_grant(&agency, &row, 1000), &agency.grants[2]);
    assert_ptr_equal(hub_agency_grant(&agency, &row, 1999), &agency.grants[2]);
    assert_null(hub_agency_grant(&agency, &row, 2000));
    struct hub_referral other = row;
    other.id.bytes[15] = 8;
    assert_ptr_equal(hub_agency_grant(&agency, &other, 999), &agency.grants[1]);
    assert_null(hub_agency_grant(&agency, &other, 1000));
    memcpy(other.category, "labourers", sizeof "labourers"); /* no category below labour */
    assert_null(hub_agency_grant(&agency, &other, 999));
    row.sealed = true;
    assert_null(hub_agency_grant(&agency, &row, 999));
}

/* What a subscription may not be is not read, whoever wrote it. */
static void test_unsound_subscription_is_corrupt(void **state)
{
    (void)state;
    struct hub_subscription row;
    for (int what = 0; what < 8; what++) {
        uint8_t bytes[HUB_SUBSCRIPTION_BYTES_MAX];
        struct rh_writer writer;
        memset(&row, 0, sizeof row);
        fill_subscription(&row);
        snprintf(row.area, sizeof row.area, "620423");
        rh_writer_init(&writer, bytes, sizeof bytes);
        assert_int_equal(hub_subscription_encode(&row, &writer), RH_OK);
        size_t at = 0;
        while (memcmp(bytes + at, "620423", 6) != 0)
            at++;
        bytes[at + (size_t)what % 6] = (uint8_t)"xX ./-:_"[what]; /* no digits any more */
        assert_int_equal(hub_subscription_decode((struct rh_bytes){ bytes, writer.bytes }, &row),
                         RH_ERR_CORRUPT);
    }
}

static void fill_outcome(struct hub_outcome *out)
{
    memset(out, 0, sizeof(*out));
    out->refusal = (uint32_t)number();
    out->rno = number();
    out->row_count = (uint32_t)pick(4);
    for (uint32_t i = 0; i < out->row_count; i++)
        fill_referral(&out->rows[i]);
    out->delivery_count = (uint32_t)pick(HUB_DELIVERIES_OUT_MAX + 1);
    for (uint32_t i = 0; i < out->delivery_count; i++)
        out->deliveries[i] = (struct hub_delivery_out){
            (uint32_t)number(), (uint32_t)number(), (enum rh_lane)pick(3),          number(),
            number(),           number(),           (enum rh_kind)pick(RH_KIND_END),
            (uint32_t)number()
        };
    out->queue_count = (uint32_t)pick(5);
    for (uint32_t i = 0; i < out->queue_count; i++) {
        out->queue[i].pair_seq = number();
        out->queue[i].what = (enum hub_queue_what)(1 + pick(4));
    }
    out->note_count = (uint32_t)pick(HUB_NOTES_OUT_MAX + 1);
    for (uint32_t i = 0; i < out->note_count; i++)
        out->notes[i].level = (uint8_t)pick(6);
    out->share_count = out->delivery_count == 0 ? 0 : (uint32_t)pick(HUB_SHARES_OUT_MAX + 1);
    for (uint32_t i = 0; i < out->share_count; i++) {
        out->shares[i].place = (uint32_t)pick(out->delivery_count);
        out->shares[i].subscription = (uint32_t)number();
        out->shares[i].event = RH_KIND_OVERDUE;
        out->shares[i].date_ms = number();
        out->shares[i].date_mask = HUB_MASK_MONTH;
        snprintf(out->shares[i].holder, sizeof out->shares[i].holder, "court");
    }
    out->holder = (uint32_t)number();
    out->due_ms = number();
    out->due_basis = (enum rh_due_basis)pick(RH_DUE_POLICY + 1);
    memcpy(out->due_limit, "notice", out->due_basis == RH_DUE_NONE ? 0 : sizeof "notice");
}

/* A record read twice must say the same, also into memory that held another outcome. */
static void test_outcome_survives_the_round_trip(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS / 4; i++) {
        struct rh_writer writer;
        fill_outcome(&outcome_a);
        rh_writer_init(&writer, buffer_a, BUFFER);
        assert_int_equal(hub_outcome_encode(&outcome_a, &writer), RH_OK);
        struct rh_bytes bytes = { buffer_a, writer.bytes };
        assert_int_equal(hub_outcome_decode(bytes, &outcome_b), RH_OK);
        assert_int_equal(outcome_b.row_count, outcome_a.row_count);
        assert_memory_equal(outcome_a.rows, outcome_b.rows,
                            outcome_a.row_count * sizeof(outcome_a.rows[0]));
        rh_writer_init(&writer, buffer_b, BUFFER);
        assert_int_equal(hub_outcome_encode(&outcome_b, &writer), RH_OK);
        assert_int_equal(writer.bytes, bytes.bytes);
        assert_memory_equal(buffer_b, buffer_a, bytes.bytes);
        bytes.bytes -= 1;
        assert_int_equal(hub_outcome_decode(bytes, &outcome_b), RH_ERR_CORRUPT);
    }
}

int main(void)
{
    rht_random_init(&random_source);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_referral_survives_the_round_trip),
        cmocka_unit_test(test_largest_referral_fits_its_bound),
        cmocka_unit_test(test_largest_agency_fits),
        cmocka_unit_test(test_truncated_or_lengthened_rows_are_corrupt),
        cmocka_unit_test(test_damaged_rows_have_no_second_form),
        cmocka_unit_test(test_open_row_without_holder_is_corrupt),
        cmocka_unit_test(test_grant_ends_by_itself),
        cmocka_unit_test(test_agency_survives_the_round_trip),
        cmocka_unit_test(test_stream_survives_the_round_trip),
        cmocka_unit_test(test_queued_survives_the_round_trip),
        cmocka_unit_test(test_dead_survives_the_round_trip),
        cmocka_unit_test(test_subscription_survives_the_round_trip),
        cmocka_unit_test(test_unsound_subscription_is_corrupt),
        cmocka_unit_test(test_outcome_survives_the_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
