/* A matter whose registration the hub has, but whose first dispatch it refused: saying it
 * again, corrected or not, goes on with that registration and does not make a second. */
#ifndef AGENT_DESK_AGAIN_H
#define AGENT_DESK_AGAIN_H

#include "runtime/spool.h"

/* The case, when this agency registered it, at least one dispatch of it was refused, and none
 * is stored or under way. RH_ERR_NOTFOUND otherwise. */
enum rh_err agent_again_case(struct agent_spool *spool, const struct rh_referral_id *id,
                             struct agent_case *out);

/* What became of a message of a given id, and of those that were sent in its place.
 *
 * RH_OK            it stands: *sent says where.
 * RH_ERR_AGAIN     it was a dispatch that was refused, and its case may be gone on with: *known;
 *                  *next is the id to be used.
 * RH_ERR_NOTFOUND  nothing of that id was ever sent. */
enum rh_err agent_again_message(struct agent_spool *spool, const struct rh_message_id *id,
                                struct agent_sent *sent, struct agent_case *known,
                                struct rh_message_id *next);

/* The name under which a case without external numbers is found again by its content. */
void agent_again_name(struct rh_bytes public_part, struct rh_bytes private_part,
                      struct rh_bytes body, char out[AGENT_KEY_BYTES_MAX + 1]);

#endif
