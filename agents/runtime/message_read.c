/* JSON -> struct agent_message. One table of keys: what is not in it is unknown, what is gets a
 * reader of its type. */
#include "runtime/message_reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/refusal.h>

#include "load/report.h"
#include "runtime/words.h"

static void read_code(struct agent_reading *reading, json_t *value, void *place)
{
    char *out = place;
    const char *text = json_string_value(value);
    if (text != NULL && reading_is_code(text, json_string_length(value)))
        memcpy(out, text, json_string_length(value) + 1);
    else
        reading_wrong(reading, "a code: letters, digits and _ . : / - , at most 48",
                      "应为代码: 字母、数字及 _ . : / - , 不超过 48 个字符");
}

static void take_instant(struct agent_reading *reading, const json_t *value, bool end,
                         uint64_t *out)
{
    const char *text = json_string_value(value);
    if (text == NULL || agent_instant_parse(text, end, out) != RH_OK)
        reading_wrong(
            reading,
            "a date (2026-03-04) or an instant with offset (2026-03-04T09:00:00+08:00)",
            "应为日期 (2026-03-04) 或带时区的时刻 (2026-03-04T09:00:00+08:00)");
}

static void read_instant(struct agent_reading *reading, json_t *value, void *place)
{
    take_instant(reading, value, false, place);
}

/* A day given as the end of something ends with the day. */
static void read_end(struct agent_reading *reading, json_t *value, void *place)
{
    take_instant(reading, value, true, place);
}

static void read_message_id(struct agent_reading *reading, json_t *value, void *place)
{
    reading_id(reading, value, place);
}

static void read_addressee(struct agent_reading *reading, json_t *value, void *place)
{
    reading_agency(reading, value, place);
}

static void read_kind(struct agent_reading *reading, json_t *value, void *place)
{
    enum rh_kind *out = place;
    const char *text = json_string_value(value);
    enum rh_kind kind =
        text == NULL ? RH_KIND_NONE : rh_kind_find(text, json_string_length(value));
    if (kind == RH_KIND_NONE || kind == RH_KIND_ACK || kind == RH_KIND_NACK ||
        (int)kind >= (int)RH_KIND_ARRIVED) {
        reading_complain(reading, RH_REFUSE_UNKNOWN_KIND,
                         "a kind an agency may send, as register or sign",
                         "应为单位可以发出的事项种类, 如 register、sign");
        return;
    }
    if (*out != RH_KIND_NONE && *out != kind)
        reading_wrong(reading, "the same kind as in the file's name", "与文件名中的种类不一致");
    *out = kind;
}

static void read_reference(struct agent_reading *reading, json_t *value, void *place)
{
    char *out = place;
    const char *text = reading_text(reading, value, AGENT_KEY_BYTES_MAX);
    if (text == NULL)
        return;
    if (out[0] != '\0' && strcmp(out, text) != 0)
        reading_wrong(reading, "the same referral as in the file's name",
                      "与文件名中的编号不一致");
    memcpy(out, text, strlen(text) + 1);
}

static void read_lane(struct agent_reading *reading, json_t *value, void *place)
{
    enum rh_lane *out = place;
    const char *text = json_string_value(value);
    int lane = text == NULL ? -1 : rh_lane_find(text, json_string_length(value));
    if (lane < 0)
        reading_wrong(reading, "normal, green or urgent", "应为 normal、green 或 urgent");
    else
        *out = (enum rh_lane)lane;
}

static void read_count(struct agent_reading *reading, json_t *value, void *place)
{
    uint32_t *out = place;
    json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && number > 0 && number <= 1000)
        *out = (uint32_t)number;
    else
        reading_wrong(reading, "a number from 1 to 1000", "应为 1 至 1000 的整数");
}

static void read_flag(struct agent_reading *reading, json_t *value, void *place)
{
    bool *out = place;
    if (json_is_boolean(value))
        *out = json_is_true(value);
    else
        reading_wrong(reading, "true or false", "应为 true 或 false");
}

static void read_trace(struct agent_reading *reading, json_t *value, void *place)
{
    char *out = place;
    if (json_is_string(value) && json_string_length(value) <= RH_TRACE_BYTES_MAX)
        memcpy(out, json_string_value(value), json_string_length(value) + 1);
    else
        reading_wrong(reading, "a W3C traceparent", "应为 W3C traceparent");
}

static void read_matter(struct agent_reading *reading, json_t *value, void *place)
{
    struct rh_bytes text = reading_line(reading, value, RH_EXTERNAL_NUMBER_BYTES_MAX);
    if (text.bytes > 0)
        memcpy(place, text.data, text.bytes);
}

/* A short word instead of a private part. */
static void read_note(struct agent_reading *reading, json_t *value, void *place)
{
    struct rh_private *content = place;
    if (content->summary.bytes == 0)
        content->summary = reading_line(reading, value, RH_SUMMARY_BYTES_MAX);
}

struct known_key {
    const char *name;
    agent_reader_fn *read; /* NULL: known, and of no meaning here */
    size_t offset;         /* of its place in struct agent_message; 0: the whole */
};

#define ITEM(member) offsetof(struct agent_message, item.member)
#define HERE(member) offsetof(struct agent_message, member)

static const struct known_key keys[] = {
    { "kind", read_kind, ITEM(kind) },
    { "id", read_message_id, ITEM(message_id) },
    { "referral", read_reference, HERE(referral) },
    { "root", read_reference, HERE(root) },
    { "other", read_reference, HERE(other) },
    { "refers_to", read_message_id, ITEM(refers_to) },
    { "to", read_addressee, ITEM(to) },
    { "procedure", read_code, ITEM(procedure) },
    { "lane", read_lane, ITEM(lane) },
    { "category", read_code, ITEM(category) },
    { "area", read_code, ITEM(area) },
    { "source", read_code, ITEM(source) },
    { "code", read_code, ITEM(code) },
    { "basis", read_code, ITEM(basis) },
    { "proper", read_addressee, ITEM(proper) },
    { "due", read_end, ITEM(due_ms) },
    { "due_at", read_end, ITEM(due_ms) },
    { "occurred", read_instant, ITEM(occurred_ms) },
    { "extend_n", read_count, ITEM(extend_n) },
    { "report_required", read_flag, ITEM(report_required) },
    { "information_wanted", read_flag, ITEM(information_wanted) },
    { "reply_owed", read_flag, ITEM(reply_owed) },
    { "trace", read_trace, ITEM(trace) },
    { "external", reading_externals, HERE(content) },
    { "keys", reading_keys, HERE(content) },
    { "copies", reading_copies, HERE(item) },
    { "children", reading_children, HERE(item) },
    { "facts", reading_facts, HERE(item) },
    { "accused", reading_accused, 0 },
    { "matter", read_matter, HERE(matter) },
    { "private", reading_private, HERE(content) },
    { "body", reading_body, 0 },
    { "note", read_note, HERE(content) },
    { "seal", read_flag, HERE(seal) },
    { "object", NULL, 0 }, /* what we write ourselves may be handed back */
    { "v", NULL, 0 },
};

static const struct known_key *find_key(const char *name)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

/* A member of a message that nobody knows, and the one that was probably meant. */
static void unknown_member(struct agent_reading *reading, const char *name)
{
    const char *names[sizeof keys / sizeof keys[0]];
    char expected[96], expected_zh[128];
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        names[i] = keys[i].name;
    const char *meant = rh_load_suggest(name, names, sizeof keys / sizeof keys[0]);
    size_t outer = reading_enter(reading, name);
    if (meant == NULL) {
        reading_wrong(reading, "no such field in a message", "报文没有这个字段");
    } else {
        snprintf(expected, sizeof expected, "no such field in a message; did you mean %s?",
                 meant);
        snprintf(expected_zh, sizeof expected_zh, "报文没有这个字段，是否指 %s?", meant);
        reading_wrong(reading, expected, expected_zh);
    }
    reading_leave(reading, outer);
}

/* Two passes, so that what is unknown is named once and the order of members does not matter:
 * private part before note. */
enum rh_err agent_message_read(json_t *json, enum rh_kind kind, const char *referral,
                               struct agent_message *out, struct agent_problems *problems)
{
    struct agent_reading reading = { .problems = problems };
    uint32_t before = problems->count;
    memset(out, 0, sizeof *out);
    out->item.kind = kind;
    if (referral != NULL)
        snprintf(out->referral, sizeof out->referral, "%s", referral);
    if (!json_is_object(json)) {
        reading_complain(&reading, RH_REFUSE_FIELD_INVALID, "a message: one JSON object",
                         "应为一个 JSON 对象");
        return RH_ERR_INVALID;
    }
    out->json = json_incref(json);
    const char *name;
    json_t *value;
    json_object_foreach(json, name, value) {
        if (find_key(name) == NULL)
            unknown_member(&reading, name);
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        value = json_object_get(json, keys[i].name);
        if (value == NULL)
            continue;
        size_t outer = reading_enter(&reading, keys[i].name);
        if (keys[i].read != NULL)
            keys[i].read(&reading, value, (char *)out + keys[i].offset);
        reading_leave(&reading, outer);
    }
    out->has_id = json_object_get(json, "id") != NULL;
    if (out->item.kind == RH_KIND_NONE && json_object_get(json, "kind") == NULL)
        agent_problem_add(problems, RH_REFUSE_FIELD_MISSING, "/kind", "a kind, as forward",
                          "缺少事项种类 kind");
    return problems->count == before ? RH_OK : RH_ERR_INVALID;
}

void agent_message_release(struct agent_message *message)
{
    json_decref(message->json);
    free(message->body);
    message->json = NULL;
    message->body = NULL;
}
