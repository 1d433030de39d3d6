#include "audit/roster.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CARDS_MAX = 100000 };

void hub_roster_init(struct hub_roster *roster, struct hub_findings *findings)
{
    memset(roster, 0, sizeof *roster);
    roster->findings = findings;
}

void hub_roster_fini(struct hub_roster *roster)
{
    for (uint32_t no = 0; no < roster->agency_count; no++)
        free(roster->agencies[no].former);
    free(roster->agencies);
    free(roster->streams);
    free(roster->cards);
    memset(roster, 0, sizeof *roster);
}

/* ---- cards ----------------------------------------------------------------------------- */

static bool is_card_name(const char *name)
{
    size_t bytes = strlen(name);
    return bytes > 4 && name[0] != '.' && strcmp(name + bytes - 4, ".pub") == 0;
}

static enum rh_err read_card(struct hub_roster *roster, const char *dir, const char *name,
                             char *problem, size_t problem_bytes)
{
    char path[4096];
    struct rh_card card;
    if (roster->card_count == CARDS_MAX)
        return RH_ERR_FULL;
    int bytes = snprintf(path, sizeof path, "%s/%s", dir, name);
    enum rh_err err = bytes > 0 && (size_t)bytes < sizeof path ? rh_card_load(path, &card)
                                                               : RH_ERR_INVALID;
    if (err != RH_OK) {
        snprintf(problem, problem_bytes, "%s/%s: %s", dir, name, rh_err_text(err));
        return err;
    }
    struct rh_card *grown =
        realloc(roster->cards, (roster->card_count + 1) * sizeof *roster->cards);
    if (grown == NULL)
        return RH_ERR_NOMEM;
    roster->cards = grown;
    roster->cards[roster->card_count++] = card;
    return RH_OK;
}

enum rh_err hub_roster_read_cards(struct hub_roster *roster, const char *dir, char *problem,
                                  size_t problem_bytes)
{
    DIR *open_dir = opendir(dir);
    if (open_dir == NULL) {
        snprintf(problem, problem_bytes, "%s: %s", dir, rh_err_text(RH_ERR_NOTFOUND));
        return RH_ERR_NOTFOUND;
    }
    enum rh_err err = RH_OK;
    for (struct dirent *entry = readdir(open_dir); entry != NULL && err == RH_OK;
         entry = readdir(open_dir)) {
        if (is_card_name(entry->d_name))
            err = read_card(roster, dir, entry->d_name, problem, problem_bytes);
    }
    closedir(open_dir);
    return err;
}

/* Every key that both name must be the same; the signing key must be named by both. */
static bool agrees(const struct rh_card *given, const struct rh_card *row)
{
    if (!given->present[RH_KEY_SIGN] || !row->present[RH_KEY_SIGN])
        return false;
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        if (given->present[use] && row->present[use] &&
            memcmp(given->keys[use], row->keys[use], sizeof row->keys[use]) != 0)
            return false;
    }
    return true;
}

static bool vouched(struct hub_roster *roster, uint64_t index, const struct hub_agency *row)
{
    bool owned = false;
    for (size_t i = 0; i < roster->card_count; i++) {
        if (strcmp(roster->cards[i].owner, row->id.text) != 0)
            continue;
        if (agrees(&roster->cards[i], &row->card))
            return true;
        owned = true;
    }
    char fingerprint[RH_FINGERPRINT_BYTES];
    rh_card_fingerprint(&row->card, fingerprint);
    if (owned)
        hub_findings_say(
            roster->findings, HUB_FINDING_AGENCY_KEY, index,
            N_("%s: the enrolled keys have fingerprint %s, the cards given do not"),
            row->id.text, fingerprint);
    else if (roster->card_count > 0)
        hub_findings_say(roster->findings, HUB_FINDING_NO_AGENCY_CARD, index,
                         N_("%s, fingerprint %s"), row->id.text, fingerprint);
    return false;
}

/* ---- agencies -------------------------------------------------------------------------- */

static enum rh_err make_place(struct hub_roster *roster, uint32_t no)
{
    if (no < roster->agency_count)
        return RH_OK;
    uint32_t count = roster->agency_count == 0 ? 64 : roster->agency_count;
    while (count <= no)
        count *= 2;
    struct hub_roster_agency *grown =
        realloc(roster->agencies, count * sizeof *roster->agencies);
    if (grown == NULL)
        return RH_ERR_NOMEM;
    memset(grown + roster->agency_count, 0,
           (count - roster->agency_count) * sizeof *roster->agencies);
    roster->agencies = grown;
    roster->agency_count = count;
    return RH_OK;
}

/* Keep a signing key that is replaced: it tells a late signature from a forged one. */
static enum rh_err retire_key(struct hub_roster_agency *agency, const struct rh_card *card)
{
    struct rh_sign_public key;
    if (!hub_roster_sign_key(agency, &key) ||
        (card->present[RH_KEY_SIGN] &&
         memcmp(card->keys[RH_KEY_SIGN], key.bytes, sizeof key.bytes) == 0))
        return RH_OK;
    struct rh_sign_public *grown =
        realloc(agency->former, (agency->former_count + 1) * sizeof *agency->former);
    if (grown == NULL)
        return RH_ERR_NOMEM;
    agency->former = grown;
    agency->former[agency->former_count++] = key;
    return RH_OK;
}

enum rh_err hub_roster_change(struct hub_roster *roster, uint64_t index,
                              const struct hub_agency *row)
{
    if (row->no < HUB_AGENCY_FIRST || row->no >= HUB_ROSTER_AGENCIES_MAX) {
        hub_findings_say(roster->findings, HUB_FINDING_AGENCY, index,
                         N_("%s under the number %" PRIu32), row->id.text, row->no);
        return RH_OK;
    }
    enum rh_err err = make_place(roster, row->no);
    if (err != RH_OK)
        return err;
    struct hub_roster_agency *agency = &roster->agencies[row->no];
    err = agency->known ? retire_key(agency, &row->card) : RH_OK;
    if (err != RH_OK)
        return err;
    if (!agency->known)
        roster->enrolled++;
    if (row->card.owner[0] != '\0' && strcmp(row->card.owner, row->id.text) != 0)
        hub_findings_say(roster->findings, HUB_FINDING_AGENCY_KEY, index,
                         N_("%s was enrolled with the card of %s"), row->id.text,
                         row->card.owner);
    agency->known = true;
    agency->id = row->id;
    agency->state = row->state;
    agency->card = row->card;
    agency->vouched = vouched(roster, index, row);
    return RH_OK;
}

const struct hub_roster_agency *hub_roster_agency(const struct hub_roster *roster, uint32_t no)
{
    return no < roster->agency_count && roster->agencies[no].known ? &roster->agencies[no]
                                                                    : NULL;
}

const char *hub_roster_name(const struct hub_roster *roster, uint32_t no)
{
    const struct hub_roster_agency *agency = hub_roster_agency(roster, no);
    if (no == HUB_AGENCY_HUB)
        return "hub";
    return agency != NULL ? agency->id.text : "";
}

bool hub_roster_sign_key(const struct hub_roster_agency *agency, struct rh_sign_public *out)
{
    if (!agency->card.present[RH_KEY_SIGN])
        return false;
    memcpy(out->bytes, agency->card.keys[RH_KEY_SIGN], sizeof out->bytes);
    return true;
}

/* ---- streams --------------------------------------------------------------------------- */

static bool is_stream(const struct hub_roster_stream *stream, uint32_t agency,
                      const struct rh_epoch *epoch)
{
    return stream->agency == agency &&
           memcmp(stream->epoch.bytes, epoch->bytes, sizeof epoch->bytes) == 0;
}

/* Streams are few, one per life of a spool, and the newest are the ones asked for. */
struct hub_roster_stream *hub_roster_stream(struct hub_roster *roster, uint32_t agency,
                                            const struct rh_epoch *epoch)
{
    if (roster->last < roster->stream_count &&
        is_stream(&roster->streams[roster->last], agency, epoch))
        return &roster->streams[roster->last];
    for (size_t i = roster->stream_count; i-- > 0;) {
        if (is_stream(&roster->streams[i], agency, epoch)) {
            roster->last = i;
            return &roster->streams[i];
        }
    }
    return NULL;
}

enum rh_err hub_roster_open_stream(struct hub_roster *roster, uint32_t agency,
                                   const struct rh_epoch *epoch)
{
    if (roster->stream_count == roster->stream_capacity) {
        size_t capacity = roster->stream_capacity == 0 ? 64 : roster->stream_capacity * 2;
        struct hub_roster_stream *grown =
            realloc(roster->streams, capacity * sizeof *roster->streams);
        if (grown == NULL)
            return RH_ERR_NOMEM;
        roster->streams = grown;
        roster->stream_capacity = capacity;
    }
    roster->streams[roster->stream_count++] = (struct hub_roster_stream){
        .agency = agency, .epoch = *epoch, .next_n = 1, .damage = roster->damage
    };
    return RH_OK;
}

void hub_roster_take_number(struct hub_roster *roster, struct hub_roster_stream *stream,
                            uint64_t index, uint64_t n)
{
    bool certain = stream->damage == roster->damage;
    if (certain ? n != stream->next_n : n < stream->next_n) {
        struct hub_finding finding = hub_finding_make(
            HUB_FINDING_NUMBER, index, N_("%s: number %" PRIu64 ", expected %s%" PRIu64),
            hub_roster_name(roster, stream->agency), n, certain ? "" : _("at least "),
            stream->next_n);
        finding.count = 1;
        hub_findings_add(roster->findings, &finding);
    }
    if (n >= stream->next_n)
        stream->next_n = n + 1;
    stream->damage = roster->damage;
}
