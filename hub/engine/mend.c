/* Rows of the views that fail their check, made anew while the hub runs.
 *
 * Readers meet a bad row and say so (hub_engine_hurt, from any thread). The journal is then
 * replayed into memory and the store is made equal to the result: not the one row alone,
 * because a damaged key hides rows that nobody would miss. The journal is the truth: when it
 * cannot be read to its end nothing is changed.
 *
 *     thread of its own   [ replay .......... ] nearly there            [ let the memory go ]
 *     engine's thread      goes on, turn by turn  [ rest of it ] each record into both ...
 *                                                 then some rows of the store after each turn,
 *                                                 all of them twice; the last step at once
 *
 * So a turn is never longer than a piece. Above a bound the hub recovers by a start. */
#include "engine/inside.h"

#include "views/memory_map.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    AGAIN_MS = 600000,   /* after one that found nothing, or could not be done */
    LOOK_MS = 20,        /* between two looks at the thread */
    NEARLY = 256,        /* records the engine's thread replays itself */
    ROUNDS = 16,         /* replays of what came in during the last one */
    PIECE_ENTRIES = 2048 /* compared after one turn */
};

#define MEMORY_MAX (UINT64_C(1) << 30)

enum phase { READING, WRITING, LOOKING };

struct hub_mending {
    enum phase phase;
    struct hub_journal *journal; /* borrowed */
    struct hub_memory_map *memory;
    struct hub_views views;      /* over `memory` */
    pthread_t thread;
    bool threaded;               /* `thread` is to be joined */
    atomic_bool stop, done;
    enum rh_err err;             /* of the replay; with `done` */
    struct hub_mend_walk walk;
    struct hub_mended found; /* by the first walk */
    struct hub_mended again; /* by the second, which must find nothing */
};

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
           (engine->mending != NULL || engine->time.monotonic() >= engine->mend_at_ms);
}

uint32_t hub_mending_wait_ms(const struct hub_engine *engine)
{
    const struct hub_mending *mending = engine->mending;
    if (mending == NULL)
        return UINT32_MAX;
    return mending->phase == READING && !atomic_load(&mending->done) ? LOOK_MS : 0;
}

/* The replay ------------------------------------------------------------------------------ */

static enum rh_err apply_one(void *arg, const struct hub_journal_record *record,
                             enum hub_journal_content content,
                             const struct hub_journal_location *location,
                             const struct hub_journal_frame *frame)
{
    struct hub_mending *mending = arg;
    (void)content;
    (void)frame;
    if (atomic_load(&mending->stop))
        return RH_ERR_CLOSED;
    const struct hub_location place = {
        .segment = location->segment,
        .offset = location->offset,
        .bytes = location->bytes,
    };
    return hub_views_apply(&mending->views, record->index, record->core, record->rest, &place);
}

static enum rh_err replay_rest(struct hub_mending *mending)
{
    const struct hub_journal_visitor visitor = { .record = apply_one, .arg = mending };
    return hub_journal_scan(mending->journal, mending->views.applied, &visitor);
}

static void *replay(void *argument)
{
    struct hub_mending *mending = argument;
    struct hub_journal_state state;
    enum rh_err err = RH_OK;
    for (int round = 0; round < ROUNDS && err == RH_OK; round++) {
        hub_journal_state(mending->journal, &state);
        if (state.next_index - mending->views.applied <= NEARLY)
            break;
        err = replay_rest(mending);
    }
    mending->err = err;
    atomic_store(&mending->done, true);
    return NULL;
}

void hub_mending_follow(struct hub_engine *engine, uint64_t index, struct rh_bytes core,
                        struct rh_bytes rest, const struct hub_location *place)
{
    struct hub_mending *mending = engine->mending;
    if (mending != NULL && mending->phase != READING && mending->err == RH_OK)
        mending->err = hub_views_apply(&mending->views, index, core, rest, place);
}

/* Beginning and end ------------------------------------------------------------------------ */

static void join(struct hub_mending *mending)
{
    if (mending->threaded)
        pthread_join(mending->thread, NULL);
    mending->threaded = false;
}

static void *let_go(void *argument)
{
    struct hub_mending *mending = argument;
    hub_views_close(&mending->views);
    hub_memory_map_destroy(&mending->memory);
    return NULL;
}

static void forget(struct hub_mending **pointer)
{
    struct hub_mending *mending = *pointer;
    if (mending == NULL)
        return;
    atomic_store(&mending->stop, true);
    join(mending);
    let_go(mending);
    free(mending);
    *pointer = NULL;
}

void hub_mending_close(struct hub_engine *engine)
{
    forget(&engine->mending);
    forget(&engine->mending_past);
}

/* Millions of rows are freed beside the engine's thread, too. */
static void leave(struct hub_engine *engine)
{
    struct hub_mending *mending = engine->mending;
    engine->mending = NULL;
    if (mending == NULL)
        return;
    join(mending);
    forget(&engine->mending_past);
    mending->threaded = pthread_create(&mending->thread, NULL, let_go, mending) == 0;
    engine->mending_past = mending;
}

static enum rh_err begin(struct hub_engine *engine)
{
    struct hub_journal_state state;
    const struct hub_memory_options options = { .bytes_max = MEMORY_MAX };
    engine->mend_at_ms = engine->time.monotonic() + AGAIN_MS;
    hub_journal_state(engine->journal, &state);
    if (state.first_index != 0)
        return RH_ERR_NOTFOUND;
    if (state.next_index > HUB_MEND_RECORDS_MAX)
        return RH_ERR_FULL;
    struct hub_mending *mending = calloc(1, sizeof *mending);
    if (mending == NULL)
        return RH_ERR_FULL;
    engine->mending = mending;
    mending->journal = engine->journal;
    enum rh_err err = hub_memory_map_new(&mending->memory, &options);
    if (err == RH_OK)
        err = hub_views_open(&mending->views, hub_memory_map_map(mending->memory));
    if (err != RH_OK)
        return err;
    mending->threaded = pthread_create(&mending->thread, NULL, replay, mending) == 0;
    return mending->threaded ? RH_OK : RH_ERR_FULL;
}

/* Pieces ---------------------------------------------------------------------------------- */

/* The thread is nearly there: what is missing, and from here on each record goes into both. */
static enum rh_err catch_up(struct hub_engine *engine, struct hub_mending *mending)
{
    if (!atomic_load(&mending->done))
        return RH_OK;
    join(mending);
    enum rh_err err = mending->err;
    if (err == RH_OK)
        err = replay_rest(mending);
    if (err == RH_OK && mending->views.applied != engine->next_index)
        err = RH_ERR_CORRUPT;
    mending->phase = WRITING;
    return err;
}

/* What the views keep in memory between commits comes from the journal, too; what they
 * remembered may rest on a bad row. */
static enum rh_err finish(struct hub_engine *engine, struct hub_mending *mending)
{
    struct hub_map *map = engine->options.map;
    struct hub_map *right = hub_memory_map_map(mending->memory);
    enum rh_err err = hub_views_save(&mending->views);
    if (err == RH_OK)
        err = hub_views_mend_saved(map, right, &mending->found);
    if (err == RH_OK)
        err = hub_views_mend_saved(map, right, &mending->again);
    if (err == RH_OK && mending->again.rows > 0)
        err = RH_ERR_CORRUPT; /* a second walk found something: the store's order is broken */
    if (err == RH_OK)
        err = engine->options.store_commit(engine->options.store);
    if (err != RH_OK)
        return err;
    struct hub_past *past = engine->views.past;
    hub_views_close(&engine->views);
    err = hub_views_open(&engine->views, map);
    if (err != RH_OK)
        return err;
    engine->views.past = past;
    hub_views_world(&engine->views, engine->rules, engine->rules_index, &engine->world);
    engine->unsettled = 0;
    engine->agencies_changed = true;
    return hub_engine_agencies_read(engine);
}

static enum rh_err compare(struct hub_engine *engine, struct hub_mending *mending, bool *over)
{
    bool first = mending->phase == WRITING;
    rh_assert(mending->views.applied == engine->next_index);
    enum rh_err err = hub_views_mend_some(
        engine->options.map, hub_memory_map_map(mending->memory), &mending->walk, PIECE_ENTRIES,
        first ? &mending->found : &mending->again, over);
    if (err != RH_OK || !*over)
        return err;
    *over = !first;
    mending->phase = LOOKING;
    memset(&mending->walk, 0, sizeof mending->walk);
    return first ? RH_OK : finish(engine, mending);
}

enum rh_err hub_engine_mend(struct hub_engine *engine, struct hub_mended *out, bool *over,
                            bool *harmed)
{
    struct hub_mending *mending = engine->mending;
    enum rh_err err;
    rh_assert(hub_engine_rests(engine));
    *out = (struct hub_mended){ .rows = 0 };
    *over = *harmed = false;
    if (mending == NULL) {
        err = begin(engine);
    } else if (mending->phase == READING) {
        err = catch_up(engine, mending);
    } else if (mending->err != RH_OK) {
        err = mending->err;
    } else {
        err = compare(engine, mending, over);
        *harmed = err != RH_OK;
    }
    if (err == RH_OK && !*over)
        return RH_OK;
    *over = true;
    if (err == RH_OK) {
        *out = mending->found;
        atomic_store(&engine->hurt, false);
        engine->mended += out->rows;
        if (out->rows > 0)
            engine->mend_at_ms = 0;
    }
    leave(engine);
    return err;
}
