/* The journalled form of a calendar, canonical MessagePack:
 *
 *     { 1: form (1), 2: id, 3: area, 4: version, 5: first day, 6: last day,
 *       7: [[year, [notice, ...]], ...]                         ascending
 *       8: [name, ...]                                          by first use, day by day
 *       9: [[days after the first day, kind, name index, year index], ...]  ascending
 *      10: last firm day, only where it is not the last day }
 *
 * Days are numbers from 1970-01-01. Names are written in the order in which the sorted days
 * first use them, so the bytes do not depend on the order in which a file listed its days. */
#include <rh/calendar.h>

enum { FORM = 1 };

#define UNNAMED UINT8_MAX
static_assert(RH_CALENDAR_NAMES_MAX < UNNAMED, "the mark is no index");

/* rank[i] is the place of names[i] in the written list, order[] the reverse. */
struct name_order {
    uint8_t rank[RH_CALENDAR_NAMES_MAX];
    uint8_t order[RH_CALENDAR_NAMES_MAX];
    uint32_t count;
};

static void order_names(const struct rh_calendar *calendar, struct name_order *names)
{
    names->count = 0;
    for (uint32_t i = 0; i < RH_CALENDAR_NAMES_MAX; i++)
        names->rank[i] = UNNAMED;
    for (uint32_t i = 0; i < calendar->exception_count; i++) {
        const uint8_t name = calendar->exceptions[i].name_index;
        if (names->rank[name] == UNNAMED) {
            names->rank[name] = (uint8_t)names->count;
            names->order[names->count++] = name;
        }
    }
}

static void encode_years(const struct rh_calendar *calendar, struct rh_writer *writer)
{
    rh_writer_array(writer, calendar->year_count);
    for (uint32_t i = 0; i < calendar->year_count; i++) {
        const struct rh_calendar_year *year = &calendar->years[i];
        rh_writer_array(writer, 2);
        rh_writer_uint(writer, (uint64_t)year->year);
        rh_writer_array(writer, year->notice_count);
        for (uint32_t n = 0; n < year->notice_count; n++)
            rh_writer_text(writer, year->notices[n]);
    }
}

enum rh_err rh_calendar_encode(const struct rh_calendar *calendar, struct rh_writer *writer)
{
    struct name_order names;
    order_names(calendar, &names);

    const bool firm = calendar->firm_day.days == calendar->last_day.days;
    rh_writer_map(writer, firm ? 9 : 10);
    rh_writer_uint(writer, 1);
    rh_writer_uint(writer, FORM);
    rh_writer_uint(writer, 2);
    rh_writer_text(writer, calendar->id);
    rh_writer_uint(writer, 3);
    rh_writer_text(writer, calendar->area);
    rh_writer_uint(writer, 4);
    rh_writer_text(writer, calendar->version);
    rh_writer_uint(writer, 5);
    rh_writer_uint(writer, (uint64_t)calendar->first_day.days);
    rh_writer_uint(writer, 6);
    rh_writer_uint(writer, (uint64_t)calendar->last_day.days);
    rh_writer_uint(writer, 7);
    encode_years(calendar, writer);
    rh_writer_uint(writer, 8);
    rh_writer_array(writer, names.count);
    for (uint32_t i = 0; i < names.count; i++)
        rh_writer_text(writer, calendar->names[names.order[i]]);
    rh_writer_uint(writer, 9);
    rh_writer_array(writer, calendar->exception_count);
    for (uint32_t i = 0; i < calendar->exception_count; i++) {
        const struct rh_calendar_exception *day = &calendar->exceptions[i];
        rh_writer_array(writer, 4);
        rh_writer_uint(writer, (uint64_t)(day->date.days - calendar->first_day.days));
        rh_writer_uint(writer, day->kind);
        rh_writer_uint(writer, names.rank[day->name_index]);
        rh_writer_uint(writer, day->year_index);
    }
    if (!firm) {
        rh_writer_uint(writer, 10);
        rh_writer_uint(writer, (uint64_t)calendar->firm_day.days);
    }
    return writer->err;
}

static void expect_key(struct rh_reader *reader, uint64_t key)
{
    if (rh_reader_uint(reader) != key)
        rh_reader_fail(reader);
}

static void expect_array(struct rh_reader *reader, uint32_t count)
{
    if (rh_reader_array(reader, count) != count)
        rh_reader_fail(reader);
}

static struct rh_date decode_date(struct rh_reader *reader)
{
    return (struct rh_date){ (int32_t)rh_reader_uint_max(reader, RH_DATE_DAYS_MAX) };
}

static enum rh_err decode_head(struct rh_reader *reader, struct rh_calendar *out,
                               uint32_t *members)
{
    char id[RH_CODE_BYTES_MAX + 1] = "";
    char area[RH_CALENDAR_AREA_BYTES_MAX + 1] = "";
    char version[RH_CALENDAR_VERSION_BYTES_MAX + 1] = "";

    *members = rh_reader_map(reader, 10);
    if (*members < 9)
        rh_reader_fail(reader);
    expect_key(reader, 1);
    expect_key(reader, FORM);
    expect_key(reader, 2);
    rh_reader_text(reader, id, sizeof id);
    expect_key(reader, 3);
    rh_reader_text(reader, area, sizeof area);
    expect_key(reader, 4);
    rh_reader_text(reader, version, sizeof version);
    expect_key(reader, 5);
    const struct rh_date first_day = decode_date(reader);
    expect_key(reader, 6);
    const struct rh_date last_day = decode_date(reader);
    if (reader->err != RH_OK)
        return RH_ERR_INVALID;
    return rh_calendar_start(out, id, area, version, first_day, last_day);
}

static enum rh_err decode_years(struct rh_reader *reader, struct rh_calendar *out)
{
    char notice[RH_CALENDAR_NOTICE_BYTES_MAX + 1];

    expect_key(reader, 7);
    const uint32_t years = rh_reader_array(reader, RH_CALENDAR_YEARS_MAX);
    for (uint32_t i = 0; i < years && reader->err == RH_OK; i++) {
        expect_array(reader, 2);
        const int32_t year = (int32_t)rh_reader_uint_max(reader, RH_DATE_YEAR_MAX);
        const uint32_t notices = rh_reader_array(reader, RH_CALENDAR_NOTICES_MAX);
        if (reader->err != RH_OK || rh_calendar_add_year(out, year) != RH_OK)
            return RH_ERR_INVALID;
        for (uint32_t n = 0; n < notices; n++) {
            rh_reader_text(reader, notice, sizeof notice);
            if (reader->err != RH_OK || rh_calendar_add_notice(out, year, notice) != RH_OK)
                return RH_ERR_INVALID;
        }
    }
    return reader->err == RH_OK ? RH_OK : RH_ERR_INVALID;
}

/* One day: strictly after the one before it, and its name either used already or the next of
 * the list, so that one calendar has one encoding. */
static enum rh_err decode_day(struct rh_reader *reader, struct rh_calendar *out,
                              const struct rh_bytes names[], uint32_t name_count)
{
    char name[RH_CALENDAR_NAME_BYTES_MAX + 1] = "";
    const uint32_t before = out->exception_count;

    expect_array(reader, 4);
    const uint64_t offset = rh_reader_uint_max(reader, RH_CALENDAR_DAYS_MAX);
    const uint64_t marked = rh_reader_uint_max(reader, RH_DAY_LOCAL | RH_DAY_MAKEUP);
    const uint64_t kind = marked & (RH_DAY_LOCAL - 1);
    const uint64_t name_index = rh_reader_uint_max(reader, RH_CALENDAR_NAMES_MAX - 1);
    const uint64_t year_index = rh_reader_uint_max(reader, RH_CALENDAR_YEARS_MAX - 1);
    if (reader->err != RH_OK || name_index >= name_count || name_index > out->name_count ||
        year_index >= out->year_count)
        return RH_ERR_INVALID;

    const struct rh_date date = { out->first_day.days + (int32_t)offset };
    if (before > 0 && out->exceptions[before - 1].date.days >= date.days)
        return RH_ERR_INVALID;
    struct rh_reader text;
    rh_reader_init(&text, names[name_index].data, names[name_index].bytes);
    rh_reader_text(&text, name, sizeof name);
    if (text.err != RH_OK)
        return RH_ERR_INVALID;
    if (rh_calendar_add_day(out, out->years[year_index].year, date, (enum rh_day_kind)kind,
                            name) != RH_OK)
        return RH_ERR_INVALID;
    out->exceptions[before].kind = (uint8_t)marked;
    /* A name listed twice would have been found under its first index. */
    return out->exceptions[before].name_index == name_index ? RH_OK : RH_ERR_INVALID;
}

static enum rh_err decode_days(struct rh_reader *reader, struct rh_calendar *out)
{
    struct rh_bytes names[RH_CALENDAR_NAMES_MAX];

    expect_key(reader, 8);
    const uint32_t name_count = rh_reader_array(reader, RH_CALENDAR_NAMES_MAX);
    for (uint32_t i = 0; i < name_count && reader->err == RH_OK; i++)
        names[i] = rh_reader_skip(reader);

    expect_key(reader, 9);
    const uint32_t days = rh_reader_array(reader, RH_CALENDAR_EXCEPTIONS_MAX);
    if (reader->err != RH_OK)
        return RH_ERR_INVALID;
    for (uint32_t i = 0; i < days; i++) {
        if (decode_day(reader, out, names, name_count) != RH_OK)
            return RH_ERR_INVALID;
    }
    return out->name_count == name_count ? RH_OK : RH_ERR_INVALID;
}

/* Written only where it says something: before the last day. */
static enum rh_err decode_firm(struct rh_reader *reader, struct rh_calendar *out)
{
    expect_key(reader, 10);
    out->firm_day = decode_date(reader);
    return reader->err == RH_OK && out->firm_day.days >= out->first_day.days &&
                   out->firm_day.days < out->last_day.days
               ? RH_OK
               : RH_ERR_INVALID;
}

enum rh_err rh_calendar_decode(const uint8_t *data, size_t bytes, struct rh_calendar *out)
{
    struct rh_reader reader;

    if (rh_codec_check(data, bytes, RH_CALENDAR_ENCODED_BYTES_MAX, NULL) != RH_OK)
        return RH_ERR_INVALID;
    rh_reader_init(&reader, data, bytes);
    uint32_t members = 0;
    if (decode_head(&reader, out, &members) != RH_OK || decode_years(&reader, out) != RH_OK ||
        decode_days(&reader, out) != RH_OK ||
        (members == 10 && decode_firm(&reader, out) != RH_OK) ||
        rh_reader_finish(&reader) != RH_OK)
        return RH_ERR_INVALID;
    return rh_calendar_finish(out);
}
