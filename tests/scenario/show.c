/* What happened, told from the journal: every line is made from a record, none from what the
 * script asked for. Two forms: the trace, short and the same in both languages, for `expect
 * trace`; and the story, for people.
 *
 *     09-24 10:00 procuratorate object R1: objected petitions 09-30
 *     \___ hub time    \_ author   \_ kind and matter   \_ state, holder, last day owed
 */
#include "scenario/scenario.h"

#include <rh/glossary.h>
#include <rh/refusal.h>
#include <rh/text.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *say(const struct rht_play *play, const char *zh, const char *en)
{
    return play->zh ? zh : en;
}

/* ---- the trace -------------------------------------------------------------------------- */

static void trace(struct rht_play *play, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void trace(struct rht_play *play, const char *format, ...)
{
    enum { LINE_MAX = 400 };
    va_list arguments;
    if (play->trace_capacity - play->trace_bytes < LINE_MAX) {
        play->trace_capacity *= 2;
        play->trace = realloc(play->trace, play->trace_capacity);
        if (play->trace == NULL)
            rht_stop(play, "out of memory");
    }
    va_start(arguments, format);
    int bytes = vsnprintf(play->trace + play->trace_bytes, LINE_MAX, format, arguments);
    va_end(arguments);
    rh_assert(bytes >= 0 && bytes < LINE_MAX);
    play->trace_bytes += (size_t)bytes;
}

/* "09-24 10:00" */
static void short_time(uint64_t at_ms, char out[12])
{
    char text[RH_INSTANT_TEXT_BYTES];
    rh_instant_format(at_ms, text);
    snprintf(out, 12, "%.5s %.5s", text + 5, text + 11);
}

/* "10-09", or with its time when it is not the end of a day. */
static void short_end(uint64_t end_ms, char out[12])
{
    char text[RH_INSTANT_TEXT_BYTES];
    if ((end_ms + 8 * RH_HOUR_MS) % RH_DAY_MS != 0) {
        short_time(end_ms, out);
        return;
    }
    rh_instant_format_end(end_ms, text);
    snprintf(out, 12, "%.5s", text + 5);
}

/* ---- for people ------------------------------------------------------------------------- */

static const char *kind_word(enum rh_kind kind)
{
    return rh_word("kinds", rh_kind_name(kind));
}

static const char *agency_word(const struct rht_play *play, uint32_t no)
{
    if (no == HUB_AGENCY_HUB)
        return say(play, "枢纽", "hub");
    const struct rht_agency *agency = rht_stage_by_number(play, no);
    if (agency == NULL)
        return say(play, "无", "nobody");
    return play->zh || agency->row.name_en[0] == '\0' ? agency->row.name_zh
                                                      : agency->row.name_en;
}

/* A new day gets a line: its weekday, and what the calendar makes of it. */
static void show_day(struct rht_play *play, uint64_t at_ms)
{
    static const char *const zh[] = { "一", "二", "三", "四", "五", "六", "日" };
    static const char *const en[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    char text[RH_INSTANT_TEXT_BYTES];
    rh_instant_format(at_ms, text);
    text[10] = '\0';
    if (strcmp(play->last_day, text) == 0)
        return;
    snprintf(play->last_day, sizeof play->last_day, "%.10s", text);
    struct rh_date date = rh_date_of_instant(at_ms);
    struct rh_calendar_day day = { 0 };
    const struct rh_calendar *calendar =
        rh_rules_calendar(hub_engine_rules(play->engine), "");
    if (calendar != NULL)
        rh_calendar_day(calendar, date, &day);
    uint32_t weekday = rh_date_weekday(date) - 1;
    printf("\n%s %s%s%s\n", text, play->zh ? "星期" : "", play->zh ? zh[weekday] : en[weekday],
           day.kind == RH_DAY_HOLIDAY  ? say(play, "（节假日）", " (holiday)")
           : day.kind == RH_DAY_MAKEUP ? say(play, "（调休上班）", " (working day by notice)")
                                       : "");
}

static void show_time(struct rht_play *play, uint64_t at_ms)
{
    char text[RH_INSTANT_TEXT_BYTES];
    show_day(play, at_ms);
    rh_instant_format(at_ms, text);
    printf("  %.5s  ", text + 11);
}

/* The clock whose end the receipt names: its title and its standing. */
static const char *due_title(struct rht_play *play, const struct hub_referral *row,
                             uint64_t due_ms, bool *law)
{
    const struct rh_procedure *procedure =
        rh_rules_procedure(hub_engine_rules(play->engine), row->procedure);
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (!hub_deadline_is_owed(deadline) || deadline->end_ms != due_ms ||
            deadline->right_only)
            continue;
        *law = deadline->law;
        const struct rh_limit *limit =
            procedure != NULL ? rh_procedure_limit(procedure, deadline->limit) : NULL;
        if (limit == NULL)
            return strcmp(deadline->limit, "watchdog") == 0
                       ? say(play, "枢纽催办日", "the hub's own date")
                       : say(play, "交办期限", "date set by the sender");
        return say(play, limit->title_zh, limit->title_en);
    }
    return "";
}

static void show_row(struct rht_play *play, const struct hub_referral *row, uint64_t due_ms)
{
    char end[12];
    bool law = false;
    printf("           %s %s", row->number, rh_word("states", rh_state_name(row->state)));
    if (row->holder != HUB_AGENCY_NONE)
        printf(say(play, " · 责任单位 %s", " · held by %s"), agency_word(play, row->holder));
    if (due_ms != 0) {
        const char *title = due_title(play, row, due_ms, &law);
        short_end(due_ms, end);
        printf(say(play, " · 期限 %s %s（%s）", " · due %s: %s (%s)"), end, title,
               rh_word("deadlines", law ? "law" : "policy"));
    }
    fputc('\n', stdout);
}

/* ---- records ---------------------------------------------------------------------------- */

static const struct hub_referral *row_of(const struct rht_play *play, uint64_t rno)
{
    for (uint32_t i = 0; i < play->outcome->row_count; i++) {
        if (play->outcome->rows[i].rno == rno)
            return &play->outcome->rows[i];
    }
    return NULL;
}

static const char *limit_of(const struct hub_referral *row, uint32_t serial)
{
    for (uint32_t i = 0; row != NULL && serial != 0 && i < row->deadline_count; i++) {
        if (row->deadlines[i].serial == serial)
            return row->deadlines[i].limit;
    }
    return "";
}

static void keep_note(struct rht_play *play, const struct hub_note_out *note, uint64_t at_ms)
{
    const struct hub_referral *row = row_of(play, note->rno);
    if (play->note_count == play->note_capacity) {
        play->note_capacity = play->note_capacity == 0 ? 256 : play->note_capacity * 2;
        play->notes = realloc(play->notes, play->note_capacity * sizeof *play->notes);
        if (play->notes == NULL)
            rht_stop(play, "out of memory");
    }
    struct rht_note *kept = &play->notes[play->note_count++];
    *kept = (struct rht_note){ .at_ms = at_ms, .kind = note->kind, .agency = note->agency,
                               .level = note->level,
                               .matter = row != NULL ? rht_stage_matter_with(play, &row->id)
                                                     : 0 };
    snprintf(kept->limit, sizeof kept->limit, "%s", limit_of(row, note->deadline));
}

static bool is_of_many(const struct rht_play *play, const struct rh_referral_id *id)
{
    uint32_t place = rht_stage_matter_with(play, id);
    return place != 0 && play->matters[place - 1].many;
}

/* Notes that only repeat what the item itself says are not told twice. */
static bool is_news(const struct rht_play *play, const struct hub_note_out *note)
{
    const struct hub_referral *row = row_of(play, note->rno);
    if (row != NULL && is_of_many(play, &row->id))
        return false;
    if (play->record.core.type != RH_RECORD_ITEM)
        return note->status != HUB_DEADLINE_CANCELLED;
    return note->kind == RH_KIND_ARRIVED || note->kind == RH_KIND_OVERDUE ||
           note->kind == RH_KIND_DEAD_LETTER;
}

static void show_note(struct rht_play *play, const struct hub_note_out *note, uint64_t at_ms)
{
    const struct hub_referral *row = row_of(play, note->rno);
    const char *matter = row != NULL ? rht_stage_matter_name(play, &row->id) : "-";
    const char *limit = limit_of(row, note->deadline);
    char time[12];
    short_time(at_ms, time);
    trace(play, "%s hub %s %s%s%s %s\n", time, rh_kind_name(note->kind), matter,
          limit[0] != '\0' ? " " : "", limit, rht_stage_name(play, note->agency));
    if (!play->show)
        return;
    show_time(play, at_ms);
    const struct rh_procedure *procedure =
        row != NULL ? rh_rules_procedure(hub_engine_rules(play->engine), row->procedure) : NULL;
    const struct rh_limit *rule =
        procedure != NULL && limit[0] != '\0' ? rh_procedure_limit(procedure, limit) : NULL;
    bool own = strcmp(limit, "watchdog") == 0;
    const char *what = note->status == HUB_DEADLINE_LAPSED ? say(play, "期间届满", "right over")
                                                           : kind_word(note->kind);
    printf(say(play, "%s %s %s", "%s: %s %s"), agency_word(play, HUB_AGENCY_HUB), what, matter);
    if (rule != NULL || own)
        printf(say(play, "「%s」", " \"%s\""),
               own ? say(play, "枢纽催办日", "the hub's own date")
                   : say(play, rule->title_zh, rule->title_en));
    printf(" → %s\n", agency_word(play, note->agency));
}

static void show_notes(struct rht_play *play, uint64_t at_ms)
{
    for (uint32_t i = 0; i < play->outcome->note_count; i++) {
        const struct hub_note_out *note = &play->outcome->notes[i];
        keep_note(play, note, at_ms);
        if (is_news(play, note))
            show_note(play, note, at_ms);
    }
}

/* Who else hears of it; and who hears, masked, by a subscription. */
static void show_receivers(struct rht_play *play)
{
    const struct hub_outcome *outcome = play->outcome;
    uint32_t own = outcome->delivery_count - outcome->share_count;
    for (uint32_t i = 0; i < outcome->delivery_count; i++)
        printf("%s%s",
               i == own ? say(play, "；共享给 ", "; shared with ")
               : i == 0 ? " → "
                        : say(play, "、", ", "),
               agency_word(play, outcome->deliveries[i].to));
    fputc('\n', stdout);
}

static void show_item(struct rht_play *play, uint64_t at_ms)
{
    const struct rh_receipt *core = &play->record.core;
    const struct hub_referral *row =
        play->outcome->row_count > 0 ? &play->outcome->rows[0] : NULL;
    const char *matter = !rh_id_is_zero(play->part.referral_id.bytes)
                             ? rht_stage_matter_name(play, &play->part.referral_id)
                         : row != NULL ? rht_stage_matter_name(play, &row->id)
                                       : "-";
    char time[12], end[12] = "", refusal[RH_REFUSAL_TEXT_BYTES];
    short_time(at_ms, time);
    if (core->due_ms != 0)
        short_end(core->due_ms, end);
    trace(play, "%s %s %s %s:", time, rht_stage_name(play, play->record.agency),
          rh_kind_name(play->part.kind), matter);
    if (core->outcome != 0) {
        rh_refusal_format(core->outcome, refusal);
        trace(play, " %s\n", refusal);
    } else if (row != NULL) {
        trace(play, " %s %s%s%s\n", rh_state_name(row->state),
              rht_stage_name(play, row->holder), end[0] != '\0' ? " " : "", end);
    } else {
        trace(play, " stored\n");
    }
    if (!play->show)
        return;
    show_time(play, at_ms);
    printf(say(play, "%s %s %s", "%s: %s %s"), agency_word(play, play->record.agency),
           kind_word(play->part.kind), matter);
    if (core->outcome != 0) {
        printf("\n           ✘ %s %s\n", refusal, rh_refusal_title(core->outcome));
        return;
    }
    show_receivers(play);
    if (row != NULL)
        show_row(play, row, core->due_ms);
}

static void look_at(struct rht_play *play, uint64_t index)
{
    struct rh_bytes core, rest;
    rht_must(play, hub_engine_record(play->engine, index, &core, &rest), "a record");
    rht_must(play, hub_record_decode(core, rest, &play->record), "a record");
    enum rh_record_type type = play->record.core.type;
    if (type != RH_RECORD_ITEM && type != RH_RECORD_TIMER && type != RH_RECORD_COMMAND)
        return;
    memset(&play->part, 0, sizeof play->part);
    play->outcome->row_count = play->outcome->note_count = play->outcome->delivery_count =
        play->outcome->share_count = 0;
    if (play->record.outcome.bytes > 0)
        rht_must(play, hub_outcome_decode(play->record.outcome, play->outcome), "an outcome");
    if (type == RH_RECORD_ITEM &&
        rh_public_decode(play->record.public_part, &play->part, NULL) == RH_OK &&
        play->part.kind != RH_KIND_ACK && !is_of_many(play, &play->part.referral_id))
        show_item(play, play->record.core.stored_ms);
    show_notes(play, play->record.core.stored_ms);
}

void rht_show_records(struct rht_play *play)
{
    struct hub_engine_health health;
    hub_engine_health(play->engine, &health);
    for (; play->read < health.records; play->read++) {
        if (!play->quiet)
            look_at(play, play->read);
    }
}

/* ---- lines that are no records ---------------------------------------------------------- */

void rht_show_title(struct rht_play *play, const char *zh, const char *en)
{
    if (play->show)
        printf("%s  %s\n", play->script->id, say(play, zh, en));
}

void rht_show_said(struct rht_play *play, const char *zh, const char *en)
{
    if (!play->show)
        return;
    if (play->engine != NULL)
        show_day(play, hub_engine_now(play->engine));
    printf("\n  ※ %s\n", say(play, zh, en));
}

void rht_show_taken(struct rht_play *play, const struct rht_agency *agency)
{
    enum { SHOWN = 8 };
    uint32_t count = agency->taken_count - agency->taken_before;
    if (!play->show || play->quiet || play->block || count == 0)
        return;
    show_time(play, hub_engine_now(play->engine));
    printf(say(play, "%s %s", "%s to %s"),
           rh_word("transport", "delivered"), agency_word(play, agency->row.no));
    for (uint32_t i = 0; i < count && i < SHOWN; i++) {
        const struct rht_taken *taken = &agency->taken[agency->taken_before + i];
        printf("%s%s%s %s", i == 0 ? say(play, "：", ": ") : say(play, "、", ", "),
               taken->tombstone ? say(play, "（撤件）", "(withdrawn) ") : "",
               kind_word(taken->kind),
               taken->matter != 0 ? play->matters[taken->matter - 1].name : "");
    }
    if (count > SHOWN)
        printf(say(play, " 等 %u 件", " and more, %u in all"), count);
    fputc('\n', stdout);
    const struct rht_taken *newest = &agency->taken[agency->taken_count - 1];
    if (newest->kind == RH_KIND_SHARED && !newest->tombstone)
        printf("           %s\n", agency->shared);
}

void rht_show_block(struct rht_play *play, uint32_t times)
{
    if (!play->show)
        return;
    show_time(play, hub_engine_now(play->engine));
    printf(say(play, "以上步骤连续 %u 次\n", "the steps above, %u times\n"), times);
}

void rht_show_end(struct rht_play *play)
{
    if (play->show)
        printf(say(play, "\n%u 项核对，%u 项不符\n", "\n%u checks, %u failed\n"), play->checks,
               play->failures);
}
