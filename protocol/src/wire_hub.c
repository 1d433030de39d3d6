/* Frames from the hub, but for the delivery. */
#include <rh/wire.h>

#include <string.h>

#include "parts.h"

static struct rh_bytes read_note(struct rh_reader *reader)
{
    return rh_reader_str(reader, RH_NOTE_BYTES_MAX);
}

static void write_note(struct rh_writer *writer, struct rh_bytes note)
{
    rh_writer_str(writer, (const char *)note.data, note.bytes);
}

enum rh_err rh_frame_challenge_encode(const struct rh_frame_challenge *in,
                                      struct rh_writer *writer)
{
    rh_part_write_frame(writer, RH_FRAME_CHALLENGE, 6);
    rh_writer_uint(writer, in->version);
    rh_writer_text(writer, in->hub.text);
    rh_writer_bin(writer, in->nonce, sizeof in->nonce);
    rh_writer_uint(writer, in->hub_ms);
    rh_writer_bool(writer, in->test);
    return writer->err;
}

enum rh_err rh_frame_challenge_decode(struct rh_bytes frame, struct rh_frame_challenge *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_CHALLENGE, 6);
    if (err != RH_OK)
        return err;
    out->version = (uint32_t)rh_reader_uint_max(&reader, UINT32_MAX);
    rh_part_read_hub(&reader, &out->hub);
    rh_reader_bin_exact(&reader, out->nonce, sizeof out->nonce);
    out->hub_ms = rh_part_read_ms(&reader);
    out->test = rh_reader_bool(&reader);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_welcome_encode(const struct rh_frame_welcome *in, struct rh_writer *writer)
{
    if (in->note.bytes > RH_NOTE_BYTES_MAX)
        return RH_ERR_INVALID;
    rh_part_write_frame(writer, RH_FRAME_WELCOME, 6);
    rh_writer_uint(writer, in->session);
    rh_writer_uint(writer, in->next_n);
    rh_writer_uint(writer, in->hub_ms);
    write_note(writer, in->note);
    rh_writer_bin(writer, in->external_key, sizeof in->external_key);
    return writer->err;
}

enum rh_err rh_frame_welcome_decode(struct rh_bytes frame, struct rh_frame_welcome *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_WELCOME, 6);
    if (err != RH_OK)
        return err;
    out->session = rh_reader_uint(&reader);
    out->next_n = rh_part_read_number(&reader);
    out->hub_ms = rh_part_read_ms(&reader);
    out->note = read_note(&reader);
    rh_reader_bin_exact(&reader, out->external_key, sizeof out->external_key);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_confirm_encode(const struct rh_frame_confirm *in, struct rh_writer *writer)
{
    if (in->proof_count > RH_PROOF_HASHES_MAX || in->record_count < 1 ||
        in->record_count > RH_CONFIRM_RECORDS_MAX)
        return RH_ERR_INVALID;
    rh_part_write_frame(writer, RH_FRAME_CONFIRM, 8);
    rh_writer_uint(writer, in->first_n);
    rh_writer_uint(writer, in->size);
    rh_writer_bin(writer, in->root.bytes, sizeof in->root.bytes);
    rh_writer_bin(writer, in->signature.bytes, sizeof in->signature.bytes);
    rh_writer_uint(writer, in->first_index);
    rh_part_write_hashes(writer, in->proof, in->proof_count);
    rh_writer_array(writer, in->record_count);
    for (uint32_t i = 0; i < in->record_count; i++) {
        rh_writer_array(writer, 2);
        rh_writer_bin(writer, in->records[i].core.data, in->records[i].core.bytes);
        rh_writer_bin(writer, in->records[i].rest_hash.bytes, RH_HASH_BYTES);
    }
    return writer->err;
}

enum rh_err rh_frame_confirm_decode(struct rh_bytes frame, struct rh_frame_confirm *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_CONFIRM, 8);
    if (err != RH_OK)
        return err;
    out->first_n = rh_part_read_number(&reader);
    out->size = rh_part_read_number(&reader);
    rh_part_read_hash(&reader, &out->root);
    rh_reader_bin_exact(&reader, out->signature.bytes, sizeof out->signature.bytes);
    out->first_index = rh_part_read_number(&reader);
    out->proof_count = rh_part_read_hashes(&reader, out->proof, RH_PROOF_HASHES_MAX);
    out->record_count = rh_reader_array(&reader, RH_CONFIRM_RECORDS_MAX);
    for (uint32_t i = 0; i < out->record_count && reader.err == RH_OK; i++) {
        rh_part_read_exact_array(&reader, 2);
        out->records[i].core = rh_reader_bin(&reader, RH_CORE_BYTES_MAX);
        rh_part_read_hash(&reader, &out->records[i].rest_hash);
    }
    /* The run of records ends inside the tree; no sum here can overflow. */
    if (reader.err == RH_OK && (out->record_count < 1 || out->first_index > out->size ||
                                out->record_count > out->size - out->first_index))
        rh_reader_fail(&reader);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_busy_encode(const struct rh_frame_busy *in, struct rh_writer *writer)
{
    rh_part_write_frame(writer, RH_FRAME_BUSY, 4);
    rh_writer_uint(writer, in->refusal);
    rh_writer_uint(writer, in->retry_ms);
    rh_writer_uint(writer, in->first_n);
    return writer->err;
}

enum rh_err rh_frame_busy_decode(struct rh_bytes frame, struct rh_frame_busy *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_BUSY, 4);
    if (err != RH_OK)
        return err;
    out->refusal = (uint32_t)rh_reader_uint_max(&reader, UINT32_MAX);
    out->retry_ms = (uint32_t)rh_reader_uint_max(&reader, UINT32_MAX);
    out->first_n = rh_part_read_number(&reader);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_gap_encode(uint64_t expected_n, struct rh_writer *writer)
{
    rh_part_write_frame(writer, RH_FRAME_GAP, 2);
    rh_writer_uint(writer, expected_n);
    return writer->err;
}

enum rh_err rh_frame_gap_decode(struct rh_bytes frame, uint64_t *expected_n)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_GAP, 2);
    if (err != RH_OK)
        return err;
    *expected_n = rh_part_read_number(&reader);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_error_encode(const struct rh_frame_error *in, struct rh_writer *writer)
{
    if (in->detail.bytes > RH_DETAIL_BYTES_MAX)
        return RH_ERR_INVALID;
    rh_part_write_frame(writer, RH_FRAME_ERROR, 4);
    rh_writer_uint(writer, in->refusal);
    rh_writer_str(writer, (const char *)in->detail.data, in->detail.bytes);
    rh_writer_uint(writer, in->first_n);
    return writer->err;
}

enum rh_err rh_frame_error_decode(struct rh_bytes frame, struct rh_frame_error *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_ERROR, 4);
    if (err != RH_OK)
        return err;
    out->refusal = (uint32_t)rh_reader_uint_max(&reader, UINT32_MAX);
    out->detail = rh_reader_str(&reader, RH_DETAIL_BYTES_MAX);
    out->first_n = rh_part_read_number(&reader);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_checkpoint_encode(struct rh_bytes note, struct rh_writer *writer)
{
    if (note.bytes > RH_NOTE_BYTES_MAX)
        return RH_ERR_INVALID;
    rh_part_write_frame(writer, RH_FRAME_CHECKPOINT, 2);
    write_note(writer, note);
    return writer->err;
}

enum rh_err rh_frame_checkpoint_decode(struct rh_bytes frame, struct rh_bytes *note)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_CHECKPOINT, 2);
    if (err != RH_OK)
        return err;
    *note = read_note(&reader);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_proof_encode(const struct rh_frame_proof *in, struct rh_writer *writer)
{
    if (in->proof_count > RH_PROOF_HASHES_MAX || in->note.bytes > RH_NOTE_BYTES_MAX ||
        in->core.bytes > RH_CORE_BYTES_MAX)
        return RH_ERR_INVALID;
    rh_part_write_frame(writer, RH_FRAME_PROOF, 6);
    rh_writer_uint(writer, in->index);
    write_note(writer, in->note);
    rh_writer_bin(writer, in->core.data, in->core.bytes);
    rh_writer_bin(writer, in->rest_hash.bytes, sizeof in->rest_hash.bytes);
    rh_part_write_hashes(writer, in->proof, in->proof_count);
    return writer->err;
}

enum rh_err rh_frame_proof_decode(struct rh_bytes frame, struct rh_frame_proof *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_PROOF, 6);
    if (err != RH_OK)
        return err;
    out->index = rh_part_read_number(&reader);
    out->note = read_note(&reader);
    out->core = rh_reader_bin(&reader, RH_CORE_BYTES_MAX);
    rh_part_read_hash(&reader, &out->rest_hash);
    out->proof_count = rh_part_read_hashes(&reader, out->proof, RH_PROOF_HASHES_MAX);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_consistency_encode(const struct rh_frame_consistency *in,
                                        struct rh_writer *writer)
{
    if (in->proof_count > RH_PROOF_HASHES_MAX || in->note.bytes > RH_NOTE_BYTES_MAX)
        return RH_ERR_INVALID;
    rh_part_write_frame(writer, RH_FRAME_CONSISTENCY, 4);
    rh_writer_uint(writer, in->old_size);
    write_note(writer, in->note);
    rh_part_write_hashes(writer, in->proof, in->proof_count);
    return writer->err;
}

enum rh_err rh_frame_consistency_decode(struct rh_bytes frame,
                                        struct rh_frame_consistency *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_CONSISTENCY, 4);
    if (err != RH_OK)
        return err;
    out->old_size = rh_part_read_number(&reader);
    out->note = read_note(&reader);
    out->proof_count = rh_part_read_hashes(&reader, out->proof, RH_PROOF_HASHES_MAX);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_time_encode(const struct rh_frame_time *in, struct rh_writer *writer)
{
    if (in->rate > RH_TIME_RATE_MAX)
        return RH_ERR_INVALID;
    rh_part_write_frame(writer, RH_FRAME_TIME, 3);
    rh_writer_uint(writer, in->hub_ms);
    rh_writer_uint(writer, in->rate);
    return writer->err;
}

enum rh_err rh_frame_time_decode(struct rh_bytes frame, struct rh_frame_time *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_TIME, 3);
    if (err != RH_OK)
        return err;
    out->hub_ms = rh_part_read_ms(&reader);
    out->rate = (uint32_t)rh_reader_uint_max(&reader, RH_TIME_RATE_MAX);
    return rh_reader_finish(&reader);
}
