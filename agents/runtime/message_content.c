/* What only the addressee reads: the private part and the body. */
#include "runtime/message_reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/refusal.h>

#include "runtime/words.h"

static void read_persons(struct agent_reading *reading, const json_t *value,
                         struct rh_private *content)
{
    static const char *const names[] = { "name",    "role", "id_number", "phone",
                                         "address", "unit", NULL };
    size_t count = reading_array(reading, value, RH_PERSONS_MAX);
    for (size_t i = 0; i < count; i++) {
        json_t *one = json_array_get(value, i);
        size_t before = reading_enter_index(reading, i);
        struct rh_person *out = &content->persons[content->person_count];
        struct rh_bytes *const fields[] = { &out->name,  &out->role,    &out->id_number,
                                            &out->phone, &out->address, &out->unit };
        memset(out, 0, sizeof *out);
        if (reading_object(reading, one, names)) {
            size_t given = 0;
            for (size_t k = 0; names[k] != NULL; k++) {
                const json_t *member = json_object_get(one, names[k]);
                if (member == NULL)
                    continue;
                size_t inner = reading_enter(reading, names[k]);
                *fields[k] = reading_line(reading, member, RH_LINE_BYTES_MAX);
                if (k == 1 && fields[k]->bytes > 0 &&
                    !reading_is_code((const char *)fields[k]->data, fields[k]->bytes))
                    reading_wrong(reading, "a code, as petitioner", "应为代码, 如 petitioner");
                reading_leave(reading, inner);
                given++;
            }
            if (given == 0)
                reading_wrong(reading, "at least one field", "至少填写一项");
            content->person_count++;
        }
        reading_leave(reading, before);
    }
}

static void read_form(struct agent_reading *reading, json_t *value, struct rh_private *content)
{
    if (!json_is_object(value) || json_object_size(value) > RH_FORM_FIELDS_MAX) {
        reading_wrong(reading, "an object of at most 128 fields", "应为不超过 128 项的对象");
        return;
    }
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member) {
        size_t before = reading_enter(reading, key);
        struct rh_form_field *out = &content->form[content->form_count];
        out->key = (struct rh_bytes){ (const uint8_t *)key, strlen(key) };
        out->value = reading_line(reading, member, RH_FORM_VALUE_BYTES_MAX);
        if (!reading_is_key(key))
            reading_wrong(reading, "a name of a field: a-z 0-9 _ , at most 32",
                          "字段名: a-z 0-9 _ , 不超过 32 个字符");
        content->form_count++;
        reading_leave(reading, before);
    }
}

static bool read_sha256(const char *text, struct rh_hash *out)
{
    if (text == NULL || strlen(text) != 2 * RH_HASH_BYTES)
        return false;
    for (size_t i = 0; i < 2 * RH_HASH_BYTES; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return false;
        uint8_t high = (uint8_t)(i % 2 == 0 ? 0 : out->bytes[i / 2] << 4);
        out->bytes[i / 2] = (uint8_t)(high | digit);
    }
    return true;
}

static void read_attachments(struct agent_reading *reading, const json_t *value,
                             struct rh_private *content)
{
    static const char *const names[] = { "name", "media_type", "size", "sha256", NULL };
    size_t count = reading_array(reading, value, RH_ATTACHMENTS_MAX);
    for (size_t i = 0; i < count; i++) {
        json_t *one = json_array_get(value, i);
        size_t before = reading_enter_index(reading, i);
        if (reading_object(reading, one, names)) {
            struct rh_attachment *out = &content->attachments[content->attachment_count];
            json_int_t size = json_integer_value(json_object_get(one, "size"));
            size_t inner = reading_enter(reading, "name");
            out->name = reading_line(reading, json_object_get(one, "name"), RH_LINE_BYTES_MAX);
            reading_leave(reading, inner);
            inner = reading_enter(reading, "media_type");
            out->media_type =
                reading_line(reading, json_object_get(one, "media_type"), AGENT_TYPE_BYTES_MAX);
            reading_leave(reading, inner);
            inner = reading_enter(reading, "size");
            if (size < 0 || !json_is_integer(json_object_get(one, "size")))
                reading_wrong(reading, "a number of bytes", "应为字节数");
            out->size = size < 0 ? 0 : (uint64_t)size;
            reading_leave(reading, inner);
            inner = reading_enter(reading, "sha256");
            if (!read_sha256(json_string_value(json_object_get(one, "sha256")), &out->sha256))
                reading_wrong(reading, "64 hexadecimal digits in lower case",
                              "应为 64 位小写十六进制数");
            reading_leave(reading, inner);
            content->attachment_count++;
        }
        reading_leave(reading, before);
    }
}

void reading_private(struct agent_reading *reading, json_t *value, void *place)
{
    static const char *const names[] = { "title",        "summary", "persons",
                                         "form",         "document_no", "leader",
                                         "participants", "attachments", NULL };
    struct rh_private *content = place;
    if (!reading_object(reading, value, names))
        return;
    for (size_t k = 0; names[k] != NULL; k++) {
        json_t *member = json_object_get(value, names[k]);
        if (member == NULL)
            continue;
        size_t before = reading_enter(reading, names[k]);
        switch (k) {
        case 0:
            content->title = reading_line(reading, member, RH_SUBJECT_BYTES_MAX);
            break;
        case 1:
            content->summary = reading_line(reading, member, RH_SUMMARY_BYTES_MAX);
            break;
        case 2:
            read_persons(reading, member, content);
            break;
        case 3:
            read_form(reading, member, content);
            break;
        case 4:
            content->document = reading_line(reading, member, RH_LINE_BYTES_MAX);
            break;
        case 5:
            content->leader = reading_line(reading, member, RH_LINE_BYTES_MAX);
            break;
        case 6:
            reading_participants(reading, member, content);
            break;
        default:
            read_attachments(reading, member, content);
            break;
        }
        reading_leave(reading, before);
    }
}

static void take_body(struct agent_reading *reading, struct agent_message *message,
                      const char *text, size_t bytes, bool base64)
{
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
        reading_complain(reading, RH_REFUSE_TOO_LARGE, "at most 184320 bytes",
                         "不超过 184320 字节");
    else if (err != RH_OK)
        reading_wrong(reading, "base64 with padding", "应为带填充的 base64");
}

void reading_body(struct agent_reading *reading, json_t *value, void *place)
{
    static const char *const names[] = { "media_type", "text", "base64", "file", NULL };
    struct agent_message *message = place;
    if (!reading_object(reading, value, names))
        return;
    const json_t *type = json_object_get(value, "media_type");
    const char *name = type == NULL ? "text/plain" : NULL;
    size_t before = reading_enter(reading, "media_type");
    if (type != NULL)
        name = reading_text(reading, type, AGENT_TYPE_BYTES_MAX);
    reading_leave(reading, before);
    snprintf(message->media_type, sizeof message->media_type, "%s", name != NULL ? name : "x");

    unsigned given = 0;
    for (size_t k = 1; names[k] != NULL; k++) {
        const json_t *member = json_object_get(value, names[k]);
        if (member == NULL || ++given > 1)
            continue;
        before = reading_enter(reading, names[k]);
        const char *text =
            reading_text(reading, member, k == 3 ? AGENT_NAME_BYTES_MAX : 1 << 20);
        if (text != NULL && k == 3)
            snprintf(message->body_file, sizeof message->body_file, "%s", text);
        else if (text != NULL)
            take_body(reading, message, text, json_string_length(member), k == 2);
        reading_leave(reading, before);
    }
    if (given != 1)
        reading_wrong(reading, "exactly one of text, base64, file",
                      "text、base64、file 三者只能有其一");
}
