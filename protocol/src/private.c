#include <rh/private.h>

#include <string.h>

#include "parts.h"

enum { MEDIA_TYPE_BYTES_MAX = 100 };

static bool is_line(struct rh_bytes text)
{
    return text.bytes <= RH_LINE_BYTES_MAX;
}

static bool is_media_type(struct rh_bytes text)
{
    return text.bytes >= 1 && text.bytes <= MEDIA_TYPE_BYTES_MAX &&
           rh_part_is_printable((const char *)text.data, text.bytes);
}

/* ---- what each list must be; used on both ways ---- */

static bool person_holds(const struct rh_person *one)
{
    bool role = one->role.bytes == 0 ||
                rh_part_is_code((const char *)one->role.data, one->role.bytes);
    bool any = one->name.bytes + one->role.bytes + one->id_number.bytes + one->phone.bytes +
                   one->address.bytes + one->unit.bytes > 0;
    return role && any && is_line(one->name) && is_line(one->id_number) &&
           is_line(one->phone) && is_line(one->address) && is_line(one->unit);
}

static bool field_holds(const struct rh_form_field *one)
{
    return rh_part_is_key((const char *)one->key.data, one->key.bytes) &&
           one->value.bytes >= 1 && one->value.bytes <= RH_FORM_VALUE_BYTES_MAX;
}

/* A name that could leave the folder it is stored in is refused here already. */
static bool is_file_name(struct rh_bytes name)
{
    if (name.bytes < 1 || !is_line(name) || name.data[0] == '.')
        return false;
    for (size_t i = 0; i < name.bytes; i++)
        if (name.data[i] < 0x20 || name.data[i] == 0x7f || name.data[i] == '/' ||
            name.data[i] == '\\')
            return false;
    return true;
}

static bool attachment_holds(const struct rh_attachment *one)
{
    return is_file_name(one->name) && is_media_type(one->media_type) &&
           one->size <= RH_NUMBER_MAX;
}

static bool external_holds(const struct rh_external_number *one)
{
    return rh_part_is_system((const char *)one->system.data, one->system.bytes) &&
           one->number.bytes >= 1 && is_line(one->number);
}

static bool private_holds(const struct rh_private *value)
{
    if (value->title.bytes > RH_SUBJECT_BYTES_MAX ||
        value->summary.bytes > RH_SUMMARY_BYTES_MAX || !is_line(value->document) ||
        !is_line(value->leader))
        return false;
    if (value->person_count > RH_PERSONS_MAX || value->form_count > RH_FORM_FIELDS_MAX ||
        value->attachment_count > RH_ATTACHMENTS_MAX ||
        value->external_count > RH_EXTERNALS_MAX)
        return false;
    if (!rh_part_participants_hold(value))
        return false;
    for (uint32_t i = 0; i < value->person_count; i++)
        if (!person_holds(&value->persons[i]))
            return false;
    for (uint32_t i = 0; i < value->form_count; i++)
        if (!field_holds(&value->form[i]))
            return false;
    for (uint32_t i = 0; i < value->attachment_count; i++)
        if (!attachment_holds(&value->attachments[i]))
            return false;
    for (uint32_t i = 0; i < value->external_count; i++)
        if (!external_holds(&value->externals[i]))
            return false;
    return true;
}

/* ---- writing ---- */

static void write_str(struct rh_writer *writer, struct rh_bytes text)
{
    rh_writer_str(writer, (const char *)text.data, text.bytes);
}

/* A key and its text, when there is one. */
static void write_text(struct rh_writer *writer, unsigned key, struct rh_bytes text)
{
    if (text.bytes == 0)
        return;
    rh_writer_uint(writer, key);
    write_str(writer, text);
}

static uint32_t one_if(bool present)
{
    return present ? 1 : 0;
}

static void write_person(const struct rh_person *one, struct rh_writer *writer)
{
    rh_writer_map(writer, one_if(one->name.bytes > 0) + one_if(one->role.bytes > 0) +
                              one_if(one->id_number.bytes > 0) + one_if(one->phone.bytes > 0) +
                              one_if(one->address.bytes > 0) + one_if(one->unit.bytes > 0));
    write_text(writer, RH_PERSON_NAME, one->name);
    write_text(writer, RH_PERSON_ROLE, one->role);
    write_text(writer, RH_PERSON_ID_NUMBER, one->id_number);
    write_text(writer, RH_PERSON_PHONE, one->phone);
    write_text(writer, RH_PERSON_ADDRESS, one->address);
    write_text(writer, RH_PERSON_UNIT, one->unit);
}

static void write_persons(const struct rh_private *value, struct rh_writer *writer)
{
    if (value->person_count == 0)
        return;
    rh_writer_uint(writer, RH_PRIVATE_PERSONS);
    rh_writer_array(writer, value->person_count);
    for (uint32_t i = 0; i < value->person_count; i++)
        write_person(&value->persons[i], writer);
}

static int key_order(const struct rh_form_field *a, const struct rh_form_field *b)
{
    return rh_part_key_order((const char *)a->key.data, a->key.bytes,
                             (const char *)b->key.data, b->key.bytes);
}

/* A form comes in the order of its sheet; a canonical map has an order of its own. */
static enum rh_err write_form(const struct rh_private *value, struct rh_writer *writer)
{
    const struct rh_form_field *order[RH_FORM_FIELDS_MAX];
    if (value->form_count == 0)
        return RH_OK;
    for (uint32_t i = 0; i < value->form_count; i++) {
        uint32_t k = i;
        for (; k > 0 && key_order(order[k - 1], &value->form[i]) > 0; k--)
            order[k] = order[k - 1];
        if (k > 0 && key_order(order[k - 1], &value->form[i]) == 0)
            return RH_ERR_INVALID;
        order[k] = &value->form[i];
    }
    rh_writer_uint(writer, RH_PRIVATE_FORM);
    rh_writer_map(writer, value->form_count);
    for (uint32_t i = 0; i < value->form_count; i++) {
        write_str(writer, order[i]->key);
        write_str(writer, order[i]->value);
    }
    return writer->err;
}

static void write_attachments(const struct rh_private *value, struct rh_writer *writer)
{
    if (value->attachment_count == 0)
        return;
    rh_writer_uint(writer, RH_PRIVATE_ATTACHMENTS);
    rh_writer_array(writer, value->attachment_count);
    for (uint32_t i = 0; i < value->attachment_count; i++) {
        const struct rh_attachment *one = &value->attachments[i];
        rh_writer_array(writer, 4);
        write_str(writer, one->name);
        write_str(writer, one->media_type);
        rh_writer_uint(writer, one->size);
        rh_writer_bin(writer, one->sha256.bytes, sizeof one->sha256.bytes);
    }
}

static void write_externals(const struct rh_private *value, struct rh_writer *writer)
{
    if (value->external_count == 0)
        return;
    rh_writer_uint(writer, RH_PRIVATE_EXTERNALS);
    rh_writer_array(writer, value->external_count);
    for (uint32_t i = 0; i < value->external_count; i++) {
        rh_writer_array(writer, 2);
        write_str(writer, value->externals[i].system);
        write_str(writer, value->externals[i].number);
    }
}

enum rh_err rh_private_encode(const struct rh_private *value, struct rh_writer *writer)
{
    size_t begin = writer->bytes;
    if (!private_holds(value))
        return RH_ERR_INVALID;
    uint32_t pairs = one_if(value->title.bytes > 0) + one_if(value->summary.bytes > 0) +
                     one_if(value->person_count > 0) + one_if(value->form_count > 0) +
                     one_if(value->document.bytes > 0) + one_if(value->leader.bytes > 0) +
                     one_if(value->attachment_count > 0) +
                     one_if(value->external_count > 0) +
                     one_if(value->participant_count > 0);
    if (pairs == 0)
        return writer->err;
    rh_writer_map(writer, pairs);
    write_text(writer, RH_PRIVATE_TITLE, value->title);
    write_text(writer, RH_PRIVATE_SUMMARY, value->summary);
    write_persons(value, writer);
    enum rh_err err = write_form(value, writer);
    if (err != RH_OK)
        return err;
    write_text(writer, RH_PRIVATE_DOCUMENT, value->document);
    write_text(writer, RH_PRIVATE_LEADER, value->leader);
    write_attachments(value, writer);
    write_externals(value, writer);
    rh_part_write_participants(value, writer);
    if (writer->err == RH_OK && writer->bytes - begin > RH_PRIVATE_BYTES_MAX)
        return RH_ERR_FULL;
    return writer->err;
}

/* ---- reading ---- */

static void read_person(struct rh_reader *reader, struct rh_person *out)
{
    struct rh_bytes *const places[RH_PERSON_KEY_MAX + 1] = {
        [RH_PERSON_NAME] = &out->name,       [RH_PERSON_ROLE] = &out->role,
        [RH_PERSON_ID_NUMBER] = &out->id_number, [RH_PERSON_PHONE] = &out->phone,
        [RH_PERSON_ADDRESS] = &out->address, [RH_PERSON_UNIT] = &out->unit,
    };
    memset(out, 0, sizeof *out);
    uint32_t pairs = rh_reader_map(reader, RH_PERSON_KEY_MAX);
    for (uint32_t i = 0; i < pairs && reader->err == RH_OK; i++) {
        uint64_t key = rh_reader_uint_max(reader, RH_PERSON_KEY_MAX);
        struct rh_bytes text = rh_reader_str(reader, RH_LINE_BYTES_MAX);
        if (key == 0 || text.bytes == 0)
            rh_reader_fail(reader);
        else
            *places[key] = text;
    }
    if (reader->err == RH_OK && !person_holds(out))
        rh_reader_fail(reader);
}

static void read_form(struct rh_reader *reader, struct rh_private *out)
{
    uint32_t count = rh_reader_map(reader, RH_FORM_FIELDS_MAX);
    for (uint32_t i = 0; i < count && reader->err == RH_OK; i++) {
        struct rh_form_field *one = &out->form[i];
        one->key = rh_reader_str(reader, RH_FACT_KEY_BYTES_MAX);
        one->value = rh_reader_str(reader, RH_FORM_VALUE_BYTES_MAX);
        if (reader->err == RH_OK && !field_holds(one))
            rh_reader_fail(reader);
    }
    out->form_count = count;
}

static void read_attachments(struct rh_reader *reader, struct rh_private *out)
{
    uint32_t count = rh_reader_array(reader, RH_ATTACHMENTS_MAX);
    for (uint32_t i = 0; i < count && reader->err == RH_OK; i++) {
        struct rh_attachment *one = &out->attachments[i];
        rh_part_read_exact_array(reader, 4);
        one->name = rh_reader_str(reader, RH_LINE_BYTES_MAX);
        one->media_type = rh_reader_str(reader, MEDIA_TYPE_BYTES_MAX);
        one->size = rh_part_read_number(reader);
        rh_part_read_hash(reader, &one->sha256);
        if (reader->err == RH_OK && !attachment_holds(one))
            rh_reader_fail(reader);
    }
    out->attachment_count = count;
}

static void read_externals(struct rh_reader *reader, struct rh_private *out)
{
    uint32_t count = rh_reader_array(reader, RH_EXTERNALS_MAX);
    for (uint32_t i = 0; i < count && reader->err == RH_OK; i++) {
        struct rh_external_number *one = &out->externals[i];
        rh_part_read_exact_array(reader, 2);
        one->system = rh_reader_str(reader, RH_SYSTEM_BYTES_MAX);
        one->number = rh_reader_str(reader, RH_LINE_BYTES_MAX);
        if (reader->err == RH_OK && !external_holds(one))
            rh_reader_fail(reader);
    }
    out->external_count = count;
}

/* Reads one value; false when it is empty, which must not be written. */
static bool read_value(struct rh_reader *reader, unsigned key, struct rh_private *out)
{
    switch (key) {
    case RH_PRIVATE_TITLE:
        out->title = rh_reader_str(reader, RH_SUBJECT_BYTES_MAX);
        return out->title.bytes > 0;
    case RH_PRIVATE_SUMMARY:
        out->summary = rh_reader_str(reader, RH_SUMMARY_BYTES_MAX);
        return out->summary.bytes > 0;
    case RH_PRIVATE_PERSONS:
        out->person_count = rh_reader_array(reader, RH_PERSONS_MAX);
        for (uint32_t i = 0; i < out->person_count && reader->err == RH_OK; i++)
            read_person(reader, &out->persons[i]);
        return out->person_count > 0;
    case RH_PRIVATE_FORM:
        read_form(reader, out);
        return out->form_count > 0;
    case RH_PRIVATE_DOCUMENT:
        out->document = rh_reader_str(reader, RH_LINE_BYTES_MAX);
        return out->document.bytes > 0;
    case RH_PRIVATE_LEADER:
        out->leader = rh_reader_str(reader, RH_LINE_BYTES_MAX);
        return out->leader.bytes > 0;
    case RH_PRIVATE_ATTACHMENTS:
        read_attachments(reader, out);
        return out->attachment_count > 0;
    case RH_PRIVATE_EXTERNALS:
        read_externals(reader, out);
        return out->external_count > 0;
    case RH_PRIVATE_PARTICIPANTS:
        return rh_part_read_participants(reader, out);
    default:
        return false;
    }
}

enum rh_err rh_private_decode(struct rh_bytes bytes, struct rh_private *out, unsigned *key)
{
    struct rh_reader reader;
    unsigned at = 0;
    memset(out, 0, sizeof *out);
    if (key != NULL)
        *key = 0;
    if (bytes.bytes == 0)
        return RH_OK;
    enum rh_err err = rh_codec_check(bytes.data, bytes.bytes, RH_PRIVATE_BYTES_MAX, NULL);
    if (err != RH_OK)
        return err;
    rh_reader_init(&reader, bytes.data, bytes.bytes);
    uint32_t pairs = rh_reader_map(&reader, RH_PRIVATE_KEY_MAX);
    if (pairs == 0)
        rh_reader_fail(&reader);
    for (uint32_t i = 0; i < pairs && reader.err == RH_OK; i++) {
        at = (unsigned)rh_reader_uint_max(&reader, RH_PRIVATE_KEY_MAX);
        if (!read_value(&reader, at, out))
            rh_reader_fail(&reader);
    }
    err = rh_reader_finish(&reader);
    if (err != RH_OK && key != NULL)
        *key = at;
    return err;
}

struct rh_bytes rh_private_form(const struct rh_private *value, const char *key)
{
    size_t bytes = strlen(key);
    for (uint32_t i = 0; i < value->form_count; i++)
        if (value->form[i].key.bytes == bytes &&
            memcmp(value->form[i].key.data, key, bytes) == 0)
            return value->form[i].value;
    return (struct rh_bytes){ NULL, 0 };
}

enum rh_err rh_body_encode(const struct rh_body *body, struct rh_writer *writer)
{
    if (!is_media_type(body->media_type))
        return RH_ERR_INVALID;
    rh_writer_array(writer, 2);
    write_str(writer, body->media_type);
    rh_writer_bin(writer, body->content.data, body->content.bytes);
    return writer->err;
}

enum rh_err rh_body_decode(struct rh_bytes bytes, struct rh_body *out)
{
    struct rh_reader reader;
    memset(out, 0, sizeof *out);
    if (bytes.bytes == 0)
        return RH_OK;
    enum rh_err err = rh_part_open_array(&reader, bytes, RH_ITEM_BYTES_MAX, 2);
    if (err != RH_OK)
        return err;
    out->media_type = rh_reader_str(&reader, MEDIA_TYPE_BYTES_MAX);
    out->content = rh_reader_bin(&reader, RH_ITEM_BYTES_MAX);
    if (reader.err == RH_OK && !is_media_type(out->media_type))
        rh_reader_fail(&reader);
    return rh_reader_finish(&reader);
}

static size_t seal_label(const char *tag, const struct rh_message_id *id,
                         uint8_t out[RH_SEAL_LABEL_BYTES])
{
    size_t tag_bytes = strlen(tag) + 1;
    rh_assert(tag_bytes + sizeof id->bytes <= RH_SEAL_LABEL_BYTES);
    memcpy(out, tag, tag_bytes);
    memcpy(out + tag_bytes, id->bytes, sizeof id->bytes);
    return tag_bytes + sizeof id->bytes;
}

size_t rh_private_seal_label(const struct rh_message_id *id, uint8_t out[RH_SEAL_LABEL_BYTES])
{
    return seal_label("rhub/private/1", id, out);
}

size_t rh_body_seal_label(const struct rh_message_id *id, uint8_t out[RH_SEAL_LABEL_BYTES])
{
    return seal_label("rhub/body/1", id, out);
}
