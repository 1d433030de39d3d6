/* Settings first, because they say which roles there are and which states have a watchdog;
 * then procedures; then the map, which names procedures. A file that failed makes the others
 * lenient where they would only repeat its trouble. */
#include "load/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/calendar.h"
#include "load/procedure.h"
#include "load/routing.h"
#include "load/screening.h"
#include "load/settings.h"
#include "load/words.h"

struct loading {
    const struct rh_load_sources *sources;
    struct rh_rules *out;
    struct rh_load_report *report;
    struct rh_load_roles roles;
    bool procedures_good;
};

typedef enum rh_err load_fn(struct loading *loading, const struct rh_load_source *source);

/* Every file of a folder, or the one file called so; the first error is kept, reading goes on
 * unless memory is out. */
static enum rh_err each(struct loading *loading, const char *prefix, load_fn *load)
{
    const size_t prefix_bytes = strlen(prefix);
    enum rh_err err = RH_OK;

    for (size_t i = 0; i < loading->sources->count && err != RH_ERR_NOMEM; i++) {
        const struct rh_load_source *source = &loading->sources->list[i];
        if (strncmp(source->name, prefix, prefix_bytes) != 0)
            continue;
        const enum rh_err one = load(loading, source);
        if (err == RH_OK || one == RH_ERR_NOMEM)
            err = one;
    }
    return err;
}

static bool has(const struct loading *loading, const char *prefix)
{
    for (size_t i = 0; i < loading->sources->count; i++) {
        if (strncmp(loading->sources->list[i].name, prefix, strlen(prefix)) == 0)
            return true;
    }
    return false;
}

void rh_load_imported_name(const struct rh_calendar *calendar,
                           char out[RH_LOAD_NAME_BYTES_MAX + 1])
{
    (void)snprintf(out, RH_LOAD_NAME_BYTES_MAX + 1, RH_LOAD_IMPORTED "%s.yaml",
                   calendar->area[0] != '\0' ? calendar->area : "country");
}

/* ---- each kind of file ----------------------------------------------------------------- */

static enum rh_err load_settings(struct loading *loading, const struct rh_load_source *source)
{
    return rh_load_settings(source->path, source->text, source->bytes, &loading->out->settings,
                            &loading->roles, loading->report);
}

static enum rh_err load_procedure(struct loading *loading, const struct rh_load_source *source)
{
    struct rh_rules *out = loading->out;

    if (out->procedure_count == RH_PROCEDURES_MAX) {
        rh_load_report_file(loading->report, source->path,
                            "is one too many; a hub has at most %d procedures",
                            RH_PROCEDURES_MAX);
        return RH_ERR_CONFIG;
    }
    struct rh_procedure *procedure = &out->procedures[out->procedure_count];
    const enum rh_err err =
        rh_load_procedure(source->path, source->text, source->bytes, &loading->roles,
                          &out->settings, procedure, loading->report);
    if (err != RH_OK) {
        loading->procedures_good = false;
        return err;
    }
    if (rh_rules_procedure(out, procedure->id) != NULL) {
        rh_load_report_file(loading->report, source->path,
                            "describes the procedure '%s' a second time; give it another name "
                            "or remove one of the files",
                            procedure->id);
        return RH_ERR_CONFIG;
    }
    out->procedure_count++;
    return RH_OK;
}

static enum rh_err read_calendar(struct loading *loading, const struct rh_load_source *source,
                                 struct rh_calendar **out)
{
    struct rh_rules *rules = loading->out;

    if (rules->calendar_count == RH_CALENDARS_MAX) {
        rh_load_report_file(loading->report, source->path,
                            "is one too many; a hub has at most %d calendars",
                            RH_CALENDARS_MAX);
        return RH_ERR_CONFIG;
    }
    *out = &rules->calendars[rules->calendar_count];
    return rh_load_calendar_text(source->path, source->text, source->bytes, *out,
                                 loading->report);
}

/* The calendar read for exactly that area before; NULL when there is none. */
static struct rh_calendar *same_area(struct rh_rules *rules, const struct rh_calendar *calendar)
{
    for (uint32_t i = 0; i < rules->calendar_count; i++) {
        if (strcmp(rules->calendars[i].area, calendar->area) == 0)
            return &rules->calendars[i];
    }
    return NULL;
}

static enum rh_err load_calendar(struct loading *loading, const struct rh_load_source *source)
{
    struct rh_calendar *calendar = NULL;
    const enum rh_err err = read_calendar(loading, source, &calendar);
    if (err != RH_OK)
        return err;
    const struct rh_calendar *other = same_area(loading->out, calendar);
    if (other != NULL) {
        if (calendar->area[0] != '\0')
            rh_load_report_file(loading->report, source->path,
                                "is a second calendar for '%s', beside '%s'; put both into one "
                                "file",
                                calendar->area, other->id);
        else
            rh_load_report_file(loading->report, source->path,
                                "is a second calendar for the whole country, beside '%s'; put "
                                "both into one file",
                                other->id);
        return RH_ERR_CONFIG;
    }
    loading->out->calendar_count++;
    return RH_OK;
}

/* What an operator imported stands above the file of the same area, unless that one knows
 * more days: then the directory was brought up to date since. */
static enum rh_err load_imported(struct loading *loading, const struct rh_load_source *source)
{
    struct rh_calendar *calendar = NULL;
    const enum rh_err err = read_calendar(loading, source, &calendar);
    if (err != RH_OK)
        return err;
    struct rh_calendar *other = same_area(loading->out, calendar);
    if (other == NULL)
        loading->out->calendar_count++;
    else if (calendar->last_day.days >= other->last_day.days)
        memcpy(other, calendar, sizeof *other);
    return RH_OK;
}

static enum rh_err load_routing(struct loading *loading, const struct rh_load_source *source)
{
    return rh_load_routing(source->path, source->text, source->bytes, &loading->roles,
                           loading->procedures_good, loading->out, loading->report);
}

static enum rh_err load_screening(struct loading *loading, const struct rh_load_source *source)
{
    return rh_load_screening(source->path, source->text, source->bytes, &loading->roles,
                             loading->out, loading->report);
}

/* ---- the whole ------------------------------------------------------------------------- */

static enum rh_err check_complete(const struct loading *loading)
{
    static const char *const needed[] = { "settings.yaml", "procedures/", "calendars/" };
    enum rh_err err = RH_OK;

    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (has(loading, needed[i]))
            continue;
        rh_load_report_file(loading->report, needed[i], "is missing; a hub needs it");
        err = RH_ERR_CONFIG;
    }
    return err;
}

static enum rh_err check_nationwide(const struct loading *loading)
{
    if (rh_rules_calendar(loading->out, "") != NULL)
        return RH_OK;
    rh_load_report_file(loading->report, "calendars",
                        "hold no calendar for the whole country; one must have no 'area'");
    return RH_ERR_CONFIG;
}

static bool is_known(const struct loading *loading, const char *from, const char *key,
                     const char *procedure)
{
    if (procedure[0] == '\0' || rh_rules_procedure(loading->out, procedure) != NULL)
        return true;
    rh_load_report_file(loading->report, from,
                        "names under '%s' the procedure '%s', which no file describes", key,
                        procedure);
    return false;
}

/* A review of a review has a last round: none goes on for ever (信访工作条例 art. 36(3)). */
static bool review_ends(const struct loading *loading, const struct rh_procedure *from)
{
    const struct rh_procedure *at = from;
    for (uint32_t i = 0; i < loading->out->procedure_count; i++) {
        if (at == NULL || at->review == RH_REVIEW_NONE || at->review_procedure[0] == '\0')
            return true;
        at = rh_rules_procedure(loading->out, at->review_procedure);
        if (at == from)
            break;
    }
    if (at != from)
        return true;
    rh_load_report_file(loading->report, from->id,
                        "is reviewed under '%s', and so on in a circle; the last one says "
                        "'review: { by: none }'",
                        from->review_procedure);
    return false;
}

/* A chain of documents has a first one (两建议一报告): none comes after itself, however many
 * stand between. What stands before it is gathered until nothing new is found. */
static bool chain_begins(const struct loading *loading, const struct rh_procedure *from)
{
    const struct rh_rules *rules = loading->out;
    bool before[RH_PROCEDURES_MAX] = { false };
    const uint32_t self = (uint32_t)(from - rules->procedures);

    for (uint32_t found = 1; found > 0;) {
        found = 0;
        for (uint32_t i = 0; i < rules->procedure_count; i++) {
            if (i != self && !before[i])
                continue;
            for (uint32_t k = 0; k < RH_FOLLOWS_MAX; k++) {
                const struct rh_procedure *at =
                    rh_rules_procedure(rules, rules->procedures[i].follows[k]);
                if (at == NULL || before[at - rules->procedures])
                    continue;
                before[at - rules->procedures] = true;
                found++;
            }
        }
    }
    if (!before[self])
        return true;
    rh_load_report_file(loading->report, from->id,
                        "follows itself, at once or in a circle; 'follows' names what comes "
                        "before, and the first of a chain has none");
    return false;
}

/* What procedures and settings say of other procedures. */
static enum rh_err check_relations(const struct loading *loading)
{
    const struct rh_settings *settings = &loading->out->settings;
    bool good = true;

    for (uint32_t i = 0; i < loading->out->procedure_count; i++) {
        const struct rh_procedure *procedure = &loading->out->procedures[i];
        good = is_known(loading, procedure->id, "review", procedure->review_procedure) && good;
        good = review_ends(loading, procedure) && good;
        good = chain_begins(loading, procedure) && good;
        for (uint32_t k = 0; k < RH_FOLLOWS_MAX; k++)
            good = is_known(loading, procedure->id, "follows", procedure->follows[k]) && good;
    }
    for (uint32_t i = 0; i < settings->local_count; i++) {
        const struct rh_local *local = &settings->locals[i];
        const struct rh_procedure *procedure =
            rh_rules_procedure(loading->out, local->procedure);
        const struct rh_limit *limit =
            procedure != NULL ? rh_procedure_limit(procedure, local->limit) : NULL;
        if (limit != NULL && limit->span.n != 0)
            continue;
        rh_load_report_file(
            loading->report, "settings.yaml",
            "says under 'local' how long '%s' of '%s' lasts, which is no span of "
            "any procedure",
            local->limit, local->procedure);
        good = false;
    }
    return good ? RH_OK : RH_ERR_CONFIG;
}

/* Narrow areas after wide ones, so that a base is whole when something is laid over it. */
static int by_width(const void *a, const void *b)
{
    const struct rh_calendar *left = a, *right = b;
    const size_t left_bytes = strlen(left->area), right_bytes = strlen(right->area);
    return left_bytes != right_bytes ? (left_bytes > right_bytes) - (left_bytes < right_bytes)
                                     : strcmp(left->area, right->area);
}

/* The calendar of an area lists what differs from the wider area around it
 * (全国年节及纪念日放假办法, art. 4): each is laid over that one. */
static enum rh_err lay_over(const struct loading *loading)
{
    struct rh_rules *out = loading->out;
    struct rh_calendar *whole = malloc(sizeof *whole);
    enum rh_err err = whole == NULL ? RH_ERR_NOMEM : RH_OK;

    qsort(out->calendars, out->calendar_count, sizeof out->calendars[0], by_width);
    for (uint32_t i = 1; i < out->calendar_count && err == RH_OK; i++) {
        struct rh_calendar *local = &out->calendars[i];
        const struct rh_calendar *base = &out->calendars[0];
        for (uint32_t k = 1; k < i; k++) {
            const char *area = out->calendars[k].area;
            if (strncmp(local->area, area, strlen(area)) == 0)
                base = &out->calendars[k];
        }
        err = rh_calendar_overlay(base, local, whole);
        if (err == RH_OK)
            memcpy(local, whole, sizeof *local);
        else
            rh_load_report_file(loading->report, local->id,
                                "has too many days or names to be laid over '%s'", base->id);
    }
    free(whole);
    return err == RH_ERR_FULL ? RH_ERR_CONFIG : err;
}

/* What goes into the journal must come out of it as the same rules. */
static enum rh_err check_compiled(const struct loading *loading)
{
    struct rh_writer writer;
    uint8_t *bytes = malloc(RH_RULES_BYTES_MAX);

    if (bytes == NULL)
        return RH_ERR_NOMEM;
    rh_writer_init(&writer, bytes, RH_RULES_BYTES_MAX);
    const enum rh_err err = rh_rules_encode(loading->out, &writer);
    free(bytes);
    if (err == RH_OK)
        return RH_OK;
    rh_load_report_file(loading->report, "",
                        "the rules are larger than %d bytes together; shorten the routing map",
                        RH_RULES_BYTES_MAX);
    return RH_ERR_CONFIG;
}

enum rh_err rh_load_rules_sources(const struct rh_load_sources *sources, struct rh_rules *out,
                                  struct rh_load_report *report)
{
    struct loading loading = {
        .sources = sources, .out = out, .report = report, .procedures_good = true
    };
    enum rh_err err = RH_OK;
    static const struct {
        const char *prefix;
        load_fn *load;
    } steps[] = { { "settings.yaml", load_settings },
                  { "procedures/", load_procedure },
                  { "calendars/", load_calendar },
                  { RH_LOAD_IMPORTED, load_imported },
                  { "routing/", load_routing },
                  { "screening/", load_screening } };

    memset(out, 0, sizeof *out);
    rh_load_roles_init(&loading.roles);
    if (check_complete(&loading) != RH_OK)
        return RH_ERR_CONFIG;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && err != RH_ERR_NOMEM; i++) {
        const enum rh_err one = each(&loading, steps[i].prefix, steps[i].load);
        if (err == RH_OK || one == RH_ERR_NOMEM)
            err = one;
    }
    if (err == RH_OK)
        err = check_nationwide(&loading);
    if (err == RH_OK)
        err = check_relations(&loading);
    if (err == RH_OK)
        err = lay_over(&loading);
    return err == RH_OK ? check_compiled(&loading) : err;
}

enum rh_err rh_load_rules(const char *dir, struct rh_rules *out, struct rh_writer *sources,
                          struct rh_load_report *report)
{
    struct rh_load_sources *files = malloc(sizeof *files);

    if (files == NULL)
        return RH_ERR_NOMEM;
    memset(out, 0, sizeof *out);
    enum rh_err err = rh_load_sources_read(files, dir, report);
    if (err == RH_OK)
        err = rh_load_rules_sources(files, out, report);
    if (err == RH_OK && sources != NULL) {
        err = rh_load_sources_encode(files, sources);
        if (err == RH_ERR_FULL)
            rh_load_report_file(report, dir, "holds files too large to be kept together");
    }
    rh_load_sources_close(files);
    free(files);
    return err;
}

/* ---- where a single file belongs --------------------------------------------------------- */

/* The procedure that a text describes; "" none. Settings have a key that nothing else has. */
static void read_head(const char *text, size_t bytes, char id[RH_CODE_BYTES_MAX + 1],
                      bool *settings)
{
    char unread[256]; /* judged when the rules are compiled */
    struct rh_load_report report;
    struct rh_yaml yaml;
    size_t id_bytes = 0;

    id[0] = '\0';
    *settings = false;
    rh_load_report_init(&report, unread, sizeof unread);
    if (rh_yaml_open_text(&yaml, "", text, bytes, &report) == RH_OK) {
        struct fy_node *node = rh_yaml_get(yaml.root, "procedure");
        const char *found = node != NULL ? fy_node_get_scalar(node, &id_bytes) : NULL;
        if (found != NULL && rh_load_is_code(found, id_bytes)) {
            memcpy(id, found, id_bytes);
            id[id_bytes] = '\0';
        }
        *settings = node == NULL && rh_yaml_get(yaml.root, "watchdog") != NULL;
    }
    rh_yaml_close(&yaml);
}

const char *rh_load_rules_place(const struct rh_load_sources *sources, const char *text,
                                size_t bytes)
{
    char wanted[RH_CODE_BYTES_MAX + 1], id[RH_CODE_BYTES_MAX + 1];
    bool settings;

    read_head(text, bytes, wanted, &settings);
    if (settings)
        return "settings.yaml";
    for (size_t i = 0; wanted[0] != '\0' && i < sources->count; i++) {
        const struct rh_load_source *source = &sources->list[i];
        if (strncmp(source->name, "procedures/", sizeof "procedures/" - 1) != 0)
            continue;
        read_head(source->text, source->bytes, id, &settings);
        if (strcmp(id, wanted) == 0)
            return source->name;
    }
    return NULL;
}
