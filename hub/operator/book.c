/* A record of rules, read back: what was in force, out of which files, who put it there. */
#include "operator/inside.h"

#include <stdlib.h>
#include <string.h>

#include <rh/text.h>

#include "load/rules.h"

enum { BOOK_BYTES = HUB_REST_BYTES_MAX + RH_CORE_BYTES_MAX };

struct errand {
    uint64_t index;
    uint8_t *bytes; /* BOOK_BYTES */
    size_t core_bytes, rest_bytes;
    enum rh_err answer;
};

static enum rh_err read_record(void *context, struct hub_engine *engine,
                               struct hub_gateway *gateway)
{
    struct errand *errand = context;
    struct rh_bytes core, rest;
    (void)gateway;
    errand->answer = hub_engine_record(engine, errand->index, &core, &rest);
    if (errand->answer != RH_OK)
        return RH_OK; /* the asker's trouble, not the engine's */
    rh_assert(core.bytes + rest.bytes <= BOOK_BYTES);
    memcpy(errand->bytes, core.data, core.bytes);
    memcpy(errand->bytes + core.bytes, rest.data, rest.bytes);
    errand->core_bytes = core.bytes;
    errand->rest_bytes = rest.bytes;
    return RH_OK;
}

enum rh_err hub_book_read(struct hub_ask *ask, uint64_t index, struct hub_book *out)
{
    struct errand errand = { .index = index, .bytes = malloc(BOOK_BYTES) };
    *out = (struct hub_book){ .bytes = errand.bytes };
    enum rh_err err = errand.bytes == NULL ? RH_ERR_NOMEM
                                           : hub_ask_engine(ask, read_record, &errand, false);
    if (err == RH_OK)
        err = errand.answer;
    if (err == RH_OK)
        err = hub_record_decode((struct rh_bytes){ errand.bytes, errand.core_bytes },
                                (struct rh_bytes){ errand.bytes + errand.core_bytes,
                                                   errand.rest_bytes },
                                &out->record);
    return err;
}

void hub_book_close(struct hub_book *book)
{
    free(book->bytes);
    *book = (struct hub_book){ .bytes = NULL };
}

enum rh_err hub_book_sources(struct hub_ask *ask, struct rh_load_sources *out)
{
    struct hub_book book;
    enum rh_err err = hub_book_read(ask, ask->op->rules_index, &book);
    if (err == RH_OK)
        err = rh_load_sources_decode(book.record.sources, out);
    hub_book_close(&book);
    return err == RH_ERR_INVALID ? RH_ERR_CORRUPT : err;
}

static enum rh_err note_book(struct hub_ask *ask, uint64_t index, struct hub_calendars *out)
{
    struct hub_book book;
    struct rh_load_sources *files = calloc(1, sizeof *files);
    if (files == NULL)
        return RH_ERR_NOMEM;
    enum rh_err err = hub_book_read(ask, index, &book);
    if (err == RH_OK && rh_load_sources_decode(book.record.sources, files) != RH_OK)
        err = RH_ERR_CORRUPT;
    if (err == RH_OK)
        err = hub_calendars_note(out, files, index);
    hub_book_close(&book);
    rh_load_sources_close(files);
    free(files);
    return err;
}

enum rh_err hub_book_calendars(struct hub_ask *ask, struct hub_calendars *out)
{
    struct hub_cursor cursor = { .bytes = 0 };
    uint64_t index;
    enum rh_err err = RH_OK;
    *out = (struct hub_calendars){ .list = NULL };
    while (err == RH_OK) {
        err = hub_snapshot_begin(ask);
        if (err == RH_OK)
            err = hub_views_rules_next(ask->map, &cursor, &index);
        hub_snapshot_end(ask);
        if (err == RH_OK)
            err = note_book(ask, index, out);
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* Through the journalled form, so that equal values are equal memory, as in the hub. */
static enum rh_err settle(struct rh_rules *rules)
{
    uint8_t *bytes = malloc(RH_RULES_BYTES_MAX);
    struct rh_writer writer;
    if (bytes == NULL)
        return RH_ERR_NOMEM;
    rh_writer_init(&writer, bytes, RH_RULES_BYTES_MAX);
    enum rh_err err = rh_rules_encode(rules, &writer);
    if (err == RH_OK)
        err = rh_rules_decode((struct rh_bytes){ bytes, writer.bytes }, rules);
    free(bytes);
    return err;
}

enum rh_err hub_book_compile(struct hub_ask *ask, const struct rh_load_sources *sources,
                             struct rh_rules *out)
{
    char text[RH_LOAD_REPORT_BYTES];
    struct rh_load_report report;
    rh_load_report_init(&report, text, sizeof text);
    enum rh_err err = rh_load_rules_sources(sources, out, &report);
    if (err == RH_ERR_CONFIG || report.problems > 0)
        return hub_ask_refuse_file(ask, RH_REFUSE_RULES_WRONG, NULL, N_("nothing was changed"),
                                   text);
    return err == RH_OK ? settle(out) : err;
}
