/* Recovery, the only way to start: the journal is the truth, views and tree follow it.
 *
 *     newest published note -> tree as it was then (its tiles lead to the note's root)
 *     journal opened, an unfinished last frame cut, the last valid one written again
 *     records from the smaller of (applied, published) on: leaves compared or appended,
 *     rows applied, committed in pieces
 */
#include "engine/inside.h"

#include <rh/text.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Records before the published size that are compared with the tree: the tail an accident
 * could have reached. `rhub-audit verify` compares all. */
enum { COMPARED_BEHIND = 1024 };

struct replay {
    struct hub_engine *engine;
    uint64_t published;
    uint64_t since_commit;
    struct rh_hub_id hub; /* of the newest record */
    uint64_t first_bad;   /* leaf that differs from the tree, UINT64_MAX none */
};

static enum rh_err complain(char *report, size_t report_bytes, enum rh_err err,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));

static enum rh_err complain(char *report, size_t report_bytes, enum rh_err err,
                            const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(report, report_bytes, format, arguments);
    va_end(arguments);
    return err;
}

static enum rh_err follow_tree(struct replay *replay, uint64_t index, struct rh_bytes core,
                               struct rh_bytes rest)
{
    struct hub_engine *engine = replay->engine;
    struct rh_hash rest_hash, leaf, held;
    hub_record_leaf(core, rest, &rest_hash, &leaf);
    if (index >= hub_tree_size(engine->tree))
        return hub_tree_append(engine->tree, &leaf);
    enum rh_err err = hub_tree_leaf(engine->tree, index, &held);
    if (err == RH_OK && !rh_hash_equal(&leaf, &held)) {
        replay->first_bad = index;
        return RH_ERR_CORRUPT;
    }
    return err;
}

static enum rh_err commit_piece(struct replay *replay)
{
    struct hub_engine *engine = replay->engine;
    replay->since_commit = 0;
    enum rh_err err = hub_views_save(&engine->views);
    return err == RH_OK ? engine->options.store_commit(engine->options.store) : err;
}

static enum rh_err replay_record(void *arg, const struct hub_journal_record *record,
                                 enum hub_journal_content content,
                                 const struct hub_journal_location *location,
                                 const struct hub_journal_frame *frame)
{
    (void)content;
    (void)frame;
    struct replay *replay = arg;
    struct hub_engine *engine = replay->engine;
    enum rh_err err = follow_tree(replay, record->index, record->core, record->rest);
    if (err != RH_OK)
        return err;
    struct rh_receipt core;
    err = rh_receipt_decode(record->core, &core);
    if (err != RH_OK)
        return RH_ERR_CORRUPT;
    replay->hub = core.hub;
    engine->last_stored_ms = core.stored_ms;
    if (core.type == RH_RECORD_DIGEST)
        engine->last_digest_index = record->index;
    engine->next_index = record->index + 1;
    if (record->index < engine->views.applied)
        return RH_OK;
    struct hub_location place = {
        .segment = location->segment,
        .offset = location->offset,
        .bytes = location->bytes,
    };
    err = hub_views_apply(&engine->views, record->index, record->core, record->rest, &place);
    if (err == RH_OK && ++replay->since_commit >= HUB_COMMIT_RECORDS)
        err = commit_piece(replay);
    return err;
}

/* The note may be of this generation or, when a recover was cut short, of an earlier one. */
static enum rh_err open_tree(struct hub_engine *engine, struct rh_checkpoint *found)
{
    struct hub_tree_options options = { .directory = engine->log_dir };
    char note[HUB_NOTE_BYTES];
    size_t bytes = 0;
    enum rh_err err = hub_checkpoint_load(engine->log_dir, note, sizeof note, &bytes);
    struct rh_hub_id origin = engine->hub;
    if (err == RH_OK) {
        size_t name = 0;
        while (name < bytes && note[name] != '\n')
            name++;
        err = rh_hub_id_parse(note, name, &origin);
        if (err == RH_OK && bytes <= sizeof engine->note) {
            memcpy(engine->note, note, bytes);
            engine->note_bytes = bytes;
        }
    } else if (err == RH_ERR_NOTFOUND) {
        err = RH_OK;
    }
    if (err != RH_OK)
        return err;
    return hub_checkpoint_open(&options, &origin, &engine->sign_public, &engine->tree, found);
}

static enum rh_err open_journal(struct hub_engine *engine, uint64_t published, char *report,
                                size_t report_bytes)
{
    const struct hub_journal_options options = {
        .directory = engine->journal_dir,
        .hub_id = engine->hub.text,
        .segment_bytes = (uint32_t)engine->options.segment_bytes,
        .applied_size = engine->views.applied,
        .published_size = published,
    };
    struct hub_journal_report found;
    enum rh_err err = hub_journal_open(&options, &engine->journal, &found);
    if (err != RH_OK)
        return complain(report, report_bytes, err, _("journal: %s"), found.text);
    if (found.cut)
        snprintf(report, report_bytes, "%s", found.text);
    return RH_OK;
}

static enum rh_err replay_tail(struct hub_engine *engine, struct replay *replay, char *report,
                               size_t report_bytes)
{
    struct hub_journal_state state;
    hub_journal_state(engine->journal, &state);
    uint64_t from =
        replay->published > COMPARED_BEHIND ? replay->published - COMPARED_BEHIND : 0;
    if (engine->views.applied < from)
        from = engine->views.applied;
    if (from < state.first_index)
        from = state.first_index;
    if (engine->views.applied < state.first_index)
        return complain(report, report_bytes, RH_ERR_CORRUPT,
                        _("the views end at record %llu but the journal here begins at %llu"),
                        (unsigned long long)engine->views.applied,
                        (unsigned long long)state.first_index);
    const struct hub_journal_visitor visitor = { .record = replay_record, .arg = replay };
    enum rh_err err = hub_journal_scan(engine->journal, from, &visitor);
    if (err == RH_OK && replay->since_commit > 0)
        err = commit_piece(replay);
    if (replay->first_bad != UINT64_MAX)
        return complain(report, report_bytes, RH_ERR_CORRUPT,
                        _("record %llu is not what checkpoint %llu covers: the journal was "
                          "altered"),
                        (unsigned long long)replay->first_bad,
                        (unsigned long long)replay->published);
    if (err != RH_OK)
        return complain(report, report_bytes, err,
                        _("journal replay stopped at record %llu: %s"),
                        (unsigned long long)engine->next_index, rh_text(rh_err_text(err)));
    if (engine->next_index != state.next_index || engine->views.applied != state.next_index)
        return complain(report, report_bytes, RH_ERR_CORRUPT,
                        _("the journal has a size of %llu, the views of %llu"),
                        (unsigned long long)state.next_index,
                        (unsigned long long)engine->views.applied);
    return RH_OK;
}

enum rh_err hub_engine_recover(struct hub_engine *engine, char *report, size_t report_bytes)
{
    enum rh_err err = hub_views_open(&engine->views, engine->options.map);
    if (err != RH_OK)
        return complain(report, report_bytes, err, _("views: %s"), rh_text(rh_err_text(err)));
    struct rh_checkpoint found = { .size = 0 };
    err = open_tree(engine, &found);
    if (err != RH_OK)
        return complain(report, report_bytes, err,
                        _("log: the newest checkpoint or its tiles: %s (%s)"),
                        rh_text(rh_err_text(err)),
                        engine->tree != NULL ? hub_tree_fault(engine->tree) : "-");
    engine->published_size = found.size;
    err = open_journal(engine, found.size, report, report_bytes);
    if (err != RH_OK)
        return err;
    struct replay replay = {
        .engine = engine,
        .published = found.size,
        .first_bad = UINT64_MAX,
        .hub = engine->hub,
    };
    err = replay_tail(engine, &replay, report, report_bytes);
    if (err != RH_OK)
        return err;
    /* The journal says which generation this is; the caller's id must agree otherwise. */
    struct rh_hub_id wanted;
    rh_hub_id_with_generation(&engine->hub, rh_hub_id_generation(&replay.hub), &wanted);
    if (strcmp(wanted.text, replay.hub.text) != 0)
        return complain(report, report_bytes, RH_ERR_CONFIG,
                        _("this journal belongs to %s, not %s"),
                        replay.hub.text, engine->hub.text);
    engine->hub = replay.hub;
    return RH_OK;
}
