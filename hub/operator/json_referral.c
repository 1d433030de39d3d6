/* Referrals and their clocks as rows. */
#include "operator/inside.h"

#include <stdio.h>
#include <string.h>

enum { CHILDREN_SHOWN_MAX = 64 };

/* How much is left, or how late it is: until the act, or until now while it is owed. */
static void put_left(const struct hub_ask *ask, json_t *row,
                     const struct hub_deadline *deadline)
{
    json_object_set_new(row, "left_s", json_null());
    json_object_set_new(row, "overdue_s", json_null());
    bool late = deadline->status == HUB_DEADLINE_MET_LATE;
    if (deadline->end_ms == 0 || (!hub_deadline_is_owed(deadline) && !late))
        return;
    uint64_t at_ms = late ? deadline->ended_ms : ask->now_ms;
    if (at_ms >= deadline->end_ms)
        hub_json_uint(row, "overdue_s", (at_ms - deadline->end_ms) / 1000);
    else
        hub_json_uint(row, "left_s", (deadline->end_ms - at_ms) / 1000);
}

static void put_titles(const struct hub_ask *ask, json_t *row, const struct hub_referral *of,
                       const struct hub_deadline *deadline)
{
    const struct rh_limit *limit = hub_find_limit(ask, of, deadline);
    hub_json_text(row, "limit", deadline->limit);
    hub_json_text(row, "title_zh", limit == NULL ? "" : limit->title_zh);
    hub_json_text(row, "title_en", limit == NULL ? "" : limit->title_en);
}

static void put_due(struct hub_ask *ask, json_t *row, const struct hub_referral *of)
{
    const struct hub_deadline *deadline = hub_find_urgent(of);
    /* On its way a referral has no clock yet but the instant at which it counts as arrived. */
    const struct hub_deadline arrival = {
        .limit = "arrival",
        .status = HUB_DEADLINE_RUNNING,
        .end_ms = of->arrival_due_ms,
        .owed_by = of->holder,
    };
    if (deadline == NULL && of->arrival_due_ms != 0)
        deadline = &arrival;
    if (deadline == NULL) {
        json_object_set_new(row, "due", json_null());
        return;
    }
    json_t *due = json_object();
    put_titles(ask, due, of, deadline);
    hub_json_text(due, "status", hub_deadline_status_name(deadline->status));
    hub_json_at(due, "end_at", deadline->end_ms);
    put_left(ask, due, deadline);
    hub_json_bool(due, "provisional", deadline->provisional);
    json_object_set_new(due, "owed_by", hub_json_agency_id(ask, deadline->owed_by));
    json_object_set_new(row, "due", due);
}

static void put_places(struct hub_ask *ask, json_t *row, const struct hub_referral *of)
{
    hub_json_agency(ask, row, "from", of->sender);
    hub_json_agency(ask, row, "to", of->addressee);
    hub_json_agency(ask, row, "origin", of->origin);
    hub_json_agency(ask, row, "turn", of->holder);
    hub_json_text(row, "category", of->category);
    hub_json_text(row, "area", of->area);
    hub_json_text(row, "source", of->source);
}

static void put_times(json_t *row, const struct hub_referral *of)
{
    hub_json_at(row, "registered_at", of->registered_ms);
    hub_json_at(row, "dispatched_at", of->dispatched_ms);
    hub_json_at(row, "arrived_at", of->arrived_ms);
    hub_json_at(row, "signed_at", of->signed_ms);
    hub_json_at(row, "accepted_at", of->accepted_ms);
    hub_json_at(row, "concluded_at", of->concluded_ms);
    hub_json_at(row, "replied_at", of->replied_ms);
    hub_json_at(row, "closed_at", of->closed_ms);
}

static void put_counts(json_t *row, const struct hub_referral *of)
{
    static const char *const levels[] = { "none", "warned", "urged", "supervised", "listed",
                                          "reported" };
    size_t level = of->escalation;
    size_t highest = sizeof levels / sizeof levels[0] - 1;
    hub_json_text(row, "escalation", levels[level > highest ? highest : level]);
    hub_json_uint(row, "dispatch_count", of->dispatch_count);
    hub_json_uint(row, "bounce_count", of->bounce_count);
    hub_json_uint(row, "reopen_count", of->reopen_count);
    hub_json_uint(row, "reject_count", of->reject_count);
    hub_json_uint(row, "dead_count", of->dead_count);
    hub_json_uint(row, "child_count", of->child_count);
    hub_json_uint(row, "child_open", of->child_open);
    hub_json_uint(row, "review_open", of->review_open);
    hub_json_bool(row, "sealed", of->sealed);
    hub_json_bool(row, "repeat", of->repeat);
    hub_json_text(row, "query_code", of->query_code);
    hub_json_bool(row, "designated", of->designated);
    hub_json_uint(row, "log_index", of->last_index);
}

/* What its parties last held it to risk; null where nobody said. */
static const char *risk_of(const struct hub_referral *of)
{
    for (uint32_t i = 0; i < of->fact_count; i++) {
        if (strcmp(of->facts[i].key, "risk") == 0 && !of->facts[i].is_number)
            return of->facts[i].code;
    }
    return NULL;
}

json_t *hub_json_referral(struct hub_ask *ask, const struct hub_referral *of)
{
    json_t *row = hub_json_row("referral");
    hub_json_text(row, "id", of->number);
    hub_json_uuid(row, "referral_id", of->id.bytes);
    hub_json_uuid(row, "root_id", of->root.bytes);
    hub_json_uuid(row, "parent_id", of->parent.bytes);
    hub_json_text(row, "procedure", of->procedure);
    hub_json_uint(row, "procedure_version", of->procedure_version);
    hub_json_text(row, "kind", rh_kind_name(of->kind));
    hub_json_text(row, "state", rh_state_name(of->state));
    hub_json_text(row, "lane", rh_lane_name(of->lane));
    put_places(ask, row, of);
    hub_json_text(row, "outcome", of->outcome);
    hub_json_text(row, "risk", risk_of(of));
    put_due(ask, row, of);
    put_counts(row, of);
    put_times(row, of);
    return row;
}

json_t *hub_json_deadline(struct hub_ask *ask, const struct hub_referral *of,
                          const struct hub_deadline *deadline)
{
    char id[HUB_NUMBER_BYTES + 12];
    json_t *row = hub_json_row("deadline");
    snprintf(id, sizeof id, "%s#%lu", of->number, (unsigned long)deadline->serial);
    hub_json_text(row, "id", id);
    hub_json_text(row, "referral", of->number);
    put_titles(ask, row, of, deadline);
    hub_json_text(row, "status", hub_deadline_status_name(deadline->status));
    hub_json_agency(ask, row, "owed_by", deadline->owed_by);
    hub_json_at(row, "end_at", deadline->end_ms);
    put_left(ask, row, deadline);
    hub_json_date(row, "nominal_date", deadline->nominal);
    hub_json_bool(row, "provisional", deadline->provisional);
    hub_json_text(row, "basis", deadline->law ? "law" : "policy");
    hub_json_bool(row, "right_only", deadline->right_only);
    hub_json_at(row, "started_at", deadline->start_ms);
    hub_json_uint(row, "first_generation", deadline->lost_generation);
    hub_json_span(row, "unit", "n", deadline->unit, deadline->n);
    hub_json_uint(row, "round", deadline->round);
    hub_json_uint(row, "pause_count", deadline->pause_count);
    hub_json_uint(row, "extension_count", deadline->extension_count);
    hub_json_at(row, "missed_at", deadline->missed_ms);
    hub_json_at(row, "ended_at", deadline->ended_ms);
    hub_json_text(row, "state", rh_state_name(of->state));
    hub_json_text(row, "procedure", of->procedure);
    hub_json_agency(ask, row, "from", of->sender);
    hub_json_agency(ask, row, "to", of->addressee);
    return row;
}

/* ---- the whole ------------------------------------------------------------------------- */

static json_t *list_children(struct hub_ask *ask, const struct hub_referral *of)
{
    json_t *list = json_array();
    struct hub_cursor cursor = { .bytes = 0 };
    uint64_t rno;
    while (json_array_size(list) < CHILDREN_SHOWN_MAX &&
           hub_views_child_next(ask->map, &of->id, &cursor, &rno) == RH_OK) {
        struct hub_referral *child = ask->op->other;
        if (hub_views_referral(ask->map, rno, child) != RH_OK)
            break;
        json_t *entry = json_object();
        hub_json_text(entry, "id", child->number);
        hub_json_text(entry, "state", rh_state_name(child->state));
        hub_json_bool(entry, "mandatory", child->mandatory);
        json_object_set_new(entry, "to", hub_json_agency_id(ask, child->addressee));
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *list_facts(const struct hub_referral *of)
{
    json_t *facts = json_object();
    for (uint32_t i = 0; i < of->fact_count; i++) {
        const struct rh_fact *fact = &of->facts[i];
        if (fact->is_number)
            hub_json_int(facts, fact->key, fact->number);
        else
            hub_json_text(facts, fact->key, fact->code);
    }
    return facts;
}

/* Which earlier referrals it looks like, and by which rule. */
static json_t *list_hits(struct hub_ask *ask, const struct hub_referral *of)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < of->hit_count; i++) {
        const struct hub_hit *hit = &of->hits[i];
        struct hub_referral *earlier = ask->op->other;
        const struct rh_repeat *rule =
            ask->op->rules_known ? rh_rules_repeat(ask->op->rules, hit->rule) : NULL;
        if (hub_views_referral(ask->map, hit->rno, earlier) != RH_OK)
            break;
        json_t *entry = json_object();
        hub_json_text(entry, "id", earlier->sealed ? "" : earlier->number);
        hub_json_text(entry, "relation", rh_relation_name(hit->relation));
        hub_json_text(entry, "rule", hit->rule);
        hub_json_uint(entry, "rule_version", hit->rule_version);
        hub_json_text(entry, "title_zh", rule == NULL ? "" : rule->title_zh);
        hub_json_text(entry, "title_en", rule == NULL ? "" : rule->title_en);
        hub_json_text(entry, "state", earlier->sealed ? "" : rh_state_name(earlier->state));
        hub_json_at(entry, "registered_at", earlier->sealed ? 0 : earlier->registered_ms);
        json_array_append_new(list, entry);
    }
    return list;
}

/* Whose matters were merged into it: they get its answer. */
static json_t *list_waiting(struct hub_ask *ask, const struct hub_referral *of)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < of->waiting_count; i++)
        json_array_append_new(list, hub_json_agency_id(ask, of->waiting[i]));
    return list;
}

json_t *hub_json_referral_whole(struct hub_ask *ask, const struct hub_referral *of)
{
    json_t *row = hub_json_referral(ask, of);
    json_t *deadlines = json_array();
    json_t *parties = json_array();
    json_t *systems = json_array();
    for (uint32_t i = 0; i < of->deadline_count; i++)
        json_array_append_new(deadlines, hub_json_deadline(ask, of, &of->deadlines[i]));
    for (uint32_t i = 0; i < of->party_count; i++)
        json_array_append_new(parties, hub_json_agency_id(ask, of->parties[i]));
    for (uint32_t i = 0; i < of->external_count; i++)
        json_array_append_new(systems, json_string(of->externals[i].system));
    hub_json_uuid(row, "repeat_of_id", of->repeat_of.bytes);
    json_object_set_new(row, "repeats", list_hits(ask, of));
    hub_json_uuid(row, "merged_into_id", of->merged_into.bytes);
    hub_json_uint(row, "rules_index", of->rules_index);
    hub_json_at(row, "arrival_due_at", of->arrival_due_ms);
    hub_json_at(row, "suspended_at", of->suspended_ms);
    hub_json_at(row, "reported_at", of->reported_ms);
    hub_json_bool(row, "reply_owed", of->reply_owed);
    hub_json_bool(row, "report_required", of->report_required);
    hub_json_bool(row, "extend_pending", of->extend_pending);
    json_object_set_new(row, "deadlines", deadlines);
    json_object_set_new(row, "parties", parties);
    json_object_set_new(row, "awaited_by", list_waiting(ask, of));
    json_object_set_new(row, "monitors", hub_json_monitors(ask, of));
    json_object_set_new(row, "children", list_children(ask, of));
    json_object_set_new(row, "systems", systems);
    json_object_set_new(row, "facts", list_facts(of));
    return row;
}
