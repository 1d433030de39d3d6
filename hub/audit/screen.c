#include "audit/screen.h"

#include <rh/date.h>

#include <stdarg.h>
#include <string.h>

enum { LABEL_COLUMNS = 14 };

const char *hub_screen_count(uint64_t value, char out[HUB_SCREEN_COUNT_BYTES])
{
    char digits[24];
    size_t count = 0, at = 0;
    do {
        digits[count++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    while (count > 0) {
        out[at++] = digits[--count];
        if (count > 0 && count % 3 == 0)
            out[at++] = ',';
    }
    out[at] = '\0';
    return out;
}

const char *hub_screen_time(uint64_t ms, bool end, char out[HUB_SCREEN_TIME_BYTES])
{
    if (ms == 0) {
        memcpy(out, "-", 2);
        return out;
    }
    if (end)
        rh_instant_format_end(ms, out);
    else
        rh_instant_format(ms, out);
    out[10] = ' ';
    out[19] = '\0';
    return out;
}

const char *hub_screen_hex(const struct rh_hash *hash, char out[HUB_SCREEN_HEX_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof hash->bytes; i++) {
        out[2 * i] = digits[hash->bytes[i] >> 4];
        out[2 * i + 1] = digits[hash->bytes[i] & 15];
    }
    out[64] = '\0';
    return out;
}

/* Han characters, full-width forms and their punctuation take two columns; three bytes of
 * UTF-8 from U+2E80 on are enough to tell them here. */
static unsigned width_of(const char *text)
{
    unsigned columns = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if ((*at & 0xC0) == 0x80)
            continue;
        bool wide =
            *at >= 0xF0 || (*at >= 0xE3 && *at <= 0xEF) || (*at == 0xE2 && at[1] >= 0xBA);
        columns += wide ? 2 : 1;
    }
    return columns;
}

void hub_screen_pad(FILE *out, const char *text, unsigned columns)
{
    fputs(text, out);
    for (unsigned width = width_of(text); width < columns; width++)
        fputc(' ', out);
}

void hub_screen_line(FILE *out, const char *label, int mark, const char *format, ...)
{
    hub_screen_pad(out, label, LABEL_COLUMNS);
    if (mark >= 0)
        fputs(mark > 0 ? "\xE2\x9C\x93 " : "\xE2\x9C\x97 ", out);
    else
        fputs("  ", out);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(out, format, arguments);
    va_end(arguments);
    fputc('\n', out);
}

void hub_json_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_object_set_new(object, key, json_string(text));
}

void hub_json_count(json_t *object, const char *key, uint64_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

void hub_json_flag(json_t *object, const char *key, bool value)
{
    json_object_set_new(object, key, json_boolean(value));
}

void hub_json_time(json_t *object, const char *key, uint64_t ms)
{
    char text[RH_INSTANT_TEXT_BYTES];
    if (ms == 0)
        return;
    rh_instant_format_utc(ms, text);
    hub_json_text(object, key, text);
}

void hub_json_hash(json_t *object, const char *key, const struct rh_hash *hash)
{
    char text[HUB_SCREEN_HEX_BYTES];
    hub_json_text(object, key, hub_screen_hex(hash, text));
}

bool hub_json_write(FILE *out, const json_t *value)
{
    return json_dumpf(value, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER) == 0 &&
           fputc('\n', out) != EOF;
}
