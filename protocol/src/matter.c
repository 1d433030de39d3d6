/* One way to write what a matter is about, so that two tables, or a table and a desk, that say
 * the same claim in other type get the same hash:
 *
 *     "某小区（3号）  夜间噪声！"  ->  "某小区3号夜间噪声"
 *
 * Blanks and marks of punctuation say nothing about a claim and differ from keyboard to
 * keyboard; so do full-width letters and digits, and small letters. Nothing else is touched: a
 * claim in other words is another claim, and what is nearly the same is for people to see. */
#include <rh/item.h>

#include <string.h>

#include <rh/hash.h>

static bool between(uint32_t c, uint32_t first, uint32_t last)
{
    return c >= first && c <= last;
}

static bool is_ascii_mark(uint32_t c)
{
    bool plain = between(c, '0', '9') || between(c, 'A', 'Z') || between(c, 'a', 'z');
    return c < 0x80 && !plain && c != '/';
}

/* Blanks, controls and punctuation: of ASCII (but '/', which parts the columns of an import),
 * general, of Chinese typesetting, and their full-width and half-width forms. */
static bool says_nothing(uint32_t c)
{
    return is_ascii_mark(c) || between(c, 0x80, 0xa0) || c == 0xb7 ||
           between(c, 0x2000, 0x206f) || between(c, 0x3000, 0x3004) ||
           between(c, 0x3008, 0x3020) || c == 0xfeff || between(c, 0xff61, 0xff65);
}

/* Full width becomes ASCII, small letters capital ones. */
static uint32_t fold(uint32_t c)
{
    if (between(c, 0xff01, 0xff5e))
        c -= 0xff01 - '!';
    return between(c, 'a', 'z') ? c - 'a' + 'A' : c;
}

/* The character at `at`, and its length; 1 byte for itself where it is none. */
static size_t next_character(const uint8_t *at, size_t left, uint32_t *c)
{
    size_t bytes = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc2 ? 2 : 1;
    *c = bytes > 1 ? (uint32_t)(at[0] & (0xff >> (bytes + 1))) : at[0] < 0x80 ? at[0] : 0xfffd;
    for (size_t i = 1; i < bytes; i++) {
        if (i >= left || (at[i] & 0xc0) != 0x80) {
            *c = 0xfffd;
            return 1;
        }
        *c = *c << 6 | (at[i] & 0x3fu);
    }
    return bytes;
}

/* Too long to be kept as it is: its hash stands for it. */
static void put_hash(const uint8_t *text, size_t bytes, char out[RH_MATTER_TEXT_BYTES_MAX + 1])
{
    static const char digits[] = "0123456789ABCDEF";
    struct rh_bytes part = { text, bytes };
    struct rh_hash hash;
    rh_hash_tagged("rhub/matter/1", &part, 1, &hash);
    for (size_t i = 0; i < sizeof hash.bytes; i++) {
        out[2 * i] = digits[hash.bytes[i] >> 4];
        out[2 * i + 1] = digits[hash.bytes[i] & 15];
    }
    out[2 * sizeof hash.bytes] = '\0';
}

bool rh_matter_text(uint8_t *text, size_t bytes, char out[RH_MATTER_TEXT_BYTES_MAX + 1])
{
    size_t used = 0, at = 0;
    while (at < bytes) {
        uint32_t c;
        size_t length = next_character(text + at, bytes - at, &c);
        uint32_t folded = fold(c);
        if (folded != c && folded < 0x80 && !is_ascii_mark(folded))
            text[used++] = (uint8_t)folded;
        else if (!says_nothing(folded)) {
            memmove(text + used, text + at, length);
            used += length;
        }
        at += length;
    }
    if (used > RH_MATTER_TEXT_BYTES_MAX) {
        put_hash(text, used, out);
    } else {
        memcpy(out, text, used);
        out[used] = '\0';
    }
    return out[strspn(out, "/")] != '\0';
}
