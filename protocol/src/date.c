/* Civil calendar arithmetic for 1970 to 2199.
 *
 * Leap days before 1 January of year y, counted from 1970: every fourth year, less the
 * centuries, plus every fourth century. 1969, 1901 and 1601 are the years after which the
 * next leap year, century and fourth century fall, so the three integer divisions are all
 * zero for y = 1970:
 *
 *     (y - 1969) / 4  -  (y - 1901) / 100  +  (y - 1601) / 400
 *
 * Going back from a day number, dividing by 366 can only guess a year too early, never too
 * late; in 230 years it is off by at most one, which the loop repairs. */
#include <rh/date.h>

#include <assert.h>

#define CHINA_OFFSET_MS (8 * RH_HOUR_MS)

static const int32_t days_before_month[2][13] = {
    { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 },
    { 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366 },
};

static_assert(RH_DATE_DAYS_MAX + 1 == 230 * 365 + 56, "230 years with 56 leap days");

static int32_t is_leap(int32_t year)
{
    return (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) ? 1 : 0;
}

static int32_t days_before_year(int32_t year)
{
    return 365 * (year - 1970) + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400;
}

bool rh_date_is_valid(struct rh_date date)
{
    return date.days >= 0 && date.days <= RH_DATE_DAYS_MAX;
}

int32_t rh_date_days_in_month(int32_t year, int32_t month)
{
    rh_assert(month >= 1 && month <= 12);
    const int32_t *before = days_before_month[is_leap(year)];
    return before[month] - before[month - 1];
}

enum rh_err rh_date_from_civil(int32_t year, int32_t month, int32_t day, struct rh_date *out)
{
    if (year < RH_DATE_YEAR_MIN || year > RH_DATE_YEAR_MAX)
        return RH_ERR_INVALID;
    if (month < 1 || month > 12)
        return RH_ERR_INVALID;
    if (day < 1 || day > rh_date_days_in_month(year, month))
        return RH_ERR_INVALID;

    out->days = days_before_year(year) + days_before_month[is_leap(year)][month - 1] + day - 1;
    return RH_OK;
}

struct rh_civil rh_date_to_civil(struct rh_date date)
{
    rh_assert(rh_date_is_valid(date));

    int32_t year = 1970 + date.days / 366;
    while (days_before_year(year + 1) <= date.days)
        year++;

    const int32_t day_of_year = date.days - days_before_year(year);
    const int32_t *before = days_before_month[is_leap(year)];
    int32_t month = day_of_year / 32 + 1; /* never too late, at most one too early */
    if (before[month] <= day_of_year)
        month++;

    return (struct rh_civil){ year, month, day_of_year - before[month - 1] + 1 };
}

uint32_t rh_date_weekday(struct rh_date date)
{
    rh_assert(rh_date_is_valid(date));
    return (uint32_t)((date.days + 3) % 7 + 1); /* 1970-01-01 was a Thursday */
}

/* Exactly `digits` decimal digits, or -1. */
static int32_t read_digits(const char *text, size_t digits)
{
    int32_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static void write_digits(char *out, size_t digits, uint32_t value)
{
    for (size_t i = digits; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

enum rh_err rh_date_parse(const char *text, size_t bytes, struct rh_date *out)
{
    if (bytes != RH_DATE_TEXT_BYTES - 1 || text[4] != '-' || text[7] != '-')
        return RH_ERR_INVALID;
    return rh_date_from_civil(read_digits(text, 4), read_digits(text + 5, 2),
                              read_digits(text + 8, 2), out);
}

void rh_date_format(struct rh_date date, char out[RH_DATE_TEXT_BYTES])
{
    const struct rh_civil civil = rh_date_to_civil(date);
    write_digits(out, 4, (uint32_t)civil.year);
    out[4] = '-';
    write_digits(out + 5, 2, (uint32_t)civil.month);
    out[7] = '-';
    write_digits(out + 8, 2, (uint32_t)civil.day);
    out[10] = '\0';
}

struct rh_date rh_date_of_instant(uint64_t instant_ms)
{
    if (instant_ms >= RH_INSTANT_MS_END)
        return (struct rh_date){ RH_DATE_DAYS_MAX };
    return (struct rh_date){ (int32_t)((instant_ms + CHINA_OFFSET_MS) / RH_DAY_MS) };
}

uint64_t rh_date_start_ms(struct rh_date date)
{
    rh_assert(rh_date_is_valid(date));
    return date.days == 0 ? 0 : (uint64_t)date.days * RH_DAY_MS - CHINA_OFFSET_MS;
}

uint64_t rh_date_end_ms(struct rh_date date)
{
    rh_assert(rh_date_is_valid(date));
    return ((uint64_t)date.days + 1) * RH_DAY_MS - CHINA_OFFSET_MS;
}

/* ".123456789" at text[*at], if there: *ms is what it holds in whole milliseconds. */
static bool read_fraction(const char *text, size_t bytes, size_t *at, uint32_t *ms)
{
    *ms = 0;
    if (*at >= bytes || text[*at] != '.')
        return true;

    const size_t first = ++*at;
    uint32_t weight = 100;
    while (*at < bytes && text[*at] >= '0' && text[*at] <= '9') {
        *ms += (uint32_t)(text[*at] - '0') * weight;
        weight /= 10;
        (*at)++;
    }
    return *at - first >= 1 && *at - first <= 9;
}

/* 'Z' or "+hh:mm" filling text[at] to the end: how far local time is ahead of UTC. */
static bool read_offset(const char *text, size_t bytes, size_t at, int64_t *offset_ms)
{
    *offset_ms = 0;
    if (bytes - at == 1)
        return text[at] == 'Z' || text[at] == 'z';
    if (bytes - at != 6 || (text[at] != '+' && text[at] != '-') || text[at + 3] != ':')
        return false;

    const int32_t hours = read_digits(text + at + 1, 2);
    const int32_t minutes = read_digits(text + at + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *offset_ms = ((int64_t)hours * 60 + minutes) * 60000 * (text[at] == '-' ? -1 : 1);
    return true;
}

enum rh_err rh_instant_parse(const char *text, size_t bytes, uint64_t *out_ms)
{
    struct rh_date date;
    uint32_t fraction_ms;
    int64_t offset_ms;
    size_t at = 19;

    if (bytes < 20 || bytes > 35)
        return RH_ERR_INVALID;
    if (rh_date_parse(text, 10, &date) != RH_OK)
        return RH_ERR_INVALID;
    if ((text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':')
        return RH_ERR_INVALID;

    const int32_t hour = read_digits(text + 11, 2);
    const int32_t minute = read_digits(text + 14, 2);
    const int32_t second = read_digits(text + 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return RH_ERR_INVALID;
    if (!read_fraction(text, bytes, &at, &fraction_ms) ||
        !read_offset(text, bytes, at, &offset_ms))
        return RH_ERR_INVALID;

    const int64_t seconds = ((int64_t)date.days * 24 + hour) * 3600 + minute * 60 + second;
    const int64_t instant = seconds * 1000 + fraction_ms - offset_ms;
    if (instant < 0 || (uint64_t)instant >= RH_INSTANT_MS_END)
        return RH_ERR_INVALID;
    *out_ms = (uint64_t)instant;
    return RH_OK;
}

/* "YYYY-MM-DDThh:mm:ss" of a wall that shows `wall_ms` since 1970-01-01 00:00 there. */
static void format_wall(uint64_t wall_ms, char out[20])
{
    const uint32_t second_of_day = (uint32_t)(wall_ms % RH_DAY_MS / 1000);

    rh_date_format((struct rh_date){ (int32_t)(wall_ms / RH_DAY_MS) }, out);
    out[10] = 'T';
    write_digits(out + 11, 2, second_of_day / 3600);
    out[13] = ':';
    write_digits(out + 14, 2, second_of_day / 60 % 60);
    out[16] = ':';
    write_digits(out + 17, 2, second_of_day % 60);
    out[19] = '\0';
}

void rh_instant_format(uint64_t instant_ms, char out[RH_INSTANT_TEXT_BYTES])
{
    static const char offset[] = "+08:00";

    if (instant_ms >= RH_INSTANT_MS_END)
        instant_ms = RH_INSTANT_MS_END - 1;
    format_wall(instant_ms + CHINA_OFFSET_MS, out);
    for (size_t i = 0; i < sizeof offset; i++)
        out[19 + i] = offset[i];
}

void rh_instant_format_utc(uint64_t instant_ms, char out[RH_INSTANT_TEXT_BYTES])
{
    if (instant_ms >= RH_INSTANT_MS_END)
        instant_ms = RH_INSTANT_MS_END - 1;
    format_wall(instant_ms, out);
    out[19] = '.';
    write_digits(out + 20, 3, (uint32_t)(instant_ms % 1000));
    out[23] = 'Z';
    out[24] = '\0';
}

void rh_instant_format_end(uint64_t end_ms, char out[RH_INSTANT_TEXT_BYTES])
{
    rh_instant_format(end_ms >= 1000 ? end_ms - 1000 : 0, out);
}
