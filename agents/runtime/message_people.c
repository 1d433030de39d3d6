/* Third parties who take part: the list `private.participants`. */
#include "runtime/message_reading.h"

#include <stdio.h>
#include <string.h>

#include <rh/date.h>
#include <rh/glossary.h>
#include <rh/refusal.h>

enum { DAY_BYTES = 10 };

/* What a list of words may be, for the one who wrote another. */
static void list_roles(char out[AGENT_EXPECTED_BYTES])
{
    const struct rh_participant_role *role;
    int used = snprintf(out, AGENT_EXPECTED_BYTES, "%s", "");
    for (size_t i = 0; (role = rh_participant_role_at(i)) != NULL; i++)
        used += snprintf(out + used, (size_t)(AGENT_EXPECTED_BYTES - used), "%s%s",
                         i > 0 ? ", " : "", role->id);
    rh_assert(used < AGENT_EXPECTED_BYTES);
}

static void list_scopes(uint32_t which, bool chinese, char out[AGENT_EXPECTED_BYTES])
{
    int used = snprintf(out, AGENT_EXPECTED_BYTES, "%s", "");
    for (size_t i = 0; i < RH_SCOPE_COUNT; i++) {
        const char *name = rh_scope_name(i);
        const struct rh_word *word = rh_word_find("scopes", name);
        if ((which >> i & 1u) == 0)
            continue;
        used += snprintf(out + used, (size_t)(AGENT_EXPECTED_BYTES - used), "%s%s",
                         used == 0 ? "" : chinese ? "、" : ", ", name);
        if (chinese && word != NULL)
            used += snprintf(out + used, (size_t)(AGENT_EXPECTED_BYTES - used), " (%s)",
                             word->zh);
    }
    rh_assert(used < AGENT_EXPECTED_BYTES);
}

static const struct rh_participant_role *read_role(struct agent_reading *reading,
                                                   const json_t *value, struct rh_bytes *out)
{
    char roles[AGENT_EXPECTED_BYTES];
    const char *text = json_string_value(value);
    const struct rh_participant_role *role =
        text == NULL ? NULL : rh_participant_role_find(text, json_string_length(value));
    size_t before = reading_enter(reading, "role");
    if (role == NULL) {
        list_roles(roles);
        reading_complain(reading, RH_REFUSE_PARTICIPANT_ROLE, roles, roles);
    } else {
        *out = (struct rh_bytes){ (const uint8_t *)role->id, strlen(role->id) };
    }
    reading_leave(reading, before);
    return role;
}

/* One part of the matter; one beyond the ceiling of the role is named with what it may see. */
static uint32_t read_part(struct agent_reading *reading, const json_t *value,
                          const struct rh_participant_role *role)
{
    char parts[AGENT_EXPECTED_BYTES], parts_zh[AGENT_EXPECTED_BYTES];
    uint32_t most = role != NULL ? role->most : RH_SCOPE_ALL;
    const char *text = json_string_value(value);
    uint32_t bit = text == NULL ? 0 : rh_scope_find(text, json_string_length(value));
    if (bit != 0 && (bit & ~most) == 0)
        return bit;
    list_scopes(most, false, parts);
    list_scopes(most, true, parts_zh);
    reading_complain(reading, RH_REFUSE_PARTICIPANT_SCOPE, parts, parts_zh);
    return 0;
}

static uint32_t read_scope(struct agent_reading *reading, const json_t *value,
                           const struct rh_participant_role *role)
{
    uint32_t scope = 0;
    size_t before = reading_enter(reading, "scope");
    size_t count = reading_array(reading, value, RH_SCOPE_COUNT);
    for (size_t i = 0; i < count; i++) {
        size_t inner = reading_enter_index(reading, i);
        scope |= read_part(reading, json_array_get(value, i), role);
        reading_leave(reading, inner);
    }
    if (json_is_array(value) && count == 0)
        reading_wrong(reading, "at least one part of the matter", "至少写明一项");
    reading_leave(reading, before);
    return scope;
}

static bool read_day(struct agent_reading *reading, const json_t *value, struct rh_bytes *out,
                     struct rh_date *day)
{
    const char *text = json_string_value(value);
    if (text != NULL && json_string_length(value) == DAY_BYTES &&
        rh_date_parse(text, DAY_BYTES, day) == RH_OK) {
        *out = (struct rh_bytes){ (const uint8_t *)text, DAY_BYTES };
        return true;
    }
    reading_wrong(reading, "a day, as 2026-03-04", "应为日期, 如 2026-03-04");
    return false;
}

static void read_days(struct agent_reading *reading, const json_t *one,
                      struct rh_participant *out)
{
    struct rh_date from = { 0 }, until = { 0 };
    const json_t *end = json_object_get(one, "until");
    size_t before = reading_enter(reading, "from");
    bool good = read_day(reading, json_object_get(one, "from"), &out->from, &from);
    reading_leave(reading, before);
    if (end == NULL)
        return;
    before = reading_enter(reading, "until");
    if (read_day(reading, end, &out->until, &until) && good && until.days < from.days)
        reading_wrong(reading, "no earlier than its first day", "不得早于起始日期");
    reading_leave(reading, before);
}

static struct rh_bytes member_line(struct agent_reading *reading, const json_t *one,
                                   const char *name)
{
    size_t before = reading_enter(reading, name);
    struct rh_bytes line = reading_line(reading, json_object_get(one, name), RH_LINE_BYTES_MAX);
    reading_leave(reading, before);
    return line;
}

static void read_id(struct agent_reading *reading, const json_t *one,
                    const struct rh_private *content, struct rh_bytes *out)
{
    const json_t *value = json_object_get(one, "id");
    const char *text = json_string_value(value);
    size_t bytes = json_string_length(value), before = reading_enter(reading, "id");
    if (text != NULL && rh_participant_id_is_valid(text, bytes))
        *out = (struct rh_bytes){ (const uint8_t *)text, bytes };
    else
        reading_wrong(reading, "an id, no name: a-z 0-9 - , at most 24, as law-1",
                      "应为代号, 不得用姓名: a-z 0-9 - , 不超过 24 个字符, 如 law-1");
    for (uint32_t i = 0; i < content->participant_count && out->bytes > 0; i++)
        if (content->participants[i].id.bytes == out->bytes &&
            memcmp(content->participants[i].id.data, out->data, out->bytes) == 0)
            reading_wrong(reading, "nobody twice in a list", "同一名单中代号不得重复");
    reading_leave(reading, before);
}

static void read_one(struct agent_reading *reading, json_t *one, struct rh_private *content)
{
    static const char *const names[] = { "id",    "name",  "role",  "unit", "scope", "from",
                                         "until", "basis", NULL };
    static const char *const end_names[] = { "id", "ended", NULL };
    struct rh_participant *out = &content->participants[content->participant_count];
    bool ends = json_object_get(one, "ended") != NULL;
    memset(out, 0, sizeof *out);
    if (!reading_object(reading, one, ends ? end_names : names))
        return;
    read_id(reading, one, content, &out->id);
    if (ends) {
        out->ended = member_line(reading, one, "ended");
    } else {
        out->name = member_line(reading, one, "name");
        const struct rh_participant_role *role =
            read_role(reading, json_object_get(one, "role"), &out->role);
        if (json_object_get(one, "unit") != NULL)
            out->unit = member_line(reading, one, "unit");
        out->scope = read_scope(reading, json_object_get(one, "scope"), role);
        read_days(reading, one, out);
        out->basis = member_line(reading, one, "basis");
    }
    content->participant_count++;
}

void reading_participants(struct agent_reading *reading, json_t *value, void *place)
{
    size_t count = reading_array(reading, value, RH_PARTICIPANTS_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t before = reading_enter_index(reading, i);
        read_one(reading, json_array_get(value, i), place);
        reading_leave(reading, before);
    }
}

/* ---- and written ------------------------------------------------------------------------ */

json_t *agent_scopes_json(uint32_t scope)
{
    json_t *out = json_array();
    for (size_t i = 0; i < RH_SCOPE_COUNT; i++)
        if ((scope >> i & 1u) != 0)
            json_array_append_new(out, json_string(rh_scope_name(i)));
    return out;
}

json_t *agent_participant_json(const struct rh_participant *one)
{
    json_t *out = json_object();
    agent_json_bytes(out, "id", one->id);
    agent_json_bytes(out, "name", one->name);
    agent_json_bytes(out, "role", one->role);
    agent_json_bytes(out, "unit", one->unit);
    if (one->scope != 0)
        json_object_set_new(out, "scope", agent_scopes_json(one->scope));
    agent_json_bytes(out, "from", one->from);
    agent_json_bytes(out, "until", one->until);
    agent_json_bytes(out, "basis", one->basis);
    agent_json_bytes(out, "ended", one->ended);
    return out;
}
