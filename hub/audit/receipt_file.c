#include "audit/receipt_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int sextet(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

bool hub_base64_decode(const char *text, size_t text_bytes, uint8_t *out, size_t capacity,
                       size_t *bytes)
{
    *bytes = 0;
    if (text_bytes % 4 != 0)
        return false;
    for (size_t i = 0; i < text_bytes; i += 4) {
        bool last = i + 4 == text_bytes;
        size_t pads = last ? (size_t)(text[i + 3] == '=') +
                                 (size_t)(text[i + 3] == '=' && text[i + 2] == '=')
                           : 0;
        uint32_t word = 0;
        for (size_t j = 0; j < 4; j++) {
            int value = j >= 4 - pads ? 0 : sextet(text[i + j]);
            if (value < 0)
                return false;
            word = word << 6 | (uint32_t)value;
        }
        /* Bits behind the last byte must be zero: one text for each value. */
        if ((pads == 1 && (word & 0xFF) != 0) || (pads == 2 && (word & 0xFFFF) != 0) ||
            capacity - *bytes < 3 - pads)
            return false;
        for (size_t j = 0; j < 3 - pads; j++)
            out[(*bytes)++] = (uint8_t)(word >> (16 - 8 * j));
    }
    return true;
}

/* What is being read: sticky, the first offence is kept. */
struct reading {
    const json_t *root;
    struct hub_receipt_file *out;
    const char *fault; /* member; NULL while all is well */
};

static bool offend(struct reading *reading, const char *member)
{
    if (reading->fault == NULL)
        reading->fault = member;
    return false;
}

static bool read_bytes(struct reading *reading, const char *member, uint8_t *out,
                       size_t capacity, size_t *bytes)
{
    const json_t *value = json_object_get(reading->root, member);
    return (json_is_string(value) && hub_base64_decode(json_string_value(value),
                                                       json_string_length(value), out,
                                                       capacity, bytes)) ||
           offend(reading, member);
}

static bool read_hash(struct reading *reading, const char *member, const json_t *value,
                      struct rh_hash *out)
{
    size_t bytes = 0;
    return (json_is_string(value) &&
            hub_base64_decode(json_string_value(value), json_string_length(value), out->bytes,
                              sizeof out->bytes, &bytes) &&
            bytes == sizeof out->bytes) ||
           offend(reading, member);
}

static bool read_hashes(struct reading *reading, const char *member, const json_t *list,
                        struct rh_hash *out, uint32_t max, uint32_t *count)
{
    size_t size = json_array_size(list);
    if (!json_is_array(list) || size > max)
        return offend(reading, member);
    *count = (uint32_t)size;
    for (size_t i = 0; i < size; i++) {
        if (!read_hash(reading, member, json_array_get(list, i), &out[i]))
            return false;
    }
    return true;
}

static bool read_core(struct reading *reading)
{
    struct hub_receipt_file *out = reading->out;
    if (!read_bytes(reading, "core", out->core_bytes, sizeof out->core_bytes, &out->core_size))
        return false;
    const struct rh_bytes core = { out->core_bytes, out->core_size };
    if (rh_receipt_decode(core, &out->core) != RH_OK)
        return offend(reading, "core");
    return read_hash(reading, "rest_hash", json_object_get(reading->root, "rest_hash"),
                     &out->rest_hash);
}

/* All of it from the frame; this receipt must be one of its records. */
static bool take_confirm(struct hub_receipt_file *out, const struct rh_frame_confirm *confirm)
{
    uint64_t at = out->core.index - confirm->first_index;
    if (out->core.index < confirm->first_index || at >= confirm->record_count)
        return false;
    const struct rh_confirmed *own = &confirm->records[at];
    if (own->core.bytes != out->core_size ||
        memcmp(own->core.data, out->core_bytes, out->core_size) != 0 ||
        !rh_hash_equal(&own->rest_hash, &out->rest_hash))
        return false;
    for (uint32_t i = 0; i < confirm->record_count; i++)
        rh_leaf_hash(confirm->records[i].core, &confirm->records[i].rest_hash,
                     &out->leaves[i]);
    memcpy(out->proof, confirm->proof, confirm->proof_count * sizeof out->proof[0]);
    out->proof_count = confirm->proof_count;
    out->leaf_count = confirm->record_count;
    out->first_index = confirm->first_index;
    out->proof_form = HUB_RECEIPT_RANGE;
    out->batched = true;
    out->batch = (struct rh_batch){ .hub = out->core.hub,
                                    .size = confirm->size,
                                    .root = confirm->root,
                                    .signature = confirm->signature };
    return true;
}

static bool read_confirm(struct reading *reading)
{
    size_t bytes = 0;
    uint8_t *frame = malloc(RH_FRAME_BYTES_MAX);
    struct rh_frame_confirm *confirm = malloc(sizeof *confirm);
    bool good = frame != NULL && confirm != NULL &&
                read_bytes(reading, "confirm", frame, RH_FRAME_BYTES_MAX, &bytes);
    const struct rh_bytes view = { frame, bytes };
    good = good && rh_frame_confirm_decode(view, confirm) == RH_OK &&
           take_confirm(reading->out, confirm);
    free(frame);
    free(confirm);
    return good || offend(reading, "confirm");
}

static bool read_batch(struct reading *reading)
{
    struct hub_receipt_file *out = reading->out;
    const json_t *batch = json_object_get(reading->root, "checkpoint");
    const json_t *size = json_object_get(batch, "size");
    const json_t *signature = json_object_get(batch, "signature");
    size_t bytes = 0;
    if (batch == NULL)
        return true;
    if (!json_is_integer(size) || json_integer_value(size) < 1)
        return offend(reading, "checkpoint.size");
    out->batched = true;
    out->batch.hub = out->core.hub;
    out->batch.size = (uint64_t)json_integer_value(size);
    return read_hash(reading, "checkpoint.root", json_object_get(batch, "root"),
                     &out->batch.root) &&
           ((json_is_string(signature) &&
             hub_base64_decode(json_string_value(signature), json_string_length(signature),
                               out->batch.signature.bytes, sizeof out->batch.signature.bytes,
                               &bytes) &&
             bytes == sizeof out->batch.signature.bytes) ||
            offend(reading, "checkpoint.signature"));
}

static bool read_proof(struct reading *reading)
{
    struct hub_receipt_file *out = reading->out;
    const json_t *range = json_object_get(reading->root, "range");
    if (range == NULL) {
        out->proof_form = HUB_RECEIPT_INCLUSION;
        return read_hashes(reading, "proof", json_object_get(reading->root, "proof"),
                           out->proof, RH_PROOF_PATH_MAX, &out->proof_count);
    }
    const json_t *first = json_object_get(range, "first_index");
    if (!json_is_integer(first) || json_integer_value(first) < 0)
        return offend(reading, "range.first_index");
    out->proof_form = HUB_RECEIPT_RANGE;
    out->first_index = (uint64_t)json_integer_value(first);
    return read_hashes(reading, "range.leaves", json_object_get(range, "leaves"), out->leaves,
                       RH_CONFIRM_RECORDS_MAX, &out->leaf_count) &&
           read_hashes(reading, "range.proof", json_object_get(range, "proof"), out->proof,
                       RH_PROOF_RANGE_MAX, &out->proof_count) &&
           (out->batched || offend(reading, "checkpoint"));
}

static bool read_note(struct reading *reading)
{
    struct hub_receipt_file *out = reading->out;
    const json_t *note = json_object_get(reading->root, "published");
    const json_t *consistency = json_object_get(reading->root, "consistency");
    if (note != NULL) {
        if (!json_is_string(note) || json_string_length(note) > RH_NOTE_BYTES_MAX)
            return offend(reading, "published");
        out->note_bytes = json_string_length(note);
        memcpy(out->note, json_string_value(note), out->note_bytes);
        out->note[out->note_bytes] = '\0';
    }
    if (consistency == NULL)
        return true;
    out->consistent = true;
    return read_hashes(reading, "consistency", consistency, out->consistency,
                       RH_PROOF_CONSISTENCY_MAX, &out->consistency_count);
}

static bool is_receipt(const json_t *root)
{
    const char *object = json_string_value(json_object_get(root, "object"));
    return object != NULL && strcmp(object, "receipt") == 0 &&
           json_integer_value(json_object_get(root, "v")) == 1;
}

enum rh_err hub_receipt_file_read(const char *text, size_t bytes, struct hub_receipt_file *out,
                                  char *problem, size_t problem_bytes)
{
    memset(out, 0, sizeof *out);
    json_error_t error;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        snprintf(problem, problem_bytes, "line %d, column %d: %s", error.line, error.column,
                 error.text);
        return RH_ERR_INVALID;
    }
    struct reading reading = { .root = root, .out = out };
    bool good = is_receipt(root) || offend(&reading, "object, v");
    good = good && read_core(&reading) && read_note(&reading);
    if (good && json_object_get(root, "confirm") != NULL)
        good = read_confirm(&reading);
    else
        good = good && read_batch(&reading) && read_proof(&reading);
    json_decref(root);
    if (!good)
        snprintf(problem, problem_bytes, "member %s", reading.fault);
    return good ? RH_OK : RH_ERR_INVALID;
}
