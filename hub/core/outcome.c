/* Canonical form of an outcome: what a record keeps of a decision. */
#include "core/decide.h"

#include "core/row_codec.h"

static const struct rh_layout_field delivery_fields[] = {
    RH_LAYOUT_U32(1, struct hub_delivery_out, to),
    RH_LAYOUT_U32(2, struct hub_delivery_out, from),
    RH_LAYOUT_ENUM(3, struct hub_delivery_out, lane, RH_LANE_COUNT - 1),
    RH_LAYOUT_U64(4, struct hub_delivery_out, pair_seq),
    RH_LAYOUT_U64(5, struct hub_delivery_out, index),
    RH_LAYOUT_U64(6, struct hub_delivery_out, rno),
    RH_LAYOUT_ENUM(7, struct hub_delivery_out, kind, RH_KIND_END - 1),
    RH_LAYOUT_U32(8, struct hub_delivery_out, place),
};

static const struct rh_layout delivery_layout =
    RH_LAYOUT_OF(struct hub_delivery_out, delivery_fields);

static const struct rh_layout_field queue_fields[] = {
    RH_LAYOUT_U32(1, struct hub_queue_out, to),
    RH_LAYOUT_U32(2, struct hub_queue_out, from),
    RH_LAYOUT_ENUM(3, struct hub_queue_out, lane, RH_LANE_COUNT - 1),
    RH_LAYOUT_U64(4, struct hub_queue_out, pair_seq),
    RH_LAYOUT_ENUM(5, struct hub_queue_out, what, HUB_QUEUE_SETTLED),
    RH_LAYOUT_U32(6, struct hub_queue_out, refusal),
    RH_LAYOUT_U64(7, struct hub_queue_out, index),
};

static const struct rh_layout queue_layout = RH_LAYOUT_OF(struct hub_queue_out, queue_fields);

static const struct rh_layout_field note_fields[] = {
    RH_LAYOUT_ENUM(1, struct hub_note_out, kind, RH_KIND_END - 1),
    RH_LAYOUT_U64(2, struct hub_note_out, rno),
    RH_LAYOUT_U32(3, struct hub_note_out, deadline),
    RH_LAYOUT_U8(4, struct hub_note_out, status),
    RH_LAYOUT_U8(5, struct hub_note_out, level),
    RH_LAYOUT_U32(6, struct hub_note_out, agency),
    RH_LAYOUT_U64(7, struct hub_note_out, was_ms),
    RH_LAYOUT_U64(8, struct hub_note_out, now_ms),
};

static const struct rh_layout note_layout = RH_LAYOUT_OF(struct hub_note_out, note_fields);

static const struct rh_layout_field sum_fields[] = {
    RH_LAYOUT_U64(1, struct hub_sum, n),
};

static const struct rh_layout sum_layout = RH_LAYOUT_OF(struct hub_sum, sum_fields);

static const struct rh_layout_field monthly_fields[] = {
    RH_LAYOUT_U32(1, struct hub_monthly, month),
    RH_LAYOUT_U32(2, struct hub_monthly, agency),
    RH_LAYOUT_TEXT(3, struct hub_monthly, area),
    RH_LAYOUT_FIXED_LIST(4, struct hub_monthly, sums, &sum_layout),
};

static const struct rh_layout monthly_layout =
    RH_LAYOUT_OF(struct hub_monthly, monthly_fields);

static const struct rh_layout_field outcome_fields[] = {
    RH_LAYOUT_U32(1, struct hub_outcome, refusal),
    RH_LAYOUT_U32(2, struct hub_outcome, field),
    RH_LAYOUT_U64(3, struct hub_outcome, rno),
    RH_LAYOUT_LIST(4, struct hub_outcome, rows, row_count, &hub_referral_layout),
    RH_LAYOUT_LIST(5, struct hub_outcome, deliveries, delivery_count, &delivery_layout),
    RH_LAYOUT_LIST(6, struct hub_outcome, queue, queue_count, &queue_layout),
    RH_LAYOUT_LIST(7, struct hub_outcome, notes, note_count, &note_layout),
    RH_LAYOUT_U32(8, struct hub_outcome, holder),
    RH_LAYOUT_U64(9, struct hub_outcome, due_ms),
    RH_LAYOUT_LIST(10, struct hub_outcome, hots, hot_count, &hub_hot_layout),
    RH_LAYOUT_TEXT(11, struct hub_outcome, due_limit),
    RH_LAYOUT_ENUM(12, struct hub_outcome, due_basis, RH_DUE_POLICY),
    RH_LAYOUT_U32(13, struct hub_outcome, month),
    RH_LAYOUT_TEXT(14, struct hub_outcome, month_area),
    RH_LAYOUT_FIXED_LIST(15, struct hub_outcome, month_sums, &sum_layout),
    RH_LAYOUT_STRUCT(16, struct hub_outcome, monthly, &monthly_layout),
    RH_LAYOUT_LIST(17, struct hub_outcome, shares, share_count, &hub_share_layout),
};

static const struct rh_layout outcome_layout =
    RH_LAYOUT_SPARSE_OF(struct hub_outcome, outcome_fields);

enum rh_err hub_outcome_encode(const struct hub_outcome *outcome, struct rh_writer *writer)
{
    rh_assert(outcome->row_count <= HUB_ROWS_OUT_MAX);
    for (uint32_t i = 0; i < outcome->row_count; i++)
        rh_assert(hub_referral_is_sound(&outcome->rows[i]));
    return hub_row_write(&outcome_layout, outcome, writer);
}

enum rh_err hub_outcome_decode(struct rh_bytes bytes, struct hub_outcome *out)
{
    enum rh_err err = hub_row_read(&outcome_layout, bytes, out);
    for (uint32_t i = 0; err == RH_OK && i < out->row_count; i++) {
        if (!hub_referral_is_sound(&out->rows[i]))
            err = RH_ERR_CORRUPT;
    }
    for (uint32_t i = 0; err == RH_OK && i < out->share_count; i++) {
        if (out->shares[i].place >= out->delivery_count)
            err = RH_ERR_CORRUPT;
    }
    return err;
}

enum rh_err hub_monthly_encode(const struct hub_monthly *row, struct rh_writer *writer)
{
    return hub_row_write(&monthly_layout, row, writer);
}

enum rh_err hub_monthly_decode(struct rh_bytes bytes, struct hub_monthly *out)
{
    return hub_row_read(&monthly_layout, bytes, out);
}
