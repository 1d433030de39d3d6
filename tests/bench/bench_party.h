/* An agency of a measurement: keys, enrolment, a stream of items in a ring of memory instead of
 * a spool, librhub. What it sends and what it does with what comes is the measurement's. */
#ifndef BENCH_PARTY_H
#define BENCH_PARTY_H

#include <rhub.h>

enum {
    BENCH_RING = 4096,       /* items kept; fewer may be without a receipt */
    BENCH_ITEM_BYTES = 2048,
    BENCH_OWED_MAX = 32,     /* senders and lanes with deliveries to acknowledge */
    BENCH_ACK_EVERY = 32
};

struct bench_party {
    struct rh_agency_id id;
    struct rh_agency_keys keys;
    struct rh_epoch epoch;
    struct rh_client *client;
    rh_client_event_fn *event; /* with the party as context */
    uint64_t last_n, confirmed_n, lease;
    uint64_t refused;          /* of the confirmed */
    uint32_t refusal;          /* the last of them, number of the catalogue */
    uint64_t receipt_size;
    struct rh_hash receipt_root;
    struct rh_signature receipt_signature;
    uint32_t owed_count;
    struct rh_public owed[BENCH_OWED_MAX];
    uint32_t since_ack[BENCH_OWED_MAX];
    uint16_t bytes[BENCH_RING];
    uint64_t sent_ns[BENCH_RING];
    uint8_t items[BENCH_RING][BENCH_ITEM_BYTES];
};

/* Prints and ends the program, as every failure here does. */
void bench_fail(const char *what, enum rh_err err);
uint64_t bench_now_ns(void);
void bench_nap(double seconds);

/* Ask a local socket one thing. The last row it answers goes to `out` when that is not NULL. */
void bench_ask(const char *socket, const char *line, char *out, size_t capacity);

/* Tell the hub of an agency whose card stands in `path`. */
void bench_enrol(const char *socket, const char *id, const char *path, const char *role,
                 const char *area);

/* Make keys and card in `dir` and enrol them. `party` is caller's and zeroed. */
void bench_party_make(struct bench_party *party, const char *dir, const char *socket,
                      const char *id, const char *role, const char *area);
void bench_party_open(struct bench_party *party, const struct rh_card *hub,
                      struct rh_cards *cards);
/* Wait for something, at most so long, and do it. */
void bench_party_turn(struct bench_party *party, int wait_ms_max);

void bench_fresh_id(uint8_t out[RH_ID_BYTES]);
void bench_put_item(struct bench_party *party, const struct rh_public *part,
                    const uint8_t *body, size_t body_bytes);

/* Acknowledgements are cumulative: one for what a turn brought, at the latest every 32. */
void bench_owe_ack(struct bench_party *party, const struct rh_delivery *delivery);
void bench_put_owed_acks(struct bench_party *party);

/* Take what a CONFIRM says. `each` may be NULL; of every new receipt. */
void bench_take_confirm(struct bench_party *party, const struct rh_client_event *event,
                        void (*each)(struct bench_party *party,
                                     const struct rh_receipt *receipt));

#endif
