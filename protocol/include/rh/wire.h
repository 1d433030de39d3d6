/* Frames between a client library and the hub's door: one ZeroMQ frame, one canonical array
 * whose first element is the frame type. Source: protocol/spec/wire.md.
 *
 * Encoding goes into caller's memory; decoding yields borrowed views into the frame. Decode
 * checks the whole frame for canonical form first (rh_codec_check, RH_FRAME_BYTES_MAX). */
#ifndef RH_WIRE_H
#define RH_WIRE_H

#include <rh/item.h>
#include <rh/note.h>
#include <rh/proof.h>
#include <rh/receipt.h>

enum {
    RH_WIRE_VERSION = 1,
    RH_NONCE_BYTES = 32,
    RH_PROOF_HASHES_MAX = 128,
    RH_CONFIRM_RECORDS_MAX = RH_BUNDLE_ITEMS_MAX,
    RH_CONFIRM_BYTES_MAX = 160 * 1024, /* a whole CONFIRM frame */
    RH_LOST_MAX = RH_BUNDLE_ITEMS_MAX, /* lost receipts that come with one bundle */
    RH_DETAIL_BYTES_MAX = 256, /* detail text of an error */
    RH_TIME_RATE_MAX = 1000000, /* hub seconds in a second, of a steered clock */
    RH_NUMBER_BYTES_MAX = 48,  /* human number of a referral */
    RH_HELLO_BYTES_MAX = RH_NOTE_BYTES_MAX + 1024
};

static_assert((int)RH_PROOF_RANGE_MAX <= (int)RH_PROOF_HASHES_MAX,
              "every proof fits its frame");
static_assert((int)RH_CONFIRM_RECORDS_MAX * (RH_CORE_BYTES_MAX + RH_HASH_BYTES + 6) +
                      (int)RH_PROOF_HASHES_MAX * (RH_HASH_BYTES + 2) + 256 <=
                  (int)RH_CONFIRM_BYTES_MAX,
              "every confirm can be shown again");

enum rh_frame_type {
    /* from a client */
    RH_FRAME_OPEN = 1,    /* [1, version, agency]: asks for a challenge */
    RH_FRAME_HELLO = 2,   /* [2, hello bin, signature bin] */
    RH_FRAME_BUNDLE = 3,  /* [3, header bin, signature bin, [item, ...]], and after a recovery
                             perhaps [[hub id, confirm bin], ...] behind it */
    RH_FRAME_WINDOW = 4,  /* [4, session u64, messages, bytes]: credit for deliveries */
    RH_FRAME_RESYNC = 5,  /* [5, session, sender, lane, from pair_seq] */
    RH_FRAME_ASK = 6,     /* [6, session, n]: the outcome of an own n, again */
    RH_FRAME_PROVE = 7,   /* [7, session, index, size]: inclusion; size 0: newest checkpoint */
    RH_FRAME_CLOSE = 8,   /* [8, session] */
    RH_FRAME_EXTEND = 9,  /* [9, session, old size]: is the log still what I have seen? */
    /* from the hub */
    RH_FRAME_CHALLENGE = 65, /* [65, version, hub id, nonce bin32, hub time ms, test bool] */
    RH_FRAME_WELCOME = 66,   /* [66, session, next n, hub time ms, note, external key bin] */
    RH_FRAME_CONFIRM = 67,   /* [67, first n, size, root, signature, first index,
                                [proof hash..], [[core bin, rest hash bin], ..]] */
    RH_FRAME_DELIVERY = 68,  /* see struct rh_delivery */
    RH_FRAME_BUSY = 69,      /* [69, refusal, retry_ms, first n] */
    RH_FRAME_GAP = 70,       /* [70, expected n] */
    RH_FRAME_ERROR = 71,     /* [71, refusal, detail str, first n] */
    RH_FRAME_CHECKPOINT = 72, /* [72, note str]: newest published checkpoint */
    RH_FRAME_PROOF = 73,     /* [73, index, note str, core, rest hash, [hash..]] */
    RH_FRAME_CONSISTENCY = 74, /* [74, old size, note str, [hash..]] */
    RH_FRAME_TIME = 75       /* [75, hub time ms, rate]: not what a clock that goes on would show */
};

/* Type of a frame without decoding the rest; 0 when it is none. */
enum rh_frame_type rh_frame_type_of(struct rh_bytes frame);

/* Signed by the agency with tag "rhub/hello/1". Proves the signing key, registers the epoch,
 * and shows what the agency holds, so that a hub restored from a backup is noticed. What is
 * claimed beyond the hub's journal stops intake only with the hub's own signature as
 * evidence (receipt_*, note), or any agency could stop the hub with a large number.
 * On the wire an array of the values in this order. */
struct rh_hello {
    uint8_t suite;
    struct rh_hub_id hub;
    struct rh_agency_id agency;
    struct rh_epoch epoch;
    uint8_t nonce[RH_NONCE_BYTES]; /* the engine's challenge */
    uint64_t lease;                /* takeover: must exceed the live session's */
    uint64_t highest_receipt_size; /* log size that the newest receipt proves, 0 none */
    uint64_t highest_n;            /* newest n with a receipt, 0 none */
    uint64_t highest_delivery_index; /* newest log index delivered here + 1, 0 none */
    uint64_t checkpoint_size;      /* newest published checkpoint held, 0 none */
    struct rh_hash checkpoint_root;
    uint32_t window_messages;      /* credit at the start */
    uint64_t window_bytes;
    uint64_t agency_ms;            /* agency's clock, a claim */
    char software[RH_CODE_BYTES_MAX + 1]; /* printable ASCII, may be empty */
    struct rh_hash receipt_root;           /* of the newest receipt's batch checkpoint, whose */
    struct rh_signature receipt_signature; /* size stands above; both zero when that is 0 */
    struct rh_bytes note;                  /* newest published checkpoint held; may be empty */
};

/* Decode leaves out->note borrowed from `bytes`. */
enum rh_err rh_hello_encode(const struct rh_hello *hello, struct rh_writer *writer);
enum rh_err rh_hello_decode(struct rh_bytes bytes, struct rh_hello *out);

struct rh_frame_open {
    uint32_t version;
    struct rh_agency_id agency;
};

struct rh_frame_hello {
    struct rh_bytes hello; /* exact signed bytes */
    struct rh_signature signature;
};

struct rh_frame_bundle {
    struct rh_bytes header; /* exact signed bytes */
    struct rh_signature signature;
    uint32_t count;
    struct rh_item items[RH_BUNDLE_ITEMS_MAX]; /* behind count: undefined */
    struct rh_bytes lost; /* the array of lost receipts as encoded, see rh_lost_open; empty when
                             the bundle has none */
};

/* A receipt that an earlier generation of the hub gave for an item and that its journal lost:
 * the CONFIRM frame exactly as it came, and the hub id it was signed under. Not covered by the
 * bundle's signature: what counts in it is the hub's own. */
struct rh_lost {
    struct rh_hub_id hub;
    struct rh_bytes confirm;
};

struct rh_frame_window {
    uint64_t session;
    uint32_t messages;
    uint64_t bytes;
};

struct rh_frame_resync {
    uint64_t session;
    struct rh_agency_id sender;
    enum rh_lane lane;
    uint64_t from_pair_seq;
};

struct rh_frame_challenge {
    uint32_t version;
    struct rh_hub_id hub;
    uint8_t nonce[RH_NONCE_BYTES];
    uint64_t hub_ms;
    bool test;
};

struct rh_frame_welcome {
    uint64_t session;
    uint64_t next_n;
    uint64_t hub_ms;
    struct rh_bytes note;     /* newest published checkpoint, empty if none */
    uint8_t external_key[32]; /* key for rh_hash_keyed over external numbers */
};

/* One record of a confirm: core and the hash of its rest, never rest itself. */
struct rh_confirmed {
    struct rh_bytes core;
    struct rh_hash rest_hash;
};

struct rh_frame_confirm {
    uint64_t first_n;
    uint64_t size; /* batch checkpoint */
    struct rh_hash root;
    struct rh_signature signature; /* tag "rhub/batch/1", see rh/proof.h */
    uint64_t first_index;
    uint32_t proof_count;
    struct rh_hash proof[RH_PROOF_HASHES_MAX];
    uint32_t record_count; /* 1..RH_CONFIRM_RECORDS_MAX; index and n both without a gap */
    struct rh_confirmed records[RH_CONFIRM_RECORDS_MAX];
};

enum rh_delivery_form {
    RH_DELIVERY_ITEM = 0,      /* an agency's item, with the sender's proof */
    RH_DELIVERY_NOTICE = 1,    /* the hub's own word: a public part of a kind of group H */
    RH_DELIVERY_TOMBSTONE = 2  /* recalled, dead or erased before it was delivered; the public
                                  part, when there is one, is the hub's and says why */
};

/* [68, form, sender, lane, pair_seq, index, stored_ms, number str, public|notice bin,
 *  then for an item: commitment, keys, salt, private, body, bundle header, signature,
 *  position, [path hash..]] */
struct rh_delivery {
    enum rh_delivery_form form;
    struct rh_agency_id sender; /* "hub.division" form of text for the hub itself */
    enum rh_lane lane;
    uint64_t pair_seq;
    uint64_t index;
    uint64_t stored_ms;
    struct rh_bytes number;      /* human number of the referral, may be empty */
    struct rh_item item;         /* form ITEM; for other forms only public_part is set */
    struct rh_bytes header;      /* exact signed bundle header */
    struct rh_signature signature;
    uint32_t position;
    uint32_t path_count;
    struct rh_hash path[RH_BUNDLE_PATH_MAX];
};

struct rh_frame_busy {
    uint32_t refusal;
    uint32_t retry_ms;
    uint64_t first_n;
};

/* Hub time has moved otherwise than by itself, or goes on at another pace. */
struct rh_frame_time {
    uint64_t hub_ms; /* UTC */
    uint32_t rate;   /* hub seconds in a second, 0 stands still, at most RH_TIME_RATE_MAX */
};

struct rh_frame_error {
    uint32_t refusal;
    struct rh_bytes detail; /* English, for logs; at most RH_DETAIL_BYTES_MAX */
    uint64_t first_n;       /* of the bundle that is refused; 0: not about a bundle */
};

struct rh_frame_prove {
    uint64_t session;
    uint64_t index;
    uint64_t size;
};

struct rh_frame_proof {
    uint64_t index;
    struct rh_bytes note;
    struct rh_bytes core;
    struct rh_hash rest_hash;
    uint32_t proof_count;
    struct rh_hash proof[RH_PROOF_HASHES_MAX];
};

struct rh_frame_consistency {
    uint64_t old_size;
    struct rh_bytes note; /* newest published checkpoint */
    uint32_t proof_count;
    struct rh_hash proof[RH_PROOF_HASHES_MAX];
};

/* Each encoder writes one frame and answers RH_OK, RH_ERR_FULL when it does not fit the
 * writer, or RH_ERR_INVALID for counts and sizes that no decoder takes (some bytes may have
 * been written then). Each decoder answers RH_OK, RH_ERR_FULL above RH_FRAME_BYTES_MAX, or
 * RH_ERR_INVALID; after an error *out is not to be used. */
enum rh_err rh_frame_open_encode(const struct rh_frame_open *in, struct rh_writer *writer);
enum rh_err rh_frame_open_decode(struct rh_bytes frame, struct rh_frame_open *out);
enum rh_err rh_frame_hello_encode(const struct rh_frame_hello *in, struct rh_writer *writer);
enum rh_err rh_frame_hello_decode(struct rh_bytes frame, struct rh_frame_hello *out);
enum rh_err rh_frame_bundle_encode(const struct rh_frame_bundle *in, struct rh_writer *writer);
/* Decodes header and item views only; checks count against the header's, neither signature
 * nor root. */
enum rh_err rh_frame_bundle_decode(struct rh_bytes frame, struct rh_frame_bundle *out);
/* Walk the lost receipts of a bundle: open answers how many there are (0: none, or the array
 * is not of the form), then next yields them in order. Views point into `lost`. */
uint32_t rh_lost_open(struct rh_bytes lost, struct rh_reader *reader);
enum rh_err rh_lost_next(struct rh_reader *reader, struct rh_lost *out);
/* The inverse: begin the array of `count` (1 to RH_LOST_MAX), then add each. */
enum rh_err rh_lost_begin(uint32_t count, struct rh_writer *writer);
enum rh_err rh_lost_add(const struct rh_lost *in, struct rh_writer *writer);
enum rh_err rh_frame_window_encode(const struct rh_frame_window *in, struct rh_writer *writer);
enum rh_err rh_frame_window_decode(struct rh_bytes frame, struct rh_frame_window *out);
enum rh_err rh_frame_resync_encode(const struct rh_frame_resync *in, struct rh_writer *writer);
enum rh_err rh_frame_resync_decode(struct rh_bytes frame, struct rh_frame_resync *out);
enum rh_err rh_frame_ask_encode(uint64_t session, uint64_t n, struct rh_writer *writer);
enum rh_err rh_frame_ask_decode(struct rh_bytes frame, uint64_t *session, uint64_t *n);
enum rh_err rh_frame_prove_encode(const struct rh_frame_prove *in, struct rh_writer *writer);
enum rh_err rh_frame_prove_decode(struct rh_bytes frame, struct rh_frame_prove *out);
enum rh_err rh_frame_close_encode(uint64_t session, struct rh_writer *writer);
enum rh_err rh_frame_close_decode(struct rh_bytes frame, uint64_t *session);
enum rh_err rh_frame_extend_encode(uint64_t session, uint64_t old_size,
                                   struct rh_writer *writer);
enum rh_err rh_frame_extend_decode(struct rh_bytes frame, uint64_t *session,
                                   uint64_t *old_size);
enum rh_err rh_frame_challenge_encode(const struct rh_frame_challenge *in,
                                      struct rh_writer *writer);
enum rh_err rh_frame_challenge_decode(struct rh_bytes frame, struct rh_frame_challenge *out);
enum rh_err rh_frame_welcome_encode(const struct rh_frame_welcome *in,
                                    struct rh_writer *writer);
enum rh_err rh_frame_welcome_decode(struct rh_bytes frame, struct rh_frame_welcome *out);
enum rh_err rh_frame_confirm_encode(const struct rh_frame_confirm *in,
                                    struct rh_writer *writer);
enum rh_err rh_frame_confirm_decode(struct rh_bytes frame, struct rh_frame_confirm *out);
/* What the holder of a confirm checks (receipt.md), and the hub when one comes back to it: the
 * batch signature by `key` for `hub`, each core (hub in this or an earlier generation, type,
 * agency, epoch, consecutive n and index), the range proof. `receipts` holds
 * RH_CONFIRM_RECORDS_MAX; digests are the caller's business. RH_ERR_CRYPTO or RH_ERR_INVALID:
 * believe nothing. */
enum rh_err rh_confirm_verify(const struct rh_frame_confirm *confirm,
                              const struct rh_hub_id *hub, const struct rh_sign_public *key,
                              const struct rh_agency_id *agency, const struct rh_epoch *epoch,
                              struct rh_receipt *receipts);
/* What an earlier generation's receipt says of an item. */
struct rh_first {
    uint64_t stored_ms;  /* when that generation stored it; 0: there is no such receipt */
    uint64_t index;      /* in that generation's log */
    uint32_t generation; /* of the hub, from 1 */
    struct rh_hash leaf; /* of that record */
};

/* For whom the lost receipts of a bundle must be. */
struct rh_lost_check {
    struct rh_hub_id hub;          /* as it is called now */
    struct rh_sign_public key;     /* its signing key */
    struct rh_agency_id sender;    /* stream */
    struct rh_epoch epoch;
    const struct rh_hash *digests; /* borrowed: items of the bundle */
    uint32_t count;
};

/* What a hub and an auditor check of lost receipts without the log (wire.md, section 11): each
 * is signed by the hub under an earlier generation, of this stream, and of an item of this
 * bundle; out[i], check->count of them, is filled, with the first storing where there were
 * several. RH_ERR_INVALID not of the form, RH_ERR_CRYPTO not signed by this hub for this
 * stream, RH_ERR_NOTFOUND one of them is for none of these items. */
enum rh_err rh_lost_verify(struct rh_bytes lost, const struct rh_lost_check *check,
                           struct rh_first *out);
/* Whether `named` is `hub` in its own or an earlier generation. */
bool rh_hub_id_precedes(const struct rh_hub_id *named, const struct rh_hub_id *hub);
enum rh_err rh_delivery_encode(const struct rh_delivery *in, struct rh_writer *writer);
enum rh_err rh_delivery_decode(struct rh_bytes frame, struct rh_delivery *out);
/* The receiver's check of an item: path to the header's root, header's signature by
 * `sender_key`, commitment opens. RH_ERR_CRYPTO otherwise. Notices carry no such proof. */
enum rh_err rh_delivery_check(const struct rh_delivery *in,
                              const struct rh_sign_public *sender_key);

/* The same, for whoever checks many: signed headers that verified already are remembered, so
 * that the items of one bundle cost one signature between them. Zero at the beginning. */
enum { RH_HEADERS_REMEMBERED = 32 };

struct rh_header_memo {
    uint32_t next;
    struct rh_hash seen[RH_HEADERS_REMEMBERED]; /* of key, header and signature */
};

enum rh_err rh_delivery_check_with(const struct rh_delivery *in,
                                   const struct rh_sign_public *sender_key,
                                   struct rh_header_memo *memo);
enum rh_err rh_frame_busy_encode(const struct rh_frame_busy *in, struct rh_writer *writer);
enum rh_err rh_frame_busy_decode(struct rh_bytes frame, struct rh_frame_busy *out);
enum rh_err rh_frame_gap_encode(uint64_t expected_n, struct rh_writer *writer);
enum rh_err rh_frame_gap_decode(struct rh_bytes frame, uint64_t *expected_n);
enum rh_err rh_frame_error_encode(const struct rh_frame_error *in, struct rh_writer *writer);
enum rh_err rh_frame_error_decode(struct rh_bytes frame, struct rh_frame_error *out);
enum rh_err rh_frame_checkpoint_encode(struct rh_bytes note, struct rh_writer *writer);
enum rh_err rh_frame_checkpoint_decode(struct rh_bytes frame, struct rh_bytes *note);
enum rh_err rh_frame_proof_encode(const struct rh_frame_proof *in, struct rh_writer *writer);
enum rh_err rh_frame_proof_decode(struct rh_bytes frame, struct rh_frame_proof *out);
enum rh_err rh_frame_consistency_encode(const struct rh_frame_consistency *in,
                                        struct rh_writer *writer);
enum rh_err rh_frame_consistency_decode(struct rh_bytes frame,
                                        struct rh_frame_consistency *out);
enum rh_err rh_frame_time_encode(const struct rh_frame_time *in, struct rh_writer *writer);
enum rh_err rh_frame_time_decode(struct rh_bytes frame, struct rh_frame_time *out);

#endif
