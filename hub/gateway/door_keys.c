#include "gateway/door_keys.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Connections with one key: a burst, then one a second. A client that flaps faster than that
 * is told to come later; each handshake costs about as much as checking a signature. */
enum { HANDSHAKE_BURST = 32, HANDSHAKE_EVERY_MS = 1000, RETRY_MS_MIN = 50 };

/* A bucket fills by `rate` units a second up to one second's worth. Levels are kept in
 * thousandths, so that a millisecond never rounds to nothing. */
struct bucket {
    uint64_t milli; /* level */
    uint64_t at_ms; /* when it was so */
};

struct entry {
    uint8_t key[32];
    uint32_t serial;   /* of this key, 0: none yet */
    uint32_t state;    /* enum hub_door_state */
    uint64_t admit_ms; /* handshakes are paid for up to this instant */
    struct bucket frames, bytes;
};

struct hub_door_keys {
    pthread_mutex_t mutex; /* over key, serial, state, admit_ms and `used` */
    uint32_t used;         /* entries below it may be in use */
    uint32_t serial;       /* last one given */
    uint64_t frames_rate, bytes_rate;
    struct entry entries[HUB_DOOR_AGENCIES_MAX]; /* untouched ones cost no memory */
};

enum rh_err hub_door_keys_new(uint32_t frames_per_second, uint64_t bytes_per_second,
                              struct hub_door_keys **out)
{
    rh_assert(frames_per_second > 0 && bytes_per_second > 0);
    struct hub_door_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL)
        return RH_ERR_NOMEM;
    keys->frames_rate = frames_per_second;
    /* The largest frame must fit the bucket, or it could never be sent. */
    keys->bytes_rate =
        bytes_per_second < 2 * RH_FRAME_BYTES_MAX ? 2 * RH_FRAME_BYTES_MAX : bytes_per_second;
    pthread_mutex_init(&keys->mutex, NULL);
    *out = keys;
    return RH_OK;
}

void hub_door_keys_destroy(struct hub_door_keys **keys)
{
    if (*keys == NULL)
        return;
    pthread_mutex_destroy(&(*keys)->mutex);
    free(*keys);
    *keys = NULL;
}

static bool is_taken(const struct hub_door_keys *keys, uint32_t agency, const uint8_t key[32])
{
    for (uint32_t i = 0; i < keys->used; i++)
        if (i != agency && keys->entries[i].state != HUB_DOOR_NONE &&
            memcmp(keys->entries[i].key, key, 32) == 0)
            return true;
    return false;
}

void hub_door_keys_set(struct hub_door_keys *keys, uint32_t agency,
                       const struct hub_door_key *key)
{
    if (agency == 0 || agency >= HUB_DOOR_AGENCIES_MAX)
        return;
    pthread_mutex_lock(&keys->mutex);
    struct entry *entry = &keys->entries[agency];
    bool none = key->state != HUB_DOOR_ACTIVE && key->state != HUB_DOOR_REVOKED;
    if (none || is_taken(keys, agency, key->key)) {
        entry->state = HUB_DOOR_NONE;
    } else {
        if (entry->state == HUB_DOOR_NONE || memcmp(entry->key, key->key, 32) != 0)
            entry->serial = ++keys->serial;
        memcpy(entry->key, key->key, 32);
        entry->state = key->state;
        if (keys->used <= agency)
            keys->used = agency + 1;
    }
    pthread_mutex_unlock(&keys->mutex);
}

/* Each handshake costs HANDSHAKE_EVERY_MS of credit; HANDSHAKE_BURST of them may be owed. */
static bool may_shake(struct entry *entry, uint64_t now_ms)
{
    if (entry->admit_ms < now_ms)
        entry->admit_ms = now_ms;
    if (entry->admit_ms - now_ms >= HANDSHAKE_BURST * HANDSHAKE_EVERY_MS)
        return false;
    entry->admit_ms += HANDSHAKE_EVERY_MS;
    return true;
}

enum hub_door_admission hub_door_keys_admit(struct hub_door_keys *keys, const uint8_t key[32],
                                            uint64_t now_ms, char user[HUB_DOOR_USER_BYTES])
{
    enum hub_door_admission answer = HUB_DOOR_REFUSE;
    pthread_mutex_lock(&keys->mutex);
    for (uint32_t i = 0; i < keys->used; i++) {
        struct entry *entry = &keys->entries[i];
        if (entry->state != HUB_DOOR_ACTIVE || memcmp(entry->key, key, 32) != 0)
            continue;
        answer = may_shake(entry, now_ms) ? HUB_DOOR_ADMIT : HUB_DOOR_LATER;
        snprintf(user, HUB_DOOR_USER_BYTES, "%u.%u", (unsigned)i, (unsigned)entry->serial);
        break;
    }
    pthread_mutex_unlock(&keys->mutex);
    return answer;
}

/* A decimal number up to UINT32_MAX as snprintf writes it; NULL when there is none. */
static const char *read_number(const char *text, uint32_t *out)
{
    uint64_t value = 0;
    const char *at = text;
    if (*at == '0')
        return NULL;
    for (; *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (uint64_t)(*at - '0');
        if (value > UINT32_MAX)
            return NULL;
    }
    *out = (uint32_t)value;
    return at == text ? NULL : at;
}

enum rh_err hub_door_keys_check(struct hub_door_keys *keys, const char *user, uint32_t *agency)
{
    uint32_t serial;
    *agency = 0;
    if (user == NULL)
        return RH_ERR_INVALID;
    const char *at = read_number(user, agency);
    if (at == NULL || *at != '.' || *agency >= HUB_DOOR_AGENCIES_MAX)
        return RH_ERR_INVALID;
    at = read_number(at + 1, &serial);
    if (at == NULL || *at != '\0')
        return RH_ERR_INVALID;

    pthread_mutex_lock(&keys->mutex);
    const struct entry *entry = &keys->entries[*agency];
    bool good = entry->state == HUB_DOOR_ACTIVE && entry->serial == serial;
    pthread_mutex_unlock(&keys->mutex);
    return good ? RH_OK : RH_ERR_DENIED;
}

static void fill(struct bucket *bucket, uint64_t rate, uint64_t now_ms)
{
    uint64_t passed = now_ms - bucket->at_ms;
    if (bucket->at_ms == 0 || passed > 1000)
        passed = 1000;
    bucket->milli += passed * rate;
    if (bucket->milli > rate * 1000)
        bucket->milli = rate * 1000;
    bucket->at_ms = now_ms;
}

/* Milliseconds until `units` are there. */
static uint64_t missing_ms(const struct bucket *bucket, uint64_t rate, uint64_t units)
{
    uint64_t wanted = units * 1000;
    return wanted <= bucket->milli ? 0 : (wanted - bucket->milli + rate - 1) / rate;
}

uint32_t hub_door_keys_spend(struct hub_door_keys *keys, uint32_t agency, uint64_t bytes,
                             uint64_t now_ms)
{
    rh_assert(agency < HUB_DOOR_AGENCIES_MAX && bytes <= RH_FRAME_BYTES_MAX);
    struct entry *entry = &keys->entries[agency];
    fill(&entry->frames, keys->frames_rate, now_ms);
    fill(&entry->bytes, keys->bytes_rate, now_ms);
    uint64_t frames_ms = missing_ms(&entry->frames, keys->frames_rate, 1);
    uint64_t bytes_ms = missing_ms(&entry->bytes, keys->bytes_rate, bytes);
    uint64_t wait_ms = frames_ms > bytes_ms ? frames_ms : bytes_ms;
    if (wait_ms > 0)
        return (uint32_t)(wait_ms < RETRY_MS_MIN ? RETRY_MS_MIN : wait_ms);
    entry->frames.milli -= 1000;
    entry->bytes.milli -= bytes * 1000;
    return 0;
}
