/* JSON -> struct agent_message. One table of keys for each object: what is not in it is
 * unknown, what is gets a reader of its type. */
#include "runtime/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/refusal.h>

#include "load/report.h"
#include "runtime/words.h"

enum value_type {
    VALUE_KIND,
    VALUE_ID,
    VALUE_REFERENCE,
    VALUE_AGENCY,
    VALUE_CODE,
    VALUE_LANE,
    VALUE_END,
    VALUE_INSTANT,
    VALUE_COUNT,
    VALUE_FLAG,
    VALUE_TRACE,
    VALUE_EXTERNALS,
    VALUE_KEYS,
    VALUE_COPIES,
    VALUE_CHILDREN,
    VALUE_FACTS,
    VALUE_ACCUSED,
    VALUE_MATTER,
    VALUE_PRIVATE,
    VALUE_BODY,
    VALUE_NOTE,
    VALUE_IGNORED
};

struct known_key {
    const char *name;
    enum value_type type;
    size_t offset;
};

#define ITEM(member) offsetof(struct agent_message, item.member)
#define HERE(member) offsetof(struct agent_message, member)

static const struct known_key keys[] = {
    { "kind", VALUE_KIND, ITEM(kind) },
    { "id", VALUE_ID, ITEM(message_id) },
    { "referral", VALUE_REFERENCE, HERE(referral) },
    { "root", VALUE_REFERENCE, HERE(root) },
    { "other", VALUE_REFERENCE, HERE(other) },
    { "refers_to", VALUE_ID, ITEM(refers_to) },
    { "to", VALUE_AGENCY, ITEM(to) },
    { "procedure", VALUE_CODE, ITEM(procedure) },
    { "lane", VALUE_LANE, ITEM(lane) },
    { "category", VALUE_CODE, ITEM(category) },
    { "area", VALUE_CODE, ITEM(area) },
    { "source", VALUE_CODE, ITEM(source) },
    { "code", VALUE_CODE, ITEM(code) },
    { "basis", VALUE_CODE, ITEM(basis) },
    { "proper", VALUE_AGENCY, ITEM(proper) },
    { "due", VALUE_END, ITEM(due_ms) },
    { "due_at", VALUE_END, ITEM(due_ms) },
    { "occurred", VALUE_INSTANT, ITEM(occurred_ms) },
    { "extend_n", VALUE_COUNT, ITEM(extend_n) },
    { "report_required", VALUE_FLAG, ITEM(report_required) },
    { "information_wanted", VALUE_FLAG, ITEM(information_wanted) },
    { "reply_owed", VALUE_FLAG, ITEM(reply_owed) },
    { "trace", VALUE_TRACE, ITEM(trace) },
    { "external", VALUE_EXTERNALS, 0 },
    { "keys", VALUE_KEYS, 0 },
    { "copies", VALUE_COPIES, 0 },
    { "children", VALUE_CHILDREN, 0 },
    { "facts", VALUE_FACTS, 0 },
    { "accused", VALUE_ACCUSED, 0 },
    { "matter", VALUE_MATTER, 0 },
    { "private", VALUE_PRIVATE, 0 },
    { "body", VALUE_BODY, 0 },
    { "note", VALUE_NOTE, 0 },
    { "seal", VALUE_FLAG, HERE(seal) },
    { "object", VALUE_IGNORED, 0 }, /* what we write ourselves may be handed back */
    { "v", VALUE_IGNORED, 0 },
};

/* Where we are and where complaints go. */
struct reading {
    struct agent_message *message;
    struct agent_problems *problems;
    char pointer[AGENT_POINTER_BYTES];
};

static void complain(struct reading *reading, uint32_t refusal, const char *expected,
                     const char *expected_zh)
{
    agent_problem_add(reading->problems, refusal, reading->pointer, expected, expected_zh);
}

static void wrong(struct reading *reading, const char *expected, const char *expected_zh)
{
    complain(reading, RH_REFUSE_FIELD_INVALID, expected, expected_zh);
}

/* Step into a member; keys with '/' or '~' are escaped as RFC 6901 says. Returns what to give
 * to `leave`. */
static size_t enter(struct reading *reading, const char *key)
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

static size_t enter_index(struct reading *reading, size_t index)
{
    char number[24];
    snprintf(number, sizeof number, "%zu", index);
    return enter(reading, number);
}

static void leave(struct reading *reading, size_t before)
{
    reading->pointer[before] = '\0';
}

/* A non-empty text of at most `max` bytes; NULL and a complaint otherwise. */
static const char *text_of(struct reading *reading, const json_t *value, size_t max)
{
    char expected[80], expected_zh[80];
    if (json_is_string(value) && json_string_length(value) >= 1 &&
        json_string_length(value) <= max)
        return json_string_value(value);
    snprintf(expected, sizeof expected, "a text of 1 to %zu bytes in UTF-8", max);
    snprintf(expected_zh, sizeof expected_zh, "应为 1 至 %zu 字节的文本 (UTF-8)", max);
    if (json_is_string(value) && json_string_length(value) > max)
        complain(reading, RH_REFUSE_TOO_LARGE, expected, expected_zh);
    else
        wrong(reading, expected, expected_zh);
    return NULL;
}

static struct rh_bytes line_of(struct reading *reading, const json_t *value, size_t max)
{
    const char *text = text_of(reading, value, max);
    return text == NULL ? (struct rh_bytes){ NULL, 0 }
                        : (struct rh_bytes){ (const uint8_t *)text, json_string_length(value) };
}

static bool is_code(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9');
        if (!alphanumeric && (i == 0 || strchr("_.:/-", c) == NULL))
            return false;
    }
    return bytes >= 1 && bytes <= RH_CODE_BYTES_MAX;
}

static bool is_key(const char *text)
{
    size_t bytes = strlen(text);
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if (!(c >= 'a' && c <= 'z') && (i == 0 || (!(c >= '0' && c <= '9') && c != '_')))
            return false;
    }
    return bytes >= 1 && bytes <= RH_FACT_KEY_BYTES_MAX;
}

static void read_code(struct reading *reading, const json_t *value, char *out)
{
    const char *text = json_string_value(value);
    if (text != NULL && is_code(text, json_string_length(value)))
        memcpy(out, text, json_string_length(value) + 1);
    else
        wrong(reading, "a code: letters, digits and _ . : / - , at most 48",
              "应为代码: 字母、数字及 _ . : / - , 不超过 48 个字符");
}

static bool read_agency(struct reading *reading, const json_t *value, struct rh_agency_id *out)
{
    const char *text = json_string_value(value);
    if (text != NULL && rh_agency_id_parse(text, json_string_length(value), out) == RH_OK)
        return true;
    memset(out, 0, sizeof *out);
    wrong(reading, "an agency: role.division, as court.620423", "应为单位编号, 如 court.620423");
    return false;
}

static void read_id(struct reading *reading, const json_t *value, uint8_t out[RH_ID_BYTES])
{
    const char *text = json_string_value(value);
    if (text == NULL || rh_id_parse(text, out) != RH_OK || rh_id_is_zero(out))
        wrong(reading, "a UUID", "应为 UUID");
}

static void read_instant(struct reading *reading, const json_t *value, bool end, uint64_t *out)
{
    const char *text = json_string_value(value);
    if (text == NULL || agent_instant_parse(text, end, out) != RH_OK)
        wrong(reading,
              "a date (2026-03-04) or an instant with offset (2026-03-04T09:00:00+08:00)",
              "应为日期 (2026-03-04) 或带时区的时刻 (2026-03-04T09:00:00+08:00)");
}

static void read_kind(struct reading *reading, const json_t *value, enum rh_kind *out)
{
    const char *text = json_string_value(value);
    enum rh_kind kind = text == NULL ? RH_KIND_NONE
                                     : rh_kind_find(text, json_string_length(value));
    if (kind == RH_KIND_NONE || kind == RH_KIND_ACK || kind == RH_KIND_NACK ||
        (int)kind >= (int)RH_KIND_ARRIVED) {
        complain(reading, RH_REFUSE_UNKNOWN_KIND,
                 "a kind an agency may send, as register or sign",
                 "应为单位可以发出的事项种类, 如 register、sign");
        return;
    }
    if (*out != RH_KIND_NONE && *out != kind)
        wrong(reading, "the same kind as in the file's name", "与文件名中的种类不一致");
    *out = kind;
}

static void read_reference(struct reading *reading, const json_t *value, char *out)
{
    const char *text = text_of(reading, value, AGENT_KEY_BYTES_MAX);
    if (text == NULL)
        return;
    if (out[0] != '\0' && strcmp(out, text) != 0)
        wrong(reading, "the same referral as in the file's name", "与文件名中的编号不一致");
    memcpy(out, text, strlen(text) + 1);
}

/* An array of 1 to max elements; its size, or 0 and a complaint. */
static size_t array_of(struct reading *reading, const json_t *value, size_t max)
{
    char expected[64], expected_zh[64];
    size_t count = json_array_size(value);
    if (json_is_array(value) && count <= max)
        return count;
    snprintf(expected, sizeof expected, "a list of at most %zu", max);
    snprintf(expected_zh, sizeof expected_zh, "应为不超过 %zu 项的列表", max);
    if (json_is_array(value))
        complain(reading, RH_REFUSE_TOO_MANY_ITEMS, expected, expected_zh);
    else
        wrong(reading, expected, expected_zh);
    return 0;
}

/* Complain about members that are none of `names` (ended by NULL); false when no object. */
static bool object_of(struct reading *reading, json_t *value, const char *const *names)
{
    if (!json_is_object(value)) {
        wrong(reading, "an object", "应为对象");
        return false;
    }
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member) {
        bool known = false;
        for (const char *const *name = names; *name != NULL && !known; name++)
            known = strcmp(*name, key) == 0;
        if (!known) {
            size_t before = enter(reading, key);
            wrong(reading, "no such field here", "此处没有这个字段");
            leave(reading, before);
        }
    }
    return true;
}

/* ---- lists of the public part ----------------------------------------------------------- */

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

static void add_external(struct reading *reading, struct rh_bytes system,
                         struct rh_bytes number)
{
    struct rh_private *content = &reading->message->content;
    if (number.bytes == 0)
        return;
    if (!is_system(system))
        wrong(reading, "a system: a-z 0-9 _ . - , at most 24",
              "系统名: a-z 0-9 _ . - , 不超过 24 个字符");
    else if (content->external_count == RH_EXTERNALS_MAX)
        complain(reading, RH_REFUSE_TOO_MANY_ITEMS, "at most 4 external numbers",
                 "外部编号不超过 4 个");
    else
        content->externals[content->external_count++] =
            (struct rh_external_number){ .system = system, .number = number };
}

static void read_externals(struct reading *reading, const json_t *value)
{
    static const char *const names[] = { "system", "number", NULL };
    size_t count = array_of(reading, value, RH_EXTERNALS_MAX);
    for (size_t i = 0; i < count; i++) {
        json_t *one = json_array_get(value, i);
        size_t before = enter_index(reading, i);
        if (object_of(reading, one, names)) {
            size_t inner = enter(reading, "system");
            struct rh_bytes system = line_of(reading, json_object_get(one, "system"),
                                             RH_SYSTEM_BYTES_MAX);
            leave(reading, inner);
            inner = enter(reading, "number");
            struct rh_bytes number = line_of(reading, json_object_get(one, "number"),
                                             RH_EXTERNAL_NUMBER_BYTES_MAX);
            leave(reading, inner);
            if (system.bytes > 0)
                add_external(reading, system, number);
        }
        leave(reading, before);
    }
}

/* The same in short: {"12345": "GD2026-7"}. */
static void read_keys(struct reading *reading, json_t *value)
{
    if (!json_is_object(value)) {
        wrong(reading, "an object: system to number", "应为 系统: 编号 的对象");
        return;
    }
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member) {
        size_t before = enter(reading, key);
        struct rh_bytes system = { (const uint8_t *)key, strlen(key) };
        add_external(reading, system,
                     line_of(reading, member, RH_EXTERNAL_NUMBER_BYTES_MAX));
        leave(reading, before);
    }
}

static uint32_t read_agencies(struct reading *reading, const json_t *value,
                              struct rh_agency_id *out, size_t max)
{
    uint32_t kept = 0;
    size_t count = array_of(reading, value, max);
    for (size_t i = 0; i < count; i++) {
        size_t before = enter_index(reading, i);
        kept += read_agency(reading, json_array_get(value, i), &out[kept]) ? 1 : 0;
        leave(reading, before);
    }
    return kept;
}

static void read_children(struct reading *reading, const json_t *value)
{
    static const char *const names[] = { "to", "mandatory", "referral", NULL };
    struct rh_public *item = &reading->message->item;
    size_t count = array_of(reading, value, RH_CHILDREN_MAX);
    for (size_t i = 0; i < count; i++) {
        json_t *one = json_array_get(value, i);
        struct rh_child *out = &item->children[item->child_count];
        size_t before = enter_index(reading, i);
        memset(out, 0, sizeof *out);
        if (object_of(reading, one, names)) {
            const json_t *id = json_object_get(one, "referral");
            const json_t *mandatory = json_object_get(one, "mandatory");
            size_t inner = enter(reading, "to");
            bool good = read_agency(reading, json_object_get(one, "to"), &out->to);
            leave(reading, inner);
            inner = enter(reading, "referral");
            if (id != NULL)
                read_id(reading, id, out->id.bytes);
            leave(reading, inner);
            inner = enter(reading, "mandatory");
            if (mandatory != NULL && !json_is_boolean(mandatory))
                wrong(reading, "true or false", "应为 true 或 false");
            leave(reading, inner);
            out->mandatory = json_is_true(mandatory);
            item->child_count += good ? 1 : 0;
        }
        leave(reading, before);
    }
}

static void read_fact(struct reading *reading, const char *key, const json_t *value)
{
    struct rh_public *item = &reading->message->item;
    struct rh_fact *out = &item->facts[item->fact_count];
    memset(out, 0, sizeof *out);
    if (!is_key(key)) {
        wrong(reading, "a name of a fact: a-z 0-9 _ , at most 32",
              "事实名: a-z 0-9 _ , 不超过 32 个字符");
        return;
    }
    memcpy(out->key, key, strlen(key) + 1);
    if (json_is_integer(value)) {
        out->is_number = true;
        out->number = json_integer_value(value);
    } else if (json_is_string(value) &&
               is_code(json_string_value(value), json_string_length(value))) {
        memcpy(out->code, json_string_value(value), json_string_length(value) + 1);
    } else {
        wrong(reading, "a code or an integer", "应为代码或整数");
        return;
    }
    item->fact_count++;
}

static void read_facts(struct reading *reading, json_t *value)
{
    if (!json_is_object(value) || json_object_size(value) > RH_FACTS_MAX) {
        wrong(reading, "an object of at most 24 facts", "应为不超过 24 项事实的对象");
        return;
    }
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member) {
        size_t before = enter(reading, key);
        read_fact(reading, key, member);
        leave(reading, before);
    }
}

/* ---- private part ----------------------------------------------------------------------- */

static void read_persons(struct reading *reading, const json_t *value)
{
    static const char *const names[] = { "name",  "role",    "id_number", "phone",
                                         "address", "unit", NULL };
    struct rh_private *content = &reading->message->content;
    size_t count = array_of(reading, value, RH_PERSONS_MAX);
    for (size_t i = 0; i < count; i++) {
        json_t *one = json_array_get(value, i);
        size_t before = enter_index(reading, i);
        struct rh_person *out = &content->persons[content->person_count];
        struct rh_bytes *const fields[] = { &out->name,  &out->role,    &out->id_number,
                                            &out->phone, &out->address, &out->unit };
        memset(out, 0, sizeof *out);
        if (object_of(reading, one, names)) {
            size_t given = 0;
            for (size_t k = 0; names[k] != NULL; k++) {
                const json_t *member = json_object_get(one, names[k]);
                if (member == NULL)
                    continue;
                size_t inner = enter(reading, names[k]);
                *fields[k] = line_of(reading, member, RH_LINE_BYTES_MAX);
                if (k == 1 && fields[k]->bytes > 0 &&
                    !is_code((const char *)fields[k]->data, fields[k]->bytes))
                    wrong(reading, "a code, as petitioner", "应为代码, 如 petitioner");
                leave(reading, inner);
                given++;
            }
            if (given == 0)
                wrong(reading, "at least one field", "至少填写一项");
            content->person_count++;
        }
        leave(reading, before);
    }
}

static void read_form(struct reading *reading, json_t *value)
{
    struct rh_private *content = &reading->message->content;
    if (!json_is_object(value) || json_object_size(value) > RH_FORM_FIELDS_MAX) {
        wrong(reading, "an object of at most 128 fields", "应为不超过 128 项的对象");
        return;
    }
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member) {
        size_t before = enter(reading, key);
        struct rh_form_field *out = &content->form[content->form_count];
        out->key = (struct rh_bytes){ (const uint8_t *)key, strlen(key) };
        out->value = line_of(reading, member, RH_FORM_VALUE_BYTES_MAX);
        if (!is_key(key))
            wrong(reading, "a name of a field: a-z 0-9 _ , at most 32",
                  "字段名: a-z 0-9 _ , 不超过 32 个字符");
        content->form_count++;
        leave(reading, before);
    }
}

static bool read_sha256(const char *text, struct rh_hash *out)
{
    if (text == NULL || strlen(text) != 2 * RH_HASH_BYTES)
        return false;
    for (size_t i = 0; i < 2 * RH_HASH_BYTES; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                           : -1;
        if (digit < 0)
            return false;
        uint8_t high = (uint8_t)(i % 2 == 0 ? 0 : out->bytes[i / 2] << 4);
        out->bytes[i / 2] = (uint8_t)(high | digit);
    }
    return true;
}

static void read_attachments(struct reading *reading, const json_t *value)
{
    static const char *const names[] = { "name", "media_type", "size", "sha256", NULL };
    struct rh_private *content = &reading->message->content;
    size_t count = array_of(reading, value, RH_ATTACHMENTS_MAX);
    for (size_t i = 0; i < count; i++) {
        json_t *one = json_array_get(value, i);
        size_t before = enter_index(reading, i);
        if (object_of(reading, one, names)) {
            struct rh_attachment *out = &content->attachments[content->attachment_count];
            json_int_t size = json_integer_value(json_object_get(one, "size"));
            size_t inner = enter(reading, "name");
            out->name = line_of(reading, json_object_get(one, "name"), RH_LINE_BYTES_MAX);
            leave(reading, inner);
            inner = enter(reading, "media_type");
            out->media_type = line_of(reading, json_object_get(one, "media_type"),
                                      AGENT_TYPE_BYTES_MAX);
            leave(reading, inner);
            inner = enter(reading, "size");
            if (size < 0 || !json_is_integer(json_object_get(one, "size")))
                wrong(reading, "a number of bytes", "应为字节数");
            out->size = size < 0 ? 0 : (uint64_t)size;
            leave(reading, inner);
            inner = enter(reading, "sha256");
            if (!read_sha256(json_string_value(json_object_get(one, "sha256")), &out->sha256))
                wrong(reading, "64 hexadecimal digits in lower case", "应为 64 位小写十六进制数");
            leave(reading, inner);
            content->attachment_count++;
        }
        leave(reading, before);
    }
}

static void read_private(struct reading *reading, json_t *value)
{
    static const char *const names[] = { "title",       "summary", "persons",    "form",
                                         "document_no", "leader",  "attachments", NULL };
    struct rh_private *content = &reading->message->content;
    if (!object_of(reading, value, names))
        return;
    for (size_t k = 0; names[k] != NULL; k++) {
        json_t *member = json_object_get(value, names[k]);
        if (member == NULL)
            continue;
        size_t before = enter(reading, names[k]);
        switch (k) {
        case 0:
            content->title = line_of(reading, member, RH_SUBJECT_BYTES_MAX);
            break;
        case 1:
            content->summary = line_of(reading, member, RH_SUMMARY_BYTES_MAX);
            break;
        case 2:
            read_persons(reading, member);
            break;
        case 3:
            read_form(reading, member);
            break;
        case 4:
            content->document = line_of(reading, member, RH_LINE_BYTES_MAX);
            break;
        case 5:
            content->leader = line_of(reading, member, RH_LINE_BYTES_MAX);
            break;
        default:
            read_attachments(reading, member);
            break;
        }
        leave(reading, before);
    }
}

/* ---- body ------------------------------------------------------------------------------- */

static void take_body(struct reading *reading, const char *text, size_t bytes, bool base64)
{
    struct agent_message *message = reading->message;
    message->body = malloc(AGENT_BODY_BYTES_MAX);
    rh_assert(message->body != NULL);
    enum rh_err err = RH_OK;
    if (base64) {
        err = agent_base64_decode(text, bytes, message->body, AGENT_BODY_BYTES_MAX,
                                  &message->body_bytes);
    } else if (bytes > AGENT_BODY_BYTES_MAX) {
        err = RH_ERR_FULL;
    } else {
        memcpy(message->body, text, bytes);
        message->body_bytes = bytes;
    }
    if (err == RH_ERR_FULL)
        complain(reading, RH_REFUSE_TOO_LARGE, "at most 184320 bytes", "不超过 184320 字节");
    else if (err != RH_OK)
        wrong(reading, "base64 with padding", "应为带填充的 base64");
}

static void read_body(struct reading *reading, json_t *value)
{
    static const char *const names[] = { "media_type", "text", "base64", "file", NULL };
    struct agent_message *message = reading->message;
    if (!object_of(reading, value, names))
        return;
    const json_t *type = json_object_get(value, "media_type");
    const char *name = type == NULL ? "text/plain" : NULL;
    size_t before = enter(reading, "media_type");
    if (type != NULL)
        name = text_of(reading, type, AGENT_TYPE_BYTES_MAX);
    leave(reading, before);
    snprintf(message->media_type, sizeof message->media_type, "%s", name != NULL ? name : "x");

    unsigned given = 0;
    for (size_t k = 1; names[k] != NULL; k++) {
        const json_t *member = json_object_get(value, names[k]);
        if (member == NULL || ++given > 1)
            continue;
        before = enter(reading, names[k]);
        const char *text = text_of(reading, member, k == 3 ? AGENT_NAME_BYTES_MAX : 1 << 20);
        if (text != NULL && k == 3)
            snprintf(message->body_file, sizeof message->body_file, "%s", text);
        else if (text != NULL)
            take_body(reading, text, json_string_length(member), k == 2);
        leave(reading, before);
    }
    if (given != 1)
        wrong(reading, "exactly one of text, base64, file", "text、base64、file 三者只能有其一");
}

/* ---- the whole -------------------------------------------------------------------------- */

static void read_lane(struct reading *reading, const json_t *value, enum rh_lane *out)
{
    const char *text = json_string_value(value);
    int lane = text == NULL ? -1 : rh_lane_find(text, json_string_length(value));
    if (lane < 0)
        wrong(reading, "normal, green or urgent", "应为 normal、green 或 urgent");
    else
        *out = (enum rh_lane)lane;
}

static void read_count(struct reading *reading, const json_t *value, uint32_t *out)
{
    json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && number > 0 && number <= 1000)
        *out = (uint32_t)number;
    else
        wrong(reading, "a number from 1 to 1000", "应为 1 至 1000 的整数");
}

static void read_flag(struct reading *reading, const json_t *value, bool *out)
{
    if (json_is_boolean(value))
        *out = json_is_true(value);
    else
        wrong(reading, "true or false", "应为 true 或 false");
}

static void read_trace(struct reading *reading, const json_t *value, char *out)
{
    if (json_is_string(value) && json_string_length(value) <= RH_TRACE_BYTES_MAX)
        memcpy(out, json_string_value(value), json_string_length(value) + 1);
    else
        wrong(reading, "a W3C traceparent", "应为 W3C traceparent");
}

static void read_matter(struct reading *reading, const json_t *value)
{
    struct rh_bytes text = line_of(reading, value, RH_EXTERNAL_NUMBER_BYTES_MAX);
    if (text.bytes > 0)
        memcpy(reading->message->matter, text.data, text.bytes);
}

static void read_member(struct reading *reading, const struct known_key *key, json_t *value)
{
    struct agent_message *message = reading->message;
    void *place = (char *)message + key->offset;
    switch (key->type) {
    case VALUE_KIND:
        read_kind(reading, value, &message->item.kind);
        break;
    case VALUE_ID:
        read_id(reading, value, place);
        break;
    case VALUE_REFERENCE:
        read_reference(reading, value, place);
        break;
    case VALUE_AGENCY:
        read_agency(reading, value, place);
        break;
    case VALUE_CODE:
        read_code(reading, value, place);
        break;
    case VALUE_END:
    case VALUE_INSTANT:
        read_instant(reading, value, key->type == VALUE_END, place);
        break;
    case VALUE_EXTERNALS:
        read_externals(reading, value);
        break;
    case VALUE_KEYS:
        read_keys(reading, value);
        break;
    case VALUE_COPIES:
        message->item.copy_count =
            read_agencies(reading, value, message->item.copies, RH_COPIES_MAX);
        break;
    case VALUE_CHILDREN:
        read_children(reading, value);
        break;
    case VALUE_FACTS:
        read_facts(reading, value);
        break;
    case VALUE_ACCUSED:
        message->accused_count =
            read_agencies(reading, value, message->accused, RH_ACCUSED_MAX);
        break;
    case VALUE_MATTER:
        read_matter(reading, value);
        break;
    case VALUE_PRIVATE:
        read_private(reading, value);
        break;
    case VALUE_BODY:
        read_body(reading, value);
        break;
    case VALUE_NOTE: /* a short word instead of a private part */
        if (message->content.summary.bytes == 0)
            message->content.summary = line_of(reading, value, RH_SUMMARY_BYTES_MAX);
        break;
    case VALUE_LANE:
        read_lane(reading, value, place);
        break;
    case VALUE_COUNT:
        read_count(reading, value, place);
        break;
    case VALUE_FLAG:
        read_flag(reading, value, place);
        break;
    case VALUE_TRACE:
        read_trace(reading, value, place);
        break;
    case VALUE_IGNORED:
        break;
    }
}

static const struct known_key *find_key(const char *name)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

/* A member of a message that nobody knows, and the one that was probably meant. */
static void unknown_member(struct reading *reading, const char *name)
{
    const char *names[sizeof keys / sizeof keys[0]];
    char expected[96], expected_zh[128];
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        names[i] = keys[i].name;
    const char *meant = rh_load_suggest(name, names, sizeof keys / sizeof keys[0]);
    size_t outer = enter(reading, name);
    if (meant == NULL) {
        wrong(reading, "no such field in a message", "报文没有这个字段");
    } else {
        snprintf(expected, sizeof expected, "no such field in a message; did you mean %s?",
                 meant);
        snprintf(expected_zh, sizeof expected_zh, "报文没有这个字段，是否指 %s?", meant);
        wrong(reading, expected, expected_zh);
    }
    leave(reading, outer);
}

/* Two passes, so that what is unknown is named once and the order of members does not matter:
 * private part before note. */
enum rh_err agent_message_read(json_t *json, enum rh_kind kind, const char *referral,
                               struct agent_message *out, struct agent_problems *problems)
{
    struct reading reading = { .message = out, .problems = problems };
    uint32_t before = problems->count;
    memset(out, 0, sizeof *out);
    out->item.kind = kind;
    if (referral != NULL)
        snprintf(out->referral, sizeof out->referral, "%s", referral);
    if (!json_is_object(json)) {
        complain(&reading, RH_REFUSE_FIELD_INVALID, "a message: one JSON object",
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
        size_t outer = enter(&reading, keys[i].name);
        read_member(&reading, &keys[i], value);
        leave(&reading, outer);
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
