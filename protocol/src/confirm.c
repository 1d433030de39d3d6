/* What a CONFIRM proves, checked by whoever is shown one: its holder, and after a recovery the
 * hub that lost the records, and auditors. Source: protocol/spec/receipt.md, "What the holder
 * of a confirm checks", whose steps are numbered below, and wire.md, section 11. */
#include <rh/wire.h>

#include <string.h>

/* A core keeps the name of the generation it was written in, for ever: what was recorded before
 * a recovery and is asked for after it names an earlier one. */
bool rh_hub_id_precedes(const struct rh_hub_id *named, const struct rh_hub_id *hub)
{
    struct rh_hub_id same_generation;
    rh_hub_id_with_generation(hub, rh_hub_id_generation(named), &same_generation);
    return strcmp(named->text, same_generation.text) == 0 &&
           rh_hub_id_generation(named) <= rh_hub_id_generation(hub);
}

static bool core_fits(const struct rh_receipt *receipt, const struct rh_frame_confirm *confirm,
                      uint32_t i, const struct rh_hub_id *hub,
                      const struct rh_agency_id *agency, const struct rh_epoch *epoch)
{
    return rh_hub_id_precedes(&receipt->hub, hub) && receipt->type == RH_RECORD_ITEM &&
           receipt->index == confirm->first_index + i && receipt->n == confirm->first_n + i &&
           strcmp(receipt->agency.text, agency->text) == 0 &&
           memcmp(receipt->epoch.bytes, epoch->bytes, sizeof epoch->bytes) == 0;
}

enum rh_err rh_confirm_verify(const struct rh_frame_confirm *confirm,
                              const struct rh_hub_id *hub, const struct rh_sign_public *key,
                              const struct rh_agency_id *agency, const struct rh_epoch *epoch,
                              struct rh_receipt *receipts)
{
    struct rh_hash leaves[RH_CONFIRM_RECORDS_MAX];
    struct rh_batch batch = { .hub = *hub, .size = confirm->size, .root = confirm->root,
                              .signature = confirm->signature };
    enum rh_err err = rh_batch_verify(&batch, key); /* 1 */
    if (err != RH_OK)
        return err;
    for (uint32_t i = 0; i < confirm->record_count; i++) { /* 2 */
        const struct rh_confirmed *record = &confirm->records[i];
        if (rh_receipt_decode(record->core, &receipts[i]) != RH_OK ||
            !core_fits(&receipts[i], confirm, i, hub, agency, epoch))
            return RH_ERR_INVALID;
        rh_leaf_hash(record->core, &record->rest_hash, &leaves[i]);
    }
    return rh_proof_range_verify(confirm->first_index, leaves, confirm->record_count, /* 4 */
                                 confirm->size, confirm->proof, confirm->proof_count,
                                 &confirm->root);
}

/* ---- lost receipts ---------------------------------------------------------------------- */

/* A confirm is the hub's own word, so who brings it can gain nothing by it but the instant that
 * the hub itself had given. Every item looks for its own digest among the records: the number
 * it had need not be the one it has now. */
static bool match(const struct rh_confirmed *record, const struct rh_receipt *receipt,
                  const struct rh_lost_check *check, struct rh_first *out)
{
    bool found = false;
    for (uint32_t i = 0; i < check->count; i++) {
        if (!rh_hash_equal(&check->digests[i], &receipt->digest))
            continue;
        found = true;
        if (out[i].stored_ms != 0 && out[i].stored_ms <= receipt->stored_ms)
            continue;
        out[i].stored_ms = receipt->stored_ms;
        out[i].index = receipt->index;
        out[i].generation = rh_hub_id_generation(&receipt->hub);
        rh_leaf_hash(record->core, &record->rest_hash, &out[i].leaf);
    }
    return found;
}

static enum rh_err take_one(const struct rh_lost *one, const struct rh_lost_check *check,
                            struct rh_first *out)
{
    struct rh_frame_confirm confirm;
    struct rh_receipt receipts[RH_CONFIRM_RECORDS_MAX];
    if (!rh_hub_id_precedes(&one->hub, &check->hub) ||
        rh_hub_id_generation(&one->hub) == rh_hub_id_generation(&check->hub) ||
        rh_frame_confirm_decode(one->confirm, &confirm) != RH_OK ||
        rh_confirm_verify(&confirm, &one->hub, &check->key, &check->sender, &check->epoch,
                          receipts) != RH_OK)
        return RH_ERR_CRYPTO;
    bool found = false;
    for (uint32_t i = 0; i < confirm.record_count; i++) {
        if (receipts[i].outcome == 0)
            found |= match(&confirm.records[i], &receipts[i], check, out);
    }
    return found ? RH_OK : RH_ERR_NOTFOUND;
}

enum rh_err rh_lost_verify(struct rh_bytes lost, const struct rh_lost_check *check,
                           struct rh_first *out)
{
    struct rh_reader reader;
    struct rh_lost one;
    enum rh_err err = RH_OK;
    memset(out, 0, check->count * sizeof out[0]);
    uint32_t entries = rh_lost_open(lost, &reader);
    if (entries == 0)
        return RH_ERR_INVALID;
    if (entries > check->count)
        return RH_ERR_NOTFOUND;
    for (uint32_t i = 0; i < entries && err == RH_OK; i++) {
        err = rh_lost_next(&reader, &one);
        if (err == RH_OK)
            err = take_one(&one, check, out);
    }
    return err == RH_OK ? rh_reader_finish(&reader) : err;
}
