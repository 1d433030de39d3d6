/* From a record to rows: everything is decoded first, then changed. Records of the hub that
 * change nothing but the log (genesis, bundle, digest, cut, clock, erase, carry) only get their
 * place. */
#include "views/apply.h"

#include <string.h>

#include "core/monthly.h"

/* What the timeline shows of a record that is no agency's item. */
static enum rh_kind own_kind(const struct hub_record *record)
{
    if (record->core.type == RH_RECORD_ITEM)
        return hub_record_kind(record->public_part);
    if (record->core.type != RH_RECORD_COMMAND)
        return RH_KIND_NONE;
    switch (record->command) {
    case HUB_COMMAND_ATTENTION:
        return record->action;
    case HUB_COMMAND_DEAD_RETRY:
        return RH_KIND_DEAD_RETRY;
    case HUB_COMMAND_DEAD_RETURN:
        return RH_KIND_DEAD_LETTER;
    case HUB_COMMAND_AGENCY:
    case HUB_COMMAND_SUBSCRIPTION:
    case HUB_COMMAND_NOTE:
    default:
        return RH_KIND_NONE;
    }
}

/* One line per referral and record. Transport words and timers are shown as what they caused
 * (arrived, overdue, dead letter ...); without a cause to show there is no line. */
static enum rh_err add_line(struct hub_views *views, const struct hub_outcome *outcome,
                            enum rh_kind own, uint64_t index, uint64_t rno)
{
    enum rh_kind kind = own;
    if (own == RH_KIND_NONE || own == RH_KIND_ACK || own == RH_KIND_NACK)
        kind = hub_record_noted(outcome, rno);
    if (kind == RH_KIND_NONE && own == RH_KIND_NACK)
        kind = RH_KIND_NACK;
    if (kind == RH_KIND_NONE)
        return RH_OK;
    uint8_t value[2];
    struct hub_key key = hub_key_u64_u64(rno, index);
    hub_put_u16(value, (uint32_t)kind);
    return hub_change_insert(views, HUB_TABLE_TIMELINE, &key,
                             (struct rh_bytes){ value, sizeof value });
}

static bool exists(struct hub_views *views, uint64_t rno, enum rh_err *err)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_u64(rno);
    *err = hub_look(views->map, HUB_TABLE_REFERRAL, &key, &row);
    if (*err == RH_ERR_NOTFOUND) {
        *err = RH_OK;
        return false;
    }
    return *err == RH_OK;
}

/* Referrals an outcome is about: its rows, the one it names, those its notes name. */
static uint64_t touched(const struct hub_outcome *outcome, uint32_t place)
{
    if (place < outcome->row_count)
        return outcome->rows[place].rno;
    place -= outcome->row_count;
    return place == 0 ? outcome->rno : outcome->notes[place - 1].rno;
}

static enum rh_err apply_timeline(struct hub_views *views, const struct hub_record *record,
                                  const struct hub_outcome *outcome)
{
    enum rh_kind own = own_kind(record);
    enum rh_err err = RH_OK;
    uint32_t count = outcome->row_count + 1 + outcome->note_count;
    for (uint32_t i = 0; i < count && err == RH_OK; i++) {
        uint64_t rno = touched(outcome, i);
        bool seen = rno == 0;
        for (uint32_t j = 0; j < i && !seen; j++)
            seen = touched(outcome, j) == rno;
        if (seen || (i >= outcome->row_count && !exists(views, rno, &err)))
            continue;
        err = add_line(views, outcome, own, record->core.index, rno);
    }
    return err;
}

static enum rh_err count_notes(struct hub_views *views, const struct hub_outcome *outcome)
{
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; i < outcome->note_count && err == RH_OK; i++) {
        const struct hub_note_out *note = &outcome->notes[i];
        err = hub_count_add(views, HUB_FIGURE_NOTED_KIND, (uint32_t)note->kind, 1);
        if (err == RH_OK && note->status != 0)
            err = hub_count_add(views, HUB_FIGURE_CLOCK_STATUS, note->status, 1);
    }
    return err;
}

static enum rh_err count_shares(struct hub_views *views, const struct hub_outcome *outcome)
{
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; i < outcome->share_count && err == RH_OK; i++)
        err = hub_count_both(views, HUB_FIGURE_SHARED, HUB_FIGURE_SHARED_NUMBER,
                             outcome->shares[i].subscription, 1);
    return err;
}

static enum rh_err apply_outcome(struct hub_views *views, const struct hub_record *record,
                                 const struct hub_outcome *outcome)
{
    enum rh_err err = RH_OK;
    if (outcome->refusal != 0) /* a command that was refused: nothing but its record */
        return RH_OK;
    for (uint32_t i = 0; i < outcome->row_count && err == RH_OK; i++)
        err = hub_apply_referral(views, record, &outcome->rows[i]);
    if (err == RH_OK)
        err = hub_apply_queues(views, record, outcome);
    for (uint32_t i = 0; i < outcome->hot_count && err == RH_OK; i++)
        err = hub_apply_hot(views, &outcome->hots[i]);
    if (err == RH_OK)
        err = apply_timeline(views, record, outcome);
    if (err == RH_OK)
        err = count_shares(views, outcome);
    return err == RH_OK ? count_notes(views, outcome) : err;
}

/* A refused item has consumed its number and is seen in the timeline; that is all. */
static enum rh_err apply_item(struct hub_views *views, const struct hub_record *record,
                              struct hub_outcome *outcome)
{
    uint32_t refusal = record->core.outcome;
    enum rh_kind kind = hub_record_kind(record->public_part);
    enum rh_err err = hub_apply_number(views, record, outcome->rno, kind);
    if (err != RH_OK)
        return err;
    if (refusal != 0) {
        outcome->row_count = outcome->note_count = 0;
        outcome->delivery_count = outcome->queue_count = 0;
        outcome->hot_count = outcome->share_count = 0;
        err = hub_count_both(views, HUB_FIGURE_REFUSED, HUB_FIGURE_REFUSED_NUMBER, refusal, 1);
        return err == RH_OK ? apply_timeline(views, record, outcome) : err;
    }
    /* A bulletin of no referral, and its acknowledgement, lie under a content key of their own,
     * the first free one. */
    bool apart = outcome->row_count == 0 &&
                 (kind == RH_KIND_BULLETIN || kind == RH_KIND_ACKNOWLEDGE_INFO);
    if (apart &&
        record->free_slot >= views->next.slot && record->free_slot != UINT64_MAX)
        views->next.slot = record->free_slot + 1;
    err = hub_count_both(views, HUB_FIGURE_STORED, HUB_FIGURE_STORED_KIND,
                         (uint32_t)kind, 1);
    if (err == RH_OK && apart && kind == RH_KIND_ACKNOWLEDGE_INFO)
        err = hub_apply_read(views, record);
    return err == RH_OK ? apply_outcome(views, record, outcome) : err;
}

static enum rh_err apply_place(struct hub_views *views, uint64_t index,
                               const struct hub_location *location)
{
    uint8_t value[HUB_VALUE_BODY_BYTES];
    struct hub_key key = hub_key_u64(index);
    hub_put_u64(value, location->segment);
    hub_put_u64(value + 8, location->offset);
    hub_put_u32(value + 16, location->bytes);
    return hub_map_append(views->map, HUB_TABLE_BODY, hub_key_view(&key),
                          (struct rh_bytes){ value, sizeof value });
}

/* Rows that records carry beside their outcome. */
struct carried {
    struct hub_agency agency;
    struct hub_job_row job;
    struct hub_subscription subscription;
};

static enum rh_err apply_job(struct hub_views *views, const struct hub_record *record,
                             const struct carried *carried)
{
    enum rh_err err = apply_outcome(views, record, views->outcome);
    if (err == RH_OK && record->agency_row.bytes != 0)
        err = hub_apply_agency(views, &carried->agency, record->agency_row);
    return err == RH_OK ? hub_apply_job(views, &carried->job, record->job_row) : err;
}

/* Nobody is owed the bulletin of a month before the hub. */
static enum rh_err begin_months(struct hub_views *views, const struct hub_record *record)
{
    struct hub_monthly monthly = { 0 };
    monthly.month = hub_monthly_before(hub_month_of(record->core.stored_ms));
    return hub_apply_monthly(views, &monthly);
}

/* A timer is one referral's, or the month's bulletin. */
static enum rh_err apply_timer(struct hub_views *views, const struct hub_record *record,
                               const struct hub_outcome *outcome)
{
    if (outcome->month != 0) {
        enum rh_err err = hub_apply_monthly(views, &outcome->monthly);
        if (err == RH_OK)
            err = hub_apply_message(views, record, 0, RH_KIND_BULLETIN);
        if (err != RH_OK)
            return err;
    }
    return apply_outcome(views, record, outcome);
}

static enum rh_err apply_command(struct hub_views *views, const struct hub_record *record,
                                 const struct carried *carried)
{
    enum rh_err err = RH_OK;
    if (record->agency_row.bytes != 0)
        err = hub_apply_agency(views, &carried->agency, record->agency_row);
    if (err == RH_OK && record->subscription_row.bytes != 0)
        err = hub_apply_subscription(views, &carried->subscription, record->subscription_row);
    return err == RH_OK ? apply_outcome(views, record, views->outcome) : err;
}

static enum rh_err apply_type(struct hub_views *views, const struct hub_record *record,
                              const struct carried *carried)
{
    switch (record->core.type) {
    case RH_RECORD_ITEM:
        return apply_item(views, record, views->outcome);
    case RH_RECORD_JOB:
        return apply_job(views, record, carried);
    case RH_RECORD_TIMER:
        return apply_timer(views, record, views->outcome);
    case RH_RECORD_COMMAND:
        return apply_command(views, record, carried);
    case RH_RECORD_STREAM:
        return hub_apply_stream(views, record);
    case RH_RECORD_RULES:
        return hub_apply_rules(views, record->core.index);
    case RH_RECORD_CLOCK:
        return hub_apply_clock(views, record);
    case RH_RECORD_GENERATION:
        return hub_apply_restart_pairs(views);
    case RH_RECORD_GENESIS:
        return begin_months(views, record);
    case RH_RECORD_BUNDLE:
    case RH_RECORD_DIGEST:
    case RH_RECORD_CUT:
    case RH_RECORD_ERASE:
    case RH_RECORD_CARRY:
    default:
        return RH_OK;
    }
}

/* The lists of an outcome that is not there are empty; their elements are never looked at. */
static void no_outcome(struct hub_outcome *out)
{
    out->refusal = out->field = out->holder = 0;
    out->rno = out->due_ms = 0;
    out->due_limit[0] = 0;
    out->due_basis = RH_DUE_NONE;
    out->row_count = out->delivery_count = out->queue_count = out->note_count = 0;
    out->hot_count = out->share_count = 0;
    out->month = 0;
}

enum rh_err hub_views_apply(struct hub_views *views, uint64_t index, struct rh_bytes core,
                            struct rh_bytes rest, const struct hub_location *location)
{
    struct hub_record record;
    struct carried carried;
    if (index != views->applied || hub_record_decode(core, rest, &record) != RH_OK ||
        record.core.index != index)
        return RH_ERR_CORRUPT;
    no_outcome(views->outcome);
    if (record.outcome.bytes != 0 &&
        hub_outcome_decode(record.outcome, views->outcome) != RH_OK)
        return RH_ERR_CORRUPT;
    if (record.agency_row.bytes != 0 &&
        hub_agency_decode(record.agency_row, &carried.agency) != RH_OK)
        return RH_ERR_CORRUPT;
    if (record.job_row.bytes != 0 && hub_job_decode(record.job_row, &carried.job) != RH_OK)
        return RH_ERR_CORRUPT;
    if (record.subscription_row.bytes != 0 &&
        hub_subscription_decode(record.subscription_row, &carried.subscription) != RH_OK)
        return RH_ERR_CORRUPT;

    enum rh_err err = hub_month_record(views, &record);
    if (err == RH_OK)
        err = apply_type(views, &record, &carried);
    if (err == RH_OK && record.down_ms > views->next.down_ms)
        views->next.down_ms = record.down_ms;
    if (err == RH_OK)
        err = hub_apply_next(views);
    if (err == RH_OK && location != NULL)
        err = apply_place(views, index, location);
    if (err == RH_OK)
        views->applied = index + 1;
    return err;
}
