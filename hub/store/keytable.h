/* The key table: content keys in their own LMDB file, so that they can be erased.
 *
 * The journal keeps the sealed parts of a referral for ever; what makes them readable is one
 * random key per referral, and that key is here, in a numbered slot, wrapped under a key that
 * lives outside the data directory. Erasing a slot makes every copy of those parts unreadable,
 * while the journal and its proofs stay as they are.
 *
 *     slots   0 ............ made            made = first slot that does not exist yet
 *             [key][key][erased][key]|       blocks of HUB_KEYTABLE_BLOCK, made and synced
 *                    used by records  ahead  before a record may name one
 *
 * Intake never writes here: the engine counts slots in its records and only asks whether the
 * next one is made. A background thread, or the idle engine, calls ensure. An erasure first
 * marks the slot and removes the key, synced; then the whole file is written anew, because the
 * old pages still hold the wrapped key, and renamed over the old one. A crash between the two
 * is finished at the next open or erase.
 *
 * applied_seq is the journal sequence number of the last erasure applied here; recovery repeats
 * every erasure record above it, and repeating is harmless.
 *
 * The table is also where a hub notices that another external key lies in its keys directory: a
 * check value of that key (a keyed hash of a fixed text) is wrapped into the table's state.
 * With another one no external number of old would be found again, and nothing would say why.
 *
 * Thread-safe. Every value carries a checksum (XXH3-64 over table, key, value), and each
 * wrapped key is bound to its slot and to this table, so that slots cannot be exchanged. */
#ifndef HUB_STORE_KEYTABLE_H
#define HUB_STORE_KEYTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>
#include <rh/hash.h>
#include <rh/seal.h>

#include "store/report.h"

struct hub_keytable;

enum { HUB_KEYTABLE_BLOCK = 4096 };

struct hub_keytable_options {
    const char *path;                      /* borrowed; its own directory */
    const struct rh_content_key *wrapping; /* borrowed; copied, wiped at close */
    const struct rh_hash *external; /* borrowed; key check value of the hub's external key,
                                       kept in a new table, compared in an old one */
    uint64_t map_bytes;                    /* 0: 16 GiB of address space */
    bool create;                           /* make an empty table when absent */
};

/* Finishes an interrupted rewrite. report is the caller's, may be NULL.
 *
 * RH_ERR_CRYPTO    the wrapping key, or the external key, is not the one this table was made
 *                  with; the report says which.
 * RH_ERR_NOTFOUND  absent and not to be created.
 * RH_ERR_DENIED    open already, in this or another process.
 * RH_ERR_CORRUPT, RH_ERR_IO, RH_ERR_CONFIG, RH_ERR_NOMEM */
enum rh_err hub_keytable_open(struct hub_keytable **out,
                              const struct hub_keytable_options *options,
                              struct hub_store_report *report);

/* Taken; wipes every key in memory. NULL is harmless. */
void hub_keytable_close(struct hub_keytable **table);

/* Make slots, in whole blocks, until first_unused + ahead of them exist, and sync.
 *
 * first_unused   the slot the next record would name, from the journal's side.
 *
 * RH_ERR_CORRUPT  records name slots that were never made here: the table is older than the
 *                 journal (a wrong backup). Nothing is made, since a second key under a used
 *                 number could never open what the first one sealed.
 * RH_ERR_FULL, RH_ERR_IO, RH_ERR_NOMEM */
enum rh_err hub_keytable_ensure(struct hub_keytable *table, uint64_t first_unused,
                                uint64_t ahead);

/* The first slot that does not exist; a record may name any below. Never blocks on the disk. */
uint64_t hub_keytable_made(const struct hub_keytable *table);

/* The content key of a slot; the caller wipes it. Keys used lately come from memory.
 *
 * RH_ERR_NOTFOUND  never made.
 * RH_ERR_DENIED    erased.
 * RH_ERR_CORRUPT   gone without an erasure, or its checksum fails; see the report.
 * RH_ERR_CRYPTO    whole, but does not unwrap. */
enum rh_err hub_keytable_get(struct hub_keytable *table, uint64_t slot,
                             struct rh_content_key *out);

/* Erase `count` slots (borrowed; any order, repeats allowed) for the erasure recorded at
 * applied_seq, which must be synced in the journal before; then rewrite the file. Takes as long
 * as writing the whole table, so collect slots and call from a background thread; get goes on
 * meanwhile. count may be 0: only applied_seq moves.
 *
 * RH_ERR_NOTFOUND  a slot was never made; nothing is changed.
 * RH_ERR_FULL, RH_ERR_IO, RH_ERR_NOMEM: the keys may be marked erased already while old pages
 * are still in the file; the next erase or open finishes it. */
enum rh_err hub_keytable_erase(struct hub_keytable *table, const uint64_t *slots, size_t count,
                               uint64_t applied_seq);

/* Journal sequence number of the last erasure applied; 0 before the first. */
uint64_t hub_keytable_applied(const struct hub_keytable *table);

struct hub_keytable_usage {
    uint64_t made;        /* slots made, erased ones included */
    uint64_t erased;      /* slots erased */
    uint64_t applied_seq; /* as above */
    uint64_t file_bytes;  /* of the data file */
};

enum rh_err hub_keytable_usage(struct hub_keytable *table, struct hub_keytable_usage *out);

/* A copy of the table into the new directory `path`, synced; keys stay wrapped under the same
 * key. Every checksum is verified on the way. RH_ERR_EXISTS when path is there. */
enum rh_err hub_keytable_copy(struct hub_keytable *table, const char *path);

/* The last failure, copied: other threads may fail meanwhile. */
void hub_keytable_report(struct hub_keytable *table, struct hub_store_report *out);

#endif
