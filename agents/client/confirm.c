/* What the hub says it has stored, checked before anybody hears of it. Source:
 * protocol/spec/receipt.md, "What the holder of a confirm checks"; its steps are numbered
 * below. A receipt that fails is an alarm and the end of the session: there is no harmless
 * explanation. */
#include "client/inside.h"

#include <string.h>

enum rh_err rh_confirm_check(const struct rh_frame_confirm *confirm,
                             const struct rh_hub_id *hub, const struct rh_sign_public *key,
                             const struct rh_agency_id *agency, const struct rh_epoch *epoch,
                             struct rh_receipt *receipts)
{
    return rh_confirm_verify(confirm, hub, key, agency, epoch, receipts); /* 1, 2, 4 */
}

/* 3, and the message id besides: every record is about what we sent under that number. */
static bool digests_fit(struct rh_client *client)
{
    for (uint32_t i = 0; i < client->confirm->record_count; i++) {
        const struct rh_receipt *receipt = &client->receipts[i];
        struct client_sent sent;
        if (client_stream_sent(client, receipt->n, &sent) != RH_OK)
            continue; /* older than what the spool keeps; nothing to compare with */
        if (!rh_hash_equal(&sent.digest, &receipt->digest))
            return false;
        bool named = !rh_id_is_zero(receipt->message_id.bytes);
        if ((named || receipt->outcome == 0) &&
            memcmp(sent.message_id.bytes, receipt->message_id.bytes, RH_ID_BYTES) != 0)
            return false;
    }
    return true;
}

void client_take_confirm(struct rh_client *client, struct rh_bytes frame)
{
    struct rh_frame_confirm *confirm = client->confirm;
    if (client->state != CLIENT_UP)
        return;
    enum rh_err err = rh_frame_confirm_decode(frame, confirm);
    if (err == RH_OK)
        err = rh_confirm_check(confirm, &client->hub, &client->hub_sign,
                               &client->options.agency, &client->options.epoch,
                               client->receipts);
    if (err == RH_OK && !digests_fit(client))
        err = RH_ERR_CRYPTO;
    if (err != RH_OK) {
        client_stop(client, RH_ALARM_RECEIPT, RH_REFUSE_SIGNATURE_BAD,
                    "a receipt of the hub fails its check", confirm->first_n);
        return;
    }
    client_vouched(client);
    if (client->state != CLIENT_UP ||
        !client_check_batch(client, confirm->size, &confirm->root)) /* 5 */
        return;

    struct rh_client_event event = { .type = RH_CLIENT_CONFIRMED, .frame = frame,
                                     .confirm = confirm, .receipts = client->receipts,
                                     .first_n = confirm->first_n };
    client_emit(client, &event);
    if (client->state == CLIENT_UP)
        client_stream_confirmed(client, confirm->first_n,
                                confirm->first_n + confirm->record_count);
}

void client_take_proof(struct rh_client *client, struct rh_bytes frame)
{
    struct rh_frame_proof *proof = client->proof;
    struct rh_checkpoint checkpoint;
    struct rh_receipt core;
    struct rh_hash leaf;
    if (client->state != CLIENT_UP)
        return;
    enum rh_err err = rh_frame_proof_decode(frame, proof);
    if (err == RH_OK)
        err = rh_checkpoint_verify(proof->note, &client->hub, &client->hub_sign, &checkpoint);
    if (err == RH_OK)
        err = rh_receipt_decode(proof->core, &core);
    if (err == RH_OK &&
        (core.index != proof->index || !rh_hub_id_precedes(&core.hub, &client->hub)))
        err = RH_ERR_INVALID;
    if (err == RH_OK) {
        rh_leaf_hash(proof->core, &proof->rest_hash, &leaf);
        err = rh_proof_inclusion_verify(&leaf, proof->index, checkpoint.size, proof->proof,
                                        proof->proof_count, &checkpoint.root);
    }
    if (err != RH_OK) {
        client_stop(client, RH_ALARM_RECEIPT, RH_REFUSE_SIGNATURE_BAD,
                    "a proof of the hub fails its check", 0);
        return;
    }
    struct rh_client_event event = { .type = RH_CLIENT_PROOF, .proof = proof, .frame = frame,
                                     .checkpoint = &checkpoint };
    client_emit(client, &event);
}
