/* What one participant may be shown of a matter: built up from what is allowed, never cut down
 * from what is there, so that a field nobody thought of is not shown.
 *
 * Two passes over the messages of a matter: `learn` gathers its persons, `message` writes what
 * may be shown of one. A name that stands only in a late message is masked in the early ones.
 *
 * Law narrows what the office has granted:
 *
 *     a matter of minors  identity, documents and every particular of a minor are left out and
 *                         minors stand under a pseudonym, unless the participant was granted
 *                         `minors`, which only some roles can be (未成年人保护法 art. 103); other
 *                         agencies are not named: the school that reported it is one
 *     in doubt            the same where nobody has told this agency the procedure and the age
 *                         of somebody in it is not known: it may be a matter of minors
 *     an informant        stands under a pseudonym, and so does the agency, for everybody (刑事诉讼法 art. 111, 信访工作条例
 *                         art. 30)
 *
 * Whether anything may be shown at all (the days, a sealed record) is decided before. Pure. */
#ifndef AGENT_VIEW_H
#define AGENT_VIEW_H

#include <jansson.h>

#include <rh/date.h>
#include <rh/item.h>
#include <rh/private.h>

struct agent_view;

/* `scope` is what was granted; `today` decides who is a minor. */
struct agent_view *agent_view_new(uint32_t scope, struct rh_date today);
void agent_view_destroy(struct agent_view **view);

/* A message of the matter; content NULL when it cannot be read. RH_ERR_FULL when it has more
 * persons than can be masked: nothing is shown then. */
enum rh_err agent_view_learn(struct agent_view *view, const char *procedure,
                             const char *category, const struct rh_public *item,
                             const struct rh_private *content);
/* Everything is learnt. */
void agent_view_ready(struct agent_view *view);
/* What may be shown now: what was granted, narrowed. */
uint32_t agent_view_scope(const struct agent_view *view);

/* Why content is not there. */
enum agent_view_missing { AGENT_VIEW_WHOLE, AGENT_VIEW_GONE, AGENT_VIEW_UNREADABLE };

struct agent_view_message {
    enum rh_kind kind;
    const char *from;                  /* agency */
    bool own;                          /* ... which is the one that shows it */
    uint64_t stored_ms;
    bool notice;                       /* the hub's own word: its facts are none of the matter's
                                          (one of them is the petitioner's query code) */
    const struct rh_public *item;      /* NULL: only the above is known */
    const struct rh_private *content;  /* NULL: not there, see missing */
    struct rh_body body;
    enum agent_view_missing missing;
};
/* The caller's; NULL when nothing of it may be shown. */
json_t *agent_view_message(const struct agent_view *view,
                           const struct agent_view_message *message);
/* Whether another agency may be named: the school that reported harm says which child it is, and
 * any office may be the one that is kept secret. */
bool agent_view_names_others(const struct agent_view *view);
/* Which parts are left out and why: list of {part, why}, why as in the glossary, group
 * "withheld". The caller's. */
json_t *agent_view_withheld(const struct agent_view *view);

#endif
