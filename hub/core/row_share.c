/* Canonical form of subscriptions, and of what one event shares. */
#include "core/row.h"

#include "core/row_codec.h"

#include <string.h>

static const struct rh_layout_field subscription_fields[] = {
    RH_LAYOUT_U32(1, struct hub_subscription, number),
    RH_LAYOUT_U32(2, struct hub_subscription, agency),
    RH_LAYOUT_TEXT(3, struct hub_subscription, area),
    RH_LAYOUT_TEXT(4, struct hub_subscription, category),
    RH_LAYOUT_U64(5, struct hub_subscription, events.bits[0]),
    RH_LAYOUT_U64(6, struct hub_subscription, events.bits[1]),
    RH_LAYOUT_BIN(7, struct hub_subscription, masks),
    RH_LAYOUT_U64(8, struct hub_subscription, given_ms),
    RH_LAYOUT_U64(9, struct hub_subscription, from_ms),
    RH_LAYOUT_U64(10, struct hub_subscription, until_ms),
    RH_LAYOUT_U64(11, struct hub_subscription, ended_ms),
    RH_LAYOUT_TEXT(12, struct hub_subscription, basis),
};

static const struct rh_layout subscription_layout =
    RH_LAYOUT_OF(struct hub_subscription, subscription_fields);

static const struct rh_layout_field share_fields[] = {
    RH_LAYOUT_U32(1, struct hub_share_out, place),
    RH_LAYOUT_U32(2, struct hub_share_out, subscription),
    RH_LAYOUT_ENUM(3, struct hub_share_out, event, RH_KIND_END - 1),
    RH_LAYOUT_U64(4, struct hub_share_out, date_ms),
    RH_LAYOUT_ENUM(5, struct hub_share_out, date_mask, HUB_MASK_END - 1),
    RH_LAYOUT_TEXT(6, struct hub_share_out, reference),
    RH_LAYOUT_TEXT(7, struct hub_share_out, procedure),
    RH_LAYOUT_TEXT(8, struct hub_share_out, category),
    RH_LAYOUT_TEXT(9, struct hub_share_out, area),
    RH_LAYOUT_TEXT(10, struct hub_share_out, source),
    RH_LAYOUT_ENUM(11, struct hub_share_out, state, RH_STATE_COUNT - 1),
    RH_LAYOUT_TEXT(12, struct hub_share_out, holder),
    RH_LAYOUT_U64(13, struct hub_share_out, due_ms),
    RH_LAYOUT_ENUM(14, struct hub_share_out, due_mask, HUB_MASK_END - 1),
    RH_LAYOUT_TEXT(15, struct hub_share_out, outcome),
};

const struct rh_layout hub_share_layout = RH_LAYOUT_OF(struct hub_share_out, share_fields);

static bool events_hold(const struct rh_kind_set *events)
{
    for (unsigned kind = 0; kind < RH_KIND_END; kind++) {
        if (rh_kind_in(events, (enum rh_kind)kind) && !hub_share_is_event((enum rh_kind)kind))
            return false;
    }
    return events->bits[0] != 0 || events->bits[1] != 0;
}

bool hub_subscription_is_sound(const struct hub_subscription *row)
{
    for (unsigned field = 0; field < HUB_SHARE_FIELDS; field++) {
        if (!hub_mask_fits((enum hub_share_field)field, (enum hub_mask)row->masks[field]))
            return false;
    }
    return row->number != 0 && row->agency >= HUB_AGENCY_FIRST &&
           hub_share_is_area(row->area) && events_hold(&row->events) &&
           row->from_ms < row->until_ms;
}

enum rh_err hub_subscription_encode(const struct hub_subscription *row,
                                    struct rh_writer *writer)
{
    rh_assert(hub_subscription_is_sound(row));
    return hub_row_write(&subscription_layout, row, writer);
}

enum rh_err hub_subscription_decode(struct rh_bytes bytes, struct hub_subscription *out)
{
    enum rh_err err = hub_row_read(&subscription_layout, bytes, out);
    return err == RH_OK && !hub_subscription_is_sound(out) ? RH_ERR_CORRUPT : err;
}
