/* Canonical MessagePack: a reader of our own that allocates nothing, and a writer over
 * msgpack-c. Nothing else in the project touches MessagePack.
 *
 * Canonical means (protocol/spec/wire.md, "Encoding"): shortest form of every integer and
 * header; non-negative integers unsigned; no floats, nil, ext or timestamps; str is valid
 * UTF-8; map keys are unsigned integers or ASCII strings, strictly ascending by encoded
 * bytes; nesting at most RH_MSGPACK_DEPTH_MAX; no trailing bytes. Anything else is refused.
 *
 * Reading: check the whole buffer once with rh_codec_check, then walk it with a cursor.
 * The cursor re-checks types and bounds itself, so it is safe on unchecked bytes too; the
 * check is what makes the bytes canonical.
 *
 * A reader is sticky: after the first error every call returns a zero value and `err` stays.
 * Test `err` once at the end of a structure; never use a count before testing it against
 * your own bound. Strings and bytes come back as borrowed views into the buffer. */
#ifndef RH_CODEC_H
#define RH_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>

/* Borrowed bytes: valid as long as the buffer they point into. */
struct rh_bytes {
    const uint8_t *data; /* may be NULL when bytes is 0 */
    size_t bytes;
};

/* RH_OK when `data` is exactly one canonical value of at most `bytes_max` bytes;
 * RH_ERR_FULL when larger; RH_ERR_INVALID otherwise, with the offset of the first offence in
 * *offset when offset is not NULL: the value that is wrong, cut short or claims more than the
 * buffer holds, the byte that breaks UTF-8, or the first byte too many. The work is linear in
 * `bytes`; a depth or count inside cannot make it more. */
enum rh_err rh_codec_check(const uint8_t *data, size_t bytes, size_t bytes_max, size_t *offset);

enum rh_codec_type {
    RH_CODEC_END,     /* nothing left, or the reader failed */
    RH_CODEC_UINT,
    RH_CODEC_INT,     /* negative */
    RH_CODEC_BOOL,
    RH_CODEC_STR,
    RH_CODEC_BIN,
    RH_CODEC_ARRAY,
    RH_CODEC_MAP
};

struct rh_reader {
    const uint8_t *data;
    size_t bytes;
    size_t at;       /* offset of the next value */
    enum rh_err err; /* RH_OK until the first offence */
};

void rh_reader_init(struct rh_reader *reader, const uint8_t *data, size_t bytes);
/* Type of the next value without moving; RH_CODEC_END also on bytes of no canonical value. */
enum rh_codec_type rh_reader_peek(const struct rh_reader *reader);
uint64_t rh_reader_uint(struct rh_reader *reader);
/* An unsigned integer not above `max`; above it is an offence. */
uint64_t rh_reader_uint_max(struct rh_reader *reader, uint64_t max);
int64_t rh_reader_int(struct rh_reader *reader); /* either sign */
bool rh_reader_bool(struct rh_reader *reader);
/* At most bytes_max long; longer is an offence. UTF-8 is rh_codec_check's business. */
struct rh_bytes rh_reader_str(struct rh_reader *reader, size_t bytes_max);
struct rh_bytes rh_reader_bin(struct rh_reader *reader, size_t bytes_max);
/* Exactly `bytes` of bin, copied; zeros after an offence. */
void rh_reader_bin_exact(struct rh_reader *reader, uint8_t *out, size_t bytes);
/* A str copied and terminated into out[capacity]; longer or containing NUL is an offence,
 * after which out is the empty text. capacity is at least 1. */
void rh_reader_text(struct rh_reader *reader, char *out, size_t capacity);
/* Element count; above `max` is an offence. A map's count is pairs. */
uint32_t rh_reader_array(struct rh_reader *reader, uint32_t max);
uint32_t rh_reader_map(struct rh_reader *reader, uint32_t max);
/* Step over one value of any type; returns the bytes it occupied. */
struct rh_bytes rh_reader_skip(struct rh_reader *reader);
/* Declare an offence of meaning (unknown key, value out of range). */
void rh_reader_fail(struct rh_reader *reader);
/* RH_OK when no offence happened and all bytes were read. */
enum rh_err rh_reader_finish(const struct rh_reader *reader);

/* Writer into caller's memory, sticky in the same way: RH_ERR_FULL when it does not fit,
 * RH_ERR_INVALID when a str is not strict UTF-8 (every reader would refuse it). After an
 * error what was written so far is no complete value and must not be used.
 * Map keys must be written in canonical order by the caller (asserted in debug checks by
 * tests that run rh_codec_check over every produced structure). */
struct rh_writer {
    uint8_t *data;
    size_t capacity;
    size_t bytes; /* written so far */
    enum rh_err err;
};

void rh_writer_init(struct rh_writer *writer, uint8_t *data, size_t capacity);
void rh_writer_uint(struct rh_writer *writer, uint64_t value);
void rh_writer_int(struct rh_writer *writer, int64_t value);
void rh_writer_bool(struct rh_writer *writer, bool value);
void rh_writer_str(struct rh_writer *writer, const char *data, size_t bytes);
void rh_writer_text(struct rh_writer *writer, const char *text); /* terminated */
void rh_writer_bin(struct rh_writer *writer, const uint8_t *data, size_t bytes);
void rh_writer_array(struct rh_writer *writer, uint32_t count);
void rh_writer_map(struct rh_writer *writer, uint32_t pairs);
/* Already encoded canonical bytes, copied as they are. */
void rh_writer_raw(struct rh_writer *writer, const uint8_t *data, size_t bytes);

#endif
