#include "load/words.h"

#include <stdio.h>
#include <string.h>

#include <rh/id.h>

enum { WORD_BYTES = 64, LINE_BYTES_MAX = 512, KIND_WORDS = RH_KIND_END + 1 };

static const char *const units[] = { "hour", "calendar_day", "working_day", "month_civil",
                                     "month_criminal" };

enum { UNITS = sizeof units / sizeof units[0] };

/* ---- characters ------------------------------------------------------------------------ */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(const char *text)
{
    if (!is_lower(text[0]))
        return false;
    for (size_t i = 1; text[i] != '\0'; i++) {
        if (!is_lower(text[i]) && !is_digit(text[i]) && text[i] != '_')
            return false;
    }
    return true;
}

bool rh_load_is_code(const char *text, size_t bytes)
{
    if (bytes == 0 || bytes > RH_CODE_BYTES_MAX)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        const char c = text[i];
        if (is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'))
            continue;
        if (i == 0 || c == '\0' || strchr("_.:/-", c) == NULL)
            return false;
    }
    return true;
}

/* ---- lists ----------------------------------------------------------------------------- */

bool rh_load_filled(struct rh_yaml *yaml, struct fy_node *node, const char *what)
{
    if (!rh_yaml_sequence(yaml, node, what))
        return false;
    if (fy_node_sequence_is_empty(node)) {
        rh_yaml_problem(yaml, node, "%s is an empty list; name at least one", what);
        return false;
    }
    return true;
}

/* ---- roles ----------------------------------------------------------------------------- */

void rh_load_roles_init(struct rh_load_roles *roles)
{
    static const struct rh_load_roles base = {
        .count = 4,
        .names = { "petitions", "procuratorate", "court", "police" },
    };
    *roles = base;
}

bool rh_load_roles_have(const struct rh_load_roles *roles, const char *role)
{
    if (roles->any)
        return true;
    for (uint32_t i = 0; i < roles->count; i++) {
        if (strcmp(roles->names[i], role) == 0)
            return true;
    }
    return false;
}

bool rh_load_is_role(const char *text)
{
    return strlen(text) <= RH_ROLE_BYTES_MAX && is_word(text);
}

static void problem_role(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                         const struct rh_load_roles *roles, const char *role)
{
    const char *names[RH_LOAD_ROLES_MAX];
    for (uint32_t i = 0; i < roles->count; i++)
        names[i] = roles->names[i];
    const char *meant = rh_load_suggest(role, names, roles->count);
    if (meant != NULL)
        rh_yaml_problem(yaml, node, "%s: unknown role '%s'; did you mean '%s'?", what, role,
                        meant);
    else
        rh_yaml_problem(yaml, node,
                        "%s: unknown role '%s'; name it under 'roles' in settings.yaml", what,
                        role);
}

bool rh_load_role(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                  const struct rh_load_roles *roles, bool star,
                  char out[RH_ROLE_BYTES_MAX + 1])
{
    /* Whole arrays are copied on, so no byte of them may be left to chance. */
    memset(out, 0, RH_ROLE_BYTES_MAX + 1);
    if (!rh_yaml_text(yaml, node, what, out, RH_ROLE_BYTES_MAX + 1))
        return false;
    if (star && strcmp(out, "*") == 0)
        return true;
    if (!rh_load_is_role(out)) {
        rh_yaml_problem(yaml, node,
                        star ? "%s: '%s' is no role; write small letters, digits and '_', such "
                               "as procuratorate, or \"*\" for any"
                             : "%s: '%s' is no role; write small letters, digits and '_', such "
                               "as procuratorate",
                        what, out);
        return false;
    }
    if (!rh_load_roles_have(roles, out)) {
        problem_role(yaml, node, what, roles, out);
        return false;
    }
    return true;
}

bool rh_load_addressee(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                       const struct rh_load_roles *roles, char out[RH_AGENCY_BYTES_MAX + 1],
                       char role[RH_ROLE_BYTES_MAX + 1])
{
    struct rh_agency_id agency;
    char text[RH_AGENCY_BYTES_MAX + 1];
    if (!rh_yaml_text(yaml, node, what, text, sizeof text))
        return false;
    if (strchr(text, '.') == NULL) {
        if (!rh_load_role(yaml, node, what, roles, false, role))
            return false;
        (void)snprintf(out, RH_AGENCY_BYTES_MAX + 1, "%s.", role);
        return true;
    }
    if (rh_agency_id_parse(text, strlen(text), &agency) != RH_OK) {
        rh_yaml_problem(yaml, node,
                        "'%s' is no agency; write a role such as court, or an agency such as "
                        "court.620423",
                        text);
        return false;
    }
    rh_agency_role(&agency, role);
    memcpy(out, agency.text, RH_AGENCY_BYTES_MAX + 1);
    return true;
}

/* ---- spans ----------------------------------------------------------------------------- */

static bool read_number(const char *text, size_t bytes, uint32_t *out)
{
    uint32_t value = 0;
    if (bytes == 0 || bytes > 4 || (bytes > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < bytes; i++) {
        if (!is_digit(text[i]))
            return false;
        value = value * 10 + (uint32_t)(text[i] - '0');
    }
    *out = value;
    return true;
}

static bool read_unit(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                      const char *word, enum rh_unit *out)
{
    for (size_t i = 0; i < UNITS; i++) {
        if (strcmp(word, units[i]) == 0) {
            *out = (enum rh_unit)i;
            return true;
        }
    }
    const char *meant = rh_load_suggest(word, units, UNITS);
    if (meant != NULL)
        rh_yaml_problem(yaml, node, "%s: unknown unit '%s'; did you mean '%s'?", what, word,
                        meant);
    else
        rh_yaml_problem(yaml, node,
                        "%s: unknown unit '%s'; units: hour, calendar_day, working_day, "
                        "month_civil, month_criminal",
                        what, word);
    return false;
}

bool rh_load_span(struct rh_yaml *yaml, struct fy_node *node, const char *what, uint32_t min,
                  struct rh_span *out)
{
    char text[WORD_BYTES];
    uint32_t n;

    if (!rh_yaml_text(yaml, node, what, text, sizeof text))
        return false;
    const char *blank = strchr(text, ' ');
    if (blank == NULL || !read_number(text, (size_t)(blank - text), &n)) {
        rh_yaml_problem(yaml, node,
                        "%s must be a number up to %d and a unit, such as '7 calendar_day', "
                        "not '%s'",
                        what, RH_LOAD_SPAN_MAX, text);
        return false;
    }
    if (!read_unit(yaml, node, what, blank + 1, &out->unit))
        return false;
    if (n < min) {
        rh_yaml_problem(yaml, node, "%s must be at least %u %s", what, (unsigned)min,
                        blank + 1);
        return false;
    }
    out->n = n;
    return true;
}

uint64_t rh_load_span_hours(const struct rh_span *span)
{
    switch (span->unit) {
    case RH_UNIT_HOUR:
        return span->n;
    case RH_UNIT_CALENDAR_DAY:
    case RH_UNIT_WORKING_DAY:
        return (uint64_t)span->n * 24;
    case RH_UNIT_MONTH_CIVIL:
    case RH_UNIT_MONTH_CRIMINAL:
        return (uint64_t)span->n * 28 * 24;
    }
    return 0;
}

/* ---- kinds ----------------------------------------------------------------------------- */

/* Kinds that an agency sends or a rule raises; not those of the transport and of the hub. */
static bool is_named_in_rules(enum rh_kind kind)
{
    return rh_kind_is_known(kind) && kind < RH_KIND_ACK;
}

static size_t list_kinds(const char *words[KIND_WORDS], bool with_group)
{
    size_t count = 0;
    if (with_group)
        words[count++] = "dispatch";
    for (unsigned i = 0; i < RH_KIND_END; i++) {
        if (is_named_in_rules((enum rh_kind)i))
            words[count++] = rh_kind_name((enum rh_kind)i);
    }
    return count;
}

static struct rh_kind_set kinds_of_word(const char *word, size_t bytes)
{
    struct rh_kind_set set = { { 0, 0 } };
    if (bytes == 8 && memcmp(word, "dispatch", 8) == 0) {
        for (unsigned i = 0; i < RH_KIND_END; i++) {
            if (rh_kind_is_dispatch((enum rh_kind)i))
                rh_kind_add(&set, (enum rh_kind)i);
        }
        return set;
    }
    const enum rh_kind kind = rh_kind_find(word, bytes);
    if (kind != RH_KIND_NONE && is_named_in_rules(kind))
        rh_kind_add(&set, kind);
    return set;
}

struct rh_kind_set rh_load_kinds_of(struct fy_node *element)
{
    static const struct rh_kind_set none = { { 0, 0 } };
    size_t bytes = 0;
    const char *word = fy_node_get_scalar(element, &bytes);
    return word != NULL ? kinds_of_word(word, bytes) : none;
}

bool rh_load_kinds_empty(const struct rh_kind_set *set)
{
    return (set->bits[0] | set->bits[1]) == 0;
}

bool rh_load_kind(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                  enum rh_kind *out)
{
    const char *words[KIND_WORDS];
    const size_t count = list_kinds(words, false);
    size_t at;

    if (!rh_yaml_choice(yaml, node, what, words, count, &at))
        return false;
    *out = rh_kind_find(words[at], strlen(words[at]));
    return true;
}

bool rh_load_kinds(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                   struct rh_kind_set *out)
{
    const char *words[KIND_WORDS];
    const size_t count = list_kinds(words, true);
    void *iterator = NULL;
    struct fy_node *element;
    bool good = true;

    memset(out, 0, sizeof *out);
    if (!rh_load_filled(yaml, node, what))
        return false;
    while ((element = fy_node_sequence_iterate(node, &iterator)) != NULL) {
        size_t at;
        if (!rh_yaml_choice(yaml, element, "kind", words, count, &at)) {
            good = false;
            continue;
        }
        const struct rh_kind_set more = kinds_of_word(words[at], strlen(words[at]));
        if (((out->bits[0] & more.bits[0]) | (out->bits[1] & more.bits[1])) != 0) {
            rh_yaml_problem(yaml, element, "'%s' is in this list already", words[at]);
            good = false;
        }
        out->bits[0] |= more.bits[0];
        out->bits[1] |= more.bits[1];
    }
    return good;
}

/* ---- states ---------------------------------------------------------------------------- */

bool rh_load_state(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                   enum rh_state *out)
{
    const char *words[RH_STATE_COUNT];
    size_t count = 0;
    size_t at;

    for (unsigned i = RH_STATE_REGISTERED; i < RH_STATE_COUNT; i++)
        words[count++] = rh_state_name((enum rh_state)i);
    if (!rh_yaml_choice(yaml, node, what, words, count, &at))
        return false;
    *out = rh_state_find(words[at], strlen(words[at]));
    if (rh_state_is_resting(*out)) {
        rh_yaml_problem(yaml, node,
                        "nobody holds a matter that is '%s', so no clock runs there; name "
                        "states from registered to revisiting",
                        words[at]);
        return false;
    }
    return true;
}

enum rh_state rh_load_state_of(struct fy_node *element)
{
    size_t bytes = 0;
    const char *word = fy_node_get_scalar(element, &bytes);
    return word != NULL ? rh_state_find(word, bytes) : RH_STATE_NONE;
}

bool rh_load_states(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                    uint32_t *out)
{
    void *iterator = NULL;
    struct fy_node *element;
    bool good = true;

    *out = 0;
    if (!rh_load_filled(yaml, node, what))
        return false;
    while ((element = fy_node_sequence_iterate(node, &iterator)) != NULL) {
        enum rh_state state;
        if (!rh_load_state(yaml, element, "state", &state)) {
            good = false;
        } else if (rh_state_in(*out, state)) {
            rh_yaml_problem(yaml, element, "'%s' is in this list already",
                            rh_state_name(state));
            good = false;
        } else {
            *out |= (uint32_t)1 << (unsigned)state;
        }
    }
    return good;
}

/* ---- actors, codes, texts -------------------------------------------------------------- */

bool rh_load_actor(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                   uint32_t allowed, enum rh_actor *out)
{
    const char *words[RH_ACTOR_COUNT];
    enum rh_actor actors[RH_ACTOR_COUNT];
    size_t count = 0;
    size_t at;

    for (unsigned i = 0; i < RH_ACTOR_COUNT; i++) {
        if (((allowed >> i) & 1u) != 0) {
            actors[count] = (enum rh_actor)i;
            words[count++] = rh_actor_name((enum rh_actor)i);
        }
    }
    if (!rh_yaml_choice(yaml, node, what, words, count, &at))
        return false;
    *out = actors[at];
    return true;
}

bool rh_load_code(struct rh_yaml *yaml, struct fy_node *node, const char *what, char *out,
                  size_t capacity)
{
    if (!rh_yaml_text(yaml, node, what, out, capacity))
        return false;
    if (!rh_load_is_code(out, strlen(out))) {
        rh_yaml_problem(yaml, node,
                        "%s: '%s' is no code; write at most %d letters, digits and _ . : / - "
                        "with a letter or digit first",
                        what, out, RH_CODE_BYTES_MAX);
        return false;
    }
    return true;
}

bool rh_load_key(struct rh_yaml *yaml, struct fy_node *node, const char *what, char *out,
                 size_t capacity)
{
    if (!rh_yaml_text(yaml, node, what, out, capacity))
        return false;
    if (!is_word(out)) {
        rh_yaml_problem(yaml, node,
                        "%s: '%s' is no name of a fact; write small letters, digits and '_', "
                        "such as mediating_org",
                        what, out);
        return false;
    }
    return true;
}

/* Escapes can smuggle in what the parser would not take: lone surrogates, line feeds. The
 * writer of canonical bytes knows strict UTF-8. */
static bool is_line(const char *text)
{
    uint8_t bytes[LINE_BYTES_MAX + 8];
    struct rh_writer writer;

    for (size_t i = 0; text[i] != '\0'; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    }
    rh_writer_init(&writer, bytes, sizeof bytes);
    rh_writer_text(&writer, text);
    return writer.err == RH_OK;
}

bool rh_load_line(struct rh_yaml *yaml, struct fy_node *node, const char *what, char *out,
                  size_t capacity)
{
    rh_assert(capacity <= LINE_BYTES_MAX);
    if (!rh_yaml_text(yaml, node, what, out, capacity))
        return false;
    if (!is_line(out)) {
        rh_yaml_problem(yaml, node,
                        "%s must be one line of UTF-8 text without control characters", what);
        return false;
    }
    return true;
}

/* A comma ends a value inside braces: what follows it then looks like a key without a value. */
static bool split_by_comma(struct rh_yaml *yaml, struct fy_node *node, const char *what)
{
    void *iterator = NULL;
    struct fy_node_pair *pair;

    if (!fy_node_is_mapping(node))
        return false;
    while ((pair = fy_node_mapping_iterate(node, &iterator)) != NULL) {
        struct fy_node *value = fy_node_pair_value(pair);
        size_t bytes = 0;
        const char *text = value != NULL ? fy_node_get_scalar(value, &bytes) : NULL;
        if (value != NULL && (!fy_node_is_scalar(value) || (text != NULL && bytes > 0)))
            continue;
        rh_yaml_problem(yaml, fy_node_pair_key(pair),
                        "%s: this has no value; quote a text that has a comma: en: \"one, "
                        "two\"",
                        what);
        return true;
    }
    return false;
}

bool rh_load_pair(struct rh_yaml *yaml, struct fy_node *node, const char *what, char *zh,
                  char *en, size_t capacity)
{
    static const char *const keys[] = { "zh", "en" };

    if (split_by_comma(yaml, node, what) || !rh_yaml_keys(yaml, node, what, keys, 2))
        return false;
    struct fy_node *zh_node = rh_yaml_need(yaml, node, "zh", what);
    struct fy_node *en_node = rh_yaml_need(yaml, node, "en", what);
    bool good = zh_node != NULL && rh_load_line(yaml, zh_node, "zh", zh, capacity);
    return en_node != NULL && rh_load_line(yaml, en_node, "en", en, capacity) && good;
}
