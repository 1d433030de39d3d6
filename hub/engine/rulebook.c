/* Rules: read by protocol/load, put into the journal with their sources, and only then, from
 * the journalled form, in force.
 *
 * The journalled form is the truth. What is read again at a start or a reload is rules_dir;
 * calendars that an operator imported into the running hub stand beside it among the sources
 * of the newest record ("imported/...") and are taken over from there. Whatever changes a date
 * that open matters have begins the job that derives their dates again. */
#include "engine/inside.h"

#include "load/calendar.h"
#include "load/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCES_BYTES_MAX = 1024 * 1024 };

struct books {
    struct rh_load_sources *files; /* to come */
    struct rh_load_sources *kept;  /* of the newest record; empty where there is none */
    struct rh_rules *rules;
    uint8_t *compiled, *sources;
    struct rh_bytes compiled_view, sources_view;
    struct rh_load_report report;
    char text[RH_LOAD_REPORT_BYTES];
};

static void close_books(struct books *books)
{
    if (books->files != NULL)
        rh_load_sources_close(books->files);
    if (books->kept != NULL)
        rh_load_sources_close(books->kept);
    free(books->files);
    free(books->kept);
    free(books->rules);
    free(books->compiled);
    free(books->sources);
}

static enum rh_err open_books(struct books *books)
{
    memset(books, 0, sizeof *books);
    books->files = calloc(1, sizeof *books->files);
    books->kept = calloc(1, sizeof *books->kept);
    books->rules = calloc(1, sizeof *books->rules);
    books->compiled = malloc(RH_RULES_BYTES_MAX);
    books->sources = malloc(SOURCES_BYTES_MAX);
    rh_load_report_init(&books->report, books->text, sizeof books->text);
    return books->files == NULL || books->kept == NULL || books->rules == NULL ||
                   books->compiled == NULL || books->sources == NULL
               ? RH_ERR_NOMEM
               : RH_OK;
}

/* ---- the newest record ----------------------------------------------------------------- */

static enum rh_err read_newest(struct hub_engine *engine, struct hub_record **out,
                               uint64_t *index)
{
    struct rh_bytes core, rest, content;
    enum rh_err err = hub_views_rules_newest(engine->views.map, index);
    return err == RH_OK ? hub_engine_read(engine, 0, *index, &core, &rest, &content, out) : err;
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

static enum rh_err read_past(void *context, uint64_t index, struct rh_rules *out)
{
    struct hub_engine *engine = context;
    struct rh_bytes core, rest, content;
    struct hub_record *record;
    enum rh_err err = hub_engine_read(engine, 1, index, &core, &rest, &content, &record);
    if (err != RH_OK)
        return err;
    return rh_rules_decode(record->compiled, out) == RH_OK ? RH_OK : RH_ERR_CORRUPT;
}

enum rh_err hub_rulebook_recall(struct hub_engine *engine)
{
    uint64_t index;
    struct hub_record *record;
    hub_past_init(&engine->past, read_past, engine);
    engine->views.past = &engine->past;
    enum rh_err err = read_newest(engine, &record, &index);
    return err == RH_OK ? take_up(engine, record->compiled, index) : err;
}

static bool same_bytes(struct rh_bytes a, struct rh_bytes b)
{
    return a.bytes == b.bytes && memcmp(a.data, b.data, a.bytes) == 0;
}

/* Is what was read just now what is in force already? */
static bool is_in_force(struct hub_engine *engine, const struct books *books)
{
    uint64_t index;
    struct hub_record *record;
    return read_newest(engine, &record, &index) == RH_OK &&
           same_bytes(record->compiled, books->compiled_view) &&
           same_bytes(record->sources, books->sources_view);
}

/* ---- putting into force ---------------------------------------------------------------- */

/* Judge the files, and make what the journal keeps of them. */
static enum rh_err compile(struct books *books)
{
    struct rh_writer compiled, sources;
    rh_writer_init(&compiled, books->compiled, RH_RULES_BYTES_MAX);
    rh_writer_init(&sources, books->sources, SOURCES_BYTES_MAX);
    enum rh_err err = rh_load_rules_sources(books->files, books->rules, &books->report);
    if (err == RH_OK)
        err = rh_rules_encode(books->rules, &compiled);
    if (err == RH_OK)
        err = rh_load_sources_encode(books->files, &sources);
    if (err == RH_ERR_FULL)
        rh_load_report_file(&books->report, "", "the rules are too large to be kept together");
    books->compiled_view = (struct rh_bytes){ compiled.data, compiled.bytes };
    books->sources_view = (struct rh_bytes){ sources.data, sources.bytes };
    return err;
}

/* Whether open matters may have other dates under `now`. Both were decoded from their
 * journalled forms, so equal values are equal memory. */
static bool moves_dates(const struct rh_rules *before, const struct rh_rules *now)
{
    if (before->calendar_count != now->calendar_count)
        return true;
    for (uint32_t i = 0; i < now->calendar_count; i++) {
        if (memcmp(&before->calendars[i], &now->calendars[i], sizeof now->calendars[i]) != 0)
            return true;
    }
    for (uint32_t i = 0; i < now->procedure_count; i++) {
        const struct rh_procedure *procedure = &now->procedures[i];
        const struct rh_procedure *old = rh_rules_procedure(before, procedure->id);
        if (procedure->applies_open && old != NULL && !rh_procedure_equal(old, procedure))
            return true;
    }
    return false;
}

static void copy_text(char *out, size_t capacity, const char *text)
{
    size_t bytes = strlen(text);
    rh_assert(bytes < capacity);
    memcpy(out, text, bytes + 1);
}

static enum rh_err stage_rules(struct hub_engine *engine, const struct books *books,
                               const struct hub_import *by)
{
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_RULES);
    record->compiled = books->compiled_view;
    record->sources = books->sources_view;
    if (by != NULL) {
        copy_text(record->operator_name, sizeof record->operator_name, by->operator_name);
        copy_text(record->reason, sizeof record->reason, by->reason);
    }
    /* A record of rules may be asked for at once, and is read from the journal then. */
    enum rh_err err = hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
    return err == RH_OK ? hub_stage_flush(engine) : err;
}

/* Into the journal and into force; *job the number of the job it began, 0 none. */
static enum rh_err put_in_force(struct hub_engine *engine, struct books *books,
                                const struct hub_import *by, uint64_t *job)
{
    bool first = engine->rules->calendar_count == 0;
    uint64_t index = engine->next_index;
    *job = 0;
    enum rh_err err = stage_rules(engine, books, by);
    if (err == RH_OK && rh_rules_decode(books->compiled_view, books->rules) != RH_OK)
        err = RH_ERR_CORRUPT;
    if (err != RH_OK)
        return err;
    bool moves = !first && moves_dates(engine->rules, books->rules);
    err = take_up(engine, books->compiled_view, index);
    if (err != RH_OK || !moves || engine->views.next.rno == 1)
        return err;
    const struct hub_job_row wish = { .kind = HUB_JOB_RECOMPUTE, .subject = index };
    return hub_job_begin(engine, &wish, job);
}

/* ---- judging calendars ------------------------------------------------------------------ */

/* Every calendar that was ever in force. Read only when something changes: the records of rules
 * are few, but each is a whole rules_dir. */
static enum rh_err look_back(struct hub_engine *engine, struct hub_calendars *out)
{
    struct hub_cursor cursor = { .bytes = 0 };
    struct hub_record *record;
    struct rh_bytes core, rest, content;
    uint64_t index;
    enum rh_err err = hub_views_rules_next(engine->views.map, &cursor, &index);
    while (err == RH_OK) {
        struct rh_load_sources *files = calloc(1, sizeof *files);
        err = files == NULL
                  ? RH_ERR_NOMEM
                  : hub_engine_read(engine, 1, index, &core, &rest, &content, &record);
        if (err == RH_OK && rh_load_sources_decode(record->sources, files) != RH_OK)
            err = RH_ERR_CORRUPT;
        if (err == RH_OK)
            err = hub_calendars_note(out, files, index);
        if (files != NULL)
            rh_load_sources_close(files);
        free(files);
        if (err == RH_OK)
            err = hub_views_rules_next(engine->views.map, &cursor, &index);
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static enum rh_err judge_all(struct hub_engine *engine, struct books *books)
{
    struct hub_calendars past = { .list = NULL };
    enum rh_err err = look_back(engine, &past);
    if (err == RH_OK)
        err = hub_engine_judge_calendars(books->kept, &past, books->files, &books->report);
    hub_calendars_fini(&past);
    return err;
}

static enum rh_err judge_wish(struct hub_engine *engine, struct books *books,
                              const struct hub_import *wish,
                              const struct rh_calendar *calendar, bool *same)
{
    struct hub_calendars past = { .list = NULL };
    enum rh_err err = look_back(engine, &past);
    if (err == RH_OK)
        err = hub_engine_judge_calendar(books->files, &past, wish, calendar, &books->report,
                                        same);
    hub_calendars_fini(&past);
    return err;
}

/* ---- rules_dir ------------------------------------------------------------------------- */

/* The files of rules_dir, and the calendars that the newest record keeps as imported. */
static enum rh_err gather(struct hub_engine *engine, struct books *books)
{
    uint64_t index;
    struct rh_load_sources *kept = books->kept;
    struct hub_record *record;
    enum rh_err err =
        rh_load_sources_read(books->files, engine->rules_dir, &books->report);
    if (err != RH_OK)
        return err;
    err = read_newest(engine, &record, &index);
    if (err == RH_ERR_NOTFOUND)
        return RH_OK;
    if (err == RH_OK)
        err = rh_load_sources_decode(record->sources, kept);
    for (size_t i = 0; err == RH_OK && i < kept->count; i++) {
        const struct rh_load_source *source = &kept->list[i];
        if (strncmp(source->name, RH_LOAD_IMPORTED, sizeof RH_LOAD_IMPORTED - 1) == 0)
            err = rh_load_sources_put(books->files, source->name, source->path, source->text,
                                      source->bytes);
    }
    if (err == RH_ERR_FULL)
        rh_load_report_file(&books->report, engine->rules_dir, "holds too many files");
    return err == RH_ERR_INVALID ? RH_ERR_CORRUPT : err;
}

enum rh_err hub_rulebook_load(struct hub_engine *engine, char *report, size_t report_bytes)
{
    struct books books;
    uint64_t job;
    enum rh_err err = open_books(&books);
    if (err == RH_OK)
        err = gather(engine, &books);
    if (err == RH_OK)
        err = compile(&books);
    const bool changes = err == RH_OK && !is_in_force(engine, &books);
    if (changes)
        err = judge_all(engine, &books);
    /* The report may hold what recovery did; only a failure is said over it. */
    if (err != RH_OK && books.report.bytes > 0)
        snprintf(report, report_bytes, "%s", books.text);
    if (err == RH_OK && changes)
        err = put_in_force(engine, &books, NULL, &job);
    close_books(&books);
    return err;
}

enum rh_err hub_engine_reload(struct hub_engine *engine, char *report, size_t report_bytes)
{
    return hub_rulebook_load(engine, report, report_bytes);
}

/* ---- a calendar into the running hub ---------------------------------------------------- */

static enum rh_err import(struct hub_engine *engine, const struct hub_import *wish,
                          struct books *books, struct rh_calendar *calendar,
                          struct hub_import_result *out)
{
    uint64_t index;
    struct hub_record *record;
    char name[RH_LOAD_NAME_BYTES_MAX + 1];
    enum rh_err err = read_newest(engine, &record, &index);
    if (err == RH_OK && rh_load_sources_decode(record->sources, books->files) != RH_OK)
        err = RH_ERR_CORRUPT;
    if (err == RH_OK)
        err = rh_load_calendar_text(wish->name, wish->text, wish->bytes, calendar,
                                    &books->report);
    if (err == RH_OK)
        err = judge_wish(engine, books, wish, calendar, &out->same);
    memcpy(out->area, calendar->area, sizeof out->area);
    out->index = out->same ? index : engine->next_index;
    if (err != RH_OK || out->same)
        return err;
    rh_load_imported_name(calendar, name);
    err = rh_load_sources_put(books->files, name, wish->name, wish->text, wish->bytes);
    if (err == RH_OK)
        err = compile(books);
    return err == RH_OK ? put_in_force(engine, books, wish, &out->job) : err;
}

enum rh_err hub_engine_import_calendar(struct hub_engine *engine, const struct hub_import *wish,
                                       struct hub_import_result *out)
{
    struct books books;
    memset(out, 0, sizeof *out);
    struct rh_calendar *calendar = calloc(1, sizeof *calendar);
    enum rh_err err = open_books(&books);
    if (calendar == NULL)
        err = RH_ERR_NOMEM;
    if (err == RH_OK)
        err = import(engine, wish, &books, calendar, out);
    snprintf(out->report, sizeof out->report, "%s", books.text);
    free(calendar);
    close_books(&books);
    return err;
}
