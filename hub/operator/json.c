/* Values as JSON shows them: RFC 3339 in UTC, ids as text, nothing that is null left out. */
#include "operator/inside.h"

#include <stdio.h>
#include <string.h>

#include <rh/date.h>
#include <rh/item.h>

json_t *hub_json_row(const char *object)
{
    return json_pack("{s:s, s:i}", "object", object, "v", 1);
}

void hub_json_text(json_t *row, const char *key, const char *text)
{
    json_t *value = text == NULL || text[0] == '\0' ? json_null() : json_string(text);
    /* Stored text is UTF-8; should it not be, a question mark is better than no row. */
    json_object_set_new(row, key, value != NULL ? value : json_string("?"));
}

void hub_json_uint(json_t *row, const char *key, uint64_t value)
{
    json_object_set_new(row, key,
                        json_integer((json_int_t)(value > RH_NUMBER_MAX ? RH_NUMBER_MAX
                                                                        : value)));
}

void hub_json_int(json_t *row, const char *key, int64_t value)
{
    json_object_set_new(row, key, json_integer((json_int_t)value));
}

void hub_json_bool(json_t *row, const char *key, bool value)
{
    json_object_set_new(row, key, json_boolean(value));
}

void hub_json_at(json_t *row, const char *key, uint64_t ms)
{
    char text[RH_INSTANT_TEXT_BYTES] = "";
    if (ms != 0)
        rh_instant_format_utc(ms, text);
    hub_json_text(row, key, text);
}

json_t *hub_json_problems(const char *problems)
{
    char room[RH_PROBLEM_BYTES_MAX];
    struct rh_problem one;
    json_t *list = json_array();
    while (rh_problem_next(&problems, room, &one)) {
        json_t *entry = json_object();
        json_t *args = json_array();
        hub_json_text(entry, "file", one.file);
        hub_json_uint(entry, "line", (uint64_t)(one.line > 0 ? one.line : 0));
        hub_json_uint(entry, "column", (uint64_t)(one.column > 0 ? one.column : 0));
        hub_json_text(entry, "text", one.sentence);
        for (unsigned i = 0; i < one.arg_count; i++) {
            json_t *arg = json_string(one.args[i]);
            json_array_append_new(args, arg != NULL ? arg : json_string("?"));
        }
        json_object_set_new(entry, "args", args);
        json_array_append_new(list, entry);
    }
    return list;
}

void hub_json_date(json_t *row, const char *key, int32_t days)
{
    char text[RH_DATE_TEXT_BYTES] = "";
    struct rh_date date = { days };
    if (days != 0 && rh_date_is_valid(date))
        rh_date_format(date, text);
    hub_json_text(row, key, text);
}

void hub_json_code(json_t *row, const char *key, uint32_t refusal)
{
    char text[RH_REFUSAL_TEXT_BYTES] = "";
    if (refusal != 0)
        rh_refusal_format(refusal, text);
    hub_json_text(row, key, text);
}

void hub_json_uuid(json_t *row, const char *key, const uint8_t id[RH_ID_BYTES])
{
    char text[RH_ID_TEXT_BYTES] = "";
    if (!rh_id_is_zero(id))
        rh_id_format(id, text);
    hub_json_text(row, key, text);
}

void hub_json_span(json_t *row, const char *unit_key, const char *n_key, enum rh_unit unit,
                   uint32_t n)
{
    static const char *const names[] = { "hour", "calendar_day", "working_day", "month",
                                         "month_criminal" };
    rh_assert((size_t)unit < sizeof names / sizeof names[0]);
    hub_json_text(row, unit_key, names[unit]);
    hub_json_uint(row, n_key, n);
}

/* ---- agencies -------------------------------------------------------------------------- */

static void copy(char *out, size_t capacity, const char *text)
{
    size_t bytes = strlen(text);
    rh_assert(bytes < capacity);
    memcpy(out, text, bytes + 1);
}

const struct hub_name *hub_json_name(struct hub_ask *ask, uint32_t no)
{
    static const struct hub_name nobody;
    if (no == HUB_AGENCY_NONE)
        return &nobody;
    for (uint32_t i = 0; i < ask->name_count; i++) {
        if (ask->names[i].no == no)
            return &ask->names[i];
    }
    struct hub_name *name = &ask->names[no % HUB_NAMES_MAX];
    if (ask->name_count < HUB_NAMES_MAX)
        name = &ask->names[ask->name_count++];
    *name = (struct hub_name){ .no = no };
    if (no == HUB_AGENCY_HUB) {
        snprintf(name->id.text, sizeof name->id.text, "%.*s", RH_AGENCY_BYTES_MAX,
                 ask->op->hub.text);
        return name;
    }
    rh_assert(ask->map != NULL);
    if (hub_views_agency(ask->map, no, ask->op->named) != RH_OK) {
        snprintf(name->id.text, sizeof name->id.text, "?%lu", (unsigned long)no);
        return name;
    }
    name->id = ask->op->named->id;
    copy(name->zh, sizeof name->zh, ask->op->named->name_zh);
    copy(name->en, sizeof name->en, ask->op->named->name_en);
    return name;
}

void hub_json_agency(struct hub_ask *ask, json_t *row, const char *key, uint32_t no)
{
    const struct hub_name *name = hub_json_name(ask, no);
    char names_key[40];
    hub_json_text(row, key, name->id.text);
    snprintf(names_key, sizeof names_key, "%.30s_zh", key);
    hub_json_text(row, names_key, name->zh);
    snprintf(names_key, sizeof names_key, "%.30s_en", key);
    hub_json_text(row, names_key, name->en);
}

json_t *hub_json_agency_id(struct hub_ask *ask, uint32_t no)
{
    return no == HUB_AGENCY_NONE ? json_null() : json_string(hub_json_name(ask, no)->id.text);
}
