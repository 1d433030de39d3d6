/* Frames from a client, but for the bundle. */
#include <rh/wire.h>

#include <string.h>

#include "parts.h"

enum { HELLO_FIELDS = 18 };

enum rh_frame_type rh_frame_type_of(struct rh_bytes frame)
{
    struct rh_reader reader;
    rh_reader_init(&reader, frame.data, frame.bytes);
    if (rh_reader_array(&reader, UINT32_MAX) == 0)
        return 0;
    uint64_t type = rh_reader_uint(&reader);
    bool client = type >= RH_FRAME_OPEN && type <= RH_FRAME_EXTEND;
    bool hub = type >= RH_FRAME_CHALLENGE && type <= RH_FRAME_TIME;
    return reader.err == RH_OK && (client || hub) ? (enum rh_frame_type)type : 0;
}

enum rh_err rh_frame_open_encode(const struct rh_frame_open *in, struct rh_writer *writer)
{
    rh_part_write_frame(writer, RH_FRAME_OPEN, 3);
    rh_writer_uint(writer, in->version);
    rh_writer_text(writer, in->agency.text);
    return writer->err;
}

enum rh_err rh_frame_open_decode(struct rh_bytes frame, struct rh_frame_open *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_OPEN, 3);
    if (err != RH_OK)
        return err;
    out->version = (uint32_t)rh_reader_uint_max(&reader, UINT32_MAX);
    rh_part_read_agency(&reader, &out->agency);
    return rh_reader_finish(&reader);
}

/* What is shown as held comes with its evidence, what is not held without. */
static bool hello_holds(const struct rh_hello *hello)
{
    return hello->suite == RH_SUITE_ED25519 && hello->note.bytes <= RH_NOTE_BYTES_MAX &&
           hello->highest_receipt_size <= RH_NUMBER_MAX && hello->highest_n <= RH_NUMBER_MAX &&
           hello->highest_delivery_index <= RH_NUMBER_MAX &&
           hello->checkpoint_size <= RH_NUMBER_MAX && hello->agency_ms <= RH_MS_MAX &&
           rh_part_is_printable(hello->software,
                                rh_part_length(hello->software, sizeof hello->software));
}

enum rh_err rh_hello_encode(const struct rh_hello *hello, struct rh_writer *writer)
{
    if (!hello_holds(hello))
        return RH_ERR_INVALID;
    rh_writer_array(writer, HELLO_FIELDS);
    rh_writer_uint(writer, hello->suite);
    rh_writer_text(writer, hello->hub.text);
    rh_writer_text(writer, hello->agency.text);
    rh_writer_bin(writer, hello->epoch.bytes, sizeof hello->epoch.bytes);
    rh_writer_bin(writer, hello->nonce, sizeof hello->nonce);
    rh_writer_uint(writer, hello->lease);
    rh_writer_uint(writer, hello->highest_receipt_size);
    rh_writer_uint(writer, hello->highest_n);
    rh_writer_uint(writer, hello->highest_delivery_index);
    rh_writer_uint(writer, hello->checkpoint_size);
    rh_writer_bin(writer, hello->checkpoint_root.bytes, RH_HASH_BYTES);
    rh_writer_uint(writer, hello->window_messages);
    rh_writer_uint(writer, hello->window_bytes);
    rh_writer_uint(writer, hello->agency_ms);
    rh_writer_text(writer, hello->software);
    rh_writer_bin(writer, hello->receipt_root.bytes, RH_HASH_BYTES);
    rh_writer_bin(writer, hello->receipt_signature.bytes, RH_SIGNATURE_BYTES);
    rh_writer_str(writer, (const char *)hello->note.data, hello->note.bytes);
    return writer->err;
}

enum rh_err rh_hello_decode(struct rh_bytes bytes, struct rh_hello *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_array(&reader, bytes, RH_HELLO_BYTES_MAX, HELLO_FIELDS);
    if (err != RH_OK)
        return err;
    memset(out, 0, sizeof *out);
    out->suite = (uint8_t)rh_reader_uint_max(&reader, UINT8_MAX);
    rh_part_read_hub(&reader, &out->hub);
    rh_part_read_agency(&reader, &out->agency);
    rh_reader_bin_exact(&reader, out->epoch.bytes, sizeof out->epoch.bytes);
    rh_reader_bin_exact(&reader, out->nonce, sizeof out->nonce);
    out->lease = rh_reader_uint(&reader);
    out->highest_receipt_size = rh_part_read_number(&reader);
    out->highest_n = rh_part_read_number(&reader);
    out->highest_delivery_index = rh_part_read_number(&reader);
    out->checkpoint_size = rh_part_read_number(&reader);
    rh_part_read_hash(&reader, &out->checkpoint_root);
    out->window_messages = (uint32_t)rh_reader_uint_max(&reader, UINT32_MAX);
    out->window_bytes = rh_reader_uint(&reader);
    out->agency_ms = rh_part_read_ms(&reader);
    rh_reader_text(&reader, out->software, sizeof out->software);
    rh_part_read_hash(&reader, &out->receipt_root);
    rh_reader_bin_exact(&reader, out->receipt_signature.bytes, RH_SIGNATURE_BYTES);
    out->note = rh_reader_str(&reader, RH_NOTE_BYTES_MAX);
    if (reader.err == RH_OK && !hello_holds(out))
        rh_reader_fail(&reader);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_hello_encode(const struct rh_frame_hello *in, struct rh_writer *writer)
{
    rh_part_write_frame(writer, RH_FRAME_HELLO, 3);
    rh_writer_bin(writer, in->hello.data, in->hello.bytes);
    rh_writer_bin(writer, in->signature.bytes, sizeof in->signature.bytes);
    return writer->err;
}

enum rh_err rh_frame_hello_decode(struct rh_bytes frame, struct rh_frame_hello *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_HELLO, 3);
    if (err != RH_OK)
        return err;
    out->hello = rh_reader_bin(&reader, RH_HELLO_BYTES_MAX);
    rh_reader_bin_exact(&reader, out->signature.bytes, sizeof out->signature.bytes);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_window_encode(const struct rh_frame_window *in, struct rh_writer *writer)
{
    rh_part_write_frame(writer, RH_FRAME_WINDOW, 4);
    rh_writer_uint(writer, in->session);
    rh_writer_uint(writer, in->messages);
    rh_writer_uint(writer, in->bytes);
    return writer->err;
}

enum rh_err rh_frame_window_decode(struct rh_bytes frame, struct rh_frame_window *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_WINDOW, 4);
    if (err != RH_OK)
        return err;
    out->session = rh_reader_uint(&reader);
    out->messages = (uint32_t)rh_reader_uint_max(&reader, UINT32_MAX);
    out->bytes = rh_reader_uint(&reader);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_resync_encode(const struct rh_frame_resync *in, struct rh_writer *writer)
{
    rh_part_write_frame(writer, RH_FRAME_RESYNC, 5);
    rh_writer_uint(writer, in->session);
    rh_writer_text(writer, in->sender.text);
    rh_writer_uint(writer, (uint64_t)in->lane);
    rh_writer_uint(writer, in->from_pair_seq);
    return writer->err;
}

enum rh_err rh_frame_resync_decode(struct rh_bytes frame, struct rh_frame_resync *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_RESYNC, 5);
    if (err != RH_OK)
        return err;
    out->session = rh_reader_uint(&reader);
    rh_part_read_agency(&reader, &out->sender);
    out->lane = (enum rh_lane)rh_reader_uint_max(&reader, RH_LANE_COUNT - 1);
    out->from_pair_seq = rh_part_read_number(&reader);
    return rh_reader_finish(&reader);
}

/* Frames of a session and one number. */

static enum rh_err encode_pair(enum rh_frame_type type, uint64_t session, uint64_t number,
                               struct rh_writer *writer)
{
    rh_part_write_frame(writer, type, 3);
    rh_writer_uint(writer, session);
    rh_writer_uint(writer, number);
    return writer->err;
}

static enum rh_err decode_pair(struct rh_bytes frame, enum rh_frame_type type,
                               uint64_t *session, uint64_t *number)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, type, 3);
    if (err != RH_OK)
        return err;
    *session = rh_reader_uint(&reader);
    *number = rh_part_read_number(&reader);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_ask_encode(uint64_t session, uint64_t n, struct rh_writer *writer)
{
    return encode_pair(RH_FRAME_ASK, session, n, writer);
}

enum rh_err rh_frame_ask_decode(struct rh_bytes frame, uint64_t *session, uint64_t *n)
{
    enum rh_err err = decode_pair(frame, RH_FRAME_ASK, session, n);
    return err == RH_OK && *n == 0 ? RH_ERR_INVALID : err;
}

enum rh_err rh_frame_extend_encode(uint64_t session, uint64_t old_size,
                                   struct rh_writer *writer)
{
    return encode_pair(RH_FRAME_EXTEND, session, old_size, writer);
}

enum rh_err rh_frame_extend_decode(struct rh_bytes frame, uint64_t *session,
                                   uint64_t *old_size)
{
    return decode_pair(frame, RH_FRAME_EXTEND, session, old_size);
}

enum rh_err rh_frame_prove_encode(const struct rh_frame_prove *in, struct rh_writer *writer)
{
    rh_part_write_frame(writer, RH_FRAME_PROVE, 4);
    rh_writer_uint(writer, in->session);
    rh_writer_uint(writer, in->index);
    rh_writer_uint(writer, in->size);
    return writer->err;
}

enum rh_err rh_frame_prove_decode(struct rh_bytes frame, struct rh_frame_prove *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_PROVE, 4);
    if (err != RH_OK)
        return err;
    out->session = rh_reader_uint(&reader);
    out->index = rh_part_read_number(&reader);
    out->size = rh_part_read_number(&reader);
    return rh_reader_finish(&reader);
}

enum rh_err rh_frame_close_encode(uint64_t session, struct rh_writer *writer)
{
    rh_part_write_frame(writer, RH_FRAME_CLOSE, 2);
    rh_writer_uint(writer, session);
    return writer->err;
}

enum rh_err rh_frame_close_decode(struct rh_bytes frame, uint64_t *session)
{
    struct rh_reader reader;
    enum rh_err err = rh_part_open_frame(&reader, frame, RH_FRAME_CLOSE, 2);
    if (err != RH_OK)
        return err;
    *session = rh_reader_uint(&reader);
    return rh_reader_finish(&reader);
}
