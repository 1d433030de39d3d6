/* Public cards, which operators paste from anywhere. What is accepted has an owner, a key and
 * bounded texts, and reading it twice gives the same fingerprint. */
#include <stdint.h>
#include <string.h>

#include <rh/keyfile.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct rh_card card;
    struct rh_card again;
    char first[RH_FINGERPRINT_BYTES];
    char second[RH_FINGERPRINT_BYTES];
    if (rh_card_parse((const char *)data, bytes, &card) != RH_OK)
        return 0;
    unsigned keys = 0;
    for (unsigned use = 0; use < RH_KEY_USES; use++)
        keys += card.present[use];
    rh_assert(keys > 0);
    rh_assert(card.owner[0] != '\0');
    rh_assert(memchr(card.owner, '\0', sizeof card.owner) != NULL);
    rh_assert(memchr(card.endpoint, '\0', sizeof card.endpoint) != NULL);
    rh_assert(rh_card_parse((const char *)data, bytes, &again) == RH_OK);
    rh_card_fingerprint(&card, first);
    rh_card_fingerprint(&again, second);
    rh_assert(strcmp(first, second) == 0);
    return 0;
}
