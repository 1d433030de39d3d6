/* struct rh_client and what the files of this folder say to one another. Not installed. */
#ifndef RH_CLIENT_INSIDE_H
#define RH_CLIENT_INSIDE_H

#include "client/pipe.h"

#include <rhub.h>

enum {
    CLIENT_BUNDLES_MAX = 64,              /* waiting for an answer; wire.md, section 9 */
    CLIENT_BYTES_MAX = 8 * 1024 * 1024,
    CLIENT_ITEMS_MAX = CLIENT_BUNDLES_MAX * RH_BUNDLE_ITEMS_MAX,
    CLIENT_TURN_FRAMES = 256,
    CLIENT_RESYNC_SLOTS = 64,
    CLIENT_RESYNC_MS = 5000
};

enum client_state {
    CLIENT_DOWN,      /* no pipe; the next attempt at retry_at */
    CLIENT_GREETING,  /* OPEN is on its way */
    CLIENT_HELLO,     /* HELLO is on its way */
    CLIENT_UP,
    CLIENT_STOPPED    /* for good, `alarm` says why */
};

/* What was sent under one number, to compare the receipt with. */
struct client_sent {
    struct rh_hash digest;
    struct rh_message_id message_id;
};

struct client_bundle {
    uint64_t first_n;
    uint32_t count;
    uint32_t bytes;
};

/* Numbers on their way: [base_n, next_n) are sent and not confirmed. */
struct client_stream {
    uint64_t base_n, next_n;
    uint64_t offered_n;       /* highest the caller has on disk */
    uint64_t quiet_until;     /* BUSY: send nothing before; monotonic ms */
    uint64_t answer_by;       /* in flight: an answer is due; monotonic ms */
    uint32_t silences;        /* answers that did not come, in a row */
    uint64_t gap_n;           /* last GAP acted on, and until when it is not acted on again */
    uint64_t gap_until;
    uint32_t bundle_first, bundle_count; /* ring */
    uint64_t bundle_bytes;
    struct client_bundle bundles[CLIENT_BUNDLES_MAX];
    struct client_sent *sent; /* ring of CLIENT_ITEMS_MAX, at n modulo that */
};

struct client_resync {
    struct rh_agency_id sender;
    enum rh_lane lane;
    uint64_t from;
    uint64_t at;
};

struct rh_client {
    struct rh_client_options options; /* pointers of it that we need are copied below */
    char endpoint[RH_ENDPOINT_BYTES_MAX + 1];
    char software[RH_CODE_BYTES_MAX + 1];
    struct rh_hub_id pinned;      /* as opened, or followed and proven */
    struct rh_hub_id hub;         /* of this session: `pinned` or a newer generation of it */
    bool proven;                  /* the hub's signing key has vouched for `hub` */
    struct rh_sign_public hub_sign;
    uint8_t hub_transport[32];
    struct rh_secret transport;
    struct rh_sign_secret sign;

    int epoll;
    struct client_pipe *pipe;
    enum client_state state;
    enum rh_client_alarm alarm;
    bool turning;                 /* inside rh_client_turn: what is offered waits for its end */
    bool lost_refused;            /* this session: bundles go without lost receipts */
    bool rollback;                /* online, but the hub has lost records: nothing is sent */
    uint64_t retry_at, step_by;   /* monotonic ms */
    uint32_t retry_ms;
    uint64_t session;
    struct client_stream stream;
    struct rh_client_held held;   /* as given for this session's HELLO; note in `note` */

    struct rh_checkpoint checkpoint; /* newest published checkpoint verified; size 0 none */
    uint8_t *note;                /* its note, RH_NOTE_BYTES_MAX */
    size_t note_bytes;
    uint64_t batch_size;          /* newest batch checkpoint verified, 0 none */
    struct rh_hash batch_root;
    struct client_resync resyncs[CLIENT_RESYNC_SLOTS];
    uint32_t resync_next;

    /* Working memory, one of each. */
    struct rh_frame_bundle *bundle;
    uint32_t lost_count;          /* of the bundle being made */
    struct rh_bytes lost_last;    /* the confirm attached last, in `lost` */
    uint8_t *lost;                /* RH_FRAME_BYTES_MAX: lost receipts, each encoded */
    size_t lost_bytes;
    struct rh_frame_confirm *confirm;
    struct rh_frame_proof *proof;
    struct rh_frame_consistency *consistency;
    struct rh_receipt *receipts;
    struct rh_delivery *delivery;
    struct rh_header_memo headers; /* of senders, verified already */
    struct rh_public *public_part;
    struct rh_hash *digests;      /* RH_BUNDLE_ITEMS_MAX */
    uint8_t *lost_array;          /* RH_FRAME_BYTES_MAX: the same as one array */
    uint8_t *items;               /* RH_FRAME_BYTES_MAX: items of the bundle being made */
    uint8_t *frame;               /* RH_FRAME_BYTES_MAX: frame being written */
};

/* link.c */
uint64_t client_monotonic_ms(void);
/* The agency's own time, UTC ms: its clock, or the one it was given. */
uint64_t client_claimed_ms(const struct rh_client *client);
void client_emit(struct rh_client *client, struct rh_client_event *event);
/* Close the pipe, tell the caller, try again later; `patient` begins with the longest pause. */
void client_drop(struct rh_client *client, uint32_t refusal, const char *detail, bool patient);
/* Close the pipe for good. `first_n` 0 when it is about no number. */
void client_stop(struct rh_client *client, enum rh_client_alarm alarm, uint32_t refusal,
                 const char *detail, uint64_t first_n);
/* Send what the writer holds; a full pipe is no error (what matters is sent again). */
void client_send(struct rh_client *client, const struct rh_writer *writer);
struct rh_writer client_writer(struct rh_client *client);

/* session.c */
void client_greet(struct rh_client *client);
void client_take_frame(struct rh_client *client, struct rh_bytes frame);

/* lost.c */
/* Attach what an earlier generation said of item n to the bundle being made, unless it is there
 * already. False when it would not fit into `room` bytes. */
bool client_lost_gather(struct rh_client *client, uint64_t n, size_t room);
void client_lost_begin(struct rh_client *client);
/* Close the list into the bundle being made. */
void client_lost_end(struct rh_client *client);
/* Whether a refusal is about a lost receipt only. */
bool client_lost_is_about(uint32_t refusal);

/* stream.c */
void client_stream_begin(struct rh_client *client, uint64_t first_n);
void client_stream_pump(struct rh_client *client);
void client_stream_rewind(struct rh_client *client, uint64_t n);
void client_stream_confirmed(struct rh_client *client, uint64_t first_n, uint64_t end_n);
void client_stream_tick(struct rh_client *client, uint64_t now);
uint64_t client_stream_due(const struct rh_client *client);
/* Digest and message id of an own number; RH_ERR_NOTFOUND when it is kept nowhere. */
enum rh_err client_stream_sent(struct rh_client *client, uint64_t n, struct client_sent *out);

/* confirm.c */
void client_take_confirm(struct rh_client *client, struct rh_bytes frame);
void client_take_proof(struct rh_client *client, struct rh_bytes frame);

/* checkpoint.c */
/* The hub's signing key has signed under the hub id of this session: pin it if it is newer. */
void client_vouched(struct rh_client *client);
/* Keep what the spool held. */
void client_checkpoint_load(struct rh_client *client, struct rh_bytes note);
/* A note from the hub: verify it, follow it. False when the client was stopped. */
bool client_take_note(struct rh_client *client, struct rh_bytes note);
void client_take_consistency(struct rh_client *client, struct rh_bytes frame);
/* Compare a verified batch checkpoint with what is held; false after an alarm. */
bool client_check_batch(struct rh_client *client, uint64_t size, const struct rh_hash *root);

/* deliver.c */
void client_take_delivery(struct rh_client *client, struct rh_bytes frame);

#endif
