/* What the files that read a procedure share; nobody else includes this. procedure.c reads the
 * head and the clocks and asks what only the whole shows, procedure_allows.c what is allowed,
 * procedure_parts.c the other lists. */
#ifndef RH_LOAD_PROCEDURE_INSIDE_H
#define RH_LOAD_PROCEDURE_INSIDE_H

#include "load/words.h"

/* All borrowed. */
struct rh_load_draft {
    struct rh_yaml *yaml;
    const struct rh_load_roles *roles;
    const struct rh_settings *settings;
    struct rh_procedure *out;
};

/* Each reads its part of the file into loading->out. False after a problem of that part. */
bool rh_load_allows(struct rh_load_draft *loading);
/* Needs what is allowed. */
bool rh_load_relations(struct rh_load_draft *loading);
bool rh_load_routes(struct rh_load_draft *loading);
bool rh_load_copies(struct rh_load_draft *loading);
bool rh_load_checks(struct rh_load_draft *loading);
/* Needs what is allowed. */
bool rh_load_codes(struct rh_load_draft *loading);

#endif
