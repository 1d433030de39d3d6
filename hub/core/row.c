/* What can be read off a row without rules. */
#include "core/row.h"

#include <string.h>

bool hub_deadline_is_live(const struct hub_deadline *deadline)
{
    return deadline->status == HUB_DEADLINE_RUNNING || deadline->status == HUB_DEADLINE_PAUSED;
}

bool hub_deadline_is_owed(const struct hub_deadline *deadline)
{
    return hub_deadline_is_live(deadline) ||
           (deadline->status == HUB_DEADLINE_MISSED && deadline->ended_ms == 0);
}

bool hub_deadline_is_due(const struct hub_deadline *deadline)
{
    return deadline->status != HUB_DEADLINE_PAUSED && hub_deadline_is_owed(deadline);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    if (a == 0)
        return b;
    return b != 0 && b < a ? b : a;
}

uint64_t hub_referral_due(const struct hub_referral *row, uint32_t agency)
{
    uint64_t due_ms = 0, missed_ms = 0;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (deadline->owed_by != agency || deadline->right_only)
            continue;
        if (deadline->status == HUB_DEADLINE_RUNNING)
            due_ms = earlier(due_ms, deadline->end_ms);
        else if (hub_deadline_is_due(deadline))
            missed_ms = earlier(missed_ms, deadline->end_ms);
    }
    return due_ms != 0 ? due_ms : missed_ms;
}

bool hub_referral_has_fact(const struct hub_referral *row, const char *key, const char *equals)
{
    for (uint32_t i = 0; i < row->fact_count; i++) {
        const struct rh_fact *fact = &row->facts[i];
        if (strcmp(fact->key, key) != 0)
            continue;
        if (equals[0] != 0)
            return !fact->is_number && strcmp(fact->code, equals) == 0;
        return fact->is_number ? fact->number != 0 : fact->code[0] != 0;
    }
    return false;
}

uint64_t hub_referral_wake(const struct hub_referral *row)
{
    uint64_t wake_ms = row->arrival_due_ms;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (deadline->status == HUB_DEADLINE_RUNNING)
            wake_ms = earlier(wake_ms, deadline->soon_ms);
        if (hub_deadline_is_owed(deadline))
            wake_ms = earlier(wake_ms, deadline->step_ms);
    }
    return wake_ms != 0 && wake_ms < row->quiet_ms ? row->quiet_ms : wake_ms;
}

bool hub_referral_is_sound(const struct hub_referral *row)
{
    if (row->state == RH_STATE_NONE || row->state >= RH_STATE_COUNT)
        return false;
    if ((row->holder == HUB_AGENCY_NONE) != rh_state_is_resting(row->state))
        return false;
    return row->deadline_count <= HUB_DEADLINES_MAX && row->party_count <= HUB_PARTIES_MAX &&
           row->external_count <= RH_EXTERNALS_MAX && row->fact_count <= RH_FACTS_MAX &&
           row->accused_count <= HUB_ACCUSED_MAX && row->person_count <= RH_PERSON_HASHES_MAX &&
           row->hit_count <= HUB_HITS_MAX;
}
