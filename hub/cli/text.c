/* Text on a terminal: how wide it is, and what must never reach it as it is. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include <unistr.h>
#include <uniwidth.h>

uint32_t hub_cli_width(const char *text)
{
    int width = u8_strwidth((const uint8_t *)text, "UTF-8");
    return width < 0 ? 0 : (uint32_t)width;
}

/* Characters that turn or hide the direction of writing, and other invisible ones: a name that
 * holds them reads as another name. */
static bool is_invisible(ucs4_t c)
{
    return c == 0x061C || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
           (c >= 0xE0000 && c <= 0xE007F);
}

static bool is_control(ucs4_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

enum { LONGEST_ESCAPE = 12 }; /* of one byte or character, terminator not counted */

static size_t write_escape(char *out, ucs4_t c, bool json)
{
    enum { ROOM = LONGEST_ESCAPE + 1 };
    int bytes;
    if (c == '\n' || c == '\t' || c == '\r')
        bytes = snprintf(out, ROOM, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
    else if (c < 0x100 && !json)
        bytes = snprintf(out, ROOM, "\\x%02x", (unsigned)c);
    else if (c > 0xFFFF) /* as a pair, which JSON reads back */
        bytes = snprintf(out, ROOM, "\\u%04x\\u%04x",
                         (unsigned)(0xD800 + ((c - 0x10000) >> 10)),
                         (unsigned)(0xDC00 + ((c - 0x10000) & 0x3FF)));
    else
        bytes = snprintf(out, ROOM, "\\u%04x", (unsigned)c);
    rh_assert(bytes > 0 && bytes < ROOM);
    return (size_t)bytes;
}

static char *escape(const char *text, size_t bytes, bool json)
{
    char *out = malloc(bytes * LONGEST_ESCAPE + LONGEST_ESCAPE + 1);
    size_t used = 0;
    rh_assert(out != NULL);
    for (size_t at = 0; at < bytes;) {
        ucs4_t c;
        int taken = u8_mbtoucr(&c, (const uint8_t *)text + at, bytes - at);
        if (taken <= 0) { /* no UTF-8: byte by byte */
            used += write_escape(out + used, (unsigned char)text[at], false);
            at++;
            continue;
        }
        bool keeps = json && (c == '\n' || c == '\t');
        if ((is_control(c) && !keeps) || is_invisible(c)) {
            used += write_escape(out + used, c, json);
        } else {
            memcpy(out + used, text + at, (size_t)taken);
            used += (size_t)taken;
        }
        at += (size_t)taken;
    }
    out[used] = '\0';
    return out;
}

char *hub_cli_escape(const char *text, size_t bytes)
{
    return escape(text, bytes, false);
}

char *hub_cli_escape_json(const char *text)
{
    return escape(text, strlen(text), true);
}

void hub_cli_pad(FILE *out, const char *text, uint32_t width, bool right)
{
    uint32_t taken = hub_cli_width(text);
    int blanks = taken < width ? (int)(width - taken) : 0;
    if (right)
        fprintf(out, "%*s%s", blanks, "", text);
    else
        fprintf(out, "%s%*s", text, blanks, "");
}

/* ---- what was meant -------------------------------------------------------------------- */

enum { WORD_MAX = 40 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edits from one word to another; swapped neighbours are one. */
static unsigned distance(const char *a, const char *b)
{
    size_t a_bytes = strlen(a), b_bytes = strlen(b);
    unsigned rows[3][WORD_MAX + 1];
    if (a_bytes > WORD_MAX || b_bytes > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= b_bytes; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_bytes; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *over = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_bytes; j++) {
            unsigned same = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = least(above[j - 1] + same, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], over[j - 2] + 1);
        }
    }
    return rows[a_bytes % 3][b_bytes];
}

const char *hub_cli_nearest(const char *word, const char *const *words, size_t count)
{
    const char *best = NULL;
    unsigned allowed = (unsigned)(strlen(word) + 2) / 3;
    for (size_t i = 0; i < count; i++) {
        unsigned edits = distance(word, words[i]);
        if (edits <= allowed && edits < strlen(words[i])) {
            best = words[i];
            allowed = edits == 0 ? 0 : edits - 1;
        }
    }
    return best;
}
