/* Queues: what is to be delivered, what was acknowledged, what cannot be. */
#include "views/apply.h"

#include <string.h>

enum { QUEUED_BYTES_MAX = 128, DEAD_BYTES_MAX = 128 };

static const struct rh_bytes nothing = { NULL, 0 };

struct pair {
    bool known;
    uint64_t next;
    uint64_t acked;
};

static enum rh_err read_pair(struct hub_views *views, const struct hub_key *key,
                             struct pair *pair)
{
    struct rh_bytes old;
    enum rh_err err = hub_look(views->map, HUB_TABLE_PAIR, key, &old);
    *pair = (struct pair){ false, 1, 0 };
    if (err == RH_ERR_NOTFOUND)
        return RH_OK;
    if (err == RH_OK && old.bytes != HUB_VALUE_PAIR_BYTES)
        return RH_ERR_CORRUPT;
    if (err == RH_OK)
        *pair = (struct pair){ true, hub_get_u64(old.data), hub_get_u64(old.data + 8) };
    return err;
}

static void pair_value(const struct pair *pair, uint8_t out[HUB_VALUE_PAIR_BYTES])
{
    hub_put_u64(out, pair->next);
    hub_put_u64(out + 8, pair->acked);
}

static enum rh_err write_pair(struct hub_views *views, const struct hub_key *key,
                              const struct pair *old, const struct pair *pair)
{
    uint8_t before[HUB_VALUE_PAIR_BYTES];
    uint8_t after[HUB_VALUE_PAIR_BYTES];
    pair_value(old, before);
    pair_value(pair, after);
    struct rh_bytes now = { after, sizeof after };
    if (!old->known)
        return hub_change_insert(views, HUB_TABLE_PAIR, key, now);
    return hub_change_replace(views, HUB_TABLE_PAIR, key,
                              (struct rh_bytes){ before, sizeof before }, now);
}

static enum rh_err put_entry(struct hub_views *views, const struct hub_queued *queued,
                             struct rh_bytes old)
{
    uint8_t bytes[QUEUED_BYTES_MAX];
    struct rh_writer writer;
    rh_writer_init(&writer, bytes, sizeof bytes);
    enum rh_err err = hub_queued_encode(queued, &writer);
    rh_assert(err == RH_OK);
    struct rh_bytes now = { bytes, writer.bytes };
    struct hub_key key =
        hub_key_queue(queued->to, queued->lane, queued->from, queued->pair_seq);
    return old.bytes == 0 ? hub_change_insert(views, HUB_TABLE_QUEUE, &key, now)
                          : hub_change_replace(views, HUB_TABLE_QUEUE, &key, old, now);
}

/* A new entry with its reference; its key is known to be free. */
static enum rh_err add_entry(struct hub_views *views, const struct hub_queued *queued)
{
    enum rh_err err = put_entry(views, queued, nothing);
    if (err == RH_OK && queued->rno != 0) {
        struct hub_key ref = hub_key_queue_ref(queued);
        err = hub_change_insert(views, HUB_TABLE_QUEUE_REF, &ref, nothing);
    }
    return err == RH_OK ? hub_count_both(views, HUB_FIGURE_QUEUE, HUB_FIGURE_QUEUE_AGENCY,
                                         queued->to, 1)
                        : err;
}

/* Remove the entry that `old` (mapped) holds under `key`. */
static enum rh_err drop_entry(struct hub_views *views, const struct hub_key *key,
                              struct rh_bytes old, struct hub_queued *queued)
{
    if (hub_queued_decode(old, queued) != RH_OK)
        return RH_ERR_CORRUPT;
    enum rh_err err = hub_change_remove(views, HUB_TABLE_QUEUE, key, old);
    if (err == RH_OK && queued->rno != 0) {
        struct hub_key ref = hub_key_queue_ref(queued);
        err = hub_change_remove(views, HUB_TABLE_QUEUE_REF, &ref, nothing);
    }
    return err == RH_OK ? hub_count_both(views, HUB_FIGURE_QUEUE, HUB_FIGURE_QUEUE_AGENCY,
                                         queued->to, -1)
                        : err;
}

/* Number the message and queue it. A pair_seq that was given before cannot come from decide;
 * should a record say so, the entry that has it is replaced. */
static enum rh_err deliver(struct hub_views *views, const struct hub_record *record,
                           const struct hub_delivery_out *delivery)
{
    struct pair old;
    struct hub_key key = hub_key_pair(delivery->to, delivery->from, delivery->lane);
    enum rh_err err = read_pair(views, &key, &old);
    if (err != RH_OK)
        return err;
    struct pair pair = { true, old.next, old.acked };
    if (delivery->pair_seq >= old.next && delivery->pair_seq != UINT64_MAX) {
        pair.next = delivery->pair_seq + 1;
        err = write_pair(views, &key, &old, &pair);
    } else {
        struct rh_bytes row;
        struct hub_queued gone;
        key = hub_key_queue(delivery->to, delivery->lane, delivery->from, delivery->pair_seq);
        err = hub_look(views->map, HUB_TABLE_QUEUE, &key, &row);
        err = err == RH_ERR_NOTFOUND ? RH_OK
              : err == RH_OK         ? drop_entry(views, &key, row, &gone)
                                     : err;
    }
    if (err != RH_OK)
        return err;
    const struct hub_queued queued = {
        .to = delivery->to,
        .from = delivery->from,
        .lane = delivery->lane,
        .pair_seq = delivery->pair_seq,
        .index = delivery->index,
        .rno = delivery->rno,
        .kind = delivery->kind,
        .stored_ms = record->core.stored_ms,
        /* A subscriber's notice is as small as a word of the hub's own. */
        .bytes = delivery->index == record->core.index && delivery->kind != RH_KIND_SHARED
                     ? record->item_bytes
                     : 0,
        .place = delivery->place,
    };
    return add_entry(views, &queued);
}

/* Everything up to and including out->pair_seq leaves. */
static enum rh_err acknowledge(struct hub_views *views, const struct hub_queue_out *out)
{
    struct pair old;
    struct hub_key key = hub_key_pair(out->to, out->from, out->lane);
    enum rh_err err = read_pair(views, &key, &old);
    if (err != RH_OK || !old.known)
        return err;
    uint64_t upto = out->pair_seq < old.next ? out->pair_seq : old.next - 1;
    struct pair pair = { true, old.next, upto > old.acked ? upto : old.acked };
    err = write_pair(views, &key, &old, &pair);

    key = hub_key_queue(out->to, out->lane, out->from, 0);
    struct hub_key last = hub_key_queue(out->to, out->lane, out->from, upto);
    while (err == RH_OK) {
        struct rh_bytes found, row;
        struct hub_queued gone;
        err = hub_map_next(views->map, HUB_TABLE_QUEUE, hub_key_view(&key), &found, &row);
        if (err == RH_ERR_NOTFOUND)
            return RH_OK;
        if (err != RH_OK)
            return err;
        if (found.bytes != last.bytes)
            return RH_ERR_CORRUPT;
        if (memcmp(found.data, last.data, last.bytes) > 0)
            return RH_OK;
        memcpy(key.data, found.data, found.bytes);
        err = drop_entry(views, &key, row, &gone);
    }
    return err;
}

static enum rh_err bury(struct hub_views *views, const struct hub_queue_out *out)
{
    struct rh_bytes old;
    struct hub_queued queued;
    struct hub_key key = hub_key_queue(out->to, out->lane, out->from, out->pair_seq);
    enum rh_err err = hub_look(views->map, HUB_TABLE_QUEUE, &key, &old);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    if (hub_queued_decode(old, &queued) != RH_OK)
        return RH_ERR_CORRUPT;
    queued.tombstone = true;
    return put_entry(views, &queued, old);
}

static enum rh_err put_dead(struct hub_views *views, const struct hub_dead *dead)
{
    uint8_t bytes[DEAD_BYTES_MAX];
    struct rh_writer writer;
    rh_writer_init(&writer, bytes, sizeof bytes);
    enum rh_err err = hub_dead_encode(dead, &writer);
    rh_assert(err == RH_OK);
    struct hub_key key = hub_key_dead(dead->index, dead->to);
    return hub_change_set(views, HUB_TABLE_DEAD, &key,
                          (struct rh_bytes){ bytes, writer.bytes });
}

static enum rh_err read_dead(struct hub_views *views, uint64_t index, uint32_t to,
                             struct hub_dead *dead)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_dead(index, to);
    enum rh_err err = hub_look(views->map, HUB_TABLE_DEAD, &key, &row);
    if (err == RH_OK && hub_dead_decode(row, dead) != RH_OK)
        return RH_ERR_CORRUPT;
    return err;
}

static enum rh_err count_dead(struct hub_views *views, const struct hub_dead *dead,
                              int64_t delta)
{
    return hub_count_both(views, HUB_FIGURE_DEAD, HUB_FIGURE_DEAD_AGENCY, dead->from, delta);
}

static enum rh_err die(struct hub_views *views, const struct hub_record *record,
                       const struct hub_outcome *outcome, const struct hub_queue_out *out)
{
    struct rh_bytes old;
    struct hub_queued queued;
    struct hub_dead before;
    struct hub_dead dead = {
        .index = out->index,
        .to = out->to,
        .from = out->from,
        .lane = out->lane,
        .pair_seq = out->pair_seq,
        .rno = outcome->rno,
        .refusal = out->refusal,
        .dead_ms = record->core.stored_ms,
    };
    struct hub_key key = hub_key_queue(out->to, out->lane, out->from, out->pair_seq);
    enum rh_err err = hub_look(views->map, HUB_TABLE_QUEUE, &key, &old);
    if (err == RH_OK) {
        err = drop_entry(views, &key, old, &queued);
        dead.index = queued.index;
        dead.rno = queued.rno;
        dead.kind = queued.kind;
        dead.place = queued.place;
    } else if (err == RH_ERR_NOTFOUND) {
        err = RH_OK;
    }
    if (err != RH_OK)
        return err;

    err = read_dead(views, dead.index, dead.to, &before);
    if (err == RH_OK && !before.settled)
        err = count_dead(views, &before, -1);
    else if (err == RH_ERR_NOTFOUND)
        err = RH_OK;
    if (err == RH_OK)
        err = put_dead(views, &dead);
    return err == RH_OK ? count_dead(views, &dead, 1) : err;
}

static enum rh_err settle(struct hub_views *views, const struct hub_record *record,
                          const struct hub_queue_out *out)
{
    struct hub_dead dead;
    enum rh_err err = read_dead(views, out->index, out->to, &dead);
    if (err != RH_OK || dead.settled)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    dead.settled = true;
    dead.settled_index = record->core.index;
    err = put_dead(views, &dead);
    return err == RH_OK ? count_dead(views, &dead, -1) : err;
}

/* Ends come before new entries: a letter that is retried leaves first. */
enum rh_err hub_apply_queues(struct hub_views *views, const struct hub_record *record,
                             const struct hub_outcome *outcome)
{
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; i < outcome->queue_count && err == RH_OK; i++) {
        const struct hub_queue_out *out = &outcome->queue[i];
        switch (out->what) {
        case HUB_QUEUE_ACKED:
            err = acknowledge(views, out);
            break;
        case HUB_QUEUE_TOMBSTONE:
            err = bury(views, out);
            break;
        case HUB_QUEUE_DEAD:
            err = die(views, record, outcome, out);
            break;
        case HUB_QUEUE_SETTLED:
            err = settle(views, record, out);
            break;
        default:
            break;
        }
    }
    for (uint32_t i = 0; i < outcome->delivery_count && err == RH_OK; i++) {
        err = deliver(views, record, &outcome->deliveries[i]);
        if (err == RH_OK)
            err = hub_apply_told(views, record, &outcome->deliveries[i]);
    }
    return err;
}

static enum rh_err forget_pairs(struct hub_views *views)
{
    for (;;) {
        struct rh_bytes found, row;
        struct hub_key key;
        enum rh_err err = hub_map_next(views->map, HUB_TABLE_PAIR, nothing, &found, &row);
        if (err != RH_OK)
            return err == RH_ERR_NOTFOUND ? RH_OK : err;
        rh_assert(found.bytes <= sizeof key.data);
        key.bytes = found.bytes;
        memcpy(key.data, found.data, found.bytes);
        err = hub_change_remove(views, HUB_TABLE_PAIR, &key, row);
        if (err != RH_OK)
            return err;
    }
}

/* The entry under `key` becomes number `pair_seq` of its pair, which is below its old one:
 * entries only move towards the front, onto places that are free already, so the walk ends. */
static enum rh_err renumber(struct hub_views *views, const struct hub_key *key,
                            struct rh_bytes row, uint64_t pair_seq)
{
    struct hub_queued queued;
    enum rh_err err = drop_entry(views, key, row, &queued);
    if (err != RH_OK)
        return err;
    queued.pair_seq = pair_seq;
    return add_entry(views, &queued);
}

enum rh_err hub_apply_restart_pairs(struct hub_views *views)
{
    enum { PAIR_PREFIX_BYTES = 9 }; /* to, lane rank, from */
    enum rh_err err = forget_pairs(views);
    struct hub_key from = { .bytes = 0 };
    struct hub_key key = { .bytes = 0 };
    uint64_t pair_seq = 0;
    while (err == RH_OK) {
        struct rh_bytes found, row;
        err = hub_map_next(views->map, HUB_TABLE_QUEUE, hub_key_view(&from), &found, &row);
        if (err == RH_ERR_NOTFOUND)
            return RH_OK;
        if (err != RH_OK || found.bytes != PAIR_PREFIX_BYTES + 8)
            return err == RH_OK ? RH_ERR_CORRUPT : err;
        bool same = key.bytes != 0 && memcmp(key.data, found.data, PAIR_PREFIX_BYTES) == 0;
        pair_seq = same ? pair_seq + 1 : 1;
        from = hub_key_after(found);
        key.bytes = found.bytes;
        memcpy(key.data, found.data, found.bytes);
        struct hub_key pair_key = hub_key_pair(hub_get_u32(key.data),
                                               hub_get_u32(key.data + 5),
                                               hub_lane_of_rank(key.data[4]));
        if (hub_get_u64(key.data + PAIR_PREFIX_BYTES) > pair_seq)
            err = renumber(views, &key, row, pair_seq);
        struct pair old = { same, pair_seq, 0 };
        struct pair pair = { true, pair_seq + 1, 0 };
        if (err == RH_OK)
            err = write_pair(views, &pair_key, &old, &pair);
    }
    return err;
}
