/* What repeats are found by: one way to write a person and a matter, then a keyed hash. Two
 * agencies that write the same person differently (blanks, small letters) must get the same
 * hash, or a repeat is missed; two persons must never get one, or a stranger is marked. */
#include <rh/item.h>

#include <string.h>

/* A blank at `at`: how many bytes it takes, 0 when there is none. U+3000 is the blank of
 * Chinese typesetting. */
static size_t blank_bytes(const char *at)
{
    if (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')
        return 1;
    return strncmp(at, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
}

/* Copies without blanks, ASCII letters made upper case; false when nothing is left or it does
 * not fit. */
static bool add_plain(const char *text, char *out, size_t room, size_t *used)
{
    size_t before = *used;
    while (text != NULL && *text != '\0') {
        size_t blank = blank_bytes(text);
        if (blank > 0) {
            text += blank;
            continue;
        }
        if (*used + 1 >= room)
            return false;
        char c = *text++;
        out[(*used)++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    out[*used] = '\0';
    return *used > before;
}

bool rh_person_text(const char *id_number, const char *name, const char *phone,
                    char out[RH_PERSON_TEXT_BYTES_MAX])
{
    size_t used = 0;
    if (add_plain(id_number, out, RH_PERSON_TEXT_BYTES_MAX, &used))
        return true;
    used = 0;
    if (!add_plain(name, out, RH_PERSON_TEXT_BYTES_MAX - 1, &used))
        return false;
    out[used++] = '/';
    return add_plain(phone, out, RH_PERSON_TEXT_BYTES_MAX, &used);
}

void rh_person_hash(const uint8_t key[32], const char *person_text, struct rh_hash *out)
{
    rh_external_hash(key, "person",
                     (struct rh_bytes){ (const uint8_t *)person_text, strlen(person_text) },
                     out);
}

void rh_matter_hash(const uint8_t key[32], const char *matter, struct rh_hash *out)
{
    size_t blank;
    while ((blank = blank_bytes(matter)) > 0)
        matter += blank;
    size_t bytes = strlen(matter);
    for (;;) {
        if (bytes >= 1 && blank_bytes(matter + bytes - 1) == 1)
            bytes -= 1;
        else if (bytes >= 3 && blank_bytes(matter + bytes - 3) == 3)
            bytes -= 3;
        else
            break;
    }
    rh_external_hash(key, "matter", (struct rh_bytes){ (const uint8_t *)matter, bytes }, out);
}
