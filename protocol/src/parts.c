#include "parts.h"

#include <string.h>

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool rh_part_is_code(const char *text, size_t bytes)
{
    if (bytes == 0 || bytes > RH_CODE_BYTES_MAX)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        bool ok = is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
        if (!ok && i > 0)
            ok = c == '_' || c == '.' || c == ':' || c == '/' || c == '-';
        if (!ok)
            return false;
    }
    return true;
}

bool rh_part_is_key(const char *text, size_t bytes)
{
    if (bytes == 0 || bytes > RH_FACT_KEY_BYTES_MAX || !is_lower(text[0]))
        return false;
    for (size_t i = 1; i < bytes; i++)
        if (!is_lower(text[i]) && !is_digit(text[i]) && text[i] != '_')
            return false;
    return true;
}

bool rh_part_is_system(const char *text, size_t bytes)
{
    if (bytes == 0 || bytes > RH_SYSTEM_BYTES_MAX)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        bool ok = is_lower(c) || is_digit(c);
        if (!ok && i > 0)
            ok = c == '_' || c == '.' || c == '-';
        if (!ok)
            return false;
    }
    return true;
}

bool rh_part_is_trace(const char *text, size_t bytes)
{
    if (bytes != 55)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        bool dash = i == 2 || i == 35 || i == 52;
        if (dash ? text[i] != '-' : !is_hex(text[i]))
            return false;
    }
    return true;
}

bool rh_part_is_printable(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return true;
}

size_t rh_part_length(const char *text, size_t capacity)
{
    const char *end = memchr(text, 0, capacity);
    return end != NULL ? (size_t)(end - text) : capacity;
}

bool rh_part_is_agency(const struct rh_agency_id *agency)
{
    struct rh_agency_id copy;
    size_t bytes = rh_part_length(agency->text, sizeof agency->text);
    return rh_agency_id_parse(agency->text, bytes, &copy) == RH_OK;
}

int rh_part_key_order(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    if (a_bytes != b_bytes)
        return a_bytes < b_bytes ? -1 : 1;
    return memcmp(a, b, a_bytes);
}

void rh_part_read_agency(struct rh_reader *reader, struct rh_agency_id *out)
{
    struct rh_bytes text = rh_reader_str(reader, RH_AGENCY_BYTES_MAX);
    memset(out, 0, sizeof *out);
    if (reader->err == RH_OK &&
        rh_agency_id_parse((const char *)text.data, text.bytes, out) != RH_OK)
        rh_reader_fail(reader);
}

void rh_part_read_hub(struct rh_reader *reader, struct rh_hub_id *out)
{
    struct rh_bytes text = rh_reader_str(reader, RH_HUB_ID_BYTES_MAX);
    memset(out, 0, sizeof *out);
    if (reader->err == RH_OK &&
        rh_hub_id_parse((const char *)text.data, text.bytes, out) != RH_OK)
        rh_reader_fail(reader);
}

void rh_part_read_hash(struct rh_reader *reader, struct rh_hash *out)
{
    rh_reader_bin_exact(reader, out->bytes, sizeof out->bytes);
}

uint64_t rh_part_read_ms(struct rh_reader *reader)
{
    return rh_reader_uint_max(reader, RH_MS_MAX);
}

uint64_t rh_part_read_number(struct rh_reader *reader)
{
    return rh_reader_uint_max(reader, RH_NUMBER_MAX);
}

void rh_part_read_exact_array(struct rh_reader *reader, uint32_t count)
{
    if (rh_reader_array(reader, count) != count)
        rh_reader_fail(reader);
}

uint32_t rh_part_read_hashes(struct rh_reader *reader, struct rh_hash *out, uint32_t max)
{
    uint32_t count = rh_reader_array(reader, max);
    for (uint32_t i = 0; i < count && reader->err == RH_OK; i++)
        rh_part_read_hash(reader, &out[i]);
    return reader->err == RH_OK ? count : 0;
}

void rh_part_write_hashes(struct rh_writer *writer, const struct rh_hash *hashes,
                          uint32_t count)
{
    rh_writer_array(writer, count);
    for (uint32_t i = 0; i < count; i++)
        rh_writer_bin(writer, hashes[i].bytes, sizeof hashes[i].bytes);
}

enum rh_err rh_part_open_array(struct rh_reader *reader, struct rh_bytes bytes,
                               size_t bytes_max, uint32_t count)
{
    enum rh_err err = rh_codec_check(bytes.data, bytes.bytes, bytes_max, NULL);
    if (err != RH_OK)
        return err;
    rh_reader_init(reader, bytes.data, bytes.bytes);
    rh_part_read_exact_array(reader, count);
    return reader->err;
}

enum rh_err rh_part_open_frame(struct rh_reader *reader, struct rh_bytes frame,
                               enum rh_frame_type type, uint32_t count)
{
    enum rh_err err = rh_part_open_array(reader, frame, RH_FRAME_BYTES_MAX, count);
    if (err != RH_OK)
        return err;
    if (rh_reader_uint(reader) != (uint64_t)type)
        rh_reader_fail(reader);
    return reader->err;
}

void rh_part_write_frame(struct rh_writer *writer, enum rh_frame_type type, uint32_t count)
{
    rh_writer_array(writer, count);
    rh_writer_uint(writer, (uint64_t)type);
}
