/* Published checkpoints: what the hub puts its name to before everybody, on disk.
 *
 *     DIR/checkpoint           the newest one
 *     DIR/checkpoints/4711     the one of 4711 leaves, kept
 *
 * A checkpoint is a signed note (rh/note.h) under the hub id, generation included. It is
 * written whole or not at all, and only when the tiles of its size are durable; recovery
 * believes the newest one and nothing behind it.
 *
 * Errors: RH_ERR_IO, RH_ERR_NOSPACE; what is said below. */
#ifndef HUB_LOG_CHECKPOINT_H
#define HUB_LOG_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include <rh/note.h>

#include "log/tree.h"

/* Make the note of (size, root) signed by the hub into note[capacity]; not terminated.
 * RH_ERR_FULL when it does not fit; 512 bytes always suffice. */
enum rh_err hub_checkpoint_build(const struct rh_hub_id *hub, uint64_t size,
                                 const struct rh_hash *root, const struct rh_sign_secret *key,
                                 char *note, size_t capacity, size_t *bytes);

/* Put a note on disk, durably: the kept one first, the newest one last. The tiles of `size`
 * must be durable (hub_tree_write_tiles, or a finished sync). Also replaces the kept note of
 * a size by one with more signatures, when `size` is still the newest. */
enum rh_err hub_checkpoint_store(const char *directory, uint64_t size, const char *note,
                                 size_t bytes);

/* Read the newest note (the greatest kept one where DIR/checkpoint is missing), or the kept
 * one of a size. RH_ERR_NOTFOUND; RH_ERR_FULL when larger than capacity. Unchecked:
 * rh_checkpoint_verify is the caller's. */
enum rh_err hub_checkpoint_load(const char *directory, char *note, size_t capacity,
                                size_t *bytes);
enum rh_err hub_checkpoint_load_size(const char *directory, uint64_t size, char *note,
                                     size_t capacity, size_t *bytes);

/* All of publishing for the present size of a tree that lives in `directory`: tiles durable,
 * note signed and stored. note[capacity] gets the note. */
enum rh_err hub_checkpoint_publish(struct hub_tree *tree, const char *directory,
                                   const struct rh_hub_id *hub,
                                   const struct rh_sign_secret *key, char *note,
                                   size_t capacity, size_t *bytes);

/* All of opening: the newest note of the log, verified with the hub's public key, and the tree
 * as it was then; an empty tree and size 0 where there is no note yet. The caller compares
 * found->size with the journal and appends the leaves behind it.
 *
 * options    borrowed; options->directory is the log's.
 * found      caller's; extensions are not kept (empty).
 *
 * RH_ERR_DENIED   the newest note is another hub's or generation's
 * RH_ERR_CRYPTO, RH_ERR_NOTFOUND  its signature fails, or it bears none of this key
 * RH_ERR_INVALID, RH_ERR_FULL     it is not a checkpoint
 * RH_ERR_CORRUPT  the tiles do not lead to its root; RH_ERR_NOMEM */
enum rh_err hub_checkpoint_open(const struct hub_tree_options *options,
                                const struct rh_hub_id *hub, const struct rh_sign_public *key,
                                struct hub_tree **tree, struct rh_checkpoint *found);

#endif
