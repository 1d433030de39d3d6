#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "spool_traffic.h"

const char *const spool_senders[SENDERS] = { "court.620423", "police.620423", "hub.620423" };

enum rh_err send_one(struct agent_spool *spool, enum rh_kind kind, uint64_t id,
                     size_t body_bytes, uint64_t file_no, uint64_t pair_seq,
                     struct agent_sent *sent)
{
    static uint8_t body[RH_ITEM_BYTES_MAX], part[RH_PUBLIC_BYTES_MAX];
    struct rh_public value;
    struct rh_item item;
    struct rh_writer writer;
    memset(&value, 0, sizeof value);
    memset(&item, 0, sizeof item);
    memset(sent, 0, sizeof *sent);
    id_of(1, id, value.message_id.bytes);
    value.kind = kind;
    value.pair_seq = pair_seq;
    if (kind == RH_KIND_ACK)
        snprintf(value.from.text, sizeof value.from.text, "%s", spool_senders[0]);
    else
        id_of(2, id, value.referral_id.bytes);
    rh_writer_init(&writer, part, sizeof part);
    rh_assert(rh_public_encode(&value, &writer) == RH_OK);
    item.public_part = (struct rh_bytes){ part, writer.bytes };
    item.body = (struct rh_bytes){ body, body_bytes };
    rh_item_commit(item.salt, item.private_part, item.body, &item.commitment);
    sent->kind = kind;
    sent->generation = 1;
    sent->message_id = value.message_id;
    sent->referral_id = value.referral_id;
    sent->file_no = file_no;
    return agent_spool_send(spool, &item, sent);
}

void fill_got(struct agent_got *got, uint32_t generation, unsigned sender, uint64_t seq,
              uint64_t message)
{
    memset(got, 0, sizeof *got);
    got->form = RH_DELIVERY_ITEM;
    got->kind = RH_KIND_FORWARD;
    got->generation = generation;
    got->pair_seq = seq;
    got->index = seq;
    snprintf(got->sender.text, sizeof got->sender.text, "%s", spool_senders[sender]);
    id_of(10 + sender, message, got->message_id.bytes);
    rh_hash(got->message_id.bytes, RH_ID_BYTES, &got->digest);
}

/* A confirm for `count` numbers from first_n; `memory` keeps the cores. */
void make_confirm(struct agent_spool *spool, uint32_t generation, uint64_t first_n,
                  uint32_t count, uint32_t outcome, struct rh_frame_confirm *confirm,
                  struct rh_receipt *receipts, uint8_t (*memory)[RH_CORE_BYTES_MAX])
{
    memset(confirm, 0, sizeof *confirm);
    confirm->first_n = first_n;
    confirm->first_index = first_n * 2;
    confirm->size = first_n * 2 + count;
    confirm->record_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct agent_sent sent;
        struct rh_writer writer;
        rh_assert(agent_spool_sent(spool, first_n + i, &sent) == RH_OK);
        receipts[i] = (struct rh_receipt){ .type = RH_RECORD_ITEM, .n = first_n + i,
                                           .index = first_n * 2 + i, .stored_ms = 1000,
                                           .epoch = *agent_spool_epoch(spool),
                                           .message_id = sent.message_id,
                                           .outcome = outcome };
        snprintf(receipts[i].hub.text, sizeof receipts[i].hub.text,
                 generation == 1 ? "hub.620423" : "hub.620423/%u", (unsigned)generation);
        snprintf(receipts[i].agency.text, sizeof receipts[i].agency.text, "petitions.620423");
        memset(receipts[i].digest.bytes, 7, sizeof receipts[i].digest.bytes);
        rh_writer_init(&writer, memory[i], RH_CORE_BYTES_MAX);
        rh_assert(rh_receipt_encode(&receipts[i], &writer) == RH_OK);
        confirm->records[i].core = (struct rh_bytes){ memory[i], writer.bytes };
    }
}

enum rh_err confirm_some(struct agent_spool *spool, uint32_t generation, uint64_t first_n,
                         uint32_t count, uint32_t outcome)
{
    static struct rh_frame_confirm confirm;
    static struct rh_receipt receipts[RH_CONFIRM_RECORDS_MAX];
    static uint8_t memory[RH_CONFIRM_RECORDS_MAX][RH_CORE_BYTES_MAX];
    static const uint8_t frame[] = "confirm";
    make_confirm(spool, generation, first_n, count, outcome, &confirm, receipts, memory);
    return agent_spool_confirmed(spool, generation, &confirm, receipts,
                                 (struct rh_bytes){ frame, sizeof frame }, 5000);
}
