/* What a hub is made of, put together: store and key table handed to the engine as functions,
 * so that nothing but main knows LMDB is behind them. */
#ifndef HUB_ASSEMBLY_H
#define HUB_ASSEMBLY_H

#include "engine/engine.h"
#include "store/keytable.h"
#include "store/store.h"

struct hub_options {
    const char *data_dir, *keys_dir, *rules_dir; /* borrowed, required */
    const char *hub_id;                          /* "hub.620423", "test.demo" */
    const char *endpoint;                        /* tcp://address:port, port * is chosen */
    const char *admin_path;                      /* NULL: <data>/admin.sock */
    const char *program;                         /* path of this program, for the door */
    bool test_clock;
    uint64_t test_start_ms;                      /* where a new test hub's time begins, 0 now */
    uint64_t map_bytes, segment_bytes;           /* 0: defaults */
    uint32_t workers;
    uint32_t bundles_per_second;                 /* quotas of one agency; 0: defaults */
    uint64_t bytes_per_second;
    const char *reason, *operator_name;          /* recover */
};

struct hub_assembly {
    struct hub_store *store;
    struct hub_keytable *keytable;
    struct hub_engine *engine;
    char report[RH_PROBLEM_LIST_BYTES]; /* why opening failed, or what recovery did, as
                                        * problems (rh/problem.h) or one sentence */
    bool views_to_blame; /* opening failed with RH_ERR_CORRUPT on a row of the views */
};

/* Open store, key table and engine. On failure everything is closed again and report says
 * why. */
enum rh_err hub_assembly_open(struct hub_assembly *assembly, const struct hub_options *options);

/* After the engine answered RH_ERR_CORRUPT, before close: whether a row of the views is to
 * blame. Then the report names it, and after hub_assembly_close hub_assembly_renew may be
 * called. */
bool hub_assembly_blames_views(struct hub_assembly *assembly);

/* Put the views of a closed hub aside (views.damaged-N), so that the next start makes them anew
 * from the journal, which is the truth. *name (caller's, 32 bytes) gets the new name.
 * RH_ERR_NOTFOUND when the journal does not begin with its first record any more, or there
 * are none; RH_ERR_IO. */
enum rh_err hub_assembly_renew(const struct hub_options *options, char name[32]);

void hub_assembly_close(struct hub_assembly *assembly);

/* Make the keys of a new hub in keys_dir: sign, transport, wrapping, external, and hub.card.
 * What an init that was cut short has made whole is kept. On success *report is "ID
 * FINGERPRINT", else one sentence with the file at fault. RH_ERR_EXISTS: a finished hub is
 * there, or a file that is not whole; RH_ERR_CONFIG, RH_ERR_DENIED, RH_ERR_IO. */
enum rh_err hub_assembly_init(const struct hub_options *options, char *report,
                              size_t report_bytes);

/* In a quiet moment: content keys made well ahead of their use. */
enum rh_err hub_assembly_idle(struct hub_assembly *assembly);

#endif
