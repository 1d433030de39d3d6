#include "runtime/words.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rh/date.h>

uint64_t agent_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t agent_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum rh_err agent_instant_parse(const char *text, bool date_is_end, uint64_t *ms)
{
    struct rh_date date;
    if (rh_date_parse(text, strlen(text), &date) != RH_OK)
        return rh_instant_parse(text, strlen(text), ms);
    *ms = date_is_end ? rh_date_end_ms(date) : rh_date_start_ms(date);
    return RH_OK;
}

/* ---- bytes as text ---------------------------------------------------------------------- */

static const char base64_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *agent_base64(struct rh_bytes bytes)
{
    char *out = malloc((bytes.bytes + 2) / 3 * 4 + 1);
    rh_assert(out != NULL);
    char *at = out;
    for (size_t i = 0; i < bytes.bytes; i += 3) {
        size_t left = bytes.bytes - i;
        uint32_t three = (uint32_t)bytes.data[i] << 16;
        if (left > 1)
            three |= (uint32_t)bytes.data[i + 1] << 8;
        if (left > 2)
            three |= bytes.data[i + 2];
        *at++ = base64_letters[three >> 18 & 63];
        *at++ = base64_letters[three >> 12 & 63];
        *at++ = left > 1 ? base64_letters[three >> 6 & 63] : '=';
        *at++ = left > 2 ? base64_letters[three & 63] : '=';
    }
    *at = '\0';
    return out;
}

static int base64_value(char letter)
{
    const char *found = letter == '\0' ? NULL : strchr(base64_letters, letter);
    return found == NULL ? -1 : (int)(found - base64_letters);
}

enum rh_err agent_base64_decode(const char *text, size_t bytes, uint8_t *out, size_t capacity,
                                size_t *used)
{
    *used = 0;
    if (bytes % 4 != 0)
        return RH_ERR_INVALID;
    for (size_t i = 0; i < bytes; i += 4) {
        bool last = i + 4 == bytes;
        size_t pads = !last || text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
        uint32_t three = 0;
        for (size_t k = 0; k < 4; k++) {
            int value = k >= 4 - pads ? 0 : base64_value(text[i + k]);
            if (value < 0)
                return RH_ERR_INVALID;
            three = three << 6 | (uint32_t)value;
        }
        if ((pads == 1 && (three & 0xff) != 0) || (pads == 2 && (three & 0xffff) != 0))
            return RH_ERR_INVALID; /* bits left over: not the one spelling */
        if (*used + 3 - pads > capacity)
            return RH_ERR_FULL;
        for (size_t k = 0; k < 3 - pads; k++)
            out[(*used)++] = (uint8_t)(three >> (16 - 8 * k));
    }
    return RH_OK;
}

char *agent_hex(const uint8_t *data, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *out = malloc(bytes * 2 + 1);
    rh_assert(out != NULL);
    for (size_t i = 0; i < bytes; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[bytes * 2] = '\0';
    return out;
}

/* ---- telling the outside ---------------------------------------------------------------- */

void agent_log(enum agent_level level, const char *event, ...)
{
    static const char *const levels[] = { "info", "warning", "error" };
    char at[RH_INSTANT_TEXT_BYTES];
    rh_instant_format_utc(agent_wall_ms(), at);
    json_t *line = json_object();
    json_object_set_new(line, "at", json_string(at));
    json_object_set_new(line, "level", json_string(levels[level]));
    json_object_set_new(line, "event", json_string(event));
    va_list pairs;
    va_start(pairs, event);
    const char *key;
    while ((key = va_arg(pairs, const char *)) != NULL) {
        const char *text = va_arg(pairs, const char *);
        if (text != NULL)
            json_object_set_new(line, key, json_string(text));
    }
    va_end(pairs);
    char *text = json_dumps(line, JSON_COMPACT);
    json_decref(line);
    if (text != NULL)
        fprintf(stderr, "%s\n", text); /* one write: stderr is not buffered line by line */
    free(text);
}
