/* A referral's row and everything that is derived from it. The outcome brings the whole row
 * after; the row before is read from the map; what differs between the two is taken out of and
 * put into the indexes. hub_views_verify derives the same again from the rows alone. */
#include "views/apply.h"

#include <string.h>

static const struct rh_bytes nothing = { NULL, 0 };

static enum rh_err set_rno(struct hub_views *views, unsigned table, const struct hub_key *key,
                           uint64_t rno)
{
    uint8_t value[8];
    hub_put_u64(value, rno);
    return hub_change_set(views, table, key, (struct rh_bytes){ value, sizeof value });
}

static enum rh_err index_wake(struct hub_views *views, const struct hub_referral *old,
                              const struct hub_referral *row)
{
    uint64_t before = old == NULL ? 0 : hub_referral_wake(old);
    uint64_t after = hub_referral_wake(row);
    enum rh_err err = RH_OK;
    if (before == after)
        return RH_OK;
    if (before != 0) {
        struct hub_key key = hub_key_u64_u64(before, row->rno);
        err = hub_change_remove(views, HUB_TABLE_WAKE, &key, nothing);
    }
    if (after != 0 && err == RH_OK) {
        struct hub_key key = hub_key_u64_u64(after, row->rno);
        err = hub_change_insert(views, HUB_TABLE_WAKE, &key, nothing);
    }
    return err;
}

static enum rh_err index_holder(struct hub_views *views, const struct hub_referral *old,
                                const struct hub_referral *row)
{
    uint32_t before = old == NULL ? 0 : old->holder;
    if (before == row->holder && (before == 0 || old->state == row->state))
        return RH_OK;
    enum rh_err err = RH_OK;
    if (before != 0) {
        struct hub_key key = hub_key_holder(before, old->state, row->rno);
        err = hub_change_remove(views, HUB_TABLE_HOLDER, &key, nothing);
    }
    if (row->holder != 0 && err == RH_OK) {
        struct hub_key key = hub_key_holder(row->holder, row->state, row->rno);
        err = hub_change_insert(views, HUB_TABLE_HOLDER, &key, nothing);
    }
    return err;
}

/* Whether a row has this very entry in the table of clocks by end. */
static bool has_due(const struct hub_referral *row, const struct hub_deadline *wanted)
{
    for (uint32_t i = 0; row != NULL && i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (deadline->serial == wanted->serial && deadline->end_ms == wanted->end_ms &&
            deadline->owed_by == wanted->owed_by && hub_deadline_is_due(deadline))
            return true;
    }
    return false;
}

static enum rh_err index_due(struct hub_views *views, const struct hub_referral *old,
                             const struct hub_referral *row)
{
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; old != NULL && i < old->deadline_count && err == RH_OK; i++) {
        const struct hub_deadline *deadline = &old->deadlines[i];
        if (!hub_deadline_is_due(deadline) || has_due(row, deadline))
            continue;
        struct hub_key key = hub_key_due(deadline->end_ms, row->rno, deadline->serial);
        err = hub_change_clear(views, HUB_TABLE_DUE, &key);
    }
    for (uint32_t i = 0; i < row->deadline_count && err == RH_OK; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (!hub_deadline_is_due(deadline) || has_due(old, deadline))
            continue;
        uint8_t value[4];
        struct hub_key key = hub_key_due(deadline->end_ms, row->rno, deadline->serial);
        hub_put_u32(value, deadline->owed_by);
        err = hub_change_set(views, HUB_TABLE_DUE, &key,
                             (struct rh_bytes){ value, sizeof value });
    }
    return err;
}

static bool has_party(const struct hub_referral *row, uint32_t agency)
{
    for (uint32_t i = 0; row != NULL && i < row->party_count; i++)
        if (row->parties[i] == agency)
            return true;
    return false;
}

static enum rh_err index_parties(struct hub_views *views, const struct hub_referral *old,
                                 const struct hub_referral *row)
{
    enum rh_err err = RH_OK;
    if (old != NULL && old->party_count == row->party_count &&
        memcmp(old->parties, row->parties, row->party_count * sizeof row->parties[0]) == 0)
        return RH_OK;
    for (uint32_t i = 0; old != NULL && i < old->party_count && err == RH_OK; i++) {
        struct hub_key key = hub_key_u32_u64(old->parties[i], row->rno);
        if (!has_party(row, old->parties[i]))
            err = hub_change_clear(views, HUB_TABLE_PARTY, &key);
    }
    for (uint32_t i = 0; i < row->party_count && err == RH_OK; i++) {
        struct hub_key key = hub_key_u32_u64(row->parties[i], row->rno);
        if (!has_party(old, row->parties[i]))
            err = hub_change_set(views, HUB_TABLE_PARTY, &key, nothing);
    }
    return err;
}

static bool has_external(const struct hub_referral *row, const struct rh_external *external)
{
    for (uint32_t i = 0; row != NULL && i < row->external_count; i++) {
        if (strcmp(row->externals[i].system, external->system) == 0 &&
            memcmp(&row->externals[i].hash, &external->hash, sizeof external->hash) == 0)
            return true;
    }
    return false;
}

/* An external number belongs to the referral that had it first. Decide sees to it that no two
 * have the same; should they, the older one stays, in whatever order rows are written. */
static enum rh_err index_external(struct hub_views *views, const struct rh_external *external,
                                  uint64_t rno, bool has)
{
    struct rh_bytes old;
    struct hub_key key = hub_key_external(external);
    enum rh_err err = hub_look(views->map, HUB_TABLE_EXTERNAL, &key, &old);
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return err;
    if (err == RH_OK && old.bytes != 8)
        return RH_ERR_CORRUPT;
    if (err == RH_OK && !has)
        return hub_get_u64(old.data) == rno
                   ? hub_change_remove(views, HUB_TABLE_EXTERNAL, &key, old)
                   : RH_OK;
    if (!has || (err == RH_OK && hub_get_u64(old.data) <= rno))
        return RH_OK;
    return set_rno(views, HUB_TABLE_EXTERNAL, &key, rno);
}

static enum rh_err index_externals(struct hub_views *views, const struct hub_referral *old,
                                   const struct hub_referral *row)
{
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; old != NULL && i < old->external_count && err == RH_OK; i++)
        if (!has_external(row, &old->externals[i]))
            err = index_external(views, &old->externals[i], row->rno, false);
    for (uint32_t i = 0; i < row->external_count && err == RH_OK; i++)
        if (!has_external(old, &row->externals[i]))
            err = index_external(views, &row->externals[i], row->rno, true);
    return err;
}

/* Marks follow from what was registered and never change, but for the seal, which takes all of
 * them away and whose end gives them back. */
static enum rh_err index_marks(struct hub_views *views, const struct hub_referral *old,
                               const struct hub_referral *row)
{
    struct hub_mark marks[HUB_MARKS_MAX];
    enum rh_err err = RH_OK;
    if (old != NULL && old->sealed == row->sealed)
        return RH_OK;
    uint32_t count = old == NULL ? 0 : hub_referral_marks(old, marks);
    for (uint32_t i = 0; i < count && err == RH_OK; i++) {
        struct hub_key key = hub_key_mark(&marks[i], row->rno);
        err = hub_change_clear(views, HUB_TABLE_MARK, &key);
    }
    count = hub_referral_marks(row, marks);
    for (uint32_t i = 0; i < count && err == RH_OK; i++) {
        struct hub_key key = hub_key_mark(&marks[i], row->rno);
        err = hub_change_set(views, HUB_TABLE_MARK, &key, nothing);
    }
    return err;
}

static enum rh_err index_code(struct hub_views *views, const struct hub_referral *old,
                              const struct hub_referral *row)
{
    if (old != NULL || row->query_code[0] == 0)
        return RH_OK;
    struct hub_key key = hub_key_text(row->query_code);
    return set_rno(views, HUB_TABLE_QUERY, &key, row->rno);
}

/* What never changes once it is there: id, human number, parent. */
static enum rh_err index_names(struct hub_views *views, const struct hub_referral *old,
                               const struct hub_referral *row)
{
    enum rh_err err = RH_OK;
    if (old == NULL || memcmp(&old->id, &row->id, sizeof row->id) != 0) {
        struct hub_key key = hub_key_id(row->id.bytes);
        struct hub_key gone = hub_key_id(old == NULL ? row->id.bytes : old->id.bytes);
        err = old == NULL ? RH_OK : hub_change_clear(views, HUB_TABLE_REFERRAL_ID, &gone);
        if (err == RH_OK)
            err = set_rno(views, HUB_TABLE_REFERRAL_ID, &key, row->rno);
    }
    if (err == RH_OK && (old == NULL || strcmp(old->number, row->number) != 0)) {
        struct hub_key key = hub_key_text(row->number);
        struct hub_key gone = hub_key_text(old == NULL ? "" : old->number);
        if (gone.bytes != 0)
            err = hub_change_clear(views, HUB_TABLE_HUMAN, &gone);
        if (err == RH_OK && key.bytes != 0)
            err = set_rno(views, HUB_TABLE_HUMAN, &key, row->rno);
    }
    if (err == RH_OK && (old == NULL || memcmp(&old->parent, &row->parent,
                                               sizeof row->parent) != 0)) {
        struct hub_key key = hub_key_child(&row->parent, row->rno);
        struct hub_key gone =
            hub_key_child(old == NULL ? &row->parent : &old->parent, row->rno);
        err = old == NULL ? RH_OK : hub_change_clear(views, HUB_TABLE_CHILD, &gone);
        if (err == RH_OK && !rh_id_is_zero(row->parent.bytes))
            err = hub_change_set(views, HUB_TABLE_CHILD, &key, nothing);
    }
    return err;
}

static enum rh_err count_overdue(struct hub_views *views, const struct hub_referral *row,
                                 int64_t delta)
{
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; i < row->deadline_count && err == RH_OK; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (deadline->status == HUB_DEADLINE_MISSED && deadline->ended_ms == 0)
            err = hub_count_both(views, HUB_FIGURE_OVERDUE, HUB_FIGURE_OVERDUE_AGENCY,
                                 deadline->owed_by, delta);
    }
    return err;
}

static enum rh_err count_row(struct hub_views *views, const struct hub_referral *row,
                             int64_t delta)
{
    enum rh_err err = hub_count_add(views, HUB_FIGURE_REFERRALS, 0, delta);
    if (err == RH_OK)
        err = hub_count_add(views, HUB_FIGURE_STATE, (uint32_t)row->state, delta);
    if (err == RH_OK && row->holder != 0)
        err = hub_count_both(views, HUB_FIGURE_OPEN, HUB_FIGURE_OPEN_AGENCY, row->holder,
                             delta);
    return err == RH_OK ? count_overdue(views, row, delta) : err;
}

/* "R-2026-000042": the year and the ordinal. False when it is of another form. */
static bool number_parts(const char *number, uint32_t *year, uint64_t *ordinal)
{
    *year = 0;
    *ordinal = 0;
    if (number[0] != 'R' || number[1] != '-')
        return false;
    const char *at = number + 2;
    for (int i = 0; i < 4; i++, at++) {
        if (*at < '0' || *at > '9')
            return false;
        *year = *year * 10 + (uint32_t)(*at - '0');
    }
    if (*at++ != '-' || *at == 0)
        return false;
    for (; *at != 0; at++) { /* fewer digits than HUB_NUMBER_BYTES: no overflow */
        if (*at < '0' || *at > '9')
            return false;
        *ordinal = *ordinal * 10 + (uint64_t)(*at - '0');
    }
    return true;
}

static void take_numbers(struct hub_next *next, const struct hub_referral *row)
{
    uint32_t year;
    uint64_t ordinal;
    if (row->rno >= next->rno && row->rno != UINT64_MAX)
        next->rno = row->rno + 1;
    if (row->key_slot >= next->slot && row->key_slot != UINT64_MAX)
        next->slot = row->key_slot + 1;
    if (!number_parts(row->number, &year, &ordinal))
        return;
    if (year > next->year || (year == next->year && ordinal >= next->ordinal)) {
        next->year = year;
        next->ordinal = ordinal + 1;
    }
}

/* `old` as stored is mapped and gone after the first put, so the row is written at once and
 * `before` holds what it was. */
static enum rh_err write_row(struct hub_views *views, const struct hub_referral *row,
                             const struct hub_referral **before, bool *same)
{
    struct rh_bytes old;
    struct rh_writer writer;
    struct hub_key key = hub_key_u64(row->rno);
    rh_writer_init(&writer, views->buffer, HUB_MAP_VALUE_MAX);
    if (hub_referral_encode(row, &writer) != RH_OK)
        return RH_ERR_CORRUPT;
    struct rh_bytes now = { views->buffer, writer.bytes };

    *before = NULL;
    *same = false;
    enum rh_err err = hub_look(views->map, HUB_TABLE_REFERRAL, &key, &old);
    if (err == RH_ERR_NOTFOUND)
        return row->rno >= views->next.rno
                   ? hub_change_append(views, HUB_TABLE_REFERRAL, &key, now)
                   : hub_change_insert(views, HUB_TABLE_REFERRAL, &key, now);
    if (err != RH_OK)
        return err;
    *same = old.bytes == now.bytes && memcmp(old.data, now.data, now.bytes) == 0;
    if (*same)
        return RH_OK;
    if (hub_referral_decode(old, views->before) != RH_OK)
        return RH_ERR_CORRUPT;
    *before = views->before;
    return hub_change_replace(views, HUB_TABLE_REFERRAL, &key, old, now);
}

enum rh_err hub_apply_referral(struct hub_views *views, const struct hub_record *record,
                               const struct hub_referral *row)
{
    const struct hub_referral *old;
    bool same;
    enum rh_err err = write_row(views, row, &old, &same);
    if (err != RH_OK || same)
        return err;
    err = index_wake(views, old, row);
    if (err == RH_OK)
        err = index_due(views, old, row);
    if (err == RH_OK)
        err = index_holder(views, old, row);
    if (err == RH_OK)
        err = index_parties(views, old, row);
    if (err == RH_OK)
        err = index_externals(views, old, row);
    if (err == RH_OK)
        err = index_names(views, old, row);
    if (err == RH_OK)
        err = index_marks(views, old, row);
    if (err == RH_OK)
        err = index_code(views, old, row);
    if (err == RH_OK && old != NULL)
        err = count_row(views, old, -1);
    if (err == RH_OK)
        err = count_row(views, row, 1);
    if (err == RH_OK)
        err = hub_month_row(views, record, old, row);
    if (err == RH_OK)
        take_numbers(&views->next, row);
    return err;
}
