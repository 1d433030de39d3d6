/* Third parties who help to resolve a matter: deputies, CPPCC members, people's supervisors,
 * lawyers, mediators, social workers, psychologists, experts, guardians. They are persons, so
 * they are no parties of the hub; an agency names them in the private part of a message and
 * says which parts of the matter each may be shown.
 *
 * A role has a ceiling: what nobody in that role is shown, whatever is asked for. The two law
 * draws (minors, identity) name their article; the rest of the table is policy, chosen so that
 * who watches or advises learns what happened and how it ended, not who it happened to.
 *
 *     facts       what it is about: title, summary, text, facts, form
 *     parties     who takes part in it, names and numbers masked
 *     identity    the same persons in full: name, identity number, phone, address
 *     settlement  attempts to settle: agreement, mediator, hearing
 *     outcome     decisions and answers: state, code, what was decided
 *     dates       when each step was taken, and the end that runs
 *     documents   document numbers and the list of attachments
 *     minors      minors as `identity` shows others, else only by a pseudonym
 *
 * Source: protocol/spec/message.md, section 6. Words in both languages: glossary, groups
 * "participants" and "scopes". */
#ifndef RH_PARTICIPANT_H
#define RH_PARTICIPANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(symbol, bit, name). The bits stand in private parts: never changed, never reused. */
#define RH_SCOPE_LIST(X)            \
    X(FACTS, 1, "facts")            \
    X(PARTIES, 2, "parties")        \
    X(IDENTITY, 4, "identity")      \
    X(SETTLEMENT, 8, "settlement")  \
    X(OUTCOME, 16, "outcome")       \
    X(DATES, 32, "dates")           \
    X(DOCUMENTS, 64, "documents")   \
    X(MINORS, 128, "minors")

enum rh_scope {
#define RH_SCOPE_ENUM(symbol, bit, name) RH_SCOPE_##symbol = bit,
    RH_SCOPE_LIST(RH_SCOPE_ENUM)
#undef RH_SCOPE_ENUM
    RH_SCOPE_ALL = 255,
    RH_SCOPE_COUNT = 8
};

struct rh_participant_role {
    const char *id;
    uint32_t most; /* set of enum rh_scope: the ceiling of the role */
};

/* NULL past the last. */
const struct rh_participant_role *rh_participant_role_at(size_t index);
/* By id, which need not be terminated; NULL when there is none. */
const struct rh_participant_role *rh_participant_role_find(const char *id, size_t bytes);

/* Name of one bit, by its place from 0 to RH_SCOPE_COUNT - 1; NULL past the last. */
const char *rh_scope_name(size_t place);
/* The bit of a name, 0 when there is none. */
uint32_t rh_scope_find(const char *name, size_t bytes);

/* How participants are called in a matter: [a-z0-9][a-z0-9-]*, 1 to 24 bytes; no personal
 * data, since it stands in logs. */
enum { RH_PARTICIPANT_ID_BYTES_MAX = 24 };
bool rh_participant_id_is_valid(const char *id, size_t bytes);

#endif
