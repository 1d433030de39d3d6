/* A hub that decides by dice, and remembers in plain arrays what its records have done.
 *
 * Each step adds one record of a random type with an outcome that holds together (dense
 * numbers, whole rows). The arrays are the twin: obviously right, slow, and compared with what
 * the views answer. */
#ifndef RHT_VIEWS_KIT_H
#define RHT_VIEWS_KIT_H

#include "support/rht.h"

#include "views/views.h"

enum {
    KIT_AGENCIES = 6,      /* numbers 2 to 7 */
    KIT_AGENCY_END = HUB_AGENCY_FIRST + KIT_AGENCIES,
    KIT_ROWS_MAX = 120,
    KIT_QUEUE_MAX = 400,
    KIT_DEAD_MAX = 200,
    KIT_LINES_MAX = 6000,
    KIT_RECORDS_MAX = 4000,
    KIT_SUBSCRIPTIONS_MAX = 64 /* above what topics and agencies there are */
};

/* Topics of the kit: areas and categories that are prefixes of one another, or nearly. */
extern const char *const kit_areas[4];
extern const char *const kit_categories[3];

struct kit_record {
    uint8_t *bytes; /* core, then rest */
    size_t core_bytes, rest_bytes;
};

/* What an item record was, for look-ups by number and id. */
struct kit_item {
    uint64_t index;
    uint32_t agency;
    struct rh_epoch epoch;
    uint64_t n;
    struct rh_message_id id;
    bool has_id; /* the message found by its id */
    uint32_t refusal;
    uint64_t rno;
    enum rh_kind kind;
};

struct kit_line {
    uint64_t rno, index;
    enum rh_kind kind;
};

struct kit {
    struct rht_random random;
    uint64_t now_ms;

    uint32_t count;
    struct kit_record records[KIT_RECORDS_MAX];

    uint32_t agencies; /* enrolled */
    bool streamed[KIT_AGENCY_END];
    struct rh_epoch epoch[KIT_AGENCY_END];
    uint64_t next_n[KIT_AGENCY_END];

    uint32_t row_count;
    struct hub_referral rows[KIT_ROWS_MAX]; /* rno is place plus one */
    uint32_t queue_count;
    struct hub_queued queue[KIT_QUEUE_MAX];
    uint64_t pair_next[KIT_AGENCY_END][KIT_AGENCY_END][RH_LANE_COUNT]; /* to, from */
    uint64_t pair_acked[KIT_AGENCY_END][KIT_AGENCY_END][RH_LANE_COUNT];
    uint32_t dead_count;
    struct hub_dead dead[KIT_DEAD_MAX];
    uint32_t line_count;
    struct kit_line lines[KIT_LINES_MAX];
    uint32_t item_count;
    struct kit_item items[KIT_RECORDS_MAX];
    uint32_t subscription_count, subscription_number; /* rows; the newest number given */
    struct hub_subscription subscriptions[KIT_SUBSCRIPTIONS_MAX];
    uint64_t stored, refused, rules_index;
    uint64_t slots;

    struct hub_record record;   /* being made */
    struct hub_outcome outcome; /* being made */
    uint8_t public_part[2048];
    uint8_t nested[512 * 1024];
    uint8_t rest[1024 * 1024];
};

/* Large: the caller frees it with kit_free. Enrols the agencies and opens their streams. */
struct kit *kit_new(void);
void kit_free(struct kit **kit);

/* Add one record. */
void kit_step(struct kit *kit);
/* The same of a given kind. */
void kit_register(struct kit *kit);
void kit_move(struct kit *kit);
void kit_generation(struct kit *kit);

/* Encode kit->record with its core and outcome, as it stands, and add it. */
void kit_add(struct kit *kit, enum rh_record_type type);

struct rh_bytes kit_core(const struct kit *kit, uint32_t index);
struct rh_bytes kit_rest(const struct kit *kit, uint32_t index);

/* Apply records from views->applied up to `end`. */
enum rh_err kit_apply(const struct kit *kit, struct hub_views *views, uint32_t end);

/* Compare everything the views answer with the arrays; fails the test at a difference. For the
 * newest record and saved views. */
void kit_compare(const struct kit *kit, struct hub_map *map);

#endif
