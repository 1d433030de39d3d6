/* The door's table of transport keys, and the budgets that go with them. The door's main
 * thread changes it, the thread that answers ZAP reads it: a mutex stands between them.
 *
 * A user id is "AGENCY.SERIAL": the serial is given anew whenever an agency's key changes or
 * comes back, so that a connection admitted with an older key is known by its user id. */
#ifndef HUB_GATEWAY_DOOR_KEYS_H
#define HUB_GATEWAY_DOOR_KEYS_H

#include "gateway/door.h"

enum { HUB_DOOR_USER_BYTES = 24 };

struct hub_door_keys;

/* Quotas of every agency; a burst of one second's worth is allowed. RH_ERR_NOMEM. */
enum rh_err hub_door_keys_new(uint32_t frames_per_second, uint64_t bytes_per_second,
                              struct hub_door_keys **out);
void hub_door_keys_destroy(struct hub_door_keys **keys);

/* Agencies at or above HUB_DOOR_AGENCIES_MAX, and a key that another agency has, are
 * ignored: who is not in the table is refused. */
void hub_door_keys_set(struct hub_door_keys *keys, uint32_t agency,
                       const struct hub_door_key *key);

enum hub_door_admission { HUB_DOOR_ADMIT, HUB_DOOR_REFUSE, HUB_DOOR_LATER };

/* For ZAP, from any thread: whether a connection with this key may be made at now_ms
 * (monotonic). LATER: too many handshakes with it. */
enum hub_door_admission hub_door_keys_admit(struct hub_door_keys *keys, const uint8_t key[32],
                                            uint64_t now_ms, char user[HUB_DOOR_USER_BYTES]);

/* Main thread: the agency of a user id, when that key is active right now. RH_ERR_INVALID for
 * no user id of ours, RH_ERR_DENIED (with *agency set) when the key is no longer good. */
enum rh_err hub_door_keys_check(struct hub_door_keys *keys, const char *user,
                                uint32_t *agency);

/* Main thread: take one frame of `bytes` from the agency's budget. 0, or the milliseconds
 * after which it would be there. */
uint32_t hub_door_keys_spend(struct hub_door_keys *keys, uint32_t agency, uint64_t bytes,
                             uint64_t now_ms);

#endif
