/* Agencies, rules, jobs, and the numbers that are given next. */
#include "views/apply.h"

#include <string.h>

enum { NEXT_BYTES = 52 };

static const char next_name[] = "next";
static const char monthly_name[] = "monthly";

static enum rh_err forget_agency_id(struct hub_views *views, const struct hub_agency *old)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_text(old->id.text);
    enum rh_err err = hub_look(views->map, HUB_TABLE_AGENCY_ID, &key, &row);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    return row.bytes == 4 && hub_get_u32(row.data) == old->no
               ? hub_change_remove(views, HUB_TABLE_AGENCY_ID, &key, row)
               : RH_OK;
}

enum rh_err hub_apply_agency(struct hub_views *views, const struct hub_agency *row,
                             struct rh_bytes bytes)
{
    struct rh_bytes stored;
    struct hub_agency old;
    struct hub_key key = hub_key_u32(row->no);
    enum rh_err err = hub_look(views->map, HUB_TABLE_AGENCY, &key, &stored);
    if (err == RH_OK) {
        if (hub_agency_decode(stored, &old) != RH_OK)
            return RH_ERR_CORRUPT;
        if (strcmp(old.id.text, row->id.text) != 0 && old.id.text[0] != 0)
            err = forget_agency_id(views, &old);
    } else if (err == RH_ERR_NOTFOUND) {
        err = hub_count_add(views, HUB_FIGURE_AGENCIES, 0, 1);
    }
    if (err == RH_OK)
        err = hub_change_set(views, HUB_TABLE_AGENCY, &key, bytes);
    if (err == RH_OK && row->id.text[0] != 0) {
        uint8_t value[4];
        struct hub_key id_key = hub_key_text(row->id.text);
        hub_put_u32(value, row->no);
        err = hub_change_set(views, HUB_TABLE_AGENCY_ID, &id_key,
                             (struct rh_bytes){ value, sizeof value });
    }
    if (err == RH_OK && row->no >= views->next.agency && row->no != UINT32_MAX)
        views->next.agency = row->no + 1;
    return err;
}

enum rh_err hub_apply_hot(struct hub_views *views, const struct hub_hot *hot)
{
    struct rh_writer writer;
    struct hub_key key = hub_key_hot(hot->rule, hot->area);
    rh_writer_init(&writer, views->buffer, HUB_MAP_VALUE_MAX);
    if (hub_hot_encode(hot, &writer) != RH_OK)
        return RH_ERR_CORRUPT;
    return hub_change_set(views, HUB_TABLE_HOT, &key,
                          (struct rh_bytes){ views->buffer, writer.bytes });
}

enum rh_err hub_apply_rules(struct hub_views *views, uint64_t index)
{
    struct hub_key key = hub_key_u64(index);
    views->next.rules_size = index + 1;
    return hub_change_append(views, HUB_TABLE_RULES, &key, (struct rh_bytes){ NULL, 0 });
}

enum rh_err hub_apply_job(struct hub_views *views, const struct hub_job_row *row,
                          struct rh_bytes bytes)
{
    struct hub_key key = hub_key_u64(row->number);
    return hub_change_set(views, HUB_TABLE_JOB, &key, bytes);
}

enum rh_err hub_apply_clock(struct hub_views *views, const struct hub_record *record)
{
    struct hub_key key = hub_key_u64(record->core.index);
    uint8_t type = (uint8_t)record->clock;
    if (record->clock == HUB_CLOCK_STEERED)
        return RH_OK;
    return hub_change_append(views, HUB_TABLE_CLOCK, &key, (struct rh_bytes){ &type, 1 });
}

static void next_value(const struct hub_next *next, uint8_t out[NEXT_BYTES])
{
    hub_put_u64(out, next->rno);
    hub_put_u64(out + 8, next->slot);
    hub_put_u32(out + 16, next->agency);
    hub_put_u32(out + 20, next->year);
    hub_put_u64(out + 24, next->ordinal);
    hub_put_u64(out + 32, next->rules_size);
    hub_put_u64(out + 40, next->down_ms);
    hub_put_u32(out + 48, next->subscription);
}

enum rh_err hub_apply_next(struct hub_views *views)
{
    uint8_t before[NEXT_BYTES];
    uint8_t after[NEXT_BYTES];
    next_value(&views->next_stored, before);
    next_value(&views->next, after);
    if (memcmp(before, after, sizeof after) == 0)
        return RH_OK;
    struct hub_key key = hub_key_text(next_name);
    struct rh_bytes old = { before, sizeof before };
    struct rh_bytes now = { after, sizeof after };
    enum rh_err err = views->next_stored.rno == 0
                          ? hub_change_insert(views, HUB_TABLE_META, &key, now)
                          : hub_change_replace(views, HUB_TABLE_META, &key, old, now);
    if (err == RH_OK)
        views->next_stored = views->next;
    return err;
}

enum rh_err hub_next_read(struct hub_map *map, struct hub_next *next, bool *known)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_text(next_name);
    enum rh_err err = hub_look(map, HUB_TABLE_META, &key, &row);
    *known = err == RH_OK;
    *next = (struct hub_next){ .rno = 1, .slot = 1, .agency = HUB_AGENCY_FIRST, .ordinal = 1,
                               .subscription = 1 };
    if (err == RH_ERR_NOTFOUND)
        return RH_OK;
    if (err == RH_OK && row.bytes != NEXT_BYTES)
        return RH_ERR_CORRUPT;
    if (err != RH_OK)
        return err;
    next->rno = hub_get_u64(row.data);
    next->slot = hub_get_u64(row.data + 8);
    next->agency = hub_get_u32(row.data + 16);
    next->year = hub_get_u32(row.data + 20);
    next->ordinal = hub_get_u64(row.data + 24);
    next->rules_size = hub_get_u64(row.data + 32);
    next->down_ms = hub_get_u64(row.data + 40);
    next->subscription = hub_get_u32(row.data + 48);
    return next->rno == 0 ? RH_ERR_CORRUPT : RH_OK;
}

enum rh_err hub_apply_monthly(struct hub_views *views, const struct hub_monthly *monthly)
{
    struct rh_writer writer;
    struct hub_key key = hub_key_text(monthly_name);
    rh_writer_init(&writer, views->buffer, HUB_MAP_VALUE_MAX);
    enum rh_err err = hub_monthly_encode(monthly, &writer);
    if (err == RH_OK)
        err = hub_change_set(views, HUB_TABLE_META, &key,
                             (struct rh_bytes){ views->buffer, writer.bytes });
    if (err == RH_OK)
        views->monthly = *monthly;
    return err;
}

enum rh_err hub_monthly_read(struct hub_map *map, struct hub_monthly *out)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_text(monthly_name);
    memset(out, 0, sizeof *out);
    enum rh_err err = hub_look(map, HUB_TABLE_META, &key, &row);
    if (err == RH_ERR_NOTFOUND)
        return RH_OK;
    return err == RH_OK && hub_monthly_decode(row, out) != RH_OK ? RH_ERR_CORRUPT : err;
}
