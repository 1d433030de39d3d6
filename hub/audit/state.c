#include "audit/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SAVE_EVERY = 20000 };

static enum rh_err read_book(void *context, uint64_t index, struct rh_rules *out)
{
    const struct hub_state *state = context;
    for (size_t i = 0; i < state->book_count; i++) {
        const struct hub_state_book *book = &state->books[i];
        if (book->index == index)
            return rh_rules_decode((struct rh_bytes){ book->bytes, book->count }, out);
    }
    return RH_ERR_NOTFOUND;
}

static enum rh_err keep_book(struct hub_state *state, const struct hub_record *record)
{
    struct hub_state_book *longer =
        realloc(state->books, (state->book_count + 1) * sizeof *longer);
    if (longer == NULL)
        return RH_ERR_NOMEM;
    state->books = longer;
    struct hub_state_book *book = &longer[state->book_count];
    *book = (struct hub_state_book){ record->core.index, malloc(record->compiled.bytes + 1),
                                     record->compiled.bytes };
    if (book->bytes == NULL)
        return RH_ERR_NOMEM;
    if (book->count > 0)
        memcpy(book->bytes, record->compiled.data, book->count);
    state->book_count++;
    return RH_OK;
}

enum rh_err hub_state_init(struct hub_state *state, struct hub_findings *findings)
{
    memset(state, 0, sizeof *state);
    state->findings = findings;
    enum rh_err err = hub_memory_map_new(&state->memory, NULL);
    if (err == RH_OK)
        err = hub_views_open(&state->views, hub_memory_map_map(state->memory));
    hub_past_init(&state->past, read_book, state);
    state->views.past = &state->past;
    state->rules = calloc(1, sizeof *state->rules);
    state->before = calloc(1, sizeof *state->before);
    state->again = calloc(1, sizeof *state->again);
    state->public_part = calloc(1, sizeof *state->public_part);
    state->bytes = malloc(HUB_REST_BYTES_MAX);
    if (state->rules == NULL || state->before == NULL || state->again == NULL ||
        state->public_part == NULL || state->bytes == NULL)
        err = RH_ERR_NOMEM;
    if (err != RH_OK)
        hub_state_fini(state);
    return err;
}

void hub_state_fini(struct hub_state *state)
{
    hub_views_close(&state->views);
    hub_memory_map_destroy(&state->memory);
    hub_past_fini(&state->past);
    for (size_t i = 0; i < state->book_count; i++)
        free(state->books[i].bytes);
    free(state->books);
    free(state->rules);
    free(state->before);
    free(state->again);
    free(state->public_part);
    free(state->bytes);
    memset(state, 0, sizeof *state);
}

void hub_state_stop(struct hub_state *state, uint64_t index, const char *why)
{
    if (state->stopped)
        return;
    state->stopped = true;
    hub_findings_say(state->findings, HUB_FINDING_STOPPED, index, "%s", rh_text(why));
}

static enum rh_err check_digest(struct hub_state *state, const struct hub_record *record)
{
    unsigned table = 0;
    enum rh_err err =
        hub_views_digest_check(&state->views, record->digest_rows, &table);
    if (err == RH_OK) {
        state->digests++;
        return RH_OK;
    }
    if (err != RH_ERR_NOTFOUND && err != RH_ERR_CORRUPT)
        return err;
    if (state->digest_differs)
        return RH_OK;
    state->digest_differs = true;
    hub_findings_say(state->findings, HUB_FINDING_DIGEST, record->core.index, "%s%s",
                     err == RH_ERR_NOTFOUND ? _("table ") : _("the digests cannot be decoded"),
                     err == RH_ERR_NOTFOUND ? hub_table_name(table) : "");
    return RH_OK;
}

/* An id names one stored message for ever. */
static enum rh_err check_message(struct hub_state *state, const struct hub_record *record)
{
    struct hub_message found;
    if (record->core.outcome != 0 || rh_id_is_zero(record->core.message_id.bytes))
        return RH_OK;
    enum rh_err err =
        hub_views_message(state->views.map, &record->core.message_id, &found);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    char id[RH_ID_TEXT_BYTES];
    rh_id_format(record->core.message_id.bytes, id);
    struct hub_finding finding =
        hub_finding_make(HUB_FINDING_DUPLICATE, record->core.index,
                         N_("message %s is record %" PRIu64 " already"), id, found.index);
    finding.count = 1;
    hub_findings_add(state->findings, &finding);
    return RH_OK;
}

static void take_rules(struct hub_state *state, const struct hub_record *record)
{
    if (rh_rules_decode(record->compiled, state->rules) != RH_OK) {
        state->ruled = false;
        hub_findings_say(state->findings, HUB_FINDING_RULES, record->core.index,
                         N_("%zu bytes of compiled rules"), record->compiled.bytes);
        return;
    }
    state->ruled = true;
    state->rules_index = record->core.index;
    hub_views_world(&state->views, state->rules, state->rules_index, &state->world);
}

static enum rh_err apply(struct hub_state *state, const struct hub_state_record *record)
{
    uint64_t index = record->record->core.index;
    enum rh_err err =
        hub_views_apply(&state->views, index, record->core, record->rest, NULL);
    if (err == RH_ERR_CORRUPT) {
        hub_findings_say(state->findings, HUB_FINDING_APPLY, index,
                         N_("it does not fit the rows before it"));
        hub_state_stop(state, index, N_("a record cannot be applied"));
        return RH_OK;
    }
    if (err == RH_OK && ++state->since_save >= SAVE_EVERY) {
        state->since_save = 0;
        err = hub_views_save(&state->views);
    }
    return err;
}

enum rh_err hub_state_take(struct hub_state *state, const struct hub_state_record *record)
{
    const struct hub_record *one = record->record;
    if (state->stopped)
        return RH_OK;
    if (record->schema_version != HUB_ROW_SCHEMA) {
        hub_state_stop(state, one->core.index, N_("rows of another schema version"));
        return RH_OK;
    }
    enum rh_err err = RH_OK;
    if (one->core.type == RH_RECORD_DIGEST)
        err = check_digest(state, one);
    if (err == RH_OK && one->core.type == RH_RECORD_ITEM)
        err = check_message(state, one);
    if (err == RH_OK && record->outcome != NULL)
        err = hub_state_check_pairs(state, record);
    if (err == RH_OK && record->outcome != NULL && state->ruled) {
        err = hub_state_check_dates(state, record);
        if (err == RH_OK && state->redecide)
            err = hub_state_redecide(state, record);
    }
    if (err == RH_OK)
        err = apply(state, record);
    if (err == RH_OK && one->core.type == RH_RECORD_RULES) {
        take_rules(state, one);
        err = keep_book(state, one);
    }
    return err;
}

enum rh_err hub_state_end(struct hub_state *state)
{
    struct hub_views_report report;
    enum rh_err err = hub_views_save(&state->views);
    if (err == RH_OK)
        err = hub_views_verify(state->views.map, &report);
    if (err == RH_OK && report.faults > 0)
        hub_findings_say(state->findings, HUB_FINDING_STATE, HUB_FINDING_NOWHERE,
                         N_("faults: %" PRIu64 ", the first: %s"), report.faults, report.text);
    return err;
}
