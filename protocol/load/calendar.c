/* A calendar file says for each year what its notice changes. What is checked here beyond the
 * form: each list runs forward in time, no day is named twice, a make-up day is a Saturday or
 * Sunday, a day belongs to the year of its notice or to the weeks around it, and no year is
 * left out. Each of these is a slip that somebody copying a notice can make, and each would
 * move deadlines without a sound. */
#include "load/calendar.h"

#include <string.h>

#include "load/yaml.h"

enum { RANGE_DAYS_MAX = 31, TEXT_BYTES = 256 };

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const char *const top_keys[] = { "calendar",   "area",  "version",
                                        "valid_from", "valid_through", "years" };
static const char *const year_keys[] = { "year", "notices", "holidays" };
static const char *const holiday_keys[] = { "name", "off", "work" };

struct loading {
    struct rh_yaml *yaml;
    struct rh_calendar *calendar;
    int32_t year; /* of the notice at hand */
};

/* "2026-05-01", or with `through` also "2026-05-01..2026-05-05". */
static bool read_days(struct rh_yaml *yaml, struct fy_node *node, struct rh_date *first,
                      struct rh_date *through)
{
    char text[TEXT_BYTES];

    if (!rh_yaml_text(yaml, node, N_("a day"), text, sizeof text))
        return false;
    const char *dots = through != NULL ? strstr(text, "..") : NULL;
    const size_t first_bytes = dots != NULL ? (size_t)(dots - text) : strlen(text);
    if (rh_date_parse(text, first_bytes, first) != RH_OK ||
        (dots != NULL && rh_date_parse(dots + 2, strlen(dots + 2), through) != RH_OK)) {
        rh_yaml_problem(yaml, node,
                        through != NULL
                            ? "'%s' is no day; write YYYY-MM-DD or YYYY-MM-DD..YYYY-MM-DD"
                            : "'%s' is no day; write YYYY-MM-DD",
                        text);
        return false;
    }
    if (through != NULL && dots == NULL)
        *through = *first;
    return true;
}

/* One day of a list into the calendar, with a sentence for each way in which it can be
 * wrong. */
static bool add_day(struct loading *loading, struct fy_node *node, struct rh_date date,
                    enum rh_day_kind kind, const char *name)
{
    struct rh_calendar_day known;
    char text[RH_DATE_TEXT_BYTES];

    rh_date_format(date, text);
    const struct rh_civil civil = rh_date_to_civil(date);
    const bool near_year = civil.year == loading->year ||
                           (civil.year == loading->year - 1 && civil.month == 12) ||
                           (civil.year == loading->year + 1 && civil.month == 1);
    if (!near_year) {
        rh_yaml_problem(loading->yaml, node,
                        "%s does not belong under the notice of %d (from December before to "
                        "January after it)",
                        text, (int)loading->year);
        return false;
    }
    if (date.days < loading->calendar->first_day.days ||
        date.days > loading->calendar->last_day.days) {
        rh_yaml_problem(loading->yaml, node, "%s lies outside valid_from to valid_through",
                        text);
        return false;
    }
    if (kind == RH_DAY_MAKEUP && rh_date_weekday(date) < 6) {
        rh_yaml_problem(loading->yaml, node,
                        "%s is a Monday to Friday and works anyway; 'work' lists Saturdays "
                        "and Sundays that are worked",
                        text);
        return false;
    }
    const enum rh_err err =
        rh_calendar_add_day(loading->calendar, loading->year, date, kind, name);
    if (err == RH_ERR_EXISTS) {
        rh_calendar_day(loading->calendar, date, &known);
        rh_yaml_problem(loading->yaml, node,
                        known.kind == RH_DAY_MAKEUP
                            ? "%s is listed already, as a worked day of '%s'"
                            : "%s is listed already, as a day off of '%s'",
                        text, known.name);
    } else if (err == RH_ERR_FULL) {
        rh_yaml_problem(loading->yaml, node, "a calendar holds at most %d days with %d names",
                        RH_CALENDAR_EXCEPTIONS_MAX, RH_CALENDAR_NAMES_MAX);
    } else if (err != RH_OK) {
        rh_yaml_problem(loading->yaml, node, "%s: the name '%s' holds control characters",
                        text, name);
    }
    return err == RH_OK;
}

/* A list under `off` or `work`. */
static bool load_days(struct loading *loading, struct fy_node *list, const char *key,
                      enum rh_day_kind kind, const char *name)
{
    void *iterator = NULL;
    struct fy_node *node;
    int32_t last = -1;
    bool good = true;

    if (!rh_yaml_sequence(loading->yaml, list, key))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        struct rh_date first;
        struct rh_date through;
        if (!read_days(loading->yaml, node, &first, &through)) {
            good = false;
            continue;
        }
        if (through.days < first.days || through.days - first.days >= RANGE_DAYS_MAX) {
            rh_yaml_problem(loading->yaml, node,
                            "a range goes from a day to a later one, %d days at most",
                            RANGE_DAYS_MAX);
            good = false;
            continue;
        }
        if (first.days <= last) {
            rh_yaml_problem(loading->yaml, node, "the days of '%s' must run forward in time",
                            key);
            good = false;
        }
        for (last = first.days; last <= through.days; last++)
            good = add_day(loading, node, (struct rh_date){ last }, kind, name) && good;
        last = through.days;
    }
    return good;
}

static bool load_holiday(struct loading *loading, struct fy_node *node)
{
    char name[RH_CALENDAR_NAME_BYTES_MAX + 1];
    struct rh_yaml *yaml = loading->yaml;

    if (!rh_yaml_keys(yaml, node, N_("a holiday"), holiday_keys, COUNT(holiday_keys)))
        return false;
    struct fy_node *name_node = rh_yaml_need(yaml, node, "name", N_("the holiday"));
    struct fy_node *off = rh_yaml_get(node, "off");
    struct fy_node *work = rh_yaml_get(node, "work");
    if (name_node == NULL || !rh_yaml_text(yaml, name_node, N_("a name"), name, sizeof name))
        return false;
    if (off == NULL && work == NULL) {
        rh_yaml_problem(yaml, node, "'%s' names no day; give 'off', 'work' or both", name);
        return false;
    }
    bool good = off == NULL || load_days(loading, off, "off", RH_DAY_HOLIDAY, name);
    if (work != NULL)
        good = load_days(loading, work, "work", RH_DAY_MAKEUP, name) && good;
    return good;
}

static bool load_notices(struct loading *loading, struct fy_node *list)
{
    void *iterator = NULL;
    struct fy_node *node;
    char text[RH_CALENDAR_NOTICE_BYTES_MAX + 1];
    bool good = true;

    if (!rh_yaml_sequence(loading->yaml, list, "notices"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (!rh_yaml_text(loading->yaml, node, N_("a notice"), text, sizeof text)) {
            good = false;
        } else if (rh_calendar_add_notice(loading->calendar, loading->year, text) != RH_OK) {
            rh_yaml_problem(loading->yaml, node,
                            "a year has at most %d notices, each one line of text",
                            RH_CALENDAR_NOTICES_MAX);
            good = false;
        }
    }
    return good;
}

static bool load_year(struct loading *loading, struct fy_node *node)
{
    struct rh_yaml *yaml = loading->yaml;
    const struct rh_calendar *calendar = loading->calendar;
    struct fy_node *holiday;
    void *iterator = NULL;
    uint64_t year;

    const bool known = rh_yaml_keys(yaml, node, N_("a year"), year_keys, COUNT(year_keys));
    if (!fy_node_is_mapping(node))
        return false;
    struct fy_node *year_node = rh_yaml_need(yaml, node, "year", N_("the year"));
    struct fy_node *holidays = rh_yaml_need(yaml, node, "holidays", N_("the year"));
    struct fy_node *notices = rh_yaml_get(node, "notices");
    if (!known || year_node == NULL || holidays == NULL)
        return false;
    if (!rh_yaml_uint(yaml, year_node, N_("a year"), RH_DATE_YEAR_MIN, RH_DATE_YEAR_MAX, &year))
        return false;

    const int32_t before =
        calendar->year_count > 0 ? calendar->years[calendar->year_count - 1].year : 0;
    if (before != 0 && (int32_t)year != before + 1) {
        rh_yaml_problem(yaml, year_node,
                        "%d follows %d; years must be listed one by one, none left out",
                        (int)year, (int)before);
        return false;
    }
    loading->year = (int32_t)year;
    if (rh_calendar_add_year(loading->calendar, loading->year) != RH_OK) {
        rh_yaml_problem(yaml, year_node, "a calendar holds at most %d years",
                        RH_CALENDAR_YEARS_MAX);
        return false;
    }
    bool good = notices == NULL || load_notices(loading, notices);
    if (!rh_yaml_sequence(yaml, holidays, "holidays"))
        return false;
    while ((holiday = fy_node_sequence_iterate(holidays, &iterator)) != NULL)
        good = load_holiday(loading, holiday) && good;
    return good;
}

/* The keys of the top, up to and without `years`. */
static bool load_head(struct rh_yaml *yaml, struct rh_calendar *out)
{
    char id[RH_CODE_BYTES_MAX + 1];
    char area[RH_CALENDAR_AREA_BYTES_MAX + 1] = "";
    char version[RH_CALENDAR_FILE_VERSION_BYTES_MAX + 1];
    struct rh_date first_day;
    struct rh_date last_day;

    struct fy_node *id_node = rh_yaml_need(yaml, yaml->root, "calendar", N_("the file"));
    struct fy_node *area_node = rh_yaml_get(yaml->root, "area");
    struct fy_node *version_node = rh_yaml_need(yaml, yaml->root, "version", N_("the file"));
    struct fy_node *from = rh_yaml_need(yaml, yaml->root, "valid_from", N_("the file"));
    struct fy_node *through = rh_yaml_need(yaml, yaml->root, "valid_through", N_("the file"));
    if (id_node == NULL || version_node == NULL || from == NULL || through == NULL)
        return false;

    bool good = rh_yaml_text(yaml, id_node, "calendar", id, sizeof id);
    if (area_node != NULL)
        good = rh_yaml_text(yaml, area_node, "area", area, sizeof area) && good;
    good = rh_yaml_text(yaml, version_node, "version", version, sizeof version) && good;
    good = read_days(yaml, from, &first_day, NULL) && good;
    good = read_days(yaml, through, &last_day, NULL) && good;
    if (!good)
        return false;
    if (last_day.days < first_day.days) {
        rh_yaml_problem(yaml, through, "valid_through lies before valid_from");
        return false;
    }
    const enum rh_err err =
        rh_calendar_start(out, id, area, version, first_day, last_day);
    if (err == RH_ERR_FULL)
        rh_yaml_problem(yaml, through, "a calendar spans at most %d years",
                        RH_CALENDAR_YEARS_MAX);
    else if (err != RH_OK)
        rh_yaml_problem(yaml, id_node,
                        "calendar must be a small-letter code, area 2 to 12 digits or left "
                        "out for the whole country, version a word without blanks");
    return err == RH_OK;
}

static bool load_years(struct loading *loading, struct fy_node *years)
{
    struct fy_node *node;
    void *iterator = NULL;
    bool good = true;

    if (!rh_yaml_sequence(loading->yaml, years, "years"))
        return false;
    while ((node = fy_node_sequence_iterate(years, &iterator)) != NULL)
        good = load_year(loading, node) && good;
    if (!good)
        return false;
    if (rh_calendar_finish(loading->calendar) != RH_OK) {
        rh_yaml_problem(loading->yaml, years,
                        "years must run from the year of valid_from (or the next, where that "
                        "is in December) to the year of valid_through");
        return false;
    }
    return true;
}

static enum rh_err load(struct rh_yaml *yaml, struct rh_calendar *out)
{
    struct loading loading = { .yaml = yaml, .calendar = out };
    bool good = rh_yaml_keys(yaml, yaml->root, N_("the file"), top_keys, COUNT(top_keys));

    struct fy_node *years = rh_yaml_need(yaml, yaml->root, "years", N_("the file"));
    /* Without a range the days cannot be judged; with an unknown key they still can. */
    if (!load_head(yaml, out) || years == NULL)
        return RH_ERR_CONFIG;
    good = load_years(&loading, years) && good;
    return good ? RH_OK : RH_ERR_CONFIG;
}

enum rh_err rh_load_calendar(const char *path, struct rh_calendar *out,
                             struct rh_load_report *report)
{
    struct rh_yaml yaml;

    memset(out, 0, sizeof *out);
    enum rh_err err = rh_yaml_open(&yaml, path, report);
    if (err == RH_OK)
        err = load(&yaml, out);
    rh_yaml_close(&yaml);
    return err;
}

enum rh_err rh_load_calendar_text(const char *name, const char *text, size_t bytes,
                                  struct rh_calendar *out, struct rh_load_report *report)
{
    struct rh_yaml yaml;

    memset(out, 0, sizeof *out);
    enum rh_err err = rh_yaml_open_text(&yaml, name, text, bytes, report);
    if (err == RH_OK)
        err = load(&yaml, out);
    rh_yaml_close(&yaml);
    return err;
}
