#include <rh/receipt.h>

#include <string.h>

#include "parts.h"

/* Keys 1 to 4 are always there; the others only when they are not zero. */
enum { CORE_FIELDS = 14, CORE_ALWAYS = 4 };

static bool is_zero(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (data[i] != 0)
            return false;
    return true;
}

static bool is_present(const struct rh_receipt *receipt, unsigned key)
{
    switch (key) {
    case 5:
        return receipt->agency.text[0] != 0;
    case 6:
        return !is_zero(receipt->epoch.bytes, sizeof receipt->epoch.bytes);
    case 7:
        return receipt->n != 0;
    case 8:
        return !is_zero(receipt->message_id.bytes, sizeof receipt->message_id.bytes);
    case 9:
        return !is_zero(receipt->digest.bytes, sizeof receipt->digest.bytes);
    case 10:
        return receipt->outcome != 0;
    case 11:
        return receipt->holder.text[0] != 0;
    case 12:
        return receipt->due_ms != 0;
    case 13:
        return receipt->due_limit[0] != 0;
    case 14:
        return receipt->due_basis != RH_DUE_NONE;
    default:
        return key >= 1 && key <= CORE_ALWAYS;
    }
}

/* Stream fields belong to the records of a stream, and to no others. */
static bool fields_hold(const struct rh_receipt *receipt)
{
    bool agency = is_present(receipt, 5);
    bool epoch = is_present(receipt, 6);
    bool n = is_present(receipt, 7);
    if (receipt->type < RH_RECORD_GENESIS || receipt->type > RH_RECORD_JOB)
        return false;
    if (receipt->index > RH_NUMBER_MAX || receipt->n > RH_NUMBER_MAX ||
        receipt->stored_ms > RH_MS_MAX || receipt->due_ms > RH_MS_MAX)
        return false;
    bool named = is_present(receipt, 13);
    if (named != is_present(receipt, 14) || (named && receipt->due_ms == 0) ||
        receipt->due_basis > RH_DUE_POLICY)
        return false;
    if (receipt->type == RH_RECORD_BUNDLE || receipt->type == RH_RECORD_ITEM)
        return agency && epoch && n && is_present(receipt, 9);
    if (receipt->type == RH_RECORD_STREAM)
        return agency && epoch;
    return !agency && !epoch && !n;
}

static void write_field(const struct rh_receipt *receipt, unsigned key,
                        struct rh_writer *writer)
{
    switch (key) {
    case 1:
        rh_writer_text(writer, receipt->hub.text);
        break;
    case 2:
        rh_writer_uint(writer, (uint64_t)receipt->type);
        break;
    case 3:
        rh_writer_uint(writer, receipt->index);
        break;
    case 4:
        rh_writer_uint(writer, receipt->stored_ms);
        break;
    case 5:
        rh_writer_text(writer, receipt->agency.text);
        break;
    case 6:
        rh_writer_bin(writer, receipt->epoch.bytes, sizeof receipt->epoch.bytes);
        break;
    case 7:
        rh_writer_uint(writer, receipt->n);
        break;
    case 8:
        rh_writer_bin(writer, receipt->message_id.bytes, sizeof receipt->message_id.bytes);
        break;
    case 9:
        rh_writer_bin(writer, receipt->digest.bytes, sizeof receipt->digest.bytes);
        break;
    case 10:
        rh_writer_uint(writer, receipt->outcome);
        break;
    case 11:
        rh_writer_text(writer, receipt->holder.text);
        break;
    case 12:
        rh_writer_uint(writer, receipt->due_ms);
        break;
    case 13:
        rh_writer_text(writer, receipt->due_limit);
        break;
    default:
        rh_writer_uint(writer, (uint64_t)receipt->due_basis);
        break;
    }
}

enum rh_err rh_receipt_encode(const struct rh_receipt *receipt, struct rh_writer *writer)
{
    if (!fields_hold(receipt))
        return RH_ERR_INVALID;
    uint32_t present = 0;
    for (unsigned key = 1; key <= CORE_FIELDS; key++)
        present += is_present(receipt, key) ? 1 : 0;
    rh_writer_map(writer, present);
    for (unsigned key = 1; key <= CORE_FIELDS; key++) {
        if (!is_present(receipt, key))
            continue;
        rh_writer_uint(writer, key);
        write_field(receipt, key, writer);
    }
    return writer->err;
}

static void read_limit(struct rh_reader *reader, struct rh_receipt *out)
{
    struct rh_bytes text = rh_reader_str(reader, RH_CODE_BYTES_MAX);
    if (reader->err != RH_OK)
        return;
    if (!rh_part_is_code((const char *)text.data, text.bytes))
        rh_reader_fail(reader);
    else
        memcpy(out->due_limit, text.data, text.bytes);
}

static void read_field(struct rh_reader *reader, unsigned key, struct rh_receipt *out)
{
    switch (key) {
    case 1:
        rh_part_read_hub(reader, &out->hub);
        break;
    case 2:
        out->type = (enum rh_record_type)rh_reader_uint_max(reader, RH_RECORD_JOB);
        break;
    case 3:
        out->index = rh_part_read_number(reader);
        break;
    case 4:
        out->stored_ms = rh_part_read_ms(reader);
        break;
    case 5:
        rh_part_read_agency(reader, &out->agency);
        break;
    case 6:
        rh_reader_bin_exact(reader, out->epoch.bytes, sizeof out->epoch.bytes);
        break;
    case 7:
        out->n = rh_part_read_number(reader);
        break;
    case 8:
        rh_reader_bin_exact(reader, out->message_id.bytes, sizeof out->message_id.bytes);
        break;
    case 9:
        rh_part_read_hash(reader, &out->digest);
        break;
    case 10:
        out->outcome = (uint32_t)rh_reader_uint_max(reader, UINT32_MAX);
        break;
    case 11:
        rh_part_read_agency(reader, &out->holder);
        break;
    case 12:
        out->due_ms = rh_part_read_ms(reader);
        break;
    case 13:
        read_limit(reader, out);
        break;
    case 14:
        out->due_basis = (enum rh_due_basis)rh_reader_uint_max(reader, RH_DUE_POLICY);
        break;
    default:
        rh_reader_fail(reader);
        break;
    }
}

enum rh_err rh_receipt_decode(struct rh_bytes core, struct rh_receipt *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_codec_check(core.data, core.bytes, RH_CORE_BYTES_MAX, NULL);
    if (err != RH_OK)
        return err;
    memset(out, 0, sizeof *out);
    rh_reader_init(&reader, core.data, core.bytes);
    uint32_t pairs = rh_reader_map(&reader, CORE_FIELDS);
    for (uint32_t i = 0; i < pairs && reader.err == RH_OK; i++) {
        unsigned key = (unsigned)rh_reader_uint_max(&reader, CORE_FIELDS);
        /* Keys ascend, so the first four of a complete core are 1 to 4. */
        if (i < CORE_ALWAYS && key != i + 1)
            rh_reader_fail(&reader);
        read_field(&reader, key, out);
        if (reader.err == RH_OK && !is_present(out, key))
            rh_reader_fail(&reader);
    }
    if (reader.err == RH_OK && (pairs < CORE_ALWAYS || !fields_hold(out)))
        rh_reader_fail(&reader);
    return rh_reader_finish(&reader);
}

const char *rh_due_basis_name(enum rh_due_basis basis)
{
    if (basis == RH_DUE_NONE)
        return NULL;
    return basis == RH_DUE_POLICY ? "policy" : "law";
}

const char *rh_due_verification_name(enum rh_due_basis basis)
{
    static const char *const names[] = { NULL, "V1", "V2", "M", "policy" };
    return basis <= RH_DUE_POLICY ? names[basis] : NULL;
}
