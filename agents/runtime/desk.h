/* The desk: from a message in JSON to numbered items in the spool.
 *
 * Everything a person can have got wrong is found here, all at once: form (message_read.c), the
 * fields of the kind, the agency's own profile, references, keys of addressees. Nothing is
 * numbered before everything holds. What the hub may still refuse comes back with the
 * receipt. */
#ifndef AGENT_DESK_H
#define AGENT_DESK_H

#include <rh/profile.h>
#include <rhub.h>

#include "runtime/message.h"

struct agent_desk {
    struct agent_spool *spool;
    const struct rh_cards *cards;      /* of other agencies, for sealing; may be NULL */
    const struct rh_profile *profile;  /* NULL: no checks of the agency's own */
    struct agent_screen *screen;       /* keyword rules; may be NULL */
    const uint8_t *own_seal;           /* RH_SEAL_PUBLIC_BYTES, of this agency; may be NULL */
    struct rh_agency_id agency;
    uint32_t generation;               /* of the hub's session now */
    uint64_t now_ms;                   /* this agency's time, UTC */
    bool time_unknown;                 /* a test hub's time not heard yet: judge no dates */
};

struct agent_submission {
    uint64_t first_n;
    uint32_t count;                    /* 2: a registration and its dispatch */
    struct rh_message_id id;           /* of the last, the one that was asked for */
    struct rh_referral_id referral;
};

/* Put a message into the spool's open transaction. A dispatch kind without a referral opens
 * one: a registration goes before it. When the hub refuses such a dispatch, its registration
 * stands there. Said again, corrected or not, under the same id, with the same external number
 * or with the same content, it goes on with that registration (desk_again.h).
 *
 * RH_OK           out says under which numbers; the caller commits.
 * RH_ERR_INVALID  nothing was changed; problems say why.
 * RH_ERR_EXISTS   this message id was submitted before; out names it.
 * RH_ERR_AGAIN    hashes of external numbers need the hub's key, which comes with the first
 *                 connection.
 * other           the spool's. */
enum rh_err agent_desk_submit(const struct agent_desk *desk,
                              const struct agent_message *message, uint64_t file_no,
                              struct agent_problems *problems, struct agent_submission *out);

/* The same checks without a spool: references are taken as they are, nothing is numbered. */
void agent_desk_look_over(const struct rh_profile *profile, const struct rh_agency_id *agency,
                          const struct agent_message *message,
                          struct agent_problems *problems);

/* The profile's checks alone, for one kind of the message. */
void agent_desk_check(const struct rh_profile *profile, const struct agent_message *message,
                      const char *procedure, enum rh_kind kind,
                      struct agent_problems *problems);

#endif
