#include "views/month.h"
#include "views/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGENCIES_MAX = 1 << 24 };

static const struct rh_bytes nothing = { NULL, 0 };

void hub_verify_fault(struct hub_verify *verify, unsigned table, const char *what,
                      struct rh_bytes key)
{
    struct hub_views_report *report = verify->report;
    if (report->faults++ > 0)
        return;
    char hex[2 * 32 + 1] = "";
    size_t shown = key.bytes < 32 ? key.bytes : 32;
    for (size_t i = 0; i < shown; i++)
        snprintf(hex + 2 * i, 3, "%02x", key.data[i]);
    report->table = table;
    snprintf(report->text, sizeof report->text, "table %s, key %s%s: %s", hub_table_name(table),
             hex, shown < key.bytes ? "..." : "", what);
}

enum rh_err hub_verify_wants(struct hub_verify *verify, unsigned table,
                             const struct hub_key *key, struct rh_bytes value)
{
    struct rh_bytes found;
    verify->wanted[table]++;
    enum rh_err err = hub_look(verify->map, table, key, &found);
    if (err == RH_ERR_NOTFOUND) {
        hub_verify_fault(verify, table, "missing", hub_key_view(key));
        return RH_OK;
    }
    if (err == RH_OK && (found.bytes != value.bytes ||
                         (value.bytes > 0 && memcmp(found.data, value.data, value.bytes) != 0)))
        hub_verify_fault(verify, table, "another value than its row says", hub_key_view(key));
    return err;
}

static enum rh_err wants_rno(struct hub_verify *verify, unsigned table,
                             const struct hub_key *key, uint64_t rno)
{
    uint8_t value[8];
    hub_put_u64(value, rno);
    return hub_verify_wants(verify, table, key, (struct rh_bytes){ value, sizeof value });
}

struct hub_tally *hub_verify_tally(struct hub_verify *verify, uint32_t agency)
{
    return &verify->by_agency[agency < verify->agencies ? agency : verify->agencies];
}

enum rh_err hub_verify_walk(struct hub_verify *verify, unsigned table, hub_verify_fn *entry)
{
    struct hub_key from = { .bytes = 0 };
    uint8_t *copy = malloc(HUB_MAP_VALUE_MAX);
    enum rh_err err = copy == NULL ? RH_ERR_NOMEM : RH_OK;
    while (err == RH_OK) {
        struct rh_bytes key, value;
        struct hub_key kept;
        err = hub_map_next(verify->map, table, hub_key_view(&from), &key, &value);
        if (err != RH_OK)
            break;
        if (key.bytes >= HUB_MAP_KEY_MAX || value.bytes > HUB_MAP_VALUE_MAX) {
            err = RH_ERR_CORRUPT;
            break;
        }
        verify->report->entries++;
        kept.bytes = key.bytes;
        memcpy(kept.data, key.data, key.bytes);
        if (value.bytes > 0)
            memcpy(copy, value.data, value.bytes);
        from = hub_key_after(key);
        err = entry(verify, &kept, (struct rh_bytes){ copy, value.bytes });
    }
    free(copy);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static enum rh_err check_clocks(struct hub_verify *verify, const struct hub_referral *row)
{
    enum rh_err err = RH_OK;
    uint64_t wake_ms = hub_referral_wake(row);
    if (wake_ms != 0) {
        struct hub_key key = hub_key_u64_u64(wake_ms, row->rno);
        err = hub_verify_wants(verify, HUB_TABLE_WAKE, &key, nothing);
    }
    for (uint32_t i = 0; i < row->deadline_count && err == RH_OK; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (hub_deadline_is_due(deadline)) {
            uint8_t value[4];
            struct hub_key key = hub_key_due(deadline->end_ms, row->rno, deadline->serial);
            hub_put_u32(value, deadline->owed_by);
            err = hub_verify_wants(verify, HUB_TABLE_DUE, &key,
                                   (struct rh_bytes){ value, sizeof value });
        }
        if (deadline->status == HUB_DEADLINE_MISSED && deadline->ended_ms == 0) {
            verify->all.overdue++;
            hub_verify_tally(verify, deadline->owed_by)->overdue++;
        }
    }
    return err;
}

static enum rh_err check_agencies(struct hub_verify *verify, const struct hub_referral *row)
{
    enum rh_err err = RH_OK;
    if (row->holder != 0) {
        struct hub_key key = hub_key_holder(row->holder, row->state, row->rno);
        err = hub_verify_wants(verify, HUB_TABLE_HOLDER, &key, nothing);
        verify->all.open++;
        hub_verify_tally(verify, row->holder)->open++;
    }
    for (uint32_t i = 0; i < row->party_count && err == RH_OK; i++) {
        struct hub_key key = hub_key_u32_u64(row->parties[i], row->rno);
        err = hub_verify_wants(verify, HUB_TABLE_PARTY, &key, nothing);
    }
    return err;
}

/* The older referral keeps an external number, should two ever have the same. */
static enum rh_err check_external(struct hub_verify *verify, const struct rh_external *external,
                                  uint64_t rno)
{
    struct rh_bytes found;
    struct hub_key key = hub_key_external(external);
    enum rh_err err = hub_look(verify->map, HUB_TABLE_EXTERNAL, &key, &found);
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return err;
    uint64_t has = err == RH_OK && found.bytes == 8 ? hub_get_u64(found.data) : UINT64_MAX;
    if (has > rno)
        hub_verify_fault(verify, HUB_TABLE_EXTERNAL, "not of the referral that had it first",
                         hub_key_view(&key));
    if (has == rno)
        verify->wanted[HUB_TABLE_EXTERNAL]++;
    return RH_OK;
}

static enum rh_err check_marks(struct hub_verify *verify, const struct hub_referral *row)
{
    struct hub_mark marks[HUB_MARKS_MAX];
    enum rh_err err = RH_OK;
    uint32_t count = hub_referral_marks(row, marks);
    for (uint32_t i = 0; i < count && err == RH_OK; i++) {
        struct hub_key key = hub_key_mark(&marks[i], row->rno);
        err = hub_verify_wants(verify, HUB_TABLE_MARK, &key, nothing);
    }
    if (err == RH_OK && row->query_code[0] != 0) {
        struct hub_key key = hub_key_text(row->query_code);
        err = wants_rno(verify, HUB_TABLE_QUERY, &key, row->rno);
    }
    return err;
}

static enum rh_err check_names(struct hub_verify *verify, const struct hub_referral *row)
{
    struct hub_key key = hub_key_id(row->id.bytes);
    enum rh_err err = wants_rno(verify, HUB_TABLE_REFERRAL_ID, &key, row->rno);
    if (err == RH_OK && row->number[0] != 0) {
        key = hub_key_text(row->number);
        err = wants_rno(verify, HUB_TABLE_HUMAN, &key, row->rno);
    }
    if (err == RH_OK && !rh_id_is_zero(row->parent.bytes)) {
        key = hub_key_child(&row->parent, row->rno);
        err = hub_verify_wants(verify, HUB_TABLE_CHILD, &key, nothing);
    }
    for (uint32_t i = 0; i < row->external_count && err == RH_OK; i++)
        err = check_external(verify, &row->externals[i], row->rno);
    return err;
}

static enum rh_err check_referral(struct hub_verify *verify, const struct hub_key *key,
                                  struct rh_bytes value)
{
    struct hub_referral *row = verify->row;
    if (key->bytes != 8 || hub_referral_decode(value, row) != RH_OK ||
        hub_get_u64(key->data) != row->rno) {
        hub_verify_fault(verify, HUB_TABLE_REFERRAL, "not a row of that number",
                         hub_key_view(key));
        return RH_OK;
    }
    if (row->rno >= verify->next.rno || row->key_slot >= verify->next.slot)
        hub_verify_fault(verify, HUB_TABLE_REFERRAL, "a number that was not given yet",
                         hub_key_view(key));
    verify->referrals++;
    verify->states[row->state]++;
    enum rh_err err = check_clocks(verify, row);
    if (err == RH_OK)
        err = check_agencies(verify, row);
    if (err == RH_OK)
        err = check_marks(verify, row);
    return err == RH_OK ? check_names(verify, row) : err;
}

static enum rh_err check_agency(struct hub_verify *verify, const struct hub_key *key,
                                struct rh_bytes value)
{
    struct hub_agency row;
    if (key->bytes != 4 || hub_agency_decode(value, &row) != RH_OK ||
        hub_get_u32(key->data) != row.no || row.no >= verify->next.agency) {
        hub_verify_fault(verify, HUB_TABLE_AGENCY, "not a row of that number",
                         hub_key_view(key));
        return RH_OK;
    }
    verify->agency_rows++;
    if (row.id.text[0] == 0)
        return RH_OK;
    uint8_t no[4];
    struct hub_key id_key = hub_key_text(row.id.text);
    hub_put_u32(no, row.no);
    return hub_verify_wants(verify, HUB_TABLE_AGENCY_ID, &id_key,
                            (struct rh_bytes){ no, sizeof no });
}

static enum rh_err check_line(struct hub_verify *verify, const struct hub_key *key,
                              struct rh_bytes value)
{
    struct rh_bytes row;
    if (key->bytes != 16 || value.bytes != 2) {
        hub_verify_fault(verify, HUB_TABLE_TIMELINE, "not of the form", hub_key_view(key));
        return RH_OK;
    }
    struct hub_key rno = hub_key_u64(hub_get_u64(key->data));
    enum rh_err err = hub_look(verify->map, HUB_TABLE_REFERRAL, &rno, &row);
    if (err != RH_ERR_NOTFOUND)
        return err;
    hub_verify_fault(verify, HUB_TABLE_TIMELINE, "of a referral that is not there",
                     hub_key_view(key));
    return RH_OK;
}

static enum rh_err check_rules(struct hub_verify *verify, const struct hub_key *key,
                               struct rh_bytes value)
{
    if (key->bytes != 8 || value.bytes != 0 ||
        hub_get_u64(key->data) >= verify->next.rules_size)
        hub_verify_fault(verify, HUB_TABLE_RULES, "newer than the newest", hub_key_view(key));
    return RH_OK;
}

static enum rh_err check_job(struct hub_verify *verify, const struct hub_key *key,
                             struct rh_bytes value)
{
    struct hub_job_row job;
    if (key->bytes != 8 || hub_job_decode(value, &job) != RH_OK ||
        job.number != hub_get_u64(key->data))
        hub_verify_fault(verify, HUB_TABLE_JOB, "no job, or of another number",
                         hub_key_view(key));
    return RH_OK;
}

static enum rh_err check_hot(struct hub_verify *verify, const struct hub_key *key,
                             struct rh_bytes value)
{
    struct hub_hot row;
    if (hub_hot_decode(value, &row) != RH_OK) {
        hub_verify_fault(verify, HUB_TABLE_HOT, "not of the form", hub_key_view(key));
        return RH_OK;
    }
    struct hub_key wanted = hub_key_hot(row.rule, row.area);
    if (wanted.bytes != key->bytes || memcmp(wanted.data, key->data, key->bytes) != 0)
        hub_verify_fault(verify, HUB_TABLE_HOT, "under another key than its own",
                         hub_key_view(key));
    return RH_OK;
}

static enum rh_err check_clock(struct hub_verify *verify, const struct hub_key *key,
                               struct rh_bytes value)
{
    if (key->bytes != 8 || value.bytes != 1 || value.data[0] < HUB_CLOCK_JUMP ||
        value.data[0] > HUB_CLOCK_HELD || value.data[0] == HUB_CLOCK_STEERED)
        hub_verify_fault(verify, HUB_TABLE_CLOCK, "says nothing of a clock", hub_key_view(key));
    return RH_OK;
}

static enum rh_err check_month(struct hub_verify *verify, const struct hub_key *key,
                               struct rh_bytes value)
{
    uint32_t month = key->bytes < 8 ? 0 : hub_get_u32(key->data);
    bool sound = month % 100 >= 1 && month % 100 <= 12 &&
                 hub_get_u32(key->data + 4) < verify->agencies &&
                 value.bytes == (size_t)RH_COLUMN_COUNT * 8;
    if (!sound)
        hub_verify_fault(verify, HUB_TABLE_MONTH, "no month, or of nobody known",
                         hub_key_view(key));
    return RH_OK;
}

static enum rh_err check_told(struct hub_verify *verify, const struct hub_key *key,
                              struct rh_bytes value)
{
    bool sound = key->bytes == 12 && value.bytes == 28 &&
                 hub_get_u32(key->data + 8) < verify->agencies &&
                 (hub_get_u64(value.data + 12) == 0) == (hub_get_u64(value.data + 20) == 0);
    if (!sound)
        hub_verify_fault(verify, HUB_TABLE_TOLD, "told nobody known, or read at no instant",
                         hub_key_view(key));
    return RH_OK;
}

static enum rh_err check_subscription(struct hub_verify *verify, const struct hub_key *key,
                                      struct rh_bytes value)
{
    struct hub_subscription row;
    if (hub_subscription_decode(value, &row) != RH_OK || row.agency >= verify->agencies ||
        row.number >= verify->next.subscription) {
        hub_verify_fault(verify, HUB_TABLE_SUBSCRIPTION, "no subscription, or of nobody known",
                         hub_key_view(key));
        return RH_OK;
    }
    struct hub_key wanted = hub_key_subscription(row.area, row.category, row.agency);
    if (wanted.bytes != key->bytes || memcmp(wanted.data, key->data, key->bytes) != 0)
        hub_verify_fault(verify, HUB_TABLE_SUBSCRIPTION, "under another key than its own",
                         hub_key_view(key));
    return RH_OK;
}

static enum rh_err only_count(struct hub_verify *verify, const struct hub_key *key,
                              struct rh_bytes value)
{
    (void)verify;
    (void)key;
    (void)value;
    return RH_OK;
}

static enum rh_err check_sizes(struct hub_verify *verify)
{
    static const unsigned derived[] = {
        HUB_TABLE_AGENCY_ID, HUB_TABLE_REFERRAL_ID, HUB_TABLE_HUMAN, HUB_TABLE_EXTERNAL,
        HUB_TABLE_WAKE,      HUB_TABLE_DUE,         HUB_TABLE_HOLDER, HUB_TABLE_PARTY,
        HUB_TABLE_CHILD,     HUB_TABLE_QUEUE_REF,   HUB_TABLE_MARK,   HUB_TABLE_QUERY,
    };
    enum rh_err err = RH_OK;
    for (size_t i = 0; i < sizeof derived / sizeof derived[0] && err == RH_OK; i++) {
        uint64_t before = verify->report->entries;
        err = hub_verify_walk(verify, derived[i], only_count);
        if (err == RH_OK && verify->report->entries - before != verify->wanted[derived[i]])
            hub_verify_fault(verify, derived[i], "more or fewer entries than rows call for",
                             nothing);
    }
    return err;
}

static enum rh_err verify_all(struct hub_verify *verify)
{
    enum rh_err err = hub_verify_walk(verify, HUB_TABLE_REFERRAL, check_referral);
    if (err == RH_OK)
        err = hub_verify_walk(verify, HUB_TABLE_AGENCY, check_agency);
    if (err == RH_OK)
        err = hub_verify_walk(verify, HUB_TABLE_TIMELINE, check_line);
    if (err == RH_OK)
        err = hub_verify_walk(verify, HUB_TABLE_RULES, check_rules);
    if (err == RH_OK)
        err = hub_verify_walk(verify, HUB_TABLE_JOB, check_job);
    if (err == RH_OK)
        err = hub_verify_walk(verify, HUB_TABLE_HOT, check_hot);
    if (err == RH_OK)
        err = hub_verify_walk(verify, HUB_TABLE_CLOCK, check_clock);
    if (err == RH_OK)
        err = hub_verify_walk(verify, HUB_TABLE_MONTH, check_month);
    if (err == RH_OK)
        err = hub_verify_walk(verify, HUB_TABLE_TOLD, check_told);
    if (err == RH_OK)
        err = hub_verify_walk(verify, HUB_TABLE_SUBSCRIPTION, check_subscription);
    if (err == RH_OK)
        err = hub_verify_queues(verify);
    if (err == RH_OK)
        err = hub_verify_streams(verify);
    if (err == RH_OK)
        err = check_sizes(verify);
    return err == RH_OK ? hub_verify_figures(verify) : err;
}

enum rh_err hub_views_verify(struct hub_map *map, struct hub_views_report *report)
{
    bool known;
    struct hub_verify verify = { .map = map, .report = report };
    memset(report, 0, sizeof *report);
    enum rh_err err = hub_next_read(map, &verify.next, &known);
    if (err == RH_OK && verify.next.agency > AGENCIES_MAX)
        err = RH_ERR_CORRUPT;
    if (err != RH_OK)
        return err;
    verify.agencies = verify.next.agency;
    verify.by_agency = calloc((size_t)verify.agencies + 1, sizeof *verify.by_agency);
    verify.row = calloc(1, sizeof *verify.row);
    err = verify.by_agency == NULL || verify.row == NULL ? RH_ERR_NOMEM : verify_all(&verify);
    free(verify.by_agency);
    free(verify.row);
    return err;
}
