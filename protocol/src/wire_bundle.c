/* The frames that carry items: the bundle on its way in, the delivery on its way out. */
#include <rh/wire.h>

#include <string.h>

#include "parts.h"

enum {
    BUNDLE_FIELDS = 4,
    BUNDLE_LOST_FIELDS = 5,
    LOST_FIELDS = 2,
    DELIVERY_FIELDS = 9,
    DELIVERY_ITEM_FIELDS = 18
};

/* ---- lost receipts ---------------------------------------------------------------------- */

uint32_t rh_lost_open(struct rh_bytes lost, struct rh_reader *reader)
{
    rh_reader_init(reader, lost.data, lost.bytes);
    uint32_t count = lost.bytes > 0 ? rh_reader_array(reader, RH_LOST_MAX) : 0;
    return reader->err == RH_OK ? count : 0;
}

enum rh_err rh_lost_next(struct rh_reader *reader, struct rh_lost *out)
{
    rh_part_read_exact_array(reader, LOST_FIELDS);
    rh_part_read_hub(reader, &out->hub);
    out->confirm = rh_reader_bin(reader, RH_CONFIRM_BYTES_MAX);
    return reader->err;
}

enum rh_err rh_lost_begin(uint32_t count, struct rh_writer *writer)
{
    if (count < 1 || count > RH_LOST_MAX)
        return RH_ERR_INVALID;
    rh_writer_array(writer, count);
    return writer->err;
}

enum rh_err rh_lost_add(const struct rh_lost *in, struct rh_writer *writer)
{
    if (in->confirm.bytes > RH_CONFIRM_BYTES_MAX)
        return RH_ERR_INVALID;
    rh_writer_array(writer, LOST_FIELDS);
    rh_writer_text(writer, in->hub.text);
    rh_writer_bin(writer, in->confirm.data, in->confirm.bytes);
    return writer->err;
}

/* The form of each; what the confirms hold is the business of who believes them. */
static struct rh_bytes read_lost(struct rh_reader *reader, struct rh_bytes frame)
{
    size_t begin = reader->at;
    struct rh_lost one;
    uint32_t count = rh_reader_array(reader, RH_LOST_MAX);
    if (count == 0)
        rh_reader_fail(reader);
    for (uint32_t i = 0; i < count && reader->err == RH_OK; i++)
        (void)rh_lost_next(reader, &one);
    if (reader->err != RH_OK)
        return (struct rh_bytes){ NULL, 0 };
    return (struct rh_bytes){ frame.data + begin, reader->at - begin };
}

/* ---- bundles ---------------------------------------------------------------------------- */

enum rh_err rh_frame_bundle_encode(const struct rh_frame_bundle *in, struct rh_writer *writer)
{
    if (in->count < 1 || in->count > RH_BUNDLE_ITEMS_MAX)
        return RH_ERR_INVALID;
    bool lost = in->lost.bytes > 0;
    rh_part_write_frame(writer, RH_FRAME_BUNDLE, lost ? 5 : 4);
    rh_writer_bin(writer, in->header.data, in->header.bytes);
    rh_writer_bin(writer, in->signature.bytes, sizeof in->signature.bytes);
    rh_writer_array(writer, in->count);
    for (uint32_t i = 0; i < in->count && writer->err == RH_OK; i++) {
        enum rh_err err = rh_item_encode(&in->items[i], writer);
        if (err != RH_OK)
            return err;
    }
    if (lost)
        rh_writer_raw(writer, in->lost.data, in->lost.bytes);
    return writer->err;
}

enum rh_err rh_frame_bundle_decode(struct rh_bytes frame, struct rh_frame_bundle *out)
{
    struct rh_reader reader;
    struct rh_bundle_header header;
    enum rh_err err = rh_codec_check(frame.data, frame.bytes, RH_FRAME_BYTES_MAX, NULL);
    if (err != RH_OK)
        return err;
    rh_reader_init(&reader, frame.data, frame.bytes);
    uint32_t fields = rh_reader_array(&reader, BUNDLE_LOST_FIELDS);
    if (fields < BUNDLE_FIELDS || rh_reader_uint(&reader) != RH_FRAME_BUNDLE)
        rh_reader_fail(&reader);
    out->header = rh_reader_bin(&reader, RH_BUNDLE_HEADER_BYTES_MAX);
    rh_reader_bin_exact(&reader, out->signature.bytes, sizeof out->signature.bytes);
    out->count = rh_reader_array(&reader, RH_BUNDLE_ITEMS_MAX);
    for (uint32_t i = 0; i < out->count && reader.err == RH_OK; i++)
        rh_part_read_item(&reader, &out->items[i]);
    out->lost = (struct rh_bytes){ NULL, 0 };
    if (fields == BUNDLE_LOST_FIELDS && reader.err == RH_OK)
        out->lost = read_lost(&reader, frame);
    err = rh_reader_finish(&reader);
    if (err == RH_OK)
        err = rh_bundle_header_decode(out->header, &header);
    if (err == RH_OK && header.count != out->count)
        err = RH_ERR_INVALID;
    return err;
}

static bool delivery_holds(const struct rh_delivery *delivery)
{
    return delivery->pair_seq >= 1 && delivery->pair_seq <= RH_NUMBER_MAX &&
           (unsigned)delivery->lane < RH_LANE_COUNT && delivery->index <= RH_NUMBER_MAX &&
           delivery->stored_ms <= RH_MS_MAX && delivery->number.bytes <= RH_NUMBER_BYTES_MAX &&
           delivery->item.public_part.bytes <= RH_PUBLIC_BYTES_MAX &&
           (delivery->form == RH_DELIVERY_TOMBSTONE || delivery->item.public_part.bytes > 0);
}

static void write_proven_item(const struct rh_delivery *in, struct rh_writer *writer)
{
    rh_writer_bin(writer, in->item.commitment.bytes, RH_HASH_BYTES);
    rh_part_write_keys(writer, in->item.keys);
    rh_writer_bin(writer, in->item.salt, sizeof in->item.salt);
    rh_writer_bin(writer, in->item.private_part.data, in->item.private_part.bytes);
    rh_writer_bin(writer, in->item.body.data, in->item.body.bytes);
    rh_writer_bin(writer, in->header.data, in->header.bytes);
    rh_writer_bin(writer, in->signature.bytes, sizeof in->signature.bytes);
    rh_writer_uint(writer, in->position);
    rh_part_write_hashes(writer, in->path, in->path_count);
}

enum rh_err rh_delivery_encode(const struct rh_delivery *in, struct rh_writer *writer)
{
    bool item = in->form == RH_DELIVERY_ITEM;
    if (!delivery_holds(in))
        return RH_ERR_INVALID;
    if (item && (in->path_count > RH_BUNDLE_PATH_MAX || in->position >= RH_BUNDLE_ITEMS_MAX ||
                 in->item.private_part.bytes > RH_PRIVATE_BYTES_MAX ||
                 in->header.bytes > RH_BUNDLE_HEADER_BYTES_MAX))
        return RH_ERR_INVALID;
    rh_part_write_frame(writer, RH_FRAME_DELIVERY,
                        item ? DELIVERY_ITEM_FIELDS : DELIVERY_FIELDS);
    rh_writer_uint(writer, (uint64_t)in->form);
    rh_writer_text(writer, in->sender.text);
    rh_writer_uint(writer, (uint64_t)in->lane);
    rh_writer_uint(writer, in->pair_seq);
    rh_writer_uint(writer, in->index);
    rh_writer_uint(writer, in->stored_ms);
    rh_writer_str(writer, (const char *)in->number.data, in->number.bytes);
    rh_writer_bin(writer, in->item.public_part.data, in->item.public_part.bytes);
    if (item)
        write_proven_item(in, writer);
    return writer->err;
}

/* From the commitment on; `begin` is where the public part stood. The six parts of the item
 * are neighbours here as in a bundle, so their span and one array header is the item's size. */
static void read_proven_item(struct rh_reader *reader, size_t begin, struct rh_delivery *out)
{
    rh_part_read_hash(reader, &out->item.commitment);
    out->item.keys = rh_part_read_keys(reader);
    rh_reader_bin_exact(reader, out->item.salt, sizeof out->item.salt);
    out->item.private_part = rh_reader_bin(reader, RH_PRIVATE_BYTES_MAX);
    out->item.body = rh_reader_bin(reader, RH_ITEM_BYTES_MAX);
    if (reader->err == RH_OK && reader->at - begin + 1 > RH_ITEM_BYTES_MAX)
        rh_reader_fail(reader);
    out->header = rh_reader_bin(reader, RH_BUNDLE_HEADER_BYTES_MAX);
    rh_reader_bin_exact(reader, out->signature.bytes, sizeof out->signature.bytes);
    out->position = (uint32_t)rh_reader_uint_max(reader, RH_BUNDLE_ITEMS_MAX - 1);
    out->path_count = rh_part_read_hashes(reader, out->path, RH_BUNDLE_PATH_MAX);
}

enum rh_err rh_delivery_decode(struct rh_bytes frame, struct rh_delivery *out)
{
    struct rh_reader reader;
    enum rh_err err = rh_codec_check(frame.data, frame.bytes, RH_FRAME_BYTES_MAX, NULL);
    if (err != RH_OK)
        return err;
    memset(out, 0, sizeof *out);
    rh_reader_init(&reader, frame.data, frame.bytes);
    uint32_t count = rh_reader_array(&reader, DELIVERY_ITEM_FIELDS);
    if (rh_reader_uint(&reader) != RH_FRAME_DELIVERY)
        rh_reader_fail(&reader);
    out->form = (enum rh_delivery_form)rh_reader_uint_max(&reader, RH_DELIVERY_TOMBSTONE);
    bool item = out->form == RH_DELIVERY_ITEM;
    if (count != (item ? DELIVERY_ITEM_FIELDS : DELIVERY_FIELDS))
        rh_reader_fail(&reader);
    rh_part_read_agency(&reader, &out->sender);
    out->lane = (enum rh_lane)rh_reader_uint_max(&reader, RH_LANE_COUNT - 1);
    out->pair_seq = rh_part_read_number(&reader);
    out->index = rh_part_read_number(&reader);
    out->stored_ms = rh_part_read_ms(&reader);
    out->number = rh_reader_str(&reader, RH_NUMBER_BYTES_MAX);
    size_t begin = reader.at;
    out->item.public_part = rh_reader_bin(&reader, RH_PUBLIC_BYTES_MAX);
    if (item && reader.err == RH_OK)
        read_proven_item(&reader, begin, out);
    if (reader.err == RH_OK && !delivery_holds(out))
        rh_reader_fail(&reader);
    return rh_reader_finish(&reader);
}

/* Everything about an item but its header's signature. */
static enum rh_err check_place(const struct rh_delivery *in)
{
    struct rh_bundle_header header;
    struct rh_hash digest;
    if (in->form != RH_DELIVERY_ITEM || rh_item_check(&in->item) != RH_OK)
        return RH_ERR_CRYPTO;
    if (rh_bundle_header_decode(in->header, &header) != RH_OK ||
        strcmp(header.sender.text, in->sender.text) != 0)
        return RH_ERR_CRYPTO;
    rh_item_digest(&in->item, &digest);
    return rh_bundle_path_verify(&header.root, header.count, in->position, &digest, in->path,
                                 in->path_count)
               ? RH_OK
               : RH_ERR_CRYPTO;
}

enum rh_err rh_delivery_check(const struct rh_delivery *in,
                              const struct rh_sign_public *sender_key)
{
    enum rh_err err = check_place(in);
    if (err != RH_OK)
        return err;
    return rh_sign_verify("rhub/bundle/1", in->header.data, in->header.bytes, sender_key,
                          &in->signature);
}

enum rh_err rh_delivery_check_with(const struct rh_delivery *in,
                                   const struct rh_sign_public *sender_key,
                                   struct rh_header_memo *memo)
{
    struct rh_hash mark;
    const struct rh_bytes parts[] = {
        { sender_key->bytes, sizeof sender_key->bytes },
        { in->signature.bytes, sizeof in->signature.bytes },
        in->header,
    };
    rh_hash_parts(parts, 3, &mark);
    for (uint32_t i = 0; i < RH_HEADERS_REMEMBERED; i++) {
        if (memcmp(&memo->seen[i], &mark, sizeof mark) == 0)
            return check_place(in);
    }
    enum rh_err err = rh_delivery_check(in, sender_key);
    if (err == RH_OK)
        memo->seen[memo->next++ % RH_HEADERS_REMEMBERED] = mark;
    return err;
}
