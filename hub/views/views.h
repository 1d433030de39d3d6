/* What records mean: the tables, and the one function that changes them.
 *
 * hub_views_apply is small, total and never refuses: it is what intake, recovery, standby and
 * audit replay all use. It reads records only, never bodies or keys. Everything else here
 * reads. A views object sits on any hub_map: the engine's open write transaction, an
 * operator's snapshot (read-only use), or memory in an audit. */
#ifndef HUB_VIEWS_VIEWS_H
#define HUB_VIEWS_VIEWS_H

#include "views/map.h"
#include "views/record.h"

/* Tables. Those marked D are determined by records and covered by the state digest. Keys are
 * big-endian so that memcmp order is number order. */
enum hub_table {
    HUB_TABLE_META = 0,      /* D text key -> value: applied, next_rno, counters of numbers */
    HUB_TABLE_AGENCY = 1,    /* D no(4) -> hub_agency */
    HUB_TABLE_AGENCY_ID = 2, /* D id text -> no(4) */
    HUB_TABLE_STREAM = 3,    /* D agency(4) epoch(8) -> hub_stream */
    HUB_TABLE_NUMBER = 4,    /* D stream: agency(4) epoch(8) n(8) -> index(8) digest(32) */
    HUB_TABLE_MESSAGE = 5,   /* D message id(16) -> index(8) digest(32) */
    HUB_TABLE_REFERRAL = 6,  /* D rno(8) -> hub_referral */
    HUB_TABLE_REFERRAL_ID = 7, /* D id(16) -> rno(8) */
    HUB_TABLE_HUMAN = 8,     /* D human number text -> rno(8) */
    HUB_TABLE_EXTERNAL = 9,  /* D system text 0 hash(32) -> rno(8) */
    HUB_TABLE_TIMELINE = 10, /* D rno(8) index(8) -> kind(2) */
    HUB_TABLE_WAKE = 11,     /* D instant ms(8) rno(8) -> "" */
    HUB_TABLE_DUE = 12,      /* D end ms(8) rno(8) serial(4) -> owed_by(4): running clocks */
    HUB_TABLE_HOLDER = 13,   /* D holder(4) state(1) rno(8) -> "": open referrals */
    HUB_TABLE_PARTY = 14,    /* D agency(4) rno(8) -> "": what an agency may see */
    HUB_TABLE_PAIR = 15,     /* D to(4) from(4) lane(1) -> next pair_seq(8) acked(8) */
    HUB_TABLE_QUEUE = 16,    /* D to(4) lane rank(1) from(4) pair_seq(8) -> hub_queued */
    HUB_TABLE_QUEUE_REF = 17,/* D to(4) rno(8) index(8) -> lane(1) from(4) pair_seq(8) */
    HUB_TABLE_DEAD = 18,     /* D index(8) to(4) -> hub_dead */
    HUB_TABLE_COUNT = 19,    /* D counter text -> value(8): figures kept with each change */
    HUB_TABLE_CHILD = 20,    /* D parent id(16) rno(8) -> "" */
    HUB_TABLE_RULES = 21,    /* D index(8) -> "": records of rules */
    HUB_TABLE_BODY = 22,     /*   index(8) -> segment(8) offset(8) bytes(4): where it lies */
    HUB_TABLE_LOCAL = 23,    /*   text key -> value: digests, schema, journal position */
    HUB_TABLES = 24
};

/* Where a record lies in the journal. */
struct hub_location {
    uint64_t segment; /* first index of the segment's file name */
    uint64_t offset;
    uint32_t bytes;
};

struct hub_views {
    struct hub_map *map;                    /* borrowed */
    struct rh_hash digests[HUB_TABLES];     /* sums modulo 2^256, kept with each change */
    uint64_t applied;                       /* records applied: next index expected */
    struct hub_outcome *outcome;            /* working memory, owned */
    struct hub_referral *before;            /* working memory, owned */
    uint8_t *buffer;                        /* working memory, owned */
};

/* Read position and digests from the map; an empty map is position 0. Memory is carved here. */
enum rh_err hub_views_open(struct hub_views *views, struct hub_map *map);
void hub_views_close(struct hub_views *views);

/* Apply record `index` (must be views->applied) with its core, rest and place. Rows, indexes,
 * counters, digests and the position change together in the map's open batch.
 * RH_ERR_CORRUPT when the record cannot be decoded: never for its content. */
enum rh_err hub_views_apply(struct hub_views *views, uint64_t index, struct rh_bytes core,
                            struct rh_bytes rest, const struct hub_location *location);

/* The lookups of decide, over these views. */
void hub_views_world(struct hub_views *views, const struct rh_rules *rules,
                     uint64_t rules_index, struct hub_world *out);

/* Numbers the next event carries. */
enum rh_err hub_views_next(struct hub_views *views, uint64_t now_ms, uint64_t *next_rno,
                           uint64_t *next_number, uint64_t *free_slot);

/* Streams and duplicates. RH_ERR_NOTFOUND when unknown. */
enum rh_err hub_views_stream(struct hub_map *map, uint32_t agency, const struct rh_epoch *epoch,
                             struct hub_stream *out);
/* The open (newest) stream of an agency. */
enum rh_err hub_views_stream_open(struct hub_map *map, uint32_t agency, struct hub_stream *out);
enum rh_err hub_views_number(struct hub_map *map, uint32_t agency, const struct rh_epoch *epoch,
                             uint64_t n, uint64_t *index, struct rh_hash *digest);
enum rh_err hub_views_location(struct hub_map *map, uint64_t index, struct hub_location *out);

/* Rows, copied. */
enum rh_err hub_views_agency(struct hub_map *map, uint32_t no, struct hub_agency *out);
enum rh_err hub_views_agency_find(struct hub_map *map, const char *id, struct hub_agency *out);
enum rh_err hub_views_referral(struct hub_map *map, uint64_t rno, struct hub_referral *out);
/* By human number, UUID text, or "system=hash hex". */
enum rh_err hub_views_referral_find(struct hub_map *map, const char *text,
                                    struct hub_referral *out);

/* Walk in key order from a place; each advances the cursor and answers RH_ERR_NOTFOUND at the
 * end. Cursors are plain values, safe to keep between snapshots. */
struct hub_cursor {
    uint8_t key[HUB_MAP_KEY_MAX];
    size_t bytes;   /* 0: from the start */
};

enum rh_err hub_views_agency_next(struct hub_map *map, uint32_t *no, struct hub_agency *out);
enum rh_err hub_views_referral_next(struct hub_map *map, uint64_t *rno,
                                    struct hub_referral *out);
enum rh_err hub_views_timeline_next(struct hub_map *map, uint64_t rno, uint64_t *index,
                                    enum rh_kind *kind);
/* Running clocks by end. */
enum rh_err hub_views_due_next(struct hub_map *map, struct hub_cursor *cursor, uint64_t *end_ms,
                               uint64_t *rno, uint32_t *serial, uint32_t *owed_by);
/* Earliest wake: RH_ERR_NOTFOUND when nothing is armed. */
enum rh_err hub_views_wake_first(struct hub_map *map, uint64_t *at_ms, uint64_t *rno);
enum rh_err hub_views_dead_next(struct hub_map *map, struct hub_cursor *cursor,
                                struct hub_dead *out);

/* Queues. The head of (to, lane, from) at or after a pair_seq; the next sender with anything
 * queued in a lane after `from`; and whether an earlier undelivered message of the same
 * referral stands before `queued` for the same agency. */
enum rh_err hub_views_queue_head(struct hub_map *map, uint32_t to, enum rh_lane lane,
                                 uint32_t from, uint64_t at_least, struct hub_queued *out);
enum rh_err hub_views_queue_sender(struct hub_map *map, uint32_t to, enum rh_lane lane,
                                   uint32_t *from);
enum rh_err hub_views_queue_blocked(struct hub_map *map, const struct hub_queued *queued,
                                    bool *blocked);
enum rh_err hub_views_pair(struct hub_map *map, uint32_t to, uint32_t from, enum rh_lane lane,
                           uint64_t *next, uint64_t *acked);

/* A figure by name, 0 when never counted: "open", "queue/<agency no>", "state/<name>",
 * "overdue", "dead", "stored/<kind>", "refused/<number>" ... */
enum rh_err hub_views_count(struct hub_map *map, const char *name, uint64_t *value);

#endif
