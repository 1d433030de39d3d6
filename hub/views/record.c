/* The rest of a record: a table says which fields each type has, and one loop each writes and
 * reads them. Source: protocol/spec/journal.md, section 10. */
#include "views/record.h"

#include <string.h>

enum field_type {
    FIELD_U32,   /* enumerations too */
    FIELD_U64,
    FIELD_I64,
    FIELD_TEXT,  /* terminated, in an array of `size` */
    FIELD_FIXED, /* exactly `size` bytes, all zero is absent */
    FIELD_BYTES  /* struct rh_bytes, borrowed */
};

struct field {
    enum field_type type;
    uint32_t records; /* set of record types that have it */
    uint32_t needed;  /* set of record types that cannot be without it */
    size_t offset;
    size_t size;
    uint64_t max; /* largest number, or most bytes */
};

#define BIT(type) (1u << (unsigned)RH_RECORD_##type)
#define EVENTS (BIT(ITEM) | BIT(TIMER) | BIT(COMMAND) | BIT(JOB))
#define BY_OPERATOR (BIT(COMMAND) | BIT(CLOCK) | BIT(GENERATION) | BIT(ERASE) | BIT(RULES))
#define STREAMS (BIT(BUNDLE) | BIT(ITEM) | BIT(STREAM))

#define FIELD(kind, member, types, must, largest)                                          \
    {                                                                                      \
        .type = (kind), .records = (types), .needed = (must),                              \
        .offset = offsetof(struct hub_record, member),                                     \
        .size = sizeof(((struct hub_record *)0)->member), .max = (largest),                \
    }

/* The place in the table plus one is the number on paper. Numbers are never reused. */
static const struct field fields[] = {
    /*  1 */ FIELD(FIELD_U32, agency, STREAMS, STREAMS, UINT32_MAX),
    /*  2 */ FIELD(FIELD_BYTES, public_part, BIT(ITEM), 0, RH_ITEM_BYTES_MAX),
    /*  3 */ FIELD(FIELD_FIXED, commitment, BIT(ITEM), 0, 0),
    /*  4 */ FIELD(FIELD_BYTES, keys, BIT(ITEM), 0, RH_ITEM_BYTES_MAX),
    /*  5 */ FIELD(FIELD_U64, bundle_index, BIT(ITEM), 0, RH_NUMBER_MAX),
    /*  6 */ FIELD(FIELD_U32, position, BIT(ITEM), 0, RH_BUNDLE_ITEMS_MAX - 1),
    /*  7 */ FIELD(FIELD_U32, item_bytes, BIT(ITEM), 0, UINT32_MAX),
    /*  8 */ FIELD(FIELD_U64, next_rno, BIT(ITEM), 0, UINT64_MAX),
    /*  9 */ FIELD(FIELD_U64, next_number, BIT(ITEM), 0, UINT64_MAX),
    /* 10 */ FIELD(FIELD_U64, free_slot, BIT(ITEM), 0, UINT64_MAX),
    /* 11 */ FIELD(FIELD_U64, down_ms, EVENTS | BIT(CLOCK), 0, UINT64_MAX),
    /* 12 */ FIELD(FIELD_BYTES, header, BIT(BUNDLE) | BIT(STREAM), BIT(BUNDLE) | BIT(STREAM),
                   64 * 1024),
    /* 13 */ FIELD(FIELD_FIXED, signature, BIT(BUNDLE) | BIT(STREAM), 0, 0),
    /* 14 */ FIELD(FIELD_BYTES, digests, BIT(BUNDLE), BIT(BUNDLE),
                   RH_BUNDLE_ITEMS_MAX * RH_HASH_BYTES),
    /* 15 */ FIELD(FIELD_U64, rno, BIT(TIMER) | BIT(COMMAND) | BIT(JOB) | BIT(ERASE), 0,
                   UINT64_MAX),
    /* 16 */ FIELD(FIELD_U64, key_slot, BIT(ERASE), 0, UINT64_MAX),
    /* 17 */ FIELD(FIELD_U32, command, BIT(COMMAND), BIT(COMMAND),
                   HUB_COMMAND_SUBSCRIPTION),
    /* 18 */ FIELD(FIELD_U32, action, BIT(COMMAND), 0, RH_KIND_END - 1),
    /* 19 */ FIELD(FIELD_TEXT, operator_name, BY_OPERATOR, 0, 0),
    /* 20 */ FIELD(FIELD_TEXT, reason, BY_OPERATOR, 0, 0),
    /* 21 */ FIELD(FIELD_BYTES, agency_row, BIT(COMMAND) | BIT(JOB), 0, 64 * 1024),
    /* 22 */ FIELD(FIELD_BYTES, dead_row, BIT(COMMAND), 0, 64 * 1024),
    /* 23 */ FIELD(FIELD_BYTES, compiled, BIT(RULES), 0, RH_RULES_BYTES_MAX),
    /* 24 */ FIELD(FIELD_BYTES, sources, BIT(RULES), 0, HUB_REST_BYTES_MAX),
    /* 25 */ FIELD(FIELD_BYTES, card, BIT(GENESIS), 0, 64 * 1024),
    /* 26 */ FIELD(FIELD_U64, old_size, BIT(GENERATION), 0, RH_NUMBER_MAX),
    /* 27 */ FIELD(FIELD_FIXED, old_root, BIT(GENERATION), 0, 0),
    /* 28 */ FIELD(FIELD_U32, clock, BIT(CLOCK), BIT(CLOCK), HUB_CLOCK_HELD),
    /* 29 */ FIELD(FIELD_U64, wall_ms, BIT(CLOCK), 0, UINT64_MAX),
    /* 30 */ FIELD(FIELD_I64, shift_ms, BIT(CLOCK), 0, 0),
    /* 31 */ FIELD(FIELD_BYTES, digest_rows, BIT(DIGEST), 0, 64 * 1024),
    /* 32 */ FIELD(FIELD_TEXT, text, BIT(CUT) | BIT(JOB) | BIT(COMMAND), 0, 0),
    /* 33 */ FIELD(FIELD_BYTES, outcome, EVENTS, 0, HUB_REST_BYTES_MAX),
    /* 34 */ FIELD(FIELD_BYTES, lost, BIT(BUNDLE), 0, RH_FRAME_BYTES_MAX),
    /* 35 */ FIELD(FIELD_U64, lost_ms, BIT(ITEM), 0, RH_MS_MAX),
    /* 36 */ FIELD(FIELD_U32, lost_generation, BIT(ITEM), 0, UINT32_MAX),
    /* 37 */ FIELD(FIELD_BYTES, job_row, BIT(JOB), BIT(JOB), HUB_JOB_BYTES_MAX),
    /* 38 */ FIELD(FIELD_BYTES, queued_row, BIT(JOB), 0, HUB_JOB_BYTES_MAX),
    /* 39 */ FIELD(FIELD_BYTES, subscription_row, BIT(COMMAND), 0, HUB_SUBSCRIPTION_BYTES_MAX),
};

enum { FIELDS = (int)(sizeof fields / sizeof fields[0]) };

static_assert(sizeof(enum hub_command_type) == sizeof(uint32_t) &&
                  sizeof(enum hub_clock_type) == sizeof(uint32_t) &&
                  sizeof(enum rh_kind) == sizeof(uint32_t),
              "enumerations are read and written as 32 bits");
static_assert(RH_RECORD_JOB < 32, "a set of record types fits in 32 bits");
static_assert(FIELDS <= 64, "a set of fields fits in 64 bits");

static uint64_t read_number(const struct field *field, const uint8_t *member)
{
    uint32_t small;
    uint64_t large;
    if (field->type == FIELD_U32) {
        memcpy(&small, member, sizeof small);
        return small;
    }
    memcpy(&large, member, sizeof large);
    return large;
}

static struct rh_bytes read_bytes(const uint8_t *member)
{
    struct rh_bytes bytes;
    memcpy(&bytes, member, sizeof bytes);
    return bytes;
}

static bool is_present(const struct field *field, const struct hub_record *record)
{
    static const uint8_t zeros[RH_SIGNATURE_BYTES];
    const uint8_t *member = (const uint8_t *)record + field->offset;
    switch (field->type) {
    case FIELD_U32:
    case FIELD_U64:
    case FIELD_I64:
        return read_number(field, member) != 0;
    case FIELD_TEXT:
        return member[0] != 0;
    case FIELD_FIXED:
        rh_assert(field->size <= sizeof zeros);
        return memcmp(member, zeros, field->size) != 0;
    case FIELD_BYTES:
    default:
        return read_bytes(member).bytes != 0;
    }
}

/* What holds of a record's fields beyond the type of each. `present`: set of places. */
static bool is_sound(const struct hub_record *record, uint64_t present)
{
    uint32_t bit = 1u << (unsigned)record->core.type;
    for (size_t i = 0; i < FIELDS; i++) {
        uint32_t right = (present >> i & 1) != 0 ? fields[i].records : ~fields[i].needed;
        if ((right & bit) == 0)
            return false;
    }
    return record->digests.bytes % RH_HASH_BYTES == 0;
}

static enum rh_err write_field(const struct field *field, const struct hub_record *record,
                               struct rh_writer *writer)
{
    const uint8_t *member = (const uint8_t *)record + field->offset;
    int64_t number;
    switch (field->type) {
    case FIELD_U32:
    case FIELD_U64:
        if (read_number(field, member) > field->max)
            return RH_ERR_INVALID;
        rh_writer_uint(writer, read_number(field, member));
        break;
    case FIELD_I64:
        memcpy(&number, member, sizeof number);
        rh_writer_int(writer, number);
        break;
    case FIELD_TEXT:
        if (memchr(member, 0, field->size) == NULL)
            return RH_ERR_INVALID;
        rh_writer_text(writer, (const char *)member);
        break;
    case FIELD_FIXED:
        rh_writer_bin(writer, member, field->size);
        break;
    case FIELD_BYTES:
    default:
        if (read_bytes(member).bytes > field->max)
            return RH_ERR_INVALID;
        rh_writer_bin(writer, read_bytes(member).data, read_bytes(member).bytes);
        break;
    }
    return writer->err;
}

/* The random bytes stand before the map as they are: no MessagePack around them. */
static void write_random(const struct hub_record *record, struct rh_writer *writer)
{
    rh_writer_raw(writer, record->random, sizeof record->random);
}

enum rh_err hub_record_rest_encode(const struct hub_record *record, struct rh_writer *writer)
{
    uint64_t present = 0;
    uint32_t count = 0;
    for (size_t i = 0; i < FIELDS; i++) {
        bool there = is_present(&fields[i], record);
        present |= (uint64_t)there << i;
        count += there ? 1 : 0;
    }
    if (record->core.type < RH_RECORD_GENESIS || record->core.type > RH_RECORD_JOB ||
        !is_sound(record, present))
        return RH_ERR_INVALID;

    size_t start = writer->bytes;
    write_random(record, writer);
    rh_writer_map(writer, count);
    for (size_t i = 0; i < FIELDS; i++) {
        if ((present >> i & 1) == 0)
            continue;
        rh_writer_uint(writer, (uint64_t)i + 1);
        enum rh_err err = write_field(&fields[i], record, writer);
        if (err != RH_OK)
            return err;
    }
    return writer->err == RH_OK && writer->bytes - start > HUB_REST_BYTES_MAX ? RH_ERR_FULL
                                                                              : writer->err;
}

static void read_field(const struct field *field, struct rh_reader *reader,
                       struct hub_record *out)
{
    uint8_t *member = (uint8_t *)out + field->offset;
    uint32_t small;
    uint64_t large;
    int64_t number;
    struct rh_bytes bytes;
    switch (field->type) {
    case FIELD_U32:
        small = (uint32_t)rh_reader_uint_max(reader, field->max);
        memcpy(member, &small, sizeof small);
        break;
    case FIELD_U64:
        large = rh_reader_uint_max(reader, field->max);
        memcpy(member, &large, sizeof large);
        break;
    case FIELD_I64:
        number = rh_reader_int(reader);
        memcpy(member, &number, sizeof number);
        break;
    case FIELD_TEXT:
        rh_reader_text(reader, (char *)member, field->size);
        break;
    case FIELD_FIXED:
        rh_reader_bin_exact(reader, member, field->size);
        break;
    case FIELD_BYTES:
    default:
        bytes = rh_reader_bin(reader, (size_t)field->max);
        memcpy(member, &bytes, sizeof bytes);
        break;
    }
}

/* Answers the set of fields read. A field that is written although it is zero would give the
 * same record a second form. */
static uint64_t read_map(struct rh_reader *reader, struct hub_record *out)
{
    uint32_t count = rh_reader_map(reader, FIELDS);
    uint64_t last = 0;
    uint64_t present = 0;
    for (uint32_t i = 0; i < count && reader->err == RH_OK; i++) {
        uint64_t key = rh_reader_uint_max(reader, FIELDS);
        if (key <= last) {
            rh_reader_fail(reader);
            break;
        }
        last = key;
        present |= UINT64_C(1) << (key - 1);
        read_field(&fields[key - 1], reader, out);
        if (reader->err == RH_OK && !is_present(&fields[key - 1], out))
            rh_reader_fail(reader);
    }
    return present;
}

enum rh_err hub_record_decode(struct rh_bytes core, struct rh_bytes rest,
                              struct hub_record *out)
{
    memset(out, 0, sizeof *out);
    if (core.bytes > RH_CORE_BYTES_MAX || rest.bytes < HUB_REST_RANDOM_BYTES + 1 ||
        rest.bytes > HUB_REST_BYTES_MAX || rh_receipt_decode(core, &out->core) != RH_OK)
        return RH_ERR_CORRUPT;
    const uint8_t *map = rest.data + HUB_REST_RANDOM_BYTES;
    size_t map_bytes = rest.bytes - HUB_REST_RANDOM_BYTES;
    if (rh_codec_check(map, map_bytes, map_bytes, NULL) != RH_OK)
        return RH_ERR_CORRUPT;

    memcpy(out->random, rest.data, sizeof out->random);
    struct rh_reader reader;
    rh_reader_init(&reader, map, map_bytes);
    uint64_t present = read_map(&reader, out);
    return rh_reader_finish(&reader) == RH_OK && is_sound(out, present) ? RH_OK
                                                                        : RH_ERR_CORRUPT;
}

/* The public part begins with a map whose keys ascend: 1 the message id, 2 the kind. */
enum rh_kind hub_record_kind(struct rh_bytes public_part)
{
    enum { KEY_MESSAGE_ID = 1, KEY_KIND = 2 };
    struct rh_reader reader;
    rh_reader_init(&reader, public_part.data, public_part.bytes);
    uint32_t count = rh_reader_map(&reader, UINT32_MAX);
    for (uint32_t i = 0; i < count && i < KEY_KIND && reader.err == RH_OK; i++) {
        uint64_t key = rh_reader_uint_max(&reader, KEY_KIND);
        if (key == KEY_KIND) {
            uint64_t kind = rh_reader_uint(&reader);
            return reader.err == RH_OK && rh_kind_is_known(kind) ? (enum rh_kind)kind
                                                                 : RH_KIND_NONE;
        }
        rh_reader_skip(&reader);
    }
    return RH_KIND_NONE;
}

/* The end of a matter, a clock missed, anything done, a warning, a date or a right. */
static unsigned gravity(enum rh_kind kind)
{
    if (kind == RH_KIND_CLOSE)
        return 5;
    if (kind == RH_KIND_OVERDUE)
        return 4;
    if (kind == RH_KIND_DUE_SOON)
        return 2;
    return kind == RH_KIND_NOTICE ? 1 : 3;
}

enum rh_kind hub_record_noted(const struct hub_outcome *outcome, uint64_t rno)
{
    enum rh_kind found = RH_KIND_NONE;
    for (uint32_t i = 0; i < outcome->note_count; i++) {
        const struct hub_note_out *note = &outcome->notes[i];
        if (note->rno == rno &&
            (found == RH_KIND_NONE || gravity(note->kind) > gravity(found)))
            found = note->kind;
    }
    return found;
}
