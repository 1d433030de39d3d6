/* A hub with a history: any number of referrals, made by the real engine from signed bundles of
 * four agencies, their clocks fired on the way. What happens follows from the seed; keys, salts
 * and the random bytes of records do not, so two stores of one seed differ in every leaf.
 *
 * For tests of what reads a store (audit, recovery) and for measurements of large ones. */
#ifndef RHT_FILL_H
#define RHT_FILL_H

#include <stdbool.h>
#include <stdint.h>

#include <rh/hash.h>

enum { RHT_FILL_PATH_BYTES = 400 };

struct rht_fill_options {
    const char *dir;       /* borrowed; made; below it come data/ and keys/ of the hub, cards/,
                              agents/ with the agencies' secrets, receipts/ */
    const char *rules_dir; /* borrowed */
    const char *endpoint;  /* borrowed; of the hub's card; NULL: a port on loopback */
    uint64_t referrals;
    uint64_t seed;
    uint64_t segment_bytes; /* 0: the journal's default */
    uint64_t map_bytes;     /* 0: 1 GiB */
    uint32_t publish_every; /* rounds between two published checkpoints; 0: only the last */
    uint32_t receipts;      /* files written on the way at most; 0: none at all */
    uint64_t start_ms;      /* where the test hub's time begins; 0: the wall clock's */
    bool still;             /* a test hub whose time stands: nothing fires, nothing ends by it */
    bool real_clock;        /* a real hub on the system's clock: no days pass, nothing fires */
    bool generation;        /* half-way the hub is recovered into a new generation */
    void (*progress)(uint64_t referrals); /* may be NULL */
};

struct rht_fill_result {
    uint64_t records, referrals, bundles, items, refused, fired, receipts;
    struct rh_hash digest; /* SHA-256 over the encoded state digest at `records` */
    char number[24];       /* a referral with a long history */
    char id[37];           /* the same one */
};

/* Stops the program with a complaint when anything goes wrong. The hub is closed at the end,
 * everything synced and a checkpoint of the last record published. */
void rht_fill(const struct rht_fill_options *options, struct rht_fill_result *result);

#endif
