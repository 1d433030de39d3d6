#include "runtime/case.h"

#include <string.h>

/* Where a kind leads when it is stored; none: the state stays. Source:
 * protocol/spec/lifecycle.md, table 1. Kinds with two ends (accept, evaluate) take the one that
 * can be seen from here. */
static enum rh_state state_after(const struct rh_public *item, enum rh_state before)
{
    if (rh_kind_is_dispatch(item->kind))
        return RH_STATE_DISPATCHED;
    switch ((int)item->kind) {
    case RH_KIND_REGISTER:
        return RH_STATE_REGISTERED;
    case RH_KIND_SIGN:
        return before == RH_STATE_DISPATCHED ? RH_STATE_SIGNED : before;
    case RH_KIND_SUPPLEMENT:
    case RH_KIND_OVERRULE:
        return RH_STATE_SIGNED;
    case RH_KIND_RECALL:
    case RH_KIND_UPHOLD:
    case RH_KIND_RETURN:
        return RH_STATE_RETURNED;
    case RH_KIND_OBJECT:
        return RH_STATE_OBJECTED;
    case RH_KIND_DESIGNATE:
        return RH_STATE_DISPATCHED;
    case RH_KIND_SUPPLEMENT_REQUEST:
        return RH_STATE_SUPPLEMENTING;
    case RH_KIND_ACCEPT:
        return RH_STATE_ACCEPTED;
    case RH_KIND_REFUSE:
        return RH_STATE_NOT_ACCEPTED;
    case RH_KIND_START:
    case RH_KIND_RESUME:
    case RH_KIND_REJECT_REPORT:
    case RH_KIND_REOPEN:
        return RH_STATE_IN_PROGRESS;
    case RH_KIND_SUSPEND:
        return RH_STATE_SUSPENDED;
    case RH_KIND_TRANSFER_ON:
        return RH_STATE_TRANSFERRED;
    case RH_KIND_MERGE:
        return RH_STATE_MERGED;
    case RH_KIND_CONCLUDE:
        return RH_STATE_CONCLUDED;
    case RH_KIND_REPLY:
        return RH_STATE_REPLIED;
    case RH_KIND_REVISIT:
        return RH_STATE_REVISITING;
    case RH_KIND_EVALUATE:
        return strcmp(item->code, "satisfied") == 0 ? RH_STATE_CLOSED : before;
    case RH_KIND_CLOSE:
        return RH_STATE_CLOSED;
    case RH_KIND_WITHDRAW:
        return RH_STATE_WITHDRAWN;
    case RH_KIND_TERMINATE:
        return RH_STATE_TERMINATED;
    case RH_KIND_ARCHIVE:
        return RH_STATE_ARCHIVED;
    default:
        return before;
    }
}

static void copy_if(char *out, size_t capacity, const char *text)
{
    if (text[0] != '\0' && strlen(text) < capacity)
        memcpy(out, text, strlen(text) + 1);
}

/* A word of the hub names the clock its date is of; a date that a sender wrote is its own. */
static void take_due(struct agent_case *value, const struct rh_public *item)
{
    value->due_ms = item->due_ms;
    memset(value->due_limit, 0, sizeof value->due_limit);
    value->due_basis = RH_DUE_NONE;
    for (uint32_t i = 0; i < item->fact_count; i++) {
        const struct rh_fact *fact = &item->facts[i];
        if (rh_kind_is_dispatch(item->kind) || fact->is_number)
            continue;
        if (strcmp(fact->key, "due_limit") == 0)
            copy_if(value->due_limit, sizeof value->due_limit, fact->code);
        for (int basis = RH_DUE_LAW_V1; basis <= RH_DUE_POLICY; basis++)
            if (strcmp(fact->key, "due_basis") == 0 &&
                strcmp(fact->code, rh_due_verification_name((enum rh_due_basis)basis)) == 0)
                value->due_basis = (enum rh_due_basis)basis;
    }
}

void agent_case_apply(struct agent_case *value, const struct rh_public *item,
                      const struct rh_agency_id *from, uint64_t stored_ms)
{
    value->id = item->referral_id;
    value->last_kind = item->kind;
    if (stored_ms > value->updated_ms)
        value->updated_ms = stored_ms;
    value->state = state_after(item, value->state);
    copy_if(value->procedure, sizeof value->procedure, item->procedure);
    copy_if(value->category, sizeof value->category, item->category);
    if (item->kind == RH_KIND_REGISTER)
        value->origin = *from;
    if (rh_kind_is_dispatch(item->kind)) {
        value->from = *from;
        copy_if(value->to.text, sizeof value->to.text, item->to.text);
        value->overdue = false;
    }
    if (item->kind == RH_KIND_DESIGNATE)
        copy_if(value->to.text, sizeof value->to.text, item->to.text);
    if (item->due_ms != 0)
        take_due(value, item);
    if (item->kind == RH_KIND_OVERDUE)
        value->overdue = true;
}

void agent_case_begin_part(struct agent_case *value, const struct rh_agency_id *from,
                           const struct rh_agency_id *to)
{
    value->state = RH_STATE_DISPATCHED;
    value->from = *from;
    value->to = *to;
    value->overdue = false;
}
