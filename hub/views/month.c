#include "views/month.h"

#include <stdlib.h>
#include <string.h>

#include <rh/date.h>
#include <rh/item.h>

#include "views/change.h"
#include "views/keys.h"

enum {
    SLOTS = 256,         /* power of two */
    SLOTS_USED_MAX = 192, /* then everything is written and the table begins anew */
    VALUE_BYTES = RH_COLUMN_COUNT * 8
};

/* Differences waiting to be written; month 0: free. */
struct hub_months {
    uint32_t used;
    struct hub_month slots[SLOTS];
};

enum rh_err hub_months_new(struct hub_months **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? RH_ERR_NOMEM : RH_OK;
}

void hub_months_destroy(struct hub_months **months)
{
    free(*months);
    *months = NULL;
}

uint32_t hub_month_of(uint64_t instant_ms)
{
    struct rh_civil day = rh_date_to_civil(rh_date_of_instant(instant_ms));
    return (uint32_t)day.year * 100 + (uint32_t)day.month;
}

/* ---- gathering ------------------------------------------------------------------------- */

static struct hub_month *find(struct hub_months *months, uint32_t month, uint32_t agency,
                              const char *procedure)
{
    uint32_t at = month * UINT32_C(2654435761) ^ agency * UINT32_C(40503);
    for (const char *c = procedure; *c != 0; c++)
        at = at * 31 + (uint8_t)*c;
    for (at &= SLOTS - 1;; at = (at + 1) & (SLOTS - 1)) {
        struct hub_month *slot = &months->slots[at];
        if (slot->month == 0 || (slot->month == month && slot->agency == agency &&
                                 strcmp(slot->procedure, procedure) == 0))
            return slot;
    }
}

static enum rh_err add(struct hub_views *views, uint32_t month, uint32_t agency,
                       const char *procedure, enum rh_column figure, uint64_t n)
{
    struct hub_months *months = views->months;
    if (n == 0)
        return RH_OK;
    struct hub_month *slot = find(months, month, agency, procedure);
    if (slot->month == 0) {
        if (months->used == SLOTS_USED_MAX) {
            enum rh_err err = hub_months_save(views);
            if (err != RH_OK)
                return err;
            slot = find(months, month, agency, procedure);
        }
        slot->month = month;
        slot->agency = agency;
        memcpy(slot->procedure, procedure, strlen(procedure) + 1);
        months->used++;
    }
    slot->figures[figure] += n;
    return RH_OK;
}

enum rh_err hub_month_record(struct hub_views *views, const struct hub_record *record)
{
    return add(views, hub_month_of(record->core.stored_ms), 0, "", RH_COLUMN_RECORDS, 1);
}

/* ---- what a row tells ------------------------------------------------------------------ */

static uint64_t risen(uint32_t before, uint32_t after)
{
    return after > before ? after - before : 0;
}

/* An instant that was set, or set anew. */
static uint64_t is_set(uint64_t before_ms, uint64_t after_ms)
{
    return after_ms != 0 && after_ms != before_ms ? 1 : 0;
}

static uint64_t entered(const struct hub_referral *before, const struct hub_referral *row,
                        enum rh_state state)
{
    return row->state == state && before->state != state ? 1 : 0;
}

/* What was evaluated stands in the message: 1 satisfied, 2 not, 0 no evaluation. */
static int evaluation(const struct hub_record *record)
{
    static const enum rh_kind kind = RH_KIND_EVALUATE;
    struct rh_public item;
    unsigned field;
    if (record->core.type != RH_RECORD_ITEM || record->core.outcome != 0 ||
        hub_record_kind(record->public_part) != kind ||
        rh_public_decode(record->public_part, &item, &field) != RH_OK)
        return 0;
    return strcmp(item.code, "satisfied") == 0 ? 1 : 2;
}

/* Row 0 of an evaluation is what was evaluated; it may be there unchanged otherwise. */
static bool is_subject(const struct hub_views *views, const struct hub_referral *row)
{
    return views->outcome->row_count > 0 && views->outcome->rows[0].rno == row->rno;
}

static enum rh_err count_clock(struct hub_views *views, const struct hub_record *record,
                               const struct hub_referral *row,
                               const struct hub_deadline *before,
                               const struct hub_deadline *clock)
{
    /* Missed counts once for a clock, in the month of the end that it missed first: an extension
     * granted afterwards does not undo it. */
    bool missed = clock->missed_ms != 0 && (before == NULL || before->missed_ms == 0);
    uint64_t end_ms = missed && before != NULL && before->end_ms != 0 ? before->end_ms
                                                                      : clock->end_ms;
    if (clock->right_only || end_ms == 0 ||
        (!missed && before != NULL && clock->status == before->status))
        return RH_OK;
    /* An end is the instant behind its last day. */
    uint32_t due = hub_month_of(end_ms - 1);
    enum rh_err err = RH_OK;
    if (clock->status == HUB_DEADLINE_MET)
        return add(views, due, clock->owed_by, row->procedure, RH_COLUMN_MET, 1);
    if (missed)
        err = add(views, due, clock->owed_by, row->procedure, RH_COLUMN_MISSED, 1);
    if (err == RH_OK && clock->status == HUB_DEADLINE_MET_LATE)
        err = add(views, hub_month_of(record->core.stored_ms), clock->owed_by, row->procedure,
                  RH_COLUMN_MET_LATE, 1);
    return err;
}

static enum rh_err count_clocks(struct hub_views *views, const struct hub_record *record,
                                const struct hub_referral *before,
                                const struct hub_referral *row)
{
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; i < row->deadline_count && err == RH_OK; i++) {
        const struct hub_deadline *clock = &row->deadlines[i];
        const struct hub_deadline *was = NULL;
        for (uint32_t j = 0; j < before->deadline_count; j++) {
            if (before->deadlines[j].serial == clock->serial)
                was = &before->deadlines[j];
        }
        err = count_clock(views, record, row, was, clock);
    }
    return err;
}

static const struct hub_referral none; /* before it was there */

enum rh_err hub_month_row(struct hub_views *views, const struct hub_record *record,
                          const struct hub_referral *before, const struct hub_referral *row)
{
    uint32_t month = hub_month_of(record->core.stored_ms);
    bool fresh = before == NULL;
    before = fresh ? &none : before;
    if (row->sealed)
        return add(views, month, 0, "", RH_COLUMN_SEALED, before->sealed ? 0 : 1);

    uint32_t handler = row->addressee != 0 ? row->addressee : row->origin;
    uint32_t was = before->addressee != 0 ? before->addressee : handler;
    uint64_t sent = risen(before->dispatch_count, row->dispatch_count);
    int code = is_subject(views, row) ? evaluation(record) : 0;
    const struct {
        enum rh_column figure;
        uint32_t agency;
        uint64_t n;
    } acts[] = {
        { RH_COLUMN_REGISTERED, row->origin, fresh ? 1 : 0 },
        { RH_COLUMN_REPEATED, row->origin, fresh && row->repeat ? 1 : 0 },
        { RH_COLUMN_DISPATCHED, row->sender, sent },
        { RH_COLUMN_RECEIVED, row->addressee, sent },
        { RH_COLUMN_SIGNED, handler, is_set(before->signed_ms, row->signed_ms) },
        { RH_COLUMN_ACCEPTED, handler, is_set(before->accepted_ms, row->accepted_ms) },
        { RH_COLUMN_NOT_ACCEPTED, handler, entered(before, row, RH_STATE_NOT_ACCEPTED) },
        { RH_COLUMN_OBJECTED, was, entered(before, row, RH_STATE_OBJECTED) },
        { RH_COLUMN_RETURNED, was, entered(before, row, RH_STATE_RETURNED) },
        { RH_COLUMN_CONCLUDED, handler, is_set(before->concluded_ms, row->concluded_ms) },
        { RH_COLUMN_REPLIED, handler, is_set(before->replied_ms, row->replied_ms) },
        { RH_COLUMN_CLOSED, handler, entered(before, row, RH_STATE_CLOSED) },
        { RH_COLUMN_REOPENED, handler, risen(before->reopen_count, row->reopen_count) },
        { RH_COLUMN_REVISIT_REOPENED, handler,
          before->state == RH_STATE_REVISITING ? risen(before->reopen_count, row->reopen_count)
                                               : 0 },
        { RH_COLUMN_REJECTED, handler, risen(before->reject_count, row->reject_count) },
        { RH_COLUMN_VISITED, handler, entered(before, row, RH_STATE_REVISITING) },
        { RH_COLUMN_SATISFIED, handler, code == 1 ? 1 : 0 },
        { RH_COLUMN_DISSATISFIED, handler, code == 2 ? 1 : 0 },
    };
    enum rh_err err = RH_OK;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0] && err == RH_OK; i++)
        err = add(views, month, acts[i].agency, row->procedure, acts[i].figure, acts[i].n);
    return err == RH_OK ? count_clocks(views, record, before, row) : err;
}

/* ---- rows of the table ----------------------------------------------------------------- */

static enum rh_err read_value(struct rh_bytes value, uint64_t figures[RH_COLUMN_COUNT])
{
    if (value.bytes != VALUE_BYTES)
        return RH_ERR_CORRUPT;
    for (unsigned f = 0; f < RH_COLUMN_COUNT; f++)
        figures[f] = hub_get_u64(value.data + (size_t)f * 8);
    return RH_OK;
}

static enum rh_err save_slot(struct hub_views *views, const struct hub_month *slot)
{
    struct hub_key key = hub_key_month(slot->month, slot->agency, slot->procedure);
    struct rh_bytes old;
    uint64_t before[RH_COLUMN_COUNT] = { 0 };
    uint8_t value[VALUE_BYTES];
    enum rh_err err = hub_look(views->map, HUB_TABLE_MONTH, &key, &old);
    bool known = err == RH_OK;
    if (known)
        err = read_value(old, before);
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return err;
    for (unsigned f = 0; f < RH_COLUMN_COUNT; f++)
        hub_put_u64(value + (size_t)f * 8, before[f] + slot->figures[f]);
    struct rh_bytes now = { value, sizeof value };
    return known ? hub_change_replace(views, HUB_TABLE_MONTH, &key, old, now)
                 : hub_change_insert(views, HUB_TABLE_MONTH, &key, now);
}

enum rh_err hub_months_save(struct hub_views *views)
{
    struct hub_months *months = views->months;
    enum rh_err err = RH_OK;
    if (months->used == 0)
        return RH_OK;
    for (size_t i = 0; i < SLOTS && err == RH_OK; i++) {
        if (months->slots[i].month != 0)
            err = save_slot(views, &months->slots[i]);
    }
    if (err == RH_OK)
        memset(months, 0, sizeof *months);
    return err;
}

void hub_views_month_seek(struct hub_cursor *cursor, uint32_t month)
{
    uint8_t key[4];
    hub_put_u32(key, month);
    cursor->bytes = sizeof key;
    memcpy(cursor->key, key, sizeof key);
}

enum rh_err hub_views_month_next(struct hub_map *map, struct hub_cursor *cursor,
                                 struct hub_month *out)
{
    struct rh_bytes key, row;
    struct hub_key from = { .bytes = 0 };
    if (cursor->bytes > 0)
        from = hub_key_after((struct rh_bytes){ cursor->key, cursor->bytes });
    enum rh_err err = hub_map_next(map, HUB_TABLE_MONTH, hub_key_view(&from), &key, &row);
    if (err != RH_OK)
        return err;
    if (key.bytes < 8 || key.bytes - 8 > RH_CODE_BYTES_MAX || key.bytes > sizeof cursor->key)
        return RH_ERR_CORRUPT;
    memset(out, 0, sizeof *out);
    out->month = hub_get_u32(key.data);
    out->agency = hub_get_u32(key.data + 4);
    memcpy(out->procedure, key.data + 8, key.bytes - 8);
    cursor->bytes = key.bytes;
    memcpy(cursor->key, key.data, key.bytes);
    return read_value(row, out->figures);
}

/* ---- sums ------------------------------------------------------------------------------ */

enum rh_err hub_month_is_of(struct hub_map *map, uint32_t agency, const char *area, bool *is)
{
    *is = area[0] == 0;
    if (*is || agency == 0)
        return RH_OK;
    struct hub_agency found;
    enum rh_err err = hub_views_agency(map, agency, &found);
    if (err == RH_OK)
        *is = strncmp(found.area, area, strlen(area)) == 0;
    return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err; /* figures of nobody enrolled */
}

static enum rh_err take(struct hub_map *map, const struct hub_month *row, const char *area,
                        uint64_t columns[RH_COLUMN_COUNT])
{
    bool is;
    enum rh_err err = hub_month_is_of(map, row->agency, area, &is);
    for (unsigned f = 0; err == RH_OK && is && f < RH_COLUMN_COUNT; f++)
        columns[f] += row->figures[f];
    return err;
}

enum rh_err hub_month_sum(struct hub_views *views, uint32_t month, const char *area,
                          uint64_t columns[RH_COLUMN_COUNT])
{
    struct hub_cursor cursor;
    struct hub_month row;
    enum rh_err err = RH_OK;
    memset(columns, 0, RH_COLUMN_COUNT * sizeof columns[0]);
    for (size_t i = 0; i < SLOTS && err == RH_OK; i++) {
        if (views->months->slots[i].month == month)
            err = take(views->map, &views->months->slots[i], area, columns);
    }
    if (err != RH_OK)
        return err;
    hub_views_month_seek(&cursor, month);
    err = hub_views_month_next(views->map, &cursor, &row);
    while (err == RH_OK && row.month == month) {
        err = take(views->map, &row, area, columns);
        if (err == RH_OK)
            err = hub_views_month_next(views->map, &cursor, &row);
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}
