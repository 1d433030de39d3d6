#include "load/reach.h"

#define S(state) ((uint32_t)1 << RH_STATE_##state)

enum {
    BEFORE = 1u << RH_STATE_NONE,
    UNFINISHED = S(REGISTERED) | S(DISPATCHED) | S(SIGNED) | S(RETURNED) | S(SUPPLEMENTING) |
                 S(ACCEPTED) | S(IN_PROGRESS) | S(SUSPENDED),
    HELD = UNFINISHED | S(OBJECTED) | S(NOT_ACCEPTED) | S(CONCLUDED) | S(REPLIED) |
           S(REVISITING),
    RESTING = S(CLOSED) | S(TRANSFERRED) | S(MERGED) | S(WITHDRAWN) | S(TERMINATED) |
              S(ARCHIVED),
    ANY = HELD | RESTING,
    RESTED = RESTING & ~S(ARCHIVED)
};

#define ROW(from, event, to) { (from), RH_KIND_##event, RH_STATE_##to }
#define SENT(event) ROW(S(REGISTERED) | S(RETURNED), event, DISPATCHED)

static const struct rh_load_step steps[] = {
    ROW(BEFORE, REGISTER, REGISTERED),
    SENT(FORWARD),
    SENT(ASSIGN),
    SENT(REFER),
    SENT(TRANSFER),
    SENT(CLUE),
    SENT(SUGGESTION),
    SENT(OPINION),
    SENT(CORRECTION),
    SENT(EXPLAIN),
    SENT(NOTIFY_FILE),
    SENT(CONSULT),
    ROW(S(DISPATCHED), ARRIVED, DISPATCHED),
    ROW(S(DISPATCHED) | S(SIGNED), SIGN, SIGNED),
    ROW(S(DISPATCHED), RECALL, RETURNED),
    ROW(S(DISPATCHED) | S(SIGNED), OBJECT, OBJECTED),
    ROW(S(OBJECTED), UPHOLD, RETURNED),
    ROW(S(OBJECTED), OVERRULE, SIGNED),
    ROW(S(OBJECTED) | S(RETURNED), DESIGNATE, DISPATCHED),
    ROW(S(SIGNED), RETURN, RETURNED),
    ROW(S(SIGNED), SUPPLEMENT_REQUEST, SUPPLEMENTING),
    ROW(S(SUPPLEMENTING), SUPPLEMENT, SIGNED),
    ROW(S(SIGNED), ACCEPT, ACCEPTED),
    ROW(S(SIGNED), ACCEPT, IN_PROGRESS),
    ROW(S(SIGNED), REFUSE, NOT_ACCEPTED),
    ROW(S(ACCEPTED), START, IN_PROGRESS),
    ROW(S(SIGNED) | S(ACCEPTED) | S(IN_PROGRESS), TRANSFER_ON, TRANSFERRED),
    ROW(S(IN_PROGRESS), SUSPEND, SUSPENDED),
    ROW(S(SUSPENDED), RESUME, IN_PROGRESS),
    ROW(S(IN_PROGRESS), EXTEND_REQUEST, IN_PROGRESS),
    ROW(S(IN_PROGRESS), EXTEND_GRANT, IN_PROGRESS),
    ROW(S(IN_PROGRESS), EXTEND_DENY, IN_PROGRESS),
    ROW(S(ACCEPTED) | S(IN_PROGRESS), SPLIT, NONE),
    ROW(S(ACCEPTED) | S(IN_PROGRESS), RELEASE, NONE),
    ROW(S(SIGNED) | S(ACCEPTED) | S(IN_PROGRESS) | S(SUSPENDED), LEADER, NONE),
    ROW(UNFINISHED, MERGE, MERGED),
    ROW(S(IN_PROGRESS) | S(SIGNED), CONCLUDE, CONCLUDED),
    ROW(S(CONCLUDED), REPORT, CONCLUDED),
    ROW(S(CONCLUDED) | S(REPLIED), REJECT_REPORT, IN_PROGRESS),
    ROW(S(CONCLUDED) | S(NOT_ACCEPTED), REPLY, REPLIED),
    ROW(S(REPLIED), REVIEW_REQUEST, REPLIED),
    ROW(S(REPLIED), REVISIT, REVISITING),
    ROW(S(REVISITING), EVALUATE, CLOSED),
    ROW(S(REVISITING), EVALUATE, REVISITING),
    ROW(S(REPLIED) | S(REVISITING) | S(CLOSED), REOPEN, IN_PROGRESS),
    ROW(S(REPLIED) | S(CONCLUDED) | S(NOT_ACCEPTED), CLOSE, CLOSED),
    ROW(UNFINISHED | S(OBJECTED), CLOSE, CLOSED),
    ROW(S(REPLIED) | S(CLOSED), TERMINATE, TERMINATED),
    ROW(UNFINISHED | S(OBJECTED), WITHDRAW, WITHDRAWN),
    ROW(RESTED, ARCHIVE, ARCHIVED),
    ROW(HELD, URGE, NONE),
    ROW(HELD, SUPERVISE, NONE),
    ROW(HELD, LIST_SUPERVISE, NONE),
    ROW(HELD, ESCALATE, NONE),
    ROW(ANY, SEAL, NONE),
    ROW(ANY, UNSEAL, NONE),
    ROW(ANY, AMEND, NONE),
    ROW(ANY, COPY, NONE),
    ROW(ANY, NOTICE, NONE),
    ROW(ANY, PROGRESS, NONE),
    ROW(ANY, HEARING, NONE),
    ROW(ANY, WARNING, NONE),
    ROW(ANY, BULLETIN, NONE),
    ROW(ANY, ACKNOWLEDGE_INFO, NONE),
    ROW(HELD, DUE_SOON, NONE),
    ROW(HELD, OVERDUE, NONE),
    ROW(ANY, DEAD_LETTER, NONE),
    ROW(ANY, DEAD_RETRY, NONE),
    ROW(ANY, SHARED, NONE),
};

enum { STEPS = sizeof steps / sizeof steps[0] };

const struct rh_load_step *rh_load_reach_at(uint32_t index)
{
    return index < STEPS ? &steps[index] : NULL;
}

static bool is_routed(const struct rh_procedure *procedure, enum rh_kind kind)
{
    for (uint32_t i = 0; i < procedure->route_count; i++) {
        if (rh_kind_in(&procedure->routes[i].kinds, kind))
            return true;
    }
    return false;
}

/* What the procedure must say before a row counts. The kinds that ask for nothing fall
 * through: they are open to every procedure. */
static bool is_allowed(const struct rh_procedure *procedure, const struct rh_load_step *step,
                       enum rh_state from)
{
    if (rh_kind_is_dispatch(step->event))
        return is_routed(procedure, step->event);
    if (step->event == RH_KIND_OBJECT)
        return procedure->may_object;
    if (step->event == RH_KIND_RETURN)
        return procedure->may_return;
    if (step->event == RH_KIND_REFUSE)
        return procedure->may_refuse;
    if (step->event == RH_KIND_SUPPLEMENT_REQUEST)
        return procedure->may_supplement;
    if (step->event == RH_KIND_SUSPEND)
        return procedure->may_suspend;
    if (step->event == RH_KIND_WITHDRAW)
        return procedure->may_withdraw;
    if (step->event == RH_KIND_REVIEW_REQUEST)
        return procedure->review != RH_REVIEW_NONE;
    if (step->event == RH_KIND_ACCEPT)
        return procedure->has_start == (step->to == RH_STATE_ACCEPTED);
    if (step->event == RH_KIND_CONCLUDE && from == RH_STATE_SIGNED)
        return procedure->direct;
    if (step->event == RH_KIND_CLOSE)  /* else only with the last of its chain: */
        return !rh_state_in(UNFINISHED | S(OBJECTED), from); /* no clock may count on it */
    return true;
}

bool rh_load_reach_leads(const struct rh_procedure *procedure, enum rh_state from,
                         enum rh_kind event, enum rh_state to)
{
    for (uint32_t i = 0; i < STEPS; i++) {
        if (steps[i].event == event && steps[i].to == to && rh_state_in(steps[i].from, from) &&
            is_allowed(procedure, &steps[i], from))
            return true;
    }
    return false;
}

bool rh_load_reach_happens(const struct rh_procedure *procedure, uint32_t states,
                           enum rh_kind event)
{
    for (uint32_t i = 0; i < STEPS; i++) {
        if (steps[i].event != event)
            continue;
        for (unsigned from = 0; from < RH_STATE_COUNT; from++) {
            if (rh_state_in(states & steps[i].from, (enum rh_state)from) &&
                is_allowed(procedure, &steps[i], (enum rh_state)from))
                return true;
        }
    }
    return false;
}

uint32_t rh_load_reach(const struct rh_procedure *procedure)
{
    uint32_t reached = BEFORE;
    uint32_t before;

    do {
        before = reached;
        for (uint32_t i = 0; i < STEPS; i++) {
            for (unsigned from = 0; from < RH_STATE_COUNT; from++) {
                if (steps[i].to != RH_STATE_NONE &&
                    rh_state_in(reached & steps[i].from, (enum rh_state)from) &&
                    is_allowed(procedure, &steps[i], (enum rh_state)from))
                    reached |= (uint32_t)1 << (unsigned)steps[i].to;
            }
        }
    } while (reached != before);
    return reached & ~(uint32_t)BEFORE;
}
