#include "views/keys.h"

#include <string.h>

void hub_put_u16(uint8_t out[2], uint32_t value)
{
    rh_assert(value <= UINT16_MAX);
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

void hub_put_u32(uint8_t out[4], uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

void hub_put_u64(uint8_t out[8], uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (56 - 8 * i));
}

uint32_t hub_get_u16(const uint8_t in[2])
{
    return (uint32_t)in[0] << 8 | in[1];
}

uint32_t hub_get_u32(const uint8_t in[4])
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++)
        value = value << 8 | in[i];
    return value;
}

uint64_t hub_get_u64(const uint8_t in[8])
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value = value << 8 | in[i];
    return value;
}

static void add_raw(struct hub_key *key, const void *data, size_t bytes)
{
    size_t room = sizeof key->data - key->bytes;
    if (bytes > room)
        bytes = room;
    memcpy(key->data + key->bytes, data, bytes);
    key->bytes += bytes;
}

static void add_u8(struct hub_key *key, uint8_t value)
{
    add_raw(key, &value, 1);
}

static void add_u32(struct hub_key *key, uint32_t value)
{
    uint8_t bytes[4];
    hub_put_u32(bytes, value);
    add_raw(key, bytes, sizeof bytes);
}

static void add_u64(struct hub_key *key, uint64_t value)
{
    uint8_t bytes[8];
    hub_put_u64(bytes, value);
    add_raw(key, bytes, sizeof bytes);
}

struct hub_key hub_key_text(const char *text)
{
    struct hub_key key;
    key.bytes = 0;
    add_raw(&key, text, strlen(text));
    return key;
}

struct hub_key hub_key_u32(uint32_t number)
{
    struct hub_key key;
    key.bytes = 0;
    add_u32(&key, number);
    return key;
}

struct hub_key hub_key_u64(uint64_t number)
{
    struct hub_key key;
    key.bytes = 0;
    add_u64(&key, number);
    return key;
}

struct hub_key hub_key_u64_u64(uint64_t a, uint64_t b)
{
    struct hub_key key = hub_key_u64(a);
    add_u64(&key, b);
    return key;
}

struct hub_key hub_key_u32_u64(uint32_t a, uint64_t b)
{
    struct hub_key key = hub_key_u32(a);
    add_u64(&key, b);
    return key;
}

struct hub_key hub_key_id(const uint8_t id[RH_ID_BYTES])
{
    struct hub_key key;
    key.bytes = 0;
    add_raw(&key, id, RH_ID_BYTES);
    return key;
}

struct hub_key hub_key_stream(uint32_t agency, const struct rh_epoch *epoch)
{
    struct hub_key key = hub_key_u32(agency);
    add_raw(&key, epoch->bytes, sizeof epoch->bytes);
    return key;
}

struct hub_key hub_key_number(uint32_t agency, const struct rh_epoch *epoch, uint64_t n)
{
    struct hub_key key = hub_key_stream(agency, epoch);
    add_u64(&key, n);
    return key;
}

struct hub_key hub_key_external(const struct rh_external *external)
{
    struct hub_key key = hub_key_text(external->system);
    add_u8(&key, 0);
    add_raw(&key, external->hash.bytes, sizeof external->hash.bytes);
    return key;
}

struct hub_key hub_key_due(uint64_t end_ms, uint64_t rno, uint32_t serial)
{
    struct hub_key key = hub_key_u64_u64(end_ms, rno);
    add_u32(&key, serial);
    return key;
}

struct hub_key hub_key_holder(uint32_t holder, enum rh_state state, uint64_t rno)
{
    struct hub_key key = hub_key_u32(holder);
    add_u8(&key, (uint8_t)state);
    add_u64(&key, rno);
    return key;
}

struct hub_key hub_key_pair(uint32_t to, uint32_t from, enum rh_lane lane)
{
    struct hub_key key = hub_key_u32(to);
    add_u32(&key, from);
    add_u8(&key, (uint8_t)lane);
    return key;
}

struct hub_key hub_key_queue(uint32_t to, enum rh_lane lane, uint32_t from, uint64_t pair_seq)
{
    struct hub_key key = hub_key_u32(to);
    add_u8(&key, hub_lane_rank(lane));
    add_u32(&key, from);
    add_u64(&key, pair_seq);
    return key;
}

struct hub_key hub_key_queue_ref(const struct hub_queued *queued)
{
    struct hub_key key = hub_key_u32_u64(queued->to, queued->rno);
    add_u64(&key, queued->index);
    add_u8(&key, hub_lane_rank(queued->lane));
    add_u32(&key, queued->from);
    add_u64(&key, queued->pair_seq);
    return key;
}

struct hub_key hub_key_dead(uint64_t index, uint32_t to)
{
    struct hub_key key = hub_key_u64(index);
    add_u32(&key, to);
    return key;
}

struct hub_key hub_key_child(const struct rh_referral_id *parent, uint64_t rno)
{
    struct hub_key key = hub_key_id(parent->bytes);
    add_u64(&key, rno);
    return key;
}

struct hub_key hub_key_mark_prefix(const struct hub_mark *mark)
{
    struct hub_key key;
    key.bytes = 0;
    add_u8(&key, (uint8_t)mark->what);
    if (mark->what == HUB_MARK_PLACE) {
        add_raw(&key, mark->category, strlen(mark->category) + 1);
        add_raw(&key, mark->area, strlen(mark->area) + 1);
        return key;
    }
    add_raw(&key, mark->a.bytes, sizeof mark->a.bytes);
    if (mark->what == HUB_MARK_PERSON_MATTER)
        add_raw(&key, mark->b.bytes, sizeof mark->b.bytes);
    return key;
}

/* Numbers count downwards, so that the newest stands first. */
struct hub_key hub_key_mark(const struct hub_mark *mark, uint64_t rno)
{
    struct hub_key key = hub_key_mark_prefix(mark);
    add_u64(&key, UINT64_MAX - rno);
    return key;
}

struct hub_key hub_key_hot(const char *rule, const char *area)
{
    struct hub_key key = hub_key_text(rule);
    add_u8(&key, 0);
    add_raw(&key, area, strlen(area));
    return key;
}

struct hub_key hub_key_subscription(const char *area, const char *category, uint32_t agency)
{
    struct hub_key key = hub_key_text(area);
    add_u8(&key, 0);
    add_raw(&key, category, strlen(category) + 1);
    add_u32(&key, agency);
    return key;
}

struct hub_key hub_key_month(uint32_t month, uint32_t agency, const char *procedure)
{
    struct hub_key key = hub_key_u32(month);
    add_u32(&key, agency);
    add_raw(&key, procedure, strlen(procedure));
    return key;
}

struct hub_key hub_key_after(struct rh_bytes from)
{
    struct hub_key key;
    rh_assert(from.bytes < sizeof key.data);
    key.bytes = 0;
    add_raw(&key, from.data, from.bytes);
    add_u8(&key, 0);
    return key;
}

void hub_value_place(uint8_t out[HUB_VALUE_PLACE_BYTES], uint64_t index,
                     const struct rh_hash *digest)
{
    hub_put_u64(out, index);
    memcpy(out + 8, digest->bytes, sizeof digest->bytes);
}
