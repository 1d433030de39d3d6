/* Everything that stands inside frames as bytes of its own: public part, private part, body,
 * item, bundle header, hello, receipt core. What is accepted comes back as the same bytes, and
 * what is accepted is canonical. */
#include <stdint.h>

#include "support/round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static enum rht_round (*const rounds[])(struct rh_bytes) = {
        rht_round_public, rht_round_private, rht_round_body,   rht_round_item,
        rht_round_header, rht_round_hello,   rht_round_receipt,
    };
    struct rh_bytes view = { data, bytes };
    for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
        enum rht_round round = rounds[i](view);
        rh_assert(round != RHT_DIFFERENT);
        if (round == RHT_SAME && bytes > 0)
            rh_assert(rh_codec_check(data, bytes, RH_FRAME_BYTES_MAX, NULL) == RH_OK);
    }
    return 0;
}
