/* Keys and fixed values of every table: big-endian, so that memcmp order is number order.
 * Which table has which key is said in views/views.h, enum hub_table. */
#ifndef HUB_VIEWS_KEYS_H
#define HUB_VIEWS_KEYS_H

#include "views/views.h"

struct hub_key {
    size_t bytes;
    uint8_t data[HUB_MAP_KEY_MAX];
};

static inline struct rh_bytes hub_key_view(const struct hub_key *key)
{
    return (struct rh_bytes){ key->data, key->bytes };
}

void hub_put_u16(uint8_t out[2], uint32_t value); /* below 65536 */
void hub_put_u32(uint8_t out[4], uint32_t value);
void hub_put_u64(uint8_t out[8], uint64_t value);
uint32_t hub_get_u16(const uint8_t in[2]);
uint32_t hub_get_u32(const uint8_t in[4]);
uint64_t hub_get_u64(const uint8_t in[8]);

/* Lanes in order of urgency: urgent 0, green 1, normal 2. */
static inline uint8_t hub_lane_rank(enum rh_lane lane)
{
    return (uint8_t)((unsigned)RH_LANE_URGENT - (unsigned)lane);
}

static inline enum rh_lane hub_lane_of_rank(uint8_t rank)
{
    return (enum rh_lane)((unsigned)RH_LANE_URGENT - rank);
}

/* Texts longer than a key are cut; callers bound them. */
struct hub_key hub_key_text(const char *text);
struct hub_key hub_key_u32(uint32_t number);              /* AGENCY, open STREAM */
struct hub_key hub_key_u64(uint64_t number);              /* REFERRAL, RULES, BODY */
struct hub_key hub_key_u64_u64(uint64_t a, uint64_t b);   /* TIMELINE, WAKE */
struct hub_key hub_key_u32_u64(uint32_t a, uint64_t b);   /* PARTY */
struct hub_key hub_key_id(const uint8_t id[RH_ID_BYTES]); /* MESSAGE, REFERRAL_ID */
struct hub_key hub_key_stream(uint32_t agency, const struct rh_epoch *epoch);
struct hub_key hub_key_number(uint32_t agency, const struct rh_epoch *epoch, uint64_t n);
struct hub_key hub_key_external(const struct rh_external *external);
struct hub_key hub_key_due(uint64_t end_ms, uint64_t rno, uint32_t serial);
struct hub_key hub_key_holder(uint32_t holder, enum rh_state state, uint64_t rno);
struct hub_key hub_key_pair(uint32_t to, uint32_t from, enum rh_lane lane);
struct hub_key hub_key_queue(uint32_t to, enum rh_lane lane, uint32_t from, uint64_t pair_seq);
struct hub_key hub_key_queue_ref(const struct hub_queued *queued);
struct hub_key hub_key_dead(uint64_t index, uint32_t to);
struct hub_key hub_key_child(const struct rh_referral_id *parent, uint64_t rno);

/* The least key above `key`: to go on behind it. At most HUB_MAP_KEY_MAX - 1 bytes. */
struct hub_key hub_key_mark(const struct hub_mark *mark, uint64_t rno);
struct hub_key hub_key_mark_prefix(const struct hub_mark *mark);
struct hub_key hub_key_hot(const char *rule, const char *area);
struct hub_key hub_key_subscription(const char *area, const char *category, uint32_t agency);
struct hub_key hub_key_month(uint32_t month, uint32_t agency, const char *procedure);
struct hub_key hub_key_after(struct rh_bytes key);

/* Values of fixed form. */
enum {
    HUB_VALUE_PLACE_BYTES = 40,                           /* NUMBER */
    HUB_VALUE_MESSAGE_BYTES = HUB_VALUE_PLACE_BYTES + 18, /* MESSAGE */
    HUB_VALUE_PAIR_BYTES = 16,
    HUB_VALUE_BODY_BYTES = 20
};

/* index(8) digest(32), with which the value of NUMBER and MESSAGE begins. */
void hub_value_place(uint8_t out[HUB_VALUE_PLACE_BYTES], uint64_t index,
                     const struct rh_hash *digest);

#endif
