/* The end of a turn: one frame on the disk, the tree grown and signed beside it, and only
 * then results out; views behind. */
#include "engine/inside.h"

#include <string.h>

/* Every so many records the state digest goes on record, so that replay, backup and standby
 * can be compared with it. */
static enum rh_err stage_digest(struct hub_engine *engine)
{
    if (engine->next_index - engine->last_digest_index < HUB_DIGEST_EVERY)
        return RH_OK;
    uint8_t rows[HUB_DIGEST_ROWS_BYTES_MAX];
    struct rh_writer writer;
    rh_writer_init(&writer, rows, sizeof rows);
    enum rh_err err = hub_views_digest_encode(&engine->views, &writer);
    if (err != RH_OK)
        return err;
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_DIGEST);
    record->digest_rows = (struct rh_bytes){ rows, writer.bytes };
    engine->last_digest_index = engine->next_index;
    return hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
}

static enum rh_err sign_batch(struct hub_engine *engine)
{
    struct rh_batch batch = { .hub = engine->hub, .size = hub_tree_size(engine->tree) };
    enum rh_err err = hub_tree_root(engine->tree, batch.size, &batch.root);
    if (err != RH_OK)
        return err;
    rh_batch_sign(&batch, &engine->sign_key);
    engine->batch = batch;
    return RH_OK;
}

static enum rh_err write_and_sign(struct hub_engine *engine)
{
    if (!engine->frame_open)
        return sign_batch(engine); /* the last record of the turn was written out already */
    engine->frame_open = false;
    enum rh_err err = hub_journal_submit(engine->journal);
    if (err != RH_OK)
        return err;
    /* While the disk works: leaves, root, signature. Shown to nobody before wait says OK. */
    enum rh_err signed_err = RH_OK;
    for (uint64_t i = 0; signed_err == RH_OK && i < engine->leaf_count; i++)
        signed_err = hub_tree_append(engine->tree, &engine->leaves[i]);
    engine->leaf_count = 0;
    if (signed_err == RH_OK)
        signed_err = sign_batch(engine);
    err = hub_journal_wait(engine->journal);
    return err != RH_OK ? err : signed_err;
}

enum rh_err hub_engine_finish(struct hub_engine *engine)
{
    if (engine->staged == 0)
        return RH_OK;
    enum rh_err err = stage_digest(engine);
    if (err == RH_OK)
        err = write_and_sign(engine);
    engine->staged = 0;
    engine->turn_over = true;
    return err;
}

enum rh_err hub_engine_commit(struct hub_engine *engine)
{
    rh_assert(engine->staged == 0);
    enum rh_err err = hub_views_save(&engine->views);
    if (err == RH_OK)
        err = engine->options.store_commit(engine->options.store);
    if (err != RH_OK)
        return err;
    engine->unsettled = 0;
    return engine->options.store_usage(engine->options.store, &engine->map_permille);
}

static bool commit_is_due(const struct hub_engine *engine, uint64_t now)
{
    return engine->unsettled > 0 &&
           (engine->unsettled >= HUB_COMMIT_RECORDS ||
            now - engine->unsettled_since_ms >= HUB_COMMIT_AFTER_MS ||
            now - engine->last_stage_ms >= HUB_COMMIT_IDLE_MS);
}

enum rh_err hub_engine_settle(struct hub_engine *engine)
{
    if (engine->staged > 0)
        return RH_OK;
    uint64_t now = engine->time.monotonic();
    if (commit_is_due(engine, now)) {
        enum rh_err err = hub_engine_commit(engine);
        if (err != RH_OK)
            return err;
    }
    bool grown = engine->next_index > engine->published_size;
    if (grown && now - engine->published_at_ms >= HUB_PUBLISH_EVERY_MS)
        return hub_engine_publish(engine);
    return RH_OK;
}

uint32_t hub_engine_pending(const struct hub_engine *engine)
{
    return engine->staged;
}

static uint32_t earlier(uint32_t a, uint64_t b)
{
    return b < a ? (uint32_t)b : a;
}

static uint64_t remaining(uint64_t since, uint64_t span, uint64_t now)
{
    return now - since >= span ? 0 : span - (now - since);
}

uint32_t hub_engine_wait_ms(struct hub_engine *engine)
{
    if (engine->staged > 0 || hub_jobs_can_work(engine))
        return 0;
    uint64_t now = engine->time.monotonic();
    uint32_t wait = earlier(1000 /* the wall clock is looked at this often */,
                            hub_mending_wait_ms(engine));
    if (engine->unsettled > 0) {
        wait = earlier(wait, remaining(engine->last_stage_ms, HUB_COMMIT_IDLE_MS, now));
        wait = earlier(wait, remaining(engine->unsettled_since_ms, HUB_COMMIT_AFTER_MS, now));
    }
    if (engine->next_index > engine->published_size)
        wait = earlier(wait, remaining(engine->published_at_ms, HUB_PUBLISH_EVERY_MS, now));
    uint64_t at_ms, rno;
    if (!engine->firing_held && engine->time.rate > 0 && !hub_engine_clock_listens(engine) &&
        hub_views_wake_first(engine->views.map, &at_ms, &rno) == RH_OK) {
        uint64_t hub_now = hub_engine_now(engine);
        wait = earlier(wait, at_ms <= hub_now ? 0 : (at_ms - hub_now) / engine->time.rate);
    }
    struct hub_monthly owed;
    if (!engine->firing_held && engine->time.rate > 0 && !hub_engine_clock_listens(engine)) {
        uint64_t hub_now = hub_engine_now(engine);
        at_ms = hub_engine_monthly_at(engine, hub_now, &owed);
        wait = earlier(wait, (at_ms - hub_now) / engine->time.rate);
    }
    return wait;
}

uint32_t hub_engine_stirred(struct hub_engine *engine, uint32_t *agencies, uint32_t max)
{
    uint32_t count = engine->stirred_count < max ? engine->stirred_count : max;
    memcpy(agencies, engine->stirred, count * sizeof agencies[0]);
    engine->stirred_count -= count;
    memmove(engine->stirred, engine->stirred + count,
            engine->stirred_count * sizeof engine->stirred[0]);
    return count;
}

bool hub_engine_agencies_changed(struct hub_engine *engine)
{
    bool changed = engine->agencies_changed;
    engine->agencies_changed = false;
    return changed;
}
