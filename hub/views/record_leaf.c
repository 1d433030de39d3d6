/* Where a record meets the log: the leaf covers the core as it is and the rest by its hash, so
 * that the holder of a receipt checks it without seeing what others may see. */
#include "views/record.h"

/* The same from the hash of the rest alone: what the holder of a receipt can do. */
static void leaf_of(struct rh_bytes core, const struct rh_hash *rest_hash, struct rh_hash *leaf)
{
    static const uint8_t leaf_prefix = 0; /* RFC 6962, section 2.1 */
    const struct rh_bytes parts[] = {
        { &leaf_prefix, 1 },
        core,
        { rest_hash->bytes, RH_HASH_BYTES },
    };
    rh_hash_parts(parts, sizeof parts / sizeof parts[0], leaf);
}

void hub_record_leaf(struct rh_bytes core, struct rh_bytes rest, struct rh_hash *rest_hash,
                     struct rh_hash *leaf)
{
    rh_hash(rest.data, rest.bytes, rest_hash);
    leaf_of(core, rest_hash, leaf);
}
