/* screening/NAME.yaml: what finds repeats, what makes a hot spot, which words an agency's desk
 * looks for. Format: protocol/rules/README.md.
 *
 * Repeats and hot spots are the hub's and go into its rules. Keywords are looked for where the
 * text is, at the agency: the hub only checks them, so that what it journals is what can be
 * loaded everywhere. */
#ifndef RH_LOAD_SCREENING_H
#define RH_LOAD_SCREENING_H

#include <rh/keywords.h>

#include "load/words.h"

/* Read one file and add its repeats and hot spots to `rules`.
 * RH_ERR_CONFIG when anything is wrong, with the report; RH_ERR_NOMEM. */
enum rh_err rh_load_screening(const char *name, const char *text, size_t bytes,
                              const struct rh_load_roles *roles, struct rh_rules *rules,
                              struct rh_load_report *report);

/* Read the keyword rules of a file, ready to match. What else the file holds is passed over.
 * End it with rh_keywords_destroy.
 * RH_ERR_NOTFOUND, RH_ERR_IO, RH_ERR_CONFIG, each in the report; RH_ERR_NOMEM. */
enum rh_err rh_load_keywords(const char *path, struct rh_keywords **out,
                             struct rh_load_report *report);

#endif
