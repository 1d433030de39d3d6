#include "views/bulletin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/keys.h"

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

bool hub_bulletin_area(const char *text, struct hub_bulletin *out)
{
    size_t bytes = strlen(text);
    if (bytes < 2 || bytes >= sizeof out->area || !is_digits(text, bytes))
        return false;
    memcpy(out->area, text, bytes + 1);
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
    uint64_t now[RH_COLUMN_COUNT], before[RH_COLUMN_COUNT];
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
    for (unsigned f = 0; f < RH_COLUMN_COUNT && err == RH_OK; f++)
        *(before ? &group->before[f] : &group->now[f]) += month->figures[f];
    return err;
}

static enum rh_err take(struct gathering *all, const struct hub_month *month, bool before)
{
    enum hub_bulletin_by by = all->bulletin->by;
    bool is;
    enum rh_err err = hub_month_is_of(all->map, month->agency, all->bulletin->area, &is);
    if (err != RH_OK || !is)
        return err;
    err = take_into(all, month, 0, "", before);
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
            all->records += month.figures[RH_COLUMN_RECORDS];
        else if (month.agency == 0 && month.figures[RH_COLUMN_RECORDS] > 0)
            all->complete = true;
        hub_views_month_seek(&cursor, month.month + 1);
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* ---- rows ------------------------------------------------------------------------------ */

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
    bool shown = denominator >= RH_RATE_OF_MIN;
    json_object_set_new(row, key,
                        shown ? json_real((double)numerator / (double)denominator)
                              : json_null());
}

static void put_figure(json_t *row, const struct rh_figure *figure, const struct group *group)
{
    uint64_t numerator = rh_figure_sum(group->now, figure->numerator);
    uint64_t denominator = rh_figure_sum(group->now, figure->denominator);
    uint64_t earlier = rh_figure_sum(group->before, figure->numerator);
    uint64_t earlier_of = rh_figure_sum(group->before, figure->denominator);
    bool is_rate = figure->denominator != 0;
    put_text(row, "figure", figure->name);
    put_number(row, "numerator", numerator);
    json_object_set_new(row, "denominator",
                        is_rate ? json_integer((json_int_t)denominator) : json_null());
    put_rate(row, "rate", numerator, denominator);
    json_object_set_new(row, "small",
                        json_boolean(is_rate && denominator < RH_RATE_OF_MIN));
    put_number(row, "year_before", earlier);
    json_object_set_new(row, "year_before_of",
                        is_rate ? json_integer((json_int_t)earlier_of) : json_null());
    put_rate(row, "year_before_rate", earlier, earlier_of);
    /* A count against that of a year before: -0.148 is 14.8 % fewer. */
    json_object_set_new(row, "change",
                        !is_rate && earlier >= RH_RATE_OF_MIN
                            ? json_real(((double)numerator - (double)earlier) / (double)earlier)
                            : json_null());
    put_text(row, "definition", figure->definition);
}

static json_t *make_row(const struct gathering *all, const struct group *group,
                        const struct hub_agency *agency, const struct rh_figure *figure)
{
    char id[HUB_BULLETIN_NAME_BYTES + HUB_BULLETIN_AREA_BYTES + sizeof group->agency +
            sizeof group->procedure + 40];
    json_t *row = json_object();
    snprintf(id, sizeof id, "%s/%s/%s/%s/%s", all->bulletin->name, all->bulletin->area,
             group->agency, group->procedure, figure->name);
    put_text(row, "object", "bulletin");
    put_number(row, "v", 1);
    put_text(row, "id", id);
    put_text(row, "period", all->bulletin->name);
    json_object_set_new(row, "complete", json_boolean(all->complete));
    put_number(row, "records", all->records);
    put_text(row, "area", all->bulletin->area);
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
    const struct rh_figure *figure;
    for (size_t f = 0; err == RH_OK && (figure = rh_figure_at(f)) != NULL; f++) {
        uint32_t bits = figure->numerator | figure->denominator;
        if ((!whole && rh_figure_sum(group->now, bits) == 0) ||
            (all->bulletin->revisits && !figure->revisits))
            continue;
        /* What is under seal stands under nobody, so no area can say how much it has of it. */
        if (all->bulletin->area[0] != 0 && !rh_figure_is_told(figure))
            continue;
        err = each(context, make_row(all, group, group->no == 0 ? &nobody : agency, figure));
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
