/* referral.list: a page of referrals by whichever way is shortest.
 *
 *     key               one look-up
 *     due, sort=due     the table of clocks by end
 *     holder            the table of open referrals by holder
 *     from, to          what an agency has touched
 *     otherwise         by number, newest first
 *
 * A page looks at no more than HUB_ASK_EXAMINED_MAX rows; it may then be short, even empty, and
 * still have a cursor. */
#include "operator/inside.h"

#include <string.h>

#include <rh/text.h>

enum order { BY_DEFAULT, BY_NUMBER, BY_NUMBER_DOWN, BY_DUE };

struct filter {
    bool open;           /* state "open": somebody holds it */
    enum rh_state state; /* NONE: any */
    uint32_t from, to, holder; /* 0: any */
    const char *procedure;
    const char *risk;    /* newest fact of that name; NULL: any */
    uint64_t since_ms, until_ms;
    bool by_due;
    uint64_t due_from_ms, due_to_ms;
    enum order order;
    uint32_t limit;
};

static enum rh_err read_state(struct hub_ask *ask, struct filter *filter)
{
    const char *text = hub_args_text(ask, "state");
    if (text == NULL)
        return RH_OK;
    filter->open = strcmp(text, "open") == 0;
    filter->state = filter->open ? RH_STATE_NONE : rh_state_find(text, strlen(text));
    if (!filter->open && filter->state == RH_STATE_NONE)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/state",
                              N_("there is no such state"), text);
    return RH_OK;
}

static enum rh_err read_order(struct hub_ask *ask, struct filter *filter)
{
    const char *text = hub_args_text(ask, "sort");
    if (text == NULL)
        return RH_OK;
    if (strcmp(text, "number") == 0)
        filter->order = BY_NUMBER;
    else if (strcmp(text, "number:desc") == 0)
        filter->order = BY_NUMBER_DOWN;
    else if (strcmp(text, "due") == 0)
        filter->order = BY_DUE;
    else
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/sort",
                              N_("number, number:desc or due is wanted"), text);
    return RH_OK;
}

static enum rh_err read_filter(struct hub_ask *ask, struct filter *filter)
{
    const char *due = hub_args_text(ask, "due");
    filter->procedure = hub_args_text(ask, "procedure");
    filter->risk = hub_args_text(ask, "risk");
    filter->since_ms = hub_args_instant(ask, "since", 0);
    filter->until_ms = hub_args_instant(ask, "until", UINT64_MAX);
    filter->limit = hub_args_limit(ask);
    filter->due_to_ms = UINT64_MAX;
    filter->by_due = due != NULL;
    enum rh_err err = read_state(ask, filter);
    if (err == RH_OK)
        err = read_order(ask, filter);
    if (err == RH_OK)
        err = hub_find_heir(ask, "from", &filter->from);
    if (err == RH_OK)
        err = hub_find_heir(ask, "to", &filter->to);
    if (err == RH_OK)
        err = hub_find_heir(ask, "holder", &filter->holder);
    if (err == RH_OK && due != NULL)
        err = hub_find_window(ask, due, &filter->due_from_ms, &filter->due_to_ms);
    return err;
}

/* Whether one of the clocks that press somebody ends in the window. */
static bool in_window(const struct filter *filter, const struct hub_referral *row)
{
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (hub_deadline_is_owed(deadline) && deadline->status != HUB_DEADLINE_PAUSED &&
            !deadline->right_only && deadline->end_ms >= filter->due_from_ms &&
            deadline->end_ms < filter->due_to_ms)
            return true;
    }
    return false;
}

static bool matches(const struct filter *filter, const struct hub_referral *row)
{
    if (filter->open && row->holder == HUB_AGENCY_NONE)
        return false;
    if (filter->state != RH_STATE_NONE && row->state != filter->state)
        return false;
    if ((filter->from != 0 && row->sender != filter->from) ||
        (filter->to != 0 && row->addressee != filter->to) ||
        (filter->holder != 0 && row->holder != filter->holder))
        return false;
    if (filter->procedure != NULL && strcmp(row->procedure, filter->procedure) != 0)
        return false;
    if (filter->risk != NULL && !hub_referral_has_fact(row, "risk", filter->risk))
        return false;
    if (row->registered_ms < filter->since_ms || row->registered_ms >= filter->until_ms)
        return false;
    return !filter->by_due || in_window(filter, row);
}

static enum rh_err show(struct hub_ask *ask, const struct filter *filter, uint64_t rno)
{
    struct hub_referral *row = ask->op->referral;
    enum rh_err err = hub_views_referral(ask->map, rno, row);
    if (err == RH_OK && matches(filter, row))
        err = hub_ask_row(ask, hub_json_referral(ask, row));
    else if (err == RH_ERR_CORRUPT)
        err = hub_ask_damaged(ask, rno); /* one bad row does not hide the others */
    return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
}

/* ---- by number ------------------------------------------------------------------------- */

static void write_number(struct hub_ask *ask, char walk, uint64_t rno)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(rno >> (56 - 8 * i));
    hub_token_write(ask, walk, bytes, sizeof bytes);
}

static enum rh_err read_number(struct hub_ask *ask, char walk, uint64_t *rno)
{
    uint8_t bytes[8];
    size_t got;
    enum rh_err err = hub_token_read(ask, walk, bytes, sizeof bytes, &got);
    *rno = 0;
    if (err == RH_OK && got != 0 && got != sizeof bytes)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/cursor", NULL, NULL);
    for (size_t i = 0; err == RH_OK && i < got; i++)
        *rno = *rno << 8 | bytes[i];
    return err;
}

/* Numbers are dense from 1 and no referral ever goes away. */
static enum rh_err walk_down(struct hub_ask *ask, const struct filter *filter)
{
    uint64_t rno;
    enum rh_err err = read_number(ask, 'd', &rno);
    if (rno == 0)
        rno = hub_find_count(ask, "referrals") + 1;
    for (uint32_t seen = 0; err == RH_OK && rno > 1; seen++) {
        if (ask->rows == filter->limit || seen == HUB_ASK_EXAMINED_MAX) {
            write_number(ask, 'd', rno);
            return RH_OK;
        }
        err = show(ask, filter, --rno);
    }
    return err;
}

static enum rh_err walk_up(struct hub_ask *ask, const struct filter *filter)
{
    uint64_t rno;
    enum rh_err err = read_number(ask, 'u', &rno);
    uint64_t last = hub_find_count(ask, "referrals");
    for (uint32_t seen = 0; err == RH_OK && rno < last; seen++) {
        if (ask->rows == filter->limit || seen == HUB_ASK_EXAMINED_MAX) {
            write_number(ask, 'u', rno);
            return RH_OK;
        }
        err = show(ask, filter, ++rno);
    }
    return err;
}

/* ---- by an index ----------------------------------------------------------------------- */

static enum rh_err start(struct hub_ask *ask, char walk, struct hub_cursor *cursor)
{
    return hub_token_read(ask, walk, cursor->key, sizeof cursor->key, &cursor->bytes);
}

static bool page_is_full(struct hub_ask *ask, const struct filter *filter, uint32_t seen,
                         char walk, const struct hub_cursor *cursor)
{
    if (ask->rows < filter->limit && seen < HUB_ASK_EXAMINED_MAX)
        return false;
    hub_token_write(ask, walk, cursor->key, cursor->bytes);
    return true;
}

static enum rh_err finish(enum rh_err err)
{
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* A referral with several clocks in the table is shown at the first of them. */
static bool is_first(const struct filter *filter, const struct hub_referral *row,
                     uint64_t end_ms, uint32_t serial)
{
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *other = &row->deadlines[i];
        if (other->status != HUB_DEADLINE_RUNNING && !hub_deadline_is_owed(other))
            continue;
        if (other->status == HUB_DEADLINE_PAUSED || other->end_ms < filter->due_from_ms)
            continue;
        if (other->end_ms < end_ms || (other->end_ms == end_ms && other->serial < serial))
            return false;
    }
    return true;
}

static enum rh_err walk_due(struct hub_ask *ask, const struct filter *filter)
{
    struct hub_cursor cursor;
    uint64_t end_ms, rno;
    uint32_t serial, owed_by;
    enum rh_err err = start(ask, 't', &cursor);
    if (err == RH_OK && cursor.bytes == 0 && filter->due_from_ms > 0) {
        for (unsigned i = 0; i < 8; i++) /* keys begin with the end */
            cursor.key[i] = (uint8_t)((filter->due_from_ms - 1) >> (56 - 8 * i));
        memset(cursor.key + 8, 0xff, 12);
        cursor.bytes = 20;
    }
    for (uint32_t seen = 0; err == RH_OK; seen++) {
        if (page_is_full(ask, filter, seen, 't', &cursor))
            return RH_OK;
        err = hub_views_due_next(ask->map, &cursor, &end_ms, &rno, &serial, &owed_by);
        if (err == RH_OK && end_ms >= filter->due_to_ms)
            break;
        struct hub_referral *row = ask->op->referral;
        if (err == RH_OK)
            err = hub_views_referral(ask->map, rno, row);
        if (err == RH_OK && is_first(filter, row, end_ms, serial) && matches(filter, row))
            err = hub_ask_row(ask, hub_json_referral(ask, row));
    }
    return finish(err);
}

static enum rh_err walk_holder(struct hub_ask *ask, const struct filter *filter)
{
    struct hub_cursor cursor;
    enum rh_state state;
    uint64_t rno;
    enum rh_err err = start(ask, 'h', &cursor);
    for (uint32_t seen = 0; err == RH_OK; seen++) {
        if (page_is_full(ask, filter, seen, 'h', &cursor))
            return RH_OK;
        err = hub_views_holder_next(ask->map, filter->holder, &cursor, &state, &rno);
        if (err == RH_OK && (filter->state == RH_STATE_NONE || filter->state == state))
            err = show(ask, filter, rno);
    }
    return finish(err);
}

static enum rh_err walk_party(struct hub_ask *ask, const struct filter *filter)
{
    struct hub_cursor cursor;
    uint32_t agency = filter->to != 0 ? filter->to : filter->from;
    uint64_t rno;
    enum rh_err err = start(ask, 'p', &cursor);
    for (uint32_t seen = 0; err == RH_OK; seen++) {
        if (page_is_full(ask, filter, seen, 'p', &cursor))
            return RH_OK;
        err = hub_views_party_next(ask->map, agency, &cursor, &rno);
        if (err == RH_OK)
            err = show(ask, filter, rno);
    }
    return finish(err);
}

static enum rh_err walk(struct hub_ask *ask, const struct filter *filter)
{
    if (filter->order == BY_NUMBER)
        return walk_up(ask, filter);
    if (filter->order == BY_NUMBER_DOWN)
        return walk_down(ask, filter);
    if (filter->by_due || filter->order == BY_DUE)
        return walk_due(ask, filter);
    if (filter->holder != 0)
        return walk_holder(ask, filter);
    if (filter->from != 0 || filter->to != 0)
        return walk_party(ask, filter);
    return walk_down(ask, filter);
}

enum rh_err hub_verb_referral_list(struct hub_ask *ask)
{
    struct filter filter = { .limit = 0 };
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = read_filter(ask, &filter);
    if (err != RH_OK || hub_args_text(ask, "key") == NULL)
        return err != RH_OK ? err : walk(ask, &filter);
    err = hub_find_referral(ask, "key", ask->op->referral);
    if (err != RH_OK && ask->refusal == RH_REFUSE_UNKNOWN_REFERRAL) {
        ask->refusal = 0; /* a list of none */
        return RH_OK;
    }
    if (err == RH_OK && matches(&filter, ask->op->referral))
        err = hub_ask_row(ask, hub_json_referral(ask, ask->op->referral));
    return err;
}
