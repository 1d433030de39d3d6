/* The row types: what the hub knows of a referral, an agency, a stream.
 *
 * A row is what decide reads and what apply stores. Rows have one canonical encoding
 * (hub_*_encode), named by HUB_ROW_SCHEMA, which is what the state digest covers. */
#ifndef HUB_CORE_ROW_H
#define HUB_CORE_ROW_H

#include <rh/calendar.h>
#include <rh/hash.h>
#include <rh/item.h>
#include <rh/keyfile.h>
#include <rh/receipt.h>
#include <rh/rules.h>

#include "core/share.h"

enum {
    HUB_ROW_SCHEMA = 1,
    HUB_DEADLINES_MAX = 24,     /* of one referral, ended ones included until they are dropped */
    HUB_PAUSES_MAX = 8,         /* of one deadline */
    HUB_EXTENSIONS_MAX = 4,
    HUB_PARTIES_MAX = 32,       /* agencies one referral may touch */
    HUB_WAITING_MAX = 12,       /* agencies that wait for one answer after mergers */
    HUB_ACCUSED_MAX = 8,        /* accused units of one referral */
    HUB_SUCCESSORS_MAX = 8,     /* of one agency that was split or merged */
    HUB_FORMER_MAX = 32,        /* agencies that one agency has taken something over from */
    HUB_GRANTS_MAX = 8,         /* of one agency at a time */
    HUB_NUMBER_BYTES = 24,      /* "R-2026-000042", terminated */
    HUB_QUERY_CODE_BYTES = 15,  /* "7K3M-Q9TX-2P4R", terminated */
    HUB_HITS_MAX = 4,           /* earlier referrals one registration is marked with */
    HUB_REFERRAL_BYTES_MAX = 14 * 1024
};

/* An agency's number in rows; 0 is nobody, HUB_AGENCY_HUB the hub itself. */
enum { HUB_AGENCY_NONE = 0, HUB_AGENCY_HUB = 1, HUB_AGENCY_FIRST = 2 };

enum hub_deadline_status {
    HUB_DEADLINE_RUNNING = 1,
    HUB_DEADLINE_PAUSED = 2,
    HUB_DEADLINE_MET = 3,
    HUB_DEADLINE_MET_LATE = 4,
    HUB_DEADLINE_MISSED = 5,   /* end passed, act still owed; becomes MET_LATE when it is done */
    HUB_DEADLINE_CANCELLED = 6,
    HUB_DEADLINE_LAPSED = 7    /* right_only: the end passed, nobody failed */
};

struct hub_pause {
    uint64_t from_ms;
    uint64_t to_ms; /* 0: still paused */
};

/* One clock of one referral, with everything its date was derived from. */
struct hub_deadline {
    uint32_t serial;                        /* unique in the referral, from 1 */
    char limit[RH_RULE_ID_BYTES_MAX + 1];   /* id in the procedure, or "watchdog" */
    enum hub_deadline_status status;
    bool law;                               /* basis law, else policy */
    bool right_only;
    bool provisional;                       /* end lies beyond the calendar */
    enum rh_unit unit;
    uint32_t n;
    enum rh_roll roll;
    uint64_t start_ms;                      /* instant of the starting event */
    uint64_t start_index;                   /* its record */
    int32_t nominal;                        /* day before rolling, days since 1970-01-01 */
    uint64_t end_ms;                        /* exclusive instant */
    uint32_t owed_by;                       /* agency */
    uint32_t round;                         /* repetition of a recurring clock, from 0 */
    uint64_t soon_ms;                       /* when due_soon fires; 0 never or done */
    uint64_t step_ms;                       /* when the next overdue step fires; 0 none */
    uint8_t step;                           /* rungs fired so far; 0: overdue not yet fired */
    uint64_t ended_ms;                      /* met, cancelled or lapsed at */
    uint64_t missed_ms;                     /* when missed was recorded, 0 never */
    uint32_t pause_count;
    struct hub_pause pauses[HUB_PAUSES_MAX];
    uint32_t extension_count;
    struct rh_span extensions[HUB_EXTENSIONS_MAX];
    bool sender_set;                        /* end given by the sender (assign) */
    uint64_t set_ms;                        /* sender_set: that end, before pauses */
    uint32_t lost_generation;               /* started by something that this earlier generation
                                               of the hub had stored first; 0: not so */
    bool left;                              /* CANCELLED because its states were left: coming
                                               back revives it, so bouncing resets nothing */
};

/* An earlier referral that a registration looks like, and why. */
struct hub_hit {
    char rule[RH_RULE_ID_BYTES_MAX + 1];    /* rh_repeat.id */
    uint32_t rule_version;
    enum rh_relation relation;
    uint64_t rno;                           /* the earlier one */
    struct rh_referral_id id;
    bool told;                              /* who registered may know of the earlier one */
};

struct hub_referral {
    uint64_t rno;                           /* local number, from 1 in order of registration */
    struct rh_referral_id id;
    struct rh_referral_id root;
    struct rh_referral_id parent;           /* zero when none */
    struct rh_referral_id repeat_of;        /* zero when none */
    struct rh_referral_id merged_into;      /* merged or transferred: continues as this one */
    char number[HUB_NUMBER_BYTES];
    char procedure[RH_CODE_BYTES_MAX + 1];
    uint32_t procedure_version;
    uint64_t rules_index;                   /* record of the rules in force at register */
    enum rh_state state;
    enum rh_kind kind;                      /* dispatch kind in force, 0 before the first */
    enum rh_lane lane;
    uint32_t origin, sender, addressee, assigner; /* agencies, 0 none */
    uint32_t holder;                        /* exactly one while open; 0 at rest */
    uint32_t last_holder;                   /* at rest: who held it last and may archive it */
    uint32_t sealed_by;                     /* who sealed it, 0 none */
    uint32_t visitor;                       /* the holder, on a return visit by a grant alone: a
                                               party as long as it holds it, no longer; 0 none */
    bool arrived, signed_once, designated, report_required, report_done, reply_owed,
        leader_named, sealed, extend_pending, no_clock_reset;
    bool hearing;                           /* a hearing is open: pausable clocks stand still */
    bool withdrawal_forbidden;              /* by a supervisor, in the public interest */
    bool counted;                           /* as a child: counted in its parent's child_open or
                                               review_open */
    enum rh_kind born;                      /* register, split, transfer_on or review_request;
                                               register with a parent: next step of its chain */
    uint8_t escalation;
    uint32_t dispatch_count, bounce_count, reopen_count, reject_count, dead_count;
    uint32_t bounce_a, bounce_b, bounce_pair; /* last pair and how often in a row */
    uint32_t objected_by;                   /* whose objection was upheld in this dispute, 0 none */
    uint32_t leader_count;                  /* how often a leader in charge was named */
    uint32_t supplement_count;              /* how often material was asked for */
    uint32_t child_count, child_open;       /* mandatory children: all, still open */
    uint32_t review_open;                   /* reviews not yet concluded, and next steps of the
                                               chain not yet at rest */
    bool mandatory;                         /* as a child: blocks its parent */
    char category[RH_CODE_BYTES_MAX + 1];
    char area[RH_CODE_BYTES_MAX + 1];
    char source[RH_CODE_BYTES_MAX + 1];
    char outcome[RH_CODE_BYTES_MAX + 1];
    uint64_t registered_ms, dispatched_ms, arrival_due_ms, arrived_ms, signed_ms, completed_ms,
        accepted_ms, suspended_ms, concluded_ms, reported_ms, replied_ms, closed_ms;
    uint64_t down_ms;                       /* hub_event.down_ms when arrival_due_ms was set or
                                               moved: grace counts up-time only */
    uint64_t quiet_ms;                      /* no timer fires before: after a recovery others
                                               may still bring receipts of it; 0: any time */
    uint64_t archive_ms;                    /* at rest: the hub puts it away then; 0 it does not */
    uint64_t close_ms;                      /* the hub closes it then: what came after it in its
                                               chain has ended; 0 it does not */
    uint64_t dispatch_index;                /* record of the dispatch in force, */
    uint64_t dispatch_seq;                  /* and its place in the addressee's queue */
    enum rh_lane dispatch_lane;
    uint32_t dispatch_from;                 /* agency that queued it: sender or designator */
    uint32_t dispatch_to;                   /* in whose queue it lies: the addressee, or, while an
                                               agency is being succeeded, already its successor */
    uint64_t last_index;                    /* newest record about it */
    uint64_t key_slot;                      /* content key in the key table */
    uint32_t extend_n;                      /* extension asked for, while extend_pending, */
    uint32_t extend_serial;                 /* and the clock it is asked for */
    uint32_t external_count;
    struct rh_external externals[RH_EXTERNALS_MAX];
    uint32_t fact_count;
    struct rh_fact facts[RH_FACTS_MAX];
    uint32_t party_count;                   /* agencies it has touched, ascending, no repeats */
    uint32_t parties[HUB_PARTIES_MAX];
    uint32_t waiting_count;                 /* whose matters were merged into this one: they */
    uint32_t waiting[HUB_WAITING_MAX];      /* wait for its answer, which goes to them as to the
                                               origin; parties, no repeats, as they came */
    uint32_t accused_count;                 /* ascending, no repeats */
    struct rh_hash accused[HUB_ACCUSED_MAX]; /* compared with hub_agency.unit_hash: these and
                                               their successors never get it nor learn that it
                                               exists (hub_agency_is_accused) */
    char query_code[HUB_QUERY_CODE_BYTES];   /* what the petitioner asks by; "" for parts */
    bool facts_ended;                       /* reviewed for the last time: nobody takes the same
                                               facts up again */
    bool repeat;                            /* says the sender (repeat_of) or a hit: the same
                                               person with the same matter again */
    uint32_t person_count;                  /* what later ones are compared with: keyed hashes, */
    struct rh_hash persons[RH_PERSON_HASHES_MAX]; /* as they came at registration */
    struct rh_hash matter;
    uint32_t hit_count;                     /* the strongest relation first */
    struct hub_hit hits[HUB_HITS_MAX];
    uint32_t deadline_serial;
    uint32_t deadline_count;
    struct hub_deadline deadlines[HUB_DEADLINES_MAX];
};

enum hub_agency_state {
    HUB_AGENCY_ACTIVE = 1,
    HUB_AGENCY_REVOKED = 2,
    HUB_AGENCY_SUSPENDED = 3,
    HUB_AGENCY_SUCCEEDED = 4 /* others have all that was its own; it may still take in what lies
                                in its queue, which is tombstones, and nothing else */
};

/* Who took over: all of it, or the matters of an area or a category. The first of an agency's
 * list that a matter meets is its successor. */
struct hub_successor {
    uint32_t to;
    char area[RH_CODE_BYTES_MAX + 1];     /* division prefix of the matter's area; "" any */
    char category[RH_CODE_BYTES_MAX + 1]; /* category or one above it, "labour"; "" any */
    uint64_t since_ms;                    /* when it was ordered */
    bool done;                            /* the job is over: what comes now goes there */
};

/* An agency that another took something over from, by itself or by way of a third: what accuses
 * it is kept from its successor too (信访工作条例 art. 30(3)), whose people are its people. */
struct hub_former {
    uint32_t no;                          /* agency */
    struct rh_hash unit_hash;             /* of that agency */
};

/* A monitor's grant: an agency that is no party may know of these matters, visit and follow
 * them up. It ends by itself, and never reaches a matter that accuses the agency or is sealed. */
struct hub_grant {
    struct rh_referral_id referral;       /* this one; zero: all that the next two take in */
    char area[RH_CODE_BYTES_MAX + 1];     /* as in hub_successor */
    char category[RH_CODE_BYTES_MAX + 1];
    uint64_t since_ms, until_ms;          /* from, and before */
};

struct hub_agency {
    uint32_t no;
    struct rh_agency_id id;
    char name_zh[RH_TITLE_BYTES_MAX + 1];
    char name_en[RH_TITLE_BYTES_MAX + 1];
    char role[RH_ROLE_BYTES_MAX + 1];
    char area[RH_CODE_BYTES_MAX + 1];
    uint32_t superior;                      /* agency, 0 none known */
    enum hub_agency_state state;
    struct rh_card card;
    struct rh_hash unit_hash;               /* rh_hash_keyed(external key, id text): what an
                                               accusation names it by; set at enrolment */
    uint64_t enrolled_ms, changed_ms;
    uint32_t successor_count;
    struct hub_successor successors[HUB_SUCCESSORS_MAX];
    uint32_t grant_count;
    struct hub_grant grants[HUB_GRANTS_MAX];
    uint32_t former_count;
    struct hub_former former[HUB_FORMER_MAX]; /* in the order of the successions, no repeats */
};

/* Whether a matter accuses the agency, or one that it took over from. Such a matter never
 * reaches it, nor does it learn that it exists. */
bool hub_agency_is_accused(const struct hub_agency *agency, const struct hub_referral *row);
/* `taker` succeeds `old`, in all or in part: what `old` was and has been becomes part of what
 * `taker` has been. False: no room; nothing changed. */
bool hub_agency_inherit(struct hub_agency *taker, const struct hub_agency *old);

/* The grant by which `agency` may know of a matter at `now_ms`, borrowed from it; NULL: none.
 * Whether the matter accuses the agency is the caller's to ask. */
const struct hub_grant *hub_agency_grant(const struct hub_agency *agency,
                                         const struct hub_referral *row, uint64_t now_ms);

/* The successor that `agency` has for a matter, borrowed from it; NULL when it has none. What
 * belongs to no matter (`row` NULL) goes with the whole. */
const struct hub_successor *hub_agency_successor(const struct hub_agency *agency,
                                                 const struct hub_referral *row);

/* One stream: what the hub expects next and what it saw last. */
struct hub_stream {
    uint32_t agency;
    struct rh_epoch epoch;
    uint64_t next_n;          /* from 1 */
    bool closed;              /* a newer epoch was registered */
    uint64_t opened_ms, last_ms;
};

/* An undelivered message in an agency's queue. */
struct hub_queued {
    uint32_t to, from;
    enum rh_lane lane;
    uint64_t pair_seq;
    uint64_t index;           /* record that is delivered */
    uint64_t rno;             /* referral, 0 for none */
    enum rh_kind kind;
    bool tombstone;
    uint64_t stored_ms;
    uint32_t bytes;           /* size on the wire, for the budgets */
    uint32_t place;           /* which delivery of its record's outcome it was made as, from 0 */
};

/* A stored message, found by its id. */
struct hub_message {
    uint64_t index;           /* its record */
    uint32_t agency;          /* its author */
    uint64_t rno;             /* its referral, 0 none */
    enum rh_kind kind;
};

/* A message its receiver cannot take; its holder is the sender. */
struct hub_dead {
    uint64_t index;           /* record of the undeliverable message */
    uint32_t to, from;
    enum rh_lane lane;
    uint64_t pair_seq;
    uint64_t rno;
    enum rh_kind kind;        /* of the message, as it was queued */
    uint32_t refusal;         /* the receiver's code */
    uint64_t dead_ms;
    bool settled;             /* retried, repaired or returned */
    uint64_t settled_index;
    uint32_t place;           /* as in hub_queued */
};

/* A large event: work over many referrals that goes on in bounded, recorded steps. Each of its
 * records (begin, step, end) holds this row as it is afterwards, so that the hub resumes after
 * the last durable step and an auditor sees the same. */
enum hub_job_kind {
    HUB_JOB_RECOMPUTE = 1, /* another calendar, or rules for open matters: dates derived again */
    HUB_JOB_SUCCESSOR = 2  /* an agency's open matters and queue go to its successor */
};

enum hub_job_state {
    HUB_JOB_RUNNING = 1,
    HUB_JOB_DONE = 2,
    HUB_JOB_SUPERSEDED = 3 /* ended early: a later job does all that was left and more */
};

struct hub_job_row {
    uint64_t number;          /* from 1, in order of beginning */
    enum hub_job_kind kind;
    enum hub_job_state state;
    uint64_t begun_index;     /* record that began it */
    uint64_t begun_ms;
    uint64_t ended_index;     /* record that ended it, 0 while it runs */
    uint64_t ended_ms;
    uint64_t subject;         /* record that called for it: RULES, or the operator's COMMAND */
    uint32_t from, to;        /* SUCCESSOR: agencies; else 0 */
    uint64_t cursor;          /* every referral up to this number is done */
    uint64_t limit;           /* referrals from this number on are not the job's */
    uint64_t total;           /* referrals open when it began: what there is to do, at most */
    uint64_t done;            /* open referrals looked at */
    uint64_t changed;         /* referrals that changed */
    uint64_t moved;           /* RECOMPUTE: dates that moved */
    uint64_t stepped_ms;      /* hub time of the newest record */
};

enum { HUB_JOB_BYTES_MAX = 256, HUB_AGENCY_BYTES_MAX = 6 * 1024 };

/* What repeats are found by, one entry of the table of marks each. */
enum hub_mark_what {
    HUB_MARK_PERSON = 1,        /* a */
    HUB_MARK_MATTER = 2,        /* a */
    HUB_MARK_PERSON_MATTER = 3, /* a the person, b the matter */
    HUB_MARK_PLACE = 4          /* category, area cut to its town (9) or village (12) */
};

struct hub_mark {
    enum hub_mark_what what;
    struct rh_hash a, b;
    char category[RH_CODE_BYTES_MAX + 1];
    char area[RH_CODE_BYTES_MAX + 1];
};

enum { HUB_MARKS_MAX = 2 * RH_PERSON_HASHES_MAX + 1 + 2 };

/* The marks of a row, into out[HUB_MARKS_MAX]; how many. None for what was not registered, and
 * none while it is sealed: sealed matters are not to be found by anybody. */
uint32_t hub_referral_marks(const struct hub_referral *row, struct hub_mark *out);

/* How often a hot-spot rule was met in one area, day by day. */
struct hub_hot {
    char rule[RH_RULE_ID_BYTES_MAX + 1];    /* rh_hotspot.id */
    uint32_t rule_version;                  /* as of the newest registration */
    char area[RH_CODE_BYTES_MAX + 1];       /* cut to the rule's level */
    int32_t first_day;                      /* day of counts[0], days since 1970-01-01 */
    uint32_t day_count;
    uint32_t counts[RH_HOTSPOT_DAYS_MAX];   /* registrations of that day and those after it */
    uint32_t to, superior;                  /* warned last, 0 none */
    int32_t warned_day;                     /* 0 never */
    uint32_t warned_count;                  /* numerator of that warning, */
    uint32_t warned_threshold;              /* the threshold it reached, */
    uint32_t warned_days;                   /* and its window */
    uint64_t warned_ms;
};

/* Registrations in the window of `days` that ends with `day`. */
uint32_t hub_hot_total(const struct hub_hot *hot, int32_t day, uint32_t days);
enum rh_err hub_hot_encode(const struct hub_hot *hot, struct rh_writer *writer);
enum rh_err hub_hot_decode(struct rh_bytes bytes, struct hub_hot *out);

enum rh_err hub_referral_encode(const struct hub_referral *row, struct rh_writer *writer);
enum rh_err hub_referral_decode(struct rh_bytes bytes, struct hub_referral *out);
enum rh_err hub_agency_encode(const struct hub_agency *row, struct rh_writer *writer);
enum rh_err hub_agency_decode(struct rh_bytes bytes, struct hub_agency *out);
enum rh_err hub_stream_encode(const struct hub_stream *row, struct rh_writer *writer);
enum rh_err hub_stream_decode(struct rh_bytes bytes, struct hub_stream *out);
enum rh_err hub_queued_encode(const struct hub_queued *row, struct rh_writer *writer);
enum rh_err hub_queued_decode(struct rh_bytes bytes, struct hub_queued *out);
enum rh_err hub_dead_encode(const struct hub_dead *row, struct rh_writer *writer);
enum rh_err hub_dead_decode(struct rh_bytes bytes, struct hub_dead *out);
enum rh_err hub_subscription_encode(const struct hub_subscription *row,
                                    struct rh_writer *writer);
enum rh_err hub_subscription_decode(struct rh_bytes bytes, struct hub_subscription *out);
/* What struct hub_subscription says of its members; hub_subscription_encode asserts it. */
bool hub_subscription_is_sound(const struct hub_subscription *row);
enum rh_err hub_job_encode(const struct hub_job_row *row, struct rh_writer *writer);
enum rh_err hub_job_decode(struct rh_bytes bytes, struct hub_job_row *out);

/* What every referral row holds true: a known state, one holder while open and none at rest,
 * counts within their bounds. Asserted when a row is written, RH_ERR_CORRUPT when it is read
 * and does not hold. */
bool hub_referral_is_sound(const struct hub_referral *row);

/* Running or paused; running, paused, or missed with the act still owed; and those of the
 * latter that have an end, which is all but the paused. */
bool hub_deadline_is_live(const struct hub_deadline *deadline);
bool hub_deadline_is_owed(const struct hub_deadline *deadline);
bool hub_deadline_is_due(const struct hub_deadline *deadline);

/* Whether a fact is there and is `equals`, or, with an empty one, any number but 0 and any code. */
bool hub_referral_has_fact(const struct hub_referral *row, const char *key, const char *equals);

/* The status as JSON shows it, "running" ... "lapsed"; "?" for no status. */
const char *hub_deadline_status_name(enum hub_deadline_status status);

/* On what the date of a clock rests: `limit` is its rule, NULL when there is none (any more).
 * NONE: by law, and nobody knows how far that was verified. */
enum rh_due_basis hub_deadline_basis(const struct hub_deadline *deadline,
                                     const struct rh_limit *limit);
/* The clock whose end hub_referral_due tells; borrowed from the row, NULL when none. */
const struct hub_deadline *hub_referral_owes(const struct hub_referral *row, uint32_t agency);
/* Earliest running end among the clocks `agency` owes, rights left out; where none runs, the
 * earliest that was missed and is still owed; 0 when none. */
uint64_t hub_referral_due(const struct hub_referral *row, uint32_t agency);
/* Earliest instant at which a timer of this row must fire (arrival, due_soon, overdue step,
 * close at end), never before quiet_ms; 0 when none. */
uint64_t hub_referral_wake(const struct hub_referral *row);

#endif
