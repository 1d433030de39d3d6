#include "views/bulletin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/text.h>

#include "views/keys.h"

#define SUM(figure) (UINT32_C(1) << HUB_MONTH_##figure)

/* A figure is the sum of some columns of the ledger, a rate that sum over another. */
static const struct figure {
    const char *name;
    const char *definition;
    uint32_t numerator, denominator; /* bits of hub_month_figure; denominator 0: a count */
} figures[] = {
    { "registered", N_("matters registered in the period, by who registered them"),
      SUM(REGISTERED), 0 },
    { "dispatched", N_("sent in the period, by who sent them"), SUM(DISPATCHED), 0 },
    { "received", N_("sent in the period, by who they were sent to"), SUM(RECEIVED), 0 },
    { "signed", N_("signed for in the period"), SUM(SIGNED), 0 },
    { "accepted", N_("accepted in the period"), SUM(ACCEPTED), 0 },
    { "not_accepted", N_("refused with reasons in the period"), SUM(NOT_ACCEPTED), 0 },
    { "objected", N_("objections to competence in the period"), SUM(OBJECTED), 0 },
    { "returned", N_("returned or recalled in the period"), SUM(RETURNED), 0 },
    { "concluded", N_("concluded in the period"), SUM(CONCLUDED), 0 },
    { "replied", N_("replied to in the period"), SUM(REPLIED), 0 },
    { "closed", N_("closed in the period"), SUM(CLOSED), 0 },
    { "reopened", N_("taken up again in the period"), SUM(REOPENED), 0 },
    { "reports_rejected", N_("reports sent back in the period"), SUM(REJECTED), 0 },
    { "visited", N_("return visits in the period"), SUM(VISITED), 0 },
    { "missed", N_("clocks whose last day lies in the period and was missed, by who owes"),
      SUM(MISSED), 0 },
    { "met_late", N_("clocks missed, now or earlier, whose act was done in the period"),
      SUM(MET_LATE), 0 },
    { "on_time_rate", N_("clocks met in time / clocks met or missed whose last day lies in the "
                         "period"),
      SUM(MET), SUM(MET) | SUM(MISSED) },
    { "overdue_rate", N_("clocks missed / clocks met or missed whose last day lies in the "
                         "period"),
      SUM(MISSED), SUM(MET) | SUM(MISSED) },
    { "accepted_rate", N_("accepted / accepted, refused or returned, in the period"),
      SUM(ACCEPTED), SUM(ACCEPTED) | SUM(NOT_ACCEPTED) | SUM(RETURNED) },
    { "clearance_rate", N_("concluded / received, in the period; above 1 when more was done "
                           "than came"),
      SUM(CONCLUDED), SUM(RECEIVED) },
    { "returned_rate", N_("objected or returned / received, in the period"),
      SUM(OBJECTED) | SUM(RETURNED), SUM(RECEIVED) },
    { "repeated_rate", N_("repeats and relapses / registered, in the period"), SUM(REPEATED),
      SUM(REGISTERED) },
    { "visited_rate", N_("return visits / replies, in the period"), SUM(VISITED),
      SUM(REPLIED) },
    { "satisfied_rate", N_("evaluated as satisfied / evaluated, in the period"), SUM(SATISFIED),
      SUM(SATISFIED) | SUM(DISSATISFIED) },
    { "reopened_rate", N_("taken up again / replies, in the period"), SUM(REOPENED),
      SUM(REPLIED) },
    { "sealed", N_("matters under seal registered in the period; in no other figure"),
      SUM(SEALED), 0 },
};

enum { FIGURES = sizeof figures / sizeof figures[0] };

static_assert(HUB_MONTH_FIGURES <= 32, "the columns of the ledger fit in a set of bits");

/* ---- the period ------------------------------------------------------------------------ */

static bool is_digits(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    return true;
}

bool hub_bulletin_period(const char *text, struct hub_bulletin *out)
{
    size_t bytes = strlen(text);
    if (bytes < 4 || bytes > 7 || !is_digits(text, 4))
        return false;
    uint32_t year = (uint32_t)strtoul((char[5]){ text[0], text[1], text[2], text[3], 0 }, NULL,
                                      10);
    uint32_t first = 1, last = 12;
    if (bytes == 7 && text[4] == '-' && text[5] == 'Q' && text[6] >= '1' && text[6] <= '4') {
        first = ((uint32_t)text[6] - '1') * 3 + 1;
        last = first + 2;
    } else if (bytes == 7 && text[4] == '-' && is_digits(text + 5, 2)) {
        first = last = ((uint32_t)text[5] - '0') * 10 + ((uint32_t)text[6] - '0');
    } else if (bytes != 4) {
        return false;
    }
    if (year < 1970 || year > 9998 || first < 1 || last > 12)
        return false;
    memcpy(out->name, text, bytes + 1);
    out->from = year * 100 + first;
    out->through = year * 100 + last;
    return true;
}

bool hub_bulletin_by(const char *text, struct hub_bulletin *out)
{
    static const char *const names[] = { [HUB_BULLETIN_AGENCY] = "agency",
                                         [HUB_BULLETIN_PROCEDURE] = "procedure",
                                         [HUB_BULLETIN_BOTH] = "both" };
    for (int by = HUB_BULLETIN_AGENCY; by <= HUB_BULLETIN_BOTH; by++) {
        if (strcmp(text, names[by]) != 0)
            continue;
        out->by = (enum hub_bulletin_by)by;
        return true;
    }
    return false;
}

/* ---- gathering ------------------------------------------------------------------------- */

struct group {
    char agency[RH_AGENCY_BYTES_MAX + 1]; /* "" for the whole and by procedure */
    uint32_t no;
    char procedure[RH_CODE_BYTES_MAX + 1];
    uint64_t now[HUB_MONTH_FIGURES], before[HUB_MONTH_FIGURES];
};

struct gathering {
    struct hub_map *map;
    const struct hub_bulletin *bulletin;
    struct group *groups; /* owned; 0 is the whole */
    size_t count, capacity;
    uint64_t records;     /* of the log until the end of the period */
    bool complete;        /* the log goes on behind the period */
};

static enum rh_err find_group(struct gathering *all, uint32_t agency, const char *procedure,
                              struct group **out)
{
    for (size_t i = 0; i < all->count; i++) {
        *out = &all->groups[i];
        if ((*out)->no == agency && strcmp((*out)->procedure, procedure) == 0)
            return RH_OK;
    }
    if (all->count == all->capacity) {
        size_t capacity = all->capacity * 2 + 64;
        struct group *larger = realloc(all->groups, capacity * sizeof *larger);
        if (larger == NULL)
            return RH_ERR_NOMEM;
        all->groups = larger;
        all->capacity = capacity;
    }
    *out = &all->groups[all->count++];
    memset(*out, 0, sizeof **out);
    (*out)->no = agency;
    memcpy((*out)->procedure, procedure, strlen(procedure) + 1);
    return RH_OK;
}

static enum rh_err take_into(struct gathering *all, const struct hub_month *month,
                             uint32_t agency, const char *procedure, bool before)
{
    struct group *group;
    enum rh_err err = find_group(all, agency, procedure, &group);
    for (unsigned f = 0; f < HUB_MONTH_FIGURES && err == RH_OK; f++)
        *(before ? &group->before[f] : &group->now[f]) += month->figures[f];
    return err;
}

static enum rh_err take(struct gathering *all, const struct hub_month *month, bool before)
{
    enum hub_bulletin_by by = all->bulletin->by;
    enum rh_err err = take_into(all, month, 0, "", before);
    if (err != RH_OK || by == HUB_BULLETIN_ALL || month->agency == 0)
        return err;
    return take_into(all, month, by == HUB_BULLETIN_PROCEDURE ? 0 : month->agency,
                     by == HUB_BULLETIN_AGENCY ? "" : month->procedure, before);
}

static enum rh_err gather(struct gathering *all, uint32_t from, uint32_t through, bool before)
{
    struct hub_cursor cursor;
    struct hub_month month;
    hub_views_month_seek(&cursor, from);
    enum rh_err err = hub_views_month_next(all->map, &cursor, &month);
    while (err == RH_OK && month.month <= through) {
        err = take(all, &month, before);
        if (err == RH_OK)
            err = hub_views_month_next(all->map, &cursor, &month);
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* Nobody's entry, where records are counted, stands first in its month. */
static enum rh_err measure(struct gathering *all)
{
    struct hub_cursor cursor = { .bytes = 0 };
    struct hub_month month;
    enum rh_err err;
    while ((err = hub_views_month_next(all->map, &cursor, &month)) == RH_OK) {
        if (month.agency == 0 && month.month <= all->bulletin->through)
            all->records += month.figures[HUB_MONTH_RECORDS];
        else if (month.agency == 0 && month.figures[HUB_MONTH_RECORDS] > 0)
            all->complete = true;
        hub_views_month_seek(&cursor, month.month + 1);
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* ---- rows ------------------------------------------------------------------------------ */

static uint64_t sum(const uint64_t columns[HUB_MONTH_FIGURES], uint32_t bits)
{
    uint64_t total = 0;
    for (unsigned f = 0; f < HUB_MONTH_FIGURES; f++) {
        if (bits >> f & 1u)
            total += columns[f];
    }
    return total;
}

static void put_text(json_t *row, const char *key, const char *text)
{
    json_object_set_new(row, key, text[0] == 0 ? json_null() : json_string(text));
}

static void put_number(json_t *row, const char *key, uint64_t number)
{
    json_object_set_new(row, key, json_integer((json_int_t)number));
}

static void put_rate(json_t *row, const char *key, uint64_t numerator, uint64_t denominator)
{
    bool shown = denominator >= HUB_BULLETIN_SMALL;
    json_object_set_new(row, key,
                        shown ? json_real((double)numerator / (double)denominator)
                              : json_null());
}

static void put_figure(json_t *row, const struct figure *figure, const struct group *group)
{
    uint64_t numerator = sum(group->now, figure->numerator);
    uint64_t denominator = sum(group->now, figure->denominator);
    uint64_t earlier = sum(group->before, figure->numerator);
    uint64_t earlier_of = sum(group->before, figure->denominator);
    bool is_rate = figure->denominator != 0;
    put_text(row, "figure", figure->name);
    put_number(row, "numerator", numerator);
    json_object_set_new(row, "denominator",
                        is_rate ? json_integer((json_int_t)denominator) : json_null());
    put_rate(row, "rate", numerator, denominator);
    json_object_set_new(row, "small",
                        json_boolean(is_rate && denominator < HUB_BULLETIN_SMALL));
    put_number(row, "year_before", earlier);
    json_object_set_new(row, "year_before_of",
                        is_rate ? json_integer((json_int_t)earlier_of) : json_null());
    put_rate(row, "year_before_rate", earlier, earlier_of);
    /* A count against that of a year before: -0.148 is 14.8 % fewer. */
    json_object_set_new(row, "change",
                        !is_rate && earlier >= HUB_BULLETIN_SMALL
                            ? json_real(((double)numerator - (double)earlier) / (double)earlier)
                            : json_null());
    put_text(row, "definition", figure->definition);
}

static json_t *make_row(const struct gathering *all, const struct group *group,
                        const struct hub_agency *agency, const struct figure *figure)
{
    char id[HUB_BULLETIN_NAME_BYTES + sizeof group->agency + sizeof group->procedure + 40];
    json_t *row = json_object();
    snprintf(id, sizeof id, "%s/%s/%s/%s", all->bulletin->name, group->agency,
             group->procedure, figure->name);
    put_text(row, "object", "bulletin");
    put_number(row, "v", 1);
    put_text(row, "id", id);
    put_text(row, "period", all->bulletin->name);
    json_object_set_new(row, "complete", json_boolean(all->complete));
    put_number(row, "records", all->records);
    put_text(row, "agency", group->agency);
    put_text(row, "agency_zh", agency->name_zh);
    put_text(row, "agency_en", agency->name_en);
    put_text(row, "procedure", group->procedure);
    put_figure(row, figure, group);
    return row;
}

static enum rh_err show_group(const struct gathering *all, const struct group *group,
                              hub_bulletin_fn *each, void *context)
{
    static const struct hub_agency nobody;
    struct hub_agency *agency = calloc(1, sizeof *agency);
    bool whole = group->no == 0 && group->procedure[0] == 0;
    enum rh_err err = agency == NULL ? RH_ERR_NOMEM : RH_OK;
    if (err == RH_OK && group->no != 0)
        err = hub_views_agency(all->map, group->no, agency);
    if (err == RH_ERR_NOTFOUND)
        err = RH_ERR_CORRUPT; /* figures of somebody who was never enrolled */
    for (int f = 0; f < FIGURES && err == RH_OK; f++) {
        if (!whole && sum(group->now, figures[f].numerator | figures[f].denominator) == 0)
            continue;
        err = each(context,
                   make_row(all, group, group->no == 0 ? &nobody : agency, &figures[f]));
    }
    free(agency);
    return err;
}

static int by_name(const void *a, const void *b)
{
    const struct group *left = a, *right = b;
    int order = strcmp(left->agency, right->agency);
    return order != 0 ? order : strcmp(left->procedure, right->procedure);
}

static enum rh_err name_groups(struct gathering *all)
{
    struct hub_agency *agency = calloc(1, sizeof *agency);
    enum rh_err err = agency == NULL ? RH_ERR_NOMEM : RH_OK;
    for (size_t i = 0; i < all->count && err == RH_OK; i++) {
        if (all->groups[i].no == 0)
            continue;
        err = hub_views_agency(all->map, all->groups[i].no, agency);
        if (err == RH_OK)
            memcpy(all->groups[i].agency, agency->id.text, sizeof agency->id.text);
    }
    free(agency);
    if (err == RH_OK)
        qsort(all->groups, all->count, sizeof all->groups[0], by_name);
    return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
}

enum rh_err hub_bulletin_rows(struct hub_map *map, const struct hub_bulletin *bulletin,
                              hub_bulletin_fn *each, void *context)
{
    struct gathering all = { .map = map, .bulletin = bulletin };
    struct group *whole; /* also of a period without anything */
    enum rh_err err = find_group(&all, 0, "", &whole);
    if (err == RH_OK)
        err = measure(&all);
    if (err == RH_OK)
        err = gather(&all, bulletin->from, bulletin->through, false);
    if (err == RH_OK)
        err = gather(&all, bulletin->from - 100, bulletin->through - 100, true);
    if (err == RH_OK)
        err = name_groups(&all);
    for (size_t i = 0; i < all.count && err == RH_OK; i++)
        err = show_group(&all, &all.groups[i], each, context);
    free(all.groups);
    return err;
}
