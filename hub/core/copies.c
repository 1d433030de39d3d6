/* Copies that the law names. Who must have a copy of a step stands in the procedure, by role
 * and area, and is not left to whoever sends it: the hub adds them to those the sender names.
 *
 * Deny rules win: an accused unit gets none (hub_step_deliver), and a sealed matter reaches
 * nobody new after its registration, whose own copies go out before the seal counts. Where the
 * area has no such agency there is nobody to tell. Source: protocol/spec/lifecycle.md. */
#include "core/step.h"

#include <string.h>

/* The area by which roles become agencies: the matter's, or where it has none that of who
 * sends. */
static bool area_of(struct hub_step *step, char area[RH_CODE_BYTES_MAX + 1])
{
    struct hub_agency author;
    bool found;
    memcpy(area, step->row->area, RH_CODE_BYTES_MAX + 1);
    if (area[0] != 0)
        return true;
    if (!hub_step_agency(step, step->agency, &author, &found))
        return false;
    memcpy(area, author.area, RH_CODE_BYTES_MAX + 1);
    return true;
}

/* Whether the step states what the copy is for: not what was known before, else whoever is to
 * hear of a high risk once would hear of every step after it. */
static bool states(const struct hub_step *step, const struct rh_copy *copy)
{
    for (uint32_t i = 0; i < step->item->fact_count; i++) {
        const struct rh_fact *fact = &step->item->facts[i];
        if (strcmp(fact->key, copy->fact) == 0)
            return hub_referral_has_fact(step->row, copy->fact, copy->equals);
    }
    return copy->fact[0] == 0;
}

/* The nearest agency above the author that may see the matter; a seal lets nobody new in. */
static bool give_superior(struct hub_step *step)
{
    uint32_t to = hub_actor_superior(step, step->row, step->agency);
    if (to == HUB_AGENCY_NONE || (step->row->sealed && !hub_row_is_party(step->row, to)))
        return step->err == RH_OK;
    (void)hub_step_deliver(step, step->row, to, step->item->kind);
    return step->err == RH_OK && step->out->refusal == 0;
}

static bool give(struct hub_step *step, const struct rh_copy *copy, const char *area)
{
    struct rh_agency_id id;
    struct hub_agency to;
    bool found;
    if (strcmp(copy->to, RH_COPY_SUPERIOR) == 0)
        return give_superior(step);
    if (!hub_dispatch_by_area(step, copy->to, area, &id, &found))
        return false;
    if (!found)
        return true;
    if (!hub_step_agency_id(step, &id, &to, &found))
        return false;
    bool sealed = step->row->sealed && step->item->kind != RH_KIND_REGISTER &&
                  !hub_row_is_party(step->row, to.no);
    if (!found || to.state == HUB_AGENCY_REVOKED || sealed)
        return true;
    (void)hub_step_deliver(step, step->row, to.no, step->item->kind);
    return step->err == RH_OK && step->out->refusal == 0;
}

bool hub_copies_give(struct hub_step *step)
{
    char area[RH_CODE_BYTES_MAX + 1];
    const struct rh_procedure *procedure = step->procedure;
    bool known = false;
    rh_assert(procedure->copy_count <= RH_PROCEDURE_COPIES_MAX);
    for (uint32_t i = 0; i < procedure->copy_count; i++) {
        if (!rh_kind_in(&procedure->copies[i].kinds, step->item->kind) ||
            !states(step, &procedure->copies[i]))
            continue;
        if (!known && !area_of(step, area))
            return false;
        known = true;
        if (!give(step, &procedure->copies[i], area))
            return false;
    }
    return true;
}
