/* The deterministic heart of the hub.
 *
 * Reads no clock, socket, file or random source, keeps no state and allocates nothing. Equal
 * arguments give equal results, byte for byte, so an auditor can decide again and compare.
 *
 * The engine calls hub_decide once per event, views apply the outcome, the journal keeps
 * both. Source: protocol/spec/lifecycle.md. */
#ifndef HUB_CORE_DECIDE_H
#define HUB_CORE_DECIDE_H

#include <rh/bulletin.h>

#include "core/row.h"

enum {
    HUB_DECIDE_VERSION = 1,
    HUB_ROWS_OUT_MAX = 64,        /* own row, parent, children of a split; arrivals of one ack */
    HUB_DELIVERIES_OUT_MAX = 40,
    HUB_NOTES_OUT_MAX = 96,
    HUB_HOTS_OUT_MAX = 4,         /* hot-spot rules one registration counts for */
    HUB_ACK_ARRIVALS_MAX = 60     /* dispatches one ack can bring to arrival; a larger one takes
                                     effect so far, the next does the rest */
};

static_assert(HUB_ROWS_OUT_MAX * HUB_REFERRAL_BYTES_MAX <= 960 * 1024,
              "the largest outcome must fit in the rest of a record");
static_assert(HUB_ACK_ARRIVALS_MAX + 2 <= HUB_ROWS_OUT_MAX,
              "every arrival of an ack is a row");
static_assert(RH_CHILDREN_MAX + 2 <= HUB_ROWS_OUT_MAX, "a split must fit in one outcome");
static_assert(RH_COPIES_MAX + RH_PROCEDURE_COPIES_MAX + HUB_WAITING_MAX + 3 <=
                  HUB_DELIVERIES_OUT_MAX,
              "every copy, and all who wait for an answer, must fit in one outcome");
static_assert(RH_COPIES_MAX + RH_PROCEDURE_COPIES_MAX + RH_CHILDREN_MAX + 2 <=
                  HUB_DELIVERIES_OUT_MAX,
              "every copy and child must fit in one outcome");

enum { HUB_EVENT_RANDOM_BYTES = 16 };

enum hub_event_type {
    HUB_EVENT_ITEM = 1,     /* an agency's item, in turn and verified */
    HUB_EVENT_WAKE = 2,     /* a referral's timer: arrived, due_soon, overdue, close */
    HUB_EVENT_URGED = 3,    /* operator raises attention: urge, supervise, escalate */
    HUB_EVENT_DEAD_RETRY = 4, /* operator or sender retries a dead letter */
    HUB_EVENT_DEAD_RETURN = 6, /* operator returns a dead letter to its sender */
    HUB_EVENT_RECOMPUTE = 5, /* job step: calendar or rules changed, dates of one referral */
    HUB_EVENT_MONTHLY = 8,  /* the bulletin of a month goes to the next agencies in order */
    HUB_EVENT_SUCCEED = 7    /* job step: one queue entry, or one referral, of an agency goes to
                                its successor */
};

/* One column of a month's ledger (rh/bulletin.h). */
struct hub_sum {
    uint64_t n;
};

/* The bulletin of a month that the hub began to send: how far it is. */
struct hub_monthly {
    uint32_t month;                 /* 202610, 0 none */
    uint32_t agency;                /* the first one not yet looked at; 0: all were, in every
                                       area */
    char area[RH_CODE_BYTES_MAX + 1]; /* whose figures go out: of this area; "" of the whole */
    struct hub_sum sums[RH_COLUMN_COUNT]; /* which they are, once somebody was told: whoever is
                                       told later hears the same */
};

/* One thing that happened. `now_ms` is hub time, UTC, and never runs backwards. */
struct hub_event {
    enum hub_event_type type;
    uint64_t now_ms;
    uint64_t index;                 /* log index the record will have */
    uint32_t agency;                /* ITEM: author, checked by the gateway; SUCCEED: whose */
    uint32_t successor;             /* SUCCEED: who takes over */
    struct hub_queued queued;       /* SUCCEED: the entry that moves; index 0: the referral */
    const struct rh_public *item;   /* ITEM: borrowed */
    uint32_t item_bytes;            /* ITEM: size on the wire, for queue budgets */
    uint64_t lost_ms;               /* ITEM: when an earlier generation had stored it, as its
                                       verified receipt says; 0 never */
    uint32_t lost_generation;       /* ITEM: which one; 0 none */
    struct hub_monthly monthly;     /* MONTHLY: where it stands */
    uint64_t rno;                   /* WAKE, URGED, RECOMPUTE, SUCCEED: the referral */
    enum rh_kind action;            /* URGED */
    char reason[RH_CODE_BYTES_MAX + 1]; /* URGED, DEAD_RETRY: reason code */
    struct hub_dead dead;           /* DEAD_RETRY, DEAD_RETURN: the row before */
    uint64_t next_rno;              /* number a newly registered referral gets */
    uint64_t next_number;           /* ordinal of this year's human numbers */
    uint8_t random[HUB_EVENT_RANDOM_BYTES]; /* ITEM: fresh, and on record */
    uint64_t free_slot;             /* first unused content key slot; child n takes +n */
    uint64_t down_ms;               /* how long the hub has not run since its first record, as
                                       journalled; 0 makes the grace count wall time */
};

/* A message put into a queue. pair_seq is dense per (from, to, lane). */
struct hub_delivery_out {
    uint32_t to, from;
    enum rh_lane lane;
    uint64_t pair_seq;
    uint64_t index;                 /* record delivered; the event's own unless retried */
    uint64_t rno;
    enum rh_kind kind;
    uint32_t place;                 /* which of the deliveries its record made it is, from 0: it
                                       stays when the entry is moved, retried or renumbered */
};

enum hub_queue_what {
    HUB_QUEUE_ACKED = 1,     /* every entry of (to, from, lane) up to and including pair_seq is
                                delivered and leaves the queue */
    HUB_QUEUE_TOMBSTONE = 2, /* this entry is delivered as a tombstone; it keeps its number */
    HUB_QUEUE_DEAD = 3,      /* this entry leaves the queue and becomes a dead letter */
    HUB_QUEUE_SETTLED = 4    /* the dead letter (index, to) is settled by this record */
};

/* A queue entry that ends without delivery or is acknowledged; a dead letter settled. */
struct hub_queue_out {
    uint32_t to, from;
    enum rh_lane lane;
    uint64_t pair_seq;
    enum hub_queue_what what;
    uint32_t refusal;               /* DEAD: receiver's code */
    uint64_t index;                 /* DEAD, TOMBSTONE, SETTLED: record of the message */
};

/* Something the timeline and the figures need: a clock met, missed, a level raised. */
struct hub_note_out {
    enum rh_kind kind;              /* arrived, due_soon, overdue, urge ...; a clock met: the
                                       kind that met it; a date moved by a calendar: notice */
    uint64_t rno;
    uint32_t deadline;              /* serial, 0 none */
    uint8_t status;                 /* enum hub_deadline_status after, 0 none */
    uint8_t level;                  /* escalation after, 0 unchanged */
    uint32_t agency;                /* who is told or who owes */
    uint64_t was_ms, now_ms;        /* a date moved: the end before and after; else 0 */
};

/* What an event does. Overwritten by hub_decide. */
struct hub_outcome {
    uint32_t refusal;               /* 0 stored, else the catalogue's number: no other effect
                                       but the consumed n */
    uint32_t field;                 /* refused: key of the public part's field it is about, 0
                                       when it is about none */
    uint64_t rno;                   /* the referral concerned, 0 none */
    uint32_t row_count;
    struct hub_referral rows[HUB_ROWS_OUT_MAX]; /* full rows after; row 0 is the referral */
    uint32_t delivery_count;
    struct hub_delivery_out deliveries[HUB_DELIVERIES_OUT_MAX + HUB_SHARES_OUT_MAX];
    uint32_t queue_count;
    struct hub_queue_out queue[HUB_DELIVERIES_OUT_MAX];
    uint32_t note_count;
    struct hub_note_out notes[HUB_NOTES_OUT_MAX];
    uint32_t hot_count;
    struct hub_hot hots[HUB_HOTS_OUT_MAX]; /* rows of the hot-spot map after */
    uint32_t share_count;           /* by subscriptions; the last of the deliveries carry them */
    struct hub_share_out shares[HUB_SHARES_OUT_MAX];
    uint32_t month;                 /* MONTHLY: whose bulletin was sent, 0 none, */
    char month_area[RH_CODE_BYTES_MAX + 1]; /* of which area, */
    struct hub_sum month_sums[RH_COLUMN_COUNT]; /* and what it says, for ever */
    struct hub_monthly monthly;     /* MONTHLY: where it stands now */
    uint32_t holder;                /* of row 0 after, 0 none */
    uint64_t due_ms;                /* earliest end that holder owes, 0 none */
    char due_limit[RH_RULE_ID_BYTES_MAX + 1]; /* which clock ends then, empty none */
    enum rh_due_basis due_basis;    /* and on what it rests */
};

/* The rows decide may look at, answered by views or by a test's array. Each copies into
 * caller's memory; RH_ERR_NOTFOUND when absent; another error stops the engine. */
struct hub_world {
    const struct rh_rules *rules;   /* borrowed, one consistent snapshot */
    uint64_t rules_index;           /* its record */
    void *context;
    enum rh_err (*referral)(void *context, const struct rh_referral_id *id,
                            struct hub_referral *out);
    enum rh_err (*referral_by_rno)(void *context, uint64_t rno, struct hub_referral *out);
    enum rh_err (*external)(void *context, const struct rh_external *external, uint64_t *rno);
    enum rh_err (*message)(void *context, const struct rh_message_id *id,
                           struct hub_message *out);
    enum rh_err (*agency)(void *context, uint32_t no, struct hub_agency *out);
    enum rh_err (*agency_by_id)(void *context, const struct rh_agency_id *id,
                                struct hub_agency *out);
    /* Next pair_seq of (from, to, lane), from 1. */
    enum rh_err (*pair_next)(void *context, uint32_t from, uint32_t to, enum rh_lane lane,
                             uint64_t *pair_seq);
    /* A queued entry; and the lane of the earliest undelivered message of a referral for an
     * agency (RH_ERR_NOTFOUND when none). */
    enum rh_err (*queued)(void *context, uint32_t to, uint32_t from, enum rh_lane lane,
                          uint64_t pair_seq, struct hub_queued *out);
    enum rh_err (*queued_lane)(void *context, uint32_t to, uint64_t rno, enum rh_lane *lane);
    /* First queued entry of (to, from, lane) at or after a pair_seq. */
    enum rh_err (*queued_next)(void *context, uint32_t to, uint32_t from, enum rh_lane lane,
                               uint64_t at_least, struct hub_queued *out);
    /* The newest referral with this mark whose number is below *rno; *rno becomes that. */
    enum rh_err (*marked)(void *context, const struct hub_mark *mark, uint64_t *rno);
    /* Who has a query code. */
    enum rh_err (*query_code)(void *context, const char *code, uint64_t *rno);
    /* A row of the hot-spot map. */
    enum rh_err (*hot)(void *context, const char *rule, const char *area, struct hub_hot *out);
    /* The columns of a month's ledger: of the whole, or of the agencies of an area. */
    enum rh_err (*month)(void *context, uint32_t month, const char *area,
                         uint64_t columns[RH_COLUMN_COUNT]);
    /* Whether the bulletin of a record went to an agency: RH_OK or RH_ERR_NOTFOUND. */
    enum rh_err (*told)(void *context, uint64_t index, uint32_t agency);
    /* The subscription of the first agency after `after` (from 0) whose topic is exactly this
     * area and category, in force or not. NULL: there are none. */
    enum rh_err (*subscribed)(void *context, const char *area, const char *category,
                              uint32_t after, struct hub_subscription *out);
    /* A procedure as it was in an earlier record of rules: a referral keeps those it was
     * registered under. NULL (the function or its answer): as it is in `rules`. Borrowed for
     * the decision. */
    const struct rh_procedure *(*procedure)(void *context, uint64_t rules_index,
                                            const char *id);
    /* The dead letter of a record for a receiver, settled or not. */
    enum rh_err (*dead)(void *context, uint64_t index, uint32_t to, struct hub_dead *out);
};

/* Decide what one event does.
 *
 * world   borrowed; the rows as they are before the event.
 * event   borrowed.
 * out     caller's (large: keep one, not on the stack); overwritten. Its rows are whole rows.
 *
 * RH_OK          out is complete. What a peer wrote cannot make this fail: a bad message is a
 *                decision too, with a refusal.
 * RH_ERR_FULL    a bound of this header is reached; out is a refusal nobody should see: the
 *                caller treats it as our bug unless the event says otherwise.
 * any other      what a lookup answered. */
enum rh_err hub_decide(const struct hub_world *world, const struct hub_event *event,
                       struct hub_outcome *out);

/* The calendar a referral's dates are counted by: that of its area, or else of the division of
 * who must act on it, or the nationwide one. Borrowed from the world's rules. */
const struct rh_calendar *hub_decide_calendar(const struct hub_world *world,
                                              const struct hub_referral *row);

/* Canonical form of the outcome in a record's rest (its rows in hub_referral_encode form). */
enum rh_err hub_outcome_encode(const struct hub_outcome *outcome, struct rh_writer *writer);
enum rh_err hub_outcome_decode(struct rh_bytes bytes, struct hub_outcome *out);

/* Canonical row of how far the bulletin is. */
enum rh_err hub_monthly_encode(const struct hub_monthly *row, struct rh_writer *writer);
enum rh_err hub_monthly_decode(struct rh_bytes bytes, struct hub_monthly *out);

#endif
