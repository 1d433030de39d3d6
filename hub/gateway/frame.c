#include "gateway/door.h"

#include <rh/wire.h>

uint64_t hub_frame_first_n(struct rh_bytes frame)
{
    enum { ELEMENTS_MAX = 16 };
    struct rh_reader reader;
    struct rh_bundle_header header;
    rh_reader_init(&reader, frame.data, frame.bytes);
    if (rh_reader_array(&reader, ELEMENTS_MAX) < 2 ||
        rh_reader_uint(&reader) != (uint64_t)RH_FRAME_BUNDLE)
        return 0;
    struct rh_bytes signed_bytes = rh_reader_bin(&reader, RH_BUNDLE_HEADER_BYTES_MAX);
    if (reader.err != RH_OK || rh_bundle_header_decode(signed_bytes, &header) != RH_OK)
        return 0;
    return header.first_n;
}
