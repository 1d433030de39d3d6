/* The only way rows of D tables change: a put or a del and its part of the digest, together.
 *
 * `insert` is for keys that the caller knows to be absent, `replace` and `remove` take the
 * value that is there (it may be mapped; it is read first): so a change costs one operation on
 * the map. `set` and `clear` look first, for rows nobody has just read. */
#ifndef HUB_VIEWS_CHANGE_H
#define HUB_VIEWS_CHANGE_H

#include "views/keys.h"

enum rh_err hub_change_insert(struct hub_views *views, unsigned table,
                              const struct hub_key *key, struct rh_bytes value);
/* An insert above every key of the table. */
enum rh_err hub_change_append(struct hub_views *views, unsigned table,
                              const struct hub_key *key, struct rh_bytes value);
/* `value` must not be mapped. */
enum rh_err hub_change_replace(struct hub_views *views, unsigned table,
                               const struct hub_key *key, struct rh_bytes old,
                               struct rh_bytes value);
/* RH_ERR_CORRUPT when the key is not there: a row and its index disagree. */
enum rh_err hub_change_remove(struct hub_views *views, unsigned table,
                              const struct hub_key *key, struct rh_bytes old);
enum rh_err hub_change_set(struct hub_views *views, unsigned table, const struct hub_key *key,
                           struct rh_bytes value);
/* No harm when absent. */
enum rh_err hub_change_clear(struct hub_views *views, unsigned table,
                             const struct hub_key *key);

/* hub_map_get with a key of ours. */
enum rh_err hub_look(struct hub_map *map, unsigned table, const struct hub_key *key,
                     struct rh_bytes *value);

#endif
