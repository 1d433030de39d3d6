/* Canonical form of agencies, streams, queue entries and dead letters. */
#include "core/row.h"

#include "core/row_codec.h"

#include <string.h>

static const struct rh_layout_field card_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_card, owner),
    RH_LAYOUT_FIXED_BOOLS(2, struct rh_card, present),
    RH_LAYOUT_BIN(3, struct rh_card, keys[RH_KEY_TRANSPORT]),
    RH_LAYOUT_BIN(4, struct rh_card, keys[RH_KEY_SIGN]),
    RH_LAYOUT_BIN(5, struct rh_card, keys[RH_KEY_SEAL]),
    RH_LAYOUT_BIN(6, struct rh_card, keys[RH_KEY_WITNESS]),
    RH_LAYOUT_TEXT(7, struct rh_card, endpoint),
};

static const struct rh_layout card_layout = RH_LAYOUT_OF(struct rh_card, card_fields);

static const struct rh_layout_field successor_fields[] = {
    RH_LAYOUT_U32(1, struct hub_successor, to),
    RH_LAYOUT_TEXT(2, struct hub_successor, area),
    RH_LAYOUT_TEXT(3, struct hub_successor, category),
    RH_LAYOUT_U64(4, struct hub_successor, since_ms),
    RH_LAYOUT_BOOL(5, struct hub_successor, done),
};

static const struct rh_layout successor_layout =
    RH_LAYOUT_OF(struct hub_successor, successor_fields);

static const struct rh_layout_field grant_fields[] = {
    RH_LAYOUT_BIN(1, struct hub_grant, referral),
    RH_LAYOUT_TEXT(2, struct hub_grant, area),
    RH_LAYOUT_TEXT(3, struct hub_grant, category),
    RH_LAYOUT_U64(4, struct hub_grant, since_ms),
    RH_LAYOUT_U64(5, struct hub_grant, until_ms),
};

static const struct rh_layout grant_layout = RH_LAYOUT_OF(struct hub_grant, grant_fields);

static const struct rh_layout_field former_fields[] = {
    RH_LAYOUT_U32(1, struct hub_former, no),
    RH_LAYOUT_BIN(2, struct hub_former, unit_hash),
};

static const struct rh_layout former_layout = RH_LAYOUT_OF(struct hub_former, former_fields);

static const struct rh_layout_field agency_fields[] = {
    RH_LAYOUT_U32(1, struct hub_agency, no),
    RH_LAYOUT_TEXT(2, struct hub_agency, id),
    RH_LAYOUT_TEXT(3, struct hub_agency, name_zh),
    RH_LAYOUT_TEXT(4, struct hub_agency, name_en),
    RH_LAYOUT_TEXT(5, struct hub_agency, role),
    RH_LAYOUT_TEXT(6, struct hub_agency, area),
    RH_LAYOUT_U32(7, struct hub_agency, superior),
    RH_LAYOUT_ENUM(8, struct hub_agency, state, HUB_AGENCY_SUCCEEDED),
    RH_LAYOUT_STRUCT(9, struct hub_agency, card, &card_layout),
    RH_LAYOUT_BIN(10, struct hub_agency, unit_hash),
    RH_LAYOUT_U64(11, struct hub_agency, enrolled_ms),
    RH_LAYOUT_U64(12, struct hub_agency, changed_ms),
    RH_LAYOUT_LIST(13, struct hub_agency, successors, successor_count, &successor_layout),
    RH_LAYOUT_LIST(14, struct hub_agency, grants, grant_count, &grant_layout),
    RH_LAYOUT_LIST(15, struct hub_agency, former, former_count, &former_layout),
};

static const struct rh_layout agency_layout = RH_LAYOUT_OF(struct hub_agency, agency_fields);

static const struct rh_layout_field stream_fields[] = {
    RH_LAYOUT_U32(1, struct hub_stream, agency),
    RH_LAYOUT_BIN(2, struct hub_stream, epoch),
    RH_LAYOUT_U64(3, struct hub_stream, next_n),
    RH_LAYOUT_BOOL(4, struct hub_stream, closed),
    RH_LAYOUT_U64(5, struct hub_stream, opened_ms),
    RH_LAYOUT_U64(6, struct hub_stream, last_ms),
};

static const struct rh_layout stream_layout = RH_LAYOUT_OF(struct hub_stream, stream_fields);

static const struct rh_layout_field queued_fields[] = {
    RH_LAYOUT_U32(1, struct hub_queued, to),
    RH_LAYOUT_U32(2, struct hub_queued, from),
    RH_LAYOUT_ENUM(3, struct hub_queued, lane, RH_LANE_COUNT - 1),
    RH_LAYOUT_U64(4, struct hub_queued, pair_seq),
    RH_LAYOUT_U64(5, struct hub_queued, index),
    RH_LAYOUT_U64(6, struct hub_queued, rno),
    RH_LAYOUT_ENUM(7, struct hub_queued, kind, RH_KIND_END - 1),
    RH_LAYOUT_BOOL(8, struct hub_queued, tombstone),
    RH_LAYOUT_U64(9, struct hub_queued, stored_ms),
    RH_LAYOUT_U32(10, struct hub_queued, bytes),
    RH_LAYOUT_U32(11, struct hub_queued, place),
};

static const struct rh_layout queued_layout = RH_LAYOUT_OF(struct hub_queued, queued_fields);

static const struct rh_layout_field dead_fields[] = {
    RH_LAYOUT_U64(1, struct hub_dead, index),
    RH_LAYOUT_U32(2, struct hub_dead, to),
    RH_LAYOUT_U32(3, struct hub_dead, from),
    RH_LAYOUT_ENUM(4, struct hub_dead, lane, RH_LANE_COUNT - 1),
    RH_LAYOUT_U64(5, struct hub_dead, pair_seq),
    RH_LAYOUT_U64(6, struct hub_dead, rno),
    RH_LAYOUT_U32(7, struct hub_dead, refusal),
    RH_LAYOUT_U64(8, struct hub_dead, dead_ms),
    RH_LAYOUT_BOOL(9, struct hub_dead, settled),
    RH_LAYOUT_U64(10, struct hub_dead, settled_index),
    RH_LAYOUT_ENUM(11, struct hub_dead, kind, RH_KIND_END - 1),
    RH_LAYOUT_U32(12, struct hub_dead, place),
};

static const struct rh_layout dead_layout = RH_LAYOUT_OF(struct hub_dead, dead_fields);

enum rh_err hub_agency_encode(const struct hub_agency *row, struct rh_writer *writer)
{
    return hub_row_write(&agency_layout, row, writer);
}

enum rh_err hub_agency_decode(struct rh_bytes bytes, struct hub_agency *out)
{
    return hub_row_read(&agency_layout, bytes, out);
}

enum rh_err hub_stream_encode(const struct hub_stream *row, struct rh_writer *writer)
{
    return hub_row_write(&stream_layout, row, writer);
}

enum rh_err hub_stream_decode(struct rh_bytes bytes, struct hub_stream *out)
{
    return hub_row_read(&stream_layout, bytes, out);
}

enum rh_err hub_queued_encode(const struct hub_queued *row, struct rh_writer *writer)
{
    return hub_row_write(&queued_layout, row, writer);
}

enum rh_err hub_queued_decode(struct rh_bytes bytes, struct hub_queued *out)
{
    return hub_row_read(&queued_layout, bytes, out);
}

enum rh_err hub_dead_encode(const struct hub_dead *row, struct rh_writer *writer)
{
    return hub_row_write(&dead_layout, row, writer);
}

enum rh_err hub_dead_decode(struct rh_bytes bytes, struct hub_dead *out)
{
    return hub_row_read(&dead_layout, bytes, out);
}

/* "labour" is above "labour.wage-arrears" and above itself. */
static bool is_below(const char *category, const char *above)
{
    size_t bytes = strlen(above);
    return strncmp(category, above, bytes) == 0 &&
           (category[bytes] == '\0' || category[bytes] == '.' || bytes == 0);
}

static bool takes_in(const char *area, const char *category, const struct hub_referral *row)
{
    return strncmp(row->area, area, strlen(area)) == 0 && is_below(row->category, category);
}

const struct hub_successor *hub_agency_successor(const struct hub_agency *agency,
                                                 const struct hub_referral *row)
{
    rh_assert(agency->successor_count <= HUB_SUCCESSORS_MAX);
    for (uint32_t i = 0; i < agency->successor_count; i++) {
        const struct hub_successor *next = &agency->successors[i];
        bool whole = next->area[0] == '\0' && next->category[0] == '\0';
        if (whole || (row != NULL && takes_in(next->area, next->category, row)))
            return next;
    }
    return NULL;
}

const struct hub_grant *hub_agency_grant(const struct hub_agency *agency,
                                         const struct hub_referral *row, uint64_t now_ms)
{
    rh_assert(agency->grant_count <= HUB_GRANTS_MAX);
    for (uint32_t i = 0; i < agency->grant_count && !row->sealed; i++) {
        const struct hub_grant *grant = &agency->grants[i];
        bool one = !rh_id_is_zero(grant->referral.bytes);
        if (grant->until_ms > now_ms &&
            (one ? memcmp(&grant->referral, &row->id, sizeof row->id) == 0
                 : takes_in(grant->area, grant->category, row)))
            return grant;
    }
    return NULL;
}

static bool names(const struct hub_referral *row, const struct rh_hash *unit_hash)
{
    static const struct rh_hash none;
    for (uint32_t i = 0; i < row->accused_count; i++) {
        if (memcmp(&row->accused[i], unit_hash, sizeof none) == 0)
            return memcmp(unit_hash, &none, sizeof none) != 0;
    }
    return false;
}

bool hub_agency_is_accused(const struct hub_agency *agency, const struct hub_referral *row)
{
    rh_assert(row->accused_count <= HUB_ACCUSED_MAX);
    rh_assert(agency->former_count <= HUB_FORMER_MAX);
    bool accused = names(row, &agency->unit_hash);
    for (uint32_t i = 0; i < agency->former_count && !accused; i++)
        accused = names(row, &agency->former[i].unit_hash);
    return accused;
}

static bool add_former(struct hub_agency *taker, uint32_t no, const struct rh_hash *unit_hash)
{
    bool known = no == taker->no;
    for (uint32_t i = 0; i < taker->former_count && !known; i++)
        known = taker->former[i].no == no;
    if (known)
        return true;
    if (taker->former_count == HUB_FORMER_MAX)
        return false;
    taker->former[taker->former_count++] =
        (struct hub_former){ .no = no, .unit_hash = *unit_hash };
    return true;
}

bool hub_agency_inherit(struct hub_agency *taker, const struct hub_agency *old)
{
    rh_assert(taker->no != old->no);
    uint32_t had = taker->former_count;
    bool fits = add_former(taker, old->no, &old->unit_hash);
    for (uint32_t i = 0; i < old->former_count && fits; i++)
        fits = add_former(taker, old->former[i].no, &old->former[i].unit_hash);
    for (uint32_t i = had; !fits && i < HUB_FORMER_MAX; i++)
        taker->former[i] = (struct hub_former){ .no = HUB_AGENCY_NONE };
    taker->former_count = fits ? taker->former_count : had;
    return fits;
}
