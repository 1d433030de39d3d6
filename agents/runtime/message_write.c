/* What was delivered, as the JSON a case system reads. */
#include "runtime/message.h"

#include <stdlib.h>
#include <string.h>

#include <rh/date.h>
#include <rh/glossary.h>
#include <rh/refusal.h>

#include "runtime/bulletin.h"
#include "runtime/words.h"

json_t *agent_json_row(const char *object)
{
    json_t *row = json_object();
    json_object_set_new(row, "object", json_string(object));
    json_object_set_new(row, "v", json_integer(1));
    return row;
}

void agent_json_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_object_set_new(object, key, json_string(text));
}

void agent_json_bytes(json_t *object, const char *key, struct rh_bytes utf8)
{
    if (utf8.bytes > 0)
        json_object_set_new(object, key, json_stringn((const char *)utf8.data, utf8.bytes));
}

void agent_json_number(json_t *object, const char *key, uint64_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

void agent_json_id(json_t *object, const char *key, const uint8_t id[RH_ID_BYTES])
{
    char text[RH_ID_TEXT_BYTES];
    if (rh_id_is_zero(id))
        return;
    rh_id_format(id, text);
    json_object_set_new(object, key, json_string(text));
}

void agent_json_instant(json_t *object, const char *key, uint64_t ms)
{
    char text[RH_INSTANT_TEXT_BYTES];
    if (ms == 0)
        return;
    rh_instant_format_utc(ms, text);
    json_object_set_new(object, key, json_string(text));
}

void agent_json_due(json_t *object, const char *procedure, const char *limit,
                    enum rh_due_basis basis)
{
    const struct rh_word *title = rh_step_title(procedure, limit);
    if (title == NULL)
        title = rh_word_find("deadlines", limit); /* the hub's own clocks */
    agent_json_text(object, "limit", limit);
    agent_json_text(object, "title_zh", title == NULL ? "" : title->zh);
    agent_json_text(object, "title_en", title == NULL ? "" : title->en);
    if (basis == RH_DUE_NONE)
        return;
    agent_json_text(object, "basis", rh_due_basis_name(basis));
    agent_json_text(object, "verification", rh_due_verification_name(basis));
}

static void flag(json_t *object, const char *key, bool value)
{
    if (value)
        json_object_set_new(object, key, json_true());
}

bool agent_body_is_text(const struct rh_body *body)
{
    json_t *text = json_stringn((const char *)body->content.data, body->content.bytes);
    bool good = text != NULL;
    json_decref(text);
    return good && memchr(body->content.data, '\0', body->content.bytes) == NULL;
}

static void write_lists(json_t *out, const struct rh_public *item)
{
    if (item->copy_count > 0) {
        json_t *copies = json_array();
        for (uint32_t i = 0; i < item->copy_count; i++)
            json_array_append_new(copies, json_string(item->copies[i].text));
        json_object_set_new(out, "copies", copies);
    }
    if (item->child_count > 0) {
        json_t *children = json_array();
        for (uint32_t i = 0; i < item->child_count; i++) {
            json_t *child = json_object();
            agent_json_id(child, "referral", item->children[i].id.bytes);
            agent_json_text(child, "to", item->children[i].to.text);
            json_object_set_new(child, "mandatory", json_boolean(item->children[i].mandatory));
            json_array_append_new(children, child);
        }
        json_object_set_new(out, "children", children);
    }
    if (item->fact_count > 0) {
        json_t *facts = json_object();
        for (uint32_t i = 0; i < item->fact_count; i++) {
            const struct rh_fact *fact = &item->facts[i];
            json_object_set_new(facts, fact->key,
                                fact->is_number ? json_integer((json_int_t)fact->number)
                                                : json_string(fact->code));
        }
        json_object_set_new(out, "facts", facts);
    }
}

static void write_item(json_t *out, const struct rh_public *item)
{
    agent_json_id(out, "root", item->root_id.bytes);
    agent_json_id(out, "other", item->other_id.bytes);
    agent_json_id(out, "refers_to", item->refers_to.bytes);
    agent_json_text(out, "to", item->to.text);
    agent_json_text(out, "procedure", item->procedure);
    agent_json_text(out, "category", item->category);
    agent_json_text(out, "area", item->area);
    agent_json_text(out, "source", item->source);
    agent_json_text(out, "code", item->code);
    agent_json_text(out, "basis", item->basis);
    agent_json_text(out, "proper", item->proper.text);
    agent_json_instant(out, "due", item->due_ms);
    agent_json_instant(out, "occurred", item->occurred_ms);
    if (item->extend_n > 0)
        json_object_set_new(out, "extend_n", json_integer(item->extend_n));
    flag(out, "report_required", item->report_required);
    flag(out, "information_wanted", item->information_wanted);
    flag(out, "reply_owed", item->reply_owed);
    agent_json_text(out, "trace", item->trace);
    write_lists(out, item);
    if (item->refusal != 0) {
        char code[RH_REFUSAL_TEXT_BYTES];
        rh_refusal_format(item->refusal, code);
        agent_json_text(out, "refusal", code);
    }
}

static json_t *write_person(const struct rh_person *person)
{
    json_t *out = json_object();
    agent_json_bytes(out, "name", person->name);
    agent_json_bytes(out, "role", person->role);
    agent_json_bytes(out, "id_number", person->id_number);
    agent_json_bytes(out, "phone", person->phone);
    agent_json_bytes(out, "address", person->address);
    agent_json_bytes(out, "unit", person->unit);
    return out;
}

static json_t *write_attachment(const struct rh_attachment *attachment)
{
    json_t *out = json_object();
    char *hash = agent_hex(attachment->sha256.bytes, sizeof attachment->sha256.bytes);
    agent_json_bytes(out, "name", attachment->name);
    agent_json_bytes(out, "media_type", attachment->media_type);
    agent_json_number(out, "size", attachment->size);
    agent_json_text(out, "sha256", hash);
    free(hash);
    return out;
}

static json_t *write_content(const struct rh_private *content)
{
    json_t *out = json_object();
    agent_json_bytes(out, "title", content->title);
    agent_json_bytes(out, "summary", content->summary);
    agent_json_bytes(out, "document_no", content->document);
    agent_json_bytes(out, "leader", content->leader);
    if (content->person_count > 0) {
        json_t *persons = json_array();
        for (uint32_t i = 0; i < content->person_count; i++)
            json_array_append_new(persons, write_person(&content->persons[i]));
        json_object_set_new(out, "persons", persons);
    }
    if (content->form_count > 0) {
        json_t *form = json_object();
        for (uint32_t i = 0; i < content->form_count; i++) {
            char key[RH_FACT_KEY_BYTES_MAX + 1] = "";
            if (content->form[i].key.bytes < sizeof key)
                memcpy(key, content->form[i].key.data, content->form[i].key.bytes);
            agent_json_bytes(form, key, content->form[i].value);
        }
        json_object_set_new(out, "form", form);
    }
    if (content->participant_count > 0) {
        json_t *participants = json_array();
        for (uint32_t i = 0; i < content->participant_count; i++)
            json_array_append_new(participants,
                                  agent_participant_json(&content->participants[i]));
        json_object_set_new(out, "participants", participants);
    }
    if (content->attachment_count > 0) {
        json_t *attachments = json_array();
        for (uint32_t i = 0; i < content->attachment_count; i++)
            json_array_append_new(attachments, write_attachment(&content->attachments[i]));
        json_object_set_new(out, "attachments", attachments);
    }
    return out;
}

static void write_parts(json_t *out, const struct agent_delivered *delivered)
{
    const struct rh_private *content = delivered->content;
    json_t *parts = write_content(content);
    if (json_object_size(parts) > 0)
        json_object_set(out, "private", parts);
    json_decref(parts);
    if (content->external_count > 0) {
        json_t *externals = json_array();
        for (uint32_t i = 0; i < content->external_count; i++) {
            json_t *one = json_object();
            agent_json_bytes(one, "system", content->externals[i].system);
            agent_json_bytes(one, "number", content->externals[i].number);
            json_array_append_new(externals, one);
        }
        json_object_set_new(out, "external", externals);
    }
    if (delivered->body.media_type.bytes == 0)
        return;
    json_t *body = json_object();
    agent_json_bytes(body, "media_type", delivered->body.media_type);
    if (delivered->body_file != NULL)
        agent_json_text(body, "file", delivered->body_file);
    else
        json_object_set_new(body, "text",
                            json_stringn((const char *)delivered->body.content.data,
                                         delivered->body.content.bytes));
    json_object_set_new(out, "body", body);
}

json_t *agent_message_write(const struct agent_delivered *delivered)
{
    static const char *const forms[] = { "item", "notice", "tombstone" };
    const struct agent_got *got = delivered->got;
    json_t *out = agent_json_row("message");
    json_object_set_new(out, "form", json_string(forms[got->form]));
    if (got->kind != RH_KIND_NONE)
        agent_json_text(out, "kind", rh_kind_name(got->kind));
    agent_json_id(out, "id", got->message_id.bytes);
    agent_json_id(out, "referral", got->referral_id.bytes);
    agent_json_text(out, "number", got->number);
    agent_json_text(out, "from", got->sender.text);
    agent_json_text(out, "lane", rh_lane_name(got->lane));
    agent_json_number(out, "log_index", got->index);
    agent_json_instant(out, "stored_at", got->stored_ms);
    agent_json_instant(out, "received_at", got->received_ms);
    if (got->form == RH_DELIVERY_ITEM)
        json_object_set_new(out, "verified", json_boolean(!got->trusted));
    if (delivered->item != NULL)
        write_item(out, delivered->item);
    if (delivered->item != NULL && got->form == RH_DELIVERY_NOTICE &&
        agent_bulletin_is(delivered->item))
        json_object_set_new(out, "bulletin", agent_bulletin_write(delivered->item));
    if (delivered->known != NULL) {
        agent_json_text(out, "state", rh_state_name(delivered->known->state));
        agent_json_text(out, "holder", delivered->known->holder.text);
        agent_json_instant(out, "due_at", delivered->known->due_ms);
    }
    if (delivered->content != NULL)
        write_parts(out, delivered);
    return out;
}
