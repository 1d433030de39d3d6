/* The gateway between two doubles: an engine of arrays behind it, and the test in place of the
 * door before it.
 *
 *     test == frames ==> ring -> gateway -> double of engine/engine.h, rows in a memory map
 *
 * Nothing sleeps and no process is started. Rows are written straight into the tables, so a
 * test says exactly what waits in which queue. */
#ifndef RHT_GATEWAY_KIT_H
#define RHT_GATEWAY_KIT_H

#include "gateway/inside.h"
#include "views/memory_map.h"

enum { KIT_AGENCIES = 32, KIT_OFFERS = 4096 };

struct kit_agency {
    uint32_t no;
    struct rh_agency_id id;
    struct rh_sign_public sign_public;
    struct rh_sign_secret sign_secret;
    uint8_t routing[HUB_RING_ROUTING_BYTES];
    struct rh_epoch epoch;
    uint64_t lease, session, next_n;
    enum hub_agency_state state;
};

/* What the double answers and what it was asked. The definition of the gateway's opaque
 * engine. */
struct hub_engine {
    struct hub_memory_map *memory;
    struct hub_views views;
    struct rh_hub_id hub;
    uint64_t now_ms;          /* when the kit was opened; it goes on from there */
    uint64_t opened_ms;       /* monotonic */
    uint32_t rate;            /* as it is told; the double's clock goes at 1 or stands */
    uint32_t pending;         /* records offered and not finished */
    uint64_t next_index;
    uint32_t held_refusal;
    uint64_t published;
    char note[64];
    bool agencies_changed;
    uint32_t stirred_count;
    uint32_t stirred[KIT_AGENCIES];
    enum hub_answer answer;   /* to the next offer, 0: as the numbers say */
    uint32_t refusal;
    uint32_t offer_count;     /* in order: */
    uint32_t offer_agency[KIT_OFFERS];
    uint64_t offer_first[KIT_OFFERS];
    struct rh_bytes attached;                 /* to the next bundle, by kit_attach_lost */
    struct rh_sign_public sign_public;        /* the hub's, and */
    struct rh_first lost[RH_BUNDLE_ITEMS_MAX]; /* what came with the last offer */
    uint64_t broken_index;    /* hub_engine_delivery fails for this record */
    uint8_t core[RH_CONFIRM_RECORDS_MAX][RH_CORE_BYTES_MAX];
    uint8_t filler[RH_ITEM_BYTES_MAX];
};

struct kit {
    struct hub_engine engine;
    struct hub_gateway *gateway;
    uint8_t *memory;          /* both rings */
    struct hub_ring to, from; /* the door's ends */
    int door_fd;              /* the door's end of the control socket */
    uint32_t agency_count;
    struct kit_agency agencies[KIT_AGENCIES];
    uint8_t frame[RH_FRAME_BYTES_MAX]; /* the one kit_next found */
    uint8_t scratch[RH_FRAME_BYTES_MAX];
};

void kit_open(struct kit *kit, uint64_t ring_bytes);
void kit_close(struct kit *kit);

/* Enrolled and active; the gateway knows it at once. */
struct kit_agency *kit_agency(struct kit *kit, const char *name);
void kit_set_state(struct kit *kit, struct kit_agency *agency, enum hub_agency_state state);

/* A frame of a client, as the door hands it on. */
void kit_push(struct kit *kit, const struct kit_agency *agency, const struct rh_writer *frame);
/* The next frame for a client; false when there is none. Orders to the door are passed over. */
bool kit_next(struct kit *kit, struct hub_ring_record *record, struct rh_bytes *frame);
/* The next one must be of this type and for this agency's connection. */
struct rh_bytes kit_expect(struct kit *kit, const struct kit_agency *agency,
                           enum rh_frame_type type);
void kit_expect_error(struct kit *kit, const struct kit_agency *agency, uint32_t refusal);
void kit_expect_nothing(struct kit *kit);
/* What comes with the next bundle as its lost receipts; empty: nothing. */
void kit_attach_lost(struct kit *kit, struct rh_bytes lost);

/* One turn of intake, with all that the workers have in hand. */
void kit_turn(struct kit *kit);
/* finish and release. */
void kit_finish(struct kit *kit);
void kit_loop(struct kit *kit);

/* Frames of an agency. */
void kit_send_open(struct kit *kit, const struct kit_agency *agency);
void kit_send_hello(struct kit *kit, struct kit_agency *agency,
                    const struct rh_frame_challenge *challenge, uint32_t messages,
                    uint64_t bytes);
void kit_send_bundle(struct kit *kit, const struct kit_agency *agency, uint64_t first_n,
                     uint32_t count);
void kit_send_window(struct kit *kit, const struct kit_agency *agency, uint32_t messages,
                     uint64_t bytes);
/* OPEN to WELCOME. */
void kit_connect(struct kit *kit, struct kit_agency *agency, uint32_t messages, uint64_t bytes);

/* Rows of queues. `bytes` is the size of the delivery's frame, more or less. */
void kit_queue(struct kit *kit, const struct hub_queued *row);
void kit_ack(struct kit *kit, uint32_t to, uint32_t from, enum rh_lane lane, uint64_t pair_seq);
void kit_drop(struct kit *kit, uint32_t to, uint32_t from, enum rh_lane lane,
              uint64_t pair_seq);
void kit_stir(struct kit *kit, uint32_t agency);

#endif
