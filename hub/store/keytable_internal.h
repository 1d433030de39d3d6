/* The insides of a key table, shared by keytable.c and keytable_file.c only. */
#ifndef HUB_STORE_KEYTABLE_INTERNAL_H
#define HUB_STORE_KEYTABLE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include <rh/id.h>

#include "store/env.h"
#include "store/keytable.h"

enum {
    HUB_KEYTABLE_WRAPPED_BYTES = RH_CONTENT_KEY_BYTES + RH_SEAL_OVERHEAD_BYTES,
    HUB_KEYTABLE_CELLS = 2 * HUB_KEYTABLE_BLOCK
};

/* LMDB tables; the numbers enter the checksums. */
enum hub_keytable_dbi {
    HUB_KEYTABLE_KEYS,   /* slot, big-endian -> wrapped key */
    HUB_KEYTABLE_ERASED, /* slot, big-endian -> sequence number of the erasure */
    HUB_KEYTABLE_STATE,  /* "state" -> struct hub_keytable_state */
    HUB_KEYTABLE_DBIS
};

struct hub_keytable_state {
    uint64_t made;
    uint64_t applied_seq;
    uint8_t id[RH_ID_BYTES]; /* random at birth; bound into every wrapped key */
    bool rewrite_due;        /* the file may still hold keys that were erased */
    uint8_t probe[HUB_KEYTABLE_WRAPPED_BYTES]; /* the external key's check value, wrapped:
                                                  tells a wrong key of either at open */
};

/* The state row: "rhub-keys-1", made, applied_seq, id, rewrite_due, probe. */
enum {
    HUB_KEYTABLE_STATE_BYTES = 11 + 8 + 8 + RH_ID_BYTES + 1 + HUB_KEYTABLE_WRAPPED_BYTES
};

/* A key in memory; slot_next is its slot + 1, 0 while empty. */
struct hub_keytable_cell {
    uint64_t slot_next;
    struct rh_content_key key;
};

/* Locks, in the order they are taken:
 *   writing   one ensure, erase or copy at a time
 *   swap      read: whoever uses env; write: erasing, and replacing the file
 *   cells     cells[] and report */
struct hub_keytable {
    struct hub_env env;
    struct hub_env_options options; /* path points into env */
    MDB_dbi dbis[HUB_KEYTABLE_DBIS];
    struct rh_content_key wrapping;
    struct rh_content_key external; /* check value of the external key, as given at open */
    struct hub_keytable_state state; /* as committed; changed under writing */
    _Atomic uint64_t made;           /* state.made and state.applied_seq for other threads */
    _Atomic uint64_t applied_seq;
    _Atomic bool gone; /* a write failed, or the file did not open after a rewrite: no more */
    pthread_mutex_t writing;
    pthread_rwlock_t swap;
    pthread_mutex_t cells_lock;
    struct hub_keytable_cell *cells; /* HUB_KEYTABLE_CELLS, by slot modulo their number */
    struct hub_store_report report;
};

/* Note a failure of LMDB or the system for hub_keytable_report and translate it. */
enum rh_err hub_keytable_failed(struct hub_keytable *table, const char *what, int code);

int hub_keytable_put_state(MDB_txn *txn, const MDB_dbi *dbis,
                           const struct hub_keytable_state *state);
int hub_keytable_open_dbis(MDB_txn *txn, MDB_dbi dbis[HUB_KEYTABLE_DBIS], bool create);

/* Write the live rows into a new data file and put it in the place of the old one. Under
 * writing, not under swap. */
enum rh_err hub_keytable_rewrite(struct hub_keytable *table);

#endif
