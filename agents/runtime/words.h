/* Small things several files need: instants and bytes as text, log lines. No state. */
#ifndef AGENT_WORDS_H
#define AGENT_WORDS_H

#include <rh/codec.h>

/* RFC 3339 with an offset ("...Z", "...+08:00"); or a civil date "2026-03-04", which as an end
 * means the whole day in China: the next 00:00 +08:00. RH_ERR_INVALID. */
enum rh_err agent_instant_parse(const char *text, bool date_is_end, uint64_t *ms);

/* Base64 of RFC 4648 with padding. Encode: the caller's to be freed, terminated. Decode into
 * out[capacity]: RH_ERR_INVALID, or RH_ERR_FULL. */
char *agent_base64(struct rh_bytes bytes);
enum rh_err agent_base64_decode(const char *text, size_t bytes, uint8_t *out, size_t capacity,
                                size_t *used);
/* Lower-case hex; the caller's to be freed. */
char *agent_hex(const uint8_t *data, size_t bytes);

enum agent_level { AGENT_INFO, AGENT_WARNING, AGENT_ERROR };

/* One JSON line on standard error: when, level, event, then pairs of key and text, ended by
 * NULL; a pair whose text is NULL is left out. Never personal data, never content: ids, kinds,
 * codes, file names. */
void agent_log(enum agent_level level, const char *event, ...);

uint64_t agent_monotonic_ms(void);
uint64_t agent_wall_ms(void);

#endif
