/* From the first line to the last: who is in it, what time it is, who does what. */
#include "scenario/scenario.h"

#include "support/rht.h"

#include <rh/refusal.h>
#include <rh/text.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- trouble ---------------------------------------------------------------------------- */

static uint32_t line_number(const struct rht_play *play)
{
    return play->line != NULL ? play->line->number : 0;
}

void rht_stop(const struct rht_play *play, const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "%s:%u: ", play->script->path, line_number(play));
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

void rht_fail(struct rht_play *play, const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "%s:%u: ", play->script->path, line_number(play));
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n    %s\n", play->line != NULL ? play->line->whole : "");
    play->failures++;
}

void rht_must(const struct rht_play *play, enum rh_err err, const char *what)
{
    if (err != RH_OK)
        rht_stop(play, "%s: %s", what, rh_err_text(err));
}

/* ---- words ------------------------------------------------------------------------------ */

const char *rht_play_word(struct rht_play *play, struct rht_words *words, const char *what)
{
    const char *word = rht_words_next(words);
    if (word == NULL)
        rht_stop(play, "%s is missing at the end of the line", what);
    return word;
}

static bool parse_time(const char *text, uint64_t *out_ms)
{
    if (strlen(text) != 5 || text[2] != ':')
        return false;
    static const size_t places[] = { 0, 1, 3, 4 };
    for (size_t i = 0; i < 4; i++) {
        if (text[places[i]] < '0' || text[places[i]] > '9')
            return false;
    }
    uint64_t hours = (uint64_t)((text[0] - '0') * 10 + (text[1] - '0'));
    uint64_t minutes = (uint64_t)((text[3] - '0') * 10 + (text[4] - '0'));
    *out_ms = hours * RH_HOUR_MS + minutes * 60000;
    return hours < 24 && minutes < 60;
}

uint64_t rht_play_instant(struct rht_play *play, struct rht_words *words, bool end)
{
    const char *day = rht_play_word(play, words, "a day");
    struct rh_date date;
    uint64_t time_ms;
    if (rh_date_parse(day, strlen(day), &date) != RH_OK)
        rht_stop(play, "%s is no day; write 2026-09-23", day);
    if (words->at < words->line->count && parse_time(words->line->words[words->at], &time_ms)) {
        words->at++;
        return rh_date_start_ms(date) + time_ms;
    }
    return end ? rh_date_end_ms(date) : rh_date_start_ms(date);
}

static void no_more(struct rht_play *play, struct rht_words *words)
{
    const char *word = rht_words_next(words);
    if (word != NULL)
        rht_stop(play, "what does %s mean here?", word);
}

/* ---- head of the script ------------------------------------------------------------------ */

static void copy_text(struct rht_play *play, char *out, size_t capacity, const char *text)
{
    if (strlen(text) >= capacity)
        rht_stop(play, "too long: %s", text);
    memcpy(out, text, strlen(text) + 1);
}

static void cut_division(char *out, size_t capacity, const char *id)
{
    const char *dot = strchr(id, '.');
    snprintf(out, capacity, "%.12s", dot != NULL ? dot + 1 : "");
}

static void take_agency_word(struct rht_play *play, struct rht_agency *agency,
                             struct rht_words *words, const char *word)
{
    struct hub_agency *row = &agency->row;
    const char *value = rht_play_word(play, words, word);
    if (strcmp(word, "as") == 0)
        copy_text(play, agency->name, sizeof agency->name, value);
    else if (strcmp(word, "role") == 0)
        copy_text(play, row->role, sizeof row->role, value);
    else if (strcmp(word, "superior") == 0)
        copy_text(play, agency->superior, sizeof agency->superior, value);
    else if (strcmp(word, "area") == 0)
        copy_text(play, row->area, sizeof row->area, value);
    else if (strcmp(word, "zh") == 0)
        copy_text(play, row->name_zh, sizeof row->name_zh, value);
    else if (strcmp(word, "en") == 0)
        copy_text(play, row->name_en, sizeof row->name_en, value);
    else
        rht_stop(play, "an agency has no %s", word);
}

static void do_agency(struct rht_play *play, struct rht_words *words)
{
    if (play->engine != NULL)
        rht_stop(play, "agencies come before the first `at`");
    if (play->agency_count == RHT_CAST_MAX)
        rht_stop(play, "too many agencies");
    struct rht_agency *agency = &play->agencies[play->agency_count];
    const char *id = rht_play_word(play, words, "an agency id"), *word;
    if (rh_agency_id_parse(id, strlen(id), &agency->row.id) != RH_OK)
        rht_stop(play, "%s is no agency id", id);
    rh_agency_role(&agency->row.id, agency->row.role);
    rh_agency_role(&agency->row.id, agency->name);
    cut_division(agency->row.area, sizeof agency->row.area, id);
    while ((word = rht_words_next(words)) != NULL)
        take_agency_word(play, agency, words, word);
    if (agency->row.name_zh[0] == '\0')
        copy_text(play, agency->row.name_zh, sizeof agency->row.name_zh, id);
    for (uint32_t i = 0; i < play->agency_count; i++) {
        if (strcmp(play->agencies[i].name, agency->name) == 0)
            rht_stop(play, "two agencies are called %s; name one with `as`", agency->name);
    }
    play->agency_count++;
}

static void take_both(struct rht_play *play, struct rht_words *words, const char **zh,
                      const char **en)
{
    *zh = *en = "";
    const char *word;
    while ((word = rht_words_next(words)) != NULL) {
        if (strcmp(word, "zh") != 0 && strcmp(word, "en") != 0)
            rht_stop(play, "write zh \"...\" en \"...\"");
        *(word[0] == 'z' ? zh : en) = rht_play_word(play, words, "the text");
    }
}

/* ---- lines ------------------------------------------------------------------------------- */

static void do_at(struct rht_play *play, struct rht_words *words)
{
    uint64_t to_ms = rht_play_instant(play, words, false);
    no_more(play, words);
    if (play->engine == NULL)
        rht_stage_open(play, to_ms);
    else if (to_ms < hub_engine_now(play->engine))
        rht_stop(play, "time does not run backwards");
    else
        rht_stage_until(play, to_ms);
}

/* The jobs that run, to their end. */
static void work_off(struct rht_play *play)
{
    struct hub_job_row job;
    bool running = true;
    while (running) {
        uint64_t number = 0;
        rht_must(play, hub_engine_work(play->engine, HUB_WORK_LOOKS), "a job");
        rht_must(play, hub_engine_finish(play->engine), "a frame");
        rht_show_records(play);
        for (running = false;
             hub_views_job_next(hub_engine_views(play->engine)->map, &number, &job) == RH_OK;)
            running = running || job.state == HUB_JOB_RUNNING;
    }
}

/* "hub: import test-2027.yaml": a calendar of tests/data/calendar into the running hub. */
static void do_import(struct rht_play *play, struct rht_words *words)
{
    enum { FILE_BYTES_MAX = 64 * 1024 };
    static char text[FILE_BYTES_MAX];
    char path[512];
    struct hub_import_result result;
    const char *name = rht_play_word(play, words, "a calendar file");
    snprintf(path, sizeof path, "%s/tests/data/calendar/%s", RHT_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        rht_stop(play, "no such file: %s", path);
    const struct hub_import wish = { .name = name, .text = text,
                                     .bytes = fread(text, 1, sizeof text, file),
                                     .operator_name = "scenario", .reason = "announced" };
    fclose(file);
    rht_must(play, hub_engine_import_calendar(play->engine, &wish, &result), result.report);
    rht_must(play, hub_engine_finish(play->engine), "a frame");
    rht_show_records(play);
    work_off(play);
}

/* "hub: grant NAME R1 until 2026-12-31": to that day's end; "hub: ungrant NAME R1". */
static void do_grant(struct rht_play *play, struct rht_words *words, bool ends)
{
    struct hub_command command = { .type = HUB_COMMAND_AGENCY, .operator_name = "scenario",
                                   .reason = "return visit", .grant.since_ms = 1 };
    struct hub_command_result result;
    command.agency.no = rht_stage_agency(play, rht_play_word(play, words, "an agency"))->row.no;
    command.grant.referral = rht_stage_matter(play, rht_play_word(play, words, "a matter"))->id;
    if (ends && !rht_words_pass(words, "until"))
        rht_stop(play, "until when?");
    if (ends)
        command.grant.until_ms = rht_play_instant(play, words, true);
    rht_must(play, hub_engine_command(play->engine, &command, &result), "a grant");
    play->refused = result.refusal;
    rht_must(play, hub_engine_finish(play->engine), "a frame");
    rht_show_records(play);
}

/* "hub: succeed OLD by NEW", also "area CODE" or "category C": the job is worked off. */
static void do_succeed(struct rht_play *play, struct rht_words *words)
{
    struct hub_command command = { .type = HUB_COMMAND_AGENCY, .operator_name = "scenario",
                                   .reason = "reform" };
    struct hub_command_result result;
    struct hub_job_row job = { .state = HUB_JOB_RUNNING };
    command.agency.no = rht_stage_agency(play, rht_play_word(play, words, "an agency"))->row.no;
    const char *what;
    while ((what = rht_words_next(words)) != NULL) {
        const char *value = rht_play_word(play, words, what);
        if (strcmp(what, "by") == 0)
            command.successor.to = rht_stage_agency(play, value)->row.no;
        else if (strcmp(what, "area") == 0)
            snprintf(command.successor.area, sizeof command.successor.area, "%s", value);
        else if (strcmp(what, "category") == 0)
            snprintf(command.successor.category, sizeof command.successor.category, "%s",
                     value);
        else
            rht_stop(play, "%s is not known here", what);
    }
    rht_must(play, hub_engine_command(play->engine, &command, &result), "succeed");
    play->refused = result.refusal;
    rht_must(play, hub_engine_finish(play->engine), "a frame");
    while (result.refusal == 0 && job.state == HUB_JOB_RUNNING) {
        rht_must(play, hub_engine_work(play->engine, 16), "the job");
        rht_must(play, hub_engine_finish(play->engine), "a frame");
        rht_must(play, hub_views_job(hub_engine_views(play->engine)->map, result.job, &job),
                 "the job");
    }
    rht_show_records(play);
}

/* "hub: urge R1": an operator for the hub; "hub: retry" and "hub: return" settle the oldest
 * dead letter that is open. */
static void do_operator(struct rht_play *play, struct rht_words *words)
{
    struct hub_map *map = hub_engine_views(play->engine)->map;
    const char *action = rht_play_word(play, words, "what the operator does");
    struct hub_command command = { .operator_name = "scenario", .reason = "on request" };
    struct hub_command_result result;
    if (strcmp(action, "import") == 0) {
        do_import(play, words);
        return;
    }
    if (strcmp(action, "grant") == 0 || strcmp(action, "ungrant") == 0) {
        do_grant(play, words, action[0] == 'g');
        return;
    }
    if (strcmp(action, "subscribe") == 0 || strcmp(action, "unsubscribe") == 0) {
        rht_shared_operator(play, words, action[0] == 's');
        return;
    }
    if (strcmp(action, "succeed") == 0) {
        do_succeed(play, words);
        return;
    }
    if (strcmp(action, "retry") == 0 || strcmp(action, "return") == 0) {
        struct hub_cursor cursor = { .bytes = 0 };
        struct hub_dead dead = { .settled = true };
        while (dead.settled && hub_views_dead_next(map, &cursor, &dead) == RH_OK)
            ;
        if (dead.settled)
            rht_stop(play, "there is no dead letter to settle");
        command.type = strcmp(action, "retry") == 0 ? HUB_COMMAND_DEAD_RETRY
                                                    : HUB_COMMAND_DEAD_RETURN;
        command.dead_index = dead.index;
        command.dead_to = dead.to;
    } else {
        const char *name = rht_play_word(play, words, "a matter");
        struct rh_referral_id id = rht_stage_matter(play, name)->id;
        command.type = HUB_COMMAND_ATTENTION;
        command.action = rh_kind_find(action, strlen(action));
        rht_must(play, hub_views_referral_by_id(map, &id, &play->row), name);
        command.rno = play->row.rno;
    }
    rht_must(play, hub_engine_command(play->engine, &command, &result), action);
    play->refused = result.refusal;
    rht_must(play, hub_engine_finish(play->engine), "a frame");
    rht_show_records(play);
}

static uint32_t take_count(struct rht_play *play, struct rht_words *words, uint32_t otherwise)
{
    const char *word = rht_words_next(words);
    if (word == NULL)
        return otherwise;
    char *end;
    unsigned long count = strtoul(word, &end, 10);
    if (*end != '\0' || count == 0 || count > 1000000)
        rht_stop(play, "%s is no count", word);
    return (uint32_t)count;
}

static void do_agency_line(struct rht_play *play, const char *name, struct rht_words *words,
                           enum rht_cut cut)
{
    struct rht_agency *agency = rht_stage_agency(play, name);
    if (rht_words_pass(words, "take")) {
        rht_stage_send(play, RHT_CUT_NOWHERE);
        if (cut == RHT_CUT_BEFORE_ACK) {
            rht_stage_lose(play, agency);
            return;
        }
        rht_stage_take(play, agency, take_count(play, words, UINT32_MAX));
        return;
    }
    if (rht_words_pass(words, "nack")) {
        enum rh_refusal refusal;
        if (rh_refusal_parse(rht_play_word(play, words, "a code"), &refusal) != RH_OK)
            rht_stop(play, "no such code");
        rht_stage_nack(play, agency, (uint32_t)refusal);
        return;
    }
    rht_message_line(play, agency, words);
    if (!play->block)
        rht_stage_send(play, cut);
}

/* "NAME: ..." */
static bool do_spoken(struct rht_play *play, struct rht_words *words, enum rht_cut cut)
{
    const char *word = words->line->words[words->at];
    size_t bytes = strlen(word);
    char name[RHT_NAME_BYTES];
    if (bytes < 2 || bytes > sizeof name || word[bytes - 1] != ':')
        return false;
    if (play->engine == NULL)
        rht_stop(play, "nothing happens before the first `at`");
    memcpy(name, word, bytes - 1);
    name[bytes - 1] = '\0';
    words->at++;
    if (strcmp(name, "hub") == 0)
        do_operator(play, words);
    else
        do_agency_line(play, name, words, cut);
    return true;
}

static void do_cut(struct rht_play *play, struct rht_words *words)
{
    static const char *const places[] = { "", "before-sync", "before-confirm", "before-ack" };
    static_assert(RHT_CUT_BEFORE_ACK == 3, "a name for every place");
    const char *where = rht_play_word(play, words, "where the hub is killed");
    int cut = RHT_CUT_BEFORE_ACK;
    while (cut > RHT_CUT_NOWHERE && strcmp(where, places[cut]) != 0)
        cut--;
    if (cut == RHT_CUT_NOWHERE)
        rht_stop(play, "cut before-sync, before-confirm or before-ack");
    if (words->at == words->line->count || !do_spoken(play, words, (enum rht_cut)cut))
        rht_stop(play, "what is cut short?");
}

static void do_line(struct rht_play *play, const struct rht_line *line)
{
    struct rht_words words = { .line = line };
    const char *zh, *en;
    play->line = line;
    if (play->refused != 0 &&
        !(line->count >= 2 && strcmp(line->words[0], "expect") == 0 &&
          strcmp(line->words[1], "refused") == 0)) {
        rht_fail(play, "before this line: refused with RH-%u, %s", play->refused,
                 rh_refusal_title(play->refused));
        play->refused = 0;
    }
    if (rht_words_pass(&words, "title")) {
        take_both(play, &words, &zh, &en);
        rht_show_title(play, zh, en);
    } else if (rht_words_pass(&words, "say")) {
        take_both(play, &words, &zh, &en);
        rht_show_said(play, zh, en);
    } else if (rht_words_pass(&words, "rules")) {
        snprintf(play->rules, sizeof play->rules, "%s/%s", RHT_SOURCE_DIR,
                 rht_play_word(play, &words, "a folder"));
    } else if (rht_words_pass(&words, "agency")) {
        do_agency(play, &words);
    } else if (rht_words_pass(&words, "at")) {
        do_at(play, &words);
    } else if (rht_words_pass(&words, "expect")) {
        rht_expect_line(play, &words);
    } else if (rht_words_pass(&words, "restart")) {
        rht_stage_restart(play);
    } else if (rht_words_pass(&words, "cut")) {
        do_cut(play, &words);
    } else if (!do_spoken(play, &words, RHT_CUT_NOWHERE)) {
        rht_stop(play, "a line cannot begin with %s", line->words[0]);
    }
}

/* ---- blocks ------------------------------------------------------------------------------ */

static bool is_block(const struct rht_line *line)
{
    const char *word = line->words[0];
    return strcmp(word, "times") == 0 || strcmp(word, "bundle") == 0 ||
           (strcmp(word, "expect") == 0 && line->count == 2 &&
            strcmp(line->words[1], "trace") == 0);
}

static uint32_t end_of(struct rht_play *play, uint32_t at)
{
    const struct rht_script *script = play->script;
    for (uint32_t i = at + 1; i < script->line_count; i++) {
        if (strcmp(script->lines[i].words[0], "end") == 0)
            return i;
    }
    play->line = &script->lines[at];
    rht_stop(play, "this block has no `end`");
}

/* The line with % as the running number in five digits, and %21 as that number dealt out
 * among 21: 1, 2 ... 21, 1 and so on. */
static void number_line(struct rht_play *play, const struct rht_line *line, uint32_t number,
                        struct rht_line *out)
{
    static char texts[RHT_WORDS_MAX][256];
    *out = *line;
    for (uint32_t i = 0; i < line->count; i++) {
        const char *percent = strchr(line->words[i], '%');
        if (percent == NULL)
            continue;
        char *rest;
        unsigned long among = strtoul(percent + 1, &rest, 10);
        unsigned long dealt = among == 0 ? number : (number - 1) % among + 1;
        int bytes =
            snprintf(texts[i], sizeof texts[i], among == 0 ? "%.*s%05lu%s" : "%.*s%lu%s",
                     (int)(percent - line->words[i]), line->words[i], dealt,
                     among == 0 ? percent + 1 : rest);
        if (bytes < 0 || (size_t)bytes >= sizeof texts[i])
            rht_stop(play, "too long a word");
        out->words[i] = texts[i];
    }
}

/* "times 1000 from 1 long 161000 refused RH-4316" and "bundle refused ..." */
static void play_times(struct rht_play *play, uint32_t first, uint32_t last)
{
    struct rht_words words = { .line = &play->script->lines[first] };
    uint32_t count = 1, from = 1;
    enum rh_refusal refusal = RH_REFUSE_NONE;
    play->line = words.line;
    if (rht_words_pass(&words, "times"))
        count = take_count(play, &words, 1);
    else
        words.at++;
    if (rht_words_pass(&words, "from"))
        from = take_count(play, &words, 1);
    if (rht_words_pass(&words, "long")) {
        uint32_t more = take_count(play, &words, 1);
        const char *wanted = getenv("RHUB_TEST_LONG");
        count = wanted != NULL && strcmp(wanted, "1") == 0 ? more : count;
    }
    if (rht_words_pass(&words, "refused") &&
        rh_refusal_parse(rht_play_word(play, &words, "a code"), &refusal) != RH_OK)
        rht_stop(play, "no such code");
    no_more(play, &words);
    play->block = true;
    play->quiet = count > 100;
    play->wanted_refusal = (uint32_t)refusal;
    for (uint32_t number = from; number < from + count; number++) {
        for (uint32_t i = first + 1; i < last; i++) {
            struct rht_line line;
            number_line(play, &play->script->lines[i], number, &line);
            do_line(play, &line);
        }
    }
    rht_stage_send(play, RHT_CUT_NOWHERE);
    if (play->quiet)
        rht_show_block(play, count);
    play->block = play->quiet = false;
}

static void play_trace(struct rht_play *play, uint32_t first, uint32_t last)
{
    for (uint32_t i = first + 1; i < last; i++) {
        play->line = &play->script->lines[i];
        rht_expect_trace(play, play->line->whole);
    }
    play->line = &play->script->lines[last];
    rht_expect_trace(play, NULL);
}

static void fini(struct rht_play *play)
{
    rht_stage_close(play);
    for (uint32_t i = 0; i < play->agency_count; i++) {
        for (uint32_t k = 0; k < play->agencies[i].taken_count; k++)
            free(play->agencies[i].taken[k].body);
        free(play->agencies[i].taken);
    }
    free(play->matters);
    free(play->index.by_name);
    free(play->index.by_id);
    free(play->notes);
    free(play->bytes);
    free(play->outcome);
    free(play->trace);
}

uint32_t rht_play_script(struct rht_play *play, const struct rht_script *script)
{
    play->script = script;
    snprintf(play->rules, sizeof play->rules, "%s/protocol/rules", RHT_SOURCE_DIR);
    play->bytes = malloc(RH_FRAME_BYTES_MAX);
    play->outcome = calloc(1, sizeof *play->outcome);
    play->trace_capacity = 64 * 1024;
    play->trace = calloc(1, play->trace_capacity);
    if (play->bytes == NULL || play->outcome == NULL || play->trace == NULL)
        rht_stop(play, "out of memory");
    for (uint32_t i = 0; i < script->line_count; i++) {
        const struct rht_line *line = &script->lines[i];
        if (!is_block(line)) {
            do_line(play, line);
            continue;
        }
        uint32_t last = end_of(play, i);
        if (strcmp(line->words[0], "expect") == 0)
            play_trace(play, i, last);
        else
            play_times(play, i, last);
        i = last;
    }
    play->line = NULL;
    if (play->refused != 0)
        rht_fail(play, "the last line was refused with RH-%u", play->refused);
    rht_show_end(play);
    fini(play);
    return play->failures;
}
