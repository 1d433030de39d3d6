/* Canonical form of a referral. Numbers are never reused; a new member gets a new one and, if
 * old rows would mean something else without it, a new HUB_ROW_SCHEMA. */
#include "core/row.h"

#include "core/row_codec.h"

static const struct rh_layout_field span_fields[] = {
    RH_LAYOUT_ENUM(1, struct rh_span, unit, RH_UNIT_MONTH_CRIMINAL),
    RH_LAYOUT_U32(2, struct rh_span, n),
};

const struct rh_layout hub_span_layout = RH_LAYOUT_OF(struct rh_span, span_fields);

static const struct rh_layout_field pause_fields[] = {
    RH_LAYOUT_U64(1, struct hub_pause, from_ms),
    RH_LAYOUT_U64(2, struct hub_pause, to_ms),
};

static const struct rh_layout pause_layout = RH_LAYOUT_OF(struct hub_pause, pause_fields);

static const struct rh_layout_field deadline_fields[] = {
    RH_LAYOUT_U32(1, struct hub_deadline, serial),
    RH_LAYOUT_TEXT(2, struct hub_deadline, limit),
    RH_LAYOUT_ENUM(3, struct hub_deadline, status, HUB_DEADLINE_LAPSED),
    RH_LAYOUT_BOOL(4, struct hub_deadline, law),
    RH_LAYOUT_BOOL(5, struct hub_deadline, right_only),
    RH_LAYOUT_BOOL(6, struct hub_deadline, provisional),
    RH_LAYOUT_ENUM(7, struct hub_deadline, unit, RH_UNIT_MONTH_CRIMINAL),
    RH_LAYOUT_U32(8, struct hub_deadline, n),
    RH_LAYOUT_ENUM(9, struct hub_deadline, roll, RH_ROLL_NEXT_WORKING_DAY),
    RH_LAYOUT_U64(10, struct hub_deadline, start_ms),
    RH_LAYOUT_U64(11, struct hub_deadline, start_index),
    RH_LAYOUT_I32(12, struct hub_deadline, nominal),
    RH_LAYOUT_U64(13, struct hub_deadline, end_ms),
    RH_LAYOUT_U32(14, struct hub_deadline, owed_by),
    RH_LAYOUT_U32(15, struct hub_deadline, round),
    RH_LAYOUT_U64(16, struct hub_deadline, soon_ms),
    RH_LAYOUT_U64(17, struct hub_deadline, step_ms),
    RH_LAYOUT_U8(18, struct hub_deadline, step),
    RH_LAYOUT_U64(19, struct hub_deadline, ended_ms),
    RH_LAYOUT_U64(20, struct hub_deadline, missed_ms),
    RH_LAYOUT_LIST(21, struct hub_deadline, pauses, pause_count, &pause_layout),
    RH_LAYOUT_LIST(22, struct hub_deadline, extensions, extension_count, &hub_span_layout),
    RH_LAYOUT_BOOL(23, struct hub_deadline, sender_set),
    RH_LAYOUT_U64(24, struct hub_deadline, set_ms),
    RH_LAYOUT_BOOL(25, struct hub_deadline, left),
    RH_LAYOUT_U32(26, struct hub_deadline, lost_generation),
};

static const struct rh_layout deadline_layout =
    RH_LAYOUT_OF(struct hub_deadline, deadline_fields);

static const struct rh_layout_field external_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_external, system),
    RH_LAYOUT_BIN(2, struct rh_external, hash),
};

static const struct rh_layout external_layout =
    RH_LAYOUT_OF(struct rh_external, external_fields);

static const struct rh_layout_field fact_fields[] = {
    RH_LAYOUT_TEXT(1, struct rh_fact, key),
    RH_LAYOUT_BOOL(2, struct rh_fact, is_number),
    RH_LAYOUT_I64(3, struct rh_fact, number),
    RH_LAYOUT_TEXT(4, struct rh_fact, code),
};

static const struct rh_layout fact_layout = RH_LAYOUT_OF(struct rh_fact, fact_fields);

static const struct rh_layout_field hit_fields[] = {
    RH_LAYOUT_TEXT(1, struct hub_hit, rule),
    RH_LAYOUT_U32(2, struct hub_hit, rule_version),
    RH_LAYOUT_ENUM(3, struct hub_hit, relation, RH_RELATION_COUNT - 1),
    RH_LAYOUT_U64(4, struct hub_hit, rno),
    RH_LAYOUT_BIN(5, struct hub_hit, id),
    RH_LAYOUT_BOOL(6, struct hub_hit, told),
};

static const struct rh_layout hit_layout = RH_LAYOUT_OF(struct hub_hit, hit_fields);

static const struct rh_layout_field referral_fields[] = {
    RH_LAYOUT_U64(1, struct hub_referral, rno),
    RH_LAYOUT_BIN(2, struct hub_referral, id),
    RH_LAYOUT_BIN(3, struct hub_referral, root),
    RH_LAYOUT_BIN(4, struct hub_referral, parent),
    RH_LAYOUT_BIN(5, struct hub_referral, repeat_of),
    RH_LAYOUT_BIN(6, struct hub_referral, merged_into),
    RH_LAYOUT_TEXT(7, struct hub_referral, number),
    RH_LAYOUT_TEXT(8, struct hub_referral, procedure),
    RH_LAYOUT_U32(9, struct hub_referral, procedure_version),
    RH_LAYOUT_U64(10, struct hub_referral, rules_index),
    RH_LAYOUT_ENUM(11, struct hub_referral, state, RH_STATE_COUNT - 1),
    RH_LAYOUT_ENUM(12, struct hub_referral, kind, RH_KIND_END - 1),
    RH_LAYOUT_ENUM(13, struct hub_referral, lane, RH_LANE_COUNT - 1),
    RH_LAYOUT_U32(14, struct hub_referral, origin),
    RH_LAYOUT_U32(15, struct hub_referral, sender),
    RH_LAYOUT_U32(16, struct hub_referral, addressee),
    RH_LAYOUT_U32(17, struct hub_referral, assigner),
    RH_LAYOUT_U32(18, struct hub_referral, holder),
    RH_LAYOUT_U32(19, struct hub_referral, last_holder),
    RH_LAYOUT_U32(20, struct hub_referral, sealed_by),
    RH_LAYOUT_BOOL(21, struct hub_referral, arrived),
    RH_LAYOUT_BOOL(22, struct hub_referral, signed_once),
    RH_LAYOUT_BOOL(23, struct hub_referral, designated),
    RH_LAYOUT_BOOL(24, struct hub_referral, report_required),
    RH_LAYOUT_BOOL(25, struct hub_referral, report_done),
    RH_LAYOUT_BOOL(26, struct hub_referral, reply_owed),
    RH_LAYOUT_BOOL(27, struct hub_referral, leader_named),
    RH_LAYOUT_BOOL(28, struct hub_referral, sealed),
    RH_LAYOUT_BOOL(29, struct hub_referral, extend_pending),
    RH_LAYOUT_BOOL(30, struct hub_referral, no_clock_reset),
    RH_LAYOUT_BOOL(31, struct hub_referral, hearing),
    RH_LAYOUT_BOOL(32, struct hub_referral, counted),
    RH_LAYOUT_ENUM(33, struct hub_referral, born, RH_KIND_END - 1),
    RH_LAYOUT_U8(34, struct hub_referral, escalation),
    RH_LAYOUT_U32(35, struct hub_referral, dispatch_count),
    RH_LAYOUT_U32(36, struct hub_referral, bounce_count),
    RH_LAYOUT_U32(37, struct hub_referral, reopen_count),
    RH_LAYOUT_U32(38, struct hub_referral, reject_count),
    RH_LAYOUT_U32(39, struct hub_referral, dead_count),
    RH_LAYOUT_U32(40, struct hub_referral, bounce_a),
    RH_LAYOUT_U32(41, struct hub_referral, bounce_b),
    RH_LAYOUT_U32(42, struct hub_referral, bounce_pair),
    RH_LAYOUT_U32(43, struct hub_referral, child_count),
    RH_LAYOUT_U32(44, struct hub_referral, child_open),
    RH_LAYOUT_U32(45, struct hub_referral, review_open),
    RH_LAYOUT_BOOL(46, struct hub_referral, mandatory),
    RH_LAYOUT_TEXT(47, struct hub_referral, category),
    RH_LAYOUT_TEXT(48, struct hub_referral, area),
    RH_LAYOUT_TEXT(49, struct hub_referral, source),
    RH_LAYOUT_TEXT(50, struct hub_referral, outcome),
    RH_LAYOUT_U64(51, struct hub_referral, registered_ms),
    RH_LAYOUT_U64(52, struct hub_referral, dispatched_ms),
    RH_LAYOUT_U64(53, struct hub_referral, arrival_due_ms),
    RH_LAYOUT_U64(54, struct hub_referral, arrived_ms),
    RH_LAYOUT_U64(55, struct hub_referral, signed_ms),
    RH_LAYOUT_U64(56, struct hub_referral, completed_ms),
    RH_LAYOUT_U64(57, struct hub_referral, accepted_ms),
    RH_LAYOUT_U64(58, struct hub_referral, suspended_ms),
    RH_LAYOUT_U64(59, struct hub_referral, concluded_ms),
    RH_LAYOUT_U64(60, struct hub_referral, reported_ms),
    RH_LAYOUT_U64(61, struct hub_referral, replied_ms),
    RH_LAYOUT_U64(62, struct hub_referral, closed_ms),
    RH_LAYOUT_U64(63, struct hub_referral, down_ms),
    RH_LAYOUT_U64(64, struct hub_referral, dispatch_index),
    RH_LAYOUT_U64(65, struct hub_referral, last_index),
    RH_LAYOUT_U64(66, struct hub_referral, key_slot),
    RH_LAYOUT_U32(67, struct hub_referral, extend_n),
    RH_LAYOUT_U32(68, struct hub_referral, extend_serial),
    RH_LAYOUT_LIST(69, struct hub_referral, externals, external_count, &external_layout),
    RH_LAYOUT_LIST(70, struct hub_referral, facts, fact_count, &fact_layout),
    RH_LAYOUT_NUMBERS(71, struct hub_referral, parties, party_count),
    RH_LAYOUT_BINS(72, struct hub_referral, accused, accused_count),
    RH_LAYOUT_U64(73, struct hub_referral, dispatch_seq),
    RH_LAYOUT_ENUM(74, struct hub_referral, dispatch_lane, RH_LANE_COUNT - 1),
    RH_LAYOUT_U32(75, struct hub_referral, dispatch_from),
    RH_LAYOUT_U32(76, struct hub_referral, deadline_serial),
    RH_LAYOUT_LIST(77, struct hub_referral, deadlines, deadline_count, &deadline_layout),
    RH_LAYOUT_U64(78, struct hub_referral, quiet_ms),
    RH_LAYOUT_U32(79, struct hub_referral, objected_by),
    RH_LAYOUT_U32(80, struct hub_referral, leader_count),
    RH_LAYOUT_U32(81, struct hub_referral, supplement_count),
    RH_LAYOUT_U64(82, struct hub_referral, close_ms),
    RH_LAYOUT_TEXT(90, struct hub_referral, query_code),
    RH_LAYOUT_BOOL(91, struct hub_referral, repeat),
    RH_LAYOUT_BINS(92, struct hub_referral, persons, person_count),
    RH_LAYOUT_BIN(93, struct hub_referral, matter),
    RH_LAYOUT_LIST(94, struct hub_referral, hits, hit_count, &hit_layout),
    RH_LAYOUT_U32(99, struct hub_referral, dispatch_to),
    RH_LAYOUT_BOOL(101, struct hub_referral, facts_ended),
    RH_LAYOUT_U32(102, struct hub_referral, visitor),
    RH_LAYOUT_U64(103, struct hub_referral, archive_ms),
    RH_LAYOUT_NUMBERS(104, struct hub_referral, waiting, waiting_count),
    RH_LAYOUT_BOOL(105, struct hub_referral, withdrawal_forbidden),
};

const struct rh_layout hub_referral_layout = RH_LAYOUT_OF(struct hub_referral, referral_fields);

enum rh_err hub_referral_encode(const struct hub_referral *row, struct rh_writer *writer)
{
    rh_assert(hub_referral_is_sound(row));
    return hub_row_write(&hub_referral_layout, row, writer);
}

enum rh_err hub_referral_decode(struct rh_bytes bytes, struct hub_referral *out)
{
    enum rh_err err = hub_row_read(&hub_referral_layout, bytes, out);
    if (err == RH_OK && !hub_referral_is_sound(out))
        err = RH_ERR_CORRUPT;
    return err;
}

const char *hub_deadline_status_name(enum hub_deadline_status status)
{
    static const char *const names[] = { "?",      "running",   "paused", "met", "met_late",
                                         "missed", "cancelled", "lapsed" };
    return (unsigned)status < sizeof names / sizeof names[0] ? names[status] : "?";
}
