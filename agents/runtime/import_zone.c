#include "runtime/import_zone.h"

#include <rh/date.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "runtime/words.h"

enum { CHANGES_MAX = 1024, NAME_BYTES_MAX = 64, OFFSET_MS_MAX = 26 * 3600 * 1000 };

#define DAY_S INT64_C(86400)

struct agent_zone {
    uint32_t count; /* at least 1 */
    struct {
        int64_t from_ms;   /* UTC; of the first INT64_MIN */
        int64_t offset_ms; /* local is UTC plus this, from then on */
    } changes[CHANGES_MAX];
};

/* ---- opening ---------------------------------------------------------------------------- */

/* "+08:00", "-05:30". */
static bool fixed_offset(const char *name, int64_t *offset_ms)
{
    int hours, minutes;
    char sign, end;
    if (strlen(name) != 6 || sscanf(name, "%c%2d:%2d%c", &sign, &hours, &minutes, &end) != 3)
        return false;
    if ((sign != '+' && sign != '-') || hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *offset_ms = (sign == '-' ? -1 : 1) * ((int64_t)hours * 60 + minutes) * 60000;
    return true;
}

/* The C library takes an unknown zone for UTC, so the file is looked for first. */
static bool is_known(const char *name)
{
    char path[NAME_BYTES_MAX + 32];
    struct stat about;
    size_t bytes = strlen(name);
    if (bytes == 0 || bytes > NAME_BYTES_MAX || name[0] == '/' || strstr(name, "..") != NULL)
        return false;
    for (const char *at = name; *at != '\0'; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
              (*at >= '0' && *at <= '9') || strchr("/_+-", *at) != NULL))
            return false;
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    int64_t y = year - (month <= 2 ? 1 : 0);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Local time minus UTC, in seconds, at an instant of the zone in TZ. */
static int64_t offset_at(int64_t utc_s)
{
    time_t instant = (time_t)utc_s;
    struct tm civil;
    if (localtime_r(&instant, &civil) == NULL)
        return 0;
    int64_t local = days_from_civil(civil.tm_year + 1900, civil.tm_mon + 1, civil.tm_mday) *
                        DAY_S +
                    civil.tm_hour * 3600 + civil.tm_min * 60 + civil.tm_sec;
    return local - utc_s;
}

/* Day by day; where two days differ, the second between them is found by halving. */
static void ask_library(struct agent_zone *zone)
{
    const int64_t last = (int64_t)(RH_INSTANT_MS_END / 1000);
    int64_t offset = offset_at(0);
    zone->changes[0].from_ms = INT64_MIN;
    zone->changes[0].offset_ms = offset * 1000;
    zone->count = 1;
    for (int64_t at = 0; at < last && zone->count < CHANGES_MAX; at += DAY_S) {
        int64_t next = offset_at(at + DAY_S);
        if (next == offset)
            continue;
        int64_t low = at, high = at + DAY_S;
        while (high - low > 1) {
            int64_t middle = low + (high - low) / 2;
            if (offset_at(middle) == offset)
                low = middle;
            else
                high = middle;
        }
        offset = next;
        zone->changes[zone->count].from_ms = high * 1000;
        zone->changes[zone->count].offset_ms = offset * 1000;
        zone->count++;
    }
}

static void put_back(char *former)
{
    if (former != NULL)
        setenv("TZ", former, 1);
    else
        unsetenv("TZ");
    tzset();
    free(former);
}

enum rh_err agent_zone_open(const char *name, struct agent_zone **out)
{
    int64_t offset_ms = 0;
    bool fixed = fixed_offset(name, &offset_ms);
    if (!fixed && !is_known(name))
        return RH_ERR_NOTFOUND;
    struct agent_zone *zone = calloc(1, sizeof *zone);
    rh_assert(zone != NULL);
    *out = zone;
    if (fixed) {
        zone->count = 1;
        zone->changes[0].from_ms = INT64_MIN;
        zone->changes[0].offset_ms = offset_ms;
        return RH_OK;
    }
    const char *set = getenv("TZ");
    char *former = set == NULL ? NULL : strdup(set);
    setenv("TZ", name, 1);
    tzset();
    ask_library(zone);
    put_back(former);
    return RH_OK;
}

void agent_zone_close(struct agent_zone **zone)
{
    free(*zone);
    *zone = NULL;
}

/* ---- asking ----------------------------------------------------------------------------- */

/* The instant at which walls in the zone show local_ms (ms since 1970 as if it were UTC). An
 * hour that comes twice in autumn is taken the first time; one left out in spring is read as if
 * the clocks had not been put forward yet. RH_ERR_INVALID before 1970. */
static enum rh_err instant_of(const struct agent_zone *zone, int64_t local_ms, uint64_t *ms)
{
    if (local_ms < -(int64_t)OFFSET_MS_MAX || local_ms > (int64_t)RH_INSTANT_MS_END)
        return RH_ERR_INVALID;
    uint32_t first = zone->count - 1;
    while (first > 0 && zone->changes[first].from_ms > local_ms - OFFSET_MS_MAX)
        first--;
    /* The first stretch of one offset in which the instant lies where it says it does. What
     * lies in none was left out by a clock put forward: the stretch before counts on. */
    int64_t instant = local_ms - zone->changes[first].offset_ms;
    for (uint32_t i = first; i < zone->count; i++) {
        int64_t candidate = local_ms - zone->changes[i].offset_ms;
        if (candidate < zone->changes[i].from_ms)
            break;
        instant = candidate;
        if (i + 1 == zone->count || candidate < zone->changes[i + 1].from_ms)
            break;
    }
    if (instant < 0)
        return RH_ERR_INVALID;
    *ms = (uint64_t)instant;
    return RH_OK;
}

/* One or more digits at *at, at most `digits` of them. */
static bool number(const char **at, int digits, int32_t *out)
{
    int seen = 0;
    for (*out = 0; seen < digits && **at >= '0' && **at <= '9'; seen++, (*at)++)
        *out = *out * 10 + (**at - '0');
    return seen > 0;
}

static bool character(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

static bool read_clock(const char **at, int64_t *ms)
{
    int32_t hour, minute, second = 0, digit;
    int64_t fraction = 0, unit = 100;
    if (!number(at, 2, &hour) || !character(at, ':') || !number(at, 2, &minute))
        return false;
    if (character(at, ':') && !number(at, 2, &second))
        return false;
    if (character(at, '.')) {
        if (**at < '0' || **at > '9')
            return false;
        for (; number(at, 1, &digit); unit /= 10)
            fraction += digit * unit;
    }
    *ms = ((int64_t)hour * 60 + minute) * 60000 + (int64_t)second * 1000 + fraction;
    return hour <= 23 && minute <= 59 && second <= 59;
}

enum rh_err agent_zone_parse(const struct agent_zone *zone, const char *text, bool end,
                             uint64_t *ms)
{
    int32_t year, month, day;
    int64_t clock = end ? (int64_t)RH_DAY_MS : 0;
    struct rh_date ignored;
    const char *at = text;
    /* Whole days are the zone's; agent_instant_parse would take them for China's. */
    bool has_clock = strchr(text, ':') != NULL;
    if (has_clock && agent_instant_parse(text, end, ms) == RH_OK)
        return RH_OK;
    if (!number(&at, 4, &year))
        return RH_ERR_INVALID;
    char mark = *at == '/' ? '/' : '-';
    if (!character(&at, mark) || !number(&at, 2, &month) || !character(&at, mark) ||
        !number(&at, 2, &day) || rh_date_from_civil(year, month, day, &ignored) != RH_OK)
        return RH_ERR_INVALID;
    if (*at != '\0' && ((!character(&at, 'T') && !character(&at, ' ')) ||
                        !read_clock(&at, &clock) || *at != '\0'))
        return RH_ERR_INVALID;
    int64_t day_ms = days_from_civil(year, month, day) * DAY_S * 1000;
    return instant_of(zone, day_ms + clock, ms);
}
