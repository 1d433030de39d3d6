/* rhub-audit receipt: does a receipt hold, with the hub switched off? Nothing but the file and
 * the hub's card is needed; with a published checkpoint it also shows whether the batch lies
 * on the log everybody else sees. */
#include "audit/describe.h"
#include "audit/receipt_file.h"
#include "audit/verbs.h"

#include <stdlib.h>
#include <string.h>

/* Steps in order; the first that fails ends it. */
struct judgement {
    const char *fault;  /* a sentence of ours, to be translated; NULL while it holds */
    uint64_t size;      /* of the tree it was proven in */
    bool published;     /* a published checkpoint covers it */
    uint64_t published_size;
};

static void judge_core(const struct hub_receipt_file *file, const struct rh_card *card,
                       struct judgement *judgement)
{
    struct rh_hub_id first, owner;
    rh_hub_id_with_generation(&file->core.hub, 1, &first);
    if (rh_hub_id_parse(card->owner, strlen(card->owner), &owner) != RH_OK)
        judgement->fault = N_("the card is not that of a hub");
    else
        rh_hub_id_with_generation(&owner, 1, &owner);
    if (judgement->fault == NULL && strcmp(first.text, owner.text) != 0)
        judgement->fault = N_("the receipt is of another hub than the card");
}

/* The record against the root that the batch or, without one, the note vouches for. */
static enum rh_err prove(const struct hub_receipt_file *file, uint64_t size,
                         const struct rh_hash *root)
{
    struct rh_hash leaf;
    const struct rh_bytes core = { file->core_bytes, file->core_size };
    rh_leaf_hash(core, &file->rest_hash, &leaf);
    if (file->proof_form == HUB_RECEIPT_INCLUSION)
        return rh_proof_inclusion_verify(&leaf, file->core.index, size, file->proof,
                                         file->proof_count, root);
    uint64_t at = file->core.index - file->first_index;
    if (file->leaf_count == 0 || file->core.index < file->first_index ||
        at >= file->leaf_count || !rh_hash_equal(&file->leaves[at], &leaf))
        return RH_ERR_INVALID;
    return rh_proof_range_verify(file->first_index, file->leaves, file->leaf_count, size,
                                 file->proof, file->proof_count, root);
}

static void judge_batch(const struct hub_receipt_file *file, const struct rh_sign_public *key,
                        struct judgement *judgement)
{
    if (rh_batch_verify(&file->batch, key) != RH_OK)
        judgement->fault = N_("the hub's signature on the batch checkpoint fails");
    else if (prove(file, file->batch.size, &file->batch.root) != RH_OK)
        judgement->fault = N_("the proof does not lead from the receipt to the signed root");
    judgement->size = file->batch.size;
}

/* From the batch to a published note: equal size and root, or a consistency proof. */
static void judge_note(const struct hub_receipt_file *file, struct rh_bytes note,
                       const struct rh_sign_public *key, struct judgement *judgement)
{
    struct rh_checkpoint checkpoint;
    if (rh_checkpoint_verify(note, &file->core.hub, key, &checkpoint) != RH_OK) {
        judgement->fault = N_("the checkpoint is not this hub's, or its signature fails");
        return;
    }
    if (!file->batched) {
        if (prove(file, checkpoint.size, &checkpoint.root) != RH_OK)
            judgement->fault = N_("the proof does not lead from the receipt to the checkpoint");
        judgement->size = checkpoint.size;
    } else if (checkpoint.size == file->batch.size) {
        if (!rh_hash_equal(&checkpoint.root, &file->batch.root))
            judgement->fault =
                N_("the hub signed two roots for one size: keep both, this is evidence");
    } else if (checkpoint.size > file->batch.size && file->consistent) {
        if (rh_proof_consistency_verify(file->batch.size, &file->batch.root, checkpoint.size,
                                        &checkpoint.root, file->consistency,
                                        file->consistency_count) != RH_OK)
            judgement->fault = N_("the checkpoint does not continue the batch");
    } else {
        return; /* nothing in the file links the two */
    }
    judgement->published = judgement->fault == NULL;
    judgement->published_size = checkpoint.size;
}

static void judge(const struct hub_receipt_file *file, const struct rh_card *card,
                         const char *given_note, size_t given_bytes,
                         struct judgement *judgement)
{
    struct rh_sign_public key;
    memset(judgement, 0, sizeof *judgement);
    memcpy(key.bytes, card->keys[RH_KEY_SIGN], sizeof key.bytes);
    judge_core(file, card, judgement);
    if (judgement->fault == NULL && file->batched)
        judge_batch(file, &key, judgement);
    if (judgement->fault == NULL && !file->batched && file->note_bytes == 0 &&
        given_note == NULL)
        judgement->fault = N_("it has neither a batch checkpoint nor a published one");
    if (judgement->fault == NULL && file->note_bytes > 0)
        judge_note(file, (struct rh_bytes){ (const uint8_t *)file->note, file->note_bytes },
                   &key, judgement);
    bool other = given_note != NULL && (given_bytes != file->note_bytes ||
                                        memcmp(given_note, file->note, given_bytes) != 0);
    if (judgement->fault == NULL && other)
        judge_note(file, (struct rh_bytes){ (const uint8_t *)given_note, given_bytes }, &key,
                   judgement);
}

static int report(const struct hub_receipt_file *file, const struct judgement *judgement,
                  const struct rh_card *card, const struct hub_verb_options *options)
{
    char fingerprint[RH_FINGERPRINT_BYTES];
    rh_card_fingerprint(card, fingerprint);
    json_t *object = json_object();
    json_t *core = hub_describe_core(&file->core);
    hub_json_text(object, "object", "receipt_check");
    hub_json_count(object, "v", 1);
    hub_json_flag(object, "ok", judgement->fault == NULL);
    hub_json_text(object, "fault", judgement->fault);
    hub_json_text(object, "hub_key_fingerprint", fingerprint);
    hub_json_count(object, "proven_in_size", judgement->size);
    hub_json_flag(object, "published", judgement->published);
    if (judgement->published)
        hub_json_count(object, "published_size", judgement->published_size);
    json_object_set_new(object, "receipt", core);
    bool written = true;
    if (options->json) {
        written = hub_json_write(options->out, object);
    } else {
        const char *key;
        json_t *value;
        json_object_foreach(core, key, value)
        {
            char *text = json_dumps(value, JSON_ENCODE_ANY);
            hub_screen_line(options->out, key, -1, "%s", text != NULL ? text : "");
            free(text);
        }
        hub_screen_line(options->out, _("Hub key"), -1, "%s", fingerprint);
        if (judgement->fault != NULL)
            fprintf(options->out, _("Conclusion: does NOT hold: %s\n"),
                    rh_text(judgement->fault));
        else if (judgement->published)
            fprintf(options->out,
                    _("Conclusion: holds, and the published checkpoint of size %llu covers "
                      "it\n"),
                    (unsigned long long)judgement->published_size);
        else
            fprintf(options->out, _("Conclusion: holds by the hub's signature; no published "
                                    "checkpoint was linked to it\n"));
    }
    json_decref(object);
    if (!written)
        return RH_EXIT_IO;
    return judgement->fault == NULL ? RH_EXIT_OK : RH_EXIT_NO;
}

static enum rh_err load(const struct hub_verb_options *options, struct hub_receipt_file *file,
                        struct rh_card *card, char **note, size_t *note_bytes, char *problem,
                        size_t problem_bytes)
{
    char detail[300];
    char *text = NULL;
    size_t bytes;
    const struct hub_copy_options *copy = &options->pass.copy;
    enum rh_err err =
        hub_copy_read_file(options->argument, HUB_RECEIPT_FILE_BYTES_MAX, &text, &bytes);
    if (err == RH_OK) {
        err = hub_receipt_file_read(text, bytes, file, detail, sizeof detail);
        if (err != RH_OK)
            snprintf(problem, problem_bytes, "%s: %s", options->argument, detail);
    } else {
        snprintf(problem, problem_bytes, "%s: %s", options->argument, rh_err_text(err));
    }
    free(text);
    if (err != RH_OK)
        return err;
    err = rh_card_load(copy->hub_card, card);
    if (err == RH_OK && !card->present[RH_KEY_SIGN])
        err = RH_ERR_INVALID;
    if (err != RH_OK) {
        snprintf(problem, problem_bytes, "%s: no hub's card: %s", copy->hub_card,
                 rh_err_text(err));
        return err;
    }
    if (copy->checkpoint_count > 0) {
        err = hub_copy_read_file(copy->checkpoints[0], RH_NOTE_BYTES_MAX, note, note_bytes);
        if (err != RH_OK)
            snprintf(problem, problem_bytes, "%s: %s", copy->checkpoints[0], rh_err_text(err));
    }
    return err;
}

int hub_verb_receipt(const struct hub_verb_options *options)
{
    static struct hub_receipt_file file; /* large */
    struct rh_card card;
    struct judgement judgement;
    char problem[512];
    char *note = NULL;
    size_t note_bytes = 0;
    enum rh_err err =
        load(options, &file, &card, &note, &note_bytes, problem, sizeof problem);
    if (err != RH_OK) {
        free(note);
        return hub_verb_fail(options, err, problem);
    }
    judge(&file, &card, note, note_bytes, &judgement);
    free(note);
    return report(&file, &judgement, &card, options);
}
