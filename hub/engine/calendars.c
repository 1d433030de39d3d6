/* What speaks against a calendar beyond its form: that days known now would be lost, or that two
 * contents would share a version. Every date says which calendar it was counted by, for years;
 * so the version is compared with all that the journal keeps, not only with the one in force. */
#include "engine/engine.h"

#include "load/calendar.h"
#include "load/rules.h"

#include <stdlib.h>
#include <string.h>

#include <rh/hash.h>

static bool is_imported(const struct rh_load_source *source)
{
    return strncmp(source->name, RH_LOAD_IMPORTED, sizeof RH_LOAD_IMPORTED - 1) == 0;
}

static bool is_calendar(const struct rh_load_source *source)
{
    return strncmp(source->name, "calendars/", 10) == 0 || is_imported(source);
}

/* The file in force for the area of `calendar`, read again; false when there is none. */
static bool find_present(const struct rh_load_sources *kept, const struct rh_calendar *calendar,
                         struct rh_calendar *out, const struct rh_load_source **source)
{
    char report_text[256]; /* nobody reads it: what is in force was judged before */
    struct rh_load_report report;
    struct rh_calendar *one = malloc(sizeof *one);
    bool found = false;
    for (size_t i = 0; one != NULL && i < kept->count; i++) {
        const struct rh_load_source *file = &kept->list[i];
        rh_load_report_init(&report, report_text, sizeof report_text);
        if (!is_calendar(file) ||
            rh_load_calendar_text(file->name, file->text, file->bytes, one, &report) != RH_OK ||
            strcmp(one->area, calendar->area) != 0 ||
            (found && one->last_day.days < out->last_day.days))
            continue;
        memcpy(out, one, sizeof *out);
        *source = file;
        found = true;
    }
    free(one);
    return found;
}

/* ---- what was ever in force -------------------------------------------------------------- */

static void digest(const struct rh_calendar *calendar, struct rh_hash *out)
{
    /* Calendars begin as zeros, so equal ones are equal memory. */
    rh_hash(calendar, sizeof *calendar, out);
}

static bool is_called(const struct hub_calendar_known *known, const struct rh_calendar *calendar)
{
    return strcmp(known->area, calendar->area) == 0 &&
           strcmp(known->version, calendar->version) == 0;
}

/* A calendar of that area and version that said something else, or NULL. */
static const struct hub_calendar_known *find_other(const struct hub_calendars *past,
                                                   const struct rh_calendar *calendar)
{
    struct rh_hash now;
    digest(calendar, &now);
    for (size_t i = 0; i < past->count; i++) {
        const struct hub_calendar_known *known = &past->list[i];
        if (is_called(known, calendar) && !rh_hash_equal(&known->digest, &now))
            return known;
    }
    return NULL;
}

static enum rh_err note_one(struct hub_calendars *past, const struct rh_calendar *calendar,
                            uint64_t index)
{
    struct hub_calendar_known one = { .index = index };
    digest(calendar, &one.digest);
    for (size_t i = 0; i < past->count; i++) {
        if (is_called(&past->list[i], calendar) &&
            rh_hash_equal(&past->list[i].digest, &one.digest))
            return RH_OK;
    }
    struct hub_calendar_known *list =
        realloc(past->list, (past->count + 1) * sizeof past->list[0]);
    if (list == NULL)
        return RH_ERR_NOMEM;
    past->list = list;
    memcpy(one.area, calendar->area, sizeof one.area);
    memcpy(one.version, calendar->version, sizeof one.version);
    past->list[past->count++] = one;
    return RH_OK;
}

enum rh_err hub_calendars_note(struct hub_calendars *past, const struct rh_load_sources *files,
                               uint64_t index)
{
    char unread[256];
    struct rh_load_report aside;
    const struct rh_load_source *effective = NULL;
    struct rh_calendar *calendars = calloc(2, sizeof calendars[0]);
    enum rh_err err = calendars == NULL ? RH_ERR_NOMEM : RH_OK;
    for (size_t i = 0; i < files->count && err == RH_OK; i++) {
        const struct rh_load_source *file = &files->list[i];
        rh_load_report_init(&aside, unread, sizeof unread);
        if (!is_calendar(file) ||
            rh_load_calendar_text(file->name, file->text, file->bytes, &calendars[0],
                                  &aside) != RH_OK)
            continue; /* a later program may read less than an earlier one took */
        (void)find_present(files, &calendars[0], &calendars[1], &effective);
        if (effective == file)
            err = note_one(past, &calendars[0], index);
    }
    free(calendars);
    return err;
}

void hub_calendars_fini(struct hub_calendars *past)
{
    free(past->list);
    *past = (struct hub_calendars){ .list = NULL };
}

/* ---- judging ---------------------------------------------------------------------------- */

enum rh_err hub_engine_judge_calendar(const struct rh_load_sources *kept,
                                      const struct hub_calendars *past,
                                      const struct hub_import *wish,
                                      const struct rh_calendar *calendar,
                                      struct rh_load_report *report, bool *same)
{
    char day[RH_DATE_TEXT_BYTES];
    const struct rh_load_source *source = NULL;
    struct rh_calendar *present = malloc(sizeof *present);
    if (present == NULL)
        return RH_ERR_NOMEM;
    enum rh_err err = RH_OK;
    bool found = find_present(kept, calendar, present, &source);
    const struct hub_calendar_known *other = find_other(past, calendar);
    *same = found && source->bytes == wish->bytes &&
            memcmp(source->text, wish->text, wish->bytes) == 0;
    if (*same) {
        err = RH_OK;
    } else if (found && strcmp(present->version, calendar->version) == 0) {
        rh_load_report_file(report, wish->name,
                            "differs from the calendar in force and has the same version '%s'; "
                            "raise it",
                            calendar->version);
        err = RH_ERR_CONFIG;
    } else if (other != NULL) {
        rh_load_report_file(report, wish->name,
                            "differs from the calendar that was in force under the same version "
                            "'%s' by record %llu of the journal; raise it",
                            calendar->version, (unsigned long long)other->index);
        err = RH_ERR_CONFIG;
    } else if (found && calendar->last_day.days < present->last_day.days) {
        rh_date_format(present->last_day, day);
        rh_load_report_file(report, wish->name,
                            "ends before the calendar in force, which is valid through %s; add "
                            "to that one instead of shortening it",
                            day);
        err = RH_ERR_CONFIG;
    } else if (found && calendar->first_day.days > present->first_day.days) {
        rh_date_format(present->first_day, day);
        rh_load_report_file(report, wish->name,
                            "begins after the calendar in force, which is known from %s; its "
                            "years would be lost: put the new one after them",
                            day);
        err = RH_ERR_CONFIG;
    }
    free(present);
    return err;
}

/* One calendar of the files to come, against the one in force for its area. */
static enum rh_err judge_one(const struct rh_load_sources *kept,
                             const struct hub_calendars *past,
                             const struct rh_load_sources *files,
                             const struct rh_load_source *file, struct rh_calendar calendars[2],
                             struct rh_load_report *report)
{
    char unread[256]; /* what is wrong in itself was said when the rules were compiled */
    struct rh_load_report aside;
    const struct rh_load_source *effective = NULL;
    bool same;
    rh_load_report_init(&aside, unread, sizeof unread);
    if (rh_load_calendar_text(file->name, file->text, file->bytes, &calendars[0], &aside) !=
        RH_OK)
        return RH_OK;
    (void)find_present(files, &calendars[0], &calendars[1], &effective);
    if (effective != file)
        return RH_OK; /* another one stands above it */
    const struct hub_import wish = { .name = file->path, .text = file->text,
                                     .bytes = file->bytes };
    return hub_engine_judge_calendar(kept, past, &wish, &calendars[0], report, &same);
}

enum rh_err hub_engine_judge_calendars(const struct rh_load_sources *kept,
                                       const struct hub_calendars *past,
                                       const struct rh_load_sources *files,
                                       struct rh_load_report *report)
{
    struct rh_calendar *calendars = calloc(2, sizeof calendars[0]);
    enum rh_err err = calendars == NULL ? RH_ERR_NOMEM : RH_OK;
    for (size_t i = 0; i < files->count && err != RH_ERR_NOMEM; i++) {
        if (!is_calendar(&files->list[i]))
            continue;
        enum rh_err one = judge_one(kept, past, files, &files->list[i], calendars, report);
        if (err == RH_OK || one == RH_ERR_NOMEM)
            err = one;
    }
    free(calendars);
    return err;
}
