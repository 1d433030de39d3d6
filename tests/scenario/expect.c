/* `expect`: what must be true. A line that does not hold is said with what it is instead. */
#include "scenario/scenario.h"

#include "core/lifecycle.h"

#include "views/month.h"

#include <rh/bulletin.h>
#include <rh/refusal.h>

#include <stdlib.h>
#include <string.h>

static struct hub_map *live(const struct rht_play *play)
{
    return hub_engine_views(play->engine)->map;
}

static const char *need(struct rht_play *play, struct rht_words *words, const char *what)
{
    return rht_play_word(play, words, what);
}

static uint64_t need_number(struct rht_play *play, struct rht_words *words)
{
    const char *word = need(play, words, "a number");
    char *end;
    uint64_t number = strtoull(word, &end, 10);
    if (*end != '\0' || end == word)
        rht_stop(play, "%s is no number", word);
    return number;
}

static enum rh_kind need_kind(struct rht_play *play, struct rht_words *words)
{
    const char *word = need(play, words, "a message kind");
    enum rh_kind kind = rh_kind_find(word, strlen(word));
    if (kind == RH_KIND_NONE)
        rht_stop(play, "there is no kind %s", word);
    return kind;
}

static uint32_t need_agency(struct rht_play *play, struct rht_words *words)
{
    const char *word = need(play, words, "an agency");
    if (strcmp(word, "none") == 0)
        return HUB_AGENCY_NONE;
    return strcmp(word, "hub") == 0 ? HUB_AGENCY_HUB : rht_stage_agency(play, word)->row.no;
}

static void same_text(struct rht_play *play, const char *what, const char *wanted,
                      const char *is)
{
    if (strcmp(wanted, is) != 0)
        rht_fail(play, "%s: expected %s, is %s", what, wanted, is[0] != '\0' ? is : "none");
}

static void same_number(struct rht_play *play, const char *what, uint64_t wanted, uint64_t is)
{
    if (wanted != is)
        rht_fail(play, "%s: expected %llu, is %llu", what, (unsigned long long)wanted,
                 (unsigned long long)is);
}

/* ---- clocks ------------------------------------------------------------------------------ */

static const char *const statuses[] = { "none", "running", "paused", "met", "late",
                                        "missed", "cancelled", "lapsed" };

static const struct hub_deadline *newest(const struct hub_referral *row, const char *limit)
{
    const struct hub_deadline *found = NULL;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (strcmp(deadline->limit, limit) == 0 &&
            (found == NULL || deadline->serial > found->serial))
            found = deadline;
    }
    return found;
}

static void describe(const struct hub_deadline *deadline, char *out, size_t capacity)
{
    if (deadline == NULL) {
        snprintf(out, capacity, "none");
        return;
    }
    char end[RH_INSTANT_TEXT_BYTES], start[RH_INSTANT_TEXT_BYTES];
    char nominal[RH_DATE_TEXT_BYTES];
    rh_instant_format_end(deadline->end_ms, end);
    rh_instant_format(deadline->start_ms, start);
    rh_date_format((struct rh_date){ deadline->nominal }, nominal);
    snprintf(out, capacity, "%s, due %s, nominal %s, since %s, round %u",
             statuses[deadline->status], end, nominal, start, deadline->round);
}

static bool status_named(const char *word)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (strcmp(word, statuses[i]) == 0)
            return true;
    }
    return false;
}

/* Behind "clock ID": one or more of due, nominal, since, round, owed-by, a status. */
static void expect_clock(struct rht_play *play, struct rht_words *words,
                         const struct hub_referral *row)
{
    const char *limit = need(play, words, "a clock");
    const struct hub_deadline *deadline = newest(row, limit);
    bool holds = true;
    for (;;) {
        const char *next = words->at < words->line->count ? words->line->words[words->at] : "";
        if (rht_words_pass(words, "due")) {
            uint64_t end_ms = rht_play_instant(play, words, true);
            holds = holds && deadline != NULL && hub_deadline_is_owed(deadline) &&
                    deadline->end_ms == end_ms;
        } else if (rht_words_pass(words, "nominal")) {
            uint64_t day_ms = rht_play_instant(play, words, false);
            holds = holds && deadline != NULL &&
                    rh_date_start_ms((struct rh_date){ deadline->nominal }) == day_ms;
        } else if (rht_words_pass(words, "since")) {
            uint64_t start_ms = rht_play_instant(play, words, false);
            holds = holds && deadline != NULL && deadline->start_ms == start_ms;
        } else if (rht_words_pass(words, "round")) {
            uint64_t round = need_number(play, words);
            holds = holds && deadline != NULL && deadline->round == round;
        } else if (rht_words_pass(words, "owed-by")) {
            uint32_t agency = need_agency(play, words);
            holds = holds && deadline != NULL && deadline->owed_by == agency;
        } else if (rht_words_pass(words, "provisional")) {
            holds = holds && deadline != NULL && deadline->provisional;
        } else if (status_named(next)) {
            words->at++;
            const char *is = deadline != NULL ? statuses[deadline->status] : "none";
            holds = holds && strcmp(next, is) == 0;
        } else {
            break;
        }
    }
    char text[200];
    describe(deadline, text, sizeof text);
    if (!holds)
        rht_fail(play, "clock %s is %s", limit, text);
}

/* ---- a matter ---------------------------------------------------------------------------- */

static bool expect_agency(struct rht_play *play, struct rht_words *words,
                          const struct hub_referral *row)
{
    static const char *const names[] = { "holder", "sender", "addressee", "origin" };
    const uint32_t numbers[] = { row->holder, row->sender, row->addressee, row->origin };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!rht_words_pass(words, names[i]))
            continue;
        uint32_t wanted = need_agency(play, words);
        same_text(play, names[i], rht_stage_name(play, wanted),
                  rht_stage_name(play, numbers[i]));
        return true;
    }
    return false;
}

static bool expect_count(struct rht_play *play, struct rht_words *words,
                         const struct hub_referral *row)
{
    static const char *const names[] = { "level", "bounced", "reopened", "rejected",
                                         "parts", "open", "reviews" };
    const uint32_t numbers[] = { row->escalation, row->bounce_count, row->reopen_count,
                                 row->reject_count, row->child_count, row->child_open,
                                 row->review_open };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!rht_words_pass(words, names[i]))
            continue;
        same_number(play, names[i], need_number(play, words), numbers[i]);
        return true;
    }
    return false;
}

static bool expect_link(struct rht_play *play, struct rht_words *words,
                        const struct hub_referral *row)
{
    static const char *const names[] = { "root", "parent", "repeats", "into" };
    const struct rh_referral_id *const ids[] = { &row->root, &row->parent, &row->repeat_of,
                                                 &row->merged_into };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!rht_words_pass(words, names[i]))
            continue;
        const char *wanted = need(play, words, "a matter");
        same_text(play, names[i], wanted, rht_stage_matter_name(play, ids[i]));
        return true;
    }
    return false;
}

static void expect_arrived(struct rht_play *play, struct rht_words *words,
                           const struct hub_referral *row)
{
    char text[RH_INSTANT_TEXT_BYTES];
    bool never = rht_words_pass(words, "never");
    uint64_t at_ms = never ? 0 : rht_play_instant(play, words, false);
    rh_instant_format(row->arrived_ms, text);
    if (row->arrived == never || row->arrived_ms != at_ms)
        rht_fail(play, "arrived: is %s", row->arrived ? text : "never");
}

static void expect_flag(struct rht_play *play, const char *what, bool wanted, bool is)
{
    if (wanted != is)
        rht_fail(play, "%s: expected %s, is not so", what, wanted ? "yes" : "no");
}

/* "hit RULE MATTER", "hits N", "repeat", "no-repeat": what screening has marked it with. */
static bool expect_screening(struct rht_play *play, struct rht_words *words,
                             const struct hub_referral *row)
{
    if (rht_words_pass(words, "repeat")) {
        expect_flag(play, "repeat", true, row->repeat);
    } else if (rht_words_pass(words, "no-repeat")) {
        expect_flag(play, "a repeat", false, row->repeat);
    } else if (rht_words_pass(words, "hits")) {
        same_number(play, "hits", need_number(play, words), row->hit_count);
    } else if (rht_words_pass(words, "hit")) {
        const char *rule = need(play, words, "a rule");
        const char *wanted = need(play, words, "a matter");
        const char *is = "-";
        for (uint32_t i = 0; i < row->hit_count; i++) {
            if (strcmp(row->hits[i].rule, rule) == 0)
                is = rht_stage_matter_name(play, &row->hits[i].id);
        }
        same_text(play, rule, wanted, is);
    } else {
        return false;
    }
    return true;
}

/* "fact NAME KEY VALUE": the newest word of the hub itself to that agency said so. */
static void expect_fact(struct rht_play *play, struct rht_words *words)
{
    const struct rht_agency *agency = rht_stage_agency(play, need(play, words, "an agency"));
    const char *key = need(play, words, "a fact");
    const char *wanted = need(play, words, "a value");
    char is[RH_CODE_BYTES_MAX + 24] = "nothing";
    for (uint32_t i = 0; i < agency->fact_count; i++) {
        const struct rh_fact *fact = &agency->facts[i];
        if (strcmp(fact->key, key) != 0)
            continue;
        if (fact->is_number)
            snprintf(is, sizeof is, "%lld", (long long)fact->number);
        else
            snprintf(is, sizeof is, "%s", fact->code);
    }
    same_text(play, key, wanted, is);
}

/* "hot-spot RULE AREA count N warned N": in the window that ends today, and the count of the
 * newest warning. */
static void expect_hot_spot(struct rht_play *play, struct rht_words *words)
{
    struct hub_hot hot;
    const char *rule = need(play, words, "a rule");
    const char *area = need(play, words, "an area");
    rht_must(play, hub_views_hot(live(play), rule, area, &hot), "a hot spot");
    int32_t today = rh_date_of_instant(hub_engine_now(play->engine)).days;
    if (rht_words_pass(words, "count"))
        same_number(play, "count", need_number(play, words),
                    hub_hot_total(&hot, today, hot.warned_days));
    if (rht_words_pass(words, "warned"))
        same_number(play, "warned", need_number(play, words), hot.warned_count);
}

/* "query-code MATTER": the matter's code leads to it, however a person types it, and is told to
 * nobody by its look. */
static void expect_query_code(struct rht_play *play, struct rht_words *words)
{
    char tidy[HUB_QUERY_CODE_BYTES];
    uint64_t rno = 0;
    uint32_t place = rht_stage_matter_named(play, need(play, words, "a matter"));
    if (place == 0)
        rht_stop(play, "there is no such matter");
    struct hub_map *map = live(play);
    rht_must(play, hub_views_referral_by_id(map, &play->matters[place - 1].id, &play->row),
             "the matter");
    char typed[HUB_QUERY_CODE_BYTES];
    for (size_t i = 0; i < sizeof typed; i++)
        typed[i] = play->row.query_code[i] == '-' ? ' ' : play->row.query_code[i];
    if (!hub_query_code_tidy(typed, tidy) ||
        hub_views_query_code(map, tidy, &rno) != RH_OK || rno != play->row.rno)
        rht_fail(play, "the query code %s does not lead to it", play->row.query_code);
}

static void expect_row(struct rht_play *play, struct rht_words *words,
                       const struct hub_referral *row)
{
    while (words->at < words->line->count) {
        if (rht_words_pass(words, "as-of")) {
            (void)rht_play_instant(play, words, false);
        } else if (rht_words_pass(words, "state")) {
            same_text(play, "state", need(play, words, "a state"), rh_state_name(row->state));
        } else if (rht_words_pass(words, "lane")) {
            same_text(play, "lane", need(play, words, "a lane"), rh_lane_name(row->lane));
        } else if (rht_words_pass(words, "outcome")) {
            same_text(play, "outcome", need(play, words, "a code"), row->outcome);
        } else if (rht_words_pass(words, "procedure")) {
            same_text(play, "procedure", need(play, words, "a code"), row->procedure);
        } else if (rht_words_pass(words, "number")) {
            same_text(play, "number", need(play, words, "a number"), row->number);
        } else if (rht_words_pass(words, "arrived")) {
            expect_arrived(play, words, row);
        } else if (rht_words_pass(words, "sealed")) {
            expect_flag(play, "sealed", true, row->sealed);
        } else if (rht_words_pass(words, "designated")) {
            expect_flag(play, "designated", true, row->designated);
        } else if (rht_words_pass(words, "clock")) {
            expect_clock(play, words, row);
        } else if (!expect_agency(play, words, row) && !expect_count(play, words, row) &&
                   !expect_link(play, words, row) &&
                   !expect_screening(play, words, row)) {
            rht_stop(play, "a matter has no %s", words->line->words[words->at]);
        }
    }
}

/* "as-of DATE TIME" anywhere in the line: the instant, else 0. */
static uint64_t as_of(struct rht_play *play, const struct rht_line *line)
{
    for (uint32_t i = 0; i < line->count; i++) {
        struct rht_words words = { .line = line, .at = i };
        if (rht_words_pass(&words, "as-of"))
            return rht_play_instant(play, &words, false);
    }
    return 0;
}

static void expect_matter(struct rht_play *play, struct rht_words *words)
{
    const char *name = need(play, words, "a matter");
    uint32_t place = rht_stage_matter_named(play, name);
    if (place == 0)
        rht_stop(play, "there is no matter %s", name);
    uint64_t until_ms = as_of(play, words->line);
    struct rht_past *past = until_ms != 0 ? rht_ledger_replay(play, until_ms) : NULL;
    struct hub_map *map = past != NULL ? rht_ledger_map(past) : live(play);
    enum rh_err err = hub_views_referral_by_id(map, &play->matters[place - 1].id, &play->row);
    rht_ledger_forget(&past);
    if (rht_words_pass(words, "unknown")) {
        expect_flag(play, "unknown", true, err == RH_ERR_NOTFOUND);
        return;
    }
    if (err != RH_OK) {
        rht_fail(play, "%s: the hub has no such referral", name);
        return;
    }
    expect_row(play, words, &play->row);
}

/* ---- what agencies have and see --------------------------------------------------------- */

static uint32_t named_matter(struct rht_play *play, const char *name)
{
    return strcmp(name, "-") == 0 ? 0 : rht_stage_matter_named(play, name);
}

static void put_taken(const struct rht_play *play, const struct rht_agency *agency,
                      uint32_t from, char *out, size_t capacity)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = from; i < agency->taken_count && used < capacity; i++) {
        const struct rht_taken *taken = &agency->taken[i];
        const char *name = taken->matter != 0 ? play->matters[taken->matter - 1].name : "-";
        int bytes = snprintf(out + used, capacity - used, "%s%s%s %s", used > 0 ? ", " : "",
                             taken->tombstone ? "gone " : "", rh_kind_name(taken->kind), name);
        used += bytes > 0 ? (size_t)bytes : 0;
    }
}

/* "taken NAME nothing" or "taken NAME KIND MATTER KIND MATTER ...": the last take, in order.
 * "gone KIND MATTER" is a tombstone. */
static void expect_taken(struct rht_play *play, struct rht_words *words)
{
    const struct rht_agency *agency =
        rht_stage_agency(play, need(play, words, "an agency"));
    char text[1000];
    put_taken(play, agency, agency->taken_before, text, sizeof text);
    uint32_t at = agency->taken_before;
    bool holds = true;
    if (rht_words_pass(words, "nothing"))
        holds = at == agency->taken_count;
    while (words->at < words->line->count) {
        bool gone = rht_words_pass(words, "gone");
        enum rh_kind kind = need_kind(play, words);
        uint32_t matter = named_matter(play, need(play, words, "a matter"));
        const struct rht_taken *taken = &agency->taken[at];
        holds = holds && at < agency->taken_count && taken->kind == kind &&
                taken->matter == matter && taken->tombstone == gone;
        at++;
    }
    if (!holds || at != agency->taken_count)
        rht_fail(play, "%s took: %s", agency->name, text[0] != '\0' ? text : "nothing");
}

/* "got NAME KIND MATTER [N]": ever, at least once or exactly N times. */
static void expect_got(struct rht_play *play, struct rht_words *words)
{
    const struct rht_agency *agency =
        rht_stage_agency(play, need(play, words, "an agency"));
    enum rh_kind kind = need_kind(play, words);
    uint32_t matter = named_matter(play, need(play, words, "a matter"));
    uint64_t times = 0;
    for (uint32_t i = 0; i < agency->taken_count; i++) {
        const struct rht_taken *taken = &agency->taken[i];
        times += taken->kind == kind && taken->matter == matter && !taken->tombstone ? 1 : 0;
    }
    if (words->at < words->line->count)
        same_number(play, "times", need_number(play, words), times);
    else if (times == 0)
        rht_fail(play, "%s has not got it", agency->name);
}

static bool is_party(const struct hub_referral *row, uint32_t agency)
{
    for (uint32_t i = 0; i < row->party_count; i++) {
        if (row->parties[i] == agency)
            return true;
    }
    return false;
}

static uint64_t held_about(const struct rht_agency *agency, uint32_t matter)
{
    uint64_t times = 0;
    for (uint32_t i = 0; i < agency->taken_count; i++)
        times += agency->taken[i].matter == matter ? 1 : 0;
    return times;
}

static uint64_t waiting(struct rht_play *play, uint32_t agency, uint64_t rno)
{
    uint64_t count = 0;
    for (int lane = 0; lane < RH_LANE_COUNT; lane++) {
        uint32_t from = 0;
        struct hub_queued queued;
        while (hub_views_queue_sender(live(play), agency, (enum rh_lane)lane, &from) == RH_OK) {
            uint64_t at = 0;
            while (hub_views_queue_head(live(play), agency, (enum rh_lane)lane, from, at,
                                        &queued) == RH_OK) {
                count += rno == 0 || queued.rno == rno ? 1 : 0;
                at = queued.pair_seq + 1;
            }
        }
    }
    return count;
}

/* "nothing for NAME MATTER": it neither has nor awaits anything about it, nor may it look. */
static void expect_nothing(struct rht_play *play, struct rht_words *words)
{
    if (!rht_words_pass(words, "for"))
        rht_stop(play, "write `expect nothing for NAME MATTER`");
    const struct rht_agency *agency =
        rht_stage_agency(play, need(play, words, "an agency"));
    const char *name = need(play, words, "a matter");
    uint32_t matter = named_matter(play, name);
    if (matter == 0)
        rht_stop(play, "there is no matter %s", name);
    rht_must(play,
             hub_views_referral_by_id(live(play), &play->matters[matter - 1].id, &play->row),
             name);
    same_number(play, "messages it has", 0, held_about(agency, matter));
    same_number(play, "messages it awaits", 0, waiting(play, agency->row.no, play->row.rno));
    expect_flag(play, "among the parties", false, is_party(&play->row, agency->row.no));
}

static void expect_sees(struct rht_play *play, struct rht_words *words)
{
    const struct rht_agency *agency =
        rht_stage_agency(play, need(play, words, "an agency"));
    const char *name = need(play, words, "a matter");
    uint32_t matter = named_matter(play, name);
    if (matter == 0 || hub_views_referral_by_id(live(play), &play->matters[matter - 1].id,
                                                &play->row) != RH_OK)
        rht_stop(play, "there is no matter %s", name);
    expect_flag(play, "among the parties", true, is_party(&play->row, agency->row.no));
    expect_row(play, words, &play->row);
}

static void expect_waiting(struct rht_play *play, struct rht_words *words)
{
    const struct rht_agency *agency =
        rht_stage_agency(play, need(play, words, "an agency"));
    same_number(play, "waiting", need_number(play, words), waiting(play, agency->row.no, 0));
}

/* "body NAME KIND MATTER text": the newest such message said this. */
static void expect_body(struct rht_play *play, struct rht_words *words)
{
    const struct rht_agency *agency =
        rht_stage_agency(play, need(play, words, "an agency"));
    enum rh_kind kind = need_kind(play, words);
    uint32_t matter = named_matter(play, need(play, words, "a matter"));
    const char *wanted = need(play, words, "the text");
    for (uint32_t i = agency->taken_count; i > 0; i--) {
        const struct rht_taken *taken = &agency->taken[i - 1];
        if (taken->kind != kind || taken->matter != matter)
            continue;
        same_text(play, "body", wanted, taken->body != NULL ? taken->body : "");
        return;
    }
    rht_fail(play, "%s has no such message", agency->name);
}

/* ---- what the hub recorded -------------------------------------------------------------- */

/* "noted KIND MATTER [clock ID] [to NAME] [level N] [on DATE TIME] [times N]": so often, once
 * if it is not said, among what the hub did by itself. */
static void expect_noted(struct rht_play *play, struct rht_words *words)
{
    enum rh_kind kind = need_kind(play, words);
    uint32_t matter = named_matter(play, need(play, words, "a matter"));
    const char *limit = NULL;
    uint64_t at_ms = 0, wanted = 1, level = 0, times = 0;
    uint32_t agency = 0;
    while (words->at < words->line->count) {
        if (rht_words_pass(words, "clock"))
            limit = need(play, words, "a clock");
        else if (rht_words_pass(words, "to"))
            agency = need_agency(play, words);
        else if (rht_words_pass(words, "level"))
            level = need_number(play, words);
        else if (rht_words_pass(words, "on"))
            at_ms = rht_play_instant(play, words, false);
        else if (rht_words_pass(words, "times"))
            wanted = need_number(play, words);
        else
            rht_stop(play, "a note has no %s", words->line->words[words->at]);
    }
    char last[RH_INSTANT_TEXT_BYTES] = "never";
    for (uint32_t i = 0; i < play->note_count; i++) {
        const struct rht_note *note = &play->notes[i];
        if (note->kind != kind || note->matter != matter ||
            (limit != NULL && strcmp(limit, note->limit) != 0))
            continue;
        rh_instant_format(note->at_ms, last);
        if ((at_ms == 0 || at_ms == note->at_ms) && (agency == 0 || agency == note->agency) &&
            (level == 0 || level == note->level))
            times++;
    }
    if (times != wanted)
        rht_fail(play, "noted: expected %llu, is %llu, the last at %s",
                 (unsigned long long)wanted, (unsigned long long)times, last);
}

/* "steps MATTER KIND KIND ...": everything that was done to it, in order; the hub's own
 * records are `hub`. */
static void expect_steps(struct rht_play *play, struct rht_words *words)
{
    const char *name = need(play, words, "a matter");
    uint32_t matter = named_matter(play, name);
    char is[1000] = "", wanted[1000] = "";
    if (matter == 0 || hub_views_referral_by_id(live(play), &play->matters[matter - 1].id,
                                                &play->row) != RH_OK)
        rht_stop(play, "there is no matter %s", name);
    uint64_t index = 0, rno = play->row.rno;
    enum rh_kind kind;
    size_t used = 0;
    while (hub_views_timeline_next(live(play), rno, &index, &kind) == RH_OK) {
        if (kind == RH_KIND_ACK || kind == RH_KIND_NONE)
            continue;
        int bytes = snprintf(is + used, sizeof is - used, " %s", rh_kind_name(kind));
        used += bytes > 0 && used + (size_t)bytes < sizeof is ? (size_t)bytes : 0;
    }
    used = 0;
    while (words->at < words->line->count) {
        int bytes = snprintf(wanted + used, sizeof wanted - used, " %s",
                             need(play, words, "a kind"));
        used += bytes > 0 && used + (size_t)bytes < sizeof wanted ? (size_t)bytes : 0;
    }
    same_text(play, "steps", wanted, is);
}

/* A column of a month's figures: expect month 2026-05 missed is 2. */
static void expect_month(struct rht_play *play, struct rht_words *words)
{
    const char *month = need(play, words, "a month");
    const char *name = need(play, words, "a column");
    uint64_t sums[RH_COLUMN_COUNT];
    unsigned column = 0;
    while (column < RH_COLUMNS_TOLD && strcmp(rh_column_name(column), name) != 0)
        column++;
    if (column == RH_COLUMNS_TOLD || strlen(month) != 7 || !rht_words_pass(words, "is"))
        rht_stop(play, "write `expect month 2026-05 COLUMN is N`");
    const uint32_t number =
        (uint32_t)(strtoul(month, NULL, 10) * 100 + strtoul(month + 5, NULL, 10));
    rht_must(play, hub_month_sum(hub_engine_views(play->engine), number, "", sums), month);
    same_number(play, name, need_number(play, words), sums[column]);
}

static void expect_figure(struct rht_play *play, struct rht_words *words)
{
    const char *name = need(play, words, "a figure");
    uint64_t value = 0;
    if (!rht_words_pass(words, "is"))
        rht_stop(play, "write `expect figure NAME is N`");
    rht_must(play, hub_views_save(hub_engine_views(play->engine)), "figures");
    rht_must(play, hub_views_count(live(play), name, &value), name);
    same_number(play, name, need_number(play, words), value);
}

static void expect_external(struct rht_play *play, struct rht_words *words)
{
    struct rh_external external = { 0 };
    const char *system = need(play, words, "a system");
    const char *number = need(play, words, "a number");
    const char *wanted = need(play, words, "a matter, or unknown");
    uint64_t rno;
    snprintf(external.system, sizeof external.system, "%s", system);
    rh_external_hash(play->external_key, system,
                     (struct rh_bytes){ (const uint8_t *)number, strlen(number) },
                     &external.hash);
    const char *is = "unknown";
    if (hub_views_external(live(play), &external, &rno) == RH_OK) {
        rht_must(play, hub_views_referral(live(play), rno, &play->row), "a referral");
        is = rht_stage_matter_name(play, &play->row.id);
    }
    same_text(play, "external", wanted, is);
}

/* "route CATEGORY AREA to ROLE procedure P", or "nowhere": the routing map's answer. */
static void expect_route(struct rht_play *play, struct rht_words *words)
{
    const char *category = need(play, words, "a category");
    const char *area = need(play, words, "an area");
    const struct rh_routing *entry =
        rh_rules_route(hub_engine_rules(play->engine), category, area);
    if (rht_words_pass(words, "nowhere")) {
        same_text(play, "route", "nowhere", entry == NULL ? "nowhere" : entry->to);
        return;
    }
    while (words->at < words->line->count) {
        bool to = rht_words_pass(words, "to");
        if (!to && !rht_words_pass(words, "procedure"))
            rht_stop(play, "a route has no %s", words->line->words[words->at]);
        char is[RH_CODE_BYTES_MAX + 1] = "nowhere";
        if (entry != NULL)
            snprintf(is, sizeof is, "%s", to ? entry->to : entry->procedure);
        size_t bytes = strlen(is);
        if (bytes > 0 && is[bytes - 1] == '.') /* a role: the agency of the area */
            is[bytes - 1] = '\0';
        same_text(play, "route", need(play, words, "where to"), is);
    }
}

static void expect_refused(struct rht_play *play, struct rht_words *words)
{
    enum rh_refusal wanted;
    const char *word = need(play, words, "a code");
    char is[RH_REFUSAL_TEXT_BYTES];
    if (rh_refusal_parse(word, &wanted) != RH_OK)
        rht_stop(play, "there is no refusal %s", word);
    rh_refusal_format(play->refused, is);
    same_text(play, "refused", word, play->refused == 0 ? "stored" : is);
    play->refused = 0;
}

/* ---- the line --------------------------------------------------------------------------- */

static void expect_replay(struct rht_play *play, struct rht_words *words)
{
    (void)words;
    rht_ledger_same(play);
}

static void expect_tampering(struct rht_play *play, struct rht_words *words)
{
    (void)words;
    rht_ledger_tamper(play);
}

static void expect_absent(struct rht_play *play, struct rht_words *words)
{
    rht_ledger_absent(play, need(play, words, "a text"));
}

/* What an agency shows a participant is its agent's doing: the engine has no part in it, and
 * cannot read whom the message names. Played by the real programs alone. */
static void expect_shown(struct rht_play *play, struct rht_words *words)
{
    play->checks--;
    while (rht_words_next(words) != NULL)
        continue;
}

static void expect_matters(struct rht_play *play, struct rht_words *words)
{
    rht_ledger_count(play, words, false);
}

static void expect_clocks(struct rht_play *play, struct rht_words *words)
{
    rht_ledger_count(play, words, true);
}

void rht_expect_line(struct rht_play *play, struct rht_words *words)
{
    static const struct {
        const char *word;
        void (*look)(struct rht_play *play, struct rht_words *words);
    } forms[] = {
        { "refused", expect_refused }, { "taken", expect_taken },
        { "got", expect_got },         { "nothing", expect_nothing },
        { "sees", expect_sees },       { "waiting", expect_waiting },
        { "body", expect_body },       { "noted", expect_noted },
        { "steps", expect_steps },     { "figure", expect_figure },
        { "month", expect_month },
        { "count", expect_matters },   { "clocks", expect_clocks },
        { "external", expect_external }, { "route", expect_route },
        { "replay", expect_replay },   { "tampering", expect_tampering },
        { "absent", expect_absent },   { "fact", expect_fact },
        { "shown", expect_shown },     { "shared", rht_shared_expect },
        { "query-code", expect_query_code }, { "hot-spot", expect_hot_spot },
    };
    if (play->engine == NULL)
        rht_stop(play, "nothing can be expected before the first `at`");
    play->checks++;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (rht_words_pass(words, forms[i].word)) {
            forms[i].look(play, words);
            return;
        }
    }
    expect_matter(play, words);
}

/* ---- the trace -------------------------------------------------------------------------- */

void rht_expect_trace(struct rht_play *play, const char *line)
{
    char *at = play->trace + play->trace_from;
    size_t bytes = strcspn(at, "\n");
    play->checks++;
    if (line == NULL) {
        if (*at != '\0')
            rht_fail(play, "the trace goes on: %.*s", (int)bytes, at);
        play->trace_from = play->trace_bytes;
        return;
    }
    if (strlen(line) != bytes || strncmp(line, at, bytes) != 0)
        rht_fail(play, "trace: expected the line below, is\n    %.*s",
                 (int)bytes, *at != '\0' ? at : "(at its end)");
    play->trace_from += bytes + (at[bytes] == '\n' ? 1 : 0);
}
