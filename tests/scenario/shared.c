/* Subscriptions: an operator gives and ends them, and what a subscriber was told is compared as a
 * whole, so that a field too many is noticed like a wrong one. */
#include "scenario/scenario.h"

#include <stdlib.h>
#include <string.h>

/* ---- the operator ------------------------------------------------------------------------- */

static void take_list(struct rht_play *play, bool good, const char *bad)
{
    if (!good)
        rht_stop(play, "%s is neither an event nor a field of a subscription", bad);
}

static void take_word(struct rht_play *play, struct rht_words *words, const char *what,
                      struct hub_subscription *wish)
{
    char bad[HUB_SHARE_WORD_BYTES];
    if (strcmp(what, "from") == 0 || strcmp(what, "until") == 0) {
        bool end = what[0] == 'u';
        *(end ? &wish->until_ms : &wish->from_ms) = rht_play_instant(play, words, end);
        return;
    }
    const char *value = rht_play_word(play, words, what);
    bool any = strcmp(value, "*") == 0;
    if (strcmp(what, "area") == 0)
        snprintf(wish->area, sizeof wish->area, "%s", any ? "" : value);
    else if (strcmp(what, "category") == 0)
        snprintf(wish->category, sizeof wish->category, "%s", any ? "" : value);
    else if (strcmp(what, "events") == 0)
        take_list(play, hub_share_read_events(value, &wish->events, bad), bad);
    else if (strcmp(what, "give") == 0)
        take_list(play, hub_share_read_masks(value, wish->masks, bad), bad);
    else
        rht_stop(play, "a subscription has no %s", what);
}

void rht_shared_operator(struct rht_play *play, struct rht_words *words, bool gives)
{
    struct hub_command command = { .type = HUB_COMMAND_SUBSCRIPTION,
                                   .operator_name = "scenario", .reason = "agreed" };
    struct hub_command_result result;
    struct hub_subscription *wish = &command.subscription;
    char bad[HUB_SHARE_WORD_BYTES];
    const char *what = rht_play_word(play, words, gives ? "an agency" : "a number");
    if (gives) {
        wish->agency = rht_stage_agency(play, what)->row.no;
        take_list(play, hub_share_read_masks("", wish->masks, bad), bad);
        snprintf(wish->basis, sizeof wish->basis, "scenario");
        while ((what = rht_words_next(words)) != NULL)
            take_word(play, words, what, wish);
    } else {
        wish->number = (uint32_t)strtoul(what, NULL, 10);
    }
    rht_must(play, hub_engine_command(play->engine, &command, &result), "a subscription");
    play->refused = result.refusal;
    rht_must(play, hub_engine_finish(play->engine), "a frame");
    rht_show_records(play);
}

/* ---- what a notice says -------------------------------------------------------------------- */

static void add(char *out, size_t capacity, const char *key, const char *value)
{
    size_t used = strlen(out);
    if (value[0] != '\0')
        snprintf(out + used, capacity - used, " %s=%s", key, value);
}

static void add_date(char *out, size_t capacity, const char *key, uint64_t at_ms,
                     const struct rh_fact *day, const struct rh_fact *month)
{
    char text[40] = "";
    if (at_ms != 0)
        rh_date_format(rh_date_of_instant(at_ms), text);
    else if (day != NULL)
        snprintf(text, sizeof text, "%04d-%02d-%02d", (int)(day->number / 10000),
                 (int)(day->number / 100 % 100), (int)(day->number % 100));
    else if (month != NULL)
        snprintf(text, sizeof text, "%04d-%02d", (int)(month->number / 100),
                 (int)(month->number % 100));
    add(out, capacity, key, text);
}

static void add_fact(char *out, size_t capacity, const struct rh_public *notice, const char *key)
{
    const struct rh_fact *fact = rh_public_fact(notice, key);
    add(out, capacity, key, fact != NULL ? fact->code : "");
}

/* "overdue category=labour area=620423 date=2026-08 ...", in the order of these fields. */
void rht_shared_text(const struct rh_public *notice, char *out, size_t capacity)
{
    snprintf(out, capacity, "%s", notice->code);
    add_fact(out, capacity, notice, "reference");
    add(out, capacity, "procedure", notice->procedure);
    add(out, capacity, "category", notice->category);
    add(out, capacity, "area", notice->area);
    add(out, capacity, "source", notice->source);
    add_date(out, capacity, "date", notice->occurred_ms, rh_public_fact(notice, "day"),
             rh_public_fact(notice, "month"));
    add_fact(out, capacity, notice, "state");
    add_fact(out, capacity, notice, "holder");
    add_date(out, capacity, "due", notice->due_ms == 0 ? 0 : notice->due_ms - 1,
             rh_public_fact(notice, "due_day"), rh_public_fact(notice, "due_month"));
    add_fact(out, capacity, notice, "outcome");
}

/* Word for word, but that "reference=*" is any. */
static bool is_same(const char *wanted, const char *is)
{
    const char *any = strstr(wanted, "reference=*");
    const char *there = strstr(is, "reference=");
    if (any == NULL)
        return strcmp(wanted, is) == 0;
    if (there == NULL || any - wanted != there - is ||
        strncmp(wanted, is, (size_t)(any - wanted)) != 0)
        return false;
    return strcmp(any + strlen("reference=*"), there + strcspn(there, " ")) == 0;
}

void rht_shared_expect(struct rht_play *play, struct rht_words *words)
{
    const struct rht_agency *agency =
        rht_stage_agency(play, rht_play_word(play, words, "an agency"));
    char wanted[RHT_SHARED_BYTES] = "";
    const char *word;
    while ((word = rht_words_next(words)) != NULL) {
        size_t used = strlen(wanted);
        snprintf(wanted + used, sizeof wanted - used, "%s%s", used > 0 ? " " : "", word);
    }
    if (!is_same(wanted, agency->shared))
        rht_fail(play, "%s was told: %s", agency->name,
                 agency->shared[0] != '\0' ? agency->shared : "nothing");
}
