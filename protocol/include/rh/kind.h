/* Message kinds, states, lanes, roles of the life cycle: the numbers of the wire and the
 * names of the screens. Source: protocol/spec/lifecycle.md; names in both languages:
 * protocol/rules/glossary.yaml. A number is never reused. */
#ifndef RH_KIND_H
#define RH_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(symbol, number, name, group): group D opens or moves a referral to an addressee, L moves
 * the life cycle, A raises attention, I informs, T transport, H recorded by the hub. */
#define RH_KIND_LIST(X)                                     \
    X(REGISTER, 1, "register", L)                           \
    X(FORWARD, 10, "forward", D)                            \
    X(ASSIGN, 11, "assign", D)                              \
    X(REFER, 12, "refer", D)                                \
    X(TRANSFER, 13, "transfer", D)                          \
    X(CLUE, 14, "clue", D)                                  \
    X(SUGGESTION, 15, "suggestion", D)                      \
    X(OPINION, 16, "opinion", D)                            \
    X(CORRECTION, 17, "correction", D)                      \
    X(EXPLAIN, 18, "explain", D)                            \
    X(NOTIFY_FILE, 19, "notify_file", D)                    \
    X(CONSULT, 20, "consult", D)                            \
    X(SIGN, 30, "sign", L)                                  \
    X(RECALL, 31, "recall", L)                              \
    X(OBJECT, 32, "object", L)                              \
    X(UPHOLD, 33, "uphold", L)                              \
    X(OVERRULE, 34, "overrule", L)                          \
    X(DESIGNATE, 35, "designate", L)                        \
    X(RETURN, 36, "return", L)                              \
    X(SUPPLEMENT_REQUEST, 37, "supplement_request", L)      \
    X(SUPPLEMENT, 38, "supplement", L)                      \
    X(ACCEPT, 39, "accept", L)                              \
    X(REFUSE, 40, "refuse", L)                              \
    X(START, 41, "start", L)                                \
    X(EXTEND_REQUEST, 42, "extend_request", L)              \
    X(EXTEND_GRANT, 43, "extend_grant", L)                  \
    X(EXTEND_DENY, 44, "extend_deny", L)                    \
    X(SUSPEND, 45, "suspend", L)                            \
    X(RESUME, 46, "resume", L)                              \
    X(TRANSFER_ON, 47, "transfer_on", L)                    \
    X(SPLIT, 48, "split", L)                                \
    X(MERGE, 49, "merge", L)                                \
    X(CONCLUDE, 50, "conclude", L)                          \
    X(REPORT, 51, "report", L)                              \
    X(REJECT_REPORT, 52, "reject_report", L)                \
    X(REPLY, 53, "reply", L)                                \
    X(REVIEW_REQUEST, 54, "review_request", L)              \
    X(REVISIT, 55, "revisit", L)                            \
    X(EVALUATE, 56, "evaluate", L)                          \
    X(REOPEN, 57, "reopen", L)                              \
    X(CLOSE, 58, "close", L)                                \
    X(WITHDRAW, 59, "withdraw", L)                          \
    X(TERMINATE, 60, "terminate", L)                        \
    X(ARCHIVE, 61, "archive", L)                            \
    X(SEAL, 62, "seal", L)                                  \
    X(UNSEAL, 63, "unseal", L)                              \
    X(AMEND, 64, "amend", I)                                \
    X(RELEASE, 65, "release", L) /* lead frees a mandatory child of a split */ \
    X(LEADER, 66, "leader", L) /* another leader in charge */ \
    X(URGE, 70, "urge", A)                                  \
    X(SUPERVISE, 71, "supervise", A)                        \
    X(LIST_SUPERVISE, 72, "list_supervise", A)              \
    X(ESCALATE, 73, "escalate", A)                          \
    X(COPY, 80, "copy", I)                                  \
    X(NOTICE, 81, "notice", I)                              \
    X(PROGRESS, 82, "progress", I)                          \
    X(HEARING, 83, "hearing", I)                            \
    X(WARNING, 84, "warning", I)                            \
    X(BULLETIN, 85, "bulletin", I)                          \
    X(ACKNOWLEDGE_INFO, 86, "acknowledge_info", I)          \
    X(ACK, 90, "ack", T)                                    \
    X(NACK, 91, "nack", T)                                  \
    X(ARRIVED, 100, "arrived", H)                           \
    X(DUE_SOON, 101, "due_soon", H)                         \
    X(OVERDUE, 102, "overdue", H)                           \
    X(DEAD_LETTER, 103, "dead_letter", H)                   \
    X(DEAD_RETRY, 104, "dead_retry", H)                     \
    X(SHARED, 105, "shared", H) /* told to a subscriber, masked; of no referral */

enum rh_kind {
    RH_KIND_NONE = 0,
#define RH_KIND_ENUM(symbol, number, name, group) RH_KIND_##symbol = number,
    RH_KIND_LIST(RH_KIND_ENUM)
#undef RH_KIND_ENUM
    RH_KIND_END = 128
};

/* X(symbol, number, name). */
#define RH_STATE_LIST(X)                  \
    X(REGISTERED, 1, "registered")        \
    X(DISPATCHED, 2, "dispatched")        \
    X(SIGNED, 3, "signed")                \
    X(OBJECTED, 4, "objected")            \
    X(RETURNED, 5, "returned")            \
    X(SUPPLEMENTING, 6, "supplementing")  \
    X(ACCEPTED, 7, "accepted")            \
    X(NOT_ACCEPTED, 8, "not_accepted")    \
    X(IN_PROGRESS, 9, "in_progress")      \
    X(SUSPENDED, 10, "suspended")         \
    X(CONCLUDED, 11, "concluded")         \
    X(REPLIED, 12, "replied")             \
    X(REVISITING, 13, "revisiting")       \
    X(CLOSED, 14, "closed")               \
    X(TRANSFERRED, 15, "transferred")     \
    X(MERGED, 16, "merged")               \
    X(WITHDRAWN, 17, "withdrawn")         \
    X(TERMINATED, 18, "terminated")       \
    X(ARCHIVED, 19, "archived")

enum rh_state {
    RH_STATE_NONE = 0, /* no such referral yet */
#define RH_STATE_ENUM(symbol, number, name) RH_STATE_##symbol = number,
    RH_STATE_LIST(RH_STATE_ENUM)
#undef RH_STATE_ENUM
    RH_STATE_COUNT = 20
};

enum rh_lane { RH_LANE_NORMAL = 0, RH_LANE_GREEN = 1, RH_LANE_URGENT = 2, RH_LANE_COUNT = 3 };

/* Who may raise an event; a party of one referral can fill several roles. */
#define RH_ACTOR_LIST(X)                \
    X(INTAKE, 0, "intake")              /* any agency whose role the procedure lets open it */ \
    X(ORIGIN, 1, "origin")              /* registered it */        \
    X(SENDER, 2, "sender")              /* current dispatcher */   \
    X(ADDRESSEE, 3, "addressee")        /* current addressee, later handler */ \
    X(HOLDER, 4, "holder")              /* whose turn it is */     \
    X(ASSIGNER, 5, "assigner")          /* sent it with a report required */ \
    X(SUPERIOR, 6, "superior")          /* of holder or addressee, by the tree */ \
    X(COMMON_SUPERIOR, 7, "common_superior") /* of sender and addressee */ \
    X(SUPERVISOR, 8, "supervisor")      /* role with the right to supervise */ \
    X(LEAD, 9, "lead")                  /* lead of a split */      \
    X(APPROVER, 10, "approver")         /* of an extension, named by the rule */ \
    X(AUTHOR, 11, "author")             /* of the amended message */ \
    X(PARTY, 12, "party")               /* any agency the referral has touched */ \
    X(HUB, 13, "hub")                   /* timers, delivery, schedule */ \
    X(MONITOR, 14, "monitor")           /* read grant */

enum rh_actor {
#define RH_ACTOR_ENUM(symbol, number, name) RH_ACTOR_##symbol = number,
    RH_ACTOR_LIST(RH_ACTOR_ENUM)
#undef RH_ACTOR_ENUM
    RH_ACTOR_COUNT = 15
};

/* Names as in JSON, YAML and screens; NULL for a number that is none. */
const char *rh_kind_name(enum rh_kind kind);
const char *rh_state_name(enum rh_state state);
const char *rh_lane_name(enum rh_lane lane);
const char *rh_actor_name(enum rh_actor actor);

/* Reverse; RH_KIND_NONE, RH_STATE_NONE or -1 for an unknown name. */
enum rh_kind rh_kind_find(const char *name, size_t bytes);
enum rh_state rh_state_find(const char *name, size_t bytes);
int rh_lane_find(const char *name, size_t bytes);
int rh_actor_find(const char *name, size_t bytes);

bool rh_kind_is_known(uint64_t number);
bool rh_kind_is_dispatch(enum rh_kind kind);
bool rh_kind_is_information(enum rh_kind kind);
bool rh_kind_is_attention(enum rh_kind kind);

/* closed, transferred, merged, withdrawn, terminated, archived: nobody holds it. */
bool rh_state_is_resting(enum rh_state state);
/* DOMAIN "unfinished": registered, dispatched, signed, returned, supplementing, accepted,
 * in_progress, suspended. */
bool rh_state_is_unfinished(enum rh_state state);

#endif
