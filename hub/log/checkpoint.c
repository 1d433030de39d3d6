#include "log/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log/logfile.h"

enum { NAME_BYTES = 40 };

/* "DIR" or "DIR/name" into caller's memory. RH_ERR_IO when too long. */
static enum rh_err path_of(const char *directory, const char *name,
                           char out[HUB_LOGFILE_PATH_BYTES])
{
    int length = snprintf(out, HUB_LOGFILE_PATH_BYTES, "%s/%s", directory, name);

    return length > 0 && length < HUB_LOGFILE_PATH_BYTES ? RH_OK : RH_ERR_IO;
}

static void kept_name(uint64_t size, char out[NAME_BYTES])
{
    int length = snprintf(out, NAME_BYTES, "checkpoints/%" PRIu64, size);

    rh_assert(length > 0 && length < NAME_BYTES);
}

enum rh_err hub_checkpoint_build(const struct rh_hub_id *hub, uint64_t size,
                                 const struct rh_hash *root, const struct rh_sign_secret *key,
                                 char *note, size_t capacity, size_t *bytes)
{
    struct rh_checkpoint checkpoint = { .origin = *hub, .size = size, .root = *root };
    size_t text_bytes = 0;

    *bytes = 0;
    enum rh_err err = rh_checkpoint_format(&checkpoint, note, capacity, &text_bytes);
    if (err != RH_OK)
        return err;
    *bytes = text_bytes;
    return rh_note_sign(note, capacity, bytes, text_bytes, hub->text, key);
}

/* Write DIR/name durably; the directory that holds the name is DIR/holder ("." is DIR). */
static enum rh_err store_as(const char *directory, const char *name, const char *holder,
                            const char *note, size_t bytes)
{
    char path[HUB_LOGFILE_PATH_BYTES];
    enum rh_err err = path_of(directory, name, path);

    if (err == RH_OK)
        err = hub_logfile_write(path, strlen(directory), note, bytes, true);
    if (err == RH_OK)
        err = path_of(directory, holder, path);
    if (err == RH_OK)
        err = hub_logfile_sync(path);
    return err == RH_ERR_NOTFOUND ? RH_ERR_IO : err;
}

enum rh_err hub_checkpoint_store(const char *directory, uint64_t size, const char *note,
                                 size_t bytes)
{
    char name[NAME_BYTES];

    kept_name(size, name);
    enum rh_err err = store_as(directory, name, "checkpoints", note, bytes);
    if (err == RH_OK)
        err = store_as(directory, "checkpoint", ".", note, bytes);
    return err;
}

static enum rh_err load(const char *directory, const char *name, char *note, size_t capacity,
                        size_t *bytes)
{
    char path[HUB_LOGFILE_PATH_BYTES];
    enum rh_err err = path_of(directory, name, path);

    *bytes = 0;
    return err == RH_OK ? hub_logfile_read(path, note, capacity, bytes) : err;
}

enum rh_err hub_checkpoint_load_size(const char *directory, uint64_t size, char *note,
                                     size_t capacity, size_t *bytes)
{
    char name[NAME_BYTES];

    kept_name(size, name);
    return load(directory, name, note, capacity, bytes);
}

/* Between the two writes of the very first store a crash leaves a kept note only; and nobody
 * gains by removing DIR/checkpoint alone. */
enum rh_err hub_checkpoint_load(const char *directory, char *note, size_t capacity,
                                size_t *bytes)
{
    enum rh_err err = load(directory, "checkpoint", note, capacity, bytes);
    if (err != RH_ERR_NOTFOUND)
        return err;

    char path[HUB_LOGFILE_PATH_BYTES];
    uint64_t size = 0;
    err = path_of(directory, "checkpoints", path);
    if (err == RH_OK)
        err = hub_logfile_greatest(path, &size);
    return err == RH_OK ? hub_checkpoint_load_size(directory, size, note, capacity, bytes)
                        : err;
}

enum rh_err hub_checkpoint_publish(struct hub_tree *tree, const char *directory,
                                   const struct rh_hub_id *hub,
                                   const struct rh_sign_secret *key, char *note,
                                   size_t capacity, size_t *bytes)
{
    uint64_t size = hub_tree_size(tree);
    struct rh_hash root;

    *bytes = 0;
    enum rh_err err = hub_tree_root(tree, size, &root);
    if (err == RH_OK)
        err = hub_checkpoint_build(hub, size, &root, key, note, capacity, bytes);
    if (err == RH_OK)
        err = hub_tree_write_tiles(tree);
    if (err == RH_OK)
        err = hub_checkpoint_store(directory, size, note, *bytes);
    return err;
}

enum rh_err hub_checkpoint_open(const struct hub_tree_options *options,
                                const struct rh_hub_id *hub, const struct rh_sign_public *key,
                                struct hub_tree **tree, struct rh_checkpoint *found)
{
    size_t bytes = 0;
    char *note = malloc(RH_NOTE_BYTES_MAX);

    *tree = NULL;
    memset(found, 0, sizeof *found);
    if (note == NULL)
        return RH_ERR_NOMEM;

    enum rh_err err = hub_checkpoint_load(options->directory, note, RH_NOTE_BYTES_MAX, &bytes);
    if (err == RH_ERR_NOTFOUND) {
        found->origin = *hub;
        rh_proof_empty_root(&found->root);
        err = RH_OK;
    } else if (err == RH_OK) {
        struct rh_bytes view = { (const uint8_t *)note, bytes };
        err = rh_checkpoint_verify(view, hub, key, found);
        found->extensions = (struct rh_bytes){ NULL, 0 };
    }
    free(note);

    if (err == RH_OK)
        err = hub_tree_open(options, found->size, &found->root, tree);
    return err;
}
