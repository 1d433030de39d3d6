#include <rh/id.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    ROLE_BYTES_MAX = 20,
    DIVISION_DIGITS_MIN = 2,
    DIVISION_DIGITS_MAX = 12,
    DIVISION_WORD_MAX = 12,
    GENERATION_DIGITS_MAX = 10
};

static_assert(ROLE_BYTES_MAX + 1 + DIVISION_DIGITS_MAX <= RH_AGENCY_BYTES_MAX,
              "every agency id of the form fits");
static_assert(sizeof "test." + DIVISION_DIGITS_MAX + 1 + GENERATION_DIGITS_MAX <=
                  RH_HUB_ID_BYTES_MAX,
              "every hub id of the form fits, in every generation");

/* ---- 16-byte ids, RFC 9562 section 5.7 ---- */

static const uint64_t MS_MAX = (UINT64_C(1) << 48) - 1;

void rh_id_make(uint8_t out[RH_ID_BYTES], uint64_t unix_ms, const uint8_t random[10])
{
    uint64_t ms = unix_ms < MS_MAX ? unix_ms : MS_MAX;
    for (unsigned i = 0; i < 6; i++)
        out[i] = (uint8_t)(ms >> (40 - 8 * i));
    memcpy(out + 6, random, 10);
    out[6] = (uint8_t)(0x70 | (random[0] & 0x0F)); /* version 7 */
    out[8] = (uint8_t)(0x80 | (random[2] & 0x3F)); /* variant 10 */
}

uint64_t rh_id_ms(const uint8_t id[RH_ID_BYTES])
{
    uint64_t ms = 0;
    for (unsigned i = 0; i < 6; i++)
        ms = ms << 8 | id[i];
    return ms;
}

/* Whether a hyphen stands before byte i of the id in 8-4-4-4-12. */
static bool hyphen_before(unsigned i)
{
    return i == 4 || i == 6 || i == 8 || i == 10;
}

void rh_id_format(const uint8_t id[RH_ID_BYTES], char out[RH_ID_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char *to = out;
    for (unsigned i = 0; i < RH_ID_BYTES; i++) {
        if (hyphen_before(i))
            *to++ = '-';
        *to++ = digits[id[i] >> 4];
        *to++ = digits[id[i] & 0x0F];
    }
    *to = '\0';
}

static bool nibble(char c, uint8_t *out)
{
    if (c >= '0' && c <= '9')
        *out = (uint8_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
        *out = (uint8_t)(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
        *out = (uint8_t)(c - 'A' + 10);
    else
        return false;
    return true;
}

enum rh_err rh_id_parse(const char *text, uint8_t out[RH_ID_BYTES])
{
    uint8_t id[RH_ID_BYTES];
    const char *from = text;
    for (unsigned i = 0; i < RH_ID_BYTES; i++) {
        uint8_t high;
        uint8_t low;
        if (hyphen_before(i) && *from++ != '-')
            return RH_ERR_INVALID;
        /* A terminator is no nibble, so the second byte is read only when the first is. */
        if (!nibble(from[0], &high) || !nibble(from[1], &low))
            return RH_ERR_INVALID;
        id[i] = (uint8_t)(high << 4 | low);
        from += 2;
    }
    if (*from != '\0')
        return RH_ERR_INVALID;
    memcpy(out, id, RH_ID_BYTES);
    return RH_OK;
}

bool rh_id_is_zero(const uint8_t id[RH_ID_BYTES])
{
    uint8_t any = 0;
    for (unsigned i = 0; i < RH_ID_BYTES; i++)
        any |= id[i];
    return any == 0;
}

/* ---- agencies and hubs. No ctype: its answers depend on the locale. ---- */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_role(const char *text, size_t bytes)
{
    if (bytes < 1 || bytes > ROLE_BYTES_MAX || !is_lower(text[0]))
        return false;
    for (size_t i = 1; i < bytes; i++) {
        if (!is_lower(text[i]) && !is_digit(text[i]) && text[i] != '_')
            return false;
    }
    return true;
}

static bool is_digits(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (!is_digit(text[i]))
            return false;
    }
    return true;
}

static bool is_division_code(const char *text, size_t bytes)
{
    return bytes >= DIVISION_DIGITS_MIN && bytes <= DIVISION_DIGITS_MAX &&
           is_digits(text, bytes);
}

static bool is_division_word(const char *text, size_t bytes)
{
    if (bytes < 1 || bytes > DIVISION_WORD_MAX || !is_lower(text[0]))
        return false;
    for (size_t i = 1; i < bytes; i++) {
        if (!is_lower(text[i]) && !is_digit(text[i]))
            return false;
    }
    return true;
}

/* Offset of the first `c`, or bytes. */
static size_t find(const char *text, size_t bytes, char c)
{
    const char *at = bytes > 0 ? memchr(text, c, bytes) : NULL;
    return at != NULL ? (size_t)(at - text) : bytes;
}

enum rh_err rh_agency_id_parse(const char *text, size_t bytes, struct rh_agency_id *out)
{
    if (bytes > RH_AGENCY_BYTES_MAX)
        return RH_ERR_INVALID;
    size_t dot = find(text, bytes, '.');
    if (dot == bytes || !is_role(text, dot))
        return RH_ERR_INVALID;
    const char *division = text + dot + 1;
    size_t division_bytes = bytes - dot - 1;
    if (!is_division_code(division, division_bytes) &&
        !is_division_word(division, division_bytes))
        return RH_ERR_INVALID;
    *out = (struct rh_agency_id){ 0 };
    memcpy(out->text, text, bytes);
    return RH_OK;
}

void rh_agency_role(const struct rh_agency_id *agency, char out[21])
{
    size_t bytes = find(agency->text, strlen(agency->text), '.');
    if (bytes > ROLE_BYTES_MAX)
        bytes = ROLE_BYTES_MAX;
    memcpy(out, agency->text, bytes);
    out[bytes] = '\0';
}

/* Decimal from 2 to UINT32_MAX without leading zero; generation 1 has no suffix. */
static bool parse_generation(const char *text, size_t bytes, uint32_t *out)
{
    if (bytes < 1 || bytes > GENERATION_DIGITS_MAX || !is_digits(text, bytes) || text[0] == '0')
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value * 10 + (uint64_t)(text[i] - '0');
    if (value < 2 || value > UINT32_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool begins_with(const char *text, size_t bytes, const char *prefix)
{
    size_t length = strlen(prefix);
    return bytes >= length && memcmp(text, prefix, length) == 0;
}

enum rh_err rh_hub_id_parse(const char *text, size_t bytes, struct rh_hub_id *out)
{
    if (bytes > RH_HUB_ID_BYTES_MAX)
        return RH_ERR_INVALID;
    size_t slash = find(text, bytes, '/');
    uint32_t generation;
    if (slash < bytes && !parse_generation(text + slash + 1, bytes - slash - 1, &generation))
        return RH_ERR_INVALID;
    bool test = begins_with(text, slash, "test.");
    if (!test && !begins_with(text, slash, "hub."))
        return RH_ERR_INVALID;
    size_t prefix = test ? strlen("test.") : strlen("hub.");
    if (!is_division_code(text + prefix, slash - prefix) &&
        !(test && is_division_word(text + prefix, slash - prefix)))
        return RH_ERR_INVALID;
    *out = (struct rh_hub_id){ 0 };
    memcpy(out->text, text, bytes);
    return RH_OK;
}

bool rh_hub_id_is_test(const struct rh_hub_id *hub)
{
    return begins_with(hub->text, strlen(hub->text), "test.");
}

uint32_t rh_hub_id_generation(const struct rh_hub_id *hub)
{
    size_t bytes = strlen(hub->text);
    size_t slash = find(hub->text, bytes, '/');
    uint32_t generation = 1;
    if (slash < bytes &&
        !parse_generation(hub->text + slash + 1, bytes - slash - 1, &generation))
        return 0;
    return generation;
}

void rh_hub_id_with_generation(const struct rh_hub_id *hub, uint32_t generation,
                               struct rh_hub_id *out)
{
    rh_assert(generation >= 1);
    struct rh_hub_id base = *hub; /* out may be hub */
    int bytes = (int)find(base.text, strlen(base.text), '/');
    *out = (struct rh_hub_id){ 0 };
    int written = generation == 1
                      ? snprintf(out->text, sizeof out->text, "%.*s", bytes, base.text)
                      : snprintf(out->text, sizeof out->text, "%.*s/%" PRIu32, bytes,
                                 base.text, generation);
    rh_assert(written > 0 && (size_t)written < sizeof out->text);
}
