/* Makes libsodium ready before the first use. Inside rh_protocol only. */
#ifndef RH_LIBRARY_H
#define RH_LIBRARY_H

/* Cheap after the first call, safe from any thread. Stops the process when the system has
 * no random source: every key would be worthless. */
void rh_library_ready(void);

#endif
