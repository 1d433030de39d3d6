/* Rules: read by protocol/load, put into the journal with their sources, and only then, from
 * the journalled form, in force. */
#include "engine/inside.h"

#include "load/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCES_BYTES_MAX = 768 * 1024 };

struct books {
    struct rh_rules *rules;
    uint8_t *compiled, *sources;
};

static void close_books(struct books *books)
{
    free(books->rules);
    free(books->compiled);
    free(books->sources);
}

static enum rh_err take_up(struct hub_engine *engine, struct rh_bytes compiled, uint64_t index)
{
    enum rh_err err = rh_rules_decode(compiled, engine->rules);
    if (err != RH_OK)
        return RH_ERR_CORRUPT;
    engine->rules_index = index;
    hub_views_world(&engine->views, engine->rules, index, &engine->world);
    return RH_OK;
}

enum rh_err hub_rulebook_recall(struct hub_engine *engine)
{
    uint64_t index;
    enum rh_err err = hub_views_rules_newest(engine->views.map, &index);
    if (err != RH_OK)
        return err;
    struct rh_bytes core, rest, content;
    struct hub_record *record;
    err = hub_engine_read(engine, 0, index, &core, &rest, &content, &record);
    return err == RH_OK ? take_up(engine, record->compiled, index) : err;
}

/* Is what was read just now what is in force already? */
static bool is_in_force(struct hub_engine *engine, struct rh_bytes compiled,
                        struct rh_bytes sources)
{
    uint64_t index;
    struct rh_bytes core, rest, content;
    struct hub_record *record;
    if (hub_views_rules_newest(engine->views.map, &index) != RH_OK ||
        hub_engine_read(engine, 0, index, &core, &rest, &content, &record) != RH_OK)
        return false;
    return record->compiled.bytes == compiled.bytes && record->sources.bytes == sources.bytes &&
           memcmp(record->compiled.data, compiled.data, compiled.bytes) == 0 &&
           memcmp(record->sources.data, sources.data, sources.bytes) == 0;
}

static enum rh_err load_books(struct hub_engine *engine, struct books *books,
                              struct rh_writer *compiled, struct rh_writer *sources,
                              char *report, size_t report_bytes)
{
    books->rules = calloc(1, sizeof *books->rules);
    books->compiled = malloc(RH_RULES_BYTES_MAX);
    books->sources = malloc(SOURCES_BYTES_MAX);
    if (books->rules == NULL || books->compiled == NULL || books->sources == NULL)
        return RH_ERR_NOMEM;
    rh_writer_init(compiled, books->compiled, RH_RULES_BYTES_MAX);
    rh_writer_init(sources, books->sources, SOURCES_BYTES_MAX);
    /* The report may hold what recovery did; only a failure is said over it. */
    char text[1024];
    struct rh_load_report found;
    rh_load_report_init(&found, text, sizeof text);
    enum rh_err err = rh_load_rules(engine->rules_dir, books->rules, sources, &found);
    if (err != RH_OK)
        snprintf(report, report_bytes, "%s", text);
    return err == RH_OK ? rh_rules_encode(books->rules, compiled) : err;
}

enum rh_err hub_rulebook_load(struct hub_engine *engine, char *report, size_t report_bytes)
{
    struct books books = { 0 };
    struct rh_writer compiled, sources;
    enum rh_err err = load_books(engine, &books, &compiled, &sources, report, report_bytes);
    if (err != RH_OK) {
        close_books(&books);
        return err;
    }
    struct rh_bytes compiled_view = { compiled.data, compiled.bytes };
    struct rh_bytes sources_view = { sources.data, sources.bytes };
    if (!is_in_force(engine, compiled_view, sources_view)) {
        struct hub_record *record = hub_record_begin(engine, RH_RECORD_RULES);
        record->compiled = compiled_view;
        record->sources = sources_view;
        uint64_t index = engine->next_index;
        err = hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
        if (err == RH_OK)
            err = take_up(engine, compiled_view, index);
    }
    close_books(&books);
    return err;
}

enum rh_err hub_engine_reload(struct hub_engine *engine, char *report, size_t report_bytes)
{
    return hub_rulebook_load(engine, report, report_bytes);
}
