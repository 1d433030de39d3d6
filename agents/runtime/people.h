/* Who takes part in a matter, as this agency knows it: the newest word of whoever named each,
 * and whether he may be shown anything today. The words themselves are rows of the spool. */
#ifndef AGENT_PEOPLE_H
#define AGENT_PEOPLE_H

#include "runtime/spool.h"

/* Words about persons that one agency says of one matter at most: whoever lists them, or looks
 * for one, goes through all. The desk refuses more of ours; what others said is bounded by what
 * the hub lets them send. */
enum { AGENT_PEOPLE_WORDS_MAX = 1024 };

/* Whose list it was. */
struct agent_said {
    struct rh_agency_id agency;
    bool sent;               /* ours */
    uint64_t number;         /* n, or a */
    struct rh_message_id message_id;
    uint64_t told_ms;        /* hub time; 0 of our own, whose row knows it */
};

/* Keep a message's list with its matter; RH_OK when it has none. */
enum rh_err agent_people_keep(struct agent_spool *spool, const struct rh_referral_id *id,
                              const struct rh_private *content, const struct agent_said *said);

struct agent_person {
    struct agent_participant now; /* what holds; of one who left, with what held before */
    uint64_t since_ms;            /* when he was first named, hub time */
    uint64_t changed_ms;          /* when what holds was said */
    bool waiting;                 /* our own newest word about him is not stored yet */
};

/* The first person behind `at->now` (agency, id), which begins zeroed: by agency, then by id.
 * Nobody whom only refused messages name. RH_ERR_NOTFOUND past the last. */
enum rh_err agent_people_next(struct agent_spool *spool, const struct rh_referral_id *id,
                              struct agent_person *at);

/* One person. `agency` NULL: whoever named him; RH_ERR_EXISTS when two did. RH_ERR_NOTFOUND. */
enum rh_err agent_people_find(struct agent_spool *spool, const struct rh_referral_id *id,
                              const struct rh_agency_id *agency, const char *person,
                              struct agent_person *out);

/* How many words an agency has said about persons of this matter. */
enum rh_err agent_people_words(struct agent_spool *spool, const struct rh_referral_id *id,
                               const struct rh_agency_id *agency, uint32_t *out);

/* Whether a person may be shown something on a day. */
enum agent_presence {
    AGENT_PRESENT,
    AGENT_NOT_YET,  /* his first day is to come */
    AGENT_OVER,     /* his last day is past */
    AGENT_ENDED,    /* taken out */
    AGENT_RESTS,    /* no last day, and the matter is at rest: the need to know is over */
    AGENT_NOT_STORED /* named by a message of ours that the hub has not stored */
};
enum agent_presence agent_people_presence(const struct agent_person *person,
                                          enum rh_state state, struct rh_date today);
/* As in the glossary, group "taking_part". */
const char *agent_presence_name(enum agent_presence presence);

#endif
