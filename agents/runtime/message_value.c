/* The values every part of a message is made of, and where a reading stands among them. */
#include "runtime/message_reading.h"

#include <stdio.h>
#include <string.h>

#include <rh/refusal.h>

void reading_complain(struct agent_reading *reading, uint32_t refusal, const char *expected,
                      const char *expected_zh)
{
    agent_problem_add(reading->problems, refusal, reading->pointer, expected, expected_zh);
}

void reading_wrong(struct agent_reading *reading, const char *expected, const char *expected_zh)
{
    reading_complain(reading, RH_REFUSE_FIELD_INVALID, expected, expected_zh);
}

size_t reading_enter(struct agent_reading *reading, const char *key)
{
    size_t before = strlen(reading->pointer), at = before;
    size_t room = sizeof reading->pointer - 3;
    if (at < room)
        reading->pointer[at++] = '/';
    for (; *key != '\0' && at < room; key++) {
        if (*key == '~' || *key == '/') {
            reading->pointer[at++] = '~';
            reading->pointer[at++] = *key == '~' ? '0' : '1';
        } else {
            reading->pointer[at++] = *key;
        }
    }
    reading->pointer[at] = '\0';
    return before;
}

size_t reading_enter_index(struct agent_reading *reading, size_t index)
{
    char number[24];
    snprintf(number, sizeof number, "%zu", index);
    return reading_enter(reading, number);
}

void reading_leave(struct agent_reading *reading, size_t before)
{
    reading->pointer[before] = '\0';
}

const char *reading_text(struct agent_reading *reading, const json_t *value, size_t max)
{
    char expected[80], expected_zh[80];
    if (json_is_string(value) && json_string_length(value) >= 1 &&
        json_string_length(value) <= max)
        return json_string_value(value);
    snprintf(expected, sizeof expected, "a text of 1 to %zu bytes in UTF-8", max);
    snprintf(expected_zh, sizeof expected_zh, "应为 1 至 %zu 字节的文本 (UTF-8)", max);
    if (json_is_string(value) && json_string_length(value) > max)
        reading_complain(reading, RH_REFUSE_TOO_LARGE, expected, expected_zh);
    else
        reading_wrong(reading, expected, expected_zh);
    return NULL;
}

struct rh_bytes reading_line(struct agent_reading *reading, const json_t *value, size_t max)
{
    const char *text = reading_text(reading, value, max);
    return text == NULL ? (struct rh_bytes){ NULL, 0 }
                        : (struct rh_bytes){ (const uint8_t *)text, json_string_length(value) };
}

bool reading_is_code(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        bool alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && (i == 0 || strchr("_.:/-", c) == NULL))
            return false;
    }
    return bytes >= 1 && bytes <= RH_CODE_BYTES_MAX;
}

bool reading_is_key(const char *text)
{
    size_t bytes = strlen(text);
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if (!(c >= 'a' && c <= 'z') && (i == 0 || (!(c >= '0' && c <= '9') && c != '_')))
            return false;
    }
    return bytes >= 1 && bytes <= RH_FACT_KEY_BYTES_MAX;
}

bool reading_agency(struct agent_reading *reading, const json_t *value,
                    struct rh_agency_id *out)
{
    const char *text = json_string_value(value);
    if (text != NULL && rh_agency_id_parse(text, json_string_length(value), out) == RH_OK)
        return true;
    memset(out, 0, sizeof *out);
    reading_wrong(reading, "an agency: role.division, as court.620423",
                  "应为单位编号, 如 court.620423");
    return false;
}

void reading_id(struct agent_reading *reading, const json_t *value, uint8_t out[RH_ID_BYTES])
{
    const char *text = json_string_value(value);
    if (text == NULL || rh_id_parse(text, out) != RH_OK || rh_id_is_zero(out))
        reading_wrong(reading, "a UUID", "应为 UUID");
}

size_t reading_array(struct agent_reading *reading, const json_t *value, size_t max)
{
    char expected[64], expected_zh[64];
    size_t count = json_array_size(value);
    if (json_is_array(value) && count <= max)
        return count;
    snprintf(expected, sizeof expected, "a list of at most %zu", max);
    snprintf(expected_zh, sizeof expected_zh, "应为不超过 %zu 项的列表", max);
    if (json_is_array(value))
        reading_complain(reading, RH_REFUSE_TOO_MANY_ITEMS, expected, expected_zh);
    else
        reading_wrong(reading, expected, expected_zh);
    return 0;
}

bool reading_object(struct agent_reading *reading, json_t *value, const char *const *names)
{
    if (!json_is_object(value)) {
        reading_wrong(reading, "an object", "应为对象");
        return false;
    }
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member) {
        bool known = false;
        for (const char *const *name = names; *name != NULL && !known; name++)
            known = strcmp(*name, key) == 0;
        if (!known) {
            size_t before = reading_enter(reading, key);
            reading_wrong(reading, "no such field here", "此处没有这个字段");
            reading_leave(reading, before);
        }
    }
    return true;
}
