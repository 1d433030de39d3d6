/* The command line of rhubd. */
#ifndef HUB_DAEMON_OPTIONS_H
#define HUB_DAEMON_OPTIONS_H

#include "assembly/assembly.h"

#include <stdio.h>

/* Read argv[2] and what follows it; out->program is left alone. False: a complaint was printed
 * to standard error, exit RH_EXIT_USAGE. Strings are borrowed from argv. */
bool hub_options_read(int argc, char **argv, struct hub_options *out);

/* Whether everything `verb` (init, run, recover) needs is there; false: a complaint that names
 * the first missing option was printed. */
bool hub_options_complete(const char *verb, const struct hub_options *options);

/* The help page; RH_EXIT_OK to standard output, RH_EXIT_USAGE to any other. */
int hub_options_usage(FILE *out);

#endif
