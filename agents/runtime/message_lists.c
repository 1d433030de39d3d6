/* The lists of a message's public part: external numbers, agencies, children, facts. */
#include "runtime/message_reading.h"

#include <string.h>

#include <rh/refusal.h>

static bool is_system(struct rh_bytes text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        char c = (char)text.data[i];
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alphanumeric && (i == 0 || strchr("_.-", c) == NULL))
            return false;
    }
    return text.bytes >= 1 && text.bytes <= RH_SYSTEM_BYTES_MAX;
}

static void add_external(struct agent_reading *reading, struct rh_private *content,
                         struct rh_bytes system, struct rh_bytes number)
{
    if (number.bytes == 0)
        return;
    if (!is_system(system))
        reading_wrong(reading, "a system: a-z 0-9 _ . - , at most 24",
                      "系统名: a-z 0-9 _ . - , 不超过 24 个字符");
    else if (content->external_count == RH_EXTERNALS_MAX)
        reading_complain(reading, RH_REFUSE_TOO_MANY_ITEMS, "at most 4 external numbers",
                         "外部编号不超过 4 个");
    else
        content->externals[content->external_count++] =
            (struct rh_external_number){ .system = system, .number = number };
}

void reading_externals(struct agent_reading *reading, json_t *value, void *place)
{
    static const char *const names[] = { "system", "number", NULL };
    size_t count = reading_array(reading, value, RH_EXTERNALS_MAX);
    for (size_t i = 0; i < count; i++) {
        json_t *one = json_array_get(value, i);
        size_t before = reading_enter_index(reading, i);
        if (reading_object(reading, one, names)) {
            size_t inner = reading_enter(reading, "system");
            struct rh_bytes system =
                reading_line(reading, json_object_get(one, "system"), RH_SYSTEM_BYTES_MAX);
            reading_leave(reading, inner);
            inner = reading_enter(reading, "number");
            struct rh_bytes number = reading_line(reading, json_object_get(one, "number"),
                                                  RH_EXTERNAL_NUMBER_BYTES_MAX);
            reading_leave(reading, inner);
            if (system.bytes > 0)
                add_external(reading, place, system, number);
        }
        reading_leave(reading, before);
    }
}

/* The same in short: {"12345": "GD2026-7"}. */
void reading_keys(struct agent_reading *reading, json_t *value, void *place)
{
    if (!json_is_object(value)) {
        reading_wrong(reading, "an object: system to number", "应为 系统: 编号 的对象");
        return;
    }
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member) {
        size_t before = reading_enter(reading, key);
        struct rh_bytes system = { (const uint8_t *)key, strlen(key) };
        add_external(reading, place, system,
                     reading_line(reading, member, RH_EXTERNAL_NUMBER_BYTES_MAX));
        reading_leave(reading, before);
    }
}

static uint32_t read_agencies(struct agent_reading *reading, const json_t *value,
                              struct rh_agency_id *out, size_t max)
{
    uint32_t kept = 0;
    size_t count = reading_array(reading, value, max);
    for (size_t i = 0; i < count; i++) {
        size_t before = reading_enter_index(reading, i);
        kept += reading_agency(reading, json_array_get(value, i), &out[kept]) ? 1 : 0;
        reading_leave(reading, before);
    }
    return kept;
}

void reading_copies(struct agent_reading *reading, json_t *value, void *place)
{
    struct rh_public *item = place;
    item->copy_count = read_agencies(reading, value, item->copies, RH_COPIES_MAX);
}

void reading_accused(struct agent_reading *reading, json_t *value, void *place)
{
    struct agent_message *message = place;
    message->accused_count = read_agencies(reading, value, message->accused, RH_ACCUSED_MAX);
}

void reading_children(struct agent_reading *reading, json_t *value, void *place)
{
    static const char *const names[] = { "to", "mandatory", "referral", NULL };
    struct rh_public *item = place;
    size_t count = reading_array(reading, value, RH_CHILDREN_MAX);
    for (size_t i = 0; i < count; i++) {
        json_t *one = json_array_get(value, i);
        struct rh_child *out = &item->children[item->child_count];
        size_t before = reading_enter_index(reading, i);
        memset(out, 0, sizeof *out);
        if (reading_object(reading, one, names)) {
            const json_t *id = json_object_get(one, "referral");
            const json_t *mandatory = json_object_get(one, "mandatory");
            size_t inner = reading_enter(reading, "to");
            bool good = reading_agency(reading, json_object_get(one, "to"), &out->to);
            reading_leave(reading, inner);
            inner = reading_enter(reading, "referral");
            if (id != NULL)
                reading_id(reading, id, out->id.bytes);
            reading_leave(reading, inner);
            inner = reading_enter(reading, "mandatory");
            if (mandatory != NULL && !json_is_boolean(mandatory))
                reading_wrong(reading, "true or false", "应为 true 或 false");
            reading_leave(reading, inner);
            out->mandatory = json_is_true(mandatory);
            item->child_count += good ? 1 : 0;
        }
        reading_leave(reading, before);
    }
}

static void read_fact(struct agent_reading *reading, const char *key, const json_t *value,
                      struct rh_public *item)
{
    struct rh_fact *out = &item->facts[item->fact_count];
    memset(out, 0, sizeof *out);
    if (!reading_is_key(key)) {
        reading_wrong(reading, "a name of a fact: a-z 0-9 _ , at most 32",
                      "事实名: a-z 0-9 _ , 不超过 32 个字符");
        return;
    }
    memcpy(out->key, key, strlen(key) + 1);
    if (json_is_integer(value)) {
        out->is_number = true;
        out->number = json_integer_value(value);
    } else if (json_is_string(value) &&
               reading_is_code(json_string_value(value), json_string_length(value))) {
        memcpy(out->code, json_string_value(value), json_string_length(value) + 1);
    } else {
        reading_wrong(reading, "a code or an integer", "应为代码或整数");
        return;
    }
    item->fact_count++;
}

void reading_facts(struct agent_reading *reading, json_t *value, void *place)
{
    if (!json_is_object(value) || json_object_size(value) > RH_FACTS_MAX) {
        reading_wrong(reading, "an object of at most 24 facts", "应为不超过 24 项事实的对象");
        return;
    }
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member) {
        size_t before = reading_enter(reading, key);
        read_fact(reading, key, member, place);
        reading_leave(reading, before);
    }
}
