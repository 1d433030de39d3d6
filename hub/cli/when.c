/* Times as people write and read them. Data are UTC; only here is a zone looked at. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rh/date.h>
#include <rh/text.h>

enum zone { ZONE_CHINA, ZONE_OFFSET, ZONE_SYSTEM };

static enum zone zone = ZONE_CHINA;
static int offset_minutes; /* ZONE_OFFSET */
static char zone_text[64] = "Asia/Shanghai";

static bool two_digits(const char *text, int most, int *out)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *out = (text[0] - '0') * 10 + (text[1] - '0');
    return *out <= most;
}

static bool read_offset(const char *text)
{
    int hours, minutes;
    if (strcmp(text, "UTC") == 0 || strcmp(text, "Z") == 0) {
        offset_minutes = 0;
        return true;
    }
    if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' ||
        !two_digits(text + 1, 14, &hours) || !two_digits(text + 4, 59, &minutes))
        return false;
    offset_minutes = (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

/* The C library takes any word for a zone and silently means UTC. */
static bool system_has(const char *name)
{
    char path[128];
    if (name[0] == '/' || name[0] == '.' || strstr(name, "..") != NULL)
        return false;
    int bytes = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    return bytes > 0 && (size_t)bytes < sizeof path && access(path, R_OK) == 0;
}

bool hub_cli_zone_set(const char *name)
{
    if (strlen(name) >= sizeof zone_text || name[0] == '\0')
        return false;
    if (strcmp(name, "Asia/Shanghai") == 0) {
        zone = ZONE_CHINA;
    } else if (read_offset(name)) {
        zone = ZONE_OFFSET;
    } else if (system_has(name) && setenv("TZ", name, 1) == 0) {
        zone = ZONE_SYSTEM;
        tzset();
    } else {
        return false;
    }
    memcpy(zone_text, name, strlen(name) + 1);
    return true;
}

const char *hub_cli_zone_name(void)
{
    return zone == ZONE_CHINA ? _("Beijing time") : zone_text;
}

static void split(uint64_t ms, struct tm *out)
{
    time_t seconds = (time_t)(ms / 1000);
    if (zone == ZONE_SYSTEM) {
        localtime_r(&seconds, out);
        return;
    }
    seconds += zone == ZONE_CHINA ? 8 * 3600 : offset_minutes * 60;
    gmtime_r(&seconds, out);
}

void hub_cli_when(uint64_t ms, uint64_t now_ms, bool exact, char out[HUB_CLI_WHEN_BYTES])
{
    struct tm at, now;
    split(ms, &at);
    split(now_ms, &now);
    bool whole = exact || at.tm_year != now.tm_year;
    size_t used = strftime(out, HUB_CLI_WHEN_BYTES, whole ? "%Y-%m-%d %H:%M" : "%m-%d %H:%M",
                           &at);
    if (exact)
        snprintf(out + used, HUB_CLI_WHEN_BYTES - used, ":%02d.%03d", at.tm_sec,
                 (int)(ms % 1000));
}

void hub_cli_when_end(uint64_t ms, uint64_t now_ms, bool exact, char out[HUB_CLI_WHEN_BYTES])
{
    bool midnight = ms > 0 && (ms + 8 * RH_HOUR_MS) % RH_DAY_MS == 0;
    hub_cli_when(midnight ? ms - 1000 : ms, now_ms, exact, out);
}

void hub_cli_duration(uint64_t seconds, char out[HUB_CLI_WHEN_BYTES])
{
    unsigned long long days = seconds / 86400;
    unsigned hours = (unsigned)(seconds % 86400 / 3600);
    unsigned minutes = (unsigned)(seconds % 3600 / 60);
    if (days > 0 && hours > 0)
        snprintf(out, HUB_CLI_WHEN_BYTES, _("%llu d %u h"), days, hours);
    else if (days > 0)
        snprintf(out, HUB_CLI_WHEN_BYTES, _("%llu d"), days);
    else if (hours > 0 && minutes > 0)
        snprintf(out, HUB_CLI_WHEN_BYTES, _("%u h %u min"), hours, minutes);
    else if (hours > 0)
        snprintf(out, HUB_CLI_WHEN_BYTES, _("%u h"), hours);
    else if (minutes > 0)
        snprintf(out, HUB_CLI_WHEN_BYTES, _("%u min"), minutes);
    else
        snprintf(out, HUB_CLI_WHEN_BYTES, _("%u s"), (unsigned)seconds);
}

/* ---- reading --------------------------------------------------------------------------- */

/* First day of the week, month or year of a day. */
static bool named_day(const char *text, struct rh_date today, struct rh_date *out)
{
    struct rh_civil civil = rh_date_to_civil(today);
    *out = today;
    if (strcmp(text, "today") == 0 || strcmp(text, "今天") == 0)
        return true;
    if (strcmp(text, "yesterday") == 0 || strcmp(text, "昨天") == 0)
        out->days -= 1;
    else if (strcmp(text, "week") == 0 || strcmp(text, "本周") == 0)
        out->days -= (int32_t)rh_date_weekday(today) - 1;
    else if (strcmp(text, "month") == 0 || strcmp(text, "本月") == 0)
        out->days -= civil.day - 1;
    else if (strcmp(text, "year") == 0 || strcmp(text, "本年") == 0)
        return rh_date_from_civil(civil.year, 1, 1, out) == RH_OK;
    else
        return false;
    return rh_date_is_valid(*out);
}

static bool so_long_ago(const char *text, uint64_t now_ms, uint64_t *out_ms)
{
    char *end;
    if (text[0] < '0' || text[0] > '9' || strlen(text) > 8)
        return false;
    uint64_t count = strtoull(text, &end, 10);
    uint64_t unit = strcmp(end, "d") == 0 ? RH_DAY_MS : strcmp(end, "h") == 0 ? RH_HOUR_MS : 0;
    if (unit == 0 || count > now_ms / unit)
        return false;
    *out_ms = now_ms - count * unit;
    return true;
}

bool hub_cli_when_parse(const char *text, uint64_t now_ms, uint64_t *out_ms)
{
    struct rh_date date;
    if (rh_instant_parse(text, strlen(text), out_ms) == RH_OK)
        return true;
    if (rh_date_parse(text, strlen(text), &date) == RH_OK ||
        named_day(text, rh_date_of_instant(now_ms), &date)) {
        *out_ms = rh_date_start_ms(date);
        return true;
    }
    if (strcmp(text, "now") == 0 || strcmp(text, "现在") == 0) {
        *out_ms = now_ms;
        return true;
    }
    return so_long_ago(text, now_ms, out_ms);
}

uint64_t hub_cli_instant(const json_t *value)
{
    uint64_t ms = 0;
    const char *text = json_string_value(value);
    if (text == NULL || rh_instant_parse(text, strlen(text), &ms) != RH_OK)
        return 0;
    return ms;
}
