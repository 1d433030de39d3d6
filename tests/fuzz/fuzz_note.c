/* Signed notes, checkpoints and batch checkpoints.
 *
 * An accepted note written again from its parts is the same bytes, and so is an accepted
 * checkpoint text and an accepted batch checkpoint: nothing was understood loosely. Any
 * accepted note can be asked for any key. */
#include <stdlib.h>
#include <string.h>

#include <rh/note.h>
#include <rh/proof.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static size_t put(uint8_t *out, size_t at, const void *data, size_t bytes)
{
    memcpy(out + at, data, bytes);
    return at + bytes;
}

static void expect_same_note(const struct rh_note *note, const uint8_t *data, size_t bytes)
{
    uint8_t *out = malloc(bytes);
    rh_assert(out != NULL);

    size_t at = put(out, 0, note->text.data, note->text.bytes);
    at = put(out, at, "\n", 1);
    for (uint32_t i = 0; i < note->count; i++) {
        const struct rh_note_signature *signature = &note->signatures[i];

        rh_assert(at + signature->name.bytes + signature->encoded.bytes + 6 <= bytes);
        at = put(out, at, "\xe2\x80\x94 ", 4);
        at = put(out, at, signature->name.data, signature->name.bytes);
        at = put(out, at, " ", 1);
        at = put(out, at, signature->encoded.data, signature->encoded.bytes);
        at = put(out, at, "\n", 1);
    }
    rh_assert(at == bytes && memcmp(out, data, bytes) == 0);
    free(out);
}

static void expect_same_text(struct rh_bytes text)
{
    struct rh_checkpoint checkpoint;
    char again[RH_CHECKPOINT_TEXT_BYTES_MAX];
    size_t bytes = 0;

    if (rh_checkpoint_parse(text, &checkpoint) != RH_OK)
        return;
    rh_assert(rh_checkpoint_format(&checkpoint, again, sizeof again, &bytes) == RH_OK);
    rh_assert(bytes == text.bytes && memcmp(again, text.data, bytes) == 0);
}

static void expect_same_batch(struct rh_bytes input)
{
    uint8_t again[RH_BATCH_BYTES_MAX];
    struct rh_batch batch;
    struct rh_writer writer;

    if (rh_batch_decode(input, &batch) != RH_OK)
        return;
    rh_writer_init(&writer, again, sizeof again);
    rh_assert(rh_batch_encode(&batch, &writer) == RH_OK);
    rh_assert(writer.bytes == input.bytes && memcmp(again, input.data, input.bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const struct rh_sign_public key = { { 1, 2, 3 } };
    struct rh_bytes input = { data, bytes };
    struct rh_note note;

    if (rh_note_parse(input, &note) == RH_OK) {
        expect_same_note(&note, data, bytes);
        expect_same_text(note.text);
        enum rh_err err = rh_note_verify(&note, "hub.620423", &key);
        rh_assert(err == RH_ERR_NOTFOUND || err == RH_ERR_CRYPTO || err == RH_OK);
    }
    expect_same_text(input);
    expect_same_batch(input);
    return 0;
}
