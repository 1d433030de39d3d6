#include "runtime/mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a text that grows ------------------------------------------------------------------ */

struct growing {
    char *text;
    size_t bytes, room;
};

static void append(struct growing *out, const void *data, size_t bytes)
{
    if (out->bytes + bytes + 1 > out->room) {
        out->room = (out->bytes + bytes + 1) * 2;
        out->text = realloc(out->text, out->room);
        rh_assert(out->text != NULL);
    }
    if (bytes > 0)
        memcpy(out->text + out->bytes, data, bytes);
    out->bytes += bytes;
    out->text[out->bytes] = '\0';
}

/* ---- characters ------------------------------------------------------------------------- */

/* Bytes of the character at data[at]; 1 for what is no beginning of one. */
static size_t step(struct rh_bytes text, size_t at)
{
    uint8_t first = text.data[at];
    size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    return at + bytes <= text.bytes ? bytes : 1;
}

static size_t characters(struct rh_bytes text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.bytes; at += step(text, at))
        count++;
    return count;
}

/* Bytes of the digit at `at`, half or full width (U+FF10 to U+FF19), 0 when it is none. */
static size_t digit_at(struct rh_bytes text, size_t at, char *digit)
{
    const uint8_t *data = text.data + at;
    if (at >= text.bytes)
        return 0;
    if (data[0] >= '0' && data[0] <= '9') {
        *digit = (char)data[0];
        return 1;
    }
    if (text.bytes - at >= 3 && data[0] == 0xef && data[1] == 0xbc && data[2] >= 0x90 &&
        data[2] <= 0x99) {
        *digit = (char)('0' + (data[2] - 0x90));
        return 3;
    }
    return 0;
}

static bool begins_with(struct rh_bytes text, size_t at, const char *what)
{
    size_t bytes = strlen(what);
    return text.bytes - at >= bytes && memcmp(text.data + at, what, bytes) == 0;
}

/* ---- masked forms ----------------------------------------------------------------------- */

/* Family names of two characters; every other one has one. */
static size_t family_bytes(struct rh_bytes name)
{
    static const char *const pairs[] = {
        "欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "宇文",
        "长孙", "司徒", "司空", "夏侯", "端木", "南宫", "独孤", "轩辕", "钟离", "闻人", "澹台",
        "公冶", "宗政", "濮阳", "淳于", "单于", "太叔", "申屠", "仲孙", "鲜于", "万俟", "赫连",
        "呼延", "拓跋", "完颜", "百里", "东郭", "西门", "公羊", "第五", "左丘",
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (begins_with(name, 0, pairs[i]) && name.bytes > strlen(pairs[i]))
            return strlen(pairs[i]);
    return step(name, 0);
}

char *agent_mask_name(struct rh_bytes name)
{
    struct growing out = { NULL, 0, 0 };
    append(&out, "", 0);
    if (name.bytes == 0)
        return out.text;
    append(&out, name.data, family_bytes(name));
    append(&out, "某", strlen("某"));
    return out.text;
}

/* The first and last characters, one star for each between; all stars when too few are
 * between. */
static char *ends_of(struct rh_bytes text, size_t first, size_t last)
{
    struct growing out = { NULL, 0, 0 };
    size_t count = characters(text), place = 0;
    append(&out, "", 0);
    for (size_t at = 0; at < text.bytes; at += step(text, at), place++) {
        bool shown = count >= first + last + 3 && (place < first || place >= count - last);
        if (shown)
            append(&out, text.data + at, step(text, at));
        else
            append(&out, "*", 1);
    }
    return out.text;
}

char *agent_mask_id_number(struct rh_bytes number)
{
    return ends_of(number, 6, 2);
}

char *agent_mask_phone(struct rh_bytes phone)
{
    return ends_of(phone, 3, 2);
}

/* Down to the county: 县, 旗, or a district (but not the 区 of an autonomous region), else a
 * city or prefecture. */
char *agent_mask_address(struct rh_bytes address)
{
    struct growing out = { NULL, 0, 0 };
    size_t county = 0, city = 0;
    append(&out, "", 0);
    for (size_t at = 0; at < address.bytes && county == 0; at += step(address, at)) {
        size_t behind = at + step(address, at);
        bool region = at >= strlen("自治") &&
                      begins_with(address, at - strlen("自治"), "自治区");
        if (begins_with(address, at, "县") || begins_with(address, at, "旗") ||
            (begins_with(address, at, "区") && !region))
            county = behind;
        else if (begins_with(address, at, "市") || begins_with(address, at, "州"))
            city = behind;
    }
    append(&out, address.data, county > 0 ? county : city);
    append(&out, "***", 3);
    return out.text;
}

/* ---- what is looked for ----------------------------------------------------------------- */

struct needle {
    char *text, *instead;
    size_t bytes;
    uint32_t next; /* with the same beginning, counted from 1; 0: none */
};

/* A text is long and a matter may name thousands: needles are found by their first two bytes,
 * so that a peer who names many makes nobody wait. */
struct agent_mask {
    uint32_t count, room;
    struct needle *needles;
    uint32_t first[65536]; /* by the first two bytes, counted from 1; 0: none */
};

static uint32_t beginning(const void *text)
{
    const uint8_t *bytes = text;
    return (uint32_t)(bytes[0] << 8 | bytes[1]);
}

struct agent_mask *agent_mask_new(void)
{
    struct agent_mask *mask = calloc(1, sizeof *mask);
    rh_assert(mask != NULL);
    return mask;
}

void agent_mask_destroy(struct agent_mask **pointer)
{
    struct agent_mask *mask = *pointer;
    *pointer = NULL;
    if (mask == NULL)
        return;
    for (uint32_t i = 0; i < mask->count; i++) {
        free(mask->needles[i].text);
        free(mask->needles[i].instead);
    }
    free(mask->needles);
    free(mask);
}

static char *copy_of(const void *data, size_t bytes)
{
    char *copy = malloc(bytes + 1);
    rh_assert(copy != NULL);
    memcpy(copy, data, bytes);
    copy[bytes] = '\0';
    return copy;
}

void agent_mask_add(struct agent_mask *mask, struct rh_bytes text, const char *instead)
{
    if (characters(text) < 2)
        return;
    if (mask->count == mask->room) {
        mask->room = mask->room == 0 ? 32 : mask->room * 2;
        mask->needles = realloc(mask->needles, mask->room * sizeof *mask->needles);
        rh_assert(mask->needles != NULL);
    }
    uint32_t *first = &mask->first[beginning(text.data)];
    mask->needles[mask->count] = (struct needle){ .text = copy_of(text.data, text.bytes),
                                                  .instead = copy_of(instead, strlen(instead)),
                                                  .bytes = text.bytes,
                                                  .next = *first };
    *first = ++mask->count;
}

/* The name with a blank behind its first `family` bytes, or behind every character. */
static char *spread_name(struct rh_bytes name, size_t family, const char *blank, bool all)
{
    struct growing out = { NULL, 0, 0 };
    append(&out, "", 0);
    for (size_t at = 0; at < name.bytes; at += step(name, at)) {
        if (at > 0 && (all || at == family))
            append(&out, blank, strlen(blank));
        append(&out, name.data + at, step(name, at));
    }
    return out.text;
}

void agent_mask_add_name(struct agent_mask *mask, struct rh_bytes name, const char *instead)
{
    static const char *const blanks[] = { " ", "  ", "　" };
    enum { CHINESE_BYTES = 3, CHARACTERS_MAX = 4 };
    size_t count = characters(name);
    agent_mask_add(mask, name, instead);
    if (count < 2 || count > CHARACTERS_MAX || name.bytes != count * CHINESE_BYTES)
        return;
    for (size_t i = 0; i < 2 * sizeof blanks / sizeof blanks[0]; i++) {
        char *spread = spread_name(name, family_bytes(name), blanks[i / 2], i % 2 == 0);
        agent_mask_add(mask, (struct rh_bytes){ (const uint8_t *)spread, strlen(spread) },
                       instead);
        free(spread);
    }
}

static const struct needle *longest_at(const struct agent_mask *mask, struct rh_bytes text,
                                       size_t at)
{
    const struct needle *best = NULL;
    if (text.bytes - at < 2)
        return NULL;
    for (uint32_t i = mask->first[beginning(text.data + at)]; i != 0;) {
        const struct needle *one = &mask->needles[i - 1];
        i = one->next;
        if ((best == NULL || one->bytes > best->bytes) && text.bytes - at >= one->bytes &&
            memcmp(text.data + at, one->text, one->bytes) == 0)
            best = one;
    }
    return best;
}

/* ---- numbers in a text ------------------------------------------------------------------ */

/* Bytes of what may stand between two groups of digits of one number; 0: nothing such. */
static size_t divider_at(struct rh_bytes text, size_t at)
{
    static const char *const dividers[] = { "-", " ", ".", ")", "－", "–", "—", "　", "）" };
    for (size_t i = 0; i < sizeof dividers / sizeof dividers[0]; i++)
        if (at < text.bytes && begins_with(text, at, dividers[i]))
            return strlen(dividers[i]);
    return 0;
}

/* Groups of digits, one divider between two: 138-0000-0000, 0943 5521234, a card in fours. */
enum { GROUPS = 5 };
struct digits {
    size_t count[GROUPS]; /* digits of each group */
    size_t end[GROUPS];   /* byte behind it */
    char first;
};

static struct digits digits_at(struct rh_bytes text, size_t at)
{
    struct digits out = { { 0 }, { 0 }, 0 };
    char digit = 0;
    for (size_t group = 0; group < GROUPS; group++) {
        size_t bytes;
        while ((bytes = digit_at(text, at, &digit)) > 0) {
            if (out.first == 0)
                out.first = digit;
            out.count[group]++;
            at += bytes;
        }
        out.end[group] = at;
        if ((bytes = divider_at(text, at)) == 0)
            break;
        at += bytes;
    }
    return out;
}

/* Behind the check letter of an identity number, if one stands here. */
static size_t letter_end(struct rh_bytes text, size_t at)
{
    static const char *const letters[] = { "X", "x", "Ｘ", "ｘ" };
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (begins_with(text, at, letters[i]))
            return at + strlen(letters[i]);
    return at;
}

/* A card written in fours, or an identity number as division, day of birth and the rest. */
static size_t grouped_end(struct rh_bytes text, size_t at, const struct digits *digits)
{
    const size_t *count = digits->count;
    bool fours = count[0] == 4 && count[1] == 4 && count[2] == 4 && count[3] >= 3;
    size_t rest = count[0] == 6 && count[1] == 8                      ? 2
                  : count[0] == 6 && count[1] == 4 && count[2] == 4 ? 3
                                                                      : 0;
    if (fours)
        return digits->end[count[4] > 0 ? 4 : 3];
    if (rest > 0 && count[rest] == 4)
        return digits->end[rest];
    return rest > 0 && count[rest] == 3 ? letter_end(text, digits->end[rest]) : at;
}

/* Where a personal number that begins here ends; `at` when it is none. Ten digits and more in
 * one piece are one (cards, accounts, mobile telephones), and what is written as a telephone,
 * a card or an identity number; dates, amounts and case numbers are shorter. */
static size_t number_end(struct rh_bytes text, size_t at, const struct digits *digits)
{
    if (digits->count[0] >= 10)
        return digits->count[0] == 17 ? letter_end(text, digits->end[0]) : digits->end[0];
    size_t grouped = grouped_end(text, at, digits);
    if (grouped != at)
        return grouped;
    if (digits->first == '1' && digits->count[0] == 3 && digits->count[1] == 4 &&
        digits->count[2] == 4)
        return digits->end[2];
    bool area = digits->count[0] == 3 || digits->count[0] == 4;
    bool local = digits->count[1] == 7 || digits->count[1] == 8;
    return digits->first == '0' && area && local ? digits->end[1] : at;
}

static size_t take_number(struct rh_bytes text, size_t at, struct growing *out)
{
    struct digits digits = digits_at(text, at);
    size_t end = number_end(text, at, &digits);
    if (end == at) { /* no number of a person: it stays as it is */
        append(out, text.data + at, digits.end[0] - at);
        return digits.end[0];
    }
    struct rh_bytes whole = { text.data + at, end - at };
    bool is_long = digits.count[0] >= 15 || grouped_end(text, at, &digits) != at;
    char *masked = is_long ? ends_of(whole, 6, 2) : ends_of(whole, 3, 2);
    append(out, masked, strlen(masked));
    free(masked);
    return end;
}

char *agent_mask_text(const struct agent_mask *mask, bool numbers, struct rh_bytes text)
{
    struct growing out = { NULL, 0, 0 };
    size_t at = 0;
    char digit;
    append(&out, "", 0);
    while (at < text.bytes) {
        const struct needle *needle = longest_at(mask, text, at);
        if (needle != NULL) {
            append(&out, needle->instead, strlen(needle->instead));
            at += needle->bytes;
        } else if (numbers && digit_at(text, at, &digit) > 0) {
            at = take_number(text, at, &out);
        } else {
            append(&out, text.data + at, step(text, at));
            at += step(text, at);
        }
    }
    return out.text;
}
