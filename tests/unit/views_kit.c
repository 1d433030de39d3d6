#include "views_kit.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first */
#include <setjmp.h>

#include <cmocka.h>

static uint64_t below(struct kit *kit, uint64_t bound)
{
    return rht_random_below(&kit->random, bound);
}

static uint32_t any_agency(struct kit *kit)
{
    return HUB_AGENCY_FIRST + (uint32_t)below(kit, KIT_AGENCIES);
}

static void id_text(uint32_t no, struct rh_agency_id *out)
{
    snprintf(out->text, sizeof out->text, "court.62%02u", no);
}

/* --- records --------------------------------------------------------------------------- */

static void begin(struct kit *kit)
{
    kit->now_ms += below(kit, 3600000);
    memset(&kit->record, 0, sizeof kit->record);
    memset(&kit->outcome, 0, offsetof(struct hub_outcome, rows));
    kit->outcome.delivery_count = kit->outcome.queue_count = kit->outcome.note_count = 0;
    kit->outcome.holder = 0;
    kit->outcome.due_ms = 0;
}

void kit_add(struct kit *kit, enum rh_record_type type)
{
    struct rh_writer writer;
    struct hub_record *record = &kit->record;
    uint8_t core[RH_CORE_BYTES_MAX];
    assert_true(kit->count < KIT_RECORDS_MAX);

    record->core.type = type;
    record->core.index = kit->count;
    record->core.stored_ms = kit->now_ms;
    snprintf(record->core.hub.text, sizeof record->core.hub.text, "test.620423");
    rht_random_fill(&kit->random, record->random, sizeof record->random);
    if (type == RH_RECORD_ITEM || type == RH_RECORD_TIMER ||
        (type == RH_RECORD_COMMAND && record->command != HUB_COMMAND_AGENCY &&
         record->command != HUB_COMMAND_SUBSCRIPTION)) {
        rh_writer_init(&writer, kit->nested, sizeof kit->nested);
        assert_int_equal(hub_outcome_encode(&kit->outcome, &writer), RH_OK);
        record->outcome = (struct rh_bytes){ kit->nested, writer.bytes };
    }

    rh_writer_init(&writer, core, sizeof core);
    assert_int_equal(rh_receipt_encode(&record->core, &writer), RH_OK);
    size_t core_bytes = writer.bytes;
    rh_writer_init(&writer, kit->rest, sizeof kit->rest);
    assert_int_equal(hub_record_rest_encode(record, &writer), RH_OK);

    struct kit_record *out = &kit->records[kit->count++];
    out->core_bytes = core_bytes;
    out->rest_bytes = writer.bytes;
    out->bytes = malloc(core_bytes + writer.bytes);
    assert_non_null(out->bytes);
    memcpy(out->bytes, core, core_bytes);
    memcpy(out->bytes + core_bytes, kit->rest, writer.bytes);
}

struct rh_bytes kit_core(const struct kit *kit, uint32_t index)
{
    return (struct rh_bytes){ kit->records[index].bytes, kit->records[index].core_bytes };
}

struct rh_bytes kit_rest(const struct kit *kit, uint32_t index)
{
    return (struct rh_bytes){ kit->records[index].bytes + kit->records[index].core_bytes,
                              kit->records[index].rest_bytes };
}

enum rh_err kit_apply(const struct kit *kit, struct hub_views *views, uint32_t end)
{
    enum rh_err err = RH_OK;
    while (views->applied < end && err == RH_OK) {
        uint32_t index = (uint32_t)views->applied;
        struct hub_location location = { .segment = 7, .offset = index * 64, .bytes = index };
        err = hub_views_apply(views, index, kit_core(kit, index), kit_rest(kit, index),
                              &location);
    }
    return err;
}

/* --- what outcomes do, in arrays ---------------------------------------------------------- */

static void line(struct kit *kit, uint64_t rno, enum rh_kind kind)
{
    if (rno == 0 || kind == RH_KIND_NONE)
        return;
    for (uint32_t i = 0; i < kit->line_count; i++)
        if (kit->lines[i].rno == rno && kit->lines[i].index == kit->count)
            return;
    assert_true(kit->line_count < KIT_LINES_MAX);
    kit->lines[kit->line_count++] = (struct kit_line){ rno, kit->count, kind };
}

static void put_row(struct kit *kit, const struct hub_referral *row)
{
    kit->outcome.rows[kit->outcome.row_count++] = *row;
    kit->outcome.rno = kit->outcome.rows[0].rno;
}

static void deliver(struct kit *kit, uint32_t to, uint32_t from, enum rh_lane lane,
                    uint64_t index, uint64_t rno, enum rh_kind kind)
{
    if (kit->queue_count == KIT_QUEUE_MAX)
        return;
    uint64_t seq = kit->pair_next[to][from][lane]++;
    kit->outcome.deliveries[kit->outcome.delivery_count++] = (struct hub_delivery_out){
        .to = to, .from = from, .lane = lane, .pair_seq = seq, .index = index, .rno = rno,
        .kind = kind,
    };
    kit->queue[kit->queue_count++] = (struct hub_queued){
        .to = to, .from = from, .lane = lane, .pair_seq = seq, .index = index, .rno = rno,
        .kind = kind, .stored_ms = kit->now_ms,
        .bytes = index == kit->count ? kit->record.item_bytes : 0,
    };
}

static void drop(struct kit *kit, uint32_t place)
{
    kit->queue[place] = kit->queue[--kit->queue_count];
}

static void queue_out(struct kit *kit, const struct hub_queued *entry, enum hub_queue_what what,
                      uint32_t refusal)
{
    kit->outcome.queue[kit->outcome.queue_count++] = (struct hub_queue_out){
        .to = entry->to, .from = entry->from, .lane = entry->lane,
        .pair_seq = entry->pair_seq, .what = what, .refusal = refusal, .index = entry->index,
    };
}

static void note(struct kit *kit, enum rh_kind kind, uint64_t rno, uint8_t status)
{
    kit->outcome.notes[kit->outcome.note_count++] =
        (struct hub_note_out){ .kind = kind, .rno = rno, .status = status };
}

/* --- rows ------------------------------------------------------------------------------- */

static void add_party(struct hub_referral *row, uint32_t agency)
{
    uint32_t place = 0;
    while (place < row->party_count && row->parties[place] < agency)
        place++;
    if (place < row->party_count && row->parties[place] == agency)
        return;
    memmove(&row->parties[place + 1], &row->parties[place],
            (row->party_count - place) * sizeof row->parties[0]);
    row->parties[place] = agency;
    row->party_count++;
}

static void drop_party(struct kit *kit, struct hub_referral *row)
{
    uint32_t place = (uint32_t)below(kit, row->party_count);
    row->party_count--;
    memmove(&row->parties[place], &row->parties[place + 1],
            (row->party_count - place) * sizeof row->parties[0]);
    row->parties[row->party_count] = 0;
}

static void add_deadline(struct kit *kit, struct hub_referral *row)
{
    if (row->deadline_count == 6) { /* the oldest is dropped */
        row->deadline_count--;
        memmove(&row->deadlines[0], &row->deadlines[1], 5 * sizeof row->deadlines[0]);
    }
    struct hub_deadline *deadline = &row->deadlines[row->deadline_count++];
    memset(deadline, 0, sizeof *deadline);
    deadline->serial = ++row->deadline_serial;
    snprintf(deadline->limit, sizeof deadline->limit, "reply");
    deadline->status = HUB_DEADLINE_RUNNING;
    deadline->start_ms = kit->now_ms;
    deadline->end_ms = kit->now_ms + below(kit, 50) * 86400000;
    deadline->owed_by = any_agency(kit);
    deadline->soon_ms = below(kit, 2) ? deadline->end_ms - 1000 : 0;
    deadline->step_ms = below(kit, 3) == 0 ? deadline->end_ms + 5000 : 0;
}

static void change_deadline(struct kit *kit, struct hub_referral *row)
{
    if (row->deadline_count == 0)
        return;
    struct hub_deadline *deadline = &row->deadlines[below(kit, row->deadline_count)];
    deadline->status = (enum hub_deadline_status)(1 + below(kit, HUB_DEADLINE_LAPSED));
    deadline->ended_ms = deadline->status > HUB_DEADLINE_MISSED ||
                                 deadline->status == HUB_DEADLINE_MET || below(kit, 3) == 0
                             ? kit->now_ms
                             : 0;
    if (below(kit, 4) == 0)
        deadline->end_ms += 86400000;
    if (below(kit, 4) == 0)
        deadline->owed_by = any_agency(kit);
}

static void change_row(struct kit *kit, struct hub_referral *row)
{
    if (below(kit, 3) > 0)
        row->state = (enum rh_state)(1 + below(kit, RH_STATE_COUNT - 1));
    row->holder = rh_state_is_resting(row->state) ? 0 : any_agency(kit);
    if (row->party_count > 1 && below(kit, 6) == 0)
        drop_party(kit, row);
    if (row->holder != 0)
        add_party(row, row->holder);
    if (below(kit, 2) == 0)
        add_deadline(kit, row);
    if (below(kit, 2) == 0)
        change_deadline(kit, row);
    row->arrival_due_ms = below(kit, 3) == 0 ? kit->now_ms + below(kit, 100000) + 1 : 0;
    row->last_index = kit->count;
}

static struct hub_referral *new_row(struct kit *kit)
{
    struct hub_referral *row = &kit->rows[kit->row_count++];
    memset(row, 0, sizeof *row);
    row->rno = kit->row_count;
    rht_random_fill(&kit->random, row->id.bytes, sizeof row->id.bytes);
    row->root = row->id;
    snprintf(row->number, sizeof row->number, "R-2026-%06u", (unsigned)row->rno);
    row->state = RH_STATE_REGISTERED;
    row->origin = row->holder = any_agency(kit);
    add_party(row, row->holder);
    row->key_slot = ++kit->slots;
    if (below(kit, 2) == 0) {
        row->external_count = 1;
        snprintf(row->externals[0].system, sizeof row->externals[0].system, "case-system");
        rht_random_fill(&kit->random, row->externals[0].hash.bytes, RH_HASH_BYTES);
    }
    change_row(kit, row);
    return row;
}

/* --- items ------------------------------------------------------------------------------ */

static void item(struct kit *kit, uint32_t agency, enum rh_kind kind, uint64_t rno)
{
    struct rh_public public_part;
    struct rh_writer writer;
    struct hub_record *record = &kit->record;
    memset(&public_part, 0, sizeof public_part);
    public_part.kind = kind;
    rht_random_fill(&kit->random, public_part.message_id.bytes, RH_ID_BYTES);
    rht_random_fill(&kit->random, public_part.referral_id.bytes, RH_ID_BYTES);
    if (kit->item_count > 0 && below(kit, 20) == 0) /* an id used twice */
        public_part.message_id = kit->items[below(kit, kit->item_count)].id;
    rh_writer_init(&writer, kit->public_part, sizeof kit->public_part);
    assert_int_equal(rh_public_encode(&public_part, &writer), RH_OK);

    record->agency = agency;
    record->public_part = (struct rh_bytes){ kit->public_part, writer.bytes };
    record->item_bytes = 100 + (uint32_t)below(kit, 1000);
    id_text(agency, &record->core.agency);
    record->core.epoch = kit->epoch[agency];
    record->core.n = kit->next_n[agency]++;
    record->core.message_id = public_part.message_id;
    rht_random_fill(&kit->random, record->core.digest.bytes, RH_HASH_BYTES);

    struct kit_item *kept = &kit->items[kit->item_count];
    *kept = (struct kit_item){ .index = kit->count, .agency = agency,
                               .epoch = kit->epoch[agency], .n = record->core.n,
                               .id = public_part.message_id, .has_id = true,
                               .refusal = record->core.outcome, .rno = rno, .kind = kind };
    for (uint32_t i = 0; i < kit->item_count; i++) {
        struct kit_item *other = &kit->items[i];
        if (!other->has_id || memcmp(&other->id, &kept->id, sizeof kept->id) != 0)
            continue;
        if (other->refusal != 0 && kept->refusal == 0)
            other->has_id = false;
        else
            kept->has_id = false;
    }
    kit->item_count++;
}

void kit_register(struct kit *kit)
{
    if (kit->row_count == KIT_ROWS_MAX)
        return;
    begin(kit);
    struct hub_referral *row = new_row(kit);
    item(kit, row->origin, RH_KIND_REGISTER, row->rno);
    put_row(kit, row);
    line(kit, row->rno, RH_KIND_REGISTER);
    kit->stored++;
    kit_add(kit, RH_RECORD_ITEM);
}

static void split(struct kit *kit)
{
    if (kit->row_count + 4 > KIT_ROWS_MAX || kit->row_count == 0)
        return;
    begin(kit);
    struct hub_referral *parent = &kit->rows[below(kit, kit->row_count)];
    item(kit, any_agency(kit), RH_KIND_SPLIT, parent->rno);
    change_row(kit, parent);
    put_row(kit, parent);
    line(kit, parent->rno, RH_KIND_SPLIT);
    uint64_t children = 1 + below(kit, 3);
    for (uint64_t i = 0; i < children; i++) {
        struct hub_referral *row = new_row(kit);
        row->parent = parent->id;
        put_row(kit, row);
        line(kit, row->rno, RH_KIND_SPLIT);
        deliver(kit, any_agency(kit), parent->origin, RH_LANE_NORMAL, kit->count, row->rno,
                RH_KIND_SPLIT);
    }
    kit->stored++;
    kit_add(kit, RH_RECORD_ITEM);
}

void kit_move(struct kit *kit)
{
    if (kit->row_count == 0)
        return;
    static const enum rh_kind kinds[] = { RH_KIND_FORWARD, RH_KIND_SIGN, RH_KIND_CONCLUDE };
    begin(kit);
    struct hub_referral *row = &kit->rows[below(kit, kit->row_count)];
    enum rh_kind kind = kinds[below(kit, 3)];
    uint32_t from = any_agency(kit);
    item(kit, from, kind, row->rno);
    change_row(kit, row);
    put_row(kit, row);
    line(kit, row->rno, kind);
    uint64_t copies = below(kit, 4);
    for (uint64_t i = 0; i < copies; i++) /* the same receiver twice is possible */
        deliver(kit, any_agency(kit), from, (enum rh_lane)below(kit, 3), kit->count, row->rno,
                kind);
    if (below(kit, 4) == 0)
        note(kit, kind, row->rno, HUB_DEADLINE_MET);
    kit->stored++;
    kit_add(kit, RH_RECORD_ITEM);
}

static void bulletin(struct kit *kit)
{
    begin(kit);
    uint32_t from = any_agency(kit);
    item(kit, from, RH_KIND_BULLETIN, 0);
    for (uint32_t to = HUB_AGENCY_FIRST; to < KIT_AGENCY_END; to++)
        if (to != from)
            deliver(kit, to, from, RH_LANE_NORMAL, kit->count, 0, RH_KIND_BULLETIN);
    kit->stored++;
    kit_add(kit, RH_RECORD_ITEM);
}

static void acknowledge(struct kit *kit)
{
    if (kit->queue_count == 0)
        return;
    begin(kit);
    struct hub_queued upto = kit->queue[below(kit, kit->queue_count)];
    item(kit, upto.to, RH_KIND_ACK, below(kit, 2) ? upto.rno : 0);
    queue_out(kit, &upto, HUB_QUEUE_ACKED, 0);
    for (uint32_t i = kit->queue_count; i-- > 0;) {
        const struct hub_queued *entry = &kit->queue[i];
        if (entry->to == upto.to && entry->from == upto.from && entry->lane == upto.lane &&
            entry->pair_seq <= upto.pair_seq)
            drop(kit, i);
    }
    kit->pair_acked[upto.to][upto.from][upto.lane] = upto.pair_seq;
    kit->outcome.rno = kit->items[kit->item_count - 1].rno;
    if (kit->outcome.rno != 0) {
        struct hub_referral *row = &kit->rows[kit->outcome.rno - 1];
        change_row(kit, row);
        put_row(kit, row);
        note(kit, RH_KIND_ARRIVED, row->rno, 0);
        line(kit, row->rno, RH_KIND_ARRIVED);
    }
    kit->stored++;
    kit_add(kit, RH_RECORD_ITEM);
}

static void refuse_delivery(struct kit *kit)
{
    if (kit->queue_count == 0 || kit->dead_count == KIT_DEAD_MAX)
        return;
    begin(kit);
    uint32_t place = (uint32_t)below(kit, kit->queue_count);
    struct hub_queued entry = kit->queue[place];
    for (uint32_t i = 0; i < kit->dead_count; i++)
        if (kit->dead[i].index == entry.index && kit->dead[i].to == entry.to)
            return; /* the twin keeps one letter per record and receiver */
    item(kit, entry.to, RH_KIND_NACK, entry.rno);
    queue_out(kit, &entry, HUB_QUEUE_DEAD, 9301);
    kit->outcome.rno = entry.rno;
    drop(kit, place);
    kit->dead[kit->dead_count++] = (struct hub_dead){
        .index = entry.index, .to = entry.to, .from = entry.from, .lane = entry.lane,
        .pair_seq = entry.pair_seq, .rno = entry.rno, .kind = entry.kind, .refusal = 9301,
        .dead_ms = kit->now_ms,
    };
    line(kit, entry.rno, RH_KIND_NACK);
    kit->stored++;
    kit_add(kit, RH_RECORD_ITEM);
}

static void refuse(struct kit *kit)
{
    begin(kit);
    uint64_t rno = kit->row_count > 0 && below(kit, 2) ? 1 + below(kit, kit->row_count) : 0;
    kit->record.core.outcome = kit->outcome.refusal = 4301;
    kit->outcome.rno = rno != 0 ? rno : KIT_ROWS_MAX + 5; /* or one that does not exist */
    item(kit, any_agency(kit), RH_KIND_ACCEPT, kit->outcome.rno);
    line(kit, rno, RH_KIND_ACCEPT);
    kit->refused++;
    kit_add(kit, RH_RECORD_ITEM);
}

/* --- what is no item ---------------------------------------------------------------------- */

static void fire(struct kit *kit)
{
    if (kit->row_count == 0)
        return;
    begin(kit);
    struct hub_referral *row = &kit->rows[below(kit, kit->row_count)];
    kit->record.rno = row->rno;
    kit->record.down_ms = kit->now_ms / 1000;
    change_row(kit, row);
    change_deadline(kit, row);
    put_row(kit, row);
    note(kit, RH_KIND_OVERDUE, row->rno, HUB_DEADLINE_MISSED);
    note(kit, RH_KIND_DUE_SOON, row->rno, 0);
    line(kit, row->rno, RH_KIND_OVERDUE);
    kit_add(kit, RH_RECORD_TIMER);
}

static void command(struct kit *kit)
{
    begin(kit);
    snprintf(kit->record.operator_name, sizeof kit->record.operator_name, "zhang(1000)");
    snprintf(kit->record.reason, sizeof kit->record.reason, "because");
    uint32_t place = kit->queue_count == 0 ? 0 : (uint32_t)below(kit, kit->queue_count);
    if (kit->dead_count > 0 && below(kit, 2)) {
        struct hub_dead *dead = &kit->dead[below(kit, kit->dead_count)];
        struct hub_queued entry = { .to = dead->to, .from = dead->from, .lane = dead->lane,
                                    .pair_seq = dead->pair_seq, .index = dead->index };
        kit->record.command = HUB_COMMAND_DEAD_RETRY;
        kit->outcome.rno = dead->rno;
        queue_out(kit, &entry, HUB_QUEUE_SETTLED, 0);
        if (!dead->settled) {
            dead->settled = true;
            dead->settled_index = kit->count;
        }
        deliver(kit, dead->to, dead->from, dead->lane, dead->index, dead->rno, dead->kind);
        line(kit, dead->rno, RH_KIND_DEAD_RETRY);
    } else if (kit->queue_count > 0) {
        struct hub_queued *entry = &kit->queue[place];
        kit->record.command = HUB_COMMAND_ATTENTION;
        kit->record.action = RH_KIND_URGE;
        kit->outcome.rno = entry->rno;
        queue_out(kit, entry, HUB_QUEUE_TOMBSTONE, 0);
        entry->tombstone = true;
        line(kit, entry->rno, RH_KIND_URGE);
    } else {
        kit->record.command = HUB_COMMAND_NOTE;
    }
    kit_add(kit, RH_RECORD_COMMAND);
}

static void enrol(struct kit *kit, uint32_t no)
{
    struct rh_writer writer;
    struct hub_agency row;
    begin(kit);
    memset(&row, 0, sizeof row);
    row.no = no;
    id_text(no, &row.id);
    snprintf(row.role, sizeof row.role, "court");
    row.state = HUB_AGENCY_ACTIVE;
    row.changed_ms = kit->now_ms;
    rh_writer_init(&writer, kit->nested, sizeof kit->nested);
    assert_int_equal(hub_agency_encode(&row, &writer), RH_OK);
    kit->record.command = HUB_COMMAND_AGENCY;
    kit->record.agency_row = (struct rh_bytes){ kit->nested, writer.bytes };
    kit_add(kit, RH_RECORD_COMMAND);
}

const char *const kit_areas[4] = { "", "62", "6204", "6205" };
const char *const kit_categories[3] = { "", "labour", "labous" };

/* One of an agency to a topic: given for the first time, given anew, or ended. */
static void subscribe(struct kit *kit)
{
    struct rh_writer writer;
    struct hub_subscription row = { .agency = any_agency(kit) };
    begin(kit);
    snprintf(row.area, sizeof row.area, "%s", kit_areas[below(kit, 4)]);
    snprintf(row.category, sizeof row.category, "%s", kit_categories[below(kit, 3)]);
    uint32_t place = 0;
    while (place < kit->subscription_count &&
           (kit->subscriptions[place].agency != row.agency ||
            strcmp(kit->subscriptions[place].area, row.area) != 0 ||
            strcmp(kit->subscriptions[place].category, row.category) != 0))
        place++;
    if (place < kit->subscription_count && kit->subscriptions[place].ended_ms == 0) {
        row = kit->subscriptions[place];
        row.ended_ms = kit->now_ms;
    } else {
        row.number = ++kit->subscription_number;
        row.given_ms = row.from_ms = kit->now_ms;
        row.until_ms = kit->now_ms + 1 + below(kit, 1000);
        row.masks[HUB_SHARE_DATE] = HUB_MASK_MONTH;
        rh_kind_add(&row.events, RH_KIND_OVERDUE);
    }
    assert_true(place < KIT_SUBSCRIPTIONS_MAX);
    kit->subscription_count += place == kit->subscription_count ? 1 : 0;
    kit->subscriptions[place] = row;
    rh_writer_init(&writer, kit->nested, sizeof kit->nested);
    assert_int_equal(hub_subscription_encode(&row, &writer), RH_OK);
    kit->record.command = HUB_COMMAND_SUBSCRIPTION;
    kit->record.subscription_row = (struct rh_bytes){ kit->nested, writer.bytes };
    kit_add(kit, RH_RECORD_COMMAND);
}

static void open_stream(struct kit *kit, uint32_t agency)
{
    static const uint8_t hello[] = "hello";
    begin(kit);
    rht_random_fill(&kit->random, kit->epoch[agency].bytes, RH_EPOCH_BYTES);
    kit->next_n[agency] = 1;
    kit->streamed[agency] = true;
    kit->record.agency = agency;
    kit->record.header = (struct rh_bytes){ hello, sizeof hello };
    id_text(agency, &kit->record.core.agency);
    kit->record.core.epoch = kit->epoch[agency];
    kit_add(kit, RH_RECORD_STREAM);
}

static int by_place(const void *a, const void *b)
{
    const struct hub_queued *x = a;
    const struct hub_queued *y = b;
    return x->pair_seq < y->pair_seq ? -1 : x->pair_seq > y->pair_seq;
}

void kit_generation(struct kit *kit)
{
    begin(kit);
    kit->record.old_size = kit->count;
    snprintf(kit->record.reason, sizeof kit->record.reason, "restored from a copy");
    qsort(kit->queue, kit->queue_count, sizeof kit->queue[0], by_place);
    for (uint32_t to = 0; to < KIT_AGENCY_END; to++)
        for (uint32_t from = 0; from < KIT_AGENCY_END; from++)
            for (uint32_t lane = 0; lane < RH_LANE_COUNT; lane++) {
                kit->pair_next[to][from][lane] = 1;
                kit->pair_acked[to][from][lane] = 0;
            }
    for (uint32_t i = 0; i < kit->queue_count; i++) {
        struct hub_queued *entry = &kit->queue[i];
        entry->pair_seq = kit->pair_next[entry->to][entry->from][entry->lane]++;
    }
    kit_add(kit, RH_RECORD_GENERATION);
}

/* Records that change no row. */
static void other(struct kit *kit)
{
    begin(kit);
    switch (below(kit, 4)) {
    case 0:
        kit->record.clock = HUB_CLOCK_JUMP;
        kit->record.shift_ms = -5000;
        kit_add(kit, RH_RECORD_CLOCK);
        break;
    case 1:
        snprintf(kit->record.text, sizeof kit->record.text, "cut");
        kit_add(kit, RH_RECORD_CUT);
        break;
    case 2:
        kit->record.rno = 1;
        kit_add(kit, RH_RECORD_ERASE);
        break;
    default:
        kit->rules_index = kit->count;
        kit_add(kit, RH_RECORD_RULES);
        break;
    }
}

void kit_step(struct kit *kit)
{
    uint64_t dice = below(kit, 100);
    if (dice < 8)
        kit_register(kit);
    else if (dice < 40)
        kit_move(kit);
    else if (dice < 43)
        split(kit);
    else if (dice < 45)
        bulletin(kit);
    else if (dice < 65)
        acknowledge(kit);
    else if (dice < 68)
        refuse_delivery(kit);
    else if (dice < 75)
        refuse(kit);
    else if (dice < 90)
        fire(kit);
    else if (dice < 92)
        subscribe(kit);
    else if (dice < 95)
        command(kit);
    else if (dice < 97)
        open_stream(kit, any_agency(kit));
    else if (dice < 99)
        other(kit);
    else if (below(kit, 4) == 0)
        kit_generation(kit);
    else
        enrol(kit, any_agency(kit));
}

struct kit *kit_new(void)
{
    struct kit *kit = calloc(1, sizeof *kit);
    assert_non_null(kit);
    rht_random_init(&kit->random);
    kit->now_ms = UINT64_C(1772323200000); /* 2026-03-01 */
    for (uint32_t to = 0; to < KIT_AGENCY_END; to++)
        for (uint32_t from = 0; from < KIT_AGENCY_END; from++)
            for (uint32_t lane = 0; lane < RH_LANE_COUNT; lane++)
                kit->pair_next[to][from][lane] = 1;
    begin(kit);
    kit_add(kit, RH_RECORD_GENESIS);
    for (uint32_t no = HUB_AGENCY_FIRST; no < KIT_AGENCY_END; no++) {
        enrol(kit, no);
        open_stream(kit, no);
    }
    return kit;
}

void kit_free(struct kit **kit)
{
    for (uint32_t i = 0; i < (*kit)->count; i++)
        free((*kit)->records[i].bytes);
    free(*kit);
    *kit = NULL;
}
