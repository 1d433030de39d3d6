/* What the two files of the fake hub share. */
#ifndef RHT_FAKE_HUB_INSIDE_H
#define RHT_FAKE_HUB_INSIDE_H

#include <rh/refusal.h>

#include "support/fake_hub.h"

enum { QUEUE_MAX = 4096, RECORDS_MAX = 20000, ROUTING_BYTES = 16 };

struct fake_record {
    enum rh_record_type type;
    uint8_t core[RH_CORE_BYTES_MAX];
    size_t core_bytes;
    struct rh_hash rest_hash;
    struct rh_receipt receipt;
    /* items */
    uint8_t *item; /* encoded */
    size_t item_bytes;
    uint8_t header[RH_BUNDLE_HEADER_BYTES_MAX];
    size_t header_bytes;
    struct rh_signature signature;
    uint32_t position, path_count;
    struct rh_hash path[RH_BUNDLE_PATH_MAX];
};

struct fake_queued {
    uint64_t record;
    struct rh_agency_id sender;
    enum rh_lane lane;
    uint64_t pair_seq;
    bool notice, acked, sent;
    uint64_t acked_by; /* record of the ack */
};

struct fake_agency {
    struct rh_card card;
    struct rh_agency_id id;
    bool registered;
    struct rh_epoch epoch;
    uint64_t next_n;
    bool online, challenged;
    uint8_t routing[ROUTING_BYTES];
    uint8_t nonce[RH_NONCE_BYTES];
    uint64_t session, lease;
    uint32_t window_messages;
    struct fake_queued *queue;
    uint64_t queue_count;
};

struct fake_party {
    struct rh_referral_id referral;
    uint32_t agencies; /* bits */
};

struct rht_hub {
    struct rh_hub_id id;
    struct rh_card card;
    struct rh_secret transport, sign;
    struct rh_sign_secret sign_secret;
    uint8_t external_key[32];
    void *context, *router, *zap;
    struct rht_hub_knobs knobs;
    struct rht_hub_counts counts;
    uint32_t agency_count;
    struct fake_agency *agencies; /* RHT_HUB_AGENCIES_MAX */
    struct fake_record *records;
    struct rh_hash *leaves;
    uint64_t size, ms, sessions;
    char note[4096];
    size_t note_bytes;
    uint64_t published;
    struct fake_party *parties;
    uint64_t party_count;
    struct rh_frame_bundle *bundle;
    struct rh_frame_confirm *confirm;
    uint8_t *frame;
};

/* fake_log.c */
struct fake_record *rht_hub_append(struct rht_hub *hub, const struct rh_receipt *receipt);
void rht_hub_root(const struct rht_hub *hub, uint64_t size, struct rh_hash *out);
void rht_hub_build_confirm(struct rht_hub *hub, uint64_t first_index, uint32_t count,
                           struct rh_frame_confirm *out);
void rht_hub_spoil(struct rht_hub *hub, struct rh_frame_confirm *confirm);
void rht_hub_make_note(struct rht_hub *hub);
/* Record of number n of an agency's stream; UINT64_MAX when there is none. */
uint64_t rht_hub_record_of(const struct rht_hub *hub, const struct fake_agency *agency,
                           uint64_t n);

#endif
