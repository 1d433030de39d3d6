#include "runtime/desk_again.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/hash.h>

#include "runtime/words.h"

enum { ATTEMPTS_MAX = 16, LOOKED_AT_MAX = 256 };

/* Whether dispatches of a case were refused and none is stored or waits. A registered case has
 * a short history. */
static enum rh_err only_refused(struct agent_spool *spool, const struct rh_referral_id *id,
                                bool *yes)
{
    uint64_t at = 0, number;
    bool out, refused = false, standing = false;
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; err == RH_OK && i < LOOKED_AT_MAX; i++, at++) {
        struct agent_sent sent;
        err = agent_spool_history_next(spool, id, &at, &out, &number);
        if (err != RH_OK || !out)
            continue;
        err = agent_spool_sent(spool, number, &sent);
        if (err != RH_OK || !rh_kind_is_dispatch(sent.kind))
            continue;
        refused = refused || sent.state == AGENT_REFUSED;
        standing = standing || sent.state != AGENT_REFUSED;
    }
    *yes = refused && !standing;
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

enum rh_err agent_again_case(struct agent_spool *spool, const struct rh_referral_id *id,
                             struct agent_case *out)
{
    bool yes = false;
    enum rh_err err = agent_spool_case(spool, id, out);
    if (err != RH_OK)
        return err;
    if (out->register_n == 0 || out->state != RH_STATE_REGISTERED)
        return RH_ERR_NOTFOUND;
    err = only_refused(spool, id, &yes);
    return err == RH_OK && !yes ? RH_ERR_NOTFOUND : err;
}

/* The id of the attempt after so many. */
static void id_of_attempt(const struct rh_message_id *given, uint8_t attempt,
                          struct rh_message_id *out)
{
    struct rh_bytes parts[2] = { { given->bytes, sizeof given->bytes }, { &attempt, 1 } };
    struct rh_hash hash;
    *out = *given;
    if (attempt == 0)
        return;
    rh_hash_tagged("rhub/agent/attempt/1", parts, 2, &hash);
    rh_id_make(out->bytes, rh_id_ms(given->bytes), hash.bytes);
}

enum rh_err agent_again_message(struct agent_spool *spool, const struct rh_message_id *id,
                                struct agent_sent *sent, struct agent_case *known,
                                struct rh_message_id *next)
{
    for (uint8_t attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        struct agent_sent one;
        id_of_attempt(id, attempt, next);
        enum rh_err err = agent_spool_sent_by_id(spool, next, &one);
        if (err == RH_ERR_NOTFOUND)
            return attempt == 0 ? err : RH_ERR_AGAIN;
        if (err != RH_OK)
            return err;
        *sent = one;
        if (one.state != AGENT_REFUSED || !rh_kind_is_dispatch(one.kind))
            return RH_OK;
        err = agent_again_case(spool, &one.referral_id, known);
        if (err != RH_OK)
            return err == RH_ERR_NOTFOUND ? RH_OK : err;
    }
    return RH_OK; /* enough: the last answer stands */
}

void agent_again_name(struct rh_bytes public_part, struct rh_bytes private_part,
                      struct rh_bytes body, char out[AGENT_KEY_BYTES_MAX + 1])
{
    uint8_t lengths[24] = { 0 };
    const size_t bytes[3] = { public_part.bytes, private_part.bytes, body.bytes };
    for (size_t i = 0; i < sizeof lengths; i++)
        lengths[i] = (uint8_t)(bytes[i / 8] >> (8 * (7 - i % 8)));
    struct rh_bytes parts[4] = { { lengths, sizeof lengths }, public_part, private_part, body };
    struct rh_hash hash;
    rh_hash_tagged("rhub/agent/content/1", parts, 4, &hash);
    char *hex = agent_hex(hash.bytes, sizeof hash.bytes);
    snprintf(out, AGENT_KEY_BYTES_MAX + 1, "content:%s", hex);
    free(hex);
}
