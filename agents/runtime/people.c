#include "runtime/people.h"

#include <stdlib.h>
#include <string.h>

static void copy_text(char *out, size_t capacity, struct rh_bytes text)
{
    rh_assert(text.bytes < capacity); /* bounded when it was read */
    if (text.bytes > 0)
        memcpy(out, text.data, text.bytes);
    out[text.bytes] = '\0';
}

enum rh_err agent_people_keep(struct agent_spool *spool, const struct rh_referral_id *id,
                              const struct rh_private *content, const struct agent_said *said)
{
    struct agent_participant *row = calloc(1, sizeof *row);
    enum rh_err err = RH_OK;
    rh_assert(row != NULL);
    for (uint32_t i = 0; i < content->participant_count && err == RH_OK; i++) {
        const struct rh_participant *one = &content->participants[i];
        memset(row, 0, sizeof *row);
        row->agency = said->agency;
        copy_text(row->id, sizeof row->id, one->id);
        copy_text(row->name, sizeof row->name, one->name);
        copy_text(row->role, sizeof row->role, one->role);
        copy_text(row->unit, sizeof row->unit, one->unit);
        row->scope = one->scope;
        copy_text(row->from, sizeof row->from, one->from);
        copy_text(row->until, sizeof row->until, one->until);
        copy_text(row->basis, sizeof row->basis, one->basis);
        copy_text(row->ended, sizeof row->ended, one->ended);
        row->sent = said->sent;
        row->number = said->number;
        row->message_id = said->message_id;
        row->told_ms = said->told_ms;
        err = agent_spool_participant_add(spool, id, row);
    }
    rh_wipe(row, sizeof *row);
    free(row);
    return err;
}

/* How far a word is: what others said was stored when it came; our own is when its receipt
 * says so, under whatever number it was said last. */
static enum rh_err standing_of(struct agent_spool *spool, const struct agent_participant *word,
                               enum agent_sent_state *state, uint64_t *told_ms)
{
    struct agent_sent sent;
    *state = AGENT_STORED;
    *told_ms = word->told_ms;
    if (!word->sent)
        return RH_OK;
    enum rh_err err = agent_spool_sent_by_id(spool, &word->message_id, &sent);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
    *state = sent.state;
    *told_ms = sent.stored_ms;
    return RH_OK;
}

/* Take the next word about one person into what is known of him. */
static void take_word(struct agent_person *person, const struct agent_participant *word,
                      enum agent_sent_state state, uint64_t told_ms, bool *named)
{
    if (state == AGENT_REFUSED)
        return;
    person->waiting = state == AGENT_WAITING;
    if (state == AGENT_WAITING && *named)
        return; /* what was said before holds until the hub has this */
    if (word->ended[0] != '\0') {
        if (!*named)
            return; /* the end of nobody */
        memcpy(person->now.ended, word->ended, sizeof person->now.ended);
    } else {
        person->now = *word;
    }
    if (!*named)
        person->since_ms = told_ms;
    person->changed_ms = told_ms;
    *named = true;
}

static bool same_person(const struct agent_participant *a, const struct agent_participant *b)
{
    return strcmp(a->agency.text, b->agency.text) == 0 && strcmp(a->id, b->id) == 0;
}

/* All words about the person `word` is the first of; `word` becomes the first of the next, or
 * err RH_ERR_NOTFOUND. */
static enum rh_err gather(struct agent_spool *spool, const struct rh_referral_id *id,
                          struct agent_participant *word, struct agent_person *out, bool *named)
{
    struct agent_participant *first = malloc(sizeof *first);
    enum rh_err err = RH_OK;
    rh_assert(first != NULL);
    *first = *word;
    memset(out, 0, sizeof *out);
    *named = false;
    while (err == RH_OK && same_person(first, word)) {
        enum agent_sent_state state;
        uint64_t told_ms;
        err = standing_of(spool, word, &state, &told_ms);
        if (err != RH_OK)
            break;
        take_word(out, word, state, told_ms, named);
        err = agent_spool_participant_next(spool, id, word);
    }
    free(first);
    return err;
}

enum rh_err agent_people_next(struct agent_spool *spool, const struct rh_referral_id *id,
                              struct agent_person *at)
{
    struct agent_participant *word = calloc(1, sizeof *word);
    bool named = false;
    rh_assert(word != NULL);
    /* Behind every word about the one before. */
    word->agency = at->now.agency;
    memcpy(word->id, at->now.id, sizeof word->id);
    word->number = at->now.id[0] == '\0' ? 0 : UINT64_MAX;
    enum rh_err err = agent_spool_participant_next(spool, id, word);
    while (err == RH_OK && !named)
        err = gather(spool, id, word, at, &named);
    free(word);
    return err == RH_ERR_NOTFOUND && named ? RH_OK : err;
}

enum rh_err agent_people_find(struct agent_spool *spool, const struct rh_referral_id *id,
                              const struct rh_agency_id *agency, const char *person,
                              struct agent_person *out)
{
    struct agent_person *at = calloc(1, sizeof *at);
    uint32_t found = 0;
    enum rh_err err;
    rh_assert(at != NULL);
    while ((err = agent_people_next(spool, id, at)) == RH_OK) {
        if (strcmp(at->now.id, person) != 0 ||
            (agency != NULL && strcmp(at->now.agency.text, agency->text) != 0))
            continue;
        *out = *at;
        found++;
    }
    free(at);
    if (err != RH_ERR_NOTFOUND)
        return err;
    return found == 0 ? RH_ERR_NOTFOUND : found == 1 ? RH_OK : RH_ERR_EXISTS;
}

enum rh_err agent_people_words(struct agent_spool *spool, const struct rh_referral_id *id,
                               const struct rh_agency_id *agency, uint32_t *out)
{
    struct agent_participant *at = calloc(1, sizeof *at);
    enum rh_err err;
    rh_assert(at != NULL);
    *out = 0;
    while ((err = agent_spool_participant_next(spool, id, at)) == RH_OK)
        *out += strcmp(at->agency.text, agency->text) == 0 ? 1 : 0;
    free(at);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static bool is_before(const char *day, struct rh_date other)
{
    struct rh_date date;
    enum rh_err err = rh_date_parse(day, strlen(day), &date);
    return err != RH_OK || date.days < other.days;
}

enum agent_presence agent_people_presence(const struct agent_person *person,
                                          enum rh_state state, struct rh_date today)
{
    const struct agent_participant *now = &person->now;
    struct rh_date tomorrow = { .days = today.days + 1 };
    if (person->changed_ms == 0)
        return AGENT_NOT_STORED;
    if (now->ended[0] != '\0')
        return AGENT_ENDED;
    if (!is_before(now->from, tomorrow))
        return AGENT_NOT_YET;
    if (now->until[0] != '\0')
        return is_before(now->until, today) ? AGENT_OVER : AGENT_PRESENT;
    return rh_state_is_resting(state) ? AGENT_RESTS : AGENT_PRESENT;
}

const char *agent_presence_name(enum agent_presence presence)
{
    static const char *const names[] = { "present", "not_yet", "over", "ended", "rests",
                                         "waiting" };
    rh_assert((size_t)presence < sizeof names / sizeof names[0]);
    return names[presence];
}
