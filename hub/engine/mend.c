/* Rows of the views that fail their check, made anew while the hub runs.
 *
 * Readers meet a bad row and say so (hub_engine_hurt, from any thread). When the engine is at
 * rest the whole journal is replayed into memory and the store is made equal to the result: not
 * the one row alone, because a damaged key hides rows that nobody would miss. That stands still
 * for about as long as a start without views would take (26,000 records: three seconds,
 * unoptimised and on a machine busy with other work), so it is bounded; above the bound the hub
 * recovers by a start. The journal is the truth: when it cannot be read to its end nothing is
 * changed. */
#include "engine/inside.h"

#include "views/memory_map.h"

#include <stdio.h>
#include <string.h>

enum { AGAIN_MS = 600000 }; /* after one that found nothing, or could not be done */

#define MEMORY_MAX (UINT64_C(1) << 30)

void hub_engine_hurt(struct hub_engine *engine)
{
    atomic_store(&engine->hurt, true);
}

bool hub_engine_rests(const struct hub_engine *engine)
{
    return engine->staged == 0 && !engine->frame_open;
}

bool hub_engine_wants_mending(struct hub_engine *engine)
{
    return atomic_load(&engine->hurt) && hub_engine_rests(engine) &&
           engine->time.monotonic() >= engine->mend_at_ms;
}

static enum rh_err apply_one(void *arg, const struct hub_journal_record *record,
                             enum hub_journal_content content,
                             const struct hub_journal_location *location,
                             const struct hub_journal_frame *frame)
{
    (void)content;
    (void)frame;
    const struct hub_location place = {
        .segment = location->segment,
        .offset = location->offset,
        .bytes = location->bytes,
    };
    return hub_views_apply(arg, record->index, record->core, record->rest, &place);
}

/* The views as the journal has them, in memory. */
static enum rh_err replay(struct hub_engine *engine, struct hub_map *map)
{
    struct hub_views views;
    const struct hub_journal_visitor visitor = { .record = apply_one, .arg = &views };
    enum rh_err err = hub_views_open(&views, map);
    if (err != RH_OK)
        return err;
    err = hub_journal_scan(engine->journal, 0, &visitor);
    if (err == RH_OK && views.applied != engine->next_index)
        err = RH_ERR_CORRUPT;
    if (err == RH_OK)
        err = hub_views_save(&views);
    hub_views_close(&views);
    return err;
}

/* Twice: the second walk finds nothing, or the store's order itself is broken. */
static enum rh_err write_anew(struct hub_engine *engine, struct hub_map *right,
                              struct hub_mended *out)
{
    struct hub_mended again = { .rows = 0 };
    enum rh_err err = hub_views_mend(engine->options.map, right, out);
    if (err == RH_OK)
        err = hub_views_mend(engine->options.map, right, &again);
    if (err == RH_OK && again.rows > 0)
        err = RH_ERR_CORRUPT;
    if (err == RH_OK)
        err = engine->options.store_commit(engine->options.store);
    if (err != RH_OK)
        return err;
    /* What the views remembered may rest on a bad row. */
    hub_views_close(&engine->views);
    err = hub_views_open(&engine->views, engine->options.map);
    if (err != RH_OK)
        return err;
    hub_views_world(&engine->views, engine->rules, engine->rules_index, &engine->world);
    engine->unsettled = 0;
    engine->agencies_changed = true;
    return hub_engine_agencies_read(engine);
}

enum rh_err hub_engine_mend(struct hub_engine *engine, struct hub_mended *out, bool *harmed)
{
    struct hub_journal_state state;
    struct hub_memory_map *memory = NULL;
    const struct hub_memory_options options = { .bytes_max = MEMORY_MAX };
    rh_assert(hub_engine_rests(engine));
    *out = (struct hub_mended){ .rows = 0 };
    *harmed = false;
    engine->mend_at_ms = engine->time.monotonic() + AGAIN_MS;
    hub_journal_state(engine->journal, &state);
    if (state.first_index != 0)
        return RH_ERR_NOTFOUND;
    if (state.next_index > HUB_MEND_RECORDS_MAX)
        return RH_ERR_FULL;
    enum rh_err err = hub_memory_map_new(&memory, &options);
    if (err == RH_OK)
        err = replay(engine, hub_memory_map_map(memory));
    if (err == RH_OK) {
        err = write_anew(engine, hub_memory_map_map(memory), out);
        *harmed = err != RH_OK;
    }
    hub_memory_map_destroy(&memory);
    if (err != RH_OK)
        return err;
    atomic_store(&engine->hurt, false);
    engine->mended += out->rows;
    if (out->rows > 0)
        engine->mend_at_ms = 0;
    return RH_OK;
}
