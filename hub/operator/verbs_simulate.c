/* deadline.simulate: which open dates other rules or another calendar would move. */
#include "operator/inside.h"

#include <stdlib.h>
#include <string.h>

#include <rh/date.h>
#include <rh/text.h>

#include "load/calendar.h"
#include "load/rules.h"

struct tally {
    char procedure[RH_CODE_BYTES_MAX + 1];
    struct hub_simulation counts;
};

struct simulation {
    const struct rh_rules *rules; /* as they would be */
    bool list;
    uint32_t count;
    struct tally tallies[RH_PROCEDURES_MAX];
};

/* ---- the rules as they would be --------------------------------------------------------- */

static enum rh_err put(struct hub_ask *ask, struct rh_load_sources *sources, const char *name,
                       const char *path, const char *text)
{
    enum rh_err err = rh_load_sources_put(sources, name, path, text, strlen(text));
    return err == RH_ERR_INVALID || err == RH_ERR_FULL
               ? hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/files",
                                N_("a file has a name that cannot be kept, or is one too many"),
                                name)
               : err;
}

/* A whole directory takes the place of rules_dir; what was imported stays. */
static void drop_directory(struct rh_load_sources *sources)
{
    for (size_t i = 0; i < sources->count;) {
        if (strncmp(sources->list[i].name, RH_LOAD_IMPORTED, sizeof RH_LOAD_IMPORTED - 1) == 0)
            i++;
        else
            rh_load_sources_drop(sources, sources->list[i].name);
    }
}

/* A calendar, judged as an import of it would be. */
static enum rh_err add_calendar(struct hub_ask *ask, const struct rh_load_sources *kept,
                                struct rh_load_sources *sources)
{
    char name[RH_LOAD_NAME_BYTES_MAX + 1], said[RH_LOAD_REPORT_BYTES];
    const char *text = hub_args_text(ask, "calendar");
    const char *path = hub_args_text(ask, "calendar_name");
    struct rh_load_report report;
    struct hub_calendars past = { .list = NULL };
    bool same;
    if (text == NULL)
        return RH_OK;
    struct rh_calendar *calendar = calloc(1, sizeof *calendar);
    if (calendar == NULL)
        return RH_ERR_NOMEM;
    const struct hub_import wish = {
        .name = path != NULL ? path : "calendar", .text = text, .bytes = strlen(text)
    };
    rh_load_report_init(&report, said, sizeof said);
    enum rh_err err =
        rh_load_calendar_text(wish.name, wish.text, wish.bytes, calendar, &report);
    if (err == RH_OK)
        err = hub_book_calendars(ask, &past);
    if (err == RH_OK)
        err = hub_engine_judge_calendar(kept, &past, &wish, calendar, &report, &same);
    hub_calendars_fini(&past);
    if (err == RH_ERR_CONFIG)
        err = hub_ask_refuse_file(ask, RH_REFUSE_CALENDAR_WRONG, "/args/calendar", NULL, said);
    rh_load_imported_name(calendar, name);
    free(calendar);
    return err == RH_OK ? put(ask, sources, name, path, text) : err;
}

/* One file: it replaces the file that says the same, whatever it is called. */
static enum rh_err put_file(struct hub_ask *ask, struct rh_load_sources *sources,
                            const char *name, const char *text)
{
    char kept[RH_LOAD_NAME_BYTES_MAX + 1];
    const char *place = hub_args_switch(ask, "whole")
                            ? NULL
                            : rh_load_rules_place(sources, text, strlen(text));
    if (place == NULL)
        return put(ask, sources, name, NULL, text);
    memcpy(kept, place, strlen(place) + 1); /* it stands in what is about to be replaced */
    const char *slash = strrchr(name, '/');
    return put(ask, sources, kept, slash != NULL ? slash + 1 : name, text);
}

/* `kept` is what is in force, `sources` what would be. */
static enum rh_err gather(struct hub_ask *ask, const struct rh_load_sources *kept,
                          struct rh_load_sources *sources)
{
    size_t i;
    const json_t *file;
    const json_t *files = hub_args_files(ask, "files");
    enum rh_err err = hub_book_sources(ask, sources);
    if (err == RH_OK && hub_args_switch(ask, "whole"))
        drop_directory(sources);
    json_array_foreach(files, i, file) {
        if (err == RH_OK)
            err = put_file(ask, sources, json_string_value(json_object_get(file, "name")),
                           json_string_value(json_object_get(file, "text")));
    }
    return err == RH_OK ? add_calendar(ask, kept, sources) : err;
}

/* What a reload would say to the calendars of a whole directory. */
static enum rh_err judge(struct hub_ask *ask, const struct rh_load_sources *kept,
                         const struct rh_load_sources *sources)
{
    char said[RH_LOAD_REPORT_BYTES];
    struct rh_load_report report;
    struct hub_calendars past;
    rh_load_report_init(&report, said, sizeof said);
    enum rh_err err = hub_book_calendars(ask, &past);
    if (err == RH_OK)
        err = hub_engine_judge_calendars(kept, &past, sources, &report);
    hub_calendars_fini(&past);
    return err == RH_ERR_CONFIG
               ? hub_ask_refuse_file(ask, RH_REFUSE_CALENDAR_WRONG, "/args/files", NULL, said)
               : err;
}

/* As if what differs said that it is for open matters too. What does not differ is let be: its
 * referrals would change nothing but the name of their rules. */
static void reach_open(const struct rh_rules *in_force, struct rh_procedure *procedure)
{
    const struct rh_procedure *now = rh_rules_procedure(in_force, procedure->id);
    bool open = procedure->applies_open;
    if (now == NULL)
        return;
    procedure->applies_open = now->applies_open;
    bool same = rh_procedure_equal(now, procedure);
    procedure->applies_open = same ? open : true;
}

static enum rh_err make_rules(struct hub_ask *ask, struct rh_rules *rules)
{
    struct rh_load_sources *sources = calloc(1, sizeof *sources);
    struct rh_load_sources *kept = calloc(1, sizeof *kept);
    enum rh_err err = sources == NULL || kept == NULL ? RH_ERR_NOMEM
                                                      : hub_book_sources(ask, kept);
    if (err == RH_OK)
        err = gather(ask, kept, sources);
    if (err == RH_OK)
        err = hub_book_compile(ask, sources, rules);
    if (err == RH_OK)
        err = judge(ask, kept, sources);
    for (uint32_t i = 0; err == RH_OK && i < rules->procedure_count; i++) {
        if (hub_args_switch(ask, "open"))
            reach_open(ask->op->rules, &rules->procedures[i]);
    }
    if (sources != NULL)
        rh_load_sources_close(sources);
    if (kept != NULL)
        rh_load_sources_close(kept);
    free(sources);
    free(kept);
    return err;
}

/* ---- what would happen ------------------------------------------------------------------ */

static struct tally *find_tally(struct simulation *simulation, const char *procedure)
{
    for (uint32_t i = 0; i < simulation->count; i++) {
        if (strcmp(simulation->tallies[i].procedure, procedure) == 0)
            return &simulation->tallies[i];
    }
    if (simulation->count == RH_PROCEDURES_MAX)
        return NULL;
    struct tally *tally = &simulation->tallies[simulation->count++];
    memcpy(tally->procedure, procedure, strlen(procedure) + 1);
    return tally;
}

static int64_t days_between(uint64_t was_ms, uint64_t now_ms)
{
    if (was_ms == 0 || now_ms == 0)
        return 0;
    return rh_date_of_instant(now_ms - 1).days - rh_date_of_instant(was_ms - 1).days;
}

static enum rh_err show_move(struct hub_ask *ask, const struct hub_referral *row,
                             const struct hub_outcome *outcome, const struct hub_note_out *note)
{
    const struct hub_deadline *deadline = hub_find_clock(&outcome->rows[0], note->deadline);
    if (deadline == NULL)
        return RH_OK;
    json_t *line = hub_json_deadline(ask, row, deadline);
    hub_json_text(line, "object", "simulated");
    hub_json_at(line, "was_end_at", note->was_ms);
    hub_json_at(line, "end_at", note->now_ms);
    hub_json_int(line, "days", days_between(note->was_ms, note->now_ms));
    return hub_ask_row(ask, line);
}

static enum rh_err take(void *context, struct hub_ask *ask, const struct hub_referral *before,
                        const struct hub_outcome *outcome)
{
    struct simulation *simulation = context;
    struct tally *tally = find_tally(simulation, before->procedure);
    bool changed = outcome->note_count > 0 ||
                   outcome->rows[0].rules_index != before->rules_index;
    enum rh_err err = RH_OK;
    if (tally != NULL) {
        tally->counts.open++;
        tally->counts.changed += changed ? 1 : 0;
    }
    for (uint32_t i = 0; i < outcome->note_count && err == RH_OK; i++) {
        const struct hub_note_out *note = &outcome->notes[i];
        bool moved = note->was_ms != note->now_ms;
        if (tally != NULL) {
            tally->counts.moved += moved ? 1 : 0;
            tally->counts.firm += hub_simulated_firm(outcome, note) ? 1 : 0;
        }
        if (simulation->list && moved)
            err = show_move(ask, before, outcome, note);
    }
    return err;
}

static enum rh_err show_tallies(struct hub_ask *ask, const struct simulation *simulation)
{
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; i < simulation->count && err == RH_OK; i++) {
        const struct tally *tally = &simulation->tallies[i];
        const struct rh_procedure *procedure =
            rh_rules_procedure(simulation->rules, tally->procedure);
        json_t *row = hub_json_row("simulation");
        hub_json_text(row, "id", tally->procedure);
        hub_json_text(row, "title_zh", procedure != NULL ? procedure->title_zh : "");
        hub_json_text(row, "title_en", procedure != NULL ? procedure->title_en : "");
        hub_json_text(row, "applies_to",
                      procedure != NULL && procedure->applies_open ? "open" : "new");
        hub_json_uint(row, "open", tally->counts.open);
        hub_json_uint(row, "changed", tally->counts.changed);
        hub_json_uint(row, "moved", tally->counts.moved);
        hub_json_uint(row, "firm", tally->counts.firm);
        err = hub_ask_row(ask, row);
    }
    return err;
}

enum rh_err hub_verb_deadline_simulate(struct hub_ask *ask)
{
    struct hub_simulation all;
    struct rh_rules *rules = calloc(1, sizeof *rules);
    struct simulation *simulation = calloc(1, sizeof *simulation);
    enum rh_err err =
        rules == NULL || simulation == NULL ? RH_ERR_NOMEM : make_rules(ask, rules);
    if (err == RH_OK) {
        simulation->rules = rules;
        simulation->list = hub_args_switch(ask, "list");
        err = hub_simulate(ask, rules, take, simulation, &all);
    }
    if (err == RH_OK && !simulation->list)
        err = show_tallies(ask, simulation);
    free(simulation);
    free(rules);
    return err;
}
