/* Makes a log with the hub's own code, for check_log.py to look at from outside.
 *
 *     log_sample DIRECTORY > claims.json
 *
 * DIRECTORY, which exists, gets tiles and checkpoints; the claims name the records, the key,
 * and proofs of every kind at several sizes. Ends with status 1 when anything fails. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "log/checkpoint.h"

enum { RECORDS = 1300, STEP = 217, NOTE_BYTES = 1024 };

static struct rh_hub_id hub;
static struct rh_sign_secret secret_key;
static struct rh_sign_public public_key;
static struct hub_tree *tree;

static void must(enum rh_err err)
{
    if (err == RH_OK)
        return;
    fprintf(stderr, "log_sample: %s\n", rh_err_text(err));
    exit(1);
}

static json_t *hex(const void *data, size_t bytes)
{
    char text[512];

    for (size_t i = 0; i < bytes && 2 * i + 2 < sizeof text; i++)
        snprintf(text + 2 * i, 3, "%02x", ((const uint8_t *)data)[i]);
    return json_string(text);
}

static json_t *hexes(const struct rh_hash *hashes, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, hex(hashes[i].bytes, sizeof hashes[i].bytes));
    return list;
}

static json_t *append_record(unsigned i)
{
    char core[64];
    struct rh_hash rest_hash;
    struct rh_hash leaf;
    int bytes = snprintf(core, sizeof core, "core of record %u", i);

    rh_hash(&i, sizeof i, &rest_hash);
    rh_leaf_hash((struct rh_bytes){ (const uint8_t *)core, (size_t)bytes }, &rest_hash, &leaf);
    must(hub_tree_append(tree, &leaf));
    return json_pack("[o,o]", hex(core, (size_t)bytes), hex(rest_hash.bytes, 32));
}

/* A confirm for the newest `count` records. */
static json_t *confirm(uint64_t count)
{
    struct rh_hash proof[RH_PROOF_RANGE_MAX];
    struct rh_batch batch = { .hub = hub, .size = hub_tree_size(tree) };
    size_t hashes;

    must(hub_tree_root(tree, batch.size, &batch.root));
    rh_batch_sign(&batch, &secret_key);
    must(
        hub_tree_prove_range(tree, batch.size - count, batch.size, batch.size, proof, &hashes));
    return json_pack("{s:I,s:I,s:I,s:o,s:o,s:o}", "first", (json_int_t)(batch.size - count),
                     "last", (json_int_t)batch.size, "size", (json_int_t)batch.size, "root",
                     hex(batch.root.bytes, 32), "signature", hex(batch.signature.bytes, 64),
                     "proof", hexes(proof, hashes));
}

static json_t *inclusion(uint64_t index, uint64_t size)
{
    struct rh_hash proof[RH_PROOF_PATH_MAX];
    size_t hashes;

    must(hub_tree_prove_inclusion(tree, index, size, proof, &hashes));
    return json_pack("{s:I,s:I,s:o}", "index", (json_int_t)index, "size", (json_int_t)size,
                     "proof", hexes(proof, hashes));
}

static json_t *consistency(uint64_t old_size, uint64_t size)
{
    struct rh_hash proof[RH_PROOF_CONSISTENCY_MAX];
    size_t hashes;

    must(hub_tree_prove_consistency(tree, old_size, size, proof, &hashes));
    return json_pack("{s:I,s:I,s:o}", "old_size", (json_int_t)old_size, "size",
                     (json_int_t)size, "proof", hexes(proof, hashes));
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 64;
    struct hub_tree_options options = { .directory = argv[1], .cache_tiles = 4 };
    struct rh_checkpoint found;
    json_t *records = json_array();
    json_t *published = json_array();
    json_t *confirms = json_array();
    json_t *inclusions = json_array();
    json_t *consistencies = json_array();

    must(rh_hub_id_parse("test.620423/3", 13, &hub));
    rh_sign_keypair(&public_key, &secret_key);
    must(hub_checkpoint_open(&options, &hub, &public_key, &tree, &found));
    for (unsigned i = 0; i < RECORDS; i++) {
        json_array_append_new(records, append_record(i));
        if (i % STEP != 0 && i + 1 != RECORDS)
            continue;
        char note[NOTE_BYTES];
        size_t bytes;
        uint64_t size = i + 1;
        must(hub_checkpoint_publish(tree, argv[1], &hub, &secret_key, note, sizeof note,
                                    &bytes));
        json_array_append_new(published, json_integer((json_int_t)size));
        json_array_append_new(confirms, confirm(1 + (size - 1) % 256));
        json_array_append_new(inclusions, inclusion(size / 3, size));
        json_array_append_new(consistencies, consistency(size / 2 + 1, size));
    }
    json_array_append_new(inclusions, inclusion(700, 701));
    json_array_append_new(consistencies, consistency(256, 1024));
    hub_tree_close(&tree);

    json_t *claims = json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "hub", hub.text, "public_key",
                               hex(public_key.bytes, 32), "records", records, "published",
                               published, "confirms", confirms, "inclusions", inclusions,
                               "consistencies", consistencies);
    int failed = claims == NULL || json_dumpf(claims, stdout, JSON_COMPACT) != 0;
    json_decref(claims);
    return failed;
}
