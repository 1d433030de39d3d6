/* Counting working days by bits.
 *
 *     word w        0                  1                  2
 *     works         ..11111..11111..   111..11111..1111   ...
 *     works_before  0                  46                 92
 *
 * count(d) = works_before[word of d] + bits of that word up to d
 * select(k): binary search for the last word with works_before < k, then the bit in it.
 *
 * Before the first day and after the last one Monday to Friday is assumed, and the number of
 * such days since 1970-01-01 is a formula; the three pieces are added up. */
#include <rh/calendar.h>

#include <string.h>

enum { KIND_MASK = RH_DAY_LOCAL - 1 };

/* ---- Monday to Friday -------------------------------------------------------------- */

/* Days Monday to Friday among the `days` days from 1970-01-01, a Thursday, on. */
static uint32_t weekdays_of(uint32_t days)
{
    static const uint8_t in_part[7] = { 0, 1, 2, 2, 2, 3, 4 }; /* Thu Fri Sat Sun Mon Tue */
    return days / 7 * 5 + in_part[days % 7];
}

/* Offset of the k-th of them, k from 1. */
static uint64_t weekday_at(uint64_t k)
{
    static const uint8_t in_part[5] = { 0, 1, 4, 5, 6 }; /* Thu Fri, then Mon Tue Wed */
    return (k - 1) / 5 * 7 + in_part[(k - 1) % 5];
}

static bool is_weekend(struct rh_date date)
{
    return rh_date_weekday(date) >= 6;
}

/* ---- bits ---------------------------------------------------------------------------- */

static uint32_t count_bits(uint64_t word)
{
    word -= (word >> 1) & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) + ((word >> 2) & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)((word * UINT64_C(0x0101010101010101)) >> 56);
}

/* Position of the k-th set bit, k from 1 to the number of set bits: halve and look. */
static uint32_t select_bit(uint64_t word, uint32_t k)
{
    uint32_t at = 0;
    for (uint32_t width = 32; width > 0; width /= 2) {
        const uint64_t low = word & ((UINT64_C(1) << width) - 1);
        const uint32_t in_low = count_bits(low);
        if (k > in_low) {
            k -= in_low;
            at += width;
            word >>= width;
        } else {
            word = low;
        }
    }
    return at;
}

/* ---- building -------------------------------------------------------------------------- */

/* Copy a text of 1 to `bytes_max` bytes without controls (and without blanks if `word`). */
static bool copy_text(char *out, size_t bytes_max, const char *text, bool word)
{
    size_t bytes = 0;
    while (bytes <= bytes_max && text[bytes] != '\0') {
        const unsigned char byte = (unsigned char)text[bytes];
        if (byte < 0x20 || byte == 0x7f || (word && byte == ' '))
            return false;
        bytes++;
    }
    if (bytes == 0 || bytes > bytes_max)
        return false;
    memcpy(out, text, bytes + 1);
    return true;
}

static bool is_id(const char *id)
{
    if (id[0] < 'a' || id[0] > 'z')
        return false;
    for (size_t i = 1; id[i] != '\0'; i++) {
        const bool letter = id[i] >= 'a' && id[i] <= 'z';
        const bool digit = id[i] >= '0' && id[i] <= '9';
        if (!letter && !digit && id[i] != '_' && id[i] != '-')
            return false;
    }
    return true;
}

static bool is_area(const char *area)
{
    size_t bytes = 0;
    while (area[bytes] >= '0' && area[bytes] <= '9' && bytes <= RH_CALENDAR_AREA_BYTES_MAX)
        bytes++;
    return area[bytes] == '\0' && bytes != 1 && bytes <= RH_CALENDAR_AREA_BYTES_MAX;
}

enum rh_err rh_calendar_start(struct rh_calendar *calendar, const char *id, const char *area,
                              const char *version, struct rh_date first_day,
                              struct rh_date last_day)
{
    memset(calendar, 0, sizeof *calendar);
    if (!is_id(id) || !copy_text(calendar->id, RH_CODE_BYTES_MAX, id, true))
        return RH_ERR_INVALID;
    if (!is_area(area))
        return RH_ERR_INVALID;
    memcpy(calendar->area, area, strlen(area) + 1);
    if (!copy_text(calendar->version, RH_CALENDAR_VERSION_BYTES_MAX, version, true))
        return RH_ERR_INVALID;
    if (!rh_date_is_valid(first_day) || !rh_date_is_valid(last_day))
        return RH_ERR_INVALID;
    if (first_day.days > last_day.days)
        return RH_ERR_INVALID;
    if (last_day.days - first_day.days >= RH_CALENDAR_DAYS_MAX)
        return RH_ERR_FULL;

    calendar->first_day = first_day;
    calendar->last_day = last_day;
    calendar->firm_day = last_day;
    return RH_OK;
}

/* Index of a year, or year_count. */
static uint32_t find_year(const struct rh_calendar *calendar, int32_t year)
{
    uint32_t index = 0;
    while (index < calendar->year_count && calendar->years[index].year != year)
        index++;
    return index;
}

enum rh_err rh_calendar_add_year(struct rh_calendar *calendar, int32_t year)
{
    if (year < RH_DATE_YEAR_MIN || year > RH_DATE_YEAR_MAX)
        return RH_ERR_INVALID;
    if (find_year(calendar, year) < calendar->year_count)
        return RH_ERR_EXISTS;
    if (calendar->year_count == RH_CALENDAR_YEARS_MAX)
        return RH_ERR_FULL;
    /* Days refer to years by index, so a year cannot be slipped in later. */
    if (calendar->year_count > 0 && calendar->years[calendar->year_count - 1].year > year)
        return RH_ERR_INVALID;
    calendar->years[calendar->year_count++] = (struct rh_calendar_year){ .year = year };
    return RH_OK;
}

enum rh_err rh_calendar_add_notice(struct rh_calendar *calendar, int32_t year,
                                   const char *notice)
{
    const uint32_t index = find_year(calendar, year);
    if (index == calendar->year_count)
        return RH_ERR_INVALID;

    struct rh_calendar_year *entry = &calendar->years[index];
    if (entry->notice_count == RH_CALENDAR_NOTICES_MAX)
        return RH_ERR_FULL;
    if (!copy_text(entry->notices[entry->notice_count], RH_CALENDAR_NOTICE_BYTES_MAX, notice,
                   false))
        return RH_ERR_INVALID;
    entry->notice_count++;
    return RH_OK;
}

/* Index of a name, added when new. */
static enum rh_err intern_name(struct rh_calendar *calendar, const char *name, uint8_t *index)
{
    uint32_t i = 0;
    while (i < calendar->name_count && strcmp(calendar->names[i], name) != 0)
        i++;
    if (i == RH_CALENDAR_NAMES_MAX)
        return RH_ERR_FULL;
    if (i == calendar->name_count) {
        if (!copy_text(calendar->names[i], RH_CALENDAR_NAME_BYTES_MAX, name, false))
            return RH_ERR_INVALID;
        calendar->name_count++;
    }
    *index = (uint8_t)i;
    return RH_OK;
}

static_assert(RH_CALENDAR_NAMES_MAX <= UINT8_MAX, "a name index fits a byte");

static bool is_known(const struct rh_calendar *calendar, struct rh_date date)
{
    return date.days >= calendar->first_day.days && date.days <= calendar->last_day.days;
}

enum rh_err rh_calendar_add_day(struct rh_calendar *calendar, int32_t year,
                                struct rh_date date, enum rh_day_kind kind, const char *name)
{
    const uint32_t year_index = find_year(calendar, year);
    uint8_t name_index;

    if (year_index == calendar->year_count)
        return RH_ERR_INVALID;
    if (kind != RH_DAY_HOLIDAY && kind != RH_DAY_MAKEUP)
        return RH_ERR_INVALID;
    if (!rh_date_is_valid(date) || !is_known(calendar, date))
        return RH_ERR_INVALID;
    if (kind == RH_DAY_MAKEUP && !is_weekend(date))
        return RH_ERR_INVALID;
    if (calendar->exception_count == RH_CALENDAR_EXCEPTIONS_MAX)
        return RH_ERR_FULL;

    /* Kept in order; a file is nearly sorted already, so this seldom moves anything. */
    uint32_t at = calendar->exception_count;
    while (at > 0 && calendar->exceptions[at - 1].date.days > date.days)
        at--;
    if (at > 0 && calendar->exceptions[at - 1].date.days == date.days)
        return RH_ERR_EXISTS;

    const enum rh_err err = intern_name(calendar, name, &name_index);
    if (err != RH_OK)
        return err;
    memmove(&calendar->exceptions[at + 1], &calendar->exceptions[at],
            (calendar->exception_count - at) * sizeof calendar->exceptions[0]);
    calendar->exceptions[at] = (struct rh_calendar_exception){
        .date = date,
        .year_index = (uint16_t)year_index,
        .kind = (uint8_t)kind,
        .name_index = name_index,
    };
    calendar->exception_count++;
    return RH_OK;
}

/* A year without its notice inside the range would silently pass for one without holidays.
 * The days before the first listed year may be those of December only: a notice names them. */
static bool years_are_complete(const struct rh_calendar *calendar)
{
    if (calendar->year_count == 0)
        return false;
    const struct rh_civil first = rh_date_to_civil(calendar->first_day);
    const struct rh_civil last = rh_date_to_civil(calendar->last_day);
    const int32_t first_year = calendar->years[0].year;

    if (first_year != first.year && !(first_year == first.year + 1 && first.month == 12))
        return false;
    if (calendar->years[calendar->year_count - 1].year < last.year)
        return false;
    for (uint32_t i = 1; i < calendar->year_count; i++) {
        if (calendar->years[i].year != calendar->years[i - 1].year + 1)
            return false;
    }
    return true;
}

static void derive_counts(struct rh_calendar *calendar)
{
    const uint32_t days = (uint32_t)(calendar->last_day.days - calendar->first_day.days) + 1;
    const struct rh_calendar_exception *next = calendar->exceptions;
    const struct rh_calendar_exception *end = next + calendar->exception_count;

    memset(calendar->works, 0, sizeof calendar->works);
    calendar->word_count = (days + 63) / 64;
    calendar->works_total = 0;
    for (uint32_t i = 0; i < days; i++) {
        const struct rh_date date = { calendar->first_day.days + (int32_t)i };
        bool works = !is_weekend(date);
        if (next < end && next->date.days == date.days)
            works = ((next++)->kind & KIND_MASK) == RH_DAY_MAKEUP;
        if (i % 64 == 0)
            calendar->works_before[i / 64] = calendar->works_total;
        if (works) {
            calendar->works[i / 64] |= UINT64_C(1) << (i % 64);
            calendar->works_total++;
        }
    }
    rh_assert(next == end);
}

enum rh_err rh_calendar_finish(struct rh_calendar *calendar)
{
    if (!years_are_complete(calendar))
        return RH_ERR_INVALID;
    derive_counts(calendar);
    return RH_OK;
}

/* ---- local over wider ------------------------------------------------------------------- */

/* Year in the base whose notice is about that day, for the entry's place in the list. */
static int32_t base_year(const struct rh_calendar *base, struct rh_date date)
{
    const int32_t year = rh_date_to_civil(date).year;
    const int32_t first = base->years[0].year;
    const int32_t last = base->years[base->year_count - 1].year;
    return year < first ? first : year > last ? last : year;
}

static enum rh_err add_from(struct rh_calendar *out, const struct rh_calendar *from,
                            const struct rh_calendar_exception *day, int32_t year, bool local)
{
    const unsigned kind = day->kind & KIND_MASK;
    const enum rh_err err = rh_calendar_add_day(out, year, day->date, (enum rh_day_kind)kind,
                                                from->names[day->name_index]);
    if (err != RH_OK || !(local || (day->kind & RH_DAY_LOCAL) != 0))
        return err;
    uint32_t at = 0;
    while (out->exceptions[at].date.days != day->date.days)
        at++;
    out->exceptions[at].kind = (uint8_t)(kind | RH_DAY_LOCAL);
    return RH_OK;
}

/* The days of both, a local one in the place of the base's. */
static enum rh_err add_days(struct rh_calendar *out, const struct rh_calendar *base,
                            const struct rh_calendar *local)
{
    enum rh_err err = RH_OK;
    uint32_t l = 0;
    for (uint32_t b = 0; b <= base->exception_count && err == RH_OK; b++) {
        const struct rh_calendar_exception *own = &base->exceptions[b];
        const int32_t until = b < base->exception_count ? own->date.days : RH_DATE_DAYS_MAX;
        bool replaced = false;
        for (; l < local->exception_count && err == RH_OK; l++) {
            const struct rh_calendar_exception *day = &local->exceptions[l];
            if (day->date.days > until)
                break;
            replaced = replaced || day->date.days == until;
            if (is_known(base, day->date))
                err = add_from(out, local, day, base_year(base, day->date), true);
        }
        if (err == RH_OK && b < base->exception_count && !replaced)
            err = add_from(out, base, own, base->years[own->year_index].year, false);
    }
    return err;
}

enum rh_err rh_calendar_overlay(const struct rh_calendar *base, const struct rh_calendar *local,
                                struct rh_calendar *out)
{
    char version[RH_CALENDAR_VERSION_BYTES_MAX + 1];
    const size_t base_bytes = strlen(base->version);
    const size_t local_bytes = strlen(local->version);
    rh_assert(out != base && out != local);
    if (base_bytes + 1 + local_bytes > RH_CALENDAR_VERSION_BYTES_MAX)
        return RH_ERR_FULL;
    memcpy(version, base->version, base_bytes);
    version[base_bytes] = '+';
    memcpy(version + base_bytes + 1, local->version, local_bytes + 1);
    enum rh_err err = rh_calendar_start(out, local->id, local->area, version, base->first_day,
                                        base->last_day);
    for (uint32_t y = 0; y < base->year_count && err == RH_OK; y++) {
        const struct rh_calendar_year *year = &base->years[y];
        err = rh_calendar_add_year(out, year->year);
        for (uint32_t n = 0; n < year->notice_count && err == RH_OK; n++)
            err = rh_calendar_add_notice(out, year->year, year->notices[n]);
    }
    if (err == RH_OK)
        err = add_days(out, base, local);
    if (err == RH_OK)
        err = rh_calendar_finish(out);
    const int32_t local_last = local->last_day.days;
    out->firm_day = base->firm_day;
    if (local_last < out->firm_day.days)
        out->firm_day.days =
            local_last < out->first_day.days ? out->first_day.days : local_last;
    return err;
}

/* ---- asking ---------------------------------------------------------------------------- */

bool rh_calendar_covers(const struct rh_calendar *calendar, struct rh_date date)
{
    return date.days >= calendar->first_day.days && date.days <= calendar->firm_day.days;
}

struct rh_date rh_calendar_firm_day(const struct rh_calendar *calendar)
{
    return calendar->firm_day;
}

bool rh_calendar_works(const struct rh_calendar *calendar, struct rh_date date)
{
    if (!is_known(calendar, date))
        return !is_weekend(date);
    const uint32_t i = (uint32_t)(date.days - calendar->first_day.days);
    return ((calendar->works[i / 64] >> (i % 64)) & 1) != 0;
}

static const struct rh_calendar_exception *find_exception(const struct rh_calendar *calendar,
                                                          struct rh_date date)
{
    uint32_t low = 0;
    uint32_t high = calendar->exception_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (calendar->exceptions[middle].date.days < date.days)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < calendar->exception_count && calendar->exceptions[low].date.days == date.days)
        return &calendar->exceptions[low];
    return NULL;
}

void rh_calendar_day(const struct rh_calendar *calendar, struct rh_date date,
                     struct rh_calendar_day *out)
{
    rh_assert(rh_date_is_valid(date));
    const struct rh_calendar_exception *exception = find_exception(calendar, date);

    out->beyond = !rh_calendar_covers(calendar, date);
    out->kind = is_weekend(date) ? RH_DAY_WEEKEND : RH_DAY_WORKDAY;
    out->name = "";
    out->notice = "";
    if (exception != NULL) {
        const struct rh_calendar_year *year = &calendar->years[exception->year_index];
        out->kind = (enum rh_day_kind)(exception->kind & KIND_MASK);
        out->name = calendar->names[exception->name_index];
        if (year->notice_count > 0 && (exception->kind & RH_DAY_LOCAL) == 0)
            out->notice = year->notices[year->notice_count - 1];
    }
    out->works = out->kind == RH_DAY_WORKDAY || out->kind == RH_DAY_MAKEUP;
}

const char *rh_day_kind_name(enum rh_day_kind kind)
{
    switch (kind) {
    case RH_DAY_WORKDAY:
        return "workday";
    case RH_DAY_WEEKEND:
        return "weekend";
    case RH_DAY_HOLIDAY:
        return "holiday";
    case RH_DAY_MAKEUP:
        return "makeup";
    }
    rh_panic(__FILE__, __LINE__, "a day has one of four kinds");
}

uint32_t rh_calendar_count(const struct rh_calendar *calendar, struct rh_date date)
{
    rh_assert(rh_date_is_valid(date));
    const uint32_t first = (uint32_t)calendar->first_day.days;
    const uint32_t last = (uint32_t)calendar->last_day.days;
    const uint32_t day = (uint32_t)date.days;

    if (day < first)
        return weekdays_of(day + 1);
    if (day > last)
        return weekdays_of(first) + calendar->works_total + weekdays_of(day + 1) -
               weekdays_of(last + 1);

    const uint32_t i = day - first;
    const uint64_t up_to = UINT64_MAX >> (63 - i % 64);
    return weekdays_of(first) + calendar->works_before[i / 64] +
           count_bits(calendar->works[i / 64] & up_to);
}

enum rh_err rh_calendar_select(const struct rh_calendar *calendar, uint64_t k,
                               struct rh_date *out)
{
    rh_assert(k >= 1);
    const uint32_t before = weekdays_of((uint32_t)calendar->first_day.days);
    uint64_t day;

    if (k > RH_DATE_DAYS_MAX + 1)
        return RH_ERR_FULL;
    if (k <= before) {
        day = weekday_at(k);
    } else if (k > before + calendar->works_total) {
        const uint32_t skipped = weekdays_of((uint32_t)calendar->last_day.days + 1);
        day = weekday_at(k - before - calendar->works_total + skipped);
    } else {
        const uint32_t wanted = (uint32_t)k - before;
        uint32_t low = 0;
        uint32_t high = calendar->word_count; /* works_before[low] < wanted, high's is not */
        while (high - low > 1) {
            const uint32_t middle = low + (high - low) / 2;
            if (calendar->works_before[middle] < wanted)
                low = middle;
            else
                high = middle;
        }
        day = (uint64_t)calendar->first_day.days + UINT64_C(64) * low +
              select_bit(calendar->works[low], wanted - calendar->works_before[low]);
    }
    if (day > RH_DATE_DAYS_MAX)
        return RH_ERR_FULL;
    out->days = (int32_t)day;
    return RH_OK;
}
