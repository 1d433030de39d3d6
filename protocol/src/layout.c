/* Members are reached by offset and copied by memcpy, so the tables need no accessors and no
 * alignment can be wrong. */
#include <rh/layout.h>

#include <string.h>

#include <rh/err.h>

enum { FIELDS_MAX = 255 };

static const uint8_t *member(const void *value, size_t offset)
{
    return (const uint8_t *)value + offset;
}

static uint32_t load_u32(const uint8_t *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof(value));
    return value;
}

static uint64_t load_u64(const uint8_t *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof(value));
    return value;
}

static bool all_zero(const uint8_t *from, size_t bytes)
{
    size_t i = 0;
    for (; i + sizeof(uint64_t) <= bytes; i += sizeof(uint64_t)) {
        if (load_u64(from + i) != 0)
            return false;
    }
    for (; i < bytes; i++) {
        if (from[i] != 0)
            return false;
    }
    return true;
}

static uint32_t list_count(const struct rh_layout_field *field, const void *value)
{
    if (field->count_offset == RH_LAYOUT_FIXED)
        return field->count_max;
    uint32_t count = load_u32(member(value, field->count_offset));
    rh_assert(count <= field->count_max);
    return count;
}

/* A value that is zero or empty is left out. A struct inside a list is written always. */
static bool is_present(const struct rh_layout_field *field, const void *value)
{
    const uint8_t *from = member(value, field->offset);
    if (field->type == RH_LAYOUT_TYPE_LIST) {
        if (field->count_offset == RH_LAYOUT_FIXED)
            return !all_zero(from, field->size * field->count_max);
        return list_count(field, value) > 0;
    }
    if (field->type == RH_LAYOUT_TYPE_TEXT)
        return from[0] != 0;
    if (field->type == RH_LAYOUT_TYPE_STRUCT) {
        for (uint32_t i = 0; i < field->layout->count; i++) {
            if (is_present(&field->layout->fields[i], from))
                return true;
        }
        return false;
    }
    switch (field->size) { /* most are one of these */
    case sizeof(uint8_t):
        return from[0] != 0;
    case sizeof(uint32_t):
        return load_u32(from) != 0;
    case sizeof(uint64_t):
        return load_u64(from) != 0;
    default:
        return !all_zero(from, field->size);
    }
}

static void write_signed(int64_t value, struct rh_writer *writer)
{
    if (value < 0)
        rh_writer_int(writer, value);
    else
        rh_writer_uint(writer, (uint64_t)value);
}

static void write_one(const struct rh_layout_field *field, enum rh_layout_type type,
                      const uint8_t *from, struct rh_writer *writer)
{
    switch (type) {
    case RH_LAYOUT_TYPE_BOOL:
        rh_writer_bool(writer, from[0] != 0);
        break;
    case RH_LAYOUT_TYPE_U8:
        rh_writer_uint(writer, from[0]);
        break;
    case RH_LAYOUT_TYPE_U32:
        rh_assert(load_u32(from) <= field->max);
        rh_writer_uint(writer, load_u32(from));
        break;
    case RH_LAYOUT_TYPE_U64:
        rh_writer_uint(writer, load_u64(from));
        break;
    case RH_LAYOUT_TYPE_I32:
        write_signed((int32_t)load_u32(from), writer);
        break;
    case RH_LAYOUT_TYPE_I64:
        write_signed((int64_t)load_u64(from), writer);
        break;
    case RH_LAYOUT_TYPE_TEXT:
        rh_assert(memchr(from, 0, field->size) != NULL);
        rh_writer_text(writer, (const char *)from);
        break;
    case RH_LAYOUT_TYPE_BIN:
        rh_writer_bin(writer, from, field->size);
        break;
    case RH_LAYOUT_TYPE_STRUCT:
        rh_layout_write(field->layout, from, writer);
        break;
    case RH_LAYOUT_TYPE_LIST:
        rh_assert(false); /* no list of lists */
        break;
    }
}

void rh_layout_write(const struct rh_layout *layout, const void *value,
                     struct rh_writer *writer)
{
    uint8_t present[FIELDS_MAX]; /* places in the table, in order */
    uint32_t pairs = 0;
    rh_assert(layout->count <= FIELDS_MAX);
    for (uint32_t i = 0; i < layout->count; i++) {
        if (is_present(&layout->fields[i], value))
            present[pairs++] = (uint8_t)i;
    }
    rh_writer_map(writer, pairs);
    for (uint32_t i = 0; i < pairs; i++) {
        const struct rh_layout_field *field = &layout->fields[present[i]];
        const uint8_t *from = member(value, field->offset);
        rh_writer_uint(writer, field->key);
        if (field->type != RH_LAYOUT_TYPE_LIST) {
            write_one(field, field->type, from, writer);
            continue;
        }
        uint32_t count = list_count(field, value);
        rh_writer_array(writer, count);
        for (uint32_t k = 0; k < count; k++)
            write_one(field, field->element, from + k * field->size, writer);
    }
}

static void read_one(const struct rh_layout_field *field, enum rh_layout_type type,
                     struct rh_reader *reader, uint8_t *to)
{
    switch (type) {
    case RH_LAYOUT_TYPE_BOOL:
        to[0] = rh_reader_bool(reader) ? 1 : 0;
        break;
    case RH_LAYOUT_TYPE_U8:
        to[0] = (uint8_t)rh_reader_uint_max(reader, UINT8_MAX);
        break;
    case RH_LAYOUT_TYPE_U32: {
        uint32_t value = (uint32_t)rh_reader_uint_max(reader, field->max);
        memcpy(to, &value, sizeof(value));
        break;
    }
    case RH_LAYOUT_TYPE_U64: {
        uint64_t value = rh_reader_uint(reader);
        memcpy(to, &value, sizeof(value));
        break;
    }
    case RH_LAYOUT_TYPE_I32: {
        int64_t wide = rh_reader_int(reader);
        if (wide < INT32_MIN || wide > INT32_MAX) {
            rh_reader_fail(reader);
            wide = 0;
        }
        int32_t value = (int32_t)wide;
        memcpy(to, &value, sizeof(value));
        break;
    }
    case RH_LAYOUT_TYPE_I64: {
        int64_t value = rh_reader_int(reader);
        memcpy(to, &value, sizeof(value));
        break;
    }
    case RH_LAYOUT_TYPE_TEXT:
        rh_reader_text(reader, (char *)to, field->size);
        break;
    case RH_LAYOUT_TYPE_BIN:
        rh_reader_bin_exact(reader, to, field->size);
        break;
    case RH_LAYOUT_TYPE_STRUCT:
        rh_layout_read(field->layout, reader, to);
        break;
    case RH_LAYOUT_TYPE_LIST:
        rh_assert(false);
        break;
    }
}

static void read_list(const struct rh_layout_field *field, struct rh_reader *reader, void *out)
{
    uint32_t count = rh_reader_array(reader, field->count_max);
    if (field->count_offset != RH_LAYOUT_FIXED)
        memcpy((uint8_t *)out + field->count_offset, &count, sizeof(count));
    else if (count != field->count_max)
        rh_reader_fail(reader);
    for (uint32_t i = 0; i < count && reader->err == RH_OK; i++) {
        uint8_t *to = (uint8_t *)out + field->offset + i * field->size;
        if (field->element != RH_LAYOUT_TYPE_STRUCT)
            memset(to, 0, field->size);
        read_one(field, field->element, reader, to);
    }
}

static const struct rh_layout_field *find(const struct rh_layout *layout, uint64_t key,
                                          uint32_t *from)
{
    for (uint32_t i = *from; i < layout->count; i++) {
        if (layout->fields[i].key == key) {
            *from = i + 1; /* keys ascend, so none comes twice */
            return &layout->fields[i];
        }
    }
    return NULL;
}

static void clear(const struct rh_layout *layout, void *out)
{
    if (!layout->sparse) {
        memset(out, 0, layout->size);
        return;
    }
    for (uint32_t i = 0; i < layout->count; i++) {
        const struct rh_layout_field *field = &layout->fields[i];
        bool list = field->type == RH_LAYOUT_TYPE_LIST;
        if (list && field->count_offset != RH_LAYOUT_FIXED)
            memset((uint8_t *)out + field->count_offset, 0, sizeof(uint32_t));
        else
            memset((uint8_t *)out + field->offset, 0,
                   list ? field->size * field->count_max : field->size);
    }
}

void rh_layout_read(const struct rh_layout *layout, struct rh_reader *reader, void *out)
{
    clear(layout, out);
    uint32_t pairs = rh_reader_map(reader, layout->count);
    uint32_t from = 0;
    for (uint32_t i = 0; i < pairs && reader->err == RH_OK; i++) {
        const struct rh_layout_field *field = find(layout, rh_reader_uint(reader), &from);
        if (field == NULL) {
            rh_reader_fail(reader);
            break;
        }
        if (field->type == RH_LAYOUT_TYPE_LIST)
            read_list(field, reader, out);
        else
            read_one(field, field->type, reader, (uint8_t *)out + field->offset);
        if (reader->err == RH_OK && !is_present(field, out))
            rh_reader_fail(reader);
    }
    if (reader->err != RH_OK)
        clear(layout, out);
}
