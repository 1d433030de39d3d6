/* What the files of the spool share. LMDB's types stay behind spool_env.c. */
#ifndef AGENT_SPOOL_INSIDE_H
#define AGENT_SPOOL_INSIDE_H

#include "runtime/spool.h"

#include <rh/layout.h>

enum spool_table {
    SPOOL_META,
    SPOOL_OUTBOX,
    SPOOL_ITEMS,
    SPOOL_MESSAGES,
    SPOOL_RECEIPTS,
    SPOOL_CONFIRMS,
    SPOOL_INBOX,
    SPOOL_DELIVERIES,
    SPOOL_EXPECTED,
    SPOOL_SEEN,
    SPOOL_PLACING,
    SPOOL_NAMES,
    SPOOL_TAKEN,
    SPOOL_CASES,
    SPOOL_KEYS,
    SPOOL_HISTORY,
    SPOOL_DUE,
    SPOOL_FILES,
    SPOOL_FILE_NAMES,
    SPOOL_ANSWERED,
    SPOOL_ORIGINALS,
    SPOOL_AGAIN,
    SPOOL_IMPORTS,
    SPOOL_PARTICIPANTS,
    SPOOL_VIEWS,
    SPOOL_TABLES
};

enum { SPOOL_KEY_BYTES_MAX = 500, SPOOL_ROW_BYTES_MAX = 2048 };

/* Counters and places, one row, written at every commit that changed it. */
struct spool_state {
    struct rh_epoch epoch;
    struct rh_agency_id agency;
    struct rh_hub_id hub;
    uint64_t last_n;          /* highest number given */
    uint64_t last_arrival, last_file;
    uint64_t open_n;          /* lowest number without a receipt of the pinned generation */
    uint64_t highest_n;       /* newest with one, 0 none */
    uint64_t receipt_size;
    struct rh_hash receipt_root;
    struct rh_signature receipt_signature;
    uint64_t delivery_index;
    uint64_t lease;
    uint64_t clean_n;         /* bodies below it are gone */
    uint64_t waiting, refused, not_placed, not_taken, cases, got;
    uint64_t again;           /* to be said again */
    uint64_t views;           /* what participants were shown, so many times */
};

struct spool_env; /* LMDB: environment, tables, the open transaction */

struct agent_spool {
    struct spool_env *env;
    struct spool_state state;
    uint64_t committed_n;
    bool state_changed;
    uint8_t *lent; /* RH_FRAME_BYTES_MAX: what "borrowed until the next call" points into */
    uint8_t *lent_more;  /* the same, for a second piece */
    struct rh_referral_id cleaned; /* matters up to it were looked at by spool_clean_people */
    uint8_t row[SPOOL_ROW_BYTES_MAX];
};

/* ---- spool_env.c ------------------------------------------------------------------------ */

/* Open or make the environment in `dir` and lock it: one process has it. `report` is the
 * caller's, may be NULL: which step failed, in English. */
enum rh_err spool_env_open(const char *dir, uint64_t map_bytes, struct spool_env **out,
                           char *report, size_t report_bytes);
/* Taken; what was not committed is gone. NULL is harmless. */
void spool_env_close(struct spool_env **env);
/* Make the open transaction durable. The first error of a change in it is answered here again,
 * and nothing of it is kept. */
enum rh_err spool_env_commit(struct spool_env *env);
void spool_env_abort(struct spool_env *env);
/* Whether there is something to commit or to abort. */
bool spool_env_is_dirty(const struct spool_env *env);
/* Pages in use, in thousandths of map_bytes. */
enum rh_err spool_env_usage(struct spool_env *env, uint32_t *permille);

/* The value, mapped: dead at the next change or read_done. RH_ERR_NOTFOUND. Every get and seek
 * outside a transaction begins a reading that spool_read_done ends. */
enum rh_err spool_get(struct spool_env *env, enum spool_table table, struct rh_bytes key,
                      struct rh_bytes *value);
/* First entry whose key is not below `key`; *found mapped. */
enum rh_err spool_seek(struct spool_env *env, enum spool_table table, struct rh_bytes key,
                       struct rh_bytes *found, struct rh_bytes *value);
/* Last entry whose key is below `key`. */
enum rh_err spool_seek_below(struct spool_env *env, enum spool_table table, struct rh_bytes key,
                             struct rh_bytes *found, struct rh_bytes *value);
void spool_read_done(struct spool_env *env);
/* Into the open transaction, begun when there is none. */
enum rh_err spool_put(struct spool_env *env, enum spool_table table, struct rh_bytes key,
                      struct rh_bytes value);
/* RH_OK also when there is none. */
enum rh_err spool_del(struct spool_env *env, enum spool_table table, struct rh_bytes key);

/* ---- keys and rows ---------------------------------------------------------------------- */

/* A key made of numbers (big-endian) and bytes, so that order in memory is order of meaning. */
struct spool_key {
    uint8_t data[SPOOL_KEY_BYTES_MAX];
    size_t bytes;
};

/* Add to the end of a key; begin with a zeroed one. */
void spool_key_u8(struct spool_key *key, uint8_t value);
void spool_key_u32(struct spool_key *key, uint32_t value);
void spool_key_u64(struct spool_key *key, uint64_t value);
/* What does not fit is an error of the caller. */
void spool_key_bytes(struct spool_key *key, const void *data, size_t bytes);
/* The bytes of the key, borrowed from it. */
struct rh_bytes spool_key_of(const struct spool_key *key);
/* A key that is one number. */
struct spool_key spool_key_number(uint64_t value);
/* The u64 at the end of a mapped key; 0 when it is shorter. */
uint64_t spool_key_tail(struct rh_bytes key);
uint64_t spool_read_u64(const uint8_t *data);

/* Rows of a layout, into and out of a table; each fits into SPOOL_ROW_BYTES_MAX. */
enum rh_err spool_put_row(struct agent_spool *spool, enum spool_table table,
                          const struct spool_key *key, const struct rh_layout *layout,
                          const void *value);
/* RH_ERR_CORRUPT when it is no row of that layout. */
enum rh_err spool_get_row(struct agent_spool *spool, enum spool_table table,
                          const struct spool_key *key, const struct rh_layout *layout,
                          void *out);
enum rh_err spool_read_row(struct rh_bytes value, const struct rh_layout *layout, void *out);
/* Copy a value out of the map into `lent`. */
enum rh_err spool_lend(struct agent_spool *spool, enum spool_table table,
                       const struct spool_key *key, uint8_t *into, struct rh_bytes *out);

/* ---- between the rooms ------------------------------------------------------------------ */

/* Participants of matters that have rested since `before_ms` are forgotten; looks at `limit`
 * matters and goes on where it stopped. */
enum rh_err spool_clean_people(struct agent_spool *spool, uint64_t before_ms, uint32_t limit,
                               uint32_t *dropped);
/* A number of a door file got its receipt. */
enum rh_err spool_file_settled(struct agent_spool *spool, uint64_t no, bool refused);

#endif
