/* The compiled form of rules: [procedures, calendars, routing map, settings,
 * repeats, hot spots], and the
 * look-ups. */
#include <rh/rules.h>

#include <string.h>

#include <rh/layout.h>

static const struct rh_layout_field span_fields[] = {
    RH_LAYOUT_ENUM(1, struct rh_span, unit, RH_UNIT_MONTH_CRIMINAL),
    RH_LAYOUT_U32(2, struct rh_span, n),
};
static const struct rh_layout span_layout = RH_LAYOUT_OF(struct rh_span, span_fields);

static const struct rh_layout_field kinds_fields[] = {
    RH_LAYOUT_U64(1, struct rh_kind_set, bits[0]),
    RH_LAYOUT_U64(2, struct rh_kind_set, bits[1]),
};
static const struct rh_layout kinds_layout = RH_LAYOUT_OF(struct rh_kind_set, kinds_fields);

static const struct rh_layout_field rung_fields[] = {
    RH_LAYOUT_U8(1, struct rh_rung, level),
    RH_LAYOUT_STRUCT(2, struct rh_rung, after, &span_layout),
    RH_LAYOUT_ENUM(3, struct rh_rung, action, RH_KIND_END - 1),
    RH_LAYOUT_ENUM(4, struct rh_rung, to, RH_ACTOR_COUNT - 1),
};
static const struct rh_layout rung_layout = RH_LAYOUT_OF(struct rh_rung, rung_fields);

static const struct rh_layout_field when_fields[] = {
    RH_LAYOUT_FIXED_TEXTS(1, struct rh_when, outcomes),
    RH_LAYOUT_TEXT(2, struct rh_when, fact),
    RH_LAYOUT_TEXT(3, struct rh_when, equals),
};
static const struct rh_layout when_layout = RH_LAYOUT_OF(struct rh_when, when_fields);

static const struct rh_layout_field limit_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_limit, id),
    RH_LAYOUT_TEXT(2, struct rh_limit, title_zh),
    RH_LAYOUT_TEXT(3, struct rh_limit, title_en),
    RH_LAYOUT_TEXT(4, struct rh_limit, basis),
    RH_LAYOUT_ENUM(5, struct rh_limit, verification, RH_VERIFIED_POLICY),
    RH_LAYOUT_STRUCT(6, struct rh_limit, span, &span_layout),
    RH_LAYOUT_ENUM(7, struct rh_limit, roll, RH_ROLL_NEXT_WORKING_DAY),
    RH_LAYOUT_ENUM(8, struct rh_limit, start, RH_START_COUNT - 1),
    RH_LAYOUT_TEXT(9, struct rh_limit, fact),
    RH_LAYOUT_TEXT(10, struct rh_limit, after),
    RH_LAYOUT_U32(11, struct rh_limit, states),
    RH_LAYOUT_STRUCT(12, struct rh_limit, met_by, &kinds_layout),
    RH_LAYOUT_STRUCT(13, struct rh_limit, cancelled_by, &kinds_layout),
    RH_LAYOUT_ENUM(14, struct rh_limit, owed_by, RH_ACTOR_COUNT - 1),
    RH_LAYOUT_BOOL(15, struct rh_limit, pausable),
    RH_LAYOUT_BOOL(16, struct rh_limit, right_only),
    RH_LAYOUT_BOOL(17, struct rh_limit, close_at_end),
    RH_LAYOUT_U8(18, struct rh_limit, extend_times),
    RH_LAYOUT_STRUCT(19, struct rh_limit, extend_max, &span_layout),
    RH_LAYOUT_ENUM(20, struct rh_limit, extend_by, RH_ACTOR_COUNT - 1),
    RH_LAYOUT_STRUCT(21, struct rh_limit, soon, &span_layout),
    RH_LAYOUT_LIST(22, struct rh_limit, ladder, ladder_count, &rung_layout),
    RH_LAYOUT_STRUCT(23, struct rh_limit, kinds, &kinds_layout),
    RH_LAYOUT_BOOL(24, struct rh_limit, repeats),
    RH_LAYOUT_STRUCT(25, struct rh_limit, when, &when_layout),
    RH_LAYOUT_STRUCT(26, struct rh_limit, bars, &kinds_layout),
    RH_LAYOUT_TEXT(27, struct rh_limit, no_roll_fact),
    RH_LAYOUT_TEXT(28, struct rh_limit, no_roll_equals),
};
static const struct rh_layout limit_layout = RH_LAYOUT_OF(struct rh_limit, limit_fields);

static const struct rh_layout_field route_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_route, from),
    RH_LAYOUT_TEXT(2, struct rh_route, to),
    RH_LAYOUT_STRUCT(3, struct rh_route, kinds, &kinds_layout),
};
static const struct rh_layout route_layout = RH_LAYOUT_OF(struct rh_route, route_fields);

static const struct rh_layout_field copy_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_copy, to),
    RH_LAYOUT_STRUCT(2, struct rh_copy, kinds, &kinds_layout),
    RH_LAYOUT_TEXT(3, struct rh_copy, fact),
    RH_LAYOUT_TEXT(4, struct rh_copy, equals),
};
static const struct rh_layout copy_layout = RH_LAYOUT_OF(struct rh_copy, copy_fields);

static const struct rh_layout_field check_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_check, fact),
    RH_LAYOUT_STRUCT(2, struct rh_check, kinds, &kinds_layout),
    RH_LAYOUT_TEXT(3, struct rh_check, equals),
    RH_LAYOUT_U32(4, struct rh_check, refusal),
};
static const struct rh_layout check_layout = RH_LAYOUT_OF(struct rh_check, check_fields);

static const struct rh_layout_field procedure_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_procedure, id),
    RH_LAYOUT_U32(2, struct rh_procedure, version),
    RH_LAYOUT_TEXT(3, struct rh_procedure, title_zh),
    RH_LAYOUT_TEXT(4, struct rh_procedure, title_en),
    RH_LAYOUT_TEXT(5, struct rh_procedure, basis),
    RH_LAYOUT_FIXED_TEXTS(6, struct rh_procedure, opened_by),
    RH_LAYOUT_BOOL(7, struct rh_procedure, may_object),
    RH_LAYOUT_BOOL(8, struct rh_procedure, may_return),
    RH_LAYOUT_BOOL(9, struct rh_procedure, may_refuse),
    RH_LAYOUT_BOOL(10, struct rh_procedure, may_supplement),
    RH_LAYOUT_BOOL(11, struct rh_procedure, may_suspend),
    RH_LAYOUT_BOOL(12, struct rh_procedure, may_withdraw),
    RH_LAYOUT_BOOL(13, struct rh_procedure, supplement_restarts),
    RH_LAYOUT_BOOL(14, struct rh_procedure, direct),
    RH_LAYOUT_BOOL(15, struct rh_procedure, has_start),
    RH_LAYOUT_BOOL(16, struct rh_procedure, report_required),
    RH_LAYOUT_BOOL(17, struct rh_procedure, reply_owed),
    RH_LAYOUT_BOOL(18, struct rh_procedure, leader_required),
    RH_LAYOUT_LIST(19, struct rh_procedure, routes, route_count, &route_layout),
    RH_LAYOUT_LIST(20, struct rh_procedure, checks, check_count, &check_layout),
    RH_LAYOUT_TEXTS(21, struct rh_procedure, outcomes.codes, outcomes.count),
    RH_LAYOUT_TEXTS(22, struct rh_procedure, refusals.codes, refusals.count),
    RH_LAYOUT_TEXTS(23, struct rh_procedure, grounds.codes, grounds.count),
    RH_LAYOUT_LIST(24, struct rh_procedure, limits, limit_count, &limit_layout),
    RH_LAYOUT_BOOL(25, struct rh_procedure, applies_open),
    RH_LAYOUT_BOOL(26, struct rh_procedure, leader_repeats),
    RH_LAYOUT_FIXED_TEXTS(27, struct rh_procedure, leader_categories),
    RH_LAYOUT_BOOL(28, struct rh_procedure, sealed),
    RH_LAYOUT_ENUM(29, struct rh_procedure, review, RH_REVIEW_NONE),
    RH_LAYOUT_TEXT(30, struct rh_procedure, review_procedure),
    RH_LAYOUT_FIXED_TEXTS(31, struct rh_procedure, follows),
    RH_LAYOUT_U8(32, struct rh_procedure, supplement_times),
    RH_LAYOUT_LIST(33, struct rh_procedure, copies, copy_count, &copy_layout),
    RH_LAYOUT_BOOL(34, struct rh_procedure, final),
    RH_LAYOUT_BOOL(35, struct rh_procedure, sender_oversees),
};
static const struct rh_layout procedure_layout =
    RH_LAYOUT_OF(struct rh_procedure, procedure_fields);

static const struct rh_layout_field routing_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_routing, category),
    RH_LAYOUT_TEXT(2, struct rh_routing, area),
    RH_LAYOUT_TEXT(3, struct rh_routing, to),
    RH_LAYOUT_TEXT(4, struct rh_routing, procedure),
    RH_LAYOUT_ENUM(5, struct rh_routing, kind, RH_KIND_END - 1),
    RH_LAYOUT_TEXT(6, struct rh_routing, condition_zh),
    RH_LAYOUT_TEXT(7, struct rh_routing, condition_en),
    RH_LAYOUT_TEXT(8, struct rh_routing, remedy_zh),
    RH_LAYOUT_TEXT(9, struct rh_routing, remedy_en),
    RH_LAYOUT_TEXT(10, struct rh_routing, proper_zh),
    RH_LAYOUT_TEXT(11, struct rh_routing, proper_en),
};
static const struct rh_layout routing_layout = RH_LAYOUT_OF(struct rh_routing, routing_fields);

static const struct rh_layout_field local_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_local, procedure),
    RH_LAYOUT_TEXT(2, struct rh_local, limit),
    RH_LAYOUT_TEXT(3, struct rh_local, area),
    RH_LAYOUT_STRUCT(4, struct rh_local, span, &span_layout),
    RH_LAYOUT_ENUM(5, struct rh_local, roll, RH_ROLL_NEXT_WORKING_DAY),
    RH_LAYOUT_ENUM(6, struct rh_local, verification, RH_VERIFIED_POLICY),
    RH_LAYOUT_TEXT(7, struct rh_local, basis),
};
static const struct rh_layout local_layout = RH_LAYOUT_OF(struct rh_local, local_fields);

static const struct rh_layout_field readers_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_readers, area),
    RH_LAYOUT_TEXTS(2, struct rh_readers, roles, role_count),
};
static const struct rh_layout readers_layout = RH_LAYOUT_OF(struct rh_readers, readers_fields);

static const struct rh_layout_field monthly_fields[] = {
    RH_LAYOUT_ENUM(1, struct rh_monthly, hour, 23),
    RH_LAYOUT_LIST(2, struct rh_monthly, editions, edition_count, &readers_layout),
};
static const struct rh_layout monthly_layout = RH_LAYOUT_OF(struct rh_monthly, monthly_fields);

static const struct rh_layout_field settings_fields[] = {
    RH_LAYOUT_U32(1, struct rh_settings, grace_hours),
    RH_LAYOUT_FIXED_LIST(2, struct rh_settings, watchdog, &span_layout),
    RH_LAYOUT_FIXED_TEXTS(3, struct rh_settings, supervisor_roles),
    RH_LAYOUT_LIST(4, struct rh_settings, ladder, ladder_count, &rung_layout),
    RH_LAYOUT_U32(5, struct rh_settings, remind_days),
    RH_LAYOUT_U32(6, struct rh_settings, remind_days_max),
    RH_LAYOUT_LIST(7, struct rh_settings, locals, local_count, &local_layout),
    RH_LAYOUT_STRUCT(8, struct rh_settings, bulletin, &monthly_layout),
    RH_LAYOUT_U32(9, struct rh_settings, archive_days),
};
static const struct rh_layout settings_layout =
    RH_LAYOUT_OF(struct rh_settings, settings_fields);

static const struct rh_layout_field repeat_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_repeat, id),
    RH_LAYOUT_U32(2, struct rh_repeat, version),
    RH_LAYOUT_TEXT(3, struct rh_repeat, title_zh),
    RH_LAYOUT_TEXT(4, struct rh_repeat, title_en),
    RH_LAYOUT_TEXT(5, struct rh_repeat, basis),
    RH_LAYOUT_ENUM(6, struct rh_repeat, match, RH_MATCH_PLACE),
    RH_LAYOUT_U32(7, struct rh_repeat, window_days),
    RH_LAYOUT_ENUM(8, struct rh_repeat, area_digits, RH_AREA_DIGITS_MAX),
};
static const struct rh_layout repeat_layout = RH_LAYOUT_OF(struct rh_repeat, repeat_fields);

static const struct rh_layout_field hotspot_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_hotspot, id),
    RH_LAYOUT_U32(2, struct rh_hotspot, version),
    RH_LAYOUT_TEXT(3, struct rh_hotspot, title_zh),
    RH_LAYOUT_TEXT(4, struct rh_hotspot, title_en),
    RH_LAYOUT_TEXT(5, struct rh_hotspot, basis),
    RH_LAYOUT_TEXT(6, struct rh_hotspot, category),
    RH_LAYOUT_ENUM(7, struct rh_hotspot, area_digits, RH_AREA_DIGITS_MAX),
    RH_LAYOUT_U32(8, struct rh_hotspot, threshold),
    RH_LAYOUT_ENUM(9, struct rh_hotspot, window_days, RH_HOTSPOT_DAYS_MAX),
    RH_LAYOUT_TEXT(10, struct rh_hotspot, to),
};
static const struct rh_layout hotspot_layout =
    RH_LAYOUT_OF(struct rh_hotspot, hotspot_fields);

enum rh_err rh_rules_encode(const struct rh_rules *rules, struct rh_writer *writer)
{
    rh_assert(rules->procedure_count <= RH_PROCEDURES_MAX);
    rh_assert(rules->calendar_count <= RH_CALENDARS_MAX);
    rh_assert(rules->routing_count <= RH_ROUTING_MAX);
    rh_assert(rules->repeat_count <= RH_REPEATS_MAX);
    rh_assert(rules->hotspot_count <= RH_HOTSPOTS_MAX);

    rh_writer_array(writer, 6);
    rh_writer_array(writer, rules->procedure_count);
    for (uint32_t i = 0; i < rules->procedure_count; i++)
        rh_layout_write(&procedure_layout, &rules->procedures[i], writer);
    rh_writer_array(writer, rules->calendar_count);
    for (uint32_t i = 0; i < rules->calendar_count; i++)
        (void)rh_calendar_encode(&rules->calendars[i], writer); /* the writer is sticky */
    rh_writer_array(writer, rules->routing_count);
    for (uint32_t i = 0; i < rules->routing_count; i++)
        rh_layout_write(&routing_layout, &rules->routing[i], writer);
    rh_layout_write(&settings_layout, &rules->settings, writer);
    rh_writer_array(writer, rules->repeat_count);
    for (uint32_t i = 0; i < rules->repeat_count; i++)
        rh_layout_write(&repeat_layout, &rules->repeats[i], writer);
    rh_writer_array(writer, rules->hotspot_count);
    for (uint32_t i = 0; i < rules->hotspot_count; i++)
        rh_layout_write(&hotspot_layout, &rules->hotspots[i], writer);
    return writer->err;
}

/* Alphabets, references and ranges are the loader's to check with file and line; here only
 * what a reader of the snapshot relies on. */
static void read_calendars(struct rh_reader *reader, struct rh_rules *out)
{
    out->calendar_count = rh_reader_array(reader, RH_CALENDARS_MAX);
    for (uint32_t i = 0; i < out->calendar_count && reader->err == RH_OK; i++) {
        struct rh_bytes bytes = rh_reader_skip(reader);
        if (reader->err == RH_OK &&
            rh_calendar_decode(bytes.data, bytes.bytes, &out->calendars[i]) != RH_OK)
            rh_reader_fail(reader);
    }
}

enum rh_err rh_rules_decode(struct rh_bytes bytes, struct rh_rules *out)
{
    memset(out, 0, sizeof(*out));
    if (rh_codec_check(bytes.data, bytes.bytes, RH_RULES_BYTES_MAX, NULL) != RH_OK)
        return RH_ERR_INVALID;

    struct rh_reader reader;
    rh_reader_init(&reader, bytes.data, bytes.bytes);
    if (rh_reader_array(&reader, 6) != 6)
        return RH_ERR_INVALID;
    out->procedure_count = rh_reader_array(&reader, RH_PROCEDURES_MAX);
    for (uint32_t i = 0; i < out->procedure_count && reader.err == RH_OK; i++)
        rh_layout_read(&procedure_layout, &reader, &out->procedures[i]);
    read_calendars(&reader, out);
    out->routing_count = rh_reader_array(&reader, RH_ROUTING_MAX);
    for (uint32_t i = 0; i < out->routing_count && reader.err == RH_OK; i++)
        rh_layout_read(&routing_layout, &reader, &out->routing[i]);
    rh_layout_read(&settings_layout, &reader, &out->settings);
    out->repeat_count = rh_reader_array(&reader, RH_REPEATS_MAX);
    for (uint32_t i = 0; i < out->repeat_count && reader.err == RH_OK; i++)
        rh_layout_read(&repeat_layout, &reader, &out->repeats[i]);
    out->hotspot_count = rh_reader_array(&reader, RH_HOTSPOTS_MAX);
    for (uint32_t i = 0; i < out->hotspot_count && reader.err == RH_OK; i++)
        rh_layout_read(&hotspot_layout, &reader, &out->hotspots[i]);
    if (rh_reader_finish(&reader) == RH_OK)
        return RH_OK;
    memset(out, 0, sizeof(*out));
    return RH_ERR_INVALID;
}

const struct rh_procedure *rh_rules_procedure(const struct rh_rules *rules, const char *id)
{
    for (uint32_t i = 0; i < rules->procedure_count; i++) {
        if (strcmp(rules->procedures[i].id, id) == 0)
            return &rules->procedures[i];
    }
    return NULL;
}

/* Snapshots are read into zeroed memory, so equal values are equal memory (rh/layout.h). */
bool rh_procedure_equal(const struct rh_procedure *a, const struct rh_procedure *b)
{
    return a == b || memcmp(a, b, sizeof(*a)) == 0;
}

const struct rh_limit *rh_procedure_limit(const struct rh_procedure *procedure, const char *id)
{
    for (uint32_t i = 0; i < procedure->limit_count; i++) {
        if (strcmp(procedure->limits[i].id, id) == 0)
            return &procedure->limits[i];
    }
    return NULL;
}

/* Weight of a category pattern for a category: 0 no match, more the longer the part that
 * agrees; an exact one outweighs every prefix of its length. */
static size_t category_weight(const char *pattern, const char *category)
{
    size_t length = strlen(pattern);
    if (length > 0 && pattern[length - 1] == '*')
        return strncmp(pattern, category, length - 1) == 0 ? 2 * (length - 1) + 1 : 0;
    return strcmp(pattern, category) == 0 ? 2 * length + 2 : 0;
}

bool rh_category_matches(const char *pattern, const char *category)
{
    return category_weight(pattern, category) > 0;
}

const struct rh_local *rh_rules_local(const struct rh_rules *rules, const char *procedure,
                                      const char *limit, const char *area)
{
    const struct rh_local *best = NULL;
    for (uint32_t i = 0; i < rules->settings.local_count; i++) {
        const struct rh_local *local = &rules->settings.locals[i];
        if (strcmp(local->procedure, procedure) != 0 || strcmp(local->limit, limit) != 0 ||
            strncmp(local->area, area, strlen(local->area)) != 0)
            continue;
        if (best == NULL || strlen(local->area) > strlen(best->area))
            best = local;
    }
    return best;
}

enum rh_relation rh_repeat_relation(const struct rh_repeat *rule)
{
    switch (rule->match) {
    case RH_MATCH_PERSON | RH_MATCH_MATTER:
        return RH_RELATION_REPEAT;
    case RH_MATCH_MATTER:
        return RH_RELATION_SAME_MATTER;
    case RH_MATCH_PERSON:
        return RH_RELATION_SAME_PERSON;
    case RH_MATCH_PLACE:
        return RH_RELATION_RELATED;
    default:
        return RH_RELATION_NONE;
    }
}

const char *rh_relation_name(enum rh_relation relation)
{
    static const char *const names[RH_RELATION_COUNT] = { "", "repeat", "same_matter",
                                                          "same_person", "related" };
    return (unsigned)relation < RH_RELATION_COUNT ? names[relation] : "";
}

const struct rh_repeat *rh_rules_repeat(const struct rh_rules *rules, const char *id)
{
    for (uint32_t i = 0; i < rules->repeat_count; i++) {
        if (strcmp(rules->repeats[i].id, id) == 0)
            return &rules->repeats[i];
    }
    return NULL;
}

const struct rh_hotspot *rh_rules_hotspot(const struct rh_rules *rules, const char *id)
{
    for (uint32_t i = 0; i < rules->hotspot_count; i++) {
        if (strcmp(rules->hotspots[i].id, id) == 0)
            return &rules->hotspots[i];
    }
    return NULL;
}

static const struct rh_routing *find_route(const struct rh_rules *rules, const char *category,
                                           const char *area)
{
    const struct rh_routing *best = NULL;
    size_t best_category = 0;
    size_t best_area = 0;
    for (uint32_t i = 0; i < rules->routing_count; i++) {
        const struct rh_routing *entry = &rules->routing[i];
        size_t of_category = category_weight(entry->category, category);
        size_t of_area = strlen(entry->area);
        if (of_category == 0 || strncmp(entry->area, area, of_area) != 0)
            continue;
        if (best == NULL || of_category > best_category ||
            (of_category == best_category && of_area > best_area)) {
            best = entry;
            best_category = of_category;
            best_area = of_area;
        }
    }
    return best;
}

const struct rh_routing *rh_rules_route(const struct rh_rules *rules, const char *category,
                                        const char *area)
{
    const struct rh_routing *found = find_route(rules, category, area);
    return found != NULL && found->proper_zh[0] == '\0' ? found : NULL;
}

const struct rh_routing *rh_rules_proper(const struct rh_rules *rules, const char *category,
                                         const char *area)
{
    const struct rh_routing *found = find_route(rules, category, area);
    return found != NULL && found->proper_zh[0] != '\0' ? found : NULL;
}

/* A local calendar replaces the nationwide one in its area and below. */
const struct rh_calendar *rh_rules_calendar(const struct rh_rules *rules, const char *area)
{
    const struct rh_calendar *best = NULL;
    size_t best_area = 0;
    for (uint32_t i = 0; i < rules->calendar_count; i++) {
        const struct rh_calendar *calendar = &rules->calendars[i];
        size_t length = strlen(calendar->area);
        if (strncmp(calendar->area, area, length) != 0)
            continue;
        if (best == NULL || length > best_area) {
            best = calendar;
            best_area = length;
        }
    }
    return best;
}
