/* `rhub-agent import`: ask the running agent to import a table, and say what came of it. */
#ifndef AGENT_IMPORT_ASK_H
#define AGENT_IMPORT_ASK_H

#include <stdbool.h>

struct agent_import_request {
    const char *socket; /* of the agent */
    const char *file, *map;
    bool dry_run;
};

/* Bad rows go to standard error as FILE:LINE:COLUMN, figures to standard output. An exit code:
 * RH_EXIT_DATA when a row is bad, whatever became of the others. */
int agent_import_ask(const struct agent_import_request *request);

#endif
