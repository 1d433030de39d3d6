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

static const struct hub_deadline *earlier_end(const struct hub_deadline *found,
                                              const struct hub_deadline *other)
{
    return found == NULL || other->end_ms < found->end_ms ? other : found;
}

const struct hub_deadline *hub_referral_owes(const struct hub_referral *row, uint32_t agency)
{
    const struct hub_deadline *due = NULL, *missed = NULL;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (deadline->owed_by != agency || deadline->right_only)
            continue;
        if (deadline->status == HUB_DEADLINE_RUNNING)
            due = earlier_end(due, deadline);
        else if (hub_deadline_is_due(deadline))
            missed = earlier_end(missed, deadline);
    }
    return due != NULL ? due : missed;
}

uint64_t hub_referral_due(const struct hub_referral *row, uint32_t agency)
{
    const struct hub_deadline *deadline = hub_referral_owes(row, agency);
    return deadline == NULL ? 0 : deadline->end_ms;
}

enum rh_due_basis hub_deadline_basis(const struct hub_deadline *deadline,
                                     const struct rh_limit *limit)
{
    if (!deadline->law)
        return RH_DUE_POLICY;
    if (limit == NULL)
        return RH_DUE_NONE;
    switch (limit->verification) {
    case RH_VERIFIED_V1:
        return RH_DUE_LAW_V1;
    case RH_VERIFIED_V2:
        return RH_DUE_LAW_V2;
    case RH_VERIFIED_M:
        return RH_DUE_LAW_M;
    case RH_VERIFIED_POLICY:
        return RH_DUE_POLICY;
    }
    return RH_DUE_NONE;
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
    if (rh_state_is_resting(row->state))
        return row->archive_ms; /* nobody owes anything; quiet or not, it is only put away */
    uint64_t wake_ms = earlier(row->close_ms, row->arrival_due_ms);
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
    if ((row->holder == HUB_AGENCY_NONE) != rh_state_is_resting(row->state) ||
        (row->visitor != HUB_AGENCY_NONE && row->visitor != row->holder))
        return false;
    return row->deadline_count <= HUB_DEADLINES_MAX && row->party_count <= HUB_PARTIES_MAX &&
           row->external_count <= RH_EXTERNALS_MAX && row->fact_count <= RH_FACTS_MAX &&
           row->accused_count <= HUB_ACCUSED_MAX && row->person_count <= RH_PERSON_HASHES_MAX &&
           row->hit_count <= HUB_HITS_MAX && row->waiting_count <= HUB_WAITING_MAX;
}
