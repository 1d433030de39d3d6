/* One MessagePack header, decoded in its only canonical form. Shared by the checker and the
 * reader so that both agree, to the bit, on what a value is. Inside rh_protocol only. */
#ifndef RH_CODEC_HEAD_H
#define RH_CODEC_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/codec.h>

struct rh_codec_head {
    enum rh_codec_type type; /* RH_CODEC_END when the bytes are no canonical header */
    uint64_t value;          /* UINT: the number; INT: -1 - number; BOOL: 0 or 1;
                              * STR, BIN: payload bytes; ARRAY: elements; MAP: pairs */
    size_t bytes;            /* of the header itself, 1 to 9 */
};

/* Decode the header at the start of `data` (borrowed, `bytes` of it left in the buffer).
 *
 * true   *out is complete, in its shortest form, and the buffer is long enough for what it
 *        announces: the whole payload of a str or bin, one byte per element of an array,
 *        two per pair of a map. No announced size can therefore exceed the buffer's.
 * false  anything else; out->type is RH_CODEC_END. */
bool rh_codec_head(const uint8_t *data, size_t bytes, struct rh_codec_head *out);

/* Offset of the first byte that breaks strict UTF-8 (Unicode 15, table 3-7: no overlong
 * forms, no surrogates, nothing above U+10FFFF), or `bytes` when there is none. */
size_t rh_codec_utf8(const uint8_t *data, size_t bytes);

/* The same for ASCII: offset of the first byte above 0x7F, or `bytes`. */
size_t rh_codec_ascii(const uint8_t *data, size_t bytes);

#endif
