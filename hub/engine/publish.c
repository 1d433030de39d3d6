/* Published checkpoints: tiles synced before the note that names them. Receipts never wait
 * for this. */
#include "engine/inside.h"

enum rh_err hub_engine_publish(struct hub_engine *engine)
{
    rh_assert(engine->staged == 0);
    size_t bytes = 0;
    enum rh_err err = hub_checkpoint_publish(engine->tree, engine->log_dir, &engine->hub,
                                             &engine->sign_key, engine->note,
                                             sizeof engine->note, &bytes);
    if (err == RH_ERR_NOSPACE) {
        /* A full disk: the old checkpoint stays the newest; the journal goes on. */
        engine->published_at_ms = engine->time.monotonic();
        return RH_OK;
    }
    if (err != RH_OK)
        return err;
    engine->note_bytes = bytes;
    engine->published_size = hub_tree_size(engine->tree);
    engine->published_at_ms = engine->time.monotonic();
    return RH_OK;
}

enum rh_err hub_engine_rest(struct hub_engine *engine)
{
    enum rh_err err = hub_engine_finish(engine);
    if (err == RH_OK && engine->unsettled > 0)
        err = hub_engine_commit(engine);
    if (err == RH_OK && engine->next_index > engine->published_size)
        err = hub_engine_publish(engine);
    return err;
}

struct rh_bytes hub_engine_note(const struct hub_engine *engine)
{
    return (struct rh_bytes){ (const uint8_t *)engine->note, engine->note_bytes };
}
