/* Verbs that only look, and what the files of verbs share. Not for doors. */
#ifndef AGENT_VERBS_H
#define AGENT_VERBS_H

#include "runtime/agent.h"

/* A number argument, `missing` when absent, cut to `max`; a refusal when it is none. */
uint64_t agent_ask_number(struct agent_ask *ask, const char *name, uint64_t missing,
                          uint64_t max);
/* Where a page begins: a number, 1 at the start; a refusal when it is none. */
uint64_t agent_ask_cursor(struct agent_ask *ask);

agent_verb_fn agent_verb_status;
agent_verb_fn agent_verb_inbox;
agent_verb_fn agent_verb_shared;
agent_verb_fn agent_verb_outbox;
agent_verb_fn agent_verb_due;
agent_verb_fn agent_verb_show;
agent_verb_fn agent_verb_receipt;
agent_verb_fn agent_verb_taken;
agent_verb_fn agent_verb_participants;
agent_verb_fn agent_verb_show_participant;
agent_verb_fn agent_verb_views;

/* verbs_look.c: the case that the argument `id` names, else a refusal and RH_ERR_NOTFOUND. */
enum rh_err agent_ask_case(struct agent_ask *ask, struct agent_case *out);

#endif
