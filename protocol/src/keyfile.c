/* The text of key files and cards; keyfile_io.c puts it on disk. */
#include "keyfile.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rh/hash.h>
#include <rh/id.h>
#include <rh/seal.h>
#include <rh/sign.h>

#include "library.h"

static const char secret_word[] = "rhub-secret-1";
static const char public_word[] = "rhub-public-1";
static const char endpoint_word[] = "rhub-endpoint-1";

const char *rh_key_use_name(enum rh_key_use use)
{
    switch (use) {
    case RH_KEY_TRANSPORT:
        return "transport";
    case RH_KEY_SIGN:
        return "sign";
    case RH_KEY_SEAL:
        return "seal";
    case RH_KEY_WITNESS:
        return "witness";
    case RH_KEY_USES:
        break;
    }
    return "unknown";
}

static bool is_edwards(enum rh_key_use use)
{
    return use == RH_KEY_SIGN || use == RH_KEY_WITNESS;
}

static bool valid_owner(const char *text, size_t bytes)
{
    struct rh_agency_id agency;
    struct rh_hub_id hub;
    return rh_agency_id_parse(text, bytes, &agency) == RH_OK ||
           rh_hub_id_parse(text, bytes, &hub) == RH_OK;
}

/* tcp://host:port, printable ASCII, port 1 to 65535. What the host means is for the
 * resolver; here it must only be unable to break a line or a terminal. */
static bool valid_endpoint(const char *text, size_t bytes)
{
    static const char scheme[] = "tcp://";
    size_t prefix = sizeof scheme - 1;
    if (bytes > RH_ENDPOINT_BYTES_MAX || bytes < prefix || memcmp(text, scheme, prefix) != 0)
        return false;
    size_t colon = bytes;
    for (size_t i = prefix; i < bytes; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return false;
        if (text[i] == ':')
            colon = i;
    }
    if (colon == bytes || colon == prefix || bytes - colon > 6)
        return false;
    unsigned long port = 0;
    for (size_t i = colon + 1; i < bytes; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (unsigned long)(text[i] - '0');
    }
    return port >= 1 && port <= 65535;
}

void rh_secret_generate(enum rh_key_use use, const char *owner, struct rh_secret *out)
{
    rh_assert(use < RH_KEY_USES);
    rh_library_ready();
    *out = (struct rh_secret){ .use = use };
    size_t bytes = strlen(owner);
    if (valid_owner(owner, bytes))
        memcpy(out->owner, owner, bytes);
    if (is_edwards(use)) {
        out->secret_bytes = RH_SIGN_SECRET_BYTES;
        rh_assert(crypto_sign_keypair(out->public_key, out->secret) == 0);
    } else {
        out->secret_bytes = RH_SEAL_SECRET_BYTES;
        rh_assert(crypto_box_keypair(out->public_key, out->secret) == 0);
    }
}

/* ---- writing ---- */

struct text {
    char *data;
    size_t capacity;
    size_t bytes;
    bool full;
};

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void put(struct text *text, const char *format, ...)
{
    if (text->full)
        return;
    va_list arguments;
    va_start(arguments, format);
    size_t room = text->capacity - text->bytes;
    int written = vsnprintf(text->data + text->bytes, room, format, arguments);
    va_end(arguments);
    if (written < 0 || (size_t)written >= room)
        text->full = true;
    else
        text->bytes += (size_t)written;
}

static void put_key(struct text *text, const char *word, enum rh_key_use use, const char *owner,
                    const uint8_t *key, size_t bytes)
{
    char base64[sodium_base64_ENCODED_LEN(RH_SIGN_SECRET_BYTES,
                                          sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(base64, sizeof base64, key, bytes, sodium_base64_VARIANT_ORIGINAL);
    put(text, "%s %s %s %s\n", word, rh_key_use_name(use), owner, base64);
    rh_wipe(base64, sizeof base64);
}

enum rh_err rh_secret_format(const struct rh_secret *secret, char *out, size_t capacity,
                             size_t *bytes)
{
    if (!valid_owner(secret->owner, strlen(secret->owner)))
        return RH_ERR_INVALID;
    struct rh_card card = { 0 };
    card.present[secret->use] = true;
    memcpy(card.keys[secret->use], secret->public_key, sizeof secret->public_key);
    char fingerprint[RH_FINGERPRINT_BYTES];
    rh_card_fingerprint(&card, fingerprint);

    struct text text = { .data = out, .capacity = capacity };
    put(&text, "# rhub %s key of %s, fingerprint %s\n", rh_key_use_name(secret->use),
        secret->owner, fingerprint);
    put_key(&text, secret_word, secret->use, secret->owner, secret->secret,
            secret->secret_bytes);
    *bytes = text.bytes;
    return text.full ? RH_ERR_FULL : RH_OK;
}

enum rh_err rh_card_format(const struct rh_card *card, char *out, size_t capacity,
                           size_t *bytes)
{
    struct text text = { .data = out, .capacity = capacity };
    if (!valid_owner(card->owner, strlen(card->owner)))
        return RH_ERR_INVALID;
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        if (card->present[use])
            put_key(&text, public_word, (enum rh_key_use)use, card->owner, card->keys[use],
                    sizeof card->keys[use]);
    }
    if (text.bytes == 0)
        return RH_ERR_INVALID;
    size_t endpoint_bytes = strlen(card->endpoint);
    if (endpoint_bytes > 0) {
        if (!valid_endpoint(card->endpoint, endpoint_bytes))
            return RH_ERR_INVALID;
        put(&text, "%s %s\n", endpoint_word, card->endpoint);
    }
    *bytes = text.bytes;
    return text.full ? RH_ERR_FULL : RH_OK;
}

/* ---- reading ---- */

/* A piece of the text being read; borrowed, not terminated. */
struct span {
    const char *data;
    size_t bytes;
};

static bool span_is(struct span span, const char *word)
{
    return span.bytes == strlen(word) && memcmp(span.data, word, span.bytes) == 0;
}

/* Cut off everything up to `stop`, which is dropped; all of it when there is none. */
static struct span cut(struct span *rest, char stop)
{
    const char *at = rest->bytes > 0 ? memchr(rest->data, stop, rest->bytes) : NULL;
    struct span head = { rest->data, at != NULL ? (size_t)(at - rest->data) : rest->bytes };
    size_t used = at != NULL ? head.bytes + 1 : head.bytes;
    rest->data += used;
    rest->bytes -= used;
    return head;
}

/* The next line that says something, without trailing blanks. */
static bool next_line(struct span *rest, struct span *line)
{
    while (rest->bytes > 0) {
        *line = cut(rest, '\n');
        while (line->bytes > 0 && (line->data[line->bytes - 1] == ' ' ||
                                   line->data[line->bytes - 1] == '\r'))
            line->bytes--;
        if (line->bytes > 0 && line->data[0] != '#')
            return true;
    }
    return false;
}

static bool parse_use(struct span word, enum rh_key_use *out)
{
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        if (span_is(word, rh_key_use_name((enum rh_key_use)use))) {
            *out = (enum rh_key_use)use;
            return true;
        }
    }
    return false;
}

/* Base64 of exactly `bytes` bytes: padded, canonical, nothing after it. */
static bool parse_base64(struct span text, uint8_t *out, size_t bytes)
{
    size_t length = 0;
    const char *end = NULL;
    if (sodium_base642bin(out, bytes, text.data, text.bytes, NULL, &length, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    return length == bytes && end == text.data + text.bytes;
}

/* Copy an owner's id, or compare it with the one an earlier line gave. */
static bool take_owner(struct span word, char owner[RH_HUB_ID_BYTES_MAX + 1])
{
    if (owner[0] != '\0')
        return span_is(word, owner);
    if (word.bytes > RH_HUB_ID_BYTES_MAX || !valid_owner(word.data, word.bytes))
        return false;
    memcpy(owner, word.data, word.bytes);
    return true;
}

/* Derive the public half, and refuse an Ed25519 secret whose stored public half is not the
 * one of its seed: signing with such a pair discloses the key. */
static bool complete_secret(struct rh_secret *secret)
{
    if (!is_edwards(secret->use))
        return crypto_scalarmult_base(secret->public_key, secret->secret) == 0;
    uint8_t again[RH_SIGN_SECRET_BYTES];
    rh_assert(crypto_sign_seed_keypair(secret->public_key, again, secret->secret) == 0);
    bool whole = sodium_memcmp(again, secret->secret, sizeof again) == 0;
    rh_wipe(again, sizeof again);
    return whole;
}

static bool parse_secret_line(struct span line, enum rh_key_use use, struct rh_secret *out)
{
    enum rh_key_use named;
    if (!span_is(cut(&line, ' '), secret_word) || !parse_use(cut(&line, ' '), &named) ||
        named != use || !take_owner(cut(&line, ' '), out->owner))
        return false;
    out->use = use;
    out->secret_bytes = is_edwards(use) ? RH_SIGN_SECRET_BYTES : RH_SEAL_SECRET_BYTES;
    return parse_base64(line, out->secret, out->secret_bytes) && complete_secret(out);
}

enum rh_err rh_secret_parse(const char *text, size_t bytes, enum rh_key_use use,
                            struct rh_secret *out)
{
    rh_library_ready();
    struct span rest = { text, bytes };
    struct span line;
    *out = (struct rh_secret){ 0 };
    if (next_line(&rest, &line) && parse_secret_line(line, use, out) &&
        !next_line(&rest, &line))
        return RH_OK;
    rh_wipe(out, sizeof *out);
    return RH_ERR_INVALID;
}

static bool parse_card_line(struct span line, struct rh_card *card)
{
    struct span word = cut(&line, ' ');
    if (span_is(word, endpoint_word)) {
        if (card->endpoint[0] != '\0' || !valid_endpoint(line.data, line.bytes))
            return false;
        memcpy(card->endpoint, line.data, line.bytes);
        return true;
    }
    enum rh_key_use use;
    if (!span_is(word, public_word) || !parse_use(cut(&line, ' '), &use) || card->present[use])
        return false;
    card->present[use] = true;
    return take_owner(cut(&line, ' '), card->owner) &&
           parse_base64(line, card->keys[use], sizeof card->keys[use]);
}

enum rh_err rh_card_parse(const char *text, size_t bytes, struct rh_card *out)
{
    struct rh_card card = { 0 };
    struct span rest = { text, bytes };
    struct span line;
    if (bytes > RH_KEYFILE_BYTES_MAX)
        return RH_ERR_INVALID;
    while (next_line(&rest, &line)) {
        if (!parse_card_line(line, &card))
            return RH_ERR_INVALID;
    }
    if (card.owner[0] == '\0') /* every key line names it: there was none */
        return RH_ERR_INVALID;
    *out = card;
    return RH_OK;
}

void rh_card_fingerprint(const struct rh_card *card, char out[RH_FINGERPRINT_BYTES])
{
    static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    struct rh_bytes parts[RH_KEY_USES];
    size_t count = 0;
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        if (card->present[use])
            parts[count++] = (struct rh_bytes){ card->keys[use], sizeof card->keys[use] };
    }
    struct rh_hash hash;
    rh_hash_tagged("rhub/card/1", parts, count, &hash);

    /* 80 bits, five at a time from the top. */
    unsigned at = 0;
    for (unsigned i = 0; i < 16; i++) {
        unsigned bit = i * 5;
        unsigned pair = (unsigned)hash.bytes[bit / 8] << 8 | hash.bytes[bit / 8 + 1];
        if (i > 0 && i % 4 == 0)
            out[at++] = '-';
        out[at++] = crockford[pair >> (11 - bit % 8) & 0x1F];
    }
    out[at] = '\0';
    rh_assert(at + 1 == RH_FINGERPRINT_BYTES);
}
