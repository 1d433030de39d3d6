/* An agency for test_client.c: its spool is memory, it answers what it is given, checks what
 * must always hold of receipts and deliveries, and counts what it has seen. */
#ifndef RHT_CLIENT_KIT_H
#define RHT_CLIENT_KIT_H

#include <rhub.h>

#include "support/rht.h"

enum { ITEMS_MAX = 4000 };

/* An agency whose spool is memory. */
struct party {
    struct rh_agency_id id;
    struct rh_card card;
    struct rh_secret secrets[RH_KEY_USES];
    struct rh_epoch epoch;
    struct rh_client *client;
    struct rh_card hub;
    struct rh_client_held held;
    uint8_t note[RH_NOTE_BYTES_MAX];
    uint8_t *items[ITEMS_MAX + 1];
    size_t item_bytes[ITEMS_MAX + 1];
    struct rh_message_id ids[ITEMS_MAX + 1];
    uint64_t last_n, receipts, refused;
    uint64_t confirms; /* frames, repeated ones included */
    uint8_t *cores[ITEMS_MAX + 1];
    size_t core_bytes[ITEMS_MAX + 1];
    uint8_t *frames[ITEMS_MAX + 1]; /* CONFIRM of the first generation that brought each */
    size_t frame_bytes[ITEMS_MAX + 1];
    bool shows_lost;
    uint64_t expected; /* pair_seq, one sender and lane are enough here */
    uint64_t deliveries, duplicates, ahead, alarms, offlines, onlines, proofs, busy;
    enum rh_client_alarm last_alarm;
    uint32_t last_refusal, last_offline;
    uint64_t checkpoint_size;
    struct party *peer;
    bool acks, pinned, follow, trust, no_cards, conflict;
};

/* Seeded by the test before the first party. */
extern struct rht_random party_random;

void party_init(struct party *party, const char *id);
void party_fini(struct party *party);
/* To the hub of this card; what was numbered so far is offered. */
void party_connect_to(struct party *party, const struct rh_card *card);
/* A forward with a random body, numbered and offered; its n. */
uint64_t party_send(struct party *party, const char *to, size_t body_bytes);
void party_fresh_id(uint8_t out[RH_ID_BYTES]);

#endif
