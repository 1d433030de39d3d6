/* deadline.board: clocks by their end, or how many of them press whom. */
#include "operator/inside.h"

#include <stdlib.h>
#include <string.h>

#include <rh/date.h>
#include <rh/text.h>

static enum rh_err show_clock(struct hub_ask *ask, uint64_t rno, uint32_t serial)
{
    struct hub_referral *row = ask->op->referral;
    enum rh_err err = hub_views_referral(ask->map, rno, row);
    const struct hub_deadline *deadline = err == RH_OK ? hub_find_clock(row, serial) : NULL;
    if (err == RH_OK && deadline == NULL)
        return RH_ERR_CORRUPT; /* the index names a clock its row does not have */
    if (err == RH_OK)
        err = hub_ask_row(ask, hub_json_deadline(ask, row, deadline));
    return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
}

static void start_at(struct hub_cursor *cursor, uint64_t from_ms)
{
    if (from_ms == 0)
        return;
    for (unsigned i = 0; i < 8; i++)
        cursor->key[i] = (uint8_t)((from_ms - 1) >> (56 - 8 * i));
    memset(cursor->key + 8, 0xff, 12);
    cursor->bytes = 20;
}

static enum rh_err list_clocks(struct hub_ask *ask, uint64_t from_ms, uint64_t to_ms)
{
    struct hub_cursor cursor = { .bytes = 0 };
    uint64_t end_ms, rno;
    uint32_t serial, owed_by;
    uint32_t limit = hub_args_limit(ask);
    enum rh_err err =
        hub_token_read(ask, 'b', cursor.key, sizeof cursor.key, &cursor.bytes);
    if (err == RH_OK && cursor.bytes == 0)
        start_at(&cursor, from_ms);
    while (err == RH_OK && ask->rows < limit) {
        err = hub_views_due_next(ask->map, &cursor, &end_ms, &rno, &serial, &owed_by);
        if (err == RH_ERR_NOTFOUND || (err == RH_OK && end_ms >= to_ms))
            return RH_OK;
        if (err == RH_OK)
            err = show_clock(ask, rno, serial);
    }
    if (err == RH_OK)
        hub_token_write(ask, 'b', cursor.key, cursor.bytes);
    return err;
}

/* ---- counted --------------------------------------------------------------------------- */

enum { GROUPS_MAX = 1024, GROUPED_CLOCKS_MAX = 200000, SNAPSHOT_CLOCKS = 2000 };

enum bucket { OVERDUE, TODAY, SOON, WEEK, LATER, BUCKETS };

struct group {
    uint32_t agency;
    char procedure[RH_CODE_BYTES_MAX + 1];
    uint64_t counts[BUCKETS];
};

struct board {
    bool by_agency;
    uint64_t ends[LATER]; /* exclusive bounds of the buckets, in order */
    uint32_t count;
    struct group *groups; /* GROUPS_MAX */
};

static enum rh_err set_bounds(struct hub_ask *ask, struct board *board)
{
    static const char *const names[LATER] = { "overdue", "today", "3wd", "week" };
    uint64_t from_ms;
    enum rh_err err = RH_OK;
    for (int i = 0; i < LATER && err == RH_OK; i++)
        err = hub_find_window(ask, names[i], &from_ms, &board->ends[i]);
    if (board->ends[WEEK] < board->ends[SOON])
        board->ends[WEEK] = board->ends[SOON]; /* late in the week nothing lies between */
    return err;
}

static struct group *find_group(struct board *board, uint32_t agency, const char *procedure)
{
    for (uint32_t i = 0; i < board->count; i++) {
        struct group *group = &board->groups[i];
        if (board->by_agency ? group->agency == agency
                             : strcmp(group->procedure, procedure) == 0)
            return group;
    }
    if (board->count == GROUPS_MAX)
        return NULL;
    struct group *group = &board->groups[board->count++];
    group->agency = agency;
    memcpy(group->procedure, procedure, strlen(procedure) + 1);
    return group;
}

static enum rh_err count_clock(struct hub_ask *ask, struct board *board, uint64_t end_ms,
                               uint64_t rno, uint32_t owed_by)
{
    const char *procedure = "";
    if (!board->by_agency) {
        enum rh_err err = hub_views_referral(ask->map, rno, ask->op->referral);
        if (err != RH_OK)
            return err;
        procedure = ask->op->referral->procedure;
    }
    struct group *group = find_group(board, owed_by, procedure);
    int bucket = 0;
    while (bucket < LATER && end_ms >= board->ends[bucket])
        bucket++;
    if (group != NULL)
        group->counts[bucket]++;
    return RH_OK;
}

static enum rh_err count_clocks(struct hub_ask *ask, struct board *board, uint64_t from_ms,
                                uint64_t to_ms)
{
    struct hub_cursor cursor = { .bytes = 0 };
    uint64_t end_ms, rno;
    uint32_t serial, owed_by;
    enum rh_err err = RH_OK;
    start_at(&cursor, from_ms);
    for (uint32_t seen = 1; err == RH_OK && seen <= GROUPED_CLOCKS_MAX; seen++) {
        err = hub_views_due_next(ask->map, &cursor, &end_ms, &rno, &serial, &owed_by);
        if (err == RH_ERR_NOTFOUND || (err == RH_OK && end_ms >= to_ms))
            return RH_OK;
        if (err == RH_OK)
            err = count_clock(ask, board, end_ms, rno, owed_by);
        /* No snapshot is held for long: freed pages could not be used again. */
        if (err == RH_OK && seen % SNAPSHOT_CLOCKS == 0)
            err = hub_snapshot_begin(ask);
    }
    return err;
}

static enum rh_err show_groups(struct hub_ask *ask, const struct board *board)
{
    static const char *const keys[BUCKETS] = { "overdue", "today", "within_3wd", "week",
                                               "later" };
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; i < board->count && err == RH_OK; i++) {
        const struct group *group = &board->groups[i];
        json_t *row = hub_json_row("deadline_count");
        const char *id = board->by_agency ? hub_json_name(ask, group->agency)->id.text
                                          : group->procedure;
        hub_json_text(row, "id", id);
        hub_json_text(row, "by", board->by_agency ? "agency" : "procedure");
        hub_json_agency(ask, row, "agency", board->by_agency ? group->agency : 0);
        hub_json_text(row, "procedure", group->procedure);
        for (int b = 0; b < BUCKETS; b++)
            hub_json_uint(row, keys[b], group->counts[b]);
        err = hub_ask_row(ask, row);
    }
    return err;
}

static enum rh_err count_board(struct hub_ask *ask, const char *by, uint64_t from_ms,
                               uint64_t to_ms)
{
    struct board board = { .by_agency = strcmp(by, "agency") == 0 };
    if (!board.by_agency && strcmp(by, "procedure") != 0)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/by",
                              N_("agency or procedure is wanted"), by);
    enum rh_err err = set_bounds(ask, &board);
    if (err != RH_OK)
        return err;
    board.groups = calloc(GROUPS_MAX, sizeof board.groups[0]);
    if (board.groups == NULL)
        return RH_ERR_NOMEM;
    err = count_clocks(ask, &board, from_ms, to_ms);
    if (err == RH_OK)
        err = show_groups(ask, &board);
    free(board.groups);
    return err;
}

enum rh_err hub_verb_deadline_board(struct hub_ask *ask)
{
    const char *due = hub_args_text(ask, "due");
    const char *by = hub_args_text(ask, "by");
    uint64_t from_ms = 0, to_ms = UINT64_MAX;
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK && due != NULL)
        err = hub_find_window(ask, due, &from_ms, &to_ms);
    if (err != RH_OK)
        return err;
    return by != NULL ? count_board(ask, by, from_ms, to_ms) : list_clocks(ask, from_ms, to_ms);
}
