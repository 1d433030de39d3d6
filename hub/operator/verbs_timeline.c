/* referral.timeline: the records of one referral, read back from the journal. */
#include "operator/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Records are read in the engine's thread, a few at a time, and taken apart here. */
enum { READ_AT_ONCE = 16, READ_BYTES = 512 * 1024 };

struct piece {
    uint64_t index;
    enum rh_kind kind;
    size_t at, core_bytes, rest_bytes; /* in the batch's bytes; rest_bytes 0: not readable */
};

struct batch {
    uint32_t count;
    struct piece pieces[READ_AT_ONCE];
    size_t used;
    uint8_t *bytes; /* READ_BYTES */
};

static enum rh_err read_pieces(void *context, struct hub_engine *engine,
                               struct hub_gateway *gateway)
{
    struct batch *batch = context;
    (void)gateway;
    batch->used = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct piece *piece = &batch->pieces[i];
        struct rh_bytes core, rest;
        if (hub_engine_record(engine, piece->index, &core, &rest) != RH_OK ||
            core.bytes + rest.bytes > READ_BYTES - batch->used)
            continue; /* the line is shown without what the record says */
        piece->at = batch->used;
        piece->core_bytes = core.bytes;
        piece->rest_bytes = rest.bytes;
        memcpy(batch->bytes + batch->used, core.data, core.bytes);
        memcpy(batch->bytes + batch->used + core.bytes, rest.data, rest.bytes);
        batch->used += core.bytes + rest.bytes;
    }
    return RH_OK;
}

static const char *record_name(enum rh_record_type type)
{
    switch (type) {
    case RH_RECORD_ITEM:
        return "item";
    case RH_RECORD_TIMER:
        return "timer";
    case RH_RECORD_COMMAND:
        return "command";
    case RH_RECORD_JOB:
        return "job";
    case RH_RECORD_ERASE:
        return "erase";
    case RH_RECORD_GENESIS:
    case RH_RECORD_GENERATION:
    case RH_RECORD_BUNDLE:
    case RH_RECORD_RULES:
    case RH_RECORD_STREAM:
    case RH_RECORD_DIGEST:
    case RH_RECORD_CUT:
    case RH_RECORD_CLOCK:
    case RH_RECORD_CARRY:
        break;
    }
    return "other";
}

static void put_notes(struct hub_ask *ask, json_t *row, const struct hub_outcome *outcome,
                      uint64_t rno)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < outcome->note_count; i++) {
        const struct hub_note_out *note = &outcome->notes[i];
        if (note->rno != rno)
            continue;
        json_t *entry = json_object();
        const struct hub_deadline *deadline =
            note->deadline == 0 ? NULL : hub_find_clock(&outcome->rows[0], note->deadline);
        hub_json_text(entry, "kind", rh_kind_name(note->kind));
        hub_json_text(entry, "limit", deadline == NULL ? "" : deadline->limit);
        hub_json_text(entry, "status",
                      note->status == 0
                          ? ""
                          : hub_deadline_status_name((enum hub_deadline_status)note->status));
        hub_json_uint(entry, "level", note->level);
        hub_json_at(entry, "was_end_at", note->was_ms);
        hub_json_at(entry, "end_at", note->now_ms);
        json_object_set_new(entry, "agency", hub_json_agency_id(ask, note->agency));
        json_array_append_new(list, entry);
    }
    json_object_set_new(row, "notes", list);
}

/* Dates that the event moved, or made firm: which clock, from when, to when. What for, the text
 * of the record says. */
static void put_moved(struct hub_ask *ask, json_t *row, const struct hub_outcome *outcome,
                      uint64_t rno)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < outcome->note_count; i++) {
        const struct hub_note_out *note = &outcome->notes[i];
        const struct hub_deadline *deadline =
            note->rno != rno || note->was_ms == 0 || note->deadline == 0
                ? NULL
                : hub_find_clock(&outcome->rows[0], note->deadline);
        if (deadline == NULL)
            continue;
        const struct rh_limit *limit = hub_find_limit(ask, &outcome->rows[0], deadline);
        json_t *entry = json_object();
        hub_json_text(entry, "limit", deadline->limit);
        hub_json_text(entry, "title_zh", limit == NULL ? NULL : limit->title_zh);
        hub_json_text(entry, "title_en", limit == NULL ? NULL : limit->title_en);
        hub_json_at(entry, "was_end_at", note->was_ms);
        hub_json_at(entry, "end_at", note->now_ms);
        json_array_append_new(list, entry);
    }
    json_object_set_new(row, "moved", list);
}

/* Attention that a timer raised together with what the event is named after, by its kinds: at
 * one look at the clock a referral may become overdue and be urged. */
static void put_also(json_t *row, const struct hub_outcome *outcome, uint64_t rno)
{
    const char *named = json_string_value(json_object_get(row, "kind"));
    json_t *list = json_array();
    for (uint32_t i = 0; i < outcome->note_count; i++) {
        const struct hub_note_out *note = &outcome->notes[i];
        bool raised = note->kind == RH_KIND_URGE || note->kind == RH_KIND_SUPERVISE ||
                      note->kind == RH_KIND_LIST_SUPERVISE || note->kind == RH_KIND_ESCALATE;
        if (note->rno == rno && raised && strcmp(rh_kind_name(note->kind), named) != 0)
            json_array_append_new(list, json_string(rh_kind_name(note->kind)));
    }
    json_object_set_new(row, "also", list);
}

static json_t *text_or_null(const char *text)
{
    return text[0] == '\0' ? json_null() : json_string(text);
}

static const char *const readers[] = { "delivered_to", "delivered_to_zh", "delivered_to_en",
                                       "shared_with",  "shared_with_zh",  "shared_with_en" };

/* Who got a word of it, each once however many words it was: ids, and names in their order.
 * Subscribers, who got it masked, stand by themselves. */
static void put_readers(struct hub_ask *ask, json_t *row, const struct hub_outcome *outcome,
                        bool shared, const char *const keys[3])
{
    json_t *ids = json_array(), *zh = json_array(), *en = json_array();
    for (uint32_t i = 0; i < outcome->delivery_count; i++) {
        const struct hub_delivery_out *delivery = &outcome->deliveries[i];
        bool named = (delivery->kind == RH_KIND_SHARED) != shared;
        for (uint32_t j = 0; j < i && !named; j++)
            named = outcome->deliveries[j].to == delivery->to &&
                    (outcome->deliveries[j].kind == RH_KIND_SHARED) == shared;
        if (named)
            continue;
        const struct hub_name *name = hub_json_name(ask, delivery->to);
        json_array_append_new(ids, json_string(name->id.text));
        json_array_append_new(zh, text_or_null(name->zh));
        json_array_append_new(en, text_or_null(name->en));
    }
    json_object_set_new(row, keys[0], ids);
    json_object_set_new(row, keys[1], zh);
    json_object_set_new(row, keys[2], en);
}

/* A registration and what it repeats: "R-2026-000001 repeat same-person-same-matter v1". */
static void put_repeats(struct hub_ask *ask, json_t *row, const struct hub_referral *of)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < of->hit_count; i++) {
        const struct hub_hit *hit = &of->hits[i];
        char text[160];
        if (hub_views_referral(ask->map, hit->rno, ask->op->other) != RH_OK)
            continue;
        snprintf(text, sizeof text, "%s %s %s v%" PRIu32,
                 ask->op->other->sealed ? "-" : ask->op->other->number,
                 rh_relation_name(hit->relation), hit->rule, hit->rule_version);
        json_array_append_new(list, json_string(text));
    }
    json_object_set_new(row, "repeats", list);
}

/* By when the holder has to act then, which clock that is and on what it rests. */
static void put_due(const struct hub_ask *ask, json_t *row, const struct hub_outcome *outcome)
{
    struct hub_deadline deadline = { 0 };
    const struct rh_limit *limit = NULL;
    memcpy(deadline.limit, outcome->due_limit, sizeof deadline.limit);
    if (outcome->row_count > 0 && deadline.limit[0] != '\0')
        limit = hub_find_limit(ask, &outcome->rows[0], &deadline);
    hub_json_at(row, "due_at", outcome->due_ms);
    hub_json_text(row, "due_limit", outcome->due_limit);
    hub_json_text(row, "title_zh", limit == NULL ? "" : limit->title_zh);
    hub_json_text(row, "title_en", limit == NULL ? "" : limit->title_en);
    hub_json_text(row, "due_basis", rh_due_basis_name(outcome->due_basis));
}

/* What the event did: state, holder, due date, who got it. */
static void put_outcome(struct hub_ask *ask, json_t *row, struct rh_bytes bytes, uint64_t rno)
{
    struct hub_outcome *outcome = ask->op->outcome;
    if (bytes.bytes == 0 || hub_outcome_decode(bytes, outcome) != RH_OK)
        return;
    for (uint32_t i = 0; i < outcome->row_count; i++) {
        if (outcome->rows[i].rno != rno)
            continue;
        hub_json_text(row, "state", rh_state_name(outcome->rows[i].state));
        hub_json_agency(ask, row, "turn", outcome->rows[i].holder);
    }
    put_readers(ask, row, outcome, false, readers);
    put_readers(ask, row, outcome, true, readers + 3);
    put_due(ask, row, outcome);
    put_notes(ask, row, outcome, rno);
    put_moved(ask, row, outcome, rno);
    put_also(row, outcome, rno);
}

/* What this step said of the risk (low, medium, high): the history of it is these lines. */
static void put_risk(json_t *row, const struct rh_public *item)
{
    for (uint32_t i = 0; i < item->fact_count; i++) {
        if (strcmp(item->facts[i].key, "risk") == 0 && !item->facts[i].is_number)
            hub_json_text(row, "risk", item->facts[i].code);
    }
}

static void put_item(json_t *row, const struct hub_record *record)
{
    struct rh_public item;
    if (record->public_part.bytes == 0 ||
        rh_public_decode(record->public_part, &item, NULL) != RH_OK)
        return;
    hub_json_text(row, "to", item.to.text);
    hub_json_text(row, "code", item.code);
    hub_json_text(row, "basis", item.basis);
    put_risk(row, &item);
    hub_json_uuid(row, "message_id", item.message_id.bytes);
    hub_json_text(row, "trace", item.trace);
    hub_json_at(row, "occurred_at", item.occurred_ms);
}

/* Every event has the same keys, whatever its record. */
static json_t *blank(const struct piece *piece)
{
    static const char *const texts[] = {
        "record", "from", "from_zh", "from_en", "to", "state", "turn", "turn_zh", "turn_en",
        "code", "basis", "risk", "refusal", "operator", "reason", "text", "message_id", "trace",
        "at", "occurred_at", "due_at", "due_limit", "due_basis", "title_zh", "title_en",
        "first_stored_at", "first_generation",
    };
    json_t *row = hub_json_row("event");
    hub_json_uint(row, "id", piece->index);
    hub_json_uint(row, "log_index", piece->index);
    hub_json_text(row, "kind", rh_kind_name(piece->kind));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        hub_json_text(row, texts[i], NULL);
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
        json_object_set_new(row, readers[i], json_array());
    json_object_set_new(row, "notes", json_array());
    json_object_set_new(row, "moved", json_array());
    json_object_set_new(row, "also", json_array());
    json_object_set_new(row, "repeats", json_array());
    return row;
}

static json_t *show_event(struct hub_ask *ask, const struct batch *batch,
                          const struct piece *piece, uint64_t rno)
{
    struct hub_record *record = ask->op->record;
    json_t *row = blank(piece);
    const uint8_t *bytes = batch->bytes + piece->at;
    if (piece->rest_bytes == 0 ||
        hub_record_decode((struct rh_bytes){ bytes, piece->core_bytes },
                          (struct rh_bytes){ bytes + piece->core_bytes, piece->rest_bytes },
                          record) != RH_OK)
        return row;
    hub_json_text(row, "record", record_name(record->core.type));
    hub_json_at(row, "at", record->core.stored_ms);
    hub_json_code(row, "refusal", record->core.outcome);
    hub_json_text(row, "operator", record->operator_name);
    hub_json_text(row, "reason", record->reason);
    hub_json_text(row, "text", record->text);
    if (record->core.type == RH_RECORD_ITEM)
        hub_json_agency(ask, row, "from", record->agency);
    else
        hub_json_agency(ask, row, "from", HUB_AGENCY_HUB);
    if (record->lost_ms != 0) { /* clocks count from there: a receipt of that generation */
        hub_json_at(row, "first_stored_at", record->lost_ms);
        hub_json_uint(row, "first_generation", record->lost_generation);
    }
    put_item(row, record);
    put_outcome(ask, row, record->outcome, rno);
    if (piece->kind == RH_KIND_REGISTER && record->core.outcome == 0 &&
        ask->op->outcome->row_count > 0)
        put_repeats(ask, row, &ask->op->outcome->rows[0]);
    return row;
}

/* The next few lines of the timeline; *end when there are no more. */
static enum rh_err gather(struct hub_ask *ask, struct batch *batch, uint64_t rno,
                          uint64_t *index, uint32_t limit, bool *end)
{
    batch->count = 0;
    *end = false;
    while (batch->count < READ_AT_ONCE && batch->count < limit) {
        struct piece *piece = &batch->pieces[batch->count];
        *piece = (struct piece){ 0 };
        enum rh_err err = hub_views_timeline_next(ask->map, rno, index, &piece->kind);
        if (err == RH_ERR_NOTFOUND)
            *end = true;
        if (err != RH_OK)
            return *end ? RH_OK : err;
        piece->index = *index;
        batch->count++;
    }
    return RH_OK;
}

static enum rh_err show_all(struct hub_ask *ask, struct batch *batch, uint64_t rno,
                            uint64_t index, uint32_t limit)
{
    bool end = false;
    enum rh_err err = RH_OK;
    while (err == RH_OK && !end && ask->rows < limit) {
        err = gather(ask, batch, rno, &index, limit - ask->rows, &end);
        hub_snapshot_end(ask);
        if (err == RH_OK && batch->count > 0)
            err = hub_ask_engine(ask, read_pieces, batch, false);
        if (err == RH_OK)
            err = hub_snapshot_begin(ask);
        for (uint32_t i = 0; i < batch->count && err == RH_OK; i++)
            err = hub_ask_row(ask, show_event(ask, batch, &batch->pieces[i], rno));
    }
    uint64_t more = index;
    enum rh_kind kind;
    if (err == RH_OK && !end &&
        hub_views_timeline_next(ask->map, rno, &more, &kind) == RH_OK) {
        uint8_t bytes[8];
        for (unsigned i = 0; i < 8; i++)
            bytes[i] = (uint8_t)(index >> (56 - 8 * i));
        hub_token_write(ask, 'e', bytes, sizeof bytes);
    }
    return err;
}

enum rh_err hub_verb_referral_timeline(struct hub_ask *ask)
{
    uint8_t place[8];
    size_t bytes;
    uint64_t index = 0;
    struct batch batch = { .bytes = malloc(READ_BYTES) };
    enum rh_err err = batch.bytes == NULL ? RH_ERR_NOMEM : hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_referral(ask, "id", ask->op->referral);
    if (err == RH_OK)
        err = hub_token_read(ask, 'e', place, sizeof place, &bytes);
    for (size_t i = 0; err == RH_OK && i < bytes; i++)
        index = index << 8 | place[i];
    uint64_t rno = ask->op->referral->rno;
    if (err == RH_OK)
        err = show_all(ask, &batch, rno, index, hub_args_limit(ask));
    free(batch.bytes);
    return err;
}
