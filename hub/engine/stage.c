/* One record into the open batch: encoded, added to the frame, applied to the views, its leaf
 * kept for the tree. Nothing here is durable until hub_engine_finish. */
#include "engine/inside.h"

#include <string.h>

void hub_stir(struct hub_engine *engine, uint32_t agency)
{
    hub_job_stirred(engine, agency);
    for (uint32_t i = 0; i < engine->stirred_count; i++) {
        if (engine->stirred[i] == agency)
            return;
    }
    if (engine->stirred_count < HUB_STIRRED_MAX)
        engine->stirred[engine->stirred_count++] = agency;
}

struct rh_agency_id hub_engine_agency_text(const struct hub_engine *engine, uint32_t no)
{
    struct rh_agency_id out = { "" };
    if (no == HUB_AGENCY_HUB) {
        size_t bytes = strcspn(engine->hub.text, "/");
        rh_assert(bytes < sizeof out.text);
        memcpy(out.text, engine->hub.text, bytes);
    } else if (no < engine->agency_count) {
        out = engine->agencies[no];
    }
    return out;
}

enum rh_err hub_engine_agencies_read(struct hub_engine *engine)
{
    struct hub_agency *row = &engine->agency;
    uint32_t no = 0;
    enum rh_err err;
    while ((err = hub_views_agency_next(engine->views.map, &no, row)) == RH_OK) {
        if (row->no >= HUB_AGENCIES_MAX)
            return RH_ERR_CORRUPT;
        engine->agencies[row->no] = row->id;
        if (row->no >= engine->agency_count)
            engine->agency_count = row->no + 1;
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* Random bytes for a record. Asked for in one go for many records: each question is a system
 * call. */
static void take_random(struct hub_engine *engine, uint8_t *out, uint32_t bytes)
{
    if (engine->random_left < bytes) {
        rh_random(engine->random, sizeof engine->random);
        engine->random_left = sizeof engine->random;
    }
    engine->random_left -= bytes;
    memcpy(out, engine->random + engine->random_left, bytes);
    rh_wipe(engine->random + engine->random_left, bytes); /* what was used is nobody's to find */
}

struct hub_record *hub_record_begin(struct hub_engine *engine, enum rh_record_type type)
{
    struct hub_record *record = engine->record;
    memset(record, 0, sizeof *record);
    record->core.type = type;
    take_random(engine, record->random, sizeof record->random);
    return record;
}

enum rh_err hub_stage_outcome(struct hub_engine *engine, struct hub_record *record)
{
    const struct hub_outcome *outcome = engine->outcome;
    struct rh_writer writer;
    rh_writer_init(&writer, engine->outcome_bytes, HUB_REST_BYTES_MAX);
    enum rh_err err = hub_outcome_encode(outcome, &writer);
    if (err != RH_OK)
        return err;
    record->outcome = (struct rh_bytes){ engine->outcome_bytes, writer.bytes };
    record->core.stored_ms = engine->event.now_ms;
    record->core.outcome = outcome->refusal;
    record->core.holder = hub_engine_agency_text(engine, outcome->holder);
    record->core.due_ms = outcome->due_ms;
    memset(record->core.due_limit, 0, sizeof record->core.due_limit);
    memcpy(record->core.due_limit, outcome->due_limit, sizeof outcome->due_limit);
    record->core.due_basis = outcome->due_basis;
    return RH_OK;
}

/* Keep core and hash of the rest for the confirm of this turn; without room the confirm reads
 * the journal instead. */
static void remember(struct hub_engine *engine, uint64_t index, struct rh_bytes core,
                     const struct rh_hash *rest_hash)
{
    struct hub_recent *recent = engine->recent;
    if (engine->turn_over || recent->count == 0) {
        recent->count = 0;
        recent->bytes = 0;
        recent->first_index = index;
        engine->turn_over = false;
    }
    if (recent->count == HUB_RECENT_MAX || recent->bytes + core.bytes > HUB_RECENT_BYTES ||
        recent->first_index + recent->count != index)
        return;
    memcpy(recent->arena + recent->bytes, core.data, core.bytes);
    recent->at[recent->count] = recent->bytes;
    recent->core_bytes[recent->count] = (uint16_t)core.bytes;
    recent->rest_hash[recent->count] = *rest_hash;
    recent->bytes += (uint32_t)core.bytes;
    recent->count++;
}

enum rh_err hub_engine_decide(struct hub_engine *engine)
{
    enum rh_err err = hub_decide(&engine->world, &engine->event, engine->outcome);
    return engine->past.err != RH_OK ? engine->past.err : err;
}

static enum rh_err open_frame(struct hub_engine *engine, uint64_t now_ms)
{
    if (engine->frame_open)
        return RH_OK;
    struct hub_journal_frame frame = {
        .term = HUB_TERM,
        .time_ms = now_ms,
        .schema_version = HUB_ROW_SCHEMA,
        .decide_version = HUB_DECIDE_VERSION,
    };
    enum rh_err err = hub_journal_begin(engine->journal, &frame);
    engine->frame_open = err == RH_OK;
    return err;
}

static enum rh_err grow_tree(struct hub_engine *engine)
{
    for (uint64_t i = 0; i < engine->leaf_count; i++) {
        enum rh_err err = hub_tree_append(engine->tree, &engine->leaves[i]);
        if (err != RH_OK)
            return err;
    }
    engine->leaf_count = 0;
    return RH_OK;
}

enum rh_err hub_stage_flush(struct hub_engine *engine)
{
    if (!engine->frame_open)
        return RH_OK;
    engine->frame_open = false;
    if (engine->leaf_count == 0)
        return RH_OK;
    enum rh_err err = hub_journal_submit(engine->journal);
    if (err != RH_OK)
        return err;
    enum rh_err grown = grow_tree(engine);
    err = hub_journal_wait(engine->journal);
    return err != RH_OK ? err : grown;
}

/* Add to the frame, beginning another one when this one is full. */
static enum rh_err add(struct hub_engine *engine, uint64_t now_ms,
                       const struct hub_journal_record *row,
                       struct hub_journal_location *location)
{
    enum rh_err err = open_frame(engine, now_ms);
    if (err == RH_OK)
        err = hub_journal_add(engine->journal, row, location);
    if (err != RH_ERR_FULL || engine->leaf_count == 0)
        return err;
    err = hub_stage_flush(engine);
    if (err == RH_OK)
        err = open_frame(engine, now_ms);
    return err == RH_OK ? hub_journal_add(engine->journal, row, location) : err;
}

enum rh_err hub_stage(struct hub_engine *engine, struct hub_record *record,
                      struct rh_bytes content, uint32_t content_slot)
{
    /* What was decided keeps the instant it was decided at: an auditor decides again with what
     * stands in the record. */
    uint64_t now_ms = record->core.stored_ms != 0 ? record->core.stored_ms
                                                  : hub_engine_now(engine);
    record->core.hub = engine->hub;
    record->core.index = engine->next_index;
    record->core.stored_ms = now_ms;

    uint8_t core_bytes[RH_CORE_BYTES_MAX];
    struct rh_writer core, rest;
    rh_writer_init(&core, core_bytes, sizeof core_bytes);
    rh_writer_init(&rest, engine->rest_bytes, HUB_REST_BYTES_MAX);
    enum rh_err err = rh_receipt_encode(&record->core, &core);
    if (err == RH_OK)
        err = hub_record_rest_encode(record, &rest);
    if (err != RH_OK)
        return err;

    struct hub_journal_record row = {
        .type = (uint16_t)record->core.type,
        .content_slot = content_slot,
        .core = { core_bytes, core.bytes },
        .rest = { engine->rest_bytes, rest.bytes },
        .content = content,
    };
    struct hub_journal_location at;
    err = add(engine, now_ms, &row, &at);
    if (err != RH_OK)
        return err;
    rh_assert(at.index == engine->next_index);

    struct hub_location place = { .segment = at.segment,
                                  .offset = at.offset,
                                  .bytes = at.bytes };
    err = hub_views_apply(&engine->views, at.index, row.core, row.rest, &place);
    if (err != RH_OK)
        return err;
    hub_mending_follow(engine, at.index, row.core, row.rest, &place);
    struct rh_hash rest_hash;
    rh_assert(engine->leaf_count < HUB_JOURNAL_FRAME_RECORDS_MAX);
    hub_record_leaf(row.core, row.rest, &rest_hash, &engine->leaves[engine->leaf_count++]);
    remember(engine, at.index, row.core, &rest_hash);
    if (engine->unsettled++ == 0)
        engine->unsettled_since_ms = engine->time.monotonic();
    engine->last_stage_ms = engine->time.monotonic();
    engine->next_index++;
    engine->staged++;
    return RH_OK;
}
