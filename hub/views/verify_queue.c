/* Queues against pairs and references; streams against their numbers. */
#include "views/verify.h"

#include <string.h>

static const struct rh_bytes nothing = { NULL, 0 };

static enum rh_err check_pair(struct hub_verify *verify, const struct hub_key *key,
                              const struct hub_queued *queued)
{
    uint64_t next, acked;
    enum rh_err err = hub_views_pair(verify->map, queued->to, queued->from, queued->lane, &next,
                                     &acked);
    if (err == RH_OK && (queued->pair_seq >= next || queued->pair_seq <= acked))
        hub_verify_fault(verify, HUB_TABLE_QUEUE, "not between acknowledged and next number",
                         hub_key_view(key));
    return err;
}

static enum rh_err check_queued(struct hub_verify *verify, const struct hub_key *key,
                                struct rh_bytes value)
{
    struct hub_queued queued;
    bool sound = hub_queued_decode(value, &queued) == RH_OK;
    struct hub_key wanted = { .bytes = 0 };
    if (sound)
        wanted = hub_key_queue(queued.to, queued.lane, queued.from, queued.pair_seq);
    if (!sound || wanted.bytes != key->bytes ||
        memcmp(wanted.data, key->data, key->bytes) != 0) {
        hub_verify_fault(verify, HUB_TABLE_QUEUE, "not an entry of that key",
                         hub_key_view(key));
        return RH_OK;
    }
    verify->all.queue++;
    hub_verify_tally(verify, queued.to)->queue++;
    enum rh_err err = check_pair(verify, key, &queued);
    if (err != RH_OK || queued.rno == 0)
        return err;
    struct hub_key ref = hub_key_queue_ref(&queued);
    return hub_verify_wants(verify, HUB_TABLE_QUEUE_REF, &ref, nothing);
}

static enum rh_err check_dead(struct hub_verify *verify, const struct hub_key *key,
                              struct rh_bytes value)
{
    struct hub_dead dead;
    if (key->bytes != 12 || hub_dead_decode(value, &dead) != RH_OK ||
        hub_get_u64(key->data) != dead.index || hub_get_u32(key->data + 8) != dead.to) {
        hub_verify_fault(verify, HUB_TABLE_DEAD, "not a letter of that key", hub_key_view(key));
        return RH_OK;
    }
    if (!dead.settled) {
        verify->all.dead++;
        hub_verify_tally(verify, dead.from)->dead++;
    }
    return RH_OK;
}

enum rh_err hub_verify_queues(struct hub_verify *verify)
{
    enum rh_err err = hub_verify_walk(verify, HUB_TABLE_QUEUE, check_queued);
    return err == RH_OK ? hub_verify_walk(verify, HUB_TABLE_DEAD, check_dead) : err;
}

/* agency -> epoch names a stream that is open; a stream that is open is the one named. */
static enum rh_err check_open(struct hub_verify *verify, const struct hub_key *key,
                              uint32_t agency, const struct hub_stream *row)
{
    struct hub_stream open;
    enum rh_err err = hub_views_stream_open(verify->map, agency, &open);
    if (err != RH_OK && err != RH_ERR_NOTFOUND && err != RH_ERR_CORRUPT)
        return err;
    bool named = err == RH_OK;
    if (row == NULL && (!named || open.closed))
        hub_verify_fault(verify, HUB_TABLE_STREAM, "names no open stream", hub_key_view(key));
    if (row != NULL && !row->closed && named &&
        memcmp(&open.epoch, &row->epoch, sizeof open.epoch) != 0)
        hub_verify_fault(verify, HUB_TABLE_STREAM, "open beside the newest",
                         hub_key_view(key));
    return RH_OK;
}

static enum rh_err check_stream(struct hub_verify *verify, const struct hub_key *key,
                                struct rh_bytes value)
{
    struct hub_stream row;
    if (key->bytes == 4)
        return check_open(verify, key, hub_get_u32(key->data), NULL);
    bool sound = key->bytes == 12 && hub_stream_decode(value, &row) == RH_OK;
    struct hub_key wanted = { .bytes = 0 };
    if (sound)
        wanted = hub_key_stream(row.agency, &row.epoch);
    if (!sound || row.next_n == 0 || memcmp(wanted.data, key->data, key->bytes) != 0) {
        hub_verify_fault(verify, HUB_TABLE_STREAM, "not a stream of that key",
                         hub_key_view(key));
        return RH_OK;
    }
    verify->wanted[HUB_TABLE_NUMBER] += row.next_n - 1;
    return check_open(verify, key, row.agency, &row);
}

/* Every n below the next one is there: each belongs to a stream and is below its next_n, and
 * there are as many as the streams have given. */
static enum rh_err check_number(struct hub_verify *verify, const struct hub_key *key,
                                struct rh_bytes value)
{
    struct hub_stream row;
    struct rh_epoch epoch;
    if (key->bytes != 20 || value.bytes != HUB_VALUE_PLACE_BYTES) {
        hub_verify_fault(verify, HUB_TABLE_NUMBER, "not of the form", hub_key_view(key));
        return RH_OK;
    }
    memcpy(epoch.bytes, key->data + 4, sizeof epoch.bytes);
    uint64_t n = hub_get_u64(key->data + 12);
    enum rh_err err = hub_views_stream(verify->map, hub_get_u32(key->data), &epoch, &row);
    if (err == RH_ERR_NOTFOUND || (err == RH_OK && (n == 0 || n >= row.next_n)))
        hub_verify_fault(verify, HUB_TABLE_NUMBER, "not given by its stream",
                         hub_key_view(key));
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

enum rh_err hub_verify_streams(struct hub_verify *verify)
{
    enum rh_err err = hub_verify_walk(verify, HUB_TABLE_STREAM, check_stream);
    uint64_t before = verify->report->entries;
    if (err == RH_OK)
        err = hub_verify_walk(verify, HUB_TABLE_NUMBER, check_number);
    if (err == RH_OK &&
        verify->report->entries - before != verify->wanted[HUB_TABLE_NUMBER])
        hub_verify_fault(verify, HUB_TABLE_NUMBER, "more or fewer than the streams have given",
                         nothing);
    return err;
}
