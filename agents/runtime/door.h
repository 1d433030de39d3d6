/* A door: one way between the agent and the agency's own system. Each turn the agent asks every
 * door twice: `take` before the spool is committed (what came from the case system goes into
 * the spool), `give` after it (what is on disk may be shown: receipts written, deliveries
 * placed). A door may commit by itself inside `give`. */
#ifndef AGENT_DOOR_H
#define AGENT_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include <rh/err.h>

struct agent_door {
    const char *name;
    void *context;
    bool places; /* deliveries are to be handed to it (one door at most) */
    /* Descriptors to poll for POLLIN, at most max; returns the count. */
    uint32_t (*fds)(void *context, int *fds, uint32_t max);
    /* Milliseconds until it must be asked again although nothing is readable. */
    uint32_t (*wait_ms)(void *context);
    /* RH_OK; anything else is the spool's error and ends the turn. */
    enum rh_err (*take)(void *context);
    enum rh_err (*give)(void *context);
    /* No new messages are taken in while this holds (the spool is nearly full). */
    void (*hold)(void *context, bool on);
    void (*close)(void *context);
};

#endif
