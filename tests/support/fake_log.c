#include "support/fake_hub_inside.h"

#include <stdlib.h>
#include <string.h>

#include "support/merkle_twin.h"

struct fake_record *rht_hub_append(struct rht_hub *hub, const struct rh_receipt *receipt)
{
    rh_assert(hub->size < RECORDS_MAX);
    struct fake_record *record = &hub->records[hub->size];
    struct rh_writer writer;
    memset(record, 0, sizeof *record);
    record->receipt = *receipt;
    record->receipt.hub = hub->id;
    record->receipt.index = hub->size;
    record->receipt.stored_ms = hub->ms;
    record->type = receipt->type;
    rh_writer_init(&writer, record->core, sizeof record->core);
    rh_assert(rh_receipt_encode(&record->receipt, &writer) == RH_OK);
    record->core_bytes = writer.bytes;
    rh_random(record->rest_hash.bytes, sizeof record->rest_hash.bytes);
    rh_leaf_hash((struct rh_bytes){ record->core, record->core_bytes }, &record->rest_hash,
                 &hub->leaves[hub->size]);
    hub->size++;
    return record;
}

void rht_hub_root(const struct rht_hub *hub, uint64_t size, struct rh_hash *out)
{
    rht_merkle_root(hub->leaves, (size_t)size, out);
}

void rht_hub_build_confirm(struct rht_hub *hub, uint64_t first_index, uint32_t count,
                           struct rh_frame_confirm *out)
{
    struct rh_batch batch = { .hub = hub->id, .size = hub->size };
    rht_hub_root(hub, hub->size, &batch.root);
    rh_batch_sign(&batch, &hub->sign_secret);
    out->first_n = hub->records[first_index].receipt.n;
    out->size = hub->size;
    out->root = batch.root;
    out->signature = batch.signature;
    out->first_index = first_index;
    out->proof_count =
        (uint32_t)rht_merkle_range((long)first_index, (long)(first_index + count), hub->leaves,
                                   (long)hub->size, out->proof);
    out->record_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct fake_record *record = &hub->records[first_index + i];
        out->records[i].core = (struct rh_bytes){ record->core, record->core_bytes };
        out->records[i].rest_hash = record->rest_hash;
    }
}

/* A record that is truly in the log but says something else, and the confirm about it. */
static void lie_in_core(struct rht_hub *hub, enum rht_spoil spoil,
                        struct rh_frame_confirm *confirm)
{
    struct rh_receipt receipt = hub->records[confirm->first_index].receipt;
    if (spoil == RHT_SPOIL_DIGEST)
        receipt.digest.bytes[0] ^= 1;
    else if (spoil == RHT_SPOIL_MESSAGE_ID)
        receipt.message_id.bytes[15] ^= 1;
    else
        receipt.epoch.bytes[0] ^= 1;
    rht_hub_append(hub, &receipt);
    rht_hub_build_confirm(hub, hub->size - 1, 1, confirm);
}

void rht_hub_spoil(struct rht_hub *hub, struct rh_frame_confirm *confirm)
{
    enum rht_spoil spoil = hub->knobs.spoil;
    hub->knobs.spoil = RHT_SPOIL_NONE;
    switch (spoil) {
    case RHT_SPOIL_NONE:
        break;
    case RHT_SPOIL_SIGNATURE:
        confirm->signature.bytes[5] ^= 1;
        break;
    case RHT_SPOIL_ROOT: {
        struct rh_batch batch = { .hub = hub->id, .size = hub->size, .root = confirm->root };
        batch.root.bytes[0] ^= 1;
        rh_batch_sign(&batch, &hub->sign_secret);
        confirm->root = batch.root;
        confirm->signature = batch.signature;
        break;
    }
    case RHT_SPOIL_PROOF:
        rh_assert(confirm->proof_count > 0);
        confirm->proof[0].bytes[31] ^= 1;
        break;
    case RHT_SPOIL_INDEX:
        confirm->first_index--;
        break;
    case RHT_SPOIL_DIGEST:
    case RHT_SPOIL_MESSAGE_ID:
    case RHT_SPOIL_EPOCH:
        lie_in_core(hub, spoil, confirm);
        break;
    }
}

void rht_hub_make_note(struct rht_hub *hub)
{
    struct rh_checkpoint checkpoint = { .origin = hub->id, .size = hub->size };
    rht_hub_root(hub, hub->size, &checkpoint.root);
    size_t text = 0;
    rh_assert(rh_checkpoint_format(&checkpoint, hub->note, sizeof hub->note, &text) == RH_OK);
    hub->note_bytes = text;
    rh_assert(rh_note_sign(hub->note, sizeof hub->note, &hub->note_bytes, text, hub->id.text,
                           &hub->sign_secret) == RH_OK);
    hub->published = hub->size;
}

uint64_t rht_hub_record_of(const struct rht_hub *hub, const struct fake_agency *agency,
                           uint64_t n)
{
    for (uint64_t i = 0; i < hub->size; i++) {
        const struct rh_receipt *receipt = &hub->records[i].receipt;
        if (hub->records[i].type == RH_RECORD_ITEM && receipt->n == n &&
            strcmp(receipt->agency.text, agency->id.text) == 0)
            return i;
    }
    return UINT64_MAX;
}
