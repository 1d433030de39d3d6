/* Keys of this agency and cards of the others, read from directories. */
#include <rhub.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CARDS_MAX = 4096, PATH_BYTES = 4096 };

struct rh_cards {
    char dir[PATH_BYTES];
    struct rh_card *cards; /* ascending by owner */
    uint32_t count;
};

enum rh_err rh_agency_keys_load(const char *dir, const struct rh_agency_id *agency,
                                struct rh_agency_keys *out, char *failed, size_t path_bytes)
{
    memset(out, 0, sizeof *out);
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        char path[PATH_BYTES];
        enum rh_err err = RH_ERR_INVALID;
        int bytes = snprintf(path, sizeof path, "%s/%s.%s.key", dir, agency->text,
                             rh_key_use_name((enum rh_key_use)use));
        if (bytes > 0 && (size_t)bytes < sizeof path)
            err = rh_secret_load(path, (enum rh_key_use)use, &out->secrets[use]);
        if (err == RH_OK && strcmp(out->secrets[use].owner, agency->text) != 0)
            err = RH_ERR_INVALID;
        if (err != RH_OK) {
            if (failed != NULL)
                snprintf(failed, path_bytes, "%s", path);
            rh_agency_keys_wipe(out);
            return err;
        }
    }
    return RH_OK;
}

void rh_agency_keys_wipe(struct rh_agency_keys *keys)
{
    rh_wipe(keys, sizeof *keys);
}

static int by_owner(const void *a, const void *b)
{
    return strcmp(((const struct rh_card *)a)->owner, ((const struct rh_card *)b)->owner);
}

static bool ends_with(const char *name, const char *end)
{
    size_t bytes = strlen(name), tail = strlen(end);
    return bytes > tail && strcmp(name + bytes - tail, end) == 0;
}

/* A card counts when it is an agency's and has a signing key. */
static bool load_card(const char *dir, const char *name, struct rh_card *out)
{
    char path[PATH_BYTES];
    struct rh_agency_id id;
    int bytes = snprintf(path, sizeof path, "%s/%s", dir, name);
    return bytes > 0 && (size_t)bytes < sizeof path && rh_card_load(path, out) == RH_OK &&
           rh_agency_id_parse(out->owner, strlen(out->owner), &id) == RH_OK &&
           out->present[RH_KEY_SIGN];
}

/* The sorted list without second cards of one owner; the first file of the name wins, which
 * must not depend on the order of the directory, so the smaller bytes count as first. */
static int by_owner_and_bytes(const void *a, const void *b)
{
    int order = by_owner(a, b);
    return order != 0 ? order : memcmp(a, b, sizeof(struct rh_card));
}

static uint32_t drop_twins(struct rh_card *cards, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(cards[kept - 1].owner, cards[i].owner) != 0)
            cards[kept++] = cards[i];
    return kept;
}

enum rh_err rh_cards_reload(struct rh_cards *cards, uint32_t *skipped)
{
    DIR *dir = opendir(cards->dir);
    if (dir == NULL)
        return RH_ERR_NOTFOUND;
    struct rh_card *fresh = calloc(CARDS_MAX, sizeof *fresh);
    rh_assert(fresh != NULL);
    uint32_t count = 0, bad = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL && count < CARDS_MAX) {
        if (!ends_with(entry->d_name, ".pub"))
            continue;
        if (load_card(cards->dir, entry->d_name, &fresh[count]))
            count++;
        else
            bad++;
    }
    closedir(dir);
    qsort(fresh, count, sizeof *fresh, by_owner_and_bytes);
    count = drop_twins(fresh, count);

    /* A file that is being replaced must not make a known agency unknown. */
    for (uint32_t i = 0; bad > 0 && i < cards->count && count < CARDS_MAX; i++)
        if (bsearch(&cards->cards[i], fresh, count, sizeof *fresh, by_owner) == NULL) {
            fresh[count++] = cards->cards[i];
            qsort(fresh, count, sizeof *fresh, by_owner);
        }
    free(cards->cards);
    cards->cards = fresh;
    cards->count = count;
    if (skipped != NULL)
        *skipped = bad;
    return RH_OK;
}

enum rh_err rh_cards_open(const char *dir, struct rh_cards **out)
{
    if (strlen(dir) >= PATH_BYTES)
        return RH_ERR_INVALID;
    struct rh_cards *cards = calloc(1, sizeof *cards);
    rh_assert(cards != NULL);
    memcpy(cards->dir, dir, strlen(dir) + 1);
    enum rh_err err = rh_cards_reload(cards, NULL);
    if (err != RH_OK) {
        rh_cards_close(&cards);
        return err;
    }
    *out = cards;
    return RH_OK;
}

void rh_cards_close(struct rh_cards **cards)
{
    if (*cards == NULL)
        return;
    free((*cards)->cards);
    free(*cards);
    *cards = NULL;
}

const struct rh_card *rh_cards_find(const struct rh_cards *cards,
                                    const struct rh_agency_id *agency)
{
    struct rh_card wanted;
    memset(&wanted, 0, sizeof wanted);
    memcpy(wanted.owner, agency->text, strlen(agency->text) + 1);
    return bsearch(&wanted, cards->cards, cards->count, sizeof wanted, by_owner);
}

uint32_t rh_cards_count(const struct rh_cards *cards)
{
    return cards->count;
}

const struct rh_card *rh_cards_at(const struct rh_cards *cards, uint32_t index)
{
    rh_assert(index < cards->count);
    return &cards->cards[index];
}
