/* What the hub knew at an earlier instant: the referral's row out of the newest of its records
 * up to then, the calendar out of the record of rules then in force. Records are read back from
 * the journal; nothing is derived from what is known today. */
#include "operator/inside.h"

#include <stdlib.h>
#include <string.h>

#include <rh/date.h>
#include <rh/text.h>

enum { EVENTS_MAX = 20000 };

/* ---- records in order of time ----------------------------------------------------------- */

struct indexes {
    size_t count;
    uint64_t *list; /* EVENTS_MAX, ascending; owned */
    enum rh_kind *kinds;
};

static void close_indexes(struct indexes *indexes)
{
    free(indexes->list);
    free(indexes->kinds);
}

static enum rh_err open_indexes(struct indexes *indexes)
{
    *indexes = (struct indexes){ .list = calloc(EVENTS_MAX, sizeof indexes->list[0]),
                                 .kinds = calloc(EVENTS_MAX, sizeof indexes->kinds[0]) };
    return indexes->list == NULL || indexes->kinds == NULL ? RH_ERR_NOMEM : RH_OK;
}

static enum rh_err read_time(struct hub_ask *ask, uint64_t index, uint64_t *at_ms)
{
    struct hub_book book;
    enum rh_err err = hub_book_read(ask, index, &book);
    *at_ms = book.record.core.stored_ms;
    hub_book_close(&book);
    return err;
}

/* How many of them were stored at or before an instant. Hub time never runs backwards. */
static enum rh_err count_until(struct hub_ask *ask, const struct indexes *indexes,
                               uint64_t until_ms, size_t *out)
{
    size_t low = 0, high = indexes->count;
    enum rh_err err = RH_OK;
    while (low < high && err == RH_OK) {
        size_t middle = low + (high - low) / 2;
        uint64_t at_ms = 0;
        err = read_time(ask, indexes->list[middle], &at_ms);
        if (at_ms <= until_ms)
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    return err;
}

/* ---- the row then ----------------------------------------------------------------------- */

static enum rh_err list_events(struct hub_ask *ask, uint64_t rno, struct indexes *out)
{
    uint64_t index = 0;
    enum rh_err err = RH_OK;
    while (out->count < EVENTS_MAX && err == RH_OK) {
        err = hub_views_timeline_next(ask->map, rno, &index, &out->kinds[out->count]);
        if (err == RH_OK)
            out->list[out->count++] = index;
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* The row of a referral in what a record did; false when it did nothing to it. */
static bool row_of(struct hub_ask *ask, const struct hub_record *record, uint64_t rno,
                   struct hub_referral *out)
{
    struct hub_outcome *outcome = ask->op->outcome;
    if (record->outcome.bytes == 0 || hub_outcome_decode(record->outcome, outcome) != RH_OK ||
        outcome->refusal != 0)
        return false;
    for (uint32_t i = 0; i < outcome->row_count; i++) {
        if (outcome->rows[i].rno == rno) {
            memcpy(out, &outcome->rows[i], sizeof *out);
            return true;
        }
    }
    return false;
}

static enum rh_err find_row(struct hub_ask *ask, const struct indexes *events, size_t count,
                            uint64_t rno)
{
    bool found = false;
    enum rh_err err = RH_OK;
    while (count > 0 && !found && err == RH_OK) {
        struct hub_book book;
        err = hub_book_read(ask, events->list[--count], &book);
        found = err == RH_OK && row_of(ask, &book.record, rno, ask->op->referral);
        hub_book_close(&book);
    }
    if (err == RH_OK && !found)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/as_known_on",
                              N_("the referral was not registered yet on that day"),
                              hub_args_text(ask, "as_known_on"));
    return err;
}

static void keep_moves(const struct hub_record *record, const struct hub_outcome *outcome,
                       uint64_t rno, struct hub_known *known)
{
    for (uint32_t i = 0; i < outcome->note_count; i++) {
        const struct hub_note_out *note = &outcome->notes[i];
        if (note->rno != rno || note->was_ms == 0 || known->move_count == HUB_KNOWN_MOVES_MAX)
            continue;
        struct hub_known_move *move = &known->moves[known->move_count++];
        *move = (struct hub_known_move){
            .serial = note->deadline,
            .at_ms = record->core.stored_ms,
            .index = record->core.index,
            .was_ms = note->was_ms,
            .now_ms = note->now_ms,
        };
        memcpy(move->text, record->text, sizeof move->text);
    }
}

static enum rh_err find_moves(struct hub_ask *ask, const struct indexes *events, size_t from,
                              uint64_t rno, struct hub_known *known)
{
    enum rh_err err = RH_OK;
    for (size_t i = from; i < events->count && err == RH_OK; i++) {
        struct hub_book book;
        if (events->kinds[i] != RH_KIND_NOTICE)
            continue;
        err = hub_book_read(ask, events->list[i], &book);
        if (err == RH_OK && book.record.core.type == RH_RECORD_JOB &&
            hub_outcome_decode(book.record.outcome, ask->op->outcome) == RH_OK)
            keep_moves(&book.record, ask->op->outcome, rno, known);
        hub_book_close(&book);
    }
    return err;
}

/* ---- the rules then --------------------------------------------------------------------- */

static enum rh_err find_calendar_index(struct hub_ask *ask, uint64_t until_ms, uint64_t *out)
{
    struct indexes books;
    struct hub_cursor cursor = { .bytes = 0 };
    size_t count = 0;
    enum rh_err err = open_indexes(&books);
    if (err == RH_OK)
        err = hub_snapshot_begin(ask);
    while (books.count < EVENTS_MAX && err == RH_OK) {
        err = hub_views_rules_next(ask->map, &cursor, &books.list[books.count]);
        books.count += err == RH_OK ? 1 : 0;
    }
    hub_snapshot_end(ask);
    if (err == RH_ERR_NOTFOUND)
        err = count_until(ask, &books, until_ms, &count);
    if (err == RH_OK)
        *out = count > 0 ? books.list[count - 1] : ask->op->rules_index;
    close_indexes(&books);
    return err;
}

/* Rules of a record; *out stays NULL where those in force are the same. */
static enum rh_err read_rules(struct hub_ask *ask, uint64_t index, struct rh_rules **out)
{
    struct hub_book book;
    if (index == ask->op->rules_index)
        return RH_OK;
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return RH_ERR_NOMEM;
    enum rh_err err = hub_book_read(ask, index, &book);
    if (err == RH_OK && rh_rules_decode(book.record.compiled, *out) != RH_OK)
        err = RH_ERR_CORRUPT;
    hub_book_close(&book);
    return err;
}

/* ---- together --------------------------------------------------------------------------- */

/* The end of that day, or the instant. */
static enum rh_err read_day(struct hub_ask *ask, uint64_t *out_ms)
{
    struct rh_date date;
    const char *text = hub_args_text(ask, "as_known_on");
    *out_ms = 0;
    if (text == NULL)
        return RH_OK;
    if (rh_date_parse(text, strlen(text), &date) == RH_OK) {
        *out_ms = rh_date_end_ms(date) - 1;
        return RH_OK;
    }
    if (rh_instant_parse(text, strlen(text), out_ms) == RH_OK)
        return RH_OK;
    return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/as_known_on",
                          N_("a date like 2026-11-30, or an instant, is wanted"), text);
}

static enum rh_err go_back(struct hub_ask *ask, struct hub_known *known)
{
    struct indexes events;
    size_t count = 0;
    uint64_t rno = ask->op->referral->rno;
    known->present = malloc(sizeof *known->present);
    enum rh_err err = open_indexes(&events);
    if (known->present == NULL)
        err = RH_ERR_NOMEM;
    if (err == RH_OK) {
        memcpy(known->present, ask->op->referral, sizeof *known->present);
        err = list_events(ask, rno, &events);
    }
    hub_snapshot_end(ask);
    if (err == RH_OK)
        err = count_until(ask, &events, known->at_ms, &count);
    if (err == RH_OK)
        err = find_row(ask, &events, count, rno);
    if (err == RH_OK)
        err = find_moves(ask, &events, count, rno, known);
    if (err == RH_OK)
        err = find_calendar_index(ask, known->at_ms, &known->calendar_index);
    close_indexes(&events);
    return err;
}

enum rh_err hub_known_open(struct hub_ask *ask, struct hub_known *out)
{
    memset(out, 0, sizeof *out);
    out->calendar_index = ask->op->rules_index;
    enum rh_err err = read_day(ask, &out->at_ms);
    if (err == RH_OK && out->at_ms >= ask->now_ms)
        out->at_ms = 0;
    if (err == RH_OK && out->at_ms != 0)
        err = go_back(ask, out);
    hub_snapshot_end(ask);
    if (err == RH_OK)
        err = read_rules(ask, out->calendar_index, &out->calendars);
    out->procedure_index = ask->op->referral->rules_index;
    if (err == RH_OK)
        err = read_rules(ask, out->procedure_index, &out->procedures);
    ask->procedures = out->procedures;
    ask->calendars = out->calendars;
    if (err == RH_OK && out->at_ms != 0)
        ask->now_ms = out->at_ms;
    if (err != RH_OK)
        hub_known_close(ask, out);
    return err;
}

void hub_known_close(struct hub_ask *ask, struct hub_known *known)
{
    ask->procedures = NULL;
    ask->calendars = NULL;
    free(known->present);
    free(known->procedures);
    free(known->calendars);
    memset(known, 0, sizeof *known);
}

/* ---- shown ------------------------------------------------------------------------------ */

static json_t *list_moves(const struct hub_known *known, uint32_t serial)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < known->move_count; i++) {
        const struct hub_known_move *move = &known->moves[i];
        if (move->serial != serial)
            continue;
        json_t *entry = json_object();
        hub_json_at(entry, "at", move->at_ms);
        hub_json_uint(entry, "log_index", move->index);
        hub_json_at(entry, "was_end_at", move->was_ms);
        hub_json_at(entry, "end_at", move->now_ms);
        hub_json_text(entry, "why", move->text);
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *show_present(const struct hub_known *known, const struct hub_deadline *then)
{
    const struct hub_deadline *now = hub_find_clock(known->present, then->serial);
    json_t *since = json_object();
    hub_json_bool(since, "kept", now != NULL);
    hub_json_text(since, "status", now != NULL ? hub_deadline_status_name(now->status) : "");
    hub_json_at(since, "end_at", now != NULL ? now->end_ms : 0);
    hub_json_bool(since, "provisional", now != NULL && now->provisional);
    hub_json_bool(since, "changed",
                  now == NULL || now->status != then->status || now->end_ms != then->end_ms ||
                      now->provisional != then->provisional);
    json_object_set_new(since, "moves", list_moves(known, then->serial));
    return since;
}

void hub_known_put(struct hub_ask *ask, json_t *row, const struct hub_deadline *deadline,
                   const struct hub_known *known)
{
    (void)ask;
    hub_json_at(row, "known_at", known->at_ms);
    hub_json_uint(row, "rules_index", known->procedure_index);
    hub_json_uint(row, "calendar_index", known->calendar_index);
    json_object_set_new(row, "since", json_null());
    if (known->present != NULL)
        json_object_set_new(row, "since", show_present(known, deadline));
}
