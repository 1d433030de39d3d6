/* Which public fields a kind needs, and which it may have besides. Source:
 * protocol/spec/lifecycle.md, table 3. What a kind has no use for is refused: a field that is
 * silently ignored is a promise somebody believes in. */
#include "core/step.h"

#define F(key) (UINT64_C(1) << (key))

enum {
    ID = 1, KIND = 2, REFERRAL = 3, ROOT = 4, OTHER = 5, REFERS = 6, TO = 7, PROCEDURE = 8,
    LANE = 9, CATEGORY = 10, AREA = 11, SOURCE = 12, CODE = 13, BASIS = 14, PROPER = 15,
    DUE = 16, OCCURRED = 17, EXTEND = 18, REPORT = 19, WANTED = 20, REPLY = 21, LEADER = 22,
    EXTERNALS = 23, COPIES = 24, CHILDREN = 25, FACTS = 26, TRACE = 27, FROM = 28, SEQ = 29,
    REFUSAL = 30, ACCUSED = 31, PERSONS = 32, MATTER = 33
};

/* With every kind that belongs to a referral. */
#define ALWAYS (F(ID) | F(KIND) | F(REFERRAL))
#define COMMON (F(LANE) | F(BASIS) | F(OCCURRED) | F(WANTED) | F(COPIES) | F(FACTS) | F(TRACE))

struct need {
    enum rh_kind kind;
    uint64_t required; /* beside ALWAYS */
    uint64_t optional; /* beside COMMON */
};

#define DISPATCH(kind, more) \
    { RH_KIND_##kind, (more), F(TO) | F(PROCEDURE) | F(CODE) | F(DUE) | F(REPORT) | \
                              F(EXTERNALS) | F(ACCUSED) }
#define STEP(kind, required, optional) { RH_KIND_##kind, (required), (optional) }

static const struct need needs[] = {
    STEP(REGISTER, F(PROCEDURE) | F(CATEGORY) | F(AREA) | F(SOURCE),
         F(ROOT) | F(OTHER) | F(CODE) | F(REPLY) | F(EXTERNALS) | F(ACCUSED) | F(PERSONS) |
             F(MATTER)),
    DISPATCH(FORWARD, 0),
    DISPATCH(ASSIGN, F(DUE)),
    DISPATCH(REFER, 0),
    DISPATCH(TRANSFER, 0),
    DISPATCH(CLUE, 0),
    DISPATCH(SUGGESTION, 0),
    DISPATCH(OPINION, 0),
    DISPATCH(CORRECTION, 0),
    DISPATCH(EXPLAIN, 0),
    DISPATCH(NOTIFY_FILE, 0),
    DISPATCH(CONSULT, 0),
    STEP(SIGN, 0, F(EXTERNALS)),
    STEP(RECALL, 0, F(CODE)),
    STEP(OBJECT, F(CODE), F(PROPER)),
    STEP(UPHOLD, 0, F(CODE)),
    STEP(OVERRULE, F(CODE), 0),
    STEP(DESIGNATE, F(TO), F(CODE)),
    STEP(RETURN, F(CODE), F(PROPER)),
    STEP(SUPPLEMENT_REQUEST, 0, F(CODE)),
    STEP(SUPPLEMENT, 0, F(CODE) | F(EXTERNALS)),
    STEP(ACCEPT, 0, F(CODE) | F(LEADER) | F(EXTERNALS)),
    STEP(REFUSE, F(CODE), F(PROPER)),
    STEP(START, 0, F(CODE) | F(EXTERNALS)),
    STEP(EXTEND_REQUEST, F(CODE) | F(EXTEND), 0),
    STEP(EXTEND_GRANT, 0, F(CODE) | F(EXTEND)),
    STEP(EXTEND_DENY, F(CODE), 0),
    STEP(SUSPEND, F(CODE), 0),
    STEP(RESUME, 0, F(CODE)),
    STEP(TRANSFER_ON, F(CHILDREN), F(TO) | F(PROCEDURE) | F(CODE) | F(PROPER)),
    STEP(SPLIT, F(CHILDREN), F(PROCEDURE) | F(CODE) | F(DUE)),
    STEP(MERGE, F(OTHER), F(CODE)),
    STEP(CONCLUDE, F(CODE), F(EXTERNALS)),
    STEP(REPORT, 0, F(CODE) | F(EXTERNALS)),
    STEP(REJECT_REPORT, F(CODE), F(DUE)),
    STEP(REPLY, 0, F(CODE) | F(EXTERNALS)),
    STEP(REVIEW_REQUEST, F(CHILDREN), F(PROCEDURE) | F(CODE)),
    STEP(REVISIT, 0, F(CODE)),
    STEP(EVALUATE, F(CODE), 0),
    STEP(REOPEN, F(CODE), F(DUE)),
    STEP(CLOSE, 0, F(CODE)),
    STEP(WITHDRAW, 0, F(CODE)),
    STEP(TERMINATE, 0, F(CODE)),
    STEP(ARCHIVE, 0, F(CODE)),
    STEP(SEAL, 0, F(CODE)),
    STEP(UNSEAL, 0, F(CODE)),
    STEP(AMEND, F(REFERS), F(CODE) | F(EXTERNALS)),
    STEP(RELEASE, F(OTHER) | F(CODE), 0),
    STEP(LEADER, F(CODE) | F(LEADER), 0),
    STEP(URGE, 0, F(CODE)),
    STEP(SUPERVISE, 0, F(CODE)),
    STEP(LIST_SUPERVISE, 0, F(CODE)),
    STEP(ESCALATE, 0, F(CODE)),
    STEP(COPY, 0, F(TO) | F(CODE)),
    STEP(NOTICE, 0, F(TO) | F(CODE)),
    STEP(PROGRESS, 0, F(TO) | F(CODE)),
    STEP(HEARING, 0, F(TO) | F(CODE)),
    STEP(WARNING, 0, F(TO) | F(CODE)),
    STEP(BULLETIN, 0, F(TO) | F(CODE)),
    STEP(ACKNOWLEDGE_INFO, F(REFERS), F(CODE)),
    STEP(ACK, F(FROM) | F(SEQ), 0),
    STEP(NACK, F(FROM) | F(SEQ) | F(REFUSAL), 0),
};

bool hub_fields_of(enum rh_kind kind, uint64_t *required, uint64_t *optional)
{
    for (unsigned i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (needs[i].kind != kind)
            continue;
        *required = needs[i].required | ALWAYS;
        *optional = needs[i].optional | COMMON;
        if (kind == RH_KIND_ACK || kind == RH_KIND_NACK) {
            *required &= ~F(REFERRAL);
            *optional = F(LANE) | F(OCCURRED) | F(TRACE);
        }
        if (kind == RH_KIND_BULLETIN || kind == RH_KIND_ACKNOWLEDGE_INFO) {
            *required &= ~F(REFERRAL);
            *optional |= F(REFERRAL);
        }
        return true;
    }
    return false;
}

static uint64_t bit_if(bool present, unsigned key)
{
    return present ? F(key) : 0;
}

static uint64_t present_ids(const struct rh_public *item)
{
    return bit_if(!rh_id_is_zero(item->message_id.bytes), ID) | F(KIND) |
           bit_if(!rh_id_is_zero(item->referral_id.bytes), REFERRAL) |
           bit_if(!rh_id_is_zero(item->root_id.bytes), ROOT) |
           bit_if(!rh_id_is_zero(item->other_id.bytes), OTHER) |
           bit_if(!rh_id_is_zero(item->refers_to.bytes), REFERS);
}

static uint64_t present_texts(const struct rh_public *item)
{
    return bit_if(item->to.text[0] != 0, TO) | bit_if(item->procedure[0] != 0, PROCEDURE) |
           bit_if(item->category[0] != 0, CATEGORY) | bit_if(item->area[0] != 0, AREA) |
           bit_if(item->source[0] != 0, SOURCE) | bit_if(item->code[0] != 0, CODE) |
           bit_if(item->basis[0] != 0, BASIS) | bit_if(item->proper.text[0] != 0, PROPER) |
           bit_if(item->trace[0] != 0, TRACE) | bit_if(item->from.text[0] != 0, FROM);
}

static uint64_t present_rest(const struct rh_public *item)
{
    return bit_if(item->lane != RH_LANE_NORMAL, LANE) | bit_if(item->due_ms != 0, DUE) |
           bit_if(item->occurred_ms != 0, OCCURRED) | bit_if(item->extend_n != 0, EXTEND) |
           bit_if(item->report_required, REPORT) | bit_if(item->information_wanted, WANTED) |
           bit_if(item->reply_owed, REPLY) | bit_if(item->leader_named, LEADER) |
           bit_if(item->external_count != 0, EXTERNALS) |
           bit_if(item->copy_count != 0, COPIES) | bit_if(item->child_count != 0, CHILDREN) |
           bit_if(item->fact_count != 0, FACTS) | bit_if(item->pair_seq != 0, SEQ) |
           bit_if(item->refusal != 0, REFUSAL) | bit_if(item->accused_count != 0, ACCUSED) |
           bit_if(item->person_count != 0, PERSONS) |
           bit_if(!rh_hash_is_zero(&item->matter), MATTER);
}

static unsigned lowest(uint64_t bits)
{
    unsigned key = 0;
    while ((bits >> key & 1u) == 0)
        key++;
    return key;
}

static enum rh_refusal missing(unsigned key)
{
    switch (key) {
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

bool hub_fields_check(struct hub_step *step)
{
    const struct rh_public *item = step->item;
    uint64_t required, optional;
    if (!hub_fields_of(item->kind, &required, &optional))
        return hub_step_refuse(step, RH_REFUSE_UNKNOWN_KIND, KIND);

    uint64_t present = present_ids(item) | present_texts(item) | present_rest(item);
    if ((required & ~present) != 0) {
        unsigned key = lowest(required & ~present);
        return hub_step_refuse(step, missing(key), key);
    }
    if ((present & ~(required | optional)) != 0)
        return hub_step_refuse(step, RH_REFUSE_FIELD_INVALID,
                               lowest(present & ~(required | optional)));
    return true;
}
