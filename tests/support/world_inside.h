/* What the files of the hub of arrays share; tests include world.h. world.c applies what was
 * decided and checks what always holds, world_see.c is what decide sees, world_play.c what
 * happens. */
#ifndef RHT_WORLD_INSIDE_H
#define RHT_WORLD_INSIDE_H

#include "support/world.h"

/* Say what is wrong in the world, and abort. */
_Noreturn void rht_world_give_up(const struct rht_world *world, const char *what);

/* The number that rht_referral_id or rht_message_id put into an id. */
uint64_t rht_number_of(const uint8_t id[RH_ID_BYTES]);

/* Found, or new with pair_seq 1 to come. */
struct rht_pair *rht_world_pair(struct rht_world *world, uint32_t from, uint32_t to,
                                enum rh_lane lane);

/* Fill in world->face. */
void rht_world_see(struct rht_world *world);

#endif
