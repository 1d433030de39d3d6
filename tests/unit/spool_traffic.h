/* What goes through a spool in tests: own messages, the hub's confirms of them, deliveries. */
#ifndef RHT_SPOOL_TRAFFIC_H
#define RHT_SPOOL_TRAFFIC_H

#include "spool_kit.h"

enum { SENDERS = 3 };
extern const char *const spool_senders[SENDERS];

/* Number a message of that kind and id; *sent says under which. An ack is of the first sender's
 * `pair_seq`. */
enum rh_err send_one(struct agent_spool *spool, enum rh_kind kind, uint64_t id,
                     size_t body_bytes, uint64_t file_no, uint64_t pair_seq,
                     struct agent_sent *sent);

/* A delivery with pair_seq `seq` from that sender, whose id tells `message`. */
void fill_got(struct agent_got *got, uint32_t generation, unsigned sender, uint64_t seq,
              uint64_t message);

/* A confirm for `count` numbers from first_n; `memory` keeps the cores. */
void make_confirm(struct agent_spool *spool, uint32_t generation, uint64_t first_n,
                  uint32_t count, uint32_t outcome, struct rh_frame_confirm *confirm,
                  struct rh_receipt *receipts, uint8_t (*memory)[RH_CORE_BYTES_MAX]);

/* The same, made and given to the spool. */
enum rh_err confirm_some(struct agent_spool *spool, uint32_t generation, uint64_t first_n,
                         uint32_t count, uint32_t outcome);

#endif
