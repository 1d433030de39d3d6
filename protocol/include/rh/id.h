/* Identifiers: what names a message, a referral, an agency, a hub.
 *
 * Message and referral ids are 16 bytes, time-ordered (RFC 9562, UUID version 7), made by the
 * sender. The two types are distinct so that one cannot be passed for the other.
 *
 * An agency id is text "role.division": role [a-z][a-z0-9_]{0,19}, division 2 to 12 digits
 * (GB/T 2260 code, lower levels appended) or a word [a-z][a-z0-9]{0,11} on a test hub.
 * A hub id is "hub.division" or, for a test hub, "test.division"; from the second generation
 * on "/G" follows with G the generation in decimal. Two hub ids that differ in generation are
 * different hubs to a signature. */
#ifndef RH_ID_H
#define RH_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>
#include <rh/limits.h>

enum { RH_ID_BYTES = 16, RH_ID_TEXT_BYTES = 37, RH_EPOCH_BYTES = 8 };

struct rh_message_id {
    uint8_t bytes[RH_ID_BYTES];
};

struct rh_referral_id {
    uint8_t bytes[RH_ID_BYTES];
};

/* The life of one spool: 8 random bytes. A stream is (agency, epoch). */
struct rh_epoch {
    uint8_t bytes[RH_EPOCH_BYTES];
};

/* A terminated agency id; empty text means none. */
struct rh_agency_id {
    char text[RH_AGENCY_BYTES_MAX + 1];
};

struct rh_hub_id {
    char text[RH_HUB_ID_BYTES_MAX + 1];
};

/* Lay out a version 7 UUID from a UTC instant in ms (above 2^48 - 1: taken as that) and 10
 * random bytes, of which the six bits that version and variant need are overwritten. Pure. */
void rh_id_make(uint8_t out[RH_ID_BYTES], uint64_t unix_ms, const uint8_t random[10]);

/* Instant in ms carried by an id. */
uint64_t rh_id_ms(const uint8_t id[RH_ID_BYTES]);

/* Lower-case 8-4-4-4-12 text, terminated. */
void rh_id_format(const uint8_t id[RH_ID_BYTES], char out[RH_ID_TEXT_BYTES]);

/* Read that text; upper case is accepted, any version is. RH_ERR_INVALID otherwise. */
enum rh_err rh_id_parse(const char *text, uint8_t out[RH_ID_BYTES]);

bool rh_id_is_zero(const uint8_t id[RH_ID_BYTES]);

/* Copy and check `bytes` of `text` (not terminated). RH_ERR_INVALID when not of the form. */
enum rh_err rh_agency_id_parse(const char *text, size_t bytes, struct rh_agency_id *out);

/* The role part ("court") of an agency id; writes a terminated copy of at most 20 bytes. */
void rh_agency_role(const struct rh_agency_id *agency, char out[21]);

enum rh_err rh_hub_id_parse(const char *text, size_t bytes, struct rh_hub_id *out);

/* Whether the hub may run on a steered clock: its id begins with "test.". */
bool rh_hub_id_is_test(const struct rh_hub_id *hub);

/* Generation in a hub id, from 1; 0 when the text was never parsed and is not of the form. */
uint32_t rh_hub_id_generation(const struct rh_hub_id *hub);

/* The same hub in another generation, from 1 (1 drops the suffix). `out` may be `hub`. */
void rh_hub_id_with_generation(const struct rh_hub_id *hub, uint32_t generation,
                               struct rh_hub_id *out);

#endif
