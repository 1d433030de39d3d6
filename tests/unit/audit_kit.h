/* What the tests of the auditor's tool share: a log made by the real engine, copies of it to be
 * harmed, the verbs called in place, and forgeries by who holds all keys of the hub. */
#ifndef RHT_AUDIT_KIT_H
#define RHT_AUDIT_KIT_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "audit/verbs.h"
#include "support/fill.h"
#include "support/rht.h"

enum { RHT_AUDIT_PATH_BYTES = 600 };

struct rht_log {
    char dir[RHT_FILL_PATH_BYTES];
    char data[RHT_AUDIT_PATH_BYTES], card[RHT_AUDIT_PATH_BYTES], cards[RHT_AUDIT_PATH_BYTES];
    struct rht_fill_result made;
};

/* A fresh directory for one test, on memory when there is such a place. */
void rht_audit_dir(const char *name, char out[RHT_FILL_PATH_BYTES]);
enum rht_log_form {
    RHT_LOG_PLAIN,   /* a test hub, months pass */
    RHT_LOG_RENEWED, /* the same, recovered into a second generation half-way */
    RHT_LOG_REAL     /* a real hub on the system's clock */
};

/* Make a log. */
void rht_audit_make(struct rht_log *log, const char *name, uint64_t referrals,
                    enum rht_log_form form);
/* A copy of its data directory, files that matter only. */
void rht_audit_copy(const struct rht_log *log, const char *name,
                    char out[RHT_AUDIT_PATH_BYTES]);

/* A verb on `data`: its exit code, and what it printed as JSON (NULL when it printed none),
 * the caller's to release. `change` (may be NULL) sets further options. */
typedef int rht_verb_fn(const struct hub_verb_options *options);
typedef void rht_change_fn(struct hub_verb_options *options, void *arg);
int rht_audit_run(rht_verb_fn *verb, const struct rht_log *log, const char *data,
                  rht_change_fn *change, void *arg, json_t **printed);
/* verify with everything given: hub's card, agencies' cards. */
int rht_audit_verify(const struct rht_log *log, const char *data, json_t **printed);

/* The first finding of a code; NULL when there is none. Borrowed. */
const json_t *rht_finding(const json_t *verification, const char *code);
/* Assert that it is there, at this record. */
void rht_assert_found(const json_t *verification, const char *code, uint64_t index);
uint64_t rht_number(const json_t *object, const char *key);

/* ---- forging ---------------------------------------------------------------------------- */

enum rht_forge_verdict {
    RHT_FORGE_KEEP,
    RHT_FORGE_CHANGED,
    RHT_FORGE_SLOT, /* keep it, but its content, if any, under the next key slot */
    RHT_FORGE_DROP,
    RHT_FORGE_END
};

/* Look at a record, change it. Its views may be pointed at other bytes that outlive the
 * call. */
typedef enum rht_forge_verdict rht_forge_fn(void *arg, struct hub_record *record);

/* Write the log anew, frame by frame, with every checksum right. With `sign` tiles and
 * checkpoints are made anew with the hub's key, at the sizes of the old ones; else those of the
 * old log lie beside it. */
void rht_forge(const struct rht_log *log, const char *out, rht_forge_fn *forge, void *arg,
               bool sign);

/* The same, signed, with one to four bytes of core and rest changed in one record of `once_in`:
 * what no decoder ever wrote. */
void rht_forge_noise(const struct rht_log *log, const char *out, struct rht_random *random,
                     uint64_t once_in);

/* A checkpoint of any size and root, signed by the hub of this log. */
void rht_forge_note(const struct rht_log *log, const char *hub, uint64_t size,
                    const struct rh_hash *root, const char *path);

#endif
