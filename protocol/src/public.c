/* The public part: one table says for each key where the field lives and how it is checked;
 * reading, checking and writing all follow it. A field that is zero or empty is absent on
 * the wire, and a present one must not be: so every value has exactly one encoding. */
#include <rh/item.h>

#include <string.h>

#include "parts.h"

enum field_type {
    FIELD_NONE,
    FIELD_ID,
    FIELD_KIND,
    FIELD_AGENCY,
    FIELD_CODE,
    FIELD_LANE,
    FIELD_MS,
    FIELD_NUMBER,
    FIELD_U32,
    FIELD_FLAG,
    FIELD_TRACE,
    FIELD_EXTERNALS,
    FIELD_COPIES,
    FIELD_CHILDREN,
    FIELD_FACTS,
    FIELD_ACCUSED,
    FIELD_PERSONS,
    FIELD_HASH
};

enum { FIELD_COUNT = 34, FIELD_MESSAGE_ID = 1, FIELD_OF_KIND = 2, FIELD_REFERRAL_ID = 3 };

struct field {
    enum field_type type;
    size_t offset;
};

#define AT(member) offsetof(struct rh_public, member)

static const struct field fields[FIELD_COUNT] = {
    [1] = { FIELD_ID, AT(message_id) },
    [2] = { FIELD_KIND, AT(kind) },
    [3] = { FIELD_ID, AT(referral_id) },
    [4] = { FIELD_ID, AT(root_id) },
    [5] = { FIELD_ID, AT(other_id) },
    [6] = { FIELD_ID, AT(refers_to) },
    [7] = { FIELD_AGENCY, AT(to) },
    [8] = { FIELD_CODE, AT(procedure) },
    [9] = { FIELD_LANE, AT(lane) },
    [10] = { FIELD_CODE, AT(category) },
    [11] = { FIELD_CODE, AT(area) },
    [12] = { FIELD_CODE, AT(source) },
    [13] = { FIELD_CODE, AT(code) },
    [14] = { FIELD_CODE, AT(basis) },
    [15] = { FIELD_AGENCY, AT(proper) },
    [16] = { FIELD_MS, AT(due_ms) },
    [17] = { FIELD_MS, AT(occurred_ms) },
    [18] = { FIELD_U32, AT(extend_n) },
    [19] = { FIELD_FLAG, AT(report_required) },
    [20] = { FIELD_FLAG, AT(information_wanted) },
    [21] = { FIELD_FLAG, AT(reply_owed) },
    [22] = { FIELD_FLAG, AT(leader_named) },
    [23] = { FIELD_EXTERNALS, AT(externals) },
    [24] = { FIELD_COPIES, AT(copies) },
    [25] = { FIELD_CHILDREN, AT(children) },
    [26] = { FIELD_FACTS, AT(facts) },
    [27] = { FIELD_TRACE, AT(trace) },
    [28] = { FIELD_AGENCY, AT(from) },
    [29] = { FIELD_NUMBER, AT(pair_seq) },
    [30] = { FIELD_U32, AT(refusal) },
    [31] = { FIELD_ACCUSED, AT(accused) },
    [32] = { FIELD_PERSONS, AT(persons) },
    [33] = { FIELD_HASH, AT(matter) },
};

static const void *at(const struct rh_public *value, unsigned key)
{
    return (const char *)value + fields[key].offset;
}

static void *at_mutable(struct rh_public *value, unsigned key)
{
    return (char *)value + fields[key].offset;
}

static uint64_t get_u64(const void *data)
{
    uint64_t value;
    memcpy(&value, data, sizeof value);
    return value;
}

static uint32_t get_u32(const void *data)
{
    uint32_t value;
    memcpy(&value, data, sizeof value);
    return value;
}

static bool is_present(const struct rh_public *value, unsigned key)
{
    switch (fields[key].type) {
    case FIELD_ID:
        return !rh_id_is_zero(at(value, key));
    case FIELD_KIND:
        return value->kind != RH_KIND_NONE;
    case FIELD_AGENCY:
    case FIELD_CODE:
    case FIELD_TRACE:
        return *(const char *)at(value, key) != 0;
    case FIELD_LANE:
        return value->lane != RH_LANE_NORMAL;
    case FIELD_MS:
    case FIELD_NUMBER:
        return get_u64(at(value, key)) != 0;
    case FIELD_U32:
        return get_u32(at(value, key)) != 0;
    case FIELD_FLAG:
        return *(const bool *)at(value, key);
    case FIELD_EXTERNALS:
        return value->external_count != 0;
    case FIELD_COPIES:
        return value->copy_count != 0;
    case FIELD_CHILDREN:
        return value->child_count != 0;
    case FIELD_FACTS:
        return value->fact_count != 0;
    case FIELD_ACCUSED:
        return value->accused_count != 0;
    case FIELD_PERSONS:
        return value->person_count != 0;
    case FIELD_HASH:
        return !rh_hash_is_zero(at(value, key));
    case FIELD_NONE:
        break;
    }
    return false;
}

/* Checks of the lists: each element by itself, and no element twice. */

static bool externals_hold(const struct rh_public *value)
{
    if (value->external_count > RH_EXTERNALS_MAX)
        return false;
    for (uint32_t i = 0; i < value->external_count; i++) {
        const struct rh_external *one = &value->externals[i];
        if (!rh_part_is_system(one->system, rh_part_length(one->system, sizeof one->system)))
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(value->externals[k].system, one->system) == 0 &&
                rh_hash_equal(&value->externals[k].hash, &one->hash))
                return false;
    }
    return true;
}

static bool copies_hold(const struct rh_public *value)
{
    if (value->copy_count > RH_COPIES_MAX)
        return false;
    for (uint32_t i = 0; i < value->copy_count; i++) {
        if (!rh_part_is_agency(&value->copies[i]))
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(value->copies[k].text, value->copies[i].text) == 0)
                return false;
    }
    return true;
}

static bool children_hold(const struct rh_public *value)
{
    if (value->child_count > RH_CHILDREN_MAX)
        return false;
    for (uint32_t i = 0; i < value->child_count; i++) {
        const struct rh_child *one = &value->children[i];
        if (rh_id_is_zero(one->id.bytes) || !rh_part_is_agency(&one->to))
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (memcmp(value->children[k].id.bytes, one->id.bytes, RH_ID_BYTES) == 0)
                return false;
    }
    return true;
}

static bool facts_hold(const struct rh_public *value)
{
    if (value->fact_count > RH_FACTS_MAX)
        return false;
    for (uint32_t i = 0; i < value->fact_count; i++) {
        const struct rh_fact *one = &value->facts[i];
        if (!rh_part_is_key(one->key, rh_part_length(one->key, sizeof one->key)))
            return false;
        if (!one->is_number &&
            !rh_part_is_code(one->code, rh_part_length(one->code, sizeof one->code)))
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(value->facts[k].key, one->key) == 0)
                return false;
    }
    return true;
}

static bool persons_hold(const struct rh_public *value)
{
    if (value->person_count > RH_PERSON_HASHES_MAX)
        return false;
    for (uint32_t i = 0; i < value->person_count; i++) {
        for (uint32_t k = 0; k < i; k++)
            if (rh_hash_equal(&value->persons[k], &value->persons[i]))
                return false;
    }
    return true;
}

/* Whether a present field holds what its type allows. */
static bool field_holds(const struct rh_public *value, unsigned key)
{
    const char *text = at(value, key);
    switch (fields[key].type) {
    case FIELD_ID:
    case FIELD_U32:
    case FIELD_FLAG:
    case FIELD_HASH:
        return true;
    case FIELD_KIND:
        return rh_kind_is_known((uint64_t)value->kind);
    case FIELD_AGENCY:
        return rh_part_is_agency(at(value, key));
    case FIELD_CODE:
        return rh_part_is_code(text, rh_part_length(text, RH_CODE_BYTES_MAX + 1));
    case FIELD_TRACE:
        return rh_part_is_trace(text, rh_part_length(text, RH_TRACE_BYTES_MAX + 1));
    case FIELD_LANE:
        return (unsigned)value->lane < RH_LANE_COUNT;
    case FIELD_MS:
        return get_u64(at(value, key)) <= RH_MS_MAX;
    case FIELD_NUMBER:
        return get_u64(at(value, key)) <= RH_NUMBER_MAX;
    case FIELD_EXTERNALS:
        return externals_hold(value);
    case FIELD_COPIES:
        return copies_hold(value);
    case FIELD_CHILDREN:
        return children_hold(value);
    case FIELD_FACTS:
        return facts_hold(value);
    case FIELD_ACCUSED:
        return value->accused_count <= RH_ACCUSED_MAX;
    case FIELD_PERSONS:
        return persons_hold(value);
    case FIELD_NONE:
        break;
    }
    return false;
}

/* 0 when all required fields are there, else the key of the first missing one. */
static unsigned missing_field(const struct rh_public *value)
{
    if (!is_present(value, FIELD_MESSAGE_ID))
        return FIELD_MESSAGE_ID;
    if (!is_present(value, FIELD_OF_KIND))
        return FIELD_OF_KIND;
    if (value->kind == RH_KIND_ACK || value->kind == RH_KIND_NACK ||
        value->kind == RH_KIND_BULLETIN || value->kind == RH_KIND_WARNING ||
        value->kind == RH_KIND_ACKNOWLEDGE_INFO || value->kind == RH_KIND_SHARED)
        return 0;
    return is_present(value, FIELD_REFERRAL_ID) ? 0 : FIELD_REFERRAL_ID;
}

enum rh_err rh_public_check(const struct rh_public *value, unsigned *field)
{
    unsigned bad = 0;
    for (unsigned key = 1; key < FIELD_COUNT && bad == 0; key++)
        if (is_present(value, key) && !field_holds(value, key))
            bad = key;
    if (bad == 0)
        bad = missing_field(value);
    if (field != NULL)
        *field = bad;
    return bad == 0 ? RH_OK : RH_ERR_INVALID;
}

static void write_facts(const struct rh_public *value, struct rh_writer *writer)
{
    /* Callers add facts in any order; a canonical map has only one. */
    const struct rh_fact *order[RH_FACTS_MAX];
    for (uint32_t i = 0; i < value->fact_count; i++) {
        const struct rh_fact *one = &value->facts[i];
        uint32_t k = i;
        for (; k > 0; k--) {
            const struct rh_fact *before = order[k - 1];
            if (rh_part_key_order(before->key, strlen(before->key), one->key,
                                  strlen(one->key)) < 0)
                break;
            order[k] = before;
        }
        order[k] = one;
    }
    rh_writer_map(writer, value->fact_count);
    for (uint32_t i = 0; i < value->fact_count; i++) {
        rh_writer_text(writer, order[i]->key);
        if (order[i]->is_number)
            rh_writer_int(writer, order[i]->number);
        else
            rh_writer_text(writer, order[i]->code);
    }
}

static void write_list(const struct rh_public *value, enum field_type type,
                       struct rh_writer *writer)
{
    if (type == FIELD_EXTERNALS) {
        rh_writer_array(writer, value->external_count);
        for (uint32_t i = 0; i < value->external_count; i++) {
            rh_writer_array(writer, 2);
            rh_writer_text(writer, value->externals[i].system);
            rh_writer_bin(writer, value->externals[i].hash.bytes, RH_HASH_BYTES);
        }
    } else if (type == FIELD_COPIES) {
        rh_writer_array(writer, value->copy_count);
        for (uint32_t i = 0; i < value->copy_count; i++)
            rh_writer_text(writer, value->copies[i].text);
    } else if (type == FIELD_CHILDREN) {
        rh_writer_array(writer, value->child_count);
        for (uint32_t i = 0; i < value->child_count; i++) {
            rh_writer_array(writer, 3);
            rh_writer_bin(writer, value->children[i].id.bytes, RH_ID_BYTES);
            rh_writer_text(writer, value->children[i].to.text);
            rh_writer_bool(writer, value->children[i].mandatory);
        }
    } else if (type == FIELD_FACTS) {
        write_facts(value, writer);
    } else if (type == FIELD_PERSONS) {
        rh_part_write_hashes(writer, value->persons, value->person_count);
    } else {
        rh_part_write_hashes(writer, value->accused, value->accused_count);
    }
}

static void write_field(const struct rh_public *value, unsigned key, struct rh_writer *writer)
{
    switch (fields[key].type) {
    case FIELD_ID:
        rh_writer_bin(writer, at(value, key), RH_ID_BYTES);
        break;
    case FIELD_HASH:
        rh_writer_bin(writer, at(value, key), RH_HASH_BYTES);
        break;
    case FIELD_KIND:
        rh_writer_uint(writer, (uint64_t)value->kind);
        break;
    case FIELD_AGENCY:
    case FIELD_CODE:
    case FIELD_TRACE:
        rh_writer_text(writer, at(value, key));
        break;
    case FIELD_LANE:
        rh_writer_uint(writer, (uint64_t)value->lane);
        break;
    case FIELD_MS:
    case FIELD_NUMBER:
        rh_writer_uint(writer, get_u64(at(value, key)));
        break;
    case FIELD_U32:
        rh_writer_uint(writer, get_u32(at(value, key)));
        break;
    case FIELD_FLAG:
        rh_writer_bool(writer, true);
        break;
    case FIELD_EXTERNALS:
    case FIELD_COPIES:
    case FIELD_CHILDREN:
    case FIELD_FACTS:
    case FIELD_ACCUSED:
    case FIELD_PERSONS:
        write_list(value, fields[key].type, writer);
        break;
    case FIELD_NONE:
        break;
    }
}

enum rh_err rh_public_encode(const struct rh_public *value, struct rh_writer *writer)
{
    enum rh_err err = rh_public_check(value, NULL);
    if (err != RH_OK)
        return err;
    uint32_t present = 0;
    for (unsigned key = 1; key < FIELD_COUNT; key++)
        present += is_present(value, key) ? 1 : 0;
    rh_writer_map(writer, present);
    for (unsigned key = 1; key < FIELD_COUNT; key++) {
        if (!is_present(value, key))
            continue;
        rh_writer_uint(writer, key);
        write_field(value, key, writer);
    }
    return writer->err;
}

static void read_externals(struct rh_reader *reader, struct rh_public *out)
{
    uint32_t count = rh_reader_array(reader, RH_EXTERNALS_MAX);
    for (uint32_t i = 0; i < count && reader->err == RH_OK; i++) {
        memset(&out->externals[i], 0, sizeof out->externals[i]);
        rh_part_read_exact_array(reader, 2);
        rh_reader_text(reader, out->externals[i].system, sizeof out->externals[i].system);
        rh_part_read_hash(reader, &out->externals[i].hash);
    }
    out->external_count = reader->err == RH_OK ? count : 0;
}

static void read_copies(struct rh_reader *reader, struct rh_public *out)
{
    uint32_t count = rh_reader_array(reader, RH_COPIES_MAX);
    for (uint32_t i = 0; i < count && reader->err == RH_OK; i++) {
        memset(&out->copies[i], 0, sizeof out->copies[i]);
        rh_reader_text(reader, out->copies[i].text, sizeof out->copies[i].text);
    }
    out->copy_count = reader->err == RH_OK ? count : 0;
}

static void read_children(struct rh_reader *reader, struct rh_public *out)
{
    uint32_t count = rh_reader_array(reader, RH_CHILDREN_MAX);
    for (uint32_t i = 0; i < count && reader->err == RH_OK; i++) {
        struct rh_child *one = &out->children[i];
        memset(one, 0, sizeof *one);
        rh_part_read_exact_array(reader, 3);
        rh_reader_bin_exact(reader, one->id.bytes, sizeof one->id.bytes);
        rh_reader_text(reader, one->to.text, sizeof one->to.text);
        one->mandatory = rh_reader_bool(reader);
    }
    out->child_count = reader->err == RH_OK ? count : 0;
}

static void read_facts(struct rh_reader *reader, struct rh_public *out)
{
    uint32_t count = rh_reader_map(reader, RH_FACTS_MAX);
    for (uint32_t i = 0; i < count && reader->err == RH_OK; i++) {
        struct rh_fact *one = &out->facts[i];
        memset(one, 0, sizeof *one);
        rh_reader_text(reader, one->key, sizeof one->key);
        one->is_number = rh_reader_peek(reader) != RH_CODEC_STR;
        if (one->is_number)
            one->number = rh_reader_int(reader);
        else
            rh_reader_text(reader, one->code, sizeof one->code);
    }
    out->fact_count = reader->err == RH_OK ? count : 0;
}

static void read_scalar(struct rh_reader *reader, unsigned key, struct rh_public *out)
{
    void *place = at_mutable(out, key);
    if (fields[key].type == FIELD_U32) {
        uint32_t value = (uint32_t)rh_reader_uint_max(reader, UINT32_MAX);
        memcpy(place, &value, sizeof value);
    } else if (fields[key].type == FIELD_FLAG) {
        bool value = rh_reader_bool(reader);
        memcpy(place, &value, sizeof value);
    } else {
        uint64_t value = rh_reader_uint(reader);
        memcpy(place, &value, sizeof value);
    }
}

static void read_field(struct rh_reader *reader, unsigned key, struct rh_public *out)
{
    void *place = at_mutable(out, key);
    switch (fields[key].type) {
    case FIELD_ID:
        rh_reader_bin_exact(reader, place, RH_ID_BYTES);
        break;
    case FIELD_HASH:
        rh_reader_bin_exact(reader, place, RH_HASH_BYTES);
        break;
    case FIELD_KIND:
        out->kind = (enum rh_kind)rh_reader_uint_max(reader, RH_KIND_END - 1);
        break;
    case FIELD_LANE:
        out->lane = (enum rh_lane)rh_reader_uint_max(reader, RH_LANE_COUNT - 1);
        break;
    case FIELD_AGENCY:
        rh_reader_text(reader, place, RH_AGENCY_BYTES_MAX + 1);
        break;
    case FIELD_CODE:
        rh_reader_text(reader, place, RH_CODE_BYTES_MAX + 1);
        break;
    case FIELD_TRACE:
        rh_reader_text(reader, place, RH_TRACE_BYTES_MAX + 1);
        break;
    case FIELD_MS:
    case FIELD_NUMBER:
    case FIELD_U32:
    case FIELD_FLAG:
        read_scalar(reader, key, out);
        break;
    case FIELD_EXTERNALS:
        read_externals(reader, out);
        break;
    case FIELD_COPIES:
        read_copies(reader, out);
        break;
    case FIELD_CHILDREN:
        read_children(reader, out);
        break;
    case FIELD_FACTS:
        read_facts(reader, out);
        break;
    case FIELD_ACCUSED:
        out->accused_count = rh_part_read_hashes(reader, out->accused, RH_ACCUSED_MAX);
        break;
    case FIELD_PERSONS:
        out->person_count = rh_part_read_hashes(reader, out->persons, RH_PERSON_HASHES_MAX);
        break;
    case FIELD_NONE:
        rh_reader_fail(reader);
        break;
    }
}

/* Zero everything but the long lists: they count for five sixths of the structure and are
 * written element by element when they are there. */
static void clear(struct rh_public *out)
{
    memset(out, 0, offsetof(struct rh_public, externals));
    out->copy_count = 0;
    out->child_count = 0;
    out->fact_count = 0;
    memset((char *)out + offsetof(struct rh_public, trace), 0,
           offsetof(struct rh_public, accused) - offsetof(struct rh_public, trace));
}

enum rh_err rh_public_decode(struct rh_bytes bytes, struct rh_public *out, unsigned *field)
{
    struct rh_reader reader;
    unsigned key = 0;
    if (field != NULL)
        *field = 0;
    clear(out);
    enum rh_err err = rh_codec_check(bytes.data, bytes.bytes, RH_PUBLIC_BYTES_MAX, NULL);
    if (err != RH_OK)
        return err;

    rh_reader_init(&reader, bytes.data, bytes.bytes);
    uint32_t pairs = rh_reader_map(&reader, FIELD_COUNT - 1);
    for (uint32_t i = 0; i < pairs && reader.err == RH_OK; i++) {
        key = (unsigned)rh_reader_uint_max(&reader, FIELD_COUNT - 1);
        read_field(&reader, key, out);
        if (reader.err == RH_OK && (!is_present(out, key) || !field_holds(out, key)))
            rh_reader_fail(&reader);
    }
    err = rh_reader_finish(&reader);
    if (err == RH_OK) {
        key = missing_field(out);
        err = key == 0 ? RH_OK : RH_ERR_INVALID;
    }
    if (err != RH_OK && field != NULL)
        *field = key;
    return err;
}

const struct rh_fact *rh_public_fact(const struct rh_public *value, const char *key)
{
    for (uint32_t i = 0; i < value->fact_count; i++)
        if (strcmp(value->facts[i].key, key) == 0)
            return &value->facts[i];
    return NULL;
}
