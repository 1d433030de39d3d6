/* rhubd's long verbs. Each answers an exit code (rh/exit.h); whatever made it differ from 0 is
 * a line in the log. */
#ifndef HUB_DAEMON_RUN_H
#define HUB_DAEMON_RUN_H

#include "assembly/assembly.h"

/* Serve until somebody asks for the end. Options complete, borrowed. */
int hub_daemon_run(const struct hub_options *options);

/* Begin a new generation of a hub that is stopped; its id to standard output. */
int hub_daemon_recover(const struct hub_options *options);

#endif
