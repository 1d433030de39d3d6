/* Pieces that several structures of the wire share: checked texts, identifiers, hashes, lists
 * of hashes, and the opening of a frame. Internal to protocol/src.
 *
 * Every `rh_part_read_*` works on a sticky reader: an offence is marked in it and the result
 * is zero. Every `rh_part_is_*` judges text that is not terminated. */
#ifndef RH_PARTS_H
#define RH_PARTS_H

#include <rh/item.h>
#include <rh/private.h>
#include <rh/wire.h>

/* [A-Za-z0-9][A-Za-z0-9_.:/-]*, 1 to RH_CODE_BYTES_MAX bytes. */
bool rh_part_is_code(const char *text, size_t bytes);
/* [a-z][a-z0-9_]*, 1 to RH_FACT_KEY_BYTES_MAX bytes. */
bool rh_part_is_key(const char *text, size_t bytes);
/* [a-z0-9][a-z0-9_.-]*, 1 to RH_SYSTEM_BYTES_MAX bytes. */
bool rh_part_is_system(const char *text, size_t bytes);
/* W3C traceparent: hh-32h-16h-hh in lower-case hexadecimal. */
bool rh_part_is_trace(const char *text, size_t bytes);
/* Printable ASCII, may be empty. */
bool rh_part_is_printable(const char *text, size_t bytes);
/* Length of text in a field of `capacity` bytes; capacity when it is not terminated. */
size_t rh_part_length(const char *text, size_t capacity);
bool rh_part_is_agency(const struct rh_agency_id *agency);

/* Order of two str keys of one canonical map: by encoded bytes, which for str means shorter
 * first, then bytewise. Below, at or above zero. */
int rh_part_key_order(const char *a, size_t a_bytes, const char *b, size_t b_bytes);

void rh_part_read_agency(struct rh_reader *reader, struct rh_agency_id *out);
void rh_part_read_hub(struct rh_reader *reader, struct rh_hub_id *out);
void rh_part_read_hash(struct rh_reader *reader, struct rh_hash *out);
uint64_t rh_part_read_ms(struct rh_reader *reader);
uint64_t rh_part_read_number(struct rh_reader *reader);
/* An array of exactly `count` elements begins here. */
void rh_part_read_exact_array(struct rh_reader *reader, uint32_t count);
/* An array of at most `max` hashes; returns how many. */
uint32_t rh_part_read_hashes(struct rh_reader *reader, struct rh_hash *out, uint32_t max);
void rh_part_write_hashes(struct rh_writer *writer, const struct rh_hash *hashes,
                          uint32_t count);

/* Check a whole frame for canonical form, then open it: array of `count`, first `type`. */
enum rh_err rh_part_open_frame(struct rh_reader *reader, struct rh_bytes frame,
                               enum rh_frame_type type, uint32_t count);
/* The same for a structure that is no frame: canonical, at most bytes_max bytes, an array of
 * `count` elements. */
enum rh_err rh_part_open_array(struct rh_reader *reader, struct rh_bytes bytes,
                               size_t bytes_max, uint32_t count);
void rh_part_write_frame(struct rh_writer *writer, enum rh_frame_type type, uint32_t count);

/* One item as an array of six elements; the reader has checked canonical form before. */
void rh_part_read_item(struct rh_reader *reader, struct rh_item *out);
/* Steps over the array of sealed keys and checks each entry. */
struct rh_bytes rh_part_read_keys(struct rh_reader *reader);
void rh_part_write_keys(struct rh_writer *writer, struct rh_bytes keys);

/* private_participants.c: key 9 of a private part, with its key when there is one. */
bool rh_part_participants_hold(const struct rh_private *value);
void rh_part_write_participants(const struct rh_private *value, struct rh_writer *writer);
/* False when the list is empty, which must not be written. */
bool rh_part_read_participants(struct rh_reader *reader, struct rh_private *out);

#endif
