/* register 登记: a matter gets its number, its procedure and its first clock. */
#include "core/step.h"

#include <string.h>

static bool may_open(struct hub_step *step)
{
    /* The row exists already, so the same question as for any other step is asked. */
    step->actors = hub_actor_bits(step, step->row, step->agency);
    return hub_lifecycle_turn(RH_STATE_NONE, RH_KIND_REGISTER, step->actors) ==
           HUB_TURN_ALLOWED;
}

/* A referral this one belongs to: it must exist and the author must know of it. What was
 * terminated (终结), or answered by the last review there is, blocks new matters on the same
 * facts (信访工作条例 art. 36(3)). */
static bool check_link(struct hub_step *step, const struct rh_referral_id *id, unsigned field,
                       struct rh_referral_id *root)
{
    bool found;
    const struct hub_referral *other = hub_step_peek(step, id, &found);
    if (step->err != RH_OK)
        return false;
    if (!found || !hub_actor_sees(step, other, step->agency))
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_REFERRAL, field);
    if (field == 5 && (other->state == RH_STATE_TERMINATED || other->facts_ended))
        return hub_step_refuse(step, RH_REFUSE_SAME_FACTS, field);
    *root = other->root;
    return true;
}

static bool is_new(struct hub_step *step)
{
    bool found;
    (void)hub_step_peek(step, &step->item->referral_id, &found);
    if (step->err != RH_OK)
        return false;
    return found ? hub_step_refuse(step, RH_REFUSE_REFERRAL_EXISTS, 3) : true;
}

static void copy_texts(struct hub_referral *row, const struct rh_public *item)
{
    memcpy(row->procedure, item->procedure, sizeof(row->procedure));
    memcpy(row->category, item->category, sizeof(row->category));
    memcpy(row->area, item->area, sizeof(row->area));
    memcpy(row->source, item->source, sizeof(row->source));
}

/* The walls of what it belongs to or repeats (hub_step_wall); `id` may be zero. */
static bool keep_walls(struct hub_step *step, struct hub_referral *row,
                       const struct rh_referral_id *id)
{
    bool found;
    if (rh_id_is_zero(id->bytes))
        return true;
    const struct hub_referral *other = hub_step_peek(step, id, &found);
    return step->err == RH_OK && found && hub_step_wall(step, row, other);
}

bool hub_decide_register(struct hub_step *step)
{
    const struct rh_public *item = step->item;
    const struct rh_procedure *procedure =
        rh_rules_procedure(step->world->rules, item->procedure);
    if (procedure == NULL)
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_PROCEDURE, 8);
    if (!is_new(step))
        return false;
    struct rh_referral_id root;
    if (!rh_id_is_zero(item->other_id.bytes) && !check_link(step, &item->other_id, 5, &root))
        return false;
    bool has_root = !rh_id_is_zero(item->root_id.bytes) &&
                    memcmp(&item->root_id, &item->referral_id, sizeof(item->root_id)) != 0;
    if (has_root && !check_link(step, &item->root_id, 4, &root))
        return false;

    struct hub_referral *row = hub_step_make(step, &item->referral_id);
    if (row == NULL)
        return false;
    step->row = row;
    step->procedure = procedure;
    step->fresh = true;
    copy_texts(row, item);
    row->procedure_version = procedure->version;
    row->born = RH_KIND_REGISTER;
    row->lane = item->lane;
    row->origin = step->agency;
    row->state = RH_STATE_REGISTERED;
    row->holder = step->agency;
    row->reply_owed = procedure->reply_owed || item->reply_owed;
    row->repeat_of = item->other_id;
    row->repeat = !rh_id_is_zero(item->other_id.bytes);
    row->person_count = item->person_count;
    memcpy(row->persons, item->persons, item->person_count * sizeof(row->persons[0]));
    row->matter = item->matter;
    if (has_root)
        row->root = root;
    (void)hub_step_party(row, step->agency);
    if (!may_open(step))
        return hub_step_refuse(step, RH_REFUSE_WRONG_ACTOR, 8);
    if (!hub_step_absorb(step, row) || !keep_walls(step, row, &item->other_id) ||
        (has_root && !keep_walls(step, row, &item->root_id)))
        return false;
    if (hub_actor_is_accused(step, row, step->agency))
        return hub_step_refuse(step, RH_REFUSE_NO_ROUTE, 31);
    if (!hub_dispatch_checks(step, row, RH_KIND_REGISTER))
        return false;
    if (has_root && !hub_relation_chain(step, &item->root_id))
        return false;
    /* Whom the report names for a copy gets it; the seal stands for all that comes after. */
    bool told = hub_step_tell(step, 0);
    hub_step_seal(row, procedure);
    return told && hub_screening_registered(step);
}
