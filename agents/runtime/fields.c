#include "runtime/fields.h"

#include <rh/refusal.h>

#include <stdio.h>

enum {
    PROCEDURE, CATEGORY, AREA, SOURCE, ROOT, OTHER, CODE, REPLY, EXTERNALS, ACCUSED, TO, DUE,
    REPORT, PROPER, LEADER, EXTEND, CHILDREN, REFERS, LANE, BASIS, OCCURRED, WANTED, COPIES,
    FACTS, TRACE, PERSONS, MATTER, FIELDS
};

static const struct agent_field names[FIELDS] = {
    [PROCEDURE] = { "procedure", "procedure" }, [CATEGORY] = { "category", "category" },
    [AREA] = { "area", "area" },                [SOURCE] = { "source", "source" },
    [ROOT] = { "root_id", "root" },             [OTHER] = { "other_id", "other" },
    [CODE] = { "code", "code" },                [REPLY] = { "reply_owed", "reply_owed" },
    [EXTERNALS] = { "externals", "external" },  [ACCUSED] = { "accused", "accused" },
    [TO] = { "to", "to" },                      [DUE] = { "due_ms", "due" },
    [REPORT] = { "report_required", "report_required" },
    [PROPER] = { "proper", "proper" },          [LEADER] = { "leader_named", "private/leader" },
    [EXTEND] = { "extend_n", "extend_n" },      [CHILDREN] = { "children", "children" },
    [REFERS] = { "refers_to", "refers_to" },    [LANE] = { "lane", "lane" },
    [BASIS] = { "basis", "basis" },             [OCCURRED] = { "occurred_ms", "occurred" },
    [WANTED] = { "information_wanted", "information_wanted" },
    [COPIES] = { "copies", "copies" },          [FACTS] = { "facts", "facts" },
    [TRACE] = { "trace", "trace" },              [PERSONS] = { "persons", "private/persons" },
    [MATTER] = { "matter", "matter" },
};

#define F(field) (1u << (field))
#define COMMON (F(LANE) | F(BASIS) | F(OCCURRED) | F(WANTED) | F(COPIES) | F(FACTS) | F(TRACE))
#define SENDING                                                                                \
    (F(TO) | F(PROCEDURE) | F(CODE) | F(DUE) | F(REPORT) | F(EXTERNALS) | F(ACCUSED))

struct need {
    enum rh_kind kind;
    uint32_t required, optional; /* the latter beside COMMON */
};

static const struct need needs[] = {
    { RH_KIND_REGISTER, F(PROCEDURE) | F(CATEGORY) | F(AREA) | F(SOURCE),
      F(ROOT) | F(OTHER) | F(CODE) | F(REPLY) | F(EXTERNALS) | F(ACCUSED) | F(PERSONS) |
          F(MATTER) },
    { RH_KIND_ASSIGN, F(DUE), SENDING },
    { RH_KIND_SIGN, 0, F(EXTERNALS) },
    { RH_KIND_RECALL, 0, F(CODE) },
    { RH_KIND_OBJECT, F(CODE), F(PROPER) },
    { RH_KIND_UPHOLD, 0, F(CODE) },
    { RH_KIND_OVERRULE, F(CODE), 0 },
    { RH_KIND_DESIGNATE, F(TO), F(CODE) },
    { RH_KIND_RETURN, F(CODE), F(PROPER) },
    { RH_KIND_SUPPLEMENT_REQUEST, 0, F(CODE) },
    { RH_KIND_SUPPLEMENT, 0, F(CODE) | F(EXTERNALS) },
    { RH_KIND_ACCEPT, 0, F(CODE) | F(LEADER) | F(EXTERNALS) },
    { RH_KIND_REFUSE, F(CODE), F(PROPER) },
    { RH_KIND_START, 0, F(CODE) | F(EXTERNALS) },
    { RH_KIND_EXTEND_REQUEST, F(CODE) | F(EXTEND), 0 },
    { RH_KIND_EXTEND_GRANT, 0, F(CODE) | F(EXTEND) },
    { RH_KIND_EXTEND_DENY, F(CODE), 0 },
    { RH_KIND_SUSPEND, F(CODE), 0 },
    { RH_KIND_RESUME, 0, F(CODE) },
    { RH_KIND_TRANSFER_ON, F(CHILDREN), F(TO) | F(PROCEDURE) | F(CODE) | F(PROPER) },
    { RH_KIND_SPLIT, F(CHILDREN), F(PROCEDURE) | F(CODE) | F(DUE) },
    { RH_KIND_MERGE, F(OTHER), F(CODE) },
    { RH_KIND_CONCLUDE, F(CODE), F(EXTERNALS) },
    { RH_KIND_REPORT, 0, F(CODE) | F(EXTERNALS) },
    { RH_KIND_REJECT_REPORT, F(CODE), F(DUE) },
    { RH_KIND_REPLY, 0, F(CODE) | F(EXTERNALS) },
    { RH_KIND_REVIEW_REQUEST, F(CHILDREN), F(PROCEDURE) | F(CODE) },
    { RH_KIND_EVALUATE, F(CODE), 0 },
    { RH_KIND_REOPEN, F(CODE), F(DUE) },
    { RH_KIND_AMEND, F(REFERS), F(CODE) | F(EXTERNALS) },
    { RH_KIND_RELEASE, F(OTHER) | F(CODE), 0 },
    { RH_KIND_LEADER, F(CODE) | F(LEADER), 0 },
    { RH_KIND_ACKNOWLEDGE_INFO, F(REFERS), F(CODE) },
};

const struct agent_field *agent_field_at(unsigned index)
{
    return index < FIELDS ? &names[index] : NULL;
}

bool agent_fields_of(enum rh_kind kind, uint32_t *required, uint32_t *optional)
{
    if (kind == RH_KIND_NONE || !rh_kind_is_known((uint64_t)kind) || kind == RH_KIND_ACK ||
        kind == RH_KIND_NACK || (int)kind >= (int)RH_KIND_ARRIVED)
        return false;
    *required = 0;
    *optional = COMMON;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        if (needs[i].kind != kind)
            continue;
        *required = needs[i].required;
        *optional |= needs[i].optional;
        return true;
    }
    /* The others of a group are alike. */
    if (rh_kind_is_dispatch(kind))
        *optional |= SENDING;
    else if (rh_kind_is_information(kind))
        *optional |= F(TO) | F(CODE);
    else
        *optional |= F(CODE);
    return true;
}

static uint32_t bit(bool present, unsigned field)
{
    return present ? F(field) : 0;
}

uint32_t agent_fields_present(const struct rh_public *item)
{
    return bit(item->procedure[0] != 0, PROCEDURE) | bit(item->category[0] != 0, CATEGORY) |
           bit(item->area[0] != 0, AREA) | bit(item->source[0] != 0, SOURCE) |
           bit(!rh_id_is_zero(item->root_id.bytes), ROOT) |
           bit(!rh_id_is_zero(item->other_id.bytes), OTHER) | bit(item->code[0] != 0, CODE) |
           bit(item->reply_owed, REPLY) | bit(item->external_count > 0, EXTERNALS) |
           bit(item->accused_count > 0, ACCUSED) | bit(item->to.text[0] != 0, TO) |
           bit(item->due_ms != 0, DUE) | bit(item->report_required, REPORT) |
           bit(item->proper.text[0] != 0, PROPER) | bit(item->leader_named, LEADER) |
           bit(item->extend_n != 0, EXTEND) | bit(item->child_count > 0, CHILDREN) |
           bit(!rh_id_is_zero(item->refers_to.bytes), REFERS) |
           bit(item->lane != RH_LANE_NORMAL, LANE) | bit(item->basis[0] != 0, BASIS) |
           bit(item->occurred_ms != 0, OCCURRED) | bit(item->information_wanted, WANTED) |
           bit(item->copy_count > 0, COPIES) | bit(item->fact_count > 0, FACTS) |
           bit(item->trace[0] != 0, TRACE) | bit(item->person_count > 0, PERSONS) |
           bit(!rh_hash_is_zero(&item->matter), MATTER);
}

static uint32_t refusal_of(unsigned field)
{
    switch (field) {
    case CATEGORY:
    case AREA:
        return RH_REFUSE_CATEGORY_MISSING;
    case CODE:
        return RH_REFUSE_REASONS_MISSING;
    case DUE:
        return RH_REFUSE_DUE_DATE;
    default:
        return RH_REFUSE_FIELD_MISSING;
    }
}

void agent_fields_check(const struct rh_public *item, struct agent_problems *problems)
{
    uint32_t required, optional;
    if (!agent_fields_of(item->kind, &required, &optional)) {
        agent_problem_add(problems, RH_REFUSE_UNKNOWN_KIND, "/kind",
                          "a kind an agency may send", "应为单位可以发出的事项种类");
        return;
    }
    uint32_t present = agent_fields_present(item);
    for (unsigned field = 0; field < FIELDS; field++) {
        char pointer[AGENT_POINTER_BYTES], text[AGENT_EXPECTED_BYTES],
            chinese[AGENT_EXPECTED_BYTES];
        const char *kind = rh_kind_name(item->kind);
        snprintf(pointer, sizeof pointer, "/%s", names[field].json);
        if ((required & ~present & F(field)) != 0) {
            snprintf(text, sizeof text, "%s needs %s", kind, names[field].json);
            snprintf(chinese, sizeof chinese, "%s 须填写 %s", kind, names[field].json);
            agent_problem_add(problems, refusal_of(field), pointer, text, chinese);
        } else if ((present & ~(required | optional) & F(field)) != 0) {
            snprintf(text, sizeof text, "%s has no %s", kind, names[field].json);
            snprintf(chinese, sizeof chinese, "%s 不含 %s", kind, names[field].json);
            agent_problem_add(problems, RH_REFUSE_FIELD_INVALID, pointer, text, chinese);
        }
    }
}
