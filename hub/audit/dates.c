/* By when, derived again: each clock that an outcome starts or changes, from the inputs kept
 * beside it, under the calendar of the rules then in force. A clock that did not change was
 * checked when it last did. */
#include "audit/state.h"

#include "core/deadline.h"

#include <inttypes.h>
#include <string.h>

/* An end the sender set: put off by what it stood still, then extended. */
static enum rh_err derive_set(const struct rh_calendar *calendar,
                              const struct hub_deadline *deadline, uint64_t *end_ms,
                              int32_t *nominal)
{
    uint64_t end = deadline->set_ms;
    for (uint32_t i = 0; i < deadline->pause_count; i++) {
        const struct hub_pause *pause = &deadline->pauses[i];
        if (pause->to_ms == 0) {
            *end_ms = 0;
            return RH_OK;
        }
        if (pause->to_ms < pause->from_ms)
            return RH_ERR_INVALID;
        end += pause->to_ms - pause->from_ms;
    }
    for (uint32_t i = 0; i < deadline->extension_count; i++) {
        enum rh_err err =
            hub_deadline_after(calendar, end, &deadline->extensions[i], &end);
        if (err != RH_OK)
            return err;
    }
    if (end == 0 || end > RH_INSTANT_MS_END)
        return RH_ERR_INVALID;
    *end_ms = end;
    *nominal = rh_date_of_instant(end - 1).days;
    return RH_OK;
}

enum rh_err hub_state_derive(const struct rh_calendar *calendar,
                             const struct hub_deadline *deadline, uint64_t *end_ms,
                             int32_t *nominal)
{
    *end_ms = 0;
    *nominal = deadline->nominal;
    if (deadline->sender_set)
        return derive_set(calendar, deadline, end_ms, nominal);
    const struct hub_deadline_input input = hub_deadline_input_of(deadline);
    struct hub_deadline_result result;
    enum rh_err err = deadline->round < UINT32_MAX
                          ? hub_deadline_recur(calendar, &input, deadline->round + 1, &result)
                          : RH_ERR_INVALID;
    if (err != RH_OK)
        return RH_ERR_INVALID;
    *end_ms = result.stopped ? 0 : result.end_ms;
    *nominal = result.nominal.days;
    return RH_OK;
}

static const struct hub_deadline *same_clock(const struct hub_referral *row, uint32_t serial)
{
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        if (row->deadlines[i].serial == serial)
            return &row->deadlines[i];
    }
    return NULL;
}

static void complain(struct hub_state *state, uint64_t index, const struct hub_referral *row,
                     const struct hub_deadline *deadline, uint64_t derived_ms, enum rh_err err)
{
    char stored[RH_INSTANT_TEXT_BYTES], derived[RH_INSTANT_TEXT_BYTES];
    rh_instant_format_utc(deadline->end_ms, stored);
    rh_instant_format_utc(derived_ms, derived);
    struct hub_finding finding = hub_finding_make(
        HUB_FINDING_DEADLINE, index, N_("%s, clock %" PRIu32 " (%s): recorded %s, derived %s"),
        row->number, deadline->serial, deadline->limit,
        deadline->end_ms == 0 ? _("no end") : stored,
        err != RH_OK ? _("nothing") : derived_ms == 0 ? _("no end") : derived);
    finding.count = 1;
    hub_findings_add(state->findings, &finding);
}

/* Running: the end that the inputs give. Standing still: none. Ended: the end it had. */
static void check_clock(struct hub_state *state, uint64_t index, const struct hub_referral *row,
                        const struct hub_deadline *deadline, const struct hub_deadline *before,
                        const struct rh_calendar *calendar)
{
    uint64_t end_ms;
    int32_t nominal;
    bool live = hub_deadline_is_live(deadline);
    if (!live) {
        bool kept = before == NULL || before->status != HUB_DEADLINE_RUNNING ||
                    deadline->end_ms == before->end_ms ||
                    deadline->pause_count > before->pause_count;
        if (!kept)
            complain(state, index, row, deadline, before->end_ms, RH_OK);
        return;
    }
    state->deadlines++;
    enum rh_err err = hub_state_derive(calendar, deadline, &end_ms, &nominal);
    bool paused = deadline->status == HUB_DEADLINE_PAUSED;
    bool right = err == RH_OK && end_ms == deadline->end_ms && (end_ms == 0) == paused &&
                 (paused || nominal == deadline->nominal);
    if (!right)
        complain(state, index, row, deadline, end_ms, err);
}

/* Whether this event gave the clock its date, or changed what the date comes from. A calendar
 * reaches open clocks in steps: until then they keep the date of the one before, whatever else
 * happens to them. */
static bool is_derived_anew(const struct hub_deadline *before, const struct hub_deadline *after)
{
    return before->end_ms != after->end_ms || before->nominal != after->nominal ||
           before->status != after->status || before->provisional != after->provisional ||
           before->start_ms != after->start_ms || before->round != after->round ||
           before->unit != after->unit || before->n != after->n ||
           before->roll != after->roll || before->pause_count != after->pause_count ||
           before->extension_count != after->extension_count;
}

enum rh_err hub_state_check_dates(struct hub_state *state,
                                  const struct hub_state_record *record)
{
    const struct hub_outcome *outcome = record->outcome;
    if (outcome->refusal != 0 || state->rules->calendar_count == 0)
        return RH_OK;
    for (uint32_t i = 0; i < outcome->row_count; i++) {
        const struct hub_referral *row = &outcome->rows[i];
        if (row->deadline_count == 0)
            continue;
        enum rh_err err = hub_views_referral(state->views.map, row->rno, state->before);
        if (err != RH_OK && err != RH_ERR_NOTFOUND)
            return err;
        bool known = err == RH_OK;
        const struct rh_calendar *calendar = hub_decide_calendar(&state->world, row);
        for (uint32_t j = 0; j < row->deadline_count; j++) {
            const struct hub_deadline *deadline = &row->deadlines[j];
            const struct hub_deadline *before =
                known ? same_clock(state->before, deadline->serial) : NULL;
            if (before == NULL || is_derived_anew(before, deadline))
                check_clock(state, record->record->core.index, row, deadline, before, calendar);
        }
    }
    return RH_OK;
}
