/* The agency's durable memory: what leaves, what came, what it knows of its cases.
 *
 * One LMDB environment below the state directory, in its default synced mode, one writer. All
 * changes since the last commit are one transaction; agent_spool_commit puts it on disk, and
 * only what is committed may be offered to the hub, acknowledged or shown to a case system.
 *
 *     outbox    n -> what was sent, dense from 1; items hold its bytes for 30 days after the
 *               receipt, so that a hub that lost its newest records can be given them again
 *     receipts  (generation, n) -> core and rest hash, with the confirm that proves them
 *     inbox     a -> what was delivered, in order of arrival
 *     expected  (generation, lane, sender) -> the pair_seq wanted next
 *     seen      (message id, sender) -> a: one effect for each message, whatever is delivered
 *               again, in whatever generation of the hub
 *     cases     referral -> state, parties, number, dates heard
 *     files     what the folder door took in, until its answer is written
 *
 * Every value carries a checksum of table, key and value; a bad one is RH_ERR_CORRUPT, never
 * returned. Errors of every function: RH_ERR_FULL (the map's bound: abort, and take in less),
 * RH_ERR_IO (exit: the next sync may lie), RH_ERR_CORRUPT. After an error inside a transaction
 * the transaction is dead: agent_spool_abort.
 *
 * Not thread-safe. A spool is never copied: its numbers are given once. */
#ifndef AGENT_SPOOL_H
#define AGENT_SPOOL_H

#include <rh/date.h>
#include <rh/item.h>
#include <rh/private.h>
#include <rh/receipt.h>
#include <rh/wire.h>

struct agent_spool;

enum {
    AGENT_KEEP_DAYS = 30,          /* bodies, after receipt or after taken; wire.md, 11 */
    AGENT_NAME_BYTES_MAX = 255,    /* a file's name */
    AGENT_KEY_BYTES_MAX = 400      /* "system=number" or a human number */
};

struct agent_spool_options {
    const char *dir;               /* state directory, exists; spool/ is made below it */
    struct rh_agency_id agency;
    struct rh_hub_id hub;          /* as on the card; a later generation in the spool wins */
    uint64_t map_bytes;            /* 0: 16 GiB, sparse */
    uint64_t now_ms;               /* UTC */
};

/* Open or make. RH_ERR_EXISTS: another process has it. RH_ERR_CONFIG: it belongs to another
 * agency or hub. RH_ERR_CORRUPT. *report (caller's, may be NULL) gets a sentence. */
enum rh_err agent_spool_open(const struct agent_spool_options *options,
                             struct agent_spool **out, char *report, size_t report_bytes);
void agent_spool_close(struct agent_spool **spool);

/* RH_OK also when nothing has changed. */
enum rh_err agent_spool_commit(struct agent_spool *spool);
void agent_spool_abort(struct agent_spool *spool);
bool agent_spool_is_dirty(const struct agent_spool *spool);
/* Used part of the map in thousandths. From 800 on nothing new should be taken in. */
enum rh_err agent_spool_usage(struct agent_spool *spool, uint32_t *permille);

/* ---- meta ------------------------------------------------------------------------------- */

const struct rh_epoch *agent_spool_epoch(const struct agent_spool *spool);
/* The hub pinned, with generation. */
const struct rh_hub_id *agent_spool_hub(const struct agent_spool *spool);
/* Highest number given, committed or not; and the highest on disk. */
uint64_t agent_spool_last_n(const struct agent_spool *spool);
uint64_t agent_spool_committed_n(const struct agent_spool *spool);
/* The key for keyed hashes; RH_ERR_NOTFOUND before the first WELCOME. */
enum rh_err agent_spool_external_key(struct agent_spool *spool, uint8_t out[32]);
enum rh_err agent_spool_set_external_key(struct agent_spool *spool, const uint8_t key[32]);
/* Raise the lease by one; the caller commits before it is used. */
enum rh_err agent_spool_raise_lease(struct agent_spool *spool, uint64_t *lease);
/* A newer generation is pinned: everything from next_n on waits again. */
enum rh_err agent_spool_repin(struct agent_spool *spool, const struct rh_hub_id *hub,
                              uint64_t next_n);
enum rh_err agent_spool_set_note(struct agent_spool *spool, struct rh_bytes note);

/* What HELLO needs. note is borrowed until the next call. */
struct agent_held {
    uint64_t first_open_n, highest_n, receipt_size, delivery_index;
    struct rh_hash receipt_root;
    struct rh_signature receipt_signature;
    struct rh_bytes note;
};
enum rh_err agent_spool_held(struct agent_spool *spool, struct agent_held *out);

/* ---- outbox ----------------------------------------------------------------------------- */

enum agent_sent_state { AGENT_WAITING = 1, AGENT_STORED = 2, AGENT_REFUSED = 3 };

struct agent_sent {
    uint64_t n;
    enum agent_sent_state state;
    enum rh_kind kind;
    struct rh_message_id message_id;
    struct rh_referral_id referral_id;
    struct rh_agency_id to;
    uint32_t generation;         /* of the hub at whose session it was numbered */
    uint64_t file_no;            /* door file it came from, 0 none */
    uint64_t again_of;           /* the same message's first number, when it was said again */
    uint64_t added_ms;           /* this agency's clock */
    uint32_t refusal;            /* REFUSED */
    uint64_t settled_ms;         /* this agency's clock at the receipt, 0 before */
    uint64_t index, stored_ms;   /* from the receipt */
    struct rh_agency_id holder;  /* from the receipt */
    uint64_t due_ms;             /* from the receipt, 0 none */
    char due_limit[RH_CODE_BYTES_MAX + 1]; /* which clock that is, empty not heard */
    enum rh_due_basis due_basis; /* and on what it rests */
};

/* Number an item: row, item and number in this transaction. `sent` is filled in by the caller
 * but for n and state; n is set. RH_ERR_EXISTS when the message id has a number
 * (sent->n is that number then, nothing changes). */
enum rh_err agent_spool_send(struct agent_spool *spool, const struct rh_item *item,
                             struct agent_sent *sent);
/* The item as it is to be submitted in `generation`, borrowed until the next call. An
 * acknowledgement of another generation, and an item no longer kept, come as a void item: an
 * ack that names nothing, which the hub refuses and which so uses the number. (Resubmitted as
 * it was, an old ack could settle new deliveries nobody has seen.) */
enum rh_err agent_spool_item(struct agent_spool *spool, uint64_t n, uint32_t generation,
                             struct rh_bytes *item);
/* The item as it was made; RH_ERR_NOTFOUND when no longer kept. */
enum rh_err agent_spool_original(struct agent_spool *spool, uint64_t n, struct rh_bytes *item);
enum rh_err agent_spool_sent(struct agent_spool *spool, uint64_t n, struct agent_sent *out);
enum rh_err agent_spool_sent_by_id(struct agent_spool *spool, const struct rh_message_id *id,
                                   struct agent_sent *out);
/* The first row at or above *n; *n becomes its number. RH_ERR_NOTFOUND past the last. */
enum rh_err agent_spool_sent_next(struct agent_spool *spool, uint64_t *n,
                                  struct agent_sent *out);

/* A verified confirm: receipts kept, rows settled. RH_ERR_EXISTS when a core differs from the
 * one that came before for the same number. */
enum rh_err agent_spool_confirmed(struct agent_spool *spool, uint32_t generation,
                                  const struct rh_frame_confirm *confirm,
                                  const struct rh_receipt *receipts, struct rh_bytes frame,
                                  uint64_t now_ms);

/* What an earlier generation had stored and this one refused because it came before what it
 * answers (RH-4301, 4302, 4303) is to be said again when something about its referral comes;
 * wire.md, 11. The first such number at or above *n; RH_ERR_NOTFOUND. */
enum rh_err agent_spool_again_next(struct agent_spool *spool, const struct rh_referral_id *id,
                                   uint64_t *n);
/* Number the same item anew; it waits like any other. */
enum rh_err agent_spool_send_again(struct agent_spool *spool, uint64_t n, uint32_t generation,
                                   uint64_t now_ms);

/* A receipt as kept. core and confirm are borrowed until the next call. */
struct agent_receipt {
    uint32_t generation;
    struct rh_bytes core;
    struct rh_hash rest_hash;
    struct rh_bytes confirm; /* the whole CONFIRM frame */
};
/* The newest generation's; RH_ERR_NOTFOUND. */
enum rh_err agent_spool_receipt(struct agent_spool *spool, uint64_t n,
                                struct agent_receipt *out);

/* The first receipt that a generation before this one gave for the item that has number n now
 * (or had another, when it was said again): what lets its clocks go on. Only of what was
 * stored, and not for acknowledgements, which are void. out->confirm is borrowed until the next
 * call;
 * RH_ERR_NOTFOUND. */
enum rh_err agent_spool_lost(struct agent_spool *spool, uint64_t n, uint32_t generation,
                             struct rh_lost *out);

/* ---- inbox ------------------------------------------------------------------------------ */

enum agent_got_state {
    AGENT_DELIVERED = 1, /* on our disk */
    AGENT_PLACED = 2,    /* handed to a door */
    AGENT_TAKEN = 3      /* the case system has it */
};

struct agent_got {
    uint64_t arrival;            /* a */
    enum agent_got_state state;
    enum rh_delivery_form form;
    enum rh_kind kind;           /* 0: a tombstone that says nothing */
    struct rh_agency_id sender;
    enum rh_lane lane;
    uint32_t generation;
    uint64_t pair_seq, index, stored_ms, received_ms, taken_ms;
    struct rh_message_id message_id;
    struct rh_referral_id referral_id;
    struct rh_hash digest;       /* item digest; of other forms the hash of the public part */
    char number[RH_NUMBER_BYTES_MAX + 1];
    char name[AGENT_NAME_BYTES_MAX + 1]; /* file it was placed as, empty before */
    bool trusted;                /* on the hub's word only */
};

enum agent_turn {
    AGENT_NEXT = 0,      /* the one wanted: taken in */
    AGENT_REPEATED = 1,  /* below the wanted number: acknowledge again */
    AGENT_AHEAD = 2,     /* above it: *expected is wanted */
    AGENT_KNOWN = 3,     /* the wanted number, a message we have: acknowledge, no effect */
    AGENT_REUSED = 4     /* the wanted number, a message id we have with other content */
};

/* Where a delivery stands; changes nothing. `got` needs sender, lane, pair_seq, generation,
 * message_id, digest. */
enum rh_err agent_spool_judge(struct agent_spool *spool, const struct agent_got *got,
                              enum agent_turn *turn, uint64_t *expected);
/* Keep a delivery that is AGENT_NEXT; got->arrival is set. With `place` it waits for a door. */
enum rh_err agent_spool_deliver(struct agent_spool *spool, struct agent_got *got,
                                struct rh_bytes frame, bool place);
/* Step over a delivery without keeping it (AGENT_KNOWN, AGENT_REUSED, one to be refused). */
enum rh_err agent_spool_pass(struct agent_spool *spool, const struct agent_got *got);

enum rh_err agent_spool_got(struct agent_spool *spool, uint64_t arrival, struct agent_got *out);
/* The first at or above *arrival. */
enum rh_err agent_spool_got_next(struct agent_spool *spool, uint64_t *arrival,
                                 struct agent_got *out);
enum rh_err agent_spool_got_by_id(struct agent_spool *spool, const struct rh_message_id *id,
                                  const struct rh_agency_id *sender, struct agent_got *out);
/* The same when the sender is not known; with two senders of one id, the first by name. */
enum rh_err agent_spool_got_by_message(struct agent_spool *spool,
                                       const struct rh_message_id *id, struct agent_got *out);
/* The DELIVERY frame, borrowed until the next call; RH_ERR_NOTFOUND when no longer kept. */
enum rh_err agent_spool_delivery(struct agent_spool *spool, uint64_t arrival,
                                 struct rh_bytes *frame);

/* Placing is two steps, so that a crash between them can be told apart: staged (complete,
 * hidden) is committed before the rename that publishes, placed after it. */
enum agent_placing { AGENT_PLACING_WAITS = 1, AGENT_PLACING_STAGED = 2 };
enum rh_err agent_spool_placing_next(struct agent_spool *spool, uint64_t *arrival,
                                     enum agent_placing *step);
enum rh_err agent_spool_staged(struct agent_spool *spool, uint64_t arrival, const char *name);
enum rh_err agent_spool_placed(struct agent_spool *spool, uint64_t arrival);
/* The case system has it. RH_ERR_NOTFOUND. */
enum rh_err agent_spool_taken(struct agent_spool *spool, uint64_t arrival, uint64_t now_ms);
enum rh_err agent_spool_arrival_of_name(struct agent_spool *spool, const char *name,
                                        uint64_t *arrival);

/* ---- cases ------------------------------------------------------------------------------ */

struct agent_case {
    struct rh_referral_id id;
    char number[RH_NUMBER_BYTES_MAX + 1]; /* human number, empty until heard */
    char procedure[RH_CODE_BYTES_MAX + 1];
    char category[RH_CODE_BYTES_MAX + 1];
    enum rh_state state;         /* as far as this agency knows */
    enum rh_kind last_kind;
    struct rh_agency_id origin, from, to, holder;
    uint64_t due_ms;             /* nearest end heard of, 0 none */
    char due_limit[RH_CODE_BYTES_MAX + 1]; /* which clock that is, empty not heard */
    enum rh_due_basis due_basis; /* and on what it rests */
    uint64_t updated_ms;         /* hub time of the newest thing known */
    uint64_t register_n;         /* own number of its registration, 0 not ours */
    bool overdue;
};

enum rh_err agent_spool_case(struct agent_spool *spool, const struct rh_referral_id *id,
                             struct agent_case *out);
enum rh_err agent_spool_put_case(struct agent_spool *spool, const struct agent_case *value);
/* By human number, or "system=number" as this agency knows it. */
enum rh_err agent_spool_find_case(struct agent_spool *spool, const char *key,
                                  struct rh_referral_id *out);
enum rh_err agent_spool_name_case(struct agent_spool *spool, const char *key,
                                  const struct rh_referral_id *id);
/* Cases with a date, nearest first, then those that are with this agency and have none yet
 * (AGENT_DUE_UNKNOWN): the first at or after (*due_ms, *id). */
#define AGENT_DUE_UNKNOWN UINT64_MAX
enum rh_err agent_spool_due_next(struct agent_spool *spool, uint64_t *due_ms,
                                 struct rh_referral_id *id);
/* What belongs to a case, oldest first: number *at counts up from 0. sent: out or in. */
enum rh_err agent_spool_history_add(struct agent_spool *spool, const struct rh_referral_id *id,
                                    bool sent, uint64_t number);
enum rh_err agent_spool_history_next(struct agent_spool *spool, const struct rh_referral_id *id,
                                     uint64_t *at, bool *sent, uint64_t *number);

/* ---- door files ------------------------------------------------------------------------- */

enum agent_file_state {
    AGENT_FILE_OPEN = 1,     /* some of its items have no receipt */
    AGENT_FILE_ANSWERED = 2, /* all have; the answer is to be written */
    AGENT_FILE_DONE = 3
};

struct agent_file {
    uint64_t no;
    enum agent_file_state state;
    struct rh_hash hash;       /* SHA-256 of its bytes */
    uint64_t first_n;
    uint32_t count, open;      /* items; of them without a receipt */
    bool refused;              /* one of them was refused */
    char name[AGENT_NAME_BYTES_MAX + 1];
};

/* The file of that name and content; RH_ERR_NOTFOUND. */
enum rh_err agent_spool_file(struct agent_spool *spool, const char *name,
                             const struct rh_hash *hash, struct agent_file *out);
/* Take a file in; *no is given. Its items are sent in the same transaction, with this no. */
enum rh_err agent_spool_file_add(struct agent_spool *spool, const char *name,
                                 const struct rh_hash *hash, uint64_t first_n, uint32_t count,
                                 struct rh_bytes original, uint64_t *no);
/* Number the next file would get. */
uint64_t agent_spool_file_next_no(const struct agent_spool *spool);
/* The first answered file at or above *no. */
enum rh_err agent_spool_file_answered(struct agent_spool *spool, uint64_t *no,
                                      struct agent_file *out);
/* Its bytes as they came, borrowed until the next call. */
enum rh_err agent_spool_file_original(struct agent_spool *spool, uint64_t no,
                                      struct rh_bytes *out);
enum rh_err agent_spool_file_done(struct agent_spool *spool, uint64_t no);
/* Answer it again (the same file came again). */
enum rh_err agent_spool_file_again(struct agent_spool *spool, uint64_t no,
                                   struct rh_bytes original);

/* ---- imports ---------------------------------------------------------------------------- */

enum { AGENT_IMPORTS_KEPT_MAX = 100 };

enum agent_import_state {
    AGENT_IMPORT_BEGUN = 1, /* under way, or broken off: to be repeated */
    AGENT_IMPORT_DONE = 2
};

struct agent_import_job {
    uint64_t no;                 /* 0: new, agent_spool_import_put gives it one */
    enum agent_import_state state;
    struct rh_hash identity;     /* of table and map, as they lay there */
    char file[AGENT_NAME_BYTES_MAX + 1]; /* last part of its path, for people */
    uint64_t first_n;            /* numbers from it on are this import's */
    uint64_t started_ms, updated_ms; /* this agency's clock */
    uint64_t rows, registered, dispatched, bad; /* at updated_ms */
    uint64_t taken, total;       /* bytes of the table */
};

/* The first at or above *no; RH_ERR_NOTFOUND past the last. */
enum rh_err agent_spool_import_next(struct agent_spool *spool, uint64_t *no,
                                    struct agent_import_job *out);
/* The newest of that identity; RH_ERR_NOTFOUND. */
enum rh_err agent_spool_import_find(struct agent_spool *spool, const struct rh_hash *identity,
                                    struct agent_import_job *out);
/* Into the open transaction. Of more than AGENT_IMPORTS_KEPT_MAX the oldest goes. */
enum rh_err agent_spool_import_put(struct agent_spool *spool, struct agent_import_job *job);

/* ---- participants ----------------------------------------------------------------------- */

/* One entry of one message's list of participants (rh/private.h), as it was said. Their names
 * are personal data: they are forgotten AGENT_KEEP_DAYS after the matter came to rest. */
struct agent_participant {
    struct rh_agency_id agency;  /* whose message it was */
    char id[RH_PARTICIPANT_ID_BYTES_MAX + 1];
    char name[RH_LINE_BYTES_MAX + 1];
    char role[RH_CODE_BYTES_MAX + 1];
    char unit[RH_LINE_BYTES_MAX + 1];
    uint32_t scope;              /* set of enum rh_scope; 0 in an end */
    char from[RH_DATE_TEXT_BYTES], until[RH_DATE_TEXT_BYTES]; /* until empty: while it runs */
    char basis[RH_LINE_BYTES_MAX + 1];
    char ended[RH_LINE_BYTES_MAX + 1]; /* why it ended; empty: takes part */
    bool sent;                   /* our own: holds when that message is stored */
    uint64_t number;             /* n, or a: in order of saying */
    struct rh_message_id message_id;
    uint64_t told_ms;            /* hub time of storing; 0 of our own, whose row knows it */
};

enum rh_err agent_spool_participant_add(struct agent_spool *spool,
                                        const struct rh_referral_id *id,
                                        const struct agent_participant *value);
/* The first entry of that matter behind (agency, id, number) of `at`, which begins zeroed:
 * ordered by agency and id, those of one person from the oldest on. RH_ERR_NOTFOUND. */
enum rh_err agent_spool_participant_next(struct agent_spool *spool,
                                         const struct rh_referral_id *id,
                                         struct agent_participant *at);

/* ---- what participants were shown ------------------------------------------------------- */

/* Who asked, when, for whom, why, and what came of it. No name of a participant, nothing of the
 * matter: it outlives both. Each row's chain covers the row and the one before, so that none
 * can be taken out or changed without the later ones showing it. */
struct agent_shown {
    uint64_t no;                 /* dense from 1 */
    uint64_t at_ms;
    uint32_t uid;                /* the kernel's word for who asked */
    char by[RH_CODE_BYTES_MAX + 1]; /* his own; may be empty */
    struct rh_referral_id referral;
    char number[RH_NUMBER_BYTES_MAX + 1];
    struct rh_agency_id agency;  /* who named the participant; empty: nobody did */
    char participant[RH_PARTICIPANT_ID_BYTES_MAX + 1];
    char role[RH_CODE_BYTES_MAX + 1];
    uint32_t scope;              /* what was shown; 0 when refused */
    uint32_t refusal;            /* 0: shown */
    uint32_t messages;           /* of which something was shown */
    char reason[RH_LINE_BYTES_MAX + 1];
    struct rh_hash chain;
};

/* Number it and add it; `no` and `chain` are set. */
enum rh_err agent_spool_shown_add(struct agent_spool *spool, struct agent_shown *value);
/* The first at or above *no; *sound: its chain is right. RH_ERR_NOTFOUND past the last. */
enum rh_err agent_spool_shown_next(struct agent_spool *spool, uint64_t *no,
                                   struct agent_shown *out, bool *sound);

/* ---- counts and cleaning ---------------------------------------------------------------- */

struct agent_counts {
    uint64_t sent, waiting, refused; /* the last two without acks and nacks */
    uint64_t got, not_placed, not_taken;
    uint64_t cases;
};
enum rh_err agent_spool_counts(struct agent_spool *spool, struct agent_counts *out);

/* Drop bodies kept long enough, at most `limit` of each table a call. hub_ms is the hub's time:
 * a wrong clock of this machine must not throw away what the hub may ask for again. */
enum rh_err agent_spool_clean(struct agent_spool *spool, uint64_t hub_ms, uint32_t limit,
                              uint32_t *dropped);

#endif
