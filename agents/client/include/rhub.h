/* librhub: an agency's end of the pipe to the hub.
 *
 * Connects, greets, submits what waits, checks every receipt and every delivery, and comes back
 * by itself after any break. It keeps nothing on disk and has no state outside struct
 * rh_client: the caller's spool is the durable half, and the callbacks below are the seam.
 * Protocol: protocol/spec/wire.md; what is checked in a receipt: protocol/spec/receipt.md.
 *
 * One thread owns a client. Nothing blocks: poll rh_client_fd for POLLIN, wait at most
 * rh_client_wait_ms, call rh_client_turn, and inside that call the callbacks happen. A callback
 * may call any function here but rh_client_turn and rh_client_close.
 *
 *     caller's spool                                 rh_client
 *       item n is durable       rh_client_offer(n) ->  bundles, signs, sends
 *       hands out item n     <- item()                 (again after every break)
 *       keeps the receipt    <- CONFIRMED              verified against the hub's key
 *       keeps the delivery   <- DELIVERY               verified against the sender's key
 *       ack is item n + 1       rh_client_offer(n+1)
 *
 * Out of memory ends the process (CZMQ does so too): everything here can be started again. */
#ifndef RHUB_H
#define RHUB_H

#include <rh/keyfile.h>
#include <rh/refusal.h>
#include <rh/wire.h>

#if defined(__GNUC__)
#define RHUB_API __attribute__((visibility("default")))
#else
#define RHUB_API
#endif

struct rh_client;

/* ---- keys and cards --------------------------------------------------------------------- */

/* The four secrets of an agency, by use. Wipe with rh_agency_keys_wipe. */
struct rh_agency_keys {
    struct rh_secret secrets[RH_KEY_USES];
};

/* Read "DIR/AGENCY.USE.key" for all four uses. On an error `failed` (caller's, path_bytes;
 * may be NULL) names the file. Errors as rh_secret_load; RH_ERR_INVALID also when a file
 * belongs to another owner. */
RHUB_API enum rh_err rh_agency_keys_load(const char *dir, const struct rh_agency_id *agency,
                                         struct rh_agency_keys *out, char *failed,
                                         size_t path_bytes);
RHUB_API void rh_agency_keys_wipe(struct rh_agency_keys *keys);

/* The cards of other agencies: every "*.pub" of a directory. */
struct rh_cards;
RHUB_API enum rh_err rh_cards_open(const char *dir, struct rh_cards **out);
RHUB_API void rh_cards_close(struct rh_cards **cards);
/* Read the directory again; a card that cannot be read keeps its former place. *skipped (may
 * be NULL) counts files that are no cards. */
RHUB_API enum rh_err rh_cards_reload(struct rh_cards *cards, uint32_t *skipped);
/* The card of an agency, borrowed until the next reload; NULL when there is none. */
RHUB_API const struct rh_card *rh_cards_find(const struct rh_cards *cards,
                                             const struct rh_agency_id *agency);
RHUB_API uint32_t rh_cards_count(const struct rh_cards *cards);
/* One after the other, ascending by agency; borrowed until the next reload. index below the
 * count. */
RHUB_API const struct rh_card *rh_cards_at(const struct rh_cards *cards, uint32_t index);

/* ---- what happens ----------------------------------------------------------------------- */

enum rh_client_event_type {
    RH_CLIENT_ONLINE = 1,    /* WELCOME came: next_n, hub_ms, hub, external_key, repinned */
    RH_CLIENT_OFFLINE = 2,   /* refusal says why, retry_ms when the next attempt begins */
    RH_CLIENT_CONFIRMED = 3, /* confirm, receipts, frame: all checked, nothing taken on trust */
    RH_CLIENT_DELIVERY = 4,  /* delivery, frame, and in refusal what a nack must say, 0 none */
    RH_CLIENT_BUSY = 5,      /* refusal, retry_ms: the hub takes nothing for a while */
    RH_CLIENT_CHECKPOINT = 6, /* a newer published one is held: checkpoint, frame the note */
    RH_CLIENT_PROOF = 7,  /* answer to rh_client_prove, verified: proof, checkpoint */
    RH_CLIENT_ERROR = 8,  /* the hub's answer to a question of ours: refusal, detail; or with
                             first_n why it would not have a lost receipt: the items go again
                             without */
    RH_CLIENT_ALARM = 9,  /* something that must not happen; see enum rh_client_alarm */
    RH_CLIENT_PINNED = 10, /* the pinned keys have vouched for a newer generation, `hub`: keep
                             it on disk and open with it from now on */
    RH_CLIENT_TIME = 11   /* hub time was steered or corrected: hub_ms, hub_rate */
};

/* Why an alarm. After those marked * the client is stopped: it stays offline until closed. */
enum rh_client_alarm {
    RH_ALARM_NONE = 0,
    RH_ALARM_RECEIPT = 1,    /* * a receipt fails its check: the hub, or who plays it, lies */
    RH_ALARM_FORK = 2,       /* * two roots signed by the hub for one size, or no extension */
    RH_ALARM_CONFLICT = 3,   /* * a number of ours is taken by other content: a copied spool */
    RH_ALARM_CLOSED = 4,     /* * this stream was closed by a newer one */
    RH_ALARM_TAKEN_OVER = 5, /* * another agent of this agency has taken the session over */
    RH_ALARM_BUNDLE = 6,     /* * the hub refuses a whole bundle: refusal, first_n */
    RH_ALARM_OTHER_HUB = 7,  /* * not the pinned hub, or test and real meet */
    RH_ALARM_GENERATION = 8, /* * a newer generation, and nobody has pinned it */
    RH_ALARM_ROLLBACK = 9,   /* the hub has lost records we hold receipts for; nothing is sent
                                until it is recovered into a new generation */
    RH_ALARM_DELIVERY = 10   /* a delivery fails its check: refusal, delivery */
};

/* Everything is borrowed for the call; members not named for a type are zero. */
struct rh_client_event {
    enum rh_client_event_type type;
    enum rh_client_alarm alarm;
    uint32_t refusal;    /* number of the catalogue */
    const char *detail;  /* English, for logs, without personal data; never NULL */
    uint32_t retry_ms;
    uint64_t first_n;
    uint64_t next_n;     /* ONLINE: the number the hub expects */
    uint64_t hub_ms;     /* ONLINE, TIME: hub time */
    uint32_t hub_rate;   /* TIME: how many of its seconds pass in one, 0: it stands */
    const struct rh_hub_id *hub; /* ONLINE: with generation */
    bool repinned;       /* ONLINE: a newer generation than the one pinned. Everything from
                            next_n on is sent again; receipts of it are new ones */
    const uint8_t *external_key; /* ONLINE: 32 bytes, a secret */
    struct rh_bytes frame;       /* exact bytes: CONFIRM, DELIVERY, or a note */
    const struct rh_frame_confirm *confirm;
    const struct rh_receipt *receipts; /* CONFIRMED: confirm->record_count of them */
    const struct rh_delivery *delivery;
    const struct rh_public *public_part; /* DELIVERY: decoded; NULL when it cannot be */
    bool trusted;        /* DELIVERY: taken on the hub's word, no card of the sender */
    const struct rh_checkpoint *checkpoint;
    const struct rh_frame_proof *proof;
};

typedef void rh_client_event_fn(void *context, const struct rh_client_event *event);

/* Hand out item `n` (as rh_item_encode wrote it), borrowed until the next call. RH_OK, or
 * RH_ERR_NOTFOUND when it is no longer kept. Asked only for offered numbers, any number of
 * times. */
typedef enum rh_err rh_client_item_fn(void *context, uint64_t n, struct rh_bytes *item);

/* Hand out the receipt that an earlier generation of the hub gave for item `n`, when this one
 * has to be told of it again: the CONFIRM frame as it came and the hub id it was checked under,
 * both borrowed until the next call. RH_ERR_NOTFOUND when there is none. Asked only of a hub of
 * a later generation, once each time n is sent. Source: wire.md, section 11. */
typedef enum rh_err rh_client_lost_fn(void *context, uint64_t n, struct rh_lost *out);

/* What the spool holds, asked before every HELLO. The lease must have been raised by one and
 * be on disk when this returns. All else as in wire.md, HELLO. */
struct rh_client_held {
    uint64_t lease;
    uint64_t first_open_n;          /* lowest own number without a receipt, from 1 */
    uint64_t highest_n;             /* newest own number with a receipt, 0 none */
    uint64_t receipt_size;          /* batch checkpoint of the newest confirm, 0 none */
    struct rh_hash receipt_root;
    struct rh_signature receipt_signature;
    uint64_t delivery_index;        /* newest log index delivered, plus 1; 0 none */
    struct rh_bytes note;           /* newest published checkpoint, borrowed; may be empty */
};
/* RH_OK, or an error that ends this attempt. */
typedef enum rh_err rh_client_held_fn(void *context, struct rh_client_held *out);

/* Signing key of another agency. RH_ERR_NOTFOUND: unknown. */
typedef enum rh_err rh_client_key_fn(void *context, const struct rh_agency_id *agency,
                                     struct rh_sign_public *out);

/* ---- the client ------------------------------------------------------------------------- */

struct rh_client_options {
    const struct rh_card *hub;     /* borrowed for open: owner (the pinned id with its
                                      generation), transport and signing key, endpoint */
    const char *endpoint;          /* instead of the card's; NULL: the card's */
    struct rh_agency_id agency;
    const struct rh_secret *transport; /* borrowed for open, copied; wiped at close */
    const struct rh_secret *sign;
    struct rh_epoch epoch;
    bool follow_generation;        /* re-pin a newer one that the pinned keys vouch for */
    bool trust_hub;                /* take items of unknown senders on the hub's word */
    const char *software;          /* printable ASCII, at most 48 bytes; NULL: none */
    uint32_t window_messages;      /* credit for deliveries; 0: 256 */
    uint64_t window_bytes;         /* 0: 8 MiB */
    uint32_t heartbeat_ms;         /* 0: 10 s; given up after three of them */
    uint32_t answer_ms;            /* how long an answer may take; 0: 30 s */
    uint32_t retry_ms_max;         /* longest pause between attempts; 0: 30 s */
    uint64_t (*now_ms)(void *context); /* own clock, UTC ms, a claim; NULL: the system's */
    rh_client_event_fn *event;
    rh_client_item_fn *item;
    rh_client_held_fn *held;
    rh_client_lost_fn *lost;       /* may be NULL: clocks then start anew after a recovery */
    rh_client_key_fn *sender_key;
    void *context;                 /* of all callbacks */
};

/* RH_ERR_CONFIG when the card lacks a key or endpoint, or keys do not belong to the agency;
 * RH_ERR_IO when the system gives no descriptor. Connecting begins with the first turn. */
RHUB_API enum rh_err rh_client_open(const struct rh_client_options *options,
                                    struct rh_client **out);
/* Says CLOSE if online. What is under way has at most a second to leave. */
RHUB_API void rh_client_close(struct rh_client **client);

RHUB_API int rh_client_fd(const struct rh_client *client);
/* 0: call turn at once. */
RHUB_API uint32_t rh_client_wait_ms(const struct rh_client *client);
/* Everything that is ready, within bounds (at most 256 frames). */
RHUB_API void rh_client_turn(struct rh_client *client);

/* Items up to and including `last_n` are durable and may be sent. Sends at once what fits, or
 * at the end of the turn when called within one. */
RHUB_API void rh_client_offer(struct rh_client *client, uint64_t last_n);

/* The delivery wanted next from (sender, lane), when one above it came. Repeated calls for the
 * same number ask once in 5 s. */
RHUB_API void rh_client_resync(struct rh_client *client, const struct rh_agency_id *sender,
                               enum rh_lane lane, uint64_t from_pair_seq);
/* New credit; 0 messages pauses deliveries. */
RHUB_API void rh_client_window(struct rh_client *client, uint32_t messages, uint64_t bytes);
/* Questions; answers come as CONFIRMED, PROOF or ERROR. RH_ERR_CLOSED when not online. */
RHUB_API enum rh_err rh_client_ask(struct rh_client *client, uint64_t n);
RHUB_API enum rh_err rh_client_prove(struct rh_client *client, uint64_t index, uint64_t size);

RHUB_API bool rh_client_is_online(const struct rh_client *client);
/* The alarm that stopped it, RH_ALARM_NONE while it runs. */
RHUB_API enum rh_client_alarm rh_client_stopped(const struct rh_client *client);
/* Numbers sent and not yet confirmed. */
RHUB_API uint64_t rh_client_in_flight(const struct rh_client *client);
/* The hub as pinned now. */
RHUB_API const struct rh_hub_id *rh_client_hub(const struct rh_client *client);

/* What the holder of a confirm checks (receipt.md): the batch signature by `key` for `hub`,
 * each core (hub, type, agency, epoch, consecutive n and index), the range proof. Digests are
 * the caller's business: receipts[i].digest. `receipts` holds RH_CONFIRM_RECORDS_MAX.
 * RH_ERR_CRYPTO or RH_ERR_INVALID: keep nothing. */
RHUB_API enum rh_err rh_confirm_check(const struct rh_frame_confirm *confirm,
                                      const struct rh_hub_id *hub,
                                      const struct rh_sign_public *key,
                                      const struct rh_agency_id *agency,
                                      const struct rh_epoch *epoch,
                                      struct rh_receipt *receipts);

#endif
