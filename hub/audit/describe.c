#include "audit/describe.h"

#include <string.h>

#include <rh/refusal.h>

const char *hub_describe_type(enum rh_record_type type)
{
    static const char *const names[] = {
        "",       "genesis", "generation", "bundle", "item",  "timer", "command", "rules",
        "stream", "digest",  "cut",        "clock",  "erase", "carry", "job",
    };
    return (size_t)type < sizeof names / sizeof names[0] ? names[type] : "";
}

static enum rh_kind noted(const struct hub_outcome *outcome, uint64_t rno)
{
    return outcome != NULL ? hub_record_noted(outcome, rno) : RH_KIND_NONE;
}

enum rh_kind hub_describe_kind(const struct hub_record *record,
                               const struct hub_outcome *outcome, uint64_t rno)
{
    if (record->core.type == RH_RECORD_ITEM) {
        enum rh_kind kind = hub_record_kind(record->public_part);
        bool transport = kind == RH_KIND_ACK || kind == RH_KIND_NACK;
        enum rh_kind caused = transport ? noted(outcome, rno) : RH_KIND_NONE;
        return caused != RH_KIND_NONE ? caused : kind;
    }
    if (record->core.type == RH_RECORD_COMMAND) {
        if (record->command == HUB_COMMAND_ATTENTION)
            return record->action;
        if (record->command == HUB_COMMAND_DEAD_RETRY)
            return RH_KIND_DEAD_RETRY;
        if (record->command == HUB_COMMAND_DEAD_RETURN)
            return RH_KIND_DEAD_LETTER;
    }
    return noted(outcome, rno);
}

static const char *unit_name(enum rh_unit unit)
{
    switch (unit) {
    case RH_UNIT_HOUR:
        return "hour";
    case RH_UNIT_CALENDAR_DAY:
        return "calendar_day";
    case RH_UNIT_WORKING_DAY:
        return "working_day";
    case RH_UNIT_MONTH_CIVIL:
        return "month";
    case RH_UNIT_MONTH_CRIMINAL:
        return "month_criminal";
    }
    return "";
}

static void add_title(json_t *object, const struct hub_deadline *deadline,
                      const struct hub_referral *row, const struct rh_rules *rules)
{
    const struct rh_procedure *procedure =
        rules != NULL ? rh_rules_procedure(rules, row->procedure) : NULL;
    const struct rh_limit *limit =
        procedure != NULL ? rh_procedure_limit(procedure, deadline->limit) : NULL;
    if (limit == NULL)
        return;
    hub_json_text(object, "title_zh", limit->title_zh);
    hub_json_text(object, "title_en", limit->title_en);
}

json_t *hub_describe_deadline(const struct hub_deadline *deadline,
                              const struct hub_referral *row, const struct hub_roster *roster,
                              const struct rh_rules *rules)
{
    json_t *object = json_object();
    hub_json_text(object, "limit", deadline->limit);
    add_title(object, deadline, row, rules);
    hub_json_count(object, "serial", deadline->serial);
    hub_json_text(object, "status", hub_deadline_status_name(deadline->status));
    hub_json_text(object, "basis", deadline->law ? "law" : "policy");
    hub_json_text(object, "unit", unit_name(deadline->unit));
    hub_json_count(object, "n", deadline->n);
    hub_json_time(object, "start_at", deadline->start_ms);
    if (deadline->lost_generation != 0)
        hub_json_count(object, "first_generation", deadline->lost_generation);
    hub_json_time(object, "end_at", deadline->end_ms);
    hub_json_flag(object, "provisional", deadline->provisional);
    hub_json_text(object, "owed_by", hub_roster_name(roster, deadline->owed_by));
    hub_json_count(object, "pauses", deadline->pause_count);
    hub_json_count(object, "extensions", deadline->extension_count);
    hub_json_time(object, "ended_at", deadline->ended_ms);
    hub_json_time(object, "missed_at", deadline->missed_ms);
    return object;
}

json_t *hub_describe_referral(const struct hub_referral *row, const struct hub_roster *roster,
                              const struct rh_rules *rules)
{
    json_t *object = json_object();
    json_t *deadlines = json_array();
    char id[RH_ID_TEXT_BYTES];
    hub_json_text(object, "object", "referral");
    hub_json_text(object, "number", row->number);
    rh_id_format(row->id.bytes, id);
    hub_json_text(object, "id", id);
    hub_json_text(object, "procedure", row->procedure);
    hub_json_text(object, "state", rh_state_name(row->state));
    hub_json_text(object, "holder", hub_roster_name(roster, row->holder));
    hub_json_text(object, "origin", hub_roster_name(roster, row->origin));
    hub_json_text(object, "from", hub_roster_name(roster, row->sender));
    hub_json_text(object, "to", hub_roster_name(roster, row->addressee));
    hub_json_text(object, "category", row->category);
    hub_json_text(object, "area", row->area);
    hub_json_text(object, "outcome", row->outcome);
    hub_json_count(object, "escalation", row->escalation);
    hub_json_count(object, "bounce_count", row->bounce_count);
    hub_json_count(object, "reopen_count", row->reopen_count);
    hub_json_time(object, "registered_at", row->registered_ms);
    hub_json_time(object, "due_at", hub_referral_due(row, row->holder));
    hub_json_count(object, "last_index", row->last_index);
    for (uint32_t i = 0; i < row->deadline_count; i++)
        json_array_append_new(deadlines,
                              hub_describe_deadline(&row->deadlines[i], row, roster, rules));
    json_object_set_new(object, "deadlines", deadlines);
    return object;
}

json_t *hub_describe_core(const struct rh_receipt *core)
{
    json_t *object = json_object();
    char id[RH_ID_TEXT_BYTES], refusal[RH_REFUSAL_TEXT_BYTES];
    hub_json_text(object, "hub", core->hub.text);
    hub_json_text(object, "type", hub_describe_type(core->type));
    hub_json_count(object, "index", core->index);
    hub_json_time(object, "stored_at", core->stored_ms);
    hub_json_text(object, "agency", core->agency.text);
    if (core->n != 0)
        hub_json_count(object, "n", core->n);
    if (!rh_id_is_zero(core->message_id.bytes)) {
        rh_id_format(core->message_id.bytes, id);
        hub_json_text(object, "message_id", id);
        hub_json_hash(object, "digest", &core->digest);
    }
    if (core->outcome != 0) {
        rh_refusal_format(core->outcome, refusal);
        hub_json_text(object, "refused", refusal);
    }
    hub_json_text(object, "holder", core->holder.text);
    hub_json_time(object, "due_at", core->due_ms);
    hub_json_text(object, "due_limit", core->due_limit);
    hub_json_text(object, "due_basis", rh_due_basis_name(core->due_basis));
    hub_json_text(object, "due_verification", rh_due_verification_name(core->due_basis));
    return object;
}
