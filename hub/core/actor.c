/* Who is who: roles of one referral, the tree of superiors, and who may know of it at all.
 *
 * The tree is data of the agency rows and may be wrong (a loop, a superior that was never
 * enrolled), so every walk is bounded. */
#include "core/step.h"

#include <string.h>

enum { TREE_DEPTH_MAX = 8 };

bool hub_actor_is_accused(struct hub_step *step, const struct hub_referral *row,
                          uint32_t agency)
{
    if (row->accused_count == 0 || agency < HUB_AGENCY_FIRST)
        return false;
    struct hub_agency unit;
    bool found;
    return hub_step_agency(step, agency, &unit, &found) && found &&
           hub_agency_is_accused(&unit, row);
}

uint32_t hub_actor_heir(struct hub_step *step, const struct hub_referral *row,
                        uint32_t agency)
{
    for (int i = 0; i < TREE_DEPTH_MAX && agency >= HUB_AGENCY_FIRST; i++) {
        struct hub_agency unit;
        bool found;
        if (!hub_step_agency(step, agency, &unit, &found) || !found)
            break;
        const struct hub_successor *next = hub_agency_successor(&unit, row);
        if (next == NULL || !next->done)
            break;
        agency = next->to;
    }
    return agency;
}

/* Whoever took over a superior is superior in its place. */
static uint32_t superior_of(struct hub_step *step, uint32_t agency)
{
    struct hub_agency row;
    bool found;
    if (agency < HUB_AGENCY_FIRST || !hub_step_agency(step, agency, &row, &found) || !found)
        return HUB_AGENCY_NONE;
    return hub_actor_heir(step, NULL, row.superior);
}

bool hub_actor_is_above(struct hub_step *step, uint32_t above, uint32_t agency)
{
    if (above < HUB_AGENCY_FIRST)
        return false;
    uint32_t at = superior_of(step, agency);
    for (int i = 0; i < TREE_DEPTH_MAX && at != HUB_AGENCY_NONE; i++) {
        if (at == above)
            return true;
        at = superior_of(step, at);
    }
    return false;
}

/* An accused superior is passed over: what accuses it goes to the one above. */
uint32_t hub_actor_superior(struct hub_step *step, const struct hub_referral *row,
                            uint32_t agency)
{
    uint32_t at = superior_of(step, agency);
    for (int i = 0; i < TREE_DEPTH_MAX && at != HUB_AGENCY_NONE; i++) {
        if (!hub_actor_is_accused(step, row, at))
            return at;
        at = superior_of(step, at);
    }
    return HUB_AGENCY_NONE;
}

uint32_t hub_actor_common_superior(struct hub_step *step, const struct hub_referral *row)
{
    uint32_t at = superior_of(step, row->addressee);
    for (int i = 0; i < TREE_DEPTH_MAX && at != HUB_AGENCY_NONE; i++) {
        if ((at == row->sender || hub_actor_is_above(step, at, row->sender)) &&
            !hub_actor_is_accused(step, row, at))
            return at;
        at = superior_of(step, at);
    }
    return HUB_AGENCY_NONE;
}

static bool is_common_superior(struct hub_step *step, const struct hub_referral *row,
                               uint32_t agency)
{
    return hub_actor_is_above(step, agency, row->addressee) &&
           (agency == row->sender || hub_actor_is_above(step, agency, row->sender));
}

bool hub_actor_supervises(struct hub_step *step, uint32_t agency)
{
    struct hub_agency row;
    bool found;
    if (!hub_step_agency(step, agency, &row, &found) || !found)
        return false;
    const struct rh_settings *settings = &step->world->rules->settings;
    enum { ROLES = sizeof(settings->supervisor_roles) / sizeof(settings->supervisor_roles[0]) };
    for (unsigned i = 0; i < ROLES; i++) {
        if (row.role[0] != 0 && strcmp(settings->supervisor_roles[i], row.role) == 0)
            return true;
    }
    return false;
}

static bool opens(struct hub_step *step, const struct rh_procedure *procedure, uint32_t agency)
{
    struct hub_agency row;
    bool found;
    if (!hub_step_agency(step, agency, &row, &found) || !found)
        return false;
    bool any = true;
    enum { ROLES = sizeof(procedure->opened_by) / sizeof(procedure->opened_by[0]) };
    for (unsigned i = 0; i < ROLES; i++) {
        if (procedure->opened_by[i][0] == 0)
            continue;
        any = false;
        if (strcmp(procedure->opened_by[i], row.role) == 0)
            return true;
    }
    return any;
}

/* Who decides on an extension is said by the clock that is to be extended. */
static bool approves(const struct rh_procedure *procedure, const struct hub_referral *row,
                     uint32_t bits)
{
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (!hub_deadline_is_owed(deadline))
            continue;
        if (row->extend_pending && deadline->serial != row->extend_serial)
            continue;
        const struct rh_limit *limit = rh_procedure_limit(procedure, deadline->limit);
        if (limit != NULL && limit->extend_times > 0 &&
            (bits & HUB_ACTOR_BIT(limit->extend_by)) != 0)
            return true;
    }
    return false;
}

/* By a grant that has not run out. What accuses it or is sealed it does not reach. */
static bool monitors(struct hub_step *step, const struct hub_referral *row, uint32_t agency)
{
    struct hub_agency unit;
    bool found;
    if (!hub_step_agency(step, agency, &unit, &found) || !found || unit.grant_count == 0)
        return false;
    return hub_agency_grant(&unit, row, step->event->now_ms) != NULL &&
           !hub_actor_is_accused(step, row, agency);
}

uint32_t hub_actor_bits(struct hub_step *step, const struct hub_referral *row, uint32_t agency)
{
    if (agency == HUB_AGENCY_HUB)
        return HUB_ACTOR_BIT(RH_ACTOR_HUB);
    const struct rh_procedure *procedure = hub_step_procedure(step, row);
    uint32_t bits = 0;
    if (opens(step, procedure, agency))
        bits |= HUB_ACTOR_BIT(RH_ACTOR_INTAKE);
    if (agency == row->origin)
        bits |= HUB_ACTOR_BIT(RH_ACTOR_ORIGIN);
    if (agency == row->sender)
        bits |= HUB_ACTOR_BIT(RH_ACTOR_SENDER);
    if (agency == row->addressee)
        bits |= HUB_ACTOR_BIT(RH_ACTOR_ADDRESSEE) | HUB_ACTOR_BIT(RH_ACTOR_LEAD);
    if (agency == row->assigner || (procedure->sender_oversees && agency == row->sender))
        bits |= HUB_ACTOR_BIT(RH_ACTOR_ASSIGNER);
    if (agency == (rh_state_is_resting(row->state) ? row->last_holder : row->holder))
        bits |= HUB_ACTOR_BIT(RH_ACTOR_HOLDER);
    if (hub_row_is_party(row, agency))
        bits |= HUB_ACTOR_BIT(RH_ACTOR_PARTY);
    if (hub_actor_is_above(step, agency, row->holder) ||
        hub_actor_is_above(step, agency, row->addressee))
        bits |= HUB_ACTOR_BIT(RH_ACTOR_SUPERIOR);
    if (row->addressee != HUB_AGENCY_NONE && is_common_superior(step, row, agency))
        bits |= HUB_ACTOR_BIT(RH_ACTOR_COMMON_SUPERIOR);
    if (hub_actor_supervises(step, agency))
        bits |= HUB_ACTOR_BIT(RH_ACTOR_SUPERVISOR);
    if (monitors(step, row, agency))
        bits |= HUB_ACTOR_BIT(RH_ACTOR_MONITOR);
    if (approves(procedure, row, bits))
        bits |= HUB_ACTOR_BIT(RH_ACTOR_APPROVER);
    return bits;
}

bool hub_actor_sees(struct hub_step *step, const struct hub_referral *row, uint32_t agency)
{
    if (agency == HUB_AGENCY_HUB)
        return true;
    if (hub_actor_is_accused(step, row, agency))
        return false;
    return hub_row_is_party(row, agency) || hub_actor_is_above(step, agency, row->holder) ||
           hub_actor_is_above(step, agency, row->addressee) || monitors(step, row, agency);
}
