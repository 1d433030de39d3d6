/* What records mean: the tables, and the one function that changes them.
 *
 * hub_views_apply is small, total and never refuses: it is what intake, recovery, standby and
 * audit replay all use. It reads records only, never bodies or keys. Everything else here
 * reads. A views object sits on any hub_map: the engine's open write transaction or memory in
 * an audit. Functions that take a map read any map: an operator's snapshot too.
 *
 *     hub_views_apply ...   each record, in order, into the open batch of the map
 *     hub_views_save        before each commit: figures, digests and position into the batch
 *     (commit the map)
 *
 * After an abort of the map, or an error of apply or save, what the object remembers is not
 * what the map holds: close it, open it again, and apply again from views->applied on. */
#ifndef HUB_VIEWS_VIEWS_H
#define HUB_VIEWS_VIEWS_H

#include "views/map.h"
#include "views/record.h"

/* Tables. Those marked D are determined by records and covered by the state digest. Keys are
 * big-endian so that memcmp order is number order. */
enum hub_table {
    HUB_TABLE_META = 0,      /* D "next" -> the numbers that are given next (hub_next) */
    HUB_TABLE_AGENCY = 1,    /* D no(4) -> hub_agency */
    HUB_TABLE_AGENCY_ID = 2, /* D id text -> no(4) */
    HUB_TABLE_STREAM = 3,    /* D agency(4) epoch(8) -> hub_stream; agency(4) -> epoch(8) of the
                                  stream that is open */
    HUB_TABLE_NUMBER = 4,    /* D stream: agency(4) epoch(8) n(8) -> index(8) digest(32) */
    HUB_TABLE_MESSAGE = 5,   /* D message id(16) -> index(8) digest(32) agency(4) rno(8)
                                  kind(2) refusal(4) */
    HUB_TABLE_REFERRAL = 6,  /* D rno(8) -> hub_referral */
    HUB_TABLE_REFERRAL_ID = 7, /* D id(16) -> rno(8) */
    HUB_TABLE_HUMAN = 8,     /* D human number text -> rno(8) */
    HUB_TABLE_EXTERNAL = 9,  /* D system text 0 hash(32) -> rno(8) */
    HUB_TABLE_TIMELINE = 10, /* D rno(8) index(8) -> kind(2) */
    HUB_TABLE_WAKE = 11,     /* D instant ms(8) rno(8) -> "" */
    HUB_TABLE_DUE = 12,      /* D end ms(8) rno(8) serial(4) -> owed_by(4): clocks that are
                                  running, or missed with the act still owed: what is overdue
                                  stands in front */
    HUB_TABLE_HOLDER = 13,   /* D holder(4) state(1) rno(8) -> "": open referrals */
    HUB_TABLE_PARTY = 14,    /* D agency(4) rno(8) -> "": what an agency may see */
    HUB_TABLE_PAIR = 15,     /* D to(4) from(4) lane(1) -> next pair_seq(8) acked(8) */
    HUB_TABLE_QUEUE = 16,    /* D to(4) lane rank(1) from(4) pair_seq(8) -> hub_queued */
    HUB_TABLE_QUEUE_REF = 17,/* D to(4) rno(8) index(8) lane rank(1) from(4) pair_seq(8) -> "",
                                  for queue entries about a referral */
    HUB_TABLE_DEAD = 18,     /* D index(8) to(4) -> hub_dead */
    HUB_TABLE_COUNT = 19,    /* D counter text -> value(8): figures kept with each change */
    HUB_TABLE_CHILD = 20,    /* D parent id(16) rno(8) -> "" */
    HUB_TABLE_RULES = 21,    /* D index(8) -> "": records of rules */
    HUB_TABLE_BODY = 22,     /*   index(8) -> segment(8) offset(8) bytes(4): where it lies */
    HUB_TABLE_LOCAL = 23,    /*   "state" -> schema, position, digests, at each commit */
    HUB_TABLE_JOB = 24,      /* D number(8) -> hub_job */
    HUB_TABLE_MARK = 25,     /* D mark, newest first (hub_key_mark) -> "": what repeats are
                                  found by, of referrals that are not sealed */
    HUB_TABLE_QUERY = 26,    /* D query code -> rno(8) */
    HUB_TABLE_HOT = 27,      /* D rule text 0 area text -> hub_hot */
    HUB_TABLE_CLOCK = 28,    /* D index(8) -> type(1): records of clocks but steering */
    HUB_TABLE_MONTH = 29,    /* D month(4) agency(4) procedure -> figures(8 each): hub_month */
    HUB_TABLE_TOLD = 30,     /* D index(8) to(4) -> hub_told: bulletins of no referral */
    HUB_TABLE_SUBSCRIPTION = 31, /* D area 0 category 0 agency(4) -> hub_subscription */
    HUB_TABLES = 32
};

/* Where a record lies in the journal. */
struct hub_location {
    uint64_t segment; /* first index of the segment's file name */
    uint64_t offset;
    uint32_t bytes;
};

/* The numbers that are given next. Rows of the referral table alone could not tell: a number is
 * not given twice even if its row changed. */
struct hub_next {
    uint64_t rno;         /* from 1 */
    uint64_t slot;        /* first unused content key slot, from 1 */
    uint32_t agency;      /* from HUB_AGENCY_FIRST */
    uint32_t year;        /* year of the newest human number, 0 none */
    uint64_t ordinal;     /* its ordinal plus one */
    uint64_t rules_size;  /* index of the newest record of rules plus one, 0 none */
    uint64_t down_ms;     /* newest down_ms of a record */
    uint32_t subscription; /* from 1 */
};

struct hub_counts;
struct hub_months;
struct hub_past;

struct hub_views {
    struct hub_map *map;                    /* borrowed */
    struct rh_hash digests[HUB_TABLES];     /* sums modulo 2^256, kept with each change; COUNT
                                               and MONTH are behind until hub_views_save */
    uint64_t applied;                       /* records applied: next index expected */
    struct hub_next next;
    struct hub_monthly monthly;             /* the month's bulletin; after the genesis of the
                                               month before it, and sent to all */
    struct hub_next next_stored;            /* as the map has it; rno 0: not there yet */
    struct hub_counts *counts;              /* figures changed since save, owned */
    struct hub_months *months;              /* the same of months (views/month.h), owned */
    struct hub_outcome *outcome;            /* working memory, owned */
    struct hub_referral *before;            /* working memory, owned */
    uint8_t *buffer;                        /* working memory, owned */
    struct hub_agency_memo *memos;          /* agencies decide asked for (world.c), owned */
    struct hub_past *past;                  /* borrowed; who knows earlier records of rules sets
                                               it (views/past.h), NULL: only the newest count */
};

/* Read position and digests from the map; an empty map is position 0. Memory is carved here.
 *
 * RH_ERR_CORRUPT  the map holds rows but no readable position, or another row schema.
 * RH_ERR_NOMEM    or what the map answered. */
enum rh_err hub_views_open(struct hub_views *views, struct hub_map *map);
/* Frees the memory; what was applied but not saved is forgotten. A second call is harmless. */
void hub_views_close(struct hub_views *views);

/* Apply record `index` with its core, rest and place (NULL: do not keep it). Rows, indexes,
 * digests and the position change together in the map's open batch.
 *
 * RH_ERR_CORRUPT  `index` is not views->applied, or the record or a stored row cannot be
 *                 decoded: never for its content. Nothing was changed in the first two cases.
 * any other       what the map answered. */
enum rh_err hub_views_apply(struct hub_views *views, uint64_t index, struct rh_bytes core,
                            struct rh_bytes rest, const struct hub_location *location);

/* Write into the open batch what is kept in memory between commits: figures, digests, position.
 * Call before each commit. Saving more or less often never changes what is saved. */
enum rh_err hub_views_save(struct hub_views *views);

/* The lookups of decide, over these views. */
void hub_views_world(struct hub_views *views, const struct rh_rules *rules,
                     uint64_t rules_index, struct hub_world *out);

/* Numbers the next event carries. Human numbers begin anew with each civil year (+08:00). */
enum rh_err hub_views_next(struct hub_views *views, uint64_t now_ms, uint64_t *next_rno,
                           uint64_t *next_number, uint64_t *free_slot);
/* The record of a clock at or after *index, and what it says; RH_ERR_NOTFOUND behind the
 * last. A test hub's steering is left out. */
enum rh_err hub_views_clock_next(struct hub_map *map, uint64_t *index,
                                 enum hub_clock_type *type);
/* The newest record of rules; RH_ERR_NOTFOUND before the first. */
enum rh_err hub_views_rules_newest(struct hub_map *map, uint64_t *index);

/* The state digest: what a DIGEST record keeps and what replay, backup and standby compare.
 * Encode writes an array of [table, digest bin 32] over the D tables, in order of tables; it
 * saves first. Check compares such an array with these views (it saves too): RH_ERR_NOTFOUND
 * when a digest differs, with the first such table in *table; RH_ERR_CORRUPT when the array is
 * not of the form. Compute walks the map's tables instead of believing what was kept. */
enum { HUB_DIGEST_ROWS_BYTES_MAX = HUB_TABLES * (RH_HASH_BYTES + 8) };
bool hub_table_is_digested(unsigned table);
enum rh_err hub_views_digest_encode(struct hub_views *views, struct rh_writer *writer);
enum rh_err hub_views_digest_check(struct hub_views *views, struct rh_bytes digest_rows,
                                   unsigned *table);
enum rh_err hub_views_digest_compute(struct hub_map *map, struct rh_hash out[HUB_TABLES]);

/* Derive every index and every figure that rows determine again, and compare. For saved views;
 * reads the whole map. */
struct hub_views_report {
    uint64_t entries;  /* entries looked at */
    uint64_t faults;   /* what did not agree */
    unsigned table;    /* of the first fault */
    char text[160];    /* the first fault, one English sentence; "" without one */
};
/* RH_OK also when there are faults (report->faults); other errors mean that the walk itself
 * could not go on. RH_ERR_NOMEM. */
enum rh_err hub_views_verify(struct hub_map *map, struct hub_views_report *report);

/* Name of a table, for reports and for hub/store; "?" for a number that is none. */
const char *hub_table_name(unsigned table);

/* Streams and duplicates. RH_ERR_NOTFOUND when unknown. */
enum rh_err hub_views_stream(struct hub_map *map, uint32_t agency, const struct rh_epoch *epoch,
                             struct hub_stream *out);
/* The open (newest) stream of an agency. */
enum rh_err hub_views_stream_open(struct hub_map *map, uint32_t agency, struct hub_stream *out);
enum rh_err hub_views_number(struct hub_map *map, uint32_t agency, const struct rh_epoch *epoch,
                             uint64_t n, uint64_t *index, struct rh_hash *digest);
/* The stored message of an id. */
enum rh_err hub_views_message(struct hub_map *map, const struct rh_message_id *id,
                              struct hub_message *out);
/* The same, or else the first refused message that had the id, with its refusal. */
enum rh_err hub_views_message_any(struct hub_map *map, const struct rh_message_id *id,
                                  struct hub_message *out, uint32_t *refusal);
enum rh_err hub_views_location(struct hub_map *map, uint64_t index, struct hub_location *out);

/* As it is stored, mapped. */
enum rh_err hub_views_agency_row(struct hub_map *map, uint32_t no, struct rh_bytes *row);
/* RH_ERR_NOTFOUND also for what cannot be an id. */
enum rh_err hub_views_agency_no(struct hub_map *map, const char *id, uint32_t *no);

/* Rows, copied. */
enum rh_err hub_views_agency(struct hub_map *map, uint32_t no, struct hub_agency *out);
enum rh_err hub_views_agency_find(struct hub_map *map, const char *id, struct hub_agency *out);
enum rh_err hub_views_referral(struct hub_map *map, uint64_t rno, struct hub_referral *out);
enum rh_err hub_views_referral_by_id(struct hub_map *map, const struct rh_referral_id *id,
                                     struct hub_referral *out);
enum rh_err hub_views_external(struct hub_map *map, const struct rh_external *external,
                               uint64_t *rno);
enum rh_err hub_views_dead(struct hub_map *map, uint64_t index, uint32_t to,
                           struct hub_dead *out);
/* The newest referral with a mark whose number is below *rno; *rno becomes that. */
enum rh_err hub_views_marked(struct hub_map *map, const struct hub_mark *mark, uint64_t *rno);
/* By query code in its one spelling; hub_query_code_tidy makes that of what somebody typed:
 * small letters, missing or other dashes, O for 0, I and L for 1. False when it is no code. */
enum rh_err hub_views_query_code(struct hub_map *map, const char *code, uint64_t *rno);
bool hub_query_code_tidy(const char *typed, char out[HUB_QUERY_CODE_BYTES]);
enum rh_err hub_views_hot(struct hub_map *map, const char *rule, const char *area,
                          struct hub_hot *out);
/* By human number, UUID text, or "system=hash hex". */
enum rh_err hub_views_referral_find(struct hub_map *map, const char *text,
                                    struct hub_referral *out);

/* Walk in key order; each answers the first entry behind the place it is given, moves the place
 * there, and RH_ERR_NOTFOUND at the end. Numbers start at 0, cursors with bytes 0. Cursors are
 * plain values, safe to keep between snapshots. */
struct hub_cursor {
    uint8_t key[HUB_MAP_KEY_MAX];
    size_t bytes;   /* 0: from the start */
};

enum rh_err hub_views_agency_next(struct hub_map *map, uint32_t *no, struct hub_agency *out);
enum rh_err hub_views_referral_next(struct hub_map *map, uint64_t *rno,
                                    struct hub_referral *out);
enum rh_err hub_views_timeline_next(struct hub_map *map, uint64_t rno, uint64_t *index,
                                    enum rh_kind *kind);
/* Clocks by end, what is overdue first: hub_deadline_is_due. */
enum rh_err hub_views_due_next(struct hub_map *map, struct hub_cursor *cursor, uint64_t *end_ms,
                               uint64_t *rno, uint32_t *serial, uint32_t *owed_by);
/* Earliest wake; RH_ERR_NOTFOUND when nothing is armed. */
enum rh_err hub_views_wake_first(struct hub_map *map, uint64_t *at_ms, uint64_t *rno);
/* A bulletin of no referral and one of those it went to. */
struct hub_told {
    uint64_t index;         /* its record */
    uint32_t to, from;
    uint64_t sent_ms;
    uint64_t read_index;    /* the first acknowledgement, 0 none */
    uint64_t read_ms;       /* when it was stored, 0 none */
};
enum rh_err hub_views_told(struct hub_map *map, uint64_t index, uint32_t to,
                           struct hub_told *out);
enum rh_err hub_views_told_next(struct hub_map *map, struct hub_cursor *cursor,
                                struct hub_told *out);
enum rh_err hub_views_hot_next(struct hub_map *map, struct hub_cursor *cursor,
                               struct hub_hot *out);
enum rh_err hub_views_dead_next(struct hub_map *map, struct hub_cursor *cursor,
                                struct hub_dead *out);
/* Open referrals of a holder, by state; referrals an agency has touched; children of a
 * referral. The cursor of the first call has bytes 0. */
enum rh_err hub_views_holder_next(struct hub_map *map, uint32_t holder,
                                  struct hub_cursor *cursor, enum rh_state *state,
                                  uint64_t *rno);
enum rh_err hub_views_party_next(struct hub_map *map, uint32_t agency,
                                 struct hub_cursor *cursor, uint64_t *rno);
enum rh_err hub_views_child_next(struct hub_map *map, const struct rh_referral_id *parent,
                                 struct hub_cursor *cursor, uint64_t *rno);

/* Subscriptions in order of topic and agency; by number; by topic and agency; and the first of
 * a topic whose agency stands after `after`. */
enum rh_err hub_views_subscription_next(struct hub_map *map, struct hub_cursor *cursor,
                                        struct hub_subscription *out);
enum rh_err hub_views_subscription(struct hub_map *map, uint32_t number,
                                   struct hub_subscription *out);
enum rh_err hub_views_subscription_of(struct hub_map *map, uint32_t agency, const char *area,
                                      const char *category, struct hub_subscription *out);
enum rh_err hub_views_subscribed(struct hub_map *map, const char *area, const char *category,
                                 uint32_t after, struct hub_subscription *out);

/* Jobs, in order of their numbers; and records of rules, in order. */
enum rh_err hub_views_job(struct hub_map *map, uint64_t number, struct hub_job_row *out);
enum rh_err hub_views_job_next(struct hub_map *map, uint64_t *number, struct hub_job_row *out);
enum rh_err hub_views_rules_next(struct hub_map *map, struct hub_cursor *cursor,
                                 uint64_t *index);

/* Queues. The head of (to, lane, from) at or after a pair_seq; the next sender with anything
 * queued in a lane after `*from`; and whether an earlier undelivered message of the same
 * referral stands before `queued` for the same agency. */
enum rh_err hub_views_queue_head(struct hub_map *map, uint32_t to, enum rh_lane lane,
                                 uint32_t from, uint64_t at_least, struct hub_queued *out);
enum rh_err hub_views_queue_sender(struct hub_map *map, uint32_t to, enum rh_lane lane,
                                   uint32_t *from);
enum rh_err hub_views_queue_blocked(struct hub_map *map, const struct hub_queued *queued,
                                    bool *blocked);
enum rh_err hub_views_queued(struct hub_map *map, uint32_t to, uint32_t from, enum rh_lane lane,
                             uint64_t pair_seq, struct hub_queued *out);
/* Lane of the earliest undelivered message of a referral for an agency. */
enum rh_err hub_views_queued_lane(struct hub_map *map, uint32_t to, uint64_t rno,
                                  enum rh_lane *lane);
/* A pair nobody has used yet is (1, 0). */
enum rh_err hub_views_pair(struct hub_map *map, uint32_t to, uint32_t from, enum rh_lane lane,
                           uint64_t *next, uint64_t *acked);

/* A figure by name, 0 when never counted or gone back to 0; as of the last hub_views_save.
 *
 * now:        "referrals", "state/<name>", "open", "open/<holder no>", "overdue",
 *             "overdue/<agency no>" (clocks missed whose act is still owed), "queue",
 *             "queue/<agency no>", "dead", "dead/<sender no>", "agencies"
 * since ever: "stored", "stored/<kind>", "refused", "refused/<number>", "noted/<kind>",
 *             "clock/<status>" (clocks that became met, met_late, missed ...), "shared",
 *             "shared/<subscription no>" */
enum rh_err hub_views_count(struct hub_map *map, const char *name, uint64_t *value);

#endif
