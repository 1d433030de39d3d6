/* A spool in a directory of its own, and ids that tell what they were made of. Included once
 * the headers that cmocka wants are. */
#ifndef RHT_SPOOL_KIT_H
#define RHT_SPOOL_KIT_H

#include "runtime/spool.h"
#include "support/rht.h"

static inline char *fresh_dir(void)
{
    static int count;
    char name[32];
    snprintf(name, sizeof name, "spool-%d", ++count);
    char *path = rht_tmp_path(name);
    assert_int_equal(mkdir(path, 0700), 0);
    return path;
}

static inline enum rh_err open_in(const char *dir, uint64_t map_bytes, struct agent_spool **out)
{
    struct agent_spool_options options = { .dir = dir, .map_bytes = map_bytes };
    snprintf(options.agency.text, sizeof options.agency.text, "petitions.620423");
    snprintf(options.hub.text, sizeof options.hub.text, "hub.620423");
    return agent_spool_open(&options, out, NULL, 0);
}

static inline struct agent_spool *must_open(const char *dir)
{
    struct agent_spool *spool = NULL;
    assert_int_equal(open_in(dir, UINT64_C(256) << 20, &spool), RH_OK);
    return spool;
}

/* Ids that can be told from their numbers. */
static inline void id_of(uint64_t kind, uint64_t number, uint8_t out[RH_ID_BYTES])
{
    uint64_t two[2] = { kind, number };
    struct rh_hash hash;
    rh_hash(two, sizeof two, &hash);
    memcpy(out, hash.bytes, RH_ID_BYTES);
}

#endif
