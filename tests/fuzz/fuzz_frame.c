/* Frames as a stranger sends them: decoded by their type, encoded again to the same bytes; and
 * what a decoded delivery or bundle claims is checked without trusting any of it. */
#include <stdint.h>

#include "support/round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Receipts of a hub whose key signed nothing here: none may be believed. */
static void check_lost(const struct rh_frame_bundle *bundle)
{
    static struct rh_first first[RH_BUNDLE_ITEMS_MAX];
    static struct rh_hash digests[RH_BUNDLE_ITEMS_MAX];
    struct rh_lost_check check = { .hub = { "test.620423/2" }, .digests = digests,
                                   .count = bundle->count };
    for (uint32_t i = 0; i < bundle->count; i++)
        rh_item_digest(&bundle->items[i], &digests[i]);
    rh_assert(bundle->lost.bytes == 0 || rh_lost_verify(bundle->lost, &check, first) != RH_OK);
}

static void check_claims(struct rh_bytes view)
{
    static const struct rh_sign_public key; /* nobody's */
    static struct rh_frame_bundle bundle;
    struct rh_delivery delivery;
    struct rh_hash digest;
    if (rh_frame_type_of(view) == RH_FRAME_DELIVERY &&
        rh_delivery_decode(view, &delivery) == RH_OK)
        rh_assert(rh_delivery_check(&delivery, &key) == RH_ERR_CRYPTO);
    if (rh_frame_type_of(view) != RH_FRAME_BUNDLE ||
        rh_frame_bundle_decode(view, &bundle) != RH_OK)
        return;
    for (uint32_t i = 0; i < bundle.count; i++) {
        rh_item_digest(&bundle.items[i], &digest);
        (void)rh_item_check(&bundle.items[i]);
    }
    check_lost(&bundle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct rh_bytes view = { data, bytes };
    enum rht_round round = rht_round_frame(view);
    rh_assert(round != RHT_DIFFERENT);
    if (round == RHT_SAME)
        check_claims(view);
    return 0;
}
