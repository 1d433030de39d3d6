/* Signed notes and checkpoints in C2SP's text form; see rh/note.h. */
#include <rh/note.h>

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rh/proof.h>

#include "codec_head.h"

enum {
    DASH_BYTES = 4, /* em dash and space in UTF-8 */
    ROOT_TEXT_BYTES = 44,
    SIZE_DIGITS_MAX = 19 /* 2^62 has 19 */
};

static const char dash[DASH_BYTES + 1] = "\xe2\x80\x94 ";

static_assert(RH_NOTE_BLOB_BYTES_MAX >= RH_NOTE_KEY_ID_BYTES + RH_SIGNATURE_BYTES,
              "our own signatures must be readable");

void rh_note_key_id(const char *name, const struct rh_sign_public *key,
                    uint8_t out[RH_NOTE_KEY_ID_BYTES])
{
    static const uint8_t infix[2] = { 0x0a, RH_NOTE_TYPE_ED25519 };
    const struct rh_bytes parts[] = {
        { (const uint8_t *)name, strlen(name) },
        { infix, sizeof infix },
        { key->bytes, sizeof key->bytes },
    };
    struct rh_hash hash;

    rh_hash_parts(parts, sizeof parts / sizeof parts[0], &hash);
    memcpy(out, hash.bytes, RH_NOTE_KEY_ID_BYTES);
}

/* Whether a code point counts as a space in Unicode (White_Space). Below U+0020 only the
 * newline can occur and it ends the line, but a name is checked on its own merits. */
static bool is_space(uint32_t point)
{
    return (point >= 0x09 && point <= 0x0d) || point == 0x20 || point == 0x85 ||
           point == 0xa0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200a) ||
           point == 0x2028 || point == 0x2029 || point == 0x202f || point == 0x205f ||
           point == 0x3000;
}

/* Next code point of bytes already known to be valid UTF-8. */
static uint32_t next_point(const uint8_t *data, size_t *at)
{
    uint8_t lead = data[(*at)++];
    unsigned more = lead < 0x80 ? 0u : lead < 0xe0 ? 1u : lead < 0xf0 ? 2u : 3u;
    static const uint8_t lead_bits[4] = { 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t point = lead & lead_bits[more];

    for (; more > 0; more--)
        point = point << 6 | (data[(*at)++] & 0x3fu);
    return point;
}

static bool name_is_valid(struct rh_bytes name)
{
    if (name.bytes == 0 || name.bytes > RH_NOTE_NAME_BYTES_MAX ||
        rh_codec_utf8(name.data, name.bytes) != name.bytes)
        return false;
    for (size_t at = 0; at < name.bytes;) {
        uint32_t point = next_point(name.data, &at);
        if (point == '+' || point < 0x20 || is_space(point))
            return false;
    }
    return true;
}

/* Canonical base64 with padding, nothing else; *out_bytes is what was decoded. libsodium
 * refuses bits left over and ASCII outside the alphabet, but 1.0.18 takes every byte above
 * 0x7F for a slash, so those are refused here. */
static enum rh_err decode_base64(struct rh_bytes text, uint8_t *out, size_t capacity,
                                 size_t *out_bytes)
{
    if (rh_codec_ascii(text.data, text.bytes) != text.bytes)
        return RH_ERR_INVALID;
    if (sodium_base642bin(out, capacity, (const char *)text.data, text.bytes, NULL, out_bytes,
                          NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return RH_ERR_INVALID;
    return RH_OK;
}

/* One signature line without its newline. */
static enum rh_err parse_line(struct rh_bytes line, struct rh_note_signature *out)
{
    if (line.bytes <= DASH_BYTES || memcmp(line.data, dash, DASH_BYTES) != 0)
        return RH_ERR_INVALID;

    const uint8_t *name = line.data + DASH_BYTES;
    size_t left = line.bytes - DASH_BYTES;
    const uint8_t *space = memchr(name, ' ', left);
    if (space == NULL)
        return RH_ERR_INVALID;

    out->name = (struct rh_bytes){ name, (size_t)(space - name) };
    out->encoded = (struct rh_bytes){ space + 1, left - out->name.bytes - 1 };
    if (!name_is_valid(out->name))
        return RH_ERR_INVALID;
    if (out->encoded.bytes > (RH_NOTE_BLOB_BYTES_MAX + 2) / 3 * 4)
        return RH_ERR_FULL;

    uint8_t blob[RH_NOTE_BLOB_BYTES_MAX + 3];
    size_t blob_bytes = 0;
    enum rh_err err = decode_base64(out->encoded, blob, sizeof blob, &blob_bytes);
    if (err != RH_OK)
        return err;
    if (blob_bytes <= RH_NOTE_KEY_ID_BYTES)
        return RH_ERR_INVALID;
    memcpy(out->key_id, blob, RH_NOTE_KEY_ID_BYTES);
    return RH_OK;
}

/* Offset behind the last blank line, so of the first signature; 0 when there is none. A note
 * of at least "x\n\n" is given. */
static size_t signatures_at(struct rh_bytes note)
{
    for (size_t at = note.bytes; at >= 3; at--)
        if (note.data[at - 1] == '\n' && note.data[at - 2] == '\n')
            return at;
    return 0;
}

static bool has_plain_bytes(struct rh_bytes note)
{
    for (size_t i = 0; i < note.bytes; i++)
        if (note.data[i] < 0x20 && note.data[i] != '\n')
            return false;
    return rh_codec_utf8(note.data, note.bytes) == note.bytes;
}

enum rh_err rh_note_parse(struct rh_bytes note, struct rh_note *out)
{
    out->text = (struct rh_bytes){ NULL, 0 };
    out->count = 0;
    if (note.bytes > RH_NOTE_BYTES_MAX)
        return RH_ERR_FULL;
    if (note.bytes == 0 || note.data[note.bytes - 1] != '\n' || !has_plain_bytes(note))
        return RH_ERR_INVALID;

    size_t at = signatures_at(note);
    if (at == 0 || at == note.bytes)
        return RH_ERR_INVALID;
    struct rh_bytes text = { note.data, at - 1 };

    uint32_t count = 0;
    while (at < note.bytes) {
        const uint8_t *line = note.data + at;
        const uint8_t *end = memchr(line, '\n', note.bytes - at);
        rh_assert(end != NULL); /* the last byte is one */

        if (count == RH_NOTE_SIGNATURES_MAX)
            return RH_ERR_FULL;
        struct rh_bytes bytes = { line, (size_t)(end - line) };
        enum rh_err err = parse_line(bytes, &out->signatures[count]);
        if (err != RH_OK)
            return err;
        count++;
        at += bytes.bytes + 1;
    }
    out->text = text;
    out->count = count;
    return RH_OK;
}

static enum rh_err verify_line(const struct rh_note *note,
                               const struct rh_note_signature *signature,
                               const struct rh_sign_public *key)
{
    uint8_t blob[RH_NOTE_KEY_ID_BYTES + RH_SIGNATURE_BYTES];
    size_t blob_bytes = 0;
    struct rh_signature raw;

    if (decode_base64(signature->encoded, blob, sizeof blob, &blob_bytes) != RH_OK ||
        blob_bytes != sizeof blob)
        return RH_ERR_CRYPTO;
    memcpy(raw.bytes, blob + RH_NOTE_KEY_ID_BYTES, sizeof raw.bytes);
    return rh_sign_verify_raw(note->text.data, note->text.bytes, key, &raw);
}

enum rh_err rh_note_verify(const struct rh_note *note, const char *name,
                           const struct rh_sign_public *key)
{
    uint8_t key_id[RH_NOTE_KEY_ID_BYTES];
    size_t name_bytes = strlen(name);
    enum rh_err result = RH_ERR_NOTFOUND;

    rh_note_key_id(name, key, key_id);
    for (uint32_t i = 0; i < note->count; i++) {
        const struct rh_note_signature *signature = &note->signatures[i];

        if (memcmp(signature->key_id, key_id, sizeof key_id) != 0 ||
            signature->name.bytes != name_bytes ||
            memcmp(signature->name.data, name, name_bytes) != 0)
            continue;
        if (verify_line(note, signature, key) != RH_OK)
            return RH_ERR_CRYPTO;
        result = RH_OK;
    }
    return result;
}

enum rh_err rh_note_sign(char *note, size_t capacity, size_t *bytes, size_t text_bytes,
                         const char *name, const struct rh_sign_secret *key)
{
    struct rh_bytes name_view = { (const uint8_t *)name, strlen(name) };
    struct rh_sign_public public_key;
    struct rh_signature signature;
    uint8_t blob[RH_NOTE_KEY_ID_BYTES + RH_SIGNATURE_BYTES];
    char encoded[sodium_base64_ENCODED_LEN(sizeof blob, sodium_base64_VARIANT_ORIGINAL)];
    size_t at = *bytes;

    rh_assert(text_bytes > 0 && text_bytes <= at && at <= capacity);
    rh_assert(note[text_bytes - 1] == '\n');
    rh_assert(name_is_valid(name_view));

    size_t blank = at == text_bytes ? 1 : 0;
    size_t needed = blank + DASH_BYTES + name_view.bytes + 1 + (sizeof encoded - 1) + 1;
    if (needed > capacity - at)
        return RH_ERR_FULL;

    rh_sign_public_of(key, &public_key);
    rh_sign_raw(note, text_bytes, key, &signature);
    rh_note_key_id(name, &public_key, blob);
    memcpy(blob + RH_NOTE_KEY_ID_BYTES, signature.bytes, sizeof signature.bytes);
    sodium_bin2base64(encoded, sizeof encoded, blob, sizeof blob,
                      sodium_base64_VARIANT_ORIGINAL);

    if (blank == 1)
        note[at++] = '\n';
    memcpy(note + at, dash, DASH_BYTES);
    at += DASH_BYTES;
    memcpy(note + at, name, name_view.bytes);
    at += name_view.bytes;
    note[at++] = ' ';
    memcpy(note + at, encoded, sizeof encoded - 1);
    at += sizeof encoded - 1;
    note[at++] = '\n';
    rh_assert(at == *bytes + needed);
    *bytes = at;
    return RH_OK;
}

/* Non-empty lines, each with its newline; nothing at all is fine too. */
static bool extensions_are_valid(struct rh_bytes lines)
{
    if (lines.bytes == 0)
        return true;
    if (lines.data[0] == '\n' || lines.data[lines.bytes - 1] != '\n' || !has_plain_bytes(lines))
        return false;
    for (size_t i = 1; i < lines.bytes; i++)
        if (lines.data[i] == '\n' && lines.data[i - 1] == '\n')
            return false;
    return true;
}

enum rh_err rh_checkpoint_format(const struct rh_checkpoint *checkpoint, char *out,
                                 size_t capacity, size_t *bytes)
{
    char head[RH_HUB_ID_BYTES_MAX + SIZE_DIGITS_MAX + ROOT_TEXT_BYTES + 8];
    char root[sodium_base64_ENCODED_LEN(RH_HASH_BYTES, sodium_base64_VARIANT_ORIGINAL)];

    rh_assert(checkpoint->origin.text[0] != '\0');
    rh_assert(checkpoint->size <= RH_TREE_SIZE_MAX);
    if (!extensions_are_valid(checkpoint->extensions))
        return RH_ERR_INVALID;

    sodium_bin2base64(root, sizeof root, checkpoint->root.bytes, RH_HASH_BYTES,
                      sodium_base64_VARIANT_ORIGINAL);
    int head_bytes = snprintf(head, sizeof head, "%s\n%llu\n%s\n", checkpoint->origin.text,
                              (unsigned long long)checkpoint->size, root);
    rh_assert(head_bytes > 0 && (size_t)head_bytes < sizeof head);

    size_t total = (size_t)head_bytes + checkpoint->extensions.bytes;
    if (total > capacity || total > RH_CHECKPOINT_TEXT_BYTES_MAX)
        return RH_ERR_FULL;
    memcpy(out, head, (size_t)head_bytes);
    if (checkpoint->extensions.bytes > 0)
        memcpy(out + head_bytes, checkpoint->extensions.data, checkpoint->extensions.bytes);
    *bytes = total;
    return RH_OK;
}

/* Take the next line, without its newline, off the front of `rest`. */
static bool take_line(struct rh_bytes *rest, struct rh_bytes *line)
{
    const uint8_t *end = rest->bytes == 0 ? NULL : memchr(rest->data, '\n', rest->bytes);

    if (end == NULL)
        return false;
    *line = (struct rh_bytes){ rest->data, (size_t)(end - rest->data) };
    rest->data = end + 1;
    rest->bytes -= line->bytes + 1;
    return true;
}

/* Decimal without sign or leading zeros, at most RH_TREE_SIZE_MAX. */
static bool parse_size(struct rh_bytes line, uint64_t *out)
{
    uint64_t value = 0;

    if (line.bytes == 0 || line.bytes > SIZE_DIGITS_MAX)
        return false;
    if (line.data[0] == '0' && line.bytes > 1)
        return false;
    for (size_t i = 0; i < line.bytes; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(line.data[i] - '0'); /* 19 digits fit in 64 bits */
    }
    *out = value;
    return value <= RH_TREE_SIZE_MAX;
}

enum rh_err rh_checkpoint_parse(struct rh_bytes text, struct rh_checkpoint *out)
{
    struct rh_bytes rest = text;
    struct rh_bytes origin;
    struct rh_bytes size;
    struct rh_bytes root;
    size_t root_bytes = 0;

    memset(out, 0, sizeof *out);
    if (text.bytes > RH_CHECKPOINT_TEXT_BYTES_MAX)
        return RH_ERR_FULL;
    if (!take_line(&rest, &origin) || !take_line(&rest, &size) || !take_line(&rest, &root))
        return RH_ERR_INVALID;
    if (rh_hub_id_parse((const char *)origin.data, origin.bytes, &out->origin) != RH_OK ||
        !parse_size(size, &out->size) || root.bytes != ROOT_TEXT_BYTES ||
        decode_base64(root, out->root.bytes, RH_HASH_BYTES, &root_bytes) != RH_OK ||
        root_bytes != RH_HASH_BYTES || !extensions_are_valid(rest))
        return RH_ERR_INVALID;
    out->extensions = rest;
    return RH_OK;
}

enum rh_err rh_checkpoint_verify(struct rh_bytes note, const struct rh_hub_id *hub,
                                 const struct rh_sign_public *key, struct rh_checkpoint *out)
{
    struct rh_note parsed;
    enum rh_err err = rh_note_parse(note, &parsed);

    if (err == RH_OK)
        err = rh_checkpoint_parse(parsed.text, out);
    if (err != RH_OK)
        return err;
    if (strcmp(out->origin.text, hub->text) != 0)
        return RH_ERR_DENIED;
    return rh_note_verify(&parsed, hub->text, key);
}
