/* Streams: the next n, which record each n became, and which epoch is open. */
#include "views/apply.h"

#include <string.h>

enum { STREAM_BYTES_MAX = 128 };

/* The stored row, or that of a stream nobody has heard of. */
static enum rh_err read_stream(struct hub_views *views, const struct hub_key *key,
                               const struct hub_record *record, struct hub_stream *row,
                               struct rh_bytes *old)
{
    enum rh_err err = hub_look(views->map, HUB_TABLE_STREAM, key, old);
    if (err == RH_OK)
        return hub_stream_decode(*old, row) == RH_OK ? RH_OK : RH_ERR_CORRUPT;
    if (err != RH_ERR_NOTFOUND)
        return err;
    memset(row, 0, sizeof *row);
    row->agency = record->agency;
    row->epoch = record->core.epoch;
    row->next_n = 1;
    row->opened_ms = record->core.stored_ms;
    *old = (struct rh_bytes){ NULL, 0 };
    return RH_OK;
}

/* A stored row is never empty, so an empty `old` means that there is none. */
static enum rh_err write_stream(struct hub_views *views, const struct hub_key *key,
                                const struct hub_stream *row, struct rh_bytes old)
{
    uint8_t bytes[STREAM_BYTES_MAX];
    struct rh_writer writer;
    rh_writer_init(&writer, bytes, sizeof bytes);
    enum rh_err err = hub_stream_encode(row, &writer);
    rh_assert(err == RH_OK);
    struct rh_bytes now = { bytes, writer.bytes };
    return old.bytes == 0 ? hub_change_insert(views, HUB_TABLE_STREAM, key, now)
                          : hub_change_replace(views, HUB_TABLE_STREAM, key, old, now);
}

/* A message id belongs to the message that was stored with it, for ever. A refused one holds it
 * only until then: a sender may correct what was refused and send it again under its id. */
enum rh_err hub_apply_message(struct hub_views *views, const struct hub_record *record,
                              uint64_t rno, enum rh_kind kind)
{
    if (rh_id_is_zero(record->core.message_id.bytes))
        return RH_OK;
    uint8_t value[HUB_VALUE_MESSAGE_BYTES];
    uint8_t *at = value + HUB_VALUE_PLACE_BYTES;
    uint8_t *refusal = at + 14;
    struct rh_bytes now = { value, sizeof value };
    hub_value_place(value, record->core.index, &record->core.digest);
    hub_put_u32(at, record->agency != 0 ? record->agency : HUB_AGENCY_HUB);
    hub_put_u64(at + 4, rno);
    hub_put_u16(at + 12, (uint32_t)kind);
    hub_put_u32(refusal, record->core.outcome);

    struct rh_bytes old;
    struct hub_key key = hub_key_id(record->core.message_id.bytes);
    enum rh_err err = hub_look(views->map, HUB_TABLE_MESSAGE, &key, &old);
    if (err == RH_ERR_NOTFOUND)
        return hub_change_insert(views, HUB_TABLE_MESSAGE, &key, now);
    if (err == RH_OK && old.bytes != sizeof value)
        return RH_ERR_CORRUPT;
    bool refused = err == RH_OK && hub_get_u32(old.data + (refusal - value)) != 0;
    if (err != RH_OK || !refused || record->core.outcome != 0)
        return err;
    return hub_change_replace(views, HUB_TABLE_MESSAGE, &key, old, now);
}

enum rh_err hub_apply_number(struct hub_views *views, const struct hub_record *record,
                             uint64_t rno, enum rh_kind kind)
{
    struct hub_stream row;
    struct rh_bytes old;
    uint64_t n = record->core.n;
    struct hub_key key = hub_key_stream(record->agency, &record->core.epoch);
    enum rh_err err = read_stream(views, &key, record, &row, &old);
    if (err != RH_OK)
        return err;

    bool fresh = n >= row.next_n; /* and then no number as high as this one is stored */
    if (fresh)
        row.next_n = n + 1;
    row.last_ms = record->core.stored_ms;
    err = write_stream(views, &key, &row, old);
    if (err == RH_OK && fresh) {
        uint8_t value[HUB_VALUE_PLACE_BYTES];
        struct hub_key number = hub_key_number(record->agency, &record->core.epoch, n);
        hub_value_place(value, record->core.index, &record->core.digest);
        err = hub_change_insert(views, HUB_TABLE_NUMBER, &number,
                                (struct rh_bytes){ value, sizeof value });
    }
    return err == RH_OK ? hub_apply_message(views, record, rno, kind) : err;
}

/* Close the stream that was open before, if it is another one. */
static enum rh_err close_older(struct hub_views *views, const struct hub_record *record,
                               const struct hub_key *open_key)
{
    struct hub_stream row;
    struct rh_bytes old;
    struct rh_epoch epoch;
    enum rh_err err = hub_look(views->map, HUB_TABLE_STREAM, open_key, &old);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    if (old.bytes != sizeof epoch.bytes)
        return RH_ERR_CORRUPT;
    memcpy(epoch.bytes, old.data, sizeof epoch.bytes);
    if (memcmp(epoch.bytes, record->core.epoch.bytes, sizeof epoch.bytes) == 0)
        return RH_OK;

    struct hub_key key = hub_key_stream(record->agency, &epoch);
    err = read_stream(views, &key, record, &row, &old);
    if (err != RH_OK || old.bytes == 0)
        return err;
    row.closed = true;
    return write_stream(views, &key, &row, old);
}

enum rh_err hub_apply_stream(struct hub_views *views, const struct hub_record *record)
{
    struct hub_key open_key = hub_key_u32(record->agency);
    enum rh_err err = close_older(views, record, &open_key);
    if (err != RH_OK)
        return err;

    struct hub_stream row;
    struct rh_bytes old;
    struct hub_key key = hub_key_stream(record->agency, &record->core.epoch);
    err = read_stream(views, &key, record, &row, &old);
    if (err != RH_OK)
        return err;
    row.closed = false;
    row.last_ms = record->core.stored_ms;
    err = write_stream(views, &key, &row, old);
    if (err != RH_OK)
        return err;
    struct rh_bytes epoch = { record->core.epoch.bytes, sizeof record->core.epoch.bytes };
    return hub_change_set(views, HUB_TABLE_STREAM, &open_key, epoch);
}
