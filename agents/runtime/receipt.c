#include "runtime/receipt.h"

#include <stdlib.h>
#include <string.h>

#include <rh/refusal.h>

#include "runtime/message.h"
#include "runtime/words.h"

/* ---- one path out of a range proof ------------------------------------------------------ */

/* The tree is walked as receipt.md's range verifier walks it, hashes of the proof taken from
 * left to right; on the way back up, the other side of every node that holds the wanted leaf
 * is a hash of its path. */
struct walk {
    const struct rh_frame_confirm *confirm;
    uint64_t wanted; /* index of the leaf */
    uint32_t used;   /* hashes of the proof */
    size_t count;    /* hashes of the path */
    struct rh_hash *path;
};

static uint64_t split_of(uint64_t leaves)
{
    uint64_t k = 1;
    while (k * 2 < leaves)
        k *= 2;
    return k;
}

static void node(struct walk *walk, uint64_t from, uint64_t to, struct rh_hash *out)
{
    const struct rh_frame_confirm *confirm = walk->confirm;
    uint64_t first = confirm->first_index, last = first + confirm->record_count;
    if (to <= first || from >= last) {
        rh_assert(walk->used < confirm->proof_count);
        *out = confirm->proof[walk->used++];
        return;
    }
    if (to - from == 1) {
        const struct rh_confirmed *record = &confirm->records[from - first];
        rh_leaf_hash(record->core, &record->rest_hash, out);
        return;
    }
    uint64_t middle = from + split_of(to - from);
    struct rh_hash left, right;
    node(walk, from, middle, &left);
    node(walk, middle, to, &right);
    if (walk->wanted >= from && walk->wanted < to && walk->count < RH_PROOF_PATH_MAX)
        walk->path[walk->count++] = walk->wanted < middle ? right : left;
    rh_hash_node(&left, &right, out);
}

size_t agent_receipt_path(const struct rh_frame_confirm *confirm, uint32_t i,
                          struct rh_hash out[RH_PROOF_PATH_MAX])
{
    struct walk walk = { .confirm = confirm, .wanted = confirm->first_index + i, .path = out };
    struct rh_hash root;
    node(&walk, 0, confirm->size, &root);
    return walk.count;
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void set_base64(json_t *object, const char *key, const void *data, size_t bytes)
{
    char *text = agent_base64((struct rh_bytes){ data, bytes });
    json_object_set_new(object, key, json_string(text));
    free(text);
}

static enum rh_err add_proof(json_t *out, const struct agent_receipt *receipt, uint64_t n)
{
    struct rh_frame_confirm *confirm = malloc(sizeof *confirm);
    struct rh_hash path[RH_PROOF_PATH_MAX];
    rh_assert(confirm != NULL);
    enum rh_err err = rh_frame_confirm_decode(receipt->confirm, confirm);
    if (err == RH_OK && (n < confirm->first_n || n >= confirm->first_n + confirm->record_count))
        err = RH_ERR_CORRUPT;
    if (err == RH_OK) {
        size_t count = agent_receipt_path(confirm, (uint32_t)(n - confirm->first_n), path);
        json_t *proof = json_array(), *checkpoint = json_object();
        for (size_t i = 0; i < count; i++) {
            char *text = agent_base64((struct rh_bytes){ path[i].bytes, RH_HASH_BYTES });
            json_array_append_new(proof, json_string(text));
            free(text);
        }
        set_base64(out, "core", receipt->core.data, receipt->core.bytes);
        set_base64(out, "rest_hash", receipt->rest_hash.bytes, RH_HASH_BYTES);
        json_object_set_new(out, "proof", proof);
        agent_json_number(checkpoint, "size", confirm->size);
        set_base64(checkpoint, "root", confirm->root.bytes, RH_HASH_BYTES);
        set_base64(checkpoint, "signature", confirm->signature.bytes, RH_SIGNATURE_BYTES);
        json_object_set_new(out, "checkpoint", checkpoint);
    }
    free(confirm);
    return err == RH_OK ? RH_OK : RH_ERR_CORRUPT;
}

/* The date is of the matter, whose procedure the item itself seldom names. */
static void add_due(json_t *out, struct agent_spool *spool, const struct agent_sent *sent)
{
    struct agent_case known;
    bool found = agent_spool_case(spool, &sent->referral_id, &known) == RH_OK;
    agent_json_due(out, found ? known.procedure : "", sent->due_limit, sent->due_basis);
}

static json_t *begin_row(struct agent_spool *spool, const struct agent_sent *sent)
{
    static const char *const results[] = { "", "waiting", "stored", "refused" };
    json_t *out = agent_json_row("receipt");
    agent_json_id(out, "id", sent->message_id.bytes);
    agent_json_id(out, "referral", sent->referral_id.bytes);
    agent_json_text(out, "kind", rh_kind_name(sent->kind));
    agent_json_text(out, "to", sent->to.text);
    json_object_set_new(out, "result", json_string(results[sent->state]));
    agent_json_number(out, "n", sent->n);
    if (sent->state == AGENT_REFUSED) {
        char code[RH_REFUSAL_TEXT_BYTES];
        rh_refusal_format(sent->refusal, code);
        agent_json_text(out, "refusal", code);
    }
    if (sent->settled_ms == 0)
        return out;
    agent_json_number(out, "log_index", sent->index);
    agent_json_instant(out, "stored_at", sent->stored_ms);
    agent_json_text(out, "holder", sent->holder.text);
    agent_json_instant(out, "due_at", sent->due_ms);
    add_due(out, spool, sent);
    return out;
}

enum rh_err agent_receipt_json(struct agent_spool *spool, uint64_t n, bool proof, json_t **out)
{
    struct agent_sent sent;
    struct agent_receipt receipt;
    struct rh_receipt core;
    enum rh_err err = agent_spool_sent(spool, n, &sent);
    if (err != RH_OK)
        return err;
    json_t *row = begin_row(spool, &sent);
    err = agent_spool_receipt(spool, n, &receipt);
    if (err == RH_OK && rh_receipt_decode(receipt.core, &core) == RH_OK)
        agent_json_text(row, "hub", core.hub.text);
    if (err == RH_OK && proof)
        err = add_proof(row, &receipt, n);
    if (err == RH_ERR_NOTFOUND)
        err = RH_OK; /* no receipt yet */
    if (err != RH_OK) {
        json_decref(row);
        return err;
    }
    *out = row;
    return RH_OK;
}
