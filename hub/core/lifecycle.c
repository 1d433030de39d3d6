/* THE table. Its order is that of DOMAIN's transitions, numbers in the comments. */
#include "core/lifecycle.h"

#include <rh/rules.h>

#define S(state) (1u << RH_STATE_##state)

enum {
    BEFORE = 1u << RH_STATE_NONE,
    UNFINISHED = S(REGISTERED) | S(DISPATCHED) | S(SIGNED) | S(RETURNED) | S(SUPPLEMENTING) |
                 S(ACCEPTED) | S(IN_PROGRESS) | S(SUSPENDED),
    HELD = UNFINISHED | S(OBJECTED) | S(NOT_ACCEPTED) | S(CONCLUDED) | S(REPLIED) |
           S(REVISITING),
    RESTING = S(CLOSED) | S(TRANSFERRED) | S(MERGED) | S(WITHDRAWN) | S(TERMINATED) |
              S(ARCHIVED),
    ANY = HELD | RESTING
};

#define ROW(from, event, who, to) \
    { (from), RH_KIND_##event, RH_ACTOR_##who, RH_STATE_##to }
#define STAY(from, event, who) ROW(from, event, who, NONE)

static const struct hub_transition transitions[] = {
    /*   from                        event               who              to */
    /* 1 */
    ROW(BEFORE,                      REGISTER,           INTAKE,          REGISTERED),
    /* 2 every dispatch kind */
    ROW(S(REGISTERED) | S(RETURNED), FORWARD,            HOLDER,          DISPATCHED),
    ROW(S(REGISTERED) | S(RETURNED), ASSIGN,             HOLDER,          DISPATCHED),
    ROW(S(REGISTERED) | S(RETURNED), REFER,              HOLDER,          DISPATCHED),
    ROW(S(REGISTERED) | S(RETURNED), TRANSFER,           HOLDER,          DISPATCHED),
    ROW(S(REGISTERED) | S(RETURNED), CLUE,               HOLDER,          DISPATCHED),
    ROW(S(REGISTERED) | S(RETURNED), SUGGESTION,         HOLDER,          DISPATCHED),
    ROW(S(REGISTERED) | S(RETURNED), OPINION,            HOLDER,          DISPATCHED),
    ROW(S(REGISTERED) | S(RETURNED), CORRECTION,         HOLDER,          DISPATCHED),
    ROW(S(REGISTERED) | S(RETURNED), EXPLAIN,            HOLDER,          DISPATCHED),
    ROW(S(REGISTERED) | S(RETURNED), NOTIFY_FILE,        HOLDER,          DISPATCHED),
    ROW(S(REGISTERED) | S(RETURNED), CONSULT,            HOLDER,          DISPATCHED),
    /* 3 */
    ROW(S(DISPATCHED),               ARRIVED,            HUB,             DISPATCHED),
    /* 4 signing again changes nothing */
    ROW(S(DISPATCHED),               SIGN,               ADDRESSEE,       SIGNED),
    ROW(S(SIGNED),                   SIGN,               ADDRESSEE,       SIGNED),
    /* 5 by the hub: a dead letter goes back to its origin */
    ROW(S(DISPATCHED),               RECALL,             SENDER,          RETURNED),
    ROW(S(DISPATCHED),               RECALL,             HUB,             RETURNED),
    /* 6 to 9: competence */
    ROW(S(DISPATCHED) | S(SIGNED),   OBJECT,             ADDRESSEE,       OBJECTED),
    ROW(S(OBJECTED),                 UPHOLD,             SENDER,          RETURNED),
    ROW(S(OBJECTED),                 UPHOLD,             SUPERIOR,        RETURNED),
    ROW(S(OBJECTED),                 OVERRULE,           SENDER,          SIGNED),
    ROW(S(OBJECTED),                 OVERRULE,           SUPERIOR,        SIGNED),
    ROW(S(OBJECTED) | S(RETURNED),   DESIGNATE,          COMMON_SUPERIOR, DISPATCHED),
    /* 10 to 14 */
    ROW(S(SIGNED),                   RETURN,             ADDRESSEE,       RETURNED),
    ROW(S(SIGNED),                   SUPPLEMENT_REQUEST, ADDRESSEE,       SUPPLEMENTING),
    ROW(S(SUPPLEMENTING),            SUPPLEMENT,         SENDER,          SIGNED),
    ROW(S(SIGNED),                   ACCEPT,             ADDRESSEE,       ACCEPTED),
    ROW(S(SIGNED),                   ACCEPT,             ADDRESSEE,       IN_PROGRESS),
    ROW(S(SIGNED),                   REFUSE,             ADDRESSEE,       NOT_ACCEPTED),
    /* 15 to 20 */
    ROW(S(ACCEPTED),                 START,              ADDRESSEE,       IN_PROGRESS),
    ROW(S(SIGNED) | S(ACCEPTED) | S(IN_PROGRESS),
                                     TRANSFER_ON,        ADDRESSEE,       TRANSFERRED),
    ROW(S(IN_PROGRESS),              SUSPEND,            ADDRESSEE,       SUSPENDED),
    ROW(S(SUSPENDED),                RESUME,             ADDRESSEE,       IN_PROGRESS),
    ROW(S(IN_PROGRESS),              EXTEND_REQUEST,     ADDRESSEE,       IN_PROGRESS),
    ROW(S(IN_PROGRESS),              EXTEND_GRANT,       APPROVER,        IN_PROGRESS),
    ROW(S(IN_PROGRESS),              EXTEND_DENY,        APPROVER,        IN_PROGRESS),
    STAY(S(ACCEPTED) | S(IN_PROGRESS), SPLIT,            LEAD),
    STAY(S(ACCEPTED) | S(IN_PROGRESS), RELEASE,          LEAD),
    STAY(S(SIGNED) | S(ACCEPTED) | S(IN_PROGRESS) | S(SUSPENDED), LEADER, ADDRESSEE),
    /* 21 to 26 */
    ROW(UNFINISHED,                  MERGE,              HOLDER,          MERGED),
    ROW(S(IN_PROGRESS) | S(SIGNED),  CONCLUDE,           ADDRESSEE,       CONCLUDED),
    ROW(S(CONCLUDED),                REPORT,             ADDRESSEE,       CONCLUDED),
    ROW(S(CONCLUDED) | S(REPLIED),   REJECT_REPORT,      ASSIGNER,        IN_PROGRESS),
    ROW(S(CONCLUDED) | S(NOT_ACCEPTED), REPLY,           ADDRESSEE,       REPLIED),
    ROW(S(REPLIED),                  REVIEW_REQUEST,     ORIGIN,          REPLIED),
    ROW(S(REPLIED),                  REVIEW_REQUEST,     INTAKE,          REPLIED),
    /* 27 to 29 */
    ROW(S(REPLIED),                  REVISIT,            ORIGIN,          REVISITING),
    ROW(S(REPLIED),                  REVISIT,            SUPERVISOR,      REVISITING),
    ROW(S(REPLIED),                  REVISIT,            MONITOR,         REVISITING),
    ROW(S(REVISITING),               EVALUATE,           HOLDER,          CLOSED),
    ROW(S(REVISITING),               EVALUATE,           HOLDER,          REVISITING),
    ROW(S(REPLIED) | S(REVISITING) | S(CLOSED), REOPEN,  ORIGIN,          IN_PROGRESS),
    ROW(S(REPLIED) | S(REVISITING) | S(CLOSED), REOPEN,  SUPERVISOR,      IN_PROGRESS),
    /* 30 to 33 */
    ROW(S(REPLIED) | S(CONCLUDED) | S(NOT_ACCEPTED), CLOSE, ADDRESSEE,    CLOSED),
    ROW(S(REPLIED) | S(CONCLUDED) | S(NOT_ACCEPTED), CLOSE, HUB,          CLOSED),
    ROW(UNFINISHED | S(OBJECTED),    CLOSE,              HUB,             CLOSED),
    ROW(S(REPLIED) | S(CLOSED),      TERMINATE,          SUPERIOR,        TERMINATED),
    ROW(S(REPLIED) | S(CLOSED),      TERMINATE,          SUPERVISOR,      TERMINATED),
    ROW(UNFINISHED | S(OBJECTED),    WITHDRAW,           ORIGIN,          WITHDRAWN),
    ROW(S(CLOSED) | S(TRANSFERRED) | S(MERGED) | S(WITHDRAWN) | S(TERMINATED),
                                     ARCHIVE,            HOLDER,          ARCHIVED),
    ROW(S(CLOSED) | S(TRANSFERRED) | S(MERGED) | S(WITHDRAWN) | S(TERMINATED),
                                     ARCHIVE,            HUB,             ARCHIVED),
    /* 34 */
    STAY(HELD,                       URGE,               HUB),
    STAY(HELD,                       URGE,               ASSIGNER),
    STAY(HELD,                       URGE,               SUPERIOR),
    STAY(HELD,                       URGE,               SUPERVISOR),
    STAY(HELD,                       SUPERVISE,          HUB),
    STAY(HELD,                       SUPERVISE,          ASSIGNER),
    STAY(HELD,                       SUPERVISE,          SUPERIOR),
    STAY(HELD,                       SUPERVISE,          SUPERVISOR),
    STAY(HELD,                       LIST_SUPERVISE,     HUB),
    STAY(HELD,                       LIST_SUPERVISE,     ASSIGNER),
    STAY(HELD,                       LIST_SUPERVISE,     SUPERIOR),
    STAY(HELD,                       LIST_SUPERVISE,     SUPERVISOR),
    STAY(HELD,                       ESCALATE,           HUB),
    STAY(HELD,                       ESCALATE,           ASSIGNER),
    STAY(HELD,                       ESCALATE,           SUPERIOR),
    STAY(HELD,                       ESCALATE,           SUPERVISOR),
    /* 35 */
    STAY(ANY,                        SEAL,               ORIGIN),
    STAY(ANY,                        SEAL,               ADDRESSEE),
    STAY(ANY,                        SEAL,               SUPERVISOR),
    STAY(ANY,                        UNSEAL,             ORIGIN),
    STAY(ANY,                        UNSEAL,             ADDRESSEE),
    STAY(ANY,                        UNSEAL,             SUPERVISOR),
    /* 36, 37 */
    STAY(ANY,                        AMEND,              AUTHOR),
    STAY(ANY,                        COPY,               PARTY),
    STAY(ANY,                        COPY,               MONITOR),
    STAY(ANY,                        NOTICE,             PARTY),
    STAY(ANY,                        NOTICE,             MONITOR),
    STAY(ANY,                        PROGRESS,           PARTY),
    STAY(ANY,                        PROGRESS,           MONITOR),
    STAY(ANY,                        HEARING,            PARTY),
    STAY(ANY,                        HEARING,            MONITOR),
    STAY(ANY,                        WARNING,            PARTY),
    STAY(ANY,                        WARNING,            MONITOR),
    STAY(ANY,                        BULLETIN,           PARTY),
    STAY(ANY,                        BULLETIN,           MONITOR),
    STAY(ANY,                        ACKNOWLEDGE_INFO,   PARTY),
    STAY(ANY,                        ACKNOWLEDGE_INFO,   MONITOR),
    /* recorded by the hub */
    STAY(HELD,                       DUE_SOON,           HUB),
    STAY(HELD,                       OVERDUE,            HUB),
    STAY(ANY,                        DEAD_LETTER,        HUB),
    STAY(ANY,                        DEAD_RETRY,         HUB),
    STAY(ANY,                        SHARED,             HUB),
};

enum { TRANSITIONS = sizeof(transitions) / sizeof(transitions[0]) };

const struct hub_transition *hub_lifecycle_at(uint32_t index)
{
    return index < TRANSITIONS ? &transitions[index] : NULL;
}

enum hub_turn hub_lifecycle_turn(enum rh_state from, enum rh_kind event, uint32_t actors)
{
    rh_assert(from < RH_STATE_COUNT);
    enum hub_turn turn = HUB_TURN_WRONG_STATE;
    for (uint32_t i = 0; i < TRANSITIONS; i++) {
        const struct hub_transition *row = &transitions[i];
        if (row->event != event || !rh_state_in(row->from, from))
            continue;
        if ((actors & HUB_ACTOR_BIT(row->who)) != 0)
            return HUB_TURN_ALLOWED;
        turn = HUB_TURN_WRONG_ACTOR;
    }
    return turn;
}

bool hub_lifecycle_leads(enum rh_state from, enum rh_kind event, uint32_t actors,
                         enum rh_state to)
{
    rh_assert(from < RH_STATE_COUNT);
    rh_assert(to < RH_STATE_COUNT);
    for (uint32_t i = 0; i < TRANSITIONS; i++) {
        const struct hub_transition *row = &transitions[i];
        if (row->event == event && rh_state_in(row->from, from) &&
            (actors & HUB_ACTOR_BIT(row->who)) != 0 &&
            to == (row->to == RH_STATE_NONE ? from : row->to))
            return true;
    }
    return false;
}

enum rh_actor hub_lifecycle_holder(enum rh_state state, bool arrived)
{
    switch (state) {
    case RH_STATE_REGISTERED:
    case RH_STATE_REPLIED:
        return RH_ACTOR_ORIGIN;
    case RH_STATE_DISPATCHED:
        return arrived ? RH_ACTOR_ADDRESSEE : RH_ACTOR_SENDER;
    case RH_STATE_OBJECTED:
    case RH_STATE_RETURNED:
    case RH_STATE_SUPPLEMENTING:
        return RH_ACTOR_SENDER;
    case RH_STATE_SIGNED:
    case RH_STATE_ACCEPTED:
    case RH_STATE_NOT_ACCEPTED:
    case RH_STATE_IN_PROGRESS:
    case RH_STATE_SUSPENDED:
    case RH_STATE_CONCLUDED:
        return RH_ACTOR_ADDRESSEE;
    case RH_STATE_REVISITING:
        return RH_ACTOR_MONITOR;
    case RH_STATE_NONE:
    case RH_STATE_CLOSED:
    case RH_STATE_TRANSFERRED:
    case RH_STATE_MERGED:
    case RH_STATE_WITHDRAWN:
    case RH_STATE_TERMINATED:
    case RH_STATE_ARCHIVED:
    case RH_STATE_COUNT:
        return RH_ACTOR_HUB;
    }
    return RH_ACTOR_HUB;
}
