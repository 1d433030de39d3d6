/* The insides of a store, shared by store.c, reader.c, scrub.c and usage.c only. */
#ifndef HUB_STORE_STORE_INTERNAL_H
#define HUB_STORE_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/env.h"
#include "store/store.h"

struct hub_store {
    struct hub_map map; /* first, so that a struct hub_map * is one of these */
    struct hub_env env;
    MDB_dbi dbis[HUB_TABLE_MAX];
    unsigned tables;
    const char *const *names; /* borrowed; may be NULL */
    MDB_txn *txn;             /* the writer's; NULL between commit and the next call */
    pthread_t writer;         /* who began it */
    uint64_t pending;         /* changes in it */
    enum rh_err lost;         /* why the open batch is lost; RH_OK while it is not */
    bool dead;                /* a commit failed in the device: nothing works any more */
    pthread_mutex_t lock;     /* guards readers[] */
    struct hub_store_reader *readers[HUB_STORE_READERS_MAX];
    struct hub_store_report report;                               /* the writer's */
    uint8_t scratch[HUB_MAP_VALUE_MAX + HUB_ENV_SUM_BYTES];       /* a value and its sum */
};

struct hub_store_reader {
    struct hub_map map; /* first */
    struct hub_store *store;
    MDB_txn *txn;             /* reset while resting */
    bool active;              /* between refresh and release */
    _Atomic uint64_t snapshot; /* number of the commit seen; 0 while resting */
    uint64_t bad;              /* rows met that fail their check */
    struct hub_store_report report;
};

/* Look up or seek, verify, and hand out without the checksum. RH_ERR_CORRUPT with *broken false
 * is one bad row (seek still gives its key, so that a walk can go on behind it); any other
 * failure sets *broken: LMDB itself could not go on. Both fill the report. */
enum rh_err hub_store_lookup(const struct hub_store *store, MDB_txn *txn, unsigned table,
                             struct rh_bytes key, struct rh_bytes *value,
                             struct hub_store_report *report, bool *broken);
enum rh_err hub_store_seek(const struct hub_store *store, MDB_txn *txn, unsigned table,
                           struct rh_bytes from, struct rh_bytes *key, struct rh_bytes *value,
                           struct hub_store_report *report, bool *broken);

/* Report a value whose checksum fails. */
void hub_store_report_bad(const struct hub_store *store, unsigned table, const MDB_val *key,
                          const MDB_val *stored, struct hub_store_report *report);

/* "table 7 (referral)" for reports. */
enum { HUB_STORE_LABEL_BYTES = 64 };
void hub_store_label(const struct hub_store *store, unsigned table,
                     char out[HUB_STORE_LABEL_BYTES]);

#endif
