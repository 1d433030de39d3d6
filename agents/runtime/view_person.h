/* Who is who in a matter, for view.c: the persons of all its messages, each once, and what
 * stands for him. */
#ifndef AGENT_VIEW_PERSON_H
#define AGENT_VIEW_PERSON_H

#include <rh/date.h>
#include <rh/private.h>

#include "runtime/mask.h"

enum { VIEW_PERSONS_MAX = 512 };

enum view_class { VIEW_ADULT, VIEW_VICTIM, VIEW_MINOR, VIEW_INFORMANT };

struct view_person {
    char *name, *id_number; /* either may be empty */
    enum view_class class;  /* the most protected that any message says */
    bool age_known;         /* from the identity number: not a minor's */
    bool grown;             /* a role that only adults have */
    unsigned no;            /* among those of his class, from 1; set when all are known */
};

struct view_persons {
    uint32_t count;
    bool minors;             /* the matter concerns minors */
    bool doubtful;           /* nobody has said under which procedure it goes: it may */
    struct view_person list[VIEW_PERSONS_MAX];
};

void view_persons_fini(struct view_persons *persons);
/* Take one in, or add to what is known of him. RH_ERR_FULL. */
enum rh_err view_persons_learn(struct view_persons *persons, const struct rh_person *person,
                               struct rh_date today);
/* All are known: in a matter of minors whoever may be one is taken for one; numbers are
 * given. */
void view_persons_ready(struct view_persons *persons);
/* By the same name or identity number; NULL when he was not learnt. */
const struct view_person *view_persons_find(const struct view_persons *persons,
                                            const struct rh_person *person);
/* What stands for somebody who is not named: 未成年人1, 举报人1, 被害人1, or family name and 某.
 * The caller's. */
char *view_person_alias(const struct view_person *known, const struct rh_person *person);

#endif
