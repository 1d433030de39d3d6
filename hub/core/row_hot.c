/* Rows of the hot-spot map. */
#include "core/row.h"

#include "core/row_codec.h"

static const struct rh_layout_field hot_fields[] = {
    RH_LAYOUT_TEXT(1, struct hub_hot, rule),
    RH_LAYOUT_U32(2, struct hub_hot, rule_version),
    RH_LAYOUT_TEXT(3, struct hub_hot, area),
    RH_LAYOUT_I32(4, struct hub_hot, first_day),
    RH_LAYOUT_NUMBERS(5, struct hub_hot, counts, day_count),
    RH_LAYOUT_U32(6, struct hub_hot, to),
    RH_LAYOUT_U32(7, struct hub_hot, superior),
    RH_LAYOUT_I32(8, struct hub_hot, warned_day),
    RH_LAYOUT_U32(9, struct hub_hot, warned_count),
    RH_LAYOUT_U32(10, struct hub_hot, warned_threshold),
    RH_LAYOUT_U32(11, struct hub_hot, warned_days),
    RH_LAYOUT_U64(12, struct hub_hot, warned_ms),
};

const struct rh_layout hub_hot_layout = RH_LAYOUT_OF(struct hub_hot, hot_fields);

uint32_t hub_hot_total(const struct hub_hot *hot, int32_t day, uint32_t days)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < hot->day_count; i++) {
        int32_t of = hot->first_day + (int32_t)i;
        if (of <= day && of > day - (int32_t)days)
            total += hot->counts[i];
    }
    return total;
}

enum rh_err hub_hot_encode(const struct hub_hot *hot, struct rh_writer *writer)
{
    rh_assert(hot->rule[0] != 0);
    return hub_row_write(&hub_hot_layout, hot, writer);
}

enum rh_err hub_hot_decode(struct rh_bytes bytes, struct hub_hot *out)
{
    return hub_row_read(&hub_hot_layout, bytes, out);
}
