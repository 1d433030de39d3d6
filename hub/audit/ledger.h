/* The Merkle side of an audit: the tree recomputed from the records, and every checkpoint the
 * hub ever signed compared with it when its size is reached.
 *
 * Where the copy holds tiles that lead to the newest checkpoint, they are a second opinion
 * about each single leaf:
 *
 *     record 4711 gives another leaf than its tile        -> 4711 was altered, and only it
 *     record 4711 cannot be read, its leaf is in the tile -> what follows is still proven
 *
 * Without tiles a wrong or missing record can only be placed between two checkpoints, and
 * nothing behind it can be proven any more. */
#ifndef HUB_AUDIT_LEDGER_H
#define HUB_AUDIT_LEDGER_H

#include "audit/copy.h"
#include "log/tree.h"

struct hub_ledger {
    struct hub_copy *copy;         /* borrowed */
    struct hub_findings *findings; /* borrowed */
    struct hub_tree *tree;         /* owned: what the records lead to, in memory */
    struct hub_tree *reference;    /* owned: the copy's tiles; NULL when they cannot be used */
    uint64_t reference_size;
    uint32_t reference_generation;
    size_t next;                   /* checkpoint compared next */
    uint64_t good, bad;            /* checkpoints that agreed, and that did not */
    uint64_t last_good;            /* size of the newest that agreed, 0 none */
    uint64_t altered, missed;      /* records that differ from their tile; that are not here */
    uint64_t harmed;               /* of both, below last_good */
    bool diverged;                 /* a root differed and no tile could tell where */
    bool lost;                     /* a leaf is missing for good: no root from here on */
    uint64_t lost_at;
};

/* Copy's checkpoints must be read. Tiles that cannot be used are a finding, not an error. */
enum rh_err hub_ledger_init(struct hub_ledger *ledger, struct hub_copy *copy,
                            struct hub_findings *findings);
void hub_ledger_fini(struct hub_ledger *ledger);

/* The record at the present size. *altered: it is not the one its tile knows. */
enum rh_err hub_ledger_take(struct hub_ledger *ledger, const struct rh_hash *leaf,
                            bool *altered);
/* `count` records from the present size on cannot be read. */
enum rh_err hub_ledger_miss(struct hub_ledger *ledger, uint64_t count);
/* A new generation begins at the present size: what earlier ones published beyond it was lost
 * in the recovery, which is a finding and no longer compared. */
void hub_ledger_seal(struct hub_ledger *ledger, uint32_t generation);
/* There are no more: checkpoints beyond are findings. */
void hub_ledger_end(struct hub_ledger *ledger);

/* Records so far, read or not. */
uint64_t hub_ledger_size(const struct hub_ledger *ledger);
/* Root of the present size; false when a leaf is lost. */
bool hub_ledger_root(struct hub_ledger *ledger, struct rh_hash *root);

#endif
