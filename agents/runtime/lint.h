/* `rhub-agent lint`: what the desk would say of a file, without agent, spool or hub. */
#ifndef AGENT_LINT_H
#define AGENT_LINT_H

#include <stdio.h>

#include <rh/profile.h>

/* Look a message file over and print one line for each problem:
 *     FILE: /facts/mediating_org RH-4313 sentence
 * True when there is none. `profile` may be NULL. */
bool agent_lint_file(const char *path, const struct rh_profile *profile, FILE *out);

#endif
