/* What both forms of output share: counts, instants, hashes, columns, JSON members.
 *
 * JSON: snake_case keys, instants RFC 3339 UTC with `_at`, hashes in hex. Tables: instants in
 * Beijing time, columns padded by display width, nothing but text. */
#ifndef HUB_AUDIT_SCREEN_H
#define HUB_AUDIT_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include <rh/hash.h>

enum { HUB_SCREEN_COUNT_BYTES = 27, HUB_SCREEN_TIME_BYTES = 26, HUB_SCREEN_HEX_BYTES = 65 };

/* "184,201" */
const char *hub_screen_count(uint64_t value, char out[HUB_SCREEN_COUNT_BYTES]);
/* "2026-11-18 17:30:00"; an exclusive end: the second before it. "-" for 0. */
const char *hub_screen_time(uint64_t ms, bool end, char out[HUB_SCREEN_TIME_BYTES]);
const char *hub_screen_hex(const struct rh_hash *hash, char out[HUB_SCREEN_HEX_BYTES]);

/* The text and blanks up to `columns`. */
void hub_screen_pad(FILE *out, const char *text, unsigned columns);
/* A line "label  mark text": mark 1 is a tick, 0 a cross, -1 none. */
void hub_screen_line(FILE *out, const char *label, int mark, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Members; `object` is borrowed. Empty texts and zero instants are left out. */
void hub_json_text(json_t *object, const char *key, const char *text);
void hub_json_count(json_t *object, const char *key, uint64_t value);
void hub_json_flag(json_t *object, const char *key, bool value);
void hub_json_time(json_t *object, const char *key, uint64_t ms);
void hub_json_hash(json_t *object, const char *key, const struct rh_hash *hash);

/* One value, indented, and a newline. False when it could not be written. */
bool hub_json_write(FILE *out, const json_t *value);

#endif
