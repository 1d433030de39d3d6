/* Calendars: put into force, listed, shown day by day. */
#include "operator/inside.h"

#include <stdlib.h>
#include <string.h>

#include <rh/date.h>
#include <rh/text.h>

#include "load/calendar.h"
#include "load/rules.h"

/* ---- in force -------------------------------------------------------------------------- */

static void count_days(const struct rh_calendar *calendar, uint64_t *off, uint64_t *worked)
{
    *off = *worked = 0;
    for (uint32_t i = 0; i < calendar->exception_count; i++) {
        struct rh_calendar_day day;
        rh_calendar_day(calendar, calendar->exceptions[i].date, &day);
        *off += day.kind == RH_DAY_HOLIDAY ? 1 : 0;
        *worked += day.kind == RH_DAY_MAKEUP ? 1 : 0;
    }
}

static json_t *show_calendar(const struct rh_calendar *calendar)
{
    uint64_t off, worked;
    json_t *row = hub_json_row("calendar");
    count_days(calendar, &off, &worked);
    hub_json_text(row, "id", calendar->id);
    hub_json_text(row, "area", calendar->area);
    hub_json_text(row, "version", calendar->version);
    hub_json_date(row, "valid_from", calendar->first_day.days);
    hub_json_date(row, "valid_through", rh_calendar_firm_day(calendar).days);
    hub_json_uint(row, "days_off", off);
    hub_json_uint(row, "days_worked", worked);
    return row;
}

/* Whether the calendar in force for an area came by an import, and not out of rules_dir. */
static bool is_imported(const struct rh_load_sources *sources, const struct rh_calendar *shown)
{
    char name[RH_LOAD_NAME_BYTES_MAX + 1], text[200];
    struct rh_load_report report;
    struct rh_calendar *one = malloc(sizeof *one);
    bool imported = false;
    rh_load_imported_name(shown, name);
    for (size_t i = 0; one != NULL && i < sources->count; i++) {
        const struct rh_load_source *source = &sources->list[i];
        size_t tail = strlen(shown->version);
        rh_load_report_init(&report, text, sizeof text);
        if (strcmp(source->name, name) != 0 ||
            rh_load_calendar_text(name, source->text, source->bytes, one, &report) != RH_OK)
            continue;
        size_t bytes = strlen(one->version); /* a local one is called BASE+LOCAL */
        imported = tail >= bytes && strcmp(shown->version + tail - bytes, one->version) == 0;
    }
    free(one);
    return imported;
}

enum rh_err hub_verb_calendar_list(struct hub_ask *ask)
{
    const struct rh_rules *rules = ask->op->rules;
    struct rh_load_sources *sources = calloc(1, sizeof *sources);
    enum rh_err err = sources == NULL ? RH_ERR_NOMEM : hub_book_sources(ask, sources);
    for (uint32_t i = 0; err == RH_OK && i < rules->calendar_count; i++) {
        json_t *row = show_calendar(&rules->calendars[i]);
        hub_json_text(row, "source",
                      is_imported(sources, &rules->calendars[i]) ? "imported" : "rules_dir");
        err = hub_ask_row(ask, row);
    }
    if (sources != NULL)
        rh_load_sources_close(sources);
    free(sources);
    return err;
}

static enum rh_err show_day(struct hub_ask *ask, const struct rh_calendar *calendar,
                            struct rh_date date)
{
    static const char *const weekdays[] = { "monday", "tuesday",  "wednesday", "thursday",
                                            "friday", "saturday", "sunday" };
    struct rh_calendar_day day;
    char text[RH_DATE_TEXT_BYTES];
    json_t *row = hub_json_row("calendar_day");
    rh_calendar_day(calendar, date, &day);
    rh_date_format(date, text);
    hub_json_text(row, "id", text);
    hub_json_text(row, "date", text);
    hub_json_text(row, "weekday", weekdays[rh_date_weekday(date) - 1]);
    hub_json_text(row, "kind", rh_day_kind_name(day.kind));
    hub_json_text(row, "name", day.name);
    hub_json_text(row, "notice", day.notice);
    hub_json_text(row, "calendar", calendar->id);
    hub_json_text(row, "version", calendar->version);
    return hub_ask_row(ask, row);
}

enum rh_err hub_verb_calendar_show(struct hub_ask *ask)
{
    const char *area = hub_args_text(ask, "area") != NULL ? hub_args_text(ask, "area") : "";
    const struct rh_calendar *calendar = hub_find_calendar(ask, area);
    enum rh_err err = RH_OK;
    if (calendar == NULL)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/area",
                              N_("no calendar is in force"), area);
    int32_t last = rh_date_to_civil(calendar->last_day).year;
    int32_t year = (int32_t)hub_args_uint(ask, "year", (uint64_t)last);
    for (uint32_t i = 0; i < calendar->exception_count && err == RH_OK; i++) {
        struct rh_date date = calendar->exceptions[i].date;
        if (rh_date_to_civil(date).year == year)
            err = show_day(ask, calendar, date);
    }
    return err;
}

/* ---- importing ------------------------------------------------------------------------- */

struct errand {
    struct hub_import wish;
    struct hub_import_result result;
    enum rh_err answer;
};

static enum rh_err run(void *context, struct hub_engine *engine, struct hub_gateway *gateway)
{
    struct errand *errand = context;
    (void)gateway;
    enum rh_err err = hub_engine_import_calendar(engine, &errand->wish, &errand->result);
    errand->answer = err;
    /* What is about the file, or passes, is no trouble of the engine's. */
    bool passing = err == RH_ERR_CONFIG || err == RH_ERR_FULL || err == RH_ERR_NOSPACE;
    return passing ? RH_OK : err;
}

static enum rh_err refuse_file(struct hub_ask *ask, const char *report)
{
    return hub_ask_refuse_file(ask, RH_REFUSE_CALENDAR_WRONG, "/args/text",
                               N_("the calendar read before stays in force"), report);
}

/* Judged here first, so that the engine's thread only sees what can be read. */
static enum rh_err read_file(struct hub_ask *ask, const struct hub_import *wish,
                             struct rh_calendar *out)
{
    char text[RH_LOAD_REPORT_BYTES];
    struct rh_load_report report;
    rh_load_report_init(&report, text, sizeof text);
    enum rh_err err =
        rh_load_calendar_text(wish->name, wish->text, wish->bytes, out, &report);
    return err == RH_ERR_CONFIG ? refuse_file(ask, text) : err;
}

static enum rh_err put_into_force(struct hub_ask *ask, struct errand *errand)
{
    enum rh_err err = hub_ask_engine(ask, run, errand, true);
    if (err != RH_OK)
        return err;
    if (errand->answer == RH_ERR_NOSPACE)
        return hub_ask_refuse(ask, RH_REFUSE_DISK_FULL, NULL, NULL, NULL);
    if (errand->answer != RH_OK)
        return refuse_file(ask, errand->result.report[0] != '\0'
                                    ? errand->result.report
                                    : rh_err_text(errand->answer));
    if (!errand->result.same)
        ask->op->changed_seq = errand->result.index + 1;
    return hub_snapshot_look(ask); /* the rules as they are now */
}

/* Would the engine take it? The same question, asked without it. */
static enum rh_err judge(struct hub_ask *ask, const struct rh_load_sources *kept,
                         const struct rh_calendar *calendar, struct errand *errand)
{
    char text[RH_LOAD_REPORT_BYTES];
    struct rh_load_report report;
    struct hub_calendars past;
    rh_load_report_init(&report, text, sizeof text);
    enum rh_err err = hub_book_calendars(ask, &past);
    if (err == RH_OK)
        err = hub_engine_judge_calendar(kept, &past, &errand->wish, calendar, &report,
                                        &errand->result.same);
    hub_calendars_fini(&past);
    return err == RH_ERR_CONFIG ? refuse_file(ask, text) : err;
}

/* The rules as they would be. */
static enum rh_err try_out(struct hub_ask *ask, struct errand *errand,
                           const struct rh_calendar *calendar, struct hub_simulation *out)
{
    const struct hub_import *wish = &errand->wish;
    char name[RH_LOAD_NAME_BYTES_MAX + 1];
    struct rh_load_sources *sources = calloc(1, sizeof *sources);
    struct rh_rules *rules = calloc(1, sizeof *rules);
    enum rh_err err = sources == NULL || rules == NULL ? RH_ERR_NOMEM
                                                       : hub_book_sources(ask, sources);
    rh_load_imported_name(calendar, name);
    if (err == RH_OK)
        err = judge(ask, sources, calendar, errand);
    if (err == RH_OK)
        err = rh_load_sources_put(sources, name, wish->name, wish->text, wish->bytes);
    if (err == RH_OK)
        err = hub_book_compile(ask, sources, rules);
    if (err == RH_OK)
        err = hub_simulate(ask, rules, NULL, NULL, out);
    if (sources != NULL)
        rh_load_sources_close(sources);
    free(sources);
    free(rules);
    return err;
}

static enum rh_err answer_import(struct hub_ask *ask, const struct rh_calendar *calendar,
                                 const struct errand *errand,
                                 const struct hub_simulation *simulation)
{
    json_t *row = show_calendar(calendar);
    hub_json_text(row, "object", "calendar_import");
    hub_json_bool(row, "dry_run", simulation != NULL);
    hub_json_bool(row, "already_in_force", errand->result.same);
    json_object_set_new(row, "log_index", json_null());
    json_object_set_new(row, "job", json_null());
    json_object_set_new(row, "open", json_null());
    json_object_set_new(row, "would_change", json_null());
    json_object_set_new(row, "would_move", json_null());
    json_object_set_new(row, "would_become_firm", json_null());
    if (simulation == NULL)
        hub_json_uint(row, "log_index", errand->result.index);
    if (errand->result.job != 0)
        hub_json_uint(row, "job", errand->result.job);
    if (simulation != NULL) {
        hub_json_uint(row, "open", simulation->open);
        hub_json_uint(row, "would_change", simulation->changed);
        hub_json_uint(row, "would_move", simulation->moved);
        hub_json_uint(row, "would_become_firm", simulation->firm);
    }
    return hub_ask_row(ask, row);
}

/* What an operator wrote; the record keeps HUB_REASON_BYTES_MAX of it, no more is taken. */
static enum rh_err read_wish(struct hub_ask *ask, bool dry_run, struct hub_import *out)
{
    const char *reason = hub_args_text(ask, "reason");
    const char *name = hub_args_text(ask, "name");
    const char *text = hub_args_text(ask, "text");
    if (reason == NULL && !dry_run)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_MISSING, "/args/reason", NULL, "reason");
    if (reason != NULL && strlen(reason) > HUB_REASON_BYTES_MAX)
        return hub_ask_refuse(ask, RH_REFUSE_TOO_LARGE, "/args/reason",
                              N_("a reason has at most 200 bytes"), NULL);
    *out = (struct hub_import){
        .name = name != NULL ? name : "calendar",
        .text = text,
        .bytes = strlen(text),
        .operator_name = ask->who,
        .reason = reason != NULL ? reason : "",
    };
    return RH_OK;
}

enum rh_err hub_verb_calendar_import(struct hub_ask *ask)
{
    struct errand errand = { .answer = RH_OK };
    struct hub_simulation simulation;
    bool dry_run = hub_args_switch(ask, "dry_run");
    struct rh_calendar *calendar = calloc(1, sizeof *calendar);
    enum rh_err err = calendar == NULL ? RH_ERR_NOMEM : read_wish(ask, dry_run, &errand.wish);
    if (err == RH_OK)
        err = read_file(ask, &errand.wish, calendar);
    if (err == RH_OK)
        err = dry_run ? try_out(ask, &errand, calendar, &simulation)
                      : put_into_force(ask, &errand);
    if (err == RH_OK)
        err = answer_import(ask, calendar, &errand, dry_run ? &simulation : NULL);
    free(calendar);
    return err;
}
